// SPDX-License-Identifier: Apache-2.0
// Finished list bodies by request target, valid for one store generation: what lets a loop answer without the store.
// Called by: pipeline. Must never: serve a body rendered from older rows than the generation asked for, or exceed
// max_bytes.
#include "api/api.h"

#include <string.h>

#include "base/lock.h"
#include "base/map.h"
#include "base/mem.h"

struct entry {
    struct cached_body pub;
    unsigned refs; // __atomic; // one for the table
    size_t bytes;
    struct slice target; // behind the body
};

struct body_cache {
    struct lock lock;
    struct map *map; // target -> entry
    size_t bytes, max_bytes;
};

struct body_cache *body_cache_new(size_t max_bytes, const struct rng *rng)
{
    struct body_cache *b = mem_zalloc(1, sizeof *b);
    if (!b) return NULL;
    lock_init(&b->lock, "body-cache");
    b->max_bytes = max_bytes;
    b->map = map_new(rng);
    if (b->map) return b;
    body_cache_free(b);
    return NULL;
}

void body_cache_drop(const struct cached_body *pub)
{
    if (!pub) return;
    struct entry *e = container_of(pub, struct entry, pub);
    if (__atomic_sub_fetch(&e->refs, 1, __ATOMIC_ACQ_REL) == 0) mem_free(e);
}

// Everything goes at once: bodies of one generation grow stale together, so finer eviction buys nothing.
static void clear(struct body_cache *b)
{
    size_t cursor = 0;
    struct slice key;
    void *value;
    while (map_next(b->map, &cursor, &key, &value)) body_cache_drop(&((struct entry *)value)->pub);
    b->bytes = 0;
}

void body_cache_free(struct body_cache *b)
{
    if (!b) return;
    if (b->map) clear(b);
    map_free(b->map);
    lock_done(&b->lock);
    mem_free(b);
}

const struct cached_body *body_cache_get(struct body_cache *b, struct slice target, uint64_t generation)
{
    lock_take(&b->lock);
    struct entry *e = map_get(b->map, target);
    if (e && e->pub.generation != generation) e = NULL;
    if (e) __atomic_add_fetch(&e->refs, 1, __ATOMIC_RELAXED);
    lock_drop(&b->lock);
    return e ? &e->pub : NULL;
}

static struct entry *entry_new(struct slice target, const struct cached_body *from)
{
    size_t bytes = sizeof(struct entry) + from->body.n + target.n;
    struct entry *e = mem_alloc(bytes);
    if (!e) return NULL;
    char *data = (char *)(e + 1);
    *e = (struct entry){.pub = *from, .refs = 1, .bytes = bytes + 64};
    if (from->body.n) memcpy(data, from->body.p, from->body.n);
    memcpy(data + from->body.n, target.p, target.n);
    e->pub.body = slice_n(data, from->body.n);
    e->target = slice_n(data + from->body.n, target.n);
    return e;
}

// Called with the lock held. A full cache is emptied: a new map, since map_remove during iteration is not allowed.
static bool make_room(struct body_cache *b, size_t bytes, const struct rng *rng)
{
    if (bytes > b->max_bytes / 4) return false;
    if (b->bytes + bytes <= b->max_bytes) return true;
    struct map *fresh = map_new(rng);
    if (!fresh) return false;
    clear(b);
    map_free(b->map);
    b->map = fresh;
    return true;
}

void body_cache_put(struct body_cache *b, struct slice target, const struct cached_body *from)
{
    struct entry *e = entry_new(target, from);
    if (!e) return;
    void *old = NULL;
    lock_take(&b->lock);
    bool kept = make_room(b, e->bytes, &rng_system) && map_put(b->map, target, e, &old);
    if (kept) b->bytes += e->bytes;
    if (old) b->bytes -= ((struct entry *)old)->bytes;
    lock_drop(&b->lock);
    if (old) body_cache_drop(&((struct entry *)old)->pub);
    if (!kept) mem_free(e);
}
