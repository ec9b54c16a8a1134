// SPDX-License-Identifier: Apache-2.0
// What clients hear while the store cannot be asked or written: cached answers live one second more, then 503. The
// linker puts the functions below between auth and the store (--wrap). Run by: meson test. Must never: sleep.
#include "fixture.h"

#define TARGET "/api/atlas/v2/groups"

static enum err away; // what the store answers instead; ERR_OK: the truth
static unsigned asked;

static enum err refuse(struct error *err)
{
    return error_set(err, away, "the store is away, says the test");
}

enum err __real_store_api_key_find(struct store_reader *r, struct slice n, struct arena *a, struct credential *ret,
                                   struct error *err);
enum err __wrap_store_api_key_find(struct store_reader *r, struct slice n, struct arena *a, struct credential *ret,
                                   struct error *err);
enum err __wrap_store_api_key_find(struct store_reader *r, struct slice n, struct arena *a, struct credential *ret,
                                   struct error *err)
{
    asked++;
    return away ? refuse(err) : __real_store_api_key_find(r, n, a, ret, err);
}

static unsigned judged; // how often the store was asked for what judges a secret
enum err __real_store_key_seal_near(struct store_reader *r, struct slice n, struct key_seal *ret, struct error *err);
enum err __wrap_store_key_seal_near(struct store_reader *r, struct slice n, struct key_seal *ret, struct error *err);
enum err __wrap_store_key_seal_near(struct store_reader *r, struct slice n, struct key_seal *ret, struct error *err)
{
    judged++;
    return away ? refuse(err) : __real_store_key_seal_near(r, n, ret, err);
}

enum err __real_store_account_near(struct store_reader *r, struct slice n, struct near_account *ret, struct error *err);
enum err __wrap_store_account_near(struct store_reader *r, struct slice n, struct near_account *ret, struct error *err);
enum err __wrap_store_account_near(struct store_reader *r, struct slice n, struct near_account *ret, struct error *err)
{
    return away ? refuse(err) : __real_store_account_near(r, n, ret, err);
}

enum err __real_store_account_find(struct store_reader *r, struct slice n, struct arena *a, struct credential *ret,
                                   struct error *err);
enum err __wrap_store_account_find(struct store_reader *r, struct slice n, struct arena *a, struct credential *ret,
                                   struct error *err);
enum err __wrap_store_account_find(struct store_reader *r, struct slice n, struct arena *a, struct credential *ret,
                                   struct error *err)
{
    asked++;
    return away ? refuse(err) : __real_store_account_find(r, n, a, ret, err);
}

enum err __real_store_token_get(struct store_reader *r, const uint8_t h[32], struct token_row *ret, struct error *err);
enum err __wrap_store_token_get(struct store_reader *r, const uint8_t h[32], struct token_row *ret, struct error *err);
enum err __wrap_store_token_get(struct store_reader *r, const uint8_t h[32], struct token_row *ret, struct error *err)
{
    asked++;
    return away ? refuse(err) : __real_store_token_get(r, h, ret, err);
}

static enum err write_away;
enum err __real_store_write(struct store *s, store_fn fn, void *ctx, struct error *err);
enum err __wrap_store_write(struct store *s, store_fn fn, void *ctx, struct error *err);
enum err __wrap_store_write(struct store *s, store_fn fn, void *ctx, struct error *err)
{
    if (!write_away) return __real_store_write(s, fn, ctx, err);
    return error_set(err, write_away, "the disk is full, says the test");
}

static int tear_down(void **state)
{
    away = write_away = ERR_OK;
    return fix_tear_down(state);
}

static enum auth_result digest(struct fix *f, enum method m)
{
    fix_request(f, m, TARGET);
    fix_digest(f, (struct fix_digest){0});
    return fix_result(f, NULL);
}

static void cached_answers_live_one_second_more(void **state)
{
    struct fix *f = *state;
    char *token = fix_token(f);
    assert_int_equal(fix_bearer(f, token), AUTH_OK);
    assert_int_equal(digest(f, METHOD_GET), AUTH_OK);
    away = ERR_IO;
    static const struct {
        double advance;
        enum auth_result want;
    } steps[] = {{0.5, AUTH_OK}, {1.0, AUTH_OK}, {0.6, AUTH_UNAVAILABLE}, {100, AUTH_UNAVAILABLE}};
    for (unsigned i = 0; i < ARRAY_LEN(steps); i++) {
        fix_advance(f, steps[i].advance);
        assert_int_equal(fix_bearer(f, token), steps[i].want);
        assert_int_equal(digest(f, METHOD_GET), steps[i].want);
    }
    away = ERR_OK;
    assert_int_equal(fix_bearer(f, token), AUTH_OK);
    assert_int_equal(digest(f, METHOD_GET), AUTH_OK);
    mem_free(token);
}

static enum err revoke_all(struct store_tx *tx, void *ctx, struct error *err)
{
    return store_tx_account_delete(tx, ctx, err);
}

// Something about credentials changed: what was cached may not be true any more, so there is no grace.
static void a_change_ends_the_grace(void **state)
{
    struct fix *f = *state;
    struct error err;
    char *token = fix_token(f);
    assert_int_equal(fix_bearer(f, token), AUTH_OK);
    assert_int_equal(digest(f, METHOD_GET), AUTH_OK);
    assert_int_equal(store_write(f->store, revoke_all, f->account.row.client_id, &err), ERR_OK);
    away = ERR_BUSY;
    assert_int_equal(fix_bearer(f, token), AUTH_UNAVAILABLE);
    assert_int_equal(digest(f, METHOD_GET), AUTH_UNAVAILABLE);
    mem_free(token);
}

static void nothing_is_cached_from_a_store_that_is_away(void **state)
{
    struct fix *f = *state;
    away = ERR_CORRUPT;
    assert_int_equal(digest(f, METHOD_GET), AUTH_UNAVAILABLE);
    fix_request(f, METHOD_GET, TARGET);
    fix_digest(f, (struct fix_digest){.user = "zzzzzzzz"});
    assert_int_equal(fix_result(f, NULL), AUTH_UNAVAILABLE);
    away = ERR_OK;
    assert_int_equal(digest(f, METHOD_GET), AUTH_OK);
}

static void a_write_needs_a_store_that_takes_writes(void **state)
{
    struct fix *f = *state;
    write_away = ERR_READ_ONLY;
    assert_int_equal(digest(f, METHOD_GET), AUTH_OK);
    assert_int_equal(digest(f, METHOD_DELETE), AUTH_UNAVAILABLE);
    write_away = ERR_OK;
    assert_int_equal(digest(f, METHOD_DELETE), AUTH_OK);
}

// The store is asked once a second for each credential and token, however many requests there are.
static void the_store_is_asked_once_a_second(void **state)
{
    struct fix *f = *state;
    char *token = fix_token(f);
    asked = judged = 0;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(fix_bearer(f, token), AUTH_OK);
        assert_int_equal(digest(f, METHOD_GET), AUTH_OK);
        fix_request(f, METHOD_GET, TARGET);
        fix_digest(f, (struct fix_digest){.user = "zzzzzzzz"});
        assert_int_not_equal(fix_result(f, NULL), AUTH_OK);
    }
    assert_int_equal(asked, 3);    // token, account, key
    assert_int_equal(judged, 101); // each guess, and the key once
    fix_advance(f, 1.1);
    assert_int_equal(fix_bearer(f, token), AUTH_OK);
    assert_int_equal(asked, 5);
    mem_free(token);
}

// A token may not live on because its two parts were read at different times.
static void ages_do_not_add_up(void **state)
{
    struct fix *f = *state;
    char *one = fix_token(f), *two = fix_token(f);
    assert_int_equal(fix_bearer(f, one), AUTH_OK); // reads the account at 0
    fix_advance(f, 0.9);
    assert_int_equal(fix_bearer(f, two), AUTH_OK); // uses that account
    fix_advance(f, 0.2);
    fix_request(f, METHOD_GET, TARGET);
    fix_header(f, "Authorization", arena_fmt(f->arena, "Bearer %s", two));
    assert_int_equal(fix_check(f, false).result, AUTH_WOULD_BLOCK); // the account's answer is 1.1 s old
    mem_free(one);
    mem_free(two);
}

// ---- OAuth

static void token(struct fix *f)
{
    fix_form(f, "/api/oauth/token", "grant_type=client_credentials");
    fix_basic(f, NULL);
    auth_oauth_token(f->auth, f->reader, &f->r, &f->rep);
}

static void assert_503(struct fix *f)
{
    assert_int_equal(f->rep.status, 503);
    assert_true(fix_has_header(&f->rep, "Retry-After: 5"));
    assert_true(fix_has_header(&f->rep, "Cache-Control: no-store"));
    assert_true(fix_has_header(&f->rep, "X-Error-Code: SERVICE_UNAVAILABLE"));
}

static void oauth_answers_503_with_retry_after(void **state)
{
    struct fix *f = *state;
    static const enum err errs[] = {ERR_BUSY, ERR_IO, ERR_READ_ONLY};
    char *t = fix_token(f), body[JWT_MAX + 16];
    snprintf(body, sizeof(body), "token=%s", t);
    for (unsigned i = 0; i < ARRAY_LEN(errs); i++) {
        away = errs[i];
        token(f);
        assert_503(f);
        away = ERR_OK;
        write_away = errs[i];
        token(f);
        assert_503(f);
        fix_form(f, "/api/oauth/revoke", body);
        fix_basic(f, NULL);
        auth_oauth_revoke(f->auth, f->reader, &f->r, &f->rep);
        assert_503(f);
        write_away = ERR_OK;
    }
    assert_int_equal(fix_bearer(f, t), AUTH_OK);
    mem_free(t);
}

static void a_defect_is_the_documented_server_error(void **state)
{
    struct fix *f = *state;
    write_away = ERR_CORRUPT;
    token(f);
    assert_int_equal(f->rep.status, 500);
    assert_true(slice_eq_cstr(f->rep.body, "{\"error_description\":\"Unexpected error.\",\"error\":\"server_error\"}"));
}

static void last_used_times_wait_for_the_store(void **state)
{
    struct fix *f = *state;
    struct credential c;
    struct error err;
    token(f);
    assert_int_equal(f->rep.status, 200);
    write_away = ERR_BUSY;
    fix_advance(f, 5);
    auth_tick(f->auth);
    fix_request(f, METHOD_GET, TARGET);
    struct slice id = slice_of(f->account.row.client_id);
    assert_int_equal(store_account_find(f->reader, id, f->arena, &c, &err), ERR_OK);
    assert_int_equal(c.secrets[0].last_used.us, 0);
    write_away = ERR_OK;
    auth_tick(f->auth);
    assert_int_equal(store_account_find(f->reader, id, f->arena, &c, &err), ERR_OK);
    assert_int_equal(c.secrets[0].last_used.us, FIX_NOW * US_PER_SEC);
}

int main(void)
{
#define AWAY_TEST(fn) cmocka_unit_test_setup_teardown(fn, fix_set_up, tear_down)
    const struct CMUnitTest tests[] = {
        AWAY_TEST(cached_answers_live_one_second_more),
        AWAY_TEST(a_change_ends_the_grace),
        AWAY_TEST(nothing_is_cached_from_a_store_that_is_away),
        AWAY_TEST(a_write_needs_a_store_that_takes_writes),
        AWAY_TEST(the_store_is_asked_once_a_second),
        AWAY_TEST(ages_do_not_add_up),
        AWAY_TEST(oauth_answers_503_with_retry_after),
        AWAY_TEST(a_defect_is_the_documented_server_error),
        AWAY_TEST(last_used_times_wait_for_the_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
