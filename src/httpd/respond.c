// SPDX-License-Identifier: Apache-2.0
// From a reply to bytes: status line, the server's own fields, and whether the connection goes on.
// Called by: conn.c, work.c. Must never: copy a large body, send a body to HEAD, or leave a request unanswered.
#include <string.h>
#include <sys/socket.h>

#include "httpd/server.h"

#define OWN_FIELDS  ((size_t)512) // more than all of ours take
#define HOLD_MAX_MS UINT32_C(30000)
#define BATCH_MAX   ((size_t)32 * 1024)
#define BATCH_BODY  ((size_t)4096) // larger ones are worth a system call of their own

void respond_problem(struct exchange *x, enum problem p, const char *detail)
{
    struct loop *l = x->loop;
    const struct http_app *app = &l->server->app;
    struct problem_param param = PARAM_C(detail);
    bool secure = x->whole ? x->req.secure : x->conn->tls != NULL;
    void (*release)(void *) = x->rep.release;
    x->rep.release = NULL;
    if (release) release(x->rep.release_ctx); // of a reply that turned out unusable
    buf_clear(&x->rep.head);
    struct buf head = x->rep.head;
    reply_init(&x->rep);
    x->rep.head = head;
    if (app->reject)
        app->reject(app->ctx, l->thread, &x->rep, x->arena, secure, p, detail);
    else
        problem_reply(&x->rep, x->arena, (struct problem_format){0}, p, &param, detail ? 1 : 0, NULL);
}

static bool usable(const struct reply *r)
{
    return r->status >= 200 && r->status <= 599 && r->head.fail == BUF_OK;
}

// What the handler left must be a reply; if even the problem is none (memory is out), a bare 500 is.
static void make_usable(struct exchange *x)
{
    if (usable(&x->rep)) return;
    respond_problem(x, P_UNEXPECTED_ERROR, NULL);
    if (usable(&x->rep)) return;
    buf_clear(&x->rep.head);
    x->rep.status = 500;
    x->rep.body = SLICE("");
    x->rep.close = true;
}

static char *put(char *p, const char *from, size_t n)
{
    memcpy(p, from, n);
    return p + n;
}
#define PUT(p, lit) put((p), "" lit, sizeof(lit) - 1)

static char *put_number(char *p, uint64_t v)
{
    char digits[20];
    size_t n = 0;
    do digits[sizeof digits - ++n] = (char)('0' + v % 10);
    while (v /= 10);
    return put(p, digits + sizeof digits - n, n);
}

static const char *date_of(struct loop *l)
{
    struct wall now = clock_wall(l->server->opt.clock);
    if (wall_sec(now) != l->date_sec) {
        l->date_sec = wall_sec(now);
        wall_http_date(now, l->date);
    }
    return l->date;
}

static bool put_head(struct conn *c, const struct exchange *x, bool close)
{
    const struct reply *r = &x->rep;
    struct buf *out = io_out(c);
    if (!buf_reserve(out, OWN_FIELDS + r->head.n)) return false;
    char *start = out->p + out->n, *p = PUT(start, "HTTP/1.1 ");
    const char *reason = status_reason(r->status);
    p = put_number(p, (uint64_t)r->status);
    *p++ = ' ';
    p = put(p, reason, strlen(reason));
    p = PUT(p, "\r\nDate: ");
    p = put(p, date_of(c->loop), 29);
    p = PUT(p, "\r\nServer: peerage\r\nX-Request-Id: ");
    p = put(p, x->id, REQUEST_ID_LEN);
    p = PUT(p, "\r\n");
    if (r->head.n) p = put(p, r->head.p, r->head.n);
    if (!r->no_content_length && r->status != 204 && r->status != 304) {
        p = PUT(p, "Content-Length: ");
        p = put_number(p, r->body.n);
        p = PUT(p, "\r\n");
    }
    if (close)
        p = PUT(p, "Connection: close\r\n");
    else if (c->minor == 0)
        p = PUT(p, "Connection: keep-alive\r\n");
    p = PUT(p, "\r\n");
    out->n += (size_t)(p - start);
    return true;
}

static bool running(const struct conn *c)
{
    return atomic_load_explicit(&c->loop->server->phase, memory_order_relaxed) == PHASE_RUN;
}

static bool must_close(const struct conn *c, const struct exchange *x)
{
    const struct httpd *s = c->loop->server;
    uint32_t cap = s->opt.requests_per_connection;
    bool last_read = c->eof && c->in.from == c->in.n;
    return x->rep.close || !x->whole || !c->keep_alive || c->refuse || last_read || (cap && c->requests >= cap) ||
           !running(c);
}

// When the client may still be sending, closing at once would reset the connection and could cost it our reply.
static bool must_linger(const struct conn *c, const struct exchange *x)
{
    if (c->eof) return false;
    bool all_read = c->in.from == c->in.n && !c->readable && !c->tls;
    return !(x->whole && !c->keep_alive && all_read);
}

static bool has_body(const struct exchange *x)
{
    int status = x->rep.status;
    return !(x->whole && x->req.method == METHOD_HEAD) && status != 204 && status != 304;
}

static void tell(struct conn *c, struct exchange *x)
{
    struct loop *l = c->loop;
    const struct http_app *app = &l->server->app;
    if (!app->done) return;
    int64_t ns = x->whole ? loop_clock(l) - x->req.received_mono.ns : 0;
    app->done(app->ctx, l->thread, x->whole ? &x->req : NULL, &x->rep, x->whole ? x->req.peer : c->peer, x->id, ns);
}

static enum step hold(struct conn *c)
{
    int64_t ms = MIN(c->x->rep.hold_ms, HOLD_MAX_MS);
    c->x->rep.hold_ms = 0;
    c->hold_until = loop_clock(c->loop) + ms * NS_PER_MS;
    c->state = CONN_HOLD;
    // Replies of earlier requests may not wait for this one.
    return io_pending(c) && io_flush(c) == IO_FAILED ? STEP_CLOSE : STEP_WAIT;
}

enum step respond_held(struct conn *c)
{
    if (c->loop->now >= c->hold_until || !running(c)) return respond(c);
    if (!c->writable || !io_pending(c)) return STEP_WAIT;
    return io_flush(c) == IO_FAILED ? STEP_CLOSE : STEP_WAIT;
}

enum step respond(struct conn *c)
{
    struct exchange *x = c->x;
    make_usable(x);
    c->state = CONN_WRITE; // no worker has the exchange any more: from here on, closing frees it
    if (x->rep.hold_ms && running(c)) return hold(c);
    if (x->rep.drop) { // the handler wants the client to learn nothing
        tell(c, x);
        return STEP_CLOSE;
    }
    bool close = must_close(c, x);
    if (!put_head(c, x, close)) return STEP_CLOSE;
    c->close_after = close || x->rep.cut; // a cut is not announced
    c->linger = c->close_after && must_linger(c, x);
    c->body = has_body(x) ? x->rep.body : SLICE("");
    if (x->rep.cut && c->body.n > x->rep.cut_after) c->body.n = (size_t)x->rep.cut_after;
    c->resume = CONN_HEAD;
    c->write_since = c->loop->now;
    c->sent = 0;
    struct buf *out = io_out(c);
    enum io r = IO_OK;
    if (!c->close_after && c->in.from < c->in.n && c->body.n <= BATCH_BODY && out->n + c->body.n <= BATCH_MAX) {
        buf_slice(out, c->body); // more requests wait: their replies may share a system call
        c->body = SLICE("");
        if (out->fail) r = IO_FAILED;
    } else {
        r = io_flush(c);
    }
    tell(c, x);
    if (r == IO_AGAIN) return STEP_WAIT;
    return r == IO_OK ? respond_finished(c) : STEP_CLOSE;
}

enum step respond_finished(struct conn *c)
{
    exchange_put(c->loop, c->x);
    c->x = NULL;
    c->active = c->loop->now;
    c->since = 0;
    c->received = 0;
    c->state = CONN_HEAD;
    if (!c->close_after) return STEP_AGAIN;
    if (!c->linger) return STEP_CLOSE;
    if (c->tls) tls_close_notify(c->tls);
    (void)shutdown(c->fd, SHUT_WR); // fails only when the connection is gone, which the next read shows
    io_input_free(c);
    c->state = CONN_LINGER;
    c->since = c->loop->now;
    return STEP_AGAIN;
}

enum step respond_reject(struct conn *c, enum problem p, const char *detail, enum reject_reason why)
{
    server_reject_count(c->loop->server, why);
    if (!c->x) c->x = exchange_get(c->loop);
    struct exchange *x = c->x;
    if (!x) return STEP_CLOSE;
    x->conn = c;
    x->whole = false;
    request_id_make(c->loop, x->id);
    respond_problem(x, p, detail);
    return respond(c);
}

bool respond_continue(struct conn *c)
{
    buf_lit(io_out(c), "HTTP/1.1 100 Continue\r\n\r\n");
    return io_out(c)->fail == BUF_OK;
}
