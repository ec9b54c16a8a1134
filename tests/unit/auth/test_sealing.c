// SPDX-License-Identifier: Apache-2.0
// Rotation of the sealing key: the file, then every seal, resumed after a stop, and the old key only on request.
#include "fixture.h"

#include "auth/cred.h"
#include "auth/sealing.h"
#include "base/file.h"

static const struct actor by = {.kind = PRINCIPAL_LOCAL, .name = "cli"};

struct sealed {
    struct fix *f;
    char file[64];
    struct resealing *walk;
};

// The fixture's world with a key file in place of its text.
static int set_up(void **state)
{
    struct sealed *s = mem_zalloc(1, sizeof(*s));
    struct error err = {0};
    assert_non_null(s);
    s->f = fix_new();
    snprintf(s->file, sizeof(s->file), "%s/keys", s->f->dir);
    assert_int_equal(file_write(s->file, SLICE("# kept in the safe\n" FIX_KEYS), 0600, &err), ERR_OK);
    fix_shut(s->f);
    keyring_free(s->f->keys);
    assert_int_equal(keyring_load(s->file, &s->f->keys, &err), ERR_OK);
    fix_open(s->f, false);
    assert_int_equal(auth_resealing_new(s->f->auth, &s->walk, &err), ERR_OK);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct sealed *s = *state;
    auth_resealing_free(s->walk);
    fix_free(s->f);
    mem_free(s);
    return 0;
}

static void restart(struct sealed *s)
{
    struct error err = {0};
    auth_resealing_free(s->walk);
    fix_shut(s->f);
    keyring_free(s->f->keys);
    if (keyring_load(s->file, &s->f->keys, &err) != ERR_OK) fail_msg("%s", err.detail);
    fix_open(s->f, false);
    assert_int_equal(auth_resealing_new(s->f->auth, &s->walk, &err), ERR_OK);
}

static void rotate(struct sealed *s)
{
    struct error err = {0};
    if (auth_sealing_rotate(s->f->auth, &by, &err) != ERR_OK) fail_msg("%s", err.detail);
}

static unsigned walk(struct sealed *s, unsigned steps)
{
    struct error err = {0};
    unsigned n, sum = 0;
    bool idle = false;
    for (unsigned i = 0; i < steps && !idle; i++, sum += n)
        if (auth_reseal(s->walk, &n, &idle, &err) != ERR_OK) fail_msg("%s", err.detail);
    return sum;
}

static size_t keys(struct sealed *s, struct sealing_key_info **ret)
{
    struct error err = {0};
    size_t n;
    assert_int_equal(auth_sealing_keys(s->f->keys, s->f->reader, s->f->arena, ret, &n, &err), ERR_OK);
    return n;
}

static enum auth_result digest(struct sealed *s)
{
    fix_request(s->f, METHOD_GET, "/api/atlas/v2/groups");
    fix_digest(s->f, (struct fix_digest){0});
    return fix_result(s->f, NULL);
}

static enum err add_hook(struct store_tx *tx, void *ctx, struct error *err)
{
    return store_tx_webhook_insert(tx, ctx, err);
}

static void make_hook(struct sealed *s, struct webhook *w, uint8_t secret[WEBHOOK_SECRET])
{
    struct error err = {0};
    *w = (struct webhook){
        .id = "0123456789abcdef000000aa", .org_id = FIX_ORG, .url = "https://a.example/", .secret_count = 1};
    rng_fill(&rng_system, secret, WEBHOOK_SECRET);
    assert_int_equal(keyring_seal_webhook(s->f->keys, &rng_system, w->id, secret, &w->secrets[0], &err), ERR_OK);
    if (store_write(s->f->store, add_hook, w, &err) != ERR_OK) fail_msg("%s", err.detail);
}

static void everything_is_sealed_anew_and_still_opens(void **state)
{
    struct sealed *s = *state;
    struct sealing_key_info *all;
    struct webhook hook;
    uint8_t secret[WEBHOOK_SECRET], opened[WEBHOOK_SECRET];
    struct error err = {0};
    make_hook(s, &hook, secret);
    char *token = fix_token(s->f);
    assert_int_equal(walk(s, 10), 0); // one key: nothing to do
    rotate(s);
    assert_int_equal(keys(s, &all), 2);
    assert_int_equal(all[0].rows, 0);
    assert_int_equal(all[1].rows, 3); // an API key, a signing key, a webhook's secret
    assert_true(all[1].retired.us == all[0].created.us && all[0].created.us == FIX_NOW * US_PER_SEC);
    assert_int_equal(digest(s), AUTH_OK); // in between too
    assert_int_equal(walk(s, 10), 3);
    assert_int_equal(keys(s, &all), 2);
    assert_int_equal(all[1].rows, 0);
    assert_int_equal(all[1].unused.us, 0); // a late write may still come
    fix_advance(s->f, 7);
    assert_int_equal(walk(s, 10), 0);
    assert_int_equal(keys(s, &all), 2);
    assert_int_equal(all[1].unused.us, (FIX_NOW + 7) * US_PER_SEC);
    char current[17];
    memcpy(current, all[0].id, sizeof(current));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(digest(s), AUTH_OK);
        assert_int_equal(fix_bearer(s->f, token), AUTH_OK);
        assert_int_equal(store_webhook_get(s->f->reader, hook.id, s->f->arena, &hook, &err), ERR_OK);
        assert_string_equal(hook.secrets[0].key_id, current);
        assert_int_equal(keyring_open_webhook(s->f->keys, hook.id, &hook.secrets[0], opened, &err), ERR_OK);
        assert_memory_equal(opened, secret, sizeof(secret));
        assert_int_equal(auth_verify_keys(s->f->keys, s->f->reader, &err), ERR_OK);
        restart(s);
        assert_int_equal(keys(s, &all), 2);
    }
    assert_int_equal(walk(s, 10), 0);
    mem_free(token);
}

static enum err many_keys(struct store_tx *tx, void *ctx, struct error *err)
{
    const struct sealed *s = ctx;
    enum err e = ERR_OK;
    for (unsigned i = 0; i < 1000 && e == ERR_OK; i++) {
        struct api_key_row row = {.org_id = FIX_ORG, .description = "one of many", .private_tail = "0123456789ab"};
        snprintf(row.id, sizeof(row.id), "%024x", i + 0x10000000);
        snprintf(row.public_key, sizeof(row.public_key), "many%c%c%c%c", 'a' + i / 676, 'a' + i / 26 % 26, 'a' + i % 26,
                 'z');
        e = keyring_seal(s->f->keys, KEY_HA1, slice_of(row.public_key), SLICE("0123456789abcdef"), &rng_system,
                         row.ha1_key_id, row.ha1_nonce, row.ha1_sealed, err);
        if (e == ERR_OK) e = store_tx_api_key_insert(tx, &row, err);
    }
    return e;
}

// A stop at any batch: the next process goes on, and what is done is not done again.
static void a_stop_in_between_is_resumed(void **state)
{
    struct sealed *s = *state;
    struct error err = {0};
    struct sealing_key_info *all;
    if (store_write(s->f->store, many_keys, s, &err) != ERR_OK) fail_msg("%s", err.detail);
    rotate(s);
    unsigned sum = 0;
    for (int i = 0; i < 4; i++) {
        sum += walk(s, 1);
        restart(s);
        assert_int_equal(digest(s), AUTH_OK);
        keys(s, &all);
        assert_int_equal(all[0].rows, sum);
        assert_int_equal(all[1].rows, 1002 - sum);
    }
    sum += walk(s, 20);
    assert_int_equal(sum, 1002);
    assert_int_equal(auth_verify_keys(s->f->keys, s->f->reader, &err), ERR_OK);
}

// A secret that is reset while its old seal is on the way stays reset.
static void a_reset_in_between_wins(void **state)
{
    struct sealed *s = *state;
    struct error err = {0};
    struct new_api_key fresh;
    struct key_seal old;
    rotate(s);
    assert_int_equal(store_key_seal_near(s->f->reader, slice_of(s->f->key.row.public_key), &old, &err), ERR_OK);
    assert_int_equal(auth_api_key_reset(s->f->auth, s->f->key.row.public_key, &fresh, &err), ERR_OK);
    s->f->key = fresh;
    (void)walk(s, 10);
    assert_int_equal(digest(s), AUTH_OK);
}

static void a_key_is_forgotten_only_when_nothing_needs_it(void **state)
{
    struct sealed *s = *state;
    struct error err = {0};
    struct sealing_key_info *all;
    char old[17], nonce[NONCE_TEXT + 1];
    rotate(s);
    keys(s, &all);
    memcpy(old, all[1].id, sizeof(old));
    assert_int_equal(auth_sealing_forget(s->f->auth, &by, all[0].id, &err), ERR_CONFLICT);
    assert_int_equal(auth_sealing_forget(s->f->auth, &by, "0000000000000000", &err), ERR_NOT_FOUND);
    fix_advance(s->f, 601);
    assert_int_equal(auth_sealing_forget(s->f->auth, &by, old, &err), ERR_CONFLICT); // rows need it
    (void)walk(s, 10);
    fix_nonce(s->f, nonce);
    assert_int_equal(auth_sealing_forget(s->f->auth, &by, old, &err), ERR_OK);
    assert_int_equal(keys(s, &all), 1);
    fix_request(s->f, METHOD_GET, "/api/atlas/v2/groups");
    fix_digest(s->f, (struct fix_digest){.nonce = nonce});
    assert_int_equal(fix_result(s->f, NULL), AUTH_OK);
    struct buf text;
    assert_int_equal(file_read(s->file, 8192, &text, &err), ERR_OK);
    assert_true(slice_starts(buf_view(&text), SLICE("# kept in the safe\n"))); // what people wrote stays
    assert_null(memmem(text.p, text.n, old, 16));
    buf_done(&text);
    restart(s);
    assert_int_equal(digest(s), AUTH_OK);
}

static void nonces_of_the_former_key_live_on(void **state)
{
    struct sealed *s = *state;
    char nonce[NONCE_TEXT + 1];
    fix_nonce(s->f, nonce);
    rotate(s);
    fix_request(s->f, METHOD_GET, "/api/atlas/v2/groups");
    fix_digest(s->f, (struct fix_digest){.nonce = nonce});
    assert_int_equal(fix_result(s->f, NULL), AUTH_OK);
    char fresh[NONCE_TEXT + 1];
    fix_nonce(s->f, fresh);
    assert_int_not_equal(strncmp(nonce, fresh, 2), 0); // another key's hint
}

static void a_file_that_somebody_changed_or_that_cannot_be_written_stays(void **state)
{
    struct sealed *s = *state;
    struct error err = {0};
    struct sealing_key_info *all;
    assert_int_equal(unlink(s->file), 0);
    assert_int_equal(auth_sealing_rotate(s->f->auth, &by, &err), ERR_NOT_FOUND);
    assert_int_equal(
        file_write(s->file,
                   SLICE("0011223344556677 = ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"), 0600,
                   &err),
        ERR_OK);
    assert_int_equal(auth_sealing_rotate(s->f->auth, &by, &err), ERR_CONFLICT);
    assert_int_equal(file_write(s->file, SLICE(FIX_KEYS), 0600, &err), ERR_OK);
    assert_int_equal(keys(s, &all), 1);
    assert_int_equal(digest(s), AUTH_OK);
    rotate(s);
    assert_int_equal(keys(s, &all), 2);
    for (int i = 2; i < KEYRING_MAX; i++) rotate(s);
    assert_int_equal(auth_sealing_rotate(s->f->auth, &by, &err), ERR_CONFLICT); // bounded
    assert_int_equal(digest(s), AUTH_OK);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(everything_is_sealed_anew_and_still_opens),
        T(a_stop_in_between_is_resumed),
        T(a_reset_in_between_wins),
        T(a_key_is_forgotten_only_when_nothing_needs_it),
        T(nonces_of_the_former_key_live_on),
        T(a_file_that_somebody_changed_or_that_cannot_be_written_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
