// SPDX-License-Identifier: Apache-2.0
// Operations on webhooks: refusals, events, tests, and what outcomes leave. Run by: meson test.
#include "core/webhook.h"

#include "actions.h"
#include "core/tenants.h"

#define HOOK "e00000000000000000000001"

static struct webhook make_hook(void)
{
    return (struct webhook){
        .id = HOOK, .org_id = ORG_ID, .group_id = GROUP_ID, .url = "https://example.com/", .notices = NOTICE_ALL};
}

static void add_hook(struct core_fixture *c)
{
    struct webhook w = make_hook();
    assert_ok(&c->f, core_webhook_add(c->core, &somebody, &w, &c->f.err));
}

static struct webhook hook_now(struct core_fixture *c)
{
    struct webhook w;
    assert_ok(&c->f, store_webhook_get(c->f.reader, HOOK, c->f.arena, &w, &c->f.err));
    return w;
}

static void bad_ones_are_refused(void **state)
{
    struct core_fixture *c = *state;
    struct webhook w = make_hook();
    assert_true(cstr_set(w.url, sizeof(w.url), "gopher://example.com/"));
    assert_err(&c->f, ERR_INVALID, core_webhook_add(c->core, &somebody, &w, &c->f.err));
    w = make_hook();
    w.notices = 0;
    assert_err(&c->f, ERR_INVALID, core_webhook_add(c->core, &somebody, &w, &c->f.err));
    w = make_hook();
    assert_true(cstr_set(w.org_id, sizeof(w.org_id), GROUP_ID));
    assert_err(&c->f, ERR_NOT_FOUND, core_webhook_add(c->core, &somebody, &w, &c->f.err));
    w = make_hook();
    assert_true(cstr_set(w.group_id, sizeof(w.group_id), ORG_ID));
    assert_err(&c->f, ERR_NOT_FOUND, core_webhook_add(c->core, &somebody, &w, &c->f.err));
    uint64_t n;
    struct slice none = {NULL, 0};
    assert_err(&c->f, ERR_NOT_FOUND, core_webhook_remove(c->core, &somebody, HOOK, &c->f.err));
    assert_err(&c->f, ERR_NOT_FOUND, core_webhook_enable(c->core, &somebody, HOOK, true, none, &c->f.err));
    assert_err(&c->f, ERR_NOT_FOUND, core_webhook_test(c->core, &somebody, HOOK, &c->f.err));
    assert_err(&c->f, ERR_NOT_FOUND,
               core_webhook_replay(c->core, &somebody, HOOK, NULL, (struct wall){0}, &n, &c->f.err));
    assert_string_equal(event_types(c), "");
}

static void an_organisation_has_so_many_and_no_more(void **state)
{
    struct core_fixture *c = *state;
    struct webhook w = make_hook();
    for (unsigned i = 0; i < WEBHOOKS_MAX; i++) {
        set_id(w.id, 'e', i);
        assert_ok(&c->f, core_webhook_add(c->core, &somebody, &w, &c->f.err));
    }
    set_id(w.id, 'e', WEBHOOKS_MAX);
    assert_err(&c->f, ERR_TOO_LARGE, core_webhook_add(c->core, &somebody, &w, &c->f.err));
}

static void an_edit_is_one_change_and_what_is_the_same_is_none(void **state)
{
    struct core_fixture *c = *state;
    struct event_row *rows;
    size_t n;
    add_hook(c);
    const struct webhook_edit none = {.set_notices = true, .notices = NOTICE_ALL, .set_enabled = true, .enabled = true};
    assert_ok(&c->f, core_webhook_edit(c->core, &somebody, HOOK, &none, &c->f.err));
    assert_string_equal(event_types(c), "PEERAGE_WEBHOOK_ADDED");
    const struct webhook_edit bad[] = {{.url = SLICE("ftp://x/"), .set_enabled = true},
                                       {.set_notices = true, .description = SLICE("other")},
                                       {.set_enabled = true}};
    char longest[WEBHOOK_DESCRIPTION];
    memset(longest, 'x', sizeof(longest));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct webhook_edit q = bad[i];
        if (i == 2) q.description = slice_n(longest, sizeof(longest));
        assert_err(&c->f, ERR_INVALID, core_webhook_edit(c->core, &somebody, HOOK, &q, &c->f.err));
    }
    assert_true(hook_now(c).enabled); // all or nothing
    const struct webhook_edit all = {.url = SLICE("https://example.org/x"),
                                     .description = SLICE("pager"),
                                     .set_notices = true,
                                     .notices = 1u << NOTICE_ACTIVE | 1u << NOTICE_FAILED,
                                     .set_enabled = true,
                                     .reason = SLICE("tired")};
    assert_ok(&c->f, core_webhook_edit(c->core, &somebody, HOOK, &all, &c->f.err));
    assert_ok(&c->f, core_webhook_edit(c->core, &somebody, HOOK, &all, &c->f.err)); // again
    assert_string_equal(event_types(c), "PEERAGE_WEBHOOK_DISABLED PEERAGE_WEBHOOK_CHANGED PEERAGE_WEBHOOK_ADDED");
    assert_ok(&c->f, store_events(c->f.reader, NULL, (struct page){2, 1}, c->f.arena, &rows, &n, &c->f.err));
    assert_slice(rows[0].detail, "{\"description\":\"pager\",\"events\":\"connection.active connection.failed\","
                                 "\"url\":\"https://example.org/x\"}");
    struct webhook w = hook_now(c);
    assert_string_equal(w.url, "https://example.org/x");
    assert_int_equal(w.notices, all.notices);
    assert_false(w.enabled);
    assert_slice(w.reason, "tired");
    const struct webhook_edit no_text = {.description = SLICE("")};
    assert_ok(&c->f, core_webhook_edit(c->core, &somebody, HOOK, &no_text, &c->f.err));
    assert_string_equal(hook_now(c).description, "");
    assert_err(&c->f, ERR_NOT_FOUND, core_webhook_edit(c->core, &somebody, ORG_ID, &none, &c->f.err));
}

static void every_change_is_an_event(void **state)
{
    struct core_fixture *c = *state;
    struct slice none = {NULL, 0};
    const struct webhook_secret s = {.key_id = "0011223344556677"};
    uint64_t n;
    add_hook(c);
    assert_ok(&c->f, core_webhook_enable(c->core, &somebody, HOOK, true, none, &c->f.err)); // it is: no event
    assert_ok(&c->f, core_webhook_enable(c->core, &somebody, HOOK, false, SLICE("tired"), &c->f.err));
    assert_false(hook_now(c).enabled);
    assert_slice(hook_now(c).reason, "tired");
    assert_ok(&c->f, core_webhook_enable(c->core, &somebody, HOOK, true, none, &c->f.err));
    assert_slice(hook_now(c).reason, "");
    assert_ok(&c->f, core_webhook_rotate(c->core, &somebody, HOOK, &s, wall_from_sec(NOW_SEC + 60), &c->f.err));
    assert_int_equal(hook_now(c).secret_count, 2);
    assert_ok(&c->f, core_webhook_test(c->core, &somebody, HOOK, &c->f.err));
    assert_ok(&c->f, core_webhook_replay(c->core, &somebody, HOOK, NULL, (struct wall){0}, &n, &c->f.err));
    assert_int_equal(n, 0);
    assert_err(&c->f, ERR_NOT_FOUND,
               core_webhook_replay(c->core, &somebody, HOOK, ORG_ID, (struct wall){0}, &n, &c->f.err));
    assert_ok(&c->f, core_webhook_remove(c->core, &somebody, HOOK, &c->f.err));
    assert_string_equal(
        event_types(c),
        "PEERAGE_WEBHOOK_REMOVED PEERAGE_WEBHOOK_REPLAYED PEERAGE_WEBHOOK_TESTED PEERAGE_WEBHOOK_ROTATED "
        "PEERAGE_WEBHOOK_ENABLED PEERAGE_WEBHOOK_DISABLED PEERAGE_WEBHOOK_ADDED");
}

static struct delivery first(struct core_fixture *c)
{
    struct delivery d;
    assert_ok(&c->f, store_outbox_first(c->f.reader, HOOK, c->f.arena, &d, &c->f.err));
    return d;
}

static void a_test_goes_to_its_hook_alone(void **state)
{
    struct core_fixture *c = *state;
    struct webhook other = make_hook();
    struct delivery d;
    add_hook(c);
    set_id(other.id, 'e', 2);
    assert_ok(&c->f, core_webhook_add(c->core, &somebody, &other, &c->f.err));
    assert_ok(&c->f, core_webhook_test(c->core, &somebody, HOOK, &c->f.err));
    assert_int_equal(first(c).notice, NOTICE_TEST);
    assert_err(&c->f, ERR_NOT_FOUND, store_outbox_first(c->f.reader, other.id, c->f.arena, &d, &c->f.err));
}

static void a_dead_one_is_an_event_and_410_ends_the_hook(void **state)
{
    struct core_fixture *c = *state;
    add_hook(c);
    assert_ok(&c->f, core_webhook_test(c->core, &somebody, HOOK, &c->f.err));
    struct delivery d = first(c);
    d.state = DELIVERY_DEAD;
    d.attempts = 9;
    d.last_attempt = d.finished = clock_wall(&c->f.clock);
    d.reason = SLICE("the receiver answered 410");
    const struct delivery_outcome o = {.row = &d, .gone = true};
    assert_ok(&c->f, core_delivery_outcome(c->core, &o, &c->f.err));
    assert_false(hook_now(c).enabled);
    assert_true(slice_starts(slice_of(event_types(c)),
                             SLICE("PEERAGE_WEBHOOK_DISABLED PEERAGE_WEBHOOK_DELIVERY_DEAD PEERAGE_WEBHOOK_TESTED")));
    assert_err(&c->f, ERR_NOT_FOUND, core_delivery_outcome(c->core, &o, &c->f.err)); // recorded once
}

static void hooks_go_with_their_group_and_organisation(void **state)
{
    struct core_fixture *c = *state;
    struct webhook w = make_hook(), *all;
    struct group_use use;
    struct org other;
    size_t n;
    assert_true(cstr_set(w.group_id, sizeof(w.group_id), GROUP2_ID));
    assert_ok(&c->f, core_webhook_add(c->core, &somebody, &w, &c->f.err));
    assert_ok(&c->f, core_group_delete(c->core, &somebody, GROUP2_ID, &use, &c->f.err));
    assert_ok(&c->f, core_org_create(c->core, &somebody, SLICE("elsewhere"), &other, &c->f.err));
    w.group_id[0] = '\0';
    memcpy(w.org_id, other.id, sizeof(w.org_id));
    assert_ok(&c->f, core_webhook_add(c->core, &somebody, &w, &c->f.err));
    assert_ok(&c->f, core_org_delete(c->core, &somebody, other.id, &c->f.err));
    assert_ok(&c->f, store_webhooks(c->f.reader, NULL, c->f.arena, &all, &n, &c->f.err));
    assert_int_equal(n, 0);
}

static void what_is_lost_to_a_full_outbox_is_an_event(void **state)
{
    struct core_fixture *c = *state;
    struct store_options o = fixture_options(&c->f);
    core_close(&c->core);
    fixture_close(&c->f);
    o.outbox_max = 100;
    assert_ok(&c->f, store_open(&o, &c->f.store, &c->f.err));
    assert_ok(&c->f, store_reader_open(c->f.store, &c->f.reader, &c->f.err));
    assert_ok(&c->f, core_open(c->f.store, &c->f.clock, &c->rng, &c->core, &c->f.err));
    add_hook(c);
    for (int i = 0; i < 101; i++) assert_ok(&c->f, core_webhook_test(c->core, &somebody, HOOK, &c->f.err));
    assert_true(
        slice_starts(slice_of(event_types(c)), SLICE("PEERAGE_WEBHOOK_DELIVERIES_DROPPED PEERAGE_WEBHOOK_TESTED")));
    struct event_row *e;
    size_t n;
    assert_ok(&c->f, store_events(c->f.reader, NULL, (struct page){1, 1}, c->f.arena, &e, &n, &c->f.err));
    assert_slice(e->detail, "{\"deliveries\":11}");
}

int main(void)
{
#define WITH_CORE(name) cmocka_unit_test_setup_teardown(name, core_setup, actions_teardown)
    const struct CMUnitTest tests[] = {
        WITH_CORE(bad_ones_are_refused),
        WITH_CORE(an_organisation_has_so_many_and_no_more),
        WITH_CORE(an_edit_is_one_change_and_what_is_the_same_is_none),
        WITH_CORE(every_change_is_an_event),
        WITH_CORE(a_test_goes_to_its_hook_alone),
        WITH_CORE(a_dead_one_is_an_event_and_410_ends_the_hook),
        WITH_CORE(hooks_go_with_their_group_and_organisation),
        WITH_CORE(what_is_lost_to_a_full_outbox_is_an_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
