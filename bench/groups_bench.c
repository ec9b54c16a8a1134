// SPDX-License-Identifier: Apache-2.0
// What lists of projects cost in an organisation of 100 and of 100,000 (or $1): p50 and p99 of one read, on one thread.
// Called by: people. Must never: leave its store behind.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/store.h"

#define ORG   "a00000000000000000000001"
#define READS 400

static void check(enum err code, const struct error *err)
{
    if (code == ERR_OK) return;
    (void)fprintf(stderr, "%s\n", err->detail);
    exit(1);
}

struct batch {
    unsigned from, to;
};

static enum err insert(struct store_tx *tx, void *ctx, struct error *err)
{
    const struct batch *b = ctx;
    struct org o = {.id = ORG, .name = "bench", .external_id = "bench"};
    enum err code = b->from ? ERR_OK : store_tx_org_insert(tx, &o, err);
    for (unsigned i = b->from; code == ERR_OK && i < b->to; i++) {
        struct group g = {.org_id = ORG};
        // Ids in no order of their names, like those of many processes.
        (void)snprintf(g.id, sizeof g.id, "%08x%016x", i * 2654435761u, i);
        (void)snprintf(g.name, sizeof g.name, "%s-%06u", i % 1000 == 7 ? "rare" : "team", i);
        code = store_tx_group_insert(tx, &g, err);
    }
    return code;
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static int by_scope(const void *a, const void *b)
{
    return strcmp(((const struct grant *)a)->scope_id, ((const struct grant *)b)->scope_id);
}

static void measure(struct store_reader *r, const char *what, const struct group_search *f)
{
    static int64_t ns[READS];
    struct error err;
    size_t n = 0;
    uint64_t total = 0;
    for (int i = 0; i < READS; i++) {
        struct arena *a = arena_new(16 << 20);
        struct group *rows;
        struct mono begun = clock_mono(&clock_system);
        check(store_groups_find(r, f, a, &rows, &n, &total, &err), &err);
        ns[i] = clock_mono(&clock_system).ns - begun.ns;
        arena_free(a);
    }
    qsort(ns, READS, sizeof ns[0], by_size);
    printf("  %-34s %4zu of %6llu  p50 %8.3f ms  p99 %8.3f ms\n", what, n, (unsigned long long)total,
           (double)ns[READS / 2] / 1e6, (double)ns[READS * 99 / 100] / 1e6);
}

static void measure_all(struct store_reader *r, unsigned groups)
{
    struct grant whole = {ORG, 1u << ROLE_ORG_OWNER};
    struct grant few[10];
    struct principal owner = {.kind = PRINCIPAL_API_KEY, .org_id = ORG, .grants = &whole, .grant_count = 1};
    struct principal member = {.kind = PRINCIPAL_API_KEY, .org_id = ORG, .grants = few, .grant_count = 10};
    for (unsigned i = 0; i < 10; i++) {
        unsigned k = i * (groups / 10);
        few[i].roles = 1u << ROLE_GROUP_OWNER;
        (void)snprintf(few[i].scope_id, sizeof few[i].scope_id, "%08x%016x", k * 2654435761u, k);
    }
    qsort(few, 10, sizeof few[0], by_scope);
    const uint32_t last = groups / 100, middle = MAX(last / 2, 1);
    measure(r, "owner, first page", &(struct group_search){.principal = &owner, .page = {1, 100}});
    measure(r, "owner, middle page", &(struct group_search){.principal = &owner, .page = {middle, 100}});
    measure(r, "owner, last page", &(struct group_search){.principal = &owner, .page = {last, 100}});
    measure(r, "owner, past the end", &(struct group_search){.principal = &owner, .page = {last + 1000, 100}});
    measure(r, "ten projects by role", &(struct group_search){.principal = &member, .page = {1, 100}});
    measure(r, "name=rare", &(struct group_search){.principal = &owner, .prefix = SLICE("RARE"), .page = {1, 100}});
    measure(r, "name=team", &(struct group_search){.principal = &owner, .prefix = SLICE("team"), .page = {1, 100}});
}

static void run(unsigned groups)
{
    char dir[] = "/tmp/peerage-groups-XXXXXX", path[64];
    struct store_options o;
    struct store *s;
    struct store_reader *r;
    struct error err;
    if (!mkdtemp(dir)) exit(1);
    (void)snprintf(path, sizeof path, "%s/db", dir);
    store_options_default(&o);
    o.path = path;
    o.create = o.migrate = true;
    o.clock = &clock_system;
    check(store_open(&o, &s, &err), &err);
    for (unsigned i = 0; i < groups; i += 5000) {
        struct batch b = {i, MIN(i + 5000, groups)};
        check(store_write(s, insert, &b, &err), &err);
    }
    check(store_reader_open(s, &r, &err), &err);
    printf("%u projects\n", groups);
    measure_all(r, groups);
    store_reader_close(&r);
    store_close(&s);
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        char file[96];
        (void)snprintf(file, sizeof file, "%s%s", path, suffixes[i]);
        (void)unlink(file);
    }
    (void)rmdir(dir);
}

int main(int argc, char **argv)
{
    uint64_t most = 100000;
    if (argc > 1 && (!slice_u64(slice_of(argv[1]), 10000000, &most) || most < 200)) return 2;
    run(100);
    run((unsigned)most);
    return 0;
}
