// SPDX-License-Identifier: Apache-2.0
// Scripted faults and token buckets: which request is hit, how often, and what a rule may say.
// Must never: depend on real time.

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>
#include <string.h>

#include "ec2sim/fault.h"

static const struct sim_caller here = {"111111111111", "us-east-1"};
static struct wall at = {1800000000 * US_PER_SEC}; // simulated; a test moves it

static struct faults *fresh(uint64_t seed)
{
    static struct faults f;
    static struct seeded_rng state;
    struct rng rng = rng_seeded(&state, seed);
    faults_init(&f, &rng);
    return &f;
}

static enum err add(struct faults *f, const char *json, struct error *err)
{
    struct json_doc *doc;
    uint64_t id;
    enum err rc = json_read(slice_of(json), 65536, &doc, err);
    if (rc != ERR_OK) return rc;
    rc = faults_add(f, json_root(doc), at, &id, err);
    json_doc_free(doc);
    return rc;
}

static unsigned hits(struct faults *f, const char *action, unsigned requests)
{
    struct fault_rule r;
    unsigned n = 0;
    for (unsigned i = 0; i < requests; i++) n += faults_hit(f, action, &here, at, &r);
    return n;
}

static void a_rule_hits_once_by_default(void **state)
{
    (void)state;
    struct faults *f = fresh(1);
    struct fault_rule r;
    struct error err;
    assert_int_equal(add(f, "{\"kind\":\"throttle\"}", &err), ERR_OK);
    assert_true(faults_hit(f, "DescribeVpcs", &here, at, &r));
    assert_int_equal(r.status, 503);
    assert_string_equal(r.code, "RequestLimitExceeded");
    assert_int_equal(hits(f, "DescribeVpcs", 10), 0);
}

static void after_and_times_count_matching_requests(void **state)
{
    (void)state;
    struct faults *f = fresh(1);
    struct fault_rule r;
    struct error err;
    assert_int_equal(add(f, "{\"kind\":\"error\",\"action\":\"X\",\"after\":2,\"times\":3}", &err), ERR_OK);
    assert_int_equal(hits(f, "Y", 5), 0);
    const bool want[] = {false, false, true, true, true, false, false};
    for (size_t i = 0; i < ARRAY_LEN(want); i++) assert_int_equal(faults_hit(f, "X", &here, at, &r), want[i]);
}

static void account_and_region_narrow(void **state)
{
    (void)state;
    struct faults *f = fresh(1);
    struct error err;
    assert_int_equal(add(f, "{\"kind\":\"error\",\"account\":\"222222222222\",\"times\":0}", &err), ERR_OK);
    assert_int_equal(hits(f, "X", 5), 0);
    assert_int_equal(add(f, "{\"kind\":\"error\",\"region\":\"us-east-1\",\"times\":0}", &err), ERR_OK);
    assert_int_equal(hits(f, "X", 5), 5);
}

static void percent_is_the_seeds(void **state)
{
    (void)state;
    struct error err;
    unsigned first = 0;
    for (int run = 0; run < 2; run++) {
        struct faults *f = fresh(7);
        assert_int_equal(add(f, "{\"kind\":\"slow\",\"percent\":30,\"times\":0}", &err), ERR_OK);
        unsigned n = hits(f, "X", 10000);
        assert_in_range(n, 2700, 3300);
        if (run == 0) first = n;
        assert_int_equal(n, first); // the same seed, the same faults
    }
}

static void the_first_rule_wins_then_the_next(void **state)
{
    (void)state;
    struct faults *f = fresh(1);
    struct fault_rule r;
    struct error err;
    assert_int_equal(add(f, "{\"kind\":\"lost-reply\"}", &err), ERR_OK);
    assert_int_equal(add(f, "{\"kind\":\"html\"}", &err), ERR_OK);
    assert_true(faults_hit(f, "X", &here, at, &r));
    assert_int_equal(r.kind, FAULT_LOST_REPLY);
    assert_true(faults_hit(f, "X", &here, at, &r));
    assert_int_equal(r.kind, FAULT_HTML);
    assert_int_equal(r.status, 502);
}

static void all_kinds_have_names_and_defaults(void **state)
{
    (void)state;
    for (int k = 1; k < FAULT_KIND_COUNT_; k++) {
        struct faults *f = fresh(1);
        struct fault_rule r;
        struct error err;
        char json[100];
        snprintf(json, sizeof(json), "{\"kind\":\"%s\"}", fault_kind_name((enum fault_kind)k));
        assert_int_equal(add(f, json, &err), ERR_OK);
        if (k == FAULT_RATE) assert_int_equal(hits(f, "X", 1), 0); // the first one may pass
        assert_true(faults_hit(f, "X", &here, at, &r));
        assert_int_equal(r.kind, k);
        assert_in_range(r.status, 200, 599);
    }
}

static void bad_rules_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"[]",
                                      "{}",
                                      "{\"kind\":\"none\"}",
                                      "{\"kind\":\"explode\"}",
                                      "{\"kind\":1}",
                                      "{\"kind\":\"error\",\"status\":200}",
                                      "{\"kind\":\"error\",\"status\":\"500\"}",
                                      "{\"kind\":\"error\",\"percent\":0}",
                                      "{\"kind\":\"error\",\"percent\":101}",
                                      "{\"kind\":\"slow\",\"ms\":600001}",
                                      "{\"kind\":\"huge\",\"bytes\":999999999}",
                                      "{\"kind\":\"error\",\"after\":-1}",
                                      "{\"kind\":\"error\",\"account\":\"1234567890123\"}",
                                      "{\"kind\":\"rate\",\"perSecond\":0}",
                                      "{\"kind\":\"rate\",\"burst\":0}",
                                      "{\"kind\":\"stale\",\"ageSeconds\":86401}",
                                      "{\"kind\":\"outage\",\"seconds\":-1}",
                                      "{\"kind\":\"error\",\"colour\":\"red\"}"};
    struct faults *f = fresh(1);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct error err = {0};
        assert_int_equal(add(f, bad[i], &err), ERR_INVALID);
        assert_true(strlen(err.detail) > 10);
    }
    assert_int_equal(f->count, 0);
    struct error err;
    for (int i = 0; i < FAULT_RULES_MAX; i++) assert_int_equal(add(f, "{\"kind\":\"error\"}", &err), ERR_OK);
    assert_int_equal(add(f, "{\"kind\":\"error\"}", &err), ERR_TOO_LARGE);
}

// ---- kinds that last

static void an_outage_ends_by_itself(void **state)
{
    (void)state;
    static const struct {
        const char *json, *code;
    } t[] = {{"{\"kind\":\"outage\",\"seconds\":3600}", "Unavailable"},
             {"{\"kind\":\"unreachable\",\"seconds\":3600}", "InternalError"},
             {"{\"kind\":\"error\",\"times\":0,\"seconds\":3600}", "InternalError"}};
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct faults *f = fresh(1);
        struct fault_rule r;
        struct error err;
        assert_int_equal(add(f, t[i].json, &err), ERR_OK);
        assert_int_equal(hits(f, "DescribeVpcs", 1000), 1000);
        assert_true(faults_hit(f, "X", &here, at, &r));
        assert_string_equal(r.code, t[i].code);
        at.us += 3600 * US_PER_SEC - 1;
        assert_int_equal(hits(f, "DescribeVpcs", 1), 1);
        at.us += 1;
        assert_int_equal(hits(f, "DescribeVpcs", 1000), 0);
    }
}

static void ended_rules_make_room(void **state)
{
    (void)state;
    struct faults *f = fresh(1);
    struct error err;
    for (int i = 0; i < FAULT_RULES_MAX; i++)
        assert_int_equal(add(f, "{\"kind\":\"outage\",\"seconds\":60}", &err), ERR_OK);
    assert_int_equal(add(f, "{\"kind\":\"html\"}", &err), ERR_TOO_LARGE);
    at.us += 60 * US_PER_SEC;
    assert_int_equal(add(f, "{\"kind\":\"html\"}", &err), ERR_OK);
    assert_int_equal(hits(f, "X", 2), 1);
}

static void a_rate_lets_so_many_pass(void **state)
{
    (void)state;
    struct faults *f = fresh(1);
    struct fault_rule r;
    struct error err;
    assert_int_equal(add(f, "{\"kind\":\"rate\",\"action\":\"X\",\"perSecond\":2,\"burst\":5}", &err), ERR_OK);
    assert_int_equal(hits(f, "Y", 100), 0);
    assert_int_equal(hits(f, "X", 100), 95);
    for (int second = 0; second < 10; second++) {
        at.us += US_PER_SEC;
        assert_int_equal(hits(f, "X", 100), 98);
    }
    at.us += 86400 * US_PER_SEC; // full again, not fuller
    assert_int_equal(hits(f, "X", 100), 95);
    assert_true(faults_hit(f, "X", &here, at, &r));
    assert_int_equal(r.status, 503);
    assert_string_equal(r.code, "RequestLimitExceeded");
    at.us -= 3600 * US_PER_SEC; // a clock that was set back gives nothing
    assert_int_equal(hits(f, "X", 100), 100);
}

static void a_rate_of_one_is_one_a_second_whatever_the_spacing(void **state)
{
    (void)state;
    struct faults *f = fresh(1);
    struct error err;
    unsigned passed = 0;
    assert_int_equal(add(f, "{\"kind\":\"rate\"}", &err), ERR_OK);
    for (int i = 0; i < 100000; i++) { // 100 s in steps of 1 ms
        passed += 1 - hits(f, "X", 1);
        at.us += 1000;
    }
    assert_in_range(passed, 100, 101);
}

// ---- buckets

static void buckets_are_the_guides(void **state)
{
    (void)state;
    static const struct {
        const char *action;
        int64_t capacity, per_second;
    } t[] = {{"DescribeVpcPeeringConnections", 100, 20},
             {"AcceptVpcPeeringConnection", 50, 5},
             {"CreateTags", 100, 10},
             {"DeleteVpc", 50, 5}};
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        static struct throttle b;
        struct mono now = {5 * NS_PER_SEC};
        memset(&b, 0, sizeof(b));
        for (int64_t n = 0; n < t[i].capacity; n++) assert_true(throttle_take(&b, t[i].action, &here, now));
        assert_false(throttle_take(&b, t[i].action, &here, now));
        now.ns += NS_PER_SEC;
        for (int64_t n = 0; n < t[i].per_second; n++) assert_true(throttle_take(&b, t[i].action, &here, now));
        assert_false(throttle_take(&b, t[i].action, &here, now));
        now.ns += 1000000 * NS_PER_SEC; // full again, not fuller
        for (int64_t n = 0; n < t[i].capacity; n++) assert_true(throttle_take(&b, t[i].action, &here, now));
        assert_false(throttle_take(&b, t[i].action, &here, now));
    }
}

static void buckets_are_apart(void **state)
{
    (void)state;
    static struct throttle b;
    const struct sim_caller other_account = {"222222222222", "us-east-1"}, other_region = {"111111111111", "eu-west-1"};
    struct mono now = {1};
    while (throttle_take(&b, "AcceptVpcPeeringConnection", &here, now)) {
    }
    assert_true(throttle_take(&b, "AcceptVpcPeeringConnection", &other_account, now));
    assert_true(throttle_take(&b, "AcceptVpcPeeringConnection", &other_region, now));
    assert_true(throttle_take(&b, "RejectVpcPeeringConnection", &here, now));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rule_hits_once_by_default),
        cmocka_unit_test(after_and_times_count_matching_requests),
        cmocka_unit_test(account_and_region_narrow),
        cmocka_unit_test(percent_is_the_seeds),
        cmocka_unit_test(the_first_rule_wins_then_the_next),
        cmocka_unit_test(all_kinds_have_names_and_defaults),
        cmocka_unit_test(bad_rules_are_refused),
        cmocka_unit_test(an_outage_ends_by_itself),
        cmocka_unit_test(ended_rules_make_room),
        cmocka_unit_test(a_rate_lets_so_many_pass),
        cmocka_unit_test(a_rate_of_one_is_one_a_second_whatever_the_spacing),
        cmocka_unit_test(buckets_are_the_guides),
        cmocka_unit_test(buckets_are_apart),
    };
    return cmocka_run_group_tests_name("ec2sim faults", tests, NULL, NULL);
}
