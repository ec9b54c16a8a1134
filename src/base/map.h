// SPDX-License-Identifier: Apache-2.0
// A hash map from byte strings to pointers, open addressing, SipHash-1-3 with a random key.
// Called by: caches, registries. Must never: own the values (the caller frees them).
#pragma once

#include "base/rand.h"
#include "base/slice.h"

struct map;
struct map *map_new(const struct rng *rng) MUST_CHECK;
void map_free(struct map *m);
void *map_get(const struct map *m, struct slice key);
// Copies the key. Returns false when out of memory. An existing value is replaced; *ret_old (may be NULL) gets it.
bool map_put(struct map *m, struct slice key, void *value, void **ret_old) MUST_CHECK;
void *map_remove(struct map *m, struct slice key); // the value, or NULL
size_t map_len(const struct map *m);
// Iteration in no order; the map must not change meanwhile. *cursor starts at 0.
bool map_next(const struct map *m, size_t *cursor, struct slice *ret_key, void **ret_value);
uint64_t siphash13(const uint64_t key[2], const void *p, size_t n);
