// SPDX-License-Identifier: Apache-2.0
// Helpers on the neutral request and reply: method names, header look-up, header lines that cannot be split.
// Called by: httpd, pipeline, api, auth, ec2sim. Must never: let a header value end its line.
#include "net/message.h"

#include <string.h>

#define REPLY_HEAD_MAX (32 * 1024)

static const struct slice method_names[] = {
    [METHOD_GET] = {"GET", 3},         [METHOD_HEAD] = {"HEAD", 4},   [METHOD_POST] = {"POST", 4},
    [METHOD_PUT] = {"PUT", 3},         [METHOD_PATCH] = {"PATCH", 5}, [METHOD_DELETE] = {"DELETE", 6},
    [METHOD_OPTIONS] = {"OPTIONS", 7}, [METHOD_OTHER] = {"OTHER", 5},
};

const char *method_name(enum method m)
{
    ASSERT((size_t)m < ARRAY_LEN(method_names));
    return method_names[m].p;
}

enum method method_of(struct slice token)
{
    for (unsigned i = 0; i < METHOD_OTHER; i++)
        if (slice_eq(token, method_names[i])) return (enum method)i;
    return METHOD_OTHER;
}

struct slice request_header(const struct request *r, const char *name)
{
    struct slice want = slice_of(name);
    for (unsigned i = 0; i < r->header_count; i++) {
        if (!slice_eq_nocase(r->headers[i].name, want)) continue;
        // An empty value is still a header that is there: never let it look like an absent one.
        if (!r->headers[i].value.p) return slice_of("");
        return r->headers[i].value;
    }
    return (struct slice){NULL, 0};
}

unsigned request_header_count(const struct request *r, const char *name)
{
    struct slice want = slice_of(name);
    unsigned n = 0;
    for (unsigned i = 0; i < r->header_count; i++) n += slice_eq_nocase(r->headers[i].name, want);
    return n;
}

void reply_init(struct reply *r)
{
    *r = (struct reply){0};
    buf_init(&r->head, REPLY_HEAD_MAX);
}

void reply_done(struct reply *r)
{
    // Forget the callback before it runs, so that a second call cannot release twice.
    void (*release)(void *) = r->release;
    r->release = NULL;
    if (release) release(r->release_ctx);
    buf_done(&r->head);
    r->body = (struct slice){NULL, 0};
}

void reply_header(struct reply *r, const char *name, struct slice value)
{
    buf_str(&r->head, name);
    buf_lit(&r->head, ": ");
    size_t at = r->head.n;
    buf_slice(&r->head, value);
    for (size_t i = at; i < r->head.n; i++) {
        char c = r->head.p[i];
        if (c == '\r' || c == '\n' || c == '\0') r->head.p[i] = '?';
    }
    buf_lit(&r->head, "\r\n");
}

void reply_header_cstr(struct reply *r, const char *name, const char *value)
{
    reply_header(r, name, slice_of(value));
}

const char *status_reason(int status)
{
    switch (status) {
#define REASON(code, phrase)                                                                                           \
    case code:                                                                                                         \
        return phrase;
        REASON(100, "Continue")
        REASON(101, "Switching Protocols")
        REASON(200, "OK")
        REASON(201, "Created")
        REASON(202, "Accepted")
        REASON(203, "Non-Authoritative Information")
        REASON(204, "No Content")
        REASON(205, "Reset Content")
        REASON(206, "Partial Content")
        REASON(300, "Multiple Choices")
        REASON(301, "Moved Permanently")
        REASON(302, "Found")
        REASON(303, "See Other")
        REASON(304, "Not Modified")
        REASON(307, "Temporary Redirect")
        REASON(308, "Permanent Redirect")
        REASON(400, "Bad Request")
        REASON(401, "Unauthorized")
        REASON(402, "Payment Required")
        REASON(403, "Forbidden")
        REASON(404, "Not Found")
        REASON(405, "Method Not Allowed")
        REASON(406, "Not Acceptable")
        REASON(407, "Proxy Authentication Required")
        REASON(408, "Request Timeout")
        REASON(409, "Conflict")
        REASON(410, "Gone")
        REASON(411, "Length Required")
        REASON(412, "Precondition Failed")
        REASON(413, "Content Too Large")
        REASON(414, "URI Too Long")
        REASON(415, "Unsupported Media Type")
        REASON(416, "Range Not Satisfiable")
        REASON(417, "Expectation Failed")
        REASON(421, "Misdirected Request")
        REASON(422, "Unprocessable Content")
        REASON(426, "Upgrade Required")
        REASON(428, "Precondition Required")
        REASON(429, "Too Many Requests")
        REASON(431, "Request Header Fields Too Large")
        REASON(500, "Internal Server Error")
        REASON(501, "Not Implemented")
        REASON(502, "Bad Gateway")
        REASON(503, "Service Unavailable")
        REASON(504, "Gateway Timeout")
        REASON(505, "HTTP Version Not Supported")
#undef REASON
    default:
        return "Unknown";
    }
}
