// SPDX-License-Identifier: Apache-2.0
// Marks of use of access list entries, batched. Called by: auth. Must never: block a request on the store.
#pragma once

#include "auth/auth.h"

struct used_mark {
    char principal[PRINCIPAL_NAME];
    struct cidr block;
    uint64_t count;
    struct wall when; // of the newest
    struct ip from;   // of the newest
};
struct used;
struct used *used_new(const struct rng *rng) MUST_CHECK;
void used_free(struct used *u); // NULL-safe
void used_note(struct used *u, const struct used_mark *mark);
// Moves at most max marks into ret and forgets them.
unsigned used_take(struct used *u, struct used_mark *ret, unsigned max);
