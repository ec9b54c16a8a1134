// SPDX-License-Identifier: Apache-2.0
// …/groups/{groupId}/connections/{id}: history, protection from deletion, and approval of a requester's CIDR blocks;
// and what all of Peerage's own resources answer when there is nothing. Called by: pipeline.
// Must never: answer for a connection of another group.
#include "api/peerage.h"

#include "base/json.h"

void call_no_resource(struct call *c, const char *what, unsigned param)
{
    char *text = arena_fmt(c->req->arena, "%s with id %.*s", what, SLICE_FMT(c->params[param]));
    call_problem(c, P_RESOURCE_NOT_FOUND, &PARAM_C(text ? text : what), 1);
}

void call_core_problem(struct call *c, const struct error *err, const char *what, unsigned param)
{
    if (err->code == ERR_NOT_FOUND)
        call_no_resource(c, what, param);
    else if (err->code == ERR_CONFLICT)
        call_problem(c, P_PEER_INVALID_STATE, &PARAM_C(err->detail), 1);
    else
        call_store_problem(c, err);
}

bool call_network(struct call *c, unsigned param, struct network *ret)
{
    struct oid id;
    struct error err;
    char hex[OID_HEX + 1];
    if (!oid_parse(c->params[param], &id)) {
        call_problem(c, P_PATH_PARAM_PARSE_ERROR, &PARAM_S(c->req->path), 1);
        return false;
    }
    oid_hex(id, hex);
    enum err code = store_network_get(c->thread->reader, hex, c->req->arena, ret, &err);
    if (code == ERR_OK && strcmp(ret->group_id, c->group.id) == 0) return true;
    if (code == ERR_OK || code == ERR_NOT_FOUND)
        call_no_resource(c, "network", param);
    else
        call_store_problem(c, &err);
    return false;
}

#define WHAT "VPC peering connection"

static bool find(struct call *c, struct connection *ret)
{
    struct error err;
    if (store_connection_get(c->thread->reader, c->group.id, c->params[1], c->req->arena, ret, &err) == ERR_OK)
        return true;
    call_core_problem(c, &err, WHAT, 1);
    return false;
}

static void answer_connection(struct call *c)
{
    struct connection k;
    struct buf body;
    struct json_writer w;
    if (!find(c, &k)) return;
    wire_entity_begin(c, &w, &body);
    wire_connection(c, &w, &k, true);
    wire_entity_end(c, &w);
    call_ok(c, &body);
}

// ---- changes ----------------------------------------------------------------------------------------------

void api_connection_update(struct call *c)
{
    struct body_bool on;
    struct error err;
    const struct body_field fields[] = {{"deletionProtection", BODY_BOOL, true, &on}};
    if (!call_read_body(c, fields, ARRAY_LEN(fields))) return;
    struct actor by = call_actor(c);
    if (core_connection_protect(c->api->core, &by, c->group.id, c->params[1], on.v, &err) == ERR_OK)
        answer_connection(c);
    else
        call_core_problem(c, &err, WHAT, 1);
}

void api_connection_approve(struct call *c)
{
    struct error err;
    struct actor by = call_actor(c);
    if (core_cidrs_approve(c->api->core, &by, c->group.id, c->params[1], &err) == ERR_OK)
        call_accepted(c);
    else
        call_core_problem(c, &err, WHAT, 1);
}

// ---- history ----------------------------------------------------------------------------------------------

static const char *actor_kind(enum principal_kind k)
{
    static const char *const names[] = {[PRINCIPAL_API_KEY] = "api key",
                                        [PRINCIPAL_SERVICE_ACCOUNT] = "service account",
                                        [PRINCIPAL_LOCAL] = "local",
                                        [PRINCIPAL_PERSON] = "person"};
    return names[k];
}

static void add_event(struct json_writer *w, const struct event_row *e)
{
    json_obj(w);
    json_kstr(w, "actor", e->actor);
    json_kstr(w, "actorKind", actor_kind(e->actor_kind));
    wire_time(w, "created", e->created);
    if (e->detail.n) { // a JSON object of our own making: it goes in as it is
        json_key(w, "detail");
        buf_slice(w->out, e->detail);
        w->after_key = false;
    }
    if (e->group_id[0]) json_kstr(w, "groupId", e->group_id);
    json_kstr(w, "id", e->id);
    if (e->remote[0]) json_kstr(w, "remoteAddress", e->remote);
    json_kstr(w, "type", e->type);
    json_obj_end(w);
}

// Events name a connection as AWS does. Its row may be long gone: then a name is looked for all the same.
static bool read_name(struct call *c, struct slice *ret)
{
    struct connection k;
    *ret = c->params[1];
    if (pcx_id_valid(*ret)) return true;
    if (!find(c, &k)) return false;
    *ret = slice_of(arena_strndup(c->req->arena, k.name, strlen(k.name)));
    if (ret->p) return true;
    call_problem(c, P_UNEXPECTED_ERROR, NULL, 0);
    return false;
}

void api_connection_history(struct call *c)
{
    struct event_filter f = {.group_id = c->group.id, .oldest_first = true, .page = c->page};
    struct event_row *all;
    size_t n;
    uint64_t total;
    struct error err;
    if (!read_name(c, &f.resource)) return;
    if (store_events_find(c->thread->reader, &f, c->req->arena, &all, &n, &total, &err) != ERR_OK) {
        call_store_problem(c, &err);
        return;
    }
    if (total == 0) {
        call_no_resource(c, WHAT, 1);
        return;
    }
    struct buf body;
    struct json_writer w;
    wire_list_begin(c, &w, &body, total);
    for (size_t i = 0; i < n; i++) add_event(&w, &all[i]);
    wire_list_end(c, &w, total);
    call_ok(c, &body);
}
