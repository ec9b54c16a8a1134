// SPDX-License-Identifier: Apache-2.0
// Access tokens, in two ways: the input as a token, and the input as claims under a right MAC (so that the claims'
// reader is reached). Called by: fuzz/driver.c or libFuzzer. Must never: accept a token that it did not sign here.
#include "auth/jwt.h"
#include "base/encode.h"
#include "net/crypto.h"

#define ISSUER "http://127.0.0.1:8080"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct jwt_key key = {.kid = "00112233445566ff", .secret = "0123456789abcdef0123456789abcde"};

static void claims_under_a_right_mac(struct slice claims)
{
    static const char head[] = "{\"alg\":\"HS256\",\"kid\":\"00112233445566ff\",\"typ\":\"JWT\"}";
    char text[BASE64_LEN(sizeof(head)) + BASE64_LEN(1024) + 64];
    uint8_t mac[32];
    struct jwt_claims c;
    if (claims.n > 1024) return;
    base64url_encode(head, sizeof(head) - 1, text);
    size_t n = strlen(text);
    text[n++] = '.';
    base64url_encode(claims.p, claims.n, text + n);
    struct slice part = slice_of(text);
    crypto_hmac_sha256(slice_n((const char *)key.secret, 32), &part, 1, mac);
    n = part.n;
    text[n++] = '.';
    base64url_encode(mac, 32, text + n);
    enum jwt_result r = jwt_verify(&key, 1, SLICE(ISSUER), slice_of(text), wall_from_sec(1700000000), &c);
    ASSERT(r != JWT_UNKNOWN_KEY);
    if (r == JWT_BAD) return;
    ASSERT(strlen(c.jti) == JWT_JTI && c.subject[0] && c.expires > 0 && c.issued > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err;
    struct jwt_claims c;
    if (crypto_init(&err) != ERR_OK) return 0;
    struct slice text = slice_n((const char *)data, size);
    enum jwt_result r = jwt_verify(&key, 1, SLICE("https://another.example"), text, wall_from_sec(1), &c);
    ASSERT(r == JWT_BAD || r == JWT_UNKNOWN_KEY); // nobody has signed for that issuer
    claims_under_a_right_mac(text);
    return 0;
}
