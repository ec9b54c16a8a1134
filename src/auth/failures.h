// SPDX-License-Identifier: Apache-2.0
// Counts failed authentications by address, so that a guesser hears 429 instead of 401. Called by: auth/check.c,
// auth/oauth.c. Must never: keep a right credential out (it is asked only after a failure), or grow.
#pragma once

#include "base/cidr.h"
#include "base/rand.h"
#include "limit/bucket.h"

struct failures;
struct failures *failures_new(unsigned per_minute, const struct rng *rng) MUST_CHECK; // NULL: out of memory
void failures_free(struct failures *f);
// One more failure from this address (IPv6: its /64). False when it has used up its minute. Thread-safe.
bool failures_note(struct failures *f, struct ip from, struct mono now) MUST_CHECK;
