// SPDX-License-Identifier: Apache-2.0
// Reads JWK sets and checks tokens against them. Called by: auth/oidc.c.
// Must never: let the token choose how it is verified beyond naming one of the keys.
#include "auth/oidc_token.h"

#include "auth/auth.h"
#include "base/encode.h"
#include "base/json.h"
#include "base/mem.h"
#include "net/crypto.h"

#define KID_MAX  256
#define JWKS_MAX ((size_t)256 * 1024)
#define HEAD_MAX ((size_t)4096)

struct oidc_keys {
    struct {
        char kid[KID_MAX + 1]; // "" = none
        struct crypto_key *key;
    } keys[OIDC_KEYS_MAX];
    unsigned n;
};

// ---- key sets ---------------------------------------------------------------------------------------------

static bool text_is(const struct json_value *object, const char *name, const char *want)
{
    return slice_eq_cstr(json_string(json_get(object, name)), want);
}

// Absent, or what is wanted.
static bool text_may_be(const struct json_value *object, const char *name, const char *want)
{
    return !json_get(object, name) || text_is(object, name, want);
}

// True when the entry is a key that we take. ERR_NOMEM in *code ends the reading.
static bool make_key(const struct json_value *jwk, struct crypto_key **ret, enum err *code, struct error *err)
{
    char a[RSA_BYTES_MAX], b[64];
    size_t a_n, b_n;
    *code = ERR_INVALID;
    if (!text_may_be(jwk, "use", "sig")) return false;
    if (text_is(jwk, "kty", "RSA") && text_may_be(jwk, "alg", "RS256") &&
        base64url_decode(json_string(json_get(jwk, "n")), a, sizeof a, &a_n) &&
        base64url_decode(json_string(json_get(jwk, "e")), b, sizeof b, &b_n))
        *code = crypto_rsa_key(slice_n(a, a_n), slice_n(b, b_n), ret, err);
    else if (text_is(jwk, "kty", "EC") && text_is(jwk, "crv", "P-256") && text_may_be(jwk, "alg", "ES256") &&
             base64url_decode(json_string(json_get(jwk, "x")), a, sizeof a, &a_n) &&
             base64url_decode(json_string(json_get(jwk, "y")), b, sizeof b, &b_n))
        *code = crypto_p256_key(slice_n(a, a_n), slice_n(b, b_n), ret, err);
    return *code == ERR_OK;
}

static enum err read_keys(const struct json_value *list, struct oidc_keys *k, struct error *err)
{
    if (json_type(list) != JSON_ARRAY) return error_set(err, ERR_INVALID, "it has no array `keys`");
    for (size_t i = 0; i < json_array_len(list) && k->n < OIDC_KEYS_MAX; i++) {
        const struct json_value *jwk = json_array_at(list, i);
        struct slice kid = json_string(json_get(jwk, "kid"));
        enum err code;
        if (kid.n > KID_MAX || !make_key(jwk, &k->keys[k->n].key, &code, err)) {
            if (kid.n <= KID_MAX && code == ERR_NOMEM) return code;
            continue;
        }
        if (!slice_copy(kid, k->keys[k->n].kid, sizeof k->keys[k->n].kid)) k->keys[k->n].kid[0] = '\0';
        k->n++;
    }
    if (k->n == 0) return error_set(err, ERR_INVALID, "it has no key for RS256 or ES256 signatures");
    return ERR_OK;
}

enum err oidc_keys_parse(struct slice json, struct oidc_keys **ret, struct error *err)
{
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    enum err code = json_read(json, JWKS_MAX, &doc, err);
    if (code != ERR_OK) return code;
    struct oidc_keys *k = mem_zalloc(1, sizeof *k);
    if (!k) return error_set(err, ERR_NOMEM, "no memory for the keys");
    const struct json_value *list = json_get(json_root(doc), "keys");
    code = list ? read_keys(list, k, err) : error_set(err, ERR_INVALID, "it has no array `keys`");
    if (code != ERR_OK)
        oidc_keys_free(k);
    else
        *ret = k;
    return code;
}

void oidc_keys_free(struct oidc_keys *k)
{
    for (unsigned i = 0; k && i < k->n; i++) crypto_key_free(k->keys[i].key);
    mem_free(k);
}

unsigned oidc_keys_count(const struct oidc_keys *k)
{
    return k->n;
}

// ---- a token's head ---------------------------------------------------------------------------------------

struct parts {
    struct slice head, claims, signature, text; // text: what is signed
};

static bool split(struct slice token, struct parts *ret)
{
    struct slice rest = token;
    if (token.n > OIDC_TOKEN_MAX || !slice_cut(&rest, '.', &ret->head) || !slice_cut(&rest, '.', &ret->claims))
        return false;
    ret->signature = rest;
    ret->text = slice_n(token.p, ret->head.n + 1 + ret->claims.n);
    return ret->head.n > 0 && ret->claims.n > 0 && rest.n > 0 && slice_find(rest, '.') < 0;
}

static struct json_doc *open_json(struct slice text)
{
    char *plain = mem_alloc(text.n + 1);
    size_t n;
    struct json_doc *doc = NULL;
    struct error err;
    if (plain && base64url_decode(text, plain, text.n + 1, &n) &&
        json_read(slice_n(plain, n), OIDC_TOKEN_MAX, &doc, &err) != ERR_OK)
        doc = NULL;
    mem_free(plain);
    return doc;
}

enum algorithm { ALG_NONE, ALG_RS256, ALG_ES256 };
static enum algorithm algorithm_of(const struct json_value *head)
{
    return text_is(head, "alg", "RS256") ? ALG_RS256 : text_is(head, "alg", "ES256") ? ALG_ES256 : ALG_NONE;
}

bool oidc_looks_like(struct slice token)
{
    struct parts p;
    struct json_doc *doc = split(token, &p) && p.head.n <= HEAD_MAX ? open_json(p.head) : NULL;
    bool ours = doc && algorithm_of(json_root(doc)) != ALG_NONE;
    json_doc_free(doc);
    return ours;
}

// The key that the head names; without a name the only one there is. NULL: none, or one of the other kind.
static const struct crypto_key *find_key(const struct oidc_keys *keys, struct slice kid, enum algorithm alg)
{
    for (unsigned i = 0; i < keys->n; i++) {
        const struct crypto_key *key = keys->keys[i].key;
        bool named = kid.n ? slice_eq_cstr(kid, keys->keys[i].kid) : keys->n == 1;
        if (named && crypto_key_is_rsa(key) == (alg == ALG_RS256)) return key;
    }
    return NULL;
}

static enum oidc_verdict bad(const char **why, const char *text)
{
    *why = text;
    return OIDC_BAD;
}

static enum oidc_verdict check_signature(const struct oidc_keys *keys, const struct parts *p, const char **why)
{
    char signature[RSA_BYTES_MAX];
    size_t n;
    struct json_doc *doc CLEANUP(json_doc_freep) = p->head.n <= HEAD_MAX ? open_json(p->head) : NULL;
    if (!doc || json_type(json_root(doc)) != JSON_OBJECT) return bad(why, "its header is no JSON object");
    const struct json_value *head = json_root(doc);
    enum algorithm alg = algorithm_of(head);
    if (alg == ALG_NONE) return bad(why, "its algorithm is neither RS256 nor ES256");
    if (json_get(head, "crit")) return bad(why, "its header demands an extension (crit)");
    if (!text_may_be(head, "typ", "JWT") && !text_is(head, "typ", "at+jwt"))
        return bad(why, "its type is neither JWT nor at+jwt");
    const struct crypto_key *key = find_key(keys, json_string(json_get(head, "kid")), alg);
    if (!key) {
        *why = "its key is not among the provider's";
        return OIDC_UNKNOWN_KEY;
    }
    if (!base64url_decode(p->signature, signature, sizeof signature, &n) ||
        !crypto_verify(key, p->text, slice_n(signature, n)))
        return bad(why, "its signature is wrong");
    return OIDC_GOOD;
}

// ---- a token's claims -------------------------------------------------------------------------------------

static bool is_audience(const struct json_value *v, struct slice want)
{
    if (!v) return false;
    if (json_type(v) == JSON_STRING) return slice_eq(json_string(v), want);
    for (size_t i = 0; json_type(v) == JSON_ARRAY && i < json_array_len(v); i++)
        if (slice_eq(json_string(json_array_at(v, i)), want)) return true;
    return false;
}

// Seconds; providers may write fractions (RFC 7519 2, NumericDate).
static bool time_of(const struct json_value *claims, const char *name, int64_t *ret)
{
    const struct json_value *v = json_get(claims, name);
    double d = v && (json_type(v) == JSON_INT || json_type(v) == JSON_REAL) ? json_number(v) : 0;
    if (!(d >= 1 && d < 253402300800.0)) return false; // year 10000
    *ret = (int64_t)d;
    return true;
}

static enum oidc_verdict check_times(const struct json_value *claims, int64_t now, int64_t *ret_expires,
                                     const char **why)
{
    int64_t at;
    if (!time_of(claims, "exp", ret_expires)) return bad(why, "it has no time at which it expires (exp)");
    if (json_get(claims, "nbf") && (!time_of(claims, "nbf", &at) || at > now + OIDC_SKEW_SECONDS))
        return bad(why, "it is not valid yet (nbf)");
    if (json_get(claims, "iat") && (!time_of(claims, "iat", &at) || at > now + OIDC_SKEW_SECONDS))
        return bad(why, "it comes from the future (iat)");
    if (*ret_expires > now) return OIDC_GOOD;
    *why = "it has expired";
    return OIDC_EXPIRED;
}

static bool take_name(const struct json_value *claims, const struct oidc_rules *r, struct arena *a,
                      struct oidc_person *ret, const char **why)
{
    char claim[128];
    if (!slice_copy(r->name_claim, claim, sizeof claim)) return false;
    struct slice name = json_string(json_get(claims, claim));
    *why = "the claim that names a person is absent, empty or longer than 127 bytes";
    if (name.n == 0 || name.n >= PRINCIPAL_NAME) return false;
    *why = "the claim that names a person has control characters";
    for (size_t i = 0; i < name.n; i++)
        if ((unsigned char)name.p[i] < 0x20 || name.p[i] == 0x7f) return false;
    const struct json_value *verified = json_get(claims, "email_verified");
    *why = "its e-mail address is not verified";
    if (slice_eq_cstr(r->name_claim, "email") && verified && json_type(verified) != JSON_TRUE) return false;
    ret->name = arena_slice(a, name);
    return true;
}

static bool take_groups(const struct json_value *claims, const struct oidc_rules *r, struct arena *a,
                        struct oidc_person *ret, const char **why)
{
    char claim[128];
    if (!slice_copy(r->groups_claim, claim, sizeof claim)) return false;
    const struct json_value *v = json_get(claims, claim);
    ret->groups = NULL;
    ret->group_count = 0;
    if (!v || json_type(v) == JSON_NULL) return true;
    bool one = json_type(v) == JSON_STRING;
    *why = "the claim of groups is neither a string nor an array of at most 256 strings";
    size_t n = one ? 1 : json_type(v) == JSON_ARRAY ? json_array_len(v) : OIDC_GROUPS_MAX + 1;
    if (n > OIDC_GROUPS_MAX) return false;
    struct slice *groups = arena_alloc(a, MAX(n, (size_t)1) * sizeof *groups);
    for (size_t i = 0; groups && i < n; i++) {
        const struct json_value *g = one ? v : json_array_at(v, i);
        if (json_type(g) != JSON_STRING) return false;
        groups[i] = arena_slice(a, json_string(g));
        if (!groups[i].p && json_string(g).n) groups = NULL;
    }
    ret->groups = groups; // NULL with a count: no memory
    ret->group_count = (unsigned)n;
    return true;
}

static enum oidc_verdict check_claims(const struct json_value *claims, const struct oidc_rules *r, struct wall now,
                                      struct arena *a, struct oidc_person *ret, const char **why)
{
    struct oidc_person p = {.expires = 0};
    if (json_type(claims) != JSON_OBJECT) return bad(why, "its claims are no JSON object");
    if (!slice_eq(json_string(json_get(claims, "iss")), r->issuer)) return bad(why, "its issuer is another (iss)");
    if (!is_audience(json_get(claims, "aud"), r->audience)) return bad(why, "it is for somebody else (aud)");
    enum oidc_verdict v = check_times(claims, wall_sec(now), &p.expires, why);
    if (v != OIDC_GOOD) return v;
    if (!take_name(claims, r, a, &p, why) || !take_groups(claims, r, a, &p, why)) return OIDC_BAD;
    if (!p.name.p || (p.group_count > 0 && !p.groups)) return OIDC_NOMEM;
    *ret = p;
    *why = "";
    return OIDC_GOOD;
}

enum oidc_verdict oidc_check(const struct oidc_keys *keys, const struct oidc_rules *rules, struct slice token,
                             struct wall now, struct arena *a, struct oidc_person *ret, const char **ret_why)
{
    struct parts p;
    if (!split(token, &p)) return bad(ret_why, "it is no signed token");
    enum oidc_verdict v = check_signature(keys, &p, ret_why);
    if (v != OIDC_GOOD) return v;
    struct json_doc *doc CLEANUP(json_doc_freep) = open_json(p.claims);
    if (!doc) return bad(ret_why, "its claims are no JSON");
    return check_claims(json_root(doc), rules, now, a, ret, ret_why);
}
