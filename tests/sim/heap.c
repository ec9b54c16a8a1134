// SPDX-License-Identifier: Apache-2.0
// The heap of src/ and of SQLite, by size classes: faster than malloc for the same few sizes again and again, and it
// knows what lives. Called by: the linker in place of base/mem.c, memvfs.c. Must never: be used by two threads.
#include <stdlib.h>

#include "tests/sim/sim.h"
#include "tests/sim/wraps.h"

#if defined(__SANITIZE_ADDRESS__)
#define POOLED 0
#else
#define POOLED 1
#endif

#define CLASSES 13 // 32 bytes to 128 KiB

struct head {
    size_t size; // that fits
    struct head *next;
};
_Static_assert(sizeof(struct head) == 16, "what follows is aligned");
static struct head *idle[CLASSES];
static size_t live;

static unsigned class_of(size_t n)
{
    unsigned bits = n <= 32 ? 0 : 59 - (unsigned)__builtin_clzl(n - 1);
    return MIN(bits, (unsigned)CLASSES);
}

void *heap_take(size_t n)
{
    unsigned c = POOLED ? class_of(n) : CLASSES;
    struct head *h = c < CLASSES ? idle[c] : NULL;
    if (h) {
        idle[c] = h->next;
    } else {
        size_t size = c < CLASSES ? (size_t)32 << c : n;
        h = malloc(sizeof *h + size);
        if (!h) return NULL;
        h->size = size;
    }
    live += h->size;
    return h + 1;
}

void heap_give(void *p)
{
    if (!p) return;
    struct head *h = (struct head *)p - 1;
    unsigned c = POOLED ? class_of(h->size) : CLASSES;
    live -= h->size;
    if (c < CLASSES) {
        h->next = idle[c];
        idle[c] = h;
    } else {
        free(h);
    }
}

size_t heap_size(void *p)
{
    return ((struct head *)p - 1)->size;
}

void *heap_again(void *p, size_t n)
{
    if (p && heap_size(p) >= n) return p;
    void *q = heap_take(n);
    if (q && p) memcpy(q, p, MIN(heap_size(p), n));
    if (q) heap_give(p);
    return q;
}

size_t heap_live(void)
{
    return live;
}

// ---- base/mem.c

void *__wrap_mem_alloc(size_t size)
{
    return heap_take(size);
}

void *__wrap_mem_zalloc(size_t count, size_t size)
{
    size_t all;
    if (mul_overflows(count, size, &all)) return NULL;
    void *p = heap_take(all);
    if (p) memset(p, 0, all);
    return p;
}

void *__wrap_mem_realloc(void *p, size_t size)
{
    return heap_again(p, size);
}

char *__wrap_mem_strndup(const char *s, size_t n)
{
    char *copy = heap_take(n + 1);
    if (!copy) return NULL;
    if (n) memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

void __wrap_mem_free(void *p)
{
    heap_give(p);
}

void __wrap_mem_freep(void *pp)
{
    void *p;
    memcpy(&p, pp, sizeof p);
    heap_give(p);
    p = NULL;
    memcpy(pp, &p, sizeof p);
}
