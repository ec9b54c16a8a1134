// SPDX-License-Identifier: Apache-2.0
// Access tokens: their exact form, a table of tampered ones (RFC 8725), and time. Run by: meson test.
// Must never: need a store.
#include "auth/jwt.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>

#include "base/encode.h"
#include "base/mem.h"
#include "net/crypto.h"

#define ISSUER "https://peerage.example:8080"
#define NOW    1700000000

static const struct jwt_key keys[] = {{.kid = "00112233445566ff", .secret = "0123456789abcdef0123456789abcde"},
                                      {.kid = "ffeeddccbbaa9988", .secret = "another secret of 32 bytes......"}};
static const struct jwt_claims claims = {.subject = "mdb_sa_id_0123456789abcdef01234567",
                                         .jti = "AAECAwQFBgcICQoLDA0ODw",
                                         .issued = NOW,
                                         .expires = NOW + 3600};

static int set_up(void **state)
{
    struct error err;
    return crypto_init(&err) == ERR_OK ? 0 : -1;
}

static struct wall at(int64_t s)
{
    return wall_from_sec(s);
}

static enum jwt_result verify(struct slice token)
{
    struct jwt_claims c;
    return jwt_verify(keys, ARRAY_LEN(keys), SLICE(ISSUER), token, at(NOW + 10), &c);
}

static struct slice make(char out[JWT_MAX])
{
    size_t n = 0;
    assert_true(jwt_make(&keys[0], SLICE(ISSUER), &claims, out, JWT_MAX, &n));
    return slice_n(out, n);
}

// header and claims as text, signed with keys[0]: what only the holder of the key could make.
static struct slice signed_token(char out[2 * JWT_MAX], const char *header, const char *body)
{
    static char text[2 * JWT_MAX];
    uint8_t mac[32];
    base64url_encode(header, strlen(header), text);
    int n = snprintf(out, 2 * JWT_MAX, "%s.", text);
    base64url_encode(body, strlen(body), text);
    n += snprintf(out + n, 2 * JWT_MAX - (size_t)n, "%s", text);
    struct slice part = slice_n(out, (size_t)n);
    crypto_hmac_sha256(slice_n((const char *)keys[0].secret, 32), &part, 1, mac);
    base64url_encode(mac, 32, text);
    n += snprintf(out + n, 2 * JWT_MAX - (size_t)n, ".%s", text);
    return slice_n(out, (size_t)n);
}

#define HEAD "{\"alg\":\"HS256\",\"kid\":\"00112233445566ff\",\"typ\":\"JWT\"}"
#define BODY                                                                                                           \
    "{\"aud\":\"" ISSUER "\",\"exp\":1700003600,\"iat\":1700000000,\"iss\":\"" ISSUER                                  \
    "\",\"jti\":\"AAECAwQFBgcICQoLDA0ODw\",\"sub\":\"mdb_sa_id_0123456789abcdef01234567\"}"

static void the_form_is_fixed(void **state)
{
    char a[JWT_MAX], b[2 * JWT_MAX];
    struct slice made = make(a);
    assert_true(slice_eq(made, signed_token(b, HEAD, BODY)));
    struct jwt_claims c;
    assert_int_equal(jwt_verify(keys, 2, SLICE(ISSUER), made, at(NOW), &c), JWT_OK);
    assert_string_equal(c.subject, claims.subject);
    assert_string_equal(c.jti, claims.jti);
    assert_int_equal(c.issued, NOW);
    assert_int_equal(c.expires, NOW + 3600);
}

static void it_ends_on_time(void **state)
{
    char a[JWT_MAX];
    struct jwt_claims c = {.issued = 1};
    struct slice t = make(a);
    assert_int_equal(jwt_verify(keys, 2, SLICE(ISSUER), t, at(NOW + 3599), &c), JWT_OK);
    assert_int_equal(jwt_verify(keys, 2, SLICE(ISSUER), t, at(NOW + 3600), &c), JWT_EXPIRED);
    assert_string_equal(c.jti, claims.jti);
    // Issued by a replica whose clock is ahead: up to a minute.
    assert_int_equal(jwt_verify(keys, 2, SLICE(ISSUER), t, at(NOW - 60), &c), JWT_OK);
    assert_int_equal(jwt_verify(keys, 2, SLICE(ISSUER), t, at(NOW - 61), &c), JWT_BAD);
}

static void keys_are_told_apart(void **state)
{
    char a[JWT_MAX];
    struct jwt_claims c;
    struct slice t = make(a);
    struct jwt_key other = keys[0];
    other.secret[31] ^= 1;
    assert_int_equal(jwt_verify(&keys[1], 1, SLICE(ISSUER), t, at(NOW), &c), JWT_UNKNOWN_KEY);
    assert_int_equal(jwt_verify(NULL, 0, SLICE(ISSUER), t, at(NOW), &c), JWT_UNKNOWN_KEY);
    assert_int_equal(jwt_verify(&other, 1, SLICE(ISSUER), t, at(NOW), &c), JWT_BAD);
    assert_int_equal(jwt_verify(keys, 2, SLICE(ISSUER "/"), t, at(NOW), &c), JWT_BAD);
}

// All of these carry a right MAC: only their header or claims are not ours.
static void tampered_headers_and_claims(void **state)
{
    static const struct {
        const char *head, *body;
    } rows[] = {
        {"{\"alg\":\"none\",\"kid\":\"00112233445566ff\",\"typ\":\"JWT\"}", BODY},
        {"{\"alg\":\"HS384\",\"kid\":\"00112233445566ff\",\"typ\":\"JWT\"}", BODY},
        {"{\"alg\":\"RS256\",\"kid\":\"00112233445566ff\",\"typ\":\"JWT\"}", BODY},
        {"{\"alg\":\"HS256\",\"kid\":\"00112233445566ff\",\"typ\":\"jwt\"}", BODY},
        {"{\"alg\":\"HS256\",\"kid\":\"00112233445566ff\",\"typ\":\"at+jwt\"}", BODY},
        {"{\"alg\":\"HS256\",\"kid\":\"00112233445566ff\"}", BODY},
        {"{\"alg\":\"HS256\",\"typ\":\"JWT\"}", BODY},
        {"{\"kid\":\"00112233445566ff\",\"alg\":\"HS256\",\"typ\":\"JWT\"}", BODY},
        {"{\"alg\":\"HS256\",\"kid\":\"00112233445566ff\",\"typ\":\"JWT\",\"crit\":[\"b64\"]}", BODY},
        {"{\"alg\":\"HS256\",\"kid\":\"00112233445566ff\",\"jku\":\"http://x\",\"typ\":\"JWT\"}", BODY},
        {"{\"alg\":\"HS256\",\"kid\":\"00112233445566ff\",\"typ\":\"JWT\",\"zip\":\"DEF\"}", BODY},
        {"{\"alg\":\"HS256\", \"kid\":\"00112233445566ff\",\"typ\":\"JWT\"}", BODY},
        {"{\"alg\":\"HS256\",\"kid\":\"00112233445566f\",\"typ\":\"JWT\"}", BODY},
        {"", BODY},
        {HEAD, ""},
        {HEAD, "{}"},
        {HEAD, "[]"},
        {HEAD, "1"},
        {HEAD, "{\"exp\":1700003600"},
        {HEAD, BODY "x"},
        {HEAD, "{\"aud\":\"other\",\"exp\":1700003600,\"iat\":1700000000,\"iss\":\"" ISSUER
               "\",\"jti\":\"AAECAwQFBgcICQoLDA0ODw\",\"sub\":\"x\"}"},
        {HEAD, "{\"aud\":[\"" ISSUER "\"],\"exp\":1700003600,\"iat\":1700000000,\"iss\":\"" ISSUER
               "\",\"jti\":\"AAECAwQFBgcICQoLDA0ODw\",\"sub\":\"x\"}"},
        {HEAD, "{\"aud\":\"" ISSUER "\",\"exp\":1700003600,\"iat\":1700000000,\"iss\":\"other"
               "\",\"jti\":\"AAECAwQFBgcICQoLDA0ODw\",\"sub\":\"x\"}"},
        {HEAD, "{\"aud\":\"" ISSUER "\",\"exp\":\"1700003600\",\"iat\":1700000000,\"iss\":\"" ISSUER
               "\",\"jti\":\"AAECAwQFBgcICQoLDA0ODw\",\"sub\":\"x\"}"},
        {HEAD, "{\"aud\":\"" ISSUER "\",\"exp\":1700003600.5,\"iat\":1700000000,\"iss\":\"" ISSUER
               "\",\"jti\":\"AAECAwQFBgcICQoLDA0ODw\",\"sub\":\"x\"}"},
        {HEAD, "{\"aud\":\"" ISSUER "\",\"exp\":-1,\"iat\":1700000000,\"iss\":\"" ISSUER
               "\",\"jti\":\"AAECAwQFBgcICQoLDA0ODw\",\"sub\":\"x\"}"},
        {HEAD, "{\"aud\":\"" ISSUER "\",\"exp\":253402300800,\"iat\":1700000000,\"iss\":\"" ISSUER
               "\",\"jti\":\"AAECAwQFBgcICQoLDA0ODw\",\"sub\":\"x\"}"},
        {HEAD, "{\"aud\":\"" ISSUER "\",\"exp\":1700003600,\"nbf\":1700000000,\"iss\":\"" ISSUER
               "\",\"jti\":\"AAECAwQFBgcICQoLDA0ODw\",\"sub\":\"x\"}"},
        {HEAD, "{\"aud\":\"" ISSUER "\",\"exp\":1700003600,\"iat\":1700000000,\"iss\":\"" ISSUER
               "\",\"jti\":\"AAECAwQFBgcICQoLDA0OD\",\"sub\":\"x\"}"},
        {HEAD, "{\"aud\":\"" ISSUER "\",\"exp\":1700003600,\"iat\":1700000000,\"iss\":\"" ISSUER
               "\",\"jti\":\"AAECAwQFBgcICQoLDA0ODwA\",\"sub\":\"x\"}"},
        {HEAD, "{\"aud\":\"" ISSUER "\",\"exp\":1700003600,\"iat\":1700000000,\"iss\":\"" ISSUER
               "\",\"jti\":\"AAECAwQFBgcICQoLDA0ODw\",\"sub\":\"\"}"},
        {HEAD, "{\"aud\":\"" ISSUER "\",\"exp\":1700003600,\"iat\":1700000000,\"iss\":\"" ISSUER
               "\",\"jti\":\"AAECAwQFBgcICQoLDA0ODw\",\"sub\":\"123456789012345678901234567890123456789012345678\"}"},
        {HEAD, "{\"aud\":\"" ISSUER "\",\"exp\":1700003600,\"iat\":1700000000,\"iss\":\"" ISSUER
               "\",\"jti\":\"AAECAwQFBgcICQoLDA0ODw\",\"scope\":\"all\",\"sub\":\"x\"}"},
    };
    char out[2 * JWT_MAX];
    assert_int_equal(verify(signed_token(out, HEAD, BODY)), JWT_OK);
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
        if (verify(signed_token(out, rows[i].head, rows[i].body)) != JWT_BAD)
            fail_msg("accepted %s.%s", rows[i].head, rows[i].body);
}

static void every_changed_character_is_seen(void **state)
{
    char a[JWT_MAX], copy[JWT_MAX];
    struct slice t = make(a);
    for (size_t i = 0; i < t.n; i++) {
        for (int c = 0; c < 256; c += 1 + (i % 7)) {
            if (c == (unsigned char)t.p[i]) continue;
            memcpy(copy, t.p, t.n);
            copy[i] = (char)c;
            enum jwt_result r = verify(slice_n(copy, t.n));
            assert_true(r == JWT_BAD || r == JWT_UNKNOWN_KEY);
        }
    }
}

static void wrong_shapes(void **state)
{
    static const char *const bad[] = {"", ".", "..", "a.b", "a.b.c.d", "....", "e30.e30.", "e30.e30.e30"};
    char a[JWT_MAX], copy[JWT_MAX + 8];
    for (unsigned i = 0; i < ARRAY_LEN(bad); i++) assert_int_equal(verify(slice_of(bad[i])), JWT_BAD);
    struct slice t = make(a);
    for (size_t n = 0; n < t.n; n++) assert_int_equal(verify(slice_n(t.p, n)), JWT_BAD);
    memcpy(copy, t.p, t.n);
    for (int i = 0; i < 2; i++) {
        copy[t.n + (size_t)i] = "=A"[i];
        assert_int_equal(verify(slice_n(copy, t.n + (size_t)i + 1)), JWT_BAD);
    }
    // Longer than any token of ours, and claims that fill the buffer.
    static char big[JWT_MAX * 2], out[JWT_MAX * 2];
    memset(big, ' ', 1300);
    assert_int_equal(verify(signed_token(out, HEAD, big)), JWT_BAD);
    memset(big, 'x', sizeof(big) - 1);
    assert_int_equal(verify(slice_of(big)), JWT_BAD);
    // A signed part that is not base64url, under a right MAC.
    memcpy(copy, t.p, t.n);
    char *claim = strchr(copy, '.') + 1;
    claim[3] = '+';
    uint8_t mac[32];
    struct slice part = slice_n(copy, t.n - 44);
    crypto_hmac_sha256(slice_n((const char *)keys[0].secret, 32), &part, 1, mac);
    base64url_encode(mac, 32, copy + t.n - 43);
    assert_int_equal(verify(slice_n(copy, t.n)), JWT_BAD);
}

static void making_is_bounded(void **state)
{
    static char long_issuer[2000];
    char out[JWT_MAX];
    size_t n = 99;
    memset(long_issuer, 'i', sizeof(long_issuer) - 1);
    assert_false(jwt_make(&keys[0], slice_n(long_issuer, JWT_ISSUER_MAX + 1), &claims, out, sizeof(out), &n));
    assert_false(jwt_make(&keys[0], slice_n(long_issuer, 1500), &claims, out, sizeof(out), &n));
    assert_false(jwt_make(&keys[0], SLICE(ISSUER), &claims, out, 300, &n));
    assert_int_equal(n, 99);
    assert_true(jwt_make(&keys[0], slice_n(long_issuer, JWT_ISSUER_MAX), &claims, out, sizeof(out), &n));
    struct jwt_claims c;
    assert_int_equal(jwt_verify(keys, 2, slice_n(long_issuer, JWT_ISSUER_MAX), slice_n(out, n), at(NOW), &c), JWT_OK);
}

static void no_memory_refuses(void **state)
{
    char a[JWT_MAX];
    struct slice t = make(a);
    mem_fault_set(1, true);
    enum jwt_result r = verify(t);
    mem_fault_set(0, false);
    assert_int_equal(r, JWT_UNSURE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_form_is_fixed),   cmocka_unit_test(it_ends_on_time),
        cmocka_unit_test(keys_are_told_apart), cmocka_unit_test(tampered_headers_and_claims),
        cmocka_unit_test(wrong_shapes),        cmocka_unit_test(every_changed_character_is_seen),
        cmocka_unit_test(making_is_bounded),   cmocka_unit_test(no_memory_refuses),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
