// SPDX-License-Identifier: Apache-2.0
// The server with a trivial application, to be driven by wrk, curl or raw bytes from outside.
// Called by: people who measure or poke at src/httpd. Must never: be installed.
//   serve LISTEN [LOOPS [WORKERS [CERT KEY]]]
// GET /size/N answers N bytes; /pool/… does so on a worker; anything else echoes method, target and body.
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "httpd/httpd.h"

static char filler[1 << 20];

static enum http_outcome handle(void *ctx, void *thread, struct request *req, struct reply *rep, bool may_block)
{
    (void)ctx, (void)thread;
    uint64_t n;
    struct slice path = req->path;
    if (slice_starts(path, SLICE("/pool/"))) {
        if (!may_block) return HTTP_NEEDS_WORKER;
        path = slice_skip(path, 5);
    }
    rep->status = 200;
    if (slice_starts(path, SLICE("/size/")) && slice_u64(slice_skip(path, 6), sizeof filler, &n)) {
        rep->body = slice_n(filler, n);
        return HTTP_DONE;
    }
    reply_header_cstr(rep, "Content-Type", "text/plain");
    reply_header(rep, "X-Method", req->method_text);
    reply_header(rep, "X-Target", req->target);
    rep->body = req->body;
    return HTTP_DONE;
}

int main(int argc, char **argv)
{
    struct httpd_options o;
    struct http_app app = {.handle = handle};
    struct httpd *s = NULL;
    struct error err;
    uint64_t loops = 1, workers = 0;
    bool numbers = (argc < 3 || slice_u64(slice_of(argv[2]), 64, &loops)) &&
                   (argc < 4 || slice_u64(slice_of(argv[3]), 64, &workers));
    if (argc < 2 || argc == 5 || argc > 6 || !numbers) {
        (void)fprintf(stderr, "usage: serve LISTEN [LOOPS [WORKERS [CERT KEY]]]\n");
        return 2;
    }
    memset(filler, 'x', sizeof filler);
    httpd_options_default(&o);
    o.listen = argv[1];
    o.loops = (unsigned)loops;
    o.workers = (unsigned)workers;
    o.max_connections = o.max_per_address = 50000;
    if (argc == 6) {
        o.tls_cert = argv[4];
        o.tls_key = argv[5];
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
    httpd_stop(&s, 5000);
    return 0;
}
