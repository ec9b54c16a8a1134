// SPDX-License-Identifier: Apache-2.0
// GET /api/atlas/v2/rateLimits and /rateLimits/{endpointSetId}: the buckets of spec/limits.def with the operations that
// share each, and the limits in force for one project, organisation, caller or address. Called by: pipeline.
// Must never: tell the limits of a project, organisation or caller to who may not see it.
#include "api/api.h"

#include "base/json.h"

static const char *const scope_names[] = {
    [SCOPE_GROUP] = "GROUP", [SCOPE_ORG] = "ORGANIZATION", [SCOPE_USER] = "USER", [SCOPE_IP] = "IP"};

// Sets of the API's own operations: that of the token endpoint is an OAuth matter, counted by address and client.
static bool is_shown(enum limit_set s)
{
    return (size_t)limit_row(s)->scope < ARRAY_LEN(scope_names);
}

struct entity { // whose limits
    bool named;
    enum limit_scope scope;
    struct slice id;
};

static bool refuse(struct call *c, enum problem p)
{
    call_problem(c, p, NULL, 0);
    return false;
}

static bool bad(struct call *c, const char *name)
{
    call_problem(c, P_INVALID_QUERY_PARAMETER, &PARAM_C(name), 1);
    return false;
}

static bool take_entity(struct call *c, struct entity *e, const char *name, enum limit_scope scope, struct slice id)
{
    if (e->named) return bad(c, name); // one of them at most
    *e = (struct entity){true, scope, id};
    return true;
}

static bool read_group(struct call *c, struct entity *e)
{
    bool found;
    if (!call_query_group(c, &found)) return false;
    return !found || take_entity(c, e, "groupId", SCOPE_GROUP, slice_of(c->group.id));
}

static bool read_org(struct call *c, struct entity *e)
{
    bool found;
    struct slice v;
    struct oid id;
    struct error err;
    if (!call_query(c, "orgId", &found, &v)) return false;
    if (!found) return true;
    if (!oid_parse(v, &id)) return bad(c, "orgId");
    char hex[OID_HEX + 1];
    oid_hex(id, hex);
    switch (store_org_get(c->thread->reader, hex, &c->org, &err)) {
    case ERR_OK:
        if (!principal_permits(c->principal, NEED_ORG_READ, c->org.id, NULL)) return refuse(c, P_USER_UNAUTHORIZED);
        return take_entity(c, e, "orgId", SCOPE_ORG, slice_of(c->org.id));
    case ERR_NOT_FOUND:
        call_problem(c, P_ORG_NOT_FOUND, &PARAM_S(v), 1);
        return false;
    default:
        call_store_problem(c, &err);
        return false;
    }
}

// Nobody sees another's.
static bool read_caller(struct call *c, struct entity *e)
{
    bool found;
    struct slice v;
    if (!call_query(c, "userId", &found, &v)) return false;
    if (!found) return true;
    if (!slice_eq_cstr(v, c->principal->name)) return refuse(c, P_USER_UNAUTHORIZED);
    return take_entity(c, e, "userId", SCOPE_USER, call_user_scope(c));
}

static bool read_address(struct call *c, struct entity *e)
{
    bool found;
    struct slice v;
    struct ip ip;
    if (!call_query(c, "ipAddress", &found, &v)) return false;
    if (!found) return true;
    if (!ip_parse(v, &ip)) return bad(c, "ipAddress");
    if (!ip_eq(ip, c->req->peer)) return refuse(c, P_USER_UNAUTHORIZED);
    return take_entity(c, e, "ipAddress", SCOPE_IP, v);
}

static bool read_entity(struct call *c, struct entity *ret)
{
    *ret = (struct entity){.named = false};
    return read_group(c, ret) && read_org(c, ret) && read_caller(c, ret) && read_address(c, ret);
}

static void add_value(struct json_writer *w, const char *key, uint32_t value, uint32_t dflt)
{
    json_key(w, key);
    json_obj(w);
    if (value != dflt) json_kint(w, "defaultValue", dflt);
    json_kint(w, "value", value);
    json_obj_end(w);
}

static void add_endpoints(struct json_writer *w, enum limit_set s)
{
    json_key(w, "endpoints");
    json_arr(w);
    for (int i = 0; i < ROUTE_COUNT_; i++) {
        const struct route_row *r = route_row((enum route)i);
        if (r->limit != s) continue;
        json_obj(w);
        json_kstr(w, "method", method_name(r->method));
        json_kstr(w, "path", r->template);
        json_obj_end(w);
    }
    json_arr_end(w);
}

static void add_set(struct call *c, struct json_writer *w, enum limit_set s, const struct entity *e)
{
    const struct limit_row *row = limit_row(s);
    struct bucket_rule dflt = limits_rule(c->api->limits, s, SLICE(""));
    struct bucket_rule rule = e->named ? limits_rule(c->api->limits, s, e->id) : dflt;
    add_value(w, "capacity", rule.capacity, dflt.capacity);
    json_kstr(w, "endpointSetId", row->set_id);
    json_kstr(w, "endpointSetName", row->set_name);
    add_endpoints(w, s);
    add_value(w, "refillDurationSeconds", rule.refill_seconds, dflt.refill_seconds);
    add_value(w, "refillRate", rule.refill, dflt.refill);
    json_kstr(w, "scope", scope_names[row->scope]);
}

// ---- filters of the list ----------------------------------------------------------------------------------

static bool holds(const struct json_value *list, const char *text)
{
    for (size_t i = 0; i < json_array_len(list); i++)
        if (slice_eq_cstr(json_string(json_array_at(list, i)), text)) return true;
    return false;
}

static bool has_path(const struct json_value *paths, enum limit_set s)
{
    for (int i = 0; i < ROUTE_COUNT_; i++)
        if (route_row((enum route)i)->limit == s && holds(paths, route_row((enum route)i)->template)) return true;
    return false;
}

// The values of a parameter that may come several times; *ret NULL when it does not come. False: the refusal is made.
static bool read_values(struct call *c, const char *name, struct json_doc **ret)
{
    struct slice text = {NULL, 0};
    struct error err;
    if (!call_query_values(c, name, &text)) return false;
    return !text.p || json_read(text, text.n, ret, &err) == ERR_OK || refuse(c, P_UNEXPECTED_ERROR);
}

static void answer_list(struct call *c, const struct entity *e, const struct json_doc *names,
                        const struct json_doc *paths)
{
    enum limit_set sets[LIMIT_SET_COUNT_];
    uint64_t n = 0;
    for (int i = 0; i < LIMIT_SET_COUNT_; i++) {
        enum limit_set s = (enum limit_set)i;
        bool wanted = is_shown(s) && (!e->named || limit_row(s)->scope == e->scope);
        if (names) wanted &= holds(json_root(names), limit_row(s)->set_name);
        if (paths) wanted &= has_path(json_root(paths), s);
        if (wanted) sets[n++] = s;
    }
    const struct page_span page = call_page_span(c, n);
    struct buf body;
    struct json_writer w;
    wire_list_begin(c, &w, &body, n);
    for (uint64_t i = page.from; i < page.to; i++) {
        json_obj(&w);
        add_set(c, &w, sets[i], e);
        json_obj_end(&w);
    }
    wire_list_end(c, &w, n);
    call_ok(c, &body);
}

void api_rate_limits(struct call *c)
{
    struct entity e;
    struct json_doc *names CLEANUP(json_doc_freep) = NULL, *paths CLEANUP(json_doc_freep) = NULL;
    if (!read_entity(c, &e) || !read_values(c, "name", &names) || !read_values(c, "endpointPath", &paths)) return;
    answer_list(c, &e, names, paths);
}

void api_rate_limit(struct call *c)
{
    struct entity e;
    enum limit_set s;
    struct buf body;
    struct json_writer w;
    if (!read_entity(c, &e)) return;
    if (!limit_set_parse(c->params[0], &s) || !is_shown(s) || (e.named && limit_row(s)->scope != e.scope)) {
        char *what = arena_fmt(c->req->arena, "endpoint set with id %.*s", SLICE_FMT(c->params[0]));
        call_problem(c, P_RESOURCE_NOT_FOUND, &PARAM_C(what ? what : "endpoint set"), 1);
        return;
    }
    wire_entity_begin(c, &w, &body);
    add_set(c, &w, s, &e);
    wire_entity_end(c, &w);
    call_ok(c, &body);
}
