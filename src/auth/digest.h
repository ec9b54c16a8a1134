// SPDX-License-Identifier: Apache-2.0
// HTTP Digest credentials, RFC 7616 with MD5 and qop=auth as Atlas offers it: pure. Called by: auth/check.c, fuzzing.
// Must never: be lenient (a parameter given twice, a missing one or a wrong shape refuses the whole header).
#pragma once

#include "base/arena.h"
#include "base/slice.h"

#define DIGEST_REALM  "MMS Public API"
#define DIGEST_PARAMS 16 // most that a header may have

struct digest {
    struct slice username, nonce, uri, cnonce; // unescaped; in the header or in the arena
    struct slice nc_text;                      // 8 lower-case hex digits
    uint32_t nc;
    uint8_t response[16];
};
// `params` is what follows "Digest ". Demands username, realm (ours), nonce, uri, response, cnonce, nc and qop=auth;
// algorithm MD5 or absent. algorithm and qop may be quoted (Go's and Python's clients do). Unknown parameters are
// ignored (RFC 7616 3.4); username* and userhash=true are refused, as we do not offer them. False also without memory.
bool digest_parse(struct slice params, struct arena *arena, struct digest *ret) MUST_CHECK;
// Is `uri` this request's target ("/path?query")? An absolute http or https URI counts by what follows its authority.
bool digest_uri_is(struct slice uri, struct slice target);
// MD5(username:realm:password): equivalent to the password.
void digest_ha1(struct slice username, struct slice realm, struct slice password, uint8_t ret[16]);
// The response that a client which knows ha1 sends for `method`.
void digest_response(const uint8_t ha1[16], struct slice method, const struct digest *d, uint8_t ret[16]);
// Constant time.
bool digest_is_right(const uint8_t ha1[16], struct slice method, const struct digest *d);
