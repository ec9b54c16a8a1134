// SPDX-License-Identifier: Apache-2.0
// A connection's life: handshake, head, body, work, reply, and again, or a lingering end. One request at a time; the
// next is parsed from what is already there. Called by: loop.c, on the loop's thread.
// Must never: read while a reply is under way (so memory and order are bounded), or free what a worker holds.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "httpd/server.h"

#define TURN_BUDGET  128 // steps before other connections get their turn
#define LINGER_NS    (5 * NS_PER_SEC)
#define LINGER_BYTES ((uint64_t)8 << 20) // several bodies of the default cap: who sends one too long must read the 413
#define DRAIN_GRACE  (200 * NS_PER_MS)   // a client that was just served may be sending its next request this moment

// ---- deadlines
static int64_t after(int64_t from, int64_t ms)
{
    int64_t due;
    if (mul_overflows(ms, NS_PER_MS, &due) || add_overflows(from, due, &due)) return TIMER_NEVER;
    return due;
}

// When `bytes` since `from` fall below the least rate; never within the first `grace` ns.
static int64_t rate_due(uint32_t rate, int64_t from, int64_t grace, uint64_t bytes)
{
    int64_t paid = rate ? (int64_t)(bytes * (uint64_t)NS_PER_SEC / rate) : 0;
    return from + MAX(grace, paid);
}

static bool head_begun(const struct conn *c)
{
    return c->in.from < c->in.n && c->parser.any;
}

static int64_t idle_due(const struct conn *c)
{
    const struct httpd_options *o = &c->loop->server->opt;
    if (c->loop->phase != PHASE_RUN) return c->active + DRAIN_GRACE;
    return after(c->active, c->refuse ? MIN(o->idle_ms, o->header_ms) : o->idle_ms);
}

static int64_t deadline_of(struct conn *c)
{
    const struct httpd_options *o = &c->loop->server->opt;
    switch ((enum conn_state)c->state) {
    case CONN_HANDSHAKE:
        return after(c->since, o->header_ms);
    case CONN_HEAD:
        if (!head_begun(c)) return idle_due(c);
        if (!c->since) c->since = c->loop->now;
        return after(c->since, o->header_ms);
    case CONN_BODY:
        if (!o->body_min_rate) return after(c->since, o->body_ms);
        return MIN(after(c->since, o->body_ms), rate_due(o->body_min_rate, c->since, NS_PER_SEC, c->received));
    case CONN_WRITE: { // a large reply may take longer, as long as the client reads at the same least rate
        int64_t grace = after(c->write_since, o->write_ms);
        if (grace == TIMER_NEVER) return grace;
        return rate_due(o->body_min_rate, c->write_since, grace - c->write_since, c->sent);
    }
    case CONN_LINGER:
        return c->since + LINGER_NS;
    case CONN_HOLD:
        return c->hold_until;
    case CONN_WORKER: // the application has its own deadlines
        break;
    }
    return TIMER_NEVER;
}

// ---- birth and death
static void bury(struct conn *c)
{
    link_append(&c->loop->dead, &c->link);
    c->loop->conn_count--;
}

void conn_close(struct conn *c)
{
    struct loop *l = c->loop;
    ASSERT(c->magic == CONN_MAGIC && c->fd >= 0);
    bool away = c->state == CONN_WORKER;
    if (l->out.n) buf_clear(&l->out);
    link_remove(&c->link);
    link_remove(&c->deferred);
    timers_remove(&l->timers, &c->timer);
    tls_conn_free(&c->tls);
    (void)close(c->fd); // also takes it out of epoll
    c->fd = -1;
    buf_done(&c->out);
    server_release(l->server, c->peer, c->counted);
    if (away) return; // the worker reads the request: conn_posted goes on
    if (c->x) exchange_put(l, c->x);
    c->x = NULL;
    io_input_free(c);
    bury(c);
}

static struct conn *conn_new(struct loop *l, int fd, struct ip peer)
{
    struct conn *c = mem_zalloc(1, sizeof *c);
    if (!c) return NULL;
    c->magic = CONN_MAGIC;
    c->fd = fd;
    c->loop = l;
    c->peer = peer;
    c->state = CONN_HEAD;
    c->active = c->since = l->now;
    c->keep_alive = true;
    c->minor = 1;
    h1_parser_init(&c->parser);
    link_init(&c->link);
    link_init(&c->deferred);
    if (l->server->tls) {
        c->state = CONN_HANDSHAKE;
        c->tls = tls_conn_new(l->server->tls, fd);
    } else {
        c->since = 0;
    }
    if ((l->server->tls && !c->tls) || !timers_add(&l->timers, &c->timer)) {
        tls_conn_free(&c->tls);
        mem_free(c);
        return NULL;
    }
    return c;
}

static bool watch(struct conn *c)
{
    struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c};
    if (epoll_ctl(c->loop->epoll, EPOLL_CTL_ADD, c->fd, &ev) == 0) return true;
    timers_remove(&c->loop->timers, &c->timer);
    tls_conn_free(&c->tls);
    mem_free(c);
    return false;
}

void conn_open(struct loop *l, int fd, struct ip peer)
{
    struct httpd *s = l->server;
    uint8_t refuse = 0;
    bool counted = false;
    if (!server_admit(s, peer, &refuse, &counted)) {
        (void)close(fd);
        return;
    }
    int on = 1;
    if (!s->listener.is_unix) (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct conn *c = conn_new(l, fd, peer);
    if (!c || !watch(c)) {
        server_release(s, peer, counted);
        (void)close(fd);
        return;
    }
    c->refuse = refuse;
    c->counted = counted;
    link_append(&l->conns, &c->link);
    l->conn_count++;
    timers_set(&l->timers, &c->timer, deadline_of(c));
}

// ---- steps
// Sends what is queued; STEP_AGAIN when nothing is left, else the state becomes CONN_WRITE.
static enum step send_first(struct conn *c)
{
    if (!io_pending(c)) return STEP_AGAIN;
    c->write_since = c->loop->now;
    c->sent = 0;
    enum io r = io_flush(c);
    if (r == IO_OK) return STEP_AGAIN;
    if (r != IO_AGAIN) return STEP_CLOSE;
    c->resume = c->state;
    c->state = CONN_WRITE;
    return STEP_WAIT;
}

static enum step ended_early(struct conn *c)
{
    bool begun = c->state == CONN_BODY || head_begun(c);
    if (!begun) return STEP_CLOSE;
    return respond_reject(c, P_BAD_REQUEST, "the connection ended inside the request", REASON_MALFORMED);
}

// The buffered bytes are not enough: first what we owe, then one read.
static enum step read_more(struct conn *c)
{
    enum step s = send_first(c);
    if (s != STEP_AGAIN) return s;
    if (c->eof) return ended_early(c);
    if (!c->readable) return STEP_WAIT;
    enum io r = io_fill(c);
    if (r == IO_AGAIN) return STEP_WAIT;
    return r == IO_FAILED ? STEP_CLOSE : STEP_AGAIN;
}

static enum step parse_rejected(struct conn *c, const struct h1_reject *r)
{
    int status = problem_row(r->problem)->status;
    bool large = status == 413 || status == 414 || status == 431;
    char room[32]; // the reply copies it
    const char *detail = h1_reject_detail(r, &c->loop->server->limits, room);
    return respond_reject(c, r->problem, detail, large ? REASON_TOO_LARGE : REASON_MALFORMED);
}

// c->x has the head, the body is whole and behind it; `bytes` of input are the request's.
static enum step request_whole(struct conn *c, size_t body, size_t bytes)
{
    struct exchange *x = c->x;
    request_id_make(c->loop, x->id);
    request_fill(x, slice_n(c->in.p + c->in.from + c->head_bytes, body));
    c->in.from += bytes; // the bytes stay where they are until the reply is sent
    c->requests++;
    h1_parser_init(&c->parser);
    return work_dispatch(c);
}

// The bytes may have moved while the body came in: the head is read again, and cannot read differently.
static enum step body_whole(struct conn *c, size_t body, size_t bytes)
{
    struct h1_parser again;
    struct h1_reject rej;
    struct exchange *x = exchange_get(c->loop);
    if (!x) return STEP_CLOSE;
    x->conn = c;
    c->x = x;
    h1_parser_init(&again);
    enum h1_status st =
        h1_head(&again, c->in.p + c->in.from, c->in.n - c->in.from, &c->loop->server->limits, &x->head, &rej);
    ASSERT(st == H1_READY && x->head.bytes == c->head_bytes);
    return request_whole(c, body, bytes);
}

static enum step step_body(struct conn *c)
{
    const struct h1_limits *lim = &c->loop->server->limits;
    size_t have = c->in.n - c->in.from - c->head_bytes;
    if (c->body_kind == H1_BODY_LENGTH) {
        if (have < c->body_length) return read_more(c);
        return body_whole(c, (size_t)c->body_length, c->head_bytes + (size_t)c->body_length);
    }
    struct h1_reject rej;
    size_t raw = have - c->body_have, used = 0, out = 0, at = c->in.from + c->head_bytes + c->body_have;
    if (raw == 0) return read_more(c);
    enum h1_status st = h1_chunked(&c->chunked, c->in.p + at, raw, lim, &used, &out, &rej);
    if (st == H1_REJECT) return parse_rejected(c, &rej);
    size_t before = c->body_have;
    c->body_have += out;
    if (st == H1_READY) return body_whole(c, c->body_have, c->head_bytes + before + used);
    c->in.n = at + out; // the decoded bytes stay, their framing goes
    return STEP_AGAIN;
}

// The head is there, its body is not yet (or is chunked): remembers what step_body needs.
static enum step body_begin(struct conn *c)
{
    const struct h1_head *h = &c->x->head;
    c->state = CONN_BODY;
    c->body_kind = (uint8_t)h->body;
    c->body_length = h->length;
    c->body_have = 0;
    c->since = c->loop->now;
    c->received = c->in.n - c->in.from - h->bytes;
    h1_chunked_init(&c->chunked);
    bool owed = h->expect_continue && c->received == 0;
    exchange_put(c->loop, c->x);
    c->x = NULL;
    if (owed && !respond_continue(c)) return STEP_CLOSE;
    return STEP_AGAIN;
}

static enum step refuse(struct conn *c)
{
    bool address = c->refuse == REASON_ADDRESS + 1;
    return respond_reject(c, P_SERVICE_UNAVAILABLE,
                          address ? "too many connections from this address" : "too many connections",
                          address ? REASON_ADDRESS : REASON_CONNECTIONS);
}

static enum step head_ready(struct conn *c)
{
    const struct h1_head *h = &c->x->head;
    c->keep_alive = h->keep_alive;
    c->minor = h->minor;
    c->head_bytes = h->bytes;
    if (c->refuse) return refuse(c);
    size_t have = c->in.n - c->in.from - h->bytes;
    if (h->body == H1_BODY_NONE) return request_whole(c, 0, h->bytes);
    if (h->body == H1_BODY_LENGTH && have >= h->length)
        return request_whole(c, (size_t)h->length, h->bytes + (size_t)h->length);
    return body_begin(c);
}

static enum step step_head(struct conn *c)
{
    if (c->in.from == c->in.n) return read_more(c);
    if (!c->x) c->x = exchange_get(c->loop);
    if (!c->x) return STEP_CLOSE;
    c->x->conn = c;
    struct h1_reject rej;
    enum h1_status st =
        h1_head(&c->parser, c->in.p + c->in.from, c->in.n - c->in.from, &c->loop->server->limits, &c->x->head, &rej);
    if (st == H1_READY) return head_ready(c);
    if (st == H1_REJECT) {
        c->in.from = c->in.n;
        return parse_rejected(c, &rej);
    }
    exchange_put(c->loop, c->x);
    c->x = NULL;
    return read_more(c);
}

static enum step step_handshake(struct conn *c)
{
    enum tls_io r = tls_handshake(c->tls);
    if (r == TLS_WANT_READ || r == TLS_WANT_WRITE) return STEP_WAIT;
    c->since = 0;
    c->active = c->loop->now;
    c->state = CONN_HEAD;
    if (r == TLS_OK) return STEP_AGAIN;
    if (r == TLS_PLAIN_HTTP) {
        tls_conn_free(&c->tls);
        return respond_reject(c, P_BAD_REQUEST, "plain HTTP was sent to a TLS port; use https", REASON_TLS);
    }
    server_reject_count(c->loop->server, REASON_TLS);
    return STEP_CLOSE;
}

static enum step step_write(struct conn *c)
{
    if (!c->writable) return STEP_WAIT; // woken by something else
    enum io r = io_flush(c);
    if (r == IO_AGAIN) return STEP_WAIT;
    if (r != IO_OK) return STEP_CLOSE;
    if (c->x) return respond_finished(c);
    c->state = c->resume;
    return STEP_AGAIN;
}

static enum step step_worker(struct conn *c)
{
    if (!c->writable || !io_pending(c)) return STEP_WAIT;
    return io_flush(c) == IO_FAILED ? STEP_CLOSE : STEP_WAIT;
}

static enum step step_linger(struct conn *c)
{
    if (c->eof) return STEP_CLOSE;
    if (!c->readable) return STEP_WAIT;
    size_t n = 0;
    enum io r = io_discard(c, &n);
    c->received += n;
    if (r == IO_EOF || r == IO_FAILED || c->received > LINGER_BYTES) return STEP_CLOSE;
    return STEP_AGAIN;
}

static enum step step_once(struct conn *c)
{
    switch ((enum conn_state)c->state) {
    case CONN_HANDSHAKE:
        return step_handshake(c);
    case CONN_HEAD:
        return step_head(c);
    case CONN_BODY:
        return step_body(c);
    case CONN_WORKER:
        return step_worker(c);
    case CONN_HOLD:
        return respond_held(c);
    case CONN_WRITE:
        return step_write(c);
    case CONN_LINGER:
        return step_linger(c);
    }
    return STEP_CLOSE;
}

// Before the loop turns to others: small memory, nothing in the shared buffer, the right deadline.
static void settle(struct conn *c)
{
    bool ok = io_keep(c);
    if (ok && !c->x) {
        if (c->in.from == c->in.n)
            io_input_free(c);
        else
            ok = io_input_shrink(c);
    }
    if (ok)
        timers_set(&c->loop->timers, &c->timer, deadline_of(c));
    else
        conn_close(c);
}

static void go_on(struct conn *c, enum step s)
{
    int budget = TURN_BUDGET;
    while (s == STEP_AGAIN && budget-- > 0) s = step_once(c);
    if (s == STEP_AGAIN) { // busy: the others' turn
        s = send_first(c);
        if (s == STEP_AGAIN) loop_defer(c->loop, c);
    }
    if (s == STEP_CLOSE)
        conn_close(c);
    else
        settle(c);
}

void conn_drive(struct conn *c)
{
    ASSERT(c->magic == CONN_MAGIC);
    go_on(c, STEP_AGAIN);
}

void conn_posted(struct exchange *x)
{
    struct conn *c = x->conn;
    ASSERT(c->magic == CONN_MAGIC && c->x == x && c->state == CONN_WORKER);
    if (c->fd >= 0) {
        go_on(c, respond(c));
        return;
    }
    c->x = NULL; // the client left meanwhile
    exchange_put(c->loop, x);
    io_input_free(c);
    bury(c);
}

void conn_timeout(struct conn *c)
{
    enum step s = STEP_CLOSE;
    if (c->state == CONN_HEAD && head_begun(c))
        s = respond_reject(c, P_REQUEST_TIMEOUT, "the header section was too slow", REASON_TIMEOUT);
    else if (c->state == CONN_BODY)
        s = respond_reject(c, P_REQUEST_TIMEOUT, "the body was too slow", REASON_TIMEOUT);
    else if (c->state == CONN_HOLD)
        s = respond_held(c);
    else if (c->state == CONN_WRITE || c->state == CONN_HANDSHAKE)
        server_reject_count(c->loop->server, REASON_TIMEOUT);
    go_on(c, s);
}

void conn_drain(struct conn *c)
{
    bool idle = c->state == CONN_HEAD && !head_begun(c);
    if (idle && c->loop->now - c->active >= DRAIN_GRACE && !c->readable)
        conn_close(c);
    else
        conn_drive(c);
}
