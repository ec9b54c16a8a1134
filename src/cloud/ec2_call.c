// SPDX-License-Identifier: Apache-2.0
// The one way to a service: form body, signature, transfer, classification, retry. EC2's and STS' query protocols.
// Called by: cloud's calls. Must never: send a change twice on its own, retry past the budget, or keep a secret.
#include <stdio.h>

#include "base/encode.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "cloud/internal.h"
#include "net/sigv4.h"

#define BODY_MAX     (64 * 1024)
#define NODES_MAX    500000 // 1000 peerings with 50 tags each are about 220,000 elements
#define PACE_KEY     200
#define CONTENT_TYPE "application/x-www-form-urlencoded; charset=utf-8"

void param_add(struct buf *params, const char *name, struct slice value)
{
    buf_char(params, '&');
    buf_str(params, name);
    buf_char(params, '=');
    form_encode(params, value);
}

// One service call on its way; made once, used for all attempts.
struct trip {
    struct cloud *c;
    const struct aws_call *q;
    const struct creds *creds;
    const char *region;
    struct endpoint endpoint;
    struct buf body;
    char pace_key[PACE_KEY];
    struct arena *a;
    // of the last attempt
    int64_t server_ns; // what the server asked us to wait
    bool skew;         // our clock was to blame
    bool undone;       // the change surely did not happen
};

// ---- one attempt --------------------------------------------------------------------------

static enum err sign(struct trip *t, struct header *h, unsigned *n, struct buf *auth, char stamp[17], struct error *err)
{
    if (!t->creds) return ERR_OK;
    struct wall now = clock_wall(t->c->opt.clock);
    now.us += t->c->sign_us;
    wall_sigv4(now, stamp);
    h[(*n)++] = (struct header){SLICE("x-amz-date"), slice_of(stamp)};
    struct sigv4_key key = {slice_of(t->creds->id), slice_of(t->creds->secret), slice_of(t->creds->token)};
    if (key.session_token.n) h[(*n)++] = (struct header){SLICE("x-amz-security-token"), key.session_token};
    struct sigv4_scope scope = {slice_of(t->region), slice_of(t->q->service)};
    struct sigv4_input in = {.method = SLICE("POST"),
                             .path = slice_of(t->endpoint.path),
                             .headers = h,
                             .header_count = *n,
                             .payload = buf_view(&t->body),
                             .normalize_path = true};
    enum err e = sigv4_authorization(&in, &key, &scope, now, t->a, auth, err);
    if (e == ERR_OK) h[(*n)++] = (struct header){SLICE("authorization"), buf_view(auth)};
    return e;
}

static enum err transfer(struct trip *t, struct httpc_reply *ret, bool *ret_sent, struct error *err)
{
    struct header h[6] = {{SLICE("content-type"), SLICE(CONTENT_TYPE)}, {SLICE("host"), slice_of(t->endpoint.host)}};
    unsigned n = 2;
    char stamp[17];
    struct buf auth;
    struct httpc *http;
    *ret_sent = false;
    buf_init(&auth, 4096);
    enum err e = sign(t, h, &n, &auth, stamp, err);
    if (e == ERR_OK) e = cloud_http_take(t->c, &http, err);
    if (e == ERR_OK) {
        struct httpc_request q = {.method = "POST",
                                  .url = t->endpoint.url,
                                  .headers = h,
                                  .header_count = n,
                                  .body = buf_view(&t->body),
                                  .connect_ms = t->c->opt.connect_ms,
                                  .total_ms = t->c->opt.call_ms,
                                  .max_body = t->c->opt.max_reply,
                                  .once = t->q->changes};
        e = httpc_do(http, &q, t->a, ret, ret_sent, err);
        cloud_http_give(t->c, http);
    }
    buf_done(&auth);
    return e;
}

// libcurl's texts count milliseconds and bytes, which would make each failure a new one.
static void without_counts(const char *from, char *to, size_t cap)
{
    size_t n = 0;
    while (*from && n + 1 < cap) {
        size_t digits = strspn(from, "0123456789");
        const char *unit = from + digits;
        bool counted = digits && (strncmp(unit, " ms", 3) == 0 || strncmp(unit, " milliseconds", 13) == 0 ||
                                  strncmp(unit, " bytes", 6) == 0 || strncmp(unit, " out of", 7) == 0);
        if (counted) {
            to[n++] = 'N';
            from = unit;
        } else {
            to[n++] = *from++;
        }
    }
    to[n] = '\0';
}

static enum cloud_class transfer_failed(const struct trip *t, const struct error *e, struct cloud_failure *f)
{
    char why[240];
    const char *host = t->endpoint.host;
    without_counts(e->detail, why, sizeof why);
    switch (e->code) {
    case ERR_TIMEOUT:
        return cloud_fail(f, CLOUD_TRANSIENT, "%s did not answer within %lld s; check network, proxy and endpoint",
                          host, (long long)(t->c->opt.call_ms + 999) / 1000);
    case ERR_TOO_LARGE:
        return cloud_fail(f, CLOUD_PERMANENT, "the answer of %s to %s is larger than %zu bytes and was not read", host,
                          t->q->action, t->c->opt.max_reply);
    case ERR_PROTOCOL:
        return cloud_fail(f, CLOUD_TRANSIENT, "%s does not answer in HTTP as it should: %s", host, why);
    case ERR_INVALID:
        return cloud_fail(f, CLOUD_PERMANENT, "the request to %s cannot be made: %s", host, why);
    default:
        return cloud_fail(f, CLOUD_TRANSIENT, "%s cannot be reached: %s; check network, proxy and endpoint", host, why);
    }
}

static void note_clock(struct cloud *c, const struct httpc_reply *r)
{
    struct wall date;
    if (!r->date.n || !wall_parse_http_date(r->date, &date)) return;
    c->skew_us = date.us - clock_wall(c->opt.clock).us;
}

// AWS' sentence without what differs from call to call.
static struct slice stable_message(const char *message)
{
    const char *cut = strstr(message, "Encoded authorization failure message");
    struct slice s = cut ? slice_n(message, (size_t)(cut - message)) : slice_of(message);
    return slice_trim(s, " .");
}

static enum cloud_class refused(struct trip *t, const struct httpc_reply *r, const struct ec2_error *e,
                                struct cloud_failure *f)
{
    enum cloud_class c = retry_classify(r->status, slice_of(e->code), slice_of(e->message), &t->skew);
    const char *name = strcmp(t->q->service, "ec2") == 0 ? "EC2" : "STS";
    if (t->skew)
        cloud_fail(f, c, "%s refused the time of our request (%s): the clock of this machine is wrong; check NTP", name,
                   e->code);
    else
        cloud_fail(f, c, "%s refused %s: %s: %.*s", name, t->q->action, e->code, SLICE_FMT(stable_message(e->message)));
    memcpy(f->code, e->code, sizeof f->code);
    memcpy(f->request_id, e->request_id, sizeof f->request_id);
    t->undone = c != CLOUD_TRANSIENT;
    return c;
}

// A failure whose body is not AWS': a proxy, a load balancer, or something else that listens there.
static enum cloud_class unknown_answer(struct trip *t, const struct httpc_reply *r, struct cloud_failure *f)
{
    const char *host = t->endpoint.host;
    if (r->status == 429) return cloud_fail(f, CLOUD_THROTTLED, "%s answered HTTP 429: too many requests", host);
    if (r->status >= 500 || r->status == 408 || r->status == 425)
        return cloud_fail(f, CLOUD_TRANSIENT, "%s answered HTTP %d without an AWS error", host, r->status);
    if (r->status >= 300 && r->status < 400)
        return cloud_fail(f, CLOUD_PERMANENT, "%s answered a redirect (HTTP %d), which is not followed; check endpoint",
                          host, r->status);
    if (r->status == 401 || r->status == 403 || r->status == 407)
        return cloud_fail(f, CLOUD_TRANSIENT,
                          "%s answered HTTP %d without an AWS error: is a proxy or firewall in between?", host,
                          r->status);
    return cloud_fail(f, CLOUD_PERMANENT, "%s answered HTTP %d without an AWS error; check endpoint", host, r->status);
}

static enum cloud_class read_reply(struct trip *t, const struct httpc_reply *r, const struct xml_node **ret_root,
                                   struct cloud_failure *f)
{
    struct xml_limits lim = {.max_bytes = t->c->opt.max_reply, .max_nodes = NODES_MAX, .max_depth = 32};
    struct ec2_error e;
    struct error err;
    enum cloud_class class;
    if (r->status == 200) {
        class = ec2_parse_reply(r->body, t->q->action, &lim, t->a, ret_root, &err);
        if (class == CLOUD_PERMANENT && ec2_parse_error(r->body, t->a, &e))
            class = refused(t, r, &e, f); // an error under status 200
        else if (class != CLOUD_OK)
            cloud_fail(f, class, "%s", err.detail);
    } else if (ec2_parse_error(r->body, t->a, &e)) {
        class = refused(t, r, &e, f);
    } else {
        class = unknown_answer(t, r, f);
    }
    if (class != CLOUD_OK) f->http_status = r->status;
    return class;
}

static enum cloud_class attempt(struct trip *t, const struct xml_node **ret_root, struct cloud_failure *f)
{
    struct httpc_reply r;
    struct error err;
    bool sent;
    t->server_ns = 0;
    t->skew = t->undone = false;
    arena_reset(t->a);
    enum err e = transfer(t, &r, &sent, &err);
    if (e != ERR_OK) {
        t->undone = !sent;
        return transfer_failed(t, &err, f);
    }
    note_clock(t->c, &r);
    t->server_ns = retry_after_ns(r.amz_retry_after, r.retry_after);
    enum cloud_class c = read_reply(t, &r, ret_root, f);
    if (c != CLOUD_OK && !f->request_id[0] && !slice_copy(r.request_id, f->request_id, sizeof f->request_id))
        f->request_id[0] = '\0'; // too long to be one
    return c;
}

// ---- the loop -----------------------------------------------------------------------------

static void count_call(const struct trip *t, enum cloud_class c)
{
    char labels[128];
    snprintf(labels, sizeof labels, "action=\"%s\",result=\"%s\"", t->q->action, cloud_class_name(c));
    metric_add(M_CLOUD_CALLS, metric_series(M_CLOUD_CALLS, labels), 1);
}

static void count_retry(enum cloud_class c)
{
    char labels[64];
    snprintf(labels, sizeof labels, "reason=\"%s\"", cloud_class_name(c));
    metric_add(M_CLOUD_RETRIES, metric_series(M_CLOUD_RETRIES, labels), 1);
}

// What the server has asked for, and what it can bear while it is away; -1: enough wait for it already.
static int64_t wait_for_turn(struct trip *t)
{
    lock_take(&t->c->lock);
    struct mono now = clock_mono(t->c->opt.clock);
    int64_t away = away_wait(&t->c->away, slice_of(t->endpoint.host), now);
    int64_t pace = away < 0 ? 0 : pace_wait(&t->c->pace, slice_of(t->pace_key), now);
    lock_drop(&t->c->lock);
    return away < 0 ? away : MAX(away, pace);
}

// Books the outcome; true when another attempt is allowed, after *ret_ns.
static bool may_retry(struct trip *t, enum cloud_class c, unsigned tries, unsigned *cost, int64_t *ret_ns)
{
    struct cloud *cl = t->c;
    bool again = false;
    lock_take(&cl->lock);
    if (c == CLOUD_TRANSIENT)
        away_failed(&cl->away, slice_of(t->endpoint.host));
    else
        away_answered(&cl->away, slice_of(t->endpoint.host));
    if (c == CLOUD_THROTTLED)
        pace_throttled(&cl->pace, slice_of(t->pace_key), clock_mono(cl->opt.clock));
    else if (c != CLOUD_TRANSIENT)
        pace_success(&cl->pace, slice_of(t->pace_key));
    if (c != CLOUD_THROTTLED && c != CLOUD_TRANSIENT)
        retry_budget_success(&cl->budget, *cost);
    else if (tries < cl->opt.attempts && !cl->cancelled && (!t->q->changes || t->undone))
        again = retry_budget_take(&cl->budget, c, cost);
    if (again) *ret_ns = retry_delay(c, tries, t->server_ns, cl->opt.rng);
    lock_drop(&cl->lock);
    return again;
}

// Signing with the server's clock is tried once, and kept when there was a Date to go by.
static bool correct_clock(struct trip *t, bool *corrected)
{
    int64_t off = t->c->skew_us - t->c->sign_us;
    if (!t->skew || *corrected || (off < 30 * US_PER_SEC && off > -30 * US_PER_SEC)) return false;
    *corrected = true;
    t->c->sign_us = t->c->skew_us;
    return true;
}

static enum cloud_class run(struct trip *t, const struct xml_node **ret_root, struct cloud_failure *f)
{
    unsigned cost = 0;
    bool corrected = false;
    for (unsigned tries = 1;; tries++) {
        int64_t wait = wait_for_turn(t);
        if (wait < 0) // nothing was sent, and no attempt before is in doubt, or it would not be repeated
            return cloud_fail(f, CLOUD_TRANSIENT, "%s does not answer; check network, proxy and endpoint",
                              t->endpoint.host);
        if (wait > 0) t->c->sleep(t->c, wait);
        enum cloud_class c = attempt(t, ret_root, f);
        count_call(t, c);
        if (correct_clock(t, &corrected)) {
            tries--;
            continue;
        }
        if (!may_retry(t, c, tries, &cost, &wait)) {
            if (c != CLOUD_OK) f->uncertain = t->q->changes && !t->undone;
            return c;
        }
        count_retry(c);
        t->c->sleep(t->c, wait);
    }
}

enum cloud_class aws_call_with(struct cloud *c, const struct aws_call *q, const char *region,
                               const struct endpoint_overrides *o, const struct creds *creds, const char *account,
                               struct arena *a, const struct xml_node **ret_root, struct cloud_failure *f)
{
    struct trip t = {.c = c, .q = q, .creds = creds, .region = region, .a = a};
    struct error err;
    if (endpoint_resolve(&c->opt.env, o, q->service, region, &t.endpoint, &err) != ERR_OK)
        return cloud_fail(f, CLOUD_PERMANENT, "%s", err.detail);
    snprintf(t.pace_key, sizeof t.pace_key, "%s/%s/%s", *account ? account : creds ? creds->id : "", region, q->action);
    buf_init(&t.body, BODY_MAX);
    buf_lit(&t.body, "Action=");
    buf_str(&t.body, q->action);
    buf_lit(&t.body, "&Version=");
    buf_str(&t.body, q->version);
    buf_slice(&t.body, q->params);
    enum cloud_class rc = t.body.fail == BUF_OK
                              ? run(&t, ret_root, f)
                              : cloud_fail(f, CLOUD_PERMANENT, "the request %s is too large", q->action);
    if (t.body.p) mem_wipe(t.body.p, t.body.cap); // web identity tokens travel in it
    buf_done(&t.body);
    return rc;
}

static enum cloud_class call_held(struct cloud *c, const struct aws_call *q, const struct cloud_target *t,
                                  const struct held *h, struct arena *a, const struct xml_node **ret_root,
                                  struct cloud_failure *f)
{
    enum cloud_class rc = aws_call_with(c, q, t->region, &h->overrides, &h->creds, h->account, a, ret_root, f);
    if (rc != CLOUD_CREDENTIALS) creds_accepted(c, h);
    return rc;
}

// The credentials were refused: one refresh, and one more call when that brought others. h becomes the fresh ones.
static enum cloud_class call_refreshed(struct cloud *c, const struct aws_call *q, const struct cloud_target *t,
                                       struct held *h, struct arena *a, const struct xml_node **ret_root,
                                       struct cloud_failure *f)
{
    struct held fresh;
    struct cloud_failure why;
    creds_invalidate(c, h);
    enum cloud_class rc = creds_get(c, t, &fresh, &why);
    if (rc != CLOUD_OK) {
        *f = why;
        return rc;
    }
    rc = CLOUD_CREDENTIALS;
    if (!creds_same(&h->creds, &fresh.creds)) rc = call_held(c, q, t, &fresh, a, ret_root, f);
    if (rc == CLOUD_CREDENTIALS) creds_refused(c, &fresh, f);
    held_done(h);
    *h = fresh;
    return rc;
}

enum cloud_class aws_call_as(struct cloud *c, const struct aws_call *q, const struct cloud_target *t, struct arena *a,
                             const struct xml_node **ret_root, uint64_t *ret_generation, struct cloud_failure *f)
{
    struct held h;
    enum cloud_class rc = creds_get(c, t, &h, f);
    if (rc != CLOUD_OK) return rc;
    rc = call_held(c, q, t, &h, a, ret_root, f);
    if (rc == CLOUD_CREDENTIALS) rc = call_refreshed(c, q, t, &h, a, ret_root, f);
    if (rc == CLOUD_OK && ret_generation) *ret_generation = h.generation;
    held_done(&h);
    return rc;
}
