// SPDX-License-Identifier: Apache-2.0
// The life of an intent: due, begun, its outcomes, and what ends it from outside. All local statuses are reached here.
#include "actions.h"

static struct intent stored(struct core_fixture *c, const struct intent *i)
{
    struct intent row;
    assert_ok(&c->f, store_intent_get(c->f.reader, i->id, c->f.arena, &row, &c->f.err));
    return row;
}

static enum local_status local(struct core_fixture *c)
{
    return row_now(c).local_status;
}

static struct intent accepting(struct core_fixture *c)
{
    discover_as(c, "pending-acceptance");
    assert_int_equal(ask(c, ACTION_ACCEPT), ANSWER_TAKEN);
    return begun(c);
}

// ---- the good ways ----------------------------------------------------------------------------------------

static void an_accept_goes_through_all_its_states(void **state)
{
    struct core_fixture *c = *state;
    discover_as(c, "pending-acceptance");
    assert_int_equal(local(c), LOCAL_NONE);
    assert_int_equal(ask(c, ACTION_ACCEPT), ANSWER_TAKEN);
    assert_int_equal(local(c), LOCAL_REQUEST_ACCEPT);
    struct intent i = begun(c);
    assert_int_equal(i.attempts, 1);
    assert_int_equal(i.epoch, 1);
    assert_false(i.uncertain); // nothing was tried before
    assert_true(stored(c, &i).uncertain);
    struct observed o = seen_as("provisioning");
    finish(c, &i, OUTCOME_DONE, &o);
    assert_int_equal(local(c), LOCAL_ACCEPT_REQUESTED);
    assert_string_equal(row_now(c).cloud_status, "provisioning");
    struct intent row = stored(c, &i), *none;
    assert_int_equal(row.end, INTENT_DONE);
    assert_int_equal(wall_sec(row.ended), NOW_SEC);
    assert_int_equal(due(c, &none), 0);
    scan_as(c, "active");
    assert_int_equal(local(c), LOCAL_ACTIVE);
    assert_string_equal(
        event_types(c),
        "PEERAGE_CONNECTION_STATUS_CHANGED PEERAGE_CONNECTION_STATUS_CHANGED "
        "PEERAGE_CONNECTION_ACCEPTED PEERAGE_CONNECTION_ACCEPT_REQUESTED PEERAGE_CONNECTION_DISCOVERED");
}

static void a_delete_ends_as_delete_requested(void **state)
{
    struct core_fixture *c = *state;
    discover_as(c, "active");
    assert_int_equal(local(c), LOCAL_ACTIVE);
    assert_int_equal(ask(c, ACTION_DELETE), ANSWER_TAKEN);
    assert_int_equal(local(c), LOCAL_REQUEST_DELETE);
    struct intent i = begun(c);
    finish(c, &i, OUTCOME_DONE, NULL);
    assert_int_equal(local(c), LOCAL_DELETE_REQUESTED);
    assert_int_equal(ask(c, ACTION_DELETE), ANSWER_ALREADY);
    scan_as(c, "deleted");
    assert_int_equal(local(c), LOCAL_DELETE_REQUESTED);
    assert_int_equal(ask(c, ACTION_DELETE), ANSWER_ALREADY);
}

static void a_reject_ends_as_reject_requested(void **state)
{
    struct core_fixture *c = *state;
    discover_as(c, "pending-acceptance");
    assert_int_equal(ask(c, ACTION_REJECT), ANSWER_TAKEN);
    assert_int_equal(local(c), LOCAL_REQUEST_REJECT);
    struct intent i = begun(c);
    struct observed o = seen_as("rejected");
    finish(c, &i, OUTCOME_DONE, &o);
    assert_int_equal(local(c), LOCAL_REJECT_REQUESTED);
    assert_string_equal(row_now(c).cloud_status, "rejected");
    assert_int_equal(ask(c, ACTION_REJECT), ANSWER_ALREADY);
    assert_int_equal(ask(c, ACTION_ACCEPT), ANSWER_STATE);
}

// A lost reply: the describe that resolves it shows the end already.
static void a_lost_reply_that_shows_active_is_active(void **state)
{
    struct core_fixture *c = *state;
    struct intent i = accepting(c);
    finish(c, &i, OUTCOME_RETRY, NULL);
    i = begun(c);
    struct observed o = seen_as("active");
    finish(c, &i, OUTCOME_DONE, &o);
    assert_int_equal(local(c), LOCAL_ACTIVE);
}

static void scan_failed_lies_over_an_action_without_touching_it(void **state)
{
    struct core_fixture *c = *state;
    (void)accepting(c);
    struct network n;
    assert_ok(&c->f, store_network_get(c->f.reader, NETWORK_ID, c->f.arena, &n, &c->f.err));
    assert_ok(&c->f, core_scan_failed(c->core, &n, true, SLICE("denied"), &c->f.err));
    struct connection row = row_now(c);
    assert_int_equal(connection_shown_status(&row), LOCAL_SCAN_FAILED);
    assert_int_equal(row.local_status, LOCAL_REQUEST_ACCEPT);
}

// ---- failure and retry ------------------------------------------------------------------------------------

static void a_failure_for_good_is_shown_and_may_be_asked_again(void **state)
{
    struct core_fixture *c = *state;
    struct intent i = accepting(c);
    finish(c, &i, OUTCOME_FAILED, NULL);
    struct connection row = row_now(c);
    assert_int_equal(row.local_status, LOCAL_UPDATE_FAILED);
    assert_slice(row.status_message, "AWS said no");
    struct intent ended = stored(c, &i);
    assert_int_equal(ended.end, INTENT_FAILED);
    assert_slice(ended.reason, "AWS said no");
    scan_as(c, "pending-acceptance"); // the same as before: not forgotten
    assert_int_equal(local(c), LOCAL_UPDATE_FAILED);
    assert_int_equal(ask(c, ACTION_ACCEPT), ANSWER_TAKEN);
    row = row_now(c);
    assert_int_equal(row.local_status, LOCAL_REQUEST_ACCEPT);
    assert_int_equal(row.status_message.n, 0);
}

static void a_retry_waits_and_says_why_once(void **state)
{
    struct core_fixture *c = *state;
    struct intent i = accepting(c), *none;
    struct intent_result r = {.outcome = OUTCOME_RETRY,
                              .uncertain = true,
                              .not_before = {(NOW_SEC + 10) * US_PER_SEC},
                              .reason = SLICE("AWS is away; tried again")};
    assert_ok(&c->f, core_intent_outcome(c->core, &i, &r, &c->f.err));
    assert_int_equal(local(c), LOCAL_REQUEST_ACCEPT);
    assert_slice(row_now(c).status_message, "AWS is away; tried again");
    assert_int_equal(due(c, &none), 0);
    size_t n;
    struct wall next;
    assert_ok(&c->f,
              core_intents_due(c->f.reader, clock_wall(&c->f.clock), 100, c->f.arena, &none, &n, &next, &c->f.err));
    assert_int_equal(wall_sec(next), NOW_SEC + 10);
    advance(c, 10);
    i = begun(c);
    assert_int_equal(i.attempts, 2);
    assert_true(i.uncertain);
    uint64_t generation = store_generation(c->f.store);
    r.uncertain = false;
    r.not_before = clock_wall(&c->f.clock);
    assert_ok(&c->f, core_intent_outcome(c->core, &i, &r, &c->f.err));
    assert_int_equal(store_generation(c->f.store), generation);
    assert_string_equal(event_types(c), "PEERAGE_CONNECTION_ACTION_DELAYED PEERAGE_CONNECTION_ACCEPT_REQUESTED "
                                        "PEERAGE_CONNECTION_DISCOVERED");
    i = begun(c);
    assert_false(i.uncertain);
    finish(c, &i, OUTCOME_DONE, NULL);
    assert_int_equal(row_now(c).status_message.n, 0);
}

static void a_long_reason_is_cut(void **state)
{
    struct core_fixture *c = *state;
    struct intent i = accepting(c);
    static char text[1000];
    memset(text, 'x', sizeof(text));
    const struct intent_result r = {.outcome = OUTCOME_FAILED, .reason = slice_n(text, sizeof(text))};
    assert_ok(&c->f, core_intent_outcome(c->core, &i, &r, &c->f.err));
    assert_int_equal(row_now(c).status_message.n, 400);
}

// ---- fencing ----------------------------------------------------------------------------------------------

static void only_the_last_attempt_may_report(void **state)
{
    struct core_fixture *c = *state;
    struct intent first = accepting(c), second = first;
    assert_ok(&c->f, core_intent_begin(c->core, &second, &c->f.err)); // after a crash
    assert_int_equal(second.epoch, 2);
    assert_true(second.uncertain);
    assert_err(&c->f, ERR_CONFLICT, core_intent_begin(c->core, &first, &c->f.err));
    const struct intent_result r = {.outcome = OUTCOME_FAILED, .reason = SLICE("late")};
    assert_err(&c->f, ERR_CONFLICT, core_intent_outcome(c->core, &first, &r, &c->f.err));
    assert_int_equal(local(c), LOCAL_REQUEST_ACCEPT);
    finish(c, &second, OUTCOME_DONE, NULL);
    assert_err(&c->f, ERR_CONFLICT, core_intent_outcome(c->core, &second, &r, &c->f.err));
    assert_err(&c->f, ERR_CONFLICT, core_intent_begin(c->core, &second, &c->f.err));
    assert_int_equal(local(c), LOCAL_ACCEPT_REQUESTED);
}

// ---- ended from outside -----------------------------------------------------------------------------------

static void what_a_scan_sees_ends_the_intent(void **state)
{
    static const struct {
        const char *seen;
        enum local_status then;
        enum intent_end end;
    } cases[] = {{"provisioning", LOCAL_ACCEPT_REQUESTED, INTENT_DONE}, {"active", LOCAL_ACTIVE, INTENT_DONE},
                 {"rejected", LOCAL_UPDATE_FAILED, INTENT_FAILED},      {"deleted", LOCAL_UPDATE_FAILED, INTENT_FAILED},
                 {"expired", LOCAL_UPDATE_FAILED, INTENT_FAILED},       {"failed", LOCAL_UPDATE_FAILED, INTENT_FAILED}};
    for (size_t k = 0; k < ARRAY_LEN(cases); k++) {
        void *inner = NULL;
        assert_int_equal(core_setup(&inner), 0);
        struct core_fixture *c = inner;
        struct intent i = accepting(c);
        scan_as(c, cases[k].seen);
        assert_int_equal(local(c), cases[k].then);
        struct intent row = stored(c, &i), *none;
        assert_int_equal(row.end, cases[k].end);
        assert_int_equal(row.reason.n > 0, row.end == INTENT_FAILED);
        assert_int_equal(due(c, &none), 0);
        const struct intent_result r = {.outcome = OUTCOME_DONE};
        assert_err(&c->f, ERR_CONFLICT, core_intent_outcome(c->core, &i, &r, &c->f.err));
        assert_int_equal(actions_teardown(&inner), 0);
    }
}

static void what_a_failed_attempt_sees_may_end_it_better(void **state)
{
    struct core_fixture *c = *state;
    struct intent i = accepting(c);
    struct observed o = seen_as("deleted");
    finish(c, &i, OUTCOME_FAILED, &o);
    struct connection row = row_now(c);
    assert_int_equal(row.local_status, LOCAL_UPDATE_FAILED);
    assert_string_equal(row.cloud_status, "deleted");
    assert_slice(row.status_message,
                 "The request was deleted before it became active; ask the requester for a new one.");
    assert_int_equal(stored(c, &i).end, INTENT_FAILED);
}

static void a_removed_network_drops_its_intents(void **state)
{
    struct core_fixture *c = *state;
    struct intent i = accepting(c), *none;
    assert_ok(&c->f, core_network_remove(c->core, &somebody, NETWORK_ID, &c->f.err));
    assert_int_equal(stored(c, &i).end, INTENT_DROPPED);
    assert_int_equal(due(c, &none), 0);
    struct event_row *events;
    size_t n;
    assert_ok(&c->f, store_events(c->f.reader, GROUP_ID, (struct page){1, 1}, c->f.arena, &events, &n, &c->f.err));
    assert_string_equal(events[0].type, "PEERAGE_NETWORK_REMOVED");
    assert_non_null(memmem(events[0].detail.p, events[0].detail.n, "\"intentsDropped\":1", 18));
}

// ---- cancelled --------------------------------------------------------------------------------------------

static void what_waits_can_be_cancelled(void **state)
{
    static const struct {
        const char *cloud;
        enum action action;
        enum local_status then;
    } cases[] = {{"pending-acceptance", ACTION_ACCEPT, LOCAL_NONE},
                 {"pending-acceptance", ACTION_REJECT, LOCAL_NONE},
                 {"active", ACTION_DELETE, LOCAL_ACTIVE}};
    for (size_t k = 0; k < ARRAY_LEN(cases); k++) {
        void *inner = NULL;
        assert_int_equal(core_setup(&inner), 0);
        struct core_fixture *c = inner;
        discover_as(c, cases[k].cloud);
        assert_int_equal(ask(c, cases[k].action), ANSWER_TAKEN);
        struct intent *i, *none, before;
        assert_int_equal(due(c, &i), 1);
        before = *i;
        assert_ok(&c->f, core_freeze(c->core, &somebody, FREEZE_ALL, NULL, true, SLICE("wait"), &c->f.err));
        assert_ok(&c->f, core_intent_cancel(c->core, &somebody, i->id, &c->f.err));
        assert_true(slice_starts(slice_of(event_types(c)), SLICE("PEERAGE_CONNECTION_ACTION_CANCELLED ")));
        assert_int_equal(local(c), cases[k].then);
        assert_int_equal(row_now(c).status_message.n, 0);
        assert_int_equal(stored(c, &before).end, INTENT_DROPPED);
        assert_slice(stored(c, &before).reason, "cancelled");
        struct peer_cidr *cidrs;
        size_t n;
        assert_ok(&c->f, store_peer_cidrs(c->f.reader, row_now(c).id, c->f.arena, &cidrs, &n, &c->f.err));
        assert_int_equal(n, 0);
        assert_ok(&c->f, core_freeze(c->core, &somebody, FREEZE_ALL, NULL, false, SLICE(""), &c->f.err));
        assert_int_equal(due(c, &none), 0);
        assert_err(&c->f, ERR_CONFLICT, core_intent_begin(c->core, &before, &c->f.err)); // it was about to be tried
        assert_err(&c->f, ERR_CONFLICT, core_intent_cancel(c->core, &somebody, before.id, &c->f.err));
        assert_int_equal(ask(c, cases[k].action), ANSWER_TAKEN); // and may be asked for again
        assert_int_equal(actions_teardown(&inner), 0);
    }
}

static void what_may_have_happened_cannot_be_cancelled(void **state)
{
    struct core_fixture *c = *state;
    struct intent i = accepting(c); // under way
    assert_err(&c->f, ERR_CONFLICT, core_intent_cancel(c->core, &somebody, i.id, &c->f.err));
    struct intent_result r = {.outcome = OUTCOME_RETRY, .uncertain = true, .reason = SLICE("the reply was lost")};
    assert_ok(&c->f, core_intent_outcome(c->core, &i, &r, &c->f.err));
    assert_err(&c->f, ERR_CONFLICT, core_intent_cancel(c->core, &somebody, i.id, &c->f.err));
    assert_int_equal(local(c), LOCAL_REQUEST_ACCEPT);
    i = begun(c);
    r.uncertain = false;
    assert_ok(&c->f, core_intent_outcome(c->core, &i, &r, &c->f.err));
    assert_ok(&c->f, core_intent_cancel(c->core, &somebody, i.id, &c->f.err));
    assert_int_equal(local(c), LOCAL_NONE);
    assert_int_equal(row_now(c).status_message.n, 0);
    assert_err(&c->f, ERR_NOT_FOUND, core_intent_cancel(c->core, &somebody, GROUP_ID, &c->f.err));
}

// ---- scans that began earlier --------------------------------------------------------------------------------

static void scan_as_of(struct core_fixture *c, int64_t as_of, enum change_kind kind, const char *status)
{
    struct network n;
    struct observed o = seen_as(status);
    struct connection before = row_now(c);
    assert_ok(&c->f, store_network_get(c->f.reader, NETWORK_ID, c->f.arena, &n, &c->f.err));
    struct change change = {kind, &before, kind == CHANGE_SEEN_CHANGED ? &o : NULL};
    assert_ok(&c->f, core_scan_applied(c->core, &n, as_of, &change, 1, (struct slice){NULL, 0}, &c->f.err));
}

static int64_t stands_at(struct core_fixture *c)
{
    int64_t as_of;
    assert_ok(&c->f, core_scan_begin(c->f.reader, &as_of, &c->f.err));
    return as_of;
}

// A Describe began, an action ended while it was read, and then its answer arrives: it must set nothing back, whatever
// the wall clock did in between.
static void a_scan_that_began_before_an_outcome_sets_nothing_back(void **state)
{
    static const struct {
        const char *before;
        enum action action;
        const char *outcome;
        enum local_status local;
    } cases[] = {{"pending-acceptance", ACTION_ACCEPT, "provisioning", LOCAL_ACCEPT_REQUESTED},
                 {"pending-acceptance", ACTION_ACCEPT, "active", LOCAL_ACTIVE},
                 {"pending-acceptance", ACTION_REJECT, "rejected", LOCAL_REJECT_REQUESTED},
                 {"active", ACTION_DELETE, "deleting", LOCAL_DELETE_REQUESTED}};
    static const int64_t steps[] = {0, -300, 300};
    for (size_t k = 0; k < ARRAY_LEN(cases) * ARRAY_LEN(steps); k++) {
        void *inner = NULL;
        assert_int_equal(core_setup(&inner), 0);
        struct core_fixture *c = inner;
        size_t i = k / ARRAY_LEN(steps);
        discover_as(c, cases[i].before);
        assert_int_equal(ask(c, cases[i].action), ANSWER_TAKEN);
        struct intent intent = begun(c);
        int64_t as_of = stands_at(c);
        c->f.hands.wall_us += steps[k % ARRAY_LEN(steps)] * US_PER_SEC;
        struct observed o = seen_as(cases[i].outcome);
        finish(c, &intent, OUTCOME_DONE, &o);
        scan_as_of(c, as_of, CHANGE_SEEN_CHANGED, cases[i].before);
        scan_as_of(c, as_of, CHANGE_MISSING, "");
        struct connection row = row_now(c);
        assert_int_equal(row.local_status, cases[i].local);
        assert_string_equal(row.cloud_status, cases[i].outcome);
        assert_int_equal(row.missing_since.us, 0);
        scan_as_of(c, stands_at(c), CHANGE_SEEN_CHANGED, "deleted"); // a later one is believed
        assert_string_equal(row_now(c).cloud_status, "deleted");
        assert_int_equal(actions_teardown(&inner), 0);
    }
}

// What happened to other rows, or before, does not hold a scan's news up.
static void a_scan_is_believed_about_all_that_nobody_touched(void **state)
{
    struct core_fixture *c = *state;
    struct intent i = accepting(c);
    finish(c, &i, OUTCOME_DONE, NULL);
    int64_t as_of = stands_at(c);
    assert_ok(&c->f, core_network_protect(c->core, &somebody, NETWORK_ID, true, &c->f.err));
    assert_true(stands_at(c) > as_of);
    scan_as_of(c, as_of, CHANGE_SEEN_CHANGED, "active");
    assert_int_equal(local(c), LOCAL_ACTIVE);
}

// ---- due --------------------------------------------------------------------------------------------------

static void many_are_due_in_order_and_in_portions(void **state)
{
    struct core_fixture *c = *state;
    static struct observed seen[5];
    static struct change changes[5];
    struct network net;
    assert_ok(&c->f, store_network_get(c->f.reader, NETWORK_ID, c->f.arena, &net, &c->f.err));
    for (size_t k = 0; k < ARRAY_LEN(seen); k++) {
        seen[k] = seen_as("pending-acceptance");
        (void)snprintf(seen[k].name, sizeof(seen[k].name), "pcx-0000000%zu", k);
        changes[k] = (struct change){CHANGE_SEEN_NEW, NULL, &seen[k]};
    }
    assert_ok(&c->f, core_scan_applied(c->core, &net, CORE_AS_OF_NOW, changes, 5, (struct slice){NULL, 0}, &c->f.err));
    for (size_t k = 0; k < ARRAY_LEN(seen); k++) {
        advance(c, 1);
        const struct action_request q = {
            .by = &somebody, .group_id = GROUP_ID, .name_or_id = slice_of(seen[k].name), .action = ACTION_REJECT};
        enum action_answer answer;
        struct slice why;
        assert_ok(&c->f, core_action_request(c->core, &q, c->f.arena, &answer, &why, &c->f.err));
        assert_int_equal(answer, ANSWER_TAKEN);
    }
    struct intent *i;
    size_t n;
    struct wall next, now = clock_wall(&c->f.clock);
    assert_ok(&c->f, core_intents_due(c->f.reader, now, 2, c->f.arena, &i, &n, &next, &c->f.err));
    assert_int_equal(n, 2);
    assert_int_equal(next.us, now.us);
    assert_true(i[0].requested.us < i[1].requested.us);
    assert_ok(&c->f,
              core_intents_due(c->f.reader, wall_from_sec(NOW_SEC + 3), 10, c->f.arena, &i, &n, &next, &c->f.err));
    assert_int_equal(n, 3);
    assert_int_equal(wall_sec(next), NOW_SEC + 4);
    assert_ok(&c->f, core_intents_due(c->f.reader, now, 10, c->f.arena, &i, &n, &next, &c->f.err));
    assert_int_equal(n, 5);
    assert_int_equal(next.us, 0);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, core_setup, actions_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(an_accept_goes_through_all_its_states),
        T(a_delete_ends_as_delete_requested),
        T(a_reject_ends_as_reject_requested),
        T(a_lost_reply_that_shows_active_is_active),
        T(scan_failed_lies_over_an_action_without_touching_it),
        T(a_failure_for_good_is_shown_and_may_be_asked_again),
        T(a_retry_waits_and_says_why_once),
        T(a_long_reason_is_cut),
        T(only_the_last_attempt_may_report),
        cmocka_unit_test(what_a_scan_sees_ends_the_intent),
        T(what_a_failed_attempt_sees_may_end_it_better),
        T(a_removed_network_drops_its_intents),
        cmocka_unit_test(what_waits_can_be_cancelled),
        T(what_may_have_happened_cannot_be_cancelled),
        cmocka_unit_test(a_scan_that_began_before_an_outcome_sets_nothing_back),
        T(a_scan_is_believed_about_all_that_nobody_touched),
        T(many_are_due_in_order_and_in_portions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
