// SPDX-License-Identifier: Apache-2.0
// The strict HTTP/1.1 request parser (RFC 9112): pure, no sockets, no clock, no allocation. Rejects, never repairs.
// Called by: httpd/conn.c, fuzzers, tests. Must never: accept two readings of one request.
//
// Head: call h1_head with all bytes of the head received so far (the same bytes again, possibly moved, plus more).
// Work is linear in total: the parser remembers how far it has looked. Slices in the result point into `p`.
// How the bytes are split between calls never changes the outcome: the first offending byte decides, and it is refused
// as soon as it is there. After H1_READY call h1_parser_init before the next head. After H1_REJECT close.
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
    const char *detail; // static: the one %s of the problem; NULL where that is a limit (see h1_reject_detail)
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
    size_t seen;         // bytes already looked at
    uint32_t line;       // 0 = request line
    uint32_t line_start; // where the line begins, and
    uint32_t mark;       // where the target, the version or the header's colon is in it
    bool any;            // a byte other than the tolerated leading CRLF was seen
    uint8_t state, flags, minor;
    uint16_t count; // header lines so far
    uint64_t length;
};
void h1_parser_init(struct h1_parser *h);
// *ret is scratch until H1_READY; *rej is set on H1_REJECT only. An H1_BODY_LENGTH of 0 does occur.
enum h1_status h1_head(struct h1_parser *h, const char *p, size_t n, const struct h1_limits *lim, struct h1_head *ret,
                       struct h1_reject *rej) MUST_CHECK;
// The text for the problem's %s, limits written out ("8192", "32768 bytes"); in `room` or static; NULL without a %s.
const char *h1_reject_detail(const struct h1_reject *rej, const struct h1_limits *lim, char room[32]);

// Chunked body (RFC 9112 7.1), decoded in place. Chunk extensions are parsed strictly and dropped, trailers are
// parsed strictly (field rules, no framing fields, within head_max) and dropped.
struct h1_chunked {
    uint8_t state, digits;
    uint8_t name_len;     // of the trailer name so far; past sizeof name it is none that matters
    char name[17];        // lower case
    uint32_t overhead;    // bytes of extensions and trailers so far: at most head_max
    uint64_t left, total; // of the chunk; of the body
};
void h1_chunked_init(struct h1_chunked *c);
// Reads p[0..n), writes decoded bytes to the front of p. *ret_used: bytes read; *ret_out: bytes decoded (<= used).
// H1_MORE: all n used, body goes on. H1_READY: the body ended; p[used..n) is the next request.
// H1_REJECT: *ret_used and *ret_out are untouched.
enum h1_status h1_chunked(struct h1_chunked *c, char *p, size_t n, const struct h1_limits *lim, size_t *ret_used,
                          size_t *ret_out, struct h1_reject *rej) MUST_CHECK;
