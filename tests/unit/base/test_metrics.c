// SPDX-License-Identifier: Apache-2.0
// The metrics: values, bounds, text, and counting from many threads. Run under TSan too.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/metrics.h"

static int reset(void **state)
{
    metrics_reset();
    return 0;
}

static struct buf text;

static const char *scrape(void)
{
    buf_done(&text);
    buf_init(&text, 4U << 20);
    metrics_text(&text);
    buf_char(&text, '\0');
    assert_int_equal(text.fail, BUF_OK);
    return text.p;
}

static int done(void **state)
{
    buf_done(&text);
    metrics_reset();
    return 0;
}

static void expect_in(const char *all, const char *line)
{
    char want[512];
    snprintf(want, sizeof(want), "\n%s\n", line);
    if (strstr(all, want) == NULL) fail_msg("missing: %s in\n%s", line, all);
}

static unsigned times(const char *all, const char *piece)
{
    unsigned n = 0;
    for (const char *p = all; (p = strstr(p, piece)); p++) n++;
    return n;
}

static void series_are_found_again(void **state)
{
    unsigned a = metric_series(M_HTTP_REQUESTS, "route=\"/a\"");
    unsigned b = metric_series(M_HTTP_REQUESTS, "route=\"/b\"");
    unsigned none = metric_series(M_HTTP_REQUESTS, "");
    assert_true(a != b && b != none && a != none);
    assert_int_equal(metric_series(M_HTTP_REQUESTS, "route=\"/a\""), a);
    assert_int_equal(metric_series(M_HTTP_REQUESTS, ""), none);
    metric_add(M_HTTP_REQUESTS, a, 2);
    metric_add(M_HTTP_REQUESTS, a, 3);
    metric_add(M_HTTP_REQUESTS, b, 1);
    assert_int_equal(metric_value(M_HTTP_REQUESTS, a), 5);
    assert_int_equal(metric_value(M_HTTP_REQUESTS, b), 1);
    assert_int_equal(metric_value(M_HTTP_REQUESTS, none), 0);
    const char *all = scrape();
    expect_in(all, "peerage_http_requests_total{route=\"/a\"} 5");
    expect_in(all, "peerage_http_requests_total{route=\"/b\"} 1");
    expect_in(all, "peerage_http_requests_total 0");
}

static void gauges_go_up_and_down(void **state)
{
    unsigned s = metric_series(M_HTTP_CONNECTIONS, "listener=\"api\"");
    metric_add(M_HTTP_CONNECTIONS, s, 7);
    metric_add(M_HTTP_CONNECTIONS, s, -9);
    expect_in(scrape(), "peerage_http_connections{listener=\"api\"} -2");
    metric_set(M_HTTP_CONNECTIONS, s, 41);
    expect_in(scrape(), "peerage_http_connections{listener=\"api\"} 41");
}

static void histograms_are_cumulative_with_inclusive_bounds(void **state)
{
    unsigned s = metric_series(M_HTTP_DURATION, "route=\"/a\"");
    metric_observe(M_HTTP_DURATION, s, 500 * 1000);          // exactly 0.0005
    metric_observe(M_HTTP_DURATION, s, 500 * 1000 + 1);      // just above
    metric_observe(M_HTTP_DURATION, s, -5);                  // a clock that went back
    metric_observe(M_HTTP_DURATION, s, NS_PER_SEC * 5 / 2);  // exactly 2.5
    metric_observe(M_HTTP_DURATION, s, NS_PER_SEC * 10 + 1); // above the last bound
    assert_int_equal(metric_value(M_HTTP_DURATION, s), 5);
    const char *all = scrape();
    expect_in(all, "peerage_http_request_seconds_bucket{route=\"/a\",le=\"0.0005\"} 2\n"
                   "peerage_http_request_seconds_bucket{route=\"/a\",le=\"0.001\"} 3\n"
                   "peerage_http_request_seconds_bucket{route=\"/a\",le=\"0.0025\"} 3\n"
                   "peerage_http_request_seconds_bucket{route=\"/a\",le=\"0.005\"} 3\n"
                   "peerage_http_request_seconds_bucket{route=\"/a\",le=\"0.01\"} 3\n"
                   "peerage_http_request_seconds_bucket{route=\"/a\",le=\"0.025\"} 3\n"
                   "peerage_http_request_seconds_bucket{route=\"/a\",le=\"0.05\"} 3");
    expect_in(all, "peerage_http_request_seconds_bucket{route=\"/a\",le=\"0.1\"} 3\n"
                   "peerage_http_request_seconds_bucket{route=\"/a\",le=\"0.25\"} 3\n"
                   "peerage_http_request_seconds_bucket{route=\"/a\",le=\"0.5\"} 3\n"
                   "peerage_http_request_seconds_bucket{route=\"/a\",le=\"1\"} 3\n"
                   "peerage_http_request_seconds_bucket{route=\"/a\",le=\"2.5\"} 4\n"
                   "peerage_http_request_seconds_bucket{route=\"/a\",le=\"5\"} 4\n"
                   "peerage_http_request_seconds_bucket{route=\"/a\",le=\"10\"} 4");
    expect_in(all, "peerage_http_request_seconds_bucket{route=\"/a\",le=\"+Inf\"} 5\n"
                   "peerage_http_request_seconds_sum{route=\"/a\"} 12.501000002\n"
                   "peerage_http_request_seconds_count{route=\"/a\"} 5");
}

static void a_histogram_without_labels_has_only_le(void **state)
{
    unsigned s = metric_series(M_SCAN_DURATION, "");
    metric_observe(M_SCAN_DURATION, s, NS_PER_MS);
    const char *all = scrape();
    expect_in(all, "peerage_scan_seconds_bucket{le=\"0.001\"} 1");
    expect_in(all, "peerage_scan_seconds_sum 0.001000000");
    expect_in(all, "peerage_scan_seconds_count 1");
}

static void each_metric_is_introduced_once(void **state)
{
    (void)metric_series(M_SCANS, "result=\"ok\"");
    (void)metric_series(M_SCANS, "result=\"failed\"");
    const char *all = scrape();
    static const char *const names[] = {
#define METRIC(id, type, name, help) "# HELP " name " " help "\n# TYPE " name " ",
#include "spec/metrics.def"
#undef METRIC
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) assert_int_equal(times(all, names[i]), 1);
    assert_int_equal(times(all, "# HELP "), METRIC_COUNT_);
    assert_int_equal(times(all, "# TYPE "), METRIC_COUNT_);
    assert_non_null(strstr(all, "# TYPE peerage_scans_total counter\npeerage_scans_total{result=\"ok\"} 0\n"
                                "peerage_scans_total{result=\"failed\"} 0\n# HELP "));
    assert_int_equal(all[strlen(all) - 1], '\n');
}

// What promtool asks for: _total is the ending of counters and of nothing else.
static void only_counters_are_named_total(void **state)
{
    const char *all = scrape();
    for (const char *p = all; (p = strstr(p, "# TYPE ")); p++) {
        char name[128], type[16];
        assert_int_equal(sscanf(p, "# TYPE %127s %15s", name, type), 2);
        size_t n = strlen(name);
        bool total = n > 6 && strcmp(name + n - 6, "_total") == 0;
        if (total != (strcmp(type, "counter") == 0)) fail_msg("%s is a %s", name, type);
    }
}

static void series_beyond_the_bound_share_one(void **state)
{
    char labels[32];
    unsigned seen[256];
    for (unsigned i = 0; i < 256; i++) {
        snprintf(labels, sizeof(labels), "n=\"%u\"", i);
        seen[i] = metric_series(M_SCANS, labels);
        metric_add(M_SCANS, seen[i], 1);
    }
    assert_int_equal(times(scrape(), "\npeerage_scans_total{"), 256);
    assert_int_equal(times(scrape(), "other"), 0);
    unsigned over = metric_series(M_SCANS, "n=\"256\""), more = metric_series(M_SCANS, "n=\"257\"");
    assert_int_equal(over, more);
    metric_add(M_SCANS, over, 2);
    metric_add(M_SCANS, more, 3);
    assert_int_equal(metric_series(M_SCANS, "n=\"200\""), seen[200]);
    const char *all = scrape();
    expect_in(all, "peerage_scans_total{other=\"true\"} 5");
    assert_int_equal(times(all, "\npeerage_scans_total{"), 257);
    // The bound is each metric's own.
    unsigned s = metric_series(M_CLOUD_CALLS, "action=\"x\"");
    metric_add(M_CLOUD_CALLS, s, 1);
    expect_in(scrape(), "peerage_cloud_calls_total{action=\"x\"} 1");
}

static void endless_labels_and_missing_memory_go_to_other(void **state)
{
    char labels[400];
    memset(labels, 'l', sizeof(labels) - 1);
    labels[sizeof(labels) - 1] = '\0';
    metric_add(M_SCANS, metric_series(M_SCANS, labels), 1);
    mem_fault_set(1, false);
    unsigned s = metric_series(M_SCANS, "result=\"ok\"");
    mem_fault_set(0, false);
    metric_add(M_SCANS, s, 1);
    expect_in(scrape(), "peerage_scans_total{other=\"true\"} 2");
    // With memory again it gets a series of its own.
    assert_true(metric_series(M_SCANS, "result=\"ok\"") != s);
}

static void a_text_that_does_not_fit_fails_the_buffer(void **state)
{
    struct buf small;
    buf_init(&small, 100);
    metrics_text(&small);
    assert_int_equal(small.fail, BUF_TOO_LARGE);
    buf_done(&small);
}

static void *count(void *arg)
{
    char labels[32];
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(labels, sizeof(labels), "n=\"%u\"", i % 300); // some beyond the bound
        metric_add(M_SCANS, metric_series(M_SCANS, labels), 1);
        metric_observe(M_SCAN_DURATION, metric_series(M_SCAN_DURATION, ""), i);
    }
    return NULL;
}

static void threads_lose_no_count(void **state)
{
    pthread_t t[4];
    char labels[32];
    for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&t[i], NULL, count, NULL), 0);
    for (int i = 0; i < 10; i++) (void)scrape(); // while they count
    for (int i = 0; i < 4; i++) assert_int_equal(pthread_join(t[i], NULL), 0);
    // 256 names have series, whichever came first; the others share one that counts them all.
    const char *all = scrape();
    assert_int_equal(times(all, "\npeerage_scans_total{n="), 256);
    int64_t sum = 0;
    unsigned other = 0;
    for (unsigned i = 0; i < 300; i++) {
        snprintf(labels, sizeof(labels), "n=\"%u\"", i);
        unsigned s = metric_series(M_SCANS, labels);
        if (s < 256) sum += metric_value(M_SCANS, s);
        if (s >= 256) other = s;
    }
    assert_int_equal(sum + metric_value(M_SCANS, other), 20000);
    assert_int_equal(metric_value(M_SCAN_DURATION, metric_series(M_SCAN_DURATION, "")), 20000);
}

static pthread_barrier_t together;

static void *race(void *arg)
{
    char labels[32];
    unsigned *got = arg;
    for (unsigned i = 0; i < 250; i++) {
        snprintf(labels, sizeof(labels), "n=\"%u\"", i);
        pthread_barrier_wait(&together);
        got[i] = metric_series(M_SCANS, labels);
    }
    return NULL;
}

static void a_race_for_a_new_series_makes_one(void **state)
{
    static unsigned got[4][250];
    pthread_t t[4];
    assert_int_equal(pthread_barrier_init(&together, NULL, 4), 0);
    for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&t[i], NULL, race, got[i]), 0);
    for (int i = 0; i < 4; i++) assert_int_equal(pthread_join(t[i], NULL), 0);
    for (int i = 1; i < 4; i++) assert_memory_equal(got[i], got[0], sizeof(got[0]));
    assert_int_equal(times(scrape(), "\npeerage_scans_total{"), 250);
    pthread_barrier_destroy(&together);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, reset, done)
    const struct CMUnitTest tests[] = {
        T(series_are_found_again),
        T(gauges_go_up_and_down),
        T(histograms_are_cumulative_with_inclusive_bounds),
        T(a_histogram_without_labels_has_only_le),
        T(each_metric_is_introduced_once),
        T(only_counters_are_named_total),
        T(series_beyond_the_bound_share_one),
        T(endless_labels_and_missing_memory_go_to_other),
        T(a_text_that_does_not_fit_fails_the_buffer),
        T(threads_lose_no_count),
        T(a_race_for_a_new_series_makes_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
