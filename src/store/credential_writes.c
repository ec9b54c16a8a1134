// SPDX-License-Identifier: Apache-2.0
// Writing credentials: keys, service accounts, secrets, grants, access lists. Called by: auth, core.
// Must never: let a credential reach beyond its organisation, or forget to raise the auth generation.
#include "store/internal.h"

static enum err insert_principal(struct store_tx *tx, const char *name, const char *kind, const char *id,
                                 const char *org_id, const char *description, struct wall created, struct error *err)
{
    tx->auth_changed = true;
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "INSERT INTO principal (name, kind, id, org_id, description, created) "
                                  "SELECT ?, ?, ?, id, ?, ? FROM org WHERE id = ? AND deleted = 0");
    query_cstr(&q, name);
    query_cstr(&q, kind);
    query_cstr(&q, id);
    query_cstr(&q, description);
    query_wall(&q, created);
    query_cstr(&q, org_id);
    enum err code = query_run(&q, err);
    if (code == ERR_EXISTS) return error_set(err, code, "a credential named %s exists already", name);
    return code == ERR_OK ? need_change(tx, "organization", org_id, err) : code;
}

static enum err delete_principal(struct store_tx *tx, const char *name, const char *kind, const char *what,
                                 struct error *err)
{
    tx->auth_changed = true;
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "DELETE FROM principal WHERE name = ? AND kind = ?"); // the rest goes with it
    query_cstr(&q, name);
    query_cstr(&q, kind);
    enum err code = query_run(&q, err);
    return code == ERR_OK ? need_change(tx, what, name, err) : code;
}

enum err store_tx_api_key_insert(struct store_tx *tx, const struct api_key_row *k, struct error *err)
{
    enum err code = insert_principal(tx, k->public_key, "api_key", k->id, k->org_id, k->description, k->created, err);
    if (code != ERR_OK) return code;
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "INSERT INTO api_key (public_key, private_tail, ha1_key_id, ha1_nonce, ha1_sealed) "
                                  "VALUES (?, ?, ?, ?, ?)");
    query_cstr(&q, k->public_key);
    query_cstr(&q, k->private_tail);
    query_cstr(&q, k->ha1_key_id);
    query_blob(&q, k->ha1_nonce, sizeof(k->ha1_nonce));
    query_blob(&q, k->ha1_sealed, sizeof(k->ha1_sealed));
    return query_run(&q, err);
}

enum err store_tx_api_key_delete(struct store_tx *tx, const char *public_key, struct error *err)
{
    return delete_principal(tx, public_key, "api_key", "API key", err);
}

enum err store_tx_api_key_reseal(struct store_tx *tx, const struct api_key_row *k, struct error *err)
{
    tx->auth_changed = true;
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "UPDATE api_key SET private_tail = ?, ha1_key_id = ?, ha1_nonce = ?, ha1_sealed = ? "
                                  "WHERE public_key = ?");
    query_cstr(&q, k->private_tail);
    query_cstr(&q, k->ha1_key_id);
    query_blob(&q, k->ha1_nonce, sizeof(k->ha1_nonce));
    query_blob(&q, k->ha1_sealed, sizeof(k->ha1_sealed));
    query_cstr(&q, k->public_key);
    enum err code = query_run(&q, err);
    return code == ERR_OK ? need_change(tx, "API key", k->public_key, err) : code;
}

enum err store_tx_account_insert(struct store_tx *tx, const struct service_account_row *s, struct error *err)
{
    enum err code =
        insert_principal(tx, s->client_id, "service_account", s->id, s->org_id, s->description, s->created, err);
    if (code != ERR_OK) return code;
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "INSERT INTO service_account (client_id, name) VALUES (?, ?)");
    query_cstr(&q, s->client_id);
    query_cstr(&q, s->name);
    return query_run(&q, err);
}

enum err store_tx_account_delete(struct store_tx *tx, const char *client_id, struct error *err)
{
    return delete_principal(tx, client_id, "service_account", "service account", err);
}

enum err store_tx_secret_insert(struct store_tx *tx, const char *client_id, const struct sa_secret_row *s,
                                struct error *err)
{
    tx->auth_changed = true;
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "INSERT INTO sa_secret (client_id, id, hash, masked, created, expires, last_used) "
                                  "VALUES (?, ?, ?, ?, ?, ?, ?)");
    query_cstr(&q, client_id);
    query_cstr(&q, s->id);
    query_blob(&q, s->hash, sizeof(s->hash));
    query_cstr(&q, s->masked);
    query_wall(&q, s->created);
    query_wall(&q, s->expires);
    query_wall(&q, s->last_used);
    enum err code = query_run(&q, err);
    return code == ERR_NOT_FOUND ? no_row(err, "service account", client_id) : code;
}

static enum err delete_tokens_of(struct store_tx *tx, const char *client_id, const char *secret_id, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "DELETE FROM token WHERE client_id = ? AND secret_id = ?");
    query_cstr(&q, client_id);
    query_cstr(&q, secret_id);
    return query_run(&q, err);
}

enum err store_tx_secret_delete(struct store_tx *tx, const char *client_id, const char *secret_id, struct error *err)
{
    tx->auth_changed = true;
    enum err gone = delete_tokens_of(tx, client_id, secret_id, err);
    if (gone != ERR_OK) return gone;
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "DELETE FROM sa_secret WHERE client_id = ? AND id = ?");
    query_cstr(&q, client_id);
    query_cstr(&q, secret_id);
    enum err code = query_run(&q, err);
    return code == ERR_OK ? need_change(tx, "secret", secret_id, err) : code;
}

enum err store_tx_secret_expires(struct store_tx *tx, const char *client_id, const char *secret_id, struct wall when,
                                 struct error *err)
{
    tx->auth_changed = true;
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "UPDATE sa_secret SET expires = ? WHERE client_id = ? AND id = ?");
    query_wall(&q, when);
    query_cstr(&q, client_id);
    query_cstr(&q, secret_id);
    enum err code = query_run(&q, err);
    return code == ERR_OK ? need_change(tx, "secret", secret_id, err) : code;
}

enum err store_tx_principal_describe(struct store_tx *tx, const char *principal_name, const char *description,
                                     struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "UPDATE principal SET description = ? WHERE name = ?");
    query_cstr(&q, description);
    query_cstr(&q, principal_name);
    enum err code = query_run(&q, err);
    return code == ERR_OK ? need_change(tx, "credential", principal_name, err) : code;
}

enum err store_tx_account_rename(struct store_tx *tx, const char *client_id, const char *name, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "UPDATE service_account SET name = ? WHERE client_id = ?");
    query_cstr(&q, name);
    query_cstr(&q, client_id);
    enum err code = query_run(&q, err);
    return code == ERR_OK ? need_change(tx, "service account", client_id, err) : code;
}

// A mark for people and for audits; it changes nothing that a check depends on, so the auth generation stays.
enum err store_tx_secret_used(struct store_tx *tx, const char *client_id, const char *secret_id, struct wall when,
                              struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "UPDATE sa_secret SET last_used = max(last_used, ?) WHERE client_id = ? AND id = ?");
    query_wall(&q, when);
    query_cstr(&q, client_id);
    query_cstr(&q, secret_id);
    enum err code = query_run(&q, err);
    return code == ERR_OK ? need_change(tx, "secret", secret_id, err) : code;
}

// ---- grants -----------------------------------------------------------------------------------------------

// The scope must be the principal's organisation or one of its groups. *ret_org: which of the two.
static enum err check_scope(struct store_tx *tx, const char *principal, const char *scope_id, bool *ret_org,
                            struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(
        tx->reader.db,
        "SELECT p.org_id = ?2, EXISTS (SELECT 1 FROM grp WHERE id = ?2 AND org_id = p.org_id AND deleted = 0)"
        " FROM principal p WHERE p.name = ?1");
    query_cstr(&q, principal);
    query_cstr(&q, scope_id);
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code != ERR_OK) return code;
    if (!row) return no_row(err, "credential", principal);
    bool org = query_get_bool(&q), group = query_get_bool(&q);
    if (!org && !group)
        return error_set(err, ERR_NOT_FOUND, "%s is neither the organization of %s nor one of its groups", scope_id,
                         principal);
    *ret_org = org;
    return ERR_OK;
}

static enum err insert_role(struct store_tx *tx, const char *principal, const char *scope_id, enum role role,
                            struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "INSERT INTO role_grant (principal, scope_id, role) VALUES (?, ?, ?)");
    query_cstr(&q, principal);
    query_cstr(&q, scope_id);
    query_cstr(&q, role_name(role));
    return query_run(&q, err);
}

enum err store_tx_grant(struct store_tx *tx, const char *principal_name, const char *scope_id, role_set roles,
                        struct error *err)
{
    bool org = false;
    enum err code = check_scope(tx, principal_name, scope_id, &org, err);
    if (code != ERR_OK) return code;
    tx->auth_changed = tx->lists_changed = true; // the list of groups depends on grants
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "DELETE FROM role_grant WHERE principal = ? AND scope_id = ?");
    query_cstr(&q, principal_name);
    query_cstr(&q, scope_id);
    code = query_run(&q, err);
    for (unsigned i = 0; code == ERR_OK && i < ROLE_COUNT_; i++) {
        if (!(roles & 1u << i)) continue;
        if (role_is_org((enum role)i) != org)
            return error_set(err, ERR_INVALID, "%s is a role on %s", role_name((enum role)i),
                             org ? "a group, not on an organization" : "an organization, not on a group");
        code = insert_role(tx, principal_name, scope_id, (enum role)i, err);
    }
    return code;
}

// ---- access lists -----------------------------------------------------------------------------------------

enum err store_tx_access_add(struct store_tx *tx, const char *principal_name, struct cidr c, struct wall now,
                             struct error *err)
{
    tx->auth_changed = true;
    char text[CIDR_STR];
    cidr_format(c, text);
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "INSERT INTO access_entry (principal, cidr, created) VALUES (?, ?, ?)");
    query_cstr(&q, principal_name);
    query_cstr(&q, text);
    query_wall(&q, now);
    enum err code = query_run(&q, err);
    if (code == ERR_EXISTS) return error_set(err, code, "%s is on the access list already", text);
    return code == ERR_NOT_FOUND ? no_row(err, "credential", principal_name) : code;
}

enum err store_tx_access_remove(struct store_tx *tx, const char *principal_name, struct cidr c, struct error *err)
{
    tx->auth_changed = true;
    char text[CIDR_STR];
    cidr_format(c, text);
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "DELETE FROM access_entry WHERE principal = ? AND cidr = ?");
    query_cstr(&q, principal_name);
    query_cstr(&q, text);
    enum err code = query_run(&q, err);
    return code == ERR_OK ? need_change(tx, "access list entry", text, err) : code;
}

enum err store_tx_org_access_required(struct store_tx *tx, const char *org_id, bool required, struct error *err)
{
    tx->auth_changed = true;
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "UPDATE org SET api_access_list_required = ? WHERE id = ?");
    query_int(&q, required);
    query_cstr(&q, org_id);
    enum err code = query_run(&q, err);
    return code == ERR_OK ? need_change(tx, "organization", org_id, err) : code;
}
