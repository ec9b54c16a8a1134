// SPDX-License-Identifier: Apache-2.0
// The actuator: takes what core says is due, hands it to a bounded pool, and goes slow where the cloud is away.
// Called by: app through actuator.h. Must never: do one intent or route on two threads, hold its lock over the store,
// the cloud or core (core's listener calls actuator_wake), or let one scan unit take all threads.
#include "reconcile/actuator.h"

#include <stdio.h>

#include "base/log.h"
#include "base/mem.h"
#include "reconcile/actuate.h"

#define DUE_ARENA     ((size_t)64 << 20)
#define DUE_MAX       256
#define DUE_WIDE      16384             // when the first are all of units that must wait
#define WIDE_EVERY_NS (250 * NS_PER_MS) // such a list is not read more often
#define IDLE_NS       (30 * NS_PER_SEC) // the wall clock may be stepped: look again
#define HOLD_NS       NS_PER_SEC        // the store is in trouble
#define GATE_NS       NS_PER_SEC        // between two attempts at a cloud that is away
#define FOLLOW_TOP_NS (30 * NS_PER_SEC) // by then the scanner comes by itself
#define ROUNDS_MAX    1000              // of actuator_run_once

// ---- lanes --------------------------------------------------------------------------------

static struct act_unit *want_unit(struct actuator *a, const struct network *net)
{
    char key[UNIT_KEY];
    int n =
        snprintf(key, sizeof key, "%d/%s/%s/%s", (int)net->identity, net->account_id, net->region, net->identity_ref);
    ASSERT(n > 0 && (size_t)n < sizeof key); // the parts are shorter by their types
    struct act_unit *u = map_get(a->units, slice_of(key));
    if (u) return u;
    u = mem_zalloc(1, sizeof *u);
    if (u && map_put(a->units, slice_of(key), u, NULL)) return u;
    mem_free(u);
    return NULL;
}

// NULL: the network is not there any more, or there is no memory.
static struct lane *want_lane(struct actuator *a, const char *network_id)
{
    struct network net;
    struct error err;
    struct lane *l = map_get(a->lanes, slice_of(network_id));
    if (l) return l;
    struct arena *arena = arena_new(1 << 16);
    struct act_unit *u = NULL;
    if (arena && store_network_get(a->reader, network_id, arena, &net, &err) == ERR_OK) u = want_unit(a, &net);
    arena_free(arena);
    if (!u) return NULL;
    l = mem_zalloc(1, sizeof *l);
    if (!l) return NULL;
    l->unit = u;
    snprintf(l->network_id, sizeof l->network_id, "%s", network_id);
    if (map_put(a->lanes, slice_of(network_id), l, NULL)) return l;
    mem_free(l);
    return NULL;
}

static void free_values(struct map *m)
{
    size_t cursor = 0;
    struct slice key;
    void *value;
    while (m && map_next(m, &cursor, &key, &value)) mem_free(value);
    map_free(m);
}

// ---- tasks --------------------------------------------------------------------------------

static unsigned unit_limit(const struct actuator *a)
{
    return MAX(a->opt.threads / 2, 1u);
}

// May this unit have one more attempt now? *next: when the gate opens. The lock is held.
static bool may_run(const struct actuator *a, const struct act_unit *u, struct mono now, int64_t *next)
{
    if (u->running >= (u->failures ? 1 : unit_limit(a))) return false; // its end wakes us
    if (!u->failures || u->gate.ns <= now.ns) return true;
    *next = MIN(*next, u->gate.ns - now.ns);
    return false;
}

// A free task for that key, or NULL: none, or it is under way. The lock is held.
static struct task *take_task(struct actuator *a, const char *key)
{
    struct task *found = NULL;
    for (unsigned i = 0; i < TASKS_MAX; i++) {
        struct task *t = &a->tasks[i];
        if (!t->used && !found) found = t;
        if (t->used && strcmp(t->key, key) == 0) return NULL;
    }
    if (!found) return NULL;
    *found = (struct task){.used = true, .actuator = a};
    snprintf(found->key, sizeof found->key, "%s", key);
    return found;
}

static struct task *prepare(struct actuator *a, const char *key, const char *network_id, int64_t *next)
{
    struct lane *l = want_lane(a, network_id);
    struct task *t = NULL;
    if (!l) return NULL;
    lock_take(&a->lock);
    if (may_run(a, l->unit, clock_mono(a->opt.clock), next)) t = take_task(a, key);
    if (t) {
        t->lane = l;
        t->unit_failures = l->unit->failures;
        l->unit->running++;
        a->status.running++;
    }
    lock_drop(&a->lock);
    return t;
}

static void follow(struct actuator *a, struct lane *l, struct mono now)
{
    if (!a->opt.scanner) return;
    l->follow = now; // at once: the lists shall show it
    l->follow_ns = NS_PER_SEC / 2;
}

static void count_result(struct actuator *a, const struct task *t)
{
    a->status.done += t->count == COUNT_DONE;
    a->status.failed += t->count == COUNT_FAILED;
    a->status.retried += t->count == COUNT_RETRIED;
    a->status.routes += t->count == COUNT_ROUTE;
    a->status.finished += t->count == COUNT_FINISH;
}

static void finish(struct task *t)
{
    struct actuator *a = t->actuator;
    struct act_unit *u = t->lane->unit;
    struct mono now = clock_mono(a->opt.clock);
    lock_take(&a->lock);
    u->running--;
    a->status.running--;
    count_result(a, t);
    if (t->attempted && t->away) {
        a->status.away += u->failures == 0;
        u->failures = MIN(u->failures + 1, 1000u);
        u->gate.ns = now.ns + MAX(act_backoff(u->failures, a->opt.rng), GATE_NS);
    } else if (t->attempted) {
        a->status.away -= u->failures > 0;
        u->failures = 0;
    }
    if (t->done) follow(a, t->lane, now);
    if (t->trouble) a->hold.ns = now.ns + HOLD_NS;
    t->used = false;
    if (a->job) job_poke(a->job);
    lock_drop(&a->lock);
}

struct thread {
    struct actuator *actuator;
    struct store_reader *reader; // NULL when it could not be opened: the attempt then fails
};

static void run_pooled(void *item, void *thread_ctx)
{
    struct thread *th = thread_ctx;
    perform(item, th->reader);
    finish(item);
}

static void hand_out(struct actuator *a, struct task *t)
{
    if (!a->pool) {
        perform(t, a->reader);
        finish(t);
    } else if (!pool_submit(a->pool, run_pooled, t)) { // stopping: the queue has room for all tasks
        finish(t);
    }
}

// ---- what is due --------------------------------------------------------------------------

struct round {
    struct arena *arena;
    struct wall now;
    int64_t next; // ns until something is due
    unsigned begun;
    bool cut; // the list was longer than what was asked for
};

static void soonest(struct round *r, struct wall when)
{
    if (when.us <= r->now.us) return; // 0: nothing; now: cut
    r->next = MIN(r->next, (when.us - r->now.us) * 1000);
}

static enum err intents(struct actuator *a, struct round *r, size_t max, struct error *err)
{
    struct intent *due;
    size_t n;
    struct wall next;
    enum err e = core_intents_due(a->reader, r->now, max, r->arena, &due, &n, &next, err);
    if (e != ERR_OK) return e;
    soonest(r, next);
    r->cut |= n == max;
    for (size_t i = 0; i < n && !a->stopping; i++) {
        struct task *t = prepare(a, due[i].id, due[i].network_id, &r->next);
        if (!t) continue;
        t->kind = TASK_INTENT;
        t->intent = due[i];
        t->intent.reason = t->intent.rule = (struct slice){NULL, 0};
        r->begun++;
        hand_out(a, t);
    }
    return ERR_OK;
}

static enum err routes(struct actuator *a, struct round *r, size_t max, struct error *err)
{
    struct peer_route *due;
    size_t n;
    struct wall next;
    char key[TASK_KEY];
    enum err e = core_routes_due(a->reader, r->now, max, r->arena, &due, &n, &next, err);
    if (e != ERR_OK) return e;
    soonest(r, next);
    r->cut |= n == max;
    for (size_t i = 0; i < n && !a->stopping; i++) {
        snprintf(key, sizeof key, "%s/%s/%s", due[i].connection_id, due[i].table_id, due[i].cidr);
        struct task *t = prepare(a, key, due[i].network_id, &r->next);
        if (!t) continue;
        t->kind = TASK_ROUTE;
        t->route = due[i];
        t->route.reason = (struct slice){NULL, 0};
        r->begun++;
        hand_out(a, t);
    }
    return ERR_OK;
}

static enum err finishes(struct actuator *a, struct round *r, size_t max, struct error *err)
{
    struct finish *due;
    size_t n;
    struct wall next;
    char key[TASK_KEY];
    enum err e = core_finish_due(a->reader, r->now, max, r->arena, &due, &n, &next, err);
    if (e != ERR_OK) return e;
    soonest(r, next);
    r->cut |= n == max;
    for (size_t i = 0; i < n && !a->stopping; i++) {
        snprintf(key, sizeof key, "%s/%s", due[i].connection_id, finish_kind_name(due[i].kind));
        struct task *t = prepare(a, key, due[i].network_id, &r->next);
        if (!t) continue;
        t->kind = TASK_FINISH;
        t->finish = due[i];
        t->finish.reason = (struct slice){NULL, 0};
        bool fits = slice_copy(due[i].value, t->value, sizeof t->value);
        ASSERT(fits); // core has checked it
        t->finish.value = slice_of(t->value);
        r->begun++;
        hand_out(a, t);
    }
    return ERR_OK;
}

static enum err dispatch(struct actuator *a, size_t max, struct round *ret, struct error *err)
{
    *ret = (struct round){.arena = arena_new(DUE_ARENA), .now = clock_wall(a->opt.clock), .next = IDLE_NS};
    if (!ret->arena) return error_set(err, ERR_NOMEM, "no memory for what is due");
    enum err e = intents(a, ret, max, err);
    if (e == ERR_OK) e = routes(a, ret, max, err);
    if (e == ERR_OK) e = finishes(a, ret, max, err);
    arena_free(ret->arena);
    return e;
}

static bool has_free_task(struct actuator *a)
{
    bool is_free = false;
    lock_take(&a->lock);
    for (unsigned i = 0; i < TASKS_MAX; i++) is_free |= !a->tasks[i].used;
    lock_drop(&a->lock);
    return is_free;
}

// The first that are due; when they are all of units that must wait, others behind them may be due as well.
static enum err dispatch_all(struct actuator *a, struct round *ret, struct error *err)
{
    enum err e = dispatch(a, DUE_MAX, ret, err);
    if (e != ERR_OK || !ret->cut || ret->begun || !has_free_task(a)) return e;
    struct mono now = clock_mono(a->opt.clock);
    if (now.ns < a->wide.ns) {
        ret->next = MIN(ret->next, a->wide.ns - now.ns);
        return ERR_OK;
    }
    a->wide.ns = now.ns + WIDE_EVERY_NS;
    return dispatch(a, DUE_WIDE, ret, err);
}

// ---- the job ------------------------------------------------------------------------------

// Wakes the scanner for networks where something was done: at once, and then ever more slowly.
static int64_t follow_up(struct actuator *a)
{
    struct mono now = clock_mono(a->opt.clock);
    int64_t next = IDLE_NS;
    size_t cursor = 0;
    struct slice key;
    void *value;
    while (map_next(a->lanes, &cursor, &key, &value)) {
        struct lane *l = value;
        lock_take(&a->lock);
        bool due = l->follow_ns > 0 && l->follow.ns <= now.ns;
        if (due) {
            l->follow_ns *= 2;
            l->follow.ns = now.ns + l->follow_ns;
            if (l->follow_ns > FOLLOW_TOP_NS) l->follow_ns = 0;
        }
        if (l->follow_ns > 0) next = MIN(next, l->follow.ns - now.ns);
        lock_drop(&a->lock);
        if (due) scanner_wake_network(a->opt.scanner, l->network_id);
    }
    return next;
}

static int64_t held(struct actuator *a)
{
    lock_take(&a->lock);
    int64_t ns = a->hold.ns - clock_mono(a->opt.clock).ns;
    lock_drop(&a->lock);
    return ns;
}

static int64_t tick(void *ctx)
{
    struct actuator *a = ctx;
    struct round r;
    struct error err;
    if (a->stopping) return -1;
    int64_t wait = held(a);
    if (wait > 0) return wait;
    if (dispatch_all(a, &r, &err) != ERR_OK) {
        LOG(LOG_WARN, "what is due cannot be read", LOG_S("error", err.detail));
        return HOLD_NS;
    }
    return MAX(MIN(r.next, follow_up(a)), NS_PER_MS);
}

unsigned actuator_run_once(struct actuator *a)
{
    struct round r = {.begun = 1};
    struct error err;
    unsigned n = 0;
    ASSERT(!a->pool);
    for (int i = 0; i < ROUNDS_MAX && r.begun && held(a) <= 0; i++) {
        if (dispatch_all(a, &r, &err) != ERR_OK) {
            LOG(LOG_WARN, "what is due cannot be read", LOG_S("error", err.detail));
            break;
        }
        n += r.begun;
    }
    (void)follow_up(a);
    return n;
}

// ---- start and stop -----------------------------------------------------------------------

static void *thread_begin(void *arg)
{
    struct actuator *a = arg;
    struct error err;
    struct thread *t = mem_zalloc(1, sizeof *t);
    ASSERT(t); // a few bytes while the program starts
    t->actuator = a;
    if (store_reader_open(a->opt.store, &t->reader, &err) != ERR_OK) {
        t->reader = NULL;
        LOG(LOG_ERROR, "a thread for actions has no store", LOG_S("error", err.detail));
    }
    return t;
}

static void thread_end(void *ctx)
{
    struct thread *t = ctx;
    store_reader_close(&t->reader);
    mem_free(t);
}

static void actuator_free(struct actuator *a)
{
    pool_stop(&a->pool); // what is queued sees `stopping` and returns
    store_reader_close(&a->reader);
    free_values(a->lanes);
    free_values(a->units);
    lock_done(&a->lock);
    mem_free(a);
}

static enum err start_threads(struct actuator *a, struct job **ret, struct error *err)
{
    enum err e = pool_start("act", a->opt.threads, TASKS_MAX, thread_begin, thread_end, a, &a->pool, err);
    return e == ERR_OK ? job_start("actuator", tick, a, ret, err) : e;
}

enum err actuator_start(const struct actuator_options *o, struct actuator **ret, struct error *err)
{
    struct job *job = NULL;
    struct actuator *a = mem_zalloc(1, sizeof *a);
    if (!a) return error_set(err, ERR_NOMEM, "no memory for the actuator");
    a->opt = *o;
    lock_init(&a->lock, "actuator");
    a->lanes = map_new(o->rng);
    a->units = map_new(o->rng);
    enum err e = a->lanes && a->units ? ERR_OK : error_set(err, ERR_NOMEM, "no memory for the actuator");
    if (e == ERR_OK) e = store_reader_open(o->store, &a->reader, err);
    if (e == ERR_OK && o->threads) e = start_threads(a, &job, err);
    if (e != ERR_OK) {
        a->stopping = true;
        actuator_free(a);
        return e;
    }
    lock_take(&a->lock);
    a->job = job;
    lock_drop(&a->lock);
    actuator_wake(a); // what ended before the job was known
    *ret = a;
    return ERR_OK;
}

void actuator_wake(struct actuator *a)
{
    lock_take(&a->lock);
    if (a->job) job_poke(a->job);
    lock_drop(&a->lock);
}

void actuator_stop(struct actuator **pa)
{
    struct actuator *a = *pa;
    if (!a) return;
    *pa = NULL;
    a->stopping = true;
    lock_take(&a->lock);
    struct job *job = a->job;
    a->job = NULL;
    lock_drop(&a->lock);
    job_stop(&job);
    actuator_free(a);
}

void actuator_status(struct actuator *a, struct actuator_status *ret)
{
    lock_take(&a->lock);
    *ret = a->status;
    lock_drop(&a->lock);
}
