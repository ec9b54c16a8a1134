// SPDX-License-Identifier: Apache-2.0
// The growing buffer's slow side; appends that fit are inline in the header. Called by: all encoders.
// Must never: grow past max, or lose bytes already there when growth fails.
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"

#define FIRST_CAP 256

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = MIN(max, (size_t)PTRDIFF_MAX - 1)};
}

void buf_done(struct buf *b)
{
    mem_free(b->p);
    *b = (struct buf){.max = b->max};
}

void buf_clear(struct buf *b)
{
    b->n = 0;
    b->fail = BUF_OK;
}

bool buf_reserve(struct buf *b, size_t more)
{
    if (b->fail != BUF_OK) return false;
    if (more <= b->cap - b->n) return true;
    if (more > b->max - b->n) {
        b->fail = BUF_TOO_LARGE;
        return false;
    }
    size_t cap = MAX(b->n + more, FIRST_CAP);
    if (b->cap <= b->max / 2) cap = MAX(cap, b->cap * 2);
    cap = MIN(cap, b->max);
    char *p = mem_realloc(b->p, cap + 1); // one more than is told, for the NUL that vsnprintf insists on
    if (!p) {
        b->fail = BUF_NOMEM;
        return false;
    }
    b->p = p;
    b->cap = cap;
    return true;
}

void buf_add_slow(struct buf *b, const void *p, size_t n)
{
    if (n == 0 || !buf_reserve(b, n)) return;
    memcpy(b->p + b->n, p, n);
    b->n += n;
}

static const char digit_pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
                                  "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
                                  "8081828384858687888990919293949596979899";

// Writes v right-aligned before end; returns where it begins.
static char *digits_before(char *end, uint64_t v)
{
    while (v >= 100) {
        end -= 2;
        memcpy(end, digit_pairs + v % 100 * 2, 2);
        v /= 100;
    }
    if (v < 10) {
        *--end = (char)('0' + v);
        return end;
    }
    end -= 2;
    memcpy(end, digit_pairs + v * 2, 2);
    return end;
}

void buf_u64(struct buf *b, uint64_t v)
{
    char text[20], *end = text + sizeof text;
    char *p = digits_before(end, v);
    buf_add(b, p, (size_t)(end - p));
}

void buf_i64(struct buf *b, int64_t v)
{
    char text[21], *end = text + sizeof text;
    char *p = digits_before(end, v < 0 ? UINT64_C(0) - (uint64_t)v : (uint64_t)v);
    if (v < 0) *--p = '-';
    buf_add(b, p, (size_t)(end - p));
}

void buf_fmt(struct buf *b, const char *fmt, ...)
{
    if (b->fail != BUF_OK) return;
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    size_t room = b->p ? b->cap - b->n + 1 : 0;
    int len = vsnprintf(b->p ? b->p + b->n : NULL, room, fmt, ap);
    if (len < 0) {
        b->fail = BUF_TOO_LARGE; // the C library's own bound, INT_MAX
    } else if ((size_t)len < room) {
        b->n += (size_t)len;
    } else if (len > 0 && buf_reserve(b, (size_t)len)) {
        (void)vsnprintf(b->p + b->n, (size_t)len + 1, fmt, again);
        b->n += (size_t)len;
    }
    va_end(again);
    va_end(ap);
}

void buf_consume(struct buf *b, size_t n)
{
    ASSERT(n <= b->n);
    b->n -= n;
    if (n && b->n) memmove(b->p, b->p + n, b->n);
}

struct slice buf_view(const struct buf *b)
{
    return slice_n(b->p, b->n);
}
