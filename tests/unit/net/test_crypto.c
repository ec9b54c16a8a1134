// SPDX-License-Identifier: Apache-2.0
// Digests and MAC on their RFCs' examples, the AEAD's refusals, and contexts of several threads.
// Called by: meson test. Must never: depend on the order of calls within a thread.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka needs the three above first
#include <cmocka.h>
#include <pthread.h>

#include "base/encode.h"
#include "net/crypto.h"

static void test_digests_match_their_rfcs(void **state)
{
    (void)state;
    struct slice parts[] = {SLICE("message"), SLICE(""), SLICE(" digest")};
    uint8_t md5[16], sha[32];
    char hex[65];
    crypto_md5(parts, 3, md5); // RFC 1321 A.5
    hex_encode(md5, 16, hex);
    assert_string_equal(hex, "f96b697d7cb7938d525a2f31aaf161d0");
    struct slice abc = SLICE("abc");
    crypto_sha256(&abc, 1, sha); // FIPS 180-2 B.1
    hex_encode(sha, 32, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    crypto_sha256(NULL, 0, sha);
    hex_encode(sha, 32, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void test_hmac_matches_rfc_4231(void **state)
{
    (void)state;
    uint8_t mac[32], long_key[131];
    char hex[65];
    struct slice text[] = {SLICE("what do ya want "), SLICE("for nothing?")};
    crypto_hmac_sha256(SLICE("Jefe"), text, 2, mac);
    hex_encode(mac, 32, hex);
    assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(long_key, 0xaa, sizeof long_key);
    struct slice hash_first = SLICE("Test Using Larger Than Block-Size Key - Hash Key First");
    crypto_hmac_sha256(slice_n((const char *)long_key, sizeof long_key), &hash_first, 1, mac);
    hex_encode(mac, 32, hex);
    assert_string_equal(hex, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    // An empty key must not mean "the key of the call before".
    crypto_hmac_sha256((struct slice){NULL, 0}, NULL, 0, mac);
    hex_encode(mac, 32, hex);
    assert_string_equal(hex, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void test_sealed_text_opens_only_unchanged(void **state)
{
    (void)state;
    uint8_t key[32] = {1}, nonce[12] = {2}, sealed[5 + AEAD_TAG], out[8];
    struct error err;
    struct slice text = SLICE("hello"), aad = SLICE("abcdefgh");
    assert_int_equal(crypto_seal(key, nonce, aad, text, sealed, &err), ERR_OK);
    struct slice s = slice_n((const char *)sealed, sizeof sealed);
    assert_int_equal(crypto_open(key, nonce, aad, s, out, &err), ERR_OK);
    assert_memory_equal(out, "hello", 5);
    for (size_t i = 0; i < sizeof sealed; i++) {
        sealed[i] ^= 1;
        memset(out, 7, sizeof out);
        assert_int_equal(crypto_open(key, nonce, aad, s, out, &err), ERR_CORRUPT);
        assert_memory_not_equal(out, "hello", 5);
        sealed[i] ^= 1;
    }
    assert_int_equal(crypto_open(key, nonce, SLICE("abcdefgX"), s, out, &err), ERR_CORRUPT);
    nonce[0]++;
    assert_int_equal(crypto_open(key, nonce, aad, s, out, &err), ERR_CORRUPT);
    nonce[0]--;
    key[31]++;
    assert_int_equal(crypto_open(key, nonce, aad, s, out, &err), ERR_CORRUPT);
    key[31]--;
    s.n = AEAD_TAG - 1;
    assert_int_equal(crypto_open(key, nonce, aad, s, out, &err), ERR_CORRUPT);
    // Empty text and no AAD: only the tag remains.
    assert_int_equal(crypto_seal(key, nonce, (struct slice){NULL, 0}, (struct slice){NULL, 0}, sealed, &err), ERR_OK);
    assert_int_equal(
        crypto_open(key, nonce, (struct slice){NULL, 0}, slice_n((const char *)sealed, AEAD_TAG), out, &err), ERR_OK);
}

// AES-256-GCM, test case 16 of the GCM specification (McGrew and Viega).
static void test_seal_matches_the_published_case(void **state)
{
    (void)state;
    uint8_t key[32], nonce[12], aad[20], text[60], out[76];
    char hex[153];
    struct error err;
    assert_true(hex_decode(SLICE("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"), key, sizeof key));
    assert_true(hex_decode(SLICE("cafebabefacedbaddecaf888"), nonce, sizeof nonce));
    assert_true(hex_decode(SLICE("feedfacedeadbeeffeedfacedeadbeefabaddad2"), aad, sizeof aad));
    assert_true(
        hex_decode(SLICE("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e"
                         "2449a6b525b16aedf5aa0de657ba637b39"),
                   text, sizeof text));
    assert_int_equal(
        crypto_seal(key, nonce, slice_n((char *)aad, sizeof aad), slice_n((char *)text, sizeof text), out, &err),
        ERR_OK);
    hex_encode(out, sizeof out, hex);
    assert_string_equal(hex, "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b105"
                             "6828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b");
}

static void *hash_many(void *arg)
{
    unsigned *wrong = arg;
    for (unsigned i = 0; i < 200; i++) {
        struct slice text[] = {SLICE("what do ya want "), SLICE("for nothing?")};
        uint8_t mac[32];
        crypto_hmac_sha256(SLICE("Jefe"), text, 2, mac);
        *wrong += mac[0] != 0x5b || mac[31] != 0x43;
    }
    return NULL;
}

static void test_threads_have_contexts_of_their_own(void **state)
{
    (void)state;
    pthread_t t[4];
    unsigned wrong[4] = {0};
    for (unsigned i = 0; i < 4; i++) assert_int_equal(pthread_create(&t[i], NULL, hash_many, &wrong[i]), 0);
    for (unsigned i = 0; i < 4; i++) {
        pthread_join(t[i], NULL);
        assert_int_equal(wrong[i], 0);
    }
}

static void test_equal_compares_all_bytes(void **state)
{
    (void)state;
    assert_true(crypto_equal("abc", "abc", 3));
    assert_false(crypto_equal("abc", "abd", 3));
    assert_false(crypto_equal("xbc", "abc", 3));
    assert_true(crypto_equal("a", "b", 0));
}

static int setup(void **state)
{
    struct error err;
    (void)state;
    return crypto_init(&err) == ERR_OK && crypto_init(&err) == ERR_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digests_match_their_rfcs),
        cmocka_unit_test(test_hmac_matches_rfc_4231),
        cmocka_unit_test(test_sealed_text_opens_only_unchanged),
        cmocka_unit_test(test_seal_matches_the_published_case),
        cmocka_unit_test(test_threads_have_contexts_of_their_own),
        cmocka_unit_test(test_equal_compares_all_bytes),
    };
    return cmocka_run_group_tests_name("net/crypto", tests, setup, NULL);
}
