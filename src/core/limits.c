// SPDX-License-Identifier: Apache-2.0
// Setting and lifting rate limits of one scope. Called by: api, app. Must never: answer before the change is stored.
#include "core/limits.h"

#include "base/mem.h"
#include "core/inside.h"

bool core_limit_set_is_open(enum limit_set s)
{
    return limit_row(s)->scope != SCOPE_IP_CLIENT; // address and client together: of the token endpoint
}

struct limit_op {
    const struct core *core;
    const struct actor *by;
    enum limit_set set;
    struct limit_change row;
    struct audit audit;
};

static enum err no_scope(const struct limit_op *op, struct error *err)
{
    return error_set(err, ERR_NOT_FOUND, "there is no %s", op->row.scope);
}

static enum err find_caller(struct store_tx *tx, const struct limit_op *op, struct error *err)
{
    struct arena *a CLEANUP(arena_freep) = arena_new(1 << 20);
    struct credential found;
    if (!a) return core_nomem(err);
    if (slice_starts(slice_of(op->row.scope), SLICE("person:")) && strlen(op->row.scope) > 7) return ERR_OK; // no rows
    enum err code = store_api_key_find(store_tx_reader(tx), slice_of(op->row.scope), a, &found, err);
    if (code == ERR_NOT_FOUND) code = store_account_find(store_tx_reader(tx), slice_of(op->row.scope), a, &found, err);
    return code == ERR_NOT_FOUND ? no_scope(op, err) : code;
}

// That it exists, and whose the event is.
static enum err resolve(struct store_tx *tx, struct limit_op *op, struct error *err)
{
    struct org org;
    struct ip ip;
    enum err code = ERR_OK;
    audit_begin(&op->audit, op->core->rng, clock_wall(op->core->clock), op->by);
    switch (limit_row(op->set)->scope) {
    case SCOPE_GROUP:
        code = core_audit_group(tx, op->core, op->by, op->row.scope, &op->audit, err);
        return code == ERR_NOT_FOUND ? no_scope(op, err) : code;
    case SCOPE_ORG:
        code = store_org_get(store_tx_reader(tx), op->row.scope, &org, err);
        if (code == ERR_OK) memcpy(op->audit.org_id, org.id, sizeof(op->audit.org_id));
        return code == ERR_NOT_FOUND ? no_scope(op, err) : code;
    case SCOPE_USER:
        return find_caller(tx, op, err);
    case SCOPE_IP:
        if (!ip_parse(slice_of(op->row.scope), &ip)) return no_scope(op, err);
        ip_format(ip, op->row.scope); // as the buckets are named
        return ERR_OK;
    case SCOPE_IP_CLIENT:
        break;
    }
    return no_scope(op, err);
}

static enum err tell(struct store_tx *tx, const struct limit_op *op, enum audit_type type, struct error *err)
{
    struct buf detail;
    struct json_writer w;
    buf_init(&detail, 1024);
    json_begin(&w, &detail, false);
    json_obj(&w);
    if (type == AUDIT_LIMIT_SET) json_kint(&w, "capacity", op->row.capacity);
    json_kstr(&w, "endpointSetId", op->row.set_id);
    if (type == AUDIT_LIMIT_SET) json_kint(&w, "refillDurationSeconds", op->row.seconds);
    if (type == AUDIT_LIMIT_SET) json_kint(&w, "refillRate", op->row.refill);
    json_obj_end(&w);
    enum err code = detail.fail == BUF_OK
                        ? audit_write(tx, &op->audit, type, slice_of(op->row.scope), buf_view(&detail), err)
                        : core_nomem(err);
    buf_done(&detail);
    return code;
}

static enum err put(struct store_tx *tx, void *ctx, struct error *err)
{
    struct limit_op *op = ctx;
    struct limit_change had;
    uint64_t n = 0;
    enum err code = resolve(tx, op, err);
    if (code != ERR_OK) return code;
    code = store_limit_get(store_tx_reader(tx), op->row.set_id, op->row.scope, &had, err);
    if (code == ERR_NOT_FOUND) code = store_limit_count(store_tx_reader(tx), &n, err);
    if (code != ERR_OK) return code;
    if (n >= LIMIT_OVERRIDES_MAX) return error_set(err, ERR_TOO_LARGE, "%d limits are set", LIMIT_OVERRIDES_MAX);
    op->row.changed = op->audit.now;
    code = store_tx_limit_put(tx, &op->row, err);
    return code == ERR_OK ? tell(tx, op, AUDIT_LIMIT_SET, err) : code;
}

// A scope that is gone has no override any more: rows go with it.
static enum err lift(struct store_tx *tx, void *ctx, struct error *err)
{
    struct limit_op *op = ctx;
    enum err code = resolve(tx, op, err);
    if (code == ERR_OK) code = store_tx_limit_delete(tx, op->row.set_id, op->row.scope, err);
    return code == ERR_OK ? tell(tx, op, AUDIT_LIMIT_LIFTED, err) : code;
}

static bool begin(struct limit_op *op, struct core *c, const struct actor *by, enum limit_set set, struct slice scope)
{
    *op = (struct limit_op){.core = c, .by = by, .set = set};
    bool ok = cstr_set(op->row.set_id, sizeof(op->row.set_id), limit_row(set)->set_id);
    ASSERT(ok); // of the table
    return scope.n > 0 && memchr(scope.p, '\0', scope.n) == NULL &&
           slice_copy(scope, op->row.scope, sizeof(op->row.scope));
}

enum err core_limit_put(struct core *c, const struct actor *by, enum limit_set set, struct slice scope,
                        const struct bucket_rule *rule, struct limit_change *ret, struct error *err)
{
    struct limit_op op;
    if (!begin(&op, c, by, set, scope)) return error_set(err, ERR_NOT_FOUND, "there is no such scope");
    op.row.capacity = rule->capacity;
    op.row.refill = rule->refill;
    op.row.seconds = rule->refill_seconds;
    enum err code = store_write(c->store, put, &op, err);
    if (code == ERR_OK) *ret = op.row;
    return code;
}

enum err core_limit_lift(struct core *c, const struct actor *by, enum limit_set set, struct slice scope,
                         struct error *err)
{
    struct limit_op op;
    if (!begin(&op, c, by, set, scope)) return error_set(err, ERR_NOT_FOUND, "there is no such scope");
    return store_write(c->store, lift, &op, err);
}

enum err core_limits_apply(struct core *c, struct store_reader *r, struct limits *l, struct error *err)
{
    struct limit_change *rows;
    size_t n, kept = 0;
    struct arena *a CLEANUP(arena_freep) = arena_new((size_t)16 << 20);
    if (!a) return core_nomem(err);
    uint64_t order = store_generation(c->store); // before the rows are read: what is newer comes again
    enum err code = store_limits(r, a, &rows, &n, err);
    struct limit_override *list = code == ERR_OK ? arena_alloc(a, (n + 1) * sizeof(*list)) : NULL;
    if (code == ERR_OK && !list) code = core_nomem(err);
    for (size_t i = 0; code == ERR_OK && i < n; i++) { // a set that this program does not know limits nothing
        list[kept] = (struct limit_override){.scope = rows[i].scope,
                                             .rule = {rows[i].capacity, rows[i].refill, rows[i].seconds}};
        kept += limit_set_parse(slice_of(rows[i].set_id), &list[kept].set);
    }
    if (code == ERR_OK) limits_set_overrides(l, list, kept, order, clock_mono(c->clock));
    return code;
}
