// SPDX-License-Identifier: Apache-2.0
// Replies of EC2 and STS: recorded shapes are read whole, hostile ones are refused or dropped with a reason.
// Run by: meson test. Must never: need a network.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka needs the three above first
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "cloud/ec2_parse.h"

#define NS    " xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\""
#define HEAD  "<DescribeVpcPeeringConnectionsResponse" NS "><requestId>r</requestId><vpcPeeringConnectionSet>"
#define TAIL  "</vpcPeeringConnectionSet></DescribeVpcPeeringConnectionsResponse>"
#define ACC   "<accepterVpcInfo><ownerId>111111111111</ownerId><vpcId>vpc-11111111</vpcId></accepterVpcInfo>"
#define ID(x) "<vpcPeeringConnectionId>" x "</vpcPeeringConnectionId>"

static enum cloud_class parse(struct arena *a, const char *text, struct peering_page *page, struct error *err)
{
    const struct xml_node *root;
    *err = (struct error){0};
    enum cloud_class c =
        ec2_parse_reply(slice_of(text), "DescribeVpcPeeringConnections", &xml_limits_default, a, &root, err);
    return c == CLOUD_OK ? ec2_parse_peerings(root, "111111111111", "us-east-1", a, page, err) : c;
}

static void test_a_full_item_is_read_whole(void **state)
{
    (void)state;
    struct arena *a = arena_new(1 << 20);
    struct peering_page page;
    struct error err;
    enum cloud_class c =
        parse(a,
              "<?xml version=\"1.0\"?>" HEAD "<item>" ID(
                  "pcx-0123456789abcdef0") "<requesterVpcInfo><ownerId>222222222222</"
                                           "ownerId><vpcId>vpc-2222222222222222a</vpcId><region>eu-west-1</region>"
                                           "<cidrBlock>10.2.0.0/16</cidrBlock><cidrBlockSet><item><cidrBlock>10.2.0.0/"
                                           "16</cidrBlock></item><item>"
                                           "<cidrBlock>10.3.0.0/16</cidrBlock></item></"
                                           "cidrBlockSet><ipv6CidrBlockSet><item><ipv6CidrBlock>2001:db8::/56"
                                           "</ipv6CidrBlock></item></ipv6CidrBlockSet><peeringOptions><future>1</"
                                           "future></peeringOptions></requesterVpcInfo>"
                                           "<accepterVpcInfo><ownerId>111111111111</ownerId><vpcId>vpc-11111111</"
                                           "vpcId><region>us-east-1</region>"
                                           "</accepterVpcInfo><status><code>pending-acceptance</code><message>Pending "
                                           "Acceptance by 111111111111</message>"
                                           "</status><expirationTime>2024-12-18T19:20:37.000Z</"
                                           "expirationTime><tagSet><item><key>k</key></item></tagSet>"
                                           "</item>" TAIL,
              &page, &err);
    assert_int_equal(c, CLOUD_OK);
    assert_int_equal(page.n, 1);
    assert_int_equal(page.dropped, 0);
    assert_int_equal(page.next_token.n, 0);
    struct observed *o = &page.items[0];
    assert_string_equal(o->name, "pcx-0123456789abcdef0");
    assert_string_equal(o->requester_vpc, "vpc-2222222222222222a");
    assert_string_equal(o->requester_region, "eu-west-1");
    assert_true(slice_eq(o->requester_cidrs, SLICE("10.2.0.0/16 10.3.0.0/16 2001:db8::/56")));
    assert_int_equal(o->accepter_cidrs.n, 0);
    assert_string_equal(o->cloud_status, "pending-acceptance");
    assert_true(slice_eq(o->cloud_message, SLICE("Pending Acceptance by 111111111111")));
    char when[21];
    wall_rfc3339(o->expiration, when);
    assert_string_equal(when, "2024-12-18T19:20:37Z");
    arena_free(a);
}

static void test_items_that_are_not_ours_or_malformed_are_dropped(void **state)
{
    (void)state;
    static const struct {
        const char *item;
        bool kept;
    } rows[] = {
        {ID("pcx-11111111") ACC, true},
        {ID("pcx-11111111") ACC "<status><code>brand-new-code</code></status>", true},
        {ID("pcx-11111111") ACC "<expirationTime>tomorrow</expirationTime>", true},
        {ID("pcx-11111111") ACC "<requesterVpcInfo><cidrBlock>banana</cidrBlock></requesterVpcInfo>", true},
        {ID("pcx-1111111") ACC, false},
        {ID("pcx-1111111G") ACC, false},
        {ID("pcx-111111111111111111111111111111111111") ACC, false},
        {ID("vpc-11111111") ACC, false},
        {ID("pcx-11111111&#10;x") ACC, false},
        {ACC, false},
        {ID("pcx-11111111"), false},
        {ID("pcx-11111111") "<accepterVpcInfo><ownerId>222222222222</ownerId></accepterVpcInfo>", false},
        {ID("pcx-11111111") "<accepterVpcInfo><ownerId>1111111111111</ownerId></accepterVpcInfo>", false},
        {ID("pcx-11111111") "<accepterVpcInfo><ownerId>111111111111</ownerId><region>us-east-2</region></"
                            "accepterVpcInfo>",
         false},
        {ID("pcx-11111111") "<accepterVpcInfo><ownerId>111111111111</ownerId><vpcId>vpc-$(reboot)</vpcId></"
                            "accepterVpcInfo>",
         false},
        {ID("pcx-11111111") ACC "<status><code>Active</code></status>", false},
        {ID("pcx-11111111") ACC "<status><code>a-code-of-more-than-forty-characters-xxxxxxxxx</code></status>", false},
        {ID("pcx-11111111") ACC "<requesterVpcInfo><ownerId>me</ownerId></requesterVpcInfo>", false},
        {ID("pcx-11111111") ACC "<requesterVpcInfo><region>../../x</region></requesterVpcInfo>", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[2048];
        struct arena *a = arena_new(1 << 20);
        struct peering_page page;
        struct error err;
        snprintf(text, sizeof text, HEAD "<item>%s</item>" TAIL, rows[i].item);
        assert_int_equal(parse(a, text, &page, &err), CLOUD_OK);
        if (page.n != rows[i].kept || page.dropped == rows[i].kept) fail_msg("%s", rows[i].item);
        if (page.n) assert_string_equal(page.items[0].accepter_region, "us-east-1"); // filled in when absent
        arena_free(a);
    }
}

static void test_odd_texts_are_tamed(void **state)
{
    (void)state;
    struct arena *a = arena_new(1 << 20);
    struct peering_page page;
    struct error err;
    struct buf text;
    buf_init(&text, 1 << 20);
    buf_lit(&text, HEAD "<item>" ID("pcx-11111111") ACC "<status><code>active</code><message>line\none ");
    for (int i = 0; i < 500; i++) buf_str(&text, "\xc3\xa4");
    buf_lit(&text, "</message></status><requesterVpcInfo><cidrBlock>10.0.0.1/16</cidrBlock><cidrBlockSet>");
    for (int i = 0; i < 200; i++) buf_fmt(&text, "<item><cidrBlock>10.%d.0.0/16</cidrBlock></item>", i);
    buf_lit(&text, "</cidrBlockSet></requesterVpcInfo></item>" TAIL);
    buf_char(&text, '\0');
    assert_int_equal(parse(a, text.p, &page, &err), CLOUD_OK);
    assert_int_equal(page.n, 1);
    struct slice m = page.items[0].cloud_message;
    assert_true(m.n < 400 && m.n > 390 && slice_starts(m, SLICE("line one \xc3\xa4")));
    assert_int_equal((m.n - 9) % 2, 0);                   // no character was cut
    assert_int_equal(page.items[0].requester_cidrs.n, 0); // host bits, and too many: counts as not said
    buf_done(&text);
    arena_free(a);
}

static void test_unreadable_replies_have_a_class_and_a_reason(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum cloud_class want;
        const char *why;
    } rows[] = {
        {"", CLOUD_TRANSIENT, "cannot be read"},
        {"OK", CLOUD_TRANSIENT, "not well-formed"},
        {HEAD "<item>", CLOUD_TRANSIENT, "not well-formed"},
        {"<!DOCTYPE html><html><body>hi</body></html>", CLOUD_TRANSIENT, "HTML"},
        {"  <HTML><p>unclosed", CLOUD_TRANSIENT, "HTML"},
        {"<html xmlns='x'><body/></html>", CLOUD_TRANSIENT, "HTML"},
        {"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", CLOUD_PERMANENT, "DOCTYPE"},
        {"<DescribeVpcsResponse><vpcSet/></DescribeVpcsResponse>", CLOUD_PERMANENT, "root <DescribeVpcsResponse>"},
        {"<DescribeVpcPeeringConnectionsResponseX/>", CLOUD_PERMANENT, "root"},
        {"<DescribeVpcPeeringConnectionsResponse/>", CLOUD_PERMANENT, "no vpcPeeringConnectionSet"},
        {"<Response><Errors/></Response>", CLOUD_PERMANENT, "root <Response>"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena *a = arena_new(1 << 20);
        struct peering_page page;
        struct error err;
        enum cloud_class c = parse(a, rows[i].text, &page, &err);
        if (c != rows[i].want || !strstr(err.detail, rows[i].why))
            fail_msg("%s: %s: %s", rows[i].text, cloud_class_name(c), err.detail);
        arena_free(a);
    }
    struct arena *a = arena_new(1 << 20);
    struct xml_limits tiny = {.max_bytes = 20, .max_nodes = 10, .max_depth = 4};
    const struct xml_node *root;
    struct error err;
    assert_int_equal(ec2_parse_reply(SLICE(HEAD TAIL), "DescribeVpcPeeringConnections", &tiny, a, &root, &err),
                     CLOUD_PERMANENT);
    arena_free(a);
}

static void test_next_tokens_are_bounded(void **state)
{
    (void)state;
    struct arena *a = arena_new(1 << 20);
    struct peering_page page;
    struct error err;
    char text[6000];
    int n = snprintf(text, sizeof text, "<DescribeVpcPeeringConnectionsResponse><vpcPeeringConnectionSet/><nextToken>");
    memset(text + n, 'x', 4097);
    snprintf(text + n + 4097, sizeof text - 4097 - (size_t)n, "</nextToken></DescribeVpcPeeringConnectionsResponse>");
    assert_int_equal(parse(a, text, &page, &err), CLOUD_PERMANENT);
    memmove(text + n, text + n + 1, strlen(text + n));
    assert_int_equal(parse(a, text, &page, &err), CLOUD_OK);
    assert_int_equal(page.next_token.n, 4096);
    arena_free(a);
}

static void test_errors_of_all_forms(void **state)
{
    (void)state;
    static const struct {
        const char *text, *code, *message, *id;
    } rows[] = {
        {"<Response><Errors><Error><Code>A.B</Code><Message>m</Message></Error><Error><Code>C</Code></Error></Errors>"
         "<RequestID>r-1</RequestID></Response>",
         "A.B", "m", "r-1"},
        {"<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>X</Code>"
         "<Message>two\nlines</Message></Error><RequestId>r-2</RequestId></ErrorResponse>",
         "X", "two lines", "r-2"},
        {"<ErrorResponse><Errors><Error><Code>AuthFailure</Code></Error></Errors></ErrorResponse>", "AuthFailure", "",
         ""},
        {"<Response><Errors><Error><Code>A</Code></Error></Errors><RequestID>r\n1</RequestID></Response>", "A", "", ""},
        {"<Response><Errors><Error><Message>m</Message></Error></Errors></Response>", NULL, NULL, NULL},
        {"<Response><Errors><Error><Code>a b</Code></Error></Errors></Response>", NULL, NULL, NULL},
        {"<Other><Error><Code>A</Code></Error></Other>", NULL, NULL, NULL},
        {"<html><Error><Code>A</Code></Error></html>", NULL, NULL, NULL},
        {"<!DOCTYPE a><Response><Errors><Error><Code>A</Code></Error></Errors></Response>", NULL, NULL, NULL},
        {"", NULL, NULL, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena *a = arena_new(1 << 20);
        struct ec2_error e;
        assert_int_equal(ec2_parse_error(slice_of(rows[i].text), a, &e), rows[i].code != NULL);
        if (rows[i].code) {
            assert_string_equal(e.code, rows[i].code);
            assert_string_equal(e.message, rows[i].message);
            assert_string_equal(e.request_id, rows[i].id);
        }
        arena_free(a);
    }
}

static const struct xml_node *tree(struct arena *a, const char *text)
{
    struct xml_node *root;
    struct error err;
    assert_int_equal(xml_read(a, slice_of(text), &xml_limits_default, &root, &err), ERR_OK);
    return root;
}

static void test_a_vpc_counts_associated_blocks(void **state)
{
    (void)state;
    struct arena *a = arena_new(1 << 20);
    struct vpc_info v;
    struct error err;
    const struct xml_node *root = tree(
        a,
        "<DescribeVpcsResponse><vpcSet><item><vpcId>vpc-99999999</vpcId></item><item><vpcId>vpc-11111111</vpcId>"
        "<ownerId>111111111111</ownerId><cidrBlock>10.1.0.0/16</cidrBlock><cidrBlockAssociationSet><item><cidrBlock>"
        "10.7.0.0/16</cidrBlock><cidrBlockState><state>associated</state></cidrBlockState></item><item><cidrBlock>"
        "10.8.0.0/16</cidrBlock><cidrBlockState><state>disassociated</state></cidrBlockState></item><item><cidrBlock>"
        "10.1.0.0/16</cidrBlock><cidrBlockState><state>associated</state></cidrBlockState></item>"
        "</cidrBlockAssociationSet><ipv6CidrBlockAssociationSet><item><ipv6CidrBlock>2001:db8::/56</ipv6CidrBlock>"
        "<ipv6CidrBlockState><state>associated</state></ipv6CidrBlockState></item></ipv6CidrBlockAssociationSet>"
        "</item></vpcSet></DescribeVpcsResponse>");
    assert_int_equal(ec2_parse_vpc(root, "vpc-11111111", a, &v, &err), CLOUD_OK);
    assert_true(slice_eq(v.cidrs, SLICE("10.1.0.0/16 10.7.0.0/16 2001:db8::/56")));
    assert_string_equal(v.owner, "111111111111");
    assert_int_equal(ec2_parse_vpc(root, "vpc-22222222", a, &v, &err), CLOUD_NOT_FOUND_YET);
    root = tree(a, "<DescribeVpcsResponse><vpcSet><item><vpcId>vpc-1</vpcId><ownerId>x</ownerId></item></vpcSet>"
                   "</DescribeVpcsResponse>");
    assert_int_equal(ec2_parse_vpc(root, "vpc-1", a, &v, &err), CLOUD_PERMANENT);
    assert_int_equal(ec2_parse_vpc(tree(a, "<DescribeVpcsResponse/>"), "vpc-1", a, &v, &err), CLOUD_PERMANENT);
    arena_free(a);
}

#define CREDS(id, secret, token, when)                                                                                 \
    "<R><X><Credentials><AccessKeyId>" id "</AccessKeyId><SecretAccessKey>" secret                                     \
    "</SecretAccessKey><SessionToken>" token "</SessionToken><Expiration>" when "</Expiration></Credentials></X></R>"

static void test_sts_answers(void **state)
{
    (void)state;
    struct arena *a = arena_new(1 << 20);
    struct error err;
    struct raw_creds raw;
    char account[ACCOUNT_ID], arn[256];
    assert_int_equal(
        ec2_parse_caller(tree(a, "<G><GetCallerIdentityResult><Arn>arn:aws:iam::111111111111:user/a</Arn><Account>"
                                 "111111111111</Account></GetCallerIdentityResult></G>"),
                         account, arn, &err),
        CLOUD_OK);
    assert_string_equal(account, "111111111111");
    assert_int_equal(ec2_parse_caller(tree(a, "<G><GetCallerIdentityResult><Arn>a</Arn><Account>11</Account>"
                                              "</GetCallerIdentityResult></G>"),
                                      account, arn, &err),
                     CLOUD_PERMANENT);
    assert_int_equal(ec2_parse_caller(tree(a, "<G/>"), account, arn, &err), CLOUD_PERMANENT);
    static const struct {
        const char *text;
        bool ok;
    } rows[] = {
        {CREDS("ASIA", "s", "t", "2024-12-18T19:20:37Z"), true},
        {CREDS("ASIA", "s", "t", "2024-12-18T19:20:37.497225Z"), true}, // some servers add microseconds
        {CREDS("", "s", "t", "2024-12-18T19:20:37Z"), false},
        {CREDS("ASIA", "", "t", "2024-12-18T19:20:37Z"), false},
        {CREDS("ASIA", "s", "", "2024-12-18T19:20:37Z"), false},
        {CREDS("ASIA", "s", "t", ""), false},
        {CREDS("ASIA", "s", "t", "never"), false},
        {CREDS("AS IA", "s", "t", "2024-12-18T19:20:37Z"), false},
        {CREDS("ASIA", "s", "t&#13;&#10;X-Evil: 1", "2024-12-18T19:20:37Z"), false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(ec2_parse_creds(tree(a, rows[i].text), &raw, &err), rows[i].ok ? CLOUD_OK : CLOUD_PERMANENT);
    arena_free(a);
}

// Every allocation may fail, and never makes a page shorter.
static void test_memory_faults_fail_the_page(void **state)
{
    (void)state;
    bool done = false;
    for (uint64_t n = 1; !done; n++) {
        struct arena *a = arena_new(1 << 20);
        struct peering_page page = {.n = 0};
        struct error err;
        mem_fault_set(n, false);
        enum cloud_class c = parse(a,
                                   HEAD "<item>" ID("pcx-11111111") ACC "</item><item>" ID("pcx-22222222") ACC
                                   "<status><code>active</code><message>m</message></status></item>" TAIL,
                                   &page, &err);
        done = !mem_fault_fired();
        mem_fault_set(0, false);
        assert_int_equal(c, done ? CLOUD_OK : CLOUD_TRANSIENT);
        if (done) assert_int_equal(page.n, 2);
        arena_free(a);
        assert_true(n < 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_full_item_is_read_whole),
        cmocka_unit_test(test_items_that_are_not_ours_or_malformed_are_dropped),
        cmocka_unit_test(test_odd_texts_are_tamed),
        cmocka_unit_test(test_unreadable_replies_have_a_class_and_a_reason),
        cmocka_unit_test(test_next_tokens_are_bounded),
        cmocka_unit_test(test_errors_of_all_forms),
        cmocka_unit_test(test_a_vpc_counts_associated_blocks),
        cmocka_unit_test(test_sts_answers),
        cmocka_unit_test(test_memory_faults_fail_the_page),
    };
    return cmocka_run_group_tests_name("cloud/ec2_parse", tests, NULL, NULL);
}
