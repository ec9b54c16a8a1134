// SPDX-License-Identifier: Apache-2.0
// The cases of every_nth.c: a project's policy and its expected requests, in Peerage's own API.
// Called by: every_nth.c, through its tables. Must never: have an effect outside its world.
#include "cases.h"

#include "core/policy.h"

#define OWN    "/api/peerage/v1/groups/" FIX_GROUP
#define RULES  "{\"rules\":[{\"name\":\"a\",\"action\":\"accept\",\"accounts\":[\"*\"],\"cidrs\":[\"10.0.0.0/8\"]}]}"
#define COMING "{\"requesterAccountId\":\"111122223333\",\"owner\":\"x\",\"validUntil\":\"2099-01-01\"}"

static void good(enum err code, const struct error *err)
{
    if (code != ERR_OK) fail_msg("%s: %s", err_name(code), err->detail);
}

// ---- states to begin with -----------------------------------------------------------------------------------------

static void prep_policy(struct nth_world *w)
{
    const struct policy_rule rule = {.name = "a", .action = POLICY_REJECT, .accounts = SLICE("*")};
    struct error err = {0};
    bool changed;
    good(core_policy_set(w->flow->core, &nth_somebody, FIX_GROUP, &rule, 1, -1, &changed, &err), &err);
}

#define EXPECTED "0123456789abcdef0000001a"
static enum err expected_row(struct store_tx *tx, void *ctx, struct error *err)
{
    const struct expected e = {.id = EXPECTED,
                               .group_id = FIX_GROUP,
                               .account = "111122223333",
                               .owner = SLICE("x"),
                               .created = wall_from_sec(FIX_NOW),
                               .valid_until = wall_from_sec(INT64_C(4000000000)),
                               .actor = "cli"};
    (void)ctx;
    return store_tx_expected_insert(tx, &e, err);
}

static void prep_expected(struct nth_world *w)
{
    struct error err = {0};
    good(store_write(w->flow->fix->store, expected_row, NULL, &err), &err);
}

// ---- the cases ----------------------------------------------------------------------------------------------------

#define OWN_BODY(m, t, b) .method = METHOD_##m, .target = OWN t, .type = JSON, .body = b

const struct nth_case nth_policy[] = {
    {.name = "policy", GET_OF(OWN "/policy", NULL), .status = 200, .prep = prep_policy},
    {.name = "set a policy",
     OWN_BODY(PUT, "/policy", RULES),
     .loose = true,
     .status = 200,
     .writes = true,
     .prep = prep_policy},
    {.name = "set a policy, not understood", OWN_BODY(PUT, "/policy", "{\"rules\":[{}]}"), .status = 400},
    {.name = "enable a policy, which acts",
     OWN_BODY(PATCH, "/policy", "{\"enabled\":true,\"approvals\":{\"accepts\":2}}"),
     .loose = true,
     .status = 200,
     .writes = true,
     .prep = prep_policy},
    {.name = "test a policy",
     OWN_BODY(POST, "/policy:test", "{\"requesterAccountId\":\"111122223333\"}"),
     .status = 200},
    {.name = "dry run", GET_OF(OWN "/policy:dryRun", NULL), .status = 200, .prep = prep_policy},
    {.name = "dry run of rules", OWN_BODY(POST, "/policy:dryRun", RULES), .status = 200},
    {.name = "expected requests", GET_OF(OWN "/expectedRequests", NULL), .status = 200, .prep = prep_expected},
    {.name = "expect a request",
     OWN_BODY(POST, "/expectedRequests", COMING),
     .loose = true,
     .status = 201,
     .writes = true,
     .prep = prep_expected},
    {.name = "expected request", GET_OF(OWN "/expectedRequests/" EXPECTED, NULL), .status = 200, .prep = prep_expected},
    {.name = "expected request, unknown", GET_OF(OWN "/expectedRequests/" ROW, NULL), .status = 404},
    {.name = "expect no more",
     .method = METHOD_DELETE,
     .target = OWN "/expectedRequests/" EXPECTED,
     .status = 204,
     .writes = true,
     .prep = prep_expected},
    {0},
};
