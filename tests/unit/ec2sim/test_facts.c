// SPDX-License-Identifier: Apache-2.0
// Where a common test double differs from AWS, one row and one test each, with how sure we are of AWS' side:
// recorded (a reply or an error text of AWS was seen), documented (AWS says so), assumed (we decided).
// Must never: let a row be without a mark.

#include "support/ec2sim_page.h"
#include "support/ec2sim_world.h"

static char pcx[SIM_ID_STR];

static void not_found_code(struct world *w)
{
    assert_false(act(w, ACCEPTER, HERE, "Accept", "pcx-0123456789abcdef0"));
    assert_refused(w, 400, "InvalidVpcPeeringConnectionID.NotFound");
    assert_string_equal(w->e.message, "The vpcPeeringConnection ID 'pcx-0123456789abcdef0' does not exist");
}

static void malformed_id(struct world *w)
{
    const char *bad[] = {"5d3ebcb5f2a30b26db9f7d31", "pcx-1234567", "pcx-0123456789ABCDEF0", "pcx-xyz", "pcx-"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char want[160];
        assert_false(act(w, ACCEPTER, HERE, "Accept", bad[i]));
        assert_refused(w, 400, "InvalidVpcPeeringConnectionId.Malformed");
        snprintf(want, sizeof(want), "Invalid id: \"%s\" (expecting \"pcx-...\")", bad[i]);
        assert_string_equal(w->e.message, want);
    }
}

static void missing_id(struct world *w)
{
    assert_false(ask(w, ACCEPTER, HERE, "Action=AcceptVpcPeeringConnection"));
    assert_refused(w, 400, "MissingParameter");
}

static void describe_unknown_id(struct world *w)
{
    assert_false(ask(w, ACCEPTER, HERE,
                     "Action=DescribeVpcPeeringConnections&VpcPeeringConnectionId.1=%s&VpcPeeringConnectionId.2=pcx-"
                     "00000000",
                     pcx));
    assert_refused(w, 400, "InvalidVpcPeeringConnectionID.NotFound");
}

static void filters_are_honoured(struct world *w)
{
    assert_true(ask(w, ACCEPTER, HERE,
                    "Action=DescribeVpcPeeringConnections&Filter.1.Name=status-code&Filter.1.Value.1=active"));
    assert_int_equal(items(w, "vpcPeeringConnectionSet"), 0);
}

static void max_results_are_honoured(struct world *w)
{
    struct sim_caller a = {REQUESTER, HERE}, b = {ACCEPTER, HERE};
    assert_true(sim_bulk(&w->sim, &a, &b, w->now, slice_of(w->peer), 9, false, &w->e));
    assert_true(ask(w, ACCEPTER, HERE, "Action=DescribeVpcPeeringConnections&MaxResults=7"));
    assert_int_equal(items(w, "vpcPeeringConnectionSet"), 7);
    assert_string_not_equal(got(w, "nextToken"), "");
    const char *bad[] = {"4", "1001", "0", "-1", "many", ""};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(ask(w, ACCEPTER, HERE, "Action=DescribeVpcPeeringConnections&MaxResults=%s", bad[i]));
        assert_refused(w, 400, "InvalidParameterValue");
    }
}

static void dry_run_changes_nothing(struct world *w)
{
    assert_false(
        ask(w, ACCEPTER, HERE, "Action=AcceptVpcPeeringConnection&VpcPeeringConnectionId=%s&DryRun=true", pcx));
    assert_refused(w, 412, "DryRunOperation");
    assert_string_equal(w->e.message, "Request would have succeeded, but DryRun flag is set.");
    assert_false(w->changed);
    assert_seen(w, ACCEPTER, pcx, "pending-acceptance");
}

static void pending_hides_accepter_block(struct world *w)
{
    assert_seen(w, ACCEPTER, pcx, "pending-acceptance");
    assert_false(has_in(w, "accepterVpcInfo", "cidrBlock"));
    assert_false(has_in(w, "accepterVpcInfo", "peeringOptions"));
    assert_string_equal(got_in(w, "accepterVpcInfo", "region"), HERE);
    assert_string_equal(got_in(w, "requesterVpcInfo", "cidrBlock"), "10.1.0.0/16");
    assert_true(has_in(w, "requesterVpcInfo", "peeringOptions"));
}

static void sets_and_expiration_are_present(struct world *w)
{
    char want[25];
    assert_seen(w, ACCEPTER, pcx, "pending-acceptance");
    assert_true(has_in(w, "requesterVpcInfo", "cidrBlockSet"));
    wall_rfc3339_ms((struct wall){w->now.us + 7 * DAY * US_PER_SEC}, want);
    assert_string_equal(got(w, "expirationTime"), want);
    assert_true(act(w, ACCEPTER, HERE, "Accept", pcx));
    wait_s(w, 60);
    assert_seen(w, ACCEPTER, pcx, "active");
    assert_true(has_in(w, "accepterVpcInfo", "cidrBlockSet"));
    assert_string_equal(got(w, "expirationTime"), "");
}

static void ipv6_set_is_present(struct world *w)
{
    assert_true(
        ask(w, REQUESTER, HERE, "Action=AssociateVpcCidrBlock&VpcId=%s&AmazonProvidedIpv6CidrBlock=true", w->own));
    assert_seen(w, ACCEPTER, pcx, "pending-acceptance");
    assert_true(has_in(w, "requesterVpcInfo", "ipv6CidrBlockSet"));
}

static void accept_provisions_first(struct world *w)
{
    assert_true(act(w, ACCEPTER, HERE, "Accept", pcx));
    assert_string_equal(got(w, "code"), "provisioning");
    assert_string_equal(got(w, "message"), "Provisioning");
    assert_seen(w, REQUESTER, pcx, "provisioning");
    wait_s(w, w->sim.settings.provisioning_s);
    assert_seen(w, REQUESTER, pcx, "active");
    assert_string_equal(got(w, "message"), "Active");
}

static void requests_expire(struct world *w)
{
    wait_s(w, 7 * DAY - 1);
    assert_seen(w, ACCEPTER, pcx, "pending-acceptance");
    wait_s(w, 1);
    assert_seen(w, ACCEPTER, pcx, "expired");
    assert_seen(w, REQUESTER, pcx, "expired");
    assert_false(act(w, ACCEPTER, HERE, "Accept", pcx));
    assert_refused(w, 400, "InvalidStateTransition");
}

static void deleting_across_regions(struct world *w)
{
    char far_vpc[SIM_ID_STR], far_pcx[SIM_ID_STR];
    make_vpc(w, ACCEPTER, THERE, "10.9.0.0/16", far_vpc);
    request_between(w, REQUESTER, HERE, w->own, ACCEPTER, THERE, far_vpc, far_pcx);
    assert_true(act(w, ACCEPTER, THERE, "Accept", far_pcx));
    wait_s(w, 60);
    assert_true(act(w, ACCEPTER, THERE, "Delete", far_pcx));
    assert_string_equal(seen(w, ACCEPTER, THERE, far_pcx), "deleting");
    assert_false(ask(w, ACCEPTER, THERE, "Action=DeleteVpc&VpcId=%s", far_vpc));
    assert_refused(w, 400, "DependencyViolation");
    wait_s(w, 60);
    assert_string_equal(seen(w, ACCEPTER, THERE, far_pcx), "deleted");
    assert_true(ask(w, ACCEPTER, THERE, "Action=DeleteVpc&VpcId=%s", far_vpc));
}

static void overlap_fails_unseen(struct world *w)
{
    char twin[SIM_ID_STR], bad[SIM_ID_STR];
    make_vpc(w, ACCEPTER, HERE, "10.1.128.0/17", twin);
    request_between(w, REQUESTER, HERE, w->own, ACCEPTER, HERE, twin, bad);
    assert_string_equal(got(w, "code"), "initiating-request");
    assert_seen(w, REQUESTER, bad, "failed");
    assert_string_equal(got(w, "message"), "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range");
    assert_seen(w, ACCEPTER, bad, "");
    assert_false(act(w, ACCEPTER, HERE, "Accept", bad));
    assert_refused(w, 400, "InvalidVpcPeeringConnectionID.NotFound");
    assert_false(act(w, REQUESTER, HERE, "Delete", bad));
    assert_refused(w, 400, "InvalidStateTransition");
}

static void overlap_of_secondary_block_fails(struct world *w)
{
    char other[SIM_ID_STR], bad[SIM_ID_STR];
    make_vpc(w, ACCEPTER, HERE, "10.77.0.0/16", other);
    assert_true(ask(w, ACCEPTER, HERE, "Action=AssociateVpcCidrBlock&VpcId=%s&CidrBlock=10.1.3.0/24", other));
    request_between(w, REQUESTER, HERE, w->own, ACCEPTER, HERE, other, bad);
    assert_seen(w, REQUESTER, bad, "failed");
}

static void unknown_peer_fails(struct world *w)
{
    const struct {
        const char *account, *region, *vpc;
    } wrong[] = {{ACCEPTER, HERE, "vpc-0123456789abcdef0"}, {STRANGER, HERE, w->peer}, {ACCEPTER, THERE, w->peer}};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        char bad[SIM_ID_STR];
        request_between(w, REQUESTER, HERE, w->own, wrong[i].account, wrong[i].region, wrong[i].vpc, bad);
        assert_seen(w, REQUESTER, bad, "failed");
    }
}

static void duplicate_returns_the_first(struct world *w)
{
    char again[SIM_ID_STR];
    wait_s(w, 5);
    request_between(w, REQUESTER, HERE, w->own, ACCEPTER, HERE, w->peer, again);
    assert_string_equal(again, pcx);
    assert_string_equal(got(w, "code"), "pending-acceptance");
}

static void reverse_duplicate_is_refused_at_accept(struct world *w)
{
    char back[SIM_ID_STR], want[160];
    request_between(w, ACCEPTER, HERE, w->peer, REQUESTER, HERE, w->own, back);
    assert_string_not_equal(back, pcx);
    assert_true(act(w, ACCEPTER, HERE, "Accept", pcx));
    assert_false(act(w, REQUESTER, HERE, "Accept", back));
    assert_refused(w, 400, "VpcPeeringConnectionAlreadyExists");
    snprintf(want, sizeof(want), "The vpc peering connection identified by %s already exists.", back);
    assert_string_equal(w->e.message, want);
}

static void duplicate_is_refused_when_set(struct world *w)
{
    w->sim.settings.refuse_duplicates = 1;
    assert_false(ask(w, REQUESTER, HERE,
                     "Action=CreateVpcPeeringConnection&VpcId=%s&PeerVpcId=%s&PeerOwnerId=" ACCEPTER, w->own, w->peer));
    assert_refused(w, 400, "VpcPeeringConnectionAlreadyExists");
}

static void reject_message(struct world *w)
{
    assert_true(act(w, ACCEPTER, HERE, "Reject", pcx));
    assert_string_equal(got(w, "return"), "true");
    assert_seen(w, REQUESTER, pcx, "rejected");
    assert_string_equal(got(w, "message"), "Rejected by " ACCEPTER);
}

static void accepter_cannot_delete_pending(struct world *w)
{
    assert_false(act(w, ACCEPTER, HERE, "Delete", pcx));
    assert_refused(w, 400, "InvalidStateTransition");
    assert_seen(w, ACCEPTER, pcx, "pending-acceptance");
    assert_true(act(w, REQUESTER, HERE, "Delete", pcx));
    assert_seen(w, ACCEPTER, pcx, "deleted");
    assert_string_equal(got(w, "message"), "Deleted by " REQUESTER);
}

static void delete_of_an_end_is_refused(struct world *w)
{
    assert_true(act(w, ACCEPTER, HERE, "Reject", pcx));
    for (int i = 0; i < 2; i++) {
        assert_false(act(w, REQUESTER, HERE, "Delete", pcx));
        assert_refused(w, 400, "InvalidStateTransition");
    }
}

static void state_error_text(struct world *w)
{
    char want[160];
    assert_true(act(w, ACCEPTER, HERE, "Reject", pcx));
    assert_false(act(w, ACCEPTER, HERE, "Delete", pcx));
    snprintf(want, sizeof(want), "Invalid state transition for %s, attempted to transition from rejected to deleting",
             pcx);
    assert_string_equal(w->e.message, want);
}

static void windows_close(struct world *w)
{
    assert_true(act(w, ACCEPTER, HERE, "Reject", pcx));
    wait_s(w, 2 * HOUR - 1);
    assert_seen(w, ACCEPTER, pcx, "rejected");
    wait_s(w, 1);
    assert_seen(w, ACCEPTER, pcx, "");
    assert_seen(w, REQUESTER, pcx, "rejected");
    wait_s(w, 2 * DAY - 2 * HOUR - 1);
    assert_seen(w, REQUESTER, pcx, "rejected");
    wait_s(w, 1);
    assert_seen(w, REQUESTER, pcx, "");
}

static void ends_have_no_blocks(struct world *w)
{
    assert_true(act(w, ACCEPTER, HERE, "Accept", pcx));
    wait_s(w, 60);
    assert_true(act(w, REQUESTER, HERE, "Delete", pcx));
    assert_seen(w, ACCEPTER, pcx, "deleted");
    assert_false(has_in(w, "requesterVpcInfo", "cidrBlock"));
    assert_false(has_in(w, "accepterVpcInfo", "cidrBlock"));
}

static void tags_belong_to_one_side(struct world *w)
{
    assert_true(ask(w, REQUESTER, HERE, "Action=CreateTags&ResourceId.1=%s&Tag.1.Key=Name&Tag.1.Value=mine", pcx));
    assert_true(ask(w, ACCEPTER, HERE, "Action=CreateTags&ResourceId.1=%s&Tag.1.Key=Name&Tag.1.Value=yours", pcx));
    assert_seen(w, ACCEPTER, pcx, "pending-acceptance");
    assert_string_equal(got(w, "value"), "yours");
    assert_seen(w, REQUESTER, pcx, "pending-acceptance");
    assert_string_equal(got(w, "value"), "mine");
}

static void vpc_with_foreign_request_stays(struct world *w)
{
    assert_false(ask(w, ACCEPTER, HERE, "Action=DeleteVpc&VpcId=%s", w->peer));
    assert_refused(w, 400, "DependencyViolation");
    assert_true(act(w, ACCEPTER, HERE, "Reject", pcx));
    assert_true(ask(w, ACCEPTER, HERE, "Action=DeleteVpc&VpcId=%s", w->peer));
}

static void vpc_takes_its_active_peering_along(struct world *w)
{
    assert_true(act(w, ACCEPTER, HERE, "Accept", pcx));
    wait_s(w, 60);
    assert_true(ask(w, ACCEPTER, HERE, "Action=DeleteVpc&VpcId=%s", w->peer));
    assert_seen(w, REQUESTER, pcx, "deleted");
    assert_string_equal(got(w, "message"), "Deleted by " ACCEPTER);
}

static void outstanding_quota(struct world *w)
{
    for (int i = 1; i < 25; i++) {
        char other[SIM_ID_STR], cidr[32], id[SIM_ID_STR];
        snprintf(cidr, sizeof(cidr), "10.%d.0.0/16", 100 + i);
        make_vpc(w, ACCEPTER, HERE, cidr, other);
        request_between(w, REQUESTER, HERE, w->own, ACCEPTER, HERE, other, id);
    }
    assert_false(ask(w, REQUESTER, HERE,
                     "Action=CreateVpcPeeringConnection&VpcId=%s&PeerVpcId=vpc-00000001&PeerOwnerId=" ACCEPTER,
                     w->own));
    assert_refused(w, 400, "OutstandingVpcPeeringConnectionLimitExceeded");
    wait_s(w, 7 * DAY); // the first ones lapse, and room is there again
    char id[SIM_ID_STR];
    request_between(w, REQUESTER, HERE, w->own, ACCEPTER, HERE, w->peer, id);
}

static void active_quota(struct world *w)
{
    struct sim_caller a = {STRANGER, HERE}, b = {ACCEPTER, HERE};
    assert_true(sim_bulk(&w->sim, &a, &b, w->now, slice_of(w->peer), 50, true, &w->e));
    assert_false(act(w, ACCEPTER, HERE, "Accept", pcx));
    assert_refused(w, 400, "ActiveVpcPeeringConnectionPerVpcLimitExceeded");
    w->sim.settings.active_quota = 125;
    assert_true(act(w, ACCEPTER, HERE, "Accept", pcx));
}

static void eventual_consistency(struct world *w)
{
    char other[SIM_ID_STR], late[SIM_ID_STR];
    w->sim.settings.visibility_s = 10;
    w->sim.settings.action_visibility_s = 30;
    make_vpc(w, ACCEPTER, HERE, "10.3.0.0/16", other);
    request_between(w, REQUESTER, HERE, w->own, ACCEPTER, HERE, other, late);
    assert_seen(w, REQUESTER, late, "pending-acceptance");
    assert_seen(w, ACCEPTER, late, "");
    wait_s(w, 10);
    assert_seen(w, ACCEPTER, late, "pending-acceptance");
    assert_false(act(w, ACCEPTER, HERE, "Accept", late)); // Describe finds it, Accept does not yet
    assert_refused(w, 400, "InvalidVpcPeeringConnectionID.NotFound");
    wait_s(w, 20);
    assert_true(act(w, ACCEPTER, HERE, "Accept", late));
}

static void stale_reads(struct world *w)
{
    w->sim.settings.stale_s = 5;
    wait_s(w, 60);
    assert_true(act(w, ACCEPTER, HERE, "Accept", pcx));
    assert_string_equal(got(w, "code"), "provisioning");
    assert_seen(w, ACCEPTER, pcx, "pending-acceptance");
    wait_s(w, 5);
    assert_seen(w, ACCEPTER, pcx, "provisioning");
}

static void accept_in_the_wrong_region(struct world *w)
{
    char far_vpc[SIM_ID_STR], far_pcx[SIM_ID_STR], want[240];
    make_vpc(w, ACCEPTER, THERE, "10.9.0.0/16", far_vpc);
    request_between(w, REQUESTER, HERE, w->own, ACCEPTER, THERE, far_vpc, far_pcx);
    assert_false(act(w, ACCEPTER, HERE, "Accept", far_pcx));
    assert_refused(w, 400, "OperationNotPermitted");
    snprintf(want, sizeof(want),
             "Incorrect region (%s) specified for this request. VPC peering connection %s must be accepted in region "
             "%s",
             HERE, far_pcx, THERE);
    assert_string_equal(w->e.message, want);
    assert_false(act(w, ACCEPTER, "us-west-2", "Accept", far_pcx));
    assert_refused(w, 400, "InvalidVpcPeeringConnectionID.NotFound");
    assert_true(act(w, ACCEPTER, THERE, "Accept", far_pcx));
}

static void own_request_cannot_be_accepted(struct world *w)
{
    char want[160];
    assert_false(act(w, REQUESTER, HERE, "Accept", pcx));
    assert_refused(w, 400, "OperationNotPermitted");
    snprintf(want, sizeof(want), "User %s cannot accept peering %s", REQUESTER, pcx);
    assert_string_equal(w->e.message, want);
}

static void accept_twice(struct world *w)
{
    assert_true(act(w, ACCEPTER, HERE, "Accept", pcx));
    assert_false(act(w, ACCEPTER, HERE, "Accept", pcx));
    assert_refused(w, 400, "InvalidStateTransition");
    wait_s(w, 60);
    assert_false(act(w, ACCEPTER, HERE, "Accept", pcx));
    assert_refused(w, 400, "InvalidStateTransition");
    assert_false(act(w, ACCEPTER, HERE, "Reject", pcx));
    assert_refused(w, 400, "InvalidStateTransition");
}

static void options_need_active(struct world *w)
{
    const char *field = "AllowDnsResolutionFromRemoteVpc";
    const char *modify = "Action=ModifyVpcPeeringConnectionOptions&VpcPeeringConnectionId=%s&%s."
                         "%s=true";
    assert_false(ask(w, ACCEPTER, HERE, modify, pcx, "AccepterPeeringConnectionOptions", field));
    assert_refused(w, 400, "OperationNotPermitted");
    assert_true(act(w, ACCEPTER, HERE, "Accept", pcx));
    wait_s(w, 60);
    assert_false(ask(w, REQUESTER, HERE, modify, pcx, "AccepterPeeringConnectionOptions", field));
    assert_refused(w, 400, "OperationNotPermitted");
    assert_non_null(strstr(w->e.message, "does not have permission to modify the accepter side"));
    assert_true(ask(w, ACCEPTER, HERE, modify, pcx, "AccepterPeeringConnectionOptions", field));
    assert_string_equal(got_in(w, "accepterPeeringConnectionOptions", "allowDnsResolutionFromRemoteVpc"), "true");
    assert_seen(w, REQUESTER, pcx, "active");
    assert_string_equal(got_in(w, "accepterVpcInfo", "allowDnsResolutionFromRemoteVpc"), "true");
}

static void options_need_a_side(struct world *w)
{
    assert_true(act(w, ACCEPTER, HERE, "Accept", pcx));
    wait_s(w, 60);
    assert_false(ask(w, ACCEPTER, HERE, "Action=ModifyVpcPeeringConnectionOptions&VpcPeeringConnectionId=%s", pcx));
    assert_refused(w, 400, "MissingParameter");
}

static void options_of_the_other_side_text(struct world *w)
{
    assert_true(act(w, ACCEPTER, HERE, "Accept", pcx));
    const char *modify = "Action=ModifyVpcPeeringConnectionOptions&VpcPeeringConnectionId=%s"
                         "&AccepterPeeringConnectionOptions.AllowDnsResolutionFromRemoteVpc=true";
    char want[160];
    assert_false(ask(w, REQUESTER, HERE, modify, pcx));
    snprintf(want, sizeof(want), "Peering %s is not active. Peering options can be added only to active peerings.",
             pcx);
    assert_string_equal(w->e.message, want);
    wait_s(w, 60);
    assert_false(ask(w, REQUESTER, HERE, modify, pcx));
    assert_string_equal(w->e.message,
                        "User " REQUESTER " does not have permission to modify the accepter side peering options");
}

// ---- routes

static char rtb[SIM_ID_STR];

static bool route(struct world *w, const char *verb, const char *to)
{
    if (!rtb[0] || !sim_table_find(&w->sim, slice_of(rtb))) main_table(w, ACCEPTER, HERE, w->peer, rtb);
    return ask(w, ACCEPTER, HERE, "Action=%sRoute&RouteTableId=%s&DestinationCidrBlock=%s%s%s", verb, rtb, to,
               strcmp(verb, "Delete") == 0 ? "" : "&VpcPeeringConnectionId=", strcmp(verb, "Delete") == 0 ? "" : pcx);
}

static void route_to_pending_is_a_blackhole(struct world *w)
{
    assert_true(route(w, "Create", "10.1.0.0/16"));
    assert_string_equal(route_state(w, ACCEPTER, rtb, "10.1.0.0/16"), "blackhole");
    assert_true(act(w, ACCEPTER, HERE, "Accept", pcx));
    wait_s(w, 60);
    assert_string_equal(route_state(w, ACCEPTER, rtb, "10.1.0.0/16"), "active");
}

static void route_to_provisioning(struct world *w)
{
    assert_true(act(w, ACCEPTER, HERE, "Accept", pcx));
    assert_true(route(w, "Create", "10.1.0.0/16"));
    assert_string_equal(route_state(w, ACCEPTER, rtb, "10.1.0.0/16"), "blackhole");
}

static void route_stays_when_its_peering_goes(struct world *w)
{
    assert_true(act(w, ACCEPTER, HERE, "Accept", pcx));
    wait_s(w, 60);
    assert_true(route(w, "Create", "10.1.0.0/16"));
    assert_true(act(w, REQUESTER, HERE, "Delete", pcx));
    assert_string_equal(route_state(w, ACCEPTER, rtb, "10.1.0.0/16"), "blackhole");
}

static void route_to_an_ended_peering(struct world *w)
{
    assert_true(act(w, ACCEPTER, HERE, "Reject", pcx));
    assert_false(route(w, "Create", "10.1.0.0/16"));
    assert_refused(w, 400, "InvalidVpcPeeringConnectionID.NotFound");
}

static void route_to_an_unknown_peering(struct world *w)
{
    assert_true(route(w, "Create", "10.1.0.0/16"));
    assert_false(ask(w, ACCEPTER, HERE,
                     "Action=CreateRoute&RouteTableId=%s&DestinationCidrBlock=10.8.0.0/16&VpcPeeringConnectionId=pcx-"
                     "0123456789abcdef0",
                     rtb));
    assert_refused(w, 400, "InvalidVpcPeeringConnectionID.NotFound");
    assert_string_equal(w->e.message, "The vpcPeeringConnection ID 'pcx-0123456789abcdef0' does not exist");
}

static void route_of_another_network(struct world *w)
{
    char other[SIM_ID_STR], want[200];
    make_vpc(w, ACCEPTER, HERE, "10.66.0.0/16", other);
    main_table(w, ACCEPTER, HERE, other, rtb);
    assert_false(route(w, "Create", "10.1.0.0/16"));
    assert_refused(w, 400, "InvalidParameterValue");
    snprintf(want, sizeof(want), "route table %s and network gateway %s belong to different networks", rtb, pcx);
    assert_string_equal(w->e.message, want);
}

static void route_twice(struct world *w)
{
    assert_true(route(w, "Create", "10.1.0.0/16"));
    assert_false(route(w, "Create", "10.1.0.0/16"));
    assert_refused(w, 400, "RouteAlreadyExists");
    assert_string_equal(w->e.message, "The route identified by 10.1.0.0/16 already exists.");
}

static void route_twice_when_set(struct world *w)
{
    w->sim.settings.repeat_route_ok = 1;
    assert_true(route(w, "Create", "10.1.0.0/16"));
    assert_true(route(w, "Create", "10.1.0.0/16"));
    assert_int_equal(sim_table_find(&w->sim, slice_of(rtb))->route_count, 1);
}

static void route_within_the_vpc(struct world *w)
{
    const char *own[] = {"10.2.0.0/16", "10.2.7.0/24"};
    for (size_t i = 0; i < ARRAY_LEN(own); i++) {
        char want[240];
        assert_false(route(w, "Create", own[i]));
        assert_refused(w, 400, "InvalidParameterValue");
        snprintf(want, sizeof(want),
                 "The destination CIDR block %s is equal to or more specific than one of this VPC's CIDR blocks. This "
                 "route can target only an interface or an instance.",
                 own[i]);
        assert_string_equal(w->e.message, want);
    }
}

static void route_around_the_vpc(struct world *w)
{
    assert_true(route(w, "Create", "10.0.0.0/8"));
    assert_true(route(w, "Create", "10.0.0.0/9")); // and routes may overlap each other
}

static void route_block_becomes_canonical(struct world *w)
{
    assert_true(route(w, "Create", "100.68.0.18/18"));
    assert_string_equal(route_state(w, ACCEPTER, rtb, "100.68.0.0/18"), "blackhole");
}

static void route_limit(struct world *w)
{
    for (int i = 0; i < 50; i++) {
        char to[32];
        snprintf(to, sizeof(to), "10.1.%d.0/24", i);
        assert_true(route(w, "Create", to));
    }
    assert_false(route(w, "Create", "10.1.50.0/24"));
    assert_refused(w, 400, "RouteLimitExceeded");
}

static void route_limits_are_per_family(struct world *w)
{
    w->sim.settings.route_quota = 1;
    assert_true(route(w, "Create", "10.1.0.0/16"));
    assert_true(ask(w, ACCEPTER, HERE,
                    "Action=CreateRoute&RouteTableId=%s&DestinationIpv6CidrBlock=2600:1f00:1::/56&"
                    "VpcPeeringConnectionId=%s",
                    rtb, pcx));
}

static void local_routes_do_not_count(struct world *w)
{
    w->sim.settings.route_quota = 1;
    assert_true(ask(w, ACCEPTER, HERE, "Action=AssociateVpcCidrBlock&VpcId=%s&CidrBlock=10.77.0.0/16", w->peer));
    assert_true(route(w, "Create", "10.1.0.0/16"));
}

static void unknown_table(struct world *w)
{
    assert_false(ask(w, ACCEPTER, HERE,
                     "Action=DeleteRoute&RouteTableId=rtb-0123456789abcdef0&DestinationCidrBlock=10.1.0.0/16"));
    assert_refused(w, 400, "InvalidRouteTableID.NotFound");
    assert_string_equal(w->e.message, "The routeTable ID 'rtb-0123456789abcdef0' does not exist");
}

static void malformed_table(struct world *w)
{
    assert_false(ask(w, ACCEPTER, HERE, "Action=DescribeRouteTables&RouteTableId.1=vpc-00000000"));
    assert_refused(w, 400, "InvalidRouteTableId.Malformed");
}

static void route_that_is_not_there(struct world *w)
{
    char want[160];
    assert_false(route(w, "Delete", "10.1.0.0/16"));
    assert_refused(w, 400, "InvalidRoute.NotFound");
    snprintf(want, sizeof(want), "no route with destination-cidr-block 10.1.0.0/16 in route table %s", rtb);
    assert_string_equal(w->e.message, want);
}

static void local_route_stays(struct world *w)
{
    char want[160];
    assert_false(route(w, "Delete", "10.2.0.0/16"));
    assert_refused(w, 400, "InvalidParameterValue");
    snprintf(want, sizeof(want), "cannot remove local route 10.2.0.0/16 in route table %s", rtb);
    assert_string_equal(w->e.message, want);
}

static void replace_needs_a_route(struct world *w)
{
    assert_false(route(w, "Replace", "10.1.0.0/16"));
    assert_refused(w, 400, "InvalidParameterValue");
    assert_string_equal(w->e.message,
                        "There is no route defined for '10.1.0.0/16' in the route table. Use CreateRoute instead.");
}

static void route_parameters_missing(struct world *w)
{
    assert_false(ask(w, ACCEPTER, HERE, "Action=CreateRoute&DestinationCidrBlock=10.1.0.0/16"));
    assert_refused(w, 400, "MissingParameter");
    assert_string_equal(w->e.message, "The request must contain the parameter routeTableId");
    assert_false(ask(w, ACCEPTER, HERE, "Action=CreateRoute&RouteTableId=rtb-00000000"));
    assert_refused(w, 400, "MissingParameter");
    assert_string_equal(w->e.message,
                        "The request must contain the parameter destinationCidrBlock or destinationIpv6CidrBlock");
}

static void main_table_stays(struct world *w)
{
    char want[160];
    main_table(w, ACCEPTER, HERE, w->peer, rtb);
    assert_false(ask(w, ACCEPTER, HERE, "Action=DeleteRouteTable&RouteTableId=%s", rtb));
    assert_refused(w, 400, "DependencyViolation");
    snprintf(want, sizeof(want), "The routeTable '%s' has dependencies and cannot be deleted.", rtb);
    assert_string_equal(w->e.message, want);
}

static void vpc_with_another_table_stays(struct world *w)
{
    assert_true(act(w, ACCEPTER, HERE, "Reject", pcx));
    assert_true(ask(w, ACCEPTER, HERE, "Action=CreateRouteTable&VpcId=%s", w->peer));
    assert_false(ask(w, ACCEPTER, HERE, "Action=DeleteVpc&VpcId=%s", w->peer));
    assert_refused(w, 400, "DependencyViolation");
}

static void block_over_a_route_is_refused(struct world *w)
{
    assert_true(route(w, "Create", "10.1.0.0/16"));
    const char *block = "Action=AssociateVpcCidrBlock&VpcId=%s&CidrBlock=%s";
    assert_false(ask(w, ACCEPTER, HERE, block, w->peer, "10.1.0.0/16"));
    assert_refused(w, 400, "CidrConflict");
    assert_true(ask(w, ACCEPTER, HERE, block, w->peer, "10.1.3.0/24")); // smaller than the route's
}

static void a_new_route_may_be_unseen(struct world *w)
{
    w->sim.settings.stale_s = 5;
    assert_true(route(w, "Create", "10.1.0.0/16"));
    assert_string_equal(route_state(w, ACCEPTER, rtb, "10.1.0.0/16"), "");
    wait_s(w, 5);
    assert_string_equal(route_state(w, ACCEPTER, rtb, "10.1.0.0/16"), "blackhole");
}

enum mark { MARK_NONE, RECORDED, DOCUMENTED, ASSUMED };
static const char *const mark_names[] = {"", "recorded", "documented", "assumed"};
static const struct fact {
    const char *name; // the row of the table, or the situation
    enum mark mark;
    void (*check)(struct world *w);
} facts[] = {
    {"NotFound code and text", RECORDED, not_found_code},
    {"malformed id", RECORDED, malformed_id},
    {"missing id", DOCUMENTED, missing_id},
    {"Describe of an unknown id", RECORDED, describe_unknown_id},
    {"filters", DOCUMENTED, filters_are_honoured},
    {"MaxResults and NextToken", DOCUMENTED, max_results_are_honoured},
    {"DryRun", RECORDED, dry_run_changes_nothing},
    {"pending record hides the accepter's blocks", RECORDED, pending_hides_accepter_block},
    {"cidrBlockSet and expirationTime", RECORDED, sets_and_expiration_are_present},
    {"ipv6CidrBlockSet", DOCUMENTED, ipv6_set_is_present},
    {"Accept answers provisioning", RECORDED, accept_provisions_first},
    {"expired", DOCUMENTED, requests_expire},
    {"deleting across Regions, VPC kept meanwhile", RECORDED, deleting_across_regions},
    {"overlap fails, invisible to the accepter", DOCUMENTED, overlap_fails_unseen},
    {"overlap of a secondary block", DOCUMENTED, overlap_of_secondary_block_fails},
    {"unknown peer VPC, account or Region", RECORDED, unknown_peer_fails},
    {"same request twice gives the first", RECORDED, duplicate_returns_the_first},
    {"reverse request is refused at Accept", RECORDED, reverse_duplicate_is_refused_at_accept},
    {"duplicate refused at Create (setting)", DOCUMENTED, duplicate_is_refused_when_set},
    {"message of rejected", ASSUMED, reject_message},
    {"Delete by the accepter while pending", DOCUMENTED, accepter_cannot_delete_pending},
    {"Delete of rejected", RECORDED, delete_of_an_end_is_refused},
    {"text of a state error", RECORDED, state_error_text},
    {"visibility windows", DOCUMENTED, windows_close},
    {"deleted has no CIDR blocks", RECORDED, ends_have_no_blocks},
    {"tags per account", DOCUMENTED, tags_belong_to_one_side},
    {"DeleteVpc with a foreign pending request", DOCUMENTED, vpc_with_foreign_request_stays},
    {"DeleteVpc with an active peering", DOCUMENTED, vpc_takes_its_active_peering_along},
    {"quota of outstanding requests", DOCUMENTED, outstanding_quota},
    {"quota of active peerings", DOCUMENTED, active_quota},
    {"eventual consistency: Describe before Accept", RECORDED, eventual_consistency},
    {"eventual consistency: stale read after Accept", RECORDED, stale_reads},
    {"Accept in the wrong Region", RECORDED, accept_in_the_wrong_region},
    {"Accept of one's own request", RECORDED, own_request_cannot_be_accepted},
    {"Accept twice", ASSUMED, accept_twice},
    {"options need an active peering and the own side", RECORDED, options_need_active},
    {"texts of refused options", RECORDED, options_of_the_other_side_text},
    {"options without a side", ASSUMED, options_need_a_side},
    {"route to a pending peering is a blackhole", DOCUMENTED, route_to_pending_is_a_blackhole},
    {"route to a provisioning peering is a blackhole", DOCUMENTED, route_to_provisioning},
    {"route stays as a blackhole when its peering goes", DOCUMENTED, route_stays_when_its_peering_goes},
    {"route to an ended peering that is still shown", ASSUMED, route_to_an_ended_peering},
    {"route to an unknown peering", ASSUMED, route_to_an_unknown_peering},
    {"route table and peering of different networks", RECORDED, route_of_another_network},
    {"same destination twice", RECORDED, route_twice},
    {"same destination and target twice answers true (setting)", ASSUMED, route_twice_when_set},
    {"destination within the VPC", RECORDED, route_within_the_vpc},
    {"destination around the VPC, and overlapping routes", DOCUMENTED, route_around_the_vpc},
    {"destination with host bits", DOCUMENTED, route_block_becomes_canonical},
    {"quota of routes per table", DOCUMENTED, route_limit},
    {"quota of routes apart for IPv4 and IPv6", DOCUMENTED, route_limits_are_per_family},
    {"local routes outside the quota", ASSUMED, local_routes_do_not_count},
    {"unknown route table", DOCUMENTED, unknown_table},
    {"malformed route table id", DOCUMENTED, malformed_table},
    {"DeleteRoute of no route", DOCUMENTED, route_that_is_not_there},
    {"DeleteRoute of a local route", RECORDED, local_route_stays},
    {"ReplaceRoute of no route", RECORDED, replace_needs_a_route},
    {"CreateRoute without table or destination", RECORDED, route_parameters_missing},
    {"DeleteRouteTable of the main table", DOCUMENTED, main_table_stays},
    {"DeleteVpc with a second route table", RECORDED, vpc_with_another_table_stays},
    {"AssociateVpcCidrBlock over a route's destination", DOCUMENTED, block_over_a_route_is_refused},
    {"eventual consistency: new route unseen", RECORDED, a_new_route_may_be_unseen},
};

static void run_fact(void **state)
{
    const struct fact *f = *state;
    struct world w;
    assert_true(f->mark == RECORDED || f->mark == DOCUMENTED || f->mark == ASSUMED);
    world_with_request(&w, pcx);
    f->check(&w);
    world_close(&w);
}

static void put_facts(struct buf *out)
{
    buf_lit(out, "| behaviour | how sure |\n|---|---|\n");
    for (size_t i = 0; i < ARRAY_LEN(facts); i++)
        buf_fmt(out, "| %s | %s |\n", facts[i].name, mark_names[facts[i].mark]);
}

static void the_page_tells_them(void **state)
{
    (void)state;
    assert_page_holds(put_facts);
}

// With the argument "print" it writes the table for the page.
int main(int argc, char **argv)
{
    struct CMUnitTest tests[ARRAY_LEN(facts) + 1] = {cmocka_unit_test(the_page_tells_them)};
    if (argc > 1 && strcmp(argv[1], "print") == 0) return page_print(put_facts);
    for (size_t i = 0; i < ARRAY_LEN(facts); i++)
        tests[i + 1] = (struct CMUnitTest){
            .name = facts[i].name, .test_func = run_fact, .initial_state = (void *)(uintptr_t)&facts[i]};
    return cmocka_run_group_tests_name("ec2sim facts", tests, NULL, NULL);
}
