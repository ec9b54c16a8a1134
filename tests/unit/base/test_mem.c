// SPDX-License-Identifier: Apache-2.0
// Behaviour of base/mem.h: sizes are checked, the fault hook fails exactly the allocation asked for.
// Called by: meson test. Must never: leave a fault set behind.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static void zalloc_gives_zeroes_and_refuses_overflow(void **state)
{
    unsigned char *p = mem_zalloc(16, 4);
    assert_non_null(p);
    for (int i = 0; i < 64; i++) assert_int_equal(p[i], 0);
    mem_free(p);
    volatile size_t huge = SIZE_MAX / 2;
    assert_null(mem_zalloc(huge, 4));
}

static void empty_allocations_are_not_failures(void **state)
{
    void *a = mem_alloc(0), *b = mem_zalloc(0, 8), *c = mem_realloc(NULL, 0);
    assert_non_null(a);
    assert_non_null(b);
    assert_non_null(c);
    c = mem_realloc(c, 0);
    assert_non_null(c);
    mem_free(a);
    mem_free(b);
    mem_free(c);
    mem_free(NULL);
}

static void strndup_copies_n_bytes_and_ends_them(void **state)
{
    char *p = mem_strndup("peering", 4);
    assert_string_equal(p, "peer");
    mem_free(p);
    p = mem_strndup(NULL, 0);
    assert_string_equal(p, "");
    mem_free(p);
    volatile size_t all = SIZE_MAX;
    assert_null(mem_strndup("x", all));
}

static void freep_clears_the_pointer(void **state)
{
    char *p = mem_alloc(8);
    mem_freep(&p);
    assert_null(p);
    mem_freep(&p);
}

static void wipe_overwrites(void **state)
{
    char secret[] = "hunter2";
    mem_wipe(secret, 7);
    assert_memory_equal(secret, "\0\0\0\0\0\0\0", 8);
    mem_wipe(NULL, 0);
}

static void fault_fails_only_the_nth(void **state)
{
    mem_fault_set(3, false);
    void *a = mem_alloc(1), *b = mem_zalloc(1, 1);
    assert_false(mem_fault_fired());
    void *c = mem_alloc(1), *d = mem_alloc(1);
    assert_non_null(a);
    assert_non_null(b);
    assert_null(c);
    assert_non_null(d);
    assert_true(mem_fault_fired());
    mem_fault_set(0, false);
    assert_true(mem_fault_fired());
    mem_free(a);
    mem_free(b);
    mem_free(d);
}

static void fault_forever_fails_all_later_ones(void **state)
{
    mem_fault_set(2, true);
    char *a = mem_alloc(1);
    assert_non_null(a);
    assert_null(mem_alloc(1));
    assert_null(mem_realloc(NULL, 4));
    assert_null(mem_strndup("x", 1));
    mem_fault_set(0, false);
    char *b = mem_alloc(1);
    assert_non_null(b);
    mem_free(a);
    mem_free(b);
    mem_fault_set(9, false);
    assert_false(mem_fault_fired());
    mem_fault_set(0, false);
}

static void failed_realloc_keeps_the_old_block(void **state)
{
    char *a = mem_alloc(4);
    assert_non_null(a);
    memcpy(a, "abc", 4);
    mem_fault_set(1, false);
    assert_null(mem_realloc(a, 4096));
    mem_fault_set(0, false);
    assert_string_equal(a, "abc");
    mem_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zalloc_gives_zeroes_and_refuses_overflow),
        cmocka_unit_test(empty_allocations_are_not_failures),
        cmocka_unit_test(strndup_copies_n_bytes_and_ends_them),
        cmocka_unit_test(freep_clears_the_pointer),
        cmocka_unit_test(wipe_overwrites),
        cmocka_unit_test(fault_fails_only_the_nth),
        cmocka_unit_test(fault_forever_fails_all_later_ones),
        cmocka_unit_test(failed_realloc_keeps_the_old_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
