// SPDX-License-Identifier: Apache-2.0
// The chunked body by table: each case whole, byte by byte, and cut at every pair of points, with the same outcome.
// Run by: meson test. Must never: test a body in one piece only.
#include "httpd/h1.h"

#include <setjmp.h>
#include <stdarg.h>

#include "base/mem.h"

#include <cmocka.h>
#include <string.h>

static const struct h1_limits limits = {.target_max = 64, .head_max = 64, .body_max = 40};

struct outcome {
    enum h1_status status;
    size_t used; // in all; on rejection: bytes given
    struct h1_reject rej;
    char body[512];
    size_t body_n;
};

// Gives in[from..to) in memory of exactly that size. True while the decoder wants more.
static bool give(struct h1_chunked *c, struct slice in, size_t from, size_t to, struct outcome *o)
{
    size_t n = to - from, used = 777, out = 777;
    char *copy = mem_alloc(n ? n : 1);
    assert_non_null(copy);
    memcpy(copy, in.p + from, n);
    o->status = h1_chunked(c, copy, n, &limits, &used, &out, &o->rej);
    if (o->status == H1_REJECT) {
        assert_int_equal(used, 777);
        assert_int_equal(out, 777);
        o->used = to;
    } else {
        assert_true(used <= n && out <= used);
        assert_true(o->status == H1_READY || used == n);
        assert_true(o->body_n + out <= sizeof o->body);
        memcpy(o->body + o->body_n, copy, out);
        o->body_n += out;
        o->used = from + used;
    }
    mem_free(copy);
    return o->status == H1_MORE;
}

static void decode(struct slice in, size_t cut1, size_t cut2, struct outcome *o)
{
    struct h1_chunked c;
    h1_chunked_init(&c);
    memset(o, 0, sizeof *o);
    if (give(&c, in, 0, cut1, o) && give(&c, in, cut1, cut2, o)) (void)give(&c, in, cut2, in.n, o);
}

static void decode_bytes(struct slice in, struct outcome *o)
{
    struct h1_chunked c;
    h1_chunked_init(&c);
    memset(o, 0, sizeof *o);
    for (size_t i = 0; i < in.n && give(&c, in, i, i + 1, o); i++) continue;
}

// The outcome of byte by byte; fails when any other split differs.
static void parse(const char *name, struct slice in, struct outcome *o)
{
    static struct outcome cut;
    decode_bytes(in, o);
    for (size_t a = 0; a <= in.n; a++) {
        for (size_t b = a; b <= in.n; b++) {
            decode(in, a, b, &cut);
            bool same = cut.status == o->status;
            if (same && cut.status == H1_REJECT)
                same = cut.rej.problem == o->rej.problem && cut.rej.detail == o->rej.detail;
            if (same && cut.status != H1_REJECT)
                same = cut.used == o->used && cut.body_n == o->body_n && memcmp(cut.body, o->body, o->body_n) == 0;
            if (!same) fail_msg("%s: cut at %zu and %zu: %d became %d", name, a, b, o->status, cut.status);
        }
    }
}

struct accept_case {
    const char *name, *in, *rest, *body;
};
static const struct accept_case accepted[] = {
    {"empty", "0\r\n\r\n", "", ""},
    {"one chunk", "5\r\nhello\r\n0\r\n\r\n", "", "hello"},
    {"next request is left", "5\r\nhello\r\n0\r\n\r\n", "GET / HTTP/1.1\r\n", "hello"},
    {"several chunks", "1\r\na\r\n2\r\nbc\r\n00\r\n\r\n", "", "abc"},
    {"hex in both cases", "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", "", "01234567890123456789"},
    {"f and F", "f\r\n0123456789abcde\r\nF\r\n0123456789ABCDE\r\n0\r\n\r\n", "", "0123456789abcde0123456789ABCDE"},
    {"sixteen digits", "0000000000000001\r\na\r\n0000000000000000\r\n\r\n", "", "a"},
    {"data that looks like framing", "6\r\n\r\n0\r\n\r\r\n0\r\n\r\n", "", "\r\n0\r\n\r"},
    {"body at the limit", "28\r\n0123456789012345678901234567890123456789\r\n0\r\n\r\n", "",
     "0123456789012345678901234567890123456789"},
    {"extension name", "1;a\r\nx\r\n0;b\r\n\r\n", "", "x"},
    {"extension value", "1;a=b;c=d;e\r\nx\r\n0\r\n\r\n", "", "x"},
    {"extension longer", "1;abc ;de=fgh ;i\r\nx\r\n0\r\n\r\n", "", "x"},
    {"extension quoted", "1;a=\"b;\t=\\\"\\\\\x80 !\";c\r\nx\r\n0;a=\"\"\r\n\r\n", "", "x"},
    {"BWS everywhere", "1 \t; a\t =\t b ; c = \"d\"\t;e\r\nx\r\n0\r\n\r\n", "", "x"},
    {"trailers", "1\r\nx\r\n0\r\nA: b\r\nC:\t d\x80 \r\nE:\r\n\r\n", "", "x"},
    {"trailer names near the banned", "0\r\nHosu:1\r\nHost1:1\r\nContent-Lengt:1\r\n\r\n", "", ""},
    {"long trailer name", "0\r\nTransfer-Encodings:1\r\nTransfer-Encodinf: 1\r\n\r\n", "", ""},
};

static void accepts(void **state)
{
    (void)state;
    static struct outcome o;
    for (size_t i = 0; i < ARRAY_LEN(accepted); i++) {
        const struct accept_case *c = &accepted[i];
        char in[512];
        size_t n = strlen(c->in), rest = strlen(c->rest);
        memcpy(in, c->in, n);
        memcpy(in + n, c->rest, rest);
        parse(c->name, slice_n(in, n + rest), &o);
        if (o.status != H1_READY) fail_msg("%s: status %d, %s", c->name, o.status, o.rej.detail);
        if (o.used != n) fail_msg("%s: used %zu of %zu", c->name, o.used, n);
        if (!slice_eq(slice_n(o.body, o.body_n), slice_of(c->body)))
            fail_msg("%s: body %.*s", c->name, (int)o.body_n, o.body);
        for (size_t k = 0; k < n; k++) {
            decode_bytes(slice_n(in, k), &o);
            assert_int_equal(o.status, H1_MORE);
        }
    }
}

struct reject_case {
    const char *name;
    struct slice in;
    size_t at;
    enum problem problem;
    const char *detail;
};
#define R(name, bad, rest, problem, detail)                                                                            \
    {                                                                                                                  \
        name, {bad rest, sizeof(bad rest) - 1}, sizeof(bad) - 1, problem, detail                                       \
    }
#define X32                        "abcdefghabcdefghabcdefghabcdefgh"
#define B(name, bad, rest, detail) R(name, bad, rest, P_BAD_REQUEST, detail)
static const struct reject_case rejected[] = {
    B("no size", "\r", "\n", "begin with its size"),
    B("extension without size", ";", "a\r\n", "begin with its size"),
    B("leading space", " ", "1\r\na\r\n", "begin with its size"),
    B("sign", "+", "1\r\na\r\n", "begin with its size"),
    B("minus", "-", "1\r\na\r\n", "begin with its size"),
    B("0x", "0x", "1\r\na\r\n", "neither"),
    B("not hex", "g", "\r\n", "begin with its size"),
    B("seventeen digits", "00000000000000001", "\r\na\r\n", "16 digits"),
    B("bare LF after size", "1\n", "a\r\n", "neither"),
    B("bare CR after size", "1\ra", "\r\n", "CR is not"),
    B("space after size", "1 \r", "\na\r\n", "extension is malformed"),
    B("NUL after size", "1\0", "\r\na\r\n", "neither"),
    B("comma after size", "1,", "2\r\na\r\n", "neither"),
    B("underscore", "1_", "0\r\n", "neither"),
    B("short data", "3\r\nab\r\n", "0\r\n\r\n", "followed by CRLF"),
    B("long data", "1\r\nab", "\r\n0\r\n\r\n", "followed by CRLF"),
    B("data without CR", "1\r\na\n", "0\r\n\r\n", "followed by CRLF"),
    B("data without LF", "1\r\na\r0", "\r\n\r\n", "followed by CRLF"),
    B("extension without name", "1;\r", "\na\r\n", "malformed"),
    B("extension, two semicolons", "1;;", "a\r\n", "malformed"),
    B("extension, no value", "1;a=\r", "\na\r\n", "malformed"),
    B("extension, = first", "1;=", "a\r\n", "malformed"),
    B("extension, two =", "1;a==", "b\r\n", "malformed"),
    B("extension, = in value", "1;a=b=", "c\r\n", "neither"),
    B("extension, ; as value", "1;a=;", "b\r\n", "malformed"),
    B("extension, quoted name", "1;\"", "a\"\r\n", "malformed"),
    B("extension, space in name", "1;a b", "\r\n", "malformed"),
    B("extension, space in value", "1;a=b c", "\r\n", "malformed"),
    B("extension, space at the end", "1;a \r", "\nx", "malformed"),
    B("extension, space after value", "1;a=b \r", "\nx", "malformed"),
    B("extension, quote in name", "1;a\"", "b\"\r\n", "neither"),
    B("extension, token after quoted", "1;a=\"b\"c", "\r\n", "neither"),
    B("extension, = after quoted", "1;a=\"b\"=", "\r\n", "neither"),
    B("extension, bare LF", "1;a\n", "x\r\n", "neither"),
    B("extension, bare LF in value", "1;a=b\n", "x\r\n", "neither"),
    B("extension, bare CR", "1;a\rb", "\r\n", "CR is not"),
    B("extension, CR in quoted", "1;a=\"b\r", "\n\"\r\n", "control"),
    B("extension, LF in quoted", "1;a=\"b\n", "\"\r\n", "control"),
    B("extension, escaped CR", "1;a=\"b\\\r", "\"\r\n", "control"),
    B("extension, NUL in quoted", "1;a=\"\0", "\"\r\n", "control"),
    B("extension, DEL in quoted", "1;a=\"\x7f", "\"\r\n", "control"),
    B("extension, obs-text in name", "1;\xc3", "\r\n", "malformed"),
    B("end without CR", "0\r\n\n", "", "name and a colon"),
    B("end without LF", "0\r\n\rX", "", "CR is not"),
    B("trailer, empty name", "0\r\n:", " a\r\n\r\n", "name and a colon"),
    B("trailer, leading space", "0\r\n ", "a: b\r\n\r\n", "name and a colon"),
    B("trailer, space before colon", "0\r\na ", ": b\r\n\r\n", "name and a colon"),
    B("trailer, no colon", "0\r\na\r", "\n\r\n", "name and a colon"),
    B("trailer, fold", "0\r\na: b\r\n\t", "c\r\n\r\n", "name and a colon"),
    B("trailer, bare LF", "0\r\na: b\n", "\r\n", "bare LF"),
    B("trailer, bare CR", "0\r\na: b\rc", "\r\n\r\n", "CR is not"),
    B("trailer, NUL", "0\r\na: \0", "\r\n\r\n", "bare LF"),
    B("trailer, Host", "0\r\nHOST:", " a\r\n\r\n", "framed"),
    B("trailer, Content-Length", "0\r\nA: 1\r\nContent-Length:", " 1\r\n\r\n", "framed"),
    B("trailer, Transfer-Encoding", "0\r\ntransfer-encoding:", " chunked\r\n\r\n", "framed"),
    R("body past the limit at once", "29\r\n", "x", P_PAYLOAD_TOO_LARGE, NULL),
    R("body past the limit in two", "28\r\n0123456789012345678901234567890123456789\r\n1\r\n", "x", P_PAYLOAD_TOO_LARGE,
      NULL),
    R("size that would wrap", "1\r\nx\r\nffffffffffffffff\r\n", "x", P_PAYLOAD_TOO_LARGE, NULL),
    // 64 bytes of extensions and trailers are allowed; the first ";" counts as part of the size.
    R("extension too long", "1;" X32 X32 "x", "\r\n", P_HEADER_FIELDS_TOO_LARGE, NULL),
    R("extensions too long together", "1;" X32 "\r\nx\r\n1;" X32, "\r\n", P_HEADER_FIELDS_TOO_LARGE, NULL),
    R("trailers too long", "0\r\n" X32 ":xxxxxxx\r\nB:123456789012345678901", "\r\n", P_HEADER_FIELDS_TOO_LARGE, NULL),
};

static void rejects_at_once(void **state)
{
    (void)state;
    static struct outcome o;
    for (size_t i = 0; i < ARRAY_LEN(rejected); i++) {
        const struct reject_case *c = &rejected[i];
        parse(c->name, c->in, &o);
        if (o.status != H1_REJECT) fail_msg("%s: status %d", c->name, o.status);
        if (o.rej.problem != c->problem) fail_msg("%s: problem %d, %s", c->name, o.rej.problem, o.rej.detail);
        if (o.used != c->at) fail_msg("%s: refused with %zu bytes, not %zu", c->name, o.used, c->at);
        if (c->detail ? !o.rej.detail || !strstr(o.rej.detail, c->detail) : o.rej.detail != NULL)
            fail_msg("%s: detail %s", c->name, o.rej.detail);
    }
}

static void nothing_after_the_end(void **state)
{
    (void)state;
    struct h1_chunked c;
    struct h1_reject rej;
    size_t used = 9, out = 9;
    char in[] = "0\r\n\r\nX";
    h1_chunked_init(&c);
    assert_int_equal(h1_chunked(&c, in, 6, &limits, &used, &out, &rej), H1_READY);
    assert_int_equal(used, 5);
    assert_int_equal(h1_chunked(&c, in + 5, 1, &limits, &used, &out, &rej), H1_READY);
    assert_int_equal(used, 0);
    assert_int_equal(out, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts),
        cmocka_unit_test(rejects_at_once),
        cmocka_unit_test(nothing_after_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
