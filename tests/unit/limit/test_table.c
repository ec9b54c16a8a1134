// SPDX-License-Identifier: Apache-2.0
// The table of buckets: sets from spec/limits.def, overrides, a million scopes in 64 MB, eviction of full buckets only,
// refusal when everything is live, and threads. Called by: meson test.
#include "base/mem.h"
#include "limit/limit.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static struct mono at_s(int64_t s)
{
    return (struct mono){s * NS_PER_SEC};
}

static struct slice number(char out[24], uint64_t v)
{
    int n = snprintf(out, 24, "scope-%lu", (unsigned long)v);
    return slice_n(out, (size_t)n);
}

static void sets_have_their_documented_numbers(void **state)
{
    const struct limit_row *r = limit_row(LIMIT_STREAMS_GROUP);
    assert_string_equal(r->set_id, "streams_group");
    assert_int_equal(r->scope, SCOPE_GROUP);
    assert_int_equal(r->rule.capacity, 1200);
    assert_int_equal(r->rule.refill, 500);
    assert_int_equal(r->rule.refill_seconds, 60);
    enum limit_set s = LIMIT_NONE;
    for (unsigned i = 0; i < LIMIT_SET_COUNT_; i++) {
        assert_true(limit_set_parse(slice_of(limit_row((enum limit_set)i)->set_id), &s));
        assert_int_equal(s, i);
    }
    s = LIMIT_NONE;
    assert_false(limit_set_parse(SLICE("streams_grou"), &s));
    assert_false(limit_set_parse(SLICE(""), &s));
    assert_int_equal(s, LIMIT_NONE);
}

static void sets_and_scopes_are_independent(void **state)
{
    struct limits *l = limits_new(true, NULL, 0, 1000, &rng_system);
    assert_int_equal(limits_take(l, LIMIT_STREAMS_GROUP, SLICE("a"), at_s(0)).remaining, 1199);
    assert_int_equal(limits_take(l, LIMIT_STREAMS_GROUP, SLICE("a"), at_s(0)).remaining, 1198);
    assert_int_equal(limits_take(l, LIMIT_STREAMS_GROUP, SLICE("b"), at_s(0)).remaining, 1199);
    assert_int_equal(limits_take(l, LIMIT_PROJECTS_GROUP, SLICE("a"), at_s(0)).remaining, 1199);
    assert_int_equal(limits_take(l, LIMIT_ROOT_IP, SLICE(""), at_s(0)).remaining, 399);
    assert_int_equal(limits_count(l), 4);
    limits_free(l);
}

static void an_empty_bucket_refuses_until_its_tick(void **state)
{
    struct limits *l = limits_new(true, NULL, 0, 1000, &rng_system);
    for (int i = 0; i < 50; i++) assert_true(limits_take(l, LIMIT_OAUTH_TOKEN, SLICE("x"), at_s(3)).allowed);
    struct bucket_answer a = limits_take(l, LIMIT_OAUTH_TOKEN, SLICE("x"), at_s(13));
    assert_false(a.allowed);
    assert_int_equal(a.retry_seconds, 50);
    assert_true(limits_take(l, LIMIT_OAUTH_TOKEN, SLICE("x"), at_s(63)).allowed);
    limits_free(l);
}

static void switched_off_allows_everything(void **state)
{
    struct limits *l = limits_new(false, NULL, 0, 1000000, &rng_system);
    for (int i = 0; i < 2000; i++) {
        struct bucket_answer a = limits_take(l, LIMIT_ROOT_USER, SLICE("x"), at_s(0));
        assert_true(a.allowed);
        assert_int_equal(a.limit, 300);
        assert_int_equal(a.remaining, 300);
    }
    assert_int_equal(limits_count(l), 0);
    assert_true(limits_bytes(l) < (8U << 20));
    limits_free(l);
}

static void overrides_hold_for_their_scope_or_the_set(void **state)
{
    const struct limit_override o[] = {
        {LIMIT_STREAMS_GROUP, "g1", {2, 1, 10}},
        {LIMIT_ROOT_USER, "", {7, 7, 7}},
        {LIMIT_ROOT_USER, "keyabcde", {9, 9, 9}},
    };
    struct limits *l = limits_new(true, o, ARRAY_LEN(o), 1000, &rng_system);
    assert_int_equal(limits_rule(l, LIMIT_STREAMS_GROUP, SLICE("g1")).capacity, 2);
    assert_int_equal(limits_rule(l, LIMIT_STREAMS_GROUP, SLICE("g2")).capacity, 1200);
    assert_int_equal(limits_rule(l, LIMIT_PROJECTS_GROUP, SLICE("g1")).capacity, 1200);
    assert_int_equal(limits_rule(l, LIMIT_ROOT_USER, SLICE("any")).refill_seconds, 7);
    assert_int_equal(limits_rule(l, LIMIT_ROOT_USER, SLICE("keyabcde")).refill_seconds, 9);
    limits_take(l, LIMIT_STREAMS_GROUP, SLICE("g1"), at_s(0));
    limits_take(l, LIMIT_STREAMS_GROUP, SLICE("g1"), at_s(0));
    assert_false(limits_take(l, LIMIT_STREAMS_GROUP, SLICE("g1"), at_s(9)).allowed);
    assert_true(limits_take(l, LIMIT_STREAMS_GROUP, SLICE("g1"), at_s(10)).allowed);
    limits_free(l);
}

static void a_million_scopes_fit_and_none_is_lost(void **state)
{
    struct limits *l = limits_new(true, NULL, 0, 1000000, &rng_system);
    char text[24];
    for (uint64_t i = 0; i < 1000000; i++)
        assert_true(limits_take(l, LIMIT_STREAMS_GROUP, number(text, i), at_s(0)).allowed);
    assert_int_equal(limits_count(l), 1000000);
    assert_int_equal(limits_refused(l), 0);
    assert_true(limits_bytes(l) <= 64 * 1000 * 1000);
    print_message("a million scopes: limits_bytes %zu\n", limits_bytes(l));
    for (uint64_t i = 0; i < 1000000; i += 97)
        assert_int_equal(limits_take(l, LIMIT_STREAMS_GROUP, number(text, i), at_s(1)).remaining, 1198);
    assert_int_equal(limits_count(l), 1000000);
    limits_free(l);
}

// Strangers come and go; one client keeps spending. Its bucket must survive every sweep.
static void only_full_buckets_are_evicted(void **state)
{
    const struct limit_override o[] = {{LIMIT_STREAMS_GROUP, "busy", {1000000, 1, 60}}};
    struct limits *l = limits_new(true, o, 1, 160, &rng_system);
    char text[24];
    uint64_t stranger = 0, peak = 0;
    for (int64_t minute = 0; minute < 200; minute++) {
        for (int i = 0; i < 200; i++) {
            assert_true(limits_take(l, LIMIT_STREAMS_GROUP, number(text, stranger++), at_s(minute * 60)).allowed);
            peak = MAX(peak, limits_count(l));
        }
        uint32_t spent = (uint32_t)(minute + 1) * 5;
        for (int i = 0; i < 4; i++) limits_take(l, LIMIT_STREAMS_GROUP, SLICE("busy"), at_s(minute * 60));
        struct bucket_answer a = limits_take(l, LIMIT_STREAMS_GROUP, SLICE("busy"), at_s(minute * 60));
        assert_int_equal(a.remaining, 1000000 - spent + (uint32_t)minute);
    }
    assert_true(peak < 1300);
    assert_int_equal(limits_refused(l), 0);
    limits_free(l);
}

static void a_table_full_of_live_buckets_refuses_newcomers_only(void **state)
{
    struct limits *l = limits_new(true, NULL, 0, 16, &rng_system);
    char text[24];
    uint64_t n = 0;
    while (limits_refused(l) == 0 && n < 10000) limits_take(l, LIMIT_STREAMS_GROUP, number(text, n++), at_s(1));
    assert_true(n > 16 && n < 10000);
    struct bucket_answer a = limits_take(l, LIMIT_STREAMS_GROUP, number(text, n - 1), at_s(1));
    assert_false(a.allowed);
    assert_int_equal(a.limit, 1200);
    assert_int_equal(a.remaining, 0);
    assert_int_equal(a.retry_seconds, 60);
    assert_int_equal(limits_take(l, LIMIT_STREAMS_GROUP, number(text, 0), at_s(2)).remaining, 1198);
    // A minute later all but scope 0 are full again: there is room, and scope 0 still has its bucket.
    assert_true(limits_take(l, LIMIT_STREAMS_GROUP, number(text, n - 1), at_s(61)).allowed);
    limits_free(l);
}

// Random takes against one plain bucket a scope that is never evicted: the tokens must agree throughout, as dropping a
// full bucket only moves its grid; so the clock here moves by whole periods.
static void agrees_with_an_unbounded_table(void **state)
{
    enum { SCOPES = 3000 };
    struct bucket *model = mem_zalloc(SCOPES, sizeof(*model));
    struct limits *l = limits_new(true, NULL, 0, SCOPES, &rng_system);
    struct seeded_rng seed;
    struct rng rng = rng_seeded(&seed, 7);
    const struct bucket_rule r = limit_row(LIMIT_OAUTH_TOKEN)->rule;
    for (int64_t step = 0; step < 300000; step++) {
        uint64_t i = rng_below(&rng, SCOPES);
        if (step % 3 == 0) i %= 5;
        struct mono now = at_s(step / 5000 * 60);
        char text[24];
        if (model[i].reserved == 0) bucket_start(&model[i], &r, now);
        model[i].reserved = 1;
        struct bucket_answer want = bucket_take(&model[i], &r, now);
        struct bucket_answer got = limits_take(l, LIMIT_OAUTH_TOKEN, number(text, i), now);
        assert_int_equal(got.allowed, want.allowed);
        assert_int_equal(got.remaining, want.remaining);
        assert_int_equal(got.retry_seconds, want.retry_seconds);
    }
    limits_free(l);
    mem_free(model);
}

static void long_scopes_are_bounded(void **state)
{
    struct limits *l = limits_new(true, NULL, 0, 16, &rng_system);
    static char text[100000];
    memset(text, 'x', sizeof(text));
    assert_int_equal(limits_take(l, LIMIT_ROOT_USER, slice_n(text, sizeof(text)), at_s(0)).remaining, 299);
    assert_int_equal(limits_take(l, LIMIT_ROOT_USER, slice_n(text, 5000), at_s(0)).remaining, 298);
    limits_free(l);
}

static void every_failed_allocation_gives_null(void **state)
{
    const struct limit_override o[] = {{LIMIT_STREAMS_GROUP, "g1", {2, 1, 10}}};
    bool fired = true;
    for (uint64_t n = 1; fired; n++) {
        assert_true(n < 100);
        mem_fault_set(n, false);
        struct limits *l = limits_new(true, o, 1, 100, &rng_system);
        fired = mem_fault_fired();
        mem_fault_set(0, false);
        assert_int_equal(l == NULL, fired);
        limits_free(l);
    }
}

struct taker {
    struct limits *l;
    unsigned allowed;
};

static void *take_many(void *arg)
{
    struct taker *t = arg;
    char text[24];
    for (uint64_t i = 0; i < 20000; i++) {
        t->allowed += limits_take(t->l, LIMIT_STREAMS_GROUP, SLICE("shared"), at_s(0)).allowed;
        (void)limits_take(t->l, LIMIT_ROOT_IP, number(text, i), at_s(0)).allowed;
    }
    return NULL;
}

static void threads_share_exactly_the_capacity(void **state)
{
    struct limits *l = limits_new(true, NULL, 0, 30000, &rng_system);
    struct taker t[4];
    pthread_t threads[4];
    unsigned allowed = 0;
    for (int i = 0; i < 4; i++) {
        t[i] = (struct taker){l, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, take_many, &t[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        allowed += t[i].allowed;
    }
    assert_int_equal(allowed, 1200);
    limits_free(l);
}

// An override that is set while buckets live: at once, without a token for free, and back again.
static void overrides_change_live_buckets_and_give_nothing_back(void **state)
{
    struct limits *l = limits_new(true, NULL, 0, 1000, &rng_system);
    struct limit_override o = {LIMIT_STREAMS_GROUP, "a", {2000, 10, 60}};
    for (int i = 0; i < 1000; i++) assert_true(limits_take(l, o.set, SLICE("a"), at_s(0)).allowed);
    limits_set_overrides(l, &o, 1, 5, at_s(1));
    assert_int_equal(limits_rule(l, o.set, SLICE("a")).capacity, 2000);
    assert_int_equal(limits_rule(l, o.set, SLICE("b")).capacity, 1200);
    struct bucket_answer a = limits_take(l, o.set, SLICE("a"), at_s(1));
    assert_int_equal(a.limit, 2000);
    assert_int_equal(a.remaining, 199);                                                    // as before, less one
    assert_int_equal(limits_take(l, o.set, SLICE("a"), at_s(60)).remaining, 199 + 10 - 1); // on the grid that it had
    o.rule = (struct bucket_rule){5, 1, 1};                                                // another grid begins now
    limits_set_overrides(l, &o, 1, 6, at_s(119));
    for (int i = 0; i < 5; i++) assert_true(limits_take(l, o.set, SLICE("a"), at_s(119)).allowed);
    assert_false(limits_take(l, o.set, SLICE("a"), at_s(119)).allowed);
    limits_set_overrides(l, NULL, 0, 5, at_s(119)); // read before the last one: ignored
    assert_int_equal(limits_rule(l, o.set, SLICE("a")).capacity, 5);
    limits_set_overrides(l, NULL, 0, 7, at_s(119));
    assert_int_equal(limits_rule(l, o.set, SLICE("a")).capacity, 1200);
    assert_false(limits_take(l, o.set, SLICE("a"), at_s(119)).allowed); // lifting fills nothing
    assert_int_equal(limits_take(l, o.set, SLICE("a"), at_s(179)).remaining, 499);
    limits_free(l);
}

// Setting and lifting many again and again; each scope has its own, and the fixed ones below stay.
static void ten_thousand_overrides_come_and_go(void **state)
{
    static char names[LIMIT_OVERRIDES_MAX][24];
    static struct limit_override o[LIMIT_OVERRIDES_MAX];
    const struct limit_override fixed = {LIMIT_STREAMS_GROUP, "scope-3", {33, 3, 60}};
    struct limits *l = limits_new(true, &fixed, 1, 1000, &rng_system);
    for (unsigned i = 0; i < LIMIT_OVERRIDES_MAX; i++) {
        (void)number(names[i], i);
        o[i] = (struct limit_override){LIMIT_STREAMS_GROUP, names[i], {i + 1, 1, 60}};
    }
    for (unsigned round = 0; round < 4; round++) {
        unsigned n = round % 2 ? 10 : LIMIT_OVERRIDES_MAX;
        limits_set_overrides(l, o + (round % 2) * 100, n, round, at_s(round));
        for (unsigned i = 0; i < LIMIT_OVERRIDES_MAX; i++) {
            bool set = round % 2 == 0 || (i >= 100 && i < 110);
            uint32_t want = set ? i + 1 : i == 3 ? 33 : 1200;
            assert_int_equal(limits_rule(l, LIMIT_STREAMS_GROUP, slice_of(names[i])).capacity, want);
        }
    }
    limits_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_have_their_documented_numbers),
        cmocka_unit_test(sets_and_scopes_are_independent),
        cmocka_unit_test(an_empty_bucket_refuses_until_its_tick),
        cmocka_unit_test(switched_off_allows_everything),
        cmocka_unit_test(overrides_hold_for_their_scope_or_the_set),
        cmocka_unit_test(a_million_scopes_fit_and_none_is_lost),
        cmocka_unit_test(only_full_buckets_are_evicted),
        cmocka_unit_test(a_table_full_of_live_buckets_refuses_newcomers_only),
        cmocka_unit_test(agrees_with_an_unbounded_table),
        cmocka_unit_test(long_scopes_are_bounded),
        cmocka_unit_test(every_failed_allocation_gives_null),
        cmocka_unit_test(threads_share_exactly_the_capacity),
        cmocka_unit_test(overrides_change_live_buckets_and_give_nothing_back),
        cmocka_unit_test(ten_thousand_overrides_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
