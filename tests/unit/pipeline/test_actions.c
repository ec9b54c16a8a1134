// SPDX-License-Identifier: Apache-2.0
// Accept, reject and delete through the whole pipeline: order of checks with bodies, their errors to the byte, 202, and
// that nothing changes when anything is wrong.
#include "flow.h"

#define CONNECTION     "/api/atlas/v2/groups/" FIX_GROUP "/streams/vpcPeeringConnections/pcx-0123456789abcdef0"
#define ACCEPT_TARGET  CONNECTION ":accept"
#define GOOD_CHALLENGE "{\"requesterAccountId\":\"111122223333\",\"requesterVpcId\":\"vpc-0aaaaaaaaaaaaaaaa\"}"

static enum err insert_managed(struct store_tx *tx, void *ctx, struct error *err)
{
    struct flow *f = ctx;
    enum err e = insert_row(tx, NULL, err);
    if (e == ERR_OK) e = store_tx_grant(tx, f->fix->account.row.client_id, FIX_GROUP, 1u << ROLE_GROUP_OWNER, err);
    return e;
}

static int set_up_owner(void **state)
{
    if (set_up(state) != 0) return -1;
    struct flow *f = *state;
    struct error err = {0};
    if (store_write(f->fix->store, insert_managed, f, &err) != ERR_OK) fail_msg("%s", err.detail);
    return 0;
}

static struct reply *send(struct flow *f, enum method m, const char *target, const char *type, const char *body)
{
    fix_request(f->fix, m, target);
    fix_header(f->fix, "Accept", ACCEPT);
    fix_header(f->fix, "Authorization", arena_fmt(f->fix->arena, "Bearer %s", f->token));
    if (type) fix_header(f->fix, "Content-Type", type);
    f->fix->r.body = slice_of(body);
    return answer(f);
}

static struct connection row(struct flow *f)
{
    struct connection c;
    struct error err;
    assert_int_equal(
        store_connection_get(f->fix->reader, FIX_GROUP, SLICE("pcx-0123456789abcdef0"), f->fix->arena, &c, &err),
        ERR_OK);
    return c;
}

static void unchanged(struct flow *f)
{
    assert_int_equal(row(f).local_status, LOCAL_NONE);
}

static void refused(struct flow *f, const char *target, const char *type, const char *body, int status,
                    const char *code)
{
    send(f, METHOD_POST, target, type, body);
    expect(f, status, code);
    unchanged(f);
}

// ---- taken ------------------------------------------------------------------------------------------------

static void an_accept_is_202_and_in_the_next_list(void **state)
{
    struct flow *f = *state;
    ask(f, METHOD_GET, LIST(FIX_GROUP), ACCEPT);
    send(f, METHOD_POST, ACCEPT_TARGET, ACCEPT, GOOD_CHALLENGE);
    expect(f, 202, NULL);
    assert_true(f->moved); // a loop never waits for a commit
    body_is(f, "{}");
    assert_true(fix_has_header(&f->fix->rep, "Content-Type: application/vnd.atlas.2023-02-01+json;charset=utf-8"));
    assert_true(fix_has_header(&f->fix->rep, "RateLimit-Remaining: 3"));
    assert_int_equal(row(f).local_status, LOCAL_REQUEST_ACCEPT);
    ask(f, METHOD_GET, LIST(FIX_GROUP), ACCEPT);
    assert_non_null(memmem(f->fix->rep.body.p, f->fix->rep.body.n, "\"REQUEST_ACCEPT\"", 16));
    send(f, METHOD_POST, ACCEPT_TARGET "?envelope=true", "application/json; charset=UTF-8", GOOD_CHALLENGE);
    expect(f, 202, NULL);
    body_is(f, "{\"content\":{},\"status\":202}");
}

static void reject_needs_no_body_and_takes_the_id(void **state)
{
    struct flow *f = *state;
    send(f, METHOD_POST,
         "/api/atlas/v2/groups/" FIX_GROUP
         "/streams/vpcPeeringConnections/0123456789abcdef0000000b%3Areject?pretty=true",
         NULL, "");
    expect(f, 202, NULL);
    body_is(f, "{ }");
    assert_int_equal(row(f).local_status, LOCAL_REQUEST_REJECT);
}

static enum err make_active(struct store_tx *tx, void *ctx, struct error *err)
{
    struct connection c = *(struct connection *)ctx;
    memcpy(c.cloud_status, "active", 7);
    return store_tx_connection_update(tx, &c, err);
}

static void delete_takes_an_active_one(void **state)
{
    struct flow *f = *state;
    struct error err;
    send(f, METHOD_DELETE, CONNECTION, NULL, "");
    expect(f, 409, "PEER_INVALID_STATE");
    unchanged(f);
    struct connection c = row(f); // lives until the next request
    assert_int_equal(store_write(f->fix->store, make_active, &c, &err), ERR_OK);
    send(f, METHOD_DELETE, CONNECTION, NULL, "");
    expect(f, 202, NULL);
    assert_int_equal(row(f).local_status, LOCAL_REQUEST_DELETE);
}

// ---- order: every request is wrong in two or more ways, and the earlier check speaks ----------------------

static void the_role_speaks_before_the_bucket_and_the_body(void **state)
{
    struct flow *f = *state; // of set_up: it may only read
    write_rows(f, insert_row);
    refused(f, ACCEPT_TARGET "?envelope=x", "text/plain", "{", 401, "USER_UNAUTHORIZED");
    assert_null(memmem(f->fix->rep.head.p, f->fix->rep.head.n, "RateLimit", 9));
}

static void the_bucket_speaks_before_the_media_type(void **state)
{
    struct flow *f = *state;
    for (int i = 0; i < 5; i++) refused(f, ACCEPT_TARGET, "text/plain", "{", 415, "UNSUPPORTED_MEDIA_TYPE");
    refused(f, ACCEPT_TARGET, "text/plain", "{", 429, "RATE_LIMITED_TOKEN_BUCKET");
}

static void media_type_then_query_then_body_then_state(void **state)
{
    struct flow *f = *state;
    refused(f, ACCEPT_TARGET "?envelope=x", "text/plain", "{", 415, "UNSUPPORTED_MEDIA_TYPE");
    body_is(f, "{\"detail\":\"The media type text/plain is not supported by this resource.\",\"error\":415,"
               "\"errorCode\":\"UNSUPPORTED_MEDIA_TYPE\",\"parameters\":[\"text/plain\"],"
               "\"reason\":\"Unsupported Media Type\"}");
    assert_true(fix_has_header(&f->fix->rep, "RateLimit-Remaining: 4")); // it cost a token
    refused(f, ACCEPT_TARGET "?envelope=x", ACCEPT, "{", 400, "INVALID_QUERY_PARAMETER");
    refused(f, "/api/atlas/v2/groups/" FIX_GROUP "/streams/vpcPeeringConnections/pcx-9:accept", ACCEPT, "{", 400,
            "MALFORMED_JSON");
    refused(f, "/api/atlas/v2/groups/" FIX_GROUP "/streams/vpcPeeringConnections/pcx-9:accept", ACCEPT, GOOD_CHALLENGE,
            404, "RESOURCE_NOT_FOUND");
    body_is(f, "{\"detail\":\"Cannot find resource VPC peering connection with id pcx-9.\",\"error\":404,\"errorCode\":"
               "\"RESOURCE_NOT_FOUND\",\"parameters\":[\"VPC peering connection with id pcx-9\"],"
               "\"reason\":\"Not Found\"}");
}

static void the_method_speaks_before_everything_of_the_body(void **state)
{
    struct flow *f = *state;
    send(f, METHOD_HEAD, ACCEPT_TARGET, NULL, "");
    expect(f, 405, "METHOD_NOT_ALLOWED");
    assert_true(fix_has_header(&f->fix->rep, "Allow: POST"));
    send(f, METHOD_GET, CONNECTION, NULL, "");
    expect(f, 405, "METHOD_NOT_ALLOWED");
    assert_true(fix_has_header(&f->fix->rep, "Allow: DELETE"));
}

// ---- bodies -----------------------------------------------------------------------------------------------

static void media_types_are_read_strictly(void **state)
{
    static const char *const bad[] = {"application/x-www-form-urlencoded",     "application/jsonx",
                                      "application/vnd.atlas.2023-02-30+json", "application/vnd.atlas.preview+json",
                                      "application/json; charset=utf-16",      ""};
    static const char *const good[] = {"application/json", "Application/JSON ; charset=\"utf-8\"",
                                       "application/vnd.atlas.2023-02-01+json;charset=utf-8",
                                       "application/vnd.atlas.2031-01-01+json"};
    for (size_t i = 0; i < ARRAY_LEN(bad) + ARRAY_LEN(good); i++) {
        void *inner = NULL;
        assert_int_equal(set_up_owner(&inner), 0);
        bool is_bad = i < ARRAY_LEN(bad);
        send(inner, METHOD_POST, ACCEPT_TARGET, is_bad ? bad[i] : good[i - ARRAY_LEN(bad)], GOOD_CHALLENGE);
        expect(inner, is_bad ? 415 : 202, is_bad ? "UNSUPPORTED_MEDIA_TYPE" : NULL);
        tear_down(&inner);
    }
    struct flow *f = *state;
    refused(f, ACCEPT_TARGET, NULL, GOOD_CHALLENGE, 415, "UNSUPPORTED_MEDIA_TYPE");
    refused(f, ACCEPT_TARGET, NULL, "", 400, "MALFORMED_JSON");
}

static void each_wrong_body_has_its_code(void **state)
{
    static const struct {
        const char *body, *code, *field;
    } cases[] = {
        {"", "MALFORMED_JSON", NULL},
        {"{\"requesterAccountId\":\"111122223333\"", "MALFORMED_JSON", NULL},
        {GOOD_CHALLENGE " x", "MALFORMED_JSON", NULL},
        {"{\"requesterAccountId\":\"1\",\"requesterAccountId\":\"2\"}", "MALFORMED_JSON", NULL},
        {"{\"requesterAccountId\":\"\xff\"}", "MALFORMED_JSON", NULL},
        {"[]", "INVALID_JSON", NULL},
        {"\"x\"", "INVALID_JSON", NULL},
        {"null", "INVALID_JSON", NULL},
        {"{\"requesterAccountId\":111122223333,\"requesterVpcId\":\"v\"}", "INVALID_JSON_ATTRIBUTE",
         "requesterAccountId"},
        {"{\"requesterAccountId\":\"1\",\"requesterVpcId\":{}}", "INVALID_JSON_ATTRIBUTE", "requesterVpcId"},
        {"{\"requesterVpcId\":\"vpc-0aaaaaaaaaaaaaaaa\"}", "MISSING_ATTRIBUTE", "requesterAccountId"},
        {"{\"requesterAccountId\":\"111122223333\",\"requesterVpcId\":null}", "MISSING_ATTRIBUTE", "requesterVpcId"},
        {"{}", "MISSING_ATTRIBUTE", "requesterAccountId"},
        {"{\"requesterAccountId\":\"111122223333\",\"requesterVpcId\":\"vpc-0aaaaaaaaaaaaaaaa\",\"force\":true}",
         "INVALID_ATTRIBUTE", "force"},
        {"{\"requesterAccountId\":\"999999999999\",\"requesterVpcId\":\"vpc-0aaaaaaaaaaaaaaaa\"}", "INVALID_ATTRIBUTE",
         "requesterAccountId"},
        {"{\"requesterAccountId\":\"111122223333\",\"requesterVpcId\":\"vpc-0aaaaaaaaaaaaaaab\"}", "INVALID_ATTRIBUTE",
         "requesterVpcId"},
        {"{\"requesterAccountId\":\"111122223333\\u0020\",\"requesterVpcId\":\"vpc-0aaaaaaaaaaaaaaaa\"}",
         "INVALID_ATTRIBUTE", "requesterAccountId"},
        {"{\"requesterAccountId\":\"\",\"requesterVpcId\":\"vpc-0aaaaaaaaaaaaaaaa\"}", "INVALID_ATTRIBUTE",
         "requesterAccountId"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct flow *f = *state;
        fix_advance(f->fix, 120); // more tokens
        refused(f, ACCEPT_TARGET, ACCEPT, cases[i].body, 400, cases[i].code);
        char detail[128];
        (void)snprintf(detail, sizeof(detail), "\"field\":\"%s\"}]}", cases[i].field ? cases[i].field : "");
        bool named = memmem(f->fix->rep.body.p, f->fix->rep.body.n, detail, strlen(detail)) != NULL;
        if (named != (cases[i].field != NULL)) fail_msg("%.*s", SLICE_FMT(f->fix->rep.body));
    }
}

static void a_failed_challenge_does_not_tell_the_requester(void **state)
{
    struct flow *f = *state;
    refused(f, ACCEPT_TARGET, ACCEPT, "{\"requesterAccountId\":\"1\",\"requesterVpcId\":\"vpc-0aaaaaaaaaaaaaaaa\"}",
            400, "INVALID_ATTRIBUTE");
    body_is(f, "{\"badRequestDetail\":{\"fields\":[{\"description\":\"does not match the requester of this "
               "connection\",\"field\":\"requesterAccountId\"}]},\"detail\":\"Invalid attribute requesterAccountId "
               "specified.\",\"error\":400,\"errorCode\":\"INVALID_ATTRIBUTE\",\"parameters\":[\"requesterAccountId\"],"
               "\"reason\":\"Bad Request\"}");
}

static void the_read_only_links_are_ignored(void **state)
{
    struct flow *f = *state;
    send(f, METHOD_POST, ACCEPT_TARGET, ACCEPT,
         "{\"links\":[],\"requesterAccountId\":\"111122223333\",\"requesterVpcId\":\"vpc-0aaaaaaaaaaaaaaaa\"}");
    expect(f, 202, NULL);
}

// ---- conflicts --------------------------------------------------------------------------------------------

static void a_conflict_says_what_is_allowed(void **state)
{
    struct flow *f = *state;
    send(f, METHOD_POST, ACCEPT_TARGET, ACCEPT, GOOD_CHALLENGE);
    send(f, METHOD_POST, CONNECTION ":reject", NULL, "");
    expect(f, 409, "PEER_INVALID_STATE");
    body_is(f, "{\"detail\":\"The action is not allowed: the VPC peering connection pcx-0123456789abcdef0 has "
               "cloudStatus pending-acceptance and localStatus REQUEST_ACCEPT; an accept is under way; nothing else is "
               "allowed until it has ended, a delete once it is active.\",\"error\":409,\"errorCode\":"
               "\"PEER_INVALID_STATE\",\"parameters\":[\"the VPC peering connection pcx-0123456789abcdef0 has "
               "cloudStatus pending-acceptance and localStatus REQUEST_ACCEPT; an accept is under way; nothing else is "
               "allowed until it has ended, a delete once it is active\"],\"reason\":\"Conflict\"}");
    assert_int_equal(row(f).local_status, LOCAL_REQUEST_ACCEPT);
}

#define OWNER_TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up_owner, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        OWNER_TEST(an_accept_is_202_and_in_the_next_list),
        OWNER_TEST(reject_needs_no_body_and_takes_the_id),
        OWNER_TEST(delete_takes_an_active_one),
        FLOW_TEST(the_role_speaks_before_the_bucket_and_the_body),
        OWNER_TEST(the_bucket_speaks_before_the_media_type),
        OWNER_TEST(media_type_then_query_then_body_then_state),
        OWNER_TEST(the_method_speaks_before_everything_of_the_body),
        OWNER_TEST(media_types_are_read_strictly),
        OWNER_TEST(each_wrong_body_has_its_code),
        OWNER_TEST(a_failed_challenge_does_not_tell_the_requester),
        OWNER_TEST(the_read_only_links_are_ignored),
        OWNER_TEST(a_conflict_says_what_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
