// SPDX-License-Identifier: Apache-2.0
// Behaviour of base/buf.h: growth up to max, sticky failure, all-or-nothing appends, number text.
// Called by: meson test. Must never: leave a fault set behind.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"

static void appends_of_every_kind(void **state)
{
    struct buf b;
    buf_init(&b, 1000);
    buf_add(&b, NULL, 0);
    assert_null(b.p);
    buf_str(&b, "a");
    buf_lit(&b, "bc");
    buf_slice(&b, SLICE("d\0e"));
    buf_slice(&b, (struct slice){NULL, 0});
    buf_char(&b, 'f');
    buf_fmt(&b, "%d-%s", 12, "x");
    buf_str(&b, "");
    assert_true(slice_eq(buf_view(&b), SLICE("abcd\0ef12-x")));
    buf_done(&b);
    assert_int_equal(buf_view(&b).n, 0);
}

static void grows_and_keeps_its_bytes(void **state)
{
    struct buf b;
    buf_init(&b, 100000);
    for (int i = 0; i < 100000; i++) buf_char(&b, (char)('a' + i % 26));
    assert_int_equal(b.fail, BUF_OK);
    assert_int_equal(b.n, 100000);
    for (int i = 0; i < 100000; i++) assert_int_equal(b.p[i], 'a' + i % 26);
    assert_true(b.cap <= b.max);
    buf_done(&b);
}

static void max_is_exact_and_failure_sticks(void **state)
{
    struct buf b;
    buf_init(&b, 10);
    buf_lit(&b, "0123456789");
    assert_int_equal(b.fail, BUF_OK);
    buf_char(&b, 'x');
    assert_int_equal(b.fail, BUF_TOO_LARGE);
    assert_int_equal(b.n, 10);
    buf_clear(&b);
    assert_int_equal(b.fail, BUF_OK);
    buf_lit(&b, "12345678");
    buf_lit(&b, "abc"); // does not fit: nothing of it is taken
    assert_int_equal(b.fail, BUF_TOO_LARGE);
    buf_char(&b, 'z'); // would fit, but the failure sticks
    buf_fmt(&b, "y");
    buf_u64(&b, 1);
    assert_false(buf_reserve(&b, 0));
    assert_true(slice_eq(buf_view(&b), SLICE("12345678")));
    buf_done(&b);
}

static void fmt_fills_up_to_the_last_byte(void **state)
{
    struct buf b;
    buf_init(&b, 8);
    buf_fmt(&b, "%s", "12345678");
    assert_int_equal(b.fail, BUF_OK);
    assert_true(slice_eq(buf_view(&b), SLICE("12345678")));
    buf_fmt(&b, "%s", "");
    assert_int_equal(b.fail, BUF_OK);
    buf_fmt(&b, "%d", 1);
    assert_int_equal(b.fail, BUF_TOO_LARGE);
    buf_done(&b);
    buf_init(&b, 8);
    buf_fmt(&b, "%s", "123456789");
    assert_int_equal(b.fail, BUF_TOO_LARGE);
    assert_int_equal(b.n, 0);
    buf_done(&b);
    buf_init(&b, 5000);
    for (int i = 0; i < 50; i++) buf_fmt(&b, "%0100d", i);
    assert_int_equal(b.n, 5000);
    assert_memory_equal(b.p + 4997, "049", 3);
    buf_done(&b);
}

static void a_max_of_nothing_takes_nothing(void **state)
{
    struct buf b;
    buf_init(&b, 0);
    buf_str(&b, "");
    buf_fmt(&b, "%s", "");
    assert_int_equal(b.fail, BUF_OK);
    buf_char(&b, 'x');
    assert_int_equal(b.fail, BUF_TOO_LARGE);
    buf_done(&b);
}

static void out_of_memory_is_told_apart(void **state)
{
    struct buf b;
    buf_init(&b, 100000);
    buf_lit(&b, "kept");
    mem_fault_set(1, false);
    assert_false(buf_reserve(&b, 50000));
    mem_fault_set(0, false);
    assert_int_equal(b.fail, BUF_NOMEM);
    assert_true(slice_eq(buf_view(&b), SLICE("kept")));
    buf_clear(&b);
    assert_true(buf_reserve(&b, 50000));
    buf_done(&b);
}

static void reserve_refuses_sizes_that_wrap(void **state)
{
    struct buf b;
    buf_init(&b, SIZE_MAX);
    buf_lit(&b, "abc");
    assert_false(buf_reserve(&b, SIZE_MAX - 1));
    assert_int_equal(b.fail, BUF_TOO_LARGE);
    buf_done(&b);
}

static void numbers_read_as_printf_writes_them(void **state)
{
    const uint64_t u[] = {0, 9, 10, 99, 100, 101, 999, 1000, 4294967295, 10000000000000000000u, UINT64_MAX};
    const int64_t i[] = {0, -1, -9, -10, -100, 42, INT64_MAX, INT64_MIN};
    struct buf b;
    char want[32];
    buf_init(&b, 64);
    for (size_t k = 0; k < ARRAY_LEN(u); k++) {
        buf_clear(&b);
        buf_u64(&b, u[k]);
        snprintf(want, sizeof want, "%llu", (unsigned long long)u[k]);
        assert_true(slice_eq_cstr(buf_view(&b), want));
    }
    for (size_t k = 0; k < ARRAY_LEN(i); k++) {
        buf_clear(&b);
        buf_i64(&b, i[k]);
        snprintf(want, sizeof want, "%lld", (long long)i[k]);
        assert_true(slice_eq_cstr(buf_view(&b), want));
    }
    buf_done(&b);
}

static void consume_drops_from_the_front(void **state)
{
    struct buf b;
    buf_init(&b, 64);
    buf_consume(&b, 0);
    buf_lit(&b, "GET / HTTP/1.1");
    buf_consume(&b, 4);
    assert_true(slice_eq(buf_view(&b), SLICE("/ HTTP/1.1")));
    buf_consume(&b, b.n);
    assert_int_equal(b.n, 0);
    buf_lit(&b, "again");
    assert_true(slice_eq(buf_view(&b), SLICE("again")));
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends_of_every_kind),           cmocka_unit_test(grows_and_keeps_its_bytes),
        cmocka_unit_test(max_is_exact_and_failure_sticks), cmocka_unit_test(fmt_fills_up_to_the_last_byte),
        cmocka_unit_test(a_max_of_nothing_takes_nothing),  cmocka_unit_test(out_of_memory_is_told_apart),
        cmocka_unit_test(reserve_refuses_sizes_that_wrap), cmocka_unit_test(numbers_read_as_printf_writes_them),
        cmocka_unit_test(consume_drops_from_the_front),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
