// SPDX-License-Identifier: Apache-2.0
// What tests put between the store and the disk: a VFS that records every change of the database's files and rebuilds
// them as of any moment, an allocator of SQLite that mem_fault_set reaches, and calls of SQLite that fail on demand.
// Used by: tests/durability. Must never: be needed by the product, which is linked as it is (the linker's --wrap and
// SQLite's own registration do it all).
#pragma once

#include "base/buf.h"
#include "base/rand.h"

// ---- recording ---------------------------------------------------------------------------------------------------
// From shim_install on, all of SQLite's files go through the shim. Nothing is synced for real: a sync is recorded.
void shim_install(void); // before any use of SQLite; SQLite's memory comes from base/mem.h then

struct tape;                    // every change of one database, its WAL and its journal, in order
struct tape *tape_start(void);  // the next database that is opened for writing is the one
void tape_stop(struct tape *t); // keeps what there is
void tape_free(struct tape *t);
size_t tape_length(struct tape *t); // a moment: so many changes have been issued. Any thread
bool tape_is_sync(struct tape *t, size_t i);
size_t tape_syncs(struct tape *t);

// What the power cut does to what was not synced.
enum cut {
    CUT_KEEP,      // all of it arrived: what a killed process leaves behind
    CUT_DROP,      // none
    CUT_TORN,      // of each file a prefix, and of its last write the first half
    CUT_SECTORS,   // of each file a prefix, and of its last write any of its sectors of 512 bytes
    CUT_REORDERED, // any of it, in any order
    CUT_COUNT_
};
extern const char *const cut_names[CUT_COUNT_];
// Plays the tape up to each moment in turn: only forward.
struct player *player_new(struct tape *t);
void player_free(struct player *p);
void player_seek(struct player *p, size_t moment);
// Writes PATH, PATH-wal and PATH-journal as they would be found after a cut now. False: the disk is full.
bool player_write(struct player *p, enum cut cut, const struct rng *rng, const char *path);

// getrandom(2), and so rng_system, gives what follows from the seed from now on. 0: what the system gives.
void shim_random(uint64_t seed);

// ---- planted bugs and failing calls -------------------------------------------------------------------------------
// The writer's `synchronous` instead of FULL, for connections opened from now on; NULL = as the product says.
void shim_synchronous(const char *value);
// The n-th call from now on that prepares, steps or executes SQL fails (0 = none) with this SQLite code, without having
// an effect; `rolls_back`: SQLite has also ended the transaction, as it does by itself after some failures.
enum store_fault { STORE_FAULT_IO, STORE_FAULT_BUSY, STORE_FAULT_FULL, STORE_FAULT_READ_ONLY, STORE_FAULT_COUNT_ };
void store_fault_set(uint64_t n, enum store_fault what, bool rolls_back);
bool store_fault_fired(void);
// The n-th read, write, sync or lock of a file fails.
void disk_fault_set(uint64_t n);
bool disk_fault_fired(void);
