// SPDX-License-Identifier: Apache-2.0
// Readers: one connection a thread, one snapshot a call, and helpers of the typed files.
// Called by: every thread that reads. Must never: write, or hold a snapshot past a call (the WAL could not be reset).
#include "base/mem.h"
#include "store/internal.h"

enum err store_reader_open(struct store *s, struct store_reader **ret, struct error *err)
{
    struct store_reader *r = mem_zalloc(1, sizeof(*r));
    if (!r) return error_set(err, ERR_NOMEM, "store: out of memory");
    r->store = s;
    enum err code = db_open(s->path, DB_READ, s->options.busy_ms, &r->db, err);
    if (code != ERR_OK) {
        mem_free(r);
        return code;
    }
    atomic_fetch_add(&s->readers, 1);
    *ret = r;
    return ERR_OK;
}

void store_reader_close(struct store_reader **r)
{
    if (!*r) return;
    db_close(&(*r)->db);
    for (size_t i = 0; i < LIST_SHAPES; i++) mem_free((*r)->list_sql[i]);
    atomic_fetch_sub(&(*r)->store->readers, 1);
    mem_free(*r);
    *r = NULL;
}

enum err reader_begin(struct store_reader *r, struct error *err)
{
    if (r->inside_write) return ERR_OK;
    db_rollback(r->db); // of a snapshot whose end had no memory; else nothing
    struct query q CLEANUP(query_close) = query_open(r->db, "BEGIN");
    return query_run(&q, err);
}

void reader_end(struct store_reader *r)
{
    if (r->inside_write) return;
    struct error ignored; // ending a read cannot lose anything
    struct query q CLEANUP(query_close) = query_open(r->db, "COMMIT");
    if (query_run(&q, &ignored) != ERR_OK) db_rollback(r->db);
}

enum err no_row(struct error *err, const char *what, const char *id)
{
    return error_set(err, ERR_NOT_FOUND, "there is no %s %s", what, id);
}

enum err need_change(struct store_tx *tx, const char *what, const char *id, struct error *err)
{
    return db_changes(tx->reader.db) > 0 ? ERR_OK : no_row(err, what, id);
}

void *rows_add(struct rows *rows, struct arena *a)
{
    if (rows->n == rows->cap) {
        size_t cap = rows->cap ? rows->cap * 2 : 8;
        void *p = arena_array(a, cap, rows->size);
        if (!p) return NULL;
        if (rows->n) memcpy(p, rows->p, rows->n * rows->size);
        rows->p = p;
        rows->cap = cap;
    }
    return (char *)rows->p + rows->n++ * rows->size;
}

enum err rows_nomem(struct error *err)
{
    return error_set(err, ERR_NOMEM, "store: the result does not fit into memory");
}

enum err rows_collect(struct query *q, struct arena *a, struct rows *rows, row_get get, struct error *err)
{
    for (;;) {
        bool found;
        enum err code = query_step(q, &found, err);
        if (code != ERR_OK || !found) return code;
        void *row = rows_add(rows, a);
        if (!row) return rows_nomem(err);
        get(q, a, row);
    }
}

struct slice reach_of(const struct principal *p, struct arena *a)
{
    unsigned n = p ? p->grant_count : 0;
    char *text = arena_alloc(a, n * (OID_HEX + 3) + 3);
    if (!text) return (struct slice){NULL, 0};
    char *at = text;
    *at++ = '[';
    for (unsigned i = 0; i < n; i++) {
        const char *id = p->grants[i].scope_id;
        // Roles of the wrong sort count for nothing: an organisation's on a group, a group's on an organisation.
        bool org = strcmp(id, p->org_id) == 0;
        bool reads = principal_permits(p, NEED_GROUP_READ, org ? id : "", org ? "" : id);
        if (!reads) continue;
        if (at[-1] != '[') *at++ = ',';
        *at++ = '"';
        memcpy(at, id, OID_HEX);
        at += OID_HEX;
        *at++ = '"';
    }
    *at++ = ']';
    return slice_n(text, (size_t)(at - text));
}

int64_t page_offset(struct page page)
{
    return page.number ? (int64_t)(page.number - 1) * page.size : 0;
}
