// SPDX-License-Identifier: Apache-2.0
// Problem bodies against the recorded and documented ones, byte for byte, and the headers beside them.
// Run by: meson test. Must never: accept a body that merely looks alike.
#include "net/problem.h"

#include <setjmp.h>
#include <stdarg.h>

#include "base/mem.h"

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

struct fixture {
    struct arena *arena;
    struct reply rep;
};

static int setup(void **state)
{
    struct fixture *f = mem_zalloc(1, sizeof *f);
    if (!f) return -1;
    f->arena = arena_new(1 << 20);
    reply_init(&f->rep);
    *state = f;
    return f->arena ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    mem_fault_set(0, false);
    reply_done(&f->rep);
    arena_free(f->arena);
    mem_free(f);
    return 0;
}

static void assert_slice(struct slice s, const char *want)
{
    if (!slice_eq_cstr(s, want)) fail_msg("got  %.*s\nwant %s", SLICE_FMT(s), want);
}

#define PLAIN ((struct problem_format){0})

static void recorded_group_not_found(void **state)
{
    struct fixture *f = *state;
    struct problem_param param = PARAM_C("111111111111111111111111");
    problem_reply(&f->rep, f->arena, PLAIN, P_GROUP_NOT_FOUND, &param, 1, NULL);
    assert_int_equal(f->rep.status, 404);
    assert_slice(f->rep.body, "{\"detail\":\"No group with ID 111111111111111111111111 exists.\",\"error\":404,"
                              "\"errorCode\":\"GROUP_NOT_FOUND\",\"parameters\":[\"111111111111111111111111\"],"
                              "\"reason\":\"Not Found\"}");
    assert_string_equal(f->rep.error_code, "GROUP_NOT_FOUND");
    assert_slice(buf_view(&f->rep.head), "Content-Type: application/json\r\n"
                                         "X-Error-Code: GROUP_NOT_FOUND\r\n"
                                         "Referrer-Policy: strict-origin-when-cross-origin\r\n"
                                         "X-Content-Type-Options: nosniff\r\n"
                                         "X-Frame-Options: DENY\r\n"
                                         "X-Permitted-Cross-Domain-Policies: none\r\n");
}

static void recorded_resource_not_found(void **state)
{
    struct fixture *f = *state;
    struct problem_param param = PARAM_C("Online archive with id <id>");
    problem_reply(&f->rep, f->arena, PLAIN, P_RESOURCE_NOT_FOUND, &param, 1, NULL);
    assert_slice(f->rep.body, "{\"detail\":\"Cannot find resource Online archive with id <id>.\",\"error\":404,"
                              "\"errorCode\":\"RESOURCE_NOT_FOUND\",\"parameters\":[\"Online archive with id <id>\"],"
                              "\"reason\":\"Not Found\"}");
}

static void no_parameters_is_an_empty_array(void **state)
{
    struct fixture *f = *state;
    problem_reply(&f->rep, f->arena, PLAIN, P_MALFORMED_JSON, NULL, 0, NULL);
    assert_slice(f->rep.body, "{\"detail\":\"Received JSON is malformed.\",\"error\":400,\"errorCode\":"
                              "\"MALFORMED_JSON\",\"parameters\":[],\"reason\":\"Bad Request\"}");
}

static void number_parameters_stay_numbers(void **state)
{
    struct fixture *f = *state;
    struct problem_param params[] = {PARAM_C("/x"), PARAM_N(3), PARAM_N(20), PARAM_N(-1), PARAM_N(60)};
    problem_reply(&f->rep, f->arena, PLAIN, P_RATE_LIMITED_TOKEN_BUCKET, params, 5, NULL);
    assert_int_equal(f->rep.status, 429);
    assert_slice(f->rep.body,
                 "{\"detail\":\"Rate limit exceeded for /x. Please retry after 3 seconds. Request capacity: 20. Refill "
                 "rate: -1 per 60 seconds. For more information, see: "
                 "http://dochub.mongodb.org/core/atlas-api-rate-limit.\",\"error\":429,\"errorCode\":"
                 "\"RATE_LIMITED_TOKEN_BUCKET\",\"parameters\":[\"/x\",3,20,-1,60],\"reason\":\"Too Many Requests\"}");
}

static void field_comes_first(void **state)
{
    struct fixture *f = *state;
    struct problem_param param = PARAM_C("vpc");
    struct problem_field field = {.description = "must be a string", .field = "vpc"};
    problem_reply(&f->rep, f->arena, PLAIN, P_INVALID_ATTRIBUTE, &param, 1, &field);
    assert_slice(f->rep.body,
                 "{\"badRequestDetail\":{\"fields\":[{\"description\":\"must be a string\",\"field\":\"vpc\"}]},"
                 "\"detail\":\"Invalid attribute vpc specified.\",\"error\":400,\"errorCode\":\"INVALID_ATTRIBUTE\","
                 "\"parameters\":[\"vpc\"],\"reason\":\"Bad Request\"}");
}

static void envelope_keeps_the_status(void **state)
{
    struct fixture *f = *state;
    problem_reply(&f->rep, f->arena, (struct problem_format){.envelope = true}, P_NOT_IN_GROUP, NULL, 0, NULL);
    assert_int_equal(f->rep.status, 401);
    assert_slice(f->rep.body, "{\"content\":{\"detail\":\"The current user is not in the group, or the group does not "
                              "exist.\",\"error\":401,\"errorCode\":\"NOT_IN_GROUP\",\"parameters\":[],"
                              "\"reason\":\"Unauthorized\"},\"status\":401}");
}

static void pretty_as_jackson(void **state)
{
    struct fixture *f = *state;
    struct problem_param params[] = {PARAM_C("US"), PARAM_C("AWS")};
    problem_reply(&f->rep, f->arena, (struct problem_format){.pretty = true}, P_INVALID_REGION, params, 2, NULL);
    assert_slice(f->rep.body, "{\n"
                              "  \"detail\" : \"No region US exists for provider AWS.\",\n"
                              "  \"error\" : 400,\n"
                              "  \"errorCode\" : \"INVALID_REGION\",\n"
                              "  \"parameters\" : [ \"US\", \"AWS\" ],\n"
                              "  \"reason\" : \"Bad Request\"\n"
                              "}");
}

static void hostile_parameter_is_data(void **state)
{
    struct fixture *f = *state;
    struct problem_param param = PARAM_S(SLICE("%s\"\\\x01\xff%n"));
    problem_reply(&f->rep, f->arena, PLAIN, P_INVALID_PROVIDER, &param, 1, NULL);
    const char *escaped = "%s\\\"\\\\\\u0001\xef\xbf\xbd%n";
    char want[512];
    (void)snprintf(want, sizeof want,
                   "{\"detail\":\"No provider %s exists.\",\"error\":400,\"errorCode\":\"INVALID_PROVIDER\","
                   "\"parameters\":[\"%s\"],\"reason\":\"Bad Request\"}",
                   escaped, escaped);
    assert_slice(f->rep.body, want);
}

static void missing_parameter_leaves_a_gap(void **state)
{
    struct fixture *f = *state;
    struct problem_param param = PARAM_C("US");
    problem_reply(&f->rep, f->arena, PLAIN, P_INVALID_REGION, &param, 1, NULL);
    assert_slice(f->rep.body, "{\"detail\":\"No region US exists for provider .\",\"error\":400,\"errorCode\":"
                              "\"INVALID_REGION\",\"parameters\":[\"US\"],\"reason\":\"Bad Request\"}");
}

static void without_memory_a_constant_body(void **state)
{
    struct fixture *f = *state;
    struct problem_param param = PARAM_C("x");
    mem_fault_set(1, true);
    problem_reply(&f->rep, f->arena, PLAIN, P_GROUP_NOT_FOUND, &param, 1, NULL);
    mem_fault_set(0, false);
    assert_int_equal(f->rep.status, 500);
    assert_string_equal(f->rep.error_code, "UNEXPECTED_ERROR");
    assert_slice(f->rep.body, "{\"detail\":\"Unexpected error.\",\"error\":500,\"errorCode\":\"UNEXPECTED_ERROR\","
                              "\"parameters\":[],\"reason\":\"Internal Server Error\"}");
}

static void full_arena_a_constant_body(void **state)
{
    struct fixture *f = *state;
    struct arena *tiny = arena_new(16);
    assert_non_null(tiny);
    problem_reply(&f->rep, tiny, PLAIN, P_MALFORMED_JSON, NULL, 0, NULL);
    assert_int_equal(f->rep.status, 500);
    arena_free(tiny);
    assert_true(f->rep.body.n > 0 && f->rep.body.p[0] == '{');
}

static void security_headers_once(void **state)
{
    struct fixture *f = *state;
    reply_header_cstr(&f->rep, "X-Frame-Options-Not", "1");
    reply_security_headers(&f->rep, false);
    reply_security_headers(&f->rep, true);
    reply_security_headers(&f->rep, true);
    assert_slice(buf_view(&f->rep.head), "X-Frame-Options-Not: 1\r\n"
                                         "Referrer-Policy: strict-origin-when-cross-origin\r\n"
                                         "X-Content-Type-Options: nosniff\r\n"
                                         "X-Frame-Options: DENY\r\n"
                                         "X-Permitted-Cross-Domain-Policies: none\r\n"
                                         "Strict-Transport-Security: max-age=31536000; includeSubdomains;\r\n");
}

// Every row of the table makes a body that has its own code (but for one pair) and status, and a known reason phrase.
static void every_row_is_well_formed(void **state)
{
    struct fixture *f = *state;
    for (int p = 1; p < PROBLEM_COUNT_; p++) {
        const struct problem_row *row = problem_row((enum problem)p);
        assert_in_range(row->status, 400, 599);
        assert_string_not_equal(status_reason(row->status), "Unknown");
        assert_true(row->detail[strlen(row->detail) - 1] == '.');
        for (const char *s = row->detail; *s; s++)
            if (*s == '%') assert_true(s[1] == 's');
        for (const char *s = row->code; *s; s++) assert_true((*s >= 'A' && *s <= 'Z') || *s == '_');
        for (int q = 1; q < p; q++) {
            const struct problem_row *other = problem_row((enum problem)q);
            if (strcmp(row->code, other->code) != 0) continue;
            assert_int_equal(p, P_CONTAINER_ID_NOT_FOUND); // one code of Atlas: no container in a region, or of an id
            assert_int_equal(row->status, other->status);
            assert_string_not_equal(row->detail, other->detail);
        }

        struct reply rep;
        reply_init(&rep);
        problem_reply(&rep, f->arena, PLAIN, (enum problem)p, NULL, 0, NULL);
        assert_int_equal(rep.status, row->status);
        assert_string_equal(rep.error_code, row->code);
        reply_done(&rep);
        arena_reset(f->arena);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(recorded_group_not_found),
        T(recorded_resource_not_found),
        T(no_parameters_is_an_empty_array),
        T(number_parameters_stay_numbers),
        T(field_comes_first),
        T(envelope_keeps_the_status),
        T(pretty_as_jackson),
        T(hostile_parameter_is_data),
        T(missing_parameter_leaves_a_gap),
        T(without_memory_a_constant_body),
        T(full_arena_a_constant_body),
        T(security_headers_once),
        T(every_row_is_well_formed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
