// SPDX-License-Identifier: Apache-2.0
// Route tables under manual time: the main one, others, their routes, states, filters, pages, bounds and old readers.
// What is known of AWS in them is in test_facts.c. Must never: sleep.

#include "ec2sim/digest.h"
#include "support/ec2sim_world.h"

static char pcx[SIM_ID_STR], rtb[SIM_ID_STR]; // rtb: ACCEPTER's main table

static int setup(void **state)
{
    static struct world w;
    world_with_request(&w, pcx);
    main_table(&w, ACCEPTER, HERE, w.peer, rtb);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    world_close(*state);
    return 0;
}

static void activate(struct world *w)
{
    assert_true(act(w, ACCEPTER, HERE, "Accept", pcx));
    wait_s(w, 60);
}

static bool with_route(struct world *w, const char *verb, const char *to)
{
    return ask(w, ACCEPTER, HERE, "Action=%sRoute&RouteTableId=%s&DestinationCidrBlock=%s&VpcPeeringConnectionId=%s",
               verb, rtb, to, pcx);
}

static bool without_route(struct world *w, const char *to)
{
    return ask(w, ACCEPTER, HERE, "Action=DeleteRoute&RouteTableId=%s&DestinationCidrBlock=%s", rtb, to);
}

static unsigned tables_seen(struct world *w, const char *filter, const char *value)
{
    assert_true(
        ask(w, ACCEPTER, HERE, "Action=DescribeRouteTables&Filter.1.Name=%s&Filter.1.Value.1=%s", filter, value));
    return items(w, "routeTableSet");
}

static void each_vpc_has_a_main_table(void **state)
{
    struct world *w = *state;
    assert_true(ask(w, ACCEPTER, HERE, "Action=DescribeRouteTables&RouteTableId.1=%s", rtb));
    assert_string_equal(got(w, "vpcId"), w->peer);
    assert_string_equal(got(w, "ownerId"), ACCEPTER);
    assert_string_equal(got(w, "main"), "true");
    assert_int_equal(items(w, "routeSet"), 1);
    assert_string_equal(route_state(w, ACCEPTER, rtb, "10.2.0.0/16"), "active");
    assert_false(ask(w, REQUESTER, HERE, "Action=DescribeRouteTables&RouteTableId.1=%s", rtb)); // another's
    assert_refused(w, 400, "InvalidRouteTableID.NotFound");
    assert_false(ask(w, ACCEPTER, THERE, "Action=DescribeRouteTables&RouteTableId.1=%s", rtb)); // another Region
    assert_refused(w, 400, "InvalidRouteTableID.NotFound");
}

static void a_new_block_of_the_vpc_is_a_local_route_at_once(void **state)
{
    struct world *w = *state;
    assert_true(ask(w, ACCEPTER, HERE, "Action=AssociateVpcCidrBlock&VpcId=%s&CidrBlock=10.77.0.0/16", w->peer));
    assert_true(
        ask(w, ACCEPTER, HERE, "Action=AssociateVpcCidrBlock&VpcId=%s&AmazonProvidedIpv6CidrBlock=true", w->peer));
    assert_true(ask(w, ACCEPTER, HERE, "Action=DescribeRouteTables&RouteTableId.1=%s", rtb));
    assert_int_equal(items(w, "routeSet"), 3);
    assert_string_equal(route_state(w, ACCEPTER, rtb, "10.77.0.0/16"), "active");
    assert_true(has_in(w, "routeSet", "destinationIpv6CidrBlock"));
}

static void a_route_follows_its_peering(void **state)
{
    struct world *w = *state;
    assert_true(with_route(w, "Create", "10.1.0.0/16"));
    assert_string_equal(got(w, "return"), "true");
    assert_true(w->changed);
    assert_string_equal(route_state(w, ACCEPTER, rtb, "10.1.0.0/16"), "blackhole"); // pending
    assert_true(act(w, ACCEPTER, HERE, "Accept", pcx));
    assert_string_equal(route_state(w, ACCEPTER, rtb, "10.1.0.0/16"), "blackhole"); // provisioning
    wait_s(w, 60);
    assert_string_equal(route_state(w, ACCEPTER, rtb, "10.1.0.0/16"), "active");
    assert_true(act(w, REQUESTER, HERE, "Delete", pcx));
    assert_string_equal(route_state(w, ACCEPTER, rtb, "10.1.0.0/16"), "blackhole");
    wait_s(w, 3 * DAY); // the peering is gone from every list, and from memory after a sweep
    sim_purge(&w->sim, w->now);
    assert_seen(w, ACCEPTER, pcx, "");
    assert_string_equal(route_state(w, ACCEPTER, rtb, "10.1.0.0/16"), "blackhole");
    assert_true(without_route(w, "10.1.0.0/16"));
    assert_string_equal(route_state(w, ACCEPTER, rtb, "10.1.0.0/16"), "");
}

static void dry_runs_change_nothing(void **state)
{
    struct world *w = *state;
    activate(w);
    assert_true(with_route(w, "Create", "10.1.1.0/24"));
    uint64_t before = sim_digest(&w->sim);
    static const char *const verbs[] = {"Create", "Replace"}, *const blocks[] = {"10.1.0.0/16", "10.1.1.0/24"};
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        assert_false(ask(w, ACCEPTER, HERE,
                         "Action=%sRoute&RouteTableId=%s&DestinationCidrBlock=%s&VpcPeeringConnectionId=%s&DryRun=true",
                         verbs[i], rtb, blocks[i], pcx));
        assert_refused(w, 412, "DryRunOperation");
    }
    assert_false(
        ask(w, ACCEPTER, HERE, "Action=DeleteRoute&RouteTableId=%s&DestinationCidrBlock=10.1.1.0/24&DryRun=true", rtb));
    assert_refused(w, 412, "DryRunOperation");
    assert_false(ask(w, ACCEPTER, HERE, "Action=CreateRouteTable&VpcId=%s&DryRun=true", w->peer));
    assert_refused(w, 412, "DryRunOperation");
    assert_false(ask(w, ACCEPTER, HERE, "Action=DescribeRouteTables&DryRun=true"));
    assert_refused(w, 412, "DryRunOperation");
    assert_int_equal(sim_digest(&w->sim), before);
}

static void parameters_are_checked_in_order(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *body, *code;
    } bad[] = {
        {"Action=CreateRoute", "MissingParameter"},
        {"Action=CreateRoute&RouteTableId=%s", "MissingParameter"},
        {"Action=CreateRoute&RouteTableId=%s&DestinationCidrBlock=10.1.0.0/16", "MissingParameter"},
        {"Action=CreateRoute&RouteTableId=%s&DestinationCidrBlock=10.1.0.0/16&DestinationIpv6CidrBlock=fd00::/64",
         "InvalidParameterCombination"},
        {"Action=CreateRoute&RouteTableId=%s&DestinationCidrBlock=::/0&VpcPeeringConnectionId=pcx-00000000",
         "InvalidParameterValue"},
        {"Action=CreateRoute&RouteTableId=%s&DestinationCidrBlock=10.1.0.0/33&VpcPeeringConnectionId=pcx-00000000",
         "InvalidParameterValue"},
        {"Action=CreateRoute&RouteTableId=%s&DestinationIpv6CidrBlock=10.1.0.0/16&VpcPeeringConnectionId=pcx-00000000",
         "InvalidParameterValue"},
        {"Action=CreateRoute&RouteTableId=%s&DestinationCidrBlock=0.0.0.0/0&GatewayId=igw-00000000",
         "UnsupportedOperation"},
        {"Action=CreateRoute&RouteTableId=%s&DestinationCidrBlock=10.1.0.0/16&VpcPeeringConnectionId=x",
         "InvalidVpcPeeringConnectionId.Malformed"},
        {"Action=CreateRoute&RouteTableId=%s&DestinationCidrBlock=10.1.0.0/16&VpcPeeringConnectionId=pcx-00000000",
         "InvalidVpcPeeringConnectionID.NotFound"},
        {"Action=CreateRoute&RouteTableId=%s&DestinationCidrBlock=10.1.0.0/16&VpcPeeringConnectionId=pcx-00000000&X=1",
         "UnknownParameter"},
        {"Action=DeleteRoute&RouteTableId=%s", "MissingParameter"},
        {"Action=DeleteRoute&RouteTableId=rtb-1&DestinationCidrBlock=10.1.0.0/16", "InvalidRouteTableId.Malformed"},
        {"Action=DeleteRouteTable&RouteTableId=", "MissingParameter"},
        {"Action=DeleteRouteTable&RouteTableId=rtb-00000000", "InvalidRouteTableID.NotFound"},
        {"Action=CreateRouteTable", "MissingParameter"},
        {"Action=CreateRouteTable&VpcId=vpc-00000000", "InvalidVpcID.NotFound"},
        {"Action=DescribeRouteTables&RouteTableId.1=%s&MaxResults=5", "InvalidParameterCombination"},
        {"Action=DescribeRouteTables&MaxResults=101", "InvalidParameterValue"},
        {"Action=DescribeRouteTables&NextToken=abc", "InvalidPaginationToken"},
        {"Action=DescribeRouteTables&Filter.1.Name=route.colour&Filter.1.Value.1=x", "InvalidParameterValue"},
    };
    uint64_t before = sim_digest(&w->sim);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char text[400];
        struct slice rest = slice_of(bad[i].body), head;
        bool has = slice_cut(&rest, '%', &head);
        snprintf(text, sizeof(text), "%.*s%s%s", (int)(has ? head.n : strlen(bad[i].body)), bad[i].body, has ? rtb : "",
                 has ? rest.p + 1 : "");
        if (ask_raw(w, ACCEPTER, HERE, text)) fail_msg("%s was taken", text);
        assert_string_equal(w->e.code, bad[i].code);
        assert_int_equal(w->e.status, 400);
    }
    assert_int_equal(sim_digest(&w->sim), before);
}

static void filters_choose_tables_by_their_routes(void **state)
{
    struct world *w = *state;
    char other[SIM_ID_STR];
    assert_true(ask(w, ACCEPTER, HERE,
                    "Action=CreateRouteTable&VpcId=%s&TagSpecification.1.ResourceType=route-table&"
                    "TagSpecification.1.Tag.1.Key=Name&TagSpecification.1.Tag.1.Value=extra",
                    w->peer));
    assert_true(cstr_set(other, sizeof(other), got(w, "routeTableId")));
    assert_string_equal(got(w, "main"), "");
    assert_true(with_route(w, "Create", "10.1.0.0/16"));
    const struct {
        const char *name, *value;
        unsigned tables;
    } t[] = {{"vpc-id", w->peer, 2},
             {"vpc-id", w->own, 0},
             {"route-table-id", other, 1},
             {"owner-id", ACCEPTER, 2},
             {"association.main", "true", 1},
             {"association.main", "false", 0},
             {"association.route-table-id", "rtb-*", 1},
             {"association.route-table-association-id", "rtbassoc-*", 1},
             {"association.subnet-id", "*", 0},
             {"route.vpc-peering-connection-id", pcx, 1},
             {"route.vpc-peering-connection-id", "pcx-00000000", 0},
             {"route.destination-cidr-block", "10.1.0.0/16", 1},
             {"route.destination-cidr-block", "10.2.0.0/16", 2},
             {"route.destination-cidr-block", "10.9.0.0/16", 0},
             {"route.destination-ipv6-cidr-block", "*", 0},
             {"route.gateway-id", "local", 2},
             {"route.nat-gateway-id", "*", 0},
             {"route.origin", "CreateRoute", 1},
             {"route.state", "blackhole", 1},
             {"route.state", "active", 2},
             {"tag:Name", "ex?ra", 1},
             {"tag-key", "Name", 1},
             {"tag:Owner", "*", 0}};
    for (size_t i = 0; i < ARRAY_LEN(t); i++)
        if (tables_seen(w, t[i].name, t[i].value) != t[i].tables) fail_msg("%s=%s", t[i].name, t[i].value);
}

static void pages_hold_each_table_once(void **state)
{
    struct world *w = *state;
    unsigned seen_tables = 0, pages = 0;
    char token[64] = "";
    for (int i = 0; i < 22; i++) assert_true(ask(w, ACCEPTER, HERE, "Action=CreateRouteTable&VpcId=%s", w->peer));
    do {
        assert_true(
            ask(w, ACCEPTER, HERE, "Action=DescribeRouteTables&MaxResults=5%s%s", *token ? "&NextToken=" : "", token));
        seen_tables += items(w, "routeTableSet");
        assert_true(cstr_set(token, sizeof(token), got(w, "nextToken")));
        pages++;
    } while (*token);
    assert_int_equal(seen_tables, 23);
    assert_int_equal(pages, 5);
}

static void tags_are_the_owners(void **state)
{
    struct world *w = *state;
    assert_true(ask(w, ACCEPTER, HERE, "Action=CreateTags&ResourceId.1=%s&Tag.1.Key=k&Tag.1.Value=v", rtb));
    assert_int_equal(tables_seen(w, "tag:k", "v"), 1);
    assert_true(ask(w, ACCEPTER, HERE, "Action=DescribeTags&Filter.1.Name=resource-type&Filter.1.Value.1=route-table"));
    assert_string_equal(got(w, "resourceId"), rtb);
    assert_false(ask(w, REQUESTER, HERE, "Action=CreateTags&ResourceId.1=%s&Tag.1.Key=k&Tag.1.Value=v", rtb));
    assert_refused(w, 400, "InvalidRouteTableID.NotFound");
    assert_true(ask(w, ACCEPTER, HERE, "Action=DeleteTags&ResourceId.1=%s&Tag.1.Key=k", rtb));
    assert_int_equal(tables_seen(w, "tag:k", "v"), 0);
}

static void tags_on_every_kind_of_resource(void **state)
{
    struct world *w = *state;
    const char *ids[] = {pcx, w->peer, rtb};
    assert_true(ask(w, ACCEPTER, HERE,
                    "Action=CreateTags&ResourceId.1=%s&ResourceId.2=%s&ResourceId.3=%s&Tag.1.Key=Name&Tag.1.Value=x",
                    ids[0], ids[1], ids[2]));
    assert_true(ask(w, ACCEPTER, HERE, "Action=DescribeTags"));
    assert_int_equal(items(w, "tagSet"), 3);
    assert_true(ask(w, REQUESTER, HERE, "Action=DescribeTags"));
    assert_int_equal(items(w, "tagSet"), 0);
    // One id that is not there, and none is tagged.
    assert_false(ask(w, ACCEPTER, HERE, "Action=DeleteTags&ResourceId.1=%s&ResourceId.2=rtb-00000000", ids[0]));
    assert_refused(w, 400, "InvalidRouteTableID.NotFound");
    assert_true(ask(w, ACCEPTER, HERE, "Action=DescribeTags"));
    assert_int_equal(items(w, "tagSet"), 3);
}

static void stale_readers_see_old_routes(void **state)
{
    struct world *w = *state;
    activate(w);
    w->sim.settings.stale_s = 10;
    assert_true(with_route(w, "Create", "10.1.0.0/16"));
    assert_string_equal(route_state(w, ACCEPTER, rtb, "10.1.0.0/16"), "");
    assert_false(with_route(w, "Create", "10.1.0.0/16")); // it is there all the same
    assert_refused(w, 400, "RouteAlreadyExists");
    wait_s(w, 9);
    assert_string_equal(route_state(w, ACCEPTER, rtb, "10.1.0.0/16"), "");
    wait_s(w, 1);
    assert_string_equal(route_state(w, ACCEPTER, rtb, "10.1.0.0/16"), "active");
    assert_true(without_route(w, "10.1.0.0/16"));
    assert_string_equal(route_state(w, ACCEPTER, rtb, "10.1.0.0/16"), "active");
    assert_false(without_route(w, "10.1.0.0/16"));
    assert_refused(w, 400, "InvalidRoute.NotFound");
    wait_s(w, 10);
    assert_string_equal(route_state(w, ACCEPTER, rtb, "10.1.0.0/16"), "");
}

// A fault makes one Describe stale, without the setting.
static void one_reader_can_be_stale(void **state)
{
    struct world *w = *state;
    wait_s(w, 10);
    activate(w);
    assert_true(with_route(w, "Create", "10.1.0.0/16"));
    wait_s(w, 1);
    w->quirks.stale_s = 30;
    assert_string_equal(route_state(w, ACCEPTER, rtb, "10.1.0.0/16"), "");
    assert_true(ask(w, ACCEPTER, HERE, "Action=DescribeVpcPeeringConnections&VpcPeeringConnectionId.1=%s", pcx));
    assert_string_equal(got(w, "code"), "active");
    w->quirks.stale_s = 3600;
    assert_seen(w, ACCEPTER, pcx, "pending-acceptance");
    w->quirks.stale_s = 0;
    assert_int_equal(w->sim.settings.stale_s, 0);
    assert_string_equal(route_state(w, ACCEPTER, rtb, "10.1.0.0/16"), "active");
}

static void memory_of_old_routes_is_bounded(void **state)
{
    struct world *w = *state;
    activate(w);
    for (int i = 0; i < 5000; i++) {
        assert_true(with_route(w, "Create", "10.1.0.0/16"));
        assert_true(with_route(w, "Replace", "10.1.0.0/16"));
        assert_true(without_route(w, "10.1.0.0/16"));
    }
    struct sim_table *t = sim_table_find(&w->sim, slice_of(rtb));
    assert_true(t->route_count <= SIM_GHOSTS_MAX + 2);
    assert_true(t->route_cap <= 4 * SIM_GHOSTS_MAX);
    wait_s(w, 2 * DAY);
    assert_true(with_route(w, "Create", "10.1.0.0/16"));
    assert_int_equal(t->route_count, 1);
}

static void the_quota_is_a_setting_and_frees_up(void **state)
{
    struct world *w = *state;
    w->sim.settings.route_quota = 3;
    for (int i = 0; i < 3; i++) {
        char to[32];
        snprintf(to, sizeof(to), "10.1.%d.0/24", i);
        assert_true(with_route(w, "Create", to));
    }
    assert_false(with_route(w, "Create", "10.1.3.0/24"));
    assert_refused(w, 400, "RouteLimitExceeded");
    assert_true(with_route(w, "Replace", "10.1.2.0/24")); // not one more
    assert_true(without_route(w, "10.1.0.0/24"));
    assert_true(with_route(w, "Create", "10.1.3.0/24"));
    w->sim.settings.table_quota = 2;
    assert_true(ask(w, ACCEPTER, HERE, "Action=CreateRouteTable&VpcId=%s", w->peer));
    assert_false(ask(w, ACCEPTER, HERE, "Action=CreateRouteTable&VpcId=%s", w->peer));
    assert_refused(w, 400, "RouteTableLimitExceeded");
}

static void tables_go_with_their_vpc(void **state)
{
    struct world *w = *state;
    char other[SIM_ID_STR];
    assert_true(act(w, ACCEPTER, HERE, "Reject", pcx));
    assert_true(ask(w, ACCEPTER, HERE, "Action=CreateRouteTable&VpcId=%s", w->peer));
    assert_true(cstr_set(other, sizeof(other), got(w, "routeTableId")));
    assert_false(ask(w, ACCEPTER, HERE, "Action=DeleteVpc&VpcId=%s", w->peer));
    assert_refused(w, 400, "DependencyViolation");
    assert_true(ask(w, ACCEPTER, HERE, "Action=DeleteRouteTable&RouteTableId=%s", other));
    assert_true(ask(w, ACCEPTER, HERE, "Action=DeleteVpc&VpcId=%s", w->peer));
    assert_true(ask(w, ACCEPTER, HERE, "Action=DescribeRouteTables"));
    assert_int_equal(items(w, "routeTableSet"), 0);
    assert_int_equal(w->sim.table_count, 1); // REQUESTER's
}

static void a_replaced_route_leads_elsewhere(void **state)
{
    struct world *w = *state;
    char vpc[SIM_ID_STR], second[SIM_ID_STR];
    make_vpc(w, REQUESTER, HERE, "10.3.0.0/16", vpc);
    request_between(w, REQUESTER, HERE, vpc, ACCEPTER, HERE, w->peer, second);
    assert_true(with_route(w, "Create", "10.8.0.0/16"));
    assert_true(ask(w, ACCEPTER, HERE,
                    "Action=ReplaceRoute&RouteTableId=%s&DestinationCidrBlock=10.8.0.0/16&VpcPeeringConnectionId=%s",
                    rtb, second));
    assert_int_equal(tables_seen(w, "route.vpc-peering-connection-id", pcx), 0);
    assert_int_equal(tables_seen(w, "route.vpc-peering-connection-id", second), 1);
}

static void ipv6_routes_are_apart(void **state)
{
    struct world *w = *state;
    const char *v6 = "Action=%sRoute&RouteTableId=%s&DestinationIpv6CidrBlock=2600:1f00:aaaa::1/56%s%s";
    w->sim.settings.route_quota = 1;
    assert_true(with_route(w, "Create", "10.1.0.0/16"));
    assert_true(ask(w, ACCEPTER, HERE, v6, "Create", rtb, "&VpcPeeringConnectionId=", pcx)); // a quota of its own
    assert_string_equal(route_state(w, ACCEPTER, rtb, "2600:1f00:aaaa::/56"), "blackhole");
    assert_int_equal(tables_seen(w, "route.destination-ipv6-cidr-block", "2600:1f00:aaaa::/56"), 1);
    assert_true(ask(w, ACCEPTER, HERE, v6, "Delete", rtb, "", ""));
    assert_false(ask(w, ACCEPTER, HERE, v6, "Delete", rtb, "", ""));
    assert_refused(w, 400, "InvalidRoute.NotFound");
    assert_non_null(strstr(w->e.message, "no route with destination-ipv6-cidr-block 2600:1f00:aaaa::/56"));
}

static void options_are_shown_to_both_sides(void **state)
{
    struct world *w = *state;
    const char *modify =
        "Action=ModifyVpcPeeringConnectionOptions&VpcPeeringConnectionId=%s&%sPeeringConnectionOptions."
        "AllowDnsResolutionFromRemoteVpc=%s";
    activate(w);
    assert_true(ask(w, ACCEPTER, HERE, modify, pcx, "Accepter", "true"));
    assert_true(ask(w, REQUESTER, HERE, modify, pcx, "Requester", "true"));
    const char *who[] = {ACCEPTER, REQUESTER}, *sides[] = {"accepterVpcInfo", "requesterVpcInfo"};
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 2; k++) {
            assert_seen(w, who[i], pcx, "active");
            assert_string_equal(got_in(w, sides[k], "allowDnsResolutionFromRemoteVpc"), "true");
        }
    assert_true(ask(w, ACCEPTER, HERE, modify, pcx, "Accepter", "false"));
    assert_seen(w, REQUESTER, pcx, "active");
    assert_string_equal(got_in(w, "accepterVpcInfo", "allowDnsResolutionFromRemoteVpc"), "false");
    assert_string_equal(got_in(w, "requesterVpcInfo", "allowDnsResolutionFromRemoteVpc"), "true");
}

static void one_owner_may_set_both_options_at_once(void **state)
{
    struct world *w = *state;
    char vpc[SIM_ID_STR], own[SIM_ID_STR];
    make_vpc(w, REQUESTER, HERE, "10.3.0.0/16", vpc);
    request_between(w, REQUESTER, HERE, w->own, REQUESTER, HERE, vpc, own);
    assert_true(act(w, REQUESTER, HERE, "Accept", own));
    wait_s(w, 60);
    assert_true(ask(w, REQUESTER, HERE,
                    "Action=ModifyVpcPeeringConnectionOptions&VpcPeeringConnectionId=%s"
                    "&AccepterPeeringConnectionOptions.AllowDnsResolutionFromRemoteVpc=true"
                    "&RequesterPeeringConnectionOptions.AllowDnsResolutionFromRemoteVpc=true"
                    "&RequesterPeeringConnectionOptions.AllowEgressFromLocalClassicLinkToRemoteVpc=false",
                    own));
    assert_string_equal(got_in(w, "accepterPeeringConnectionOptions", "allowDnsResolutionFromRemoteVpc"), "true");
    assert_string_equal(got_in(w, "requesterPeeringConnectionOptions", "allowDnsResolutionFromRemoteVpc"), "true");
}

static void options_are_refused_in_every_other_state(void **state)
{
    struct world *w = *state;
    const char *modify = "Action=ModifyVpcPeeringConnectionOptions&VpcPeeringConnectionId=%s"
                         "&AccepterPeeringConnectionOptions.AllowDnsResolutionFromRemoteVpc=true";
    assert_true(act(w, ACCEPTER, HERE, "Accept", pcx));
    assert_false(ask(w, ACCEPTER, HERE, modify, pcx)); // provisioning
    assert_refused(w, 400, "OperationNotPermitted");
    wait_s(w, 60);
    assert_true(act(w, ACCEPTER, HERE, "Delete", pcx));
    assert_false(ask(w, ACCEPTER, HERE, modify, pcx)); // deleted
    assert_refused(w, 400, "OperationNotPermitted");
    wait_s(w, 3 * HOUR);
    assert_false(ask(w, ACCEPTER, HERE, modify, pcx)); // and gone
    assert_refused(w, 400, "InvalidVpcPeeringConnectionID.NotFound");
    assert_false(ask(w, STRANGER, HERE, modify, pcx));
    assert_refused(w, 400, "InvalidVpcPeeringConnectionID.NotFound");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(each_vpc_has_a_main_table),
        T(a_new_block_of_the_vpc_is_a_local_route_at_once),
        T(a_route_follows_its_peering),
        T(dry_runs_change_nothing),
        T(parameters_are_checked_in_order),
        T(filters_choose_tables_by_their_routes),
        T(pages_hold_each_table_once),
        T(tags_are_the_owners),
        T(tags_on_every_kind_of_resource),
        T(stale_readers_see_old_routes),
        T(one_reader_can_be_stale),
        T(memory_of_old_routes_is_bounded),
        T(the_quota_is_a_setting_and_frees_up),
        T(tables_go_with_their_vpc),
        T(a_replaced_route_leads_elsewhere),
        T(ipv6_routes_are_apart),
        T(options_are_shown_to_both_sides),
        T(one_owner_may_set_both_options_at_once),
        T(options_are_refused_in_every_other_state),
    };
    return cmocka_run_group_tests_name("ec2sim routes", tests, NULL, NULL);
}
