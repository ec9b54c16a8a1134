// SPDX-License-Identifier: Apache-2.0
// Route tables and their routes to peerings: what may be added, replaced and removed, and how it looks to a reader.
// Called by: model.c, ec2_routes.c, filter.c, persist.c. Must never: store a local route (the VPC's blocks are those).
//
// Sources: VPC user guide (route tables), VPC peering guide (a route to a pending peering is a blackhole until it is
// active), EC2 API reference, and error texts that users met; test_facts.c says which is which.

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "ec2sim/model.h"

// ---- storage

void sim_table_free(struct sim_table *t)
{
    if (!t) return;
    sim_tags_free(&t->tags);
    mem_free(t->routes);
    mem_free(t);
}

struct sim_table *sim_table_new(struct sim *m, const struct sim_vpc *v, struct wall now, bool is_main)
{
    struct sim_table *t = mem_zalloc(1, sizeof(*t));
    if (!t) return NULL;
    t->seq = m->next_seq;
    t->owner = v->owner;
    t->is_main = is_main;
    t->created = now;
    memcpy(t->vpc_id, v->id, sizeof(t->vpc_id));
    sim_new_id(m, "rtb-", t->id, sizeof(t->id));
    if (is_main) sim_new_id(m, "rtbassoc-", t->assoc, sizeof(t->assoc));
    return t;
}

void sim_table_drop(struct sim *m, struct sim_table *t)
{
    size_t i = m->table_count - 1;
    while (m->tables[i] != t) i--;
    memmove(&m->tables[i], &m->tables[i + 1], (m->table_count - i - 1) * sizeof(m->tables[0]));
    m->table_count--;
    map_remove(m->table_by_id, slice_of(t->id));
    sim_table_free(t);
}

static bool same_block(struct cidr a, struct cidr b)
{
    return a.prefix == b.prefix && ip_eq(a.ip, b.ip);
}

static struct sim_route *route_find(const struct sim_table *t, struct cidr to)
{
    for (unsigned i = 0; i < t->route_count; i++)
        if (!t->routes[i].deleted.us && same_block(t->routes[i].to, to)) return &t->routes[i];
    return NULL;
}

// Deleted routes go when no reader can see them any more, and the first ones when there are too many.
static void drop_ghosts(struct sim_table *t, struct wall now)
{
    unsigned kept = 0, ghosts = 0;
    for (unsigned i = 0; i < t->route_count; i++) ghosts += t->routes[i].deleted.us != 0;
    for (unsigned i = 0; i < t->route_count; i++) {
        struct wall end = t->routes[i].deleted;
        if (end.us && (ghosts > SIM_GHOSTS_MAX || now.us - end.us > SIM_STALE_MAX_S * US_PER_SEC))
            ghosts--;
        else
            t->routes[kept++] = t->routes[i];
    }
    t->route_count = kept;
}

bool sim_route_put(struct sim_table *t, const struct sim_route *r)
{
    if (t->route_count == t->route_cap) {
        unsigned cap = t->route_cap ? t->route_cap * 2 : 4;
        size_t bytes;
        if (cap < t->route_cap || mul_overflows(cap, sizeof(*t->routes), &bytes)) return false;
        struct sim_route *grown = mem_realloc(t->routes, bytes);
        if (!grown) return false;
        t->routes = grown;
        t->route_cap = cap;
    }
    t->routes[t->route_count++] = *r;
    return true;
}

// ---- reading

static bool same_place(const struct sim_caller *a, const struct sim_caller *b)
{
    return strcmp(a->account, b->account) == 0 && strcmp(a->region, b->region) == 0;
}

bool sim_table_get(const struct sim *m, const struct sim_caller *who, struct slice id, struct sim_table **ret,
                   struct ec2_error *e)
{
    int n = (int)MIN(id.n, (size_t)64);
    if (!sim_id_valid(id, "rtb-"))
        return ec2_fail(e, 400, "InvalidRouteTableId.Malformed", "Invalid id: \"%.*s\" (expecting \"rtb-...\")", n,
                        n ? id.p : "");
    struct sim_table *t = sim_table_find(m, id);
    if (!t || !same_place(&t->owner, who))
        return ec2_fail(e, 400, "InvalidRouteTableID.NotFound", "The routeTable ID '%.*s' does not exist", n, id.p);
    *ret = t;
    return true;
}

const struct sim_table *sim_table_next(const struct sim *m, const struct sim_caller *who, uint64_t after)
{
    size_t lo = 0, hi = m->table_count;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (m->tables[mid]->seq <= after)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (; lo < m->table_count; lo++)
        if (same_place(&m->tables[lo]->owner, who)) return m->tables[lo];
    return NULL;
}

struct sim_table_view sim_table_view(const struct sim *m, const struct sim_table *t, struct wall now)
{
    return (struct sim_table_view){.m = m, .t = t, .vpc = sim_vpc_find(m, slice_of(t->vpc_id)), .now = now};
}

// A target that is not up, or is gone: traffic is dropped.
static bool carries(const struct sim_table_view *v, const struct sim_route *r)
{
    const struct sim_peering *p = sim_peering_find(v->m, slice_of(r->pcx));
    return p && sim_state_seen(v->m, p, v->now) == SIM_ACTIVE;
}

bool sim_route_next(const struct sim_table_view *v, unsigned *at, struct sim_route_view *ret)
{
    unsigned locals = v->vpc->block_count;
    if (*at < locals) {
        *ret = (struct sim_route_view){.to = v->vpc->blocks[(*at)++].cidr, .active = true};
        return true;
    }
    int64_t seen = v->now.us - v->m->settings.stale_s * US_PER_SEC;
    while (*at - locals < v->t->route_count) {
        const struct sim_route *r = &v->t->routes[(*at)++ - locals];
        if (r->created.us > seen || (r->deleted.us && r->deleted.us <= seen)) continue;
        *ret = (struct sim_route_view){.to = r->to, .pcx = r->pcx, .active = carries(v, r)};
        return true;
    }
    return false;
}

bool sim_vpc_has_other_tables(const struct sim *m, const struct sim_vpc *v)
{
    for (size_t i = 0; i < m->table_count; i++)
        if (!m->tables[i]->is_main && strcmp(m->tables[i]->vpc_id, v->id) == 0) return true;
    return false;
}

bool sim_block_hits_route(const struct sim *m, const struct sim_vpc *v, struct cidr block)
{
    for (size_t i = 0; i < m->table_count; i++) {
        const struct sim_table *t = m->tables[i];
        if (strcmp(t->vpc_id, v->id) != 0) continue;
        for (unsigned k = 0; k < t->route_count; k++)
            if (!t->routes[k].deleted.us && cidr_within(block, t->routes[k].to)) return true;
    }
    return false;
}

// ---- tables

static int64_t tables_of(const struct sim *m, const struct sim_vpc *v)
{
    int64_t n = 0;
    for (size_t i = 0; i < m->table_count; i++) n += strcmp(m->tables[i]->vpc_id, v->id) == 0;
    return n;
}

bool sim_table_create(struct sim *m, const struct sim_caller *who, struct wall now, struct slice vpc_id, bool dry_run,
                      struct sim_table **ret, struct ec2_error *e)
{
    const struct sim_vpc *v;
    if (!sim_vpc_get(m, who, vpc_id, &v, e)) return false;
    if (tables_of(m, v) >= m->settings.table_quota)
        return ec2_fail(e, 400, "RouteTableLimitExceeded", "The maximum number of route tables has been reached.");
    if (dry_run) return true;
    struct sim_table *t = sim_table_new(m, v, now, false);
    if (!t || !sim_restore_table(m, t)) {
        sim_table_free(t);
        return ec2_fail_nomem(e);
    }
    *ret = t;
    return true;
}

bool sim_table_delete(struct sim *m, const struct sim_caller *who, struct slice id, bool dry_run, struct ec2_error *e)
{
    struct sim_table *t;
    if (!sim_table_get(m, who, id, &t, e)) return false;
    if (t->is_main)
        return ec2_fail(e, 400, "DependencyViolation", "The routeTable '%s' has dependencies and cannot be deleted.",
                        t->id);
    if (!dry_run) sim_table_drop(m, t);
    return true;
}

// ---- routes

static bool is_local(const struct sim_vpc *v, struct cidr to)
{
    for (unsigned i = 0; i < v->block_count; i++)
        if (same_block(v->blocks[i].cidr, to)) return true;
    return false;
}

static bool within_vpc(const struct sim_vpc *v, struct cidr to)
{
    for (unsigned i = 0; i < v->block_count; i++)
        if (cidr_within(v->blocks[i].cidr, to)) return true;
    return false;
}

// The table and the peering of a request, and that they fit to each other and to the destination.
static bool route_check(const struct sim *m, const struct sim_caller *who, struct wall now,
                        const struct sim_route_spec *spec, struct sim_table **ret, struct ec2_error *e)
{
    struct sim_table *t;
    struct sim_view view;
    char to[CIDR_STR];
    if (!sim_table_get(m, who, spec->table_id, &t, e) || !sim_peering_get(m, who, now, spec->pcx_id, &view, e))
        return false;
    const struct sim_peering *p = view.p;
    if (strcmp(p->requester.vpc_id, t->vpc_id) != 0 && strcmp(p->accepter.vpc_id, t->vpc_id) != 0)
        return ec2_fail(e, 400, "InvalidParameterValue",
                        "route table %s and network gateway %s belong to different networks", t->id, p->id);
    enum sim_state s = sim_state_at(p, now);
    // What EC2 says of an ended peering that is still shown was not seen; "not there" is what it means.
    if (s != SIM_INITIATING && s != SIM_PENDING && s != SIM_PROVISIONING && s != SIM_ACTIVE)
        return ec2_fail(e, 400, "InvalidVpcPeeringConnectionID.NotFound",
                        "The vpcPeeringConnection ID '%s' does not exist", p->id);
    cidr_format(spec->to, to);
    if (within_vpc(sim_vpc_find(m, slice_of(t->vpc_id)), spec->to))
        return ec2_fail(
            e, 400, "InvalidParameterValue",
            "The destination CIDR block %s is equal to or more specific than one of this VPC's CIDR blocks. "
            "This route can target only an interface or an instance.",
            to);
    *ret = t;
    return true;
}

static int64_t routes_of(const struct sim_table *t, uint8_t family)
{
    int64_t n = 0;
    for (unsigned i = 0; i < t->route_count; i++) n += !t->routes[i].deleted.us && t->routes[i].to.ip.family == family;
    return n;
}

static bool route_add(struct sim_table *t, const struct sim_route_spec *spec, struct wall now, struct ec2_error *e)
{
    struct sim_route r = {.to = spec->to, .created = now};
    drop_ghosts(t, now);
    if (!slice_copy(spec->pcx_id, r.pcx, sizeof(r.pcx)) || !sim_route_put(t, &r)) return ec2_fail_nomem(e);
    return true;
}

bool sim_route_create(struct sim *m, const struct sim_caller *who, struct wall now, const struct sim_route_spec *spec,
                      bool dry_run, struct ec2_error *e)
{
    struct sim_table *t;
    char to[CIDR_STR];
    if (!route_check(m, who, now, spec, &t, e)) return false;
    const struct sim_route *there = route_find(t, spec->to);
    // Terraform's users met the refusal also with the same target; others report that it now succeeds.
    if (there && m->settings.repeat_route_ok && slice_eq_cstr(spec->pcx_id, there->pcx)) return true;
    cidr_format(spec->to, to);
    if (there) return ec2_fail(e, 400, "RouteAlreadyExists", "The route identified by %s already exists.", to);
    if (routes_of(t, spec->to.ip.family) >= m->settings.route_quota)
        return ec2_fail(e, 400, "RouteLimitExceeded", "The maximum number of routes has been reached.");
    return dry_run || route_add(t, spec, now, e);
}

bool sim_route_replace(struct sim *m, const struct sim_caller *who, struct wall now, const struct sim_route_spec *spec,
                       bool dry_run, struct ec2_error *e)
{
    struct sim_table *t;
    char to[CIDR_STR];
    if (!route_check(m, who, now, spec, &t, e)) return false;
    cidr_format(spec->to, to);
    if (!route_find(t, spec->to))
        return ec2_fail(e, 400, "InvalidParameterValue",
                        "There is no route defined for '%s' in the route table. Use CreateRoute instead.", to);
    if (dry_run) return true;
    if (!route_add(t, spec, now, e)) return false;
    route_find(t, spec->to)->deleted = now; // the first that fits is the old one
    return true;
}

bool sim_route_delete(struct sim *m, const struct sim_caller *who, struct wall now, const struct sim_route_spec *spec,
                      bool dry_run, struct ec2_error *e)
{
    struct sim_table *t;
    char to[CIDR_STR];
    if (!sim_table_get(m, who, spec->table_id, &t, e)) return false;
    cidr_format(spec->to, to);
    struct sim_route *r = route_find(t, spec->to);
    if (!r && is_local(sim_vpc_find(m, slice_of(t->vpc_id)), spec->to))
        return ec2_fail(e, 400, "InvalidParameterValue", "cannot remove local route %s in route table %s", to, t->id);
    if (!r)
        return ec2_fail(e, 400, "InvalidRoute.NotFound", "no route with destination-%scidr-block %s in route table %s",
                        spec->to.ip.family == 6 ? "ipv6-" : "", to, t->id);
    if (dry_run) return true;
    r->deleted = now;
    drop_ghosts(t, now);
    return true;
}
