// SPDX-License-Identifier: Apache-2.0
// Queries, percent-encoding, base64, hex and UTF-8: decoding accepts only what encoding would write, or loses nothing.
// Called by: fuzz/driver.c or libFuzzer. Must never: give a decoder less room than it asks for.
#include <string.h>

#include "base/encode.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef bool (*decode_fn)(struct slice s, char *out, size_t cap, size_t *ret_n);
typedef void (*encode_fn)(struct buf *b, struct slice s);

// Decoded, encoded and decoded again, it is the same; without NUL, and never longer than it was.
static void check_escapes(struct slice s, decode_fn decode, encode_fn encode)
{
    char *once = mem_alloc(s.n + 1), *twice = mem_alloc(s.n + 1);
    size_t n = 0, m = 0;
    struct buf b;
    ASSERT(once && twice);
    buf_init(&b, 1 << 24);
    if (decode(s, once, s.n, &n)) {
        ASSERT(n <= s.n && !memchr(once, '\0', n));
        encode(&b, slice_n(once, n));
        char *room = mem_alloc(b.n + 1);
        ASSERT(room && !b.fail);
        bool again = decode(buf_view(&b), room, b.n, &m);
        ASSERT(again && m == n && memcmp(once, room, n) == 0);
        mem_free(room);
    }
    buf_done(&b);
    mem_free(once);
    mem_free(twice);
}

static void check_query(struct slice query)
{
    struct slice rest = query;
    struct query_param p;
    size_t pieces = 0;
    while (query_next(&rest, &p)) {
        ASSERT(++pieces <= query.n + 1 && p.name.n + p.value.n + p.has_value > 0);
        ASSERT(slice_find(p.name, '&') < 0 && slice_find(p.value, '&') < 0 && slice_find(p.name, '=') < 0);
        ASSERT(p.has_value || p.value.n == 0);
        check_escapes(p.value, form_decode, form_encode);
    }
    ASSERT(rest.n == 0);
}

static void check_base64(struct slice s, bool url)
{
    uint8_t *out = mem_alloc(s.n + 1);
    char *back = mem_alloc(BASE64_LEN(s.n) + 1);
    size_t n = 0;
    ASSERT(out && back);
    if (url ? base64url_decode(s, out, s.n, &n) : base64_decode(s, out, s.n, &n)) {
        if (url)
            base64url_encode(out, n, back);
        else
            base64_encode(out, n, back);
        ASSERT(slice_eq_cstr(s, back));
        ASSERT(n == 0 || !(url ? base64url_decode(s, out, n - 1, &n) : base64_decode(s, out, n - 1, &n)));
    }
    mem_free(out);
    mem_free(back);
}

static void check_hex(struct slice s)
{
    uint8_t *out = mem_alloc(s.n / 2 + 1);
    char *back = mem_alloc(s.n + 2);
    ASSERT(out && back);
    if (hex_decode(s, out, s.n / 2)) {
        hex_encode(out, s.n / 2, back);
        ASSERT(slice_eq_nocase(s, slice_of(back)));
    }
    mem_free(out);
    mem_free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4096) return 0;
    struct slice s = slice_n((const char *)data, size);
    check_query(s);
    check_escapes(s, percent_decode, percent_encode);
    check_escapes(s, form_decode, form_encode);
    check_base64(s, false);
    check_base64(s, true);
    check_hex(s);
    bool ascii = true;
    for (size_t i = 0; i < size; i++) ascii = ascii && data[i] < 0x80;
    ASSERT(!ascii || utf8_valid(s));
    return 0;
}
