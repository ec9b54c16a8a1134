// SPDX-License-Identifier: Apache-2.0
// The heap with a fault hook. Called by: everything that allocates.
// Must never: abort, or cost more than one relaxed load when no fault is set.
#include "base/mem.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

// The countdown is atomic because worker threads allocate while a test has a fault set.
static _Atomic uint64_t fault_left; // 0: off
static _Atomic bool fault_forever, fault_hit;

static bool fault_fires(void)
{
    uint64_t left = atomic_load_explicit(&fault_left, memory_order_relaxed);
    while (left != 0) {
        bool last = left == 1;
        if (last && atomic_load(&fault_forever)) {
            atomic_store(&fault_hit, true);
            return true;
        }
        if (atomic_compare_exchange_weak(&fault_left, &left, left - 1)) {
            if (last) atomic_store(&fault_hit, true);
            return last;
        }
    }
    return false;
}

void *mem_alloc(size_t size)
{
    if (fault_fires()) return NULL;
    return malloc(size ? size : 1); // NULL must mean "out of memory" and nothing else
}

void *mem_zalloc(size_t count, size_t size)
{
    size_t all; // checked here, for calloc under a sanitizer aborts instead of answering NULL
    if (mul_overflows(count, size, &all) || fault_fires()) return NULL;
    return calloc(1, all ? all : 1);
}

void *mem_realloc(void *p, size_t size)
{
    if (fault_fires()) return NULL;
    return realloc(p, size ? size : 1);
}

char *mem_strndup(const char *s, size_t n)
{
    size_t size;
    if (add_overflows(n, (size_t)1, &size)) return NULL;
    char *copy = mem_alloc(size);
    if (!copy) return NULL;
    if (n) memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

void mem_free(void *p)
{
    free(p);
}

void mem_freep(void *pp)
{
    void *p;
    memcpy(&p, pp, sizeof p); // pp points to a pointer of any type
    mem_free(p);
    p = NULL;
    memcpy(pp, &p, sizeof p);
}

void mem_wipe(void *p, size_t n)
{
    if (n) explicit_bzero(p, n);
}

// Switching off keeps the answer of mem_fault_fired, so that a test may do both in either order.
void mem_fault_set(uint64_t n, bool forever)
{
    atomic_store(&fault_left, 0);
    if (n) atomic_store(&fault_hit, false);
    atomic_store(&fault_forever, forever);
    atomic_store(&fault_left, n);
}

bool mem_fault_fired(void)
{
    return atomic_load(&fault_hit);
}
