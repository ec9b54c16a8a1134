// SPDX-License-Identifier: Apache-2.0
// Policies, expected requests, and what they are decided on. Called by: core (writes), api and cli (reads).
// Must never: let an expected request be used twice.
#include "store/internal.h"

// ---- policies ---------------------------------------------------------------------------------------------

static void get_rule(struct query *q, struct arena *a, struct policy_rule *r)
{
    query_get_cstr(q, r->name, sizeof(r->name));
    bool known = policy_action_parse(query_get_text(q), &r->action);
    ASSERT(known); // the column's CHECK admits no other value
    r->accounts = query_get_copy(q, a);
    r->vpcs = query_get_copy(q, a);
    r->cidrs = query_get_copy(q, a);
    r->allow_shared = query_get_bool(q);
    query_get_cstr(q, r->target, sizeof(r->target));
}

static enum err rules_of(struct store_reader *r, const char *group_id, struct arena *a, struct rows *rows,
                         struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT name, action, accounts, vpcs, cidrs, allow_shared, target_group FROM policy_rule "
                          "WHERE group_id = ? ORDER BY position");
    query_cstr(&q, group_id);
    for (;;) {
        bool row;
        enum err code = query_step(&q, &row, err);
        if (code != ERR_OK || !row) return code;
        struct policy_rule *rule = rows_add(rows, a);
        if (!rule) return rows_nomem(err);
        get_rule(&q, a, rule);
    }
}

static enum err head_of(struct store_reader *r, const char *group_id, struct policy *p, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT group_id, enabled, version, changed, actor FROM policy WHERE group_id = ?");
    query_cstr(&q, group_id);
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code != ERR_OK) return code;
    if (!row) {
        bool fits = cstr_set(p->group_id, sizeof(p->group_id), group_id);
        ASSERT(fits); // the id of a group's row
        return ERR_OK;
    }
    query_get_cstr(&q, p->group_id, sizeof(p->group_id));
    p->enabled = query_get_bool(&q);
    p->version = (uint64_t)query_get_int(&q);
    p->changed = query_get_wall(&q);
    query_get_cstr(&q, p->actor, sizeof(p->actor));
    return query_check(&q, err);
}

enum err store_policy_get(struct store_reader *r, const char *group_id, struct arena *a, struct policy *ret,
                          struct error *err)
{
    struct policy p = {.version = 0};
    struct rows rows = {.size = sizeof(struct policy_rule)};
    enum err code = reader_begin(r, err);
    if (code != ERR_OK) return code;
    code = head_of(r, group_id, &p, err);
    if (code == ERR_OK) code = rules_of(r, group_id, a, &rows, err);
    reader_end(r);
    if (code != ERR_OK) return code;
    p.rules = rows.p;
    p.rule_count = rows.n;
    *ret = p;
    return ERR_OK;
}

enum err store_policy_any(struct store_reader *r, bool *ret, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(r->db, "SELECT 1 FROM policy WHERE enabled = 1 LIMIT 1");
    return query_step(&q, ret, err);
}

enum err store_tx_policy_put(struct store_tx *tx, const struct policy *p, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(
        tx->reader.db, "INSERT INTO policy (group_id, enabled, version, changed, actor) VALUES (?, ?, ?, ?, ?) ON "
                       "CONFLICT DO UPDATE SET enabled = excluded.enabled, version = excluded.version, "
                       "changed = excluded.changed, actor = excluded.actor");
    query_cstr(&q, p->group_id);
    query_int(&q, p->enabled);
    query_int(&q, (int64_t)p->version);
    query_wall(&q, p->changed);
    query_cstr(&q, p->actor);
    enum err code = query_run(&q, err);
    return code == ERR_NOT_FOUND ? no_row(err, "group", p->group_id) : code;
}

static enum err insert_rule(struct store_tx *tx, const struct policy *p, size_t i, struct error *err)
{
    const struct policy_rule *rule = &p->rules[i];
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "INSERT INTO policy_rule (group_id, position, name, action, accounts, vpcs, cidrs, "
                                  "allow_shared, target_group) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    query_cstr(&q, p->group_id);
    query_int(&q, (int64_t)i);
    query_cstr(&q, rule->name);
    query_cstr(&q, policy_action_name(rule->action));
    query_text(&q, rule->accounts);
    query_text(&q, rule->vpcs);
    query_text(&q, rule->cidrs);
    query_int(&q, rule->allow_shared);
    query_cstr(&q, rule->target);
    enum err code = query_run(&q, err);
    return code == ERR_EXISTS ? error_set(err, code, "two rules are named %s", rule->name) : code;
}

enum err store_tx_policy_rules(struct store_tx *tx, const struct policy *p, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(tx->reader.db, "DELETE FROM policy_rule WHERE group_id = ?");
    query_cstr(&q, p->group_id);
    enum err code = query_run(&q, err);
    for (size_t i = 0; code == ERR_OK && i < p->rule_count; i++) code = insert_rule(tx, p, i, err);
    return code;
}

// ---- expected requests ------------------------------------------------------------------------------------

#define EXPECTED_COLUMNS                                                                                               \
    "group_id, id, account, vpc, cidrs, allow_shared, owner, ticket, created, valid_until, actor, used, used_by"

#define EXPECTED_WHERE " FROM expected WHERE group_id = ?1 AND (?2 = 0 OR (used = 0 AND valid_until > ?2)) "

static void get_expected(struct query *q, struct arena *a, void *row)
{
    struct expected *e = row;
    query_get_cstr(q, e->group_id, sizeof(e->group_id));
    query_get_cstr(q, e->id, sizeof(e->id));
    query_get_cstr(q, e->account, sizeof(e->account));
    query_get_cstr(q, e->vpc, sizeof(e->vpc));
    e->cidrs = query_get_copy(q, a);
    e->allow_shared = query_get_bool(q);
    e->owner = query_get_copy(q, a);
    e->ticket = query_get_copy(q, a);
    e->created = query_get_wall(q);
    e->valid_until = query_get_wall(q);
    query_get_cstr(q, e->actor, sizeof(e->actor));
    e->used = query_get_wall(q);
    query_get_cstr(q, e->used_by, sizeof(e->used_by));
}

static enum err expected_rows(struct store_reader *r, const char *group_id, struct wall open_at, int64_t limit,
                              int64_t offset, struct arena *a, struct rows *rows, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT " EXPECTED_COLUMNS EXPECTED_WHERE "ORDER BY id LIMIT ?3 OFFSET ?4");
    query_cstr(&q, group_id);
    query_wall(&q, open_at);
    query_int(&q, limit);
    query_int(&q, offset);
    return rows_collect(&q, a, rows, get_expected, err);
}

enum err store_expected(struct store_reader *r, const char *group_id, struct wall open_at, struct arena *a,
                        struct expected **ret, size_t *ret_n, struct error *err)
{
    struct rows rows = {.size = sizeof(struct expected)};
    enum err code = expected_rows(r, group_id, open_at, -1, 0, a, &rows, err);
    if (code != ERR_OK) return code;
    *ret = rows.p;
    *ret_n = rows.n;
    return ERR_OK;
}

static enum err count_expected(struct store_reader *r, const char *group_id, struct wall open_at, uint64_t *ret,
                               struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(r->db, "SELECT count(*)" EXPECTED_WHERE);
    query_cstr(&q, group_id);
    query_wall(&q, open_at);
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code == ERR_OK) *ret = (uint64_t)query_get_int(&q);
    return code;
}

enum err store_expected_page(struct store_reader *r, const char *group_id, struct wall open_at, struct page page,
                             struct arena *a, struct expected **ret, size_t *ret_n, uint64_t *ret_total,
                             struct error *err)
{
    struct rows rows = {.size = sizeof(struct expected)};
    uint64_t total = 0;
    enum err code = reader_begin(r, err);
    if (code != ERR_OK) return code;
    code = count_expected(r, group_id, open_at, &total, err);
    if (code == ERR_OK) code = expected_rows(r, group_id, open_at, page.size, page_offset(page), a, &rows, err);
    reader_end(r);
    if (code != ERR_OK) return code;
    *ret = rows.p;
    *ret_n = rows.n;
    *ret_total = total;
    return ERR_OK;
}

enum err store_expected_get(struct store_reader *r, const char *group_id, const char *id, struct arena *a,
                            struct expected *ret, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT " EXPECTED_COLUMNS " FROM expected WHERE group_id = ? AND id = ?");
    query_cstr(&q, group_id);
    query_cstr(&q, id);
    struct rows rows = {.size = sizeof(struct expected)};
    enum err code = rows_collect(&q, a, &rows, get_expected, err);
    if (code != ERR_OK) return code;
    if (rows.n == 0) return no_row(err, "expected request", id);
    *ret = *(const struct expected *)rows.p;
    return ERR_OK;
}

enum err store_tx_expected_insert(struct store_tx *tx, const struct expected *e, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "INSERT INTO expected (" EXPECTED_COLUMNS ") VALUES "
                                  "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    query_cstr(&q, e->group_id);
    query_cstr(&q, e->id);
    query_cstr(&q, e->account);
    query_cstr(&q, e->vpc);
    query_text(&q, e->cidrs);
    query_int(&q, e->allow_shared);
    query_text(&q, e->owner);
    query_text(&q, e->ticket);
    query_wall(&q, e->created);
    query_wall(&q, e->valid_until);
    query_cstr(&q, e->actor);
    query_wall(&q, e->used);
    query_cstr(&q, e->used_by);
    return query_run(&q, err);
}

enum err store_tx_expected_delete(struct store_tx *tx, const char *group_id, const char *id, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "DELETE FROM expected WHERE group_id = ? AND id = ?");
    query_cstr(&q, group_id);
    query_cstr(&q, id);
    enum err code = query_run(&q, err);
    return code == ERR_OK ? need_change(tx, "expected request", id, err) : code;
}

enum err store_tx_expected_prune(struct store_tx *tx, const char *group_id, struct wall before, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "DELETE FROM expected WHERE group_id = ?1 AND (valid_until < ?2 OR "
                                  "(used > 0 AND used < ?2))");
    query_cstr(&q, group_id);
    query_wall(&q, before);
    return query_run(&q, err);
}

enum err store_tx_expected_use(struct store_tx *tx, const char *id, const char *name, struct wall now,
                               struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "UPDATE expected SET used = ?, used_by = ? WHERE id = ? AND used = 0");
    query_wall(&q, now);
    query_cstr(&q, name);
    query_cstr(&q, id);
    enum err code = query_run(&q, err);
    return code == ERR_OK ? need_change(tx, "unused expected request", id, err) : code;
}

// ---- what is decided on -----------------------------------------------------------------------------------

#define UNDECIDED(index)                                                                                               \
    "SELECT " CONNECTION_COLUMNS ", (SELECT w.group_id FROM network AS w WHERE w.id = network_id), "                   \
    "coalesce((SELECT h.rule FROM policy_hold AS h WHERE h.group_id = c.group_id AND h.connection_id = c.id), ''), "   \
    "coalesce((SELECT h.reason FROM policy_hold AS h WHERE h.group_id = c.group_id AND h.connection_id = c.id), '') "  \
    "FROM connection AS c INDEXED BY " index " WHERE listed = 1 AND cloud_status = 'pending-acceptance' AND "          \
    " local_status = 'NONE' AND id > ?2 AND "                                                                          \
    "NOT EXISTS (SELECT 1 FROM intent AS i WHERE i.connection_id = c.id) AND "                                         \
    "NOT EXISTS (SELECT 1 FROM approval AS p WHERE p.group_id = c.group_id AND p.connection_id = c.id) AND "
#define UNDECIDED_END " = ?1 ORDER BY id LIMIT ?3"

enum err store_undecided(struct store_reader *r, const char *group_id, const char *network_id, const char *after,
                         size_t max, struct arena *a, struct undecided **ret, size_t *ret_n, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, group_id ? UNDECIDED("connection_by_status") "c.group_id" UNDECIDED_END
                                   : UNDECIDED("connection_of_network") "network_id" UNDECIDED_END);
    query_cstr(&q, group_id ? group_id : network_id);
    query_cstr(&q, after);
    query_int(&q, (int64_t)MIN(max, (size_t)INT32_MAX));
    struct rows rows = {.size = sizeof(struct undecided)};
    for (;;) {
        bool row;
        enum err code = query_step(&q, &row, err);
        if (code != ERR_OK) return code;
        if (!row) break;
        struct undecided *u = rows_add(&rows, a);
        if (!u) return rows_nomem(err);
        get_connection(&q, a, &u->row);
        query_get_cstr(&q, u->network_group, sizeof(u->network_group));
        u->rule = query_get_copy(&q, a);
        u->reason = query_get_copy(&q, a);
    }
    *ret = rows.p;
    *ret_n = rows.n;
    return ERR_OK;
}

enum err store_live_peers(struct store_reader *r, const char *network_id, struct arena *a, struct policy_peer **ret,
                          size_t *ret_n, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT name, requester_cidrs FROM connection INDEXED BY connection_of_network "
                          "WHERE network_id = ? AND listed = 1 AND (cloud_status IN ('provisioning', 'active', "
                          "'deleting') OR (cloud_status = 'pending-acceptance' AND local_status IN ('REQUEST_ACCEPT', "
                          "'ACCEPT_REQUESTED'))) ORDER BY name");
    query_cstr(&q, network_id);
    struct rows rows = {.size = sizeof(struct policy_peer)};
    for (;;) {
        bool row;
        enum err code = query_step(&q, &row, err);
        if (code != ERR_OK) return code;
        if (!row) break;
        struct policy_peer *p = rows_add(&rows, a);
        if (!p) return rows_nomem(err);
        query_get_cstr(&q, p->name, sizeof(p->name));
        p->cidrs = query_get_copy(&q, a);
    }
    *ret = rows.p;
    *ret_n = rows.n;
    return query_check(&q, err);
}

enum err store_tx_policy_hold(struct store_tx *tx, const struct connection *c, struct slice rule, struct slice reason,
                              struct wall now, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db,
                   "INSERT INTO policy_hold (group_id, connection_id, rule, reason, since) VALUES (?, ?, ?, ?, ?) "
                   "ON CONFLICT DO UPDATE SET rule = excluded.rule, reason = excluded.reason, since = excluded.since");
    query_cstr(&q, c->group_id);
    query_cstr(&q, c->id);
    query_text(&q, rule);
    query_text(&q, reason);
    query_wall(&q, now);
    return query_run(&q, err);
}

enum err store_tx_policy_hold_end(struct store_tx *tx, const char *connection_id, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "DELETE FROM policy_hold WHERE (group_id, connection_id) = "
                                  "(SELECT group_id, id FROM connection WHERE id = ?)");
    query_cstr(&q, connection_id);
    return query_run(&q, err);
}

enum err store_tx_connection_hand_over(struct store_tx *tx, const char *id, const char *group_id, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(tx->reader.db, "UPDATE connection SET group_id = ? WHERE id = ?");
    query_cstr(&q, group_id);
    query_cstr(&q, id);
    tx->lists_changed = true;
    enum err code = query_run(&q, err);
    if (code == ERR_NOT_FOUND) return no_row(err, "group", group_id);
    return code == ERR_OK ? need_change(tx, "connection", id, err) : code;
}
