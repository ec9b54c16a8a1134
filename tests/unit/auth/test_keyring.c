// SPDX-License-Identifier: Apache-2.0
// The key file: making, reading, refusing; sealing for one purpose with one name. Run by: meson test.
#include "auth/keyring.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

#define ID_1  "0011223344556677"
#define ID_2  "8899aabbccddeeff"
#define HEX_1 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define HEX_2 "f00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1F"

static char dir[32], path[64];

static int set_up(void **state)
{
    struct error err;
    snprintf(dir, sizeof(dir), "/tmp/peerage-keys-XXXXXX");
    if (crypto_init(&err) != ERR_OK || mkdtemp(dir) == NULL) return -1;
    snprintf(path, sizeof(path), "%s/keys", dir);
    return 0;
}

static int tear_down(void **state)
{
    (void)unlink(path);
    return rmdir(dir);
}

static void created_files_are_private_and_load(void **state)
{
    struct error err = {0};
    struct keyring *k;
    struct stat st;
    assert_int_equal(keyring_create(path, &rng_system, &err), ERR_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(st.st_size, 16 + 3 + 64 + 1);
    assert_int_equal(keyring_load(path, &k, &err), ERR_OK);
    assert_int_equal(strlen(keyring_current_id(k)), 16);
    keyring_free(k);
    assert_int_equal(keyring_create(path, &rng_system, &err), ERR_EXISTS);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(keyring_load(path, &k, &err), ERR_DENIED);
    (void)unlink(path);
    assert_int_not_equal(keyring_load(path, &k, &err), ERR_OK);
}

static void errors_name_the_file_and_line_but_no_key(void **state)
{
    static const char *const bad[] = {
        "",
        "# only a comment\n\n",
        ID_1 "\n",
        ID_1 " = " HEX_1 "00\n",
        ID_1 " = \n",
        ID_1 " = xy" HEX_1 "\n",
        "001122334455667 = " HEX_1 "\n",
        "00112233445566AA = " HEX_1 "\n",
        "= " HEX_1 "\n",
        ID_1 " = " HEX_1 "\n" ID_1 " = " HEX_2 "\n",
        ID_1 " = " HEX_1 "\n" HEX_2 "\n",
    };
    for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
        struct error err = {0};
        struct keyring *k = NULL;
        (void)unlink(path);
        assert_int_equal(file_write(path, slice_of(bad[i]), 0600, &err), ERR_OK);
        assert_int_equal(keyring_load(path, &k, &err), ERR_INVALID);
        assert_null(k);
        assert_non_null(strstr(err.detail, path));
        assert_null(strstr(err.detail, "0a0b0c0d"));
    }
}

static void comments_blanks_and_several_keys(void **state)
{
    struct error err;
    struct keyring *k;
    assert_int_equal(keyring_parse(SLICE("# current\r\n\n  " ID_2 "\t= " HEX_2 " \r\n" ID_1 "=" HEX_1), &k, &err),
                     ERR_OK);
    assert_int_equal(keyring_ring(k)->n, 2);
    assert_string_equal(keyring_current_id(k), ID_2);
    keyring_free(k);
    char text[KEYRING_MAX * 90 + 200];
    size_t n = 0;
    for (int i = 0; i <= KEYRING_MAX; i++) {
        assert_int_equal(keyring_parse(slice_n(text, n), &k, &err), i ? ERR_OK : ERR_INVALID);
        if (i) keyring_free(k);
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%016x = " HEX_1 "\n", (unsigned)i);
    }
    assert_int_equal(keyring_parse(slice_n(text, n), &k, &err), ERR_TOO_LARGE);
}

static void sealed_things_open_with_the_same_key_purpose_and_name(void **state)
{
    struct error err;
    struct keyring *old, *both, *other;
    char id[17];
    uint8_t nonce[AEAD_NONCE], sealed[5 + AEAD_TAG], out[5];
    assert_int_equal(keyring_parse(SLICE(ID_1 " = " HEX_1), &old, &err), ERR_OK);
    assert_int_equal(keyring_parse(SLICE(ID_2 " = " HEX_2 "\n" ID_1 " = " HEX_1), &both, &err), ERR_OK);
    assert_int_equal(keyring_parse(SLICE(ID_1 " = " HEX_2), &other, &err), ERR_OK);
    struct slice s = slice_n((const char *)sealed, sizeof(sealed));
    assert_int_equal(keyring_seal(old, KEY_HA1, SLICE("name"), SLICE("hello"), &rng_system, id, nonce, sealed, &err),
                     ERR_OK);
    assert_string_equal(id, ID_1);
    assert_int_equal(keyring_open(both, KEY_HA1, id, nonce, SLICE("name"), s, out, &err), ERR_OK);
    assert_memory_equal(out, "hello", 5);
    assert_int_equal(keyring_open(both, KEY_SIGNING, id, nonce, SLICE("name"), s, out, &err), ERR_CORRUPT);
    assert_int_equal(keyring_open(both, KEY_HA1, id, nonce, SLICE("nama"), s, out, &err), ERR_CORRUPT);
    assert_int_equal(keyring_open(both, KEY_HA1, ID_2, nonce, SLICE("name"), s, out, &err), ERR_CORRUPT);
    assert_int_equal(keyring_open(other, KEY_HA1, id, nonce, SLICE("name"), s, out, &err), ERR_CORRUPT);
    assert_int_equal(keyring_open(old, KEY_HA1, ID_2, nonce, SLICE("name"), s, out, &err), ERR_NOT_FOUND);
    sealed[2] ^= 1;
    assert_int_equal(keyring_open(old, KEY_HA1, id, nonce, SLICE("name"), s, out, &err), ERR_CORRUPT);
    keyring_free(old);
    keyring_free(both);
    keyring_free(other);
    keyring_free(NULL);
}

static void secrets_of_webhooks_are_bound_to_their_hook(void **state)
{
    static const uint8_t secret[WEBHOOK_SECRET] = "0123456789abcdef0123456789abcde";
    uint8_t out[WEBHOOK_SECRET];
    struct error err;
    struct keyring *k, *other;
    struct webhook_secret s;
    assert_int_equal(keyring_parse(SLICE(ID_1 " = " HEX_1), &k, &err), ERR_OK);
    assert_int_equal(keyring_parse(SLICE(ID_2 " = " HEX_2), &other, &err), ERR_OK);
    assert_int_equal(keyring_seal_webhook(k, &rng_system, "hook", secret, &s, &err), ERR_OK);
    assert_string_equal(s.key_id, ID_1);
    assert_null(memmem(s.sealed, sizeof(s.sealed), secret, 8));
    assert_int_equal(keyring_open_webhook(k, "hook", &s, out, &err), ERR_OK);
    assert_memory_equal(out, secret, sizeof(secret));
    assert_int_equal(keyring_open_webhook(k, "hoak", &s, out, &err), ERR_CORRUPT);
    assert_int_equal(keyring_open_webhook(other, "hook", &s, out, &err), ERR_NOT_FOUND);
    s.sealed[47] ^= 1;
    assert_int_equal(keyring_open_webhook(k, "hook", &s, out, &err), ERR_CORRUPT);
    keyring_free(k);
    keyring_free(other);
}

static void no_memory_is_an_error(void **state)
{
    struct error err;
    struct keyring *k;
    mem_fault_set(1, true);
    enum err e = keyring_parse(SLICE(ID_1 " = " HEX_1), &k, &err);
    mem_fault_set(0, false);
    assert_int_equal(e, ERR_NOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(created_files_are_private_and_load),
        cmocka_unit_test(errors_name_the_file_and_line_but_no_key),
        cmocka_unit_test(comments_blanks_and_several_keys),
        cmocka_unit_test(sealed_things_open_with_the_same_key_purpose_and_name),
        cmocka_unit_test(secrets_of_webhooks_are_bound_to_their_hook),
        cmocka_unit_test(no_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
