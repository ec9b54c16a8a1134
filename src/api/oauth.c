// SPDX-License-Identifier: Apache-2.0
// POST /api/oauth/token and /api/oauth/revoke: the bucket per address and client, then auth does the rest.
// Called by: pipeline. Must never: look at a secret before the bucket was asked.
#include "api/api.h"

#include "base/metrics.h"

void api_oauth_token(struct call *c)
{
    char address[IP_STR];
    ip_format(c->req->peer, address);
    struct slice client = auth_basic_client(c->req, c->req->arena);
    char *scope = arena_fmt(c->req->arena, "%s %.*s", address, SLICE_FMT(client));
    if (!scope) {
        call_problem(c, P_UNEXPECTED_ERROR, NULL, 0);
        return;
    }
    struct bucket_answer ans = limits_take(c->api->limits, LIMIT_OAUTH_TOKEN, slice_of(scope), c->req->received_mono);
    if (!ans.allowed) {
        struct bucket_rule rule = limits_rule(c->api->limits, LIMIT_OAUTH_TOKEN, slice_of(scope));
        struct problem_param params[] = {PARAM_C(c->route->template), PARAM_N(rule.capacity),
                                         PARAM_N(MAX(1u, rule.refill_seconds / 60))};
        call_problem(c, P_RATE_LIMITED, params, 3);
        char wait[16];
        struct buf b = {.p = wait, .cap = sizeof wait, .max = sizeof wait};
        buf_u64(&b, ans.retry_seconds + 1);
        reply_header(c->rep, "Retry-After", buf_view(&b));
        return;
    }
    auth_oauth_token(c->api->auth, c->thread->reader, c->req, c->rep);
}

void api_oauth_revoke(struct call *c)
{
    auth_oauth_revoke(c->api->auth, c->thread->reader, c->req, c->rep);
}
