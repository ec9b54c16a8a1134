// SPDX-License-Identifier: Apache-2.0
// What must hold when the faults are over and everything had time to settle: nothing is left undone, and the lists and
// routes are the cloud's truth. Called by: play.c. Must never: be asked while something is under way.
#include "ec2sim/model.h"
#include "tests/sim/sim.h"

#define LATELY_US (70 * 60 * US_PER_SEC) // longer than between two scans

static bool is_end(enum sim_state s)
{
    return s == SIM_FAILED || s == SIM_EXPIRED || s == SIM_REJECTED || s == SIM_DELETED;
}

static void check_peering(struct play *p, const struct net *n, const struct sim_peering *v)
{
    struct sim_caller who = {""};
    struct sim_view view;
    ASSERT(cstr_set(who.account, sizeof who.account, n->account) && cstr_set(who.region, sizeof who.region, n->region));
    const struct peer *r = peer_of(p, slice_of(v->id), false);
    struct wall lately = {cloud_wall(p).us - LATELY_US};
    if (sim_state_at(v, lately) != sim_state_at(v, cloud_wall(p))) return; // expired since the last scan
    bool shown = sim_view(ec2sim_world_model(p->world), v, &who, cloud_wall(p), &view);
    const char *code = shown ? sim_state_code(view.state) : "";
    if (shown && !is_end(view.state) && (!r || !r->listed || r->cloud != cloud_status_of(slice_of(code))))
        play_broke(p, "%s is %s in AWS, and the list has it as %s", v->id, code,
                   !r || !r->listed ? "nothing" : local_status_name(r->local));
    if (shown && is_end(view.state) && r && r->listed && r->cloud != cloud_status_of(slice_of(code)))
        play_broke(p, "%s has ended in AWS as %s, and the list shows %d", v->id, code, r->cloud);
    if (!shown && r && r->listed && !cloud_status_is_terminal(r->cloud))
        play_broke(p, "%s is not to be seen in AWS any more, and the list still has it", v->id);
}

static void check_owed(struct play *p, const struct peer *r)
{
    for (int a = 0; a < ACTION_COUNT_; a++)
        if (r->act[a].owed) play_broke(p, "%s of %s was acknowledged and never ended", action_name(a), r->name);
    if (r->net && !r->net->there) return; // it is left as it was
    if (r->local == LOCAL_REQUEST_ACCEPT || r->local == LOCAL_REQUEST_REJECT || r->local == LOCAL_REQUEST_DELETE)
        play_broke(p, "%s still is %s", r->name, local_status_name(r->local));
    if (r->local == LOCAL_ACCEPT_REQUESTED ||
        (r->local == LOCAL_DELETE_REQUESTED && r->listed && r->cloud == CLOUD_ACTIVE))
        play_broke(p, "%s rests in %s", r->name, local_status_name(r->local));
}

static bool wanted(const struct play *p, const struct made *m, const struct peer *r)
{
    if (!r || !r->net || !r->listed || r->cloud != CLOUD_ACTIVE) return false;
    for (unsigned t = 0; t < r->net->table_count; t++) {
        if (!(r->net->named & (1U << t)) || strcmp(r->net->tables[t], m->table) != 0) continue;
        for (unsigned i = 0; i < r->approved_n; i++)
            if (strcmp(r->approved[i], m->cidr) == 0) return true;
    }
    (void)p;
    return false;
}

static void check_left(struct play *p)
{
    for (unsigned i = 0; i < p->made_n && !p->broken[0]; i++) {
        const struct made *m = &p->made[i];
        const char *target = route_target(p, m->table, m->cidr);
        const struct peer *r = peer_of(p, slice_of(m->pcx), false);
        if (m->unclear) continue;
        if (target && strcmp(target, m->pcx) == 0 && !wanted(p, m, r))
            play_broke(p, "the route of %s to %s in %s was made by us and is left behind", m->pcx, m->cidr, m->table);
    }
}

static bool undone(const struct play *p, const char *table, const char *cidr, const char *pcx)
{
    for (unsigned i = 0; i < p->undone_n; i++)
        if (strcmp(p->undone[i].table, table) == 0 && strcmp(p->undone[i].cidr, cidr) == 0 &&
            strcmp(p->undone[i].pcx, pcx) == 0)
            return true;
    return false;
}

static void check_routes(struct play *p, const struct peer *r)
{
    const struct sim_peering *v = sim_peering_find(ec2sim_world_model(p->world), slice_of(r->name));
    if (!v || !r->net || !r->net->manage || !r->net->there || !r->listed || r->cloud != CLOUD_ACTIVE) return;
    for (unsigned t = 0; t < r->net->table_count; t++) {
        if (!(r->net->named & (1U << t))) continue;
        for (unsigned i = 0; i < r->approved_n; i++) {
            const char *target = route_target(p, r->net->tables[t], r->approved[i]);
            if (!target && !undone(p, r->net->tables[t], r->approved[i], r->name))
                play_broke(p, "%s is active, and there is no route to %s in %s", r->name, r->approved[i],
                           r->net->tables[t]);
        }
    }
}

static void check_network(struct play *p, const struct net *n)
{
    struct error err;
    struct network row;
    if (store_network_get(p->reader, n->id, p->arena, &row, &err) != ERR_OK)
        play_broke(p, "the network %s cannot be read: %s", n->id, err.detail);
    else if (row.failed != n->wrong_account)
        play_broke(p, "the network of %s %s SCAN_FAILED", n->vpc_id, row.failed ? "still shows" : "does not show");
}

void check_final(struct play *p)
{
    const struct sim *m = ec2sim_world_model(p->world);
    arena_reset(p->arena);
    for (unsigned i = 0; i < p->net_count && !p->broken[0]; i++) {
        const struct net *n = &p->nets[i];
        if (!n->there) continue;
        check_network(p, n);
        for (size_t k = 0; k < m->peering_count && !n->wrong_account; k++)
            if (strcmp(m->peerings[k]->accepter.vpc_id, n->vpc_id) == 0) check_peering(p, n, m->peerings[k]);
    }
    for (unsigned i = 0; i < p->peer_count && !p->broken[0]; i++) {
        check_owed(p, p->peers[i]);
        check_routes(p, p->peers[i]);
    }
    check_left(p);
    if (!p->broken[0]) rules_final(p);
    if (!p->broken[0]) hooks_final(p);
}
