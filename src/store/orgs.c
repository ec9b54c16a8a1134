// SPDX-License-Identifier: Apache-2.0
// Organisations. Called by: core (writes), auth, api, cli (reads). Must never: show a deleted one.
#include "store/internal.h"

#define ORG_COLUMNS                                                                                                    \
    "id, name, external_id, api_access_list_required, flags, secret_hours, session_idle_s, session_absolute_s, "       \
    "operations_contact, security_contact, created"

static void get_org(struct query *q, struct org *o)
{
    query_get_cstr(q, o->id, sizeof(o->id));
    query_get_cstr(q, o->name, sizeof(o->name));
    query_get_cstr(q, o->external_id, sizeof(o->external_id));
    o->api_access_list_required = query_get_bool(q);
    o->flags = (flag_set)query_get_int(q);
    o->secret_hours = (uint32_t)query_get_int(q);
    o->session_idle_s = (uint32_t)query_get_int(q);
    o->session_absolute_s = (uint32_t)query_get_int(q);
    query_get_cstr(q, o->operations_contact, sizeof(o->operations_contact));
    query_get_cstr(q, o->security_contact, sizeof(o->security_contact));
    o->created = query_get_wall(q);
}

enum err store_org_get(struct store_reader *r, const char *org_id, struct org *ret, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT " ORG_COLUMNS " FROM org WHERE id = ? AND deleted = 0");
    query_cstr(&q, org_id);
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code != ERR_OK) return code;
    if (!row) return no_row(err, "organization", org_id);
    struct org o;
    get_org(&q, &o);
    code = query_check(&q, err);
    if (code == ERR_OK) *ret = o;
    return code;
}

enum err store_orgs(struct store_reader *r, struct arena *a, struct org **ret, size_t *ret_n, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT " ORG_COLUMNS " FROM org WHERE deleted = 0 ORDER BY id");
    struct rows rows = {.size = sizeof(struct org)};
    for (;;) {
        bool row;
        enum err code = query_step(&q, &row, err);
        if (code != ERR_OK) return code;
        if (!row) break;
        struct org *o = rows_add(&rows, a);
        if (!o) return rows_nomem(err);
        get_org(&q, o);
    }
    *ret = rows.p;
    *ret_n = rows.n;
    return ERR_OK;
}

enum err store_org_count(struct store_reader *r, uint64_t *ret_orgs, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(r->db, "SELECT count(*) FROM org WHERE deleted = 0");
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code == ERR_OK) *ret_orgs = (uint64_t)query_get_int(&q);
    return code;
}

enum err store_org_size(struct store_reader *r, const char *org_id, uint64_t *ret_groups, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(r->db, "SELECT n FROM org_size WHERE org_id = ?");
    query_cstr(&q, org_id);
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code == ERR_OK) *ret_groups = row ? (uint64_t)query_get_int(&q) : 0;
    return code;
}

static void bind_settings(struct query *q, const struct org *o)
{
    query_int(q, o->api_access_list_required);
    query_int(q, o->flags);
    query_int(q, o->secret_hours);
    query_int(q, o->session_idle_s);
    query_int(q, o->session_absolute_s);
    query_cstr(q, o->operations_contact);
    query_cstr(q, o->security_contact);
}

static enum err name_taken(struct error *err, const struct org *o)
{
    return error_set(err, ERR_EXISTS, "an organization named %s exists already", o->name);
}

enum err store_tx_org_insert(struct store_tx *tx, const struct org *o, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "INSERT INTO org (" ORG_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    query_cstr(&q, o->id);
    query_cstr(&q, o->name);
    query_cstr(&q, o->external_id);
    bind_settings(&q, o);
    query_wall(&q, o->created);
    enum err code = query_run(&q, err);
    if (code == ERR_EXISTS) return name_taken(err, o);
    tx->lists_changed = true;
    return code;
}

enum err store_tx_org_update(struct store_tx *tx, const struct org *o, struct error *err)
{
    tx->lists_changed = tx->auth_changed = true; // whether access lists are required is part of every check
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "UPDATE org SET api_access_list_required = ?, flags = ?, secret_hours = ?, "
                                  "session_idle_s = ?, session_absolute_s = ?, operations_contact = ?, "
                                  "security_contact = ?, name = ? WHERE id = ? AND deleted = 0");
    bind_settings(&q, o);
    query_cstr(&q, o->name);
    query_cstr(&q, o->id);
    enum err code = query_run(&q, err);
    if (code == ERR_EXISTS) return name_taken(err, o);
    return code == ERR_OK ? need_change(tx, "organization", o->id, err) : code;
}

enum err store_tx_org_delete(struct store_tx *tx, const char *org_id, struct wall now, struct error *err)
{
    tx->lists_changed = tx->auth_changed = true;
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "UPDATE org SET deleted = ?, name = '#' || id WHERE id = ? AND deleted = 0");
    query_wall(&q, now);
    query_cstr(&q, org_id);
    enum err code = query_run(&q, err);
    if (code == ERR_OK) code = need_change(tx, "organization", org_id, err);
    if (code != ERR_OK) return code;
    // Keys, accounts, secrets, tokens, roles and access lists refer to the principal and go with it.
    struct query p CLEANUP(query_close) = query_open(tx->reader.db, "DELETE FROM principal WHERE org_id = ?");
    query_cstr(&p, org_id);
    code = query_run(&p, err);
    if (code != ERR_OK) return code;
    struct query g CLEANUP(query_close) = query_open(tx->reader.db, "DELETE FROM person_grant WHERE org_id = ?");
    query_cstr(&g, org_id);
    code = query_run(&g, err);
    if (code != ERR_OK) return code;
    struct query w CLEANUP(query_close) = query_open(tx->reader.db, "DELETE FROM webhook WHERE org_id = ?");
    query_cstr(&w, org_id);
    return query_run(&w, err);
}
