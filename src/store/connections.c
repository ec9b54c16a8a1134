// SPDX-License-Identifier: Apache-2.0
// Connection rows: single reads and writes. Lists are in connection_list.c. Called by: core (writes), api, reconcile.
// Must never: decide a status (core/transition.c does).
#include "store/internal.h"

void get_connection(struct query *q, struct arena *a, struct connection *c)
{
    query_get_cstr(q, c->group_id, sizeof(c->group_id));
    query_get_cstr(q, c->id, sizeof(c->id));
    query_get_cstr(q, c->network_id, sizeof(c->network_id));
    query_get_cstr(q, c->name, sizeof(c->name));
    query_get_cstr(q, c->requester_account, sizeof(c->requester_account));
    query_get_cstr(q, c->requester_vpc, sizeof(c->requester_vpc));
    query_get_cstr(q, c->requester_region, sizeof(c->requester_region));
    query_get_cstr(q, c->accepter_account, sizeof(c->accepter_account));
    query_get_cstr(q, c->accepter_vpc, sizeof(c->accepter_vpc));
    query_get_cstr(q, c->accepter_region, sizeof(c->accepter_region));
    c->requester_cidrs = query_get_copy(q, a);
    c->accepter_cidrs = query_get_copy(q, a);
    query_get_cstr(q, c->cloud_status, sizeof(c->cloud_status));
    c->cloud_message = query_get_copy(q, a);
    bool known = local_status_parse(query_get_text(q), &c->local_status);
    ASSERT(known); // the column's CHECK admits no other value
    c->status_message = query_get_copy(q, a);
    c->expiration = query_get_wall(q);
    c->first_seen = query_get_wall(q);
    c->changed = query_get_wall(q);
    c->missing_since = query_get_wall(q);
    c->terminal_since = query_get_wall(q);
    c->listed = query_get_bool(q);
    c->is_protected = query_get_bool(q);
    c->scan_failed = false;
    c->scan_failure = (struct slice){NULL, 0};
}

// ---- the overlay ------------------------------------------------------------------------------------------

struct failed_network {
    char id[OID_HEX + 1];
    struct slice failure;
};

static enum err failed_networks(struct store_reader *r, struct arena *a, struct rows *rows, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT id, failure FROM network WHERE failed = 1 AND removed = 0 ORDER BY id");
    for (;;) {
        bool row;
        enum err code = query_step(&q, &row, err);
        if (code != ERR_OK || !row) return code;
        struct failed_network *f = rows_add(rows, a);
        if (!f) return rows_nomem(err);
        query_get_cstr(&q, f->id, sizeof(f->id));
        f->failure = query_get_copy(&q, a);
    }
}

static const struct failed_network *find_failed(const struct failed_network *f, size_t n, const char *id)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = strcmp(f[mid].id, id);
        if (c == 0) return &f[mid];
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

enum err overlay_scans(struct store_reader *r, struct connection *rows, size_t n, struct arena *a, struct error *err)
{
    if (n == 0) return ERR_OK;
    struct rows failed = {.size = sizeof(struct failed_network)};
    enum err code = failed_networks(r, a, &failed, err);
    if (code != ERR_OK || failed.n == 0) return code;
    for (size_t i = 0; i < n; i++) {
        const struct failed_network *f = find_failed(failed.p, failed.n, rows[i].network_id);
        if (!f) continue;
        rows[i].scan_failed = true;
        rows[i].scan_failure = f->failure;
    }
    return ERR_OK;
}

// ---- single rows ------------------------------------------------------------------------------------------

static enum err get_one(struct query *q, struct arena *a, struct slice id, struct connection *ret, struct error *err)
{
    bool row;
    enum err code = query_step(q, &row, err);
    if (code != ERR_OK) return code;
    if (!row) return error_set(err, ERR_NOT_FOUND, "there is no connection %.*s", SLICE_FMT(id));
    get_connection(q, a, ret);
    return query_check(q, err);
}

static enum err find_by_name(struct store_reader *r, const char *group_id, struct slice name, struct arena *a,
                             struct connection *ret, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT " CONNECTION_COLUMNS " FROM connection WHERE group_id = ? AND name = ? "
                          "ORDER BY listed DESC, id DESC LIMIT 1");
    query_cstr(&q, group_id);
    query_text(&q, name);
    return get_one(&q, a, name, ret, err);
}

static enum err find_by_id(struct store_reader *r, const char *group_id, struct slice id, struct arena *a,
                           struct connection *ret, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT " CONNECTION_COLUMNS " FROM connection WHERE group_id = ? AND id = ?");
    query_cstr(&q, group_id);
    query_text(&q, id);
    return get_one(&q, a, id, ret, err);
}

enum err store_connection_get(struct store_reader *r, const char *group_id, struct slice name_or_id, struct arena *a,
                              struct connection *ret, struct error *err)
{
    struct connection c;
    bool is_name = slice_starts(name_or_id, SLICE("pcx-"));
    enum err code = reader_begin(r, err);
    if (code != ERR_OK) return code;
    code = (is_name ? find_by_name : find_by_id)(r, group_id, name_or_id, a, &c, err);
    if (code == ERR_OK) code = overlay_scans(r, &c, 1, a, err);
    reader_end(r);
    if (code == ERR_OK) *ret = c;
    return code;
}

enum err store_connection_of_network(struct store_reader *r, const char *network_id, struct slice name, struct arena *a,
                                     struct connection *ret, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT " CONNECTION_COLUMNS " FROM connection WHERE network_id = ? AND name = ?");
    query_cstr(&q, network_id);
    query_text(&q, name);
    struct connection c;
    enum err code = get_one(&q, a, name, &c, err);
    if (code == ERR_OK) *ret = c;
    return code;
}

enum err store_tx_connection_get(struct store_tx *tx, const char *id, struct arena *a, struct connection *ret,
                                 struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "SELECT " CONNECTION_COLUMNS " FROM connection WHERE id = ?");
    query_cstr(&q, id);
    struct connection c;
    enum err code = get_one(&q, a, slice_of(id), &c, err);
    if (code == ERR_OK) *ret = c;
    return code;
}

// ---- writes -----------------------------------------------------------------------------------------------

static int64_t expiry_order(const struct connection *c)
{
    struct wall shown = connection_shown_expiration(c);
    return shown.us ? shown.us : INT64_MAX;
}

// Everything that an update may change, in the order of both statements.
static void bind_changing(struct query *q, const struct connection *c)
{
    query_cstr(q, c->requester_account);
    query_cstr(q, c->requester_vpc);
    query_cstr(q, c->requester_region);
    query_cstr(q, c->accepter_account);
    query_cstr(q, c->accepter_vpc);
    query_cstr(q, c->accepter_region);
    query_text(q, c->requester_cidrs);
    query_text(q, c->accepter_cidrs);
    query_cstr(q, c->cloud_status);
    query_text(q, c->cloud_message);
    query_cstr(q, local_status_name(c->local_status));
    query_text(q, c->status_message);
    query_wall(q, c->expiration);
    query_wall(q, c->first_seen);
    query_wall(q, c->changed);
    query_wall(q, c->missing_since);
    query_wall(q, c->terminal_since);
    query_int(q, c->listed);
    query_int(q, c->is_protected);
    query_int(q, expiry_order(c));
}

enum err store_tx_connection_insert(struct store_tx *tx, const struct connection *c, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "INSERT INTO connection (" CONNECTION_COLUMNS ", expiry_order) VALUES "
                                  "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    query_cstr(&q, c->group_id);
    query_cstr(&q, c->id);
    query_cstr(&q, c->network_id);
    query_cstr(&q, c->name);
    bind_changing(&q, c);
    enum err code = query_run(&q, err);
    if (code == ERR_EXISTS) return error_set(err, code, "the network has a connection %s already", c->name);
    if (code == ERR_NOT_FOUND) return no_row(err, "group or network", c->network_id);
    tx->lists_changed = true;
    return code;
}

enum err store_tx_connection_update(struct store_tx *tx, const struct connection *c, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(
        tx->reader.db,
        "UPDATE connection SET requester_account = ?, requester_vpc = ?, requester_region = ?, accepter_account = ?, "
        "accepter_vpc = ?, accepter_region = ?, requester_cidrs = ?, accepter_cidrs = ?, cloud_status = ?, "
        "cloud_message = ?, local_status = ?, status_message = ?, expiration = ?, first_seen = ?, changed = ?, "
        "missing_since = ?, terminal_since = ?, listed = ?, protected = ?, expiry_order = ? WHERE id = ?");
    bind_changing(&q, c);
    query_cstr(&q, c->id);
    tx->lists_changed = true;
    enum err code = query_run(&q, err);
    return code == ERR_OK ? need_change(tx, "connection", c->id, err) : code;
}

enum err store_tx_connection_protect(struct store_tx *tx, const char *id, bool on, bool *ret_changed, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "UPDATE connection SET protected = ?1 WHERE id = ?2 AND protected <> ?1");
    query_int(&q, on);
    query_cstr(&q, id);
    enum err code = query_run(&q, err);
    if (code == ERR_OK) *ret_changed = db_changes(tx->reader.db) > 0;
    return code;
}
