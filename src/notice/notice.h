// SPDX-License-Identifier: Apache-2.0
// Webhooks: making them, and the notifier, which delivers what core puts into the outbox. Called by: app, cli.
// Must never: follow a redirect, reach what the operator did not allow (net/target.h), let one receiver hold up
// another, or write a secret or a body to the log.
#pragma once

#include "auth/auth.h"
#include "core/webhook.h"
#include "notice/sign.h"

// ---- webhooks and their secrets ----------------------------------------------------------------------------
struct hook_maker {
    struct core *core;
    const struct keyring *keys;
    const struct clock *clock;
    const struct rng *rng;
    const struct actor *by;
};
// *w: org_id, group_id, url, description, notices; the id is made here. secret: what the receiver checks with, shown
// once; wipe it. Errors of core_webhook_add.
enum err hook_add(const struct hook_maker *m, struct webhook *w, char secret[WEBHOOK_SECRET_TEXT],
                  struct error *err) MUST_CHECK;
// A new secret; for `overlap_us` messages carry the former one's signature as well. *ret_until: its end.
enum err hook_rotate(const struct hook_maker *m, const char *id, int64_t overlap_us, char secret[WEBHOOK_SECRET_TEXT],
                     struct wall *ret_until, struct error *err) MUST_CHECK;

// ---- the notifier --------------------------------------------------------------------------------------------
struct notifier;
struct notifier_options {
    struct store *store;
    struct core *core;
    const struct keyring *keys;
    const struct clock *clock;
    const struct rng *rng;
    const struct cidr *allow; // webhook_allow; outlives the notifier
    unsigned allow_count;
    int64_t keep_us;       // delivered and dead ones stay so long
    unsigned threads;      // 8 at once, one for each receiver, half for receivers in trouble; 0: notifier_run_once only
    int64_t total_ms;      // of one attempt: 15000
    const char *ca_bundle; // NULL = the system's
};
enum err notifier_start(const struct notifier_options *o, struct notifier **ret, struct error *err) MUST_CHECK;
void notifier_wake(struct notifier *n); // something may be due. Never blocks
// Attempts under way end within a second and count as not made.
void notifier_stop(struct notifier **n);
struct notifier_status {
    uint64_t delivered, failed, dead; // attempts, since the start
    uint64_t pending;                 // deliveries to be made, as last counted
    int64_t oldest_seconds;           // of those
    unsigned running, away;           // attempts under way; receivers in trouble
};
void notifier_status(struct notifier *n, struct notifier_status *ret);
// What is due now, each delivery at most once for each of its receivers' turns, on the calling thread; the number of
// attempts. For tests.
unsigned notifier_run_once(struct notifier *n);
