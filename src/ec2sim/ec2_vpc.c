// SPDX-License-Identifier: Apache-2.0
// EC2 actions on VPCs, tags and Regions.
// Called by: ec2.c's table. Must never: change the model when DryRun is true or a parameter is wrong.

#include <string.h>

#include "ec2sim/ec2.h"

// ---- CIDR parameters

bool ec2_block_param(struct slice text, const char *name, uint8_t family, struct cidr *ret, struct ec2_error *e)
{
    struct slice rest = text, head;
    struct cidr c = {0};
    uint64_t prefix;
    if (slice_cut(&rest, '/', &head) && ip_parse(head, &c.ip) && (!family || c.ip.family == family) &&
        slice_u64(rest, c.ip.family == 4 ? 32 : 128, &prefix)) {
        c.prefix = (uint8_t)prefix;
        for (unsigned bit = c.prefix; bit < 128; bit++) c.ip.b[bit / 8] &= (uint8_t) ~(0x80U >> (bit % 8));
        *ret = c;
        return true;
    }
    return ec2_fail(e, 400, "InvalidParameterValue",
                    "Value (%.*s) for parameter %s is invalid. This is not a valid CIDR block.",
                    (int)MIN(text.n, (size_t)64), text.n ? text.p : "", name);
}

// ---- VPCs

bool ec2_create_vpc(struct ec2_call *c)
{
    struct slice block;
    struct sim_vpc_spec spec = {.block_count = 1};
    struct sim_tag_arg *tags;
    unsigned tag_count;
    int ipv6;
    struct sim_vpc *v;
    form_allow(c->form, "InstanceTenancy");
    if (!form_need(c->form, "CidrBlock", &block, c->e) || !ec2_tag_spec(c, "vpc", &tags, &tag_count) ||
        !form_bool(c->form, "AmazonProvidedIpv6CidrBlock", &ipv6, c->e) || !form_all_used(c->form, c->e) ||
        !ec2_block_param(block, "cidrBlock", 0, &spec.blocks[0], c->e))
        return false;
    if (spec.blocks[0].ip.family != 4)
        return ec2_fail(c->e, 400, "InvalidParameterValue", "The primary CIDR block of a VPC is an IPv4 block.");
    if (ipv6 == 1 && sim_ipv6_block(c->m, &spec.blocks[1])) spec.block_count = 2;
    if (c->dry_run && spec.blocks[0].prefix >= 16 && spec.blocks[0].prefix <= 28) return ec2_dry_ok(c);
    if (!sim_vpc_create(c->m, c->who, c->now, &spec, &v, c->e)) return false;
    c->changed = true;
    if (!ec2_tags_apply(c, &v->tags, tags, tag_count)) return false;
    ec2_reply_begin(c);
    ec2_xml_vpc(c->out, v, "pending", "vpc");
    ec2_reply_end(c);
    return true;
}

bool ec2_delete_vpc(struct ec2_call *c)
{
    struct slice id;
    if (!form_need(c->form, "VpcId", &id, c->e) || !form_all_used(c->form, c->e) ||
        !sim_vpc_delete(c->m, c->who, c->now, id, c->dry_run, c->e) || !ec2_dry_ok(c))
        return false;
    c->changed = true;
    return ec2_done_true(c);
}

bool ec2_associate_vpc_cidr_block(struct ec2_call *c)
{
    struct slice id, text = form_get(c->form, "CidrBlock");
    struct cidr block;
    int ipv6;
    const struct sim_block *b;
    const struct sim_vpc *v;
    if (!form_need(c->form, "VpcId", &id, c->e) || !form_bool(c->form, "AmazonProvidedIpv6CidrBlock", &ipv6, c->e) ||
        !form_all_used(c->form, c->e))
        return false;
    if (ipv6 != 1 && !ec2_block_param(text, "cidrBlock", 0, &block, c->e)) return false;
    if (!sim_vpc_get(c->m, c->who, id, &v, c->e) || !ec2_dry_ok(c)) return false;
    if (ipv6 == 1 && !sim_ipv6_block(c->m, &block)) return ec2_fail_nomem(c->e);
    if (!sim_vpc_associate(c->m, c->who, c->now, id, block, &b, c->e)) return false;
    c->changed = true;
    ec2_reply_begin(c);
    xml_slice(c->out, "vpcId", id);
    ec2_xml_association(c->out, b, ipv6 == 1 ? "ipv6CidrBlockAssociation" : "cidrBlockAssociation", "associating");
    ec2_reply_end(c);
    return true;
}

static bool vpcs_by_id(struct ec2_call *c, const struct slice *ids, unsigned n, const struct sim_filters *filters)
{
    const struct sim_vpc *v;
    for (unsigned i = 0; i < n; i++)
        if (!sim_vpc_get(c->m, c->who, ids[i], &v, c->e)) return false;
    if (!ec2_dry_ok(c)) return false;
    ec2_reply_begin(c);
    xml_open(c->out, "vpcSet");
    for (unsigned i = 0; i < n; i++)
        if (sim_vpc_get(c->m, c->who, ids[i], &v, c->e) && filters_match_vpc(filters, v))
            ec2_xml_vpc(c->out, v, "available", "item");
    return true;
}

static uint64_t vpcs_page(struct ec2_call *c, const struct sim_filters *filters, const struct page *page,
                          bool *ret_more)
{
    uint64_t at = page->after, last = page->after;
    unsigned n = 0;
    ec2_reply_begin(c);
    xml_open(c->out, "vpcSet");
    for (const struct sim_vpc *v; (v = sim_vpc_next(c->m, c->who, at)) != NULL;) {
        at = v->seq;
        if (!filters_match_vpc(filters, v)) continue;
        if (n++ == page->max) {
            *ret_more = true;
            break;
        }
        last = at;
        ec2_xml_vpc(c->out, v, "available", "item");
    }
    return last;
}

void ec2_list_end(struct ec2_call *c, const char *set, bool more, uint64_t last)
{
    xml_close(c->out, set);
    if (more) {
        char token[PAGE_TOKEN_STR];
        page_token(c->action, c->who, last, token);
        xml_str(c->out, "nextToken", token);
    }
    ec2_reply_end(c);
}

bool ec2_describe_vpcs(struct ec2_call *c)
{
    const struct slice *ids;
    unsigned n;
    struct sim_filters filters;
    struct page page;
    bool more = false;
    uint64_t last = 0;
    if (!form_list(c->form, "VpcId", &ids, &n, c->e) || !form_filters(c->form, &filters, c->e) ||
        !form_page(c->form, c->action, c->who, &(struct page_rule){"vpcIds", n > 0, 1000}, c->m->settings.default_page,
                   &page, c->e) ||
        !form_all_used(c->form, c->e) || !filters_check(&filters, FILTER_VPC, c->e))
        return false;
    if (n) {
        if (!vpcs_by_id(c, ids, n, &filters)) return false;
    } else {
        if (!ec2_dry_ok(c)) return false;
        last = vpcs_page(c, &filters, &page, &more);
    }
    ec2_list_end(c, "vpcSet", more, last);
    return true;
}

// ---- tags

static bool resources(struct ec2_call *c, const struct slice **ids, unsigned *n)
{
    if (!form_list(c->form, "ResourceId", ids, n, c->e)) return false;
    if (*n == 0) return ec2_fail(c->e, 400, "MissingParameter", "The request must contain the parameter resourceIdSet");
    return true;
}

bool ec2_create_tags(struct ec2_call *c)
{
    const struct slice *ids;
    unsigned n, tag_count;
    struct sim_tag_arg *tags;
    struct sim_tags *t;
    if (!resources(c, &ids, &n) || !form_tags(c->form, "Tag", &tags, &tag_count, c->e) || !form_all_used(c->form, c->e))
        return false;
    if (tag_count == 0) return ec2_fail(c->e, 400, "MissingParameter", "The request must contain the parameter tagSet");
    for (unsigned i = 0; i < n; i++)
        if (!sim_tags_of(c->m, c->who, c->now, ids[i], &t, c->e) || !sim_tags_check(t, tags, tag_count, c->e))
            return false;
    if (!ec2_dry_ok(c)) return false;
    c->changed = true;
    for (unsigned i = 0; i < n; i++)
        if (!sim_tags_of(c->m, c->who, c->now, ids[i], &t, c->e) || !ec2_tags_apply(c, t, tags, tag_count))
            return false;
    return ec2_done_true(c);
}

bool ec2_delete_tags(struct ec2_call *c)
{
    const struct slice *ids;
    unsigned n, tag_count;
    struct sim_tag_arg *tags;
    struct sim_tags *t;
    if (!resources(c, &ids, &n) || !form_tags(c->form, "Tag", &tags, &tag_count, c->e) || !form_all_used(c->form, c->e))
        return false;
    for (unsigned i = 0; i < n; i++)
        if (!sim_tags_of(c->m, c->who, c->now, ids[i], &t, c->e)) return false;
    if (!ec2_dry_ok(c)) return false;
    c->changed = true;
    for (unsigned i = 0; i < n; i++)
        if (sim_tags_of(c->m, c->who, c->now, ids[i], &t, c->e)) sim_tags_drop(t, tags, tag_count);
    return ec2_done_true(c);
}

// Position in the list of all tags of all of the caller's resources: the order of pages.
struct tag_walk {
    struct ec2_call *c;
    const struct sim_filters *filters;
    const struct page *page;
    uint64_t at, last;
    unsigned written;
    bool more;
};

static void tag_rows(struct tag_walk *w, const char *id, const char *type, const struct sim_tags *t)
{
    for (unsigned i = 0; i < t->n && !w->more; i++) {
        struct sim_tag_row row = {.resource_id = id, .resource_type = type, .tag = &t->v[i]};
        if (++w->at <= w->page->after || !filters_match_tag(w->filters, &row)) continue;
        if (w->written++ == w->page->max) {
            w->more = true;
            return;
        }
        w->last = w->at;
        struct buf *out = w->c->out;
        xml_open(out, "item");
        xml_str(out, "resourceId", id);
        xml_str(out, "resourceType", type);
        xml_str(out, "key", row.tag->key);
        xml_str(out, "value", row.tag->value);
        xml_close(out, "item");
    }
}

bool ec2_describe_tags(struct ec2_call *c)
{
    struct sim_filters filters;
    struct page page;
    struct sim_view view;
    if (!form_filters(c->form, &filters, c->e) ||
        !form_page(c->form, c->action, c->who, &(struct page_rule){"", false, 1000}, c->m->settings.default_page, &page,
                   c->e) ||
        !form_all_used(c->form, c->e) || !filters_check(&filters, FILTER_TAG, c->e) || !ec2_dry_ok(c))
        return false;
    struct tag_walk w = {.c = c, .filters = &filters, .page = &page, .last = page.after};
    ec2_reply_begin(c);
    xml_open(c->out, "tagSet");
    uint64_t at = 0;
    for (const struct sim_vpc *v; !w.more && (v = sim_vpc_next(c->m, c->who, at)) != NULL; at = v->seq)
        tag_rows(&w, v->id, "vpc", &v->tags);
    at = 0;
    for (const struct sim_table *t; !w.more && (t = sim_table_next(c->m, c->who, at)) != NULL; at = t->seq)
        tag_rows(&w, t->id, "route-table", &t->tags);
    for (at = 0; !w.more && sim_peering_next(c->m, c->who, c->now, at, &view); at = view.p->seq)
        tag_rows(&w, view.p->id, "vpc-peering-connection", view.tags);
    ec2_list_end(c, "tagSet", w.more, w.last);
    return true;
}

// ---- Regions

// Those that need no opt-in; enough for clients that ask before they scan.
static const char *const regions[] = {
    "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2",
    "ca-central-1",   "eu-central-1",   "eu-north-1",     "eu-west-1",  "eu-west-2",      "eu-west-3",
    "sa-east-1",      "us-east-1",      "us-east-2",      "us-west-1",  "us-west-2"};

static bool known_region(struct slice name)
{
    for (size_t i = 0; i < ARRAY_LEN(regions); i++)
        if (slice_eq_cstr(name, regions[i])) return true;
    return false;
}

bool ec2_describe_regions(struct ec2_call *c)
{
    const struct slice *names;
    unsigned n;
    int all;
    form_allow(c->form, "Filter.");
    if (!form_list(c->form, "RegionName", &names, &n, c->e) || !form_bool(c->form, "AllRegions", &all, c->e) ||
        !form_all_used(c->form, c->e))
        return false;
    for (unsigned i = 0; i < n; i++)
        if (!known_region(names[i]))
            return ec2_fail(c->e, 400, "InvalidParameterValue", "Invalid region: '%.*s'",
                            (int)MIN(names[i].n, (size_t)64), names[i].n ? names[i].p : "");
    if (!ec2_dry_ok(c)) return false;
    ec2_reply_begin(c);
    xml_open(c->out, "regionInfo");
    for (size_t i = 0; i < ARRAY_LEN(regions); i++) {
        bool wanted = n == 0;
        for (unsigned k = 0; k < n && !wanted; k++) wanted = slice_eq_cstr(names[k], regions[i]);
        if (!wanted) continue;
        xml_open(c->out, "item");
        xml_str(c->out, "regionName", regions[i]);
        buf_fmt(c->out, "<regionEndpoint>ec2.%s.amazonaws.com</regionEndpoint>", regions[i]);
        xml_str(c->out, "optInStatus", "opt-in-not-required");
        xml_close(c->out, "item");
    }
    xml_close(c->out, "regionInfo");
    ec2_reply_end(c);
    return true;
}
