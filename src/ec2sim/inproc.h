// SPDX-License-Identifier: Apache-2.0
// The simulated cloud as a function: a request's form text in, the reply's status and text out. No socket, no thread,
// no clock, no signature; the model, the actions, the faults and the token buckets are those of the server.
// Called by: deterministic simulation in tests. Must never: draw randomness but from the seed it was made with.
//
// One world belongs to one thread at a time. The same seed and the same calls give the same answers and digests, on
// every machine.
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "ec2sim/settings.h"

struct sim;
struct ec2sim_world;
// set: NULL = the defaults. ERR_NOMEM.
enum err ec2sim_world_new(uint64_t seed, const struct ec2sim_settings *set, struct ec2sim_world **ret,
                          struct error *err) MUST_CHECK;
void ec2sim_world_free(struct ec2sim_world **w); // NULL-safe

struct ec2sim_call {
    struct slice who;   // account id of 12 digits, or an access key id (see ec2sim_world_key, AssumeRole)
    const char *region; // where the endpoint is
    struct slice body;  // "Action=DescribeVpcs&Version=2016-11-15&…"; STS actions with their own version
    struct wall now;    // of the cloud; an earlier one than before counts as the one before
};
struct ec2sim_answer {
    int status;        // HTTP; 0 = the connection broke and there is no reply (the action may have had its effect)
    struct slice body; // the world's, until the next call
    const char *content_type;
    const char *action; // static; NULL when unknown
    const char *fault;  // name of the kind that hit this call; NULL = none
    int64_t delay_ms;   // kind slow: the reply comes so much later
    bool changed;       // the model is not what it was
};
// What POST / at the endpoint would answer. Lack of memory is a 500, as there.
void ec2sim_world_call(struct ec2sim_world *w, const struct ec2sim_call *q, struct ec2sim_answer *ret);

// Settings and faults as of server.h; the errors are theirs. `now` as in a call.
enum err ec2sim_world_setting(struct ec2sim_world *w, const char *name, int64_t value, struct error *err) MUST_CHECK;
enum err ec2sim_world_fault(struct ec2sim_world *w, struct slice json, struct wall now, struct error *err) MUST_CHECK;
void ec2sim_world_faults_clear(struct ec2sim_world *w);
// Names an access key of an account. With keys, and for AssumeRole, crypto_init must have been called.
enum err ec2sim_world_key(struct ec2sim_world *w, const char *account_id, const char *access_key_id,
                          struct error *err) MUST_CHECK;

// All that later answers depend on: records, settings, faults, buckets, sessions, time and the generator.
uint64_t ec2sim_world_digest(const struct ec2sim_world *w);
// The truth, for invariants: read only (ec2sim/model.h).
const struct sim *ec2sim_world_model(const struct ec2sim_world *w);
