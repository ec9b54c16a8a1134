// SPDX-License-Identifier: Apache-2.0
// Classes of failures, and how long and how often to try again. Pure: time and randomness are handed in.
// Called by: cloud/ec2_call, tests. Must never: sleep. The structs are not locked: their owner does that.
#pragma once

#include "base/map.h"
#include "cloud/cloud.h"

// By code first (spec/aws_errors.def, without case), then by its ending, then by HTTP status.
// *ret_skew (may be NULL): our clock is to blame. message helps where STS has one code for two causes.
enum cloud_class retry_classify(int http_status, struct slice code, struct slice message, bool *ret_skew);

// ---- delay: full jitter, rand(0,1) * min(base * 2^(n-1), 20 s), base 50 ms, and 1 s when throttled.
#define RETRY_CAP_NS     (20 * NS_PER_SEC)
#define RETRY_AFTER_MORE (5 * NS_PER_SEC)
// retry: 1 = before the second attempt. server_ns: what x-amz-retry-after or Retry-After asked, 0 = nothing; it may
// lengthen the delay by at most 5 s and never shortens it.
int64_t retry_delay(enum cloud_class class, unsigned retry, int64_t server_ns, const struct rng *rng);
// The larger of the two headers in ns; 0 when neither is a number.
int64_t retry_after_ns(struct slice amz_ms, struct slice seconds);

// ---- budget: tokens shared by all calls, so that an outage does not multiply the traffic.
#define RETRY_BUDGET         500
#define RETRY_COST_THROTTLED 5
#define RETRY_COST_TRANSIENT 14
struct retry_budget {
    unsigned tokens;
};
void retry_budget_init(struct retry_budget *b);
// False: no retry now. *ret_cost is to be given back by retry_budget_success.
bool retry_budget_take(struct retry_budget *b, enum cloud_class class, unsigned *ret_cost) MUST_CHECK;
void retry_budget_success(struct retry_budget *b, unsigned cost); // 0 = first attempt: gives 1

// ---- pace: a bucket of AWS (account, region, action) that has throttled us is called more slowly.
#define PACE_FIRST_NS (250 * NS_PER_MS)
#define PACE_MAX_NS   (10 * NS_PER_SEC)
#define PACE_KEYS     1024
struct pace {
    int64_t interval_ns; // 0 = not slowed
    struct mono next;    // no call before
};
struct pace_table {
    struct map *map;
    struct pace *rows[PACE_KEYS];
    unsigned used;
    struct pace other; // shared by all when the table is full
};
enum err pace_table_init(struct pace_table *t, const struct rng *rng, struct error *err) MUST_CHECK;
void pace_table_done(struct pace_table *t);
// A row is made by its first throttle only; calls of unknown keys are free.
int64_t pace_wait(struct pace_table *t, struct slice key, struct mono now); // ns to wait; books the slot
void pace_throttled(struct pace_table *t, struct slice key, struct mono now);
void pace_success(struct pace_table *t, struct slice key);

// ---- away: hosts that do not answer get one call a second in all, whoever asks
#define AWAY_AFTER   3 // attempts in a row without an answer
#define AWAY_GAP_NS  NS_PER_SEC
#define AWAY_WAIT_NS (10 * NS_PER_SEC) // longer than that nobody stands in line
#define AWAY_HOSTS   256
struct away_host {
    unsigned failures;
};
struct away_table {
    struct map *map; // by host
    struct away_host *rows[AWAY_HOSTS];
    unsigned used;
    struct away_host other; // shared by all when the table is full
    struct mono next;       // for all hosts that are away
};
enum err away_table_init(struct away_table *t, const struct rng *rng, struct error *err) MUST_CHECK;
void away_table_done(struct away_table *t);
// ns to wait before an attempt at that host, booked; 0 = it answers. -1: too many wait already, and nothing is booked.
int64_t away_wait(struct away_table *t, struct slice host, struct mono now);
void away_failed(struct away_table *t, struct slice host);
void away_answered(struct away_table *t, struct slice host);
