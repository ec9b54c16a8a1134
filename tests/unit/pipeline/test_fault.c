// SPDX-License-Identifier: Apache-2.0
// Rules of faults: what is taken, which request is hit, that a seed repeats it, and that threads may share the table.
// Must never: wait, or draw from the system's randomness.
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/worker.h"
#include "pipeline/fault.h"

#define LIST "listGroupStreamVpcPeeringConnections"
#define GET  "getGroup"

static struct injection_table *table_new(void)
{
    struct injection_table *t = mem_zalloc(1, sizeof *t);
    assert_non_null(t);
    return t;
}

static enum err add(struct injection_table *t, const char *text, struct error *err)
{
    struct json_doc *doc;
    uint64_t id = 0;
    assert_int_equal(json_read(slice_of(text), 4096, &doc, err), ERR_OK);
    enum err rc = injection_table_add(t, json_root(doc), &id, err);
    json_doc_free(doc);
    assert_int_equal(rc == ERR_OK, id != 0);
    return rc;
}

static void set(struct injection_table *t, const char *text)
{
    struct error err = {0};
    if (add(t, text, &err) != ERR_OK) fail_msg("%s: %s", text, err.detail);
}

// One letter a request: what hit it, '.' for nothing.
static void expect_run(struct injection_table *t, const char *operation, const char *want)
{
    char got[128] = "";
    for (size_t i = 0; want[i]; i++) {
        struct injection what;
        got[i] = faults_decide(t, operation, false, &what) ? "sdxt"[what.action] : '.';
    }
    assert_string_equal(got, want);
}

static void nth_and_times_say_which_requests_are_hit(void **state)
{
    static const struct {
        const char *rule, *run;
    } rows[] = {
        {"{\"action\":\"drop\"}", "x....."},
        {"{\"action\":\"drop\",\"operation\":\"*\"}", "x....."},
        {"{\"action\":\"drop\",\"operation\":\"" LIST "\"}", "x....."},
        {"{\"action\":\"drop\",\"operation\":\"" GET "\"}", "......"},
        {"{\"action\":\"drop\",\"nth\":3}", "..x..."},
        {"{\"action\":\"drop\",\"nth\":3,\"times\":2}", "..xx.."},
        {"{\"action\":\"drop\",\"times\":0}", "xxxxxx"},
        {"{\"action\":\"drop\",\"nth\":2,\"times\":0}", ".xxxxx"},
        {"{\"action\":\"drop\",\"probability\":1,\"nth\":5}", "....xx"},
        {"{\"action\":\"drop\",\"probability\":1.0,\"times\":1}", "x....."},
        {"{\"action\":\"status\",\"status\":503}", "s....."},
        {"{\"action\":\"delay\",\"ms\":30000}", "d....."},
        {"{\"action\":\"truncate\",\"bytes\":0}", "t....."},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct injection_table *t = table_new();
        set(t, rows[i].rule);
        expect_run(t, LIST, rows[i].run);
        mem_free(t);
    }
    (void)state;
}

static void rules_follow_one_another(void **state)
{
    struct injection_table *t = table_new();
    set(t, "{\"action\":\"status\",\"status\":500,\"operation\":\"" LIST "\",\"times\":2}");
    set(t, "{\"action\":\"delay\",\"ms\":5,\"nth\":2}");
    set(t, "{\"action\":\"drop\",\"operation\":\"" LIST "\"}");
    expect_run(t, LIST, "ssxd..");
    expect_run(t, GET, "....");
    assert_int_equal(t->rules[0].seen, 6);
    assert_int_equal(t->rules[1].seen, 4 + 4); // not the two that another rule hit
    assert_int_equal(t->rules[2].hits, 1);
    mem_free(t);
    (void)state;
}

static void a_star_means_no_operation_without_credentials(void **state)
{
    struct injection_table *t = table_new();
    struct injection what;
    set(t, "{\"action\":\"drop\",\"times\":0}");
    assert_false(faults_decide(t, "createOauthToken", true, &what));
    set(t, "{\"action\":\"status\",\"status\":503,\"operation\":\"createOauthToken\"}");
    assert_true(faults_decide(t, "createOauthToken", true, &what));
    assert_int_equal(what.status, 503);
    assert_int_equal(what.retry_after, 1);
    mem_free(t);
    (void)state;
}

static void draw(const char *rule, char run[1001], unsigned *ret_hits)
{
    struct injection_table *t = table_new();
    struct injection what;
    set(t, rule);
    for (int i = 0; i < 1000; i++) run[i] = faults_decide(t, LIST, false, &what) ? 'x' : '.';
    run[1000] = '\0';
    *ret_hits = (unsigned)t->rules[0].hits;
    mem_free(t);
}

static void a_seed_repeats_its_draws(void **state)
{
    char a[1001], b[1001];
    unsigned n, m;
    draw("{\"action\":\"drop\",\"probability\":0.3,\"seed\":7}", a, &n);
    draw("{\"action\":\"drop\",\"probability\":0.3,\"seed\":7}", b, &m);
    assert_string_equal(a, b);
    assert_in_range(n, 250, 350);
    draw("{\"action\":\"drop\",\"probability\":0.3,\"seed\":8}", b, &m);
    assert_string_not_equal(a, b);
    draw("{\"action\":\"drop\",\"probability\":0.3}", a, &n);
    draw("{\"action\":\"drop\",\"probability\":0.3,\"seed\":1}", b, &m);
    assert_string_equal(a, b);
    draw("{\"action\":\"drop\",\"probability\":0.3,\"times\":4}", a, &n);
    assert_int_equal(n, 4);
    draw("{\"action\":\"drop\",\"probability\":0.000001}", a, &n);
    assert_in_range(n, 0, 1);
    (void)state;
}

static void one_rules_draws_do_not_move_anothers(void **state)
{
    char alone[201], beside[201];
    struct injection what;
    struct injection_table *t = table_new(), *u = table_new();
    set(t, "{\"action\":\"drop\",\"operation\":\"" LIST "\",\"probability\":0.5,\"seed\":3}");
    set(u, "{\"action\":\"drop\",\"operation\":\"" LIST "\",\"probability\":0.5,\"seed\":3}");
    set(u, "{\"action\":\"drop\",\"operation\":\"" GET "\",\"probability\":0.5,\"seed\":3}");
    for (int i = 0; i < 200; i++) {
        alone[i] = faults_decide(t, LIST, false, &what) ? 'x' : '.';
        (void)faults_decide(u, GET, false, &what);
        beside[i] = faults_decide(u, LIST, false, &what) ? 'x' : '.';
    }
    alone[200] = beside[200] = '\0';
    assert_string_equal(alone, beside);
    mem_free(t);
    mem_free(u);
    (void)state;
}

static void a_wrong_rule_names_the_member_and_changes_nothing(void **state)
{
    static const struct {
        const char *rule, *says;
    } rows[] = {
        {"[]", "must be a JSON object"},
        {"{}", "action is missing"},
        {"{\"operation\":\"*\"}", "action is missing"},
        {"{\"action\":\"explode\"}", "action must be"},
        {"{\"action\":7}", "action must be"},
        {"{\"action\":null}", "action must be"},
        {"{\"action\":\"drop\",\"operation\":\"listClusters\"}", "operation must be"},
        {"{\"action\":\"drop\",\"operation\":1}", "operation must be"},
        {"{\"action\":\"drop\",\"operation\":\"\"}", "operation must be"},
        {"{\"action\":\"drop\",\"nth\":0}", "nth must be"},
        {"{\"action\":\"drop\",\"nth\":1.5}", "nth must be"},
        {"{\"action\":\"drop\",\"nth\":1000000001}", "nth must be"},
        {"{\"action\":\"drop\",\"times\":-1}", "times must be"},
        {"{\"action\":\"drop\",\"times\":\"2\"}", "times must be"},
        {"{\"action\":\"drop\",\"seed\":-1}", "seed must be"},
        {"{\"action\":\"drop\",\"probability\":0}", "probability must be"},
        {"{\"action\":\"drop\",\"probability\":1.01}", "probability must be"},
        {"{\"action\":\"drop\",\"probability\":-0.5}", "probability must be"},
        {"{\"action\":\"drop\",\"probability\":\"0.5\"}", "probability must be"},
        {"{\"action\":\"drop\",\"carriedOut\":1}", "carriedOut must be"},
        {"{\"action\":\"drop\",\"ms\":1}", "ms belongs to the action \"delay\""},
        {"{\"action\":\"drop\",\"colour\":1}", "no member \"colour\""},
        {"{\"action\":\"status\"}", "status must be 429, 500 or 503"},
        {"{\"action\":\"status\",\"status\":502}", "status must be 429, 500 or 503"},
        {"{\"action\":\"status\",\"status\":\"503\"}", "status must be"},
        {"{\"action\":\"status\",\"status\":429,\"retryAfter\":0}", "retryAfter must be"},
        {"{\"action\":\"status\",\"status\":500,\"retryAfter\":1}", "retryAfter belongs to"},
        {"{\"status\":429,\"retryAfter\":5,\"action\":\"delay\",\"ms\":1}", "status belongs to the action"},
        {"{\"action\":\"delay\"}", "ms must be"},
        {"{\"action\":\"delay\",\"ms\":30001}", "ms must be a whole number from 1 to 30000"},
        {"{\"action\":\"delay\",\"ms\":0}", "ms must be"},
        {"{\"action\":\"truncate\"}", "bytes must be"},
        {"{\"action\":\"truncate\",\"bytes\":-1}", "bytes must be"},
    };
    struct injection_table *t = table_new();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct error err = {0};
        assert_int_equal(add(t, rows[i].rule, &err), ERR_INVALID);
        if (!strstr(err.detail, rows[i].says)) fail_msg("%s: %s", rows[i].rule, err.detail);
        assert_int_equal(t->count, 0);
    }
    mem_free(t);
    (void)state;
}

static void the_table_is_bounded(void **state)
{
    struct injection_table *t = table_new();
    struct error err = {0};
    for (int i = 0; i < FAULT_TABLE_MAX; i++) set(t, "{\"action\":\"drop\",\"times\":0}");
    assert_int_equal(add(t, "{\"action\":\"drop\"}", &err), ERR_TOO_LARGE);
    assert_non_null(strstr(err.detail, "clear them first"));
    assert_int_equal(t->count, FAULT_TABLE_MAX);
    mem_free(t);
    (void)state;
}

static void the_list_shows_rules_as_they_are_read(void **state)
{
    struct injection_table *t = table_new();
    struct buf out;
    struct json_writer w;
    set(t, "{\"action\":\"status\",\"status\":429,\"retryAfter\":9,\"probability\":0.25,\"seed\":5}");
    set(t, "{\"action\":\"drop\",\"carriedOut\":true,\"operation\":\"" GET "\",\"nth\":2}");
    expect_run(t, GET, "");
    buf_init(&out, 4096);
    json_begin(&w, &out, false);
    injection_table_json(t, &w);
    buf_char(&out, '\0');
    assert_string_equal(out.p, "[{\"id\":1,\"operation\":\"*\",\"action\":\"status\",\"status\":429,\"retryAfter\":9,"
                               "\"probability\":0.250000,\"nth\":1,\"times\":0,\"seed\":5,\"seen\":0,\"hits\":0},"
                               "{\"id\":2,\"operation\":\"" GET "\",\"action\":\"drop\",\"carriedOut\":true,"
                               "\"probability\":1,\"nth\":2,\"times\":1,\"seed\":1,\"seen\":0,\"hits\":0}]");
    buf_done(&out);
    mem_free(t);
    (void)state;
}

// ---- shared

#define ASKERS 4
#define ASKS   5000
struct crowd {
    struct client_faults *faults;
    _Atomic unsigned hits;
};

static void ask_often(void *item, void *ctx)
{
    struct crowd *c = item;
    struct injection what;
    (void)ctx;
    for (int i = 0; i < ASKS; i++) c->hits += client_faults_hit(c->faults, LIST, false, &what);
}

static void share(struct client_faults *f, const char *text)
{
    struct json_doc *doc;
    struct error err = {0};
    uint64_t id;
    assert_int_equal(json_read(slice_of(text), 4096, &doc, &err), ERR_OK);
    assert_int_equal(client_faults_add(f, json_root(doc), &id, &err), ERR_OK);
    json_doc_free(doc);
}

static void threads_share_a_rule_and_none_is_hit_twice(void **state)
{
    struct crowd c = {.faults = client_faults_new()};
    struct pool *pool;
    struct error err = {0};
    assert_non_null(c.faults);
    share(c.faults, "{\"action\":\"drop\",\"nth\":100,\"times\":1000}");
    assert_int_equal(pool_start("askers", ASKERS, ASKERS, NULL, NULL, NULL, &pool, &err), ERR_OK);
    for (int i = 0; i < ASKERS; i++) assert_true(pool_submit(pool, ask_often, &c));
    pool_stop(&pool);
    assert_int_equal(c.hits, 1000);
    client_faults_clear(c.faults);
    ask_often(&c, NULL);
    assert_int_equal(c.hits, 1000);
    client_faults_free(c.faults);
    (void)state;
}

static void without_a_table_nothing_is_hit(void **state)
{
    struct injection what;
    assert_false(client_faults_hit(NULL, LIST, false, &what));
    client_faults_free(NULL);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nth_and_times_say_which_requests_are_hit),
        cmocka_unit_test(rules_follow_one_another),
        cmocka_unit_test(a_star_means_no_operation_without_credentials),
        cmocka_unit_test(a_seed_repeats_its_draws),
        cmocka_unit_test(one_rules_draws_do_not_move_anothers),
        cmocka_unit_test(a_wrong_rule_names_the_member_and_changes_nothing),
        cmocka_unit_test(the_table_is_bounded),
        cmocka_unit_test(the_list_shows_rules_as_they_are_read),
        cmocka_unit_test(threads_share_a_rule_and_none_is_hit_twice),
        cmocka_unit_test(without_a_table_nothing_is_hit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
