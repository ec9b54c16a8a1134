// SPDX-License-Identifier: Apache-2.0
// Changes and routes against a scripted server: what is sent, what a refusal and a lost reply mean, which route counts.
// Run by: meson test. Must never: sleep.
#include "tests/unit/cloud/scene.h"

enum { YES, NO, LOST, FAULT, THROTTLED_ONCE, REFUSED_STATE, REFUSED_ROUTE, JUNK, FOREIGN };

#define PCX "pcx-0123456789abcdef0"
#define RTB "rtb-0123456789abcdef0"
#define ACCEPTED(id)                                                                                                   \
    "<AcceptVpcPeeringConnectionResponse><vpcPeeringConnection><vpcPeeringConnectionId>" id                            \
    "</vpcPeeringConnectionId><accepterVpcInfo><ownerId>" ACCOUNT "</ownerId><vpcId>vpc-11111111</vpcId>"              \
    "</accepterVpcInfo><status><code>provisioning</code></status></vpcPeeringConnection>"                              \
    "</AcceptVpcPeeringConnectionResponse>"
#define ROUTE(to, target, more)                                                                                        \
    "<item><destinationCidrBlock>" to "</destinationCidrBlock>" target "<state>active</state>" more "</item>"
#define TABLES                                                                                                         \
    "<DescribeRouteTablesResponse><routeTableSet><item><routeTableId>" RTB "</routeTableId><vpcId>vpc-11111111"        \
    "</vpcId><routeSet>" ROUTE("10.1.0.0/16", "<gatewayId>local</gatewayId>", "<origin>CreateRouteTable</origin>")     \
        ROUTE("10.2.0.0/16", "<gatewayId>vgw-1</gatewayId>", "<origin>EnableVgwRoutePropagation</origin>") ROUTE(      \
            "10.2.0.0/16", "<vpcPeeringConnectionId>" PCX "</vpcPeeringConnectionId>", "<origin>CreateRoute</origin>") \
            ROUTE("10.3.0.0/16", "<gatewayId>vgw-1</gatewayId>", "<origin>EnableVgwRoutePropagation</origin>") ROUTE(  \
                "10.4.0.0/15", "<instanceId>i-1</instanceId><instanceOwnerId>1</instanceOwnerId>",                     \
                "") "<item><destinationIpv6CidrBlock>2001:DB8:0::/56</destinationIpv6CidrBlock>"                       \
                    "<vpcPeeringConnectionId>pcx-99999999</vpcPeeringConnectionId><state>blackhole</state></item>"     \
                    "</routeSet></item></routeTableSet></DescribeRouteTablesResponse>"

static void say(int fd, const char *request, const char *word)
{
    char action[64], body[256];
    assert_int_equal(sscanf(strstr(request, "Action=") + 7, "%63[A-Za-z]", action), 1);
    snprintf(body, sizeof body, "<%sResponse><return>%s</return></%sResponse>", action, word, action);
    send_xml(fd, "200 OK", body);
}

static void answer(void *ctx, int fd, const char *request, unsigned n)
{
    struct scene *s = ctx;
    switch (s->mode) {
    case NO:
        say(fd, request, "false");
        break;
    case LOST:
        break;
    case FAULT:
        send_error(fd, "500 Oops", "InternalError", "");
        break;
    case REFUSED_STATE:
        send_error(fd, "400 No", "InvalidStateTransition", "");
        break;
    case REFUSED_ROUTE:
        if (strstr(request, "Action=CreateRoute"))
            send_error(fd, "400 No", "RouteAlreadyExists", "");
        else
            send_error(fd, "400 No", "InvalidRoute.NotFound", "");
        break;
    case JUNK:
        send_xml(fd, "200 OK", "<html><body>welcome</body></html>");
        break;
    case FOREIGN:
        send_xml(fd, "200 OK", ACCEPTED("pcx-99999999"));
        break;
    case THROTTLED_ONCE:
        if (n == 0) {
            send_error(fd, "503 Slow", "RequestLimitExceeded", "");
            break;
        } // falls through
    default:
        if (strstr(request, "Action=Accept"))
            send_xml(fd, "200 OK", ACCEPTED(PCX));
        else if (strstr(request, "Action=DescribeRouteTables"))
            send_xml(fd, "200 OK", TABLES);
        else
            say(fd, request, "true");
    }
}

static void begin(struct scene *s, int mode)
{
    scene_begin(s, answer);
    scene_keys(s);
    scene_cloud(s);
    s->mode = mode;
}

static void test_accept_tells_what_ec2_said(void **state)
{
    struct scene s;
    struct observed o;
    (void)state;
    begin(&s, YES);
    assert_int_equal(cloud_accept(s.cloud, &s.t, PCX, s.a, &o, &s.f), CLOUD_OK);
    assert_string_equal(o.name, PCX);
    assert_string_equal(o.cloud_status, "provisioning");
    assert_string_equal(o.accepter_region, "us-east-1");
    assert_non_null(strstr(fake_request(&s.server, 0),
                           "Action=AcceptVpcPeeringConnection&Version=2016-11-15&VpcPeeringConnectionId=" PCX));
    s.mode = FOREIGN; // it happened; whose record that is, nobody knows
    assert_int_equal(cloud_accept(s.cloud, &s.t, PCX, s.a, &o, &s.f), CLOUD_OK);
    assert_string_equal(o.name, "");
    scene_end(&s);
}

static void test_reject_and_delete_are_asked_once(void **state)
{
    struct scene s;
    (void)state;
    begin(&s, YES);
    assert_int_equal(cloud_reject(s.cloud, &s.t, PCX, &s.f), CLOUD_OK);
    assert_int_equal(cloud_delete(s.cloud, &s.t, PCX, &s.f), CLOUD_OK);
    assert_int_equal(fake_count(&s.server), 2);
    assert_non_null(strstr(fake_request(&s.server, 0), "Action=RejectVpcPeeringConnection"));
    assert_non_null(strstr(fake_request(&s.server, 1), "Action=DeleteVpcPeeringConnection"));
    assert_non_null(strstr(fake_request(&s.server, 1), "&VpcPeeringConnectionId=" PCX));
    s.mode = NO; // no server was seen to; so look again
    assert_int_equal(cloud_delete(s.cloud, &s.t, PCX, &s.f), CLOUD_TRANSIENT);
    assert_true(s.f.uncertain);
    scene_end(&s);
}

// Whatever may have reached EC2 is sent once, and the failure says that it may have happened.
static void test_what_may_have_happened_is_said_and_not_repeated(void **state)
{
    struct scene s;
    struct observed o;
    (void)state;
    begin(&s, LOST);
    for (int mode = LOST; mode <= FAULT; mode++) {
        unsigned before = fake_count(&s.server);
        s.mode = mode;
        assert_int_equal(cloud_accept(s.cloud, &s.t, PCX, s.a, &o, &s.f), CLOUD_TRANSIENT);
        assert_true(s.f.uncertain);
        assert_int_equal(cloud_route_create(s.cloud, &s.t, RTB, SLICE("10.2.0.0/16"), PCX, &s.f), CLOUD_TRANSIENT);
        assert_true(s.f.uncertain);
        assert_int_equal(cloud_delete(s.cloud, &s.t, PCX, &s.f), CLOUD_TRANSIENT);
        assert_true(s.f.uncertain);
        assert_int_equal(fake_count(&s.server), before + 3);
    }
    s.mode = JUNK;
    assert_int_equal(cloud_reject(s.cloud, &s.t, PCX, &s.f), CLOUD_TRANSIENT);
    assert_true(s.f.uncertain);
    scene_end(&s);
}

static void test_what_did_not_happen_is_certain(void **state)
{
    struct scene s;
    struct observed o;
    (void)state;
    begin(&s, THROTTLED_ONCE); // repeated below: it did nothing
    assert_int_equal(cloud_accept(s.cloud, &s.t, PCX, s.a, &o, &s.f), CLOUD_OK);
    assert_int_equal(fake_count(&s.server), 2);
    s.mode = REFUSED_STATE;
    assert_int_equal(cloud_accept(s.cloud, &s.t, PCX, s.a, &o, &s.f), CLOUD_CONFLICT);
    assert_string_equal(s.f.code, "InvalidStateTransition");
    assert_false(s.f.uncertain);
    s.mode = REFUSED_ROUTE;
    assert_int_equal(cloud_route_create(s.cloud, &s.t, RTB, SLICE("10.2.0.0/16"), PCX, &s.f), CLOUD_CONFLICT);
    assert_false(s.f.uncertain);
    assert_int_equal(cloud_route_delete(s.cloud, &s.t, RTB, SLICE("10.2.0.0/16"), &s.f), CLOUD_NOT_FOUND_YET);
    assert_string_equal(s.f.code, "InvalidRoute.NotFound");
    scene_end(&s);
}

static void test_nothing_listens_and_nothing_happened(void **state)
{
    struct scene s;
    (void)state;
    scene_begin(&s, answer);
    scene_keys(&s);
    s.opt.env.endpoint_all = "http://127.0.0.1:1";
    scene_cloud(&s);
    assert_int_equal(cloud_reject(s.cloud, &s.t, PCX, &s.f), CLOUD_TRANSIENT);
    assert_false(s.f.uncertain);
    scene_end(&s);
}

static void test_routes_name_their_family(void **state)
{
    struct scene s;
    (void)state;
    begin(&s, YES);
    assert_int_equal(cloud_route_create(s.cloud, &s.t, RTB, SLICE("10.2.0.0/16"), PCX, &s.f), CLOUD_OK);
    assert_int_equal(cloud_route_create(s.cloud, &s.t, RTB, SLICE("2001:db8::/56"), PCX, &s.f), CLOUD_OK);
    assert_int_equal(cloud_route_delete(s.cloud, &s.t, RTB, SLICE("2001:db8::/56"), &s.f), CLOUD_OK);
    assert_non_null(strstr(fake_request(&s.server, 0),
                           "&RouteTableId=" RTB "&DestinationCidrBlock=10.2.0.0%2F16&VpcPeeringConnectionId=" PCX));
    assert_non_null(strstr(fake_request(&s.server, 1), "&DestinationIpv6CidrBlock=2001%3Adb8%3A%3A%2F56&Vpc"));
    assert_null(strstr(fake_request(&s.server, 2), "VpcPeeringConnectionId"));
    assert_int_equal(cloud_route_create(s.cloud, &s.t, RTB, SLICE("10.2"), PCX, &s.f), CLOUD_PERMANENT);
    assert_int_equal(fake_count(&s.server), 3);
    scene_end(&s);
}

static void test_the_route_for_that_very_block_is_found(void **state)
{
    static const struct {
        const char *block, *target;
        bool propagated, blackhole;
    } cases[] = {
        {"10.1.0.0/16", "local", false, false},
        {"10.2.0.0/16", PCX, false, false}, // by hand comes first
        {"10.3.0.0/16", "vgw-1", true, false},
        {"10.4.0.0/15", "i-1", false, false},
        {"10.4.0.0/16", NULL, false, false}, // a wider one is another one
        {"2001:db8::/56", "pcx-99999999", false, true},
        {"2001:db8::/48", NULL, false, false},
    };
    struct scene s;
    struct cloud_route r;
    (void)state;
    begin(&s, YES);
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(cloud_route_find(s.cloud, &s.t, RTB, slice_of(cases[i].block), &r, &s.f), CLOUD_OK);
        assert_int_equal(r.found, cases[i].target != NULL);
        assert_string_equal(r.target, cases[i].target ? cases[i].target : "");
        assert_int_equal(r.propagated, cases[i].propagated);
        assert_int_equal(r.blackhole, cases[i].blackhole);
        assert_int_equal(r.routes, 6);
        assert_int_equal(r.counted, strchr(cases[i].block, ':') ? 1 : 2); // neither local nor propagated
        assert_string_equal(r.vpc_id, "vpc-11111111");
    }
    assert_null(strstr(fake_request(&s.server, 0), "MaxResults"));
    assert_int_equal(cloud_route_find(s.cloud, &s.t, "rtb-99999999", SLICE("10.1.0.0/16"), &r, &s.f),
                     CLOUD_NOT_FOUND_YET);
    assert_int_equal(cloud_route_find(s.cloud, &s.t, RTB, SLICE("x"), &r, &s.f), CLOUD_PERMANENT);
    s.mode = JUNK;
    assert_int_equal(cloud_route_find(s.cloud, &s.t, RTB, SLICE("10.1.0.0/16"), &r, &s.f), CLOUD_TRANSIENT);
    assert_false(s.f.uncertain); // reading changes nothing
    scene_end(&s);
}

static void test_tag_and_option(void **state)
{
    struct scene s;
    (void)state;
    begin(&s, YES);
    assert_int_equal(cloud_name_tag(s.cloud, &s.t, PCX, SLICE("a&b"), &s.f), CLOUD_OK);
    assert_int_equal(cloud_dns_option(s.cloud, &s.t, PCX, true, &s.f), CLOUD_OK);
    assert_non_null(strstr(fake_request(&s.server, 0), "&ResourceId.1=" PCX "&Tag.1.Key=Name&Tag.1.Value=a%26b"));
    assert_non_null(
        strstr(fake_request(&s.server, 1), "&AccepterPeeringConnectionOptions.AllowDnsResolutionFromRemoteVpc=true"));
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accept_tells_what_ec2_said),
        cmocka_unit_test(test_reject_and_delete_are_asked_once),
        cmocka_unit_test(test_what_may_have_happened_is_said_and_not_repeated),
        cmocka_unit_test(test_what_did_not_happen_is_certain),
        cmocka_unit_test(test_nothing_listens_and_nothing_happened),
        cmocka_unit_test(test_routes_name_their_family),
        cmocka_unit_test(test_the_route_for_that_very_block_is_found),
        cmocka_unit_test(test_tag_and_option),
    };
    return cmocka_run_group_tests_name("cloud/actions", tests, setup_crypto, NULL);
}
