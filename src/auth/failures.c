// SPDX-License-Identifier: Apache-2.0
// A fixed table of 1,024 sets of four buckets. A set that is full forgets the address with the fewest failures: who has
// many addresses can hide some failures, which is why secrets have 122 random bits and more.
// Called by: auth/check.c, auth/oauth.c. Must never: allocate after failures_new.
#include "auth/failures.h"

#include "base/lock.h"
#include "base/map.h"
#include "base/mem.h"

#define SETS  1024U
#define WAYS  4U
#define LOCKS 16U

struct way {
    uint64_t hash; // 0: free
    struct bucket bucket;
};

struct failures {
    struct bucket_rule rule; // immutable, as hash_key
    uint64_t hash_key[2];
    struct lock locks[LOCKS]; // locks[i] guards the sets s with s % LOCKS == i
    struct way ways[SETS][WAYS];
};

struct failures *failures_new(unsigned per_minute, const struct rng *rng)
{
    struct failures *f = mem_zalloc(1, sizeof(*f));
    if (f == NULL) return NULL;
    f->rule = (struct bucket_rule){MAX(per_minute, 1U), MAX(per_minute, 1U), 60};
    rng_fill(rng, f->hash_key, sizeof(f->hash_key));
    for (unsigned i = 0; i < LOCKS; i++) lock_init(&f->locks[i], "auth failures");
    return f;
}

void failures_free(struct failures *f)
{
    if (f == NULL) return;
    for (unsigned i = 0; i < LOCKS; i++) lock_done(&f->locks[i]);
    mem_free(f);
}

// The way of this address; else a free one, else the one with the most tokens left, started anew.
static struct way *find_way(struct failures *f, struct way *set, uint64_t hash, struct mono now)
{
    struct way *best = NULL;
    uint32_t best_left = 0;
    for (unsigned i = 0; i < WAYS; i++) {
        if (set[i].hash == hash) return &set[i];
        uint32_t left = set[i].hash ? bucket_peek(&set[i].bucket, &f->rule, now).remaining : UINT32_MAX;
        if (best != NULL && left <= best_left) continue;
        best = &set[i];
        best_left = left;
    }
    best->hash = hash;
    bucket_start(&best->bucket, &f->rule, now);
    return best;
}

bool failures_note(struct failures *f, struct ip from, struct mono now)
{
    uint8_t text[17] = {from.family};
    memcpy(text + 1, from.b, from.family == 6 ? 8 : 4);
    uint64_t hash = siphash13(f->hash_key, text, sizeof(text)) | 1;
    unsigned set = (unsigned)(hash >> 32) % SETS;
    struct lock *lock = &f->locks[set % LOCKS];
    lock_take(lock);
    bool ok = bucket_take(&find_way(f, f->ways[set], hash, now)->bucket, &f->rule, now).allowed;
    lock_drop(lock);
    return ok;
}
