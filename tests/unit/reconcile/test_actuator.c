// SPDX-License-Identifier: Apache-2.0
// Actions against a scripted EC2 and a real store: effects, lost replies, outages, refusals, routes, freezes, stopping.
// Run by: meson test. Must never: wait for a clock; the hands are moved by the test.
#include "reconcile/actuator.h"

#include "base/log.h"
#include "base/metrics.h"
#include "core/action.h"
#include "net/crypto.h"
#include "reconcile/act.h"
#include "tests/support/fake_http.h"
#include "tests/unit/store/fixture.h"

#define VPC     "vpc-00000000000000001"
#define ACCOUNT "111111111111"
#define PCX     "pcx-0000000000000000a"
#define RTB     "rtb-00000000000000001"
#define BLOCK   "10.9.0.0/16"

// The cloud: one peering, one route table with at most one route to BLOCK.
struct script {
    pthread_mutex_t mutex;
    const char *account, *status; // status NULL = no such peering
    const char *accepter_vpc;
    const char *route; // target, NULL = none
    const char *name;  // tag, NULL = none
    bool dns;
    const char *refusal; // error code of every change
    const char *broken;  // error code of everything but identity
    bool lose;           // changes take effect and are not answered
    bool stale;          // describe shows pending-acceptance whatever there is
    bool hang;           // changes are not answered until the client goes
    unsigned accepts, rejects, deletes, describes, creates, removals, finds;
    unsigned tags, options;
    char tag[256]; // as it was sent, encoded
};

struct scene {
    struct fixture f;
    struct fake_http server;
    struct script script;
    char url[64], group_id[OID_HEX + 1], network_id[OID_HEX + 1];
    struct cloud *cloud;
    struct core *core;
    struct actuator *actuator;
};

#define SET(t, field, value)                                                                                           \
    do {                                                                                                               \
        pthread_mutex_lock(&(t)->script.mutex);                                                                        \
        (t)->script.field = (value);                                                                                   \
        pthread_mutex_unlock(&(t)->script.mutex);                                                                      \
    } while (0)
#define COUNT(t, field) count_of(t, &(t)->script.field)

static unsigned count_of(struct scene *t, const unsigned *n)
{
    pthread_mutex_lock(&t->script.mutex);
    unsigned v = *n;
    pthread_mutex_unlock(&t->script.mutex);
    return v;
}

static void send_xml(int fd, const char *status, const char *body)
{
    fake_reply(fd, status, "Content-Type: text/xml\r\n", body);
}

static void send_code(int fd, const char *code)
{
    char body[512];
    snprintf(body, sizeof body,
             "<Response><Errors><Error><Code>%s</Code><Message>no</Message></Error></Errors></Response>", code);
    send_xml(fd, "400 Bad Request", body);
}

static void record(const struct script *s, const char *status, char *out, size_t cap)
{
    snprintf(out, cap,
             "<vpcPeeringConnectionId>" PCX "</vpcPeeringConnectionId><requesterVpcInfo><ownerId>222222222222</ownerId>"
             "<vpcId>vpc-0a0a0a0a</vpcId><region>us-east-1</region><cidrBlock>" BLOCK "</cidrBlock></requesterVpcInfo>"
             "<accepterVpcInfo><ownerId>" ACCOUNT "</ownerId><vpcId>%s</vpcId><region>us-east-1</region>"
             "</accepterVpcInfo><status><code>%s</code></status>",
             s->accepter_vpc, status);
}

static void send_describe(struct script *s, int fd)
{
    char item[1024], body[2048];
    s->describes++;
    if (!s->status) {
        send_code(fd, "InvalidVpcPeeringConnectionID.NotFound");
        return;
    }
    record(s, s->stale ? "pending-acceptance" : s->status, item, sizeof item);
    snprintf(body, sizeof body,
             "<DescribeVpcPeeringConnectionsResponse><vpcPeeringConnectionSet><item>%s<tagSet><item><key>Owner</key>"
             "<value>x</value></item>%s%s%s</tagSet></item></vpcPeeringConnectionSet>"
             "</DescribeVpcPeeringConnectionsResponse>",
             item, s->name ? "<item><key>Name</key><value>" : "", s->name ? s->name : "",
             s->name ? "</value></item>" : "");
    send_xml(fd, "200 OK", body);
}

static void send_change(struct script *s, int fd, const char *action, const char *needs, const char *becomes)
{
    char item[1024], body[2048];
    if (!s->status) {
        send_code(fd, "InvalidVpcPeeringConnectionID.NotFound");
        return;
    }
    if (s->refusal || strcmp(s->status, needs) != 0) {
        send_code(fd, s->refusal ? s->refusal : "InvalidStateTransition");
        return;
    }
    s->status = becomes;
    if (s->lose) return;
    record(s, becomes, item, sizeof item);
    if (strcmp(action, "AcceptVpcPeeringConnection") == 0)
        snprintf(body, sizeof body, "<%sResponse><vpcPeeringConnection>%s</vpcPeeringConnection></%sResponse>", action,
                 item, action);
    else
        snprintf(body, sizeof body, "<%sResponse><return>true</return></%sResponse>", action, action);
    send_xml(fd, "200 OK", body);
}

static void send_tables(struct script *s, int fd)
{
    char route[256] = "", body[1024];
    s->finds++;
    if (s->route)
        snprintf(route, sizeof route,
                 "<item><destinationCidrBlock>" BLOCK "</destinationCidrBlock><%s>%s</%s><origin>CreateRoute</origin>"
                 "<state>active</state></item>",
                 s->route[0] == 'p' ? "vpcPeeringConnectionId" : "gatewayId", s->route,
                 s->route[0] == 'p' ? "vpcPeeringConnectionId" : "gatewayId");
    snprintf(body, sizeof body,
             "<DescribeRouteTablesResponse><routeTableSet><item><routeTableId>" RTB "</routeTableId><vpcId>" VPC
             "</vpcId><routeSet>%s</routeSet></item></routeTableSet></DescribeRouteTablesResponse>",
             route);
    send_xml(fd, "200 OK", body);
}

static void send_route(struct script *s, int fd, bool create)
{
    *(create ? &s->creates : &s->removals) += 1;
    if (s->refusal) {
        send_code(fd, s->refusal);
    } else if (create && s->route) {
        send_code(fd, "RouteAlreadyExists");
    } else if (!create && !s->route) {
        send_code(fd, "InvalidRoute.NotFound");
    } else {
        s->route = create ? PCX : NULL;
        if (!s->lose)
            send_xml(fd, "200 OK",
                     create ? "<CreateRouteResponse><return>true</return></CreateRouteResponse>"
                            : "<DeleteRouteResponse><return>true</return></DeleteRouteResponse>");
    }
}

static void send_finish(struct script *s, int fd, const char *request, bool tag)
{
    *(tag ? &s->tags : &s->options) += 1;
    const char *value = strstr(request, "Tag.1.Value=");
    if (value) snprintf(s->tag, sizeof s->tag, "%.*s", (int)strcspn(value + 12, "&\r\n"), value + 12);
    if (s->refusal) {
        send_code(fd, s->refusal);
        return;
    }
    if (tag)
        s->name = s->tag;
    else
        s->dns = strstr(request, "AllowDnsResolutionFromRemoteVpc=true") != NULL;
    if (s->lose) return;
    send_xml(fd, "200 OK",
             tag ? "<CreateTagsResponse><return>true</return></CreateTagsResponse>"
                 : "<ModifyVpcPeeringConnectionOptionsResponse><accepterPeeringConnectionOptions/>"
                   "</ModifyVpcPeeringConnectionOptionsResponse>");
}

static void send_identity(const struct script *s, int fd)
{
    char body[512];
    snprintf(body, sizeof body,
             "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::%s:user/x</Arn><Account>%s"
             "</Account></GetCallerIdentityResult></GetCallerIdentityResponse>",
             s->account, s->account);
    send_xml(fd, "200 OK", body);
}

static void answer(void *ctx, int fd, const char *request, unsigned n)
{
    struct script *s = ctx;
    (void)n;
    pthread_mutex_lock(&s->mutex);
    bool hang = s->hang && !strstr(request, "Action=GetCallerIdentity");
    if (strstr(request, "Action=GetCallerIdentity")) {
        send_identity(s, fd);
    } else if (strstr(request, "Action=AcceptVpc")) {
        s->accepts++;
        if (!hang && !s->broken) send_change(s, fd, "AcceptVpcPeeringConnection", "pending-acceptance", "provisioning");
    } else if (strstr(request, "Action=RejectVpc")) {
        s->rejects++;
        if (!hang && !s->broken) send_change(s, fd, "RejectVpcPeeringConnection", "pending-acceptance", "rejected");
    } else if (strstr(request, "Action=DeleteVpc")) {
        s->deletes++;
        if (!hang && !s->broken) send_change(s, fd, "DeleteVpcPeeringConnection", "active", "deleting");
    } else if (s->broken) {
        s->describes++;
        send_code(fd, s->broken);
    } else if (strstr(request, "Action=DescribeRouteTables")) {
        send_tables(s, fd);
    } else if (strstr(request, "Action=CreateRoute") || strstr(request, "Action=DeleteRoute")) {
        send_route(s, fd, strstr(request, "Action=CreateRoute") != NULL);
    } else if (strstr(request, "Action=CreateTags") || strstr(request, "Action=ModifyVpc")) {
        send_finish(s, fd, request, strstr(request, "Action=CreateTags") != NULL);
    } else if (!hang) {
        send_describe(s, fd);
    }
    pthread_mutex_unlock(&s->mutex);
    char c;
    if (hang) (void)!read(fd, &c, 1); // until the client goes away
}

// ---- the scene ----------------------------------------------------------------------------

static void on_change(void *ctx, const struct core_change *change)
{
    struct scene *t = ctx;
    if (change->kind == CORE_INTENTS_CHANGED && t->actuator) actuator_wake(t->actuator);
}

static void start(struct scene *t, unsigned threads)
{
    struct actuator_options o = {.store = t->f.store,
                                 .core = t->core,
                                 .cloud = t->cloud,
                                 .clock = &t->f.clock,
                                 .rng = &rng_system,
                                 .threads = threads};
    assert_ok(&t->f, actuator_start(&o, &t->actuator, &t->f.err));
}

// What a scan would have brought.
static void see(struct scene *t, const char *status)
{
    struct network net;
    struct connection row;
    struct observed o = {.name = PCX,
                         .requester_account = "222222222222",
                         .requester_vpc = "vpc-0a0a0a0a",
                         .requester_region = "us-east-1",
                         .accepter_account = ACCOUNT,
                         .accepter_vpc = VPC,
                         .accepter_region = "us-east-1",
                         .requester_cidrs = SLICE(BLOCK)};
    assert_true(cstr_set(o.cloud_status, sizeof o.cloud_status, status));
    assert_ok(&t->f, store_network_get(t->f.reader, t->network_id, t->f.arena, &net, &t->f.err));
    enum err e = store_connection_get(t->f.reader, t->group_id, SLICE(PCX), t->f.arena, &row, &t->f.err);
    struct change c = {e == ERR_OK ? CHANGE_SEEN_CHANGED : CHANGE_SEEN_NEW, e == ERR_OK ? &row : NULL, &o};
    assert_ok(&t->f, core_scan_applied(t->core, &net, CORE_AS_OF_NOW, &c, 1, (struct slice){NULL, 0}, &t->f.err));
    SET(t, status, status);
}

static void scene_begin(struct scene *t, enum network_mode mode, const char *status)
{
    struct cloud_options o;
    struct org org;
    struct group group;
    struct network net;
    struct actor by = {PRINCIPAL_LOCAL, "cli", NULL};
    memset(t, 0, sizeof *t);
    fixture_dir(&t->f);
    fixture_open(&t->f);
    t->script =
        (struct script){.mutex = PTHREAD_MUTEX_INITIALIZER, .account = ACCOUNT, .accepter_vpc = VPC, .status = status};
    fake_start(&t->server, answer, &t->script);
    snprintf(t->url, sizeof t->url, "http://127.0.0.1:%d", t->server.port);
    cloud_options_default(&o);
    o.env = (struct cloud_env){
        .access_key_id = "AKIDEXAMPLE", .secret_access_key = "secret", .endpoint_all = t->url, .imds_disabled = true};
    o.clock = &t->f.clock;
    o.attempts = 1;
    o.call_ms = 60000; // stopping must not wait for it
    assert_ok(&t->f, cloud_new(&o, &t->cloud, &t->f.err));
    assert_ok(&t->f, core_open(t->f.store, &t->f.clock, &rng_system, &t->core, &t->f.err));
    core_on_change(t->core, on_change, t);
    assert_ok(&t->f, core_org_create(t->core, &by, SLICE("org"), &org, &t->f.err));
    assert_ok(&t->f, core_group_create(t->core, &by, org.id, SLICE("group"), &group, &t->f.err));
    memcpy(t->group_id, group.id, sizeof t->group_id);
    struct network_new n = {.group_id = t->group_id,
                            .account_id = SLICE(ACCOUNT),
                            .region = SLICE("us-east-1"),
                            .vpc_id = SLICE(VPC),
                            .identity = IDENTITY_AMBIENT,
                            .mode = mode};
    assert_ok(&t->f, core_network_add(t->core, &by, &n, t->f.arena, &net, &t->f.err));
    memcpy(t->network_id, net.id, sizeof t->network_id);
    see(t, status);
}

static void scene_end(struct scene *t)
{
    cloud_cancel(t->cloud);
    actuator_stop(&t->actuator);
    core_close(&t->core);
    cloud_free(t->cloud);
    fake_stop(&t->server);
    fixture_done(&t->f);
}

static void ask(struct scene *t, enum action action)
{
    struct actor by = {PRINCIPAL_API_KEY, "abcdefgh", "127.0.0.1"};
    struct action_request q = {.by = &by, .group_id = t->group_id, .name_or_id = SLICE(PCX), .action = action};
    enum action_answer got;
    struct slice why;
    assert_ok(&t->f, core_action_request(t->core, &q, t->f.arena, &got, &why, &t->f.err));
    assert_int_equal(got, ANSWER_TAKEN);
}

static struct connection row(struct scene *t)
{
    struct connection c;
    assert_ok(&t->f, store_connection_get(t->f.reader, t->group_id, SLICE(PCX), t->f.arena, &c, &t->f.err));
    return c;
}

static struct intent only_intent(struct scene *t, bool ended_too)
{
    struct intent *list;
    size_t n;
    assert_ok(&t->f, store_intents(t->f.reader, t->group_id, ended_too, (struct page){1, 10}, t->f.arena, &list, &n,
                                   &t->f.err));
    assert_int_equal(n, 1);
    return list[0];
}

static void assert_row(struct scene *t, enum local_status local, const char *cloud)
{
    struct connection c = row(t);
    if (c.local_status != local || strcmp(c.cloud_status, cloud) != 0)
        fail_msg("%s, %s: %.*s", local_status_name(c.local_status), c.cloud_status, SLICE_FMT(c.status_message));
}

static void pass(struct scene *t, int64_t seconds)
{
    manual_clock_advance(&t->f.hands, seconds * NS_PER_SEC);
}

static bool says(struct slice s, const char *what)
{
    return s.n && memmem(s.p, s.n, what, strlen(what)) != NULL;
}

// ---- accept, reject, delete ---------------------------------------------------------------

static void test_an_accept_happens_and_is_told(void **state)
{
    struct scene t;
    (void)state;
    scene_begin(&t, NETWORK_MANAGE, "pending-acceptance");
    start(&t, 0);
    assert_int_equal(actuator_run_once(t.actuator), 0); // nothing was asked for
    ask(&t, ACTION_ACCEPT);
    assert_row(&t, LOCAL_REQUEST_ACCEPT, "pending-acceptance");
    assert_int_equal(actuator_run_once(t.actuator), 1);
    assert_row(&t, LOCAL_ACCEPT_REQUESTED, "provisioning"); // as the reply said
    struct intent i = only_intent(&t, true);
    assert_int_equal(i.end, INTENT_DONE);
    assert_int_equal(i.attempts, 1);
    assert_int_equal(COUNT(&t, describes), 0);
    assert_int_equal(actuator_run_once(t.actuator), 0);
    assert_int_equal(COUNT(&t, accepts), 1);
    struct actuator_status st;
    actuator_status(t.actuator, &st);
    assert_true(st.done == 1 && st.failed == 0 && st.running == 0 && st.away == 0);
    scene_end(&t);
}

static void test_a_reject_and_a_delete_happen(void **state)
{
    struct scene t;
    (void)state;
    scene_begin(&t, NETWORK_MANAGE, "pending-acceptance");
    start(&t, 0);
    ask(&t, ACTION_REJECT);
    assert_int_equal(actuator_run_once(t.actuator), 1);
    assert_int_equal(row(&t).local_status, LOCAL_REJECT_REQUESTED);
    scene_end(&t);
    scene_begin(&t, NETWORK_MANAGE, "active");
    start(&t, 0);
    ask(&t, ACTION_DELETE);
    assert_int_equal(actuator_run_once(t.actuator), 1);
    assert_int_equal(row(&t).local_status, LOCAL_DELETE_REQUESTED);
    assert_int_equal(COUNT(&t, deletes), 1);
    scene_end(&t);
}

static void test_a_lost_reply_has_one_effect(void **state)
{
    struct scene t;
    (void)state;
    scene_begin(&t, NETWORK_MANAGE, "pending-acceptance");
    start(&t, 0);
    SET(&t, lose, true);
    ask(&t, ACTION_ACCEPT);
    assert_int_equal(actuator_run_once(t.actuator), 1);
    assert_row(&t, LOCAL_REQUEST_ACCEPT, "pending-acceptance");
    assert_true(only_intent(&t, true).uncertain);
    SET(&t, lose, false);
    pass(&t, 31);
    assert_int_equal(actuator_run_once(t.actuator), 1);
    assert_row(&t, LOCAL_ACCEPT_REQUESTED, "provisioning");
    assert_int_equal(COUNT(&t, accepts), 1);
    assert_int_equal(COUNT(&t, describes), 1);
    scene_end(&t);
}

// The process died between the durable beginning and the outcome.
static void test_what_was_begun_before_a_crash_is_looked_up(void **state)
{
    struct scene t;
    struct intent *due;
    size_t n;
    struct wall next;
    (void)state;
    for (int happened = 0; happened < 2; happened++) {
        scene_begin(&t, NETWORK_MANAGE, "pending-acceptance");
        ask(&t, ACTION_ACCEPT);
        assert_ok(&t.f, core_intents_due(t.f.reader, clock_wall(&t.f.clock), 9, t.f.arena, &due, &n, &next, &t.f.err));
        assert_int_equal(n, 1);
        assert_ok(&t.f, core_intent_begin(t.core, due, &t.f.err));
        if (happened) SET(&t, status, "active");
        start(&t, 0);
        assert_int_equal(actuator_run_once(t.actuator), 1);
        assert_int_equal(COUNT(&t, describes), 1);
        assert_int_equal(COUNT(&t, accepts), happened ? 0 : 1);
        assert_row(&t, happened ? LOCAL_ACTIVE : LOCAL_ACCEPT_REQUESTED, happened ? "active" : "provisioning");
        scene_end(&t);
    }
}

static void test_a_stale_look_does_no_harm(void **state)
{
    struct scene t;
    (void)state;
    scene_begin(&t, NETWORK_MANAGE, "pending-acceptance");
    start(&t, 0);
    SET(&t, lose, true);
    SET(&t, stale, true);
    ask(&t, ACTION_ACCEPT);
    (void)actuator_run_once(t.actuator);
    SET(&t, lose, false);
    pass(&t, 31);
    (void)actuator_run_once(t.actuator); // pending, so it is called again, and EC2 knows better
    assert_row(&t, LOCAL_REQUEST_ACCEPT, "pending-acceptance");
    SET(&t, stale, false);
    pass(&t, 31);
    (void)actuator_run_once(t.actuator);
    assert_row(&t, LOCAL_ACCEPT_REQUESTED, "provisioning");
    scene_end(&t);
}

static void test_an_outage_is_waited_out_slowly(void **state)
{
    struct scene t;
    struct actuator_status st;
    (void)state;
    scene_begin(&t, NETWORK_MANAGE, "pending-acceptance");
    start(&t, 0);
    SET(&t, broken, "Unavailable");
    ask(&t, ACTION_ACCEPT);
    unsigned before = fake_count(&t.server), attempts = 0;
    for (int i = 0; i < 3600; i++) {
        attempts += actuator_run_once(t.actuator);
        pass(&t, 1);
    }
    assert_true(attempts > 3600 / 60 && attempts < 3600 / 5);    // half of 30 s in the mean
    assert_true(fake_count(&t.server) - before <= attempts + 1); // and the proof of the account
    assert_row(&t, LOCAL_REQUEST_ACCEPT, "pending-acceptance");
    assert_true(says(row(&t).status_message, "is tried again"));
    actuator_status(t.actuator, &st);
    assert_true(st.away == 1 && st.retried == attempts);
    SET(&t, broken, NULL);
    pass(&t, 31);
    assert_int_equal(actuator_run_once(t.actuator), 1);
    assert_row(&t, LOCAL_ACCEPT_REQUESTED, "provisioning");
    actuator_status(t.actuator, &st);
    assert_int_equal(st.away, 0);
    scene_end(&t);
}

static void test_a_denial_fails_and_may_be_asked_again(void **state)
{
    struct scene t;
    (void)state;
    scene_begin(&t, NETWORK_MANAGE, "pending-acceptance");
    start(&t, 0);
    SET(&t, refusal, "UnauthorizedOperation");
    ask(&t, ACTION_ACCEPT);
    assert_int_equal(actuator_run_once(t.actuator), 1);
    assert_row(&t, LOCAL_UPDATE_FAILED, "pending-acceptance");
    assert_true(says(row(&t).status_message, "UnauthorizedOperation") && says(row(&t).status_message, "aws-policy"));
    SET(&t, refusal, NULL);
    ask(&t, ACTION_ACCEPT);
    assert_int_equal(actuator_run_once(t.actuator), 1);
    assert_row(&t, LOCAL_ACCEPT_REQUESTED, "provisioning");
    scene_end(&t);
}

static void test_a_quota_is_said(void **state)
{
    struct scene t;
    (void)state;
    scene_begin(&t, NETWORK_MANAGE, "pending-acceptance");
    start(&t, 0);
    SET(&t, refusal, "ActiveVpcPeeringConnectionPerVpcLimitExceeded");
    ask(&t, ACTION_ACCEPT);
    assert_int_equal(actuator_run_once(t.actuator), 1);
    assert_row(&t, LOCAL_UPDATE_FAILED, "pending-acceptance");
    assert_true(says(row(&t).status_message, "LimitExceeded"));
    assert_int_equal(COUNT(&t, describes), 1); // a conflict is looked at first
    scene_end(&t);
}

static void test_the_world_moved_meanwhile(void **state)
{
    static const struct {
        enum action action;
        const char *before, *now; // now NULL = gone
        enum local_status local;
        bool settles; // only after so many attempts
    } cases[] = {
        {ACTION_ACCEPT, "pending-acceptance", "active", LOCAL_ACTIVE, false},
        {ACTION_ACCEPT, "pending-acceptance", "deleted", LOCAL_UPDATE_FAILED, false},
        {ACTION_ACCEPT, "pending-acceptance", "rejected", LOCAL_UPDATE_FAILED, false},
        {ACTION_ACCEPT, "pending-acceptance", NULL, LOCAL_UPDATE_FAILED, true},
        {ACTION_REJECT, "pending-acceptance", "rejected", LOCAL_REJECT_REQUESTED, false},
        {ACTION_REJECT, "pending-acceptance", "active", LOCAL_UPDATE_FAILED, false},
        {ACTION_DELETE, "active", "deleted", LOCAL_DELETE_REQUESTED, false},
        {ACTION_DELETE, "active", NULL, LOCAL_DELETE_REQUESTED, true},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct scene t;
        scene_begin(&t, NETWORK_MANAGE, cases[i].before);
        start(&t, 0);
        ask(&t, cases[i].action);
        SET(&t, status, cases[i].now);
        assert_int_equal(actuator_run_once(t.actuator), 1);
        for (int n = 1; cases[i].settles && n < ACT_SETTLE_ATTEMPTS; n++) {
            bool accept = cases[i].action == ACTION_ACCEPT;
            assert_int_equal(row(&t).local_status, accept ? LOCAL_REQUEST_ACCEPT : LOCAL_REQUEST_DELETE);
            pass(&t, 121);
            assert_int_equal(actuator_run_once(t.actuator), 1);
        }
        if (row(&t).local_status != cases[i].local)
            fail_msg("case %zu: %s", i, local_status_name(row(&t).local_status));
        scene_end(&t);
    }
}

static void test_only_the_networks_own_account_and_vpc_are_touched(void **state)
{
    struct scene t;
    (void)state;
    scene_begin(&t, NETWORK_MANAGE, "pending-acceptance");
    start(&t, 0);
    SET(&t, account, "333333333333");
    ask(&t, ACTION_ACCEPT);
    assert_int_equal(actuator_run_once(t.actuator), 1);
    assert_int_equal(row(&t).local_status, LOCAL_UPDATE_FAILED);
    assert_true(says(row(&t).status_message, "333333333333"));
    assert_int_equal(COUNT(&t, accepts), 0);
    scene_end(&t);
    scene_begin(&t, NETWORK_MANAGE, "pending-acceptance");
    start(&t, 0);
    SET(&t, accepter_vpc, "vpc-99999999");
    SET(&t, lose, true);
    ask(&t, ACTION_ACCEPT);
    (void)actuator_run_once(t.actuator);
    pass(&t, 31);
    (void)actuator_run_once(t.actuator);
    assert_int_equal(row(&t).local_status, LOCAL_UPDATE_FAILED);
    assert_true(says(row(&t).status_message, "vpc-99999999"));
    scene_end(&t);
}

static void test_what_is_frozen_waits(void **state)
{
    struct scene t;
    struct actor by = {PRINCIPAL_LOCAL, "cli", NULL};
    (void)state;
    scene_begin(&t, NETWORK_MANAGE, "pending-acceptance");
    start(&t, 0);
    ask(&t, ACTION_ACCEPT);
    assert_ok(&t.f, core_freeze(t.core, &by, FREEZE_NETWORK, t.network_id, true, SLICE("change window"), &t.f.err));
    assert_int_equal(actuator_run_once(t.actuator), 0);
    assert_int_equal(COUNT(&t, accepts), 0);
    assert_ok(&t.f, core_freeze(t.core, &by, FREEZE_NETWORK, t.network_id, false, SLICE(""), &t.f.err));
    assert_int_equal(actuator_run_once(t.actuator), 1);
    assert_int_equal(COUNT(&t, accepts), 1);
    scene_end(&t);
}

// ---- routes -------------------------------------------------------------------------------

static void set_tables(struct scene *t)
{
    static const char *const tables[] = {RTB};
    struct actor by = {PRINCIPAL_LOCAL, "cli", NULL};
    assert_ok(&t->f, core_network_tables(t->core, &by, t->network_id, tables, 1, &t->f.err));
}

static struct peer_route the_route(struct scene *t)
{
    struct peer_route *list;
    size_t n;
    assert_ok(&t->f, store_routes(t->f.reader, t->network_id, NULL, t->f.arena, &list, &n, &t->f.err));
    if (n != 1) fail_msg("%zu routes", n);
    return list[0];
}

static size_t route_count(struct scene *t)
{
    struct peer_route *list;
    size_t n;
    assert_ok(&t->f, store_routes(t->f.reader, t->network_id, NULL, t->f.arena, &list, &n, &t->f.err));
    return n;
}

static void to_active(struct scene *t)
{
    scene_begin(t, NETWORK_MANAGE, "pending-acceptance");
    set_tables(t);
    start(t, 0);
    ask(t, ACTION_ACCEPT);
    assert_int_equal(actuator_run_once(t->actuator), 1);
}

static void test_a_route_comes_and_goes_with_the_connection(void **state)
{
    struct scene t;
    (void)state;
    to_active(&t);
    assert_int_equal(COUNT(&t, creates), 0); // not before it is active
    see(&t, "active");
    assert_int_equal(actuator_run_once(t.actuator), 1);
    assert_int_equal(the_route(&t).state, PEER_ROUTE_MADE);
    assert_true(the_route(&t).ours);
    assert_int_equal(COUNT(&t, creates), 1);
    ask(&t, ACTION_DELETE);
    (void)actuator_run_once(t.actuator);
    see(&t, "deleted");
    (void)actuator_run_once(t.actuator);
    assert_int_equal(route_count(&t), 0);
    assert_int_equal(COUNT(&t, removals), 1);
    assert_int_equal(actuator_run_once(t.actuator), 0);
    scene_end(&t);
}

static void test_a_lost_route_is_ours_and_a_found_one_is_not(void **state)
{
    struct scene t;
    (void)state;
    to_active(&t);
    SET(&t, lose, true);
    see(&t, "active");
    assert_int_equal(actuator_run_once(t.actuator), 1);
    assert_int_equal(the_route(&t).state, PEER_ROUTE_WANTED);
    SET(&t, lose, false);
    pass(&t, 31);
    assert_int_equal(actuator_run_once(t.actuator), 1);
    assert_true(the_route(&t).ours);
    assert_int_equal(COUNT(&t, creates), 1);
    scene_end(&t);
    to_active(&t);
    SET(&t, route, PCX); // somebody was faster
    see(&t, "active");
    assert_int_equal(actuator_run_once(t.actuator), 1);
    assert_int_equal(the_route(&t).state, PEER_ROUTE_MADE);
    assert_false(the_route(&t).ours);
    see(&t, "deleted");
    (void)actuator_run_once(t.actuator);
    assert_int_equal(COUNT(&t, creates) + COUNT(&t, removals), 0);
    assert_int_equal(route_count(&t), 0);
    scene_end(&t);
}

static void test_anothers_route_is_reported_and_stays(void **state)
{
    struct scene t;
    (void)state;
    to_active(&t);
    SET(&t, route, "tgw-12345678");
    see(&t, "active");
    assert_int_equal(actuator_run_once(t.actuator), 1);
    assert_int_equal(the_route(&t).state, PEER_ROUTE_CONFLICT);
    assert_true(says(the_route(&t).reason, "tgw-12345678"));
    assert_int_equal(actuator_run_once(t.actuator), 0);
    SET(&t, route, NULL); // a person removed it
    pass(&t, 601);
    assert_int_equal(actuator_run_once(t.actuator), 1);
    assert_int_equal(the_route(&t).state, PEER_ROUTE_MADE);
    assert_int_equal(COUNT(&t, creates), 1);
    SET(&t, route, "tgw-12345678"); // and another replaced ours
    see(&t, "deleted");
    (void)actuator_run_once(t.actuator);
    assert_int_equal(COUNT(&t, removals), 0);
    assert_int_equal(route_count(&t), 0);
    scene_end(&t);
}

// EC2 refuses to make the route for now, and meanwhile a person makes it: it is theirs, and stays at the end.
static void test_a_refused_call_claims_nothing(void **state)
{
    static const char *const codes[] = {"RequestLimitExceeded", "InvalidVpcPeeringConnectionID.NotFound",
                                        "UnauthorizedOperation", "RouteLimitExceeded"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        struct scene t;
        to_active(&t);
        SET(&t, refusal, codes[i]);
        see(&t, "active");
        assert_int_equal(actuator_run_once(t.actuator), 1);
        assert_int_equal(COUNT(&t, creates), 1);
        assert_int_not_equal(the_route(&t).state, PEER_ROUTE_MADE);
        assert_int_equal(the_route(&t).tried.us, 0);
        SET(&t, refusal, NULL);
        SET(&t, route, PCX);
        pass(&t, 601);
        assert_int_equal(actuator_run_once(t.actuator), 1);
        assert_int_equal(the_route(&t).state, PEER_ROUTE_MADE);
        assert_false(the_route(&t).ours);
        see(&t, "deleted");
        (void)actuator_run_once(t.actuator);
        assert_int_equal(COUNT(&t, removals), 0);
        assert_int_equal(route_count(&t), 0);
        scene_end(&t);
    }
}

// ---- finishing ----------------------------------------------------------------------------

static void set_option(struct scene *t, enum network_option o, bool on, const char *text)
{
    struct actor by = {PRINCIPAL_LOCAL, "cli", NULL};
    const struct network_option_value v = {.on = on, .text = slice_of(text)};
    struct network_options ret;
    assert_ok(&t->f, core_network_option(t->core, &by, t->network_id, o, &v, t->f.arena, &ret, &t->f.err));
}

static void to_active_with(struct scene *t, bool dns, const char *name)
{
    to_active(t);
    set_option(t, OPTION_DNS, dns, NULL);
    set_option(t, OPTION_NAME_TAG, false, name);
    SET(t, route, PCX); // not of interest here
    see(t, "active");
}

static const char *newest_event(struct scene *t)
{
    struct event_row *e;
    size_t n;
    assert_ok(&t->f, store_events(t->f.reader, t->group_id, (struct page){1, 1}, t->f.arena, &e, &n, &t->f.err));
    assert_int_equal(n, 1);
    return e[0].type;
}

static void test_dns_and_name_are_set_once(void **state)
{
    struct scene t;
    struct actuator_status st;
    (void)state;
    to_active_with(&t, true, "{requesterAccountId}-{requesterVpcId}");
    assert_int_equal(actuator_run_once(t.actuator), 3); // and the route
    assert_true(t.script.dns);
    assert_string_equal(t.script.tag, "222222222222-vpc-0a0a0a0a");
    assert_int_equal(COUNT(&t, tags), 1);
    assert_int_equal(COUNT(&t, options), 1);
    actuator_status(t.actuator, &st);
    assert_int_equal(st.finished, 2);
    pass(&t, 3600);
    assert_int_equal(actuator_run_once(t.actuator), 0);
    assert_row(&t, LOCAL_ACTIVE, "active");
    scene_end(&t);
}

static void test_a_name_that_a_person_gave_stays(void **state)
{
    struct scene t;
    (void)state;
    to_active_with(&t, false, "ours");
    SET(&t, name, "by hand");
    assert_int_equal(actuator_run_once(t.actuator), 2);
    assert_int_equal(COUNT(&t, tags), 0);
    assert_int_equal(COUNT(&t, options), 0);
    assert_string_equal(newest_event(&t), "PEERAGE_CONNECTION_NAME_KEPT");
    assert_int_equal(actuator_run_once(t.actuator), 0);
    scene_end(&t);
}

static void test_a_lost_reply_to_a_tag_is_looked_up(void **state)
{
    struct scene t;
    (void)state;
    to_active_with(&t, true, "ours");
    SET(&t, lose, true);
    (void)actuator_run_once(t.actuator);
    SET(&t, lose, false);
    for (int i = 0; i < 3; i++) {
        pass(&t, 31);
        (void)actuator_run_once(t.actuator);
    }
    assert_int_equal(COUNT(&t, tags), 1);
    assert_true(t.script.dns); // asked again without harm
    struct actuator_status st;
    actuator_status(t.actuator, &st);
    assert_int_equal(st.finished, 2);
    scene_end(&t);
}

static void test_a_refused_nicety_is_told_and_tried_again(void **state)
{
    struct scene t;
    (void)state;
    to_active_with(&t, true, NULL);
    SET(&t, refusal, "UnauthorizedOperation");
    (void)actuator_run_once(t.actuator);
    assert_row(&t, LOCAL_ACTIVE, "active");
    assert_true(says(row(&t).status_message, "DNS option is not set") && says(row(&t).status_message, "aws-policy"));
    assert_string_equal(newest_event(&t), "PEERAGE_CONNECTION_FINISH_FAILED");
    assert_int_equal(actuator_run_once(t.actuator), 0);
    SET(&t, refusal, NULL);
    pass(&t, 601);
    assert_int_equal(actuator_run_once(t.actuator), 1);
    assert_true(t.script.dns);
    assert_int_equal(row(&t).status_message.n, 0);
    scene_end(&t);
}

// OperationNotPermitted, as a back end says that has not heard of the connection's being active.
static void test_what_is_not_yet_active_everywhere_is_waited_for(void **state)
{
    struct scene t;
    (void)state;
    to_active_with(&t, true, NULL);
    SET(&t, refusal, "OperationNotPermitted");
    for (int i = 0; i < 3; i++) {
        (void)actuator_run_once(t.actuator);
        pass(&t, 31);
    }
    assert_int_equal(row(&t).status_message.n, 0);
    pass(&t, 120);
    (void)actuator_run_once(t.actuator);
    assert_true(says(row(&t).status_message, "OperationNotPermitted"));
    scene_end(&t);
}

// ---- the background -----------------------------------------------------------------------

static int by_size(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

// From the durable request to the call's effect, woken by core's listener; and stopping in the middle of a call.
static void test_it_acts_at_once_and_stops_soon(void **state)
{
    enum { TIMES = 20 };
    struct scene t;
    int64_t took[TIMES];
    (void)state;
    scene_begin(&t, NETWORK_MANAGE, "pending-acceptance");
    t.f.clock = clock_system; // the job sleeps in real time
    start(&t, 4);
    for (unsigned i = 0; i < TIMES; i++) {
        struct mono t0 = clock_mono(&clock_system);
        ask(&t, ACTION_REJECT);
        while (COUNT(&t, rejects) == i) usleep(200);
        took[i] = clock_mono(&clock_system).ns - t0.ns;
        while (row(&t).local_status != LOCAL_REJECT_REQUESTED) usleep(200);
        see(&t, "active"); // no cloud does that; it lets one row do for all rounds
        see(&t, "pending-acceptance");
    }
    qsort(took, TIMES, sizeof took[0], by_size);
    print_message("request to call: median %.1f ms, slowest %.1f ms\n", (double)took[TIMES / 2] / 1e6,
                  (double)took[TIMES - 1] / 1e6);
    SET(&t, hang, true);
    ask(&t, ACTION_REJECT);
    while (COUNT(&t, rejects) == TIMES) usleep(1000);
    struct mono t0 = clock_mono(&clock_system);
    cloud_cancel(t.cloud);
    actuator_stop(&t.actuator);
    assert_true(clock_mono(&clock_system).ns - t0.ns < 20 * NS_PER_SEC);
    struct intent i = only_intent(&t, false);
    assert_true(i.end == INTENT_LIVE && i.uncertain); // looked up after the next start, and no failure of anybody's
    assert_int_equal(row(&t).local_status, LOCAL_REQUEST_REJECT);
    assert_int_equal(row(&t).status_message.n, 0);
    scene_end(&t);
}

static int setup(void **state)
{
    struct error err;
    (void)state;
    log_open(LOG_ERROR, 2, &clock_system);
    return crypto_init(&err) == ERR_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_accept_happens_and_is_told),
        cmocka_unit_test(test_a_reject_and_a_delete_happen),
        cmocka_unit_test(test_a_lost_reply_has_one_effect),
        cmocka_unit_test(test_what_was_begun_before_a_crash_is_looked_up),
        cmocka_unit_test(test_a_stale_look_does_no_harm),
        cmocka_unit_test(test_an_outage_is_waited_out_slowly),
        cmocka_unit_test(test_a_denial_fails_and_may_be_asked_again),
        cmocka_unit_test(test_a_quota_is_said),
        cmocka_unit_test(test_the_world_moved_meanwhile),
        cmocka_unit_test(test_only_the_networks_own_account_and_vpc_are_touched),
        cmocka_unit_test(test_what_is_frozen_waits),
        cmocka_unit_test(test_a_route_comes_and_goes_with_the_connection),
        cmocka_unit_test(test_a_lost_route_is_ours_and_a_found_one_is_not),
        cmocka_unit_test(test_anothers_route_is_reported_and_stays),
        cmocka_unit_test(test_a_refused_call_claims_nothing),
        cmocka_unit_test(test_dns_and_name_are_set_once),
        cmocka_unit_test(test_a_name_that_a_person_gave_stays),
        cmocka_unit_test(test_a_lost_reply_to_a_tag_is_looked_up),
        cmocka_unit_test(test_a_refused_nicety_is_told_and_tried_again),
        cmocka_unit_test(test_what_is_not_yet_active_everywhere_is_waited_for),
        cmocka_unit_test(test_it_acts_at_once_and_stops_soon),
    };
    return cmocka_run_group_tests_name("reconcile/actuator", tests, setup, NULL);
}
