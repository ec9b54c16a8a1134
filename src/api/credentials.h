// SPDX-License-Identifier: Apache-2.0
// What the resources of API keys, service accounts and access lists share. Called by: the files of api that serve them.
// Must never: be included elsewhere.
#pragma once

#include "api/api.h"
#include "auth/cred.h"

struct json_writer;

// One operation for this call: as the organisation's resource on a route with orgId, as the project's on one with
// groupId.
struct cred_call {
    struct cred_op op;
    enum principal_kind kind;
    const char *name; // public key or client id, once it is known
    const char *id;   // as the client names it: the key's id, or the client id
    struct actor by;
    char remote[IP_STR];
};
void creds_begin(struct call *c, enum principal_kind kind, struct cred_call *ret);
const char *creds_org(const struct call *c);
// The organisation's roles, the project's: which the resource shows.
const char *creds_scope(const struct call *c);
// The credential that the path names, in this organisation, and with a role on this project unless `join`. Fills name
// and id. False: answered (400 malformed, 404).
bool creds_find(struct call *c, struct cred_call *cc, bool join, struct credential *ret) MUST_CHECK;
// What became of an operation. False: answered.
bool creds_done(struct call *c, const struct cred_call *cc, enum err code, const struct error *err) MUST_CHECK;
// Roles of a body into a form. False: answered.
bool creds_roles(struct call *c, struct cred_call *cc, const struct body_texts *roles, struct cred_form *f) MUST_CHECK;
// What a credential that was made from f has, without asking the store again.
void creds_grants(const struct cred_call *cc, const struct cred_form *f, struct grant grants[2], struct principal *ret);
// includeCount: *ret_total 0 when it is false, as recorded. False: answered.
bool creds_include_count(struct call *c, bool *ret) MUST_CHECK;
// The members of a key or an account, without the braces. A secret is shown when it is given: in the answer that made
// it.
void creds_add_key(struct call *c, struct json_writer *w, const struct api_key_row *k, const struct principal *p,
                   const char *private_key);
struct account_view {
    const struct service_account_row *row;
    const struct sa_secret_row *secrets;
    unsigned n_secrets;
    const char *secret; // in clear, of a new account's only one
    role_set roles;
};
void creds_add_account(struct json_writer *w, const struct account_view *v);
void creds_add_role_names(struct json_writer *w, const char *key, role_set roles);
