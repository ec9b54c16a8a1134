// SPDX-License-Identifier: Apache-2.0
// The stepwise token bucket of facts 4.2: whole periods on a grid that begins at the first use, never a trickle.
// Called by: limit/table.c, auth's failure counter. Must never: read a clock, or give back more than capacity.
#include "limit/bucket.h"

// The bucket as it stands at `now`: whole periods credited, the anchor on the last grid tick that is not after now.
static struct bucket refilled(const struct bucket *b, const struct bucket_rule *r, struct mono now)
{
    struct bucket out = *b;
    int64_t period = (int64_t)r->refill_seconds * NS_PER_SEC;
    int64_t periods = (now.ns - b->anchor_ns) / period;
    if (periods > 0) {
        out.anchor_ns += periods * period;
        // More periods than capacity always fill it, as refill >= 1; the bound keeps the product below 2^64.
        uint64_t gained = MIN((uint64_t)periods, (uint64_t)r->capacity) * r->refill;
        out.tokens = (uint32_t)MIN(gained + b->tokens, (uint64_t)r->capacity);
    }
    // An override may have lowered the capacity since the last use.
    out.tokens = MIN(out.tokens, r->capacity);
    return out;
}

static struct bucket_answer answer(const struct bucket *b, const struct bucket_rule *r, struct mono now, bool allowed)
{
    struct bucket_answer a = {.allowed = allowed, .limit = r->capacity, .remaining = b->tokens};
    if (!allowed) {
        int64_t next_tick = b->anchor_ns + (int64_t)r->refill_seconds * NS_PER_SEC;
        a.retry_seconds = (uint32_t)((next_tick - now.ns) / NS_PER_SEC);
    }
    return a;
}

void bucket_start(struct bucket *b, const struct bucket_rule *r, struct mono now)
{
    b->anchor_ns = now.ns;
    b->tokens = r->capacity;
}

struct bucket_answer bucket_take(struct bucket *b, const struct bucket_rule *r, struct mono now)
{
    *b = refilled(b, r, now);
    bool allowed = b->tokens > 0;
    b->tokens -= allowed;
    return answer(b, r, now, allowed);
}

void bucket_change(struct bucket *b, const struct bucket_rule *was, const struct bucket_rule *is, struct mono now)
{
    *b = refilled(b, was, now);
    b->tokens = MIN(b->tokens, is->capacity);
    if (was->refill_seconds != is->refill_seconds) b->anchor_ns = now.ns;
}

struct bucket_answer bucket_peek(const struct bucket *b, const struct bucket_rule *r, struct mono now)
{
    struct bucket at = refilled(b, r, now);
    return answer(&at, r, now, at.tokens > 0);
}

bool bucket_is_full(const struct bucket *b, const struct bucket_rule *r, struct mono now)
{
    return refilled(b, r, now).tokens == r->capacity;
}
