// SPDX-License-Identifier: Apache-2.0
// Webhooks and their sealed secrets. Called by: core (writes), notice, auth, cli (reads).
// Must never: keep more secrets of a hook than the current one and the one before.
#include "base/buf.h"
#include "store/internal.h"

#define COLUMNS "w.id, w.org_id, w.group_id, w.url, w.description, w.notices, w.enabled, w.reason, w.created "

// Types that this program does not know are left out: a newer one wrote them.
static notice_set parse_notices(struct slice text)
{
    notice_set set = 0;
    struct slice one;
    enum notice n;
    if (text.n == 0) return NOTICE_ALL;
    while (text.n) {
        (void)slice_cut(&text, ' ', &one);
        if (notice_parse(one, &n)) set |= (notice_set)1 << n;
    }
    return set;
}

// "" for all, those of later versions too.
static void format_notices(notice_set set, struct buf *out)
{
    if ((set & NOTICE_ALL) == NOTICE_ALL) return;
    for (unsigned i = 0; i < NOTICE_COUNT_; i++) {
        if (!(set & ((notice_set)1 << i))) continue;
        if (out->n) buf_char(out, ' ');
        buf_str(out, notice_type((enum notice)i));
    }
}

static void get_webhook(struct query *q, struct arena *a, struct webhook *w)
{
    *w = (struct webhook){.notices = 0};
    query_get_cstr(q, w->id, sizeof(w->id));
    query_get_cstr(q, w->org_id, sizeof(w->org_id));
    query_get_cstr(q, w->group_id, sizeof(w->group_id));
    query_get_cstr(q, w->url, sizeof(w->url));
    query_get_cstr(q, w->description, sizeof(w->description));
    w->notices = parse_notices(query_get_text(q));
    w->enabled = query_get_bool(q);
    w->reason = query_get_copy(q, a);
    w->created = query_get_wall(q);
}

static enum err get_secrets(struct store_reader *r, struct webhook *w, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(
        r->db, "SELECT created, until, key_id, nonce, sealed FROM webhook_secret WHERE webhook_id = ? ORDER BY slot");
    query_cstr(&q, w->id);
    for (;;) {
        bool row;
        enum err code = query_step(&q, &row, err);
        if (code != ERR_OK || !row) return code;
        ASSERT(w->secret_count < WEBHOOK_SECRETS); // slots 0 and 1, by CHECK and primary key
        struct webhook_secret *s = &w->secrets[w->secret_count++];
        s->created = query_get_wall(&q);
        s->until = query_get_wall(&q);
        query_get_cstr(&q, s->key_id, sizeof(s->key_id));
        query_get_blob(&q, s->nonce, sizeof(s->nonce));
        query_get_blob(&q, s->sealed, sizeof(s->sealed));
    }
}

static enum err collect(struct store_reader *r, struct query *q, struct arena *a, struct rows *rows, struct error *err)
{
    for (;;) {
        bool row;
        enum err code = query_step(q, &row, err);
        if (code != ERR_OK || !row) return code;
        struct webhook *w = rows_add(rows, a);
        if (!w) return rows_nomem(err);
        get_webhook(q, a, w);
        code = query_check(q, err);
        if (code == ERR_OK) code = get_secrets(r, w, err);
        if (code != ERR_OK) return code;
    }
}

enum err store_webhooks(struct store_reader *r, const char *org_id, struct arena *a, struct webhook **ret,
                        size_t *ret_n, struct error *err)
{
    struct rows rows = {.size = sizeof(struct webhook)};
    enum err code = reader_begin(r, err);
    if (code != ERR_OK) return code;
    {
        struct query q CLEANUP(query_close) =
            query_open(r->db, "SELECT " COLUMNS "FROM webhook AS w WHERE ?1 = '' OR w.org_id = ?1 ORDER BY w.id");
        query_cstr(&q, org_id ? org_id : "");
        code = collect(r, &q, a, &rows, err);
    }
    reader_end(r);
    if (code != ERR_OK) return code;
    *ret = rows.p;
    *ret_n = rows.n;
    return ERR_OK;
}

enum err store_webhook_get(struct store_reader *r, const char *id, struct arena *a, struct webhook *ret,
                           struct error *err)
{
    struct rows rows = {.size = sizeof(struct webhook)};
    enum err code = reader_begin(r, err);
    if (code != ERR_OK) return code;
    {
        struct query q CLEANUP(query_close) = query_open(r->db, "SELECT " COLUMNS "FROM webhook AS w WHERE w.id = ?");
        query_cstr(&q, id);
        code = collect(r, &q, a, &rows, err);
    }
    reader_end(r);
    if (code != ERR_OK) return code;
    if (rows.n == 0) return no_row(err, "webhook", id);
    *ret = *(struct webhook *)rows.p;
    return ERR_OK;
}

// ---- writes -----------------------------------------------------------------------------------------------

static enum err put_secret(struct store_tx *tx, const char *id, const struct webhook_secret *s, unsigned slot,
                           struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "INSERT OR REPLACE INTO webhook_secret (webhook_id, slot, created, until, key_id, "
                                  "nonce, sealed) VALUES (?, ?, ?, ?, ?, ?, ?)");
    query_cstr(&q, id);
    query_int(&q, slot);
    query_wall(&q, s->created);
    query_wall(&q, s->until);
    query_cstr(&q, s->key_id);
    query_blob(&q, s->nonce, sizeof(s->nonce));
    query_blob(&q, s->sealed, sizeof(s->sealed));
    return query_run(&q, err);
}

static enum err insert(struct store_tx *tx, const struct webhook *w, struct slice notices, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "INSERT INTO webhook (id, org_id, group_id, url, description, notices, enabled, "
                                  "reason, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    query_cstr(&q, w->id);
    query_cstr(&q, w->org_id);
    query_cstr(&q, w->group_id);
    query_cstr(&q, w->url);
    query_cstr(&q, w->description);
    query_text(&q, notices);
    query_int(&q, w->enabled);
    query_text(&q, w->reason);
    query_wall(&q, w->created);
    return query_run(&q, err);
}

enum err store_tx_webhook_insert(struct store_tx *tx, const struct webhook *w, struct error *err)
{
    char text[1024];
    struct buf notices = {.p = text, .cap = sizeof(text), .max = sizeof(text)};
    format_notices(w->notices, &notices);
    ASSERT(notices.fail == BUF_OK); // all types together are shorter
    enum err code = insert(tx, w, buf_view(&notices), err);
    for (unsigned i = 0; code == ERR_OK && i < w->secret_count; i++)
        code = put_secret(tx, w->id, &w->secrets[i], i, err);
    return code;
}

enum err store_tx_webhook_delete(struct store_tx *tx, const char *id, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(tx->reader.db, "DELETE FROM webhook WHERE id = ?");
    query_cstr(&q, id);
    enum err code = query_run(&q, err);
    return code == ERR_OK ? need_change(tx, "webhook", id, err) : code;
}

enum err store_tx_webhook_enable(struct store_tx *tx, const char *id, bool on, struct slice reason, bool *ret_changed,
                                 struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "UPDATE webhook SET enabled = ?1, reason = ?2 WHERE id = ?3 AND enabled <> ?1");
    query_int(&q, on);
    query_text(&q, reason);
    query_cstr(&q, id);
    enum err code = query_run(&q, err);
    if (code == ERR_OK) *ret_changed = db_changes(tx->reader.db) > 0;
    return code;
}

enum err store_tx_webhook_update(struct store_tx *tx, const struct webhook *w, struct error *err)
{
    char text[1024];
    struct buf notices = {.p = text, .cap = sizeof(text), .max = sizeof(text)};
    format_notices(w->notices, &notices);
    ASSERT(notices.fail == BUF_OK); // all types together are shorter
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "UPDATE webhook SET url = ?, description = ?, notices = ? WHERE id = ?");
    query_cstr(&q, w->url);
    query_cstr(&q, w->description);
    query_text(&q, buf_view(&notices));
    query_cstr(&q, w->id);
    enum err code = query_run(&q, err);
    return code == ERR_OK ? need_change(tx, "webhook", w->id, err) : code;
}

static enum err retire_secret(struct store_tx *tx, const char *id, struct wall until, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db,
                   "INSERT OR REPLACE INTO webhook_secret (webhook_id, slot, created, until, key_id, nonce, sealed) "
                   "SELECT webhook_id, 1, created, ?, key_id, nonce, sealed FROM webhook_secret "
                   "WHERE webhook_id = ? AND slot = 0");
    query_wall(&q, until);
    query_cstr(&q, id);
    enum err code = query_run(&q, err);
    return code == ERR_OK ? need_change(tx, "webhook", id, err) : code;
}

enum err store_tx_webhook_rotate(struct store_tx *tx, const char *id, const struct webhook_secret *s, struct wall until,
                                 struct error *err)
{
    enum err code = retire_secret(tx, id, until, err);
    return code == ERR_OK ? put_secret(tx, id, s, 0, err) : code;
}
