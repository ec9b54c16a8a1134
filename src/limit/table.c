// SPDX-License-Identifier: Apache-2.0
// The table of buckets: 16 shards of 32-byte slots, linear probing, a fixed size from the start (pages that are never
// touched cost nothing), so that taking a token never allocates. A key is 128 bits of keyed SipHash of (set, scope).
// Called by: pipeline, api/oauth. Must never: drop a bucket that is not full, or hold two shard locks.
#include "limit/limit.h"

#include <stdatomic.h>

#include "base/lock.h"
#include "base/map.h"
#include "base/mem.h"

#define SHARDS         16U
#define SLACK          64U // so that a small table's shards bear an uneven spread
#define SWEEP_SLOTS    8U  // looked at on each insert: the cost of an insert stays flat
#define SCOPE_MAX      256U
#define RETRY_SWEEP_NS NS_PER_SEC // a whole sweep that found nothing is not tried again sooner

struct slot { // 32 bytes; key_lo | key_hi == 0 marks a free one
    uint64_t key_lo, key_hi;
    struct bucket bucket; // bucket.reserved: the index of its rule
};

// An override that was set while the server runs. Its rule is written under the lock of its shard only.
struct dynamic {
    uint64_t key_lo, key_hi;
    unsigned rule, base; // indices: its own, and what holds without it
    uint64_t round;      // the last limits_set_overrides that named it
};

struct shard { // all shared under lock
    struct lock lock;
    struct dynamic *dynamic; // sorted by key; room for LIMIT_OVERRIDES_MAX
    unsigned dynamic_count;
    struct slot *slots; // slot_count of struct limits
    uint32_t used, hand;
    struct mono swept; // last whole sweep that freed nothing
    bool swept_once;
};

struct limits {
    bool enabled;          // immutable after limits_new, as all below down to count
    uint64_t hash_key[4];  // two SipHash keys
    uint32_t slot_count;   // in each shard
    struct map *overrides; // "<set>\0<scope>" -> &rules[i]; NULL when there are none
    struct bucket_rule *rules;
    unsigned rule_count; // the sets' own rules first, then one an override, then room for dynamic ones
    unsigned dynamic_first;
    struct lock setting; // held by limits_set_overrides
    uint64_t order, round;
    unsigned *free_rules, free_count; // under setting, as the two above
    _Atomic uint32_t count;
    _Atomic uint64_t refused;
    struct shard shards[SHARDS];
};

static const struct limit_row rows[LIMIT_SET_COUNT_] = {
#define LIMIT(id, set_id, name, scope, capacity, refill, seconds)                                                      \
    [LIMIT_##id] = {set_id, name, SCOPE_##scope, {capacity, refill, seconds}},
#include "spec/limits.def"
#undef LIMIT
};

const struct limit_row *limit_row(enum limit_set s)
{
    ASSERT((unsigned)s < LIMIT_SET_COUNT_);
    return &rows[s];
}

bool limit_set_parse(struct slice set_id, enum limit_set *ret)
{
    for (unsigned i = 0; i < LIMIT_SET_COUNT_; i++) {
        if (!slice_eq_cstr(set_id, rows[i].set_id)) continue;
        *ret = (enum limit_set)i;
        return true;
    }
    return false;
}

// ---- keys and rules

struct scope_key {
    char text[2 + SCOPE_MAX];
    size_t n;
};

// Scopes are ids and addresses of known size; what is longer (a client id that a stranger made up) is cut, so that
// strangers share a bucket instead of choosing how much we hash.
static void scope_key(struct scope_key *k, enum limit_set set, struct slice scope)
{
    size_t n = MIN(scope.n, (size_t)SCOPE_MAX);
    k->text[0] = (char)set;
    k->text[1] = '\0';
    if (n) memcpy(k->text + 2, scope.p, n);
    k->n = n + 2;
}

// What holds for this scope when nothing was set while the server runs.
static unsigned base_rule(const struct limits *l, enum limit_set set, const struct scope_key *k)
{
    if (l->overrides == NULL) return set;
    const struct bucket_rule *r = map_get(l->overrides, slice_n(k->text, k->n));
    if (r == NULL) r = map_get(l->overrides, slice_n(k->text, 2)); // scope "": the whole set
    return r ? (unsigned)(r - l->rules) : (unsigned)set;
}

static bool rule_is_sound(const struct bucket_rule *r)
{
    return r->capacity > 0 && r->refill > 0 && r->refill_seconds > 0;
}

static bool add_rules(struct limits *l, const struct limit_override *o, unsigned n, const struct rng *rng)
{
    l->dynamic_first = LIMIT_SET_COUNT_ + n;
    l->rules = mem_zalloc((size_t)l->dynamic_first + LIMIT_OVERRIDES_MAX, sizeof(*l->rules));
    l->free_rules = mem_zalloc(LIMIT_OVERRIDES_MAX, sizeof(*l->free_rules));
    if (l->rules == NULL || l->free_rules == NULL) return false;
    while (l->free_count < LIMIT_OVERRIDES_MAX) {
        l->free_rules[l->free_count] = l->dynamic_first + l->free_count;
        l->free_count++;
    }
    for (unsigned i = 0; i < LIMIT_SET_COUNT_; i++) l->rules[i] = rows[i].rule;
    l->rule_count = l->dynamic_first + LIMIT_OVERRIDES_MAX;
    if (n == 0) return true;
    l->overrides = map_new(rng);
    if (l->overrides == NULL) return false;
    for (unsigned i = 0; i < n; i++) {
        ASSERT((unsigned)o[i].set < LIMIT_SET_COUNT_ && rule_is_sound(&o[i].rule)); // config checked them
        struct bucket_rule *r = &l->rules[LIMIT_SET_COUNT_ + i];
        struct scope_key k;
        *r = o[i].rule;
        scope_key(&k, o[i].set, slice_of(o[i].scope));
        if (!map_put(l->overrides, slice_n(k.text, k.n), r, NULL)) return false;
    }
    return true;
}

struct limits *limits_new(bool enabled, const struct limit_override *overrides, unsigned n, uint32_t max_scopes,
                          const struct rng *rng)
{
    struct limits *l = mem_zalloc(1, sizeof(*l));
    if (l == NULL) return NULL;
    l->enabled = enabled;
    // A third of the slots stays free at an even spread: short probe runs, 48 MB for a million scopes.
    l->slot_count = max_scopes / SHARDS * 3 / 2 + SLACK;
    rng_fill(rng, l->hash_key, sizeof(l->hash_key));
    lock_init(&l->setting, "limit overrides");
    for (unsigned i = 0; i < SHARDS; i++) lock_init(&l->shards[i].lock, "limit");
    bool ok = add_rules(l, overrides, n, rng);
    for (unsigned i = 0; ok && i < SHARDS; i++) {
        l->shards[i].dynamic = mem_zalloc(LIMIT_OVERRIDES_MAX, sizeof(struct dynamic));
        ok = l->shards[i].dynamic != NULL;
    }
    for (unsigned i = 0; ok && enabled && i < SHARDS; i++) {
        l->shards[i].slots = mem_zalloc(l->slot_count, sizeof(struct slot));
        ok = l->shards[i].slots != NULL;
    }
    if (!ok) {
        limits_free(l);
        return NULL;
    }
    return l;
}

void limits_free(struct limits *l)
{
    if (l == NULL) return;
    for (unsigned i = 0; i < SHARDS; i++) {
        mem_free(l->shards[i].slots);
        mem_free(l->shards[i].dynamic);
        lock_done(&l->shards[i].lock);
    }
    lock_done(&l->setting);
    mem_free(l->free_rules);
    map_free(l->overrides);
    mem_free(l->rules);
    mem_free(l);
}

// ---- one shard, its lock held

static uint32_t home_of(const struct limits *l, const struct slot *s)
{
    return (uint32_t)(((s->key_lo >> 32) * l->slot_count) >> 32);
}

static bool is_free(const struct slot *s)
{
    return (s->key_lo | s->key_hi) == 0;
}

static uint32_t next_slot(const struct limits *l, uint32_t i)
{
    return i + 1 == l->slot_count ? 0 : i + 1;
}

static uint32_t distance(const struct limits *l, uint32_t from, uint32_t to)
{
    return to >= from ? to - from : to + l->slot_count - from;
}

// The slot of this key, or the free one where it belongs. There always is a free one.
static struct slot *find(const struct limits *l, const struct shard *sh, const struct slot *want)
{
    uint32_t i = home_of(l, want);
    while (!is_free(&sh->slots[i]) && (sh->slots[i].key_lo != want->key_lo || sh->slots[i].key_hi != want->key_hi))
        i = next_slot(l, i);
    return &sh->slots[i];
}

// Empties slot `hole` and moves later ones of the run up, so that no search ends too early.
static void remove_slot(struct limits *l, struct shard *sh, uint32_t hole)
{
    for (uint32_t i = next_slot(l, hole); !is_free(&sh->slots[i]); i = next_slot(l, i)) {
        uint32_t home = home_of(l, &sh->slots[i]);
        if (distance(l, home, i) < distance(l, hole, i)) continue;
        sh->slots[hole] = sh->slots[i];
        hole = i;
    }
    sh->slots[hole] = (struct slot){0};
    sh->used--;
    atomic_fetch_sub_explicit(&l->count, 1, memory_order_relaxed);
}

// Looks at up to `budget` slots and drops full buckets; stops after `enough` of them. True when any was dropped.
static bool sweep(struct limits *l, struct shard *sh, uint32_t budget, uint32_t enough, struct mono now)
{
    uint32_t dropped = 0;
    for (uint32_t i = 0; i < budget && dropped < enough; i++) {
        struct slot *s = &sh->slots[sh->hand];
        // One under an override that may be lifted again keeps its count, or that would fill it.
        bool kept = s->bucket.reserved >= l->dynamic_first;
        if (!is_free(s) && !kept && bucket_is_full(&s->bucket, &l->rules[s->bucket.reserved], now)) {
            remove_slot(l, sh, sh->hand); // another may have moved into this slot: look at it again
            dropped++;
        } else {
            sh->hand = next_slot(l, sh->hand);
        }
    }
    return dropped > 0;
}

// One slot in 16 stays free, or searches would crawl.
static bool has_room(const struct limits *l, const struct shard *sh)
{
    return sh->used < l->slot_count - l->slot_count / 16 - 1;
}

// Room for one more bucket: a few slots on every insert, the whole shard only when it is needed and may help.
static bool make_room(struct limits *l, struct shard *sh, struct mono now)
{
    (void)sweep(l, sh, SWEEP_SLOTS, SWEEP_SLOTS, now); // whether it helped shows in has_room
    if (has_room(l, sh)) return true;
    if (sh->swept_once && now.ns - sh->swept.ns < RETRY_SWEEP_NS) return false;
    if (sweep(l, sh, l->slot_count, 1, now)) return has_room(l, sh);
    sh->swept = now;
    sh->swept_once = true;
    return false;
}

static struct bucket_answer take(struct limits *l, struct shard *sh, const struct slot *want, unsigned rule,
                                 struct mono now)
{
    const struct bucket_rule *r = &l->rules[rule];
    struct slot *s = find(l, sh, want);
    if (is_free(s)) {
        if (!make_room(l, sh, now)) {
            atomic_fetch_add_explicit(&l->refused, 1, memory_order_relaxed);
            return (struct bucket_answer){.limit = r->capacity, .retry_seconds = r->refill_seconds};
        }
        s = find(l, sh, want); // the sweep may have moved slots
        *s = *want;
        bucket_start(&s->bucket, r, now);
        sh->used++;
        atomic_fetch_add_explicit(&l->count, 1, memory_order_relaxed);
    }
    s->bucket.reserved = rule;
    return bucket_take(&s->bucket, r, now);
}

// ---- what was set while the server runs ---------------------------------------------------------------------------

// The first that is not below this key.
static unsigned dynamic_at(const struct shard *sh, const struct slot *key)
{
    unsigned low = 0, high = sh->dynamic_count;
    while (low < high) {
        unsigned mid = low + (high - low) / 2;
        const struct dynamic *d = &sh->dynamic[mid];
        bool below = d->key_lo < key->key_lo || (d->key_lo == key->key_lo && d->key_hi < key->key_hi);
        if (below)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static struct dynamic *find_dynamic(const struct shard *sh, const struct slot *key)
{
    unsigned at = dynamic_at(sh, key);
    struct dynamic *d = &sh->dynamic[at];
    bool same = at < sh->dynamic_count && d->key_lo == key->key_lo && d->key_hi == key->key_hi;
    return same ? d : NULL;
}

// The bucket of this key, if there is one, goes on under another rule.
static void change_bucket(struct limits *l, struct shard *sh, const struct slot *key, unsigned index,
                          const struct bucket_rule *is, struct mono now)
{
    struct slot *s = l->enabled ? find(l, sh, key) : NULL;
    if (s == NULL || is_free(s)) return;
    bucket_change(&s->bucket, &l->rules[s->bucket.reserved], is, now);
    s->bucket.reserved = index;
}

static struct slot slot_key(const struct limits *l, const struct scope_key *k)
{
    struct slot key = {.key_lo = siphash13(l->hash_key, k->text, k->n),
                       .key_hi = siphash13(l->hash_key + 2, k->text, k->n)};
    key.key_hi |= 1; // never the mark of a free slot
    return key;
}

static void set_override(struct limits *l, const struct limit_override *o, struct mono now)
{
    struct scope_key k;
    scope_key(&k, o->set, slice_of(o->scope));
    struct slot key = slot_key(l, &k);
    struct shard *sh = &l->shards[key.key_lo % SHARDS];
    lock_take(&sh->lock);
    struct dynamic *d = find_dynamic(sh, &key);
    if (d == NULL) {
        unsigned at = dynamic_at(sh, &key), rule = l->free_rules[--l->free_count];
        d = &sh->dynamic[at];
        memmove(d + 1, d, (sh->dynamic_count - at) * sizeof(*d));
        *d = (struct dynamic){key.key_lo, key.key_hi, rule, base_rule(l, o->set, &k), 0};
        sh->dynamic_count++;
    }
    d->round = l->round;
    change_bucket(l, sh, &key, d->rule, &o->rule, now);
    l->rules[d->rule] = o->rule;
    lock_drop(&sh->lock);
}

// Those that this round did not name.
static void lift_overrides(struct limits *l, struct shard *sh, struct mono now)
{
    unsigned kept = 0;
    lock_take(&sh->lock);
    for (unsigned i = 0; i < sh->dynamic_count; i++) {
        const struct dynamic *d = &sh->dynamic[i];
        if (d->round == l->round) {
            sh->dynamic[kept++] = *d;
            continue;
        }
        struct slot key = {.key_lo = d->key_lo, .key_hi = d->key_hi};
        change_bucket(l, sh, &key, d->base, &l->rules[d->base], now);
        l->free_rules[l->free_count++] = d->rule;
    }
    sh->dynamic_count = kept;
    lock_drop(&sh->lock);
}

void limits_set_overrides(struct limits *l, const struct limit_override *o, size_t n, uint64_t order, struct mono now)
{
    lock_take(&l->setting);
    if (order >= l->order) {
        l->order = order;
        l->round++;
        // What goes makes room first: the ones that stay are marked, then the rest is lifted, then the new ones come.
        for (size_t i = 0; i < n; i++) {
            struct scope_key k;
            scope_key(&k, o[i].set, slice_of(o[i].scope));
            struct slot key = slot_key(l, &k);
            struct shard *sh = &l->shards[key.key_lo % SHARDS];
            lock_take(&sh->lock);
            struct dynamic *d = find_dynamic(sh, &key);
            if (d) d->round = l->round;
            lock_drop(&sh->lock);
        }
        for (unsigned i = 0; i < SHARDS; i++) lift_overrides(l, &l->shards[i], now);
        for (size_t i = 0; i < MIN(n, (size_t)LIMIT_OVERRIDES_MAX); i++) {
            ASSERT((unsigned)o[i].set < LIMIT_SET_COUNT_ && rule_is_sound(&o[i].rule)); // core checked them
            set_override(l, &o[i], now);
        }
    }
    lock_drop(&l->setting);
}

// ---- taking -------------------------------------------------------------------------------------------------------

static unsigned rule_in_force(const struct limits *l, const struct shard *sh, const struct slot *key, unsigned base)
{
    const struct dynamic *d = sh->dynamic_count ? find_dynamic(sh, key) : NULL;
    return d ? d->rule : base;
}

struct bucket_answer limits_take(struct limits *l, enum limit_set set, struct slice scope, struct mono now)
{
    ASSERT((unsigned)set < LIMIT_SET_COUNT_);
    struct scope_key k;
    scope_key(&k, set, scope);
    if (!l->enabled) {
        uint32_t capacity = limits_rule(l, set, scope).capacity;
        return (struct bucket_answer){.allowed = true, .limit = capacity, .remaining = capacity};
    }
    unsigned base = base_rule(l, set, &k);
    struct slot want = slot_key(l, &k);
    struct shard *sh = &l->shards[want.key_lo % SHARDS];
    lock_take(&sh->lock);
    struct bucket_answer a = take(l, sh, &want, rule_in_force(l, sh, &want, base), now);
    lock_drop(&sh->lock);
    return a;
}

struct bucket_rule limits_rule(struct limits *l, enum limit_set set, struct slice scope)
{
    ASSERT((unsigned)set < LIMIT_SET_COUNT_);
    struct scope_key k;
    scope_key(&k, set, scope);
    unsigned base = base_rule(l, set, &k);
    struct slot key = slot_key(l, &k);
    struct shard *sh = &l->shards[key.key_lo % SHARDS];
    lock_take(&sh->lock);
    struct bucket_rule r = l->rules[rule_in_force(l, sh, &key, base)];
    lock_drop(&sh->lock);
    return r;
}

uint64_t limits_count(struct limits *l)
{
    return atomic_load_explicit(&l->count, memory_order_relaxed);
}

uint64_t limits_refused(const struct limits *l)
{
    return atomic_load_explicit(&l->refused, memory_order_relaxed);
}

size_t limits_bytes(const struct limits *l)
{
    size_t slots = l->enabled ? (size_t)SHARDS * l->slot_count * sizeof(struct slot) : 0;
    size_t dynamic = (size_t)SHARDS * LIMIT_OVERRIDES_MAX * sizeof(struct dynamic);
    return sizeof(*l) + slots + dynamic + l->rule_count * (sizeof(*l->rules) + sizeof(*l->free_rules));
}
