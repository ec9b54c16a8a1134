// SPDX-License-Identifier: Apache-2.0
// The scanner: finds incoming peering connections and brings what it saw to core. Called by: app. Must never: write the
// store itself (core does), act on a network it has not proved the account of, or scan a unit twice at once.
#pragma once

#include "base/error.h"
#include "cloud/cloud.h"
#include "core/core.h"
#include "store/store.h"

struct scanner;
struct scanner_options {
    struct store *store;
    struct core *core;
    struct cloud *cloud;
    const struct clock *clock;
    const struct rng *rng;
    int64_t interval_ms; // serve 30000, dev 1000; start jitter per unit up to one interval, none when <= 2000
    unsigned threads;    // units scanned at once: 4
    const char *owner;   // lease owner: host, pid and random
};
enum err scanner_start(const struct scanner_options *o, struct scanner **ret, struct error *err) MUST_CHECK;
void scanner_wake(struct scanner *s); // scan all units now (network added, admin command)
void scanner_wake_network(struct scanner *s, const char *network_id); // scan its unit now (something was done)
void scanner_stop(struct scanner **s);
struct scanner_status {
    uint64_t scans, failures;
    struct wall last_success;
    struct mono next; // the first unit is due; INT64_MAX: there is none
    unsigned units;
};
void scanner_status(struct scanner *s, struct scanner_status *ret);
// One round over all units on the calling thread: for tests and `peerage network check --scan`.
void scanner_run_once(struct scanner *s);
