// SPDX-License-Identifier: Apache-2.0
// HTTP Basic credentials of OAuth clients (RFC 7617, RFC 6749 2.3.1): pure. Called by: auth/oauth.c, fuzzing.
// Must never: decide; it gives both readings, as some clients percent-encode id and secret and some do not.
#pragma once

#include "base/arena.h"
#include "base/slice.h"

#define BASIC_MAX 1024 // longest decoded id:secret

struct basic {
    struct slice id, secret;                 // as sent; in the arena
    struct slice decoded_id, decoded_secret; // form-decoded; as sent when that is not well-formed
};
// `value` is what follows "Basic ". False: not base64, no colon, a control byte, an empty id, too long, no memory.
bool basic_parse(struct slice value, struct arena *arena, struct basic *ret) MUST_CHECK;
// Splits an Authorization value into scheme and the rest (RFC 9110 11.4: one or more spaces between). False when there
// is no scheme. "Bearer" alone gives an empty rest.
bool auth_scheme(struct slice value, struct slice *ret_scheme, struct slice *ret_rest) MUST_CHECK;
