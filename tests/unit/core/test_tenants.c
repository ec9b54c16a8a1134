// SPDX-License-Identifier: Apache-2.0
// Changing and ending organisations and groups: one event a change, none without, and nothing half done.
#include "core/action.h"
#include "core/tenants.h"
#include "fixture.h"

static const struct actor cli = {PRINCIPAL_LOCAL, "cli", NULL};

static struct group edit(struct core_fixture *c, const char *id, struct group_edit q)
{
    struct group g;
    assert_ok(&c->f, core_group_edit(c->core, &cli, id, &q, c->f.arena, &g, &c->f.err));
    return g;
}

static void each_kind_of_change_is_one_event_and_none_is_none(void **state)
{
    struct core_fixture *c = *state;
    const flag_set alerts = 1u << GROUP_FLAG_DEFAULT_ALERTS, explorer = 1u << GROUP_FLAG_DATA_EXPLORER;
    struct group g = edit(c, GROUP2_ID, (struct group_edit){.name = SLICE("zwei")});
    assert_string_equal(g.name, "zwei");
    edit(c, GROUP2_ID, (struct group_edit){.change = explorer});
    edit(c, GROUP2_ID, (struct group_edit){.change = alerts, .tags = SLICE("k\x1fv\x1e")});
    assert_string_equal(event_types(c), "GROUP_DEFAULT_ALERTS_SETTINGS_CHANGED PEERAGE_GROUP_TAGS_CHANGED "
                                        "PEERAGE_GROUP_SETTINGS_CHANGED GROUP_NAME_CHANGED");
    assert_int_equal(c->heard.groups, 3);
    uint64_t generation = store_generation(c->f.store);
    g = edit(c, GROUP2_ID,
             (struct group_edit){.name = SLICE("zwei"), .change = alerts | explorer, .tags = SLICE("k\x1fv\x1e")});
    edit(c, GROUP2_ID, (struct group_edit){.change = 0});
    assert_int_equal(store_generation(c->f.store), generation);
    assert_int_equal(c->heard.groups, 3);
    assert_slice(g.tags, "k\x1fv\x1e");
    assert_false(group_flag(g.flags, GROUP_FLAG_DATA_EXPLORER) || group_flag(g.flags, GROUP_FLAG_DEFAULT_ALERTS));
}

static void a_refused_change_changes_nothing(void **state)
{
    struct core_fixture *c = *state;
    struct group g;
    const struct group_edit taken = {.name = SLICE("one"), .tags = SLICE("k\x1fv\x1e"), .change = 1, .on = 1};
    const struct group_edit bad = {.name = SLICE("no good"), .change = 1, .on = 1};
    assert_err(&c->f, ERR_EXISTS, core_group_edit(c->core, &cli, GROUP2_ID, &taken, c->f.arena, &g, &c->f.err));
    assert_err(&c->f, ERR_INVALID, core_group_edit(c->core, &cli, GROUP2_ID, &bad, c->f.arena, &g, &c->f.err));
    assert_err(&c->f, ERR_NOT_FOUND,
               core_group_edit(c->core, &cli, "b00000000000000000000099", &(struct group_edit){.change = 1}, c->f.arena,
                               &g, &c->f.err));
    assert_ok(&c->f, store_group_get(c->f.reader, GROUP2_ID, &g, &c->f.err));
    assert_string_equal(g.name, "two");
    assert_int_equal(g.flags, 0);
    assert_string_equal(event_types(c), "");
}

static enum err give_role(struct store_tx *tx, void *ctx, struct error *err)
{
    struct api_key_row k = {
        .id = "e00000000000000000000001", .org_id = ORG_ID, .public_key = "aaaaaaaa", .private_tail = "0123456789ab"};
    k.description = "d";
    bool auth_only = ctx != NULL;
    enum err code = store_tx_api_key_insert(tx, &k, err);
    if (code != ERR_OK || auth_only) return code;
    return store_tx_grant(tx, "aaaaaaaa", GROUP_ID, 1u << ROLE_GROUP_OWNER, err);
}

static unsigned grants_of_key(struct core_fixture *c)
{
    struct credential cred;
    assert_ok(&c->f, store_api_key_find(c->f.reader, SLICE("aaaaaaaa"), c->f.arena, &cred, &c->f.err));
    return cred.principal.grant_count;
}

static void a_group_ends_when_its_networks_have(void **state)
{
    struct core_fixture *c = *state;
    struct group_use use;
    struct group g;
    struct freeze *frozen;
    size_t n;
    assert_ok(&c->f, store_write(c->f.store, give_role, NULL, &c->f.err));
    assert_int_equal(grants_of_key(c), 1);
    assert_err(&c->f, ERR_CONFLICT, core_group_delete(c->core, &cli, GROUP_ID, &use, &c->f.err));
    assert_true(use.networks && !use.peerings);
    struct connection row = make_connection(1);
    assert_ok(&c->f, store_write(c->f.store, insert_connection_fn, &row, &c->f.err));
    assert_err(&c->f, ERR_CONFLICT, core_group_delete(c->core, &cli, GROUP_ID, &use, &c->f.err));
    assert_true(use.networks && use.peerings);
    assert_string_equal(event_types(c), "");
    assert_ok(&c->f, core_network_remove(c->core, &cli, NETWORK_ID, &c->f.err));
    uint64_t auth = store_auth_generation(c->f.store);
    assert_ok(&c->f, core_group_delete(c->core, &cli, GROUP_ID, &use, &c->f.err));
    assert_true(store_auth_generation(c->f.store) > auth);
    assert_string_equal(event_types(c), "GROUP_DELETED PEERAGE_NETWORK_REMOVED");
    assert_string_equal(c->heard.group_id, GROUP_ID);
    assert_int_equal(grants_of_key(c), 0);
    assert_err(&c->f, ERR_NOT_FOUND, store_group_get(c->f.reader, GROUP_ID, &g, &c->f.err));
    assert_err(&c->f, ERR_NOT_FOUND, core_group_delete(c->core, &cli, GROUP_ID, &use, &c->f.err));
    assert_ok(&c->f, store_freezes(c->f.reader, c->f.arena, &frozen, &n, &c->f.err));
    assert_int_equal(n, 0);
    assert_ok(&c->f, core_group_create(c->core, &cli, ORG_ID, SLICE("one"), &g, &c->f.err)); // the name is free
    assert_string_not_equal(g.id, GROUP_ID);
}

static struct network_new network_in(const char *group_id)
{
    return (struct network_new){.group_id = group_id,
                                .account_id = SLICE("111111111111"),
                                .region = SLICE("eu-west-1"),
                                .vpc_id = SLICE("vpc-00000000000000009"),
                                .mode = NETWORK_MANAGE};
}

static void nothing_is_added_to_what_has_ended(void **state)
{
    struct core_fixture *c = *state;
    struct group_use use;
    struct network net;
    struct group g;
    const struct network_new q = network_in(GROUP2_ID);
    assert_ok(&c->f, core_group_delete(c->core, &cli, GROUP2_ID, &use, &c->f.err));
    assert_err(&c->f, ERR_NOT_FOUND, core_network_add(c->core, &cli, &q, c->f.arena, &net, &c->f.err));
    assert_ok(&c->f, core_network_remove(c->core, &cli, NETWORK_ID, &c->f.err));
    assert_ok(&c->f, core_group_delete(c->core, &cli, GROUP_ID, &use, &c->f.err));
    assert_ok(&c->f, core_org_delete(c->core, &cli, ORG_ID, &c->f.err));
    assert_err(&c->f, ERR_NOT_FOUND, core_group_create(c->core, &cli, ORG_ID, SLICE("x"), &g, &c->f.err));
    assert_err(&c->f, ERR_NOT_FOUND, store_write(c->f.store, give_role, &use, &c->f.err));
}

static enum err give_person(struct store_tx *tx, void *ctx, struct error *err)
{
    const struct grant g = {GROUP2_ID, 1u << ROLE_GROUP_OWNER};
    return store_tx_person_grant(tx, ORG_ID, SLICE("team"), &g, err);
}

static void roles_of_persons_go_with_the_group(void **state)
{
    struct core_fixture *c = *state;
    struct group_use use;
    struct person_grant *grants;
    size_t n;
    assert_ok(&c->f, store_write(c->f.store, give_person, NULL, &c->f.err));
    assert_ok(&c->f, core_group_delete(c->core, &cli, GROUP2_ID, &use, &c->f.err));
    assert_ok(&c->f, store_person_grants(c->f.reader, ORG_ID, c->f.arena, &grants, &n, &c->f.err));
    assert_int_equal(n, 0);
}

// ---- organisations ----------------------------------------------------------------------------------------

static void an_organisation_ends_when_its_groups_have(void **state)
{
    struct core_fixture *c = *state;
    struct org o;
    struct credential cred;
    struct group_use use;
    assert_ok(&c->f, store_write(c->f.store, give_role, NULL, &c->f.err));
    assert_err(&c->f, ERR_CONFLICT, core_org_delete(c->core, &cli, ORG_ID, &c->f.err));
    assert_ok(&c->f, core_network_remove(c->core, &cli, NETWORK_ID, &c->f.err));
    assert_ok(&c->f, core_group_delete(c->core, &cli, GROUP_ID, &use, &c->f.err));
    assert_err(&c->f, ERR_CONFLICT, core_org_delete(c->core, &cli, ORG_ID, &c->f.err));
    assert_ok(&c->f, core_group_delete(c->core, &cli, GROUP2_ID, &use, &c->f.err));
    assert_ok(&c->f, core_org_delete(c->core, &cli, ORG_ID, &c->f.err));
    assert_err(&c->f, ERR_NOT_FOUND, store_org_get(c->f.reader, ORG_ID, &o, &c->f.err));
    assert_err(&c->f, ERR_NOT_FOUND, core_org_delete(c->core, &cli, ORG_ID, &c->f.err));
    assert_err(&c->f, ERR_NOT_FOUND, store_api_key_find(c->f.reader, SLICE("aaaaaaaa"), c->f.arena, &cred, &c->f.err));
    assert_ok(&c->f, core_org_create(c->core, &cli, SLICE("acme"), &o, &c->f.err)); // the name is free
    const struct event_filter own = {.org_id = ORG_ID, .page = {1, 10}};
    struct event_row *rows;
    size_t n;
    uint64_t total;
    assert_ok(&c->f, store_events_find(c->f.reader, &own, c->f.arena, &rows, &n, &total, &c->f.err));
    assert_int_equal(n, 3);
    assert_string_equal(rows[0].type, "PEERAGE_ORG_DELETED");
    assert_string_equal(rows[1].type, "GROUP_DELETED");
    assert_string_equal(rows[1].group_id, GROUP2_ID);
}

static void settings_are_kept_and_each_switch_is_an_event(void **state)
{
    struct core_fixture *c = *state;
    struct org o;
    struct org_edit q = {.name = SLICE("neu"),
                         .change = 1u << ORG_FLAG_MULTI_FACTOR | 1u << ORG_FLAG_RESTRICT_EMPLOYEES,
                         .set_access = true,
                         .access = true,
                         .set_hours = true,
                         .secret_hours = 24,
                         .security_contact = SLICE("a@b")};
    q.on = q.change;
    assert_ok(&c->f, core_org_edit(c->core, &cli, ORG_ID, &q, &o, &c->f.err));
    assert_string_equal(event_types(c), "PEERAGE_ORG_SETTINGS_CHANGED ORG_EMPLOYEE_ACCESS_RESTRICTED "
                                        "ORG_TWO_FACTOR_AUTH_REQUIRED ORG_PUBLIC_API_ACCESS_LIST_REQUIRED ORG_RENAMED");
    assert_ok(&c->f, core_org_edit(c->core, &cli, ORG_ID, &q, &o, &c->f.err));
    assert_int_equal(c->heard.groups, 1);
    assert_ok(&c->f, store_org_get(c->f.reader, ORG_ID, &o, &c->f.err));
    assert_string_equal(o.name, "neu");
    assert_string_equal(o.security_contact, "a@b");
    assert_true(o.api_access_list_required && org_flag(o.flags, ORG_FLAG_MULTI_FACTOR));
    assert_int_equal(org_secret_hours(&o), 24);
    char long_text[CONTACT_MAX + 1];
    memset(long_text, 'x', sizeof long_text);
    const struct org_edit big = {.operations_contact = slice_n(long_text, CONTACT_MAX)};
    assert_err(&c->f, ERR_TOO_LARGE, core_org_edit(c->core, &cli, ORG_ID, &big, &o, &c->f.err));
}

static enum err fail_after(struct store_tx *tx, const struct org *org, void *ctx, struct error *err)
{
    struct api_key_row k = {.id = "e00000000000000000000002", .public_key = "bbbbbbbb", .description = "d"};
    memcpy(k.org_id, org->id, sizeof(k.org_id));
    enum err code = store_tx_api_key_insert(tx, &k, err);
    return code == ERR_OK && ctx ? error_set(err, ERR_INVALID, "no") : code;
}

static void what_belongs_to_an_organisation_comes_with_it_or_not_at_all(void **state)
{
    struct core_fixture *c = *state;
    struct org o;
    struct org *all;
    struct credential cred;
    size_t n;
    struct org_new q = {.name = SLICE("fresh"), .also = fail_after, .ctx = c};
    assert_err(&c->f, ERR_INVALID, core_org_make(c->core, &cli, &q, &o, &c->f.err));
    assert_ok(&c->f, store_orgs(c->f.reader, c->f.arena, &all, &n, &c->f.err));
    assert_int_equal(n, 1);
    assert_err(&c->f, ERR_NOT_FOUND, store_api_key_find(c->f.reader, SLICE("bbbbbbbb"), c->f.arena, &cred, &c->f.err));
    assert_string_equal(event_types(c), "");
    q.ctx = NULL;
    assert_ok(&c->f, core_org_make(c->core, &cli, &q, &o, &c->f.err));
    assert_ok(&c->f, store_api_key_find(c->f.reader, SLICE("bbbbbbbb"), c->f.arena, &cred, &c->f.err));
    assert_string_equal(cred.principal.org_id, o.id);
}

static void there_are_no_more_organisations_than_the_caller_allows(void **state)
{
    struct core_fixture *c = *state;
    struct org o;
    struct org *all;
    size_t n;
    struct org_new q = {.name = SLICE("second"), .most = 2};
    assert_ok(&c->f, core_org_make(c->core, &cli, &q, &o, &c->f.err));
    q.name = SLICE("third");
    assert_err(&c->f, ERR_TOO_LARGE, core_org_make(c->core, &cli, &q, &o, &c->f.err));
    assert_ok(&c->f, store_orgs(c->f.reader, c->f.arena, &all, &n, &c->f.err));
    assert_int_equal(n, 2);
    q.most = 0; // no bound
    assert_ok(&c->f, core_org_make(c->core, &cli, &q, &o, &c->f.err));
    assert_ok(&c->f, core_org_delete(c->core, &cli, o.id, &c->f.err)); // a deleted one counts no more
    q.most = 3;
    assert_ok(&c->f, core_org_make(c->core, &cli, &q, &o, &c->f.err));
}

static void a_creator_owns_its_group_unless_it_does_anyway(void **state)
{
    struct core_fixture *c = *state;
    struct group g;
    assert_ok(&c->f, store_write(c->f.store, give_role, NULL, &c->f.err));
    struct grant grants[] = {{ORG_ID, 1u << ROLE_ORG_GROUP_CREATOR}};
    struct principal p = {.name = "aaaaaaaa", .org_id = ORG_ID, .grants = grants, .grant_count = 1};
    struct group_new q = {.org_id = ORG_ID, .name = SLICE("mine"), .creator = &p};
    assert_ok(&c->f, core_group_make(c->core, &cli, &q, &g, &c->f.err));
    assert_int_equal(grants_of_key(c), 2);
    grants[0].roles = 1u << ROLE_ORG_OWNER;
    q.name = SLICE("ours");
    assert_ok(&c->f, core_group_make(c->core, &cli, &q, &g, &c->f.err));
    assert_int_equal(grants_of_key(c), 2);
    // A person has no row to give a role to.
    struct principal person = {.kind = PRINCIPAL_PERSON, .name = "ada", .org_id = ORG_ID};
    q.name = SLICE("hers");
    q.creator = &person;
    assert_ok(&c->f, core_group_make(c->core, &cli, &q, &g, &c->f.err));
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, core_setup, core_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(each_kind_of_change_is_one_event_and_none_is_none),
        T(a_refused_change_changes_nothing),
        T(a_group_ends_when_its_networks_have),
        T(nothing_is_added_to_what_has_ended),
        T(roles_of_persons_go_with_the_group),
        T(an_organisation_ends_when_its_groups_have),
        T(settings_are_kept_and_each_switch_is_an_event),
        T(what_belongs_to_an_organisation_comes_with_it_or_not_at_all),
        T(there_are_no_more_organisations_than_the_caller_allows),
        T(a_creator_owns_its_group_unless_it_does_anyway),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
