// SPDX-License-Identifier: Apache-2.0
// Accept → version, as a table: what clients send, what must be refused. Must never: depend on today's date.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pipeline/negotiate.h"

#define TODAY 20261124
#define NONE  UINT32_MAX // 406

struct row {
    const char *accept; // NULL: no header
    enum route route;
    uint32_t want;
};

#define LIST   ROUTE_PEERINGS_LIST   // 2023-02-01
#define ACTIVE ROUTE_PEERINGS_ACTIVE // 2024-11-13

static const struct row rows[] = {
    {"application/vnd.atlas.2023-02-01+json", LIST, 20230201},
    {"application/vnd.atlas.2025-03-12+json", LIST, 20230201},
    {"application/vnd.atlas.2026-11-24+json", LIST, 20230201},
    {"application/vnd.atlas.2026-11-25+json", LIST, NONE}, // future
    {"application/vnd.atlas.2023-01-31+json", LIST, NONE}, // too old
    {"application/vnd.atlas.2024-11-12+json", ACTIVE, NONE},
    {"application/vnd.atlas.2024-11-13+json", ACTIVE, 20241113},
    {"Application/VND.Atlas.2024-11-13+JSON", ACTIVE, 20241113},
    {NULL, LIST, NONE},
    {"", LIST, NONE},
    {"*/*", LIST, NONE},
    {"application/json", LIST, NONE},
    {"text/html", LIST, NONE},
    {"application/vnd.atlas.2023-02-30+json", LIST, NONE},
    {"application/vnd.atlas.2023-2-01+json", LIST, NONE},
    {"application/vnd.atlas.2023-02-01+csv", LIST, NONE},
    {"application/vnd.atlas.2023-02-01+jsonx", LIST, NONE},
    {"application/vnd.atlas.preview+json", LIST, NONE},
    {"application/vnd.atlas.2025-01-01.upcoming+json", LIST, NONE},
    {"application/vnd.atlas.2023-02-01+json;q=0", LIST, NONE},
    {"application/vnd.atlas.2023-02-01+json;q=1.001", LIST, NONE},
    {"application/vnd.atlas.2023-02-01+json;q=2", LIST, NONE},
    {"application/vnd.atlas.2023-02-01+json; charset=utf-8 ; q=0.5", LIST, 20230201},
    {"*/*, application/vnd.atlas.2024-08-05+json;q=0.1", LIST, 20230201},
    {"application/vnd.atlas.2099-01-01+json, application/vnd.atlas.2024-11-13+json;q=0.2", ACTIVE, 20241113},
    {"application/vnd.atlas.2024-11-13+json,", ACTIVE, 20241113},
    {",,", LIST, NONE},
    {NULL, ROUTE_INBOX, 0},
    {"*/*", ROUTE_INBOX, 0},
    {"application/*", ROUTE_INBOX, 0},
    {"application/json", ROUTE_INBOX, 0},
    {"application/vnd.atlas.2025-03-12+json", ROUTE_INBOX, 0},
    {"text/html", ROUTE_INBOX, NONE},
    {"application/json;q=0", ROUTE_INBOX, NONE},
};

static void every_row(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct header h = {SLICE("accept"), slice_of(rows[i].accept)};
        struct request r = {.headers = &h, .header_count = rows[i].accept ? 1 : 0};
        uint32_t got = NONE - 1;
        bool ok = negotiate(&r, route_row(rows[i].route), TODAY, &got);
        if (ok != (rows[i].want != NONE) || (ok && got != rows[i].want))
            fail_msg("row %zu (%s): ok %d, version %u", i, rows[i].accept ? rows[i].accept : "none", ok, got);
    }
}

static void several_header_lines_are_one_list(void **state)
{
    struct header h[] = {{SLICE("Accept"), SLICE("text/html")},
                         {SLICE("ACCEPT"), SLICE("application/vnd.atlas.2025-03-12+json")}};
    struct request r = {.headers = h, .header_count = 2};
    uint32_t got;
    assert_true(negotiate(&r, route_row(LIST), TODAY, &got));
    assert_int_equal(got, 20230201);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_row),
                                       cmocka_unit_test(several_header_lines_are_one_list)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
