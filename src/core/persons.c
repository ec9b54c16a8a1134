// SPDX-License-Identifier: Apache-2.0
// What groups of the OpenID Connect provider may do. Called by: cli, app (admin socket).
// Must never: grant a role outside the kind of scope that it is for.
#include <stdio.h>

#include "base/encode.h"
#include "core/inside.h"

#define CLAIM_GROUP_MAX 255

struct person_op {
    const struct core *core;
    const struct actor *by;
    const char *org_id;
    struct slice claim_group;
    const struct grant *grant;
};

static bool is_plain(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f) return false;
    return utf8_valid(s);
}

// *ret_group: the group's id, or "" for the organisation itself.
static enum err check_scope(struct store_tx *tx, const struct person_op *op, const char **ret_group, struct error *err)
{
    struct org org;
    struct group group;
    const char *scope = op->grant->scope_id;
    bool whole = strcmp(scope, op->org_id) == 0;
    enum err code = store_org_get(store_tx_reader(tx), op->org_id, &org, err);
    if (code == ERR_OK && !whole) code = store_group_get(store_tx_reader(tx), scope, &group, err);
    if (code != ERR_OK) return code;
    if (!whole && strcmp(group.org_id, op->org_id) != 0)
        return error_set(err, ERR_NOT_FOUND, "there is no project %s in organisation %s", scope, op->org_id);
    for (unsigned i = 0; i < ROLE_COUNT_; i++)
        if (op->grant->roles & (role_set)1 << i && role_is_org((enum role)i) != whole)
            return error_set(err, ERR_INVALID, "%s is a role %s", role_name((enum role)i),
                             whole ? "in a project, not in an organisation" : "in an organisation, not in a project");
    *ret_group = whole ? "" : scope;
    return ERR_OK;
}

static void detail_of(const struct person_op *op, struct buf *out)
{
    struct json_writer w;
    json_begin(&w, out, false);
    json_obj(&w);
    json_key(&w, "roles");
    json_arr(&w);
    for (unsigned i = 0; i < ROLE_COUNT_; i++)
        if (op->grant->roles & (role_set)1 << i) json_cstr(&w, role_name((enum role)i));
    json_arr_end(&w);
    json_kstr(&w, "scopeId", op->grant->scope_id);
    json_obj_end(&w);
}

static enum err grant(struct store_tx *tx, void *ctx, struct error *err)
{
    const struct person_op *op = ctx;
    const char *group_id = "";
    struct audit audit;
    struct buf detail;
    enum err code = check_scope(tx, op, &group_id, err);
    if (code == ERR_OK) code = store_tx_person_grant(tx, op->org_id, op->claim_group, op->grant, err);
    if (code != ERR_OK) return code;
    audit_begin(&audit, op->core->rng, clock_wall(op->core->clock), op->by);
    memcpy(audit.org_id, op->org_id, sizeof(audit.org_id));
    snprintf(audit.group_id, sizeof(audit.group_id), "%s", group_id);
    buf_init(&detail, 4096);
    detail_of(op, &detail);
    code = detail.fail == BUF_OK
               ? audit_write(tx, &audit, AUDIT_PERSON_GRANT_CHANGED, op->claim_group, buf_view(&detail), err)
               : core_nomem(err);
    buf_done(&detail);
    return code;
}

enum err core_person_grant(struct core *c, const struct actor *by, const char *org_id, struct slice claim_group,
                           const struct grant *g, struct error *err)
{
    struct person_op op = {c, by, org_id, claim_group, g};
    if (claim_group.n == 0 || claim_group.n > CLAIM_GROUP_MAX || !is_plain(claim_group))
        return error_set(err, ERR_INVALID, "the name of a group must be 1 to %d bytes of text", CLAIM_GROUP_MAX);
    return store_write(c->store, grant, &op, err);
}
