// SPDX-License-Identifier: Apache-2.0
// Digest credentials: the published examples of RFC 7616 and RFC 2617, the forms of the clients that we serve, and a
// table of headers that must be refused. Run by: meson test. Must never: need a store.
#include "auth/digest.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>

#include "base/encode.h"
#include "base/mem.h"
#include "net/crypto.h"

static struct arena *arena;

static int set_up(void **state)
{
    struct error err;
    arena = arena_new(64 * 1024);
    return crypto_init(&err) == ERR_OK && arena ? 0 : -1;
}

static int tear_down(void **state)
{
    arena_free(arena);
    return 0;
}

static void the_example_of_rfc_7616(void **state)
{
    uint8_t ha1[16], response[16];
    char hex[33];
    const struct digest d = {.nonce = SLICE("7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"),
                             .uri = SLICE("/dir/index.html"),
                             .cnonce = SLICE("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"),
                             .nc_text = SLICE("00000001")};
    digest_ha1(SLICE("Mufasa"), SLICE("http-auth@example.org"), SLICE("Circle of Life"), ha1);
    digest_response(ha1, SLICE("GET"), &d, response);
    hex_encode(response, 16, hex);
    assert_string_equal(hex, "8ca523f5e9506fed4657c9700eebdbec");
}

static void the_example_of_rfc_2617(void **state)
{
    uint8_t ha1[16], response[16];
    char hex[33];
    const struct digest d = {.nonce = SLICE("dcd98b7102dd2f0e8b11d0f600bfb0c093"),
                             .uri = SLICE("/dir/index.html"),
                             .cnonce = SLICE("0a4f113b"),
                             .nc_text = SLICE("00000001")};
    digest_ha1(SLICE("Mufasa"), SLICE("testrealm@host.com"), SLICE("Circle Of Life"), ha1);
    hex_encode(ha1, 16, hex);
    assert_string_equal(hex, "939e7578ed9e3c518a452acee763bce9");
    digest_response(ha1, SLICE("GET"), &d, response);
    hex_encode(response, 16, hex);
    assert_string_equal(hex, "6629fae49393a05397450978507c4ef1");
}

// What Go's digest transport sends (facts 3.2): algorithm quoted, qop and nc bare.
static void the_header_of_the_go_client(void **state)
{
    struct digest d;
    assert_true(digest_parse(
        SLICE("username=\"abcdefgh\", realm=\"MMS Public API\", nonce=\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+\", "
              "uri=\"/api/atlas/v2/groups?pageNum=1&itemsPerPage=100\", "
              "response=\"0123456789abcdef0123456789abcdef\", algorithm=\"MD5\", cnonce=\"0f1e2d3c4b5a6978\", "
              "qop=auth, nc=00000001"),
        arena, &d));
    assert_true(slice_eq_cstr(d.username, "abcdefgh"));
    assert_true(slice_eq_cstr(d.nonce, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+"));
    assert_true(slice_eq_cstr(d.uri, "/api/atlas/v2/groups?pageNum=1&itemsPerPage=100"));
    assert_true(slice_eq_cstr(d.cnonce, "0f1e2d3c4b5a6978"));
    assert_true(slice_eq_cstr(d.nc_text, "00000001"));
    assert_int_equal(d.nc, 1);
    assert_int_equal(d.response[0], 0x01);
    assert_int_equal(d.response[15], 0xef);
}

static void the_header_of_curl(void **state)
{
    struct digest d;
    assert_true(digest_parse(SLICE("username=\"abcdefgh\",realm=\"MMS Public API\",nonce=\"n\",uri=\"/\","
                                   "cnonce=\"ZDk4YjcxMDJkZDJmMGU4YjExZDBmNjAwYmZiMGMwOTM=\",nc=0000000a,"
                                   "algorithm=MD5,response=\"0123456789abcdef0123456789abcdef\",qop=\"auth\""),
                             arena, &d));
    assert_int_equal(d.nc, 10);
    assert_true(slice_eq_cstr(d.nc_text, "0000000a"));
}

#define REST                                                                                                           \
    ", realm=\"MMS Public API\", nonce=\"n\", uri=\"/\", response=\"0123456789abcdef0123456789abcdef\", "              \
    "cnonce=\"c\", qop=auth, nc=00000001"

static void lenient_only_where_the_rfc_is(void **state)
{
    static const char *const good[] = {
        "username=\"u\"" REST,
        "USERNAME=\"u\"" REST,
        ", ,username=\"u\"" REST " , ,",
        "username = \"u\"" REST,
        "username\t=\t\"u\"" REST,
        "username=\"u\"" REST ", opaque=\"\", extension=1, other=\"x,y=z\"",
        "username=\"u\"" REST ", userhash=false",
        "username=\"u\"" REST ", algorithm=md5",
        "username=\"\\u\"" REST, // a quoted pair is its second character
    };
    for (unsigned i = 0; i < ARRAY_LEN(good); i++) {
        struct digest d;
        if (!digest_parse(slice_of(good[i]), arena, &d)) fail_msg("refused: %s", good[i]);
        assert_true(slice_eq_cstr(d.username, "u"));
    }
    struct digest d;
    assert_true(digest_parse(SLICE("username=\"a\\\"b\\\\c\td\xc3\xa9\"" REST), arena, &d));
    assert_true(slice_eq_cstr(d.username, "a\"b\\c\td\xc3\xa9"));
    assert_true(digest_parse(SLICE("username=\"\"" REST), arena, &d));
    assert_int_equal(d.username.n, 0);
}

static void everything_else_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        ",",
        "username",
        "username=",
        "=\"u\"",
        "username=\"u" REST,
        "username=\"u\\",
        "username=\"u\"x" REST,
        "username=\"u\" realm=\"MMS Public API\"",
        "username=u" REST,
        "username=\"u\x01\"" REST,
        "username=\"u\\\x01\"" REST,
        "username=\"u\x7f\"" REST,
        "username=\"u\", username=\"u\"" REST,
        "username=\"u\", Username=\"v\"" REST,
        "username=\"u\"" REST ", x=1, x=2",
        "username=\"u\"" REST ", username*=UTF-8''u",
        "username*=UTF-8''u" REST,
        "username=\"u\"" REST ", userhash=true",
        "username=\"u\"" REST ", algorithm=SHA-256",
        "username=\"u\"" REST ", algorithm=MD5-sess",
        "username=\"u\"" REST ", a=1, b=1, c=1, d=1, e=1, f=1, g=1, h=1, i=1",
        "username=\"u\"" REST ", (=1",
        "username=\"u\"" REST ", x",
        "username=\"u\"" REST "\x80",
        "username=\"u\", realm=\"MMS public API\", nonce=\"n\", uri=\"/\", "
        "response=\"0123456789abcdef0123456789abcdef\", cnonce=\"c\", qop=auth, nc=00000001",
        "username=\"u\", realm=token, nonce=\"n\", uri=\"/\", "
        "response=\"0123456789abcdef0123456789abcdef\", cnonce=\"c\", qop=auth, nc=00000001",
    };
    for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
        struct digest d = {.nc = 77};
        if (digest_parse(slice_of(bad[i]), arena, &d)) fail_msg("accepted: %s", bad[i]);
        assert_int_equal(d.nc, 77); // untouched
    }
}

// Each needed parameter left out, or with a value of the wrong shape.
static void each_needed_parameter_is_needed(void **state)
{
    static const char *const params[] = {"username=\"u\"", "realm=\"MMS Public API\"",
                                         "nonce=\"n\"",    "uri=\"/\"",
                                         "cnonce=\"c\"",   "qop=auth",
                                         "nc=00000001",    "response=\"0123456789abcdef0123456789abcdef\""};
    static const char *const wrong[][7] = {
        {"username=u"},
        {"realm=\"MMS Public API \""},
        {"nonce=n"},
        {"uri=/"},
        {"cnonce=c"},
        {"qop=auth-int", "qop=\"auth,auth-int\"", "qop=\"\"", "qop=AUTH"},
        {"nc=\"00000001\"", "nc=1", "nc=0000000001", "nc=0000000A", "nc=0000000g", "nc=-0000001", "nc=0000000/"},
        {"response=0123456789abcdef0123456789abcdef", "response=\"0123456789ABCDEF0123456789ABCDEF\"",
         "response=\"0123456789abcdef0123456789abcde\"", "response=\"0123456789abcdef0123456789abcdefa\"",
         "response=\"0123456789abcdef0123456789abcde:\"", "response=\"\""}};
    for (unsigned out = 0; out <= ARRAY_LEN(params); out++) {
        for (unsigned v = 0; v < 8; v++) {
            const char *instead = out < ARRAY_LEN(params) && v > 0 ? wrong[out][v - 1] : NULL;
            if (v > 0 && instead == NULL) continue;
            char text[1024] = "";
            for (unsigned i = 0; i < ARRAY_LEN(params); i++) {
                const char *p = i == out ? instead : params[i];
                size_t n = strlen(text);
                if (p) snprintf(text + n, sizeof(text) - n, "%s%s", n ? ", " : "", p);
            }
            struct digest d;
            if (digest_parse(slice_of(text), arena, &d) != (out == ARRAY_LEN(params))) fail_msg("wrong: %s", text);
        }
    }
}

static void no_memory_refuses(void **state)
{
    struct digest d;
    struct arena *tiny = arena_new(16);
    assert_false(digest_parse(SLICE("username=\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\\b\"" REST), tiny, &d));
    arena_free(tiny);
}

static void the_uri_must_be_the_target(void **state)
{
    static const struct {
        const char *uri, *target;
        bool same;
    } rows[] = {
        {"/a/b?c=d", "/a/b?c=d", true},
        {"/a/b", "/a/b?c=d", false},
        {"/a/b?c=d", "/a/b", false},
        {"/A/b", "/a/b", false},
        {"/a%2fb", "/a%2Fb", false},
        {"http://host:8080/a/b?c", "/a/b?c", true},
        {"HTTPS://host/a/b?c", "/a/b?c", true},
        {"http://host", "/", true},
        {"http://host?q=1", "/?q=1", true},
        {"http://host/", "/", true},
        {"http://host/x", "/", false},
        {"ftp://host/a", "/a", false},
        {"//host/a", "/a", false},
        {"", "/", false},
        {"?q=1", "/?q=1", false},
        {"http://", "/", true},
        {"http:/", "/", false},
        {"http://h", "*", false},
        {"http://h?x", "/?y", false},
        {"http://h?x", "*?x", false},
        {"*", "*", true},
    };
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
        if (digest_uri_is(slice_of(rows[i].uri), slice_of(rows[i].target)) != rows[i].same)
            fail_msg("%s against %s", rows[i].uri, rows[i].target);
}

static void only_the_exact_response_is_right(void **state)
{
    uint8_t ha1[16];
    struct digest d = {.nonce = SLICE("n"), .uri = SLICE("/"), .cnonce = SLICE("c"), .nc_text = SLICE("00000001")};
    digest_ha1(SLICE("abcdefgh"), SLICE(DIGEST_REALM), SLICE("secret"), ha1);
    digest_response(ha1, SLICE("GET"), &d, d.response);
    assert_true(digest_is_right(ha1, SLICE("GET"), &d));
    assert_false(digest_is_right(ha1, SLICE("POST"), &d));
    for (int bit = 0; bit < 128; bit++) {
        d.response[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(digest_is_right(ha1, SLICE("GET"), &d));
        d.response[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    d.nc_text = SLICE("00000002");
    assert_false(digest_is_right(ha1, SLICE("GET"), &d));
}

// Every prefix and every changed byte of a good header: parses or not, but never reads outside (the sanitizers watch).
static void cut_and_changed_headers_are_safe(void **state)
{
    static const char text[] = "username=\"a\\bc\", algorithm=MD5" REST;
    for (size_t n = 0; n < sizeof(text) - 1; n++) {
        char *copy = mem_alloc(n + 1);
        struct digest d;
        memcpy(copy, text, n);
        assert_false(digest_parse(slice_n(copy, n), arena, &d));
        mem_free(copy);
    }
    char copy[sizeof(text)];
    unsigned accepted = 0;
    for (size_t at = 0; at < sizeof(text) - 1; at++) {
        for (int c = 0; c < 256; c++) {
            struct digest d;
            memcpy(copy, text, sizeof(text));
            copy[at] = (char)c;
            arena_reset(arena);
            accepted += digest_parse(slice_n(copy, sizeof(text) - 1), arena, &d);
        }
    }
    assert_true(accepted > 1000); // values may be anything
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_rfc_7616),          cmocka_unit_test(the_example_of_rfc_2617),
        cmocka_unit_test(the_header_of_the_go_client),      cmocka_unit_test(the_header_of_curl),
        cmocka_unit_test(lenient_only_where_the_rfc_is),    cmocka_unit_test(everything_else_is_refused),
        cmocka_unit_test(each_needed_parameter_is_needed),  cmocka_unit_test(no_memory_refuses),
        cmocka_unit_test(the_uri_must_be_the_target),       cmocka_unit_test(only_the_exact_response_is_right),
        cmocka_unit_test(cut_and_changed_headers_are_safe),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
