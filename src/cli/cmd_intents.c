// SPDX-License-Identifier: Apache-2.0
// `peerage intents list|cancel|release`: what is asked of AWS and not done yet, and what a restore has held. Called by:
// cli.c, the admin socket. Must never: release or cancel what it does not name.
#include "cli/cmd.h"
#include "core/action.h"

static const char *state_of(const struct intent *i)
{
    if (i->end != INTENT_LIVE) return intent_end_name(i->end);
    return i->held ? "held" : i->attempts ? "trying" : "waiting";
}

static int list(struct cmd_ctx *c)
{
    static const struct column columns[] = {
        {"action", "ACTION"},     {"state", "STATE"}, {"connectionId", "CONNECTION"},
        {"requested", "ASKED"},   {"actor", "BY"},    {"attempts", "ATTEMPTS"},
        {"notBefore", "NEXT"},    {"ended", "ENDED"}, {"groupId", "PROJECT"},
        {"networkId", "NETWORK"}, {"id", "ID"},       {"reason", "REASON"}};
    struct intent *all;
    size_t n;
    struct page page;
    struct error err;
    struct table t;
    if (pick_page(c, &page, &err) != ERR_OK ||
        store_intents(c->sv->reader, arg(c->args, "project"), arg_on(c->args, "ended"), page, c->arena, &all, &n,
                      &err) != ERR_OK)
        return cmd_fail(c, &err);
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < n; i++) {
        table_str(&t, action_name(all[i].action));
        table_str(&t, state_of(&all[i]));
        table_str(&t, all[i].connection_id);
        table_time(&t, all[i].requested);
        table_str(&t, all[i].actor);
        table_int(&t, all[i].attempts);
        table_time(&t, all[i].end == INTENT_LIVE ? all[i].not_before : (struct wall){0});
        table_time(&t, all[i].ended);
        table_str(&t, all[i].group_id);
        table_str(&t, all[i].network_id);
        table_str(&t, all[i].id);
        table_slice(&t, all[i].reason);
    }
    return table_end(&t);
}

static int cancel(struct cmd_ctx *c)
{
    static const struct column columns[] = {{"id", "Action"}, {"state", "State"}};
    const struct actor by = {.kind = PRINCIPAL_LOCAL, .name = c->sv->actor};
    const char *id = c->args->operands[0];
    struct error err;
    struct table t;
    if (core_intent_cancel(c->sv->core, &by, id, &err) != ERR_OK) return cmd_fail(c, &err);
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    table_str(&t, id);
    table_str(&t, "cancelled");
    return table_end_single(&t);
}

static int release(struct cmd_ctx *c)
{
    static const struct column columns[] = {{"released", "Released"}};
    const struct actor by = {.kind = PRINCIPAL_LOCAL, .name = c->sv->actor};
    const char *project = arg(c->args, "project");
    uint64_t n;
    struct error err;
    struct table t;
    if (!project && !arg_on(c->args, "all")) return cmd_usage(c, "say which: --project ID or --all");
    if (project && arg_on(c->args, "all")) return cmd_usage(c, "--project and --all exclude each other");
    if (core_intents_release(c->sv->core, &by, project, &n, &err) != ERR_OK) return cmd_fail(c, &err);
    table_begin(&t, c, columns, 1);
    table_int(&t, (int64_t)n);
    return table_end_single(&t);
}

#define TRAITS (CMD_CONFIG | CMD_JSON | CMD_SERVICE)
static const struct cmd_flag list_flags[] = {{"project", "ID", "only this project's", false, false},
                                             {"ended", NULL, "those that have ended, too", false, false},
                                             PAGE_FLAGS,
                                             {NULL}};
static const struct cmd_flag release_flags[] = {{"project", "ID", "those of this project", false, false},
                                                {"all", NULL, "those of all projects", false, false},
                                                {NULL}};
const struct cmd cmd_intents_list = {.name = "intents list",
                                     .summary = "list what is asked of AWS and not done yet",
                                     .flags = list_flags,
                                     .traits = TRAITS,
                                     .run = list};
const struct cmd cmd_intents_cancel = {
    .name = "intents cancel",
    .operands = "ID",
    .min = 1,
    .max = 1,
    .summary = "withdraw an accept, reject or delete that has not been done",
    .detail = "For what waits: held after a restore, frozen, or tried without effect. An attempt whose outcome is not\n"
              "known is looked up in AWS first, and cannot be cancelled before.",
    .traits = TRAITS,
    .run = cancel};
const struct cmd cmd_intents_release = {
    .name = "intents release",
    .summary = "let go on what was held after a restore",
    .detail = "A restored store starts frozen, and the actions that were under way when the backup was made are held:\n"
              "look at them (`peerage intents list`), release them, then lift the freeze (`peerage freeze off`).",
    .flags = release_flags,
    .traits = TRAITS,
    .run = release};
