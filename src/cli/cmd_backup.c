// SPDX-License-Identifier: Apache-2.0
// `peerage backup FILE`, online through the writer, and `peerage restore FILE` into an empty data directory.
// Called by: cli.c. Must never: write over a file, or put the key file into a backup.
#include <stdio.h>

#include "base/file.h"
#include "cli/cmd.h"

static int backup(struct cmd_ctx *c)
{
    static const struct column columns[] = {{"file", "backup"}, {"keyFile", "key file (not in it)"}};
    struct error err;
    struct table t;
    const char *path = c->args->operands[0];
    if (store_backup(c->sv->store, path, &err) != ERR_OK) return cmd_fail(c, &err);
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    table_str(&t, path);
    table_str(&t, c->sv->config->key_file);
    return table_end_single(&t);
}

static int restore(struct cmd_ctx *c)
{
    static const struct column columns[] = {{"file", "restored from"}, {"dataDir", "data directory"}};
    struct config config;
    struct error err;
    struct table t;
    char path[APP_PATH];
    if (cli_config(c->args, c->arena, &config, &err) != ERR_OK) {
        (void)cmd_fail(c, &err);
        return EX_CONFIG;
    }
    snprintf(path, sizeof path, "%s/" APP_STORE_FILE, config.data_dir);
    if (dir_make(config.data_dir, 0700, &err) != ERR_OK || store_restore(c->args->operands[0], path, &err) != ERR_OK)
        return cmd_fail(c, &err);
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    table_str(&t, c->args->operands[0]);
    table_str(&t, config.data_dir);
    int code = table_end_single(&t);
    if (code == EX_OK && !c->json)
        buf_fmt(c->out,
                "Credentials open only with the key file of that time (%s); `peerage doctor` checks it.\n"
                "Nothing is written to AWS until you say so: what was under way when the backup was made may have\n"
                "happened since. `peerage intents list` shows it, `peerage intents release --all` lets it go on,\n"
                "`peerage freeze off` lifts the freeze.\n",
                config.key_file);
    return code;
}

const struct cmd cmd_backup = {
    .name = "backup",
    .operands = "FILE",
    .min = 1,
    .max = 1,
    .summary = "write a copy of the store, while the daemon runs or not",
    .detail = "FILE must not exist. The key file is not in it: keep that apart.",
    .traits = CMD_CONFIG | CMD_JSON | CMD_SERVICE | CMD_PATH,
    .run = backup,
};
const struct cmd cmd_restore = {
    .name = "restore",
    .operands = "FILE",
    .min = 1,
    .max = 1,
    .summary = "put a backup into a data directory that has no store",
    .traits = CMD_CONFIG | CMD_KEYS | CMD_JSON,
    .run = restore,
};
