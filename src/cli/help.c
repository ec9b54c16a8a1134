// SPDX-License-Identifier: Apache-2.0
// Help texts and suggestions, all from the table of commands. Called by: cli.c, cmd_version.c.
// Must never: know a command by name.
#include <string.h>

#include "cli/cmd.h"
#include "config/nearest.h"

#define NAMES_MAX 256 // commands

static unsigned words_of(const char *name)
{
    return strchr(name, ' ') ? 2 : 1;
}

static bool matches(const char *name, int argc, char **argv)
{
    struct slice rest = slice_of(name), word;
    for (int i = 0; rest.n; i++) {
        (void)slice_cut(&rest, ' ', &word);
        if (i >= argc || !slice_eq_cstr(word, argv[i])) return false;
    }
    return true;
}

const struct cmd *cmd_find(int argc, char **argv, int *ret_words)
{
    const struct cmd *found = NULL; // "dev coverage" rather than "dev"
    for (unsigned i = 0; i < cmd_count; i++) {
        if (!matches(cmds[i]->name, argc, argv) || (found && words_of(found->name) == 2)) continue;
        *ret_words = (int)words_of(cmds[i]->name);
        found = cmds[i];
    }
    return found;
}

static void put_row(struct buf *out, const char *left, size_t width, const char *right)
{
    size_t n = strlen(left);
    buf_fmt(out, "  %s", left);
    for (size_t i = n; i < width; i++) buf_char(out, ' ');
    buf_fmt(out, "  %s\n", right);
}

void help_all(struct buf *out)
{
    buf_lit(out, "peerage: the inbox for AWS VPC peering requests\n\nusage: peerage COMMAND [FLAGS]\n\n");
    for (unsigned i = 0; i < cmd_count; i++)
        if (!(cmds[i]->traits & CMD_HIDDEN)) put_row(out, cmds[i]->name, 24, cmds[i]->summary);
    buf_lit(out, "\n`peerage help COMMAND` says more of one. Begin with `peerage dev`.\n");
}

static void put_flag(struct buf *out, const struct cmd_flag *f)
{
    char left[64];
    struct buf b = {.p = left, .cap = sizeof left, .max = sizeof left - 1};
    buf_fmt(&b, "--%s%s%s", f->name, f->value ? " " : "", f->value ? f->value : "");
    left[b.n] = '\0';
    buf_fmt(out, "  %s", left);
    for (size_t i = b.n; i < 26; i++) buf_char(out, ' ');
    buf_fmt(out, "  %s%s%s\n", f->help, f->required ? " (required)" : "", f->many ? " (may be repeated)" : "");
}

void help_cmd(const struct cmd *cmd, struct buf *out)
{
    const struct cmd_flag *lists[4];
    unsigned n = cmd_flag_lists(cmd, lists);
    buf_fmt(out, "peerage %s: %s\n\nusage: peerage %s [FLAGS]%s%s\n", cmd->name, cmd->summary, cmd->name,
            cmd->operands ? " " : "", cmd->operands ? cmd->operands : "");
    if (cmd->detail) buf_fmt(out, "\n%s\n", cmd->detail);
    buf_lit(out, "\nflags:\n");
    for (unsigned i = 0; i < n; i++)
        for (const struct cmd_flag *f = lists[i]; f->name; f++) put_flag(out, f);
    if (cmd->traits & CMD_KEYS)
        buf_lit(out, "\nEvery configuration key is a flag too, e.g. --log-level debug; `peerage check-config "
                     "--help-keys` lists them.\n");
}

void cmd_suggest(int argc, char **argv, struct buf *out)
{
    const char *names[NAMES_MAX], *under[NAMES_MAX];
    size_t n = 0, below = 0;
    for (unsigned i = 0; i < cmd_count && n < ARRAY_LEN(names); i++) {
        if (cmds[i]->traits & CMD_HIDDEN) continue;
        names[n++] = cmds[i]->name;
        struct slice rest = slice_of(cmds[i]->name), first;
        if (slice_cut(&rest, ' ', &first) && slice_eq_cstr(first, argv[0])) under[below++] = cmds[i]->name;
    }
    if (below == 0) {
        char both[128];
        struct buf b = {.p = both, .cap = sizeof both, .max = sizeof both};
        buf_str(&b, argv[0]);
        const char *one = nearest(slice_of(argv[0]), names, n);
        if (argc > 1 && argv[1][0] != '-') buf_fmt(&b, " %s", argv[1]);
        const char *two = b.fail ? one : nearest(buf_view(&b), names, n);
        buf_fmt(out, "peerage: unknown command \"%.60s\"; the closest one is \"%s\" (`peerage help` lists all)\n",
                argv[0], strchr(two, ' ') ? two : one);
        return;
    }
    buf_fmt(out, "peerage: %s%s%.60s%s one of:\n", argv[0], argc > 1 ? " " : "", argc > 1 ? argv[1] : "",
            argc > 1 ? " is not" : " needs");
    for (size_t i = 0; i < below; i++) buf_fmt(out, "  peerage %s\n", under[i]);
}
