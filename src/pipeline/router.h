// SPDX-License-Identifier: Apache-2.0
// From method and path to a route row, or to what the answer must say instead. Pure after start.
// Called by: pipeline.c. Must never: know a handler, or confuse an Atlas operation that we lack with an unknown path.
#pragma once

#include "api/api.h"

struct router;
struct router *router_new(void) MUST_CHECK; // from spec/routes.def and spec/atlas_operations.def; NULL: out of memory
void router_free(struct router *r);

enum router_result {
    ROUTER_FOUND,
    ROUTER_NOT_OFFERED, // 501: operation has its name
    ROUTER_BAD_METHOD,  // 405: allow has the methods
    ROUTER_UNKNOWN,     // 404
};
struct router_answer {
    enum router_result result;
    enum route route;
    const char *operation;
    char allow[64];
    struct slice params[PATH_PARAMS_MAX]; // decoded, in the arena
    unsigned param_count;
};
// Segments are compared percent-decoded; `{id}:verb` templates match the literal and the %3A form. HEAD is looked up as
// GET.
void router_find(const struct router *r, enum method m, struct slice path, struct arena *a, struct router_answer *ret);
