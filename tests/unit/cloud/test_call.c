// SPDX-License-Identifier: Apache-2.0
// Calls end to end against a scripted server: signatures, retries, clocks, pages, changes that are sent once.
// Run by: meson test. Must never: sleep.
#include "tests/unit/cloud/scene.h"

#include "net/sigv4.h"

enum {
    OK,
    THROTTLE_TWICE,
    THROTTLE_ALWAYS,
    DENY,
    REFUSE,
    REFUSE_FIRST_KEY,
    LATE,
    LOSE,
    AWAY,
    HTML_403,
    PAGES,
    LOOP,
    BROKEN
};

#define ITEM(id, status)                                                                                               \
    "<item><vpcPeeringConnectionId>" id "</vpcPeeringConnectionId><accepterVpcInfo><ownerId>" ACCOUNT                  \
    "</ownerId><vpcId>vpc-11111111</vpcId></accepterVpcInfo><status><code>" status "</code></status></item>"
#define LIST(items, token)                                                                                             \
    "<DescribeVpcPeeringConnectionsResponse><vpcPeeringConnectionSet>" items "</vpcPeeringConnectionSet>" token        \
    "</DescribeVpcPeeringConnectionsResponse>"

static void answer_pages(int fd, const char *request)
{
    if (strstr(request, "NextToken=p%2F3"))
        send_xml(fd, "200 OK", LIST(ITEM("pcx-33333333", "active") ITEM("pcx-11111111", "deleted"), ""));
    else if (strstr(request, "NextToken=p2"))
        send_xml(fd, "200 OK",
                 LIST(ITEM("pcx-22222222", "active") ITEM("pcx-junk", "active"), "<nextToken>p/3</nextToken>"));
    else
        send_xml(fd, "200 OK", LIST(ITEM("pcx-11111111", "active"), "<nextToken>p2</nextToken>"));
}

static void answer(void *ctx, int fd, const char *request, unsigned n)
{
    struct scene *s = ctx;
    switch (s->mode) {
    case THROTTLE_TWICE:
        if (n < 2)
            send_error(fd, "503 Slow", "RequestLimitExceeded", "x-amz-retry-after: 1500\r\n");
        else
            send_caller(fd, ACCOUNT);
        break;
    case THROTTLE_ALWAYS:
        send_error(fd, "503 Slow", "RequestLimitExceeded", "");
        break;
    case DENY:
        send_error(fd, "403 No", "UnauthorizedOperation", "");
        break;
    case REFUSE:
        send_error(fd, "401 No", "AuthFailure", "");
        break;
    case REFUSE_FIRST_KEY:
        if (strstr(request, "Credential=AKIDFIRST/"))
            send_error(fd, "401 No", "AuthFailure", "");
        else
            send_caller(fd, ACCOUNT);
        break;
    case LATE: // an hour ahead of the manual clock, and stays there
        if (strstr(request, "20241211T2020"))
            send_caller(fd, ACCOUNT);
        else
            send_error(fd, "400 No", "RequestExpired", "Date: Wed, 11 Dec 2024 20:20:45 GMT\r\n");
        break;
    case LOSE:
        break;
    case AWAY:
        send_error(fd, "503 Away", "Unavailable", "");
        break;
    case HTML_403:
        fake_reply(fd, "403 Forbidden", "Content-Type: text/html\r\n", "<html><body>blocked</body></html>");
        break;
    case PAGES:
        answer_pages(fd, request);
        break;
    case LOOP:
        send_xml(fd, "200 OK", LIST(ITEM("pcx-11111111", "active"), "<nextToken>same</nextToken>"));
        break;
    case BROKEN:
        send_xml(fd, "200 OK",
                 strstr(request, "NextToken") ? "<DescribeVpcPeeringConnectionsResponse><vpc"
                                              : LIST(ITEM("pcx-11111111", "active"), "<nextToken>p2</nextToken>"));
        break;
    default:
        send_caller(fd, ACCOUNT);
    }
}

static void begin(struct scene *s, int mode)
{
    scene_begin(s, answer);
    scene_keys(s);
    scene_cloud(s);
    s->mode = mode;
}

static enum cloud_class identity(struct scene *s)
{
    char account[ACCOUNT_ID], arn[256];
    enum cloud_class c = cloud_identity(s->cloud, &s->t, account, arn, &s->f);
    if (c == CLOUD_OK) assert_string_equal(account, ACCOUNT);
    return c;
}

// Takes the request apart and verifies it as a server would.
static void verify(const char *text, const char *secret)
{
    struct header h[20];
    struct arena *a = arena_new(1 << 16);
    struct request r = {.method_text = SLICE("POST"), .path = SLICE("/"), .headers = h, .arena = a};
    struct slice rest = slice_of(text), line;
    struct error err;
    (void)slice_cut(&rest, '\n', &line);
    while (slice_cut(&rest, '\n', &line) && line.n > 1) {
        assert_true(slice_cut(&line, ':', &h[r.header_count].name));
        h[r.header_count++].value = slice_trim(line, " \r");
    }
    r.body = rest;
    struct sigv4_credential c;
    assert_int_equal(sigv4_parse_authorization(request_header(&r, "authorization"), &c, &err), ERR_OK);
    assert_int_equal(sigv4_verify(&r, &c, slice_of(secret), &err), ERR_OK);
    assert_true(slice_eq(c.service, SLICE("sts")));
    assert_true(slice_eq(c.signed_headers, SLICE("content-type;host;x-amz-date")));
    arena_free(a);
}

static void test_requests_are_signed_and_the_answer_is_remembered(void **state)
{
    struct scene s;
    (void)state;
    begin(&s, OK);
    assert_int_equal(identity(&s), CLOUD_OK);
    verify(fake_request(&s.server, 0), "wJalrXUtnFEMI");
    assert_non_null(strstr(fake_request(&s.server, 0), "\r\n\r\nAction=GetCallerIdentity&Version=2011-06-15"));
    assert_int_equal(identity(&s), CLOUD_OK);
    assert_int_equal(fake_count(&s.server), 1);
    scene_end(&s);
}

static void test_throttling_is_waited_out(void **state)
{
    struct scene s;
    (void)state;
    begin(&s, THROTTLE_TWICE);
    assert_int_equal(identity(&s), CLOUD_OK);
    assert_int_equal(fake_count(&s.server), 3);
    assert_true(s.slept_ns >= 2 * 1500 * NS_PER_MS); // as asked, twice
    assert_int_equal(s.cloud->budget.tokens, RETRY_BUDGET - RETRY_COST_THROTTLED);
    scene_end(&s);
}

static void test_attempts_and_budget_are_bounded(void **state)
{
    struct scene s;
    (void)state;
    begin(&s, THROTTLE_ALWAYS);
    assert_int_equal(identity(&s), CLOUD_THROTTLED);
    assert_int_equal(fake_count(&s.server), 3);
    assert_string_equal(s.f.code, "RequestLimitExceeded");
    assert_string_equal(s.f.request_id, "req-1");
    assert_int_equal(s.f.http_status, 503);
    s.cloud->budget.tokens = 0;
    assert_int_equal(identity(&s), CLOUD_THROTTLED);
    assert_int_equal(fake_count(&s.server), 4); // an empty budget allows no retry
    scene_end(&s);
}

static void sleep_and_advance(struct cloud *c, int64_t ns)
{
    scene_sleep(c, ns);
    manual_clock_advance(&scene_now->hands, ns);
}

// Whoever asks, and however often: retries, several callers, reads and changes.
static void test_a_host_that_is_away_gets_one_call_a_second(void **state)
{
    struct scene s;
    struct observed o;
    (void)state;
    begin(&s, AWAY);
    s.cloud->sleep = sleep_and_advance;
    int64_t begun = s.hands.mono_ns;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(cloud_describe_one(s.cloud, &s.t, "pcx-11111111", s.a, &o, &s.f), CLOUD_TRANSIENT);
        assert_int_equal(cloud_reject(s.cloud, &s.t, "pcx-11111111", &s.f), CLOUD_TRANSIENT);
    }
    int64_t seconds = (s.hands.mono_ns - begun) / NS_PER_SEC;
    assert_true(fake_count(&s.server) >= 40);
    assert_true((int64_t)fake_count(&s.server) <= seconds + AWAY_AFTER + 1);
    s.mode = PAGES; // it is back
    assert_int_equal(cloud_describe_one(s.cloud, &s.t, "pcx-11111111", s.a, &o, &s.f), CLOUD_OK);
    unsigned sleeps = s.sleeps;
    for (int i = 0; i < 5; i++)
        assert_int_equal(cloud_describe_one(s.cloud, &s.t, "pcx-11111111", s.a, &o, &s.f), CLOUD_OK);
    assert_int_equal(s.sleeps, sleeps);
    scene_end(&s);
}

static void test_denial_is_final_and_says_why(void **state)
{
    struct scene s;
    (void)state;
    begin(&s, DENY);
    assert_int_equal(identity(&s), CLOUD_DENIED);
    assert_int_equal(fake_count(&s.server), 1);
    assert_non_null(strstr(s.f.message, "GetCallerIdentity: UnauthorizedOperation: told so"));
    assert_null(strstr(s.f.message, "req-1")); // the same text for the same cause
    scene_end(&s);
}

static void test_refused_keys_are_not_hammered(void **state)
{
    struct scene s;
    (void)state;
    begin(&s, REFUSE);
    assert_int_equal(identity(&s), CLOUD_CREDENTIALS);
    assert_int_equal(fake_count(&s.server), 1); // the refresh brought the same keys
    for (int i = 0; i < 10; i++) assert_int_equal(identity(&s), CLOUD_CREDENTIALS);
    assert_int_equal(fake_count(&s.server), 1);
    assert_string_equal(s.f.code, "AuthFailure");
    manual_clock_advance(&s.hands, 61 * NS_PER_SEC);
    assert_int_equal(identity(&s), CLOUD_CREDENTIALS);
    assert_int_equal(fake_count(&s.server), 2);
    manual_clock_advance(&s.hands, 61 * NS_PER_SEC);
    assert_int_equal(identity(&s), CLOUD_CREDENTIALS);
    assert_int_equal(fake_count(&s.server), 2); // two minutes now
    manual_clock_advance(&s.hands, 61 * NS_PER_SEC);
    s.mode = OK;
    assert_int_equal(identity(&s), CLOUD_OK);
    scene_end(&s);
}

static void test_rotated_keys_are_picked_up_by_the_one_refresh(void **state)
{
    struct scene s;
    (void)state;
    scene_begin(&s, answer);
    scene_write(&s, s.credentials, "[default]\naws_access_key_id = AKIDFIRST\naws_secret_access_key = a\n");
    scene_cloud(&s);
    s.mode = OK;
    assert_int_equal(identity(&s), CLOUD_OK);
    scene_write(&s, s.credentials, "[default]\naws_access_key_id = AKIDSECOND\naws_secret_access_key = b\n");
    s.mode = REFUSE_FIRST_KEY;
    struct arena *a = arena_new(1 << 20);
    struct aws_call q = {.service = "sts", .action = "GetCallerIdentity", .version = STS_VERSION};
    const struct xml_node *root;
    assert_int_equal(aws_call_as(s.cloud, &q, &s.t, a, &root, NULL, &s.f), CLOUD_OK);
    assert_int_equal(fake_count(&s.server), 3);
    arena_free(a);
    scene_end(&s);
}

static void test_a_wrong_clock_is_corrected_once_and_kept(void **state)
{
    struct scene s;
    (void)state;
    begin(&s, LATE);
    assert_int_equal(identity(&s), CLOUD_OK);
    assert_int_equal(fake_count(&s.server), 2);
    assert_int_equal(cloud_clock_skew(s.cloud), 3605);
    struct arena *a = arena_new(1 << 20);
    struct aws_call q = {.service = "sts", .action = "GetCallerIdentity", .version = STS_VERSION};
    const struct xml_node *root;
    assert_int_equal(aws_call_as(s.cloud, &q, &s.t, a, &root, NULL, &s.f), CLOUD_OK);
    assert_int_equal(fake_count(&s.server), 3);        // signed rightly at once
    manual_clock_advance(&s.hands, 7200 * NS_PER_SEC); // now the correction does not help: the server says the same
    assert_int_equal(aws_call_as(s.cloud, &q, &s.t, a, &root, NULL, &s.f), CLOUD_OK);
    assert_int_equal(fake_count(&s.server), 5);
    arena_free(a);
    scene_end(&s);
}

static void test_lost_replies_are_repeated_only_for_reads(void **state)
{
    struct scene s;
    const struct xml_node *root;
    (void)state;
    begin(&s, LOSE);
    struct arena *a = arena_new(1 << 20);
    struct aws_call q = {.service = "ec2", .action = "AcceptVpcPeeringConnection", .version = EC2_VERSION};
    assert_int_equal(aws_call_as(s.cloud, &q, &s.t, a, &root, NULL, &s.f), CLOUD_TRANSIENT);
    assert_int_equal(fake_count(&s.server), 3);
    q.changes = true;
    assert_int_equal(aws_call_as(s.cloud, &q, &s.t, a, &root, NULL, &s.f), CLOUD_TRANSIENT);
    assert_int_equal(fake_count(&s.server), 4);
    s.mode = THROTTLE_ALWAYS; // a throttled change did not happen
    assert_int_equal(aws_call_as(s.cloud, &q, &s.t, a, &root, NULL, &s.f), CLOUD_THROTTLED);
    assert_int_equal(fake_count(&s.server), 7);
    arena_free(a);
    scene_end(&s);
}

static void test_a_proxy_is_no_denial(void **state)
{
    struct scene s;
    (void)state;
    begin(&s, HTML_403);
    assert_int_equal(identity(&s), CLOUD_TRANSIENT);
    assert_int_equal(s.f.http_status, 403);
    assert_non_null(strstr(s.f.message, "proxy"));
    scene_end(&s);
}

static void test_pages_are_joined_without_doubles(void **state)
{
    struct scene s;
    struct described d;
    unsigned foreign;
    (void)state;
    begin(&s, PAGES);
    assert_int_equal(cloud_describe_incoming(s.cloud, &s.t, ACCOUNT, s.a, &d, &foreign, &s.f), CLOUD_OK);
    assert_int_equal(d.n, 3);
    assert_int_equal(d.pages, 3);
    assert_int_equal(foreign, 1);
    assert_string_equal(d.items[0].name, "pcx-11111111");
    assert_string_equal(d.items[0].cloud_status, "deleted"); // moved between pages: the later sight counts
    assert_non_null(strstr(fake_request(&s.server, 0),
                           "&Filter.1.Name=accepter-vpc-info.owner-id&Filter.1.Value.1=" ACCOUNT "&MaxResults=1000"));
    scene_end(&s);
}

static void test_a_list_without_end_or_with_a_broken_page_fails_whole(void **state)
{
    struct scene s;
    struct described d = {.n = 77};
    unsigned foreign;
    (void)state;
    begin(&s, LOOP);
    assert_int_equal(cloud_describe_incoming(s.cloud, &s.t, ACCOUNT, s.a, &d, &foreign, &s.f), CLOUD_PERMANENT);
    assert_non_null(strstr(s.f.message, "nextToken twice"));
    assert_int_equal(fake_count(&s.server), 2);
    s.mode = PAGES;
    s.cloud->opt.max_pages = 2;
    assert_int_equal(cloud_describe_incoming(s.cloud, &s.t, ACCOUNT, s.a, &d, &foreign, &s.f), CLOUD_PERMANENT);
    assert_non_null(strstr(s.f.message, "more than 2 pages"));
    s.mode = BROKEN;
    assert_int_equal(cloud_describe_incoming(s.cloud, &s.t, ACCOUNT, s.a, &d, &foreign, &s.f), CLOUD_TRANSIENT);
    assert_int_equal(d.n, 77);
    scene_end(&s);
}

static void test_one_by_id(void **state)
{
    struct scene s;
    struct observed o;
    (void)state;
    begin(&s, LOOP);
    assert_int_equal(cloud_describe_one(s.cloud, &s.t, "pcx-11111111", s.a, &o, &s.f), CLOUD_OK);
    assert_string_equal(o.cloud_status, "active");
    assert_null(strstr(fake_request(&s.server, 0), "MaxResults")); // EC2 refuses it next to ids
    assert_int_equal(cloud_describe_one(s.cloud, &s.t, "pcx-99999999", s.a, &o, &s.f), CLOUD_NOT_FOUND_YET);
    scene_end(&s);
}

static void test_an_unreachable_endpoint_has_a_stable_reason(void **state)
{
    struct scene s;
    struct cloud_failure again;
    (void)state;
    scene_begin(&s, answer);
    scene_keys(&s);
    s.opt.env.endpoint_all = "http://127.0.0.1:1";
    scene_cloud(&s);
    assert_int_equal(identity(&s), CLOUD_TRANSIENT);
    again = s.f;
    assert_int_equal(identity(&s), CLOUD_TRANSIENT);
    assert_string_equal(s.f.message, again.message);
    assert_non_null(strstr(s.f.message, "127.0.0.1:1"));
    s.cloud->opt.env.endpoint_all = "gopher://x";
    assert_int_equal(identity(&s), CLOUD_PERMANENT);
    scene_end(&s);
}

static void test_cancel_ends_calls(void **state)
{
    struct scene s;
    (void)state;
    begin(&s, OK);
    cloud_cancel(s.cloud);
    assert_int_equal(identity(&s), CLOUD_TRANSIENT);
    assert_int_equal(fake_count(&s.server), 0);
    scene_end(&s);
}

static void test_permission_check_rows(void **state)
{
    struct scene s;
    struct permission_check rows[PERMISSION_CHECKS];
    unsigned n;
    (void)state;
    begin(&s, OK);
    assert_int_equal(cloud_check(s.cloud, &s.t, "999999999999", "vpc-11111111", false, rows, &n, &s.f), CLOUD_DENIED);
    assert_int_equal(n, 1);
    assert_true(rows[0].known && !rows[0].allowed);
    assert_non_null(strstr(s.f.message, "belong to account " ACCOUNT ", not to 999999999999"));
    s.mode = DENY;
    assert_int_equal(cloud_check(s.cloud, &s.t, ACCOUNT, "vpc-11111111", true, rows, &n, &s.f), CLOUD_OK);
    assert_int_equal(n, 6);
    for (unsigned i = 1; i < n; i++) assert_true(rows[i].known && !rows[i].allowed);
    assert_non_null(strstr(fake_request(&s.server, 3), "DryRun=true"));
    unsigned before = fake_count(&s.server);
    assert_int_equal(cloud_check(s.cloud, &s.t, ACCOUNT, "vpc-11111111", false, rows, &n, &s.f), CLOUD_OK);
    assert_int_equal(fake_count(&s.server), before + 2); // writes are not even tried
    assert_false(rows[5].known);
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests_are_signed_and_the_answer_is_remembered),
        cmocka_unit_test(test_throttling_is_waited_out),
        cmocka_unit_test(test_attempts_and_budget_are_bounded),
        cmocka_unit_test(test_a_host_that_is_away_gets_one_call_a_second),
        cmocka_unit_test(test_denial_is_final_and_says_why),
        cmocka_unit_test(test_refused_keys_are_not_hammered),
        cmocka_unit_test(test_rotated_keys_are_picked_up_by_the_one_refresh),
        cmocka_unit_test(test_a_wrong_clock_is_corrected_once_and_kept),
        cmocka_unit_test(test_lost_replies_are_repeated_only_for_reads),
        cmocka_unit_test(test_a_proxy_is_no_denial),
        cmocka_unit_test(test_pages_are_joined_without_doubles),
        cmocka_unit_test(test_a_list_without_end_or_with_a_broken_page_fails_whole),
        cmocka_unit_test(test_one_by_id),
        cmocka_unit_test(test_an_unreachable_endpoint_has_a_stable_reason),
        cmocka_unit_test(test_cancel_ends_calls),
        cmocka_unit_test(test_permission_check_rows),
    };
    return cmocka_run_group_tests_name("cloud/call", tests, setup_crypto, NULL);
}
