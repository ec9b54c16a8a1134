// SPDX-License-Identifier: Apache-2.0
// Mutex and condition variable: exclusion, the owner check, time-outs and wake-ups. Run under TSan too.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/lock.h"

struct shared {
    struct lock lock;
    struct cond cond;
    long count;
    bool go;
};

static void *count_up(void *arg)
{
    struct shared *s = arg;
    for (int i = 0; i < 20000; i++) {
        lock_take(&s->lock);
        lock_assert_held(&s->lock);
        s->count++;
        lock_drop(&s->lock);
    }
    return NULL;
}

static void excludes_other_threads(void **state)
{
    struct shared s = {.count = 0};
    pthread_t t[4];
    lock_init(&s.lock, "test");
    for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&t[i], NULL, count_up, &s), 0);
    for (int i = 0; i < 4; i++) assert_int_equal(pthread_join(t[i], NULL), 0);
    assert_int_equal(s.count, 80000);
    lock_done(&s.lock);
}

static void *wait_for_go(void *arg)
{
    struct shared *s = arg;
    lock_take(&s->lock);
    s->count++;
    cond_wake_all(&s->cond);
    while (!s->go) cond_wait(&s->cond, &s->lock);
    lock_assert_held(&s->lock);
    s->count--;
    lock_drop(&s->lock);
    return NULL;
}

static void wakes_all_that_wait(void **state)
{
    struct shared s = {.count = 0};
    pthread_t t[3];
    lock_init(&s.lock, "test");
    cond_init(&s.cond);
    for (int i = 0; i < 3; i++) assert_int_equal(pthread_create(&t[i], NULL, wait_for_go, &s), 0);
    lock_take(&s.lock);
    while (s.count < 3) assert_true(cond_wait_for(&s.cond, &s.lock, 60 * NS_PER_SEC));
    s.go = true;
    cond_wake_all(&s.cond);
    lock_drop(&s.lock);
    for (int i = 0; i < 3; i++) assert_int_equal(pthread_join(t[i], NULL), 0);
    assert_int_equal(s.count, 0);
    cond_done(&s.cond);
    lock_done(&s.lock);
}

static void wait_for_ends_in_time(void **state)
{
    struct shared s = {.count = 0};
    lock_init(&s.lock, "test");
    cond_init(&s.cond);
    lock_take(&s.lock);
    int64_t before = clock_mono(&clock_system).ns;
    while (cond_wait_for(&s.cond, &s.lock, 2 * NS_PER_MS)) continue; // a wake-up out of nothing is allowed
    assert_true(clock_mono(&clock_system).ns - before >= 2 * NS_PER_MS);
    assert_false(cond_wait_for(&s.cond, &s.lock, 0));
    assert_false(cond_wait_for(&s.cond, &s.lock, -5));
    lock_assert_held(&s.lock);
    lock_drop(&s.lock);
    cond_done(&s.cond);
    lock_done(&s.lock);
}

static void *wake_soon(void *arg)
{
    struct shared *s = arg;
    lock_take(&s->lock);
    s->go = true;
    cond_wake_one(&s->cond);
    lock_drop(&s->lock);
    return NULL;
}

static void an_endless_wait_does_not_overflow(void **state)
{
    struct shared s = {.count = 0};
    pthread_t t;
    lock_init(&s.lock, "test");
    cond_init(&s.cond);
    lock_take(&s.lock);
    assert_int_equal(pthread_create(&t, NULL, wake_soon, &s), 0);
    while (!s.go) assert_true(cond_wait_for(&s.cond, &s.lock, INT64_MAX));
    lock_drop(&s.lock);
    assert_int_equal(pthread_join(t, NULL), 0);
    cond_done(&s.cond);
    lock_done(&s.lock);
}

static void take_twice(void)
{
    struct lock l;
    lock_init(&l, "test");
    lock_take(&l);
    lock_take(&l);
}

static void drop_free(void)
{
    struct lock l;
    lock_init(&l, "test");
    lock_drop(&l);
}

static void assert_free(void)
{
    struct lock l;
    lock_init(&l, "test");
    lock_assert_held(&l);
}

static void wait_unheld(void)
{
    struct lock l;
    struct cond c;
    lock_init(&l, "test");
    cond_init(&c);
    cond_wait(&c, &l);
}

static void misuse_aborts(void **state)
{
    static void (*const wrong[])(void) = {take_twice, drop_free, assert_free, wait_unheld};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        int status;
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            struct rlimit none = {0, 0};
            int quiet = open("/dev/null", O_WRONLY);
            setrlimit(RLIMIT_CORE, &none);
            dup2(quiet, STDERR_FILENO);
            signal(SIGABRT, SIG_DFL);
            wrong[i]();
            _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGABRT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(excludes_other_threads), cmocka_unit_test(wakes_all_that_wait),
        cmocka_unit_test(wait_for_ends_in_time),  cmocka_unit_test(an_endless_wait_does_not_overflow),
        cmocka_unit_test(misuse_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
