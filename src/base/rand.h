// SPDX-License-Identifier: Apache-2.0
// Random bytes, handed in. Called by: ids, secrets, nonces, jitter, the simulator.
// Must never: fall back to a weak source (the system source aborts when getrandom fails).
#pragma once

#include "base/defs.h"

struct rng {
    void (*fill)(void *ctx, void *out, size_t n);
    void *ctx;
};

extern const struct rng rng_system; // getrandom(2)
struct seeded_rng {
    uint64_t s[4];
};
// Deterministic, for simulation and tests only: same seed, same bytes on every machine. Not thread-safe.
struct rng rng_seeded(struct seeded_rng *state, uint64_t seed);
void rng_fill(const struct rng *r, void *out, size_t n);
uint64_t rng_u64(const struct rng *r);
uint64_t rng_below(const struct rng *r, uint64_t n); // uniform in [0, n), n > 0
