// SPDX-License-Identifier: Apache-2.0
// The whole way of a request without a socket: order of checks, loop and worker, finished bodies, tokens of the bucket.
// Must never: wait, or depend on today's date.
#include "flow.h"

// ---- order of checks: every request is wrong in two or more ways, and the earlier check speaks

static void authentication_speaks_before_the_route(void **state)
{
    struct flow *f = *state;
    fix_request(f->fix, METHOD_GET, "/nothing/here");
    expect((answer(f), f), 401, NULL);
    assert_null(f->fix->rep.error_code);
}

static void the_route_speaks_before_the_version(void **state)
{
    struct flow *f = *state;
    expect((ask(f, METHOD_GET, "/api/atlas/v2/nothing", NULL), f), 404, "RESOURCE_NOT_FOUND");
    expect((ask(f, METHOD_PUT, LIST(OTHER_GROUP), NULL), f), 405, "METHOD_NOT_ALLOWED");
    assert_true(fix_has_header(&f->fix->rep, "Allow: GET, HEAD"));
    expect((ask(f, METHOD_GET, "/api/atlas/v2/clusters", NULL), f), 501, "NOT_IMPLEMENTED");
    body_is(f, "{\"detail\":\"The operation listClusterDetails is part of the Atlas Admin API but not offered by this "
               "server.\",\"error\":501,\"errorCode\":\"NOT_IMPLEMENTED\",\"parameters\":[\"listClusterDetails\"],"
               "\"reason\":\"Not Implemented\"}");
}

static void the_version_speaks_before_the_path(void **state)
{
    struct flow *f = *state;
    expect((ask(f, METHOD_GET, LIST("XYZ"), "*/*"), f), 406, "INVALID_VERSION_DATE");
    body_is(f, "{\"detail\":\"Invalid accept header or version date.\",\"error\":406,\"errorCode\":"
               "\"INVALID_VERSION_DATE\",\"parameters\":[],\"reason\":\"Not Acceptable\"}");
}

static void the_path_speaks_before_the_group(void **state)
{
    struct flow *f = *state;
    expect((ask(f, METHOD_GET, LIST("0123456789ABCDEF00000002"), ACCEPT), f), 400, "PATH_PARAM_PARSE_ERROR");
}

static void the_group_speaks_before_the_role(void **state)
{
    struct flow *f = *state;
    expect((ask(f, METHOD_GET, LIST(OTHER_GROUP), ACCEPT), f), 404, "GROUP_NOT_FOUND");
    body_is(f,
            "{\"detail\":\"No group with ID " OTHER_GROUP " exists.\",\"error\":404,\"errorCode\":\"GROUP_NOT_FOUND\","
            "\"parameters\":[\"" OTHER_GROUP "\"],\"reason\":\"Not Found\"}");
    assert_null(memmem(f->fix->rep.head.p, f->fix->rep.head.n, "RateLimit", 9));
    expect((ask(f, METHOD_GET, LIST(LOST_GROUP), ACCEPT), f), 401, "NOT_IN_GROUP");
    assert_null(memmem(f->fix->rep.head.p, f->fix->rep.head.n, "RateLimit", 9));
}

static void a_wrong_query_costs_a_token(void **state)
{
    struct flow *f = *state;
    expect((ask(f, METHOD_GET, LIST(FIX_GROUP) "&pageNum=0", ACCEPT), f), 400, "INVALID_QUERY_PARAMETER");
    assert_true(fix_has_header(&f->fix->rep, "RateLimit-Remaining: 4"));
    expect((ask(f, METHOD_GET, LIST(FIX_GROUP) "&pageNum=1&pageNum=1", ACCEPT), f), 400, "INVALID_QUERY_PARAMETER");
    expect((ask(f, METHOD_GET, LIST(FIX_GROUP) "&envelope=yes", ACCEPT), f), 400, "INVALID_QUERY_PARAMETER");
    expect((ask(f, METHOD_GET, LIST(FIX_GROUP) "&itemsPerPage=501&envelope=true", ACCEPT), f), 400,
           "INVALID_QUERY_PARAMETER");
    body_is(
        f, "{\"content\":{\"detail\":\"Invalid query parameter itemsPerPage specified.\",\"error\":400,\"errorCode\":"
           "\"INVALID_QUERY_PARAMETER\",\"parameters\":[\"itemsPerPage\"],\"reason\":\"Bad Request\"},\"status\":400}");
}

// ---- buckets

static void an_empty_bucket_answers_429_as_recorded(void **state)
{
    struct flow *f = *state;
    for (int i = 0; i < 5; i++) expect((ask(f, METHOD_GET, LIST(FIX_GROUP), ACCEPT), f), 200, NULL);
    assert_true(fix_has_header(&f->fix->rep, "RateLimit-Limit: 5"));
    assert_true(fix_has_header(&f->fix->rep, "RateLimit-Remaining: 0"));
    expect((ask(f, METHOD_GET, LIST(FIX_GROUP) "&pageNum=zero", ACCEPT), f), 429, "RATE_LIMITED_TOKEN_BUCKET");
    body_is(f,
            "{\"detail\":\"Rate limit exceeded for api/atlas/v2/groups/" FIX_GROUP "/streams/vpcPeeringConnections. "
            "Please retry after 60 seconds. Request capacity: 5. Refill rate: 2 per 60 seconds. For more information, "
            "see: http://dochub.mongodb.org/core/atlas-api-rate-limit.\",\"error\":429,\"errorCode\":"
            "\"RATE_LIMITED_TOKEN_BUCKET\",\"parameters\":[\"api/atlas/v2/groups/" FIX_GROUP
            "/streams/vpcPeeringConnections\",60,5,2,60],\"reason\":\"Too Many Requests\"}");
    assert_true(fix_has_header(&f->fix->rep, "Retry-After: 61"));
    assert_true(fix_has_header(&f->fix->rep, "RateLimit-Remaining: 0"));
}

static void challenges_cost_no_token(void **state)
{
    struct flow *f = *state;
    for (int i = 0; i < 10; i++) {
        fix_request(f->fix, METHOD_GET, LIST(FIX_GROUP));
        expect((answer(f), f), 401, NULL);
    }
    expect((ask(f, METHOD_GET, LIST(FIX_GROUP), ACCEPT), f), 200, NULL);
    assert_true(fix_has_header(&f->fix->rep, "RateLimit-Remaining: 4"));
}

// ---- bodies, loops and workers

#define SELF  FIX_URL LIST(FIX_GROUP) "&pageNum=1&itemsPerPage=100"
#define EMPTY "{\"links\":[{\"href\":\"" SELF "\",\"rel\":\"self\"}],\"results\":[],\"totalCount\":0}"
#define FULL                                                                                                           \
    "{\"links\":[{\"href\":\"" SELF "\",\"rel\":\"self\"}],\"results\":[{\"_id\":\"0123456789abcdef0000000b\","        \
    "\"accepterAccountId\":\"444455556666\",\"accepterVpcId\":\"vpc-0123456789abcdef0\",\"cloudStatus\":"              \
    "\"pending-acceptance\",\"expirationTime\":\"2023-11-21T22:13:20Z\",\"groupId\":\"" FIX_GROUP                      \
    "\",\"localStatus\":\"NONE\",\"name\":\"pcx-0123456789abcdef0\",\"requesterAccountId\":\"111122223333\","          \
    "\"requesterCidr\":\"10.0.0.0/16\",\"requesterVpcId\":\"vpc-0aaaaaaaaaaaaaaaa\"}],\"totalCount\":1}"

static void a_change_is_in_the_very_next_reply(void **state)
{
    struct flow *f = *state;
    expect((ask(f, METHOD_GET, LIST(FIX_GROUP), ACCEPT), f), 200, NULL);
    assert_true(f->moved);
    body_is(f, EMPTY);
    expect((ask(f, METHOD_GET, LIST(FIX_GROUP), ACCEPT), f), 200, NULL);
    assert_false(f->moved); // from memory, on the loop
    body_is(f, EMPTY);
    write_rows(f, insert_row);
    expect((ask(f, METHOD_GET, LIST(FIX_GROUP), ACCEPT), f), 200, NULL);
    assert_true(f->moved);
    body_is(f, FULL);
    expect((ask(f, METHOD_GET, LIST(FIX_GROUP), ACCEPT), f), 200, NULL);
    assert_false(f->moved);
    body_is(f, FULL);
    assert_true(fix_has_header(&f->fix->rep, "Content-Type: application/vnd.atlas.2023-02-01+json;charset=utf-8"));
}

static void a_finished_body_does_not_skip_the_checks(void **state)
{
    struct flow *f = *state;
    ask(f, METHOD_GET, LIST(FIX_GROUP), ACCEPT);
    expect((ask(f, METHOD_GET, LIST(FIX_GROUP), "application/json"), f), 406, "INVALID_VERSION_DATE");
    assert_false(f->moved);
    expect((ask(f, METHOD_POST, LIST(FIX_GROUP), ACCEPT), f), 405, "METHOD_NOT_ALLOWED");
    fix_request(f->fix, METHOD_GET, LIST(FIX_GROUP));
    expect((answer(f), f), 401, NULL);
    for (int i = 0; i < 4; i++) expect((ask(f, METHOD_GET, LIST(FIX_GROUP), ACCEPT), f), 200, NULL);
    expect((ask(f, METHOD_GET, LIST(FIX_GROUP), ACCEPT), f), 429, "RATE_LIMITED_TOKEN_BUCKET");
}

static void a_digest_nonce_survives_the_move_to_a_worker(void **state)
{
    struct flow *f = *state;
    for (int i = 0; i < 3; i++) { // the first loads the credential, the second finds it cached and no body
        fix_request(f->fix, METHOD_GET, i ? LIST(FIX_GROUP) "&x=1" : LIST(FIX_GROUP));
        fix_header(f->fix, "Accept", ACCEPT);
        fix_digest(f->fix, (struct fix_digest){0});
        expect((answer(f), f), 200, NULL);
        assert_int_equal(f->moved, i < 2);
    }
}

static void lists_page_with_links_in_the_recorded_order(void **state)
{
    struct flow *f = *state;
    write_rows(f, insert_row);
    ask(f, METHOD_GET, LIST(FIX_GROUP) "&b=%20x&itemsPerPage=1&pageNum=2&a", ACCEPT);
    body_is(f, "{\"links\":[{\"href\":\"" FIX_URL LIST(
                   FIX_GROUP) "&b=%20x&a&pageNum=2&itemsPerPage=1\",\"rel\":\"self\"},"
                              "{\"href\":\"" FIX_URL LIST(
                                  FIX_GROUP) "&b=%20x&a&itemsPerPage=1&pageNum=1\",\"rel\":\"previous\"}],"
                                             "\"results\":[],\"totalCount\":1}");
}

static void one_project_has_its_recorded_links(void **state)
{
    struct flow *f = *state;
    ask(f, METHOD_GET, "/api/atlas/v2/groups/" FIX_GROUP, ACCEPT);
    expect(f, 200, NULL);
    assert_true(slice_starts(f->fix->rep.body,
                             SLICE("{\"clusterCount\":0,\"id\":\"" FIX_GROUP "\",\"links\":[{\"href\":\"" FIX_URL
                                   "/api/atlas/v2/groups/" FIX_GROUP "\",\"rel\":\"self\"},{\"href\":\"" FIX_URL
                                   "/api/atlas/v2/groups/" FIX_GROUP
                                   "/containers\",\"rel\":\"https://cloud.mongodb.com/containers\"}")));
}

#define DETAILS "/api/atlas/v2/groups/" FIX_GROUP "/streams/accountDetails"

static void details(struct flow *f, const char *target, int status, const char *code)
{
    fix_request(f->fix, METHOD_GET, target);
    fix_header(f->fix, "Accept", "application/vnd.atlas.2024-11-13+json");
    fix_digest(f->fix, (struct fix_digest){0});
    expect((answer(f), f), status, code);
}

static void account_details_name_the_default_network(void **state)
{
    struct flow *f = *state;
    fix_advance(f->fix, 366 * 86400.0); // the resource's version is younger than the fixture's clock
    write_rows(f, insert_row);
    details(f, DETAILS "?cloudProvider=AWS&regionName=US_EAST_1", 200, NULL);
    body_is(f, "{\"awsAccountId\":\"444455556666\",\"cidrBlock\":\"192.168.0.0/21\",\"cloudProvider\":\"aws\","
               "\"vpcId\":\"vpc-0123456789abcdef0\"}");
    details(f, DETAILS "?cloudProvider=aws&regionName=US_WEST_2", 404, "CLOUD_PROVIDER_CONTAINER_NOT_FOUND");
    details(f, DETAILS "?cloudProvider=aws&regionName=MOON_1", 400, "INVALID_REGION");
    details(f, DETAILS "?cloudProvider=ibm&regionName=US_EAST_1", 400, "INVALID_PROVIDER");
    details(f, DETAILS "?regionName=US_EAST_1", 400, "MISSING_QUERY_PARAMETER");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FLOW_TEST(authentication_speaks_before_the_route),
        FLOW_TEST(the_route_speaks_before_the_version),
        FLOW_TEST(the_version_speaks_before_the_path),
        FLOW_TEST(the_path_speaks_before_the_group),
        FLOW_TEST(the_group_speaks_before_the_role),
        FLOW_TEST(a_wrong_query_costs_a_token),
        FLOW_TEST(an_empty_bucket_answers_429_as_recorded),
        FLOW_TEST(challenges_cost_no_token),
        FLOW_TEST(a_change_is_in_the_very_next_reply),
        FLOW_TEST(a_finished_body_does_not_skip_the_checks),
        FLOW_TEST(a_digest_nonce_survives_the_move_to_a_worker),
        FLOW_TEST(lists_page_with_links_in_the_recorded_order),
        FLOW_TEST(one_project_has_its_recorded_links),
        FLOW_TEST(account_details_name_the_default_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
