// SPDX-License-Identifier: Apache-2.0
// `peerage version`, `peerage help` and `peerage openapi`. Called by: cli.c. Must never: need a store.
#include "api/api.h"
#include "cli/cmd.h"

static int version(struct cmd_ctx *c)
{
    static const struct column columns[] = {{"version", "peerage"}, {"schema", "store schema"}};
    struct table t;
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    table_str(&t, PEERAGE_VERSION);
    table_int(&t, STORE_VERSION);
    return table_end_single(&t);
}

static int help(struct cmd_ctx *c)
{
    char *words[ARGS_MAX + 1];
    int used, n = (int)c->args->operand_count;
    if (n == 0) {
        help_all(c->out);
        return EX_OK;
    }
    for (int i = 0; i < n; i++) words[i] = (char *)(uintptr_t)c->args->operands[i];
    const struct cmd *found = cmd_find(n, words, &used);
    if (!found) {
        cmd_suggest(n, words, c->err);
        return EX_USAGE;
    }
    help_cmd(found, c->out);
    return EX_OK;
}

static int openapi(struct cmd_ctx *c)
{
    const char *url = arg(c->args, "url");
    if (arg_on(c->args, "differences")) {
        api_differences(c->out);
        return EX_OK;
    }
    api_openapi(c->out, url ? url : "http://127.0.0.1:8080");
    return EX_OK;
}

const struct cmd cmd_version = {
    .name = "version", .summary = "say which version this is", .traits = CMD_JSON, .run = version};
const struct cmd cmd_help = {
    .name = "help", .operands = "COMMAND", .max = 2, .summary = "say what a command does", .run = help};
static const struct cmd_flag openapi_flags[] = {
    {"url", "URL", "server that the document names", false, false},
    {"differences", NULL, "print docs/differences.md instead: where we differ from Atlas", false, false},
    {NULL},
};
const struct cmd cmd_openapi = {
    .name = "openapi", .summary = "print the OpenAPI document of the API", .flags = openapi_flags, .run = openapi};
