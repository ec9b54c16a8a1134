// SPDX-License-Identifier: Apache-2.0
// Behaviour of base/cidr.h: strict parsing of both families, folding of mapped addresses, block relations.
// Called by: meson test. Must never: resolve names.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cidr.h"

static struct cidr block(const char *text)
{
    struct cidr c = {.prefix = 0};
    assert_true(cidr_parse(slice_of(text), true, &c));
    return c;
}

static struct ip addr(const char *text)
{
    struct ip ip = {.family = 0};
    assert_true(ip_parse(slice_of(text), &ip));
    return ip;
}

static void addresses_print_in_one_spelling(void **state)
{
    static const char *const pairs[][2] = {
        {"0.0.0.0", "0.0.0.0"},
        {"255.255.255.255", "255.255.255.255"},
        {"10.0.0.1", "10.0.0.1"},
        {"::", "::"},
        {"::1", "::1"},
        {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
        {"::ffff:192.0.2.1", "192.0.2.1"},
        {"::ffff:c000:201", "192.0.2.1"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    };
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        char out[IP_STR];
        ip_format(addr(pairs[i][0]), out);
        assert_string_equal(out, pairs[i][1]);
    }
    char out[IP_STR] = "x";
    ip_format((struct ip){.family = 0}, out);
    assert_string_equal(out, "");
}

static void bad_addresses_are_refused(void **state)
{
    const char *bad[] = {"",
                         "1",
                         "1.2.3",
                         "1.2.3.",
                         "1.2.3.4.",
                         ".1.2.3",
                         "1..2.3",
                         "1.2.3.4.5",
                         "256.0.0.1",
                         "1.2.3.04",
                         "01.2.3.4",
                         "1.2.3.4 ",
                         " 1.2.3.4",
                         "1.2.3.4:80",
                         "0x1.2.3.4",
                         "1.2.3.-4",
                         "+1.2.3.4",
                         ":",
                         ":::",
                         "1::2::3",
                         "[::1]",
                         "::1%eth0",
                         "12345::",
                         "::g",
                         "1:2:3:4:5:6:7",
                         "1:2:3:4:5:6:7:8:9",
                         "::ffff:01.2.3.4",
                         "::ffff:1.2.3",
                         "localhost",
                         "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"};
    struct ip ip = {.family = 77};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) assert_false(ip_parse(slice_of(bad[i]), &ip));
    assert_false(ip_parse(SLICE("::1\0"), &ip));
    assert_false(ip_parse(SLICE("1.2.3.4\0"), &ip));
    assert_false(ip_parse((struct slice){NULL, 0}, &ip));
    assert_int_equal(ip.family, 77);
}

static void equality_needs_the_family(void **state)
{
    assert_true(ip_eq(addr("10.0.0.1"), addr("::ffff:10.0.0.1")));
    assert_false(ip_eq(addr("10.0.0.1"), addr("10.0.0.2")));
    assert_false(ip_eq(addr("0.0.0.0"), addr("::")));
    assert_false(ip_eq(addr("2001:db8::1"), addr("2001:db8::2")));
}

static void socket_addresses_are_folded(void **state)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001)};
    assert_true(ip_eq(ip_from_sockaddr((const struct sockaddr *)&in), addr("127.0.0.1")));
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    assert_int_equal(inet_pton(AF_INET6, "::ffff:127.0.0.1", &in6.sin6_addr), 1);
    assert_true(ip_eq(ip_from_sockaddr((const struct sockaddr *)&in6), addr("127.0.0.1")));
    assert_int_equal(inet_pton(AF_INET6, "2001:db8::9", &in6.sin6_addr), 1);
    assert_true(ip_eq(ip_from_sockaddr((const struct sockaddr *)&in6), addr("2001:db8::9")));
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    assert_int_equal(ip_from_sockaddr((const struct sockaddr *)&un).family, 0);
}

static void blocks_print_in_one_spelling(void **state)
{
    static const char *const pairs[][2] = {
        {"10.0.0.0/8", "10.0.0.0/8"},
        {"0.0.0.0/0", "0.0.0.0/0"},
        {"1.2.3.4", "1.2.3.4/32"},
        {"::/0", "::/0"},
        {"2001:db8::/33", "2001:db8::/33"},
        {"::1", "::1/128"},
        {"::ffff:10.0.0.0/104", "10.0.0.0/8"},
        {"::ffff:1.2.3.4", "1.2.3.4/32"},
        {"128.0.0.0/1", "128.0.0.0/1"},
    };
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        char out[CIDR_STR];
        cidr_format(block(pairs[i][0]), out);
        assert_string_equal(out, pairs[i][1]);
    }
}

static void bad_blocks_are_refused(void **state)
{
    const char *bad[] = {"10.0.0.1/8",
                         "10.0.0.0/33",
                         "10.0.0.0/",
                         "10.0.0.0/08",
                         "10.0.0.0/00",
                         "10.0.0.0/-1",
                         "/8",
                         "10.0.0.0/8/8",
                         "10.0.0.0 /8",
                         "10.0.0.0/ 8",
                         "10.0.0.0/8 ",
                         "10.0.0/8",
                         "::/129",
                         "2001:db8::1/127",
                         "2001:db8::1/64",
                         "::ffff:10.0.0.0/95",
                         "::ffff:10.0.0.0/129",
                         "::ffff:10.0.0.0/8",
                         "10.0.0.128/24",
                         "10.0.0.1/31",
                         "",
                         "/"};
    struct cidr c = {.prefix = 77};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) assert_false(cidr_parse(slice_of(bad[i]), true, &c));
    assert_false(cidr_parse(SLICE("10.0.0.0"), false, &c));
    assert_int_equal(c.prefix, 77);
    assert_true(cidr_parse(SLICE("10.0.0.1/32"), false, &c));
}

static void containment(void **state)
{
    assert_true(cidr_contains(block("10.0.0.0/8"), addr("10.255.255.255")));
    assert_false(cidr_contains(block("10.0.0.0/8"), addr("11.0.0.0")));
    assert_true(cidr_contains(block("10.0.0.0/23"), addr("10.0.1.255")));
    assert_false(cidr_contains(block("10.0.0.0/23"), addr("10.0.2.0")));
    assert_true(cidr_contains(block("0.0.0.0/0"), addr("255.1.2.3")));
    assert_false(cidr_contains(block("0.0.0.0/0"), addr("2001:db8::1")));
    assert_false(cidr_contains(block("::/0"), addr("1.2.3.4")));
    assert_true(cidr_contains(block("2001:db8::/33"), addr("2001:db8:7fff::1")));
    assert_false(cidr_contains(block("2001:db8::/33"), addr("2001:db8:8000::1")));
    assert_true(cidr_contains(block("1.2.3.4/32"), addr("1.2.3.4")));
    assert_false(cidr_contains((struct cidr){.prefix = 0}, addr("1.2.3.4")));
    assert_false(cidr_contains((struct cidr){.prefix = 0}, (struct ip){.family = 0}));
}

static void within_and_overlap(void **state)
{
    assert_true(cidr_within(block("10.0.0.0/8"), block("10.1.0.0/16")));
    assert_true(cidr_within(block("10.0.0.0/8"), block("10.0.0.0/8")));
    assert_false(cidr_within(block("10.1.0.0/16"), block("10.0.0.0/8")));
    assert_false(cidr_within(block("10.0.0.0/8"), block("11.0.0.0/16")));
    assert_true(cidr_overlaps(block("10.1.0.0/16"), block("10.0.0.0/8")));
    assert_true(cidr_overlaps(block("10.0.0.0/8"), block("10.1.0.0/16")));
    assert_false(cidr_overlaps(block("10.0.0.0/16"), block("10.1.0.0/16")));
    assert_false(cidr_overlaps(block("0.0.0.0/0"), block("::/0")));
}

static void private_blocks(void **state)
{
    const char *yes[] = {"10.0.0.0/8", "10.9.0.0/16", "172.16.0.0/12", "172.31.255.0/24", "192.168.0.0/16"};
    const char *no[] = {"8.0.0.0/7",     "172.32.0.0/16", "172.0.0.0/8", "192.169.0.0/16",
                        "100.64.0.0/10", "fd00::/8",      "0.0.0.0/0"};
    for (size_t i = 0; i < ARRAY_LEN(yes); i++) assert_true(cidr_is_rfc1918(block(yes[i])));
    for (size_t i = 0; i < ARRAY_LEN(no); i++) assert_false(cidr_is_rfc1918(block(no[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_print_in_one_spelling),
        cmocka_unit_test(bad_addresses_are_refused),
        cmocka_unit_test(equality_needs_the_family),
        cmocka_unit_test(socket_addresses_are_folded),
        cmocka_unit_test(blocks_print_in_one_spelling),
        cmocka_unit_test(bad_blocks_are_refused),
        cmocka_unit_test(containment),
        cmocka_unit_test(within_and_overlap),
        cmocka_unit_test(private_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
