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
