// SPDX-License-Identifier: Apache-2.0
// A binary heap with lazy postponement: a keep-alive connection moves its deadline at each request, and pays once
// in 75 s. Called by: loop.c, conn.c. Must never: let a deadline pass unseen.
#include "httpd/timeout.h"

#include "base/mem.h"

static void put(struct timers *h, unsigned i, struct timer *t)
{
    h->heap[i] = t;
    t->index = i;
}

static void up(struct timers *h, struct timer *t)
{
    unsigned i = t->index;
    while (i > 0 && h->heap[(i - 1) / 2]->due > t->due) {
        put(h, i, h->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    put(h, i, t);
}

static void down(struct timers *h, struct timer *t)
{
    unsigned i = t->index;
    for (;;) {
        unsigned child = 2 * i + 1;
        if (child >= h->n) break;
        if (child + 1 < h->n && h->heap[child + 1]->due < h->heap[child]->due) child++;
        if (h->heap[child]->due >= t->due) break;
        put(h, i, h->heap[child]);
        i = child;
    }
    put(h, i, t);
}

void timers_done(struct timers *h)
{
    mem_free(h->heap);
    *h = (struct timers){0};
}

bool timers_add(struct timers *h, struct timer *t)
{
    if (h->n == h->cap) {
        unsigned cap = h->cap ? h->cap * 2 : 64;
        struct timer **heap = mem_realloc(h->heap, (size_t)cap * sizeof *heap);
        if (!heap) return false;
        h->heap = heap;
        h->cap = cap;
    }
    t->due = t->want = TIMER_NEVER;
    put(h, h->n++, t);
    return true;
}

void timers_remove(struct timers *h, struct timer *t)
{
    ASSERT(t->index < h->n && h->heap[t->index] == t);
    struct timer *last = h->heap[--h->n];
    if (last == t) return;
    put(h, t->index, last);
    up(h, last);
    down(h, last);
}

void timers_set(struct timers *h, struct timer *t, int64_t due)
{
    t->want = due;
    if (due >= t->due) return;
    t->due = due;
    up(h, t);
}

struct timer *timers_due(struct timers *h, int64_t now)
{
    while (h->n > 0 && h->heap[0]->due <= now) {
        struct timer *t = h->heap[0];
        bool over = t->want <= now;
        t->due = over ? TIMER_NEVER : t->want;
        if (over) t->want = TIMER_NEVER;
        down(h, t);
        if (over) return t;
    }
    return NULL;
}

int64_t timers_next(const struct timers *h)
{
    return h->n ? h->heap[0]->due : TIMER_NEVER;
}
