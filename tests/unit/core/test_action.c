// SPDX-License-Identifier: Apache-2.0
// Asking to accept, reject and delete: what is recorded, what is refused and why, and that nothing happens twice.
#include <pthread.h>

#include "actions.h"

static enum action_answer ask_full(struct core_fixture *c, const struct action_request *q, struct slice *why)
{
    enum action_answer answer;
    assert_ok(&c->f, core_action_request(c->core, q, c->f.arena, &answer, why, &c->f.err));
    return answer;
}

static struct action_request accept_of(const char *account, const char *vpc)
{
    return (struct action_request){.by = &somebody,
                                   .group_id = GROUP_ID,
                                   .name_or_id = SLICE(PCX),
                                   .action = ACTION_ACCEPT,
                                   .requester_account = slice_of(account),
                                   .requester_vpc = slice_of(vpc)};
}

static size_t all_intents(struct core_fixture *c, struct intent **ret)
{
    size_t n;
    assert_ok(&c->f, store_intents(c->f.reader, NULL, true, (struct page){1, 100}, c->f.arena, ret, &n, &c->f.err));
    return n;
}

// ---- taken ------------------------------------------------------------------------------------------------

static void an_accept_is_recorded_with_its_state_and_event(void **state)
{
    struct core_fixture *c = *state;
    discover_as(c, "pending-acceptance");
    uint64_t generation = store_generation(c->f.store);
    struct action_request q = accept_of("222222222222", "vpc-0a0a0a0a0a0a0a0a0");
    q.rule = "friends";
    struct slice why;
    assert_int_equal(ask_full(c, &q, &why), ANSWER_TAKEN);
    assert_int_equal(why.n, 0);
    struct connection row = row_now(c);
    assert_int_equal(row.local_status, LOCAL_REQUEST_ACCEPT);
    assert_true(store_generation(c->f.store) > generation);
    struct intent *i;
    assert_int_equal(due(c, &i), 1);
    assert_int_equal(i->action, ACTION_ACCEPT);
    assert_string_equal(i->connection_id, row.id);
    assert_string_equal(i->group_id, GROUP_ID);
    assert_string_equal(i->network_id, NETWORK_ID);
    assert_string_equal(i->actor, "abcdefgh");
    assert_slice(i->rule, "friends");
    assert_int_equal(i->attempts, 0);
    assert_false(i->uncertain);
    assert_int_equal(c->heard.intents, 1);
    assert_string_equal(event_types(c), "PEERAGE_CONNECTION_ACCEPT_REQUESTED PEERAGE_CONNECTION_DISCOVERED");
    struct event_row *events;
    size_t n;
    assert_ok(&c->f, store_events(c->f.reader, GROUP_ID, (struct page){1, 1}, c->f.arena, &events, &n, &c->f.err));
    assert_string_equal(events[0].actor, "abcdefgh");
    assert_string_equal(events[0].remote, "10.1.2.3");
    assert_slice(events[0].resource, PCX);
    char expected[512];
    (void)snprintf(expected, sizeof(expected),
                   "{\"action\":\"accept\",\"cloudStatus\":\"pending-acceptance\",\"intentId\":\"%s\","
                   "\"localStatus\":\"REQUEST_ACCEPT\",\"localStatusBefore\":\"NONE\",\"networkId\":\"" NETWORK_ID
                   "\",\"requesterAccountId\":\"222222222222\",\"requesterVpcId\":\"vpc-0a0a0a0a0a0a0a0a0\","
                   "\"rule\":\"friends\"}",
                   i->id);
    assert_slice(events[0].detail, expected);
}

static void the_id_serves_as_well_as_the_name(void **state)
{
    struct core_fixture *c = *state;
    discover_as(c, "pending-acceptance");
    struct action_request q = accept_of(NULL, NULL);
    struct connection row = row_now(c);
    q.name_or_id = slice_of(row.id);
    q.action = ACTION_REJECT;
    struct slice why;
    assert_int_equal(ask_full(c, &q, &why), ANSWER_TAKEN);
    assert_int_equal(row_now(c).local_status, LOCAL_REQUEST_REJECT);
}

static void a_delete_of_an_active_one_is_taken(void **state)
{
    struct core_fixture *c = *state;
    discover_as(c, "active");
    assert_int_equal(ask(c, ACTION_DELETE), ANSWER_TAKEN);
    assert_int_equal(row_now(c).local_status, LOCAL_REQUEST_DELETE);
}

// ---- not taken --------------------------------------------------------------------------------------------

static void a_failed_challenge_changes_nothing(void **state)
{
    struct core_fixture *c = *state;
    discover_as(c, "pending-acceptance");
    uint64_t generation = store_generation(c->f.store);
    struct slice why;
    struct action_request q = accept_of("333333333333", "vpc-0a0a0a0a0a0a0a0a0");
    assert_int_equal(ask_full(c, &q, &why), ANSWER_ACCOUNT);
    q = accept_of("222222222222", "vpc-0b0b0b0b0b0b0b0b0");
    assert_int_equal(ask_full(c, &q, &why), ANSWER_VPC);
    q = accept_of("", "vpc-0a0a0a0a0a0a0a0a0");
    assert_int_equal(ask_full(c, &q, &why), ANSWER_ACCOUNT);
    struct intent *i;
    assert_int_equal(all_intents(c, &i), 0);
    assert_int_equal(row_now(c).local_status, LOCAL_NONE);
    assert_int_equal(store_generation(c->f.store), generation);
    assert_int_equal(c->heard.intents, 0);
    assert_string_equal(event_types(c), "PEERAGE_CONNECTION_DISCOVERED");
}

static void what_is_not_listed_is_not_found(void **state)
{
    struct core_fixture *c = *state;
    assert_int_equal(ask(c, ACTION_ACCEPT), ANSWER_NOT_FOUND);
    discover_as(c, "deleted");
    scan(c, CHANGE_UNLIST, NULL);
    assert_int_equal(ask(c, ACTION_DELETE), ANSWER_NOT_FOUND);
    discover_as(c, "pending-acceptance"); // the same name again
    struct action_request q = accept_of(NULL, NULL);
    q.group_id = GROUP2_ID;
    struct slice why;
    assert_int_equal(ask_full(c, &q, &why), ANSWER_NOT_FOUND);
}

static void the_second_time_has_no_effect(void **state)
{
    struct core_fixture *c = *state;
    discover_as(c, "pending-acceptance");
    assert_int_equal(ask(c, ACTION_ACCEPT), ANSWER_TAKEN);
    uint64_t generation = store_generation(c->f.store);
    assert_int_equal(ask(c, ACTION_ACCEPT), ANSWER_ALREADY);
    struct intent *i;
    assert_int_equal(all_intents(c, &i), 1);
    assert_int_equal(store_generation(c->f.store), generation);
    assert_int_equal(c->heard.intents, 1);
}

static void a_state_that_forbids_says_which_and_what_is_allowed(void **state)
{
    struct core_fixture *c = *state;
    struct slice why;
    discover_as(c, "pending-acceptance");
    assert_int_equal(ask_why(c, ACTION_DELETE, &why), ANSWER_STATE);
    assert_slice(why,
                 "the VPC peering connection " PCX " has cloudStatus pending-acceptance and localStatus NONE; only "
                 "its requester can delete it before it is accepted; it can be accepted or rejected");
    assert_int_equal(ask(c, ACTION_ACCEPT), ANSWER_TAKEN);
    assert_int_equal(ask_why(c, ACTION_REJECT, &why), ANSWER_STATE);
    assert_slice(why, "the VPC peering connection " PCX " has cloudStatus pending-acceptance and localStatus "
                      "REQUEST_ACCEPT; an accept is under way; nothing else is allowed until it has ended, a delete "
                      "once it is active");
    assert_int_equal(row_now(c).local_status, LOCAL_REQUEST_ACCEPT);
}

static void an_observed_network_is_never_written(void **state)
{
    struct core_fixture *c = *state;
    struct network_new new = {.group_id = GROUP2_ID,
                              .account_id = SLICE("111111111111"),
                              .region = SLICE("us-east-1"),
                              .vpc_id = SLICE("vpc-00000000000000002"),
                              .mode = NETWORK_OBSERVE};
    struct network net;
    assert_ok(&c->f, core_network_add(c->core, NULL, &new, c->f.arena, &net, &c->f.err));
    struct observed o = seen_as("pending-acceptance");
    struct change change = {CHANGE_SEEN_NEW, NULL, &o};
    assert_ok(&c->f, core_scan_applied(c->core, &net, CORE_AS_OF_NOW, &change, 1, (struct slice){NULL, 0}, &c->f.err));
    struct action_request q = accept_of(NULL, NULL);
    q.group_id = GROUP2_ID;
    struct slice why;
    assert_int_equal(ask_full(c, &q, &why), ANSWER_OBSERVE);
    assert_true(slice_starts(why, SLICE("the network ")));
    assert_non_null(memmem(why.p, why.n, "only observed", 13));
    struct intent *i;
    assert_int_equal(all_intents(c, &i), 0);
}

static void protection_refuses_deletes_only(void **state)
{
    struct core_fixture *c = *state;
    struct slice why;
    discover_as(c, "pending-acceptance");
    assert_ok(&c->f, core_connection_protect(c->core, &somebody, GROUP_ID, SLICE(PCX), true, &c->f.err));
    assert_int_equal(ask(c, ACTION_ACCEPT), ANSWER_TAKEN);
    scan_as(c, "active");
    assert_int_equal(ask_why(c, ACTION_DELETE, &why), ANSWER_PROTECTED);
    assert_slice(why, "the VPC peering connection " PCX " is protected from deletion by its connection; lift the "
                      "protection with `peerage connection unprotect " PCX "` first");
    assert_true(row_now(c).is_protected);
    assert_ok(&c->f, core_network_protect(c->core, &somebody, NETWORK_ID, true, &c->f.err));
    assert_ok(&c->f, core_connection_protect(c->core, &somebody, GROUP_ID, SLICE(PCX), false, &c->f.err));
    assert_int_equal(ask(c, ACTION_DELETE), ANSWER_PROTECTED);
    assert_err(&c->f, ERR_CONFLICT, core_network_remove(c->core, &somebody, NETWORK_ID, &c->f.err));
    assert_ok(&c->f, core_network_protect(c->core, &somebody, NETWORK_ID, false, &c->f.err));
    assert_int_equal(ask(c, ACTION_DELETE), ANSWER_TAKEN);
}

static void protecting_twice_is_one_event(void **state)
{
    struct core_fixture *c = *state;
    for (int i = 0; i < 2; i++) assert_ok(&c->f, core_network_protect(c->core, &somebody, NETWORK_ID, true, &c->f.err));
    assert_string_equal(event_types(c), "PEERAGE_NETWORK_PROTECTED");
    assert_err(&c->f, ERR_NOT_FOUND, core_network_protect(c->core, &somebody, ORG_ID, true, &c->f.err));
    assert_err(&c->f, ERR_NOT_FOUND,
               core_connection_protect(c->core, &somebody, GROUP_ID, SLICE(PCX), true, &c->f.err));
}

// ---- races ------------------------------------------------------------------------------------------------

struct racer {
    struct core_fixture *c;
    struct arena *arena;
    enum action action;
    enum action_answer answer;
    pthread_t thread;
};

static void *race(void *ctx)
{
    struct racer *r = ctx;
    const struct action_request q = {
        .by = &somebody, .group_id = GROUP_ID, .name_or_id = SLICE(PCX), .action = r->action};
    struct slice why;
    struct error err;
    if (core_action_request(r->c->core, &q, r->arena, &r->answer, &why, &err) != ERR_OK) r->answer = ANSWER_NOT_FOUND;
    return NULL;
}

static void of_a_hundred_at_once_one_takes_effect(void **state)
{
    static struct racer racers[100];
    struct core_fixture *c = *state;
    discover_as(c, "pending-acceptance");
    core_on_change(c->core, NULL, NULL); // the listener of the fixture counts without a lock
    for (size_t i = 0; i < ARRAY_LEN(racers); i++) {
        racers[i] =
            (struct racer){.c = c, .arena = arena_new(64 * 1024), .action = i % 2 ? ACTION_ACCEPT : ACTION_REJECT};
        assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    }
    unsigned taken = 0, already = 0, forbidden = 0;
    for (size_t i = 0; i < ARRAY_LEN(racers); i++) {
        assert_int_equal(pthread_join(racers[i].thread, NULL), 0);
        taken += racers[i].answer == ANSWER_TAKEN;
        already += racers[i].answer == ANSWER_ALREADY;
        forbidden += racers[i].answer == ANSWER_STATE;
        arena_free(racers[i].arena);
    }
    assert_int_equal(taken, 1);
    assert_int_equal(already, 49);
    assert_int_equal(forbidden, 50);
    struct intent *i;
    assert_int_equal(all_intents(c, &i), 1);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, core_setup, actions_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(an_accept_is_recorded_with_its_state_and_event),
        T(the_id_serves_as_well_as_the_name),
        T(a_delete_of_an_active_one_is_taken),
        T(a_failed_challenge_changes_nothing),
        T(what_is_not_listed_is_not_found),
        T(the_second_time_has_no_effect),
        T(a_state_that_forbids_says_which_and_what_is_allowed),
        T(an_observed_network_is_never_written),
        T(protection_refuses_deletes_only),
        T(protecting_twice_is_one_event),
        T(of_a_hundred_at_once_one_takes_effect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
