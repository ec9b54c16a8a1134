// SPDX-License-Identifier: Apache-2.0
// Makes and resets API keys and service accounts, and proves that stored secrets open with the key file.
// Called by: cli and app. Must never: store a secret in clear, or hand one out twice.
#include "auth/digest.h"
#include "auth/inside.h"

#include "base/encode.h"
#include "base/mem.h"

#define PUBLIC_KEY_LEN   8
#define TRIES            8 // a public key is one of 26^8: a second collision in a row does not happen
#define SECRET_PREFIX    "mdb_sa_sk_"
#define SECRET_RANDOM    30 // bytes; 40 characters
#define SECRET_HOURS     8
#define SECRET_HOURS_MAX 8760

struct creation {
    const struct api_key_row *key; // or
    const struct service_account_row *account;
    const struct sa_secret_row *secret;
    const char *name, *type; // principal, event type
    const struct grant *grants;
    unsigned n_grants;
    struct event_row event;
};

static enum err record(struct store_tx *tx, const struct creation *c, struct error *err)
{
    return store_tx_event(tx, &c->event, err);
}

static enum err insert(struct store_tx *tx, void *ctx, struct error *err)
{
    const struct creation *c = ctx;
    enum err e = c->key ? store_tx_api_key_insert(tx, c->key, err) : store_tx_account_insert(tx, c->account, err);
    if (e == ERR_OK && c->secret) e = store_tx_secret_insert(tx, c->name, c->secret, err);
    for (unsigned i = 0; e == ERR_OK && i < c->n_grants; i++)
        e = store_tx_grant(tx, c->name, c->grants[i].scope_id, c->grants[i].roles, err);
    return e == ERR_OK ? record(tx, c, err) : e;
}

static void make_event(struct auth *a, struct creation *c, const char *org_id, struct wall now)
{
    struct event_row *ev = &c->event;
    *ev = (struct event_row){.created = now, .actor_kind = PRINCIPAL_LOCAL, .resource = slice_of(c->name)};
    oid_hex(oid_new(a->o.rng, now), ev->id);
    bool ok = cstr_set(ev->org_id, sizeof(ev->org_id), org_id) && cstr_set(ev->type, sizeof(ev->type), c->type) &&
              cstr_set(ev->actor, sizeof(ev->actor), "local");
    ASSERT(ok); // org_id came out of a row of the same size
}

static enum err check_text(const char *what, const char *text, size_t max, struct error *err)
{
    if (strlen(text) > max) return error_set(err, ERR_INVALID, "%s is longer than %zu bytes", what, max);
    if (!utf8_valid(slice_of(text))) return error_set(err, ERR_INVALID, "%s is not valid UTF-8", what);
    return ERR_OK;
}

static enum err check_org(const char *org_id, struct error *err)
{
    struct oid id;
    if (oid_parse(slice_of(org_id), &id)) return ERR_OK;
    return error_set(err, ERR_INVALID, "an organisation id is 24 lower-case hex digits");
}

// ---- API keys

static void make_public_key(const struct rng *rng, char out[PUBLIC_KEY_LEN + 1])
{
    for (int i = 0; i < PUBLIC_KEY_LEN; i++) out[i] = (char)('a' + rng_below(rng, 26));
    out[PUBLIC_KEY_LEN] = '\0';
}

// RFC 9562 5.4: 122 random bits.
static void make_uuid(const struct rng *rng, char out[37])
{
    uint8_t raw[16];
    char hex[33];
    rng_fill(rng, raw, sizeof(raw));
    raw[6] = (raw[6] & 0x0f) | 0x40;
    raw[8] = (raw[8] & 0x3f) | 0x80;
    hex_encode(raw, sizeof(raw), hex);
    static const uint8_t parts[] = {8, 4, 4, 4, 12};
    size_t from = 0, to = 0;
    for (unsigned i = 0; i < ARRAY_LEN(parts); i++) {
        if (i) out[to++] = '-';
        memcpy(out + to, hex + from, parts[i]);
        from += parts[i];
        to += parts[i];
    }
    out[to] = '\0';
    mem_wipe(raw, sizeof(raw));
    mem_wipe(hex, sizeof(hex));
}

// A new private key for k->row.public_key, sealed into the row.
static enum err make_private_key(struct auth *a, struct new_api_key *k, struct error *err)
{
    uint8_t ha1[16];
    struct slice user = slice_of(k->row.public_key);
    make_uuid(a->o.rng, k->private_key);
    digest_ha1(user, SLICE(DIGEST_REALM), slice_of(k->private_key), ha1);
    memcpy(k->row.private_tail, k->private_key + 24, sizeof(k->row.private_tail));
    enum err e = keyring_seal(a->o.keys, KEY_HA1, user, slice_n((const char *)ha1, sizeof(ha1)), a->o.rng,
                              k->row.ha1_key_id, k->row.ha1_nonce, k->row.ha1_sealed, err);
    mem_wipe(ha1, sizeof(ha1));
    return e;
}

enum err auth_api_key_create(struct auth *a, const char *org_id, const char *description, const struct grant *grants,
                             unsigned n, struct new_api_key *ret, struct error *err)
{
    struct wall now = clock_wall(a->o.clock);
    struct new_api_key k = {.row.created = now};
    enum err e = check_org(org_id, err);
    if (e == ERR_OK) e = check_text("the description", description, sizeof(k.row.description) - 1, err);
    if (e != ERR_OK) return e;
    bool ok = cstr_set(k.row.org_id, sizeof(k.row.org_id), org_id) &&
              cstr_set(k.row.description, sizeof(k.row.description), description);
    ASSERT(ok);
    for (int i = 0; i < TRIES; i++) {
        oid_hex(oid_new(a->o.rng, now), k.row.id);
        make_public_key(a->o.rng, k.row.public_key);
        e = make_private_key(a, &k, err);
        if (e != ERR_OK) break;
        struct creation c = {
            .key = &k.row, .name = k.row.public_key, .type = "API_KEY_CREATED", .grants = grants, .n_grants = n};
        make_event(a, &c, org_id, now);
        e = store_write(a->o.store, insert, &c, err);
        if (e != ERR_EXISTS) break;
    }
    if (e == ERR_OK) *ret = k;
    mem_wipe(&k, sizeof(k));
    return e;
}

static enum err reseal(struct store_tx *tx, void *ctx, struct error *err)
{
    const struct creation *c = ctx;
    enum err e = store_tx_api_key_reseal(tx, c->key, err);
    return e == ERR_OK ? record(tx, c, err) : e;
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
    if (e == ERR_OK) *ret = cred.key;
    arena_free(arena);
    return e;
}

enum err auth_api_key_reset(struct auth *a, const char *public_key, struct new_api_key *ret, struct error *err)
{
    struct new_api_key k = {0};
    enum err e = find_key_row(a, public_key, &k.row, err);
    if (e == ERR_OK) e = make_private_key(a, &k, err);
    if (e == ERR_OK) {
        struct creation c = {.key = &k.row, .name = k.row.public_key, .type = "PEERAGE_API_KEY_RESET"};
        make_event(a, &c, k.row.org_id, clock_wall(a->o.clock));
        e = store_write(a->o.store, reseal, &c, err);
    }
    if (e == ERR_OK) *ret = k;
    mem_wipe(&k, sizeof(k));
    return e;
}

// ---- service accounts

static void make_client_id(const struct rng *rng, char out[PRINCIPAL_NAME])
{
    uint8_t raw[12];
    static const char prefix[] = "mdb_sa_id_";
    rng_fill(rng, raw, sizeof(raw));
    memcpy(out, prefix, sizeof(prefix) - 1);
    hex_encode(raw, sizeof(raw), out + sizeof(prefix) - 1);
}

static void make_secret(struct auth *a, struct wall now, int64_t hours, struct new_account *n)
{
    uint8_t raw[SECRET_RANDOM];
    rng_fill(a->o.rng, raw, sizeof(raw));
    memcpy(n->client_secret, SECRET_PREFIX, sizeof(SECRET_PREFIX) - 1);
    base64url_encode(raw, sizeof(raw), n->client_secret + sizeof(SECRET_PREFIX) - 1);
    mem_wipe(raw, sizeof(raw));
    struct slice secret = slice_of(n->client_secret);
    crypto_sha256(&secret, 1, n->secret.hash);
    oid_hex(oid_new(a->o.rng, now), n->secret.id);
    bool ok = cstr_set(n->secret.masked, sizeof(n->secret.masked), SECRET_PREFIX "...");
    ASSERT(ok);
    n->secret.created = now;
    n->secret.expires = (struct wall){now.us + hours * 3600 * US_PER_SEC};
}

static enum err check_account(const char *org_id, const char *name, const char *description, int64_t hours,
                              struct error *err)
{
    const struct new_account *shape = NULL;
    enum err e = check_org(org_id, err);
    if (e == ERR_OK) e = check_text("the name", name, sizeof(shape->row.name) - 1, err);
    if (e == ERR_OK) e = check_text("the description", description, sizeof(shape->row.description) - 1, err);
    if (e == ERR_OK && name[0] == '\0') e = error_set(err, ERR_INVALID, "a service account needs a name");
    if (e == ERR_OK && (hours < SECRET_HOURS || hours > SECRET_HOURS_MAX))
        e = error_set(err, ERR_INVALID, "a secret lives %d to %d hours", SECRET_HOURS, SECRET_HOURS_MAX);
    return e;
}

enum err auth_account_create(struct auth *a, const char *org_id, const char *name, const char *description,
                             const struct grant *grants, unsigned n, int64_t secret_hours, struct new_account *ret,
                             struct error *err)
{
    struct wall now = clock_wall(a->o.clock);
    struct new_account acc = {.row.created = now};
    enum err e = check_account(org_id, name, description, secret_hours, err);
    if (e != ERR_OK) return e;
    oid_hex(oid_new(a->o.rng, now), acc.row.id);
    make_client_id(a->o.rng, acc.row.client_id);
    make_secret(a, now, secret_hours, &acc);
    bool ok = cstr_set(acc.row.org_id, sizeof(acc.row.org_id), org_id) &&
              cstr_set(acc.row.name, sizeof(acc.row.name), name) &&
              cstr_set(acc.row.description, sizeof(acc.row.description), description);
    ASSERT(ok);
    struct creation c = {.account = &acc.row,
                         .secret = &acc.secret,
                         .name = acc.row.client_id,
                         .type = "SERVICE_ACCOUNT_CREATED",
                         .grants = grants,
                         .n_grants = n};
    make_event(a, &c, org_id, now);
    e = store_write(a->o.store, insert, &c, err);
    if (e == ERR_OK) *ret = acc;
    mem_wipe(&acc, sizeof(acc));
    return e;
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

enum err auth_verify_keys(const struct keyring *k, struct store_reader *r, struct error *err)
{
    struct credential *creds;
    struct signing_key_row *rows;
    size_t n, n_rows;
    struct arena *arena = arena_new((size_t)1 << 30);
    if (arena == NULL) return error_set(err, ERR_NOMEM, "no memory for the credentials");
    enum err e = store_credentials(r, NULL, arena, &creds, &n, err);
    for (size_t i = 0; e == ERR_OK && i < n; i++)
        if (creds[i].kind == PRINCIPAL_API_KEY) e = verify_key(k, &creds[i].key, err);
    if (e == ERR_OK) e = store_signing_keys(r, arena, &rows, &n_rows, err);
    for (size_t i = 0; e == ERR_OK && i < n_rows; i++) e = verify_signing(k, &rows[i], err);
    arena_free(arena);
    return e;
}
