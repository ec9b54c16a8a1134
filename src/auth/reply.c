// SPDX-License-Identifier: Apache-2.0
// The 401 replies, to the byte as recorded (facts 3.1). Called by: pipeline. Must never: carry X-Error-Code or the
// security headers, which the recorded ones lack.
#include "auth/digest.h"
#include "auth/inside.h"

#define BODY                                                                                                           \
    "{\n"                                                                                                              \
    "  \"error\" : 401,\n"                                                                                             \
    "  \"reason\" : \"Unauthorized\",\n"                                                                               \
    "  \"detail\" : \"You are not authorized for this resource.\",\n"                                                  \
    "  \"errorCode\" : \"UNEXPECTED_ERROR\"\n"                                                                         \
    "}"

void auth_challenge(struct auth *a, bool stale, struct buf *out)
{
    char nonce[NONCE_TEXT + 1];
    nonce_make(a->o.keys, a->o.rng, clock_wall(a->o.clock), nonce);
    buf_lit(out, "Digest realm=\"" DIGEST_REALM "\", domain=\"\", nonce=\"");
    buf_add(out, nonce, NONCE_TEXT);
    buf_lit(out, "\", algorithm=MD5, qop=\"auth\", stale=");
    buf_str(out, stale ? "true" : "false");
}

static void unauthorized(const struct request *r, struct slice www_authenticate, struct reply *rep)
{
    rep->status = 401;
    rep->body = SLICE(BODY);
    reply_header_cstr(rep, "Content-Type", "application/json");
    reply_header(rep, "WWW-Authenticate", www_authenticate);
    // HEAD is answered as GET would be.
    if (r->method == METHOD_GET || r->method == METHOD_HEAD || r->method == METHOD_POST)
        reply_header_cstr(rep, "Vary", "Accept-Encoding");
}

void auth_reply_challenge(struct auth *a, const struct request *r, bool stale, struct reply *rep)
{
    char text[256];
    struct buf b = {.p = text, .cap = sizeof(text), .max = sizeof(text)};
    auth_challenge(a, stale, &b);
    unauthorized(r, buf_view(&b), rep);
}

void auth_reply_bad_token(struct auth *a, const struct request *r, struct reply *rep)
{
    unauthorized(r, SLICE("Bearer error=\"invalid_token\""), rep);
}
