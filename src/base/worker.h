// SPDX-License-Identifier: Apache-2.0
// Threads of two shapes: one periodic job (wakes when due or when poked) and a bounded pool.
// Called by: app, httpd, reconcile. Must never: queue without bound, or be destroyed with work running.
#pragma once

#include "base/error.h"
#include "base/lock.h"

// ---- periodic job: work() returns how long to sleep in ns (0 = again at once, < 0 = until poked).
struct job;
typedef int64_t (*job_fn)(void *ctx);
enum err job_start(const char *name, job_fn work, void *ctx, struct job **ret, struct error *err) MUST_CHECK;
void job_poke(struct job *j); // run as soon as possible; pokes during a run cause one more run
bool job_stopping(const struct job *j);
void job_stop(struct job **j); // signals, waits for the current run, frees; NULL-safe

// ---- pool: FIFO, bounded.
struct pool;
typedef void (*pool_fn)(void *item, void *thread_ctx);
// make_ctx/free_ctx (may be NULL) give each thread a context of its own, made on that thread. Returns when all
// are made; a make_ctx that gives NULL fails the start: ERR_UNAVAILABLE. free_ctx runs on the same thread.
enum err pool_start(const char *name, unsigned threads, unsigned queue_max, void *(*make_ctx)(void *),
                    void (*free_ctx)(void *), void *arg, struct pool **ret, struct error *err) MUST_CHECK;
bool pool_submit(struct pool *p, pool_fn fn, void *item) MUST_CHECK; // false when the queue is full or stopping
unsigned pool_queued(struct pool *p);
void pool_stop(struct pool **p); // runs what is queued, then joins
