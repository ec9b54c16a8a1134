// SPDX-License-Identifier: Apache-2.0
// The cases of every_nth.c: what the operator of the server asks. Called by: every_nth.c, through its tables.
// Must never: have an effect outside its world.
#include "cases.h"

static enum err make_operator(struct store_tx *tx, void *ctx, struct error *err)
{
    return store_tx_grant(tx, ctx, FIX_ORG, 1u << ROLE_ORG_MEMBER | ROLES_OPERATOR, err);
}

static void prep_operator(struct nth_world *w)
{
    struct error err = {0};
    if (store_write(w->flow->fix->store, make_operator, w->flow->fix->key.row.public_key, &err) != ERR_OK)
        fail_msg("%s", err.detail);
}

static enum err limit_row_of_group(struct store_tx *tx, void *ctx, struct error *err)
{
    const struct limit_change l = {
        .set_id = "streams_group", .scope = FIX_GROUP, .capacity = 5, .refill = 1, .seconds = 60};
    (void)ctx;
    return store_tx_limit_put(tx, &l, err);
}

static void prep_limit(struct nth_world *w)
{
    struct error err = {0};
    prep_operator(w);
    if (store_write(w->flow->fix->store, limit_row_of_group, NULL, &err) != ERR_OK) fail_msg("%s", err.detail);
}

#define LIMIT_OF  "/api/peerage/v1/limits/streams_group/"
#define RULE_BODY "{\"capacity\":7,\"refillDurationSeconds\":60,\"refillRate\":2}"
#define KEYS      "/api/peerage/v1/signingKeys"

const struct nth_case nth_operator[] = {
    {.name = "signing keys", GET_OF(KEYS, NULL), .auth = NTH_DIGEST, .status = 200, .prep = prep_operator},
    {.name = "signing keys, no operator", GET_OF(KEYS, NULL), .status = 401},
    {.name = "rotate the signing key over the API",
     .method = METHOD_POST,
     .target = KEYS ":rotate",
     .auth = NTH_DIGEST,
     .loose = true,
     .status = 200,
     .writes = true,
     .prep = prep_operator},
    {.name = "limits", GET_OF("/api/peerage/v1/limits", NULL), .auth = NTH_DIGEST, .status = 200, .prep = prep_limit},
    {.name = "limit", GET_OF(LIMIT_OF FIX_GROUP, NULL), .auth = NTH_DIGEST, .status = 200, .prep = prep_limit},
    {.name = "limit, none", GET_OF(LIMIT_OF FIX_GROUP, NULL), .auth = NTH_DIGEST, .status = 404, .prep = prep_operator},
    {.name = "set a limit",
     .method = METHOD_PUT,
     .target = LIMIT_OF FIX_GROUP,
     .auth = NTH_DIGEST,
     .type = JSON,
     .body = RULE_BODY,
     .loose = true,
     .status = 200,
     .writes = true,
     .prep = prep_operator},
    {.name = "set a limit, no such project",
     .method = METHOD_PUT,
     .target = LIMIT_OF OTHER_GROUP,
     .auth = NTH_DIGEST,
     .type = JSON,
     .body = RULE_BODY,
     .status = 404,
     .prep = prep_operator},
    {.name = "lift a limit",
     .method = METHOD_DELETE,
     .target = LIMIT_OF FIX_GROUP,
     .auth = NTH_DIGEST,
     .status = 204,
     .writes = true,
     .prep = prep_limit},
    {0},
};
