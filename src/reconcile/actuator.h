// SPDX-License-Identifier: Apache-2.0
// The actuator: does in the cloud what core says is due, intents and routes, and brings back what came of it.
// Called by: app. Must never: act for a network whose account it has not proved, send what may have happened already
// without looking first, write the store itself (core does), or wait for a network whose cloud is away.
#pragma once

#include "reconcile/reconcile.h"

struct actuator;
struct actuator_options {
    struct store *store;
    struct core *core;
    struct cloud *cloud;
    const struct clock *clock;
    const struct rng *rng;
    struct scanner *scanner; // woken when something was done; NULL = none. It must outlive the actuator
    unsigned threads;        // calls at once: 4; half of them for one scan unit. 0: only actuator_run_once works
};
enum err actuator_start(const struct actuator_options *o, struct actuator **ret, struct error *err) MUST_CHECK;
void actuator_wake(struct actuator *a); // something may be due: core's listener calls it. Never blocks
// Ends soon when the cloud is cancelled before. What was under way is looked up after the next start.
void actuator_stop(struct actuator **a);
struct actuator_status {
    uint64_t done, failed, retried; // intents, since the start
    uint64_t routes;                // results for routes but retries
    uint64_t finished;              // DNS options and tags that were set or left
    unsigned running;
    unsigned away; // scan units whose cloud does not answer: one attempt at a time, at most one a second
};
void actuator_status(struct actuator *a, struct actuator_status *ret);
// All that is due now, on the calling thread; the number of attempts. For tests and the simulation.
unsigned actuator_run_once(struct actuator *a);
