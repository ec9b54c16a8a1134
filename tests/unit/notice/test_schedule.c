// SPDX-License-Identifier: Apache-2.0
// When a delivery is tried again, when it is given up, and what an answer means. Run by: meson test.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka needs the three above first
#include <cmocka.h>

#include "notice/schedule.h"

#define NOW_US (INT64_C(1800000000) * US_PER_SEC)
#define HOUR   (3600 * US_PER_SEC)

static struct seeded_rng seed;

static struct verdict judge(unsigned attempts, int status, const char *retry_after, int64_t age_us)
{
    static uint64_t turn;
    struct rng r = rng_seeded(&seed, ++turn);
    const struct delivery d = {.queued = {NOW_US - age_us}};
    const struct attempt a = {
        .code = status ? ERR_OK : ERR_UNAVAILABLE, .status = status, .retry_after = slice_of(retry_after)};
    return schedule_judge(&d, attempts, &a, (struct wall){NOW_US}, &r);
}

static void spans_grow_to_five_hours(void **state)
{
    static const int seconds[] = {5, 20, 80, 320, 1280, 5120, 18000, 18000, 18000};
    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(seconds); i++)
        assert_int_equal(schedule_span_us(i + 1), seconds[i] * US_PER_SEC);
    assert_int_equal(schedule_span_us(UINT32_MAX), 18000 * US_PER_SEC);
}

static void waits_are_drawn_from_the_whole_span(void **state)
{
    (void)state;
    for (unsigned attempts = 1; attempts < 9; attempts++) {
        int64_t low = INT64_MAX, high = 0, span = schedule_span_us(attempts);
        for (int i = 0; i < 400; i++) {
            struct verdict v = judge(attempts, 500, "", 0);
            assert_int_equal(v.state, DELIVERY_PENDING);
            int64_t wait = v.not_before.us - NOW_US;
            assert_in_range(wait, US_PER_SEC, span);
            low = MIN(low, wait);
            high = MAX(high, wait);
        }
        assert_true(low < US_PER_SEC + (span - US_PER_SEC) / 10);
        assert_true(high > span - (span - US_PER_SEC) / 10);
    }
}

static void only_success_is_success(void **state)
{
    (void)state;
    assert_int_equal(judge(1, 200, "", 0).state, DELIVERY_DONE);
    assert_int_equal(judge(1, 204, "", 0).state, DELIVERY_DONE);
    assert_int_equal(judge(1, 299, "", 100 * HOUR).state, DELIVERY_DONE);
    static const int failures[] = {0, 100, 199, 300, 301, 304, 307, 400, 401, 404, 408, 429, 500, 502, 503, 504, 999};
    for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
        struct verdict v = judge(1, failures[i], "", 0);
        assert_int_equal(v.state, DELIVERY_PENDING);
        assert_false(v.gone);
        bool away = failures[i] == 0 || failures[i] == 429 || (failures[i] >= 502 && failures[i] <= 504);
        assert_int_equal(v.away, away);
    }
    struct verdict v = judge(1, 410, "", 0);
    assert_int_equal(v.state, DELIVERY_DEAD);
    assert_true(v.gone && !v.away);
}

static void it_is_given_up_after_28_hours(void **state)
{
    (void)state;
    assert_int_equal(judge(9, 500, "", 28 * HOUR - 1).state, DELIVERY_PENDING);
    assert_int_equal(judge(9, 500, "", 28 * HOUR - 1).not_before.us, NOW_US + 1); // the last attempt
    assert_int_equal(judge(9, 500, "", 28 * HOUR).state, DELIVERY_DEAD);
    assert_int_equal(judge(1, 0, "", 28 * HOUR).state, DELIVERY_DEAD);
    // Simulated to its end, however the dice fall: the whole life, and a bounded number of attempts.
    for (int run = 0; run < 200; run++) {
        int64_t age = 0;
        unsigned attempts = 0;
        struct verdict v;
        for (v = judge(++attempts, 500, "", age); v.state == DELIVERY_PENDING; v = judge(++attempts, 500, "", age)) {
            age += v.not_before.us - NOW_US;
            assert_true(attempts < 100);
        }
        assert_int_equal(age, 28 * HOUR);
        assert_in_range(attempts, 9, 60);
    }
}

static void retry_after_is_honoured_within_bounds(void **state)
{
    (void)state;
    assert_true(judge(1, 503, "3600", 0).not_before.us >= NOW_US + HOUR);
    assert_true(judge(1, 429, "3600", 0).not_before.us <= NOW_US + HOUR);
    assert_int_equal(judge(1, 503, "999999999", 0).not_before.us, NOW_US + 5 * HOUR);
    assert_int_equal(judge(1, 503, "999999999", 27 * HOUR).not_before.us, NOW_US + HOUR); // never past its life
    assert_int_equal(judge(1, 503, "Fri, 15 Jan 2027 10:00:00 GMT", 0).not_before.us, NOW_US + 2 * HOUR);
    static const char *const useless[] = {"", "-1", "soon", "0", "1e9", "99999999999", "Fri, 15 Jan 2000 10:00:00 GMT"};
    for (size_t i = 0; i < ARRAY_LEN(useless); i++)
        assert_in_range(judge(1, 503, useless[i], 0).not_before.us, NOW_US + US_PER_SEC, NOW_US + 5 * US_PER_SEC);
}

static void a_receiver_that_is_away_is_left_alone_for_a_minute_at_most(void **state)
{
    struct rng r = rng_seeded(&seed, 5);
    (void)state;
    for (unsigned failures = 1; failures < 20; failures++)
        for (int i = 0; i < 50; i++) {
            int64_t top = failures < 5 ? (5 * NS_PER_SEC) << (failures - 1) : 60 * NS_PER_SEC;
            assert_in_range(schedule_gate_ns(failures, &r), NS_PER_SEC, top);
        }
    assert_in_range(schedule_gate_ns(UINT32_MAX, &r), NS_PER_SEC, 60 * NS_PER_SEC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_grow_to_five_hours),
        cmocka_unit_test(waits_are_drawn_from_the_whole_span),
        cmocka_unit_test(only_success_is_success),
        cmocka_unit_test(it_is_given_up_after_28_hours),
        cmocka_unit_test(retry_after_is_honoured_within_bounds),
        cmocka_unit_test(a_receiver_that_is_away_is_left_alone_for_a_minute_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
