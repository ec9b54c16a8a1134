// SPDX-License-Identifier: Apache-2.0
// What commands do to credentials beside making them: finding, deleting, keeping access lists. auth/cred.h does the
// work. Called by: cli. Must never: see a secret.
#pragma once

#include "app/services.h"

enum credential_change {
    CREDENTIAL_KEY_DELETE,
    CREDENTIAL_ACCOUNT_DELETE,
    CREDENTIAL_ACCESS_ADD,
    CREDENTIAL_ACCESS_REMOVE
};
// name: a public key or a client id. block: for the two of the access list, else ignored. ERR_NOT_FOUND: no such
// credential, or no such entry; ERR_EXISTS.
enum err credential_change(struct services *sv, enum credential_change what, const char *name, struct cidr block,
                           struct error *err) MUST_CHECK;
// The credential of that name, of either kind. ERR_NOT_FOUND.
enum err credential_find(struct services *sv, const char *name, struct arena *a, struct credential *ret,
                         struct error *err) MUST_CHECK;
