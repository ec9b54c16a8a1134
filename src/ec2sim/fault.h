// SPDX-License-Identifier: Apache-2.0
// Scripted misbehaviour: which request goes wrong, and how. Also EC2's token buckets.
// Called by: turn.c, manage.c, world.c, inproc.c, tests. Must never: be random without the rng handed in, or read a
// clock: all times are the simulated clock's.
//
// A rule in JSON (POST /_ec2sim/faults, ec2sim_fault_add):
//   {"kind": "throttle",            required, see below
//    "action": "AcceptVpcPeeringConnection", "account": "123456789012", "region": "eu-west-1",   absent = any
//    "after": 2,     let so many matching requests pass first (0)
//    "times": 3,     then hit so many of them (0 = for ever; when absent 1, and 0 for rate, outage and unreachable)
//    "seconds": 60,  in force so long, of simulated time (0 = for ever)
//    "percent": 50,  each hit only with this probability (100)
//    "status": 503, "code": "InternalError", "message": "…",   for kinds error, error-after, html, outage
//    "ms": 1500,     for kind slow (1..600000)
//    "bytes": 20000000,  for kind huge (1..268435456)
//    "perSecond": 1, "burst": 1,   for kind rate (1; burst = perSecond): more requests than that are throttled
//    "ageSeconds": 30}   for kind stale (30; up to a day)
// The kinds and what each does are the table below. Every kind can hit every action; those that bend the content of a
// Describe leave other replies as they are.
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "ec2sim/model.h"

// Absent members are NULL, which json_type does not take.
static inline bool is_json(const struct json_value *v, enum json_type type)
{
    return v && json_type(v) == type;
}

// X(kind, name, meaning)
#define FAULT_KINDS(X)                                                                                                 \
    X(FAULT_THROTTLE, "throttle", "503 RequestLimitExceeded, no effect")                                               \
    X(FAULT_RATE, "rate", "perSecond requests pass, the rest get 503 RequestLimitExceeded")                            \
    X(FAULT_OUTAGE, "outage", "503 Unavailable for as long as the rule is in force")                                   \
    X(FAULT_UNREACHABLE, "unreachable", "connections are closed unanswered for as long as the rule is in force")       \
    X(FAULT_ERROR, "error", "an error of your choice, no effect")                                                      \
    X(FAULT_ERROR_AFTER, "error-after", "an error of your choice, with effect")                                        \
    X(FAULT_LOST_REPLY, "lost-reply", "with effect, then the connection is closed")                                    \
    X(FAULT_LOST_REQUEST, "lost-request", "no effect, the connection is closed")                                       \
    X(FAULT_TRUNCATED, "truncated", "with effect, the XML is cut in half")                                             \
    X(FAULT_HTML, "html", "a proxy's page instead of XML, no effect")                                                  \
    X(FAULT_EMPTY, "empty", "a reply without a body, no effect")                                                       \
    X(FAULT_SLOW, "slow", "the reply comes after ms")                                                                  \
    X(FAULT_HUGE, "huge", "bytes of white space in the reply")                                                         \
    X(FAULT_STALE, "stale", "Describe shows a state that is ageSeconds old")                                           \
    X(FAULT_FOREIGN, "foreign", "Describe also shows a peering of two strangers")                                      \
    X(FAULT_DUPLICATE, "duplicate", "Describe shows its first item twice")                                             \
    X(FAULT_UNKNOWN_STATUS, "unknown-status", "status codes that no document names")                                   \
    X(FAULT_DOCTYPE, "doctype", "the reply begins with a DOCTYPE and entities")
enum fault_kind {
    FAULT_NONE,
#define X(kind, name, meaning) kind,
    FAULT_KINDS(X)
#undef X
        FAULT_KIND_COUNT_
};
const char *fault_kind_name(enum fault_kind k);

#define FAULT_RULES_MAX 64
struct fault_rule {
    enum fault_kind kind;
    uint64_t id;
    char action[64], account[SIM_ACCOUNT_STR], region[SIM_REGION_STR]; // "" = any
    int64_t after, times, seconds, percent, status, ms, bytes, per_second, burst, age_s;
    char code[72], message[200];
    uint64_t seen, fired;
    struct wall added, refilled; // simulated
    int64_t milli;               // kind rate: thousandths of a request that may pass
};
struct faults {
    struct fault_rule rules[FAULT_RULES_MAX];
    unsigned count;
    uint64_t next_id;
    struct rng rng;
};
void faults_init(struct faults *f, const struct rng *rng);
// ERR_INVALID, ERR_TOO_LARGE. *ret_id names the rule. A rule whose seconds are over makes room for a new one.
enum err faults_add(struct faults *f, const struct json_value *rule, struct wall now, uint64_t *ret_id,
                    struct error *err) MUST_CHECK;
// The first rule that hits this request, counted as fired; false = none. Rules before it that match count as seen.
bool faults_hit(struct faults *f, const char *action, const struct sim_caller *who, struct wall now,
                struct fault_rule *ret);
void faults_json(const struct faults *f, struct json_writer *w); // array

// ---- token buckets per account, Region and action (EC2 API throttling guide)
#define THROTTLE_BUCKETS_MAX 1024
struct throttle {
    struct throttle_bucket {
        uint64_t key;
        struct mono at;
        int64_t milli;               // thousandths of a token
    } buckets[THROTTLE_BUCKETS_MAX]; // open addressing; when full, an unknown key is let through
};
bool throttle_take(struct throttle *t, const char *action, const struct sim_caller *who, struct mono now);
