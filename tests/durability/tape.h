// SPDX-License-Identifier: Apache-2.0
// The tape's insides, shared by the shim that fills it and the player that reads it. Must never: know SQLite.
#pragma once

#include "shim.h"

enum tape_file { TAPE_DB, TAPE_WAL, TAPE_JOURNAL, TAPE_FILES };
enum change_of_file { CHANGE_WRITE, CHANGE_TRUNCATE, CHANGE_DELETE, CHANGE_SYNC };
struct change {
    enum change_of_file kind;
    enum tape_file file;
    size_t at, n; // TRUNCATE: at is the new size. SYNC: at 1 is the directory too, so that removals are durable
    uint8_t *data;
};
struct tape {
    struct change *all;
    size_t n, cap;
};
struct tape *tape_new(void);
void tape_add(struct tape *t, struct change c); // copies data
