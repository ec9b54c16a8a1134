// SPDX-License-Identifier: Apache-2.0
// What Peerage does to a peering connection: accept, reject, delete, and its finishing touches.
// Source: EC2 API reference, AcceptVpcPeeringConnection, RejectVpcPeeringConnection, DeleteVpcPeeringConnection,
// CreateTags, ModifyVpcPeeringConnectionOptions. Called by: reconcile through cloud.h.
// Must never: send a change again whose first sending may have reached EC2, or judge a state (reconcile does).
#include "base/mem.h"
#include "cloud/internal.h"

#define PARAMS_MAX 4096
#define REPLY_MAX  ((size_t)8 << 20) // one record, or <return>; the transfer's own limit is below

// ret NULL: the reply says no more than yes or no.
static enum cloud_class change(struct cloud *c, const struct cloud_target *t, const char *action, struct buf *params,
                               struct arena *a, struct observed *ret, struct cloud_failure *f)
{
    const struct xml_node *root;
    struct error err;
    struct arena *scratch = arena_new(c->opt.max_reply + REPLY_MAX);
    struct aws_call q = {
        .service = "ec2", .action = action, .version = EC2_VERSION, .params = buf_view(params), .changes = true};
    enum cloud_class rc;
    if (!scratch || params->fail != BUF_OK)
        rc = cloud_fail(f, CLOUD_TRANSIENT, "no memory to ask EC2 for %s", action);
    else
        rc = aws_call_as(c, &q, t, scratch, &root, NULL, f);
    if (rc == CLOUD_OK && ret && ec2_parse_peering(root, t->region, a, ret, &err) != CLOUD_OK)
        *ret = (struct observed){.name = ""}; // it has happened, only the record cannot be read
    if (rc == CLOUD_OK && !ret && slice_eq_cstr(xml_text(root, "return"), "false")) {
        rc = cloud_fail(f, CLOUD_TRANSIENT, "EC2 answered %s with \"false\"", action);
        f->uncertain = true;
    }
    arena_free(scratch);
    return rc;
}

static enum cloud_class change_peering(struct cloud *c, const struct cloud_target *t, const char *action,
                                       const char *name, struct arena *a, struct observed *ret, struct cloud_failure *f)
{
    struct buf params;
    buf_init(&params, PARAMS_MAX);
    param_add(&params, "VpcPeeringConnectionId", slice_of(name));
    enum cloud_class rc = change(c, t, action, &params, a, ret, f);
    buf_done(&params);
    return rc;
}

enum cloud_class cloud_accept(struct cloud *c, const struct cloud_target *t, const char *name, struct arena *a,
                              struct observed *ret, struct cloud_failure *f)
{
    struct observed seen = {.name = ""};
    enum cloud_class rc = change_peering(c, t, "AcceptVpcPeeringConnection", name, a, &seen, f);
    if (rc != CLOUD_OK) return rc;
    if (strcmp(seen.name, name) != 0) seen = (struct observed){.name = ""}; // a record of another is no news of ours
    *ret = seen;
    return CLOUD_OK;
}

enum cloud_class cloud_reject(struct cloud *c, const struct cloud_target *t, const char *name, struct cloud_failure *f)
{
    return change_peering(c, t, "RejectVpcPeeringConnection", name, NULL, NULL, f);
}

enum cloud_class cloud_delete(struct cloud *c, const struct cloud_target *t, const char *name, struct cloud_failure *f)
{
    return change_peering(c, t, "DeleteVpcPeeringConnection", name, NULL, NULL, f);
}

enum cloud_class cloud_name_tag(struct cloud *c, const struct cloud_target *t, const char *name, struct slice value,
                                struct cloud_failure *f)
{
    struct buf params;
    buf_init(&params, PARAMS_MAX);
    param_add(&params, "ResourceId.1", slice_of(name));
    param_add(&params, "Tag.1.Key", SLICE("Name"));
    param_add(&params, "Tag.1.Value", value);
    enum cloud_class rc = change(c, t, "CreateTags", &params, NULL, NULL, f);
    buf_done(&params);
    return rc;
}

enum cloud_class cloud_dns_option(struct cloud *c, const struct cloud_target *t, const char *name, bool on,
                                  struct cloud_failure *f)
{
    struct buf params;
    buf_init(&params, PARAMS_MAX);
    param_add(&params, "VpcPeeringConnectionId", slice_of(name));
    param_add(&params, "AccepterPeeringConnectionOptions.AllowDnsResolutionFromRemoteVpc",
              on ? SLICE("true") : SLICE("false"));
    enum cloud_class rc = change(c, t, "ModifyVpcPeeringConnectionOptions", &params, NULL, NULL, f);
    buf_done(&params);
    return rc;
}
