// SPDX-License-Identifier: Apache-2.0
// The simulated cloud as a function: repeatable to the bit, every action under every fault, sessions, hostile input.
// Must never: open a socket, sleep, or depend on real time.

#include "ec2sim/inproc.h"

#include "base/mem.h"
#include "ec2sim/digest.h"
#include "ec2sim/turn.h"
#include "net/crypto.h"
#include "support/ec2sim_world.h"

#define START wall_from_sec(1800000000)

// ---- a small cloud: what every action needs to work on

struct stage {
    struct ec2sim_world *w;
    struct wall now;
    char own[SIM_ID_STR], peer[SIM_ID_STR], far[SIM_ID_STR], rtb[SIM_ID_STR], spare[SIM_ID_STR];
    char pending[SIM_ID_STR], active[SIM_ID_STR];
};

static struct ec2sim_answer call(struct stage *s, const char *who, const char *fmt, ...) PRINTF_LIKE(3, 4);
static struct ec2sim_answer call(struct stage *s, const char *who, const char *fmt, ...)
{
    char body[2048];
    struct ec2sim_answer a;
    va_list ap;
    va_start(ap, fmt);
    assert_true(vsnprintf(body, sizeof(body), fmt, ap) < (int)sizeof(body));
    va_end(ap);
    struct ec2sim_call q = {.who = slice_of(who), .region = HERE, .body = slice_of(body), .now = s->now};
    ec2sim_world_call(s->w, &q, &a);
    return a;
}
#define V "&Version=" EC2_VERSION

// Text of the first <name> in a reply; the room is big enough for ids.
static void take_text(struct ec2sim_answer a, const char *name, char out[SIM_ID_STR])
{
    char open[64];
    snprintf(open, sizeof(open), "<%s>", name);
    ptrdiff_t at = -1;
    for (size_t i = 0; i + strlen(open) <= a.body.n && at < 0; i++)
        if (memcmp(a.body.p + i, open, strlen(open)) == 0) at = (ptrdiff_t)(i + strlen(open));
    assert_true(at >= 0);
    struct slice rest = slice_skip(a.body, (size_t)at), text;
    assert_true(slice_cut(&rest, '<', &text) && slice_copy(text, out, SIM_ID_STR));
}

static bool holds(struct slice body, const char *text)
{
    return memmem(body.p, body.n, text, strlen(text)) != NULL;
}

static void fault(struct stage *s, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void fault(struct stage *s, const char *fmt, ...)
{
    char json[300];
    struct error err;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(json, sizeof(json), fmt, ap);
    va_end(ap);
    if (ec2sim_world_fault(s->w, slice_of(json), s->now, &err) != ERR_OK) fail_msg("%s", err.detail);
}

static void ok(struct ec2sim_answer a)
{
    if (a.status != 200) fail_msg("%.*s", SLICE_FMT(a.body));
}

static void request(struct stage *s, const char *vpc, char out[SIM_ID_STR])
{
    struct ec2sim_answer a =
        call(s, REQUESTER, "Action=CreateVpcPeeringConnection" V "&VpcId=%s&PeerVpcId=%s&PeerOwnerId=" ACCEPTER, vpc,
             s->peer);
    ok(a);
    take_text(a, "vpcPeeringConnectionId", out);
}

static void vpc(struct stage *s, const char *who, const char *cidr, char out[SIM_ID_STR])
{
    struct ec2sim_answer a = call(s, who, "Action=CreateVpc" V "&CidrBlock=%s", cidr);
    ok(a);
    take_text(a, "vpcId", out);
}

static void open_stage(struct stage *s, uint64_t seed)
{
    struct error err;
    *s = (struct stage){.now = START};
    assert_int_equal(ec2sim_world_new(seed, NULL, &s->w, &err), ERR_OK);
    vpc(s, REQUESTER, "10.1.0.0/16", s->own);
    vpc(s, REQUESTER, "10.3.0.0/16", s->far);
    vpc(s, ACCEPTER, "10.2.0.0/16", s->peer);
    request(s, s->own, s->active);
    request(s, s->far, s->pending);
    ok(call(s, ACCEPTER, "Action=AcceptVpcPeeringConnection" V "&VpcPeeringConnectionId=%s", s->active));
    struct ec2sim_answer a = call(s, ACCEPTER, "Action=DescribeRouteTables" V);
    ok(a);
    take_text(a, "routeTableId", s->rtb);
    a = call(s, ACCEPTER, "Action=CreateRouteTable" V "&VpcId=%s", s->peer);
    ok(a);
    take_text(a, "routeTableId", s->spare);
    s->now.us += 60 * US_PER_SEC;
    ok(call(s, ACCEPTER,
            "Action=CreateRoute" V "&RouteTableId=%s&DestinationCidrBlock=10.1.0.0/16&VpcPeeringConnectionId=%s",
            s->rtb, s->active));
    ok(call(s, ACCEPTER, "Action=CreateTags" V "&ResourceId.1=%s&Tag.1.Key=a&Tag.1.Value=b", s->peer));
    s->now.us += 60 * US_PER_SEC;
}

static void close_stage(struct stage *s)
{
    ec2sim_world_free(&s->w);
    assert_null(s->w);
    ec2sim_world_free(&s->w);
}

static uint64_t model(const struct stage *s)
{
    return sim_digest(ec2sim_world_model(s->w));
}

// One call of every EC2 action that works on the stage. `changes`: it has an effect.
#define PCX  "&VpcPeeringConnectionId="
#define DEST "&DestinationCidrBlock="
static struct ec2sim_answer perform(struct stage *s, const char *action, bool *ret_changes)
{
    const struct {
        const char *action, *rest, *id, *rest2, *id2;
        bool by_requester, reads;
    } t[] = {
        {"AcceptVpcPeeringConnection", PCX, s->pending, "", "", false, false},
        {"AssociateVpcCidrBlock", "&CidrBlock=10.60.0.0/16&VpcId=", s->peer, "", "", false, false},
        {"CreateRoute", DEST "10.9.0.0/16&RouteTableId=", s->rtb, PCX, s->active, false, false},
        {"CreateRouteTable", "&VpcId=", s->peer, "", "", false, false},
        {"CreateTags", "&Tag.1.Key=k&Tag.1.Value=v&ResourceId.1=", s->pending, "", "", false, false},
        {"CreateVpc", "&CidrBlock=10.70.0.0/16", "", "", "", false, false},
        {"CreateVpcPeeringConnection", "&VpcId=", s->own, "&PeerVpcId=", s->far, true, false},
        {"DeleteRoute", DEST "10.1.0.0/16&RouteTableId=", s->rtb, "", "", false, false},
        {"DeleteRouteTable", "&RouteTableId=", s->spare, "", "", false, false},
        {"DeleteTags", "&ResourceId.1=", s->peer, "", "", false, false},
        {"DeleteVpc", "&VpcId=", s->far, "", "", true, false},
        {"DeleteVpcPeeringConnection", PCX, s->active, "", "", false, false},
        {"DescribeRegions", "", "", "", "", false, true},
        {"DescribeRouteTables", "", "", "", "", false, true},
        {"DescribeTags", "", "", "", "", false, true},
        {"DescribeVpcPeeringConnections", "", "", "", "", false, true},
        {"DescribeVpcs", "", "", "", "", false, true},
        {"ModifyVpcPeeringConnectionOptions",
         "&AccepterPeeringConnectionOptions.AllowDnsResolutionFromRemoteVpc=true" PCX, s->active, "", "", false, false},
        {"RejectVpcPeeringConnection", PCX, s->pending, "", "", false, false},
        {"ReplaceRoute", DEST "10.1.0.0/16&RouteTableId=", s->rtb, PCX, s->pending, false, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        if (strcmp(t[i].action, action) != 0) continue;
        *ret_changes = !t[i].reads;
        return call(s, t[i].by_requester ? REQUESTER : ACCEPTER, "Action=%s" V "%s%s%s%s", action, t[i].rest, t[i].id,
                    t[i].rest2, t[i].id2);
    }
    fail_msg("no example of %s", action); // a new action needs one here
    return (struct ec2sim_answer){0};
}

// ---- repeatable

static uint64_t wander(uint64_t seed, unsigned calls, uint64_t *ret_text)
{
    struct stage s;
    struct seeded_rng state;
    struct rng rng = rng_seeded(&state, 77);
    struct fold text = {0};
    open_stage(&s, seed);
    fault(&s, "{\"kind\":\"lost-reply\",\"percent\":10,\"times\":0}");
    fault(&s, "{\"kind\":\"throttle\",\"percent\":10,\"times\":0}");
    for (unsigned i = 0; i < calls; i++) {
        unsigned n = 0;
        bool changes;
        while (ec2_action_at(n)) n++;
        struct ec2sim_answer a = perform(&s, ec2_action_at((unsigned)rng_below(&rng, n)), &changes);
        fold_int(&text, a.status);
        fold_bytes(&text, a.body.p, a.body.n);
        s.now.us += (int64_t)rng_below(&rng, 3600) * US_PER_SEC;
    }
    uint64_t digest = ec2sim_world_digest(s.w);
    *ret_text = fold_end(&text);
    close_stage(&s);
    return digest;
}

static void the_same_seed_goes_the_same_way(void **state)
{
    (void)state;
    uint64_t text[3];
    uint64_t a = wander(1, 3000, &text[0]), b = wander(1, 3000, &text[1]), c = wander(2, 3000, &text[2]);
    assert_true(a == b && text[0] == text[1]);
    assert_true(a != c && text[0] != text[2]);
}

static void the_digest_sees_every_change(void **state)
{
    (void)state;
    const char *action;
    for (unsigned i = 0; (action = ec2_action_at(i)) != NULL; i++) {
        struct stage s;
        bool changes;
        open_stage(&s, 5);
        uint64_t before = model(&s);
        struct ec2sim_answer a = perform(&s, action, &changes);
        ok(a);
        assert_string_equal(a.action, action);
        assert_int_equal(a.changed, changes);
        if ((model(&s) != before) != changes) fail_msg("%s", action);
        close_stage(&s);
    }
}

static void settings_faults_and_time_are_part_of_the_digest(void **state)
{
    (void)state;
    struct stage s;
    struct error err;
    open_stage(&s, 5);
    ok(call(&s, ACCEPTER, "Action=DescribeVpcs" V)); // the time is now, too
    uint64_t d = ec2sim_world_digest(s.w), next;
    assert_true(ec2sim_world_digest(s.w) == d); // asking changes nothing
    assert_int_equal(ec2sim_world_setting(s.w, "staleSeconds", 4, &err), ERR_OK);
    assert_true((next = ec2sim_world_digest(s.w)) != d);
    d = next;
    fault(&s, "{\"kind\":\"slow\"}");
    assert_true((next = ec2sim_world_digest(s.w)) != d);
    ec2sim_world_faults_clear(s.w);
    assert_true(ec2sim_world_digest(s.w) == d);
    ok(call(&s, ACCEPTER, "Action=DescribeVpcs" V)); // a request id was drawn
    assert_true(ec2sim_world_digest(s.w) != d);
    assert_int_equal(ec2sim_world_setting(s.w, "colour", 4, &err), ERR_NOT_FOUND);
    close_stage(&s);
}

static void time_does_not_run_back(void **state)
{
    (void)state;
    struct stage s;
    open_stage(&s, 5);
    s.now.us += 7 * DAY * US_PER_SEC;
    const char *list = "Action=DescribeVpcPeeringConnections" V "&Filter.1.Name=status-code&Filter.1.Value.1=expired";
    assert_true(holds(call(&s, ACCEPTER, "%s", list).body, s.pending));
    s.now = START;
    assert_true(holds(call(&s, ACCEPTER, "%s", list).body, s.pending));
    close_stage(&s);
}

// ---- every action under every fault

struct expectation {
    enum fault_kind kind;
    int status; // of the answer; 0 = none
    bool effect, first_passes;
};
static const struct expectation expectations[] = {
    {FAULT_THROTTLE, 503, false, false},      {FAULT_RATE, 503, false, true},
    {FAULT_OUTAGE, 503, false, false},        {FAULT_UNREACHABLE, 0, false, false},
    {FAULT_ERROR, 500, false, false},         {FAULT_ERROR_AFTER, 500, true, false},
    {FAULT_LOST_REPLY, 0, true, false},       {FAULT_LOST_REQUEST, 0, false, false},
    {FAULT_TRUNCATED, 200, true, false},      {FAULT_HTML, 502, false, false},
    {FAULT_EMPTY, 200, false, false},         {FAULT_SLOW, 200, true, false},
    {FAULT_HUGE, 200, true, false},           {FAULT_STALE, 200, true, false},
    {FAULT_FOREIGN, 200, true, false},        {FAULT_DUPLICATE, 200, true, false},
    {FAULT_UNKNOWN_STATUS, 200, true, false}, {FAULT_DOCTYPE, 200, true, false},
};

static void meet(const char *action, const struct expectation *x)
{
    struct stage s;
    bool changes;
    open_stage(&s, 5);
    fault(&s, "{\"kind\":\"%s\",\"action\":\"%s\",\"seconds\":100}", fault_kind_name(x->kind), action);
    if (x->first_passes) (void)call(&s, ACCEPTER, "Action=%s" V, action); // takes the one place in the bucket
    uint64_t before = model(&s);
    struct ec2sim_answer a = perform(&s, action, &changes);
    assert_int_equal(a.status, x->status);
    assert_string_equal(a.fault, fault_kind_name(x->kind));
    if (a.status == 0) assert_int_equal(a.body.n, 0);
    if ((model(&s) != before) != (changes && x->effect)) fail_msg("%s under %s", action, fault_kind_name(x->kind));
    s.now.us += 100 * US_PER_SEC; // over: the same call works, if it had no effect before
    if (!x->effect) ok(perform(&s, action, &changes));
    close_stage(&s);
}

static void every_action_meets_every_fault(void **state)
{
    (void)state;
    const char *action;
    assert_int_equal(ARRAY_LEN(expectations), FAULT_KIND_COUNT_ - 1);
    for (unsigned i = 0; (action = ec2_action_at(i)) != NULL; i++)
        for (size_t k = 0; k < ARRAY_LEN(expectations); k++) meet(action, &expectations[k]);
}

static void a_lost_reply_can_be_resolved_by_describing(void **state)
{
    (void)state;
    struct stage s;
    open_stage(&s, 5);
    fault(&s, "{\"kind\":\"lost-reply\",\"action\":\"AcceptVpcPeeringConnection\"}");
    struct ec2sim_answer a =
        call(&s, ACCEPTER, "Action=AcceptVpcPeeringConnection" V "&VpcPeeringConnectionId=%s", s.pending);
    assert_true(a.status == 0 && a.changed);
    a = call(&s, ACCEPTER, "Action=DescribeVpcPeeringConnections" V "&VpcPeeringConnectionId.1=%s", s.pending);
    assert_true(holds(a.body, "<code>provisioning</code>"));
    close_stage(&s);
}

static void an_hour_of_outage(void **state)
{
    (void)state;
    struct stage s;
    unsigned served = 0;
    open_stage(&s, 5);
    fault(&s, "{\"kind\":\"outage\",\"seconds\":3600}");
    for (int i = 0; i < 7200; i++) {
        served += call(&s, ACCEPTER, "Action=DescribeVpcs" V).status == 200;
        s.now.us += US_PER_SEC;
    }
    assert_int_equal(served, 3600);
    close_stage(&s);
}

static void one_request_a_second(void **state)
{
    (void)state;
    struct stage s;
    unsigned served = 0;
    open_stage(&s, 5);
    fault(&s, "{\"kind\":\"rate\",\"perSecond\":1}");
    for (int i = 0; i < 1000; i++) { // 10 a second for 100 s
        struct ec2sim_answer a = call(&s, ACCEPTER, "Action=DescribeVpcs" V);
        served += a.status == 200;
        if (a.status != 200) assert_true(a.status == 503 && holds(a.body, "<Code>RequestLimitExceeded</Code>"));
        s.now.us += US_PER_SEC / 10;
    }
    assert_in_range(served, 99, 101);
    close_stage(&s);
}

static void aws_own_buckets_follow_the_simulated_time(void **state)
{
    (void)state;
    struct stage s;
    struct error err;
    unsigned served = 0;
    open_stage(&s, 5);
    assert_int_equal(ec2sim_world_setting(s.w, "throttling", 1, &err), ERR_OK);
    for (int i = 0; i < 300; i++) served += call(&s, ACCEPTER, "Action=DescribeVpcs" V).status == 200;
    assert_int_equal(served, 100);
    s.now.us += US_PER_SEC;
    for (int i = 0; i < 300; i++) served += call(&s, ACCEPTER, "Action=DescribeVpcs" V).status == 200;
    assert_int_equal(served, 120);
    close_stage(&s);
}

static void bent_replies(void **state)
{
    (void)state;
    struct stage s;
    open_stage(&s, 5);
    fault(&s, "{\"kind\":\"slow\",\"ms\":1500}");
    assert_int_equal(call(&s, ACCEPTER, "Action=DescribeVpcs" V).delay_ms, 1500);
    size_t whole = call(&s, ACCEPTER, "Action=DescribeVpcs" V).body.n;
    fault(&s, "{\"kind\":\"truncated\"}");
    assert_int_equal(call(&s, ACCEPTER, "Action=DescribeVpcs" V).body.n, whole / 2);
    fault(&s, "{\"kind\":\"html\"}");
    struct ec2sim_answer a = call(&s, ACCEPTER, "Action=DescribeVpcs" V);
    assert_true(a.status == 502 && strcmp(a.content_type, "text/html") == 0 && holds(a.body, "<h1>Bad Gateway"));
    fault(&s, "{\"kind\":\"huge\",\"bytes\":100000}");
    assert_true(call(&s, ACCEPTER, "Action=DescribeVpcs" V).body.n > 100000);
    fault(&s, "{\"kind\":\"duplicate\"}");
    a = call(&s, ACCEPTER, "Action=DescribeRouteTables" V);
    struct slice rest = a.body;
    const char *first = memmem(rest.p, rest.n, s.rtb, strlen(s.rtb));
    assert_non_null(first);
    rest = slice_skip(rest, (size_t)(first - rest.p) + 600);
    assert_true(holds(rest, s.rtb));
    a = call(&s, ACCEPTER, "Action=DescribeVpcs" V); // and all is well again
    assert_true(a.status == 200 && a.body.n == whole && !a.fault);
    close_stage(&s);
}

// ---- who

static void keys_and_sessions(void **state)
{
    (void)state;
    struct stage s;
    struct error err;
    char key[SIM_ID_STR];
    assert_int_equal(crypto_init(&err), ERR_OK);
    open_stage(&s, 5);
    assert_int_equal(ec2sim_world_key(s.w, REQUESTER, "AKIAREQUESTER0000001", &err), ERR_OK);
    struct ec2sim_answer a = call(&s, "AKIAREQUESTER0000001", "Action=GetCallerIdentity&Version=2011-06-15");
    ok(a);
    assert_true(holds(a.body, "<Account>" REQUESTER "</Account>"));
    a = call(&s, REQUESTER,
             "Action=AssumeRole&Version=2011-06-15&RoleArn=arn:aws:iam::" ACCEPTER ":role/peer&RoleSessionName=me"
             "&DurationSeconds=900");
    ok(a);
    take_text(a, "AccessKeyId", key);
    a = call(&s, key, "Action=DescribeVpcs" V);
    ok(a);
    assert_true(holds(a.body, s.peer) && !holds(a.body, s.own));
    s.now.us += 900 * US_PER_SEC;
    a = call(&s, key, "Action=DescribeVpcs" V);
    assert_true(a.status == 400 && holds(a.body, "<Code>RequestExpired</Code>"));
    a = call(&s, "AKIANOBODY0000000001", "Action=DescribeVpcs" V);
    assert_true(a.status == 401 && holds(a.body, "<Code>AuthFailure</Code>"));
    a = call(&s, "AKIANOBODY0000000001", "Action=GetCallerIdentity&Version=2011-06-15");
    assert_true(a.status == 403 && holds(a.body, "InvalidClientTokenId"));
    close_stage(&s);
}

// ---- hostile input, lack of memory

static void bad_requests_are_answered(void **state)
{
    (void)state;
    static const struct {
        const char *body, *code;
    } t[] = {{"", "MissingParameter"},
             {"&&&", "MissingParameter"},
             {"Action=", "MissingParameter"},
             {"Action=Explode" V, "InvalidAction"},
             {"Action=DescribeVpcs&Version=1999-01-01", "NoSuchVersion"},
             {"Action=DescribeVpcs&Action=DescribeVpcs" V, "MalformedQueryString"},
             {"Action=DescribeVpcs%" V, "MalformedQueryString"}};
    struct stage s;
    open_stage(&s, 5);
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct ec2sim_answer a;
        struct ec2sim_call q = {.who = SLICE(ACCEPTER), .region = HERE, .body = slice_of(t[i].body), .now = s.now};
        ec2sim_world_call(s.w, &q, &a);
        assert_int_equal(a.status, 400);
        if (!holds(a.body, t[i].code)) fail_msg("%s: %.*s", t[i].body, SLICE_FMT(a.body));
    }
    struct ec2sim_answer a;
    struct ec2sim_call q = {.who = SLICE(ACCEPTER),
                            .region = "a-region-whose-name-is-longer-than-any",
                            .body = SLICE("Action=DescribeVpcs" V),
                            .now = s.now};
    ec2sim_world_call(s.w, &q, &a);
    assert_int_equal(a.status, 403);
    close_stage(&s);
}

static void noise_never_breaks_it(void **state)
{
    (void)state;
    struct stage s;
    struct seeded_rng seeded;
    struct rng rng = rng_seeded(&seeded, 9);
    open_stage(&s, 5);
    for (int i = 0; i < 20000; i++) {
        static const char *const parts[] = {"Action=",
                                            "Filter.1.Name=",
                                            "Filter.1.Value.1=",
                                            "&",
                                            "=",
                                            "%",
                                            "RouteTableId=",
                                            "DestinationCidrBlock=",
                                            "10.0.0.0/8",
                                            "CreateRoute",
                                            "DescribeRouteTables",
                                            V,
                                            "ResourceId.",
                                            "Tag.1.Key=",
                                            "rtb-00000000",
                                            "\xff",
                                            "NextToken=",
                                            "5"};
        char body[400];
        size_t n = 0;
        for (unsigned k = (unsigned)rng_below(&rng, 12); k > 0; k--) {
            const char *p = parts[rng_below(&rng, ARRAY_LEN(parts))];
            n += (size_t)snprintf(body + n, sizeof(body) - n, "%s", p);
        }
        struct ec2sim_answer a;
        struct ec2sim_call q = {.who = SLICE(ACCEPTER), .region = HERE, .body = slice_n(body, n), .now = s.now};
        ec2sim_world_call(s.w, &q, &a);
        assert_true(a.status == 200 || a.status == 400);
        assert_true(a.body.n > 0);
    }
    close_stage(&s);
}

static void lack_of_memory_is_a_500(void **state)
{
    (void)state;
    const char *action;
    struct error err;
    for (uint64_t n = 1;; n++) {
        struct ec2sim_world *w = NULL;
        mem_fault_set(n, false);
        enum err rc = ec2sim_world_new(1, NULL, &w, &err);
        bool fired = mem_fault_fired();
        mem_fault_set(0, false);
        assert_int_equal(rc, fired ? ERR_NOMEM : ERR_OK);
        ec2sim_world_free(&w);
        if (!fired) break;
        assert_true(n < 100);
    }
    for (unsigned i = 0; (action = ec2_action_at(i)) != NULL; i++) {
        for (uint64_t n = 1;; n++) {
            struct stage s;
            bool changes;
            open_stage(&s, 5);
            mem_fault_set(n, false);
            struct ec2sim_answer a = perform(&s, action, &changes);
            bool fired = mem_fault_fired();
            mem_fault_set(0, false);
            assert_true(a.status == 200 || (fired && a.status == 500));
            const struct sim *m = ec2sim_world_model(s.w);
            size_t mains = 0;
            for (size_t k = 0; k < m->table_count; k++) mains += m->tables[k]->is_main;
            assert_int_equal(mains, m->vpc_count); // no VPC without its table, no table without its VPC
            for (size_t k = 0; k < m->vpc_count; k++) assert_true(m->vpcs[k]->main->is_main);
            close_stage(&s);
            if (!fired) break;
            assert_true(n < 100);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_goes_the_same_way),
        cmocka_unit_test(the_digest_sees_every_change),
        cmocka_unit_test(settings_faults_and_time_are_part_of_the_digest),
        cmocka_unit_test(time_does_not_run_back),
        cmocka_unit_test(every_action_meets_every_fault),
        cmocka_unit_test(a_lost_reply_can_be_resolved_by_describing),
        cmocka_unit_test(an_hour_of_outage),
        cmocka_unit_test(one_request_a_second),
        cmocka_unit_test(aws_own_buckets_follow_the_simulated_time),
        cmocka_unit_test(bent_replies),
        cmocka_unit_test(keys_and_sessions),
        cmocka_unit_test(bad_requests_are_answered),
        cmocka_unit_test(noise_never_breaks_it),
        cmocka_unit_test(lack_of_memory_is_a_500),
    };
    return cmocka_run_group_tests_name("ec2sim in process", tests, NULL, NULL);
}
