// SPDX-License-Identifier: Apache-2.0
// Memory of one request or job: bump allocation, freed all at once, bounded, sticky overflow.
// Called by: pipeline, api, cloud, parsers. Must never: free single items.
// Under AddressSanitizer each item is its own malloc, so that overruns inside an arena are seen.
#pragma once

#include "base/slice.h"

struct arena;

struct arena *arena_new(size_t max_bytes) MUST_CHECK; // NULL when out of memory
void arena_free(struct arena *a);                     // NULL is fine
void arena_freep(struct arena **a);
void arena_reset(struct arena *a); // all items gone; the first chunk is kept; overflow forgotten
// 16-byte aligned, zeroed. NULL when max_bytes is passed or memory is out; then arena_failed stays true.
void *arena_alloc(struct arena *a, size_t n) MUST_CHECK;
void *arena_array(struct arena *a, size_t count, size_t size) MUST_CHECK; // checked multiply
char *arena_strndup(struct arena *a, const char *p, size_t n) MUST_CHECK; // NUL-terminated
struct slice arena_slice(struct arena *a, struct slice s);                // copy; {NULL,0} on failure when n > 0
char *arena_fmt(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_CHECK;
bool arena_failed(const struct arena *a);
size_t arena_used(const struct arena *a);
