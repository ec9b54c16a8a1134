// SPDX-License-Identifier: Apache-2.0
// Rotation of the sealing key: a new key in the key file, then everything sealed anew, a batch at a time, while the
// daemon serves. Which key is current stands in the file and which key sealed a row stands in the row, so there is no
// state in between that a crash could lose: whoever starts goes on.
// Called by: auth.h's callers. Must never: let the old key go while a row needs it, or hold up who authenticates.
#include "auth/sealing.h"
#include "auth/event.h"
#include "auth/inside.h"

#include "base/mem.h"

#define BATCH          256
#define BATCH_ARENA    ((size_t)1 << 20)
#define HOOKS_ARENA    ((size_t)64 << 20)
#define LATE_WRITE_US  (6 * US_PER_SEC) // longer than the store lets a write wait
#define FORGET_AFTER_S 600              // longer than any nonce lives and any write that sealed with the old key takes

// ---- one row ------------------------------------------------------------------------------------------------------

struct fresh_seal {
    enum seal_kind kind;
    char name[OID_HEX + 1];
    uint8_t was[AEAD_NONCE];
    struct seal seal;
};

struct batch {
    struct fresh_seal rows[BATCH];
    unsigned n;
};

static const enum key_purpose purpose_of[] = {
    [SEAL_HA1] = KEY_HA1, [SEAL_SIGNING] = KEY_SIGNING, [SEAL_WEBHOOK] = KEY_WEBHOOK};

// Opens a seal and seals what is in it with the current key.
static enum err seal_again(const struct auth *a, enum seal_kind kind, const char *name, const struct seal *old,
                           struct batch *b, struct error *err)
{
    uint8_t plain[48];
    struct fresh_seal *f = &b->rows[b->n];
    struct slice aad = slice_of(name);
    *f = (struct fresh_seal){.kind = kind};
    bool fits = cstr_set(f->name, sizeof(f->name), name);
    ASSERT(fits);
    memcpy(f->was, old->nonce, sizeof(f->was));
    enum err e = keyring_open(a->o.keys, purpose_of[kind], old->key_id, old->nonce, aad,
                              slice_n((const char *)old->sealed, old->n), plain, err);
    if (e == ERR_OK)
        e = keyring_seal(a->o.keys, purpose_of[kind], aad, slice_n((const char *)plain, old->n - AEAD_TAG), a->o.rng,
                         f->seal.key_id, f->seal.nonce, f->seal.sealed, err);
    mem_wipe(plain, sizeof(plain));
    f->seal.n = old->n;
    b->n += e == ERR_OK;
    return e == ERR_CORRUPT || e == ERR_NOT_FOUND ? ERR_OK : e; // doctor tells of it; the others go on
}

static struct seal seal_of(const char *key_id, const uint8_t nonce[AEAD_NONCE], const uint8_t *sealed, size_t n)
{
    struct seal s = {.n = n};
    bool fits = cstr_set(s.key_id, sizeof(s.key_id), key_id) && n <= sizeof(s.sealed);
    ASSERT(fits);
    memcpy(s.nonce, nonce, sizeof(s.nonce));
    memcpy(s.sealed, sealed, n);
    return s;
}

static enum err write_batch(struct store_tx *tx, void *ctx, struct error *err)
{
    const struct batch *b = ctx;
    enum err e = ERR_OK;
    for (unsigned i = 0; i < b->n && e == ERR_OK; i++)
        e = store_tx_reseal(tx, b->rows[i].kind, b->rows[i].name, b->rows[i].was, &b->rows[i].seal, err);
    return e;
}

// ---- a walk over everything ---------------------------------------------------------------------------------------

static enum err batch_of_keys(struct resealing *w, struct arena *arena, struct batch *b, struct error *err)
{
    struct key_seal *rows;
    size_t n;
    enum err e = store_key_seals_of_others(w->reader, w->target, w->after, BATCH, arena, &rows, &n, err);
    for (size_t i = 0; i < n && e == ERR_OK; i++) {
        struct seal old = seal_of(rows[i].key_id, rows[i].nonce, rows[i].sealed, sizeof(rows[i].sealed));
        e = seal_again(w->auth, SEAL_HA1, rows[i].public_key, &old, b, err);
        memcpy(w->after, rows[i].public_key, sizeof(w->after));
    }
    if (e == ERR_OK && n == 0) w->stage = RESEAL_OTHERS;
    return e;
}

static enum err signing_keys(struct resealing *w, struct arena *arena, struct batch *b, struct error *err)
{
    struct signing_key_row *rows;
    size_t n;
    enum err e = store_signing_keys(w->reader, arena, &rows, &n, err);
    for (size_t i = 0; e == ERR_OK && i < n && b->n < BATCH; i++) {
        struct seal old = seal_of(rows[i].seal_key_id, rows[i].nonce, rows[i].sealed, sizeof(rows[i].sealed));
        if (strcmp(old.key_id, w->target) != 0) e = seal_again(w->auth, SEAL_SIGNING, rows[i].kid, &old, b, err);
    }
    return e;
}

static enum err webhook_secrets(struct resealing *w, struct arena *arena, struct batch *b, struct error *err)
{
    struct webhook *hooks;
    size_t n;
    enum err e = store_webhooks(w->reader, NULL, arena, &hooks, &n, err);
    for (size_t i = 0; e == ERR_OK && i < n; i++)
        for (unsigned k = 0; e == ERR_OK && k < hooks[i].secret_count && b->n < BATCH; k++) {
            const struct webhook_secret *s = &hooks[i].secrets[k];
            struct seal old = seal_of(s->key_id, s->nonce, s->sealed, sizeof(s->sealed));
            if (strcmp(old.key_id, w->target) != 0) e = seal_again(w->auth, SEAL_WEBHOOK, hooks[i].id, &old, b, err);
        }
    return e;
}

// There are few of these: they are looked through again until nothing is left.
static enum err batch_of_others(struct resealing *w, struct arena *arena, struct batch *b, struct error *err)
{
    enum err e = signing_keys(w, arena, b, err);
    if (e == ERR_OK) e = webhook_secrets(w, arena, b, err);
    if (e == ERR_OK && b->n == 0) w->stage = RESEAL_END;
    return e;
}

static const struct actor resealer = {.kind = PRINCIPAL_LOCAL, .name = "resealer"};

static enum err find_done(struct store_reader *r, const char *key_id, struct arena *arena, struct wall *ret,
                          struct error *err)
{
    struct event_row *rows;
    size_t n;
    uint64_t total;
    const struct event_filter f = {.resource = slice_of(key_id),
                                   .types = SLICE("[\"PEERAGE_SEALING_KEY_DONE\"]"),
                                   .uncounted = true,
                                   .page = {1, 1}};
    enum err e = store_events_find(r, &f, arena, &rows, &n, &total, err);
    if (e == ERR_OK) *ret = n ? rows[0].created : (struct wall){0};
    return e;
}

struct telling {
    const struct auth *a;
    const char *key_id;
};

static enum err tell_done(struct store_tx *tx, void *ctx, struct error *err)
{
    const struct telling *t = ctx;
    return auth_event_write(tx, t->a->o.rng, clock_wall(t->a->o.clock), &resealer, AUTH_EVENT_SEALING_KEY_DONE,
                            t->key_id, (struct slice){NULL, 0}, err);
}

static void begin_walk(struct resealing *w)
{
    const struct ring *ring = keyring_ring(w->auth->o.keys);
    w->after[0] = '\0';
    w->walked = 0;
    memcpy(w->target, ring->keys[0].id, sizeof(w->target));
    w->stage = ring->n > 1 ? RESEAL_KEYS : RESEAL_IDLE; // what other keys sealed could not be opened
}

static enum err count_others(struct resealing *w, struct arena *arena, uint64_t *ret, struct error *err)
{
    struct seal_count *counts;
    size_t n;
    enum err e = store_seal_counts(w->reader, arena, &counts, &n, err);
    *ret = 0;
    for (size_t i = 0; e == ERR_OK && i < n; i++)
        if (strcmp(counts[i].key_id, w->target) != 0) *ret += counts[i].n;
    return e;
}

// The end of a walk. When nothing is left that another key sealed, the first to see that tells it. A write that sealed
// just before the rotation may come late: it is waited for. What no key opens is left to doctor.
static enum err finish(struct resealing *w, struct arena *arena, struct error *err)
{
    const struct ring *ring = keyring_ring(w->auth->o.keys);
    struct wall done, now = clock_wall(w->auth->o.clock);
    struct telling t = {w->auth, w->target};
    uint64_t left;
    int64_t age = ring->n > 1 ? now.us - ring->keys[1].retired.us : INT64_MAX;
    if (age >= 0 && age < LATE_WRITE_US) return ERR_OK; // again in a while
    enum err e = count_others(w, arena, &left, err);
    if (e != ERR_OK) return e;
    if (left > 0 && w->walked > 0) {
        begin_walk(w);
        return ERR_OK;
    }
    if (left == 0) e = find_done(w->reader, w->target, arena, &done, err);
    if (e == ERR_OK && left == 0 && done.us == 0) e = store_write(w->auth->o.store, tell_done, &t, err);
    if (e == ERR_OK) w->stage = RESEAL_IDLE;
    return e;
}

static bool is_idle(struct resealing *w)
{
    if (strcmp(w->target, keyring_current_id(w->auth->o.keys)) == 0) return w->stage == RESEAL_IDLE;
    begin_walk(w);
    return w->stage == RESEAL_IDLE;
}

enum err auth_reseal(struct resealing *w, unsigned *ret_n, bool *ret_idle, struct error *err)
{
    struct batch b = {.n = 0};
    enum err e = ERR_OK;
    *ret_n = 0;
    *ret_idle = is_idle(w);
    if (*ret_idle) return ERR_OK;
    struct arena *arena CLEANUP(arena_freep) = arena_new(w->stage == RESEAL_OTHERS ? HOOKS_ARENA : BATCH_ARENA);
    if (arena == NULL) return error_set(err, ERR_NOMEM, "no memory for sealing anew");
    enum reseal_stage before = w->stage;
    char after[sizeof(w->after)];
    memcpy(after, w->after, sizeof(after));
    if (before == RESEAL_KEYS) e = batch_of_keys(w, arena, &b, err);
    if (before == RESEAL_OTHERS) e = batch_of_others(w, arena, &b, err);
    if (before == RESEAL_END) e = finish(w, arena, err);
    bool waits = before == RESEAL_END && w->stage == RESEAL_END;
    if (e == ERR_OK && b.n > 0) e = store_write(w->auth->o.store, write_batch, &b, err);
    if (e != ERR_OK) { // the same again later
        memcpy(w->after, after, sizeof(after));
        w->stage = before;
    }
    *ret_idle = waits && e == ERR_OK; // of no use to come again at once
    *ret_n = e == ERR_OK ? b.n : 0;
    w->walked += *ret_n;
    mem_wipe(&b, sizeof(b));
    return e;
}

enum err auth_resealing_new(struct auth *a, struct resealing **ret, struct error *err)
{
    struct resealing *w = mem_zalloc(1, sizeof(*w));
    if (w == NULL) return error_set(err, ERR_NOMEM, "no memory for sealing anew");
    w->auth = a;
    w->stage = RESEAL_IDLE; // for no key: the first call begins a walk
    enum err e = store_reader_open(a->o.store, &w->reader, err);
    if (e == ERR_OK)
        *ret = w;
    else
        mem_free(w);
    return e;
}

void auth_resealing_free(struct resealing *w)
{
    if (w == NULL) return;
    store_reader_close(&w->reader);
    mem_free(w);
}

// ---- what the operator asks for -----------------------------------------------------------------------------------

struct sealing_change {
    struct auth *a;
    const struct actor *by;
    const char *forget; // NULL: a new key
    struct wall now;
    struct arena *arena;
    bool written; // the file has changed
};

static enum err rotate(struct store_tx *tx, void *ctx, struct error *err)
{
    struct sealing_change *c = ctx;
    // The file comes first and lasts; if the event then fails, the new key holds all the same. On the writer's thread,
    // so that there is one change at a time.
    enum err e = c->written ? ERR_OK : keyring_rotate(c->a->o.keys, c->a->o.rng, c->now, err);
    if (e != ERR_OK) return e;
    c->written = true; // a transaction may be run again, the file is changed once
    return auth_event_write(tx, c->a->o.rng, c->now, c->by, AUTH_EVENT_SEALING_KEY_ROTATED,
                            keyring_current_id(c->a->o.keys), (struct slice){NULL, 0}, err);
}

static enum err told(const struct sealing_change *c, enum err e, struct error *err)
{
    if (e != ERR_OK && c->written) error_prefix(err, "the key file has changed, but the event was not written");
    return e;
}

enum err auth_sealing_rotate(struct auth *a, const struct actor *by, struct error *err)
{
    struct sealing_change c = {.a = a, .by = by, .now = clock_wall(a->o.clock)};
    return told(&c, store_write(a->o.store, rotate, &c, err), err);
}

static uint64_t count_of(const struct seal_count *counts, size_t n, const char *id)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(counts[i].key_id, id) == 0) return counts[i].n;
    return 0;
}

static enum err check_unused(struct store_tx *tx, const struct sealing_change *c, struct error *err)
{
    struct seal_count *counts;
    size_t n;
    const struct ring *ring = keyring_ring(c->a->o.keys);
    enum err e = store_seal_counts(store_tx_reader(tx), c->arena, &counts, &n, err);
    if (e != ERR_OK) return e;
    uint64_t rows = count_of(counts, n, c->forget);
    if (rows > 0)
        return error_set(err, ERR_CONFLICT, "%llu rows are still sealed with key %s: a running daemon seals them anew",
                         (unsigned long long)rows, c->forget);
    for (unsigned i = 1; i < ring->n; i++)
        if (strcmp(ring->keys[i].id, c->forget) == 0 &&
            c->now.us - ring->keys[i].retired.us < FORGET_AFTER_S * US_PER_SEC)
            return error_set(err, ERR_CONFLICT,
                             "key %s was in use less than ten minutes ago: requests that are under way may need it",
                             c->forget);
    return ERR_OK;
}

static enum err forget(struct store_tx *tx, void *ctx, struct error *err)
{
    struct sealing_change *c = ctx;
    enum err e = c->written ? ERR_OK : check_unused(tx, c, err);
    if (e == ERR_OK && !c->written) e = keyring_forget(c->a->o.keys, c->forget, err);
    if (e != ERR_OK) return e;
    c->written = true;
    return auth_event_write(tx, c->a->o.rng, c->now, c->by, AUTH_EVENT_SEALING_KEY_FORGOTTEN, c->forget,
                            (struct slice){NULL, 0}, err);
}

enum err auth_sealing_forget(struct auth *a, const struct actor *by, const char *id, struct error *err)
{
    struct arena *arena CLEANUP(arena_freep) = arena_new(BATCH_ARENA);
    if (arena == NULL) return error_set(err, ERR_NOMEM, "no memory for the counts");
    struct sealing_change c = {.a = a, .by = by, .forget = id, .now = clock_wall(a->o.clock), .arena = arena};
    return told(&c, store_write(a->o.store, forget, &c, err), err);
}

enum err auth_sealing_keys(const struct keyring *k, struct store_reader *r, struct arena *arena,
                           struct sealing_key_info **ret, size_t *ret_n, struct error *err)
{
    const struct ring *ring = keyring_ring(k);
    struct seal_count *counts;
    struct wall done = {0};
    size_t n;
    enum err e = store_seal_counts(r, arena, &counts, &n, err);
    if (e == ERR_OK) e = find_done(r, ring->keys[0].id, arena, &done, err);
    if (e != ERR_OK) return e;
    struct sealing_key_info *all = arena_alloc(arena, ring->n * sizeof(*all));
    if (all == NULL) return error_set(err, ERR_NOMEM, "no memory for the keys");
    for (unsigned i = 0; i < ring->n; i++) {
        all[i] = (struct sealing_key_info){.created = ring->keys[i].created, .retired = ring->keys[i].retired};
        memcpy(all[i].id, ring->keys[i].id, sizeof(all[i].id));
        all[i].rows = count_of(counts, n, all[i].id);
        all[i].current = i == 0;
        if (i > 0 && all[i].rows == 0) all[i].unused = done;
    }
    *ret = all;
    *ret_n = ring->n;
    return ERR_OK;
}
