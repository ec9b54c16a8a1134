// SPDX-License-Identifier: Apache-2.0
// Which addresses webhooks may reach: first and last of every refused block, and the neighbours. Run by: meson test.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka needs the three above first
#include <cmocka.h>

#include "net/target.h"

static struct ip ip(const char *text)
{
    struct ip got;
    if (!ip_parse(slice_of(text), &got)) fail_msg("%s is no address", text);
    return got;
}

static void special_blocks_are_not_public(void **state)
{
    static const char *const refused[] = {"0.0.0.0",
                                          "0.255.255.255",
                                          "10.0.0.0",
                                          "10.255.255.255",
                                          "100.64.0.0",
                                          "100.127.255.255",
                                          "127.0.0.1",
                                          "127.255.255.255",
                                          "169.254.0.0",
                                          "169.254.169.254",
                                          "169.254.170.2",
                                          "169.254.255.255",
                                          "172.16.0.0",
                                          "172.31.255.255",
                                          "192.0.0.1",
                                          "192.0.2.1",
                                          "192.88.99.1",
                                          "192.168.0.0",
                                          "192.168.255.255",
                                          "198.18.0.0",
                                          "198.19.255.255",
                                          "198.51.100.7",
                                          "203.0.113.7",
                                          "224.0.0.1",
                                          "240.0.0.1",
                                          "255.255.255.255",
                                          "::",
                                          "::1",
                                          "::ffff:127.0.0.1",
                                          "::ffff:10.0.0.1",
                                          "::127.0.0.1",
                                          "64:ff9b::7f00:1",
                                          "64:ff9b:1::1",
                                          "100::1",
                                          "2001::1",
                                          "2001:1ff:ffff::1",
                                          "2001:db8::1",
                                          "2002:7f00:1::1",
                                          "3fff::1",
                                          "fc00::1",
                                          "fd00:ec2::254",
                                          "fe80::1",
                                          "fec0::1",
                                          "ff02::1",
                                          "4000::1"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        if (target_is_public(ip(refused[i]))) fail_msg("%s", refused[i]);
    assert_false(target_is_public((struct ip){.family = 0}));
}

static void neighbours_are_public(void **state)
{
    static const char *const allowed[] = {
        "1.1.1.1",         "9.255.255.255",   "11.0.0.0",        "100.63.255.255",  "100.128.0.0",
        "126.255.255.255", "128.0.0.0",       "169.253.255.255", "169.255.0.0",     "172.15.255.255",
        "172.32.0.0",      "191.255.255.255", "192.0.1.0",       "192.0.3.0",       "192.167.255.255",
        "192.169.0.0",     "198.17.255.255",  "198.20.0.0",      "223.255.255.255", "2000::1",
        "2001:200::1",     "2001:db9::1",     "2003::1",         "2606:4700::1111", "3ffe:ffff::1"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(allowed); i++)
        if (!target_is_public(ip(allowed[i]))) fail_msg("%s", allowed[i]);
}

static void the_operator_may_allow_more(void **state)
{
    struct cidr list[2];
    (void)state;
    assert_true(cidr_parse(SLICE("10.1.0.0/16"), false, &list[0]) && cidr_parse(SLICE("::1"), true, &list[1]));
    struct target_policy p = {.allow = list, .allow_count = 2, .tls = true};
    assert_true(target_allowed(&p, ip("10.1.2.3")) && target_allowed(&p, ip("::1")));
    assert_false(target_allowed(&p, ip("10.2.0.1")));
    assert_true(target_allowed(&p, ip("1.1.1.1")));
    p.tls = false; // plain http goes nowhere else
    assert_true(target_allowed(&p, ip("10.1.2.3")));
    assert_false(target_allowed(&p, ip("1.1.1.1")));
    p.allow_count = 0;
    assert_false(target_allowed(&p, ip("10.1.2.3")));
}

static void a_url_that_could_never_be_reached_is_told_at_once(void **state)
{
    static const struct {
        const char *url;
        bool alone, allowed; // without webhook_allow, and with 127.0.0.0/8 in it
    } rows[] = {
        {"https://example.com/x", true, true},
        {"http://example.com/", false, true},
        {"https://93.184.216.34/", true, true},
        {"http://93.184.216.34/", false, false},
        {"https://127.0.0.1/", false, true},
        {"http://127.0.0.1:9000/hook", false, true},
        {"https://169.254.169.254/", false, false},
        {"https://10.1.2.3:8443/", false, false},
        {"https://[::1]/", false, false},
        {"https://[fe80::1]:443/", false, false},
        {"https://[::ffff:127.0.0.1]/", false, true},
        {"https://[2606:2800:220:1::1]/", true, true},
        {"https://localhost/", true, true}, // a name: seen when a connection is made
        {"ftp://example.com/", false, false},
        {"https://user@example.com/", false, false},
    };
    struct cidr loopback;
    const char *why;
    (void)state;
    assert_true(cidr_parse(SLICE("127.0.0.0/8"), false, &loopback));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct target_policy none = {.allow_count = 0}, some = {.allow = &loopback, .allow_count = 1};
        why = NULL;
        if (target_url_check(&none, slice_of(rows[i].url), &why) != rows[i].alone) fail_msg("%s: %s", rows[i].url, why);
        if (target_url_check(&some, slice_of(rows[i].url), &why) != rows[i].allowed)
            fail_msg("%s: %s", rows[i].url, why);
        assert_non_null(why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_that_could_never_be_reached_is_told_at_once),
        cmocka_unit_test(special_blocks_are_not_public),
        cmocka_unit_test(neighbours_are_public),
        cmocka_unit_test(the_operator_may_allow_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
