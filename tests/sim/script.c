// SPDX-License-Identifier: Apache-2.0
// Who does what when, by the seed: clients, people at the console, the other side, faults, crashes.
// Called by: play.c. Must never: depend on anything but the seed and what a client or the cloud's owner could see.
#include <stdarg.h>
#include <stdio.h>

#include "ec2sim/model.h"
#include "tests/sim/sim.h"

#define V "&Version=2016-11-15"

static int64_t gap(struct play *p, unsigned seconds)
{
    return (int64_t)draw(p, (uint64_t)seconds * 2 * NS_PER_SEC) + 1;
}

// ---- the world

static void make_vpc(struct play *p, const char *account, const char *region, unsigned octet, char ret[AWS_RES_ID])
{
    struct ec2sim_answer w = cloud_call(p, account, region, "Action=CreateVpc" V "&CidrBlock=10.%u.0.0%%2F16", octet);
    const struct sim *m = ec2sim_world_model(p->world);
    ASSERT(w.status == 200);
    ASSERT(cstr_set(ret, AWS_RES_ID, m->vpcs[m->vpc_count - 1]->id));
}

static void make_tables(struct play *p, struct net *n, unsigned tables)
{
    const struct sim *m = ec2sim_world_model(p->world);
    for (unsigned i = 0; i < tables; i++) {
        if (i) (void)cloud_call(p, n->account, n->region, "Action=CreateRouteTable" V "&VpcId=%s", n->vpc_id);
        ASSERT(cstr_set(n->tables[i], sizeof n->tables[i], m->tables[m->table_count - 1]->id));
    }
    n->table_count = tables;
}

static struct net *make_net(struct play *p, const char *account, const char *region, unsigned octet, bool manage,
                            unsigned tables)
{
    struct net *n = &p->nets[p->net_count++];
    *n = (struct net){.account = account, .region = region, .manage = manage};
    make_vpc(p, account, region, octet, n->vpc_id);
    make_tables(p, n, tables);
    return n;
}

void script_world(struct play *p)
{
    struct error err;
    struct ec2sim_settings set;
    ec2sim_settings_default(&set);
    set.provisioning_s = (int64_t)draw(p, 20);
    set.action_visibility_s = chance(p, 2) ? (int64_t)draw(p, 100) : 0;
    set.expiry_s = 3600 + (int64_t)draw(p, 20 * 3600);
    set.other_visible_s = chance(p, 5) ? set.other_visible_s : 2 * 3600 + 900;
    set.expired_visible_s = chance(p, 5) ? set.expired_visible_s : 2 * 3600 + 900;
    if (ec2sim_world_new(p->knobs.seed, &set, &p->world, &err) != ERR_OK ||
        ec2sim_world_key(p->world, ACCEPTER, "AKIAACCEPTERACCEPTER", &err) != ERR_OK)
        play_broke(p, "the cloud cannot be made: %s", err.detail);
    make_net(p, ACCEPTER, HERE, 1, true, 2);
    make_net(p, ACCEPTER, HERE, 2, true, (unsigned)draw(p, 2));
    make_net(p, OTHER, HERE, 3, false, 1);
    if (chance(p, 2)) make_net(p, ACCEPTER, THERE, 4, true, 1);
    if (chance(p, 4)) { // ambient credentials, but a VPC of a third account
        p->wrong = make_net(p, REQUESTER, HERE, 5, true, 0);
        p->wrong->wrong_account = true;
    }
    for (unsigned i = 0; i < 8; i++)
        make_vpc(p, i < 6 ? REQUESTER : OTHER, HERE, 100 + i, p->requesters[p->requester_count++]);
}

// ---- clients

static struct net *net_of_id(struct play *p, const char *id)
{
    for (unsigned i = 0; i < p->net_count; i++)
        if (strcmp(p->nets[i].id, id) == 0) return &p->nets[i];
    return NULL;
}

// What a client sees of a group; a random row of it.
static bool pick_row(struct play *p, struct connection *ret)
{
    struct error err;
    struct connection *rows;
    size_t n;
    uint64_t total;
    struct connection_filter f = {
        .group_id = p->groups[chance(p, 5)], .local_status = -1, .page = {.number = 1, .size = 100}};
    enum err e = store_connections(p->reader, &f, p->arena, &rows, &n, &total, &err);
    if (e != ERR_OK) {
        play_broke(p, "a list cannot be read: %s", err.detail);
        return false;
    }
    if (!n) return false;
    *ret = rows[p->accept_new ? n - 1 : draw(p, n)]; // by id, the newest last
    return true;
}

static void ask(struct play *p, const struct connection *row, enum action action, bool wrong_account, bool wrong_vpc)
{
    struct error err;
    enum action_answer answer;
    struct slice why;
    const struct net *net = net_of_id(p, row->network_id);
    struct action_request q = {.by = &persons[draw(p, PERSONS)],
                               .group_id = row->group_id,
                               .name_or_id = slice_of(row->name),
                               .action = action};
    if (action == ACTION_ACCEPT) {
        q.requester_account = wrong_account ? SLICE("999999999999") : slice_of(row->requester_account);
        q.requester_vpc = wrong_vpc ? SLICE("vpc-99999999") : slice_of(row->requester_vpc);
    }
    enum err e = core_action_request(p->core, &q, p->arena, &answer, &why, &err);
    if (p->dead) return; // nobody has heard the answer
    play_note(p, action_name(action), row->name, e == ERR_OK ? (int64_t)answer : -(int64_t)e);
    if (e != ERR_OK) {
        if (e != ERR_READ_ONLY && e != ERR_IO) play_broke(p, "a request fails: %s", err.detail);
        return;
    }
    bool wrong = action == ACTION_ACCEPT && (wrong_account || wrong_vpc);
    if (wrong && answer != ANSWER_ACCOUNT && answer != ANSWER_VPC && answer != ANSWER_NOT_FOUND)
        play_broke(p, "a wrong challenge for %s was answered with %d", row->name, answer);
    if (answer == ANSWER_TAKEN && !net->manage) play_broke(p, "%s of an observed network was taken", row->name);
    if (answer != ANSWER_TAKEN) return;
    check_taken(p, row->name, action);
    if (!chance(p, 12)) return;
    p->freeze_soon = true; // somebody freezes while it is about to begin
    p->next_client = p->now_ns + (int64_t)draw(p, 4 * NS_PER_MS);
}

static void client_action(struct play *p)
{
    static const enum action any[] = {ACTION_ACCEPT, ACTION_ACCEPT, ACTION_ACCEPT, ACTION_REJECT, ACTION_DELETE};
    struct connection row;
    if (!pick_row(p, &row)) return;
    enum action a = any[draw(p, ARRAY_LEN(any))];
    enum cloud_status s = cloud_status_of(slice_of(row.cloud_status));
    if (p->accept_new) a = ACTION_ACCEPT;
    p->accept_new = false;
    if (s == CLOUD_ACTIVE && a == ACTION_ACCEPT && !chance(p, 4)) a = ACTION_DELETE;
    bool account = chance(p, 10), vpc = chance(p, 10);
    ask(p, &row, a, account, vpc);
    while (chance(p, 4) && !p->dead) ask(p, &row, chance(p, 3) ? any[draw(p, ARRAY_LEN(any))] : a, false, false);
}

static void client_protect(struct play *p)
{
    struct error err;
    struct connection row;
    bool on = chance(p, 2);
    enum err e = ERR_OK;
    if (chance(p, 4)) {
        struct net *n = &p->nets[draw(p, p->net_count)];
        e = core_network_protect(p->core, &persons[0], n->id, on && chance(p, 3), &err);
    } else if (pick_row(p, &row)) {
        e = core_connection_protect(p->core, &persons[0], row.group_id, slice_of(row.name), on, &err);
    }
    if (!p->dead) play_note(p, "protect", on ? "on" : "off", e);
}

static void client_freeze(struct play *p)
{
    struct error err;
    bool on = p->freeze_soon || chance(p, 3);
    p->freeze_soon = false;
    enum freeze_scope scope = (enum freeze_scope)draw(p, 3);
    const char *id = scope == FREEZE_GROUP     ? p->groups[draw(p, 2)]
                     : scope == FREEZE_NETWORK ? p->nets[draw(p, p->net_count)].id
                                               : NULL;
    enum err e = core_freeze(p->core, &persons[0], scope, id, on, SLICE("maintenance"), &err);
    if (!p->dead) play_note(p, on ? "freeze" : "thaw", id ? id : "all", e);
}

// A person sees that writes stand still, and lets them go on.
static void client_thaw(struct play *p)
{
    struct error err;
    uint64_t n;
    enum err e = core_intents_release(p->core, &persons[0], NULL, &n, &err);
    if (e == ERR_OK) e = core_freeze(p->core, &persons[0], FREEZE_ALL, NULL, false, SLICE(""), &err);
    for (int i = 0; i < 2 && e == ERR_OK; i++)
        e = core_freeze(p->core, &persons[0], FREEZE_GROUP, p->groups[i], false, SLICE(""), &err);
    for (unsigned i = 0; i < p->net_count && e == ERR_OK; i++)
        if (p->nets[i].there)
            e = core_freeze(p->core, &persons[0], FREEZE_NETWORK, p->nets[i].id, false, SLICE(""), &err);
    if (!p->dead) play_note(p, "thaw", "everything", e);
}

static void client_approve(struct play *p)
{
    struct error err;
    struct connection row;
    if (!pick_row(p, &row)) return;
    enum err e = core_cidrs_approve(p->core, &persons[0], row.group_id, slice_of(row.name), &err);
    if (!p->dead) play_note(p, "approve", row.name, e);
}

static void client_cancel(struct play *p)
{
    struct error err;
    struct intent *intents;
    size_t n;
    struct page page = {1, 100};
    if (store_intents(p->reader, NULL, false, page, p->arena, &intents, &n, &err) != ERR_OK || !n) return;
    char id[OID_HEX + 1];
    memcpy(id, intents[draw(p, n)].id, sizeof id);
    enum err e = core_intent_cancel(p->core, &persons[0], id, &err);
    if (!p->dead) play_note(p, "cancel", id, e);
}

static void client_tables(struct play *p)
{
    struct error err;
    struct net *n = &p->nets[draw(p, p->net_count)];
    const char *tables[TABLES_MAX];
    unsigned k = 0, mask = chance(p, 3) ? (unsigned)draw(p, 1U << n->table_count) : (1U << n->table_count) - 1;
    for (unsigned i = 0; i < n->table_count; i++)
        if (mask & (1U << i)) tables[k++] = n->tables[i];
    enum err e = core_network_tables(p->core, &persons[0], n->id, tables, k, &err);
    if (!p->dead) play_note(p, "tables", n->id, e);
}

void client_op(struct play *p)
{
    p->client_ops++;
    arena_reset(p->arena);
    struct connection row;
    if (!p->freeze_soon && !p->accept_new && chance(p, 8)) {
        tenants_op(p);
        return;
    }
    uint64_t x = p->freeze_soon ? 80 : p->was_restored && chance(p, 4) ? 78 : p->accept_new ? 0 : draw(p, 100);
    if (x < 62)
        client_action(p);
    else if (x < 72)
        (void)pick_row(p, &row);
    else if (x < 77)
        client_protect(p);
    else if (x < 80)
        client_cancel(p);
    else if (x < 84)
        client_freeze(p);
    else if (x < 90)
        client_thaw(p);
    else if (x < 95)
        client_approve(p);
    else
        client_tables(p);
}

// ---- the other side, and people at the console

static unsigned live_count(const struct sim *m, struct wall now)
{
    unsigned n = 0;
    for (size_t i = 0; i < m->peering_count; i++) {
        enum sim_state s = sim_state_at(m->peerings[i], now);
        n += s == SIM_PENDING || s == SIM_ACTIVE || s == SIM_PROVISIONING || s == SIM_INITIATING;
    }
    return n;
}

static void create(struct play *p)
{
    const struct net *n = &p->nets[draw(p, p->net_count)];
    unsigned r = (unsigned)draw(p, p->requester_count);
    if (live_count(ec2sim_world_model(p->world), cloud_wall(p)) > 9) return;
    (void)cloud_call(p, r < 6 ? REQUESTER : OTHER, HERE,
                     "Action=CreateVpcPeeringConnection" V "&VpcId=%s&PeerVpcId=%s&PeerOwnerId=%s&PeerRegion=%s",
                     p->requesters[r], n->vpc_id, n->account, n->region);
    if (chance(p, 3)) p->next_wake = MIN(p->next_wake, p->now_ns + gap(p, 20)); // a person looks for it
}

static void act_elsewhere(struct play *p, const struct sim_peering *v)
{
    static const char *const console[] = {"AcceptVpcPeeringConnection", "RejectVpcPeeringConnection",
                                          "DeleteVpcPeeringConnection"};
    bool requester = chance(p, 2);
    const struct sim_side *side = requester ? &v->requester : &v->accepter;
    const char *action = requester ? console[2] : console[draw(p, 3)];
    (void)cloud_call(p, side->at.account, side->at.region, "Action=%s" V "&VpcPeeringConnectionId=%s", action, v->id);
    if (action != console[0] || !chance(p, 2)) return;
    ASSERT(cstr_set(p->hand_pcx, sizeof p->hand_pcx, v->id));
    p->next_hand = p->now_ns + (ec2sim_world_model(p->world)->settings.provisioning_s + 1) * NS_PER_SEC;
}

static void add_block(struct play *p)
{
    if (p->blocks_added >= 20) return;
    unsigned r = (unsigned)draw(p, p->requester_count);
    (void)cloud_call(p, r < 6 ? REQUESTER : OTHER, HERE,
                     "Action=AssociateVpcCidrBlock" V "&VpcId=%s&CidrBlock=10.%u.0.0%%2F16", p->requesters[r],
                     150 + p->blocks_added++);
}

static unsigned octet_of(const struct play *p, const char *vpc)
{
    for (unsigned i = 0; i < p->requester_count; i++)
        if (strcmp(p->requesters[i], vpc) == 0) return 100 + i;
    return 100;
}

static void make_route(struct play *p, const struct net *n, const char *table, unsigned octet, const char *pcx)
{
    char block[CIDR_STR];
    snprintf(block, sizeof block, "10.%u.0.0/16", octet);
    struct made *m = made_of(p, slice_of(table), block);
    if (m) m->unclear = true;
    (void)cloud_call(p, n->account, n->region,
                     "Action=CreateRoute" V
                     "&RouteTableId=%s&DestinationCidrBlock=10.%u.0.0%%2F16&VpcPeeringConnectionId=%s",
                     table, octet, pcx);
}

static struct net *net_of_vpc(struct play *p, const char *vpc)
{
    for (unsigned i = 0; i < p->net_count; i++)
        if (strcmp(p->nets[i].vpc_id, vpc) == 0) return &p->nets[i];
    return NULL;
}

// The very route that Peerage would make, to this peering or, in the way, to another one.
static void hand_route(struct play *p, const struct sim_peering *v)
{
    const struct sim *m = ec2sim_world_model(p->world);
    const struct net *n = net_of_vpc(p, v->accepter.vpc_id);
    const struct sim_peering *other = m->peerings[draw(p, m->peering_count)];
    char block[CIDR_STR];
    if (!n || !n->table_count) return;
    const char *table = n->tables[draw(p, n->table_count)];
    unsigned octet = octet_of(p, v->requester.vpc_id);
    snprintf(block, sizeof block, "10.%u.0.0/16", octet);
    const char *there = route_target(p, table, block);
    if (there && chance(p, 2)) {
        made_add(&p->undone, &p->undone_n, &p->undone_cap, table, block, there);
        (void)cloud_call(p, n->account, n->region,
                         "Action=DeleteRoute" V "&RouteTableId=%s&DestinationCidrBlock=10.%u.0.0%%2F16", table, octet);
    } else if (!there) {
        make_route(p, n, table, octet, chance(p, 2) ? v->id : other->id);
    }
}

static void hand_finish(struct play *p)
{
    const struct sim_peering *v = sim_peering_find(ec2sim_world_model(p->world), slice_of(p->hand_pcx));
    const struct net *n = v ? net_of_vpc(p, v->accepter.vpc_id) : NULL;
    if (n && n->table_count) make_route(p, n, n->tables[0], octet_of(p, v->requester.vpc_id), v->id);
    if (!p->alive || chance(p, 2)) return;
    p->wakes++;
    scanner_wake(p->scanner);
}

void cloud_op(struct play *p)
{
    const struct sim *m = ec2sim_world_model(p->world);
    uint64_t x = draw(p, 100);
    p->cloud_ops++;
    const struct sim_peering *v = m->peering_count ? m->peerings[draw(p, m->peering_count)] : NULL;
    play_note(p, "elsewhere", v ? v->id : "", (int64_t)x);
    if (x < 55 || !v)
        create(p);
    else if (x < 80)
        act_elsewhere(p, v);
    else if (x < 86)
        add_block(p);
    else
        hand_route(p, v);
}

// ---- faults

static void rule(struct play *p, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void rule(struct play *p, const char *fmt, ...)
{
    char json[300];
    struct error err;
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(json, sizeof json, fmt, ap);
    va_end(ap);
    ASSERT(n > 0 && (size_t)n < sizeof json);
    if (ec2sim_world_fault(p->world, slice_of(json), cloud_wall(p), &err) == ERR_OK) return;
    if (err.code != ERR_TOO_LARGE) play_broke(p, "%s: %s", json, err.detail);
    ec2sim_world_faults_clear(p->world); // too many rules that never hit
}

static void setting(struct play *p, const char *name, int64_t value)
{
    struct error err;
    if (ec2sim_world_setting(p->world, name, value, &err) != ERR_OK) play_broke(p, "%s", err.detail);
}

static const char *whose(struct play *p)
{
    return chance(p, 4) ? OTHER : ACCEPTER;
}

static const char *some_action(struct play *p)
{
    static const char *const names[] = {"AcceptVpcPeeringConnection",
                                        "AcceptVpcPeeringConnection",
                                        "RejectVpcPeeringConnection",
                                        "DeleteVpcPeeringConnection",
                                        "DescribeVpcPeeringConnections",
                                        "CreateRoute",
                                        "DeleteRoute",
                                        "DescribeRouteTables"};
    return names[draw(p, ARRAY_LEN(names))];
}

static void away(struct play *p, int64_t ns)
{
    if (p->now_ns >= p->away_until) p->away_since = p->now_ns;
    p->away_until = MAX(p->away_until, p->now_ns + ns);
}

enum kind {
    THROTTLE,
    RATE,
    OUTAGE,
    UNREACHABLE,
    ERROR_BEFORE,
    ERROR_AFTER,
    LOST_REPLY,
    LOST_REQUEST,
    TRUNCATED,
    PROXY,
    SLOW,
    STALE,
    INVISIBLE,
    PROVISIONING,
    FULL,
    CLOCK,
    STRANGE,
    KINDS
};

static void of_calls(struct play *p, enum kind k)
{
    static const char *const names[] = {
        [THROTTLE] = "throttle",     [ERROR_BEFORE] = "error",        [ERROR_AFTER] = "error-after",
        [LOST_REPLY] = "lost-reply", [LOST_REQUEST] = "lost-request", [TRUNCATED] = "truncated"};
    rule(p, "{\"kind\":\"%s\",\"action\":\"%s\",\"account\":\"%s\",\"times\":%u,\"percent\":%u,\"seconds\":7200}",
         names[k], some_action(p), whose(p), 1 + (unsigned)draw(p, 6), 30 + (unsigned)draw(p, 71));
}

static void of_time(struct play *p, enum kind k, unsigned seconds)
{
    switch (k) {
    case RATE:
        rule(p, "{\"kind\":\"rate\",\"account\":\"%s\",\"perSecond\":1,\"seconds\":%u}", whose(p), seconds);
        break;
    case OUTAGE:
        rule(p, "{\"kind\":\"outage\",\"seconds\":%u}", seconds);
        away(p, (int64_t)seconds * NS_PER_SEC);
        break;
    case UNREACHABLE:
        p->unreachable = true;
        away(p, (int64_t)seconds * NS_PER_SEC);
        break;
    case PROXY:
        rule(p, "{\"kind\":\"%s\",\"account\":\"%s\",\"percent\":50,\"times\":0,\"seconds\":%u}",
             chance(p, 2) ? "html" : "empty", whose(p), seconds / 4 + 1);
        break;
    case SLOW:
        rule(p, "{\"kind\":\"slow\",\"account\":\"%s\",\"ms\":%u,\"percent\":30,\"times\":20,\"seconds\":%u}", whose(p),
             1 + (unsigned)draw(p, 40000), seconds);
        break;
    case STALE:
        rule(p, "{\"kind\":\"stale\",\"account\":\"%s\",\"ageSeconds\":%u,\"percent\":50,\"times\":0,\"seconds\":%u}",
             whose(p), 1 + (unsigned)draw(p, 60), seconds / 4 + 1);
        p->stale_until = MAX(p->stale_until, p->now_ns + (int64_t)(seconds / 4 + 61) * NS_PER_SEC);
        break;
    default:
        rule(p, "{\"kind\":\"%s\",\"account\":\"%s\",\"percent\":30,\"times\":5}",
             chance(p, 2) ? "duplicate" : "foreign", whose(p));
    }
}

void fault_op(struct play *p)
{
    enum kind k = (enum kind)draw(p, KINDS);
    unsigned seconds = 60 + (unsigned)draw(p, 3541);
    p->faults++;
    p->fault_kinds |= 1U << k;
    play_note(p, "fault begins", "", (int64_t)k);
    switch (k) {
    case THROTTLE:
    case ERROR_BEFORE:
    case ERROR_AFTER:
    case LOST_REPLY:
    case LOST_REQUEST:
    case TRUNCATED:
        of_calls(p, k);
        break;
    case INVISIBLE:
        setting(p, "visibilitySeconds", (int64_t)draw(p, 90));
        setting(p, "actionVisibilitySeconds", (int64_t)draw(p, 100));
        break;
    case PROVISIONING:
        setting(p, "provisioningSeconds", (int64_t)draw(p, 600));
        setting(p, "deletingSeconds", (int64_t)draw(p, 60));
        setting(p, "initiatingSeconds", (int64_t)draw(p, 10));
        break;
    case FULL:
        memvfs_full(true);
        p->store_well_at = p->now_ns + (int64_t)seconds * NS_PER_SEC / 2;
        break;
    case CLOCK:
        p->wall_off_us = ((int64_t)draw(p, 601) - 300) * US_PER_SEC;
        break;
    default:
        of_time(p, k, seconds);
    }
}

void script_calm(struct play *p)
{
    struct error err;
    ec2sim_world_faults_clear(p->world);
    p->unreachable = false;
    p->away_until = p->now_ns;
    memvfs_full(false);
    memvfs_crash_at(0);
    p->crash_at_call = 0;
    p->wall_off_us = 0;
    setting(p, "visibilitySeconds", 0);
    setting(p, "actionVisibilitySeconds", 0);
    setting(p, "provisioningSeconds", 2);
    setting(p, "deletingSeconds", 2);
    setting(p, "initiatingSeconds", 0);
    uint64_t n;
    // The first write after a full store may still be refused by nothing: it must work.
    if (core_intents_release(p->core, &persons[0], NULL, &n, &err) != ERR_OK)
        play_broke(p, "a write fails after the faults have ended: %s", err.detail);
    client_thaw(p);
    check_step(p);
}

// ---- when

void script_set_up(struct play *p)
{
    p->next_client = p->now_ns + gap(p, 300);
    p->next_cloud = p->now_ns;
    p->next_wake = p->next_hand = INT64_MAX;
    p->next_fault = p->now_ns + gap(p, 3600);
    p->next_crash = p->now_ns + gap(p, 7200);
    for (int i = 0; i < 8; i++) create(p);
}

int64_t script_next(const struct play *p)
{
    int64_t next = MIN(MIN(p->next_client, p->next_cloud), MIN(p->next_fault, p->next_crash));
    next = MIN(MIN(next, p->store_well_at), MIN(p->next_wake, p->next_hand));
    return p->unreachable ? MIN(next, p->away_until) : next;
}

static void arm_crash(struct play *p)
{
    if (chance(p, 2)) {
        p->crash_at_call = 1 + (int64_t)draw(p, 12);
        p->crash_after = chance(p, 2);
    } else {
        memvfs_crash_at(1 + (int64_t)draw(p, 60));
    }
}

void script_run_due(struct play *p)
{
    if (p->store_well_at <= p->now_ns) {
        memvfs_full(false);
        p->store_well_at = INT64_MAX;
    } else if (p->unreachable && p->away_until <= p->now_ns) {
        p->unreachable = false;
    } else if (p->next_wake <= p->now_ns) {
        p->next_wake = INT64_MAX;
        p->wakes++;
        if (p->alive) scanner_wake(p->scanner);
        p->accept_new = chance(p, 2); // who has waited for it accepts it
        if (p->accept_new) p->next_client = MIN(p->next_client, p->now_ns + gap(p, 6));
    } else if (p->next_hand <= p->now_ns) {
        p->next_hand = INT64_MAX;
        hand_finish(p);
    } else if (p->next_client <= p->now_ns) {
        p->next_client = p->now_ns + (chance(p, 7) ? gap(p, 3400) : gap(p, 8));
        if (p->alive) client_op(p);
    } else if (p->next_cloud <= p->now_ns) {
        p->next_cloud = p->now_ns + (chance(p, 3) ? gap(p, 2400) : gap(p, 30));
        cloud_op(p);
    } else if (p->next_fault <= p->now_ns) {
        p->next_fault = p->now_ns + gap(p, 5400);
        fault_op(p);
    } else {
        p->next_crash = p->now_ns + gap(p, 14000);
        if (p->alive) arm_crash(p);
    }
}
