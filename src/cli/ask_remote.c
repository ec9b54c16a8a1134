// SPDX-License-Identifier: Apache-2.0
// A remote server over libcurl: Digest with an API key, or an access token that a service account minted for this
// process only and gives back at the end. Called by: ask.c. Must never: write a token or secret anywhere, send a
// service account's secret in the clear over a network, or repeat a request that may have had its effect.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/ask.h"
#include "net/httpc.h"

#define REPLY_MAX  ((size_t)64 << 20)
#define CONNECT_MS 5000
#define TOTAL_MS   60000
#define TOKEN_MAX  8192
#define WAIT_MAX   60 // seconds of Retry-After that are waited for
#define ARENA_MAX  ((size_t)1 << 20)

struct remote {
    struct server server;
    struct httpc *http;
    char *bearer; // "Bearer …"; NULL: Digest
};

// The first of the names that is set and not empty.
static const char *env(const char *name, const char *second)
{
    const char *v = getenv(name);
    if (!v || !*v) v = getenv(second);
    return v && *v ? v : NULL;
}

static void forget_token(struct remote *r)
{
    if (!r->bearer) return;
    mem_wipe(r->bearer, strlen(r->bearer));
    mem_free(r->bearer);
    r->bearer = NULL;
}

// ---- one exchange -----------------------------------------------------------------------------------------

struct exchange {
    const char *method, *target, *accept, *content_type, *authorization;
    struct slice body;
};

static enum err hint(const struct remote *r, bool sent, const char *method, struct error *err)
{
    bool change = strcmp(method, "GET") != 0;
    if (sent && change) return error_prefix(err, "%s gave no answer; what was asked may be done", r->server.url);
    return error_prefix(err, "cannot ask %s", r->server.url);
}

static enum err exchange(struct remote *r, const struct exchange *x, struct arena *a, struct httpc_reply *ret,
                         struct error *err)
{
    const char *url = arena_fmt(a, "%s%s", r->server.url, x->target);
    struct header headers[3];
    unsigned n = 0;
    headers[n++] = (struct header){SLICE("Accept"), slice_of(x->accept)};
    if (x->body.n) headers[n++] = (struct header){SLICE("Content-Type"), slice_of(x->content_type)};
    if (x->authorization) headers[n++] = (struct header){SLICE("Authorization"), slice_of(x->authorization)};
    struct httpc_request q = {.method = x->method,
                              .url = url,
                              .headers = headers,
                              .header_count = n,
                              .body = x->body,
                              .connect_ms = CONNECT_MS,
                              .total_ms = TOTAL_MS,
                              .max_body = REPLY_MAX,
                              .digest_user = x->authorization ? NULL : r->server.public_key,
                              .digest_secret = r->server.private_key,
                              .once = strcmp(x->method, "GET") != 0};
    bool sent;
    if (!url) return error_set(err, ERR_NOMEM, "out of memory");
    if (httpc_do(r->http, &q, a, ret, &sent, err) == ERR_OK) return ERR_OK;
    return hint(r, sent, x->method, err);
}

// ---- access tokens ----------------------------------------------------------------------------------------

static const char *basic(const struct remote *r, struct arena *a)
{
    const char *pair = arena_fmt(a, "%s:%s", r->server.client_id, r->server.client_secret);
    size_t n = pair ? strlen(pair) : 0;
    char *text = arena_alloc(a, BASE64_LEN(n) + 1);
    if (!pair || !text) return NULL;
    base64_encode(pair, n, text);
    mem_wipe((char *)(uintptr_t)pair, n);
    const char *value = arena_fmt(a, "Basic %s", text);
    mem_wipe(text, BASE64_LEN(n));
    return value;
}

static void wipe(const char *text)
{
    if (text) mem_wipe((char *)(uintptr_t)text, strlen(text)); // of an arena: nobody reads it any more
}

static enum err take_token(struct remote *r, const struct httpc_reply *reply, struct error *err)
{
    struct json_doc *doc;
    if (reply->status != 200) {
        const struct api_reply shown = {reply->status, reply->body};
        if (reply->status == 429 || reply->status >= 500) return api_check(&shown, err);
        return error_set(err, ERR_DENIED, "%s gives no access token to %s (status %d): wrong id or secret, or too many",
                         r->server.url, r->server.client_id, reply->status);
    }
    if (json_read(reply->body, TOKEN_MAX, &doc, err) != ERR_OK)
        return error_set(err, ERR_PROTOCOL, "%s answered no access token; is the URL right?", r->server.url);
    struct slice token = json_string(json_get(json_root(doc), "access_token"));
    const struct slice prefix = SLICE("Bearer ");
    r->bearer = token.n ? mem_zalloc(1, prefix.n + token.n + 1) : NULL;
    if (r->bearer) {
        memcpy(r->bearer, prefix.p, prefix.n);
        memcpy(r->bearer + prefix.n, token.p, token.n);
    }
    json_doc_free(doc);
    return r->bearer ? ERR_OK : error_set(err, ERR_PROTOCOL, "%s answered no access token", r->server.url);
}

static enum err mint(struct remote *r, struct error *err)
{
    struct arena *a = arena_new(ARENA_MAX);
    if (!a) return error_set(err, ERR_NOMEM, "out of memory");
    const char *auth = basic(r, a);
    struct httpc_reply reply;
    const struct exchange x = {.method = "POST",
                               .target = "/api/oauth/token",
                               .accept = "application/json",
                               .content_type = "application/x-www-form-urlencoded",
                               .authorization = auth,
                               .body = SLICE("grant_type=client_credentials")};
    enum err code = auth ? exchange(r, &x, a, &reply, err) : error_set(err, ERR_NOMEM, "out of memory");
    if (code == ERR_OK) {
        code = take_token(r, &reply, err);
        mem_wipe((char *)(uintptr_t)reply.body.p, reply.body.n);
    }
    wipe(auth);
    arena_free(a);
    return code;
}

// An account has a bounded number of live tokens; what cannot be given back ends by itself within the hour.
static void give_back(struct remote *r)
{
    struct arena *a = arena_new(ARENA_MAX);
    struct error err;
    struct httpc_reply reply;
    if (!a || !r->bearer || !r->http) {
        arena_free(a);
        return;
    }
    const char *token = strchr(r->bearer, ' ') + 1;
    const char *body = arena_fmt(a, "token=%s", token);
    const struct exchange x = {.method = "POST",
                               .target = "/api/oauth/revoke",
                               .accept = "application/json",
                               .content_type = "application/x-www-form-urlencoded",
                               .authorization = basic(r, a),
                               .body = slice_of(body)};
    if (body && x.authorization) (void)!exchange(r, &x, a, &reply, &err);
    wipe(body);
    wipe(x.authorization);
    arena_free(a);
}

// ---- the interface ----------------------------------------------------------------------------------------

enum err remote_open(const struct server *s, struct remote **ret, struct error *err)
{
    struct remote *r = mem_zalloc(1, sizeof *r);
    if (!r) return error_set(err, ERR_NOMEM, "out of memory");
    r->server = *s;
    const struct httpc_options o = {.ca_bundle = s->ca_file,
                                    .https_proxy = env("HTTPS_PROXY", "https_proxy"),
                                    .no_proxy = env("NO_PROXY", "no_proxy"),
                                    .user_agent = "peerage/" PEERAGE_VERSION};
    enum err code = httpc_new(&o, &r->http, err);
    if (code == ERR_OK && !s->public_key) code = mint(r, err);
    if (code != ERR_OK) {
        remote_close(&r);
        return code;
    }
    *ret = r;
    return ERR_OK;
}

void remote_close(struct remote **rp)
{
    struct remote *r = *rp;
    if (!r) return;
    *rp = NULL;
    give_back(r);
    forget_token(r);
    httpc_free(r->http);
    mem_free(r);
}

// False: there is nothing to wait for, or it is too long.
static bool wait_as_told(const struct httpc_reply *reply)
{
    uint64_t seconds = 1;
    if (reply->retry_after.n && !slice_u64(reply->retry_after, WAIT_MAX, &seconds)) return false;
    if (isatty(STDERR_FILENO)) dprintf(STDERR_FILENO, "peerage: rate limited; asking again in %d s\n", (int)seconds);
    cli_pause((int64_t)seconds * NS_PER_SEC);
    return true;
}

// The refusal of a credential has this code; a role that is too low has another, and a fresh token would not help.
static bool token_refused(const struct httpc_reply *reply)
{
    struct json_doc *doc;
    struct error err;
    if (reply->status != 401) return false;
    if (json_read(reply->body, REPLY_MAX, &doc, &err) != ERR_OK) return true;
    bool refused = slice_eq_cstr(json_string(json_get(json_root(doc), "errorCode")), "UNEXPECTED_ERROR");
    json_doc_free(doc);
    return refused;
}

enum err remote_ask(struct remote *r, const char *method, const char *target, struct slice body, struct arena *a,
                    struct api_reply *ret, struct error *err)
{
    struct exchange x = {.method = method,
                         .target = target,
                         .accept = api_accept(target),
                         .content_type = "application/json",
                         .authorization = r->bearer,
                         .body = body};
    struct httpc_reply reply;
    enum err code = exchange(r, &x, a, &reply, err);
    if (code == ERR_OK && r->bearer && token_refused(&reply)) { // it ended meanwhile; nothing was done
        forget_token(r);
        if (mint(r, err) != ERR_OK) return err->code;
        x.authorization = r->bearer;
        code = exchange(r, &x, a, &reply, err);
    }
    if (code == ERR_OK && reply.status == 429 && wait_as_told(&reply)) code = exchange(r, &x, a, &reply, err);
    if (code == ERR_OK) *ret = (struct api_reply){reply.status, reply.body};
    return code;
}
