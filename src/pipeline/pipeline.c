// SPDX-License-Identifier: Apache-2.0
// The order of checks of the design: authenticate 401 → access list 403 → route 404/405/501 → version 406 → path 400 →
// group or organisation 404 → role 401 → (fault of `dev`) → bucket 429 → media type 415 → query 400 → handler (body
// 400). A loop answers only what memory holds (a cached credential and a finished body); everything else runs whole on
// a worker. Called by: httpd. Must never: reorder, since clients can tell.
#include "pipeline/pipeline.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "pipeline/coverage.h"
#include "pipeline/fault.h"
#include "pipeline/negotiate.h"
#include "pipeline/observe.h"
#include "pipeline/router.h"

#define OAUTH_PREFIX  "/api/oauth/"
#define UNAUTH_PREFIX "/api/atlas/v2/unauth/"

struct pipeline {
    struct api api;
    struct router *router;
    struct client_faults *faults; // NULL in serve
    struct coverage *coverage;    // likewise
    struct observe *observe;
    struct credential local; // who asks by pipeline_local_app; immutable
};

// What survives the move from a loop to a worker: a Digest nonce must not be spent twice.
struct carried {
    bool authenticated;
    struct auth_answer auth;
};

struct pass { // one run through the steps
    struct pipeline *p;
    struct call call;
    struct carried *carried;
    bool may_block;
    bool open;         // nobody was authenticated
    bool hit_by_fault; // what is left to do once the reply is made
    struct injection fault;
    bool moved; // leave everything as it is and run again on a worker
    const struct cached_body *hit;
};

static bool move_to_worker(struct pass *s)
{
    s->moved = true;
    return false;
}

static bool stop(struct pass *s, enum problem p, const struct problem_param *params, unsigned n)
{
    call_problem(&s->call, p, params, n);
    return false;
}

static void add_wait(struct reply *rep, uint32_t seconds)
{
    char text[16];
    struct buf b = {.p = text, .cap = sizeof text, .max = sizeof text};
    buf_u64(&b, seconds);
    reply_header(rep, "Retry-After", buf_view(&b));
}

static bool refuse_credential(struct pass *s)
{
    struct call *c = &s->call;
    struct auth *auth = c->api->auth;
    char address[IP_STR];
    ip_format(c->req->peer, address);
    switch (s->carried->auth.result) {
    case AUTH_CHALLENGE:
        auth_reply_challenge(auth, c->req, s->carried->auth.stale, c->rep);
        break;
    case AUTH_BAD_TOKEN:
        auth_reply_bad_token(auth, c->req, c->rep);
        break;
    case AUTH_ADDRESS:
        return stop(s, P_IP_ADDRESS_NOT_ON_ACCESS_LIST, &PARAM_C(address), 1);
    case AUTH_SLOW_DOWN: {
        struct problem_param params[] = {PARAM_S(c->req->path), PARAM_N(60), PARAM_N(1)};
        stop(s, P_RATE_LIMITED, params, 3);
        add_wait(c->rep, 60);
        break;
    }
    default:
        stop(s, P_SERVICE_UNAVAILABLE, &PARAM_C("credentials cannot be checked"), 1);
        add_wait(c->rep, 1);
    }
    return false;
}

static bool authenticate(struct pass *s)
{
    struct call *c = &s->call;
    if (!s->carried->authenticated) {
        auth_check(c->api->auth, c->thread->reader, c->req, s->may_block, &s->carried->auth);
        if (s->carried->auth.result == AUTH_WOULD_BLOCK) return move_to_worker(s);
        if (s->carried->auth.result != AUTH_OK) return refuse_credential(s);
        s->carried->authenticated = true;
    }
    c->principal = &s->carried->auth.credential->principal;
    c->rep->actor = arena_strndup(c->req->arena, c->principal->name, slice_of(c->principal->name).n);
    return true;
}

// A finished body is neither looked for nor spoilt: what the handler makes is kept as of this generation.
static bool be_local(struct pass *s)
{
    struct call *c = &s->call;
    c->generation = store_generation(c->api->store);
    c->principal = &s->p->local.principal;
    return true;
}

static void miss(struct pass *s, enum missed kind, struct slice what)
{
    const struct request *req = s->call.req;
    coverage_note(s->p->coverage, kind, req->method_text, what, request_header(req, "User-Agent"), req->received);
}

static bool find_route(struct pass *s)
{
    struct call *c = &s->call;
    struct router_answer found;
    router_find(s->p->router, c->req->method, c->req->path, c->req->arena, &found);
    switch (found.result) {
    case ROUTER_FOUND:
        break;
    case ROUTER_UNKNOWN:
        miss(s, MISSED_PATH, c->req->path);
        return stop(s, P_RESOURCE_NOT_FOUND, &PARAM_S(c->req->path), 1);
    case ROUTER_NOT_OFFERED:
        miss(s, MISSED_OPERATION, slice_of(found.operation));
        return stop(s, P_NOT_IMPLEMENTED, &PARAM_C(found.operation), 1);
    case ROUTER_BAD_METHOD:
        miss(s, MISSED_METHOD, c->req->path);
        if (c->req->method == METHOD_OTHER) return stop(s, P_METHOD_UNKNOWN, &PARAM_S(c->req->method_text), 1);
        stop(s, P_METHOD_NOT_ALLOWED, &PARAM_S(c->req->method_text), 1);
        reply_header_cstr(c->rep, "Allow", found.allow);
        return false;
    }
    c->route = route_row(found.route);
    c->rep->route = c->route->template;
    ASSERT(!s->open || (c->route->flags & ROUTE_OPEN)); // or a template would lie below an open prefix by mistake
    for (unsigned i = 0; i < found.param_count; i++) c->params[i] = found.params[i];
    c->param_count = found.param_count;
    return true;
}

static bool choose_version(struct pass *s)
{
    struct call *c = &s->call;
    if (negotiate(c->req, c->route, wall_yyyymmdd(c->req->received), &c->version)) return true;
    miss(s, MISSED_VERSION, slice_of(c->route->operation));
    return stop(s, P_INVALID_VERSION_DATE, NULL, 0);
}

// Well-formed (400), exists (404), a role on it (401 NOT_IN_GROUP), the role that the route asks for (401).
static bool check_group(struct pass *s)
{
    struct call *c = &s->call;
    struct oid id;
    struct error err;
    if (!(c->route->flags & ROUTE_GROUP)) return true;
    if (!oid_parse(c->params[0], &id)) return stop(s, P_PATH_PARAM_PARSE_ERROR, &PARAM_S(c->req->path), 1);
    char hex[OID_HEX + 1];
    oid_hex(id, hex);
    switch (store_group_get(c->thread->reader, hex, &c->group, &err)) {
    case ERR_OK:
        break;
    case ERR_NOT_FOUND:
        return stop(s, P_GROUP_NOT_FOUND, &PARAM_S(arena_slice(c->req->arena, slice_of(hex))), 1);
    default:
        call_store_problem(c, &err);
        return false;
    }
    c->rep->group_id = arena_strndup(c->req->arena, hex, OID_HEX);
    return true;
}

static bool check_org(struct pass *s)
{
    struct call *c = &s->call;
    struct oid id;
    struct error err;
    if (!(c->route->flags & ROUTE_ORG)) return true;
    if (!oid_parse(c->params[0], &id)) return stop(s, P_PATH_PARAM_PARSE_ERROR, &PARAM_S(c->req->path), 1);
    char hex[OID_HEX + 1];
    oid_hex(id, hex);
    switch (store_org_get(c->thread->reader, hex, &c->org, &err)) {
    case ERR_OK:
        return true;
    case ERR_NOT_FOUND:
        return stop(s, P_ORG_NOT_FOUND, &PARAM_S(arena_slice(c->req->arena, slice_of(hex))), 1);
    default:
        call_store_problem(c, &err);
        return false;
    }
}

static bool check_role(struct pass *s)
{
    struct call *c = &s->call;
    if (c->route->flags & ROUTE_ORG)
        return principal_permits(c->principal, c->route->need, c->org.id, NULL) ||
               stop(s, P_USER_UNAUTHORIZED, NULL, 0);
    if (!(c->route->flags & ROUTE_GROUP)) // NEED_ANY, whose lists show what the caller may see, or NEED_OPERATOR
        return principal_permits(c->principal, c->route->need, NULL, NULL) || stop(s, P_USER_UNAUTHORIZED, NULL, 0);
    if (principal_permits(c->principal, c->route->need, c->group.org_id, c->group.id)) return true;
    bool member = principal_in_group(c->principal, c->group.org_id, c->group.id);
    return stop(s, member ? P_USER_UNAUTHORIZED : P_NOT_IN_GROUP, NULL, 0);
}

static void add_limit_headers(struct reply *rep, const struct bucket_answer *a)
{
    buf_lit(&rep->head, "RateLimit-Limit: ");
    buf_u64(&rep->head, a->limit);
    buf_lit(&rep->head, "\r\nRateLimit-Remaining: ");
    buf_u64(&rep->head, a->remaining);
    buf_lit(&rep->head, "\r\n");
}

static bool take_token(struct pass *s)
{
    struct call *c = &s->call;
    if (c->route->limit == LIMIT_NONE) return true;
    enum limit_scope by = limit_row(c->route->limit)->scope;
    char address[IP_STR];
    ip_format(c->req->peer, address);
    struct slice scope = by == SCOPE_GROUP ? slice_of(c->group.id)
                         : by == SCOPE_ORG ? slice_of(c->org.id)
                         : by == SCOPE_IP  ? slice_of(address)
                                           : call_user_scope(c);
    struct bucket_answer a = limits_take(c->api->limits, c->route->limit, scope, c->req->received_mono);
    if (a.allowed) {
        add_limit_headers(c->rep, &a);
        return true;
    }
    struct bucket_rule rule = limits_rule(c->api->limits, c->route->limit, scope);
    struct problem_param params[] = {PARAM_S(slice_skip(c->req->path, 1)), PARAM_N(a.retry_seconds),
                                     PARAM_N(rule.capacity), PARAM_N(rule.refill), PARAM_N(rule.refill_seconds)};
    stop(s, P_RATE_LIMITED_TOKEN_BUCKET, params, 5);
    add_limit_headers(c->rep, &a);
    // The body's seconds are floored, as recorded; a client that waits for the header must find a token.
    add_wait(c->rep, a.retry_seconds + 1);
    observe_limited(s->p->observe, c->route->limit);
    return false;
}

static void fault_status(struct pass *s)
{
    struct call *c = &s->call;
    uint32_t seconds = (uint32_t)s->fault.retry_after;
    if (s->fault.status == 500) {
        stop(s, P_UNEXPECTED_ERROR, NULL, 0);
        return;
    }
    if (s->fault.status == 503) {
        stop(s, P_SERVICE_UNAVAILABLE, &PARAM_C("a fault rule says so"), 1);
        add_wait(c->rep, seconds);
        return;
    }
    enum limit_set set = c->route->limit == LIMIT_NONE ? LIMIT_OAUTH_TOKEN : c->route->limit;
    struct bucket_rule rule = limit_row(set)->rule;
    struct problem_param params[] = {PARAM_S(slice_skip(c->req->path, 1)), PARAM_N(seconds - 1), PARAM_N(rule.capacity),
                                     PARAM_N(rule.refill), PARAM_N(rule.refill_seconds)};
    stop(s, P_RATE_LIMITED_TOKEN_BUCKET, params, 5);
    add_limit_headers(c->rep, &(struct bucket_answer){.limit = rule.capacity});
    add_wait(c->rep, seconds); // one more than the body says, as from a real bucket
}

// Just before the bucket: a request that is refused anyway counts for no rule, and one that a rule refuses pays
// nothing. Reached once a request, on the thread that answers it.
static bool meet_fault(struct pass *s)
{
    struct call *c = &s->call;
    bool open = c->route->flags & ROUTE_OPEN;
    s->hit_by_fault = client_faults_hit(s->p->faults, c->route->operation, open, &s->fault);
    if (!s->hit_by_fault) return true;
    bool before = s->fault.action == INJECTED_DROP && !s->fault.carried_out;
    if (s->fault.action == INJECTED_STATUS)
        fault_status(s);
    else if (before)
        stop(s, P_SERVICE_UNAVAILABLE, &PARAM_C("a fault rule says so"), 1); // for the log: nobody receives it
    return s->fault.action != INJECTED_STATUS && !before;
}

// What a rule does to the finished reply, whatever it is.
static void bend_reply(const struct injection *f, struct reply *rep)
{
    rep->drop = f->action == INJECTED_DROP;
    rep->cut = f->action == INJECTED_TRUNCATION;
    if (rep->cut) rep->cut_after = (uint64_t)f->bytes;
    if (f->action == INJECTED_DELAY) rep->hold_ms = (uint32_t)f->ms;
}

static void release_hit(void *ctx)
{
    body_cache_drop(ctx);
}

// The same steps for a target whose finished body is in memory: no store, no parsing of what was parsed before.
static bool serve_hit(struct pass *s)
{
    struct call *c = &s->call;
    c->route = route_row(s->hit->route);
    c->rep->route = c->route->template;
    c->group = (struct group){0};
    memcpy(c->group.id, s->hit->group_id, sizeof c->group.id);
    memcpy(c->group.org_id, s->hit->org_id, sizeof c->group.org_id);
    // A copy: the log line may be written after the body was sent and let go.
    c->rep->group_id = arena_strndup(c->req->arena, c->group.id, OID_HEX);
    if (!choose_version(s) || !check_role(s) || !meet_fault(s) || !take_token(s)) {
        body_cache_drop(s->hit);
        return false;
    }
    call_success_head(c);
    c->rep->body = s->hit->body;
    c->rep->release = release_hit;
    c->rep->release_ctx = (void *)(uintptr_t)s->hit;
    return false;
}

static bool look_in_cache(struct pass *s)
{
    struct call *c = &s->call;
    if (c->req->method != METHOD_GET && c->req->method != METHOD_HEAD) return s->may_block ? true : move_to_worker(s);
    c->generation = store_generation(c->api->store);
    s->hit = body_cache_get(c->api->cache, c->req->target, c->generation);
    if (s->hit) return serve_hit(s);
    return s->may_block ? true : move_to_worker(s);
}

static void keep_body(struct pass *s)
{
    struct call *c = &s->call;
    // Only what GET would say: a body that answers a change must not be served for the same target later.
    bool cacheable = c->rep->status == 200 && c->route->method == METHOD_GET && (c->route->flags & ROUTE_GROUP) &&
                     !(c->route->flags & ROUTE_WORKER);
    if (!cacheable) return;
    struct cached_body e = {.generation = c->generation, .body = c->rep->body};
    for (int i = 0; i < ROUTE_COUNT_; i++)
        if (route_row((enum route)i) == c->route) e.route = (enum route)i;
    memcpy(e.group_id, c->group.id, sizeof e.group_id);
    memcpy(e.org_id, c->group.org_id, sizeof e.org_id);
    body_cache_put(c->api->cache, c->req->target, &e);
}

static bool check_media_type(struct pass *s)
{
    return !(s->call.route->flags & ROUTE_BODY) || call_check_media_type(&s->call);
}

static bool read_query(struct pass *s)
{
    return call_read_query(&s->call);
}

static bool run_handler(struct pass *s)
{
    s->call.route->handler(&s->call);
    keep_body(s);
    return true;
}

typedef bool (*step_fn)(struct pass *s);
static const step_fn closed_steps[] = {authenticate, look_in_cache,    find_route, choose_version,
                                       check_group,  check_org,        check_role, meet_fault,
                                       take_token,   check_media_type, read_query, run_handler};
static const step_fn local_steps[] = {be_local,   find_route,       choose_version, check_group, check_org,
                                      check_role, check_media_type, read_query,     run_handler};
static const step_fn oauth_steps[] = {find_route, choose_version, meet_fault, run_handler};
static const step_fn unauth_steps[] = {find_route, choose_version, meet_fault, take_token, read_query, run_handler};

static const struct { // by the path, before there is a route
    struct slice prefix;
    const step_fn *steps;
    size_t n;
} open_paths[] = {{{OAUTH_PREFIX, sizeof(OAUTH_PREFIX) - 1}, oauth_steps, ARRAY_LEN(oauth_steps)},
                  {{UNAUTH_PREFIX, sizeof(UNAUTH_PREFIX) - 1}, unauth_steps, ARRAY_LEN(unauth_steps)}};

static enum http_outcome handle(void *ctx, void *thread, struct request *req, struct reply *rep, bool may_block)
{
    struct pipeline *p = ctx;
    struct carried *carried = req->state ? req->state : arena_alloc(req->arena, sizeof *carried);
    struct pass s = {.p = p, .carried = carried, .may_block = may_block};
    s.call = (struct call){.api = &p->api, .thread = thread, .req = req, .rep = rep};
    if (!carried) {
        problem_reply(rep, req->arena, s.call.fmt, P_UNEXPECTED_ERROR, NULL, 0, NULL);
        return HTTP_DONE;
    }
    req->state = carried;
    const step_fn *steps = closed_steps;
    size_t n = ARRAY_LEN(closed_steps);
    for (size_t i = 0; i < ARRAY_LEN(open_paths); i++) {
        if (!slice_starts(req->path, open_paths[i].prefix)) continue;
        if (!may_block) return HTTP_NEEDS_WORKER;
        s.open = true;
        steps = open_paths[i].steps;
        n = open_paths[i].n;
    }
    for (size_t i = 0; i < n && steps[i](&s); i++) {
    }
    if (s.moved) return HTTP_NEEDS_WORKER;
    if (carried->authenticated) auth_release(p->api.auth, &carried->auth);
    ASSERT(rep->status != 0);
    if (s.hit_by_fault) bend_reply(&s.fault, rep);
    if (req->secure && rep->error_code) reply_security_headers(rep, true); // problem replies are made without it
    return HTTP_DONE;
}

static enum http_outcome handle_local(void *ctx, void *thread, struct request *req, struct reply *rep, bool may_block)
{
    struct pass s = {.p = ctx, .may_block = may_block};
    s.call = (struct call){.api = &s.p->api, .thread = thread, .req = req, .rep = rep};
    if (!may_block) return HTTP_NEEDS_WORKER;
    for (size_t i = 0; i < ARRAY_LEN(local_steps) && local_steps[i](&s); i++) {
    }
    ASSERT(rep->status != 0);
    return HTTP_DONE;
}

static void *thread_begin(void *ctx, bool is_loop)
{
    struct pipeline *p = ctx;
    struct api_thread *t = mem_zalloc(1, sizeof *t);
    ASSERT(t != NULL); // at start only
    t->is_loop = is_loop;
    buf_init(&t->log, 1 << 20);
    struct error err;
    if (!is_loop && store_reader_open(p->api.store, &t->reader, &err) != ERR_OK)
        LOG(LOG_ERROR, "a worker has no store", LOG_S("detail", err.detail));
    return t;
}

static void thread_end(void *ctx, void *thread)
{
    struct api_thread *t = thread;
    store_reader_close(&t->reader);
    buf_done(&t->log);
    mem_free(t);
}

static void done(void *ctx, void *thread, const struct request *req, const struct reply *rep, struct ip peer,
                 const char *request_id, int64_t ns)
{
    struct pipeline *p = ctx;
    observe_reply(p->observe, thread, req, rep, peer, request_id, ns);
}

static void batch_end(void *ctx, void *thread)
{
    struct api_thread *t = thread;
    if (t->log.n == 0) return;
    log_flush_lines(buf_view(&t->log));
    buf_clear(&t->log);
}

struct http_app pipeline_app(struct pipeline *p)
{
    return (struct http_app){.ctx = p,
                             .thread_begin = thread_begin,
                             .thread_end = thread_end,
                             .handle = handle,
                             .done = done,
                             .batch_end = batch_end};
}

struct http_app pipeline_local_app(struct pipeline *p)
{
    return (struct http_app){.ctx = p, .thread_begin = thread_begin, .thread_end = thread_end, .handle = handle_local};
}

static bool make_local(struct pipeline *p, const char *name)
{
    p->local.kind = p->local.principal.kind = PRINCIPAL_LOCAL;
    return cstr_set(p->local.principal.name, sizeof p->local.principal.name, name ? name : "local");
}

enum err pipeline_new(const struct pipeline_options *o, struct pipeline **ret, struct error *err)
{
    struct pipeline *p = mem_zalloc(1, sizeof *p);
    if (!p) return error_set(err, ERR_NOMEM, "no memory for the request pipeline");
    p->api = o->api;
    p->faults = o->faults;
    p->coverage = o->coverage;
    bool named = make_local(p, o->local_name);
    ASSERT(named); // ours
    p->router = router_new();
    p->observe = observe_new(o->access_log, o->api.clock);
    if (!p->router || !p->observe) {
        pipeline_free(p);
        return error_set(err, ERR_NOMEM, "no memory for the request pipeline");
    }
    *ret = p;
    return ERR_OK;
}

void pipeline_access_log(struct pipeline *p, bool on)
{
    observe_access_log(p->observe, on);
}

void pipeline_free(struct pipeline *p)
{
    if (!p) return;
    router_free(p->router);
    observe_free(p->observe);
    mem_free(p);
}
