// SPDX-License-Identifier: Apache-2.0
// The hash map: linear probing, at most 3/4 full, removal by shifting back (no tombstones).
// Called by: caches, registries. Must never: let an outsider choose keys that collide (the SipHash key is random).
// SipHash: Aumasson and Bernstein, "SipHash: a fast short-input PRF", with 1 and 3 rounds.

#include "base/map.h"

#include <string.h>

#include "base/mem.h"

#define FIRST_CAP 16U

struct slot {
    uint64_t hash;
    char *key; // our copy; NULL marks a free slot
    size_t key_n;
    void *value;
};

struct map {
    uint64_t hash_key[2];
    struct slot *slots;
    size_t cap, len; // cap is 0 or a power of two
};

static uint64_t rotl(uint64_t x, unsigned k)
{
    return (x << k) | (x >> (64 - k));
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotl(v[1], 13) ^ v[0];
    v[0] = rotl(v[0], 32);
    v[2] += v[3];
    v[3] = rotl(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotl(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotl(v[1], 17) ^ v[2];
    v[2] = rotl(v[2], 32);
}

static uint64_t load_le(const unsigned char *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++) v |= (uint64_t)p[i] << (8 * i);
    return v;
}

uint64_t siphash13(const uint64_t key[2], const void *p, size_t n)
{
    const unsigned char *in = p;
    uint64_t v[4] = {key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d),
                     key[0] ^ UINT64_C(0x6c7967656e657261), key[1] ^ UINT64_C(0x7465646279746573)};
    uint64_t word = 0, length = (uint64_t)n << 56;
    for (; n >= 8; in += 8, n -= 8) {
        word = load_le(in, 8);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    word = length | load_le(in, n);
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++) sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

struct map *map_new(const struct rng *rng)
{
    struct map *m = mem_zalloc(1, sizeof(*m));
    if (m == NULL) return NULL;
    rng_fill(rng, m->hash_key, sizeof(m->hash_key));
    return m;
}

void map_free(struct map *m)
{
    if (m == NULL) return;
    for (size_t i = 0; i < m->cap; i++) mem_free(m->slots[i].key);
    mem_free(m->slots);
    mem_free(m);
}

// The slot that holds key, or the free one where it would go. There is always a free one.
static struct slot *find_slot(const struct map *m, uint64_t hash, struct slice key)
{
    for (size_t i = hash & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
        struct slot *s = &m->slots[i];
        if (s->key == NULL) return s;
        if (s->hash == hash && s->key_n == key.n && (key.n == 0 || memcmp(s->key, key.p, key.n) == 0)) return s;
    }
}

static struct slot *lookup(const struct map *m, struct slice key)
{
    if (m->len == 0) return NULL;
    struct slot *s = find_slot(m, siphash13(m->hash_key, key.p, key.n), key);
    return s->key ? s : NULL;
}

void *map_get(const struct map *m, struct slice key)
{
    struct slot *s = lookup(m, key);
    return s ? s->value : NULL;
}

static bool grow(struct map *m)
{
    size_t old_cap = m->cap, cap = old_cap ? old_cap * 2 : FIRST_CAP;
    struct slot *old = m->slots, *slots = mem_zalloc(cap, sizeof(*slots));
    if (slots == NULL) return false;
    m->slots = slots;
    m->cap = cap;
    for (size_t i = 0; i < old_cap; i++) {
        if (old[i].key) *find_slot(m, old[i].hash, slice_n(old[i].key, old[i].key_n)) = old[i];
    }
    mem_free(old);
    return true;
}

bool map_put(struct map *m, struct slice key, void *value, void **ret_old)
{
    struct slot *s = lookup(m, key);
    void *old = s ? s->value : NULL;
    if (s == NULL) {
        if (m->len + 1 > m->cap / 4 * 3 && !grow(m)) return false;
        char *copy = mem_alloc(MAX(key.n, 1));
        if (copy == NULL) return false;
        if (key.n) memcpy(copy, key.p, key.n);
        uint64_t hash = siphash13(m->hash_key, key.p, key.n);
        s = find_slot(m, hash, key);
        *s = (struct slot){.hash = hash, .key = copy, .key_n = key.n};
        m->len++;
    }
    s->value = value;
    if (ret_old) *ret_old = old;
    return true;
}

// Closes the gap at `hole`: a later slot of the same run moves in when its home does not lie between.
static void close_gap(struct map *m, size_t hole)
{
    size_t mask = m->cap - 1;
    for (size_t i = (hole + 1) & mask; m->slots[i].key; i = (i + 1) & mask) {
        size_t home = m->slots[i].hash & mask;
        if (((i - home) & mask) < ((i - hole) & mask)) continue;
        m->slots[hole] = m->slots[i];
        hole = i;
    }
    m->slots[hole] = (struct slot){0};
}

void *map_remove(struct map *m, struct slice key)
{
    struct slot *s = lookup(m, key);
    if (s == NULL) return NULL;
    void *value = s->value;
    mem_free(s->key);
    close_gap(m, (size_t)(s - m->slots));
    m->len--;
    return value;
}

size_t map_len(const struct map *m)
{
    return m->len;
}

bool map_next(const struct map *m, size_t *cursor, struct slice *ret_key, void **ret_value)
{
    for (size_t i = *cursor; i < m->cap; i++) {
        const struct slot *s = &m->slots[i];
        if (s->key == NULL) continue;
        *ret_key = slice_n(s->key, s->key_n);
        *ret_value = s->value;
        *cursor = i + 1;
        return true;
    }
    *cursor = m->cap;
    return false;
}
