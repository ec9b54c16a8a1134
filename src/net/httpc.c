// SPDX-License-Identifier: Apache-2.0
// HTTP out over libcurl's easy interface: one handle, one transfer at a time, everything set anew for each request.
// Called by: cloud, cli. Must never: follow a redirect, read netrc or proxy variables, speak anything but http and
// https, or let a reply grow past its cap. curl/curl.h is included nowhere else.
#include "net/httpc.h"

#include <curl/curl.h>
#include <pthread.h>
#include <sys/socket.h>

#include "base/mem.h"

#define HEAD_MAX     (128 * 1024) // all header bytes of a reply, interim ones included
#define KEPT_MAX     4            // idle connections a handle keeps
#define URL_BYTES    8192
#define HEADERS_MAX  64
#define HEADER_BYTES (64 * 1024) // a session token has no promised size

struct httpc {
    CURL *easy;
    struct buf body; // owned by the running transfer; its memory is reused
    char *ca_bundle, *https_proxy, *no_proxy, *user_agent;
    _Atomic bool cancelled; // set by any thread, never cleared
    char why[CURL_ERROR_SIZE];
};

// What the callbacks of one transfer know.
struct transfer {
    struct httpc *c;
    struct arena *arena;
    struct httpc_reply *reply;
    size_t head_bytes, max_body;
    bool head_too_large;
    const struct httpc_request *request;
    struct ip refused; // the last address that may_connect refused; family 0 = none
};

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;
static CURLcode curl_started;

static void curl_start(void)
{
    curl_started = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static bool copy_option(const char *from, char **to)
{
    if (!from) return true;
    *to = mem_strndup(from, strlen(from));
    return *to != NULL;
}

enum err httpc_new(const struct httpc_options *opt, struct httpc **ret, struct error *err)
{
    pthread_once(&curl_once, curl_start);
    if (curl_started != CURLE_OK)
        return error_set(err, ERR_INTERNAL, "libcurl does not start: %s", curl_easy_strerror(curl_started));
    struct httpc *c = mem_zalloc(1, sizeof *c);
    if (!c) return error_set(err, ERR_NOMEM, "no memory for an HTTP client");
    buf_init(&c->body, SIZE_MAX);
    c->easy = curl_easy_init();
    if (!c->easy || !copy_option(opt->ca_bundle, &c->ca_bundle) || !copy_option(opt->https_proxy, &c->https_proxy) ||
        !copy_option(opt->no_proxy, &c->no_proxy) || !copy_option(opt->user_agent, &c->user_agent)) {
        httpc_free(c);
        return error_set(err, ERR_NOMEM, "no memory for an HTTP client");
    }
    *ret = c;
    return ERR_OK;
}

void httpc_free(struct httpc *c)
{
    if (!c) return;
    curl_easy_cleanup(c->easy); // NULL-safe
    buf_done(&c->body);
    mem_free(c->ca_bundle);
    mem_free(c->https_proxy);
    mem_free(c->no_proxy);
    mem_free(c->user_agent);
    mem_free(c);
}

void httpc_cancel(struct httpc *c)
{
    c->cancelled = true;
}

// ---- callbacks ----------------------------------------------------------------------------

static size_t on_body(char *p, size_t size, size_t count, void *ctx)
{
    struct transfer *t = ctx;
    size_t n = size * count; // size is always 1
    buf_add(&t->c->body, p, n);
    return t->c->body.fail == BUF_OK ? n : 0;
}

static void keep_header(struct transfer *t, struct slice name, struct slice value)
{
    struct {
        const char *name;
        struct slice *to;
    } wanted[] = {
        {"content-type", &t->reply->content_type},   {"date", &t->reply->date},
        {"retry-after", &t->reply->retry_after},     {"x-amz-retry-after", &t->reply->amz_retry_after},
        {"x-amzn-requestid", &t->reply->request_id}, {"x-amz-request-id", &t->reply->request_id},
    };
    for (unsigned i = 0; i < ARRAY_LEN(wanted); i++)
        if (slice_eq_nocase(name, slice_of(wanted[i].name)) && !wanted[i].to->p)
            *wanted[i].to = arena_slice(t->arena, value);
}

static size_t on_header(char *p, size_t size, size_t count, void *ctx)
{
    struct transfer *t = ctx;
    size_t n = size * count;
    struct slice line = slice_n(p, n), name;
    t->head_bytes += n;
    if (t->head_bytes > HEAD_MAX) {
        t->head_too_large = true;
        return 0;
    }
    if (slice_starts(line, SLICE("HTTP/"))) { // a new status line: what came before was interim
        *t->reply = (struct httpc_reply){0};
        return n;
    }
    if (slice_cut(&line, ':', &name)) keep_header(t, name, slice_trim(line, " \t\r\n"));
    return n;
}

// libcurl calls it at least once a second.
static int on_progress(void *ctx, curl_off_t dl_total, curl_off_t dl, curl_off_t ul_total, curl_off_t ul)
{
    const struct transfer *t = ctx;
    (void)dl_total, (void)dl, (void)ul_total, (void)ul;
    return t->c->cancelled;
}

static curl_socket_t on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
    struct transfer *t = ctx;
    struct ip to = ip_from_sockaddr(&a->addr);
    (void)purpose;
    if (!t->request->may_connect(t->request->may_ctx, to)) {
        t->refused = to;
        return CURL_SOCKET_BAD;
    }
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

// ---- request ------------------------------------------------------------------------------

// A value with a line break would be a second header.
static bool header_is_clean(const struct header *h)
{
    for (size_t i = 0; i < h->value.n; i++)
        if (h->value.p[i] == '\r' || h->value.p[i] == '\n' || h->value.p[i] == '\0') return false;
    for (size_t i = 0; i < h->name.n; i++)
        if (h->name.p[i] <= ' ' || h->name.p[i] == ':' || h->name.p[i] == 0x7f) return false;
    return h->name.n > 0;
}

static enum err append(struct curl_slist **list, const char *line, struct error *err)
{
    struct curl_slist *more = curl_slist_append(*list, line);
    if (!more) return error_set(err, ERR_NOMEM, "no memory for request headers");
    *list = more;
    return ERR_OK;
}

static enum err add_headers(const struct httpc_request *q, struct curl_slist **list, struct error *err)
{
    bool has_type = false;
    struct buf line;
    enum err e = append(list, "Expect:", err); // never wait for 100 Continue
    buf_init(&line, HEADER_BYTES);
    for (unsigned i = 0; e == ERR_OK && i < q->header_count; i++) {
        const struct header *h = &q->headers[i];
        if (!header_is_clean(h)) {
            e = error_set(err, ERR_INVALID, "a request header holds a character that is not allowed");
            break;
        }
        has_type = has_type || slice_eq_nocase(h->name, SLICE("content-type"));
        buf_clear(&line);
        buf_slice(&line, h->name);
        buf_str(&line, h->value.n ? ": " : ";"); // libcurl's spelling of an empty value
        buf_slice(&line, h->value);
        buf_char(&line, '\0');
        e = line.fail == BUF_OK ? append(list, line.p, err)
                                : error_set(err, line.fail == BUF_NOMEM ? ERR_NOMEM : ERR_INVALID,
                                            "a request header has more than %d bytes", HEADER_BYTES);
    }
    if (e == ERR_OK && !has_type) e = append(list, "Content-Type:", err); // libcurl would invent one
    if (line.p) mem_wipe(line.p, line.cap);                               // may have held a token
    buf_done(&line);
    return e;
}

static bool is_https(const char *url)
{
    return slice_eq_nocase(slice_n(url, MIN(strlen(url), (size_t)8)), SLICE("https://"));
}

static void set_method(CURL *e, const struct httpc_request *q)
{
    if (strcmp(q->method, "GET") == 0 && q->body.n == 0) {
        curl_easy_setopt(e, CURLOPT_HTTPGET, 1L);
        return;
    }
    curl_easy_setopt(e, CURLOPT_POST, 1L);
    curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, q->method);
    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body.n);
    curl_easy_setopt(e, CURLOPT_POSTFIELDS, q->body.n ? q->body.p : ""); // ours, lives until the transfer ends
}

static void set_limits(struct httpc *c, const struct httpc_request *q, struct transfer *t)
{
    CURL *e = c->easy;
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)q->connect_ms);
    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)q->total_ms);
    curl_easy_setopt(e, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)q->max_body);
    curl_easy_setopt(e, CURLOPT_MAXCONNECTS, (long)KEPT_MAX);
    curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, (long)q->once);
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->why);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(e, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(e, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(e, CURLOPT_XFERINFODATA, t);
    if (!q->may_connect) return;
    curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, t);
}

static CURLcode set_transport(struct httpc *c, const struct httpc_request *q)
{
    CURL *e = c->easy;
    bool proxied = c->https_proxy && !q->no_proxy && !q->unix_socket && is_https(q->url);
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    // Empty strings keep libcurl from reading the proxy variables of the environment by itself.
    CURLcode rc = curl_easy_setopt(e, CURLOPT_PROXY, proxied ? c->https_proxy : "");
    if (rc == CURLE_OK) rc = curl_easy_setopt(e, CURLOPT_NOPROXY, proxied && c->no_proxy ? c->no_proxy : "");
    if (rc == CURLE_OK && q->unix_socket) rc = curl_easy_setopt(e, CURLOPT_UNIX_SOCKET_PATH, q->unix_socket);
    curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (rc == CURLE_OK && c->ca_bundle) rc = curl_easy_setopt(e, CURLOPT_CAINFO, c->ca_bundle);
    if (rc == CURLE_OK && c->user_agent) rc = curl_easy_setopt(e, CURLOPT_USERAGENT, c->user_agent);
    return rc;
}

static CURLcode set_digest(struct httpc *c, const struct httpc_request *q)
{
    CURLcode rc = curl_easy_setopt(c->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_DIGEST);
    if (rc == CURLE_OK) rc = curl_easy_setopt(c->easy, CURLOPT_USERNAME, q->digest_user);
    if (rc == CURLE_OK) rc = curl_easy_setopt(c->easy, CURLOPT_PASSWORD, q->digest_secret);
    return rc;
}

static enum err prepare(struct httpc *c, const struct httpc_request *q, struct transfer *t, struct curl_slist **list,
                        struct error *err)
{
    ASSERT(q->connect_ms > 0 && q->total_ms > 0);
    if (strlen(q->url) > URL_BYTES) return error_set(err, ERR_INVALID, "URL has more than %d bytes", URL_BYTES);
    if (q->header_count > HEADERS_MAX) return error_set(err, ERR_INVALID, "more than %d request headers", HEADERS_MAX);
    enum err e = add_headers(q, list, err);
    if (e != ERR_OK) return e;
    curl_easy_reset(c->easy); // options only: connections, DNS and TLS sessions stay
    c->why[0] = '\0';
    buf_clear(&c->body);
    c->body.max = q->max_body;
    set_method(c->easy, q);
    set_limits(c, q, t);
    CURLcode rc = set_transport(c, q);
    if (rc == CURLE_OK && q->digest_user) rc = set_digest(c, q);
    if (rc == CURLE_OK) rc = curl_easy_setopt(c->easy, CURLOPT_URL, q->url);
    if (rc == CURLE_OK) rc = curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, *list);
    if (rc != CURLE_OK) return error_set(err, ERR_NOMEM, "request cannot be set up: %s", curl_easy_strerror(rc));
    return ERR_OK;
}

// ---- outcome ------------------------------------------------------------------------------

static enum err code_of(CURLcode rc, bool sent)
{
    switch (rc) {
    case CURLE_OPERATION_TIMEDOUT:
        return ERR_TIMEOUT;
    case CURLE_OUT_OF_MEMORY:
        return ERR_NOMEM;
    case CURLE_FILESIZE_EXCEEDED:
        return ERR_TOO_LARGE;
    case CURLE_URL_MALFORMAT:
        return ERR_INVALID;
    case CURLE_UNSUPPORTED_PROTOCOL: // of the URL, or HTTP/0.9 from the server
        return sent ? ERR_PROTOCOL : ERR_INVALID;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_CHUNK_FAILED:
        return ERR_PROTOCOL;
    default:
        return ERR_UNAVAILABLE;
    }
}

static enum err failed(const struct transfer *t, CURLcode rc, bool sent, struct error *err)
{
    const struct httpc *c = t->c;
    if (c->cancelled) return error_set(err, ERR_UNAVAILABLE, "request was cancelled");
    if (t->refused.family && !sent) {
        char text[IP_STR];
        ip_format(t->refused, text);
        return error_set(err, ERR_DENIED, "connections to %s are not allowed", text);
    }
    if (t->head_too_large) return error_set(err, ERR_PROTOCOL, "reply has more than %d bytes of headers", HEAD_MAX);
    if (c->body.fail == BUF_NOMEM) return error_set(err, ERR_NOMEM, "no memory for the reply");
    if (c->body.fail == BUF_TOO_LARGE || rc == CURLE_FILESIZE_EXCEEDED)
        return error_set(err, ERR_TOO_LARGE, "reply is larger than %zu bytes", t->max_body);
    return error_set(err, code_of(rc, sent), "%s", c->why[0] ? c->why : curl_easy_strerror(rc));
}

// A chunk of a bad chunked body is reported as a receive failure; nothing more can be told from outside.
static enum err finish(struct transfer *t, struct httpc_reply *ret, struct error *err)
{
    long status = 0;
    curl_easy_getinfo(t->c->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status < 100 || status > 999) return error_set(err, ERR_PROTOCOL, "reply has no HTTP status");
    t->reply->status = (int)status;
    t->reply->body = arena_slice(t->arena, buf_view(&t->c->body));
    if (arena_failed(t->arena)) return error_set(err, ERR_NOMEM, "no memory for the reply");
    *ret = *t->reply;
    return ERR_OK;
}

enum err httpc_do(struct httpc *c, const struct httpc_request *q, struct arena *a, struct httpc_reply *ret,
                  bool *ret_sent, struct error *err)
{
    struct httpc_reply reply = {0};
    struct transfer t = {.c = c, .arena = a, .reply = &reply, .max_body = q->max_body, .request = q};
    struct curl_slist *list = NULL;
    bool sent = false;
    if (ret_sent) *ret_sent = false;
    if (c->cancelled) return error_set(err, ERR_UNAVAILABLE, "request was cancelled");
    enum err e = prepare(c, q, &t, &list, err);
    if (e == ERR_OK) {
        CURLcode rc = curl_easy_perform(c->easy);
        long request_bytes = 0;
        curl_easy_getinfo(c->easy, CURLINFO_REQUEST_SIZE, &request_bytes);
        sent = rc == CURLE_OK || request_bytes > 0;
        e = rc == CURLE_OK ? finish(&t, ret, err) : failed(&t, rc, sent, err);
    }
    curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, NULL); // it must not outlive its list
    curl_easy_setopt(c->easy, CURLOPT_ERRORBUFFER, NULL);
    curl_slist_free_all(list);
    if (c->body.cap > 1024 * 1024) buf_done(&c->body); // one large reply must not pin its memory
    if (ret_sent) *ret_sent = sent;
    return e;
}
