// SPDX-License-Identifier: Apache-2.0
// What must hold of policies, expected requests, approvals, options and removed networks, by what the log says.
// Called by: check.c, final.c. Must never: ask the store what the log can tell.
#include <stdio.h>

#include "ec2sim/model.h"
#include "tests/sim/sim.h"

#define EXPECTED "expected:"

static bool is(const struct event_row *e, const char *type)
{
    return strcmp(e->type, type) == 0;
}

static unsigned project_of(const struct play *p, const char *group_id)
{
    return strcmp(group_id, p->groups[1]) == 0;
}

static struct awaited *awaited_of(struct play *p, struct slice id)
{
    for (unsigned i = 0; i < p->awaited_n; i++)
        if (slice_eq_cstr(id, p->awaited[i].id)) return &p->awaited[i];
    return NULL;
}

// ---- what is in force

static unsigned rules_named(struct slice detail)
{
    unsigned bits = 0;
    for (unsigned i = 0; i < RULES_MAX; i++) {
        char text[64];
        int n = snprintf(text, sizeof text, "\"%s\"", rule_kinds[i].name);
        if (memmem(detail.p, detail.n, text, (size_t)n)) bits |= 1U << i;
    }
    return bits;
}

static void expected_added(struct play *p, const struct event_row *e)
{
    struct slice id, account, until;
    struct awaited *a = &p->awaited[p->awaited_n];
    ASSERT(p->awaited_n < AWAITED_MAX && detail_text(e->detail, "expectedId", &id) &&
           detail_text(e->detail, "requesterAccountId", &account) && detail_text(e->detail, "validUntil", &until));
    *a = (struct awaited){.project = project_of(p, e->group_id)};
    ASSERT(slice_copy(id, a->id, sizeof a->id) && slice_copy(account, a->account, sizeof a->account) &&
           wall_parse_rfc3339(until, &a->until));
    p->awaited_n++;
}

static void expected_used(struct play *p, const struct event_row *e)
{
    struct slice id;
    struct awaited *a = detail_text(e->detail, "expectedId", &id) ? awaited_of(p, id) : NULL;
    if (!a || a->gone)
        play_broke(p, "an expected request is used for %.*s that is used already, or not expected",
                   SLICE_FMT(e->resource));
    else if (e->created.us >= a->until.us + US_PER_SEC) // the log has whole seconds
        play_broke(p, "an expected request is used for %.*s past its time", SLICE_FMT(e->resource));
    if (a) a->gone = true;
}

static void removed(struct play *p, struct net *n)
{
    n->there = false;
    n->removed_ns = p->now_ns;
    n->named = 0;
    for (unsigned i = 0; i < p->peer_count; i++) {
        struct peer *r = p->peers[i];
        if (r->net != n) continue;
        r->listed = false;
        r->approved_n = 0;
        for (int a = 0; a < ACTION_COUNT_; a++) r->act[a].owed = false;
        for (unsigned k = 0; k < p->made_n; k++) // nobody takes them away
            if (strcmp(p->made[k].pcx, r->name) == 0) p->made[k].unclear = true;
    }
}

static struct net *net_named(struct play *p, struct slice id)
{
    for (unsigned i = 0; i < p->net_count; i++)
        if (slice_eq_cstr(id, p->nets[i].id)) return &p->nets[i];
    return NULL;
}

void rules_event(struct play *p, const struct event_row *e)
{
    struct project *g = &p->projects[project_of(p, e->group_id)];
    struct slice id;
    struct awaited *a;
    struct net *n = net_named(p, e->resource);
    if (is(e, "PEERAGE_POLICY_CHANGED"))
        g->rules = rules_named(e->detail);
    else if (is(e, "PEERAGE_POLICY_ENABLED") || is(e, "PEERAGE_POLICY_DISABLED"))
        g->policy = is(e, "PEERAGE_POLICY_ENABLED");
    else if (is(e, "PEERAGE_EXPECTED_ADDED"))
        expected_added(p, e);
    else if (is(e, "PEERAGE_EXPECTED_USED"))
        expected_used(p, e);
    else if (is(e, "PEERAGE_EXPECTED_REMOVED") && detail_text(e->detail, "expectedId", &id) && (a = awaited_of(p, id)))
        a->gone = true;
    else if (is(e, "PEERAGE_APPROVALS_CHANGED") && e->detail.n > 11)
        g->accepts = (unsigned)(e->detail.p[11] - '0'); // {"accepts":N,
    else if (is(e, "PEERAGE_NETWORK_REMOVED") && n)
        removed(p, n);
}

// ---- who may have asked

static void by_rule(struct play *p, const struct event_row *e, const struct peer *r, bool accept)
{
    struct connection row;
    struct error err;
    struct slice rule;
    const struct project *g = &p->projects[project_of(p, e->group_id)];
    unsigned i = 0;
    if (store_connection_get(p->reader, e->group_id, slice_of(r->name), p->arena, &row, &err) != ERR_OK) return;
    if (!g->policy) play_broke(p, "a policy that is off has acted on %s", r->name);
    if (!detail_text(e->detail, "rule", &rule)) rule = SLICE("");
    if (slice_starts(rule, SLICE(EXPECTED))) {
        const struct awaited *a = awaited_of(p, slice_skip(rule, sizeof EXPECTED - 1));
        if (!a || strcmp(a->account, row.requester_account) != 0 || !accept)
            play_broke(p, "%s was answered as expected, and it was not", r->name);
        else if (a->gone)
            play_broke(p, "%s was answered as expected, and another one has used that", r->name);
        return;
    }
    while (i < RULES_MAX && !slice_eq_cstr(rule, rule_kinds[i].name)) i++;
    if (i == RULES_MAX || !(g->rules & (1U << i)))
        play_broke(p, "%s was answered by the rule \"%.*s\", which is not in force", r->name, SLICE_FMT(rule));
    else if (rule_kinds[i].action != (accept ? POLICY_ACCEPT : POLICY_REJECT) ||
             (rule_kinds[i].account[0] != '*' && strcmp(rule_kinds[i].account, row.requester_account) != 0))
        play_broke(p, "%s was answered by the rule \"%s\", which does not say so", r->name, rule_kinds[i].name);
}

static unsigned person_bit(const struct event_row *e)
{
    for (unsigned i = 0; i < PERSONS; i++)
        if (strcmp(e->actor, persons[i].name) == 0) return 1U << i;
    return 0;
}

void rules_requested(struct play *p, const struct event_row *e, struct peer *r)
{
    bool accept = is(e, "PEERAGE_CONNECTION_ACCEPT_REQUESTED"), approved = is(e, "PEERAGE_CONNECTION_ACCEPT_APPROVED");
    if (approved) r->approvers |= person_bit(e);
    if (!accept && !is(e, "PEERAGE_CONNECTION_REJECT_REQUESTED")) return;
    if (strcmp(e->actor, "policy") == 0) {
        by_rule(p, e, r, accept);
        return;
    }
    unsigned n = (unsigned)__builtin_popcount(r->approvers | person_bit(e));
    const struct project *g = &p->projects[project_of(p, e->group_id)];
    if (accept && n < g->accepts)
        play_broke(p, "the accept of %s was taken up after %u of %u had asked", r->name, n, g->accepts);
}

// ---- at the end

static void final_options(struct play *p, const struct peer *r)
{
    const struct sim_peering *v = sim_peering_find(ec2sim_world_model(p->world), slice_of(r->name));
    char name[64];
    if (!v || !r->finishes || !r->listed || r->cloud != CLOUD_ACTIVE || !r->net->there) return;
    if (r->net->dns && !v->accepter.dns) play_broke(p, "%s is active without the DNS option", r->name);
    bool same = strcmp(v->accepter.at.account, v->requester.at.account) == 0 &&
                strcmp(v->accepter.at.region, v->requester.at.region) == 0;
    snprintf(name, sizeof name, "peer of %s", v->requester.at.account);
    const char *tag = sim_tag_find(same ? &v->requester_tags : &v->accepter_tags, SLICE("Name"));
    if (r->net->tag && (!tag || strcmp(tag, name) != 0)) play_broke(p, "%s is active without its Name", r->name);
}

// What a removed network has had stays to be read.
static void final_history(struct play *p, const struct peer *r)
{
    struct connection row;
    struct error err;
    if (!r->known || !r->net || r->net->there) return;
    if (store_connection_of_network(p->reader, r->net->id, slice_of(r->name), p->arena, &row, &err) != ERR_OK)
        play_broke(p, "%s of a removed network is not in the history: %s", r->name, err.detail);
    else if (row.listed)
        play_broke(p, "%s of a removed network is still listed", r->name);
}

void rules_final(struct play *p)
{
    for (unsigned i = 0; i < p->peer_count && !p->broken[0]; i++) {
        if (p->peers[i]->net) final_options(p, p->peers[i]);
        final_history(p, p->peers[i]);
    }
}
