// SPDX-License-Identifier: Apache-2.0
// Routes to a peer in the accepter's route tables. Source: EC2 API reference, CreateRoute, DeleteRoute,
// DescribeRouteTables. Called by: reconcile through cloud.h.
// Must never: use ReplaceRoute, or send a change again whose first sending may have reached EC2.
#include "base/mem.h"
#include "cloud/internal.h"

#define PARAMS_MAX 4096
#define SCRATCH    ((size_t)32 << 20) // a table has 1,000 routes at most

static enum cloud_class ask(struct cloud *c, const struct cloud_target *t, const char *action, bool changes,
                            struct buf *params, struct arena *scratch, const struct xml_node **ret,
                            struct cloud_failure *f)
{
    struct aws_call q = {
        .service = "ec2", .action = action, .version = EC2_VERSION, .params = buf_view(params), .changes = changes};
    if (!scratch || params->fail != BUF_OK)
        return cloud_fail(f, CLOUD_TRANSIENT, "no memory to ask EC2 for %s", action);
    return aws_call_as(c, &q, t, scratch, ret, NULL, f);
}

static enum cloud_class change(struct cloud *c, const struct cloud_target *t, const char *action, const char *table_id,
                               struct slice cidr, const char *pcx, struct cloud_failure *f)
{
    struct cidr block;
    struct buf params;
    const struct xml_node *root;
    if (!cidr_parse(cidr, false, &block))
        return cloud_fail(f, CLOUD_PERMANENT, "\"%.*s\" is no block of addresses", SLICE_FMT(cidr));
    struct arena *scratch = arena_new(c->opt.max_reply + SCRATCH);
    buf_init(&params, PARAMS_MAX);
    param_add(&params, "RouteTableId", slice_of(table_id));
    param_add(&params, block.ip.family == 6 ? "DestinationIpv6CidrBlock" : "DestinationCidrBlock", cidr);
    if (pcx) param_add(&params, "VpcPeeringConnectionId", slice_of(pcx));
    enum cloud_class rc = ask(c, t, action, true, &params, scratch, &root, f);
    if (rc == CLOUD_OK && slice_eq_cstr(xml_text(root, "return"), "false")) {
        rc = cloud_fail(f, CLOUD_TRANSIENT, "EC2 answered %s with \"false\"", action);
        f->uncertain = true;
    }
    buf_done(&params);
    arena_free(scratch);
    return rc;
}

enum cloud_class cloud_route_create(struct cloud *c, const struct cloud_target *t, const char *table_id,
                                    struct slice cidr, const char *pcx, struct cloud_failure *f)
{
    return change(c, t, "CreateRoute", table_id, cidr, pcx, f);
}

enum cloud_class cloud_route_delete(struct cloud *c, const struct cloud_target *t, const char *table_id,
                                    struct slice cidr, struct cloud_failure *f)
{
    return change(c, t, "DeleteRoute", table_id, cidr, NULL, f);
}

enum cloud_class cloud_route_find(struct cloud *c, const struct cloud_target *t, const char *table_id,
                                  struct slice cidr, struct cloud_route *ret, struct cloud_failure *f)
{
    struct cidr block;
    struct buf params;
    struct error err;
    const struct xml_node *root;
    if (!cidr_parse(cidr, false, &block))
        return cloud_fail(f, CLOUD_PERMANENT, "\"%.*s\" is no block of addresses", SLICE_FMT(cidr));
    struct arena *scratch = arena_new(c->opt.max_reply + SCRATCH);
    buf_init(&params, PARAMS_MAX);
    param_add(&params, "RouteTableId.1", slice_of(table_id)); // no MaxResults next to ids: EC2 refuses that
    enum cloud_class rc = ask(c, t, "DescribeRouteTables", false, &params, scratch, &root, f);
    if (rc == CLOUD_OK) {
        rc = ec2_parse_route(root, table_id, &block, ret, &err);
        if (rc != CLOUD_OK) cloud_fail(f, rc, "%s", err.detail);
    }
    buf_done(&params);
    arena_free(scratch);
    return rc;
}
