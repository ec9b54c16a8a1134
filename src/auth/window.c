// SPDX-License-Identifier: Apache-2.0
// The read window of nonce.h: 16 shards, each with two generations of an open-addressed table. The young one takes new
// nonces; when it is full or outlives every nonce in the old one, the old one is dropped and the young one turns old.
// Called by: auth/check.c. Must never: forget a count whose nonce would still be accepted (the floor sees to that).
#include "auth/nonce.h"

#include "base/lock.h"
#include "base/mem.h"

#define SHARDS    16U
#define FIRST_CAP 64U
#define WIDTH     64U // how far behind the highest count an unused one may be

struct seen { // 32 bytes; top == 0 marks a free slot, as counts begin at 1
    struct nonce nonce;
    uint32_t top;  // highest count used
    uint64_t bits; // bit i: top - i was used
};

struct generation {
    struct seen *slots;
    uint32_t cap, used; // cap: 0 or a power of two
    uint32_t last_issued;
    int64_t begun; // seconds
};

struct shard { // all shared under lock
    struct lock lock;
    struct generation young, old;
    uint32_t floor; // nonces issued up to here are refused
};

struct window {
    uint32_t max_cap; // of one generation in one shard; immutable
    struct shard shards[SHARDS];
};

struct window *window_new(uint32_t max_nonces, struct wall started)
{
    struct window *w = mem_zalloc(1, sizeof(*w));
    if (w == NULL) return NULL;
    w->max_cap = FIRST_CAP;
    while (w->max_cap / 4 * 3 < max_nonces / SHARDS + 1) w->max_cap *= 2;
    for (unsigned i = 0; i < SHARDS; i++) {
        lock_init(&w->shards[i].lock, "nonce window");
        w->shards[i].floor = (uint32_t)MAX(wall_sec(started) - 1, 0);
    }
    return w;
}

void window_free(struct window *w)
{
    if (w == NULL) return;
    for (unsigned i = 0; i < SHARDS; i++) {
        mem_free(w->shards[i].young.slots);
        mem_free(w->shards[i].old.slots);
        lock_done(&w->shards[i].lock);
    }
    mem_free(w);
}

// MAC bytes are as good as random, and only nonces with a right MAC come here: no hash is needed.
static uint32_t mac_word(const struct nonce *n, unsigned at)
{
    uint32_t v;
    memcpy(&v, n->mac + at, sizeof(v));
    return v;
}

static struct seen *find(const struct generation *g, const struct nonce *n)
{
    uint32_t i = mac_word(n, 0) & (g->cap - 1);
    while (g->slots[i].top != 0 && memcmp(&g->slots[i].nonce, n, sizeof(*n)) != 0) i = (i + 1) & (g->cap - 1);
    return &g->slots[i];
}

static struct seen *known(const struct generation *g, const struct nonce *n)
{
    if (g->cap == 0) return NULL;
    struct seen *s = find(g, n);
    return s->top ? s : NULL;
}

static void turn_over(struct shard *sh, int64_t now)
{
    sh->floor = MAX(sh->floor, sh->old.last_issued);
    mem_free(sh->old.slots);
    sh->old = sh->young;
    sh->young = (struct generation){.begun = now};
}

static bool grow(struct generation *g, uint32_t cap)
{
    struct generation bigger = *g;
    bigger.slots = mem_zalloc(cap, sizeof(*bigger.slots));
    if (bigger.slots == NULL) return false;
    bigger.cap = cap;
    for (uint32_t i = 0; i < g->cap; i++)
        if (g->slots[i].top) *find(&bigger, &g->slots[i].nonce) = g->slots[i];
    mem_free(g->slots);
    *g = bigger;
    return true;
}

// Room for one more in the young generation.
static bool make_room(const struct window *w, struct shard *sh, int64_t now)
{
    struct generation *g = &sh->young;
    if (now - g->begun > NONCE_LIFE_SECONDS + NONCE_SKEW_SECONDS) turn_over(sh, now);
    if (g->used < g->cap / 4 * 3) return true;
    if (g->cap == w->max_cap) turn_over(sh, now);
    return grow(g, g->cap ? g->cap * 2 : FIRST_CAP);
}

// RFC 7616 3.4: a count is good once. Requests of one client may overtake each other by less than WIDTH.
static enum window_answer spend(struct seen *s, uint32_t nc)
{
    if (nc > s->top) {
        uint32_t step = nc - s->top;
        s->bits = (step < WIDTH ? s->bits << step : 0) | 1;
        s->top = nc;
        return WINDOW_TAKEN;
    }
    uint32_t behind = s->top - nc;
    if (behind >= WIDTH || (s->bits >> behind & 1)) return WINDOW_REFUSED;
    s->bits |= UINT64_C(1) << behind;
    return WINDOW_TAKEN;
}

static enum window_answer use(const struct window *w, struct shard *sh, const struct nonce *n, uint32_t nc, int64_t now)
{
    if (n->issued <= sh->floor) return WINDOW_REFUSED;
    struct seen *s = known(&sh->young, n);
    if (s == NULL) s = known(&sh->old, n);
    if (s != NULL) return spend(s, nc);
    if (!make_room(w, sh, now)) return WINDOW_NOMEM;
    if (n->issued <= sh->floor) return WINDOW_REFUSED; // the turn may have raised it
    s = find(&sh->young, n);
    *s = (struct seen){.nonce = *n, .top = nc, .bits = 1};
    sh->young.used++;
    sh->young.last_issued = MAX(sh->young.last_issued, n->issued);
    return WINDOW_TAKEN;
}

enum window_answer window_use(struct window *w, const struct nonce *n, uint32_t nc, struct wall now)
{
    if (nc == 0) return WINDOW_REFUSED;
    struct shard *sh = &w->shards[mac_word(n, 4) % SHARDS];
    lock_take(&sh->lock);
    enum window_answer answer = use(w, sh, n, nc, wall_sec(now));
    lock_drop(&sh->lock);
    return answer;
}

size_t window_bytes(struct window *w)
{
    size_t n = sizeof(*w);
    for (unsigned i = 0; i < SHARDS; i++) {
        struct shard *sh = &w->shards[i];
        lock_take(&sh->lock);
        n += ((size_t)sh->young.cap + sh->old.cap) * sizeof(struct seen);
        lock_drop(&sh->lock);
    }
    return n;
}
