// SPDX-License-Identifier: Apache-2.0
// Tokens of persons, made by an OpenID Connect provider: its keys (JWKS, RFC 7517) and what a token (RFC 7519) must say
// before it names somebody, as RFC 8725 asks: RS256 and ES256 only, each with keys of its own kind, no other header
// that changes meaning. Pure. Called by: auth/oidc.c, fuzzing. Must never: fetch anything, look at a claim before the
// signature was right, or take a symmetric or missing algorithm.
#pragma once

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/slice.h"

#define OIDC_TOKEN_MAX    ((size_t)12 * 1024) // characters of a token
#define OIDC_KEYS_MAX     32
#define OIDC_GROUPS_MAX   256
#define OIDC_SKEW_SECONDS 60 // how far the provider's clock may be ahead, for nbf and iat; exp has none

struct oidc_keys;
// A JWK set. Keys that are not for signatures, or of a kind that is not taken, are left out. ERR_INVALID: no JWK set,
// or no key is left; ERR_NOMEM.
enum err oidc_keys_parse(struct slice json, struct oidc_keys **ret, struct error *err) MUST_CHECK;
void oidc_keys_free(struct oidc_keys *k); // NULL-safe
unsigned oidc_keys_count(const struct oidc_keys *k);

struct oidc_rules {
    struct slice issuer, audience; // `iss` must be the one to the byte, `aud` be or hold the other
    struct slice name_claim;       // e.g. "sub" or "email": who it is, for logs and events
    struct slice groups_claim;     // e.g. "groups": a string, or an array of strings
};
struct oidc_person { // strings in the arena
    struct slice name;
    const struct slice *groups;
    unsigned group_count;
    int64_t expires; // seconds
};
enum oidc_verdict {
    OIDC_GOOD,
    OIDC_EXPIRED,     // was good once
    OIDC_BAD,         // see why
    OIDC_UNKNOWN_KEY, // its key is not in the set: the set may be old
    OIDC_NOMEM,
    OIDC_AWAY, // the provider's keys cannot be had (oidc.h)
};
// Whether the header names one of the two algorithms: a token of a provider, not of ours.
bool oidc_looks_like(struct slice token);
// *ret_why: a clause for the log, static; never a part of the token.
enum oidc_verdict oidc_check(const struct oidc_keys *keys, const struct oidc_rules *rules, struct slice token,
                             struct wall now, struct arena *a, struct oidc_person *ret,
                             const char **ret_why) MUST_CHECK;
