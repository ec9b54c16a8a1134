// SPDX-License-Identifier: Apache-2.0
// auth_check: from a request to a principal. Called by: pipeline, on a loop (may_block false: caches only) and on
// workers. Must never: answer from what is older than a second (two when the store cannot be asked), spend a nonce
// before everything else was right, or do less work for an unknown user than for a wrong secret.
#include "auth/digest.h"
#include "auth/inside.h"

#include "base/encode.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"

#define CREDENTIAL_ARENA ((size_t)1024 * 1024)
#define PUBLIC_KEY_LEN   8 // facts 3.3; a name of another length is nobody's secret

enum found { FOUND, UNKNOWN_NAME, LAPSED /* a token that was good once */, MUST_BLOCK, AWAY };

static bool usable(const struct cache_entry *e, struct mono now, uint64_t generation, int64_t max_age)
{
    return e != NULL && e->generation == generation && now.ns - e->loaded.ns <= max_age;
}

// ---- credentials by name

static enum err open_ha1(struct auth *a, struct cache_entry *e)
{
    const struct api_key_row *row = &e->credential.key;
    struct error err;
    return keyring_open(a->o.keys, KEY_HA1, row->ha1_key_id, row->ha1_nonce, slice_of(row->public_key),
                        slice_n((const char *)row->ha1_sealed, sizeof(row->ha1_sealed)), e->ha1, &err);
}

static enum err load_credential(struct auth *a, struct store_reader *reader, struct cache_entry *e)
{
    struct error err;
    e->loaded = clock_mono(a->o.clock);
    e->generation = store_auth_generation(a->o.store);
    enum err res = e->kind == CACHE_KEY ? store_api_key_find(reader, e->name, e->arena, &e->credential, &err)
                                        : store_account_find(reader, e->name, e->arena, &e->credential, &err);
    if (res != ERR_OK && res != ERR_NOT_FOUND) return res;
    e->known = res == ERR_OK;
    return e->kind == CACHE_KEY && e->known ? open_ha1(a, e) : ERR_OK;
}

// FOUND and UNKNOWN_NAME give *ret a reference.
static enum found find_credential(struct auth *a, struct store_reader *reader, enum cache_kind kind, struct slice name,
                                  bool may_block, struct cache_entry **ret)
{
    struct mono now = clock_mono(a->o.clock);
    uint64_t generation = store_auth_generation(a->o.store);
    struct cache_entry *have = cache_get(a->credentials, kind, name);
    if (!usable(have, now, generation, CACHE_FRESH_NS)) {
        struct cache_entry *e = may_block ? cache_entry_new(kind, name, CREDENTIAL_ARENA) : NULL;
        if (e != NULL && load_credential(a, reader, e) == ERR_OK) {
            cache_put(a->credentials, e);
            cache_drop(have);
            have = e;
        } else {
            cache_drop(e);
            bool grace = may_block && usable(have, now, generation, CACHE_GRACE_NS);
            if (!grace) {
                cache_drop(have);
                return may_block ? AWAY : MUST_BLOCK;
            }
        }
    }
    *ret = have;
    return have->known ? FOUND : UNKNOWN_NAME;
}

// ---- answers

static void fail(struct auth *a, const struct request *r, unsigned scheme, struct auth_answer *ret)
{
    if (arena_failed(r->arena)) { // it looks wrong because we could not read it: nobody's failure but ours
        ret->result = AUTH_UNAVAILABLE;
        return;
    }
    ret->result = scheme == SCHEME_BEARER ? AUTH_BAD_TOKEN : AUTH_CHALLENGE;
    if (auth_note_failure(a, r, scheme)) ret->result = AUTH_SLOW_DOWN;
}

// Facts 3.6: a list that has entries is always enforced; an empty one only where the organisation demands a list.
static bool address_is_allowed(const struct credential *c, struct ip peer)
{
    if (c->access_count == 0) return !c->access_list_required;
    for (unsigned i = 0; i < c->access_count; i++)
        if (cidr_contains(c->access_list[i], peer)) return true;
    return false;
}

static void note_entry(struct auth *a, const struct credential *c, const struct request *r)
{
    unsigned i = 0;
    while (i < c->access_count && !cidr_contains(c->access_list[i], r->peer)) i++;
    if (i == c->access_count) return; // no list
    struct used_mark m = {.block = c->access_list[i], .count = 1, .when = r->received, .from = r->peer};
    memcpy(m.principal, c->principal.name, sizeof(m.principal));
    used_note(a->access_used, &m);
}

static void accept(struct auth *a, const struct request *r, struct cache_entry *hold, const struct credential *c,
                   struct auth_answer *ret)
{
    note_entry(a, c, r);
    ret->result = AUTH_OK;
    ret->credential = c;
    ret->hold = hold;
}

// ---- Digest

static bool is_write(enum method m)
{
    return m == METHOD_POST || m == METHOD_PUT || m == METHOD_PATCH || m == METHOD_DELETE;
}

struct nonce_use {
    char nonce[NONCE_TEXT + 1];
    uint32_t nc;
    struct wall expires, now;
};

static enum err use_nonce(struct store_tx *tx, void *ctx, struct error *err)
{
    const struct nonce_use *u = ctx;
    return store_tx_nonce_use(tx, u->nonce, u->nc, u->expires, u->now, err);
}

// Spends (nonce, nc): here for all, in the store too for writes, so that no replica takes it again.
static enum auth_result spend(struct auth *a, const struct request *r, const struct digest *d, const struct nonce *n)
{
    enum window_answer here = window_use(a->window, n, d->nc, r->received);
    if (here != WINDOW_TAKEN) return here == WINDOW_NOMEM ? AUTH_UNAVAILABLE : AUTH_CHALLENGE;
    if (!is_write(r->method)) return AUTH_OK;
    int64_t end = (int64_t)n->issued + NONCE_LIFE_SECONDS + NONCE_SKEW_SECONDS;
    struct nonce_use use = {.nc = d->nc, .expires = wall_from_sec(end), .now = r->received};
    struct error err;
    if (!slice_copy(d->nonce, use.nonce, sizeof(use.nonce))) return AUTH_CHALLENGE;
    enum err e = store_write(a->o.store, use_nonce, &use, &err);
    if (e == ERR_EXISTS) return AUTH_CHALLENGE;
    return e == ERR_OK ? AUTH_OK : AUTH_UNAVAILABLE;
}

// Who he says he is and what he proves, asked of the store: the same reads, unsealing and hashes whether there is such
// a key or not, and however much hangs on it. ERR_DENIED: it is wrong.
static enum err prove(struct auth *a, struct store_reader *reader, const struct request *r, const struct digest *d)
{
    struct key_seal seal;
    struct error err;
    uint8_t ha1[16] = {0};
    enum err e = store_key_seal_near(reader, d->username, &seal, &err);
    if (e == ERR_NOT_FOUND) return ERR_DENIED; // there is no key at all
    if (e != ERR_OK) return e;
    bool his = crypto_equal(seal.public_key, d->username.p, PUBLIC_KEY_LEN);
    e = keyring_open(a->o.keys, KEY_HA1, seal.key_id, seal.nonce, slice_of(seal.public_key),
                     slice_n((const char *)seal.sealed, sizeof(seal.sealed)), ha1, &err);
    bool right = digest_is_right(ha1, r->method_text, d) & his & (e == ERR_OK);
    mem_wipe(ha1, sizeof(ha1));
    if (e != ERR_OK && his) return e;
    return right ? ERR_OK : ERR_DENIED;
}

// On a loop: a fresh answer that is kept, if the digest is right by it. Whoever's digest it is, one is computed.
static struct cache_entry *kept_and_right(struct auth *a, const struct request *r, const struct digest *d)
{
    struct cache_entry *e = cache_get(a->credentials, CACHE_KEY, d->username);
    bool fresh = usable(e, clock_mono(a->o.clock), store_auth_generation(a->o.store), CACHE_FRESH_NS) && e->known;
    if (digest_is_right(fresh ? e->ha1 : a->nobody, r->method_text, d) & fresh) return e;
    cache_drop(e);
    return NULL;
}

// The key whose secret this digest proves, as a reference; NULL: ret says why not. A worker asks no cache whether a
// secret is right: what is kept is of keys that somebody uses, and the time of the answer would tell of them.
static struct cache_entry *find_prover(struct auth *a, struct store_reader *reader, struct request *r,
                                       const struct digest *d, bool may_block, struct auth_answer *ret)
{
    struct cache_entry *e = may_block || is_write(r->method) ? NULL : kept_and_right(a, r, d);
    if (!may_block) {
        if (e == NULL) ret->result = AUTH_WOULD_BLOCK;
        return e;
    }
    enum err proved = prove(a, reader, r, d);
    if (proved == ERR_DENIED) {
        fail(a, r, SCHEME_DIGEST, ret);
        return NULL;
    }
    // He is who he says, or the store is away and an answer that is kept may still do.
    enum found found = find_credential(a, reader, CACHE_KEY, d->username, true, &e);
    if (found == FOUND && digest_is_right(e->ha1, r->method_text, d)) return e;
    if (found != AWAY) cache_drop(e);
    if (found == AWAY || proved != ERR_OK)
        ret->result = AUTH_UNAVAILABLE;
    else // it was deleted or reset in between
        fail(a, r, SCHEME_DIGEST, ret);
    return NULL;
}

static void check_digest(struct auth *a, struct store_reader *reader, struct request *r, struct slice params,
                         bool may_block, struct auth_answer *ret)
{
    struct digest d;
    struct nonce n;
    if (!digest_parse(params, r->arena, &d) || !digest_uri_is(d.uri, r->target) || d.username.n != PUBLIC_KEY_LEN) {
        fail(a, r, SCHEME_DIGEST, ret);
        return;
    }
    enum nonce_state state = nonce_check(a->o.keys, d.nonce, r->received, &n);
    if (state == NONCE_FOREIGN) {
        fail(a, r, SCHEME_DIGEST, ret);
        return;
    }
    struct cache_entry *e = find_prover(a, reader, r, &d, may_block, ret);
    if (e == NULL) return;
    if (state == NONCE_OLD) {
        ret->stale = true; // RFC 7616 3.3: only the nonce was wrong, do not ask the user again
    } else if (!address_is_allowed(&e->credential, r->peer)) {
        ret->result = AUTH_ADDRESS;
    } else {
        ret->result = spend(a, r, &d, &n);
        ret->stale = ret->result == AUTH_CHALLENGE;
    }
    if (ret->result == AUTH_OK)
        accept(a, r, e, &e->credential, ret);
    else
        cache_drop(e);
}

// ---- Bearer

// The token's row is the authority (design 9). FOUND fills *ret with a reference.
static enum found load_token(struct auth *a, struct store_reader *reader, struct slice token,
                             const struct jwt_claims *claims, struct cache_entry **ret)
{
    struct token_row row;
    struct error err;
    uint8_t hash[32];
    struct mono now = clock_mono(a->o.clock);
    uint64_t generation = store_auth_generation(a->o.store);
    auth_token_hash(claims->jti, hash);
    enum err res = store_token_get(reader, hash, &row, &err);
    if (res == ERR_NOT_FOUND) return LAPSED; // revoked, or its account is gone
    if (res == ERR_OK && strcmp(row.client_id, claims->subject) != 0) return UNKNOWN_NAME;
    if (res != ERR_OK) return AWAY;
    struct cache_entry *account;
    enum found found = find_credential(a, reader, CACHE_ACCOUNT, slice_of(row.client_id), true, &account);
    if (found == AWAY) return AWAY;
    struct cache_entry *e = found == FOUND ? cache_entry_new(CACHE_TOKEN, token, token.n + 64) : NULL;
    if (e == NULL) {
        cache_drop(account);
        return found == FOUND ? AWAY : LAPSED;
    }
    e->known = true;
    e->account = account;
    e->expires = (struct wall){MIN(row.expires.us, claims->expires * US_PER_SEC)};
    // As old as its oldest part, so that the two ages never add up.
    e->loaded.ns = MIN(now.ns, account->loaded.ns);
    e->generation = MIN(generation, account->generation);
    cache_put(a->tokens, e);
    *ret = e;
    return FOUND;
}

// ---- Bearer, of a person: the provider's signature is the authority for who it is, our rows for what he may do

static struct slice groups_json(const struct oidc_person *p, struct arena *a)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, CREDENTIAL_ARENA);
    json_begin(&w, &b, false);
    json_arr(&w);
    for (unsigned i = 0; i < p->group_count; i++) json_str(&w, p->groups[i]);
    json_arr_end(&w);
    struct slice made = b.fail == BUF_OK ? arena_slice(a, buf_view(&b)) : (struct slice){NULL, 0};
    buf_done(&b);
    return made;
}

// NULL: no memory, or the store is away.
static struct cache_entry *make_person(struct auth *a, struct store_reader *reader, const struct oidc_person *p)
{
    struct error err;
    struct grant *grants = NULL;
    struct cache_entry *e = cache_entry_new(CACHE_PERSON, p->name, CREDENTIAL_ARENA);
    struct slice groups = e ? groups_json(p, e->arena) : (struct slice){NULL, 0};
    struct credential *c = e ? &e->credential : NULL;
    if (!groups.p || store_grants_of_groups(reader, a->o.oidc_org, groups, e->arena, &grants, &c->principal.grant_count,
                                            &err) != ERR_OK) {
        cache_drop(e);
        return NULL;
    }
    e->known = true;
    c->kind = c->principal.kind = PRINCIPAL_PERSON;
    c->principal.grants = grants;
    bool fits = slice_copy(p->name, c->principal.name, sizeof c->principal.name) &&
                cstr_set(c->principal.org_id, sizeof c->principal.org_id, a->o.oidc_org);
    ASSERT(fits); // oidc_check and auth_new looked at the lengths
    // No row gives an id: the same person has the same one in each answer, made of what names him.
    const struct slice parts[] = {slice_of(a->o.oidc_org), SLICE(":"), p->name};
    uint8_t digest[32];
    crypto_sha256(parts, ARRAY_LEN(parts), digest);
    hex_encode(digest, OID_HEX / 2, c->principal.id);
    return e;
}

static enum found load_person(struct auth *a, struct store_reader *reader, const struct request *r, struct slice token,
                              struct cache_entry **ret)
{
    struct oidc_person person;
    const char *why;
    struct mono now = clock_mono(a->o.clock);
    uint64_t generation = store_auth_generation(a->o.store);
    enum oidc_verdict v = oidc_verify(a->o.oidc, token, r->received, r->arena, &person, &why);
    if (v != OIDC_GOOD) LOG(LOG_DEBUG, "token of a person refused", LOG_S("why", why));
    if (v == OIDC_EXPIRED) return LAPSED;
    if (v == OIDC_AWAY || v == OIDC_NOMEM) return AWAY;
    if (v != OIDC_GOOD) return UNKNOWN_NAME;
    struct cache_entry *who = make_person(a, reader, &person);
    struct cache_entry *e = who ? cache_entry_new(CACHE_TOKEN, token, token.n + 64) : NULL;
    if (!e) {
        cache_drop(who);
        return AWAY;
    }
    e->known = true;
    e->account = who;
    e->expires = wall_from_sec(person.expires);
    e->loaded = now;
    e->generation = generation;
    cache_put(a->tokens, e);
    *ret = e;
    return FOUND;
}

static enum found verify_own(struct auth *a, struct store_reader *reader, const struct request *r, struct slice token,
                             bool may_block, struct cache_entry **ret)
{
    struct jwt_claims claims;
    enum jwt_result jwt = auth_verify_token(a, may_block ? reader : NULL, token, r->received, &claims);
    if (jwt == JWT_BAD || (jwt == JWT_UNKNOWN_KEY && may_block)) return UNKNOWN_NAME;
    if (jwt == JWT_EXPIRED) return LAPSED;
    if (jwt == JWT_UNSURE && may_block) return AWAY;
    return may_block ? load_token(a, reader, token, &claims, ret) : MUST_BLOCK;
}

// What the token's text gives: FOUND with a reference, or why not.
static enum found find_token(struct auth *a, struct store_reader *reader, const struct request *r, struct slice token,
                             bool may_block, struct cache_entry **ret)
{
    struct mono now = clock_mono(a->o.clock);
    uint64_t generation = store_auth_generation(a->o.store);
    struct cache_entry *have = cache_get(a->tokens, CACHE_TOKEN, token);
    // The very string whose MAC and row were right at most a second ago: nothing is left to verify.
    if (usable(have, now, generation, CACHE_FRESH_NS)) {
        *ret = have;
        return FOUND;
    }
    enum found found = MUST_BLOCK;
    if (!a->o.oidc || !oidc_looks_like(token))
        found = verify_own(a, reader, r, token, may_block, ret);
    else if (may_block)
        found = load_person(a, reader, r, token, ret);
    if (found == AWAY && usable(have, now, generation, CACHE_GRACE_NS)) {
        *ret = have;
        return FOUND;
    }
    cache_drop(have);
    return found;
}

static void check_bearer(struct auth *a, struct store_reader *reader, struct request *r, struct slice token,
                         bool may_block, struct auth_answer *ret)
{
    struct cache_entry *e = NULL;
    size_t longest = a->o.oidc ? OIDC_TOKEN_MAX : JWT_MAX;
    enum found found =
        token.n > 0 && token.n <= longest ? find_token(a, reader, r, token, may_block, &e) : UNKNOWN_NAME;
    if (found == MUST_BLOCK || found == AWAY) {
        ret->result = found == AWAY ? AUTH_UNAVAILABLE : AUTH_WOULD_BLOCK;
    } else if (found == UNKNOWN_NAME) {
        fail(a, r, SCHEME_BEARER, ret);
    } else if (found == LAPSED || e->expires.us <= r->received.us) {
        cache_drop(e); // not a guess: it does not count against the address
        ret->result = AUTH_BAD_TOKEN;
    } else if (!address_is_allowed(&e->account->credential, r->peer)) {
        cache_drop(e);
        ret->result = AUTH_ADDRESS;
    } else {
        accept(a, r, e, &e->account->credential, ret);
    }
}

// ---- the mouth

void auth_check(struct auth *a, struct store_reader *reader, struct request *r, bool may_block, struct auth_answer *ret)
{
    struct slice scheme, rest;
    unsigned headers = request_header_count(r, "Authorization");
    ASSERT(reader != NULL || !may_block);
    *ret = (struct auth_answer){.result = AUTH_CHALLENGE};
    if (headers == 0) return; // Go's client begins so: no failure
    if (headers > 1 || !auth_scheme(request_header(r, "Authorization"), &scheme, &rest))
        fail(a, r, SCHEME_OTHER, ret);
    else if (slice_eq_nocase(scheme, SLICE("Bearer")))
        check_bearer(a, reader, r, rest, may_block, ret);
    else if (slice_eq_nocase(scheme, SLICE("Digest")))
        check_digest(a, reader, r, rest, may_block, ret);
    else
        fail(a, r, slice_eq_nocase(scheme, SLICE("Basic")) ? SCHEME_BASIC : SCHEME_OTHER, ret);
}

void auth_release(struct auth *a, struct auth_answer *ans)
{
    cache_drop(ans->hold);
    ans->hold = NULL;
    ans->credential = NULL;
}
