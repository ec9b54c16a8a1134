// SPDX-License-Identifier: Apache-2.0
// Organisations and groups. Called by: core (writes), auth, api, cli (reads). Must never: show a group to a caller
// whose grants do not reach it.
#include "store/internal.h"

#define ORG_COLUMNS "id, name, external_id, api_access_list_required, created"

static void get_org(struct query *q, struct org *o)
{
    query_get_cstr(q, o->id, sizeof(o->id));
    query_get_cstr(q, o->name, sizeof(o->name));
    query_get_cstr(q, o->external_id, sizeof(o->external_id));
    o->api_access_list_required = query_get_bool(q);
    o->created = query_get_wall(q);
}

static void get_group(struct query *q, struct group *g)
{
    query_get_cstr(q, g->id, sizeof(g->id));
    query_get_cstr(q, g->org_id, sizeof(g->org_id));
    query_get_cstr(q, g->name, sizeof(g->name));
    g->created = query_get_wall(q);
}

enum err store_org_get(struct store_reader *r, const char *org_id, struct org *ret, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(r->db, "SELECT " ORG_COLUMNS " FROM org WHERE id = ?");
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
    struct query q CLEANUP(query_close) = query_open(r->db, "SELECT " ORG_COLUMNS " FROM org ORDER BY id");
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

enum err store_group_get(struct store_reader *r, const char *group_id, struct group *ret, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(r->db, "SELECT id, org_id, name, created FROM grp WHERE id = ?");
    query_cstr(&q, group_id);
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code != ERR_OK) return code;
    if (!row) return no_row(err, "group", group_id);
    struct group g;
    get_group(&q, &g);
    code = query_check(&q, err);
    if (code == ERR_OK) *ret = g;
    return code;
}

// Reach, as one condition on grp: 1 = everything; else the ids of a JSON array (groups named by a grant, and an
// organisation whose roles reach into its groups).
#define REACHED "(?1 = 1 OR id IN (SELECT value FROM json_each(?2)) OR org_id IN (SELECT value FROM json_each(?2)))"

static enum err count_groups(struct store_reader *r, bool all, struct slice scopes, uint64_t *ret, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(r->db, "SELECT count(*) FROM grp WHERE " REACHED);
    query_int(&q, all);
    query_text(&q, scopes);
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code == ERR_OK) *ret = (uint64_t)query_get_int(&q);
    return code;
}

static enum err page_of_groups(struct store_reader *r, bool all, struct slice scopes, struct page page, struct arena *a,
                               struct rows *rows, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT id, org_id, name, created FROM grp WHERE " REACHED " ORDER BY id LIMIT ?3 OFFSET ?4");
    query_int(&q, all);
    query_text(&q, scopes);
    query_int(&q, page.size);
    query_int(&q, page_offset(page));
    for (;;) {
        bool row;
        enum err code = query_step(&q, &row, err);
        if (code != ERR_OK || !row) return code;
        struct group *g = rows_add(rows, a);
        if (!g) return rows_nomem(err);
        get_group(&q, g);
    }
}

enum err store_groups(struct store_reader *r, const struct principal *p, bool all, struct page page, struct arena *a,
                      struct group **ret, size_t *ret_n, uint64_t *ret_total, struct error *err)
{
    all |= p && p->kind == PRINCIPAL_LOCAL;
    struct slice scopes = reach_of(all ? NULL : p, a);
    if (!scopes.n) return rows_nomem(err);
    enum err code = reader_begin(r, err);
    if (code != ERR_OK) return code;
    uint64_t total = 0;
    struct rows rows = {.size = sizeof(struct group)};
    code = count_groups(r, all, scopes, &total, err);
    if (code == ERR_OK) code = page_of_groups(r, all, scopes, page, a, &rows, err);
    reader_end(r);
    if (code != ERR_OK) return code;
    *ret = rows.p;
    *ret_n = rows.n;
    *ret_total = total;
    return ERR_OK;
}

enum err store_tx_org_insert(struct store_tx *tx, const struct org *o, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "INSERT INTO org (" ORG_COLUMNS ") VALUES (?, ?, ?, ?, ?)");
    query_cstr(&q, o->id);
    query_cstr(&q, o->name);
    query_cstr(&q, o->external_id);
    query_int(&q, o->api_access_list_required);
    query_wall(&q, o->created);
    enum err code = query_run(&q, err);
    if (code == ERR_EXISTS) return error_set(err, code, "an organization named %s exists already", o->name);
    tx->lists_changed = true;
    return code;
}

enum err store_tx_group_insert(struct store_tx *tx, const struct group *g, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "INSERT INTO grp (id, org_id, name, created) VALUES (?, ?, ?, ?)");
    query_cstr(&q, g->id);
    query_cstr(&q, g->org_id);
    query_cstr(&q, g->name);
    query_wall(&q, g->created);
    enum err code = query_run(&q, err);
    if (code == ERR_EXISTS) return error_set(err, code, "the organization has a group named %s already", g->name);
    if (code == ERR_NOT_FOUND) return no_row(err, "organization", g->org_id);
    tx->lists_changed = true;
    return code;
}
