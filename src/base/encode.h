// SPDX-License-Identifier: Apache-2.0
// Hex, base64, percent- and form-encoding. Called by: auth, net, cloud, ec2sim, api.
// Must never: accept what it would not itself write (padding bits, odd hex, bad escapes are errors).
#pragma once

#include "base/buf.h"

void hex_encode(const void *p, size_t n, char *out /* 2n+1 */);
bool hex_decode(struct slice s, void *out, size_t out_n) MUST_CHECK; // exactly 2*out_n digits, either case

#define BASE64_LEN(n) (((n) + 2) / 3 * 4)
void base64_encode(const void *p, size_t n, char *out /* BASE64_LEN(n)+1 */);
void base64url_encode(const void *p, size_t n, char *out /* same room; no padding */);
// Strict RFC 4648: no white space, canonical padding (std) or none (url), zero trailing bits.
bool base64_decode(struct slice s, void *out, size_t cap, size_t *ret_n) MUST_CHECK;
bool base64url_decode(struct slice s, void *out, size_t cap, size_t *ret_n) MUST_CHECK;

// Unreserved A-Za-z0-9-._~ stay bare, all else %XX upper case. form_*: space as '+'.
void percent_encode(struct buf *b, struct slice s);
void form_encode(struct buf *b, struct slice s);
// Decodes into out (cap bytes, s.n always suffices). False on a bad escape or a decoded NUL.
bool percent_decode(struct slice s, char *out, size_t cap, size_t *ret_n) MUST_CHECK;
bool form_decode(struct slice s, char *out, size_t cap, size_t *ret_n) MUST_CHECK; // '+' is space

// query_next: walks "a=b&c&d=" without decoding. Empty pieces are skipped. has_value tells "c" from "c=".
struct query_param {
    struct slice name, value;
    bool has_value;
};
bool query_next(struct slice *rest, struct query_param *ret);
// utf8_valid: RFC 3629, no surrogates, no overlong forms.
bool utf8_valid(struct slice s);
// utf8_len: bytes (1..4) of the well-formed character that s begins with; 0 when s is empty or begins badly.
size_t utf8_len(struct slice s);
