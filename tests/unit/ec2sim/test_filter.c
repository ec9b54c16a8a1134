// SPDX-License-Identifier: Apache-2.0
// Filters and pages: wildcards, every documented name, AND across and OR inside, 1,205 records page by page.

#include "support/ec2sim_world.h"

static void wildcards(void **state)
{
    (void)state;
    const struct {
        const char *pattern, *text;
        bool fits;
    } t[] = {
        {"active", "active", true},
        {"active", "Active", false}, // case matters
        {"active", "active ", false},
        {"", "", true},
        {"", "a", false},
        {"*", "", true},
        {"*", "anything", true},
        {"pending*", "pending-acceptance", true},
        {"*acceptance", "pending-acceptance", true},
        {"*-*", "pending-acceptance", true},
        {"a*b*c", "aXXbYYc", true},
        {"a*b*c", "aXXcYYb", false},
        {"?", "", true}, // zero or one
        {"?", "x", true},
        {"?", "xy", false},
        {"a?c", "abc", true},
        {"a?c", "ac", true},
        {"a?c", "abbc", false},
        {"\\*", "*", true},
        {"\\*", "x", false},
        {"\\?", "?", true},
        {"\\?", "", false},
        {"a\\\\b", "a\\b", true},
        {"\\", "\\", true},
        {"**", "x", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++)
        if (filter_wildcard(slice_of(t[i].pattern), slice_of(t[i].text)) != t[i].fits)
            fail_msg("pattern \"%s\" on \"%s\"", t[i].pattern, t[i].text);
}

static void wildcards_take_linear_time(void **state)
{
    (void)state;
    char pattern[FILTER_VALUE_MAX], text[4096];
    for (size_t i = 0; i < sizeof(pattern); i++) pattern[i] = i % 2 ? 'a' : '*';
    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = 'b';
    // An exponential matcher would not come back from this.
    assert_false(filter_wildcard(slice_n(pattern, sizeof(pattern) - 1), slice_n(text, sizeof(text))));
}

static struct world w;
static char first[SIM_ID_STR], second[SIM_ID_STR], other_own[SIM_ID_STR];

// first: pending, tagged by the accepter. second: active, from another VPC of the requester.
static int setup(void **state)
{
    (void)state;
    world_with_request(&w, first);
    make_vpc(&w, REQUESTER, HERE, "10.5.0.0/16", other_own);
    request_between(&w, REQUESTER, HERE, other_own, ACCEPTER, HERE, w.peer, second);
    assert_true(act(&w, ACCEPTER, HERE, "Accept", second));
    assert_true(ask(&w, ACCEPTER, HERE, "Action=CreateTags&ResourceId.1=%s&Tag.1.Key=team&Tag.1.Value=red", first));
    wait_s(&w, 60);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_close(&w);
    return 0;
}

static unsigned count(const char *filters)
{
    if (!ask(&w, ACCEPTER, HERE, "Action=DescribeVpcPeeringConnections%s", filters))
        fail_msg("%s: %s", w.e.code, w.e.message);
    return items(&w, "vpcPeeringConnectionSet");
}

static unsigned by(const char *name, const char *value)
{
    char text[400];
    snprintf(text, sizeof(text), "&Filter.1.Name=%s&Filter.1.Value.1=%s", name, value);
    return count(text);
}

static void every_peering_filter(void **state)
{
    (void)state;
    const struct {
        const char *name, *value;
        unsigned n;
    } t[] = {
        {"accepter-vpc-info.cidr-block", "10.2.0.0/16", 1}, // shown for the active one only
        {"accepter-vpc-info.owner-id", ACCEPTER, 2},
        {"accepter-vpc-info.owner-id", REQUESTER, 0},
        {"accepter-vpc-info.vpc-id", w.peer, 2},
        {"requester-vpc-info.cidr-block", "10.1.0.0/16", 1},
        {"requester-vpc-info.cidr-block", "10.*", 2},
        {"requester-vpc-info.owner-id", REQUESTER, 2},
        {"requester-vpc-info.owner-id", "1*1", 2},
        {"requester-vpc-info.vpc-id", other_own, 1},
        {"expiration-time", "*Z", 1},
        {"expiration-time", "1999*", 0},
        {"status-code", "pending-acceptance", 1},
        {"status-code", "active", 1},
        {"status-code", "*", 2},
        {"status-message", "Active", 1},
        {"status-message", "Pending+Acceptance+by+*", 1},
        {"tag:team", "red", 1},
        {"tag:team", "r*", 1},
        {"tag:team", "blue", 0},
        {"tag:Team", "red", 0},
        {"tag-key", "team", 1},
        {"vpc-peering-connection-id", second, 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++)
        if (by(t[i].name, t[i].value) != t[i].n) fail_msg("%s = %s", t[i].name, t[i].value);
}

static void names_are_anded_values_ored(void **state)
{
    (void)state;
    assert_int_equal(count("&Filter.1.Name=status-code&Filter.1.Value.1=active&Filter.1.Value.2=pending-acceptance"),
                     2);
    assert_int_equal(count("&Filter.1.Name=status-code&Filter.1.Value.1=active&Filter.2.Name=tag-key"
                           "&Filter.2.Value.1=team"),
                     0);
    assert_int_equal(count("&Filter.1.Name=status-code&Filter.1.Value.1=pending-acceptance&Filter.2.Name=tag-key"
                           "&Filter.2.Value.1=team"),
                     1);
    char both[300]; // "my VPC on either side" cannot be asked this way
    snprintf(both, sizeof(both),
             "&Filter.1.Name=accepter-vpc-info.vpc-id&Filter.1.Value.1=%s&Filter.2.Name=requester-vpc-info.vpc-id"
             "&Filter.2.Value.1=%s",
             w.peer, w.peer);
    assert_int_equal(count(both), 0);
}

static void filters_narrow_ids(void **state)
{
    (void)state;
    assert_true(ask(&w, ACCEPTER, HERE,
                    "Action=DescribeVpcPeeringConnections&VpcPeeringConnectionId.1=%s&VpcPeeringConnectionId.2=%s"
                    "&VpcPeeringConnectionId.3=%s&Filter.1.Name=status-code&Filter.1.Value.1=active",
                    first, second, second));
    assert_int_equal(items(&w, "vpcPeeringConnectionSet"), 1);
}

static void wrong_filters_are_refused(void **state)
{
    (void)state;
    char longer[300], text[400];
    assert_false(
        ask(&w, ACCEPTER, HERE, "Action=DescribeVpcPeeringConnections&Filter.1.Name=colour&Filter.1.Value.1=x"));
    assert_refused(&w, 400, "InvalidParameterValue");
    assert_string_equal(w.e.message, "The filter 'colour' is invalid");
    assert_false(ask(&w, ACCEPTER, HERE, "Action=DescribeVpcPeeringConnections&Filter.1.Name=status-code"));
    assert_refused(&w, 400, "InvalidParameterValue");
    assert_false(ask(&w, ACCEPTER, HERE, "Action=DescribeVpcPeeringConnections&Filter.1.Name=tag:&Filter.1.Value.1=x"));
    assert_refused(&w, 400, "InvalidParameterValue");
    memset(longer, 'x', 256);
    longer[256] = 0;
    snprintf(text, sizeof(text), "Action=DescribeVpcPeeringConnections&Filter.1.Name=tag-key&Filter.1.Value.1=%s",
             longer);
    assert_false(ask_raw(&w, ACCEPTER, HERE, text));
    assert_refused(&w, 400, "FilterLimitExceeded");
    struct buf many;
    buf_init(&many, 65536);
    buf_str(&many, "Action=DescribeVpcPeeringConnections&Filter.1.Name=tag-key");
    for (int i = 1; i <= FILTER_VALUES_MAX + 1; i++) buf_fmt(&many, "&Filter.1.Value.%d=x", i);
    buf_char(&many, 0);
    assert_false(ask_raw(&w, ACCEPTER, HERE, many.p));
    assert_refused(&w, 400, "FilterLimitExceeded");
    buf_done(&many);
}

static void every_vpc_filter(void **state)
{
    (void)state;
    const struct {
        const char *name, *value;
        unsigned n;
    } t[] = {
        {"cidr", "10.1.0.0/16", 1},
        {"cidr-block-association.cidr-block", "10.5.*", 1},
        {"cidr-block-association.association-id", "vpc-cidr-assoc-*", 2},
        {"cidr-block-association.state", "associated", 2},
        {"ipv6-cidr-block-association.ipv6-cidr-block", "*", 0},
        {"ipv6-cidr-block-association.association-id", "*", 0},
        {"ipv6-cidr-block-association.state", "*", 0},
        {"dhcp-options-id", "default", 2},
        {"is-default", "false", 2},
        {"is-default", "true", 0},
        {"owner-id", REQUESTER, 2},
        {"state", "available", 2},
        {"state", "pending", 0},
        {"tag-key", "*", 0},
        {"tag:Name", "*", 0},
        {"vpc-id", w.own, 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        assert_true(ask(&w, REQUESTER, HERE, "Action=DescribeVpcs&Filter.1.Name=%s&Filter.1.Value.1=%s", t[i].name,
                        t[i].value));
        if (items(&w, "vpcSet") != t[i].n) fail_msg("%s = %s", t[i].name, t[i].value);
    }
}

// ---- pages

static const char *follow(const char *action, const char *token)
{
    if (token[0])
        assert_true(ask(&w, ACCEPTER, HERE, "Action=%s&MaxResults=1000&NextToken=%s", action, token));
    else
        assert_true(ask(&w, ACCEPTER, HERE, "Action=%s&MaxResults=1000", action));
    return got(&w, "nextToken");
}

static void pages_of_1205(void **state)
{
    (void)state;
    struct sim_caller a = {STRANGER, HERE}, b = {ACCEPTER, HERE};
    char token[64] = "";
    static char seen_ids[1300][SIM_ID_STR];
    unsigned pages = 0, n = 0;
    assert_true(sim_bulk(&w.sim, &a, &b, w.now, slice_of(w.peer), 1203, false, &w.e)); // two are there
    do {
        char next[64];
        assert_true(cstr_set(next, sizeof(next), follow("DescribeVpcPeeringConnections", token)));
        const struct xml_node *set = xml_find(w.root, "vpcPeeringConnectionSet");
        for (const struct xml_node *i = set->first_child; i; i = i->next) {
            assert_true(slice_copy(xml_text(i, "vpcPeeringConnectionId"), seen_ids[n], SIM_ID_STR));
            for (unsigned k = 0; k < n; k++) assert_string_not_equal(seen_ids[k], seen_ids[n]);
            n++;
        }
        pages++;
        assert_true(cstr_set(token, sizeof(token), next));
    } while (token[0]);
    assert_int_equal(pages, 2);
    assert_int_equal(n, 1205);
}

static void a_full_last_page_has_no_token(void **state)
{
    (void)state;
    struct sim_caller a = {STRANGER, HERE}, b = {ACCEPTER, HERE};
    assert_true(sim_bulk(&w.sim, &a, &b, w.now, slice_of(w.peer), 998, false, &w.e));
    assert_string_equal(follow("DescribeVpcPeeringConnections", ""), "");
    assert_int_equal(items(&w, "vpcPeeringConnectionSet"), 1000);
}

static void a_record_that_goes_between_pages_does_not_disturb(void **state)
{
    (void)state;
    struct sim_caller a = {STRANGER, HERE}, b = {ACCEPTER, HERE};
    char token[64];
    assert_true(sim_bulk(&w.sim, &a, &b, w.now, slice_of(w.peer), 10, false, &w.e));
    assert_true(ask(&w, ACCEPTER, HERE, "Action=DescribeVpcPeeringConnections&MaxResults=5"));
    assert_true(cstr_set(token, sizeof(token), got(&w, "nextToken")));
    // Sweeps everything that was on the first page; the token still names a place.
    for (size_t i = 0; i < 5; i++) w.sim.peerings[i]->deleted = w.sim.peerings[i]->gone = wall_from_sec(1);
    sim_purge(&w.sim, w.now);
    assert_true(ask(&w, ACCEPTER, HERE, "Action=DescribeVpcPeeringConnections&NextToken=%s", token));
    assert_int_equal(items(&w, "vpcPeeringConnectionSet"), 7);
}

static void tokens_are_bound(void **state)
{
    (void)state;
    struct sim_caller a = {STRANGER, HERE}, b = {ACCEPTER, HERE};
    char token[64];
    assert_true(sim_bulk(&w.sim, &a, &b, w.now, slice_of(w.peer), 10, false, &w.e));
    assert_true(ask(&w, ACCEPTER, HERE, "Action=DescribeVpcPeeringConnections&MaxResults=5"));
    assert_true(cstr_set(token, sizeof(token), got(&w, "nextToken")));
    assert_false(ask(&w, REQUESTER, HERE, "Action=DescribeVpcPeeringConnections&NextToken=%s", token));
    assert_refused(&w, 400, "InvalidPaginationToken");
    assert_false(ask(&w, ACCEPTER, THERE, "Action=DescribeVpcPeeringConnections&NextToken=%s", token));
    assert_refused(&w, 400, "InvalidPaginationToken");
    assert_false(ask(&w, ACCEPTER, HERE, "Action=DescribeVpcs&NextToken=%s", token));
    assert_refused(&w, 400, "InvalidPaginationToken");
    assert_false(ask(&w, ACCEPTER, HERE, "Action=DescribeVpcPeeringConnections&NextToken=garbage"));
    assert_refused(&w, 400, "InvalidPaginationToken");
    token[3] = token[3] == 'A' ? 'B' : 'A';
    assert_false(ask(&w, ACCEPTER, HERE, "Action=DescribeVpcPeeringConnections&NextToken=%s", token));
    assert_refused(&w, 400, "InvalidPaginationToken");
}

static void ids_and_pages_do_not_mix(void **state)
{
    (void)state;
    assert_false(ask(&w, ACCEPTER, HERE,
                     "Action=DescribeVpcPeeringConnections&MaxResults=5&VpcPeeringConnectionId.1=%s", first));
    assert_refused(&w, 400, "InvalidParameterCombination");
    assert_false(ask(&w, ACCEPTER, HERE, "Action=DescribeVpcs&MaxResults=5&VpcId.1=%s", w.peer));
    assert_refused(&w, 400, "InvalidParameterCombination");
}

static void vpcs_and_tags_page_too(void **state)
{
    (void)state;
    for (int i = 0; i < 7; i++) {
        char id[SIM_ID_STR], cidr[32];
        snprintf(cidr, sizeof(cidr), "10.%d.0.0/16", 20 + i);
        make_vpc(&w, ACCEPTER, HERE, cidr, id);
        assert_true(ask(&w, ACCEPTER, HERE, "Action=CreateTags&ResourceId.1=%s&Tag.1.Key=Name&Tag.1.Value=n", id));
    }
    const char *lists[][2] = {{"DescribeVpcs", "vpcSet"}, {"DescribeTags", "tagSet"}};
    for (size_t i = 0; i < 2; i++) {
        char token[64];
        assert_true(ask(&w, ACCEPTER, HERE, "Action=%s&MaxResults=5", lists[i][0]));
        assert_int_equal(items(&w, lists[i][1]), 5);
        assert_true(cstr_set(token, sizeof(token), got(&w, "nextToken")));
        assert_true(ask(&w, ACCEPTER, HERE, "Action=%s&MaxResults=5&NextToken=%s", lists[i][0], token));
        assert_int_equal(items(&w, lists[i][1]), 3); // eight of each in all
        assert_string_equal(got(&w, "nextToken"), "");
    }
}

static void regions_are_listed(void **state)
{
    (void)state;
    assert_true(ask(&w, ACCEPTER, HERE, "Action=DescribeRegions&RegionName.1=eu-west-1"));
    assert_int_equal(items(&w, "regionInfo"), 1);
    assert_string_equal(got(&w, "regionEndpoint"), "ec2.eu-west-1.amazonaws.com");
    assert_false(ask(&w, ACCEPTER, HERE, "Action=DescribeRegions&RegionName.1=moon-1"));
    assert_refused(&w, 400, "InvalidParameterValue");
}

static void quirks_bend_only_what_they_name(void **state)
{
    (void)state;
    w.quirks = (struct ec2_quirks){.foreign = true};
    assert_int_equal(by("accepter-vpc-info.owner-id", ACCEPTER), 3);
    assert_non_null(strstr(arena_fmt(w.arena, "%.*s", (int)w.out.n, w.out.p), "999999999999"));
    w.quirks = (struct ec2_quirks){.duplicate = true};
    assert_int_equal(count(""), 3);
    w.quirks = (struct ec2_quirks){.unknown_status = true};
    assert_int_equal(count(""), 2);
    assert_string_equal(got(&w, "code"), "re-balancing");
    w.quirks = (struct ec2_quirks){.padding = 1000000};
    assert_int_equal(count(""), 2);
    assert_true(w.out.n > 1000000);
    w.quirks = (struct ec2_quirks){.doctype = true};
    assert_true(ask(&w, ACCEPTER, HERE, "Action=DescribeVpcPeeringConnections"));
    struct xml_node *root;
    struct error err;
    assert_int_equal(xml_read(w.arena, buf_view(&w.out), &xml_limits_default, &root, &err), ERR_PROTOCOL);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wildcards),
        cmocka_unit_test(wildcards_take_linear_time),
        T(every_peering_filter),
        T(names_are_anded_values_ored),
        T(filters_narrow_ids),
        T(wrong_filters_are_refused),
        T(every_vpc_filter),
        T(pages_of_1205),
        T(a_full_last_page_has_no_token),
        T(a_record_that_goes_between_pages_does_not_disturb),
        T(tokens_are_bound),
        T(ids_and_pages_do_not_mix),
        T(vpcs_and_tags_page_too),
        T(regions_are_listed),
        T(quirks_bend_only_what_they_name),
    };
    return cmocka_run_group_tests_name("ec2sim filters and pages", tests, NULL, NULL);
}
