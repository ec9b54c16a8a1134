// SPDX-License-Identifier: Apache-2.0
// Splits a command line by the command's row: --flag value, --flag=value, switches, operands, `--`.
// Called by: cli.c, service.c. Must never: accept an unknown flag, or one given twice that counts once.
#include <string.h>

#include "cli/cmd.h"
#include "config/nearest.h"

#define NAMES_MAX 128

const char args_on[] = "";

static const struct cmd_flag common_config[] = {
    {"config", "FILE", "configuration file", false, false},
    {"data", "DIR", "data directory, e.g. that of `peerage dev`", false, false},
    {NULL},
};
static const struct cmd_flag common_remote[] = {
    {"profile", "NAME", "server and credential of `peerage profile set`", false, false},
    {"config", "FILE", "configuration file of this machine's server", false, false},
    {"data", "DIR", "data directory, e.g. that of `peerage dev`", false, false},
    {NULL},
};
static const struct cmd_flag common_json[] = {{"json", NULL, "print JSON", false, false}, {NULL}};
static const struct cmd_flag common_help[] = {{"help", NULL, "show this help", false, false}, {NULL}};

unsigned cmd_flag_lists(const struct cmd *cmd, const struct cmd_flag *ret[4])
{
    unsigned n = 0;
    if (cmd->flags) ret[n++] = cmd->flags;
    if (cmd->traits & CMD_CONFIG) ret[n++] = cmd->traits & CMD_REMOTE ? common_remote : common_config;
    if (cmd->traits & CMD_JSON) ret[n++] = common_json;
    ret[n++] = common_help;
    return n;
}

static const struct cmd_flag *find_flag(const struct cmd *cmd, struct slice name)
{
    const struct cmd_flag *lists[4];
    unsigned n = cmd_flag_lists(cmd, lists);
    for (unsigned i = 0; i < n; i++)
        for (const struct cmd_flag *f = lists[i]; f->name; f++)
            if (slice_eq_cstr(name, f->name)) return f;
    return NULL;
}

// The configuration key of a flag's spelling, or NULL.
static const char *find_key(const struct cmd *cmd, struct slice name)
{
    if (!(cmd->traits & CMD_KEYS)) return NULL;
    for (unsigned i = 0; config_key(i); i++) {
        const char *key = config_key(i);
        size_t n = strlen(key), k = 0;
        while (n == name.n && k < n && name.p[k] == (key[k] == '_' ? '-' : key[k])) k++;
        if (n == name.n && k == n) return key;
    }
    return NULL;
}

static enum err unknown_flag(const struct cmd *cmd, struct slice name, struct error *err)
{
    const char *names[NAMES_MAX];
    char dashed[NAMES_MAX][32];
    const struct cmd_flag *lists[4];
    size_t n = 0;
    unsigned list_count = cmd_flag_lists(cmd, lists);
    for (unsigned i = 0; i < list_count; i++)
        for (const struct cmd_flag *f = lists[i]; f->name && n < NAMES_MAX; f++) names[n++] = f->name;
    for (unsigned i = 0; (cmd->traits & CMD_KEYS) && config_key(i) && n < NAMES_MAX; i++) {
        if (!cstr_set(dashed[n], sizeof dashed[n], config_key(i))) continue;
        for (char *p = dashed[n]; *p; p++)
            if (*p == '_') *p = '-';
        names[n] = dashed[n];
        n++;
    }
    return error_set(err, ERR_INVALID, "unknown flag --%.*s; the closest one is --%s (`peerage help %s` lists all)",
                     SLICE_FMT(slice_n(name.p, MIN(name.n, (size_t)60))), nearest(name, names, n), cmd->name);
}

struct parse {
    const struct cmd *cmd;
    struct args *out;
    char **argv;
    int argc, i;
};

static enum err keep(struct parse *p, const char *name, const char *value, bool is_key, struct error *err)
{
    struct args *a = p->out;
    if (a->flag_count == ARGS_MAX) return error_set(err, ERR_INVALID, "more than %d flags", ARGS_MAX);
    a->names[a->flag_count] = name;
    a->values[a->flag_count] = value;
    a->is_key[a->flag_count++] = is_key;
    return ERR_OK;
}

static bool seen(const struct args *a, const char *name)
{
    for (unsigned i = 0; i < a->flag_count; i++)
        if (strcmp(a->names[i], name) == 0) return true;
    return false;
}

static enum err one_flag(struct parse *p, struct slice text, struct error *err)
{
    struct slice name, value = slice_skip(text, 2);
    bool has_value = slice_cut(&value, '=', &name);
    const struct cmd_flag *f = find_flag(p->cmd, name);
    const char *key = f ? NULL : find_key(p->cmd, name);
    if (!f && !key) return unknown_flag(p->cmd, name, err);
    const char *known = f ? f->name : key;
    bool takes_value = f ? f->value != NULL : !config_key_is_switch(key);
    if (f && !f->many && seen(p->out, known)) return error_set(err, ERR_INVALID, "--%s is given twice", known);
    if (f && !takes_value) {
        if (has_value) return error_set(err, ERR_INVALID, "--%s takes no value", known);
        if (f == common_help) p->out->help = true;
        return keep(p, known, args_on, false, err);
    }
    if (!has_value && takes_value) {
        if (p->i + 1 >= p->argc)
            return error_set(err, ERR_INVALID, "--%s needs a value%s%s", known, f ? ": " : "", f ? f->value : "");
        value = slice_of(p->argv[++p->i]);
    } else if (!has_value) {
        value = SLICE("true");
    }
    return keep(p, known, value.p, key != NULL, err);
}

static enum err check_complete(const struct args *a, struct error *err)
{
    const struct cmd *cmd = a->cmd;
    if (a->help) return ERR_OK;
    for (const struct cmd_flag *f = cmd->flags; f && f->name; f++)
        if (f->required && !seen(a, f->name))
            return error_set(err, ERR_INVALID, "--%s %s is missing (%s)", f->name, f->value ? f->value : "", f->help);
    if (a->operand_count < cmd->min)
        return error_set(err, ERR_INVALID, "%s is missing", cmd->operands ? cmd->operands : "an operand");
    if (a->operand_count > cmd->max)
        return error_set(err, ERR_INVALID, "unexpected \"%.80s\"%s", a->operands[cmd->max],
                         cmd->max == 0 ? ": the command takes no operands" : "");
    return ERR_OK;
}

enum err args_parse(const struct cmd *cmd, int argc, char **argv, struct args *ret, struct error *err)
{
    struct args out = {.cmd = cmd};
    struct parse p = {.cmd = cmd, .out = &out, .argv = argv, .argc = argc};
    bool only_operands = false;
    for (; p.i < argc; p.i++) {
        struct slice text = slice_of(argv[p.i]);
        if (!only_operands && slice_eq_cstr(text, "--")) {
            only_operands = true;
        } else if (!only_operands && slice_eq_cstr(text, "-h")) {
            out.help = true;
        } else if (!only_operands && slice_starts(text, SLICE("--"))) {
            if (one_flag(&p, text, err) != ERR_OK) return err->code;
        } else if (!only_operands && text.n > 1 && text.p[0] == '-') {
            return error_set(err, ERR_INVALID, "unknown flag %.60s; flags are written --name", argv[p.i]);
        } else if (out.operand_count == ARGS_MAX) {
            return error_set(err, ERR_INVALID, "more than %d operands", ARGS_MAX);
        } else {
            out.operands[out.operand_count++] = argv[p.i];
        }
    }
    if (check_complete(&out, err) != ERR_OK) return err->code;
    *ret = out;
    return ERR_OK;
}

const char *arg_next(const struct args *a, const char *name, unsigned *pos)
{
    for (; *pos < a->flag_count; ++*pos)
        if (!a->is_key[*pos] && strcmp(a->names[*pos], name) == 0) return a->values[(*pos)++];
    return NULL;
}

const char *arg(const struct args *a, const char *name)
{
    unsigned pos = 0;
    return arg_next(a, name, &pos);
}

bool arg_on(const struct args *a, const char *name)
{
    return arg(a, name) != NULL;
}

enum err arg_number(const struct args *a, const char *name, int64_t min, int64_t max, int64_t def, int64_t *ret,
                    struct error *err)
{
    const char *text = arg(a, name);
    int64_t v = def;
    if (text && !slice_i64(slice_of(text), min, max, &v))
        return error_set(err, ERR_INVALID, "--%s %.60s: give a whole number from %lld to %lld", name, text,
                         (long long)min, (long long)max);
    *ret = v;
    return ERR_OK;
}
