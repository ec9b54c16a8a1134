// SPDX-License-Identifier: Apache-2.0
// A real store in a directory of its own, a key ring, a manual clock, one organisation with an API key and a service
// account, and requests to check. Used by: the tests of auth. Must never: leave its directory behind.
#pragma once

#include "auth/digest.h"
#include "auth/inside.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/mem.h"

#define FIX_NOW   INT64_C(1700000000)
#define FIX_URL   "https://peerage.example"
#define FIX_ORG   "0123456789abcdef00000001"
#define FIX_GROUP "0123456789abcdef00000002"
#define FIX_KEYS  "0011223344556677 = 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"

struct fix {
    char dir[32], path[64];
    struct manual_clock manual;
    struct clock clock;
    struct keyring *keys;
    struct store *store;
    struct store_reader *reader;
    struct auth *auth;
    struct arena *arena;
    unsigned slow_down; // failures of an address a minute; 0: as the daemon has it
    struct new_api_key key;
    struct new_account account;
    // the request being built
    struct header headers[4];
    struct request r;
    struct reply rep;
};

static inline enum err fix_insert(struct store_tx *tx, void *ctx, struct error *err)
{
    struct org org = {.id = FIX_ORG, .name = "Acme"};
    struct group group = {.id = FIX_GROUP, .org_id = FIX_ORG, .name = "Streams"};
    enum err e = store_tx_org_insert(tx, &org, err);
    return e == ERR_OK ? store_tx_group_insert(tx, &group, err) : e;
}

// Without an event: the first one of a group is its creation.
static inline enum err fix_grant(struct store_tx *tx, void *ctx, struct error *err)
{
    const struct fix *f = ctx;
    enum err e = store_tx_grant(tx, f->key.row.public_key, FIX_GROUP, 1u << ROLE_GROUP_READ_ONLY, err);
    return e == ERR_OK ? store_tx_grant(tx, f->account.row.client_id, FIX_GROUP, 1u << ROLE_GROUP_READ_ONLY, err) : e;
}

static inline void fix_open(struct fix *f, bool create)
{
    struct error err = {0};
    struct store_options so;
    store_options_default(&so);
    so.path = f->path;
    so.create = so.migrate = so.exclusive = true;
    so.clock = &f->clock;
    if (store_open(&so, &f->store, &err) != ERR_OK) fail_msg("%s", err.detail);
    assert_int_equal(store_reader_open(f->store, &f->reader, &err), ERR_OK);
    if (create && store_write(f->store, fix_insert, NULL, &err) != ERR_OK) fail_msg("%s", err.detail);
    struct auth_options ao = {.clock = &f->clock,
                              .rng = &rng_system,
                              .keys = f->keys,
                              .store = f->store,
                              .issuer = FIX_URL,
                              .failures_per_minute = f->slow_down ? f->slow_down : 60};
    if (auth_new(&ao, &f->auth, &err) != ERR_OK) fail_msg("%s", err.detail);
}

static inline void fix_shut(struct fix *f)
{
    auth_free(f->auth);
    store_reader_close(&f->reader);
    store_close(&f->store);
}

static inline struct fix *fix_new(void)
{
    struct error err = {0};
    struct fix *f = mem_zalloc(1, sizeof(*f));
    assert_non_null(f);
    assert_int_equal(crypto_init(&err), ERR_OK);
    snprintf(f->dir, sizeof(f->dir), "/tmp/peerage-auth-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->path, sizeof(f->path), "%s/store.db", f->dir);
    f->manual.wall_us = FIX_NOW * US_PER_SEC;
    f->manual.mono_ns = 1000 * NS_PER_SEC;
    f->clock = clock_manual(&f->manual);
    assert_int_equal(keyring_parse(SLICE(FIX_KEYS), &f->keys, &err), ERR_OK);
    f->arena = arena_new(1024 * 1024);
    fix_open(f, true);
    const struct grant grants[] = {{FIX_ORG, 1u << ROLE_ORG_MEMBER}};
    if (auth_api_key_create(f->auth, FIX_ORG, "test key", grants, 1, &f->key, &err) != ERR_OK)
        fail_msg("%s", err.detail);
    if (auth_account_create(f->auth, FIX_ORG, "robot", "for tests", grants, 1, 8760, &f->account, &err) != ERR_OK)
        fail_msg("%s", err.detail);
    if (store_write(f->store, fix_grant, f, &err) != ERR_OK) fail_msg("%s", err.detail);
    return f;
}

static inline void fix_free(struct fix *f)
{
    reply_done(&f->rep);
    fix_shut(f);
    keyring_free(f->keys);
    arena_free(f->arena);
    DIR *d = opendir(f->dir);
    for (struct dirent *e; d && (e = readdir(d)) != NULL;) {
        char path[400];
        snprintf(path, sizeof(path), "%s/%s", f->dir, e->d_name);
        (void)unlink(path); // "." and ".." refuse
    }
    if (d) closedir(d);
    (void)rmdir(f->dir);
    mem_free(f);
}

static inline void fix_advance(struct fix *f, double seconds)
{
    manual_clock_advance(&f->manual, (int64_t)(seconds * 1e9));
}

// A new request; nothing of the last one stays.
static inline struct request *fix_request(struct fix *f, enum method m, const char *target)
{
    reply_done(&f->rep);
    reply_init(&f->rep);
    arena_reset(f->arena);
    struct slice all = slice_of(target), path;
    bool query = slice_cut(&all, '?', &path);
    f->r = (struct request){.method = m,
                            .method_text = slice_of(method_name(m)),
                            .target = slice_of(target),
                            .path = path,
                            .query = all,
                            .has_query = query,
                            .headers = f->headers,
                            .secure = true,
                            .received = clock_wall(&f->clock),
                            .received_mono = clock_mono(&f->clock),
                            .arena = f->arena};
    bool ok = ip_parse(SLICE("192.0.2.7"), &f->r.peer);
    assert_true(ok);
    return &f->r;
}

static inline void fix_header(struct fix *f, const char *name, const char *value)
{
    assert_true(f->r.header_count < ARRAY_LEN(f->headers));
    f->headers[f->r.header_count++] = (struct header){slice_of(name), slice_of(value)};
}

struct fix_digest {
    const char *user, *password, *nonce, *uri, *nc, *cnonce, *method; // NULL: what is right
};

// A fresh nonce, out of a challenge.
static inline void fix_nonce(struct fix *f, char out[NONCE_TEXT + 1])
{
    char text[256];
    struct buf b = {.p = text, .cap = sizeof(text), .max = sizeof(text)};
    auth_challenge(f->auth, false, &b);
    const char *at = strstr(text, "nonce=\"");
    assert_non_null(at);
    memcpy(out, at + 7, NONCE_TEXT);
    out[NONCE_TEXT] = '\0';
}

// Adds the Authorization header of Go's client to the request.
static inline void fix_digest(struct fix *f, struct fix_digest o)
{
    char nonce[NONCE_TEXT + 1], hex[33];
    if (o.nonce == NULL) {
        fix_nonce(f, nonce);
        o.nonce = nonce;
    }
    if (o.user == NULL) o.user = f->key.row.public_key;
    if (o.password == NULL) o.password = f->key.private_key;
    if (o.uri == NULL) o.uri = f->r.target.p;
    if (o.nc == NULL) o.nc = "00000001";
    if (o.cnonce == NULL) o.cnonce = "0a4f113b0a4f113b";
    if (o.method == NULL) o.method = f->r.method_text.p;
    uint8_t ha1[16], response[16];
    struct digest d = {
        .nonce = slice_of(o.nonce), .uri = slice_of(o.uri), .cnonce = slice_of(o.cnonce), .nc_text = slice_of(o.nc)};
    digest_ha1(slice_of(o.user), SLICE(DIGEST_REALM), slice_of(o.password), ha1);
    digest_response(ha1, slice_of(o.method), &d, response);
    hex_encode(response, 16, hex);
    char *text = arena_fmt(f->arena,
                           "Digest username=\"%s\", realm=\"MMS Public API\", nonce=\"%s\", uri=\"%s\", "
                           "response=\"%s\", algorithm=\"MD5\", cnonce=\"%s\", qop=auth, nc=%s",
                           o.user, o.nonce, o.uri, hex, o.cnonce, o.nc);
    assert_non_null(text);
    fix_header(f, "Authorization", text);
}

static inline struct auth_answer fix_check(struct fix *f, bool may_block)
{
    struct auth_answer a;
    auth_check(f->auth, may_block ? f->reader : NULL, &f->r, may_block, &a);
    return a;
}

// The result alone, released; loop first, worker when it would block: as the pipeline does.
static inline enum auth_result fix_result(struct fix *f, bool *ret_stale)
{
    struct auth_answer a = fix_check(f, false);
    if (a.result == AUTH_WOULD_BLOCK) a = fix_check(f, true);
    if (ret_stale) *ret_stale = a.stale;
    enum auth_result r = a.result;
    auth_release(f->auth, &a);
    return r;
}

// Authorization: Basic for the account, or for `id:secret` as given.
static inline void fix_basic(struct fix *f, const char *id_secret)
{
    char text[512], b64[1024];
    if (id_secret)
        snprintf(text, sizeof(text), "%s", id_secret);
    else
        snprintf(text, sizeof(text), "%s:%s", f->account.row.client_id, f->account.client_secret);
    base64_encode(text, strlen(text), b64);
    char *value = arena_fmt(f->arena, "Basic %s", b64);
    assert_non_null(value);
    fix_header(f, "Authorization", value);
}

static inline void fix_form(struct fix *f, const char *target, const char *body)
{
    fix_request(f, METHOD_POST, target);
    fix_header(f, "Content-Type", "application/x-www-form-urlencoded");
    f->r.body = slice_of(body);
}

// Mints a token: its text, to be freed by the caller.
static inline char *fix_token(struct fix *f)
{
    fix_form(f, "/api/oauth/token", "grant_type=client_credentials");
    fix_basic(f, NULL);
    auth_oauth_token(f->auth, f->reader, &f->r, &f->rep);
    if (f->rep.status != 200) fail_msg("%d %.*s", f->rep.status, SLICE_FMT(f->rep.body));
    static const char before[] = "{\"access_token\":\"";
    assert_true(slice_starts(f->rep.body, slice_of(before)));
    struct slice rest = slice_skip(f->rep.body, sizeof(before) - 1), token;
    assert_true(slice_cut(&rest, '"', &token));
    assert_true(slice_eq(rest, SLICE(",\"expires_in\":3600,\"token_type\":\"Bearer\"}")));
    return mem_strndup(token.p, token.n);
}

static inline enum auth_result fix_bearer(struct fix *f, const char *token)
{
    fix_request(f, METHOD_GET, "/api/atlas/v2/groups");
    fix_header(f, "Authorization", arena_fmt(f->arena, "Bearer %s", token));
    return fix_result(f, NULL);
}

static inline bool fix_has_header(const struct reply *rep, const char *line)
{
    char *text = mem_strndup(rep->head.p, rep->head.n);
    char *want = mem_alloc(strlen(line) + 3);
    snprintf(want, strlen(line) + 3, "%s\r\n", line);
    char *at = strstr(text, want);
    bool found = at && (at == text || at[-1] == '\n');
    mem_free(text);
    mem_free(want);
    return found;
}

static inline int fix_set_up(void **state)
{
    *state = fix_new();
    return 0;
}

static inline int fix_tear_down(void **state)
{
    fix_free(*state);
    return 0;
}
#define FIX_TEST(fn) cmocka_unit_test_setup_teardown(fn, fix_set_up, fix_tear_down)
