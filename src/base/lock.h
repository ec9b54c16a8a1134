// SPDX-License-Identifier: Apache-2.0
// Mutex and condition variable with a name and an owner check. Called by: everything shared between threads.
// Must never: be held over I/O, a cloud call or a store call (store.c's own excepted).
#pragma once

#include <pthread.h>

#include "base/clock.h"

struct lock {
    pthread_mutex_t mutex;
    const char *name;
    _Atomic uint64_t owner; // thread id while held, else 0
};
void lock_init(struct lock *l, const char *name);
void lock_done(struct lock *l);
void lock_take(struct lock *l);
void lock_drop(struct lock *l);
void lock_assert_held(struct lock *l);
struct cond {
    pthread_cond_t c;
};
void cond_init(struct cond *c); // waits on CLOCK_MONOTONIC
void cond_done(struct cond *c);
void cond_wait(struct cond *c, struct lock *l);
bool cond_wait_for(struct cond *c, struct lock *l, int64_t ns); // false on time-out; ns is real time
void cond_wake_all(struct cond *c);
void cond_wake_one(struct cond *c);
