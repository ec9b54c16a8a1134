// SPDX-License-Identifier: Apache-2.0
// Jobs and pools on one thread: what is ready runs when the play says so, in the order that the seed picks.
// Called by: the linker in place of base/worker.c, and play.c. Must never: run a job inside itself, or anything of a
// process that has crashed.
#include "tests/sim/sim.h"
#include "tests/sim/wraps.h"

#define JOBS_MAX  4
#define POOLS_MAX 4
#define QUEUE_MAX 256
#define IDLE_NS   (30 * NS_PER_SEC)

struct job {
    const char *name;
    job_fn work;
    void *ctx;
    bool used, poked, running, at_once;
    int64_t due; // INT64_MAX = not before a poke
};
struct pool {
    bool used, stopping;
    void *(*make_ctx)(void *);
    void (*free_ctx)(void *);
    void *arg;
    unsigned threads, n;
    void *ctx[NESTED_MAX + 2];
    bool busy[NESTED_MAX + 2];
    struct {
        pool_fn fn;
        void *item;
    } queue[QUEUE_MAX];
};
static struct job jobs[JOBS_MAX];
static struct pool pools[POOLS_MAX];

static void run_job(struct job *j)
{
    do {
        j->poked = false;
        j->running = true;
        int64_t ns = j->work(j->ctx);
        j->running = false;
        if (ns == IDLE_NS) ns *= 20; // idle looks, each half minute, would be most of a day's work
        j->due = ns < 0 ? INT64_MAX : playing->now_ns + ns;
    } while (j->at_once && j->poked);
}

enum err __wrap_job_start(const char *name, job_fn work, void *ctx, struct job **ret, struct error *err)
{
    for (int i = 0; i < JOBS_MAX; i++) {
        if (jobs[i].used) continue;
        // The store's writer is a thread that its callers wait for: here it is they themselves.
        jobs[i] = (struct job){.name = name, .work = work, .ctx = ctx, .used = true, .due = playing->now_ns};
        jobs[i].at_once = strcmp(name, "store-writer") == 0;
        if (jobs[i].at_once) jobs[i].due = INT64_MAX;
        *ret = &jobs[i];
        return ERR_OK;
    }
    return error_set(err, ERR_INTERNAL, "too many jobs");
}

void __wrap_job_poke(struct job *j)
{
    j->poked = true;
    if (j->at_once && !j->running) run_job(j);
}

bool __wrap_job_stopping(const struct job *j)
{
    return !j->used;
}

void __wrap_job_stop(struct job **j)
{
    if (!*j) return;
    ASSERT(!(*j)->running);
    (*j)->used = false;
    *j = NULL;
}

enum err __wrap_pool_start(const char *name, unsigned threads, unsigned queue_max, void *(*make_ctx)(void *),
                           void (*free_ctx)(void *), void *arg, struct pool **ret, struct error *err)
{
    (void)name, (void)queue_max, (void)err;
    struct pool *p = NULL;
    for (int i = 0; i < POOLS_MAX && !p; i++)
        if (!pools[i].used) p = &pools[i];
    ASSERT(p && make_ctx);
    *p = (struct pool){.used = true, .make_ctx = make_ctx, .free_ctx = free_ctx, .arg = arg};
    p->threads = MIN(threads, (unsigned)NESTED_MAX + 2);
    *ret = p;
    return ERR_OK;
}

bool __wrap_pool_submit(struct pool *p, pool_fn fn, void *item)
{
    if (p->stopping || p->n == QUEUE_MAX) return false;
    p->queue[p->n].fn = fn;
    p->queue[p->n++].item = item;
    return true;
}

unsigned __wrap_pool_queued(struct pool *p)
{
    return p->n;
}

static int free_thread(const struct pool *p)
{
    for (unsigned i = 0; i < p->threads; i++)
        if (!p->busy[i]) return (int)i;
    return -1;
}

static void run_item(struct pool *p, unsigned at)
{
    int thread = free_thread(p);
    ASSERT(thread >= 0 && at < p->n);
    pool_fn fn = p->queue[at].fn;
    void *item = p->queue[at].item;
    memmove(&p->queue[at], &p->queue[at + 1], (p->n - at - 1) * sizeof p->queue[0]);
    p->n--;
    p->busy[thread] = true;
    if (!p->ctx[thread]) p->ctx[thread] = p->make_ctx(p->arg); // each has a database handle of its own: dear
    fn(item, p->ctx[thread]);
    p->busy[thread] = false;
}

void __wrap_pool_stop(struct pool **pp)
{
    struct pool *p = *pp;
    if (!p) return;
    p->stopping = true;
    while (p->n) run_item(p, 0);
    for (unsigned i = 0; i < p->threads; i++) {
        ASSERT(!p->busy[i]);
        if (p->ctx[i]) p->free_ctx(p->ctx[i]);
    }
    p->used = false;
    *pp = NULL;
}

static bool job_ready(const struct job *j)
{
    return j->used && !j->running && !j->at_once && (j->poked || j->due <= playing->now_ns);
}

static unsigned ready(void)
{
    unsigned n = 0;
    for (int i = 0; i < JOBS_MAX; i++) n += job_ready(&jobs[i]);
    for (int i = 0; i < POOLS_MAX; i++)
        if (pools[i].used && free_thread(&pools[i]) >= 0) n += pools[i].n;
    return n;
}

bool threads_ready(void)
{
    return ready() > 0;
}

void threads_run_one(struct play *p)
{
    uint64_t pick = draw(p, ready());
    for (int i = 0; i < JOBS_MAX; i++) {
        if (!job_ready(&jobs[i]) || pick-- > 0) continue;
        play_note(p, "job", jobs[i].name, 0);
        run_job(&jobs[i]);
        return;
    }
    for (int i = 0; i < POOLS_MAX; i++) {
        struct pool *q = &pools[i];
        if (!q->used || free_thread(q) < 0) continue;
        if (pick < q->n) {
            play_note(p, "task", i ? "2" : "1", (int64_t)pick);
            run_item(q, (unsigned)pick);
            return;
        }
        pick -= q->n;
    }
}

int64_t threads_next(void)
{
    int64_t next = INT64_MAX;
    for (int i = 0; i < JOBS_MAX; i++)
        if (jobs[i].used && !jobs[i].running && !jobs[i].at_once) next = MIN(next, jobs[i].due);
    return next;
}

void threads_check_gone(void)
{
    for (int i = 0; i < JOBS_MAX; i++) ASSERT(!jobs[i].used);
    for (int i = 0; i < POOLS_MAX; i++) ASSERT(!pools[i].used);
}
