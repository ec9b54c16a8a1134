// SPDX-License-Identifier: Apache-2.0
// 24-hex ObjectIds as Atlas uses them: 4 bytes of seconds, 5 random bytes, 3 bytes of counter.
// Called by: core, auth, api. Must never: accept upper-case hex (the contract's pattern is ^[a-f0-9]{24}$).
#pragma once

#include "base/clock.h"
#include "base/rand.h"

#define OID_HEX 24
struct oid {
    uint8_t b[12];
};
struct oid oid_new(const struct rng *rng, struct wall now); // unique within and, by 40 random bits, across processes
void oid_hex(struct oid id, char out[OID_HEX + 1]);
bool oid_parse(struct slice s, struct oid *ret) MUST_CHECK;
bool oid_eq(struct oid a, struct oid b);
int oid_cmp(struct oid a, struct oid b);
bool oid_is_zero(struct oid id);
struct wall oid_time(struct oid id);
