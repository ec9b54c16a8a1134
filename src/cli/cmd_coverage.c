// SPDX-License-Identifier: Apache-2.0
// `peerage dev coverage`: what programs asked of the running `peerage dev` and did not get. Called by: cli.c, the admin
// socket. Must never: answer for a daemon that keeps no such list as if nothing had been asked.
#include "cli/cmd.h"
#include "pipeline/coverage.h"

static int show(struct cmd_ctx *c, const struct missed_row *rows, size_t n)
{
    static const struct column columns[] = {{"times", "TIMES"},     {"answer", "ANSWER"},      {"method", "METHOD"},
                                            {"asked", "ASKED FOR"}, {"client", "LAST CLIENT"}, {"last", "LAST"}};
    struct table t;
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < n; i++) {
        table_int(&t, (int64_t)rows[i].times);
        table_str(&t, missed_name(rows[i].kind));
        table_str(&t, rows[i].method);
        table_str(&t, rows[i].what);
        table_str(&t, rows[i].client);
        table_time(&t, rows[i].last);
    }
    return table_end(&t);
}

static int coverage(struct cmd_ctx *c)
{
    struct missed_row *rows;
    size_t n;
    uint64_t dropped;
    struct error err;
    if (!c->sv->coverage) {
        buf_lit(c->err, "peerage: no `peerage dev` runs on this data directory; start it, let your program run against "
                        "it, then ask again\n");
        return EX_UNAVAILABLE;
    }
    if (coverage_list(c->sv->coverage, c->arena, &rows, &n, &dropped, &err) != ERR_OK) return cmd_fail(c, &err);
    int code = show(c, rows, n);
    if (dropped) buf_fmt(c->err, "peerage: %llu more found no room in the list\n", (unsigned long long)dropped);
    if (code == EX_OK && arg_on(c->args, "clear")) coverage_clear(c->sv->coverage);
    return code;
}

static const struct cmd_flag flags[] = {{"clear", NULL, "and begin a new list", false, false}, {NULL}};
const struct cmd cmd_dev_coverage = {
    .name = "dev coverage",
    .summary = "list what programs asked of dev and did not get",
    .detail =
        "Operations of the Atlas Admin API that Peerage does not offer, unknown paths, wrong methods and versions, "
        "since\n`peerage dev` started, with the User-Agent of the last program that asked.",
    .flags = flags,
    .traits = CMD_CONFIG | CMD_JSON | CMD_SERVICE,
    .run = coverage};
