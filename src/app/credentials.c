// SPDX-License-Identifier: Apache-2.0
// Deletes credentials and edits their access lists, with audit events. Called by: cli.
// Must never: change a row without its event.
#include "app/credentials.h"

#include <stdio.h>

#include "base/id.h"

struct change_job {
    enum credential_change what;
    const char *name;
    struct cidr block;
    struct event_row event;
};

static enum err apply(struct store_tx *tx, void *ctx, struct error *err)
{
    struct change_job *j = ctx;
    enum err rc;
    switch (j->what) {
    case CREDENTIAL_KEY_DELETE:
        rc = store_tx_api_key_delete(tx, j->name, err);
        break;
    case CREDENTIAL_ACCOUNT_DELETE:
        rc = store_tx_account_delete(tx, j->name, err);
        break;
    case CREDENTIAL_ACCESS_ADD:
        rc = store_tx_access_add(tx, j->name, j->block, j->event.created, err);
        break;
    default:
        rc = store_tx_access_remove(tx, j->name, j->block, err);
    }
    return rc == ERR_OK ? store_tx_event(tx, &j->event, err) : rc;
}

static const char *event_type(enum credential_change what, enum principal_kind kind)
{
    bool key = kind == PRINCIPAL_API_KEY;
    switch (what) {
    case CREDENTIAL_KEY_DELETE:
        return "API_KEY_DELETED";
    case CREDENTIAL_ACCOUNT_DELETE:
        return "SERVICE_ACCOUNT_DELETED";
    case CREDENTIAL_ACCESS_ADD:
        return key ? "API_KEY_ACCESS_LIST_ENTRY_ADDED" : "SERVICE_ACCOUNT_ACCESS_LIST_ENTRY_ADDED";
    default:
        return key ? "API_KEY_ACCESS_LIST_ENTRY_DELETED" : "SERVICE_ACCOUNT_ACCESS_LIST_ENTRY_DELETED";
    }
}

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

enum err credential_change(struct services *sv, enum credential_change what, const char *name, struct cidr block,
                           struct error *err)
{
    struct credential found;
    struct arena *a = arena_new(1 << 20);
    if (!a) return error_set(err, ERR_NOMEM, "no memory for the credential");
    enum err rc = credential_find(sv, name, a, &found, err);
    if (rc == ERR_OK) {
        char text[CIDR_STR];
        bool list = what == CREDENTIAL_ACCESS_ADD || what == CREDENTIAL_ACCESS_REMOVE;
        struct change_job j = {.what = what, .name = name, .block = block};
        j.event.created = clock_wall(sv->clock);
        oid_hex(oid_new(sv->rng, j.event.created), j.event.id);
        j.event.actor_kind = PRINCIPAL_LOCAL;
        j.event.resource = slice_of(name);
        if (list) {
            cidr_format(block, text);
            const char *detail = arena_fmt(a, "{\"cidrBlock\":\"%s\"}", text);
            j.event.detail = slice_of(detail);
        }
        if (!cstr_set(j.event.org_id, sizeof j.event.org_id, found.principal.org_id) ||
            !cstr_set(j.event.type, sizeof j.event.type, event_type(what, found.kind)) ||
            !cstr_set(j.event.actor, sizeof j.event.actor, sv->actor))
            rc = error_set(err, ERR_INTERNAL, "an audit event does not fit its row");
        else
            rc = store_write(sv->store, apply, &j, err);
    }
    arena_free(a);
    return rc;
}
