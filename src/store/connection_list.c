// SPDX-License-Identifier: Apache-2.0
// Lists of connections: one statement a combination of filters, made once a reader, each on the index that orders it.
// Totals come from the counts that triggers keep, so a page costs its own length. Called by: api, reconcile, app, cli.
// Must never: put a value into the text of a statement.
#include <stdio.h>

#include "base/mem.h"
#include "store/internal.h"

// A combination of filters is its bits; LIST_SHAPES has room for the page and the total of each.
enum {
    BY_GROUP = 1,
    BY_REACH = 2,
    BY_REQUESTER = 4,
    BY_CLOUD = 8,
    BY_LOCAL = 16,
    BY_NETWORK = 32,
    UNLISTED_TOO = 64,
    EXPIRY_FIRST = 128,
    TOTAL = 256,
};
_Static_assert(LIST_SHAPES == 2 * TOTAL, "a text for each shape");

static unsigned shape_of(const struct connection_filter *f)
{
    bool reach = !f->group_id && f->principal && f->principal->kind != PRINCIPAL_LOCAL;
    return (f->group_id ? BY_GROUP : 0u) | (reach ? BY_REACH : 0u) | (f->requester_account.p ? BY_REQUESTER : 0u) |
           (f->cloud_status.p ? BY_CLOUD : 0u) | (f->local_status >= 0 ? BY_LOCAL : 0u) |
           (f->network_id ? BY_NETWORK : 0u) | (f->include_unlisted ? UNLISTED_TOO : 0u) |
           (f->sort == SORT_EXPIRY ? EXPIRY_FIRST : 0u);
}

// The index whose order is the list's, named so that no planner guess can make a list slow.
static const char *index_of(unsigned shape)
{
    if (shape & UNLISTED_TOO) return "";
    if (shape & BY_NETWORK) return " INDEXED BY connection_of_network";
    if (!(shape & BY_GROUP))
        return shape & EXPIRY_FIRST ? " INDEXED BY connection_all_by_expiry" : " INDEXED BY connection_all_by_id";
    if (shape & EXPIRY_FIRST) return " INDEXED BY connection_by_expiry";
    if (shape & BY_REQUESTER) return " INDEXED BY connection_by_requester";
    return shape & BY_CLOUD ? " INDEXED BY connection_by_status" : " INDEXED BY connection_by_group";
}

#define FAILED_NETWORKS "(SELECT id FROM network WHERE failed = 1 AND removed = 0)"
static const struct {
    unsigned bit;
    const char *condition;
} conditions[] = {
    {BY_GROUP, " AND group_id = ?"},
    {BY_REACH, " AND group_id IN (WITH scope AS MATERIALIZED (SELECT value AS id FROM json_each(?)) "
               "SELECT id FROM grp WHERE id IN (SELECT id FROM scope) OR org_id IN (SELECT id FROM scope))"},
    {BY_REQUESTER, " AND requester_account = ?"},
    {BY_CLOUD, " AND cloud_status = ?"},
    // As shown: SCAN_FAILED lies over what is stored.
    {BY_LOCAL, " AND (network_id IN " FAILED_NETWORKS ") = ? AND (? OR local_status = ?)"},
    {BY_NETWORK, " AND network_id = ?"},
};

static void build(unsigned shape, struct buf *sql)
{
    bool total = shape & TOTAL, counted = total && !(shape & UNLISTED_TOO);
    if (counted)
        buf_lit(sql, "SELECT coalesce(sum(n), 0) FROM connection_count WHERE 1");
    else if (total)
        buf_lit(sql, "SELECT count(*) FROM connection WHERE 1");
    else
        buf_fmt(sql, "SELECT " CONNECTION_COLUMNS " FROM connection%s WHERE 1", index_of(shape));
    if (!total && !(shape & UNLISTED_TOO)) buf_lit(sql, " AND listed = 1");
    for (size_t i = 0; i < ARRAY_LEN(conditions); i++)
        if (shape & conditions[i].bit) buf_str(sql, conditions[i].condition);
    if (!total) buf_fmt(sql, " ORDER BY %s LIMIT ? OFFSET ?", shape & EXPIRY_FIRST ? "expiry_order, id" : "id");
    buf_char(sql, '\0');
}

static const char *text_of(struct store_reader *r, unsigned shape)
{
    if (r->list_sql[shape]) return r->list_sql[shape];
    struct buf sql;
    buf_init(&sql, 4096);
    build(shape, &sql);
    if (sql.fail == BUF_OK) r->list_sql[shape] = mem_strndup(sql.p, sql.n - 1);
    buf_done(&sql);
    return r->list_sql[shape];
}

static void bind_filters(struct query *q, const struct connection_filter *f, unsigned shape, struct slice reach)
{
    if (shape & BY_GROUP) query_cstr(q, f->group_id);
    if (shape & BY_REACH) query_text(q, reach);
    if (shape & BY_REQUESTER) query_text(q, f->requester_account);
    if (shape & BY_CLOUD) query_text(q, f->cloud_status);
    if (shape & BY_LOCAL) {
        bool overlay = f->local_status == LOCAL_SCAN_FAILED;
        query_int(q, overlay);
        query_int(q, overlay);
        query_cstr(q, local_status_name((enum local_status)f->local_status));
    }
    if (shape & BY_NETWORK) query_cstr(q, f->network_id);
}

static enum err total_of(struct store_reader *r, const struct connection_filter *f, unsigned shape, struct slice reach,
                         uint64_t *ret, struct error *err)
{
    const char *sql = text_of(r, (shape & ~(unsigned)EXPIRY_FIRST) | TOTAL);
    if (!sql) return rows_nomem(err);
    struct query q CLEANUP(query_close) = query_open(r->db, sql);
    bind_filters(&q, f, shape, reach);
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code == ERR_OK) *ret = (uint64_t)query_get_int(&q);
    return code;
}

static enum err collect(struct query *q, struct arena *a, struct rows *rows, struct error *err)
{
    for (;;) {
        bool row;
        enum err code = query_step(q, &row, err);
        if (code != ERR_OK || !row) return code;
        struct connection *c = rows_add(rows, a);
        if (!c) return rows_nomem(err);
        get_connection(q, a, c);
    }
}

static enum err page_of(struct store_reader *r, const struct connection_filter *f, unsigned shape, struct slice reach,
                        struct arena *a, struct rows *rows, struct error *err)
{
    const char *sql = text_of(r, shape);
    if (!sql) return rows_nomem(err);
    struct query q CLEANUP(query_close) = query_open(r->db, sql);
    bind_filters(&q, f, shape, reach);
    query_int(&q, f->page.size);
    query_int(&q, page_offset(f->page));
    return collect(&q, a, rows, err);
}

enum err store_connections(struct store_reader *r, const struct connection_filter *f, struct arena *a,
                           struct connection **ret, size_t *ret_n, uint64_t *ret_total, struct error *err)
{
    unsigned shape = shape_of(f);
    struct slice reach = {NULL, 0};
    if (shape & BY_REACH) {
        reach = reach_of(f->principal, a);
        if (!reach.n) return rows_nomem(err);
    }
    struct rows rows = {.size = sizeof(struct connection)};
    uint64_t total = 0;
    enum err code = reader_begin(r, err);
    if (code != ERR_OK) return code;
    code = total_of(r, f, shape, reach, &total, err);
    // A page past the end needs no skipping.
    if (code == ERR_OK && (uint64_t)page_offset(f->page) < total) code = page_of(r, f, shape, reach, a, &rows, err);
    if (code == ERR_OK) code = overlay_scans(r, rows.p, rows.n, a, err);
    reader_end(r);
    if (code != ERR_OK) return code;
    *ret = rows.p;
    *ret_n = rows.n;
    *ret_total = total;
    return ERR_OK;
}

enum err store_connections_of_network(struct store_reader *r, const char *network_id, struct arena *a,
                                      struct connection **ret, size_t *ret_n, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT " CONNECTION_COLUMNS " FROM connection INDEXED BY connection_of_network "
                          "WHERE network_id = ? AND listed = 1 ORDER BY name");
    query_cstr(&q, network_id);
    struct rows rows = {.size = sizeof(struct connection)};
    enum err code = collect(&q, a, &rows, err);
    if (code != ERR_OK) return code;
    *ret = rows.p;
    *ret_n = rows.n;
    return ERR_OK;
}

struct status_count {
    struct slice status;
    uint64_t n;
};

static enum err count_by_status(struct store_reader *r, struct arena *a, struct rows *rows, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(
        r->db, "SELECT cloud_status, sum(n) FROM connection_count GROUP BY cloud_status ORDER BY cloud_status");
    for (;;) {
        bool row;
        enum err code = query_step(&q, &row, err);
        if (code != ERR_OK || !row) return code;
        struct status_count *c = rows_add(rows, a);
        if (!c) return rows_nomem(err);
        c->status = query_get_copy(&q, a);
        c->n = (uint64_t)query_get_int(&q);
    }
}

enum err store_connection_counts(struct store_reader *r, struct arena *a, struct slice **ret_status,
                                 uint64_t **ret_counts, size_t *ret_n, struct error *err)
{
    struct rows rows = {.size = sizeof(struct status_count)};
    enum err code = count_by_status(r, a, &rows, err);
    if (code != ERR_OK) return code;
    struct slice *status = arena_array(a, rows.n + 1, sizeof(*status));
    uint64_t *counts = arena_array(a, rows.n + 1, sizeof(*counts));
    if (!status || !counts) return rows_nomem(err);
    const struct status_count *c = rows.p;
    for (size_t i = 0; i < rows.n; i++) {
        status[i] = c[i].status;
        counts[i] = c[i].n;
    }
    *ret_status = status;
    *ret_counts = counts;
    *ret_n = rows.n;
    return ERR_OK;
}
