// SPDX-License-Identifier: Apache-2.0
// What the pipeline reads of a request before anybody is asked: Accept on the first line, the path on the second.
// Called by: fuzz/driver.c or libFuzzer. Must never: depend on today's date.
#include "pipeline/negotiate.h"
#include "pipeline/router.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TODAY 20261124

static struct router *router;

static void check_version(struct slice accept)
{
    struct header h = {SLICE("Accept"), accept};
    struct request r = {.headers = &h, .header_count = 1};
    for (int i = 0; i < ROUTE_COUNT_; i++) {
        const struct route_row *row = route_row((enum route)i);
        uint32_t v = 1;
        if (!negotiate(&r, row, TODAY, &v)) continue;
        ASSERT(row->oldest ? v >= row->oldest && v <= TODAY : v == 0);
    }
}

static void check_path(struct slice path)
{
    struct arena *a = arena_new(1 << 20);
    ASSERT(a != NULL);
    for (int m = METHOD_GET; m <= METHOD_OTHER; m++) {
        struct router_answer found;
        router_find(router, (enum method)m, path, a, &found);
        ASSERT(found.param_count <= PATH_PARAMS_MAX);
        ASSERT(found.result != ROUTER_NOT_OFFERED || found.operation);
        ASSERT(m != METHOD_OTHER || found.result == ROUTER_BAD_METHOD || found.result == ROUTER_UNKNOWN);
    }
    arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!router) router = router_new();
    ASSERT(router != NULL);
    struct slice rest = slice_n((const char *)data, size), accept;
    slice_cut(&rest, '\n', &accept);
    check_version(accept);
    if (rest.n && rest.p[0] == '/') check_path(rest);
    return 0;
}
