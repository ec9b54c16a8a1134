// SPDX-License-Identifier: Apache-2.0
// The pipeline on a store of its own, without a socket: one loop, one worker, one caller with a token.
// Called by: tests/unit/pipeline. Must never: wait, or depend on today's date.
#pragma once

#include "tests/unit/auth/fixture.h"

#include "pipeline/coverage.h"
#include "pipeline/fault.h"
#include "pipeline/pipeline.h"

#define OTHER_GROUP "0123456789abcdef00000009"
#define LOST_GROUP  "0123456789abcdef00000003" // exists, no role on it
#define LIST(group) "/api/atlas/v2/groups/" group "/streams/vpcPeeringConnections?requesterAccountId=111122223333"
#define ACCEPT      "application/vnd.atlas.2023-02-01+json"

struct flow {
    struct fix *fix;
    struct limits *limits;
    struct body_cache *cache;
    struct core *core;
    struct pipeline *pipeline;
    struct client_faults *faults;
    struct coverage *coverage;
    struct http_app app;
    void *loop, *worker;
    char *token;
    bool moved; // the last request needed a worker
};

static inline enum err insert_more(struct store_tx *tx, void *ctx, struct error *err)
{
    struct group lost = {.id = LOST_GROUP, .org_id = FIX_ORG, .name = "Lost"};
    return store_tx_group_insert(tx, &lost, err);
}

static inline enum err insert_row(struct store_tx *tx, void *ctx, struct error *err)
{
    struct network n = {.id = "0123456789abcdef0000000a", .group_id = FIX_GROUP, .account_id = "444455556666"};
    memcpy(n.region, "us-east-1", 10);
    memcpy(n.vpc_id, "vpc-0123456789abcdef0", 22);
    n.cidrs = SLICE("192.168.0.0/21");
    n.is_default = true;
    n.mode = NETWORK_MANAGE;
    struct connection c = {.id = "0123456789abcdef0000000b", .group_id = FIX_GROUP};
    memcpy(c.network_id, n.id, sizeof(c.network_id));
    memcpy(c.name, "pcx-0123456789abcdef0", 22);
    memcpy(c.requester_account, "111122223333", 13);
    memcpy(c.requester_vpc, "vpc-0aaaaaaaaaaaaaaaa", 22);
    memcpy(c.accepter_account, n.account_id, 13);
    memcpy(c.accepter_vpc, n.vpc_id, 22);
    memcpy(c.cloud_status, "pending-acceptance", 19);
    c.requester_cidrs = SLICE("10.0.0.0/16 10.1.0.0/16");
    c.cloud_message = SLICE("Pending Acceptance by 444455556666");
    c.expiration = wall_from_sec(FIX_NOW + 604800);
    c.first_seen = c.changed = wall_from_sec(FIX_NOW);
    c.listed = true;
    enum err e = store_tx_network_insert(tx, &n, err);
    return e == ERR_OK ? store_tx_connection_insert(tx, &c, err) : e;
}

static inline void write_rows(struct flow *f, store_fn fn)
{
    struct error err = {0};
    if (store_write(f->fix->store, fn, NULL, &err) != ERR_OK) fail_msg("%s", err.detail);
}

static inline int set_up(void **state)
{
    struct flow *f = mem_zalloc(1, sizeof(*f));
    struct error err = {0};
    static const struct limit_override small = {LIMIT_STREAMS_GROUP, "", {5, 2, 60}};
    f->fix = fix_new();
    write_rows(f, insert_more);
    f->limits = limits_new(true, &small, 1, 1000, &rng_system);
    f->cache = body_cache_new(1 << 20, &rng_system);
    if (core_open(f->fix->store, &f->fix->clock, &rng_system, &f->core, &err) != ERR_OK) fail_msg("%s", err.detail);
    f->faults = client_faults_new();
    assert_non_null(f->faults);
    f->coverage = coverage_new();
    assert_non_null(f->coverage);
    struct pipeline_options o = {.faults = f->faults,
                                 .coverage = f->coverage,
                                 .api = {.store = f->fix->store,
                                         .core = f->core,
                                         .auth = f->fix->auth,
                                         .limits = f->limits,
                                         .cache = f->cache,
                                         .clock = &f->fix->clock,
                                         .keys = f->fix->keys,
                                         .rng = &rng_system,
                                         .public_url = FIX_URL}};
    if (pipeline_new(&o, &f->pipeline, &err) != ERR_OK) fail_msg("%s", err.detail);
    f->app = pipeline_app(f->pipeline);
    f->loop = f->app.thread_begin(f->app.ctx, true);
    f->worker = f->app.thread_begin(f->app.ctx, false);
    f->token = fix_token(f->fix);
    *state = f;
    return 0;
}

static inline int tear_down(void **state)
{
    struct flow *f = *state;
    reply_done(&f->fix->rep); // a finished body may be in it
    reply_init(&f->fix->rep);
    f->app.thread_end(f->app.ctx, f->loop);
    f->app.thread_end(f->app.ctx, f->worker);
    pipeline_free(f->pipeline);
    client_faults_free(f->faults);
    coverage_free(f->coverage);
    core_close(&f->core);
    body_cache_free(f->cache);
    limits_free(f->limits);
    mem_free(f->token);
    fix_free(f->fix);
    mem_free(f);
    return 0;
}
#define FLOW_TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

static inline struct reply *answer(struct flow *f)
{
    struct fix *x = f->fix;
    f->moved = f->app.handle(f->app.ctx, f->loop, &x->r, &x->rep, false) == HTTP_NEEDS_WORKER;
    if (f->moved) {
        assert_int_equal(x->rep.status, 0);
        assert_int_equal(x->rep.head.n, 0);
        assert_int_equal(f->app.handle(f->app.ctx, f->worker, &x->r, &x->rep, true), HTTP_DONE);
    }
    return &x->rep;
}

static inline struct reply *ask(struct flow *f, enum method m, const char *target, const char *accept)
{
    fix_request(f->fix, m, target);
    if (accept) fix_header(f->fix, "Accept", accept);
    fix_header(f->fix, "Authorization", arena_fmt(f->fix->arena, "Bearer %s", f->token));
    return answer(f);
}

static inline void expect(struct flow *f, int status, const char *code)
{
    struct reply *rep = &f->fix->rep;
    if (rep->status != status || (code && (!rep->error_code || strcmp(rep->error_code, code) != 0)))
        fail_msg("status %d, code %s; wanted %d %s; body %.*s", rep->status, rep->error_code ? rep->error_code : "none",
                 status, code ? code : "none", SLICE_FMT(rep->body));
}

static inline void body_is(struct flow *f, const char *want)
{
    struct slice got = f->fix->rep.body;
    if (!slice_eq_cstr(got, want)) fail_msg("body is\n%.*s\nnot\n%s", SLICE_FMT(got), want);
}
