// SPDX-License-Identifier: Apache-2.0
// Decodes Basic credentials, raw and percent-decoded. Called by: auth/oauth.c, auth/check.c (auth_scheme).
// Must never: read past base64's strict form.
#include "auth/basic.h"

#include "base/encode.h"

bool auth_scheme(struct slice value, struct slice *ret_scheme, struct slice *ret_rest)
{
    size_t n = 0;
    while (n < value.n && value.p[n] != ' ') n++;
    if (n == 0) return false;
    *ret_scheme = slice_n(value.p, n);
    struct slice rest = slice_skip(value, n);
    while (rest.n > 0 && rest.p[0] == ' ') rest = slice_skip(rest, 1);
    *ret_rest = rest;
    return true;
}

static bool has_control(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ' || s.p[i] == 127) return true;
    return false;
}

// RFC 6749 2.3.1 says form encoding. A '+' or '%' in a raw secret cannot be told from that, so the caller tries both.
static bool form_reading(struct slice s, struct arena *arena, struct slice *ret)
{
    char *out = arena_alloc(arena, s.n + 1);
    size_t n;
    if (out == NULL) return false;
    *ret = form_decode(s, out, s.n + 1, &n) ? slice_n(out, n) : s;
    return true;
}

bool basic_parse(struct slice value, struct arena *arena, struct basic *ret)
{
    struct basic b;
    size_t n;
    if (value.n > BASE64_LEN(BASIC_MAX)) return false;
    char *text = arena_alloc(arena, BASIC_MAX);
    if (text == NULL || !base64_decode(value, text, BASIC_MAX, &n)) return false;
    b.secret = slice_n(text, n);
    if (has_control(b.secret) || !slice_cut(&b.secret, ':', &b.id) || b.id.n == 0) return false;
    if (!form_reading(b.id, arena, &b.decoded_id) || !form_reading(b.secret, arena, &b.decoded_secret)) return false;
    *ret = b;
    return true;
}
