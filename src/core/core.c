// SPDX-License-Identifier: Apache-2.0
// Core's frame, organisations and groups. Called by: app, cli, reconcile. Must never: call the listener before the
// commit.
#include "base/mem.h"
#include "core/inside.h"
#include "model/name.h"

#define NAME_CHARS 64

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

static enum err check_name(struct slice name, const char *what, struct error *err)
{
    if (name.n < NAME_MAX_BYTES && name_valid(name, NAME_CHARS, NAME_PUNCT_GROUP)) return ERR_OK;
    return error_set(err, ERR_INVALID, "the name of the %s must be 1 to %d letters, digits or any of %s", what,
                     NAME_CHARS, NAME_PUNCT_GROUP);
}

// RFC 9562 section 5.4: a version 4 UUID.
static void make_external_id(const struct rng *rng, char out[37])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t b[16];
    rng_fill(rng, b, sizeof(b));
    b[6] = (uint8_t)((b[6] & 0x0F) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3F) | 0x80);
    for (size_t i = 0, at = 0; i < sizeof(b); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) out[at++] = '-';
        out[at++] = digits[b[i] >> 4];
        out[at++] = digits[b[i] & 15];
    }
    out[36] = '\0';
}

struct create {
    const struct core *core;
    const struct actor *by;
    const char *org_id;
    struct slice name;
    struct org org;
    struct group group;
};

static enum err create_org(struct store_tx *tx, void *ctx, struct error *err)
{
    struct create *op = ctx;
    struct audit audit;
    audit_begin(&audit, op->core->rng, clock_wall(op->core->clock), op->by);
    op->org = (struct org){.created = audit.now};
    oid_hex(oid_new(audit.rng, audit.now), op->org.id);
    make_external_id(audit.rng, op->org.external_id);
    memcpy(audit.org_id, op->org.id, sizeof(audit.org_id));
    bool fits = slice_copy(op->name, op->org.name, sizeof(op->org.name));
    ASSERT(fits); // check_name() has seen the length
    enum err code = store_tx_org_insert(tx, &op->org, err);
    return code == ERR_OK ? audit_write(tx, &audit, AUDIT_ORG_CREATED, op->name, (struct slice){0}, err) : code;
}

enum err core_org_create(struct core *c, const struct actor *by, struct slice name, struct org *ret, struct error *err)
{
    struct create op = {.core = c, .by = by, .name = name};
    enum err code = check_name(name, "organization", err);
    if (code == ERR_OK) code = store_write(c->store, create_org, &op, err);
    if (code != ERR_OK) return code;
    *ret = op.org;
    core_tell(c, CORE_GROUPS_CHANGED, "", "");
    return ERR_OK;
}

static enum err create_group(struct store_tx *tx, void *ctx, struct error *err)
{
    struct create *op = ctx;
    struct audit audit;
    audit_begin(&audit, op->core->rng, clock_wall(op->core->clock), op->by);
    op->group = (struct group){.created = audit.now};
    oid_hex(oid_new(audit.rng, audit.now), op->group.id);
    bool fits = slice_copy(op->name, op->group.name, sizeof(op->group.name));
    ASSERT(fits); // check_name() has seen the length
    if (!cstr_set(op->group.org_id, sizeof(op->group.org_id), op->org_id))
        return error_set(err, ERR_NOT_FOUND, "there is no organization %s", op->org_id);
    memcpy(audit.org_id, op->group.org_id, sizeof(audit.org_id));
    memcpy(audit.group_id, op->group.id, sizeof(audit.group_id));
    enum err code = store_tx_group_insert(tx, &op->group, err);
    return code == ERR_OK ? audit_write(tx, &audit, AUDIT_GROUP_CREATED, op->name, (struct slice){0}, err) : code;
}

enum err core_group_create(struct core *c, const struct actor *by, const char *org_id, struct slice name,
                           struct group *ret, struct error *err)
{
    struct create op = {.core = c, .by = by, .org_id = org_id, .name = name};
    enum err code = check_name(name, "group", err);
    if (code == ERR_OK) code = store_write(c->store, create_group, &op, err);
    if (code != ERR_OK) return code;
    *ret = op.group;
    core_tell(c, CORE_GROUPS_CHANGED, op.group.id, "");
    return ERR_OK;
}
