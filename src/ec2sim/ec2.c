// SPDX-License-Identifier: Apache-2.0
// The table of EC2 actions, and those on peering connections.
// Called by: server.c, tests. Must never: change the model when DryRun is true or a parameter is wrong.

#include "ec2sim/ec2.h"

#include <string.h>

void ec2_reply_begin(struct ec2_call *c)
{
    xml_head(c->out);
    if (c->quirks.doctype) buf_lit(c->out, "<!DOCTYPE r [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]>\n");
    buf_char(c->out, '<');
    buf_str(c->out, c->action);
    buf_lit(c->out, "Response xmlns=\"http://ec2.amazonaws.com/doc/" EC2_VERSION "/\">\n");
    xml_str(c->out, "requestId", c->request_id);
}

void ec2_reply_end(struct ec2_call *c)
{
    for (uint64_t i = 0; i < c->quirks.padding; i += 64)
        buf_lit(c->out, "                                                               \n");
    buf_lit(c->out, "\n</");
    buf_str(c->out, c->action);
    buf_lit(c->out, "Response>");
}

bool ec2_dry_ok(struct ec2_call *c)
{
    if (!c->dry_run) return true;
    return ec2_fail(c->e, 412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.");
}

bool ec2_done_true(struct ec2_call *c)
{
    ec2_reply_begin(c);
    xml_bool(c->out, "return", true);
    ec2_reply_end(c);
    return true;
}

bool ec2_tag_spec(struct ec2_call *c, const char *resource_type, struct sim_tag_arg **ret, unsigned *ret_n)
{
    struct slice type = form_get(c->form, "TagSpecification.1.ResourceType");
    if (!form_tags(c->form, "TagSpecification.1.Tag", ret, ret_n, c->e)) return false;
    if (*ret_n && !slice_eq_cstr(type, resource_type))
        return ec2_fail(c->e, 400, "InvalidParameterValue",
                        "'%.*s' is not a valid taggable resource type for this operation.",
                        (int)MIN(type.n, (size_t)64), type.n ? type.p : "");
    return sim_tags_check(NULL, *ret, *ret_n, c->e);
}

bool ec2_tags_apply(struct ec2_call *c, struct sim_tags *t, const struct sim_tag_arg *args, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (!sim_tags_put(t, args[i].key, args[i].value)) return ec2_fail_nomem(c->e);
    return true;
}

// ---- peering connections

static const char *code_shown(const struct ec2_call *c)
{
    return c->quirks.unknown_status ? "re-balancing" : NULL;
}

static bool one_peering(struct ec2_call *c, const struct sim_peering *p, enum sim_state state)
{
    struct sim_view v;
    sim_view_as(c->m, p, c->who, state, &v);
    ec2_reply_begin(c);
    ec2_xml_peering(c->out, &v, "vpcPeeringConnection", code_shown(c));
    ec2_reply_end(c);
    return true;
}

static bool create_peering(struct ec2_call *c)
{
    struct sim_peering_spec spec = {.peer_account = form_get(c->form, "PeerOwnerId"),
                                    .peer_region = form_get(c->form, "PeerRegion")};
    struct sim_tag_arg *tags;
    unsigned tag_count;
    if (!form_need(c->form, "VpcId", &spec.vpc_id, c->e) || !form_need(c->form, "PeerVpcId", &spec.peer_vpc_id, c->e) ||
        !ec2_tag_spec(c, "vpc-peering-connection", &tags, &tag_count) || !form_all_used(c->form, c->e))
        return false;
    struct sim_peering *p;
    if (!sim_peering_create(c->m, c->who, c->now, &spec, c->dry_run, &p, c->e) || !ec2_dry_ok(c)) return false;
    c->changed = true;
    if (!ec2_tags_apply(c, &p->requester_tags, tags, tag_count)) return false;
    // A request that was there already comes back as it is now; a new one always shows its first state.
    bool fresh = p->created.us == c->now.us;
    return one_peering(c, p, fresh ? SIM_INITIATING : sim_state_at(p, c->now));
}

static bool need_id(struct ec2_call *c, struct slice *ret)
{
    return form_need(c->form, "VpcPeeringConnectionId", ret, c->e) && form_all_used(c->form, c->e);
}

static bool accept_peering(struct ec2_call *c)
{
    struct slice id;
    struct sim_peering *p;
    if (!need_id(c, &id) || !sim_peering_accept(c->m, c->who, c->now, id, c->dry_run, &p, c->e) || !ec2_dry_ok(c))
        return false;
    c->changed = true;
    return one_peering(c, p, SIM_PROVISIONING);
}

static bool reject_peering(struct ec2_call *c)
{
    struct slice id;
    if (!need_id(c, &id) || !sim_peering_reject(c->m, c->who, c->now, id, c->dry_run, c->e) || !ec2_dry_ok(c))
        return false;
    c->changed = true;
    return ec2_done_true(c);
}

static bool delete_peering(struct ec2_call *c)
{
    struct slice id;
    if (!need_id(c, &id) || !sim_peering_delete(c->m, c->who, c->now, id, c->dry_run, c->e) || !ec2_dry_ok(c))
        return false;
    c->changed = true;
    return ec2_done_true(c);
}

static bool modify_options(struct ec2_call *c)
{
    struct slice id;
    int req, acc;
    struct sim_peering *p;
    struct form *f = c->form;
    form_allow(f, "RequesterPeeringConnectionOptions.AllowEgress"); // ClassicLink, dead: taken and forgotten
    form_allow(f, "AccepterPeeringConnectionOptions.AllowEgress");
    if (!form_bool(f, "RequesterPeeringConnectionOptions.AllowDnsResolutionFromRemoteVpc", &req, c->e) ||
        !form_bool(f, "AccepterPeeringConnectionOptions.AllowDnsResolutionFromRemoteVpc", &acc, c->e) ||
        !need_id(c, &id))
        return false;
    if (req < 0 && acc < 0)
        return ec2_fail(c->e, 400, "MissingParameter",
                        "The request must contain the parameter accepterPeeringConnectionOptions or "
                        "requesterPeeringConnectionOptions");
    if (!sim_peering_options(c->m, c->who, c->now, id, req, acc, c->dry_run, &p, c->e) || !ec2_dry_ok(c)) return false;
    c->changed = true;
    ec2_reply_begin(c);
    if (acc >= 0) ec2_xml_options(c->out, "accepterPeeringConnectionOptions", p->accepter.dns);
    if (req >= 0) ec2_xml_options(c->out, "requesterPeeringConnectionOptions", p->requester.dns);
    ec2_reply_end(c);
    return true;
}

// ---- describe

static void peering_item(struct ec2_call *c, const struct sim_view *v, bool first)
{
    for (int i = 0; i < 1 + (first && c->quirks.duplicate); i++) ec2_xml_peering(c->out, v, "item", code_shown(c));
}

static bool described_by_id(struct ec2_call *c, const struct slice *ids, unsigned n, const struct sim_filters *filters)
{
    struct sim_view v;
    for (unsigned i = 0; i < n; i++) // all must exist before anything is written
        if (!sim_peering_get(c->m, c->who, c->now, ids[i], &v, c->e)) return false;
    if (!ec2_dry_ok(c)) return false;
    ec2_reply_begin(c);
    xml_open(c->out, "vpcPeeringConnectionSet");
    for (unsigned i = 0; i < n; i++) {
        bool again = false;
        for (unsigned k = 0; k < i && !again; k++) again = slice_eq(ids[k], ids[i]);
        if (!again && sim_peering_get(c->m, c->who, c->now, ids[i], &v, c->e) && filters_match_peering(filters, &v))
            peering_item(c, &v, i == 0);
    }
    return true;
}

static void described_page(struct ec2_call *c, const struct sim_filters *filters, const struct page *page,
                           bool *ret_more, uint64_t *ret_last)
{
    struct sim_view v;
    uint64_t at = page->after, last = page->after;
    unsigned n = 0;
    ec2_reply_begin(c);
    xml_open(c->out, "vpcPeeringConnectionSet");
    while (sim_peering_next(c->m, c->who, c->now, at, &v)) {
        at = v.p->seq;
        if (!filters_match_peering(filters, &v)) continue;
        if (n == page->max) {
            *ret_more = true;
            break;
        }
        last = at;
        peering_item(c, &v, n++ == 0);
    }
    *ret_last = last;
}

static bool describe_peerings(struct ec2_call *c)
{
    const struct slice *ids;
    unsigned n;
    struct sim_filters filters;
    struct page page;
    bool more = false;
    uint64_t last = 0;
    if (!form_list(c->form, "VpcPeeringConnectionId", &ids, &n, c->e) || !form_filters(c->form, &filters, c->e) ||
        !form_page(c->form, c->action, c->who, &(struct page_rule){"VpcPeeringConnectionIds", n > 0, 1000},
                   c->m->settings.default_page, &page, c->e) ||
        !form_all_used(c->form, c->e) || !filters_check(&filters, FILTER_PEERING, c->e))
        return false;
    if (n) {
        if (!described_by_id(c, ids, n, &filters)) return false;
    } else {
        if (!ec2_dry_ok(c)) return false;
        described_page(c, &filters, &page, &more, &last);
    }
    if (c->quirks.foreign) ec2_xml_foreign(c->m, c->out, c->now);
    ec2_list_end(c, "vpcPeeringConnectionSet", more, last);
    return true;
}

// ---- the table

static const struct {
    const char *name;
    bool (*run)(struct ec2_call *c);
} actions[] = {
    {"AcceptVpcPeeringConnection", accept_peering},
    {"AssociateVpcCidrBlock", ec2_associate_vpc_cidr_block},
    {"CreateRoute", ec2_create_route},
    {"CreateRouteTable", ec2_create_route_table},
    {"CreateTags", ec2_create_tags},
    {"CreateVpc", ec2_create_vpc},
    {"CreateVpcPeeringConnection", create_peering},
    {"DeleteRoute", ec2_delete_route},
    {"DeleteRouteTable", ec2_delete_route_table},
    {"DeleteTags", ec2_delete_tags},
    {"DeleteVpc", ec2_delete_vpc},
    {"DeleteVpcPeeringConnection", delete_peering},
    {"DescribeRegions", ec2_describe_regions},
    {"DescribeRouteTables", ec2_describe_route_tables},
    {"DescribeTags", ec2_describe_tags},
    {"DescribeVpcPeeringConnections", describe_peerings},
    {"DescribeVpcs", ec2_describe_vpcs},
    {"ModifyVpcPeeringConnectionOptions", modify_options},
    {"RejectVpcPeeringConnection", reject_peering},
    {"ReplaceRoute", ec2_replace_route},
};

const char *ec2_action_at(unsigned i)
{
    return i < ARRAY_LEN(actions) ? actions[i].name : NULL;
}

const char *ec2_action_name(struct slice action)
{
    for (size_t i = 0; i < ARRAY_LEN(actions); i++)
        if (slice_eq_cstr(action, actions[i].name)) return actions[i].name;
    return NULL;
}

bool ec2_run(struct ec2_call *c)
{
    struct slice action, version;
    int dry;
    if (!form_need(c->form, "Action", &action, c->e) || !form_need(c->form, "Version", &version, c->e)) return false;
    c->action = ec2_action_name(action);
    if (!c->action)
        return ec2_fail(c->e, 400, "InvalidAction", "The action %.*s is not valid for this web service.",
                        (int)MIN(action.n, (size_t)80), action.p);
    if (!slice_eq_cstr(version, EC2_VERSION))
        return ec2_fail(c->e, 400, "NoSuchVersion", "The requested version (%.*s) of service AmazonEC2 does not exist",
                        (int)MIN(version.n, (size_t)32), version.p);
    if (!form_bool(c->form, "DryRun", &dry, c->e)) return false;
    c->dry_run = dry == 1;
    // A fault makes one Describe as stale as the setting makes all: for this call only.
    struct ec2sim_settings *set = &c->m->settings;
    int64_t stale = set->stale_s;
    if (slice_starts(action, SLICE("Describe"))) set->stale_s = MAX(stale, c->quirks.stale_s);
    bool ok = false;
    for (size_t i = 0; i < ARRAY_LEN(actions); i++)
        if (actions[i].name == c->action) ok = actions[i].run(c);
    set->stale_s = stale;
    return ok && c->out->fail ? ec2_fail_nomem(c->e) : ok;
}
