// SPDX-License-Identifier: Apache-2.0
// The life of a peering under manual time: who sees which end for how long, and what each state allows.
// Must never: sleep.

#include "base/mem.h"
#include "support/ec2sim_world.h"

static char pcx[SIM_ID_STR];

static int setup(void **state)
{
    static struct world w;
    world_with_request(&w, pcx);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    world_close(*state);
    return 0;
}

// Brings a fresh request into an end, from its first second. Returns nothing; the end begins at w->now.
static void end_rejected(struct world *w)
{
    assert_true(act(w, ACCEPTER, HERE, "Reject", pcx));
}
static void end_expired(struct world *w)
{
    wait_s(w, 7 * DAY);
}
static void end_withdrawn(struct world *w)
{
    assert_true(act(w, REQUESTER, HERE, "Delete", pcx));
}
static void end_deleted_by(struct world *w, const char *account)
{
    assert_true(act(w, ACCEPTER, HERE, "Accept", pcx));
    wait_s(w, 60);
    assert_true(act(w, account, HERE, "Delete", pcx));
}
static void end_deleted_by_requester(struct world *w)
{
    end_deleted_by(w, REQUESTER);
}
static void end_deleted_by_accepter(struct world *w)
{
    end_deleted_by(w, ACCEPTER);
}

static const struct {
    void (*end)(struct world *w);
    const char *code;
    int64_t requester_s, accepter_s; // how long each sees it
} ends[] = {
    {end_rejected, "rejected", 2 * DAY, 2 * HOUR},           {end_expired, "expired", 2 * DAY, 2 * DAY},
    {end_withdrawn, "deleted", 2 * HOUR, 2 * DAY},           {end_deleted_by_requester, "deleted", 2 * HOUR, 2 * DAY},
    {end_deleted_by_accepter, "deleted", 2 * DAY, 2 * HOUR},
};

static void ends_are_seen_for_their_windows(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        for (int side = 0; side < 2; side++) {
            struct world w;
            const char *who = side ? ACCEPTER : REQUESTER;
            int64_t window = side ? ends[i].accepter_s : ends[i].requester_s;
            world_with_request(&w, pcx);
            ends[i].end(&w);
            assert_seen(&w, who, pcx, ends[i].code);
            wait_s(&w, window - 1);
            assert_seen(&w, who, pcx, ends[i].code);
            wait_s(&w, 1);
            assert_seen(&w, who, pcx, "");
            assert_false(act(&w, who, HERE, "Delete", pcx)); // and cannot be acted on
            assert_refused(&w, 400, "InvalidVpcPeeringConnectionID.NotFound");
            world_close(&w);
        }
    }
}

static void one_account_sees_its_ends_for_two_hours(void **state)
{
    struct world *w = *state;
    char other[SIM_ID_STR], own[SIM_ID_STR];
    make_vpc(w, REQUESTER, HERE, "10.8.0.0/16", other);
    request_between(w, REQUESTER, HERE, w->own, REQUESTER, HERE, other, own);
    assert_seen(w, REQUESTER, own, "pending-acceptance");
    assert_true(act(w, REQUESTER, HERE, "Reject", own));
    wait_s(w, 2 * HOUR - 1);
    assert_seen(w, REQUESTER, own, "rejected");
    wait_s(w, 1);
    assert_seen(w, REQUESTER, own, "");
}

static void failed_is_seen_for_two_hours(void **state)
{
    struct world *w = *state;
    char bad[SIM_ID_STR];
    request_between(w, REQUESTER, HERE, w->own, ACCEPTER, HERE, "vpc-00000001", bad);
    wait_s(w, 2 * HOUR - 1);
    assert_seen(w, REQUESTER, bad, "failed");
    wait_s(w, 1);
    assert_seen(w, REQUESTER, bad, "");
}

static void initiating_lasts_as_set_and_is_the_requesters(void **state)
{
    struct world *w = *state;
    char other[SIM_ID_STR], slow[SIM_ID_STR];
    w->sim.settings.initiating_s = 20;
    make_vpc(w, ACCEPTER, HERE, "10.3.0.0/16", other);
    request_between(w, REQUESTER, HERE, w->own, ACCEPTER, HERE, other, slow);
    wait_s(w, 19);
    assert_seen(w, REQUESTER, slow, "initiating-request");
    assert_seen(w, ACCEPTER, slow, "");
    assert_false(act(w, REQUESTER, HERE, "Delete", slow));
    assert_refused(w, 400, "InvalidStateTransition");
    wait_s(w, 1);
    assert_seen(w, ACCEPTER, slow, "pending-acceptance");
    assert_string_equal(got(w, "message"), "Pending Acceptance by " ACCEPTER);
}

static void strangers_see_nothing(void **state)
{
    struct world *w = *state;
    assert_seen(w, STRANGER, pcx, "");
    assert_string_equal(seen(w, ACCEPTER, THERE, pcx), ""); // the right account in another Region
    const char *verbs[] = {"Accept", "Reject", "Delete"};
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        assert_false(act(w, STRANGER, HERE, verbs[i], pcx));
        assert_refused(w, 400, "InvalidVpcPeeringConnectionID.NotFound");
    }
}

static void later_settings_do_not_move_what_happened(void **state)
{
    struct world *w = *state;
    assert_true(act(w, ACCEPTER, HERE, "Accept", pcx));
    wait_s(w, 2);
    assert_seen(w, ACCEPTER, pcx, "active");
    w->sim.settings.provisioning_s = 3600;
    assert_seen(w, ACCEPTER, pcx, "active");
    w->sim.settings.expiry_s = 1;
    assert_seen(w, ACCEPTER, pcx, "active");
}

static void provisioning_allows_nothing(void **state)
{
    struct world *w = *state;
    assert_true(act(w, ACCEPTER, HERE, "Accept", pcx));
    const char *who[] = {REQUESTER, ACCEPTER};
    for (size_t i = 0; i < 2; i++) {
        assert_false(act(w, who[i], HERE, "Delete", pcx));
        assert_refused(w, 400, "InvalidStateTransition");
    }
}

static void both_sides_may_delete_an_active_one_once(void **state)
{
    struct world *w = *state;
    end_deleted_by_accepter(w);
    assert_string_equal(got(w, "return"), "true");
    assert_false(act(w, REQUESTER, HERE, "Delete", pcx));
    assert_refused(w, 400, "InvalidStateTransition");
    assert_false(act(w, ACCEPTER, HERE, "Accept", pcx));
    assert_refused(w, 400, "InvalidStateTransition");
}

static void the_pair_may_ask_again_after_an_end(void **state)
{
    struct world *w = *state;
    char again[SIM_ID_STR];
    end_rejected(w);
    request_between(w, REQUESTER, HERE, w->own, ACCEPTER, HERE, w->peer, again);
    assert_string_not_equal(again, pcx);
    assert_seen(w, ACCEPTER, again, "pending-acceptance");
    assert_seen(w, ACCEPTER, pcx, "rejected");
}

static void what_nobody_sees_is_swept(void **state)
{
    struct world *w = *state;
    struct sim_caller a = {STRANGER, HERE}, b = {ACCEPTER, HERE};
    assert_true(sim_bulk(&w->sim, &a, &b, w->now, slice_of(w->peer), 3000, false, &w->e));
    wait_s(w, 9 * DAY); // expired and past both windows
    char other[SIM_ID_STR], fresh[SIM_ID_STR];
    make_vpc(w, ACCEPTER, HERE, "10.4.0.0/16", other);
    request_between(w, REQUESTER, HERE, w->own, ACCEPTER, HERE, other, fresh);
    assert_int_equal(w->sim.peering_count, 1);
    assert_seen(w, ACCEPTER, fresh, "pending-acceptance");
}

static void vpc_parameters_are_judged(void **state)
{
    struct world *w = *state;
    const struct {
        const char *cidr, *code;
    } bad[] = {{"10.0.0.0/15", "InvalidVpc.Range"},
               {"10.0.0.0/29", "InvalidVpc.Range"},
               {"10.0.0.0", "InvalidParameterValue"},
               {"300.0.0.0/16", "InvalidParameterValue"},
               {"10.0.0.0/33", "InvalidParameterValue"},
               {"fd00::/56", "InvalidParameterValue"},
               {"", "MissingParameter"}};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(ask(w, REQUESTER, HERE, "Action=CreateVpc&CidrBlock=%s", bad[i].cidr));
        assert_refused(w, 400, bad[i].code);
    }
    assert_true(ask(w, REQUESTER, HERE, "Action=CreateVpc&CidrBlock=100.68.0.18/18"));
    assert_string_equal(got(w, "cidrBlock"), "100.68.0.0/18"); // host bits are cleared, as AWS does
    assert_false(ask(w, REQUESTER, HERE, "Action=CreateVpc&CidrBlock=10.0.0.0/16&DryRun=true"));
    assert_refused(w, 412, "DryRunOperation");
}

static void vpc_ids_are_judged(void **state)
{
    struct world *w = *state;
    const struct {
        const char *id, *code;
    } bad[] = {{"vpc-012345678", "InvalidVpcId.Malformed"},
               {"nonsense", "InvalidVpcId.Malformed"},
               {"vpc-0123456789abcdef0", "InvalidVpcID.NotFound"}};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(ask(w, REQUESTER, HERE, "Action=DeleteVpc&VpcId=%s", bad[i].id));
        assert_refused(w, 400, bad[i].code);
    }
    assert_false(ask(w, STRANGER, HERE, "Action=DescribeVpcs&VpcId.1=%s", w->own));
    assert_refused(w, 400, "InvalidVpcID.NotFound");
}

static void blocks_of_one_vpc_do_not_overlap(void **state)
{
    struct world *w = *state;
    assert_false(ask(w, REQUESTER, HERE, "Action=AssociateVpcCidrBlock&VpcId=%s&CidrBlock=10.1.2.0/24", w->own));
    assert_refused(w, 400, "CidrConflict");
    assert_true(ask(w, REQUESTER, HERE, "Action=AssociateVpcCidrBlock&VpcId=%s&CidrBlock=10.50.2.0/24", w->own));
    assert_true(ask(w, REQUESTER, HERE, "Action=DescribeVpcs&VpcId.1=%s", w->own));
    assert_int_equal(items(w, "cidrBlockAssociationSet"), 2);
    assert_string_equal(got(w, "state"), "available");
}

static void tags_have_limits(void **state)
{
    struct world *w = *state;
    assert_false(ask(w, REQUESTER, HERE, "Action=CreateTags&ResourceId.1=%s&Tag.1.Key=aws:x&Tag.1.Value=y", pcx));
    assert_refused(w, 400, "InvalidParameterValue");
    assert_false(ask(w, REQUESTER, HERE, "Action=CreateTags&ResourceId.1=sg-1&Tag.1.Key=x&Tag.1.Value=y"));
    assert_refused(w, 400, "InvalidID");
    for (int i = 0; i < SIM_TAGS_MAX; i++)
        assert_true(ask(w, REQUESTER, HERE, "Action=CreateTags&ResourceId.1=%s&Tag.1.Key=k%d&Tag.1.Value=v", pcx, i));
    assert_false(ask(w, REQUESTER, HERE, "Action=CreateTags&ResourceId.1=%s&Tag.1.Key=more&Tag.1.Value=v", pcx));
    assert_refused(w, 400, "TagLimitExceeded");
    assert_true(ask(w, REQUESTER, HERE, "Action=CreateTags&ResourceId.1=%s&Tag.1.Key=k7&Tag.1.Value=new", pcx));
    assert_true(ask(w, REQUESTER, HERE, "Action=DeleteTags&ResourceId.1=%s&Tag.1.Key=k7&Tag.1.Value=old", pcx));
    assert_true(ask(w, REQUESTER, HERE, "Action=DescribeTags&Filter.1.Name=key&Filter.1.Value.1=k7"));
    assert_string_equal(got(w, "value"), "new"); // another value: left alone
    assert_string_equal(got(w, "resourceType"), "vpc-peering-connection");
    assert_true(ask(w, REQUESTER, HERE, "Action=DeleteTags&ResourceId.1=%s", pcx));
    assert_true(ask(w, REQUESTER, HERE, "Action=DescribeTags"));
    assert_int_equal(items(w, "tagSet"), 0);
}

static void requests_are_read_strictly(void **state)
{
    struct world *w = *state;
    const struct {
        const char *body, *code;
    } bad[] = {
        {"Action=DescribeInstances", "InvalidAction"},
        {"Action=DescribeVpcs&Colour=blue", "UnknownParameter"},
        {"Action=DescribeVpcs&DryRun=maybe", "InvalidParameterValue"},
        {"Action=DescribeVpcs&Filter.1.Value.1=x", "MissingParameter"},
        {"Action=DescribeVpcs&MaxResults=5&MaxResults=6", "MalformedQueryString"},
        {"Action=DescribeVpcs&NextToken=%zz", "MalformedQueryString"},
        {"Action=DescribeVpcs&NextToken=%ff", "InvalidParameterValue"},
        {"Action=", "MissingParameter"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(ask_raw(w, REQUESTER, HERE, bad[i].body));
        assert_refused(w, 400, bad[i].code);
    }
}

static void hostile_text_stays_text(void **state)
{
    struct world *w = *state;
    assert_true(ask(w, REQUESTER, HERE,
                    "Action=CreateTags&ResourceId.1=%s&Tag.1.Key=%%3C%%2Fitem%%3E%%26&Tag.1.Value="
                    "%%5D%%5D%%3E%%22%%C3%%A9",
                    pcx));
    assert_seen(w, REQUESTER, pcx, "pending-acceptance");
    assert_string_equal(got(w, "key"), "</item>&");
    assert_string_equal(got(w, "value"), "]]>\"\xc3\xa9");
}

// Runs one action with the n-th allocation failing. Returns whether that allocation was reached.
static bool run_starved(struct world *w, const struct sim_caller *who, const char *body, uint64_t n, bool *ret_ok)
{
    struct form form;
    arena_reset(w->arena);
    buf_done(&w->out);
    buf_init(&w->out, (size_t)1 << 20);
    w->e = (struct ec2_error){0};
    mem_fault_set(n, false);
    struct ec2_call c = {.m = &w->sim,
                         .who = who,
                         .now = w->now,
                         .form = &form,
                         .request_id = "00000000-0000-4000-8000-000000000000",
                         .out = &w->out,
                         .e = &w->e};
    *ret_ok = form_read(w->arena, slice_of(body), &form, &w->e) && ec2_run(&c);
    bool fired = mem_fault_fired();
    mem_fault_set(0, false);
    return fired;
}

// Each allocation fails once; every answer is a clean refusal, and nothing leaks (AddressSanitizer looks).
static void no_memory_is_an_error_not_a_crash(void **state)
{
    (void)state;
    struct sim_caller requester = {REQUESTER, HERE};
    for (int action = 0; action < 3; action++) {
        uint64_t n = 0;
        bool fired = true;
        while (fired) {
            struct world w;
            char id[SIM_ID_STR], third[SIM_ID_STR], body[512];
            bool ok;
            world_with_request(&w, id);
            make_vpc(&w, ACCEPTER, HERE, "10.3.0.0/16", third);
            const char *tag = "TagSpecification.1.Tag.1.Key=a&TagSpecification.1.Tag.1.Value=b&Version=" EC2_VERSION;
            if (action == 0)
                snprintf(body, sizeof(body),
                         "Action=CreateVpc&CidrBlock=10.7.0.0/16&TagSpecification.1.ResourceType=vpc&%s", tag);
            else if (action == 1)
                snprintf(body, sizeof(body),
                         "Action=CreateVpcPeeringConnection&VpcId=%s&PeerVpcId=%s&PeerOwnerId=" ACCEPTER
                         "&TagSpecification.1.ResourceType=vpc-peering-connection&%s",
                         w.own, third, tag);
            else
                snprintf(body, sizeof(body),
                         "Action=DescribeVpcPeeringConnections&Filter.1.Name=status-code&Filter.1.Value.1=*&Version="
                         "%s",
                         EC2_VERSION);
            fired = run_starved(&w, &requester, body, ++n, &ok);
            assert_int_equal(ok, !fired);
            if (fired) assert_refused(&w, 500, "InternalError");
            assert_seen(&w, ACCEPTER, id, "pending-acceptance");
            world_close(&w);
            assert_true(n < 200);
        }
        assert_true(n > 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_are_seen_for_their_windows),
        cmocka_unit_test_setup_teardown(one_account_sees_its_ends_for_two_hours, setup, teardown),
        cmocka_unit_test_setup_teardown(failed_is_seen_for_two_hours, setup, teardown),
        cmocka_unit_test_setup_teardown(initiating_lasts_as_set_and_is_the_requesters, setup, teardown),
        cmocka_unit_test_setup_teardown(strangers_see_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(later_settings_do_not_move_what_happened, setup, teardown),
        cmocka_unit_test_setup_teardown(provisioning_allows_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(both_sides_may_delete_an_active_one_once, setup, teardown),
        cmocka_unit_test_setup_teardown(the_pair_may_ask_again_after_an_end, setup, teardown),
        cmocka_unit_test_setup_teardown(what_nobody_sees_is_swept, setup, teardown),
        cmocka_unit_test_setup_teardown(vpc_parameters_are_judged, setup, teardown),
        cmocka_unit_test_setup_teardown(vpc_ids_are_judged, setup, teardown),
        cmocka_unit_test_setup_teardown(blocks_of_one_vpc_do_not_overlap, setup, teardown),
        cmocka_unit_test_setup_teardown(tags_have_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(requests_are_read_strictly, setup, teardown),
        cmocka_unit_test_setup_teardown(hostile_text_stays_text, setup, teardown),
        cmocka_unit_test(no_memory_is_an_error_not_a_crash),
    };
    return cmocka_run_group_tests_name("ec2sim lifecycle", tests, NULL, NULL);
}
