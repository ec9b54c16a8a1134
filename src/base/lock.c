// SPDX-License-Identifier: Apache-2.0
// The wrapped mutex and condition variable. A misuse (taken twice, dropped by another thread) aborts at once.
// Called by: everything shared between threads. Must never: fail quietly.

#include "base/lock.h"

#include <errno.h>
#include <stdatomic.h>
#include <time.h>

// pthread_self is never 0 on the platforms that we build for, and needs no system call.
static uint64_t self(void)
{
    return (uint64_t)pthread_self();
}

// Only the owner itself ever sees its own id here, so relaxed order is enough.
static bool held_by_me(struct lock *l)
{
    return atomic_load_explicit(&l->owner, memory_order_relaxed) == self();
}

static void set_owner(struct lock *l, uint64_t id)
{
    atomic_store_explicit(&l->owner, id, memory_order_relaxed);
}

void lock_init(struct lock *l, const char *name)
{
    ASSERT(pthread_mutex_init(&l->mutex, NULL) == 0);
    l->name = name;
    set_owner(l, 0);
}

void lock_done(struct lock *l)
{
    ASSERT(pthread_mutex_destroy(&l->mutex) == 0);
}

void lock_take(struct lock *l)
{
    ASSERT(!held_by_me(l));
    ASSERT(pthread_mutex_lock(&l->mutex) == 0);
    set_owner(l, self());
}

void lock_drop(struct lock *l)
{
    ASSERT(held_by_me(l));
    set_owner(l, 0);
    ASSERT(pthread_mutex_unlock(&l->mutex) == 0);
}

void lock_assert_held(struct lock *l)
{
    ASSERT(held_by_me(l));
}

void cond_init(struct cond *c)
{
    pthread_condattr_t attr;
    ASSERT(pthread_condattr_init(&attr) == 0);
    ASSERT(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
    ASSERT(pthread_cond_init(&c->c, &attr) == 0);
    pthread_condattr_destroy(&attr);
}

void cond_done(struct cond *c)
{
    ASSERT(pthread_cond_destroy(&c->c) == 0);
}

void cond_wait(struct cond *c, struct lock *l)
{
    ASSERT(held_by_me(l));
    set_owner(l, 0);
    ASSERT(pthread_cond_wait(&c->c, &l->mutex) == 0);
    set_owner(l, self());
}

bool cond_wait_for(struct cond *c, struct lock *l, int64_t ns)
{
    int64_t due;
    if (add_overflows(clock_mono(&clock_system).ns, MAX(ns, 0), &due)) due = INT64_MAX;
    struct timespec ts = {.tv_sec = due / NS_PER_SEC, .tv_nsec = due % NS_PER_SEC};
    ASSERT(held_by_me(l));
    set_owner(l, 0);
    int rc = pthread_cond_timedwait(&c->c, &l->mutex, &ts);
    set_owner(l, self());
    ASSERT(rc == 0 || rc == ETIMEDOUT);
    return rc == 0;
}

void cond_wake_all(struct cond *c)
{
    ASSERT(pthread_cond_broadcast(&c->c) == 0);
}

void cond_wake_one(struct cond *c)
{
    ASSERT(pthread_cond_signal(&c->c) == 0);
}
