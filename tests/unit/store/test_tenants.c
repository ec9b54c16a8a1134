// SPDX-License-Identifier: Apache-2.0
// Organisations, groups, networks, events and leases.
#include "fixture.h"

static enum err insert_group_fn(struct store_tx *tx, void *ctx, struct error *err)
{
    return store_tx_group_insert(tx, ctx, err);
}
static enum err insert_org_fn(struct store_tx *tx, void *ctx, struct error *err)
{
    return store_tx_org_insert(tx, ctx, err);
}

static void expect_groups(struct fixture *f, const struct principal *p, bool all, struct page page, uint64_t total,
                          const char *names)
{
    struct group *rows;
    size_t n;
    uint64_t got;
    char text[256] = "";
    assert_ok(f, store_groups(f->reader, p, all, page, f->arena, &rows, &n, &got, &f->err));
    for (size_t i = 0; i < n; i++) {
        size_t at = strlen(text);
        int more = snprintf(text + at, sizeof(text) - at, "%s%s", i ? " " : "", rows[i].name);
        assert_in_range(more, 1, sizeof(text) - at - 1);
    }
    assert_string_equal(text, names);
    assert_int_equal(got, total);
}

static void groups_are_listed_as_far_as_grants_reach(void **state)
{
    struct fixture *f = *state;
    struct org o = {.id = "a00000000000000000000002", .name = "other", .external_id = "x-2"};
    struct group g = {.id = "b00000000000000000000003", .org_id = "a00000000000000000000002", .name = "three"};
    assert_ok(f, store_write(f->store, insert_org_fn, &o, &f->err));
    assert_ok(f, store_write(f->store, insert_group_fn, &g, &f->err));
    struct grant grants[] = {{ORG_ID, 1u << ROLE_ORG_MEMBER}, {GROUP2_ID, 1u << ROLE_GROUP_MODEL_OWNER}};
    struct principal p = {.kind = PRINCIPAL_SERVICE_ACCOUNT, .org_id = ORG_ID, .grants = grants, .grant_count = 2};
    const struct page all = {1, 100};
    expect_groups(f, &p, false, all, 1, "two");
    grants[0].roles |= 1u << ROLE_ORG_STREAM_PROCESSING_ADMIN;
    expect_groups(f, &p, false, all, 2, "one two");
    expect_groups(f, &p, false, (struct page){2, 1}, 2, "two");
    expect_groups(f, &p, false, (struct page){3, 1}, 2, "");
    expect_groups(f, NULL, true, all, 3, "one two three");
    p.kind = PRINCIPAL_LOCAL;
    expect_groups(f, &p, false, all, 3, "one two three");
}

static size_t page_at(struct fixture *f, const struct principal *p, const char *prefix, struct page page,
                      bool uncounted, uint64_t *ret_total, struct group **ret)
{
    const struct group_search q = {.principal = p, .prefix = slice_of(prefix), .uncounted = uncounted, .page = page};
    size_t n;
    assert_ok(f, store_groups_find(f->reader, &q, f->arena, ret, &n, ret_total, &f->err));
    return n;
}

// All pages of each size, put together, are the list: from whichever end, and by whichever way, a page was read.
static void expect_pages(struct fixture *f, const struct principal *p, const char *prefix, size_t count)
{
    struct group *all, *rows;
    uint64_t total, ignored;
    assert_int_equal(page_at(f, p, prefix, (struct page){1, 500}, false, &total, &all), count);
    assert_int_equal(total, count);
    for (size_t i = 1; i < count; i++) assert_true(strcmp(all[i - 1].id, all[i].id) < 0);
    for (uint32_t size = 1; size <= count + 1; size++) {
        size_t seen = 0;
        for (uint32_t number = 1; seen < count; number++) {
            size_t n = page_at(f, p, prefix, (struct page){number, size}, true, &ignored, &rows);
            assert_int_equal(ignored, 0);
            assert_int_equal(n, MIN(size, count - seen));
            for (size_t i = 0; i < n; i++) assert_string_equal(rows[i].id, all[seen + i].id);
            seen += n;
        }
        assert_int_equal(page_at(f, p, prefix, (struct page){(uint32_t)count + 2, size}, false, &total, &rows), 0);
        assert_int_equal(total, count);
    }
}

static void pages_make_up_the_list_however_they_are_read(void **state)
{
    struct fixture *f = *state;
    struct group g = {.org_id = ORG_ID};
    for (unsigned i = 0; i < 24; i++) {
        (void)snprintf(g.id, sizeof g.id, "b0%022x", 0xFFFF - i * 37);
        (void)snprintf(g.name, sizeof g.name, "%s%02u", i % 6 == 0 ? "\xC3\x9C" : i % 2 ? "Lion" : "lizard", i);
        assert_ok(f, store_write(f->store, insert_group_fn, &g, &f->err));
    }
    struct grant whole = {ORG_ID, 1u << ROLE_ORG_READ_ONLY};
    struct grant named[] = {{GROUP_ID, 1u << ROLE_GROUP_READ_ONLY}, {GROUP2_ID, 1u << ROLE_GROUP_OWNER}};
    struct principal reader = {.org_id = ORG_ID, .grants = &whole, .grant_count = 1};
    struct principal member = {.org_id = ORG_ID, .grants = named, .grant_count = 2};
    expect_pages(f, &reader, "", 26);
    expect_pages(f, NULL, "", 26);
    expect_pages(f, &member, "", 2);
    expect_pages(f, &reader, "LI", 20);
    expect_pages(f, &reader, "lion", 12);
    expect_pages(f, &reader, "lion23", 1);
    expect_pages(f, &reader, "\xC3\x9C", 4);
    expect_pages(f, &reader, "\xC3\xBC", 0); // only letters of a to z are the same in both cases
    expect_pages(f, &reader, "ion", 0);
    expect_pages(f, &reader, "%", 0);
    expect_pages(f, &member, "TW", 1);
    expect_pages(f, &member, "lion", 0);
}

static void names_are_unique_where_they_must_be(void **state)
{
    struct fixture *f = *state;
    struct org o = {.id = "a00000000000000000000002", .name = "acme", .external_id = "x-2"}, *orgs;
    struct group g = {.id = "b00000000000000000000003", .org_id = ORG_ID, .name = "one"}, got;
    size_t n;
    assert_err(f, ERR_EXISTS, store_write(f->store, insert_org_fn, &o, &f->err));
    assert_err(f, ERR_EXISTS, store_write(f->store, insert_group_fn, &g, &f->err));
    assert_true(cstr_set(g.org_id, sizeof(g.org_id), o.id));
    assert_err(f, ERR_NOT_FOUND, store_write(f->store, insert_group_fn, &g, &f->err));
    assert_err(f, ERR_NOT_FOUND, store_group_get(f->reader, g.id, &got, &f->err));
    assert_ok(f, store_orgs(f->reader, f->arena, &orgs, &n, &f->err));
    assert_int_equal(n, 1);
    assert_string_equal(orgs[0].name, "acme");
}

static void a_network_comes_back_whole(void **state)
{
    struct fixture *f = *state;
    struct network n = make_network("c00000000000000000000002", GROUP2_ID, "vpc-00000000000000002"), got, *rows;
    n.cidrs = SLICE("10.0.0.0/16 fd00::/56");
    n.identity = IDENTITY_ROLE;
    n.mode = NETWORK_OBSERVE;
    n.is_default = true;
    assert_true(cstr_set(n.identity_ref, sizeof(n.identity_ref), "arn:aws:iam::111111111111:role/x"));
    assert_ok(f, store_write(f->store, insert_network_fn, &n, &f->err));
    n.last_attempt = wall_from_sec(11);
    n.last_success = wall_from_sec(10);
    n.failures = 4;
    n.failed = true;
    n.failure = SLICE("why");
    assert_ok(f, store_write(f->store, scan_network_fn, &n, &f->err));
    assert_ok(f, store_network_get(f->reader, n.id, f->arena, &got, &f->err));
    assert_string_equal(got.group_id, GROUP2_ID);
    assert_slice(got.cidrs, "10.0.0.0/16 fd00::/56");
    assert_int_equal(got.identity, IDENTITY_ROLE);
    assert_string_equal(got.identity_ref, n.identity_ref);
    assert_int_equal(got.mode, NETWORK_OBSERVE);
    assert_true(got.is_default);
    assert_int_equal(got.last_attempt.us, n.last_attempt.us);
    assert_int_equal(got.last_success.us, n.last_success.us);
    assert_int_equal(got.failures, 4);
    assert_true(got.failed);
    assert_slice(got.failure, "why");
    size_t count;
    assert_ok(f, store_networks(f->reader, NULL, f->arena, &rows, &count, &f->err));
    assert_int_equal(count, 2);
    assert_ok(f, store_networks(f->reader, GROUP2_ID, f->arena, &rows, &count, &f->err));
    assert_int_equal(count, 1);
    struct network second = make_network("c00000000000000000000003", GROUP2_ID, "vpc-00000000000000003");
    second.is_default = true;
    assert_err(f, ERR_EXISTS, store_write(f->store, insert_network_fn, &second, &f->err));
    assert_err(f, ERR_NOT_FOUND, store_network_get(f->reader, second.id, f->arena, &got, &f->err));
    set_id(second.id, 'c', 99);
    assert_err(f, ERR_NOT_FOUND, store_write(f->store, scan_network_fn, &second, &f->err));
}

static enum err event_fn(struct store_tx *tx, void *ctx, struct error *err)
{
    return store_tx_event(tx, ctx, err);
}

static void events_come_newest_first_by_order_of_commit(void **state)
{
    struct fixture *f = *state;
    struct event_row e = {.org_id = ORG_ID,
                          .group_id = GROUP_ID,
                          .type = "X",
                          .actor_kind = PRINCIPAL_SERVICE_ACCOUNT,
                          .actor = "who",
                          .remote = "::1",
                          .resource = SLICE("pcx-1"),
                          .detail = SLICE("{}")},
                     *rows;
    size_t n;
    for (uint64_t i = 5; i >= 1; i--) { // ids and clocks that run backwards
        set_id(e.id, 'e', i);
        e.created = wall_from_sec((int64_t)i);
        assert_true(cstr_set(e.group_id, sizeof(e.group_id), i == 3 ? "" : GROUP_ID));
        assert_ok(f, store_write(f->store, event_fn, &e, &f->err));
    }
    assert_err(f, ERR_EXISTS, store_write(f->store, event_fn, &e, &f->err));
    assert_ok(f, store_events(f->reader, GROUP_ID, (struct page){1, 3}, f->arena, &rows, &n, &f->err));
    assert_int_equal(n, 3);
    assert_int_equal(wall_sec(rows[0].created), 1);
    assert_int_equal(wall_sec(rows[2].created), 4);
    assert_int_equal(rows[0].actor_kind, PRINCIPAL_SERVICE_ACCOUNT);
    assert_string_equal(rows[0].actor, "who");
    assert_string_equal(rows[0].remote, "::1");
    assert_slice(rows[0].resource, "pcx-1");
    assert_slice(rows[0].detail, "{}");
    assert_ok(f, store_events(f->reader, GROUP_ID, (struct page){2, 3}, f->arena, &rows, &n, &f->err));
    assert_int_equal(n, 1);
    assert_ok(f, store_events(f->reader, NULL, (struct page){1, 100}, f->arena, &rows, &n, &f->err));
    assert_int_equal(n, 5);
    assert_string_equal(rows[2].group_id, "");
}

// Ten events of one group: "A" and "B" in turn, about pcx-1 or pcx-2, a second apart from 1,000,000 on.
static void add_ten(struct fixture *f)
{
    struct event_row e = {.org_id = ORG_ID, .group_id = GROUP_ID, .actor_kind = PRINCIPAL_LOCAL, .actor = "local"};
    for (uint64_t i = 0; i < 10; i++) {
        set_id(e.id, 'e', i);
        e.type[0] = i % 2 ? 'B' : 'A';
        e.resource = i < 6 ? SLICE("pcx-1") : SLICE("pcx-2");
        e.created.us = (int64_t)((1000000 + i) * US_PER_SEC + 1);
        assert_ok(f, store_write(f->store, event_fn, &e, &f->err));
    }
}

static uint64_t found(struct fixture *f, const struct event_filter *filter, size_t want_rows)
{
    struct event_row *rows;
    size_t n;
    uint64_t total;
    assert_ok(f, store_events_find(f->reader, filter, f->arena, &rows, &n, &total, &f->err));
    assert_int_equal(n, want_rows);
    for (size_t i = 1; i < n; i++) assert_true(filter->oldest_first == (rows[i].seq > rows[i - 1].seq));
    return total;
}

static void filters_of_events_choose_and_count(void **state)
{
    struct fixture *f = *state;
    const struct page page = {1, 4};
    add_ten(f);
    assert_int_equal(found(f, &(struct event_filter){.page = page}, 4), 10);
    assert_int_equal(found(f, &(struct event_filter){.group_id = GROUP_ID, .page = {3, 4}}, 2), 10);
    assert_int_equal(found(f, &(struct event_filter){.group_id = GROUP_ID, .page = page, .uncounted = true}, 4), 0);
    assert_int_equal(found(f, &(struct event_filter){.group_id = GROUP2_ID, .page = page}, 0), 0);
    assert_int_equal(found(f, &(struct event_filter){.org_id = ORG_ID, .page = page}, 0), 0);
    assert_int_equal(
        found(f, &(struct event_filter){.resource = SLICE("pcx-1"), .oldest_first = true, .page = page}, 4), 6);
    assert_int_equal(found(f, &(struct event_filter){.types = SLICE("[\"A\",\"C\"]"), .page = page}, 4), 5);
    assert_int_equal(found(f, &(struct event_filter){.types = SLICE("[]"), .page = page}, 0), 0);
    assert_int_equal(found(f, &(struct event_filter){.not_types = SLICE("[\"A\"]"), .page = page}, 4), 5);
    struct event_filter dated = {.since = wall_from_sec(1000002), .until = wall_from_sec(1000004), .page = page};
    assert_int_equal(found(f, &dated, 3), 3); // the last one a microsecond after `until`
    dated.since.us += 2;
    assert_int_equal(found(f, &dated, 2), 2);
}

static void one_event_is_found_in_its_scope_only(void **state)
{
    struct fixture *f = *state;
    struct event_row e;
    char id[OID_HEX + 1];
    add_ten(f);
    set_id(id, 'e', 3);
    const struct event_filter in = {.group_id = GROUP_ID}, out = {.group_id = GROUP2_ID}, org = {.org_id = ORG_ID};
    assert_ok(f, store_event_get(f->reader, &in, id, f->arena, &e, &f->err));
    assert_string_equal(e.type, "B");
    assert_string_equal(e.actor_id, "");
    assert_err(f, ERR_NOT_FOUND, store_event_get(f->reader, &out, id, f->arena, &e, &f->err));
    assert_err(f, ERR_NOT_FOUND, store_event_get(f->reader, &org, id, f->arena, &e, &f->err));
}

static void a_cursor_goes_through_all_events_once(void **state)
{
    struct fixture *f = *state;
    int64_t at = 0, last = 0;
    size_t seen = 0, n = 0;
    struct event_row *rows;
    add_ten(f);
    do {
        assert_ok(f, store_events_after(f->reader, at, 3, f->arena, &rows, &n, &last, &f->err));
        for (size_t i = 0; i < n; i++, seen++) {
            assert_true(rows[i].seq > at);
            at = rows[i].seq;
        }
    } while (n > 0);
    assert_int_equal(seen, 10);
    assert_int_equal(last, at);
    assert_ok(f, store_events_after(f->reader, at + 5, 3, f->arena, &rows, &n, &last, &f->err));
    assert_int_equal(n, 0);
    assert_int_equal(last, at);
}

struct lease {
    const char *owner;
    int64_t now;
    uint64_t epoch;
};

static enum err lease_fn(struct store_tx *tx, void *ctx, struct error *err)
{
    struct lease *l = ctx;
    return store_tx_lease(tx, "unit", l->owner, (struct wall){l->now * 1000}, 100, &l->epoch, err);
}
static enum err release_fn(struct store_tx *tx, void *ctx, struct error *err)
{
    return store_tx_lease_release(tx, "unit", ctx, err);
}
static enum err reset_fn(struct store_tx *tx, void *ctx, struct error *err)
{
    return store_tx_lease_reset(tx, err);
}

static void a_lease_has_one_owner_and_its_epoch_rises_with_each(void **state)
{
    struct fixture *f = *state;
    struct lease a = {"a", 1000, 0}, b = {"b", 1099, 0};
    char other[] = "other", name_b[] = "b";
    assert_ok(f, store_write(f->store, lease_fn, &a, &f->err));
    assert_int_equal(a.epoch, 1);
    assert_err(f, ERR_BUSY, store_write(f->store, lease_fn, &b, &f->err));
    a.now = 1050;
    assert_ok(f, store_write(f->store, lease_fn, &a, &f->err)); // renewed: until 1150
    assert_int_equal(a.epoch, 1);
    b.now = 1149;
    assert_err(f, ERR_BUSY, store_write(f->store, lease_fn, &b, &f->err));
    b.now = 1150;
    assert_ok(f, store_write(f->store, lease_fn, &b, &f->err));
    assert_int_equal(b.epoch, 2);
    a.now = 1160;
    assert_err(f, ERR_BUSY, store_write(f->store, lease_fn, &a, &f->err));
    assert_ok(f, store_write(f->store, release_fn, other, &f->err)); // not its own
    assert_err(f, ERR_BUSY, store_write(f->store, lease_fn, &a, &f->err));
    assert_ok(f, store_write(f->store, release_fn, name_b, &f->err));
    assert_ok(f, store_write(f->store, lease_fn, &a, &f->err));
    assert_int_equal(a.epoch, 3);
    assert_ok(f, store_write(f->store, reset_fn, NULL, &f->err));
    b.now = 1161;
    assert_ok(f, store_write(f->store, lease_fn, &b, &f->err));
    assert_int_equal(b.epoch, 4);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(groups_are_listed_as_far_as_grants_reach),
        T(pages_make_up_the_list_however_they_are_read),
        T(names_are_unique_where_they_must_be),
        T(a_network_comes_back_whole),
        T(events_come_newest_first_by_order_of_commit),
        T(filters_of_events_choose_and_count),
        T(one_event_is_found_in_its_scope_only),
        T(a_cursor_goes_through_all_events_once),
        T(a_lease_has_one_owner_and_its_epoch_rises_with_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
