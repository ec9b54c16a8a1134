// SPDX-License-Identifier: Apache-2.0
// Four eyes: several callers must ask, each counts once, and what they approved is what is done. Run by: meson test.
#include "actions.h"
#include "core/approve.h"
#include "core/policy.h"

static const struct actor ada = {PRINCIPAL_PERSON, "ada@example.com", "10.0.0.1"};
static const struct actor bob = {PRINCIPAL_PERSON, "bob@example.com", "10.0.0.2"};
static const struct actor key_called_ada = {PRINCIPAL_API_KEY, "ada@example.com", "10.0.0.3"};

static const struct actor machine = {PRINCIPAL_LOCAL, "cli", NULL};

static void rule(struct core_fixture *c, unsigned accepts, unsigned deletes)
{
    const struct approval_rule r = {accepts, deletes};
    assert_ok(&c->f, core_approvals_set(c->core, &somebody, GROUP_ID, &r, &c->f.err));
}

static enum action_answer by(struct core_fixture *c, const struct actor *who, enum action action)
{
    const struct action_request q = {.by = who, .group_id = GROUP_ID, .name_or_id = SLICE(PCX), .action = action};
    enum action_answer answer;
    struct slice why;
    assert_ok(&c->f, core_action_request(c->core, &q, c->f.arena, &answer, &why, &c->f.err));
    return answer;
}

static size_t intents(struct core_fixture *c)
{
    struct intent *i;
    return due(c, &i);
}

static void the_first_waits_and_the_second_is_taken(void **state)
{
    struct core_fixture *c = *state;
    discover_as(c, "pending-acceptance");
    rule(c, 2, 0);
    assert_int_equal(by(c, &ada, ACTION_ACCEPT), ANSWER_APPROVED);
    assert_int_equal(row_now(c).local_status, LOCAL_NONE);
    assert_slice(row_now(c).status_message, "1 of 2 approvals");
    assert_int_equal(intents(c), 0);
    assert_int_equal(by(c, &bob, ACTION_ACCEPT), ANSWER_TAKEN);
    assert_int_equal(row_now(c).local_status, LOCAL_REQUEST_ACCEPT);
    assert_int_equal(row_now(c).status_message.n, 0);
    assert_int_equal(intents(c), 1);
    assert_string_equal(event_types(c), "PEERAGE_CONNECTION_ACCEPT_REQUESTED PEERAGE_CONNECTION_ACCEPT_APPROVED "
                                        "PEERAGE_APPROVALS_CHANGED PEERAGE_CONNECTION_DISCOVERED");
    struct event_row *e;
    size_t n;
    assert_ok(&c->f, store_events(c->f.reader, GROUP_ID, (struct page){1, 2}, c->f.arena, &e, &n, &c->f.err));
    assert_string_equal(e[0].actor, "bob@example.com");
    assert_string_equal(e[1].actor, "ada@example.com");
    assert_int_equal(e[1].actor_kind, PRINCIPAL_PERSON);
}

static void the_same_caller_counts_once_and_changes_nothing_again(void **state)
{
    struct core_fixture *c = *state;
    discover_as(c, "pending-acceptance");
    rule(c, 3, 0);
    assert_int_equal(by(c, &ada, ACTION_ACCEPT), ANSWER_APPROVED);
    uint64_t generation = store_generation(c->f.store);
    const char *events = strdup(event_types(c));
    for (int i = 0; i < 5; i++) assert_int_equal(by(c, &ada, ACTION_ACCEPT), ANSWER_APPROVED);
    assert_int_equal(store_generation(c->f.store), generation);
    assert_string_equal(event_types(c), events);
    free((void *)(uintptr_t)events);
    // Another kind of caller of the same name is another caller.
    assert_int_equal(by(c, &key_called_ada, ACTION_ACCEPT), ANSWER_APPROVED);
    assert_slice(row_now(c).status_message, "2 of 3 approvals");
    assert_int_equal(by(c, &bob, ACTION_ACCEPT), ANSWER_TAKEN);
}

static void other_blocks_and_lapsed_ones_do_not_count(void **state)
{
    struct core_fixture *c = *state;
    discover_as(c, "pending-acceptance");
    rule(c, 2, 0);
    assert_int_equal(by(c, &ada, ACTION_ACCEPT), ANSWER_APPROVED);
    struct observed wider = seen_as("pending-acceptance");
    wider.requester_cidrs = SLICE("10.0.0.0/8");
    scan(c, CHANGE_SEEN_CHANGED, &wider);
    assert_int_equal(by(c, &bob, ACTION_ACCEPT), ANSWER_APPROVED); // ada approved a /16
    assert_slice(row_now(c).status_message, "1 of 2 approvals");
    advance(c, 7 * 86400 + 1);
    assert_int_equal(by(c, &ada, ACTION_ACCEPT), ANSWER_APPROVED); // bob's is a week old
    assert_int_equal(intents(c), 0);
    assert_int_equal(by(c, &bob, ACTION_ACCEPT), ANSWER_TAKEN);
}

static void a_rejection_needs_one_and_ends_what_was_approved(void **state)
{
    struct core_fixture *c = *state;
    discover_as(c, "pending-acceptance");
    rule(c, 2, 0);
    assert_int_equal(by(c, &ada, ACTION_ACCEPT), ANSWER_APPROVED);
    assert_int_equal(by(c, &bob, ACTION_REJECT), ANSWER_TAKEN);
    struct intent i = begun(c);
    finish(c, &i, OUTCOME_FAILED, NULL);
    assert_int_equal(row_now(c).local_status, LOCAL_UPDATE_FAILED);
    assert_int_equal(by(c, &bob, ACTION_ACCEPT), ANSWER_APPROVED); // ada's was for what is over
    assert_slice(row_now(c).status_message, "1 of 2 approvals");
    assert_int_equal(row_now(c).local_status, LOCAL_UPDATE_FAILED);
    assert_int_equal(by(c, &ada, ACTION_ACCEPT), ANSWER_TAKEN);
}

static void what_aws_says_takes_the_count_away(void **state)
{
    struct core_fixture *c = *state;
    discover_as(c, "pending-acceptance");
    rule(c, 2, 0);
    assert_int_equal(by(c, &ada, ACTION_ACCEPT), ANSWER_APPROVED);
    scan_as(c, "deleted");
    assert_int_equal(row_now(c).local_status, LOCAL_NONE);
    assert_int_equal(row_now(c).status_message.n, 0);
}

static void protection_yields_to_several_where_the_rule_says_so(void **state)
{
    struct core_fixture *c = *state;
    discover_as(c, "active");
    assert_ok(&c->f, core_connection_protect(c->core, &somebody, GROUP_ID, SLICE(PCX), true, &c->f.err));
    assert_int_equal(by(c, &ada, ACTION_DELETE), ANSWER_PROTECTED);
    rule(c, 1, 2);
    assert_int_equal(by(c, &ada, ACTION_DELETE), ANSWER_APPROVED);
    assert_int_equal(row_now(c).local_status, LOCAL_ACTIVE);
    assert_slice(row_now(c).status_message, "1 of 2 approvals");
    advance(c, 86400 + 1); // a day is enough to find a second
    assert_int_equal(by(c, &bob, ACTION_DELETE), ANSWER_APPROVED);
    assert_int_equal(by(c, &ada, ACTION_DELETE), ANSWER_TAKEN);
    assert_int_equal(row_now(c).local_status, LOCAL_REQUEST_DELETE);
}

static void what_is_not_protected_needs_one(void **state)
{
    struct core_fixture *c = *state;
    discover_as(c, "active");
    rule(c, 1, 5);
    assert_int_equal(by(c, &ada, ACTION_DELETE), ANSWER_TAKEN);
}

static void the_local_administrator_is_one_caller_by_either_way(void **state)
{
    static const struct actor admin = {PRINCIPAL_LOCAL, "admin", NULL}, cli = {PRINCIPAL_LOCAL, "cli", NULL};
    struct core_fixture *c = *state;
    discover_as(c, "pending-acceptance");
    rule(c, 2, 0);
    assert_int_equal(by(c, &admin, ACTION_ACCEPT), ANSWER_APPROVED);
    assert_int_equal(by(c, &cli, ACTION_ACCEPT), ANSWER_APPROVED);
    assert_slice(row_now(c).status_message, "1 of 2 approvals");
    assert_int_equal(by(c, &ada, ACTION_ACCEPT), ANSWER_TAKEN);
}

static void a_rule_of_a_policy_acts_alone(void **state)
{
    struct core_fixture *c = *state;
    discover_as(c, "pending-acceptance");
    rule(c, 2, 0);
    const struct action_request q = {
        .by = &somebody, .group_id = GROUP_ID, .name_or_id = SLICE(PCX), .action = ACTION_ACCEPT, .rule = "lab"};
    enum action_answer answer;
    struct slice why;
    assert_ok(&c->f, core_action_request(c->core, &q, c->f.arena, &answer, &why, &c->f.err));
    assert_int_equal(answer, ANSWER_TAKEN);
}

static void a_failed_challenge_approves_nothing(void **state)
{
    struct core_fixture *c = *state;
    discover_as(c, "pending-acceptance");
    rule(c, 2, 0);
    struct action_request q = {.by = &ada,
                               .group_id = GROUP_ID,
                               .name_or_id = SLICE(PCX),
                               .action = ACTION_ACCEPT,
                               .requester_account = SLICE("999999999999"),
                               .requester_vpc = SLICE("vpc-0a0a0a0a0a0a0a0a0")};
    enum action_answer answer;
    struct slice why;
    assert_ok(&c->f, core_action_request(c->core, &q, c->f.arena, &answer, &why, &c->f.err));
    assert_int_equal(answer, ANSWER_ACCOUNT);
    assert_int_equal(by(c, &bob, ACTION_ACCEPT), ANSWER_APPROVED);
    assert_slice(row_now(c).status_message, "1 of 2 approvals");
}

static void a_rule_has_bounds_and_a_group(void **state)
{
    struct core_fixture *c = *state;
    static const struct approval_rule bad[] = {{0, 0}, {6, 0}, {1, 1}, {1, 6}};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_err(&c->f, ERR_INVALID, core_approvals_set(c->core, &ada, GROUP_ID, &bad[i], &c->f.err));
    const struct approval_rule good = {5, 5};
    assert_err(&c->f, ERR_NOT_FOUND, core_approvals_set(c->core, &ada, "0123456789abcdef01234567", &good, &c->f.err));
    rule(c, 5, 5);
    rule(c, 5, 5); // no second event
    assert_string_equal(event_types(c), "PEERAGE_APPROVALS_CHANGED");
}

static enum err edit(struct core_fixture *c, const struct actor *who, struct policy_edit q)
{
    return core_policy_edit(c->core, who, GROUP_ID, &q, &c->f.err);
}

static struct approval_rule rule_now(struct core_fixture *c)
{
    struct approval_rule r;
    assert_ok(&c->f, store_approval_rule(c->f.reader, GROUP_ID, &r, &c->f.err));
    return r;
}

static void one_caller_raises_a_number_and_only_the_operator_lowers_it(void **state)
{
    struct core_fixture *c = *state;
    const struct actor chief = {PRINCIPAL_API_KEY, "opsopsop", "10.0.0.9", true};
    assert_ok(&c->f, edit(c, &ada, (struct policy_edit){.set_accepts = true, .accepts = 3}));
    assert_ok(&c->f, edit(c, &ada, (struct policy_edit){.set_deletes = true, .deletes = 4}));
    assert_err(&c->f, ERR_DENIED, edit(c, &ada, (struct policy_edit){.set_accepts = true, .accepts = 2}));
    assert_err(&c->f, ERR_DENIED, edit(c, &ada, (struct policy_edit){.set_deletes = true, .deletes = 2}));
    assert_err(&c->f, ERR_DENIED, edit(c, &ada, (struct policy_edit){.set_deletes = true})); // the way down over 0
    assert_err(&c->f, ERR_DENIED,
               core_approvals_set(c->core, &bob, GROUP_ID, &(struct approval_rule){3, 0}, &c->f.err));
    assert_int_equal(rule_now(c).accepts, 3);
    assert_int_equal(rule_now(c).deletes, 4);
    assert_ok(&c->f, edit(c, &chief, (struct policy_edit){.set_accepts = true, .accepts = 2}));
    assert_ok(&c->f, edit(c, &machine, (struct policy_edit){.set_deletes = true}));
    assert_int_equal(rule_now(c).accepts, 2);
    assert_int_equal(rule_now(c).deletes, 0);
}

static void one_caller_lets_no_policy_accept_where_several_must_ask(void **state)
{
    struct core_fixture *c = *state;
    const struct policy_rule all = {.name = "all", .action = POLICY_ACCEPT, .accounts = SLICE("*")};
    const struct expected_new coming = {.group_id = GROUP_ID,
                                        .account = SLICE("222222222222"),
                                        .owner = SLICE("Ada"),
                                        .valid_until = {clock_wall(&c->f.clock).us + US_PER_SEC}};
    const struct policy_edit on = {.set_enabled = true, .enabled = true}, off = {.set_enabled = true};
    struct expected e;
    bool changed = true;
    rule(c, 2, 0);
    assert_err(&c->f, ERR_DENIED, core_policy_set(c->core, &ada, GROUP_ID, &all, 1, -1, &changed, &c->f.err));
    assert_err(&c->f, ERR_DENIED, edit(c, &ada, on));
    assert_err(&c->f, ERR_DENIED, core_expected_add(c->core, &ada, &coming, &e, &c->f.err));
    assert_string_equal(event_types(c), "PEERAGE_APPROVALS_CHANGED");
    assert_ok(&c->f, core_policy_set(c->core, &machine, GROUP_ID, &all, 1, -1, &changed, &c->f.err));
    assert_ok(&c->f, core_policy_set(c->core, &ada, GROUP_ID, &all, 1, -1, &changed, &c->f.err)); // the same
    assert_false(changed);
    assert_ok(&c->f, edit(c, &machine, on));
    assert_ok(&c->f, core_expected_add(c->core, &machine, &coming, &e, &c->f.err));
    assert_ok(&c->f, edit(c, &ada, off)); // stricter is free
    assert_ok(&c->f, core_expected_remove(c->core, &ada, GROUP_ID, e.id, &c->f.err));
}

static void an_edit_is_done_whole_or_not_at_all(void **state)
{
    struct core_fixture *c = *state;
    struct policy p;
    assert_err(
        &c->f, ERR_INVALID,
        edit(c, &ada, (struct policy_edit){.set_enabled = true, .enabled = true, .set_deletes = true, .deletes = 1}));
    assert_string_equal(event_types(c), "");
    // One who may enable now, and asks for two from now on.
    assert_ok(
        &c->f,
        edit(c, &ada, (struct policy_edit){.set_enabled = true, .enabled = true, .set_accepts = true, .accepts = 2}));
    assert_string_equal(event_types(c), "PEERAGE_APPROVALS_CHANGED PEERAGE_POLICY_ENABLED");
    assert_ok(&c->f, store_policy_get(c->f.reader, GROUP_ID, c->f.arena, &p, &c->f.err));
    assert_true(p.enabled);
    assert_string_equal(p.actor, ada.name);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, core_setup, actions_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_waits_and_the_second_is_taken),
        TEST(the_same_caller_counts_once_and_changes_nothing_again),
        TEST(other_blocks_and_lapsed_ones_do_not_count),
        TEST(a_rejection_needs_one_and_ends_what_was_approved),
        TEST(what_aws_says_takes_the_count_away),
        TEST(protection_yields_to_several_where_the_rule_says_so),
        TEST(what_is_not_protected_needs_one),
        TEST(the_local_administrator_is_one_caller_by_either_way),
        TEST(a_rule_of_a_policy_acts_alone),
        TEST(a_failed_challenge_approves_nothing),
        TEST(a_rule_has_bounds_and_a_group),
        TEST(one_caller_raises_a_number_and_only_the_operator_lowers_it),
        TEST(one_caller_lets_no_policy_accept_where_several_must_ask),
        TEST(an_edit_is_done_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
