// SPDX-License-Identifier: Apache-2.0
// What was asked for and not there: each kind by a request through the pipeline, and the table's bounds by itself.
#include "pipeline/coverage.h"

#include "tests/unit/pipeline/flow.h"

static struct missed_row *listed(struct coverage *c, struct arena *a, size_t *ret_n, uint64_t *ret_dropped)
{
    struct missed_row *rows;
    struct error err;
    if (coverage_list(c, a, &rows, ret_n, ret_dropped, &err) != ERR_OK) fail_msg("%s", err.detail);
    return rows;
}

#define AT(f) "/api/atlas/v2/groups/" FIX_GROUP f

static void each_kind_is_kept_with_what_was_asked(void **state)
{
    struct flow *f = *state;
    static const struct {
        enum method method;
        const char *target, *accept;
        enum missed kind;
        const char *what, *method_text;
    } cases[] = {
        {METHOD_GET, AT("/clusters?pretty=true"), ACCEPT, MISSED_OPERATION, "listGroupClusters", "GET"},
        {METHOD_GET, "/api/atlas/v2/none?secret=1", ACCEPT, MISSED_PATH, "/api/atlas/v2/none", "GET"},
        {METHOD_DELETE, AT("/streams/vpcPeeringConnections"), ACCEPT, MISSED_METHOD,
         AT("/streams/vpcPeeringConnections"), "DELETE"},
        {METHOD_GET, LIST(FIX_GROUP), "application/vnd.atlas.2019-01-01+json", MISSED_VERSION,
         "listGroupStreamVpcPeeringConnections", "GET"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t n;
        uint64_t dropped;
        coverage_clear(f->coverage);
        ask(f, cases[i].method, cases[i].target, cases[i].accept);
        struct missed_row *rows = listed(f->coverage, f->fix->arena, &n, &dropped);
        assert_int_equal(n, 1);
        assert_int_equal(dropped, 0);
        assert_int_equal(rows[0].kind, cases[i].kind);
        assert_string_equal(rows[0].what, cases[i].what);
        assert_string_equal(rows[0].method, cases[i].method_text);
        assert_int_equal(rows[0].times, 1);
    }
}

static void what_is_there_leaves_no_row(void **state)
{
    struct flow *f = *state;
    size_t n;
    uint64_t dropped;
    ask(f, METHOD_GET, LIST(FIX_GROUP), ACCEPT);
    expect(f, 200, NULL);
    ask(f, METHOD_GET, LIST(OTHER_GROUP), ACCEPT); // not there, but the operation is
    expect(f, 404, "GROUP_NOT_FOUND");
    (void)listed(f->coverage, f->fix->arena, &n, &dropped);
    assert_int_equal(n, 0);
}

static void the_same_is_counted_and_the_last_client_kept(void **state)
{
    struct flow *f = *state;
    struct coverage *c = f->coverage;
    size_t n;
    uint64_t dropped;
    coverage_note(c, MISSED_PATH, SLICE("GET"), SLICE("/b"), SLICE("curl/8"), wall_from_sec(1));
    coverage_note(c, MISSED_PATH, SLICE("GET"), SLICE("/a"), SLICE("curl/8"), wall_from_sec(2));
    coverage_note(c, MISSED_PATH, SLICE("PUT"), SLICE("/a"), SLICE("curl/8"), wall_from_sec(3));
    coverage_note(c, MISSED_PATH, SLICE("GET"), SLICE("/b"), SLICE("sdk\x1b[2J"), wall_from_sec(4));
    struct missed_row *rows = listed(c, f->fix->arena, &n, &dropped);
    assert_int_equal(n, 3);
    assert_string_equal(rows[0].what, "/b");
    assert_int_equal(rows[0].times, 2);
    assert_int_equal(rows[0].last.us, wall_from_sec(4).us);
    assert_string_equal(rows[0].client, "sdk?[2J"); // nothing that a terminal would act on
    assert_string_equal(rows[1].what, "/a");
    assert_string_equal(rows[1].method, "GET");
}

static void a_full_table_counts_what_it_drops_and_keeps_counting_its_rows(void **state)
{
    struct flow *f = *state;
    struct coverage *c = f->coverage;
    char path[512];
    size_t n;
    uint64_t dropped;
    for (int i = 0; i < COVERAGE_ROWS_MAX + 7; i++) {
        int len = snprintf(path, sizeof path, "/%d", i);
        coverage_note(c, MISSED_PATH, SLICE("GET"), slice_n(path, (size_t)len), SLICE(""), wall_from_sec(i));
    }
    coverage_note(c, MISSED_PATH, SLICE("GET"), SLICE("/0"), SLICE(""), wall_from_sec(9));
    struct missed_row *rows = listed(c, f->fix->arena, &n, &dropped);
    assert_int_equal(n, COVERAGE_ROWS_MAX);
    assert_int_equal(dropped, 7);
    assert_int_equal(rows[0].times, 2);
    memset(path, 'x', sizeof path);
    coverage_clear(c);
    coverage_note(c, MISSED_PATH, slice_n(path, sizeof path), slice_n(path, sizeof path), slice_n(path, sizeof path),
                  wall_from_sec(1));
    rows = listed(c, f->fix->arena, &n, &dropped);
    assert_int_equal(n, 1);
    assert_int_equal(dropped, 0);
    assert_int_equal(strlen(rows[0].what), sizeof rows[0].what - 1);
    assert_int_equal(strlen(rows[0].method), sizeof rows[0].method - 1);
}

static void without_a_table_nothing_is_kept(void **state)
{
    (void)state;
    coverage_note(NULL, MISSED_PATH, SLICE("GET"), SLICE("/"), SLICE(""), wall_from_sec(1));
    coverage_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FLOW_TEST(each_kind_is_kept_with_what_was_asked),
        FLOW_TEST(what_is_there_leaves_no_row),
        FLOW_TEST(the_same_is_counted_and_the_last_client_kept),
        FLOW_TEST(a_full_table_counts_what_it_drops_and_keeps_counting_its_rows),
        cmocka_unit_test(without_a_table_nothing_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
