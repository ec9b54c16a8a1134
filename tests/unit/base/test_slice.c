// SPDX-License-Identifier: Apache-2.0
// Behaviour of base/slice.h: comparing, cutting, trimming, and number parsing at its bounds.
// Called by: meson test. Must never: rely on a terminating NUL.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/slice.h"

static const struct slice none = {NULL, 0};

static void equality_looks_at_all_bytes(void **state)
{
    assert_true(slice_eq(none, SLICE("")));
    assert_true(slice_eq(SLICE("a\0b"), SLICE("a\0b")));
    assert_false(slice_eq(SLICE("a\0b"), SLICE("a\0c")));
    assert_false(slice_eq(SLICE("ab"), SLICE("abc")));
    assert_true(slice_eq_cstr(SLICE("abc"), "abc"));
    assert_false(slice_eq_cstr(SLICE("abc"), "ab"));
    assert_true(slice_eq_cstr(none, ""));
    assert_true(slice_eq_nocase(SLICE("Content-TYPE"), SLICE("content-type")));
    assert_false(slice_eq_nocase(SLICE("@"), SLICE("`")));
    assert_false(slice_eq_nocase(SLICE("[a"), SLICE("{a")));
    assert_false(slice_eq_nocase(SLICE("\xc4"), SLICE("\xe4")));
    assert_false(slice_eq_nocase(SLICE("a"), SLICE("ab")));
}

static void order_is_bytes_then_length(void **state)
{
    assert_int_equal(slice_cmp(SLICE("a"), SLICE("b")), -1);
    assert_int_equal(slice_cmp(SLICE("ab"), SLICE("a")), 1);
    assert_int_equal(slice_cmp(SLICE("a"), SLICE("ab")), -1);
    assert_int_equal(slice_cmp(SLICE("\xff"), SLICE("a")), 1);
    assert_int_equal(slice_cmp(none, SLICE("")), 0);
    assert_int_equal(slice_cmp(none, SLICE("a")), -1);
}

static void prefixes_and_suffixes(void **state)
{
    assert_true(slice_starts(SLICE("/api/v2"), SLICE("/api")));
    assert_false(slice_starts(SLICE("/ap"), SLICE("/api")));
    assert_true(slice_starts(none, none));
    assert_true(slice_ends(SLICE("a.json"), SLICE(".json")));
    assert_false(slice_ends(SLICE("json"), SLICE(".json")));
    assert_true(slice_ends(SLICE("x"), none));
    assert_true(slice_eq(slice_skip(SLICE("abc"), 1), SLICE("bc")));
    assert_int_equal(slice_skip(SLICE("abc"), 9).n, 0);
    assert_int_equal(slice_skip(none, 3).n, 0);
}

static void trim_takes_both_ends_only(void **state)
{
    assert_true(slice_eq(slice_trim(SLICE(" \ta b\t "), " \t"), SLICE("a b")));
    assert_int_equal(slice_trim(SLICE("   "), " ").n, 0);
    assert_int_equal(slice_trim(none, " ").n, 0);
    assert_true(slice_eq(slice_trim(SLICE("\0a"), " "), SLICE("\0a")));
}

static void cut_walks_the_pieces(void **state)
{
    struct slice s = SLICE("a,,b"), head;
    assert_true(slice_cut(&s, ',', &head));
    assert_true(slice_eq_cstr(head, "a"));
    assert_true(slice_cut(&s, ',', &head));
    assert_int_equal(head.n, 0);
    assert_false(slice_cut(&s, ',', &head));
    assert_true(slice_eq_cstr(head, "b"));
    assert_int_equal(s.n, 0);
    assert_false(slice_cut(&s, ',', &head));
    assert_int_equal(head.n, 0);
    s = none;
    assert_false(slice_cut(&s, ',', &head));
    s = SLICE("a,");
    assert_true(slice_cut(&s, ',', &head));
    assert_int_equal(s.n, 0);
    assert_int_equal(slice_find(SLICE("abc"), 'c'), 2);
    assert_int_equal(slice_find(SLICE("abc"), 'd'), -1);
    assert_int_equal(slice_find(none, 'd'), -1);
}

static void u64_takes_digits_only(void **state)
{
    uint64_t v = 7;
    const char *bad[] = {
        "", "+1", "-1", " 1", "1 ", "1a", "0x1", "1.0", "18446744073709551616", "99999999999999999999"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) assert_false(slice_u64(slice_of(bad[i]), UINT64_MAX, &v));
    assert_false(slice_u64(none, UINT64_MAX, &v));
    assert_false(slice_u64(SLICE("1\0"), UINT64_MAX, &v));
    assert_false(slice_u64(SLICE("101"), 100, &v));
    assert_int_equal(v, 7);
    assert_true(slice_u64(SLICE("18446744073709551615"), UINT64_MAX, &v));
    assert_true(v == UINT64_MAX);
    assert_true(slice_u64(SLICE("100"), 100, &v) && v == 100);
    assert_true(slice_u64(SLICE("007"), 100, &v) && v == 7);
}

static void i64_reaches_both_ends(void **state)
{
    int64_t v = 7;
    const char *bad[] = {"", "-", "--1", "+1", "9223372036854775808", "-9223372036854775809", "1-"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) assert_false(slice_i64(slice_of(bad[i]), INT64_MIN, INT64_MAX, &v));
    assert_false(slice_i64(SLICE("-6"), -5, 5, &v));
    assert_false(slice_i64(SLICE("6"), -5, 5, &v));
    assert_int_equal(v, 7);
    assert_true(slice_i64(SLICE("-9223372036854775808"), INT64_MIN, INT64_MAX, &v) && v == INT64_MIN);
    assert_true(slice_i64(SLICE("9223372036854775807"), INT64_MIN, INT64_MAX, &v) && v == INT64_MAX);
    assert_true(slice_i64(SLICE("-5"), -5, 5, &v) && v == -5);
    assert_true(slice_i64(SLICE("-0"), -5, 5, &v) && v == 0);
}

static void copies_fit_or_leave_an_empty_string(void **state)
{
    char out[4] = "zzz";
    assert_true(slice_copy(SLICE("abc"), out, sizeof out));
    assert_string_equal(out, "abc");
    assert_false(slice_copy(SLICE("abcd"), out, sizeof out));
    assert_string_equal(out, "");
    assert_true(slice_copy(none, out, sizeof out));
    assert_string_equal(out, "");
    assert_true(cstr_set(out, sizeof out, "xy"));
    assert_string_equal(out, "xy");
    assert_true(cstr_set(out, sizeof out, NULL));
    assert_string_equal(out, "");
    assert_false(cstr_set(out, sizeof out, "wxyz"));
    assert_string_equal(out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equality_looks_at_all_bytes), cmocka_unit_test(order_is_bytes_then_length),
        cmocka_unit_test(prefixes_and_suffixes),       cmocka_unit_test(trim_takes_both_ends_only),
        cmocka_unit_test(cut_walks_the_pieces),        cmocka_unit_test(u64_takes_digits_only),
        cmocka_unit_test(i64_reaches_both_ends),       cmocka_unit_test(copies_fit_or_leave_an_empty_string),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
