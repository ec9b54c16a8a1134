// SPDX-License-Identifier: Apache-2.0
// The scanner: makes units of networks, keeps their due times, and hands due ones to a bounded pool.
// Called by: app and cli through reconcile.h. Must never: run a unit on two threads, hold its lock over the store, the
// cloud or core (core's listener may call scanner_wake), or wait for a failing unit.
#include <stdio.h>

#include "base/log.h"
#include "base/mem.h"
#include "reconcile/inside.h"

#define NETWORKS_ARENA ((size_t)64 << 20)
#define POOL_QUEUE     4096
#define RETRY_NS       (200 * NS_PER_MS) // the pool's queue was full, or the store did not answer
#define RECOVER_NS     (2 * NS_PER_SEC)  // others follow the first that recovered within this

// ---- units --------------------------------------------------------------------------------

static void unit_free(struct unit *u)
{
    mem_free(u->networks);
    mem_free(u);
}

static struct unit *find_unit(struct scanner *s, const char *key)
{
    for (size_t i = 0; i < s->unit_count; i++)
        if (strcmp(s->units[i]->key, key) == 0) return s->units[i];
    return NULL;
}

// Found or made; the lock is held. NULL: out of memory.
static struct unit *want_unit(struct scanner *s, const struct network *net, const char *external_id)
{
    char key[UNIT_KEY];
    int n = snprintf(key, sizeof key, "scan/%d/%s/%s/%s/%s", (int)net->identity, net->account_id, net->region,
                     net->identity_ref, external_id);
    ASSERT(n > 0 && (size_t)n < sizeof key); // the parts are shorter by their types
    struct unit *u = find_unit(s, key);
    if (u) return u;
    struct unit **more = mem_realloc(s->units, (s->unit_count + 1) * sizeof(struct unit *));
    if (!more) return NULL;
    s->units = more;
    u = mem_zalloc(1, sizeof *u);
    if (!u) return NULL;
    u->identity = net->identity;
    memcpy(u->key, key, sizeof key);
    snprintf(u->ref, sizeof u->ref, "%s", net->identity_ref);
    snprintf(u->external_id, sizeof u->external_id, "%s", external_id);
    snprintf(u->account, sizeof u->account, "%s", net->account_id);
    snprintf(u->region, sizeof u->region, "%s", net->region);
    u->due.ns = clock_mono(s->opt.clock).ns;
    if (!s->started) u->due.ns += backoff_first(s->interval_ns, s->opt.rng);
    s->units[s->unit_count++] = u;
    return u;
}

static bool add_network(struct unit *u, const char *id, const struct unit_network *before, size_t before_n)
{
    struct unit_network *more = mem_realloc(u->networks, (u->network_count + 1) * sizeof *more);
    if (!more) return false;
    u->networks = more;
    struct unit_network *n = &more[u->network_count++];
    *n = (struct unit_network){.id = ""};
    snprintf(n->id, sizeof n->id, "%s", id);
    for (size_t i = 0; i < before_n; i++)
        if (strcmp(before[i].id, id) == 0) n->vpc_due = before[i].vpc_due;
    return true;
}

// All networks with when their VPC is due, before the units are made anew.
static struct unit_network *old_networks(struct scanner *s, size_t *ret_n)
{
    size_t n = 0;
    for (size_t i = 0; i < s->unit_count; i++) n += s->units[i]->network_count;
    struct unit_network *all = mem_zalloc(n + 1, sizeof *all);
    *ret_n = 0;
    for (size_t i = 0; all && i < s->unit_count; i++)
        for (size_t k = 0; k < s->units[i]->network_count; k++) all[(*ret_n)++] = s->units[i]->networks[k];
    return all;
}

static void drop_unwanted(struct scanner *s)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->unit_count; i++) {
        struct unit *u = s->units[i];
        u->wanted = u->network_count > 0;
        if (u->wanted || u->running)
            s->units[kept++] = u;
        else {
            s->failing -= u->failures > 0;
            unit_free(u);
        }
    }
    s->unit_count = kept;
    s->status.units = (unsigned)kept;
}

// generation: read before the networks were. The job and scanner_run_once both reload, and the one that read earlier
// may come here later: it must not undo what the other knows.
static bool make_units(struct scanner *s, uint64_t generation, const struct network *nets,
                       const struct slice *external_ids, size_t n)
{
    size_t old_n;
    bool ok = true;
    lock_take(&s->lock);
    if (s->started && generation < s->made_of) {
        lock_drop(&s->lock);
        return true;
    }
    s->made_of = generation;
    struct unit_network *old = old_networks(s, &old_n);
    for (size_t i = 0; i < s->unit_count; i++) s->units[i]->network_count = 0;
    for (size_t i = 0; i < n && ok; i++) {
        struct unit *u = want_unit(s, &nets[i], external_ids[i].p);
        ok = old && u && add_network(u, nets[i].id, old, old_n);
    }
    drop_unwanted(s);
    s->started = true;
    lock_drop(&s->lock);
    mem_free(old);
    return ok;
}

// The external id of the organisation that a network belongs to; networks come sorted by id, so that neighbours often
// share a group.
enum err network_external_id(struct store_reader *r, const struct network *net, struct arena *a, struct slice *ret,
                             struct error *err)
{
    struct group g;
    struct org o;
    enum err e = store_group_get(r, net->group_id, &g, err);
    if (e == ERR_OK) e = store_org_get(r, g.org_id, &o, err);
    if (e != ERR_OK) return e;
    char *copy = arena_strndup(a, o.external_id, strlen(o.external_id));
    if (!copy) return error_set(err, ERR_NOMEM, "no memory for the scan units");
    *ret = slice_of(net->identity == IDENTITY_ROLE ? copy : "");
    return ERR_OK;
}

static enum err reload(struct scanner *s, struct store_reader *r, struct error *err)
{
    struct network *nets;
    size_t n;
    uint64_t generation = store_generation(s->opt.store);
    struct arena *a = arena_new(NETWORKS_ARENA);
    if (!a) return error_set(err, ERR_NOMEM, "no memory for the scan units");
    enum err e = store_networks(r, NULL, a, &nets, &n, err);
    struct slice *ids = e == ERR_OK ? arena_array(a, n + 1, sizeof *ids) : NULL;
    if (e == ERR_OK && !ids) e = error_set(err, ERR_NOMEM, "no memory for the scan units");
    size_t kept = 0;
    for (size_t i = 0; e == ERR_OK && i < n; i++) {
        e = network_external_id(r, &nets[i], a, &ids[kept], err);
        if (e == ERR_NOT_FOUND)
            e = ERR_OK; // its group went between two reads: the next reload knows
        else if (e == ERR_OK)
            nets[kept++] = nets[i];
    }
    if (e == ERR_OK && !make_units(s, generation, nets, ids, kept))
        e = error_set(err, ERR_NOMEM, "no memory for the scan units");
    arena_free(a);
    return e;
}

// ---- after a scan -------------------------------------------------------------------------

// Between two scans of a unit, however often it is woken.
static int64_t min_gap(const struct scanner *s)
{
    return MIN(s->interval_ns, NS_PER_SEC);
}

// The cloud is back for one: the others need not wait their time out.
static void others_follow(struct scanner *s, struct mono now)
{
    for (size_t i = 0; i < s->unit_count; i++) {
        struct unit *u = s->units[i];
        if (!u->away || u->running) continue;
        int64_t soon = now.ns + (int64_t)rng_below(s->opt.rng, (uint64_t)RECOVER_NS);
        u->due.ns = MIN(u->due.ns, soon);
    }
}

// What the scan saw coming is looked at in time.
static void look_sooner(struct scanner *s, struct unit *u, struct mono now)
{
    int64_t expiry = backoff_expiry(clock_wall(s->opt.clock), u->news.expires);
    u->moving_ns = u->news.moving ? backoff_moving(u->moving_ns, u->news.changed, s->interval_ns) : 0;
    if (expiry < INT64_MAX - now.ns) u->due.ns = MIN(u->due.ns, now.ns + expiry);
    if (u->moving_ns) u->due.ns = MIN(u->due.ns, now.ns + u->moving_ns);
}

static void set_next(struct scanner *s, struct unit *u, enum scan_result result, struct mono now)
{
    bool was_failing = u->failures > 0, was_away = u->away;
    bool failed = result == SCAN_AWAY || result == SCAN_REFUSED;
    u->failures = failed ? MIN(u->failures + 1, 1000u) : result == SCAN_OK ? 0 : u->failures;
    u->away = failed ? result == SCAN_AWAY : u->away && result != SCAN_OK;
    s->failing += (u->failures > 0) - was_failing;
    if (failed)
        u->due.ns = now.ns + backoff_failed(s->interval_ns, u->failures, s->failing, s->opt.rng);
    else
        u->due.ns = MAX(u->started.ns + s->interval_ns, now.ns); // from begin to begin
    if (result == SCAN_OK) look_sooner(s, u, now);
    if (u->again) u->due.ns = MIN(u->due.ns, MAX(now.ns, u->started.ns + min_gap(s)));
    u->again = false;
    if (result == SCAN_OK && was_away) others_follow(s, now);
}

static void finish(struct scanner *s, struct unit *u, enum scan_result result)
{
    struct mono now = clock_mono(s->opt.clock);
    lock_take(&s->lock);
    u->running = false;
    s->status.scans += result == SCAN_OK || result == SCAN_AWAY || result == SCAN_REFUSED;
    s->status.failures += result == SCAN_AWAY || result == SCAN_REFUSED;
    if (result == SCAN_OK) s->status.last_success = clock_wall(s->opt.clock);
    set_next(s, u, result, now);
    if (!u->wanted) drop_unwanted(s);
    cond_wake_all(&s->idle);
    if (s->job) job_poke(s->job);
    lock_drop(&s->lock);
}

static void run_pooled(void *item, void *thread_ctx)
{
    struct unit *u = item;
    struct scan_thread *t = thread_ctx;
    finish(t->scanner, u, scan_unit(t->scanner, u, t->reader));
}

// ---- the job ------------------------------------------------------------------------------

// Woken: all at once, or those that were named, though no unit twice within a second (a scan that fails wakes us itself
// through core).
static void apply_wake(struct scanner *s, struct mono now)
{
    for (size_t i = 0; i < s->unit_count; i++) {
        struct unit *u = s->units[i];
        if (!s->woken && !u->woken) continue;
        u->woken = false;
        if (u->running) {
            u->again = true;
            continue;
        }
        int64_t earliest = u->begun ? u->started.ns + min_gap(s) : now.ns;
        u->due.ns = MIN(u->due.ns, MAX(earliest, now.ns));
    }
    s->woken = false;
}

static void begin_unit(struct unit *u, struct mono now)
{
    u->running = u->begun = true;
    u->started = now;
}

// Hands out what is due; returns ns until the next is.
static int64_t dispatch(struct scanner *s)
{
    struct mono now = clock_mono(s->opt.clock);
    int64_t next = s->interval_ns;
    lock_take(&s->lock);
    apply_wake(s, now);
    for (size_t i = 0; i < s->unit_count; i++) {
        struct unit *u = s->units[i];
        if (u->running || !u->wanted) continue;
        if (u->due.ns <= now.ns) {
            begin_unit(u, now);
            if (pool_submit(s->pool, run_pooled, u)) continue;
            u->running = false;
            u->due.ns = now.ns + RETRY_NS;
        }
        next = MIN(next, u->due.ns - now.ns);
    }
    lock_drop(&s->lock);
    return MAX(next, NS_PER_MS);
}

static int64_t tick(void *ctx)
{
    struct scanner *s = ctx;
    struct error err;
    uint64_t generation = store_generation(s->opt.store);
    if (s->stopping) return -1;
    if (!s->loaded || generation != s->generation) {
        if (reload(s, s->reader, &err) != ERR_OK) {
            LOG(LOG_WARN, "networks cannot be read for scanning", LOG_S("error", err.detail));
            return NS_PER_SEC;
        }
        s->loaded = true;
        s->generation = generation;
    }
    return dispatch(s);
}

// ---- start and stop -----------------------------------------------------------------------

static void *thread_begin(void *arg)
{
    struct scanner *s = arg;
    struct error err;
    struct scan_thread *t = mem_zalloc(1, sizeof *t);
    ASSERT(t); // a few bytes while the program starts
    t->scanner = s;
    if (store_reader_open(s->opt.store, &t->reader, &err) != ERR_OK) {
        t->reader = NULL;
        LOG(LOG_ERROR, "a scan thread has no store", LOG_S("error", err.detail));
    }
    return t;
}

static void thread_end(void *ctx)
{
    struct scan_thread *t = ctx;
    store_reader_close(&t->reader);
    mem_free(t);
}

static enum err reset_leases(struct store_tx *tx, void *ctx, struct error *err)
{
    (void)ctx;
    return store_tx_lease_reset(tx, err);
}

static enum err release_leases(struct store_tx *tx, void *ctx, struct error *err)
{
    struct scanner *s = ctx;
    for (size_t i = 0; i < s->unit_count; i++) {
        enum err e = store_tx_lease_release(tx, s->units[i]->key, s->owner, err);
        if (e != ERR_OK) return e;
    }
    return ERR_OK;
}

static void scanner_free(struct scanner *s)
{
    pool_stop(&s->pool); // what is queued sees `stopping` and returns
    store_reader_close(&s->reader);
    for (size_t i = 0; i < s->unit_count; i++) unit_free(s->units[i]);
    mem_free(s->units);
    cond_done(&s->idle);
    lock_done(&s->lock);
    mem_free(s);
}

enum err scanner_start(const struct scanner_options *o, struct scanner **ret, struct error *err)
{
    ASSERT(o->interval_ms > 0 && o->threads > 0);
    struct scanner *s = mem_zalloc(1, sizeof *s);
    struct job *job;
    if (!s) return error_set(err, ERR_NOMEM, "no memory for the scanner");
    s->opt = *o;
    s->interval_ns = o->interval_ms * NS_PER_MS;
    snprintf(s->owner, sizeof s->owner, "%s", o->owner);
    s->opt.owner = s->owner;
    lock_init(&s->lock, "scanner");
    cond_init(&s->idle);
    enum err e = store_write(o->store, reset_leases, NULL, err);
    if (e == ERR_OK) e = store_reader_open(o->store, &s->reader, err);
    if (e == ERR_OK) e = pool_start("scan", o->threads, POOL_QUEUE, thread_begin, thread_end, s, &s->pool, err);
    if (e == ERR_OK) e = job_start("scanner", tick, s, &job, err);
    if (e != ERR_OK) {
        scanner_free(s);
        return e;
    }
    lock_take(&s->lock);
    s->job = job;
    lock_drop(&s->lock);
    job_poke(job); // what ended before the job was known
    *ret = s;
    return ERR_OK;
}

void scanner_wake(struct scanner *s)
{
    lock_take(&s->lock);
    s->woken = true;
    if (s->job) job_poke(s->job);
    lock_drop(&s->lock);
}

void scanner_wake_network(struct scanner *s, const char *network_id)
{
    lock_take(&s->lock);
    for (size_t i = 0; i < s->unit_count; i++)
        for (size_t k = 0; k < s->units[i]->network_count; k++)
            if (strcmp(s->units[i]->networks[k].id, network_id) == 0) s->units[i]->woken = true;
    if (s->job) job_poke(s->job);
    lock_drop(&s->lock);
}

void scanner_stop(struct scanner **ps)
{
    struct scanner *s = *ps;
    struct error err;
    if (!s) return;
    *ps = NULL;
    s->stopping = true;
    lock_take(&s->lock);
    struct job *job = s->job;
    s->job = NULL;
    lock_drop(&s->lock);
    job_stop(&job);
    pool_stop(&s->pool);
    if (store_write(s->opt.store, release_leases, s, &err) != ERR_OK)
        LOG(LOG_WARN, "scan leases not released", LOG_S("error", err.detail));
    scanner_free(s);
}

void scanner_status(struct scanner *s, struct scanner_status *ret)
{
    lock_take(&s->lock);
    *ret = s->status;
    ret->next.ns = INT64_MAX;
    for (size_t i = 0; i < s->unit_count; i++) ret->next.ns = MIN(ret->next.ns, s->units[i]->due.ns);
    lock_drop(&s->lock);
}

// A unit that this round has not had, marked as running; waits while the last of them runs elsewhere.
static struct unit *next_of_round(struct scanner *s, uint64_t round)
{
    struct unit *found = NULL;
    lock_take(&s->lock);
    for (bool waiting = true; waiting && !found && !s->stopping;) {
        waiting = false;
        for (size_t i = 0; i < s->unit_count && !found; i++) {
            struct unit *u = s->units[i];
            if (!u->wanted || u->round >= round) continue;
            if (u->running)
                waiting = true;
            else
                found = u;
        }
        if (!found && waiting) cond_wait(&s->idle, &s->lock); // a scan has its own deadlines
    }
    if (found) {
        begin_unit(found, clock_mono(s->opt.clock));
        found->round = round;
    }
    lock_drop(&s->lock);
    return found;
}

void scanner_run_once(struct scanner *s)
{
    struct store_reader *reader = NULL;
    struct error err;
    enum err e = store_reader_open(s->opt.store, &reader, &err);
    if (e == ERR_OK) e = reload(s, reader, &err);
    if (e != ERR_OK) {
        LOG(LOG_WARN, "networks cannot be read for scanning", LOG_S("error", err.detail));
        store_reader_close(&reader);
        return;
    }
    lock_take(&s->lock);
    uint64_t round = ++s->rounds;
    lock_drop(&s->lock);
    for (struct unit *u = next_of_round(s, round); u; u = next_of_round(s, round))
        finish(s, u, scan_unit(s, u, reader));
    store_reader_close(&reader);
}
