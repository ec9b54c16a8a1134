// SPDX-License-Identifier: Apache-2.0
// `peerage api METHOD PATH`: any request to the API, with what the other commands use to ask it, for scripts that need
// an operation that no command has. Called by: cli.c. Must never: change what is asked or answered.
#include <string.h>

#include "base/file.h"
#include "cli/ask.h"

#define BODY_MAX ((size_t)1 << 20)

static bool is_method(const char *text)
{
    enum method m = method_of(slice_of(text));
    return m == METHOD_GET || m == METHOD_POST || m == METHOD_PUT || m == METHOD_PATCH || m == METHOD_DELETE;
}

static int ask(struct cmd_ctx *c, struct slice body)
{
    const char *const *words = c->args->operands;
    struct api_client *x;
    struct api_reply reply;
    struct error err;
    if (api_open(c, &x, &err) != ERR_OK) return cmd_fail(c, &err);
    enum err code = api_ask(x, words[0], words[1], body, c->arena, &reply, &err);
    if (code == ERR_OK) {
        buf_slice(c->out, reply.body);
        if (reply.body.n && reply.body.p[reply.body.n - 1] != '\n') buf_char(c->out, '\n');
        code = api_check(&reply, &err);
    }
    api_close(&x);
    return code == ERR_OK ? EX_OK : cmd_fail(c, &err);
}

static int run(struct cmd_ctx *c)
{
    const char *const *words = c->args->operands;
    const char *path = arg(c->args, "body");
    struct error err;
    struct buf body;
    if (!is_method(words[0])) return cmd_usage(c, "\"%.40s\": give GET, POST, PUT, PATCH or DELETE", words[0]);
    if (!slice_starts(slice_of(words[1]), SLICE("/api/")))
        return cmd_usage(c, "\"%.80s\": a path begins with /api/", words[1]);
    buf_init(&body, BODY_MAX);
    if (path && file_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, BODY_MAX, &body, &err) != ERR_OK)
        return cmd_fail(c, &err);
    int code = ask(c, buf_view(&body));
    buf_done(&body);
    return code;
}

static const struct cmd_flag flags[] = {
    {"body", "FILE", "JSON to send; - is standard input", false, false},
    {NULL},
};
const struct cmd cmd_api = {.name = "api",
                            .operands = "METHOD PATH",
                            .min = 2,
                            .max = 2,
                            .summary = "send one request to the API and print the answer",
                            .detail = "PATH as in the API's documentation, with the query: "
                                      "/api/atlas/v2/groups?itemsPerPage=5. The version of a\n"
                                      "resource is the newest. The answer is printed as it came, errors too.",
                            .flags = flags,
                            .traits = CMD_CONFIG | CMD_REMOTE,
                            .run = run};
