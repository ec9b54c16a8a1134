// SPDX-License-Identifier: Apache-2.0
// The server with an application that says what it was asked, as JSON; for the conformance and slow-client tests.
// Called by: tests/system/*.py. Must never: be installed, or hide from a test what arrived.
//   echo_server LISTEN [--loops N] [--workers N] [--max-connections N] [--max-per-address N] [--header-ms N]
// Prints the address once it listens. Answers {"body":hex,"bytes":n,"headers":n,"method":…,"target":…}.
#include <signal.h>
#include <stdio.h>

#include "base/encode.h"
#include "base/json.h"
#include "httpd/httpd.h"

#define ECHO_BODY_MAX 65536

static enum http_outcome handle(void *ctx, void *thread, struct request *req, struct reply *rep, bool may_block)
{
    (void)ctx, (void)thread, (void)may_block;
    struct buf out;
    buf_init(&out, 1 << 20);
    size_t shown = MIN(req->body.n, (size_t)ECHO_BODY_MAX);
    char *hex = arena_alloc(req->arena, 2 * shown + 1);
    if (!hex) {
        problem_reply(rep, req->arena, (struct problem_format){0}, P_UNEXPECTED_ERROR, NULL, 0, NULL);
        return HTTP_DONE;
    }
    hex_encode(req->body.p, shown, hex);
    struct json_writer w;
    json_begin(&w, &out, false);
    json_obj(&w);
    json_kstr(&w, "body", hex);
    json_kint(&w, "bytes", (int64_t)req->body.n);
    json_kint(&w, "headers", req->header_count);
    json_kslice(&w, "method", req->method_text);
    json_kslice(&w, "target", req->target);
    json_obj_end(&w);
    rep->status = 200;
    reply_header_cstr(rep, "Content-Type", "application/json");
    rep->body = arena_slice(req->arena, buf_view(&out));
    buf_done(&out);
    return HTTP_DONE;
}

static bool read_options(int argc, char **argv, struct httpd_options *o)
{
    if (argc < 2 || argc % 2) return false;
    o->listen = argv[1];
    for (int i = 2; i < argc; i += 2) {
        struct slice name = slice_of(argv[i]);
        uint64_t v;
        if (!slice_u64(slice_of(argv[i + 1]), 1000000, &v)) return false;
        if (slice_eq_cstr(name, "--loops")) {
            o->loops = (unsigned)v;
        } else if (slice_eq_cstr(name, "--workers")) {
            o->workers = (unsigned)v;
        } else if (slice_eq_cstr(name, "--max-connections")) {
            o->max_connections = (unsigned)v;
        } else if (slice_eq_cstr(name, "--max-per-address")) {
            o->max_per_address = (unsigned)v;
        } else if (slice_eq_cstr(name, "--header-ms")) {
            o->header_ms = (int64_t)v;
        } else {
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    struct httpd_options o;
    struct http_app app = {.handle = handle};
    struct httpd *s = NULL;
    struct error err;
    httpd_options_default(&o);
    o.loops = 1;
    if (!read_options(argc, argv, &o)) {
        (void)fprintf(stderr, "usage: echo_server LISTEN [--loops N] [--workers N] [--max-connections N] "
                              "[--max-per-address N] [--header-ms N]\n");
        return 2;
    }
    sigset_t end;
    int sig;
    (void)sigemptyset(&end);
    (void)sigaddset(&end, SIGTERM);
    (void)sigaddset(&end, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &end, NULL);
    if (httpd_start(&o, &app, &s, &err)) {
        (void)fprintf(stderr, "%s\n", err.detail);
        return 1;
    }
    (void)printf("%s\n", httpd_address(s));
    (void)fflush(stdout);
    (void)sigwait(&end, &sig);
    httpd_stop(&s, 1000);
    return 0;
}
