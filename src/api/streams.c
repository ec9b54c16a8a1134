// SPDX-License-Identifier: Apache-2.0
// GET …/streams/vpcPeeringConnections, …/activeVpcPeeringConnections and …/accountDetails. Called by: pipeline.
// Must never: answer with rows of another group.
#include "api/api.h"

#include "base/json.h"

static void answer_connections(struct call *c, struct connection_filter *f)
{
    struct connection *rows;
    size_t n;
    uint64_t total;
    struct error err;
    f->group_id = c->group.id;
    f->local_status = -1;
    f->page = c->page;
    if (store_connections(c->thread->reader, f, c->req->arena, &rows, &n, &total, &err) != ERR_OK) {
        call_store_problem(c, &err);
        return;
    }
    struct buf body;
    struct json_writer w;
    wire_list_begin(c, &w, &body, total);
    for (size_t i = 0; i < n; i++) {
        json_obj(&w);
        connection_json_fields(&w, &rows[i]);
        json_obj_end(&w);
    }
    wire_list_end(c, &w, total);
    call_ok(c, &body);
}

void api_peerings_list(struct call *c)
{
    struct connection_filter f = {.sort = SORT_ID};
    if (!call_query_required(c, "requesterAccountId", &f.requester_account)) return;
    answer_connections(c, &f);
}

void api_peerings_active(struct call *c)
{
    struct connection_filter f = {.sort = SORT_ID, .cloud_status = SLICE("active")};
    answer_connections(c, &f);
}

static void no_container(struct call *c, struct slice region, const char *provider)
{
    struct problem_param params[] = {PARAM_S(region), PARAM_C(provider)};
    call_problem(c, P_CONTAINER_NOT_FOUND, params, 2);
}

static void answer_details(struct call *c, const struct network *n)
{
    struct buf body;
    struct json_writer w;
    wire_entity_begin(c, &w, &body);
    json_kstr(&w, "awsAccountId", n->account_id);
    struct slice cidr = cidr_list_first(n->cidrs);
    if (cidr.n) json_kslice(&w, "cidrBlock", cidr); // unknown until the first scan of the network
    json_kstr(&w, "cloudProvider", "aws");
    json_kstr(&w, "vpcId", n->vpc_id);
    wire_entity_end(c, &w);
    call_ok(c, &body);
}

void api_account_details(struct call *c)
{
    struct slice provider, region;
    if (!call_query_required(c, "cloudProvider", &provider)) return;
    if (!call_query_required(c, "regionName", &region)) return;
    if (slice_eq_nocase(provider, SLICE("azure")) || slice_eq_nocase(provider, SLICE("gcp"))) {
        // Providers that Atlas knows and in which no network of ours can be.
        no_container(c, region, slice_eq_nocase(provider, SLICE("azure")) ? "azure" : "gcp");
        return;
    }
    if (!slice_eq_nocase(provider, SLICE("aws"))) {
        call_problem(c, P_INVALID_PROVIDER, &PARAM_S(provider), 1);
        return;
    }
    char aws_region[REGION_NAME];
    if (!region_from_atlas(region, aws_region)) {
        struct problem_param params[] = {PARAM_S(region), PARAM_C("aws")};
        call_problem(c, P_INVALID_REGION, params, 2);
        return;
    }
    struct network n;
    struct error err;
    switch (store_network_default(c->thread->reader, c->group.id, aws_region, c->req->arena, &n, &err)) {
    case ERR_OK:
        answer_details(c, &n);
        return;
    case ERR_NOT_FOUND:
        no_container(c, region, "aws");
        return;
    default:
        call_store_problem(c, &err);
        return;
    }
}
