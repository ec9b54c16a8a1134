// SPDX-License-Identifier: Apache-2.0
// Names of notices and delivery states, the thresholds of expiry, and which URLs a webhook may have.
// Called by: store, core, auth, notice, api, cli. Must never: change a name (rows and receivers hold them).
#include "model/webhook.h"

#include <string.h>

#include "base/encode.h"

#include "base/url.h"

static const struct {
    const char *type, *text;
} notices[NOTICE_COUNT_] = {
#define NOTICE(id, type, text) [NOTICE_##id] = {type, text},
#include "spec/notices.def"
#undef NOTICE
};
static const char *const states[DELIVERY_STATE_COUNT_] = {[DELIVERY_PENDING] = "pending",
                                                          [DELIVERY_WAITING] = "waiting",
                                                          [DELIVERY_DONE] = "delivered",
                                                          [DELIVERY_DEAD] = "dead"};
static const unsigned thresholds[] = {
// rising
#define EXPIRING_AT(hours) hours,
#include "spec/notices.def"
#undef EXPIRING_AT
};

const char *notice_type(enum notice n)
{
    ASSERT((unsigned)n < NOTICE_COUNT_);
    return notices[n].type;
}

const char *notice_text(enum notice n)
{
    ASSERT((unsigned)n < NOTICE_COUNT_);
    return notices[n].text;
}

bool notice_parse(struct slice s, enum notice *ret)
{
    for (unsigned i = 0; i < NOTICE_COUNT_; i++) {
        if (!slice_eq_cstr(s, notices[i].type)) continue;
        *ret = (enum notice)i;
        return true;
    }
    return false;
}

unsigned expiring_threshold(int64_t left_us)
{
    for (unsigned i = 0; left_us > 0 && i < ARRAY_LEN(thresholds); i++)
        if (left_us <= (int64_t)thresholds[i] * 3600 * US_PER_SEC) return thresholds[i];
    return 0;
}

const char *delivery_state_name(enum delivery_state s)
{
    ASSERT((unsigned)s < DELIVERY_STATE_COUNT_);
    return states[s];
}

bool delivery_state_parse(struct slice s, enum delivery_state *ret)
{
    for (unsigned i = 0; i < DELIVERY_STATE_COUNT_; i++) {
        if (!slice_eq_cstr(s, states[i])) continue;
        *ret = (enum delivery_state)i;
        return true;
    }
    return false;
}

void webhook_secret_text(const uint8_t secret[WEBHOOK_SECRET], char out[WEBHOOK_SECRET_TEXT])
{
    memcpy(out, "whsec_", 6);
    base64_encode(secret, WEBHOOK_SECRET, out + 6);
}

// ---- URLs -------------------------------------------------------------------------------------------------

bool webhook_url_check(struct slice url, bool *ret_tls, const char **ret_why)
{
    static const char *const why[] = {
        [URL_SCHEME] = "write https://HOST[:PORT]/PATH",
        [URL_CHARACTER] = "it holds a character that must be percent-encoded",
        [URL_USER] = "leave out the user name; the signature tells who sends",
        [URL_HOST] = "write https://HOST[:PORT]/PATH",
        [URL_PORT] = "the port must be 1 to 65535",
    };
    struct url u;
    *ret_why = "it is longer than 2048 bytes";
    if (url.n >= WEBHOOK_URL) return false;
    enum url_fault fault = url_split(url, &u);
    *ret_why = why[fault];
    if (fault != URL_OK) return false;
    *ret_why = "leave out the fragment (#...)";
    if (slice_find(u.rest, '#') >= 0) return false;
    *ret_tls = u.tls;
    return true;
}
