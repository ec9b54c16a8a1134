// SPDX-License-Identifier: Apache-2.0
// Makes the store of tenancy_world.h: rows in batches through the store's own writes, secrets sealed as auth seals
// them. Called by: bench/tenancy.c. Must never: leave its files behind, or be read as the way in which Peerage makes
// keys.
#include "bench/tenancy_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "auth/digest.h"
#include "auth/keyring.h"
#include "auth/nonce.h"
#include "base/encode.h"
#include "base/mem.h"

#define NOW     INT64_C(1750000000)
#define URL     "https://peerage.example"
#define KEYS    "0011223344556677 = 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
#define SECRET  "00112233-4455-4677-8899-aabbccddeeff" // of every key
#define BATCH   5000
#define BUCKETS 1000

static void must(enum err code, const struct error *err)
{
    if (code == ERR_OK) return;
    (void)fprintf(stderr, "%s\n", err->detail);
    exit(1);
}

// Like ObjectIds of several processes: seconds first, then anything.
static void object_id(unsigned kind, unsigned n, char out[OID_HEX + 1])
{
    (void)snprintf(out, OID_HEX + 1, "%08x%08x%08x", 0x60000000 + kind * 0x1000000 + n / 50, n * 2654435761u, n);
}

void world_org_id(unsigned n, char out[OID_HEX + 1])
{
    object_id(0, n, out);
}

void world_group_id(unsigned n, char out[OID_HEX + 1])
{
    object_id(1, n, out);
}

void world_key_name(unsigned n, char out[9])
{
    uint64_t rest = (uint64_t)n * 17389; // in the order of the ids: filling goes faster, finding is the same
    for (int i = 7; i >= 0; i--, rest /= 26) out[i] = (char)('a' + rest % 26);
    out[8] = '\0';
}

// ---- rows -------------------------------------------------------------------------------------------------

// Every second one belongs to the first organisation, the rest to the others in turn.
static unsigned org_of(const struct world *w, unsigned n)
{
    return w->size.orgs == 1 || n % 2 == 0 ? 0 : 1 + n / 2 % (w->size.orgs - 1);
}

uint64_t world_of_first_org(const struct world *w, unsigned all)
{
    return w->size.orgs == 1 ? all : (all + 1) / 2;
}

static unsigned place_in_first(const struct world *w, unsigned key)
{
    return w->size.orgs == 1 ? key : key / 2;
}

// A project of the key's organisation.
static unsigned group_of(const struct world *w, unsigned key)
{
    unsigned org = org_of(w, key), others = w->size.orgs - 1;
    if (org) return 2 * (org - 1 + others * (key % (w->size.groups / 2 / others))) + 1;
    unsigned place = place_in_first(w, key), groups = (unsigned)world_of_first_org(w, w->size.groups);
    unsigned step = w->size.orgs == 1 ? 1 : 2;
    return place % 5 < 3 ? 0 : (1 + place % (groups - 1)) * step;
}

uint64_t world_of_first_group(const struct world *w)
{
    uint64_t keys = world_of_first_org(w, w->size.keys);
    return keys / 5 * 3 + MIN(keys % 5, 3);
}

struct batch {
    struct world *w;
    unsigned from, to;
};

static enum err add_orgs(struct store_tx *tx, void *ctx, struct error *err)
{
    const struct batch *b = ctx;
    enum err code = ERR_OK;
    for (unsigned i = b->from; code == ERR_OK && i < b->to; i++) {
        struct org o = {.created = wall_from_sec(NOW)};
        world_org_id(i, o.id);
        (void)snprintf(o.name, sizeof(o.name), "org-%06u", i);
        (void)snprintf(o.external_id, sizeof(o.external_id), "00000000-0000-4000-8000-%012u", i);
        code = store_tx_org_insert(tx, &o, err);
    }
    return code;
}

static enum err add_groups(struct store_tx *tx, void *ctx, struct error *err)
{
    const struct batch *b = ctx;
    enum err code = ERR_OK;
    for (unsigned i = b->from; code == ERR_OK && i < b->to; i++) {
        struct group g = {.created = wall_from_sec(NOW)};
        world_group_id(i, g.id);
        world_org_id(org_of(b->w, i), g.org_id);
        (void)snprintf(g.name, sizeof(g.name), "team-%06u", i);
        code = store_tx_group_insert(tx, &g, err);
    }
    return code;
}

static enum err add_key(const struct world *w, struct store_tx *tx, unsigned n, struct error *err)
{
    struct api_key_row k = {.description = "of the measurement", .created = wall_from_sec(NOW)};
    char group[OID_HEX + 1];
    uint8_t ha1[16];
    object_id(2, n, k.id);
    world_org_id(org_of(w, n), k.org_id);
    world_group_id(group_of(w, n), group);
    world_key_name(n, k.public_key);
    memcpy(k.private_tail, SECRET + 24, 13);
    digest_ha1(slice_of(k.public_key), SLICE(DIGEST_REALM), SLICE(SECRET), ha1);
    enum err code = keyring_seal(w->keys, KEY_HA1, slice_of(k.public_key), slice_n((const char *)ha1, sizeof(ha1)),
                                 &rng_system, k.ha1_key_id, k.ha1_nonce, k.ha1_sealed, err);
    if (code == ERR_OK) code = store_tx_api_key_insert(tx, &k, err);
    if (code == ERR_OK) code = store_tx_grant(tx, k.public_key, k.org_id, 1u << ROLE_ORG_MEMBER, err);
    return code == ERR_OK ? store_tx_grant(tx, k.public_key, group, 1u << ROLE_GROUP_READ_ONLY, err) : code;
}

static enum err add_keys(struct store_tx *tx, void *ctx, struct error *err)
{
    const struct batch *b = ctx;
    enum err code = ERR_OK;
    for (unsigned i = b->from; code == ERR_OK && i < b->to; i++) code = add_key(b->w, tx, i, err);
    return code;
}

static void add_all(struct world *w, store_fn fn, unsigned n)
{
    struct error err;
    for (unsigned i = 0; i < n; i += BATCH) {
        struct batch b = {w, i, MIN(i + BATCH, n)};
        must(store_write(w->store, fn, &b, &err), &err);
    }
}

static void add_accounts(struct world *w)
{
    struct error err;
    struct grant owner = {.roles = 1u << ROLE_ORG_OWNER};
    world_org_id(0, owner.scope_id);
    for (unsigned i = 0; i < WORLD_ACCOUNTS; i++)
        must(auth_account_create(w->auth, owner.scope_id, "bench", "of the measurement", &owner, 1, 8760,
                                 &w->accounts[i], &err),
             &err);
}

// ---- the machine ------------------------------------------------------------------------------------------

static void open_store(struct world *w)
{
    struct error err;
    struct store_options o;
    store_options_default(&o);
    o.path = w->path;
    o.create = o.migrate = o.exclusive = true;
    o.clock = &w->clock;
    must(store_open(&o, &w->store, &err), &err);
    must(store_reader_open(w->store, &w->reader, &err), &err);
}

static void build(struct world *w)
{
    struct error err;
    struct auth_options ao = {.clock = &w->clock,
                              .rng = &rng_system,
                              .keys = w->keys,
                              .store = w->store,
                              .issuer = URL,
                              .failures_per_minute = 60};
    must(auth_new(&ao, &w->auth, &err), &err);
    must(core_open(w->store, &w->clock, &rng_system, &w->core, &err), &err);
    w->limits = limits_new(false, NULL, 0, BUCKETS, &rng_system);
    w->cache = body_cache_new(1, &rng_system); // holds nothing: each list is read
    struct pipeline_options o = {.api = {.store = w->store,
                                         .core = w->core,
                                         .auth = w->auth,
                                         .limits = w->limits,
                                         .cache = w->cache,
                                         .clock = &w->clock,
                                         .public_url = URL}};
    must(pipeline_new(&o, &w->pipeline, &err), &err);
    w->app = pipeline_app(w->pipeline);
    w->loop = w->app.thread_begin(w->app.ctx, true);
    w->worker = w->app.thread_begin(w->app.ctx, false);
}

void world_make(struct world *w, struct world_size size)
{
    struct error err;
    *w = (struct world){.size = size, .dir = "/tmp/peerage-tenancy-XXXXXX"};
    if (!mkdtemp(w->dir)) exit(1);
    (void)snprintf(w->path, sizeof(w->path), "%s/store.db", w->dir);
    w->hands = (struct manual_clock){.wall_us = NOW * US_PER_SEC, .mono_ns = NS_PER_SEC};
    w->clock = clock_manual(&w->hands);
    must(keyring_parse(SLICE(KEYS), &w->keys, &err), &err);
    open_store(w);
    build(w);
    add_all(w, add_orgs, size.orgs);
    add_all(w, add_groups, size.groups);
    add_all(w, add_keys, size.keys);
    add_accounts(w);
    world_mint(w);
}

void world_free(struct world *w)
{
    for (unsigned i = 0; i < WORLD_ACCOUNTS; i++) mem_free(w->tokens[i]);
    w->app.thread_end(w->app.ctx, w->loop);
    w->app.thread_end(w->app.ctx, w->worker);
    pipeline_free(w->pipeline);
    core_close(&w->core);
    body_cache_free(w->cache);
    limits_free(w->limits);
    auth_free(w->auth);
    store_reader_close(&w->reader);
    store_close(&w->store);
    keyring_free(w->keys);
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        char file[96];
        (void)snprintf(file, sizeof(file), "%s%s", w->path, suffixes[i]);
        (void)unlink(file);
    }
    (void)rmdir(w->dir);
}

// ---- requests ---------------------------------------------------------------------------------------------

void world_request(struct world *w, struct world_request *q, const char *target, const char *accept)
{
    struct slice all = slice_of(target), path;
    bool query = slice_cut(&all, '?', &path);
    reply_done(&q->rep);
    reply_init(&q->rep);
    q->r = (struct request){.method = METHOD_GET,
                            .method_text = SLICE("GET"),
                            .target = slice_of(target),
                            .path = path,
                            .query = all,
                            .has_query = query,
                            .headers = q->headers,
                            .header_count = 1,
                            .secure = true,
                            .received = clock_wall(&w->clock),
                            .received_mono = clock_mono(&w->clock),
                            .arena = q->arena};
    q->headers[0] = (struct header){SLICE("Accept"), slice_of(accept)};
    if (!ip_parse(SLICE("192.0.2.7"), &q->r.peer)) exit(1);
}

static void authorize(struct world_request *q, const char *text)
{
    if (!text) exit(1);
    q->headers[q->r.header_count++] = (struct header){SLICE("Authorization"), slice_of(text)};
}

void world_bearer(struct world_request *q, const char *token)
{
    authorize(q, arena_fmt(q->arena, "Bearer %s", token));
}

void world_digest(struct world *w, struct world_request *q, unsigned key)
{
    char name[9], nc[9], hex[33];
    uint8_t ha1[16], response[16];
    world_key_name(key, name);
    (void)snprintf(nc, sizeof(nc), "%08x", ++w->nc);
    struct digest d = {
        .nonce = slice_of(w->nonce), .uri = q->r.target, .cnonce = SLICE("0a4f113b0a4f113b"), .nc_text = slice_of(nc)};
    digest_ha1(slice_of(name), SLICE(DIGEST_REALM), SLICE(SECRET), ha1);
    digest_response(ha1, SLICE("GET"), &d, response);
    hex_encode(response, 16, hex);
    authorize(q, arena_fmt(q->arena,
                           "Digest username=\"%s\", realm=\"" DIGEST_REALM "\", nonce=\"%s\", uri=\"%.*s\", "
                           "response=\"%s\", algorithm=\"MD5\", cnonce=\"0a4f113b0a4f113b\", qop=auth, nc=%s",
                           name, w->nonce, SLICE_FMT(q->r.target), hex, nc));
}

void world_nonce(struct world *w)
{
    nonce_make(w->keys, &rng_system, clock_wall(&w->clock), w->nonce);
    w->nc = 0;
}

void world_send(struct world *w, struct world_request *q)
{
    if (w->app.handle(w->app.ctx, w->loop, &q->r, &q->rep, false) == HTTP_NEEDS_WORKER)
        (void)w->app.handle(w->app.ctx, w->worker, &q->r, &q->rep, true);
}

void world_check(const struct world_request *q)
{
    if (q->rep.status == 200) return;
    (void)fprintf(stderr, "%.*s: %d %.*s\n", SLICE_FMT(q->r.target), q->rep.status, SLICE_FMT(q->rep.body));
    exit(1);
}

static char *mint(struct world *w, struct world_request *q, const struct new_account *a)
{
    static const char before[] = "{\"access_token\":\"";
    char text[256], b64[512];
    (void)snprintf(text, sizeof(text), "%s:%s", a->row.client_id, a->client_secret);
    base64_encode(text, strlen(text), b64);
    world_request(w, q, "/api/oauth/token", "application/json");
    q->r.method = METHOD_POST;
    q->r.method_text = SLICE("POST");
    q->headers[0] = (struct header){SLICE("Content-Type"), SLICE("application/x-www-form-urlencoded")};
    q->r.body = SLICE("grant_type=client_credentials");
    authorize(q, arena_fmt(q->arena, "Basic %s", b64));
    auth_oauth_token(w->auth, w->reader, &q->r, &q->rep);
    world_check(q);
    struct slice rest = slice_skip(q->rep.body, sizeof(before) - 1), token;
    return slice_cut(&rest, '"', &token) ? mem_strndup(token.p, token.n) : NULL;
}

void world_mint(struct world *w)
{
    struct world_request q = {.arena = arena_new(1 << 20)};
    reply_init(&q.rep);
    for (unsigned i = 0; i < WORLD_ACCOUNTS; i++) {
        arena_reset(q.arena);
        mem_free(w->tokens[i]);
        w->tokens[i] = mint(w, &q, &w->accounts[i]);
    }
    reply_done(&q.rep);
    arena_free(q.arena);
}
