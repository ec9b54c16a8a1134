// SPDX-License-Identifier: Apache-2.0
// The table of token buckets, keyed by (endpoint set, scope). Called by: pipeline, api/oauth. Must never: evict a
// bucket that is not provably full, hold more than its memory bound, or block: 16 shards, each with a short lock. A
// million scopes fit in 64 MiB. When all slots hold buckets that are not full, a new scope is answered as if by an
// empty table slot would be unfair: it is refused (fail closed is a 429 with the rule's retry), and counted.
#pragma once

#include "base/rand.h"
#include "base/slice.h"
#include "limit/bucket.h"

enum limit_scope { SCOPE_GROUP, SCOPE_ORG, SCOPE_USER, SCOPE_IP, SCOPE_IP_CLIENT };
enum limit_set {
#define LIMIT(id, set_id, name, scope, capacity, refill, seconds) LIMIT_##id,
#include "spec/limits.def"
#undef LIMIT
    LIMIT_SET_COUNT_,
    LIMIT_NONE = LIMIT_SET_COUNT_
};
struct limit_row {
    const char *set_id, *set_name;
    enum limit_scope scope;
    struct bucket_rule rule;
};
const struct limit_row *limit_row(enum limit_set s);
bool limit_set_parse(struct slice set_id, enum limit_set *ret) MUST_CHECK;

struct limit_override {
    enum limit_set set;
    const char *scope; // group id, public key, client id or address; "" = all scopes of the set
    struct bucket_rule rule;
};
#define LIMIT_OVERRIDES_MAX 10000 // that can be set while the server runs
#define LIMIT_SCOPE         160   // bytes of a scope's text, with its end
#define LIMIT_TOKENS_MAX    1000000
#define LIMIT_SECONDS_MAX   86400
struct limits;
// enabled false: every take is allowed and reports remaining = capacity. overrides are copied. There is room
// for at least max_scopes (1,000,000) buckets; memory is bounded by limits_bytes.
struct limits *limits_new(bool enabled, const struct limit_override *overrides, unsigned n, uint32_t max_scopes,
                          const struct rng *rng) MUST_CHECK; // NULL: out of memory
void limits_free(struct limits *l);
struct bucket_answer limits_take(struct limits *l, enum limit_set set, struct slice scope, struct mono now);
// All overrides that were set while the server runs, in place of those before; what limits_new was given stays below
// them. At most LIMIT_OVERRIDES_MAX, each of one scope. They hold at once for buckets that live, without a token for
// free. order: of the read that they come from, rising; an older one than the last is ignored.
void limits_set_overrides(struct limits *l, const struct limit_override *o, size_t n, uint64_t order, struct mono now);
struct bucket_rule limits_rule(struct limits *l, enum limit_set set,
                               struct slice scope); // in force for this scope
uint64_t limits_count(struct limits *l);            // buckets held
uint64_t limits_refused(const struct limits *l);    // takes refused because the table was full of live buckets
size_t limits_bytes(const struct limits *l);        // most that it may ever hold
