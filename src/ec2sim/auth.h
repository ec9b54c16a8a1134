// SPDX-License-Identifier: Apache-2.0
// Who signs: access keys, roles and sessions of the simulator, and the check of a request's signature.
// Called by: server.c, inproc.c, sts.c, persist.c. Must never: use the simulated clock (signature dates and session
// expiry are real time, else no client could sign), log a secret, or compare one byte by byte.
#pragma once

#include "base/clock.h"
#include "base/rand.h"
#include "ec2sim/model.h"
#include "net/message.h"

#define AUTH_KEYS_MAX     4096
#define AUTH_ROLES_MAX    4096
#define AUTH_SESSIONS_MAX 4096
#define AUTH_SKEW_US      (300 * US_PER_SEC)

struct auth_key {
    char account[SIM_ACCOUNT_STR], id[129], secret[129];
};
struct auth_role {
    char arn[256], external_id[1225]; // external_id "" = none needed
    int64_t max_s;
};
struct auth_session {
    char account[SIM_ACCOUNT_STR], id[24], secret[44], token[132];
    char arn[320], user_id[128]; // of the assumed role
    struct wall expires;         // real time
};
struct auth {
    struct auth_key *keys;
    unsigned key_count;
    struct auth_role *roles;
    unsigned role_count;
    struct auth_session *sessions; // oldest first
    unsigned session_count;
    bool open_roles, web_identity;
    struct rng rng;
};
void auth_init(struct auth *a, const struct rng *rng);
void auth_done(struct auth *a);
bool auth_account_valid(struct slice account); // 12 digits
// ERR_INVALID, ERR_EXISTS (the key is there with other values), ERR_TOO_LARGE, ERR_NOMEM. The same again is ERR_OK.
enum err auth_key_add(struct auth *a, struct slice account, struct slice id, struct slice secret,
                      struct error *err) MUST_CHECK;
enum err auth_role_add(struct auth *a, struct slice arn, struct slice external_id, int64_t max_s,
                       struct error *err) MUST_CHECK;
enum err auth_session_add(struct auth *a, const struct auth_session *s, struct wall now, struct error *err) MUST_CHECK;
const struct auth_role *auth_role_find(const struct auth *a, struct slice arn);
// arn:PARTITION:iam::ACCOUNT:role/[PATH/]NAME
bool auth_role_parse(struct slice arn, struct slice *ret_partition, struct slice *ret_account, struct slice *ret_name);

struct auth_caller {
    struct sim_caller at; // account, and Region of the credential scope
    bool sts;             // service of the scope: sts or ec2
    bool is_session;      // of an assumed role: chaining rules hold
    char arn[320], user_id[128], id[129];
};
// Who an account id (its root user) or an access key id (registered, or of a session) is, without a signature. For
// calls that cross no network. ret->at.region and ret->sts are the caller's to set before.
bool auth_resolve(const struct auth *a, struct slice who, struct wall now, struct auth_caller *ret,
                  struct ec2_error *e) MUST_CHECK;
// Judges the Authorization header. A request without one: MissingAuthenticationToken. `now` is the real clock.
// *ret_sts is set whenever it can be told, also on failure, so that the error takes the right envelope.
bool sim_auth_check(const struct auth *a, const struct request *r, struct wall now, struct auth_caller *ret,
                    bool *ret_sts, struct ec2_error *e) MUST_CHECK;
