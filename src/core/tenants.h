// SPDX-License-Identifier: Apache-2.0
// Organisations and groups: making, changing and ending them. Called by: api, app, cli. Must never: leave a change
// without its event, or end a group that still has a network, or an organisation that still has a group.
//
// Each operation is one transaction. Errors of every write: those of store_write; names: core/core.h.
#pragma once

#include "core/core.h"

// ---- groups
struct group_new {
    const char *org_id;
    struct slice name;
    struct slice tags; // model/tenant.h; checked by the caller
    flag_set flags;
    // Becomes GROUP_OWNER of the new group, unless it is an owner of the organisation, who has no need of it, or a
    // person, whose roles come with groups of the provider. May be NULL.
    const struct principal *creator;
};
// ret->tags is q->tags. ERR_NOT_FOUND: no such organisation; ERR_INVALID, ERR_EXISTS: the name.
enum err core_group_make(struct core *c, const struct actor *by, const struct group_new *q, struct group *ret,
                         struct error *err) MUST_CHECK;

struct group_edit {
    struct slice name;   // p NULL: stays
    struct slice tags;   // p NULL: stays; replaces all
    flag_set change, on; // the flags of `change` become what `on` says
};
// *ret is the row afterwards, its tags in `a`. What is the same already is no change and no event. ERR_NOT_FOUND,
// ERR_INVALID, ERR_EXISTS.
enum err core_group_edit(struct core *c, const struct actor *by, const char *group_id, const struct group_edit *q,
                         struct arena *a, struct group *ret, struct error *err) MUST_CHECK;

// ERR_CONFLICT: it has networks; *ret_use tells which kind of use. Its events, former connections and the keys with
// roles on it stay; the roles go.
enum err core_group_delete(struct core *c, const struct actor *by, const char *group_id, struct group_use *ret_use,
                           struct error *err) MUST_CHECK;

// ---- organisations
// Runs inside the transaction, after the row and its event: what must be there together with the organisation or not
// at all (its first credential). Its error undoes all.
typedef enum err (*org_also)(struct store_tx *tx, const struct org *org, void *ctx, struct error *err);
struct org_new {
    struct slice name;
    flag_set flags;
    uint64_t most; // refused when so many are there already; 0 = no bound
    org_also also; // NULL = nothing
    void *ctx;
};
// ERR_INVALID, ERR_EXISTS: the name. ERR_TOO_LARGE: q->most.
enum err core_org_make(struct core *c, const struct actor *by, const struct org_new *q, struct org *ret,
                       struct error *err) MUST_CHECK;

struct org_edit {
    struct slice name;                      // p NULL: stays, as below
    flag_set change, on;                    // the flags of `change` become what `on` says
    bool set_access, access;                // apiAccessListRequired
    bool set_hours, set_idle, set_absolute; // the numbers below; 0 = not set
    uint32_t secret_hours, session_idle_s, session_absolute_s;
    struct slice operations_contact, security_contact; // empty: none
};
// As core_group_edit. ERR_TOO_LARGE: a contact.
enum err core_org_edit(struct core *c, const struct actor *by, const char *org_id, const struct org_edit *q,
                       struct org *ret, struct error *err) MUST_CHECK;

// ERR_CONFLICT: it has groups. Its keys and service accounts go with it, the caller's own too; its events stay.
enum err core_org_delete(struct core *c, const struct actor *by, const char *org_id, struct error *err) MUST_CHECK;
