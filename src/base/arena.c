// SPDX-License-Identifier: Apache-2.0
// Bump allocation in chunks; under AddressSanitizer one malloc an item. Called by: pipeline, api, cloud, parsers.
// Must never: hand out more than max_bytes (items, rounded to 16), or move an item.
#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"

#if defined(__SANITIZE_ADDRESS__)
#define ONE_MALLOC_AN_ITEM 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ONE_MALLOC_AN_ITEM 1
#endif
#endif
#ifndef ONE_MALLOC_AN_ITEM
#define ONE_MALLOC_AN_ITEM 0
#endif

#define ALIGN       ((size_t)16)
#define FIRST_CHUNK ((size_t)4096)
#define CHUNK_MAX   ((size_t)256 * 1024)

struct chunk {
    alignas(16) struct chunk *next; // towards older ones
    size_t cap, used;
    alignas(16) char data[];
};

struct arena {
    size_t max, used;
    size_t next_cap; // size of the next ordinary chunk
    bool failed;
    struct chunk *head;  // the one being filled, or the newest item
    struct chunk *first; // survives reset; NULL in the one-malloc form
};

static struct chunk *chunk_new(size_t cap)
{
    size_t size;
    if (add_overflows(sizeof(struct chunk), cap, &size)) return NULL;
    struct chunk *c = mem_alloc(size);
    if (!c) return NULL;
    c->next = NULL;
    c->cap = cap;
    c->used = 0;
    return c;
}

struct arena *arena_new(size_t max_bytes)
{
    struct arena *a = mem_zalloc(1, sizeof *a);
    if (!a) return NULL;
    a->max = max_bytes & ~(ALIGN - 1);
    a->next_cap = FIRST_CHUNK;
    if (ONE_MALLOC_AN_ITEM) return a;
    a->first = a->head = chunk_new(MIN(FIRST_CHUNK, a->max));
    if (!a->first) {
        mem_free(a);
        return NULL;
    }
    return a;
}

static void free_chunks(struct arena *a, const struct chunk *keep)
{
    struct chunk *c = a->head;
    while (c) {
        struct chunk *next = c->next;
        if (c != keep) mem_free(c);
        c = next;
    }
}

void arena_free(struct arena *a)
{
    if (!a) return;
    free_chunks(a, NULL);
    mem_free(a);
}

void arena_freep(struct arena **a)
{
    arena_free(*a);
    *a = NULL;
}

void arena_reset(struct arena *a)
{
    free_chunks(a, a->first);
    a->head = a->first;
    if (a->first) {
        a->first->next = NULL;
        a->first->used = 0;
    }
    a->next_cap = FIRST_CHUNK;
    a->used = 0;
    a->failed = false;
}

// A chunk with room for `size`. A large item gets a chunk of its own behind the head, so that the
// head's remaining room is not lost.
static struct chunk *chunk_for(struct arena *a, size_t size)
{
    bool own = size > a->next_cap / 4;
    struct chunk *c = chunk_new(own ? size : MIN(a->next_cap, a->max - a->used));
    if (!c) return NULL;
    if (own) {
        c->next = a->head->next;
        a->head->next = c;
    } else {
        c->next = a->head;
        a->head = c;
        a->next_cap = MIN(a->next_cap * 2, CHUNK_MAX);
    }
    return c;
}

static void *item_in_chunk(struct arena *a, size_t size)
{
    struct chunk *c = a->head;
    if (size > c->cap - c->used) c = chunk_for(a, size);
    if (!c) return NULL;
    void *p = c->data + c->used;
    c->used += size;
    return p;
}

static void *item_alone(struct arena *a, size_t n)
{
    struct chunk *c = chunk_new(n); // exactly n: the byte behind is poisoned
    if (!c) return NULL;
    c->next = a->head;
    a->head = c;
    return c->data;
}

// Not zeroed. Accounting is the same in both forms, so that limits hit at the same item.
static void *take(struct arena *a, size_t n)
{
    size_t size = (n + (ALIGN - 1)) & ~(ALIGN - 1);
    if (n == 0) size = ALIGN;
    void *p = NULL;
    if (size >= n && size <= a->max - a->used) p = ONE_MALLOC_AN_ITEM ? item_alone(a, n) : item_in_chunk(a, size);
    if (p)
        a->used += size;
    else
        a->failed = true;
    return p;
}

void *arena_alloc(struct arena *a, size_t n)
{
    void *p = take(a, n);
    if (p && n) memset(p, 0, n);
    return p;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    size_t n;
    if (mul_overflows(count, size, &n)) {
        a->failed = true;
        return NULL;
    }
    return arena_alloc(a, n);
}

char *arena_strndup(struct arena *a, const char *p, size_t n)
{
    char *copy = n < SIZE_MAX ? take(a, n + 1) : NULL;
    if (!copy) {
        a->failed = true;
        return NULL;
    }
    if (n) memcpy(copy, p, n);
    copy[n] = '\0';
    return copy;
}

struct slice arena_slice(struct arena *a, struct slice s)
{
    if (s.n == 0) return SLICE("");
    char *copy = take(a, s.n);
    if (!copy) return (struct slice){NULL, 0};
    memcpy(copy, s.p, s.n);
    return slice_n(copy, s.n);
}

char *arena_fmt(struct arena *a, const char *fmt, ...)
{
    char *p = NULL;
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int len = vsnprintf(NULL, 0, fmt, ap);
    if (len >= 0) p = take(a, (size_t)len + 1);
    if (p)
        (void)vsnprintf(p, (size_t)len + 1, fmt, again);
    else
        a->failed = true;
    va_end(again);
    va_end(ap);
    return p;
}

bool arena_failed(const struct arena *a)
{
    return a->failed;
}

size_t arena_used(const struct arena *a)
{
    return a->used;
}
