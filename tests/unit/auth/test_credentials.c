// SPDX-License-Identifier: Apache-2.0
// Making credentials: their forms, what the store keeps, audit, bad input, and the doctor's proof. Run by: meson test.
#include "fixture.h"

static void api_keys_have_the_recorded_form(void **state)
{
    struct fix *f = *state;
    struct credential c;
    struct error err;
    const struct new_api_key *k = &f->key;
    assert_int_equal(strlen(k->row.public_key), 8);
    for (int i = 0; i < 8; i++) assert_in_range(k->row.public_key[i], 'a', 'z');
    assert_int_equal(strlen(k->private_key), 36);
    for (int i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        assert_int_equal(k->private_key[i] == '-', dash);
        assert_true(dash || strchr("0123456789abcdef", k->private_key[i]));
    }
    assert_int_equal(k->private_key[14], '4');
    assert_non_null(strchr("89ab", k->private_key[19]));
    assert_string_equal(k->row.private_tail, k->private_key + 24);
    assert_int_equal(store_api_key_find(f->reader, slice_of(k->row.public_key), f->arena, &c, &err), ERR_OK);
    assert_string_equal(c.key.description, "test key");
    assert_string_equal(c.key.ha1_key_id, "0011223344556677");
    assert_int_equal(c.principal.grant_count, 2);
    assert_int_equal(c.key.created.us, FIX_NOW * US_PER_SEC);
}

static void service_accounts_have_the_documented_form(void **state)
{
    struct fix *f = *state;
    struct credential c;
    struct error err;
    const struct new_account *a = &f->account;
    assert_int_equal(strlen(a->row.client_id), 10 + 24);
    assert_memory_equal(a->row.client_id, "mdb_sa_id_", 10);
    assert_int_equal(strspn(a->row.client_id + 10, "0123456789abcdef"), 24);
    assert_int_equal(strlen(a->client_secret), 50);
    assert_memory_equal(a->client_secret, "mdb_sa_sk_", 10);
    assert_int_equal(store_account_find(f->reader, slice_of(a->row.client_id), f->arena, &c, &err), ERR_OK);
    assert_string_equal(c.account.name, "robot");
    assert_int_equal(c.secret_count, 1);
    assert_string_equal(c.secrets[0].masked, "mdb_sa_sk_...");
    assert_int_equal(c.secrets[0].expires.us, (FIX_NOW + 8760 * 3600) * US_PER_SEC);
    struct slice secret = slice_of(a->client_secret);
    uint8_t hash[32];
    crypto_sha256(&secret, 1, hash);
    assert_memory_equal(c.secrets[0].hash, hash, 32);
}

static void creation_is_audited(void **state)
{
    struct fix *f = *state;
    struct event_row *events;
    struct new_api_key fresh;
    struct error err;
    size_t n;
    assert_int_equal(auth_api_key_reset(f->auth, f->key.row.public_key, &fresh, &err), ERR_OK);
    assert_string_not_equal(fresh.private_key, f->key.private_key);
    assert_string_equal(fresh.row.public_key, f->key.row.public_key);
    assert_int_equal(store_events(f->reader, NULL, (struct page){1, 100}, f->arena, &events, &n, &err), ERR_OK);
    unsigned created = 0, accounts = 0, resets = 0;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(events[i].org_id, FIX_ORG) != 0) continue;
        bool key = slice_eq_cstr(events[i].resource, f->key.row.public_key);
        created += key && strcmp(events[i].type, "API_KEY_CREATED") == 0;
        resets += key && strcmp(events[i].type, "PEERAGE_API_KEY_RESET") == 0;
        accounts += slice_eq_cstr(events[i].resource, f->account.row.client_id) &&
                    strcmp(events[i].type, "SERVICE_ACCOUNT_CREATED") == 0;
    }
    assert_int_equal(created, 1);
    assert_int_equal(resets, 1);
    assert_int_equal(accounts, 1);
}

static void bad_input_makes_nothing(void **state)
{
    struct fix *f = *state;
    struct new_api_key k = {0};
    struct new_account a = {0};
    struct error err;
    struct credential *all;
    size_t n;
    char text[300];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    struct auth *au = f->auth;
    assert_int_equal(auth_api_key_create(au, "xyz", "d", NULL, 0, &k, &err), ERR_INVALID);
    assert_int_equal(auth_api_key_create(au, FIX_ORG, text, NULL, 0, &k, &err), ERR_INVALID);
    assert_int_equal(auth_api_key_create(au, FIX_ORG, "\xff", NULL, 0, &k, &err), ERR_INVALID);
    assert_int_not_equal(auth_api_key_create(au, "0123456789abcdef000000ff", "d", NULL, 0, &k, &err), ERR_OK);
    assert_int_equal(auth_account_create(au, FIX_ORG, "", "d", NULL, 0, 8, &a, &err), ERR_INVALID);
    assert_int_equal(auth_account_create(au, FIX_ORG, text, "d", NULL, 0, 8, &a, &err), ERR_INVALID);
    assert_int_equal(auth_account_create(au, FIX_ORG, "n", text, NULL, 0, 8, &a, &err), ERR_INVALID);
    assert_int_equal(auth_account_create(au, FIX_ORG, "n", "", NULL, 0, 7, &a, &err), ERR_INVALID);
    assert_int_equal(auth_account_create(au, FIX_ORG, "n", "", NULL, 0, 8761, &a, &err), ERR_INVALID);
    assert_int_not_equal(auth_account_create(au, "0123456789abcdef000000ff", "n", "", NULL, 0, 8, &a, &err), ERR_OK);
    assert_int_equal(k.private_key[0], '\0');
    assert_int_equal(a.client_secret[0], '\0');
    assert_int_equal(store_credentials(f->reader, NULL, f->arena, &all, &n, &err), ERR_OK);
    assert_int_equal(n, 2);
}

static void the_doctor_finds_a_wrong_key_file(void **state)
{
    struct fix *f = *state;
    struct error err;
    struct keyring *other;
    assert_int_equal(auth_verify_keys(f->keys, f->reader, &err), ERR_OK);
    assert_int_equal(keyring_parse(SLICE("aaaabbbbccccdddd = "
                                         "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
                                   &other, &err),
                     ERR_OK);
    assert_int_equal(auth_verify_keys(other, f->reader, &err), ERR_CORRUPT);
    assert_non_null(strstr(err.detail, f->key.row.public_key));
    keyring_free(other);
}

static void a_start_with_another_key_file_signs_anew(void **state)
{
    struct fix *f = *state;
    struct error err;
    struct auth *second;
    struct keyring *other;
    char *token = fix_token(f);
    assert_int_equal(keyring_parse(SLICE("aaaabbbbccccdddd = "
                                         "f00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
                                   &other, &err),
                     ERR_OK);
    struct auth_options o = f->auth->o;
    o.keys = other;
    fix_advance(f, 1);
    assert_int_equal(auth_new(&o, &second, &err), ERR_OK);
    struct auth *first = f->auth;
    f->auth = second;
    char *fresh = fix_token(f);
    assert_int_equal(fix_bearer(f, fresh), AUTH_OK);
    assert_int_equal(fix_bearer(f, token), AUTH_BAD_TOKEN);
    f->auth = first;
    auth_free(second);
    keyring_free(other);
    mem_free(token);
    mem_free(fresh);
}

static void options_are_checked_and_memory_may_fail(void **state)
{
    struct fix *f = *state;
    struct error err;
    struct auth *a = NULL;
    struct auth_options o = f->auth->o;
    static char longest[JWT_ISSUER_MAX + 2];
    memset(longest, 'x', JWT_ISSUER_MAX + 1);
    o.issuer = "";
    assert_int_equal(auth_new(&o, &a, &err), ERR_INVALID);
    o.issuer = longest;
    assert_int_equal(auth_new(&o, &a, &err), ERR_INVALID);
    o.issuer = FIX_URL;
    bool fired = true;
    for (uint64_t n = 1; fired; n++) {
        assert_true(n < 200);
        mem_fault_set(n, false);
        enum err e = auth_new(&o, &a, &err);
        fired = mem_fault_fired();
        mem_fault_set(0, false);
        if (e == ERR_OK) auth_free(a);
        assert_true(fired || e == ERR_OK);
    }
    auth_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIX_TEST(api_keys_have_the_recorded_form),
        FIX_TEST(service_accounts_have_the_documented_form),
        FIX_TEST(creation_is_audited),
        FIX_TEST(bad_input_makes_nothing),
        FIX_TEST(the_doctor_finds_a_wrong_key_file),
        FIX_TEST(a_start_with_another_key_file_signs_anew),
        FIX_TEST(options_are_checked_and_memory_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
