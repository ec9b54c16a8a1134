// SPDX-License-Identifier: Apache-2.0
// The admin socket: POST /admin/v1/command {"argv":["network","list"]} runs the command inside the daemon, where the
// store is open, and answers {"exit":0,"stderr":"","stdout":"…"}; what lies below /api/ is the API, asked by the local
// administrator. Who may open the socket (mode 0600) is an operator.
// Called by: app.c. Must never: listen on a network, or log what a command prints (it may hold a fresh secret).
#include <string.h>

#include "app/inside.h"
#include "base/json.h"
#include "base/mem.h"

#define ARGS_MAX   64
#define OUTPUT_MAX ((size_t)16 << 20)
#define BODY_MAX   ((size_t)1 << 20) // a command may bring a file's text
#define WORKERS    2

// Strings of the arena, NULL-terminated as for main(). False: the 400 is made.
static bool read_argv(struct request *req, struct reply *rep, char *argv[ARGS_MAX + 1], int *ret_argc)
{
    struct error err = {.detail = "argv must be an array of 1 to 64 strings"};
    struct json_doc *doc = NULL;
    int argc = 0;
    if (json_read(req->body, BODY_MAX, &doc, &err) == ERR_OK) {
        const struct json_value *list = json_get(json_root(doc), "argv");
        size_t n = json_array_len(list);
        for (size_t i = 0; i < n && n <= ARGS_MAX; i++) {
            const struct json_value *v = json_array_at(list, i);
            struct slice s = json_string(v);
            if (json_type(v) != JSON_STRING) break;
            argv[argc] = arena_strndup(req->arena, s.p ? s.p : "", s.n);
            if (!argv[argc]) break;
            argc++;
        }
        argv[argc] = NULL;
        if ((size_t)argc != n) argc = 0;
    }
    json_doc_free(doc);
    if (argc == 0)
        problem_reply(rep, req->arena, (struct problem_format){0}, P_BAD_REQUEST, &PARAM_C(err.detail), 1, NULL);
    *ret_argc = argc;
    return argc > 0;
}

static void free_body(void *ctx)
{
    struct buf *b = ctx;
    if (b->p) mem_wipe(b->p, b->cap); // commands print secrets here, once
    buf_done(b);
    mem_free(b);
}

static void run_command(struct app *a, int argc, char **argv, struct buf *body)
{
    struct buf out, errout;
    struct services sv;
    struct error err;
    int code = 75; // EX_TEMPFAIL
    buf_init(&out, OUTPUT_MAX);
    buf_init(&errout, OUTPUT_MAX);
    if (app_services(a, &sv, &err) == ERR_OK) {
        code = a->opt.command(a->opt.command_ctx, &sv, argc, argv, &out, &errout);
        app_services_done(&sv);
    } else {
        buf_fmt(&errout, "peerage: %s\n", err.detail);
    }
    struct json_writer w;
    json_begin(&w, body, false);
    json_obj(&w);
    json_kint(&w, "exit", code);
    json_kslice(&w, "stderr", buf_view(&errout));
    json_kslice(&w, "stdout", buf_view(&out));
    json_obj_end(&w);
    if (out.p) mem_wipe(out.p, out.cap);
    if (out.fail) body->fail = out.fail; // cut output would look whole
    buf_done(&out);
    buf_done(&errout);
}

static bool is_command(struct request *req, struct reply *rep)
{
    if (!slice_eq_cstr(req->path, "/admin/v1/command")) {
        problem_reply(rep, req->arena, (struct problem_format){0}, P_RESOURCE_NOT_FOUND, &PARAM_S(req->path), 1, NULL);
        return false;
    }
    if (req->method == METHOD_POST) return true;
    problem_reply(rep, req->arena, (struct problem_format){0}, P_METHOD_NOT_ALLOWED, &PARAM_S(req->method_text), 1,
                  NULL);
    reply_header_cstr(rep, "Allow", "POST");
    return false;
}

static enum http_outcome handle(void *ctx, void *thread, struct request *req, struct reply *rep, bool may_block)
{
    struct app *a = ctx;
    char *argv[ARGS_MAX + 1];
    int argc;
    if (!may_block) return HTTP_NEEDS_WORKER;
    if (slice_starts(req->path, SLICE("/api/"))) {
        struct http_app api = pipeline_local_app(a->pipeline);
        return api.handle(api.ctx, thread, req, rep, true);
    }
    if (!is_command(req, rep) || !read_argv(req, rep, argv, &argc)) return HTTP_DONE;
    struct buf *body = mem_zalloc(1, sizeof *body);
    if (body) {
        buf_init(body, OUTPUT_MAX * 3); // escapes make JSON longer than its text
        run_command(a, argc, argv, body);
    }
    if (!body || body->fail) {
        if (body) free_body(body);
        problem_reply(rep, req->arena, (struct problem_format){0}, P_UNEXPECTED_ERROR, NULL, 0, NULL);
        return HTTP_DONE;
    }
    rep->status = 200;
    rep->body = buf_view(body);
    rep->release = free_body;
    rep->release_ctx = body;
    reply_header_cstr(rep, "Content-Type", "application/json");
    reply_header_cstr(rep, "Cache-Control", "no-store");
    return HTTP_DONE;
}

static void *thread_begin(void *ctx, bool is_loop)
{
    struct app *a = ctx;
    struct http_app api = pipeline_local_app(a->pipeline);
    return api.thread_begin(api.ctx, is_loop);
}

static void thread_end(void *ctx, void *thread)
{
    struct app *a = ctx;
    struct http_app api = pipeline_local_app(a->pipeline);
    api.thread_end(api.ctx, thread);
}

enum err admin_start(struct app *a, struct error *err)
{
    if (!a->opt.command) return ERR_OK;
    struct httpd_options o;
    char listen[sizeof a->socket_path + 8] = "unix:";
    memcpy(listen + 5, a->socket_path, sizeof a->socket_path);
    httpd_options_default(&o);
    o.listen = listen;
    o.name = "admin";
    o.loops = 1;
    o.workers = WORKERS;
    o.queue_max = 64;
    o.max_connections = 64;
    o.max_per_address = 0;
    o.body_max = BODY_MAX;
    o.clock = a->opt.clock;
    struct http_app app = {.ctx = a, .thread_begin = thread_begin, .thread_end = thread_end, .handle = handle};
    return httpd_start(&o, &app, &a->admin, err);
}
