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
        T(names_are_unique_where_they_must_be),
        T(a_network_comes_back_whole),
        T(events_come_newest_first_by_order_of_commit),
        T(a_lease_has_one_owner_and_its_epoch_rises_with_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
