// SPDX-License-Identifier: Apache-2.0
// Audit events and leases. Called by: core and auth (events in the transaction of the change), reconcile (leases), api.
// Must never: change or delete an event.
#include "store/internal.h"

const char *const actor_kinds[ACTOR_KINDS] = {[PRINCIPAL_API_KEY] = "api_key",
                                              [PRINCIPAL_SERVICE_ACCOUNT] = "service_account",
                                              [PRINCIPAL_LOCAL] = "local",
                                              [PRINCIPAL_PERSON] = "person"};

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

// The actor's id is that of the credential: an event names its actor, and the credential may be gone.
#define COLUMNS                                                                                                        \
    "seq, group_id, id, created, org_id, type, actor_kind, actor, "                                                    \
    "coalesce((SELECT p.id FROM principal AS p WHERE p.name = actor AND p.kind = actor_kind), ''), "                   \
    "remote, resource, detail"
#define SELECT "SELECT " COLUMNS " FROM event "

static void get_event(struct query *q, struct arena *a, void *row)
{
    struct event_row *e = row;
    e->seq = query_get_int(q);
    query_get_cstr(q, e->group_id, sizeof(e->group_id));
    query_get_cstr(q, e->id, sizeof(e->id));
    e->created = query_get_wall(q);
    query_get_cstr(q, e->org_id, sizeof(e->org_id));
    query_get_cstr(q, e->type, sizeof(e->type));
    e->actor_kind = (enum principal_kind)name_index(query_get_text(q), actor_kinds, ARRAY_LEN(actor_kinds));
    query_get_cstr(q, e->actor, sizeof(e->actor));
    query_get_cstr(q, e->actor_id, sizeof(e->actor_id));
    query_get_cstr(q, e->remote, sizeof(e->remote));
    e->resource = query_get_copy(q, a);
    e->detail = query_get_copy(q, a);
}

enum err store_events(struct store_reader *r, const char *group_id, struct page page, struct arena *a,
                      struct event_row **ret, size_t *ret_n, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, group_id ? SELECT "WHERE group_id = ? ORDER BY seq DESC LIMIT ? OFFSET ?"
                                   : SELECT "ORDER BY seq DESC LIMIT ? OFFSET ?");
    if (group_id) query_cstr(&q, group_id);
    query_int(&q, page.size);
    query_int(&q, page_offset(page));
    struct rows rows = {.size = sizeof(struct event_row)};
    enum err code = rows_collect(&q, a, &rows, get_event, err);
    if (code != ERR_OK) return code;
    *ret = rows.p;
    *ret_n = rows.n;
    return ERR_OK;
}

// ---- events by filter --------------------------------------------------------------------------------------

// ?1 is the scope's id. An organisation's own events are those of no group, and the first and last ones of its groups;
// the condition is that of the index event_of_org, word by word, or it would not be used.
enum scope { SCOPE_ALL, SCOPE_GROUP, SCOPE_ORG, SCOPE_COUNT_ };
#define IN_ALL   "WHERE ?1 = '' "
#define IN_GROUP "WHERE group_id = ?1 "
#define IN_ORG   "WHERE org_id = ?1 AND (group_id = '' OR type IN ('GROUP_CREATED', 'GROUP_DELETED')) "
#define FILTERS                                                                                                        \
    "AND (?2 = '' OR resource = ?2) AND (?3 OR type IN (SELECT value FROM json_each(?4))) "                            \
    "AND type NOT IN (SELECT value FROM json_each(?5)) AND created >= ?6 AND created < ?7 "
#define PAGE "LIMIT ?8 OFFSET ?9"

static const char *const counts[SCOPE_COUNT_] = {[SCOPE_ALL] = "SELECT count(*) FROM event " IN_ALL FILTERS,
                                                 [SCOPE_GROUP] = "SELECT count(*) FROM event " IN_GROUP FILTERS,
                                                 [SCOPE_ORG] = "SELECT count(*) FROM event " IN_ORG FILTERS};
static const char *const newest[SCOPE_COUNT_] = {[SCOPE_ALL] = SELECT IN_ALL FILTERS "ORDER BY seq DESC " PAGE,
                                                 [SCOPE_GROUP] = SELECT IN_GROUP FILTERS "ORDER BY seq DESC " PAGE,
                                                 [SCOPE_ORG] = SELECT IN_ORG FILTERS "ORDER BY seq DESC " PAGE};
static const char *const oldest[SCOPE_COUNT_] = {[SCOPE_ALL] = SELECT IN_ALL FILTERS "ORDER BY seq " PAGE,
                                                 [SCOPE_GROUP] = SELECT IN_GROUP FILTERS "ORDER BY seq " PAGE,
                                                 [SCOPE_ORG] = SELECT IN_ORG FILTERS "ORDER BY seq " PAGE};
static const char *const by_id[SCOPE_COUNT_] = {[SCOPE_ALL] = SELECT IN_ALL "AND id = ?2",
                                                [SCOPE_GROUP] = SELECT IN_GROUP "AND id = ?2",
                                                [SCOPE_ORG] = SELECT IN_ORG "AND id = ?2"};

static enum scope scope_of(const struct event_filter *f)
{
    return f->group_id ? SCOPE_GROUP : f->org_id ? SCOPE_ORG : SCOPE_ALL;
}

static const char *scope_id_of(const struct event_filter *f)
{
    return f->group_id ? f->group_id : f->org_id ? f->org_id : "";
}

static void bind_filters(struct query *q, const struct event_filter *f)
{
    query_cstr(q, scope_id_of(f));
    query_text(q, f->resource.n ? f->resource : SLICE(""));
    query_int(q, f->types.p == NULL);
    query_text(q, f->types.p ? f->types : SLICE("[]"));
    query_text(q, f->not_types.p ? f->not_types : SLICE("[]"));
    query_wall(q, f->since);
    query_int(q, f->until.us ? (wall_sec(f->until) + 1) * US_PER_SEC : INT64_MAX);
}

static bool is_plain(const struct event_filter *f)
{
    return f->group_id && !f->resource.n && !f->types.p && !f->not_types.p && !f->since.us && !f->until.us;
}

// A group's plain list is what clients ask for: counted in the index alone.
static enum err count(struct store_reader *r, const struct event_filter *f, uint64_t *ret, struct error *err)
{
    bool plain = is_plain(f);
    struct query q CLEANUP(query_close) =
        query_open(r->db, plain ? "SELECT count(*) FROM event WHERE group_id = ?" : counts[scope_of(f)]);
    if (plain)
        query_cstr(&q, f->group_id);
    else
        bind_filters(&q, f);
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code == ERR_OK) *ret = (uint64_t)query_get_int(&q);
    return code;
}

static enum err page_of(struct store_reader *r, const struct event_filter *f, struct arena *a, struct rows *rows,
                        struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, f->oldest_first ? oldest[scope_of(f)] : newest[scope_of(f)]);
    bind_filters(&q, f);
    query_int(&q, f->page.size);
    query_int(&q, page_offset(f->page));
    return rows_collect(&q, a, rows, get_event, err);
}

enum err store_events_find(struct store_reader *r, const struct event_filter *f, struct arena *a,
                           struct event_row **ret, size_t *ret_n, uint64_t *ret_total, struct error *err)
{
    struct rows rows = {.size = sizeof(struct event_row)};
    uint64_t total = 0;
    enum err code = reader_begin(r, err);
    if (code != ERR_OK) return code;
    if (!f->uncounted) code = count(r, f, &total, err);
    if (code == ERR_OK) code = page_of(r, f, a, &rows, err);
    reader_end(r);
    if (code != ERR_OK) return code;
    *ret = rows.p;
    *ret_n = rows.n;
    *ret_total = total;
    return ERR_OK;
}

enum err store_event_get(struct store_reader *r, const struct event_filter *f, const char *id, struct arena *a,
                         struct event_row *ret, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(r->db, by_id[scope_of(f)]);
    query_cstr(&q, scope_id_of(f));
    query_cstr(&q, id);
    struct rows rows = {.size = sizeof(struct event_row)};
    enum err code = rows_collect(&q, a, &rows, get_event, err);
    if (code != ERR_OK) return code;
    if (rows.n == 0) return no_row(err, "event", id);
    *ret = *(const struct event_row *)rows.p;
    return ERR_OK;
}

enum err store_event_last(struct store_reader *r, int64_t *ret, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(r->db, "SELECT coalesce(max(seq), 0) FROM event");
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code == ERR_OK) *ret = query_get_int(&q);
    return code;
}

enum err store_event_between(struct store_reader *r, const char *group_id, int64_t after, int64_t until,
                             struct slice resource, bool *ret, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT 1 FROM event WHERE group_id = ? AND seq > ? AND seq <= ? AND resource = ? LIMIT 1");
    query_cstr(&q, group_id);
    query_int(&q, after);
    query_int(&q, until);
    query_text(&q, resource);
    return query_step(&q, ret, err);
}

static enum err rows_after(struct store_reader *r, int64_t after, size_t max, struct arena *a, struct rows *rows,
                           struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(r->db, SELECT "WHERE seq > ? ORDER BY seq LIMIT ?");
    query_int(&q, after);
    query_int(&q, (int64_t)max);
    return rows_collect(&q, a, rows, get_event, err);
}

enum err store_events_after(struct store_reader *r, int64_t after, size_t max, struct arena *a, struct event_row **ret,
                            size_t *ret_n, int64_t *ret_last, struct error *err)
{
    struct rows rows = {.size = sizeof(struct event_row)};
    int64_t last = 0;
    enum err code = reader_begin(r, err);
    if (code != ERR_OK) return code;
    code = store_event_last(r, &last, err);
    if (code == ERR_OK) code = rows_after(r, after, max, a, &rows, err);
    reader_end(r);
    if (code != ERR_OK) return code;
    *ret = rows.p;
    *ret_n = rows.n;
    *ret_last = last;
    return ERR_OK;
}

enum err store_events_of_group(struct store_reader *r, const char *group_id, int64_t after, size_t max, struct arena *a,
                               struct event_row **ret, size_t *ret_n, struct error *err)
{
    struct rows rows = {.size = sizeof(struct event_row)};
    struct query q CLEANUP(query_close) =
        query_open(r->db, SELECT "WHERE group_id = ? AND seq > ? ORDER BY seq LIMIT ?");
    query_cstr(&q, group_id);
    query_int(&q, after);
    query_int(&q, (int64_t)max);
    enum err code = rows_collect(&q, a, &rows, get_event, err);
    if (code != ERR_OK) return code;
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
