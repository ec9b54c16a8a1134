// SPDX-License-Identifier: Apache-2.0
// Counting approvals, and the rule that says how many. Called by: action.c and policy.c, inside their transactions;
// cli, api. Must never: count what was approved for other CIDR blocks, or too long ago.
#include "core/approve.h"

#include <stdio.h>

#include "core/inside.h"

static const enum audit_type types[ACTION_COUNT_] = {[ACTION_ACCEPT] = AUDIT_ACCEPT_APPROVED,
                                                     [ACTION_REJECT] = AUDIT_TYPE_COUNT_, // one is enough
                                                     [ACTION_DELETE] = AUDIT_DELETE_APPROVED};

static struct action_approval approval_of(const struct audit *audit, const struct connection *row, enum action action)
{
    struct action_approval a = {.action = action,
                                .actor_kind = audit->by.kind,
                                .blocks = row->requester_cidrs.p ? row->requester_cidrs : SLICE(""),
                                .given = audit->now};
    memcpy(a.group_id, row->group_id, sizeof(a.group_id));
    memcpy(a.connection_id, row->id, sizeof(a.connection_id));
    return a;
}

static enum err count(struct store_tx *tx, struct action_approval a, unsigned *ret, struct error *err)
{
    a.given.us -= a.action == ACTION_ACCEPT ? APPROVAL_ACCEPT_US : APPROVAL_DELETE_US;
    return store_approvals(store_tx_reader(tx), &a, ret, err);
}

enum err approve_in_tx(struct store_tx *tx, const struct approve *q, bool *ret_enough, bool *ret_changed,
                       struct error *err)
{
    const struct audit *audit = q->audit;
    struct action_approval mine = approval_of(audit, q->before, q->action);
    unsigned were = 0, are = 0;
    *ret_enough = *ret_changed = false;
    // Whoever has the machine is one caller, by the daemon ("admin") or without it ("cli").
    const char *name = audit->by.kind == PRINCIPAL_LOCAL ? "local" : audit->by.name;
    if (!cstr_set(mine.actor, sizeof(mine.actor), name))
        return error_set(err, ERR_INVALID, "the name of the caller is too long for the audit log");
    enum err code = count(tx, mine, &were, err);
    if (code == ERR_OK) code = store_tx_approve(tx, &mine, err);
    if (code == ERR_OK) code = count(tx, mine, &are, err);
    *ret_enough = are >= q->needed;
    if (code != ERR_OK || *ret_enough || are == were) return code;
    struct connection row = *q->before;
    char message[64];
    (void)snprintf(message, sizeof(message), "%u of %u approvals", are, q->needed);
    const struct transition t = {.audit = audit,
                                 .type = types[q->action],
                                 .event = LIFECYCLE_APPROVED,
                                 .before = q->before,
                                 .row = &row,
                                 .reason = slice_of(message)};
    *ret_changed = true;
    return transition_apply(tx, &t, err);
}

// ---- the rule ---------------------------------------------------------------------------------------------

struct rule_op {
    struct core *core;
    const struct actor *by;
    const char *group_id;
    const struct approval_rule *rule;
};

// Who runs the server may do alone what the callers of a project must agree to.
bool rules_over(const struct actor *by)
{
    return by->kind == PRINCIPAL_LOCAL || by->is_operator;
}

// 0 deletes is "nobody can": as hard to get back to as a smaller number, or 5, 0 and 2 would be a way down.
static bool lowers(const struct approval_rule *was, const struct approval_rule *rule)
{
    return rule->accepts < was->accepts || rule->deletes < was->deletes;
}

enum err approvals_check(const struct approval_rule *rule, struct error *err)
{
    if (rule->accepts < 1 || rule->accepts > APPROVALS_MAX)
        return error_set(err, ERR_INVALID, "an accept needs 1 to %d callers", APPROVALS_MAX);
    if (rule->deletes == 1 || rule->deletes > APPROVALS_MAX)
        return error_set(err, ERR_INVALID,
                         "a delete of what is protected needs 2 to %d callers, or 0: nobody can; for 1, lift the "
                         "protection instead",
                         APPROVALS_MAX);
    return ERR_OK;
}

enum err approvals_set_in_tx(struct store_tx *tx, const struct audit *audit, const struct approval_rule *rule,
                             struct error *err)
{
    struct approval_rule was;
    enum err code = store_approval_rule(store_tx_reader(tx), audit->group_id, &was, err);
    if (code != ERR_OK || (was.accepts == rule->accepts && was.deletes == rule->deletes)) return code;
    if (lowers(&was, rule) && !rules_over(&audit->by))
        return error_set(err, ERR_DENIED, "only the operator lowers how many must ask");
    code = store_tx_approval_rule(tx, audit->group_id, rule, err);
    if (code != ERR_OK) return code;
    char detail[64];
    (void)snprintf(detail, sizeof(detail), "{\"accepts\":%u,\"deletes\":%u}", rule->accepts, rule->deletes);
    return audit_write(tx, audit, AUDIT_APPROVALS_CHANGED, slice_of(audit->group_id), slice_of(detail), err);
}

enum err approvals_guard(struct store_tx *tx, const struct audit *audit, const char *what, struct error *err)
{
    struct approval_rule rule;
    enum err code = store_approval_rule(store_tx_reader(tx), audit->group_id, &rule, err);
    if (code != ERR_OK || rule.accepts < 2 || rules_over(&audit->by)) return code;
    return error_set(err, ERR_DENIED, "an accept in this project needs %u callers, so only the operator %s",
                     rule.accepts, what);
}

enum err approvals_guard_network(struct store_tx *tx, const struct audit *audit, struct error *err)
{
    struct approval_rule rule;
    enum err code = store_approval_rule(store_tx_reader(tx), audit->group_id, &rule, err);
    if (code != ERR_OK || (rule.accepts < 2 && rule.deletes < 2) || rules_over(&audit->by)) return code;
    return error_set(err, ERR_DENIED,
                     "several callers must ask in this project, and its VPC could go to one where they need not: only "
                     "the operator removes a network");
}

static enum err set_rule(struct store_tx *tx, void *ctx, struct error *err)
{
    const struct rule_op *op = ctx;
    struct audit audit;
    enum err code = core_audit_group(tx, op->core, op->by, op->group_id, &audit, err);
    return code == ERR_OK ? approvals_set_in_tx(tx, &audit, op->rule, err) : code;
}

enum err core_approvals_set(struct core *c, const struct actor *by, const char *group_id,
                            const struct approval_rule *rule, struct error *err)
{
    struct rule_op op = {c, by, group_id, rule};
    enum err code = approvals_check(rule, err);
    return code == ERR_OK ? store_write(c->store, set_rule, &op, err) : code;
}
