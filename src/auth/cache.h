// SPDX-License-Identifier: Apache-2.0
// What the store said about credentials and tokens, kept for a second: sharded, bounded, entries counted by reference.
// Called by: auth/check.c. Must never: judge freshness (the caller does), change an entry that others can see, or let
// names that strangers make up push out known ones (unknown names have a queue of their own).
#pragma once

#include "auth/auth.h"

enum cache_kind { CACHE_KEY = 'k', CACHE_ACCOUNT = 'a', CACHE_TOKEN = 't', CACHE_PERSON = 'p' /* only a token's */ };
struct cache_entry {
    // the cache's own
    _Atomic uint32_t refs;
    uint64_t hash;
    struct cache_entry *chain, *older, *newer;
    bool linked;
    // set by the maker before cache_put, immutable afterwards
    enum cache_kind kind;
    struct slice name; // public key, client id, or the whole token; in arena
    struct arena *arena;
    size_t bytes;        // what it costs
    struct mono loaded;  // before the store was asked
    uint64_t generation; // store_auth_generation before the store was asked
    bool known;          // false: the store has no such credential
    struct credential credential;
    uint8_t ha1[16];             // kind KEY
    struct cache_entry *account; // kind TOKEN: holds a reference
    struct wall expires;         // kind TOKEN
};

struct cache;
struct cache *cache_new(unsigned max_entries, size_t max_bytes, const struct rng *rng) MUST_CHECK; // NULL: no memory
void cache_free(struct cache *c); // references that are still out stay valid
// A new entry with one reference (the caller's); NULL when out of memory. arena_max bounds what it may hold.
struct cache_entry *cache_entry_new(enum cache_kind kind, struct slice name, size_t arena_max) MUST_CHECK;
struct cache_entry *cache_get(struct cache *c, enum cache_kind kind, struct slice name) MUST_CHECK; // takes a reference
void cache_put(struct cache *c, struct cache_entry *e); // takes a reference of its own; replaces one of that name
void cache_drop(struct cache_entry *e);                 // NULL is fine; the last one frees and wipes
void cache_sweep(struct cache *c, struct mono before);  // forgets what was loaded before then
unsigned cache_count(struct cache *c);
size_t cache_bytes(struct cache *c);
