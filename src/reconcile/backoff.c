// SPDX-License-Identifier: Apache-2.0
// The arithmetic of due times. Called by: reconcile/scanner. Must never: return less than zero or more than the cap,
// one second for each failing unit apart.
#include "reconcile/backoff.h"

int64_t backoff_first(int64_t interval_ns, const struct rng *rng)
{
    if (interval_ns <= 2 * NS_PER_SEC) return 0;
    return (int64_t)rng_below(rng, (uint64_t)interval_ns);
}

int64_t backoff_failed(int64_t interval_ns, unsigned failures, unsigned failing, const struct rng *rng)
{
    int64_t top = MAX(interval_ns, MIN(interval_ns * 10, BACKOFF_CAP_NS));
    int64_t ns = interval_ns;
    for (unsigned i = 1; i < failures && ns < top; i++) ns *= 2;
    // A whole cloud that is away must not be asked by all units at once: one call a second in total.
    ns = MAX(MIN(ns, top), (int64_t)failing * NS_PER_SEC);
    return ns - (int64_t)rng_below(rng, (uint64_t)ns / 5 + 1);
}

int64_t backoff_expiry(struct wall now, struct wall expires)
{
    if (expires.us <= now.us) return INT64_MAX;
    int64_t us = MIN(expires.us - now.us, INT64_C(366) * 86400 * US_PER_SEC); // no overflow by what AWS may say
    return us * 1000 + EXPIRY_DELAY_NS;
}

int64_t backoff_moving(int64_t last_ns, bool changed, int64_t interval_ns)
{
    return MIN(changed || last_ns == 0 ? NS_PER_SEC : last_ns * 2, interval_ns);
}
