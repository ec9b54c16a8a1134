// SPDX-License-Identifier: Apache-2.0
// Character classes of HTTP/1.1 and URIs, and the field rules shared by the parser's files.
// Called by: httpd/h1*.c only. Must never: be included outside of the parser and its tests.
#pragma once

#include "httpd/h1.h"

enum h1_class {
    CH_TOKEN = 1,    // tchar (RFC 9110 5.6.2)
    CH_URI = 2,      // pchar without pct-encoded, "/" and "?" (RFC 3986 3.3, 3.4)
    CH_REG_NAME = 4, // unreserved and sub-delims (RFC 3986 3.2.2)
    CH_HEX = 8,      // HEXDIG, either case
    CH_FIELD = 16,   // VCHAR, SP, HTAB, obs-text (RFC 9110 5.5)
    CH_BRACKET = 32, // "[" and "]": only around an IP literal
    CH_DIGIT = 64,   //
    CH_ALPHA = 128,  //
};
extern const uint8_t h1_classes[256];
static inline bool h1_is(char c, unsigned classes)
{
    return h1_classes[(uint8_t)c] & classes;
}

// Index of the first byte of p[i..n) that may not stand in a field value (CR included), or n.
size_t h1_field_run(const char *p, size_t i, size_t n);

// What header lines say about framing and the connection; kept in h1_parser.flags.
enum h1_flag {
    F_ABSOLUTE = 1,
    F_HOST = 2,
    F_LENGTH = 4,
    F_CHUNKED = 8,
    F_CLOSE = 16,
    F_KEEP_ALIVE = 32,
    F_EXPECT = 64,
    F_RESUMED = 128,
};
// Judges one header line that the parser itself must understand. False: *rej is set.
bool h1_field(struct h1_parser *h, struct h1_head *head, struct slice name, struct slice value,
              struct h1_reject *rej) MUST_CHECK;
// uri-host [":" port], the host not empty (RFC 9110 7.2, 4.2.1). IPvFuture is refused: nobody can serve it.
bool h1_host_valid(struct slice s) MUST_CHECK;
