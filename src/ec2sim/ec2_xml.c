// SPDX-License-Identifier: Apache-2.0
// Records as EC2 writes them: element names and nesting of the API model, version 2016-11-15.
// Called by: ec2.c, ec2_vpc.c, ec2_routes.c. Must never: show a field that the view hides.

#include <stdio.h>

#include "ec2sim/ec2.h"

void ec2_xml_tags(struct buf *out, const struct sim_tags *t)
{
    if (t->n == 0) {
        buf_lit(out, "<tagSet/>");
        return;
    }
    xml_open(out, "tagSet");
    for (unsigned i = 0; i < t->n; i++) {
        xml_open(out, "item");
        xml_str(out, "key", t->v[i].key);
        xml_str(out, "value", t->v[i].value);
        xml_close(out, "item");
    }
    xml_close(out, "tagSet");
}

static void block_set(struct buf *out, const struct sim_vpc *v, uint8_t family, const char *set, const char *element)
{
    bool any = false;
    for (unsigned i = 0; i < v->block_count; i++) {
        char text[CIDR_STR];
        if (v->blocks[i].cidr.ip.family != family) continue;
        if (!any) xml_open(out, set);
        any = true;
        cidr_format(v->blocks[i].cidr, text);
        xml_open(out, "item");
        xml_str(out, element, text);
        xml_close(out, "item");
    }
    if (any) xml_close(out, set);
}

static void primary(struct buf *out, const struct sim_vpc *v)
{
    for (unsigned i = 0; i < v->block_count; i++) {
        char text[CIDR_STR];
        if (v->blocks[i].cidr.ip.family != 4) continue;
        cidr_format(v->blocks[i].cidr, text);
        xml_str(out, "cidrBlock", text);
        return;
    }
}

void ec2_xml_options(struct buf *out, const char *tag, bool dns)
{
    xml_open(out, tag);
    xml_bool(out, "allowDnsResolutionFromRemoteVpc", dns);
    xml_bool(out, "allowEgressFromLocalClassicLinkToRemoteVpc", false); // EC2-Classic is gone; the fields are not
    xml_bool(out, "allowEgressFromLocalVpcToRemoteClassicLink", false);
    xml_close(out, tag);
}

static void side(struct buf *out, const char *tag, const struct sim_side *s, bool blocks, const struct sim_vpc *vpc)
{
    xml_open(out, tag);
    if (blocks && vpc) {
        primary(out, vpc);
        block_set(out, vpc, 6, "ipv6CidrBlockSet", "ipv6CidrBlock");
        block_set(out, vpc, 4, "cidrBlockSet", "cidrBlock");
    }
    xml_str(out, "ownerId", s->at.account);
    if (blocks) ec2_xml_options(out, "peeringOptions", s->dns);
    xml_str(out, "vpcId", s->vpc_id);
    xml_str(out, "region", s->at.region);
    xml_close(out, tag);
}

void ec2_xml_peering(struct buf *out, const struct sim_view *v, const char *tag, const char *code)
{
    xml_open(out, tag);
    xml_str(out, "vpcPeeringConnectionId", v->p->id);
    side(out, "requesterVpcInfo", &v->p->requester, v->requester_blocks, v->requester_vpc);
    side(out, "accepterVpcInfo", &v->p->accepter, v->accepter_blocks, v->accepter_vpc);
    xml_open(out, "status");
    xml_str(out, "code", code ? code : sim_state_code(v->state));
    if (v->message[0]) xml_str(out, "message", v->message);
    xml_close(out, "status");
    if (v->expires.us) {
        char text[25];
        wall_rfc3339_ms(v->expires, text);
        xml_str(out, "expirationTime", text);
    }
    ec2_xml_tags(out, v->tags);
    xml_close(out, tag);
}

// A record that no honest server would show: both owners are strangers.
void ec2_xml_foreign(struct sim *m, struct buf *out, struct wall now)
{
    struct sim_tags none = {0};
    struct sim_peering p = {.requester = {.at = {"999999999999", "us-east-1"}, .vpc_id = "vpc-0fedcba9876543210"},
                            .accepter = {.at = {"888888888888", "us-east-1"}, .vpc_id = "vpc-00123456789abcdef"}};
    sim_new_id(m, "pcx-", p.id, sizeof(p.id));
    struct sim_view v = {.p = &p,
                         .state = SIM_PENDING,
                         .requester_blocks = true,
                         .expires = {now.us + 86400 * US_PER_SEC},
                         .tags = &none};
    snprintf(v.message, sizeof(v.message), "Pending Acceptance by %s", p.accepter.at.account);
    ec2_xml_peering(out, &v, "item", NULL);
}

void ec2_xml_association(struct buf *out, const struct sim_block *b, const char *tag, const char *state)
{
    char text[CIDR_STR];
    bool v6 = b->cidr.ip.family == 6;
    cidr_format(b->cidr, text);
    xml_open(out, tag);
    xml_str(out, "associationId", b->assoc);
    xml_str(out, v6 ? "ipv6CidrBlock" : "cidrBlock", text);
    const char *holder = v6 ? "ipv6CidrBlockState" : "cidrBlockState";
    xml_open(out, holder);
    xml_str(out, "state", state);
    xml_close(out, holder);
    xml_close(out, tag);
}

static void associations(struct buf *out, const struct sim_vpc *v, uint8_t family, const char *set)
{
    bool any = false;
    for (unsigned i = 0; i < v->block_count; i++) {
        if (v->blocks[i].cidr.ip.family != family) continue;
        if (!any) xml_open(out, set);
        any = true;
        ec2_xml_association(out, &v->blocks[i], "item", "associated");
    }
    if (any) xml_close(out, set);
}

void ec2_xml_vpc(struct buf *out, const struct sim_vpc *v, const char *state, const char *tag)
{
    xml_open(out, tag);
    xml_str(out, "vpcId", v->id);
    xml_str(out, "ownerId", v->owner.account);
    xml_str(out, "state", state);
    primary(out, v);
    associations(out, v, 4, "cidrBlockAssociationSet");
    associations(out, v, 6, "ipv6CidrBlockAssociationSet");
    xml_str(out, "dhcpOptionsId", "default");
    ec2_xml_tags(out, &v->tags);
    xml_str(out, "instanceTenancy", "default");
    xml_bool(out, "isDefault", false);
    xml_close(out, tag);
}

static void route_item(struct buf *out, const struct sim_route_view *r, const char *state)
{
    char to[CIDR_STR];
    cidr_format(r->to, to);
    xml_open(out, "item");
    xml_str(out, r->to.ip.family == 6 ? "destinationIpv6CidrBlock" : "destinationCidrBlock", to);
    xml_str(out, r->pcx ? "vpcPeeringConnectionId" : "gatewayId", r->pcx ? r->pcx : "local");
    xml_str(out, "state", state ? state : r->active ? "active" : "blackhole");
    xml_str(out, "origin", r->pcx ? "CreateRoute" : "CreateRouteTable");
    xml_close(out, "item");
}

void ec2_xml_table(struct buf *out, const struct sim_table_view *v, const char *tag, const char *route_state)
{
    struct sim_route_view r;
    xml_open(out, tag);
    xml_str(out, "routeTableId", v->t->id);
    xml_str(out, "vpcId", v->t->vpc_id);
    xml_str(out, "ownerId", v->t->owner.account);
    xml_open(out, "routeSet");
    for (unsigned at = 0; sim_route_next(v, &at, &r);) route_item(out, &r, route_state);
    xml_close(out, "routeSet");
    xml_open(out, "associationSet");
    if (v->t->is_main) {
        xml_open(out, "item");
        xml_str(out, "routeTableAssociationId", v->t->assoc);
        xml_str(out, "routeTableId", v->t->id);
        xml_bool(out, "main", true);
        buf_lit(out, "<associationState><state>associated</state></associationState>");
        xml_close(out, "item");
    }
    xml_close(out, "associationSet");
    buf_lit(out, "<propagatingVgwSet/>");
    ec2_xml_tags(out, &v->t->tags);
    xml_close(out, tag);
}
