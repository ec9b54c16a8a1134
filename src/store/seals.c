// SPDX-License-Identifier: Apache-2.0
// What is sealed, whatever it is: which key of the key file sealed it, and sealing it again. Called by: auth/sealing.c,
// cli. Must never: change what a seal holds, or write over one that changed since it was read.
#include "store/internal.h"

enum err store_seal_counts(struct store_reader *r, struct arena *a, struct seal_count **ret, size_t *ret_n,
                           struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(
        r->db, "SELECT id, sum(n) FROM (SELECT ha1_key_id AS id, count(*) AS n FROM api_key GROUP BY 1 UNION "
               "ALL SELECT seal_key_id, count(*) FROM signing_key GROUP BY 1 UNION ALL SELECT key_id, "
               "count(*) FROM webhook_secret GROUP BY 1) GROUP BY id ORDER BY id");
    struct rows rows = {.size = sizeof(struct seal_count)};
    for (;;) {
        bool row;
        enum err code = query_step(&q, &row, err);
        if (code != ERR_OK) return code;
        if (!row) break;
        struct seal_count *c = rows_add(&rows, a);
        if (!c) return rows_nomem(err);
        query_get_cstr(&q, c->key_id, sizeof(c->key_id));
        c->n = (uint64_t)query_get_int(&q);
    }
    *ret = rows.p;
    *ret_n = rows.n;
    return query_check(&q, err);
}

enum err store_key_seals_of_others(struct store_reader *r, const char *key_id, const char *after, size_t max,
                                   struct arena *a, struct key_seal **ret, size_t *ret_n, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT public_key, ha1_key_id, ha1_nonce, ha1_sealed FROM api_key WHERE public_key > ? AND "
                          "ha1_key_id <> ? ORDER BY public_key LIMIT ?");
    query_cstr(&q, after);
    query_cstr(&q, key_id);
    query_int(&q, (int64_t)max);
    struct rows rows = {.size = sizeof(struct key_seal)};
    for (;;) {
        bool row;
        enum err code = query_step(&q, &row, err);
        if (code != ERR_OK) return code;
        if (!row) break;
        struct key_seal *k = rows_add(&rows, a);
        if (!k) return rows_nomem(err);
        query_get_cstr(&q, k->public_key, sizeof(k->public_key));
        query_get_cstr(&q, k->key_id, sizeof(k->key_id));
        query_get_blob(&q, k->nonce, sizeof(k->nonce));
        query_get_blob(&q, k->sealed, sizeof(k->sealed));
    }
    *ret = rows.p;
    *ret_n = rows.n;
    return query_check(&q, err);
}

enum err store_tx_reseal(struct store_tx *tx, enum seal_kind kind, const char *name, const uint8_t was[12],
                         const struct seal *s, struct error *err)
{
    static const char *const sql[] = {
        [SEAL_HA1] =
            "UPDATE api_key SET ha1_key_id = ?, ha1_nonce = ?, ha1_sealed = ? WHERE public_key = ? AND ha1_nonce = ?",
        [SEAL_SIGNING] = "UPDATE signing_key SET seal_key_id = ?, nonce = ?, sealed = ? WHERE kid = ? AND nonce = ?",
        [SEAL_WEBHOOK] =
            "UPDATE webhook_secret SET key_id = ?, nonce = ?, sealed = ? WHERE webhook_id = ? AND nonce = ?",
    };
    struct query q CLEANUP(query_close) = query_open(tx->reader.db, sql[kind]);
    query_cstr(&q, s->key_id);
    query_blob(&q, s->nonce, sizeof(s->nonce));
    query_blob(&q, s->sealed, s->n);
    query_cstr(&q, name);
    query_blob(&q, was, sizeof(s->nonce));
    return query_run(&q, err);
}
