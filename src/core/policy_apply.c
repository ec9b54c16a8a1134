// SPDX-License-Identifier: Apache-2.0
// Acting on what policies decide: waiting requests are decided anew and become intents, are handed over, or are held
// with an event that says why. Called by: scan.c, intent.c, policy.c, each inside its own transaction.
// Must never: act for a group whose policy is not enabled, or tell the same reason twice.
#include <stdio.h>

#include "core/inside.h"

#define BATCH     100
#define ARENA_MAX ((size_t)16 << 20)

static const struct actor policy_actor = {PRINCIPAL_LOCAL, "policy", NULL};

// The facts of the last row's group and network: rows of one scan share them.
struct pass {
    struct policy_follow *f;
    struct arena *rows;   // one batch
    struct arena *groups; // policy and expected
    struct arena *nets;   // network and peers
    struct arena *scratch;
    struct policy policy;
    struct expected *expected;
    size_t expected_count;
    struct network net;
    struct policy_peer *peers;
    size_t peer_count;
    bool have_group, have_net;
    struct audit audit;
};

// ---- facts ------------------------------------------------------------------------------------------------

static enum err load_group(struct store_tx *tx, struct pass *p, const char *group_id, struct error *err)
{
    if (p->have_group && strcmp(p->policy.group_id, group_id) == 0) return ERR_OK;
    struct store_reader *r = store_tx_reader(tx);
    struct error why;
    arena_reset(p->groups);
    p->have_group = false;
    enum err code = core_audit_group(tx, p->f->core, &policy_actor, group_id, &p->audit, &why);
    if (code == ERR_NOT_FOUND) { // a connection came back whose group was deleted meanwhile: nobody decides
        p->policy = (struct policy){.enabled = false};
        return ERR_OK;
    }
    if (code != ERR_OK) return *err = why, code;
    code = store_policy_get(r, group_id, p->groups, &p->policy, err);
    if (code == ERR_OK && p->policy.enabled)
        code = store_expected(r, group_id, p->audit.now, p->groups, &p->expected, &p->expected_count, err);
    p->have_group = code == ERR_OK;
    return code;
}

static enum err load_net(struct store_tx *tx, struct pass *p, const char *network_id, struct error *err)
{
    if (p->have_net && strcmp(p->net.id, network_id) == 0) return ERR_OK;
    struct store_reader *r = store_tx_reader(tx);
    arena_reset(p->nets);
    enum err code = store_network_get(r, network_id, p->nets, &p->net, err);
    if (code == ERR_OK) code = store_live_peers(r, network_id, p->nets, &p->peers, &p->peer_count, err);
    p->have_net = code == ERR_OK;
    return code;
}

static struct policy_facts facts_of(const struct pass *p, const struct undecided *u)
{
    return (struct policy_facts){.rules = p->policy.rules,
                                 .rule_count = p->policy.rule_count,
                                 .expected = p->expected,
                                 .expected_count = p->expected_count,
                                 .account = slice_of(u->row.requester_account),
                                 .vpc = slice_of(u->row.requester_vpc),
                                 .cidrs = u->row.requester_cidrs,
                                 .mode = p->net.mode,
                                 .network_cidrs = p->net.cidrs,
                                 .peers = p->peers,
                                 .peer_count = p->peer_count,
                                 .handed_over = strcmp(u->row.group_id, u->network_group) != 0,
                                 .now = p->audit.now};
}

// ---- acts -------------------------------------------------------------------------------------------------

static enum err event(struct store_tx *tx, const struct audit *audit, enum audit_type type, const struct connection *c,
                      const struct policy_decision *d, const char *to_group, struct error *err)
{
    struct buf detail;
    struct json_writer w;
    buf_init(&detail, 4096);
    json_begin(&w, &detail, false);
    json_obj(&w);
    if (to_group) json_kstr(&w, "fromProject", c->group_id);
    json_kstr(&w, "networkId", c->network_id);
    json_kstr(&w, "reason", d->reason);
    json_kstr(&w, "requesterAccountId", c->requester_account);
    json_kstr(&w, "requesterVpcId", c->requester_vpc);
    if (d->rule_name[0]) json_kstr(&w, "rule", d->rule_name);
    if (to_group) json_kstr(&w, "toProject", to_group);
    json_obj_end(&w);
    struct connection seen = *c; // by the group whose event it is: to whom it is handed, it is new
    memcpy(seen.group_id, audit->group_id, sizeof(seen.group_id));
    const struct audit_subject about = {to_group && strcmp(to_group, audit->group_id) == 0 ? NULL : c, &seen};
    enum err code = detail.fail == BUF_OK
                        ? audit_write_about(tx, audit, type, slice_of(c->name), buf_view(&detail), &about, err)
                        : core_nomem(err);
    buf_done(&detail);
    return code;
}

static enum err hold(struct store_tx *tx, struct pass *p, const struct undecided *u, const struct policy_decision *d,
                     struct error *err)
{
    if (slice_eq_cstr(u->rule, d->rule_name) && slice_eq_cstr(u->reason, d->reason)) return ERR_OK;
    enum err code = store_tx_policy_hold(tx, &u->row, slice_of(d->rule_name), slice_of(d->reason), p->audit.now, err);
    return code == ERR_OK ? event(tx, &p->audit, AUDIT_POLICY_HELD, &u->row, d, NULL, err) : code;
}

static enum err use_expected(struct store_tx *tx, struct pass *p, const struct connection *c, const struct expected *e,
                             struct error *err)
{
    struct buf detail;
    enum err code = store_tx_expected_use(tx, e->id, c->name, p->audit.now, err);
    if (code != ERR_OK) return code;
    buf_init(&detail, 32768);
    policy_expected_detail(e, &detail);
    code = detail.fail == BUF_OK
               ? audit_write(tx, &p->audit, AUDIT_EXPECTED_USED, slice_of(c->name), buf_view(&detail), err)
               : core_nomem(err);
    buf_done(&detail);
    p->have_group = false; // it matches no other
    return code;
}

static enum err request(struct store_tx *tx, struct pass *p, const struct undecided *u, struct policy_decision *d,
                        struct error *err)
{
    const struct action_request q = {.by = &policy_actor,
                                     .group_id = u->row.group_id,
                                     .name_or_id = slice_of(u->row.id),
                                     .action = d->action == POLICY_ACCEPT ? ACTION_ACCEPT : ACTION_REJECT,
                                     .rule = d->rule_name};
    enum action_answer answer;
    struct slice why;
    enum err code = action_in_tx(tx, p->f->core, &q, p->scratch, &answer, &why, err);
    if (code != ERR_OK) return code;
    if (answer != ANSWER_TAKEN) { // what the API would refuse is refused here too
        if (!why.n) why = SLICE("its state does not allow it");
        bool fits = slice_copy(slice_n(why.p, MIN(why.n, sizeof(d->reason) - 1)), d->reason, sizeof(d->reason));
        ASSERT(fits); // it was cut to fit
        return hold(tx, p, u, d, err);
    }
    p->f->rows = p->f->intents = true;
    p->have_net = false; // it is one more peer
    code = store_tx_policy_hold_end(tx, u->row.id, err);
    return code == ERR_OK && d->expected ? use_expected(tx, p, &u->row, d->expected, err) : code;
}

static enum err decide(struct store_tx *tx, struct pass *p, const struct undecided *u, struct error *err);

// From then on it is the other group's, whose own policy decides what becomes of it. That cannot hand it on: its group
// is not its network's any more.
static enum err hand_over(struct store_tx *tx, struct pass *p, const struct undecided *u, struct policy_decision *d,
                          struct error *err)
{
    struct audit there;
    struct error why;
    struct undecided now = {.row = u->row};
    memcpy(now.row.group_id, d->rule->target, sizeof(now.row.group_id));
    memcpy(now.network_group, u->network_group, sizeof(now.network_group));
    enum err code = core_audit_group(tx, p->f->core, &policy_actor, now.row.group_id, &there, &why);
    if (code == ERR_NOT_FOUND) {
        (void)snprintf(d->reason, sizeof(d->reason), "the project %s was deleted", now.row.group_id);
        return hold(tx, p, u, d, err);
    }
    if (code != ERR_OK) return *err = why, code;
    code = event(tx, &p->audit, AUDIT_POLICY_HANDED_OVER, &u->row, d, now.row.group_id, err);
    if (code == ERR_OK) code = event(tx, &there, AUDIT_POLICY_HANDED_OVER, &u->row, d, now.row.group_id, err);
    if (code == ERR_OK) code = store_tx_policy_hold_end(tx, u->row.id, err);
    if (code == ERR_OK) code = store_tx_connection_hand_over(tx, u->row.id, now.row.group_id, err);
    if (code != ERR_OK) return code;
    p->f->rows = true;
    return decide(tx, p, &now, err);
}

static enum err act(struct store_tx *tx, struct pass *p, const struct undecided *u, struct policy_decision *d,
                    struct error *err)
{
    if (d->action == POLICY_ACCEPT || d->action == POLICY_REJECT) return request(tx, p, u, d, err);
    return d->action == POLICY_HAND_OVER ? hand_over(tx, p, u, d, err) : hold(tx, p, u, d, err);
}

// ---- all that wait ----------------------------------------------------------------------------------------

static enum err decide(struct store_tx *tx, struct pass *p, const struct undecided *u, struct error *err)
{
    enum err code = load_group(tx, p, u->row.group_id, err);
    if (code != ERR_OK || !p->policy.enabled) return code;
    if ((code = load_net(tx, p, u->row.network_id, err)) != ERR_OK) return code;
    const struct policy_facts facts = facts_of(p, u);
    struct policy_decision d;
    policy_decide(&facts, &d);
    arena_reset(p->scratch);
    return act(tx, p, u, &d, err);
}

static enum err pass(struct store_tx *tx, struct pass *p, struct error *err)
{
    char after[OID_HEX + 1] = "";
    for (;;) {
        struct undecided *u;
        size_t n;
        arena_reset(p->rows);
        enum err code =
            store_undecided(store_tx_reader(tx), p->f->group_id, p->f->network_id, after, BATCH, p->rows, &u, &n, err);
        for (size_t i = 0; code == ERR_OK && i < n; i++) code = decide(tx, p, &u[i], err);
        if (code != ERR_OK || n < BATCH) return code;
        memcpy(after, u[n - 1].row.id, sizeof(after));
    }
}

enum err policy_follow(struct store_tx *tx, struct policy_follow *f, struct error *err)
{
    bool any = false;
    enum err code = store_policy_any(store_tx_reader(tx), &any, err);
    if (code != ERR_OK || !any) return code;
    struct arena *rows CLEANUP(arena_freep) = arena_new(ARENA_MAX), *groups CLEANUP(arena_freep) = arena_new(ARENA_MAX);
    struct arena *nets CLEANUP(arena_freep) = arena_new(ARENA_MAX),
                       *scratch CLEANUP(arena_freep) = arena_new(ARENA_MAX);
    if (!rows || !groups || !nets || !scratch) return core_nomem(err);
    struct pass p = {.f = f, .rows = rows, .groups = groups, .nets = nets, .scratch = scratch};
    return pass(tx, &p, err);
}
