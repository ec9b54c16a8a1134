// SPDX-License-Identifier: Apache-2.0
// Hex, base64 (RFC 4648), percent- and form-encoding (RFC 3986 2.1, WHATWG URL), UTF-8 (RFC 3629).
// Called by: auth, net, cloud, ec2sim, api, and the JSON and XML writers.
// Must never: accept a second spelling of what it writes, letter case of hex digits excepted.
#include "base/encode.h"

static const char hex_lower[] = "0123456789abcdef";
static const char hex_upper[] = "0123456789ABCDEF";

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

void hex_encode(const void *p, size_t n, char *out)
{
    const unsigned char *in = p;
    for (size_t i = 0; i < n; i++) {
        *out++ = hex_lower[in[i] >> 4];
        *out++ = hex_lower[in[i] & 15];
    }
    *out = '\0';
}

bool hex_decode(struct slice s, void *out, size_t out_n)
{
    unsigned char *to = out;
    if (s.n % 2 || s.n / 2 != out_n) return false;
    for (size_t i = 0; i < s.n; i++) // all of it first: out is untouched on failure
        if (hex_digit(s.p[i]) < 0) return false;
    for (size_t i = 0; i < out_n; i++) to[i] = (unsigned char)(hex_digit(s.p[2 * i]) << 4 | hex_digit(s.p[2 * i + 1]));
    return true;
}

// ---- base64 -------------------------------------------------------------------------------

static const char alphabet_std[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char alphabet_url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void encode64(const void *p, size_t n, char *out, const char *alphabet, bool pad)
{
    const unsigned char *in = p;
    for (; n >= 3; n -= 3, in += 3) {
        *out++ = alphabet[in[0] >> 2];
        *out++ = alphabet[(in[0] & 3) << 4 | in[1] >> 4];
        *out++ = alphabet[(in[1] & 15) << 2 | in[2] >> 6];
        *out++ = alphabet[in[2] & 63];
    }
    if (n) {
        unsigned second = n == 2 ? in[1] : 0;
        *out++ = alphabet[in[0] >> 2];
        *out++ = alphabet[(in[0] & 3) << 4 | second >> 4];
        if (n == 2) *out++ = alphabet[(second & 15) << 2];
        for (size_t i = n; pad && i < 3; i++) *out++ = '=';
    }
    *out = '\0';
}

static int digit64(char c, bool url)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == (url ? '-' : '+')) return 62;
    if (c == (url ? '_' : '/')) return 63;
    return -1;
}

// s has no padding any more.
static bool decode64(struct slice s, unsigned char *out, size_t cap, size_t *ret_n, bool url)
{
    size_t tail = s.n % 4, n = s.n / 4 * 3 + (tail ? tail - 1 : 0);
    if (tail == 1 || n > cap) return false;
    for (size_t i = 0; i < s.n; i++)
        if (digit64(s.p[i], url) < 0) return false;
    // The last character carries 4 (of two) or 2 (of three) bits that belong to no byte.
    if (tail && (digit64(s.p[s.n - 1], url) & (tail == 2 ? 15 : 3))) return false;
    uint32_t bits = 0;
    unsigned have = 0;
    for (size_t i = 0; i < s.n; i++) {
        bits = bits << 6 | (uint32_t)digit64(s.p[i], url);
        have += 6;
        if (have < 8) continue;
        have -= 8;
        *out++ = (unsigned char)(bits >> have);
    }
    *ret_n = n;
    return true;
}

void base64_encode(const void *p, size_t n, char *out)
{
    encode64(p, n, out, alphabet_std, true);
}

void base64url_encode(const void *p, size_t n, char *out)
{
    encode64(p, n, out, alphabet_url, false);
}

bool base64_decode(struct slice s, void *out, size_t cap, size_t *ret_n)
{
    if (s.n % 4) return false;
    for (int i = 0; i < 2 && slice_ends(s, SLICE("=")); i++) s.n--;
    return decode64(s, out, cap, ret_n, false);
}

bool base64url_decode(struct slice s, void *out, size_t cap, size_t *ret_n)
{
    return decode64(s, out, cap, ret_n, true);
}

// ---- percent and form ---------------------------------------------------------------------

static bool unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

static void encode_url(struct buf *b, struct slice s, bool plus)
{
    size_t done = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (unreserved(s.p[i])) continue;
        buf_add(b, s.p + done, i - done);
        done = i + 1;
        if (plus && c == ' ')
            buf_char(b, '+');
        else
            buf_add(b, (const char[]){'%', hex_upper[c >> 4], hex_upper[c & 15]}, 3);
    }
    if (done < s.n) buf_add(b, s.p + done, s.n - done);
}

void percent_encode(struct buf *b, struct slice s)
{
    encode_url(b, s, false);
}

void form_encode(struct buf *b, struct slice s)
{
    encode_url(b, s, true);
}

// A NUL is refused in either spelling: what is decoded here ends up in C strings.
static bool decode_url(struct slice s, char *out, size_t cap, size_t *ret_n, bool plus)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++, n++) {
        char c = s.p[i];
        if (c == '%') {
            if (s.n - i < 3) return false;
            int hi = hex_digit(s.p[i + 1]), lo = hex_digit(s.p[i + 2]);
            if (hi < 0 || lo < 0) return false;
            c = (char)(hi << 4 | lo);
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        if (c == '\0' || n >= cap) return false;
        out[n] = c;
    }
    *ret_n = n;
    return true;
}

bool percent_decode(struct slice s, char *out, size_t cap, size_t *ret_n)
{
    return decode_url(s, out, cap, ret_n, false);
}

bool form_decode(struct slice s, char *out, size_t cap, size_t *ret_n)
{
    return decode_url(s, out, cap, ret_n, true);
}

bool query_next(struct slice *rest, struct query_param *ret)
{
    while (rest->n) {
        struct slice piece, name;
        (void)slice_cut(rest, '&', &piece);
        if (piece.n == 0) continue;
        bool has_value = slice_cut(&piece, '=', &name);
        *ret = (struct query_param){.name = name, .value = piece, .has_value = has_value};
        return true;
    }
    return false;
}

// ---- UTF-8 --------------------------------------------------------------------------------

static bool in_range(char c, unsigned char min, unsigned char max)
{
    return (unsigned char)c >= min && (unsigned char)c <= max;
}

size_t utf8_len(struct slice s)
{
    if (s.n == 0) return 0;
    unsigned char c = (unsigned char)s.p[0];
    if (c < 0x80) return 1;
    if (c < 0xc2 || c > 0xf4) return 0; // continuation, overlong, beyond U+10FFFF
    size_t len = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    if (s.n < len) return 0;
    // RFC 3629 section 4: only the second byte's range depends on the first.
    unsigned char min = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    unsigned char max = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    if (!in_range(s.p[1], min, max)) return 0;
    for (size_t i = 2; i < len; i++)
        if (!in_range(s.p[i], 0x80, 0xbf)) return 0;
    return len;
}

bool utf8_valid(struct slice s)
{
    while (s.n) {
        uint64_t x;
        if (s.n >= 8 && (memcpy(&x, s.p, 8), (x & UINT64_C(0x8080808080808080)) == 0)) {
            s = slice_skip(s, 8);
            continue;
        }
        size_t len = utf8_len(s);
        if (!len) return false;
        s = slice_skip(s, len);
    }
    return true;
}
