// SPDX-License-Identifier: Apache-2.0
// Freezing writes to the cloud, and releasing what a restore has held. Called by: cli, app (admin socket).
// Must never: drop an intent, or thaw more than was asked.
#include <stdio.h>

#include "core/inside.h"

struct freeze_op {
    const struct core *core;
    const struct actor *by;
    enum freeze_scope scope;
    const char *id;
    bool on, changed;
    struct slice why;
    struct freeze row;
    struct audit audit;
};

// Fills the row's key and the audit's organisation and group.
static enum err resolve(struct store_tx *tx, struct freeze_op *op, struct error *err)
{
    if (op->scope == FREEZE_ALL) {
        audit_begin(&op->audit, op->core->rng, clock_wall(op->core->clock), op->by);
        return ERR_OK;
    }
    char group_id[OID_HEX + 1] = "";
    if (op->scope == FREEZE_NETWORK) {
        struct arena *a CLEANUP(arena_freep) = arena_new(64 * 1024);
        struct network n;
        if (!a) return core_nomem(err);
        enum err code = store_network_get(store_tx_reader(tx), op->id, a, &n, err);
        if (code != ERR_OK) return code;
        memcpy(group_id, n.group_id, sizeof(group_id));
        memcpy(op->row.network_id, n.id, sizeof(op->row.network_id));
    } else if (!cstr_set(group_id, sizeof(group_id), op->id)) {
        return error_set(err, ERR_NOT_FOUND, "there is no group %s", op->id);
    }
    memcpy(op->row.group_id, group_id, sizeof(group_id));
    return core_audit_group(tx, op->core, op->by, group_id, &op->audit, err);
}

static enum err write_event(struct store_tx *tx, const struct freeze_op *op, struct error *err)
{
    struct buf detail;
    struct json_writer w;
    buf_init(&detail, 8192);
    json_begin(&w, &detail, false);
    json_obj(&w);
    json_kstr(&w, "scope", op->row.network_id[0] ? "network" : op->row.group_id[0] ? "group" : "all");
    if (op->why.n) json_kslice(&w, "why", op->why);
    json_obj_end(&w);
    const char *resource = op->row.network_id[0] ? op->row.network_id : op->row.group_id;
    enum err code = detail.fail == BUF_OK ? audit_write(tx, &op->audit, op->on ? AUDIT_FROZEN : AUDIT_THAWED,
                                                        slice_of(resource), buf_view(&detail), err)
                                          : core_nomem(err);
    buf_done(&detail);
    return code;
}

static enum err freeze(struct store_tx *tx, void *ctx, struct error *err)
{
    struct freeze_op *op = ctx;
    op->row = (struct freeze){.why = op->why};
    enum err code = resolve(tx, op, err);
    if (code != ERR_OK) return code;
    op->row.since = op->audit.now;
    if (!cstr_set(op->row.actor, sizeof(op->row.actor), op->audit.by.name))
        return error_set(err, ERR_INVALID, "the name of the caller is too long for the audit log");
    code = store_tx_freeze(tx, &op->row, op->on, &op->changed, err);
    return code == ERR_OK && op->changed ? write_event(tx, op, err) : code;
}

enum err core_freeze(struct core *c, const struct actor *by, enum freeze_scope s, const char *id, bool on,
                     struct slice why, struct error *err)
{
    ASSERT(s == FREEZE_ALL || id);
    struct freeze_op op = {.core = c, .by = by, .scope = s, .id = id, .on = on, .why = core_clip(why)};
    enum err code = store_write(c->store, freeze, &op, err);
    if (code == ERR_OK && op.changed) core_tell(c, CORE_INTENTS_CHANGED, op.row.group_id, op.row.network_id);
    return code;
}

// ---- release ----------------------------------------------------------------------------------------------

struct release {
    const struct core *core;
    const struct actor *by;
    const char *group_id;
    uint64_t n;
};

static enum err release(struct store_tx *tx, void *ctx, struct error *err)
{
    struct release *op = ctx;
    struct audit audit;
    char detail[64];
    audit_begin(&audit, op->core->rng, clock_wall(op->core->clock), op->by);
    enum err code = op->group_id ? core_audit_group(tx, op->core, op->by, op->group_id, &audit, err) : ERR_OK;
    if (code == ERR_OK) code = store_tx_intents_release(tx, op->group_id, &op->n, err);
    if (code != ERR_OK || op->n == 0) return code;
    (void)snprintf(detail, sizeof(detail), "{\"intents\":%llu}", (unsigned long long)op->n);
    return audit_write(tx, &audit, AUDIT_INTENTS_RELEASED, slice_of(audit.group_id), slice_of(detail), err);
}

enum err core_intents_release(struct core *c, const struct actor *by, const char *group_id, uint64_t *ret_n,
                              struct error *err)
{
    struct release op = {.core = c, .by = by, .group_id = group_id};
    enum err code = store_write(c->store, release, &op, err);
    if (code != ERR_OK) return code;
    *ret_n = op.n;
    if (op.n) core_tell(c, CORE_INTENTS_CHANGED, group_id ? group_id : "", "");
    return ERR_OK;
}
