// SPDX-License-Identifier: Apache-2.0
// Operations on webhooks and their outbox: each one transaction with its audit events. Called by: notice, api, cli.
// Must never: see a secret in clear (notice seals before and opens after), or send anything.
#pragma once

#include "core/core.h"

#define WEBHOOKS_MAX 100 // of one organisation

// w: id, org_id, group_id ("" = the whole organisation), url, description, notices, secrets[0]. The rest is made here.
// ERR_INVALID: a field is wrong (named). ERR_NOT_FOUND: no such organisation or group. ERR_TOO_LARGE: there are
// WEBHOOKS_MAX already.
enum err core_webhook_add(struct core *c, const struct actor *by, const struct webhook *w,
                          struct error *err) MUST_CHECK;
// What it has not delivered goes with it. ERR_NOT_FOUND (of all below too).
enum err core_webhook_remove(struct core *c, const struct actor *by, const char *id, struct error *err) MUST_CHECK;
// A disabled one is told nothing new; what waits stays and goes on when it is enabled. reason: why it is disabled.
enum err core_webhook_enable(struct core *c, const struct actor *by, const char *id, bool on, struct slice reason,
                             struct error *err) MUST_CHECK;
// What is not set stays; what is the same is no change and no event. All of it in one transaction. What waits goes to
// the new URL. ERR_INVALID: a field is wrong (named).
struct webhook_edit {
    struct slice url, description; // p NULL: stays
    bool set_notices, set_enabled, enabled;
    notice_set notices;
    struct slice reason; // why it is disabled
};
enum err core_webhook_edit(struct core *c, const struct actor *by, const char *id, const struct webhook_edit *q,
                           struct error *err) MUST_CHECK;
enum err core_webhook_rotate(struct core *c, const struct actor *by, const char *id, const struct webhook_secret *s,
                             struct wall until, struct error *err) MUST_CHECK;
// One message of type webhook.test to this hook, enabled or not (a disabled one keeps it waiting).
enum err core_webhook_test(struct core *c, const struct actor *by, const char *id, struct error *err) MUST_CHECK;
// Delivered and dead ones go again: the one of that message, or (delivery NULL) those of events at `since` or later.
enum err core_webhook_replay(struct core *c, const struct actor *by, const char *id, const char *delivery,
                             struct wall since, uint64_t *ret_n, struct error *err) MUST_CHECK;

// ---- for the notifier ------------------------------------------------------------------------------------
struct delivery_outcome {
    const struct delivery *row; // see store_tx_outbox_outcome
    bool hurry;                 // the endpoint had been away and answers: what failed before is due now
    bool gone;                  // it answered 410: the hook is disabled
};
// A dead one is an audit event. ERR_NOT_FOUND: the row went meanwhile (its hook was removed, the outbox was full).
enum err core_delivery_outcome(struct core *c, const struct delivery_outcome *o, struct error *err) MUST_CHECK;
enum err core_outbox_prune(struct core *c, struct wall before, uint64_t *ret_n, struct error *err) MUST_CHECK;
// Writes the events (and notices) of requests that have come under a threshold. Writes nothing when none has. r: a
// reader of the calling thread.
enum err core_expiring_tell(struct core *c, struct store_reader *r, size_t *ret_n, struct error *err) MUST_CHECK;
