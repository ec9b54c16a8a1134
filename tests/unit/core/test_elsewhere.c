// SPDX-License-Identifier: Apache-2.0
// Changes that nobody asked us for, made in the AWS console or by the requester: every local status with every change,
// what becomes of the row, the live intent, the routes and the record. And each local status is reached, by name.
#include "actions.h"

// One letter a state, as in test_transition.c.
static const char letters[] = "NUaArRdD*";
static const enum local_status states[] = {
    LOCAL_NONE,           LOCAL_UPDATE_FAILED,    LOCAL_REQUEST_ACCEPT, LOCAL_ACCEPT_REQUESTED,
    LOCAL_REQUEST_REJECT, LOCAL_REJECT_REQUESTED, LOCAL_REQUEST_DELETE, LOCAL_DELETE_REQUESTED,
    LOCAL_ACTIVE};
_Static_assert(ARRAY_LEN(states) == LOCAL_COUNT_ - 1, "all but the overlay");

static void act(struct core_fixture *c, enum action action, enum outcome outcome, const char *then)
{
    struct observed o = seen_as(then ? then : "");
    assert_int_equal(ask(c, action), ANSWER_TAKEN);
    struct intent i = begun(c);
    finish(c, &i, outcome, then ? &o : NULL);
}

static void use_table(struct core_fixture *c)
{
    const char *tables[] = {"rtb-0000000a"};
    assert_ok(&c->f, core_network_tables(c->core, &somebody, NETWORK_ID, tables, 1, &c->f.err));
}

// Only by what callers, scans and the actuator do.
static void reach(struct core_fixture *c, enum local_status s)
{
    bool from_active = s == LOCAL_REQUEST_DELETE || s == LOCAL_DELETE_REQUESTED || s == LOCAL_ACTIVE;
    discover_as(c, "pending-acceptance");
    if (from_active) {
        act(c, ACTION_ACCEPT, OUTCOME_DONE, "provisioning");
        scan_as(c, "active");
    }
    if (s == LOCAL_UPDATE_FAILED) act(c, ACTION_ACCEPT, OUTCOME_FAILED, NULL);
    if (s == LOCAL_REQUEST_ACCEPT) assert_int_equal(ask(c, ACTION_ACCEPT), ANSWER_TAKEN);
    if (s == LOCAL_ACCEPT_REQUESTED) act(c, ACTION_ACCEPT, OUTCOME_DONE, "provisioning");
    if (s == LOCAL_REQUEST_REJECT) assert_int_equal(ask(c, ACTION_REJECT), ANSWER_TAKEN);
    if (s == LOCAL_REJECT_REQUESTED) act(c, ACTION_REJECT, OUTCOME_DONE, "rejected");
    if (s == LOCAL_REQUEST_DELETE) assert_int_equal(ask(c, ACTION_DELETE), ANSWER_TAKEN);
    if (s == LOCAL_DELETE_REQUESTED) act(c, ACTION_DELETE, OUTCOME_DONE, "deleting");
    assert_int_equal(row_now(c).local_status, s);
}

// ---- each local status, reached ---------------------------------------------------------------------------

#define REACHED(name)                                                                                                  \
    static void the_status_##name##_is_reached(void **state)                                                           \
    {                                                                                                                  \
        struct core_fixture *c = *state;                                                                               \
        reach(c, LOCAL_##name);                                                                                        \
        struct connection row = row_now(c);                                                                            \
        assert_string_equal(local_status_name(connection_shown_status(&row)), #name);                                  \
        assert_int_equal(row.status_message.n > 0, LOCAL_##name == LOCAL_UPDATE_FAILED);                               \
    }
REACHED(NONE)
REACHED(UPDATE_FAILED)
REACHED(REQUEST_ACCEPT)
REACHED(ACCEPT_REQUESTED)
REACHED(REQUEST_REJECT)
REACHED(REJECT_REQUESTED)
REACHED(REQUEST_DELETE)
REACHED(DELETE_REQUESTED)
REACHED(ACTIVE)

// The tenth lies over any of them, with the scan's words, and goes without a trace.
static void the_status_SCAN_FAILED_is_reached(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        void *inner = NULL;
        struct network n;
        assert_int_equal(core_setup(&inner), 0);
        struct core_fixture *c = inner;
        reach(c, states[i]);
        assert_ok(&c->f, store_network_get(c->f.reader, NETWORK_ID, c->f.arena, &n, &c->f.err));
        assert_ok(&c->f, core_scan_failed(c->core, &n, true, SLICE("EC2 denied the scan"), &c->f.err));
        struct connection row = row_now(c);
        assert_int_equal(connection_shown_status(&row), LOCAL_SCAN_FAILED);
        assert_slice(connection_shown_message(&row), "EC2 denied the scan");
        assert_ok(&c->f, store_network_get(c->f.reader, NETWORK_ID, c->f.arena, &n, &c->f.err));
        assert_ok(&c->f, core_scan_applied(c->core, &n, CORE_AS_OF_NOW, NULL, 0, (struct slice){NULL, 0}, &c->f.err));
        row = row_now(c);
        assert_int_equal(connection_shown_status(&row), states[i]);
        assert_int_equal(actions_teardown(&inner), 0);
    }
}

// ---- each change from outside, in each of them -------------------------------------------------------------

#define VANISHED NULL
static const struct {
    const char *seen;
    const char *next; // in the order of `letters`
} changes[] = {{"provisioning", "NUAAUUdD*"}, {"active", "****UUdD*"},  {"rejected", "NUUURRDDN"},
               {"deleting", "NUUUURDDN"},     {"deleted", "NUUUURDDN"}, {"expired", "NUUUURDDN"},
               {"failed", "NUUUURDDN"},       {VANISHED, "NUUUURDDN"}};

static enum local_status state_of(char letter)
{
    return states[strchr(letters, letter) - letters];
}

static size_t live_intents(struct core_fixture *c, struct intent **ret)
{
    size_t n;
    assert_ok(&c->f, store_intents(c->f.reader, GROUP_ID, false, (struct page){1, 10}, c->f.arena, ret, &n, &c->f.err));
    return n;
}

static void happens(struct core_fixture *c, const char *seen)
{
    if (seen) {
        scan_as(c, seen);
        return;
    }
    scan(c, CHANGE_MISSING, NULL);
    scan(c, CHANGE_VANISHED, NULL);
}

// The live intent ends exactly when the row leaves its request, and as the row says.
static void look_at_intent(struct core_fixture *c, const struct intent *live, enum local_status then)
{
    struct intent now, *none;
    assert_ok(&c->f, store_intent_get(c->f.reader, live->id, c->f.arena, &now, &c->f.err));
    bool open = then == LOCAL_REQUEST_ACCEPT || then == LOCAL_REQUEST_REJECT || then == LOCAL_REQUEST_DELETE;
    enum intent_end end = open ? INTENT_LIVE : then == LOCAL_UPDATE_FAILED ? INTENT_FAILED : INTENT_DONE;
    assert_int_equal(now.end, end);
    assert_int_equal(live_intents(c, &none), open);
    if (!open) assert_err(&c->f, ERR_CONFLICT, core_intent_begin(c->core, &now, &c->f.err));
}

static void look_at_record(struct core_fixture *c, const char *seen, bool differs, enum local_status before,
                           enum local_status then)
{
    struct event_row *e;
    size_t n;
    if (!differs) return;
    assert_ok(&c->f, store_events(c->f.reader, GROUP_ID, (struct page){1, 1}, c->f.arena, &e, &n, &c->f.err));
    assert_string_equal(e[0].type, seen ? "PEERAGE_CONNECTION_STATUS_CHANGED" : "PEERAGE_CONNECTION_VANISHED");
    assert_slice(e[0].resource, PCX);
    char word[80];
    (void)snprintf(word, sizeof(word), "\"localStatus\":\"%s\"", local_status_name(then));
    assert_non_null(memmem(e[0].detail.p, e[0].detail.n, word, strlen(word)));
    (void)snprintf(word, sizeof(word), "\"localStatusBefore\":\"%s\"", local_status_name(before));
    assert_int_equal(memmem(e[0].detail.p, e[0].detail.n, word, strlen(word)) != NULL, before != then);
}

static void look_at_routes(struct core_fixture *c, bool was_active, const char *seen)
{
    struct peer_route *r;
    size_t n;
    assert_ok(&c->f, store_routes(c->f.reader, NETWORK_ID, NULL, c->f.arena, &r, &n, &c->f.err));
    bool ends = !seen || (strcmp(seen, "active") != 0 && strcmp(seen, "provisioning") != 0);
    if (!was_active) return;
    assert_int_equal(n, 1);
    if (ends) assert_int_equal(r->state, PEER_ROUTE_REMOVING);
}

static void one(enum local_status before, const char *seen, enum local_status then)
{
    void *inner = NULL;
    assert_int_equal(core_setup(&inner), 0);
    struct core_fixture *c = inner;
    struct intent *live = NULL;
    struct peer_route *routes;
    size_t n;
    use_table(c);
    reach(c, before);
    struct connection was = row_now(c);
    bool active = strcmp(was.cloud_status, "active") == 0, differs = !seen || strcmp(was.cloud_status, seen) != 0;
    assert_ok(&c->f, store_routes(c->f.reader, NETWORK_ID, NULL, c->f.arena, &routes, &n, &c->f.err));
    if (active) { // it was made
        struct route_result made = {.kind = ROUTE_RESULT_MADE};
        assert_int_equal(n, 1);
        assert_ok(&c->f, core_route_outcome(c->core, routes, &made, &c->f.err));
    }
    size_t lives = live_intents(c, &live);
    advance(c, 1);
    happens(c, seen);
    struct connection row = row_now(c);
    if (row.local_status != then)
        fail_msg("%s with %s becomes %s", local_status_name(before), seen ? seen : "vanished",
                 local_status_name(row.local_status));
    assert_int_equal(row.listed, seen != NULL);
    if (seen) assert_string_equal(row.cloud_status, seen);
    if (then == LOCAL_UPDATE_FAILED) assert_true(row.status_message.n > 0);
    if (then != before && then != LOCAL_UPDATE_FAILED) assert_int_equal(row.status_message.n, 0);
    if (before == LOCAL_UPDATE_FAILED && then == before) assert_slice(row.status_message, "AWS said no");
    if (lives) look_at_intent(c, live, then);
    look_at_record(c, seen, differs, before, then);
    look_at_routes(c, active, seen);
    assert_int_equal(actions_teardown(&inner), 0);
}

static void every_change_from_outside_is_followed(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(changes); i++)
        for (size_t j = 0; j < ARRAY_LEN(states); j++) one(states[j], changes[i].seen, state_of(changes[i].next[j]));
}

// The words that a person reads when the requester or a colleague was faster.
static void what_was_overtaken_says_so(void **state)
{
    static const struct {
        enum action action;
        const char *seen, *says;
    } cases[] = {{ACTION_ACCEPT, "deleted", "was deleted before it became active"},
                 {ACTION_ACCEPT, "rejected", "was rejected before it became active"},
                 {ACTION_ACCEPT, "expired", "expired before it became active"},
                 {ACTION_REJECT, "active", "was accepted elsewhere"},
                 {ACTION_REJECT, "deleted", "was deleted before it was rejected"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        void *inner = NULL;
        assert_int_equal(core_setup(&inner), 0);
        struct core_fixture *c = inner;
        discover_as(c, "pending-acceptance");
        assert_int_equal(ask(c, cases[i].action), ANSWER_TAKEN);
        scan_as(c, cases[i].seen);
        struct slice says = row_now(c).status_message;
        if (!memmem(says.p, says.n, cases[i].says, strlen(cases[i].says))) fail_msg("%.*s", SLICE_FMT(says));
        assert_int_equal(actions_teardown(&inner), 0);
    }
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, core_setup, actions_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_status_NONE_is_reached),
        T(the_status_UPDATE_FAILED_is_reached),
        T(the_status_REQUEST_ACCEPT_is_reached),
        T(the_status_ACCEPT_REQUESTED_is_reached),
        T(the_status_REQUEST_REJECT_is_reached),
        T(the_status_REJECT_REQUESTED_is_reached),
        T(the_status_REQUEST_DELETE_is_reached),
        T(the_status_DELETE_REQUESTED_is_reached),
        T(the_status_ACTIVE_is_reached),
        cmocka_unit_test(the_status_SCAN_FAILED_is_reached),
        cmocka_unit_test(every_change_from_outside_is_followed),
        cmocka_unit_test(what_was_overtaken_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
