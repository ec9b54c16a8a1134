// SPDX-License-Identifier: Apache-2.0
// Access tokens, used nonces and signing keys. Called by: auth. Must never: store a token or a key in clear.
#include "store/internal.h"

enum err store_token_get(struct store_reader *r, const uint8_t jti_hash[32], struct token_row *ret, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT client_id, issued, expires FROM token WHERE jti_hash = ?");
    query_blob(&q, jti_hash, 32);
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code != ERR_OK) return code;
    if (!row) return error_set(err, ERR_NOT_FOUND, "there is no such token");
    struct token_row t = {.secret_id = ""};
    memcpy(t.jti_hash, jti_hash, sizeof(t.jti_hash));
    query_get_cstr(&q, t.client_id, sizeof(t.client_id));
    t.issued = query_get_wall(&q);
    t.expires = query_get_wall(&q);
    code = query_check(&q, err);
    if (code == ERR_OK) *ret = t;
    return code;
}

// A new token changes no answer that anybody has cached, so the auth generation stays.
enum err store_tx_token_insert(struct store_tx *tx, const struct token_row *t, struct error *err)
{
    // A secret that was deleted since it was compared mints no more.
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "INSERT INTO token (jti_hash, client_id, secret_id, issued, expires) "
                                  "SELECT ?1, ?2, ?3, ?4, ?5 WHERE ?3 = '' OR EXISTS (SELECT 1 FROM sa_secret WHERE "
                                  "client_id = ?2 AND id = ?3)");
    query_blob(&q, t->jti_hash, sizeof(t->jti_hash));
    query_cstr(&q, t->client_id);
    query_cstr(&q, t->secret_id);
    query_wall(&q, t->issued);
    query_wall(&q, t->expires);
    enum err code = query_run(&q, err);
    if (code == ERR_NOT_FOUND) return no_row(err, "service account", t->client_id);
    return code == ERR_OK ? need_change(tx, "secret", t->secret_id, err) : code;
}

enum err store_tx_token_delete(struct store_tx *tx, const uint8_t jti_hash[32], const char *client_id,
                               bool *ret_deleted, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "DELETE FROM token WHERE jti_hash = ? AND client_id = ?");
    query_blob(&q, jti_hash, 32);
    query_cstr(&q, client_id);
    enum err code = query_run(&q, err);
    if (code != ERR_OK) return code;
    *ret_deleted = db_changes(tx->reader.db) > 0;
    tx->auth_changed |= *ret_deleted;
    return ERR_OK;
}

enum err store_tx_token_count(struct store_tx *tx, const char *client_id, struct wall now, uint32_t *ret,
                              struct error *err)
{
    struct query d CLEANUP(query_close) =
        query_open(tx->reader.db, "DELETE FROM token WHERE client_id = ? AND expires <= ?");
    query_cstr(&d, client_id);
    query_wall(&d, now);
    enum err code = query_run(&d, err);
    if (code != ERR_OK) return code;
    struct query q CLEANUP(query_close) = query_open(tx->reader.db, "SELECT count(*) FROM token WHERE client_id = ?");
    query_cstr(&q, client_id);
    bool row;
    code = query_step(&q, &row, err);
    if (code == ERR_OK) *ret = (uint32_t)query_get_int(&q);
    return code;
}

enum err store_tx_nonce_use(struct store_tx *tx, const char *nonce, uint32_t nc, struct wall expires, struct wall now,
                            struct error *err)
{
    // More are pruned than one call adds, so the table shrinks back; bounded, so that no call pays for a busy hour.
    struct query d CLEANUP(query_close) =
        query_open(tx->reader.db, "DELETE FROM nonce_use WHERE rowid IN "
                                  "(SELECT rowid FROM nonce_use WHERE expires <= ? ORDER BY expires LIMIT 32)");
    query_wall(&d, now);
    enum err code = query_run(&d, err);
    if (code != ERR_OK) return code;
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "INSERT INTO nonce_use (nonce, nc, expires) VALUES (?, ?, ?)");
    query_cstr(&q, nonce);
    query_int(&q, nc);
    query_wall(&q, expires);
    code = query_run(&q, err);
    return code == ERR_EXISTS ? error_set(err, code, "the nonce count was used before") : code;
}

static void get_signing_key(struct query *q, struct signing_key_row *k)
{
    query_get_cstr(q, k->kid, sizeof(k->kid));
    query_get_cstr(q, k->seal_key_id, sizeof(k->seal_key_id));
    query_get_blob(q, k->nonce, sizeof(k->nonce));
    query_get_blob(q, k->sealed, sizeof(k->sealed));
    k->created = query_get_wall(q);
    k->retired = query_get_wall(q);
}

enum err store_signing_keys(struct store_reader *r, struct arena *a, struct signing_key_row **ret, size_t *ret_n,
                            struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT kid, seal_key_id, nonce, sealed, created, retired FROM signing_key "
                          "ORDER BY retired <> 0, created DESC, kid"); // two may be of one instant
    struct rows rows = {.size = sizeof(struct signing_key_row)};
    for (;;) {
        bool row;
        enum err code = query_step(&q, &row, err);
        if (code != ERR_OK) return code;
        if (!row) break;
        struct signing_key_row *k = rows_add(&rows, a);
        if (!k) return rows_nomem(err);
        get_signing_key(&q, k);
    }
    *ret = rows.p;
    *ret_n = rows.n;
    return ERR_OK;
}

enum err store_tx_signing_key_insert(struct store_tx *tx, const struct signing_key_row *k, struct error *err)
{
    tx->auth_changed = true;
    struct query u CLEANUP(query_close) =
        query_open(tx->reader.db, "UPDATE signing_key SET retired = max(?, created) WHERE retired = 0");
    query_wall(&u, k->created);
    enum err code = query_run(&u, err);
    if (code != ERR_OK) return code;
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "INSERT INTO signing_key (kid, seal_key_id, nonce, sealed, created, retired) "
                                  "VALUES (?, ?, ?, ?, ?, ?)");
    query_cstr(&q, k->kid);
    query_cstr(&q, k->seal_key_id);
    query_blob(&q, k->nonce, sizeof(k->nonce));
    query_blob(&q, k->sealed, sizeof(k->sealed));
    query_wall(&q, k->created);
    query_wall(&q, k->retired);
    code = query_run(&q, err);
    return code == ERR_EXISTS ? error_set(err, code, "a signing key %s exists already", k->kid) : code;
}

enum err store_tx_signing_keys_prune(struct store_tx *tx, struct wall before, uint64_t *ret_n, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(tx->reader.db, "DELETE FROM signing_key WHERE retired <> 0 AND retired < ?");
    query_wall(&q, before);
    enum err code = query_run(&q, err);
    if (code == ERR_OK) *ret_n = db_changes(tx->reader.db);
    return code;
}
