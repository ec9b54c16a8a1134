// SPDX-License-Identifier: Apache-2.0
// GET …/groups/{groupId}/networks, one of them, and its routes: the VPCs whose requests Peerage looks after, with their
// options and what stands in their route tables. Called by: pipeline. Must never: show a network of another group.
#include "api/peerage.h"

#include "base/json.h"

static const char *const identity_names[] = {
    [IDENTITY_AMBIENT] = "ambient", [IDENTITY_PROFILE] = "profile", [IDENTITY_ROLE] = "role"};

static void add_blocks(struct json_writer *w, struct slice list)
{
    struct slice block;
    json_key(w, "cidrBlocks");
    json_arr(w);
    while (cidr_list_next(&list, &block)) json_str(w, block);
    json_arr_end(w);
}

// What is kept beside the network's row.
struct extras {
    struct network_options options;
    struct slice *tables;
    size_t n_tables;
};

static bool read_extras(struct call *c, const struct network *n, struct extras *ret)
{
    struct error err;
    struct store_reader *r = c->thread->reader;
    struct arena *a = c->req->arena;
    if (store_network_options(r, n->id, a, &ret->options, &err) == ERR_OK &&
        store_network_tables(r, n->id, a, &ret->tables, &ret->n_tables, &err) == ERR_OK)
        return true;
    call_store_problem(c, &err);
    return false;
}

static void add_network(struct json_writer *w, const struct network *n, const struct extras *x)
{
    const struct network_options *o = &x->options;
    json_kstr(w, "accountId", n->account_id);
    add_blocks(w, n->cidrs);
    wire_time(w, "created", n->created);
    json_kbool(w, "default", n->is_default);
    json_kbool(w, "deletionProtection", n->is_protected);
    json_kbool(w, "dns", o->dns);
    json_kbool(w, "failed", n->failed);
    if (n->failure.n) json_kslice(w, "failure", n->failure);
    json_kstr(w, "groupId", n->group_id);
    json_kstr(w, "id", n->id);
    json_kstr(w, "identity", identity_names[n->identity]);
    wire_time(w, "lastSuccess", n->last_success);
    json_kstr(w, "mode", n->mode == NETWORK_MANAGE ? "manage" : "observe");
    if (o->name_tag.n) json_kslice(w, "nameTag", o->name_tag);
    json_kint(w, "peeringLimit", o->peering_limit ? o->peering_limit : PEERING_QUOTA);
    if (n->identity == IDENTITY_PROFILE) json_kstr(w, "profile", n->identity_ref);
    json_kstr(w, "region", n->region);
    if (n->identity == IDENTITY_ROLE) json_kstr(w, "roleArn", n->identity_ref);
    json_kint(w, "routeLimit", o->route_limit ? o->route_limit : ROUTE_QUOTA);
    json_key(w, "routeTableIds");
    json_arr(w);
    for (size_t i = 0; i < x->n_tables; i++) json_str(w, x->tables[i]);
    json_arr_end(w);
    json_kstr(w, "vpcId", n->vpc_id);
}

void api_networks_list(struct call *c)
{
    struct network *all;
    struct extras *extras;
    size_t n;
    struct error err;
    // All of them: a project has as many networks as its organisation has VPCs for it, a few.
    if (store_networks(c->thread->reader, c->group.id, c->req->arena, &all, &n, &err) != ERR_OK) {
        call_store_problem(c, &err);
        return;
    }
    const struct page_span page = call_page_span(c, n);
    extras = arena_alloc(c->req->arena, (size_t)(page.to - page.from + 1) * sizeof *extras);
    if (!extras) {
        call_problem(c, P_UNEXPECTED_ERROR, NULL, 0);
        return;
    }
    for (uint64_t i = page.from; i < page.to; i++)
        if (!read_extras(c, &all[i], &extras[i - page.from])) return;
    struct buf body;
    struct json_writer w;
    wire_list_begin(c, &w, &body, n);
    for (uint64_t i = page.from; i < page.to; i++) {
        json_obj(&w);
        add_network(&w, &all[i], &extras[i - page.from]);
        json_obj_end(&w);
    }
    wire_list_end(c, &w, n);
    call_ok(c, &body);
}

static void answer(struct call *c, const struct network *n)
{
    struct extras x;
    struct buf body;
    struct json_writer w;
    if (!read_extras(c, n, &x)) return;
    wire_entity_begin(c, &w, &body);
    add_network(&w, n, &x);
    wire_entity_end(c, &w);
    call_ok(c, &body);
}

void api_network_get(struct call *c)
{
    struct network n;
    if (call_network(c, 1, &n)) answer(c, &n);
}

void api_answer_network(struct call *c, const char *id)
{
    struct network n;
    struct error err;
    if (store_network_get(c->thread->reader, id, c->req->arena, &n, &err) == ERR_OK)
        answer(c, &n);
    else
        call_store_problem(c, &err);
}

static void add_route(struct json_writer *w, const struct peer_route *r)
{
    json_obj(w);
    wire_time(w, "changed", r->changed);
    json_kstr(w, "cidrBlock", r->cidr);
    json_kstr(w, "connectionId", r->connection_id);
    json_kbool(w, "ours", r->ours);
    if (r->reason.n) json_kslice(w, "reason", r->reason);
    json_kstr(w, "routeTableId", r->table_id);
    json_kstr(w, "state", peer_route_state_name(r->state));
    json_obj_end(w);
}

void api_network_routes(struct call *c)
{
    struct network net;
    struct peer_route *all;
    size_t n;
    struct error err;
    if (!call_network(c, 1, &net)) return;
    if (store_routes(c->thread->reader, net.id, NULL, c->req->arena, &all, &n, &err) != ERR_OK) {
        call_store_problem(c, &err);
        return;
    }
    const struct page_span page = call_page_span(c, n);
    struct buf body;
    struct json_writer w;
    wire_list_begin(c, &w, &body, n);
    for (uint64_t i = page.from; i < page.to; i++) add_route(&w, &all[i]);
    wire_list_end(c, &w, n);
    call_ok(c, &body);
}
