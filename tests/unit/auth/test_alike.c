// SPDX-License-Identifier: Apache-2.0
// An unknown user and a wrong secret cost the same operations: reads of the store, unsealing, hashes, comparisons,
// allocations. The linker puts the functions below in between (--wrap); bench/auth_timing.c measures the time.
// Run by: meson test. Must never: compare times.
#include "fixture.h"

enum op {
    OPEN_SEAL,
    MD5,
    HMAC,
    SHA256,
    COMPARE,
    SEAL_NEAR,
    ACCOUNT_NEAR,
    KEY_FIND,
    ACCOUNT_FIND,
    TOKEN_GET,
    WRITE,
    ALLOC,
    OPS
};
static const char *const op_names[OPS] = {"unsealing",    "MD5",        "HMAC",         "SHA-256",
                                          "comparison",   "seal read",  "secrets read", "key read",
                                          "account read", "token read", "write",        "allocation"};
static unsigned done[OPS];

#define WRAP_VOID(op, name, params, args)                                                                              \
    void __real_##name params;                                                                                         \
    void __wrap_##name params;                                                                                         \
    void __wrap_##name params                                                                                          \
    {                                                                                                                  \
        done[op]++;                                                                                                    \
        __real_##name args;                                                                                            \
    }
#define WRAP(op, type, name, params, args)                                                                             \
    type __real_##name params;                                                                                         \
    type __wrap_##name params;                                                                                         \
    type __wrap_##name params                                                                                          \
    {                                                                                                                  \
        done[op]++;                                                                                                    \
        return __real_##name args;                                                                                     \
    }

WRAP(OPEN_SEAL, enum err, crypto_open,
     (const uint8_t key[32], const uint8_t nonce[AEAD_NONCE], struct slice aad, struct slice sealed, uint8_t *out,
      struct error *err),
     (key, nonce, aad, sealed, out, err))
WRAP_VOID(MD5, crypto_md5, (const struct slice *parts, unsigned n, uint8_t ret[16]), (parts, n, ret))
WRAP_VOID(HMAC, crypto_hmac_sha256, (struct slice key, const struct slice *parts, unsigned n, uint8_t ret[32]),
          (key, parts, n, ret))
WRAP_VOID(SHA256, crypto_sha256, (const struct slice *parts, unsigned n, uint8_t ret[32]), (parts, n, ret))
WRAP(COMPARE, bool, crypto_equal, (const void *a, const void *b, size_t n), (a, b, n))
WRAP(SEAL_NEAR, enum err, store_key_seal_near,
     (struct store_reader * r, struct slice name, struct key_seal *ret, struct error *err), (r, name, ret, err))
WRAP(ACCOUNT_NEAR, enum err, store_account_near,
     (struct store_reader * r, struct slice name, struct near_account *ret, struct error *err), (r, name, ret, err))
WRAP(KEY_FIND, enum err, store_api_key_find,
     (struct store_reader * r, struct slice name, struct arena *a, struct credential *ret, struct error *err),
     (r, name, a, ret, err))
WRAP(ACCOUNT_FIND, enum err, store_account_find,
     (struct store_reader * r, struct slice name, struct arena *a, struct credential *ret, struct error *err),
     (r, name, a, ret, err))
WRAP(TOKEN_GET, enum err, store_token_get,
     (struct store_reader * r, const uint8_t hash[32], struct token_row *ret, struct error *err), (r, hash, ret, err))
WRAP(WRITE, enum err, store_write, (struct store * s, store_fn fn, void *ctx, struct error *err), (s, fn, ctx, err))
WRAP(ALLOC, void *, mem_alloc, (size_t size), (size))

static void begin(void)
{
    memset(done, 0, sizeof(done));
}

static void assert_alike(const unsigned want[OPS], const char *what)
{
    for (int i = 0; i < OPS; i++)
        if (done[i] != want[i]) fail_msg("%s: %u times %s instead of %u", what, done[i], op_names[i], want[i]);
}

static void guess_key(struct fix *f, const char *user, enum method m)
{
    fix_request(f, m, "/api/atlas/v2/groups");
    fix_digest(f, (struct fix_digest){.user = user, .password = "00000000-0000-4000-8000-000000000000"});
    begin();
    assert_int_equal(fix_result(f, NULL), AUTH_CHALLENGE);
}

// First, again, after its owner has used it, and for a write; names before, behind and far from the one there is.
static void a_digest_of_nobody_costs_what_a_wrong_one_costs(void **state)
{
    struct fix *f = *state;
    unsigned want[OPS];
    guess_key(f, f->key.row.public_key, METHOD_GET);
    memcpy(want, done, sizeof(want));
    assert_int_equal(want[SEAL_NEAR], 1);
    assert_int_equal(want[OPEN_SEAL], 1);
    assert_int_equal(want[KEY_FIND] + want[WRITE], 0); // nothing more is read before the secret is right
    assert_true(want[MD5] >= 2);
    for (int round = 0; round < 3; round++) {
        guess_key(f, "aaaaaaaa", METHOD_GET);
        assert_alike(want, "the first of all names");
        guess_key(f, "zzzzzzzz", METHOD_GET);
        assert_alike(want, "the last of all names");
        guess_key(f, f->key.row.public_key, METHOD_GET);
        assert_alike(want, "the name that there is");
        fix_request(f, METHOD_GET, "/api/atlas/v2/groups");
        fix_digest(f, (struct fix_digest){0});
        assert_int_equal(fix_result(f, NULL), AUTH_OK);
    }
    guess_key(f, f->key.row.public_key, METHOD_POST);
    memcpy(want, done, sizeof(want));
    guess_key(f, "aaaaaaaa", METHOD_POST);
    assert_alike(want, "a write");
}

static void guess_secret(struct fix *f, const char *client)
{
    char text[160];
    fix_form(f, "/api/oauth/token", "grant_type=client_credentials");
    snprintf(text, sizeof(text), "%s:mdb_sa_sk_0123456789012345678901234567890123456789", client);
    fix_basic(f, text);
    begin();
    auth_oauth_token(f->auth, f->reader, &f->r, &f->rep);
    assert_int_equal(f->rep.status, 401);
}

static void a_client_that_is_nobody_costs_what_a_wrong_secret_costs(void **state)
{
    struct fix *f = *state;
    unsigned want[OPS];
    guess_secret(f, f->account.row.client_id);
    memcpy(want, done, sizeof(want));
    assert_int_equal(want[ACCOUNT_NEAR], 1);
    assert_int_equal(want[ACCOUNT_FIND] + want[WRITE], 0);
    assert_true(want[COMPARE] >= NEAR_SECRETS);
    static const char *const nobody[] = {"mdb_sa_id_000000000000000000000000", "mdb_sa_id_ffffffffffffffffffffffff"};
    for (unsigned i = 0; i < ARRAY_LEN(nobody); i++) {
        guess_secret(f, nobody[i]);
        assert_alike(want, nobody[i]);
    }
}

// A live token with a wrong MAC, and one that was made up.
static void a_token_that_was_made_up_costs_what_a_forged_one_costs(void **state)
{
    struct fix *f = *state;
    unsigned want[OPS];
    char *token = fix_token(f);
    size_t n = strlen(token);
    token[n - 10] = token[n - 10] == 'A' ? 'B' : 'A';
    begin();
    assert_int_equal(fix_bearer(f, token), AUTH_BAD_TOKEN);
    memcpy(want, done, sizeof(want));
    assert_int_equal(want[TOKEN_GET] + want[ACCOUNT_FIND], 0); // the MAC comes first
    char *claims = strchr(token, '.') + 20;
    *claims = *claims == 'A' ? 'B' : 'A';
    begin();
    assert_int_equal(fix_bearer(f, token), AUTH_BAD_TOKEN);
    assert_alike(want, "a made-up token");
    mem_free(token);
}

static enum err list_peer(struct store_tx *tx, void *ctx, struct error *err)
{
    struct cidr block;
    bool ok = cidr_parse(SLICE("192.0.2.0/24"), false, &block);
    assert_true(ok);
    return store_tx_access_add(tx, ctx, block, wall_from_sec(FIX_NOW), err);
}

// When and whence entries of access lists and secrets were used is written once a tick, however many requests there
// are.
static void a_hundred_thousand_reads_are_one_write(void **state)
{
    struct fix *f = *state;
    struct error err = {0};
    struct access_row *entries;
    size_t n;
    assert_int_equal(store_write(f->store, list_peer, f->account.row.client_id, &err), ERR_OK);
    char *token = fix_token(f);
    auth_tick(f->auth); // the use of the secret
    begin();
    for (int i = 0; i < 100000; i++) assert_int_equal(fix_bearer(f, token), AUTH_OK);
    assert_int_equal(done[WRITE], 0);
    auth_tick(f->auth);
    assert_int_equal(done[WRITE], 1);
    auth_tick(f->auth);
    assert_int_equal(done[WRITE], 1);
    assert_int_equal(store_access_entries(f->reader, f->account.row.client_id, f->arena, &entries, &n, &err), ERR_OK);
    assert_int_equal(n, 1);
    assert_int_equal(entries[0].used, 100000);
    mem_free(token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIX_TEST(a_digest_of_nobody_costs_what_a_wrong_one_costs),
        FIX_TEST(a_client_that_is_nobody_costs_what_a_wrong_secret_costs),
        FIX_TEST(a_token_that_was_made_up_costs_what_a_forged_one_costs),
        FIX_TEST(a_hundred_thousand_reads_are_one_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
