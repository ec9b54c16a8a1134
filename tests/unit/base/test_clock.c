// SPDX-License-Identifier: Apache-2.0
// The clocks and the date formats: each day of four centuries, the edges of the formats, and what is refused.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

static int64_t parse(const char *text)
{
    struct wall w = {-1};
    return wall_parse_rfc3339(slice_of(text), &w) ? w.us : -1;
}

static int64_t parse_http(const char *text)
{
    struct wall w = {-1};
    return wall_parse_http_date(slice_of(text), &w) ? w.us : -1;
}

static void formats_known_moments(void **state)
{
    static const struct {
        int64_t sec;
        const char *rfc3339, *sigv4, *http;
        uint32_t ymd;
    } rows[] = {
        {0, "1970-01-01T00:00:00Z", "19700101T000000Z", "Thu, 01 Jan 1970 00:00:00 GMT", 19700101},
        {68169599, "1972-02-28T23:59:59Z", "19720228T235959Z", "Mon, 28 Feb 1972 23:59:59 GMT", 19720228},
        {68169600, "1972-02-29T00:00:00Z", "19720229T000000Z", "Tue, 29 Feb 1972 00:00:00 GMT", 19720229},
        {951782400, "2000-02-29T00:00:00Z", "20000229T000000Z", "Tue, 29 Feb 2000 00:00:00 GMT", 20000229},
        {1734549637, "2024-12-18T19:20:37Z", "20241218T192037Z", "Wed, 18 Dec 2024 19:20:37 GMT", 20241218},
        {4102444800, "2100-01-01T00:00:00Z", "21000101T000000Z", "Fri, 01 Jan 2100 00:00:00 GMT", 21000101},
        {253402300799, "9999-12-31T23:59:59Z", "99991231T235959Z", "Fri, 31 Dec 9999 23:59:59 GMT", 99991231},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct wall w = wall_from_sec(rows[i].sec), back = {-1};
        char a[21], b[17], c[30];
        wall_rfc3339(w, a);
        wall_sigv4(w, b);
        wall_http_date(w, c);
        assert_string_equal(a, rows[i].rfc3339);
        assert_string_equal(b, rows[i].sigv4);
        assert_string_equal(c, rows[i].http);
        assert_int_equal(wall_yyyymmdd(w), rows[i].ymd);
        assert_int_equal(parse(a), w.us);
        assert_int_equal(parse_http(c), w.us);
        assert_true(wall_parse_sigv4(slice_of(b), &back));
        assert_int_equal(back.us, w.us);
    }
}

// Walks the calendar day by day with the simplest possible rules and compares.
static void every_day_for_four_hundred_years(void **state)
{
    static const unsigned days[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    static const char names[7][4] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    unsigned y = 1970, m = 1, d = 1;
    for (int64_t day = 0; day < 150000; day++) {
        char want[40], got[21], http[30];
        struct wall w = wall_from_sec(day * 86400 + day % 86400);
        unsigned rest = (unsigned)(day % 86400);
        snprintf(want, sizeof(want), "%04u-%02u-%02uT%02u:%02u:%02uZ", y, m, d, rest / 3600, rest / 60 % 60, rest % 60);
        wall_rfc3339(w, got);
        if (strcmp(want, got) != 0) fail_msg("day %ld: %s, not %s", (long)day, got, want);
        assert_int_equal(parse(got), w.us);
        wall_http_date(w, http);
        assert_memory_equal(http, names[day % 7], 3);
        unsigned last = days[m] + (m == 2 && ((y % 4 == 0 && y % 100 != 0) || y % 400 == 0));
        if (++d > last) {
            d = 1;
            if (++m > 12) {
                m = 1;
                y++;
            }
        }
    }
    assert_int_equal(y, 2380); // 150000 days after 1970-01-01 is 2380-09-08
    assert_int_equal(m * 100 + d, 908);
}

static void milliseconds_are_cut_not_rounded(void **state)
{
    char out[25];
    wall_rfc3339_ms((struct wall){INT64_C(1734549637000000) + 999999}, out);
    assert_string_equal(out, "2024-12-18T19:20:37.999Z");
    wall_rfc3339_ms((struct wall){INT64_C(1734549637000000) + 1000}, out);
    assert_string_equal(out, "2024-12-18T19:20:37.001Z");
}

static void moments_outside_the_formats_are_clamped(void **state)
{
    char a[21], b[25], c[30];
    wall_rfc3339((struct wall){INT64_MIN}, a);
    assert_string_equal(a, "1970-01-01T00:00:00Z");
    wall_rfc3339_ms((struct wall){INT64_MAX}, b);
    assert_memory_equal(b, "9999-12-31T23:59:59.", 20);
    wall_http_date((struct wall){INT64_MAX}, c);
    assert_string_equal(c, "Fri, 31 Dec 9999 23:59:59 GMT");
}

static void rfc3339_reads_fractions_and_offsets(void **state)
{
    const int64_t t = INT64_C(1734549637000000);
    assert_int_equal(parse("2024-12-18T19:20:37Z"), t);
    assert_int_equal(parse("2024-12-18t19:20:37z"), t);
    assert_int_equal(parse("2024-12-18T19:20:37.000Z"), t);
    assert_int_equal(parse("2024-12-18T19:20:37.5Z"), t + 500000);
    assert_int_equal(parse("2024-12-18T19:20:37.123456789123456789Z"), t + 123456);
    assert_int_equal(parse("2024-12-18T20:20:37+01:00"), t);
    assert_int_equal(parse("2024-12-18T13:50:37-05:30"), t);
    assert_int_equal(parse("2024-12-19T00:20:37+05:00"), t);
    assert_int_equal(parse("2024-12-18T19:20:37-00:00"), t);
    assert_int_equal(parse("1970-01-01T01:00:00+01:00"), 0);
}

static void rfc3339_leap_seconds_only_at_midnight_utc(void **state)
{
    const int64_t t = INT64_C(1483228800000000);
    assert_int_equal(parse("2016-12-31T23:59:60Z"), t);
    assert_int_equal(parse("2017-01-01T00:59:60+01:00"), t);
    assert_int_equal(parse("2016-12-31T22:59:60Z"), -1);
    assert_int_equal(parse("2016-12-31T23:59:61Z"), -1);
}

static void rfc3339_refuses_the_rest(void **state)
{
    static const char *const bad[] = {
        "",
        "2024-12-18",
        "2024-12-18T19:20:37",
        "2024-12-18 19:20:37Z",
        "2024-12-18T19:20Z",
        "2024-12-18T19:20:37.Z",
        "2024-12-18T19:20:37,5Z",
        "2024-12-18T19:20:37ZZ",
        "2024-12-18T19:20:37Z ",
        " 2024-12-18T19:20:37Z",
        "2024-12-18T24:00:00Z",
        "2024-12-18T19:60:37Z",
        "2024-13-18T19:20:37Z",
        "2024-00-18T19:20:37Z",
        "2024-12-00T19:20:37Z",
        "2024-12-32T19:20:37Z",
        "2023-02-29T19:20:37Z",
        "2100-02-29T19:20:37Z",
        "1969-12-31T23:59:59Z",
        "0000-01-01T00:00:00Z",
        "12024-12-18T19:20:37Z",
        "2024-12-18T19:20:37+0100",
        "2024-12-18T19:20:37+24:00",
        "2024-12-18T19:20:37+01:60",
        "2024-12-18T19:20:37+01",
        "1970-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "2024-12-18T19:20:3/Z",
        "2024-12-18T+9:20:37Z",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (parse(bad[i]) != -1) fail_msg("accepted: %s", bad[i]);
    assert_int_equal(parse("2024-02-29T00:00:00Z"), INT64_C(1709164800000000));
    struct wall w = {-7};
    assert_false(wall_parse_rfc3339(slice_n("2024-12-18T19:20:37\0", 20), &w));
    assert_false(wall_parse_rfc3339(slice_n(NULL, 0), &w));
    assert_int_equal(w.us, -7);
}

static void sigv4_refuses_other_shapes(void **state)
{
    static const char *const bad[] = {"",
                                      "20241218T192037",
                                      "20241218T192037z",
                                      "20241218t192037Z",
                                      "2024-12-18T19:20:37Z",
                                      "20241218T192060Z",
                                      "20240230T000000Z",
                                      "20241218T192037Z0"};
    struct wall w = {-7};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (wall_parse_sigv4(slice_of(bad[i]), &w)) fail_msg("accepted: %s", bad[i]);
    assert_int_equal(w.us, -7);
}

static void http_date_refuses_other_shapes(void **state)
{
    assert_int_equal(parse_http("Sun, 06 Nov 1994 08:49:37 GMT"), INT64_C(784111777000000));
    static const char *const bad[] = {"",
                                      "Mon, 06 Nov 1994 08:49:37 GMT",
                                      "Sunday, 06-Nov-94 08:49:37 GMT",
                                      "Sun Nov  6 08:49:37 1994",
                                      "Sun, 6 Nov 1994 08:49:37 GMT",
                                      "Sun, 06 nov 1994 08:49:37 GMT",
                                      "Sun, 06 Nov 1994 08:49:37 UTC",
                                      "Sun, 06 Nov 1994 08:49:37 GMT ",
                                      "Sun, 31 Nov 1994 08:49:37 GMT",
                                      "Wed, 31 Dec 1969 23:59:59 GMT"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (parse_http(bad[i]) != -1) fail_msg("accepted: %s", bad[i]);
}

static void dates_are_calendar_dates(void **state)
{
    uint32_t ymd = 7;
    assert_true(date_parse_ymd(SLICE("2024-11-13"), &ymd));
    assert_int_equal(ymd, 20241113);
    assert_true(date_parse_ymd(SLICE("2024-02-29"), &ymd));
    static const char *const bad[] = {
        "2023-02-29",  "2024-11-31",  "2024-11-1",  "2024-1-13",  "20241113", "2024/11/13",
        "2024-11-13T", "x2024-11-13", "1969-01-01", "2024-00-01", ""};
    ymd = 7;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (date_parse_ymd(slice_of(bad[i]), &ymd)) fail_msg("accepted: %s", bad[i]);
    assert_int_equal(ymd, 7);
}

static void manual_clock_moves_only_when_told(void **state)
{
    struct manual_clock m = {.mono_ns = 5, .wall_us = 1000};
    struct clock c = clock_manual(&m);
    assert_int_equal(clock_mono(&c).ns, 5);
    assert_int_equal(clock_wall(&c).us, 1000);
    manual_clock_advance(&m, 3 * NS_PER_SEC);
    assert_int_equal(clock_mono(&c).ns, 5 + 3 * NS_PER_SEC);
    assert_int_equal(clock_wall(&c).us, 1000 + 3 * US_PER_SEC);
    for (int i = 0; i < 1000; i++) manual_clock_advance(&m, 10); // each below a microsecond
    assert_int_equal(clock_wall(&c).us, 1010 + 3 * US_PER_SEC);
}

static void system_clock_goes_forward(void **state)
{
    struct mono a = clock_mono(&clock_system), b = clock_mono(&clock_system);
    assert_true(a.ns > 0 && b.ns >= a.ns);
    assert_true(wall_yyyymmdd(clock_wall(&clock_system)) > 20240101);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_known_moments),
        cmocka_unit_test(every_day_for_four_hundred_years),
        cmocka_unit_test(milliseconds_are_cut_not_rounded),
        cmocka_unit_test(moments_outside_the_formats_are_clamped),
        cmocka_unit_test(rfc3339_reads_fractions_and_offsets),
        cmocka_unit_test(rfc3339_leap_seconds_only_at_midnight_utc),
        cmocka_unit_test(rfc3339_refuses_the_rest),
        cmocka_unit_test(sigv4_refuses_other_shapes),
        cmocka_unit_test(http_date_refuses_other_shapes),
        cmocka_unit_test(dates_are_calendar_dates),
        cmocka_unit_test(manual_clock_moves_only_when_told),
        cmocka_unit_test(system_clock_goes_forward),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
