// SPDX-License-Identifier: Apache-2.0
// What finding and listing API keys costs at 100 and at many keys of one organisation, half of them in one project.
// Called by: people (bench/keys_scale [KEYS]). Prints a line a measurement: p50 and p99 in microseconds. Must never: be
// read as the time of a request, which authentication and the network add to.

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/rand.h"
#include "store/store.h"

#define ORG   "a00000000000000000000001"
#define GROUP "b00000000000000000000001"
#define BATCH 5000
#define TRIES 400

static struct store *store;
static struct store_reader *reader;

static void must(enum err code, const struct error *err)
{
    if (code == ERR_OK) return;
    fprintf(stderr, "%s\n", err->detail);
    exit(1);
}

static void name_of(uint64_t n, char out[9])
{
    for (int i = 7; i >= 0; i--, n /= 26) out[i] = (char)('a' + n % 26);
    out[8] = '\0';
}

struct batch {
    uint64_t first, n;
};

static enum err add_batch(struct store_tx *tx, void *ctx, struct error *err)
{
    const struct batch *b = ctx;
    enum err code = ERR_OK;
    for (uint64_t i = b->first; code == ERR_OK && i < b->first + b->n; i++) {
        struct api_key_row k = {.description = "of the measurement", .created = {1}};
        snprintf(k.id, sizeof(k.id), "c%023" PRIu64, i);
        memcpy(k.org_id, ORG, sizeof(k.org_id));
        memcpy(k.private_tail, "0123456789ab", 13);
        memcpy(k.ha1_key_id, "0011223344556677", 17);
        name_of(i, k.public_key);
        code = store_tx_api_key_insert(tx, &k, err);
        if (code == ERR_OK) code = store_tx_grant(tx, k.public_key, ORG, 1u << ROLE_ORG_MEMBER, err);
        if (code == ERR_OK && i % 2) code = store_tx_grant(tx, k.public_key, GROUP, 1u << ROLE_GROUP_READ_ONLY, err);
    }
    return code;
}

static enum err add_tenant(struct store_tx *tx, void *ctx, struct error *err)
{
    struct org o = {.id = ORG, .name = "Scale"};
    struct group g = {.id = GROUP, .org_id = ORG, .name = "Scale"};
    enum err code = store_tx_org_insert(tx, &o, err);
    return code == ERR_OK ? store_tx_group_insert(tx, &g, err) : code;
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

struct ask {
    const char *what;
    const char *group;
    uint32_t page; // 0: find one by its public key; UINT32_MAX: find one by its id
    bool walk;     // each time the page after the last one
};

static void one(const struct ask *q, uint64_t keys, uint64_t try, struct arena *a)
{
    struct error err = {0};
    struct credential found, *rows;
    size_t n;
    uint64_t total, at = try * 2654435761u % keys;
    char text[OID_HEX + 1];
    if (q->page == 0) {
        name_of(at, text);
        must(store_api_key_find(reader, slice_of(text), a, &found, &err), &err);
    } else if (q->page == UINT32_MAX) {
        snprintf(text, sizeof(text), "c%023" PRIu64, at);
        must(store_api_key_by_id(reader, text, a, &found, &err), &err);
    } else {
        struct credential_filter f = {
            .org_id = ORG, .group_id = q->group, .kind = PRINCIPAL_API_KEY, .page = {q->page, 100}};
        if (q->walk) f.page.number = q->page + (uint32_t)try % (uint32_t)(keys / 200 + 1);
        must(store_credentials_page(reader, &f, a, &rows, &n, &total, &err), &err);
    }
}

static void measure(const struct ask *q, uint64_t keys)
{
    static int64_t took[TRIES];
    struct arena *a = arena_new(64 << 20);
    for (unsigned i = 0; i < TRIES; i++) {
        arena_reset(a);
        struct mono begun = clock_mono(&clock_system);
        one(q, keys, i, a);
        took[i] = clock_mono(&clock_system).ns - begun.ns;
    }
    qsort(took, TRIES, sizeof(took[0]), by_value);
    printf("%9" PRIu64 " keys  %-28s p50 %8.1f us  p99 %8.1f us\n", keys, q->what, (double)took[TRIES / 2] / 1e3,
           (double)took[TRIES * 99 / 100] / 1e3);
    arena_free(a);
}

static void measure_all(uint64_t keys)
{
    uint32_t last = (uint32_t)(keys / 100), middle = last / 2 ? last / 2 : 1;
    const struct ask asks[] = {
        {"one by its public key", NULL, 0, false},        {"one by its id", NULL, UINT32_MAX, false},
        {"first page of organisation", NULL, 1, false},   {"first page of project", GROUP, 1, false},
        {"last page of organisation", NULL, last, false}, {"page after page, from middle", NULL, middle, true}};
    for (size_t i = 0; i < ARRAY_LEN(asks); i++) measure(&asks[i], keys);
}

int main(int argc, char **argv)
{
    uint64_t want = 1000000, have = 100;
    char dir[] = "/tmp/peerage-keys-XXXXXX", path[64];
    struct error err = {0};
    struct store_options o;
    if ((argc > 1 && !slice_u64(slice_of(argv[1]), 10000000, &want)) || !mkdtemp(dir)) return 2;
    snprintf(path, sizeof(path), "%s/store.db", dir);
    store_options_default(&o);
    o.path = path;
    o.create = o.migrate = o.exclusive = true;
    o.clock = &clock_system;
    must(store_open(&o, &store, &err), &err);
    must(store_reader_open(store, &reader, &err), &err);
    must(store_write(store, add_tenant, NULL, &err), &err);
    must(store_write(store, add_batch, &(struct batch){0, have}, &err), &err);
    measure_all(have);
    for (; have < want; have += BATCH) must(store_write(store, add_batch, &(struct batch){have, BATCH}, &err), &err);
    measure_all(have);
    store_reader_close(&reader);
    store_close(&store);
    printf("the store is in %s\n", dir);
    return 0;
}
