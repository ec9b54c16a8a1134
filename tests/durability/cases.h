// SPDX-License-Identifier: Apache-2.0
// The kinds of request and of work that every_nth.c fails in every way, and the world that each starts in: always the
// same one, to the byte. Used by: tests/durability/every_nth.c. Must never: allocate between the fault and the answer.
#pragma once

#include "tests/unit/pipeline/flow.h"

#include "auth/cred.h"
#include "base/json.h"
#include "base/log.h"
#include "core/action.h"
#include "dump.h"
#include "shim.h"

// ---- what is in every world
#define NETWORK "0123456789abcdef0000000a"
#define ROW     "0123456789abcdef0000000b"
#define NAME    "pcx-0123456789abcdef0"
#define GROUP   "/api/atlas/v2/groups/" FIX_GROUP
#define ORG     "/api/atlas/v2/orgs/" FIX_ORG
#define PEERS   GROUP "/streams/vpcPeeringConnections"
#define PROOF   "{\"requesterAccountId\":\"111122223333\",\"requesterVpcId\":\"vpc-0aaaaaaaaaaaaaaaa\"}"
// ---- for the tables
#define V2023           "application/vnd.atlas.2023-02-01+json"
#define V2024           "application/vnd.atlas.2024-11-13+json"
#define V2025           "application/vnd.atlas.2025-03-12+json"
#define JSON            "application/json"
#define FORM            "application/x-www-form-urlencoded"
#define OP(n, fn, w, p) .name = n, .op = fn, .writes = w, .prep = p
#define GET_OF(t, v)    .method = METHOD_GET, .target = t, .accept = v
#define POST_TO(t)      .method = METHOD_POST, .target = t, .accept = V2023
// A change with a body, and one without.
#define CHANGE(m, t, v, b, s)                                                                                          \
    .method = METHOD_##m, .target = t, .accept = v, .type = JSON, .body = b, .status = s, .writes = true
#define CHANGE_PLAIN(m, t, v, s) .method = METHOD_##m, .target = t, .accept = v, .status = s, .writes = true
#define TOKEN_FORM               "grant_type=client_credentials"
extern const struct actor nth_somebody;

enum nth_auth { NTH_BEARER, NTH_DIGEST, NTH_BASIC, NTH_NOBODY };
struct nth_world {
    struct flow *flow;
    struct buf rows;
    struct arena *names;
    struct intent intent; // for the work of the actuator
    struct peer_route route;
    // of prep_key and prep_account: {key}, {account} and {secret} in a target
    struct new_api_key key;
    struct new_account account;
};
struct nth_case {
    const char *name;
    // a request; or
    enum method method;
    const char *target; // {key}, {account}, {secret}: what the world has made
    enum nth_auth auth;
    const char *accept, *type, *body; // body "": the world's token as a form
    int status;
    bool oauth; // its 500 is RFC 6749's
    bool loose; // the body differs each time
    // an operation of core or auth
    enum err (*op)(struct nth_world *w, struct error *err);
    bool writes;
    void (*prep)(struct nth_world *w); // before it, without faults
};
// One table a file, each ending with name NULL. A route without a case is a failure: a new one gets it here.
extern const struct nth_case nth_connections[], nth_tenants[], nth_policy[], nth_operator[], nth_own[], nth_webhooks[];

struct nth_answer {
    bool op;
    enum err code;
    int status; // of a request
    struct slice body;
    bool head_failed, retry_after; // the server answers 500 by itself when there was no memory for the head
    int route;                     // -1: none was found
};

struct nth_world *world_new(const struct nth_case *c);
void world_free(struct nth_world *w);
// In this order; only world_run has the fault.
void world_prepare(struct nth_world *w, const struct nth_case *c);
enum err world_run(struct nth_world *w, const struct nth_case *c);
void world_answer(struct nth_world *w, const struct nth_case *c, enum err code, struct nth_answer *ret);
void answer_done(struct nth_answer *o); // All rows but the spent nonces: that a nonce is spent by a request that then
                                        // fails is no harm. Until the next call.
struct slice world_rows(struct nth_world *w);

// ---- states to begin with (prep), and what they are made of
struct observed nth_seen_as(const char *status);
enum err nth_scan(struct nth_world *w, const char *status, struct error *err);
void prep_owner(struct nth_world *w); // the caller with a token owns the organisation; without: the project
void prep_accepting(struct nth_world *w);
void prep_due(struct nth_world *w);
void prep_begun(struct nth_world *w);
void prep_active(struct nth_world *w);
void prep_protected(struct nth_world *w);
void prep_route(struct nth_world *w);
// An owner as above, and another key or account with a role in the organisation and in the project, and with one entry
// in its access list, 198.51.100.7; `outside`: both, with no role in the project.
void prep_key(struct nth_world *w);
void prep_account(struct nth_world *w);
void prep_outside(struct nth_world *w);
