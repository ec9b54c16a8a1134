// SPDX-License-Identifier: Apache-2.0
// Builds and ends struct auth, and its housekeeping: signing keys, cache sweeps, last-used times.
// Called by: app. Must never: do store work on a request's thread (but for the signing keys, a bounded few times).
#include "auth/inside.h"

#include "base/encode.h"
#include "base/mem.h"
#include "base/metrics.h"

#define WINDOW_NONCES     262144U
#define CREDENTIALS_MAX   32768U
#define TOKENS_MAX        65536U
#define CACHE_BYTES       ((size_t)64 * 1024 * 1024)
#define SIGNING_RELOAD_NS (30 * NS_PER_SEC)

static const struct bucket_rule reload_rule = {10, 10, 1};

// Loads the signing keys; makes the first one, and a new one when the current has its age. Those that verify nothing
// any more go.
static enum err refresh_signing(struct auth *a, struct error *err)
{
    struct wall now = clock_wall(a->o.clock);
    struct jwt_key made;
    enum err e = signing_load(a->signing, a->o.keys, a->reader, err);
    if (e != ERR_OK && e != ERR_NOT_FOUND && e != ERR_CORRUPT) return e;
    if (e == ERR_OK && !signing_is_due(a->signing, now))
        return signing_has_old(a->signing, now) ? signing_prune(a->o.store, now, err) : ERR_OK;
    struct signing_maker m = {.keys = a->o.keys, .store = a->o.store, .rng = a->o.rng, .now = now};
    e = signing_add(&m, &made, err);
    mem_wipe(&made, sizeof(made));
    return e == ERR_OK ? signing_load(a->signing, a->o.keys, a->reader, err) : e;
}

static bool make_parts(struct auth *a)
{
    a->issuer = mem_strndup(a->o.issuer, strlen(a->o.issuer));
    a->o.issuer = a->issuer;
    a->signing = signing_new();
    a->window = window_new(WINDOW_NONCES, clock_wall(a->o.clock));
    a->failures = failures_new(a->o.failures_per_minute ? a->o.failures_per_minute : 60, a->o.rng);
    a->credentials = cache_new(CREDENTIALS_MAX, 2 * CACHE_BYTES, a->o.rng);
    a->tokens = cache_new(TOKENS_MAX * 2, CACHE_BYTES, a->o.rng);
    a->access_used = used_new(a->o.rng);
    rng_fill(a->o.rng, a->nobody, sizeof(a->nobody));
    return a->issuer && a->signing && a->window && a->failures && a->credentials && a->tokens && a->access_used;
}

enum err auth_new(const struct auth_options *o, struct auth **ret, struct error *err)
{
    size_t issuer = strlen(o->issuer);
    if (issuer == 0 || issuer > JWT_ISSUER_MAX)
        return error_set(err, ERR_INVALID, "public_url must have 1 to %d characters", JWT_ISSUER_MAX);
    struct auth *a = mem_zalloc(1, sizeof(*a));
    if (a == NULL) return error_set(err, ERR_NOMEM, "no memory for authentication");
    a->o = *o;
    lock_init(&a->lock, "auth");
    bucket_start(&a->reloads, &reload_rule, clock_mono(o->clock));
    static const char *const labels[SCHEME_COUNT_] = {"scheme=\"digest\"", "scheme=\"bearer\"", "scheme=\"basic\"",
                                                      "scheme=\"other\""};
    for (unsigned i = 0; i < SCHEME_COUNT_; i++) a->series[i] = metric_series(M_AUTH_FAILURES, labels[i]);
    enum err e = ERR_OK;
    if (!make_parts(a)) e = error_set(err, ERR_NOMEM, "no memory for authentication");
    if (e == ERR_OK) e = store_reader_open(o->store, &a->reader, err);
    if (e == ERR_OK) e = refresh_signing(a, err);
    if (e != ERR_OK) {
        auth_free(a);
        return e;
    }
    a->signing_loaded = clock_mono(o->clock);
    *ret = a;
    return ERR_OK;
}

void auth_free(struct auth *a)
{
    if (a == NULL) return;
    if (a->reader) store_reader_close(&a->reader);
    cache_free(a->tokens);
    cache_free(a->credentials);
    used_free(a->access_used);
    failures_free(a->failures);
    window_free(a->window);
    signing_free(a->signing);
    lock_done(&a->lock);
    mem_free(a->issuer);
    mem_free(a);
}

// ---- housekeeping

#define ACCESS_MARKS_MAX 512 // in one tick
struct used_batch {
    struct last_used rows[LAST_USED_MAX];
    unsigned n;
    struct used_mark marks[ACCESS_MARKS_MAX];
    unsigned n_marks;
};

static enum err write_used(struct store_tx *tx, void *ctx, struct error *err)
{
    const struct used_batch *b = ctx;
    for (unsigned i = 0; i < b->n; i++) {
        const struct last_used *u = &b->rows[i];
        enum err e = store_tx_secret_used(tx, u->client_id, u->secret_id, u->when, err);
        if (e != ERR_OK && e != ERR_NOT_FOUND) return e; // not found: deleted meanwhile
    }
    for (unsigned i = 0; i < b->n_marks; i++) {
        const struct used_mark *m = &b->marks[i];
        struct access_row use = {.block = m->block, .used = m->count, .last_used = m->when};
        ip_format(m->from, use.last_address);
        enum err e = store_tx_access_used(tx, m->principal, &use, err);
        if (e != ERR_OK) return e;
    }
    return ERR_OK;
}

static void flush_used(struct auth *a)
{
    struct used_batch b;
    lock_take(&a->lock);
    b.n = a->used_count;
    memcpy(b.rows, a->used, b.n * sizeof(b.rows[0]));
    a->used_count = 0;
    lock_drop(&a->lock);
    b.n_marks = used_take(a->access_used, b.marks, ACCESS_MARKS_MAX);
    struct error err;
    if ((b.n == 0 && b.n_marks == 0) || store_write(a->o.store, write_used, &b, &err) == ERR_OK) return;
    // The store is away: what was not overtaken meanwhile waits for the next time.
    for (unsigned i = 0; i < b.n; i++) auth_note_used(a, b.rows[i].client_id, b.rows[i].secret_id, b.rows[i].when);
    for (unsigned i = 0; i < b.n_marks; i++) used_note(a->access_used, &b.marks[i]);
}

void auth_note_used(struct auth *a, const char *client_id, const char *secret_id, struct wall when)
{
    lock_take(&a->lock);
    unsigned i = 0;
    while (i < a->used_count && (strcmp(a->used[i].client_id, client_id) != 0 || //
                                 strcmp(a->used[i].secret_id, secret_id) != 0))
        i++;
    struct last_used *u = &a->used[i];
    bool ok = i < LAST_USED_MAX && cstr_set(u->client_id, sizeof(u->client_id), client_id) &&
              cstr_set(u->secret_id, sizeof(u->secret_id), secret_id);
    if (ok && i == a->used_count) { // a full list loses a time, which is only information
        u->when = when;
        a->used_count++;
    } else if (ok) {
        u->when.us = MAX(u->when.us, when.us);
    }
    lock_drop(&a->lock);
}

void auth_tick(struct auth *a)
{
    struct mono now = clock_mono(a->o.clock);
    struct mono before = {now.ns - CACHE_GRACE_NS};
    cache_sweep(a->tokens, before);
    cache_sweep(a->credentials, before);
    flush_used(a);
    if (now.ns - a->signing_loaded.ns < SIGNING_RELOAD_NS) return;
    struct error err;
    if (refresh_signing(a, &err) == ERR_OK) a->signing_loaded = now; // else the next tick tries again
}

// ---- shared by the other files

bool auth_note_failure(struct auth *a, const struct request *r, unsigned scheme)
{
    metric_add(M_AUTH_FAILURES, a->series[scheme], 1);
    return !failures_note(a->failures, r->peer, clock_mono(a->o.clock));
}

enum jwt_result auth_verify_token(struct auth *a, struct store_reader *reader, struct slice token, struct wall now,
                                  struct jwt_claims *ret)
{
    struct slice issuer = slice_of(a->issuer);
    enum jwt_result res = signing_verify(a->signing, issuer, token, now, ret);
    if (res != JWT_UNKNOWN_KEY || reader == NULL) return res;
    lock_take(&a->lock);
    bool may = bucket_take(&a->reloads, &reload_rule, clock_mono(a->o.clock)).allowed;
    lock_drop(&a->lock);
    struct error err;
    enum err e = may ? signing_load(a->signing, a->o.keys, reader, &err) : ERR_NOT_FOUND;
    if (e == ERR_NOT_FOUND || e == ERR_CORRUPT) return res;
    if (e != ERR_OK) return JWT_UNSURE;
    return signing_verify(a->signing, issuer, token, now, ret);
}

void auth_token_hash(const char *jti, uint8_t ret[32])
{
    struct slice part = slice_of(jti);
    crypto_sha256(&part, 1, ret);
}
