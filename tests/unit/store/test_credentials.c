// SPDX-License-Identifier: Apache-2.0
// Credentials, grants, access lists, tokens, nonces, signing keys.
#include "fixture.h"

#define KEY    "abcdefgh"
#define CLIENT "mdb_sa_id_0123456789abcdef01234567"

enum op {
    ADD_KEY,
    DELETE_KEY,
    RESEAL,
    ADD_ACCOUNT,
    DELETE_ACCOUNT,
    ADD_SECRET,
    DELETE_SECRET,
    USE_SECRET,
    GRANT,
    ADD_ACCESS,
    REMOVE_ACCESS,
    REQUIRE,
    ADD_TOKEN,
    DELETE_TOKEN,
    COUNT_TOKENS,
    NONCE,
    ADD_SIGNING,
};
struct call {
    enum op op;
    const char *name, *id;
    role_set roles;
    const void *row;
    struct wall when, now;
    uint32_t n;
    bool flag;
};

static enum err token_calls(struct store_tx *tx, struct call *c, struct error *err)
{
    switch (c->op) {
    case ADD_TOKEN:
        return store_tx_token_insert(tx, c->row, err);
    case DELETE_TOKEN:
        return store_tx_token_delete(tx, c->row, c->name, &c->flag, err);
    case COUNT_TOKENS:
        return store_tx_token_count(tx, c->name, c->now, &c->n, err);
    case NONCE:
        return store_tx_nonce_use(tx, c->name, c->n, c->when, c->now, err);
    default:
        return store_tx_signing_key_insert(tx, c->row, err);
    }
}

static enum err run(struct store_tx *tx, void *ctx, struct error *err)
{
    struct call *c = ctx;
    switch (c->op) {
    case ADD_KEY:
        return store_tx_api_key_insert(tx, c->row, err);
    case DELETE_KEY:
        return store_tx_api_key_delete(tx, c->name, err);
    case RESEAL:
        return store_tx_api_key_reseal(tx, c->row, err);
    case ADD_ACCOUNT:
        return store_tx_account_insert(tx, c->row, err);
    case DELETE_ACCOUNT:
        return store_tx_account_delete(tx, c->name, err);
    case ADD_SECRET:
        return store_tx_secret_insert(tx, c->name, c->row, err);
    case DELETE_SECRET:
        return store_tx_secret_delete(tx, c->name, c->id, err);
    case USE_SECRET:
        return store_tx_secret_used(tx, c->name, c->id, c->when, err);
    case GRANT:
        return store_tx_grant(tx, c->name, c->id, c->roles, err);
    case ADD_ACCESS:
        return store_tx_access_add(tx, c->name, *(const struct cidr *)c->row, c->when, err);
    case REMOVE_ACCESS:
        return store_tx_access_remove(tx, c->name, *(const struct cidr *)c->row, err);
    case REQUIRE:
        return store_tx_org_access_required(tx, c->name, c->flag, err);
    default:
        return token_calls(tx, c, err);
    }
}

#define DO(f, ...)          assert_ok(f, store_write((f)->store, run, &(struct call){__VA_ARGS__}, &(f)->err))
#define REFUSE(f, why, ...) assert_err(f, why, store_write((f)->store, run, &(struct call){__VA_ARGS__}, &(f)->err))

static struct api_key_row key_row(void)
{
    struct api_key_row k = {.id = "e00000000000000000000001",
                            .org_id = ORG_ID,
                            .public_key = KEY,
                            .description = "for tests",
                            .private_tail = "0123456789ab",
                            .ha1_key_id = "k1",
                            .created = {5}};
    memset(k.ha1_nonce, 1, sizeof(k.ha1_nonce));
    memset(k.ha1_sealed, 2, sizeof(k.ha1_sealed));
    return k;
}

static struct service_account_row account_row(void)
{
    return (struct service_account_row){.id = "e00000000000000000000002",
                                        .org_id = ORG_ID,
                                        .client_id = CLIENT,
                                        .name = "robot",
                                        .description = "for tests",
                                        .created = {6}};
}

static struct credential find_key(struct fixture *f)
{
    struct credential c;
    assert_ok(f, store_api_key_find(f->reader, SLICE(KEY), f->arena, &c, &f->err));
    return c;
}

static void a_key_comes_back_whole(void **state)
{
    struct fixture *f = *state;
    struct api_key_row k = key_row();
    struct cidr v4, v6;
    assert_true(cidr_parse(SLICE("10.0.0.0/8"), false, &v4) && cidr_parse(SLICE("2001:db8::/32"), false, &v6));
    DO(f, .op = ADD_KEY, .row = &k);
    DO(f, .op = GRANT, .name = KEY, .id = GROUP_ID, .roles = 1u << ROLE_GROUP_READ_ONLY | 1u << ROLE_GROUP_OWNER);
    DO(f, .op = GRANT, .name = KEY, .id = ORG_ID, .roles = 1u << ROLE_ORG_MEMBER);
    DO(f, .op = ADD_ACCESS, .name = KEY, .row = &v4);
    DO(f, .op = ADD_ACCESS, .name = KEY, .row = &v6);
    DO(f, .op = REQUIRE, .name = ORG_ID, .flag = true);
    struct credential c = find_key(f);
    assert_int_equal(c.kind, PRINCIPAL_API_KEY);
    assert_string_equal(c.principal.name, KEY);
    assert_string_equal(c.principal.id, k.id);
    assert_string_equal(c.principal.org_id, ORG_ID);
    assert_string_equal(c.key.description, "for tests");
    assert_string_equal(c.key.private_tail, "0123456789ab");
    assert_string_equal(c.key.ha1_key_id, "k1");
    assert_memory_equal(c.key.ha1_nonce, k.ha1_nonce, sizeof(k.ha1_nonce));
    assert_memory_equal(c.key.ha1_sealed, k.ha1_sealed, sizeof(k.ha1_sealed));
    assert_int_equal(c.key.created.us, 5);
    assert_true(c.access_list_required);
    assert_int_equal(c.access_count, 2);
    assert_true(cidr_contains(c.access_list[0], v4.ip));
    assert_int_equal(c.principal.grant_count, 2); // sorted by scope
    assert_string_equal(c.principal.grants[0].scope_id, ORG_ID);
    assert_string_equal(c.principal.grants[1].scope_id, GROUP_ID);
    assert_int_equal(c.principal.grants[1].roles, 1u << ROLE_GROUP_READ_ONLY | 1u << ROLE_GROUP_OWNER);
    assert_true(principal_permits(&c.principal, NEED_STREAM_OWNER, ORG_ID, GROUP_ID));
    assert_false(principal_permits(&c.principal, NEED_GROUP_READ, ORG_ID, GROUP2_ID));
    struct credential none;
    assert_err(f, ERR_NOT_FOUND, store_api_key_find(f->reader, SLICE("ABCDEFGH"), f->arena, &none, &f->err));
    assert_err(f, ERR_NOT_FOUND, store_account_find(f->reader, SLICE(KEY), f->arena, &none, &f->err));
}

static void grants_replace_and_stay_inside_the_organisation(void **state)
{
    struct fixture *f = *state;
    struct api_key_row k = key_row();
    DO(f, .op = ADD_KEY, .row = &k);
    uint64_t auth = store_auth_generation(f->store), lists = store_generation(f->store);
    DO(f, .op = GRANT, .name = KEY, .id = GROUP_ID, .roles = 1u << ROLE_GROUP_OWNER);
    assert_int_equal(store_auth_generation(f->store), auth + 1);
    assert_int_equal(store_generation(f->store), lists + 1);
    DO(f, .op = GRANT, .name = KEY, .id = GROUP_ID, .roles = 1u << ROLE_GROUP_READ_ONLY);
    assert_int_equal(find_key(f).principal.grants[0].roles, 1u << ROLE_GROUP_READ_ONLY);
    REFUSE(f, ERR_INVALID, .op = GRANT, .name = KEY, .id = GROUP_ID, .roles = 1u << ROLE_ORG_OWNER);
    REFUSE(f, ERR_INVALID, .op = GRANT, .name = KEY, .id = ORG_ID, .roles = 1u << ROLE_GROUP_OWNER);
    REFUSE(f, ERR_NOT_FOUND, .op = GRANT, .name = KEY, .id = "b00000000000000000000099", .roles = 1);
    REFUSE(f, ERR_NOT_FOUND, .op = GRANT, .name = "nosuchky", .id = GROUP_ID, .roles = 1);
    assert_int_equal(find_key(f).principal.grants[0].roles, 1u << ROLE_GROUP_READ_ONLY);
    DO(f, .op = GRANT, .name = KEY, .id = GROUP_ID, .roles = 0);
    assert_int_equal(find_key(f).principal.grant_count, 0);
}

static void keys_are_resealed_and_deleted_with_all_they_have(void **state)
{
    struct fixture *f = *state;
    struct api_key_row k = key_row();
    struct cidr any;
    assert_true(cidr_parse(SLICE("0.0.0.0/0"), false, &any));
    DO(f, .op = ADD_KEY, .row = &k);
    REFUSE(f, ERR_EXISTS, .op = ADD_KEY, .row = &k);
    DO(f, .op = ADD_ACCESS, .name = KEY, .row = &any);
    REFUSE(f, ERR_EXISTS, .op = ADD_ACCESS, .name = KEY, .row = &any);
    REFUSE(f, ERR_NOT_FOUND, .op = ADD_ACCESS, .name = "nosuchky", .row = &any);
    DO(f, .op = REMOVE_ACCESS, .name = KEY, .row = &any);
    REFUSE(f, ERR_NOT_FOUND, .op = REMOVE_ACCESS, .name = KEY, .row = &any);
    DO(f, .op = ADD_ACCESS, .name = KEY, .row = &any);
    DO(f, .op = GRANT, .name = KEY, .id = GROUP_ID, .roles = 1u << ROLE_GROUP_OWNER);
    memset(k.ha1_sealed, 9, sizeof(k.ha1_sealed));
    DO(f, .op = RESEAL, .row = &k);
    assert_memory_equal(find_key(f).key.ha1_sealed, k.ha1_sealed, sizeof(k.ha1_sealed));
    REFUSE(f, ERR_NOT_FOUND, .op = DELETE_ACCOUNT, .name = KEY);
    DO(f, .op = DELETE_KEY, .name = KEY);
    REFUSE(f, ERR_NOT_FOUND, .op = DELETE_KEY, .name = KEY);
    REFUSE(f, ERR_NOT_FOUND, .op = RESEAL, .row = &k);
    DO(f, .op = ADD_KEY, .row = &k); // nothing of the old one is left
    assert_int_equal(find_key(f).principal.grant_count, 0);
    assert_int_equal(find_key(f).access_count, 0);
    assert_true(cstr_set(k.org_id, sizeof(k.org_id), "a00000000000000000000099"));
    assert_true(cstr_set(k.public_key, sizeof(k.public_key), "zzzzzzzz"));
    assert_true(cstr_set(k.id, sizeof(k.id), "e00000000000000000000009"));
    REFUSE(f, ERR_NOT_FOUND, .op = ADD_KEY, .row = &k);
}

static void accounts_have_secrets_newest_first(void **state)
{
    struct fixture *f = *state;
    struct service_account_row a = account_row();
    struct sa_secret_row s[2] = {
        {.id = "f00000000000000000000001", .masked = "mdb_sa_sk_***1", .created = {1}, .expires = {9}},
        {.id = "f00000000000000000000002", .masked = "mdb_sa_sk_***2", .created = {2}, .expires = {8}}};
    memset(s[0].hash, 7, sizeof(s[0].hash));
    REFUSE(f, ERR_NOT_FOUND, .op = ADD_SECRET, .name = CLIENT, .row = &s[0]);
    DO(f, .op = ADD_ACCOUNT, .row = &a);
    DO(f, .op = ADD_SECRET, .name = CLIENT, .row = &s[0]);
    DO(f, .op = ADD_SECRET, .name = CLIENT, .row = &s[1]);
    uint64_t auth = store_auth_generation(f->store);
    DO(f, .op = USE_SECRET, .name = CLIENT, .id = s[0].id, .when = {50});
    DO(f, .op = USE_SECRET, .name = CLIENT, .id = s[0].id, .when = {40}); // a late batch does not turn it back
    assert_int_equal(store_auth_generation(f->store), auth);
    struct credential c;
    assert_ok(f, store_account_find(f->reader, SLICE(CLIENT), f->arena, &c, &f->err));
    assert_int_equal(c.kind, PRINCIPAL_SERVICE_ACCOUNT);
    assert_string_equal(c.principal.name, CLIENT);
    assert_string_equal(c.account.name, "robot");
    assert_int_equal(c.secret_count, 2);
    assert_string_equal(c.secrets[0].id, s[1].id);
    assert_memory_equal(c.secrets[1].hash, s[0].hash, sizeof(s[0].hash));
    assert_int_equal(c.secrets[1].last_used.us, 50);
    DO(f, .op = DELETE_SECRET, .name = CLIENT, .id = s[1].id);
    REFUSE(f, ERR_NOT_FOUND, .op = DELETE_SECRET, .name = CLIENT, .id = s[1].id);
    struct api_key_row k = key_row();
    DO(f, .op = ADD_KEY, .row = &k);
    struct credential *all;
    size_t n;
    assert_ok(f, store_credentials(f->reader, ORG_ID, f->arena, &all, &n, &f->err));
    assert_int_equal(n, 2);
    assert_int_equal(all[1].secret_count, 1);
    assert_ok(f, store_credentials(f->reader, NULL, f->arena, &all, &n, &f->err));
    assert_int_equal(n, 2);
    assert_ok(f, store_credentials(f->reader, "a00000000000000000000099", f->arena, &all, &n, &f->err));
    assert_int_equal(n, 0);
}

static void tokens_go_with_their_account_and_count_while_alive(void **state)
{
    struct fixture *f = *state;
    struct service_account_row a = account_row();
    struct token_row t = {.client_id = CLIENT, .issued = {1}, .expires = {100}}, got;
    REFUSE(f, ERR_NOT_FOUND, .op = ADD_TOKEN, .row = &t);
    DO(f, .op = ADD_ACCOUNT, .row = &a);
    for (uint8_t i = 0; i < 3; i++) {
        memset(t.jti_hash, i, sizeof(t.jti_hash));
        t.expires.us = 100 + i;
        DO(f, .op = ADD_TOKEN, .row = &t);
    }
    assert_ok(f, store_token_get(f->reader, t.jti_hash, &got, &f->err));
    assert_string_equal(got.client_id, CLIENT);
    assert_int_equal(got.expires.us, 102);
    struct call count = {.op = COUNT_TOKENS, .name = CLIENT, .now = {101}}; // the first two have expired
    assert_ok(f, store_write(f->store, run, &count, &f->err));
    assert_int_equal(count.n, 1);
    uint64_t auth = store_auth_generation(f->store);
    struct call revoke = {.op = DELETE_TOKEN, .name = "another", .row = t.jti_hash};
    assert_ok(f, store_write(f->store, run, &revoke, &f->err));
    assert_false(revoke.flag);
    assert_int_equal(store_auth_generation(f->store), auth);
    revoke.name = CLIENT;
    assert_ok(f, store_write(f->store, run, &revoke, &f->err));
    assert_true(revoke.flag);
    assert_int_equal(store_auth_generation(f->store), auth + 1);
    assert_err(f, ERR_NOT_FOUND, store_token_get(f->reader, t.jti_hash, &got, &f->err));
    DO(f, .op = ADD_TOKEN, .row = &t);
    DO(f, .op = DELETE_ACCOUNT, .name = CLIENT);
    assert_err(f, ERR_NOT_FOUND, store_token_get(f->reader, t.jti_hash, &got, &f->err));
}

static void a_nonce_count_is_good_once(void **state)
{
    struct fixture *f = *state;
    DO(f, .op = NONCE, .name = "n1", .n = 1, .when = {100}, .now = {10});
    DO(f, .op = NONCE, .name = "n1", .n = 2, .when = {100}, .now = {10});
    DO(f, .op = NONCE, .name = "n2", .n = 1, .when = {100}, .now = {10});
    REFUSE(f, ERR_EXISTS, .op = NONCE, .name = "n1", .n = 1, .when = {100}, .now = {10});
    REFUSE(f, ERR_EXISTS, .op = NONCE, .name = "n1", .n = 1, .when = {100}, .now = {99});
    DO(f, .op = NONCE, .name = "n1", .n = 1, .when = {200}, .now = {100}); // forgotten once it cannot be used
}

static void the_newest_signing_key_retires_the_others(void **state)
{
    struct fixture *f = *state;
    struct signing_key_row k = {.kid = "one", .seal_key_id = "k1", .created = {10}}, *rows;
    size_t n;
    memset(k.sealed, 3, sizeof(k.sealed));
    DO(f, .op = ADD_SIGNING, .row = &k);
    REFUSE(f, ERR_EXISTS, .op = ADD_SIGNING, .row = &k);
    k = (struct signing_key_row){.kid = "two", .seal_key_id = "k1", .created = {20}};
    DO(f, .op = ADD_SIGNING, .row = &k);
    assert_ok(f, store_signing_keys(f->reader, f->arena, &rows, &n, &f->err));
    assert_int_equal(n, 2);
    assert_string_equal(rows[0].kid, "two");
    assert_int_equal(rows[0].retired.us, 0);
    assert_int_equal(rows[1].retired.us, 20);
    assert_int_equal(rows[1].sealed[47], 3);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_key_comes_back_whole),
        T(grants_replace_and_stay_inside_the_organisation),
        T(keys_are_resealed_and_deleted_with_all_they_have),
        T(accounts_have_secrets_newest_first),
        T(tokens_go_with_their_account_and_count_while_alive),
        T(a_nonce_count_is_good_once),
        T(the_newest_signing_key_retires_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
