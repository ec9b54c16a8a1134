// SPDX-License-Identifier: Apache-2.0
// What the files of cred.h share. Called by: the files auth/cred*.c. Must never: be included elsewhere.
#pragma once

#include "auth/cred.h"
#include "auth/inside.h"

// One operation on its way through the writer.
struct cred_work {
    struct auth *a;
    struct cred_op *op;
    enum principal_kind kind;
    const char *name; // public key or client id
    const struct cred_form *form;
    bool join;
    struct wall now;
    struct credential target; // as it was before
    // of single operations
    const char *secret_id;
    struct new_secret *secret;
    const struct api_key_row *key;
    const struct service_account_row *account;
    const struct cidr *blocks;
    size_t n_blocks;
};

enum cred_event {
    CRED_CREATED,
    CRED_DELETED,
    CRED_DETAILS_CHANGED,
    CRED_ROLES_CHANGED,
    CRED_ADDED_TO_GROUP,
    CRED_REMOVED_FROM_GROUP,
    CRED_ACCESS_ADDED,
    CRED_ACCESS_DELETED,
    CRED_SECRET_ADDED,
    CRED_SECRET_DELETED,
    CRED_KEY_RESET,
    CRED_EVENT_COUNT_
};
enum err cred_event(struct store_tx *tx, const struct cred_work *w, enum cred_event type, const char *group_id,
                    struct slice detail, struct error *err) MUST_CHECK;
// Runs fn in a store_write; a refusal rolls back and is no error.
enum err cred_run(struct cred_work *w, store_fn fn, struct error *err) MUST_CHECK;
// For fn: gives up with this result.
enum err cred_refuse(struct cred_work *w, enum cred_result result, struct error *err);
enum err cred_refuse_field(struct cred_work *w, const char *field, struct error *err, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
// Reads w->target; as a project's resource it must be a member there, unless w->join.
enum err cred_find(struct store_tx *tx, struct cred_work *w, struct error *err) MUST_CHECK;
role_set cred_roles_on(const struct principal *p, const char *scope_id); // exactly there
bool cred_caller_has(const struct cred_work *w, enum need need);
// CRED_NOT_ALLOWED when a project's caller touches an account whose roles reach beyond the project.
enum err cred_check_reach(struct cred_work *w, struct error *err) MUST_CHECK;
// After the change: CRED_LAST_OWNER when w->target was an owner and nobody is left.
enum err cred_check_owner(struct store_tx *tx, struct cred_work *w, struct error *err) MUST_CHECK;
// Texts of the form that are given. ERR_CONFLICT: refused.
enum err cred_check_texts(struct cred_work *w, struct error *err) MUST_CHECK;
// Within what the organisation allows.
enum err cred_check_hours(struct store_tx *tx, struct cred_work *w, int64_t hours, struct error *err) MUST_CHECK;
// A new private key for k->row.public_key, sealed into the row.
enum err cred_make_private_key(struct auth *a, struct new_api_key *k, struct error *err) MUST_CHECK;
void cred_make_secret(struct auth *a, struct wall now, int64_t hours, struct new_secret *ret);
