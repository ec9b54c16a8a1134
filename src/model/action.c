// SPDX-License-Identifier: Apache-2.0
// Names of actions, ends and route states, as they are stored and printed. Called by: store, core, cli, api.
// Must never: change a name (rows hold them).
#include "model/action.h"

static const char *const actions[ACTION_COUNT_] = {
    [ACTION_ACCEPT] = "accept", [ACTION_REJECT] = "reject", [ACTION_DELETE] = "delete"};
static const char *const ends[INTENT_END_COUNT_] = {
    [INTENT_LIVE] = "live", [INTENT_DONE] = "done", [INTENT_FAILED] = "failed", [INTENT_DROPPED] = "dropped"};
static const char *const route_states[PEER_ROUTE_STATE_COUNT_] = {[PEER_ROUTE_WANTED] = "wanted",
                                                                  [PEER_ROUTE_MADE] = "made",
                                                                  [PEER_ROUTE_REMOVING] = "removing",
                                                                  [PEER_ROUTE_CONFLICT] = "conflict"};

static const char *const finish_kinds[FINISH_KIND_COUNT_] = {[FINISH_DNS] = "dns", [FINISH_NAME] = "name"};

// The index of a name, or n.
static unsigned find(struct slice s, const char *const *names, unsigned n)
{
    unsigned i = 0;
    while (i < n && !slice_eq_cstr(s, names[i])) i++;
    return i;
}

const char *action_name(enum action a)
{
    ASSERT((unsigned)a < ACTION_COUNT_);
    return actions[a];
}

bool action_parse(struct slice s, enum action *ret)
{
    unsigned i = find(s, actions, ACTION_COUNT_);
    if (i < ACTION_COUNT_) *ret = (enum action)i;
    return i < ACTION_COUNT_;
}

const char *intent_end_name(enum intent_end e)
{
    ASSERT((unsigned)e < INTENT_END_COUNT_);
    return ends[e];
}

bool intent_end_parse(struct slice s, enum intent_end *ret)
{
    unsigned i = find(s, ends, INTENT_END_COUNT_);
    if (i < INTENT_END_COUNT_) *ret = (enum intent_end)i;
    return i < INTENT_END_COUNT_;
}

const char *peer_route_state_name(enum peer_route_state s)
{
    ASSERT((unsigned)s < PEER_ROUTE_STATE_COUNT_);
    return route_states[s];
}

bool peer_route_state_parse(struct slice s, enum peer_route_state *ret)
{
    unsigned i = find(s, route_states, PEER_ROUTE_STATE_COUNT_);
    if (i < PEER_ROUTE_STATE_COUNT_) *ret = (enum peer_route_state)i;
    return i < PEER_ROUTE_STATE_COUNT_;
}

const char *finish_kind_name(enum finish_kind k)
{
    ASSERT((unsigned)k < FINISH_KIND_COUNT_);
    return finish_kinds[k];
}

bool finish_kind_parse(struct slice s, enum finish_kind *ret)
{
    unsigned i = find(s, finish_kinds, FINISH_KIND_COUNT_);
    if (i < FINISH_KIND_COUNT_) *ret = (enum finish_kind)i;
    return i < FINISH_KIND_COUNT_;
}
