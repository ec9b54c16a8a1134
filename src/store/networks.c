// SPDX-License-Identifier: Apache-2.0
// Networks and their scan state. Called by: core (writes), reconcile, api, cli (reads). Must never: show a removed one.
#include "store/internal.h"

#define COLUMNS                                                                                                        \
    "group_id, id, account_id, region, vpc_id, cidrs, identity, identity_ref, mode, is_default, created, "             \
    "last_attempt, last_success, failures, failed, failure, protected"

static const char *const identity_names[] = {
    [IDENTITY_AMBIENT] = "ambient", [IDENTITY_PROFILE] = "profile", [IDENTITY_ROLE] = "role"};
static const char *const mode_names[] = {[NETWORK_OBSERVE] = "observe", [NETWORK_MANAGE] = "manage"};

int name_index(struct slice s, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (slice_eq_cstr(s, names[i])) return (int)i;
    ASSERT(!"the column's CHECK admits no other value");
    return 0;
}

static void get_network(struct query *q, struct arena *a, struct network *n)
{
    query_get_cstr(q, n->group_id, sizeof(n->group_id));
    query_get_cstr(q, n->id, sizeof(n->id));
    query_get_cstr(q, n->account_id, sizeof(n->account_id));
    query_get_cstr(q, n->region, sizeof(n->region));
    query_get_cstr(q, n->vpc_id, sizeof(n->vpc_id));
    n->cidrs = query_get_copy(q, a);
    n->identity = (enum identity_kind)name_index(query_get_text(q), identity_names, ARRAY_LEN(identity_names));
    query_get_cstr(q, n->identity_ref, sizeof(n->identity_ref));
    n->mode = (enum network_mode)name_index(query_get_text(q), mode_names, ARRAY_LEN(mode_names));
    n->is_default = query_get_bool(q);
    n->created = query_get_wall(q);
    n->last_attempt = query_get_wall(q);
    n->last_success = query_get_wall(q);
    n->failures = (uint32_t)query_get_int(q);
    n->failed = query_get_bool(q);
    n->failure = query_get_copy(q, a);
    n->is_protected = query_get_bool(q);
}

static enum err get_one(struct query *q, struct arena *a, const char *what, const char *id, struct network *ret,
                        struct error *err)
{
    bool row;
    enum err code = query_step(q, &row, err);
    if (code != ERR_OK) return code;
    if (!row) return no_row(err, what, id);
    struct network n;
    get_network(q, a, &n);
    code = query_check(q, err);
    if (code == ERR_OK) *ret = n;
    return code;
}

enum err store_networks(struct store_reader *r, const char *group_id, struct arena *a, struct network **ret,
                        size_t *ret_n, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, group_id ? "SELECT " COLUMNS " FROM network WHERE removed = 0 AND group_id = ? ORDER BY id"
                                   : "SELECT " COLUMNS " FROM network WHERE removed = 0 ORDER BY id");
    if (group_id) query_cstr(&q, group_id);
    struct rows rows = {.size = sizeof(struct network)};
    for (;;) {
        bool row;
        enum err code = query_step(&q, &row, err);
        if (code != ERR_OK) return code;
        if (!row) break;
        struct network *n = rows_add(&rows, a);
        if (!n) return rows_nomem(err);
        get_network(&q, a, n);
    }
    *ret = rows.p;
    *ret_n = rows.n;
    return ERR_OK;
}

enum err store_network_get(struct store_reader *r, const char *network_id, struct arena *a, struct network *ret,
                           struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT " COLUMNS " FROM network WHERE id = ? AND removed = 0");
    query_cstr(&q, network_id);
    return get_one(&q, a, "network", network_id, ret, err);
}

enum err store_network_default(struct store_reader *r, const char *group_id, const char *region, struct arena *a,
                               struct network *ret, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT " COLUMNS " FROM network WHERE group_id = ? AND region = ? AND is_default = 1 "
                          "AND removed = 0");
    query_cstr(&q, group_id);
    query_cstr(&q, region);
    return get_one(&q, a, "network in region", region, ret, err);
}

// Which group has the VPC, so that its owner can be asked.
static enum err bound_already(struct store_tx *tx, const struct network *n, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "SELECT group_id FROM network WHERE account_id = ? AND region = ? AND vpc_id = ? "
                                  "AND removed = 0");
    query_cstr(&q, n->account_id);
    query_cstr(&q, n->region);
    query_cstr(&q, n->vpc_id);
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code != ERR_OK) return code;
    if (!row) return error_set(err, ERR_EXISTS, "there is a default network in %s already", n->region);
    struct slice group = query_get_text(&q);
    return error_set(err, ERR_EXISTS, "%s of account %s in %s belongs to group %.*s already", n->vpc_id, n->account_id,
                     n->region, SLICE_FMT(group));
}

enum err store_tx_network_insert(struct store_tx *tx, const struct network *n, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "INSERT INTO network (" COLUMNS ", removed) "
                                  "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)");
    query_cstr(&q, n->group_id);
    query_cstr(&q, n->id);
    query_cstr(&q, n->account_id);
    query_cstr(&q, n->region);
    query_cstr(&q, n->vpc_id);
    query_text(&q, n->cidrs);
    query_cstr(&q, identity_names[n->identity]);
    query_cstr(&q, n->identity_ref);
    query_cstr(&q, mode_names[n->mode]);
    query_int(&q, n->is_default);
    query_wall(&q, n->created);
    query_wall(&q, n->last_attempt);
    query_wall(&q, n->last_success);
    query_int(&q, n->failures);
    query_int(&q, n->failed);
    query_text(&q, n->failure);
    query_int(&q, n->is_protected);
    enum err code = query_run(&q, err);
    if (code == ERR_EXISTS) return bound_already(tx, n, err);
    if (code == ERR_NOT_FOUND) return no_row(err, "group", n->group_id);
    tx->lists_changed = true;
    return code;
}

enum err store_tx_network_delete(struct store_tx *tx, const char *network_id, struct wall now, struct error *err)
{
    tx->lists_changed = true;
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "UPDATE network SET removed = ? WHERE id = ? AND removed = 0");
    query_wall(&q, now);
    query_cstr(&q, network_id);
    enum err code = query_run(&q, err);
    if (code == ERR_OK) code = need_change(tx, "network", network_id, err);
    if (code != ERR_OK) return code;
    struct query u CLEANUP(query_close) =
        query_open(tx->reader.db, "UPDATE connection SET listed = 0, changed = ? WHERE network_id = ? AND listed = 1");
    query_wall(&u, now);
    query_cstr(&u, network_id);
    return query_run(&u, err);
}

enum err store_tx_network_mode(struct store_tx *tx, const char *network_id, enum network_mode mode, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "UPDATE network SET mode = ? WHERE id = ? AND removed = 0");
    query_cstr(&q, mode_names[mode]);
    query_cstr(&q, network_id);
    enum err code = query_run(&q, err);
    return code == ERR_OK ? need_change(tx, "network", network_id, err) : code;
}

enum err store_network_busy(struct store_reader *r, const char *network_id, bool *ret, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT EXISTS (SELECT 1 FROM intent WHERE network_id = ?1 AND ended = 0) OR "
                          "EXISTS (SELECT 1 FROM route WHERE network_id = ?1)");
    query_cstr(&q, network_id);
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code != ERR_OK) return code;
    bool busy = query_get_bool(&q);
    code = query_check(&q, err);
    if (code == ERR_OK) *ret = busy;
    return code;
}

enum err store_tx_network_make_default(struct store_tx *tx, const char *network_id, struct error *err)
{
    tx->lists_changed = true;
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "UPDATE network SET is_default = 0 WHERE is_default = 1 AND removed = 0 AND "
                                  "(group_id, region) = (SELECT group_id, region FROM network WHERE id = ?)");
    query_cstr(&q, network_id);
    enum err code = query_run(&q, err);
    if (code != ERR_OK) return code;
    struct query u CLEANUP(query_close) =
        query_open(tx->reader.db, "UPDATE network SET is_default = 1 WHERE id = ? AND removed = 0");
    query_cstr(&u, network_id);
    code = query_run(&u, err);
    return code == ERR_OK ? need_change(tx, "network", network_id, err) : code;
}

enum err store_tx_network_cidrs(struct store_tx *tx, const char *network_id, struct slice cidrs, struct error *err)
{
    tx->lists_changed = true;
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "UPDATE network SET cidrs = ? WHERE id = ? AND removed = 0");
    query_text(&q, cidrs);
    query_cstr(&q, network_id);
    enum err code = query_run(&q, err);
    return code == ERR_OK ? need_change(tx, "network", network_id, err) : code;
}

// Whether what lists show of the scan state differs from what n says.
static enum err shows_change(struct store_tx *tx, const struct network *n, bool *ret, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "SELECT failed, failure FROM network WHERE id = ? AND removed = 0");
    query_cstr(&q, n->id);
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code != ERR_OK) return code;
    if (!row) return no_row(err, "network", n->id);
    bool failed = query_get_bool(&q);
    *ret = failed != n->failed || !slice_eq(query_get_text(&q), n->failure);
    return ERR_OK;
}

enum err store_tx_network_scan(struct store_tx *tx, const struct network *n, struct error *err)
{
    bool shown = false;
    enum err code = shows_change(tx, n, &shown, err);
    if (code != ERR_OK) return code;
    tx->lists_changed |= shown;
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "UPDATE network SET last_attempt = ?, last_success = ?, failures = ?, failed = ?, "
                                  "failure = ? WHERE id = ? AND removed = 0");
    query_wall(&q, n->last_attempt);
    query_wall(&q, n->last_success);
    query_int(&q, n->failures);
    query_int(&q, n->failed);
    query_text(&q, n->failure);
    query_cstr(&q, n->id);
    return query_run(&q, err);
}

enum err store_tx_network_protect(struct store_tx *tx, const char *network_id, bool on, bool *ret_changed,
                                  struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "UPDATE network SET protected = ?1 WHERE id = ?2 AND protected <> ?1");
    query_int(&q, on);
    query_cstr(&q, network_id);
    enum err code = query_run(&q, err);
    if (code == ERR_OK) *ret_changed = db_changes(tx->reader.db) > 0;
    return code;
}
