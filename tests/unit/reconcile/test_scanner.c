// SPDX-License-Identifier: Apache-2.0
// Whole scans against a scripted EC2 and a real store: discovery, failure, recovery, vanishing, quiet scans, stopping.
// Run by: meson test. Must never: wait for a clock; the hands are moved by the test.
#include "reconcile/backoff.h"
#include "reconcile/reconcile.h"

#include "base/log.h"
#include "core/action.h"
#include "net/crypto.h"
#include "tests/support/fake_http.h"
#include "tests/unit/store/fixture.h"

#define VPC_1   "vpc-00000000000000001"
#define VPC_2   "vpc-00000000000000002"
#define ACCOUNT "111111111111"
#define PCX(n)  "pcx-0000000000000000" n

struct peer {
    const char *name, *vpc, *status; // name NULL = none
    const char *expires;             // NULL = not said
};

// What the cloud answers; changed by the test between scans.
struct script {
    pthread_mutex_t mutex;
    const char *account, *owner;
    struct peer peers[4];
    const char *hidden;  // answered by id only, not in lists
    const char *refusal; // error code of every Describe
    bool no_vpc, hang;
    void (*meanwhile)(void *); // after a list is made and before it is sent
    void *meanwhile_ctx;
    unsigned identity, list, by_id, vpcs;
};

struct scene {
    struct fixture f;
    struct fake_http server;
    struct script script;
    char url[64], group_id[OID_HEX + 1];
    struct cloud *cloud;
    struct core *core;
    struct scanner *scanner;
    bool waking; // changes wake the scanner, as in the program; else only the test makes it scan
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

static void send_list(struct script *s, int fd, const char *request)
{
    char body[4096];
    const char *id = strstr(request, "VpcPeeringConnectionId.1=");
    int n = snprintf(body, sizeof body, "<DescribeVpcPeeringConnectionsResponse><vpcPeeringConnectionSet>");
    bool found = false;
    for (size_t i = 0; i < ARRAY_LEN(s->peers); i++) {
        const struct peer *p = &s->peers[i];
        if (!p->name || (id && !strstr(id, p->name)) || (!id && s->hidden && strcmp(s->hidden, p->name) == 0)) continue;
        found = true;
        n +=
            snprintf(body + n, sizeof body - (size_t)n,
                     "<item><vpcPeeringConnectionId>%s</vpcPeeringConnectionId><requesterVpcInfo><ownerId>222222222222"
                     "</ownerId><vpcId>vpc-0a0a0a0a</vpcId><region>us-east-1</region><cidrBlock>10.9.0.0/16</cidrBlock>"
                     "</requesterVpcInfo><accepterVpcInfo><ownerId>" ACCOUNT "</ownerId><vpcId>%s</vpcId><region>"
                     "us-east-1</region></accepterVpcInfo><status><code>%s</code></status>%s%s%s</item>",
                     p->name, p->vpc, p->status, p->expires ? "<expirationTime>" : "", p->expires ? p->expires : "",
                     p->expires ? "</expirationTime>" : "");
    }
    snprintf(body + n, sizeof body - (size_t)n, "</vpcPeeringConnectionSet></DescribeVpcPeeringConnectionsResponse>");
    if (!id && s->meanwhile) s->meanwhile(s->meanwhile_ctx);
    if (id && !found)
        send_xml(fd, "400 Bad Request",
                 "<Response><Errors><Error><Code>InvalidVpcPeeringConnectionID.NotFound</Code><Message>gone</Message>"
                 "</Error></Errors></Response>");
    else
        send_xml(fd, "200 OK", body);
    *(id ? &s->by_id : &s->list) += 1;
}

static void send_vpc(struct script *s, int fd)
{
    char body[512];
    s->vpcs++;
    snprintf(body, sizeof body,
             "<DescribeVpcsResponse><vpcSet><item><vpcId>" VPC_1 "</vpcId><ownerId>%s</ownerId><cidrBlock>10.1.0.0/16"
             "</cidrBlock></item><item><vpcId>" VPC_2 "</vpcId><ownerId>%s</ownerId><cidrBlock>10.2.0.0/16</cidrBlock>"
             "</item></vpcSet></DescribeVpcsResponse>",
             s->owner, s->owner);
    send_xml(fd, "200 OK", s->no_vpc ? "<DescribeVpcsResponse><vpcSet/></DescribeVpcsResponse>" : body);
}

static void answer(void *ctx, int fd, const char *request, unsigned n)
{
    struct script *s = ctx;
    char body[512];
    (void)n;
    pthread_mutex_lock(&s->mutex);
    bool hang = s->hang;
    if (strstr(request, "Action=GetCallerIdentity")) {
        s->identity++;
        snprintf(body, sizeof body,
                 "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::%s:user/x</Arn><Account>%s"
                 "</Account></GetCallerIdentityResult></GetCallerIdentityResponse>",
                 s->account, s->account);
        send_xml(fd, "200 OK", body);
    } else if (s->refusal) {
        snprintf(body, sizeof body,
                 "<Response><Errors><Error><Code>%s</Code><Message>no</Message></Error></Errors></Response>",
                 s->refusal);
        s->list++;
        send_xml(fd, "400 Bad Request", body);
    } else if (strstr(request, "Action=DescribeVpcs")) {
        send_vpc(s, fd);
    } else if (!hang) {
        send_list(s, fd, request);
    }
    pthread_mutex_unlock(&s->mutex);
    char c;
    if (hang) (void)!read(fd, &c, 1); // until the client goes away
}

static void on_change(void *ctx, const struct core_change *change)
{
    struct scene *t = ctx;
    if (change->kind == CORE_NETWORKS_CHANGED && t->waking && t->scanner) scanner_wake(t->scanner);
}

static void add_network(struct scene *t, const char *vpc, const char *account)
{
    struct network_new n = {.group_id = t->group_id,
                            .account_id = slice_of(account),
                            .region = SLICE("us-east-1"),
                            .vpc_id = slice_of(vpc),
                            .identity = IDENTITY_AMBIENT,
                            .mode = NETWORK_MANAGE};
    struct actor by = {PRINCIPAL_LOCAL, "cli", NULL};
    struct network net;
    assert_ok(&t->f, core_network_add(t->core, &by, &n, t->f.arena, &net, &t->f.err));
}

static void start(struct scene *t, int64_t interval_ms)
{
    struct scanner_options o = {.store = t->f.store,
                                .core = t->core,
                                .cloud = t->cloud,
                                .clock = &t->f.clock,
                                .rng = &rng_system,
                                .interval_ms = interval_ms,
                                .threads = 2,
                                .owner = "test"};
    assert_ok(&t->f, scanner_start(&o, &t->scanner, &t->f.err));
}

// interval 0: no scanner yet
static void scene_begin(struct scene *t, int64_t interval_ms)
{
    struct cloud_options o;
    struct org org;
    struct group group;
    struct actor by = {PRINCIPAL_LOCAL, "cli", NULL};
    memset(t, 0, sizeof *t);
    fixture_dir(&t->f);
    fixture_open(&t->f);
    t->script = (struct script){.mutex = PTHREAD_MUTEX_INITIALIZER, .account = ACCOUNT, .owner = ACCOUNT};
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
    assert_ok(&t->f, core_org_create(t->core, &by, SLICE("org"), &org, &t->f.err));
    assert_ok(&t->f, core_group_create(t->core, &by, org.id, SLICE("group"), &group, &t->f.err));
    memcpy(t->group_id, group.id, sizeof t->group_id);
    if (interval_ms) start(t, interval_ms);
    core_on_change(t->core, on_change, t);
}

static void scene_end(struct scene *t)
{
    cloud_cancel(t->cloud);
    scanner_stop(&t->scanner);
    core_close(&t->core);
    cloud_free(t->cloud);
    fake_stop(&t->server);
    fixture_done(&t->f);
}

// So long that the background has nothing to do, however the hands are moved.
#define QUIET_MS (INT64_C(1000) * 3600 * 1000)

static void set_peers(struct scene *t, const struct peer *peers, size_t n)
{
    pthread_mutex_lock(&t->script.mutex);
    memset(t->script.peers, 0, sizeof t->script.peers);
    if (n) memcpy(t->script.peers, peers, n * sizeof *peers);
    pthread_mutex_unlock(&t->script.mutex);
}

static struct connection *listed(struct scene *t, size_t *n)
{
    struct connection_filter filter = {.group_id = t->group_id, .local_status = -1, .sort = SORT_ID, .page = {1, 500}};
    struct connection *rows;
    uint64_t total;
    assert_ok(&t->f, store_connections(t->f.reader, &filter, t->f.arena, &rows, n, &total, &t->f.err));
    return rows;
}

static struct connection the_one(struct scene *t)
{
    size_t n;
    struct connection *rows = listed(t, &n);
    assert_int_equal(n, 1);
    return rows[0];
}

static struct network only_network(struct scene *t)
{
    struct network *nets;
    size_t n;
    assert_ok(&t->f, store_networks(t->f.reader, NULL, t->f.arena, &nets, &n, &t->f.err));
    assert_int_equal(n, 1);
    return nets[0];
}

static void test_requests_are_found_and_sorted_by_vpc(void **state)
{
    struct scene t;
    size_t n;
    (void)state;
    scene_begin(&t, QUIET_MS);
    add_network(&t, VPC_1, ACCOUNT);
    struct peer peers[] = {{PCX("1"), VPC_1, "pending-acceptance", NULL}, {PCX("2"), VPC_2, "active", NULL}};
    set_peers(&t, peers, 2);
    scanner_run_once(t.scanner);
    struct connection *rows = listed(&t, &n);
    assert_int_equal(n, 1);
    assert_string_equal(rows[0].name, PCX("1"));
    assert_string_equal(rows[0].requester_account, "222222222222");
    assert_int_equal(rows[0].local_status, LOCAL_NONE);
    assert_slice(only_network(&t).cidrs, "10.1.0.0/16");
    struct scanner_status st;
    scanner_status(t.scanner, &st);
    assert_int_equal(st.failures, 0);
    assert_true(st.scans >= 1 && st.units == 1 && st.last_success.us > 0);
    scene_end(&t);
}

static void test_networks_of_one_identity_share_a_describe(void **state)
{
    struct scene t;
    size_t n;
    (void)state;
    scene_begin(&t, 0);
    add_network(&t, VPC_1, ACCOUNT);
    add_network(&t, VPC_2, ACCOUNT);
    start(&t, QUIET_MS);
    struct peer peers[] = {{PCX("1"), VPC_1, "pending-acceptance", NULL}, {PCX("2"), VPC_2, "active", NULL}};
    set_peers(&t, peers, 2);
    scanner_run_once(t.scanner);
    (void)listed(&t, &n);
    assert_int_equal(n, 2);
    unsigned lists = COUNT(&t, list);
    scanner_run_once(t.scanner);
    assert_int_equal(COUNT(&t, list), lists + 1);
    assert_int_equal(COUNT(&t, identity), 1); // proved once for these credentials
    scene_end(&t);
}

static void test_a_quiet_scan_writes_nothing(void **state)
{
    struct scene t;
    (void)state;
    scene_begin(&t, QUIET_MS);
    add_network(&t, VPC_1, ACCOUNT);
    struct peer peers[] = {{PCX("1"), VPC_1, "active", NULL}};
    set_peers(&t, peers, 1);
    scanner_run_once(t.scanner);
    scanner_run_once(t.scanner);
    uint64_t generation = store_generation(t.f.store), wal = store_wal_bytes(t.f.store);
    unsigned vpcs = COUNT(&t, vpcs);
    for (int i = 0; i < 5; i++) scanner_run_once(t.scanner);
    assert_int_equal(store_generation(t.f.store), generation);
    assert_int_equal(store_wal_bytes(t.f.store), wal);
    assert_int_equal(COUNT(&t, vpcs), vpcs); // hourly
    manual_clock_advance(&t.f.hands, 3601 * NS_PER_SEC);
    scanner_run_once(t.scanner);
    assert_true(COUNT(&t, vpcs) > vpcs);
    scene_end(&t);
}

static void test_vanished_needs_two_absences_and_not_found(void **state)
{
    struct scene t;
    size_t n;
    (void)state;
    scene_begin(&t, QUIET_MS);
    add_network(&t, VPC_1, ACCOUNT);
    struct peer peers[] = {{PCX("1"), VPC_1, "active", NULL}};
    set_peers(&t, peers, 1);
    scanner_run_once(t.scanner);
    SET(&t, hidden, PCX("1")); // lists forget it, but it is there by id
    scanner_run_once(t.scanner);
    assert_true(the_one(&t).missing_since.us > 0);
    scanner_run_once(t.scanner);
    assert_int_equal(COUNT(&t, by_id), 0); // a minute has not passed
    manual_clock_advance(&t.f.hands, 61 * NS_PER_SEC);
    scanner_run_once(t.scanner);
    assert_int_equal(COUNT(&t, by_id), 1);
    assert_int_equal(the_one(&t).missing_since.us, 0); // found: back
    set_peers(&t, NULL, 0);
    scanner_run_once(t.scanner);
    manual_clock_advance(&t.f.hands, 61 * NS_PER_SEC);
    scanner_run_once(t.scanner);
    (void)listed(&t, &n);
    assert_int_equal(n, 0);
    scene_end(&t);
}

static struct connection history_of(struct scene *t, const char *name)
{
    struct connection row;
    assert_ok(&t->f, store_connection_get(t->f.reader, t->group_id, slice_of(name), t->f.arena, &row, &t->f.err));
    return row;
}

// The windows of AWS: each end stays listed so long, leaves, stays away, and is kept as history.
static void test_an_end_leaves_the_list_and_stays_away(void **state)
{
    static const struct {
        const char *status;
        bool shown; // AWS goes on showing it, as some servers do for ever
        int64_t hours;
    } cases[] = {{"rejected", true, 2},  {"failed", true, 2},  {"expired", true, 48},  {"deleted", true, 48},
                 {"rejected", false, 2}, {"failed", false, 2}, {"expired", false, 48}, {"deleted", false, 2}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct scene t;
        size_t n;
        scene_begin(&t, QUIET_MS);
        add_network(&t, VPC_1, ACCOUNT);
        struct peer peers[] = {{PCX("1"), VPC_1, "pending-acceptance", NULL}};
        set_peers(&t, peers, 1);
        scanner_run_once(t.scanner);
        peers[0].status = cases[i].status;
        set_peers(&t, peers, 1);
        scanner_run_once(t.scanner);
        if (!cases[i].shown) set_peers(&t, NULL, 0);
        manual_clock_advance(&t.f.hands, (cases[i].hours * 3600 - 1) * NS_PER_SEC);
        scanner_run_once(t.scanner);
        assert_string_equal(the_one(&t).cloud_status, cases[i].status);
        manual_clock_advance(&t.f.hands, NS_PER_SEC);
        scanner_run_once(t.scanner);
        (void)listed(&t, &n);
        if (n) fail_msg("%s, shown %d: still listed", cases[i].status, cases[i].shown);
        uint64_t generation = store_generation(t.f.store);
        for (int k = 0; k < 3; k++) {
            manual_clock_advance(&t.f.hands, 61 * NS_PER_SEC);
            scanner_run_once(t.scanner);
        }
        (void)listed(&t, &n);
        assert_int_equal(n, 0);
        assert_int_equal(store_generation(t.f.store), generation);
        struct connection row = history_of(&t, PCX("1"));
        assert_false(row.listed);
        assert_string_equal(row.cloud_status, cases[i].status);
        scene_end(&t);
    }
}

static int64_t next_in_ns(struct scene *t)
{
    struct scanner_status st;
    scanner_status(t->scanner, &st);
    return st.next.ns - clock_mono(&t->f.clock).ns;
}

#define EXPIRES "2024-12-18T19:20:40.000Z" // a week after the store's first moment
static void test_a_request_is_looked_at_when_it_should_have_expired(void **state)
{
    struct scene t;
    (void)state;
    scene_begin(&t, QUIET_MS);
    add_network(&t, VPC_1, ACCOUNT);
    struct peer peers[] = {{PCX("1"), VPC_1, "pending-acceptance", EXPIRES},
                           {PCX("2"), VPC_1, "active", NULL},
                           {PCX("3"), VPC_1, "pending-acceptance", "2025-01-01T00:00:00.000Z"},
                           {PCX("4"), VPC_2, "pending-acceptance", "2024-12-11T19:20:41.000Z"}}; // not ours
    set_peers(&t, peers, 4);
    scanner_run_once(t.scanner);
    assert_int_equal(next_in_ns(&t), 604800 * NS_PER_SEC + EXPIRY_DELAY_NS);
    t.f.hands.wall_us += 300 * US_PER_SEC; // a step of the clock is noticed at the next scan
    scanner_run_once(t.scanner);
    assert_int_equal(next_in_ns(&t), 604500 * NS_PER_SEC + EXPIRY_DELAY_NS);
    manual_clock_advance(&t.f.hands, next_in_ns(&t));
    scanner_run_once(t.scanner); // AWS is late: it is asked again soon, and ever less often
    assert_string_equal(history_of(&t, PCX("1")).cloud_status, "pending-acceptance");
    assert_int_equal(next_in_ns(&t), NS_PER_SEC);
    scanner_run_once(t.scanner);
    assert_int_equal(next_in_ns(&t), 2 * NS_PER_SEC);
    peers[0].status = "expired";
    set_peers(&t, peers, 4);
    scanner_run_once(t.scanner);
    assert_string_equal(history_of(&t, PCX("1")).cloud_status, "expired");
    assert_true(next_in_ns(&t) > 86400 * NS_PER_SEC); // the other request's time
    scene_end(&t);
}

static void test_what_is_on_its_way_is_followed(void **state)
{
    static const char *const ways[][2] = {{"provisioning", "active"}, {"deleting", "deleted"}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        struct scene t;
        scene_begin(&t, 30000);
        add_network(&t, VPC_1, ACCOUNT);
        struct peer peers[] = {{PCX("1"), VPC_1, ways[i][0], NULL}};
        set_peers(&t, peers, 1);
        // 1, 2, 4, 8 and 16 s, then the interval. The scanner's own thread may have had its first look meanwhile.
        int64_t waited = 0, next;
        unsigned rounds = 0;
        for (scanner_run_once(t.scanner); (next = next_in_ns(&t)) < 30 * NS_PER_SEC; scanner_run_once(t.scanner)) {
            assert_true(next > waited && next % NS_PER_SEC == 0 && (next / NS_PER_SEC & (next / NS_PER_SEC - 1)) == 0);
            waited = next;
            rounds++;
        }
        assert_int_equal(next, 30 * NS_PER_SEC);
        assert_true(waited >= 8 * NS_PER_SEC && rounds >= 4 && rounds <= 5);
        peers[0].status = ways[i][1];
        set_peers(&t, peers, 1);
        scanner_run_once(t.scanner);
        assert_int_equal(next_in_ns(&t), 30 * NS_PER_SEC);
        scene_end(&t);
    }
}

static void test_another_account_fails_at_once_and_touches_nothing(void **state)
{
    struct scene t;
    size_t n;
    (void)state;
    scene_begin(&t, 0);
    SET(&t, account, "333333333333");
    add_network(&t, VPC_1, ACCOUNT);
    start(&t, QUIET_MS);
    struct peer peers[] = {{PCX("1"), VPC_1, "active", NULL}};
    set_peers(&t, peers, 1);
    scanner_run_once(t.scanner);
    struct network net = only_network(&t);
    assert_true(net.failed);
    assert_non_null(memmem(net.failure.p, net.failure.n, "333333333333", 12));
    (void)listed(&t, &n);
    assert_int_equal(n, 0);
    assert_int_equal(COUNT(&t, list), 0);
    scene_end(&t);
}

static void test_denial_fails_at_once_and_transient_at_the_third(void **state)
{
    struct scene t;
    (void)state;
    scene_begin(&t, 0);
    SET(&t, refusal, "Unavailable");
    add_network(&t, VPC_1, ACCOUNT);
    start(&t, QUIET_MS);
    scanner_run_once(t.scanner);
    assert_false(only_network(&t).failed);
    scanner_run_once(t.scanner);
    assert_false(only_network(&t).failed);
    scanner_run_once(t.scanner);
    assert_true(only_network(&t).failed);
    SET(&t, refusal, NULL);
    scanner_run_once(t.scanner);
    assert_false(only_network(&t).failed);
    SET(&t, refusal, "UnauthorizedOperation");
    scanner_run_once(t.scanner);
    struct network net = only_network(&t);
    assert_true(net.failed);
    assert_non_null(memmem(net.failure.p, net.failure.n, "UnauthorizedOperation", 21));
    scene_end(&t);
}

static void test_a_vpc_that_is_not_there_or_shared_is_said(void **state)
{
    struct scene t;
    (void)state;
    scene_begin(&t, 0);
    SET(&t, owner, "444444444444");
    add_network(&t, VPC_1, ACCOUNT);
    start(&t, QUIET_MS);
    scanner_run_once(t.scanner);
    struct network net = only_network(&t);
    assert_true(net.failed);
    assert_non_null(memmem(net.failure.p, net.failure.n, "444444444444", 12));
    SET(&t, owner, ACCOUNT);
    scanner_run_once(t.scanner);
    assert_false(only_network(&t).failed);
    SET(&t, no_vpc, true);
    manual_clock_advance(&t.f.hands, 3601 * NS_PER_SEC);
    scanner_run_once(t.scanner);
    net = only_network(&t);
    assert_int_equal(net.failures, 1);
    assert_false(net.failed);
    scene_end(&t);
}

static enum err take_lease(struct store_tx *tx, void *ctx, struct error *err)
{
    uint64_t epoch;
    return store_tx_lease(tx, "scan/0/" ACCOUNT "/us-east-1//", "another", wall_from_sec(NOW_SEC), 3600 * 1000, &epoch,
                          err);
}

static void test_a_lease_of_another_process_is_respected(void **state)
{
    struct scene t;
    (void)state;
    scene_begin(&t, QUIET_MS);
    assert_ok(&t.f, store_write(t.f.store, take_lease, NULL, &t.f.err));
    add_network(&t, VPC_1, ACCOUNT);
    scanner_run_once(t.scanner);
    assert_int_equal(COUNT(&t, list), 0);
    assert_int_equal(only_network(&t).failures, 0); // waiting is no failure
    scanner_stop(&t.scanner);
    start(&t, QUIET_MS); // the store is ours alone: what a dead process held is free
    scanner_run_once(t.scanner);
    assert_int_equal(COUNT(&t, list), 1);
    scene_end(&t);
}

// The background: units scan by themselves, wakes work, a removed network's unit goes, and stopping does not wait.
static void test_it_runs_by_itself_and_stops_soon(void **state)
{
    struct scene t;
    struct scanner_status st;
    (void)state;
    scene_begin(&t, 0);
    t.f.clock = clock_system; // the job sleeps in real time
    t.waking = true;
    add_network(&t, VPC_1, ACCOUNT);
    add_network(&t, VPC_2, ACCOUNT);
    start(&t, 20);
    struct peer peers[] = {{PCX("1"), VPC_1, "pending-acceptance", NULL}};
    set_peers(&t, peers, 1);
    for (size_t n = 0; n == 0; usleep(1000)) (void)listed(&t, &n);
    for (int i = 0; i < 20; i++) scanner_wake(t.scanner);
    do {
        scanner_status(t.scanner, &st);
        usleep(1000);
    } while (st.scans < 5);
    scanner_run_once(t.scanner); // next to the background, never on the same unit
    struct actor by = {PRINCIPAL_LOCAL, "cli", NULL};
    struct network *nets;
    size_t n;
    assert_ok(&t.f, store_networks(t.f.reader, NULL, t.f.arena, &nets, &n, &t.f.err));
    for (size_t i = 0; i < n; i++) assert_ok(&t.f, core_network_remove(t.core, &by, nets[i].id, &t.f.err));
    do {
        scanner_status(t.scanner, &st);
        usleep(1000);
    } while (st.units != 0);
    SET(&t, hang, true);
    unsigned before = fake_count(&t.server);
    add_network(&t, VPC_1, ACCOUNT);
    while (fake_count(&t.server) == before) usleep(1000);
    struct mono t0 = clock_mono(&clock_system);
    scene_end(&t);
    assert_true(clock_mono(&clock_system).ns - t0.ns < 20 * NS_PER_SEC);
}

// On the cloud's thread: all of an accept, from request to outcome.
static void accept_meanwhile(void *ctx)
{
    struct scene *t = ctx;
    struct error err;
    struct actor by = {PRINCIPAL_LOCAL, "cli", NULL};
    struct store_reader *reader = NULL;
    struct arena *a = arena_new(1 << 20);
    enum action_answer answer;
    struct slice why;
    struct intent *due;
    size_t n = 0;
    struct wall next;
    struct observed seen = {.name = PCX("1"), .cloud_status = "provisioning"};
    const struct action_request q = {
        .by = &by, .group_id = t->group_id, .name_or_id = SLICE(PCX("1")), .action = ACTION_ACCEPT};
    const struct intent_result r = {.outcome = OUTCOME_DONE, .seen = &seen};
    enum err e = store_reader_open(t->f.store, &reader, &err);
    if (e == ERR_OK) e = core_action_request(t->core, &q, a, &answer, &why, &err);
    if (e == ERR_OK) e = core_intents_due(reader, clock_wall(&t->f.clock), 1, a, &due, &n, &next, &err);
    if (e == ERR_OK && n) e = core_intent_begin(t->core, due, &err);
    if (e == ERR_OK && n) e = core_intent_outcome(t->core, due, &r, &err);
    store_reader_close(&reader);
    arena_free(a);
    t->script.meanwhile = NULL;
}

// The list was made before an accept, and arrives after it was recorded.
static void test_an_old_answer_sets_no_action_back(void **state)
{
    struct scene t;
    (void)state;
    scene_begin(&t, QUIET_MS);
    add_network(&t, VPC_1, ACCOUNT);
    struct peer peers[] = {{PCX("1"), VPC_1, "pending-acceptance", NULL}};
    set_peers(&t, peers, 1);
    scanner_run_once(t.scanner);
    SET(&t, meanwhile_ctx, &t);
    SET(&t, meanwhile, accept_meanwhile);
    scanner_run_once(t.scanner);
    assert_string_equal(the_one(&t).cloud_status, "provisioning");
    assert_int_equal(the_one(&t).local_status, LOCAL_ACCEPT_REQUESTED);
    peers[0].status = "active";
    set_peers(&t, peers, 1);
    scanner_run_once(t.scanner);
    assert_int_equal(the_one(&t).local_status, LOCAL_ACTIVE);
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
        cmocka_unit_test(test_requests_are_found_and_sorted_by_vpc),
        cmocka_unit_test(test_networks_of_one_identity_share_a_describe),
        cmocka_unit_test(test_a_quiet_scan_writes_nothing),
        cmocka_unit_test(test_vanished_needs_two_absences_and_not_found),
        cmocka_unit_test(test_an_end_leaves_the_list_and_stays_away),
        cmocka_unit_test(test_a_request_is_looked_at_when_it_should_have_expired),
        cmocka_unit_test(test_what_is_on_its_way_is_followed),
        cmocka_unit_test(test_another_account_fails_at_once_and_touches_nothing),
        cmocka_unit_test(test_denial_fails_at_once_and_transient_at_the_third),
        cmocka_unit_test(test_a_vpc_that_is_not_there_or_shared_is_said),
        cmocka_unit_test(test_a_lease_of_another_process_is_respected),
        cmocka_unit_test(test_an_old_answer_sets_no_action_back),
        cmocka_unit_test(test_it_runs_by_itself_and_stops_soon),
    };
    return cmocka_run_group_tests_name("reconcile/scanner", tests, setup, NULL);
}
