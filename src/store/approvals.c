// SPDX-License-Identifier: Apache-2.0
// How many must ask, and who has asked. Called by: core (writes), cli (reads). Must never: keep two of one caller.
#include "store/internal.h"

enum err store_approval_rule(struct store_reader *r, const char *group_id, struct approval_rule *ret, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT accepts, deletes FROM approval_rule WHERE group_id = ?");
    query_cstr(&q, group_id);
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code != ERR_OK) return code;
    struct approval_rule found = {.accepts = 1};
    if (row) {
        found.accepts = (unsigned)query_get_int(&q);
        found.deletes = (unsigned)query_get_int(&q);
    }
    *ret = found;
    return ERR_OK;
}

enum err store_tx_approval_rule(struct store_tx *tx, const char *group_id, const struct approval_rule *rule,
                                struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "INSERT INTO approval_rule (group_id, accepts, deletes) VALUES (?, ?, ?) ON CONFLICT "
                                  "DO UPDATE SET accepts = excluded.accepts, deletes = excluded.deletes");
    query_cstr(&q, group_id);
    query_int(&q, rule->accepts);
    query_int(&q, rule->deletes);
    return query_run(&q, err);
}

// A later one of the same caller counts from then and for its own blocks.
enum err store_tx_approve(struct store_tx *tx, const struct action_approval *a, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db,
                   "INSERT INTO approval (group_id, connection_id, action, actor_kind, actor, blocks, given) VALUES "
                   "(?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET blocks = excluded.blocks, given = excluded.given");
    query_cstr(&q, a->group_id);
    query_cstr(&q, a->connection_id);
    query_cstr(&q, action_name(a->action));
    query_cstr(&q, actor_kinds[a->actor_kind]);
    query_cstr(&q, a->actor);
    query_text(&q, a->blocks);
    query_wall(&q, a->given);
    return query_run(&q, err);
}

enum err store_approvals(struct store_reader *r, const struct action_approval *like, unsigned *ret, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT count(*) FROM approval WHERE group_id = ? AND connection_id = ? AND action = ? AND "
                          "blocks = ? AND given > ?");
    query_cstr(&q, like->group_id);
    query_cstr(&q, like->connection_id);
    query_cstr(&q, action_name(like->action));
    query_text(&q, like->blocks);
    query_wall(&q, like->given);
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code == ERR_OK) *ret = (unsigned)query_get_int(&q);
    return code;
}

enum err store_tx_approvals_end(struct store_tx *tx, const char *group_id, const char *connection_id, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "DELETE FROM approval WHERE group_id = ? AND connection_id = ?");
    query_cstr(&q, group_id);
    query_cstr(&q, connection_id);
    return query_run(&q, err);
}
