// SPDX-License-Identifier: Apache-2.0
// What an administrative command works on, whether it runs in a process of its own or inside the daemon.
// Called by: app (fills it), cli (its commands use it). Must never: own anything.
#pragma once

#include "auth/auth.h"
#include "cloud/cloud.h"
#include "config/config.h"
#include "core/core.h"
#include "reconcile/reconcile.h"
#include "store/store.h"

struct coverage;
struct services {
    const struct config *config;
    struct store *store;
    struct store_reader *reader; // of the thread that runs the command
    struct core *core;
    struct auth *auth;
    const struct keyring *keys;
    struct cloud *cloud;
    struct scanner *scanner; // NULL: no daemon, or it is about to stop
    const struct clock *clock;
    const struct rng *rng;
    struct coverage *coverage; // of a running `peerage dev`; else NULL
    const char *actor;         // for event rows: "cli" or "admin"
};
