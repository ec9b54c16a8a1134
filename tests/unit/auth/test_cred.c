// SPDX-License-Identifier: Apache-2.0
// Operations on credentials: whole or not at all at every failed allocation, refusals that change nothing, and marks of
// use that are written together. Run by: meson test.
#include "fixture.h"

#include "auth/cred.h"

static const struct actor somebody = {PRINCIPAL_API_KEY, "abcdefgh", "192.0.2.7"};

struct counts {
    size_t credentials, grants, secrets, entries, events;
    int64_t last_expiry;
};

static struct counts count(struct fix *f)
{
    struct counts c = {0};
    struct credential *all;
    struct event_row *events;
    struct error err;
    size_t n;
    assert_int_equal(store_credentials(f->reader, NULL, f->arena, &all, &n, &err), ERR_OK);
    for (size_t i = 0; i < n; i++) {
        c.grants += all[i].principal.grant_count;
        c.secrets += all[i].secret_count;
        c.entries += all[i].access_count;
        for (unsigned s = 0; s < all[i].secret_count; s++) c.last_expiry += all[i].secrets[s].expires.us;
    }
    c.credentials = n;
    assert_int_equal(store_events(f->reader, NULL, (struct page){1, 500}, f->arena, &events, &n, &err), ERR_OK);
    c.events = n;
    return c;
}

static bool same(struct counts a, struct counts b)
{
    return memcmp(&a, &b, sizeof(a)) == 0;
}

static struct cred_op op_of(struct fix *f)
{
    return (struct cred_op){.by = &somebody, .org_id = FIX_ORG, .arena = f->arena};
}

// ---- the operations, each once ----------------------------------------------------------------------------

static enum err create_key(struct fix *f, struct cred_op *op, struct error *err)
{
    struct new_api_key k;
    struct cred_form form = {.description = SLICE("new"), .roles = true, .group_roles = 1u << ROLE_GROUP_OWNER};
    op->group_id = FIX_GROUP;
    return cred_key_create(f->auth, op, &form, &k, err);
}

static enum err create_account(struct fix *f, struct cred_op *op, struct error *err)
{
    struct new_account a;
    struct cred_form form = {.name = SLICE("new"),
                             .description = SLICE("new"),
                             .roles = true,
                             .org_roles = 1u << ROLE_ORG_OWNER,
                             .secret_hours = 24};
    return cred_account_create(f->auth, op, &form, &a, err);
}

static enum err change_key(struct fix *f, struct cred_op *op, struct error *err)
{
    struct credential now;
    char text[] = "text 0";
    text[5] = (char)('0' + clock_mono(&f->clock).ns % 10);
    struct cred_form form = {
        .description = slice_of(text), .roles = true, .org_roles = 1u << ROLE_ORG_READ_ONLY | 1u << ROLE_ORG_MEMBER};
    return cred_change(f->auth, op, PRINCIPAL_API_KEY, f->key.row.public_key, &form, false, &now, err);
}

static enum err add_secret(struct fix *f, struct cred_op *op, struct error *err)
{
    struct new_secret s;
    return cred_secret_create(f->auth, op, f->account.row.client_id, 48, &s, err);
}

static enum err drop_secret(struct fix *f, struct cred_op *op, struct error *err)
{
    return cred_secret_delete(f->auth, op, f->account.row.client_id, f->account.secret.id, err);
}

static enum err add_entries(struct fix *f, struct cred_op *op, struct error *err)
{
    struct cidr blocks[3];
    bool ok = cidr_parse(SLICE("10.0.0.0/8"), false, &blocks[0]) && cidr_parse(SLICE("fd00::/8"), false, &blocks[1]) &&
              cidr_parse(SLICE("192.0.2.7"), true, &blocks[2]);
    assert_true(ok);
    return cred_access_add(f->auth, op, PRINCIPAL_API_KEY, f->key.row.public_key, blocks, 3, err);
}

static enum err leave_group(struct fix *f, struct cred_op *op, struct error *err)
{
    op->group_id = FIX_GROUP;
    return cred_remove(f->auth, op, PRINCIPAL_SERVICE_ACCOUNT, f->account.row.client_id, err);
}

static enum err delete_key(struct fix *f, struct cred_op *op, struct error *err)
{
    return cred_remove(f->auth, op, PRINCIPAL_API_KEY, f->key.row.public_key, err);
}

static const struct {
    const char *name;
    enum err (*run)(struct fix *f, struct cred_op *op, struct error *err);
    size_t events; // when it is done
} operations[] = {{"create a key", create_key, 2},     {"create an account", create_account, 1},
                  {"change a key", change_key, 2},     {"add a secret", add_secret, 1},
                  {"delete a secret", drop_secret, 1}, {"add entries", add_entries, 3},
                  {"leave a group", leave_group, 1},   {"delete a key", delete_key, 1}};

static void each_is_whole_or_nothing_at_every_allocation(void **state)
{
    struct fix *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(operations); i++) {
        bool done = false;
        for (uint64_t n = 1; !done; n++) {
            struct error err = {0};
            assert_true(n < 500);
            arena_reset(f->arena);
            struct counts before = count(f);
            struct cred_op op = op_of(f);
            mem_fault_set(n, false);
            enum err code = operations[i].run(f, &op, &err);
            bool fired = mem_fault_fired();
            mem_fault_set(0, false);
            struct counts after = count(f);
            done = code == ERR_OK;
            if (done && op.result != CRED_DONE) fail_msg("%s: result %d", operations[i].name, op.result);
            if (done && after.events != before.events + operations[i].events)
                fail_msg("%s: %zu events", operations[i].name, after.events - before.events);
            if (!done && (!fired || !same(before, after)))
                fail_msg("%s at %u: half done", operations[i].name, (unsigned)n);
        }
    }
}

// ---- refusals ---------------------------------------------------------------------------------------------

static void refusals_change_nothing(void **state)
{
    struct fix *f = *state;
    struct error err;
    struct credential now;
    struct new_secret s;
    struct counts before = count(f);
    struct cred_op op = op_of(f);
    struct cred_form form = {.description = SLICE("new text"), .roles = true, .group_roles = 1u << ROLE_GROUP_OWNER};
    // A caller who may manage access, and no more: the text would fit, the roles do not.
    const struct grant manager[] = {{FIX_GROUP, 1u << ROLE_GROUP_ACCESS_MANAGER}};
    const struct principal caller = {
        .kind = PRINCIPAL_API_KEY, .name = "abcdefgh", .org_id = FIX_ORG, .grants = manager, .grant_count = 1};
    op.caller = &caller;
    op.group_id = FIX_GROUP;
    assert_int_equal(cred_change(f->auth, &op, PRINCIPAL_API_KEY, f->key.row.public_key, &form, true, &now, &err),
                     ERR_OK);
    assert_int_equal(op.result, CRED_NOT_ALLOWED);
    assert_true(same(before, count(f)));
    op = op_of(f);
    op.org_id = "0123456789abcdef000000ff"; // another organisation's path
    assert_int_equal(cred_remove(f->auth, &op, PRINCIPAL_API_KEY, f->key.row.public_key, &err), ERR_OK);
    assert_int_equal(op.result, CRED_NO_CREDENTIAL);
    op = op_of(f);
    assert_int_equal(cred_remove(f->auth, &op, PRINCIPAL_API_KEY, f->account.row.client_id, &err), ERR_OK);
    assert_int_equal(op.result, CRED_NO_CREDENTIAL); // an account is no key
    op = op_of(f);
    assert_int_equal(cred_secret_delete(f->auth, &op, f->account.row.client_id, "nosuch", &err), ERR_OK);
    assert_int_equal(op.result, CRED_NO_SECRET);
    assert_int_equal(cred_error(&op, "it", &err), ERR_NOT_FOUND);
    assert_true(same(before, count(f)));
    for (int64_t hours = 7; hours < 10000; hours += 8754) {
        op = op_of(f);
        assert_int_equal(cred_secret_create(f->auth, &op, f->account.row.client_id, hours, &s, &err), ERR_OK);
        assert_int_equal(op.result, CRED_BAD_FIELD);
        assert_string_equal(op.field, "secretExpiresAfterHours");
        assert_int_equal(cred_error(&op, "it", &err), ERR_INVALID);
    }
    assert_true(same(before, count(f)));
}

#define OTHER_GROUP "0123456789abcdef00000003"

static enum err insert_other(struct store_tx *tx, void *ctx, struct error *err)
{
    const struct group g = {.id = OTHER_GROUP, .org_id = FIX_ORG, .name = "Other"};
    return store_tx_group_insert(tx, &g, err);
}

static void a_project_owner_gives_no_role_in_the_organisation(void **state)
{
    struct fix *f = *state;
    struct error err;
    struct credential now;
    const struct grant owner[] = {{FIX_GROUP, 1u << ROLE_GROUP_OWNER}};
    const struct principal caller = {
        .kind = PRINCIPAL_API_KEY, .name = "abcdefgh", .org_id = FIX_ORG, .grants = owner, .grant_count = 1};
    struct cred_form form = {.roles = true, .group_roles = 1u << ROLE_GROUP_READ_ONLY};
    struct counts before = count(f);
    for (unsigned r = 0; r < ROLE_COUNT_; r++) {
        if (!role_is_org((enum role)r)) continue;
        struct cred_op op = op_of(f);
        op.caller = &caller;
        op.group_id = FIX_GROUP;
        form.org_roles = 1u << r | 1u << ROLE_ORG_MEMBER;
        const char *key = f->key.row.public_key;
        assert_int_equal(cred_change(f->auth, &op, PRINCIPAL_API_KEY, key, &form, false, &now, &err), ERR_OK);
        assert_int_equal(op.result, r == ROLE_ORG_MEMBER ? CRED_DONE : CRED_NOT_ALLOWED);
        assert_true(same(before, count(f)));
    }
}

static role_set roles_here(struct fix *f, const char *key)
{
    struct credential now;
    struct error err;
    assert_int_equal(store_api_key_find(f->reader, slice_of(key), f->arena, &now, &err), ERR_OK);
    for (unsigned i = 0; i < now.principal.grant_count; i++)
        if (strcmp(now.principal.grants[i].scope_id, FIX_ORG) == 0) return now.principal.grants[i].roles;
    return 0;
}

static void the_operator_s_role_is_given_locally_and_stays_through_every_change(void **state)
{
    struct fix *f = *state;
    struct error err;
    struct new_api_key k, none;
    struct new_account account;
    struct credential now;
    const struct grant of_operator[] = {{FIX_ORG, ROLES_OPERATOR | 1u << ROLE_ORG_MEMBER}};
    assert_int_equal(auth_api_key_create(f->auth, FIX_ORG, "operator", of_operator, 1, &k, &err), ERR_OK);
    struct counts before = count(f);
    assert_int_equal(auth_account_create(f->auth, FIX_ORG, "robot", "robot", of_operator, 1, 24, &account, &err),
                     ERR_INVALID);
    assert_non_null(strstr(err.detail, "GLOBAL_OWNER"));
    const struct grant owner[] = {{FIX_ORG, ROLES_OPERATOR | 1u << ROLE_ORG_OWNER}};
    const struct principal caller = {
        .kind = PRINCIPAL_API_KEY, .name = "abcdefgh", .org_id = FIX_ORG, .grants = owner, .grant_count = 1};
    struct cred_op op = op_of(f);
    struct cred_form form = {.roles = true, .org_roles = owner[0].roles, .description = SLICE("mine")};
    op.caller = &caller; // not even from an operator
    assert_int_equal(cred_key_create(f->auth, &op, &form, &none, &err), ERR_OK);
    assert_int_equal(op.result, CRED_NOT_ALLOWED);
    assert_true(same(before, count(f)));
    const struct slice names[] = {SLICE("ORG_MEMBER"), SLICE("GLOBAL_OWNER")};
    assert_false(cred_read_roles(&op, PRINCIPAL_API_KEY, names, 2, &form));
    assert_int_equal(op.result, CRED_BAD_FIELD);
    form = (struct cred_form){.roles = true, .org_roles = 1u << ROLE_ORG_READ_ONLY};
    assert_int_equal(cred_change(f->auth, &op, PRINCIPAL_API_KEY, k.row.public_key, &form, false, &now, &err), ERR_OK);
    assert_int_equal(roles_here(f, k.row.public_key), ROLES_OPERATOR | 1u << ROLE_ORG_READ_ONLY);
    form.org_roles = ROLES_OPERATOR | 1u << ROLE_ORG_MEMBER; // nor does a change give it to another
    assert_int_equal(cred_change(f->auth, &op, PRINCIPAL_API_KEY, f->key.row.public_key, &form, false, &now, &err),
                     ERR_OK);
    assert_int_equal(op.result, CRED_NOT_ALLOWED);
    assert_int_equal(roles_here(f, f->key.row.public_key) & ROLES_OPERATOR, 0);
}

static void a_project_reaches_only_what_belongs_to_it(void **state)
{
    struct fix *f = *state;
    struct error err;
    struct credential now;
    struct new_secret secret;
    struct cidr block;
    bool ok = cidr_parse(SLICE("10.0.0.0/8"), false, &block);
    assert_true(ok);
    assert_int_equal(store_write(f->store, insert_other, NULL, &err), ERR_OK);
    const struct grant owner[] = {{OTHER_GROUP, 1u << ROLE_GROUP_OWNER}};
    const struct principal caller = {
        .kind = PRINCIPAL_API_KEY, .name = "abcdefgh", .org_id = FIX_ORG, .grants = owner, .grant_count = 1};
    const struct cred_form form = {.description = SLICE("mine")};
    struct counts before = count(f);
    const char *key = f->key.row.public_key, *account = f->account.row.client_id;
    struct cred_op op = op_of(f);
    op.caller = &caller;
    op.group_id = OTHER_GROUP;
    enum cred_result seen[5];
    assert_int_equal(cred_change(f->auth, &op, PRINCIPAL_API_KEY, key, &form, false, &now, &err), ERR_OK);
    seen[0] = op.result;
    assert_int_equal(cred_remove(f->auth, &op, PRINCIPAL_SERVICE_ACCOUNT, account, &err), ERR_OK);
    seen[1] = op.result;
    assert_int_equal(cred_secret_create(f->auth, &op, account, 48, &secret, &err), ERR_OK);
    seen[2] = op.result;
    assert_int_equal(cred_secret_delete(f->auth, &op, account, f->account.secret.id, &err), ERR_OK);
    seen[3] = op.result;
    assert_int_equal(cred_access_add(f->auth, &op, PRINCIPAL_SERVICE_ACCOUNT, account, &block, 1, &err), ERR_OK);
    seen[4] = op.result;
    for (size_t i = 0; i < ARRAY_LEN(seen); i++) assert_int_equal(seen[i], CRED_NO_CREDENTIAL);
    assert_true(same(before, count(f)));
}

static void each_refusal_is_an_error_for_the_operator(void **state)
{
    static const struct {
        enum cred_result result;
        enum err code;
    } cases[] = {{CRED_DONE, ERR_OK},
                 {CRED_BAD_FIELD, ERR_INVALID},
                 {CRED_NO_CREDENTIAL, ERR_NOT_FOUND},
                 {CRED_NO_SECRET, ERR_NOT_FOUND},
                 {CRED_NO_ENTRY, ERR_NOT_FOUND},
                 {CRED_NO_ROLES, ERR_INVALID},
                 {CRED_GROUP_ROLE, ERR_INVALID},
                 {CRED_ORG_ROLE, ERR_INVALID},
                 {CRED_SECRETS_FULL, ERR_CONFLICT},
                 {CRED_LIST_FULL, ERR_CONFLICT},
                 {CRED_ENTRY_EXISTS, ERR_EXISTS},
                 {CRED_NOT_ALLOWED, ERR_DENIED},
                 {CRED_LAST_OWNER, ERR_DENIED},
                 {CRED_OWN_ADDRESS, ERR_DENIED}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err = {0};
        const struct cred_op op = {.result = cases[i].result, .field = "name", .why = "10.0.0.0/8"};
        assert_int_equal(cred_error(&op, "abcdefgh", &err), cases[i].code);
        assert_int_equal(err.detail[0] != '\0', cases[i].code != ERR_OK);
    }
}

static void the_caller_keeps_the_entry_that_lets_it_in(void **state)
{
    struct fix *f = *state;
    struct error err;
    struct cidr mine;
    struct cred_op op = op_of(f);
    bool ok = cidr_parse(SLICE("192.0.2.7"), true, &mine);
    assert_true(ok);
    assert_int_equal(add_entries(f, &op, &err), ERR_OK);
    const char *key = f->key.row.public_key;
    const struct grant owner[] = {{FIX_ORG, 1u << ROLE_ORG_OWNER}};
    struct principal caller = {.kind = PRINCIPAL_API_KEY, .org_id = FIX_ORG, .grants = owner, .grant_count = 1};
    assert_true(cstr_set(caller.name, sizeof(caller.name), key));
    op.caller = &caller;
    op.peer = mine.ip;
    assert_int_equal(cred_access_remove(f->auth, &op, PRINCIPAL_API_KEY, key, mine, &err), ERR_OK);
    assert_int_equal(op.result, CRED_OWN_ADDRESS);
    assert_string_equal(op.why, "192.0.2.7");
    caller.kind = PRINCIPAL_PERSON; // who has the name of a key is not that key
    assert_int_equal(cred_access_remove(f->auth, &op, PRINCIPAL_API_KEY, key, mine, &err), ERR_OK);
    assert_int_equal(op.result, CRED_DONE);
}

// ---- marks of use -----------------------------------------------------------------------------------------

static void use_is_written_by_the_tick(void **state)
{
    struct fix *f = *state;
    struct access_row *rows;
    struct error err;
    size_t n;
    struct cred_op op = op_of(f);
    assert_int_equal(add_entries(f, &op, &err), ERR_OK);
    for (int i = 0; i < 5; i++) {
        fix_request(f, METHOD_GET, "/api/atlas/v2/groups");
        fix_digest(f, (struct fix_digest){.user = NULL});
        assert_int_equal(fix_result(f, NULL), AUTH_OK);
    }
    const char *key = f->key.row.public_key;
    assert_int_equal(store_access_entries(f->reader, key, f->arena, &rows, &n, &err), ERR_OK);
    for (size_t i = 0; i < n; i++) assert_int_equal(rows[i].used, 0); // no request waits for a write
    uint64_t auth = store_auth_generation(f->store);
    auth_tick(f->auth);
    assert_int_equal(store_access_entries(f->reader, key, f->arena, &rows, &n, &err), ERR_OK);
    assert_int_equal(n, 3);
    for (size_t i = 0; i < n; i++) {
        bool mine = rows[i].block.prefix == 32;
        assert_int_equal(rows[i].used, mine ? 5 : 0);
        assert_string_equal(rows[i].last_address, mine ? "192.0.2.7" : "");
        assert_int_equal(rows[i].last_used.us, mine ? clock_wall(&f->clock).us : 0);
    }
    assert_int_equal(store_auth_generation(f->store), auth);
}

static void the_table_is_bounded_and_adds_up(void **state)
{
    struct used *u = used_new(&rng_system);
    static struct used_mark got[4096];
    struct used_mark m = {.count = 1, .when = {5}};
    assert_non_null(u);
    for (unsigned i = 0; i < 20000; i++) {
        (void)snprintf(m.principal, sizeof(m.principal), "k%05u", i);
        used_note(u, &m);
    }
    unsigned n = used_take(u, got, ARRAY_LEN(got));
    assert_in_range(n, 1000, 2048);
    assert_int_equal(used_take(u, got, ARRAY_LEN(got)), 0);
    for (int i = 0; i < 3; i++) {
        m.when.us = i == 1 ? 9 : 7;
        m.from = (struct ip){.family = 4, .b = {(uint8_t)i}};
        used_note(u, &m);
    }
    assert_int_equal(used_take(u, got, 1), 1);
    assert_int_equal(got[0].count, 3);
    assert_int_equal(got[0].when.us, 9);
    assert_int_equal(got[0].from.b[0], 1); // of the newest
    used_free(u);
    used_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIX_TEST(each_is_whole_or_nothing_at_every_allocation),
        FIX_TEST(refusals_change_nothing),
        FIX_TEST(a_project_owner_gives_no_role_in_the_organisation),
        FIX_TEST(the_operator_s_role_is_given_locally_and_stays_through_every_change),
        FIX_TEST(a_project_reaches_only_what_belongs_to_it),
        FIX_TEST(each_refusal_is_an_error_for_the_operator),
        FIX_TEST(the_caller_keeps_the_entry_that_lets_it_in),
        FIX_TEST(use_is_written_by_the_tick),
        FIX_TEST(the_table_is_bounded_and_adds_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
