// SPDX-License-Identifier: Apache-2.0
// `peerage expected add|list|remove`: requests that are known to come, and that a project's policy accepts once.
// Called by: cli.c, the admin socket. Must never: let one expect more than was said.
#include "cli/cmd.h"
#include "core/policy.h"

static const struct column columns[] = {{"id", "ID"},
                                        {"requesterAccountId", "REQUESTER"},
                                        {"requesterVpcId", "VPC"},
                                        {"cidrBlocks", "BLOCKS WITHIN"},
                                        {"owner", "OWNER"},
                                        {"ticket", "TICKET"},
                                        {"validUntil", "UNTIL"},
                                        {"actor", "BY"},
                                        {"used", "USED"},
                                        {"usedBy", "USED BY"},
                                        {"state", "STATE"}};

static void add_row(struct table *t, const struct expected *e, struct wall now)
{
    table_str(t, e->id);
    table_str(t, e->account);
    table_str(t, e->vpc);
    table_slice(t, e->cidrs);
    table_slice(t, e->owner);
    table_slice(t, e->ticket);
    table_time(t, e->valid_until);
    table_str(t, e->actor);
    table_time(t, e->used);
    table_str(t, e->used_by);
    table_str(t, e->used.us ? "used" : e->valid_until.us <= now.us ? "past" : "open");
}

static int list(struct cmd_ctx *c)
{
    struct wall now = clock_wall(c->sv->clock);
    struct group group;
    struct expected *all;
    struct error err;
    struct table t;
    size_t n;
    if (pick_project(c, &group, &err) != ERR_OK ||
        store_expected(c->sv->reader, group.id, arg_on(c->args, "all") ? (struct wall){0} : now, c->arena, &all, &n,
                       &err) != ERR_OK)
        return cmd_fail(c, &err);
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < n; i++) add_row(&t, &all[i], now);
    return table_end(&t);
}

// An expected request that nothing looks at would be a surprise.
static enum err warn_if_off(struct cmd_ctx *c, const char *group_id, struct error *err)
{
    struct policy p;
    enum err code = store_policy_get(c->sv->reader, group_id, c->arena, &p, err);
    if (code == ERR_OK && !p.enabled)
        buf_fmt(c->err,
                "peerage: the policy of the project is not enabled, so nothing is accepted; see `peerage policy "
                "enable`\n");
    return code;
}

static int add(struct cmd_ctx *c)
{
    const struct actor by = {.kind = PRINCIPAL_LOCAL, .name = c->sv->actor};
    const char *until = arg(c->args, "until");
    struct expected_new n = {.account = slice_of(arg(c->args, "account")),
                             .vpc = slice_of(arg(c->args, "vpc")),
                             .cidrs = pick_list(c, "cidr"),
                             .allow_shared = arg_on(c->args, "allow-shared-space"),
                             .owner = slice_of(arg(c->args, "owner")),
                             .ticket = slice_of(arg(c->args, "ticket"))};
    struct expected e;
    struct group group;
    struct error err;
    struct table t;
    if (!pick_time(until, &n.valid_until))
        return cmd_usage(c, "--until %.40s: give 2024-12-18 or 2024-12-18T19:20:37Z", until);
    if (pick_project(c, &group, &err) != ERR_OK) return cmd_fail(c, &err);
    n.group_id = group.id;
    if (core_expected_add(c->sv->core, &by, &n, &e, &err) != ERR_OK || warn_if_off(c, group.id, &err) != ERR_OK)
        return cmd_fail(c, &err);
    table_begin(&t, c, columns, 8);
    table_str(&t, e.id);
    table_str(&t, e.account);
    table_str(&t, e.vpc);
    table_slice(&t, e.cidrs);
    table_slice(&t, e.owner);
    table_slice(&t, e.ticket);
    table_time(&t, e.valid_until);
    table_str(&t, e.actor);
    return table_end_single(&t);
}

static int remove_one(struct cmd_ctx *c)
{
    static const struct column done[] = {{"id", "Expected request"}, {"state", "State"}};
    const struct actor by = {.kind = PRINCIPAL_LOCAL, .name = c->sv->actor};
    const char *id = c->args->operands[0];
    struct group group;
    struct error err;
    struct table t;
    if (pick_project(c, &group, &err) != ERR_OK || core_expected_remove(c->sv->core, &by, group.id, id, &err) != ERR_OK)
        return cmd_fail(c, &err);
    table_begin(&t, c, done, ARRAY_LEN(done));
    table_str(&t, id);
    table_str(&t, "removed");
    return table_end_single(&t);
}

#define TRAITS (CMD_CONFIG | CMD_JSON | CMD_SERVICE)
#define PROJECT                                                                                                        \
    {                                                                                                                  \
        "project", "ID", "in which project (the only one)", false, false                                               \
    }
static const struct cmd_flag add_flags[] = {
    {"account", "ID", "the requester's account", true, false},
    {"owner", "TEXT", "who answers for it", true, false},
    {"until", "TIME", "the end of the time in which it may come", true, false},
    {"vpc", "ID", "the requester's VPC (any)", false, false},
    {"cidr", "BLOCK", "where the requester's blocks must lie (anywhere)", false, true},
    {"ticket", "TEXT", "for the audit log", false, false},
    {"allow-shared-space", NULL, "blocks of 100.64.0.0/10 are fine", false, false},
    PROJECT,
    {NULL}};
static const struct cmd_flag list_flags[] = {
    {"all", NULL, "those that were used or are past, too", false, false}, PROJECT, {NULL}};
static const struct cmd_flag remove_flags[] = {PROJECT, {NULL}};
const struct cmd cmd_expected_add = {
    .name = "expected add",
    .summary = "register a request that is known to come",
    .detail =
        "The project's policy accepts one request that matches, once, if every check passes. The more is said of\n"
        "it the better. Those used or past leave the list after 90 days; the audit log keeps them.",
    .flags = add_flags,
    .traits = TRAITS,
    .run = add};
const struct cmd cmd_expected_list = {.name = "expected list",
                                      .summary = "list requests that are expected",
                                      .flags = list_flags,
                                      .traits = TRAITS,
                                      .run = list};
const struct cmd cmd_expected_remove = {.name = "expected remove",
                                        .operands = "ID",
                                        .min = 1,
                                        .max = 1,
                                        .summary = "expect a request no more",
                                        .flags = remove_flags,
                                        .traits = TRAITS,
                                        .run = remove_one};
