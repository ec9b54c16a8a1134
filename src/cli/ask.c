// SPDX-License-Identifier: Apache-2.0
// The command as a client of the API: chooses between a remote server, the daemon's admin socket and the pipeline in
// this process, and reads what they answer. Called by: every command of the table, watch, plan and apply.
// Must never: ask twice what may have had its effect.
#include "cli/ask.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/json.h"
#include "base/mem.h"
#include "net/httpc.h"

#define REPLY_MAX  ((size_t)64 << 20)
#define CONNECT_MS 2000
#define TOTAL_MS   120000
// The newest version of every operation is not later than that, so each resolves to its own newest one.
#define ACCEPT_ATLAS "application/vnd.atlas.2025-03-12+json"
#define ACCEPT_PLAIN "application/json"

struct api_client {
    struct remote *remote; // or:
    struct httpc *daemon;  // or:
    struct app *app;
    char socket[SERVICE_SOCKET];
    int socket_fd;
    struct server server;
    struct config config; // of the app, which keeps a pointer to it
    struct arena *arena;  // what outlives single requests
};

// ---- opening ----------------------------------------------------------------------------------------------

static enum err open_local(struct cmd_ctx *c, struct api_client *x, struct error *err)
{
    if (cli_config(c->args, x->arena, &x->config, err) != ERR_OK) return err->code;
    if (service_daemon_alive(x->config.data_dir) && service_socket(x->config.data_dir, x->socket, &x->socket_fd)) {
        struct httpc_options o = {.user_agent = "peerage/" PEERAGE_VERSION};
        return httpc_new(&o, &x->daemon, err);
    }
    struct app_options o = {.config = &x->config, .clock = &clock_system, .rng = &rng_system};
    return app_open(&o, &x->app, err);
}

enum err api_open(struct cmd_ctx *c, struct api_client **ret, struct error *err)
{
    bool remote;
    struct api_client *x = mem_zalloc(1, sizeof *x);
    if (!x) return error_set(err, ERR_NOMEM, "no memory to ask the API");
    x->socket_fd = -1;
    x->arena = c->arena;
    enum err code = server_pick(c, &x->server, &remote, err);
    if (code == ERR_OK && remote) code = server_check(&x->server, err);
    if (code == ERR_OK) code = remote ? remote_open(&x->server, &x->remote, err) : open_local(c, x, err);
    if (code != ERR_OK) {
        api_close(&x);
        return code;
    }
    *ret = x;
    return ERR_OK;
}

void api_close(struct api_client **xp)
{
    struct api_client *x = *xp;
    if (!x) return;
    *xp = NULL;
    remote_close(&x->remote);
    httpc_free(x->daemon);
    if (x->socket_fd >= 0) close(x->socket_fd);
    app_stop(&x->app, 0);
    mem_free(x);
}

bool api_is_remote(const struct api_client *x)
{
    return x->remote != NULL;
}

const char *api_name(const struct api_client *x)
{
    if (x->remote) return x->server.url;
    return x->daemon ? "the daemon" : "the store";
}

// ---- asking -----------------------------------------------------------------------------------------------

static enum err ask_daemon(struct api_client *x, const char *method, const char *target, struct slice body,
                           struct arena *a, struct api_reply *ret, struct error *err)
{
    const char *url = arena_fmt(a, "http://localhost%s", target);
    const char *accept = api_accept(target);
    struct header headers[] = {{SLICE("Accept"), slice_of(accept)}, {SLICE("Content-Type"), SLICE("application/json")}};
    struct httpc_request q = {.method = method,
                              .url = url,
                              .unix_socket = x->socket,
                              .headers = headers,
                              .header_count = body.n ? 2 : 1,
                              .body = body,
                              .connect_ms = CONNECT_MS,
                              .total_ms = TOTAL_MS,
                              .max_body = REPLY_MAX,
                              .no_proxy = true,
                              .once = true};
    struct httpc_reply reply;
    bool sent;
    if (!url) return error_set(err, ERR_NOMEM, "out of memory");
    if (httpc_do(x->daemon, &q, a, &reply, &sent, err) != ERR_OK)
        return error_prefix(err, sent ? "the daemon took the request but did not answer" : "the daemon");
    *ret = (struct api_reply){reply.status, reply.body};
    return ERR_OK;
}

const char *api_accept(const char *target)
{
    return slice_starts(slice_of(target), SLICE("/api/atlas/")) ? ACCEPT_ATLAS : ACCEPT_PLAIN;
}

enum err api_ask(struct api_client *x, const char *method, const char *target, struct slice body, struct arena *a,
                 struct api_reply *ret, struct error *err)
{
    if (x->remote) return remote_ask(x->remote, method, target, body, a, ret, err);
    if (x->daemon) return ask_daemon(x, method, target, body, a, ret, err);
    return app_ask(x->app, method_of(slice_of(method)), slice_of(target), slice_of(api_accept(target)), body, a,
                   &ret->status, &ret->body, err);
}

// ---- answers ----------------------------------------------------------------------------------------------

static enum err code_of(int status)
{
    switch (status) {
    case 400:
    case 409:
    case 413:
    case 415:
        return ERR_INVALID;
    case 401:
    case 403:
        return ERR_DENIED;
    case 404:
        return ERR_NOT_FOUND;
    case 429:
        return ERR_THROTTLED;
    case 503:
        return ERR_BUSY;
    default:
        return status >= 500 && status != 501 ? ERR_UNAVAILABLE : ERR_PROTOCOL;
    }
}

enum err api_check(const struct api_reply *r, struct error *err)
{
    struct json_doc *doc;
    if (r->status >= 200 && r->status < 300) return ERR_OK;
    if (json_read(r->body, REPLY_MAX, &doc, err) != ERR_OK)
        return error_set(err, r->status >= 500 ? ERR_UNAVAILABLE : ERR_PROTOCOL,
                         "the answer has status %d and is none of this API; is the URL right?", r->status);
    struct slice detail = json_string(json_get(json_root(doc), "detail"));
    struct slice code = json_string(json_get(json_root(doc), "errorCode"));
    const struct json_value *field = json_array_at(json_get(json_get(json_root(doc), "badRequestDetail"), "fields"), 0);
    struct slice why = json_string(json_get(field, "description"));
    detail = slice_n(detail.p, MIN(detail.n, (size_t)240));
    if (why.n) detail = slice_trim(detail, "."); // the reason continues it
    why = slice_n(why.p, MIN(why.n, (size_t)140));
    code = slice_n(code.p, MIN(code.n, (size_t)60));
    if (r->status == 401 && slice_eq_cstr(code, "UNEXPECTED_ERROR")) // what it says of every credential that it refuses
        (void)error_set(err, ERR_DENIED, "%.*s The credential is unknown there, or its secret is wrong (%.*s)",
                        SLICE_FMT(detail), SLICE_FMT(code));
    else if (detail.n && code.n)
        (void)error_set(err, code_of(r->status), "%.*s%s%.*s (%.*s)", SLICE_FMT(detail), why.n ? ": " : "",
                        SLICE_FMT(why), SLICE_FMT(code));
    else
        (void)error_set(err, code_of(r->status), "%.*s (status %d)", SLICE_FMT(detail), r->status);
    json_doc_free(doc);
    return err->code;
}

enum err api_call(struct api_client *x, const char *method, const char *target, struct slice body, struct arena *a,
                  struct json_doc **ret_doc, struct error *err)
{
    struct api_reply reply;
    *ret_doc = NULL;
    if (api_ask(x, method, target, body, a, &reply, err) != ERR_OK || api_check(&reply, err) != ERR_OK)
        return err->code;
    if (reply.body.n == 0) return ERR_OK;
    if (json_read(reply.body, REPLY_MAX, ret_doc, err) == ERR_OK) return ERR_OK;
    return error_set(err, ERR_PROTOCOL, "%s answered what is no JSON; is the URL right?", api_name(x));
}

const char *api_segment(struct arena *a, const char *before, const char *text, const char *after)
{
    struct buf b;
    buf_init(&b, 1 << 16);
    buf_str(&b, before);
    percent_encode(&b, slice_of(text));
    buf_str(&b, after);
    struct slice made = b.fail ? (struct slice){NULL, 0} : buf_view(&b);
    const char *copy = made.p ? arena_strndup(a, made.p, made.n) : NULL;
    buf_done(&b);
    return copy;
}

const struct server *api_server(const struct api_client *x)
{
    return &x->server;
}
