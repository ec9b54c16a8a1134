// SPDX-License-Identifier: Apache-2.0
// What must hold of every call to the cloud: who may change what, never twice blindly, only routes of ours.
// Called by: transport.c. Must never: change what the call does.
#include <stdio.h>

#include "ec2sim/model.h"
#include "tests/sim/sim.h"

#define TOO_EARLY_NS                                                                                                   \
    (40 * NS_PER_SEC) // for NotFound to be believed: 120 s by a clock that may be stepped, or 12 attempts

static bool action_of(const char *name, enum action *ret)
{
    *ret = strcmp(name, "AcceptVpcPeeringConnection") == 0   ? ACTION_ACCEPT
           : strcmp(name, "RejectVpcPeeringConnection") == 0 ? ACTION_REJECT
                                                             : ACTION_DELETE;
    return *ret != ACTION_DELETE || strcmp(name, "DeleteVpcPeeringConnection") == 0;
}

// 10.1.0.0%2F16
static void block_of(struct slice body, char ret[CIDR_STR])
{
    struct slice text = form_param(body, "DestinationCidrBlock");
    size_t n = 0;
    *ret = '\0';
    while (text.n && n < CIDR_STR - 1) {
        bool slash = text.n >= 3 && memcmp(text.p, "%2F", 3) == 0;
        ret[n++] = slash ? '/' : text.p[0];
        text = slice_skip(text, slash ? 3 : 1);
    }
    ret[n] = '\0';
}

static struct net *net_of_table(struct play *p, struct slice table, unsigned *ret_at)
{
    for (unsigned i = 0; i < p->net_count; i++)
        for (unsigned k = 0; k < p->nets[i].table_count; k++)
            if (slice_eq_cstr(table, p->nets[i].tables[k])) return *ret_at = k, &p->nets[i];
    return NULL;
}

static const struct sim_route *route_in_cloud(const struct play *p, struct slice table, const char *cidr)
{
    const struct sim_table *t = sim_table_find(ec2sim_world_model(p->world), table);
    struct cidr want;
    if (!t || !cidr_parse(slice_of(cidr), false, &want)) return NULL;
    for (unsigned i = 0; i < t->route_count; i++)
        if (!t->routes[i].deleted.us && memcmp(&t->routes[i].to, &want, sizeof want) == 0) return &t->routes[i];
    return NULL;
}

const char *route_target(const struct play *p, const char *table, const char *cidr)
{
    const struct sim_route *r = route_in_cloud(p, slice_of(table), cidr);
    return r ? r->pcx : NULL;
}

void made_add(struct made **list, unsigned *n, unsigned *cap, const char *table, const char *cidr, const char *pcx)
{
    if (*n == *cap) {
        *cap = *cap * 2 + 64;
        *list = mem_realloc(*list, *cap * sizeof **list);
        ASSERT(*list);
    }
    struct made *m = &(*list)[(*n)++];
    m->unclear = false;
    ASSERT(cstr_set(m->table, sizeof m->table, table) && cstr_set(m->cidr, sizeof m->cidr, cidr) &&
           cstr_set(m->pcx, sizeof m->pcx, pcx));
}

struct made *made_of(struct play *p, struct slice table, const char *cidr)
{
    for (unsigned i = 0; i < p->made_n; i++)
        if (slice_eq_cstr(table, p->made[i].table) && strcmp(p->made[i].cidr, cidr) == 0) return &p->made[i];
    return NULL;
}

// ---- before

#define UNDER_WAY_NS (2 * MINUTE_NS) // a call that had begun, with what waits in its way

static bool may_change(struct play *p, const struct net *n, const char *account, const char *name, const char *what)
{
    bool under_way = n && n->removed_ns && p->now_ns - n->removed_ns < UNDER_WAY_NS;
    if (!n || (!n->there && !under_way))
        play_broke(p, "%s for %s, which is of no network", name, what);
    else if (!n->manage)
        play_broke(p, "%s for %s, whose network is only observed", name, what);
    else if (n->wrong_account || strcmp(n->account, account) != 0)
        play_broke(p, "%s for %s by account %s", name, what, account);
    return !p->broken[0];
}

static bool check_action(struct play *p, const char *account, const char *name, enum action a, struct slice body)
{
    struct slice pcx = form_param(body, "VpcPeeringConnectionId");
    struct peer *r = peer_of(p, pcx, false);
    char what[AWS_RES_ID] = "?";
    if (!slice_copy(pcx, what, sizeof what)) what[0] = '\0';
    if (!may_change(p, r ? r->net : NULL, account, name, what)) return false;
    if (!r->act[a].begun) play_broke(p, "%s for %s without a recorded beginning", name, what);
    if (r->act[a].sent) play_broke(p, "%s for %s again, though the first may have taken effect", name, what);
    return !p->broken[0];
}

static bool check_create(struct play *p, const char *account, struct slice body)
{
    struct slice table = form_param(body, "RouteTableId"), pcx = form_param(body, "VpcPeeringConnectionId");
    char cidr[CIDR_STR], what[AWS_RES_ID] = "?";
    unsigned at = 0;
    struct net *n = net_of_table(p, table, &at);
    const struct peer *r = peer_of(p, pcx, false);
    bool approved = false;
    block_of(body, cidr);
    if (!slice_copy(pcx, what, sizeof what)) what[0] = '\0';
    if (!may_change(p, n, account, "CreateRoute", what)) return false;
    for (unsigned i = 0; r && i < r->approved_n; i++) approved |= strcmp(r->approved[i], cidr) == 0;
    if (!approved) play_broke(p, "CreateRoute to %s of %s, which nobody has approved", cidr, what);
    return !p->broken[0];
}

static bool check_delete(struct play *p, const char *account, struct slice body)
{
    struct slice table = form_param(body, "RouteTableId");
    char cidr[CIDR_STR];
    unsigned at;
    struct net *n = net_of_table(p, table, &at);
    block_of(body, cidr);
    if (!may_change(p, n, account, "DeleteRoute", cidr)) return false;
    const struct sim_route *there = route_in_cloud(p, table, cidr);
    const struct made *made = made_of(p, table, cidr);
    if (there && (!made || strcmp(made->pcx, there->pcx) != 0))
        play_broke(p, "DeleteRoute of %s in %.*s, a route that we never made", cidr, SLICE_FMT(table));
    return !p->broken[0];
}

// The DNS option and the Name tag.
static bool check_finish(struct play *p, const char *account, const char *name, struct slice pcx)
{
    struct peer *r = peer_of(p, pcx, false);
    char what[AWS_RES_ID] = "?";
    if (!slice_copy(pcx, what, sizeof what)) what[0] = '\0';
    return may_change(p, r ? r->net : NULL, account, name, what);
}

bool check_call(struct play *p, const char *account, const char *name, struct slice body)
{
    enum action a;
    check_step(p); // what core has recorded until now
    if (p->broken[0]) return false;
    if (action_of(name, &a)) return check_action(p, account, name, a, body);
    if (strcmp(name, "CreateRoute") == 0) return check_create(p, account, body);
    if (strcmp(name, "DeleteRoute") == 0) return check_delete(p, account, body);
    if (strcmp(name, "CreateTags") == 0) return check_finish(p, account, name, form_param(body, "ResourceId.1"));
    if (strcmp(name, "ModifyVpcPeeringConnectionOptions") == 0)
        return check_finish(p, account, name, form_param(body, "VpcPeeringConnectionId"));
    if (strncmp(name, "Describe", 8) != 0) play_broke(p, "%s is nothing that may be called", name);
    return !p->broken[0];
}

// ---- after

static void route_effect(struct play *p, bool create, bool in_doubt, struct slice body)
{
    struct slice table = form_param(body, "RouteTableId"), pcx = form_param(body, "VpcPeeringConnectionId");
    char cidr[CIDR_STR];
    block_of(body, cidr);
    const struct sim_route *r = route_in_cloud(p, table, cidr);
    struct made *m = made_of(p, table, cidr);
    // Should the reply get lost, and people make the same route again, nothing tells theirs from ours.
    if (!create && !r && m) m->unclear = true;
    char t[ROUTE_TABLE_ID], id[AWS_RES_ID];
    ASSERT(slice_copy(table, t, sizeof t) && (!create || slice_copy(pcx, id, sizeof id)));
    bool effect = create && r && r->created.us == cloud_wall(p).us && slice_eq_cstr(pcx, r->pcx);
    if (create && !effect && in_doubt && !m) { // likewise when a call to make it got lost
        made_add(&p->made, &p->made_n, &p->made_cap, t, cidr, id);
        p->made[p->made_n - 1].unclear = true;
    }
    if (!effect) return;
    if (!m) {
        made_add(&p->made, &p->made_n, &p->made_cap, t, cidr, id);
        return;
    }
    memcpy(m->pcx, id, sizeof id);
    m->unclear = false;
}

// Each action can have one effect on a peering.
static void action_effect(struct play *p, struct peer *r, enum action a)
{
    const struct sim_peering *v = sim_peering_find(ec2sim_world_model(p->world), slice_of(r->name));
    int64_t now = cloud_wall(p).us;
    if (!v) return;
    int64_t when = a == ACTION_ACCEPT ? v->accepted.us : a == ACTION_REJECT ? v->rejected.us : v->deleted.us;
    if (when == now && ++r->act[a].effects > 1)
        play_broke(p, "%s of %s had effect %u times", action_name(a), r->name, r->act[a].effects);
}

void check_effect(struct play *p, const char *account, const char *name, struct slice body, bool delivered, int status,
                  struct slice reply)
{
    enum action a;
    (void)account, (void)reply;
    if (strcmp(name, "CreateRoute") == 0 || strcmp(name, "DeleteRoute") == 0)
        route_effect(p, name[0] == 'C', !delivered || status != 400, body);
    if (!action_of(name, &a)) return;
    struct peer *r = peer_of(p, form_param(body, "VpcPeeringConnectionId"), false);
    r->act[a].sent = true;
    action_effect(p, r, a);
}

// ---- what the process hears

static bool between(struct slice *rest, const char *open, struct slice *ret)
{
    const char *at = memmem(rest->p, rest->n, open, strlen(open));
    if (!at) return false;
    *rest = slice_n(at + strlen(open), (size_t)(rest->p + rest->n - at) - strlen(open));
    return slice_cut(rest, '<', ret);
}

// Every status that the reply names, and where.
static void note_statuses(struct play *p, struct slice reply, struct slice looked_at)
{
    struct slice name, code;
    while (between(&reply, "<vpcPeeringConnectionId>", &name)) {
        if (!between(&reply, "<code>", &code)) return;
        struct peer *r = peer_of(p, name, true);
        if (!r) continue;
        r->said |= 1U << cloud_status_of(code);
        if (slice_eq(name, looked_at))
            for (int a = 0; a < ACTION_COUNT_; a++) r->act[a].sent = false;
    }
}

static bool is_code(struct slice reply, const char *code)
{
    return reply.p && memmem(reply.p, reply.n, code, strlen(code)) != NULL;
}

void check_delivered(struct play *p, const char *name, struct slice asked, int status, struct slice reply)
{
    enum action a;
    struct slice id = form_param(asked, "VpcPeeringConnectionId.1");
    struct peer *r;
    if (!reply.n) return;
    if (status == 200) note_statuses(p, reply, strcmp(name, "DescribeVpcPeeringConnections") == 0 ? id : SLICE(""));
    if (id.n && is_code(reply, "NotFound") && (r = peer_of(p, id, false)))
        for (int k = 0; k < ACTION_COUNT_; k++) r->act[k].sent = false;
    if (!action_of(name, &a) || status == 200) return;
    r = peer_of(p, form_param(asked, "VpcPeeringConnectionId"), false);
    bool throttled = is_code(reply, "RequestLimitExceeded");
    bool refused = status >= 400 && status < 500 && is_code(reply, "<Code>");
    if (throttled || refused) r->act[a].sent = false;
    bool too_early = is_code(reply, "NotFound") && p->now_ns - r->requested_ns < TOO_EARLY_NS;
    if (refused && !throttled && !too_early) r->act[a].refused = true;
}
