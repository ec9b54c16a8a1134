// SPDX-License-Identifier: Apache-2.0
// Rate limits that the operator has changed for one scope. Called by: core (writes), api and app (reads).
// Must never: judge a limit.
#include "store/internal.h"

#define COLUMNS "set_id, scope, capacity, refill, seconds, changed"

static void get(struct query *q, struct arena *a, void *row)
{
    struct limit_change *l = row;
    (void)a;
    query_get_cstr(q, l->set_id, sizeof(l->set_id));
    query_get_cstr(q, l->scope, sizeof(l->scope));
    l->capacity = (uint32_t)query_get_int(q);
    l->refill = (uint32_t)query_get_int(q);
    l->seconds = (uint32_t)query_get_int(q);
    l->changed = query_get_wall(q);
}

enum err store_limits(struct store_reader *r, struct arena *a, struct limit_change **ret, size_t *ret_n,
                      struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT " COLUMNS " FROM limit_override ORDER BY set_id, scope");
    struct rows rows = {.size = sizeof(struct limit_change)};
    enum err code = rows_collect(&q, a, &rows, get, err);
    if (code != ERR_OK) return code;
    *ret = rows.p;
    *ret_n = rows.n;
    return ERR_OK;
}

enum err store_limit_get(struct store_reader *r, const char *set_id, const char *scope, struct limit_change *ret,
                         struct error *err)
{
    struct limit_change l;
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT " COLUMNS " FROM limit_override WHERE set_id = ? AND scope = ?");
    query_cstr(&q, set_id);
    query_cstr(&q, scope);
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code != ERR_OK) return code;
    if (!row) return error_set(err, ERR_NOT_FOUND, "no limit of %s is set for %s", set_id, scope);
    get(&q, NULL, &l);
    code = query_check(&q, err);
    if (code == ERR_OK) *ret = l;
    return code;
}

enum err store_limit_count(struct store_reader *r, uint64_t *ret, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(r->db, "SELECT count(*) FROM limit_override");
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code == ERR_OK) *ret = (uint64_t)query_get_int(&q);
    return code;
}

enum err store_tx_limit_put(struct store_tx *tx, const struct limit_change *l, struct error *err)
{
    tx->lists_changed = true;
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "INSERT OR REPLACE INTO limit_override (" COLUMNS ") VALUES (?, ?, ?, ?, ?, ?)");
    query_cstr(&q, l->set_id);
    query_cstr(&q, l->scope);
    query_int(&q, l->capacity);
    query_int(&q, l->refill);
    query_int(&q, l->seconds);
    query_wall(&q, l->changed);
    return query_run(&q, err);
}

enum err store_tx_limit_delete(struct store_tx *tx, const char *set_id, const char *scope, struct error *err)
{
    tx->lists_changed = true;
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "DELETE FROM limit_override WHERE set_id = ? AND scope = ?");
    query_cstr(&q, set_id);
    query_cstr(&q, scope);
    enum err code = query_run(&q, err);
    return code == ERR_OK ? need_change(tx, "limit of", scope, err) : code;
}
