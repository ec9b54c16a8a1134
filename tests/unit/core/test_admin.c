// SPDX-License-Identifier: Apache-2.0
// Organisations, groups and networks: validation, defaults, events.
#include "fixture.h"

static const struct actor cli = {PRINCIPAL_LOCAL, "cli", NULL};

static void organisations_and_groups_get_ids_and_events(void **state)
{
    struct core_fixture *c = *state;
    struct org o, again;
    struct group g, got;
    assert_ok(&c->f, core_org_create(c->core, &cli, SLICE("Überbau+1"), &o, &c->f.err));
    assert_ok(&c->f, core_group_create(c->core, &cli, o.id, SLICE("groß"), &g, &c->f.err));
    struct oid id;
    assert_true(oid_parse(slice_of(o.id), &id) && oid_parse(slice_of(g.id), &id));
    assert_int_equal(strlen(o.external_id), 36);
    assert_int_equal(o.external_id[14], '4');
    assert_ok(&c->f, store_group_get(c->f.reader, g.id, &got, &c->f.err));
    assert_string_equal(got.name, "groß");
    assert_string_equal(got.org_id, o.id);
    assert_ok(&c->f, store_org_get(c->f.reader, o.id, &again, &c->f.err));
    assert_string_equal(again.external_id, o.external_id);
    assert_string_equal(event_types(c), "GROUP_CREATED ORG_CREATED");
    assert_int_equal(c->heard.groups, 2);
    assert_err(&c->f, ERR_EXISTS, core_org_create(c->core, &cli, SLICE("Überbau+1"), &again, &c->f.err));
    assert_err(&c->f, ERR_EXISTS, core_group_create(c->core, &cli, o.id, SLICE("groß"), &got, &c->f.err));
    assert_ok(&c->f, core_group_create(c->core, &cli, ORG_ID, SLICE("groß"), &got, &c->f.err));
    assert_err(&c->f, ERR_NOT_FOUND,
               core_group_create(c->core, &cli, "a00000000000000000000099", SLICE("x"), &got, &c->f.err));
    assert_int_equal(c->heard.groups, 3);
}

static void names_outside_the_pattern_are_refused(void **state)
{
    struct core_fixture *c = *state;
    static const char sixty_five[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const char *bad[] = {"", "two words", "a/b", "a\nb", "\xff", "emoji\xF0\x9F\x98\x80", sixty_five};
    struct org o;
    struct group g;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_err(&c->f, ERR_INVALID, core_org_create(c->core, &cli, slice_of(bad[i]), &o, &c->f.err));
        assert_err(&c->f, ERR_INVALID, core_group_create(c->core, &cli, ORG_ID, slice_of(bad[i]), &g, &c->f.err));
    }
    assert_ok(&c->f, core_org_create(c->core, &cli, slice_n(sixty_five, 64), &o, &c->f.err));
    assert_string_equal(event_types(c), "ORG_CREATED");
}

static struct network_new asked(const char *vpc_id)
{
    return (struct network_new){.group_id = GROUP_ID,
                                .account_id = SLICE("111111111111"),
                                .region = SLICE("eu-west-1"),
                                .vpc_id = slice_of(vpc_id),
                                .cidrs = SLICE("10.0.0.0/16"),
                                .identity = IDENTITY_ROLE,
                                .identity_ref = SLICE("arn:aws:iam::111111111111:role/peerage"),
                                .mode = NETWORK_MANAGE};
}

static struct network add(struct core_fixture *c, const struct network_new *n)
{
    struct network ret;
    assert_ok(&c->f, core_network_add(c->core, &cli, n, c->f.arena, &ret, &c->f.err));
    return ret;
}

static struct network default_of(struct core_fixture *c, const char *region)
{
    struct network n;
    assert_ok(&c->f, store_network_default(c->f.reader, GROUP_ID, region, c->f.arena, &n, &c->f.err));
    return n;
}

static void the_first_network_of_a_region_is_its_default(void **state)
{
    struct core_fixture *c = *state;
    struct network_new n = asked("vpc-0000000a");
    struct network first = add(c, &n);
    assert_true(first.is_default);
    assert_slice(first.cidrs, "10.0.0.0/16");
    n = asked("vpc-0000000b");
    advance(c, 1);
    struct network second = add(c, &n);
    assert_false(second.is_default);
    assert_string_equal(default_of(c, "eu-west-1").id, first.id);
    n = asked("vpc-0000000c");
    n.make_default = true;
    advance(c, 1);
    struct network third = add(c, &n);
    assert_true(third.is_default);
    assert_string_equal(default_of(c, "eu-west-1").id, third.id);
    assert_string_equal(default_of(c, "us-east-1").id, NETWORK_ID);
    assert_ok(&c->f, core_network_remove(c->core, &cli, third.id, &c->f.err));
    assert_string_equal(default_of(c, "eu-west-1").id, first.id); // the oldest takes over
    assert_ok(&c->f, core_network_remove(c->core, &cli, second.id, &c->f.err));
    assert_string_equal(default_of(c, "eu-west-1").id, first.id);
    assert_ok(&c->f, core_network_remove(c->core, &cli, first.id, &c->f.err));
    struct network none;
    assert_err(&c->f, ERR_NOT_FOUND,
               store_network_default(c->f.reader, GROUP_ID, "eu-west-1", c->f.arena, &none, &c->f.err));
    assert_err(&c->f, ERR_NOT_FOUND, core_network_remove(c->core, &cli, first.id, &c->f.err));
    assert_int_equal(c->heard.networks, 6);
    assert_string_equal(event_types(c), "PEERAGE_NETWORK_REMOVED PEERAGE_NETWORK_REMOVED PEERAGE_NETWORK_REMOVED "
                                        "PEERAGE_NETWORK_ADDED PEERAGE_NETWORK_ADDED PEERAGE_NETWORK_ADDED");
}

static void a_vpc_belongs_to_one_group_and_can_move_after_removal(void **state)
{
    struct core_fixture *c = *state;
    struct network_new n = asked("vpc-0000000a");
    struct network first = add(c, &n), ret;
    n.group_id = GROUP2_ID;
    assert_err(&c->f, ERR_EXISTS, core_network_add(c->core, &cli, &n, c->f.arena, &ret, &c->f.err));
    assert_non_null(strstr(c->f.err.detail, GROUP_ID));
    n.region = SLICE("eu-west-2");
    assert_string_equal(add(c, &n).group_id, GROUP2_ID); // the same id in another region is another VPC
    n.region = SLICE("eu-west-1");
    assert_ok(&c->f, core_network_remove(c->core, &cli, first.id, &c->f.err));
    assert_string_equal(add(c, &n).group_id, GROUP2_ID);
}

static void removal_makes_history_of_the_connections(void **state)
{
    struct core_fixture *c = *state;
    struct connection row = make_connection(1), got;
    assert_ok(&c->f, store_write(c->f.store, insert_connection_fn, &row, &c->f.err));
    assert_ok(&c->f, core_network_remove(c->core, &cli, NETWORK_ID, &c->f.err));
    assert_ok(&c->f, store_connection_get(c->f.reader, GROUP_ID, slice_of(row.name), c->f.arena, &got, &c->f.err));
    assert_false(got.listed);
    struct network *rows;
    size_t n;
    assert_ok(&c->f, store_networks(c->f.reader, NULL, c->f.arena, &rows, &n, &c->f.err));
    assert_int_equal(n, 0);
}

static void bad_networks_are_refused_and_named(void **state)
{
    struct core_fixture *c = *state;
    struct network_new bad[14];
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) bad[i] = asked("vpc-0000000a");
    bad[0].account_id = SLICE("11111111111");
    bad[1].account_id = SLICE("11111111111x");
    bad[2].region = SLICE("US_EAST_1");
    bad[3].region = SLICE("");
    bad[4].vpc_id = SLICE("vpc-XYZ");
    bad[5].vpc_id = SLICE("pcx-0000000a");
    bad[6].cidrs = SLICE("10.0.0.1/16");
    bad[7].cidrs = SLICE("10.0.0.0/16 nonsense");
    bad[8].identity_ref = SLICE("arn:aws:iam::222222222222:role/peerage");
    bad[9].identity_ref = SLICE("arn:aws:iam::111111111111:user/peerage");
    bad[10].identity = IDENTITY_AMBIENT;
    bad[11].identity = IDENTITY_PROFILE;
    bad[11].identity_ref = SLICE("");
    bad[12].mode = (enum network_mode)7;
    bad[13].identity = IDENTITY_PROFILE;
    bad[13].identity_ref = SLICE("a]\nb");
    struct network ret;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_err(&c->f, ERR_INVALID, core_network_add(c->core, &cli, &bad[i], c->f.arena, &ret, &c->f.err));
    struct network_new n = asked("vpc-0000000a");
    n.group_id = "b00000000000000000000099";
    assert_err(&c->f, ERR_NOT_FOUND, core_network_add(c->core, &cli, &n, c->f.arena, &ret, &c->f.err));
    assert_string_equal(event_types(c), "");
    assert_int_equal(c->heard.networks, 0);
}

static void the_event_says_who_did_it(void **state)
{
    struct core_fixture *c = *state;
    struct network_new n = asked("vpc-0000000a");
    struct network ret;
    const struct actor by = {PRINCIPAL_API_KEY, "abcdefgh", "2001:db8::1"};
    assert_ok(&c->f, core_network_add(c->core, &by, &n, c->f.arena, &ret, &c->f.err));
    struct event_row *e;
    size_t count;
    assert_ok(&c->f, store_events(c->f.reader, GROUP_ID, (struct page){1, 1}, c->f.arena, &e, &count, &c->f.err));
    assert_int_equal(e[0].actor_kind, PRINCIPAL_API_KEY);
    assert_string_equal(e[0].actor, "abcdefgh");
    assert_string_equal(e[0].remote, "2001:db8::1");
    assert_slice(e[0].resource, ret.id);
    assert_slice(e[0].detail, "{\"accountId\":\"111111111111\",\"mode\":\"manage\",\"regionName\":\"eu-west-1\","
                              "\"vpcId\":\"vpc-0000000a\"}");
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, core_setup, core_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(organisations_and_groups_get_ids_and_events),
        T(names_outside_the_pattern_are_refused),
        T(the_first_network_of_a_region_is_its_default),
        T(a_vpc_belongs_to_one_group_and_can_move_after_removal),
        T(removal_makes_history_of_the_connections),
        T(bad_networks_are_refused_and_named),
        T(the_event_says_who_did_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
