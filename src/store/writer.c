// SPDX-License-Identifier: Apache-2.0
// The one writer: a thread that runs queued writes, several to a commit, each in a savepoint of its own.
// Called by: everyone through store_write. Must never: release a caller before the commit is on disk, or let the error
// of one write undo another.
#include "store/internal.h"

#define BATCH_MAX        128
#define CHECKPOINT_PAGES 1000 // 4 MiB of WAL

// ---- one batch --------------------------------------------------------------------------------------------

static enum err run_sql(struct store *s, const char *sql, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(s->db, sql);
    return query_run(&q, err);
}

static void call(struct store *s, struct write_item *item)
{
    s->tx.lists_changed = s->tx.auth_changed = false;
    item->code = item->fn(&s->tx, item->ctx, item->err);
    item->lists = s->tx.lists_changed;
    item->auth = s->tx.auth_changed;
}

static void run_item(struct store *s, struct write_item *item)
{
    item->code = run_sql(s, "SAVEPOINT item", item->err);
    if (item->code != ERR_OK) return;
    call(s, item);
    if (item->code == ERR_OK) {
        item->code = run_sql(s, "RELEASE item", item->err);
        return;
    }
    // SQLite has rolled everything back by itself after a full disk or an I/O error: then there is no savepoint.
    if (!db_in_transaction(s->db)) return;
    struct error ignored;
    if (run_sql(s, "ROLLBACK TO item", &ignored) != ERR_OK || run_sql(s, "RELEASE item", &ignored) != ERR_OK)
        db_rollback(s->db);
}

// Everything that has not failed by itself fails with err.
static void fail_rest(struct write_item *batch, const struct error *err)
{
    for (struct write_item *i = batch; i; i = i->next) {
        if (i->code != ERR_OK) continue;
        i->code = err->code;
        *i->err = *err;
    }
}

// A write that found no room says more than one beside it that needed none.
static void note_result(struct store *s, const struct write_item *batch)
{
    bool stored = false, refused = false;
    for (const struct write_item *i = batch; i; i = i->next) {
        stored |= i->code == ERR_OK;
        refused |= i->code == ERR_READ_ONLY;
    }
    if (stored || refused) atomic_store(&s->writable, !refused);
}

// Alone in its commit a write needs no savepoint. SQLite keeps the pages that a savepoint would bring back in a list
// that every statement walks, so the first scan of a large account took ten times as long with one.
static enum err run_alone(struct store *s, struct write_item *item, struct error *err)
{
    call(s, item);
    if (item->code != ERR_OK) {
        db_rollback(s->db);
        return ERR_OK; // the item has its error
    }
    if (!db_in_transaction(s->db)) return error_set(err, ERR_INTERNAL, "store: a write ended its transaction");
    return run_sql(s, "COMMIT", err);
}

static enum err run_batch(struct store *s, struct write_item *batch, struct error *err)
{
    if (!batch->next) return run_alone(s, batch, err);
    for (struct write_item *i = batch; i; i = i->next) {
        run_item(s, i);
        if (db_in_transaction(s->db)) continue;
        if (i->code == ERR_OK) return error_set(err, ERR_INTERNAL, "store: a write ended its transaction");
        *err = *i->err;
        return i->code;
    }
    return run_sql(s, "COMMIT", err);
}

// After the commit and before anyone is released, so that a caller who has been answered finds the new generation.
static void raise_generations(struct store *s, const struct write_item *batch)
{
    bool lists = false, auth = false;
    for (const struct write_item *i = batch; i; i = i->next) {
        lists |= i->code == ERR_OK && i->lists;
        auth |= i->code == ERR_OK && i->auth;
    }
    if (lists) atomic_fetch_add(&s->generation, 1);
    if (auth) atomic_fetch_add(&s->auth_generation, 1);
}

// Returns what came of beginning: ERR_BUSY when another program held the database for the whole time-out.
static enum err transact(struct store *s, struct write_item *batch)
{
    struct error err;
    db_rollback(s->db); // of a transaction whose rollback had no memory; else nothing
    enum err began = run_sql(s, "BEGIN IMMEDIATE", &err);
    enum err code = began == ERR_OK ? run_batch(s, batch, &err) : began;
    if (code != ERR_OK) {
        db_rollback(s->db);
        fail_rest(batch, &err);
    }
    note_result(s, batch);
    raise_generations(s, batch);
    return began;
}

// ---- the queue --------------------------------------------------------------------------------------------

// Up to BATCH_MAX writes, or one maintenance item alone; NULL when the queue is empty.
static struct write_item *take(struct store *s)
{
    lock_take(&s->lock);
    struct write_item *batch = s->first, **end = &batch;
    unsigned n = 0;
    for (; *end && n < BATCH_MAX; n++) {
        if (!(*end)->fn) {
            if (n == 0) end = &(*end)->next, n = 1;
            break;
        }
        end = &(*end)->next;
    }
    s->first = *end;
    if (!s->first) s->last = &s->first;
    *end = NULL;
    s->queued -= n;
    lock_drop(&s->lock);
    return batch;
}

static void release(struct store *s, struct write_item *batch)
{
    lock_take(&s->lock);
    for (struct write_item *i = batch, *next; i; i = next) {
        next = i->next; // the item is gone once done is seen
        i->done = true;
    }
    cond_wake_all(&s->done);
    lock_drop(&s->lock);
}

// A long-held lock has made the first batch wait its full time already: the others would wait as long again, one after
// another, so they are told at once.
static void fail_queue(struct store *s, const struct error *err)
{
    struct write_item *batch;
    while ((batch = take(s))) {
        fail_rest(batch, err);
        release(s, batch);
    }
}

static void checkpoint_when_long(struct store *s)
{
    unsigned pages = db_wal_pages(s->db);
    if (pages < s->checkpointed_pages) s->checkpointed_pages = 0; // the WAL began anew
    if (pages - s->checkpointed_pages < CHECKPOINT_PAGES) return;
    s->checkpointed_pages = pages;
    struct error ignored; // the WAL only grows; the next thousand pages try again
    if (db_checkpoint(s->db, &ignored) != ERR_OK) return;
}

static int64_t work(void *ctx)
{
    struct store *s = ctx;
    struct write_item *batch;
    while ((batch = take(s))) {
        struct error busy = {ERR_OK, ""};
        if (batch->fn) {
            if (transact(s, batch) == ERR_BUSY) busy = *batch->err;
        } else {
            batch->code = batch->maintain(s->db, batch->ctx, batch->err);
        }
        // Before anyone is released: who has been told may try again at once, and that is another attempt.
        if (busy.code == ERR_BUSY) fail_queue(s, &busy);
        release(s, batch);
        checkpoint_when_long(s);
    }
    return -1;
}

static enum err submit(struct store *s, struct write_item *item)
{
    if (!s->writer) return error_set(item->err, ERR_READ_ONLY, "store: it is open for inspection only");
    lock_take(&s->lock);
    if (s->queued >= s->options.write_queue_max) {
        lock_drop(&s->lock);
        return error_set(item->err, ERR_BUSY, "store: %u writes wait already; try again later", s->queued);
    }
    *s->last = item;
    s->last = &item->next;
    s->queued++;
    lock_drop(&s->lock);
    job_poke(s->writer);
    lock_take(&s->lock);
    while (!item->done) cond_wait(&s->done, &s->lock);
    lock_drop(&s->lock);
    return item->code;
}

enum err store_write(struct store *s, store_fn fn, void *ctx, struct error *err)
{
    ASSERT(fn);
    struct write_item item = {.fn = fn, .ctx = ctx, .err = err};
    return submit(s, &item);
}

enum err store_maintain(struct store *s, enum err (*fn)(struct db *db, void *ctx, struct error *err), void *ctx,
                        struct error *err)
{
    struct write_item item = {.maintain = fn, .ctx = ctx, .err = err};
    return submit(s, &item);
}

struct store_reader *store_tx_reader(struct store_tx *tx)
{
    return &tx->reader;
}

enum err writer_start(struct store *s, struct error *err)
{
    s->tx = (struct store_tx){.reader = {.store = s, .db = s->db, .inside_write = true}, .store = s};
    return job_start("store-writer", work, s, &s->writer, err);
}

// Callers of store_write are blocked inside it, and none may be left when the store is closed: the queue is empty.
void writer_stop(struct store *s)
{
    job_stop(&s->writer);
    ASSERT(!s->first);
}
