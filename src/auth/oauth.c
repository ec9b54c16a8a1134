// SPDX-License-Identifier: Apache-2.0
// The client-credentials endpoints: mint (RFC 6749 4.4) and revoke (RFC 7009), bodies of facts 3.4.
// Called by: api/oauth.c, on a worker. Must never: tell an unknown client from a wrong secret, revoke another client's
// token, or let a reply be cached.
#include "auth/inside.h"

#include "base/encode.h"
#include "base/json.h"
#include "base/mem.h"
#include "net/problem.h"

#define CHALLENGE   "Basic realm=\"MMS Public API\""
#define ACCOUNT_MAX ((size_t)256 * 1024)
#define FORM_PARAMS 16

struct form {
    struct slice names[FORM_PARAMS], values[FORM_PARAMS];
    unsigned n;
};
struct client { // who says he calls
    struct basic basic;
    struct service_account_row account;
    char secret_id[OID_HEX + 1]; // the one that was right
};
struct call {
    struct auth *a;
    struct store_reader *reader;
    struct request *r;
    struct reply *rep;
    struct form form;
    struct client client;
};

// ---- replies

static bool query_flag(const struct request *r, const char *name)
{
    struct slice rest = r->query;
    struct query_param p;
    while (query_next(&rest, &p))
        if (slice_eq_cstr(p.name, name)) return slice_eq(p.value, SLICE("true"));
    return false;
}

static void common_headers(struct call *c)
{
    reply_header_cstr(c->rep, "Cache-Control", "no-store");
    reply_security_headers(c->rep, c->r->secure);
}

struct oauth_body {
    const char *error, *description; // or, when error is NULL, a token
    struct slice token;
};

static void write_body(struct json_writer *w, const struct oauth_body *body)
{
    json_obj(w);
    if (body->error) {
        json_kstr(w, "error_description", body->description);
        json_kstr(w, "error", body->error);
    } else {
        json_kslice(w, "access_token", body->token);
        json_kint(w, "expires_in", TOKEN_LIFE_SECONDS);
        json_kstr(w, "token_type", "Bearer");
    }
    json_obj_end(w);
}

static void reply_json(struct call *c, int status, const struct oauth_body *body)
{
    struct buf b;
    struct json_writer w;
    bool envelope = query_flag(c->r, "envelope");
    buf_init(&b, 2 * JWT_MAX);
    json_begin(&w, &b, query_flag(c->r, "pretty"));
    if (envelope) {
        json_obj(&w);
        json_key(&w, "content");
    }
    write_body(&w, body);
    if (envelope) {
        json_kint(&w, "status", status);
        json_obj_end(&w);
    }
    c->rep->status = status;
    c->rep->body = b.fail ? (struct slice){NULL, 0} : arena_slice(c->r->arena, buf_view(&b));
    buf_done(&b);
    if (c->rep->body.p == NULL) {
        c->rep->status = 500;
        c->rep->body = SLICE("{\"error_description\":\"Unexpected error.\",\"error\":\"server_error\"}");
    }
    reply_header_cstr(c->rep, "Content-Type", "application/json");
    common_headers(c);
}

static void reply_error(struct call *c, int status, const char *error, const char *description)
{
    reply_json(c, status, &(struct oauth_body){.error = error, .description = description});
}

// What looks wrong to us may have been cut by a lack of memory. True: replied.
static bool out_of_memory(struct call *c)
{
    bool out = arena_failed(c->r->arena);
    if (out) reply_error(c, 500, "server_error", "Unexpected error.");
    return out;
}

static void reply_invalid_client(struct call *c)
{
    reply_error(c, 401, "invalid_client", "Invalid credentials provided.");
    reply_header_cstr(c->rep, "WWW-Authenticate", CHALLENGE); // RFC 6749 5.2
}

// RFC 7009 2.2.1 wants 503 with Retry-After when the server is away; minting answers the same.
static void reply_store_error(struct call *c, enum err e)
{
    if (e == ERR_NOMEM || e == ERR_CORRUPT || e == ERR_INTERNAL) {
        reply_error(c, 500, "server_error", "Unexpected error.");
        return;
    }
    struct problem_param why = PARAM_C("the store is not available");
    problem_reply(c->rep, c->r->arena, (struct problem_format){0}, P_SERVICE_UNAVAILABLE, &why, 1, NULL);
    reply_header_cstr(c->rep, "Retry-After", RETRY_AFTER);
    common_headers(c);
}

static void reply_slow_down(struct call *c)
{
    unsigned per_minute = c->a->o.failures_per_minute ? c->a->o.failures_per_minute : 60;
    struct problem_param params[] = {PARAM_S(c->r->path), PARAM_N(per_minute), PARAM_N(1)};
    problem_reply(c->rep, c->r->arena, (struct problem_format){0}, P_RATE_LIMITED, params, 3, NULL);
    reply_header_cstr(c->rep, "Retry-After", "60");
    common_headers(c);
}

// ---- the form

static bool is_form(const struct request *r)
{
    struct slice type = request_header(r, "Content-Type"), media;
    (void)slice_cut(&type, ';', &media); // parameters do not matter
    return slice_eq_nocase(slice_trim(media, " \t"), SLICE("application/x-www-form-urlencoded"));
}

static bool decode(struct slice s, struct arena *arena, struct slice *ret)
{
    size_t n;
    char *out = arena_alloc(arena, s.n + 1);
    if (out == NULL || !form_decode(s, out, s.n + 1, &n)) return false;
    *ret = slice_n(out, n);
    return true;
}

static struct slice form_value(const struct form *f, const char *name)
{
    for (unsigned i = 0; i < f->n; i++)
        if (slice_eq_cstr(f->names[i], name)) return f->values[i];
    return (struct slice){NULL, 0};
}

// What is wrong with the form, or NULL. RFC 6749 3.2: no parameter twice; one without a value counts as left out.
static const char *read_form(struct request *r, struct form *f)
{
    struct slice rest = r->body;
    struct query_param p;
    if (!is_form(r)) return "The request body must be of type application/x-www-form-urlencoded.";
    while (query_next(&rest, &p)) {
        struct slice name, value;
        if (!decode(p.name, r->arena, &name) || !decode(p.value, r->arena, &value))
            return "The request body is not well-formed.";
        if (value.n == 0) continue;
        for (unsigned i = 0; i < f->n; i++)
            if (slice_eq(f->names[i], name)) return "A parameter is given more than once.";
        if (f->n == FORM_PARAMS) return "The request has too many parameters.";
        f->names[f->n] = name;
        f->values[f->n++] = value;
    }
    return NULL;
}

// ---- who calls

enum claimed { CLAIM_NONE, CLAIM_MALFORMED, CLAIM_MADE };

static enum claimed header_claim(const struct request *r, struct basic *ret)
{
    struct slice scheme, rest;
    if (request_header_count(r, "Authorization") == 0) return CLAIM_NONE;
    if (!auth_scheme(request_header(r, "Authorization"), &scheme, &rest)) return CLAIM_MALFORMED;
    if (!slice_eq_nocase(scheme, SLICE("Basic")) || !basic_parse(rest, r->arena, ret)) return CLAIM_MALFORMED;
    return CLAIM_MADE;
}

// One way of authentication a request (RFC 6749 2.3). False: replied.
static bool read_claim(struct call *c)
{
    struct slice id = form_value(&c->form, "client_id"), secret = form_value(&c->form, "client_secret");
    if (request_header_count(c->r, "Authorization") > 1) {
        reply_error(c, 400, "invalid_request", "The request has more than one Authorization header.");
        return false;
    }
    enum claimed claimed = header_claim(c->r, &c->client.basic);
    if (out_of_memory(c)) return false;
    if (claimed == CLAIM_NONE && id.n > 0 && secret.n > 0) {
        c->client.basic = (struct basic){id, secret, id, secret};
        return true;
    }
    if (claimed != CLAIM_NONE && secret.n > 0) {
        reply_error(c, 400, "invalid_request", "The client must authenticate in one way only: header or body.");
        return false;
    }
    if (claimed == CLAIM_MADE && id.n > 0 && !slice_eq(id, c->client.basic.decoded_id)) {
        reply_error(c, 400, "invalid_request", "client_id differs from the client that authenticates.");
        return false;
    }
    if (claimed == CLAIM_MADE) return true;
    if (claimed == CLAIM_MALFORMED && auth_note_failure(c->a, c->r, SCHEME_BASIC))
        reply_slow_down(c);
    else
        reply_invalid_client(c);
    return false;
}

// The secret that fits and has not expired.
static const struct sa_secret_row *fitting_secret(const struct credential *cred, struct slice secret, struct wall now)
{
    const struct sa_secret_row *fit = NULL;
    uint8_t hash[32];
    crypto_sha256(&secret, 1, hash);
    for (unsigned i = 0; i < cred->secret_count; i++) {
        bool same = crypto_equal(hash, cred->secrets[i].hash, sizeof(hash));
        if (same && cred->secrets[i].expires.us > now.us) fit = &cred->secrets[i];
    }
    return fit;
}

// Whether that secret is one of that client's, asked of the store: the same reads and hashes whether there is such a
// client or not, and however much hangs on it. ERR_DENIED: it is not.
static enum err prove(struct call *c, struct slice id, struct slice secret)
{
    struct near_account near = {.client_id = ""};
    struct error err;
    uint8_t hash[32];
    char name[PRINCIPAL_NAME] = "";
    bool fits = slice_copy(id, name, sizeof(name)), right = false;
    enum err e = store_account_near(c->reader, id, &near, &err);
    if (e != ERR_OK && e != ERR_NOT_FOUND) return e;
    crypto_sha256(&secret, 1, hash);
    for (unsigned i = 0; i < NEAR_SECRETS; i++)
        right |=
            crypto_equal(hash, near.secrets[i].hash, sizeof(hash)) & (near.secrets[i].expires.us > c->r->received.us);
    // Both are padded with zeros.
    right &= crypto_equal(name, near.client_id, sizeof(name)) & fits;
    return right ? ERR_OK : ERR_DENIED;
}

// One reading of the credentials. ERR_DENIED: unknown client or wrong secret.
static enum err try_client(struct call *c, struct slice id, struct slice secret)
{
    struct credential cred = {0};
    struct error err;
    enum err e = prove(c, id, secret);
    if (e != ERR_OK) return e;
    struct arena *arena = arena_new(ACCOUNT_MAX);
    if (arena == NULL) return ERR_NOMEM;
    e = store_account_find(c->reader, id, arena, &cred, &err);
    const struct sa_secret_row *fit = e == ERR_OK ? fitting_secret(&cred, secret, c->r->received) : NULL;
    if (fit) {
        c->client.account = cred.account;
        c->client.account.name = c->client.account.description = ""; // they end with the arena
        memcpy(c->client.secret_id, fit->id, sizeof(c->client.secret_id));
        auth_note_used(c->a, cred.account.client_id, fit->id, c->r->received);
    } else if (e == ERR_OK || e == ERR_NOT_FOUND) {
        e = ERR_DENIED; // it was deleted in between
    }
    arena_free(arena);
    return e;
}

// False: replied.
static bool authenticate(struct call *c)
{
    const struct basic *b = &c->client.basic;
    if (!read_claim(c)) return false;
    enum err e = try_client(c, b->id, b->secret);
    bool other = !slice_eq(b->id, b->decoded_id) || !slice_eq(b->secret, b->decoded_secret);
    if (e == ERR_DENIED && other) e = try_client(c, b->decoded_id, b->decoded_secret);
    if (e == ERR_DENIED && auth_note_failure(c->a, c->r, SCHEME_BASIC))
        reply_slow_down(c);
    else if (e == ERR_DENIED)
        reply_invalid_client(c);
    else if (e != ERR_OK)
        reply_store_error(c, e);
    if (e == ERR_OK)
        c->rep->actor = arena_strndup(c->r->arena, c->client.account.client_id, //
                                      strlen(c->client.account.client_id));
    return e == ERR_OK;
}

static bool begin(struct call *c)
{
    const char *wrong = read_form(c->r, &c->form);
    if (out_of_memory(c)) return false;
    if (wrong) {
        reply_error(c, 400, "invalid_request", wrong);
        return false;
    }
    return authenticate(c);
}

// ---- minting

// ERR_CONFLICT: the account has its full number of live tokens.
static enum err insert_token(struct store_tx *tx, void *ctx, struct error *err)
{
    const struct token_row *t = ctx;
    uint32_t live;
    enum err e = store_tx_token_count(tx, t->client_id, t->issued, &live, err);
    if (e != ERR_OK) return e;
    if (live >= TOKENS_PER_CLIENT) return error_set(err, ERR_CONFLICT, "too many live tokens");
    return store_tx_token_insert(tx, t, err);
}

static enum err mint(struct call *c, char *token, size_t cap, size_t *ret_n)
{
    struct jwt_key key;
    struct jwt_claims claims = {.issued = wall_sec(c->r->received)};
    struct token_row row = {.issued = c->r->received};
    struct error err;
    uint8_t raw[16];
    if (!signing_current(c->a->signing, &key)) return ERR_UNAVAILABLE;
    rng_fill(c->a->o.rng, raw, sizeof(raw));
    base64url_encode(raw, sizeof(raw), claims.jti);
    claims.expires = claims.issued + TOKEN_LIFE_SECONDS;
    row.expires = wall_from_sec(claims.expires);
    auth_token_hash(claims.jti, row.jti_hash);
    bool ok = cstr_set(claims.subject, sizeof(claims.subject), c->client.account.client_id) &&
              cstr_set(row.client_id, sizeof(row.client_id), c->client.account.client_id) &&
              cstr_set(row.secret_id, sizeof(row.secret_id), c->client.secret_id) &&
              jwt_make(&key, slice_of(c->a->issuer), &claims, token, cap, ret_n);
    mem_wipe(&key, sizeof(key));
    return ok ? store_write(c->a->o.store, insert_token, &row, &err) : ERR_INTERNAL;
}

void auth_oauth_token(struct auth *a, struct store_reader *reader, struct request *r, struct reply *rep)
{
    struct call c = {.a = a, .reader = reader, .r = r, .rep = rep};
    char token[JWT_MAX];
    size_t n;
    if (!begin(&c)) return;
    struct slice grant = form_value(&c.form, "grant_type");
    if (grant.n == 0) {
        reply_error(&c, 400, "invalid_request", "The required parameter grant_type was not specified.");
        return;
    }
    if (!slice_eq(grant, SLICE("client_credentials"))) {
        reply_error(&c, 400, "unsupported_grant_type", "The only supported grant type is client_credentials.");
        return;
    }
    enum err e = mint(&c, token, sizeof(token), &n);
    if (e == ERR_OK)
        reply_json(&c, 200, &(struct oauth_body){.token = slice_n(token, n)});
    else if (e == ERR_CONFLICT)
        reply_error(&c, 403, "access_denied",
                    "The service account has reached its limit of 100 live access tokens. Reuse an existing token or "
                    "create another service account.");
    else if (e == ERR_NOT_FOUND) // the account or the secret was deleted in between
        reply_invalid_client(&c);
    else
        reply_store_error(&c, e);
    mem_wipe(token, sizeof(token));
}

// ---- revoking

struct revocation {
    uint8_t jti_hash[32];
    const char *client_id;
};

static enum err delete_token(struct store_tx *tx, void *ctx, struct error *err)
{
    const struct revocation *v = ctx;
    bool deleted;
    return store_tx_token_delete(tx, v->jti_hash, v->client_id, &deleted, err);
}

// RFC 7009 2.2: a token that is not ours, or not this client's, is answered as a revoked one is.
static enum err revoke_token(struct call *c, struct slice token)
{
    struct jwt_claims claims;
    struct error err;
    enum jwt_result res = auth_verify_token(c->a, c->reader, token, c->r->received, &claims);
    if (res == JWT_UNSURE) return ERR_NOMEM; // it may be a live one: do not call it revoked
    if (res != JWT_OK || strcmp(claims.subject, c->client.account.client_id) != 0) return ERR_OK;
    struct revocation v = {.client_id = c->client.account.client_id};
    auth_token_hash(claims.jti, v.jti_hash);
    return store_write(c->a->o.store, delete_token, &v, &err);
}

void auth_oauth_revoke(struct auth *a, struct store_reader *reader, struct request *r, struct reply *rep)
{
    struct call c = {.a = a, .reader = reader, .r = r, .rep = rep};
    if (!begin(&c)) return;
    struct slice token = form_value(&c.form, "token");
    if (token.n == 0) {
        reply_error(&c, 400, "invalid_request", "The required parameter token was not specified.");
        return;
    }
    enum err e = revoke_token(&c, token);
    if (e != ERR_OK) {
        reply_store_error(&c, e);
        return;
    }
    rep->status = 200;
    rep->body = SLICE("");
    common_headers(&c);
}

struct slice auth_basic_client(const struct request *r, struct arena *arena)
{
    struct slice scheme, rest, value = request_header(r, "Authorization");
    struct basic b;
    if (!auth_scheme(value, &scheme, &rest) || !slice_eq_nocase(scheme, SLICE("Basic")) ||
        !basic_parse(rest, arena, &b))
        return (struct slice){NULL, 0};
    return b.decoded_id; // one bucket, however the client spells it
}
