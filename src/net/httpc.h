// SPDX-License-Identifier: Apache-2.0
// HTTP out: libcurl's only home. Called by: cloud (EC2, STS, metadata), notice (webhooks), cli. Must never: follow
// redirects, read netrc, print secrets, or run without a deadline and a size cap.
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/cidr.h"
#include "base/error.h"
#include "net/message.h"

struct httpc; // one handle with its connection cache; one thread at a time
struct httpc_options {
    const char *ca_bundle;   // AWS_CA_BUNDLE; NULL = system store
    const char *https_proxy; // HTTPS_PROXY; NULL = none
    const char *no_proxy;
    const char *user_agent;
};
struct httpc_request {
    const char *method;      // "GET", "POST", "PUT"
    const char *url;         // http or https
    const char *unix_socket; // NULL, or the path of an AF_UNIX socket (admin socket)
    const struct header *headers;
    unsigned header_count;
    struct slice body;
    int64_t connect_ms, total_ms; // both > 0
    size_t max_body;              // ERR_TOO_LARGE past it
    const char *digest_user;   // NULL, or Digest (RFC 7616) with digest_secret: asked first, then sent with an answer
    const char *digest_secret; // to the challenge; a server that asks for Basic gets nothing
    bool no_proxy;             // link-local metadata addresses
    bool once;                 // on a fresh connection: libcurl re-sends by itself when a kept one has died
    // NULL, or asked for each address before a connection to it is made, after the name was resolved. A handle keeps
    // connections between requests: all of its requests must ask the same.
    bool (*may_connect)(void *ctx, struct ip to);
    void *may_ctx;
};
struct httpc_reply {
    int status;
    struct slice content_type, date, retry_after, request_id; // of the reply; empty when absent; in arena
    struct slice amz_retry_after;                             // x-amz-retry-after: milliseconds
    struct slice body;
};
enum err httpc_new(const struct httpc_options *opt, struct httpc **ret, struct error *err) MUST_CHECK;
void httpc_free(struct httpc *c); // NULL-safe
// ERR_DENIED (may_connect refused), ERR_TIMEOUT, ERR_UNAVAILABLE (connect, reset, DNS, TLS), ERR_TOO_LARGE,
// ERR_PROTOCOL, ERR_NOMEM. Any HTTP status is ERR_OK. *ret_sent (may be NULL): whether any byte of the request may have
// reached the server, for callers that must not repeat.
enum err httpc_do(struct httpc *c, const struct httpc_request *q, struct arena *a, struct httpc_reply *ret,
                  bool *ret_sent, struct error *err) MUST_CHECK;
// From another thread: the running transfer ends with ERR_UNAVAILABLE soon (<= 1 s), and so does every later one of
// this handle at once, so that a cancel between two transfers is not lost.
void httpc_cancel(struct httpc *c);
