// SPDX-License-Identifier: Apache-2.0
// The walk that seals everything anew. Called by: auth/sealing.c, its tests. Must never: be used by two threads.
#pragma once

#include "auth/auth.h"

enum reseal_stage { RESEAL_IDLE, RESEAL_KEYS, RESEAL_OTHERS, RESEAL_END };
struct resealing { // owned by its thread
    struct auth *auth;
    struct store_reader *reader;
    enum reseal_stage stage;
    char target[17]; // the key that everything shall be sealed with
    char after[9];   // public keys up to this one are done
    uint64_t walked; // rows that this walk has sealed anew
};
