// SPDX-License-Identifier: Apache-2.0
// The request of a webhook. Called by: notifier.c. Must never: send without a signature, send a secret, or read more of
// an answer than REPLY_MAX.
#include "notice/send.h"

#include <stdio.h>

#include "base/log.h"
#include "base/mem.h"

#define REPLY_MAX  65536
#define CONNECT_MS 5000
#define SIGNED_MAX (WEBHOOK_SECRETS * (SIGN_TEXT + 1))

// "v1,… v1,…": one for each secret that lives, the current one first.
static enum err sign_all(const struct send *s, char out[SIGNED_MAX], struct error *err)
{
    const struct webhook *w = s->hook;
    const struct delivery *d = s->delivery;
    struct buf b = {.p = out, .cap = SIGNED_MAX, .max = SIGNED_MAX};
    for (unsigned i = 0; i < w->secret_count; i++) {
        const struct webhook_secret *k = &w->secrets[i];
        uint8_t secret[WEBHOOK_SECRET];
        char text[SIGN_TEXT];
        if (k->until.us && k->until.us <= s->now.us) continue;
        if (keyring_open_webhook(s->keys, w->id, k, secret, err) != ERR_OK) return err->code;
        sign_message(secret, slice_of(d->id), wall_sec(s->now), d->body, text);
        mem_wipe(secret, sizeof secret);
        if (b.n) buf_char(&b, ' ');
        buf_str(&b, text);
    }
    buf_char(&b, '\0');
    ASSERT(b.fail == BUF_OK);
    return ERR_OK;
}

static bool may_connect(void *ctx, struct ip to)
{
    return target_allowed(ctx, to);
}

static enum err post(const struct send *s, struct httpc *http, struct arena *a, struct httpc_reply *ret,
                     struct error *err)
{
    char signature[SIGNED_MAX], seconds[24];
    const char *why;
    struct target_policy policy = {.allow = s->allow, .allow_count = s->allow_count};
    if (!webhook_url_check(slice_of(s->hook->url), &policy.tls, &why))
        return error_set(err, ERR_INVALID, "the URL: %s", why);
    if (sign_all(s, signature, err) != ERR_OK) return err->code;
    snprintf(seconds, sizeof seconds, "%lld", (long long)wall_sec(s->now));
    const struct header headers[] = {{SLICE("Content-Type"), SLICE("application/json")},
                                     {SLICE("webhook-id"), slice_of(s->delivery->id)},
                                     {SLICE("webhook-timestamp"), slice_of(seconds)},
                                     {SLICE("webhook-signature"), slice_of(signature)}};
    const struct httpc_request q = {.method = "POST",
                                    .url = s->hook->url,
                                    .headers = headers,
                                    .header_count = ARRAY_LEN(headers),
                                    .body = s->delivery->body,
                                    .connect_ms = MIN(CONNECT_MS, s->total_ms),
                                    .total_ms = s->total_ms,
                                    .max_body = REPLY_MAX,
                                    .may_connect = may_connect,
                                    .may_ctx = &policy};
    return httpc_do(http, &q, a, ret, NULL, err);
}

void send_once(const struct send *s, struct httpc *http, struct arena *a, struct attempt *ret, struct slice *reason)
{
    struct httpc_reply reply;
    struct error err;
    *reason = (struct slice){NULL, 0};
    *ret = (struct attempt){.code = post(s, http, a, &reply, &err)};
    if (ret->code == ERR_DENIED) { // the address is for the log: a project's owner must not learn names of our network
        LOG(LOG_INFO, "a webhook was refused an address", LOG_S("webhook", s->hook->id), LOG_S("detail", err.detail));
        *reason = SLICE(
            "connections to the address of this host are not allowed; the operator can allow it by webhook_allow");
        return;
    }
    if (ret->code != ERR_OK) {
        *reason = slice_of(arena_fmt(a, "%s", err.detail));
        return;
    }
    ret->status = reply.status;
    ret->retry_after = reply.retry_after;
    if (reply.status >= 200 && reply.status < 300) return;
    const char *more = reply.status >= 300 && reply.status < 400 ? "; redirects are not followed" : "";
    *reason = slice_of(arena_fmt(a, "the receiver answered %d%s", reply.status, more));
}
