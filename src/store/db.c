// SPDX-License-Identifier: Apache-2.0
// The only file that knows SQLite. Called by: the other files of store. Must never: share a connection between threads,
// or drop one of SQLite's errors.
#include "store/db.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/mem.h"

#define SLOTS     512 // statements are literals of this folder: about 150
#define SLOTS_MAX 384

struct slot {
    const char *sql;
    sqlite3_stmt *stmt;
    bool busy;
};

struct db {
    sqlite3 *h;
    unsigned used;
    unsigned wal_pages;
    struct slot slots[SLOTS];
};

// ---- errors -----------------------------------------------------------------------------------------------

// Why the operating system refused. A failed commit does not set SQLite's own errno, so the WAL is asked as well.
static int os_errno(sqlite3 *h)
{
    int e = sqlite3_system_errno(h);
    sqlite3_file *wal = NULL;
    if (e || sqlite3_file_control(h, NULL, SQLITE_FCNTL_JOURNAL_POINTER, &wal) != SQLITE_OK) return e;
    if (!wal || !wal->pMethods || wal->pMethods->xFileControl(wal, SQLITE_FCNTL_LAST_ERRNO, &e) != SQLITE_OK) return 0;
    return e;
}

static enum err io_kind(sqlite3 *h, int code)
{
    if (!h || code == SQLITE_IOERR_READ || code == SQLITE_IOERR_SHORT_READ) return ERR_IO;
    switch (os_errno(h)) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EROFS:
        return ERR_READ_ONLY;
    default:
        return ERR_IO;
    }
}

static enum err constraint_kind(int code)
{
    switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return ERR_EXISTS;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return ERR_NOT_FOUND;
    default:
        return ERR_INVALID;
    }
}

static enum err kind_of(sqlite3 *h, int code)
{
    switch (code & 0xFF) {
    case SQLITE_OK:
        return ERR_OK;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_BUSY;
    case SQLITE_READONLY:
    case SQLITE_FULL:
        return ERR_READ_ONLY;
    case SQLITE_IOERR:
        return code == SQLITE_IOERR_NOMEM ? ERR_NOMEM : io_kind(h, code);
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return ERR_IO;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERR_CORRUPT;
    case SQLITE_NOMEM:
        return ERR_NOMEM;
    case SQLITE_TOOBIG:
        return ERR_TOO_LARGE;
    case SQLITE_CONSTRAINT:
        return constraint_kind(code);
    default:
        return ERR_INTERNAL;
    }
}

static const char *hint_of(enum err kind)
{
    switch (kind) {
    case ERR_BUSY:
        return " (another program holds the database; end it, then try again)";
    case ERR_READ_ONLY:
        return " (free disk space or make the file system writable; writes go on by themselves then)";
    case ERR_CORRUPT:
        return " (restore a backup: peerage restore)";
    default:
        return "";
    }
}

static enum err db_fail(sqlite3 *h, int code, struct error *err)
{
    enum err kind = kind_of(h, code);
    const char *text = h && sqlite3_extended_errcode(h) == code ? sqlite3_errmsg(h) : sqlite3_errstr(code);
    return error_set(err, kind, "store: %s%s", text, hint_of(kind));
}

// ---- opening ----------------------------------------------------------------------------------------------

static int configure(sqlite3 *h, enum db_mode mode)
{
    static const struct {
        int option, value;
    } options[] = {{SQLITE_DBCONFIG_DEFENSIVE, 1},   {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
                   {SQLITE_DBCONFIG_ENABLE_FKEY, 1}, {SQLITE_DBCONFIG_DQS_DML, 0},
                   {SQLITE_DBCONFIG_DQS_DDL, 0},     {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0}};
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        int rc = sqlite3_db_config(h, options[i].option, options[i].value, NULL);
        if (rc != SQLITE_OK) return rc;
    }
    int rc = sqlite3_db_config(h, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, mode != DB_WRITE, NULL);
    if (rc != SQLITE_OK) return rc;
    // The writer decides itself when to checkpoint (after it has answered), everyone else never.
    rc = sqlite3_wal_autocheckpoint(h, 0);
    if (rc != SQLITE_OK) return rc;
    // An immutable file needs no query_only, which would forbid the VACUUM INTO of a restore.
    static const char *const pragmas[] = {
        // The cache holds what the first scan of a large account touches again and again: with 2 MB it takes twice as
        // long.
        [DB_WRITE] = ("PRAGMA synchronous=FULL; PRAGMA cell_size_check=ON; PRAGMA journal_size_limit=16777216; "
                      "PRAGMA cache_size=-16000; PRAGMA temp_store=MEMORY"),
        [DB_READ] = "PRAGMA query_only=ON; PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY",
        [DB_IMMUTABLE] = "PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY",
    };
    return sqlite3_exec(h, pragmas[mode], NULL, NULL, NULL);
}

static int on_commit(void *ctx, sqlite3 *h, const char *name, int pages)
{
    ((struct db *)ctx)->wal_pages = (unsigned)pages;
    return SQLITE_OK;
}

// "file:…?immutable=1" with the characters that a URI would read otherwise escaped.
static char *immutable_uri(const char *path)
{
    size_t n = strlen(path);
    char *uri = mem_alloc(n * 3 + 32), *at = uri;
    if (!uri) return NULL;
    at += snprintf(at, 8, "file:");
    for (const char *p = path; *p; p++) {
        if (strchr("?#%", *p))
            at += snprintf(at, 4, "%%%02X", (unsigned char)*p);
        else
            *at++ = *p;
    }
    memcpy(at, "?immutable=1", sizeof("?immutable=1"));
    return uri;
}

static int open_handle(const char *path, enum db_mode mode, sqlite3 **ret)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_PRIVATECACHE;
    if (mode != DB_IMMUTABLE) {
        flags |= mode == DB_WRITE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
        return sqlite3_open_v2(path, ret, flags, NULL);
    }
    char *uri CLEANUP(mem_freep) = immutable_uri(path);
    if (!uri) return SQLITE_NOMEM;
    return sqlite3_open_v2(uri, ret, flags | SQLITE_OPEN_URI | SQLITE_OPEN_READONLY, NULL);
}

enum err db_open(const char *path, enum db_mode mode, int64_t busy_ms, struct db **ret, struct error *err)
{
    struct db *db = mem_zalloc(1, sizeof(*db));
    if (!db) return error_set(err, ERR_NOMEM, "store: out of memory");
    int rc = open_handle(path, mode, &db->h);
    if (rc == SQLITE_OK) rc = sqlite3_busy_timeout(db->h, (int)MIN(busy_ms, INT32_MAX));
    if (rc == SQLITE_OK) rc = configure(db->h, mode);
    if (rc != SQLITE_OK) {
        enum err code = db_fail(db->h, rc, err);
        bool missing = (rc & 0xFF) == SQLITE_CANTOPEN && db->h && sqlite3_system_errno(db->h) == ENOENT;
        if (missing) code = error_set(err, ERR_NOT_FOUND, "store: there is no file %s", path);
        db_close(&db);
        return code;
    }
    (void)sqlite3_wal_hook(db->h, on_commit, db); // returns the former hook's context: none
    *ret = db;
    return ERR_OK;
}

void db_close(struct db **db)
{
    if (!*db) return;
    for (size_t i = 0; i < SLOTS; i++) {
        ASSERT(!(*db)->slots[i].busy);
        (void)sqlite3_finalize((*db)->slots[i].stmt); // repeats an error that its step has returned already
    }
    int rc = sqlite3_close((*db)->h);
    ASSERT(rc == SQLITE_OK); // fails only for an open statement
    mem_free(*db);
    *db = NULL;
}

enum err db_exec(struct db *db, const char *sql, struct error *err)
{
    int rc = sqlite3_exec(db->h, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? ERR_OK : db_fail(db->h, rc, err);
}

enum err db_use_wal(struct db *db, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(db, "PRAGMA journal_mode=WAL");
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code != ERR_OK) return code;
    if (row && slice_eq_cstr(query_get_text(&q), "wal")) return ERR_OK;
    return error_set(err, ERR_IO,
                     "store: the file system cannot share memory between connections (is it a network file "
                     "system?); put the data directory on a local disk");
}

void db_rollback(struct db *db)
{
    if (db_in_transaction(db)) (void)sqlite3_exec(db->h, "ROLLBACK", NULL, NULL, NULL);
}

bool db_in_transaction(const struct db *db)
{
    return sqlite3_get_autocommit(db->h) == 0;
}

int64_t db_changes(const struct db *db)
{
    return sqlite3_changes64(db->h);
}

enum err db_checkpoint(struct db *db, struct error *err)
{
    int rc = sqlite3_wal_checkpoint_v2(db->h, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    return rc == SQLITE_OK ? ERR_OK : db_fail(db->h, rc, err);
}

unsigned db_wal_pages(const struct db *db)
{
    return db->wal_pages;
}

enum err db_copy_into(struct db *db, const char *path, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(db, "VACUUM INTO ?");
    query_cstr(&q, path);
    return query_run(&q, err);
}

static enum err pragma_int(struct db *db, const char *sql, int64_t *ret, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(db, sql);
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code == ERR_OK && row) *ret = query_get_int(&q);
    return code;
}

enum err db_limit_growth(struct db *db, unsigned pages, struct error *err)
{
    int64_t now = 0;
    enum err code = pragma_int(db, "PRAGMA page_count", &now, err);
    if (code != ERR_OK) return code;
    char sql[64];
    (void)snprintf(sql, sizeof(sql), "PRAGMA max_page_count=%lld", pages ? (long long)now + pages : 4294967294LL);
    return db_exec(db, sql, err);
}

// ---- queries ----------------------------------------------------------------------------------------------

static struct slot *find_slot(struct db *db, const char *sql)
{
    size_t at = (size_t)(((uintptr_t)sql * UINT64_C(0x9E3779B97F4A7C15)) >> 55) % SLOTS;
    while (db->slots[at].sql && db->slots[at].sql != sql) at = (at + 1) % SLOTS;
    return &db->slots[at];
}

static void stick(struct query *q, int code)
{
    if (code == SQLITE_OK || q->fail != ERR_OK) return;
    q->code = code;
    q->fail = kind_of(q->db->h, code);
}

struct query query_open(struct db *db, const char *sql)
{
    struct query q = {.db = db};
    struct slot *slot = find_slot(db, sql);
    if (slot->sql && !slot->busy) {
        slot->busy = true;
        q.slot = slot;
        q.stmt = slot->stmt;
        return q;
    }
    bool cache = !slot->sql && db->used < SLOTS_MAX;
    sqlite3_stmt *stmt = NULL;
    stick(&q, sqlite3_prepare_v3(db->h, sql, -1, cache ? SQLITE_PREPARE_PERSISTENT : 0, &stmt, NULL));
    q.stmt = stmt;
    if (cache && stmt) {
        *slot = (struct slot){sql, stmt, true};
        db->used++;
        q.slot = slot;
    }
    return q;
}

void query_close(struct query *q)
{
    if (q->slot) {
        // Both results repeat what step has returned.
        (void)sqlite3_reset(q->stmt);
        (void)sqlite3_clear_bindings(q->stmt);
        ((struct slot *)q->slot)->busy = false;
    } else {
        (void)sqlite3_finalize(q->stmt);
    }
    q->stmt = q->slot = NULL;
}

void query_text(struct query *q, struct slice s)
{
    if (q->fail == ERR_OK)
        stick(q, sqlite3_bind_text64(q->stmt, ++q->bound, s.n ? s.p : "", s.n, SQLITE_STATIC, SQLITE_UTF8));
}

void query_cstr(struct query *q, const char *s)
{
    query_text(q, slice_of(s));
}

void query_int(struct query *q, int64_t v)
{
    if (q->fail == ERR_OK) stick(q, sqlite3_bind_int64(q->stmt, ++q->bound, v));
}

void query_wall(struct query *q, struct wall w)
{
    query_int(q, w.us);
}

void query_blob(struct query *q, const void *p, size_t n)
{
    if (q->fail == ERR_OK) stick(q, sqlite3_bind_blob64(q->stmt, ++q->bound, n ? p : "", n, SQLITE_STATIC));
}

enum err query_check(struct query *q, struct error *err)
{
    if (q->fail == ERR_OK) return ERR_OK;
    if (q->code) return db_fail(q->db->h, q->code, err);
    if (q->fail == ERR_NOMEM) return error_set(err, ERR_NOMEM, "store: the result does not fit into memory");
    return error_set(err, q->fail, "store: a row holds a value of the wrong size (restore a backup: peerage restore)");
}

enum err query_step(struct query *q, bool *ret_row, struct error *err)
{
    if (q->fail != ERR_OK) return query_check(q, err);
    ASSERT(q->bound == sqlite3_bind_parameter_count(q->stmt));
    int rc = sqlite3_step(q->stmt);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        stick(q, rc);
        return query_check(q, err);
    }
    q->column = 0;
    q->row = rc == SQLITE_ROW;
    *ret_row = q->row;
    return ERR_OK;
}

enum err query_run(struct query *q, struct error *err)
{
    bool row = true;
    while (row) {
        enum err code = query_step(q, &row, err);
        if (code != ERR_OK) return code;
    }
    return ERR_OK;
}

static int next_column(struct query *q)
{
    ASSERT(q->row && q->column < sqlite3_column_count(q->stmt));
    return q->column++;
}

struct slice query_get_text(struct query *q)
{
    int i = next_column(q);
    const char *p = (const char *)sqlite3_column_text(q->stmt, i);
    if (!p && sqlite3_column_type(q->stmt, i) != SQLITE_NULL) stick(q, SQLITE_NOMEM);
    return p ? slice_n(p, (size_t)sqlite3_column_bytes(q->stmt, i)) : (struct slice){NULL, 0};
}

struct slice query_get_copy(struct query *q, struct arena *a)
{
    struct slice s = query_get_text(q), copy = s.n ? arena_slice(a, s) : (struct slice){NULL, 0};
    if (copy.n != s.n && q->fail == ERR_OK) q->fail = ERR_NOMEM;
    return copy;
}

void query_get_cstr(struct query *q, char *dst, size_t cap)
{
    if (!slice_copy(query_get_text(q), dst, cap) && q->fail == ERR_OK) q->fail = ERR_CORRUPT;
}

int64_t query_get_int(struct query *q)
{
    return sqlite3_column_int64(q->stmt, next_column(q));
}

bool query_get_bool(struct query *q)
{
    return query_get_int(q) != 0;
}

struct wall query_get_wall(struct query *q)
{
    return (struct wall){query_get_int(q)};
}

void query_get_blob(struct query *q, void *dst, size_t n)
{
    int i = next_column(q);
    const void *p = sqlite3_column_blob(q->stmt, i);
    if (p && (size_t)sqlite3_column_bytes(q->stmt, i) == n)
        memcpy(dst, p, n);
    else if (q->fail == ERR_OK)
        q->fail = ERR_CORRUPT;
}
