// SPDX-License-Identifier: Apache-2.0
// Deadlines of one loop: a heap by due time. Moving a deadline later costs nothing until the old one comes.
// Called by: loop.c, conn.c, each on its own thread. Must never: allocate after timers_add.
#pragma once

#include "base/defs.h"

#define TIMER_NEVER INT64_MAX

struct timer {
    int64_t due;  // where it stands in the heap; may be earlier than want
    int64_t want; // the deadline in truth
    unsigned index;
};
struct timers {
    struct timer **heap;
    unsigned n, cap;
};
void timers_done(struct timers *h);
bool timers_add(struct timers *h, struct timer *t) MUST_CHECK; // at TIMER_NEVER; false when out of memory
void timers_remove(struct timers *h, struct timer *t);
void timers_set(struct timers *h, struct timer *t, int64_t due); // ns of the monotonic clock
// The next timer whose deadline is at or before now, set to TIMER_NEVER; NULL when none is.
struct timer *timers_due(struct timers *h, int64_t now);
int64_t timers_next(const struct timers *h); // when to look again; TIMER_NEVER when empty
