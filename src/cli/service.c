// SPDX-License-Identifier: Apache-2.0
// Resource commands: sent to the daemon over DATA/admin.sock when one answers there, else run here with the store's
// lock. Both ways call the same function. Called by: cli.c. Must never: run a command twice; once a byte may have
// reached the daemon there is no second try.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/cmd.h"
#include "net/httpc.h"

#define REPLY_MAX  ((size_t)64 << 20)
#define BODY_MAX   ((size_t)1 << 20)
#define COMMAND_MS 120000
#define CONNECT_MS 2000

bool service_socket(const char *data_dir, char out[SERVICE_SOCKET], int *ret_fd)
{
    char path[APP_PATH];
    *ret_fd = -1;
    snprintf(path, sizeof path, "%s/" APP_SOCKET_FILE, data_dir);
    if (!file_exists(path)) return false;
    if (cstr_set(out, 100, path)) return true;
    *ret_fd = open(data_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    snprintf(out, SERVICE_SOCKET, "/proc/self/fd/%d/" APP_SOCKET_FILE, *ret_fd);
    return *ret_fd >= 0;
}

// argv without what only says where the store is; a path operand made absolute, as the daemon has another directory.
static void put_argv(const struct cmd_ctx *c, struct buf *body)
{
    struct json_writer w;
    struct slice rest = slice_of(c->cmd->name), word;
    json_begin(&w, body, false);
    json_obj(&w);
    json_key(&w, "argv");
    json_arr(&w);
    while (rest.n) {
        (void)slice_cut(&rest, ' ', &word);
        json_str(&w, word);
    }
    for (unsigned i = 0; i < c->args->flag_count; i++) {
        const char *name = c->args->names[i], *value = c->args->values[i];
        if (strcmp(name, "config") == 0 || strcmp(name, "data") == 0) continue;
        const char *text = arena_fmt(c->arena, value == args_on ? "--%s" : "--%s=%s", name, value);
        if (text) json_cstr(&w, text);
    }
    json_cstr(&w, "--");
    for (unsigned i = 0; i < c->args->operand_count; i++) {
        const char *text = c->args->operands[i];
        json_cstr(&w, c->cmd->traits & CMD_PATH ? cli_path_absolute(c->arena, text) : text);
    }
    json_arr_end(&w);
    json_obj_end(&w);
}

static int take_reply(struct cmd_ctx *c, const struct httpc_reply *reply)
{
    struct error err;
    struct json_doc *doc;
    if (json_read(reply->body, REPLY_MAX, &doc, &err) != ERR_OK) {
        buf_fmt(c->err, "peerage: the daemon answered what is no JSON (status %d)\n", reply->status);
        return EX_PROTOCOL;
    }
    const struct json_value *root = json_root(doc);
    int code = (int)json_integer(json_get(root, "exit"));
    if (reply->status == 200) {
        buf_slice(c->out, json_string(json_get(root, "stdout")));
        buf_slice(c->err, json_string(json_get(root, "stderr")));
    } else {
        buf_fmt(c->err, "peerage: the daemon refused the command: %.*s\n",
                SLICE_FMT(json_string(json_get(root, "detail"))));
        code = EX_PROTOCOL;
    }
    json_doc_free(doc);
    return code;
}

// False: nothing answers there, and nothing was done.
static bool through_daemon(struct cmd_ctx *c, const char *data_dir, int *ret_code)
{
    char path[SERVICE_SOCKET];
    int fd;
    struct error err;
    struct httpc *client = NULL;
    bool done = false;
    if (!service_socket(data_dir, path, &fd)) return false;
    struct buf body;
    buf_init(&body, BODY_MAX);
    put_argv(c, &body);
    struct httpc_options opt = {.user_agent = "peerage/" PEERAGE_VERSION};
    struct header headers[] = {{SLICE("Content-Type"), SLICE("application/json")}};
    struct httpc_request q = {.method = "POST",
                              .url = "http://localhost/admin/v1/command",
                              .unix_socket = path,
                              .headers = headers,
                              .header_count = 1,
                              .body = buf_view(&body),
                              .connect_ms = CONNECT_MS,
                              .total_ms = COMMAND_MS,
                              .max_body = REPLY_MAX,
                              .no_proxy = true,
                              .once = true};
    struct httpc_reply reply;
    bool sent = false;
    if (!body.fail && httpc_new(&opt, &client, &err) == ERR_OK) {
        if (httpc_do(client, &q, c->arena, &reply, &sent, &err) == ERR_OK) {
            *ret_code = take_reply(c, &reply);
            done = true;
        } else if (sent) {
            buf_fmt(c->err, "peerage: the daemon took the command but did not answer: %s\n", err.detail);
            *ret_code = EX_UNAVAILABLE;
            done = true;
        }
        httpc_free(client);
    }
    buf_done(&body);
    if (fd >= 0) close(fd);
    return done;
}

static int in_process(struct cmd_ctx *c, const struct config *config)
{
    struct error err;
    struct app *app;
    struct services sv;
    struct app_options o = {.config = config, .clock = &clock_system, .rng = &rng_system};
    if (app_open(&o, &app, &err) != ERR_OK) return cmd_fail(c, &err);
    int code;
    if (app_services(app, &sv, &err) == ERR_OK) {
        c->sv = &sv;
        code = c->cmd->run(c);
        c->sv = NULL;
        app_services_done(&sv);
    } else {
        code = cmd_fail(c, &err);
    }
    app_stop(&app, 0);
    return code;
}

// Files are read here: who runs the command may be able to read what the daemon is not.
static enum err take_texts(struct cmd_ctx *c, struct args *texts, struct error *err)
{
    *texts = *c->args;
    for (unsigned i = 0; i < texts->operand_count; i++) {
        const char *path = texts->operands[i];
        struct buf text;
        enum err code = file_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, CMD_TEXT_MAX, &text, err);
        if (code != ERR_OK) return code;
        texts->operands[i] = arena_strndup(c->arena, text.n ? text.p : "", text.n);
        bool whole = !text.n || !memchr(text.p, '\0', text.n);
        buf_done(&text);
        if (!whole) return error_set(err, ERR_INVALID, "%s: it holds a NUL byte and is no text", path);
        if (!texts->operands[i]) return error_set(err, ERR_NOMEM, "out of memory");
    }
    c->args = texts;
    return ERR_OK;
}

int service_run(struct cmd_ctx *c)
{
    struct config config;
    struct error err;
    struct args texts;
    int code;
    const char *profile = getenv("PEERAGE_PROFILE");
    if (profile && *profile && !arg(c->args, "data") && !arg(c->args, "config"))
        return cmd_usage(c, "this command works on the server's own machine, and PEERAGE_PROFILE names another server: "
                            "unset it, or give --data or --config");
    if ((c->cmd->traits & CMD_TEXT) && take_texts(c, &texts, &err) != ERR_OK) return cmd_fail(c, &err);
    if (cli_config(c->args, c->arena, &config, &err) != ERR_OK) {
        (void)cmd_fail(c, &err);
        return EX_CONFIG;
    }
    if (through_daemon(c, config.data_dir, &code)) return code;
    return in_process(c, &config);
}

static bool has_flag(const struct cmd *cmd, const char *name)
{
    const struct cmd_flag *lists[4];
    unsigned n = cmd_flag_lists(cmd, lists);
    for (unsigned i = 0; i < n; i++)
        for (const struct cmd_flag *f = lists[i]; f->name; f++)
            if (strcmp(f->name, name) == 0) return true;
    return false;
}

int service_ask(struct cmd_ctx *c, const struct cmd *cmd, struct arena *a, struct buf *out, struct buf *errout)
{
    struct args args = {.cmd = cmd};
    ASSERT((cmd->traits & CMD_SERVICE) && (cmd->traits & CMD_JSON));
    for (unsigned i = 0; i < c->args->flag_count && args.flag_count < ARGS_MAX - 1; i++) {
        if (!c->args->is_key[i] && !has_flag(cmd, c->args->names[i])) continue;
        args.names[args.flag_count] = c->args->names[i];
        args.is_key[args.flag_count] = c->args->is_key[i];
        args.values[args.flag_count++] = c->args->values[i];
    }
    if (!c->json) {
        args.names[args.flag_count] = "json";
        args.values[args.flag_count++] = args_on;
    }
    for (unsigned i = 0; i < c->args->operand_count && i < cmd->max; i++)
        args.operands[args.operand_count++] = c->args->operands[i];
    struct cmd_ctx sub = {.cmd = cmd, .args = &args, .out = out, .err = errout, .arena = a, .json = true};
    return service_run(&sub);
}

bool service_daemon_alive(const char *data_dir)
{
    char path[SERVICE_SOCKET];
    int fd;
    struct error err;
    struct httpc *client;
    struct httpc_reply reply;
    struct arena *a = arena_new(1 << 16);
    bool alive = false;
    if (!a || !service_socket(data_dir, path, &fd)) {
        arena_free(a);
        return false;
    }
    struct httpc_options opt = {.user_agent = "peerage/" PEERAGE_VERSION};
    struct httpc_request q = {.method = "GET",
                              .url = "http://localhost/",
                              .unix_socket = path,
                              .connect_ms = CONNECT_MS,
                              .total_ms = CONNECT_MS,
                              .max_body = 65536,
                              .no_proxy = true,
                              .once = true};
    if (httpc_new(&opt, &client, &err) == ERR_OK) {
        alive = httpc_do(client, &q, a, &reply, NULL, &err) == ERR_OK;
        httpc_free(client);
    }
    if (fd >= 0) close(fd);
    arena_free(a);
    return alive;
}
