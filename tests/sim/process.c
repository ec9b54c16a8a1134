// SPDX-License-Identifier: Apache-2.0
// The process that is tested: built as app builds it, on the fake clock, and taken down with or without a crash.
// Called by: play.c. Must never: keep anything of one life for the next but the store's files.
#include <stdio.h>

#include "tests/sim/sim.h"
#include "tests/sim/wraps.h"

#define INTERVAL (60 * 60 * 1000) // ms between scans, besides those that are asked for
#define ROLE     "arn:aws:iam::" OTHER ":role/peerage"

bool __wrap_file_exists(const char *path)
{
    (void)path;
    return true; // the store's file is made by its first opening
}

enum err __wrap_file_lock(const char *path, int *ret_fd, struct error *err)
{
    (void)path, (void)err;
    *ret_fd = 1000;
    return ERR_OK;
}

void __wrap_file_unlock(int *fd)
{
    *fd = -1;
}

// On one thread one reader does for all: each call is a snapshot of its own. A handle has the schema to parse and its
// statements to prepare, which took most of a short life.
static struct store_reader *reader;
static unsigned readers;

enum err __wrap_store_reader_open(struct store *s, struct store_reader **ret, struct error *err)
{
    enum err e = readers ? ERR_OK : __real_store_reader_open(s, &reader, err);
    if (e != ERR_OK) return e;
    readers++;
    *ret = reader;
    return ERR_OK;
}

void __wrap_store_reader_close(struct store_reader **r)
{
    if (!*r) return;
    *r = NULL;
    if (--readers == 0) __real_store_reader_close(&reader);
}

// As app connects them: core's news wake who may have work.
static void on_change(void *ctx, const struct core_change *change)
{
    struct play *p = ctx;
    if (change->kind == CORE_NETWORKS_CHANGED && p->scanner) scanner_wake(p->scanner);
    if (change->kind == CORE_INTENTS_CHANGED && p->actuator) actuator_wake(p->actuator);
}

// A throttled call waits: others run meanwhile.
static void fake_sleep(struct cloud *c, int64_t ns)
{
    struct play *p = playing;
    if (p->dead || c->cancelled) return;
    if (p->no_nest || p->depth >= NESTED_MAX) {
        p->now_ns += ns;
        return;
    }
    p->depth++;
    play_until(p, p->now_ns + ns);
    p->depth--;
}

static enum err open_store(struct play *p, struct error *err)
{
    struct store_options o;
    store_options_default(&o);
    o.path = STORE_PATH;
    o.create = true;
    o.clock = &p->clock;
    enum err e = store_open(&o, &p->store, err);
    if (e == ERR_OK) e = store_reader_open(p->store, &p->reader, err);
    return e;
}

static enum err open_cloud(struct play *p, struct error *err)
{
    struct cloud_options o;
    cloud_options_default(&o);
    o.clock = &p->clock;
    o.rng = &p->process_rng;
    o.env = (struct cloud_env){.access_key_id = "AKIAACCEPTERACCEPTER",
                               .secret_access_key = "not-used-without-signatures",
                               .imds_disabled = true};
    enum err e = cloud_new(&o, &p->cloud, err);
    if (e == ERR_OK) p->cloud->sleep = fake_sleep;
    return e;
}

static enum err start(struct play *p, struct error *err)
{
    char owner[32];
    enum err e = open_store(p, err);
    if (e == ERR_OK) e = core_open(p->store, &p->clock, &p->process_rng, &p->core, err);
    if (e == ERR_OK) e = open_cloud(p, err);
    if (e != ERR_OK) return e;
    snprintf(owner, sizeof owner, "life %u", p->life++);
    struct scanner_options so = {.store = p->store,
                                 .core = p->core,
                                 .cloud = p->cloud,
                                 .clock = &p->clock,
                                 .rng = &p->process_rng,
                                 .interval_ms = INTERVAL,
                                 .threads = 4,
                                 .owner = owner};
    e = scanner_start(&so, &p->scanner, err);
    if (e != ERR_OK) return e;
    struct actuator_options ao = {.store = p->store,
                                  .core = p->core,
                                  .cloud = p->cloud,
                                  .clock = &p->clock,
                                  .rng = &p->process_rng,
                                  .scanner = p->scanner,
                                  .threads = 4};
    e = actuator_start(&ao, &p->actuator, err);
    if (e == ERR_OK && !tenants_start(p, err)) e = err->code;
    if (e == ERR_OK) core_on_change(p->core, on_change, p);
    return e;
}

void process_start(struct play *p)
{
    struct error err;
    p->dead = false;
    p->alive = true;
    if (start(p, &err) != ERR_OK) play_broke(p, "the process does not start: %s", err.detail);
    for (unsigned i = 0; i < p->peer_count; i++)
        for (int a = 0; a < ACTION_COUNT_; a++) p->peers[i]->act[a].begun = false;
}

void process_stop(struct play *p)
{
    p->dead = true; // nothing of what follows counts
    memvfs_freeze(true);
    if (p->cloud) cloud_cancel(p->cloud);
    notifier_stop(&p->notifier);
    actuator_stop(&p->actuator);
    scanner_stop(&p->scanner);
    core_close(&p->core);
    cloud_free(p->cloud);
    p->cloud = NULL;
    store_reader_close(&p->reader);
    store_close(&p->store);
    p->alive = p->dead = false;
}

// ---- the first life

static void must(struct play *p, enum err e, const struct error *err)
{
    if (e != ERR_OK) play_broke(p, "set-up: %s", err->detail);
}

static void add_network(struct play *p, struct net *n, const char *group_id)
{
    static const struct actor by = {PRINCIPAL_LOCAL, "cli", NULL};
    struct error err;
    struct network row = {.id = ""};
    bool role = strcmp(n->account, OTHER) == 0;
    struct network_new new = {.group_id = group_id,
                              .account_id = slice_of(n->account),
                              .region = slice_of(n->region),
                              .vpc_id = slice_of(n->vpc_id),
                              .identity = role ? IDENTITY_ROLE : IDENTITY_AMBIENT,
                              .identity_ref = slice_of(role ? ROLE : ""),
                              .mode = n->manage ? NETWORK_MANAGE : NETWORK_OBSERVE};
    must(p, core_network_add(p->core, &by, &new, p->arena, &row, &err), &err);
    memcpy(n->id, row.id, sizeof n->id);
    memcpy(n->group_id, row.group_id, sizeof n->group_id);
    n->there = true;
    const char *tables[TABLES_MAX];
    for (unsigned i = 0; i < n->table_count; i++) tables[i] = n->tables[i];
    if (n->manage && n->table_count && !p->broken[0])
        must(p, core_network_tables(p->core, &by, n->id, tables, n->table_count, &err), &err);
    n->named = n->manage ? (1U << n->table_count) - 1 : 0;
}

void process_set_up(struct play *p)
{
    static const struct actor by = {PRINCIPAL_LOCAL, "cli", NULL};
    struct error err;
    struct org org;
    struct group g;
    if (!memvfs_from_template()) { // the migrations take as long as a day of a play
        p->alive = true;
        memvfs_small_pages();
        must(p, open_store(p, &err), &err);
        store_reader_close(&p->reader);
        store_close(&p->store);
        p->alive = false;
        memvfs_keep_template();
        memvfs_reset();
        ASSERT(memvfs_from_template());
    }
    process_start(p);
    if (p->broken[0]) return;
    must(p, core_org_create(p->core, &by, SLICE("org"), &org, &err), &err);
    memcpy(p->org_id, org.id, sizeof p->org_id);
    for (int i = 0; i < 2 && !p->broken[0]; i++) {
        must(p, core_group_create(p->core, &by, org.id, i ? SLICE("two") : SLICE("one"), &g, &err), &err);
        memcpy(p->groups[i], g.id, sizeof g.id);
    }
    for (unsigned i = 0; i < p->net_count && !p->broken[0]; i++)
        add_network(p, &p->nets[i], p->groups[i >= 2 && p->nets[i].account != p->nets[0].account]);
    if (!p->broken[0]) tenants_set_up(p);
}
