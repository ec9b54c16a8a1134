// SPDX-License-Identifier: Apache-2.0
// `peerage policy approvals`: how many different callers must ask for an action in a project. Called by: cli.c, the
// admin socket. Must never: approve anything itself.
#include "cli/cmd.h"
#include "core/approve.h"

static int show(struct cmd_ctx *c, const char *group_id)
{
    static const struct column columns[] = {{"groupId", "Project"},
                                            {"accepts", "Callers for an accept"},
                                            {"deletes", "Callers for a delete of what is protected"}};
    struct approval_rule rule;
    struct error err;
    struct table t;
    if (store_approval_rule(c->sv->reader, group_id, &rule, &err) != ERR_OK) return cmd_fail(c, &err);
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    table_str(&t, group_id);
    table_int(&t, rule.accepts);
    table_int(&t, rule.deletes);
    return table_end_single(&t);
}

static int approvals(struct cmd_ctx *c)
{
    struct group group;
    struct error err;
    struct approval_rule rule;
    int64_t accepts, deletes;
    const struct actor by = {.kind = PRINCIPAL_LOCAL, .name = c->sv->actor};
    if (pick_project(c, &group, &err) != ERR_OK || store_approval_rule(c->sv->reader, group.id, &rule, &err) != ERR_OK)
        return cmd_fail(c, &err);
    if (arg_number(c->args, "accept", 1, APPROVALS_MAX, rule.accepts, &accepts, &err) != ERR_OK ||
        arg_number(c->args, "delete", 0, APPROVALS_MAX, rule.deletes, &deletes, &err) != ERR_OK)
        return cmd_usage(c, "%s", err.detail);
    rule = (struct approval_rule){(unsigned)accepts, (unsigned)deletes};
    if (core_approvals_set(c->sv->core, &by, group.id, &rule, &err) != ERR_OK) return cmd_fail(c, &err);
    return show(c, group.id);
}

static const struct cmd_flag flags[] = {
    {"accept", "N", "so many must ask to accept a request, 1 to 5", false, false},
    {"delete", "N", "so many must ask to delete what is protected, 2 to 5; 0: nobody can", false, false},
    {"project", "ID", "the project (the only one)", false, false},
    {NULL},
};
const struct cmd cmd_policy_approvals = {
    .name = "policy approvals",
    .summary = "show or say how many must ask for an action",
    .detail = "Different callers: a person, an API key or a service account counts once, the local administrator too.\n"
              "All but the last are answered 202, and the connection's statusMessage says how many have asked.",
    .flags = flags,
    .traits = CMD_CONFIG | CMD_JSON | CMD_SERVICE,
    .run = approvals};
