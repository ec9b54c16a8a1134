// SPDX-License-Identifier: Apache-2.0
// OpenSSL's digests, MACs and AEAD behind plain functions; fetched once (OpenSSL 3 is slow otherwise).
// Called by: auth, net/sigv4, cloud, ec2sim. Must never: be used with MD5 for anything but Digest access
// authentication.
#pragma once

#include "base/error.h"
#include "base/rand.h"
#include "base/slice.h"

// Once before any other call, single-threaded. ERR_INTERNAL when OpenSSL lacks an algorithm (e.g. MD5 in FIPS mode).
enum err crypto_init(struct error *err) MUST_CHECK;

void crypto_md5(const struct slice *parts, unsigned n, uint8_t out[16]);    // of the concatenation; thread-safe
void crypto_sha256(const struct slice *parts, unsigned n, uint8_t out[32]); // thread-safe
void crypto_hmac_sha256(struct slice key, const struct slice *parts, unsigned n, uint8_t out[32]);
bool crypto_equal(const void *a, const void *b, size_t n); // constant time

#define AEAD_KEY   32
#define AEAD_NONCE 12
#define AEAD_TAG   16
// AES-256-GCM. out has text.n + AEAD_TAG bytes. A fresh random nonce is the caller's to give.
enum err crypto_seal(const uint8_t key[AEAD_KEY], const uint8_t nonce[AEAD_NONCE], struct slice aad, struct slice text,
                     uint8_t *out, struct error *err) MUST_CHECK;
// ERR_CORRUPT when the tag does not fit. sealed.n >= AEAD_TAG; out has sealed.n - AEAD_TAG bytes.
enum err crypto_open(const uint8_t key[AEAD_KEY], const uint8_t nonce[AEAD_NONCE], struct slice aad,
                     struct slice sealed, uint8_t *out, struct error *err) MUST_CHECK;

// ---- public keys of others: signatures with SHA-256 of RSA (PKCS #1 v1.5, RFC 7518 3.3) and of ECDSA on P-256 (3.4)
struct crypto_key;        // immutable, any thread
#define RSA_BYTES_MIN 256 // 2048 bits: RFC 7518 3.3
#define RSA_BYTES_MAX 512
// Modulus and exponent, big-endian without leading zeros. ERR_INVALID: too small or too large, or no RSA key.
enum err crypto_rsa_key(struct slice n, struct slice e, struct crypto_key **ret, struct error *err) MUST_CHECK;
// Coordinates of 32 bytes each. ERR_INVALID: not a point of the curve.
enum err crypto_p256_key(struct slice x, struct slice y, struct crypto_key **ret, struct error *err) MUST_CHECK;
void crypto_key_free(struct crypto_key *k); // NULL-safe
bool crypto_key_is_rsa(const struct crypto_key *k);
// signature: as many bytes as the modulus has, or r and s of 32 bytes each. Lack of memory is a wrong signature.
bool crypto_verify(const struct crypto_key *k, struct slice text, struct slice signature);

// Self-signed certificate for tests and `dev --tls` lives in net/tls.h, not here.
