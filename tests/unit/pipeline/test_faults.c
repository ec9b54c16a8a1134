// SPDX-License-Identifier: Apache-2.0
// What fault rules do to requests on their whole way: answers as Atlas would give them, on loops and workers, before
// the bucket and after every check that refuses. Must never: wait, or depend on today's date.
#include "flow.h"

#define OPERATION "listGroupStreamVpcPeeringConnections"

static void rule(struct flow *f, const char *text)
{
    struct json_doc *doc;
    struct error err = {0};
    uint64_t id;
    assert_int_equal(json_read(slice_of(text), 4096, &doc, &err), ERR_OK);
    if (client_faults_add(f->faults, json_root(doc), &id, &err) != ERR_OK) fail_msg("%s", err.detail);
    json_doc_free(doc);
}

static void list_is(struct flow *f, int status, const char *code)
{
    expect((ask(f, METHOD_GET, LIST(FIX_GROUP), ACCEPT), f), status, code);
}

static void a_429_looks_like_the_buckets_own(void **state)
{
    struct flow *f = *state;
    rule(f, "{\"action\":\"status\",\"status\":429,\"retryAfter\":3}");
    list_is(f, 429, "RATE_LIMITED_TOKEN_BUCKET");
    body_is(f, "{\"detail\":\"Rate limit exceeded for api/atlas/v2/groups/" FIX_GROUP "/streams/vpcPeeringConnections. "
               "Please retry after 2 seconds. Request capacity: 1200. Refill rate: 500 per 60 seconds. For more "
               "information, see: http://dochub.mongodb.org/core/atlas-api-rate-limit.\",\"error\":429,\"errorCode\":"
               "\"RATE_LIMITED_TOKEN_BUCKET\",\"parameters\":[\"api/atlas/v2/groups/" FIX_GROUP
               "/streams/vpcPeeringConnections\",2,1200,500,60],\"reason\":\"Too Many Requests\"}");
    assert_true(fix_has_header(&f->fix->rep, "Retry-After: 3"));
    assert_true(fix_has_header(&f->fix->rep, "RateLimit-Limit: 1200"));
    assert_true(fix_has_header(&f->fix->rep, "RateLimit-Remaining: 0"));
    list_is(f, 200, NULL);
    assert_true(fix_has_header(&f->fix->rep, "RateLimit-Remaining: 4")); // the refused one paid nothing
}

static void a_500_and_a_503_are_problems(void **state)
{
    struct flow *f = *state;
    rule(f, "{\"action\":\"status\",\"status\":500}");
    rule(f, "{\"action\":\"status\",\"status\":503,\"retryAfter\":7}");
    list_is(f, 500, "UNEXPECTED_ERROR");
    assert_null(memmem(f->fix->rep.head.p, f->fix->rep.head.n, "Retry-After", 11));
    list_is(f, 503, "SERVICE_UNAVAILABLE");
    assert_true(fix_has_header(&f->fix->rep, "Retry-After: 7"));
    list_is(f, 200, NULL);
}

static void a_finished_body_does_not_escape_the_rule(void **state)
{
    struct flow *f = *state;
    list_is(f, 200, NULL);
    list_is(f, 200, NULL);
    assert_false(f->moved);
    rule(f, "{\"action\":\"status\",\"status\":503,\"operation\":\"" OPERATION "\"}");
    list_is(f, 503, "SERVICE_UNAVAILABLE");
    assert_false(f->moved);
    list_is(f, 200, NULL);
    assert_false(f->moved);
}

static void a_request_that_moves_to_a_worker_counts_once(void **state)
{
    struct flow *f = *state;
    rule(f, "{\"action\":\"status\",\"status\":503,\"nth\":2}");
    list_is(f, 200, NULL);
    assert_true(f->moved);
    write_rows(f, insert_row); // the next one moves too
    list_is(f, 503, "SERVICE_UNAVAILABLE");
    assert_true(f->moved);
}

static void refused_requests_count_for_no_rule(void **state)
{
    struct flow *f = *state;
    rule(f, "{\"action\":\"status\",\"status\":503}");
    fix_request(f->fix, METHOD_GET, LIST(FIX_GROUP));
    expect((answer(f), f), 401, NULL);
    expect((ask(f, METHOD_GET, LIST(FIX_GROUP), "*/*"), f), 406, "INVALID_VERSION_DATE");
    expect((ask(f, METHOD_GET, LIST(OTHER_GROUP), ACCEPT), f), 404, "GROUP_NOT_FOUND");
    expect((ask(f, METHOD_GET, LIST(LOST_GROUP), ACCEPT), f), 401, "NOT_IN_GROUP");
    expect((ask(f, METHOD_GET, "/api/atlas/v2/nothing", ACCEPT), f), 404, "RESOURCE_NOT_FOUND");
    list_is(f, 503, "SERVICE_UNAVAILABLE");
}

static void other_operations_are_left_alone(void **state)
{
    struct flow *f = *state;
    rule(f, "{\"action\":\"status\",\"status\":503,\"operation\":\"getGroup\",\"times\":0}");
    list_is(f, 200, NULL);
    expect((ask(f, METHOD_GET, "/api/atlas/v2/groups/" FIX_GROUP, ACCEPT), f), 503, "SERVICE_UNAVAILABLE");
}

static void a_token_request_is_hit_by_name(void **state)
{
    struct flow *f = *state;
    rule(f, "{\"action\":\"status\",\"status\":503,\"operation\":\"createOauthToken\"}");
    fix_request(f->fix, METHOD_POST, "/api/oauth/token");
    expect((answer(f), f), 503, "SERVICE_UNAVAILABLE");
    rule(f, "{\"action\":\"status\",\"status\":429,\"operation\":\"createOauthToken\"}");
    fix_request(f->fix, METHOD_POST, "/api/oauth/token");
    expect((answer(f), f), 429, "RATE_LIMITED_TOKEN_BUCKET");
}

static void a_delay_a_cut_and_a_late_drop_keep_the_reply(void **state)
{
    struct flow *f = *state;
    struct reply *rep = &f->fix->rep;
    rule(f, "{\"action\":\"delay\",\"ms\":250}");
    rule(f, "{\"action\":\"truncate\",\"bytes\":12}");
    rule(f, "{\"action\":\"drop\",\"carriedOut\":true}");
    list_is(f, 200, NULL);
    assert_int_equal(rep->hold_ms, 250);
    assert_false(rep->cut || rep->drop);
    list_is(f, 200, NULL);
    assert_int_equal(rep->hold_ms, 0);
    assert_true(rep->cut);
    assert_int_equal(rep->cut_after, 12);
    assert_true(rep->body.n > 12);
    list_is(f, 200, NULL);
    assert_true(rep->drop);
    assert_true(fix_has_header(rep, "RateLimit-Remaining: 2")); // carried out, so paid for
    list_is(f, 200, NULL);
    assert_false(rep->drop || rep->cut || rep->hold_ms);
    assert_true(fix_has_header(rep, "RateLimit-Remaining: 1"));
}

static void an_early_drop_does_nothing(void **state)
{
    struct flow *f = *state;
    rule(f, "{\"action\":\"drop\"}");
    ask(f, METHOD_GET, LIST(FIX_GROUP), ACCEPT);
    assert_true(f->fix->rep.drop);
    list_is(f, 200, NULL);
    assert_true(fix_has_header(&f->fix->rep, "RateLimit-Remaining: 4"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FLOW_TEST(a_429_looks_like_the_buckets_own),
        FLOW_TEST(a_500_and_a_503_are_problems),
        FLOW_TEST(a_finished_body_does_not_escape_the_rule),
        FLOW_TEST(a_request_that_moves_to_a_worker_counts_once),
        FLOW_TEST(refused_requests_count_for_no_rule),
        FLOW_TEST(other_operations_are_left_alone),
        FLOW_TEST(a_token_request_is_hit_by_name),
        FLOW_TEST(a_delay_a_cut_and_a_late_drop_keep_the_reply),
        FLOW_TEST(an_early_drop_does_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
