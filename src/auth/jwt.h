// SPDX-License-Identifier: Apache-2.0
// Access tokens: JSON Web Tokens (RFC 7519) of one fixed form, HS256 (RFC 7515), as RFC 8725 asks: the header is ours
// to the byte, so there is no algorithm to choose, no critical extension and no key from outside. Pure.
// Called by: auth/check.c, auth/oauth.c, fuzzing. Must never: look at a claim before the MAC was right.
#pragma once

#include "base/clock.h"
#include "base/slice.h"

#define JWT_MAX          2048 // characters of a token
#define JWT_ISSUER_MAX   512
#define JWT_JTI          22 // base64url of 16 random bytes
#define JWT_KID          16
#define JWT_SKEW_SECONDS 60 // how far the issuing replica's clock may be ahead

struct jwt_key {
    char kid[JWT_KID + 1]; // 16 hex
    uint8_t secret[32];
    struct wall created, retired; // retired 0: in use
};
struct jwt_claims {
    char subject[48]; // client id
    char jti[JWT_JTI + 1];
    int64_t issued, expires; // seconds
};
enum jwt_result {
    JWT_OK,
    JWT_EXPIRED,     // ours, past its time; claims are filled
    JWT_BAD,         // not ours
    JWT_UNKNOWN_KEY, // our form, but made with a key that is not among `keys`
    JWT_UNSURE,      // memory, or the store of the keys, was not there: nothing can be said
};
// iss and aud are `issuer`. False: subject or issuer too long or not plain ASCII, or `cap` is too small.
bool jwt_make(const struct jwt_key *key, struct slice issuer, const struct jwt_claims *c, char *out, size_t cap,
              size_t *ret_n) MUST_CHECK;
enum jwt_result jwt_verify(const struct jwt_key *keys, unsigned n, struct slice issuer, struct slice token,
                           struct wall now, struct jwt_claims *ret) MUST_CHECK;
