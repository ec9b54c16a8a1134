// SPDX-License-Identifier: Apache-2.0
// All rows of all tables as text, so that two states of a store can be compared. Used by: tests/durability.
// Must never: write, or know a table by name.
#pragma once

#include "store/db.h"

#include "base/arena.h"
#include "base/buf.h"

#define DUMP_MAX (64u << 20)

// SQL that gives each row of a table as one text.
static inline char *dump_sql(struct db *db, struct arena *a, const char *table)
{
    struct error err;
    bool row = false;
    struct query q CLEANUP(query_close) = query_open(
        db, "SELECT 'SELECT ' || group_concat('quote(\"' || name || '\")', ' || '','' || ') || ' FROM \"' || "
            "?1 || '\" ORDER BY 1' FROM pragma_table_info(?1)");
    query_cstr(&q, table);
    if (query_step(&q, &row, &err) != ERR_OK || !row) return NULL;
    struct slice s = query_get_text(&q);
    return arena_strndup(a, s.p, s.n);
}

static inline bool dump_rows(struct db *db, const char *sql, struct buf *out)
{
    struct error err;
    struct query q CLEANUP(query_close) = query_open(db, sql);
    for (bool row = true; row;) {
        if (query_step(&q, &row, &err) != ERR_OK) return false;
        if (!row) break;
        buf_slice(out, query_get_text(&q));
        buf_char(out, '\n');
    }
    return query_check(&q, &err) == ERR_OK;
}

// Everything in the database at `path` but the table `skip` (NULL = none). False when it cannot be read; out needs
// buf_init and buf_done.
static inline bool dump_all(const char *path, const char *skip, struct buf *out)
{
    struct db *db;
    struct error err;
    const char *names[64];
    unsigned n = 0;
    bool good = true;
    if (db_open(path, DB_READ, 5000, &db, &err) != ERR_OK) return false;
    struct arena *a = arena_new(1 << 20);
    {
        struct query q CLEANUP(query_close) = query_open(
            db, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name");
        for (bool row = true; row && good;) {
            good = query_step(&q, &row, &err) == ERR_OK && n < ARRAY_LEN(names);
            if (!good || !row) break;
            struct slice s = query_get_text(&q);
            names[n++] = arena_strndup(a, s.p, s.n);
        }
    }
    for (unsigned i = 0; i < n && good; i++) {
        if (skip && strcmp(names[i], skip) == 0) continue;
        const char *sql = dump_sql(db, a, names[i]);
        buf_fmt(out, "-- %s\n", names[i]);
        good = sql && dump_rows(db, sql, out);
    }
    db_close(&db);
    arena_free(a);
    return good && n > 0 && out->fail == BUF_OK;
}

// FNV-1a, 64 bits.
static inline uint64_t dump_digest(struct slice text)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < text.n; i++) h = (h ^ (uint8_t)text.p[i]) * UINT64_C(0x100000001b3);
    return h;
}

// One number out of the database at `path`; -1 when it cannot be read.
static inline int64_t dump_count(const char *path, const char *sql, const char *first, const char *second)
{
    struct db *db;
    struct error err;
    int64_t n = -1;
    if (db_open(path, DB_READ, 5000, &db, &err) != ERR_OK) return -1;
    {
        struct query q CLEANUP(query_close) = query_open(db, sql);
        bool row = false;
        query_cstr(&q, first);
        query_cstr(&q, second);
        if (query_step(&q, &row, &err) == ERR_OK && row) n = query_get_int(&q);
    }
    db_close(&db);
    return n;
}
