// SPDX-License-Identifier: Apache-2.0
// Two typed clocks, handed in, and the date formats of the wire.
// Called by: everything that needs time. Must never: be read anywhere else (no time(), no clock_gettime()).
#pragma once

#include "base/slice.h"

struct mono { // monotonic: for durations, deadlines, buckets
    int64_t ns;
};
struct wall {   // UTC: for what people and AWS see
    int64_t us; // microseconds since 1970-01-01T00:00:00Z; 0 means "none"
};

struct clock {
    struct mono (*mono)(void *ctx);
    struct wall (*wall)(void *ctx);
    void *ctx;
};

extern const struct clock clock_system;
// A clock that moves only when told. Thread-safe.
struct manual_clock {
    _Atomic int64_t mono_ns, wall_us;
};
struct clock clock_manual(struct manual_clock *m);
void manual_clock_advance(struct manual_clock *m, int64_t ns); // both hands

static inline struct mono clock_mono(const struct clock *c)
{
    return c->mono(c->ctx);
}
static inline struct wall clock_wall(const struct clock *c)
{
    return c->wall(c->ctx);
}

#define NS_PER_SEC INT64_C(1000000000)
#define NS_PER_MS  INT64_C(1000000)
#define US_PER_SEC INT64_C(1000000)

static inline int64_t wall_sec(struct wall w)
{
    return w.us / US_PER_SEC;
}
static inline struct wall wall_from_sec(int64_t s)
{
    return (struct wall){s * US_PER_SEC};
}

// Buffers: RFC3339 21 bytes with NUL ("2024-12-18T19:20:37Z", whole seconds, as Atlas writes),
// AWS milliseconds 25 ("2024-12-18T19:20:37.000Z"), SigV4 17 ("20241218T192037Z"), HTTP date 30.
void wall_rfc3339(struct wall w, char out[21]);
void wall_rfc3339_ms(struct wall w, char out[25]);
void wall_sigv4(struct wall w, char out[17]);
void wall_http_date(struct wall w, char out[30]); // RFC 9110 5.6.7 IMF-fixdate
// Parses RFC 3339 with optional fraction (any digits) and Z or ±hh:mm offset. Years 1970..9999.
bool wall_parse_rfc3339(struct slice s, struct wall *ret) MUST_CHECK;
bool wall_parse_sigv4(struct slice s, struct wall *ret) MUST_CHECK;
bool wall_parse_http_date(struct slice s, struct wall *ret) MUST_CHECK; // IMF-fixdate only
// "YYYY-MM-DD", validated calendar date; gives 20241113 for 2024-11-13.
bool date_parse_ymd(struct slice s, uint32_t *ret_yyyymmdd) MUST_CHECK;
uint32_t wall_yyyymmdd(struct wall w);
