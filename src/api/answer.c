// SPDX-License-Identifier: Apache-2.0
// The few ways in which a handler answers: a problem, the store's failure, or a body. Called by: every handler,
// pipeline. Must never: leave a reply without status.
#include "api/api.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"

struct actor call_actor(struct call *c)
{
    ip_format(c->req->peer, c->remote); // in place: without memory the log must not lose from where it was
    return (struct actor){c->principal->kind, c->principal->name, c->remote,
                          principal_permits(c->principal, NEED_OPERATOR, NULL, NULL)};
}

struct slice call_user_scope(const struct call *c)
{
    const struct principal *p = c->principal;
    if (p->kind != PRINCIPAL_PERSON) return slice_of(p->name);
    return slice_of(arena_fmt(c->req->arena, "person:%s", p->name));
}

void call_problem(struct call *c, enum problem p, const struct problem_param *params, unsigned n)
{
    // What the caller found wrong may only have been cut by a lack of memory.
    if (arena_failed(c->req->arena) && problem_row(p)->status < 500) p = P_UNEXPECTED_ERROR, n = 0;
    problem_reply(c->rep, c->req->arena, c->fmt, p, params, n, NULL);
    if (c->rep->status != 401) return;
    // RFC 9110 15.5.2: every 401 names a challenge, also where a right credential lacks the role. Digest clients look
    // at their first answer only, so none asks again because of it.
    char text[256];
    struct buf b = {.p = text, .cap = sizeof text, .max = sizeof text};
    auth_challenge(c->api->auth, false, &b);
    reply_header(c->rep, "WWW-Authenticate", buf_view(&b));
}

void call_store_problem(struct call *c, const struct error *err)
{
    LOG(LOG_WARN, "store failed", LOG_S("requestId", c->req->id), LOG_S("kind", err_name(err->code)),
        LOG_S("detail", err->detail));
    bool passing =
        err->code == ERR_BUSY || err->code == ERR_READ_ONLY || err->code == ERR_IO || err->code == ERR_TIMEOUT;
    if (!passing) {
        call_problem(c, P_UNEXPECTED_ERROR, NULL, 0);
        return;
    }
    const char *why = err->code == ERR_READ_ONLY ? "the store cannot be written" : "the store is busy or away";
    call_problem(c, P_SERVICE_UNAVAILABLE, &PARAM_C(why), 1);
    reply_header_cstr(c->rep, "Retry-After", "1");
}

static void add_digits(char *out, uint32_t v, unsigned n)
{
    for (; n > 0; n--, v /= 10) out[n - 1] = (char)('0' + v % 10);
}

void call_success_head(struct call *c)
{
    c->rep->status = c->route->flags & ROUTE_CREATED ? 201 : 200;
    if (c->version) {
        char line[] = "Content-Type: application/vnd.atlas.YYYY-MM-DD+json;charset=utf-8\r\n";
        char *date = strchr(line, 'Y');
        add_digits(date, c->version / 10000, 4);
        add_digits(date + 5, c->version / 100 % 100, 2);
        add_digits(date + 8, c->version % 100, 2);
        buf_add(&c->rep->head, line, sizeof line - 1);
    } else {
        reply_header_cstr(c->rep, "Content-Type", "application/json;charset=utf-8");
    }
    reply_security_headers(c->rep, c->req->secure);
}

void call_accepted(struct call *c)
{
    call_success_head(c);
    c->rep->status = 202;
    if (c->fmt.envelope)
        c->rep->body = c->fmt.pretty ? SLICE("{\n  \"content\" : { },\n  \"status\" : 202\n}")
                                     : SLICE("{\"content\":{},\"status\":202}");
    else
        c->rep->body = c->fmt.pretty ? SLICE("{ }") : SLICE("{}");
}

void call_no_content(struct call *c)
{
    call_success_head(c);
    c->rep->status = 204;
    c->rep->no_content_length = true;
}

static void free_body(void *ctx)
{
    mem_free(ctx);
}

void call_ok(struct call *c, struct buf *body)
{
    // The arena too: a parameter that could not be decoded was not obeyed.
    if (body->fail || arena_failed(c->req->arena)) {
        buf_done(body);
        call_problem(c, P_UNEXPECTED_ERROR, NULL, 0);
        return;
    }
    call_success_head(c);
    c->rep->body = buf_view(body);
    c->rep->release = free_body;
    c->rep->release_ctx = body->p;
    buf_init(body, 0);
}
