// SPDX-License-Identifier: Apache-2.0
// `peerage connection accept|reject|delete|protect|unprotect|approve-cidrs`: what the API offers to its callers, and
// what only an operator may do, by the local admin. Called by: cli.c, the admin socket.
// Must never: wait for the cloud: what is asked is recorded, `peerage connection list` shows what becomes of it.
#include "cli/cmd.h"
#include "core/action.h"

static struct actor by_operator(const struct cmd_ctx *c)
{
    return (struct actor){.kind = PRINCIPAL_LOCAL, .name = c->sv->actor};
}

static int print_done(struct cmd_ctx *c, const char *key, const char *value)
{
    const struct column columns[] = {{"name", "Connection"}, {key, key}};
    struct table t;
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    table_str(&t, c->args->operands[0]);
    table_str(&t, value);
    return table_end_single(&t);
}

// ---- accept, reject, delete -------------------------------------------------------------------------------

static int answered(struct cmd_ctx *c, enum action_answer a, struct slice why)
{
    switch (a) {
    case ANSWER_TAKEN:
        return print_done(c, "answer", "recorded");
    case ANSWER_APPROVED:
        return print_done(c, "answer", "approved; others must ask too (`peerage connection get` says how many)");
    case ANSWER_ALREADY:
        return print_done(c, "answer", "already so, or under way");
    case ANSWER_NOT_FOUND:
        buf_fmt(c->err, "peerage: there is no connection %s; `peerage connection list` shows them\n",
                c->args->operands[0]);
        return EX_NOINPUT;
    case ANSWER_ACCOUNT:
        buf_fmt(c->err, "peerage: --requester-account does not match: nothing was changed\n");
        return EX_DATAERR;
    case ANSWER_VPC:
        buf_fmt(c->err, "peerage: --requester-vpc does not match: nothing was changed\n");
        return EX_DATAERR;
    default:
        buf_fmt(c->err, "peerage: %.*s\n", SLICE_FMT(why));
        return EX_NOPERM;
    }
}

static int act(struct cmd_ctx *c, enum action action)
{
    struct group group;
    struct error err;
    enum action_answer answer;
    struct slice why;
    if (pick_project(c, &group, &err) != ERR_OK) return cmd_fail(c, &err);
    const struct actor by = by_operator(c);
    const struct action_request q = {.by = &by,
                                     .group_id = group.id,
                                     .name_or_id = slice_of(c->args->operands[0]),
                                     .action = action,
                                     .requester_account = slice_of(arg(c->args, "requester-account")),
                                     .requester_vpc = slice_of(arg(c->args, "requester-vpc"))};
    if (core_action_request(c->sv->core, &q, c->arena, &answer, &why, &err) != ERR_OK) return cmd_fail(c, &err);
    return answered(c, answer, why);
}

static int accept_one(struct cmd_ctx *c)
{
    return act(c, ACTION_ACCEPT);
}

static int reject_one(struct cmd_ctx *c)
{
    return act(c, ACTION_REJECT);
}

static int delete_one(struct cmd_ctx *c)
{
    return act(c, ACTION_DELETE);
}

// ---- protection and approval ------------------------------------------------------------------------------

static int protect(struct cmd_ctx *c, bool on)
{
    struct group group;
    struct error err;
    const struct actor by = by_operator(c);
    if (pick_project(c, &group, &err) != ERR_OK ||
        core_connection_protect(c->sv->core, &by, group.id, slice_of(c->args->operands[0]), on, &err) != ERR_OK)
        return cmd_fail(c, &err);
    return print_done(c, "protected", on ? "yes" : "no");
}

static int protect_one(struct cmd_ctx *c)
{
    return protect(c, true);
}

static int unprotect_one(struct cmd_ctx *c)
{
    return protect(c, false);
}

static int approve(struct cmd_ctx *c)
{
    struct group group;
    struct error err;
    const struct actor by = by_operator(c);
    if (pick_project(c, &group, &err) != ERR_OK ||
        core_cidrs_approve(c->sv->core, &by, group.id, slice_of(c->args->operands[0]), &err) != ERR_OK)
        return cmd_fail(c, &err);
    return print_done(c, "blocks", "approved");
}

#define TRAITS (CMD_CONFIG | CMD_JSON | CMD_SERVICE)
#define PROJECT                                                                                                        \
    {                                                                                                                  \
        "project", "ID", "its project (the only one)", false, false                                                    \
    }
static const struct cmd_flag project_flags[] = {PROJECT, {NULL}};
static const struct cmd_flag accept_flags[] = {
    {"requester-account", "ID", "only if this account requested it", false, false},
    {"requester-vpc", "ID", "only if it was requested for this VPC", false, false},
    PROJECT,
    {NULL},
};
#define COMMAND(row, word, flag_list, text, fn)                                                                        \
    const struct cmd row = {.name = "connection " word,                                                                \
                            .operands = "NAME",                                                                        \
                            .min = 1,                                                                                  \
                            .max = 1,                                                                                  \
                            .summary = text,                                                                           \
                            .flags = flag_list,                                                                        \
                            .traits = TRAITS,                                                                          \
                            .run = fn};
COMMAND(cmd_connection_accept, "accept", accept_flags, "accept a pending request", accept_one)
COMMAND(cmd_connection_reject, "reject", project_flags, "reject a pending request", reject_one)
COMMAND(cmd_connection_delete, "delete", project_flags, "delete an active connection", delete_one)
COMMAND(cmd_connection_protect, "protect", project_flags, "refuse to delete a connection", protect_one)
COMMAND(cmd_connection_unprotect, "unprotect", project_flags, "allow to delete a connection again", unprotect_one)
COMMAND(cmd_connection_approve, "approve-cidrs", project_flags, "allow routes to all blocks that the peer has now",
        approve)
