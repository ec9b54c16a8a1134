// SPDX-License-Identifier: Apache-2.0
// The OAuth endpoints: exact bodies (facts 3.4), ways of authentication, limits, revocation. Run by: meson test.
// Must never: wait for time.
#include "fixture.h"

#include "base/json.h"

#define INVALID_CLIENT "{\"error_description\":\"Invalid credentials provided.\",\"error\":\"invalid_client\"}"
#define GRANT          "grant_type=client_credentials"

static void post(struct fix *f)
{
    if (slice_starts(f->r.path, SLICE("/api/oauth/token")))
        auth_oauth_token(f->auth, f->reader, &f->r, &f->rep);
    else
        auth_oauth_revoke(f->auth, f->reader, &f->r, &f->rep);
    assert_true(fix_has_header(&f->rep, "Cache-Control: no-store"));
}

static void assert_error(struct fix *f, int status, const char *code)
{
    char *want = arena_fmt(f->arena, "\",\"error\":\"%s\"}", code);
    assert_int_equal(f->rep.status, status);
    assert_true(fix_has_header(&f->rep, "Content-Type: application/json"));
    assert_true(slice_starts(f->rep.body, SLICE("{\"error_description\":\"")));
    if (!slice_ends(f->rep.body, slice_of(want))) fail_msg("%.*s", SLICE_FMT(f->rep.body));
    assert_null(f->rep.error_code);
}

static void a_token_is_a_jwt_with_exp(void **state)
{
    struct fix *f = *state;
    char *t = fix_token(f);
    assert_true(fix_has_header(&f->rep, "Content-Type: application/json"));
    assert_true(fix_has_header(&f->rep, "Cache-Control: no-store"));
    assert_string_equal(f->rep.actor, f->account.row.client_id);
    struct slice rest = slice_of(t), head, claims;
    char text[JWT_MAX];
    size_t n;
    assert_true(slice_cut(&rest, '.', &head) && slice_cut(&rest, '.', &claims));
    assert_true(base64url_decode(claims, text, sizeof(text), &n));
    struct json_doc *doc;
    struct error err;
    assert_int_equal(json_read(slice_n(text, n), sizeof(text), &doc, &err), ERR_OK);
    assert_int_equal(json_integer(json_get(json_root(doc), "exp")), FIX_NOW + 3600);
    assert_true(slice_eq_cstr(json_string(json_get(json_root(doc), "sub")), f->account.row.client_id));
    assert_true(slice_eq_cstr(json_string(json_get(json_root(doc), "iss")), FIX_URL));
    json_doc_free(doc);
    mem_free(t);
}

static void pretty_and_envelope(void **state)
{
    struct fix *f = *state;
    fix_form(f, "/api/oauth/token?envelope=true", GRANT);
    fix_basic(f, NULL);
    post(f);
    assert_int_equal(f->rep.status, 200);
    assert_true(slice_starts(f->rep.body, SLICE("{\"content\":{\"access_token\":\"")));
    assert_true(slice_ends(f->rep.body, SLICE("\"token_type\":\"Bearer\"},\"status\":200}")));
    fix_form(f, "/api/oauth/token?x=1&pretty=true", GRANT);
    fix_basic(f, NULL);
    post(f);
    assert_true(slice_starts(f->rep.body, SLICE("{\n  \"access_token\" : \"")));
}

static void wrong_clients_are_told_alike(void **state)
{
    struct fix *f = *state;
    char cut[200];
    snprintf(cut, sizeof(cut), "%s:%.49s", f->account.row.client_id, f->account.client_secret);
    const char *const bad[] = {"mdb_sa_id_0123456789abcdef01234567:mdb_sa_sk_x", cut, "x:", "x:%41", "nonsense"};
    static const char *const targets[] = {"/api/oauth/token", "/api/oauth/revoke"};
    for (unsigned i = 0; i < ARRAY_LEN(bad) * 2; i++) {
        fix_form(f, targets[i % 2], i % 2 ? "token=x" : GRANT);
        fix_basic(f, bad[i / 2]);
        post(f);
        assert_int_equal(f->rep.status, 401);
        assert_true(slice_eq_cstr(f->rep.body, INVALID_CLIENT));
        assert_true(fix_has_header(&f->rep, "WWW-Authenticate: Basic realm=\"MMS Public API\""));
    }
    static const char *const headers[] = {"", "Basic", "Basic !!!", "Bearer x", "Digest username=\"x\""};
    for (unsigned i = 0; i < ARRAY_LEN(headers); i++) {
        fix_form(f, "/api/oauth/token", GRANT);
        fix_header(f, "Authorization", headers[i]);
        post(f);
        assert_int_equal(f->rep.status, 401);
        assert_true(slice_eq_cstr(f->rep.body, INVALID_CLIENT));
    }
    fix_form(f, "/api/oauth/token", GRANT);
    post(f);
    assert_int_equal(f->rep.status, 401);
}

static void percent_encoded_credentials_pass(void **state)
{
    struct fix *f = *state;
    char text[300];
    // Each '_' as Go's QueryEscape would never, but RFC 6749 2.3.1 allows.
    char *out = text;
    const char *in = arena_fmt(f->arena, "%s:%s", f->account.row.client_id, f->account.client_secret);
    for (; *in; in++) out += snprintf(out, 4, *in == '_' ? "%%5F" : "%c", *in);
    fix_form(f, "/api/oauth/token", GRANT);
    fix_basic(f, text);
    post(f);
    assert_int_equal(f->rep.status, 200);
}

static void credentials_in_the_body(void **state)
{
    struct fix *f = *state;
    char body[400];
    snprintf(body, sizeof(body), GRANT "&client_id=%s&client_secret=%s", f->account.row.client_id,
             f->account.client_secret);
    fix_form(f, "/api/oauth/token", body);
    post(f);
    assert_int_equal(f->rep.status, 200);
    fix_form(f, "/api/oauth/token", body);
    fix_basic(f, NULL);
    post(f);
    assert_error(f, 400, "invalid_request"); // two ways at once
    snprintf(body, sizeof(body), GRANT "&client_id=%s", f->account.row.client_id);
    fix_form(f, "/api/oauth/token", body);
    fix_basic(f, NULL);
    post(f);
    assert_int_equal(f->rep.status, 200); // only repeats the name
    fix_form(f, "/api/oauth/token", body);
    post(f);
    assert_int_equal(f->rep.status, 401);
    fix_form(f, "/api/oauth/token", GRANT "&client_id=other");
    fix_basic(f, NULL);
    post(f);
    assert_error(f, 400, "invalid_request");
    fix_form(f, "/api/oauth/token", GRANT);
    fix_basic(f, NULL);
    fix_basic(f, NULL);
    post(f);
    assert_error(f, 400, "invalid_request");
}

static void malformed_requests(void **state)
{
    struct fix *f = *state;
    static const struct {
        const char *body, *error;
    } rows[] = {
        {"", "invalid_request"},
        {"grant_type=", "invalid_request"},
        {"grant_type", "invalid_request"},
        {"grant_type=password", "unsupported_grant_type"},
        {"grant_type=client_credentials%20", "unsupported_grant_type"},
        {GRANT "&" GRANT, "invalid_request"},
        {GRANT "&scope=a&scope=b", "invalid_request"},
        {"grant_type=%zz", "invalid_request"},
        {"%=x&" GRANT, "invalid_request"},
        {GRANT "&a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1&i=1&j=1&k=1&l=1&m=1&n=1&o=1&p=1", "invalid_request"},
    };
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        fix_form(f, "/api/oauth/token", rows[i].body);
        fix_basic(f, NULL);
        post(f);
        assert_error(f, 400, rows[i].error);
    }
    static const char *const types[] = {NULL, "", "application/json", "application/x-www-form-urlencodedx"};
    for (unsigned i = 0; i < ARRAY_LEN(types); i++) {
        fix_request(f, METHOD_POST, "/api/oauth/token");
        f->r.body = SLICE(GRANT);
        if (types[i]) fix_header(f, "Content-Type", types[i]);
        fix_basic(f, NULL);
        post(f);
        assert_error(f, 400, "invalid_request");
    }
    fix_request(f, METHOD_POST, "/api/oauth/token");
    f->r.body = SLICE("x=&x=&" GRANT); // empty ones count as left out
    fix_header(f, "content-type", "APPLICATION/x-www-form-urlencoded ; charset=utf-8");
    fix_basic(f, NULL);
    post(f);
    assert_int_equal(f->rep.status, 200);
    fix_form(f, "/api/oauth/revoke", "token_type_hint=access_token");
    fix_basic(f, NULL);
    post(f);
    assert_error(f, 400, "invalid_request");
}

static void the_hundred_and_first_live_token_is_denied(void **state)
{
    struct fix *f = *state;
    for (int i = 0; i < 100; i++) mem_free(fix_token(f));
    fix_form(f, "/api/oauth/token", GRANT);
    fix_basic(f, NULL);
    post(f);
    assert_error(f, 403, "access_denied");
    fix_advance(f, 3600);
    mem_free(fix_token(f));
}

static void revoke_token(struct fix *f, const char *token)
{
    char body[JWT_MAX + 64];
    snprintf(body, sizeof(body), "token=%s&token_type_hint=access_token", token);
    fix_form(f, "/api/oauth/revoke", body);
    fix_basic(f, NULL);
    post(f);
    assert_int_equal(f->rep.status, 200);
    assert_int_equal(f->rep.body.n, 0);
}

static void a_revoked_token_is_refused_at_the_next_request(void **state)
{
    struct fix *f = *state;
    char *one = fix_token(f), *two = fix_token(f);
    assert_int_equal(fix_bearer(f, one), AUTH_OK);
    assert_int_equal(fix_bearer(f, two), AUTH_OK);
    char *copy = mem_strndup(one, strlen(one));
    revoke_token(f, copy);
    assert_int_equal(fix_bearer(f, one), AUTH_BAD_TOKEN);
    assert_int_equal(fix_bearer(f, two), AUTH_OK);
    revoke_token(f, copy);
    revoke_token(f, "unknown");
    fix_advance(f, 3601);
    revoke_token(f, two); // over already
    mem_free(one);
    mem_free(two);
    mem_free(copy);
}

static void only_the_clients_own_tokens_can_be_revoked(void **state)
{
    struct fix *f = *state;
    struct error err;
    struct new_account mine = f->account, other;
    char *token = fix_token(f);
    assert_int_equal(auth_account_create(f->auth, FIX_ORG, "other", "for tests", NULL, 0, 24, &other, &err), ERR_OK);
    f->account = other;
    revoke_token(f, token);
    f->account = mine;
    assert_int_equal(fix_bearer(f, token), AUTH_OK);
    mem_free(token);
}

static enum err add_secret(struct store_tx *tx, void *ctx, struct error *err)
{
    struct fix *f = ctx;
    struct sa_secret_row s = {.id = "aaaaaaaaaaaaaaaaaaaaaaaa", .masked = "mdb_sa_sk_..."};
    struct slice text = SLICE("second+secret");
    crypto_sha256(&text, 1, s.hash);
    s.created = wall_from_sec(FIX_NOW);
    s.expires = wall_from_sec(FIX_NOW + 8 * 3600);
    return store_tx_secret_insert(tx, f->account.row.client_id, &s, err);
}

static void two_secrets_and_their_end(void **state)
{
    struct fix *f = *state;
    struct error err = {0};
    char text[200];
    if (store_write(f->store, add_secret, f, &err) != ERR_OK) fail_msg("%s", err.detail);
    snprintf(text, sizeof(text), "%s:second+secret", f->account.row.client_id);
    for (int round = 0; round < 2; round++) {
        fix_form(f, "/api/oauth/token", GRANT);
        fix_basic(f, text);
        post(f);
        assert_int_equal(f->rep.status, round ? 401 : 200);
        mem_free(fix_token(f));
        fix_advance(f, 8 * 3600);
    }
    fix_advance(f, 8760.0 * 3600);
    fix_form(f, "/api/oauth/token", GRANT);
    fix_basic(f, NULL);
    post(f);
    assert_int_equal(f->rep.status, 401);
}

static void guessing_is_slowed(void **state)
{
    struct fix *f = *state;
    for (int i = 0; i < 61; i++) {
        fix_form(f, "/api/oauth/token", GRANT);
        fix_basic(f, "x:y");
        post(f);
        assert_int_equal(f->rep.status, i < 60 ? 401 : 429);
    }
    assert_true(fix_has_header(&f->rep, "X-Error-Code: RATE_LIMITED"));
    assert_true(fix_has_header(&f->rep, "Retry-After: 60"));
    fix_form(f, "/api/oauth/token", GRANT);
    fix_header(f, "Authorization", "Basic !");
    post(f);
    assert_int_equal(f->rep.status, 429);
    mem_free(fix_token(f)); // the right secret passes all the same
}

static void the_bucket_knows_the_client_before_the_secret(void **state)
{
    struct fix *f = *state;
    fix_form(f, "/api/oauth/token", GRANT);
    assert_int_equal(auth_basic_client(&f->r, f->arena).n, 0);
    fix_basic(f, "some%5Fone:y");
    assert_true(slice_eq_cstr(auth_basic_client(&f->r, f->arena), "some_one"));
    fix_form(f, "/api/oauth/token", GRANT);
    fix_header(f, "Authorization", "Bearer x");
    assert_int_equal(auth_basic_client(&f->r, f->arena).n, 0);
    fix_form(f, "/api/oauth/token", GRANT);
    fix_header(f, "Authorization", "Basic x");
    assert_int_equal(auth_basic_client(&f->r, f->arena).n, 0);
}

static void no_memory_is_a_server_error(void **state)
{
    struct fix *f = *state;
    fix_form(f, "/api/oauth/token", GRANT);
    fix_basic(f, NULL);
    mem_fault_set(1, true);
    auth_oauth_token(f->auth, f->reader, &f->r, &f->rep);
    mem_fault_set(0, false);
    assert_true(f->rep.status == 500 || f->rep.status == 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIX_TEST(a_token_is_a_jwt_with_exp),
        FIX_TEST(pretty_and_envelope),
        FIX_TEST(wrong_clients_are_told_alike),
        FIX_TEST(percent_encoded_credentials_pass),
        FIX_TEST(credentials_in_the_body),
        FIX_TEST(malformed_requests),
        FIX_TEST(the_hundred_and_first_live_token_is_denied),
        FIX_TEST(a_revoked_token_is_refused_at_the_next_request),
        FIX_TEST(only_the_clients_own_tokens_can_be_revoked),
        FIX_TEST(two_secrets_and_their_end),
        FIX_TEST(guessing_is_slowed),
        FIX_TEST(the_bucket_knows_the_client_before_the_secret),
        FIX_TEST(no_memory_is_a_server_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
