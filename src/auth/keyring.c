// SPDX-License-Identifier: Apache-2.0
// Reads and makes the key file, and seals and opens with it. Called by: app and cli (load, create), auth.
// Must never: print key material, accept a file that others may read, or keep file text in memory.
#include "auth/keyring.h"

#include "base/encode.h"
#include "base/file.h"
#include "base/mem.h"

#define FILE_MAX 8192

static const char *const purposes[KEY_PURPOSE_COUNT_] = {
    [KEY_HA1] = "peerage digest ha1 1",
    [KEY_SIGNING] = "peerage token signing 1",
    [KEY_NONCE] = "peerage digest nonce 1",
    [KEY_WEBHOOK] = "peerage webhook secret 1",
};

static const struct ring_key *find_key(const struct ring *k, const char *id)
{
    for (unsigned i = 0; i < k->n; i++)
        if (slice_eq(slice_of(k->keys[i].id), slice_of(id))) return &k->keys[i];
    return NULL;
}

const struct ring *keyring_ring(const struct keyring *k)
{
    return atomic_load_explicit(&k->ring, memory_order_acquire);
}

// One line "KEYID = KEY"; the caller has trimmed it.
static enum err add_key(struct ring *k, struct slice line, unsigned number, struct error *err)
{
    struct key_line l;
    uint8_t raw[32];
    enum err e = key_line_read(line, number, &l, err);
    if (e != ERR_OK) return e;
    if (k->n == KEYRING_MAX) return error_set(err, ERR_TOO_LARGE, "the key file has more than %d keys", KEYRING_MAX);
    struct ring_key *key = &k->keys[k->n];
    bool ok = slice_copy(l.id, key->id, sizeof(key->id)) && hex_decode(l.key, raw, sizeof(raw));
    ASSERT(ok); // key_line_read looked at both
    if (find_key(k, key->id))
        return error_set(err, ERR_INVALID, "line %u of the key file repeats key id %s", number, key->id);
    key->created = l.created;
    key->retired = l.retired;
    for (unsigned p = 0; p < KEY_PURPOSE_COUNT_; p++) {
        struct slice purpose = slice_of(purposes[p]);
        crypto_hmac_sha256(slice_n((const char *)raw, sizeof(raw)), &purpose, 1, key->derived[p]);
    }
    mem_wipe(raw, sizeof(raw));
    k->n++;
    return ERR_OK;
}

enum err keyring_parse(struct slice text, struct keyring **ret, struct error *err)
{
    struct keyring *k = mem_zalloc(1, sizeof(*k));
    struct ring *ring = mem_zalloc(1, sizeof(*ring));
    enum err e = k && ring ? ERR_OK : error_set(err, ERR_NOMEM, "no memory for the keys");
    for (unsigned number = 1; e == ERR_OK && text.n > 0; number++) {
        struct slice line;
        (void)slice_cut(&text, '\n', &line); // the last line may lack its end
        line = slice_trim(line, " \t\r");
        if (line.n > 0 && line.p[0] != '#') e = add_key(ring, line, number, err);
    }
    if (e == ERR_OK && ring->n == 0)
        e = error_set(err, ERR_INVALID, "the key file has no key; `peerage init` makes one");
    if (k) atomic_init(&k->ring, ring);
    if (e != ERR_OK) {
        if (!k) mem_free(ring);
        keyring_free(k);
        return e;
    }
    *ret = k;
    return ERR_OK;
}

enum err keyring_load(const char *path, struct keyring **ret, struct error *err)
{
    struct buf text;
    enum err e = file_check_private(path, err);
    if (e != ERR_OK) return e;
    e = file_read(path, FILE_MAX, &text, err);
    if (e != ERR_OK) return e;
    struct keyring *k = NULL;
    e = keyring_parse(buf_view(&text), &k, err);
    if (e != ERR_OK) error_prefix(err, "%s", path);
    if (e == ERR_OK && !(k->path = mem_strndup(path, strlen(path)))) {
        keyring_free(k);
        e = error_set(err, ERR_NOMEM, "no memory for the name of the key file");
    }
    if (e == ERR_OK) *ret = k;
    mem_wipe(text.p, text.n);
    buf_done(&text);
    return e;
}

enum err keyring_create(const char *path, const struct rng *rng, struct error *err)
{
    if (file_exists(path)) return error_set(err, ERR_EXISTS, "%s exists already; it is never overwritten", path);
    uint8_t raw[8 + 32];
    char id[17], key[65], text[17 + 65 + 8];
    rng_fill(rng, raw, sizeof(raw));
    hex_encode(raw, 8, id);
    hex_encode(raw + 8, 32, key);
    struct buf b = {.p = text, .cap = sizeof(text), .max = sizeof(text)};
    buf_str(&b, id);
    buf_lit(&b, " = ");
    buf_str(&b, key);
    buf_char(&b, '\n');
    enum err e = file_write(path, buf_view(&b), 0600, err);
    mem_wipe(raw, sizeof(raw));
    mem_wipe(key, sizeof(key));
    mem_wipe(text, sizeof(text));
    return e;
}

void keyring_free(struct keyring *k)
{
    if (k == NULL) return;
    for (struct ring *r = atomic_load(&k->ring), *older; r; r = older) {
        older = r->older;
        mem_wipe(r, sizeof(*r));
        mem_free(r);
    }
    mem_free(k->path);
    mem_free(k);
}

const char *keyring_current_id(const struct keyring *k)
{
    return keyring_ring(k)->keys[0].id;
}

enum err keyring_seal(const struct keyring *k, enum key_purpose p, struct slice aad, struct slice text,
                      const struct rng *rng, char key_id[17], uint8_t nonce[AEAD_NONCE], uint8_t *sealed,
                      struct error *err)
{
    const struct ring_key *key = &keyring_ring(k)->keys[0];
    rng_fill(rng, nonce, AEAD_NONCE);
    enum err e = crypto_seal(key->derived[p], nonce, aad, text, sealed, err);
    if (e != ERR_OK) return e;
    memcpy(key_id, key->id, sizeof(key->id));
    return ERR_OK;
}

enum err keyring_open(const struct keyring *k, enum key_purpose p, const char *key_id, const uint8_t nonce[AEAD_NONCE],
                      struct slice aad, struct slice sealed, uint8_t *out, struct error *err)
{
    const struct ring_key *key = find_key(keyring_ring(k), key_id);
    if (key == NULL) return error_set(err, ERR_NOT_FOUND, "the key file lacks key %.16s, which sealed it", key_id);
    return crypto_open(key->derived[p], nonce, aad, sealed, out, err);
}

enum err keyring_seal_webhook(const struct keyring *k, const struct rng *rng, const char *webhook_id,
                              const uint8_t secret[WEBHOOK_SECRET], struct webhook_secret *ret, struct error *err)
{
    struct webhook_secret s = {.key_id = ""};
    enum err e = keyring_seal(k, KEY_WEBHOOK, slice_of(webhook_id), slice_n((const char *)secret, WEBHOOK_SECRET), rng,
                              s.key_id, s.nonce, s.sealed, err);
    if (e == ERR_OK) *ret = s;
    return e;
}

enum err keyring_make_webhook_secret(const struct keyring *k, const struct rng *rng, const char *webhook_id,
                                     struct webhook_secret *ret, char text[WEBHOOK_SECRET_TEXT], struct error *err)
{
    uint8_t secret[WEBHOOK_SECRET];
    rng_fill(rng, secret, sizeof(secret));
    enum err e = keyring_seal_webhook(k, rng, webhook_id, secret, ret, err);
    if (e == ERR_OK) webhook_secret_text(secret, text);
    mem_wipe(secret, sizeof(secret));
    return e;
}

enum err keyring_open_webhook(const struct keyring *k, const char *webhook_id, const struct webhook_secret *s,
                              uint8_t secret[WEBHOOK_SECRET], struct error *err)
{
    return keyring_open(k, KEY_WEBHOOK, s->key_id, s->nonce, slice_of(webhook_id),
                        slice_n((const char *)s->sealed, sizeof(s->sealed)), secret, err);
}
