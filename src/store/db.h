// SPDX-License-Identifier: Apache-2.0
// A thin layer over SQLite: connections, cached statements, binding, columns, and its errors as ours.
// Called by: the other files of store only. Must never: be used by two threads at once (one connection, one thread), or
// let a SQLite type or code out.
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "base/slice.h"

struct arena;
struct db;

#define DB_APPLICATION_ID 0x50656572 // "Peer": SQLite header, offset 68

enum db_mode {
    DB_READ,      // query only; never checkpoints
    DB_WRITE,     // the writer: WAL, synchronous=FULL; checkpoints only when told
    DB_IMMUTABLE, // a file that nobody writes: no locks, no -shm (verifying a backup, read-only media)
};
// ERR_NOT_FOUND: no file (none is made: create it first). Statement cache, defensive flags and foreign keys are on.
enum err db_open(const char *path, enum db_mode mode, int64_t busy_ms, struct db **ret, struct error *err) MUST_CHECK;
void db_close(struct db **db); // NULL-safe; no query may be open
// db_use_wal: switches the file to WAL (the writer, once). ERR_IO when the file system cannot.
enum err db_use_wal(struct db *db, struct error *err) MUST_CHECK;
// Runs statements without parameters and without results, uncached.
enum err db_exec(struct db *db, const char *sql, struct error *err) MUST_CHECK;
// db_rollback: ends the transaction, if there is one, without its changes. A connection that cannot even do that (no
// memory) stays in it: call again before the next one.
void db_rollback(struct db *db);
bool db_in_transaction(const struct db *db); // false too after SQLite rolled back by itself (disk full, I/O error)
int64_t db_changes(const struct db *db);     // rows changed by the last INSERT, UPDATE or DELETE, triggers not counted
// Copies the WAL into the database as far as no reader needs it. Never waits for readers.
enum err db_checkpoint(struct db *db, struct error *err) MUST_CHECK;
unsigned db_wal_pages(const struct db *db); // pages in the WAL at the last commit of this connection
// A compact copy of a consistent snapshot into `path`, which must be an empty file. Not synced.
enum err db_copy_into(struct db *db, const char *path, struct error *err) MUST_CHECK;
// Test hook: the database may not grow past its present size plus n pages (a full disk); 0 lifts it.
enum err db_limit_growth(struct db *db, unsigned pages, struct error *err) MUST_CHECK;

// ---- queries --------------------------------------------------------------------------------------------
// struct query q CLEANUP(query_close) = query_open(db, "SELECT …"); bind in order; step; get in order.
// A failed prepare, bind or get sticks and is returned by the next query_step, query_run or query_check.
struct query {
    struct db *db;
    void *stmt;
    void *slot; // cache entry, NULL when not cached
    int bound, column;
    enum err fail;
    bool row; // on a row
    int code; // SQLite's, of the failure
};
// sql must stay valid and unchanged for the life of db (a literal, or text owned by the reader): statements are cached
// by its address.
struct query query_open(struct db *db, const char *sql) MUST_CHECK;
void query_close(struct query *q);
void query_text(struct query *q, struct slice s); // borrowed until query_close
void query_cstr(struct query *q, const char *s);
void query_int(struct query *q, int64_t v);
void query_wall(struct query *q, struct wall w);
void query_blob(struct query *q, const void *p, size_t n);
// *ret_row false: the end. Constraint failures: ERR_EXISTS (unique), ERR_NOT_FOUND (foreign key), ERR_INVALID (check).
enum err query_step(struct query *q, bool *ret_row, struct error *err) MUST_CHECK;
enum err query_run(struct query *q, struct error *err) MUST_CHECK;   // to the end; rows are ignored
enum err query_check(struct query *q, struct error *err) MUST_CHECK; // what stuck
struct slice query_get_text(struct query *q);                        // valid until the next step; "" for NULL
struct slice query_get_copy(struct query *q, struct arena *a);       // in the arena; ERR_NOMEM sticks
void query_get_cstr(struct query *q, char *dst, size_t cap);         // too long: ERR_CORRUPT sticks
int64_t query_get_int(struct query *q);
bool query_get_bool(struct query *q);
struct wall query_get_wall(struct query *q);
void query_get_blob(struct query *q, void *dst, size_t n); // another length: ERR_CORRUPT sticks
