// SPDX-License-Identifier: Apache-2.0
// Credentials by page, and what their resources show: one statement a part of the page, however many rows it has.
// Called by: api, auth. Must never: ask per row, or count what the schema has counted.
#include "store/internal.h"

#include "base/json.h"

static const char *const kinds[] = {[PRINCIPAL_API_KEY] = "api_key", [PRINCIPAL_SERVICE_ACCOUNT] = "service_account"};

static enum err total_of(struct store_reader *r, const struct credential_filter *f, uint64_t *ret, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT n FROM credential_count WHERE scope_id = ? AND kind = ?");
    query_cstr(&q, f->group_id ? f->group_id : f->org_id);
    query_cstr(&q, kinds[f->kind]);
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code == ERR_OK) *ret = row ? (uint64_t)query_get_int(&q) : 0;
    return code;
}

// From a mark on; in [1] those of a group.
static const char *const named[] = {
    "SELECT name FROM principal WHERE org_id = ? AND kind = ? AND id >= ? ORDER BY id LIMIT ? OFFSET ?",
    "SELECT principal FROM member WHERE scope_id = ? AND kind = ? AND id >= ? ORDER BY id LIMIT ? OFFSET ?"};

static enum err collect_names(struct store_reader *r, const struct credential_filter *f, const struct mark *from,
                              struct arena *a, struct rows *names, struct error *err)
{
    bool group = f->group_id != NULL;
    struct query q CLEANUP(query_close) = query_open(r->db, named[group]);
    query_cstr(&q, group ? f->group_id : f->org_id);
    query_cstr(&q, kinds[f->kind]);
    query_cstr(&q, from->id);
    query_int(&q, f->page.size);
    query_int(&q, from->skip);
    for (;;) {
        bool row;
        enum err code = query_step(&q, &row, err);
        if (code != ERR_OK) return code;
        if (!row) return ERR_OK;
        struct slice *name = rows_add(names, a);
        if (!name) return rows_nomem(err);
        *name = query_get_copy(&q, a);
    }
}

// The page's names in order, as a JSON array: what the other statements are asked for.
static enum err names_of(struct store_reader *r, const struct credential_filter *f, uint64_t total, struct arena *a,
                         struct slice *ret, struct error *err)
{
    struct rows names = {.size = sizeof(struct slice)};
    struct mark from = {.index = page_offset(f->page)};
    if (from.index < (int64_t)total) {
        struct slice scope = slice_of(f->group_id ? f->group_id : f->org_id);
        enum err code = mark_find(r, kinds[f->kind], scope, (int64_t)total, &from, err);
        if (code == ERR_OK) code = collect_names(r, f, &from, a, &names, err);
        if (code != ERR_OK) return code;
    }
    struct buf list;
    struct json_writer w;
    buf_init(&list, 1 << 20);
    json_begin(&w, &list, false);
    json_arr(&w);
    for (size_t i = 0; i < names.n; i++) json_str(&w, ((struct slice *)names.p)[i]);
    json_arr_end(&w);
    *ret = list.fail ? (struct slice){NULL, 0} : arena_slice(a, buf_view(&list));
    buf_done(&list);
    return ret->p ? ERR_OK : rows_nomem(err);
}

static enum err page_of(struct store_reader *r, const struct credential_filter *f, uint64_t total, struct arena *a,
                        struct rows *rows, struct error *err)
{
    struct slice names;
    enum err code = names_of(r, f, total, a, &names, err);
    if (code == ERR_OK) code = load_credentials(r, f->kind, names, a, rows, err);
    if (code == ERR_OK) code = load_all_grants(r, names, rows, a, err);
    if (code == ERR_OK && f->kind == PRINCIPAL_SERVICE_ACCOUNT) code = load_all_secrets(r, names, rows, a, err);
    return code;
}

enum err store_credentials_page(struct store_reader *r, const struct credential_filter *f, struct arena *a,
                                struct credential **ret, size_t *ret_n, uint64_t *ret_total, struct error *err)
{
    ASSERT(f->kind == PRINCIPAL_API_KEY || f->kind == PRINCIPAL_SERVICE_ACCOUNT);
    struct rows rows = {.size = sizeof(struct credential)};
    uint64_t total = 0;
    enum err code = reader_begin(r, err);
    if (code != ERR_OK) return code;
    code = total_of(r, f, &total, err);
    if (code == ERR_OK) code = page_of(r, f, total, a, &rows, err);
    reader_end(r);
    if (code != ERR_OK) return code;
    *ret = rows.p;
    *ret_n = rows.n;
    *ret_total = total;
    return ERR_OK;
}

// ---- access lists -----------------------------------------------------------------------------------------

enum err store_access_entries(struct store_reader *r, const char *principal_name, struct arena *a,
                              struct access_row **ret, size_t *ret_n, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT cidr, created, used, last_used, last_address FROM access_entry WHERE principal = ? "
                          "ORDER BY cidr");
    query_cstr(&q, principal_name);
    struct rows rows = {.size = sizeof(struct access_row)};
    for (;;) {
        bool row;
        enum err code = query_step(&q, &row, err);
        if (code != ERR_OK) return code;
        if (!row) break;
        struct access_row *e = rows_add(&rows, a);
        if (!e) return rows_nomem(err);
        if (!cidr_parse(query_get_text(&q), false, &e->block))
            return error_set(err, ERR_CORRUPT, "store: an access list entry of %s is no CIDR block", principal_name);
        e->created = query_get_wall(&q);
        e->used = (uint64_t)query_get_int(&q);
        e->last_used = query_get_wall(&q);
        query_get_cstr(&q, e->last_address, sizeof(e->last_address));
    }
    *ret = rows.p;
    *ret_n = rows.n;
    return ERR_OK;
}

// A mark for people; it changes nothing that a check depends on, so the auth generation stays.
enum err store_tx_access_used(struct store_tx *tx, const char *principal_name, const struct access_row *use,
                              struct error *err)
{
    char text[CIDR_STR];
    cidr_format(use->block, text);
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "UPDATE access_entry SET used = used + ?3, last_used = max(last_used, ?4), "
                                  "last_address = ?5 WHERE principal = ?1 AND cidr = ?2");
    query_cstr(&q, principal_name);
    query_cstr(&q, text);
    query_int(&q, (int64_t)use->used);
    query_wall(&q, use->last_used);
    query_cstr(&q, use->last_address);
    return query_run(&q, err);
}

// ---- owners -----------------------------------------------------------------------------------------------

enum err store_tx_org_has_owner(struct store_tx *tx, const char *org_id, struct wall now, bool *ret, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "SELECT EXISTS (SELECT 1 FROM role_grant AS g JOIN principal AS p ON "
                                  "p.name = g.principal WHERE g.scope_id = ?1 AND g.role = 'ORG_OWNER' AND "
                                  "(p.kind = 'api_key' OR EXISTS (SELECT 1 FROM sa_secret AS s WHERE "
                                  "s.client_id = p.name AND s.expires > ?2)))");
    query_cstr(&q, org_id);
    query_wall(&q, now);
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code == ERR_OK) *ret = query_get_bool(&q);
    return code;
}
