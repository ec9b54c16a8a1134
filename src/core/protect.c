// SPDX-License-Identifier: Apache-2.0
// Protection of networks and connections from deletion. Called by: cli, app (admin socket).
// Must never: touch a status.
#include "core/inside.h"

struct protect {
    const struct core *core;
    const struct actor *by;
    const char *group_id, *network_id;
    struct slice name_or_id;
    bool on, changed;
    struct arena *arena;
    char told_group[OID_HEX + 1], told_network[OID_HEX + 1];
};

// Where a delete of what is protected needs several callers, one alone does not lift the protection and so get around
// them. Whoever runs the server may: he can change the rule too.
static enum err may_lift(struct store_tx *tx, const struct protect *op, const char *group_id, struct error *err)
{
    struct approval_rule rule;
    if (op->on || rules_over(op->by)) return ERR_OK;
    enum err code = store_approval_rule(store_tx_reader(tx), group_id, &rule, err);
    if (code != ERR_OK || rule.deletes < 2) return code;
    return error_set(err, ERR_CONFLICT,
                     "%u callers must ask for a delete of what is protected here, and one alone does not lift the "
                     "protection; ask for the delete, or whoever runs the server",
                     rule.deletes);
}

static enum err protect_network(struct store_tx *tx, void *ctx, struct error *err)
{
    struct protect *op = ctx;
    struct network n;
    struct audit audit;
    enum err code = store_network_get(store_tx_reader(tx), op->network_id, op->arena, &n, err);
    if (code == ERR_OK && n.is_protected) code = may_lift(tx, op, n.group_id, err);
    if (code == ERR_OK) code = core_audit_group(tx, op->core, op->by, n.group_id, &audit, err);
    if (code == ERR_OK) code = store_tx_network_protect(tx, n.id, op->on, &op->changed, err);
    if (code != ERR_OK || !op->changed) return code;
    memcpy(op->told_group, n.group_id, sizeof(op->told_group));
    memcpy(op->told_network, n.id, sizeof(op->told_network));
    return audit_write(tx, &audit, op->on ? AUDIT_NETWORK_PROTECTED : AUDIT_NETWORK_UNPROTECTED, slice_of(n.id),
                       (struct slice){NULL, 0}, err);
}

static enum err protect_connection(struct store_tx *tx, void *ctx, struct error *err)
{
    struct protect *op = ctx;
    struct connection row;
    struct audit audit;
    enum err code = store_connection_get(store_tx_reader(tx), op->group_id, op->name_or_id, op->arena, &row, err);
    if (code == ERR_OK && row.is_protected) code = may_lift(tx, op, row.group_id, err);
    if (code == ERR_OK) code = core_audit_group(tx, op->core, op->by, row.group_id, &audit, err);
    if (code == ERR_OK) code = store_tx_connection_protect(tx, row.id, op->on, &op->changed, err);
    if (code != ERR_OK || !op->changed) return code;
    memcpy(op->told_group, row.group_id, sizeof(op->told_group));
    memcpy(op->told_network, row.network_id, sizeof(op->told_network));
    return audit_write(tx, &audit, op->on ? AUDIT_CONNECTION_PROTECTED : AUDIT_CONNECTION_UNPROTECTED,
                       slice_of(row.name), (struct slice){NULL, 0}, err);
}

static enum err run(struct core *c, store_fn fn, struct protect *op, enum core_change_kind kind, struct error *err)
{
    struct arena *a CLEANUP(arena_freep) = arena_new(256 * 1024);
    if (!a) return core_nomem(err);
    op->core = c;
    op->arena = a;
    enum err code = store_write(c->store, fn, op, err);
    if (code == ERR_OK && op->changed) core_tell(c, kind, op->told_group, op->told_network);
    return code;
}

enum err protect_network_in_tx(struct store_tx *tx, const struct core *c, const struct actor *by,
                               const char *network_id, bool on, struct arena *a, bool *ret_changed, struct error *err)
{
    struct protect op = {.core = c, .by = by, .network_id = network_id, .on = on, .arena = a};
    enum err code = protect_network(tx, &op, err);
    if (code == ERR_OK) *ret_changed = op.changed;
    return code;
}

enum err core_network_protect(struct core *c, const struct actor *by, const char *network_id, bool on,
                              struct error *err)
{
    struct protect op = {.by = by, .network_id = network_id, .on = on};
    return run(c, protect_network, &op, CORE_NETWORKS_CHANGED, err);
}

enum err core_connection_protect(struct core *c, const struct actor *by, const char *group_id, struct slice name_or_id,
                                 bool on, struct error *err)
{
    struct protect op = {.by = by, .group_id = group_id, .name_or_id = name_or_id, .on = on};
    return run(c, protect_connection, &op, CORE_CONNECTIONS_CHANGED, err);
}
