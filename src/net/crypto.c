// SPDX-License-Identifier: Apache-2.0
// The only includer of OpenSSL's EVP: algorithms are fetched once, contexts are made once a thread and reused.
// Called by: auth, net/sigv4, cloud, ec2sim. Must never: answer with a digest that was not computed. The digest
// functions cannot report an error, so they abort when OpenSSL has no memory for a thread's first context.
#include "net/crypto.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <pthread.h>

// Written by crypto_init before there are threads, read-only afterwards.
static struct {
    EVP_MD *md5, *sha256;
    EVP_MAC *hmac;
    EVP_CIPHER *aes256gcm;
    pthread_key_t key; // struct thread_ctx of the calling thread
    bool ready;
} algo;

struct thread_ctx {
    EVP_MD_CTX *md;
    EVP_MAC_CTX *hmac; // digest already set
    EVP_CIPHER_CTX *cipher;
};

static void thread_ctx_free(void *p)
{
    struct thread_ctx *t = p;
    if (!t) return;
    EVP_MD_CTX_free(t->md);
    EVP_MAC_CTX_free(t->hmac);
    EVP_CIPHER_CTX_free(t->cipher);
    OPENSSL_free(t);
}

static struct thread_ctx *thread_ctx_new(void)
{
    struct thread_ctx *t = OPENSSL_zalloc(sizeof *t);
    ASSERT(t);
    t->md = EVP_MD_CTX_new();
    t->hmac = EVP_MAC_CTX_new(algo.hmac);
    t->cipher = EVP_CIPHER_CTX_new();
    ASSERT(t->md && t->hmac && t->cipher);
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                           OSSL_PARAM_construct_end()};
    ASSERT(EVP_MAC_CTX_set_params(t->hmac, params) == 1);
    ASSERT(pthread_setspecific(algo.key, t) == 0);
    return t;
}

static struct thread_ctx *thread_ctx(void)
{
    ASSERT(algo.ready);
    struct thread_ctx *t = pthread_getspecific(algo.key);
    return t ? t : thread_ctx_new();
}

enum err crypto_init(struct error *err)
{
    if (algo.ready) return ERR_OK;
    algo.md5 = EVP_MD_fetch(NULL, "MD5", NULL);
    if (!algo.md5)
        return error_set(err, ERR_INTERNAL,
                         "OpenSSL offers no MD5, which HTTP Digest authentication needs; run without FIPS mode");
    algo.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    algo.hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    algo.aes256gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    if (!algo.sha256 || !algo.hmac || !algo.aes256gcm)
        return error_set(err, ERR_INTERNAL, "OpenSSL offers no %s; check its configuration file",
                         !algo.sha256 ? "SHA-256"
                         : !algo.hmac ? "HMAC"
                                      : "AES-256-GCM");
    if (pthread_key_create(&algo.key, thread_ctx_free) != 0)
        return error_set(err, ERR_INTERNAL, "no thread-specific key is left for the crypto contexts");
    algo.ready = true;
    return ERR_OK;
}

static void digest(const EVP_MD *md, const struct slice *parts, unsigned n, uint8_t *out)
{
    EVP_MD_CTX *ctx = thread_ctx()->md;
    ASSERT(EVP_DigestInit_ex2(ctx, md, NULL) == 1);
    for (unsigned i = 0; i < n; i++)
        if (parts[i].n) ASSERT(EVP_DigestUpdate(ctx, parts[i].p, parts[i].n) == 1);
    ASSERT(EVP_DigestFinal_ex(ctx, out, NULL) == 1);
}

void crypto_md5(const struct slice *parts, unsigned n, uint8_t out[16])
{
    digest(algo.md5, parts, n, out);
}

void crypto_sha256(const struct slice *parts, unsigned n, uint8_t out[32])
{
    digest(algo.sha256, parts, n, out);
}

void crypto_hmac_sha256(struct slice key, const struct slice *parts, unsigned n, uint8_t out[32])
{
    static const unsigned char empty[1];
    EVP_MAC_CTX *ctx = thread_ctx()->hmac;
    // A NULL key would mean "the key of the last call".
    const unsigned char *k = key.n ? (const unsigned char *)key.p : empty;
    ASSERT(EVP_MAC_init(ctx, k, key.n, NULL) == 1);
    for (unsigned i = 0; i < n; i++)
        if (parts[i].n) ASSERT(EVP_MAC_update(ctx, (const unsigned char *)parts[i].p, parts[i].n) == 1);
    size_t len = 0;
    ASSERT(EVP_MAC_final(ctx, out, &len, 32) == 1 && len == 32);
}

bool crypto_equal(const void *a, const void *b, size_t n)
{
    return n == 0 || CRYPTO_memcmp(a, b, n) == 0;
}

static bool fits_int(size_t n)
{
    return n <= INT_MAX - AEAD_TAG;
}

static const unsigned char *bytes(struct slice s)
{
    return (const unsigned char *)(s.n ? s.p : "");
}

enum err crypto_seal(const uint8_t key[AEAD_KEY], const uint8_t nonce[AEAD_NONCE], struct slice aad, struct slice text,
                     uint8_t *out, struct error *err)
{
    if (!fits_int(aad.n) || !fits_int(text.n))
        return error_set(err, ERR_TOO_LARGE, "text to seal is larger than one AES-GCM call takes");
    EVP_CIPHER_CTX *ctx = thread_ctx()->cipher;
    int n = 0, tail = 0;
    bool ok = EVP_EncryptInit_ex2(ctx, algo.aes256gcm, key, nonce, NULL) == 1 &&
              EVP_EncryptUpdate(ctx, NULL, &n, bytes(aad), (int)aad.n) == 1 &&
              EVP_EncryptUpdate(ctx, out, &n, bytes(text), (int)text.n) == 1 &&
              EVP_EncryptFinal_ex(ctx, out + n, &tail) == 1 &&
              EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG, out + text.n) == 1;
    EVP_CIPHER_CTX_reset(ctx); // forgets the key
    if (!ok) return error_set(err, ERR_INTERNAL, "AES-256-GCM could not seal");
    return ERR_OK;
}

enum err crypto_open(const uint8_t key[AEAD_KEY], const uint8_t nonce[AEAD_NONCE], struct slice aad,
                     struct slice sealed, uint8_t *out, struct error *err)
{
    if (sealed.n < AEAD_TAG || !fits_int(aad.n) || !fits_int(sealed.n))
        return error_set(err, ERR_CORRUPT, "sealed text of %zu bytes cannot be one of ours", sealed.n);
    EVP_CIPHER_CTX *ctx = thread_ctx()->cipher;
    size_t text_n = sealed.n - AEAD_TAG;
    uint8_t tag[AEAD_TAG];
    memcpy(tag, sealed.p + text_n, AEAD_TAG);
    int n = 0, tail = 0;
    bool ok = EVP_DecryptInit_ex2(ctx, algo.aes256gcm, key, nonce, NULL) == 1 &&
              EVP_DecryptUpdate(ctx, NULL, &n, bytes(aad), (int)aad.n) == 1 &&
              EVP_DecryptUpdate(ctx, out, &n, bytes(sealed), (int)text_n) == 1 &&
              EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG, tag) == 1 &&
              EVP_DecryptFinal_ex(ctx, out + n, &tail) == 1;
    EVP_CIPHER_CTX_reset(ctx);
    if (!ok) {
        if (text_n) OPENSSL_cleanse(out, text_n); // unauthenticated bytes never leave
        return error_set(err, ERR_CORRUPT, "sealed text does not open with this key; wrong key or damaged data");
    }
    return ERR_OK;
}

// ---- public keys of others --------------------------------------------------------------------------------

struct crypto_key {
    EVP_PKEY *pkey;
    bool rsa;
    size_t signature_n;
};

static enum err make_key(const char *type, OSSL_PARAM *params, bool rsa, size_t signature_n, struct crypto_key **ret,
                         struct error *err)
{
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    bool made =
        ctx && EVP_PKEY_fromdata_init(ctx) == 1 && EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) == 1;
    EVP_PKEY_CTX_free(ctx);
    ctx = made ? EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL) : NULL;
    bool good = ctx && EVP_PKEY_public_check(ctx) == 1;
    EVP_PKEY_CTX_free(ctx);
    struct crypto_key *k = good ? OPENSSL_zalloc(sizeof *k) : NULL;
    if (!k) {
        EVP_PKEY_free(pkey);
        return error_set(err, good ? ERR_NOMEM : ERR_INVALID,
                         good ? "no memory for a key" : "not a valid %s public key", type);
    }
    *k = (struct crypto_key){pkey, rsa, signature_n};
    *ret = k;
    return ERR_OK;
}

// OSSL_PARAM integers have the machine's byte order.
static void native(struct slice big_endian, unsigned char *out)
{
    const unsigned one = 1;
    bool little = *(const unsigned char *)&one == 1;
    for (size_t i = 0; i < big_endian.n; i++) out[i] = (unsigned char)big_endian.p[little ? big_endian.n - 1 - i : i];
}

enum err crypto_rsa_key(struct slice n, struct slice e, struct crypto_key **ret, struct error *err)
{
    unsigned char modulus[RSA_BYTES_MAX], exponent[8];
    if (n.n < RSA_BYTES_MIN || n.n > RSA_BYTES_MAX || n.p[0] == 0)
        return error_set(err, ERR_INVALID, "an RSA key must have 2048 to 4096 bits");
    if (e.n == 0 || e.n > sizeof exponent || e.p[0] == 0)
        return error_set(err, ERR_INVALID, "the exponent of an RSA key must have 1 to 8 bytes");
    native(n, modulus);
    native(e, exponent);
    OSSL_PARAM params[] = {OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, modulus, n.n),
                           OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, exponent, e.n), OSSL_PARAM_construct_end()};
    return make_key("RSA", params, true, n.n, ret, err);
}

enum err crypto_p256_key(struct slice x, struct slice y, struct crypto_key **ret, struct error *err)
{
    unsigned char point[65] = {4}; // uncompressed
    char group[] = "prime256v1";
    if (x.n != 32 || y.n != 32) return error_set(err, ERR_INVALID, "a P-256 key has two coordinates of 32 bytes");
    memcpy(point + 1, x.p, 32);
    memcpy(point + 33, y.p, 32);
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
                           OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point),
                           OSSL_PARAM_construct_end()};
    return make_key("EC", params, false, 64, ret, err);
}

void crypto_key_free(struct crypto_key *k)
{
    if (!k) return;
    EVP_PKEY_free(k->pkey);
    OPENSSL_free(k);
}

bool crypto_key_is_rsa(const struct crypto_key *k)
{
    return k->rsa;
}

// INTEGER of DER: no leading zeros, but one before a high bit. How many bytes were written.
static size_t der_integer(const unsigned char *p, size_t n, unsigned char *out)
{
    while (n > 1 && *p == 0) {
        p++;
        n--;
    }
    size_t pad = (*p & 0x80) != 0;
    out[0] = 0x02;
    out[1] = (unsigned char)(n + pad);
    out[2] = 0;
    memcpy(out + 2 + pad, p, n);
    return 2 + pad + n;
}

bool crypto_verify(const struct crypto_key *k, struct slice text, struct slice signature)
{
    unsigned char der[2 + 2 * 35];
    if (signature.n != k->signature_n) return false;
    if (!k->rsa) { // r and s as they are on the wire; OpenSSL reads them in DER
        size_t n = der_integer(bytes(signature), 32, der + 2);
        n += der_integer(bytes(signature) + 32, 32, der + 2 + n);
        der[0] = 0x30;
        der[1] = (unsigned char)n;
        signature = slice_n((const char *)der, n + 2);
    }
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = ctx && EVP_DigestVerifyInit_ex(ctx, NULL, "SHA256", NULL, NULL, k->pkey, NULL) == 1 &&
                EVP_DigestVerify(ctx, bytes(signature), signature.n, bytes(text), text.n) == 1;
    EVP_MD_CTX_free(ctx);
    return good;
}
