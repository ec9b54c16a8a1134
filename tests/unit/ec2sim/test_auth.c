// SPDX-License-Identifier: Apache-2.0
// Who may speak: signatures, clock skew, sessions and their expiry, roles and external ids, STS replies.
// Must never: read a clock (the time of signing is handed in).

#include "ec2sim/sts.h"
#include "net/crypto.h"
#include "net/sigv4.h"
#include "support/ec2sim_world.h"

static struct auth auth;
static struct arena *arena;
static struct wall now; // real time, as the simulator sees it

static int setup(void **state)
{
    struct error err;
    (void)state;
    now = wall_from_sec(1800000000);
    assert_int_equal(crypto_init(&err), ERR_OK);
    auth_init(&auth, &rng_system);
    auth.open_roles = true;
    arena = arena_new((size_t)8 << 20);
    assert_non_null(arena);
    assert_int_equal(auth_key_add(&auth, slice_of(REQUESTER), SLICE("AKIAREQUESTER0000001"), SLICE("secret-one"), &err),
                     ERR_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    auth_done(&auth);
    arena_free(arena);
    return 0;
}

struct signer {
    const char *id, *secret, *token, *region, *service, *body;
    struct wall when;
};

// A signed POST as a client sends it. The headers live in the arena.
static struct request signed_request(const struct signer *s)
{
    struct header *h = arena_array(arena, 5, sizeof(*h));
    struct error err;
    struct buf value;
    unsigned n = 0;
    char *stamp = arena_alloc(arena, 17);
    assert_non_null(h);
    assert_non_null(stamp);
    wall_sigv4(s->when, stamp);
    h[n++] = (struct header){SLICE("Host"), SLICE("127.0.0.1:4566")};
    h[n++] = (struct header){SLICE("Content-Type"), SLICE("application/x-www-form-urlencoded; charset=utf-8")};
    h[n++] = (struct header){SLICE("X-Amz-Date"), slice_of(stamp)};
    if (s->token) h[n++] = (struct header){SLICE("X-Amz-Security-Token"), slice_of(s->token)};
    struct sigv4_input in = {.method = SLICE("POST"),
                             .path = SLICE("/"),
                             .headers = h,
                             .header_count = n,
                             .payload = slice_of(s->body),
                             .normalize_path = true};
    struct sigv4_key key = {slice_of(s->id), slice_of(s->secret), slice_of(s->token)};
    struct sigv4_scope scope = {slice_of(s->region), slice_of(s->service)};
    buf_init(&value, 4096);
    assert_int_equal(sigv4_authorization(&in, &key, &scope, s->when, arena, &value, &err), ERR_OK);
    h[n++] = (struct header){SLICE("Authorization"), arena_slice(arena, buf_view(&value))};
    buf_done(&value);
    return (struct request){.method = METHOD_POST,
                            .method_text = SLICE("POST"),
                            .target = SLICE("/"),
                            .path = SLICE("/"),
                            .headers = h,
                            .header_count = n,
                            .body = slice_of(s->body),
                            .arena = arena};
}

static struct signer good(const char *service)
{
    return (struct signer){.id = "AKIAREQUESTER0000001",
                           .secret = "secret-one",
                           .region = HERE,
                           .service = service,
                           .body = "Action=GetCallerIdentity&Version=2011-06-15",
                           .when = now};
}

static bool check(const struct signer *s, struct auth_caller *who, struct ec2_error *e)
{
    bool sts = false;
    struct request r = signed_request(s);
    bool ok = sim_auth_check(&auth, &r, now, who, &sts, e);
    assert_int_equal(sts, strcmp(s->service, "sts") == 0);
    return ok;
}

static void a_good_signature_names_account_and_region(void **state)
{
    (void)state;
    struct auth_caller who;
    struct ec2_error e;
    struct signer s = good("ec2");
    assert_true(check(&s, &who, &e));
    assert_string_equal(who.at.account, REQUESTER);
    assert_string_equal(who.at.region, HERE);
    assert_false(who.sts);
    assert_string_equal(who.arn, "arn:aws:iam::111111111111:user/ec2sim");
    s.service = "sts";
    s.region = THERE;
    assert_true(check(&s, &who, &e));
    assert_true(who.sts);
    assert_string_equal(who.at.region, THERE);
}

static void wrong_credentials_are_refused_as_each_service_does(void **state)
{
    (void)state;
    const struct {
        const char *id, *secret, *token, *service;
        int status;
        const char *code;
    } t[] = {
        {"AKIAREQUESTER0000001", "secret-two", NULL, "ec2", 403, "SignatureDoesNotMatch"},
        {"AKIAREQUESTER0000001", "secret-two", NULL, "sts", 403, "SignatureDoesNotMatch"},
        {"AKIASTRANGER00000001", "secret-one", NULL, "ec2", 401, "AuthFailure"},
        {"AKIASTRANGER00000001", "secret-one", NULL, "sts", 403, "InvalidClientTokenId"},
        {"AKIAREQUESTER0000001", "secret-one", "a-token", "ec2", 401, "AuthFailure"},
        {"AKIAREQUESTER0000001", "secret-one", NULL, "s3", 403, "SignatureDoesNotMatch"},
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct auth_caller who;
        struct ec2_error e = {0};
        struct signer s = good(t[i].service);
        s.id = t[i].id;
        s.secret = t[i].secret;
        s.token = t[i].token;
        assert_false(check(&s, &who, &e));
        assert_string_equal(e.code, t[i].code);
        assert_int_equal(e.status, t[i].status);
    }
}

static void a_changed_body_does_not_fit(void **state)
{
    (void)state;
    struct auth_caller who;
    struct ec2_error e;
    bool sts;
    struct signer s = good("ec2");
    struct request r = signed_request(&s);
    r.body = SLICE("Action=GetCallerIdentity&Version=2011-06-16");
    assert_false(sim_auth_check(&auth, &r, now, &who, &sts, &e));
    assert_string_equal(e.code, "SignatureDoesNotMatch");
}

static void five_minutes_of_skew(void **state)
{
    (void)state;
    const struct {
        int64_t seconds;
        const char *service, *code; // NULL = fine
    } t[] = {
        {300, "ec2", NULL},
        {-300, "ec2", NULL},
        {301, "ec2", "RequestExpired"},
        {-301, "ec2", "RequestExpired"},
        {301, "sts", "SignatureDoesNotMatch"},
        {-301, "sts", "SignatureDoesNotMatch"},
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct auth_caller who;
        struct ec2_error e = {0};
        struct signer s = good(t[i].service);
        s.when.us += t[i].seconds * US_PER_SEC;
        assert_int_equal(check(&s, &who, &e), t[i].code == NULL);
        if (t[i].code) assert_string_equal(e.code, t[i].code);
    }
}

static void missing_and_broken_headers(void **state)
{
    (void)state;
    struct auth_caller who;
    struct ec2_error e;
    bool sts;
    struct signer s = good("ec2");
    struct request r = signed_request(&s);
    r.header_count--; // Authorization is the last
    assert_false(sim_auth_check(&auth, &r, now, &who, &sts, &e));
    assert_string_equal(e.code, "MissingAuthenticationToken");
    static const char *const broken[] = {"Basic abc", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=x",
                                         "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=00"};
    for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
        struct header h[2] = {{SLICE("Host"), SLICE("x")}, {SLICE("Authorization"), slice_of(broken[i])}};
        r.headers = h;
        r.header_count = 2;
        assert_false(sim_auth_check(&auth, &r, now, &who, &sts, &e));
        assert_true(e.status >= 400 && e.status < 500);
    }
}

// ---- STS

static struct buf out;
static struct ec2_error refusal;

// Runs an STS action as the registered user, or unsigned. The reply's tree, or NULL with `refusal` filled.
static struct xml_node *sts(const char *body, const struct auth_caller *who)
{
    struct form form;
    struct xml_node *root;
    struct error err;
    char *text = arena_fmt(arena, "%s&Version=" STS_VERSION, body);
    assert_true(form_read(arena, slice_of(text), &form, &refusal));
    buf_done(&out);
    buf_init(&out, 65536);
    refusal = (struct ec2_error){0};
    struct sts_call c = {
        .auth = &auth, .who = who, .real_now = now, .form = &form, .request_id = "id", .out = &out, .e = &refusal};
    if (!sts_run(&c)) return NULL;
    assert_int_equal(xml_read(arena, buf_view(&out), &xml_limits_default, &root, &err), ERR_OK);
    return root;
}

static struct auth_caller user(void)
{
    struct auth_caller who;
    struct ec2_error e;
    struct signer s = good("sts");
    assert_true(check(&s, &who, &e));
    return who;
}

static const char *in(const struct xml_node *root, const char *name)
{
    const struct xml_node *n = xml_find(root, name);
    return n ? arena_fmt(arena, "%.*s", SLICE_FMT(n->text)) : "";
}

#define ROLE "arn:aws:iam::222222222222:role/team/peering"

static void assumed_role_signs_and_expires(void **state)
{
    (void)state;
    struct auth_caller me = user(), who;
    struct ec2_error e;
    const struct xml_node *r = sts("Action=AssumeRole&RoleArn=" ROLE "&RoleSessionName=op@1&DurationSeconds=900", &me);
    assert_non_null(r);
    assert_string_equal(in(r, "Arn"), "arn:aws:sts::222222222222:assumed-role/peering/op@1");
    assert_string_equal(in(r, "Expiration"), "2027-01-15T08:15:00Z");
    struct signer s = good("ec2");
    s.id = in(r, "AccessKeyId");
    s.secret = in(r, "SecretAccessKey");
    s.token = in(r, "SessionToken");
    assert_int_equal(strncmp(s.id, "ASIA", 4), 0);
    assert_true(check(&s, &who, &e));
    assert_string_equal(who.at.account, ACCEPTER);
    assert_true(who.is_session);
    s.token = "wrong";
    assert_false(check(&s, &who, &e));
    assert_string_equal(e.code, "AuthFailure");
    char *other = arena_fmt(arena, "%s", in(r, "SessionToken"));
    other[5] = other[5] == 'A' ? 'B' : 'A'; // the same length
    s.token = other;
    assert_false(check(&s, &who, &e));
    assert_string_equal(e.code, "AuthFailure");
    s.token = in(r, "SessionToken");
    now.us += 899 * US_PER_SEC;
    s.when = now;
    assert_true(check(&s, &who, &e));
    now.us += US_PER_SEC;
    s.when = now;
    assert_false(check(&s, &who, &e));
    assert_string_equal(e.code, "RequestExpired");
    s.service = "sts";
    assert_false(check(&s, &who, &e));
    assert_string_equal(e.code, "ExpiredToken");
}

static void external_id_is_asked_for(void **state)
{
    (void)state;
    struct auth_caller me = user();
    struct error err;
    assert_int_equal(auth_role_add(&auth, SLICE(ROLE), SLICE("org-77"), 0, &err), ERR_OK);
    assert_null(sts("Action=AssumeRole&RoleArn=" ROLE "&RoleSessionName=op", &me));
    assert_string_equal(refusal.code, "AccessDenied");
    assert_int_equal(refusal.status, 403);
    assert_null(sts("Action=AssumeRole&RoleArn=" ROLE "&RoleSessionName=op&ExternalId=org-78", &me));
    assert_string_equal(refusal.code, "AccessDenied");
    assert_non_null(sts("Action=AssumeRole&RoleArn=" ROLE "&RoleSessionName=op&ExternalId=org-77", &me));
}

static void closed_simulators_know_registered_roles_only(void **state)
{
    (void)state;
    struct auth_caller me = user();
    struct error err;
    auth.open_roles = false;
    assert_null(sts("Action=AssumeRole&RoleArn=" ROLE "&RoleSessionName=op", &me));
    assert_string_equal(refusal.code, "AccessDenied");
    assert_int_equal(auth_role_add(&auth, SLICE(ROLE), SLICE(""), 0, &err), ERR_OK);
    assert_non_null(sts("Action=AssumeRole&RoleArn=" ROLE "&RoleSessionName=op", &me));
}

static void durations_are_bounded(void **state)
{
    (void)state;
    struct auth_caller me = user();
    struct error err;
    const char *ask900 = "Action=AssumeRole&RoleArn=" ROLE "&RoleSessionName=op&DurationSeconds=%d";
    const struct {
        int seconds;
        bool registered, chained, fine;
    } t[] = {
        {899, false, false, false},   {900, false, false, true},  {43200, false, false, true},
        {43201, false, false, false}, {3600, true, false, true},  {3601, true, false, false},
        {3600, false, true, true},    {3601, false, true, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        auth.role_count = 0;
        if (t[i].registered) assert_int_equal(auth_role_add(&auth, SLICE(ROLE), SLICE(""), 0, &err), ERR_OK);
        me.is_session = t[i].chained;
        const struct xml_node *r = sts(arena_fmt(arena, ask900, t[i].seconds), &me);
        assert_int_equal(r != NULL, t[i].fine);
        if (!r) assert_string_equal(refusal.code, "ValidationError");
    }
}

static void parameters_of_assume_role(void **state)
{
    (void)state;
    struct auth_caller me = user();
    const struct {
        const char *body, *code;
    } bad[] = {
        {"Action=AssumeRole&RoleSessionName=op", "MissingParameter"},
        {"Action=AssumeRole&RoleArn=" ROLE, "MissingParameter"},
        {"Action=AssumeRole&RoleArn=arn:aws:iam::1:role/x&RoleSessionName=op", "ValidationError"},
        {"Action=AssumeRole&RoleArn=arn:aws:iam::222222222222:user/x&RoleSessionName=op", "ValidationError"},
        {"Action=AssumeRole&RoleArn=arn:aws:iam::222222222222:role/&RoleSessionName=op", "ValidationError"},
        {"Action=AssumeRole&RoleArn=" ROLE "&RoleSessionName=o", "ValidationError"},
        {"Action=AssumeRole&RoleArn=" ROLE "&RoleSessionName=a+b", "ValidationError"},
        {"Action=AssumeRole&RoleArn=" ROLE "&RoleSessionName=op&ExternalId=x", "ValidationError"},
        {"Action=AssumeNothing", "InvalidAction"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_null(sts(bad[i].body, &me));
        assert_string_equal(refusal.code, bad[i].code);
    }
}

static void web_identity_needs_no_signature_but_consent(void **state)
{
    (void)state;
    const char *body = "Action=AssumeRoleWithWebIdentity&RoleArn=" ROLE "&RoleSessionName=op&WebIdentityToken=abcd.efg";
    assert_null(sts(body, NULL));
    assert_string_equal(refusal.code, "AccessDenied");
    auth.web_identity = true;
    const struct xml_node *r = sts(body, NULL);
    assert_non_null(r);
    assert_string_equal(in(r, "Arn"), "arn:aws:sts::222222222222:assumed-role/peering/op");
    assert_null(sts("Action=GetCallerIdentity", NULL));
    assert_string_equal(refusal.code, "MissingAuthenticationToken");
    assert_true(sts_is_unsigned(SLICE("AssumeRoleWithWebIdentity")));
    assert_false(sts_is_unsigned(SLICE("AssumeRole")));
}

static void sessions_are_bounded(void **state)
{
    (void)state;
    struct auth_session s = {.account = ACCEPTER, .expires = {now.us + HOUR * US_PER_SEC}};
    struct error err;
    for (int i = 0; i < AUTH_SESSIONS_MAX + 10; i++) {
        snprintf(s.id, sizeof(s.id), "ASIA%d", i);
        assert_int_equal(auth_session_add(&auth, &s, now, &err), ERR_OK);
    }
    assert_int_equal(auth.session_count, AUTH_SESSIONS_MAX);
    assert_string_equal(auth.sessions[0].id, "ASIA10"); // the oldest left
}

static void keys_are_registered_once(void **state)
{
    (void)state;
    struct error err = {0};
    assert_int_equal(auth_key_add(&auth, slice_of(REQUESTER), SLICE("AKIAREQUESTER0000001"), SLICE("secret-one"), &err),
                     ERR_OK);
    assert_int_equal(auth.key_count, 1);
    assert_int_equal(auth_key_add(&auth, slice_of(REQUESTER), SLICE("AKIAREQUESTER0000001"), SLICE("secret-on"), &err),
                     ERR_EXISTS);
    assert_int_equal(
        auth_key_add(&auth, slice_of(REQUESTER), SLICE("AKIAREQUESTER0000001"), SLICE("secret-one+"), &err),
        ERR_EXISTS);
    assert_int_equal(auth_key_add(&auth, slice_of(ACCEPTER), SLICE("AKIAREQUESTER0000001"), SLICE("secret-one"), &err),
                     ERR_EXISTS);
    assert_null(strstr(err.detail, "secret-one"));
    assert_int_equal(
        auth_key_add(&auth, SLICE("12345678901"), SLICE("AKIAREQUESTER0000002"), SLICE("secret-one"), &err),
        ERR_INVALID);
    assert_int_equal(auth_key_add(&auth, slice_of(ACCEPTER), SLICE("short"), SLICE("secret-one"), &err), ERR_INVALID);
}

static int last(void **state)
{
    (void)state;
    buf_done(&out);
    return 0;
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_good_signature_names_account_and_region),
        T(wrong_credentials_are_refused_as_each_service_does),
        T(a_changed_body_does_not_fit),
        T(five_minutes_of_skew),
        T(missing_and_broken_headers),
        T(assumed_role_signs_and_expires),
        T(external_id_is_asked_for),
        T(closed_simulators_know_registered_roles_only),
        T(durations_are_bounded),
        T(parameters_of_assume_role),
        T(web_identity_needs_no_signature_but_consent),
        T(sessions_are_bounded),
        T(keys_are_registered_once),
    };
    return cmocka_run_group_tests_name("ec2sim auth", tests, NULL, last);
}
