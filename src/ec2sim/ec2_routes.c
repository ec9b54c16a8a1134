// SPDX-License-Identifier: Apache-2.0
// EC2 actions on route tables and routes.
// Called by: ec2.c's table. Must never: change the model when DryRun is true or a parameter is wrong.

#include <string.h>

#include "ec2sim/ec2.h"

// ---- tables

bool ec2_create_route_table(struct ec2_call *c)
{
    struct slice vpc_id, token = form_get(c->form, "ClientToken"); // given back; not remembered
    struct sim_tag_arg *tags;
    unsigned tag_count;
    struct sim_table *t;
    if (!form_need(c->form, "VpcId", &vpc_id, c->e) || !ec2_tag_spec(c, "route-table", &tags, &tag_count) ||
        !form_all_used(c->form, c->e) || !sim_table_create(c->m, c->who, c->now, vpc_id, c->dry_run, &t, c->e) ||
        !ec2_dry_ok(c))
        return false;
    c->changed = true;
    if (!ec2_tags_apply(c, &t->tags, tags, tag_count)) return false;
    struct sim_table_view v = sim_table_view(c->m, t, c->now);
    ec2_reply_begin(c);
    ec2_xml_table(c->out, &v, "routeTable", NULL);
    if (token.n) xml_slice(c->out, "clientToken", token);
    ec2_reply_end(c);
    return true;
}

static bool need_table(struct ec2_call *c, struct slice *ret)
{
    *ret = form_get(c->form, "RouteTableId");
    if (ret->n) return true;
    return ec2_fail(c->e, 400, "MissingParameter", "The request must contain the parameter routeTableId");
}

bool ec2_delete_route_table(struct ec2_call *c)
{
    struct slice id;
    if (!need_table(c, &id) || !form_all_used(c->form, c->e) || !sim_table_delete(c->m, c->who, id, c->dry_run, c->e) ||
        !ec2_dry_ok(c))
        return false;
    c->changed = true;
    return ec2_done_true(c);
}

static void table_item(struct ec2_call *c, const struct sim_table_view *v, bool first)
{
    const char *state = c->quirks.unknown_status ? "re-balancing" : NULL;
    for (int i = 0; i < 1 + (first && c->quirks.duplicate); i++) ec2_xml_table(c->out, v, "item", state);
}

static bool tables_by_id(struct ec2_call *c, const struct slice *ids, unsigned n, const struct sim_filters *filters)
{
    struct sim_table *t;
    for (unsigned i = 0; i < n; i++)
        if (!sim_table_get(c->m, c->who, ids[i], &t, c->e)) return false;
    if (!ec2_dry_ok(c)) return false;
    ec2_reply_begin(c);
    xml_open(c->out, "routeTableSet");
    for (unsigned i = 0; i < n; i++) {
        bool again = false;
        for (unsigned k = 0; k < i && !again; k++) again = slice_eq(ids[k], ids[i]);
        if (again || !sim_table_get(c->m, c->who, ids[i], &t, c->e)) continue;
        struct sim_table_view v = sim_table_view(c->m, t, c->now);
        if (filters_match_table(filters, &v)) table_item(c, &v, i == 0);
    }
    return true;
}

static uint64_t tables_page(struct ec2_call *c, const struct sim_filters *filters, const struct page *page,
                            bool *ret_more)
{
    uint64_t at = page->after, last = page->after;
    unsigned n = 0;
    ec2_reply_begin(c);
    xml_open(c->out, "routeTableSet");
    for (const struct sim_table *t; (t = sim_table_next(c->m, c->who, at)) != NULL;) {
        at = t->seq;
        struct sim_table_view v = sim_table_view(c->m, t, c->now);
        if (!filters_match_table(filters, &v)) continue;
        if (n == page->max) {
            *ret_more = true;
            break;
        }
        last = at;
        table_item(c, &v, n++ == 0);
    }
    return last;
}

bool ec2_describe_route_tables(struct ec2_call *c)
{
    const struct slice *ids;
    unsigned n;
    struct sim_filters filters;
    struct page page;
    bool more = false;
    uint64_t last = 0;
    if (!form_list(c->form, "RouteTableId", &ids, &n, c->e) || !form_filters(c->form, &filters, c->e) ||
        !form_page(c->form, c->action, c->who, &(struct page_rule){"routeTableIds", n > 0, 100},
                   c->m->settings.default_page, &page, c->e) ||
        !form_all_used(c->form, c->e) || !filters_check(&filters, FILTER_TABLE, c->e))
        return false;
    if (n) {
        if (!tables_by_id(c, ids, n, &filters)) return false;
    } else {
        if (!ec2_dry_ok(c)) return false;
        last = tables_page(c, &filters, &page, &more);
    }
    ec2_list_end(c, "routeTableSet", more, last);
    return true;
}

// ---- routes

// What a route of AWS may also lead to or be named by, and this cloud has not.
static const char *const elsewhere[] = {
    "CarrierGatewayId", "CoreNetworkArn",     "DestinationPrefixListId", "EgressOnlyInternetGatewayId",
    "GatewayId",        "InstanceId",         "LocalGatewayId",          "LocalTarget",
    "NatGatewayId",     "NetworkInterfaceId", "OdbNetworkArn",           "TransitGatewayId",
    "VpcEndpointId"};

static bool destination(struct ec2_call *c, struct cidr *ret)
{
    struct slice v4 = form_get(c->form, "DestinationCidrBlock"), v6 = form_get(c->form, "DestinationIpv6CidrBlock");
    if (!v4.n && !v6.n)
        return ec2_fail(c->e, 400, "MissingParameter",
                        "The request must contain the parameter destinationCidrBlock or destinationIpv6CidrBlock");
    if (v4.n && v6.n)
        return ec2_fail(c->e, 400, "InvalidParameterCombination",
                        "The parameter destinationCidrBlock cannot be used with the parameter "
                        "destinationIpv6CidrBlock");
    return v4.n ? ec2_block_param(v4, "destinationCidrBlock", 4, ret, c->e)
                : ec2_block_param(v6, "destinationIpv6CidrBlock", 6, ret, c->e);
}

static bool route_params(struct ec2_call *c, bool with_target, struct sim_route_spec *ret)
{
    for (size_t i = 0; i < ARRAY_LEN(elsewhere); i++)
        if (form_get(c->form, elsewhere[i]).n)
            return ec2_fail(c->e, 400, "UnsupportedOperation", "This cloud knows no %s: only VPC peering connections.",
                            elsewhere[i]);
    if (!need_table(c, &ret->table_id) || !destination(c, &ret->to)) return false;
    if (with_target) {
        ret->pcx_id = form_get(c->form, "VpcPeeringConnectionId");
        if (!ret->pcx_id.n)
            return ec2_fail(c->e, 400, "MissingParameter",
                            "The request must contain exactly one route target, such as vpcPeeringConnectionId");
    }
    return form_all_used(c->form, c->e);
}

bool ec2_create_route(struct ec2_call *c)
{
    struct sim_route_spec spec = {0};
    if (!route_params(c, true, &spec) || !sim_route_create(c->m, c->who, c->now, &spec, c->dry_run, c->e) ||
        !ec2_dry_ok(c))
        return false;
    c->changed = true;
    return ec2_done_true(c);
}

bool ec2_replace_route(struct ec2_call *c)
{
    struct sim_route_spec spec = {0};
    if (!route_params(c, true, &spec) || !sim_route_replace(c->m, c->who, c->now, &spec, c->dry_run, c->e) ||
        !ec2_dry_ok(c))
        return false;
    c->changed = true;
    return ec2_done_true(c);
}

bool ec2_delete_route(struct ec2_call *c)
{
    struct sim_route_spec spec = {0};
    if (!route_params(c, false, &spec) || !sim_route_delete(c->m, c->who, c->now, &spec, c->dry_run, c->e) ||
        !ec2_dry_ok(c))
        return false;
    c->changed = true;
    return ec2_done_true(c);
}
