// SPDX-License-Identifier: Apache-2.0
// Routes follow connections: wanted while active and approved, removed at the end, and only those that are ours.
#include "actions.h"

#define RTB_A "rtb-0000000a"
#define RTB_B "rtb-0000000b"

static void tables(struct core_fixture *c, const char *a, const char *b)
{
    const char *list[] = {a, b};
    assert_ok(&c->f, core_network_tables(c->core, &somebody, NETWORK_ID, list, a ? b ? 2 : 1 : 0, &c->f.err));
}

static size_t routes(struct core_fixture *c, struct peer_route **ret)
{
    size_t n;
    assert_ok(&c->f, store_routes(c->f.reader, NETWORK_ID, NULL, c->f.arena, ret, &n, &c->f.err));
    return n;
}

// "table cidr state, …" of all rows.
static const char *shown(struct core_fixture *c)
{
    static char text[2048];
    struct peer_route *r;
    size_t n = routes(c, &r), at = 0;
    text[0] = '\0';
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s %s %s%s", i ? ", " : "", r[i].table_id + 11,
                               r[i].cidr, peer_route_state_name(r[i].state), r[i].ours ? "!" : "");
    return text;
}

static size_t due_routes(struct core_fixture *c, struct peer_route **ret)
{
    size_t n;
    struct wall next;
    assert_ok(&c->f, core_routes_due(c->f.reader, clock_wall(&c->f.clock), 100, c->f.arena, ret, &n, &next, &c->f.err));
    return n;
}

static void done(struct core_fixture *c, const struct peer_route *row, int kind, const char *reason)
{
    struct route_result r = {.reason = slice_of(reason)};
    r.kind = kind;
    assert_ok(&c->f, core_route_outcome(c->core, row, &r, &c->f.err));
}

// Everything that is due succeeds.
static void work(struct core_fixture *c)
{
    struct peer_route *r;
    size_t n = due_routes(c, &r);
    for (size_t i = 0; i < n; i++) {
        bool removing = r[i].state == PEER_ROUTE_REMOVING;
        if (!removing) assert_ok(&c->f, core_route_begin(c->core, &r[i], &c->f.err));
        done(c, &r[i], removing ? ROUTE_RESULT_GONE : ROUTE_RESULT_MADE, NULL);
    }
}

static void accepted(struct core_fixture *c)
{
    discover_as(c, "pending-acceptance");
    assert_int_equal(ask(c, ACTION_ACCEPT), ANSWER_TAKEN);
    struct intent i = begun(c);
    struct observed o = seen_as("active");
    finish(c, &i, OUTCOME_DONE, &o);
}

// ---- the whole life ---------------------------------------------------------------------------------------

static void routes_are_made_while_active_and_removed_at_the_end(void **state)
{
    struct core_fixture *c = *state;
    tables(c, RTB_A, RTB_B);
    discover_as(c, "pending-acceptance");
    assert_string_equal(shown(c), "");
    assert_int_equal(ask(c, ACTION_ACCEPT), ANSWER_TAKEN);
    assert_string_equal(shown(c), "");
    unsigned heard = c->heard.intents;
    scan_as(c, "active");
    assert_true(c->heard.intents > heard);
    assert_string_equal(shown(c), "a 10.0.0.0/16 wanted, b 10.0.0.0/16 wanted");
    work(c);
    assert_string_equal(shown(c), "a 10.0.0.0/16 made!, b 10.0.0.0/16 made!");
    struct peer_route *none;
    assert_int_equal(due_routes(c, &none), 0);
    scan_as(c, "deleted");
    assert_string_equal(shown(c), "a 10.0.0.0/16 removing!, b 10.0.0.0/16 removing!");
    work(c);
    assert_string_equal(shown(c), "");
    assert_true(slice_starts(slice_of(event_types(c)), SLICE("PEERAGE_ROUTE_REMOVED PEERAGE_ROUTE_REMOVED "
                                                             "PEERAGE_CONNECTION_STATUS_CHANGED PEERAGE_ROUTE_MADE "
                                                             "PEERAGE_ROUTE_MADE ")));
}

static void vanishing_is_an_end_too(void **state)
{
    struct core_fixture *c = *state;
    tables(c, RTB_A, NULL);
    accepted(c);
    work(c);
    scan(c, CHANGE_MISSING, NULL);
    assert_string_equal(shown(c), "a 10.0.0.0/16 made!");
    scan(c, CHANGE_VANISHED, NULL);
    assert_string_equal(shown(c), "a 10.0.0.0/16 removing!");
}

static void one_accepted_elsewhere_gets_its_routes_too(void **state)
{
    struct core_fixture *c = *state;
    tables(c, RTB_A, NULL);
    discover_as(c, "pending-acceptance");
    scan_as(c, "active");
    assert_string_equal(shown(c), "a 10.0.0.0/16 wanted");
}

static void first_seen_active_is_left_alone_until_approved(void **state)
{
    struct core_fixture *c = *state;
    tables(c, RTB_A, NULL);
    discover_as(c, "active");
    assert_string_equal(shown(c), "");
    struct observed o = seen_as("active");
    o.requester_cidrs = SLICE("10.0.0.0/16 10.1.0.0/16");
    scan(c, CHANGE_SEEN_CHANGED, &o);
    assert_string_equal(shown(c), "");
    assert_ok(&c->f, core_cidrs_approve(c->core, &somebody, GROUP_ID, SLICE(PCX), &c->f.err));
    assert_string_equal(shown(c), "a 10.0.0.0/16 wanted, a 10.1.0.0/16 wanted");
}

static void one_that_was_to_be_rejected_gets_none(void **state)
{
    struct core_fixture *c = *state;
    tables(c, RTB_A, NULL);
    discover_as(c, "pending-acceptance");
    assert_int_equal(ask(c, ACTION_REJECT), ANSWER_TAKEN);
    scan_as(c, "active");
    assert_int_equal(row_now(c).local_status, LOCAL_UPDATE_FAILED);
    assert_string_equal(shown(c), "");
}

// ---- blocks -----------------------------------------------------------------------------------------------

static void blocks_that_come_later_wait_for_approval(void **state)
{
    struct core_fixture *c = *state;
    tables(c, RTB_A, NULL);
    accepted(c);
    work(c);
    struct observed o = seen_as("active");
    o.requester_cidrs = SLICE("10.0.0.0/16 10.1.0.0/16 2001:db8::/56");
    scan(c, CHANGE_SEEN_CHANGED, &o);
    assert_string_equal(shown(c), "a 10.0.0.0/16 made!");
    struct event_row *events;
    size_t n;
    assert_ok(&c->f, store_events(c->f.reader, GROUP_ID, (struct page){1, 1}, c->f.arena, &events, &n, &c->f.err));
    assert_string_equal(events[0].type, "PEERAGE_CIDRS_WAITING");
    assert_slice(events[0].detail, "{\"cidrBlocks\":[\"10.1.0.0/16\",\"2001:db8::/56\"]}");
    struct peer_cidr *cidrs;
    assert_ok(&c->f, store_peer_cidrs(c->f.reader, row_now(c).id, c->f.arena, &cidrs, &n, &c->f.err));
    assert_int_equal(n, 3);
    assert_true(cidrs[0].approved);
    assert_false(cidrs[1].approved);
    assert_ok(&c->f, core_cidrs_approve(c->core, &somebody, GROUP_ID, SLICE(PCX), &c->f.err));
    assert_string_equal(shown(c), "a 10.0.0.0/16 made!, a 10.1.0.0/16 wanted, a 2001:db8::/56 wanted");
}

static void blocks_known_at_the_request_are_those_approved(void **state)
{
    struct core_fixture *c = *state;
    tables(c, RTB_A, NULL);
    discover_as(c, "pending-acceptance");
    assert_int_equal(ask(c, ACTION_ACCEPT), ANSWER_TAKEN);
    struct observed o = seen_as("active");
    o.requester_cidrs = SLICE("10.0.0.0/16 10.1.0.0/16");
    scan(c, CHANGE_SEEN_CHANGED, &o);
    assert_string_equal(shown(c), "a 10.0.0.0/16 wanted");
}

static void a_block_that_leaves_takes_its_route_along(void **state)
{
    struct core_fixture *c = *state;
    tables(c, RTB_A, NULL);
    accepted(c);
    work(c);
    struct observed o = seen_as("active");
    o.requester_cidrs = SLICE("10.1.0.0/16");
    scan(c, CHANGE_SEEN_CHANGED, &o);
    assert_string_equal(shown(c), "a 10.0.0.0/16 removing!");
    o.requester_cidrs = (struct slice){NULL, 0}; // not said: nothing follows from it
    scan(c, CHANGE_SEEN_CHANGED, &o);
    o.requester_cidrs = SLICE("10.0.0.0/16"); // back before it was removed
    scan(c, CHANGE_SEEN_CHANGED, &o);
    assert_string_equal(shown(c), "a 10.0.0.0/16 wanted!");
    work(c);
    assert_string_equal(shown(c), "a 10.0.0.0/16 made!");
}

// ---- tables -----------------------------------------------------------------------------------------------

static void tables_may_come_and_go_later(void **state)
{
    struct core_fixture *c = *state;
    accepted(c);
    tables(c, RTB_A, RTB_B);
    assert_string_equal(shown(c), "a 10.0.0.0/16 wanted, b 10.0.0.0/16 wanted");
    struct peer_route *r;
    assert_int_equal(due_routes(c, &r), 2);
    assert_ok(&c->f, core_route_begin(c->core, &r[0], &c->f.err));
    done(c, &r[0], ROUTE_RESULT_MADE, NULL);
    tables(c, NULL, NULL); // b was never tried: nothing to remove
    const char *left = strcmp(r[0].table_id, RTB_A) == 0 ? "a 10.0.0.0/16 removing!" : "b 10.0.0.0/16 removing!";
    assert_string_equal(shown(c), left);
    struct slice *names;
    size_t n;
    assert_ok(&c->f, store_network_tables(c->f.reader, NETWORK_ID, c->f.arena, &names, &n, &c->f.err));
    assert_int_equal(n, 0);
}

static void wrong_tables_are_refused(void **state)
{
    struct core_fixture *c = *state;
    static const char *many[NETWORK_TABLES_MAX + 1];
    for (size_t i = 0; i < ARRAY_LEN(many); i++) many[i] = RTB_A;
    const char *twice[] = {RTB_A, RTB_B, RTB_A}, *bad[] = {"rtb-xyz"}, *one[] = {RTB_A};
    struct error *e = &c->f.err;
    assert_err(&c->f, ERR_INVALID, core_network_tables(c->core, &somebody, NETWORK_ID, twice, 3, e));
    assert_err(&c->f, ERR_INVALID, core_network_tables(c->core, &somebody, NETWORK_ID, bad, 1, e));
    assert_err(&c->f, ERR_INVALID, core_network_tables(c->core, &somebody, NETWORK_ID, many, ARRAY_LEN(many), e));
    assert_err(&c->f, ERR_NOT_FOUND, core_network_tables(c->core, &somebody, GROUP_ID, one, 1, e));
    assert_string_equal(event_types(c), "");
}

// ---- whose they are ---------------------------------------------------------------------------------------

static void what_was_there_before_stays_at_the_end(void **state)
{
    struct core_fixture *c = *state;
    tables(c, RTB_A, NULL);
    accepted(c);
    struct peer_route *r;
    assert_int_equal(due_routes(c, &r), 1);
    assert_ok(&c->f, core_route_begin(c->core, r, &c->f.err));
    assert_int_equal(r->tried.us, 0);
    done(c, r, ROUTE_RESULT_FOUND, NULL);
    assert_string_equal(shown(c), "a 10.0.0.0/16 made");
    scan_as(c, "deleted");
    assert_string_equal(shown(c), "");
}

static void a_lost_reply_is_not_taken_for_a_stranger(void **state)
{
    struct core_fixture *c = *state;
    tables(c, RTB_A, NULL);
    accepted(c);
    struct peer_route *r;
    assert_int_equal(due_routes(c, &r), 1);
    assert_ok(&c->f, core_route_begin(c->core, r, &c->f.err));
    // crash; then again
    assert_int_equal(due_routes(c, &r), 1);
    assert_ok(&c->f, core_route_begin(c->core, r, &c->f.err));
    assert_int_equal(wall_sec(r->tried), NOW_SEC); // so that what is found counts as made
    scan_as(c, "deleted");
    assert_string_equal(shown(c), "a 10.0.0.0/16 removing");
}

static void a_conflict_is_reported_once_and_looked_at_again_if_told(void **state)
{
    struct core_fixture *c = *state;
    tables(c, RTB_A, NULL);
    accepted(c);
    struct peer_route *r;
    assert_int_equal(due_routes(c, &r), 1);
    struct route_result result = {.kind = ROUTE_RESULT_CONFLICT, .reason = SLICE("10.0.0.0/16 goes to igw-1")};
    assert_ok(&c->f, core_route_outcome(c->core, r, &result, &c->f.err));
    assert_string_equal(shown(c), "a 10.0.0.0/16 conflict");
    assert_int_equal(due_routes(c, &r), 0);
    routes(c, &r);
    result.not_before = wall_from_sec(NOW_SEC + 5);
    assert_ok(&c->f, core_route_outcome(c->core, r, &result, &c->f.err));
    advance(c, 5);
    assert_int_equal(due_routes(c, &r), 1);
    assert_slice(r->reason, "10.0.0.0/16 goes to igw-1");
    assert_null(strstr(strstr(event_types(c), "PEERAGE_ROUTE_CONFLICT") + 1, "PEERAGE_ROUTE_CONFLICT"));
    scan_as(c, "deleted"); // nothing of ours there
    assert_string_equal(shown(c), "");
}

static void what_turned_meanwhile_keeps_its_turn(void **state)
{
    struct core_fixture *c = *state;
    tables(c, RTB_A, NULL);
    accepted(c);
    struct peer_route *r, again;
    assert_int_equal(due_routes(c, &r), 1);
    assert_ok(&c->f, core_route_begin(c->core, r, &c->f.err));
    again = *r;
    scan_as(c, "deleted");
    assert_err(&c->f, ERR_CONFLICT, core_route_begin(c->core, &again, &c->f.err));
    unsigned heard = c->heard.intents;
    done(c, r, ROUTE_RESULT_MADE, NULL); // the call had been under way
    assert_string_equal(shown(c), "a 10.0.0.0/16 removing!");
    assert_int_equal(c->heard.intents, heard + 1);
    work(c);
    assert_string_equal(shown(c), "");
    assert_err(&c->f, ERR_NOT_FOUND,
               core_route_outcome(c->core, r, &(struct route_result){.kind = ROUTE_RESULT_MADE}, &c->f.err));
}

static void a_retry_waits(void **state)
{
    struct core_fixture *c = *state;
    tables(c, RTB_A, NULL);
    accepted(c);
    struct peer_route *r;
    assert_int_equal(due_routes(c, &r), 1);
    const struct route_result result = {
        .kind = ROUTE_RESULT_RETRY, .not_before = wall_from_sec(NOW_SEC + 5), .reason = SLICE("throttled")};
    assert_ok(&c->f, core_route_outcome(c->core, r, &result, &c->f.err));
    assert_int_equal(due_routes(c, &r), 0);
    advance(c, 5);
    assert_int_equal(due_routes(c, &r), 1);
    assert_slice(r->reason, "throttled");
}

// A call that surely made nothing leaves no mark: what somebody else makes meanwhile is not ours at the end.
static void a_refused_call_leaves_no_claim(void **state)
{
    struct core_fixture *c = *state;
    tables(c, RTB_A, NULL);
    accepted(c);
    struct peer_route *r;
    for (int made_nothing = 0; made_nothing < 2; made_nothing++) { // in doubt first: that mark stays
        assert_int_equal(due_routes(c, &r), 1);
        bool before = r->tried.us != 0;
        assert_ok(&c->f, core_route_begin(c->core, r, &c->f.err));
        struct route_result result = {.kind = ROUTE_RESULT_RETRY, .made_nothing = made_nothing, .reason = SLICE("no")};
        assert_ok(&c->f, core_route_outcome(c->core, r, &result, &c->f.err));
        assert_int_equal(routes(c, &r), 1);
        assert_int_equal(r->tried.us != 0, before || !made_nothing);
    }
    tables(c, NULL, NULL);
    assert_string_equal(shown(c), "a 10.0.0.0/16 removing");
    done(c, r, ROUTE_RESULT_GONE, NULL);
    tables(c, RTB_A, NULL);
    assert_int_equal(due_routes(c, &r), 1);
    assert_ok(&c->f, core_route_begin(c->core, r, &c->f.err));
    struct route_result result = {.kind = ROUTE_RESULT_RETRY, .made_nothing = true, .reason = SLICE("no")};
    assert_ok(&c->f, core_route_outcome(c->core, r, &result, &c->f.err));
    scan_as(c, "deleted");
    assert_string_equal(shown(c), "");
}

static void a_freeze_holds_routes_too(void **state)
{
    struct core_fixture *c = *state;
    tables(c, RTB_A, NULL);
    accepted(c);
    struct peer_route *r, *none;
    assert_int_equal(due_routes(c, &r), 1);
    assert_ok(&c->f, core_freeze(c->core, &somebody, FREEZE_GROUP, GROUP_ID, true, SLICE("x"), &c->f.err));
    assert_int_equal(due_routes(c, &none), 0);
    assert_err(&c->f, ERR_CONFLICT, core_route_begin(c->core, r, &c->f.err));
}

static void a_freeze_holds_a_removal_that_was_handed_out(void **state)
{
    struct core_fixture *c = *state;
    tables(c, RTB_A, NULL);
    accepted(c);
    work(c);
    scan_as(c, "deleted");
    struct peer_route *r;
    assert_int_equal(due_routes(c, &r), 1);
    assert_ok(&c->f, core_route_begin(c->core, r, &c->f.err));
    assert_ok(&c->f, core_freeze(c->core, &somebody, FREEZE_ALL, NULL, true, SLICE("x"), &c->f.err));
    assert_err(&c->f, ERR_CONFLICT, core_route_begin(c->core, r, &c->f.err));
}

static void a_removal_ends_when_the_route_is_wanted_again(void **state)
{
    struct core_fixture *c = *state;
    tables(c, RTB_A, NULL);
    accepted(c);
    work(c);
    tables(c, NULL, NULL);
    struct peer_route *r;
    assert_int_equal(due_routes(c, &r), 1);
    tables(c, RTB_A, NULL);
    assert_err(&c->f, ERR_CONFLICT, core_route_begin(c->core, r, &c->f.err));
}

static void an_old_or_unknown_status_cuts_no_traffic(void **state)
{
    struct core_fixture *c = *state;
    tables(c, RTB_A, NULL);
    accepted(c);
    work(c);
    static const char *const odd[] = {"provisioning", "pending-acceptance", "initiating-request", "half-active"};
    for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
        scan_as(c, odd[i]);
        assert_string_equal(shown(c), "a 10.0.0.0/16 made!");
    }
    scan_as(c, "deleting");
    assert_string_equal(shown(c), "a 10.0.0.0/16 removing!");
}

static void a_removed_network_leaves_its_routes_in_aws(void **state)
{
    struct core_fixture *c = *state;
    tables(c, RTB_A, NULL);
    accepted(c);
    work(c);
    assert_ok(&c->f, core_network_remove(c->core, &somebody, NETWORK_ID, &c->f.err));
    assert_string_equal(shown(c), "");
    struct event_row *events;
    size_t n;
    assert_ok(&c->f, store_events(c->f.reader, GROUP_ID, (struct page){1, 1}, c->f.arena, &events, &n, &c->f.err));
    assert_non_null(memmem(events[0].detail.p, events[0].detail.n, "\"routesLeft\":1", 14));
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, core_setup, actions_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(routes_are_made_while_active_and_removed_at_the_end),
        T(vanishing_is_an_end_too),
        T(one_accepted_elsewhere_gets_its_routes_too),
        T(first_seen_active_is_left_alone_until_approved),
        T(one_that_was_to_be_rejected_gets_none),
        T(blocks_that_come_later_wait_for_approval),
        T(blocks_known_at_the_request_are_those_approved),
        T(a_block_that_leaves_takes_its_route_along),
        T(tables_may_come_and_go_later),
        T(wrong_tables_are_refused),
        T(what_was_there_before_stays_at_the_end),
        T(a_lost_reply_is_not_taken_for_a_stranger),
        T(a_conflict_is_reported_once_and_looked_at_again_if_told),
        T(what_turned_meanwhile_keeps_its_turn),
        T(a_retry_waits),
        T(a_refused_call_leaves_no_claim),
        T(a_freeze_holds_routes_too),
        T(a_freeze_holds_a_removal_that_was_handed_out),
        T(a_removal_ends_when_the_route_is_wanted_again),
        T(an_old_or_unknown_status_cuts_no_traffic),
        T(a_removed_network_leaves_its_routes_in_aws),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
