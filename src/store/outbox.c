// SPDX-License-Identifier: Apache-2.0
// The outbox: what is to be sent to webhooks, in which order, and what came of it; and which requests expire soon.
// Called by: core (writes), notice, cli (reads). Must never: grow past its bound, fail a write because it is full, or
// let two of one hook and lane be pending (an index sees to it).
#include "store/internal.h"

// A lane is what keeps its order: a hook, a group and a subject.
#define SAME_LANE(a, b)                                                                                                \
    a ".webhook_id = " b ".webhook_id AND " a ".group_id = " b ".group_id AND " a ".subject = " b ".subject"
#define REACHES                                                                                                        \
    "w.enabled = 1 AND w.org_id = ?2 AND w.group_id IN ('', ?3) AND "                                                  \
    "(w.notices = '' OR instr(' ' || w.notices || ' ', ' ' || ?4 || ' ') > 0)"

// ---- reads ------------------------------------------------------------------------------------------------

#define COLUMNS                                                                                                        \
    "o.seq, o.id, o.webhook_id, o.org_id, o.group_id, o.notice, o.subject, o.created, o.queued, o.state, "             \
    "o.not_before, o.attempts, o.last_attempt, o.finished, o.status, o.reason, "
#define WITH_BODY    "SELECT " COLUMNS "o.body FROM outbox AS o "
#define WITHOUT_BODY "SELECT " COLUMNS "'' FROM outbox AS o "

static void get_delivery(struct query *q, struct arena *a, struct delivery *d)
{
    d->seq = query_get_int(q);
    query_get_cstr(q, d->id, sizeof(d->id));
    query_get_cstr(q, d->webhook_id, sizeof(d->webhook_id));
    query_get_cstr(q, d->org_id, sizeof(d->org_id));
    query_get_cstr(q, d->group_id, sizeof(d->group_id));
    if (!notice_parse(query_get_text(q), &d->notice)) d->notice = NOTICE_TEST; // of a newer version; the body tells
    d->subject = query_get_copy(q, a);
    d->created = query_get_wall(q);
    d->queued = query_get_wall(q);
    bool known = delivery_state_parse(query_get_text(q), &d->state);
    ASSERT(known); // the column's CHECK admits no other values
    d->not_before = query_get_wall(q);
    d->attempts = (uint32_t)query_get_int(q);
    d->last_attempt = query_get_wall(q);
    d->finished = query_get_wall(q);
    d->status = (uint32_t)query_get_int(q);
    d->reason = query_get_copy(q, a);
    d->body = query_get_copy(q, a);
}

static enum err get_one(struct query *q, struct arena *a, struct delivery *ret, bool *ret_row, struct error *err)
{
    struct delivery d;
    enum err code = query_step(q, ret_row, err);
    if (code != ERR_OK || !*ret_row) return code;
    get_delivery(q, a, &d);
    code = query_check(q, err);
    if (code == ERR_OK) *ret = d;
    return code;
}

enum err store_hooks_due(struct store_reader *r, struct arena *a, struct hook_due **ret, size_t *ret_n,
                         struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(
        r->db, "SELECT id, due FROM (SELECT w.id, (SELECT min(o.not_before) FROM outbox AS o INDEXED BY outbox_due "
               "WHERE o.webhook_id = w.id AND o.state = 'pending') AS due FROM webhook AS w WHERE w.enabled = 1) "
               "WHERE due IS NOT NULL");
    struct rows rows = {.size = sizeof(struct hook_due)};
    for (;;) {
        bool row;
        enum err code = query_step(&q, &row, err);
        if (code != ERR_OK) return code;
        if (!row) break;
        struct hook_due *h = rows_add(&rows, a);
        if (!h) return rows_nomem(err);
        query_get_cstr(&q, h->webhook_id, sizeof(h->webhook_id));
        h->not_before = query_get_wall(&q);
    }
    *ret = rows.p;
    *ret_n = rows.n;
    return ERR_OK;
}

enum err store_outbox_first(struct store_reader *r, const char *webhook_id, struct arena *a, struct delivery *ret,
                            struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(r->db, WITH_BODY "INDEXED BY outbox_due WHERE o.webhook_id = ? "
                                                                      "AND o.state = 'pending' "
                                                                      "ORDER BY o.not_before, o.seq LIMIT 1");
    query_cstr(&q, webhook_id);
    bool row;
    enum err code = get_one(&q, a, ret, &row, err);
    return code == ERR_OK && !row ? no_row(err, "pending delivery of webhook", webhook_id) : code;
}

enum err store_outbox_get(struct store_reader *r, int64_t seq, struct arena *a, struct delivery *ret, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(r->db, WITH_BODY "WHERE o.seq = ?");
    query_int(&q, seq);
    bool row;
    enum err code = get_one(&q, a, ret, &row, err);
    return code == ERR_OK && !row ? error_set(err, ERR_NOT_FOUND, "there is no delivery %lld", (long long)seq) : code;
}

#define OF_FILTER "WHERE (?1 = '' OR o.webhook_id = ?1) AND (?2 = '' OR o.id = ?2) AND (?3 = '' OR o.state = ?3) "

static void bind_filter(struct query *q, const struct delivery_filter *f)
{
    query_cstr(q, f->webhook_id ? f->webhook_id : "");
    query_cstr(q, f->id ? f->id : "");
    query_cstr(q, f->state >= 0 ? delivery_state_name((enum delivery_state)f->state) : "");
}

enum err store_deliveries_count(struct store_reader *r, const struct delivery_filter *f, uint64_t *ret,
                                struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(r->db, "SELECT count(*) FROM outbox AS o " OF_FILTER);
    bind_filter(&q, f);
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code == ERR_OK) *ret = (uint64_t)query_get_int(&q);
    return code;
}

enum err store_deliveries(struct store_reader *r, const struct delivery_filter *f, struct arena *a,
                          struct delivery **ret, size_t *ret_n, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, WITHOUT_BODY OF_FILTER "ORDER BY o.seq DESC LIMIT ?4 OFFSET ?5");
    bind_filter(&q, f);
    query_int(&q, f->page.size);
    query_int(&q, page_offset(f->page));
    struct rows rows = {.size = sizeof(struct delivery)};
    for (;;) {
        bool row;
        enum err code = query_step(&q, &row, err);
        if (code != ERR_OK) return code;
        if (!row) break;
        struct delivery *d = rows_add(&rows, a);
        if (!d) return rows_nomem(err);
        get_delivery(&q, a, d);
    }
    *ret = rows.p;
    *ret_n = rows.n;
    return ERR_OK;
}

enum err store_outbox_stats(struct store_reader *r, const char *webhook_id, struct outbox_stats *ret, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT count(*) FILTER (WHERE state <> 'dead'), count(*) FILTER (WHERE state = 'dead'), "
                          "coalesce(min(queued) FILTER (WHERE state <> 'dead'), 0) FROM outbox WHERE "
                          "state IN ('pending', 'waiting', 'dead') AND (?1 = '' OR webhook_id = ?1)");
    query_cstr(&q, webhook_id ? webhook_id : "");
    bool row;
    struct outbox_stats s = {.pending = 0};
    enum err code = query_step(&q, &row, err);
    if (code != ERR_OK) return code;
    s.pending = (uint64_t)query_get_int(&q);
    s.dead = (uint64_t)query_get_int(&q);
    s.oldest = query_get_wall(&q);
    code = query_check(&q, err);
    if (code == ERR_OK) *ret = s;
    return code;
}

enum err store_outbox_wanted(struct store_reader *r, const struct delivery *d, bool *ret, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(r->db, "SELECT ?1 = '' FROM webhook AS w WHERE " REACHES);
    query_cstr(&q, "");
    query_cstr(&q, d->org_id);
    query_cstr(&q, d->group_id);
    query_cstr(&q, notice_type(d->notice));
    return query_step(&q, ret, err);
}

// ---- making room ------------------------------------------------------------------------------------------

static enum err number_of(struct store_tx *tx, const char *sql, int64_t *ret, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(tx->reader.db, sql);
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code == ERR_OK) *ret = row ? query_get_int(&q) : 0;
    return code;
}

static enum err delete_oldest(struct store_tx *tx, const char *sql, int64_t *left, int64_t *ret_gone, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(tx->reader.db, sql);
    query_int(&q, *left);
    enum err code = query_run(&q, err);
    if (code != ERR_OK) return code;
    *ret_gone = db_changes(tx->reader.db);
    *left -= *ret_gone;
    return ERR_OK;
}

// The next of every lane that has none pending.
static enum err promote(struct store_tx *tx, struct wall now, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(
        tx->reader.db,
        "UPDATE outbox SET state = 'pending', not_before = ? WHERE seq IN (SELECT min(w.seq) FROM outbox AS w "
        "WHERE w.state = 'waiting' AND NOT EXISTS (SELECT 1 FROM outbox AS p WHERE p.state = 'pending' AND " SAME_LANE(
            "p", "w") ") GROUP BY w.webhook_id, w.group_id, w.subject)");
    query_wall(&q, now);
    return query_run(&q, err);
}

static enum err make_room(struct store_tx *tx, struct wall now, uint64_t *ret_dropped, struct error *err)
{
    int64_t max = tx->store->options.outbox_max, n, gone = 0;
    // The span of seq is never less than the rows, and costs nothing.
    enum err code = number_of(tx, "SELECT coalesce(max(seq) - min(seq) + 1, 0) FROM outbox", &n, err);
    if (code == ERR_OK && n >= max) code = number_of(tx, "SELECT count(*) FROM outbox", &n, err);
    if (code != ERR_OK || n < max) return code;
    int64_t left = n - max + max / 10 + 1;
    code = delete_oldest(tx,
                         "DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox WHERE state = 'delivered' "
                         "ORDER BY seq LIMIT ?)",
                         &left, &gone, err);
    if (code == ERR_OK && left > 0)
        code = delete_oldest(tx,
                             "DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox WHERE state = 'dead' "
                             "ORDER BY seq LIMIT ?)",
                             &left, &gone, err);
    if (code != ERR_OK || left <= 0) return code;
    code = delete_oldest(tx, "DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox ORDER BY seq LIMIT ?)", &left,
                         &gone, err);
    if (code != ERR_OK) return code;
    *ret_dropped += (uint64_t)gone;
    return promote(tx, now, err);
}

// ---- writes -----------------------------------------------------------------------------------------------

enum err store_tx_outbox_add(struct store_tx *tx, const struct delivery *d, const char *only_webhook, uint64_t *ret_n,
                             uint64_t *ret_dropped, struct error *err)
{
    *ret_n = *ret_dropped = 0;
    enum err code = make_room(tx, d->created, ret_dropped, err);
    if (code != ERR_OK) return code;
#define INSERT                                                                                                         \
    "INSERT INTO outbox (id, webhook_id, org_id, group_id, notice, subject, created, queued, state, not_before, "      \
    "attempts, last_attempt, finished, status, reason, body) "                                                         \
    "SELECT ?1, w.id, ?2, ?3, ?4, ?5, ?6, ?6, CASE WHEN EXISTS (SELECT 1 FROM outbox AS p WHERE p.webhook_id = w.id "  \
    "AND p.group_id = ?3 AND p.subject = ?5 AND p.state IN ('pending', 'waiting')) THEN 'waiting' ELSE 'pending' "     \
    "END, ?6, 0, 0, 0, 0, '', ?7 FROM webhook AS w WHERE "
    struct query q CLEANUP(query_close) = query_open(tx->reader.db, only_webhook ? INSERT "w.id = ?8" : INSERT REACHES);
    query_cstr(&q, d->id);
    query_cstr(&q, d->org_id);
    query_cstr(&q, d->group_id);
    query_cstr(&q, notice_type(d->notice));
    query_text(&q, d->subject);
    query_wall(&q, d->created);
    query_text(&q, d->body);
    if (only_webhook) query_cstr(&q, only_webhook);
    code = query_run(&q, err);
    if (code == ERR_OK) *ret_n = (uint64_t)db_changes(tx->reader.db);
    return code;
}

// The next of the lane of a row that has ended.
static enum err promote_next(struct store_tx *tx, int64_t seq, struct wall now, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "UPDATE outbox SET state = 'pending', not_before = ?1 WHERE seq = (SELECT min(w.seq) "
                                  "FROM outbox AS w JOIN outbox AS e ON e.seq = ?2 AND " SAME_LANE("w", "e") //
                   " WHERE w.state = 'waiting')");
    query_wall(&q, now);
    query_int(&q, seq);
    return query_run(&q, err);
}

enum err store_tx_outbox_outcome(struct store_tx *tx, const struct delivery *d, struct error *err)
{
    {
        struct query q CLEANUP(query_close) = query_open(
            tx->reader.db, "UPDATE outbox SET state = ?, not_before = ?, attempts = ?, last_attempt = ?, finished = ?, "
                           "status = ?, reason = ? WHERE seq = ? AND id = ? AND state = 'pending'");
        query_cstr(&q, delivery_state_name(d->state));
        query_wall(&q, d->not_before);
        query_int(&q, d->attempts);
        query_wall(&q, d->last_attempt);
        query_wall(&q, d->finished);
        query_int(&q, d->status);
        query_text(&q, d->reason);
        query_int(&q, d->seq);
        query_cstr(&q, d->id);
        enum err code = query_run(&q, err);
        if (code == ERR_OK) code = need_change(tx, "pending delivery", d->id, err);
        if (code != ERR_OK) return code;
    }
    bool ended = d->state == DELIVERY_DONE || d->state == DELIVERY_DEAD;
    return ended ? promote_next(tx, d->seq, d->last_attempt, err) : ERR_OK;
}

enum err store_tx_outbox_hurry(struct store_tx *tx, const char *webhook_id, struct wall now, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "UPDATE outbox SET not_before = ?1 WHERE webhook_id = ?2 AND state = 'pending' AND "
                                  "attempts > 0 AND not_before > ?1");
    query_wall(&q, now);
    query_cstr(&q, webhook_id);
    return query_run(&q, err);
}

enum err store_tx_outbox_replay(struct store_tx *tx, const char *webhook_id, const char *id, struct wall since,
                                struct wall now, uint64_t *ret_n, struct error *err)
{
    {
        struct query q CLEANUP(query_close) =
            query_open(tx->reader.db, "UPDATE outbox SET state = 'waiting', queued = ?1, attempts = 0, finished = 0, "
                                      "status = 0, reason = '' WHERE state IN ('delivered', 'dead') AND "
                                      "webhook_id = ?2 AND (?3 = '' OR id = ?3) AND created >= ?4");
        query_wall(&q, now);
        query_cstr(&q, webhook_id);
        query_cstr(&q, id ? id : "");
        query_wall(&q, since);
        enum err code = query_run(&q, err);
        if (code != ERR_OK) return code;
        *ret_n = (uint64_t)db_changes(tx->reader.db);
    }
    return promote(tx, now, err);
}

enum err store_tx_outbox_prune(struct store_tx *tx, struct wall before, uint64_t *ret_n, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "DELETE FROM outbox WHERE state IN ('delivered', 'dead') AND finished < ?");
    query_wall(&q, before);
    enum err code = query_run(&q, err);
    if (code == ERR_OK) *ret_n = (uint64_t)db_changes(tx->reader.db);
    return code;
}

// ---- expiry -----------------------------------------------------------------------------------------------

#define HOUR_US "3600000000"

enum err store_expiring(struct store_reader *r, struct wall now, size_t max, struct arena *a, struct connection **ret,
                        size_t *ret_n, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(
        r->db, "SELECT " CONNECTION_COLUMNS " FROM connection INDEXED BY connection_expiring WHERE listed = 1 AND "
               "missing_since = 0 AND cloud_status = 'pending-acceptance' AND expiration > ?1 AND "
               "expiration <= ?2 AND (expiry_told = 0 OR expiry_told > CASE "
#define EXPIRING_AT(hours) "WHEN expiration - ?1 <= " #hours " * " HOUR_US " THEN " #hours " "
#include "spec/notices.def"
#undef EXPIRING_AT
               "ELSE 1000 END) ORDER BY expiration LIMIT ?3");
    query_wall(&q, now);
    query_wall(&q, (struct wall){now.us + EXPIRING_FIRST_HOURS * 3600 * US_PER_SEC});
    query_int(&q, (int64_t)MIN(max, (size_t)INT32_MAX));
    struct rows rows = {.size = sizeof(struct connection)};
    for (;;) {
        bool row;
        enum err code = query_step(&q, &row, err);
        if (code != ERR_OK) return code;
        if (!row) break;
        struct connection *c = rows_add(&rows, a);
        if (!c) return rows_nomem(err);
        get_connection(&q, a, c);
    }
    *ret = rows.p;
    *ret_n = rows.n;
    return ERR_OK;
}

enum err store_tx_expiry_told(struct store_tx *tx, const char *connection_id, unsigned hours, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "UPDATE connection SET expiry_told = ? WHERE id = ?");
    query_int(&q, hours);
    query_cstr(&q, connection_id);
    enum err code = query_run(&q, err);
    return code == ERR_OK ? need_change(tx, "connection", connection_id, err) : code;
}
