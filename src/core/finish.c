// SPDX-License-Identifier: Apache-2.0
// What a network asks of the connections that are accepted for it: its options, what follows for a connection, and what
// came of it. Called by: transition.c (every change of a row), reconcile, cli. Must never: want anything for a
// connection that we did not accept, or move a localStatus because a nicety failed.
#include "core/inside.h"
#include "model/name_tag.h"

#define PEERING_LIMIT_MAX 125 // the hard one of AWS
#define ROUTE_LIMIT_MAX   1000

// ---- options ----------------------------------------------------------------------------------------------

struct option_op {
    const struct core *core;
    const struct actor *by;
    const char *network_id;
    enum network_option option;
    const struct network_option_value *value;
    struct arena *arena;
    struct network net;
    struct network_options options;
};

static enum err check_option(enum network_option o, const struct network_option_value *v, struct error *err)
{
    if (o == OPTION_NAME_TAG && v->text.n) return name_tag_check(v->text, err);
    if (o == OPTION_PEERING_LIMIT && v->number > PEERING_LIMIT_MAX)
        return error_set(err, ERR_INVALID, "AWS raises the peerings of a VPC to %d at most", PEERING_LIMIT_MAX);
    if (o == OPTION_ROUTE_LIMIT && v->number > ROUTE_LIMIT_MAX)
        return error_set(err, ERR_INVALID, "AWS raises the routes of a table to %d at most", ROUTE_LIMIT_MAX);
    return ERR_OK;
}

static bool is_write(const struct option_op *op)
{
    return (op->option == OPTION_DNS && op->value->on) || (op->option == OPTION_NAME_TAG && op->value->text.n);
}

// Stores it; what is waiting for an option that is off now is not wanted any more.
static enum err store_option(struct store_tx *tx, struct option_op *op, struct error *err)
{
    struct network_options *o = &op->options;
    enum err code = ERR_OK;
    switch (op->option) {
    case OPTION_DNS:
        o->dns = op->value->on;
        if (!o->dns) code = store_tx_finish_drop(tx, op->net.id, FINISH_DNS, err);
        break;
    case OPTION_NAME_TAG:
        o->name_tag = op->value->text;
        if (!o->name_tag.n) code = store_tx_finish_drop(tx, op->net.id, FINISH_NAME, err);
        break;
    case OPTION_PEERING_LIMIT:
        o->peering_limit = op->value->number;
        break;
    case OPTION_ROUTE_LIMIT:
        o->route_limit = op->value->number;
        break;
    }
    return code == ERR_OK ? store_tx_network_options(tx, &op->net, o, err) : code;
}

static enum err option_event(struct store_tx *tx, const struct option_op *op, const struct audit *audit,
                             struct error *err)
{
    struct buf detail;
    struct json_writer w;
    buf_init(&detail, 8192);
    json_begin(&w, &detail, false);
    json_obj(&w);
    json_kbool(&w, "dns", op->options.dns);
    json_kslice(&w, "nameTag", op->options.name_tag);
    json_kint(&w, "peeringLimit", op->options.peering_limit);
    json_kint(&w, "routeLimit", op->options.route_limit);
    json_obj_end(&w);
    enum err code = detail.fail == BUF_OK ? audit_write(tx, audit, AUDIT_NETWORK_OPTIONS_CHANGED, slice_of(op->net.id),
                                                        buf_view(&detail), err)
                                          : core_nomem(err);
    buf_done(&detail);
    return code;
}

static enum err set_option(struct store_tx *tx, void *ctx, struct error *err)
{
    struct option_op *op = ctx;
    struct audit audit;
    struct store_reader *r = store_tx_reader(tx);
    enum err code = store_network_get(r, op->network_id, op->arena, &op->net, err);
    if (code == ERR_OK && op->net.mode == NETWORK_OBSERVE && is_write(op))
        return error_set(err, ERR_INVALID, "network %s is only observed: Peerage sets nothing for it", op->net.id);
    if (code == ERR_OK) code = store_network_options(r, op->net.id, op->arena, &op->options, err);
    if (code == ERR_OK) code = core_audit_group(tx, op->core, op->by, op->net.group_id, &audit, err);
    if (code == ERR_OK) code = store_option(tx, op, err);
    return code == ERR_OK ? option_event(tx, op, &audit, err) : code;
}

enum err option_in_tx(struct store_tx *tx, const struct core *c, const struct actor *by, const char *network_id,
                      enum network_option o, const struct network_option_value *v, struct arena *a, struct error *err)
{
    struct option_op op = {.core = c, .by = by, .network_id = network_id, .option = o, .value = v, .arena = a};
    enum err code = check_option(o, v, err);
    return code == ERR_OK ? set_option(tx, &op, err) : code;
}

enum err core_network_option(struct core *c, const struct actor *by, const char *network_id, enum network_option o,
                             const struct network_option_value *v, struct arena *a, struct network_options *ret,
                             struct error *err)
{
    struct option_op op = {.core = c, .by = by, .network_id = network_id, .option = o, .value = v, .arena = a};
    enum err code = check_option(o, v, err);
    if (code == ERR_OK) code = store_write(c->store, set_option, &op, err);
    if (code == ERR_OK) *ret = op.options;
    return code;
}

// ---- quotas -----------------------------------------------------------------------------------------------

enum err quota_warn(struct store_tx *tx, const struct audit *audit, const char *network_id, const char *table_id,
                    uint32_t used, uint32_t limit, struct error *err)
{
    struct buf detail;
    struct json_writer w;
    if ((uint64_t)used * 10 < (uint64_t)limit * 9) return ERR_OK;
    buf_init(&detail, 2048);
    json_begin(&w, &detail, false);
    json_obj(&w);
    json_kint(&w, "limit", limit);
    json_kstr(&w, "quota", table_id ? "routes per table" : "active peerings per VPC");
    if (table_id) json_kstr(&w, "routeTableId", table_id);
    json_kint(&w, "used", used);
    json_obj_end(&w);
    enum err code = detail.fail == BUF_OK
                        ? audit_write(tx, audit, AUDIT_QUOTA_LOW, slice_of(network_id), buf_view(&detail), err)
                        : core_nomem(err);
    buf_done(&detail);
    return code;
}

// ---- following a row --------------------------------------------------------------------------------------

static enum cloud_status cloud_of(const struct connection *c)
{
    return cloud_status_of(slice_of(c->cloud_status));
}

// Somebody asked us to accept it, and now it is active, whichever call brought that about.
static bool accepted_by_us(const struct transition *t)
{
    enum local_status was = t->before->local_status;
    return (was == LOCAL_REQUEST_ACCEPT || was == LOCAL_ACCEPT_REQUESTED) && t->row->local_status == LOCAL_ACTIVE;
}

static enum err want(struct store_tx *tx, const struct transition *t, enum finish_kind kind, struct slice value,
                     struct error *err)
{
    struct finish f = {.kind = kind, .value = value, .since = t->audit->now, .not_before = t->audit->now};
    memcpy(f.connection_id, t->row->id, sizeof(f.connection_id));
    memcpy(f.network_id, t->row->network_id, sizeof(f.network_id));
    memcpy(f.group_id, t->row->group_id, sizeof(f.group_id));
    if (t->work) *t->work = true;
    return store_tx_finish_insert(tx, &f, err);
}

static enum err want_all(struct store_tx *tx, const struct transition *t, struct error *err)
{
    struct arena *a CLEANUP(arena_freep) = arena_new(64 * 1024);
    struct network_options o;
    char name[NAME_TAG_BYTES] = "";
    if (!a) return core_nomem(err);
    enum err code = store_network_options(store_tx_reader(tx), t->row->network_id, a, &o, err);
    if (code == ERR_OK && o.dns) code = want(tx, t, FINISH_DNS, (struct slice){NULL, 0}, err);
    if (code != ERR_OK || !o.name_tag.n) return code;
    name_tag_expand(o.name_tag, t->row, name);
    return name[0] ? want(tx, t, FINISH_NAME, slice_of(name), err) : ERR_OK;
}

// It will not be active any more. An old answer of AWS that has it pending once more is no end: it turns active again,
// and what is wanted of it stays wanted.
static bool has_ended(const struct connection *c)
{
    enum cloud_status s = cloud_of(c);
    return !c->listed || s == CLOUD_DELETING || cloud_status_is_terminal(s);
}

enum err finish_follow(struct store_tx *tx, const struct transition *t, struct error *err)
{
    if (!t->before) return ERR_OK;
    if (accepted_by_us(t)) return want_all(tx, t, err);
    bool ends = has_ended(t->row) && !has_ended(t->before);
    return ends ? store_tx_finish_forget(tx, t->row->id, err) : ERR_OK;
}

// ---- work -------------------------------------------------------------------------------------------------

enum err core_finish_due(struct store_reader *r, struct wall now, size_t max, struct arena *a, struct finish **ret,
                         size_t *ret_n, struct wall *ret_next, struct error *err)
{
    return store_finish_due(r, now, max, a, ret, ret_n, ret_next, err);
}

struct finish_op {
    const struct core *core;
    const struct finish *asked;
    const struct finish_result *result;
    struct slice reason; // clipped
    struct arena *arena;
    struct finish row;
    struct connection before;
    struct audit audit;
    bool shown; // the connection's row changed
};

// The event, and what the connection shows: a failure while nothing else is wrong, and its end.
static enum err tell_of(struct store_tx *tx, struct finish_op *op, enum audit_type type, struct slice reason,
                        struct error *err)
{
    struct connection row = op->before;
    bool failed = type == AUDIT_FINISH_FAILED;
    if (!failed && op->row.reason.n && slice_eq(row.status_message, op->row.reason))
        row.status_message = (struct slice){NULL, 0};
    const struct transition t = {.audit = &op->audit,
                                 .type = type,
                                 .event = LIFECYCLE_FINISHING,
                                 .before = &op->before,
                                 .row = &row,
                                 .reason = row.local_status == LOCAL_ACTIVE ? reason : (struct slice){NULL, 0},
                                 .value = type == AUDIT_NAME_KEPT ? op->reason : op->row.value};
    op->shown = true;
    return transition_apply(tx, &t, err);
}

static enum err settled(struct store_tx *tx, struct finish_op *op, enum audit_type type, struct error *err)
{
    enum err code = tell_of(tx, op, type, (struct slice){NULL, 0}, err);
    return code == ERR_OK ? store_tx_finish_delete(tx, &op->row, err) : code;
}

static enum err failed(struct store_tx *tx, struct finish_op *op, struct error *err)
{
    bool again = slice_eq(op->row.reason, op->reason);
    enum err code = again ? ERR_OK : tell_of(tx, op, AUDIT_FINISH_FAILED, op->reason, err);
    op->row.reason = op->reason;
    op->row.not_before = op->result->not_before;
    return code == ERR_OK ? store_tx_finish_update(tx, &op->row, err) : code;
}

static enum err outcome(struct store_tx *tx, void *ctx, struct error *err)
{
    static const struct actor actuator = {PRINCIPAL_LOCAL, "actuator", NULL};
    struct finish_op *op = ctx;
    enum err code = store_finish_get(store_tx_reader(tx), op->asked, op->arena, &op->row, err);
    if (code == ERR_OK) code = store_tx_connection_get(tx, op->row.connection_id, op->arena, &op->before, err);
    if (code == ERR_OK) code = core_audit_group(tx, op->core, &actuator, op->row.group_id, &op->audit, err);
    if (code != ERR_OK) return code;
    switch (op->result->kind) {
    case FINISH_RESULT_SET:
        return settled(tx, op, op->row.kind == FINISH_DNS ? AUDIT_DNS_SET : AUDIT_NAME_SET, err);
    case FINISH_RESULT_KEPT:
        return settled(tx, op, AUDIT_NAME_KEPT, err);
    case FINISH_RESULT_FAILED:
        return failed(tx, op, err);
    default:
        op->row.not_before = op->result->not_before;
        return store_tx_finish_update(tx, &op->row, err);
    }
}

enum err core_finish_outcome(struct core *c, const struct finish *row, const struct finish_result *r, struct error *err)
{
    struct arena *a CLEANUP(arena_freep) = arena_new(256 * 1024);
    struct finish_op op = {.core = c, .asked = row, .result = r, .reason = core_clip(r->reason), .arena = a};
    if (!a) return core_nomem(err);
    enum err code = store_write(c->store, outcome, &op, err);
    if (code == ERR_OK && op.shown) core_tell(c, CORE_CONNECTIONS_CHANGED, row->group_id, row->network_id);
    return code;
}
