// SPDX-License-Identifier: Apache-2.0
// Basic credentials in both spellings, and schemes. Run by: meson test. Must never: need a store.
#include "auth/basic.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/encode.h"

static bool parse(const char *text, size_t n, struct arena *a, struct basic *ret)
{
    static char b64[4096];
    base64_encode(text, n, b64);
    return basic_parse(slice_of(b64), a, ret);
}
#define PARSE(lit, a, ret) parse(lit, sizeof(lit) - 1, a, ret)

static void raw_and_percent_encoded(void **state)
{
    struct arena *a = arena_new(64 * 1024);
    struct basic b;
    assert_true(PARSE("mdb_sa_id_0123:mdb_sa_sk_a-b_c", a, &b));
    assert_true(slice_eq_cstr(b.id, "mdb_sa_id_0123"));
    assert_true(slice_eq_cstr(b.secret, "mdb_sa_sk_a-b_c"));
    assert_true(slice_eq(b.id, b.decoded_id));
    assert_true(slice_eq(b.secret, b.decoded_secret));
    assert_true(PARSE("a%62c+d:x%3Ay:z", a, &b));
    assert_true(slice_eq_cstr(b.id, "a%62c+d"));
    assert_true(slice_eq_cstr(b.decoded_id, "abc d"));
    assert_true(slice_eq_cstr(b.secret, "x%3Ay:z"));
    assert_true(slice_eq_cstr(b.decoded_secret, "x:y:z"));
    assert_true(PARSE("a%:b%zz", a, &b)); // no escape: the raw reading only
    assert_true(slice_eq_cstr(b.decoded_id, "a%"));
    assert_true(slice_eq_cstr(b.decoded_secret, "b%zz"));
    assert_true(PARSE("a:", a, &b));
    assert_int_equal(b.secret.n, 0);
    arena_free(a);
}

static void malformed_ones(void **state)
{
    struct arena *a = arena_new(64 * 1024);
    struct basic b = {.id = SLICE("kept")};
    assert_false(PARSE("no colon", a, &b));
    assert_false(PARSE(":secret", a, &b));
    assert_false(PARSE("", a, &b));
    assert_false(PARSE("a\0b:c", a, &b));
    assert_false(PARSE("a:b\n", a, &b));
    assert_false(PARSE("a:b\x7f", a, &b));
    assert_true(slice_eq_cstr(b.id, "kept"));
    static const char *const bad[] = {"YTpi=", "YTpi ", " YTpi", "YTp", "YTo", "YTp_", "YTpiYg", "!"};
    for (unsigned i = 0; i < ARRAY_LEN(bad); i++) assert_false(basic_parse(slice_of(bad[i]), a, &b));
    static char longest[BASIC_MAX + 4];
    memset(longest, 'x', sizeof(longest));
    longest[3] = ':';
    assert_true(parse(longest, BASIC_MAX, a, &b));
    assert_false(parse(longest, BASIC_MAX + 1, a, &b));
    assert_false(parse(longest, BASIC_MAX + 4, a, &b));
    arena_free(a);
}

static void no_memory_refuses(void **state)
{
    struct basic b;
    static const size_t sizes[] = {16, BASIC_MAX, BASIC_MAX + 16};
    for (unsigned i = 0; i < ARRAY_LEN(sizes); i++) {
        struct arena *a = arena_new(sizes[i]);
        assert_false(PARSE("a:b", a, &b));
        arena_free(a);
    }
}

static void schemes(void **state)
{
    struct slice scheme, rest;
    assert_true(auth_scheme(SLICE("Bearer abc"), &scheme, &rest));
    assert_true(slice_eq_cstr(scheme, "Bearer"));
    assert_true(slice_eq_cstr(rest, "abc"));
    assert_true(auth_scheme(SLICE("Digest   a=b c"), &scheme, &rest));
    assert_true(slice_eq_cstr(rest, "a=b c"));
    assert_true(auth_scheme(SLICE("Bearer"), &scheme, &rest));
    assert_int_equal(rest.n, 0);
    assert_false(auth_scheme(SLICE(""), &scheme, &rest));
    assert_false(auth_scheme(SLICE(" Bearer x"), &scheme, &rest));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(raw_and_percent_encoded),
        cmocka_unit_test(malformed_ones),
        cmocka_unit_test(no_memory_refuses),
        cmocka_unit_test(schemes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
