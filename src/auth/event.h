// SPDX-License-Identifier: Apache-2.0
// Audit events of this installation's keys, which belong to no organisation. Called by: auth/signing.c,
// auth/sealing.c, inside a store_write. Must never: carry key material.
#pragma once

#include "base/rand.h"
#include "store/store.h"

enum auth_event {
#define EVENT(id, name, text) AUTH_EVENT_##id,
#include "spec/events.def"
#undef EVENT
};
// resource: the id of the key. detail: a JSON object, or empty.
enum err auth_event_write(struct store_tx *tx, const struct rng *rng, struct wall now, const struct actor *by,
                          enum auth_event type, const char *resource, struct slice detail,
                          struct error *err) MUST_CHECK;
