// SPDX-License-Identifier: Apache-2.0
// Audit events and leases. Called by: core and auth (events in the transaction of the change), reconcile (leases), api.
// Must never: change or delete an event.
#include "store/internal.h"

const char *const actor_kinds[ACTOR_KINDS] = {
    [PRINCIPAL_API_KEY] = "api_key", [PRINCIPAL_SERVICE_ACCOUNT] = "service_account", [PRINCIPAL_LOCAL] = "local"};

enum err store_tx_event(struct store_tx *tx, const struct event_row *e, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "INSERT INTO event (group_id, id, created, org_id, type, actor_kind, actor, remote, "
                                  "resource, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    query_cstr(&q, e->group_id);
    query_cstr(&q, e->id);
    query_wall(&q, e->created);
    query_cstr(&q, e->org_id);
    query_cstr(&q, e->type);
    query_cstr(&q, actor_kinds[e->actor_kind]);
    query_cstr(&q, e->actor);
    query_cstr(&q, e->remote);
    query_text(&q, e->resource);
    query_text(&q, e->detail);
    return query_run(&q, err);
}

static void get_event(struct query *q, struct arena *a, struct event_row *e)
{
    query_get_cstr(q, e->group_id, sizeof(e->group_id));
    query_get_cstr(q, e->id, sizeof(e->id));
    e->created = query_get_wall(q);
    query_get_cstr(q, e->org_id, sizeof(e->org_id));
    query_get_cstr(q, e->type, sizeof(e->type));
    e->actor_kind = (enum principal_kind)name_index(query_get_text(q), actor_kinds, ARRAY_LEN(actor_kinds));
    query_get_cstr(q, e->actor, sizeof(e->actor));
    query_get_cstr(q, e->remote, sizeof(e->remote));
    e->resource = query_get_copy(q, a);
    e->detail = query_get_copy(q, a);
}

#define COLUMNS "group_id, id, created, org_id, type, actor_kind, actor, remote, resource, detail"

enum err store_events(struct store_reader *r, const char *group_id, struct page page, struct arena *a,
                      struct event_row **ret, size_t *ret_n, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(
        r->db, group_id ? "SELECT " COLUMNS " FROM event WHERE group_id = ? ORDER BY seq DESC LIMIT ? OFFSET ?"
                        : "SELECT " COLUMNS " FROM event ORDER BY seq DESC LIMIT ? OFFSET ?");
    if (group_id) query_cstr(&q, group_id);
    query_int(&q, page.size);
    query_int(&q, page_offset(page));
    struct rows rows = {.size = sizeof(struct event_row)};
    for (;;) {
        bool row;
        enum err code = query_step(&q, &row, err);
        if (code != ERR_OK) return code;
        if (!row) break;
        struct event_row *e = rows_add(&rows, a);
        if (!e) return rows_nomem(err);
        get_event(&q, a, e);
    }
    *ret = rows.p;
    *ret_n = rows.n;
    return ERR_OK;
}

enum err store_tx_lease(struct store_tx *tx, const char *name, const char *owner, struct wall now, int64_t ms,
                        uint64_t *ret_epoch, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db,
                   "INSERT INTO lease (name, owner, expires, epoch) VALUES (?1, ?2, ?3, 1) ON CONFLICT DO UPDATE SET "
                   "epoch = epoch + (owner <> ?2), owner = ?2, expires = ?3 WHERE owner = ?2 OR expires <= ?4 "
                   "RETURNING epoch");
    query_cstr(&q, name);
    query_cstr(&q, owner);
    query_int(&q, now.us + ms * 1000);
    query_wall(&q, now);
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code != ERR_OK) return code;
    if (!row) return error_set(err, ERR_BUSY, "another process has the lease of %s", name);
    uint64_t epoch = (uint64_t)query_get_int(&q);
    code = query_step(&q, &row, err);
    if (code == ERR_OK) *ret_epoch = epoch;
    return code;
}

enum err store_tx_lease_release(struct store_tx *tx, const char *name, const char *owner, struct error *err)
{
    // The row stays: its epoch must go on rising.
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "UPDATE lease SET expires = 0 WHERE name = ? AND owner = ?");
    query_cstr(&q, name);
    query_cstr(&q, owner);
    return query_run(&q, err);
}

enum err store_tx_lease_reset(struct store_tx *tx, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(tx->reader.db, "UPDATE lease SET expires = 0 WHERE expires > 0");
    return query_run(&q, err);
}
