// SPDX-License-Identifier: Apache-2.0
// Writing audit events. Called by: the files of core. Must never: cut an actor's name silently (it fits by contract).
#include "core/notices.h"

static const char *const names[] = {
#define EVENT(id, name, text) [AUDIT_##id] = name,
#include "spec/events.def"
#undef EVENT
};

const char *audit_type_name(enum audit_type t)
{
    ASSERT((unsigned)t < AUDIT_TYPE_COUNT_);
    return names[t];
}

void audit_begin(struct audit *a, const struct rng *rng, struct wall now, const struct actor *by)
{
    static const struct actor scanner = {PRINCIPAL_LOCAL, "scanner", NULL};
    *a = (struct audit){.rng = rng, .now = now, .by = by ? *by : scanner};
}

enum err audit_write(struct store_tx *tx, const struct audit *a, enum audit_type type, struct slice resource,
                     struct slice detail, struct error *err)
{
    return audit_write_about(tx, a, type, resource, detail, NULL, err);
}

enum err audit_write_about(struct store_tx *tx, const struct audit *a, enum audit_type type, struct slice resource,
                           struct slice detail, const struct audit_subject *about, struct error *err)
{
    struct event_row e = {.created = a->now, .actor_kind = a->by.kind, .resource = resource, .detail = detail};
    oid_hex(oid_new(a->rng, a->now), e.id);
    bool fits = cstr_set(e.org_id, sizeof(e.org_id), a->org_id) &&
                cstr_set(e.group_id, sizeof(e.group_id), a->group_id) &&
                cstr_set(e.type, sizeof(e.type), audit_type_name(type));
    ASSERT(fits);
    if (!cstr_set(e.actor, sizeof(e.actor), a->by.name) ||
        !cstr_set(e.remote, sizeof(e.remote), a->by.remote ? a->by.remote : ""))
        return error_set(err, ERR_INVALID, "the name or address of the caller is too long for the audit log");
    enum err code = store_tx_event(tx, &e, err);
    return code == ERR_OK ? notices_write(tx, a, type, &e, about, err) : code;
}
