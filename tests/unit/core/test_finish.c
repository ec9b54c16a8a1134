// SPDX-License-Identifier: Apache-2.0
// DNS option and Name tag: wanted once, for what we accepted, when it turns active; what comes of it is told. Quotas.
#include "actions.h"

static struct network_options set(struct core_fixture *c, enum network_option o, bool on, const char *text)
{
    const struct network_option_value v = {.on = on, .text = slice_of(text)};
    struct network_options ret;
    assert_ok(&c->f, core_network_option(c->core, &somebody, NETWORK_ID, o, &v, c->f.arena, &ret, &c->f.err));
    return ret;
}

static size_t finishes(struct core_fixture *c, struct finish **ret)
{
    size_t n;
    struct wall next;
    assert_ok(&c->f, core_finish_due(c->f.reader, clock_wall(&c->f.clock), 100, c->f.arena, ret, &n, &next, &c->f.err));
    return n;
}

static void accept_it(struct core_fixture *c)
{
    discover_as(c, "pending-acceptance");
    assert_int_equal(ask(c, ACTION_ACCEPT), ANSWER_TAKEN);
    struct intent i = begun(c);
    finish(c, &i, OUTCOME_DONE, NULL);
}

static const struct finish *find(const struct finish *f, size_t n, enum finish_kind kind)
{
    for (size_t i = 0; i < n; i++)
        if (f[i].kind == kind) return &f[i];
    fail();
    return NULL;
}

static void what_the_network_asks_for_is_wanted_once(void **state)
{
    struct core_fixture *c = *state;
    struct finish *f;
    set(c, OPTION_DNS, true, NULL);
    struct network_options o = set(c, OPTION_NAME_TAG, false, "{requesterAccountId}-{requesterVpcId}");
    assert_true(o.dns); // one option leaves the others
    accept_it(c);
    assert_int_equal(finishes(c, &f), 0); // not before it is active
    unsigned heard = c->heard.intents;
    scan_as(c, "active");
    assert_true(c->heard.intents > heard);
    size_t n = finishes(c, &f);
    assert_int_equal(n, 2);
    assert_slice(find(f, n, FINISH_NAME)->value, "222222222222-vpc-0a0a0a0a0a0a0a0a0");
    const struct finish_result done = {.kind = FINISH_RESULT_SET};
    assert_ok(&c->f, core_finish_outcome(c->core, &f[0], &done, &c->f.err));
    assert_ok(&c->f, core_finish_outcome(c->core, &f[1], &done, &c->f.err));
    assert_err(&c->f, ERR_NOT_FOUND, core_finish_outcome(c->core, &f[1], &done, &c->f.err));
    assert_int_equal(finishes(c, &f), 0);
    assert_non_null(strstr(event_types(c), "PEERAGE_CONNECTION_DNS_SET"));
    assert_non_null(strstr(event_types(c), "PEERAGE_CONNECTION_NAME_SET"));
    assert_int_equal(row_now(c).status_message.n, 0);
    struct observed o2 = seen_as("active");
    o2.cloud_message = SLICE("Active");
    scan(c, CHANGE_SEEN_CHANGED, &o2);
    assert_int_equal(finishes(c, &f), 0);
}

static void what_we_did_not_accept_is_left_alone(void **state)
{
    struct core_fixture *c = *state;
    struct finish *f;
    set(c, OPTION_DNS, true, NULL);
    discover_as(c, "pending-acceptance");
    scan_as(c, "provisioning"); // in the console
    scan_as(c, "active");
    assert_int_equal(finishes(c, &f), 0);
}

static void one_that_was_active_before_the_option_is_left_alone(void **state)
{
    struct core_fixture *c = *state;
    struct finish *f;
    accept_it(c);
    scan_as(c, "active");
    set(c, OPTION_DNS, true, NULL);
    set(c, OPTION_NAME_TAG, false, "x");
    scan_as(c, "active");
    assert_int_equal(finishes(c, &f), 0);
}

static void turning_it_off_takes_back_what_waits(void **state)
{
    struct core_fixture *c = *state;
    struct finish *f;
    set(c, OPTION_DNS, true, NULL);
    set(c, OPTION_NAME_TAG, false, "x");
    accept_it(c);
    scan_as(c, "active");
    assert_int_equal(finishes(c, &f), 2);
    set(c, OPTION_DNS, false, NULL);
    assert_int_equal(finishes(c, &f), 1);
    assert_int_equal(f->kind, FINISH_NAME);
    set(c, OPTION_NAME_TAG, false, "");
    assert_int_equal(finishes(c, &f), 0);
}

static void the_end_of_a_connection_ends_what_waits(void **state)
{
    struct core_fixture *c = *state;
    struct finish *f;
    set(c, OPTION_DNS, true, NULL);
    accept_it(c);
    scan_as(c, "active");
    scan_as(c, "deleted");
    assert_int_equal(finishes(c, &f), 0);
}

// AWS answers from several places: one may still have it pending after another has said that it is active.
static void an_old_answer_forgets_nothing(void **state)
{
    struct core_fixture *c = *state;
    struct finish *f;
    set(c, OPTION_DNS, true, NULL);
    accept_it(c);
    scan_as(c, "active");
    scan_as(c, "pending-acceptance");
    scan_as(c, "active");
    assert_int_equal(finishes(c, &f), 1);
    scan_as(c, "pending-acceptance");
    scan_as(c, "deleted");
    assert_int_equal(finishes(c, &f), 0);
}

static void a_failure_is_told_once_and_moves_nothing(void **state)
{
    struct core_fixture *c = *state;
    struct finish *f;
    set(c, OPTION_DNS, true, NULL);
    accept_it(c);
    scan_as(c, "active");
    const struct finish_result failed = {
        .kind = FINISH_RESULT_FAILED, .not_before = {(NOW_SEC + 600) * US_PER_SEC}, .reason = SLICE("EC2 refused it")};
    assert_int_equal(finishes(c, &f), 1);
    for (int i = 0; i < 2; i++) assert_ok(&c->f, core_finish_outcome(c->core, f, &failed, &c->f.err));
    struct connection row = row_now(c);
    assert_int_equal(row.local_status, LOCAL_ACTIVE);
    assert_slice(connection_shown_message(&row), "EC2 refused it");
    const char *told = strstr(event_types(c), "FINISH_FAILED");
    assert_non_null(told);
    assert_null(strstr(told + 1, "FINISH_FAILED"));
    assert_int_equal(finishes(c, &f), 0);
    advance(c, 600);
    assert_int_equal(finishes(c, &f), 1);
    const struct finish_result retry = {.kind = FINISH_RESULT_RETRY, .not_before = {(NOW_SEC + 601) * US_PER_SEC}};
    assert_ok(&c->f, core_finish_outcome(c->core, f, &retry, &c->f.err));
    advance(c, 1);
    assert_int_equal(finishes(c, &f), 1);
    const struct finish_result done = {.kind = FINISH_RESULT_SET};
    assert_ok(&c->f, core_finish_outcome(c->core, f, &done, &c->f.err));
    assert_int_equal(row_now(c).status_message.n, 0); // and is over
}

static void another_name_is_kept_and_told(void **state)
{
    struct core_fixture *c = *state;
    struct finish *f;
    struct event_row *e;
    size_t n;
    set(c, OPTION_NAME_TAG, false, "x");
    accept_it(c);
    scan_as(c, "active");
    assert_int_equal(finishes(c, &f), 1);
    const struct finish_result kept = {.kind = FINISH_RESULT_KEPT, .reason = SLICE("by hand")};
    assert_ok(&c->f, core_finish_outcome(c->core, f, &kept, &c->f.err));
    assert_ok(&c->f, store_events(c->f.reader, GROUP_ID, (struct page){1, 1}, c->f.arena, &e, &n, &c->f.err));
    assert_string_equal(e->type, "PEERAGE_CONNECTION_NAME_KEPT");
    assert_non_null(memmem(e->detail.p, e->detail.n, "\"value\":\"by hand\"", 17));
    assert_int_equal(row_now(c).status_message.n, 0);
}

static void a_freeze_holds_it(void **state)
{
    struct core_fixture *c = *state;
    struct finish *f;
    set(c, OPTION_DNS, true, NULL);
    accept_it(c);
    scan_as(c, "active");
    assert_ok(&c->f, core_freeze(c->core, &somebody, FREEZE_GROUP, GROUP_ID, true, SLICE("x"), &c->f.err));
    assert_int_equal(finishes(c, &f), 0);
}

static void wrong_options_are_refused(void **state)
{
    struct core_fixture *c = *state;
    struct network_options o;
    const struct {
        enum network_option option;
        struct network_option_value value;
    } bad[] = {{OPTION_NAME_TAG, {.text = SLICE("{who}")}},
               {OPTION_PEERING_LIMIT, {.number = 126}},
               {OPTION_ROUTE_LIMIT, {.number = 1001}}};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_err(&c->f, ERR_INVALID,
                   core_network_option(c->core, &somebody, NETWORK_ID, bad[i].option, &bad[i].value, c->f.arena, &o,
                                       &c->f.err));
    const struct network_option_value on = {.on = true};
    assert_err(&c->f, ERR_NOT_FOUND,
               core_network_option(c->core, &somebody, GROUP_ID, OPTION_DNS, &on, c->f.arena, &o, &c->f.err));
    const struct network_new n = {.group_id = GROUP_ID,
                                  .account_id = SLICE("111111111111"),
                                  .region = SLICE("us-east-1"),
                                  .vpc_id = SLICE("vpc-0000000b"),
                                  .mode = NETWORK_OBSERVE};
    struct network watched;
    assert_ok(&c->f, core_network_add(c->core, &somebody, &n, c->f.arena, &watched, &c->f.err));
    assert_err(&c->f, ERR_INVALID,
               core_network_option(c->core, &somebody, watched.id, OPTION_DNS, &on, c->f.arena, &o, &c->f.err));
    assert_null(strstr(event_types(c), "OPTIONS_CHANGED"));
}

static void a_removed_network_wants_nothing(void **state)
{
    struct core_fixture *c = *state;
    struct finish *f;
    set(c, OPTION_DNS, true, NULL);
    accept_it(c);
    scan_as(c, "active");
    assert_ok(&c->f, core_network_remove(c->core, &somebody, NETWORK_ID, &c->f.err));
    assert_int_equal(finishes(c, &f), 0);
}

// ---- quotas -----------------------------------------------------------------------------------------------

static void active_ones(struct core_fixture *c, unsigned n)
{
    struct network net;
    assert_ok(&c->f, store_network_get(c->f.reader, NETWORK_ID, c->f.arena, &net, &c->f.err));
    for (unsigned i = 0; i < n; i++) {
        struct observed o = seen_as(i % 2 ? "active" : "provisioning");
        (void)snprintf(o.name, sizeof(o.name), "pcx-%08x", i);
        struct change change = {CHANGE_SEEN_NEW, NULL, &o};
        assert_ok(&c->f,
                  core_scan_applied(c->core, &net, CORE_AS_OF_NOW, &change, 1, (struct slice){NULL, 0}, &c->f.err));
    }
}

static void limit(struct core_fixture *c, enum network_option o, uint32_t number)
{
    const struct network_option_value v = {.number = number};
    struct network_options ret;
    assert_ok(&c->f, core_network_option(c->core, &somebody, NETWORK_ID, o, &v, c->f.arena, &ret, &c->f.err));
}

static void a_quota_that_was_told_refuses_accepts_and_nothing_else(void **state)
{
    struct core_fixture *c = *state;
    struct slice why;
    active_ones(c, 3);
    discover_as(c, "pending-acceptance");
    limit(c, OPTION_PEERING_LIMIT, 3);
    assert_int_equal(ask_why(c, ACTION_ACCEPT, &why), ANSWER_STATE);
    assert_non_null(memmem(why.p, why.n, "3 active ones and its quota is 3", 32));
    assert_non_null(memmem(why.p, why.n, "set-limits", 10));
    assert_int_equal(row_now(c).local_status, LOCAL_NONE);
    assert_int_equal(ask(c, ACTION_REJECT), ANSWER_TAKEN);
}

static void a_quota_that_nobody_told_only_warns(void **state)
{
    struct core_fixture *c = *state;
    struct event_row *e;
    size_t n;
    active_ones(c, 50); // AWS' default: who knows whether it was raised
    discover_as(c, "pending-acceptance");
    assert_int_equal(ask(c, ACTION_ACCEPT), ANSWER_TAKEN);
    const struct event_filter f = {.group_id = GROUP_ID,
                                   .types = SLICE("[\"PEERAGE_QUOTA_LOW\"]"),
                                   .resource = SLICE(NETWORK_ID),
                                   .page = {1, 10}};
    uint64_t total;
    assert_ok(&c->f, store_events_find(c->f.reader, &f, c->f.arena, &e, &n, &total, &c->f.err));
    assert_int_equal(n, 1);
    assert_slice(e->detail, "{\"limit\":50,\"quota\":\"active peerings per VPC\",\"used\":51}");
}

static void nine_tenths_are_told_and_less_is_not(void **state)
{
    struct core_fixture *c = *state;
    active_ones(c, 7);
    discover_as(c, "pending-acceptance");
    limit(c, OPTION_PEERING_LIMIT, 10);
    assert_int_equal(ask(c, ACTION_ACCEPT), ANSWER_TAKEN); // the eighth
    assert_null(strstr(event_types(c), "QUOTA_LOW"));
    struct intent i = begun(c);
    finish(c, &i, OUTCOME_FAILED, NULL);
    limit(c, OPTION_PEERING_LIMIT, 8);
    assert_int_equal(ask(c, ACTION_ACCEPT), ANSWER_TAKEN);
    assert_non_null(strstr(event_types(c), "QUOTA_LOW"));
}

static void routes_near_the_quota_are_told(void **state)
{
    struct core_fixture *c = *state;
    const char *tables[] = {"rtb-0000000a"};
    struct peer_route *r;
    size_t n;
    assert_ok(&c->f, core_network_tables(c->core, &somebody, NETWORK_ID, tables, 1, &c->f.err));
    accept_it(c);
    scan_as(c, "active");
    assert_ok(&c->f, store_routes(c->f.reader, NETWORK_ID, NULL, c->f.arena, &r, &n, &c->f.err));
    assert_int_equal(n, 1);
    struct route_result made = {.kind = ROUTE_RESULT_MADE, .used = 44, .limit = 50};
    assert_ok(&c->f, core_route_outcome(c->core, r, &made, &c->f.err));
    assert_null(strstr(event_types(c), "QUOTA_LOW"));
    made.used = 45;
    assert_ok(&c->f, core_route_outcome(c->core, r, &made, &c->f.err));
    assert_non_null(strstr(event_types(c), "QUOTA_LOW"));
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, core_setup, actions_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(what_the_network_asks_for_is_wanted_once),
        T(what_we_did_not_accept_is_left_alone),
        T(one_that_was_active_before_the_option_is_left_alone),
        T(turning_it_off_takes_back_what_waits),
        T(the_end_of_a_connection_ends_what_waits),
        T(an_old_answer_forgets_nothing),
        T(a_failure_is_told_once_and_moves_nothing),
        T(another_name_is_kept_and_told),
        T(a_freeze_holds_it),
        T(wrong_options_are_refused),
        T(a_removed_network_wants_nothing),
        T(a_quota_that_was_told_refuses_accepts_and_nothing_else),
        T(a_quota_that_nobody_told_only_warns),
        T(nine_tenths_are_told_and_less_is_not),
        T(routes_near_the_quota_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
