// SPDX-License-Identifier: Apache-2.0
// Behaviour of base/arena.h: alignment, zeroes, the byte bound and its sticky mark, reset, failed chunks.
// Called by: meson test (both forms: chunks, and one malloc an item under ASan).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/mem.h"

static void items_are_aligned_zeroed_and_apart(void **state)
{
    struct arena *a = arena_new(1 << 20);
    assert_non_null(a);
    unsigned char *items[200];
    for (size_t i = 0; i < 200; i++) {
        items[i] = arena_alloc(a, i * 7);
        assert_non_null(items[i]);
        assert_int_equal((uintptr_t)items[i] % 16, 0);
        for (size_t k = 0; k < i * 7; k++) assert_int_equal(items[i][k], 0);
        if (i) memset(items[i], (int)i, i * 7);
    }
    for (size_t i = 1; i < 200; i++)
        for (size_t k = 0; k < i * 7; k++) assert_int_equal(items[i][k], (int)(i & 255));
    assert_false(arena_failed(a));
    arena_free(a);
    arena_free(NULL);
}

static void reused_memory_is_zeroed_again(void **state)
{
    struct arena *a = arena_new(8192);
    for (int round = 0; round < 3; round++) {
        unsigned char *p = arena_alloc(a, 1000);
        assert_non_null(p);
        for (int i = 0; i < 1000; i++) assert_int_equal(p[i], 0);
        memset(p, 0xaa, 1000);
        arena_reset(a);
        assert_int_equal(arena_used(a), 0);
    }
    arena_freep(&a);
    assert_null(a);
}

static void the_bound_is_exact_and_its_mark_stays(void **state)
{
    struct arena *a = arena_new(64);
    assert_non_null(arena_alloc(a, 48));
    assert_null(arena_alloc(a, 17));
    assert_true(arena_failed(a));
    assert_int_equal(arena_used(a), 48);
    assert_non_null(arena_alloc(a, 16)); // what fits is given, the mark stays
    assert_true(arena_failed(a));
    assert_null(arena_alloc(a, 0));
    arena_reset(a);
    assert_false(arena_failed(a));
    assert_non_null(arena_alloc(a, 64));
    arena_free(a);
}

static void an_arena_of_nothing_gives_nothing(void **state)
{
    struct arena *a = arena_new(0);
    assert_non_null(a);
    assert_null(arena_alloc(a, 1));
    assert_true(arena_failed(a));
    arena_free(a);
}

static void sizes_that_wrap_are_refused(void **state)
{
    struct arena *a = arena_new(SIZE_MAX);
    volatile size_t huge = SIZE_MAX;
    assert_null(arena_alloc(a, huge));
    assert_null(arena_alloc(a, huge - 15));
    arena_reset(a);
    assert_null(arena_array(a, huge / 2, 3));
    assert_true(arena_failed(a));
    arena_reset(a);
    assert_null(arena_strndup(a, "x", huge));
    assert_true(arena_failed(a));
    arena_reset(a);
    uint32_t *p = arena_array(a, 3, sizeof *p);
    assert_non_null(p);
    p[2] = 1;
    arena_free(a);
}

static void large_items_go_between_small_ones(void **state)
{
    struct arena *a = arena_new(4 << 20);
    char *small = arena_strndup(a, "first", 5);
    char *large = arena_alloc(a, 1 << 20);
    char *after = arena_strndup(a, "after", 5);
    assert_non_null(large);
    memset(large, 'x', 1 << 20);
    assert_string_equal(small, "first");
    assert_string_equal(after, "after");
    arena_reset(a);
    for (int i = 0; i < 20000; i++) assert_non_null(arena_alloc(a, 100));
    assert_int_equal(arena_used(a), 20000 * 112);
    arena_reset(a);
    arena_free(a);
}

static void copies_and_formats(void **state)
{
    struct arena *a = arena_new(4096);
    assert_string_equal(arena_strndup(a, "peering", 4), "peer");
    assert_string_equal(arena_strndup(a, NULL, 0), "");
    assert_true(slice_eq(arena_slice(a, SLICE("a\0b")), SLICE("a\0b")));
    assert_int_equal(arena_slice(a, (struct slice){NULL, 0}).n, 0);
    assert_false(arena_failed(a));
    assert_string_equal(arena_fmt(a, "%s-%d", "vpc", 7), "vpc-7");
    assert_null(arena_fmt(a, "%05000d", 1));
    assert_true(arena_failed(a));
    struct slice lost = arena_slice(a, slice_n((char[5000]){0}, 5000));
    assert_true(lost.p == NULL && lost.n == 0);
    arena_free(a);
}

static void every_failed_allocation_is_survived(void **state)
{
    bool fired = true;
    for (uint64_t n = 1; fired && n < 100; n++) {
        mem_fault_set(n, false);
        struct arena *a = arena_new(1 << 20);
        bool all = a != NULL;
        for (int i = 0; a && i < 20; i++) all = arena_alloc(a, i % 5 == 4 ? 9000 : 900) && all;
        fired = mem_fault_fired();
        mem_fault_set(0, false);
        assert_int_equal(all, !fired);
        if (a) assert_int_equal(arena_failed(a), fired);
        arena_free(a);
    }
    assert_false(fired);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_are_aligned_zeroed_and_apart),
        cmocka_unit_test(reused_memory_is_zeroed_again),
        cmocka_unit_test(the_bound_is_exact_and_its_mark_stays),
        cmocka_unit_test(an_arena_of_nothing_gives_nothing),
        cmocka_unit_test(sizes_that_wrap_are_refused),
        cmocka_unit_test(large_items_go_between_small_ones),
        cmocka_unit_test(copies_and_formats),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
