// SPDX-License-Identifier: Apache-2.0
// Policy of a group: setting it, expecting requests, and what it would have done. Off until it is enabled.
// Called by: cli, api. Must never: act on a request that is not waiting for an answer, or twice on one.
//
// How it works: whenever a scan, an outcome or a change of the policy may have changed what a decision rests on, core
// decides every waiting request (cloudStatus pending-acceptance, localStatus NONE, never acted on) anew, in that
// same transaction. An
// accept or a reject becomes an intent as if a person had asked, by the actor "policy" and with the rule's name; frozen
// networks keep it waiting as they do others. What is held is told in an event, once for each reason.
// Records and the decision itself: model/policy.h.
#pragma once

#include "base/json.h"
#include "core/core.h"

// ---- text: {"rules": [{"name": "lab", "action": "accept", "accounts": ["123456789012"], …}, …]} ----------------
// Keys of a rule: name, action (accept, reject, hold, hand-over), accounts, vpcs, cidrs, allowSharedSpace, project.
// Read strictly: what is unknown, missing, twice or of the wrong shape is ERR_INVALID and named by its place. Rules and
// their texts live in `a`. Shapes are checked too (policy_rules_check).
#define POLICY_TEXT_MAX ((size_t)128 << 10)
enum err policy_text_read(struct slice text, struct arena *a, struct policy_rule **ret, size_t *ret_n,
                          struct error *err) MUST_CHECK;
// The same of the array of rules alone, for whoever has read the text.
enum err policy_rules_read(const struct json_value *list, struct arena *a, struct policy_rule **ret, size_t *ret_n,
                           struct error *err) MUST_CHECK;
void policy_rule_write(struct json_writer *w, const struct policy_rule *r); // one rule as it is read
// ERR_INVALID names the rule: names (unique), ids, blocks, and at least one condition ("*" among the accounts says
// that any is meant). That a hand-over's group exists is seen by core_policy_set.
enum err policy_rules_check(const struct policy_rule *rules, size_t n, struct error *err) MUST_CHECK;

// ---- the policy of a group -------------------------------------------------------------------------------------
// Replaces all rules. if_version: ERR_CONFLICT unless it is the present one (-1: whichever). The same rules again are
// no change and no event. ERR_NOT_FOUND: no such group. Reading is a plain read: store_policy_get.
//
// Four eyes: what a policy and an expected request accept needs no second caller. So where an accept needs several, a
// caller of the API may not change the rules, enable the policy or register a request (ERR_DENIED); the
// operator may, and everybody may disable and remove.
enum err core_policy_set(struct core *c, const struct actor *by, const char *group_id, const struct policy_rule *rules,
                         size_t n, int64_t if_version, bool *ret_changed, struct error *err) MUST_CHECK;
enum err core_policy_enable(struct core *c, const struct actor *by, const char *group_id, bool on,
                            struct error *err) MUST_CHECK; // twice is no error and no second event
// The same and how many must ask (core/approve.h), in one transaction: all of it or nothing. What is not set stays.
struct policy_edit {
    bool set_enabled, enabled, set_accepts, set_deletes;
    unsigned accepts, deletes;
};
enum err core_policy_edit(struct core *c, const struct actor *by, const char *group_id, const struct policy_edit *q,
                          struct error *err) MUST_CHECK;

// ---- expected requests -----------------------------------------------------------------------------------------
struct expected_new {
    const char *group_id;
    struct slice account, vpc; // vpc empty = any
    struct slice cidrs;        // empty = any
    bool allow_shared;
    struct slice owner, ticket; // for people; owner is required
    struct wall valid_until;    // in the future
};
#define EXPECTED_KEEP_US (INT64_C(90) * 86400 * US_PER_SEC) // used or past ones leave the list after that
// ERR_INVALID: a field is wrong (named). ERR_CONFLICT: EXPECTED_OPEN_MAX are open. Texts of *ret are those of *n.
enum err core_expected_add(struct core *c, const struct actor *by, const struct expected_new *n, struct expected *ret,
                           struct error *err) MUST_CHECK;
enum err core_expected_remove(struct core *c, const struct actor *by, const char *group_id, const char *id,
                              struct error *err) MUST_CHECK; // ERR_NOT_FOUND

// ---- questions -------------------------------------------------------------------------------------------------
// What a policy decides on a request that nobody has made. facts: rules, account, vpc, cidrs and now are the caller's;
// the network's part (mode, blocks, peers, whether it is another group's) and the expected requests are read here.
struct policy_trial {
    struct policy_facts facts;
    struct policy_decision decision; // its pointers are of facts
    bool frozen;                     // an accept or reject would wait: writes to the network are frozen
};
enum err core_policy_try(struct store_reader *r, const char *group_id, const struct network *net, struct arena *a,
                         struct policy_trial *t, struct error *err) MUST_CHECK;
// How many rules were looked at: up to the one that decided, none when the request was expected.
size_t policy_looked_at(const struct policy_trial *t);

// One request of the stored history, oldest first: what the rules would have done when it was first seen, and what was
// done. Peers are those that lived then; blocks, modes and the VPC are those known now. Expected requests count from
// when they were added until they were used by another.
enum policy_outcome {
    POLICY_WAITING,   // nobody has answered yet
    POLICY_ACCEPTED,  // `by` says who
    POLICY_REJECTED,  // likewise
    POLICY_EXPIRED,   // nobody did in time
    POLICY_WITHDRAWN, // by the requester, or it failed
    POLICY_OUTCOME_COUNT_
};
const char *policy_outcome_name(enum policy_outcome o); // "waiting", "accepted" …
struct policy_replay {
    char name[AWS_RES_ID], account[ACCOUNT_ID], vpc[AWS_RES_ID];
    struct slice cidrs;
    struct wall seen;
    enum policy_outcome outcome;
    char by[PRINCIPAL_NAME];         // who answered; "AWS": outside Peerage
    struct policy_decision decision; // its pointers are of the caller's rules
};
// Whether the policy and people did the same: 1 yes, 0 no, -1 one of them left it open.
int policy_replay_same(const struct policy_replay *r);
#define POLICY_REPLAY_MAX 10000 // requests of the history; ERR_TOO_LARGE beyond
enum err core_policy_replay(struct store_reader *r, const char *group_id, const struct policy_rule *rules, size_t n,
                            struct wall since, struct arena *a, struct policy_replay **ret, size_t *ret_n,
                            struct error *err) MUST_CHECK;
