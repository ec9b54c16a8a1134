// SPDX-License-Identifier: Apache-2.0
// The strict HTTP/1.1 request parser (RFC 9112): pure, no sockets, no clock, no allocation. Rejects, never repairs.
// Called by: httpd/conn.c, fuzzers, tests. Must never: accept two readings of one request.
//
// Head: call h1_head with all bytes of the head received so far (the same bytes again, possibly moved, plus more).
// Work is linear in total: the parser remembers how far it has looked. Slices in the result point into `p`.
#pragma once

#include "net/message.h"
#include "net/problem.h"

#define H1_HEADERS_MAX 100
struct h1_limits {
    uint32_t target_max; // bytes of the request-target: 414 past it (8192)
    uint32_t head_max;   // whole head: 431 past it (32768)
    uint64_t body_max;   // 413 past it (1048576)
};
extern const struct h1_limits h1_limits_default;

enum h1_status { H1_MORE, H1_READY, H1_REJECT };
struct h1_reject {
    enum problem problem;
    const char *detail; // static: the one %s of the problem, or NULL
};
enum h1_body { H1_BODY_NONE, H1_BODY_LENGTH, H1_BODY_CHUNKED };
struct h1_head {
    struct slice method,
        target; // target: origin-form; absolute-form is reduced to its path and query ("/" when empty),
                // "*" only with OPTIONS
    struct slice host;
    uint8_t minor; // HTTP/1.minor: 0 or 1
    bool keep_alive, expect_continue;
    enum h1_body body;
    uint64_t length; // for H1_BODY_LENGTH
    unsigned header_count;
    struct header headers[H1_HEADERS_MAX];
    size_t bytes; // of the head, empty line included
};
struct h1_parser {
    size_t seen;   // bytes already looked at
    uint32_t line; // 0 = request line
    uint32_t line_start;
    bool any; // a byte other than the tolerated leading CRLF was seen
};
void h1_parser_init(struct h1_parser *h);
enum h1_status h1_head(struct h1_parser *h, const char *p, size_t n, const struct h1_limits *lim, struct h1_head *ret,
                       struct h1_reject *rej) MUST_CHECK;

// Chunked body (RFC 9112 7.1), decoded in place. Chunk extensions are parsed strictly and dropped, trailers are
// parsed strictly (field rules, no framing fields, within head_max) and dropped.
struct h1_chunked {
    uint8_t state;
    uint64_t left, total;
    uint32_t line_bytes, trailer_bytes;
    uint8_t digits;
};
void h1_chunked_init(struct h1_chunked *c);
// Reads p[0..n), writes decoded bytes to the front of p. *ret_used: bytes read; *ret_out: bytes decoded (<= used).
// H1_MORE: all n used, body goes on. H1_READY: the body ended; p[used..n) is the next request.
enum h1_status h1_chunked(struct h1_chunked *c, char *p, size_t n, const struct h1_limits *lim, size_t *ret_used,
                          size_t *ret_out, struct h1_reject *rej) MUST_CHECK;
