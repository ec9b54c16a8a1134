// SPDX-License-Identifier: Apache-2.0
// Changing credentials: API keys, service accounts, their secrets, roles and access lists, as an organisation's
// resource or as a project's. Each operation is one transaction with its audit events.
// Called by: api (for callers), cli, app and auth/credentials.c (for the operator). Must never: leave an organisation
// without an owner for a caller's sake, let a caller give or touch more than the caller may, or keep a secret.
//
// Sources: facts §3.3, §3.4, §9.2, §9.3; OpenAPI schemas ApiKeyUserDetails, OrgServiceAccountRequest and their kin; the
// rule for accounts that reach beyond a project is MongoDB's "Rotate Service Account Secrets".
#pragma once

#include "auth/auth.h"

enum cred_result {
    CRED_DONE,
    CRED_BAD_FIELD,     // op->field is wrong, op->why says how
    CRED_NO_CREDENTIAL, // not in this organisation, or not in this project
    CRED_NO_SECRET,
    CRED_NO_ENTRY,
    CRED_NO_ROLES,     // an empty list of roles, or none on the project
    CRED_GROUP_ROLE,   // a project's role for an organisation's resource
    CRED_ORG_ROLE,     // and the reverse
    CRED_NOT_ALLOWED,  // the caller's own roles do not reach so far
    CRED_LAST_OWNER,   // the organisation would be left without an owner
    CRED_SECRETS_FULL, // two secrets already, expired ones counted
    CRED_LIST_FULL,
    CRED_ENTRY_EXISTS, // op->why is the block
    CRED_OWN_ADDRESS,  // the entry that lets this very request in; op->why is the address
};

struct cred_op {
    const struct actor *by;
    const struct principal *caller; // NULL: the operator on this host, who may do everything
    const char *org_id;             // NULL: the credential's own (operator only)
    const char *group_id;           // NULL: as the organisation's resource; else as this project's
    struct ip peer;                 // whence the caller asks; family 0 = from this host
    struct arena *arena;            // of the results
    struct store_tx *tx; // NULL: a transaction of its own; else this one, which a refusal (ERR_CONFLICT) ends
    // out: with ERR_OK. Unless CRED_DONE nothing was changed.
    enum cred_result result;
    const char *field;
    char why[160];
};

// For the operator: a refusal as an error that says what to do. name: the credential's. ERR_OK: there was none.
enum err cred_error(const struct cred_op *op, const char *name, struct error *err) MUST_CHECK;

#define CRED_DESCRIPTION_CHARS 250
#define CRED_NAME_CHARS        64
#define CRED_SECRETS           2
#define CRED_SECRET_HOURS_MIN  8
#define CRED_SECRET_HOURS_MAX  8760
#define CRED_ACCESS_MAX        200 // entries of one list

struct cred_form {                  // what shall be
    struct slice name, description; // p NULL: not given; name: of accounts only
    bool roles;                     // the two below are given
    role_set org_roles, group_roles;
    int64_t secret_hours; // of the first secret of an account
};
// Role names as a form's roles, judged for op's scope: organisation roles as an organisation's resource; project roles
// as a project's, and for keys organisation roles too (the `atlas` CLI and Terraform send them together). Duplicates
// are one, and GLOBAL_OWNER is no role but to the local administrator, for keys. False: op->result says why.
bool cred_read_roles(struct cred_op *op, enum principal_kind kind, const struct slice *names, size_t n,
                     struct cred_form *f) MUST_CHECK;

// Errors of all: those of store_write. ret is untouched unless CRED_DONE.
// Without organisation roles the credential becomes an ORG_MEMBER. ret->row borrows from f.
enum err cred_key_create(struct auth *a, struct cred_op *op, const struct cred_form *f, struct new_api_key *ret,
                         struct error *err) MUST_CHECK;
enum err cred_account_create(struct auth *a, struct cred_op *op, const struct cred_form *f, struct new_account *ret,
                             struct error *err) MUST_CHECK;
// `name`: public key or client id, as in all below. Changes what the form gives; as a project's resource the roles are
// those on the project, and `join` makes a credential of the organisation a member that was none. *ret: as it is now.
enum err cred_change(struct auth *a, struct cred_op *op, enum principal_kind kind, const char *name,
                     const struct cred_form *f, bool join, struct credential *ret, struct error *err) MUST_CHECK;
// Deletes it with all that hangs on it; as a project's resource: takes its roles there, it stays in the organisation.
enum err cred_remove(struct auth *a, struct cred_op *op, enum principal_kind kind, const char *name,
                     struct error *err) MUST_CHECK;

struct new_secret {
    struct sa_secret_row row;
    char client_secret[56]; // mdb_sa_sk_ + 40 base64url; to be wiped by the caller
};
#define CRED_SECRET_OVERLAP_HOURS (7 * 24)
// An older secret then expires CRED_SECRET_OVERLAP_HOURS from now at the latest.
enum err cred_secret_create(struct auth *a, struct cred_op *op, const char *client_id, int64_t hours,
                            struct new_secret *ret, struct error *err) MUST_CHECK;
// The tokens that it minted go with it.
enum err cred_secret_delete(struct auth *a, struct cred_op *op, const char *client_id, const char *secret_id,
                            struct error *err) MUST_CHECK;

// All of them or none.
enum err cred_access_add(struct auth *a, struct cred_op *op, enum principal_kind kind, const char *name,
                         const struct cidr *blocks, size_t n, struct error *err) MUST_CHECK;
enum err cred_access_remove(struct auth *a, struct cred_op *op, enum principal_kind kind, const char *name,
                            struct cidr block, struct error *err) MUST_CHECK;
