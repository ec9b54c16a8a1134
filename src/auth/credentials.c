// SPDX-License-Identifier: Apache-2.0
// The operator's keys and accounts (cred.h does the work), new private keys, and proof that stored secrets open with
// the key file. Called by: cli and app. Must never: store a secret in clear, or hand one out twice.
#include "auth/cred_inside.h"
#include "auth/signing.h"

#include "base/mem.h"

#define TEXTS_MAX ((size_t)64 * 1024)

static const struct actor local = {.kind = PRINCIPAL_LOCAL, .name = "local"};

// Grants on the organisation and on one of its groups, as a form.
static enum err read_grants(struct cred_op *op, const struct grant *grants, unsigned n, struct cred_form *f,
                            struct error *err)
{
    for (unsigned i = 0; i < n; i++) {
        const struct grant *g = &grants[i];
        f->roles = true;
        if (strcmp(g->scope_id, op->org_id) == 0) {
            f->org_roles = g->roles;
            continue;
        }
        if (op->group_id) return error_set(err, ERR_INVALID, "roles on one project at a time");
        op->group_id = g->scope_id;
        f->group_roles = g->roles;
    }
    return ERR_OK;
}

enum err auth_api_key_create(struct auth *a, const char *org_id, const char *description, const struct grant *grants,
                             unsigned n, struct new_api_key *ret, struct error *err)
{
    struct arena *arena CLEANUP(arena_freep) = arena_new(TEXTS_MAX);
    struct cred_op op = {.by = &local, .org_id = org_id, .arena = arena};
    struct cred_form f = {.description = slice_of(description)};
    struct new_api_key k;
    if (arena == NULL) return error_set(err, ERR_NOMEM, "no memory for the API key");
    enum err e = read_grants(&op, grants, n, &f, err);
    if (e == ERR_OK) e = cred_key_create(a, &op, &f, &k, err);
    if (e == ERR_OK) e = cred_error(&op, "an API key", err);
    if (e != ERR_OK) return e;
    k.row.description = description;
    *ret = k;
    mem_wipe(&k, sizeof(k));
    return ERR_OK;
}

enum err auth_account_create(struct auth *a, const char *org_id, const char *name, const char *description,
                             const struct grant *grants, unsigned n, int64_t secret_hours, struct new_account *ret,
                             struct error *err)
{
    struct arena *arena CLEANUP(arena_freep) = arena_new(TEXTS_MAX);
    struct cred_op op = {.by = &local, .org_id = org_id, .arena = arena};
    struct cred_form f = {.name = slice_of(name), .description = slice_of(description), .secret_hours = secret_hours};
    struct new_account acc;
    if (arena == NULL) return error_set(err, ERR_NOMEM, "no memory for the service account");
    enum err e = read_grants(&op, grants, n, &f, err);
    if (e == ERR_OK && (f.org_roles & ROLES_OPERATOR))
        e = error_set(err, ERR_INVALID,
                      "GLOBAL_OWNER is for API keys and groups of the OpenID Connect provider: the owners of an "
                      "organisation can mint secrets for its service accounts");
    if (e == ERR_OK) e = cred_account_create(a, &op, &f, &acc, err);
    if (e == ERR_OK) e = cred_error(&op, "a service account", err);
    if (e != ERR_OK) return e;
    acc.row.name = name;
    acc.row.description = description;
    *ret = acc;
    mem_wipe(&acc, sizeof(acc));
    return ERR_OK;
}

// ---- a new private key

struct reseal {
    struct cred_work work;
    const struct api_key_row *row;
};

static enum err reseal(struct store_tx *tx, void *ctx, struct error *err)
{
    const struct reseal *r = ctx;
    enum err e = store_tx_api_key_reseal(tx, r->row, err);
    return e == ERR_OK ? cred_event(tx, &r->work, CRED_KEY_RESET, NULL, (struct slice){0}, err) : e;
}

static enum err find_key_row(struct auth *a, const char *public_key, struct api_key_row *ret, struct error *err)
{
    struct store_reader *reader;
    struct credential cred;
    struct arena *arena = arena_new(1024 * 1024);
    if (arena == NULL) return error_set(err, ERR_NOMEM, "no memory for the API key");
    enum err e = store_reader_open(a->o.store, &reader, err);
    if (e == ERR_OK) {
        e = store_api_key_find(reader, slice_of(public_key), arena, &cred, err);
        store_reader_close(&reader);
    }
    if (e == ERR_OK) {
        *ret = cred.key;
        ret->description = ""; // it ends with the arena
    }
    arena_free(arena);
    return e;
}

enum err auth_api_key_reset(struct auth *a, const char *public_key, struct new_api_key *ret, struct error *err)
{
    struct new_api_key k = {.row.description = ""};
    enum err e = find_key_row(a, public_key, &k.row, err);
    if (e == ERR_OK) e = cred_make_private_key(a, &k, err);
    if (e == ERR_OK) {
        struct cred_op op = {.by = &local};
        struct reseal r = {
            .row = &k.row,
            .work = {
                .a = a, .op = &op, .kind = PRINCIPAL_API_KEY, .name = k.row.public_key, .now = clock_wall(a->o.clock)}};
        memcpy(r.work.target.principal.org_id, k.row.org_id, sizeof(k.row.org_id));
        e = store_write(a->o.store, reseal, &r, err);
    }
    if (e == ERR_OK) *ret = k;
    mem_wipe(&k, sizeof(k));
    return e;
}

// ---- signing keys

enum err auth_signing_rotate(struct auth *a, const struct actor *by, struct signing_key_info *ret, struct error *err)
{
    struct jwt_key made;
    struct signing_maker m = {
        .keys = a->o.keys, .store = a->o.store, .rng = a->o.rng, .now = clock_wall(a->o.clock), .by = by};
    enum err e = signing_add(&m, &made, err);
    if (e != ERR_OK) return e;
    signing_put(a->signing, &made);
    *ret = (struct signing_key_info){.created = made.created};
    memcpy(ret->id, made.kid, sizeof(ret->id));
    mem_wipe(&made, sizeof(made));
    return ERR_OK;
}

enum err auth_signing_keys(struct store_reader *r, struct wall now, struct arena *arena, struct signing_key_info **ret,
                           size_t *ret_n, struct error *err)
{
    struct signing_key_row *rows;
    size_t n, kept = 0;
    enum err e = store_signing_keys(r, arena, &rows, &n, err);
    if (e != ERR_OK) return e;
    struct signing_key_info *all = arena_alloc(arena, (n + 1) * sizeof(*all));
    if (all == NULL) return error_set(err, ERR_NOMEM, "no memory for the signing keys");
    for (size_t i = 0; i < n; i++) {
        struct signing_key_info k = {.created = rows[i].created, .retired = rows[i].retired};
        memcpy(k.id, rows[i].kid, sizeof(k.id));
        if (k.retired.us != 0) k.until = signing_until(k.retired);
        if (k.retired.us == 0 || now.us < k.until.us) all[kept++] = k;
    }
    *ret = all;
    *ret_n = kept;
    return ERR_OK;
}

// ---- proof that the key file fits the store

static enum err verify_key(const struct keyring *k, const struct api_key_row *row, struct error *err)
{
    uint8_t ha1[16];
    struct slice sealed = slice_n((const char *)row->ha1_sealed, sizeof(row->ha1_sealed));
    enum err e = keyring_open(k, KEY_HA1, row->ha1_key_id, row->ha1_nonce, slice_of(row->public_key), sealed, ha1, err);
    mem_wipe(ha1, sizeof(ha1));
    if (e == ERR_OK) return ERR_OK;
    error_prefix(err, "API key %s", row->public_key);
    err->code = ERR_CORRUPT;
    return ERR_CORRUPT;
}

static enum err verify_signing(const struct keyring *k, const struct signing_key_row *row, struct error *err)
{
    struct jwt_key key;
    enum err e = signing_open(k, row, &key, err);
    mem_wipe(&key, sizeof(key));
    if (e == ERR_OK) return ERR_OK;
    error_prefix(err, "signing key %s", row->kid);
    err->code = ERR_CORRUPT;
    return ERR_CORRUPT;
}

static enum err verify_webhooks(const struct keyring *k, struct store_reader *r, struct arena *a, struct error *err)
{
    struct webhook *hooks;
    size_t n;
    uint8_t secret[WEBHOOK_SECRET];
    enum err e = store_webhooks(r, NULL, a, &hooks, &n, err);
    for (size_t i = 0; e == ERR_OK && i < n; i++)
        for (unsigned s = 0; e == ERR_OK && s < hooks[i].secret_count; s++) {
            e = keyring_open_webhook(k, hooks[i].id, &hooks[i].secrets[s], secret, err);
            if (e != ERR_OK) error_prefix(err, "secret of webhook %s", hooks[i].id);
        }
    mem_wipe(secret, sizeof(secret));
    return e;
}

// By pages: a store of a million keys fits into no arena.
static enum err verify_keys_of(const struct keyring *k, struct store_reader *r, const char *org_id, struct error *err)
{
    struct arena *arena CLEANUP(arena_freep) = arena_new((size_t)64 << 20);
    struct credential_filter f = {.org_id = org_id, .kind = PRINCIPAL_API_KEY, .page = {1, 500}};
    struct credential *rows;
    size_t n = 1;
    uint64_t total;
    if (arena == NULL) return error_set(err, ERR_NOMEM, "no memory for the credentials");
    enum err e = ERR_OK;
    for (; e == ERR_OK && n > 0; f.page.number++) {
        arena_reset(arena);
        e = store_credentials_page(r, &f, arena, &rows, &n, &total, err);
        for (size_t i = 0; e == ERR_OK && i < n; i++) e = verify_key(k, &rows[i].key, err);
    }
    return e;
}

enum err auth_verify_keys(const struct keyring *k, struct store_reader *r, struct error *err)
{
    struct signing_key_row *rows;
    struct org *orgs;
    size_t n, n_rows;
    struct arena *arena CLEANUP(arena_freep) = arena_new((size_t)256 << 20);
    if (arena == NULL) return error_set(err, ERR_NOMEM, "no memory for the organisations");
    enum err e = store_orgs(r, arena, &orgs, &n, err);
    for (size_t i = 0; e == ERR_OK && i < n; i++) e = verify_keys_of(k, r, orgs[i].id, err);
    if (e == ERR_OK) e = store_signing_keys(r, arena, &rows, &n_rows, err);
    for (size_t i = 0; e == ERR_OK && i < n_rows; i++) e = verify_signing(k, &rows[i], err);
    return e == ERR_OK ? verify_webhooks(k, r, arena, err) : e;
}
