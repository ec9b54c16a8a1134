// SPDX-License-Identifier: Apache-2.0
// Core's frame. Called by: app, cli, reconcile. Must never: call the listener before the
// commit.
#include "base/mem.h"
#include "core/inside.h"

enum err core_nomem(struct error *err)
{
    return error_set(err, ERR_NOMEM, "out of memory");
}

enum err core_open(struct store *s, const struct clock *clock, const struct rng *rng, struct core **ret,
                   struct error *err)
{
    struct core *c = mem_zalloc(1, sizeof(*c));
    if (!c) return core_nomem(err);
    *c = (struct core){.store = s, .clock = clock, .rng = rng};
    *ret = c;
    return ERR_OK;
}

void core_close(struct core **c)
{
    mem_free(*c);
    *c = NULL;
}

void core_on_change(struct core *c, core_listener fn, void *ctx)
{
    c->listener = fn;
    c->listener_ctx = ctx;
}

void core_tell(struct core *c, enum core_change_kind kind, const char *group_id, const char *network_id)
{
    const struct core_change change = {kind, group_id, network_id};
    if (c->listener) c->listener(c->listener_ctx, &change);
}

#define REASON_MAX 400

struct slice core_clip(struct slice reason)
{
    if (reason.n <= REASON_MAX) return reason;
    size_t n = REASON_MAX;
    while (n && ((unsigned char)reason.p[n] & 0xC0) == 0x80) n--;
    return slice_n(reason.p, n);
}

enum err core_audit_group(struct store_tx *tx, const struct core *c, const struct actor *by, const char *group_id,
                          struct audit *ret, struct error *err)
{
    struct group group;
    enum err code = store_group_get(store_tx_reader(tx), group_id, &group, err);
    if (code != ERR_OK) return code;
    audit_begin(ret, c->rng, clock_wall(c->clock), by);
    memcpy(ret->org_id, group.org_id, sizeof(ret->org_id));
    memcpy(ret->group_id, group.id, sizeof(ret->group_id));
    return ERR_OK;
}
