// SPDX-License-Identifier: Apache-2.0
// The token bucket: Atlas' grid of refills (facts 4.2), the numbers of the documented sets, and a naive model that
// steps through time one period at a time and must always agree. Called by: meson test.
#include "base/rand.h"
#include "limit/bucket.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct bucket_rule streams = {1200, 500, 60};

static struct mono at_ms(int64_t ms)
{
    return (struct mono){ms * NS_PER_MS};
}

static void first_use_is_full_and_spends_one(void **state)
{
    struct bucket b;
    bucket_start(&b, &streams, at_ms(5));
    struct bucket_answer a = bucket_take(&b, &streams, at_ms(5));
    assert_true(a.allowed);
    assert_int_equal(a.limit, 1200);
    assert_int_equal(a.remaining, 1199);
    assert_int_equal(a.retry_seconds, 0);
}

static void nothing_trickles_back_between_ticks(void **state)
{
    struct bucket b;
    bucket_start(&b, &streams, at_ms(0));
    for (int i = 0; i < 15; i++) bucket_take(&b, &streams, at_ms(i * 3400));
    assert_int_equal(bucket_peek(&b, &streams, at_ms(51000)).remaining, 1185);
    assert_int_equal(bucket_peek(&b, &streams, at_ms(59999)).remaining, 1185);
    assert_int_equal(bucket_peek(&b, &streams, at_ms(60000)).remaining, 1200);
}

static void the_grid_is_anchored_at_first_use(void **state)
{
    const struct bucket_rule r = {2, 1, 60};
    struct bucket b;
    bucket_start(&b, &r, at_ms(7000));
    bucket_take(&b, &r, at_ms(50000));
    bucket_take(&b, &r, at_ms(66000));
    assert_false(bucket_take(&b, &r, at_ms(66999)).allowed);
    assert_true(bucket_take(&b, &r, at_ms(67000)).allowed); // 7 s + 60 s, not 50 s + 60 s
    assert_false(bucket_take(&b, &r, at_ms(126999)).allowed);
    assert_true(bucket_take(&b, &r, at_ms(127000)).allowed);
}

static void retry_is_floored_to_the_next_tick(void **state)
{
    const struct bucket_rule r = {1, 1, 60};
    struct bucket b;
    bucket_start(&b, &r, at_ms(0));
    bucket_take(&b, &r, at_ms(0));
    assert_int_equal(bucket_take(&b, &r, at_ms(0)).retry_seconds, 60);
    assert_int_equal(bucket_take(&b, &r, at_ms(1)).retry_seconds, 59);
    assert_int_equal(bucket_take(&b, &r, at_ms(59001)).retry_seconds, 0);
    struct bucket_answer a = bucket_peek(&b, &r, at_ms(30500));
    assert_false(a.allowed);
    assert_int_equal(a.remaining, 0);
    assert_int_equal(a.retry_seconds, 29);
}

static void refill_never_passes_capacity(void **state)
{
    const struct bucket_rule r = {10, 7, 1};
    struct bucket b;
    bucket_start(&b, &r, at_ms(0));
    for (int i = 0; i < 10; i++) assert_true(bucket_take(&b, &r, at_ms(0)).allowed);
    assert_int_equal(bucket_peek(&b, &r, at_ms(1000)).remaining, 7);
    assert_int_equal(bucket_peek(&b, &r, at_ms(2000)).remaining, 10);
    assert_int_equal(bucket_peek(&b, &r, at_ms(3600000)).remaining, 10);
}

static void huge_rules_and_times_do_not_overflow(void **state)
{
    const struct bucket_rule r = {UINT32_MAX, UINT32_MAX, 1};
    struct bucket b;
    bucket_start(&b, &r, (struct mono){0});
    b.tokens = 0;
    struct bucket_answer a = bucket_take(&b, &r, (struct mono){INT64_MAX - 2 * NS_PER_SEC});
    assert_true(a.allowed);
    assert_int_equal(a.remaining, UINT32_MAX - 1);
    const struct bucket_rule slow = {3, 1, UINT32_MAX};
    bucket_start(&b, &slow, (struct mono){0});
    bucket_take(&b, &slow, (struct mono){0});
    assert_int_equal(bucket_peek(&b, &slow, (struct mono){(int64_t)UINT32_MAX * NS_PER_SEC}).remaining, 3);
}

static void a_clock_that_stands_behind_changes_nothing(void **state)
{
    struct bucket b;
    bucket_start(&b, &streams, at_ms(1000));
    assert_int_equal(bucket_take(&b, &streams, at_ms(0)).remaining, 1199); // two threads may differ by a little
    assert_int_equal(b.anchor_ns, 1000 * NS_PER_MS);
}

static void a_lowered_capacity_clamps(void **state)
{
    const struct bucket_rule low = {5, 1, 60};
    struct bucket b;
    bucket_start(&b, &streams, at_ms(0));
    assert_int_equal(bucket_take(&b, &low, at_ms(1)).remaining, 4);
}

static void full_means_full(void **state)
{
    const struct bucket_rule r = {3, 1, 10};
    struct bucket b;
    bucket_start(&b, &r, at_ms(0));
    assert_true(bucket_is_full(&b, &r, at_ms(0)));
    bucket_take(&b, &r, at_ms(0));
    bucket_take(&b, &r, at_ms(0));
    assert_false(bucket_is_full(&b, &r, at_ms(19999)));
    assert_true(bucket_is_full(&b, &r, at_ms(20000)));
}

// ---- the naive model: credits period after period in a loop, and counts in plain 64-bit numbers

struct naive {
    int64_t tick_ns;
    uint64_t tokens;
};

static void naive_catch_up(struct naive *n, const struct bucket_rule *r, int64_t now_ns)
{
    while (n->tick_ns <= now_ns) {
        n->tokens += r->refill;
        if (n->tokens > r->capacity) n->tokens = r->capacity;
        n->tick_ns += (int64_t)r->refill_seconds * NS_PER_SEC;
    }
}

static void agrees_with_the_naive_model(void **state)
{
    struct seeded_rng seed;
    struct rng rng = rng_seeded(&seed, 20241113);
    for (int run = 0; run < 400; run++) {
        struct bucket_rule r = {1 + (uint32_t)rng_below(&rng, 30), 1 + (uint32_t)rng_below(&rng, 40),
                                1 + (uint32_t)rng_below(&rng, 90)};
        int64_t now = (int64_t)rng_below(&rng, 1000000) * NS_PER_MS;
        struct bucket b;
        bucket_start(&b, &r, (struct mono){now});
        struct naive n = {now + (int64_t)r.refill_seconds * NS_PER_SEC, r.capacity};
        for (int step = 0; step < 300; step++) {
            now += (int64_t)rng_below(&rng, rng_below(&rng, 20) ? 4000 : 400000) * NS_PER_MS;
            naive_catch_up(&n, &r, now);
            assert_int_equal(bucket_peek(&b, &r, (struct mono){now}).remaining, n.tokens);
            assert_int_equal(bucket_is_full(&b, &r, (struct mono){now}), n.tokens == r.capacity);
            struct bucket_answer a = bucket_take(&b, &r, (struct mono){now});
            assert_int_equal(a.allowed, n.tokens > 0);
            if (n.tokens > 0)
                n.tokens--;
            else
                assert_int_equal(a.retry_seconds, (n.tick_ns - now) / NS_PER_SEC);
            assert_int_equal(a.remaining, n.tokens);
            assert_int_equal(a.limit, r.capacity);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_use_is_full_and_spends_one),
        cmocka_unit_test(nothing_trickles_back_between_ticks),
        cmocka_unit_test(the_grid_is_anchored_at_first_use),
        cmocka_unit_test(retry_is_floored_to_the_next_tick),
        cmocka_unit_test(refill_never_passes_capacity),
        cmocka_unit_test(huge_rules_and_times_do_not_overflow),
        cmocka_unit_test(a_clock_that_stands_behind_changes_nothing),
        cmocka_unit_test(a_lowered_capacity_clamps),
        cmocka_unit_test(full_means_full),
        cmocka_unit_test(agrees_with_the_naive_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
