// SPDX-License-Identifier: Apache-2.0
// The rules of plan as a table: stored row, observation and time in, change out.
// Run by: meson test. Must never: need a store or a clock.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka needs the three above first
#include <cmocka.h>

#include "reconcile/plan.h"

#define NOW      (INT64_C(1733944840) * US_PER_SEC)
#define NOTHING  CHANGE_KIND_COUNT_
#define HOUR     (3600 * US_PER_SEC)
#define NAME(n)  "pcx-0000000000000000" n
#define MISS_NO  0
#define MISS_NEW (NOW - VANISH_AFTER_US + 1)
#define MISS_OLD (NOW - VANISH_AFTER_US)

struct row {
    const char *what;
    const char *stored; // status, NULL = no row
    bool listed;
    int64_t missing, terminal;
    const char *seen; // status, NULL = not observed
    bool complete;
    enum change_kind want;
};

static const struct row rows[] = {
    {"unknown", NULL, false, 0, 0, "pending-acceptance", true, CHANGE_SEEN_NEW},
    {"unknown, incomplete", NULL, false, 0, 0, "pending-acceptance", false, CHANGE_SEEN_NEW},
    {"unknown and ended", NULL, false, 0, 0, "rejected", true, CHANGE_SEEN_NEW},
    {"same", "active", true, 0, 0, "active", true, NOTHING},
    {"status moved", "pending-acceptance", true, 0, 0, "active", true, CHANGE_SEEN_CHANGED},
    {"status moved, incomplete", "pending-acceptance", true, 0, 0, "active", false, CHANGE_SEEN_CHANGED},
    {"unknown status is kept as text", "active", true, 0, 0, "hibernating", true, CHANGE_SEEN_CHANGED},
    {"status not said", "active", true, 0, 0, "", true, NOTHING},
    {"absent once", "active", true, MISS_NO, 0, NULL, true, CHANGE_MISSING},
    {"absent, incomplete", "active", true, MISS_NO, 0, NULL, false, NOTHING},
    {"absent again too soon", "active", true, MISS_NEW, 0, NULL, true, NOTHING},
    {"absent again", "active", true, MISS_OLD, 0, NULL, true, CHANGE_LOST},
    {"absent again, incomplete", "active", true, MISS_OLD, 0, NULL, false, NOTHING},
    {"pending absent again", "pending-acceptance", true, MISS_OLD, 0, NULL, true, CHANGE_LOST},
    {"back", "active", true, MISS_NEW, 0, "active", true, CHANGE_REAPPEARED},
    {"back and moved", "pending-acceptance", true, MISS_OLD, 0, "active", false, CHANGE_REAPPEARED},
    {"ended and still shown", "rejected", true, 0, NOW - HOUR, "rejected", true, NOTHING},
    {"ended, window over, still shown", "rejected", true, 0, NOW - 2 * HOUR, "rejected", true, CHANGE_UNLIST},
    {"ended, window over, not shown", "rejected", true, 0, NOW - 2 * HOUR, NULL, true, CHANGE_UNLIST},
    {"ended, window over, incomplete", "rejected", true, 0, NOW - 2 * HOUR, NULL, false, CHANGE_UNLIST},
    {"ended, not shown early", "deleted", true, 0, NOW - HOUR, NULL, true, NOTHING},
    {"ended and missing stays until its window", "deleted", true, MISS_OLD, NOW - HOUR, NULL, true, NOTHING},
    {"expired has two days", "expired", true, 0, NOW - 47 * HOUR, "expired", true, NOTHING},
    {"expired, two days over", "expired", true, 0, NOW - 48 * HOUR, NULL, true, CHANGE_UNLIST},
    {"deleted elsewhere and still shown", "deleted", true, 0, NOW - 47 * HOUR, "deleted", true, NOTHING},
    {"deleted elsewhere, two days over", "deleted", true, 0, NOW - 48 * HOUR, "deleted", true, CHANGE_UNLIST},
    {"deleted elsewhere, not shown", "deleted", true, 0, NOW - 2 * HOUR, NULL, true, CHANGE_UNLIST},
    {"failed", "failed", true, 0, NOW - 2 * HOUR, "failed", true, CHANGE_UNLIST},
    {"failed and still shown", "failed", true, 0, NOW - HOUR, "failed", true, NOTHING},
    {"clock went back", "rejected", true, 0, NOW + HOUR, NULL, true, NOTHING},
    {"history and still the same end", "rejected", false, 0, NOW - 3 * HOUR, "rejected", true, NOTHING},
    {"history and another end", "expired", false, 0, NOW - 3 * HOUR, "deleted", true, CHANGE_REAPPEARED},
    {"history comes alive", "active", false, 0, 0, "active", true, CHANGE_REAPPEARED},
    {"history not shown", "active", false, MISS_OLD, 0, NULL, true, NOTHING},
};

static struct connection make_row(const char *name, const char *status)
{
    struct connection c = {.requester_account = "222222222222", .accepter_vpc = "vpc-00000000000000001"};
    assert_true(cstr_set(c.name, sizeof c.name, name));
    assert_true(cstr_set(c.cloud_status, sizeof c.cloud_status, status));
    c.requester_cidrs = SLICE("10.0.0.0/16");
    c.listed = true;
    return c;
}

static struct observed make_seen(const char *name, const char *status)
{
    struct observed o = {.requester_account = "222222222222", .accepter_vpc = "vpc-00000000000000001"};
    assert_true(cstr_set(o.name, sizeof o.name, name));
    assert_true(cstr_set(o.cloud_status, sizeof o.cloud_status, status));
    return o;
}

static void test_each_rule(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct row *r = &rows[i];
        struct arena *a = arena_new(1 << 20);
        struct connection stored = make_row(NAME("1"), r->stored ? r->stored : "");
        struct observed seen = make_seen(NAME("1"), r->seen ? r->seen : "");
        stored.listed = r->listed;
        stored.missing_since.us = r->missing;
        stored.terminal_since.us = r->terminal;
        struct plan_input in = {&stored, r->stored != NULL, &seen, r->seen != NULL, r->complete, {NOW}};
        struct change *changes;
        struct error err;
        size_t n;
        assert_int_equal(plan_network(&in, a, &changes, &n, &err), ERR_OK);
        bool ok = r->want == NOTHING ? n == 0 : n == 1 && changes[0].kind == r->want;
        if (!ok) fail_msg("%s: %zu changes, first %d", r->what, n, n ? (int)changes[0].kind : -1);
        if (n) {
            assert_ptr_equal(changes[0].stored, r->stored ? &stored : NULL);
            bool with_seen = r->want <= CHANGE_REAPPEARED;
            assert_ptr_equal(changes[0].seen, with_seen ? &seen : NULL);
        }
        arena_free(a);
    }
}

static void test_what_is_not_said_is_no_change(void **state)
{
    (void)state;
    struct arena *a = arena_new(1 << 20);
    struct connection stored = make_row(NAME("1"), "deleted");
    struct observed seen = {.cloud_status = "deleted"};
    assert_true(cstr_set(seen.name, sizeof seen.name, stored.name)); // no CIDRs, no owners: AWS forgets them at the end
    struct plan_input in = {&stored, 1, &seen, 1, true, {NOW}};
    struct change *changes;
    struct error err;
    size_t n;
    assert_int_equal(plan_network(&in, a, &changes, &n, &err), ERR_OK);
    assert_int_equal(n, 0);
    seen.requester_cidrs = SLICE("10.0.0.0/16 10.9.0.0/16");
    assert_int_equal(plan_network(&in, a, &changes, &n, &err), ERR_OK);
    assert_int_equal(n, 1);
    assert_int_equal(changes[0].kind, CHANGE_SEEN_CHANGED);
    arena_free(a);
}

// Unsorted on both sides, each combination once.
static void test_lists_are_merged_by_name(void **state)
{
    (void)state;
    struct arena *a = arena_new(1 << 20);
    struct connection stored[] = {make_row(NAME("5"), "active"), make_row(NAME("1"), "active"),
                                  make_row(NAME("3"), "active")};
    struct observed seen[] = {make_seen(NAME("4"), "active"), make_seen(NAME("3"), "active"),
                              make_seen(NAME("5"), "deleted"), make_seen(NAME("0"), "active")};
    struct plan_input in = {stored, 3, seen, 4, true, {NOW}};
    static const struct {
        const char *name;
        enum change_kind kind;
    } want[] = {{NAME("0"), CHANGE_SEEN_NEW},
                {NAME("1"), CHANGE_MISSING},
                {NAME("4"), CHANGE_SEEN_NEW},
                {NAME("5"), CHANGE_SEEN_CHANGED}};
    struct change *changes;
    struct error err;
    size_t n;
    assert_int_equal(plan_network(&in, a, &changes, &n, &err), ERR_OK);
    assert_int_equal(n, ARRAY_LEN(want));
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(changes[i].kind, want[i].kind);
        assert_string_equal(changes[i].seen ? changes[i].seen->name : changes[i].stored->name, want[i].name);
    }
    in.stored_n = in.seen_n = 0;
    assert_int_equal(plan_network(&in, a, &changes, &n, &err), ERR_OK);
    assert_int_equal(n, 0);
    arena_free(a);
    a = arena_new(64);
    in.stored_n = 3;
    in.seen_n = 4;
    assert_int_equal(plan_network(&in, a, &changes, &n, &err), ERR_NOMEM);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_rule),
        cmocka_unit_test(test_what_is_not_said_is_no_change),
        cmocka_unit_test(test_lists_are_merged_by_name),
    };
    return cmocka_run_group_tests_name("reconcile/plan", tests, NULL, NULL);
}
