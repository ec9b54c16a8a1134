// SPDX-License-Identifier: Apache-2.0
// /api/peerage/v1/limits: rate limits that the operator sets for one project, organisation, caller or address.
// GET /api/atlas/v2/rateLimits shows them to whom they are of. Called by: pipeline. Must never: give back a token.
#include "api/api.h"

#include "base/json.h"
#include "core/limits.h"

static const char *const scope_names[] = {
    [SCOPE_GROUP] = "GROUP", [SCOPE_ORG] = "ORGANIZATION", [SCOPE_USER] = "USER", [SCOPE_IP] = "IP"};

static bool read_set(struct call *c, enum limit_set *ret)
{
    if (limit_set_parse(c->params[0], ret) && core_limit_set_is_open(*ret)) return true;
    char *what = arena_fmt(c->req->arena, "endpoint set with id %.*s", SLICE_FMT(c->params[0]));
    call_problem(c, P_RESOURCE_NOT_FOUND, &PARAM_C(what ? what : "endpoint set"), 1);
    return false;
}

static void refuse(struct call *c, const struct error *err)
{
    if (err->code == ERR_TOO_LARGE) {
        call_problem(c, P_MAX_LIMITS_EXCEEDED, &PARAM_N(LIMIT_OVERRIDES_MAX), 1);
    } else if (err->code == ERR_NOT_FOUND) {
        char *what =
            arena_fmt(c->req->arena, "limit of %.*s for %.*s", SLICE_FMT(c->params[0]), SLICE_FMT(c->params[1]));
        call_problem(c, P_RESOURCE_NOT_FOUND, &PARAM_C(what ? what : "limit"), 1);
    } else {
        call_store_problem(c, err);
    }
}

static void add_members(struct json_writer *w, const struct limit_change *l, enum limit_set s)
{
    json_kint(w, "capacity", l->capacity);
    wire_time(w, "changed", l->changed);
    json_kstr(w, "endpointSetId", l->set_id);
    json_kstr(w, "endpointSetName", limit_row(s)->set_name);
    json_kint(w, "refillDurationSeconds", l->seconds);
    json_kint(w, "refillRate", l->refill);
    json_kstr(w, "scope", scope_names[limit_row(s)->scope]);
    json_kstr(w, "scopeId", l->scope);
}

static void answer(struct call *c, const struct limit_change *l, enum limit_set s)
{
    struct buf body;
    struct json_writer w;
    wire_entity_begin(c, &w, &body);
    add_members(&w, l, s);
    wire_entity_end(c, &w);
    call_ok(c, &body);
}

void api_limits(struct call *c)
{
    struct limit_change *all;
    size_t n, kept = 0;
    enum limit_set s;
    struct error err;
    if (store_limits(c->thread->reader, c->req->arena, &all, &n, &err) != ERR_OK) {
        call_store_problem(c, &err);
        return;
    }
    for (size_t i = 0; i < n; i++) // of sets that this program knows
        if (limit_set_parse(slice_of(all[i].set_id), &s)) all[kept++] = all[i];
    const struct page_span page = call_page_span(c, kept);
    struct buf body;
    struct json_writer w;
    wire_list_begin(c, &w, &body, kept);
    for (uint64_t i = page.from; i < page.to; i++) {
        if (!limit_set_parse(slice_of(all[i].set_id), &s)) continue;
        json_obj(&w);
        add_members(&w, &all[i], s);
        json_obj_end(&w);
    }
    wire_list_end(c, &w, kept);
    call_ok(c, &body);
}

void api_limit_get(struct call *c)
{
    struct limit_change l;
    enum limit_set s;
    struct error err;
    if (!read_set(c, &s)) return;
    const char *scope = arena_strndup(c->req->arena, c->params[1].n ? c->params[1].p : "", c->params[1].n);
    if (store_limit_get(c->thread->reader, limit_row(s)->set_id, scope ? scope : "", &l, &err) == ERR_OK)
        answer(c, &l, s);
    else
        refuse(c, &err);
}

static bool in_range(struct call *c, const char *field, int64_t v, int64_t max, uint32_t *ret)
{
    if (v >= 1 && v <= max) {
        *ret = (uint32_t)v;
        return true;
    }
    char *why = arena_fmt(c->req->arena, "must be 1 to %lld", (long long)max);
    call_bad_attribute(c, field, why ? why : "is out of range");
    return false;
}

static bool read_rule(struct call *c, struct bucket_rule *ret)
{
    struct body_int capacity, refill, seconds;
    const struct body_field fields[] = {{"capacity", BODY_INT, true, &capacity},
                                        {"changed", BODY_READ_ONLY, false, NULL},
                                        {"endpointSetId", BODY_READ_ONLY, false, NULL},
                                        {"endpointSetName", BODY_READ_ONLY, false, NULL},
                                        {"refillDurationSeconds", BODY_INT, true, &seconds},
                                        {"refillRate", BODY_INT, true, &refill},
                                        {"scope", BODY_READ_ONLY, false, NULL},
                                        {"scopeId", BODY_READ_ONLY, false, NULL}};
    return call_read_body(c, fields, ARRAY_LEN(fields)) &&
           in_range(c, "capacity", capacity.v, LIMIT_TOKENS_MAX, &ret->capacity) &&
           in_range(c, "refillDurationSeconds", seconds.v, LIMIT_SECONDS_MAX, &ret->refill_seconds) &&
           in_range(c, "refillRate", refill.v, LIMIT_TOKENS_MAX, &ret->refill);
}

// False: it is stored but does not hold yet; the same request again makes it hold.
static bool apply(struct call *c)
{
    struct error err;
    bool ok = core_limits_apply(c->api->core, c->thread->reader, c->api->limits, &err) == ERR_OK;
    if (!ok) call_store_problem(c, &err);
    return ok;
}

void api_limit_set(struct call *c)
{
    const struct actor by = call_actor(c);
    struct bucket_rule rule;
    struct limit_change l;
    enum limit_set s;
    struct error err;
    if (!read_set(c, &s) || !read_rule(c, &rule)) return;
    if (core_limit_put(c->api->core, &by, s, c->params[1], &rule, &l, &err) != ERR_OK)
        refuse(c, &err);
    else if (apply(c))
        answer(c, &l, s);
}

void api_limit_lift(struct call *c)
{
    const struct actor by = call_actor(c);
    enum limit_set s;
    struct error err;
    if (!read_set(c, &s)) return;
    enum err code = core_limit_lift(c->api->core, &by, s, c->params[1], &err);
    // None is set any more: maybe it was lifted by a request whose answer failed before it held.
    if (code != ERR_OK && code != ERR_NOT_FOUND)
        refuse(c, &err);
    else if (apply(c) && code == ERR_OK)
        call_no_content(c);
    else if (code != ERR_OK && c->rep->status == 0)
        refuse(c, &err);
}
