// SPDX-License-Identifier: Apache-2.0
// Credentials by identity: fetched once, shared by all callers, refreshed before they lapse, left alone when refused.
// Called by: cloud/ec2_call and sts. Must never: hold the lock while it fetches, hand out lapsed credentials, or ask
// again and again for what was refused.
#include <stdio.h>

#include "base/mem.h"
#include "cloud/internal.h"

#define ADVISORY_US    (15 * 60 * US_PER_SEC) // one caller refreshes, the others go on
#define MANDATORY_US   (10 * 60 * US_PER_SEC) // all wait for the refresh
#define LAPSED_US      (5 * US_PER_SEC)       // a request takes time to arrive
#define REFRESH_GAP_NS (60 * NS_PER_SEC)      // between two refreshes of credentials that still work
#define HOLD_BRIEF_NS  (5 * NS_PER_SEC)       // after a fetch that may work soon
#define HOLD_FIRST_NS  (60 * NS_PER_SEC)
#define HOLD_DOUBLINGS 2

// ---- values -------------------------------------------------------------------------------

void creds_wipe(struct creds *c)
{
    if (c->token) mem_wipe(c->token, strlen(c->token));
    mem_free(c->token);
    mem_wipe(c, sizeof *c);
}

enum err creds_set(struct creds *ret, const struct raw_creds *raw, struct error *err)
{
    struct creds c = {.id = ""};
    enum err e = creds_check(raw, &c.expires, err);
    if (e != ERR_OK) {
        *ret = (struct creds){.id = ""};
        return e;
    }
    bool ok = slice_copy(raw->access_key_id, c.id, sizeof c.id) && slice_copy(raw->secret, c.secret, sizeof c.secret);
    ASSERT(ok); // lengths were checked
    if (raw->token.n) {
        c.token = mem_strndup(raw->token.p, raw->token.n);
        if (!c.token) {
            creds_wipe(&c);
            *ret = (struct creds){.id = ""};
            return error_set(err, ERR_NOMEM, "no memory for credentials");
        }
    }
    *ret = c;
    mem_wipe(&c, sizeof c);
    return ERR_OK;
}

enum err creds_copy(struct creds *to, const struct creds *from, struct error *err)
{
    *to = *from;
    if (!from->token) return ERR_OK;
    to->token = mem_strndup(from->token, strlen(from->token));
    if (to->token) return ERR_OK;
    creds_wipe(to);
    return error_set(err, ERR_NOMEM, "no memory for credentials");
}

bool creds_same(const struct creds *a, const struct creds *b)
{
    return strcmp(a->id, b->id) == 0 && strcmp(a->secret, b->secret) == 0 &&
           slice_eq(slice_of(a->token), slice_of(b->token));
}

void held_done(struct held *h)
{
    creds_wipe(&h->creds);
}

// ---- table --------------------------------------------------------------------------------

static bool make_key(const struct cloud_target *t, char key[IDENTITY_KEY])
{
    const char *ref = t->identity_ref ? t->identity_ref : "", *ext = t->external_id ? t->external_id : "";
    int n = t->identity == IDENTITY_AMBIENT   ? snprintf(key, IDENTITY_KEY, "ambient")
            : t->identity == IDENTITY_PROFILE ? snprintf(key, IDENTITY_KEY, "profile %s", ref)
                                              : snprintf(key, IDENTITY_KEY, "role %s %s", ref, ext);
    return n > 0 && n < IDENTITY_KEY;
}

// Found or made; the lock is held. NULL: out of memory, or the table is full.
static struct identity *find_identity(struct cloud *c, const char *key)
{
    struct identity *id = map_get(c->identities, slice_of(key));
    if (id || c->identity_count == CLOUD_IDENTITIES) return id;
    id = mem_zalloc(1, sizeof *id);
    if (!id || !cstr_set(id->key, sizeof id->key, key) || !map_put(c->identities, slice_of(key), id, NULL)) {
        mem_free(id);
        return NULL;
    }
    c->identity_list[c->identity_count++] = id;
    return id;
}

// ---- fetching, without the lock -----------------------------------------------------------

static enum cloud_class fetch_role(struct cloud *c, const struct cloud_target *t, struct fetched *ret,
                                   struct cloud_failure *f)
{
    // The role is assumed with what Peerage itself runs as; that identity has its own entry and refresh.
    struct cloud_target ambient = {.identity = IDENTITY_AMBIENT, .region = t->region};
    struct assume q = {t->identity_ref, t->external_id, NULL, NULL};
    struct held h;
    *ret = (struct fetched){.creds = {.id = ""}};
    enum cloud_class rc = sts_assume_as(c, &ambient, &q, &ret->creds, f);
    if (rc != CLOUD_OK) return rc;
    struct cloud_failure ignored; // the endpoints of a profile are optional
    if (creds_get(c, &ambient, &h, &ignored) == CLOUD_OK) {
        ret->overrides = h.overrides;
        held_done(&h);
    }
    return CLOUD_OK;
}

static enum cloud_class fetch(struct cloud *c, const struct cloud_target *t, struct fetched *ret,
                              struct cloud_failure *f)
{
    switch (t->identity) {
    case IDENTITY_PROFILE:
        return chain_profile(c, t->identity_ref, t->region, ret, f);
    case IDENTITY_ROLE:
        return fetch_role(c, t, ret, f);
    case IDENTITY_AMBIENT:
        break;
    }
    return chain_ambient(c, t->region, ret, f);
}

// ---- state, under the lock ----------------------------------------------------------------

// Time left in us; INT64_MAX when they never lapse; 0 when there are none or they have lapsed.
static int64_t life(const struct cloud *c, const struct identity *id)
{
    if (!id->cur.id[0]) return 0;
    if (id->cur.expires.us == 0) return INT64_MAX;
    return MAX(id->cur.expires.us - clock_wall(c->opt.clock).us - LAPSED_US, 0);
}

static enum cloud_class hand_out(struct cloud *c, struct identity *id, struct held *ret, struct cloud_failure *f)
{
    struct error err;
    if (creds_copy(&ret->creds, &id->cur, &err) != ERR_OK) return cloud_fail(f, CLOUD_TRANSIENT, "%s", err.detail);
    ret->identity = id;
    ret->generation = id->generation;
    ret->overrides = id->overrides;
    memcpy(ret->account, id->proved == id->generation ? id->account : (char[ACCOUNT_ID]){0}, ACCOUNT_ID);
    return CLOUD_OK;
}

static void install(struct cloud *c, struct identity *id, struct fetched *got)
{
    creds_wipe(&id->cur);
    id->cur = got->creds; // ownership moves
    id->overrides = got->overrides;
    id->generation++;
    id->next_refresh.ns = clock_mono(c->opt.clock).ns + REFRESH_GAP_NS;
    mem_wipe(&got->creds, sizeof got->creds);
}

static void hold(struct cloud *c, struct identity *id, int64_t ns, const struct cloud_failure *f)
{
    id->held_until.ns = clock_mono(c->opt.clock).ns + ns;
    id->failure = *f;
}

static int64_t refusal_ns(struct identity *id)
{
    int64_t ns = HOLD_FIRST_NS << MIN(id->refusals, (unsigned)HOLD_DOUBLINGS);
    id->refusals++;
    return ns;
}

static bool has_lapsed(const struct cloud *c, const struct creds *k)
{
    return k->expires.us && k->expires.us - LAPSED_US <= clock_wall(c->opt.clock).us;
}

// Fetches with the lock dropped and records the outcome.
static enum cloud_class refresh(struct cloud *c, const struct cloud_target *t, struct identity *id,
                                struct cloud_failure *f)
{
    struct fetched got;
    id->refreshing = true;
    lock_drop(&c->lock);
    enum cloud_class rc = fetch(c, t, &got, f);
    if (rc == CLOUD_OK && has_lapsed(c, &got.creds)) {
        creds_wipe(&got.creds);
        rc = cloud_fail(f, CLOUD_CREDENTIALS, "the credentials that were fetched have lapsed already; check the clock");
    }
    lock_take(&c->lock);
    id->refreshing = false;
    cond_wake_all(&c->wake);
    if (rc == CLOUD_OK)
        install(c, id, &got);
    else if (life(c, id) > 0)
        id->next_refresh.ns = clock_mono(c->opt.clock).ns + REFRESH_GAP_NS;         // the old ones go on
    else if (rc == CLOUD_TRANSIENT || rc == CLOUD_THROTTLED || f->http_status == 0) // files and settings cost nothing
        hold(c, id, HOLD_BRIEF_NS, f);
    else
        hold(c, id, refusal_ns(id), f);
    return life(c, id) > 0 ? CLOUD_OK : rc; // just fetched ones have not lapsed
}

static enum cloud_class get_locked(struct cloud *c, const struct cloud_target *t, struct identity *id, struct held *ret,
                                   struct cloud_failure *f)
{
    for (;;) {
        struct mono now = clock_mono(c->opt.clock);
        int64_t left = life(c, id);
        if (c->cancelled) return cloud_fail(f, CLOUD_TRANSIENT, "the cloud client is being stopped");
        if (left == 0 && now.ns < id->held_until.ns) {
            *f = id->failure;
            return f->class;
        }
        bool due = left == 0 || (left < ADVISORY_US && now.ns >= id->next_refresh.ns);
        if (!due || (id->refreshing && left >= MANDATORY_US)) return hand_out(c, id, ret, f);
        if (id->refreshing) {
            cond_wait(&c->wake, &c->lock); // the refresher's own deadlines bound this
            continue;
        }
        enum cloud_class rc = refresh(c, t, id, f);
        return rc == CLOUD_OK ? hand_out(c, id, ret, f) : rc;
    }
}

enum cloud_class creds_get(struct cloud *c, const struct cloud_target *t, struct held *ret, struct cloud_failure *f)
{
    char key[IDENTITY_KEY];
    if (!make_key(t, key)) return cloud_fail(f, CLOUD_CREDENTIALS, "the identity's name is too long");
    *ret = (struct held){.identity = NULL};
    lock_take(&c->lock);
    struct identity *id = find_identity(c, key);
    enum cloud_class rc =
        id ? get_locked(c, t, id, ret, f)
           : cloud_fail(f, CLOUD_TRANSIENT, "no room for another identity (%d at most)", CLOUD_IDENTITIES);
    lock_drop(&c->lock);
    return rc;
}

void creds_invalidate(struct cloud *c, const struct held *h)
{
    lock_take(&c->lock);
    struct identity *id = h->identity;
    if (id->generation == h->generation) {
        creds_wipe(&id->cur);
        id->proved = 0;
        id->held_until.ns = 0;
    }
    lock_drop(&c->lock);
}

void creds_refused(struct cloud *c, const struct held *h, const struct cloud_failure *f)
{
    lock_take(&c->lock);
    struct identity *id = h->identity;
    if (id->generation == h->generation) {
        creds_wipe(&id->cur);
        id->proved = 0;
        hold(c, id, refusal_ns(id), f);
    }
    lock_drop(&c->lock);
}

void creds_accepted(struct cloud *c, const struct held *h)
{
    lock_take(&c->lock);
    if (h->identity->generation == h->generation) h->identity->refusals = 0;
    lock_drop(&c->lock);
}
