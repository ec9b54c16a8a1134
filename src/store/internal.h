// SPDX-License-Identifier: Apache-2.0
// What the files of store share. Called by: store only. Must never: be included from another folder.
#pragma once

#include <stdatomic.h>

#include "base/buf.h"
#include "base/lock.h"
#include "base/worker.h"
#include "store/db.h"
#include "store/store.h"

#define LIST_SHAPES 512 // texts of store_connections' statements, see connection_list.c

struct store_reader {
    struct store *store;
    struct db *db;
    bool inside_write;           // the writer's own view: transaction control is the writer's
    char *list_sql[LIST_SHAPES]; // made on first use, freed with the reader
};

struct store_tx {
    struct store_reader reader;
    struct store *store;
    bool lists_changed, auth_changed; // raise the generations after the commit
};

// One waiting store_write; lives on its caller's stack.
struct write_item {
    store_fn fn; // NULL: outside a transaction, see store_maintain
    enum err (*maintain)(struct db *db, void *ctx, struct error *err);
    void *ctx;
    struct error *err;
    enum err code;
    bool done;               // under store.lock
    bool lists, auth;        // writer thread only
    struct write_item *next; // under store.lock
};

struct store {
    struct store_options options; // immutable; path is `path`
    char *path;
    int lock_fd;                 // -1 = none
    struct db *db;               // the writer's connection: writer thread only after opening; NULL when read-only
    struct job *writer;          // NULL when read-only
    unsigned checkpointed_pages; // writer thread only: WAL length at the last checkpoint
    struct store_tx tx;          // writer thread only

    struct lock lock; // guards the queue and the done flags
    struct cond done;
    struct write_item *first, **last;
    unsigned queued;

    _Atomic uint64_t generation, auth_generation;
    _Atomic bool writable;
    _Atomic unsigned readers;
};

enum err writer_start(struct store *s, struct error *err) MUST_CHECK;
void writer_stop(struct store *s);
// Runs fn on the writer thread outside a transaction (backup).
enum err store_maintain(struct store *s, enum err (*fn)(struct db *db, void *ctx, struct error *err), void *ctx,
                        struct error *err) MUST_CHECK;

// A snapshot over several statements. No-ops inside a write.
enum err reader_begin(struct store_reader *r, struct error *err) MUST_CHECK;
void reader_end(struct store_reader *r);

// The ids whose groups p may read (NEED_GROUP_READ), as a JSON array: groups that it has a role on, and its
// organisation when a role there reaches into groups. p NULL: "[]". Empty: out of memory.
struct slice reach_of(const struct principal *p, struct arena *a);
int64_t page_offset(struct page page);

// Where an entry of a list lies: `skip` entries behind the first whose id is `id` or above.
struct mark {
    int64_t index; // in: which entry, from 0
    char id[OID_HEX + 1];
    int64_t skip;
};
// list and scope as in the table list_mark; total: how many the list has. In the caller's snapshot. index < total.
enum err mark_find(struct store_reader *r, const char *list, struct slice scope, int64_t total, struct mark *ret,
                   struct error *err) MUST_CHECK;

// One connection row, columns in the order of CONNECTION_COLUMNS. The overlay of a failed scan is not in it.
#define CONNECTION_COLUMNS                                                                                             \
    "group_id, id, network_id, name, requester_account, requester_vpc, requester_region, accepter_account, "           \
    "accepter_vpc, accepter_region, requester_cidrs, accepter_cidrs, cloud_status, cloud_message, local_status, "      \
    "status_message, expiration, first_seen, changed, missing_since, terminal_since, listed, protected"
void get_connection(struct query *q, struct arena *a, struct connection *c);
// Fills scan_failed and scan_failure from the networks' scan state. In the caller's snapshot.
enum err overlay_scans(struct store_reader *r, struct connection *rows, size_t n, struct arena *a,
                       struct error *err) MUST_CHECK;

// Whether the cloud may be written for the rows of t (an alias with group_id and network_id). What was handed over to
// another group waits for a freeze of either group.
#define MAY_WRITE(t)                                                                                                   \
    "EXISTS (SELECT 1 FROM network AS w WHERE w.id = " t ".network_id AND w.removed = 0 AND w.mode = 'manage') "       \
    "AND NOT EXISTS (SELECT 1 FROM freeze AS f WHERE f.group_id = '' OR f.network_id = " t ".network_id OR "           \
    "(f.network_id = '' AND f.group_id IN (" t ".group_id, (SELECT g.group_id FROM network AS g WHERE g.id = " t       \
    ".network_id))))"
// The index of a name that a column's CHECK admits.
int name_index(struct slice s, const char *const *names, size_t n);
#define ACTOR_KINDS 4
extern const char *const actor_kinds[ACTOR_KINDS]; // by enum principal_kind

// ERR_NOT_FOUND with "no <what> <id>" when the last statement changed no row.
enum err need_change(struct store_tx *tx, const char *what, const char *id, struct error *err) MUST_CHECK;
enum err no_row(struct error *err, const char *what, const char *id);

// Results of unknown number, doubled in the arena.
struct rows {
    void *p;
    size_t n, cap, size;
};
void *rows_add(struct rows *rows, struct arena *a); // NULL: out of memory
enum err rows_nomem(struct error *err);
typedef void (*row_get)(struct query *q, struct arena *a, void *row); // one row, its columns in order
// All that is left of a query, one row after another.
enum err rows_collect(struct query *q, struct arena *a, struct rows *rows, row_get get, struct error *err) MUST_CHECK;

// What waits for a time (due.c): at most max rows whose time has come, and when the next one's does.
struct due_query {
    const char *come; // parameters: now, max
    const char *next; // parameter: now; selects one time
    size_t row_size;
    row_get get;
};
// *ret_next: 0 = nothing waits; `now` itself when there may be more than max. One snapshot.
enum err due_read(struct store_reader *r, const struct due_query *d, struct wall now, size_t max, struct arena *a,
                  void **ret, size_t *ret_n, struct wall *ret_next, struct error *err) MUST_CHECK;

// Parts of credentials for all rows of a page: their names as a JSON array, in the order of the rows.
enum err load_credentials(struct store_reader *r, enum principal_kind kind, struct slice names, struct arena *a,
                          struct rows *rows, struct error *err) MUST_CHECK;
enum err load_all_grants(struct store_reader *r, struct slice names, struct rows *all, struct arena *a,
                         struct error *err) MUST_CHECK;
enum err load_all_secrets(struct store_reader *r, struct slice names, struct rows *all, struct arena *a,
                          struct error *err) MUST_CHECK;
