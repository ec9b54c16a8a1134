// SPDX-License-Identifier: Apache-2.0
// Rotation of the keys that sign access tokens: nobody is shut out, nothing stays for ever, everything is told.
#include "auth/event.h"
#include "fixture.h"

static const struct actor operator= {.kind = PRINCIPAL_LOCAL, .name = "cli"};

static enum err rotate(struct fix *f, struct signing_key_info *ret)
{
    struct error err = {0};
    enum err e = auth_signing_rotate(f->auth, &operator, ret, &err);
    if (e == ERR_CONFLICT) assert_non_null(strstr(err.detail, "the oldest goes at 2023-11-14T"));
    return e;
}

static size_t keys(struct fix *f, struct signing_key_info **ret)
{
    struct error err = {0};
    size_t n;
    assert_int_equal(auth_signing_keys(f->reader, clock_wall(&f->clock), f->arena, ret, &n, &err), ERR_OK);
    return n;
}

static size_t rows(struct fix *f)
{
    struct error err = {0};
    struct signing_key_row *all;
    size_t n;
    assert_int_equal(store_signing_keys(f->reader, f->arena, &all, &n, &err), ERR_OK);
    return n;
}

static void tokens_of_the_former_key_stay_good_until_they_expire(void **state)
{
    struct fix *f = *state;
    struct signing_key_info made, *all;
    char *old = fix_token(f);
    fix_advance(f, 10);
    assert_int_equal(rotate(f, &made), ERR_OK);
    char *new = fix_token(f);
    assert_int_not_equal(strncmp(old, new, 60), 0); // another kid
    assert_int_equal(fix_bearer(f, old), AUTH_OK);
    assert_int_equal(fix_bearer(f, new), AUTH_OK);
    assert_int_equal(keys(f, &all), 2);
    assert_string_equal(all[0].id, made.id);
    assert_int_equal(all[0].retired.us, 0);
    assert_int_equal(all[1].retired.us, made.created.us);
    assert_int_equal(all[1].until.us - made.created.us, (TOKEN_LIFE_SECONDS + JWT_SKEW_SECONDS) * US_PER_SEC);
    fix_advance(f, TOKEN_LIFE_SECONDS - 11);
    assert_int_equal(fix_bearer(f, old), AUTH_OK);
    fix_advance(f, 2);
    assert_int_equal(fix_bearer(f, old), AUTH_BAD_TOKEN);
    mem_free(old);
    mem_free(new);
}

static void a_key_that_verifies_nothing_goes_by_itself(void **state)
{
    struct fix *f = *state;
    struct signing_key_info made, *all;
    assert_int_equal(rotate(f, &made), ERR_OK);
    fix_advance(f, TOKEN_LIFE_SECONDS + JWT_SKEW_SECONDS - 1);
    auth_tick(f->auth);
    assert_int_equal(rows(f), 2);
    fix_advance(f, 32);
    assert_int_equal(keys(f, &all), 1); // told no more, whether its row is still there or not
    auth_tick(f->auth);                 // reads the keys again
    assert_int_equal(rows(f), 1);
    char *token = fix_token(f);
    assert_int_equal(fix_bearer(f, token), AUTH_OK);
    mem_free(token);
}

static void rotations_in_a_row_are_bounded_and_cut_nobody_off(void **state)
{
    struct fix *f = *state;
    struct signing_key_info made;
    char *first = fix_token(f);
    for (int i = 1; i < SIGNING_LIVE_MAX; i++) assert_int_equal(rotate(f, &made), ERR_OK);
    assert_int_equal(rotate(f, &made), ERR_CONFLICT);
    assert_int_equal(rows(f), SIGNING_LIVE_MAX);
    assert_int_equal(fix_bearer(f, first), AUTH_OK);
    fix_advance(f, TOKEN_LIFE_SECONDS + JWT_SKEW_SECONDS + 1);
    assert_int_equal(rotate(f, &made), ERR_OK); // what has gone makes room, in the same transaction
    assert_int_equal(rows(f), 2);
    mem_free(first);
}

static void a_restart_knows_both_keys(void **state)
{
    struct fix *f = *state;
    struct signing_key_info made, *all;
    char *old = fix_token(f);
    assert_int_equal(rotate(f, &made), ERR_OK);
    char *new = fix_token(f);
    fix_shut(f);
    fix_open(f, false);
    assert_int_equal(fix_bearer(f, old), AUTH_OK);
    assert_int_equal(fix_bearer(f, new), AUTH_OK);
    assert_int_equal(keys(f, &all), 2);
    assert_string_equal(all[0].id, made.id);
    mem_free(old);
    mem_free(new);
}

static void a_clock_that_was_put_back_leaves_one_key_in_use(void **state)
{
    struct fix *f = *state;
    struct signing_key_info made, *all;
    char *old = fix_token(f);
    f->manual.wall_us -= 50 * US_PER_SEC;
    assert_int_equal(rotate(f, &made), ERR_OK);
    fix_shut(f);
    fix_open(f, false);
    assert_int_equal(keys(f, &all), 2); // and no third one was made
    char *new = fix_token(f);
    assert_int_not_equal(strncmp(old, new, 60), 0);
    assert_int_equal(fix_bearer(f, old), AUTH_OK);
    assert_int_equal(fix_bearer(f, new), AUTH_OK);
    mem_free(old);
    mem_free(new);
}

static size_t told(struct fix *f, const char *actor)
{
    struct error err = {0};
    struct event_row *all;
    size_t n, count = 0;
    uint64_t total;
    const struct event_filter filter = {.types = SLICE("[\"PEERAGE_SIGNING_KEY_ROTATED\"]"), .page = {1, 100}};
    assert_int_equal(store_events_find(f->reader, &filter, f->arena, &all, &n, &total, &err), ERR_OK);
    for (size_t i = 0; i < n; i++) count += strcmp(all[i].actor, actor) == 0 && all[i].resource.n == JWT_KID;
    return count;
}

static void each_rotation_is_told_with_who_did_it(void **state)
{
    struct fix *f = *state;
    struct signing_key_info made;
    assert_int_equal(told(f, "age"), 0); // the first key replaced none
    assert_int_equal(rotate(f, &made), ERR_OK);
    assert_int_equal(told(f, "cli"), 1);
    fix_advance(f, 31.0 * 86400);
    auth_tick(f->auth);
    assert_int_equal(told(f, "age"), 1);
    assert_int_equal(rows(f), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIX_TEST(tokens_of_the_former_key_stay_good_until_they_expire),
        FIX_TEST(a_key_that_verifies_nothing_goes_by_itself),
        FIX_TEST(rotations_in_a_row_are_bounded_and_cut_nobody_off),
        FIX_TEST(a_restart_knows_both_keys),
        FIX_TEST(a_clock_that_was_put_back_leaves_one_key_in_use),
        FIX_TEST(each_rotation_is_told_with_who_did_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
