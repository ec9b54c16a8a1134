// SPDX-License-Identifier: Apache-2.0
// What programs asked `peerage dev` for and did not get: operations of Atlas that are not offered, unknown paths, wrong
// methods, versions that do not exist. So a builder of a client learns what to expect of Peerage. Called by: pipeline.c
// (notes), cli (shows), tests. Must never: keep a query, a body or a credential, or grow past its bound.
#pragma once

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/slice.h"

#define COVERAGE_ROWS_MAX 512

enum missed {
    MISSED_OPERATION, // of the Atlas Admin API, not offered here: `what` is its operationId
    MISSED_PATH,      // unknown: `what` is the path
    MISSED_METHOD,    // not on that path
    MISSED_VERSION,   // no media type of the Accept header: `what` is the operationId
    MISSED_COUNT_
};
const char *missed_name(enum missed m); // "operation not offered" …

struct missed_row {
    enum missed kind;
    char method[16];
    char what[200];  // cut there
    char client[80]; // User-Agent of the last one, "" when it sent none; control characters shown as '?'
    uint64_t times;
    struct wall last;
};

struct coverage;
struct coverage *coverage_new(void) MUST_CHECK; // NULL: out of memory
void coverage_free(struct coverage *c);         // NULL-safe
// Any thread. c NULL: nothing is kept. A new row when all are taken is only counted (see ret_dropped).
void coverage_note(struct coverage *c, enum missed kind, struct slice method, struct slice what, struct slice client,
                   struct wall now);
// All rows so far, the most frequent first, in `a`. *ret_dropped: requests that found no room. ERR_NOMEM.
enum err coverage_list(struct coverage *c, struct arena *a, struct missed_row **ret, size_t *ret_n,
                       uint64_t *ret_dropped, struct error *err) MUST_CHECK;
void coverage_clear(struct coverage *c);
