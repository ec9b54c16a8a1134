// SPDX-License-Identifier: Apache-2.0
// The kinds of request and of work that every_nth.c fails in every way, and the world that each starts in: always the
// same one, to the byte. Used by: tests/durability/every_nth.c. Must never: allocate between the fault and the answer.
#pragma once

#include "tests/unit/pipeline/flow.h"

#include "base/json.h"
#include "base/log.h"
#include "core/action.h"
#include "dump.h"
#include "shim.h"

enum nth_auth { NTH_BEARER, NTH_DIGEST, NTH_BASIC, NTH_NOBODY };
struct nth_world {
    struct flow *flow;
    struct buf rows;
    struct intent intent; // for the work of the actuator
    struct peer_route route;
};
struct nth_case {
    const char *name;
    // a request; or
    enum method method;
    const char *target;
    enum nth_auth auth;
    const char *accept, *type, *body; // body "": the world's token as a form
    int status;
    bool oauth; // its 500 is RFC 6749's
    bool loose; // the body differs each time
    // an operation of core or auth
    enum err (*op)(struct nth_world *w, struct error *err);
    bool writes;
    bool plain;                        // neither status nor writes is known
    void (*prep)(struct nth_world *w); // before it, without faults
};
extern const struct nth_case nth_cases[]; // ends with name NULL

struct nth_answer {
    bool op;
    enum err code;
    int status; // of a request
    struct slice body;
    bool head_failed, retry_after; // the server answers 500 by itself when there was no memory for the head
    int route;                     // -1: none was found
};

struct nth_world *world_new(const struct nth_case *c);
void world_free(struct nth_world *w);
// In this order; only world_run has the fault.
void world_prepare(struct nth_world *w, const struct nth_case *c);
enum err world_run(struct nth_world *w, const struct nth_case *c);
void world_answer(struct nth_world *w, const struct nth_case *c, enum err code, struct nth_answer *ret);
void answer_done(struct nth_answer *o);
// All rows but the spent nonces: that a nonce is spent by a request that then fails is no harm. Until the next call.
struct slice world_rows(struct nth_world *w);
