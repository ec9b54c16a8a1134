// SPDX-License-Identifier: Apache-2.0
// `peerage freeze on|off|status`: no writes to AWS, for everything, a project or a network. Called by: cli.c, the admin
// socket. Must never: drop what waits.
#include "cli/cmd.h"
#include "core/action.h"

static int status(struct cmd_ctx *c)
{
    static const struct column columns[] = {{"scope", "SCOPE"}, {"groupId", "PROJECT"}, {"networkId", "NETWORK"},
                                            {"since", "SINCE"}, {"actor", "BY"},        {"why", "WHY"}};
    struct freeze *all;
    size_t n;
    struct error err;
    struct table t;
    if (store_freezes(c->sv->reader, c->arena, &all, &n, &err) != ERR_OK) return cmd_fail(c, &err);
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < n; i++) {
        table_str(&t, *all[i].network_id ? "network" : *all[i].group_id ? "project" : "all");
        table_str(&t, all[i].group_id);
        table_str(&t, all[i].network_id);
        table_time(&t, all[i].since);
        table_str(&t, all[i].actor);
        table_slice(&t, all[i].why);
    }
    return table_end(&t);
}

static int set(struct cmd_ctx *c, bool on)
{
    const char *project = arg(c->args, "project"), *network = arg(c->args, "network");
    const struct actor by = {.kind = PRINCIPAL_LOCAL, .name = c->sv->actor};
    struct error err;
    if (project && network) return cmd_usage(c, "--project and --network exclude each other");
    enum freeze_scope scope = network ? FREEZE_NETWORK : project ? FREEZE_GROUP : FREEZE_ALL;
    if (core_freeze(c->sv->core, &by, scope, network ? network : project, on, slice_of(arg(c->args, "why")), &err) !=
        ERR_OK)
        return cmd_fail(c, &err);
    return status(c);
}

static int on(struct cmd_ctx *c)
{
    return set(c, true);
}

static int off(struct cmd_ctx *c)
{
    return set(c, false);
}

#define TRAITS (CMD_CONFIG | CMD_JSON | CMD_SERVICE)
#define SCOPE                                                                                                          \
    {"project", "ID", "only this project (everything)", false, false},                                                 \
    {                                                                                                                  \
        "network", "ID", "only this network", false, false                                                             \
    }
static const struct cmd_flag on_flags[] = {
    SCOPE, {"why", "TEXT", "for the list and the audit log", false, false}, {NULL}};
static const struct cmd_flag off_flags[] = {SCOPE, {NULL}};
const struct cmd cmd_freeze_on = {.name = "freeze on",
                                  .summary = "write nothing to AWS; what is asked waits",
                                  .flags = on_flags,
                                  .traits = TRAITS,
                                  .run = on};
const struct cmd cmd_freeze_off = {.name = "freeze off",
                                   .summary = "lift a freeze; what waits goes on",
                                   .flags = off_flags,
                                   .traits = TRAITS,
                                   .run = off};
const struct cmd cmd_freeze_status = {
    .name = "freeze status", .summary = "list what is frozen", .traits = TRAITS, .run = status};
