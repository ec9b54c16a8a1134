// SPDX-License-Identifier: Apache-2.0
// Behaviour of base/error.h: details are cut, kept on one line and never split a UTF-8 character.
// Called by: meson test. Must never: depend on the locale.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "base/encode.h"
#include "base/error.h"

static void set_fills_and_returns_the_code(void **state)
{
    struct error e;
    assert_int_equal(error_set(&e, ERR_INVALID, "port %d is too large", 70000), ERR_INVALID);
    assert_int_equal(e.code, ERR_INVALID);
    assert_string_equal(e.detail, "port 70000 is too large");
}

static void long_details_are_cut(void **state)
{
    struct error e;
    char text[2000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    error_set(&e, ERR_IO, "%s", text);
    assert_int_equal(strlen(e.detail), sizeof e.detail - 1);
    error_prefix(&e, "%s", text);
    assert_int_equal(strlen(e.detail), sizeof e.detail - 1);
}

static void a_cut_never_splits_a_character(void **state)
{
    const char *chars[] = {"\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    for (size_t c = 0; c < ARRAY_LEN(chars); c++) {
        for (size_t lead = 0; lead < 5; lead++) {
            char text[1200];
            size_t n = lead, len = strlen(chars[c]);
            memset(text, 'x', lead);
            for (; n + len < sizeof text; n += len) memcpy(text + n, chars[c], len);
            text[n] = '\0';
            struct error e;
            error_set(&e, ERR_IO, "%s", text);
            assert_true(utf8_valid(slice_of(e.detail)));
            assert_in_range(strlen(e.detail), sizeof e.detail - len, sizeof e.detail - 1);
        }
    }
}

static void a_whole_last_character_stays(void **state)
{
    char text[480];
    memset(text, 'x', 477);
    memcpy(text + 477, "\xc3\xa4", 3);
    struct error e;
    error_set(&e, ERR_IO, "%s", text);
    assert_string_equal(e.detail, text);
}

static void details_stay_on_one_line(void **state)
{
    struct error e;
    error_set(&e, ERR_INVALID, "a\nb\tc\x7f");
    assert_string_equal(e.detail, "a b c ");
}

static void prefix_goes_before_the_detail(void **state)
{
    struct error e;
    error_set(&e, ERR_NOT_FOUND, "no such key");
    assert_int_equal(error_prefix(&e, "file %s", "x.ini"), ERR_NOT_FOUND);
    assert_string_equal(e.detail, "file x.ini: no such key");
}

static void the_old_detail_may_be_an_argument(void **state)
{
    struct error e;
    error_set(&e, ERR_IO, "inner");
    error_set(&e, ERR_INTERNAL, "outer (%s)", e.detail);
    assert_string_equal(e.detail, "outer (inner)");
    assert_int_equal(e.code, ERR_INTERNAL);
}

static void errno_adds_the_reason(void **state)
{
    struct error e;
    assert_int_equal(error_errno(&e, ERR_IO, ENOENT, "cannot open %s", "x"), ERR_IO);
    assert_string_equal(e.detail, "cannot open x: No such file or directory");
    error_errno(&e, ERR_IO, 99999, "odd");
    assert_string_equal(e.detail, "odd: error 99999");
}

static void every_code_has_its_own_name(void **state)
{
    for (int i = 0; i < ERR_COUNT_; i++) {
        assert_string_not_equal(err_name((enum err)i), "unknown");
        for (int j = 0; j < i; j++) assert_string_not_equal(err_name((enum err)i), err_name((enum err)j));
    }
    assert_string_equal(err_name(ERR_NOT_FOUND), "not-found");
    assert_string_equal(err_name(ERR_COUNT_), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_fills_and_returns_the_code),    cmocka_unit_test(long_details_are_cut),
        cmocka_unit_test(a_cut_never_splits_a_character),    cmocka_unit_test(a_whole_last_character_stays),
        cmocka_unit_test(details_stay_on_one_line),          cmocka_unit_test(prefix_goes_before_the_detail),
        cmocka_unit_test(the_old_detail_may_be_an_argument), cmocka_unit_test(errno_adds_the_reason),
        cmocka_unit_test(every_code_has_its_own_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
