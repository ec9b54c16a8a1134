// SPDX-License-Identifier: Apache-2.0
// Faults on demand, so that an unmodified client meets what it must survive: rules, and which of them hits a request.
// Called by: pipeline.c (asks), app (sets the rules of `peerage dev`), tests. Must never: be made by serve, read a
// clock or the system's randomness (a seed repeats a run), or cost a request more than one atomic load while no rule is
// set.
//
// A rule in JSON; `action` alone is needed:
//   operation    an operationId, or "*" (the default): any but the two that carry no credential, token and revoke
//   nth          the first matching request that may be hit, counted from 1 (the default)
//   times        how many are hit, 0 = no end; default 1, with a probability 0
//   probability  of a hit, above 0 to 1 (the default)
//   seed         of the draws (default 1)
//   action       "status"    status 429, 500 or 503; retryAfter seconds for 429 and 503 (default 1). Without effect
//                "delay"     the answer comes ms (1 to 30000) later. Has its effect at once
//                "drop"      the connection closes without an answer; carriedOut true: after the effect, else without
//                "truncate"  the body ends after bytes, then the connection closes; Content-Length is the whole one's
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "base/rand.h"

#define FAULT_TABLE_MAX 64
#define FAULT_MS_MAX    30000

enum injected { INJECTED_STATUS, INJECTED_DELAY, INJECTED_DROP, INJECTED_TRUNCATION, INJECTED_COUNT_ };
struct injection {
    enum injected action;
    int64_t status, retry_after; // seconds
    int64_t ms, bytes;
    bool carried_out;
};
struct injection_rule {
    uint64_t id;
    const char *operation; // of the route table; NULL = "*"
    int64_t nth, times, seed;
    uint32_t millionths; // probability
    struct injection what;
    uint64_t seen, hits;
    struct rng rng; // on draws: a rule stays where it is
    struct seeded_rng draws;
};
struct injection_table { // zero is an empty one; must not be copied or moved
    struct injection_rule rules[FAULT_TABLE_MAX];
    unsigned count;
    uint64_t last_id;
};

// ERR_INVALID names the member and what it may be; ERR_TOO_LARGE: the table is full. The table is untouched then.
enum err injection_table_add(struct injection_table *t, const struct json_value *rule, uint64_t *ret_id,
                             struct error *err) MUST_CHECK;
// Whether this request is hit, and by what: the first rule that hits. Rules before it that match have seen the request,
// rules behind it have not, so that rules for one operation follow one another. `open`: the operation needs no
// credential, "*" does not mean it.
bool faults_decide(struct injection_table *t, const char *operation, bool open, struct injection *ret);
void injection_table_json(const struct injection_table *t, struct json_writer *w); // array

// ---- the table that threads share
struct client_faults;
struct client_faults *client_faults_new(void) MUST_CHECK; // NULL: out of memory
void client_faults_free(struct client_faults *f);         // NULL-safe
enum err client_faults_add(struct client_faults *f, const struct json_value *rule, uint64_t *ret_id,
                           struct error *err) MUST_CHECK;
void client_faults_clear(struct client_faults *f); // ids go on
void client_faults_json(struct client_faults *f, struct json_writer *w);
// faults_decide on the shared table. f NULL: false.
bool client_faults_hit(struct client_faults *f, const char *operation, bool open, struct injection *ret);
