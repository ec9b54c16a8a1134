// SPDX-License-Identifier: Apache-2.0
// Reads rules, decides, counts. The effects are pipeline.c's.
// Called by: pipeline.c, app, tests. Must never: take a rule that it understands in part only.
#include "pipeline/fault.h"

#include <stdatomic.h>

#include "api/api.h"
#include "base/lock.h"
#include "base/mem.h"

#define MILLION   1000000
#define COUNT_MAX 1000000000

static const char *const action_names[INJECTED_COUNT_] = {
    [INJECTED_STATUS] = "status",
    [INJECTED_DELAY] = "delay",
    [INJECTED_DROP] = "drop",
    [INJECTED_TRUNCATION] = "truncate",
};

// ---- reading a rule ---------------------------------------------------------------------------

enum member { MEMBER_OPERATION, MEMBER_ACTION, MEMBER_PROBABILITY, MEMBER_CARRIED_OUT, MEMBER_INTEGER };
#define ANY_ACTION INJECTED_COUNT_
// `only`: the action that the member belongs to.
static const struct member_row {
    const char *name;
    enum member kind;
    enum injected only;
    size_t offset; // of an integer in the rule
    int64_t min, max;
} members[] = {
    {"operation", MEMBER_OPERATION, ANY_ACTION, 0, 0, 0},
    {"action", MEMBER_ACTION, ANY_ACTION, 0, 0, 0},
    {"probability", MEMBER_PROBABILITY, ANY_ACTION, 0, 0, 0},
    {"nth", MEMBER_INTEGER, ANY_ACTION, offsetof(struct injection_rule, nth), 1, COUNT_MAX},
    {"times", MEMBER_INTEGER, ANY_ACTION, offsetof(struct injection_rule, times), 0, COUNT_MAX},
    {"seed", MEMBER_INTEGER, ANY_ACTION, offsetof(struct injection_rule, seed), 0, INT64_MAX},
    {"status", MEMBER_INTEGER, INJECTED_STATUS, offsetof(struct injection_rule, what.status), 100, 599},
    {"retryAfter", MEMBER_INTEGER, INJECTED_STATUS, offsetof(struct injection_rule, what.retry_after), 1, 3600},
    {"ms", MEMBER_INTEGER, INJECTED_DELAY, offsetof(struct injection_rule, what.ms), 1, FAULT_MS_MAX},
    {"carriedOut", MEMBER_CARRIED_OUT, INJECTED_DROP, 0, 0, 0},
    {"bytes", MEMBER_INTEGER, INJECTED_TRUNCATION, offsetof(struct injection_rule, what.bytes), 0, COUNT_MAX},
};

static enum err read_operation(struct injection_rule *r, const struct json_value *v, struct error *err)
{
    struct slice name = v ? json_string(v) : SLICE("");
    r->operation = NULL;
    if (slice_eq_cstr(name, "*")) return ERR_OK;
    for (int i = 0; i < ROUTE_COUNT_; i++)
        if (slice_eq_cstr(name, route_row((enum route)i)->operation))
            r->operation = route_row((enum route)i)->operation;
    if (r->operation) return ERR_OK;
    return error_set(err, ERR_INVALID,
                     "operation must be \"*\" or the operationId of an operation that this server offers, such as "
                     "\"%s\"",
                     route_row(ROUTE_PEERINGS_LIST)->operation);
}

static enum err read_action(struct injection_rule *r, const struct json_value *v, struct error *err)
{
    for (int i = 0; i < INJECTED_COUNT_; i++) {
        if (!slice_eq_cstr(json_string(v), action_names[i])) continue;
        r->what.action = (enum injected)i;
        return ERR_OK;
    }
    return error_set(err, ERR_INVALID, "action must be \"status\", \"delay\", \"drop\" or \"truncate\"");
}

static enum err read_probability(struct injection_rule *r, const struct json_value *v, struct error *err)
{
    double p = json_number(v);
    if (!(p >= 1.0 / MILLION && p <= 1))
        return error_set(err, ERR_INVALID, "probability must be a number from 0.000001 to 1");
    r->millionths = (uint32_t)(p * MILLION + 0.5);
    return ERR_OK;
}

static enum err read_integer(struct injection_rule *r, const struct member_row *m, const struct json_value *v,
                             struct error *err)
{
    int64_t n = json_integer(v);
    if (json_type(v) != JSON_INT || n < m->min || n > m->max)
        return error_set(err, ERR_INVALID, "%s must be a whole number from %lld to %lld", m->name, (long long)m->min,
                         (long long)m->max);
    *(int64_t *)(void *)((char *)r + m->offset) = n;
    return ERR_OK;
}

static enum err read_bool(bool *to, const char *name, const struct json_value *v, struct error *err)
{
    if (json_type(v) != JSON_TRUE && json_type(v) != JSON_FALSE)
        return error_set(err, ERR_INVALID, "%s must be true or false", name);
    *to = json_type(v) == JSON_TRUE;
    return ERR_OK;
}

static enum err read_member(struct injection_rule *r, const struct member_row *m, const struct json_value *v,
                            struct error *err)
{
    if (m->only != ANY_ACTION && m->only != r->what.action)
        return error_set(err, ERR_INVALID, "%s belongs to the action \"%s\", not to \"%s\"", m->name,
                         action_names[m->only], action_names[r->what.action]);
    switch (m->kind) {
    case MEMBER_OPERATION:
        return read_operation(r, v, err);
    case MEMBER_ACTION:
        return ERR_OK; // read first
    case MEMBER_PROBABILITY:
        return read_probability(r, v, err);
    case MEMBER_CARRIED_OUT:
        return read_bool(&r->what.carried_out, m->name, v, err);
    case MEMBER_INTEGER:
        break;
    }
    return read_integer(r, m, v, err);
}

// What the action cannot do without; -1 stands for absent.
static enum err check_whole(const struct injection_rule *r, struct error *err)
{
    const struct injection *w = &r->what;
    if (w->action == INJECTED_STATUS && w->status != 429 && w->status != 500 && w->status != 503)
        return error_set(err, ERR_INVALID, "status must be 429, 500 or 503");
    if (w->action == INJECTED_STATUS && w->status == 500 && w->retry_after != -1)
        return error_set(err, ERR_INVALID, "retryAfter belongs to the status 429 or 503, not to 500");
    if (w->action == INJECTED_DELAY && w->ms == -1)
        return error_set(err, ERR_INVALID, "ms must be a whole number from 1 to %d", FAULT_MS_MAX);
    if (w->action == INJECTED_TRUNCATION && w->bytes == -1)
        return error_set(err, ERR_INVALID, "bytes must be a whole number from 0 to %d", COUNT_MAX);
    return ERR_OK;
}

static enum err read_rule(struct injection_rule *r, const struct json_value *from, struct error *err)
{
    void *iter = NULL;
    struct slice key;
    const struct json_value *v, *action = json_get(from, "action");
    if (!from || json_type(from) != JSON_OBJECT) return error_set(err, ERR_INVALID, "the rule must be a JSON object");
    if (!action)
        return error_set(err, ERR_INVALID, "action is missing: \"status\", \"delay\", \"drop\" or \"truncate\"");
    if (read_action(r, action, err) != ERR_OK) return err->code;
    while (json_object_next(from, &iter, &key, &v)) {
        const struct member_row *m = NULL;
        for (size_t i = 0; i < ARRAY_LEN(members); i++)
            if (slice_eq_cstr(key, members[i].name)) m = &members[i];
        if (!m) return error_set(err, ERR_INVALID, "a rule has no member \"%.*s\"", (int)MIN(key.n, (size_t)40), key.p);
        if (read_member(r, m, v, err) != ERR_OK) return err->code;
    }
    return check_whole(r, err);
}

enum err injection_table_add(struct injection_table *t, const struct json_value *rule, uint64_t *ret_id,
                             struct error *err)
{
    struct injection_rule r = {.nth = 1, .times = -1, .seed = 1, .millionths = MILLION};
    r.what = (struct injection){.status = -1, .retry_after = -1, .ms = -1, .bytes = -1};
    if (read_rule(&r, rule, err) != ERR_OK) return err->code;
    if (t->count == FAULT_TABLE_MAX)
        return error_set(err, ERR_TOO_LARGE, "there are %d rules already; clear them first", FAULT_TABLE_MAX);
    if (r.times < 0) r.times = json_get(rule, "probability") == NULL;
    if (r.what.retry_after < 0) r.what.retry_after = 1;
    r.id = ++t->last_id;
    struct injection_rule *slot = &t->rules[t->count++];
    *slot = r;
    slot->rng = rng_seeded(&slot->draws, (uint64_t)r.seed);
    *ret_id = r.id;
    return ERR_OK;
}

// ---- deciding -----------------------------------------------------------------------------------

static bool hits(struct injection_rule *r)
{
    if (r->seen++ < (uint64_t)r->nth - 1) return false;
    if (r->times && r->hits >= (uint64_t)r->times) return false;
    return r->millionths == MILLION || rng_below(&r->rng, MILLION) < r->millionths;
}

bool faults_decide(struct injection_table *t, const char *operation, bool open, struct injection *ret)
{
    for (unsigned i = 0; i < t->count; i++) {
        struct injection_rule *r = &t->rules[i];
        bool matches = r->operation ? slice_eq_cstr(slice_of(operation), r->operation) : !open;
        if (!matches || !hits(r)) continue;
        r->hits++;
        *ret = r->what;
        return true;
    }
    return false;
}

void injection_table_json(const struct injection_table *t, struct json_writer *w)
{
    json_arr(w);
    for (unsigned i = 0; i < t->count; i++) {
        const struct injection_rule *r = &t->rules[i];
        json_obj(w);
        json_kint(w, "id", (int64_t)r->id);
        json_kstr(w, "operation", r->operation ? r->operation : "*");
        json_kstr(w, "action", action_names[r->what.action]);
        if (r->what.action == INJECTED_STATUS) json_kint(w, "status", r->what.status);
        if (r->what.action == INJECTED_STATUS && r->what.status != 500) json_kint(w, "retryAfter", r->what.retry_after);
        if (r->what.action == INJECTED_DELAY) json_kint(w, "ms", r->what.ms);
        if (r->what.action == INJECTED_DROP) json_kbool(w, "carriedOut", r->what.carried_out);
        if (r->what.action == INJECTED_TRUNCATION) json_kint(w, "bytes", r->what.bytes);
        json_key(w, "probability");
        json_int(w, r->millionths / MILLION);
        if (r->millionths < MILLION) buf_fmt(w->out, ".%06u", r->millionths); // the fraction of the 0 just written
        json_kint(w, "nth", r->nth);
        json_kint(w, "times", r->times);
        json_kint(w, "seed", r->seed);
        json_kint(w, "seen", (int64_t)r->seen);
        json_kint(w, "hits", (int64_t)r->hits);
        json_obj_end(w);
    }
    json_arr_end(w);
}

// ---- the table that threads share -----------------------------------------------------------------

struct client_faults {
    _Atomic unsigned count; // of rules: while it is 0 no request takes the lock
    struct lock lock;
    struct injection_table table; // under lock
};

struct client_faults *client_faults_new(void)
{
    struct client_faults *f = mem_zalloc(1, sizeof *f);
    if (f) lock_init(&f->lock, "client-faults");
    return f;
}

void client_faults_free(struct client_faults *f)
{
    if (!f) return;
    lock_done(&f->lock);
    mem_free(f);
}

enum err client_faults_add(struct client_faults *f, const struct json_value *rule, uint64_t *ret_id, struct error *err)
{
    lock_take(&f->lock);
    enum err rc = injection_table_add(&f->table, rule, ret_id, err);
    atomic_store_explicit(&f->count, f->table.count, memory_order_relaxed);
    lock_drop(&f->lock);
    return rc;
}

void client_faults_clear(struct client_faults *f)
{
    lock_take(&f->lock);
    f->table.count = 0;
    atomic_store_explicit(&f->count, 0, memory_order_relaxed);
    lock_drop(&f->lock);
}

void client_faults_json(struct client_faults *f, struct json_writer *w)
{
    lock_take(&f->lock);
    injection_table_json(&f->table, w);
    lock_drop(&f->lock);
}

bool client_faults_hit(struct client_faults *f, const char *operation, bool open, struct injection *ret)
{
    if (!f || atomic_load_explicit(&f->count, memory_order_relaxed) == 0) return false;
    lock_take(&f->lock);
    bool hit = faults_decide(&f->table, operation, open, ret);
    lock_drop(&f->lock);
    return hit;
}
