// SPDX-License-Identifier: Apache-2.0
// Pages and totals of credentials against a model, through random changes; use of access lists; tokens of a secret;
// owners. Run by: meson test.
#include "fixture.h"

#include "base/rand.h"

#define KEYS 60

struct model {
    bool there[KEYS], in_group[KEYS][2];
};
static const char *const groups[2] = {GROUP_ID, GROUP2_ID};

static enum principal_kind kind_of(unsigned i)
{
    return i % 3 ? PRINCIPAL_API_KEY : PRINCIPAL_SERVICE_ACCOUNT;
}

static void names(unsigned i, char name[PRINCIPAL_NAME], char id[OID_HEX + 1])
{
    // Ids in another order than names.
    set_id(id, 'd', (i * 37U) % KEYS + 100);
    if (kind_of(i) == PRINCIPAL_API_KEY)
        (void)snprintf(name, PRINCIPAL_NAME, "key%c%c%c%02u", 'a' + i % 7, 'b', 'c', i);
    else
        (void)snprintf(name, PRINCIPAL_NAME, "mdb_sa_id_%024u", i);
}

struct step {
    unsigned i;
    int what; // 0 and 1: change on that group; 2: come or go
    struct model *m;
};

static enum err insert(struct store_tx *tx, unsigned i, struct error *err)
{
    struct api_key_row k = {.description = "d", .org_id = ORG_ID};
    struct service_account_row a = {.description = "d", .name = "n", .org_id = ORG_ID};
    struct sa_secret_row s = {.id = "f00000000000000000000001", .masked = "m", .created = {1}, .expires = {9}};
    char name[PRINCIPAL_NAME], id[OID_HEX + 1];
    names(i, name, id);
    memcpy(k.id, id, sizeof(k.id));
    memcpy(a.id, id, sizeof(a.id));
    if (kind_of(i) == PRINCIPAL_API_KEY) {
        assert_true(cstr_set(k.public_key, sizeof(k.public_key), name));
        return store_tx_api_key_insert(tx, &k, err);
    }
    memcpy(a.client_id, name, sizeof(a.client_id));
    enum err code = store_tx_account_insert(tx, &a, err);
    return code == ERR_OK ? store_tx_secret_insert(tx, name, &s, err) : code;
}

static enum err step(struct store_tx *tx, void *ctx, struct error *err)
{
    struct step *s = ctx;
    struct model *m = s->m;
    char name[PRINCIPAL_NAME], id[OID_HEX + 1];
    names(s->i, name, id);
    if (s->what == 2) {
        m->there[s->i] = !m->there[s->i];
        m->in_group[s->i][0] = m->in_group[s->i][1] = false;
        if (m->there[s->i]) return insert(tx, s->i, err);
        return kind_of(s->i) == PRINCIPAL_API_KEY ? store_tx_api_key_delete(tx, name, err)
                                                  : store_tx_account_delete(tx, name, err);
    }
    bool *in = &m->in_group[s->i][s->what];
    if (!m->there[s->i]) return ERR_OK;
    *in = !*in;
    role_set roles = *in ? 1u << ROLE_GROUP_OWNER | 1u << ROLE_GROUP_READ_ONLY : 0;
    enum err code = store_tx_grant(tx, name, groups[s->what], roles, err);
    if (code == ERR_OK && *in) code = store_tx_grant(tx, name, groups[s->what], 1u << ROLE_GROUP_READ_ONLY, err);
    return code;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void check_list(struct fixture *f, const struct model *m, enum principal_kind kind, int group, uint32_t size)
{
    char want[KEYS][OID_HEX + 1], name[PRINCIPAL_NAME];
    size_t n = 0, at = 0;
    for (unsigned i = 0; i < KEYS; i++)
        if (m->there[i] && kind_of(i) == kind && (group < 0 || m->in_group[i][group])) names(i, name, want[n++]);
    qsort(want, n, sizeof(want[0]), by_text);
    for (uint32_t page = 1; page <= n / size + 2; page++) {
        struct credential_filter q = {
            .org_id = ORG_ID, .group_id = group < 0 ? NULL : groups[group], .kind = kind, .page = {page, size}};
        struct credential *rows;
        size_t got;
        uint64_t total;
        arena_reset(f->arena);
        assert_ok(f, store_credentials_page(f->reader, &q, f->arena, &rows, &got, &total, &f->err));
        assert_int_equal(total, n);
        for (size_t i = 0; i < got; i++, at++) {
            assert_true(at < n);
            assert_string_equal(rows[i].principal.id, want[at]);
            assert_int_equal(rows[i].kind, kind);
            assert_int_equal(rows[i].secret_count, kind == PRINCIPAL_SERVICE_ACCOUNT);
            for (unsigned g = 0; g < rows[i].principal.grant_count; g++)
                assert_int_equal(rows[i].principal.grants[g].roles, 1u << ROLE_GROUP_READ_ONLY);
            if (group >= 0) assert_true(rows[i].principal.grant_count >= 1);
        }
    }
    assert_int_equal(at, n);
}

static void pages_and_totals_are_those_of_a_model(void **state)
{
    struct fixture *f = *state;
    struct model m = {0};
    uint32_t chance = 12345;
    for (unsigned round = 0; round < 600; round++) {
        chance = chance * 1664525u + 1013904223u;
        struct step s = {.i = chance >> 8 & 63, .what = (int)(chance >> 20) % 4, .m = &m};
        if (s.i >= KEYS) continue;
        if (s.what == 3) s.what = m.there[s.i] ? 0 : 2; // more come than go
        assert_ok(f, store_write(f->store, step, &s, &f->err));
        if (round % 60 != 59) continue;
        for (int group = -1; group < 2; group++)
            for (uint32_t size = 1; size < 30; size += 7) {
                check_list(f, &m, PRINCIPAL_API_KEY, group, size);
                check_list(f, &m, PRINCIPAL_SERVICE_ACCOUNT, group, size);
            }
    }
}

// ---- single rows ------------------------------------------------------------------------------------------

static enum err two(struct store_tx *tx, void *ctx, struct error *err)
{
    enum err code = insert(tx, 0, err); // an account
    return code == ERR_OK ? insert(tx, 1, err) : code;
}

static void one_is_found_by_its_id(void **state)
{
    struct fixture *f = *state;
    struct credential c;
    char name[PRINCIPAL_NAME], id[OID_HEX + 1];
    assert_ok(f, store_write(f->store, two, NULL, &f->err));
    names(1, name, id);
    assert_ok(f, store_api_key_by_id(f->reader, id, f->arena, &c, &f->err));
    assert_string_equal(c.key.public_key, name);
    names(0, name, id); // that of an account
    assert_err(f, ERR_NOT_FOUND, store_api_key_by_id(f->reader, id, f->arena, &c, &f->err));
}

struct use {
    const char *name;
    struct access_row row;
};

static enum err list_it(struct store_tx *tx, void *ctx, struct error *err)
{
    const struct use *u = ctx;
    return store_tx_access_add(tx, u->name, u->row.block, (struct wall){7}, err);
}

static enum err use_it(struct store_tx *tx, void *ctx, struct error *err)
{
    const struct use *u = ctx;
    return store_tx_access_used(tx, u->name, &u->row, err);
}

static void entries_remember_their_use(void **state)
{
    struct fixture *f = *state;
    struct access_row *rows;
    size_t n;
    char name[PRINCIPAL_NAME], id[OID_HEX + 1];
    names(1, name, id);
    struct use u = {.name = name, .row = {.used = 3, .last_used = {50}, .last_address = "10.1.2.3"}};
    assert_true(cidr_parse(SLICE("10.0.0.0/8"), false, &u.row.block));
    assert_ok(f, store_write(f->store, two, NULL, &f->err));
    assert_ok(f, store_write(f->store, list_it, &u, &f->err));
    uint64_t auth = store_auth_generation(f->store);
    assert_ok(f, store_write(f->store, use_it, &u, &f->err));
    u.row.last_used = (struct wall){40}; // a late batch does not turn it back
    assert_ok(f, store_write(f->store, use_it, &u, &f->err));
    assert_ok(f, store_access_entries(f->reader, name, f->arena, &rows, &n, &f->err));
    assert_int_equal(n, 1);
    assert_int_equal(rows[0].used, 6);
    assert_int_equal(rows[0].last_used.us, 50);
    assert_int_equal(rows[0].created.us, 7);
    assert_string_equal(rows[0].last_address, "10.1.2.3");
    assert_true(cidr_parse(SLICE("11.0.0.0/8"), false, &u.row.block));
    assert_ok(f, store_write(f->store, use_it, &u, &f->err)); // gone meanwhile: nothing to say
    assert_int_equal(store_auth_generation(f->store), auth);  // no check depends on it
}

static enum err mint(struct store_tx *tx, void *ctx, struct error *err)
{
    return store_tx_token_insert(tx, ctx, err);
}

static enum err drop_secret(struct store_tx *tx, void *ctx, struct error *err)
{
    const struct token_row *t = ctx;
    return store_tx_secret_delete(tx, t->client_id, t->secret_id, err);
}

static void tokens_end_with_their_secret(void **state)
{
    struct fixture *f = *state;
    struct token_row t = {.secret_id = "f00000000000000000000001", .issued = {1}, .expires = {9}}, old, found;
    char id[OID_HEX + 1];
    names(0, t.client_id, id);
    assert_ok(f, store_write(f->store, two, NULL, &f->err));
    assert_ok(f, store_write(f->store, mint, &t, &f->err));
    old = t;
    old.jti_hash[0] = 1;
    old.secret_id[0] = '\0'; // minted by an older program
    assert_ok(f, store_write(f->store, mint, &old, &f->err));
    assert_ok(f, store_write(f->store, drop_secret, &t, &f->err));
    assert_err(f, ERR_NOT_FOUND, store_token_get(f->reader, t.jti_hash, &found, &f->err));
    assert_ok(f, store_token_get(f->reader, old.jti_hash, &found, &f->err));
    t.jti_hash[0] = 2;
    assert_err(f, ERR_NOT_FOUND, store_write(f->store, mint, &t, &f->err)); // it mints no more
}

struct owner {
    unsigned i;
    role_set roles;
    struct wall now;
    bool found;
};

static enum err own(struct store_tx *tx, void *ctx, struct error *err)
{
    struct owner *o = ctx;
    char name[PRINCIPAL_NAME], id[OID_HEX + 1];
    names(o->i, name, id);
    enum err code = store_tx_grant(tx, name, ORG_ID, o->roles, err);
    return code == ERR_OK ? store_tx_org_has_owner(tx, ORG_ID, o->now, &o->found, err) : code;
}

static bool owned(struct fixture *f, unsigned i, enum role role, int64_t now)
{
    struct owner o = {.i = i, .roles = 1u << role, .now = {now}};
    assert_ok(f, store_write(f->store, own, &o, &f->err));
    return o.found;
}

static void owners_are_those_who_can_come(void **state)
{
    struct fixture *f = *state;
    assert_ok(f, store_write(f->store, two, NULL, &f->err));
    assert_false(owned(f, 0, ROLE_ORG_MEMBER, 5));
    assert_true(owned(f, 0, ROLE_ORG_OWNER, 5));
    assert_false(owned(f, 0, ROLE_ORG_OWNER, 9)); // its only secret has expired
    assert_true(owned(f, 1, ROLE_ORG_OWNER, 9));
    assert_false(owned(f, 1, ROLE_ORG_READ_ONLY, 9));
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(pages_and_totals_are_those_of_a_model), T(one_is_found_by_its_id),        T(entries_remember_their_use),
        T(tokens_end_with_their_secret),          T(owners_are_those_who_can_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
