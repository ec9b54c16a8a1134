// SPDX-License-Identifier: Apache-2.0
// What `network check` prints: each permission that Peerage needs, tried as harmlessly as AWS allows.
// Source: EC2 API reference, "Required permissions for API actions" (DryRun). Called by: cli.
// Must never: change anything: writes are asked with DryRun, and only when the caller says so.
#include <stdio.h>

#include "cloud/internal.h"

// Well-formed, and nobody's: a dry run decides permission before it looks for the connection.
#define NOBODYS_PCX "pcx-00000000000000000"

static struct permission_check *add(struct permission_check *rows, unsigned *n, const char *action)
{
    ASSERT(*n < PERMISSION_CHECKS);
    struct permission_check *p = &rows[(*n)++];
    *p = (struct permission_check){.action = action};
    return p;
}

static void note_outcome(struct permission_check *p, enum cloud_class rc, const struct cloud_failure *f)
{
    p->known = rc == CLOUD_OK || rc == CLOUD_DENIED;
    p->allowed = rc == CLOUD_OK;
    if (rc != CLOUD_OK) snprintf(p->note, sizeof p->note, "%.199s", f->message);
}

static void check_identity(struct cloud *c, const struct cloud_target *t, const char *account,
                           struct permission_check *p, enum cloud_class *rc, struct cloud_failure *f)
{
    char got[ACCOUNT_ID], arn[256];
    *rc = cloud_identity(c, t, got, arn, f);
    note_outcome(p, *rc, f);
    if (*rc != CLOUD_OK) return;
    if (strcmp(got, account) == 0) {
        snprintf(p->note, sizeof p->note, "%.199s", arn);
        return;
    }
    *rc = cloud_fail(f, CLOUD_DENIED, "these credentials belong to account %s, not to %s", got, account);
    note_outcome(p, *rc, f);
}

static void check_dry_run(struct cloud *c, const struct cloud_target *t, const char *action, struct permission_check *p)
{
    struct arena *a = arena_new(c->opt.max_reply + 1024 * 1024);
    struct cloud_failure f = {.class = CLOUD_TRANSIENT};
    const struct xml_node *root;
    struct aws_call q = {.service = "ec2",
                         .action = action,
                         .version = EC2_VERSION,
                         .params = SLICE("&DryRun=true&VpcPeeringConnectionId=" NOBODYS_PCX),
                         .changes = true};
    if (!a) return;
    enum cloud_class rc = aws_call_as(c, &q, t, a, &root, NULL, &f);
    arena_free(a);
    if (strcmp(f.code, "DryRunOperation") == 0) {
        p->known = p->allowed = true;
    } else if (rc == CLOUD_NOT_FOUND_YET) {
        snprintf(p->note, sizeof p->note, "EC2 looked for the connection before it checked the permission");
    } else if (rc == CLOUD_OK) {
        snprintf(p->note, sizeof p->note, "this endpoint ignores DryRun");
    } else {
        note_outcome(p, rc, &f);
    }
}

static void check_reads(struct cloud *c, const struct cloud_target *t, const char *account, const char *vpc_id,
                        struct permission_check *rows, unsigned *n)
{
    struct arena *a = arena_new((size_t)64 << 20);
    struct cloud_failure f;
    struct described d;
    struct slice cidrs;
    char owner[ACCOUNT_ID];
    unsigned foreign;
    struct permission_check *list = add(rows, n, "ec2:DescribeVpcPeeringConnections");
    struct permission_check *vpc = add(rows, n, "ec2:DescribeVpcs");
    if (!a) return;
    note_outcome(list, cloud_describe_incoming(c, t, account, a, &d, &foreign, &f), &f);
    enum cloud_class rc = cloud_vpc(c, t, vpc_id, a, &cidrs, owner, &f);
    note_outcome(vpc, rc, &f);
    if (rc == CLOUD_NOT_FOUND_YET) vpc->known = vpc->allowed = true; // allowed to ask; the note says what is wrong
    if (rc == CLOUD_OK && owner[0] && strcmp(owner, account) != 0)
        snprintf(vpc->note, sizeof vpc->note, "%s belongs to account %s: only the owner of a VPC can accept", vpc_id,
                 owner);
    arena_free(a);
}

enum cloud_class cloud_check(struct cloud *c, const struct cloud_target *t, const char *account, const char *vpc_id,
                             bool dry_run, struct permission_check ret[PERMISSION_CHECKS], unsigned *ret_n,
                             struct cloud_failure *f)
{
    static const struct {
        const char *permission, *action;
    } writes[] = {
        {"ec2:AcceptVpcPeeringConnection", "AcceptVpcPeeringConnection"},
        {"ec2:RejectVpcPeeringConnection", "RejectVpcPeeringConnection"},
        {"ec2:DeleteVpcPeeringConnection", "DeleteVpcPeeringConnection"},
    };
    enum cloud_class rc;
    *ret_n = 0;
    check_identity(c, t, account, add(ret, ret_n, "sts:GetCallerIdentity"), &rc, f);
    if (rc != CLOUD_OK) return rc; // with the wrong identity the rest would say nothing
    check_reads(c, t, account, vpc_id, ret, ret_n);
    for (unsigned i = 0; i < ARRAY_LEN(writes); i++) {
        struct permission_check *p = add(ret, ret_n, writes[i].permission);
        if (dry_run)
            check_dry_run(c, t, writes[i].action, p);
        else
            snprintf(p->note, sizeof p->note, "not tried");
    }
    return CLOUD_OK;
}
