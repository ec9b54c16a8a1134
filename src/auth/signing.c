// SPDX-License-Identifier: Apache-2.0
// Keeps the opened signing keys, newest first. Called by: auth/auth.c, auth/check.c, auth/oauth.c.
// Must never: hold its lock over a store call.
#include "auth/signing.h"

#include "auth/event.h"
#include "base/encode.h"
#include "base/lock.h"
#include "base/mem.h"

struct signing {
    struct lock lock;
    struct jwt_key keys[SIGNING_MAX]; // shared under lock, as n
    unsigned n;
};

struct signing *signing_new(void)
{
    struct signing *s = mem_zalloc(1, sizeof(*s));
    if (s) lock_init(&s->lock, "signing keys");
    return s;
}

void signing_free(struct signing *s)
{
    if (s == NULL) return;
    lock_done(&s->lock);
    mem_wipe(s, sizeof(*s));
    mem_free(s);
}

enum err signing_open(const struct keyring *k, const struct signing_key_row *row, struct jwt_key *ret,
                      struct error *err)
{
    struct jwt_key key = {.created = row->created, .retired = row->retired};
    if (!cstr_set(key.kid, sizeof(key.kid), row->kid) || strlen(key.kid) != JWT_KID)
        return error_set(err, ERR_CORRUPT, "a signing key's id is not %d characters long", JWT_KID);
    enum err e = keyring_open(k, KEY_SIGNING, row->seal_key_id, row->nonce, slice_of(row->kid),
                              slice_n((const char *)row->sealed, sizeof(row->sealed)), key.secret, err);
    if (e != ERR_OK) return e;
    *ret = key;
    mem_wipe(&key, sizeof(key));
    return ERR_OK;
}

static void replace(struct signing *s, const struct jwt_key *keys, unsigned n)
{
    lock_take(&s->lock);
    memcpy(s->keys, keys, n * sizeof(*keys));
    s->n = n;
    lock_drop(&s->lock);
}

enum err signing_load(struct signing *s, const struct keyring *k, struct store_reader *r, struct error *err)
{
    struct jwt_key keys[SIGNING_MAX];
    struct signing_key_row *rows;
    size_t n_rows;
    unsigned n = 0, in_use = 0;
    const struct jwt_key *newest_in_use = NULL;
    struct arena *arena = arena_new(256 * 1024);
    if (arena == NULL) return error_set(err, ERR_NOMEM, "no memory for the signing keys");
    enum err e = store_signing_keys(r, arena, &rows, &n_rows, err), opened = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < n_rows && n < SIGNING_MAX; i++) {
        opened = signing_open(k, &rows[i], &keys[n], err);
        if (opened != ERR_OK) continue;
        in_use += keys[n].retired.us == 0;
        // Rows in use come first, newest first: of two in use, the elder one is retired at the latest when the other
        // was made.
        if (keys[n].retired.us == 0 && newest_in_use) keys[n].retired = newest_in_use->created;
        if (keys[n].retired.us == 0) newest_in_use = &keys[n];
        n++;
    }
    if (e == ERR_OK && n == 0 && opened != ERR_OK)
        e = error_set(err, ERR_CORRUPT, "no signing key opens with the key file");
    if (e == ERR_OK && in_use == 0) e = error_set(err, ERR_NOT_FOUND, "no signing key is in use");
    if (e == ERR_OK) replace(s, keys, n);
    mem_wipe(keys, sizeof(keys));
    arena_free(arena);
    return e;
}

struct wall signing_until(struct wall retired)
{
    return (struct wall){retired.us + (TOKEN_LIFE_SECONDS + JWT_SKEW_SECONDS) * US_PER_SEC};
}

// ---- a new key ----------------------------------------------------------------------------------------------------

struct addition {
    const struct signing_maker *m;
    struct signing_key_row row;
    unsigned former; // keys that there were
};

static enum err prune(struct store_tx *tx, struct wall now, struct error *err)
{
    uint64_t n;
    return store_tx_signing_keys_prune(tx, (struct wall){now.us - signing_until((struct wall){0}).us}, &n, err);
}

static enum err check_room(const struct signing_key_row *rows, size_t n, struct error *err)
{
    char until[21];
    if (n < SIGNING_LIVE_MAX) return ERR_OK;
    struct wall first = {INT64_MAX};
    for (size_t i = 0; i < n; i++)
        if (rows[i].retired.us != 0) first.us = MIN(first.us, signing_until(rows[i].retired).us);
    wall_rfc3339(first, until);
    return error_set(err, ERR_CONFLICT, "%zu signing keys still verify live tokens; the oldest goes at %s", n, until);
}

static enum err insert_key(struct store_tx *tx, void *ctx, struct error *err)
{
    static const struct actor age = {.kind = PRINCIPAL_LOCAL, .name = "age"};
    struct addition *a = ctx;
    const struct signing_maker *m = a->m;
    struct signing_key_row *rows;
    size_t n;
    struct arena *arena CLEANUP(arena_freep) = arena_new(256 * 1024);
    if (arena == NULL) return error_set(err, ERR_NOMEM, "no memory for the signing keys");
    enum err e = prune(tx, m->now, err);
    if (e == ERR_OK) e = store_signing_keys(store_tx_reader(tx), arena, &rows, &n, err);
    if (e == ERR_OK && m->by) e = check_room(rows, n, err);
    if (e == ERR_OK) e = store_tx_signing_key_insert(tx, &a->row, err);
    if (e != ERR_OK || n == 0) return e; // the first one replaces none
    return auth_event_write(tx, m->rng, m->now, m->by ? m->by : &age, AUTH_EVENT_SIGNING_KEY_ROTATED, a->row.kid,
                            (struct slice){NULL, 0}, err);
}

enum err signing_add(const struct signing_maker *m, struct jwt_key *ret, struct error *err)
{
    uint8_t raw[JWT_KID / 2 + 32];
    struct addition a = {.m = m, .row.created = m->now};
    rng_fill(m->rng, raw, sizeof(raw));
    hex_encode(raw, JWT_KID / 2, a.row.kid);
    enum err e = keyring_seal(m->keys, KEY_SIGNING, slice_of(a.row.kid), slice_n((const char *)raw + JWT_KID / 2, 32),
                              m->rng, a.row.seal_key_id, a.row.nonce, a.row.sealed, err);
    if (e == ERR_OK) e = store_write(m->store, insert_key, &a, err);
    if (e == ERR_OK) {
        *ret = (struct jwt_key){.created = m->now};
        memcpy(ret->kid, a.row.kid, sizeof(ret->kid));
        memcpy(ret->secret, raw + JWT_KID / 2, sizeof(ret->secret));
    }
    mem_wipe(raw, sizeof(raw));
    return e;
}

void signing_put(struct signing *s, const struct jwt_key *key)
{
    lock_take(&s->lock);
    bool known = false;
    for (unsigned i = 0; i < s->n; i++) known |= strcmp(s->keys[i].kid, key->kid) == 0;
    if (!known) {
        for (unsigned i = 0; i < s->n; i++)
            if (s->keys[i].retired.us == 0) s->keys[i].retired.us = MAX(key->created.us, s->keys[i].created.us);
        s->n = MIN(s->n + 1, (unsigned)SIGNING_MAX);
        memmove(&s->keys[1], &s->keys[0], (s->n - 1) * sizeof(s->keys[0]));
        s->keys[0] = *key;
    }
    lock_drop(&s->lock);
}

static enum err prune_old(struct store_tx *tx, void *ctx, struct error *err)
{
    return prune(tx, *(const struct wall *)ctx, err);
}

enum err signing_prune(struct store *store, struct wall now, struct error *err)
{
    return store_write(store, prune_old, &now, err);
}

// ---- what is held -------------------------------------------------------------------------------------------------

// The newest key that is not retired; lock held.
static const struct jwt_key *current(const struct signing *s)
{
    for (unsigned i = 0; i < s->n; i++)
        if (s->keys[i].retired.us == 0) return &s->keys[i];
    return NULL;
}

bool signing_is_due(struct signing *s, struct wall now)
{
    lock_take(&s->lock);
    const struct jwt_key *k = current(s);
    bool due = k == NULL || now.us - k->created.us >= SIGNING_DAYS * 86400 * US_PER_SEC;
    lock_drop(&s->lock);
    return due;
}

bool signing_has_old(struct signing *s, struct wall now)
{
    bool old = false;
    lock_take(&s->lock);
    for (unsigned i = 0; i < s->n; i++)
        old |= s->keys[i].retired.us != 0 && signing_until(s->keys[i].retired).us < now.us;
    lock_drop(&s->lock);
    return old;
}

bool signing_current(struct signing *s, struct jwt_key *ret)
{
    lock_take(&s->lock);
    const struct jwt_key *k = current(s);
    if (k) *ret = *k;
    lock_drop(&s->lock);
    return k != NULL;
}

enum jwt_result signing_verify(struct signing *s, struct slice issuer, struct slice token, struct wall now,
                               struct jwt_claims *ret)
{
    struct jwt_key keys[SIGNING_MAX];
    unsigned n = 0;
    lock_take(&s->lock);
    for (unsigned i = 0; i < s->n; i++) {
        // No token outlives its key by more than a token's life.
        if (s->keys[i].retired.us == 0 || now.us < signing_until(s->keys[i].retired).us) keys[n++] = s->keys[i];
    }
    lock_drop(&s->lock);
    enum jwt_result r = jwt_verify(keys, n, issuer, token, now, ret);
    mem_wipe(keys, sizeof(keys));
    return r;
}
