// SPDX-License-Identifier: Apache-2.0
// Every role with every need, against a table written from the documentation, and where each role must sit to count.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "model/principal.h"

#define ORG    "a00000000000000000000001"
#define GROUP  "b00000000000000000000001"
#define OTHER  "b00000000000000000000002"
#define OTHERO "a00000000000000000000002"

// Columns: ANY, GROUP_READ, STREAM_OWNER, GROUP_OWNER, ORG_MEMBER, ORG_READ, ORG_OWNER, GROUP_ACCESS,
// ORG_GROUP_CREATOR, OPERATOR. x = permits.
static const struct {
    enum role role;
    bool org;
    const char *needs;
} rows[] = {
    {ROLE_ORG_OWNER, true, "xxxxxxxxx."},
    {ROLE_ORG_MEMBER, true, "x...x....."},
    {ROLE_ORG_GROUP_CREATOR, true, "x...x...x."},
    {ROLE_ORG_BILLING_ADMIN, true, "x...x....."},
    {ROLE_ORG_BILLING_READ_ONLY, true, "x...x....."},
    {ROLE_ORG_STREAM_PROCESSING_ADMIN, true, "xxx.xx...."},
    {ROLE_ORG_READ_ONLY, true, "xx..xx...."},
    {ROLE_GROUP_OWNER, false, "xxxx...x.."},
    {ROLE_GROUP_READ_ONLY, false, "xx........"},
    {ROLE_GROUP_STREAM_PROCESSING_OWNER, false, "xxx......."},
    {ROLE_GROUP_CLUSTER_MANAGER, false, "xx........"},
    {ROLE_GROUP_DATA_ACCESS_ADMIN, false, "xx........"},
    {ROLE_GROUP_DATA_ACCESS_READ_WRITE, false, "xx........"},
    {ROLE_GROUP_DATA_ACCESS_READ_ONLY, false, "xx........"},
    {ROLE_GROUP_SEARCH_INDEX_EDITOR, false, "xx........"},
    {ROLE_GROUP_BACKUP_MANAGER, false, "xx........"},
    {ROLE_GROUP_OBSERVABILITY_VIEWER, false, "xx........"},
    {ROLE_GROUP_DATABASE_ACCESS_ADMIN, false, "xx........"},
    {ROLE_GROUP_ALERTS_MANAGER, false, "xx........"},
    {ROLE_GROUP_MODEL_OWNER, false, "xx........"},
    {ROLE_GROUP_ACCESS_MANAGER, false, "xx.....x.."},
    {ROLE_GLOBAL_OWNER, true, "x........x"},
};
_Static_assert(ARRAY_LEN(rows) == ROLE_COUNT_, "a row for each role");

static struct principal with(struct grant *g, const char *scope, role_set roles)
{
    *g = (struct grant){.roles = roles};
    assert_true(cstr_set(g->scope_id, sizeof(g->scope_id), scope));
    return (struct principal){.kind = PRINCIPAL_API_KEY, .org_id = ORG, .grants = g, .grant_count = 1};
}

static void every_role_permits_what_the_table_says(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct grant g;
        struct principal p = with(&g, rows[i].org ? ORG : GROUP, 1u << rows[i].role);
        for (unsigned need = 0; need < NEED_COUNT_; need++)
            if (principal_permits(&p, (enum need)need, ORG, GROUP) != (rows[i].needs[need] == 'x'))
                fail_msg("%s and need %u", role_name(rows[i].role), need);
        assert_int_equal(principal_in_group(&p, ORG, GROUP), rows[i].needs[NEED_GROUP_READ] == 'x');
    }
}

static void a_role_counts_only_where_it_was_granted(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        // The wrong sort of scope, another group, another organisation: nothing.
        const char *scopes[] = {rows[i].org ? GROUP : ORG, OTHER, OTHERO};
        for (size_t s = 0; s < ARRAY_LEN(scopes); s++) {
            struct grant g;
            struct principal p = with(&g, scopes[s], 1u << rows[i].role);
            for (unsigned need = NEED_ANY + 1; need < NEED_COUNT_; need++)
                assert_false(principal_permits(&p, (enum need)need, ORG, GROUP));
            assert_false(principal_in_group(&p, ORG, GROUP));
            assert_true(principal_permits(&p, NEED_ANY, ORG, GROUP));
        }
    }
}

static void roles_of_several_scopes_add_up(void **state)
{
    struct grant g[] = {{ORG, 1u << ROLE_ORG_MEMBER},
                        {GROUP, 1u << ROLE_GROUP_READ_ONLY},
                        {OTHER, 1u << ROLE_GROUP_STREAM_PROCESSING_OWNER}};
    struct principal p = {.kind = PRINCIPAL_SERVICE_ACCOUNT, .org_id = ORG, .grants = g, .grant_count = 3};
    assert_true(principal_permits(&p, NEED_ORG_MEMBER, ORG, NULL));
    assert_true(principal_permits(&p, NEED_GROUP_READ, ORG, GROUP));
    assert_false(principal_permits(&p, NEED_STREAM_OWNER, ORG, GROUP));
    assert_true(principal_permits(&p, NEED_STREAM_OWNER, ORG, OTHER));
    assert_int_equal(principal_roles(&p, ORG, GROUP), 1u << ROLE_GROUP_READ_ONLY); // membership reads no group
    assert_int_equal(principal_roles(&p, ORG, NULL), 1u << ROLE_ORG_MEMBER);
    assert_false(principal_permits(&p, NEED_GROUP_READ, ORG, NULL)); // no group, no group's need
    assert_false(principal_permits(&p, NEED_ORG_READ, NULL, NULL));
}

static void without_grants_nothing_is_permitted_but_to_be_known(void **state)
{
    struct principal p = {.kind = PRINCIPAL_API_KEY, .org_id = ORG};
    for (unsigned need = 0; need < NEED_COUNT_; need++)
        assert_int_equal(principal_permits(&p, (enum need)need, ORG, GROUP), need == NEED_ANY);
    p.kind = PRINCIPAL_LOCAL; // the socket's file mode is its permission
    for (unsigned need = 0; need < NEED_COUNT_; need++) assert_true(principal_permits(&p, (enum need)need, ORG, GROUP));
    assert_true(principal_in_group(&p, ORG, GROUP));
}

static void an_operator_is_one_everywhere_and_a_service_account_never(void **state)
{
    struct grant g;
    struct principal p = with(&g, ORG, ROLES_OPERATOR | 1u << ROLE_ORG_MEMBER);
    assert_true(principal_permits(&p, NEED_OPERATOR, NULL, NULL));
    assert_true(principal_permits(&p, NEED_OPERATOR, OTHERO, OTHER));
    assert_int_equal(principal_roles(&p, ORG, NULL), 1u << ROLE_ORG_MEMBER);
    assert_int_equal(principal_roles(&p, ORG, GROUP), 0);
    p.kind = PRINCIPAL_PERSON;
    assert_true(principal_permits(&p, NEED_OPERATOR, NULL, NULL));
    p.kind = PRINCIPAL_SERVICE_ACCOUNT;
    assert_false(principal_permits(&p, NEED_OPERATOR, NULL, NULL));
    struct principal elsewhere = with(&g, OTHERO, ROLES_OPERATOR); // not on its own organisation
    assert_false(principal_permits(&elsewhere, NEED_OPERATOR, OTHERO, NULL));
}

static void a_name_is_somebody_only_with_its_kind(void **state)
{
    struct principal p = {.kind = PRINCIPAL_PERSON, .name = "abcdefgh"};
    assert_true(principal_is(&p, PRINCIPAL_PERSON, "abcdefgh"));
    assert_false(principal_is(&p, PRINCIPAL_API_KEY, "abcdefgh"));
    assert_false(principal_is(&p, PRINCIPAL_PERSON, "abcdefg"));
}

static void names_parse_back_exactly(void **state)
{
    enum role r;
    for (unsigned i = 0; i < ROLE_COUNT_; i++) {
        assert_true(role_parse(slice_of(role_name((enum role)i)), &r));
        assert_int_equal(r, i);
        assert_int_equal(role_is_org(r), strncmp(role_name(r), "GROUP_", 6) != 0);
    }
    assert_false(role_parse(SLICE("group_owner"), &r));
    assert_false(role_parse(SLICE("GROUP_OWNER "), &r));
    assert_false(role_parse(SLICE(""), &r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_role_permits_what_the_table_says),
        cmocka_unit_test(a_role_counts_only_where_it_was_granted),
        cmocka_unit_test(roles_of_several_scopes_add_up),
        cmocka_unit_test(without_grants_nothing_is_permitted_but_to_be_known),
        cmocka_unit_test(an_operator_is_one_everywhere_and_a_service_account_never),
        cmocka_unit_test(a_name_is_somebody_only_with_its_kind),
        cmocka_unit_test(names_parse_back_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
