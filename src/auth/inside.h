// SPDX-License-Identifier: Apache-2.0
// struct auth and what its files share. Called by: the files of auth and their tests. Must never: be included
// elsewhere.
#pragma once

#include "auth/auth.h"
#include "auth/basic.h"
#include "auth/cache.h"
#include "auth/failures.h"
#include "auth/jwt.h"
#include "auth/keyring.h"
#include "auth/nonce.h"
#include "auth/oidc.h"
#include "auth/signing.h"
#include "auth/used.h"
#include "base/lock.h"

#define CACHE_FRESH_NS    NS_PER_SEC       // how old an answer may be
#define CACHE_GRACE_NS    (2 * NS_PER_SEC) // and how old when the store cannot be asked
#define TOKENS_PER_CLIENT 100
#define RETRY_AFTER       "5" // seconds, on 503
#define LAST_USED_MAX     256

struct last_used {
    char client_id[PRINCIPAL_NAME], secret_id[OID_HEX + 1];
    struct wall when;
};
enum { SCHEME_DIGEST, SCHEME_BEARER, SCHEME_BASIC, SCHEME_OTHER, SCHEME_COUNT_ };

struct auth {
    struct auth_options o; // immutable, as all down to series; o.issuer points to issuer
    char *issuer;
    struct signing *signing;
    struct window *window;
    struct failures *failures;
    struct cache *credentials, *tokens;
    struct used *access_used;
    uint8_t nobody[16];             // an HA1 that nobody has, for the digest of whom no answer is kept
    unsigned series[SCHEME_COUNT_]; // of M_AUTH_FAILURES

    struct store_reader *reader; // of auth_new, then of auth_tick only
    struct mono signing_loaded;  // auth_tick's

    struct lock lock;
    struct bucket reloads; // shared under lock, as all below: how often strangers can make us read the signing keys
    struct last_used used[LAST_USED_MAX];
    unsigned used_count;
};

// Counts a failed authentication; true when this address has used up its minute.
bool auth_note_failure(struct auth *a, const struct request *r, unsigned scheme) MUST_CHECK;
// Verifies a token's MAC and claims; with `reader` it reads the signing keys again when the key is unknown.
enum jwt_result auth_verify_token(struct auth *a, struct store_reader *reader, struct slice token, struct wall now,
                                  struct jwt_claims *ret) MUST_CHECK;
void auth_token_hash(const char *jti, uint8_t ret[32]);
void auth_note_used(struct auth *a, const char *client_id, const char *secret_id, struct wall when);
