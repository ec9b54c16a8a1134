// SPDX-License-Identifier: Apache-2.0
// The cases of every_nth.c: freezes, intents, networks and connections of Peerage's own API.
// Called by: every_nth.c, through nth_tables. Must never: have an effect outside its world.
#include "cases.h"

#define OWN  "/api/peerage/v1"
#define MINE OWN "/groups/" FIX_GROUP
#define ITS  MINE "/networks/" NETWORK
#define PEER MINE "/connections/" NAME

static void must(enum err code, const struct error *err)
{
    if (code != ERR_OK) fail_msg("%s: %s", err_name(code), err->detail);
}

static enum err make_operator(struct store_tx *tx, void *ctx, struct error *err)
{
    return store_tx_grant(tx, ctx, FIX_ORG, ROLES_OPERATOR, err);
}

static void prep_operator(struct nth_world *w)
{
    struct error err = {0};
    struct fix *x = w->flow->fix;
    must(store_write(x->store, make_operator, x->key.row.public_key, &err), &err);
}

static void freeze(struct nth_world *w, enum freeze_scope scope, const char *id)
{
    struct error err = {0};
    must(core_freeze(w->flow->core, &nth_somebody, scope, id, true, SLICE("why"), &err), &err);
}

static void prep_frozen(struct nth_world *w)
{
    prep_operator(w);
    freeze(w, FREEZE_ALL, NULL);
    freeze(w, FREEZE_GROUP, FIX_GROUP);
    freeze(w, FREEZE_NETWORK, NETWORK);
}

static enum err op_cancel(struct nth_world *w, struct error *err)
{
    return core_intent_cancel(w->flow->core, &nth_somebody, w->intent.id, err);
}

#define BY_OPERATOR .auth = NTH_DIGEST, .prep = prep_operator
#define THAWING     .auth = NTH_DIGEST, .prep = prep_frozen
#define WHY         "{\"why\":\"because\"}"
#define NEW_VPC     "{\"accountId\":\"555566667777\",\"region\":\"us-east-1\",\"vpcId\":\"vpc-01234567\"}"

// Loose: with a time in the answer.
const struct nth_case nth_own[] = {
    {.name = "freezes", GET_OF(OWN "/freezes", JSON), .status = 200, THAWING},
    {.name = "freeze of all", GET_OF(OWN "/freeze", JSON), .status = 200, THAWING},
    {.name = "freeze all", CHANGE(PUT, OWN "/freeze", JSON, WHY, 200), .loose = true, BY_OPERATOR},
    {.name = "lift the freeze of all", CHANGE_PLAIN(DELETE, OWN "/freeze", JSON, 204), THAWING},
    {.name = "freeze of a group", GET_OF(MINE "/freeze", JSON), .status = 200, .prep = prep_frozen},
    {.name = "freeze of a group, none", GET_OF(MINE "/freeze", JSON), .status = 404},
    {.name = "freeze a group", CHANGE(PUT, MINE "/freeze", JSON, WHY, 200), .loose = true},
    {.name = "lift the freeze of a group", CHANGE_PLAIN(DELETE, MINE "/freeze", JSON, 204), .prep = prep_frozen},
    {.name = "freeze of a network", GET_OF(ITS "/freeze", JSON), .status = 200, .prep = prep_frozen},
    {.name = "freeze a network", CHANGE(PUT, ITS "/freeze", JSON, WHY, 200), .loose = true},
    {.name = "lift the freeze of a network", CHANGE_PLAIN(DELETE, ITS "/freeze", JSON, 204), .prep = prep_frozen},
    {.name = "networks", GET_OF(MINE "/networks", JSON), .status = 200},
    {.name = "network", GET_OF(ITS, JSON), .status = 200},
    {.name = "routes of a network", GET_OF(ITS "/routes", JSON), .status = 200, .prep = prep_route},
    {.name = "add a network", CHANGE(POST, MINE "/networks", JSON, NEW_VPC, 201), .loose = true, BY_OPERATOR},
    {.name = "change a network",
     CHANGE(PATCH, ITS, JSON, "{\"mode\":\"manage\",\"peeringLimit\":60,\"routeTableIds\":[\"rtb-01234567\"]}", 200),
     .loose = true},
    {.name = "remove a network", CHANGE_PLAIN(DELETE, ITS, JSON, 204)},
    {.name = "check a network, none",
     .method = METHOD_POST,
     .target = MINE "/networks/0123456789abcdef0000ffff:check",
     .accept = JSON,
     .status = 404},
    {.name = "intents", GET_OF(MINE "/intents?ended=true", JSON), .status = 200, .prep = prep_accepting},
    {.name = "cancel an intent, none",
     .method = METHOD_DELETE,
     .target = MINE "/intents/0123456789abcdef0000ffff",
     .accept = JSON,
     .status = 404},
    {OP("cancel an intent", op_cancel, true, prep_due)},
    {.name = "release intents",
     .method = METHOD_POST,
     .target = OWN "/intents:release",
     .accept = JSON,
     .type = JSON,
     .body = "{\"all\":true}",
     .status = 200,
     BY_OPERATOR},
    {.name = "release intents of a group",
     .method = METHOD_POST,
     .target = OWN "/intents:release",
     .accept = JSON,
     .type = JSON,
     .body = "{\"groupId\":\"" FIX_GROUP "\"}",
     .status = 200,
     BY_OPERATOR},
    {.name = "history", GET_OF(PEER "/history", JSON), .status = 200, .prep = prep_accepting},
    {.name = "protect a connection", CHANGE(PATCH, PEER, JSON, "{\"deletionProtection\":true}", 200), .loose = true},
    {.name = "approve the blocks of a connection", CHANGE_PLAIN(POST, PEER ":approveCidrs", JSON, 202)},
    {0},
};
