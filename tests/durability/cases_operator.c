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

#define KEYS "/api/peerage/v1/signingKeys"

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
    {0},
};
