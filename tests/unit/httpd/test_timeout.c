// SPDX-License-Identifier: Apache-2.0
// The heap of deadlines: order, moving both ways, removal, against a plain list.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rand.h"
#include "httpd/timeout.h"

#define COUNT 300

static void deadlines_come_in_order_and_only_when_due(void **state)
{
    (void)state;
    struct timers h = {0};
    struct timer t[4];
    for (int i = 0; i < 4; i++) assert_true(timers_add(&h, &t[i]));
    assert_true(timers_next(&h) == TIMER_NEVER);
    timers_set(&h, &t[0], 30);
    timers_set(&h, &t[1], 10);
    timers_set(&h, &t[2], 20);
    assert_true(timers_next(&h) == 10);
    assert_null(timers_due(&h, 9));
    assert_ptr_equal(timers_due(&h, 10), &t[1]);
    assert_null(timers_due(&h, 10)); // once
    assert_ptr_equal(timers_due(&h, 100), &t[2]);
    assert_ptr_equal(timers_due(&h, 100), &t[0]);
    assert_null(timers_due(&h, INT64_MAX - 1));
    timers_done(&h);
}

static void a_postponed_deadline_does_not_come_early(void **state)
{
    (void)state;
    struct timers h = {0};
    struct timer t;
    assert_true(timers_add(&h, &t));
    timers_set(&h, &t, 10);
    timers_set(&h, &t, 50);
    assert_null(timers_due(&h, 49));
    timers_set(&h, &t, 20);
    assert_ptr_equal(timers_due(&h, 20), &t);
    timers_remove(&h, &t);
    assert_true(timers_next(&h) == TIMER_NEVER);
    timers_done(&h);
}

// Whatever is done to the heap, it gives what a walk over all timers gives.
static void it_agrees_with_a_plain_list(void **state)
{
    (void)state;
    struct seeded_rng seed;
    struct rng rng = rng_seeded(&seed, 7);
    struct timers h = {0};
    static struct timer t[COUNT];
    static int64_t want[COUNT]; // -1: not in the heap
    for (int i = 0; i < COUNT; i++) want[i] = -1;
    int64_t now = 0;
    for (int step = 0; step < 50000; step++) {
        int i = (int)rng_below(&rng, COUNT);
        if (want[i] < 0) {
            assert_true(timers_add(&h, &t[i]));
            want[i] = TIMER_NEVER;
        } else if (rng_below(&rng, 8) == 0) {
            timers_remove(&h, &t[i]);
            want[i] = -1;
        } else {
            want[i] = now + 1 + (int64_t)rng_below(&rng, 1000);
            timers_set(&h, &t[i], want[i]);
        }
        now += (int64_t)rng_below(&rng, 4);
        for (struct timer *due; (due = timers_due(&h, now));) {
            assert_in_range(want[due - t], 0, now);
            want[due - t] = TIMER_NEVER;
        }
        for (int j = 0; j < COUNT; j++) assert_true(want[j] < 0 || want[j] > now);
    }
    timers_done(&h);
}

static void adding_fails_cleanly_without_memory(void **state)
{
    (void)state;
    struct timers h = {0};
    struct timer t;
    mem_fault_set(1, false);
    assert_false(timers_add(&h, &t));
    mem_fault_set(0, false);
    assert_true(timers_add(&h, &t));
    timers_done(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deadlines_come_in_order_and_only_when_due),
        cmocka_unit_test(a_postponed_deadline_does_not_come_early),
        cmocka_unit_test(it_agrees_with_a_plain_list),
        cmocka_unit_test(adding_fails_cleanly_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
