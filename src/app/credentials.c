// SPDX-License-Identifier: Apache-2.0
// Commands on credentials as operations of auth/cred.h, by the operator. Called by: cli.
// Must never: take a key for an account, or the reverse.
#include "app/credentials.h"

#include "auth/cred.h"

enum err credential_find(struct services *sv, const char *name, struct arena *a, struct credential *ret,
                         struct error *err)
{
    if (store_api_key_find(sv->reader, slice_of(name), a, ret, err) == ERR_OK) return ERR_OK;
    if (err->code != ERR_NOT_FOUND) return err->code;
    if (store_account_find(sv->reader, slice_of(name), a, ret, err) == ERR_OK) return ERR_OK;
    if (err->code != ERR_NOT_FOUND) return err->code;
    return error_set(err, ERR_NOT_FOUND,
                     "there is no API key or service account \"%.60s\"; `peerage key list` and "
                     "`peerage service-account list` show them",
                     name);
}

static enum err apply(struct services *sv, enum credential_change what, const struct credential *found,
                      struct cidr block, struct cred_op *op, struct error *err)
{
    const char *name = found->principal.name;
    switch (what) {
    case CREDENTIAL_KEY_DELETE:
        return cred_remove(sv->auth, op, PRINCIPAL_API_KEY, name, err);
    case CREDENTIAL_ACCOUNT_DELETE:
        return cred_remove(sv->auth, op, PRINCIPAL_SERVICE_ACCOUNT, name, err);
    case CREDENTIAL_ACCESS_ADD:
        return cred_access_add(sv->auth, op, found->kind, name, &block, 1, err);
    case CREDENTIAL_ACCESS_REMOVE:
        return cred_access_remove(sv->auth, op, found->kind, name, block, err);
    }
    ASSERT(!"there are no other changes");
}

enum err credential_change(struct services *sv, enum credential_change what, const char *name, struct cidr block,
                           struct error *err)
{
    struct credential found;
    struct arena *a CLEANUP(arena_freep) = arena_new(1 << 20);
    const struct actor by = {.kind = PRINCIPAL_LOCAL, .name = sv->actor};
    struct cred_op op = {.by = &by, .arena = a};
    if (!a) return error_set(err, ERR_NOMEM, "no memory for the credential");
    enum err rc = credential_find(sv, name, a, &found, err);
    if (rc == ERR_OK) rc = apply(sv, what, &found, block, &op, err);
    return rc == ERR_OK ? cred_error(&op, name, err) : rc;
}
