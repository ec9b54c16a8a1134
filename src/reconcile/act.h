// SPDX-License-Identifier: Apache-2.0
// What to do next about an intent or a route: the intent and what the cloud just said in, one step out. Pure.
// Called by: reconcile/actuator, tests. Must never: read a clock, the store or the cloud, or have a call repeated whose
// first sending may have reached the cloud without a look in between.
#pragma once

#include "base/rand.h"
#include "cloud/cloud.h"
#include "core/action.h"

// Describe and Accept may be answered by different back ends: absent this soon after the request is not absent yet.
// Both must have passed, since a clock may be stepped meanwhile: so many attempts take about as long.
#define ACT_SETTLE_US       (120 * US_PER_SEC)
#define ACT_SETTLE_ATTEMPTS 12

enum act_step {
    ACT_CALL,     // send the action
    ACT_DESCRIBE, // look at the connection by id
    ACT_DONE,
    ACT_RETRY, // later; `uncertain` says whether the next attempt must look first
    ACT_FAIL,  // for good
};
enum act_asked { ACT_ASKED_NOTHING, ACT_ASKED_CALL, ACT_ASKED_DESCRIBE };
struct act_input {
    const struct intent *intent;         // as core_intent_begin left it: uncertain is what was before this attempt
    const char *name;                    // pcx-…, for texts
    enum act_asked asked;                // what was asked last in this attempt
    enum cloud_class class;              // what came of that
    const struct cloud_failure *failure; // unless class is CLOUD_OK
    const struct observed *seen;         // of the describe, when class is CLOUD_OK
    // The failure of the call of this attempt, when it was looked up afterwards: why the state alone does not decide.
    const struct cloud_failure *refused;
    struct wall now;
};
struct act_decision {
    enum act_step step;
    bool uncertain;   // RETRY
    char reason[600]; // RETRY and FAIL: a sentence, the same for the same cause
};
// The rules, by action and cloudStatus (spec/actions.def agrees):
//   accept: pending CALL; provisioning, active DONE; the rest FAIL
//   reject: pending CALL; rejected DONE; the rest FAIL
//   delete: active CALL; deleting and every end DONE, and so is NotFound when it lasts; the rest FAIL
//   a status that we do not know, and initiating-request: RETRY
// A call that a state refused and that the state still allows is retried while it may settle, then failed.
void act_decide(const struct act_input *in, struct act_decision *ret);

// Until the next attempt, with full jitter: up to 1 s doubled for each attempt begun, at most 30 s.
#define ACT_BACKOFF_CAP_NS (30 * NS_PER_SEC)
int64_t act_backoff(uint32_t attempts, const struct rng *rng);

// ---- routes ---------------------------------------------------------------------------------------------------------
enum act_route_step { ACT_ROUTE_CREATE, ACT_ROUTE_DELETE, ACT_ROUTE_RESULT };
enum act_route_asked { ACT_ROUTE_FOUND, ACT_ROUTE_CREATED, ACT_ROUTE_DELETED };
struct act_route_input {
    const struct peer_route *row; // tried: what it was before this attempt
    const char *name;             // pcx-…
    const char *vpc_id;           // the network's
    enum act_route_asked asked;   // find comes first, and again after a refusal
    enum cloud_class class;
    const struct cloud_failure *failure; // unless class is CLOUD_OK
    const struct cloud_route *there;     // of the find, when class is CLOUD_OK
    unsigned limit;                      // routes of a family in a table, as somebody has told us; 0 = nobody has
    bool again;                          // the find after EC2 said that there is a route for that block already
    struct wall now;
};
struct act_route_decision {
    enum act_route_step step;
    bool look;                  // RESULT is not decided yet: find again, with again = true
    struct route_result result; // kind; not_before is left to `wait_ns`; reason is `text`
    int64_t wait_ns;            // RETRY: 0 = by back-off; CONFLICT: until it is looked at again
    char text[600];
};
#define ACT_LOOK_AGAIN_NS  (600 * NS_PER_SEC) // a conflict that a person may solve
#define ACT_SETTLE_LOOK_NS (10 * NS_PER_SEC)  // within ACT_SETTLE_US of a call, what cannot be seen is not gone yet
void act_route_decide(const struct act_route_input *in, struct act_route_decision *ret);

// ---- finishing ------------------------------------------------------------------------------------------------------
// A tag Name is looked at first and never overwritten; the DNS option may be set again without harm.
enum act_finish_step { ACT_FINISH_LOOK, ACT_FINISH_SET, ACT_FINISH_RESULT };
struct act_finish_input {
    const struct finish *row;
    enum act_asked asked; // NOTHING, DESCRIBE: for the tag, CALL: to set it
    enum cloud_class class;
    const struct cloud_failure *failure; // unless class is CLOUD_OK
    const char *tag;                     // what is there; of the look
    struct wall now;
};
struct act_finish_decision {
    enum act_finish_step step;
    struct finish_result result; // kind; not_before is left to `wait_ns`; reason is `text`
    int64_t wait_ns;             // 0 = by back-off
    char text[1200];
};
void act_finish_decide(const struct act_finish_input *in, struct act_finish_decision *ret);
