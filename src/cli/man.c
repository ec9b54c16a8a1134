// SPDX-License-Identifier: Apache-2.0
// `peerage man`: the manual page peerage(1) in mdoc, from the same table as help. Called by: cli.c.
// Must never: know a command by name, or let a text of the table be read as a macro.
#include <string.h>

#include "cli/cmd.h"

// Text for a line of its own: backslashes escaped, and no control character at its head.
static void put_text(struct buf *out, const char *text)
{
    if (*text == '.' || *text == '\'') buf_lit(out, "\\&");
    for (const char *p = text; *p; p++) {
        if (*p == '\\')
            buf_lit(out, "\\e");
        else if (*p == '-')
            buf_lit(out, "\\-");
        else
            buf_char(out, *p);
        if (*p == '\n' && (p[1] == '.' || p[1] == '\'')) buf_lit(out, "\\&");
    }
}

static void put_flag(struct buf *out, const struct cmd_flag *f)
{
    buf_lit(out, ".It Fl \\&-");
    put_text(out, f->name);
    if (f->value) {
        buf_lit(out, " Ar \\&");
        put_text(out, f->value);
    }
    buf_char(out, '\n');
    put_text(out, f->help);
    buf_fmt(out, "%s%s.\n", f->required ? " (required)" : "", f->many ? " (may be repeated)" : "");
}

static void put_command(struct buf *out, const struct cmd *cmd)
{
    const struct cmd_flag *lists[4];
    unsigned n = cmd_flag_lists(cmd, lists);
    buf_fmt(out, ".Ss peerage %s\n", cmd->name);
    if (cmd->operands) {
        buf_lit(out, "Operands:\n.Ar \\&");
        put_text(out, cmd->operands);
        buf_lit(out, " .\n.Pp\n");
    }
    put_text(out, cmd->summary);
    buf_lit(out, ".\n");
    if (cmd->detail) {
        buf_lit(out, ".Pp\n");
        put_text(out, cmd->detail);
        buf_char(out, '\n');
    }
    buf_lit(out, ".Bl -tag -width Ds\n");
    for (unsigned i = 0; i < n; i++)
        for (const struct cmd_flag *f = lists[i]; f->name; f++) put_flag(out, f);
    buf_lit(out, ".El\n");
    if (cmd->traits & CMD_KEYS) buf_lit(out, "Every configuration key is a flag too.\n");
}

static int man(struct cmd_ctx *c)
{
    struct buf *out = c->out;
    buf_lit(out, ".Dd November 24, 2026\n.Dt PEERAGE 1\n.Os\n.Sh NAME\n.Nm peerage\n"
                 ".Nd the inbox for AWS VPC peering requests\n.Sh SYNOPSIS\n.Nm\n.Ar command\n.Op Ar flags\n"
                 ".Sh DESCRIPTION\n.Nm\nfinds, approves, routes and records incoming AWS VPC peering connections, and "
                 "speaks the MongoDB\nAtlas Admin API of the stream\\-processing VPC peering resource.\nBegin with\n"
                 ".Ic peerage dev .\n.Sh COMMANDS\n");
    for (unsigned i = 0; i < cmd_count; i++)
        if (!(cmds[i]->traits & CMD_HIDDEN)) put_command(out, cmds[i]);
    buf_lit(out, ".Sh ENVIRONMENT\n.Bl -tag -width Ds\n.It Ev PEERAGE_CFG_KEY\n"
                 "Sets the configuration key\n.Ar key ,\nbelow flags and above the file.\n.El\n"
                 ".Sh FILES\n.Bl -tag -width Ds\n.It Pa /etc/peerage/peerage.conf\nThe configuration.\n"
                 ".It Pa .peerage/\nThe data directory of\n.Ic peerage dev .\n.El\n"
                 ".Sh EXIT STATUS\n0 when it is done; else a code of\n.Pa sysexits.h :\n"
                 "64 for a wrong command line, 65 for wrong data, 66 for what is not there, 69 for a service that is\n"
                 "away, 75 when it may be tried again, 77 for what is not allowed, 78 for a wrong configuration.\n");
    return EX_OK;
}

const struct cmd cmd_man = {.name = "man", .summary = "print the manual page, for man(1)", .run = man};
