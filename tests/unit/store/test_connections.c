// SPDX-License-Identifier: Apache-2.0
// Connection rows and their lists: filters, order, totals, paging, overlay, history.
#include "fixture.h"

static void add(struct fixture *f, const struct connection *c)
{
    assert_ok(f, store_write(f->store, insert_connection_fn, (void *)(uintptr_t)c, &f->err));
}

static struct connection_filter group_filter(void)
{
    return (struct connection_filter){.group_id = GROUP_ID, .local_status = -1, .page = {1, 100}};
}

// Lists and checks total and the names' numbers ("3 1 2").
static void expect(struct fixture *f, const struct connection_filter *filter, uint64_t total, const char *names)
{
    struct connection *rows;
    size_t n;
    uint64_t got;
    char text[256] = "";
    assert_ok(f, store_connections(f->reader, filter, f->arena, &rows, &n, &got, &f->err));
    for (size_t i = 0; i < n; i++) {
        size_t at = strlen(text);
        (void)snprintf(text + at, sizeof(text) - at, "%s%llu", i ? " " : "", strtoull(rows[i].name + 4, NULL, 16));
    }
    assert_string_equal(text, names);
    assert_int_equal(got, total);
}

static void a_row_comes_back_as_it_went_in(void **state)
{
    struct fixture *f = *state;
    struct connection c = make_connection(7), got;
    c.local_status = LOCAL_UPDATE_FAILED;
    c.status_message = SLICE("the route is missing");
    c.accepter_cidrs = SLICE("10.9.0.0/16");
    c.missing_since = wall_from_sec(NOW_SEC + 1);
    c.terminal_since = wall_from_sec(NOW_SEC + 2);
    add(f, &c);
    const struct slice keys[] = {slice_of(c.name), slice_of(c.id)};
    for (size_t i = 0; i < 2; i++) {
        assert_ok(f, store_connection_get(f->reader, GROUP_ID, keys[i], f->arena, &got, &f->err));
        assert_string_equal(got.id, c.id);
        assert_string_equal(got.group_id, GROUP_ID);
        assert_string_equal(got.network_id, NETWORK_ID);
        assert_string_equal(got.name, c.name);
        assert_string_equal(got.requester_account, c.requester_account);
        assert_string_equal(got.requester_vpc, c.requester_vpc);
        assert_string_equal(got.requester_region, c.requester_region);
        assert_string_equal(got.accepter_account, c.accepter_account);
        assert_string_equal(got.accepter_vpc, c.accepter_vpc);
        assert_string_equal(got.accepter_region, c.accepter_region);
        assert_slice(got.requester_cidrs, "10.0.0.0/16 10.1.0.0/16");
        assert_slice(got.accepter_cidrs, "10.9.0.0/16");
        assert_string_equal(got.cloud_status, "pending-acceptance");
        assert_slice(got.cloud_message, "Pending Acceptance by 111111111111");
        assert_int_equal(got.local_status, LOCAL_UPDATE_FAILED);
        assert_slice(got.status_message, "the route is missing");
        assert_int_equal(got.expiration.us, c.expiration.us);
        assert_int_equal(got.first_seen.us, c.first_seen.us);
        assert_int_equal(got.changed.us, c.changed.us);
        assert_int_equal(got.missing_since.us, c.missing_since.us);
        assert_int_equal(got.terminal_since.us, c.terminal_since.us);
        assert_true(got.listed);
        assert_false(got.scan_failed);
    }
}

static void one_that_is_not_there_is_not_found(void **state)
{
    struct fixture *f = *state;
    struct connection c = make_connection(1), got;
    add(f, &c);
    assert_err(f, ERR_NOT_FOUND, store_connection_get(f->reader, GROUP2_ID, slice_of(c.name), f->arena, &got, &f->err));
    assert_err(f, ERR_NOT_FOUND, store_connection_get(f->reader, GROUP2_ID, slice_of(c.id), f->arena, &got, &f->err));
    assert_err(f, ERR_NOT_FOUND, store_connection_get(f->reader, GROUP_ID, SLICE("pcx-"), f->arena, &got, &f->err));
    assert_err(f, ERR_NOT_FOUND,
               store_connection_of_network(f->reader, NETWORK_ID, SLICE("pcx-12345678"), f->arena, &got, &f->err));
    set_id(c.id, 'd', 99);
    assert_err(f, ERR_NOT_FOUND, store_write(f->store, update_connection_fn, &c, &f->err));
    assert_err(f, ERR_EXISTS, store_write(f->store, insert_connection_fn, &c, &f->err));
    struct connection stranger = make_connection(2);
    assert_true(cstr_set(stranger.network_id, sizeof(stranger.network_id), "c00000000000000000000099"));
    assert_err(f, ERR_NOT_FOUND, store_write(f->store, insert_connection_fn, &stranger, &f->err));
}

static void lists_filter_order_and_count(void **state)
{
    struct fixture *f = *state;
    for (uint64_t i = 1; i <= 6; i++) {
        struct connection c = make_connection(i);
        c.expiration.us -= (int64_t)i * 100 * US_PER_SEC; // the later ones lapse first
        if (i == 2) c.expiration.us = 0;
        if (i >= 4) assert_true(cstr_set(c.requester_account, sizeof(c.requester_account), "333333333333"));
        if (i == 3 || i == 6) assert_true(cstr_set(c.cloud_status, sizeof(c.cloud_status), "active"));
        if (i == 3) c.local_status = LOCAL_ACTIVE;
        if (i == 5) c.listed = false;
        add(f, &c);
    }
    struct connection_filter all = group_filter();
    expect(f, &all, 5, "1 2 3 4 6");
    struct connection_filter q = all;
    q.group_id = GROUP2_ID;
    expect(f, &q, 0, "");
    q = all;
    q.requester_account = SLICE("333333333333");
    expect(f, &q, 2, "4 6");
    q.cloud_status = SLICE("active");
    expect(f, &q, 1, "6");
    q = all;
    q.cloud_status = SLICE("active");
    expect(f, &q, 2, "3 6");
    q = all;
    q.requester_account = SLICE(""); // a filter that matches nothing, not "any"
    expect(f, &q, 0, "");
    q = all;
    q.local_status = LOCAL_ACTIVE;
    expect(f, &q, 1, "3");
    q = all;
    q.include_unlisted = true;
    expect(f, &q, 6, "1 2 3 4 5 6");
    q = all;
    q.sort = SORT_EXPIRY; // active ones show no expiration
    expect(f, &q, 5, "4 1 2 3 6");
    q.group_id = NULL;
    expect(f, &q, 5, "4 1 2 3 6");
    q.sort = SORT_ID;
    expect(f, &q, 5, "1 2 3 4 6");
    q = all;
    q.network_id = NETWORK_ID;
    expect(f, &q, 5, "1 2 3 4 6");
    q.network_id = "c00000000000000000000099";
    expect(f, &q, 0, "");
}

// Every combination of filters is a statement of its own: each must be valid and agree with its own total.
static void every_combination_of_filters_answers(void **state)
{
    struct fixture *f = *state;
    for (uint64_t i = 1; i <= 12; i++) {
        struct connection c = make_connection(i);
        if (i % 2) assert_true(cstr_set(c.cloud_status, sizeof(c.cloud_status), "active"));
        if (i % 3 == 0) c.local_status = LOCAL_ACTIVE;
        if (i % 4 == 0) c.listed = false;
        add(f, &c);
    }
    struct grant grant = {ORG_ID, 1u << ROLE_ORG_READ_ONLY};
    struct principal p = {.kind = PRINCIPAL_API_KEY, .org_id = ORG_ID, .grants = &grant, .grant_count = 1};
    for (unsigned bits = 0; bits < 384; bits++) {
        arena_reset(f->arena);
        struct connection_filter q = {.local_status = bits & 1 ? LOCAL_ACTIVE : -1, .page = {1, 500}};
        if (bits & 2) q.requester_account = SLICE("222222222222");
        if (bits & 4) q.cloud_status = SLICE("active");
        if (bits & 8) q.network_id = NETWORK_ID;
        q.include_unlisted = bits & 16;
        q.sort = bits & 32 ? SORT_EXPIRY : SORT_ID;
        if (bits / 64 % 3 == 1) q.group_id = GROUP_ID;
        if (bits / 64 % 3 == 2) q.principal = &p;
        unsigned want = 0;
        for (unsigned i = 1; i <= 12; i++)
            want += (!(bits & 1) || i % 3 == 0) && (!(bits & 4) || i % 2) && (bits & 16 || i % 4);
        struct connection *rows;
        size_t n;
        uint64_t total;
        assert_ok(f, store_connections(f->reader, &q, f->arena, &rows, &n, &total, &f->err));
        assert_int_equal(n, want);
        assert_int_equal(total, want);
    }
}

static void pages_cut_the_list_and_past_the_end_is_empty(void **state)
{
    struct fixture *f = *state;
    for (uint64_t i = 1; i <= 7; i++) {
        struct connection c = make_connection(i);
        add(f, &c);
    }
    struct connection_filter q = group_filter();
    q.page = (struct page){1, 3};
    expect(f, &q, 7, "1 2 3");
    q.page = (struct page){3, 3};
    expect(f, &q, 7, "7");
    q.page = (struct page){4, 3};
    expect(f, &q, 7, "");
    q.page = (struct page){UINT32_MAX, 500};
    expect(f, &q, 7, "");
}

static void updates_move_rows_between_totals(void **state)
{
    struct fixture *f = *state;
    struct connection c = make_connection(1);
    add(f, &c);
    struct connection_filter active = group_filter(), all = group_filter();
    active.cloud_status = SLICE("active");
    expect(f, &active, 0, "");
    assert_true(cstr_set(c.cloud_status, sizeof(c.cloud_status), "active"));
    assert_ok(f, store_write(f->store, update_connection_fn, &c, &f->err));
    expect(f, &active, 1, "1");
    c.listed = false;
    assert_ok(f, store_write(f->store, update_connection_fn, &c, &f->err));
    expect(f, &all, 0, "");
    c.listed = true;
    assert_ok(f, store_write(f->store, update_connection_fn, &c, &f->err));
    expect(f, &all, 1, "1");
    struct slice report;
    assert_ok(f, store_check(f->store, f->arena, &report, &f->err));
    assert_slice(report, "ok");
    struct slice *status;
    uint64_t *counts;
    size_t n;
    assert_ok(f, store_connection_counts(f->reader, f->arena, &status, &counts, &n, &f->err));
    assert_int_equal(n, 1);
    assert_slice(status[0], "active");
    assert_int_equal(counts[0], 1);
}

static void a_failed_scan_lies_over_what_is_stored(void **state)
{
    struct fixture *f = *state;
    struct network second = make_network("c00000000000000000000002", GROUP_ID, "vpc-00000000000000002");
    assert_ok(f, store_write(f->store, insert_network_fn, &second, &f->err));
    struct connection c = make_connection(1), d = make_connection(2), got;
    assert_true(cstr_set(d.network_id, sizeof(d.network_id), second.id));
    add(f, &c);
    add(f, &d);
    struct network scan = make_network(NETWORK_ID, GROUP_ID, "vpc-00000000000000001");
    scan.failed = true;
    scan.failures = 3;
    scan.failure = SLICE("the role may not describe peerings");
    assert_ok(f, store_write(f->store, scan_network_fn, &scan, &f->err));
    struct connection_filter q = group_filter();
    q.local_status = LOCAL_SCAN_FAILED;
    expect(f, &q, 1, "1");
    q.local_status = LOCAL_NONE;
    expect(f, &q, 1, "2");
    assert_ok(f, store_connection_get(f->reader, GROUP_ID, slice_of(c.name), f->arena, &got, &f->err));
    assert_int_equal(connection_shown_status(&got), LOCAL_SCAN_FAILED);
    assert_int_equal(got.local_status, LOCAL_NONE);
    assert_slice(connection_shown_message(&got), "the role may not describe peerings");
    assert_ok(f, store_connection_get(f->reader, GROUP_ID, slice_of(d.name), f->arena, &got, &f->err));
    assert_false(got.scan_failed);
}

static void a_caller_sees_only_groups_that_its_grants_reach(void **state)
{
    struct fixture *f = *state;
    struct network second = make_network("c00000000000000000000002", GROUP2_ID, "vpc-00000000000000002");
    assert_ok(f, store_write(f->store, insert_network_fn, &second, &f->err));
    struct connection c = make_connection(1), d = make_connection(2);
    assert_true(cstr_set(d.network_id, sizeof(d.network_id), second.id));
    assert_true(cstr_set(d.group_id, sizeof(d.group_id), GROUP2_ID));
    add(f, &c);
    add(f, &d);
    struct grant grants[] = {{ORG_ID, 1u << ROLE_ORG_MEMBER}, {GROUP2_ID, 1u << ROLE_GROUP_READ_ONLY}};
    struct principal p = {.kind = PRINCIPAL_API_KEY, .org_id = ORG_ID, .grants = grants, .grant_count = 2};
    struct connection_filter q = {.principal = &p, .local_status = -1, .page = {1, 100}};
    expect(f, &q, 1, "2");
    grants[0].roles = 1u << ROLE_ORG_READ_ONLY;
    expect(f, &q, 2, "1 2");
    grants[0].roles = 1u << ROLE_GROUP_OWNER; // a group's role on an organisation is none
    grants[1].roles = 1u << ROLE_ORG_OWNER;   // and the other way round
    expect(f, &q, 0, "");
    p.grant_count = 0;
    expect(f, &q, 0, "");
    p.kind = PRINCIPAL_LOCAL;
    expect(f, &q, 2, "1 2");
}

static void the_network_list_has_listed_rows_by_name(void **state)
{
    struct fixture *f = *state;
    for (uint64_t i = 3; i >= 1; i--) {
        struct connection c = make_connection(i);
        c.listed = i != 2;
        add(f, &c);
    }
    struct connection *rows, got;
    size_t n;
    assert_ok(f, store_connections_of_network(f->reader, NETWORK_ID, f->arena, &rows, &n, &f->err));
    assert_int_equal(n, 2);
    assert_string_equal(rows[0].name, "pcx-00000000000000001");
    assert_string_equal(rows[1].name, "pcx-00000000000000003");
    assert_ok(
        f, store_connection_of_network(f->reader, NETWORK_ID, SLICE("pcx-00000000000000002"), f->arena, &got, &f->err));
    assert_false(got.listed);
}

static void an_arena_too_small_is_an_error_not_a_short_list(void **state)
{
    struct fixture *f = *state;
    for (uint64_t i = 1; i <= 50; i++) {
        struct connection c = make_connection(i);
        add(f, &c);
    }
    struct arena *small = arena_new(8 * 1024);
    assert_non_null(small);
    struct connection_filter q = group_filter();
    struct connection *rows = NULL;
    size_t n = 77;
    uint64_t total = 77;
    assert_err(f, ERR_NOMEM, store_connections(f->reader, &q, small, &rows, &n, &total, &f->err));
    assert_null(rows);
    assert_int_equal(n, 77);
    assert_int_equal(total, 77);
    arena_free(small);
    q.page = (struct page){1, 2};
    expect(f, &q, 50, "1 2");
}

static void statuses_unknown_to_us_are_kept_as_they_are(void **state)
{
    struct fixture *f = *state;
    struct connection c = make_connection(1), got;
    assert_true(cstr_set(c.cloud_status, sizeof(c.cloud_status), "half-open'; DROP TABLE connection; --"));
    add(f, &c);
    assert_ok(f, store_connection_get(f->reader, GROUP_ID, slice_of(c.name), f->arena, &got, &f->err));
    assert_string_equal(got.cloud_status, c.cloud_status);
    struct connection_filter q = group_filter();
    q.cloud_status = slice_of(c.cloud_status);
    expect(f, &q, 1, "1");
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_row_comes_back_as_it_went_in),
        T(one_that_is_not_there_is_not_found),
        T(lists_filter_order_and_count),
        T(every_combination_of_filters_answers),
        T(pages_cut_the_list_and_past_the_end_is_empty),
        T(updates_move_rows_between_totals),
        T(a_failed_scan_lies_over_what_is_stored),
        T(a_caller_sees_only_groups_that_its_grants_reach),
        T(the_network_list_has_listed_rows_by_name),
        T(an_arena_too_small_is_an_error_not_a_short_list),
        T(statuses_unknown_to_us_are_kept_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
