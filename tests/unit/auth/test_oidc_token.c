// SPDX-License-Identifier: Apache-2.0
// Tokens of a provider, made by another implementation: each with its verdict, every byte of a good one changed, and
// key sets of all kinds. Run by: meson test. Must never: fetch.
#include "auth/oidc_token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/crypto.h"
#include "tests/unit/auth/oidc_tokens.h"

static struct oidc_rules rules_of(const char *name_claim)
{
    return (struct oidc_rules){SLICE(OIDC_ISSUER), SLICE(OIDC_AUDIENCE), slice_of(name_claim), SLICE("groups")};
}

struct fixture {
    struct oidc_keys *keys;
    struct arena *arena;
    struct oidc_person person;
    const char *why;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct error err;
    if (oidc_keys_parse(slice_of(oidc_jwks), &f->keys, &err) != ERR_OK) fail_msg("%s", err.detail);
    f->arena = arena_new(1 << 20);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    oidc_keys_free(f->keys);
    arena_free(f->arena);
    free(f);
    return 0;
}

static enum oidc_verdict check(struct fixture *f, struct slice token)
{
    const struct oidc_rules rules = rules_of("sub");
    f->why = NULL;
    return oidc_check(f->keys, &rules, token, wall_from_sec(OIDC_NOW), f->arena, &f->person, &f->why);
}

static void each_case_has_its_verdict(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(oidc_cases); i++) {
        enum oidc_verdict v = check(f, slice_of(oidc_cases[i].token));
        if (v != oidc_cases[i].verdict) fail_msg("%s: %d (%s)", oidc_cases[i].what, v, f->why);
        assert_int_equal(v == OIDC_GOOD, f->why[0] == '\0');
    }
}

static void a_good_one_says_who_and_in_which_groups(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(check(f, slice_of(oidc_cases[0].token)), OIDC_GOOD);
    assert_true(slice_eq_cstr(f->person.name, "u-1"));
    assert_int_equal(f->person.group_count, 2);
    assert_true(slice_eq_cstr(f->person.groups[0], "platform"));
    assert_true(slice_eq_cstr(f->person.groups[1], "readers"));
    assert_int_equal(f->person.expires, OIDC_NOW + 600);
}

static void the_name_may_be_another_claim_but_no_unverified_address(void **state)
{
    struct fixture *f = *state;
    const struct oidc_rules rules = rules_of("sub"), by_mail = rules_of("email");
    struct wall now = wall_from_sec(OIDC_NOW);
    assert_int_equal(oidc_check(f->keys, &by_mail, slice_of(oidc_cases[0].token), now, f->arena, &f->person, &f->why),
                     OIDC_GOOD);
    assert_true(slice_eq_cstr(f->person.name, "ada@example.com"));
    assert_int_equal(oidc_check(f->keys, &by_mail, slice_of(oidc_unverified), now, f->arena, &f->person, &f->why),
                     OIDC_BAD);
    assert_int_equal(oidc_check(f->keys, &rules, slice_of(oidc_unverified), now, f->arena, &f->person, &f->why),
                     OIDC_GOOD); // nobody asked for the address
}

// No second spelling, no byte that does not count.
static void no_changed_character_passes(void **state)
{
    static const char others[] = "AZaz09-_.=";
    struct fixture *f = *state;
    struct slice good = slice_of(oidc_cases[2].token); // ES256: the cheapest to check
    char *copy = malloc(good.n);
    for (size_t i = 0; i < good.n; i++) {
        memcpy(copy, good.p, good.n);
        for (size_t k = 0; k < sizeof others - 1; k++) {
            if (others[k] == good.p[i]) continue;
            copy[i] = others[k];
            if (check(f, slice_n(copy, good.n)) == OIDC_GOOD) fail_msg("passes with '%c' at %zu", others[k], i);
        }
    }
    for (size_t n = 0; n < good.n; n++) assert_int_not_equal(check(f, slice_n(good.p, n)), OIDC_GOOD);
    free(copy);
}

static void the_only_key_needs_no_name(void **state)
{
    struct fixture *f = *state;
    struct error err;
    oidc_keys_free(f->keys);
    assert_int_equal(oidc_keys_parse(slice_of(oidc_one_jwk), &f->keys, &err), ERR_OK);
    assert_int_equal(check(f, slice_of(oidc_no_kid)), OIDC_GOOD);
}

static void a_provider_s_token_is_told_from_ours(void **state)
{
    (void)state;
    assert_true(oidc_looks_like(slice_of(oidc_cases[0].token)));
    assert_true(oidc_looks_like(slice_of(oidc_cases[2].token)));
    assert_false(oidc_looks_like(SLICE("")));
    assert_false(oidc_looks_like(SLICE("a.b.c")));
    // {"alg":"HS256","kid":"0011223344556677","typ":"JWT"}
    assert_false(
        oidc_looks_like(SLICE("eyJhbGciOiJIUzI1NiIsImtpZCI6IjAwMTEyMjMzNDQ1NTY2NzciLCJ0eXAiOiJKV1QifQ.e30.AA")));
}

static void key_sets_keep_what_is_usable(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(oidc_keys_count(f->keys), 3); // two of RSA and one of P-256: see make_oidc_tokens.py
    static const struct {
        const char *json;
        enum err code;
    } sets[] = {
        {"", ERR_INVALID},
        {"[]", ERR_INVALID},
        {"{}", ERR_INVALID},
        {"{\"keys\":{}}", ERR_INVALID},
        {"{\"keys\":[]}", ERR_INVALID},
        {"{\"keys\":[1,null,\"x\",{}]}", ERR_INVALID},
        {"{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}", ERR_INVALID},
        {"{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}", ERR_INVALID},
        {"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAA\",\"y\":\"AAAA\"}]}", ERR_INVALID},
        // A point that is not on the curve.
        {"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
         "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a1\"}]}",
         ERR_INVALID},
        // RFC 7515 A.3.
        {"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
         "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}",
         ERR_OK},
    };
    for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
        struct oidc_keys *k = NULL;
        struct error err;
        enum err code = oidc_keys_parse(slice_of(sets[i].json), &k, &err);
        if (code != sets[i].code) fail_msg("%s: %d", sets[i].json, code);
        oidc_keys_free(k);
    }
}

static int ready(void **state)
{
    struct error err;
    (void)state;
    return crypto_init(&err) == ERR_OK ? 0 : -1;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_case_has_its_verdict),
        TEST(a_good_one_says_who_and_in_which_groups),
        TEST(the_name_may_be_another_claim_but_no_unverified_address),
        TEST(no_changed_character_passes),
        TEST(the_only_key_needs_no_name),
        cmocka_unit_test(a_provider_s_token_is_told_from_ours),
        TEST(key_sets_keep_what_is_usable),
    };
    return cmocka_run_group_tests(tests, ready, NULL);
}
