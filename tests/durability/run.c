// SPDX-License-Identifier: Apache-2.0
// The run. Every step is one call that is acknowledged when it returns; the caller writes it down.
#include "run.h"

#define NETWORK "0123456789abcdef0000000a"
#define VPC     "vpc-0123456789abcdef0"
#define TABLE   "rtb-0000000a"
#define BASE    "/api/atlas/v2/groups/" FIX_GROUP "/streams/vpcPeeringConnections/"
#define PROOF   "{\"requesterAccountId\":\"111122223333\",\"requesterVpcId\":\"vpc-0aaaaaaaaaaaaaaaa\"}"

static const struct actor somebody = {PRINCIPAL_LOCAL, "cli", ""};

static void good(enum err code, const struct error *err)
{
    if (code != ERR_OK) fail_msg("%s: %s", err_name(code), err->detail);
}

// ---- writing down -------------------------------------------------------------------------------------------------

struct ack *run_begin(struct run *r, const char *what, bool api)
{
    assert_true(r->n < RUN_CALLS);
    struct ack *a = &r->acks[r->n];
    *a = (struct ack){.what = what, .api = api, .begun = tape_length(r->tape)};
    return a;
}

// The call has returned: from here on nothing may take it back.
void run_acknowledged(struct run *r, struct ack *a)
{
    const char *path = r->flow->fix->path;
    struct buf text;
    a->ended = tape_length(r->tape);
    buf_init(&text, DUMP_MAX);
    assert_true(dump_all(path, NULL, &text));
    a->digest = dump_digest(buf_view(&text));
    buf_done(&text);
    if (a->is_action) {
        a->intents = dump_count(path, COUNT_INTENTS, a->name, action_name(a->action));
        a->events = dump_count(path, COUNT_EVENTS, a->name, action_name(a->action));
        assert_true(a->intents > 0 && a->events > 0);
    }
    r->n++;
    r->api += a->api;
}

// ---- the API ------------------------------------------------------------------------------------------------------

void run_send(struct run *r, enum method m, const char *target, const char *type, const char *body, bool digest)
{
    struct fix *x = r->flow->fix;
    fix_request(x, m, target);
    fix_header(x, "Accept", ACCEPT);
    if (type) fix_header(x, "Content-Type", type);
    x->r.body = slice_of(body);
    if (digest)
        fix_digest(x, (struct fix_digest){0});
    else
        fix_header(x, "Authorization", arena_fmt(x->arena, "Bearer %s", r->flow->token));
    answer(r->flow);
}

static bool pick(struct run *r, int state, unsigned *ret)
{
    unsigned from = r->peers ? (unsigned)rng_below(&r->rng, r->peers) : 0;
    for (unsigned i = 0; i < r->peers; i++) {
        unsigned at = (from + i) % r->peers;
        if ((int)r->peer[at].state != state) continue;
        *ret = at;
        return true;
    }
    return false;
}

static bool act(struct run *r, enum action action, int from)
{
    static const char *const ends[] = {":accept", ":reject", ""};
    unsigned i;
    char target[160];
    if (!pick(r, from, &i)) return false;
    fix_advance(r->flow->fix, 61); // the bucket fills
    struct ack *a = run_begin(r, action_name(action), true);
    a->is_action = true;
    a->action = action;
    memcpy(a->name, r->peer[i].name, sizeof(a->name));
    (void)snprintf(target, sizeof(target), BASE "%s%s", a->name, ends[action]);
    run_send(r, action == ACTION_DELETE ? METHOD_DELETE : METHOD_POST, target, action == ACTION_ACCEPT ? ACCEPT : NULL,
             action == ACTION_ACCEPT ? PROOF : "", rng_below(&r->rng, 2));
    expect(r->flow, 202, NULL);
    run_acknowledged(r, a);
    r->peer[i].state = PEER_ASKED;
    return true;
}

static bool step_accept(struct run *r)
{
    return act(r, ACTION_ACCEPT, PEER_PENDING);
}

static bool step_reject(struct run *r)
{
    return act(r, ACTION_REJECT, PEER_PENDING);
}

static bool step_delete(struct run *r)
{
    return act(r, ACTION_DELETE, PEER_ACTIVE);
}

static void form(struct run *r, const char *target, const char *body)
{
    fix_form(r->flow->fix, target, body);
    fix_basic(r->flow->fix, NULL);
    answer(r->flow);
    expect(r->flow, 200, NULL);
}

static bool step_token(struct run *r)
{
    struct ack *a = run_begin(r, "token", true);
    form(r, "/api/oauth/token", "grant_type=client_credentials");
    run_acknowledged(r, a);
    struct slice rest = slice_skip(r->flow->fix->rep.body, sizeof("{\"access_token\":\"") - 1), token;
    assert_true(slice_cut(&rest, '"', &token));
    mem_free(r->flow->token);
    r->flow->token = mem_strndup(token.p, token.n);
    return true;
}

static bool step_revoke(struct run *r)
{
    char body[1024];
    (void)snprintf(body, sizeof(body), "token=%s", r->flow->token);
    struct ack *a = run_begin(r, "revoke", true);
    form(r, "/api/oauth/revoke", body);
    run_acknowledged(r, a);
    return step_token(r);
}

// ---- the scanner --------------------------------------------------------------------------------------------------

static struct observed seen_as(const char *name, const char *status)
{
    struct observed o = {.requester_account = "111122223333",
                         .requester_vpc = "vpc-0aaaaaaaaaaaaaaaa",
                         .requester_region = "us-east-1",
                         .accepter_account = "444455556666",
                         .accepter_vpc = VPC,
                         .accepter_region = "us-east-1",
                         .requester_cidrs = SLICE("10.0.0.0/16")};
    assert_true(cstr_set(o.name, sizeof(o.name), name) && cstr_set(o.cloud_status, sizeof(o.cloud_status), status));
    return o;
}

static void scanned(struct run *r, const char *what, struct change *changes, size_t n)
{
    struct fix *x = r->flow->fix;
    struct network net;
    struct error err = {0};
    good(store_network_get(x->reader, NETWORK, x->arena, &net, &err), &err);
    struct ack *a = run_begin(r, what, false);
    good(core_scan_applied(r->flow->core, &net, CORE_AS_OF_NOW, changes, n, (struct slice){NULL, 0}, &err), &err);
    run_acknowledged(r, a);
}

static bool step_discover(struct run *r)
{
    enum { BATCH = 4 };
    struct observed seen[BATCH];
    struct change changes[BATCH];
    if (r->peers + BATCH > RUN_CALLS) return false;
    for (unsigned i = 0; i < BATCH; i++) {
        unsigned at = r->peers + i;
        (void)snprintf(r->peer[at].name, sizeof(r->peer[at].name), "pcx-%017x", at + 256);
        seen[i] = seen_as(r->peer[at].name, "pending-acceptance");
        changes[i] = (struct change){CHANGE_SEEN_NEW, NULL, &seen[i]};
    }
    scanned(r, "discover", changes, BATCH);
    r->peers += BATCH;
    return true;
}

static struct connection row_of(struct run *r, const char *name)
{
    struct connection c;
    struct error err = {0};
    struct fix *x = r->flow->fix;
    good(store_connection_get(x->reader, FIX_GROUP, slice_of(name), x->arena, &c, &err), &err);
    return c;
}

// A scan sees that one has become active, and perhaps that its requester has grown.
static bool step_active(struct run *r)
{
    unsigned i;
    arena_reset(r->flow->fix->arena);
    if (!pick(r, PEER_ASKED, &i)) return false;
    struct connection c = row_of(r, r->peer[i].name);
    if (strcmp(c.cloud_status, "provisioning") != 0) return false;
    struct observed o = seen_as(c.name, "active");
    if (rng_below(&r->rng, 3) == 0) o.requester_cidrs = SLICE("10.0.0.0/16 10.1.0.0/16");
    struct change change = {CHANGE_SEEN_CHANGED, &c, &o};
    scanned(r, "active", &change, 1);
    r->peer[i].state = PEER_ACTIVE;
    return true;
}

// ---- the actuator -------------------------------------------------------------------------------------------------

static void outcome_of(struct run *r, const struct intent *i, const char *name, struct intent_result *ret,
                       struct observed *seen)
{
    static const char *const status[] = {"provisioning", "rejected", "deleted"};
    *ret = (struct intent_result){.outcome = OUTCOME_DONE};
    *seen = seen_as(name, status[i->action]);
    ret->seen = seen;
    if (rng_below(&r->rng, 4)) return;
    bool again = rng_below(&r->rng, 2);
    *ret = (struct intent_result){.outcome = again ? OUTCOME_RETRY : OUTCOME_FAILED,
                                  .uncertain = again,
                                  .not_before = clock_wall(&r->flow->fix->clock),
                                  .reason = SLICE("AWS said no")};
}

static void settle(struct run *r, const char *name, enum action action, enum outcome outcome)
{
    for (unsigned k = 0; k < r->peers; k++) {
        if (strcmp(r->peer[k].name, name) != 0) continue;
        if (outcome == OUTCOME_FAILED) r->peer[k].state = action == ACTION_DELETE ? PEER_ACTIVE : PEER_PENDING;
        if (outcome == OUTCOME_DONE && action != ACTION_ACCEPT) r->peer[k].state = PEER_GONE;
    }
}

static bool step_work(struct run *r)
{
    struct fix *x = r->flow->fix;
    struct error err = {0};
    struct intent *due;
    struct wall next;
    size_t n;
    arena_reset(x->arena);
    good(core_intents_due(x->reader, clock_wall(&x->clock), 8, x->arena, &due, &n, &next, &err), &err);
    if (n == 0) return false;
    struct intent i = due[rng_below(&r->rng, n)];
    struct connection c = row_of(r, i.connection_id);
    struct ack *a = run_begin(r, "attempt", false);
    good(core_intent_begin(r->flow->core, &i, &err), &err);
    run_acknowledged(r, a);
    struct intent_result result;
    struct observed seen;
    outcome_of(r, &i, c.name, &result, &seen);
    a = run_begin(r, "outcome", false);
    good(core_intent_outcome(r->flow->core, &i, &result, &err), &err);
    run_acknowledged(r, a);
    settle(r, c.name, i.action, result.outcome);
    return true;
}

static bool step_route(struct run *r)
{
    struct fix *x = r->flow->fix;
    struct error err = {0};
    struct peer_route *due;
    struct wall next;
    size_t n;
    arena_reset(x->arena);
    good(core_routes_due(x->reader, clock_wall(&x->clock), 8, x->arena, &due, &n, &next, &err), &err);
    if (n == 0) return false;
    struct peer_route row = due[rng_below(&r->rng, n)];
    bool make = row.state == PEER_ROUTE_WANTED;
    struct ack *a;
    if (make) {
        a = run_begin(r, "route", false);
        good(core_route_begin(r->flow->core, &row, &err), &err);
        run_acknowledged(r, a);
    }
    const struct route_result result = {.kind = make ? ROUTE_RESULT_MADE : ROUTE_RESULT_GONE};
    a = run_begin(r, "route result", false);
    good(core_route_outcome(r->flow->core, &row, &result, &err), &err);
    run_acknowledged(r, a);
    return true;
}

// ---- administrators -----------------------------------------------------------------------------------------------

static bool step_protect(struct run *r)
{
    unsigned i;
    struct error err = {0};
    if (!pick(r, PEER_PENDING, &i)) return false;
    for (int on = 1; on >= 0; on--) {
        struct ack *a = run_begin(r, "protect", false);
        good(core_connection_protect(r->flow->core, &somebody, FIX_GROUP, slice_of(r->peer[i].name), on, &err), &err);
        run_acknowledged(r, a);
    }
    return true;
}

static bool step_freeze(struct run *r)
{
    struct error err = {0};
    for (int on = 1; on >= 0; on--) {
        struct ack *a = run_begin(r, "freeze", false);
        good(core_freeze(r->flow->core, &somebody, FREEZE_GROUP, FIX_GROUP, on, SLICE("a change of rules"), &err),
             &err);
        run_acknowledged(r, a);
    }
    return true;
}

static bool step_approve(struct run *r)
{
    unsigned i;
    struct error err = {0};
    if (!pick(r, PEER_ACTIVE, &i)) return false;
    struct ack *a = run_begin(r, "approve", false);
    good(core_cidrs_approve(r->flow->core, &somebody, FIX_GROUP, slice_of(r->peer[i].name), &err), &err);
    run_acknowledged(r, a);
    return true;
}

static bool step_group(struct run *r)
{
    char name[32];
    struct group g;
    struct error err = {0};
    (void)snprintf(name, sizeof(name), "group-%zu", r->n);
    struct ack *a = run_begin(r, "group", false);
    good(core_group_create(r->flow->core, &somebody, FIX_ORG, slice_of(name), &g, &err), &err);
    run_acknowledged(r, a);
    return true;
}

static bool step_key(struct run *r)
{
    struct new_api_key key;
    struct error err = {0};
    const struct grant grants[] = {{FIX_ORG, 1u << ROLE_ORG_MEMBER}};
    struct ack *a = run_begin(r, "key", false);
    good(auth_api_key_create(r->flow->fix->auth, FIX_ORG, "a key", grants, 1, &key, &err), &err);
    run_acknowledged(r, a);
    return true;
}

// ---- the whole ----------------------------------------------------------------------------------------------------

static void stop(struct flow *f)
{
    reply_done(&f->fix->rep);
    reply_init(&f->fix->rep);
    f->app.thread_end(f->app.ctx, f->loop);
    f->app.thread_end(f->app.ctx, f->worker);
    pipeline_free(f->pipeline);
    core_close(&f->core);
    fix_shut(f->fix);
}

static void start(struct flow *f)
{
    struct error err = {0};
    fix_open(f->fix, false);
    good(core_open(f->fix->store, &f->fix->clock, &rng_system, &f->core, &err), &err);
    struct pipeline_options o = {.api = {.store = f->fix->store,
                                         .core = f->core,
                                         .auth = f->fix->auth,
                                         .limits = f->limits,
                                         .cache = f->cache,
                                         .clock = &f->fix->clock,
                                         .public_url = FIX_URL}};
    good(pipeline_new(&o, &f->pipeline, &err), &err);
    f->app = pipeline_app(f->pipeline);
    f->loop = f->app.thread_begin(f->app.ctx, true);
    f->worker = f->app.thread_begin(f->app.ctx, false);
}

static enum err grant_all(struct store_tx *tx, void *ctx, struct error *err)
{
    struct fix *x = ctx;
    enum err e = insert_row(tx, NULL, err);
    if (e == ERR_OK) e = store_tx_grant(tx, x->account.row.client_id, FIX_GROUP, 1u << ROLE_GROUP_OWNER, err);
    if (e == ERR_OK) e = store_tx_grant(tx, x->account.row.client_id, FIX_ORG, 1u << ROLE_ORG_OWNER, err);
    return e == ERR_OK ? store_tx_grant(tx, x->key.row.public_key, FIX_GROUP, 1u << ROLE_GROUP_OWNER, err) : e;
}

static void prepare(struct run *r)
{
    static const char *const tables[] = {TABLE};
    struct error err = {0};
    good(store_write(r->flow->fix->store, grant_all, r->flow->fix, &err), &err);
    good(core_network_tables(r->flow->core, &somebody, NETWORK, tables, 1, &err), &err);
    step_token(r); // the first one was minted before the roles were given
}

struct run *run_make(uint64_t seed, size_t api_calls)
{
    static const struct {
        bool (*step)(struct run *r);
        unsigned weight;
    } steps[] = {{step_accept, 24},  {step_reject, 8},  {step_delete, 12}, {step_token, 2}, {step_revoke, 1},
                 {step_discover, 3}, {step_active, 14}, {step_work, 24},   {step_route, 8}, {step_protect, 1},
                 {step_freeze, 1},   {step_approve, 2}, {step_group, 1},   {step_key, 1},   {run_tenant, 8}};
    unsigned all = 0;
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) all += steps[i].weight;
    struct run *r = mem_zalloc(1, sizeof(*r));
    assert_non_null(r);
    r->rng = rng_seeded(&r->seed, seed);
    r->tape = tape_start();
    void *flow;
    assert_int_equal(set_up(&flow), 0);
    r->flow = flow;
    prepare(r);
    size_t restart = api_calls / 3;
    while (r->api < api_calls) {
        unsigned at = (unsigned)rng_below(&r->rng, all);
        size_t i = 0;
        for (; at >= steps[i].weight; i++) at -= steps[i].weight;
        (void)steps[i].step(r);               // false: nothing of that kind is there now
        if (r->api % 25 == 24) step_token(r); // the old one is about to lapse
        if (r->api < restart) continue;
        restart += api_calls / 3;
        stop(r->flow);
        start(r->flow);
    }
    struct reply *rep = &r->flow->fix->rep;
    reply_done(rep);
    reply_init(rep);
    flow = r->flow;
    tear_down(&flow);
    tape_stop(r->tape);
    return r;
}

void run_free(struct run *r)
{
    tape_free(r->tape);
    mem_free(r);
}
