// SPDX-License-Identifier: Apache-2.0
// Where credentials come from, in which order, and when they are fetched again.
// Run by: meson test. Must never: read the user's own files or environment.
#include "tests/unit/cloud/scene.h"

#include "base/encode.h"

enum { OK, FAIL, LATER };

static void send_assumed(int fd, const char *action, const char *id)
{
    char body[1024];
    snprintf(body, sizeof body,
             "<%sResponse><%sResult><Credentials><AccessKeyId>%s</AccessKeyId><SecretAccessKey>sec</SecretAccessKey>"
             "<SessionToken>tok/+=</SessionToken><Expiration>2024-12-11T20:20:40Z</Expiration></Credentials></%sResult>"
             "</%sResponse>",
             action, action, id, action, action);
    send_xml(fd, "200 OK", body);
}

// STS, a container endpoint and instance metadata in one.
static void answer(void *ctx, int fd, const char *request, unsigned n)
{
    struct scene *s = ctx;
    (void)n;
    if (s->mode == FAIL)
        send_error(fd, "500 Broken", "InternalError", "");
    else if (strstr(request, "Action=AssumeRoleWithWebIdentity"))
        send_assumed(fd, "AssumeRoleWithWebIdentity", "ASIAWEB");
    else if (strstr(request, "Action=AssumeRole&"))
        send_assumed(fd, "AssumeRole", strstr(request, "role%2Fsecond") ? "ASIASECOND" : "ASIAROLE");
    else if (strstr(request, "Action=GetCallerIdentity"))
        send_caller(fd, ACCOUNT);
    else if (strstr(request, "GET /container"))
        fake_reply(
            fd, "200 OK", "",
            s->mode == LATER
                ? "{\"AccessKeyId\":\"ASIALATER\",\"SecretAccessKey\":\"s\",\"Expiration\":\"2024-12-12T00:00:00Z\"}"
                : "{\"AccessKeyId\":\"ASIACONT\",\"SecretAccessKey\":\"s\",\"Token\":\"t\",\"Expiration\":"
                  "\"2024-12-11T20:20:40Z\",\"RoleArn\":\"ignored\"}");
    else if (strstr(request, "PUT /latest/api/token"))
        fake_reply(fd, "200 OK", "", "imds-token\n");
    else if (strstr(request, "security-credentials/my-role"))
        fake_reply(fd, "200 OK", "",
                   "{\"Code\":\"Success\",\"AccessKeyId\":\"ASIAIMDS\",\"SecretAccessKey\":\"s\",\"Token\":\"t\","
                   "\"Expiration\":\"2024-12-11T20:20:40Z\"}");
    else if (strstr(request, "security-credentials/"))
        fake_reply(fd, "200 OK", "", "my-role\nsecond-role");
    else
        fake_reply(fd, "404 No", "", "");
}

struct expect {
    const char *config, *credentials;
    const char *profile; // AWS_PROFILE
    const char *named;   // the network's profile: identity of kind profile
    const char *id;      // access key id, NULL = refused
    const char *why;     // part of the reason
    bool env_keys, web, container, imds;
};

static void run(const struct expect *x)
{
    struct scene s;
    struct held h;
    char container[128];
    scene_begin(&s, answer);
    snprintf(container, sizeof container, "%s/container", s.url);
    if (x->config) scene_write(&s, s.config, x->config);
    if (x->credentials) scene_write(&s, s.credentials, x->credentials);
    scene_write(&s, s.file, "web.identity.token\n");
    struct cloud_env *e = &s.opt.env;
    e->profile = x->profile;
    if (x->env_keys) scene_keys(&s);
    if (x->web) {
        e->web_identity_token_file = s.file;
        e->role_arn = "arn:aws:iam::111111111111:role/web";
    }
    if (x->container) e->container_full_uri = container;
    e->imds_disabled = !x->imds;
    e->imds_endpoint = s.url;
    if (x->named) s.t = (struct cloud_target){IDENTITY_PROFILE, x->named, "", "us-east-1"};
    scene_cloud(&s);
    enum cloud_class c = creds_get(s.cloud, &s.t, &h, &s.f);
    if (x->id) {
        if (c != CLOUD_OK) fail_msg("%s: %s", x->id, s.f.message);
        assert_string_equal(h.creds.id, x->id);
        held_done(&h);
    } else {
        assert_int_equal(c, CLOUD_CREDENTIALS);
        if (!strstr(s.f.message, x->why)) fail_msg("\"%s\" lacks \"%s\"", s.f.message, x->why);
    }
    scene_end(&s);
}

#define KEYS(section, id)   "[" section "]\naws_access_key_id = " id "\naws_secret_access_key = s\n"
#define ROLE(section, more) "[" section "]\nrole_arn = arn:aws:iam::111111111111:role/first\n" more "\n"

static void test_the_first_that_claims_wins(void **state)
{
    (void)state;
    static const struct expect rows[] = {
        {.env_keys = true, .credentials = KEYS("default", "AKIDFILE"), .web = true, .id = "AKIDEXAMPLE"},
        {.credentials = KEYS("default", "AKIDFILE"), .config = KEYS("default", "AKIDCONFIG"), .id = "AKIDFILE"},
        {.config = KEYS("default", "AKIDCONFIG"), .container = true, .id = "AKIDCONFIG"},
        {.config = KEYS("profile x", "AKIDX"), .profile = "x", .id = "AKIDX"},
        {.config = KEYS("profile \"x y\"", "AKIDX"), .profile = "x y", .id = "AKIDX"},
        {.credentials = KEYS("x", "AKIDX") KEYS("default", "AKIDD"), .profile = "x", .id = "AKIDX"},
        {.credentials = KEYS("x", "AKIDX"), .named = "x", .env_keys = true, .id = "AKIDX"},
        {.config = ROLE("default", "source_profile = b") KEYS("profile b", "AKIDB"), .web = true, .id = "ASIAROLE"},
        {.config = ROLE("profile a", "source_profile = b"),
         .credentials = KEYS("b", "AKIDB"),
         .named = "a",
         .id = "ASIAROLE"},
        {.config = ROLE("profile a", "source_profile = a\naws_access_key_id = K\naws_secret_access_key = s"),
         .profile = "a",
         .id = "ASIAROLE"},
        {.config = ROLE("profile a", "credential_source = Environment"),
         .profile = "a",
         .named = "a",
         .env_keys = true,
         .id = "ASIAROLE"},
        {.config = ROLE("profile a", "credential_source = EcsContainer"),
         .profile = "a",
         .container = true,
         .id = "ASIAROLE"},
        {.config = ROLE("profile a", "credential_source = Ec2InstanceMetadata"),
         .profile = "a",
         .imds = true,
         .id = "ASIAROLE"},
        {.config = "[profile a]\nrole_arn = arn:aws:iam::111111111111:role/second\nsource_profile = b\n" ROLE(
             "profile b", "source_profile = c") KEYS("profile c", "AKIDC"),
         .profile = "a",
         .id = "ASIASECOND"},
        {.web = true, .credentials = KEYS("default", "AKIDFILE"), .id = "ASIAWEB"},
        {.container = true, .imds = true, .id = "ASIACONT"},
        {.imds = true, .id = "ASIAIMDS"},
        {.config = "[default]\ns3 =\n  max = 1\n" KEYS("profile x", "AKIDX"), .imds = true, .id = "ASIAIMDS"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) run(&rows[i]);
}

static void test_what_is_configured_wrongly_is_said_and_not_passed_over(void **state)
{
    (void)state;
    static const struct expect rows[] = {
        {.why = "no AWS credentials found"},
        {.profile = "gone", .credentials = KEYS("default", "AKIDFILE"), .imds = true, .why = "profile 'gone'"},
        {.named = "gone", .env_keys = true, .why = "profile 'gone'"},
        {.credentials = "[default]\naws_access_key_id = AKID\n", .imds = true, .why = "without its other half"},
        {.credentials = "[default]\naws_secret_access_key = x\n", .imds = true, .why = "without its other half"},
        {.credentials = "[default]\naws_access_key_id = A\xc3\xa4\naws_secret_access_key = s\n", .why = "visible"},
        {.credentials = "what is this\n", .env_keys = true, .why = "credentials"},
        {.config = ROLE("default", ""), .imds = true, .why = "neither source_profile nor credential_source"},
        {.config = ROLE("default", "source_profile = x\ncredential_source = Environment"), .why = "keep one"},
        {.config = ROLE("default", "credential_source = Moon"), .why = "credential_source"},
        {.config = ROLE("default", "source_profile = gone"), .why = "profile 'gone'"},
        {.config = ROLE("default", "source_profile = b") "[profile b]\nregion = x\n", .why = "holds no credentials"},
        {.config = ROLE("default", "source_profile = b") ROLE("profile b", "source_profile = default"),
         .why = "leads back"},
        {.config = ROLE("default", "mfa_serial = arn:x\nsource_profile = b") KEYS("profile b", "A"), .why = "MFA"},
        {.config = "[default]\nrole_arn = short\nsource_profile = b\n" KEYS("profile b", "A"), .why = "20 to 2048"},
        {.config = ROLE("default", "role_session_name = a b\nsource_profile = b") KEYS("profile b", "A"),
         .why = "session name"},
        {.config = ROLE("default", "duration_seconds = 60\nsource_profile = b") KEYS("profile b", "A"),
         .why = "900 to 43200"},
        {.config = ROLE("default", "external_id = x\nsource_profile = b") KEYS("profile b", "A"), .why = "2 to 1224"},
        {.config = "[default]\nsso_session = s\n", .imds = true, .why = "sso"},
        {.config = "[default]\ncredential_process = /bin/x\n", .imds = true, .why = "credential_process"},
        {.config = "[default]\nrole_arn = arn:aws:iam::1:role/x\nweb_identity_token_file = /nonexistent\n",
         .why = "web identity token"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) run(&rows[i]);
}

static void test_a_role_is_assumed_with_external_id_and_session_name(void **state)
{
    struct scene s;
    char account[ACCOUNT_ID], arn[256];
    (void)state;
    scene_begin(&s, answer);
    scene_keys(&s);
    scene_cloud(&s);
    s.t = (struct cloud_target){IDENTITY_ROLE, "arn:aws:iam::111111111111:role/r", "ext/1", "eu-west-1"};
    assert_int_equal(cloud_identity(s.cloud, &s.t, account, arn, &s.f), CLOUD_OK);
    const char *assume = fake_request(&s.server, 0), *who = fake_request(&s.server, 1);
    assert_non_null(strstr(assume, "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A111111111111"
                                   "%3Arole%2Fr&RoleSessionName=peerage&ExternalId=ext%2F1"));
    assert_non_null(strstr(assume, "Credential=AKIDEXAMPLE/20241211/eu-west-1/sts/aws4_request"));
    assert_non_null(strstr(who, "Credential=ASIAROLE/"));
    assert_non_null(strstr(who, "\r\nx-amz-security-token: tok/+=\r\n"));
    assert_non_null(strstr(who, "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token"));
    // Another external id is another identity; another region is the same.
    s.t.external_id = "ext/2";
    assert_int_equal(cloud_identity(s.cloud, &s.t, account, arn, &s.f), CLOUD_OK);
    assert_int_equal(fake_count(&s.server), 4);
    s.t.region = "us-east-1";
    assert_int_equal(cloud_identity(s.cloud, &s.t, account, arn, &s.f), CLOUD_OK);
    assert_int_equal(fake_count(&s.server), 4);
    scene_end(&s);
}

static void test_web_identity_is_unsigned(void **state)
{
    struct scene s;
    struct held h;
    (void)state;
    scene_begin(&s, answer);
    scene_write(&s, s.file, "jwt.jwt.jwt\n");
    s.opt.env.web_identity_token_file = s.file;
    s.opt.env.role_arn = "arn:aws:iam::111111111111:role/web";
    scene_cloud(&s);
    assert_int_equal(creds_get(s.cloud, &s.t, &h, &s.f), CLOUD_OK);
    assert_null(strcasestr(fake_request(&s.server, 0), "authorization"));
    assert_non_null(strstr(fake_request(&s.server, 0), "&WebIdentityToken=jwt.jwt.jwt"));
    held_done(&h);
    scene_end(&s);
}

static void test_container_endpoint_is_asked_with_its_token_only_where_allowed(void **state)
{
    (void)state;
    static const struct {
        const char *uri;
        bool allowed;
    } rows[] = {{"http://169.254.170.2.evil.example/c", false},
                {"http://evil.example/c", false},
                {"http://user@127.0.0.1/c", false},
                {"ftp://127.0.0.1/c", false},
                {"http://[::2]/c", false},
                {"http://10.0.0.1/c", false}};
    struct held h;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct scene s;
        scene_begin(&s, answer);
        s.opt.env.container_full_uri = rows[i].uri;
        scene_cloud(&s);
        assert_int_equal(creds_get(s.cloud, &s.t, &h, &s.f), CLOUD_CREDENTIALS);
        assert_non_null(strstr(s.f.message, "AWS_CONTAINER_CREDENTIALS_FULL_URI"));
        scene_end(&s);
    }
    struct scene s;
    char uri[128];
    scene_begin(&s, answer);
    snprintf(uri, sizeof uri, "%s/container", s.url);
    scene_write(&s, s.file, "secret-token\n");
    s.opt.env.container_full_uri = uri;
    s.opt.env.container_token = "other";
    s.opt.env.container_token_file = s.file; // wins
    scene_cloud(&s);
    assert_int_equal(creds_get(s.cloud, &s.t, &h, &s.f), CLOUD_OK);
    assert_non_null(strstr(fake_request(&s.server, 0), "\r\nauthorization: secret-token\r\n"));
    held_done(&h);
    scene_end(&s);
    scene_begin(&s, answer);
    snprintf(uri, sizeof uri, "%s/container", s.url);
    s.opt.env.container_full_uri = uri;
    s.opt.env.container_token = "a\r\nX-Evil: 1";
    scene_cloud(&s);
    assert_int_equal(creds_get(s.cloud, &s.t, &h, &s.f), CLOUD_CREDENTIALS);
    assert_int_equal(fake_count(&s.server), 0);
    scene_end(&s);
}

static void test_instance_metadata_is_version_2(void **state)
{
    struct scene s;
    struct held h;
    (void)state;
    scene_begin(&s, answer);
    s.opt.env.imds_disabled = false;
    s.opt.env.imds_endpoint = s.url;
    scene_cloud(&s);
    assert_int_equal(creds_get(s.cloud, &s.t, &h, &s.f), CLOUD_OK);
    assert_non_null(strstr(fake_request(&s.server, 0), "x-aws-ec2-metadata-token-ttl-seconds: 21600"));
    assert_non_null(strstr(fake_request(&s.server, 2), "GET /latest/meta-data/iam/security-credentials/my-role HTTP"));
    assert_non_null(strstr(fake_request(&s.server, 2), "x-aws-ec2-metadata-token: imds-token\r\n"));
    held_done(&h);
    scene_end(&s);
}

// The credentials live for one hour.
static void test_refresh_before_they_lapse(void **state)
{
    struct scene s;
    struct held h;
    char uri[128];
    (void)state;
    scene_begin(&s, answer);
    snprintf(uri, sizeof uri, "%s/container", s.url);
    s.opt.env.container_full_uri = uri;
    scene_cloud(&s);
#define GET(want)                                                                                                      \
    do {                                                                                                               \
        assert_int_equal(creds_get(s.cloud, &s.t, &h, &s.f), want);                                                    \
        if ((want) == CLOUD_OK) held_done(&h);                                                                         \
    } while (0)
    GET(CLOUD_OK);
    manual_clock_advance(&s.hands, 44 * 60 * NS_PER_SEC);
    GET(CLOUD_OK);
    assert_int_equal(fake_count(&s.server), 1); // 16 minutes are left
    manual_clock_advance(&s.hands, 2 * 60 * NS_PER_SEC);
    s.mode = FAIL;
    GET(CLOUD_OK);
    assert_int_equal(fake_count(&s.server), 4); // 14: tried three times, and the old ones go on
    GET(CLOUD_OK);
    assert_int_equal(fake_count(&s.server), 4); // not at every call
    manual_clock_advance(&s.hands, 61 * NS_PER_SEC);
    GET(CLOUD_OK);
    assert_int_equal(fake_count(&s.server), 7);
    manual_clock_advance(&s.hands, 14 * 60 * NS_PER_SEC);
    GET(CLOUD_TRANSIENT); // lapsed
    assert_int_equal(fake_count(&s.server), 10);
    GET(CLOUD_TRANSIENT);
    assert_int_equal(fake_count(&s.server), 10); // a short rest after a failure
    manual_clock_advance(&s.hands, 6 * NS_PER_SEC);
    s.mode = OK;
    GET(CLOUD_CREDENTIALS); // what is offered has lapsed as well
    assert_non_null(strstr(s.f.message, "lapsed already"));
    manual_clock_advance(&s.hands, 6 * NS_PER_SEC);
    s.mode = LATER;
    GET(CLOUD_OK);
    assert_int_equal(h.generation, 2);
    scene_end(&s);
}

struct caller {
    struct scene *s;
    unsigned wrong;
};

static void *call_many(void *arg)
{
    struct caller *c = arg;
    for (int i = 0; i < 50; i++) {
        struct held h;
        struct cloud_failure f;
        c->wrong += creds_get(c->s->cloud, &c->s->t, &h, &f) != CLOUD_OK;
        held_done(&h);
    }
    return NULL;
}

static void test_callers_share_one_fetch(void **state)
{
    struct scene s;
    pthread_t threads[6];
    struct caller callers[6];
    (void)state;
    scene_begin(&s, answer);
    s.opt.env.imds_disabled = false;
    s.opt.env.imds_endpoint = s.url;
    scene_cloud(&s);
    for (int i = 0; i < 6; i++) {
        callers[i] = (struct caller){&s, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, call_many, &callers[i]), 0);
    }
    for (int i = 0; i < 6; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(callers[i].wrong, 0);
    }
    assert_int_equal(fake_count(&s.server), 3);
    scene_end(&s);
}

static void test_endpoints_of_a_profile_count(void **state)
{
    struct scene s;
    char config[512], account[ACCOUNT_ID], arn[256];
    (void)state;
    scene_begin(&s, answer);
    snprintf(
        config, sizeof config,
        "[default]\nservices = local\nendpoint_url = http://127.0.0.1:1\n[services local]\nsts =\n  endpoint_url = %s"
        "\n[services other]\nsts =\n  endpoint_url = http://127.0.0.1:2\n",
        s.url);
    scene_write(&s, s.config, config);
    scene_keys(&s);
    s.opt.env.endpoint_all = NULL;
    scene_cloud(&s);
    assert_int_equal(cloud_identity(s.cloud, &s.t, account, arn, &s.f), CLOUD_OK);
    scene_end(&s);
}

static void test_policies_grant_what_is_used(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b, 1 << 16);
    cloud_policy_permissions(&b, "aws", NETWORK_OBSERVE);
    buf_char(&b, '\0');
    assert_non_null(strstr(b.p, "ec2:DescribeVpcPeeringConnections"));
    assert_null(strstr(b.p, "Accept"));
    assert_null(strstr(b.p, "Route"));
    buf_clear(&b);
    cloud_policy_permissions(&b, "aws-cn", NETWORK_MANAGE);
    buf_char(&b, '\0');
    assert_non_null(strstr(b.p, "arn:aws-cn:ec2:*:*:vpc/*"));
    assert_non_null(strstr(b.p, "ec2:RejectVpcPeeringConnection"));
    assert_non_null(strstr(b.p, "arn:aws-cn:ec2:*:*:route-table/*"));
    assert_non_null(strstr(b.p, "ec2:CreateRoute"));
    assert_null(strstr(b.p, "ec2:ReplaceRoute"));
    buf_clear(&b);
    cloud_policy_trust(&b, "arn:aws:iam::1:role/p", "e\"x");
    buf_char(&b, '\0');
    assert_non_null(strstr(b.p, "\"sts:ExternalId\" : \"e\\\"x\""));
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_that_claims_wins),
        cmocka_unit_test(test_what_is_configured_wrongly_is_said_and_not_passed_over),
        cmocka_unit_test(test_a_role_is_assumed_with_external_id_and_session_name),
        cmocka_unit_test(test_web_identity_is_unsigned),
        cmocka_unit_test(test_container_endpoint_is_asked_with_its_token_only_where_allowed),
        cmocka_unit_test(test_instance_metadata_is_version_2),
        cmocka_unit_test(test_refresh_before_they_lapse),
        cmocka_unit_test(test_callers_share_one_fetch),
        cmocka_unit_test(test_endpoints_of_a_profile_count),
        cmocka_unit_test(test_policies_grant_what_is_used),
    };
    return cmocka_run_group_tests_name("cloud/creds", tests, setup_crypto, NULL);
}
