// SPDX-License-Identifier: Apache-2.0
// `peerage aws-policy`: the least IAM policy for Peerage and the trust policy of a role that it assumes.
// Called by: cli.c. Must never: ask AWS anything.
#include <string.h>

#include "cli/cmd.h"

static int run(struct cmd_ctx *c)
{
    const char *mode = arg(c->args, "mode"), *trust = arg(c->args, "trust"), *external = arg(c->args, "external-id");
    const char *partition = arg(c->args, "partition");
    if (trust) {
        cloud_policy_trust(c->out, trust, external ? external : "");
        buf_char(c->out, '\n');
        return EX_OK;
    }
    if (external) return cmd_usage(c, "--external-id belongs to --trust");
    if (mode && strcmp(mode, "observe") != 0 && strcmp(mode, "manage") != 0)
        return cmd_usage(c, "--mode %.40s: give observe or manage", mode);
    bool observe = mode && strcmp(mode, "observe") == 0;
    cloud_policy_permissions(c->out, partition ? partition : "aws", observe ? NETWORK_OBSERVE : NETWORK_MANAGE);
    buf_char(c->out, '\n');
    return EX_OK;
}

static const struct cmd_flag flags[] = {
    {"mode", "observe|manage", "what Peerage may do (manage)", false, false},
    {"partition", "NAME", "aws, aws-cn or aws-us-gov (aws)", false, false},
    {"trust", "ARN", "print the trust policy for this principal instead", false, false},
    {"external-id", "ID", "of the organisation, shown by `peerage org list`", false, false},
    {NULL},
};
const struct cmd cmd_aws_policy = {
    .name = "aws-policy",
    .summary = "print the IAM policies that Peerage needs, as JSON",
    .flags = flags,
    .traits = CMD_JSON,
    .run = run,
};
