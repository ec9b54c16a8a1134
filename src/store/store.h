// SPDX-License-Identifier: Apache-2.0
// Durable state: SQLite in WAL mode, synchronous=FULL, one writer thread, one reader handle a thread.
// Called by: core (domain rows), auth (credentials, tokens), reconcile (leases), app and cli (open, backup).
// Must never: be written outside store_write, hold a lock over a caller's code, or acknowledge before the commit.
//
// Reads: each thread opens a store_reader; every call is one consistent snapshot; results live in `arena`.
// Writes: store_write runs fn on the writer thread inside one transaction. fn returning an error rolls back and that
// error is returned. ERR_OK means committed and synced. Several waiting writes may share one commit. Errors of every
// call: ERR_BUSY (locked past 5 s, or the write queue is full), ERR_READ_ONLY (read-only or full disk; detail says
// which), ERR_IO, ERR_CORRUPT, ERR_NOMEM.
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "model/action.h"
#include "model/approval.h"
#include "model/connection.h"
#include "model/network.h"
#include "model/policy.h"
#include "model/principal.h"
#include "model/webhook.h"

struct store;
struct store_reader;
struct store_tx;

#define STORE_VERSION    11 // schema that this binary writes: the number of files in schema/
#define STORE_MIN_BINARY 8  // oldest binary (by STORE_VERSION) that may open what we write

struct store_options {
    const char *path; // database file; its directory must exist (made 0700 by the caller)
    bool create;      // make it when absent
    bool migrate;     // apply missing migrations (serve, dev, init, migrate); else ERR_CONFLICT when any is missing
    bool exclusive;   // take the flock on PATH.lock: one process (design §5). false only for read-only inspection
    unsigned write_queue_max; // 1024
    int64_t busy_ms;          // 5000
    unsigned outbox_max;      // 10000 deliveries
    const struct clock *clock;
};
void store_options_default(struct store_options *o);
// ERR_NOT_FOUND (no file, create false), ERR_BUSY (another process has it; names its pid), ERR_CONFLICT (schema newer
// than this binary, or migrations missing), ERR_CORRUPT (checksum of an applied migration differs; integrity).
enum err store_open(const struct store_options *o, struct store **ret, struct error *err) MUST_CHECK;
void store_close(struct store **s); // finishes queued writes; readers must be closed before

enum err store_reader_open(struct store *s, struct store_reader **ret,
                           struct error *err) MUST_CHECK; // one thread at a time
void store_reader_close(struct store_reader **r);

typedef enum err (*store_fn)(struct store_tx *tx, void *ctx, struct error *err);
enum err store_write(struct store *s, store_fn fn, void *ctx, struct error *err) MUST_CHECK;
// Rises whenever a committed write changed what lists show (connections, networks, groups, grants). Read without a
// lock. A reader that sees generation g sees all rows committed up to g.
uint64_t store_generation(const struct store *s);
// Likewise for credentials (keys, accounts, secrets, access lists, grants, tokens revoked).
uint64_t store_auth_generation(const struct store *s);
bool store_writable(
    const struct store *s); // false after the last write failed with ERR_READ_ONLY; for readiness detail
uint64_t store_wal_bytes(const struct store *s);
// The reads below, inside a write: sees the transaction's own changes. Valid until fn returns.
struct store_reader *store_tx_reader(struct store_tx *tx);

// ---- maintenance (cli, app)
enum err store_backup(struct store *s, const char *path,
                      struct error *err) MUST_CHECK; // online, through the writer; path must not exist; mode 0600
enum err store_check(struct store *s, struct arena *a, struct slice *ret_report,
                     struct error *err) MUST_CHECK; // integrity_check, foreign_key_check; "ok"
// Verifies the backup (integrity, schema, migrations), refuses over an existing store (ERR_EXISTS) and to read a store
// in use (ERR_CONFLICT: its WAL lies beside it). The restored store is frozen as a whole and its live intents are held
// (schema 2 and newer). The key files are not in a backup: the caller says so to people.
enum err store_restore(const char *backup, const char *path, struct error *err) MUST_CHECK;
enum err store_migrate_status(const char *path, uint32_t *ret_have, uint32_t *ret_want, struct error *err) MUST_CHECK;

// ---- organisations and groups: those deleted are in no read
enum err store_org_get(struct store_reader *r, const char *org_id, struct org *ret,
                       struct error *err) MUST_CHECK; // ERR_NOT_FOUND
enum err store_orgs(struct store_reader *r, struct arena *a, struct org **ret, size_t *ret_n,
                    struct error *err) MUST_CHECK; // by id
enum err store_group_get(struct store_reader *r, const char *group_id, struct group *ret,
                         struct error *err) MUST_CHECK; // ERR_NOT_FOUND; without tags
enum err store_group_by_name(struct store_reader *r, const char *org_id, struct slice name, struct arena *a,
                             struct group *ret, struct error *err) MUST_CHECK; // ERR_NOT_FOUND
enum err store_group_tags(struct store_reader *r, const char *group_id, struct arena *a, struct slice *ret,
                          struct error *err) MUST_CHECK; // ERR_NOT_FOUND
struct page {
    uint32_t number, size; // pageNum >= 1, itemsPerPage 1..500
};
// Groups that any grant of the principal reaches (groups named, all of its organisation with a role that reads groups),
// by id. Any page of all or of an organisation costs its own length, without a prefix.
struct group_search {
    const struct principal *principal; // NULL or local: all groups of all organisations; then `prefix` must be empty
    struct slice prefix;               // what the name begins with, ASCII letters in any case; n 0 = anything
    bool uncounted;                    // *ret_total is 0
    struct page page;
};
enum err store_groups_find(struct store_reader *r, const struct group_search *f, struct arena *a, struct group **ret,
                           size_t *ret_n, uint64_t *ret_total, struct error *err) MUST_CHECK;
// The same without a filter. all = true ignores grants (local admin).
enum err store_groups(struct store_reader *r, const struct principal *p, bool all, struct page page, struct arena *a,
                      struct group **ret, size_t *ret_n, uint64_t *ret_total, struct error *err) MUST_CHECK;
// What keeps a group from being deleted.
struct group_use {
    bool networks; // it has one
    bool peerings; // one that AWS has not ended is listed
};
enum err store_group_use(struct store_reader *r, const char *group_id, struct group_use *ret,
                         struct error *err) MUST_CHECK;
enum err store_org_count(struct store_reader *r, uint64_t *ret_orgs, struct error *err) MUST_CHECK; // live ones
enum err store_org_size(struct store_reader *r, const char *org_id, uint64_t *ret_groups, struct error *err) MUST_CHECK;
enum err store_tx_org_insert(struct store_tx *tx, const struct org *o, struct error *err) MUST_CHECK; // ERR_EXISTS
// Name and settings, by id. ERR_NOT_FOUND; ERR_EXISTS: name taken.
enum err store_tx_org_update(struct store_tx *tx, const struct org *o, struct error *err) MUST_CHECK;
// Its credentials go with all that is theirs; the row stays for history. The caller has seen that no group is left.
enum err store_tx_org_delete(struct store_tx *tx, const char *org_id, struct wall now, struct error *err) MUST_CHECK;
enum err store_tx_group_insert(struct store_tx *tx, const struct group *g,
                               struct error *err) MUST_CHECK; // ERR_EXISTS: name taken in the organisation
// Name, flags and tags, by id. ERR_NOT_FOUND; ERR_EXISTS: name taken in the organisation.
enum err store_tx_group_update(struct store_tx *tx, const struct group *g, struct error *err) MUST_CHECK;
// Roles on it, freezes and policy of it go; the row stays for history. The caller has seen that no network is left.
enum err store_tx_group_delete(struct store_tx *tx, const char *group_id, struct wall now,
                               struct error *err) MUST_CHECK;

// ---- credentials
struct api_key_row {
    char id[OID_HEX + 1], org_id[OID_HEX + 1];
    char public_key[9];                         // 8 lower-case letters
    const char *description;                    // of what is read, in the arena; never NULL
    char private_tail[13];                      // last 12 hex, for the masked form
    char ha1_key_id[17];                        // which key of the key file sealed it
    uint8_t ha1_nonce[12], ha1_sealed[16 + 16]; // AES-256-GCM of MD5 HA1, AAD = public key
    struct wall created;
};
struct sa_secret_row {
    char id[OID_HEX + 1];
    uint8_t hash[32]; // SHA-256 of the secret
    char masked[32];
    struct wall created, expires, last_used;
};
struct service_account_row {
    char id[OID_HEX + 1], org_id[OID_HEX + 1];
    char client_id[PRINCIPAL_NAME]; // mdb_sa_id_ + 24 hex
    const char *name, *description; // of what is read, in the arena; never NULL
    struct wall created;
};
// A credential with all that a check needs: grants, access list, the organisation's setting. In arena.
struct credential {
    enum principal_kind kind;
    struct principal principal;
    struct api_key_row key;              // kind API_KEY
    struct service_account_row account;  // kind SERVICE_ACCOUNT
    const struct sa_secret_row *secrets; // kind SERVICE_ACCOUNT
    unsigned secret_count;
    const struct cidr *access_list;
    unsigned access_count;
    bool access_list_required; // the organisation's apiAccessListRequired
};
enum err store_api_key_find(struct store_reader *r, struct slice public_key, struct arena *a, struct credential *ret,
                            struct error *err) MUST_CHECK; // ERR_NOT_FOUND
enum err store_account_find(struct store_reader *r, struct slice client_id, struct arena *a, struct credential *ret,
                            struct error *err) MUST_CHECK; // ERR_NOT_FOUND
// For judging a secret before anything else is read: what is kept for the credential of that name or, when there is
// none, for a neighbour of that name, so that both cost the same. The caller compares the name in the result.
// ERR_NOT_FOUND: there are none at all.
struct key_seal {
    char public_key[9];
    char key_id[17]; // which key of the key file sealed it
    uint8_t nonce[12], sealed[16 + 16];
};
enum err store_key_seal_near(struct store_reader *r, struct slice public_key, struct key_seal *ret,
                             struct error *err) MUST_CHECK;
#define NEAR_SECRETS 4
struct near_account {
    char client_id[PRINCIPAL_NAME]; // "" when it has no secret
    struct {
        uint8_t hash[32];
        struct wall expires; // 0: no such secret
    } secrets[NEAR_SECRETS]; // the newest
};
enum err store_account_near(struct store_reader *r, struct slice client_id, struct near_account *ret,
                            struct error *err) MUST_CHECK;
enum err store_api_key_by_id(struct store_reader *r, const char *id, struct arena *a, struct credential *ret,
                             struct error *err) MUST_CHECK; // ERR_NOT_FOUND
// One page of an organisation's credentials of one kind, or of those with a role on a group, by id; without their
// access lists. It costs what the page costs, however many there are.
struct credential_filter {
    const char *org_id, *group_id; // group_id NULL: all of org_id; else org_id is ignored
    enum principal_kind kind;      // API_KEY or SERVICE_ACCOUNT
    struct page page;
};
enum err store_credentials_page(struct store_reader *r, const struct credential_filter *f, struct arena *a,
                                struct credential **ret, size_t *ret_n, uint64_t *ret_total,
                                struct error *err) MUST_CHECK;
struct access_row {
    struct cidr block;
    struct wall created, last_used; // last_used 0 = never
    uint64_t used;                  // requests that it let in
    char last_address[IP_STR];      // "" = never
};
enum err store_access_entries(struct store_reader *r, const char *principal_name, struct arena *a,
                              struct access_row **ret, size_t *ret_n, struct error *err) MUST_CHECK; // by block
enum err store_credentials(struct store_reader *r, const char *org_id /* NULL = all */, struct arena *a,
                           struct credential **ret, size_t *ret_n, struct error *err) MUST_CHECK;
enum err store_tx_api_key_insert(struct store_tx *tx, const struct api_key_row *k, struct error *err) MUST_CHECK;
enum err store_tx_api_key_delete(struct store_tx *tx, const char *public_key, struct error *err) MUST_CHECK;
enum err store_tx_api_key_reseal(struct store_tx *tx, const struct api_key_row *k,
                                 struct error *err) MUST_CHECK; // new nonce, sealed, key id, private_tail
enum err store_tx_account_insert(struct store_tx *tx, const struct service_account_row *s,
                                 struct error *err) MUST_CHECK;
enum err store_tx_account_delete(struct store_tx *tx, const char *client_id,
                                 struct error *err) MUST_CHECK; // tokens go with it
enum err store_tx_secret_insert(struct store_tx *tx, const char *client_id, const struct sa_secret_row *s,
                                struct error *err) MUST_CHECK;
// Its tokens go with it.
enum err store_tx_secret_delete(struct store_tx *tx, const char *client_id, const char *secret_id,
                                struct error *err) MUST_CHECK;
enum err store_tx_secret_expires(struct store_tx *tx, const char *client_id, const char *secret_id, struct wall when,
                                 struct error *err) MUST_CHECK;
enum err store_tx_principal_describe(struct store_tx *tx, const char *principal_name, const char *description,
                                     struct error *err) MUST_CHECK;
enum err store_tx_account_rename(struct store_tx *tx, const char *client_id, const char *name,
                                 struct error *err) MUST_CHECK;
// Whether a key, or an account with a secret that lives, has ORG_OWNER there.
enum err store_tx_org_has_owner(struct store_tx *tx, const char *org_id, struct wall now, bool *ret,
                                struct error *err) MUST_CHECK;
enum err store_tx_grant(struct store_tx *tx, const char *principal_name, const char *scope_id, role_set roles,
                        struct error *err) MUST_CHECK; // replaces; 0 removes
enum err store_tx_access_add(struct store_tx *tx, const char *principal_name, struct cidr c, struct wall now,
                             struct error *err) MUST_CHECK;
enum err store_tx_access_remove(struct store_tx *tx, const char *principal_name, struct cidr c,
                                struct error *err) MUST_CHECK;
// Adds use->used, last_used and last_address to an entry; one that is gone is no error. Batched by auth.
enum err store_tx_access_used(struct store_tx *tx, const char *principal_name, const struct access_row *use,
                              struct error *err) MUST_CHECK;
enum err store_tx_org_access_required(struct store_tx *tx, const char *org_id, bool required,
                                      struct error *err) MUST_CHECK;
enum err store_tx_secret_used(struct store_tx *tx, const char *client_id, const char *secret_id, struct wall when,
                              struct error *err) MUST_CHECK; // batched by auth

// ---- persons: groups of an OpenID Connect provider and their roles. Writes raise store_auth_generation.
struct person_grant {
    struct slice claim_group; // as the provider writes it
    struct grant grant;
};
enum err store_person_grants(struct store_reader *r, const char *org_id, struct arena *a, struct person_grant **ret,
                             size_t *ret_n, struct error *err) MUST_CHECK; // by group and scope
// What a person in these groups (a JSON array of strings) may do: grants sorted by scope. None is no error.
enum err store_grants_of_groups(struct store_reader *r, const char *org_id, struct slice groups, struct arena *a,
                                struct grant **ret, unsigned *ret_n, struct error *err) MUST_CHECK;
enum err store_tx_person_grant(struct store_tx *tx, const char *org_id, struct slice claim_group, const struct grant *g,
                               struct error *err) MUST_CHECK; // replaces; no roles: removes

// ---- tokens, nonces, signing keys
struct token_row {
    uint8_t jti_hash[32];
    char client_id[PRINCIPAL_NAME];
    char secret_id[OID_HEX + 1]; // that minted it; "" = unknown. Ignored on reading
    struct wall issued, expires;
};
enum err store_token_get(struct store_reader *r, const uint8_t jti_hash[32], struct token_row *ret,
                         struct error *err) MUST_CHECK; // ERR_NOT_FOUND
enum err store_tx_token_insert(struct store_tx *tx, const struct token_row *t,
                               struct error *err) MUST_CHECK; // ERR_NOT_FOUND: the account or the secret is gone
enum err store_tx_token_delete(struct store_tx *tx, const uint8_t jti_hash[32], const char *client_id,
                               bool *ret_deleted, struct error *err) MUST_CHECK; // only that client's
enum err store_tx_token_count(struct store_tx *tx, const char *client_id, struct wall now, uint32_t *ret,
                              struct error *err) MUST_CHECK; // live ones; deletes the client's expired
enum err store_tx_nonce_use(struct store_tx *tx, const char *nonce, uint32_t nc, struct wall expires, struct wall now,
                            struct error *err) MUST_CHECK; // ERR_EXISTS = replay; prunes expired
struct signing_key_row {
    char kid[17];
    char seal_key_id[17];
    uint8_t nonce[12], sealed[32 + 16]; // AES-256-GCM of a 32-byte HMAC key, AAD = kid
    struct wall created, retired;       // retired 0 = current
};
enum err store_signing_keys(struct store_reader *r, struct arena *a, struct signing_key_row **ret, size_t *ret_n,
                            struct error *err) MUST_CHECK; // in use first, then newest first
enum err store_tx_signing_key_insert(struct store_tx *tx, const struct signing_key_row *k,
                                     struct error *err) MUST_CHECK; // the former current key is retired at k->created
                                                                    // or, if that is later, at its own creation
enum err store_tx_signing_keys_prune(struct store_tx *tx, struct wall before, uint64_t *ret_n,
                                     struct error *err) MUST_CHECK; // those that were retired before then

// ---- rate limits of one scope. Writes raise store_generation; they go with the group, organisation or credential.
#define LIMIT_SET_ID     48
#define LIMIT_SCOPE_TEXT (PRINCIPAL_NAME + 8)
struct limit_change {
    char set_id[LIMIT_SET_ID], scope[LIMIT_SCOPE_TEXT];
    uint32_t capacity, refill, seconds;
    struct wall changed;
};
enum err store_limits(struct store_reader *r, struct arena *a, struct limit_change **ret, size_t *ret_n,
                      struct error *err) MUST_CHECK; // by set and scope
enum err store_limit_get(struct store_reader *r, const char *set_id, const char *scope, struct limit_change *ret,
                         struct error *err) MUST_CHECK; // ERR_NOT_FOUND
enum err store_limit_count(struct store_reader *r, uint64_t *ret, struct error *err) MUST_CHECK;
enum err store_tx_limit_put(struct store_tx *tx, const struct limit_change *l,
                            struct error *err) MUST_CHECK; // inserts or replaces
enum err store_tx_limit_delete(struct store_tx *tx, const char *set_id, const char *scope,
                               struct error *err) MUST_CHECK; // ERR_NOT_FOUND

// ---- seals: whatever the key file's keys protect
struct seal_count {
    char key_id[17];
    uint64_t n; // of API keys, signing keys and webhook secrets
};
// By key. It looks at every row.
enum err store_seal_counts(struct store_reader *r, struct arena *a, struct seal_count **ret, size_t *ret_n,
                           struct error *err) MUST_CHECK;
// API keys that another key than this one sealed, by public key after `after` (""), at most max.
enum err store_key_seals_of_others(struct store_reader *r, const char *key_id, const char *after, size_t max,
                                   struct arena *a, struct key_seal **ret, size_t *ret_n, struct error *err) MUST_CHECK;
enum seal_kind { SEAL_HA1, SEAL_SIGNING, SEAL_WEBHOOK };
struct seal {
    char key_id[17];
    uint8_t nonce[12], sealed[48];
    size_t n; // bytes of sealed
};
// The same secret under another key. name: public key, kid or webhook id. `was`: the nonce that was read; a row that
// has another by now is left alone, which is no error. It changes no answer, so the generations stay.
enum err store_tx_reseal(struct store_tx *tx, enum seal_kind kind, const char *name, const uint8_t was[12],
                         const struct seal *s, struct error *err) MUST_CHECK;

// ---- networks
enum err store_networks(struct store_reader *r, const char *group_id /* NULL = all */, struct arena *a,
                        struct network **ret, size_t *ret_n, struct error *err) MUST_CHECK; // by id
enum err store_network_get(struct store_reader *r, const char *network_id, struct arena *a, struct network *ret,
                           struct error *err) MUST_CHECK;
// The default network of a group in an AWS region; ERR_NOT_FOUND.
enum err store_network_default(struct store_reader *r, const char *group_id, const char *region, struct arena *a,
                               struct network *ret, struct error *err) MUST_CHECK;
enum err store_tx_network_insert(struct store_tx *tx, const struct network *n, struct error *err)
    MUST_CHECK; // ERR_EXISTS: (account, region, vpc) is bound already; names the group
enum err store_tx_network_delete(struct store_tx *tx, const char *network_id, struct wall now, struct error *err)
    MUST_CHECK; // its connections become history; the row stays for them, unseen by all reads
// Makes it the default of its group and region, instead of whichever is. ERR_NOT_FOUND.
enum err store_tx_network_make_default(struct store_tx *tx, const char *network_id, struct error *err) MUST_CHECK;
enum err store_tx_network_mode(struct store_tx *tx, const char *network_id, enum network_mode mode,
                               struct error *err) MUST_CHECK; // ERR_NOT_FOUND
// Whether an intent of it lives or a route of its peers is recorded.
enum err store_network_busy(struct store_reader *r, const char *network_id, bool *ret, struct error *err) MUST_CHECK;
enum err store_tx_network_cidrs(struct store_tx *tx, const char *network_id, struct slice cidrs,
                                struct error *err) MUST_CHECK;
// Scan state. Raises store_generation only when `failed` or the failure text changes.
enum err store_tx_network_scan(struct store_tx *tx, const struct network *n, struct error *err) MUST_CHECK;

// ---- connections
enum connection_sort { SORT_ID, SORT_EXPIRY /* soonest first, those without last, then id */ };
struct connection_filter {
    const char *group_id; // NULL: see `principal`
    const struct principal
        *principal;                 // with group_id NULL: all groups it may read (NEED_GROUP_READ); NULL = all (local)
    struct slice requester_account; // p NULL = any
    struct slice cloud_status;      // p NULL = any
    int local_status;               // -1 = any; compared with the shown status (overlay included)
    const char *network_id;         // NULL = any
    bool include_unlisted;          // history too
    enum connection_sort sort;
    struct page page;
};
enum err store_connections(struct store_reader *r, const struct connection_filter *f, struct arena *a,
                           struct connection **ret, size_t *ret_n, uint64_t *ret_total, struct error *err) MUST_CHECK;
// By pcx-… name (the listed row, else the newest of history) or by _id. ret->listed tells. ERR_NOT_FOUND.
enum err store_connection_get(struct store_reader *r, const char *group_id, struct slice name_or_id, struct arena *a,
                              struct connection *ret, struct error *err) MUST_CHECK;
// The newest row of that name in the network, listed or not: for observed names that have no listed row, so that what
// left the list does not come back as new. ERR_NOT_FOUND.
enum err store_connection_of_network(struct store_reader *r, const char *network_id, struct slice name, struct arena *a,
                                     struct connection *ret, struct error *err) MUST_CHECK;
// All rows of one network that are listed, by name, for the scan's comparison.
enum err store_connections_of_network(struct store_reader *r, const char *network_id, struct arena *a,
                                      struct connection **ret, size_t *ret_n, struct error *err) MUST_CHECK;
enum err store_tx_connection_insert(struct store_tx *tx, const struct connection *c,
                                    struct error *err) MUST_CHECK; // ERR_EXISTS by (network, name)
enum err store_tx_connection_update(struct store_tx *tx, const struct connection *c, struct error *err)
    MUST_CHECK; // whole row by id; ERR_NOT_FOUND. Only core/transition.c calls it
enum err store_tx_connection_get(struct store_tx *tx, const char *id, struct arena *a, struct connection *ret,
                                 struct error *err) MUST_CHECK;
enum err store_connection_counts(struct store_reader *r, struct arena *a, struct slice **ret_status,
                                 uint64_t **ret_counts, size_t *ret_n,
                                 struct error *err) MUST_CHECK; // listed, by cloudStatus, for metrics

// ---- intents: what is asked of the cloud (core/action.h says how one lives)
// Live ones of networks that may be written (managed, not frozen), not held, with not_before <= now, by not_before.
// *ret_next: the earliest not_before after now, 0 = none; `now` itself when max cut the result.
enum err store_intents_due(struct store_reader *r, struct wall now, size_t max, struct arena *a, struct intent **ret,
                           size_t *ret_n, struct wall *ret_next, struct error *err) MUST_CHECK;
enum err store_intents(struct store_reader *r, const char *group_id /* NULL = all */, bool ended_too, struct page page,
                       struct arena *a, struct intent **ret, size_t *ret_n,
                       struct error *err) MUST_CHECK; // newest first
enum err store_intents_count(struct store_reader *r, const char *group_id /* NULL = all */, bool ended_too,
                             uint64_t *ret, struct error *err) MUST_CHECK;
enum err store_intent_get(struct store_reader *r, const char *id, struct arena *a, struct intent *ret,
                          struct error *err) MUST_CHECK; // ERR_NOT_FOUND
enum err store_tx_intent_insert(struct store_tx *tx, const struct intent *i,
                                struct error *err) MUST_CHECK; // ERR_EXISTS: the connection has a live one
// Times, attempts, marks, epoch and reason of a live one, by id; ERR_NOT_FOUND.
enum err store_tx_intent_update(struct store_tx *tx, const struct intent *i, struct error *err) MUST_CHECK;
// Ends the live one of a connection, if there is one.
enum err store_tx_intent_end(struct store_tx *tx, const char *connection_id, enum intent_end end, struct slice reason,
                             struct wall now, struct error *err) MUST_CHECK;
enum err store_tx_intents_drop(struct store_tx *tx, const char *network_id, struct slice reason, struct wall now,
                               uint64_t *ret_n, struct error *err) MUST_CHECK; // ends all live ones of a network
enum err store_tx_intents_release(struct store_tx *tx, const char *group_id /* NULL = all */, uint64_t *ret_n,
                                  struct error *err) MUST_CHECK; // those held

// ---- freezes and protection
enum err store_freezes(struct store_reader *r, struct arena *a, struct freeze **ret, size_t *ret_n,
                       struct error *err) MUST_CHECK;
enum err store_writes_allowed(struct store_reader *r, const char *group_id, const char *network_id, bool *ret,
                              struct error *err) MUST_CHECK; // managed, not removed, and not frozen in any scope
enum err store_tx_freeze(struct store_tx *tx, const struct freeze *f, bool on, bool *ret_changed,
                         struct error *err) MUST_CHECK;
enum err store_tx_network_protect(struct store_tx *tx, const char *network_id, bool on, bool *ret_changed,
                                  struct error *err) MUST_CHECK; // the row exists
enum err store_tx_connection_protect(struct store_tx *tx, const char *id, bool on, bool *ret_changed,
                                     struct error *err) MUST_CHECK; // the row exists

// ---- routes: tables of networks, blocks of requesters, and what is wanted of the cloud
enum err store_network_tables(struct store_reader *r, const char *network_id, struct arena *a, struct slice **ret,
                              size_t *ret_n, struct error *err) MUST_CHECK;
enum err store_tx_network_tables(struct store_tx *tx, const struct network *n, const char *const *tables,
                                 unsigned table_count, struct error *err) MUST_CHECK; // replaces
enum err store_peer_cidrs(struct store_reader *r, const char *connection_id, struct arena *a, struct peer_cidr **ret,
                          size_t *ret_n, struct error *err) MUST_CHECK;
// Records a block; an approved one stays approved.
enum err store_tx_peer_cidr(struct store_tx *tx, const struct connection *c, struct slice cidr, bool approved,
                            struct wall now, struct error *err) MUST_CHECK;
enum err store_tx_peer_cidrs_forget(struct store_tx *tx, const char *connection_id, struct error *err) MUST_CHECK;
// The routes that shall be: of listed connections whose cloudStatus is active, from each table of the network to each
// approved block that the requester has now. Those that are there stay until the connection is deleting, has ended or
// has left the list, whatever other cloudStatus is said meanwhile. Makes the rows of one connection, or of a whole
// network (connection_id NULL), follow: wanted ones appear; others turn to removing if a call was ever made for them,
// else they go. *ret_n: rows touched.
enum err store_tx_routes_follow(struct store_tx *tx, const char *network_id, const char *connection_id, struct wall now,
                                uint64_t *ret_n, struct error *err) MUST_CHECK;
// Rows with something to do in networks that may be written; limits and *ret_next as for intents. A conflict is due
// only when it has a time to look again.
enum err store_routes_due(struct store_reader *r, struct wall now, size_t max, struct arena *a, struct peer_route **ret,
                          size_t *ret_n, struct wall *ret_next, struct error *err) MUST_CHECK;
enum err store_routes(struct store_reader *r, const char *network_id, const char *connection_id /* NULL = all */,
                      struct arena *a, struct peer_route **ret, size_t *ret_n, struct error *err) MUST_CHECK;
enum err store_route_get(struct store_reader *r, const struct peer_route *key, struct arena *a, struct peer_route *ret,
                         struct error *err) MUST_CHECK; // by group, connection, table, block; ERR_NOT_FOUND
enum err store_tx_route_update(struct store_tx *tx, const struct peer_route *row, struct error *err) MUST_CHECK;
enum err store_tx_route_delete(struct store_tx *tx, const struct peer_route *row, struct error *err) MUST_CHECK;
enum err store_tx_routes_forget(struct store_tx *tx, const char *network_id, uint64_t *ret_left,
                                struct error *err) MUST_CHECK; // all rows; *ret_left: routes of ours that stay in AWS

// ---- approvals: how many must ask for an action, and who has
enum err store_approval_rule(struct store_reader *r, const char *group_id, struct approval_rule *ret,
                             struct error *err) MUST_CHECK; // without a row: one is enough, protected is protected
enum err store_tx_approval_rule(struct store_tx *tx, const char *group_id, const struct approval_rule *rule,
                                struct error *err) MUST_CHECK;
enum err store_tx_approve(struct store_tx *tx, const struct action_approval *a,
                          struct error *err) MUST_CHECK; // replaces
// How many different callers have approved that action of that connection, for these blocks, after `given`.
enum err store_approvals(struct store_reader *r, const struct action_approval *like, unsigned *ret,
                         struct error *err) MUST_CHECK;
enum err store_tx_approvals_end(struct store_tx *tx, const char *group_id, const char *connection_id,
                                struct error *err) MUST_CHECK; // all of a connection

// ---- policy: rules, expected requests, and what is held
// *ret of a group that never had one: disabled, version 0, no rules.
enum err store_policy_get(struct store_reader *r, const char *group_id, struct arena *a, struct policy *ret,
                          struct error *err) MUST_CHECK;
enum err store_policy_any(struct store_reader *r, bool *ret, struct error *err) MUST_CHECK; // one is enabled somewhere
enum err store_tx_policy_put(struct store_tx *tx, const struct policy *p,
                             struct error *err) MUST_CHECK; // all but the rules; inserts or replaces
enum err store_tx_policy_rules(struct store_tx *tx, const struct policy *p,
                               struct error *err) MUST_CHECK; // replaces the list; ERR_EXISTS: a name twice
// open_at 0: all, used and past ones too; else those that were neither at that time. By id.
enum err store_expected(struct store_reader *r, const char *group_id, struct wall open_at, struct arena *a,
                        struct expected **ret, size_t *ret_n, struct error *err) MUST_CHECK;
// A page of them and how many there are.
enum err store_expected_page(struct store_reader *r, const char *group_id, struct wall open_at, struct page page,
                             struct arena *a, struct expected **ret, size_t *ret_n, uint64_t *ret_total,
                             struct error *err) MUST_CHECK;
enum err store_expected_get(struct store_reader *r, const char *group_id, const char *id, struct arena *a,
                            struct expected *ret, struct error *err) MUST_CHECK; // ERR_NOT_FOUND
enum err store_tx_expected_insert(struct store_tx *tx, const struct expected *e, struct error *err) MUST_CHECK;
enum err store_tx_expected_delete(struct store_tx *tx, const char *group_id, const char *id,
                                  struct error *err) MUST_CHECK; // ERR_NOT_FOUND
// Those that were used or ended before `before`.
enum err store_tx_expected_prune(struct store_tx *tx, const char *group_id, struct wall before,
                                 struct error *err) MUST_CHECK;
enum err store_tx_expected_use(struct store_tx *tx, const char *id, const char *name, struct wall now,
                               struct error *err) MUST_CHECK; // ERR_NOT_FOUND: used already, or gone
struct undecided {
    struct connection row;
    char network_group[OID_HEX + 1]; // another than the row's: it was handed over
    struct slice rule, reason;       // as last told; reason empty = never
};
// Listed rows with cloudStatus pending-acceptance and localStatus NONE for which nobody has asked or approved anything
// yet (what was cancelled is left to people), of a group or of a network (the other NULL), by id after `after` (""), at
// most `max`.
enum err store_undecided(struct store_reader *r, const char *group_id, const char *network_id, const char *after,
                         size_t max, struct arena *a, struct undecided **ret, size_t *ret_n,
                         struct error *err) MUST_CHECK;
// Listed connections of a network that were accepted and have not ended, or are being accepted.
enum err store_live_peers(struct store_reader *r, const char *network_id, struct arena *a, struct policy_peer **ret,
                          size_t *ret_n, struct error *err) MUST_CHECK;
enum err store_tx_policy_hold(struct store_tx *tx, const struct connection *c, struct slice rule, struct slice reason,
                              struct wall now, struct error *err) MUST_CHECK; // inserts or replaces
enum err store_tx_policy_hold_end(struct store_tx *tx, const char *connection_id, struct error *err) MUST_CHECK;
// The connection is shown and acted on in that group from now on; its network stays its own group's. It may have no
// intent, block or route yet.
enum err store_tx_connection_hand_over(struct store_tx *tx, const char *id, const char *group_id,
                                       struct error *err) MUST_CHECK;

// ---- finishing: what is set once on accepted connections, and what a network asks for
enum err store_network_options(struct store_reader *r, const char *network_id, struct arena *a,
                               struct network_options *ret, struct error *err) MUST_CHECK; // all zero when none are set
// How many peerings of the VPC count for AWS' quota, as last seen (active and provisioning, listed), and how many more
// are being accepted.
enum err store_network_peerings(struct store_reader *r, const char *network_id, uint32_t *ret_active,
                                uint32_t *ret_coming, struct error *err) MUST_CHECK;
enum err store_tx_network_options(struct store_tx *tx, const struct network *n, const struct network_options *o,
                                  struct error *err) MUST_CHECK; // replaces
enum err store_tx_finish_insert(struct store_tx *tx, const struct finish *f,
                                struct error *err) MUST_CHECK; // nothing when the row is there
// Rows that are due in networks that may be written; limits and *ret_next as for intents.
enum err store_finish_due(struct store_reader *r, struct wall now, size_t max, struct arena *a, struct finish **ret,
                          size_t *ret_n, struct wall *ret_next, struct error *err) MUST_CHECK;
enum err store_finish_get(struct store_reader *r, const struct finish *key, struct arena *a, struct finish *ret,
                          struct error *err) MUST_CHECK; // by group, connection, kind; ERR_NOT_FOUND
enum err store_tx_finish_update(struct store_tx *tx, const struct finish *f,
                                struct error *err) MUST_CHECK; // not_before and reason
enum err store_tx_finish_delete(struct store_tx *tx, const struct finish *f, struct error *err) MUST_CHECK;
enum err store_tx_finish_forget(struct store_tx *tx, const char *connection_id,
                                struct error *err) MUST_CHECK; // all of one connection
enum err store_tx_finish_drop(struct store_tx *tx, const char *network_id, enum finish_kind kind,
                              struct error *err) MUST_CHECK; // all of one kind in a network

// ---- events (audit), written in the transaction of the change
struct event_row {
    int64_t seq; // order of commit, from 1; a reader that has seen it sees no lower one appear. Ignored on writing
    char id[OID_HEX + 1];
    struct wall created;
    char org_id[OID_HEX + 1], group_id[OID_HEX + 1]; // "" = none
    char type[64];                                   // eventTypeName or PEERAGE_…
    enum principal_kind actor_kind;
    char actor[PRINCIPAL_NAME];
    char actor_id[OID_HEX + 1]; // of the actor's credential while it exists, else "". Ignored on writing
    char remote[IP_STR];        // "" = local
    struct slice resource;      // pcx-…, network id, public key …
    struct slice detail;        // JSON object, may be empty
};
enum err store_tx_event(struct store_tx *tx, const struct event_row *e, struct error *err) MUST_CHECK;
enum err store_events(struct store_reader *r, const char *group_id /* NULL = all */, struct page page, struct arena *a,
                      struct event_row **ret, size_t *ret_n, struct error *err) MUST_CHECK; // newest first
struct event_filter {
    const char *group_id;     // events of this group; or
    const char *org_id;       // of this organisation itself: those of no group, creation and end of its groups;
                              // both NULL: all
    struct slice resource;    // n 0 = any
    struct slice types;       // JSON array of strings; p NULL = any, "[]" = none
    struct slice not_types;   // JSON array of strings; p NULL = none is left out
    struct wall since, until; // both included, until by whole seconds; 0 = open
    bool oldest_first;
    bool uncounted; // *ret_total is 0
    struct page page;
};
enum err store_events_find(struct store_reader *r, const struct event_filter *f, struct arena *a,
                           struct event_row **ret, size_t *ret_n, uint64_t *ret_total, struct error *err) MUST_CHECK;
// One event of f->group_id or f->org_id, whose other fields are ignored. ERR_NOT_FOUND.
enum err store_event_get(struct store_reader *r, const struct event_filter *f, const char *id, struct arena *a,
                         struct event_row *ret, struct error *err) MUST_CHECK;
// At most max events after seq `after`, in order of commit. *ret_last: the highest seq there is.
enum err store_events_after(struct store_reader *r, int64_t after, size_t max, struct arena *a, struct event_row **ret,
                            size_t *ret_n, int64_t *ret_last, struct error *err) MUST_CHECK;
// Of one group only, without the highest seq.
enum err store_events_of_group(struct store_reader *r, const char *group_id, int64_t after, size_t max, struct arena *a,
                               struct event_row **ret, size_t *ret_n, struct error *err) MUST_CHECK;
// The highest seq there is, 0 = none.
enum err store_event_last(struct store_reader *r, int64_t *ret, struct error *err) MUST_CHECK;
// Whether a resource of that group has an event with after < seq <= until.
enum err store_event_between(struct store_reader *r, const char *group_id, int64_t after, int64_t until,
                             struct slice resource, bool *ret, struct error *err) MUST_CHECK;

// ---- webhooks and their outbox (docs/webhooks.md). Deliveries go with their hook.
// By id, with their secrets. org_id NULL = all.
enum err store_webhooks(struct store_reader *r, const char *org_id, struct arena *a, struct webhook **ret,
                        size_t *ret_n, struct error *err) MUST_CHECK;
enum err store_webhook_get(struct store_reader *r, const char *id, struct arena *a, struct webhook *ret,
                           struct error *err) MUST_CHECK; // ERR_NOT_FOUND
enum err store_tx_webhook_insert(struct store_tx *tx, const struct webhook *w,
                                 struct error *err) MUST_CHECK; // with its secrets
enum err store_tx_webhook_delete(struct store_tx *tx, const char *id, struct error *err) MUST_CHECK;
enum err store_tx_webhook_enable(struct store_tx *tx, const char *id, bool on, struct slice reason, bool *ret_changed,
                                 struct error *err) MUST_CHECK; // the row exists
// url, description and notices of the row of that id, which exists.
enum err store_tx_webhook_update(struct store_tx *tx, const struct webhook *w, struct error *err) MUST_CHECK;
// The current secret becomes the one before, until `until`; `s` becomes current.
enum err store_tx_webhook_rotate(struct store_tx *tx, const char *id, const struct webhook_secret *s, struct wall until,
                                 struct error *err) MUST_CHECK;

// One message to every enabled hook of the organisation that reaches d->group_id and subscribes to d->notice, or to
// only_webhook, enabled or not, whatever it subscribes to. Of d: id, org_id, group_id, notice, subject, created, body.
// A full outbox (store_options.outbox_max) loses a tenth of its rows first: the oldest delivered, then the oldest dead,
// then the oldest of all; *ret_dropped counts those of them that were neither delivered nor dead. *ret_n: rows made.
enum err store_tx_outbox_add(struct store_tx *tx, const struct delivery *d, const char *only_webhook, uint64_t *ret_n,
                             uint64_t *ret_dropped, struct error *err) MUST_CHECK;
// Whether store_tx_outbox_add would make a row (only_webhook NULL), so that no body is made for nobody.
enum err store_outbox_wanted(struct store_reader *r, const struct delivery *d, bool *ret, struct error *err) MUST_CHECK;
struct hook_due {
    char webhook_id[OID_HEX + 1];
    struct wall not_before; // of the delivery that is due first
};
// Enabled hooks that have a pending delivery.
enum err store_hooks_due(struct store_reader *r, struct arena *a, struct hook_due **ret, size_t *ret_n,
                         struct error *err) MUST_CHECK;
// The delivery of a hook that is due first, with its body, whenever it is due. ERR_NOT_FOUND: none is pending.
enum err store_outbox_first(struct store_reader *r, const char *webhook_id, struct arena *a, struct delivery *ret,
                            struct error *err) MUST_CHECK;
enum err store_outbox_get(struct store_reader *r, int64_t seq, struct arena *a, struct delivery *ret,
                          struct error *err) MUST_CHECK; // ERR_NOT_FOUND
struct delivery_filter {
    const char *webhook_id, *id; // NULL = any
    int state;                   // enum delivery_state, -1 = any
    struct page page;
};
enum err store_deliveries(struct store_reader *r, const struct delivery_filter *f, struct arena *a,
                          struct delivery **ret, size_t *ret_n,
                          struct error *err) MUST_CHECK; // newest first, without bodies
enum err store_deliveries_count(struct store_reader *r, const struct delivery_filter *f, uint64_t *ret,
                                struct error *err) MUST_CHECK; // on all pages
struct outbox_stats {
    uint64_t pending; // waiting ones too
    uint64_t dead;
    struct wall oldest; // queued, of the pending; 0 = none
};
enum err store_outbox_stats(struct store_reader *r, const char *webhook_id /* NULL = all */, struct outbox_stats *ret,
                            struct error *err) MUST_CHECK;
// What an attempt left, by seq: state, not_before, attempts, last_attempt, finished, status, reason. One that ends lets
// the next of its lane go, from d->last_attempt on. ERR_NOT_FOUND: no such pending row.
enum err store_tx_outbox_outcome(struct store_tx *tx, const struct delivery *d, struct error *err) MUST_CHECK;
// The endpoint answers again: what failed before is due now.
enum err store_tx_outbox_hurry(struct store_tx *tx, const char *webhook_id, struct wall now,
                               struct error *err) MUST_CHECK;
// Delivered and dead ones of a hook go again, as if new: the one of that id, or (id NULL) those of events since
// `since`.
enum err store_tx_outbox_replay(struct store_tx *tx, const char *webhook_id, const char *id, struct wall since,
                                struct wall now, uint64_t *ret_n, struct error *err) MUST_CHECK;
enum err store_tx_outbox_prune(struct store_tx *tx, struct wall before, uint64_t *ret_n,
                               struct error *err) MUST_CHECK; // delivered and dead ones that finished before
// Listed, pending requests that have come under a threshold (model/webhook.h) which was not told of them.
enum err store_expiring(struct store_reader *r, struct wall now, size_t max, struct arena *a, struct connection **ret,
                        size_t *ret_n, struct error *err) MUST_CHECK;
enum err store_tx_expiry_told(struct store_tx *tx, const char *connection_id, unsigned hours,
                              struct error *err) MUST_CHECK;

// ---- leases (scan units; several replicas come later, the rows are right already)
// Takes or renews `name` for owner until now + ms. ERR_BUSY while another owner's lease lives. *ret_epoch rises at each
// change of owner.
enum err store_tx_lease(struct store_tx *tx, const char *name, const char *owner, struct wall now, int64_t ms,
                        uint64_t *ret_epoch, struct error *err) MUST_CHECK;
enum err store_tx_lease_release(struct store_tx *tx, const char *name, const char *owner, struct error *err) MUST_CHECK;
// All leases lapse. Only an exclusive store can be written (its flock proves that no other process lives), so what a
// killed process left behind need not be waited for. The scanner calls it once, before its first lease.
enum err store_tx_lease_reset(struct store_tx *tx, struct error *err) MUST_CHECK;
