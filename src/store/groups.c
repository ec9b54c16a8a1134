// SPDX-License-Identifier: Apache-2.0
// Groups and their lists. Called by: core (writes), api, reconcile, cli (reads). Must never: show a deleted group, or
// one to a caller whose grants do not reach it.
#include "store/internal.h"

#define COLUMNS "id, org_id, name, created, flags, tags"

static void get_group(struct query *q, struct arena *a, struct group *g)
{
    query_get_cstr(q, g->id, sizeof(g->id));
    query_get_cstr(q, g->org_id, sizeof(g->org_id));
    query_get_cstr(q, g->name, sizeof(g->name));
    g->created = query_get_wall(q);
    g->flags = (flag_set)query_get_int(q);
    g->tags = a ? query_get_copy(q, a) : (struct slice){NULL, 0};
}

static enum err get_one(struct query *q, struct arena *a, const char *id, struct group *ret, struct error *err)
{
    bool row;
    enum err code = query_step(q, &row, err);
    if (code != ERR_OK) return code;
    if (!row) return no_row(err, "group", id);
    struct group g;
    get_group(q, a, &g);
    code = query_check(q, err);
    if (code == ERR_OK) *ret = g;
    return code;
}

enum err store_group_get(struct store_reader *r, const char *group_id, struct group *ret, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(r->db, "SELECT " COLUMNS " FROM grp WHERE id = ? AND deleted = 0");
    query_cstr(&q, group_id);
    return get_one(&q, NULL, group_id, ret, err);
}

enum err store_group_by_name(struct store_reader *r, const char *org_id, struct slice name, struct arena *a,
                             struct group *ret, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT " COLUMNS " FROM grp WHERE org_id = ? AND name = ? AND deleted = 0");
    query_cstr(&q, org_id);
    query_text(&q, name);
    return get_one(&q, a, "of that name", ret, err);
}

enum err store_group_tags(struct store_reader *r, const char *group_id, struct arena *a, struct slice *ret,
                          struct error *err)
{
    struct group g;
    struct query q CLEANUP(query_close) = query_open(r->db, "SELECT " COLUMNS " FROM grp WHERE id = ? AND deleted = 0");
    query_cstr(&q, group_id);
    enum err code = get_one(&q, a, group_id, &g, err);
    if (code == ERR_OK) *ret = g.tags;
    return code;
}

// ---- lists ------------------------------------------------------------------------------------------------

// A credential belongs to one organisation, so that its reach is one of three: everything, that organisation, or groups
// of it by id. Each has statements of its own that an index answers. Those of everything and of an organisation have a
// kept total, and marks that lead to any page.
enum reach { REACH_ALL, REACH_ORG, REACH_NAMED, REACH_COUNT_ };
enum ask {
    ASK_TOTAL,
    ASK_PAGE, // by id, from one on
    // with a prefix:
    ASK_NAMED_TOTAL,
    ASK_NAMED_SORTED, // reads what begins so, and sorts it
    ASK_NAMED_WALKED, // goes by id and leaves out what does not begin so
    ASK_COUNT_
};

#define IN_ALL   " FROM grp WHERE deleted = 0 AND ?1 = ?1"
#define IN_ORG   " FROM grp WHERE deleted = 0 AND org_id = ?1"
#define IN_NAMED " FROM grp WHERE deleted = 0 AND id IN (SELECT value FROM json_each(?1))"
#define PAGE     " ORDER BY id LIMIT ?2 OFFSET ?3"
#define FROM     " AND id >= ?4 AND ?5 = ?5"
#define NAMES    " AND name COLLATE NOCASE >= ?4 AND name COLLATE NOCASE < ?5"
#define PREFIXED " FROM grp INDEXED BY grp_by_prefix WHERE deleted = 0 AND org_id = ?1" NAMES
#define WALKED   " FROM grp INDEXED BY grp_by_org WHERE deleted = 0 AND org_id = ?1" NAMES
#define UNPAGED  " AND ?2 = ?2 AND ?3 = ?3" // a total is a page without limit: the same parameters
#define ROWS     "SELECT " COLUMNS
#define TOTAL    "SELECT count(*)"
#define KEPT     "SELECT coalesce(sum(n), 0) FROM org_size WHERE "

static const char *const lists[REACH_COUNT_][ASK_COUNT_] = {
    [REACH_ALL] = {[ASK_TOTAL] = KEPT "?1 = ?1" UNPAGED, [ASK_PAGE] = ROWS IN_ALL FROM PAGE},
    [REACH_ORG] = {[ASK_TOTAL] = KEPT "org_id = ?1" UNPAGED,
                   [ASK_PAGE] = ROWS IN_ORG FROM PAGE,
                   [ASK_NAMED_TOTAL] = TOTAL PREFIXED UNPAGED,
                   [ASK_NAMED_SORTED] = ROWS PREFIXED PAGE,
                   [ASK_NAMED_WALKED] = ROWS WALKED PAGE},
    [REACH_NAMED] = {[ASK_TOTAL] = TOTAL IN_NAMED UNPAGED,
                     [ASK_PAGE] = ROWS IN_NAMED FROM PAGE,
                     [ASK_NAMED_TOTAL] = TOTAL IN_NAMED NAMES UNPAGED,
                     [ASK_NAMED_SORTED] = ROWS IN_NAMED NAMES PAGE,
                     [ASK_NAMED_WALKED] = ROWS IN_NAMED NAMES PAGE},
};

struct search {
    enum reach reach;
    struct slice scope;     // organisation, or ids as a JSON array
    struct slice prefix;    // n 0 = any name
    struct slice from, to;  // names that begin so; without a prefix, `from` is the id where the page begins
    uint64_t groups, total; // in reach; of them, those of the name
    uint64_t skip, take;    // the page
};

static bool begin_search(const struct group_search *f, struct arena *a, struct search *ret)
{
    const struct principal *p = f->principal;
    *ret = (struct search){.reach = REACH_ALL, .scope = SLICE(""), .prefix = f->prefix, .from = f->prefix};
    if (p && p->kind != PRINCIPAL_LOCAL) {
        bool whole = principal_permits(p, NEED_GROUP_READ, p->org_id, "");
        ret->reach = whole ? REACH_ORG : REACH_NAMED;
        ret->scope = whole ? slice_of(p->org_id) : reach_of(p, a);
        if (!ret->scope.n) return false;
    }
    ASSERT(!f->prefix.n || ret->reach != REACH_ALL);
    // Behind every name that begins so: U+10FFFF is in none.
    char *to = arena_fmt(a, "%.*s\xF4\x8F\xBF\xBF", SLICE_FMT(f->prefix));
    ret->to = slice_of(to);
    return to != NULL;
}

static struct query open_search(struct store_reader *r, const struct search *s, enum ask ask, uint64_t take,
                                uint64_t skip)
{
    struct query q = query_open(r->db, lists[s->reach][ask]);
    query_text(&q, s->scope);
    query_int(&q, (int64_t)take);
    query_int(&q, (int64_t)skip);
    if (ask != ASK_TOTAL) {
        query_text(&q, s->from);
        query_text(&q, s->to);
    }
    return q;
}

static enum err read_total(struct store_reader *r, const struct search *s, enum ask ask, uint64_t *ret,
                           struct error *err)
{
    bool row;
    struct query q CLEANUP(query_close) = open_search(r, s, ask, 0, 0);
    enum err code = query_step(&q, &row, err);
    if (code == ERR_OK) *ret = (uint64_t)query_get_int(&q);
    return code;
}

static enum err read_rows(struct store_reader *r, const struct search *s, enum ask ask, uint64_t skip, struct arena *a,
                          struct rows *rows, struct error *err)
{
    struct query q CLEANUP(query_close) = open_search(r, s, ask, s->take, skip);
    for (;;) {
        bool row;
        enum err code = query_step(&q, &row, err);
        if (code != ERR_OK || !row) return code;
        struct group *g = rows_add(rows, a);
        if (!g) return rows_nomem(err);
        get_group(&q, a, g);
    }
}

static enum err read_page(struct store_reader *r, struct search *s, struct arena *a, struct rows *rows,
                          struct error *err)
{
    if (s->take == 0) return ERR_OK;
    if (s->prefix.n) {
        // Steps that the walk takes, if names are spread evenly, against those of reading all and sorting them.
        bool walk = (s->skip + s->take) * s->groups / s->total < s->total;
        return read_rows(r, s, walk ? ASK_NAMED_WALKED : ASK_NAMED_SORTED, s->skip, a, rows, err);
    }
    if (s->reach == REACH_NAMED) return read_rows(r, s, ASK_PAGE, s->skip, a, rows, err);
    struct mark mark = {.index = (int64_t)s->skip};
    enum err code = mark_find(r, "group", s->scope, (int64_t)s->total, &mark, err);
    if (code != ERR_OK) return code;
    s->from = slice_of(mark.id);
    return read_rows(r, s, ASK_PAGE, (uint64_t)mark.skip, a, rows, err);
}

static enum err run_search(struct store_reader *r, struct search *s, struct page page, struct arena *a,
                           struct rows *rows, struct error *err)
{
    enum err code = read_total(r, s, ASK_TOTAL, &s->groups, err);
    s->total = s->groups;
    if (code == ERR_OK && s->prefix.n) code = read_total(r, s, ASK_NAMED_TOTAL, &s->total, err);
    if (code != ERR_OK) return code;
    s->skip = MIN((uint64_t)page_offset(page), s->total);
    s->take = MIN((uint64_t)page.size, s->total - s->skip);
    return read_page(r, s, a, rows, err);
}

enum err store_groups_find(struct store_reader *r, const struct group_search *f, struct arena *a, struct group **ret,
                           size_t *ret_n, uint64_t *ret_total, struct error *err)
{
    struct search s;
    struct rows rows = {.size = sizeof(struct group)};
    if (!begin_search(f, a, &s)) return rows_nomem(err);
    enum err code = reader_begin(r, err);
    if (code != ERR_OK) return code;
    code = run_search(r, &s, f->page, a, &rows, err);
    reader_end(r);
    if (code != ERR_OK) return code;
    *ret = rows.p;
    *ret_n = rows.n;
    *ret_total = f->uncounted ? 0 : s.total;
    return ERR_OK;
}

enum err store_groups(struct store_reader *r, const struct principal *p, bool all, struct page page, struct arena *a,
                      struct group **ret, size_t *ret_n, uint64_t *ret_total, struct error *err)
{
    const struct group_search f = {.principal = all ? NULL : p, .page = page};
    return store_groups_find(r, &f, a, ret, ret_n, ret_total, err);
}

// ---- changes ----------------------------------------------------------------------------------------------

#define LIVE "('initiating-request', 'pending-acceptance', 'provisioning', 'active', 'deleting')"

enum err store_group_use(struct store_reader *r, const char *group_id, struct group_use *ret, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT EXISTS (SELECT 1 FROM network WHERE group_id = ?1 AND removed = 0), "
                          "EXISTS (SELECT 1 FROM connection WHERE group_id = ?1 AND listed = 1 "
                          "AND cloud_status IN " LIVE ")");
    query_cstr(&q, group_id);
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code != ERR_OK) return code;
    ret->networks = query_get_bool(&q);
    ret->peerings = query_get_bool(&q);
    return ERR_OK;
}

static enum err name_taken(struct error *err, const struct group *g)
{
    return error_set(err, ERR_EXISTS, "the organization has a group named %s already", g->name);
}

enum err store_tx_group_insert(struct store_tx *tx, const struct group *g, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(
        tx->reader.db, "INSERT INTO grp (" COLUMNS ") SELECT ?, id, ?, ?, ?, ? FROM org WHERE id = ? AND deleted = 0");
    query_cstr(&q, g->id);
    query_cstr(&q, g->name);
    query_wall(&q, g->created);
    query_int(&q, g->flags);
    query_text(&q, g->tags.n ? g->tags : SLICE(""));
    query_cstr(&q, g->org_id);
    enum err code = query_run(&q, err);
    if (code == ERR_EXISTS) return name_taken(err, g);
    tx->lists_changed = true;
    return code == ERR_OK ? need_change(tx, "organization", g->org_id, err) : code;
}

enum err store_tx_group_update(struct store_tx *tx, const struct group *g, struct error *err)
{
    tx->lists_changed = true;
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "UPDATE grp SET name = ?, flags = ?, tags = ? WHERE id = ? AND deleted = 0");
    query_cstr(&q, g->name);
    query_int(&q, g->flags);
    query_text(&q, g->tags.n ? g->tags : SLICE(""));
    query_cstr(&q, g->id);
    enum err code = query_run(&q, err);
    if (code == ERR_EXISTS) return name_taken(err, g);
    return code == ERR_OK ? need_change(tx, "group", g->id, err) : code;
}

static enum err delete_of_group(struct store_tx *tx, const char *sql, const char *group_id, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(tx->reader.db, sql);
    query_cstr(&q, group_id);
    return query_run(&q, err);
}

enum err store_tx_group_delete(struct store_tx *tx, const char *group_id, struct wall now, struct error *err)
{
    tx->lists_changed = tx->auth_changed = true;
    struct query q CLEANUP(query_close) = query_open(
        tx->reader.db, "UPDATE grp SET deleted = ?, name = '#' || id, tags = '' WHERE id = ? AND deleted = 0");
    query_wall(&q, now);
    query_cstr(&q, group_id);
    enum err code = query_run(&q, err);
    if (code == ERR_OK) code = need_change(tx, "group", group_id, err);
    if (code == ERR_OK) code = delete_of_group(tx, "DELETE FROM role_grant WHERE scope_id = ?", group_id, err);
    if (code == ERR_OK) code = delete_of_group(tx, "DELETE FROM person_grant WHERE scope_id = ?", group_id, err);
    if (code == ERR_OK) code = delete_of_group(tx, "DELETE FROM freeze WHERE group_id = ?", group_id, err);
    if (code == ERR_OK) code = delete_of_group(tx, "DELETE FROM webhook WHERE group_id = ?", group_id, err);
    if (code == ERR_OK) code = delete_of_group(tx, "DELETE FROM policy WHERE group_id = ?", group_id, err);
    if (code == ERR_OK) code = delete_of_group(tx, "DELETE FROM policy_rule WHERE group_id = ?", group_id, err);
    if (code == ERR_OK) code = delete_of_group(tx, "DELETE FROM expected WHERE group_id = ?", group_id, err);
    return code;
}
