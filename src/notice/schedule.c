// SPDX-License-Identifier: Apache-2.0
// The retry schedule of webhooks. Called by: notifier.c. Must never: give up before the first attempt, or wait past the
// message's life.
#include "notice/schedule.h"

#define GATE_FIRST_NS (5 * NS_PER_SEC)
#define GATE_TOP_NS   (60 * NS_PER_SEC)
#define LEAST_US      US_PER_SEC

int64_t schedule_span_us(unsigned attempts)
{
    int64_t us = SCHEDULE_FIRST_US;
    ASSERT(attempts > 0);
    for (unsigned i = 1; i < attempts && us < SCHEDULE_TOP_US; i++) us *= 4;
    return MIN(us, SCHEDULE_TOP_US);
}

static int64_t asked_for(struct slice retry_after, struct wall now)
{
    uint64_t seconds;
    struct wall date;
    if (slice_u64(retry_after, UINT32_MAX, &seconds)) return MIN((int64_t)seconds * US_PER_SEC, SCHEDULE_TOP_US);
    if (retry_after.n && wall_parse_http_date(retry_after, &date))
        return MIN(MAX(date.us - now.us, 0), SCHEDULE_TOP_US);
    return 0;
}

static bool is_away(const struct attempt *a)
{
    return a->code != ERR_OK || a->status == 429 || (a->status >= 502 && a->status <= 504);
}

struct verdict schedule_judge(const struct delivery *d, unsigned attempts, const struct attempt *a, struct wall now,
                              const struct rng *rng)
{
    struct verdict v = {.state = DELIVERY_PENDING, .away = is_away(a)};
    int64_t end = d->queued.us + SCHEDULE_LIFE_US;
    if (a->code == ERR_OK && a->status >= 200 && a->status < 300) {
        v.state = DELIVERY_DONE;
        return v;
    }
    v.gone = a->code == ERR_OK && a->status == 410;
    if (v.gone || now.us >= end) {
        v.state = DELIVERY_DEAD;
        return v;
    }
    int64_t wait = LEAST_US + (int64_t)rng_below(rng, (uint64_t)(schedule_span_us(attempts) - LEAST_US + 1));
    wait = MAX(wait, asked_for(a->retry_after, now));
    v.not_before.us = MIN(now.us + wait, end); // the last attempt stands at the end of its life
    return v;
}

int64_t schedule_gate_ns(unsigned failures, const struct rng *rng)
{
    int64_t ns = GATE_FIRST_NS;
    ASSERT(failures > 0);
    for (unsigned i = 1; i < failures && ns < GATE_TOP_NS; i++) ns *= 2;
    ns = MIN(ns, GATE_TOP_NS);
    return NS_PER_SEC + (int64_t)rng_below(rng, (uint64_t)(ns - NS_PER_SEC + 1));
}
