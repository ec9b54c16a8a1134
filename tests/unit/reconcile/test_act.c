// SPDX-License-Identifier: Apache-2.0
// The rules of act as tables: every action in every state, every class of failure, routes found, foreign and lost.
// Run by: meson test. Must never: need a store, a cloud or a clock.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka needs the three above first
#include <cmocka.h>

#include "reconcile/act.h"

#define NOW    (INT64_C(1733944840) * US_PER_SEC)
#define FRESH  (NOW - US_PER_SEC)
#define OLD    (NOW - ACT_SETTLE_US)
#define PCX    "pcx-0000000000000000a"
#define REASON "EC2 refused it"

static struct act_decision decide(enum action action, bool uncertain, enum act_asked asked, enum cloud_class class,
                                  const char *seen, const struct cloud_failure *refused, int64_t requested)
{
    struct intent i = {
        .action = action, .uncertain = uncertain, .requested = {requested}, .attempts = ACT_SETTLE_ATTEMPTS};
    struct cloud_failure f = {.class = class, .message = REASON};
    struct observed o = {.name = PCX};
    struct act_decision d;
    if (seen) assert_true(cstr_set(o.cloud_status, sizeof o.cloud_status, seen));
    struct act_input in = {.intent = &i,
                           .name = PCX,
                           .asked = asked,
                           .class = class,
                           .failure = class == CLOUD_OK ? NULL : &f,
                           .seen = class == CLOUD_OK ? &o : NULL,
                           .refused = refused,
                           .now = {NOW}};
    act_decide(&in, &d);
    if (d.step == ACT_RETRY || d.step == ACT_FAIL) {
        assert_true(strlen(d.reason) > 10);
        assert_int_equal(d.reason[strlen(d.reason) - 1], '.');
    }
    return d;
}

static void test_an_attempt_begins_with_the_call_unless_the_last_is_in_doubt(void **state)
{
    (void)state;
    for (enum action a = 0; a < ACTION_COUNT_; a++) {
        assert_int_equal(decide(a, false, ACT_ASKED_NOTHING, CLOUD_OK, NULL, NULL, OLD).step, ACT_CALL);
        assert_int_equal(decide(a, true, ACT_ASKED_NOTHING, CLOUD_OK, NULL, NULL, OLD).step, ACT_DESCRIBE);
    }
}

static const struct {
    const char *status;
    enum act_step accept, reject, delete;
} states[] = {
    {"initiating-request", ACT_RETRY, ACT_RETRY, ACT_FAIL},
    {"pending-acceptance", ACT_CALL, ACT_CALL, ACT_FAIL},
    {"provisioning", ACT_DONE, ACT_FAIL, ACT_FAIL},
    {"active", ACT_DONE, ACT_FAIL, ACT_CALL},
    {"deleting", ACT_FAIL, ACT_FAIL, ACT_DONE},
    {"deleted", ACT_FAIL, ACT_FAIL, ACT_DONE},
    {"rejected", ACT_FAIL, ACT_DONE, ACT_DONE},
    {"failed", ACT_FAIL, ACT_FAIL, ACT_DONE},
    {"expired", ACT_FAIL, ACT_FAIL, ACT_DONE},
    {"hibernating", ACT_RETRY, ACT_RETRY, ACT_RETRY},
    {"", ACT_RETRY, ACT_RETRY, ACT_RETRY},
};

static void test_each_state_decides(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        const enum act_step want[ACTION_COUNT_] = {states[i].accept, states[i].reject, states[i].delete};
        for (enum action a = 0; a < ACTION_COUNT_; a++) {
            struct act_decision d = decide(a, true, ACT_ASKED_DESCRIBE, CLOUD_OK, states[i].status, NULL, OLD);
            if (d.step != want[a]) fail_msg("%s when %s: %d", action_name(a), states[i].status, d.step);
            if (d.step == ACT_RETRY) assert_true(d.uncertain); // whatever it becomes, look first
        }
    }
}

// What core lets people ask for must be what we do about it: no intent that is taken fails by its state at once.
static void test_what_is_taken_is_called(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        const enum act_step want[ACTION_COUNT_] = {states[i].accept, states[i].reject, states[i].delete};
        enum cloud_status cloud = cloud_status_of(slice_of(states[i].status));
        for (enum action a = 0; a < ACTION_COUNT_; a++) {
            const char *why;
            if (action_judge(a, LOCAL_NONE, cloud, &why) == VERDICT_TAKE) assert_int_equal(want[a], ACT_CALL);
            if (action_judge(a, LOCAL_NONE, cloud, &why) == VERDICT_ALREADY) assert_int_equal(want[a], ACT_DONE);
        }
    }
}

static const struct {
    enum cloud_class class;
    enum act_step after_call, after_describe;
} failures[] = {
    {CLOUD_THROTTLED, ACT_RETRY, ACT_RETRY},   {CLOUD_TRANSIENT, ACT_RETRY, ACT_RETRY},
    {CLOUD_CREDENTIALS, ACT_RETRY, ACT_RETRY}, {CLOUD_DENIED, ACT_FAIL, ACT_FAIL},
    {CLOUD_CONFLICT, ACT_DESCRIBE, ACT_RETRY}, {CLOUD_PERMANENT, ACT_FAIL, ACT_FAIL},
};

static void test_each_failure_decides(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(failures); i++)
        for (enum action a = 0; a < ACTION_COUNT_; a++) {
            enum cloud_class c = failures[i].class;
            struct act_decision d = decide(a, true, ACT_ASKED_CALL, c, NULL, NULL, OLD);
            assert_int_equal(d.step, failures[i].after_call);
            assert_false(d.uncertain); // we looked before, and this surely did nothing
            d = decide(a, true, ACT_ASKED_DESCRIBE, c, NULL, NULL, OLD);
            assert_int_equal(d.step, failures[i].after_describe);
            assert_int_equal(d.uncertain, d.step == ACT_RETRY);
        }
    assert_non_null(strstr(decide(ACTION_ACCEPT, false, ACT_ASKED_CALL, CLOUD_DENIED, NULL, NULL, OLD).reason,
                           "peerage aws-policy"));
}

static void test_a_lost_reply_is_looked_up(void **state)
{
    struct intent i = {.action = ACTION_ACCEPT, .requested = {FRESH}};
    struct cloud_failure f = {.class = CLOUD_TRANSIENT, .uncertain = true, .message = "no answer"};
    struct act_input in = {
        .intent = &i, .name = PCX, .asked = ACT_ASKED_CALL, .class = CLOUD_TRANSIENT, .failure = &f, .now = {NOW}};
    struct act_decision d;
    (void)state;
    act_decide(&in, &d);
    assert_int_equal(d.step, ACT_RETRY);
    assert_true(d.uncertain);
    in.class = f.class = CLOUD_PERMANENT; // an answer that is none: it may have happened
    act_decide(&in, &d);
    assert_int_equal(d.step, ACT_DESCRIBE);
}

static void test_absence_is_believed_after_two_minutes(void **state)
{
    (void)state;
    for (enum action a = 0; a < ACTION_COUNT_; a++) {
        assert_int_equal(decide(a, false, ACT_ASKED_CALL, CLOUD_NOT_FOUND_YET, NULL, NULL, FRESH).step, ACT_DESCRIBE);
        bool gone = a == ACTION_DELETE; // its end is reached
        struct act_decision d = decide(a, true, ACT_ASKED_DESCRIBE, CLOUD_NOT_FOUND_YET, NULL, NULL, OLD + 1);
        assert_int_equal(d.step, ACT_RETRY);
        assert_true(d.uncertain);
        assert_int_equal(decide(a, true, ACT_ASKED_DESCRIBE, CLOUD_NOT_FOUND_YET, NULL, NULL, OLD).step,
                         gone ? ACT_DONE : ACT_FAIL);
        assert_int_equal(decide(a, true, ACT_ASKED_DESCRIBE, CLOUD_NOT_FOUND_YET, NULL, NULL, NOW + OLD).step,
                         ACT_RETRY); // the clock went back
    }
}

static void test_a_stepped_clock_alone_does_not_end_the_wait(void **state)
{
    struct intent i = {.action = ACTION_ACCEPT, .requested = {OLD}, .attempts = ACT_SETTLE_ATTEMPTS - 1};
    struct cloud_failure f = {.class = CLOUD_NOT_FOUND_YET, .message = REASON};
    struct act_input in = {.intent = &i,
                           .name = PCX,
                           .asked = ACT_ASKED_DESCRIBE,
                           .class = CLOUD_NOT_FOUND_YET,
                           .failure = &f,
                           .now = {NOW}};
    struct act_decision d;
    (void)state;
    act_decide(&in, &d);
    assert_int_equal(d.step, ACT_RETRY);
    i.attempts++;
    act_decide(&in, &d);
    assert_int_equal(d.step, ACT_FAIL);
}

static void test_a_refusal_that_the_state_contradicts_is_waited_for_and_then_told(void **state)
{
    struct cloud_failure early = {.class = CLOUD_CONFLICT, .code = "InvalidStateTransition", .message = REASON};
    struct cloud_failure full = {.class = CLOUD_CONFLICT,
                                 .code = "ActiveVpcPeeringConnectionPerVpcLimitExceeded",
                                 .message = "EC2 refused AcceptVpcPeeringConnection: the limit is 50"};
    (void)state;
    struct act_decision d =
        decide(ACTION_ACCEPT, false, ACT_ASKED_DESCRIBE, CLOUD_OK, "pending-acceptance", &early, FRESH);
    assert_int_equal(d.step, ACT_RETRY);
    assert_false(d.uncertain);
    d = decide(ACTION_ACCEPT, false, ACT_ASKED_DESCRIBE, CLOUD_OK, "pending-acceptance", &early, OLD);
    assert_int_equal(d.step, ACT_FAIL);
    d = decide(ACTION_ACCEPT, false, ACT_ASKED_DESCRIBE, CLOUD_OK, "pending-acceptance", &full, FRESH);
    assert_int_equal(d.step, ACT_FAIL);
    assert_non_null(strstr(d.reason, "limit is 50"));
    d = decide(ACTION_ACCEPT, false, ACT_ASKED_DESCRIBE, CLOUD_OK, "active", &early, OLD); // accepted meanwhile
    assert_int_equal(d.step, ACT_DONE);
}

static void test_backoff_grows_to_its_cap(void **state)
{
    struct seeded_rng seed;
    struct rng rng = rng_seeded(&seed, 3);
    (void)state;
    for (uint32_t n = 0; n < 40; n++) {
        int64_t top = 0, limit = n < 6 ? NS_PER_SEC << (n ? n - 1 : 0) : ACT_BACKOFF_CAP_NS;
        for (int i = 0; i < 400; i++) {
            int64_t ns = act_backoff(n, &rng);
            assert_true(ns >= 0 && ns <= limit);
            top = MAX(top, ns);
        }
        assert_true(top > limit * 8 / 10); // the whole range is used
    }
    assert_true(act_backoff(UINT32_MAX, &rng) <= ACT_BACKOFF_CAP_NS);
}

// ---- routes -------------------------------------------------------------------------------

#define CIDR "10.9.0.0/16"
#define RTB  "rtb-00000000000000001"
#define VPC  "vpc-00000000000000001"
enum { NOT_OURS, TRIED, OURS };

struct look {
    const char *what;
    enum peer_route_state row;
    int made; // by us?
    bool again;
    enum cloud_class class;
    const char *target; // NULL = no route
    int step;           // act_route_step
    int kind;           // of the result
};

static const struct look looks[] = {
    {"nothing there", PEER_ROUTE_WANTED, NOT_OURS, false, CLOUD_OK, NULL, ACT_ROUTE_CREATE, 0},
    {"still in the way?", PEER_ROUTE_CONFLICT, NOT_OURS, false, CLOUD_OK, NULL, ACT_ROUTE_CREATE, 0},
    {"somebody made it", PEER_ROUTE_WANTED, NOT_OURS, false, CLOUD_OK, PCX, ACT_ROUTE_RESULT, ROUTE_RESULT_FOUND},
    {"our reply was lost", PEER_ROUTE_WANTED, TRIED, false, CLOUD_OK, PCX, ACT_ROUTE_RESULT, ROUTE_RESULT_MADE},
    {"another's", PEER_ROUTE_WANTED, TRIED, false, CLOUD_OK, "tgw-1", ACT_ROUTE_RESULT, ROUTE_RESULT_CONFLICT},
    {"another peering's", PEER_ROUTE_WANTED, NOT_OURS, false, CLOUD_OK, "pcx-1", ACT_ROUTE_RESULT,
     ROUTE_RESULT_CONFLICT},
    {"came and went", PEER_ROUTE_WANTED, NOT_OURS, true, CLOUD_OK, NULL, ACT_ROUTE_RESULT, ROUTE_RESULT_RETRY},
    {"no table", PEER_ROUTE_WANTED, NOT_OURS, false, CLOUD_NOT_FOUND_YET, NULL, ACT_ROUTE_RESULT,
     ROUTE_RESULT_CONFLICT},
    {"cloud away", PEER_ROUTE_WANTED, NOT_OURS, false, CLOUD_TRANSIENT, NULL, ACT_ROUTE_RESULT, ROUTE_RESULT_RETRY},
    {"denied", PEER_ROUTE_WANTED, NOT_OURS, false, CLOUD_DENIED, NULL, ACT_ROUTE_RESULT, ROUTE_RESULT_CONFLICT},
    {"remove ours", PEER_ROUTE_REMOVING, OURS, false, CLOUD_OK, PCX, ACT_ROUTE_DELETE, 0},
    {"remove what may be ours", PEER_ROUTE_REMOVING, TRIED, false, CLOUD_OK, PCX, ACT_ROUTE_DELETE, 0},
    {"never remove a stranger's", PEER_ROUTE_REMOVING, NOT_OURS, false, CLOUD_OK, PCX, ACT_ROUTE_RESULT,
     ROUTE_RESULT_FOUND},
    {"replaced meanwhile", PEER_ROUTE_REMOVING, OURS, false, CLOUD_OK, "tgw-1", ACT_ROUTE_RESULT,
     ROUTE_RESULT_CONFLICT},
    {"removed meanwhile", PEER_ROUTE_REMOVING, OURS, false, CLOUD_OK, NULL, ACT_ROUTE_RESULT, ROUTE_RESULT_GONE},
    {"table removed", PEER_ROUTE_REMOVING, OURS, false, CLOUD_NOT_FOUND_YET, NULL, ACT_ROUTE_RESULT, ROUTE_RESULT_GONE},
    {"remove, denied", PEER_ROUTE_REMOVING, OURS, false, CLOUD_DENIED, NULL, ACT_ROUTE_RESULT, ROUTE_RESULT_RETRY},
};

static struct act_route_decision ask_route(struct act_route_input in, int made, const struct cloud_failure *f)
{
    struct act_route_decision d;
    struct peer_route r = *in.row;
    r.ours = made == OURS;
    r.tried.us = made == TRIED ? NOW : 0;
    in.row = &r;
    in.name = PCX;
    in.vpc_id = VPC;
    in.failure = f;
    act_route_decide(&in, &d);
    if (d.step == ACT_ROUTE_RESULT && !d.look &&
        (d.result.kind == ROUTE_RESULT_RETRY || d.result.kind == ROUTE_RESULT_CONFLICT))
        assert_true(strlen(d.text) > 10);
    return d;
}

static void test_what_stands_in_the_table_decides(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(looks); i++) {
        const struct look *l = &looks[i];
        struct peer_route row = {.table_id = RTB, .cidr = CIDR, .state = l->row};
        struct cloud_failure f = {.class = l->class, .message = "EC2 refused it"};
        struct cloud_route there = {.vpc_id = VPC, .found = l->target != NULL};
        if (l->target) assert_true(cstr_set(there.target, sizeof there.target, l->target));
        struct act_route_input in = {
            .row = &row, .asked = ACT_ROUTE_FOUND, .class = l->class, .there = &there, .again = l->again};
        struct act_route_decision d = ask_route(in, l->made, &f);
        if ((int)d.step != l->step || (l->step == ACT_ROUTE_RESULT && (int)d.result.kind != l->kind))
            fail_msg("%s: step %d, kind %d", l->what, d.step, d.result.kind);
    }
}

static void test_what_was_tried_a_moment_ago_is_not_gone_yet(void **state)
{
    struct peer_route row = {.table_id = RTB, .cidr = CIDR, .state = PEER_ROUTE_REMOVING};
    struct cloud_route there = {.vpc_id = VPC};
    struct act_route_input in = {.row = &row, .asked = ACT_ROUTE_FOUND, .there = &there};
    (void)state;
    in.now.us = NOW + ACT_SETTLE_US - 1;
    struct act_route_decision d = ask_route(in, TRIED, NULL);
    assert_int_equal(d.result.kind, ROUTE_RESULT_RETRY);
    assert_int_equal(d.wait_ns, ACT_SETTLE_LOOK_NS);
    in.now.us = NOW + ACT_SETTLE_US;
    assert_int_equal(ask_route(in, TRIED, NULL).result.kind, ROUTE_RESULT_GONE);
    in.now.us = NOW - 1; // the clock went back: waiting would have no end
    assert_int_equal(ask_route(in, TRIED, NULL).result.kind, ROUTE_RESULT_GONE);
    in.now.us = NOW;
    assert_int_equal(ask_route(in, NOT_OURS, NULL).result.kind, ROUTE_RESULT_GONE);
    row.state = PEER_ROUTE_WANTED;
    assert_int_equal(ask_route(in, TRIED, NULL).step, ACT_ROUTE_CREATE);
}

static void test_a_table_of_another_vpc_and_a_propagated_route_are_conflicts(void **state)
{
    struct peer_route row = {.table_id = RTB, .cidr = CIDR, .state = PEER_ROUTE_WANTED};
    struct cloud_route there = {.vpc_id = "vpc-99999999"};
    struct act_route_input in = {.row = &row, .asked = ACT_ROUTE_FOUND, .there = &there};
    (void)state;
    struct act_route_decision d = ask_route(in, NOT_OURS, NULL);
    assert_int_equal(d.result.kind, ROUTE_RESULT_CONFLICT);
    assert_non_null(strstr(d.text, "vpc-99999999"));
    there = (struct cloud_route){.found = true, .propagated = true, .target = "vgw-1"};
    d = ask_route(in, NOT_OURS, NULL);
    assert_int_equal(d.result.kind, ROUTE_RESULT_CONFLICT);
    assert_true(d.wait_ns > 0);
}

static void test_a_quota_that_was_told_is_not_tried(void **state)
{
    struct peer_route row = {.table_id = RTB, .cidr = CIDR, .state = PEER_ROUTE_WANTED};
    struct cloud_route there = {.vpc_id = VPC, .routes = 60, .counted = 50};
    struct act_route_input in = {.row = &row, .asked = ACT_ROUTE_FOUND, .there = &there};
    (void)state;
    assert_int_equal(ask_route(in, NOT_OURS, NULL).step, ACT_ROUTE_CREATE); // AWS may have raised it
    in.limit = 51;
    assert_int_equal(ask_route(in, NOT_OURS, NULL).step, ACT_ROUTE_CREATE);
    in.limit = 50;
    struct act_route_decision d = ask_route(in, NOT_OURS, NULL);
    assert_int_equal(d.step, ACT_ROUTE_RESULT);
    assert_int_equal(d.result.kind, ROUTE_RESULT_CONFLICT);
    assert_true(d.wait_ns > 0 && strstr(d.text, "quota of 50 routes") && strstr(d.text, "set-limits"));
    row.state = PEER_ROUTE_REMOVING; // that makes room
    assert_int_equal(ask_route(in, OURS, NULL).result.kind, ROUTE_RESULT_GONE);
}

static void test_what_creating_brought(void **state)
{
    struct peer_route row = {.table_id = RTB, .cidr = CIDR, .state = PEER_ROUTE_WANTED};
    struct act_route_input in = {.row = &row, .asked = ACT_ROUTE_CREATED};
    struct cloud_failure f = {.class = CLOUD_CONFLICT, .code = "RouteAlreadyExists", .message = "EC2 refused it"};
    (void)state;
    assert_int_equal(ask_route(in, NOT_OURS, NULL).result.kind, ROUTE_RESULT_MADE);
    in.class = CLOUD_CONFLICT;
    assert_true(ask_route(in, NOT_OURS, &f).look);
    assert_true(cstr_set(f.code, sizeof f.code, "RouteLimitExceeded"));
    struct act_route_decision d = ask_route(in, NOT_OURS, &f);
    assert_false(d.look);
    assert_int_equal(d.result.kind, ROUTE_RESULT_CONFLICT);
    in.class = f.class = CLOUD_TRANSIENT;
    f.uncertain = true;
    assert_int_equal(ask_route(in, NOT_OURS, &f).result.kind, ROUTE_RESULT_RETRY);
    in.class = f.class = CLOUD_PERMANENT; // an answer that is none: it may be there now
    assert_int_equal(ask_route(in, NOT_OURS, &f).result.kind, ROUTE_RESULT_RETRY);
    f.uncertain = false;
    assert_int_equal(ask_route(in, NOT_OURS, &f).result.kind, ROUTE_RESULT_CONFLICT);
}

static void test_only_a_call_in_doubt_keeps_its_claim(void **state)
{
    struct peer_route row = {.table_id = RTB, .cidr = CIDR, .state = PEER_ROUTE_WANTED};
    struct act_route_input in = {.row = &row, .asked = ACT_ROUTE_CREATED};
    struct cloud_failure f = {.message = "EC2 refused it"};
    struct cloud_route none = {.found = false};
    (void)state;
    for (enum cloud_class c = CLOUD_THROTTLED; c <= CLOUD_PERMANENT; c++) {
        in.class = f.class = c;
        f.uncertain = true;
        struct act_route_decision d = ask_route(in, NOT_OURS, &f);
        if (d.result.kind == ROUTE_RESULT_RETRY) assert_int_equal(d.result.made_nothing, c == CLOUD_OK);
        f.uncertain = false;
        d = ask_route(in, NOT_OURS, &f);
        if (d.result.kind == ROUTE_RESULT_RETRY) assert_true(d.result.made_nothing); // a conflict forgets it anyway
    }
    in = (struct act_route_input){.row = &row, .asked = ACT_ROUTE_FOUND, .again = true, .there = &none};
    struct act_route_decision d = ask_route(in, NOT_OURS, NULL);
    assert_true(d.result.kind == ROUTE_RESULT_RETRY && d.result.made_nothing); // RouteAlreadyExists, and then gone
}

static void test_what_removing_brought(void **state)
{
    struct peer_route row = {.table_id = RTB, .cidr = CIDR, .state = PEER_ROUTE_REMOVING};
    struct act_route_input in = {.row = &row, .asked = ACT_ROUTE_DELETED};
    struct cloud_failure f = {.class = CLOUD_NOT_FOUND_YET, .message = "EC2 refused it"};
    (void)state;
    assert_int_equal(ask_route(in, OURS, NULL).result.kind, ROUTE_RESULT_GONE);
    in.class = CLOUD_NOT_FOUND_YET;
    assert_int_equal(ask_route(in, OURS, &f).result.kind, ROUTE_RESULT_GONE);
    for (enum cloud_class c = CLOUD_THROTTLED; c <= CLOUD_PERMANENT; c++) {
        if (c == CLOUD_NOT_FOUND_YET) continue;
        in.class = f.class = c; // it is never given up
        assert_int_equal(ask_route(in, OURS, &f).result.kind, ROUTE_RESULT_RETRY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_attempt_begins_with_the_call_unless_the_last_is_in_doubt),
        cmocka_unit_test(test_each_state_decides),
        cmocka_unit_test(test_what_is_taken_is_called),
        cmocka_unit_test(test_each_failure_decides),
        cmocka_unit_test(test_a_lost_reply_is_looked_up),
        cmocka_unit_test(test_absence_is_believed_after_two_minutes),
        cmocka_unit_test(test_a_stepped_clock_alone_does_not_end_the_wait),
        cmocka_unit_test(test_a_refusal_that_the_state_contradicts_is_waited_for_and_then_told),
        cmocka_unit_test(test_backoff_grows_to_its_cap),
        cmocka_unit_test(test_what_stands_in_the_table_decides),
        cmocka_unit_test(test_what_was_tried_a_moment_ago_is_not_gone_yet),
        cmocka_unit_test(test_a_table_of_another_vpc_and_a_propagated_route_are_conflicts),
        cmocka_unit_test(test_a_quota_that_was_told_is_not_tried),
        cmocka_unit_test(test_what_creating_brought),
        cmocka_unit_test(test_only_a_call_in_doubt_keeps_its_claim),
        cmocka_unit_test(test_what_removing_brought),
    };
    return cmocka_run_group_tests_name("reconcile/act", tests, NULL, NULL);
}
