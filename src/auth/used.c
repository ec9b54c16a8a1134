// SPDX-License-Identifier: Apache-2.0
// How often, when and from where entries of access lists let somebody in, kept in memory until the next tick writes it.
// Called by: auth/check.c, auth.c. Must never: write for a read, or grow past its bound (a full table loses a mark,
// which is only information).
#include "auth/used.h"

#include "base/lock.h"
#include "base/map.h"
#include "base/mem.h"

#define SLOTS 2048U // a power of two
#define PROBE 16U

struct used {
    uint64_t hash_key[2]; // immutable
    struct lock lock;
    struct used_mark slots[SLOTS]; // shared under lock; principal "" = free
    unsigned n;
};

struct used *used_new(const struct rng *rng)
{
    struct used *u = mem_zalloc(1, sizeof(*u));
    if (u == NULL) return NULL;
    rng_fill(rng, u->hash_key, sizeof(u->hash_key));
    lock_init(&u->lock, "used");
    return u;
}

void used_free(struct used *u)
{
    if (u == NULL) return;
    lock_done(&u->lock);
    mem_free(u);
}

static bool is_of(const struct used_mark *m, const char *principal, struct cidr block)
{
    return strcmp(m->principal, principal) == 0 && m->block.prefix == block.prefix && ip_eq(m->block.ip, block.ip);
}

static struct used_mark *slot_for(struct used *u, const char *principal, struct cidr block)
{
    uint64_t hash =
        siphash13(u->hash_key, principal, strlen(principal)) + block.prefix * 31U + block.ip.b[2] * 7U + block.ip.b[3];
    for (unsigned i = 0; i < PROBE; i++) {
        struct used_mark *m = &u->slots[(hash + i) & (SLOTS - 1)];
        if (m->principal[0] == '\0') {
            u->n++;
            m->block = block;
            m->count = 0;
            m->when = (struct wall){0};
            return cstr_set(m->principal, sizeof(m->principal), principal) ? m : NULL;
        }
        if (is_of(m, principal, block)) return m;
    }
    return NULL;
}

void used_note(struct used *u, const struct used_mark *mark)
{
    lock_take(&u->lock);
    struct used_mark *m = slot_for(u, mark->principal, mark->block);
    if (m) {
        m->count += mark->count;
        if (mark->when.us >= m->when.us) {
            m->when = mark->when;
            m->from = mark->from;
        }
    }
    lock_drop(&u->lock);
}

unsigned used_take(struct used *u, struct used_mark *ret, unsigned max)
{
    unsigned n = 0;
    lock_take(&u->lock);
    for (unsigned i = 0; u->n > 0 && i < SLOTS && n < max; i++) {
        if (u->slots[i].principal[0] == '\0') continue;
        ret[n++] = u->slots[i];
        u->slots[i].principal[0] = '\0';
        u->n--;
    }
    lock_drop(&u->lock);
    return n;
}
