// SPDX-License-Identifier: Apache-2.0
// One audit event of a key. Called by: auth/signing.c, auth/sealing.c. Must never: run outside the transaction of the
// change that it records.
#include "auth/event.h"

#include "base/id.h"

static const char *const names[] = {
#define EVENT(id, name, text) [AUTH_EVENT_##id] = name,
#include "spec/events.def"
#undef EVENT
};

enum err auth_event_write(struct store_tx *tx, const struct rng *rng, struct wall now, const struct actor *by,
                          enum auth_event type, const char *resource, struct slice detail, struct error *err)
{
    struct event_row e = {.created = now, .actor_kind = by->kind, .resource = slice_of(resource), .detail = detail};
    oid_hex(oid_new(rng, now), e.id);
    bool fits = cstr_set(e.type, sizeof(e.type), names[type]);
    ASSERT(fits);
    if (!cstr_set(e.actor, sizeof(e.actor), by->name) ||
        !cstr_set(e.remote, sizeof(e.remote), by->remote ? by->remote : ""))
        return error_set(err, ERR_INVALID, "the name or address of the caller is too long for the audit log");
    return store_tx_event(tx, &e, err);
}
