// SPDX-License-Identifier: Apache-2.0
// The work on an intent: which are due, that an attempt begins, what came of it; and cancelling one. Called by:
// reconcile, cli.
// Must never: accept an outcome of an attempt that is not the last one begun, or end an intent without its row.
#include "core/inside.h"

enum err core_intents_due(struct store_reader *r, struct wall now, size_t max, struct arena *a, struct intent **ret,
                          size_t *ret_n, struct wall *ret_next, struct error *err)
{
    return store_intents_due(r, now, max, a, ret, ret_n, ret_next, err);
}

static enum err conflict(struct error *err, const struct intent *i, const char *what)
{
    return error_set(err, ERR_CONFLICT, "the %s of connection %s %s", action_name(i->action), i->connection_id, what);
}

// The row of *i if it lives and nobody has begun an attempt since.
static enum err load(struct store_tx *tx, const struct intent *i, struct arena *a, struct intent *ret,
                     struct error *err)
{
    enum err code = store_intent_get(store_tx_reader(tx), i->id, a, ret, err);
    if (code == ERR_NOT_FOUND) return conflict(err, i, "is not known");
    if (code != ERR_OK) return code;
    if (ret->end != INTENT_LIVE) return conflict(err, i, "has ended meanwhile");
    return ret->epoch == i->epoch ? ERR_OK : conflict(err, i, "was taken up by another attempt");
}

// ---- begin ------------------------------------------------------------------------------------------------

struct begin {
    const struct core *core;
    const struct intent *asked;
    struct arena *arena;
    struct intent row;
};

static enum err begin(struct store_tx *tx, void *ctx, struct error *err)
{
    struct begin *op = ctx;
    struct intent *i = &op->row;
    bool allowed = false;
    enum err code = load(tx, op->asked, op->arena, i, err);
    if (code == ERR_OK && i->held) code = conflict(err, i, "is held since the store was restored");
    if (code == ERR_OK) code = store_writes_allowed(store_tx_reader(tx), i->group_id, i->network_id, &allowed, err);
    if (code == ERR_OK && !allowed) code = conflict(err, i, "waits: writes to its network are frozen or not allowed");
    if (code != ERR_OK) return code;
    struct intent next = *i;
    next.attempts += next.attempts < UINT32_MAX;
    next.uncertain = true;
    next.epoch++;
    next.last_attempt = clock_wall(op->core->clock);
    code = store_tx_intent_update(tx, &next, err);
    next.uncertain = i->uncertain; // the caller asks what was before
    *i = next;
    return code;
}

enum err core_intent_begin(struct core *c, struct intent *i, struct error *err)
{
    struct begin op = {.core = c, .asked = i, .arena = arena_new(64 * 1024)};
    if (!op.arena) return core_nomem(err);
    enum err code = store_write(c->store, begin, &op, err);
    if (code == ERR_OK) {
        op.row.reason = i->reason; // the caller's own texts live in its arena
        op.row.rule = i->rule;
        *i = op.row;
    }
    arena_free(op.arena);
    return code;
}

// ---- outcome ----------------------------------------------------------------------------------------------

static const enum audit_type done_types[ACTION_COUNT_] = {
    [ACTION_ACCEPT] = AUDIT_ACCEPT_DONE, [ACTION_REJECT] = AUDIT_REJECT_DONE, [ACTION_DELETE] = AUDIT_DELETE_DONE};

struct outcome_op {
    struct core *core;
    const struct intent *asked;
    const struct intent_result *result;
    struct slice reason; // clipped
    struct arena *arena;
    struct audit audit;
    struct intent intent;
    struct connection row; // as written last
    bool rows_changed, work;
};

static enum err see(struct store_tx *tx, struct outcome_op *op, struct error *err)
{
    if (!op->result->seen) return ERR_OK;
    struct seen_merge m = {.audit = &op->audit, .before = &op->row, .seen = op->result->seen};
    enum err code = merge_seen(tx, &m, err);
    if (code != ERR_OK) return code;
    op->rows_changed |= m.changed;
    op->work |= m.work;
    op->row = m.row;
    return ERR_OK;
}

static enum err move(struct store_tx *tx, struct outcome_op *op, enum lifecycle_event event, enum audit_type type,
                     struct slice reason, struct error *err)
{
    const struct connection before = op->row;
    const struct transition t = {.audit = &op->audit,
                                 .type = type,
                                 .event = event,
                                 .before = &before,
                                 .row = &op->row,
                                 .reason = reason,
                                 .intent = &op->intent,
                                 .work = &op->work};
    op->rows_changed = true;
    return transition_apply(tx, &t, err);
}

// Whether what was seen has ended the intent by itself.
static bool still_requested(const struct outcome_op *op)
{
    static const enum local_status open[ACTION_COUNT_] = {[ACTION_ACCEPT] = LOCAL_REQUEST_ACCEPT,
                                                          [ACTION_REJECT] = LOCAL_REQUEST_REJECT,
                                                          [ACTION_DELETE] = LOCAL_REQUEST_DELETE};
    return op->row.local_status == open[op->intent.action];
}

static enum err retry(struct store_tx *tx, struct outcome_op *op, struct error *err)
{
    struct intent *i = &op->intent;
    i->not_before = op->result->not_before;
    i->uncertain = op->result->uncertain;
    i->reason = op->reason;
    enum err code = store_tx_intent_update(tx, i, err);
    if (code != ERR_OK || slice_eq(op->row.status_message, op->reason)) return code;
    return move(tx, op, LIFECYCLE_CALL_RETRIED, AUDIT_ACTION_DELAYED, op->reason, err);
}

static enum err conclude(struct store_tx *tx, struct outcome_op *op, struct error *err)
{
    enum err code;
    switch (op->result->outcome) {
    case OUTCOME_DONE:
        code = move(tx, op, LIFECYCLE_CALL_DONE, done_types[op->intent.action], (struct slice){NULL, 0}, err);
        return code == ERR_OK ? see(tx, op, err) : code;
    case OUTCOME_FAILED:
        code = see(tx, op, err);
        if (code != ERR_OK || !still_requested(op)) return code;
        return move(tx, op, LIFECYCLE_CALL_FAILED, AUDIT_ACTION_FAILED, op->reason, err);
    default:
        code = see(tx, op, err);
        return code == ERR_OK && still_requested(op) ? retry(tx, op, err) : code;
    }
}

static enum err outcome(struct store_tx *tx, void *ctx, struct error *err)
{
    static const struct actor actuator = {PRINCIPAL_LOCAL, "actuator", NULL};
    struct outcome_op *op = ctx;
    enum err code = load(tx, op->asked, op->arena, &op->intent, err);
    if (code == ERR_OK) code = store_tx_connection_get(tx, op->intent.connection_id, op->arena, &op->row, err);
    if (code == ERR_OK) code = core_audit_group(tx, op->core, &actuator, op->intent.group_id, &op->audit, err);
    if (code == ERR_OK) code = conclude(tx, op, err);
    if (code != ERR_OK || !op->rows_changed) return code;
    struct policy_follow f = {.core = op->core, .network_id = op->intent.network_id};
    code = policy_follow(tx, &f, err); // an end of this one may have been what others waited for
    op->work |= f.intents;
    return code;
}

enum err core_intent_outcome(struct core *c, const struct intent *i, const struct intent_result *r, struct error *err)
{
    struct outcome_op op = {
        .core = c, .asked = i, .result = r, .reason = core_clip(r->reason), .arena = arena_new(256 * 1024)};
    if (!op.arena) return core_nomem(err);
    enum err code = store_write(c->store, outcome, &op, err);
    arena_free(op.arena);
    if (code != ERR_OK) return code;
    if (op.rows_changed) core_tell(c, CORE_CONNECTIONS_CHANGED, i->group_id, i->network_id);
    if (op.work) core_tell(c, CORE_INTENTS_CHANGED, i->group_id, i->network_id);
    return ERR_OK;
}

// ---- cancel -----------------------------------------------------------------------------------------------

struct cancel {
    const struct core *core;
    const struct actor *by;
    const char *id;
    struct arena *arena;
    struct intent intent;
};

static enum err may_cancel(const struct intent *i, struct error *err)
{
    if (i->end != INTENT_LIVE)
        return error_set(err, ERR_CONFLICT, "the %s %s has ended already: %s", action_name(i->action), i->id,
                         intent_end_name(i->end));
    if (!i->uncertain || i->held) return ERR_OK;
    return error_set(
        err, ERR_CONFLICT,
        "the last attempt at the %s %s may have had an effect; it can be cancelled once Peerage has looked "
        "in AWS, which it does before it tries again",
        action_name(i->action), i->id);
}

static enum err cancel(struct store_tx *tx, void *ctx, struct error *err)
{
    struct cancel *op = ctx;
    struct connection before, row;
    struct audit audit;
    enum err code = store_intent_get(store_tx_reader(tx), op->id, op->arena, &op->intent, err);
    if (code == ERR_OK) code = may_cancel(&op->intent, err);
    if (code == ERR_OK) code = store_tx_connection_get(tx, op->intent.connection_id, op->arena, &before, err);
    if (code == ERR_OK) code = core_audit_group(tx, op->core, op->by, op->intent.group_id, &audit, err);
    // The blocks that the accept would have approved: they are asked about anew.
    if (code == ERR_OK && op->intent.action == ACTION_ACCEPT) code = store_tx_peer_cidrs_forget(tx, before.id, err);
    if (code != ERR_OK) return code;
    row = before;
    const struct transition t = {.audit = &audit,
                                 .type = AUDIT_ACTION_CANCELLED,
                                 .event = LIFECYCLE_CANCELLED,
                                 .before = &before,
                                 .row = &row,
                                 .intent = &op->intent};
    return transition_apply(tx, &t, err);
}

enum err core_intent_cancel(struct core *c, const struct actor *by, const char *intent_id, struct error *err)
{
    struct arena *a CLEANUP(arena_freep) = arena_new(256 * 1024);
    struct cancel op = {.core = c, .by = by, .id = intent_id, .arena = a};
    if (!a) return core_nomem(err);
    enum err code = store_write(c->store, cancel, &op, err);
    if (code == ERR_OK) core_tell(c, CORE_CONNECTIONS_CHANGED, op.intent.group_id, op.intent.network_id);
    return code;
}
