// SPDX-License-Identifier: Apache-2.0
// The one door to the heap, so that tests can fail the n-th allocation.
// Called by: everything that allocates. Must never: abort on failure (callers return ERR_NOMEM).
#pragma once

#include "base/defs.h"

// Sizes are checked: count * size that overflows returns NULL. Memory is zeroed by mem_zalloc only.
void *mem_alloc(size_t size) MUST_CHECK;
void *mem_zalloc(size_t count, size_t size) MUST_CHECK;
void *mem_realloc(void *p, size_t size) MUST_CHECK;
char *mem_strndup(const char *s, size_t n) MUST_CHECK; // NUL-terminated copy
void mem_free(void *p);                                // NULL is fine
// mem_wipe: overwrites n bytes in a way the compiler keeps; for secrets.
void mem_wipe(void *p, size_t n);

// Fault hook: the n-th allocation from now on fails (1 = the next), `forever` fails all later ones too.
// n = 0 switches it off. mem_fault_fired tells whether it has fired since. Global, for tests.
void mem_fault_set(uint64_t n, bool forever);
bool mem_fault_fired(void);
// For CLEANUP(mem_freep) on `char *` and friends.
void mem_freep(void *pp);
