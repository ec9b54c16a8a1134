// SPDX-License-Identifier: Apache-2.0
// Which configuration, and so which store, a command means. Called by: cli. Must never: guess between two stores
// silently: the order is fixed and errors name what was looked at.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/cmd.h"

#define SYSTEM_FILE "/etc/peerage/peerage.conf"
#define DEV_DIR     ".peerage"
#define FLAGS_MAX   (ARGS_MAX + 16)

extern char **environ;

struct flags {
    struct arena *arena;
    const char *list[FLAGS_MAX + 1];
    unsigned n;
};

static enum err add(struct flags *f, const char *key, const char *value, struct error *err)
{
    if (f->n == FLAGS_MAX) return error_set(err, ERR_INVALID, "more than %d flags", FLAGS_MAX);
    char *text = arena_fmt(f->arena, "--%s=%s", key, value);
    if (!text) return error_set(err, ERR_NOMEM, "no memory for the command line");
    for (char *p = text + 2; *p && *p != '='; p++)
        if (*p == '_') *p = '-';
    f->list[f->n++] = text;
    return ERR_OK;
}

const char *cli_path_absolute(struct arena *a, const char *path)
{
    char cwd[4096];
    if (*path == '/' || !getcwd(cwd, sizeof cwd)) return path;
    const char *text = arena_fmt(a, "%s/%s", cwd, path);
    return text ? text : path;
}

// `peerage dev` keeps its key file in its own directory.
static enum err add_data(struct flags *f, const char *dir, struct error *err)
{
    const char *keys = arena_fmt(f->arena, "%s/keys", dir);
    if (!keys) return error_set(err, ERR_NOMEM, "no memory for the command line");
    if (add(f, "data-dir", dir, err) != ERR_OK) return err->code;
    return file_exists(keys) ? add(f, "key-file", keys, err) : ERR_OK;
}

static bool env_names_store(void)
{
    for (char **e = environ; *e; e++)
        if (strncmp(*e, "PEERAGE_CFG_DATA_DIR=", 21) == 0) return true;
    return false;
}

enum err cli_config_with(const struct args *args, const char *const *more, bool system_file, struct arena *a,
                         struct config *ret, struct error *err)
{
    struct flags f = {.arena = a};
    const char *file = arg(args, "config"), *data = arg(args, "data");
    for (; more && *more; more++) {
        if (f.n == FLAGS_MAX) break; // our own are few
        f.list[f.n++] = *more;
    }
    if (data && !more && add_data(&f, data, err) != ERR_OK) return err->code;
    if (!file && !data && system_file) {
        if (file_exists(SYSTEM_FILE))
            file = SYSTEM_FILE;
        else if (!env_names_store() && file_exists(DEV_DIR) && add_data(&f, DEV_DIR, err) != ERR_OK)
            return err->code;
    }
    for (unsigned i = 0; i < args->flag_count; i++)
        if (args->is_key[i] && add(&f, args->names[i], args->values[i], err) != ERR_OK) return err->code;
    f.list[f.n] = NULL;
    struct config_source src = {.file = file, .env = environ, .flags = (char *const *)(uintptr_t)f.list};
    return config_load(&src, a, ret, err);
}

enum err cli_config(const struct args *args, struct arena *a, struct config *ret, struct error *err)
{
    return cli_config_with(args, NULL, true, a, ret, err);
}
