// SPDX-License-Identifier: Apache-2.0
// What scripted faults and token buckets do to one request, step by step: the same for a socket and for a call.
// Called by: server.c, inproc.c. Must never: know of a connection, or lock.
#pragma once

#include "ec2sim/ec2.h"
#include "ec2sim/fault.h"

#define TURN_XML    "text/xml;charset=UTF-8"
#define TURN_ID_STR 37

struct turn_gate {
    struct faults *faults;
    struct throttle *throttle; // NULL = off
    const char *action;
    const struct sim_caller *who;
    struct wall now;  // simulated
    struct mono mono; // of the buckets
};
enum turn_step {
    TURN_RUN,  // run the action, then turn_after
    TURN_FAIL, // *e is the answer; no effect
    TURN_SKIP, // no effect; turn_drops or turn_bend make the answer
};
// Picks the rule that hits (kind FAULT_NONE: none) and judges the request before it runs.
enum turn_step turn_before(const struct turn_gate *g, struct fault_rule *ret, struct ec2_error *e);
struct ec2_quirks turn_quirks(const struct fault_rule *f);
// After an action that worked. False: the rule makes it an error all the same.
bool turn_after(const struct fault_rule *f, struct ec2_error *e);
bool turn_drops(const struct fault_rule *f); // no answer at all: the connection breaks
struct turn_shape {
    int status;
    const char *content_type;
};
// Bends a body that is ready, or puts another one. ok: the body holds the reply of an action that worked. True: the
// body is not XML of ours any more, whatever ok says.
bool turn_bend(const struct fault_rule *f, bool ok, struct buf *body, struct turn_shape *shape);
void turn_request_id(const struct rng *rng, char out[TURN_ID_STR]); // a version 4 UUID
