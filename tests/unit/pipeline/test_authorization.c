// SPDX-License-Identifier: Apache-2.0
// Who may do what to credentials: each of their routes by each caller, against a table that is written down here and
// not read from the routes; and on every route the callers that may do nothing. Run by: meson test.
#include "flow.h"

#include <stdlib.h>

#define OTHER_ORG "0123456789abcdef000000f1"
#define ELSEWHERE "192.0.2.99" // every request of the fixture comes from 192.0.2.7

// x-rolesRequirements of each operation (facts §9.3b), and where a role "or above" is meant.
// GLOBAL_OWNER stands alone here, without the membership that `key create` adds: nothing is implied.
enum rule { MEMBER, ORG_READ, ORG_OWNER, GROUP_READ, GROUP_ACCESS, GROUP_OWNER };
static const struct {
    enum route route;
    enum rule rule;
} table[] = {
    {ROUTE_ORG_KEYS_LIST, MEMBER},
    {ROUTE_ORG_KEY_CREATE, ORG_OWNER},
    {ROUTE_ORG_KEY_GET, MEMBER},
    {ROUTE_ORG_KEY_UPDATE, ORG_OWNER},
    {ROUTE_ORG_KEY_DELETE, ORG_OWNER},
    {ROUTE_KEY_ACCESS_LIST, MEMBER},
    {ROUTE_KEY_ACCESS_ADD, MEMBER}, // and then the key itself or an owner: test_credentials.py
    {ROUTE_KEY_ACCESS_GET, MEMBER},
    {ROUTE_KEY_ACCESS_REMOVE, MEMBER},
    {ROUTE_GROUP_KEYS_LIST, GROUP_READ},
    {ROUTE_GROUP_KEY_CREATE, GROUP_ACCESS},
    {ROUTE_GROUP_KEY_ADD, GROUP_OWNER},
    {ROUTE_GROUP_KEY_UPDATE, GROUP_ACCESS},
    {ROUTE_GROUP_KEY_REMOVE, GROUP_ACCESS},
    {ROUTE_ORG_ACCOUNTS_LIST, ORG_READ},
    {ROUTE_ORG_ACCOUNT_CREATE, ORG_OWNER},
    {ROUTE_ORG_ACCOUNT_GET, ORG_READ},
    {ROUTE_ORG_ACCOUNT_UPDATE, ORG_OWNER},
    {ROUTE_ORG_ACCOUNT_REMOVE, ORG_OWNER},
    {ROUTE_ORG_SECRET_CREATE, ORG_OWNER},
    {ROUTE_ORG_SECRET_DELETE, ORG_OWNER},
    {ROUTE_ORG_ACCOUNT_ACCESS_LIST, ORG_READ},
    {ROUTE_ORG_ACCOUNT_ACCESS_ADD, ORG_OWNER},
    {ROUTE_ORG_ACCOUNT_ACCESS_REMOVE, ORG_OWNER},
    {ROUTE_ORG_ACCOUNT_GROUPS, ORG_READ},
    {ROUTE_GROUP_ACCOUNTS_LIST, GROUP_READ},
    {ROUTE_GROUP_ACCOUNT_CREATE, GROUP_OWNER},
    {ROUTE_GROUP_ACCOUNT_GET, GROUP_READ},
    {ROUTE_GROUP_ACCOUNT_UPDATE, GROUP_OWNER},
    {ROUTE_GROUP_ACCOUNT_REMOVE, GROUP_OWNER},
    {ROUTE_GROUP_SECRET_CREATE, GROUP_OWNER},
    {ROUTE_GROUP_SECRET_DELETE, GROUP_OWNER},
    {ROUTE_GROUP_ACCOUNT_ACCESS_LIST, GROUP_READ},
    {ROUTE_GROUP_ACCOUNT_ACCESS_ADD, GROUP_ACCESS},
    {ROUTE_GROUP_ACCOUNT_ACCESS_REMOVE, GROUP_ACCESS},
    {ROUTE_GROUP_ACCOUNT_INVITE, ORG_OWNER},
};

static bool allowed(enum rule rule, enum role role)
{
    bool reaches = role == ROLE_ORG_OWNER || role == ROLE_ORG_READ_ONLY || role == ROLE_ORG_STREAM_PROCESSING_ADMIN;
    switch (rule) {
    case MEMBER:
        return role != ROLE_GLOBAL_OWNER; // whoever has any other role is a member
    case ORG_READ:
        return reaches;
    case ORG_OWNER:
        return role == ROLE_ORG_OWNER;
    case GROUP_READ:
        return reaches || strncmp(role_name(role), "GROUP_", 6) == 0;
    case GROUP_ACCESS:
        return role == ROLE_ORG_OWNER || role == ROLE_GROUP_OWNER || role == ROLE_GROUP_ACCESS_MANAGER;
    case GROUP_OWNER:
        return role == ROLE_ORG_OWNER || role == ROLE_GROUP_OWNER;
    }
    return false;
}

struct scene {
    struct flow *f;
    struct new_api_key roles[ROLE_COUNT_];
    struct new_api_key wrong_project, other_org, deleted, unlisted;
    char *expired, *revoked; // tokens
};

static struct new_api_key key_with(struct flow *f, const char *org, const char *group, enum role role)
{
    struct new_api_key k;
    struct error err = {0};
    struct grant grants[2] = {{.roles = 1u << (group ? ROLE_ORG_MEMBER : role)}, {.roles = 1u << role}};
    memcpy(grants[0].scope_id, org, sizeof(grants[0].scope_id));
    if (group) memcpy(grants[1].scope_id, group, sizeof(grants[1].scope_id));
    if (auth_api_key_create(f->fix->auth, org, "of a table", grants, group ? 2 : 1, &k, &err) != ERR_OK)
        fail_msg("%s", err.detail);
    return k;
}

static char *token_of_owner(struct flow *f, struct new_account *ret)
{
    struct error err = {0};
    struct grant owner = {.roles = 1u << ROLE_ORG_OWNER};
    memcpy(owner.scope_id, FIX_ORG, sizeof(owner.scope_id));
    if (auth_account_create(f->fix->auth, FIX_ORG, "owner", "of a table", &owner, 1, 8760, ret, &err) != ERR_OK)
        fail_msg("%s", err.detail);
    struct new_account had = f->fix->account;
    f->fix->account = *ret;
    char *token = fix_token(f->fix);
    f->fix->account = had;
    return token;
}

struct ending {
    const char *key, *client, *secret, *listed;
};

static enum err other_org_row(struct store_tx *tx, void *ctx, struct error *err)
{
    struct org o = {.id = OTHER_ORG, .name = "Other"};
    memcpy(o.external_id, "00000000-0000-4000-8000-0000000000f1", sizeof(o.external_id));
    return store_tx_org_insert(tx, &o, err);
}

static enum err end_them(struct store_tx *tx, void *ctx, struct error *err)
{
    const struct ending *e = ctx;
    struct cidr block;
    bool ok = cidr_parse(SLICE(ELSEWHERE), true, &block);
    assert_true(ok);
    enum err code = store_tx_api_key_delete(tx, e->key, err);
    if (code == ERR_OK) code = store_tx_secret_delete(tx, e->client, e->secret, err);
    return code == ERR_OK ? store_tx_access_add(tx, e->listed, block, wall_from_sec(FIX_NOW), err) : code;
}

static void make_scene(struct flow *f, struct scene *s)
{
    struct new_account account, lapsing;
    struct error err = {0};
    *s = (struct scene){.f = f};
    fix_advance(f->fix, 2 * 365 * 86400.0); // past the date of every version
    write_rows(f, other_org_row);
    for (unsigned r = 0; r < ROLE_COUNT_; r++)
        s->roles[r] = key_with(f, FIX_ORG, role_is_org((enum role)r) ? NULL : FIX_GROUP, (enum role)r);
    s->wrong_project = key_with(f, FIX_ORG, LOST_GROUP, ROLE_GROUP_OWNER);
    s->other_org = key_with(f, OTHER_ORG, NULL, ROLE_ORG_OWNER);
    s->deleted = key_with(f, FIX_ORG, NULL, ROLE_ORG_OWNER);
    s->unlisted = key_with(f, FIX_ORG, NULL, ROLE_ORG_OWNER);
    s->expired = token_of_owner(f, &lapsing);
    fix_advance(f->fix, 3601);
    s->revoked = token_of_owner(f, &account);
    struct ending e = {s->deleted.row.public_key, account.row.client_id, account.secret.id, s->unlisted.row.public_key};
    if (store_write(f->fix->store, end_them, &e, &err) != ERR_OK) fail_msg("%s", err.detail);
}

// The template with the fixture's ids, and ids of nothing for the rest: who may comes to a 404, or a 4xx of the body.
static const char *target_of(struct flow *f, const struct route_row *row)
{
    static const struct {
        const char *name, *value;
    } values[] = {{"groupId", FIX_GROUP},
                  {"orgId", FIX_ORG},
                  {"apiUserId", "0123456789abcdef000000aa"},
                  {"clientId", "mdb_sa_id_0123456789abcdef000000aa"},
                  {"ipAddress", "192.0.2.1"}};
    struct buf b;
    struct slice rest = slice_of(row->template), part, name;
    buf_init(&b, 1024);
    while (rest.n) {
        bool more = slice_cut(&rest, '{', &part);
        buf_slice(&b, part);
        if (!more) break;
        slice_cut(&rest, '}', &name);
        size_t i = 0;
        while (i < ARRAY_LEN(values) && !slice_eq_cstr(name, values[i].name)) i++;
        buf_str(&b, i < ARRAY_LEN(values) ? values[i].value : "0123456789abcdef000000bb");
    }
    const char *target = arena_strndup(f->fix->arena, b.p, b.n);
    buf_done(&b);
    return target;
}

static char target_copy[512];

static void begin(struct flow *f, const struct route_row *row)
{
    const char *target = target_of(f, row);
    assert_true(cstr_set(target_copy, sizeof(target_copy), target)); // fix_request resets the arena
    fix_request(f->fix, row->method, target_copy);
    fix_header(f->fix, "Accept", "application/vnd.atlas.2025-03-12+json");
}

static int by_key(struct flow *f, const struct route_row *row, const struct new_api_key *k, const char *password)
{
    begin(f, row);
    if (k)
        fix_digest(f->fix,
                   (struct fix_digest){.user = k->row.public_key, .password = password ? password : k->private_key});
    return answer(f)->status;
}

static int by_token(struct flow *f, const struct route_row *row, const char *token)
{
    begin(f, row);
    fix_header(f->fix, "Authorization", arena_fmt(f->fix->arena, "Bearer %s", token));
    return answer(f)->status;
}

static void each_role_does_what_the_table_says(void **state)
{
    struct scene s;
    unsigned cells = 0, wrong = 0;
    make_scene(*state, &s);
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        const struct route_row *row = route_row(table[i].route);
        fix_advance(s.f->fix, 60); // buckets fill again
        for (unsigned r = 0; r < ROLE_COUNT_; r++, cells++) {
            int status = by_key(s.f, row, &s.roles[r], NULL);
            bool refused = status == 401 || status == 403;
            if (status < 500 && status != 429 && refused != allowed(table[i].rule, (enum role)r)) continue;
            wrong++;
            print_error("%s by %s: %d\n", row->operation, role_name((enum role)r), status);
        }
    }
    print_message("%u cells, %u wrong\n", cells, wrong);
    assert_int_equal(wrong, 0);
    mem_free(s.expired);
    mem_free(s.revoked);
}

static void strangers_get_nowhere(void **state)
{
    struct scene s;
    unsigned cells = 0, wrong = 0;
    make_scene(*state, &s);
    for (int i = 0; i < ROUTE_COUNT_; i++) {
        const struct route_row *row = route_row((enum route)i);
        if (row->flags & ROUTE_OPEN) continue;
        fix_advance(s.f->fix, 60);
        const struct {
            const char *who;
            int got, want;
        } tries[] = {
            {"nobody", by_key(s.f, row, NULL, NULL), 401},
            {"a wrong secret", by_key(s.f, row, &s.roles[ROLE_ORG_OWNER], "00000000-0000-4000-8000-000000000000"), 401},
            {"a deleted key", by_key(s.f, row, &s.deleted, NULL), 401},
            {"a key from elsewhere", by_key(s.f, row, &s.unlisted, NULL), 403},
            {"an expired token", by_token(s.f, row, s.expired), 401},
            {"a revoked token", by_token(s.f, row, s.revoked), 401}};
        for (size_t t = 0; t < ARRAY_LEN(tries); t++, cells++) {
            if (tries[t].got == tries[t].want) continue;
            wrong++;
            print_error("%s by %s: %d\n", row->operation, tries[t].who, tries[t].got);
        }
        if (!(row->flags & (ROUTE_GROUP | ROUTE_ORG))) continue; // lists show what each may see
        int other = by_key(s.f, row, &s.other_org, NULL);
        int project = row->flags & ROUTE_GROUP ? by_key(s.f, row, &s.wrong_project, NULL) : 401;
        cells += 2;
        if (other == 401 && project == 401) continue;
        wrong++;
        print_error("%s by another organization's owner: %d, project's: %d\n", row->operation, other, project);
    }
    print_message("%u cells, %u wrong\n", cells, wrong);
    assert_int_equal(wrong, 0);
    mem_free(s.expired);
    mem_free(s.revoked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FLOW_TEST(each_role_does_what_the_table_says),
        FLOW_TEST(strangers_get_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
