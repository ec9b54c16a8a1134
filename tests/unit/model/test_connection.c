// SPDX-License-Identifier: Apache-2.0
// Statuses, shown fields, and what an observation changes in a row.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "model/connection.h"

static void assert_slice(struct slice s, const char *expected)
{
    if (!slice_eq_cstr(s, expected)) fail_msg("\"%.*s\" is not \"%s\"", SLICE_FMT(s), expected);
}

static struct connection row(const char *status)
{
    struct connection c = {.requester_cidrs = SLICE("10.0.0.0/16 10.1.0.0/16"),
                           .accepter_cidrs = SLICE("10.2.0.0/16 fd00::/56"),
                           .cloud_message = SLICE("what AWS says"),
                           .expiration = {77},
                           .listed = true};
    assert_true(cstr_set(c.cloud_status, sizeof(c.cloud_status), status));
    return c;
}

static void local_statuses_are_the_contracts_ten(void **state)
{
    static const char *const names[] = {
        "NONE",           "SCAN_FAILED",      "UPDATE_FAILED",  "REQUEST_ACCEPT",   "ACCEPT_REQUESTED",
        "REQUEST_REJECT", "REJECT_REQUESTED", "REQUEST_DELETE", "DELETE_REQUESTED", "ACTIVE"};
    assert_int_equal(ARRAY_LEN(names), LOCAL_COUNT_);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        enum local_status s;
        assert_true(local_status_parse(slice_of(names[i]), &s));
        assert_string_equal(local_status_name(s), names[i]);
    }
    enum local_status s;
    assert_false(local_status_parse(SLICE("active"), &s));
    assert_false(local_status_parse(SLICE(""), &s));
}

// Columns: terminal, window in hours, accepterCidr, expirationTime, AWS' words shown.
static void what_each_cloud_status_shows(void **state)
{
    static const struct {
        const char *code;
        bool terminal;
        int hours;
        bool accepter, expires, words;
    } rows[] = {
        {"initiating-request", false, 0, false, true, true},
        {"pending-acceptance", false, 0, false, true, false},
        {"provisioning", false, 0, true, false, true},
        {"active", false, 0, true, false, false},
        {"deleting", false, 0, true, false, true},
        {"deleted", true, 2, true, false, true},
        {"rejected", true, 2, true, false, true},
        {"failed", true, 2, true, false, true},
        {"expired", true, 48, true, true, true},
        {"brand-new", false, 0, true, false, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct connection c = row(rows[i].code);
        enum cloud_status s = cloud_status_of(slice_of(rows[i].code));
        assert_int_equal(cloud_status_is_terminal(s), rows[i].terminal);
        assert_int_equal(cloud_status_window_us(s), rows[i].hours * INT64_C(3600) * US_PER_SEC);
        assert_slice(connection_shown_accepter_cidr(&c), rows[i].accepter ? "10.2.0.0/16" : "");
        assert_int_equal(connection_shown_expiration(&c).us, rows[i].expires ? 77 : 0);
        assert_slice(connection_shown_message(&c), rows[i].words ? "what AWS says" : "");
        assert_slice(connection_shown_requester_cidr(&c), "10.0.0.0/16");
    }
}

static void our_words_come_before_those_of_aws(void **state)
{
    struct connection c = row("rejected");
    c.local_status = LOCAL_UPDATE_FAILED;
    c.status_message = SLICE("ours");
    assert_slice(connection_shown_message(&c), "ours");
    assert_int_equal(connection_shown_status(&c), LOCAL_UPDATE_FAILED);
    c.scan_failed = true;
    c.scan_failure = SLICE("the scan");
    assert_slice(connection_shown_message(&c), "the scan");
    assert_int_equal(connection_shown_status(&c), LOCAL_SCAN_FAILED);
}

static void cidr_lists_are_walked(void **state)
{
    struct slice list = SLICE("  10.0.0.0/8   10.1.0.0/16 "), block;
    assert_slice(cidr_list_first(list), "10.0.0.0/8");
    assert_true(cidr_list_next(&list, &block));
    assert_true(cidr_list_next(&list, &block));
    assert_slice(block, "10.1.0.0/16");
    assert_false(cidr_list_next(&list, &block));
    assert_slice(cidr_list_first(SLICE("")), "");
    assert_slice(cidr_list_first(SLICE("   ")), "");
}

static struct observed same(void)
{
    return (struct observed){.requester_cidrs = SLICE("10.0.0.0/16 10.1.0.0/16"),
                             .accepter_cidrs = SLICE("10.2.0.0/16 fd00::/56"),
                             .cloud_status = "active",
                             .cloud_message = SLICE("what AWS says"),
                             .expiration = {77}};
}

static void the_same_again_is_no_change(void **state)
{
    struct connection c = row("active");
    struct observed o = same();
    assert_false(connection_merge(&c, &o));
    o = (struct observed){0}; // nothing said
    assert_false(connection_merge(&c, &o));
    assert_slice(c.requester_cidrs, "10.0.0.0/16 10.1.0.0/16");
    assert_int_equal(c.expiration.us, 77);
    assert_slice(c.cloud_message, "what AWS says");
    assert_string_equal(c.cloud_status, "active");
}

static void blocks_in_another_order_are_no_change_unless_the_first_differs(void **state)
{
    struct connection c = row("active");
    c.requester_cidrs = SLICE("10.0.0.0/16 10.1.0.0/16 10.3.0.0/16");
    struct observed o = same();
    o.requester_cidrs = SLICE("10.0.0.0/16 10.3.0.0/16 10.1.0.0/16");
    assert_false(connection_merge(&c, &o));
    o.requester_cidrs = SLICE("10.1.0.0/16 10.0.0.0/16 10.3.0.0/16");
    assert_true(connection_merge(&c, &o));
    assert_slice(c.requester_cidrs, "10.1.0.0/16 10.0.0.0/16 10.3.0.0/16");
    o.requester_cidrs = SLICE("10.1.0.0/16 10.0.0.0/16");
    assert_true(connection_merge(&c, &o));
    o.accepter_cidrs = SLICE("10.2.0.0/16 fd00::/56 10.9.0.0/16");
    assert_true(connection_merge(&c, &o));
}

static void each_said_thing_is_taken_over(void **state)
{
    for (unsigned i = 0; i < 8; i++) {
        struct connection c = row("active");
        struct observed o = same();
        char *fields[] = {o.requester_account, o.requester_vpc,   o.requester_region, o.accepter_account,
                          o.accepter_vpc,      o.accepter_region, o.cloud_status};
        if (i < 7)
            assert_true(cstr_set(fields[i], 8, "new"));
        else
            o.expiration.us = 78;
        assert_true(connection_merge(&c, &o));
        assert_false(connection_merge(&c, &o));
        assert_int_equal(strcmp(c.accepter_vpc, "new") == 0, i == 4);
        assert_int_equal(strcmp(c.cloud_status, "new") == 0, i == 6);
        assert_int_equal(c.local_status, LOCAL_NONE);
    }
}

static void a_new_status_does_not_keep_the_old_words(void **state)
{
    struct connection c = row("pending-acceptance");
    struct observed o = same();
    o.cloud_message = SLICE("");
    assert_true(connection_merge(&c, &o));
    assert_slice(c.cloud_message, "");
    o.cloud_message = SLICE("Active");
    assert_true(connection_merge(&c, &o));
    assert_slice(c.cloud_message, "Active");
    o.cloud_message = SLICE(""); // the same status without words says nothing about them
    assert_false(connection_merge(&c, &o));
    assert_slice(c.cloud_message, "Active");
}

static void a_long_message_is_cut_once(void **state)
{
    static char text[CLOUD_MESSAGE_MAX + 100];
    memset(text, 'x', sizeof(text));
    memcpy(text + CLOUD_MESSAGE_MAX - 1, "\xE2\x82\xAC", 3); // would be cut in half
    struct connection c = row("active");
    struct observed o = same();
    o.cloud_message = slice_n(text, sizeof(text));
    assert_true(connection_merge(&c, &o));
    assert_int_equal(c.cloud_message.n, CLOUD_MESSAGE_MAX - 1);
    assert_false(connection_merge(&c, &o));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(local_statuses_are_the_contracts_ten),
        cmocka_unit_test(what_each_cloud_status_shows),
        cmocka_unit_test(our_words_come_before_those_of_aws),
        cmocka_unit_test(cidr_lists_are_walked),
        cmocka_unit_test(the_same_again_is_no_change),
        cmocka_unit_test(blocks_in_another_order_are_no_change_unless_the_first_differs),
        cmocka_unit_test(each_said_thing_is_taken_over),
        cmocka_unit_test(a_new_status_does_not_keep_the_old_words),
        cmocka_unit_test(a_long_message_is_cut_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
