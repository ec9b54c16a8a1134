// SPDX-License-Identifier: Apache-2.0
// The keys that sign access tokens: sealed rows of the store, opened and kept here. Called by: auth/auth.c (load,
// rotate), auth/check.c, auth/oauth.c. Must never: sign with a retired key, or write a key unsealed.
#pragma once

#include "auth/jwt.h"
#include "auth/keyring.h"

#define SIGNING_MAX        16 // newest keys that are held
#define SIGNING_LIVE_MAX   8  // keys that verify at one time: a rotation beyond waits for the oldest to go
#define SIGNING_DAYS       30 // a new key is made at this age
#define TOKEN_LIFE_SECONDS 3600

struct signing;
struct signing *signing_new(void) MUST_CHECK; // NULL: out of memory
void signing_free(struct signing *s);
// Replaces what is held by the store's rows. ERR_NOT_FOUND: there is no key in use. A row that does not open is skipped
// unless none opens (ERR_CORRUPT).
enum err signing_load(struct signing *s, const struct keyring *k, struct store_reader *r, struct error *err) MUST_CHECK;
// Makes, seals and stores a new key, which is current from its commit on; keys that verify nothing any more go. `by`
// NULL: for its age, whatever their number. ERR_CONFLICT: SIGNING_LIVE_MAX keys verify; the detail says until when.
// When there was a key before, an event tells of it. *ret is to be wiped.
struct signing_maker {
    const struct keyring *keys;
    struct store *store;
    const struct rng *rng;
    struct wall now;
    const struct actor *by;
};
enum err signing_add(const struct signing_maker *m, struct jwt_key *ret, struct error *err) MUST_CHECK;
// What signing_add made, without asking the store.
void signing_put(struct signing *s, const struct jwt_key *key);
// Deletes the keys that verify nothing any more.
enum err signing_prune(struct store *store, struct wall now, struct error *err) MUST_CHECK;
struct wall signing_until(struct wall retired);           // when a key that was retired then verifies no more
bool signing_is_due(struct signing *s, struct wall now);  // the current key has its age
bool signing_has_old(struct signing *s, struct wall now); // of those that were loaded, one is to be pruned
bool signing_current(struct signing *s, struct jwt_key *ret) MUST_CHECK;
enum jwt_result signing_verify(struct signing *s, struct slice issuer, struct slice token, struct wall now,
                               struct jwt_claims *ret) MUST_CHECK;
// Opens one row. AAD is the kid.
enum err signing_open(const struct keyring *k, const struct signing_key_row *row, struct jwt_key *ret,
                      struct error *err) MUST_CHECK;
