// SPDX-License-Identifier: Apache-2.0
// Paths to routes: every route and every Atlas operation is found, and nothing else is. Must never: need a store.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "pipeline/router.h"

#define GROUP "32b6e34b3d91647abb20e7b8"

static struct router *router;
static struct arena *arena;

static struct router_answer find(enum method m, const char *path)
{
    struct router_answer a;
    arena_reset(arena);
    router_find(router, m, slice_of(path), arena, &a);
    return a;
}

// Fills each {parameter} of a template with "x" and keeps its suffix.
static void fill(const char *template, char *out)
{
    for (; *template; template ++) {
        if (*template == '{') {
            template = strchr(template, '}');
            *out++ = 'x';
        } else {
            *out++ = *template;
        }
    }
    *out = '\0';
}

static const struct {
    enum method method;
    const char *template, *operation;
} operations[] = {
#define OPERATION(method, template, operation) {METHOD_##method, template, operation},
#include "spec/atlas_operations.def"
#undef OPERATION
};

static void every_atlas_operation_has_its_name(void **state)
{
    char path[512];
    for (size_t i = 0; i < ARRAY_LEN(operations); i++) {
        fill(operations[i].template, path);
        struct router_answer a = find(operations[i].method, path);
        if (a.result == ROUTER_FOUND) continue; // offered: named by us
        if (a.result != ROUTER_NOT_OFFERED || strcmp(a.operation, operations[i].operation) != 0)
            fail_msg("%s: result %d, operation %s", path, a.result, a.operation ? a.operation : "none");
    }
}

static void every_route_is_found_and_head_is_get(void **state)
{
    char path[512];
    for (int i = 0; i < ROUTE_COUNT_; i++) {
        const struct route_row *row = route_row((enum route)i);
        fill(row->template, path);
        assert_int_equal(find(row->method, path).result, ROUTER_FOUND);
        assert_int_equal(find(row->method, path).route, i);
        if (row->method == METHOD_GET) assert_int_equal(find(METHOD_HEAD, path).route, i);
    }
}

static void parameters_are_decoded(void **state)
{
    struct router_answer a = find(METHOD_GET, "/api/atlas/v2/groups/%61b%2Fc/streams/vpcPeeringConnections");
    assert_int_equal(a.result, ROUTER_FOUND);
    assert_int_equal(a.param_count, 1);
    assert_true(slice_eq_cstr(a.params[0], "ab/c"));
}

static void custom_verbs_match_colon_and_escape(void **state)
{
    const char *paths[] = {"/api/atlas/v2/groups/" GROUP "/streams/vpcPeeringConnections/pcx-1:accept",
                           "/api/atlas/v2/groups/" GROUP "/streams/vpcPeeringConnections/pcx-1%3Aaccept"};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        struct router_answer a = find(METHOD_POST, paths[i]);
        assert_int_equal(a.result, ROUTER_FOUND);
        assert_int_equal(a.route, ROUTE_PEERING_ACCEPT);
        assert_string_equal(a.operation, "acceptGroupStreamVpcPeeringConnection");
        assert_true(slice_eq_cstr(a.params[1], "pcx-1"));
        assert_int_equal(find(METHOD_HEAD, paths[i]).result, ROUTER_BAD_METHOD);
        assert_string_equal(find(METHOD_DELETE, paths[i]).allow, "POST");
    }
    const char *plain = "/api/atlas/v2/groups/" GROUP "/streams/vpcPeeringConnections/pcx-1";
    assert_int_equal(find(METHOD_DELETE, plain).route, ROUTE_PEERING_DELETE);
    assert_string_equal(find(METHOD_GET, plain).allow, "DELETE");
    // Another suffix is part of the id.
    struct router_answer other =
        find(METHOD_DELETE, "/api/atlas/v2/groups/" GROUP "/streams/vpcPeeringConnections/a:b");
    assert_int_equal(other.route, ROUTE_PEERING_DELETE);
    assert_true(slice_eq_cstr(other.params[1], "a:b"));
}

static void literals_win_over_parameters(void **state)
{
    assert_string_equal(find(METHOD_GET, "/api/atlas/v2/groups/byName/x").operation, "getGroupByName");
    struct router_answer a = find(METHOD_GET, "/api/atlas/v2/groups/byName");
    assert_int_equal(a.result, ROUTER_FOUND); // a group of that name is malformed, which is the next check's to say
    assert_int_equal(a.route, ROUTE_GROUP_GET);
}

static void wrong_methods_name_the_right_ones(void **state)
{
    struct router_answer a = find(METHOD_POST, "/api/atlas/v2/groups/" GROUP "/streams/vpcPeeringConnections");
    assert_int_equal(a.result, ROUTER_BAD_METHOD);
    assert_string_equal(a.allow, "GET, HEAD");
    assert_string_equal(find(METHOD_GET, "/api/oauth/token").allow, "POST");
    assert_int_equal(find(METHOD_OTHER, "/api/atlas/v2").result, ROUTER_BAD_METHOD);
    assert_int_equal(find(METHOD_OPTIONS, "/api/atlas/v2").result, ROUTER_BAD_METHOD);
}

static void unknown_paths_stay_unknown(void **state)
{
    static const char *const paths[] = {"/",
                                        "/api",
                                        "/api/atlas/v1.0/groups",
                                        "/api/atlas/v2/",
                                        "/api/atlas/v2//groups",
                                        "/api/atlas/v2/nothing",
                                        "/api/atlas/v2/groups/",
                                        "/healthz",
                                        "/metrics",
                                        "/api/atlas/v2/groups/%00",
                                        "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y"};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) assert_int_equal(find(METHOD_GET, paths[i]).result, ROUTER_UNKNOWN);
}

static int setup(void **state)
{
    router = router_new();
    arena = arena_new(1 << 20);
    return router && arena ? 0 : -1;
}

static int teardown(void **state)
{
    router_free(router);
    arena_free(arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_atlas_operation_has_its_name),
        cmocka_unit_test(every_route_is_found_and_head_is_get),
        cmocka_unit_test(parameters_are_decoded),
        cmocka_unit_test(custom_verbs_match_colon_and_escape),
        cmocka_unit_test(literals_win_over_parameters),
        cmocka_unit_test(wrong_methods_name_the_right_ones),
        cmocka_unit_test(unknown_paths_stay_unknown),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
