// SPDX-License-Identifier: Apache-2.0
// The bytes of a connection: buffers for input and output, plain and TLS reads and writes.
// Called by: conn.c, respond.c. Must never: block, raise SIGPIPE, or hold a loop's block for an idle connection.
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/mem.h"
#include "httpd/server.h"

#define INPUT_ROOM   ((size_t)256)         // below it a read is not worth its system call
#define INPUT_SMALL  ((size_t)512)         // least block for what waits
#define OUT_MAX      ((size_t)1024 * 1024) // of unsent bytes: at most a batch of replies and one head
#define TLS_RECORD   ((size_t)16 * 1024)
#define DISCARD_STEP 16

// ---- input
void io_input_free(struct conn *c)
{
    struct input *in = &c->in;
    if (in->p && in->pooled)
        input_put(c->loop, in->p);
    else
        mem_free(in->p);
    *in = (struct input){0};
}

// Moves the waiting bytes to a block of `cap` bytes (INPUT_CHUNK: the loop's).
static bool move_input(struct conn *c, size_t cap)
{
    struct input *in = &c->in, to = {.cap = cap, .n = in->n - in->from, .pooled = cap == INPUT_CHUNK};
    to.p = to.pooled ? input_get(c->loop) : mem_alloc(cap);
    if (!to.p) return false;
    if (to.n) memcpy(to.p, in->p + in->from, to.n);
    io_input_free(c);
    *in = to;
    return true;
}

bool io_input_shrink(struct conn *c)
{
    size_t n = c->in.n - c->in.from, cap = INPUT_SMALL;
    if (!c->in.pooled) return true;
    while (cap < n) cap *= 2;
    return cap >= INPUT_CHUNK || move_input(c, cap);
}

static bool make_room(struct conn *c)
{
    struct input *in = &c->in;
    if (!in->p) return move_input(c, INPUT_CHUNK);
    if (in->from == in->n) in->from = in->n = 0;
    if (in->cap - in->n >= INPUT_ROOM) return true;
    if (in->from > 0) {
        memmove(in->p, in->p + in->from, in->n - in->from);
        in->n -= in->from;
        in->from = 0;
        if (in->cap - in->n >= INPUT_ROOM) return true;
    }
    const struct h1_limits *lim = &c->loop->server->limits;
    size_t max = lim->head_max + (size_t)lim->body_max + INPUT_CHUNK;
    size_t cap = in->cap < INPUT_CHUNK ? INPUT_CHUNK : MIN(in->cap * 2, max);
    return cap > in->cap && move_input(c, cap); // the parser rejects before max is reached
}

static enum io from_tls(struct conn *c, enum tls_io r)
{
    if (r == TLS_OK) return IO_OK;
    if (r == TLS_WANT_READ || r == TLS_WANT_WRITE) return IO_AGAIN;
    return r == TLS_EOF ? IO_EOF : IO_FAILED;
}

static enum io receive(struct conn *c, char *p, size_t cap, size_t *ret_n)
{
    enum io r;
    if (c->tls) {
        r = from_tls(c, tls_read(c->tls, p, cap, ret_n));
    } else {
        ssize_t n;
        do n = recv(c->fd, p, cap, 0);
        while (n < 0 && errno == EINTR);
        // Edge-triggered: after a short read nothing is left but a FIN, and that is announced by EPOLLRDHUP.
        if (n > 0 && (size_t)n < cap && !c->finishing) c->readable = false;
        if (n > 0) *ret_n = (size_t)n;
        r = n > 0 ? IO_OK : n == 0 ? IO_EOF : errno == EAGAIN ? IO_AGAIN : IO_FAILED;
    }
    if (r != IO_OK) c->readable = false;
    if (r == IO_EOF) c->eof = true;
    return r;
}

enum io io_fill(struct conn *c)
{
    if (!make_room(c)) return IO_FAILED;
    size_t n = 0;
    enum io r = receive(c, c->in.p + c->in.n, c->in.cap - c->in.n, &n);
    c->in.n += n;
    c->received += n;
    return r;
}

enum io io_discard(struct conn *c, size_t *ret_n)
{
    char *p = input_get(c->loop);
    if (!p) return IO_FAILED;
    enum io r = IO_OK;
    size_t total = 0;
    for (int i = 0; i < DISCARD_STEP && r == IO_OK && c->readable; i++) {
        size_t n = 0;
        r = receive(c, p, INPUT_CHUNK, &n);
        total += n;
    }
    input_put(c->loop, p);
    *ret_n = total;
    return r;
}

// ---- output
struct buf *io_out(struct conn *c)
{
    return c->out.n ? &c->out : &c->loop->out;
}

bool io_pending(struct conn *c)
{
    return io_out(c)->n > c->out_from || c->body.n;
}

bool io_keep(struct conn *c)
{
    struct buf *shared = &c->loop->out;
    if (!shared->n) return true;
    if (shared->n > c->out_from) {
        buf_init(&c->out, OUT_MAX);
        buf_add(&c->out, shared->p + c->out_from, shared->n - c->out_from);
    }
    c->out_from = 0;
    buf_clear(shared);
    return c->out.fail == BUF_OK;
}

static enum io send_plain(struct conn *c, const struct buf *out, size_t *ret_n)
{
    struct iovec iov[2];
    struct msghdr msg = {.msg_iov = iov};
    if (out->n > c->out_from) iov[msg.msg_iovlen++] = (struct iovec){out->p + c->out_from, out->n - c->out_from};
    if (c->body.n) iov[msg.msg_iovlen++] = (struct iovec){(void *)(uintptr_t)c->body.p, c->body.n};
    ssize_t n;
    do n = sendmsg(c->fd, &msg, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0) return errno == EAGAIN ? IO_AGAIN : IO_FAILED;
    *ret_n = (size_t)n;
    return IO_OK;
}

static enum io send_tls(struct conn *c, struct buf *out, size_t *ret_n)
{
    size_t waiting = out->n - c->out_from;
    if (waiting && c->body.n && waiting < TLS_RECORD) { // head and body in one record
        size_t n = MIN(c->body.n, TLS_RECORD - waiting);
        buf_add(out, c->body.p, n);
        if (out->fail) return IO_FAILED;
        c->body = slice_skip(c->body, n);
        waiting += n;
    }
    if (waiting) return from_tls(c, tls_write(c->tls, out->p + c->out_from, waiting, ret_n));
    return from_tls(c, tls_write(c->tls, c->body.p, c->body.n, ret_n));
}

static void sent(struct conn *c, const struct buf *out, size_t n)
{
    size_t first = MIN(n, out->n - c->out_from);
    c->out_from += first;
    c->body = slice_skip(c->body, n - first);
    c->sent += n;
}

enum io io_flush(struct conn *c)
{
    struct buf *out = io_out(c);
    if (out->fail) return IO_FAILED;
    while (out->n > c->out_from || c->body.n) {
        size_t n = 0;
        enum io r = c->tls ? send_tls(c, out, &n) : send_plain(c, out, &n);
        if (r == IO_OK) {
            sent(c, out, n);
            continue;
        }
        c->writable = false;
        if (r != IO_AGAIN) return IO_FAILED;
        return io_keep(c) ? IO_AGAIN : IO_FAILED;
    }
    c->out_from = 0;
    if (out == &c->out)
        buf_done(out);
    else
        buf_clear(out);
    return IO_OK;
}
