// SPDX-License-Identifier: Apache-2.0
// Freezes: for what nothing is written to the cloud. Called by: core (writes), cli (reads), intents.c and routes.c (the
// same condition in their statements). Must never: be asked after a cloud call instead of before.
#include "store/internal.h"

enum err store_freezes(struct store_reader *r, struct arena *a, struct freeze **ret, size_t *ret_n, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT group_id, network_id, since, why, actor FROM freeze ORDER BY group_id, network_id");
    struct rows rows = {.size = sizeof(struct freeze)};
    for (;;) {
        bool row;
        enum err code = query_step(&q, &row, err);
        if (code != ERR_OK) return code;
        if (!row) break;
        struct freeze *f = rows_add(&rows, a);
        if (!f) return rows_nomem(err);
        query_get_cstr(&q, f->group_id, sizeof(f->group_id));
        query_get_cstr(&q, f->network_id, sizeof(f->network_id));
        f->since = query_get_wall(&q);
        f->why = query_get_copy(&q, a);
        query_get_cstr(&q, f->actor, sizeof(f->actor));
    }
    *ret = rows.p;
    *ret_n = rows.n;
    return ERR_OK;
}

enum err store_writes_allowed(struct store_reader *r, const char *group_id, const char *network_id, bool *ret,
                              struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT " MAY_WRITE("k") " FROM (SELECT ? AS group_id, ? AS network_id) AS k");
    query_cstr(&q, group_id);
    query_cstr(&q, network_id);
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code == ERR_OK) *ret = row && query_get_bool(&q);
    return code;
}

enum err store_tx_freeze(struct store_tx *tx, const struct freeze *f, bool on, bool *ret_changed, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, on ? "INSERT INTO freeze (group_id, network_id, since, why, actor) "
                                       "VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
                                     : "DELETE FROM freeze WHERE group_id = ? AND network_id = ?");
    query_cstr(&q, f->group_id);
    query_cstr(&q, f->network_id);
    if (on) {
        query_wall(&q, f->since);
        query_text(&q, f->why);
        query_cstr(&q, f->actor);
    }
    enum err code = query_run(&q, err);
    if (code == ERR_OK) *ret_changed = db_changes(tx->reader.db) > 0;
    return code;
}
