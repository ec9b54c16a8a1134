// SPDX-License-Identifier: Apache-2.0
// The notifier: takes what is due from the outbox, hands it to a bounded pool, one attempt at a time for each hook, and
// has core record what came of it. What was under way when the process died is still pending, so it goes again.
// Called by: app through notice.h. Must never: hold its lock over the store, core or the network (core's listener calls
// notifier_wake), or let receivers in trouble take more than half of the threads.
#include "notice/notice.h"

#include <stdio.h>

#include "base/lock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/worker.h"
#include "notice/send.h"

#define THREADS_MAX  64
#define TICK_ARENA   ((size_t)16 << 20)
#define TASK_ARENA   ((size_t)2 << 20)
#define IDLE_NS      (10 * NS_PER_SEC) // requests come under their thresholds, the wall clock may be stepped
#define HOLD_NS      NS_PER_SEC        // the store is in trouble
#define COUNT_NS     (2 * NS_PER_SEC)
#define PRUNE_NS     (600 * NS_PER_SEC)
#define RUN_ONCE_MAX 100000

// What is known of a hook's receiver since the start. Under the lock.
struct receiver {
    bool running;      // one attempt at a time
    unsigned failures; // in a row, of the endpoint as a whole
    struct mono gate;  // left alone until then
};

struct task {
    bool used; // under the lock
    struct notifier *notifier;
    struct receiver *receiver;
    struct arena *arena;
    struct webhook hook;
    struct delivery delivery;
};

struct notifier {
    struct notifier_options opt; // immutable
    struct store_reader *reader; // the job's, as are the next five
    struct arena *arena;
    struct mono counted, pruned, told;
    struct httpc *inline_http; // with threads == 0
    _Atomic bool stopping;

    struct lock lock; // guards what follows
    struct map *receivers;
    struct task tasks[THREADS_MAX];
    struct httpc *https[THREADS_MAX]; // one a thread, for cancelling
    unsigned http_count;
    struct notifier_status status;
    struct job *job;
    struct pool *pool;
};

// ---- one attempt --------------------------------------------------------------------------------------------

static void count_verdict(struct notifier *n, const struct task *t, const struct verdict *v)
{
    static const char *const labels[] = {[DELIVERY_PENDING] = "result=\"failed\"",
                                         [DELIVERY_DONE] = "result=\"delivered\"",
                                         [DELIVERY_DEAD] = "result=\"dead\""};
    struct receiver *r = t->receiver;
    struct mono now = clock_mono(n->opt.clock);
    lock_take(&n->lock);
    n->status.delivered += v->state == DELIVERY_DONE;
    n->status.failed += v->state == DELIVERY_PENDING;
    n->status.dead += v->state == DELIVERY_DEAD;
    n->status.away += v->away && r->failures == 0;
    n->status.away -= !v->away && r->failures > 0;
    r->failures = v->away ? MIN(r->failures + 1, 1000u) : 0;
    if (v->away) r->gate.ns = now.ns + schedule_gate_ns(r->failures, n->opt.rng);
    lock_drop(&n->lock);
    metric_add(M_WEBHOOK_DELIVERIES, metric_series(M_WEBHOOK_DELIVERIES, labels[v->state]), 1);
}

static void record(struct notifier *n, struct task *t, const struct verdict *v, const struct attempt *a,
                   struct slice reason)
{
    struct delivery *d = &t->delivery;
    struct error err;
    d->state = v->state;
    d->attempts++;
    d->last_attempt = clock_wall(n->opt.clock);
    d->not_before = v->not_before;
    d->finished = v->state == DELIVERY_PENDING ? (struct wall){0} : d->last_attempt;
    d->status = (uint32_t)a->status;
    d->reason = reason;
    lock_take(&n->lock);
    bool back = t->receiver->failures > 0 && !v->away;
    lock_drop(&n->lock);
    const struct delivery_outcome o = {.row = d, .hurry = back, .gone = v->gone};
    enum err e = core_delivery_outcome(n->opt.core, &o, &err);
    if (v->state != DELIVERY_DONE)
        LOG(v->state == DELIVERY_DEAD ? LOG_WARN : LOG_INFO, "a webhook delivery failed",
            LOG_S("webhookId", d->webhook_id), LOG_S("delivery", d->id), LOG_S("type", notice_type(d->notice)),
            LOG_I("attempts", d->attempts), LOG_S("state", delivery_state_name(d->state)), LOG_SL("detail", reason));
    if (e == ERR_OK || e == ERR_NOT_FOUND) return;
    LOG(LOG_WARN, "what a webhook delivery came to was not recorded; it is made again", LOG_S("delivery", d->id),
        LOG_S("detail", err.detail));
    lock_take(&n->lock);
    t->receiver->gate.ns = MAX(t->receiver->gate.ns, clock_mono(n->opt.clock).ns + HOLD_NS);
    lock_drop(&n->lock);
}

static struct slice clip(struct slice s)
{
    size_t n = MIN(s.n, (size_t)400);
    while (n < s.n && n && ((unsigned char)s.p[n] & 0xC0) == 0x80) n--;
    return slice_n(s.p, n);
}

static void attempt(struct task *t, struct httpc *http)
{
    struct notifier *n = t->notifier;
    struct attempt a;
    struct slice reason;
    const struct send s = {.keys = n->opt.keys,
                           .hook = &t->hook,
                           .delivery = &t->delivery,
                           .allow = n->opt.allow,
                           .allow_count = n->opt.allow_count,
                           .total_ms = n->opt.total_ms,
                           .now = clock_wall(n->opt.clock)};
    send_once(&s, http, t->arena, &a, &reason);
    if (n->stopping && a.code != ERR_OK) return; // cancelled: it counts as not made
    struct verdict v = schedule_judge(&t->delivery, t->delivery.attempts + 1, &a, clock_wall(n->opt.clock), n->opt.rng);
    record(n, t, &v, &a, clip(reason));
    count_verdict(n, t, &v);
}

static void finish(struct task *t)
{
    struct notifier *n = t->notifier;
    arena_free(t->arena);
    lock_take(&n->lock);
    t->receiver->running = false;
    t->used = false;
    n->status.running--;
    if (n->job) job_poke(n->job);
    lock_drop(&n->lock);
}

static void run_pooled(void *item, void *thread_ctx)
{
    struct task *t = item;
    if (!t->notifier->stopping && thread_ctx) attempt(t, thread_ctx);
    finish(t);
}

// ---- what is due --------------------------------------------------------------------------------------------

// NULL: out of memory. The lock is held.
static struct receiver *want_receiver(struct notifier *n, const char *webhook_id)
{
    struct receiver *r = map_get(n->receivers, slice_of(webhook_id));
    if (r) return r;
    r = mem_zalloc(1, sizeof *r);
    if (r && map_put(n->receivers, slice_of(webhook_id), r, NULL)) return r;
    mem_free(r);
    return NULL;
}

static unsigned slots(const struct notifier *n)
{
    return MAX(n->opt.threads, 1u);
}

// A free slot for that receiver, marked as running. Receivers in trouble may have half of them. The lock is held.
static struct task *take_task(struct notifier *n, struct receiver *r)
{
    unsigned in_trouble = 0;
    struct task *free_one = NULL;
    for (unsigned i = 0; i < slots(n); i++) {
        struct task *t = &n->tasks[i];
        if (!t->used) free_one = t;
        in_trouble += t->used && t->receiver->failures > 0;
    }
    if (!free_one || (r->failures && in_trouble >= MAX(slots(n) / 2, 1u))) return NULL;
    *free_one = (struct task){.used = true, .notifier = n, .receiver = r};
    r->running = true;
    n->status.running++;
    return free_one;
}

// *next: when its gate opens.
static struct task *prepare(struct notifier *n, const char *webhook_id, int64_t *next)
{
    struct task *t = NULL;
    struct mono now = clock_mono(n->opt.clock);
    lock_take(&n->lock);
    struct receiver *r = want_receiver(n, webhook_id);
    if (r && !r->running && r->gate.ns > now.ns)
        *next = MIN(*next, r->gate.ns - now.ns);
    else if (r && !r->running)
        t = take_task(n, r);
    lock_drop(&n->lock);
    return t;
}

// False: nothing to send after all.
static bool load(struct notifier *n, struct task *t, const char *webhook_id)
{
    struct error err;
    t->arena = arena_new(TASK_ARENA);
    if (t->arena && store_webhook_get(n->reader, webhook_id, t->arena, &t->hook, &err) == ERR_OK &&
        store_outbox_first(n->reader, webhook_id, t->arena, &t->delivery, &err) == ERR_OK)
        return true;
    lock_take(&n->lock);
    t->receiver->running = false;
    t->used = false;
    n->status.running--;
    lock_drop(&n->lock);
    arena_free(t->arena);
    return false;
}

static void hand_out(struct notifier *n, struct task *t)
{
    if (!n->pool) {
        run_pooled(t, n->inline_http);
    } else if (!pool_submit(n->pool, run_pooled, t)) { // stopping: the queue has room for all tasks
        finish(t);
    }
}

// Due, or so far ahead that only a stepped clock explains it.
static bool is_due(struct wall not_before, struct wall now)
{
    return not_before.us <= now.us || not_before.us > now.us + SCHEDULE_TOP_US + SCHEDULE_FIRST_US;
}

static enum err dispatch(struct notifier *n, unsigned *ret_begun, int64_t *next, struct error *err)
{
    struct hook_due *due;
    size_t count;
    struct wall now = clock_wall(n->opt.clock);
    *ret_begun = 0;
    arena_reset(n->arena);
    enum err e = store_hooks_due(n->reader, n->arena, &due, &count, err);
    if (e != ERR_OK) return e;
    size_t first = count ? (size_t)rng_below(n->opt.rng, count) : 0; // none is always the last one
    for (size_t k = 0; k < count && !n->stopping; k++) {
        const struct hook_due *h = &due[(first + k) % count];
        if (!is_due(h->not_before, now)) {
            *next = MIN(*next, (h->not_before.us - now.us) * 1000);
            continue;
        }
        struct task *t = prepare(n, h->webhook_id, next);
        if (!t || !load(n, t, h->webhook_id)) continue;
        ++*ret_begun;
        hand_out(n, t);
    }
    return ERR_OK;
}

// ---- chores -------------------------------------------------------------------------------------------------

// Once every `ns`, the first time at once.
static bool chore_due(struct mono *last, struct mono now, int64_t ns)
{
    if (last->ns && now.ns - last->ns < ns) return false;
    last->ns = MAX(now.ns, 1);
    return true;
}

static void count(struct notifier *n)
{
    struct outbox_stats s;
    struct error err;
    if (store_outbox_stats(n->reader, NULL, &s, &err) != ERR_OK) return; // the next time will tell
    int64_t age = s.oldest.us ? MAX(0, (clock_wall(n->opt.clock).us - s.oldest.us) / US_PER_SEC) : 0;
    metric_set(M_WEBHOOK_PENDING, metric_series(M_WEBHOOK_PENDING, ""), (int64_t)s.pending);
    metric_set(M_WEBHOOK_OLDEST, metric_series(M_WEBHOOK_OLDEST, ""), age);
    lock_take(&n->lock);
    n->status.pending = s.pending;
    n->status.oldest_seconds = age;
    lock_drop(&n->lock);
}

static enum err chores(struct notifier *n, struct error *err)
{
    struct mono now = clock_mono(n->opt.clock);
    uint64_t gone;
    size_t told;
    enum err e = ERR_OK;
    if (chore_due(&n->told, now, IDLE_NS)) e = core_expiring_tell(n->opt.core, n->reader, &told, err);
    if (e == ERR_OK && chore_due(&n->pruned, now, PRUNE_NS)) {
        struct wall before = {clock_wall(n->opt.clock).us - n->opt.keep_us};
        e = core_outbox_prune(n->opt.core, before, &gone, err);
    }
    return e;
}

static int64_t tick(void *ctx)
{
    struct notifier *n = ctx;
    struct error err;
    unsigned begun;
    int64_t next = IDLE_NS;
    if (n->stopping) return -1;
    if (chores(n, &err) != ERR_OK || dispatch(n, &begun, &next, &err) != ERR_OK) {
        LOG(LOG_WARN, "the outbox of webhooks cannot be read or written", LOG_S("detail", err.detail));
        return HOLD_NS;
    }
    if (chore_due(&n->counted, clock_mono(n->opt.clock), COUNT_NS)) count(n);
    lock_take(&n->lock);
    if (n->status.pending) next = MIN(next, COUNT_NS); // keeps the gauges true
    lock_drop(&n->lock);
    return MAX(next, NS_PER_MS);
}

unsigned notifier_run_once(struct notifier *n)
{
    struct error err;
    unsigned begun = 1, all = 0;
    int64_t next = IDLE_NS;
    ASSERT(!n->pool);
    n->told = n->pruned = (struct mono){0};
    if (chores(n, &err) != ERR_OK) LOG(LOG_WARN, "the outbox cannot be written", LOG_S("detail", err.detail));
    while (begun && all < RUN_ONCE_MAX && dispatch(n, &begun, &next, &err) == ERR_OK) all += begun;
    count(n);
    return all;
}

// ---- start and stop -----------------------------------------------------------------------------------------

static enum err make_http(struct notifier *n, struct httpc **ret, struct error *err)
{
    const struct httpc_options o = {.ca_bundle = n->opt.ca_bundle, .user_agent = "peerage/" PEERAGE_VERSION};
    enum err e = httpc_new(&o, ret, err);
    if (e != ERR_OK) return e;
    lock_take(&n->lock);
    ASSERT(n->http_count < THREADS_MAX);
    n->https[n->http_count++] = *ret;
    lock_drop(&n->lock);
    return ERR_OK;
}

static void *thread_begin(void *arg)
{
    struct httpc *http;
    struct error err;
    if (make_http(arg, &http, &err) == ERR_OK) return http;
    LOG(LOG_ERROR, "a thread for webhooks has no HTTP client", LOG_S("detail", err.detail));
    return NULL;
}

static void notifier_free(struct notifier *n)
{
    pool_stop(&n->pool); // what is queued sees `stopping` and returns
    for (unsigned i = 0; i < n->http_count; i++) httpc_free(n->https[i]);
    store_reader_close(&n->reader);
    arena_free(n->arena);
    size_t cursor = 0;
    struct slice key;
    void *value;
    while (n->receivers && map_next(n->receivers, &cursor, &key, &value)) mem_free(value);
    map_free(n->receivers);
    lock_done(&n->lock);
    mem_free(n);
}

static enum err start_threads(struct notifier *n, struct job **ret, struct error *err)
{
    enum err e = pool_start("notice", n->opt.threads, THREADS_MAX, thread_begin, NULL, n, &n->pool, err);
    return e == ERR_OK ? job_start("notifier", tick, n, ret, err) : e;
}

enum err notifier_start(const struct notifier_options *o, struct notifier **ret, struct error *err)
{
    struct job *job = NULL;
    struct notifier *n = mem_zalloc(1, sizeof *n);
    ASSERT(o->threads <= THREADS_MAX && o->total_ms > 0);
    if (!n) return error_set(err, ERR_NOMEM, "no memory for the notifier");
    n->opt = *o;
    lock_init(&n->lock, "notifier");
    n->receivers = map_new(o->rng);
    n->arena = arena_new(TICK_ARENA);
    enum err e = n->receivers && n->arena ? ERR_OK : error_set(err, ERR_NOMEM, "no memory for the notifier");
    if (e == ERR_OK) e = store_reader_open(o->store, &n->reader, err);
    if (e == ERR_OK && o->threads) e = start_threads(n, &job, err);
    if (e == ERR_OK && !o->threads) e = make_http(n, &n->inline_http, err);
    if (e != ERR_OK) {
        n->stopping = true;
        notifier_free(n);
        return e;
    }
    lock_take(&n->lock);
    n->job = job;
    lock_drop(&n->lock);
    notifier_wake(n); // what ended before the job was known
    *ret = n;
    return ERR_OK;
}

void notifier_wake(struct notifier *n)
{
    lock_take(&n->lock);
    if (n->job) job_poke(n->job);
    lock_drop(&n->lock);
}

void notifier_stop(struct notifier **pn)
{
    struct notifier *n = *pn;
    if (!n) return;
    *pn = NULL;
    n->stopping = true;
    lock_take(&n->lock);
    struct job *job = n->job;
    n->job = NULL;
    for (unsigned i = 0; i < n->http_count; i++) httpc_cancel(n->https[i]);
    lock_drop(&n->lock);
    job_stop(&job);
    notifier_free(n);
}

void notifier_status(struct notifier *n, struct notifier_status *ret)
{
    lock_take(&n->lock);
    *ret = n->status;
    lock_drop(&n->lock);
}
