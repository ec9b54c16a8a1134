// SPDX-License-Identifier: Apache-2.0
// Names of notices and delivery states, the thresholds of expiry, and which URLs a webhook may have.
// Called by: store, core, notice, cli. Must never: change a name (rows and receivers hold them).
#include "model/webhook.h"

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

// ---- URLs -------------------------------------------------------------------------------------------------

static bool is_clean(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] >= 0x7f || s.p[i] == '\\' || s.p[i] == '"') return false;
    return true;
}

// "host", "host:port", "[v6]:port"
static bool is_authority(struct slice s)
{
    uint64_t port = 1;
    struct slice rest = s, host;
    bool bracket = s.n && s.p[0] == '[';
    if (bracket) {
        if (!slice_cut(&rest, ']', &host)) return false;
        if (rest.n && rest.p[0] != ':') return false;
        rest = slice_skip(rest, 1);
        return host.n > 2 && (!slice_ends(s, SLICE(":")) && (rest.n == 0 || slice_u64(rest, 65535, &port)) && port > 0);
    }
    bool has_port = slice_cut(&rest, ':', &host);
    return host.n > 0 && (!has_port || (slice_u64(rest, 65535, &port) && port > 0));
}

bool webhook_url_check(struct slice url, bool *ret_tls, const char **ret_why)
{
    struct slice rest, authority;
    bool tls = slice_starts(url, SLICE("https://"));
    *ret_why = "write https://HOST[:PORT]/PATH";
    if (!tls && !slice_starts(url, SLICE("http://"))) return false;
    *ret_why = "it is longer than 2048 bytes";
    if (url.n >= WEBHOOK_URL) return false;
    *ret_why = "it holds a character that must be percent-encoded";
    if (!is_clean(url)) return false;
    rest = slice_skip(url, tls ? 8 : 7);
    *ret_why = "leave out the fragment (#...)";
    if (slice_find(rest, '#') >= 0) return false;
    size_t n = 0;
    while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?') n++;
    authority = slice_n(rest.p, n);
    *ret_why = "leave out the user name; the signature tells who sends";
    if (slice_find(authority, '@') >= 0) return false;
    *ret_why = "write https://HOST[:PORT]/PATH";
    if (!is_authority(authority)) return false;
    *ret_tls = tls;
    return true;
}
