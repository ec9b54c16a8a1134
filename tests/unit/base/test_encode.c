// SPDX-License-Identifier: Apache-2.0
// Behaviour of base/encode.h: published vectors, round trips, and every spelling that must be refused.
// Called by: meson test. Must never: need the network.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/encode.h"

static void hex_both_ways(void **state)
{
    char text[9];
    hex_encode("\x00\x1f\xab\xff", 4, text);
    assert_string_equal(text, "001fabff");
    hex_encode("", 0, text);
    assert_string_equal(text, "");
    unsigned char out[4] = {9, 9, 9, 9};
    assert_true(hex_decode(SLICE("001fABfF"), out, 4));
    assert_memory_equal(out, "\x00\x1f\xab\xff", 4);
    const char *bad[] = {"", "001fab", "001fabff00", "001fabf", "001fabfg", "0x1fabff", " 01fabff"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) assert_false(hex_decode(slice_of(bad[i]), out, 4));
    assert_memory_equal(out, "\x00\x1f\xab\xff", 4); // untouched
    assert_true(hex_decode(SLICE(""), out, 0));
}

// RFC 4648 section 10.
static const struct {
    const char *plain, *std, *url;
} vectors[] = {
    {"", "", ""},
    {"f", "Zg==", "Zg"},
    {"fo", "Zm8=", "Zm8"},
    {"foo", "Zm9v", "Zm9v"},
    {"foob", "Zm9vYg==", "Zm9vYg"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
    {"\xfb\xff\xbf", "+/+/", "-_-_"},
};

static void base64_vectors(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        char text[16], back[16];
        size_t n = 99, len = strlen(vectors[i].plain);
        base64_encode(vectors[i].plain, len, text);
        assert_string_equal(text, vectors[i].std);
        assert_true(base64_decode(slice_of(text), back, len, &n));
        assert_int_equal(n, len);
        assert_memory_equal(back, vectors[i].plain, len);
        base64url_encode(vectors[i].plain, len, text);
        assert_string_equal(text, vectors[i].url);
        assert_true(base64url_decode(slice_of(text), back, len, &n));
        assert_int_equal(n, len);
        assert_memory_equal(back, vectors[i].plain, len);
    }
}

static void base64_of_all_lengths(void **state)
{
    unsigned char in[64], back[64];
    char text[BASE64_LEN(64) + 1];
    for (size_t n = 0; n <= 64; n++) {
        for (size_t i = 0; i < n; i++) in[i] = (unsigned char)(i * 89 + n * 7);
        size_t got;
        base64_encode(in, n, text);
        assert_int_equal(strlen(text), BASE64_LEN(n));
        assert_true(base64_decode(slice_of(text), back, n, &got) && got == n);
        assert_memory_equal(in, back, n);
        if (n) assert_false(base64_decode(slice_of(text), back, n - 1, &got));
    }
}

static void base64_refuses_second_spellings(void **state)
{
    char out[16];
    size_t n = 77;
    const char *bad[] = {"Zg",   "Zg=", "Zg===", "Zh==",   "Zm9=",     "Zm9v=", "=",    "==",    "====",
                         "Z===", "Z",   "Zm 9v", "Zm9v\n", "Zg==Zg==", "Zm9-",  "Z=g=", "Zg==\n"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) assert_false(base64_decode(slice_of(bad[i]), out, sizeof out, &n));
    const char *bad_url[] = {"Zg==", "Zh", "Zm9", "Z", "Zm9+", "Zm9vY"};
    for (size_t i = 0; i < ARRAY_LEN(bad_url); i++)
        assert_false(base64url_decode(slice_of(bad_url[i]), out, sizeof out, &n));
    assert_int_equal(n, 77);
}

static void percent_and_form_encode(void **state)
{
    struct buf b;
    buf_init(&b, 256);
    percent_encode(&b, SLICE("aZ09-._~ /+%\xc3\xa4\0"));
    assert_true(slice_eq(buf_view(&b), SLICE("aZ09-._~%20%2F%2B%25%C3%A4%00")));
    buf_clear(&b);
    form_encode(&b, SLICE("a b+c&d=e"));
    assert_true(slice_eq(buf_view(&b), SLICE("a+b%2Bc%26d%3De")));
    buf_clear(&b);
    percent_encode(&b, (struct slice){NULL, 0});
    assert_int_equal(b.n, 0);
    buf_done(&b);
}

static void percent_and_form_decode(void **state)
{
    char out[32];
    size_t n = 0;
    assert_true(percent_decode(SLICE("a%20b+c%2f%2F"), out, sizeof out, &n));
    assert_true(slice_eq(slice_n(out, n), SLICE("a b+c//")));
    assert_true(form_decode(SLICE("a%20b+c%2B"), out, sizeof out, &n));
    assert_true(slice_eq(slice_n(out, n), SLICE("a b c+")));
    const char *bad[] = {"%", "%2", "a%2", "%zz", "%2g", "%00", "a%00b", "%%20"};
    n = 77;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(percent_decode(slice_of(bad[i]), out, sizeof out, &n));
        assert_false(form_decode(slice_of(bad[i]), out, sizeof out, &n));
    }
    assert_false(percent_decode(SLICE("a\0b"), out, sizeof out, &n));
    assert_false(percent_decode(SLICE("abcd"), out, 3, &n));
    assert_int_equal(n, 77);
    assert_true(percent_decode(SLICE("%61%62%63"), out, 3, &n) && n == 3);
    assert_true(percent_decode(SLICE(""), out, 0, &n) && n == 0);
}

static void encoded_bytes_decode_to_themselves(void **state)
{
    char all[255], out[255];
    for (int i = 0; i < 255; i++) all[i] = (char)(i + 1);
    struct buf b;
    size_t n;
    buf_init(&b, 1024);
    percent_encode(&b, slice_n(all, 255));
    assert_true(percent_decode(buf_view(&b), out, sizeof out, &n) && n == 255);
    assert_memory_equal(all, out, 255);
    buf_clear(&b);
    form_encode(&b, slice_n(all, 255));
    assert_true(form_decode(buf_view(&b), out, sizeof out, &n) && n == 255);
    assert_memory_equal(all, out, 255);
    buf_done(&b);
}

static void query_walks_its_pairs(void **state)
{
    struct slice rest = SLICE("&a=b&c&&d=&=e&f=g=h&");
    static const struct {
        const char *name, *value;
        bool has_value;
    } want[] = {{"a", "b", true}, {"c", "", false}, {"d", "", true}, {"", "e", true}, {"f", "g=h", true}};
    struct query_param p;
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        assert_true(query_next(&rest, &p));
        assert_true(slice_eq_cstr(p.name, want[i].name));
        assert_true(slice_eq_cstr(p.value, want[i].value));
        assert_int_equal(p.has_value, want[i].has_value);
    }
    assert_false(query_next(&rest, &p));
    rest = SLICE("&&&");
    assert_false(query_next(&rest, &p));
    rest = (struct slice){NULL, 0};
    assert_false(query_next(&rest, &p));
}

static void utf8_knows_the_borders(void **state)
{
    const char *good[] = {"",
                          "ascii only, longer than eight",
                          "\x7f",
                          "\xc2\x80",
                          "\xdf\xbf",
                          "\xe0\xa0\x80",
                          "\xed\x9f\xbf",
                          "\xee\x80\x80",
                          "\xef\xbf\xbf",
                          "\xf0\x90\x80\x80",
                          "\xf4\x8f\xbf\xbf",
                          "12345678\xc3\xa4",
                          "1234567\xc3\xa4"
                          "8"};
    const char *bad[] = {"\x80",
                         "\xbf",
                         "\xc0\x80",
                         "\xc1\xbf",
                         "\xc2",
                         "\xc2\x41",
                         "\xe0\x9f\xbf",
                         "\xed\xa0\x80",
                         "\xed\xbf\xbf",
                         "\xe2\x82",
                         "\xf0\x8f\xbf\xbf",
                         "\xf4\x90\x80\x80",
                         "\xf5\x80\x80\x80",
                         "\xf0\x9f\x98",
                         "\xff",
                         "\xfe",
                         "12345678\x80",
                         "1234567\xc3"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) assert_true(utf8_valid(slice_of(good[i])));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) assert_false(utf8_valid(slice_of(bad[i])));
    assert_true(utf8_valid(SLICE("a\0b")));
    assert_int_equal(utf8_len(SLICE("\xf0\x9f\x98\x80!")), 4);
    assert_int_equal(utf8_len(SLICE("\xe2\x82\xac")), 3);
    assert_int_equal(utf8_len(SLICE("")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex_both_ways),
        cmocka_unit_test(base64_vectors),
        cmocka_unit_test(base64_of_all_lengths),
        cmocka_unit_test(base64_refuses_second_spellings),
        cmocka_unit_test(percent_and_form_encode),
        cmocka_unit_test(percent_and_form_decode),
        cmocka_unit_test(encoded_bytes_decode_to_themselves),
        cmocka_unit_test(query_walks_its_pairs),
        cmocka_unit_test(utf8_knows_the_borders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
