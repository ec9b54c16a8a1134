// SPDX-License-Identifier: Apache-2.0
// The periodic job and the pool: pokes, sleeps, stopping, bounds, contexts and failed starts. Run under TSan too.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "base/mem.h"
#include "base/worker.h"

#define LONG (60 * NS_PER_SEC)

// A counter that tests wait on. A wait of a minute means that the thing under test hangs.
struct bell {
    struct lock lock;
    struct cond cond;
    unsigned count;
};

static void bell_init(struct bell *b)
{
    lock_init(&b->lock, "bell");
    cond_init(&b->cond);
    b->count = 0;
}

static void bell_done(struct bell *b)
{
    cond_done(&b->cond);
    lock_done(&b->lock);
}

static void ring(struct bell *b)
{
    lock_take(&b->lock);
    b->count++;
    cond_wake_all(&b->cond);
    lock_drop(&b->lock);
}

static void wait_rung(struct bell *b, unsigned times)
{
    lock_take(&b->lock);
    while (b->count < times)
        if (!cond_wait_for(&b->cond, &b->lock, LONG)) fail_msg("rung %u times, not %u", b->count, times);
    lock_drop(&b->lock);
}

static unsigned rung(struct bell *b)
{
    lock_take(&b->lock);
    unsigned n = b->count;
    lock_drop(&b->lock);
    return n;
}

// ---- job ----------------------------------------------------------------------------------

struct work {
    struct bell ran, may_end;
    unsigned runs; // only the job's thread
    bool gated;
    int64_t sleep;
};

static int64_t do_work(void *ctx)
{
    struct work *w = ctx;
    unsigned n = ++w->runs;
    ring(&w->ran);
    if (w->gated) wait_rung(&w->may_end, n);
    return w->sleep;
}

static void work_init(struct work *w, int64_t sleep, bool gated)
{
    bell_init(&w->ran);
    bell_init(&w->may_end);
    w->runs = 0;
    w->sleep = sleep;
    w->gated = gated;
}

static void work_done(struct work *w)
{
    bell_done(&w->ran);
    bell_done(&w->may_end);
}

static void a_job_runs_at_once_then_when_poked(void **state)
{
    struct error err;
    struct work w;
    struct job *j = NULL;
    work_init(&w, -1, false);
    assert_int_equal(job_start("a-name-longer-than-sixteen", do_work, &w, &j, &err), ERR_OK);
    wait_rung(&w.ran, 1);
    job_poke(j);
    wait_rung(&w.ran, 2);
    assert_false(job_stopping(j));
    job_stop(&j);
    assert_null(j);
    job_stop(&j);
    assert_true(rung(&w.ran) <= 3);
    work_done(&w);
}

static void pokes_during_a_run_cause_one_more(void **state)
{
    struct error err;
    struct work w;
    struct job *j = NULL;
    work_init(&w, -1, true);
    assert_int_equal(job_start("test", do_work, &w, &j, &err), ERR_OK);
    wait_rung(&w.ran, 1);
    for (int i = 0; i < 5; i++) job_poke(j);
    ring(&w.may_end);
    wait_rung(&w.ran, 2);
    ring(&w.may_end);
    ring(&w.may_end); // a third run, which would be wrong, must not hang but be counted
    job_stop(&j);
    assert_int_equal(rung(&w.ran), 2);
    work_done(&w);
}

static void a_job_comes_back_when_due(void **state)
{
    struct error err;
    struct work w;
    struct job *j = NULL;
    work_init(&w, NS_PER_MS, false);
    int64_t before = clock_mono(&clock_system).ns;
    assert_int_equal(job_start("test", do_work, &w, &j, &err), ERR_OK);
    wait_rung(&w.ran, 5);
    assert_true(clock_mono(&clock_system).ns - before >= 4 * NS_PER_MS);
    job_stop(&j);
    work_done(&w);
    work_init(&w, 0, false); // at once again
    assert_int_equal(job_start("test", do_work, &w, &j, &err), ERR_OK);
    wait_rung(&w.ran, 100);
    job_stop(&j);
    work_done(&w);
}

static void a_poke_ends_a_long_sleep_and_a_stop_too(void **state)
{
    struct error err;
    struct work w;
    struct job *j = NULL;
    work_init(&w, INT64_MAX, false);
    assert_int_equal(job_start("test", do_work, &w, &j, &err), ERR_OK);
    wait_rung(&w.ran, 1);
    job_poke(j);
    wait_rung(&w.ran, 2);
    job_stop(&j);
    work_done(&w);
}

struct long_run {
    struct bell stored, began;
    struct job *_Atomic job;
    bool saw_stop;
};

static int64_t run_until_stopped(void *ctx)
{
    struct long_run *r = ctx;
    wait_rung(&r->stored, 1); // the test has the handle now
    ring(&r->began);
    while (!job_stopping(r->job)) continue;
    r->saw_stop = true;
    return -1;
}

static void a_long_run_sees_the_stop_and_is_waited_for(void **state)
{
    struct error err;
    struct long_run r = {.saw_stop = false};
    struct job *j = NULL;
    bell_init(&r.began);
    bell_init(&r.stored);
    assert_int_equal(job_start("test", run_until_stopped, &r, &j, &err), ERR_OK);
    r.job = j;
    ring(&r.stored);
    wait_rung(&r.began, 1);
    job_stop(&j);
    assert_true(r.saw_stop);
    bell_done(&r.began);
    bell_done(&r.stored);
}

static int64_t note_mask(void *ctx)
{
    sigset_t now;
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    _Atomic int *seen = ctx;
    *seen = 1 + (sigismember(&now, SIGTERM) == 1 && sigismember(&now, SIGHUP) == 1 && sigismember(&now, SIGSEGV) == 0);
    return 0;
}

static void threads_leave_signals_to_the_main_thread(void **state)
{
    struct error err;
    struct job *j = NULL;
    _Atomic int seen = 0;
    sigset_t before, after;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    assert_int_equal(job_start("test", note_mask, &seen, &j, &err), ERR_OK);
    while (seen == 0) continue;
    job_stop(&j);
    assert_int_equal(seen, 2);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    assert_int_equal(sigismember(&before, SIGTERM), sigismember(&after, SIGTERM));
}

// ---- pool ---------------------------------------------------------------------------------

struct order {
    unsigned seen[64], n; // only the one thread of the pool
    struct bell began, gate;
};

struct numbered {
    struct order *order;
    unsigned number;
};

static void note_order(void *item, void *thread_ctx)
{
    struct numbered *it = item;
    it->order->seen[it->order->n++] = it->number;
}

static void block(void *item, void *thread_ctx)
{
    struct order *o = item;
    ring(&o->began);
    wait_rung(&o->gate, 1);
}

static void a_pool_is_bounded_first_in_first_out_and_drains(void **state)
{
    struct error err;
    struct order o = {.n = 0};
    struct numbered items[8];
    struct pool *p = NULL;
    bell_init(&o.began);
    bell_init(&o.gate);
    assert_int_equal(pool_start("test", 1, 4, NULL, NULL, NULL, &p, &err), ERR_OK);
    assert_true(pool_submit(p, block, &o));
    wait_rung(&o.began, 1); // it runs now, so it is not in the queue any more
    for (unsigned i = 0; i < 8; i++) {
        items[i] = (struct numbered){&o, i};
        assert_int_equal(pool_submit(p, note_order, &items[i]), i < 4);
    }
    assert_int_equal(pool_queued(p), 4);
    ring(&o.gate);
    pool_stop(&p); // runs what is queued
    assert_null(p);
    pool_stop(&p);
    assert_int_equal(o.n, 4);
    for (unsigned i = 0; i < 4; i++) assert_int_equal(o.seen[i], i);
    bell_done(&o.began);
    bell_done(&o.gate);
}

struct tally {
    _Atomic unsigned made, freed, ran, bad;
    unsigned fail_at; // this make_ctx gives NULL; 0 none
};

struct thread_ctx {
    struct tally *tally;
    pthread_t thread;
};

static void *make_ctx(void *arg)
{
    struct tally *t = arg;
    if (++t->made == t->fail_at) return NULL;
    struct thread_ctx *c = mem_zalloc(1, sizeof(*c));
    if (c == NULL) return NULL;
    c->tally = t;
    c->thread = pthread_self();
    return c;
}

static void free_ctx(void *ctx)
{
    struct thread_ctx *c = ctx;
    c->tally->freed++;
    if (!pthread_equal(c->thread, pthread_self())) c->tally->bad++;
    mem_free(c);
}

static void check_ctx(void *item, void *thread_ctx)
{
    struct thread_ctx *c = thread_ctx;
    struct tally *t = item;
    t->ran++;
    if (c->tally != t || !pthread_equal(c->thread, pthread_self())) t->bad++;
}

static void each_thread_has_a_context_of_its_own(void **state)
{
    struct error err;
    struct tally t = {.fail_at = 0};
    struct pool *p = NULL;
    unsigned sent = 0;
    assert_int_equal(pool_start("test", 4, 16, make_ctx, free_ctx, &t, &p, &err), ERR_OK);
    assert_int_equal(t.made, 4);
    for (int i = 0; i < 5000; i++) sent += pool_submit(p, check_ctx, &t);
    pool_stop(&p);
    assert_int_equal(t.ran, sent);
    assert_true(sent > 0);
    assert_int_equal(t.freed, 4);
    assert_int_equal(t.bad, 0);
}

static void a_context_that_fails_fails_the_start(void **state)
{
    struct error err;
    struct tally t = {.fail_at = 2};
    struct pool *p = (void *)&t;
    assert_int_equal(pool_start("stores", 3, 4, make_ctx, free_ctx, &t, &p, &err), ERR_UNAVAILABLE);
    assert_non_null(strstr(err.detail, "stores"));
    assert_ptr_equal(p, &t);
    assert_int_equal(t.made, 3);
    assert_int_equal(t.freed, 2);
}

static void starting_without_memory_says_so(void **state)
{
    struct error err;
    struct pool *p = NULL;
    struct job *j = NULL;
    struct work w;
    work_init(&w, -1, false);
    mem_fault_set(1, false);
    assert_int_equal(job_start("test", do_work, &w, &j, &err), ERR_NOMEM);
    assert_null(j);
    for (uint64_t nth = 1;; nth++) {
        mem_fault_set(nth, false);
        enum err rc = pool_start("test", 2, 2, NULL, NULL, NULL, &p, &err);
        bool fired = mem_fault_fired();
        mem_fault_set(0, false);
        assert_int_equal(rc, fired ? ERR_NOMEM : ERR_OK);
        if (rc == ERR_OK) break;
        assert_null(p);
    }
    pool_stop(&p);
    work_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_runs_at_once_then_when_poked),
        cmocka_unit_test(pokes_during_a_run_cause_one_more),
        cmocka_unit_test(a_job_comes_back_when_due),
        cmocka_unit_test(a_poke_ends_a_long_sleep_and_a_stop_too),
        cmocka_unit_test(a_long_run_sees_the_stop_and_is_waited_for),
        cmocka_unit_test(threads_leave_signals_to_the_main_thread),
        cmocka_unit_test(a_pool_is_bounded_first_in_first_out_and_drains),
        cmocka_unit_test(each_thread_has_a_context_of_its_own),
        cmocka_unit_test(a_context_that_fails_fails_the_start),
        cmocka_unit_test(starting_without_memory_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
