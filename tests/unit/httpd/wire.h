// SPDX-License-Identifier: Apache-2.0
// A client that speaks raw bytes, and an application with a gate, for the tests of the server.
// Called by: test_server*.c. Must never: wait without a bound (every read gives up after WIRE_WAIT_S).
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/lock.h"
#include "base/metrics.h"
#include "httpd/httpd.h"

#define WIRE_WAIT_S   20
#define WIRE_BODY_MAX (6U << 20)

// ---- the application
struct gate { // closed: requests to /gate wait for it on their worker
    struct lock lock;
    struct cond changed;
    bool open;
    unsigned waiting;
};
struct app {
    struct gate gate;
    _Atomic unsigned handled, released, done, done_rejected, batches, threads_begun, threads_ended;
    _Atomic int rejected_status; // of the last rejected one: loops tell of the others in any order
    char *big;
    size_t big_n;
};

static inline void gate_set(struct gate *g, bool open)
{
    lock_take(&g->lock);
    g->open = open;
    cond_wake_all(&g->changed);
    lock_drop(&g->lock);
}

static inline void gate_pass(struct gate *g)
{
    lock_take(&g->lock);
    g->waiting++;
    cond_wake_all(&g->changed);
    while (!g->open) cond_wait(&g->changed, &g->lock);
    g->waiting--;
    lock_drop(&g->lock);
}

static inline void gate_await(struct gate *g, unsigned waiting) // until so many stand before it
{
    lock_take(&g->lock);
    while (g->waiting < waiting) assert_true(cond_wait_for(&g->changed, &g->lock, WIRE_WAIT_S * NS_PER_SEC));
    lock_drop(&g->lock);
}

static inline void app_release(void *ctx)
{
    struct app *a = ctx;
    a->released++;
}

// /echo: the body; /size/N: N bytes; /pool/…: the same on a worker; /gate: on a worker, past the gate;
// /status/N; /close; /who: peer and secure; /cut/N: "0123456789" cut after N bytes; /hold/MS: sent so much later;
// anything else: the target.
static inline enum http_outcome app_handle(void *ctx, void *thread, struct request *req, struct reply *rep,
                                           bool may_block)
{
    struct app *a = ctx;
    struct slice path = req->path;
    uint64_t n;
    assert_non_null(thread);
    bool work = slice_starts(path, SLICE("/pool/")), gate = slice_eq(path, SLICE("/gate"));
    if ((work || gate) && !may_block) {
        req->state = a; // kept for the second call
        return HTTP_NEEDS_WORKER;
    }
    if (work) {
        assert_ptr_equal(req->state, a);
        path = slice_skip(path, 5);
    }
    if (gate) gate_pass(&a->gate);
    a->handled++;
    rep->status = 200;
    rep->release = app_release;
    rep->release_ctx = a;
    if (slice_eq(path, SLICE("/echo"))) {
        rep->body = req->body;
    } else if (slice_starts(path, SLICE("/size/")) && slice_u64(slice_skip(path, 6), a->big_n, &n)) {
        rep->body = slice_n(a->big, n);
    } else if (slice_starts(path, SLICE("/status/")) && slice_u64(slice_skip(path, 8), 999, &n)) {
        rep->status = (int)n;
        rep->body = SLICE("status");
    } else if (slice_starts(path, SLICE("/cut/")) && slice_u64(slice_skip(path, 5), 1000, &n)) {
        rep->cut = true;
        rep->cut_after = n;
        rep->body = SLICE("0123456789");
    } else if (slice_starts(path, SLICE("/hold/")) && slice_u64(slice_skip(path, 6), UINT32_MAX, &n)) {
        rep->hold_ms = (uint32_t)n;
        rep->body = SLICE("held");
    } else if (slice_eq(path, SLICE("/who"))) {
        char ip[IP_STR];
        ip_format(req->peer, ip);
        char *text = arena_fmt(req->arena, "%s %s", req->peer.family ? ip : "unix", req->secure ? "secure" : "plain");
        rep->body = slice_of(text);
    } else {
        rep->close = slice_eq(path, SLICE("/close"));
        rep->body = arena_slice(req->arena, work ? path : req->target);
    }
    return HTTP_DONE;
}

static inline void app_done(void *ctx, void *thread, const struct request *req, const struct reply *rep, struct ip peer,
                            const char *request_id, int64_t ns)
{
    struct app *a = ctx;
    (void)thread, (void)peer;
    assert_int_equal(strlen(request_id), REQUEST_ID_LEN);
    assert_true(ns >= 0);
    if (req) {
        a->done++;
        return;
    }
    a->rejected_status = rep->status;
    a->done_rejected++;
}

static inline void app_batch_end(void *ctx, void *thread)
{
    (void)thread;
    ((struct app *)ctx)->batches++;
}

static inline void *app_thread_begin(void *ctx, bool is_loop)
{
    (void)is_loop;
    struct app *a = ctx;
    a->threads_begun++;
    return a;
}

static inline void app_thread_end(void *ctx, void *thread)
{
    assert_ptr_equal(ctx, thread);
    ((struct app *)ctx)->threads_ended++;
}

// ---- the server under test
struct fixture {
    struct httpd_options o;
    struct http_app http;
    struct app app;
    struct httpd *s;
};

static inline void fixture_init(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    httpd_options_default(&f->o);
    f->o.listen = "127.0.0.1:0";
    f->o.name = "test";
    f->o.loops = 2;
    f->http = (struct http_app){.ctx = &f->app,
                                .thread_begin = app_thread_begin,
                                .thread_end = app_thread_end,
                                .handle = app_handle,
                                .done = app_done,
                                .batch_end = app_batch_end};
    lock_init(&f->app.gate.lock, "gate");
    cond_init(&f->app.gate.changed);
    f->app.gate.open = true;
    f->app.big_n = WIRE_BODY_MAX;
    f->app.big = malloc(f->app.big_n);
    assert_non_null(f->app.big);
    for (size_t i = 0; i < f->app.big_n; i++) f->app.big[i] = (char)('a' + i % 23);
}

static inline void fixture_start(struct fixture *f)
{
    struct error err = {0};
    if (httpd_start(&f->o, &f->http, &f->s, &err)) fail_msg("%s", err.detail);
}

static inline void fixture_end(struct fixture *f)
{
    gate_set(&f->app.gate, true);
    httpd_stop(&f->s, 0);
    assert_null(f->s);
    assert_int_equal(f->app.threads_begun, f->app.threads_ended);
    assert_int_equal(f->app.handled, f->app.released); // every reply was let go, sent or not
    assert_int_equal(metric_value(M_HTTP_CONNECTIONS, metric_series(M_HTTP_CONNECTIONS, "listener=\"test\"")), 0);
    cond_done(&f->app.gate.changed);
    lock_done(&f->app.gate.lock);
    free(f->app.big);
}

static inline int64_t rejected(const char *reason)
{
    char labels[80];
    (void)snprintf(labels, sizeof labels, "listener=\"test\",reason=\"%s\"", reason);
    return metric_value(M_HTTP_REJECTED, metric_series(M_HTTP_REJECTED, labels));
}

// ---- the client
static inline int wire_socket(int family)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    struct timeval wait = {.tv_sec = WIRE_WAIT_S};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait), 0);
    return fd;
}

static inline int wire_connect_to(const char *address)
{
    struct slice port = slice_of(address), host;
    uint64_t number = 0;
    if (address[0] == '/') {
        struct sockaddr_un un = {.sun_family = AF_UNIX};
        int fd = wire_socket(AF_UNIX);
        assert_true(cstr_set(un.sun_path, sizeof un.sun_path, address));
        assert_int_equal(connect(fd, (struct sockaddr *)&un, sizeof un), 0);
        return fd;
    }
    assert_true(slice_cut(&port, ':', &host) && slice_u64(port, 65535, &number));
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)number)};
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = wire_socket(AF_INET);
    assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof in), 0);
    return fd;
}

static inline int wire_connect(struct fixture *f)
{
    return wire_connect_to(httpd_address(f->s));
}

static inline bool wire_try_send(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t done = send(fd, p, n, MSG_NOSIGNAL);
        if (done <= 0) return false;
        p += done;
        n -= (size_t)done;
    }
    return true;
}

static inline void wire_send(int fd, const char *text)
{
    assert_true(wire_try_send(fd, text, strlen(text)));
}

struct wire { // received and not yet consumed bytes of one connection
    int fd;
    char *p;
    size_t n, cap;
    // the reply last read
    int status;
    char head[4096];
    char *body;
    size_t body_n;
};

static inline struct wire wire_on(int fd)
{
    return (struct wire){.fd = fd};
}

static inline void wire_close(struct wire *w)
{
    if (w->fd >= 0) (void)close(w->fd);
    free(w->p);
    free(w->body);
    *w = (struct wire){.fd = -1};
}

static inline bool wire_more(struct wire *w) // false at the end or on a reset
{
    if (w->cap - w->n < 65536) {
        w->cap += 262144;
        w->p = realloc(w->p, w->cap);
        assert_non_null(w->p);
    }
    ssize_t n = recv(w->fd, w->p + w->n, w->cap - w->n, 0);
    if (n < 0) assert_int_not_equal(errno, EAGAIN); // the server hangs
    if (n > 0) w->n += (size_t)n;
    return n > 0;
}

static inline void wire_consume(struct wire *w, size_t n)
{
    memmove(w->p, w->p + n, w->n - n);
    w->n -= n;
}

static inline const char *wire_header(const struct wire *w, const char *name, char *out, size_t cap)
{
    char line[128];
    (void)snprintf(line, sizeof line, "\r\n%s: ", name);
    const char *at = strcasestr(w->head, line);
    if (!at) return NULL;
    at += strlen(line);
    size_t n = strcspn(at, "\r");
    assert_true(n < cap);
    memcpy(out, at, n);
    out[n] = '\0';
    return out;
}

// Reads one reply; false when the connection ends first.
static inline bool wire_try_reply(struct wire *w, bool head_only)
{
    char text[64];
    char *end;
    while (!(end = w->n ? memmem(w->p, w->n, "\r\n\r\n", 4) : NULL))
        if (!wire_more(w)) return false;
    size_t head = (size_t)(end - w->p) + 4;
    assert_true(head < sizeof w->head);
    memcpy(w->head, w->p, head);
    w->head[head] = '\0';
    assert_memory_equal(w->head, "HTTP/1.1 ", 9);
    w->status = (int)strtol(w->head + 9, NULL, 10);
    const char *length = wire_header(w, "Content-Length", text, sizeof text);
    bool no_body = head_only || w->status < 200 || w->status == 204 || w->status == 304;
    size_t n = length && !no_body ? strtoul(length, NULL, 10) : 0;
    while (w->n < head + n)
        if (!wire_more(w)) return false;
    w->body = realloc(w->body, n + 1);
    assert_non_null(w->body);
    memcpy(w->body, w->p + head, n);
    w->body[n] = '\0';
    w->body_n = n;
    wire_consume(w, head + n);
    return true;
}

static inline void wire_reply(struct wire *w, int status)
{
    if (!wire_try_reply(w, false)) fail_msg("the connection ended before the reply");
    if (w->status != status) fail_msg("status %d, not %d: %s%s", w->status, status, w->head, w->body);
}

static inline void wire_expect_end(struct wire *w)
{
    while (wire_more(w))
        ;
    if (w->n) fail_msg("%zu bytes more than expected: %.*s", w->n, (int)MIN(w->n, (size_t)300), w->p);
}

static inline bool wire_has(const struct wire *w, const char *name, const char *value)
{
    char text[256];
    const char *v = wire_header(w, name, text, sizeof text);
    return v && (!value || strcmp(v, value) == 0);
}

static inline bool wire_silent(struct wire *w, int ms) // nothing comes for so long
{
    struct pollfd p = {.fd = w->fd, .events = POLLIN};
    return w->n == 0 && poll(&p, 1, ms) == 0;
}

// One request on a fresh connection, which is closed again.
static inline int wire_once(struct fixture *f, const char *text, char *body, size_t cap)
{
    struct wire w = wire_on(wire_connect(f));
    wire_send(w.fd, text);
    if (!wire_try_reply(&w, false)) fail_msg("no reply");
    int status = w.status;
    if (body) (void)snprintf(body, cap, "%s", w.body);
    wire_close(&w);
    return status;
}
