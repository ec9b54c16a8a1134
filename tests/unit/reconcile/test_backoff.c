// SPDX-License-Identifier: Apache-2.0
// Due times of scan units: bounds that hold for every random draw, and the cap that recovery relies on.
// Run by: meson test. Must never: depend on a particular seed.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka needs the three above first
#include <cmocka.h>

#include "reconcile/backoff.h"

static void test_first_scans_are_spread_over_one_interval(void **state)
{
    (void)state;
    struct seeded_rng seed;
    struct rng rng = rng_seeded(&seed, 1);
    int64_t least = INT64_MAX, most = 0;
    for (int i = 0; i < 1000; i++) {
        int64_t ns = backoff_first(30 * NS_PER_SEC, &rng);
        assert_in_range(ns, 0, 30 * NS_PER_SEC - 1);
        least = MIN(least, ns);
        most = MAX(most, ns);
    }
    assert_true(least < 3 * NS_PER_SEC && most > 27 * NS_PER_SEC);
    assert_int_equal(backoff_first(2 * NS_PER_SEC, &rng), 0);
    assert_int_equal(backoff_first(NS_PER_SEC, &rng), 0);
}

static void test_failures_double_up_to_the_cap(void **state)
{
    (void)state;
    struct seeded_rng seed;
    struct rng rng = rng_seeded(&seed, 2);
    static const struct {
        int64_t interval_s;
        unsigned failures, failing;
        int64_t top_s;
    } rows[] = {
        {30, 1, 1, 30}, {30, 2, 1, 60},   {30, 3, 1, 90},   {30, 1000, 1, 90}, {1, 1, 1, 1},    {1, 3, 1, 4},
        {1, 20, 1, 10}, {300, 1, 1, 300}, {300, 5, 1, 300}, {30, 1, 200, 200}, {30, 9, 20, 90}, {1, 1, 5, 5},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        for (int k = 0; k < 200; k++) {
            int64_t ns = backoff_failed(rows[i].interval_s * NS_PER_SEC, rows[i].failures, rows[i].failing, &rng);
            assert_true(ns <= rows[i].top_s * NS_PER_SEC);
            assert_true(ns >= rows[i].top_s * NS_PER_SEC * 4 / 5);
        }
}

static void test_an_expiry_is_looked_at_a_moment_later(void **state)
{
    struct wall now = {INT64_C(1733944840) * US_PER_SEC}, then = {now.us + 604800 * US_PER_SEC};
    (void)state;
    assert_int_equal(backoff_expiry(now, then), 604800 * NS_PER_SEC + EXPIRY_DELAY_NS);
    assert_int_equal(backoff_expiry(now, (struct wall){now.us + 1}), 1000 + EXPIRY_DELAY_NS);
    assert_int_equal(backoff_expiry(now, now), INT64_MAX);
    assert_int_equal(backoff_expiry(now, (struct wall){0}), INT64_MAX);
    assert_true(backoff_expiry(now, (struct wall){INT64_MAX}) > 0);
    assert_true(backoff_expiry((struct wall){0}, then) > 0);
}

static void test_what_moves_is_followed_ever_more_slowly(void **state)
{
    int64_t ns = 0, sum = 0;
    (void)state;
    for (int i = 0; i < 5; i++) sum += ns = backoff_moving(ns, false, 30 * NS_PER_SEC);
    assert_int_equal(sum, 31 * NS_PER_SEC);
    ns = backoff_moving(ns, false, 30 * NS_PER_SEC);
    assert_int_equal(ns, 30 * NS_PER_SEC);
    assert_int_equal(backoff_moving(ns, false, 30 * NS_PER_SEC), 30 * NS_PER_SEC);
    assert_int_equal(backoff_moving(ns, true, 30 * NS_PER_SEC), NS_PER_SEC);
    assert_int_equal(backoff_moving(0, false, NS_PER_SEC / 2), NS_PER_SEC / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_scans_are_spread_over_one_interval),
        cmocka_unit_test(test_failures_double_up_to_the_cap),
        cmocka_unit_test(test_an_expiry_is_looked_at_a_moment_later),
        cmocka_unit_test(test_what_moves_is_followed_ever_more_slowly),
    };
    return cmocka_run_group_tests_name("reconcile/backoff", tests, NULL, NULL);
}
