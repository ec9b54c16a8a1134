// SPDX-License-Identifier: Apache-2.0
// What tenants do beside asking for actions: policies, approvals, expected requests, webhooks, options, and the removal
// of a network. Called by: script.c, process.c. Must never: depend on anything but the seed and what a client sees.
#include <stdio.h>

#include "auth/keyring.h"
#include "core/approve.h"
#include "core/policy.h"
#include "tests/sim/sim.h"

#define KEYS "0011223344556677 = 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
#define TAG  "peer of {requesterAccountId}"

const struct actor persons[PERSONS] = {{PRINCIPAL_API_KEY, "abcdefgh", "192.0.2.1"},
                                       {PRINCIPAL_SERVICE_ACCOUNT, "mdb_sa_id_0123456789abcdef01234567", "192.0.2.2"},
                                       {PRINCIPAL_API_KEY, "bcdefghi", "192.0.2.1"},
                                       {PRINCIPAL_API_KEY, "cdefghij", "192.0.2.3"}};
// A name always means the same, so that the log alone tells what a rule was.
const struct rule_kind rule_kinds[RULES_MAX] = {
    {"take-ours", POLICY_ACCEPT, REQUESTER},   {"take-other", POLICY_ACCEPT, OTHER},
    {"refuse-ours", POLICY_REJECT, REQUESTER}, {"refuse-other", POLICY_REJECT, OTHER},
    {"leave-ours", POLICY_HOLD, REQUESTER},    {"leave-other", POLICY_HOLD, OTHER},
    {"take-any", POLICY_ACCEPT, "*"},          {"leave-any", POLICY_HOLD, "*"}};

static void policy_set(struct play *p, unsigned g)
{
    struct error err;
    struct policy_rule rules[RULES_MAX];
    size_t n = 0;
    bool changed = false;
    unsigned from = (unsigned)draw(p, RULES_MAX), mask = (unsigned)draw(p, 1U << RULES_MAX);
    for (unsigned i = 0; i < RULES_MAX; i++) {
        const struct rule_kind *k = &rule_kinds[(from + i) % RULES_MAX];
        if (!(mask & (1U << i))) continue;
        rules[n] = (struct policy_rule){.action = k->action, .accounts = slice_of(k->account)};
        ASSERT(cstr_set(rules[n].name, sizeof rules[n].name, k->name));
        n++;
    }
    enum err e = core_policy_set(p->core, &persons[0], p->groups[g], rules, n, -1, &changed, &err);
    if (!p->dead) play_note(p, "policy", p->groups[g], e == ERR_OK ? (int64_t)n : -(int64_t)e);
}

static void policy_enable(struct play *p, unsigned g)
{
    struct error err;
    bool on = !chance(p, 3);
    enum err e = core_policy_enable(p->core, &persons[1], p->groups[g], on, &err);
    if (!p->dead) play_note(p, on ? "policy on" : "policy off", p->groups[g], e);
}

static void expect(struct play *p, unsigned g)
{
    struct error err;
    struct expected row;
    struct expected_new new = {.group_id = p->groups[g],
                               .account = slice_of(chance(p, 3) ? OTHER : REQUESTER),
                               .owner = SLICE("team"),
                               .valid_until = {play_wall(p).us + (int64_t)(1 + draw(p, 1800)) * US_PER_SEC}};
    if (p->awaited_n == AWAITED_MAX) return;
    if (chance(p, 2)) new.vpc = slice_of(p->requesters[draw(p, p->requester_count)]);
    enum err e = core_expected_add(p->core, &persons[0], &new, &row, &err);
    if (!p->dead) play_note(p, "expect", p->groups[g], e);
}

static void expect_no_more(struct play *p)
{
    struct error err;
    if (!p->awaited_n) return;
    const struct awaited *a = &p->awaited[draw(p, p->awaited_n)];
    enum err e = core_expected_remove(p->core, &persons[0], p->groups[a->project], a->id, &err);
    if (!p->dead) play_note(p, "expect no more", a->id, e);
}

static void approvals(struct play *p, unsigned g)
{
    struct error err;
    const struct approval_rule rule = {.accepts = chance(p, 2) ? 1 : 1 + (unsigned)draw(p, 3)};
    enum err e = core_approvals_set(p->core, &persons[0], p->groups[g], &rule, &err);
    if (!p->dead) play_note(p, "approvals", p->groups[g], e == ERR_OK ? (int64_t)rule.accepts : -(int64_t)e);
}

static void remove_network(struct play *p)
{
    struct error err;
    unsigned there = 0;
    for (unsigned i = 0; i < p->net_count; i++) there += p->nets[i].there;
    if (there < p->net_count) return; // one of them a day
    const struct net *n = &p->nets[draw(p, p->net_count)];
    for (unsigned i = 0; i < p->peer_count; i++) // one that is in use
        if (p->peers[i]->net && p->peers[i]->act[ACTION_ACCEPT].owed) n = p->peers[i]->net;
    enum err e = core_network_remove(p->core, &persons[0], n->id, &err);
    if (!p->dead) play_note(p, "remove", n->id, e);
}

static void hook_switch(struct play *p)
{
    struct error err;
    if (!p->hook_n) return;
    const struct hook *h = &p->hooks[draw(p, p->hook_n)];
    bool on = !chance(p, 3);
    enum err e = core_webhook_enable(p->core, &persons[0], h->id, on, SLICE("a change"), &err);
    if (!p->dead) play_note(p, on ? "hook on" : "hook off", h->id, e);
}

static void deliver(struct play *p)
{
    p->receiver_well = chance(p, 3);
    if (p->notifier) (void)notifier_run_once(p->notifier);
}

void tenants_op(struct play *p)
{
    uint64_t x = draw(p, 40);
    unsigned g = (unsigned)draw(p, 2);
    if (x < 4)
        policy_set(p, g);
    else if (x < 8)
        policy_enable(p, g);
    else if (x < 17)
        expect(p, g);
    else if (x < 19)
        expect_no_more(p);
    else if (x < 22)
        approvals(p, g);
    else if (x < 24)
        hook_switch(p);
    else if (x < 25)
        remove_network(p);
    else
        deliver(p);
}

// ---- the beginning

static void must(struct play *p, enum err e, const struct error *err)
{
    if (e != ERR_OK) play_broke(p, "set-up: %s", err->detail);
}

static void add_hook(struct play *p, const char *org_id, int project, notice_set notices, bool elsewhere)
{
    struct error err;
    struct webhook w = {.notices = notices, .enabled = true};
    struct hook *h = &p->hooks[p->hook_n];
    const struct hook_maker m = {
        .core = p->core, .keys = p->keys, .clock = &p->clock, .rng = &p->process_rng, .by = &persons[0]};
    *h = (struct hook){.project = project, .notices = notices, .elsewhere = elsewhere, .on = true};
    snprintf(h->url, sizeof h->url, "https://hook%u.example/", p->hook_n);
    ASSERT(cstr_set(w.org_id, sizeof w.org_id, org_id) && cstr_set(w.url, sizeof w.url, h->url));
    if (project >= 0) memcpy(w.group_id, p->groups[project], sizeof w.group_id);
    enum err e = hook_add(&m, &w, h->secret, &err);
    must(p, e, &err);
    if (e != ERR_OK) return;
    memcpy(h->id, w.id, sizeof h->id);
    p->hook_n++;
}

static void add_options(struct play *p, struct net *n)
{
    struct error err;
    struct network_options all;
    const struct network_option_value dns = {.on = true}, tag = {.text = SLICE(TAG)};
    n->dns = chance(p, 2);
    n->tag = chance(p, 2);
    if (n->dns) must(p, core_network_option(p->core, &persons[0], n->id, OPTION_DNS, &dns, p->arena, &all, &err), &err);
    if (n->tag)
        must(p, core_network_option(p->core, &persons[0], n->id, OPTION_NAME_TAG, &tag, p->arena, &all, &err), &err);
}

void tenants_set_up(struct play *p)
{
    struct error err;
    struct org other;
    for (int i = 0; i < 2; i++) p->projects[i].accepts = 1;
    for (unsigned i = 0; i < p->net_count; i++)
        if (p->nets[i].manage) add_options(p, &p->nets[i]);
    if (p->broken[0] || !chance(p, 3)) return; // nobody listens
    must(p, core_org_create(p->core, &persons[0], SLICE("elsewhere"), &other, &err), &err);
    if (p->broken[0]) return;
    must(p, keyring_parse(SLICE(KEYS), &p->keys, &err), &err);
    p->messages = mem_alloc(MESSAGES_MAX * sizeof *p->messages);
    ASSERT(p->messages);
    add_hook(p, p->org_id, -1, NOTICE_ALL, false);
    add_hook(p, p->org_id, 1, NOTICE_ALL, false);
    add_hook(p, p->org_id, 0, (notice_set)(1U << NOTICE_REQUESTED | 1U << NOTICE_ACTIVE | 1U << NOTICE_EXPIRED), false);
    add_hook(p, other.id, -1, NOTICE_ALL, true);
    if (!p->broken[0] && !tenants_start(p, &err)) play_broke(p, "set-up: %s", err.detail);
}

bool tenants_start(struct play *p, struct error *err)
{
    if (!p->hook_n) return true; // each reader of the store reads the schema
    const struct notifier_options o = {.store = p->store,
                                       .core = p->core,
                                       .keys = p->keys,
                                       .clock = &p->clock,
                                       .rng = &p->process_rng,
                                       .keep_us = INT64_C(7) * 86400 * US_PER_SEC,
                                       .total_ms = 15000};
    return notifier_start(&o, &p->notifier, err) == ERR_OK;
}
