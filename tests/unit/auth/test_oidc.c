// SPDX-License-Identifier: Apache-2.0
// A provider on loopback: when its keys are fetched and when not, what a bad or absent one does, and whom a token
// makes. Run by: meson test. Must never: wait for time.
#include "tests/support/fake_http.h"
#include "tests/unit/auth/fixture.h"

#include "tests/unit/auth/oidc_tokens.h"

#define TARGET "/api/atlas/v2/groups/" FIX_GROUP "/streams/vpcPeeringConnections?requesterAccountId=1"
#define GOOD   oidc_cases[0].token

struct provider {
    struct fake_http http;
    struct fix *fix;
    struct oidc *oidc;
    _Atomic(const char *) keys;   // NULL: 500
    _Atomic(const char *) issuer; // of the discovery document
    char base[64];
};

static void answer(void *ctx, int fd, const char *request, unsigned n)
{
    struct provider *p = ctx;
    char body[512];
    (void)n;
    if (strstr(request, "GET /keys ") && p->keys) {
        fake_reply(fd, "200 OK", "Content-Type: application/json\r\n", p->keys);
    } else if (strstr(request, "GET /.well-known/openid-configuration ")) {
        snprintf(body, sizeof body, "{\"issuer\":\"%s\",\"jwks_uri\":\"%s/keys\"}", p->issuer, p->base);
        fake_reply(fd, "200 OK", "Content-Type: application/json\r\n", body);
    } else {
        fake_reply(fd, "500 Internal Server Error", "", "");
    }
}

static enum err grant(struct store_tx *tx, void *ctx, struct error *err)
{
    const struct grant g = {FIX_GROUP, 1u << ROLE_GROUP_OWNER};
    (void)ctx;
    return store_tx_person_grant(tx, FIX_ORG, SLICE("platform"), &g, err);
}

// discovered: by the issuer's own address; else by the address of its keys, since the tokens name another issuer.
static void connect_to(struct provider *p, bool discovered)
{
    static char keys[96];
    struct error err;
    snprintf(keys, sizeof keys, "%s/keys", p->base);
    const struct oidc_options o = {.issuer = discovered ? p->base : OIDC_ISSUER,
                                   .audience = OIDC_AUDIENCE,
                                   .jwks_url = discovered ? "" : keys,
                                   .name_claim = "sub",
                                   .groups_claim = "groups",
                                   .ca_file = "",
                                   .clock = &p->fix->clock};
    if (oidc_new(&o, &p->oidc, &err) != ERR_OK) fail_msg("%s", err.detail);
    p->fix->auth->o.oidc = p->oidc;
    p->fix->auth->o.oidc_org = FIX_ORG;
}

static int set_up(void **state)
{
    struct error err;
    struct provider *p = mem_zalloc(1, sizeof *p);
    p->fix = fix_new();
    assert_int_equal(store_write(p->fix->store, grant, NULL, &err), ERR_OK);
    p->keys = oidc_jwks;
    fake_start(&p->http, answer, p);
    snprintf(p->base, sizeof p->base, "http://127.0.0.1:%d", p->http.port);
    p->issuer = p->base;
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct provider *p = *state;
    fake_stop(&p->http);
    fix_free(p->fix);
    oidc_free(p->oidc);
    mem_free(p);
    return 0;
}

static enum oidc_verdict verify(struct provider *p, const char *token)
{
    struct oidc_person who;
    const char *why;
    return oidc_verify(p->oidc, slice_of(token), wall_from_sec(OIDC_NOW), p->fix->arena, &who, &why);
}

static const char *case_of(const char *what)
{
    for (size_t i = 0; i < ARRAY_LEN(oidc_cases); i++)
        if (strcmp(oidc_cases[i].what, what) == 0) return oidc_cases[i].token;
    fail_msg("no case %s", what);
    return NULL;
}

// ---- fetching ---------------------------------------------------------------------------------------------

static void keys_are_fetched_once_and_again_when_old(void **state)
{
    struct provider *p = *state;
    connect_to(p, false);
    assert_int_equal(fake_count(&p->http), 0);
    for (int i = 0; i < 3; i++) assert_int_equal(verify(p, GOOD), OIDC_GOOD);
    assert_int_equal(fake_count(&p->http), 1);
    fix_advance(p->fix, 599);
    assert_int_equal(verify(p, GOOD), OIDC_GOOD);
    assert_int_equal(fake_count(&p->http), 1);
    fix_advance(p->fix, 1);
    assert_int_equal(verify(p, GOOD), OIDC_GOOD);
    assert_int_equal(fake_count(&p->http), 2);
}

static void a_new_key_is_found_and_strangers_cannot_make_us_fetch(void **state)
{
    struct provider *p = *state;
    p->keys = oidc_one_jwk; // without the second key, and without a kid
    connect_to(p, false);
    assert_int_equal(verify(p, case_of("RS256 with the other key")), OIDC_BAD);
    assert_int_equal(fake_count(&p->http), 1); // fetched just now: an unknown key is no reason yet
    p->keys = oidc_jwks;
    for (int i = 0; i < 5; i++) assert_int_equal(verify(p, case_of("an unknown key")), OIDC_BAD);
    assert_int_equal(fake_count(&p->http), 1);
    fix_advance(p->fix, 30);
    assert_int_equal(verify(p, case_of("RS256 with the other key")), OIDC_GOOD);
    assert_int_equal(fake_count(&p->http), 2);
}

static void old_keys_serve_while_the_provider_is_away_but_not_for_ever(void **state)
{
    struct provider *p = *state;
    connect_to(p, false);
    assert_int_equal(verify(p, GOOD), OIDC_GOOD);
    p->keys = NULL;
    fix_advance(p->fix, 600);
    for (int i = 0; i < 5; i++) assert_int_equal(verify(p, GOOD), OIDC_GOOD);
    assert_int_equal(fake_count(&p->http), 2); // one try, not five
    fix_advance(p->fix, 86400 - 601);
    assert_int_equal(verify(p, GOOD), OIDC_GOOD);
    fix_advance(p->fix, 1);
    assert_int_equal(verify(p, GOOD), OIDC_AWAY);
    p->keys = oidc_jwks;
    fix_advance(p->fix, 5);
    assert_int_equal(verify(p, GOOD), OIDC_GOOD);
}

static void without_any_keys_it_is_away_and_asks_every_five_seconds(void **state)
{
    struct provider *p = *state;
    p->keys = "{\"keys\":[]}"; // an answer that is of no use is none
    connect_to(p, false);
    for (int i = 0; i < 5; i++) assert_int_equal(verify(p, GOOD), OIDC_AWAY);
    assert_int_equal(fake_count(&p->http), 1);
    p->keys = oidc_jwks;
    fix_advance(p->fix, 5);
    assert_int_equal(verify(p, GOOD), OIDC_GOOD);
}

static void discovery_leads_to_the_keys_of_this_issuer_only(void **state)
{
    struct provider *p = *state;
    connect_to(p, true);
    assert_int_equal(verify(p, GOOD), OIDC_BAD); // the keys are there; the token is another issuer's
    assert_int_equal(fake_count(&p->http), 2);
    p->issuer = "http://127.0.0.1:1";
    fix_advance(p->fix, 86400);
    assert_int_equal(verify(p, GOOD), OIDC_AWAY);
}

static void addresses_are_https_or_this_machine(void **state)
{
    static const char *const good[] = {"https://a",           "https://a/b",
                                       "http://localhost",    "http://localhost:1/x",
                                       "http://127.0.0.1:80", "http://[::1]:80/"};
    static const char *const bad[] = {"",
                                      "https://",
                                      "https:///x",
                                      "http://a",
                                      "http://localhost.example.com",
                                      "http://localhost:x@example.com",
                                      "https://u:p@example.com",
                                      "http://127.0.0.1.example.com",
                                      "ftp://a",
                                      "file:///etc/passwd",
                                      "a"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) assert_true(oidc_url_allowed(good[i]));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) assert_false(oidc_url_allowed(bad[i]));
}

// ---- whom a token makes -----------------------------------------------------------------------------------

static struct auth_answer ask(struct provider *p, const char *token, bool may_block)
{
    struct fix *f = p->fix;
    struct auth_answer ans;
    char text[OIDC_TOKEN_MAX + 8];
    fix_request(f, METHOD_GET, TARGET);
    f->r.received = wall_from_sec(OIDC_NOW);
    snprintf(text, sizeof text, "Bearer %s", token);
    fix_header(f, "Authorization", arena_fmt(f->arena, "%s", text));
    auth_check(f->auth, f->reader, &f->r, may_block, &ans);
    return ans;
}

static void a_person_has_the_roles_of_his_groups(void **state)
{
    struct provider *p = *state;
    connect_to(p, false);
    assert_int_equal(ask(p, GOOD, false).result, AUTH_WOULD_BLOCK);
    struct auth_answer ans = ask(p, GOOD, true);
    assert_int_equal(ans.result, AUTH_OK);
    const struct principal *who = &ans.credential->principal;
    assert_int_equal(who->kind, PRINCIPAL_PERSON);
    assert_string_equal(who->name, "u-1");
    assert_string_equal(who->org_id, FIX_ORG);
    // printf '%s:u-1' 0123456789abcdef00000001 | sha256sum
    assert_string_equal(who->id, "2b3c5c26b70f38315551f480");
    assert_int_equal(who->grant_count, 1);
    assert_true(principal_permits(who, NEED_GROUP_OWNER, FIX_ORG, FIX_GROUP));
    auth_release(p->fix->auth, &ans);
    ans = ask(p, GOOD, false); // remembered for a second
    assert_int_equal(ans.result, AUTH_OK);
    auth_release(p->fix->auth, &ans);
    fix_advance(p->fix, 1.1);
    assert_int_equal(ask(p, GOOD, false).result, AUTH_WOULD_BLOCK);
}

static void a_person_without_a_group_is_known_and_may_nothing(void **state)
{
    struct provider *p = *state;
    connect_to(p, false);
    struct auth_answer ans = ask(p, case_of("no groups"), true);
    assert_int_equal(ans.result, AUTH_OK);
    assert_int_equal(ans.credential->principal.grant_count, 0);
    assert_false(principal_in_group(&ans.credential->principal, FIX_ORG, FIX_GROUP));
    auth_release(p->fix->auth, &ans);
}

static enum err take_away(struct store_tx *tx, void *ctx, struct error *err)
{
    const struct grant g = {.scope_id = FIX_GROUP};
    (void)ctx;
    return store_tx_person_grant(tx, FIX_ORG, SLICE("platform"), &g, err);
}

static void taking_a_role_away_works_at_once(void **state)
{
    struct provider *p = *state;
    struct error err;
    connect_to(p, false);
    struct auth_answer ans = ask(p, GOOD, true);
    assert_int_equal(ans.credential->principal.grant_count, 1);
    auth_release(p->fix->auth, &ans);
    assert_int_equal(store_write(p->fix->store, take_away, NULL, &err), ERR_OK);
    assert_int_equal(ask(p, GOOD, false).result, AUTH_WOULD_BLOCK); // the generation is another
    ans = ask(p, GOOD, true);
    assert_int_equal(ans.credential->principal.grant_count, 0);
    auth_release(p->fix->auth, &ans);
}

static void refusals_are_those_of_any_bearer_token(void **state)
{
    struct provider *p = *state;
    connect_to(p, false);
    assert_int_equal(ask(p, case_of("long over"), true).result, AUTH_BAD_TOKEN);
    assert_int_equal(ask(p, case_of("another audience"), true).result, AUTH_BAD_TOKEN);
    assert_int_equal(ask(p, case_of("HS256 with the public key as the secret"), true).result, AUTH_BAD_TOKEN);
    assert_int_equal(ask(p, case_of("no algorithm"), true).result, AUTH_BAD_TOKEN);
    for (int i = 0; i < 61; i++) (void)ask(p, case_of("signed by a stranger"), true);
    assert_int_equal(ask(p, case_of("signed by a stranger"), true).result, AUTH_SLOW_DOWN);
}

static void an_absent_provider_is_503_and_no_failure(void **state)
{
    struct provider *p = *state;
    p->keys = NULL;
    connect_to(p, false);
    for (int i = 0; i < 70; i++) assert_int_equal(ask(p, GOOD, true).result, AUTH_UNAVAILABLE);
}

static void without_a_provider_nobody_is_a_person(void **state)
{
    struct provider *p = *state;
    assert_int_equal(ask(p, GOOD, true).result, AUTH_BAD_TOKEN);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(keys_are_fetched_once_and_again_when_old),
        TEST(a_new_key_is_found_and_strangers_cannot_make_us_fetch),
        TEST(old_keys_serve_while_the_provider_is_away_but_not_for_ever),
        TEST(without_any_keys_it_is_away_and_asks_every_five_seconds),
        TEST(discovery_leads_to_the_keys_of_this_issuer_only),
        cmocka_unit_test(addresses_are_https_or_this_machine),
        TEST(a_person_has_the_roles_of_his_groups),
        TEST(a_person_without_a_group_is_known_and_may_nothing),
        TEST(taking_a_role_away_works_at_once),
        TEST(refusals_are_those_of_any_bearer_token),
        TEST(an_absent_provider_is_503_and_no_failure),
        TEST(without_a_provider_nobody_is_a_person),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
