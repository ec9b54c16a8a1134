// SPDX-License-Identifier: Apache-2.0
// What the store's tests share: a store in a temporary directory with one organisation, group and network.
// Called by: tests/unit/store, tests/unit/core. Must never: leave files behind.
#pragma once

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "store/store.h"

struct fixture {
    char dir[64], path[96];
    struct store *store;
    struct store_reader *reader;
    struct arena *arena;
    struct manual_clock hands;
    struct clock clock;
    struct error err;
};

#define ORG_ID     "a00000000000000000000001"
#define GROUP_ID   "b00000000000000000000001"
#define GROUP2_ID  "b00000000000000000000002"
#define NETWORK_ID "c00000000000000000000001"
#define NOW_SEC    INT64_C(1733944840) // 2024-12-11T19:20:40Z

#define assert_ok(f, expr)                                                                                             \
    do {                                                                                                               \
        (f)->err = (struct error){ERR_OK, ""};                                                                         \
        if ((expr) != ERR_OK) fail_msg("%s: %s: %s", #expr, err_name((f)->err.code), (f)->err.detail);                 \
    } while (0)
#define assert_err(f, want, expr)                                                                                      \
    do {                                                                                                               \
        (f)->err = (struct error){ERR_OK, ""};                                                                         \
        enum err got_ = (expr);                                                                                        \
        if (got_ != (want))                                                                                            \
            fail_msg("%s: %s instead of %s: %s", #expr, err_name(got_), err_name(want), (f)->err.detail);              \
        assert_int_equal((f)->err.code, want);                                                                         \
        assert_true((f)->err.detail[0]);                                                                               \
    } while (0)

static inline void assert_slice(struct slice s, const char *expected)
{
    if (!slice_eq_cstr(s, expected)) fail_msg("\"%.*s\" is not \"%s\"", SLICE_FMT(s), expected);
}

static inline void set_id(char out[OID_HEX + 1], char first, uint64_t n)
{
    (void)snprintf(out, OID_HEX + 1, "%c%023llu", first, (unsigned long long)n);
}

static inline void fixture_dir(struct fixture *f)
{
    *f = (struct fixture){.dir = "/tmp/peerage-test-XXXXXX"};
    assert_non_null(mkdtemp(f->dir));
    (void)snprintf(f->path, sizeof(f->path), "%s/peerage.db", f->dir);
    f->hands.wall_us = NOW_SEC * US_PER_SEC;
    f->clock = clock_manual(&f->hands);
    f->arena = arena_new(64 << 20);
    assert_non_null(f->arena);
}

static inline struct store_options fixture_options(struct fixture *f)
{
    struct store_options o;
    store_options_default(&o);
    o.path = f->path;
    o.create = true;
    o.clock = &f->clock;
    return o;
}

static inline void fixture_open(struct fixture *f)
{
    struct store_options o = fixture_options(f);
    assert_ok(f, store_open(&o, &f->store, &f->err));
    assert_ok(f, store_reader_open(f->store, &f->reader, &f->err));
}

static inline void fixture_close(struct fixture *f)
{
    store_reader_close(&f->reader);
    store_close(&f->store);
}

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
    return remove(path);
}

static inline void remove_all(const char *path)
{
    (void)nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static inline void fixture_done(struct fixture *f)
{
    fixture_close(f);
    arena_free(f->arena);
    remove_all(f->dir);
}

static inline struct network make_network(const char *id, const char *group_id, const char *vpc_id)
{
    struct network n = {.account_id = "111111111111", .region = "us-east-1", .mode = NETWORK_MANAGE};
    assert_true(cstr_set(n.id, sizeof(n.id), id));
    assert_true(cstr_set(n.group_id, sizeof(n.group_id), group_id));
    assert_true(cstr_set(n.vpc_id, sizeof(n.vpc_id), vpc_id));
    n.created = wall_from_sec(NOW_SEC);
    return n;
}

static inline struct connection make_connection(uint64_t n)
{
    struct connection c = {
        .group_id = GROUP_ID,
        .network_id = NETWORK_ID,
        .requester_account = "222222222222",
        .requester_vpc = "vpc-0a0a0a0a0a0a0a0a0",
        .requester_region = "us-east-1",
        .accepter_account = "111111111111",
        .accepter_vpc = "vpc-00000000000000001",
        .accepter_region = "us-east-1",
        .requester_cidrs = SLICE("10.0.0.0/16 10.1.0.0/16"),
        .cloud_status = "pending-acceptance",
        .cloud_message = SLICE("Pending Acceptance by 111111111111"),
        .expiration = {(NOW_SEC + 604800 + (int64_t)n) * US_PER_SEC},
        .first_seen = {NOW_SEC * US_PER_SEC},
        .changed = {NOW_SEC * US_PER_SEC},
        .listed = true,
    };
    set_id(c.id, 'd', n);
    (void)snprintf(c.name, sizeof(c.name), "pcx-%017llx", (unsigned long long)n);
    return c;
}

static inline enum err seed_fn(struct store_tx *tx, void *ctx, struct error *err)
{
    struct org o = {.id = ORG_ID, .name = "acme", .external_id = "x-1", .created = wall_from_sec(NOW_SEC)};
    struct group g = {.id = GROUP_ID, .org_id = ORG_ID, .name = "one", .created = wall_from_sec(NOW_SEC)};
    struct group g2 = {.id = GROUP2_ID, .org_id = ORG_ID, .name = "two", .created = wall_from_sec(NOW_SEC)};
    struct network n = make_network(NETWORK_ID, GROUP_ID, "vpc-00000000000000001");
    n.is_default = true;
    enum err code = store_tx_org_insert(tx, &o, err);
    if (code == ERR_OK) code = store_tx_group_insert(tx, &g, err);
    if (code == ERR_OK) code = store_tx_group_insert(tx, &g2, err);
    return code == ERR_OK ? store_tx_network_insert(tx, &n, err) : code;
}

static inline int fixture_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    fixture_dir(f);
    fixture_open(f);
    assert_ok(f, store_write(f->store, seed_fn, NULL, &f->err));
    *state = f;
    return 0;
}

static inline int fixture_teardown(void **state)
{
    fixture_done(*state);
    free(*state);
    return 0;
}

static inline enum err insert_connection_fn(struct store_tx *tx, void *ctx, struct error *err)
{
    return store_tx_connection_insert(tx, ctx, err);
}
static inline enum err update_connection_fn(struct store_tx *tx, void *ctx, struct error *err)
{
    return store_tx_connection_update(tx, ctx, err);
}
static inline enum err insert_network_fn(struct store_tx *tx, void *ctx, struct error *err)
{
    return store_tx_network_insert(tx, ctx, err);
}
static inline enum err scan_network_fn(struct store_tx *tx, void *ctx, struct error *err)
{
    return store_tx_network_scan(tx, ctx, err);
}
