// SPDX-License-Identifier: Apache-2.0
// Requests to accept, reject or delete: judged and recorded in one transaction. Called by: api, cli, policy_apply.c.
// Must never: answer TAKEN before the commit, call the cloud, or tell a stranger more than that a challenge failed.
#include "core/inside.h"

struct request {
    struct core *core;
    struct approval_rule approvals; // of the row's group
    unsigned needed;                // how many must ask
    bool rows_changed;
    const struct action_request *q;
    struct arena *arena;
    enum action_answer answer;
    char *why;
    char network_id[OID_HEX + 1];
    uint32_t peerings, coming, peering_limit; // of an accept
};

static const enum lifecycle_event events[ACTION_COUNT_] = {[ACTION_ACCEPT] = LIFECYCLE_REQUESTED_ACCEPT,
                                                           [ACTION_REJECT] = LIFECYCLE_REQUESTED_REJECT,
                                                           [ACTION_DELETE] = LIFECYCLE_REQUESTED_DELETE};
static const enum audit_type types[ACTION_COUNT_] = {[ACTION_ACCEPT] = AUDIT_ACCEPT_REQUESTED,
                                                     [ACTION_REJECT] = AUDIT_REJECT_REQUESTED,
                                                     [ACTION_DELETE] = AUDIT_DELETE_REQUESTED};

// ---- judging ----------------------------------------------------------------------------------------------

// The sentence for a refusal; *answer becomes `as`.
static enum err refuse(struct request *op, enum action_answer as, char *why, struct error *err)
{
    if (!why) return core_nomem(err);
    op->why = why;
    op->answer = as;
    return ERR_OK;
}

static bool challenge_met(struct request *op, const struct connection *row)
{
    const struct action_request *q = op->q;
    if (q->requester_account.p && !slice_eq_cstr(q->requester_account, row->requester_account))
        op->answer = ANSWER_ACCOUNT;
    else if (q->requester_vpc.p && !slice_eq_cstr(q->requester_vpc, row->requester_vpc))
        op->answer = ANSWER_VPC;
    else
        return true;
    return false;
}

static enum err judge_state(struct request *op, const struct connection *row, struct error *err)
{
    const char *why = "";
    switch (action_judge(op->q->action, row->local_status, cloud_status_of(slice_of(row->cloud_status)), &why)) {
    case VERDICT_TAKE:
        op->answer = ANSWER_TAKEN;
        return ERR_OK;
    case VERDICT_ALREADY:
        op->answer = ANSWER_ALREADY;
        return ERR_OK;
    default:
        return refuse(op, ANSWER_STATE,
                      arena_fmt(op->arena, "the VPC peering connection %s has cloudStatus %s and localStatus %s; %s",
                                row->name, row->cloud_status, local_status_name(row->local_status), why),
                      err);
    }
}

// What no state allows: networks that are only watched, and protection from deletion.
static enum err judge_network(struct request *op, const struct network *net, const struct connection *row,
                              struct error *err)
{
    if (net->mode == NETWORK_OBSERVE)
        return refuse(op, ANSWER_OBSERVE,
                      arena_fmt(op->arena,
                                "the network %s (%s) of the VPC peering connection %s is only observed, and Peerage "
                                "writes nothing to AWS for it; add the network in mode manage, or act in AWS",
                                net->id, net->vpc_id, row->name),
                      err);
    op->needed = op->q->action == ACTION_ACCEPT && !op->q->rule ? op->approvals.accepts : 1;
    if (op->q->action != ACTION_DELETE || (!net->is_protected && !row->is_protected)) return ERR_OK;
    op->needed = op->approvals.deletes;
    if (op->needed) return ERR_OK;
    const char *what = row->is_protected ? "connection" : "network";
    return refuse(op, ANSWER_PROTECTED,
                  arena_fmt(op->arena,
                            "the VPC peering connection %s is protected from deletion by its %s; lift the protection "
                            "with `peerage %s unprotect %s` first",
                            row->name, what, what, row->is_protected ? row->name : net->id),
                  err);
}

// Only a limit that somebody has told us is certain enough to refuse by: AWS raises quotas and does not say so, and
// peerings that our VPC asked for itself count as well (docs/decisions/0008-quotas.md).
static enum err judge_quota(struct store_tx *tx, struct request *op, const struct network *net,
                            const struct connection *row, struct error *err)
{
    struct network_options o;
    if (op->answer != ANSWER_TAKEN || op->q->action != ACTION_ACCEPT) return ERR_OK;
    enum err code = store_network_options(store_tx_reader(tx), net->id, op->arena, &o, err);
    if (code == ERR_OK) code = store_network_peerings(store_tx_reader(tx), net->id, &op->peerings, &op->coming, err);
    op->peering_limit = code == ERR_OK && o.peering_limit ? o.peering_limit : PEERING_QUOTA;
    if (code != ERR_OK || !o.peering_limit || op->peerings < o.peering_limit) return code;
    return refuse(op, ANSWER_STATE,
                  arena_fmt(op->arena,
                            "the VPC peering connection %s cannot be accepted, since %s has %u active ones and its "
                            "quota is %u; delete one, or have AWS raise the quota and say so with `peerage network "
                            "set-limits %s --peerings N`",
                            row->name, net->vpc_id, op->peerings, o.peering_limit, net->id),
                  err);
}

static enum err judge(struct store_tx *tx, struct request *op, const struct connection *row, struct error *err)
{
    if (!challenge_met(op, row)) return ERR_OK;
    enum err code = judge_state(op, row, err);
    if (code != ERR_OK || op->answer != ANSWER_TAKEN) return code;
    struct network net;
    code = store_network_get(store_tx_reader(tx), row->network_id, op->arena, &net, err);
    if (code == ERR_OK) code = store_approval_rule(store_tx_reader(tx), row->group_id, &op->approvals, err);
    if (code == ERR_OK) code = judge_network(op, &net, row, err);
    return code == ERR_OK ? judge_quota(tx, op, &net, row, err) : code;
}

// ---- recording --------------------------------------------------------------------------------------------

static enum err make_intent(struct request *op, const struct audit *audit, const struct connection *row,
                            struct intent *i, struct error *err)
{
    *i = (struct intent){.action = op->q->action,
                         .requested = audit->now,
                         .not_before = audit->now,
                         .actor_kind = audit->by.kind,
                         .rule = slice_of(op->q->rule)};
    oid_hex(oid_new(audit->rng, audit->now), i->id);
    memcpy(i->connection_id, row->id, sizeof(i->connection_id));
    memcpy(i->group_id, row->group_id, sizeof(i->group_id));
    memcpy(i->network_id, row->network_id, sizeof(i->network_id));
    if (cstr_set(i->actor, sizeof(i->actor), audit->by.name)) return ERR_OK;
    return error_set(err, ERR_INVALID, "the name of the caller is too long for the audit log");
}

static enum err record(struct store_tx *tx, struct request *op, const struct audit *audit,
                       const struct connection *before, struct error *err)
{
    struct intent intent;
    struct connection row = *before;
    enum err code = make_intent(op, audit, &row, &intent, err);
    if (code == ERR_OK) code = store_tx_intent_insert(tx, &intent, err);
    if (code == ERR_OK && intent.action == ACTION_ACCEPT) code = routes_approve(tx, audit, &row, err);
    if (code == ERR_OK && intent.action == ACTION_ACCEPT)
        code = quota_warn(tx, audit, row.network_id, NULL, op->peerings + op->coming + 1, op->peering_limit, err);
    if (code == ERR_OK) code = store_tx_approvals_end(tx, row.group_id, row.id, err);
    if (code != ERR_OK) return code;
    op->rows_changed = true;
    const struct transition t = {.audit = audit,
                                 .type = types[intent.action],
                                 .event = events[intent.action],
                                 .before = before,
                                 .row = &row,
                                 .intent = &intent};
    return transition_apply(tx, &t, err);
}

static enum err take(struct store_tx *tx, struct request *op, const struct connection *row, struct error *err)
{
    struct audit audit;
    bool enough = true;
    enum err code = core_audit_group(tx, op->core, op->q->by, row->group_id, &audit, err);
    memcpy(op->network_id, row->network_id, sizeof(op->network_id));
    if (code == ERR_OK && op->needed > 1) {
        const struct approve q = {&audit, row, op->q->action, op->needed};
        code = approve_in_tx(tx, &q, &enough, &op->rows_changed, err);
        if (!enough) op->answer = ANSWER_APPROVED;
    }
    return code == ERR_OK && enough ? record(tx, op, &audit, row, err) : code;
}

static enum err request(struct store_tx *tx, void *ctx, struct error *err)
{
    struct request *op = ctx;
    struct connection row;
    enum err code = store_connection_get(store_tx_reader(tx), op->q->group_id, op->q->name_or_id, op->arena, &row, err);
    if (code == ERR_NOT_FOUND || (code == ERR_OK && !row.listed)) {
        op->answer = ANSWER_NOT_FOUND;
        return ERR_OK;
    }
    if (code == ERR_OK) code = judge(tx, op, &row, err);
    return code == ERR_OK && op->answer == ANSWER_TAKEN ? take(tx, op, &row, err) : code;
}

enum err action_in_tx(struct store_tx *tx, struct core *c, const struct action_request *q, struct arena *a,
                      enum action_answer *ret, struct slice *ret_why, struct error *err)
{
    struct request op = {.core = c, .q = q, .arena = a};
    enum err code = request(tx, &op, err);
    if (code != ERR_OK) return code;
    *ret = op.answer;
    *ret_why = slice_of(op.why);
    return ERR_OK;
}

enum err core_action_request(struct core *c, const struct action_request *q, struct arena *a, enum action_answer *ret,
                             struct slice *ret_why, struct error *err)
{
    ASSERT((unsigned)q->action < ACTION_COUNT_);
    struct request op = {.core = c, .q = q, .arena = a};
    enum err code = store_write(c->store, request, &op, err);
    if (code != ERR_OK) return code;
    *ret = op.answer;
    *ret_why = slice_of(op.why);
    if (op.answer == ANSWER_TAKEN) core_tell(c, CORE_INTENTS_CHANGED, q->group_id, op.network_id);
    if (op.rows_changed) core_tell(c, CORE_CONNECTIONS_CHANGED, q->group_id, op.network_id);
    return ERR_OK;
}
