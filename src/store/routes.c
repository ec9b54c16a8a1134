// SPDX-License-Identifier: Apache-2.0
// Route tables of networks, blocks of requesters, and the routes between them that are wanted, made or to be removed.
// Called by: core (writes), reconcile, cli (reads). Must never: turn a row to removing for which no call of ours was
// ever made.
#include "store/internal.h"

// ---- tables and blocks ------------------------------------------------------------------------------------

enum err store_network_tables(struct store_reader *r, const char *network_id, struct arena *a, struct slice **ret,
                              size_t *ret_n, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT table_id FROM network_table WHERE (group_id, network_id) = "
                          "(SELECT group_id, id FROM network WHERE id = ?) ORDER BY table_id");
    query_cstr(&q, network_id);
    struct rows rows = {.size = sizeof(struct slice)};
    for (;;) {
        bool row;
        enum err code = query_step(&q, &row, err);
        if (code != ERR_OK) return code;
        if (!row) break;
        struct slice *s = rows_add(&rows, a);
        if (!s) return rows_nomem(err);
        *s = query_get_copy(&q, a);
    }
    *ret = rows.p;
    *ret_n = rows.n;
    return query_check(&q, err);
}

static enum err insert_table(struct store_tx *tx, const struct network *n, const char *table, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "INSERT INTO network_table (group_id, network_id, table_id) VALUES (?, ?, ?)");
    query_cstr(&q, n->group_id);
    query_cstr(&q, n->id);
    query_cstr(&q, table);
    enum err code = query_run(&q, err);
    return code == ERR_EXISTS ? error_set(err, code, "route table %s is named twice", table) : code;
}

enum err store_tx_network_tables(struct store_tx *tx, const struct network *n, const char *const *tables,
                                 unsigned table_count, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "DELETE FROM network_table WHERE group_id = ? AND network_id = ?");
    query_cstr(&q, n->group_id);
    query_cstr(&q, n->id);
    enum err code = query_run(&q, err);
    for (unsigned i = 0; code == ERR_OK && i < table_count; i++) code = insert_table(tx, n, tables[i], err);
    return code;
}

enum err store_peer_cidrs(struct store_reader *r, const char *connection_id, struct arena *a, struct peer_cidr **ret,
                          size_t *ret_n, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT cidr, approved, since FROM peer_cidr WHERE (group_id, connection_id) = "
                          "(SELECT group_id, id FROM connection WHERE id = ?) ORDER BY cidr");
    query_cstr(&q, connection_id);
    struct rows rows = {.size = sizeof(struct peer_cidr)};
    for (;;) {
        bool row;
        enum err code = query_step(&q, &row, err);
        if (code != ERR_OK) return code;
        if (!row) break;
        struct peer_cidr *p = rows_add(&rows, a);
        if (!p) return rows_nomem(err);
        query_get_cstr(&q, p->cidr, sizeof(p->cidr));
        p->approved = query_get_bool(&q);
        p->since = query_get_wall(&q);
    }
    *ret = rows.p;
    *ret_n = rows.n;
    return query_check(&q, err);
}

enum err store_tx_peer_cidr(struct store_tx *tx, const struct connection *c, struct slice cidr, bool approved,
                            struct wall now, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "INSERT INTO peer_cidr (group_id, connection_id, cidr, approved, since) "
                                  "VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET approved = 1, "
                                  "since = excluded.since WHERE approved < excluded.approved");
    query_cstr(&q, c->group_id);
    query_cstr(&q, c->id);
    query_text(&q, cidr);
    query_int(&q, approved);
    query_wall(&q, now);
    return query_run(&q, err);
}

enum err store_tx_peer_cidrs_forget(struct store_tx *tx, const char *connection_id, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "DELETE FROM peer_cidr WHERE (group_id, connection_id) = "
                                  "(SELECT group_id, id FROM connection WHERE id = ?)");
    query_cstr(&q, connection_id);
    return query_run(&q, err);
}

// ---- which routes shall be --------------------------------------------------------------------------------

// All statements bind the id of the network or connection, and the time.
#define DESIRED(status, scope)                                                                                         \
    "FROM connection AS c JOIN network AS n ON n.id = c.network_id "                                                   \
    "JOIN network_table AS t ON t.group_id = n.group_id AND t.network_id = n.id "                                      \
    "JOIN peer_cidr AS p ON p.group_id = c.group_id AND p.connection_id = c.id "                                       \
    "WHERE c.listed = 1 AND c.cloud_status " status " AND p.approved = 1 "                                             \
    "AND instr(' ' || c.requester_cidrs || ' ', ' ' || p.cidr || ' ') > 0 AND " scope
// New ones while it is active; those that are there stay until its end: a status that goes back is an old answer, and
// one that we do not know is no reason to cut the traffic.
#define NOW_ACTIVE "= 'active'"
#define NOT_ENDED  "NOT IN ('deleting', 'deleted', 'rejected', 'failed', 'expired')"
#define ADD(scope)                                                                                                     \
    "INSERT INTO route (group_id, connection_id, network_id, table_id, cidr, state, ours, tried, changed, "            \
    "not_before, reason) SELECT c.group_id, c.id, c.network_id, t.table_id, p.cidr, 'wanted', 0, 0, ?2, 0, "           \
    "'' " DESIRED(NOW_ACTIVE,                                                                                          \
                  scope) " ON CONFLICT DO UPDATE SET state = 'wanted', changed = ?2, not_before = 0, reason = '' "     \
                         "WHERE state = 'removing'"
#define NOT_DESIRED(rows, scope)                                                                                       \
    rows " AND ?2 > 0 AND (connection_id, table_id, cidr) NOT IN (SELECT c.id, t.table_id, p.cidr " DESIRED(NOT_ENDED, \
                                                                                                            scope) ")"
#define DROP(rows, scope) "DELETE FROM route WHERE ours = 0 AND tried = 0 AND " NOT_DESIRED(rows, scope)
#define REMOVE(rows, scope)                                                                                            \
    "UPDATE route SET state = 'removing', changed = ?2, not_before = 0, reason = '' WHERE state <> 'removing' "        \
    "AND " NOT_DESIRED(rows, scope)

#define ONE_ROWS  "(group_id, connection_id) = (SELECT group_id, id FROM connection WHERE id = ?1)"
#define ONE_SCOPE "c.id = ?1"
#define NET_ROWS  "network_id = ?1"
#define NET_SCOPE "c.network_id = ?1"
static const char *const follow_one[] = {ADD(ONE_SCOPE), DROP(ONE_ROWS, ONE_SCOPE), REMOVE(ONE_ROWS, ONE_SCOPE)};
static const char *const follow_network[] = {ADD(NET_SCOPE), DROP(NET_ROWS, NET_SCOPE), REMOVE(NET_ROWS, NET_SCOPE)};

enum err store_tx_routes_follow(struct store_tx *tx, const char *network_id, const char *connection_id, struct wall now,
                                uint64_t *ret_n, struct error *err)
{
    uint64_t n = 0;
    for (size_t i = 0; i < ARRAY_LEN(follow_one); i++) {
        struct query q CLEANUP(query_close) =
            query_open(tx->reader.db, connection_id ? follow_one[i] : follow_network[i]);
        query_cstr(&q, connection_id ? connection_id : network_id);
        query_wall(&q, now);
        enum err code = query_run(&q, err);
        if (code != ERR_OK) return code;
        n += (uint64_t)db_changes(tx->reader.db);
    }
    *ret_n = n;
    return ERR_OK;
}

// ---- rows -------------------------------------------------------------------------------------------------

#define COLUMNS                                                                                                        \
    "r.group_id, r.connection_id, r.network_id, r.table_id, r.cidr, r.state, r.ours, r.tried, r.changed, "             \
    "r.not_before, r.reason"

static void get_route(struct query *q, struct arena *a, void *row)
{
    struct peer_route *r = row;
    query_get_cstr(q, r->group_id, sizeof(r->group_id));
    query_get_cstr(q, r->connection_id, sizeof(r->connection_id));
    query_get_cstr(q, r->network_id, sizeof(r->network_id));
    query_get_cstr(q, r->table_id, sizeof(r->table_id));
    query_get_cstr(q, r->cidr, sizeof(r->cidr));
    bool known = peer_route_state_parse(query_get_text(q), &r->state);
    ASSERT(known); // the column's CHECK admits no other value
    r->ours = query_get_bool(q);
    r->tried = query_get_wall(q);
    r->changed = query_get_wall(q);
    r->not_before = query_get_wall(q);
    r->reason = query_get_copy(q, a);
}

#define DUE                                                                                                            \
    "FROM route AS r INDEXED BY route_due WHERE r.state <> 'made' AND (r.state <> 'conflict' OR r.not_before > 0) "    \
    "AND " MAY_WRITE("r")

enum err store_routes_due(struct store_reader *r, struct wall now, size_t max, struct arena *a, struct peer_route **ret,
                          size_t *ret_n, struct wall *ret_next, struct error *err)
{
    static const struct due_query d = {"SELECT " COLUMNS " " DUE " AND r.not_before <= ? ORDER BY r.not_before LIMIT ?",
                                       "SELECT r.not_before " DUE " AND r.not_before > ? ORDER BY r.not_before LIMIT 1",
                                       sizeof(struct peer_route), get_route};
    void *rows;
    enum err code = due_read(r, &d, now, max, a, &rows, ret_n, ret_next, err);
    if (code == ERR_OK) *ret = rows;
    return code;
}

enum err store_routes(struct store_reader *r, const char *network_id, const char *connection_id, struct arena *a,
                      struct peer_route **ret, size_t *ret_n, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT " COLUMNS " FROM route AS r WHERE r.network_id = ?1 AND "
                          "(?2 = '' OR r.connection_id = ?2) ORDER BY r.connection_id, r.table_id, r.cidr");
    query_cstr(&q, network_id);
    query_cstr(&q, connection_id ? connection_id : "");
    struct rows rows = {.size = sizeof(struct peer_route)};
    enum err code = rows_collect(&q, a, &rows, get_route, err);
    if (code != ERR_OK) return code;
    *ret = rows.p;
    *ret_n = rows.n;
    return ERR_OK;
}

static void bind_key(struct query *q, const struct peer_route *key)
{
    query_cstr(q, key->group_id);
    query_cstr(q, key->connection_id);
    query_cstr(q, key->table_id);
    query_cstr(q, key->cidr);
}

#define BY_KEY " WHERE group_id = ? AND connection_id = ? AND table_id = ? AND cidr = ?"

enum err store_route_get(struct store_reader *r, const struct peer_route *key, struct arena *a, struct peer_route *ret,
                         struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(r->db, "SELECT " COLUMNS " FROM route AS r" BY_KEY);
    bind_key(&q, key);
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code != ERR_OK) return code;
    if (!row) return no_row(err, "route to", key->cidr);
    struct peer_route route;
    get_route(&q, a, &route);
    code = query_check(&q, err);
    if (code == ERR_OK) *ret = route;
    return code;
}

enum err store_tx_route_update(struct store_tx *tx, const struct peer_route *row, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "UPDATE route SET state = ?, ours = ?, tried = ?, changed = ?, not_before = ?, "
                                  "reason = ?" BY_KEY);
    query_cstr(&q, peer_route_state_name(row->state));
    query_int(&q, row->ours);
    query_wall(&q, row->tried);
    query_wall(&q, row->changed);
    query_wall(&q, row->not_before);
    query_text(&q, row->reason);
    bind_key(&q, row);
    enum err code = query_run(&q, err);
    return code == ERR_OK ? need_change(tx, "route to", row->cidr, err) : code;
}

enum err store_tx_route_delete(struct store_tx *tx, const struct peer_route *row, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(tx->reader.db, "DELETE FROM route" BY_KEY);
    bind_key(&q, row);
    return query_run(&q, err);
}

enum err store_tx_routes_forget(struct store_tx *tx, const char *network_id, uint64_t *ret_left, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "SELECT count(*) FROM route WHERE network_id = ? AND (ours = 1 OR tried > 0)");
    query_cstr(&q, network_id);
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code != ERR_OK) return code;
    *ret_left = (uint64_t)query_get_int(&q);
    static const char *const steps[] = {
        "DELETE FROM route WHERE network_id = ?",
        "DELETE FROM peer_cidr WHERE connection_id IN (SELECT id FROM connection WHERE network_id = ?)",
        "DELETE FROM network_table WHERE network_id = ?",
        "DELETE FROM freeze WHERE network_id = ?",
        "DELETE FROM finish WHERE network_id = ?",
        "DELETE FROM network_option WHERE network_id = ?",
    };
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        struct query d CLEANUP(query_close) = query_open(tx->reader.db, steps[i]);
        query_cstr(&d, network_id);
        code = query_run(&d, err);
        if (code != ERR_OK) return code;
    }
    return ERR_OK;
}
