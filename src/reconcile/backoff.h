// SPDX-License-Identifier: Apache-2.0
// When a scan unit is due again. Pure. Called by: reconcile/scanner, tests. Must never: read a clock.
#pragma once

#include "base/clock.h"
#include "base/rand.h"

// Recovery is to be seen within two minutes, however long the outage was.
#define BACKOFF_CAP_NS (90 * NS_PER_SEC)

// First scan: up to one interval later, so that units do not march in step; at once when the interval is <= 2 s.
int64_t backoff_first(int64_t interval_ns, const struct rng *rng);
// After `failures` (>= 1) in a row, `failing` units being in that state (>= 1): the interval doubled for each failure
// up to ten intervals and the cap, at least one second for each failing unit, and up to a fifth of jitter off.
int64_t backoff_failed(int64_t interval_ns, unsigned failures, unsigned failing, const struct rng *rng);
// When a pending request should have expired: AWS is given a moment to say so. ns from now; INT64_MAX: expires is 0, or
// over already.
#define EXPIRY_DELAY_NS (2 * NS_PER_SEC)
int64_t backoff_expiry(struct wall now, struct wall expires);
// While something is on its way (provisioning, deleting, a request past its time): after a second, then doubled each
// time that nothing has changed, up to the interval. last_ns: what it was before, 0 = nothing was on its way.
int64_t backoff_moving(int64_t last_ns, bool changed, int64_t interval_ns);
