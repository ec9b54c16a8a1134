// SPDX-License-Identifier: Apache-2.0
// Options of networks, and what is still to be set on accepted connections. Called by: core (writes), reconcile, cli
// (reads). Must never: show as due what a freeze or an observed network forbids.
#include "store/internal.h"

// ---- options ----------------------------------------------------------------------------------------------

enum err store_network_options(struct store_reader *r, const char *network_id, struct arena *a,
                               struct network_options *ret, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT dns, name_tag, peering_limit, route_limit FROM network_option WHERE (group_id, "
                          "network_id) = (SELECT group_id, id FROM network WHERE id = ?)");
    query_cstr(&q, network_id);
    bool row;
    struct network_options o = {.dns = false};
    enum err code = query_step(&q, &row, err);
    if (code != ERR_OK) return code;
    if (row) {
        o.dns = query_get_bool(&q);
        o.name_tag = query_get_copy(&q, a);
        o.peering_limit = (uint32_t)query_get_int(&q);
        o.route_limit = (uint32_t)query_get_int(&q);
    }
    code = query_check(&q, err);
    if (code == ERR_OK) *ret = o;
    return code;
}

enum err store_network_peerings(struct store_reader *r, const char *network_id, uint32_t *ret_active,
                                uint32_t *ret_coming, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(
        r->db, "SELECT (SELECT count(*) FROM connection WHERE network_id = ?1 AND listed = 1 AND cloud_status IN "
               "('active', 'provisioning')), (SELECT count(*) FROM intent WHERE network_id = ?1 AND ended = 0 AND "
               "action = 'accept')");
    query_cstr(&q, network_id);
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code != ERR_OK) return code;
    *ret_active = row ? (uint32_t)query_get_int(&q) : 0;
    *ret_coming = row ? (uint32_t)query_get_int(&q) : 0;
    return ERR_OK;
}

enum err store_tx_network_options(struct store_tx *tx, const struct network *n, const struct network_options *o,
                                  struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "INSERT INTO network_option (group_id, network_id, dns, name_tag, peering_limit, "
                                  "route_limit) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET dns = ?3, "
                                  "name_tag = ?4, peering_limit = ?5, route_limit = ?6");
    query_cstr(&q, n->group_id);
    query_cstr(&q, n->id);
    query_int(&q, o->dns);
    query_text(&q, o->name_tag);
    query_int(&q, o->peering_limit);
    query_int(&q, o->route_limit);
    return query_run(&q, err);
}

// ---- rows -------------------------------------------------------------------------------------------------

#define COLUMNS "f.group_id, f.connection_id, f.network_id, f.kind, f.value, f.since, f.not_before, f.reason"
#define DUE     "FROM finish AS f WHERE " MAY_WRITE("f")
#define BY_KEY  " WHERE group_id = ? AND connection_id = ? AND kind = ?"

static void get_finish(struct query *q, struct arena *a, void *row)
{
    struct finish *f = row;
    query_get_cstr(q, f->group_id, sizeof(f->group_id));
    query_get_cstr(q, f->connection_id, sizeof(f->connection_id));
    query_get_cstr(q, f->network_id, sizeof(f->network_id));
    bool known = finish_kind_parse(query_get_text(q), &f->kind);
    ASSERT(known); // the column's CHECK admits no other value
    f->value = query_get_copy(q, a);
    f->since = query_get_wall(q);
    f->not_before = query_get_wall(q);
    f->reason = query_get_copy(q, a);
}

static void bind_key(struct query *q, const struct finish *f)
{
    query_cstr(q, f->group_id);
    query_cstr(q, f->connection_id);
    query_cstr(q, finish_kind_name(f->kind));
}

enum err store_finish_due(struct store_reader *r, struct wall now, size_t max, struct arena *a, struct finish **ret,
                          size_t *ret_n, struct wall *ret_next, struct error *err)
{
    static const struct due_query d = {"SELECT " COLUMNS " " DUE " AND f.not_before <= ? ORDER BY f.not_before LIMIT ?",
                                       "SELECT f.not_before " DUE " AND f.not_before > ? ORDER BY f.not_before LIMIT 1",
                                       sizeof(struct finish), get_finish};
    void *rows;
    enum err code = due_read(r, &d, now, max, a, &rows, ret_n, ret_next, err);
    if (code == ERR_OK) *ret = rows;
    return code;
}

enum err store_finish_get(struct store_reader *r, const struct finish *key, struct arena *a, struct finish *ret,
                          struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(r->db, "SELECT " COLUMNS " FROM finish AS f" BY_KEY);
    bind_key(&q, key);
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code != ERR_OK) return code;
    if (!row) return no_row(err, "thing to set on connection", key->connection_id);
    struct finish f;
    get_finish(&q, a, &f);
    code = query_check(&q, err);
    if (code == ERR_OK) *ret = f;
    return code;
}

enum err store_tx_finish_insert(struct store_tx *tx, const struct finish *f, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "INSERT INTO finish (group_id, connection_id, kind, network_id, value, since, "
                                  "not_before, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING");
    bind_key(&q, f);
    query_cstr(&q, f->network_id);
    query_text(&q, f->value);
    query_wall(&q, f->since);
    query_wall(&q, f->not_before);
    query_text(&q, f->reason);
    return query_run(&q, err);
}

enum err store_tx_finish_update(struct store_tx *tx, const struct finish *f, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "UPDATE finish SET not_before = ?, reason = ?" BY_KEY);
    query_wall(&q, f->not_before);
    query_text(&q, f->reason);
    bind_key(&q, f);
    enum err code = query_run(&q, err);
    return code == ERR_OK ? need_change(tx, "thing to set on connection", f->connection_id, err) : code;
}

enum err store_tx_finish_delete(struct store_tx *tx, const struct finish *f, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(tx->reader.db, "DELETE FROM finish" BY_KEY);
    bind_key(&q, f);
    return query_run(&q, err);
}

enum err store_tx_finish_forget(struct store_tx *tx, const char *connection_id, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "DELETE FROM finish WHERE (group_id, connection_id) = "
                                  "(SELECT group_id, id FROM connection WHERE id = ?)");
    query_cstr(&q, connection_id);
    return query_run(&q, err);
}

enum err store_tx_finish_drop(struct store_tx *tx, const char *network_id, enum finish_kind kind, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "DELETE FROM finish WHERE network_id = ? AND kind = ?");
    query_cstr(&q, network_id);
    query_cstr(&q, finish_kind_name(kind));
    return query_run(&q, err);
}
