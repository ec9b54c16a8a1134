// SPDX-License-Identifier: Apache-2.0
// The rules of the one retry layer, without its loop. Sources: botocore's standard mode (attempts, quota, jitter),
// EC2 developer guide "API request throttling" (buckets of account, region and action).
// Called by: cloud/ec2_call. Must never: retry by itself, or wait without a cap.
#include "cloud/retry.h"

#include "base/mem.h"

// ---- classes ------------------------------------------------------------------------------

static const struct {
    const char *code;
    enum cloud_class class;
    bool skew;
} codes[] = {
#define AWS_ERROR(code, class, skew) {code, CLOUD_##class, skew},
#include "spec/aws_errors.def"
#undef AWS_ERROR
};

static bool ends(struct slice code, const char *tail)
{
    size_t n = strlen(tail);
    return code.n >= n && slice_eq_nocase(slice_skip(code, code.n - n), slice_of(tail));
}

static bool begins(struct slice code, const char *head)
{
    size_t n = strlen(head);
    return code.n >= n && slice_eq_nocase(slice_n(code.p, n), slice_of(head));
}

static bool contains(struct slice s, const char *needle)
{
    return s.p && s.n && memmem(s.p, s.n, needle, strlen(needle)) != NULL;
}

static enum cloud_class by_status(int status)
{
    if (status == 429) return CLOUD_THROTTLED;
    if (status == 408 || status == 425 || status >= 500) return CLOUD_TRANSIENT;
    if (status == 401) return CLOUD_CREDENTIALS;
    if (status == 403) return CLOUD_DENIED;
    return CLOUD_PERMANENT;
}

static enum cloud_class by_ending(int status, struct slice code)
{
    if (ends(code, ".NotFound")) return CLOUD_NOT_FOUND_YET;
    if (ends(code, "LimitExceeded") || ends(code, ".Duplicate") || ends(code, "AlreadyExists")) return CLOUD_CONFLICT;
    if (begins(code, "Invalid") || begins(code, "Missing") || begins(code, "Unknown") || ends(code, ".Malformed"))
        return status >= 500 ? CLOUD_TRANSIENT : CLOUD_PERMANENT;
    return by_status(status);
}

enum cloud_class retry_classify(int http_status, struct slice code, struct slice message, bool *ret_skew)
{
    if (ret_skew) *ret_skew = false;
    for (unsigned i = 0; i < ARRAY_LEN(codes); i++) {
        if (!slice_eq_nocase(code, slice_of(codes[i].code))) continue;
        // STS says SignatureDoesNotMatch for a late signature too, and only the text tells.
        bool late = codes[i].class == CLOUD_CREDENTIALS &&
                    (contains(message, "Signature expired") || contains(message, "Signature not yet current"));
        if (ret_skew) *ret_skew = codes[i].skew || late;
        return codes[i].class;
    }
    return by_ending(http_status, code);
}

// ---- delays -------------------------------------------------------------------------------

int64_t retry_delay(enum cloud_class class, unsigned retry, int64_t server_ns, const struct rng *rng)
{
    int64_t top = class == CLOUD_THROTTLED ? NS_PER_SEC : 50 * NS_PER_MS;
    for (unsigned i = 1; i < retry && top < RETRY_CAP_NS; i++) top *= 2;
    top = MIN(top, RETRY_CAP_NS);
    int64_t ours = (int64_t)rng_below(rng, (uint64_t)top + 1);
    return MAX(ours, MIN(server_ns, ours + RETRY_AFTER_MORE));
}

int64_t retry_after_ns(struct slice amz_ms, struct slice seconds)
{
    uint64_t ms = 0, s = 0;
    if (!slice_u64(slice_trim(amz_ms, " "), 3600 * 1000, &ms)) ms = 0;
    if (!slice_u64(slice_trim(seconds, " "), 3600, &s)) s = 0;
    return (int64_t)MAX(ms * (uint64_t)NS_PER_MS, s * (uint64_t)NS_PER_SEC);
}

// ---- budget -------------------------------------------------------------------------------

void retry_budget_init(struct retry_budget *b)
{
    b->tokens = RETRY_BUDGET;
}

bool retry_budget_take(struct retry_budget *b, enum cloud_class class, unsigned *ret_cost)
{
    unsigned cost = class == CLOUD_THROTTLED ? RETRY_COST_THROTTLED : RETRY_COST_TRANSIENT;
    if (b->tokens < cost) return false;
    b->tokens -= cost;
    *ret_cost = cost;
    return true;
}

void retry_budget_success(struct retry_budget *b, unsigned cost)
{
    b->tokens = MIN(b->tokens + (cost ? cost : 1), (unsigned)RETRY_BUDGET);
}

// ---- pace ---------------------------------------------------------------------------------

enum err pace_table_init(struct pace_table *t, const struct rng *rng, struct error *err)
{
    *t = (struct pace_table){.map = map_new(rng)};
    return t->map ? ERR_OK : error_set(err, ERR_NOMEM, "no memory for the call rates");
}

void pace_table_done(struct pace_table *t)
{
    for (unsigned i = 0; i < t->used; i++) mem_free(t->rows[i]);
    map_free(t->map);
    *t = (struct pace_table){0};
}

static struct pace *find(struct pace_table *t, struct slice key)
{
    struct pace *p = map_get(t->map, key);
    return p ? p : t->used == PACE_KEYS ? &t->other : NULL;
}

int64_t pace_wait(struct pace_table *t, struct slice key, struct mono now)
{
    struct pace *p = find(t, key);
    if (!p || p->interval_ns == 0) return 0;
    int64_t wait = MIN(MAX(p->next.ns - now.ns, 0), PACE_MAX_NS);
    p->next.ns = now.ns + wait + p->interval_ns;
    return wait;
}

void pace_throttled(struct pace_table *t, struct slice key, struct mono now)
{
    struct pace *p = find(t, key);
    if (!p) {
        p = mem_zalloc(1, sizeof *p);
        if (!p || !map_put(t->map, key, p, NULL)) {
            mem_free(p);
            p = &t->other; // without memory at least somebody slows down
        } else {
            t->rows[t->used++] = p;
        }
    }
    p->interval_ns = p->interval_ns ? MIN(p->interval_ns * 2, PACE_MAX_NS) : PACE_FIRST_NS;
    p->next.ns = MAX(p->next.ns, now.ns + p->interval_ns);
}

void pace_success(struct pace_table *t, struct slice key)
{
    struct pace *p = find(t, key);
    if (!p || p->interval_ns == 0) return;
    p->interval_ns = p->interval_ns * 4 / 5;
    if (p->interval_ns < PACE_FIRST_NS / 10) p->interval_ns = 0;
}

// ---- away ---------------------------------------------------------------------------------

enum err away_table_init(struct away_table *t, const struct rng *rng, struct error *err)
{
    *t = (struct away_table){.map = map_new(rng)};
    return t->map ? ERR_OK : error_set(err, ERR_NOMEM, "no memory for the hosts that are called");
}

void away_table_done(struct away_table *t)
{
    for (unsigned i = 0; i < t->used; i++) mem_free(t->rows[i]);
    map_free(t->map);
    *t = (struct away_table){0};
}

static struct away_host *host_of(struct away_table *t, struct slice host, bool make)
{
    struct away_host *h = map_get(t->map, host);
    if (h || (t->used < AWAY_HOSTS && !make)) return h;
    if (t->used == AWAY_HOSTS) return &t->other;
    h = mem_zalloc(1, sizeof *h);
    if (!h || !map_put(t->map, host, h, NULL)) {
        mem_free(h);
        return &t->other; // without memory at least somebody slows down
    }
    t->rows[t->used++] = h;
    return h;
}

int64_t away_wait(struct away_table *t, struct slice host, struct mono now)
{
    const struct away_host *h = host_of(t, host, false);
    if (!h || h->failures < AWAY_AFTER) return 0;
    int64_t wait = MAX(t->next.ns - now.ns, 0);
    if (wait > AWAY_WAIT_NS) return -1;
    t->next.ns = now.ns + wait + AWAY_GAP_NS;
    return wait;
}

void away_failed(struct away_table *t, struct slice host)
{
    struct away_host *h = host_of(t, host, true);
    h->failures = MIN(h->failures + 1, 1000u);
}

void away_answered(struct away_table *t, struct slice host)
{
    struct away_host *h = host_of(t, host, false);
    if (h) h->failures = 0;
}
