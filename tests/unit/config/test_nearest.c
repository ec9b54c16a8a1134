// SPDX-License-Identifier: Apache-2.0
// Behaviour of the suggestion for mistyped words. Called by: meson test. Must never: depend on the real option table.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config/nearest.h"

static const char *const names[] = {"listen", "loops", "log_level", "workers", "data_dir"};

static void names_the_closest(void **state)
{
    (void)state;
    static const struct {
        const char *word, *want;
    } rows[] = {
        {"listen", "listen"},      {"lisetn", "listen"},  {"lsten", "listen"},
        {"loglevel", "log_level"}, {"worker", "workers"}, {"wrokers", "workers"},
        {"loop", "loops"},         {"data", "data_dir"},  {"datadirr", "data_dir"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_string_equal(nearest(slice_of(rows[i].word), names, ARRAY_LEN(names)), rows[i].want);
}

static void extremes(void **state)
{
    (void)state;
    char lengthy[300];
    memset(lengthy, 'w', sizeof lengthy);
    assert_non_null(nearest(slice_n(lengthy, sizeof lengthy), names, ARRAY_LEN(names)));
    assert_string_equal(nearest(slice_of(""), names, ARRAY_LEN(names)), "loops"); // the shortest
    assert_null(nearest(slice_of("x"), names, 0));
}

static void ties_go_to_the_earlier(void **state)
{
    (void)state;
    static const char *const pair[] = {"ab", "ac"};
    assert_string_equal(nearest(slice_of("ad"), pair, 2), "ab");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_the_closest),
        cmocka_unit_test(extremes),
        cmocka_unit_test(ties_go_to_the_earlier),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
