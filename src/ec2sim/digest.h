// SPDX-License-Identifier: Apache-2.0
// A number for a whole state, to tell whether a replay went the same way. Not against anybody who wants a collision.
// Called by: inproc.c, tests. Must never: fold a pointer, padding or anything else that differs between two runs.
#pragma once

#include "ec2sim/model.h"

struct fold {
    uint64_t h;
    size_t n;
    uint8_t room[480];
};
void fold_bytes(struct fold *f, const void *p, size_t n);
void fold_int(struct fold *f, int64_t v); // little-endian on every machine
void fold_str(struct fold *f, const char *s);
uint64_t fold_end(struct fold *f);

// All that the model holds but its generator: records, order, tags, routes and settings.
void sim_fold(struct fold *f, const struct sim *m);
uint64_t sim_digest(const struct sim *m);
