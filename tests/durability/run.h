// SPDX-License-Identifier: Apache-2.0
// A run of the product on a store: calls through the whole pipeline, and the work behind them, chosen by a seed. What
// was acknowledged is written down with the moment on the tape. Used by: tests/durability/power_cut.c.
// Must never: go on after an answer that it did not expect.
#pragma once

#include "tests/unit/pipeline/flow.h"

#include "auth/cred.h"
#include "core/action.h"
#include "dump.h"
#include "shim.h"

// One call and its acknowledgement.
struct ack {
    const char *what;
    bool api;            // over the API, else work of the scanner, the actuator or an administrator
    size_t begun, ended; // moments
    uint64_t digest;     // of the store after it
    bool is_action;      // the fields below
    enum action action;
    char name[AWS_RES_ID];
    int64_t intents, events; // of that connection and action, after it
};

#define RUN_CALLS 2000
struct run {
    struct flow *flow;
    struct tape *tape;
    struct seeded_rng seed;
    struct rng rng;
    struct ack acks[RUN_CALLS];
    size_t n, api;
    unsigned tenant; // which of run_tenant's steps is next
    char key_id[OID_HEX + 1], client_id[40], secret_id[OID_HEX + 1], hook_id[OID_HEX + 1], expected_id[OID_HEX + 1];
    unsigned peers, routed; // connections made so far
    struct {                // one per connection
        char name[AWS_RES_ID];
        enum { PEER_PENDING, PEER_ASKED, PEER_ACTIVE, PEER_GONE } state;
    } peer[RUN_CALLS];
};

// Runs until `api_calls` calls of the API have been acknowledged, with some restarts in between, and stops the store.
struct run *run_make(uint64_t seed, size_t api_calls);
void run_free(struct run *r);

// ---- run.c, for run_tenants.c
struct ack *run_begin(struct run *r, const char *what, bool api);
void run_acknowledged(struct run *r, struct ack *a); // the call has returned: nothing may take it back from here on
void run_send(struct run *r, enum method m, const char *target, const char *type, const char *body, bool digest);
// ---- run_tenants.c: organisations, projects, keys, accounts, access lists, policies, expected requests, webhooks; one
// call of theirs, in turn. Always true.
bool run_tenant(struct run *r);

#define COUNT_INTENTS                                                                                                  \
    "SELECT count(*) FROM intent AS i JOIN connection AS c ON c.id = i.connection_id WHERE c.name = ? AND i.action = " \
    "?"
#define COUNT_EVENTS                                                                                                   \
    "SELECT count(*) FROM event WHERE resource = ? AND type = 'PEERAGE_CONNECTION_' || upper(?) || '_REQUESTED'"
