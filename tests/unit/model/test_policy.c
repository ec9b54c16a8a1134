// SPDX-License-Identifier: Apache-2.0
// The decision on a request: order, conditions, blocks at their edges, checks, expected requests, and that any facts
// give one decision, the same each time.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rand.h"
#include "model/policy.h"

#define ACCOUNT "222222222222"
#define OTHER   "333333333333"
#define VPC     "vpc-0a0a0a0a0a0a0a0a0"
#define NOW     INT64_C(1733944840)

static struct policy_facts facts_with(const struct policy_rule *rules, size_t n)
{
    return (struct policy_facts){.rules = rules,
                                 .rule_count = n,
                                 .account = SLICE(ACCOUNT),
                                 .vpc = SLICE(VPC),
                                 .cidrs = SLICE("10.20.0.0/16"),
                                 .mode = NETWORK_MANAGE,
                                 .network_cidrs = SLICE("10.0.0.0/16"),
                                 .now = wall_from_sec(NOW)};
}

static struct policy_decision decide(const struct policy_facts *f)
{
    struct policy_decision d;
    policy_decide(f, &d);
    assert_true(d.reason[0]);
    return d;
}

static void expect(struct policy_decision d, enum policy_action action, const char *rule, const char *reason)
{
    if (d.action != action || strcmp(d.rule_name, rule) != 0 || !strstr(d.reason, reason))
        fail_msg("%s by \"%s\" (%s) instead of %s by \"%s\" (%s)", policy_action_name(d.action), d.rule_name, d.reason,
                 policy_action_name(action), rule, reason);
}

#define RULE(n, a, ...)                                                                                                \
    {                                                                                                                  \
        .name = n, .action = POLICY_##a, __VA_ARGS__                                                                   \
    }
#define ANY .accounts = SLICE("*")

// ---- order and conditions ---------------------------------------------------------------------------------

static void the_first_rule_that_matches_decides(void **state)
{
    struct policy_rule rules[] = {RULE("other", ACCEPT, .accounts = SLICE(OTHER)),
                                  RULE("mine", REJECT, .accounts = SLICE(OTHER " " ACCOUNT)),
                                  RULE("rest", ACCEPT, ANY)};
    struct policy_facts f = facts_with(rules, ARRAY_LEN(rules));
    expect(decide(&f), POLICY_REJECT, "mine", "matches");
    rules[1].action = POLICY_HOLD;
    expect(decide(&f), POLICY_HOLD, "mine", "leaves it to people");
    struct policy_rule swap = rules[1];
    rules[1] = rules[2];
    rules[2] = swap;
    expect(decide(&f), POLICY_ACCEPT, "rest", "every check passes");
    f.rule_count = 1;
    expect(decide(&f), POLICY_HOLD, "", "no rule matches");
    f.rule_count = 0;
    expect(decide(&f), POLICY_HOLD, "", "no rule matches");
}

static void each_condition_must_hold(void **state)
{
    static const struct {
        const char *accounts, *vpcs, *cidrs;
        bool matches;
    } cases[] = {
        {ACCOUNT, "", "", true},
        {OTHER, "", "", false},
        {"*", "", "", true},
        {OTHER " *", "", "", true},
        {ACCOUNT, VPC, "", true},
        {ACCOUNT, "vpc-0a0a0a0a0a0a0a0a1", "", false},
        {OTHER, VPC, "", false},
        {"", VPC, "", true},
        {"", "vpc-00000001 " VPC, "", true},
        {"", "", "10.20.0.0/16", true},
        {"", "", "10.0.0.0/8", true},
        {"", "", "0.0.0.0/0", true},
        {"", "", "10.21.0.0/16 10.20.0.0/16", true},
        {"", "", "10.21.0.0/16", false},
        {"", "", "10.20.0.0/17", false},                // only half of it
        {"", "", "10.20.0.0/17 10.20.128.0/17", false}, // each block lies within one: write the larger
        {"", "", "::/0", false},
        {ACCOUNT, VPC, "10.0.0.0/8", true},
        {ACCOUNT, VPC, "192.168.0.0/16", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct policy_rule rule = RULE("r", REJECT, .accounts = slice_of(cases[i].accounts),
                                       .vpcs = slice_of(cases[i].vpcs), .cidrs = slice_of(cases[i].cidrs));
        struct policy_facts f = facts_with(&rule, 1);
        struct policy_decision d = decide(&f);
        if ((d.action == POLICY_REJECT) != cases[i].matches) fail_msg("case %zu: %s", i, d.reason);
    }
}

static void every_block_of_the_requester_must_lie_within(void **state)
{
    struct policy_rule rule = RULE("r", REJECT, .cidrs = SLICE("10.20.0.0/16 10.30.0.0/16"));
    struct policy_facts f = facts_with(&rule, 1);
    f.cidrs = SLICE("10.20.0.0/17 10.30.5.0/24");
    expect(decide(&f), POLICY_REJECT, "r", "matches");
    f.cidrs = SLICE("10.20.0.0/17 10.31.0.0/24");
    expect(decide(&f), POLICY_HOLD, "", "no rule matches");
    f.cidrs = SLICE("10.20.0.0/15");
    expect(decide(&f), POLICY_HOLD, "", "no rule matches");
    f.cidrs = SLICE("10.20.0.0/16 2001:db8::/56");
    expect(decide(&f), POLICY_HOLD, "", "no rule matches");
    rule.cidrs = SLICE("10.20.0.0/16 2001:db8::/32");
    expect(decide(&f), POLICY_REJECT, "r", "matches");
}

static void blocks_that_are_not_known_stop_at_a_rule_that_asks_for_them(void **state)
{
    struct policy_rule rules[] = {RULE("blocks", REJECT, .cidrs = SLICE("10.99.0.0/16")), RULE("rest", REJECT, ANY)};
    struct policy_facts f = facts_with(rules, 2);
    f.cidrs = (struct slice){NULL, 0};
    expect(decide(&f), POLICY_HOLD, "blocks", "not known yet");
    rules[0].accounts = SLICE(OTHER); // not about this requester, whatever its blocks are
    expect(decide(&f), POLICY_REJECT, "rest", "matches");
    f.cidrs = SLICE("  ");
    expect(decide(&f), POLICY_REJECT, "rest", "matches");
}

// ---- checks -----------------------------------------------------------------------------------------------

static void an_accept_needs_every_check(void **state)
{
    static const struct {
        const char *requester, *network, *peer, *fails; // fails "": accepted
    } cases[] = {
        {"10.20.0.0/16", "10.0.0.0/16", "10.30.0.0/16", ""},
        {"10.1.0.0/16", "10.0.0.0/16", "10.2.0.0/16", ""}, // adjacent on both sides
        {"10.0.0.0/16", "10.0.0.0/16", "", "overlaps 10.0.0.0/16 of the network"},
        {"10.0.255.0/24", "10.0.0.0/16", "", "overlaps"},
        {"10.0.0.0/8", "10.0.0.0/16", "", "overlaps"},
        {"10.20.0.0/16 10.0.0.0/24", "10.0.0.0/16", "", "10.0.0.0/24 overlaps"},
        {"10.20.0.0/16", "10.0.0.0/16 10.20.5.0/24", "", "10.20.5.0/24 of the network"},
        {"10.20.0.0/16", "10.0.0.0/16", "10.20.255.255/32", "10.20.255.255/32 of pcx-1"},
        {"10.20.0.0/16", "10.0.0.0/16", "10.30.0.0/16 10.16.0.0/12", "10.16.0.0/12 of pcx-1"},
        {"10.20.0.0/16", "10.0.0.0/16", " ", "pcx-1, another live peering of the network, are not known"},
        {"0.0.0.0/0", "10.0.0.0/16", "", "0.0.0.0/0 is outside the private"},
        {"10.0.0.0/7", "192.168.0.0/16", "", "outside"},
        {"11.0.0.0/8", "10.0.0.0/16", "", "outside"},
        {"172.16.0.0/12", "10.0.0.0/16", "", ""},
        {"172.32.0.0/16", "10.0.0.0/16", "", "outside"},
        {"192.168.0.0/16", "10.0.0.0/16", "", ""},
        {"192.169.0.0/16", "10.0.0.0/16", "", "outside"},
        {"100.64.0.0/16", "10.0.0.0/16", "", "allowSharedSpace"},
        {"100.128.0.0/16", "10.0.0.0/16", "", "outside"},
        {"2001:db8::/56", "10.0.0.0/16", "", "outside"},
        {"10.20.0.0/16 fd00::/64", "10.0.0.0/16", "", "fd00::/64 is outside"},
        {"10.20.0.0/16", "", "", "own VPC are not known"},
        {"", "10.0.0.0/16", "", "requester's CIDR blocks are not known"},
        {"10.20.0.1/16", "10.0.0.0/16", "", "10.20.0.1/16 is no CIDR block"},
        {"10.20.0.0/16", "10.0.0.0/16 rubbish", "", "overlaps rubbish"}, // unreadable is not harmless
    };
    struct policy_rule rule = RULE("r", ACCEPT, ANY);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct policy_peer peer = {"pcx-1", slice_of(cases[i].peer)};
        struct policy_facts f = facts_with(&rule, 1);
        f.cidrs = slice_of(cases[i].requester);
        f.network_cidrs = slice_of(cases[i].network);
        f.peers = &peer;
        f.peer_count = peer.cidrs.n > 0;
        struct policy_decision d = decide(&f);
        bool accepts = !cases[i].fails[0];
        if ((d.action == POLICY_ACCEPT) != accepts || !strstr(d.reason, cases[i].fails))
            fail_msg("case %zu: %s, %s", i, policy_action_name(d.action), d.reason);
        for (int k = 0; accepts && k < POLICY_CHECK_COUNT_; k++) assert_int_equal(d.checks[k], POLICY_PASSED);
    }
}

static void shared_space_needs_leave(void **state)
{
    struct policy_rule rule = RULE("r", ACCEPT, ANY, .allow_shared = true);
    struct policy_facts f = facts_with(&rule, 1);
    static const struct {
        const char *cidrs;
        bool accepted;
    } cases[] = {{"100.64.0.0/10", true}, {"100.127.255.0/24", true}, {"10.20.0.0/16 100.64.0.0/16", true},
                 {"100.0.0.0/8", false},  {"100.63.255.0/24", false}, {"100.128.0.0/24", false},
                 {"198.18.0.0/15", false}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        f.cidrs = slice_of(cases[i].cidrs);
        if ((decide(&f).action == POLICY_ACCEPT) != cases[i].accepted) fail_msg("%s", cases[i].cidrs);
    }
}

static void the_first_check_that_fails_ends_the_asking(void **state)
{
    struct policy_rule rule = RULE("r", ACCEPT, ANY);
    struct policy_facts f = facts_with(&rule, 1);
    f.cidrs = SLICE("10.0.0.0/16");
    struct policy_decision d = decide(&f);
    assert_int_equal(d.checks[POLICY_CHECK_PRIVATE], POLICY_PASSED);
    assert_int_equal(d.checks[POLICY_CHECK_NETWORK], POLICY_FAILED);
    assert_int_equal(d.checks[POLICY_CHECK_PEERS], POLICY_NOT_ASKED);
}

static void an_observed_network_is_written_by_nothing(void **state)
{
    struct policy_rule rule = RULE("r", ACCEPT, ANY);
    struct policy_facts f = facts_with(&rule, 1);
    f.mode = NETWORK_OBSERVE;
    expect(decide(&f), POLICY_HOLD, "r", "only observed");
    rule.action = POLICY_REJECT;
    expect(decide(&f), POLICY_HOLD, "r", "only observed");
    rule.action = POLICY_HAND_OVER; // nothing is written to AWS
    expect(decide(&f), POLICY_HAND_OVER, "r", "matches");
}

static void only_an_accept_asks_for_blocks(void **state)
{
    struct policy_rule rule = RULE("r", REJECT, ANY);
    struct policy_facts f = facts_with(&rule, 1);
    f.cidrs = f.network_cidrs = (struct slice){NULL, 0};
    expect(decide(&f), POLICY_REJECT, "r", "matches");
    rule.action = POLICY_HAND_OVER;
    expect(decide(&f), POLICY_HAND_OVER, "r", "matches");
    f.handed_over = true;
    expect(decide(&f), POLICY_HOLD, "r", "once already");
    rule.action = POLICY_REJECT;
    expect(decide(&f), POLICY_REJECT, "r", "matches");
}

// ---- expected requests ------------------------------------------------------------------------------------

static struct expected make_expected(const char *id, const char *vpc, const char *cidrs)
{
    struct expected e = {.account = ACCOUNT, .cidrs = slice_of(cidrs), .valid_until = wall_from_sec(NOW + 100)};
    assert_true(cstr_set(e.id, sizeof(e.id), id) && cstr_set(e.vpc, sizeof(e.vpc), vpc));
    return e;
}

static void an_expected_request_goes_before_the_rules(void **state)
{
    struct policy_rule rule = RULE("no", REJECT, ANY);
    struct expected e = make_expected("e1", VPC, "10.20.0.0/14");
    struct policy_facts f = facts_with(&rule, 1);
    f.expected = &e;
    f.expected_count = 1;
    struct policy_decision d = decide(&f);
    expect(d, POLICY_ACCEPT, "expected:e1", "expected");
    assert_ptr_equal(d.expected, &e);
    assert_null(d.rule);
    f.account = SLICE(OTHER);
    expect(decide(&f), POLICY_REJECT, "no", "");
    f.account = SLICE(ACCOUNT);
    f.vpc = SLICE("vpc-00000001");
    expect(decide(&f), POLICY_REJECT, "no", "");
    f.vpc = SLICE(VPC);
    f.cidrs = SLICE("10.20.0.0/16 10.99.0.0/16");
    expect(decide(&f), POLICY_REJECT, "no", "");
    f.cidrs = (struct slice){NULL, 0};
    expect(decide(&f), POLICY_HOLD, "expected:e1", "not known yet");
    f.cidrs = SLICE("10.20.0.0/16");
    f.network_cidrs = SLICE("10.20.0.0/24");
    expect(decide(&f), POLICY_HOLD, "expected:e1", "overlaps");
}

static void an_expected_request_ends_to_the_second(void **state)
{
    struct expected e = make_expected("e1", "", "");
    struct policy_facts f = facts_with(NULL, 0);
    f.expected = &e;
    f.expected_count = 1;
    f.now = wall_from_sec(NOW + 99);
    expect(decide(&f), POLICY_ACCEPT, "expected:e1", "");
    f.now = (struct wall){(NOW + 100) * US_PER_SEC - 1};
    expect(decide(&f), POLICY_ACCEPT, "expected:e1", "");
    f.now = wall_from_sec(NOW + 100);
    expect(decide(&f), POLICY_HOLD, "", "no rule matches");
    f.now = wall_from_sec(NOW);
    e.used = wall_from_sec(NOW - 5);
    expect(decide(&f), POLICY_HOLD, "", "no rule matches");
}

static void the_expected_request_that_says_most_is_taken(void **state)
{
    struct expected e[] = {make_expected("any", "", ""), make_expected("vpc", VPC, ""),
                           make_expected("block", "", "10.20.0.0/16"), make_expected("both", VPC, "10.20.0.0/16")};
    static const char *const order[] = {"expected:both", "expected:vpc", "expected:block", "expected:any"};
    struct policy_facts f = facts_with(NULL, 0);
    f.expected = e;
    f.expected_count = ARRAY_LEN(e);
    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        struct policy_decision d = decide(&f);
        expect(d, POLICY_ACCEPT, order[i], "");
        e[d.expected - e].used = f.now;
    }
    expect(decide(&f), POLICY_HOLD, "", "no rule matches");
    struct expected two[] = {make_expected("b", "", ""), make_expected("a", "", "")};
    f.expected = two;
    f.expected_count = 2;
    expect(decide(&f), POLICY_ACCEPT, "expected:a", "");
    two[0].valid_until = wall_from_sec(NOW + 50); // ends sooner
    expect(decide(&f), POLICY_ACCEPT, "expected:b", "");
}

// ---- any facts --------------------------------------------------------------------------------------------

static struct slice pick(const struct rng *rng, const char *const *from, size_t n)
{
    return slice_of(from[rng_below(rng, (uint32_t)n)]);
}

static struct policy_rule random_rule(const struct rng *rng, const char *const *lists, size_t n)
{
    struct policy_rule r = {.action = (enum policy_action)rng_below(rng, POLICY_ACTION_COUNT_),
                            .accounts = pick(rng, (const char *const[]){"", "*", ACCOUNT, OTHER}, 4),
                            .vpcs = pick(rng, (const char *const[]){"", "", VPC}, 3),
                            .cidrs = pick(rng, lists, n),
                            .allow_shared = rng_below(rng, 2)};
    (void)snprintf(r.name, sizeof(r.name), "r%u", (unsigned)rng_below(rng, 1000));
    return r;
}

static void check_sound(const struct policy_facts *f, const struct policy_decision *d)
{
    struct policy_decision again;
    policy_decide(f, &again);
    assert_true(d->action == again.action && d->rule == again.rule && d->expected == again.expected);
    assert_string_equal(d->reason, again.reason);
    assert_memory_equal(d->checks, again.checks, sizeof(d->checks));
    assert_true(d->reason[0] && (unsigned)d->action < POLICY_ACTION_COUNT_);
    if (d->action != POLICY_HOLD) assert_true((d->rule != NULL) != (d->expected != NULL));
    if (d->action == POLICY_HAND_OVER) assert_false(f->handed_over);
    if (d->action == POLICY_ACCEPT || d->action == POLICY_REJECT) assert_int_equal(f->mode, NETWORK_MANAGE);
    if (d->action == POLICY_ACCEPT)
        for (int k = 0; k < POLICY_CHECK_COUNT_; k++) assert_int_equal(d->checks[k], POLICY_PASSED);
    for (const struct policy_rule *r = f->rules; d->rule && r < d->rule; r++) { // none before it matched by itself
        struct policy_facts one = *f;
        one.rules = r;
        one.rule_count = 1;
        policy_decide(&one, &again);
        assert_null(again.rule);
    }
}

static void any_facts_give_one_decision(void **state)
{
    static const char *const lists[] = {"",
                                        " ",
                                        "10.0.0.0/8",
                                        "10.20.0.0/16",
                                        "10.20.0.0/16 10.30.0.0/16",
                                        "0.0.0.0/0",
                                        "100.64.0.0/16",
                                        "2001:db8::/56",
                                        "10.20.0.0/16 2001:db8::/56",
                                        "rubbish",
                                        "10.20.0.0/16 /",
                                        "10.20.0.1/16",
                                        "192.168.0.0/24"};
    struct seeded_rng seed;
    struct rng rng = rng_seeded(&seed, 11);
    unsigned seen[POLICY_ACTION_COUNT_] = {0};
    for (int i = 0; i < 20000; i++) {
        struct policy_rule rules[4];
        struct expected e = make_expected("e", rng_below(&rng, 2) ? VPC : "", "");
        struct policy_peer peer = {"pcx-1", pick(&rng, lists, ARRAY_LEN(lists))};
        for (size_t k = 0; k < 4; k++) rules[k] = random_rule(&rng, lists, ARRAY_LEN(lists));
        struct policy_facts f = facts_with(rules, rng_below(&rng, 5));
        e.cidrs = pick(&rng, lists, ARRAY_LEN(lists));
        f.expected = &e;
        f.expected_count = rng_below(&rng, 4) == 0;
        f.cidrs = pick(&rng, lists, ARRAY_LEN(lists));
        f.network_cidrs = pick(&rng, lists, ARRAY_LEN(lists));
        f.mode = rng_below(&rng, 4) ? NETWORK_MANAGE : NETWORK_OBSERVE;
        f.peers = &peer;
        f.peer_count = rng_below(&rng, 2);
        f.handed_over = rng_below(&rng, 2);
        f.now.us += (int64_t)rng_below(&rng, 200) * US_PER_SEC;
        struct policy_decision d = decide(&f);
        check_sound(&f, &d);
        seen[d.action]++;
    }
    for (int k = 0; k < POLICY_ACTION_COUNT_; k++) assert_true(seen[k] > 100); // each was reached often
}

static void a_rule_says_why_it_matches_or_not(void **state)
{
    struct policy_rule rule =
        RULE("r", HOLD, .accounts = SLICE(ACCOUNT), .vpcs = SLICE(VPC), .cidrs = SLICE("10.0.0.0/8"));
    struct policy_facts f = facts_with(&rule, 1);
    const char *why;
    assert_int_equal(policy_rule_match(&rule, &f, &why), POLICY_YES);
    assert_string_equal(why, "matches");
    f.cidrs = SLICE("11.0.0.0/8");
    assert_int_equal(policy_rule_match(&rule, &f, &why), POLICY_NO);
    assert_string_equal(why, "a block lies outside its blocks");
    f.cidrs = SLICE("");
    assert_int_equal(policy_rule_match(&rule, &f, &why), POLICY_UNKNOWN);
    f.vpc = SLICE("");
    assert_int_equal(policy_rule_match(&rule, &f, &why), POLICY_NO);
    assert_string_equal(why, "another VPC");
    f.account = SLICE(OTHER);
    assert_int_equal(policy_rule_match(&rule, &f, &why), POLICY_NO);
    assert_string_equal(why, "another account");
}

static void names(void **state)
{
    enum policy_action a;
    for (int i = 0; i < POLICY_ACTION_COUNT_; i++) {
        assert_true(policy_action_parse(slice_of(policy_action_name((enum policy_action)i)), &a));
        assert_int_equal(a, i);
    }
    assert_false(policy_action_parse(SLICE("Accept"), &a));
    for (int i = 0; i < POLICY_CHECK_COUNT_; i++) assert_true(policy_check_name((enum policy_check)i)[0]);
    static const char long_name[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"; // 64
    assert_true(policy_name_valid(slice_n(long_name, 63)));
    assert_false(policy_name_valid(slice_n(long_name, 64)));
    assert_false(policy_name_valid(SLICE("")));
    assert_false(policy_name_valid(SLICE("expected:x"))); // so that no rule can pose as an expected request
    assert_false(policy_name_valid(SLICE("a b")));
    assert_true(policy_name_valid(SLICE("Lab-1_x.y")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_rule_that_matches_decides),
        cmocka_unit_test(each_condition_must_hold),
        cmocka_unit_test(every_block_of_the_requester_must_lie_within),
        cmocka_unit_test(blocks_that_are_not_known_stop_at_a_rule_that_asks_for_them),
        cmocka_unit_test(an_accept_needs_every_check),
        cmocka_unit_test(shared_space_needs_leave),
        cmocka_unit_test(the_first_check_that_fails_ends_the_asking),
        cmocka_unit_test(an_observed_network_is_written_by_nothing),
        cmocka_unit_test(only_an_accept_asks_for_blocks),
        cmocka_unit_test(an_expected_request_goes_before_the_rules),
        cmocka_unit_test(an_expected_request_ends_to_the_second),
        cmocka_unit_test(the_expected_request_that_says_most_is_taken),
        cmocka_unit_test(any_facts_give_one_decision),
        cmocka_unit_test(a_rule_says_why_it_matches_or_not),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
