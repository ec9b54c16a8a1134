// SPDX-License-Identifier: Apache-2.0
// Filter names as tables, each with the function that yields the record's values for it.
// Called by: ec2sim/ec2*.c. Must never: take exponential time on a pattern (the matcher steps a set of positions).

#include "ec2sim/filter.h"

#include <string.h>

// ---- wildcards

enum token { TOKEN_LITERAL, TOKEN_OPTIONAL, TOKEN_RUN };
struct pattern {
    uint8_t kind[FILTER_VALUE_MAX];
    char c[FILTER_VALUE_MAX];
    unsigned n;
};

static void pattern_read(struct slice s, struct pattern *p)
{
    p->n = 0;
    for (size_t i = 0; i < s.n && p->n < FILTER_VALUE_MAX; i++) {
        char c = s.p[i];
        uint8_t kind = c == '*' ? TOKEN_RUN : c == '?' ? TOKEN_OPTIONAL : TOKEN_LITERAL;
        if (c == '\\' && i + 1 < s.n) c = s.p[++i];
        p->kind[p->n] = kind;
        p->c[p->n++] = c;
    }
}

// Positions that are reachable without a character: over runs and optionals.
static void spread(const struct pattern *p, bool at[FILTER_VALUE_MAX + 1])
{
    for (unsigned i = 0; i < p->n; i++)
        if (at[i] && p->kind[i] != TOKEN_LITERAL) at[i + 1] = true;
}

bool filter_wildcard(struct slice pattern, struct slice text)
{
    struct pattern p;
    bool at[FILTER_VALUE_MAX + 1] = {true}, next[FILTER_VALUE_MAX + 1];
    pattern_read(pattern, &p);
    spread(&p, at);
    for (size_t i = 0; i < text.n; i++) {
        memset(next, 0, sizeof(next));
        for (unsigned k = 0; k < p.n; k++) {
            if (!at[k]) continue;
            if (p.kind[k] == TOKEN_RUN)
                next[k] = true;
            else if (p.kind[k] == TOKEN_OPTIONAL || p.c[k] == text.p[i])
                next[k + 1] = true;
        }
        spread(&p, next);
        memcpy(at, next, sizeof(at));
    }
    return at[p.n];
}

static bool any_value(const struct sim_filter *f, const char *text)
{
    for (unsigned i = 0; i < f->value_count; i++)
        if (filter_wildcard(f->values[i], slice_of(text))) return true;
    return false;
}

// ---- what all resources share

static bool match_tag_key(const struct sim_filter *f, const struct sim_tags *tags)
{
    for (unsigned i = 0; i < tags->n; i++)
        if (any_value(f, tags->v[i].key)) return true;
    return false;
}

// "tag:KEY"
static bool match_tag_named(const struct sim_filter *f, const struct sim_tags *tags)
{
    const char *value = sim_tag_find(tags, slice_skip(f->name, 4));
    return value && any_value(f, value);
}

static bool match_blocks(const struct sim_filter *f, const struct sim_vpc *v, uint8_t family, bool primary_only)
{
    for (unsigned i = 0; v && i < v->block_count; i++) {
        char text[CIDR_STR];
        if (v->blocks[i].cidr.ip.family != family) continue;
        cidr_format(v->blocks[i].cidr, text);
        if (any_value(f, text)) return true;
        if (primary_only) return false;
    }
    return false;
}

static bool match_assoc(const struct sim_filter *f, const struct sim_vpc *v, uint8_t family)
{
    for (unsigned i = 0; i < v->block_count; i++)
        if (v->blocks[i].cidr.ip.family == family && any_value(f, v->blocks[i].assoc)) return true;
    return false;
}

static bool match_if_family(const struct sim_filter *f, const struct sim_vpc *v, uint8_t family, const char *text)
{
    for (unsigned i = 0; i < v->block_count; i++)
        if (v->blocks[i].cidr.ip.family == family) return any_value(f, text);
    return false;
}

// ---- peering connections (EC2 API reference, DescribeVpcPeeringConnections)

static bool p_acc_cidr(const struct sim_filter *f, const struct sim_view *v)
{
    return v->accepter_blocks && match_blocks(f, v->accepter_vpc, 4, false);
}
static bool p_acc_owner(const struct sim_filter *f, const struct sim_view *v)
{
    return any_value(f, v->p->accepter.at.account);
}
static bool p_acc_vpc(const struct sim_filter *f, const struct sim_view *v)
{
    return any_value(f, v->p->accepter.vpc_id);
}
static bool p_req_cidr(const struct sim_filter *f, const struct sim_view *v)
{
    return v->requester_blocks && match_blocks(f, v->requester_vpc, 4, false);
}
static bool p_req_owner(const struct sim_filter *f, const struct sim_view *v)
{
    return any_value(f, v->p->requester.at.account);
}
static bool p_req_vpc(const struct sim_filter *f, const struct sim_view *v)
{
    return any_value(f, v->p->requester.vpc_id);
}
static bool p_expiration(const struct sim_filter *f, const struct sim_view *v)
{
    char text[25];
    if (!v->expires.us) return false;
    wall_rfc3339_ms(v->expires, text);
    return any_value(f, text);
}
static bool p_status_code(const struct sim_filter *f, const struct sim_view *v)
{
    return any_value(f, sim_state_code(v->state));
}
static bool p_status_message(const struct sim_filter *f, const struct sim_view *v)
{
    return v->message[0] && any_value(f, v->message);
}
static bool p_id(const struct sim_filter *f, const struct sim_view *v)
{
    return any_value(f, v->p->id);
}
static bool p_tag_key(const struct sim_filter *f, const struct sim_view *v)
{
    return match_tag_key(f, v->tags);
}

static const struct {
    const char *name;
    bool (*match)(const struct sim_filter *f, const struct sim_view *v);
} peering_filters[] = {
    {"accepter-vpc-info.cidr-block", p_acc_cidr},
    {"accepter-vpc-info.owner-id", p_acc_owner},
    {"accepter-vpc-info.vpc-id", p_acc_vpc},
    {"requester-vpc-info.cidr-block", p_req_cidr},
    {"requester-vpc-info.owner-id", p_req_owner},
    {"requester-vpc-info.vpc-id", p_req_vpc},
    {"expiration-time", p_expiration},
    {"status-code", p_status_code},
    {"status-message", p_status_message},
    {"tag-key", p_tag_key},
    {"vpc-peering-connection-id", p_id},
};

// ---- VPCs (EC2 API reference, DescribeVpcs)

static bool v_cidr(const struct sim_filter *f, const struct sim_vpc *v)
{
    return match_blocks(f, v, 4, true);
}
static bool v_block(const struct sim_filter *f, const struct sim_vpc *v)
{
    return match_blocks(f, v, 4, false);
}
static bool v_assoc(const struct sim_filter *f, const struct sim_vpc *v)
{
    return match_assoc(f, v, 4);
}
static bool v_block_state(const struct sim_filter *f, const struct sim_vpc *v)
{
    return match_if_family(f, v, 4, "associated");
}
static bool v_block6(const struct sim_filter *f, const struct sim_vpc *v)
{
    return match_blocks(f, v, 6, false);
}
static bool v_assoc6(const struct sim_filter *f, const struct sim_vpc *v)
{
    return match_assoc(f, v, 6);
}
static bool v_block6_state(const struct sim_filter *f, const struct sim_vpc *v)
{
    return match_if_family(f, v, 6, "associated");
}
static bool v_dhcp(const struct sim_filter *f, const struct sim_vpc *v)
{
    return any_value(f, "default");
}
static bool v_default(const struct sim_filter *f, const struct sim_vpc *v)
{
    return any_value(f, "false");
}
static bool v_owner(const struct sim_filter *f, const struct sim_vpc *v)
{
    return any_value(f, v->owner.account);
}
static bool v_state(const struct sim_filter *f, const struct sim_vpc *v)
{
    return any_value(f, "available");
}
static bool v_id(const struct sim_filter *f, const struct sim_vpc *v)
{
    return any_value(f, v->id);
}
static bool v_tag_key(const struct sim_filter *f, const struct sim_vpc *v)
{
    return match_tag_key(f, &v->tags);
}

static const struct {
    const char *name;
    bool (*match)(const struct sim_filter *f, const struct sim_vpc *v);
} vpc_filters[] = {
    {"cidr", v_cidr},
    {"cidr-block-association.cidr-block", v_block},
    {"cidr-block-association.association-id", v_assoc},
    {"cidr-block-association.state", v_block_state},
    {"ipv6-cidr-block-association.ipv6-cidr-block", v_block6},
    {"ipv6-cidr-block-association.association-id", v_assoc6},
    {"ipv6-cidr-block-association.state", v_block6_state},
    {"dhcp-options-id", v_dhcp},
    {"is-default", v_default},
    {"owner-id", v_owner},
    {"state", v_state},
    {"tag-key", v_tag_key},
    {"vpc-id", v_id},
};

// ---- route tables (EC2 API reference, DescribeRouteTables). A filter on routes fits when one route does.

static bool t_vpc(const struct sim_filter *f, const struct sim_table_view *v)
{
    return any_value(f, v->t->vpc_id);
}
static bool t_id(const struct sim_filter *f, const struct sim_table_view *v)
{
    return any_value(f, v->t->id);
}
static bool t_owner(const struct sim_filter *f, const struct sim_table_view *v)
{
    return any_value(f, v->t->owner.account);
}
// "Route tables that do not have an association ID are not returned": neither by true nor by false.
static bool t_main(const struct sim_filter *f, const struct sim_table_view *v)
{
    return v->t->is_main && any_value(f, "true");
}
static bool t_assoc(const struct sim_filter *f, const struct sim_table_view *v)
{
    return v->t->is_main && any_value(f, v->t->assoc);
}
static bool t_assoc_table(const struct sim_filter *f, const struct sim_table_view *v)
{
    return v->t->is_main && any_value(f, v->t->id);
}
static bool t_tag_key(const struct sim_filter *f, const struct sim_table_view *v)
{
    return match_tag_key(f, &v->t->tags);
}
static bool t_never(const struct sim_filter *f, const struct sim_table_view *v)
{
    (void)f;
    (void)v;
    return false; // targets and associations that this cloud does not have
}
static bool r_to(const struct sim_filter *f, const struct sim_route_view *r)
{
    char text[CIDR_STR];
    cidr_format(r->to, text);
    return r->to.ip.family == 4 && any_value(f, text);
}
static bool r_to6(const struct sim_filter *f, const struct sim_route_view *r)
{
    char text[CIDR_STR];
    cidr_format(r->to, text);
    return r->to.ip.family == 6 && any_value(f, text);
}
static bool r_gateway(const struct sim_filter *f, const struct sim_route_view *r)
{
    return !r->pcx && any_value(f, "local");
}
static bool r_origin(const struct sim_filter *f, const struct sim_route_view *r)
{
    return any_value(f, r->pcx ? "CreateRoute" : "CreateRouteTable");
}
static bool r_state(const struct sim_filter *f, const struct sim_route_view *r)
{
    return any_value(f, r->active ? "active" : "blackhole");
}
static bool r_pcx(const struct sim_filter *f, const struct sim_route_view *r)
{
    return r->pcx && any_value(f, r->pcx);
}

static const struct {
    const char *name;
    bool (*table)(const struct sim_filter *f, const struct sim_table_view *v); // one of the two
    bool (*route)(const struct sim_filter *f, const struct sim_route_view *r);
} table_filters[] = {
    {"association.gateway-id", t_never, NULL},
    {"association.main", t_main, NULL},
    {"association.route-table-association-id", t_assoc, NULL},
    {"association.route-table-id", t_assoc_table, NULL},
    {"association.subnet-id", t_never, NULL},
    {"owner-id", t_owner, NULL},
    {"route-table-id", t_id, NULL},
    {"route.destination-cidr-block", NULL, r_to},
    {"route.destination-ipv6-cidr-block", NULL, r_to6},
    {"route.destination-prefix-list-id", t_never, NULL},
    {"route.egress-only-internet-gateway-id", t_never, NULL},
    {"route.gateway-id", NULL, r_gateway},
    {"route.instance-id", t_never, NULL},
    {"route.nat-gateway-id", t_never, NULL},
    {"route.origin", NULL, r_origin},
    {"route.state", NULL, r_state},
    {"route.transit-gateway-id", t_never, NULL},
    {"route.vpc-peering-connection-id", NULL, r_pcx},
    {"tag-key", t_tag_key, NULL},
    {"vpc-id", t_vpc, NULL},
};

static bool match_any_route(const struct sim_filter *f, const struct sim_table_view *v,
                            bool (*fits)(const struct sim_filter *f, const struct sim_route_view *r))
{
    struct sim_route_view r;
    for (unsigned at = 0; sim_route_next(v, &at, &r);)
        if (fits(f, &r)) return true;
    return false;
}

static const char *const tag_filters[] = {"key", "resource-id", "resource-type", "value"};

// ---- all together

static bool is_tag_named(struct slice name)
{
    return slice_starts(name, SLICE("tag:")) && name.n > 4;
}

static bool name_known(struct slice name, enum filter_kind kind)
{
    if (is_tag_named(name)) return true;
    for (size_t i = 0; kind == FILTER_PEERING && i < ARRAY_LEN(peering_filters); i++)
        if (slice_eq_cstr(name, peering_filters[i].name)) return true;
    for (size_t i = 0; kind == FILTER_VPC && i < ARRAY_LEN(vpc_filters); i++)
        if (slice_eq_cstr(name, vpc_filters[i].name)) return true;
    for (size_t i = 0; kind == FILTER_TABLE && i < ARRAY_LEN(table_filters); i++)
        if (slice_eq_cstr(name, table_filters[i].name)) return true;
    for (size_t i = 0; kind == FILTER_TAG && i < ARRAY_LEN(tag_filters); i++)
        if (slice_eq_cstr(name, tag_filters[i])) return true;
    return false;
}

bool filters_check(const struct sim_filters *f, enum filter_kind kind, struct ec2_error *e)
{
    unsigned values = 0;
    for (unsigned i = 0; i < f->n; i++) {
        struct slice name = f->v[i].name;
        if (!name_known(name, kind))
            return ec2_fail(e, 400, "InvalidParameterValue", "The filter '%.*s' is invalid",
                            (int)MIN(name.n, (size_t)80), name.n ? name.p : "");
        if (f->v[i].value_count == 0)
            return ec2_fail(e, 400, "InvalidParameterValue", "The filter '%.*s' has no values", (int)name.n, name.p);
        values += f->v[i].value_count;
        for (unsigned k = 0; k < f->v[i].value_count; k++)
            if (f->v[i].values[k].n > FILTER_VALUE_MAX)
                return ec2_fail(e, 400, "FilterLimitExceeded",
                                "The maximum length of a filter value is 255 characters.");
    }
    if (values > FILTER_VALUES_MAX)
        return ec2_fail(e, 400, "FilterLimitExceeded",
                        "The maximum number of filter values specified on a single call is 200.");
    return true;
}

bool filters_match_peering(const struct sim_filters *f, const struct sim_view *v)
{
    for (unsigned i = 0; i < f->n; i++) {
        bool hit = is_tag_named(f->v[i].name) && match_tag_named(&f->v[i], v->tags);
        for (size_t k = 0; !hit && k < ARRAY_LEN(peering_filters); k++)
            hit = slice_eq_cstr(f->v[i].name, peering_filters[k].name) && peering_filters[k].match(&f->v[i], v);
        if (!hit) return false;
    }
    return true;
}

bool filters_match_vpc(const struct sim_filters *f, const struct sim_vpc *v)
{
    for (unsigned i = 0; i < f->n; i++) {
        bool hit = is_tag_named(f->v[i].name) && match_tag_named(&f->v[i], &v->tags);
        for (size_t k = 0; !hit && k < ARRAY_LEN(vpc_filters); k++)
            hit = slice_eq_cstr(f->v[i].name, vpc_filters[k].name) && vpc_filters[k].match(&f->v[i], v);
        if (!hit) return false;
    }
    return true;
}

bool filters_match_table(const struct sim_filters *f, const struct sim_table_view *v)
{
    for (unsigned i = 0; i < f->n; i++) {
        const struct sim_filter *one = &f->v[i];
        bool hit = is_tag_named(one->name) && match_tag_named(one, &v->t->tags);
        for (size_t k = 0; !hit && k < ARRAY_LEN(table_filters); k++)
            hit = slice_eq_cstr(one->name, table_filters[k].name) &&
                  (table_filters[k].table ? table_filters[k].table(one, v)
                                          : match_any_route(one, v, table_filters[k].route));
        if (!hit) return false;
    }
    return true;
}

bool filters_match_tag(const struct sim_filters *f, const struct sim_tag_row *row)
{
    for (unsigned i = 0; i < f->n; i++) {
        const struct sim_filter *one = &f->v[i];
        const char *text = slice_eq_cstr(one->name, "key")             ? row->tag->key
                           : slice_eq_cstr(one->name, "value")         ? row->tag->value
                           : slice_eq_cstr(one->name, "resource-id")   ? row->resource_id
                           : slice_eq_cstr(one->name, "resource-type") ? row->resource_type
                                                                       : NULL;
        if (is_tag_named(one->name) && slice_eq_cstr(slice_skip(one->name, 4), row->tag->key)) text = row->tag->value;
        if (!text || !any_value(one, text)) return false;
    }
    return true;
}
