// SPDX-License-Identifier: Apache-2.0
// The neutral HTTP request and reply: all that auth, api, pipeline, ec2sim and tests know of HTTP.
// Called by: httpd fills and sends them; everybody above reads and builds them. Must never: know sockets.
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/cidr.h"
#include "base/clock.h"

enum method {
    METHOD_GET,
    METHOD_HEAD,
    METHOD_POST,
    METHOD_PUT,
    METHOD_PATCH,
    METHOD_DELETE,
    METHOD_OPTIONS,
    METHOD_OTHER
};
const char *method_name(enum method m);
enum method method_of(struct slice token); // case-sensitive (RFC 9110 9.1)

struct header {
    struct slice name, value; // as received, value trimmed of OWS
};

#define REQUEST_ID_LEN 24
struct request {
    enum method method;
    struct slice method_text;
    struct slice target; // request-target as received, origin-form ("/a?b=c"); absolute-form is reduced to it by httpd
    struct slice path, query; // parts of target, still percent-encoded; query without '?'
    bool has_query;
    const struct header *headers;
    unsigned header_count;
    struct slice body; // whole, decoded
    struct ip peer;    // the client: the socket's peer, or what a trusted proxy says
    bool secure;       // TLS here, or https at a trusted proxy
    char id[REQUEST_ID_LEN + 1];
    struct mono received_mono;
    struct wall received; // when the whole request was there; the `now` of everything below
    struct arena *arena;  // lives until the reply is sent
    void *state;          // the pipeline's own, zero at first, kept when the request moves to a worker
};
// First header of that name (case-insensitive), or the empty slice with p == NULL.
struct slice request_header(const struct request *r, const char *name);
unsigned request_header_count(const struct request *r, const char *name);

struct reply {
    int status;        // 100..599; 0 = not made yet
    struct buf head;   // finished lines "Name: value\r\n"; never Content-Length, Date, Server, Connection, X-Request-Id
                       // (httpd's)
    struct slice body; // valid until release; a HEAD reply keeps the body for Content-Length, httpd does not send it
    bool no_content_length;     // 204 and 304
    bool close;                 // answer, then close
    bool drop;                  // send nothing at all and close: the simulator's lost replies
    bool cut;                   // send only the first cut_after bytes of the body, then close; Content-Length stays
    uint64_t cut_after;         // that of the whole body
    uint32_t hold_ms;           // send it so much later, at most 30 s; stopping ends the wait. Holds up no thread
    void (*release)(void *ctx); // called once when the body was sent or the connection died; may be NULL
    void *release_ctx;
    // for log and metrics, set by the pipeline; static or arena strings, may be NULL
    const char *route;      // template
    const char *error_code; // X-Error-Code's value
    const char *actor;      // public key or client id
    const char *group_id;
};
void reply_init(struct reply *r);
void reply_done(struct reply *r);                                         // calls release, frees head
void reply_header(struct reply *r, const char *name, struct slice value); // CR, LF and NUL in value become '?'
void reply_header_cstr(struct reply *r, const char *name, const char *value);
const char *status_reason(int status); // RFC 9110 phrase; "Unknown" otherwise
