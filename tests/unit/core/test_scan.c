// SPDX-License-Identifier: Apache-2.0
// What scans record: rows, marks, windows, scan state, events, and what they leave alone.
#include "fixture.h"

#define PCX "pcx-0123456789abcdef0"

static struct observed pending(void)
{
    return (struct observed){.name = PCX,
                             .requester_account = "222222222222",
                             .requester_vpc = "vpc-0a0a0a0a0a0a0a0a0",
                             .requester_region = "us-east-1",
                             .accepter_account = "111111111111",
                             .accepter_vpc = "vpc-00000000000000001",
                             .accepter_region = "us-east-1",
                             .requester_cidrs = SLICE("10.0.0.0/16"),
                             .cloud_status = "pending-acceptance",
                             .cloud_message = SLICE("Pending Acceptance by 111111111111"),
                             .expiration = {(NOW_SEC + 604800) * US_PER_SEC}};
}

static struct observed with_status(const char *status, const char *message)
{
    struct observed o = pending();
    assert_true(cstr_set(o.cloud_status, sizeof(o.cloud_status), status));
    o.cloud_message = slice_of(message);
    o.expiration = (struct wall){0};
    return o;
}

static struct network net_now(struct core_fixture *c)
{
    struct network n;
    assert_ok(&c->f, store_network_get(c->f.reader, NETWORK_ID, c->f.arena, &n, &c->f.err));
    return n;
}

static struct connection row_now(struct core_fixture *c)
{
    struct connection row;
    assert_ok(&c->f, store_connection_get(c->f.reader, GROUP_ID, SLICE(PCX), c->f.arena, &row, &c->f.err));
    return row;
}

static void apply(struct core_fixture *c, enum change_kind kind, const struct connection *stored,
                  const struct observed *seen)
{
    struct network n = net_now(c);
    struct change change = {kind, stored, seen};
    assert_ok(&c->f, core_scan_applied(c->core, &n, CORE_AS_OF_NOW, &change, 1, (struct slice){NULL, 0}, &c->f.err));
}

static void apply_none(struct core_fixture *c)
{
    struct network n = net_now(c);
    assert_ok(&c->f, core_scan_applied(c->core, &n, CORE_AS_OF_NOW, NULL, 0, (struct slice){NULL, 0}, &c->f.err));
}

static struct connection discover(struct core_fixture *c)
{
    struct observed o = pending();
    apply(c, CHANGE_SEEN_NEW, NULL, &o);
    return row_now(c);
}

static uint64_t listed(struct core_fixture *c)
{
    struct connection_filter q = {.group_id = GROUP_ID, .local_status = -1, .page = {1, 100}};
    struct connection *rows;
    size_t n;
    uint64_t total;
    assert_ok(&c->f, store_connections(c->f.reader, &q, c->f.arena, &rows, &n, &total, &c->f.err));
    return total;
}

// ---- discovery and change ---------------------------------------------------------------------------------

static void a_new_request_is_listed_with_its_event(void **state)
{
    struct core_fixture *c = *state;
    uint64_t generation = store_generation(c->f.store);
    struct connection row = discover(c);
    assert_true(store_generation(c->f.store) > generation);
    assert_string_equal(row.requester_account, "222222222222");
    assert_string_equal(row.group_id, GROUP_ID);
    assert_string_equal(row.network_id, NETWORK_ID);
    assert_string_equal(row.cloud_status, "pending-acceptance");
    assert_int_equal(row.local_status, LOCAL_NONE);
    assert_int_equal(wall_sec(row.first_seen), NOW_SEC);
    assert_true(row.listed);
    struct oid id;
    assert_true(oid_parse(slice_of(row.id), &id));
    assert_int_equal(wall_sec(oid_time(id)), NOW_SEC);
    assert_int_equal(c->heard.connections, 1);
    assert_string_equal(c->heard.group_id, GROUP_ID);
    assert_string_equal(c->heard.network_id, NETWORK_ID);
    struct event_row *events;
    size_t n;
    assert_ok(&c->f, store_events(c->f.reader, GROUP_ID, (struct page){1, 10}, c->f.arena, &events, &n, &c->f.err));
    assert_int_equal(n, 1);
    assert_string_equal(events[0].type, "PEERAGE_CONNECTION_DISCOVERED");
    assert_string_equal(events[0].actor, "scanner");
    assert_string_equal(events[0].org_id, ORG_ID);
    assert_slice(events[0].resource, PCX);
    assert_slice(events[0].detail,
                 "{\"cloudStatus\":\"pending-acceptance\",\"localStatus\":\"NONE\",\"networkId\":\"" NETWORK_ID
                 "\",\"requesterAccountId\":\"222222222222\",\"requesterVpcId\":"
                 "\"vpc-0a0a0a0a0a0a0a0a0\"}");
    assert_int_equal(wall_sec(net_now(c).last_success), NOW_SEC);
}

static void first_seen_active_is_active(void **state)
{
    struct core_fixture *c = *state;
    struct observed o = with_status("active", "Active");
    apply(c, CHANGE_SEEN_NEW, NULL, &o);
    assert_int_equal(row_now(c).local_status, LOCAL_ACTIVE);
}

static void a_second_first_sight_changes_nothing(void **state)
{
    struct core_fixture *c = *state;
    struct connection row = discover(c);
    uint64_t generation = store_generation(c->f.store);
    struct observed o = pending();
    apply(c, CHANGE_SEEN_NEW, NULL, &o);
    assert_string_equal(row_now(c).id, row.id);
    assert_int_equal(store_generation(c->f.store), generation);
    assert_string_equal(event_types(c), "PEERAGE_CONNECTION_DISCOVERED");
}

static void absent_cidrs_and_times_never_overwrite(void **state)
{
    struct core_fixture *c = *state;
    struct connection row = discover(c);
    struct observed o = with_status("active", "Active");
    o.accepter_cidrs = SLICE("10.9.0.0/16 10.8.0.0/16");
    advance(c, 5);
    apply(c, CHANGE_SEEN_CHANGED, &row, &o);
    row = row_now(c);
    assert_int_equal(row.local_status, LOCAL_ACTIVE);
    assert_slice(row.requester_cidrs, "10.0.0.0/16");
    assert_slice(row.accepter_cidrs, "10.9.0.0/16 10.8.0.0/16");
    assert_int_equal(wall_sec(row.expiration), NOW_SEC + 604800);
    assert_int_equal(wall_sec(row.changed), NOW_SEC + 5);
    o = with_status("deleted", "Deleted by 222222222222");
    o.requester_cidrs = o.accepter_cidrs = (struct slice){NULL, 0};
    o.requester_vpc[0] = '\0';
    apply(c, CHANGE_SEEN_CHANGED, &row, &o);
    row = row_now(c);
    assert_string_equal(row.cloud_status, "deleted");
    assert_int_equal(row.local_status, LOCAL_NONE);
    assert_slice(row.requester_cidrs, "10.0.0.0/16");
    assert_slice(row.accepter_cidrs, "10.9.0.0/16 10.8.0.0/16");
    assert_string_equal(row.requester_vpc, "vpc-0a0a0a0a0a0a0a0a0");
    assert_slice(row.cloud_message, "Deleted by 222222222222");
    assert_int_equal(wall_sec(row.terminal_since), NOW_SEC + 5);
    assert_string_equal(event_types(c), "PEERAGE_CONNECTION_STATUS_CHANGED PEERAGE_CONNECTION_STATUS_CHANGED "
                                        "PEERAGE_CONNECTION_DISCOVERED");
}

static void other_details_are_an_event_of_their_own(void **state)
{
    struct core_fixture *c = *state;
    struct connection row = discover(c);
    struct observed o = pending();
    o.requester_cidrs = SLICE("10.0.0.0/16 10.7.0.0/16");
    apply(c, CHANGE_SEEN_CHANGED, &row, &o);
    assert_slice(row_now(c).requester_cidrs, "10.0.0.0/16 10.7.0.0/16");
    assert_string_equal(event_types(c), "PEERAGE_CONNECTION_CHANGED PEERAGE_CONNECTION_DISCOVERED");
}

static void an_action_recorded_since_the_scan_began_stays(void **state)
{
    struct core_fixture *c = *state;
    struct connection before = discover(c), acted = before;
    acted.local_status = LOCAL_REQUEST_ACCEPT; // as the API will
    assert_ok(&c->f, store_write(c->f.store, update_connection_fn, &acted, &c->f.err));
    struct observed o = pending();
    o.requester_cidrs = SLICE("10.6.0.0/16");
    apply(c, CHANGE_SEEN_CHANGED, &before, &o);
    assert_int_equal(row_now(c).local_status, LOCAL_REQUEST_ACCEPT);
    o = with_status("expired", "");
    apply(c, CHANGE_SEEN_CHANGED, &before, &o);
    struct connection row = row_now(c);
    assert_int_equal(row.local_status, LOCAL_UPDATE_FAILED);
    assert_slice(connection_shown_message(&row),
                 "The request expired before it became active; ask the requester for a new one.");
}

static void a_long_message_is_cut_between_characters(void **state)
{
    struct core_fixture *c = *state;
    struct observed o = pending();
    char *text = malloc(3000);
    assert_non_null(text);
    for (size_t i = 0; i + 1 < 3000; i += 2) memcpy(text + i, "\xC3\xA9", 2);
    text[0] = 'x';
    text[1] = 'y';
    text[2] = 'z';
    memmove(text + 1, text + 2, 2998);
    o.cloud_message = slice_n(text, 2999);
    apply(c, CHANGE_SEEN_NEW, NULL, &o);
    struct connection row = row_now(c);
    assert_in_range(row.cloud_message.n, CLOUD_MESSAGE_MAX - 1, CLOUD_MESSAGE_MAX);
    uint64_t generation = store_generation(c->f.store);
    apply(c, CHANGE_SEEN_CHANGED, &row, &o); // and what was cut is no change for ever after
    assert_int_equal(store_generation(c->f.store), generation);
    free(text);
}

// ---- absence ----------------------------------------------------------------------------------------------

static void missing_is_a_mark_vanished_leaves_the_list(void **state)
{
    struct core_fixture *c = *state;
    struct connection row = discover(c);
    apply(c, CHANGE_MISSING, &row, NULL);
    assert_int_equal(wall_sec(row_now(c).missing_since), NOW_SEC);
    assert_int_equal(listed(c), 1);
    advance(c, 30);
    apply(c, CHANGE_MISSING, &row, NULL); // the mark is not renewed
    assert_int_equal(wall_sec(row_now(c).missing_since), NOW_SEC);
    apply(c, CHANGE_LOST, &row, NULL); // a question, nothing to record
    assert_int_equal(listed(c), 1);
    advance(c, 30);
    apply(c, CHANGE_VANISHED, &row, NULL);
    assert_int_equal(listed(c), 0);
    assert_false(row_now(c).listed);
    apply(c, CHANGE_VANISHED, &row, NULL); // once
    assert_string_equal(event_types(c), "PEERAGE_CONNECTION_VANISHED PEERAGE_CONNECTION_MISSING "
                                        "PEERAGE_CONNECTION_DISCOVERED");
}

static void one_that_reappears_is_listed_again(void **state)
{
    struct core_fixture *c = *state;
    struct observed o = with_status("active", "Active");
    apply(c, CHANGE_SEEN_NEW, NULL, &o);
    struct connection row = row_now(c);
    apply(c, CHANGE_MISSING, &row, NULL);
    apply(c, CHANGE_REAPPEARED, &row, &o);
    assert_int_equal(row_now(c).missing_since.us, 0);
    assert_int_equal(row_now(c).local_status, LOCAL_ACTIVE);
    apply(c, CHANGE_VANISHED, &row, NULL);
    assert_int_equal(row_now(c).local_status, LOCAL_NONE);
    apply(c, CHANGE_REAPPEARED, &row, &o);
    assert_true(row_now(c).listed);
    assert_int_equal(row_now(c).local_status, LOCAL_ACTIVE);
    assert_int_equal(row_now(c).missing_since.us, 0);
    assert_string_equal(row_now(c).id, row.id);
    assert_string_equal(event_types(c), "PEERAGE_CONNECTION_REAPPEARED PEERAGE_CONNECTION_VANISHED "
                                        "PEERAGE_CONNECTION_REAPPEARED PEERAGE_CONNECTION_MISSING "
                                        "PEERAGE_CONNECTION_DISCOVERED");
}

static void an_ended_one_leaves_the_list_and_does_not_come_back(void **state)
{
    struct core_fixture *c = *state;
    struct connection row = discover(c);
    struct observed o = with_status("rejected", "Inactive");
    apply(c, CHANGE_SEEN_CHANGED, &row, &o);
    assert_int_equal(wall_sec(row_now(c).terminal_since), NOW_SEC);
    advance(c, 7200);
    apply(c, CHANGE_UNLIST, &row, NULL);
    assert_int_equal(listed(c), 0);
    uint64_t generation = store_generation(c->f.store);
    apply(c, CHANGE_SEEN_NEW, NULL, &o); // an endpoint that keeps the dead for ever
    apply(c, CHANGE_REAPPEARED, &row, &o);
    assert_int_equal(listed(c), 0);
    assert_int_equal(store_generation(c->f.store), generation);
    assert_string_equal(event_types(c), "PEERAGE_CONNECTION_UNLISTED PEERAGE_CONNECTION_STATUS_CHANGED "
                                        "PEERAGE_CONNECTION_DISCOVERED");
}

// ---- quiet scans ------------------------------------------------------------------------------------------

static void a_scan_that_changes_nothing_is_quiet(void **state)
{
    struct core_fixture *c = *state;
    discover(c);
    struct heard heard = c->heard;
    uint64_t generation = store_generation(c->f.store), bytes = store_wal_bytes(c->f.store);
    for (int i = 0; i < 59; i++) {
        advance(c, 1);
        apply_none(c);
    }
    assert_int_equal(store_wal_bytes(c->f.store), bytes); // not a byte to disk
    assert_int_equal(wall_sec(net_now(c).last_success), NOW_SEC);
    advance(c, 1);
    apply_none(c);
    assert_int_equal(wall_sec(net_now(c).last_success), NOW_SEC + 60);
    assert_true(store_wal_bytes(c->f.store) > bytes);
    assert_int_equal(store_generation(c->f.store), generation);
    assert_memory_equal(&heard, &c->heard, sizeof(heard));
    assert_string_equal(event_types(c), "PEERAGE_CONNECTION_DISCOVERED");
}

static void the_vpcs_blocks_are_taken_over_when_said(void **state)
{
    struct core_fixture *c = *state;
    struct network n = net_now(c);
    assert_ok(&c->f, core_scan_applied(c->core, &n, CORE_AS_OF_NOW, NULL, 0, SLICE("10.9.0.0/16"), &c->f.err));
    assert_slice(net_now(c).cidrs, "10.9.0.0/16");
    assert_int_equal(c->heard.networks, 1);
    uint64_t generation = store_generation(c->f.store);
    n = net_now(c);
    assert_ok(&c->f, core_scan_applied(c->core, &n, CORE_AS_OF_NOW, NULL, 0, SLICE("10.9.0.0/16"), &c->f.err));
    assert_ok(&c->f, core_scan_applied(c->core, &n, CORE_AS_OF_NOW, NULL, 0, SLICE(""), &c->f.err));
    assert_slice(net_now(c).cidrs, "10.9.0.0/16");
    assert_int_equal(store_generation(c->f.store), generation);
    assert_string_equal(event_types(c), "PEERAGE_NETWORK_CHANGED");
}

static void a_removed_network_takes_no_results(void **state)
{
    struct core_fixture *c = *state;
    struct network n = net_now(c);
    assert_ok(&c->f,
              core_network_remove(c->core, &(struct actor){PRINCIPAL_LOCAL, "cli", NULL}, NETWORK_ID, &c->f.err));
    struct observed o = pending();
    struct change change = {CHANGE_SEEN_NEW, NULL, &o};
    assert_err(&c->f, ERR_NOT_FOUND,
               core_scan_applied(c->core, &n, CORE_AS_OF_NOW, &change, 1, (struct slice){NULL, 0}, &c->f.err));
    assert_err(&c->f, ERR_NOT_FOUND, core_scan_failed(c->core, &n, true, SLICE("no"), &c->f.err));
    assert_string_equal(event_types(c), "PEERAGE_NETWORK_REMOVED");
}

static void one_bad_row_records_nothing_of_its_scan(void **state)
{
    struct core_fixture *c = *state;
    struct network n = net_now(c);
    struct observed good = pending();
    struct connection unknown = make_connection(99);
    struct change changes[] = {{CHANGE_SEEN_NEW, NULL, &good}, {CHANGE_MISSING, &unknown, NULL}};
    assert_err(&c->f, ERR_NOT_FOUND,
               core_scan_applied(c->core, &n, CORE_AS_OF_NOW, changes, 2, (struct slice){NULL, 0}, &c->f.err));
    assert_int_equal(listed(c), 0);
    assert_string_equal(event_types(c), "");
    assert_int_equal(net_now(c).last_success.us, 0);
    assert_int_equal(c->heard.connections, 0);
}

// ---- failing scans ----------------------------------------------------------------------------------------

static void fail_once(struct core_fixture *c, bool denied, const char *reason)
{
    struct network n = net_now(c);
    assert_ok(&c->f, core_scan_failed(c->core, &n, denied, slice_of(reason), &c->f.err));
}

static void three_failures_in_a_row_show_and_a_success_clears(void **state)
{
    struct core_fixture *c = *state;
    discover(c);
    fail_once(c, false, "EC2 does not answer");
    fail_once(c, false, "EC2 does not answer");
    assert_int_equal(connection_shown_status(&(struct connection){.scan_failed = row_now(c).scan_failed}), LOCAL_NONE);
    apply_none(c); // in a row means in a row
    assert_int_equal(net_now(c).failures, 0);
    for (int i = 0; i < 3; i++) {
        assert_false(row_now(c).scan_failed);
        advance(c, 1);
        fail_once(c, false, "EC2 does not answer");
    }
    struct connection row = row_now(c);
    assert_int_equal(connection_shown_status(&row), LOCAL_SCAN_FAILED);
    assert_int_equal(row.local_status, LOCAL_NONE);
    assert_slice(connection_shown_message(&row), "EC2 does not answer");
    assert_int_equal(net_now(c).failures, 3);
    apply_none(c);
    assert_false(row_now(c).scan_failed);
    assert_false(net_now(c).failed);
    assert_slice(net_now(c).failure, "");
    assert_string_equal(event_types(c), "PEERAGE_SCAN_RECOVERED PEERAGE_SCAN_FAILED PEERAGE_CONNECTION_DISCOVERED");
    assert_int_equal(c->heard.networks, 2);
}

static void one_denial_shows_at_once(void **state)
{
    struct core_fixture *c = *state;
    fail_once(c, true, "the role may not call \"DescribeVpcPeeringConnections\"");
    assert_true(net_now(c).failed);
    struct event_row *e;
    size_t n;
    assert_ok(&c->f, store_events(c->f.reader, GROUP_ID, (struct page){1, 1}, c->f.arena, &e, &n, &c->f.err));
    assert_slice(e[0].detail,
                 "{\"denied\":true,\"reason\":\"the role may not call \\\"DescribeVpcPeeringConnections\\\"\"}");
}

static void a_failure_that_goes_on_is_quiet(void **state)
{
    struct core_fixture *c = *state;
    fail_once(c, true, "denied");
    uint64_t generation = store_generation(c->f.store), bytes = store_wal_bytes(c->f.store);
    for (int i = 0; i < 59; i++) {
        advance(c, 1);
        fail_once(c, true, "denied");
    }
    assert_int_equal(store_wal_bytes(c->f.store), bytes);
    advance(c, 1);
    fail_once(c, true, "denied");
    assert_int_equal(wall_sec(net_now(c).last_attempt), NOW_SEC + 60);
    assert_int_equal(store_generation(c->f.store), generation);
    fail_once(c, false, "EC2 does not answer"); // a new reason is news
    assert_true(store_generation(c->f.store) > generation);
    assert_slice(net_now(c).failure, "EC2 does not answer");
    assert_string_equal(event_types(c), "PEERAGE_SCAN_FAILED PEERAGE_SCAN_FAILED");
}

static void a_long_reason_is_cut_and_stays_the_same_reason(void **state)
{
    struct core_fixture *c = *state;
    char reason[1000];
    memset(reason, 'x', sizeof(reason) - 1);
    reason[sizeof(reason) - 1] = '\0';
    fail_once(c, true, reason);
    assert_int_equal(net_now(c).failure.n, 400);
    advance(c, 1);
    fail_once(c, true, reason);
    assert_string_equal(event_types(c), "PEERAGE_SCAN_FAILED");
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, core_setup, core_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_new_request_is_listed_with_its_event),
        T(first_seen_active_is_active),
        T(a_second_first_sight_changes_nothing),
        T(absent_cidrs_and_times_never_overwrite),
        T(other_details_are_an_event_of_their_own),
        T(an_action_recorded_since_the_scan_began_stays),
        T(a_long_message_is_cut_between_characters),
        T(missing_is_a_mark_vanished_leaves_the_list),
        T(one_that_reappears_is_listed_again),
        T(an_ended_one_leaves_the_list_and_does_not_come_back),
        T(a_scan_that_changes_nothing_is_quiet),
        T(the_vpcs_blocks_are_taken_over_when_said),
        T(a_removed_network_takes_no_results),
        T(one_bad_row_records_nothing_of_its_scan),
        T(three_failures_in_a_row_show_and_a_success_clears),
        T(one_denial_shows_at_once),
        T(a_failure_that_goes_on_is_quiet),
        T(a_long_reason_is_cut_and_stays_the_same_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
