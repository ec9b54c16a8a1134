// SPDX-License-Identifier: Apache-2.0
// From events to messages: the table says something of every event, who did what is told right, a change that is rolled
// back leaves no message, and thresholds of expiry are told once. Run by: meson test.
#include "actions.h"
#include "core/notices.h"
#include "core/webhook.h"

#define HOOK "e00000000000000000000001"

static void add_hook(struct core_fixture *c)
{
    struct webhook w = {.id = HOOK, .org_id = ORG_ID, .url = "https://example.com/", .notices = NOTICE_ALL};
    assert_ok(&c->f, core_webhook_add(c->core, &somebody, &w, &c->f.err));
}

// The types of all messages, oldest first, in one line.
static const char *told(struct core_fixture *c)
{
    static char text[2048];
    struct delivery_filter all = {.state = -1, .page = {1, 100}};
    struct delivery *rows;
    size_t n;
    text[0] = '\0';
    assert_ok(&c->f, store_deliveries(c->f.reader, &all, c->f.arena, &rows, &n, &c->f.err));
    while (n-- > 0) {
        size_t at = strlen(text);
        (void)snprintf(text + at, sizeof(text) - at, "%s%s", at ? " " : "", notice_type(rows[n].notice));
    }
    return text;
}

static void every_event_has_its_row(void **state)
{
    (void)state;
    for (unsigned t = 0; t < AUDIT_TYPE_COUNT_; t++)
        if (!notices_know((enum audit_type)t))
            fail_msg("spec/notices.def says nothing of %s: which notice does it make? If none, say SILENT",
                     audit_type_name((enum audit_type)t));
}

// Every pair of statuses and every request before, held against the meaning in words.
static void every_move_is_told_right(void **state)
{
    static const char *const statuses[] = {"initiating-request",
                                           "pending-acceptance",
                                           "provisioning",
                                           "active",
                                           "deleting",
                                           "deleted",
                                           "rejected",
                                           "failed",
                                           "expired",
                                           "something-new"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
        for (size_t k = 0; k < ARRAY_LEN(statuses); k++)
            for (unsigned l = 0; l < LOCAL_COUNT_; l++) {
                struct connection before = {.local_status = (enum local_status)l}, row = before;
                assert_true(cstr_set(before.cloud_status, sizeof(before.cloud_status), statuses[i]));
                assert_true(cstr_set(row.cloud_status, sizeof(row.cloud_status), statuses[k]));
                const struct audit_subject about = {&before, &row};
                notice_set got = notices_of(AUDIT_CONNECTION_STATUS_CHANGED, &about), want = 0;
                bool was_pending = i < 2, live = i < 4 || i == 9, ends = k == 4 || k == 5;
                bool moved = i != k && !(i < 2 && k < 2);
#define WANT(n, when) want |= (notice_set)(when) << NOTICE_##n
                WANT(ACCEPTED, was_pending && (k == 2 || k == 3) && l != LOCAL_ACCEPT_REQUESTED);
                WANT(ACTIVE, moved && k == 3);
                WANT(REJECTED, live && k == 6 && l != LOCAL_REJECT_REQUESTED);
                WANT(EXPIRED, moved && k == 8);
                WANT(FAILED, moved && k == 7);
                WANT(DELETED, live && ends && l == LOCAL_REQUEST_DELETE);
                WANT(DELETED_ELSEWHERE, live && ends && l != LOCAL_REQUEST_DELETE && l != LOCAL_DELETE_REQUESTED);
                if (got != want)
                    fail_msg("%s to %s, %s: %x instead of %x", statuses[i], statuses[k],
                             local_status_name((enum local_status)l), got, want);
                assert_int_equal(notices_of(AUDIT_CONNECTION_REAPPEARED, &about), want);
                assert_int_equal(notices_of(AUDIT_CONNECTION_CHANGED, &about), 0);
                WANT(REQUESTED, false);
                notice_set vanished = notices_of(AUDIT_CONNECTION_VANISHED, &about);
                want = 0;
                WANT(DELETED, live && l == LOCAL_REQUEST_DELETE);
                WANT(DELETED_ELSEWHERE, live && l != LOCAL_REQUEST_DELETE && l != LOCAL_DELETE_REQUESTED);
                assert_int_equal(vanished, want);
            }
}

static void only_new_requests_are_new(void **state)
{
    (void)state;
    struct connection row = {.cloud_status = "pending-acceptance"};
    const struct audit_subject about = {NULL, &row};
    assert_int_equal(notices_of(AUDIT_CONNECTION_DISCOVERED, &about), 1u << NOTICE_REQUESTED);
    assert_true(cstr_set(row.cloud_status, sizeof(row.cloud_status), "active"));
    assert_int_equal(notices_of(AUDIT_CONNECTION_DISCOVERED, &about), 0);
    assert_true(cstr_set(row.cloud_status, sizeof(row.cloud_status), "failed"));
    assert_int_equal(notices_of(AUDIT_CONNECTION_DISCOVERED, &about), 1u << NOTICE_FAILED);
    assert_int_equal(notices_of(AUDIT_CONNECTION_DISCOVERED, NULL), 0);
    assert_true(cstr_set(row.cloud_status, sizeof(row.cloud_status), "pending-acceptance"));
    assert_int_equal(notices_of(AUDIT_POLICY_HANDED_OVER, &about), 1u << NOTICE_REQUESTED);
    const struct audit_subject before = {&row, &row}; // of the group that it leaves
    assert_int_equal(notices_of(AUDIT_POLICY_HANDED_OVER, &before), 0);
}

static void a_life_is_told_in_order(void **state)
{
    struct core_fixture *c = *state;
    add_hook(c);
    discover_as(c, "pending-acceptance");
    assert_int_equal(ask(c, ACTION_ACCEPT), ANSWER_TAKEN);
    struct intent i = begun(c);
    finish(c, &i, OUTCOME_DONE, NULL);
    scan_as(c, "provisioning");
    scan_as(c, "active");
    assert_int_equal(ask(c, ACTION_DELETE), ANSWER_TAKEN);
    i = begun(c);
    finish(c, &i, OUTCOME_DONE, NULL);
    scan_as(c, "deleting");
    scan_as(c, "deleted");
    assert_string_equal(told(c), "connection.requested connection.accepted connection.active connection.deleted");
}

static void a_scan_that_is_faster_than_the_outcome_tells_the_same(void **state)
{
    struct core_fixture *c = *state;
    add_hook(c);
    discover_as(c, "pending-acceptance");
    assert_int_equal(ask(c, ACTION_ACCEPT), ANSWER_TAKEN);
    (void)begun(c);
    scan_as(c, "active"); // before the actuator could say that it was done
    assert_int_equal(ask(c, ACTION_DELETE), ANSWER_TAKEN);
    (void)begun(c);
    scan_as(c, "deleting");
    assert_string_equal(told(c), "connection.requested connection.accepted connection.active connection.deleted");
}

static void failures_and_others_deeds_are_told(void **state)
{
    struct core_fixture *c = *state;
    add_hook(c);
    discover_as(c, "pending-acceptance");
    assert_int_equal(ask(c, ACTION_ACCEPT), ANSWER_TAKEN);
    struct intent i = begun(c);
    finish(c, &i, OUTCOME_FAILED, NULL);
    scan_as(c, "active"); // someone accepted it in the console
    scan_as(c, "deleted");
    assert_string_equal(told(c), "connection.requested connection.failed connection.accepted connection.active "
                                 "connection.deleted_elsewhere");
}

static void bodies_say_what_was(void **state)
{
    struct core_fixture *c = *state;
    add_hook(c);
    discover_as(c, "pending-acceptance");
    scan_as(c, "rejected");
    struct delivery d;
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    assert_ok(&c->f, store_outbox_first(c->f.reader, HOOK, c->f.arena, &d, &c->f.err));
    assert_int_equal(json_read(d.body, 65536, &doc, &c->f.err), ERR_OK);
    const struct json_value *root = json_root(doc), *data = json_get(root, "data");
    assert_slice(json_string(json_get(root, "id")), d.id);
    assert_slice(json_string(json_get(root, "type")), "connection.requested");
    assert_slice(json_string(json_get(root, "timestamp")), "2024-12-11T19:20:40.000Z");
    assert_slice(json_string(json_get(data, "groupId")), GROUP_ID);
    assert_slice(json_string(json_get(data, "orgId")), ORG_ID);
    assert_slice(json_string(json_get(data, "networkId")), NETWORK_ID);
    assert_slice(json_string(json_get(data, "subject")), PCX);
    assert_slice(json_string(json_get(data, "eventTypeName")), "PEERAGE_CONNECTION_DISCOVERED");
    const struct json_value *k = json_get(data, "connection");
    assert_slice(json_string(json_get(k, "cloudStatus")), "pending-acceptance"); // not what it became
    assert_slice(json_string(json_get(k, "name")), PCX);
    assert_slice(json_string(json_get(json_get(data, "detail"), "cloudStatus")), "pending-acceptance");
}

static void failing_scans_are_told_once_and_their_end(void **state)
{
    struct core_fixture *c = *state;
    struct network n;
    add_hook(c);
    for (int i = 0; i < 5; i++) {
        assert_ok(&c->f, store_network_get(c->f.reader, NETWORK_ID, c->f.arena, &n, &c->f.err));
        assert_ok(&c->f, core_scan_failed(c->core, &n, false, SLICE("EC2 is away"), &c->f.err));
        advance(c, 61);
    }
    assert_string_equal(told(c), "scan.failing");
    assert_ok(&c->f, store_network_get(c->f.reader, NETWORK_ID, c->f.arena, &n, &c->f.err));
    assert_ok(&c->f, core_scan_applied(c->core, &n, CORE_AS_OF_NOW, NULL, 0, (struct slice){NULL, 0}, &c->f.err));
    assert_string_equal(told(c), "scan.failing scan.recovered");
}

// ---- one transaction --------------------------------------------------------------------------------------

static enum err write_and_fail(struct store_tx *tx, void *ctx, struct error *err)
{
    struct core_fixture *c = ctx;
    struct audit a;
    struct connection row = make_connection(1);
    const struct audit_subject about = {NULL, &row};
    audit_begin(&a, &c->rng, clock_wall(&c->f.clock), NULL);
    memcpy(a.org_id, ORG_ID, sizeof(a.org_id));
    memcpy(a.group_id, GROUP_ID, sizeof(a.group_id));
    enum err code = audit_write_about(tx, &a, AUDIT_CONNECTION_DISCOVERED, slice_of(row.name), (struct slice){NULL, 0},
                                      &about, err);
    if (code != ERR_OK) return code;
    struct delivery d;
    assert_int_equal(store_outbox_first(store_tx_reader(tx), HOOK, c->f.arena, &d, err), ERR_OK); // it is there
    return error_set(err, ERR_IO, "the change fails after its event");
}

static void a_change_that_fails_tells_nobody(void **state)
{
    struct core_fixture *c = *state;
    add_hook(c);
    assert_err(&c->f, ERR_IO, store_write(c->f.store, write_and_fail, c, &c->f.err));
    assert_string_equal(told(c), "");
    assert_string_equal(event_types(c), "PEERAGE_WEBHOOK_ADDED");
}

static void nothing_is_written_for_nobody(void **state)
{
    struct core_fixture *c = *state;
    discover_as(c, "pending-acceptance");
    assert_string_equal(told(c), "");
}

// ---- expiry -----------------------------------------------------------------------------------------------

static size_t tell(struct core_fixture *c)
{
    size_t n;
    assert_ok(&c->f, core_expiring_tell(c->core, c->f.reader, &n, &c->f.err));
    return n;
}

static void discover_expiring(struct core_fixture *c, int64_t in_seconds)
{
    struct observed o = seen_as("pending-acceptance");
    o.expiration.us = clock_wall(&c->f.clock).us + in_seconds * US_PER_SEC;
    scan(c, CHANGE_SEEN_NEW, &o);
}

static void each_threshold_is_told_once(void **state)
{
    struct core_fixture *c = *state;
    add_hook(c);
    discover_expiring(c, 604800);
    assert_int_equal(tell(c), 0);
    for (int hours = 168; hours > 0; hours--) { // every hour of its life
        size_t n = tell(c);
        assert_int_equal(n, hours == 72 || hours == 24 || hours == 4);
        assert_int_equal(tell(c), 0);
        advance(c, 3600);
    }
    assert_int_equal(tell(c), 0);
    assert_string_equal(told(c), "connection.requested connection.expiring connection.expiring connection.expiring");
}

static void only_the_nearest_is_told_of_one_that_is_seen_late(void **state)
{
    struct core_fixture *c = *state;
    discover_expiring(c, 3 * 3600);
    assert_int_equal(tell(c), 1); // an event, webhooks or not
    assert_int_equal(tell(c), 0);
    struct event_row *e;
    size_t n;
    assert_ok(&c->f, store_events(c->f.reader, GROUP_ID, (struct page){1, 1}, c->f.arena, &e, &n, &c->f.err));
    assert_string_equal(e->type, "PEERAGE_CONNECTION_EXPIRING");
    assert_slice(e->resource, PCX);
    assert_non_null(memmem(e->detail.p, e->detail.n, "\"hours\":4,", 10));
    advance(c, 3 * 3600);
    assert_int_equal(tell(c), 0);
}

static void one_that_is_no_longer_pending_does_not_expire(void **state)
{
    struct core_fixture *c = *state;
    discover_expiring(c, 80 * 3600);
    advance(c, 10 * 3600);
    scan_as(c, "provisioning");
    assert_int_equal(tell(c), 0);
}

int main(void)
{
#define WITH_CORE(name) cmocka_unit_test_setup_teardown(name, core_setup, actions_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_event_has_its_row),
        cmocka_unit_test(every_move_is_told_right),
        cmocka_unit_test(only_new_requests_are_new),
        WITH_CORE(a_life_is_told_in_order),
        WITH_CORE(a_scan_that_is_faster_than_the_outcome_tells_the_same),
        WITH_CORE(failures_and_others_deeds_are_told),
        WITH_CORE(bodies_say_what_was),
        WITH_CORE(failing_scans_are_told_once_and_their_end),
        WITH_CORE(a_change_that_fails_tells_nobody),
        WITH_CORE(nothing_is_written_for_nobody),
        WITH_CORE(each_threshold_is_told_once),
        WITH_CORE(only_the_nearest_is_told_of_one_that_is_seen_late),
        WITH_CORE(one_that_is_no_longer_pending_does_not_expire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
