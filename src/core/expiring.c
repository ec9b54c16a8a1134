// SPDX-License-Identifier: Apache-2.0
// Telling, once for each threshold, that a pending request expires soon. Of several that have passed unseen only the
// nearest is told. Called by: notice. Must never: tell of a request that is no longer pending, or write when none is
// due.
#include "core/webhook.h"

#include "core/inside.h"

#define BATCH 100 // of one transaction

struct tell {
    struct core *core;
    size_t n;
};

static void put_detail(struct buf *out, const struct connection *c, unsigned hours)
{
    struct json_writer w;
    char when[21];
    wall_rfc3339(c->expiration, when);
    json_begin(&w, out, false);
    json_obj(&w);
    json_kstr(&w, "expirationTime", when);
    json_kint(&w, "hours", hours);
    json_kstr(&w, "networkId", c->network_id);
    json_kstr(&w, "requesterAccountId", c->requester_account);
    json_kstr(&w, "requesterVpcId", c->requester_vpc);
    json_obj_end(&w);
}

static enum err tell_one(struct store_tx *tx, struct tell *op, const struct connection *c, struct error *err)
{
    static const struct actor notifier = {PRINCIPAL_LOCAL, "notifier", NULL};
    struct audit audit;
    enum err code = core_audit_group(tx, op->core, &notifier, c->group_id, &audit, err);
    if (code != ERR_OK) return code;
    unsigned hours = expiring_threshold(c->expiration.us - audit.now.us);
    if (hours == 0) return ERR_OK; // the clock moved on since it was found
    struct buf detail;
    buf_init(&detail, 4096);
    put_detail(&detail, c, hours);
    const struct audit_subject about = {c, c};
    code = detail.fail == BUF_OK ? audit_write_about(tx, &audit, AUDIT_CONNECTION_EXPIRING, slice_of(c->name),
                                                     buf_view(&detail), &about, err)
                                 : core_nomem(err);
    buf_done(&detail);
    return code == ERR_OK ? store_tx_expiry_told(tx, c->id, hours, err) : code;
}

static enum err tell(struct store_tx *tx, void *ctx, struct error *err)
{
    struct tell *op = ctx;
    struct connection *rows;
    struct arena *a CLEANUP(arena_freep) = arena_new(8 << 20);
    if (!a) return core_nomem(err);
    struct wall now = clock_wall(op->core->clock);
    enum err code = store_expiring(store_tx_reader(tx), now, BATCH, a, &rows, &op->n, err);
    for (size_t i = 0; code == ERR_OK && i < op->n; i++) code = tell_one(tx, op, &rows[i], err);
    return code;
}

enum err core_expiring_tell(struct core *c, struct store_reader *r, size_t *ret_n, struct error *err)
{
    struct arena *a CLEANUP(arena_freep) = arena_new(1 << 20);
    struct connection *rows;
    size_t n;
    if (!a) return core_nomem(err);
    *ret_n = 0;
    enum err code = store_expiring(r, clock_wall(c->clock), 1, a, &rows, &n, err);
    if (code != ERR_OK || n == 0) return code;
    struct tell op = {.core = c};
    do {
        code = store_write(c->store, tell, &op, err);
        if (code == ERR_OK) *ret_n += op.n;
    } while (code == ERR_OK && op.n == BATCH);
    return code;
}
