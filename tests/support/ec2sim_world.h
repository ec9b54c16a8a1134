// SPDX-License-Identifier: Apache-2.0
// A simulated cloud for unit tests: manual time, a seeded generator, requests as form text, replies as XML trees.
// Called by: tests/unit/ec2sim. Must never: open a socket or read a clock.
#pragma once

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "base/xml.h"
#include "ec2sim/ec2.h"

#define REQUESTER "111111111111"
#define ACCEPTER  "222222222222"
#define STRANGER  "333333333333"
#define HERE      "us-east-1"
#define THERE     "eu-west-1"
#define DAY       INT64_C(86400)
#define HOUR      INT64_C(3600)

struct world {
    struct sim sim;
    struct seeded_rng seeded;
    struct wall now;
    struct arena *arena; // of the last request
    struct buf out;
    struct ec2_error e; // of the last request, when it failed
    struct xml_node *root;
    struct ec2_quirks quirks;
    bool changed;
    char own[SIM_ID_STR], peer[SIM_ID_STR]; // VPCs 10.1.0.0/16 of REQUESTER and 10.2.0.0/16 of ACCEPTER, HERE
};

static UNUSED void world_open(struct world *w)
{
    struct ec2sim_settings set;
    *w = (struct world){.now = wall_from_sec(1800000000)};
    struct rng rng = rng_seeded(&w->seeded, 42);
    ec2sim_settings_default(&set);
    assert_true(sim_init(&w->sim, &rng, &set));
    w->arena = arena_new((size_t)64 << 20);
    assert_non_null(w->arena);
    buf_init(&w->out, (size_t)64 << 20);
}

static UNUSED void world_close(struct world *w)
{
    sim_done(&w->sim);
    arena_free(w->arena);
    buf_done(&w->out);
}

static UNUSED void wait_s(struct world *w, int64_t seconds)
{
    w->now.us += seconds * US_PER_SEC;
}

// Runs "Action=…&…" (Version is added). True: root is the reply. False: e is the error.
static UNUSED bool ask_raw(struct world *w, const char *account, const char *region, const char *body)
{
    struct sim_caller who = {0};
    struct form form;
    assert_true(cstr_set(who.account, sizeof(who.account), account));
    assert_true(cstr_set(who.region, sizeof(who.region), region));
    arena_reset(w->arena);
    buf_clear(&w->out);
    w->e = (struct ec2_error){0};
    w->root = NULL;
    char *text = arena_fmt(w->arena, "%s&Version=" EC2_VERSION, body);
    if (!form_read(w->arena, slice_of(text), &form, &w->e)) return false;
    struct ec2_call c = {.m = &w->sim,
                         .who = &who,
                         .now = w->now,
                         .form = &form,
                         .quirks = w->quirks,
                         .request_id = "00000000-0000-4000-8000-000000000000",
                         .out = &w->out,
                         .e = &w->e};
    bool ok = ec2_run(&c);
    w->changed = c.changed;
    if (!ok) return false;
    struct error err;
    if (!w->quirks.doctype)
        assert_int_equal(xml_read(w->arena, buf_view(&w->out), &xml_limits_default, &w->root, &err), ERR_OK);
    return true;
}

static UNUSED bool ask(struct world *w, const char *account, const char *region, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
static bool ask(struct world *w, const char *account, const char *region, const char *fmt, ...)
{
    static char body[65536];
    va_list ap;
    va_start(ap, fmt);
    assert_true(vsnprintf(body, sizeof(body), fmt, ap) < (int)sizeof(body));
    va_end(ap);
    return ask_raw(w, account, region, body);
}

#define assert_refused(w, http, what)                                                                                  \
    do {                                                                                                               \
        assert_string_equal((w)->e.code, what);                                                                        \
        assert_int_equal((w)->e.status, http);                                                                         \
    } while (0)

// Text of the first element of that name in the reply, "" when there is none.
static UNUSED const char *got(struct world *w, const char *name)
{
    const struct xml_node *n = xml_find(w->root, name);
    return n && n->text.n ? arena_fmt(w->arena, "%.*s", SLICE_FMT(n->text)) : "";
}

// Text below a path of two: the first `outer`, then `inner` inside it.
static UNUSED const char *got_in(struct world *w, const char *outer, const char *inner)
{
    const struct xml_node *n = xml_find(xml_find(w->root, outer), inner);
    return n && n->text.n ? arena_fmt(w->arena, "%.*s", SLICE_FMT(n->text)) : "";
}

static UNUSED bool has_in(struct world *w, const char *outer, const char *inner)
{
    const struct xml_node *n = xml_find(w->root, outer);
    return n && xml_find(n, inner);
}

// Items of the reply's set.
static UNUSED unsigned items(struct world *w, const char *set)
{
    const struct xml_node *s = xml_find(w->root, set);
    unsigned n = 0;
    assert_non_null(s);
    for (const struct xml_node *i = s->first_child; i; i = i->next) n++;
    return n;
}

static UNUSED void make_vpc(struct world *w, const char *account, const char *region, const char *cidr,
                            char out[SIM_ID_STR])
{
    assert_true(ask(w, account, region, "Action=CreateVpc&CidrBlock=%s", cidr));
    assert_true(cstr_set(out, SIM_ID_STR, got(w, "vpcId")));
}

static UNUSED void request_between(struct world *w, const char *from, const char *region, const char *vpc,
                                   const char *to, const char *to_region, const char *to_vpc, char out[SIM_ID_STR])
{
    if (!ask(w, from, region, "Action=CreateVpcPeeringConnection&VpcId=%s&PeerVpcId=%s&PeerOwnerId=%s&PeerRegion=%s",
             vpc, to_vpc, to, to_region))
        fail_msg("%s: %s", w->e.code, w->e.message);
    assert_true(cstr_set(out, SIM_ID_STR, got(w, "vpcPeeringConnectionId")));
}

// REQUESTER's VPC asks ACCEPTER's, both HERE.
static UNUSED void world_with_request(struct world *w, char pcx[SIM_ID_STR])
{
    world_open(w);
    make_vpc(w, REQUESTER, HERE, "10.1.0.0/16", w->own);
    make_vpc(w, ACCEPTER, HERE, "10.2.0.0/16", w->peer);
    request_between(w, REQUESTER, HERE, w->own, ACCEPTER, HERE, w->peer, pcx);
}

static UNUSED bool act(struct world *w, const char *account, const char *region, const char *verb, const char *pcx)
{
    return ask(w, account, region, "Action=%sVpcPeeringConnection&VpcPeeringConnectionId=%s", verb, pcx);
}

// The status code that the account sees, "" when it sees no such record (by list, and by id then NotFound).
static UNUSED const char *seen(struct world *w, const char *account, const char *region, const char *pcx)
{
    bool by_id = ask(w, account, region, "Action=DescribeVpcPeeringConnections&VpcPeeringConnectionId.1=%s", pcx);
    if (!by_id) assert_refused(w, 400, "InvalidVpcPeeringConnectionID.NotFound");
    assert_true(ask(w, account, region,
                    "Action=DescribeVpcPeeringConnections&Filter.1.Name=vpc-peering-connection-id&Filter.1.Value.1=%s",
                    pcx));
    assert_int_equal(items(w, "vpcPeeringConnectionSet"), by_id ? 1 : 0);
    return got(w, "code");
}
#define assert_seen(w, account, pcx, code) assert_string_equal(seen((w), (account), HERE, (pcx)), (code))

static UNUSED void main_table(struct world *w, const char *account, const char *region, const char *vpc,
                              char out[SIM_ID_STR])
{
    assert_true(ask(w, account, region,
                    "Action=DescribeRouteTables&Filter.1.Name=association.main&Filter.1.Value.1=true"
                    "&Filter.2.Name=vpc-id&Filter.2.Value.1=%s",
                    vpc));
    assert_int_equal(items(w, "routeTableSet"), 1);
    assert_true(cstr_set(out, SIM_ID_STR, got(w, "routeTableId")));
}

// State of the table's route to a block, "" when it has none.
static UNUSED const char *route_state(struct world *w, const char *account, const char *table, const char *to)
{
    assert_true(ask(w, account, HERE, "Action=DescribeRouteTables&RouteTableId.1=%s", table));
    const struct xml_node *routes = xml_find(w->root, "routeSet");
    for (const struct xml_node *r = routes->first_child; r; r = r->next) {
        const struct xml_node *v4 = xml_find(r, "destinationCidrBlock"), *v6 = xml_find(r, "destinationIpv6CidrBlock");
        const struct xml_node *state = xml_find(r, "state");
        if (slice_eq_cstr((v4 ? v4 : v6)->text, to)) return arena_fmt(w->arena, "%.*s", SLICE_FMT(state->text));
    }
    return "";
}
