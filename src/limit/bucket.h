// SPDX-License-Identifier: Apache-2.0
// One token bucket with Atlas' stepwise refill: pure. Called by: limit/table.c, tests. Must never: read a clock.
// Starts full at first use; every refill_seconds on a grid anchored at the first use, refill tokens come back, never
// above capacity (facts §4.2).
#pragma once

#include "base/clock.h"

struct bucket_rule {
    uint32_t capacity, refill, refill_seconds; // all > 0
};
struct bucket {        // 16 bytes
    int64_t anchor_ns; // grid origin, moved forward by whole periods
    uint32_t tokens;
    uint32_t reserved; // free for the table
};
struct bucket_answer {
    bool allowed;
    uint32_t limit, remaining; // after this request
    uint32_t retry_seconds;    // whole seconds, floored, to the next grid tick; 0 when allowed
};
void bucket_start(struct bucket *b, const struct bucket_rule *r, struct mono now);
struct bucket_answer bucket_take(struct bucket *b, const struct bucket_rule *r, struct mono now);
// The rule changes from `was` to `is`: no token comes back for it. A grid of another length begins now.
void bucket_change(struct bucket *b, const struct bucket_rule *was, const struct bucket_rule *is, struct mono now);
// Changes nothing: allowed says whether a take would be, remaining is what is there now.
struct bucket_answer bucket_peek(const struct bucket *b, const struct bucket_rule *r, struct mono now);
// Provably full at `now`: forgetting it changes no answer's tokens (the next use starts a new, full one).
bool bucket_is_full(const struct bucket *b, const struct bucket_rule *r, struct mono now);
