// SPDX-License-Identifier: Apache-2.0
// Changing several settings of a network as one: all of them or none. Called by: api (PATCH, and POST of a network).
// Must never: leave a network observed for which something is still to be written to AWS.
#include "core/inside.h"

struct edit {
    const struct core *core;
    const struct actor *by;
    const char *network_id;
    const struct network_edit *asked;
    struct arena *arena;
    struct network net; // out: as it was
    bool changed;       // out: mode or default
};

static enum err settings_event(struct store_tx *tx, const struct audit *audit, const struct network *n,
                               const struct network_edit *e, struct error *err)
{
    struct buf detail;
    struct json_writer w;
    buf_init(&detail, 2048);
    json_begin(&w, &detail, false);
    json_obj(&w);
    json_kbool(&w, "default", n->is_default || e->make_default);
    json_kstr(&w, "mode", (e->set_mode ? e->mode : n->mode) == NETWORK_MANAGE ? "manage" : "observe");
    json_obj_end(&w);
    enum err code = detail.fail == BUF_OK ? audit_write(tx, audit, AUDIT_NETWORK_SETTINGS_CHANGED, slice_of(n->id),
                                                        buf_view(&detail), err)
                                          : core_nomem(err);
    buf_done(&detail);
    return code;
}

// What was asked of AWS, and routes that were made there, would be left to nobody.
static enum err check_idle(struct store_tx *tx, const struct edit *op, struct error *err)
{
    struct store_reader *r = store_tx_reader(tx);
    struct network_options o;
    struct slice *tables;
    size_t n;
    bool busy;
    enum err code = store_network_options(r, op->network_id, op->arena, &o, err);
    if (code == ERR_OK) code = store_network_tables(r, op->network_id, op->arena, &tables, &n, err);
    if (code == ERR_OK) code = store_network_busy(r, op->network_id, &busy, err);
    if (code != ERR_OK) return code;
    if (o.dns || o.name_tag.n || n)
        return error_set(err, ERR_CONFLICT,
                         "network %s has route tables, a DNS option or a Name tag; take them away, then observe it",
                         op->network_id);
    if (busy)
        return error_set(err, ERR_CONFLICT,
                         "network %s still has intents or routes; wait for their end or cancel them, then observe it",
                         op->network_id);
    return ERR_OK;
}

// To be managed first of all, to be observed last, when nothing is asked of AWS any more.
static enum err set_mode(struct store_tx *tx, struct edit *op, enum network_mode mode, struct error *err)
{
    if (!op->asked->set_mode || op->asked->mode != mode || op->net.mode == mode) return ERR_OK;
    if (mode == NETWORK_MANAGE && op->net.identity != IDENTITY_ROLE && !rules_over(op->by))
        return error_set(
            err, ERR_DENIED,
            "network %s is observed with the server's own credentials, and only the operator lets it write "
            "with them",
            op->network_id);
    enum err code = mode == NETWORK_OBSERVE ? check_idle(tx, op, err) : ERR_OK;
    if (code == ERR_OK) code = store_tx_network_mode(tx, op->network_id, mode, err);
    op->changed = true;
    return code;
}

static enum err prefer(struct store_tx *tx, struct edit *op, struct error *err)
{
    if (!op->asked->make_default || op->net.is_default) return ERR_OK;
    op->changed = true;
    return store_tx_network_make_default(tx, op->network_id, err);
}

static enum err set_options(struct store_tx *tx, const struct edit *op, struct error *err)
{
    const struct network_edit *e = op->asked;
    const struct {
        bool set;
        enum network_option option;
        struct network_option_value value;
    } rows[] = {{e->set_dns, OPTION_DNS, {.on = e->dns}},
                {e->set_name_tag, OPTION_NAME_TAG, {.text = e->name_tag}},
                {e->set_peering_limit, OPTION_PEERING_LIMIT, {.number = e->peering_limit}},
                {e->set_route_limit, OPTION_ROUTE_LIMIT, {.number = e->route_limit}}};
    enum err code = ERR_OK;
    for (size_t i = 0; i < ARRAY_LEN(rows) && code == ERR_OK; i++)
        if (rows[i].set)
            code = option_in_tx(tx, op->core, op->by, op->network_id, rows[i].option, &rows[i].value, op->arena, err);
    return code;
}

static enum err run(struct store_tx *tx, struct edit *op, struct error *err)
{
    const struct network_edit *e = op->asked;
    struct audit audit;
    bool changed;
    op->changed = false; // a transaction may be run again
    enum err code = store_network_get(store_tx_reader(tx), op->network_id, op->arena, &op->net, err);
    if (code == ERR_OK) code = set_mode(tx, op, NETWORK_MANAGE, err);
    if (code == ERR_OK) code = prefer(tx, op, err);
    if (code == ERR_OK) code = set_options(tx, op, err);
    if (code == ERR_OK && e->set_tables)
        code = tables_in_tx(tx, op->core, op->by, op->network_id, e->tables, e->n_tables, op->arena, err);
    if (code == ERR_OK) code = set_mode(tx, op, NETWORK_OBSERVE, err);
    if (code == ERR_OK && op->changed) code = core_audit_group(tx, op->core, op->by, op->net.group_id, &audit, err);
    if (code == ERR_OK && op->changed) code = settings_event(tx, &audit, &op->net, e, err);
    if (code == ERR_OK && e->set_protected)
        code = protect_network_in_tx(tx, op->core, op->by, op->network_id, e->is_protected, op->arena, &changed, err);
    return code;
}

enum err network_edit_in_tx(struct store_tx *tx, const struct core *c, const struct actor *by, const char *network_id,
                            const struct network_edit *e, struct arena *a, struct error *err)
{
    struct edit op = {.core = c, .by = by, .network_id = network_id, .asked = e, .arena = a};
    return run(tx, &op, err);
}

static enum err run_fn(struct store_tx *tx, void *ctx, struct error *err)
{
    return run(tx, ctx, err);
}

enum err core_network_edit(struct core *c, const struct actor *by, const char *network_id, const struct network_edit *e,
                           struct error *err)
{
    struct arena *a CLEANUP(arena_freep) = arena_new(256 * 1024);
    struct edit op = {.core = c, .by = by, .network_id = network_id, .asked = e, .arena = a};
    if (!a) return core_nomem(err);
    enum err code = store_write(c->store, run_fn, &op, err);
    if (code != ERR_OK) return code;
    core_tell(c, CORE_NETWORKS_CHANGED, op.net.group_id, op.net.id);
    core_tell(c, CORE_INTENTS_CHANGED, op.net.group_id, op.net.id); // routes may be due
    return ERR_OK;
}
