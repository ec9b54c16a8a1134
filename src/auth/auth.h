// SPDX-License-Identifier: Apache-2.0
// From a neutral request to a principal: Digest (RFC 7616, MD5 as Atlas offers it), Bearer (RFC 6750), and the OAuth 2
// client-credentials endpoints (RFC 6749 4.4, RFC 7009). Also makes credentials.
// Called by: pipeline (auth_check), api/oauth.c (mint, revoke), cli and app (create). Must never: tell an unknown user
// from a wrong secret by body or time, log a secret, or let one client lock out another.
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/rand.h"
#include "net/message.h"
#include "store/store.h"

// ---- the key file: sealing keys for HA1 and signing keys. Outside the data directory and the backup, mode 0600.
// Text: one line a key, "KEYID(16 hex) = 64 hex", the first is current; behind it "created TIME" and "retired TIME" may
// stand. Lines that begin with # are people's.
struct keyring;
enum err keyring_load(const char *path, struct keyring **ret, struct error *err) MUST_CHECK;
enum err keyring_create(const char *path, const struct rng *rng, struct error *err) MUST_CHECK; // ERR_EXISTS
void keyring_free(struct keyring *k);
const char *keyring_current_id(const struct keyring *k);
// Secrets of webhooks. ret: key_id, nonce and sealed; the times are the caller's.
enum err keyring_seal_webhook(const struct keyring *k, const struct rng *rng, const char *webhook_id,
                              const uint8_t secret[WEBHOOK_SECRET], struct webhook_secret *ret,
                              struct error *err) MUST_CHECK;
// A new one, sealed, and its text, which is shown once; wipe it.
enum err keyring_make_webhook_secret(const struct keyring *k, const struct rng *rng, const char *webhook_id,
                                     struct webhook_secret *ret, char text[WEBHOOK_SECRET_TEXT],
                                     struct error *err) MUST_CHECK;
// ERR_NOT_FOUND: the key file lacks the key that sealed it. ERR_CORRUPT: it does not open. Wipe what you got.
enum err keyring_open_webhook(const struct keyring *k, const char *webhook_id, const struct webhook_secret *s,
                              uint8_t secret[WEBHOOK_SECRET], struct error *err) MUST_CHECK;

struct auth;
struct oidc;
struct auth_options {
    const struct clock *clock;
    const struct rng *rng;
    struct keyring *keys;
    struct store *store;
    const char *issuer;           // public_url: the tokens' iss and aud
    struct oidc *oidc;            // persons of a provider (auth/oidc.h); NULL: there are none. It outlives auth
    const char *oidc_org;         // and their organisation
    unsigned failures_per_minute; // per address, then answers are delayed/refused with 429: 60
};
// Loads or makes the signing key. One per process; thread-safe.
enum err auth_new(const struct auth_options *o, struct auth **ret, struct error *err) MUST_CHECK;
void auth_free(struct auth *a);
// Batched last-used times, cache sweeps: call about once a second (from the app's housekeeping job).
void auth_tick(struct auth *a);

enum auth_result {
    AUTH_OK,
    AUTH_CHALLENGE,   // no or wrong credentials: Digest 401 (stale says whether stale=true)
    AUTH_BAD_TOKEN,   // Bearer 401, error="invalid_token"
    AUTH_ADDRESS,     // 403 IP_ADDRESS_NOT_ON_ACCESS_LIST
    AUTH_SLOW_DOWN,   // too many failures from this address: 429
    AUTH_UNAVAILABLE, // the store cannot say: 503
    AUTH_WOULD_BLOCK, // not in the cache and the caller may not block
};
struct auth_answer {
    enum auth_result result;
    bool stale;
    const struct credential *credential; // AUTH_OK; in the request's arena or cache, valid until auth_release
    void *hold;                          // cache reference
};
// reader may be NULL when !may_block. Checks scheme, secret or token, expiry, revocation (a cached answer is at most 1
// s old), access list against r->peer. For POST, PUT, PATCH and DELETE a Digest (nonce, nc) is spent in the store.
void auth_check(struct auth *a, struct store_reader *reader, struct request *r, bool may_block,
                struct auth_answer *ret);
void auth_release(struct auth *a, struct auth_answer *ans);
// The WWW-Authenticate value with a fresh nonce (facts §3.1, to the byte).
void auth_challenge(struct auth *a, bool stale, struct buf *out);
// The 401 replies: recorded 142-byte body, Content-Type: application/json, Vary on GET and POST, no X-Error-Code (facts
// §3.1).
void auth_reply_challenge(struct auth *a, const struct request *r, bool stale, struct reply *rep);
void auth_reply_bad_token(struct auth *a, const struct request *r, struct reply *rep);

// ---- OAuth endpoints: whole replies (bodies of facts §3.4). They need a worker.
void auth_oauth_token(struct auth *a, struct store_reader *reader, struct request *r, struct reply *rep);
void auth_oauth_revoke(struct auth *a, struct store_reader *reader, struct request *r, struct reply *rep);
// The client id named by the Basic header, for the (address, client) bucket before the secret is looked at. Empty when
// none.
struct slice auth_basic_client(const struct request *r, struct arena *arena);

// ---- making credentials for the operator (cli, app); for callers of the API: cred.h. Secrets are returned once and
// must be wiped by the caller. Grants: on the organisation and on at most one of its groups.
struct new_api_key {
    struct api_key_row row; // its description is the caller's; after a reset ""
    char private_key[37];   // UUID
};
enum err auth_api_key_create(struct auth *a, const char *org_id, const char *description, const struct grant *grants,
                             unsigned n, struct new_api_key *ret, struct error *err) MUST_CHECK;
enum err auth_api_key_reset(struct auth *a, const char *public_key, struct new_api_key *ret,
                            struct error *err) MUST_CHECK; // new private key
struct new_account {
    struct service_account_row row;
    struct sa_secret_row secret;
    char client_secret[56]; // mdb_sa_sk_ + 40 base64url
};
enum err auth_account_create(struct auth *a, const char *org_id, const char *name, const char *description,
                             const struct grant *grants, unsigned n, int64_t secret_hours, struct new_account *ret,
                             struct error *err) MUST_CHECK;
// ---- the keys that sign access tokens. A new one signs at once; what the former one signed stays good until it
// expires or is revoked, and then the former one goes by itself.
struct signing_key_info {
    char id[17]; // what a token's header names
    struct wall created;
    struct wall retired, until; // of a former one: since when it signs nothing, and when it verifies no more; else 0
};
// ERR_CONFLICT: too many keys still verify live tokens; the detail says until when.
enum err auth_signing_rotate(struct auth *a, const struct actor *by, struct signing_key_info *ret,
                             struct error *err) MUST_CHECK;
enum err auth_signing_keys(struct store_reader *r, struct wall now, struct arena *arena, struct signing_key_info **ret,
                           size_t *ret_n, struct error *err) MUST_CHECK; // newest first, those that sign or verify

// ---- the sealing key of the key file. A new one seals at once; what others sealed is sealed anew in the background.
// The former ones stay in the file, for backups of their time, until somebody forgets them.
struct sealing_key_info {
    char id[17];
    bool current;
    struct wall created, retired; // as the key file says; 0 = it does not
    struct wall unused;           // of a former one that no row needs: since when; 0 = not yet, or not known
    uint64_t rows;                // that it sealed
};
// The current one first. It counts all rows.
enum err auth_sealing_keys(const struct keyring *k, struct store_reader *r, struct arena *arena,
                           struct sealing_key_info **ret, size_t *ret_n, struct error *err) MUST_CHECK;
// ERR_CONFLICT: the file is full of keys, or was changed by somebody. On an error of the file nothing has changed.
enum err auth_sealing_rotate(struct auth *a, const struct actor *by, struct error *err) MUST_CHECK;
// ERR_NOT_FOUND; ERR_CONFLICT: it is current, a row needs it, or it was current ten minutes ago.
enum err auth_sealing_forget(struct auth *a, const struct actor *by, const char *id, struct error *err) MUST_CHECK;
// One batch, on a thread of its own. *ret_n: rows. *ret_idle: come again in a second, not at once. It begins anew with
// each process, and what could not be written is tried again.
struct resealing;
enum err auth_resealing_new(struct auth *a, struct resealing **ret, struct error *err) MUST_CHECK;
void auth_resealing_free(struct resealing *w); // NULL-safe
enum err auth_reseal(struct resealing *w, unsigned *ret_n, bool *ret_idle, struct error *err) MUST_CHECK;

// doctor: every sealed HA1, signing key and webhook secret opens with the key file. ERR_CORRUPT names the first that
// does not.
enum err auth_verify_keys(const struct keyring *k, struct store_reader *r, struct error *err) MUST_CHECK;
