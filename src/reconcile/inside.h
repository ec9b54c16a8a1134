// SPDX-License-Identifier: Apache-2.0
// What the scanner's two files share, the actuator's too: its object and its scan units. Called by: reconcile only.
// Must never: be included from another folder.
#pragma once

#include "base/worker.h"
#include "reconcile/backoff.h"
#include "reconcile/plan.h"
#include "reconcile/reconcile.h"

#define UNIT_KEY 512

// What a scan saw coming, so that the next may be sooner.
struct scan_news {
    struct wall expires; // the first pending request that will; 0 = none
    bool moving;         // something is on its way
    bool changed;        // something differed from the record
};

struct unit_network {
    char id[OID_HEX + 1];
    struct mono vpc_due; // DescribeVpcs again; 0 = never asked
};

// Networks that one Describe serves: same identity, account and region.
struct unit {
    // immutable
    char key[UNIT_KEY]; // also the lease's name
    enum identity_kind identity;
    char ref[256], external_id[37], account[ACCOUNT_ID], region[REGION_NAME];
    // under scanner.lock
    struct unit_network *networks;
    size_t network_count;
    bool wanted;  // false: no network is left; freed when it does not run
    bool running; // on one thread; pins the unit
    bool again;   // woken while it ran
    bool woken;   // by name
    bool begun;   // it ran at least once: `started` means something
    struct mono due, started;
    unsigned failures; // in a row
    bool away;         // the last failure was the cloud's, not ours: another's recovery is news
    uint64_t round;    // of scanner_run_once
    int64_t moving_ns; // between scans while something is on its way; 0 = nothing is
    // owned by the running thread
    struct mono lease_until;
    struct scan_news news;
};

// What a thread that scans has for itself.
struct scan_thread {
    struct scanner *scanner;
    struct store_reader *reader; // NULL when it could not be opened: the scan then fails
};

struct scanner {
    struct scanner_options opt; // immutable
    char owner[160];
    int64_t interval_ns;
    _Atomic bool stopping;
    struct pool *pool;
    struct store_reader *reader; // the job's
    // owned by the job's thread
    uint64_t generation;
    bool loaded;
    struct lock lock; // guards what follows, and the units' fields above
    struct cond idle; // a unit stopped running
    struct job *job;  // NULL before it is known and when stopping
    struct unit **units;
    size_t unit_count;
    unsigned failing; // units with failures
    bool woken;
    bool started;     // the first list of units was made
    uint64_t made_of; // store generation that the units were made of
    uint64_t rounds;
    struct scanner_status status;
};

// How one scan of a unit went; what the unit's next due time depends on.
enum scan_result { SCAN_OK, SCAN_LEASED_AWAY, SCAN_STOPPED, SCAN_AWAY, SCAN_REFUSED };
// Runs on the thread that set u->running. Records everything with core.
enum scan_result scan_unit(struct scanner *s, struct unit *u, struct store_reader *reader);

// The external id of the organisation that a network belongs to, for roles; else "". In a.
enum err network_external_id(struct store_reader *r, const struct network *net, struct arena *a, struct slice *ret,
                             struct error *err) MUST_CHECK;
