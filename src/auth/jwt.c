// SPDX-License-Identifier: Apache-2.0
// Makes and verifies access tokens. Called by: auth/check.c, auth/oauth.c.
// Must never: allocate for a token whose MAC is wrong, or accept a second encoding of the same token.
#include "auth/jwt.h"

#include "base/encode.h"
#include "base/json.h"
#include "net/crypto.h"

#define HEAD_BEGIN "{\"alg\":\"HS256\",\"kid\":\""
#define HEAD_END   "\",\"typ\":\"JWT\"}"
#define HEAD_LEN   (sizeof(HEAD_BEGIN) - 1 + JWT_KID + sizeof(HEAD_END) - 1)
#define MAC_TEXT   43 // base64url of 32 bytes
#define CLAIMS_MAX 1400
_Static_assert(BASE64_LEN(HEAD_LEN) + BASE64_LEN(CLAIMS_MAX) + MAC_TEXT + 2 <= JWT_MAX, "what we make we accept");

// ---- making

static void make_head(const struct jwt_key *key, char out[HEAD_LEN])
{
    memcpy(out, HEAD_BEGIN, sizeof(HEAD_BEGIN) - 1);
    memcpy(out + sizeof(HEAD_BEGIN) - 1, key->kid, JWT_KID);
    memcpy(out + sizeof(HEAD_BEGIN) - 1 + JWT_KID, HEAD_END, sizeof(HEAD_END) - 1);
}

static void make_claims(struct buf *b, struct slice issuer, const struct jwt_claims *c)
{
    struct json_writer w;
    json_begin(&w, b, false);
    json_obj(&w);
    json_kslice(&w, "aud", issuer);
    json_kint(&w, "exp", c->expires);
    json_kint(&w, "iat", c->issued);
    json_kslice(&w, "iss", issuer);
    json_kstr(&w, "jti", c->jti);
    json_kstr(&w, "sub", c->subject);
    json_obj_end(&w);
}

static void sign(const struct jwt_key *key, struct slice signed_part, char out[MAC_TEXT + 1])
{
    uint8_t mac[32];
    crypto_hmac_sha256(slice_n((const char *)key->secret, sizeof(key->secret)), &signed_part, 1, mac);
    base64url_encode(mac, sizeof(mac), out);
}

bool jwt_make(const struct jwt_key *key, struct slice issuer, const struct jwt_claims *c, char *out, size_t cap,
              size_t *ret_n)
{
    char head[HEAD_LEN], claims[CLAIMS_MAX], text[BASE64_LEN(CLAIMS_MAX) + 1];
    struct buf b = {.p = claims, .cap = sizeof(claims), .max = sizeof(claims)};
    make_head(key, head);
    make_claims(&b, issuer, c);
    if (b.fail != BUF_OK || issuer.n > JWT_ISSUER_MAX) return false;
    base64url_encode(head, sizeof(head), text);
    struct buf token = {.p = out, .cap = cap, .max = cap};
    buf_str(&token, text);
    buf_char(&token, '.');
    base64url_encode(claims, b.n, text);
    buf_str(&token, text);
    sign(key, buf_view(&token), text);
    buf_char(&token, '.');
    buf_str(&token, text);
    if (token.fail != BUF_OK) return false;
    *ret_n = token.n;
    return true;
}

// ---- verifying

// The key id, when the header is ours to the byte.
static bool read_head(struct slice text, char kid[JWT_KID])
{
    char head[HEAD_LEN];
    size_t n;
    if (!base64url_decode(text, head, sizeof(head), &n) || n != HEAD_LEN) return false;
    const char *end = head + sizeof(HEAD_BEGIN) - 1 + JWT_KID;
    if (memcmp(head, HEAD_BEGIN, sizeof(HEAD_BEGIN) - 1) != 0 || memcmp(end, HEAD_END, sizeof(HEAD_END) - 1) != 0)
        return false;
    memcpy(kid, head + sizeof(HEAD_BEGIN) - 1, JWT_KID);
    return true;
}

static bool time_claim(const struct json_value *root, const char *name, int64_t *ret)
{
    const struct json_value *v = json_get(root, name);
    if (v == NULL || json_type(v) != JSON_INT) return false;
    *ret = json_integer(v);
    return *ret > 0 && *ret < INT64_C(253402300800); // year 10000
}

// Exactly the six claims that make_claims writes.
static bool read_claims(const struct json_value *root, struct slice issuer, struct jwt_claims *ret)
{
    unsigned members = 0;
    void *at = NULL;
    struct slice name;
    const struct json_value *value;
    if (json_type(root) != JSON_OBJECT) return false;
    while (json_object_next(root, &at, &name, &value)) members++;
    struct slice jti = json_string(json_get(root, "jti")), subject = json_string(json_get(root, "sub"));
    return members == 6 && slice_eq(json_string(json_get(root, "iss")), issuer) &&
           slice_eq(json_string(json_get(root, "aud")), issuer) && time_claim(root, "exp", &ret->expires) &&
           time_claim(root, "iat", &ret->issued) && slice_copy(jti, ret->jti, sizeof(ret->jti)) && jti.n == JWT_JTI &&
           subject.n > 0 && slice_copy(subject, ret->subject, sizeof(ret->subject));
}

static enum jwt_result open_claims(struct slice text, struct slice issuer, struct jwt_claims *ret)
{
    char claims[JWT_MAX];
    size_t n;
    struct json_doc *doc;
    struct error err;
    if (!base64url_decode(text, claims, sizeof(claims), &n)) return JWT_BAD;
    enum err e = json_read(slice_n(claims, n), sizeof(claims), &doc, &err);
    if (e != ERR_OK) return e == ERR_NOMEM ? JWT_UNSURE : JWT_BAD;
    bool ok = read_claims(json_root(doc), issuer, ret);
    json_doc_free(doc);
    return ok ? JWT_OK : JWT_BAD;
}

static const struct jwt_key *find_key(const struct jwt_key *keys, unsigned n, const char kid[JWT_KID])
{
    for (unsigned i = 0; i < n; i++)
        if (memcmp(keys[i].kid, kid, JWT_KID) == 0) return &keys[i];
    return NULL;
}

enum jwt_result jwt_verify(const struct jwt_key *keys, unsigned n, struct slice issuer, struct slice token,
                           struct wall now, struct jwt_claims *ret)
{
    struct slice rest = token, head, claims;
    char kid[JWT_KID], mac[MAC_TEXT + 1];
    if (token.n > JWT_MAX || !slice_cut(&rest, '.', &head) || !slice_cut(&rest, '.', &claims)) return JWT_BAD;
    if (rest.n != MAC_TEXT || !read_head(head, kid)) return JWT_BAD;
    const struct jwt_key *key = find_key(keys, n, kid);
    if (key == NULL) return JWT_UNKNOWN_KEY;
    // Comparing texts, not bytes, leaves each token one spelling.
    sign(key, slice_n(token.p, head.n + 1 + claims.n), mac);
    if (!crypto_equal(mac, rest.p, MAC_TEXT)) return JWT_BAD;
    struct jwt_claims c;
    enum jwt_result opened = open_claims(claims, issuer, &c);
    if (opened != JWT_OK) return opened;
    if (c.issued > wall_sec(now) + JWT_SKEW_SECONDS) return JWT_BAD;
    *ret = c;
    return c.expires > wall_sec(now) ? JWT_OK : JWT_EXPIRED;
}
