// SPDX-License-Identifier: Apache-2.0
// Policies on a real store: what a scan, a change of the rules or an end elsewhere makes of requests that wait; holds
// that are told once; expected requests that are used once; freezes, observed networks, hand-over, and the dry run.
#include <pthread.h>

#include "actions.h"
#include "core/approve.h"
#include "core/policy.h"
#include "core/tenants.h"

// A slice of the store ends without a NUL.
static const char *says(struct slice text, const char *words)
{
    return text.p ? memmem(text.p, text.n, words, strlen(words)) : NULL;
}

static const struct actor cli = {PRINCIPAL_LOCAL, "cli", NULL};

static void set_rules(struct core_fixture *c, const char *group_id, const char *text)
{
    struct policy_rule *rules;
    size_t n;
    bool changed;
    assert_ok(&c->f, policy_text_read(slice_of(text), c->f.arena, &rules, &n, &c->f.err));
    assert_ok(&c->f, core_policy_set(c->core, &cli, group_id, rules, n, -1, &changed, &c->f.err));
}

static void enable(struct core_fixture *c, bool on)
{
    assert_ok(&c->f, core_policy_enable(c->core, &cli, GROUP_ID, on, &c->f.err));
}

// A network whose VPC is known, as after its first scan.
static void know_vpc(struct core_fixture *c, const char *blocks)
{
    struct network n;
    assert_ok(&c->f, store_network_get(c->f.reader, NETWORK_ID, c->f.arena, &n, &c->f.err));
    assert_ok(&c->f, core_scan_applied(c->core, &n, CORE_AS_OF_NOW, NULL, 0, slice_of(blocks), &c->f.err));
}

static void see(struct core_fixture *c, enum change_kind kind, const char *name, const char *status, const char *cidrs)
{
    struct observed o = seen_as(status);
    struct network n;
    struct connection stored;
    assert_true(cstr_set(o.name, sizeof(o.name), name));
    o.requester_cidrs = slice_of(cidrs);
    assert_ok(&c->f, store_network_get(c->f.reader, NETWORK_ID, c->f.arena, &n, &c->f.err));
    bool is_new = kind == CHANGE_SEEN_NEW;
    if (!is_new)
        assert_ok(&c->f,
                  store_connection_of_network(c->f.reader, NETWORK_ID, slice_of(name), c->f.arena, &stored, &c->f.err));
    struct change change = {kind, is_new ? NULL : &stored, &o};
    assert_ok(&c->f, core_scan_applied(c->core, &n, CORE_AS_OF_NOW, &change, 1, (struct slice){NULL, 0}, &c->f.err));
}

#define ONE "pcx-00000000000000001"
#define TWO "pcx-00000000000000002"

static struct connection row_of(struct core_fixture *c, const char *name)
{
    struct connection row;
    assert_ok(&c->f, store_connection_of_network(c->f.reader, NETWORK_ID, slice_of(name), c->f.arena, &row, &c->f.err));
    return row;
}

static enum local_status local(struct core_fixture *c, const char *name)
{
    return row_of(c, name).local_status;
}

// How many events of a type there are of a resource; the newest one's detail in *ret.
static unsigned events(struct core_fixture *c, const char *type, const char *resource, struct event_row *ret)
{
    struct event_row *rows;
    size_t n;
    unsigned count = 0;
    assert_ok(&c->f, store_events(c->f.reader, NULL, (struct page){1, 500}, c->f.arena, &rows, &n, &c->f.err));
    for (size_t i = n; i-- > 0;) {
        if (strcmp(rows[i].type, type) != 0 || !slice_eq_cstr(rows[i].resource, resource)) continue;
        if (ret) *ret = rows[i];
        count++;
    }
    if (ret && count) ret->detail.p = arena_strndup(c->f.arena, ret->detail.p, ret->detail.n); // for strstr()
    return count;
}

static unsigned total_of_type(struct core_fixture *c, const char *type)
{
    struct event_row *rows;
    size_t n;
    unsigned count = 0;
    assert_ok(&c->f, store_events(c->f.reader, NULL, (struct page){1, 500}, c->f.arena, &rows, &n, &c->f.err));
    for (size_t i = 0; i < n; i++) count += strcmp(rows[i].type, type) == 0;
    return count;
}

static void expect_held(struct core_fixture *c, const char *name, unsigned times, const char *words)
{
    struct event_row e = {.seq = 0};
    assert_int_equal(local(c, name), LOCAL_NONE);
    assert_int_equal(events(c, "PEERAGE_POLICY_HELD", name, &e), times);
    if (!says(e.detail, words)) fail_msg("%.*s lacks %s", SLICE_FMT(e.detail), words);
    assert_string_equal(e.actor, "policy");
}

#define ACCEPT_ALL "{\"rules\":[{\"name\":\"all\",\"action\":\"accept\",\"accounts\":[\"*\"]}]}"
#define REJECT_ALL "{\"rules\":[{\"name\":\"none\",\"action\":\"reject\",\"accounts\":[\"*\"]}]}"

// ---- scans ------------------------------------------------------------------------------------------------

static void it_is_off_until_enabled(void **state)
{
    struct core_fixture *c = *state;
    struct policy p;
    know_vpc(c, "10.0.0.0/16");
    assert_ok(&c->f, store_policy_get(c->f.reader, GROUP_ID, c->f.arena, &p, &c->f.err));
    assert_false(p.enabled);
    assert_int_equal(p.version, 0);
    set_rules(c, GROUP_ID, ACCEPT_ALL);
    see(c, CHANGE_SEEN_NEW, ONE, "pending-acceptance", "10.20.0.0/16");
    assert_int_equal(local(c, ONE), LOCAL_NONE);
    assert_int_equal(events(c, "PEERAGE_POLICY_HELD", ONE, NULL), 0);
    unsigned heard = c->heard.intents;
    enable(c, true); // what waited is looked at again
    assert_int_equal(local(c, ONE), LOCAL_REQUEST_ACCEPT);
    assert_int_equal(c->heard.intents, heard + 1);
    enable(c, true);
    enable(c, false);
    enable(c, false);
    assert_int_equal(events(c, "PEERAGE_POLICY_ENABLED", GROUP_ID, NULL), 1);
    assert_int_equal(events(c, "PEERAGE_POLICY_DISABLED", GROUP_ID, NULL), 1);
    see(c, CHANGE_SEEN_NEW, TWO, "pending-acceptance", "10.30.0.0/16");
    assert_int_equal(local(c, TWO), LOCAL_NONE);
}

static void a_scan_decides_in_its_own_transaction(void **state)
{
    struct core_fixture *c = *state;
    struct intent *i;
    struct event_row e;
    know_vpc(c, "10.0.0.0/16");
    set_rules(c, GROUP_ID, ACCEPT_ALL);
    enable(c, true);
    unsigned heard = c->heard.intents;
    see(c, CHANGE_SEEN_NEW, ONE, "pending-acceptance", "10.20.0.0/16");
    assert_int_equal(c->heard.intents, heard + 1);
    assert_int_equal(local(c, ONE), LOCAL_REQUEST_ACCEPT);
    assert_int_equal(due(c, &i), 1);
    assert_int_equal(i->action, ACTION_ACCEPT);
    assert_slice(i->rule, "all");
    assert_string_equal(i->actor, "policy");
    assert_int_equal(events(c, "PEERAGE_CONNECTION_ACCEPT_REQUESTED", ONE, &e), 1);
    assert_non_null(says(e.detail, "\"rule\":\"all\""));
    assert_string_equal(e.actor, "policy");
    assert_int_equal(e.actor_kind, PRINCIPAL_LOCAL);
}

static void a_reject_names_its_rule(void **state)
{
    struct core_fixture *c = *state;
    struct event_row e;
    set_rules(c, GROUP_ID, REJECT_ALL);
    enable(c, true);
    see(c, CHANGE_SEEN_NEW, ONE, "pending-acceptance", ""); // a reject asks for no blocks
    assert_int_equal(local(c, ONE), LOCAL_REQUEST_REJECT);
    assert_int_equal(events(c, "PEERAGE_CONNECTION_REJECT_REQUESTED", ONE, &e), 1);
    assert_non_null(says(e.detail, "\"rule\":\"none\""));
}

static void only_what_waits_is_decided(void **state)
{
    static const char *const others[] = {"initiating-request", "provisioning", "active", "expired",
                                         "rejected",           "dunno"};
    struct core_fixture *c = *state;
    set_rules(c, GROUP_ID, REJECT_ALL);
    enable(c, true);
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        char name[AWS_RES_ID];
        (void)snprintf(name, sizeof(name), "pcx-%017zx", i + 16);
        see(c, CHANGE_SEEN_NEW, name, others[i], "10.20.0.0/16");
        assert_int_equal(local(c, name), strcmp(others[i], "active") == 0 ? LOCAL_ACTIVE : LOCAL_NONE);
    }
    see(c, CHANGE_SEEN_CHANGED, "pcx-00000000000000010", "pending-acceptance", "10.20.0.0/16"); // it was initiating
    assert_int_equal(local(c, "pcx-00000000000000010"), LOCAL_REQUEST_REJECT);
}

static void a_failed_action_is_left_to_people(void **state)
{
    struct core_fixture *c = *state;
    know_vpc(c, "10.0.0.0/16");
    set_rules(c, GROUP_ID, ACCEPT_ALL);
    enable(c, true);
    see(c, CHANGE_SEEN_NEW, ONE, "pending-acceptance", "10.20.0.0/16");
    struct intent i = begun(c);
    finish(c, &i, OUTCOME_FAILED, NULL);
    assert_int_equal(local(c, ONE), LOCAL_UPDATE_FAILED);
    know_vpc(c, "10.0.0.0/16 10.1.0.0/16"); // everything is looked at again
    set_rules(c, GROUP_ID, REJECT_ALL);
    assert_int_equal(local(c, ONE), LOCAL_UPDATE_FAILED);
}

static void what_a_person_withdrew_is_left_to_people(void **state)
{
    struct core_fixture *c = *state;
    struct intent *i;
    know_vpc(c, "10.0.0.0/16");
    set_rules(c, GROUP_ID, ACCEPT_ALL);
    enable(c, true);
    see(c, CHANGE_SEEN_NEW, ONE, "pending-acceptance", "10.20.0.0/16");
    assert_int_equal(due(c, &i), 1);
    assert_ok(&c->f, core_intent_cancel(c->core, &somebody, i->id, &c->f.err));
    assert_int_equal(local(c, ONE), LOCAL_NONE);
    know_vpc(c, "10.0.0.0/16 10.1.0.0/16"); // everything is looked at again
    set_rules(c, GROUP_ID, REJECT_ALL);
    assert_int_equal(local(c, ONE), LOCAL_NONE);
    assert_int_equal(due(c, &i), 0);
}

static void what_people_have_begun_to_approve_is_theirs(void **state)
{
    struct core_fixture *c = *state;
    const struct approval_rule four_eyes = {.accepts = 2};
    enum action_answer answer;
    struct slice why;
    know_vpc(c, "10.0.0.0/16");
    assert_ok(&c->f, core_approvals_set(c->core, &cli, GROUP_ID, &four_eyes, &c->f.err));
    see(c, CHANGE_SEEN_NEW, ONE, "pending-acceptance", "10.20.0.0/16");
    const struct action_request q = {
        .by = &somebody, .group_id = GROUP_ID, .name_or_id = SLICE(ONE), .action = ACTION_ACCEPT};
    assert_ok(&c->f, core_action_request(c->core, &q, c->f.arena, &answer, &why, &c->f.err));
    assert_int_equal(answer, ANSWER_APPROVED);
    set_rules(c, GROUP_ID, ACCEPT_ALL);
    enable(c, true);
    assert_int_equal(local(c, ONE), LOCAL_NONE);
    see(c, CHANGE_SEEN_NEW, TWO, "pending-acceptance", "10.30.0.0/16"); // a rule acts alone: who wrote it approved
    assert_int_equal(local(c, TWO), LOCAL_REQUEST_ACCEPT);
}

// ---- holds ------------------------------------------------------------------------------------------------

static void a_hold_is_told_once_and_again_when_its_reason_changes(void **state)
{
    struct core_fixture *c = *state;
    set_rules(c, GROUP_ID, ACCEPT_ALL);
    enable(c, true);
    see(c, CHANGE_SEEN_NEW, ONE, "pending-acceptance", "");
    expect_held(c, ONE, 1, "requester's CIDR blocks are not known");
    see(c, CHANGE_SEEN_NEW, TWO, "pending-acceptance", ""); // another scan with changes
    expect_held(c, ONE, 1, "\"rule\":\"all\"");
    see(c, CHANGE_SEEN_CHANGED, ONE, "pending-acceptance", "10.0.3.0/24"); // its blocks become known
    expect_held(c, ONE, 2, "own VPC are not known");
    know_vpc(c, "10.0.0.0/16");
    expect_held(c, ONE, 3, "10.0.3.0/24 overlaps 10.0.0.0/16");
    know_vpc(c, "10.1.0.0/16"); // the VPC's blocks changed: nothing is in the way now
    assert_int_equal(local(c, ONE), LOCAL_REQUEST_ACCEPT);
    expect_held(c, TWO, 1, "requester's");
}

static void nothing_matching_is_held_without_a_rule(void **state)
{
    struct core_fixture *c = *state;
    struct event_row e;
    set_rules(c, GROUP_ID, "{\"rules\":[{\"name\":\"x\",\"action\":\"accept\",\"accounts\":[\"999999999999\"]}]}");
    enable(c, true);
    see(c, CHANGE_SEEN_NEW, ONE, "pending-acceptance", "10.20.0.0/16");
    expect_held(c, ONE, 1, "no rule matches");
    assert_int_equal(events(c, "PEERAGE_POLICY_HELD", ONE, &e), 1);
    assert_null(says(e.detail, "\"rule\""));
    enable(c, false);
    enable(c, true);
    expect_held(c, ONE, 1, "no rule matches"); // still the same
}

static void two_requests_for_one_block_are_not_both_accepted(void **state)
{
    struct core_fixture *c = *state;
    know_vpc(c, "10.0.0.0/16");
    set_rules(c, GROUP_ID, ACCEPT_ALL);
    see(c, CHANGE_SEEN_NEW, ONE, "pending-acceptance", "10.20.0.0/16");
    see(c, CHANGE_SEEN_NEW, TWO, "pending-acceptance", "10.20.128.0/17");
    enable(c, true); // both are decided in one pass
    assert_int_equal(local(c, ONE), LOCAL_REQUEST_ACCEPT);
    expect_held(c, TWO, 1, "overlaps 10.20.0.0/16 of " ONE);
    struct intent i = begun(c);
    finish(c, &i, OUTCOME_DONE, NULL);
    see(c, CHANGE_SEEN_CHANGED, ONE, "active", "10.20.0.0/16");
    expect_held(c, TWO, 1, "overlaps");
    see(c, CHANGE_SEEN_CHANGED, ONE, "deleted", "10.20.0.0/16"); // its end frees the block
    assert_int_equal(local(c, TWO), LOCAL_REQUEST_ACCEPT);
}

static void what_an_outcome_ends_frees_its_block_at_once(void **state)
{
    struct core_fixture *c = *state;
    know_vpc(c, "10.0.0.0/16");
    set_rules(c, GROUP_ID, ACCEPT_ALL);
    enable(c, true);
    see(c, CHANGE_SEEN_NEW, ONE, "active", "10.20.0.0/16");
    see(c, CHANGE_SEEN_NEW, TWO, "pending-acceptance", "10.20.0.0/16");
    expect_held(c, TWO, 1, "overlaps");
    const struct action_request q = {
        .by = &somebody, .group_id = GROUP_ID, .name_or_id = SLICE(ONE), .action = ACTION_DELETE};
    enum action_answer answer;
    struct slice why;
    assert_ok(&c->f, core_action_request(c->core, &q, c->f.arena, &answer, &why, &c->f.err));
    struct intent i = begun(c);
    struct observed o = seen_as("deleted");
    assert_true(cstr_set(o.name, sizeof(o.name), ONE));
    o.requester_cidrs = SLICE("10.20.0.0/16");
    unsigned heard = c->heard.intents;
    finish(c, &i, OUTCOME_DONE, &o);
    assert_int_equal(local(c, TWO), LOCAL_REQUEST_ACCEPT);
    assert_int_equal(c->heard.intents, heard + 1);
}

static void an_observed_network_holds_and_says_so(void **state)
{
    struct core_fixture *c = *state;
    struct network_new n = {.group_id = GROUP_ID,
                            .account_id = SLICE("111111111111"),
                            .region = SLICE("us-east-1"),
                            .vpc_id = SLICE("vpc-00000000000000009"),
                            .cidrs = SLICE("10.0.0.0/16"),
                            .mode = NETWORK_OBSERVE};
    struct network net;
    assert_ok(&c->f, core_network_add(c->core, &cli, &n, c->f.arena, &net, &c->f.err));
    set_rules(c, GROUP_ID, REJECT_ALL);
    enable(c, true);
    struct observed o = seen_as("pending-acceptance");
    struct change change = {CHANGE_SEEN_NEW, NULL, &o};
    for (int i = 0; i < 2; i++) {
        assert_ok(&c->f,
                  core_scan_applied(c->core, &net, CORE_AS_OF_NOW, &change, 1, (struct slice){NULL, 0}, &c->f.err));
        advance(c, 120);
    }
    struct event_row e;
    assert_int_equal(row_now(c).local_status, LOCAL_NONE);
    assert_int_equal(events(c, "PEERAGE_POLICY_HELD", PCX, &e), 1);
    assert_non_null(says(e.detail, "only observed"));
}

static void each_freeze_makes_automatic_acts_wait(void **state)
{
    static const struct {
        enum freeze_scope scope;
        const char *id;
    } cases[] = {{FREEZE_ALL, NULL}, {FREEZE_GROUP, GROUP_ID}, {FREEZE_NETWORK, NETWORK_ID}};
    struct core_fixture *c = *state;
    struct intent *i;
    set_rules(c, GROUP_ID, REJECT_ALL);
    enable(c, true);
    for (size_t k = 0; k < ARRAY_LEN(cases); k++) {
        char name[AWS_RES_ID];
        (void)snprintf(name, sizeof(name), "pcx-%017zx", k + 1);
        assert_ok(&c->f, core_freeze(c->core, &cli, cases[k].scope, cases[k].id, true, SLICE("x"), &c->f.err));
        see(c, CHANGE_SEEN_NEW, name, "pending-acceptance", "10.20.0.0/16");
        assert_int_equal(local(c, name), LOCAL_REQUEST_REJECT); // decided, and waiting
        assert_int_equal(due(c, &i), 0);
        assert_ok(&c->f, core_freeze(c->core, &cli, cases[k].scope, cases[k].id, false, SLICE("x"), &c->f.err));
        struct intent b = begun(c);
        finish(c, &b, OUTCOME_DONE, NULL);
    }
}

// ---- expected requests ------------------------------------------------------------------------------------

static struct expected expect_request(struct core_fixture *c, const char *cidrs, int64_t seconds)
{
    struct expected e;
    const struct expected_new n = {.group_id = GROUP_ID,
                                   .account = SLICE("222222222222"),
                                   .cidrs = slice_of(cidrs),
                                   .owner = SLICE("Ada"),
                                   .ticket = SLICE("NET-7"),
                                   .valid_until = {clock_wall(&c->f.clock).us + seconds * US_PER_SEC}};
    assert_ok(&c->f, core_expected_add(c->core, &cli, &n, &e, &c->f.err));
    return e;
}

static void an_expected_request_is_accepted_once(void **state)
{
    struct core_fixture *c = *state;
    struct event_row ev;
    struct expected *all;
    size_t n;
    know_vpc(c, "10.0.0.0/16");
    set_rules(c, GROUP_ID, REJECT_ALL);
    enable(c, true);
    struct expected e = expect_request(c, "10.20.0.0/15", 3600);
    see(c, CHANGE_SEEN_NEW, ONE, "pending-acceptance", "10.20.0.0/16");
    see(c, CHANGE_SEEN_NEW, TWO, "pending-acceptance", "10.21.0.0/16"); // it would match too
    assert_int_equal(local(c, ONE), LOCAL_REQUEST_ACCEPT);
    assert_int_equal(local(c, TWO), LOCAL_REQUEST_REJECT);
    assert_int_equal(events(c, "PEERAGE_EXPECTED_USED", ONE, &ev), 1);
    assert_non_null(says(ev.detail, "\"owner\":\"Ada\""));
    assert_non_null(says(ev.detail, "\"ticket\":\"NET-7\""));
    assert_int_equal(events(c, "PEERAGE_CONNECTION_ACCEPT_REQUESTED", ONE, &ev), 1);
    assert_non_null(strstr(ev.detail.p, e.id));
    assert_ok(&c->f, store_expected(c->f.reader, GROUP_ID, (struct wall){0}, c->f.arena, &all, &n, &c->f.err));
    assert_int_equal(n, 1);
    assert_string_equal(all[0].used_by, ONE);
    assert_true(all[0].used.us > 0);
}

static void one_pass_over_two_requests_uses_it_once(void **state)
{
    struct core_fixture *c = *state;
    know_vpc(c, "10.0.0.0/16");
    enable(c, true);
    see(c, CHANGE_SEEN_NEW, ONE, "pending-acceptance", "10.20.0.0/16");
    see(c, CHANGE_SEEN_NEW, TWO, "pending-acceptance", "10.21.0.0/16");
    expect_held(c, ONE, 1, "no rule matches");
    (void)expect_request(c, "", 3600); // adding it looks at what waits
    assert_int_equal(local(c, ONE), LOCAL_REQUEST_ACCEPT);
    expect_held(c, TWO, 1, "no rule matches");
}

#define RACERS 6

struct racer {
    struct core_fixture *c;
    struct network net;
    struct observed seen;
    enum err code;
};

static void *race(void *ctx)
{
    struct racer *r = ctx;
    struct error err;
    struct change change = {CHANGE_SEEN_NEW, NULL, &r->seen};
    r->code = core_scan_applied(r->c->core, &r->net, CORE_AS_OF_NOW, &change, 1, SLICE("10.0.0.0/16"), &err);
    return NULL;
}

// Scans of several networks at once each find a request that matches.
static void scans_that_race_use_it_once(void **state)
{
    struct core_fixture *c = *state;
    struct racer r[RACERS];
    pthread_t threads[RACERS];
    struct intent *i;
    core_on_change(c->core, NULL, NULL); // it asserts on its own thread only
    enable(c, true);
    (void)expect_request(c, "", 3600);
    for (int k = 0; k < RACERS; k++) {
        char vpc[AWS_RES_ID];
        (void)snprintf(vpc, sizeof(vpc), "vpc-%08x", k + 16);
        const struct network_new n = {.group_id = GROUP_ID,
                                      .account_id = SLICE("111111111111"),
                                      .region = SLICE("us-east-1"),
                                      .vpc_id = slice_of(vpc),
                                      .mode = NETWORK_MANAGE};
        r[k] = (struct racer){.c = c, .seen = seen_as("pending-acceptance")};
        r[k].seen.requester_cidrs = SLICE("10.20.0.0/16");
        (void)snprintf(r[k].seen.name, sizeof(r[k].seen.name), "pcx-%017x", (unsigned)k + 1);
        assert_ok(&c->f, core_network_add(c->core, &cli, &n, c->f.arena, &r[k].net, &c->f.err));
    }
    for (int k = 0; k < RACERS; k++) assert_int_equal(pthread_create(&threads[k], NULL, race, &r[k]), 0);
    for (int k = 0; k < RACERS; k++) {
        assert_int_equal(pthread_join(threads[k], NULL), 0);
        assert_int_equal(r[k].code, ERR_OK);
    }
    assert_int_equal(due(c, &i), 1);
    assert_int_equal(total_of_type(c, "PEERAGE_EXPECTED_USED"), 1);
    assert_int_equal(total_of_type(c, "PEERAGE_POLICY_HELD"), RACERS - 1);
}

static void past_and_removed_ones_accept_nothing(void **state)
{
    struct core_fixture *c = *state;
    know_vpc(c, "10.0.0.0/16");
    enable(c, true);
    (void)expect_request(c, "", 10);
    advance(c, 10);
    see(c, CHANGE_SEEN_NEW, ONE, "pending-acceptance", "10.20.0.0/16");
    assert_int_equal(local(c, ONE), LOCAL_NONE);
    struct expected e = expect_request(c, "10.30.0.0/16", 10);
    assert_ok(&c->f, core_expected_remove(c->core, &cli, GROUP_ID, e.id, &c->f.err));
    see(c, CHANGE_SEEN_NEW, TWO, "pending-acceptance", "10.30.0.0/16");
    assert_int_equal(local(c, TWO), LOCAL_NONE);
    assert_err(&c->f, ERR_NOT_FOUND, core_expected_remove(c->core, &cli, GROUP_ID, e.id, &c->f.err));
    assert_int_equal(events(c, "PEERAGE_EXPECTED_ADDED", GROUP_ID, NULL), 2);
    assert_int_equal(events(c, "PEERAGE_EXPECTED_REMOVED", GROUP_ID, NULL), 1);
}

static void wrong_expectations_are_refused(void **state)
{
    struct core_fixture *c = *state;
    struct expected e;
    const struct expected_new good = {.group_id = GROUP_ID,
                                      .account = SLICE("222222222222"),
                                      .owner = SLICE("Ada"),
                                      .valid_until = {clock_wall(&c->f.clock).us + US_PER_SEC}};
    char long_text[EXPECTED_TEXT_MAX + 1];
    struct expected_new bad[7];
    for (size_t i = 0; i < sizeof(long_text); i++) long_text[i] = 'a';
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) bad[i] = good;
    bad[0].account = SLICE("22222222222");
    bad[1].vpc = SLICE("vpc-1");
    bad[2].cidrs = SLICE("10.0.0.1/16");
    bad[3].owner = (struct slice){NULL, 0};
    bad[4].ticket = SLICE("two\nlines");
    bad[5].valid_until = clock_wall(&c->f.clock);
    bad[6].owner = slice_n(long_text, sizeof(long_text));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_err(&c->f, ERR_INVALID, core_expected_add(c->core, &cli, &bad[i], &e, &c->f.err));
    bad[6] = good;
    bad[6].group_id = ORG_ID;
    assert_err(&c->f, ERR_NOT_FOUND, core_expected_add(c->core, &cli, &bad[6], &e, &c->f.err));
    assert_ok(&c->f, core_expected_add(c->core, &cli, &good, &e, &c->f.err));
}

static void what_a_quota_refuses_is_held_and_uses_nothing(void **state)
{
    struct core_fixture *c = *state;
    const struct network_option_value one = {.number = 1};
    struct network_options options;
    struct expected *open;
    size_t n;
    know_vpc(c, "10.0.0.0/16");
    enable(c, true);
    see(c, CHANGE_SEEN_NEW, ONE, "active", "10.20.0.0/16");
    assert_ok(&c->f, core_network_option(c->core, &cli, NETWORK_ID, OPTION_PEERING_LIMIT, &one, c->f.arena, &options,
                                         &c->f.err));
    (void)expect_request(c, "", 3600);
    see(c, CHANGE_SEEN_NEW, TWO, "pending-acceptance", "10.30.0.0/16");
    expect_held(c, TWO, 1, "its quota is 1");
    assert_ok(&c->f, store_expected(c->f.reader, GROUP_ID, clock_wall(&c->f.clock), c->f.arena, &open, &n, &c->f.err));
    assert_int_equal(n, 1); // still open
    see(c, CHANGE_SEEN_CHANGED, ONE, "deleted", "10.20.0.0/16");
    assert_int_equal(local(c, TWO), LOCAL_REQUEST_ACCEPT);
}

static void old_ones_leave_the_list(void **state)
{
    struct core_fixture *c = *state;
    struct expected *all;
    size_t n;
    (void)expect_request(c, "", 10);
    advance(c, EXPECTED_KEEP_US / US_PER_SEC + 11);
    (void)expect_request(c, "", 10);
    assert_ok(&c->f, store_expected(c->f.reader, GROUP_ID, (struct wall){0}, c->f.arena, &all, &n, &c->f.err));
    assert_int_equal(n, 1);
}

// ---- rules ------------------------------------------------------------------------------------------------

static void a_list_is_replaced_whole_and_versioned(void **state)
{
    struct core_fixture *c = *state;
    struct policy_rule *rules;
    size_t n;
    bool changed;
    struct policy p;
    set_rules(c, GROUP_ID, ACCEPT_ALL);
    set_rules(c, GROUP_ID, ACCEPT_ALL); // the same: no version, no event
    set_rules(c, GROUP_ID, REJECT_ALL);
    assert_ok(&c->f, store_policy_get(c->f.reader, GROUP_ID, c->f.arena, &p, &c->f.err));
    assert_int_equal(p.version, 2);
    assert_int_equal(p.rule_count, 1);
    assert_string_equal(p.rules[0].name, "none");
    assert_string_equal(p.actor, "cli");
    assert_int_equal(events(c, "PEERAGE_POLICY_CHANGED", GROUP_ID, NULL), 2);
    assert_ok(&c->f, policy_text_read(SLICE(ACCEPT_ALL), c->f.arena, &rules, &n, &c->f.err));
    assert_err(&c->f, ERR_CONFLICT, core_policy_set(c->core, &cli, GROUP_ID, rules, n, 1, &changed, &c->f.err));
    assert_ok(&c->f, core_policy_set(c->core, &cli, GROUP_ID, rules, n, 2, &changed, &c->f.err));
    assert_true(changed);
    assert_err(&c->f, ERR_NOT_FOUND, core_policy_set(c->core, &cli, ORG_ID, rules, n, -1, &changed, &c->f.err));
    assert_ok(&c->f, core_policy_set(c->core, &cli, GROUP_ID, NULL, 0, -1, &changed, &c->f.err));
    assert_ok(&c->f, store_policy_get(c->f.reader, GROUP_ID, c->f.arena, &p, &c->f.err));
    assert_int_equal(p.rule_count, 0);
}

#define ONE_RULE(members) "{\"rules\":[{" members "}]}"

static void wrong_texts_are_refused_by_place(void **state)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"", "policy"},
        {"[]", "{\"rules\""},
        {"{}", "{\"rules\""},
        {"{\"rules\":{}}", "{\"rules\""},
        {"{\"rules\":[],\"enabled\":true}", "\"enabled\""},
        {"{\"rules\":[7]}", "rule 1"},
        {"{\"rules\":[],\"rules\":[]}", "policy"},
        {ONE_RULE("\"action\":\"accept\",\"accounts\":[\"*\"]"), "\"name\" is missing"},
        {ONE_RULE("\"name\":\"a\",\"accounts\":[\"*\"]"), "\"action\" is missing"},
        {ONE_RULE("\"name\":\"a\",\"action\":\"acept\",\"accounts\":[\"*\"]"), "closest to \"acept\" is accept"},
        {ONE_RULE("\"name\":\"a\",\"action\":\"accept\",\"account\":[\"*\"]"), "closest one is \"accounts\""},
        {ONE_RULE("\"name\":\"a\",\"action\":\"accept\""), "no condition"},
        {ONE_RULE("\"name\":\"a\",\"action\":\"accept\",\"accounts\":[]"), "1 to 100"},
        {ONE_RULE("\"name\":\"a\",\"action\":\"accept\",\"accounts\":\"*\""), "array"},
        {ONE_RULE("\"name\":\"a\",\"action\":\"accept\",\"accounts\":[\"1 2\"]"), "without spaces"},
        {ONE_RULE("\"name\":\"a\",\"action\":\"accept\",\"accounts\":[\"12345\"]"), "\"12345\" is no account"},
        {ONE_RULE("\"name\":\"a\",\"action\":\"accept\",\"vpcs\":[\"vpc-x\"]"), "\"vpc-x\" is no VPC"},
        {ONE_RULE("\"name\":\"a\",\"action\":\"accept\",\"cidrs\":[\"10.0.0.1/8\"]"), "\"10.0.0.1/8\" is no CIDR"},
        {ONE_RULE("\"name\":\"a b\",\"action\":\"accept\",\"accounts\":[\"*\"]"), "a name is"},
        {ONE_RULE("\"name\":\"a\",\"action\":\"reject\",\"accounts\":[\"*\"],\"allowSharedSpace\":true"),
         "that accept"},
        {ONE_RULE("\"name\":\"a\",\"action\":\"accept\",\"accounts\":[\"*\"],\"allowSharedSpace\":1"), "true or false"},
        {ONE_RULE("\"name\":\"a\",\"action\":\"hand-over\",\"accounts\":[\"*\"]"), "needs \"project\""},
        {ONE_RULE("\"name\":\"a\",\"action\":\"accept\",\"accounts\":[\"*\"],\"project\":\"" GROUP2_ID "\""),
         "hand over"},
        {"{\"rules\":[{\"name\":\"a\",\"action\":\"hold\",\"accounts\":[\"*\"]},"
         "{\"name\":\"a\",\"action\":\"hold\",\"accounts\":[\"*\"]}]}",
         "two rules are named \"a\""},
    };
    struct core_fixture *c = *state;
    struct policy_rule *rules;
    size_t n;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (policy_text_read(slice_of(cases[i].text), c->f.arena, &rules, &n, &c->f.err) != ERR_INVALID ||
            !strstr(c->f.err.detail, cases[i].words))
            fail_msg("%s: %s", cases[i].text, c->f.err.detail);
    }
}

static void a_text_is_written_as_it_was_read(void **state)
{
    static const char text[] =
        "{\"rules\":[{\"name\":\"a\",\"action\":\"accept\",\"accounts\":[\"222222222222\",\"333333333333\"],"
        "\"vpcs\":[\"vpc-00000001\"],\"cidrs\":[\"10.0.0.0/8\",\"2001:db8::/32\"],\"allowSharedSpace\":true},"
        "{\"name\":\"b\",\"action\":\"hand-over\",\"accounts\":[\"*\"],\"project\":\"" GROUP2_ID "\"}]}";
    struct core_fixture *c = *state;
    struct policy p;
    struct buf out;
    struct json_writer w;
    set_rules(c, GROUP_ID, text);
    assert_ok(&c->f, store_policy_get(c->f.reader, GROUP_ID, c->f.arena, &p, &c->f.err));
    buf_init(&out, 65536);
    json_begin(&w, &out, false);
    json_obj(&w);
    json_key(&w, "rules");
    json_arr(&w);
    for (size_t i = 0; i < p.rule_count; i++) policy_rule_write(&w, &p.rules[i]);
    json_arr_end(&w);
    json_obj_end(&w);
    assert_slice(buf_view(&out), text);
    buf_done(&out);
}

// ---- hand-over --------------------------------------------------------------------------------------------

#define HAND_TO(group)                                                                                                 \
    "{\"rules\":[{\"name\":\"theirs\",\"action\":\"hand-over\",\"accounts\":[\"*\"],\"project\":\"" group "\"}]}"

static uint64_t total(struct core_fixture *c, const char *group_id)
{
    struct connection *rows;
    size_t n;
    uint64_t count;
    struct connection_filter f = {.group_id = group_id, .local_status = -1, .page = {1, 100}};
    assert_ok(&c->f, store_connections(c->f.reader, &f, c->f.arena, &rows, &n, &count, &c->f.err));
    assert_int_equal(n, count);
    return count;
}

static void a_target_is_another_group_of_the_organisation(void **state)
{
    struct core_fixture *c = *state;
    struct org o;
    struct group g;
    struct policy_rule *rules;
    size_t n;
    bool changed;
    assert_ok(&c->f, policy_text_read(SLICE(HAND_TO(GROUP_ID)), c->f.arena, &rules, &n, &c->f.err));
    assert_err(&c->f, ERR_INVALID, core_policy_set(c->core, &cli, GROUP_ID, rules, n, -1, &changed, &c->f.err));
    assert_true(cstr_set(rules->target, sizeof(rules->target), "b00000000000000000000099"));
    assert_err(&c->f, ERR_INVALID, core_policy_set(c->core, &cli, GROUP_ID, rules, n, -1, &changed, &c->f.err));
    assert_ok(&c->f, core_org_create(c->core, &cli, SLICE("others"), &o, &c->f.err));
    assert_ok(&c->f, core_group_create(c->core, &cli, o.id, SLICE("x"), &g, &c->f.err));
    assert_true(cstr_set(rules->target, sizeof(rules->target), g.id));
    assert_err(&c->f, ERR_INVALID, core_policy_set(c->core, &cli, GROUP_ID, rules, n, -1, &changed, &c->f.err));
    set_rules(c, GROUP_ID, HAND_TO(GROUP2_ID));
}

static void what_is_handed_over_is_the_other_groups(void **state)
{
    struct core_fixture *c = *state;
    struct event_row *rows, e;
    struct connection row;
    struct intent *i;
    size_t n;
    know_vpc(c, "10.0.0.0/16");
    set_rules(c, GROUP_ID, HAND_TO(GROUP2_ID));
    enable(c, true);
    see(c, CHANGE_SEEN_NEW, ONE, "pending-acceptance", "10.20.0.0/16");
    assert_int_equal(total(c, GROUP_ID), 0);
    assert_int_equal(total(c, GROUP2_ID), 1);
    assert_int_equal(events(c, "PEERAGE_POLICY_HANDED_OVER", ONE, &e), 2); // one in each group
    assert_non_null(says(e.detail, "\"rule\":\"theirs\""));
    const struct action_request not_here = {
        .by = &somebody, .group_id = GROUP_ID, .name_or_id = SLICE(ONE), .action = ACTION_ACCEPT};
    struct action_request here = not_here;
    enum action_answer answer;
    struct slice why;
    assert_ok(&c->f, core_action_request(c->core, &not_here, c->f.arena, &answer, &why, &c->f.err));
    assert_int_equal(answer, ANSWER_NOT_FOUND);
    here.group_id = GROUP2_ID;
    assert_ok(&c->f, core_action_request(c->core, &here, c->f.arena, &answer, &why, &c->f.err));
    assert_int_equal(answer, ANSWER_TAKEN);
    // A freeze of either group, or of the network, stops it.
    static const char *const groups[] = {GROUP_ID, GROUP2_ID, NETWORK_ID};
    for (size_t k = 0; k < ARRAY_LEN(groups); k++) {
        enum freeze_scope scope = k == 2 ? FREEZE_NETWORK : FREEZE_GROUP;
        assert_ok(&c->f, core_freeze(c->core, &cli, scope, groups[k], true, SLICE("x"), &c->f.err));
        assert_int_equal(due(c, &i), 0);
        assert_ok(&c->f, core_freeze(c->core, &cli, scope, groups[k], false, SLICE("x"), &c->f.err));
        assert_int_equal(due(c, &i), 1);
    }
    // Scans of the network find it again, tell the other group, and routes follow.
    static const char *const tables[] = {"rtb-0000000a"};
    struct peer_route *routes;
    assert_ok(&c->f, core_network_tables(c->core, &cli, NETWORK_ID, tables, 1, &c->f.err));
    see(c, CHANGE_SEEN_CHANGED, ONE, "active", "10.20.0.0/16");
    assert_ok(&c->f, store_connection_get(c->f.reader, GROUP2_ID, SLICE(ONE), c->f.arena, &row, &c->f.err));
    assert_int_equal(row.local_status, LOCAL_ACTIVE);
    assert_ok(&c->f, store_events(c->f.reader, GROUP2_ID, (struct page){1, 1}, c->f.arena, &rows, &n, &c->f.err));
    assert_string_equal(rows[0].type, "PEERAGE_CONNECTION_STATUS_CHANGED");
    assert_ok(&c->f, store_routes(c->f.reader, NETWORK_ID, row.id, c->f.arena, &routes, &n, &c->f.err));
    assert_int_equal(n, 1);
    assert_string_equal(routes[0].group_id, GROUP2_ID);
}

static void the_other_groups_policy_decides_and_cannot_hand_it_on(void **state)
{
    struct core_fixture *c = *state;
    know_vpc(c, "10.0.0.0/16");
    set_rules(c, GROUP_ID, HAND_TO(GROUP2_ID));
    set_rules(c, GROUP2_ID, HAND_TO(GROUP_ID));
    enable(c, true);
    assert_ok(&c->f, core_policy_enable(c->core, &cli, GROUP2_ID, true, &c->f.err));
    see(c, CHANGE_SEEN_NEW, ONE, "pending-acceptance", "10.20.0.0/16");
    expect_held(c, ONE, 1, "once already");
    assert_string_equal(row_of(c, ONE).group_id, GROUP2_ID);
    set_rules(c, GROUP2_ID, ACCEPT_ALL);
    assert_int_equal(local(c, ONE), LOCAL_REQUEST_ACCEPT);
    see(c, CHANGE_SEEN_NEW, TWO, "pending-acceptance", "10.20.0.0/16"); // both policies in one go, and the check
    expect_held(c, TWO, 1, "overlaps 10.20.0.0/16 of " ONE);
}

static void a_project_that_is_gone_gets_nothing(void **state)
{
    struct core_fixture *c = *state;
    struct group_use use;
    struct policy p;
    set_rules(c, GROUP_ID, HAND_TO(GROUP2_ID));
    set_rules(c, GROUP2_ID, ACCEPT_ALL);
    enable(c, true);
    assert_ok(&c->f, core_group_delete(c->core, &cli, GROUP2_ID, &use, &c->f.err));
    assert_ok(&c->f, store_policy_get(c->f.reader, GROUP2_ID, c->f.arena, &p, &c->f.err));
    assert_int_equal(p.version, 0);
    see(c, CHANGE_SEEN_NEW, ONE, "pending-acceptance", "10.20.0.0/16"); // the scan is recorded all the same
    expect_held(c, ONE, 1, GROUP2_ID " was deleted");
    assert_string_equal(row_of(c, ONE).group_id, GROUP_ID);
}

static void what_comes_back_to_a_project_that_is_gone_is_decided_by_nobody(void **state)
{
    struct core_fixture *c = *state;
    struct group_use use;
    set_rules(c, GROUP_ID, HAND_TO(GROUP2_ID));
    enable(c, true);
    see(c, CHANGE_SEEN_NEW, ONE, "pending-acceptance", "10.20.0.0/16");
    struct network n;
    struct connection stored = row_of(c, ONE);
    struct change gone = {CHANGE_VANISHED, &stored, NULL};
    assert_ok(&c->f, store_network_get(c->f.reader, NETWORK_ID, c->f.arena, &n, &c->f.err));
    assert_ok(&c->f, core_scan_applied(c->core, &n, CORE_AS_OF_NOW, &gone, 1, (struct slice){NULL, 0}, &c->f.err));
    assert_ok(&c->f, core_group_delete(c->core, &cli, GROUP2_ID, &use, &c->f.err));
    see(c, CHANGE_REAPPEARED, ONE, "pending-acceptance", "10.20.0.0/16");
    assert_true(row_of(c, ONE).listed);
    assert_int_equal(local(c, ONE), LOCAL_NONE);
}

// ---- dry run ----------------------------------------------------------------------------------------------

static void a_dry_run_sets_rules_beside_what_people_did(void **state)
{
    struct core_fixture *c = *state;
    struct policy_rule *rules;
    struct policy_replay *r;
    size_t n;
    know_vpc(c, "10.0.0.0/16");
    see(c, CHANGE_SEEN_NEW, PCX, "pending-acceptance", "10.20.0.0/16");
    assert_int_equal(ask(c, ACTION_ACCEPT), ANSWER_TAKEN);
    advance(c, 60);
    struct wall later = clock_wall(&c->f.clock);
    see(c, CHANGE_SEEN_NEW, ONE, "pending-acceptance", "10.20.0.0/16"); // while PCX lives
    see(c, CHANGE_SEEN_CHANGED, ONE, "rejected", "10.20.0.0/16");       // in AWS
    advance(c, 60);
    see(c, CHANGE_SEEN_CHANGED, PCX, "deleted", "10.20.0.0/16");
    advance(c, 60);
    see(c, CHANGE_SEEN_NEW, TWO, "active", "10.20.0.0/16");
    assert_ok(&c->f, policy_text_read(SLICE(ACCEPT_ALL), c->f.arena, &rules, &n, &c->f.err));
    assert_ok(&c->f,
              core_policy_replay(c->f.reader, GROUP_ID, rules, n, (struct wall){0}, c->f.arena, &r, &n, &c->f.err));
    assert_int_equal(n, 3);
    assert_string_equal(r[0].name, PCX);
    assert_int_equal(r[0].outcome, POLICY_ACCEPTED);
    assert_string_equal(r[0].by, "abcdefgh");
    assert_int_equal(r[0].decision.action, POLICY_ACCEPT);
    assert_string_equal(r[1].name, ONE);
    assert_int_equal(r[1].outcome, POLICY_REJECTED);
    assert_string_equal(r[1].by, "AWS");
    assert_int_equal(r[1].decision.action, POLICY_HOLD);
    assert_non_null(strstr(r[1].decision.reason, PCX));
    assert_int_equal(r[2].outcome, POLICY_ACCEPTED);
    assert_string_equal(r[2].by, "AWS");
    assert_int_equal(r[2].decision.action, POLICY_ACCEPT); // PCX was gone by then
    assert_ok(&c->f, core_policy_replay(c->f.reader, GROUP_ID, rules, 0, later, c->f.arena, &r, &n, &c->f.err));
    assert_int_equal(n, 2);
    assert_string_equal(r[0].name, ONE);
    assert_int_equal(r[0].decision.action, POLICY_HOLD);
    assert_int_equal(local(c, ONE), LOCAL_NONE); // nothing was written
}

#define core_test(f) cmocka_unit_test_setup_teardown(f, core_setup, actions_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        core_test(it_is_off_until_enabled),
        core_test(a_scan_decides_in_its_own_transaction),
        core_test(a_reject_names_its_rule),
        core_test(only_what_waits_is_decided),
        core_test(a_failed_action_is_left_to_people),
        core_test(what_people_have_begun_to_approve_is_theirs),
        core_test(what_a_person_withdrew_is_left_to_people),
        core_test(a_hold_is_told_once_and_again_when_its_reason_changes),
        core_test(nothing_matching_is_held_without_a_rule),
        core_test(two_requests_for_one_block_are_not_both_accepted),
        core_test(what_an_outcome_ends_frees_its_block_at_once),
        core_test(an_observed_network_holds_and_says_so),
        core_test(each_freeze_makes_automatic_acts_wait),
        core_test(an_expected_request_is_accepted_once),
        core_test(one_pass_over_two_requests_uses_it_once),
        core_test(scans_that_race_use_it_once),
        core_test(past_and_removed_ones_accept_nothing),
        core_test(wrong_expectations_are_refused),
        core_test(what_a_quota_refuses_is_held_and_uses_nothing),
        core_test(old_ones_leave_the_list),
        core_test(a_list_is_replaced_whole_and_versioned),
        core_test(wrong_texts_are_refused_by_place),
        core_test(a_text_is_written_as_it_was_read),
        core_test(a_target_is_another_group_of_the_organisation),
        core_test(what_is_handed_over_is_the_other_groups),
        core_test(the_other_groups_policy_decides_and_cannot_hand_it_on),
        core_test(a_project_that_is_gone_gets_nothing),
        core_test(what_comes_back_to_a_project_that_is_gone_is_decided_by_nobody),
        core_test(a_dry_run_sets_rules_beside_what_people_did),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
