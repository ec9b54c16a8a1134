// SPDX-License-Identifier: Apache-2.0
// What the files of cloud/ share: the object, its pool of HTTP handles, credentials, and the one way to call a service.
// Called by: src/cloud and its tests only. Must never: be included from another folder.
#pragma once

#include "base/lock.h"
#include "cloud/ec2_parse.h"
#include "cloud/endpoint.h"
#include "cloud/retry.h"
#include "net/httpc.h"

#define CLOUD_HANDLES    16   // HTTP handles, and so calls at once
#define CLOUD_IDENTITIES 4096 // remembered credentials
#define EC2_VERSION      "2016-11-15"
#define STS_VERSION      "2011-06-15"

// ---- credentials --------------------------------------------------------------------------
struct creds {
    char id[ACCESS_KEY_ID_MAX + 1], secret[SECRET_KEY_MAX + 1];
    char *token;         // heap; NULL = long-term credentials
    struct wall expires; // 0 = never
};
void creds_wipe(struct creds *c);
// Copies checked values; ERR_INVALID says what is wrong, *ret is then empty.
enum err creds_set(struct creds *ret, const struct raw_creds *raw, struct error *err) MUST_CHECK;
enum err creds_copy(struct creds *to, const struct creds *from, struct error *err) MUST_CHECK;
bool creds_same(const struct creds *a, const struct creds *b);

#define IDENTITY_KEY 1600
struct identity { // all shared, under cloud.lock
    char key[IDENTITY_KEY];
    struct creds cur; // id "" = none
    struct endpoint_overrides overrides;
    uint64_t generation;      // rises with each new cur
    bool refreshing;          // one caller is at it
    struct mono next_refresh; // not before
    struct mono held_until;   // answers `failure` until then
    struct cloud_failure failure;
    unsigned refusals; // in a row
    char account[ACCOUNT_ID], arn[256];
    uint64_t proved; // generation that account and arn belong to
};
// One caller's copy of an identity's credentials.
struct held {
    struct identity *identity; // never freed before the cloud
    struct creds creds;
    uint64_t generation;
    struct endpoint_overrides overrides;
    char account[ACCOUNT_ID]; // "" while unknown
};
void held_done(struct held *h);

struct cloud {
    struct cloud_options opt; // immutable; strings in `strings`
    struct arena *strings;
    void (*sleep)(struct cloud *c, int64_t ns); // until ns passed or the cloud is cancelled; tests replace it
    _Atomic bool cancelled;
    _Atomic int64_t skew_us; // server's clock minus ours, of the last reply
    _Atomic int64_t sign_us; // what is added to our clock when signing
    struct lock lock;        // guards what follows
    struct cond wake;        // a handle came back, a refresh ended, or cancel
    struct httpc *handles[CLOUD_HANDLES];
    bool busy[CLOUD_HANDLES];
    struct retry_budget budget;
    struct pace_table pace;
    struct away_table away;
    struct map *identities;
    struct identity *identity_list[CLOUD_IDENTITIES];
    unsigned identity_count;
};

// ---- failures -----------------------------------------------------------------------------
// Fills f; message and class in one go. The text must be the same for the same cause (core keeps it).
enum cloud_class cloud_fail(struct cloud_failure *f, enum cloud_class class, const char *fmt, ...) PRINTF_LIKE(3, 4);

// ---- cloud.c
// ERR_TIMEOUT when all handles stay busy, ERR_UNAVAILABLE when cancelled.
enum err cloud_http_take(struct cloud *c, struct httpc **ret, struct error *err) MUST_CHECK;
void cloud_http_give(struct cloud *c, struct httpc *h);

// ---- ec2_call.c
struct aws_call {
    const char *service; // "ec2", "sts"
    const char *action, *version;
    struct slice params; // "&Name=value…", encoded: see param_add
    bool changes;        // never sent again unless the server said that it did nothing
};
void param_add(struct buf *params, const char *name, struct slice value);
// With given credentials (NULL = unsigned). account: the pace's key, "" = unknown. Retries. a is reset by each attempt;
// *ret_root lives in it.
enum cloud_class aws_call_with(struct cloud *c, const struct aws_call *q, const char *region,
                               const struct endpoint_overrides *o, const struct creds *creds, const char *account,
                               struct arena *a, const struct xml_node **ret_root, struct cloud_failure *f) MUST_CHECK;
// As a target: credentials are fetched, and refreshed once when refused. *ret_generation (may be NULL): of those used.
enum cloud_class aws_call_as(struct cloud *c, const struct aws_call *q, const struct cloud_target *t, struct arena *a,
                             const struct xml_node **ret_root, uint64_t *ret_generation,
                             struct cloud_failure *f) MUST_CHECK;

// ---- creds.c
enum cloud_class creds_get(struct cloud *c, const struct cloud_target *t, struct held *ret,
                           struct cloud_failure *f) MUST_CHECK;
// AWS refused them: forget them, so that the next creds_get fetches anew.
void creds_invalidate(struct cloud *c, const struct held *h);
// Refused again: nobody asks AWS with this identity for a while (1 min, then 2, then 4).
void creds_refused(struct cloud *c, const struct held *h, const struct cloud_failure *f);
void creds_accepted(struct cloud *c, const struct held *h);

// ---- providers. Each fills *ret or says why not; all read files and networks bounded.
struct profile {
    bool found; // in either file
    const char *access_key_id, *secret, *token;
    const char *role_arn, *source_profile, *credential_source, *external_id, *role_session_name, *duration_seconds;
    const char *web_identity_token_file, *mfa_serial;
    const char *unsupported; // "sso" or "credential_process", and nothing else that gives keys
    const char *services;
    struct endpoint_overrides overrides;
};
enum err profile_load(const struct cloud_env *env, const char *name, struct arena *a, struct profile *ret,
                      struct error *err) MUST_CHECK;
struct fetched {
    struct creds creds;
    struct endpoint_overrides overrides;
};
enum cloud_class chain_ambient(struct cloud *c, const char *region, struct fetched *ret,
                               struct cloud_failure *f) MUST_CHECK;
enum cloud_class chain_profile(struct cloud *c, const char *name, const char *region, struct fetched *ret,
                               struct cloud_failure *f) MUST_CHECK;
enum cloud_class metadata_container(struct cloud *c, struct creds *ret, struct cloud_failure *f) MUST_CHECK;
enum cloud_class metadata_instance(struct cloud *c, struct creds *ret, struct cloud_failure *f) MUST_CHECK;

// ---- sts.c
struct assume {
    const char *role_arn, *external_id, *session_name, *duration_seconds; // all but role_arn may be NULL or ""
};
enum cloud_class sts_assume_as(struct cloud *c, const struct cloud_target *as, const struct assume *q,
                               struct creds *ret, struct cloud_failure *f) MUST_CHECK;
enum cloud_class sts_assume_with(struct cloud *c, const struct creds *base, const struct endpoint_overrides *o,
                                 const char *region, const struct assume *q, struct creds *ret,
                                 struct cloud_failure *f) MUST_CHECK;
enum cloud_class sts_web_identity(struct cloud *c, const struct endpoint_overrides *o, const char *region,
                                  const struct assume *q, const char *token_file, struct creds *ret,
                                  struct cloud_failure *f) MUST_CHECK;
