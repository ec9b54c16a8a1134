// SPDX-License-Identifier: Apache-2.0
// Making API keys, service accounts and secrets. Called by: api, cli, auth. Must never: store a secret in clear, or
// hand one out twice.
#include "auth/cred_inside.h"
#include "auth/digest.h"

#include "base/encode.h"
#include "base/mem.h"

#define PUBLIC_KEY_LEN 8
#define TRIES          8 // a public key is one of 26^8: a second collision in a row does not happen
#define SECRET_PREFIX  "mdb_sa_sk_"
#define SECRET_RANDOM  30 // bytes; 40 characters

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

enum err cred_make_private_key(struct auth *a, struct new_api_key *k, struct error *err)
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

static void make_client_id(const struct rng *rng, char out[PRINCIPAL_NAME])
{
    uint8_t raw[12];
    static const char prefix[] = "mdb_sa_id_";
    rng_fill(rng, raw, sizeof(raw));
    memcpy(out, prefix, sizeof(prefix) - 1);
    hex_encode(raw, sizeof(raw), out + sizeof(prefix) - 1);
}

void cred_make_secret(struct auth *a, struct wall now, int64_t hours, struct new_secret *ret)
{
    uint8_t raw[SECRET_RANDOM];
    rng_fill(a->o.rng, raw, sizeof(raw));
    memcpy(ret->client_secret, SECRET_PREFIX, sizeof(SECRET_PREFIX) - 1);
    base64url_encode(raw, sizeof(raw), ret->client_secret + sizeof(SECRET_PREFIX) - 1);
    mem_wipe(raw, sizeof(raw));
    struct slice secret = slice_of(ret->client_secret);
    crypto_sha256(&secret, 1, ret->row.hash);
    oid_hex(oid_new(a->o.rng, now), ret->row.id);
    bool ok = cstr_set(ret->row.masked, sizeof(ret->row.masked), SECRET_PREFIX "...");
    ASSERT(ok);
    ret->row.created = now;
    ret->row.expires = (struct wall){now.us + hours * 3600 * US_PER_SEC};
    ret->row.last_used = (struct wall){0};
}

// ---- creating ---------------------------------------------------------------------------------------------

// What a caller may not give to others, before anything is written.
static enum err check_gifts(struct cred_work *w, struct error *err)
{
    const struct cred_form *f = w->form;
    bool owner = f->group_roles & (role_set)1 << ROLE_GROUP_OWNER;
    if (w->op->group_id && owner && !cred_caller_has(w, NEED_GROUP_OWNER)) return cred_refuse(w, CRED_NOT_ALLOWED, err);
    bool whole_server = f->org_roles & ROLES_OPERATOR;
    if (whole_server && (w->op->caller || w->kind != PRINCIPAL_API_KEY)) return cred_refuse(w, CRED_NOT_ALLOWED, err);
    role_set more = f->org_roles & ~((role_set)1 << ROLE_ORG_MEMBER); // a member it becomes anyway
    if (more && !cred_caller_has(w, NEED_ORG_OWNER)) return cred_refuse(w, CRED_NOT_ALLOWED, err);
    return ERR_OK;
}

static enum err give_roles(struct store_tx *tx, struct cred_work *w, struct error *err)
{
    const struct cred_form *f = w->form;
    const char *group = w->op->group_id;
    role_set org = f->org_roles ? f->org_roles : f->roles ? (role_set)1 << ROLE_ORG_MEMBER : 0;
    enum err code = org ? store_tx_grant(tx, w->name, w->op->org_id, org, err) : ERR_OK;
    if (code == ERR_OK && group && f->group_roles) code = store_tx_grant(tx, w->name, group, f->group_roles, err);
    if (code == ERR_OK) code = cred_event(tx, w, CRED_CREATED, NULL, (struct slice){0}, err);
    if (code == ERR_OK && group && f->group_roles)
        code = cred_event(tx, w, CRED_ADDED_TO_GROUP, group, (struct slice){0}, err);
    return code;
}

static enum err insert(struct store_tx *tx, void *ctx, struct error *err)
{
    struct cred_work *w = ctx;
    enum err code = cred_check_texts(w, err);
    if (code == ERR_OK && w->account) code = cred_check_hours(tx, w, w->form->secret_hours, err);
    if (code == ERR_OK) code = check_gifts(w, err);
    if (code == ERR_OK)
        code = w->key ? store_tx_api_key_insert(tx, w->key, err) : store_tx_account_insert(tx, w->account, err);
    if (code == ERR_OK && w->secret) code = store_tx_secret_insert(tx, w->name, &w->secret->row, err);
    return code == ERR_OK ? give_roles(tx, w, err) : code;
}

// The rows' own part: everything but the secrets. The texts become C strings in the operation's arena.
static enum err begin(struct auth *a, struct cred_op *op, struct cred_work *w, enum principal_kind kind,
                      const struct cred_form *f, struct error *err)
{
    *w = (struct cred_work){.a = a, .op = op, .kind = kind, .form = f, .now = clock_wall(a->o.clock)};
    struct oid id;
    if (!oid_parse(slice_of(op->org_id), &id) ||
        !cstr_set(w->target.principal.org_id, sizeof(w->target.principal.org_id), op->org_id))
        return error_set(err, ERR_INVALID, "an organisation id is 24 lower-case hex digits");
    return ERR_OK;
}

static const char *copy(struct cred_op *op, struct slice s)
{
    return arena_strndup(op->arena, s.n ? s.p : "", s.n);
}

enum err cred_key_create(struct auth *a, struct cred_op *op, const struct cred_form *f, struct new_api_key *ret,
                         struct error *err)
{
    struct cred_work w;
    enum err code = begin(a, op, &w, PRINCIPAL_API_KEY, f, err);
    struct new_api_key k = {.row = {.created = w.now, .description = copy(op, f->description)}};
    if (code != ERR_OK) return code;
    if (!k.row.description) return error_set(err, ERR_NOMEM, "no memory for the API key");
    memcpy(k.row.org_id, w.target.principal.org_id, sizeof(k.row.org_id));
    w.key = &k.row;
    w.name = k.row.public_key;
    for (int i = 0; i < TRIES; i++) {
        oid_hex(oid_new(a->o.rng, w.now), k.row.id);
        make_public_key(a->o.rng, k.row.public_key);
        code = cred_make_private_key(a, &k, err);
        if (code == ERR_OK) code = cred_run(&w, insert, err);
        if (code != ERR_EXISTS) break;
    }
    if (code == ERR_OK && op->result == CRED_DONE) *ret = k;
    mem_wipe(&k, sizeof(k));
    return code;
}

enum err cred_account_create(struct auth *a, struct cred_op *op, const struct cred_form *f, struct new_account *ret,
                             struct error *err)
{
    struct cred_work w;
    struct new_secret secret;
    enum err code = begin(a, op, &w, PRINCIPAL_SERVICE_ACCOUNT, f, err);
    struct new_account acc = {
        .row = {.created = w.now, .name = copy(op, f->name), .description = copy(op, f->description)}};
    if (code != ERR_OK) return code;
    if (!acc.row.name || !acc.row.description) return error_set(err, ERR_NOMEM, "no memory for the service account");
    memcpy(acc.row.org_id, w.target.principal.org_id, sizeof(acc.row.org_id));
    oid_hex(oid_new(a->o.rng, w.now), acc.row.id);
    make_client_id(a->o.rng, acc.row.client_id);
    cred_make_secret(a, w.now, MIN(MAX(f->secret_hours, 0), CRED_SECRET_HOURS_MAX), &secret);
    w.account = &acc.row;
    w.secret = &secret;
    w.name = acc.row.client_id;
    code = cred_run(&w, insert, err);
    if (code == ERR_OK && op->result == CRED_DONE) {
        acc.secret = secret.row;
        memcpy(acc.client_secret, secret.client_secret, sizeof(acc.client_secret));
        *ret = acc;
    }
    mem_wipe(&acc, sizeof(acc));
    mem_wipe(&secret, sizeof(secret));
    return code;
}

// ---- secrets ----------------------------------------------------------------------------------------------

// So that an application has time to change over, and the old one does not stay for long.
static enum err shorten_older(struct store_tx *tx, const struct cred_work *w, struct error *err)
{
    struct wall latest = {w->now.us + CRED_SECRET_OVERLAP_HOURS * 3600 * US_PER_SEC};
    enum err code = ERR_OK;
    for (unsigned i = 0; code == ERR_OK && i < w->target.secret_count; i++)
        if (w->target.secrets[i].expires.us > latest.us)
            code = store_tx_secret_expires(tx, w->name, w->target.secrets[i].id, latest, err);
    return code;
}

static enum err secret_event(struct store_tx *tx, const struct cred_work *w, enum cred_event type, const char *id,
                             struct error *err)
{
    const char *detail = arena_fmt(w->op->arena, "{\"secretId\":\"%s\"}", id);
    if (!detail) return error_set(err, ERR_NOMEM, "no memory for the event");
    return cred_event(tx, w, type, w->op->group_id, slice_of(detail), err);
}

static enum err add_secret(struct store_tx *tx, void *ctx, struct error *err)
{
    struct cred_work *w = ctx;
    enum err code = cred_find(tx, w, err);
    if (code == ERR_OK) code = cred_check_reach(w, err);
    if (code == ERR_OK) code = cred_check_hours(tx, w, w->form->secret_hours, err);
    if (code == ERR_OK && w->target.secret_count >= CRED_SECRETS) code = cred_refuse(w, CRED_SECRETS_FULL, err);
    if (code == ERR_OK) code = shorten_older(tx, w, err);
    if (code == ERR_OK) code = store_tx_secret_insert(tx, w->name, &w->secret->row, err);
    return code == ERR_OK ? secret_event(tx, w, CRED_SECRET_ADDED, w->secret->row.id, err) : code;
}

enum err cred_secret_create(struct auth *a, struct cred_op *op, const char *client_id, int64_t hours,
                            struct new_secret *ret, struct error *err)
{
    const struct cred_form form = {.secret_hours = hours};
    struct new_secret secret;
    struct cred_work w = {.a = a,
                          .op = op,
                          .kind = PRINCIPAL_SERVICE_ACCOUNT,
                          .name = client_id,
                          .form = &form,
                          .secret = &secret,
                          .now = clock_wall(a->o.clock)};
    cred_make_secret(a, w.now, MIN(MAX(hours, 0), CRED_SECRET_HOURS_MAX), &secret);
    enum err code = cred_run(&w, add_secret, err);
    if (code == ERR_OK && op->result == CRED_DONE) *ret = secret;
    mem_wipe(&secret, sizeof(secret));
    return code;
}

static enum err delete_secret(struct store_tx *tx, void *ctx, struct error *err)
{
    struct cred_work *w = ctx;
    enum err code = cred_find(tx, w, err);
    if (code == ERR_OK) code = cred_check_reach(w, err);
    if (code == ERR_OK) code = store_tx_secret_delete(tx, w->name, w->secret_id, err);
    if (code == ERR_NOT_FOUND) return cred_refuse(w, CRED_NO_SECRET, err);
    if (code == ERR_OK) code = cred_check_owner(tx, w, err);
    return code == ERR_OK ? secret_event(tx, w, CRED_SECRET_DELETED, w->secret_id, err) : code;
}

enum err cred_secret_delete(struct auth *a, struct cred_op *op, const char *client_id, const char *secret_id,
                            struct error *err)
{
    struct cred_work w = {.a = a,
                          .op = op,
                          .kind = PRINCIPAL_SERVICE_ACCOUNT,
                          .name = client_id,
                          .secret_id = secret_id,
                          .now = clock_wall(a->o.clock)};
    return cred_run(&w, delete_secret, err);
}
