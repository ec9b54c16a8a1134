// SPDX-License-Identifier: Apache-2.0
// Scripted misbehaviour: which request goes wrong, and how. Also EC2's token buckets.
// Called by: server.c, manage.c, tests. Must never: be random without the rng handed in, or read a clock.
//
// A rule in JSON (POST /_ec2sim/faults, ec2sim_fault_add):
//   {"kind": "throttle",            required, see below
//    "action": "AcceptVpcPeeringConnection", "account": "123456789012", "region": "eu-west-1",   absent = any
//    "after": 2,     let so many matching requests pass first (0)
//    "times": 3,     then hit so many of them (1; 0 = for ever)
//    "percent": 50,  each hit only with this probability (100)
//    "status": 503, "code": "InternalError", "message": "…",   for kinds error, error-after, html
//    "ms": 1500,     for kind slow (1..600000)
//    "bytes": 20000000}  for kind huge (1..268435456)
// Kinds: throttle (503 RequestLimitExceeded) | error (no effect) | error-after (with effect) | lost-reply (with effect,
// connection closed) | lost-request (no effect, connection closed) | truncated (XML cut in half) | html | empty |
// slow | huge | foreign | duplicate | unknown-status | doctype.
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

enum fault_kind {
    FAULT_NONE,
    FAULT_THROTTLE,
    FAULT_ERROR,
    FAULT_ERROR_AFTER,
    FAULT_LOST_REPLY,
    FAULT_LOST_REQUEST,
    FAULT_TRUNCATED,
    FAULT_HTML,
    FAULT_EMPTY,
    FAULT_SLOW,
    FAULT_HUGE,
    FAULT_FOREIGN,
    FAULT_DUPLICATE,
    FAULT_UNKNOWN_STATUS,
    FAULT_DOCTYPE,
    FAULT_KIND_COUNT_
};
const char *fault_kind_name(enum fault_kind k);

#define FAULT_RULES_MAX 64
struct fault_rule {
    enum fault_kind kind;
    uint64_t id;
    char action[64], account[SIM_ACCOUNT_STR], region[SIM_REGION_STR]; // "" = any
    int64_t after, times, percent, status, ms, bytes;
    char code[72], message[200];
    uint64_t seen, fired;
};
struct faults {
    struct fault_rule rules[FAULT_RULES_MAX];
    unsigned count;
    uint64_t next_id;
    struct rng rng;
};
void faults_init(struct faults *f, const struct rng *rng);
// ERR_INVALID, ERR_TOO_LARGE. *ret_id names the rule.
enum err faults_add(struct faults *f, const struct json_value *rule, uint64_t *ret_id, struct error *err) MUST_CHECK;
// The first rule that hits this request, counted as fired; false = none. Rules before it that match count as seen.
bool faults_hit(struct faults *f, const char *action, const struct sim_caller *who, struct fault_rule *ret);
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
