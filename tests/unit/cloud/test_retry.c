// SPDX-License-Identifier: Apache-2.0
// The retry rules: classes by code, ending and status; delays; budget; pace. Seeded randomness, manual time.
// Run by: meson test. Must never: sleep.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka needs the three above first
#include <cmocka.h>
#include <stdio.h>

#include "cloud/retry.h"

static void test_classes(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *code, *message;
        enum cloud_class want;
        bool skew;
    } rows[] = {
        {503, "RequestLimitExceeded", "", CLOUD_THROTTLED, false},
        {400, "requestlimitexceeded", "", CLOUD_THROTTLED, false},
        {400, "Throttling", "", CLOUD_THROTTLED, false},
        {429, "", "", CLOUD_THROTTLED, false},
        {500, "InternalError", "", CLOUD_TRANSIENT, false},
        {400, "Unavailable", "", CLOUD_TRANSIENT, false},
        {502, "", "", CLOUD_TRANSIENT, false},
        {503, "SomethingNew", "", CLOUD_TRANSIENT, false},
        {500, "InvalidMaybe", "", CLOUD_TRANSIENT, false},
        {408, "", "", CLOUD_TRANSIENT, false},
        {401, "AuthFailure", "", CLOUD_CREDENTIALS, false},
        {400, "ExpiredTokenException", "", CLOUD_CREDENTIALS, false},
        {403, "InvalidClientTokenId", "", CLOUD_CREDENTIALS, false},
        {400, "RequestExpired", "", CLOUD_CREDENTIALS, true},
        {403, "RequestTimeTooSkewed", "", CLOUD_CREDENTIALS, true},
        {403, "SignatureDoesNotMatch", "The request signature we calculated does not match", CLOUD_CREDENTIALS, false},
        {403, "SignatureDoesNotMatch", "Signature expired: 2024 is now earlier than 2025", CLOUD_CREDENTIALS, true},
        {403, "SignatureDoesNotMatch", "Signature not yet current: 2026", CLOUD_CREDENTIALS, true},
        {403, "UnauthorizedOperation", "", CLOUD_DENIED, false},
        {403, "AccessDenied", "", CLOUD_DENIED, false},
        {403, "", "", CLOUD_DENIED, false},
        {401, "", "", CLOUD_CREDENTIALS, false},
        {400, "InvalidVpcPeeringConnectionID.NotFound", "", CLOUD_NOT_FOUND_YET, false},
        {400, "InvalidVpcPeeringConnectionId.NotFound", "", CLOUD_NOT_FOUND_YET, false},
        {400, "InvalidVpcID.NotFound", "", CLOUD_NOT_FOUND_YET, false},
        {400, "InvalidVpcPeeringConnectionId.Malformed", "", CLOUD_PERMANENT, false},
        {400, "InvalidStateTransition", "", CLOUD_CONFLICT, false},
        {400, "OperationNotPermitted", "", CLOUD_CONFLICT, false},
        {400, "VpcPeeringConnectionAlreadyExists", "", CLOUD_CONFLICT, false},
        {400, "RoutesPerTableLimitExceeded", "", CLOUD_CONFLICT, false},
        {400, "MissingParameter", "", CLOUD_PERMANENT, false},
        {400, "InvalidParameterValue", "", CLOUD_PERMANENT, false},
        {412, "DryRunOperation", "", CLOUD_PERMANENT, false},
        {400, "NeverHeardOf", "", CLOUD_PERMANENT, false},
        {302, "", "", CLOUD_PERMANENT, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bool skew = !rows[i].skew;
        enum cloud_class c = retry_classify(rows[i].status, slice_of(rows[i].code), slice_of(rows[i].message), &skew);
        if (c != rows[i].want || skew != rows[i].skew)
            fail_msg("%d %s: %s, skew %d", rows[i].status, rows[i].code, cloud_class_name(c), skew);
    }
    assert_int_equal(retry_classify(400, (struct slice){NULL, 0}, (struct slice){NULL, 0}, NULL), CLOUD_PERMANENT);
}

static void test_delays_are_full_jitter_below_a_cap(void **state)
{
    (void)state;
    struct seeded_rng seed;
    struct rng rng = rng_seeded(&seed, 7);
    static const struct {
        enum cloud_class class;
        unsigned retry;
        int64_t top;
    } rows[] = {{CLOUD_TRANSIENT, 1, 50 * NS_PER_MS}, {CLOUD_TRANSIENT, 3, 200 * NS_PER_MS},
                {CLOUD_THROTTLED, 1, NS_PER_SEC},     {CLOUD_THROTTLED, 2, 2 * NS_PER_SEC},
                {CLOUD_THROTTLED, 40, RETRY_CAP_NS},  {CLOUD_TRANSIENT, 4000, RETRY_CAP_NS}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t least = INT64_MAX, most = 0;
        for (int k = 0; k < 2000; k++) {
            int64_t ns = retry_delay(rows[i].class, rows[i].retry, 0, &rng);
            assert_in_range(ns, 0, rows[i].top);
            least = MIN(least, ns);
            most = MAX(most, ns);
        }
        assert_true(least < rows[i].top / 20 && most > rows[i].top * 19 / 20);
    }
    for (int k = 0; k < 100; k++) {
        int64_t ns = retry_delay(CLOUD_TRANSIENT, 1, 3600 * NS_PER_SEC, &rng); // a server cannot hold us for an hour
        assert_in_range(ns, RETRY_AFTER_MORE, RETRY_AFTER_MORE + 50 * NS_PER_MS);
        ns = retry_delay(CLOUD_TRANSIENT, 1, 2 * NS_PER_SEC, &rng);
        assert_int_equal(ns, 2 * NS_PER_SEC);
        assert_in_range(retry_delay(CLOUD_THROTTLED, 5, 1, &rng), 0, 16 * NS_PER_SEC);
    }
}

static void test_retry_after_headers(void **state)
{
    (void)state;
    assert_int_equal(retry_after_ns(SLICE("1500"), SLICE("")), 1500 * NS_PER_MS);
    assert_int_equal(retry_after_ns(SLICE(""), SLICE("3")), 3 * NS_PER_SEC);
    assert_int_equal(retry_after_ns(SLICE("100"), SLICE("3")), 3 * NS_PER_SEC);
    assert_int_equal(retry_after_ns(SLICE("-5"), SLICE("Wed, 21 Oct 2015 07:28:00 GMT")), 0);
    assert_int_equal(retry_after_ns(SLICE("99999999999999999999"), SLICE("99999999999999999999")), 0);
}

static void test_budget_runs_dry_and_refills(void **state)
{
    (void)state;
    struct retry_budget b;
    unsigned cost = 0, retries = 0;
    retry_budget_init(&b);
    while (retry_budget_take(&b, CLOUD_TRANSIENT, &cost)) retries++;
    assert_int_equal(retries, RETRY_BUDGET / RETRY_COST_TRANSIENT);
    assert_int_equal(cost, RETRY_COST_TRANSIENT);
    retry_budget_success(&b, cost); // a retry that worked gives its tokens back
    assert_true(retry_budget_take(&b, CLOUD_TRANSIENT, &cost));
    assert_false(retry_budget_take(&b, CLOUD_TRANSIENT, &cost));
    for (int i = 0; i < 5; i++) retry_budget_success(&b, 0); // first attempts give one
    assert_true(retry_budget_take(&b, CLOUD_THROTTLED, &cost));
    for (int i = 0; i < 1000; i++) retry_budget_success(&b, 14);
    assert_int_equal(b.tokens, RETRY_BUDGET);
}

static void test_pace_slows_one_bucket_only(void **state)
{
    (void)state;
    struct seeded_rng seed;
    struct rng rng = rng_seeded(&seed, 3);
    struct pace_table t;
    struct error err;
    struct mono now = {1000 * NS_PER_SEC};
    struct slice a = SLICE("1/us-east-1/X"), b = SLICE("2/us-east-1/X");
    assert_int_equal(pace_table_init(&t, &rng, &err), ERR_OK);
    assert_int_equal(pace_wait(&t, a, now), 0);
    pace_success(&t, a);
    assert_int_equal(t.used, 0); // only throttles make rows
    pace_throttled(&t, a, now);
    assert_int_equal(pace_wait(&t, a, now), PACE_FIRST_NS);
    assert_int_equal(pace_wait(&t, a, now), 2 * PACE_FIRST_NS); // two callers do not share one slot
    assert_int_equal(pace_wait(&t, b, now), 0);
    for (int i = 0; i < 20; i++) pace_throttled(&t, a, now);
    assert_true(pace_wait(&t, a, now) <= PACE_MAX_NS);
    now.ns += 3600 * NS_PER_SEC;
    assert_int_equal(pace_wait(&t, a, now), 0);
    for (int i = 0; i < 40; i++) pace_success(&t, a);
    now.ns += 3600 * NS_PER_SEC;
    assert_int_equal(pace_wait(&t, a, now), 0);
    assert_int_equal(pace_wait(&t, a, now), 0); // back to full speed
    for (unsigned i = 0; i < PACE_KEYS + 10; i++) {
        char key[32];
        snprintf(key, sizeof key, "k%u", i);
        pace_throttled(&t, slice_of(key), now);
    }
    assert_int_equal(t.used, PACE_KEYS);
    assert_true(pace_wait(&t, SLICE("one too many"), now) > 0); // shares a row with the others
    pace_table_done(&t);
}

static void test_hosts_that_are_away_share_one_call_a_second(void **state)
{
    struct seeded_rng seed;
    struct rng rng = rng_seeded(&seed, 5);
    struct away_table t;
    struct error err;
    struct mono now = {100 * NS_PER_SEC};
    struct slice a = SLICE("ec2.us-east-1.amazonaws.com"), b = SLICE("ec2.eu-west-1.amazonaws.com");
    (void)state;
    assert_int_equal(away_table_init(&t, &rng, &err), ERR_OK);
    for (int i = 0; i < AWAY_AFTER; i++) {
        assert_int_equal(away_wait(&t, a, now), 0); // a failure or two is everyday life
        away_failed(&t, a);
    }
    assert_int_equal(away_wait(&t, b, now), 0); // the other one answers
    for (int i = 0; i < AWAY_AFTER; i++) away_failed(&t, b);
    for (int64_t i = 0; i <= 10; i++) assert_int_equal(away_wait(&t, i % 2 ? a : b, now), i * NS_PER_SEC);
    assert_int_equal(away_wait(&t, a, now), -1); // enough stand in line
    now.ns += 5 * NS_PER_SEC + NS_PER_SEC / 2;
    assert_int_equal(away_wait(&t, a, now), 5 * NS_PER_SEC + NS_PER_SEC / 2);
    away_answered(&t, a);
    assert_int_equal(away_wait(&t, a, now), 0);
    assert_true(away_wait(&t, b, now) > 0); // not yet
    for (unsigned i = 0; i < AWAY_HOSTS + 10; i++) {
        char host[32];
        snprintf(host, sizeof host, "h%u", i);
        for (int k = 0; k < AWAY_AFTER; k++) away_failed(&t, slice_of(host));
    }
    assert_int_equal(t.used, AWAY_HOSTS);
    now.ns += 3600 * NS_PER_SEC;
    assert_int_equal(away_wait(&t, SLICE("one too many"), now), 0);
    assert_int_equal(away_wait(&t, SLICE("and one more"), now), NS_PER_SEC);
    away_table_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_delays_are_full_jitter_below_a_cap),
        cmocka_unit_test(test_retry_after_headers),
        cmocka_unit_test(test_budget_runs_dry_and_refills),
        cmocka_unit_test(test_pace_slows_one_bucket_only),
        cmocka_unit_test(test_hosts_that_are_away_share_one_call_a_second),
    };
    return cmocka_run_group_tests_name("cloud/retry", tests, NULL, NULL);
}
