// SPDX-License-Identifier: Apache-2.0
// Parses and computes Digest credentials (RFC 7616 3.4; list syntax RFC 9110 5.6.1 and 11.4).
// Called by: auth/check.c. Must never: allocate but from the arena, or compare a digest in varying time.
#include "auth/digest.h"

#include "base/encode.h"
#include "net/crypto.h"

struct param {
    struct slice name, value; // value: unescaped
    bool quoted;
};

static bool is_token_char(unsigned char c)
{
    // RFC 9110 5.6.2, as a table of bits for 0x20..0x7f.
    static const uint32_t set[4] = {0x00000000, 0x03ff6cfa, 0xc7fffffe, 0x57ffffff};
    return c < 128 && (set[c / 32] >> (c % 32) & 1);
}

static struct slice take_token(struct slice *s)
{
    size_t n = 0;
    while (n < s->n && is_token_char((unsigned char)s->p[n])) n++;
    struct slice token = slice_n(s->p, n);
    *s = slice_skip(*s, n);
    return token;
}

static void skip_blanks(struct slice *s)
{
    while (s->n > 0 && (s->p[0] == ' ' || s->p[0] == '\t')) *s = slice_skip(*s, 1);
}

// Bytes of the quoted-string's inside, up to the closing quote; -1 when it does not close or holds a control byte.
static ptrdiff_t quoted_length(struct slice s, unsigned *ret_escapes)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '"') return (ptrdiff_t)i;
        if (c == '\\') {
            if (++i == s.n) return -1;
            c = (unsigned char)s.p[i];
            (*ret_escapes)++;
        }
        if (c == 127 || (c < ' ' && c != '\t')) return -1;
    }
    return -1;
}

static bool unescape(struct slice raw, unsigned escapes, struct arena *arena, struct slice *ret)
{
    char *out = arena_alloc(arena, raw.n);
    if (out == NULL) return false;
    size_t n = 0;
    for (size_t i = 0; i < raw.n; i++) {
        if (raw.p[i] == '\\') i++;
        out[n++] = raw.p[i];
    }
    *ret = slice_n(out, raw.n - escapes);
    return true;
}

// The value after '=': a token or a quoted-string.
static bool take_value(struct slice *s, struct arena *arena, struct param *p)
{
    p->quoted = s->n > 0 && s->p[0] == '"';
    if (!p->quoted) {
        p->value = take_token(s);
        return p->value.n > 0;
    }
    unsigned escapes = 0;
    *s = slice_skip(*s, 1);
    ptrdiff_t n = quoted_length(*s, &escapes);
    if (n < 0) return false;
    p->value = slice_n(s->p, (size_t)n);
    *s = slice_skip(*s, (size_t)n + 1);
    return escapes == 0 || unescape(p->value, escapes, arena, &p->value);
}

static bool take_param(struct slice *s, struct arena *arena, struct param *p)
{
    p->name = take_token(s);
    skip_blanks(s); // RFC 9110 11.2: BWS around "="
    if (p->name.n == 0 || s->n == 0 || s->p[0] != '=') return false;
    *s = slice_skip(*s, 1);
    skip_blanks(s);
    if (!take_value(s, arena, p)) return false;
    skip_blanks(s);
    return s->n == 0 || s->p[0] == ',';
}

static const struct param *find_param(const struct param *params, unsigned n, struct slice name)
{
    for (unsigned i = 0; i < n; i++)
        if (slice_eq_nocase(params[i].name, name)) return &params[i];
    return NULL;
}

// All parameters of the list, each name once. Empty list elements are skipped (RFC 9110 5.6.1.2).
static bool take_params(struct slice s, struct arena *arena, struct param params[DIGEST_PARAMS], unsigned *ret_n)
{
    unsigned n = 0;
    for (;;) {
        while (s.n > 0 && (s.p[0] == ',' || s.p[0] == ' ' || s.p[0] == '\t')) s = slice_skip(s, 1);
        if (s.n == 0) break;
        struct param p;
        if (n == DIGEST_PARAMS || !take_param(&s, arena, &p) || find_param(params, n, p.name)) return false;
        params[n++] = p;
    }
    *ret_n = n;
    return true;
}

// Exactly 2n lower-case hex digits (RFC 7616 3.4: LHEX).
static bool lower_hex(struct slice s, void *out, size_t n)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] >= 'A' && s.p[i] <= 'F') return false;
    return hex_decode(s, out, n);
}

// The value of a parameter that must be there and quoted.
static bool quoted_param(const struct param *params, unsigned n, struct slice name, struct slice *ret)
{
    const struct param *p = find_param(params, n, name);
    if (p == NULL || !p->quoted) return false;
    *ret = p->value;
    return true;
}

// What we offer in the challenge must be what the client chose.
static bool offers_hold(const struct param *params, unsigned n)
{
    const struct param *algorithm = find_param(params, n, SLICE("algorithm"));
    const struct param *qop = find_param(params, n, SLICE("qop"));
    const struct param *userhash = find_param(params, n, SLICE("userhash"));
    struct slice realm;
    if (algorithm && !slice_eq_nocase(algorithm->value, SLICE("MD5"))) return false;
    if (qop == NULL || !slice_eq(qop->value, SLICE("auth"))) return false;
    if (userhash && !slice_eq_nocase(userhash->value, SLICE("false"))) return false;
    if (find_param(params, n, SLICE("username*"))) return false;
    return quoted_param(params, n, SLICE("realm"), &realm) && slice_eq(realm, SLICE(DIGEST_REALM));
}

bool digest_parse(struct slice text, struct arena *arena, struct digest *ret)
{
    struct param params[DIGEST_PARAMS];
    unsigned n;
    struct digest d = {0};
    struct slice response;
    if (!take_params(text, arena, params, &n) || !offers_hold(params, n)) return false;
    if (!quoted_param(params, n, SLICE("username"), &d.username)) return false;
    if (!quoted_param(params, n, SLICE("nonce"), &d.nonce)) return false;
    if (!quoted_param(params, n, SLICE("uri"), &d.uri)) return false;
    if (!quoted_param(params, n, SLICE("cnonce"), &d.cnonce)) return false;
    if (!quoted_param(params, n, SLICE("response"), &response) || !lower_hex(response, d.response, sizeof(d.response)))
        return false;
    const struct param *nc = find_param(params, n, SLICE("nc"));
    uint8_t count[4];
    if (nc == NULL || nc->quoted || !lower_hex(nc->value, count, sizeof(count))) return false;
    d.nc_text = nc->value;
    d.nc = (uint32_t)count[0] << 24 | (uint32_t)count[1] << 16 | (uint32_t)count[2] << 8 | count[3];
    *ret = d;
    return true;
}

// What follows scheme and authority of an absolute URI, without its '/' when it has a query only; else all of it.
static struct slice reduce(struct slice uri)
{
    struct slice rest = uri;
    if (uri.n >= 7 && slice_eq_nocase(slice_n(uri.p, 7), SLICE("http://")))
        rest = slice_skip(uri, 7);
    else if (uri.n >= 8 && slice_eq_nocase(slice_n(uri.p, 8), SLICE("https://")))
        rest = slice_skip(uri, 8);
    else
        return uri;
    while (rest.n > 0 && rest.p[0] != '/' && rest.p[0] != '?') rest = slice_skip(rest, 1);
    return rest;
}

bool digest_uri_is(struct slice uri, struct slice target)
{
    struct slice reduced = reduce(uri);
    if (slice_eq(reduced, target)) return true;
    // RFC 9112 3.2.1: an absolute URI without a path means "/".
    bool no_path = reduced.n == 0 || reduced.p[0] == '?';
    return no_path && reduced.n < uri.n && slice_starts(target, SLICE("/")) && slice_eq(reduced, slice_skip(target, 1));
}

void digest_ha1(struct slice username, struct slice realm, struct slice password, uint8_t ret[16])
{
    const struct slice parts[] = {username, SLICE(":"), realm, SLICE(":"), password};
    crypto_md5(parts, ARRAY_LEN(parts), ret);
}

void digest_response(const uint8_t ha1[16], struct slice method, const struct digest *d, uint8_t ret[16])
{
    uint8_t ha2[16];
    char ha1_hex[33], ha2_hex[33];
    const struct slice a2[] = {method, SLICE(":"), d->uri};
    crypto_md5(a2, ARRAY_LEN(a2), ha2);
    hex_encode(ha1, 16, ha1_hex);
    hex_encode(ha2, 16, ha2_hex);
    const struct slice colon = SLICE(":");
    const struct slice parts[] = {
        slice_n(ha1_hex, 32), colon, d->nonce, colon, d->nc_text, colon, d->cnonce, colon, SLICE("auth"), colon,
        slice_n(ha2_hex, 32)};
    crypto_md5(parts, ARRAY_LEN(parts), ret);
}

bool digest_is_right(const uint8_t ha1[16], struct slice method, const struct digest *d)
{
    uint8_t want[16];
    digest_response(ha1, method, d, want);
    return crypto_equal(want, d->response, sizeof(want));
}
