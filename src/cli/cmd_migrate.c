// SPDX-License-Identifier: Apache-2.0
// `peerage migrate`: brings the store to this binary's schema; serve does the same at its start. Called by: cli.c.
// Must never: run beside a daemon (the store's lock sees to that).
#include <stdio.h>

#include "cli/cmd.h"

static int print_versions(struct cmd_ctx *c, uint32_t had, uint32_t has, uint32_t want)
{
    static const struct column columns[] = {
        {"before", "schema before"}, {"now", "schema now"}, {"wanted", "this binary"}};
    struct table t;
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    table_int(&t, had);
    table_int(&t, has);
    table_int(&t, want);
    return table_end_single(&t);
}

static int run(struct cmd_ctx *c)
{
    struct config config;
    struct error err;
    char path[APP_PATH];
    uint32_t had, has, want;
    if (cli_config(c->args, c->arena, &config, &err) != ERR_OK) {
        (void)cmd_fail(c, &err);
        return EX_CONFIG;
    }
    snprintf(path, sizeof path, "%s/" APP_STORE_FILE, config.data_dir);
    if (store_migrate_status(path, &had, &want, &err) != ERR_OK) return cmd_fail(c, &err);
    if (arg_on(c->args, "status")) return print_versions(c, had, had, want);
    struct store_options o;
    struct store *s;
    store_options_default(&o);
    o.path = path;
    o.create = false;
    o.migrate = true;
    o.exclusive = true;
    o.clock = &clock_system;
    if (store_open(&o, &s, &err) != ERR_OK) return cmd_fail(c, &err);
    store_close(&s);
    if (store_migrate_status(path, &has, &want, &err) != ERR_OK) return cmd_fail(c, &err);
    return print_versions(c, had, has, want);
}

static const struct cmd_flag flags[] = {
    {"status", NULL, "only say which schema the store has", false, false},
    {NULL},
};
const struct cmd cmd_migrate = {
    .name = "migrate",
    .summary = "bring the store to the schema of this binary",
    .flags = flags,
    .traits = CMD_CONFIG | CMD_KEYS | CMD_JSON,
    .run = run,
};
