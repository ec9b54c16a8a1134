// SPDX-License-Identifier: Apache-2.0
// Chained hash tables in 16 shards, each with two queues in order of loading: known entries and unknown names.
// Called by: auth/check.c. Must never: free an entry under its lock (wiping takes time), or pass its bounds.
#include "auth/cache.h"

#include <stdatomic.h>

#include "base/lock.h"
#include "base/map.h"
#include "base/mem.h"

#define SHARDS  16U
#define BUCKETS 1024U // in each shard
enum { UNKNOWN, KNOWN, QUEUES };

struct queue {
    struct cache_entry *oldest, *newest;
    unsigned count;
    size_t bytes;
};

struct shard { // all shared under lock
    struct lock lock;
    struct cache_entry *buckets[BUCKETS];
    struct queue queues[QUEUES];
};

struct cache {
    uint64_t hash_key[2]; // immutable, as the two bounds of one queue of one shard
    unsigned max_count;
    size_t max_bytes;
    struct shard shards[SHARDS];
};

struct cache *cache_new(unsigned max_entries, size_t max_bytes, const struct rng *rng)
{
    struct cache *c = mem_zalloc(1, sizeof(*c));
    if (c == NULL) return NULL;
    c->max_count = MAX(max_entries / SHARDS / QUEUES, 1U);
    c->max_bytes = max_bytes / SHARDS / QUEUES;
    rng_fill(rng, c->hash_key, sizeof(c->hash_key));
    for (unsigned i = 0; i < SHARDS; i++) lock_init(&c->shards[i].lock, "auth cache");
    return c;
}

struct cache_entry *cache_entry_new(enum cache_kind kind, struct slice name, size_t arena_max)
{
    struct cache_entry *e = mem_zalloc(1, sizeof(*e));
    if (e == NULL) return NULL;
    e->kind = kind;
    atomic_init(&e->refs, 1);
    e->arena = arena_new(arena_max);
    if (e->arena) e->name = arena_slice(e->arena, name);
    if (e->name.p == NULL) {
        cache_drop(e);
        return NULL;
    }
    return e;
}

void cache_drop(struct cache_entry *e)
{
    if (e == NULL || atomic_fetch_sub_explicit(&e->refs, 1, memory_order_acq_rel) != 1) return;
    cache_drop(e->account);                                           // an account has none: one step deep
    if (e->name.n) mem_wipe((char *)(uintptr_t)e->name.p, e->name.n); // a token is a secret
    arena_free(e->arena);
    mem_wipe(e, sizeof(*e));
    mem_free(e);
}

// A token ends in its MAC, 43 characters that nobody without the key can choose for an entry that is put: hashing the
// last 16 is enough. Other names are hashed whole.
static uint64_t hash_of(const struct cache *c, enum cache_kind kind, struct slice name)
{
    size_t n = kind == CACHE_TOKEN ? MIN(name.n, (size_t)16) : name.n;
    return siphash13(c->hash_key, name.p + name.n - n, n) + (uint64_t)kind;
}

static struct shard *shard_of(struct cache *c, uint64_t hash)
{
    return &c->shards[hash % SHARDS];
}

// The link that points to this entry, or to the NULL at the chain's end.
static struct cache_entry **find(struct shard *sh, uint64_t hash, enum cache_kind kind, struct slice name)
{
    struct cache_entry **at = &sh->buckets[hash / SHARDS % BUCKETS];
    while (*at && ((*at)->hash != hash || (*at)->kind != kind || !slice_eq((*at)->name, name))) at = &(*at)->chain;
    return at;
}

struct cache_entry *cache_get(struct cache *c, enum cache_kind kind, struct slice name)
{
    uint64_t hash = hash_of(c, kind, name);
    struct shard *sh = shard_of(c, hash);
    lock_take(&sh->lock);
    struct cache_entry *e = *find(sh, hash, kind, name);
    if (e) atomic_fetch_add_explicit(&e->refs, 1, memory_order_relaxed);
    lock_drop(&sh->lock);
    return e;
}

// Takes the entry that *at points to out of its shard and puts it on `out`, a chain to be dropped without the lock.
static void unlink_entry(struct shard *sh, struct cache_entry **at, struct cache_entry **out)
{
    struct cache_entry *e = *at;
    struct queue *q = &sh->queues[e->known];
    *at = e->chain;
    *(e->older ? &e->older->newer : &q->oldest) = e->newer;
    *(e->newer ? &e->newer->older : &q->newest) = e->older;
    q->count--;
    q->bytes -= e->bytes;
    e->linked = false;
    e->chain = *out;
    *out = e;
}

static void drop_chain(struct cache_entry *e)
{
    while (e) {
        struct cache_entry *next = e->chain;
        cache_drop(e);
        e = next;
    }
}

static void evict_oldest(struct shard *sh, struct queue *q, struct cache_entry **out)
{
    struct cache_entry *e = q->oldest;
    unlink_entry(sh, find(sh, e->hash, e->kind, e->name), out);
}

void cache_put(struct cache *c, struct cache_entry *e)
{
    struct cache_entry *out = NULL;
    ASSERT(!e->linked);
    e->bytes = sizeof(*e) + arena_used(e->arena);
    e->hash = hash_of(c, e->kind, e->name);
    if (e->bytes > c->max_bytes) return; // it serves this request only
    struct shard *sh = shard_of(c, e->hash);
    struct queue *q = &sh->queues[e->known];
    lock_take(&sh->lock);
    struct cache_entry **at = find(sh, e->hash, e->kind, e->name);
    if (*at) unlink_entry(sh, at, &out);
    while (q->count > 0 && (q->count >= c->max_count || q->bytes + e->bytes > c->max_bytes)) evict_oldest(sh, q, &out);
    at = &sh->buckets[e->hash / SHARDS % BUCKETS];
    e->chain = *at;
    *at = e;
    e->older = q->newest;
    e->newer = NULL;
    *(q->newest ? &q->newest->newer : &q->oldest) = e;
    q->newest = e;
    q->count++;
    q->bytes += e->bytes;
    e->linked = true;
    atomic_fetch_add_explicit(&e->refs, 1, memory_order_relaxed);
    lock_drop(&sh->lock);
    drop_chain(out);
}

static void sweep_shard(struct shard *sh, struct mono before)
{
    struct cache_entry *out = NULL;
    lock_take(&sh->lock);
    for (unsigned i = 0; i < QUEUES; i++) {
        struct queue *q = &sh->queues[i];
        while (q->oldest && q->oldest->loaded.ns < before.ns) evict_oldest(sh, q, &out);
    }
    lock_drop(&sh->lock);
    drop_chain(out);
}

void cache_sweep(struct cache *c, struct mono before)
{
    for (unsigned i = 0; i < SHARDS; i++) sweep_shard(&c->shards[i], before);
}

void cache_free(struct cache *c)
{
    if (c == NULL) return;
    cache_sweep(c, (struct mono){INT64_MAX});
    for (unsigned i = 0; i < SHARDS; i++) lock_done(&c->shards[i].lock);
    mem_free(c);
}

unsigned cache_count(struct cache *c)
{
    unsigned n = 0;
    for (unsigned i = 0; i < SHARDS; i++) {
        struct shard *sh = &c->shards[i];
        lock_take(&sh->lock);
        n += sh->queues[UNKNOWN].count + sh->queues[KNOWN].count;
        lock_drop(&sh->lock);
    }
    return n;
}

size_t cache_bytes(struct cache *c)
{
    size_t n = 0;
    for (unsigned i = 0; i < SHARDS; i++) {
        struct shard *sh = &c->shards[i];
        lock_take(&sh->lock);
        n += sh->queues[UNKNOWN].bytes + sh->queues[KNOWN].bytes;
        lock_drop(&sh->lock);
    }
    return n;
}
