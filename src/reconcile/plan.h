// SPDX-License-Identifier: Apache-2.0
// What a scan means: stored rows and observed records in, changes out. Pure. Called by: reconcile/scanner, tests.
// Must never: read a clock, the store or the cloud, or draw a conclusion from an incomplete scan.
#pragma once

#include "core/core.h"

struct plan_input {
    // Rows of one network: all listed ones, and unlisted ones whose name was observed.
    const struct connection *stored;
    size_t stored_n;
    // Records of the network's VPC, each name once.
    const struct observed *seen;
    size_t seen_n;
    bool complete; // all pages were read: only then absence means something
    struct wall now;
};
// *ret lives in a and points into the input. Order: by name. Rules:
//   observed, no row                     SEEN_NEW
//   observed, row missing or unlisted    REAPPEARED; an unlisted end that is still the same end is no news
//   observed, row differs                SEEN_CHANGED
//   row terminal for its window          UNLIST, seen or not; deleted, not by us and still seen: the longer window
//   listed, not observed, complete       MISSING; LOST once it has been missing for VANISH_AFTER_US
// A terminal row that AWS no longer shows waits for its window: that AWS forgets ends early is no news either.
enum err plan_network(const struct plan_input *in, struct arena *a, struct change **ret, size_t *ret_n,
                      struct error *err) MUST_CHECK;
