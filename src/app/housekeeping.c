// SPDX-License-Identifier: Apache-2.0
// Once a second: batched last-used times, gauges, the manager's watchdog. A second job seals anew what a former sealing
// key sealed, in batches with as long a pause after each. Called by: app.c.
// Must never: do a tenant's work, or hold up anything but itself.
#include <stdio.h>

#include "app/inside.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"

#define TICK_NS   NS_PER_SEC
#define ARENA_MAX ((size_t)1 << 20)
#define SERIES    16

struct housekeeping { // owned by the job's thread once it runs
    struct app *app;
    struct store_reader *reader;
    struct arena *arena;
    uint64_t counted; // generation of the counts that the gauges show, + 1
    unsigned series[SERIES];
    unsigned series_count;
    bool watchdog;
    struct job *reseal;
    struct resealing *resealing; // owned by that job's thread once it runs
    bool reseal_failing;
};

static void count_connections(struct housekeeping *h)
{
    struct error err;
    struct slice *status;
    uint64_t *counts;
    size_t n;
    uint64_t generation = store_generation(h->app->store) + 1;
    if (generation == h->counted) return;
    arena_reset(h->arena);
    if (store_connection_counts(h->reader, h->arena, &status, &counts, &n, &err) != ERR_OK) {
        LOG(LOG_DEBUG, "connections were not counted", LOG_S("detail", err.detail));
        return;
    }
    for (unsigned i = 0; i < h->series_count; i++) metric_set(M_CONNECTIONS, h->series[i], 0); // a status may be gone
    for (size_t i = 0; i < n; i++) {
        char labels[80];
        snprintf(labels, sizeof labels, "status=\"%.*s\"", SLICE_FMT(status[i]));
        unsigned s = metric_series(M_CONNECTIONS, labels);
        metric_set(M_CONNECTIONS, s, (int64_t)counts[i]);
        bool known = false;
        for (unsigned k = 0; k < h->series_count; k++) known |= h->series[k] == s;
        if (!known && h->series_count < SERIES) h->series[h->series_count++] = s;
    }
    h->counted = generation;
}

static int64_t tick(void *ctx)
{
    struct housekeeping *h = ctx;
    struct app *a = h->app;
    auth_tick(a->auth);
    count_connections(h);
    metric_set(M_RATE_BUCKETS, metric_series(M_RATE_BUCKETS, ""), (int64_t)limits_count(a->limits));
    metric_set(M_STORE_WAL_BYTES, metric_series(M_STORE_WAL_BYTES, ""), (int64_t)store_wal_bytes(a->store));
    unsigned dropped = metric_series(M_LOG_DROPPED, "");
    metric_add(M_LOG_DROPPED, dropped, (int64_t)log_dropped() - metric_value(M_LOG_DROPPED, dropped));
    if (h->watchdog) notify_send("WATCHDOG=1");
    return TICK_NS;
}

static int64_t reseal(void *ctx)
{
    struct housekeeping *h = ctx;
    const struct clock *clock = h->app->opt.clock;
    struct mono begin = clock_mono(clock);
    struct error err;
    unsigned n;
    bool idle;
    enum err e = auth_reseal(h->resealing, &n, &idle, &err);
    if (e != ERR_OK && !h->reseal_failing)
        LOG(LOG_WARN, "what a former key sealed cannot be sealed anew for now", LOG_S("detail", err.detail));
    h->reseal_failing = e != ERR_OK;
    if (e != ERR_OK || idle) return TICK_NS;
    return MAX(clock_mono(clock).ns - begin.ns, NS_PER_MS);
}

static enum err start_resealing(struct housekeeping *h, struct error *err)
{
    enum err e = auth_resealing_new(h->app->auth, &h->resealing, err);
    return e == ERR_OK ? job_start("reseal", reseal, h, &h->reseal, err) : e;
}

enum err housekeeping_start(struct app *a, struct error *err)
{
    struct housekeeping *h = mem_zalloc(1, sizeof *h);
    if (!h) return error_set(err, ERR_NOMEM, "no memory for housekeeping");
    a->housekeeping_state = h;
    h->app = a;
    h->watchdog = notify_watchdog();
    h->arena = arena_new(ARENA_MAX);
    if (!h->arena) return error_set(err, ERR_NOMEM, "no memory for housekeeping");
    if (store_reader_open(a->store, &h->reader, err) != ERR_OK) return err->code;
    if (start_resealing(h, err) != ERR_OK) return err->code;
    return job_start("housekeeping", tick, h, &a->housekeeping, err);
}

void housekeeping_stop(struct app *a)
{
    struct housekeeping *h = a->housekeeping_state;
    job_stop(&a->housekeeping);
    if (!h) return;
    a->housekeeping_state = NULL;
    job_stop(&h->reseal);
    auth_resealing_free(h->resealing);
    store_reader_close(&h->reader);
    arena_free(h->arena);
    mem_free(h);
}
