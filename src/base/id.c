// SPDX-License-Identifier: Apache-2.0
// ObjectIds: making, printing, reading and comparing them.
// Called by: core, auth, api, store. Must never: accept what oid_hex would not write.

#include "base/id.h"

#include <string.h>

// Drawn ids carry a counter, so that two of one process can never be equal. With a seeded source the
// same run has to give the same ids again, so there the last three bytes are drawn as well.
static uint32_t next_counter(const struct rng *rng)
{
    static _Atomic uint32_t counter;
    if (rng->fill == rng_system.fill) return counter++;
    return (uint32_t)rng_below(rng, 1U << 24);
}

struct oid oid_new(const struct rng *rng, struct wall now)
{
    struct oid id;
    uint32_t sec = (uint32_t)wall_sec(now);
    for (unsigned i = 0; i < 4; i++) id.b[i] = (uint8_t)(sec >> (24 - 8 * i));
    rng_fill(rng, id.b + 4, 5);
    uint32_t count = next_counter(rng);
    for (unsigned i = 0; i < 3; i++) id.b[9 + i] = (uint8_t)(count >> (16 - 8 * i));
    return id;
}

void oid_hex(struct oid id, char out[OID_HEX + 1])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < sizeof(id.b); i++) {
        out[2 * i] = digits[id.b[i] >> 4];
        out[2 * i + 1] = digits[id.b[i] & 15];
    }
    out[OID_HEX] = '\0';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

bool oid_parse(struct slice s, struct oid *ret)
{
    struct oid id;
    if (s.n != OID_HEX) return false;
    for (size_t i = 0; i < sizeof(id.b); i++) {
        int high = hex_value(s.p[2 * i]), low = hex_value(s.p[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        id.b[i] = (uint8_t)(high * 16 + low);
    }
    *ret = id;
    return true;
}

bool oid_eq(struct oid a, struct oid b)
{
    return oid_cmp(a, b) == 0;
}

int oid_cmp(struct oid a, struct oid b)
{
    return memcmp(a.b, b.b, sizeof(a.b));
}

bool oid_is_zero(struct oid id)
{
    return oid_eq(id, (struct oid){{0}});
}

struct wall oid_time(struct oid id)
{
    uint32_t sec = 0;
    for (unsigned i = 0; i < 4; i++) sec = sec << 8 | id.b[i];
    return wall_from_sec(sec);
}
