// SPDX-License-Identifier: Apache-2.0
// What follows from an attempt to deliver. Pure. Called by: src/notice, tests. Must never: read a clock.
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "base/rand.h"
#include "model/webhook.h"

// After the n-th failure it is tried again within 5 s times 4 to the n-1, at most 5 h: evenly drawn from the whole
// span (full jitter), but not within a second. What has not succeeded SCHEDULE_LIFE_US after it was queued is dead,
// after one attempt at least.
#define SCHEDULE_FIRST_US (5 * US_PER_SEC)
#define SCHEDULE_TOP_US   (5 * 3600 * US_PER_SEC)
#define SCHEDULE_LIFE_US  (28 * 3600 * US_PER_SEC)
int64_t schedule_span_us(unsigned attempts); // attempts >= 1

struct attempt {
    enum err code; // ERR_OK: there was an answer
    int status;
    struct slice retry_after; // of the answer: seconds or an HTTP date; honoured up to SCHEDULE_TOP_US
};
struct verdict {
    enum delivery_state state; // DONE, DEAD, or PENDING: again at not_before
    struct wall not_before;
    bool away; // the endpoint as a whole is in trouble, not this message: no answer, 429, 502, 503, 504
    bool gone; // 410: the receiver wants no more
};
// attempts: with this one.
struct verdict schedule_judge(const struct delivery *d, unsigned attempts, const struct attempt *a, struct wall now,
                              const struct rng *rng);
// How long an endpoint that is away is left alone, by its failures in a row (>= 1): up to 5 s doubled, at most 60 s.
int64_t schedule_gate_ns(unsigned failures, const struct rng *rng);
