// SPDX-License-Identifier: Apache-2.0
// Routes to peers: which blocks are approved, which routes follow from that, and what came of each cloud call.
// Called by: transition.c (every change of a row), reconcile, cli. Must never: have a route removed that no call of
// ours made, or approve a block that appeared after acceptance by itself.
#include "core/inside.h"

// ---- approval ---------------------------------------------------------------------------------------------

enum err routes_approve(struct store_tx *tx, const struct audit *audit, const struct connection *row, struct error *err)
{
    struct slice rest = row->requester_cidrs, block;
    while (cidr_list_next(&rest, &block)) {
        enum err code = store_tx_peer_cidr(tx, row, block, true, audit->now, err);
        if (code != ERR_OK) return code;
    }
    return ERR_OK;
}

static bool known(const struct peer_cidr *cidrs, size_t n, struct slice block)
{
    for (size_t i = 0; i < n; i++)
        if (slice_eq_cstr(block, cidrs[i].cidr)) return true;
    return false;
}

static bool any_approved(const struct peer_cidr *cidrs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (cidrs[i].approved) return true;
    return false;
}

// Records the blocks that are new; *out gets a JSON array of them.
static enum err wait_for(struct store_tx *tx, const struct transition *t, const struct peer_cidr *cidrs, size_t n,
                         struct json_writer *out, bool *ret_new, struct error *err)
{
    struct slice rest = t->row->requester_cidrs, block;
    while (cidr_list_next(&rest, &block)) {
        if (known(cidrs, n, block)) continue;
        enum err code = store_tx_peer_cidr(tx, t->row, block, false, t->audit->now, err);
        if (code != ERR_OK) return code;
        json_str(out, block);
        *ret_new = true;
    }
    return ERR_OK;
}

static enum err note_new_blocks(struct store_tx *tx, const struct transition *t, const struct peer_cidr *cidrs,
                                size_t n, struct error *err)
{
    struct buf detail;
    struct json_writer w;
    bool new_blocks = false;
    buf_init(&detail, 16384);
    json_begin(&w, &detail, false);
    json_obj(&w);
    json_key(&w, "cidrBlocks");
    json_arr(&w);
    enum err code = wait_for(tx, t, cidrs, n, &w, &new_blocks, err);
    json_arr_end(&w);
    json_obj_end(&w);
    if (code == ERR_OK && new_blocks)
        code = detail.fail == BUF_OK
                   ? audit_write(tx, t->audit, AUDIT_CIDRS_WAITING, slice_of(t->row->name), buf_view(&detail), err)
                   : core_nomem(err);
    buf_done(&detail);
    return code;
}

// ---- following a row --------------------------------------------------------------------------------------

static enum cloud_status cloud_of(const struct connection *c)
{
    return cloud_status_of(slice_of(c->cloud_status));
}

static bool ended(const struct connection *c)
{
    return !c->listed || cloud_status_is_terminal(cloud_of(c));
}

// Turned active after it was seen waiting, by whomever; not what was active at first sight.
static bool turned_active(const struct transition *t)
{
    const struct connection *was = t->before;
    return was->listed && cloud_of(was) != CLOUD_ACTIVE && cloud_of(t->row) == CLOUD_ACTIVE &&
           t->row->local_status == LOCAL_ACTIVE;
}

// *ret_none: no block of the peer is known, so that no route is wanted either.
static enum err follow_active(struct store_tx *tx, const struct transition *t, bool *ret_none, struct error *err)
{
    struct arena *a CLEANUP(arena_freep) = arena_new(256 * 1024);
    struct peer_cidr *cidrs = NULL;
    size_t n = 0;
    if (!a) return core_nomem(err);
    enum err code = store_peer_cidrs(store_tx_reader(tx), t->row->id, a, &cidrs, &n, err);
    if (code != ERR_OK) return code;
    bool approved = any_approved(cidrs, n);
    if (!approved && turned_active(t)) return routes_approve(tx, t->audit, t->row, err);
    *ret_none = n == 0;
    return approved ? note_new_blocks(tx, t, cidrs, n, err) : ERR_OK;
}

enum err routes_follow(struct store_tx *tx, const struct transition *t, struct error *err)
{
    // What is seen for the first time has neither blocks nor routes: the first scan of a large account pays nothing.
    if (!t->before) return ERR_OK;
    bool active = cloud_of(t->row) == CLOUD_ACTIVE && t->row->listed;
    bool was_active = cloud_of(t->before) == CLOUD_ACTIVE, none = false;
    bool ends = (ended(t->row) && !ended(t->before)) || cloud_of(t->row) == CLOUD_DELETING;
    if (!active && !was_active && !ends) return ERR_OK;
    uint64_t touched = 0;
    enum err code = active ? follow_active(tx, t, &none, err) : ERR_OK;
    if (code != ERR_OK || none) return code;
    if (ended(t->row)) code = store_tx_peer_cidrs_forget(tx, t->row->id, err);
    if (code == ERR_OK) code = store_tx_routes_follow(tx, t->row->network_id, t->row->id, t->audit->now, &touched, err);
    if (code == ERR_OK && touched && t->work) *t->work = true;
    return code;
}

// ---- tables and approval by people ------------------------------------------------------------------------

struct tables {
    const struct core *core;
    const struct actor *by;
    const char *network_id;
    const char *const *tables;
    unsigned n;
    struct arena *arena;
    struct network net;
};

static enum err check_tables(const char *const *tables, unsigned n, struct error *err)
{
    if (n > NETWORK_TABLES_MAX)
        return error_set(err, ERR_INVALID, "a network has at most %d route tables", NETWORK_TABLES_MAX);
    for (unsigned i = 0; i < n; i++) {
        if (!route_table_id_valid(slice_of(tables[i])))
            return error_set(err, ERR_INVALID,
                             "a route table must be rtb- and 8 or 17 hexadecimal digits in lower case");
        for (unsigned j = 0; j < i; j++)
            if (strcmp(tables[i], tables[j]) == 0)
                return error_set(err, ERR_INVALID, "route table %s is named twice", tables[i]);
    }
    return ERR_OK;
}

static enum err tables_event(struct store_tx *tx, const struct tables *op, const struct audit *audit, struct error *err)
{
    struct buf detail;
    struct json_writer w;
    buf_init(&detail, 4096);
    json_begin(&w, &detail, false);
    json_obj(&w);
    json_key(&w, "routeTableIds");
    json_arr(&w);
    for (unsigned i = 0; i < op->n; i++) json_cstr(&w, op->tables[i]);
    json_arr_end(&w);
    json_obj_end(&w);
    enum err code = detail.fail == BUF_OK ? audit_write(tx, audit, AUDIT_NETWORK_TABLES_CHANGED, slice_of(op->net.id),
                                                        buf_view(&detail), err)
                                          : core_nomem(err);
    buf_done(&detail);
    return code;
}

static enum err set_tables(struct store_tx *tx, void *ctx, struct error *err)
{
    struct tables *op = ctx;
    struct audit audit;
    uint64_t touched;
    enum err code = store_network_get(store_tx_reader(tx), op->network_id, op->arena, &op->net, err);
    if (code == ERR_OK && op->net.mode == NETWORK_OBSERVE && op->n)
        return error_set(err, ERR_INVALID, "network %s is only observed: Peerage makes no routes for it", op->net.id);
    if (code == ERR_OK) code = core_audit_group(tx, op->core, op->by, op->net.group_id, &audit, err);
    if (code == ERR_OK) code = store_tx_network_tables(tx, &op->net, op->tables, op->n, err);
    if (code == ERR_OK) code = store_tx_routes_follow(tx, op->net.id, NULL, audit.now, &touched, err);
    return code == ERR_OK ? tables_event(tx, op, &audit, err) : code;
}

enum err tables_in_tx(struct store_tx *tx, const struct core *c, const struct actor *by, const char *network_id,
                      const char *const *tables, unsigned n, struct arena *a, struct error *err)
{
    struct tables op = {.core = c, .by = by, .network_id = network_id, .tables = tables, .n = n, .arena = a};
    enum err code = check_tables(tables, n, err);
    return code == ERR_OK ? set_tables(tx, &op, err) : code;
}

enum err core_network_tables(struct core *c, const struct actor *by, const char *network_id, const char *const *tables,
                             unsigned n, struct error *err)
{
    struct arena *a CLEANUP(arena_freep) = arena_new(64 * 1024);
    struct tables op = {.core = c, .by = by, .network_id = network_id, .tables = tables, .n = n, .arena = a};
    if (!a) return core_nomem(err);
    enum err code = check_tables(tables, n, err);
    if (code == ERR_OK) code = store_write(c->store, set_tables, &op, err);
    if (code == ERR_OK) core_tell(c, CORE_INTENTS_CHANGED, op.net.group_id, op.net.id);
    return code;
}

struct approval {
    const struct core *core;
    const struct actor *by;
    const char *group_id;
    struct slice name_or_id;
    struct arena *arena;
    struct connection row;
};

static enum err approve(struct store_tx *tx, void *ctx, struct error *err)
{
    struct approval *op = ctx;
    struct connection *row = &op->row;
    struct audit audit;
    uint64_t touched;
    enum err code = store_connection_get(store_tx_reader(tx), op->group_id, op->name_or_id, op->arena, row, err);
    if (code == ERR_OK && ended(row))
        return error_set(err, ERR_CONFLICT, "connection %s has ended: there is nothing to approve", row->name);
    if (code == ERR_OK) code = core_audit_group(tx, op->core, op->by, row->group_id, &audit, err);
    if (code == ERR_OK) code = routes_approve(tx, &audit, row, err);
    if (code == ERR_OK) code = store_tx_routes_follow(tx, row->network_id, row->id, audit.now, &touched, err);
    if (code != ERR_OK) return code;
    return audit_write(tx, &audit, AUDIT_CIDRS_APPROVED, slice_of(row->name), (struct slice){NULL, 0}, err);
}

enum err core_cidrs_approve(struct core *c, const struct actor *by, const char *group_id, struct slice name_or_id,
                            struct error *err)
{
    struct arena *a CLEANUP(arena_freep) = arena_new(256 * 1024);
    struct approval op = {.core = c, .by = by, .group_id = group_id, .name_or_id = name_or_id, .arena = a};
    if (!a) return core_nomem(err);
    enum err code = store_write(c->store, approve, &op, err);
    if (code == ERR_OK) core_tell(c, CORE_INTENTS_CHANGED, op.row.group_id, op.row.network_id);
    return code;
}

// ---- work -------------------------------------------------------------------------------------------------

enum err core_routes_due(struct store_reader *r, struct wall now, size_t max, struct arena *a, struct peer_route **ret,
                         size_t *ret_n, struct wall *ret_next, struct error *err)
{
    return store_routes_due(r, now, max, a, ret, ret_n, ret_next, err);
}

struct route_op {
    const struct core *core;
    const struct peer_route *asked;
    const struct route_result *result; // NULL: begin
    struct slice reason;               // clipped
    struct arena *arena;
    struct peer_route row;
    struct audit audit;
};

static enum err begin(struct store_tx *tx, void *ctx, struct error *err)
{
    struct route_op *op = ctx;
    bool allowed = false;
    enum err code = store_route_get(store_tx_reader(tx), op->asked, op->arena, &op->row, err);
    if (code == ERR_OK)
        code = store_writes_allowed(store_tx_reader(tx), op->row.group_id, op->row.network_id, &allowed, err);
    bool removing = op->asked->state == PEER_ROUTE_REMOVING;
    bool same =
        code == ERR_OK && (op->row.state == PEER_ROUTE_REMOVING) == removing && op->row.state != PEER_ROUTE_MADE;
    if (code == ERR_NOT_FOUND || (code == ERR_OK && (!same || !allowed)))
        return error_set(err, ERR_CONFLICT, "the route to %s in %s is not %s any more, or writes are frozen",
                         op->asked->cidr, op->asked->table_id, removing ? "to be removed" : "wanted");
    if (code != ERR_OK || removing) return code; // removing twice is harmless: nothing to remember
    struct peer_route next = op->row;
    next.tried = clock_wall(op->core->clock);
    return store_tx_route_update(tx, &next, err);
}

static enum err run_route(struct core *c, store_fn fn, struct route_op *op, struct error *err)
{
    op->core = c;
    op->arena = arena_new(64 * 1024);
    if (!op->arena) return core_nomem(err);
    enum err code = store_write(c->store, fn, op, err);
    arena_free(op->arena);
    return code;
}

enum err core_route_begin(struct core *c, struct peer_route *row, struct error *err)
{
    struct route_op op = {.asked = row};
    enum err code = run_route(c, begin, &op, err);
    if (code != ERR_OK) return code;
    op.row.reason = row->reason; // the caller's text lives in its arena
    *row = op.row;
    return ERR_OK;
}

static enum err route_event(struct store_tx *tx, const struct route_op *op, enum audit_type type, struct error *err)
{
    const struct peer_route *r = &op->row;
    struct buf detail;
    struct json_writer w;
    buf_init(&detail, 8192);
    json_begin(&w, &detail, false);
    json_obj(&w);
    json_kstr(&w, "cidrBlock", r->cidr);
    json_kstr(&w, "networkId", r->network_id);
    if (op->reason.n) json_kslice(&w, "reason", op->reason);
    json_kstr(&w, "routeTableId", r->table_id);
    json_obj_end(&w);
    struct connection c;
    enum err code = store_tx_connection_get(tx, r->connection_id, op->arena, &c, err);
    if (code == ERR_OK)
        code = detail.fail == BUF_OK ? audit_write(tx, &op->audit, type, slice_of(c.name), buf_view(&detail), err)
                                     : core_nomem(err);
    buf_done(&detail);
    return code;
}

static enum err keep(struct store_tx *tx, struct route_op *op, enum audit_type type, struct error *err)
{
    op->row.changed = op->audit.now;
    enum err code = store_tx_route_update(tx, &op->row, err);
    return code == ERR_OK ? route_event(tx, op, type, err) : code;
}

static enum err drop(struct store_tx *tx, struct route_op *op, enum audit_type type, struct error *err)
{
    enum err code = store_tx_route_delete(tx, &op->row, err);
    return code == ERR_OK ? route_event(tx, op, type, err) : code;
}

// It is there: by our call, or found. A row that is to be removed by now stays so, unless there is nothing of ours.
static enum err there(struct store_tx *tx, struct route_op *op, bool ours, struct error *err)
{
    struct peer_route *r = &op->row;
    bool removing = r->state == PEER_ROUTE_REMOVING;
    r->ours = ours;
    if (!ours) r->tried = (struct wall){0};
    if (removing && !ours) return drop(tx, op, AUDIT_ROUTE_FOUND, err);
    if (!removing) {
        r->state = PEER_ROUTE_MADE;
        r->not_before = (struct wall){0};
    }
    r->reason = (struct slice){NULL, 0};
    return keep(tx, op, ours ? AUDIT_ROUTE_MADE : AUDIT_ROUTE_FOUND, err);
}

// It is not there. One that is wanted again by now is made again.
static enum err gone(struct store_tx *tx, struct route_op *op, struct error *err)
{
    struct peer_route *r = &op->row;
    if (r->state == PEER_ROUTE_REMOVING) return drop(tx, op, AUDIT_ROUTE_REMOVED, err);
    r->state = PEER_ROUTE_WANTED;
    r->ours = false;
    r->tried = r->not_before = (struct wall){0};
    return keep(tx, op, AUDIT_ROUTE_REMOVED, err);
}

// Something else is in its place: reported once, and what is to be removed is given up, since it is not ours.
static enum err in_conflict(struct store_tx *tx, struct route_op *op, struct error *err)
{
    struct peer_route *r = &op->row;
    if (r->state == PEER_ROUTE_REMOVING) return drop(tx, op, AUDIT_ROUTE_CONFLICT, err);
    bool again = r->state == PEER_ROUTE_CONFLICT && slice_eq(r->reason, op->reason);
    r->state = PEER_ROUTE_CONFLICT;
    r->ours = false;
    r->tried = (struct wall){0};
    r->not_before = op->result->not_before;
    r->reason = op->reason;
    return again ? store_tx_route_update(tx, r, err) : keep(tx, op, AUDIT_ROUTE_CONFLICT, err);
}

static enum err outcome(struct store_tx *tx, void *ctx, struct error *err)
{
    static const struct actor actuator = {PRINCIPAL_LOCAL, "actuator", NULL};
    struct route_op *op = ctx;
    enum err code = store_route_get(store_tx_reader(tx), op->asked, op->arena, &op->row, err);
    if (code == ERR_OK) code = core_audit_group(tx, op->core, &actuator, op->row.group_id, &op->audit, err);
    if (code != ERR_OK) return code;
    switch (op->result->kind) {
    case ROUTE_RESULT_MADE:
        code = there(tx, op, true, err);
        if (code != ERR_OK || !op->result->limit) return code;
        return quota_warn(tx, &op->audit, op->row.network_id, op->row.table_id, op->result->used, op->result->limit,
                          err);
    case ROUTE_RESULT_FOUND:
        return there(tx, op, false, err);
    case ROUTE_RESULT_GONE:
        return gone(tx, op, err);
    case ROUTE_RESULT_CONFLICT:
        return in_conflict(tx, op, err);
    default:
        op->row.not_before = op->result->not_before;
        op->row.reason = op->reason;
        if (op->result->made_nothing) op->row.tried = op->asked->tried;
        return store_tx_route_update(tx, &op->row, err);
    }
}

enum err core_route_outcome(struct core *c, const struct peer_route *row, const struct route_result *r,
                            struct error *err)
{
    struct route_op op = {.asked = row, .result = r, .reason = core_clip(r->reason)};
    enum err code = run_route(c, outcome, &op, err);
    // What changed its mind while the call was under way is due again.
    bool turned =
        op.row.state == PEER_ROUTE_WANTED || (op.row.state == PEER_ROUTE_REMOVING && r->kind == ROUTE_RESULT_MADE);
    if (code == ERR_OK && turned && r->kind != ROUTE_RESULT_RETRY)
        core_tell(c, CORE_INTENTS_CHANGED, op.row.group_id, op.row.network_id);
    return code;
}
