// SPDX-License-Identifier: Apache-2.0
// The HTTP/1.1 server: epoll loops that own their connections, one shared listening socket (EPOLLEXCLUSIVE), a bounded
// worker pool, TLS in the same loop, deadlines and caps on everything. Knows no API.
// Called by: app (API, management, admin socket), ec2sim. Must never: block a loop thread, or run a request twice.
#pragma once

#include "base/cidr.h"
#include "base/clock.h"
#include "base/error.h"
#include "net/message.h"
#include "net/problem.h"

enum http_outcome { HTTP_DONE, HTTP_NEEDS_WORKER };

// What the server calls. All callbacks but thread_begin/thread_end get the ctx of the thread they run on.
struct http_app {
    void *ctx;
    // On each loop and worker thread; may be NULL. When it gives NULL, httpd_start fails with ERR_UNAVAILABLE.
    void *(*thread_begin)(void *ctx, bool is_loop);
    void (*thread_end)(void *ctx, void *thread);
    // Answers req in rep. On a loop may_block is false; HTTP_NEEDS_WORKER makes the server call again with the same
    // req on a worker (may_block true, where HTTP_DONE is the only answer). Never both done and again.
    enum http_outcome (*handle)(void *ctx, void *thread, struct request *req, struct reply *rep, bool may_block);
    // Makes the reply for a request that never became one: p, detail as in h1_reject. May be NULL (problem_reply is
    // used).
    void (*reject)(void *ctx, void *thread, struct reply *rep, struct arena *arena, bool secure, enum problem p,
                   const char *detail);
    // After the reply was queued: for access log and metrics. req is NULL for a rejected one. ns: from whole request
    // read.
    void (*done)(void *ctx, void *thread, const struct request *req, const struct reply *rep, struct ip peer,
                 const char *request_id, int64_t ns);
    void (*batch_end)(void *ctx, void *thread); // a loop finished a round of events: flush logs; may be NULL
};

struct httpd_options {
    const char *listen; // "HOST:PORT", "[::1]:0", or "unix:/path" (mode 0600, replaced only if dead)
    const char *name;   // for metrics and logs: "api", "management", "admin", "ec2sim"
    unsigned loops;     // 0 = one per core
    unsigned workers;   // 0 = none: handle is called on the loop with may_block true
    unsigned queue_max; // requests waiting for a worker: past it 503 with Retry-After: 1
    unsigned max_connections, max_per_address;     // past them: 503, then close (max_per_address 0 = no cap)
    int64_t header_ms, body_ms, idle_ms, write_ms; // 10000, 30000, 75000, 30000
    uint32_t body_min_rate;                        // bytes a second once 1 s has passed: 500
    uint32_t target_max, head_max;
    uint64_t body_max;
    uint32_t requests_per_connection;   // 0 = no cap
    size_t arena_max;                   // of one request: 8 MiB
    const char *tls_cert, *tls_key;     // PEM files, both or neither
    const struct cidr *trusted_proxies; // X-Forwarded-For / -Proto are honoured only from these
    unsigned trusted_proxy_count;
    const struct clock *clock;
};
void httpd_options_default(struct httpd_options *o);

struct httpd;
// ERR_INVALID (address), ERR_EXISTS (port busy; the detail names the address and how to choose another), ERR_IO,
// ERR_NOMEM.
enum err httpd_start(const struct httpd_options *o, const struct http_app *app, struct httpd **ret,
                     struct error *err) MUST_CHECK;
const char *httpd_address(const struct httpd *s); // "127.0.0.1:8080" as bound (IPv6 in brackets), or the socket path
// New certificate and key from the same paths; on failure the old ones stay. ERR_INVALID names the file.
enum err httpd_reload_tls(struct httpd *s, struct error *err) MUST_CHECK;
// The first half of httpd_stop, for a shutdown that a second signal may shorten: stops accepting, waits until what is
// in flight is done, drain_ms are over, or another thread calls httpd_hurry. httpd_stop must follow.
void httpd_drain(struct httpd *s, int64_t drain_ms);
void httpd_hurry(struct httpd *s); // not after httpd_stop has begun
// Graceful: stops accepting, finishes requests in flight, closes idle connections at once and others with
// `Connection: close` after their reply; after drain_ms cuts what is left. Frees everything. NULL-safe.
void httpd_stop(struct httpd **s, int64_t drain_ms);
