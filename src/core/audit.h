// SPDX-License-Identifier: Apache-2.0
// Audit events of core's operations: type, actor, subject, detail. Called by: the files of core, inside a store_write.
// Must never: be written outside the transaction of the change that it records, or carry a secret.
#pragma once

#include "base/json.h"
#include "core/core.h"

enum audit_type {
#define EVENT(id, name, text) AUDIT_##id,
#include "spec/events.def"
#undef EVENT
    AUDIT_TYPE_COUNT_
};
const char *audit_type_name(enum audit_type t);

// Who and when, the same for all events of one operation.
struct audit {
    const struct rng *rng;
    struct wall now;
    struct actor by;
    char org_id[OID_HEX + 1], group_id[OID_HEX + 1]; // "" = none
};
// by NULL: the scanner.
void audit_begin(struct audit *a, const struct rng *rng, struct wall now, const struct actor *by);
// The row of a connection before and after the change that the event tells of; before NULL: it is new.
struct audit_subject {
    const struct connection *before, *row;
};
// detail: a JSON object, or empty. What webhooks are told of it is written too (core/notices.h).
enum err audit_write_about(struct store_tx *tx, const struct audit *a, enum audit_type type, struct slice resource,
                           struct slice detail, const struct audit_subject *about, struct error *err) MUST_CHECK;
// Likewise for what is not about one connection.
enum err audit_write(struct store_tx *tx, const struct audit *a, enum audit_type type, struct slice resource,
                     struct slice detail, struct error *err) MUST_CHECK;
