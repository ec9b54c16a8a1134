// SPDX-License-Identifier: Apache-2.0
// The two shapes of threads: the periodic job and the bounded pool.
// Called by: app, httpd, reconcile. Must never: run a callback while holding a lock, take a signal that is
// meant for the main thread, or free anything that a thread may still use.

#include "base/worker.h"

#include <signal.h>
#include <string.h>

#include "base/mem.h"

static void name_thread(const char *name)
{
    char shown[16]; // the kernel keeps 15 characters
    if (!slice_copy(slice_n(name, MIN(strlen(name), sizeof(shown) - 1)), shown, sizeof(shown))) return;
    (void)pthread_setname_np(pthread_self(), shown); // a name is only for people; nothing depends on it
}

// New threads inherit the mask of their maker: signals are left to the main thread, except those that
// report a fault of the running code itself.
static int start_thread(pthread_t *ret, void *(*run)(void *), void *arg)
{
    static const int keep[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS, SIGPROF};
    sigset_t blocked, before;
    sigfillset(&blocked);
    for (size_t i = 0; i < ARRAY_LEN(keep); i++) sigdelset(&blocked, keep[i]);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    int e = pthread_create(ret, NULL, run, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return e;
}

// ---- periodic job -------------------------------------------------------------------------

struct job {
    const char *name; // these three immutable after start
    job_fn work;
    void *ctx;
    pthread_t thread; // owned by the thread that starts and stops
    struct lock lock;
    struct cond wake;
    bool poked;            // shared, under lock
    _Atomic bool stopping; // set under lock, read anywhere
};

// Sleeps until ns have passed, or a poke or stop comes; lock held.
static void job_sleep(struct job *j, int64_t ns)
{
    int64_t due, now = clock_mono(&clock_system).ns;
    if (add_overflows(now, ns, &due)) due = INT64_MAX;
    while (!j->poked && !j->stopping) {
        if (ns < 0) {
            cond_wait(&j->wake, &j->lock);
            continue;
        }
        if (now >= due) return;
        (void)cond_wait_for(&j->wake, &j->lock, due - now); // the clock decides, whatever woke us
        now = clock_mono(&clock_system).ns;
    }
}

static void *job_main(void *arg)
{
    struct job *j = arg;
    name_thread(j->name);
    lock_take(&j->lock);
    while (!j->stopping) {
        j->poked = false;
        lock_drop(&j->lock);
        int64_t ns = j->work(j->ctx);
        lock_take(&j->lock);
        job_sleep(j, ns);
    }
    lock_drop(&j->lock);
    return NULL;
}

static void job_free(struct job *j)
{
    cond_done(&j->wake);
    lock_done(&j->lock);
    mem_free(j);
}

enum err job_start(const char *name, job_fn work, void *ctx, struct job **ret, struct error *err)
{
    struct job *j = mem_zalloc(1, sizeof(*j));
    if (j == NULL) return error_set(err, ERR_NOMEM, "out of memory while starting the job %s", name);
    j->name = name;
    j->work = work;
    j->ctx = ctx;
    lock_init(&j->lock, name);
    cond_init(&j->wake);
    int e = start_thread(&j->thread, job_main, j);
    if (e != 0) {
        job_free(j);
        return error_errno(err, ERR_IO, e, "cannot start the thread of the job %s", name);
    }
    *ret = j;
    return ERR_OK;
}

void job_poke(struct job *j)
{
    lock_take(&j->lock);
    j->poked = true;
    cond_wake_one(&j->wake);
    lock_drop(&j->lock);
}

bool job_stopping(const struct job *j)
{
    return j->stopping;
}

void job_stop(struct job **pj)
{
    struct job *j = *pj;
    if (j == NULL) return;
    lock_take(&j->lock);
    j->stopping = true;
    cond_wake_one(&j->wake);
    lock_drop(&j->lock);
    ASSERT(pthread_join(j->thread, NULL) == 0);
    job_free(j);
    *pj = NULL;
}

// ---- pool ---------------------------------------------------------------------------------

struct pool_item {
    pool_fn fn;
    void *item;
};

struct pool {
    const char *name; // the first block is immutable after start
    void *(*make_ctx)(void *);
    void (*free_ctx)(void *);
    void *arg;
    unsigned cap;
    pthread_t *threads; // owned by the thread that starts and stops
    unsigned started;
    struct lock lock;
    struct cond wake;        // an item came, or the end
    struct cond ready;       // a thread has made its context
    struct pool_item *queue; // shared, under lock: a ring of cap items
    unsigned head, count, made, failed;
    bool stopping;
};

// Waits for an item; false at the end, when the queue is empty too. lock held.
static bool pool_take(struct pool *p, struct pool_item *ret)
{
    while (p->count == 0 && !p->stopping) cond_wait(&p->wake, &p->lock);
    if (p->count == 0) return false;
    *ret = p->queue[p->head];
    p->head = (p->head + 1) % p->cap;
    p->count--;
    return true;
}

static void *pool_main(void *arg)
{
    struct pool *p = arg;
    struct pool_item it;
    name_thread(p->name);
    void *ctx = p->make_ctx ? p->make_ctx(p->arg) : NULL;
    bool ok = ctx != NULL || p->make_ctx == NULL;
    lock_take(&p->lock);
    if (ok)
        p->made++;
    else
        p->failed++;
    cond_wake_one(&p->ready);
    while (ok && pool_take(p, &it)) {
        lock_drop(&p->lock);
        it.fn(it.item, ctx);
        lock_take(&p->lock);
    }
    lock_drop(&p->lock);
    if (ctx != NULL && p->free_ctx) p->free_ctx(ctx);
    return NULL;
}

static void pool_free(struct pool *p)
{
    cond_done(&p->wake);
    cond_done(&p->ready);
    lock_done(&p->lock);
    mem_free(p->queue);
    mem_free(p->threads);
    mem_free(p);
}

static struct pool *pool_new(const char *name, unsigned threads, unsigned queue_max)
{
    struct pool *p = mem_zalloc(1, sizeof(*p));
    if (p == NULL) return NULL;
    p->name = name;
    p->cap = queue_max;
    lock_init(&p->lock, name);
    cond_init(&p->wake);
    cond_init(&p->ready);
    p->threads = mem_zalloc(threads, sizeof(*p->threads));
    p->queue = mem_zalloc(queue_max, sizeof(*p->queue));
    if (p->threads == NULL || p->queue == NULL) {
        pool_free(p);
        return NULL;
    }
    return p;
}

// Waits until each started thread has its context; true when all have.
static bool pool_ready(struct pool *p)
{
    lock_take(&p->lock);
    while (p->made + p->failed < p->started) cond_wait(&p->ready, &p->lock);
    bool ok = p->failed == 0;
    lock_drop(&p->lock);
    return ok;
}

enum err pool_start(const char *name, unsigned threads, unsigned queue_max, void *(*make_ctx)(void *),
                    void (*free_ctx)(void *), void *arg, struct pool **ret, struct error *err)
{
    ASSERT(threads > 0 && queue_max > 0);
    struct pool *p = pool_new(name, threads, queue_max);
    if (p == NULL) return error_set(err, ERR_NOMEM, "out of memory while starting the pool %s", name);
    p->make_ctx = make_ctx;
    p->free_ctx = free_ctx;
    p->arg = arg;
    int e = 0;
    while (p->started < threads && e == 0) {
        e = start_thread(&p->threads[p->started], pool_main, p);
        if (e == 0) p->started++;
    }
    bool ready = pool_ready(p);
    if (e == 0 && ready) {
        *ret = p;
        return ERR_OK;
    }
    pool_stop(&p);
    if (e != 0) return error_errno(err, ERR_IO, e, "cannot start the threads of the pool %s", name);
    return error_set(err, ERR_UNAVAILABLE, "a thread of the pool %s could not get what it needs to work", name);
}

bool pool_submit(struct pool *p, pool_fn fn, void *item)
{
    lock_take(&p->lock);
    bool ok = !p->stopping && p->count < p->cap;
    if (ok) {
        p->queue[(p->head + p->count) % p->cap] = (struct pool_item){fn, item};
        p->count++;
        cond_wake_one(&p->wake);
    }
    lock_drop(&p->lock);
    return ok;
}

unsigned pool_queued(struct pool *p)
{
    lock_take(&p->lock);
    unsigned n = p->count;
    lock_drop(&p->lock);
    return n;
}

void pool_stop(struct pool **pp)
{
    struct pool *p = *pp;
    if (p == NULL) return;
    lock_take(&p->lock);
    p->stopping = true;
    cond_wake_all(&p->wake);
    lock_drop(&p->lock);
    for (unsigned i = 0; i < p->started; i++) ASSERT(pthread_join(p->threads[i], NULL) == 0);
    pool_free(p);
    *pp = NULL;
}
