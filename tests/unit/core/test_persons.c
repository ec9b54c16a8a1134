// SPDX-License-Identifier: Apache-2.0
// Roles of the provider's groups: given, replaced and taken, within their organisation, each change with its event.
// Run by: meson test. Must never: name a person.
#include "core/core.h"
#include "fixture.h"

static const struct actor somebody = {PRINCIPAL_LOCAL, "cli", NULL};

static struct grant grant_of(const char *scope, role_set roles)
{
    struct grant g = {.roles = roles};
    assert_true(cstr_set(g.scope_id, sizeof(g.scope_id), scope));
    return g;
}

static enum err give(struct core_fixture *c, const char *org, struct slice group, const char *scope, role_set roles)
{
    const struct grant g = grant_of(scope, roles);
    return core_person_grant(c->core, &somebody, org, group, &g, &c->f.err);
}

// What a person in these groups (a JSON array) may do in a scope.
static role_set may(struct core_fixture *c, const char *groups, const char *scope)
{
    struct grant *g;
    unsigned n;
    assert_ok(&c->f, store_grants_of_groups(c->f.reader, ORG_ID, slice_of(groups), c->f.arena, &g, &n, &c->f.err));
    for (unsigned i = 0; i < n; i++) {
        if (i) assert_true(strcmp(g[i - 1].scope_id, g[i].scope_id) < 0); // sorted: principals search by halves
        if (strcmp(g[i].scope_id, scope) == 0) return g[i].roles;
    }
    return 0;
}

#define BIT(role) ((role_set)1 << ROLE_##role)

static void a_group_gets_roles_and_each_change_an_event(void **state)
{
    struct core_fixture *c = *state;
    uint64_t before = store_auth_generation(c->f.store);
    assert_ok(&c->f, give(c, ORG_ID, SLICE("platform"), GROUP_ID, BIT(GROUP_OWNER) | BIT(GROUP_READ_ONLY)));
    assert_true(store_auth_generation(c->f.store) > before); // caches of credentials hear of it
    assert_int_equal(may(c, "[\"platform\"]", GROUP_ID), BIT(GROUP_OWNER) | BIT(GROUP_READ_ONLY));
    assert_ok(&c->f, give(c, ORG_ID, SLICE("platform"), ORG_ID, BIT(ORG_MEMBER)));
    assert_int_equal(may(c, "[\"platform\"]", ORG_ID), BIT(ORG_MEMBER));
    struct event_row *e;
    size_t n;
    assert_ok(&c->f, store_events(c->f.reader, NULL, (struct page){1, 10}, c->f.arena, &e, &n, &c->f.err));
    assert_int_equal(n, 2);
    assert_string_equal(e[0].type, "PEERAGE_PERSON_GRANT_CHANGED");
    assert_string_equal(e[0].group_id, ""); // the organisation's own
    assert_string_equal(e[0].org_id, ORG_ID);
    assert_slice(e[0].detail, "{\"roles\":[\"ORG_MEMBER\"],\"scopeId\":\"" ORG_ID "\"}");
    assert_string_equal(e[1].group_id, GROUP_ID);
    assert_slice(e[1].resource, "platform");
    assert_string_equal(e[1].actor, "cli");
}

static void roles_are_replaced_and_taken_away(void **state)
{
    struct core_fixture *c = *state;
    struct person_grant *all;
    size_t n;
    assert_ok(&c->f, give(c, ORG_ID, SLICE("a"), GROUP_ID, BIT(GROUP_OWNER)));
    assert_ok(&c->f, give(c, ORG_ID, SLICE("a"), GROUP_ID, BIT(GROUP_READ_ONLY)));
    assert_int_equal(may(c, "[\"a\"]", GROUP_ID), BIT(GROUP_READ_ONLY));
    assert_ok(&c->f, give(c, ORG_ID, SLICE("a"), GROUP_ID, 0));
    assert_int_equal(may(c, "[\"a\"]", GROUP_ID), 0);
    assert_ok(&c->f, store_person_grants(c->f.reader, ORG_ID, c->f.arena, &all, &n, &c->f.err));
    assert_int_equal(n, 0);
}

static void groups_add_up_and_strangers_have_none(void **state)
{
    struct core_fixture *c = *state;
    struct person_grant *all;
    size_t n;
    assert_ok(&c->f, give(c, ORG_ID, SLICE("b"), GROUP_ID, BIT(GROUP_STREAM_PROCESSING_OWNER)));
    assert_ok(&c->f, give(c, ORG_ID, SLICE("a"), GROUP_ID, BIT(GROUP_READ_ONLY)));
    assert_ok(&c->f, give(c, ORG_ID, SLICE("a"), ORG_ID, BIT(ORG_READ_ONLY)));
    assert_int_equal(may(c, "[\"a\",\"b\",\"x\"]", GROUP_ID),
                     BIT(GROUP_READ_ONLY) | BIT(GROUP_STREAM_PROCESSING_OWNER));
    assert_int_equal(may(c, "[\"a\",\"b\"]", ORG_ID), BIT(ORG_READ_ONLY));
    assert_int_equal(may(c, "[\"A\",\"a \",\"\"]", GROUP_ID), 0); // to the byte
    assert_int_equal(may(c, "[]", GROUP_ID), 0);
    assert_ok(&c->f, store_person_grants(c->f.reader, ORG_ID, c->f.arena, &all, &n, &c->f.err));
    assert_int_equal(n, 3);
    assert_slice(all[0].claim_group, "a");
    assert_slice(all[2].claim_group, "b");
}

static void what_is_wrong_changes_nothing(void **state)
{
    struct core_fixture *c = *state;
    static const char unknown[] = "0123456789abcdef01234567";
    char long_name[257];
    memset(long_name, 'x', sizeof(long_name));
    struct org other;
    assert_ok(&c->f, core_org_create(c->core, &somebody, SLICE("other"), &other, &c->f.err));
    const char *events = strdup(event_types(c));
    const role_set reads = BIT(GROUP_READ_ONLY);
    assert_err(&c->f, ERR_INVALID, give(c, ORG_ID, SLICE(""), GROUP_ID, reads));
    assert_err(&c->f, ERR_INVALID, give(c, ORG_ID, SLICE("a\nb"), GROUP_ID, reads));
    assert_err(&c->f, ERR_INVALID, give(c, ORG_ID, SLICE("\xff"), GROUP_ID, reads));
    assert_err(&c->f, ERR_INVALID, give(c, ORG_ID, slice_n(long_name, 256), GROUP_ID, reads));
    assert_err(&c->f, ERR_INVALID, give(c, ORG_ID, SLICE("a"), GROUP_ID, BIT(ORG_OWNER)));
    assert_err(&c->f, ERR_INVALID, give(c, ORG_ID, SLICE("a"), ORG_ID, BIT(GROUP_OWNER)));
    assert_err(&c->f, ERR_NOT_FOUND, give(c, unknown, SLICE("a"), unknown, BIT(ORG_MEMBER)));
    assert_err(&c->f, ERR_NOT_FOUND, give(c, ORG_ID, SLICE("a"), unknown, reads));
    assert_err(&c->f, ERR_NOT_FOUND, give(c, other.id, SLICE("a"), GROUP_ID, reads)); // another organisation's project
    assert_string_equal(event_types(c), events);
    free((void *)(uintptr_t)events);
    assert_int_equal(may(c, "[\"a\",\"a\\nb\"]", GROUP_ID), 0);
    assert_ok(&c->f, give(c, ORG_ID, slice_n(long_name, 255), GROUP_ID, reads));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, core_setup, core_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_group_gets_roles_and_each_change_an_event),
        TEST(roles_are_replaced_and_taken_away),
        TEST(groups_add_up_and_strangers_have_none),
        TEST(what_is_wrong_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
