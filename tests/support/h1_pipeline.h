// SPDX-License-Identifier: Apache-2.0
// Runs the parser over a whole pipeline as a connection would, and writes what it understood as comparable text.
// Called by: fuzz/h1_fuzz.c, tests/support/h1_batch.c. Must never: decide anything that the parser should.
#pragma once

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "httpd/h1.h"

struct h1_seen { // one whole request
    const struct h1_head *head;
    struct slice body;
    bool chunked, absolute;
};
struct h1_pipeline {
    const struct h1_limits *lim;
    // How many more bytes arrive next, at least 1; NULL: all at once.
    size_t (*arrive)(void *ctx, size_t left);
    void (*request)(void *ctx, const struct h1_seen *seen);
    void *ctx;
    bool exact; // keep the input in memory of exactly its size, so that a sanitizer sees every overrun
};
enum h1_pipeline_end { H1_PIPELINE_CLOSED, H1_PIPELINE_OPEN, H1_PIPELINE_PARTIAL, H1_PIPELINE_REJECTED };

struct h1_window { // what has arrived and was not consumed
    char *p;
    size_t n;
    const char *rest;
    size_t rest_n;
};

static inline bool h1_window_more(struct h1_window *w, const struct h1_pipeline *t)
{
    if (!w->rest_n) return false;
    size_t k = t->arrive ? t->arrive(t->ctx, w->rest_n) : w->rest_n;
    char *p = t->exact ? mem_alloc(w->n + k) : mem_realloc(w->p, w->n + k);
    ASSERT(p);
    if (t->exact && w->n) memcpy(p, w->p, w->n);
    if (t->exact) mem_free(w->p);
    memcpy(p + w->n, w->rest, k);
    w->p = p;
    w->n += k;
    w->rest += k;
    w->rest_n -= k;
    return true;
}

static inline void h1_window_drop(struct h1_window *w, size_t k)
{
    memmove(w->p, w->p + k, w->n - k);
    w->n -= k;
}

static inline enum h1_status h1_pipeline_body(struct h1_window *w, const struct h1_pipeline *t,
                                              const struct h1_head *head, struct buf *body, struct h1_reject *rej)
{
    if (head->body == H1_BODY_NONE) return H1_READY;
    if (head->body == H1_BODY_LENGTH) {
        while (w->n < head->length)
            if (!h1_window_more(w, t)) return H1_MORE;
        buf_add(body, w->p, head->length);
        h1_window_drop(w, head->length);
        return H1_READY;
    }
    struct h1_chunked c;
    h1_chunked_init(&c);
    for (;;) {
        size_t used = 0, out = 0;
        enum h1_status s = h1_chunked(&c, w->p, w->n, t->lim, &used, &out, rej);
        if (s == H1_REJECT) return s;
        ASSERT(out <= used && used <= w->n && (s == H1_READY || used == w->n));
        buf_add(body, w->p, out);
        h1_window_drop(w, used);
        if (s == H1_READY) return s;
        if (!h1_window_more(w, t)) return H1_MORE;
    }
}

// The authority of the target replaced Host: then host is no value of any header.
static inline bool h1_is_absolute(const struct h1_head *head)
{
    for (unsigned i = 0; i < head->header_count; i++)
        if (head->host.p == head->headers[i].value.p) return false;
    return head->host.n > 0;
}

static inline enum h1_pipeline_end h1_pipeline_run(const struct h1_pipeline *t, const char *p, size_t n,
                                                   struct h1_reject *rej)
{
    struct h1_window w = {.rest = p, .rest_n = n};
    struct h1_head *head = mem_alloc(sizeof *head);
    ASSERT(head);
    enum h1_pipeline_end end = H1_PIPELINE_OPEN;
    bool again = true;
    while (again) {
        struct h1_parser h;
        h1_parser_init(&h);
        enum h1_status s;
        while ((s = h1_head(&h, w.p, w.n, t->lim, head, rej)) == H1_MORE && h1_window_more(&w, t)) continue;
        if (s != H1_READY) {
            end = s == H1_REJECT ? H1_PIPELINE_REJECTED : w.n ? H1_PIPELINE_PARTIAL : H1_PIPELINE_OPEN;
            break;
        }
        // The head's slices must outlive the bytes behind it: keep a copy and read it again, as conn.c does.
        char *copy = mem_alloc(head->bytes);
        ASSERT(copy);
        memcpy(copy, w.p, head->bytes);
        h1_parser_init(&h);
        s = h1_head(&h, copy, head->bytes, t->lim, head, rej);
        ASSERT(s == H1_READY);
        h1_window_drop(&w, head->bytes);
        struct buf body;
        buf_init(&body, SIZE_MAX / 2);
        s = h1_pipeline_body(&w, t, head, &body, rej);
        ASSERT(!body.fail);
        if (s == H1_READY) {
            struct h1_seen seen = {head, buf_view(&body), head->body == H1_BODY_CHUNKED, h1_is_absolute(head)};
            t->request(t->ctx, &seen);
        }
        if (s == H1_MORE) end = H1_PIPELINE_PARTIAL;
        if (s == H1_REJECT) end = H1_PIPELINE_REJECTED;
        if (s == H1_READY && !head->keep_alive) end = H1_PIPELINE_CLOSED;
        again = s == H1_READY && head->keep_alive;
        buf_done(&body);
        mem_free(copy);
    }
    mem_free(w.p);
    mem_free(head);
    return end;
}

// Every field with its length before it, so that no two requests share a text.
static inline void h1_put(struct buf *out, struct slice s)
{
    buf_u64(out, s.n);
    buf_char(out, ':');
    buf_slice(out, s);
    buf_char(out, ',');
}

static inline void h1_describe(struct buf *out, const struct h1_seen *seen)
{
    const struct h1_head *h = seen->head;
    buf_fmt(out, "R %d %d %d %d %u ", h->minor, h->keep_alive, h->expect_continue, (int)h->body, h->header_count);
    h1_put(out, h->method);
    h1_put(out, h->target);
    h1_put(out, h->host);
    for (unsigned i = 0; i < h->header_count; i++) {
        h1_put(out, h->headers[i].name);
        h1_put(out, h->headers[i].value);
    }
    h1_put(out, seen->body);
    buf_char(out, '\n');
}
