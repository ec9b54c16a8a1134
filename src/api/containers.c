// SPDX-License-Identifier: Apache-2.0
// GET …/groups/{groupId}/containers, …/containers/all and …/containers/{containerId}: networks as Atlas shows its
// network containers, so that clients learn CIDR block and VPC of each region; and GET
// …/unauth/controlPlaneIPAddresses. Called by: pipeline. Must never: show a network of another group.
#include "api/api.h"

#include "base/json.h"

static void add_container(struct json_writer *w, const struct network *n)
{
    char region[REGION_NAME];
    struct slice cidr = cidr_list_first(n->cidrs);
    region_to_atlas(n->region, region);
    if (cidr.n) json_kslice(w, "atlasCidrBlock", cidr); // unknown until the first scan of the network
    json_kstr(w, "id", n->id);
    json_kstr(w, "providerName", "AWS");
    json_kbool(w, "provisioned", true); // the VPC is there
    json_kstr(w, "regionName", region);
    json_kstr(w, "vpcId", n->vpc_id);
}

// AWS unless another provider that Atlas knows is named, in which no network can be.
static bool read_provider(struct call *c, bool *ret_aws)
{
    bool found;
    struct slice v = SLICE("AWS");
    if (!call_query(c, "providerName", &found, &v)) return false;
    *ret_aws = slice_eq_cstr(v, "AWS");
    if (*ret_aws || slice_eq_cstr(v, "AZURE") || slice_eq_cstr(v, "GCP")) return true;
    call_problem(c, P_INVALID_QUERY_PARAMETER, &PARAM_C("providerName"), 1);
    return false;
}

static void answer_list(struct call *c, bool none, bool count)
{
    struct network *rows;
    size_t n;
    struct error err;
    // All of them: a project has as many networks as its organisation has VPCs for it, a few.
    if (store_networks(c->thread->reader, c->group.id, c->req->arena, &rows, &n, &err) != ERR_OK) {
        call_store_problem(c, &err);
        return;
    }
    if (none) n = 0;
    const struct page_span page = call_page_span(c, n);
    uint64_t total = count ? n : 0;
    struct buf body;
    struct json_writer w;
    wire_list_begin(c, &w, &body, total);
    for (uint64_t i = page.from; i < page.to; i++) {
        json_obj(&w);
        add_container(&w, &rows[i]);
        json_obj_end(&w);
    }
    wire_list_end(c, &w, total);
    call_ok(c, &body);
}

void api_containers(struct call *c)
{
    bool aws, count = true;
    if (read_provider(c, &aws) && call_query_bool(c, "includeCount", &count)) answer_list(c, !aws, count);
}

// Of every provider: of AWS, that is.
void api_containers_all(struct call *c)
{
    bool count = true;
    if (call_query_bool(c, "includeCount", &count)) answer_list(c, false, count);
}

void api_container(struct call *c)
{
    struct oid id;
    struct network n;
    struct error err;
    char hex[OID_HEX + 1];
    if (!oid_parse(c->params[1], &id)) {
        call_problem(c, P_PATH_PARAM_PARSE_ERROR, &PARAM_S(c->req->path), 1);
        return;
    }
    oid_hex(id, hex);
    enum err code = store_network_get(c->thread->reader, hex, c->req->arena, &n, &err);
    if (code == ERR_NOT_FOUND || (code == ERR_OK && strcmp(n.group_id, c->group.id) != 0)) { // another's is as none
        struct problem_param params[] = {PARAM_S(c->params[1]), PARAM_C(c->group.id)};
        call_problem(c, P_CONTAINER_ID_NOT_FOUND, params, 2);
        return;
    }
    if (code != ERR_OK) {
        call_store_problem(c, &err);
        return;
    }
    struct buf body;
    struct json_writer w;
    wire_entity_begin(c, &w, &body);
    add_container(&w, &n);
    wire_entity_end(c, &w);
    call_ok(c, &body);
}

// Where the server is reached and whence it calls is known to who runs it, not to itself: both lists are empty.
void api_control_plane(struct call *c)
{
    struct buf body;
    struct json_writer w;
    wire_entity_begin(c, &w, &body);
    json_key(&w, "inbound");
    json_obj(&w);
    json_obj_end(&w);
    json_key(&w, "outbound");
    json_obj(&w);
    json_obj_end(&w);
    wire_entity_end(c, &w);
    call_ok(c, &body);
}
