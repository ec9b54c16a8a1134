// SPDX-License-Identifier: Apache-2.0
// The two sources of random bytes: the kernel's, and a repeatable one for simulation and tests.
// Called by: everything that draws, through struct rng. Must never: hand out weak bytes when the kernel refuses.
// The repeatable one is xoshiro256** seeded by splitmix64 (Blackman and Vigna, prng.di.unimi.it).

#include "base/rand.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

static void system_fill(void *ctx, void *out, size_t n)
{
    char *p = out;
    while (n > 0) {
        ssize_t got = getrandom(p, n, 0);
        if (got < 0 && errno == EINTR) continue;
        ASSERT(got > 0);
        p += got;
        n -= (size_t)got;
    }
}

const struct rng rng_system = {system_fill, NULL};

static uint64_t splitmix64(uint64_t *x)
{
    uint64_t z = (*x += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t rotl(uint64_t x, unsigned k)
{
    return (x << k) | (x >> (64 - k));
}

static uint64_t xoshiro_next(struct seeded_rng *r)
{
    uint64_t *s = r->s;
    uint64_t result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

// Little-endian by hand: the same seed gives the same bytes on every machine.
static void seeded_fill(void *ctx, void *out, size_t n)
{
    unsigned char *p = out;
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++) {
        if (i % 8 == 0) v = xoshiro_next(ctx);
        p[i] = (unsigned char)v;
        v >>= 8;
    }
}

struct rng rng_seeded(struct seeded_rng *state, uint64_t seed)
{
    for (size_t i = 0; i < ARRAY_LEN(state->s); i++) state->s[i] = splitmix64(&seed);
    return (struct rng){seeded_fill, state};
}

void rng_fill(const struct rng *r, void *out, size_t n)
{
    r->fill(r->ctx, out, n);
}

uint64_t rng_u64(const struct rng *r)
{
    unsigned char b[8];
    uint64_t v = 0;
    rng_fill(r, b, sizeof(b));
    for (unsigned i = 0; i < sizeof(b); i++) v |= (uint64_t)b[i] << (8 * i);
    return v;
}

uint64_t rng_below(const struct rng *r, uint64_t n)
{
    ASSERT(n > 0);
    // The lowest 2^64 mod n values would make the small remainders more likely: draw again.
    uint64_t skip = (UINT64_MAX - n + 1) % n, v;
    do v = rng_u64(r);
    while (v < skip);
    return v % n;
}
