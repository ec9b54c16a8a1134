// SPDX-License-Identifier: Apache-2.0
// Accept, reject and delete: intents that are durable before anyone hears 202, and what becomes of them.
// Called by: api (request), reconcile (due, begin, outcome), cli. Must never: call the cloud, or let two intents of one
// connection live at once.
//
// Life of an intent: requested → (attempt begun → outcome)* → done or failed. An attempt that was begun and has no
// outcome (crash, lost reply) is resolved by describing the connection first, never by repeating blindly.
#pragma once

#include "core/core.h"

// ---- pure: what an action means in a state (spec/actions.def: every local × cloud status × action) ---------
enum verdict {
    VERDICT_TAKE,    // record the intent
    VERDICT_ALREADY, // under way, or its end is reached: 202, no second effect
    VERDICT_FORBID,  // 409 PEER_INVALID_STATE; *ret_why names the state and what is allowed
};
enum verdict action_judge(enum action a, enum local_status local, enum cloud_status cloud, const char **ret_why);

// ---- request (api, cli, policy) -------------------------------------------------------------------------------
struct action_request {
    const struct actor *by;
    const char *group_id;
    struct slice name_or_id;
    enum action action;
    // accept's challenge: both are compared; p NULL = not asked (cli, policy)
    struct slice requester_account, requester_vpc;
    const char *rule; // the policy rule that acts, or NULL
};
enum action_answer {
    ANSWER_TAKEN,     // durable: 202
    ANSWER_APPROVED,  // durable: 202, but others must ask too before it is taken up (core/approve.h)
    ANSWER_ALREADY,   // 202
    ANSWER_NOT_FOUND, // 404
    ANSWER_ACCOUNT,   // requesterAccountId does not match: 400 INVALID_ATTRIBUTE
    ANSWER_VPC,       // requesterVpcId does not match: 400 INVALID_ATTRIBUTE
    ANSWER_STATE,     // 409 PEER_INVALID_STATE, see why (all three: a clause that goes into a sentence)
    ANSWER_OBSERVE,   // 409: the network is observed only, see why
    ANSWER_PROTECTED, // 409: protected from deletion, see why
};
// One transaction: read the row, judge, write intent, state and audit event. *ret_why (arena) for the 409s.
enum err core_action_request(struct core *c, const struct action_request *q, struct arena *a, enum action_answer *ret,
                             struct slice *ret_why, struct error *err) MUST_CHECK;

// ---- work (reconcile) ---------------------------------------------------------------------------------------------
// struct intent: model/action.h.
// Live intents that are due at `now`, of managed networks, not held and not frozen, by not_before, at most `max`;
// *ret_next: when the next is due (0 = none; `now` itself when max cut the result).
enum err core_intents_due(struct store_reader *r, struct wall now, size_t max, struct arena *a, struct intent **ret,
                          size_t *ret_n, struct wall *ret_next, struct error *err) MUST_CHECK;
// Before a cloud call: attempts + 1, uncertain, new epoch, durable. ERR_CONFLICT: no longer live, held, frozen, its
// network is not managed any more, or another has begun since *i was read. *i->uncertain keeps what it was before this
// attempt (describe first?); the other fields are those of the row now.
enum err core_intent_begin(struct core *c, struct intent *i, struct error *err) MUST_CHECK;
enum outcome {
    OUTCOME_DONE,   // the cloud said yes, or its state shows that the action has happened
    OUTCOME_RETRY,  // nothing has happened, or not known: again at not_before (uncertain says which)
    OUTCOME_FAILED, // for good: UPDATE_FAILED with `reason`; may be requested again
};
struct intent_result {
    enum outcome outcome;
    bool uncertain;
    struct wall not_before;      // RETRY
    struct slice reason;         // FAILED and RETRY: why and what to do, for statusMessage and event
    const struct observed *seen; // what the cloud said meanwhile, or NULL; merged as a scan would
};
// Writes the outcome if the epoch still is the intent's and it still lives (ERR_CONFLICT otherwise: what a scan saw may
// have ended it meanwhile): state, event and intent in one transaction. DONE: the state moves first, then `seen` is
// merged; RETRY and FAILED: `seen` first, and if that ends the intent by itself nothing else is written. A retry with
// the reason of the one before writes no event and no connection row.
enum err core_intent_outcome(struct core *c, const struct intent *i, const struct intent_result *r,
                             struct error *err) MUST_CHECK;

// Withdraws a live intent; the row goes back to what its cloudStatus says, and may be asked for anew. ERR_NOT_FOUND.
// ERR_CONFLICT: it has ended, or an attempt was begun that may have had an effect and has not been looked up yet. One
// that a restore has held can be cancelled all the same: nothing of ours is under way, and scans show what the original
// has done since.
enum err core_intent_cancel(struct core *c, const struct actor *by, const char *intent_id,
                            struct error *err) MUST_CHECK;

// ---- freeze: no cloud writes for all, a group or a network; intents wait ----------------------------------------
enum freeze_scope { FREEZE_ALL, FREEZE_GROUP, FREEZE_NETWORK };
// ERR_NOT_FOUND: no such group or network. Doing it twice is no error and no second event; the first `why` stays.
enum err core_freeze(struct core *c, const struct actor *by, enum freeze_scope s, const char *id /* NULL for ALL */,
                     bool on, struct slice why, struct error *err) MUST_CHECK;
// After a restore everything is frozen and live intents are held. Releases the held ones of a group (NULL = all).
enum err core_intents_release(struct core *c, const struct actor *by, const char *group_id, uint64_t *ret_n,
                              struct error *err) MUST_CHECK;

// ---- protection: refuses deletes (409), and core_network_remove of a protected network (ERR_CONFLICT). Lifting it:
// ERR_CONFLICT where several must ask for such a delete, unless `by` is local. ERR_NOT_FOUND.
enum err core_network_protect(struct core *c, const struct actor *by, const char *network_id, bool on,
                              struct error *err) MUST_CHECK;
enum err core_connection_protect(struct core *c, const struct actor *by, const char *group_id, struct slice name_or_id,
                                 bool on, struct error *err) MUST_CHECK;

// ---- routes (reconcile) --------------------------------------------------------------------------------------------
// A network may name route tables. While a connection is active each gets a route to each of the requester's CIDR
// blocks that was approved (those at acceptance; later ones wait, as an event, for core_cidrs_approve).
// Approval: the blocks known when an accept is requested, else those known when the connection turns active. A
// connection that is seen active without ever having been seen pending has none: its routes are left alone until
// core_cidrs_approve. struct peer_route: model/action.h.
// Due as intents are: WANTED to make, REMOVING to remove, CONFLICT to look again if it was given a time.
enum err core_routes_due(struct store_reader *r, struct wall now, size_t max, struct arena *a, struct peer_route **ret,
                         size_t *ret_n, struct wall *ret_next, struct error *err) MUST_CHECK;
// Before a call that makes or removes a route. Making: `tried` is set, durable, so that a lost reply is not taken for
// somebody else's route later; *row->tried keeps what it was before (0 and the route is there: FOUND; else MADE).
// Removing records nothing, since doing it twice is harmless. ERR_CONFLICT: the row has changed its mind since *row was
// read (wanted ↔ removing) or is gone, or writes are frozen.
enum err core_route_begin(struct core *c, struct peer_route *row, struct error *err) MUST_CHECK;
// The result of one cloud call for one route: MADE (by us), FOUND (the same route was there before we ever tried: kept
// at the end too), GONE (removed, or not there: the row ends), CONFLICT (something else is in its place, or AWS will
// not have it: never overwritten, reported; not_before 0 = never looked at again), or RETRY.
struct route_result {
    enum { ROUTE_RESULT_MADE, ROUTE_RESULT_FOUND, ROUTE_RESULT_GONE, ROUTE_RESULT_CONFLICT, ROUTE_RESULT_RETRY } kind;
    struct wall not_before; // CONFLICT, RETRY
    struct slice reason;
    unsigned used, limit; // MADE by a call just now: routes that count in the table, and the quota; limit 0 = not known
    // RETRY: the call of this attempt surely made nothing (it was refused, or never sent). `tried` becomes again what
    // it was before, row->tried: a route that somebody else makes until the next attempt must not be taken for ours.
    bool made_nothing;
};
// A row that changed its mind since (wanted ↔ removing) keeps its new state and takes over what is known.
// ERR_NOT_FOUND: the row is gone.
enum err core_route_outcome(struct core *c, const struct peer_route *row, const struct route_result *r,
                            struct error *err) MUST_CHECK;
// Replaces the list; routes in tables that leave it are removed as at the end of a connection. ERR_INVALID: not rtb-…,
// named twice, too many (NETWORK_TABLES_MAX), or the network is observed only.
#define NETWORK_TABLES_MAX 32
enum err core_network_tables(struct core *c, const struct actor *by, const char *network_id, const char *const *tables,
                             unsigned n, struct error *err) MUST_CHECK;
// Approves all blocks that the requester has now.
enum err core_cidrs_approve(struct core *c, const struct actor *by, const char *group_id, struct slice name_or_id,
                            struct error *err) MUST_CHECK;

// ---- finishing (reconcile) ------------------------------------------------------------------------------------------
// Once a connection that we accepted turns active, what its network asks for is set on it, once: the accepter's DNS
// option, and a tag Name if it has none. Connections that were active before the option was set keep what they have.
// struct network_options, struct finish: model/action.h.
enum network_option { OPTION_DNS, OPTION_NAME_TAG, OPTION_PEERING_LIMIT, OPTION_ROUTE_LIMIT };
struct network_option_value {
    bool on;           // DNS
    struct slice text; // NAME_TAG: a template, empty = none
    uint32_t number;   // limits; 0 = AWS' default
};
// ERR_INVALID: a wrong template or limit, or the network is observed only. *ret: all options of the network, in a.
enum err core_network_option(struct core *c, const struct actor *by, const char *network_id, enum network_option o,
                             const struct network_option_value *v, struct arena *a, struct network_options *ret,
                             struct error *err) MUST_CHECK;
// Due as intents are.
enum err core_finish_due(struct store_reader *r, struct wall now, size_t max, struct arena *a, struct finish **ret,
                         size_t *ret_n, struct wall *ret_next, struct error *err) MUST_CHECK;
struct finish_result {
    enum { FINISH_RESULT_SET, FINISH_RESULT_KEPT, FINISH_RESULT_RETRY, FINISH_RESULT_FAILED } kind;
    struct wall not_before; // RETRY and FAILED, which is tried again too
    struct slice reason;    // FAILED: an event, and the statusMessage of an ACTIVE row; KEPT: what it was left as
};
// ERR_NOT_FOUND: it is not wanted any more.
enum err core_finish_outcome(struct core *c, const struct finish *row, const struct finish_result *r,
                             struct error *err) MUST_CHECK;
