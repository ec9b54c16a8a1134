// SPDX-License-Identifier: Apache-2.0
// `peerage completion bash|zsh|fish`: what each shell needs to complete commands, flags and paths, all from the table
// of commands. Called by: cli.c. Must never: know a command by name, or print a text of the table unquoted.
#include <string.h>

#include "cli/cmd.h"

// ---- the table, as shells need it -------------------------------------------------------------------------

static bool shown(const struct cmd *cmd)
{
    return !(cmd->traits & CMD_HIDDEN);
}

static struct slice first_word(const struct cmd *cmd)
{
    struct slice rest = slice_of(cmd->name), word;
    (void)slice_cut(&rest, ' ', &word);
    return word;
}

static const char *second_word(const struct cmd *cmd) // NULL: the name is one word
{
    const char *space = strchr(cmd->name, ' ');
    return space ? space + 1 : NULL;
}

// Is it the first shown row with its first word?
static bool opens_word(unsigned i)
{
    for (unsigned k = 0; k < i; k++)
        if (shown(cmds[k]) && slice_eq(first_word(cmds[k]), first_word(cmds[i]))) return false;
    return shown(cmds[i]);
}

// Does any shown row have two words, the first being this row's?
static bool has_seconds(unsigned i)
{
    for (unsigned k = 0; k < cmd_count; k++)
        if (shown(cmds[k]) && second_word(cmds[k]) && slice_eq(first_word(cmds[k]), first_word(cmds[i]))) return true;
    return false;
}

// The row that is this first word alone, or NULL.
static const struct cmd *alone(unsigned i)
{
    for (unsigned k = 0; k < cmd_count; k++)
        if (shown(cmds[k]) && slice_eq_cstr(first_word(cmds[i]), cmds[k]->name)) return cmds[k];
    return NULL;
}

// Values that are words to choose from ("bash|zsh|fish"), and paths, are what a shell can complete.
enum value_kind { VALUE_FREE, VALUE_PATH, VALUE_WORDS };
static enum value_kind kind_of(const char *value)
{
    if (!value) return VALUE_FREE;
    if (strcmp(value, "FILE") == 0 || strcmp(value, "DIR") == 0) return VALUE_PATH;
    return strchr(value, '|') && !strpbrk(value, " ABCDEFGHIJKLMNOPQRSTUVWXYZ[]…") ? VALUE_WORDS : VALUE_FREE;
}

static void put_words(struct buf *out, const char *value)
{
    for (const char *p = value; *p; p++) buf_char(out, *p == '|' ? ' ' : *p);
}

// Inside single quotes of a POSIX shell, fish's too; `also` is escaped by a backslash before (zsh's ':' and brackets).
static void put_quoted(struct buf *out, const char *text, const char *also)
{
    for (const char *p = text; *p; p++) {
        if (*p == '\'')
            buf_lit(out, "'\\''");
        else if (*p == '\\' || strchr(also, *p))
            buf_fmt(out, "\\%c", *p);
        else
            buf_char(out, *p);
    }
}

typedef void (*flag_fn)(struct buf *out, const struct cmd *cmd, const struct cmd_flag *f);
static void each_flag(const struct cmd *cmd, struct buf *out, flag_fn put)
{
    const struct cmd_flag *lists[4];
    unsigned n = cmd_flag_lists(cmd, lists);
    for (unsigned i = 0; i < n; i++)
        for (const struct cmd_flag *f = lists[i]; f->name; f++) put(out, cmd, f);
}

// Configuration keys as flags: f->name is only valid in the call.
static void each_key(const struct cmd *cmd, struct buf *out, flag_fn put)
{
    char name[64];
    for (unsigned i = 0; (cmd->traits & CMD_KEYS) && config_key(i); i++) {
        if (!cstr_set(name, sizeof name, config_key(i))) continue;
        for (char *p = name; *p; p++)
            if (*p == '_') *p = '-';
        const struct cmd_flag f = {name, config_key_is_switch(config_key(i)) ? NULL : "VALUE", "configuration key",
                                   false, false};
        put(out, cmd, &f);
    }
}

// A pattern of bash and zsh: 'network add'|'network list'|…
static void put_two_words(struct buf *out)
{
    bool any = false;
    for (unsigned i = 0; i < cmd_count; i++) {
        if (!shown(cmds[i]) || !second_word(cmds[i])) continue;
        buf_fmt(out, "%s'%s'", any ? "|" : "", cmds[i]->name);
        any = true;
    }
}

// ---- bash -------------------------------------------------------------------------------------------------

static void bash_flag(struct buf *out, const struct cmd *cmd, const struct cmd_flag *f)
{
    (void)cmd;
    buf_fmt(out, "--%s ", f->name);
}

static void bash_values(struct buf *out, const struct cmd *cmd, const struct cmd_flag *f)
{
    (void)cmd;
    enum value_kind kind = kind_of(f->value);
    if (!f->value) return;
    buf_fmt(out, "            --%s) ", f->name);
    if (kind == VALUE_PATH) buf_fmt(out, "compopt -o filenames; _peerage_reply -%c", f->value[0] == 'D' ? 'd' : 'f');
    if (kind == VALUE_WORDS) {
        buf_lit(out, "_peerage_reply -W '");
        put_words(out, f->value);
        buf_char(out, '\'');
    }
    buf_str(out, kind == VALUE_FREE ? "return ;;\n" : "; return ;;\n");
}

static void bash_operand(struct buf *out, const struct cmd *cmd)
{
    switch (kind_of(cmd->operands)) {
    case VALUE_PATH:
        buf_lit(out, "        compopt -o filenames; _peerage_reply -f ;;\n");
        return;
    case VALUE_WORDS:
        buf_lit(out, "        _peerage_reply -W '");
        put_words(out, cmd->operands);
        buf_lit(out, "' ;;\n");
        return;
    default:
        buf_lit(out, "        ;;\n");
    }
}

static void bash_command(struct buf *out, const struct cmd *cmd)
{
    buf_fmt(out, "    '%s%s')\n        case $prev in\n", cmd->name, second_word(cmd) ? "" : " ");
    each_flag(cmd, out, bash_values);
    each_key(cmd, out, bash_values);
    buf_lit(out, "        esac\n        [[ $cur == -* ]] && { _peerage_reply -W '");
    each_flag(cmd, out, bash_flag);
    each_key(cmd, out, bash_flag);
    buf_lit(out, "'; return; }\n");
    bash_operand(out, cmd);
}

static void bash_second(struct buf *out, unsigned first)
{
    if (!has_seconds(first)) return;
    buf_fmt(out, "        %.*s) [[ $cur == -* ]] || { _peerage_reply -W '", SLICE_FMT(first_word(cmds[first])));
    for (unsigned i = first; i < cmd_count; i++)
        if (shown(cmds[i]) && second_word(cmds[i]) && slice_eq(first_word(cmds[i]), first_word(cmds[first])))
            buf_fmt(out, "%s ", second_word(cmds[i]));
    buf_lit(out, "'; return; } ;;\n");
}

static void bash(struct buf *out)
{
    buf_lit(out, "# bash completion of peerage, made by `peerage completion bash`.\n"
                 "_peerage_reply() { mapfile -t COMPREPLY < <(compgen \"$@\" -- \"$cur\"); }\n"
                 "_peerage() {\n    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
                 "    COMPREPLY=()\n    if ((COMP_CWORD == 1)); then\n        _peerage_reply -W '");
    for (unsigned i = 0; i < cmd_count; i++)
        if (opens_word(i)) buf_fmt(out, "%.*s ", SLICE_FMT(first_word(cmds[i])));
    buf_lit(out, "'\n        return\n    fi\n    if ((COMP_CWORD == 2)); then\n        case ${COMP_WORDS[1]} in\n");
    for (unsigned i = 0; i < cmd_count; i++)
        if (opens_word(i)) bash_second(out, i);
    buf_lit(out, "        esac\n    fi\n    local two=\n    case \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in\n    ");
    put_two_words(out);
    buf_lit(out, ") two=${COMP_WORDS[2]} ;;\n    esac\n    case \"${COMP_WORDS[1]} $two\" in\n");
    for (unsigned i = 0; i < cmd_count; i++)
        if (shown(cmds[i])) bash_command(out, cmds[i]);
    buf_lit(out, "    esac\n}\ncomplete -F _peerage peerage\n");
}

// ---- zsh --------------------------------------------------------------------------------------------------

static void zsh_value(struct buf *out, const char *value)
{
    buf_lit(out, ":");
    put_quoted(out, value, ":[]");
    if (kind_of(value) == VALUE_PATH) buf_fmt(out, ":_files%s", value[0] == 'D' ? " -/" : "");
    if (kind_of(value) == VALUE_FREE) buf_lit(out, ": ");
    if (kind_of(value) != VALUE_WORDS) return;
    buf_lit(out, ":(");
    put_words(out, value);
    buf_char(out, ')');
}

static void zsh_flag(struct buf *out, const struct cmd *cmd, const struct cmd_flag *f)
{
    (void)cmd;
    buf_fmt(out, " \\\n            '%s--%s[", f->many ? "*" : "", f->name);
    put_quoted(out, f->help, ":[]");
    buf_char(out, ']');
    if (f->value) zsh_value(out, f->value);
    buf_char(out, '\'');
}

static void zsh_command(struct buf *out, const struct cmd *cmd)
{
    buf_fmt(out, "        '%s%s')\n        _arguments", cmd->name, second_word(cmd) ? "" : " ");
    each_flag(cmd, out, zsh_flag);
    each_key(cmd, out, zsh_flag);
    if (cmd->operands) {
        buf_lit(out, " \\\n            '*");
        zsh_value(out, cmd->operands);
        buf_char(out, '\'');
    }
    buf_lit(out, "\n        ;;\n");
}

static void zsh_row(struct buf *out, struct slice word, const char *summary)
{
    buf_fmt(out, "        '%.*s:", SLICE_FMT(word));
    put_quoted(out, summary, "");
    buf_lit(out, "'\n");
}

static void zsh_second(struct buf *out, unsigned first)
{
    struct slice word = first_word(cmds[first]);
    if (!has_seconds(first)) return;
    buf_fmt(out, "    %.*s)\n        if [[ $CURRENT == 3 && $words[3] != -* ]]; then\n        rows=(\n",
            SLICE_FMT(word));
    for (unsigned i = first; i < cmd_count; i++)
        if (shown(cmds[i]) && second_word(cmds[i]) && slice_eq(first_word(cmds[i]), word))
            zsh_row(out, slice_of(second_word(cmds[i])), cmds[i]->summary);
    buf_lit(out, "        )\n        _describe command rows\n        return\n        fi ;;\n");
}

static void zsh(struct buf *out)
{
    buf_lit(out, "#compdef peerage\n# zsh completion of peerage, made by `peerage completion zsh`.\n_peerage() {\n"
                 "    local -a rows\n    local one=$words[2] two= skip=1\n    if (( CURRENT == 2 )); then\n"
                 "    rows=(\n");
    for (unsigned i = 0; i < cmd_count; i++)
        if (opens_word(i)) zsh_row(out, first_word(cmds[i]), alone(i) ? alone(i)->summary : "…");
    buf_lit(out, "    )\n    _describe command rows\n    return\n    fi\n    case $one in\n");
    for (unsigned i = 0; i < cmd_count; i++)
        if (opens_word(i)) zsh_second(out, i);
    buf_lit(out, "    esac\n    case \"$one $words[3]\" in\n    ");
    put_two_words(out);
    buf_lit(out, ") two=$words[3]; skip=2 ;;\n    esac\n    shift $skip words\n    (( CURRENT -= skip ))\n    case "
                 "\"$one $two\" in\n");
    for (unsigned i = 0; i < cmd_count; i++)
        if (shown(cmds[i])) zsh_command(out, cmds[i]);
    buf_lit(out,
            "    esac\n}\nif [[ $funcstack[1] == _peerage ]]; then _peerage \"$@\"; else compdef _peerage peerage; "
            "fi\n");
}

// ---- fish -------------------------------------------------------------------------------------------------

// "When the command line is that of `cmd`": one word alone must not be the first of two.
static void fish_in(struct buf *out, const struct cmd *cmd)
{
    buf_fmt(out, "complete -c peerage -n '__peerage_in %s", cmd->name);
    for (unsigned i = 0; i < cmd_count && !second_word(cmd); i++)
        if (shown(cmds[i]) && second_word(cmds[i]) && slice_eq_cstr(first_word(cmds[i]), cmd->name))
            buf_fmt(out, "; and not __peerage_in %s", cmds[i]->name);
    buf_char(out, '\'');
}

static void fish_flag(struct buf *out, const struct cmd *cmd, const struct cmd_flag *f)
{
    enum value_kind kind = kind_of(f->value);
    fish_in(out, cmd);
    buf_fmt(out, " -l %s -d '", f->name);
    put_quoted(out, f->help, "");
    buf_char(out, '\'');
    if (f->value) buf_str(out, kind == VALUE_PATH ? " -r -F" : " -x");
    if (kind == VALUE_WORDS) {
        buf_lit(out, " -a '");
        put_words(out, f->value);
        buf_char(out, '\'');
    }
    buf_char(out, '\n');
}

static void fish_row(struct buf *out, struct slice at, struct slice word, const char *summary)
{
    buf_fmt(out, "complete -c peerage -n '__peerage_at %.*s' -a %.*s -d '", SLICE_FMT(at), SLICE_FMT(word));
    put_quoted(out, summary, "");
    buf_lit(out, "'\n");
}

static void fish_command(struct buf *out, const struct cmd *cmd)
{
    if (second_word(cmd)) fish_row(out, first_word(cmd), slice_of(second_word(cmd)), cmd->summary);
    each_flag(cmd, out, fish_flag);
    each_key(cmd, out, fish_flag);
    enum value_kind kind = kind_of(cmd->operands);
    if (kind == VALUE_FREE) return;
    fish_in(out, cmd);
    buf_str(out, kind == VALUE_PATH ? " -F" : " -a '");
    if (kind == VALUE_WORDS) {
        put_words(out, cmd->operands);
        buf_char(out, '\'');
    }
    buf_char(out, '\n');
}

static void fish(struct buf *out)
{
    buf_lit(out, "# fish completion of peerage, made by `peerage completion fish`.\n"
                 "# What was typed so far is exactly these words …\n"
                 "function __peerage_at\n    test \"$(commandline -opc | string join ' ')\" = \"peerage $argv\"\nend\n"
                 "# … or begins with them.\n"
                 "function __peerage_in\n    set -l typed (commandline -opc)\n"
                 "    set -l last (math (count $argv) + 1)\n    test (count $typed) -ge $last\n"
                 "    and test \"$typed[2..$last]\" = \"$argv\"\nend\ncomplete -c peerage -f\n");
    for (unsigned i = 0; i < cmd_count; i++)
        if (opens_word(i)) {
            buf_fmt(out, "complete -c peerage -n 'test (count (commandline -opc)) -eq 1' -a %.*s -d '",
                    SLICE_FMT(first_word(cmds[i])));
            put_quoted(out, alone(i) ? alone(i)->summary : "…", "");
            buf_lit(out, "'\n");
        }
    for (unsigned i = 0; i < cmd_count; i++)
        if (shown(cmds[i])) fish_command(out, cmds[i]);
}

// ---- the command ------------------------------------------------------------------------------------------

static int completion(struct cmd_ctx *c)
{
    static const struct {
        const char *name;
        void (*print)(struct buf *out);
    } shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};
    for (unsigned i = 0; i < ARRAY_LEN(shells); i++) {
        if (strcmp(c->args->operands[0], shells[i].name) != 0) continue;
        shells[i].print(c->out);
        return EX_OK;
    }
    return cmd_usage(c, "there is no completion for \"%.40s\", only for bash, zsh and fish", c->args->operands[0]);
}

const struct cmd cmd_completion = {.name = "completion",
                                   .operands = "bash|zsh|fish",
                                   .min = 1,
                                   .max = 1,
                                   .summary = "print completion for a shell, to be sourced by it",
                                   .run = completion};
