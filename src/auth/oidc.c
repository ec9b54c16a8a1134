// SPDX-License-Identifier: Apache-2.0
// The provider's keys: when they are fetched, by whom, and what is done without them. Called by: auth/check.c.
// Must never: hold its lock over a fetch, or have two threads fetch at once.
#include "auth/oidc.h"

#include <stdatomic.h>
#include <string.h>

#include "base/json.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/url.h"
#include "net/httpc.h"

#define DISCOVERY   "/.well-known/openid-configuration"
#define REPLY_MAX   ((size_t)256 * 1024)
#define FETCH_ARENA ((size_t)1 << 20)
#define CONNECT_MS  2000
#define FETCH_MS    3000 // of each of the two requests

struct key_set { // immutable but for refs
    _Atomic unsigned refs;
    struct oidc_keys *keys;
};

struct oidc {
    struct oidc_options opt; // immutable, as rules
    struct oidc_rules rules;
    struct httpc *http; // of the thread that set `fetching`
    struct lock lock;   // guards what follows
    struct key_set *set;
    struct mono fetched, tried; // tried: by whom and why ever
    bool ever_tried, failed;    // failed: the last fetch
    bool fetching;
};

bool oidc_url_allowed(const char *url)
{
    struct url u;
    return url_split(slice_of(url), &u) == URL_OK && (u.tls || url_is_loopback(&u));
}

enum err oidc_new(const struct oidc_options *opt, struct oidc **ret, struct error *err)
{
    struct httpc_options http = {.ca_bundle = *opt->ca_file ? opt->ca_file : NULL, .user_agent = "peerage/oidc"};
    if (!oidc_url_allowed(opt->issuer) || (*opt->jwks_url && !oidc_url_allowed(opt->jwks_url)))
        return error_set(err, ERR_INVALID, "oidc_issuer and oidc_jwks_url must begin with https://");
    if (!*opt->audience)
        return error_set(err, ERR_INVALID, "oidc_issuer needs oidc_audience: what the provider writes as `aud` for us");
    struct oidc *o = mem_zalloc(1, sizeof *o);
    if (!o) return error_set(err, ERR_NOMEM, "no memory for the provider's keys");
    o->opt = *opt;
    o->rules = (struct oidc_rules){slice_of(opt->issuer), slice_of(opt->audience), slice_of(opt->name_claim),
                                   slice_of(opt->groups_claim)};
    lock_init(&o->lock, "oidc");
    if (httpc_new(&http, &o->http, err) != ERR_OK) {
        oidc_free(o);
        return err->code;
    }
    *ret = o;
    return ERR_OK;
}

static void drop(struct key_set *s)
{
    if (!s || atomic_fetch_sub(&s->refs, 1) != 1) return;
    oidc_keys_free(s->keys);
    mem_free(s);
}

void oidc_free(struct oidc *o)
{
    if (!o) return;
    drop(o->set);
    httpc_free(o->http);
    lock_done(&o->lock);
    mem_free(o);
}

// ---- fetching ---------------------------------------------------------------------------------------------

static enum err get(struct oidc *o, const char *url, struct arena *a, struct slice *ret, struct error *err)
{
    struct header accept = {SLICE("Accept"), SLICE("application/json")};
    struct httpc_request q = {.method = "GET",
                              .url = url,
                              .headers = &accept,
                              .header_count = 1,
                              .connect_ms = CONNECT_MS,
                              .total_ms = FETCH_MS,
                              .max_body = REPLY_MAX,
                              .no_proxy = true};
    struct httpc_reply reply;
    enum err code = httpc_do(o->http, &q, a, &reply, NULL, err);
    if (code != ERR_OK) return code;
    if (reply.status != 200) return error_set(err, ERR_UNAVAILABLE, "%s answered %d", url, reply.status);
    *ret = reply.body;
    return ERR_OK;
}

// The address of the keys, from the provider's own document, which must be about this very issuer.
static enum err discover(struct oidc *o, struct arena *a, const char **ret, struct error *err)
{
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    struct slice body, base = slice_of(o->opt.issuer);
    if (base.n && base.p[base.n - 1] == '/') base.n--;
    const char *url = arena_fmt(a, "%.*s" DISCOVERY, SLICE_FMT(base));
    if (!url) return error_set(err, ERR_NOMEM, "no memory for the provider's address");
    if (get(o, url, a, &body, err) != ERR_OK) return err->code;
    if (json_read(body, REPLY_MAX, &doc, err) != ERR_OK) return error_prefix(err, "%s", url);
    struct slice jwks = json_string(json_get(json_root(doc), "jwks_uri"));
    if (!slice_eq_cstr(json_string(json_get(json_root(doc), "issuer")), o->opt.issuer))
        return error_set(err, ERR_INVALID, "%s names another issuer than oidc_issuer", url);
    *ret = jwks.n ? arena_strndup(a, jwks.p, jwks.n) : NULL;
    if (!*ret || !oidc_url_allowed(*ret))
        return error_set(err, ERR_INVALID, "%s names no https address of keys (jwks_uri)", url);
    return ERR_OK;
}

static enum err fetch(struct oidc *o, struct key_set **ret, struct error *err)
{
    struct arena *a = arena_new(FETCH_ARENA);
    struct slice body;
    const char *url = o->opt.jwks_url;
    struct key_set *s = mem_zalloc(1, sizeof *s);
    enum err code = a && s ? ERR_OK : error_set(err, ERR_NOMEM, "no memory for the provider's keys");
    if (code == ERR_OK && !*url) code = discover(o, a, &url, err);
    if (code == ERR_OK) code = get(o, url, a, &body, err);
    if (code == ERR_OK && oidc_keys_parse(body, &s->keys, err) != ERR_OK) code = error_prefix(err, "%s", url);
    arena_free(a);
    if (code != ERR_OK) {
        mem_free(s);
        return code;
    }
    atomic_init(&s->refs, 1);
    *ret = s;
    return ERR_OK;
}

// Whether this thread is to fetch now. The lock is held.
static bool may_fetch(struct oidc *o, struct mono now, bool unknown_key)
{
    if (o->fetching) return false;
    int64_t since = now.ns - o->tried.ns;
    if (o->ever_tried && o->failed && since < OIDC_RETRY_NS) return false;
    if (unknown_key) return !o->ever_tried || since >= OIDC_NEW_KEY_NS;
    return !o->set || now.ns - o->fetched.ns >= OIDC_KEYS_FRESH_NS;
}

static void refresh(struct oidc *o, bool unknown_key)
{
    struct mono now = clock_mono(o->opt.clock);
    struct key_set *fresh = NULL, *old = NULL;
    struct error err;
    lock_take(&o->lock);
    bool mine = may_fetch(o, now, unknown_key);
    if (mine) {
        o->fetching = o->ever_tried = true;
        o->tried = now;
    }
    lock_drop(&o->lock);
    if (!mine) return;
    bool good = fetch(o, &fresh, &err) == ERR_OK;
    if (!good) LOG(LOG_WARN, "the keys of the OpenID Connect provider cannot be had", LOG_S("error", err.detail));
    lock_take(&o->lock);
    o->fetching = false;
    o->failed = !good;
    if (good) {
        old = o->set;
        o->set = fresh;
        o->fetched = now;
    }
    lock_drop(&o->lock);
    drop(old);
}

static struct key_set *current(struct oidc *o)
{
    struct mono now = clock_mono(o->opt.clock);
    lock_take(&o->lock);
    struct key_set *s = o->set && now.ns - o->fetched.ns < OIDC_KEYS_STALE_NS ? o->set : NULL;
    if (s) atomic_fetch_add(&s->refs, 1);
    lock_drop(&o->lock);
    return s;
}

// ---- the mouth --------------------------------------------------------------------------------------------

enum oidc_verdict oidc_verify(struct oidc *o, struct slice token, struct wall now, struct arena *a,
                              struct oidc_person *ret, const char **ret_why)
{
    enum oidc_verdict v = OIDC_AWAY;
    *ret_why = "the provider's keys cannot be had";
    for (int i = 0; i < 2; i++) {
        refresh(o, i == 1);
        struct key_set *s = current(o);
        if (!s) return OIDC_AWAY;
        v = oidc_check(s->keys, &o->rules, token, now, a, ret, ret_why);
        drop(s);
        if (v != OIDC_UNKNOWN_KEY) return v;
    }
    return OIDC_BAD; // still unknown: it may be a stranger's
}
