// SPDX-License-Identifier: Apache-2.0
// Fault rules and token buckets.
// Called by: turn.c, manage.c, world.c, inproc.c, tests. Must never: read a clock.

#include "ec2sim/fault.h"

#include <stdio.h>
#include <string.h>

static const char *const kind_names[FAULT_KIND_COUNT_] = {[FAULT_NONE] = "none",
#define X(kind, name, meaning) [kind] = (name),
                                                          FAULT_KINDS(X)
#undef X
};

const char *fault_kind_name(enum fault_kind k)
{
    ASSERT((unsigned)k < FAULT_KIND_COUNT_);
    return kind_names[k];
}

void faults_init(struct faults *f, const struct rng *rng)
{
    *f = (struct faults){.next_id = 1, .rng = *rng};
}

struct text_key {
    const char *name;
    size_t offset, cap;
};
struct int_key {
    const char *name;
    size_t offset;
    int64_t min, max;
};
static const struct text_key text_keys[] = {
    {"action", offsetof(struct fault_rule, action), sizeof(((struct fault_rule *)0)->action)},
    {"account", offsetof(struct fault_rule, account), SIM_ACCOUNT_STR},
    {"region", offsetof(struct fault_rule, region), SIM_REGION_STR},
    {"code", offsetof(struct fault_rule, code), sizeof(((struct fault_rule *)0)->code)},
    {"message", offsetof(struct fault_rule, message), sizeof(((struct fault_rule *)0)->message)},
};
static const struct int_key int_keys[] = {
    {"after", offsetof(struct fault_rule, after), 0, 1000000000},
    {"times", offsetof(struct fault_rule, times), 0, 1000000000},
    {"seconds", offsetof(struct fault_rule, seconds), 0, 31536000},
    {"percent", offsetof(struct fault_rule, percent), 1, 100},
    {"status", offsetof(struct fault_rule, status), 400, 599},
    {"ms", offsetof(struct fault_rule, ms), 1, 600000},
    {"bytes", offsetof(struct fault_rule, bytes), 1, 268435456},
    {"perSecond", offsetof(struct fault_rule, per_second), 1, 1000000},
    {"burst", offsetof(struct fault_rule, burst), 1, 1000000},
    {"ageSeconds", offsetof(struct fault_rule, age_s), 1, SIM_STALE_MAX_S},
};

static enum err set_text(struct fault_rule *r, const struct text_key *k, const struct json_value *v, struct error *err)
{
    if (!is_json(v, JSON_STRING) || !slice_copy(json_string(v), (char *)r + k->offset, k->cap))
        return error_set(err, ERR_INVALID, "fault %s must be a string of at most %zu characters", k->name, k->cap - 1);
    return ERR_OK;
}

static enum err set_int(struct fault_rule *r, const struct int_key *k, const struct json_value *v, struct error *err)
{
    int64_t n = json_integer(v);
    if (!is_json(v, JSON_INT) || n < k->min || n > k->max)
        return error_set(err, ERR_INVALID, "fault %s must be a whole number from %lld to %lld", k->name,
                         (long long)k->min, (long long)k->max);
    *(int64_t *)(void *)((char *)r + k->offset) = n;
    return ERR_OK;
}

static enum err set_member(struct fault_rule *r, struct slice key, const struct json_value *v, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(text_keys); i++)
        if (slice_eq_cstr(key, text_keys[i].name)) return set_text(r, &text_keys[i], v, err);
    for (size_t i = 0; i < ARRAY_LEN(int_keys); i++)
        if (slice_eq_cstr(key, int_keys[i].name)) return set_int(r, &int_keys[i], v, err);
    for (int k = 1; slice_eq_cstr(key, "kind") && k < FAULT_KIND_COUNT_; k++)
        if (slice_eq_cstr(json_string(v), kind_names[k])) {
            r->kind = (enum fault_kind)k;
            return ERR_OK;
        }
    if (slice_eq_cstr(key, "kind"))
        return error_set(err, ERR_INVALID, "fault kind \"%.*s\" is unknown", (int)MIN(json_string(v).n, (size_t)40),
                         json_string(v).n ? json_string(v).p : "");
    return error_set(err, ERR_INVALID, "a fault has no member \"%.*s\"", (int)MIN(key.n, (size_t)40), key.p);
}

// What a rule of each kind says when it does not say it itself.
static void fill_defaults(struct fault_rule *r)
{
    bool throttles = r->kind == FAULT_THROTTLE || r->kind == FAULT_RATE, outage = r->kind == FAULT_OUTAGE;
    if (!r->status)
        r->status = throttles || outage ? 503 : r->kind == FAULT_HTML ? 502 : r->kind == FAULT_EMPTY ? 200 : 500;
    if (!r->code[0])
        snprintf(r->code, sizeof(r->code), "%s",
                 throttles ? "RequestLimitExceeded"
                 : outage  ? "Unavailable"
                           : "InternalError");
    if (!r->message[0])
        snprintf(r->message, sizeof(r->message), "%s",
                 throttles ? "Request limit exceeded."
                 : outage  ? "The server is overloaded and can't handle the request."
                           : "An internal error has occurred");
    if (r->times < 0) r->times = !(outage || r->kind == FAULT_RATE || r->kind == FAULT_UNREACHABLE);
    if (!r->burst) r->burst = r->per_second;
    r->milli = r->burst * 1000;
}

static bool is_over(const struct fault_rule *r, struct wall now)
{
    return r->seconds && now.us - r->added.us >= r->seconds * US_PER_SEC;
}

static void drop_ended(struct faults *f, struct wall now)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < f->count; i++)
        if (!is_over(&f->rules[i], now)) f->rules[kept++] = f->rules[i];
    f->count = kept;
}

enum err faults_add(struct faults *f, const struct json_value *rule, struct wall now, uint64_t *ret_id,
                    struct error *err)
{
    struct fault_rule r = {.times = -1,
                           .percent = 100,
                           .ms = 1000,
                           .bytes = 1 << 20,
                           .per_second = 1,
                           .age_s = 30,
                           .added = now,
                           .refilled = now};
    void *iter = NULL;
    struct slice key;
    const struct json_value *v;
    if (!is_json(rule, JSON_OBJECT)) return error_set(err, ERR_INVALID, "a fault must be a JSON object");
    while (json_object_next(rule, &iter, &key, &v)) {
        enum err rc = set_member(&r, key, v, err);
        if (rc) return rc;
    }
    if (r.kind == FAULT_NONE)
        return error_set(err, ERR_INVALID, "a fault needs a kind, such as \"throttle\" or \"lost-reply\"");
    if (f->count == FAULT_RULES_MAX) drop_ended(f, now);
    if (f->count == FAULT_RULES_MAX)
        return error_set(err, ERR_TOO_LARGE, "no more than %d fault rules; clear them first", FAULT_RULES_MAX);
    fill_defaults(&r);
    r.id = f->next_id++;
    f->rules[f->count++] = r;
    *ret_id = r.id;
    return ERR_OK;
}

static bool applies(const struct fault_rule *r, const char *action, const struct sim_caller *who)
{
    return (!r->action[0] || strcmp(r->action, action) == 0) &&
           (!r->account[0] || strcmp(r->account, who->account) == 0) &&
           (!r->region[0] || strcmp(r->region, who->region) == 0);
}

// Kind rate: whether this request is one too many. One bucket for all requests that the rule covers.
static bool exceeds_rate(struct fault_rule *r, struct wall now)
{
    int64_t passed_ms = (now.us - r->refilled.us) / 1000;
    if (passed_ms > 0) {
        // More than a full bucket is no use: the cap keeps the product far from overflow.
        passed_ms = MIN(passed_ms, r->burst * 1000 / r->per_second + 1);
        r->milli = MIN(r->milli + passed_ms * r->per_second, r->burst * 1000);
        r->refilled.us = now.us - now.us % 1000;
    }
    if (r->milli < 1000) return true;
    r->milli -= 1000;
    return false;
}

bool faults_hit(struct faults *f, const char *action, const struct sim_caller *who, struct wall now,
                struct fault_rule *ret)
{
    for (unsigned i = 0; i < f->count; i++) {
        struct fault_rule *r = &f->rules[i];
        if (!applies(r, action, who) || is_over(r, now)) continue;
        if (r->seen++ < (uint64_t)r->after || (r->times && r->fired >= (uint64_t)r->times)) continue;
        if (r->kind == FAULT_RATE && !exceeds_rate(r, now)) continue;
        if (r->percent < 100 && rng_below(&f->rng, 100) >= (uint64_t)r->percent) continue;
        r->fired++;
        *ret = *r;
        return true;
    }
    return false;
}

void faults_json(const struct faults *f, struct json_writer *w)
{
    json_arr(w);
    for (unsigned i = 0; i < f->count; i++) {
        const struct fault_rule *r = &f->rules[i];
        json_obj(w);
        json_kint(w, "id", (int64_t)r->id);
        json_kstr(w, "kind", kind_names[r->kind]);
        json_kstr(w, "action", r->action[0] ? r->action : NULL);
        json_kint(w, "seen", (int64_t)r->seen);
        json_kint(w, "fired", (int64_t)r->fired);
        if (r->seconds) {
            char end[25];
            wall_rfc3339_ms((struct wall){r->added.us + r->seconds * US_PER_SEC}, end);
            json_kstr(w, "endsAt", end);
        }
        json_obj_end(w);
    }
    json_arr_end(w);
}

// ---- buckets

struct bucket_class {
    const char *prefix;
    int64_t capacity, per_second;
};
// The first prefix that fits. Resource-intensive actions are named in the guide; the rest are its general classes.
static const struct bucket_class classes[] = {
    {"AcceptVpcPeeringConnection", 50, 5}, {"CreateTags", 100, 10},
    {"CreateVpcPeeringConnection", 50, 5}, {"DeleteTags", 100, 10},
    {"DeleteVpcPeeringConnection", 50, 5}, {"Describe", 100, 20},
    {"RejectVpcPeeringConnection", 50, 5}, {"", 50, 5},
};

bool throttle_take(struct throttle *t, const char *action, const struct sim_caller *who, struct mono now)
{
    static const uint64_t seed[2] = {1, 2};
    char text[160];
    size_t k = 0;
    while (!slice_starts(slice_of(action), slice_of(classes[k].prefix))) k++;
    int n = snprintf(text, sizeof(text), "%s/%s/%s", action, who->account, who->region);
    uint64_t key = siphash13(seed, text, (size_t)n) | 1;
    for (size_t probe = 0; probe < THROTTLE_BUCKETS_MAX; probe++) {
        struct throttle_bucket *b = &t->buckets[(key + probe) % THROTTLE_BUCKETS_MAX];
        if (b->key == 0) *b = (struct throttle_bucket){.key = key, .at = now, .milli = classes[k].capacity * 1000};
        if (b->key != key) continue;
        // A day refills everything: the cap keeps the product far from overflow.
        int64_t passed_ms = MIN((now.ns - b->at.ns) / NS_PER_MS, (int64_t)86400000);
        b->milli = MIN(b->milli + passed_ms * classes[k].per_second, classes[k].capacity * 1000);
        b->at.ns = now.ns - (now.ns - b->at.ns) % NS_PER_MS;
        if (b->milli < 1000) return false;
        b->milli -= 1000;
        return true;
    }
    return true;
}
