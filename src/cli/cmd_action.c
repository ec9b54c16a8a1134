// SPDX-License-Identifier: Apache-2.0
// `peerage connection protect|unprotect|approve-cidrs`: what only an operator may do, by the local admin. Called by:
// cli.c, the admin socket.
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
#define COMMAND(row, word, flag_list, text, fn)                                                                        \
    const struct cmd row = {.name = "connection " word,                                                                \
                            .operands = "NAME",                                                                        \
                            .min = 1,                                                                                  \
                            .max = 1,                                                                                  \
                            .summary = text,                                                                           \
                            .flags = flag_list,                                                                        \
                            .traits = TRAITS,                                                                          \
                            .run = fn};
COMMAND(cmd_connection_protect, "protect", project_flags, "refuse to delete a connection", protect_one)
COMMAND(cmd_connection_unprotect, "unprotect", project_flags, "allow to delete a connection again", unprotect_one)
COMMAND(cmd_connection_approve, "approve-cidrs", project_flags, "allow routes to all blocks that the peer has now",
        approve)
