// SPDX-License-Identifier: Apache-2.0
// Intents: what is asked of the cloud, live and ended. Called by: core (writes), reconcile, api, cli (reads).
// Must never: let a connection have two live ones (an index sees to it), or delete one.
#include "store/internal.h"

#define COLUMNS                                                                                                        \
    "i.group_id, i.id, i.connection_id, i.network_id, i.action, i.requested, i.not_before, i.last_attempt, "           \
    "i.attempts, i.uncertain, i.held, i.epoch, i.outcome, i.ended, i.reason, i.actor_kind, i.actor, i.rule"

static void get_intent(struct query *q, struct arena *a, void *row)
{
    struct intent *i = row;
    query_get_cstr(q, i->group_id, sizeof(i->group_id));
    query_get_cstr(q, i->id, sizeof(i->id));
    query_get_cstr(q, i->connection_id, sizeof(i->connection_id));
    query_get_cstr(q, i->network_id, sizeof(i->network_id));
    bool known = action_parse(query_get_text(q), &i->action);
    i->requested = query_get_wall(q);
    i->not_before = query_get_wall(q);
    i->last_attempt = query_get_wall(q);
    i->attempts = (uint32_t)query_get_int(q);
    i->uncertain = query_get_bool(q);
    i->held = query_get_bool(q);
    i->epoch = (uint64_t)query_get_int(q);
    known &= intent_end_parse(query_get_text(q), &i->end);
    ASSERT(known); // the columns' CHECKs admit no other values
    i->ended = query_get_wall(q);
    i->reason = query_get_copy(q, a);
    i->actor_kind = (enum principal_kind)name_index(query_get_text(q), actor_kinds, ACTOR_KINDS);
    query_get_cstr(q, i->actor, sizeof(i->actor));
    i->rule = query_get_copy(q, a);
}

// ---- reads ------------------------------------------------------------------------------------------------

#define DUE "FROM intent AS i INDEXED BY intent_due WHERE i.ended = 0 AND i.held = 0 AND " MAY_WRITE("i")

enum err store_intents_due(struct store_reader *r, struct wall now, size_t max, struct arena *a, struct intent **ret,
                           size_t *ret_n, struct wall *ret_next, struct error *err)
{
    static const struct due_query d = {"SELECT " COLUMNS " " DUE
                                       " AND i.not_before <= ? ORDER BY i.not_before, i.id LIMIT ?",
                                       "SELECT i.not_before " DUE " AND i.not_before > ? ORDER BY i.not_before LIMIT 1",
                                       sizeof(struct intent), get_intent};
    void *rows;
    enum err code = due_read(r, &d, now, max, a, &rows, ret_n, ret_next, err);
    if (code == ERR_OK) *ret = rows;
    return code;
}

enum err store_intents(struct store_reader *r, const char *group_id, bool ended_too, struct page page, struct arena *a,
                       struct intent **ret, size_t *ret_n, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT " COLUMNS " FROM intent AS i WHERE (?1 = '' OR i.group_id = ?1) AND "
                          "(?2 OR i.ended = 0) ORDER BY i.id DESC LIMIT ?3 OFFSET ?4");
    query_cstr(&q, group_id ? group_id : "");
    query_int(&q, ended_too);
    query_int(&q, page.size);
    query_int(&q, page_offset(page));
    struct rows rows = {.size = sizeof(struct intent)};
    enum err code = rows_collect(&q, a, &rows, get_intent, err);
    if (code != ERR_OK) return code;
    *ret = rows.p;
    *ret_n = rows.n;
    return ERR_OK;
}

enum err store_intents_count(struct store_reader *r, const char *group_id, bool ended_too, uint64_t *ret,
                             struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(
        r->db, "SELECT count(*) FROM intent AS i WHERE (?1 = '' OR i.group_id = ?1) AND (?2 OR i.ended = 0)");
    query_cstr(&q, group_id ? group_id : "");
    query_int(&q, ended_too);
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code == ERR_OK) *ret = row ? (uint64_t)query_get_int(&q) : 0;
    return code;
}

enum err store_intent_get(struct store_reader *r, const char *id, struct arena *a, struct intent *ret,
                          struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(r->db, "SELECT " COLUMNS " FROM intent AS i WHERE i.id = ?");
    query_cstr(&q, id);
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code != ERR_OK) return code;
    if (!row) return no_row(err, "intent", id);
    struct intent i;
    get_intent(&q, a, &i);
    code = query_check(&q, err);
    if (code == ERR_OK) *ret = i;
    return code;
}

// ---- writes -----------------------------------------------------------------------------------------------

enum err store_tx_intent_insert(struct store_tx *tx, const struct intent *i, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(
        tx->reader.db,
        "INSERT INTO intent (group_id, id, connection_id, network_id, action, requested, not_before, last_attempt, "
        "attempts, uncertain, held, epoch, outcome, ended, reason, actor_kind, actor, rule) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0, 0, 'live', 0, '', ?, ?, ?)");
    query_cstr(&q, i->group_id);
    query_cstr(&q, i->id);
    query_cstr(&q, i->connection_id);
    query_cstr(&q, i->network_id);
    query_cstr(&q, action_name(i->action));
    query_wall(&q, i->requested);
    query_wall(&q, i->not_before);
    query_cstr(&q, actor_kinds[i->actor_kind]);
    query_cstr(&q, i->actor);
    query_text(&q, i->rule);
    enum err code = query_run(&q, err);
    if (code == ERR_EXISTS)
        return error_set(err, code, "connection %s has an action under way already", i->connection_id);
    return code == ERR_NOT_FOUND ? no_row(err, "connection", i->connection_id) : code;
}

enum err store_tx_intent_update(struct store_tx *tx, const struct intent *i, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "UPDATE intent SET not_before = ?, last_attempt = ?, attempts = ?, uncertain = ?, "
                                  "held = ?, epoch = ?, reason = ? WHERE id = ? AND ended = 0");
    query_wall(&q, i->not_before);
    query_wall(&q, i->last_attempt);
    query_int(&q, i->attempts);
    query_int(&q, i->uncertain);
    query_int(&q, i->held);
    query_int(&q, (int64_t)i->epoch);
    query_text(&q, i->reason);
    query_cstr(&q, i->id);
    enum err code = query_run(&q, err);
    return code == ERR_OK ? need_change(tx, "live intent", i->id, err) : code;
}

enum err store_tx_intent_end(struct store_tx *tx, const char *connection_id, enum intent_end end, struct slice reason,
                             struct wall now, struct error *err)
{
    ASSERT(end != INTENT_LIVE);
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "UPDATE intent SET outcome = ?, reason = ?, ended = ?, uncertain = 0, held = 0 "
                                  "WHERE connection_id = ? AND ended = 0");
    query_cstr(&q, intent_end_name(end));
    query_text(&q, reason);
    query_wall(&q, now);
    query_cstr(&q, connection_id);
    return query_run(&q, err);
}

enum err store_tx_intents_drop(struct store_tx *tx, const char *network_id, struct slice reason, struct wall now,
                               uint64_t *ret_n, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "UPDATE intent SET outcome = 'dropped', reason = ?, ended = ?, uncertain = 0, "
                                  "held = 0 WHERE network_id = ? AND ended = 0");
    query_text(&q, reason);
    query_wall(&q, now);
    query_cstr(&q, network_id);
    enum err code = query_run(&q, err);
    if (code == ERR_OK) *ret_n = (uint64_t)db_changes(tx->reader.db);
    return code;
}

enum err store_tx_intents_release(struct store_tx *tx, const char *group_id, uint64_t *ret_n, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(
        tx->reader.db, "UPDATE intent SET held = 0 WHERE ended = 0 AND held = 1 AND (?1 = '' OR group_id = ?1)");
    query_cstr(&q, group_id ? group_id : "");
    enum err code = query_run(&q, err);
    if (code == ERR_OK) *ret_n = (uint64_t)db_changes(tx->reader.db);
    return code;
}
