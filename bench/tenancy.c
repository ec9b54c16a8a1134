// SPDX-License-Identifier: Apache-2.0
// What authentication and lists cost in a store of 100 keys and in one of a million (1,000 organisations, 100,000
// projects): whole requests through the pipeline, each in turn in both stores, so that the ratio holds on any machine.
// Called by: make bench, people (bench/tenancy [--keys N] [--json FILE]). Must never: time the making of a request.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "bench/tenancy_world.h"
#include "net/crypto.h"

#define TRIES       1000
#define ACCEPT_2023 "application/vnd.atlas.2023-01-01+json"
#define PAGE        20

enum list { NO_LIST, ORG_KEYS, GROUP_KEYS, GROUPS };
enum where { FIRST, MIDDLE, LAST, ANYWHERE };
enum way { KEY, TOKEN };
struct ask {
    const char *name;
    enum list list;
    enum where where;
    enum way by;
    bool cold;     // each time another caller, and nothing of it in memory
    unsigned page; // rows
};
static const struct ask asks[] = {
    {"digest, known", NO_LIST, FIRST, KEY, false, 0},
    {"digest, not in memory", NO_LIST, FIRST, KEY, true, 0},
    {"token, known", NO_LIST, FIRST, TOKEN, false, 0},
    {"token, not in memory", NO_LIST, FIRST, TOKEN, true, 0},
    {"keys of organisation, first page", ORG_KEYS, FIRST, TOKEN, false, PAGE},
    {"keys of organisation, middle page", ORG_KEYS, MIDDLE, TOKEN, false, PAGE},
    {"keys of organisation, last page", ORG_KEYS, LAST, TOKEN, false, PAGE},
    {"keys of organisation, any page", ORG_KEYS, ANYWHERE, TOKEN, false, PAGE},
    {"keys of project, first page", GROUP_KEYS, FIRST, TOKEN, false, PAGE},
    {"keys of project, middle page", GROUP_KEYS, MIDDLE, TOKEN, false, PAGE},
    {"keys of project, last page", GROUP_KEYS, LAST, TOKEN, false, PAGE},
    {"keys of project, any page", GROUP_KEYS, ANYWHERE, TOKEN, false, PAGE},
    {"projects, first page", GROUPS, FIRST, TOKEN, false, PAGE},
    {"projects, middle page", GROUPS, MIDDLE, TOKEN, false, PAGE},
    {"projects, last page", GROUPS, LAST, TOKEN, false, PAGE},
    {"projects, any page", GROUPS, ANYWHERE, TOKEN, false, PAGE},
    {"keys of organisation, any page of 100", ORG_KEYS, ANYWHERE, TOKEN, false, 100},
};

static uint64_t rows_of(const struct world *w, enum list list)
{
    if (list == ORG_KEYS) return world_of_first_org(w, w->size.keys);
    return list == GROUP_KEYS ? world_of_first_group(w) : world_of_first_org(w, w->size.groups);
}

static void target_of(const struct world *w, const struct ask *q, unsigned try, char out[256])
{
    char org[OID_HEX + 1], group[OID_HEX + 1];
    uint64_t pages = q->page ? MAX(rows_of(w, q->list) / q->page, 1) : 1, page = 1;
    world_org_id(0, org);
    world_group_id(0, group);
    if (q->where == MIDDLE) page = MAX(pages / 2, 1);
    if (q->where == LAST) page = pages;
    if (q->where == ANYWHERE) page = 1 + try * 2654435761u % pages;
    const char *scope = q->list == GROUP_KEYS ? group : org;
    const char *path = q->list == GROUP_KEYS ? "groups" : "orgs", *what = q->list == GROUPS ? "groups" : "apiKeys";
    if (q->list == NO_LIST)
        (void)snprintf(out, 256, "/api/atlas/v2");
    else
        (void)snprintf(out, 256, "/api/atlas/v2/%s/%s/%s?pageNum=%llu&itemsPerPage=%u", path, scope, what,
                       (unsigned long long)page, q->page);
}

static double send_one(struct world *w, struct world_request *r, const struct ask *q, unsigned try)
{
    char target[256];
    if (q->cold) { // what is remembered is older than it may be
        manual_clock_advance(&w->hands, 3 * NS_PER_SEC);
        if (q->by == KEY) world_nonce(w);
    }
    arena_reset(r->arena);
    target_of(w, q, try, target);
    world_request(w, r, target, ACCEPT_2023);
    if (q->by == KEY)
        world_digest(w, r, q->cold ? try * 2654435761u % w->size.keys : 1);
    else
        world_bearer(r, w->tokens[q->cold ? try % WORLD_ACCOUNTS : 0]);
    struct mono begun = clock_mono(&clock_system);
    world_send(w, r);
    double took = (double)(clock_mono(&clock_system).ns - begun.ns);
    world_check(r);
    return took / 1e3;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct figure {
    double p50, p99; // microseconds
};

static void measure(struct world *worlds, const struct ask *q, struct figure ret[2])
{
    static double took[2][TRIES];
    struct world_request r = {.arena = arena_new(64 << 20)};
    reply_init(&r.rep);
    for (unsigned k = 0; k < 2; k++) {
        world_mint(&worlds[k]);
        world_nonce(&worlds[k]);
        (void)send_one(&worlds[k], &r, q, TRIES);
    }
    for (unsigned i = 0; i < TRIES; i++)
        for (unsigned k = 0; k < 2; k++) took[k][i] = send_one(&worlds[k], &r, q, i);
    for (unsigned k = 0; k < 2; k++) {
        qsort(took[k], TRIES, sizeof(took[k][0]), by_value);
        ret[k] = (struct figure){took[k][TRIES / 2], took[k][TRIES * 99 / 100]};
    }
    reply_done(&r.rep);
    arena_free(r.arena);
}

static void write_json(const char *path, const struct world *worlds, struct figure figures[][2])
{
    FILE *f = fopen(path, "w");
    if (!f) exit(1);
    (void)fprintf(f, "{\"keys\": [%u, %u], \"organisations\": [%u, %u], \"projects\": [%u, %u], \"tenancy\": [\n",
                  worlds[0].size.keys, worlds[1].size.keys, worlds[0].size.orgs, worlds[1].size.orgs,
                  worlds[0].size.groups, worlds[1].size.groups);
    for (size_t i = 0; i < ARRAY_LEN(asks); i++)
        (void)fprintf(f, "  {\"name\": \"%s\", \"p50_us\": [%.1f, %.1f], \"p99_us\": [%.1f, %.1f]}%s\n", asks[i].name,
                      figures[i][0].p50, figures[i][1].p50, figures[i][0].p99, figures[i][1].p99,
                      i + 1 < ARRAY_LEN(asks) ? "," : "");
    (void)fprintf(f, "]}\n");
    if (fclose(f) != 0) exit(1);
}

static void run(struct world *worlds, const char *json)
{
    struct figure figures[ARRAY_LEN(asks)][2];
    printf("%-38s %10u keys %17u keys %13s\n%-38s %9s %9s %12s %9s %6s %6s\n", "microseconds", worlds[0].size.keys,
           worlds[1].size.keys, "ratio", "", "p50", "p99", "p50", "p99", "p50", "p99");
    for (size_t i = 0; i < ARRAY_LEN(asks); i++) {
        measure(worlds, &asks[i], figures[i]);
        const struct figure *s = &figures[i][0], *b = &figures[i][1];
        printf("%-38s %9.1f %9.1f %12.1f %9.1f %6.2f %6.2f\n", asks[i].name, s->p50, s->p99, b->p50, b->p99,
               b->p50 / s->p50, b->p99 / s->p99);
        (void)fflush(stdout);
    }
    if (json) write_json(json, worlds, figures);
}

int main(int argc, char **argv)
{
    uint64_t keys = 1000000;
    const char *json = NULL;
    struct error err;
    for (int i = 1; i < argc; i += 2) {
        bool value = i + 1 < argc;
        if (value && strcmp(argv[i], "--json") == 0)
            json = argv[i + 1];
        else if (!value || strcmp(argv[i], "--keys") != 0 || !slice_u64(slice_of(argv[i + 1]), 10000000, &keys) ||
                 keys < 10000)
            return 2;
    }
    if (crypto_init(&err) != ERR_OK) return 1;
    struct world *worlds = mem_zalloc(2, sizeof(*worlds));
    if (!worlds) return 1;
    world_make(&worlds[0], (struct world_size){1, 100, 100});
    world_make(&worlds[1], (struct world_size){(unsigned)keys / 1000, (unsigned)keys / 10, (unsigned)keys});
    run(worlds, json);
    world_free(&worlds[0]);
    world_free(&worlds[1]);
    mem_free(worlds);
    return 0;
}
