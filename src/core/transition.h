// SPDX-License-Identifier: Apache-2.0
// The lifecycle of a connection (spec/lifecycle.def) and the only way to change a connection's row.
// Called by: the other files of core. Must never: write a row without its audit event, or be bypassed.
#pragma once

#include "core/audit.h"

enum lifecycle_event {
    LIFECYCLE_SEEN_PENDING, // initiating-request too
    LIFECYCLE_SEEN_PROVISIONING,
    LIFECYCLE_SEEN_ACTIVE,
    LIFECYCLE_SEEN_DELETING,
    LIFECYCLE_SEEN_REJECTED,
    LIFECYCLE_SEEN_DELETED,
    LIFECYCLE_SEEN_EXPIRED,
    LIFECYCLE_SEEN_FAILED,
    LIFECYCLE_SEEN_UNKNOWN, // a status code that we do not know
    LIFECYCLE_MISSING,
    LIFECYCLE_REAPPEARED,
    LIFECYCLE_VANISHED,
    LIFECYCLE_WINDOW_PASSED,
    LIFECYCLE_REQUESTED_ACCEPT, // by a client, a person or a rule
    LIFECYCLE_REQUESTED_REJECT,
    LIFECYCLE_REQUESTED_DELETE,
    LIFECYCLE_CALL_DONE, // outcomes of a live intent
    LIFECYCLE_CALL_FAILED,
    LIFECYCLE_CALL_RETRIED,
    LIFECYCLE_APPROVED,  // one of several who must ask has asked
    LIFECYCLE_CANCELLED, // a person withdraws a live intent
    LIFECYCLE_FINISHING, // DNS option or Name tag: set, left, or refused
    LIFECYCLE_EVENT_COUNT_
};

// Pure: the state after `event`. status_changed: the seen cloudStatus differs from the row's. *ret_why: our words for
// people when the next state is UPDATE_FAILED, else "". False for a pair that cannot be (SCAN_FAILED too).
bool lifecycle_next(enum local_status from, enum lifecycle_event event, bool status_changed,
                    enum local_status *ret_next, const char **ret_why) MUST_CHECK;
enum lifecycle_event lifecycle_seen(enum cloud_status s);

// A change of one row, ready but for the state. The function below sets local_status, status_message, changed and
// terminal_since, writes the row and the audit event, ends the live intent when the state leaves REQUEST_…, and lets
// approvals and routes follow, all in the caller's transaction.
struct transition {
    const struct audit *audit;
    enum audit_type type;
    enum lifecycle_event event;
    const struct connection *before; // NULL: a new row
    struct connection *row;          // what it shall be
    struct slice reason;             // the event's own words, shown as statusMessage: failures and retries
    const struct intent *intent;     // the event belongs to it, or NULL
    struct slice value;              // what was set, for the event
    bool *work;                      // set to true when intents or routes may have become due; may be NULL
};
enum err transition_apply(struct store_tx *tx, const struct transition *t, struct error *err) MUST_CHECK;
