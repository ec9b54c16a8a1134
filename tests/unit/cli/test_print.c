// SPDX-License-Identifier: Apache-2.0
// Behaviour of tables and exit codes: aligned text, JSON with absent for empty, nothing when it does not fit.
// Called by: meson test. Must never: write to a descriptor.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/cmd.h"

static const struct column columns[] = {{"name", "NAME"}, {"count", "COUNT"}, {"on", "ON"}, {"note", "NOTE"}};

static int print(bool json, bool single, size_t out_max, char *dst, size_t cap)
{
    struct buf out, err;
    struct cmd_ctx c = {.out = &out, .err = &err, .json = json};
    struct table t;
    buf_init(&out, out_max);
    buf_init(&err, 4096);
    table_begin(&t, &c, columns, ARRAY_LEN(columns));
    table_str(&t, "\xc3\xa4pfel"); // five characters, six bytes
    table_int(&t, 12);
    table_bool(&t, true);
    table_str(&t, "");
    if (!single) {
        table_str(&t, "b");
        table_int(&t, -3);
        table_bool(&t, false);
        table_slice(&t, slice_n("x\0y", 3));
    }
    int code = single ? table_end_single(&t) : table_end(&t);
    assert_true(slice_copy(buf_view(&out), dst, cap));
    assert_int_equal(code != EX_OK, err.n > 0);
    buf_done(&out);
    buf_done(&err);
    return code;
}

static void text_is_aligned(void **state)
{
    (void)state;
    char text[1024];
    assert_int_equal(print(false, false, 4096, text, sizeof text), EX_OK);
    assert_string_equal(text, "NAME   COUNT  ON   NOTE\n\xc3\xa4pfel  12     yes  -\nb      -3     no   x?y\n");
}

static void json_leaves_empty_out(void **state)
{
    (void)state;
    char text[1024];
    assert_int_equal(print(true, false, 4096, text, sizeof text), EX_OK);
    assert_non_null(strstr(text, "\"name\" : \"\xc3\xa4pfel\",\n    \"count\" : 12,\n    \"on\" : true\n"));
    assert_non_null(strstr(text, "\"note\" : \"x?y\""));
    assert_int_equal(print(true, true, 4096, text, sizeof text), EX_OK);
    assert_string_equal(text, "{\n  \"name\" : \"\xc3\xa4pfel\",\n  \"count\" : 12,\n  \"on\" : true\n}\n");
}

static void a_single_one_is_lines(void **state)
{
    (void)state;
    char text[1024];
    assert_int_equal(print(false, true, 4096, text, sizeof text), EX_OK);
    assert_string_equal(text, "NAME   \xc3\xa4pfel\nCOUNT  12\nON     yes\n");
}

static void what_does_not_fit_is_not_shown_in_part(void **state)
{
    (void)state;
    char text[1024];
    for (size_t max = 1; max < 40; max++) {
        assert_int_equal(print(false, false, max, text, sizeof text), EX_SOFTWARE);
        assert_string_equal(text, "");
    }
}

static void every_error_has_an_exit_code(void **state)
{
    (void)state;
    assert_int_equal(exit_of(ERR_OK), 0);
    for (int e = ERR_OK + 1; e < ERR_COUNT_; e++) {
        int code = exit_of((enum err)e);
        assert_true(code >= EX__BASE && code <= EX__MAX);
    }
    assert_int_equal(exit_of(ERR_BUSY), EX_TEMPFAIL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_aligned),
        cmocka_unit_test(json_leaves_empty_out),
        cmocka_unit_test(a_single_one_is_lines),
        cmocka_unit_test(what_does_not_fit_is_not_shown_in_part),
        cmocka_unit_test(every_error_has_an_exit_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
