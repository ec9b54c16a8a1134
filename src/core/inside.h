// SPDX-License-Identifier: Apache-2.0
// What the files of core share. Called by: core only. Must never: be included from another folder.
#pragma once

#include "core/action.h"
#include "core/approve.h"
#include "core/policy.h"
#include "core/transition.h"

struct core {
    struct store *store; // all immutable after start
    const struct clock *clock;
    const struct rng *rng;
    core_listener listener;
    void *listener_ctx;
};

void core_tell(struct core *c, enum core_change_kind kind, const char *group_id, const char *network_id);
enum err core_nomem(struct error *err);

// Who, when, organisation and group of what is done to a group's resource. ERR_NOT_FOUND: no such group.
enum err core_audit_group(struct store_tx *tx, const struct core *c, const struct actor *by, const char *group_id,
                          struct audit *ret, struct error *err) MUST_CHECK;
struct slice core_clip(struct slice reason); // at most 400 bytes, not inside a character

// Nine tenths of a quota are used: told with each use from then on. table_id NULL: peerings of the network's VPC.
enum err quota_warn(struct store_tx *tx, const struct audit *audit, const char *network_id, const char *table_id,
                    uint32_t used, uint32_t limit, struct error *err) MUST_CHECK;

// Parts of core_network_edit, each with its event; nothing is told to the listener.
enum err network_edit_in_tx(struct store_tx *tx, const struct core *c, const struct actor *by, const char *network_id,
                            const struct network_edit *e, struct arena *a, struct error *err) MUST_CHECK;
enum err option_in_tx(struct store_tx *tx, const struct core *c, const struct actor *by, const char *network_id,
                      enum network_option o, const struct network_option_value *v, struct arena *a,
                      struct error *err) MUST_CHECK;
enum err tables_in_tx(struct store_tx *tx, const struct core *c, const struct actor *by, const char *network_id,
                      const char *const *tables, unsigned n, struct arena *a, struct error *err) MUST_CHECK;
enum err protect_network_in_tx(struct store_tx *tx, const struct core *c, const struct actor *by,
                               const char *network_id, bool on, struct arena *a, bool *ret_changed,
                               struct error *err) MUST_CHECK;

// What the cloud said of one row, as a scan and an outcome merge it: row, event, lifecycle. *ret_changed tells whether
// anything was written; *row is the row afterwards.
struct seen_merge {
    const struct audit *audit;
    const struct connection *before;
    const struct observed *seen;
    struct connection row; // out
    bool changed, work;    // out
};
enum err merge_seen(struct store_tx *tx, struct seen_merge *m, struct error *err) MUST_CHECK;

// Called by transition_apply after the row is written: what is to be set on one that we accepted and that turned
// active.
enum err finish_follow(struct store_tx *tx, const struct transition *t, struct error *err) MUST_CHECK;
// Likewise. Approvals are made when the connection turns active, new blocks
// wait, ended connections lose theirs; routes follow.
enum err routes_follow(struct store_tx *tx, const struct transition *t, struct error *err) MUST_CHECK;
enum err routes_approve(struct store_tx *tx, const struct audit *audit, const struct connection *row,
                        struct error *err) MUST_CHECK;

// core_action_request inside a transaction: nothing is told to the listener.
enum err action_in_tx(struct store_tx *tx, struct core *c, const struct action_request *q, struct arena *a,
                      enum action_answer *ret, struct slice *ret_why, struct error *err) MUST_CHECK;

// One caller's approval of an action that needs several. enough: now it can be taken up. changed: the row was written,
// with how many have asked.
struct approve {
    const struct audit *audit;
    const struct connection *before;
    enum action action;
    unsigned needed; // > 1
};
enum err approve_in_tx(struct store_tx *tx, const struct approve *q, bool *ret_enough, bool *ret_changed,
                       struct error *err) MUST_CHECK;

// How many must ask for an action: ERR_INVALID is out of bounds; set and its event; and ERR_DENIED where an accept
// needs several callers and this one, of the API, would alone make the policy accept (what: "sets its rules").
enum err approvals_check(const struct approval_rule *rule, struct error *err) MUST_CHECK;
enum err approvals_set_in_tx(struct store_tx *tx, const struct audit *audit, const struct approval_rule *rule,
                             struct error *err) MUST_CHECK;
enum err approvals_guard(struct store_tx *tx, const struct audit *audit, const char *what,
                         struct error *err) MUST_CHECK;

// Likewise for taking a network away, which could then be watched by a project without such a rule.
enum err approvals_guard_network(struct store_tx *tx, const struct audit *audit, struct error *err) MUST_CHECK;
bool rules_over(const struct actor *by); // the local administrator and the operator

// Decides every waiting request of a group or of a network (the other NULL) by the policies that are enabled, and acts
// on it. Called inside each transaction that changed something that a decision rests on. rows and intents become true
// when connections or intents were written.
struct policy_follow {
    struct core *core;
    const char *group_id, *network_id;
    bool rows, intents; // out
};
enum err policy_follow(struct store_tx *tx, struct policy_follow *f, struct error *err) MUST_CHECK;
void policy_expected_detail(const struct expected *e, struct buf *out); // of its events
