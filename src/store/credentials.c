// SPDX-License-Identifier: Apache-2.0
// Reading credentials whole: the row, its secrets, grants, access list and the organisation's setting, in one snapshot.
// Called by: auth, cli. Must never: return half a credential (a missing grant would be a wrong answer).
#include "store/internal.h"

#define KEY_COLUMNS                                                                                                    \
    "p.id, p.org_id, k.public_key, p.description, k.private_tail, k.ha1_key_id, k.ha1_nonce, k.ha1_sealed, p.created," \
    " o.api_access_list_required"
#define KEY_FROM        " FROM api_key k JOIN principal p ON p.name = k.public_key JOIN org o ON o.id = p.org_id "
#define ACCOUNT_COLUMNS "p.id, p.org_id, s.client_id, s.name, p.description, p.created, o.api_access_list_required"
#define ACCOUNT_FROM    " FROM service_account s JOIN principal p ON p.name = s.client_id JOIN org o ON o.id = p.org_id "

static void name_principal(struct credential *c, enum principal_kind kind, const char *name, const char *id,
                           const char *org_id)
{
    c->kind = c->principal.kind = kind;
    // The sources are rows of the same sizes.
    if (!cstr_set(c->principal.name, sizeof(c->principal.name), name) ||
        !cstr_set(c->principal.id, sizeof(c->principal.id), id) ||
        !cstr_set(c->principal.org_id, sizeof(c->principal.org_id), org_id))
        ASSERT(!"a row longer than its column");
}

// A failed copy sticks to the query, as a failed get does.
static const char *get_string(struct query *q, struct arena *a)
{
    struct slice text = query_get_text(q);
    const char *copy = arena_strndup(a, text.n ? text.p : "", text.n);
    if (!copy) q->fail = ERR_NOMEM;
    return copy;
}

static void get_key(struct query *q, struct arena *a, struct credential *c)
{
    struct api_key_row *k = &c->key;
    query_get_cstr(q, k->id, sizeof(k->id));
    query_get_cstr(q, k->org_id, sizeof(k->org_id));
    query_get_cstr(q, k->public_key, sizeof(k->public_key));
    k->description = get_string(q, a);
    query_get_cstr(q, k->private_tail, sizeof(k->private_tail));
    query_get_cstr(q, k->ha1_key_id, sizeof(k->ha1_key_id));
    query_get_blob(q, k->ha1_nonce, sizeof(k->ha1_nonce));
    query_get_blob(q, k->ha1_sealed, sizeof(k->ha1_sealed));
    k->created = query_get_wall(q);
    c->access_list_required = query_get_bool(q);
    name_principal(c, PRINCIPAL_API_KEY, k->public_key, k->id, k->org_id);
}

static void get_account(struct query *q, struct arena *a, struct credential *c)
{
    struct service_account_row *s = &c->account;
    query_get_cstr(q, s->id, sizeof(s->id));
    query_get_cstr(q, s->org_id, sizeof(s->org_id));
    query_get_cstr(q, s->client_id, sizeof(s->client_id));
    s->name = get_string(q, a);
    s->description = get_string(q, a);
    s->created = query_get_wall(q);
    c->access_list_required = query_get_bool(q);
    name_principal(c, PRINCIPAL_SERVICE_ACCOUNT, s->client_id, s->id, s->org_id);
}

// The columns scope_id, role of one row. Rows come by scope, one a role; a role that this program does not know grants
// nothing.
static enum err add_grant(struct query *q, const struct credential *c, struct rows *rows, struct arena *a,
                          struct error *err)
{
    struct slice scope = query_get_text(q);
    struct grant *g = rows->n ? (struct grant *)rows->p + rows->n - 1 : NULL;
    enum role role;
    if (!g || !slice_eq_cstr(scope, g->scope_id)) {
        g = rows_add(rows, a);
        if (!g) return rows_nomem(err);
        g->roles = 0;
        if (!slice_copy(scope, g->scope_id, sizeof(g->scope_id)))
            return error_set(err, ERR_CORRUPT, "store: a grant of %s has a malformed scope", c->principal.name);
    }
    if (role_parse(query_get_text(q), &role)) g->roles |= 1u << role;
    return ERR_OK;
}

static void set_grants(struct credential *c, const struct rows *rows)
{
    c->principal.grants = rows->p;
    c->principal.grant_count = (unsigned)rows->n;
}

static enum err load_grants(struct store_reader *r, struct credential *c, struct arena *a, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT scope_id, role FROM role_grant WHERE principal = ? ORDER BY scope_id");
    query_cstr(&q, c->principal.name);
    struct rows rows = {.size = sizeof(struct grant)};
    for (;;) {
        bool row;
        enum err code = query_step(&q, &row, err);
        if (code == ERR_OK && row) code = add_grant(&q, c, &rows, a, err);
        if (code != ERR_OK) return code;
        if (!row) break;
    }
    set_grants(c, &rows);
    return ERR_OK;
}

// The same for all of a page, whose names are a JSON array in the order of `all`.
enum err load_all_grants(struct store_reader *r, struct slice names, struct rows *all, struct arena *a,
                         struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT j.key, g.scope_id, g.role FROM json_each(?) AS j JOIN role_grant AS g ON "
                          "g.principal = j.value ORDER BY j.key, g.scope_id");
    query_text(&q, names);
    struct rows rows = {.size = sizeof(struct grant)};
    struct credential *c = NULL;
    for (;;) {
        bool row;
        enum err code = query_step(&q, &row, err);
        if (code != ERR_OK) return code;
        if (!row) break;
        struct credential *of = (struct credential *)all->p + query_get_int(&q);
        if (of != c) {
            if (c) set_grants(c, &rows);
            rows = (struct rows){.size = sizeof(struct grant)};
            c = of;
        }
        code = add_grant(&q, c, &rows, a, err);
        if (code != ERR_OK) return code;
    }
    if (c) set_grants(c, &rows);
    return ERR_OK;
}

static enum err load_access_list(struct store_reader *r, struct credential *c, struct arena *a, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT cidr FROM access_entry WHERE principal = ? ORDER BY cidr");
    query_cstr(&q, c->principal.name);
    struct rows rows = {.size = sizeof(struct cidr)};
    for (;;) {
        bool row;
        enum err code = query_step(&q, &row, err);
        if (code != ERR_OK) return code;
        if (!row) break;
        struct cidr *e = rows_add(&rows, a);
        if (!e) return rows_nomem(err);
        if (!cidr_parse(query_get_text(&q), false, e))
            return error_set(err, ERR_CORRUPT, "store: an access list entry of %s is no CIDR block", c->principal.name);
    }
    c->access_list = rows.p;
    c->access_count = (unsigned)rows.n;
    return ERR_OK;
}

#define SECRET_COLUMNS "s.id, s.hash, s.masked, s.created, s.expires, s.last_used"

static enum err add_secret(struct query *q, struct rows *rows, struct arena *a, struct error *err)
{
    struct sa_secret_row *s = rows_add(rows, a);
    if (!s) return rows_nomem(err);
    query_get_cstr(q, s->id, sizeof(s->id));
    query_get_blob(q, s->hash, sizeof(s->hash));
    query_get_cstr(q, s->masked, sizeof(s->masked));
    s->created = query_get_wall(q);
    s->expires = query_get_wall(q);
    s->last_used = query_get_wall(q);
    return ERR_OK;
}

static void set_secrets(struct credential *c, const struct rows *rows)
{
    c->secrets = rows->p;
    c->secret_count = (unsigned)rows->n;
}

static enum err load_secrets(struct store_reader *r, struct credential *c, struct arena *a, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(
        r->db, "SELECT " SECRET_COLUMNS " FROM sa_secret AS s WHERE s.client_id = ? ORDER BY s.created DESC, s.id");
    query_cstr(&q, c->principal.name);
    struct rows rows = {.size = sizeof(struct sa_secret_row)};
    for (;;) {
        bool row;
        enum err code = query_step(&q, &row, err);
        if (code == ERR_OK && row) code = add_secret(&q, &rows, a, err);
        if (code != ERR_OK) return code;
        if (!row) break;
    }
    set_secrets(c, &rows);
    return ERR_OK;
}

// The same for all of a page.
enum err load_all_secrets(struct store_reader *r, struct slice names, struct rows *all, struct arena *a,
                          struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT j.key, " SECRET_COLUMNS " FROM json_each(?) AS j JOIN sa_secret AS s ON "
                          "s.client_id = j.value ORDER BY j.key, s.created DESC, s.id");
    query_text(&q, names);
    struct rows rows = {.size = sizeof(struct sa_secret_row)};
    struct credential *c = NULL;
    for (;;) {
        bool row;
        enum err code = query_step(&q, &row, err);
        if (code != ERR_OK) return code;
        if (!row) break;
        struct credential *of = (struct credential *)all->p + query_get_int(&q);
        if (of != c) {
            if (c) set_secrets(c, &rows);
            rows = (struct rows){.size = sizeof(struct sa_secret_row)};
            c = of;
        }
        code = add_secret(&q, &rows, a, err);
        if (code != ERR_OK) return code;
    }
    if (c) set_secrets(c, &rows);
    return ERR_OK;
}

static enum err load_rest(struct store_reader *r, struct credential *c, struct arena *a, struct error *err)
{
    enum err code = load_grants(r, c, a, err);
    if (code == ERR_OK) code = load_access_list(r, c, a, err);
    if (code == ERR_OK && c->kind == PRINCIPAL_SERVICE_ACCOUNT) code = load_secrets(r, c, a, err);
    return code;
}

typedef void (*get_fn)(struct query *q, struct arena *a, struct credential *c);

static enum err find_one(struct store_reader *r, const char *sql, struct slice name, get_fn get, struct arena *a,
                         struct credential *c, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(r->db, sql);
    query_text(&q, name);
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code != ERR_OK) return code;
    if (!row) return error_set(err, ERR_NOT_FOUND, "there is no such credential");
    get(&q, a, c);
    return query_check(&q, err);
}

static enum err find(struct store_reader *r, const char *sql, struct slice name, get_fn get, struct arena *a,
                     struct credential *ret, struct error *err)
{
    struct credential c = {0};
    enum err code = reader_begin(r, err);
    if (code != ERR_OK) return code;
    code = find_one(r, sql, name, get, a, &c, err);
    if (code == ERR_OK) code = load_rest(r, &c, a, err);
    reader_end(r);
    if (code == ERR_OK) *ret = c;
    return code;
}

// ---- judging secrets ----------------------------------------------------------------------------------------------

// Names are looked up by what stands just below them, so that no comparison on the way ever finds two texts equal,
// which takes longer than finding them different.
struct probe {
    char text[PRINCIPAL_NAME + 2];
    size_t n;
};

static struct slice probe_of(struct probe *p, struct slice name)
{
    p->n = MIN(name.n, (size_t)PRINCIPAL_NAME); // no name is longer: whatever is found, it is another's
    if (p->n == 0) return (struct slice){p->text, 0};
    memcpy(p->text, name.p, p->n);
    p->text[p->n - 1]--;
    p->text[p->n++] = 0x7f;
    return slice_n(p->text, p->n);
}

static enum err seal_of(struct store_reader *r, const char *sql, struct slice probe, struct key_seal *ret,
                        struct error *err)
{
    struct key_seal k = {.public_key = ""};
    struct query q CLEANUP(query_close) = query_open(r->db, sql);
    query_text(&q, probe);
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code != ERR_OK) return code;
    if (!row) return error_set(err, ERR_NOT_FOUND, "there is no API key");
    query_get_cstr(&q, k.public_key, sizeof(k.public_key));
    query_get_cstr(&q, k.key_id, sizeof(k.key_id));
    query_get_blob(&q, k.nonce, sizeof(k.nonce));
    query_get_blob(&q, k.sealed, sizeof(k.sealed));
    code = query_check(&q, err);
    if (code == ERR_OK) *ret = k;
    return code;
}

#define SEAL_FROM "SELECT public_key, ha1_key_id, ha1_nonce, ha1_sealed FROM api_key WHERE public_key "

enum err store_key_seal_near(struct store_reader *r, struct slice public_key, struct key_seal *ret, struct error *err)
{
    struct probe p;
    struct slice probe = probe_of(&p, public_key);
    enum err code = seal_of(r, SEAL_FROM "> ? ORDER BY public_key LIMIT 1", probe, ret, err);
    if (code != ERR_NOT_FOUND) return code; // but behind the last one
    return seal_of(r, SEAL_FROM "<= ? ORDER BY public_key DESC LIMIT 1", probe, ret, err);
}

static enum err secrets_of(struct store_reader *r, const char *sql, struct slice probe, struct near_account *ret,
                           struct error *err)
{
    struct near_account n = {.client_id = ""};
    struct query q CLEANUP(query_close) = query_open(r->db, sql);
    query_text(&q, probe);
    for (unsigned i = 0; i < NEAR_SECRETS; i++) {
        bool row;
        enum err code = query_step(&q, &row, err);
        if (code != ERR_OK) return code;
        if (!row && i == 0) return error_set(err, ERR_NOT_FOUND, "there is no service account with a secret");
        if (!row) break;
        query_get_cstr(&q, n.client_id, sizeof(n.client_id));
        query_get_blob(&q, n.secrets[i].hash, sizeof(n.secrets[i].hash));
        n.secrets[i].expires = query_get_wall(&q);
    }
    enum err code = query_check(&q, err);
    if (code == ERR_OK) *ret = n;
    return code;
}

#define SECRETS_OF(which)                                                                                              \
    "SELECT client_id, hash, expires FROM sa_secret WHERE client_id = (SELECT client_id FROM sa_secret WHERE "         \
    "client_id " which " LIMIT 1) ORDER BY created DESC, id LIMIT 4"

enum err store_account_near(struct store_reader *r, struct slice client_id, struct near_account *ret, struct error *err)
{
    struct probe p;
    struct slice probe = probe_of(&p, client_id);
    enum err code = secrets_of(r, SECRETS_OF("> ? ORDER BY client_id"), probe, ret, err);
    if (code != ERR_NOT_FOUND) return code;
    return secrets_of(r, SECRETS_OF("<= ? ORDER BY client_id DESC"), probe, ret, err);
}

// ---- whole credentials --------------------------------------------------------------------------------------------

enum err store_api_key_find(struct store_reader *r, struct slice public_key, struct arena *a, struct credential *ret,
                            struct error *err)
{
    return find(r, "SELECT " KEY_COLUMNS KEY_FROM "WHERE k.public_key = ?", public_key, get_key, a, ret, err);
}

enum err store_api_key_by_id(struct store_reader *r, const char *id, struct arena *a, struct credential *ret,
                             struct error *err)
{
    return find(r, "SELECT " KEY_COLUMNS KEY_FROM "WHERE p.id = ?", slice_of(id), get_key, a, ret, err);
}

enum err store_account_find(struct store_reader *r, struct slice client_id, struct arena *a, struct credential *ret,
                            struct error *err)
{
    return find(r, "SELECT " ACCOUNT_COLUMNS ACCOUNT_FROM "WHERE s.client_id = ?", client_id, get_account, a, ret, err);
}

// The rows of these names, in their order.
enum err load_credentials(struct store_reader *r, enum principal_kind kind, struct slice names, struct arena *a,
                          struct rows *rows, struct error *err)
{
    bool key = kind == PRINCIPAL_API_KEY;
    struct query q CLEANUP(query_close) = query_open(
        r->db, key ? "SELECT " KEY_COLUMNS " FROM json_each(?) AS j JOIN api_key k ON k.public_key = j.value JOIN "
                     "principal p ON p.name = k.public_key JOIN org o ON o.id = p.org_id ORDER BY j.key"
                   : "SELECT " ACCOUNT_COLUMNS " FROM json_each(?) AS j JOIN service_account s ON "
                     "s.client_id = j.value JOIN principal p ON p.name = s.client_id JOIN org o ON o.id = p.org_id "
                     "ORDER BY j.key");
    query_text(&q, names);
    for (;;) {
        bool row;
        enum err code = query_step(&q, &row, err);
        if (code != ERR_OK || !row) return code;
        struct credential *c = rows_add(rows, a);
        if (!c) return rows_nomem(err);
        *c = (struct credential){0};
        (key ? get_key : get_account)(&q, a, c);
        code = query_check(&q, err);
        if (code != ERR_OK) return code;
    }
}

static enum err list(struct store_reader *r, const char *sql, const char *org_id, get_fn get, struct arena *a,
                     struct rows *rows, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(r->db, sql);
    query_int(&q, org_id == NULL);
    query_cstr(&q, org_id);
    for (;;) {
        bool row;
        enum err code = query_step(&q, &row, err);
        if (code != ERR_OK || !row) return code;
        struct credential *c = rows_add(rows, a);
        if (!c) return rows_nomem(err);
        get(&q, a, c);
        code = query_check(&q, err);
        if (code == ERR_OK) code = load_rest(r, c, a, err);
        if (code != ERR_OK) return code;
    }
}

enum err store_credentials(struct store_reader *r, const char *org_id, struct arena *a, struct credential **ret,
                           size_t *ret_n, struct error *err)
{
    struct rows rows = {.size = sizeof(struct credential)};
    enum err code = reader_begin(r, err);
    if (code != ERR_OK) return code;
    code = list(r, "SELECT " KEY_COLUMNS KEY_FROM "WHERE ?1 = 1 OR p.org_id = ?2 ORDER BY p.id", org_id, get_key, a,
                &rows, err);
    if (code == ERR_OK)
        code = list(r, "SELECT " ACCOUNT_COLUMNS ACCOUNT_FROM "WHERE ?1 = 1 OR p.org_id = ?2 ORDER BY p.id", org_id,
                    get_account, a, &rows, err);
    reader_end(r);
    if (code != ERR_OK) return code;
    *ret = rows.p;
    *ret_n = rows.n;
    return ERR_OK;
}
