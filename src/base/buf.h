// SPDX-License-Identifier: Apache-2.0
// A growing byte buffer with a fixed maximum and sticky failure: append many times, check once.
// Called by: encoders, the HTTP server, log and metrics. Must never: grow past max.
#pragma once

#include "base/slice.h"

enum buf_fail { BUF_OK = 0, BUF_TOO_LARGE, BUF_NOMEM };

struct buf {
    char *p;
    size_t n, cap, max;
    enum buf_fail fail; // set once, then every append is a no-op
};

void buf_init(struct buf *b, size_t max);                  // allocates nothing
void buf_done(struct buf *b);                              // frees; the buf may be init'ed again
void buf_clear(struct buf *b);                             // n = 0 and failure forgotten; capacity kept
void buf_add_slow(struct buf *b, const void *p, size_t n); // only for the inline functions below
// All or nothing: bytes that do not fit leave n as it was and set fail.
static inline void buf_add(struct buf *b, const void *p, size_t n)
{
    // n - 1 wraps for n = 0, so that one comparison sends both "empty" and "no room" to the slow side.
    if (n - 1 < b->cap - b->n && b->fail == BUF_OK) {
        memcpy(b->p + b->n, p, n);
        b->n += n;
    } else {
        buf_add_slow(b, p, n);
    }
}
static inline void buf_char(struct buf *b, char c)
{
    if (b->n < b->cap && b->fail == BUF_OK)
        b->p[b->n++] = c;
    else
        buf_add_slow(b, &c, 1);
}
static inline void buf_str(struct buf *b, const char *cstr)
{
    buf_add(b, cstr, strlen(cstr));
}
static inline void buf_slice(struct buf *b, struct slice s)
{
    buf_add(b, s.p, s.n);
}
void buf_u64(struct buf *b, uint64_t v);
void buf_i64(struct buf *b, int64_t v);
void buf_fmt(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
bool buf_reserve(struct buf *b, size_t more) MUST_CHECK; // room for `more` at p + n; false sets fail
void buf_consume(struct buf *b, size_t n);               // drops n bytes from the front
struct slice buf_view(const struct buf *b);              // valid until the next change
#define buf_lit(b, lit) buf_add((b), "" lit, sizeof(lit) - 1)
