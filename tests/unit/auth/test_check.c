// SPDX-License-Identifier: Apache-2.0
// auth_check over a real store: Digest and bearer flows as the pipeline drives them, replay, staleness, revocation,
// access lists, slow-down, and the recorded 401. Run by: meson test. Must never: wait for time.
#include "fixture.h"

#define TARGET "/api/atlas/v2/groups/" FIX_GROUP "/streams/vpcPeeringConnections?requesterAccountId=1"

// ---- the recorded challenge

static void the_challenge_is_as_recorded(void **state)
{
    struct fix *f = *state;
    fix_request(f, METHOD_GET, TARGET);
    auth_reply_challenge(f->auth, &f->r, false, &f->rep);
    assert_int_equal(f->rep.status, 401);
    assert_int_equal(f->rep.body.n, 142);
    static const char body[] = "{\n"
                               "  \"error\" : 401,\n"
                               "  \"reason\" : \"Unauthorized\",\n"
                               "  \"detail\" : \"You are not authorized for this resource.\",\n"
                               "  \"errorCode\" : \"UNEXPECTED_ERROR\"\n"
                               "}";
    assert_memory_equal(f->rep.body.p, body, 142);
    char *head = arena_strndup(f->arena, f->rep.head.p, f->rep.head.n);
    static const char before[] = "Content-Type: application/json\r\nWWW-Authenticate: Digest realm=\"MMS Public API\", "
                                 "domain=\"\", nonce=\"";
    assert_memory_equal(head, before, sizeof(before) - 1);
    assert_string_equal(head + sizeof(before) - 1 + 32,
                        "\", algorithm=MD5, qop=\"auth\", stale=false\r\nVary: Accept-Encoding\r\n");
    assert_null(f->rep.error_code);
}

static void vary_goes_with_get_and_post_only(void **state)
{
    struct fix *f = *state;
    static const bool want[] = {
        [METHOD_GET] = true, [METHOD_HEAD] = true, [METHOD_POST] = true, [METHOD_OTHER] = false};
    for (int m = METHOD_GET; m <= METHOD_OTHER; m++) {
        fix_request(f, (enum method)m, TARGET);
        auth_reply_challenge(f->auth, &f->r, true, &f->rep);
        assert_int_equal(fix_has_header(&f->rep, "Vary: Accept-Encoding"), want[m]);
        char *head = arena_strndup(f->arena, f->rep.head.p, f->rep.head.n);
        assert_non_null(strstr(head, ", stale=true\r\n"));
    }
}

static void a_bad_token_gets_the_bearer_challenge(void **state)
{
    struct fix *f = *state;
    fix_request(f, METHOD_DELETE, TARGET);
    auth_reply_bad_token(f->auth, &f->r, &f->rep);
    assert_int_equal(f->rep.status, 401);
    assert_int_equal(f->rep.body.n, 142);
    assert_true(fix_has_header(&f->rep, "WWW-Authenticate: Bearer error=\"invalid_token\""));
}

// ---- Digest

static void digest_reads_pass_on_the_loop_once_cached(void **state)
{
    struct fix *f = *state;
    fix_request(f, METHOD_GET, TARGET);
    struct auth_answer a = fix_check(f, false);
    assert_int_equal(a.result, AUTH_CHALLENGE);
    assert_false(a.stale);
    fix_digest(f, (struct fix_digest){0});
    a = fix_check(f, false);
    assert_int_equal(a.result, AUTH_WOULD_BLOCK);
    a = fix_check(f, true);
    assert_int_equal(a.result, AUTH_OK);
    assert_int_equal(a.credential->kind, PRINCIPAL_API_KEY);
    assert_string_equal(a.credential->principal.name, f->key.row.public_key);
    assert_string_equal(a.credential->principal.org_id, FIX_ORG);
    assert_true(principal_permits(&a.credential->principal, NEED_GROUP_READ, FIX_ORG, FIX_GROUP));
    assert_false(principal_permits(&a.credential->principal, NEED_STREAM_OWNER, FIX_ORG, FIX_GROUP));
    fix_request(f, METHOD_GET, TARGET);
    fix_digest(f, (struct fix_digest){0});
    struct auth_answer b = fix_check(f, false);
    assert_int_equal(b.result, AUTH_OK);
    fix_advance(f, 0.9);
    fix_request(f, METHOD_HEAD, TARGET);
    fix_digest(f, (struct fix_digest){0});
    assert_int_equal(fix_result(f, NULL), AUTH_OK);
    fix_advance(f, 0.2);
    fix_request(f, METHOD_GET, TARGET);
    fix_digest(f, (struct fix_digest){0});
    struct auth_answer c = fix_check(f, false);
    assert_int_equal(c.result, AUTH_WOULD_BLOCK);
    auth_tick(f->auth);
    assert_string_equal(a.credential->principal.name, b.credential->principal.name); // still held
    auth_release(f->auth, &a);
    auth_release(f->auth, &b);
}

static void digest_failures_are_challenges(void **state)
{
    struct fix *f = *state;
    static const struct fix_digest bad[] = {
        {.password = "wrong"},  {.user = "zzzzzzzz"},
        {.user = "abc"},        {.user = ""},
        {.method = "POST"},     {.uri = "/api/atlas/v2/groups"},
        {.uri = TARGET "&x=1"}, {.nonce = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
        {.nonce = ""},          {.nc = "00000000"},
    };
    for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
        for (int round = 0; round < 2; round++) { // and again
            bool stale = true;
            fix_request(f, METHOD_GET, TARGET);
            fix_digest(f, bad[i]);
            assert_int_equal(fix_result(f, &stale), AUTH_CHALLENGE);
            assert_int_equal(stale, i == ARRAY_LEN(bad) - 1); // count 0 is as one used before
        }
    }
    static const char *const headers[] = {"",           "Digest",      "Digest x=1",  "Basic YTpi", "Negotiate x",
                                          " Digest a=", "Digestx a=1", "Bearer\tabc", "DIGEST"};
    for (unsigned i = 0; i < ARRAY_LEN(headers); i++) {
        fix_request(f, METHOD_GET, TARGET);
        fix_header(f, "Authorization", headers[i]);
        assert_int_equal(fix_result(f, NULL), AUTH_CHALLENGE);
    }
}

static void an_absolute_uri_and_any_case_of_the_scheme_pass(void **state)
{
    struct fix *f = *state;
    fix_request(f, METHOD_GET, TARGET);
    fix_digest(f, (struct fix_digest){.uri = "https://peerage.example" TARGET});
    assert_int_equal(fix_result(f, NULL), AUTH_OK);
    fix_request(f, METHOD_GET, TARGET);
    fix_digest(f, (struct fix_digest){0});
    memcpy((char *)(uintptr_t)f->headers[0].value.p, "dIGEST", 6);
    assert_int_equal(fix_result(f, NULL), AUTH_OK);
}

static void two_authorization_headers_are_refused(void **state)
{
    struct fix *f = *state;
    fix_request(f, METHOD_GET, TARGET);
    fix_digest(f, (struct fix_digest){0});
    fix_digest(f, (struct fix_digest){0});
    assert_int_equal(fix_result(f, NULL), AUTH_CHALLENGE);
}

static void ten_thousand_replays_of_a_read_none_accepted(void **state)
{
    struct fix *f = *state;
    char nonce[NONCE_TEXT + 1];
    fix_nonce(f, nonce);
    unsigned accepted = 0, stale_ones = 0;
    for (int i = 0; i < 10001; i++) {
        bool stale;
        fix_request(f, METHOD_GET, TARGET);
        fix_digest(f, (struct fix_digest){.nonce = nonce});
        accepted += fix_result(f, &stale) == AUTH_OK;
        stale_ones += stale;
    }
    assert_int_equal(accepted, 1);
    assert_int_equal(stale_ones, 10000);
}

static void curl_reuses_a_nonce_with_rising_counts(void **state)
{
    struct fix *f = *state;
    char nonce[NONCE_TEXT + 1], nc[9], target[64];
    fix_nonce(f, nonce);
    for (unsigned i = 1; i <= 200; i++) {
        snprintf(nc, sizeof(nc), "%08x", i);
        snprintf(target, sizeof(target), "/api/atlas/v2/groups?pageNum=%u", i);
        fix_request(f, i % 2 ? METHOD_GET : METHOD_POST, target);
        fix_digest(f, (struct fix_digest){.nonce = nonce, .nc = nc});
        assert_int_equal(fix_result(f, NULL), AUTH_OK);
    }
}

// The store remembers writes: neither another process nor a restart makes room for a replay.
static void writes_are_spent_in_the_store(void **state)
{
    struct fix *f = *state;
    static const enum method writes[] = {METHOD_POST, METHOD_PUT, METHOD_PATCH, METHOD_DELETE};
    char nonce[4][NONCE_TEXT + 1];
    for (unsigned i = 0; i < 4; i++) {
        fix_nonce(f, nonce[i]);
        fix_request(f, writes[i], TARGET);
        fix_digest(f, (struct fix_digest){.nonce = nonce[i]});
        struct auth_answer a = fix_check(f, false);
        assert_int_equal(a.result, AUTH_WOULD_BLOCK);
        assert_int_equal(fix_result(f, NULL), AUTH_OK);
        assert_int_equal(fix_result(f, NULL), AUTH_CHALLENGE);
    }
    fix_shut(f);
    fix_open(f, false);
    for (unsigned i = 0; i < 4; i++) {
        bool stale;
        fix_request(f, writes[i], TARGET);
        fix_digest(f, (struct fix_digest){.nonce = nonce[i]});
        assert_int_equal(fix_result(f, &stale), AUTH_CHALLENGE);
        assert_true(stale);
        fix_request(f, writes[i], TARGET);
        fix_digest(f, (struct fix_digest){.nonce = nonce[i], .nc = "00000002"});
        assert_int_equal(fix_result(f, NULL), AUTH_OK);
    }
}

static void an_old_nonce_is_stale_only_for_a_right_digest(void **state)
{
    struct fix *f = *state;
    char nonce[NONCE_TEXT + 1];
    bool stale;
    fix_nonce(f, nonce);
    fix_advance(f, 301);
    fix_request(f, METHOD_GET, TARGET);
    fix_digest(f, (struct fix_digest){.nonce = nonce});
    assert_int_equal(fix_result(f, &stale), AUTH_CHALLENGE);
    assert_true(stale);
    fix_request(f, METHOD_GET, TARGET);
    fix_digest(f, (struct fix_digest){.nonce = nonce, .password = "wrong"});
    assert_int_equal(fix_result(f, &stale), AUTH_CHALLENGE);
    assert_false(stale);
}

static void a_reset_key_fails_at_once(void **state)
{
    struct fix *f = *state;
    struct new_api_key fresh;
    struct error err;
    fix_request(f, METHOD_GET, TARGET);
    fix_digest(f, (struct fix_digest){0});
    assert_int_equal(fix_result(f, NULL), AUTH_OK);
    assert_int_equal(auth_api_key_reset(f->auth, f->key.row.public_key, &fresh, &err), ERR_OK);
    fix_request(f, METHOD_GET, TARGET);
    fix_digest(f, (struct fix_digest){0});
    assert_int_equal(fix_result(f, NULL), AUTH_CHALLENGE);
    fix_request(f, METHOD_GET, TARGET);
    fix_digest(f, (struct fix_digest){.password = fresh.private_key});
    assert_int_equal(fix_result(f, NULL), AUTH_OK);
    assert_int_equal(auth_api_key_reset(f->auth, "nosuchky", &fresh, &err), ERR_NOT_FOUND);
}

// ---- access lists

struct access {
    const char *name, *cidr;
    bool remove, required, set_required;
};

static enum err change_access(struct store_tx *tx, void *ctx, struct error *err)
{
    const struct access *a = ctx;
    struct cidr c;
    if (a->set_required) return store_tx_org_access_required(tx, FIX_ORG, a->required, err);
    assert_true(cidr_parse(slice_of(a->cidr), true, &c));
    return a->remove ? store_tx_access_remove(tx, a->name, c, err)
                     : store_tx_access_add(tx, a->name, c, wall_from_sec(FIX_NOW), err);
}

static void change(struct fix *f, struct access a)
{
    struct error err = {0};
    if (store_write(f->store, change_access, &a, &err) != ERR_OK) fail_msg("%s", err.detail);
}

static enum auth_result digest_get(struct fix *f)
{
    fix_request(f, METHOD_GET, TARGET);
    fix_digest(f, (struct fix_digest){0});
    return fix_result(f, NULL);
}

static void access_lists_hold_for_the_credential(void **state)
{
    struct fix *f = *state;
    const char *key = f->key.row.public_key;
    char *token = fix_token(f);
    assert_int_equal(digest_get(f), AUTH_OK);
    assert_int_equal(fix_bearer(f, token), AUTH_OK);
    change(f, (struct access){.name = key, .cidr = "198.51.100.0/24"});
    assert_int_equal(digest_get(f), AUTH_ADDRESS);
    assert_int_equal(fix_bearer(f, token), AUTH_OK); // the account has a list of its own
    change(f, (struct access){.name = key, .cidr = "192.0.2.7/32"});
    assert_int_equal(digest_get(f), AUTH_OK);
    change(f, (struct access){.name = f->account.row.client_id, .cidr = "2001:db8::/32"});
    assert_int_equal(fix_bearer(f, token), AUTH_ADDRESS);
    char *another = fix_token(f); // minting works from anywhere
    assert_non_null(another);
    mem_free(another);
    mem_free(token);
}

static void an_organisation_may_demand_lists(void **state)
{
    struct fix *f = *state;
    char *token = fix_token(f);
    change(f, (struct access){.set_required = true, .required = true});
    assert_int_equal(digest_get(f), AUTH_ADDRESS);
    assert_int_equal(fix_bearer(f, token), AUTH_ADDRESS);
    change(f, (struct access){.name = f->key.row.public_key, .cidr = "192.0.2.0/24"});
    assert_int_equal(digest_get(f), AUTH_OK);
    assert_int_equal(fix_bearer(f, token), AUTH_ADDRESS);
    mem_free(token);
}

// A refused address spends no nonce: the same request passes once the list allows it.
static void a_wrong_secret_is_told_before_the_address(void **state)
{
    struct fix *f = *state;
    change(f, (struct access){.name = f->key.row.public_key, .cidr = "198.51.100.0/24"});
    fix_request(f, METHOD_GET, TARGET);
    fix_digest(f, (struct fix_digest){.password = "wrong"});
    assert_int_equal(fix_result(f, NULL), AUTH_CHALLENGE);
    char nonce[NONCE_TEXT + 1];
    fix_nonce(f, nonce);
    fix_request(f, METHOD_POST, TARGET);
    fix_digest(f, (struct fix_digest){.nonce = nonce});
    assert_int_equal(fix_result(f, NULL), AUTH_ADDRESS);
    change(f, (struct access){.name = f->key.row.public_key, .cidr = "198.51.100.0/24", .remove = true});
    assert_int_equal(fix_result(f, NULL), AUTH_OK);
}

// ---- bearer

static void bearer_tokens_pass_from_the_cache(void **state)
{
    struct fix *f = *state;
    char *token = fix_token(f);
    fix_request(f, METHOD_POST, TARGET);
    fix_header(f, "Authorization", arena_fmt(f->arena, "bEARER %s", token));
    struct auth_answer a = fix_check(f, false);
    assert_int_equal(a.result, AUTH_WOULD_BLOCK);
    a = fix_check(f, true);
    assert_int_equal(a.result, AUTH_OK);
    assert_int_equal(a.credential->kind, PRINCIPAL_SERVICE_ACCOUNT);
    assert_string_equal(a.credential->principal.name, f->account.row.client_id);
    struct auth_answer b = fix_check(f, false);
    assert_int_equal(b.result, AUTH_OK);
    assert_ptr_equal(a.credential, b.credential);
    auth_release(f->auth, &a);
    auth_release(f->auth, &b);
    fix_advance(f, 1.5);
    b = fix_check(f, false);
    assert_int_equal(b.result, AUTH_WOULD_BLOCK);
    mem_free(token);
}

static void tokens_end_after_an_hour(void **state)
{
    struct fix *f = *state;
    char *token = fix_token(f);
    fix_advance(f, 3599.5);
    assert_int_equal(fix_bearer(f, token), AUTH_OK);
    fix_advance(f, 0.4);
    assert_int_equal(fix_bearer(f, token), AUTH_OK);
    fix_advance(f, 0.2); // cached, and over
    assert_int_equal(fix_bearer(f, token), AUTH_BAD_TOKEN);
    fix_advance(f, 10);
    for (int i = 0; i < 200; i++) assert_int_equal(fix_bearer(f, token), AUTH_BAD_TOKEN); // no guess: never slowed
    mem_free(token);
}

static void malformed_tokens_are_bad(void **state)
{
    struct fix *f = *state;
    char *token = fix_token(f);
    static char longest[JWT_MAX + 2];
    memset(longest, 'a', JWT_MAX + 1);
    static const char *const bad[] = {"", "x", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", longest};
    for (unsigned i = 0; i < ARRAY_LEN(bad); i++) assert_int_equal(fix_bearer(f, bad[i]), AUTH_BAD_TOKEN);
    assert_int_equal(fix_bearer(f, token), AUTH_OK);
    token[strlen(token) - 5] ^= 1;
    assert_int_equal(fix_bearer(f, token), AUTH_BAD_TOKEN);
    mem_free(token);
}

static enum err delete_account(struct store_tx *tx, void *ctx, struct error *err)
{
    return store_tx_account_delete(tx, ctx, err);
}

static void deletion_and_role_changes_are_seen_at_once(void **state)
{
    struct fix *f = *state;
    struct error err;
    char *token = fix_token(f);
    assert_int_equal(fix_bearer(f, token), AUTH_OK);
    assert_int_equal(store_write(f->store, delete_account, f->account.row.client_id, &err), ERR_OK);
    assert_int_equal(fix_bearer(f, token), AUTH_BAD_TOKEN);
    mem_free(token);
}

static void signing_keys_survive_restart_and_rotate(void **state)
{
    struct fix *f = *state;
    char *token = fix_token(f);
    fix_shut(f);
    fix_open(f, false);
    assert_int_equal(fix_bearer(f, token), AUTH_OK);
    mem_free(token);
    fix_advance(f, 30.0 * 86400 - 60);
    auth_tick(f->auth);
    char *old = fix_token(f);
    fix_advance(f, 61);
    auth_tick(f->auth);
    char *new = fix_token(f);
    assert_int_not_equal(strncmp(old, new, 60), 0); // another kid
    assert_int_equal(fix_bearer(f, old), AUTH_OK);
    assert_int_equal(fix_bearer(f, new), AUTH_OK);
    mem_free(old);
    mem_free(new);
}

static void keys_of_another_replica_are_read_when_first_met(void **state)
{
    struct fix *f = *state;
    struct error err;
    struct auth *first = f->auth, *second = NULL;
    fix_advance(f, 31.0 * 86400);
    auth_tick(first);
    assert_int_equal(auth_new(&first->o, &second, &err), ERR_OK);
    fix_advance(f, 31.0 * 86400);
    auth_tick(second); // makes a key that `first` has not seen
    f->auth = second;
    char *token = fix_token(f);
    f->auth = first;
    assert_int_equal(fix_bearer(f, token), AUTH_OK);
    auth_free(second);
    mem_free(token);
}

// ---- slow-down and bounds

static void guessing_is_slowed_by_address_and_locks_nobody_out(void **state)
{
    struct fix *f = *state;
    unsigned challenges = 0, slow = 0;
    for (int i = 0; i < 200; i++) {
        fix_request(f, METHOD_GET, TARGET);
        fix_digest(f, (struct fix_digest){.password = "guess"});
        enum auth_result r = fix_result(f, NULL);
        challenges += r == AUTH_CHALLENGE;
        slow += r == AUTH_SLOW_DOWN;
    }
    assert_int_equal(challenges, 60);
    assert_int_equal(slow, 140);
    fix_request(f, METHOD_GET, TARGET);
    assert_int_equal(fix_result(f, NULL), AUTH_CHALLENGE); // asking for a challenge is no guess
    assert_int_equal(digest_get(f), AUTH_OK);              // the right secret passes from the very same address
    fix_request(f, METHOD_GET, TARGET);
    assert_true(ip_parse(SLICE("203.0.113.9"), &f->r.peer));
    fix_digest(f, (struct fix_digest){.password = "guess"});
    assert_int_equal(fix_result(f, NULL), AUTH_CHALLENGE); // another address has its own count
    fix_advance(f, 60);
    fix_request(f, METHOD_GET, TARGET);
    fix_digest(f, (struct fix_digest){.password = "guess"});
    assert_int_equal(fix_result(f, NULL), AUTH_CHALLENGE);
}

// Bad input may not cost more than good input's memory.
static void a_flood_of_unknown_names_is_bounded(void **state)
{
    struct fix *f = *state;
    struct auth_answer held;
    fix_request(f, METHOD_GET, TARGET);
    fix_digest(f, (struct fix_digest){0});
    held = fix_check(f, true);
    assert_int_equal(held.result, AUTH_OK);
    for (unsigned i = 0; i < 20000; i++) {
        char user[9];
        for (unsigned k = 0, v = i; k < 8; k++, v /= 26) user[k] = (char)('a' + v % 26);
        user[8] = '\0';
        fix_request(f, METHOD_GET, TARGET);
        fix_digest(f, (struct fix_digest){.user = user});
        (void)fix_result(f, NULL);
    }
    assert_true(cache_count(f->auth->credentials) <= 16385);
    fix_request(f, METHOD_GET, TARGET);
    fix_digest(f, (struct fix_digest){0});
    struct auth_answer a = fix_check(f, false); // the known one was not pushed out
    assert_int_equal(a.result, AUTH_OK);
    auth_release(f->auth, &a);
    auth_release(f->auth, &held);
    fix_advance(f, 3);
    auth_tick(f->auth);
    assert_int_equal(cache_count(f->auth->credentials), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIX_TEST(the_challenge_is_as_recorded),
        FIX_TEST(vary_goes_with_get_and_post_only),
        FIX_TEST(a_bad_token_gets_the_bearer_challenge),
        FIX_TEST(digest_reads_pass_on_the_loop_once_cached),
        FIX_TEST(digest_failures_are_challenges),
        FIX_TEST(an_absolute_uri_and_any_case_of_the_scheme_pass),
        FIX_TEST(two_authorization_headers_are_refused),
        FIX_TEST(ten_thousand_replays_of_a_read_none_accepted),
        FIX_TEST(curl_reuses_a_nonce_with_rising_counts),
        FIX_TEST(writes_are_spent_in_the_store),
        FIX_TEST(an_old_nonce_is_stale_only_for_a_right_digest),
        FIX_TEST(a_reset_key_fails_at_once),
        FIX_TEST(access_lists_hold_for_the_credential),
        FIX_TEST(an_organisation_may_demand_lists),
        FIX_TEST(a_wrong_secret_is_told_before_the_address),
        FIX_TEST(bearer_tokens_pass_from_the_cache),
        FIX_TEST(tokens_end_after_an_hour),
        FIX_TEST(malformed_tokens_are_bad),
        FIX_TEST(deletion_and_role_changes_are_seen_at_once),
        FIX_TEST(signing_keys_survive_restart_and_rotate),
        FIX_TEST(keys_of_another_replica_are_read_when_first_met),
        FIX_TEST(guessing_is_slowed_by_address_and_locks_nobody_out),
        FIX_TEST(a_flood_of_unknown_names_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
