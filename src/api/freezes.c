// SPDX-License-Identifier: Apache-2.0
// /api/peerage/v1/freezes, /freeze and the freeze of a project or a network: no writes to AWS while it is there; who
// set it and why. Called by: pipeline. Must never: show the freezes of other projects to who is not the operator.
#include "api/peerage.h"

#include "base/json.h"

#define WHY_MAX 400 // what core keeps of it

static void add_freeze(struct json_writer *w, const struct freeze *f)
{
    json_kstr(w, "actor", f->actor);
    if (f->group_id[0]) json_kstr(w, "groupId", f->group_id);
    if (f->network_id[0]) json_kstr(w, "networkId", f->network_id);
    json_kstr(w, "scope", f->network_id[0] ? "network" : f->group_id[0] ? "project" : "all");
    wire_time(w, "since", f->since);
    if (f->why.n) json_kslice(w, "why", f->why);
}

void api_freezes(struct call *c)
{
    struct freeze *all;
    size_t n;
    struct error err;
    if (store_freezes(c->thread->reader, c->req->arena, &all, &n, &err) != ERR_OK) {
        call_store_problem(c, &err);
        return;
    }
    const struct page_span page = call_page_span(c, n);
    struct buf body;
    struct json_writer w;
    wire_list_begin(c, &w, &body, n);
    for (uint64_t i = page.from; i < page.to; i++) {
        json_obj(&w);
        add_freeze(&w, &all[i]);
        json_obj_end(&w);
    }
    wire_list_end(c, &w, n);
    call_ok(c, &body);
}

// ---- one --------------------------------------------------------------------------------------------------

struct target {
    enum freeze_scope scope;
    const char *group_id, *network_id; // "" = none
    struct network network;
};

static bool read_target(struct call *c, struct target *ret)
{
    *ret = (struct target){.scope = FREEZE_ALL, .group_id = "", .network_id = ""};
    if (!(c->route->flags & ROUTE_GROUP)) return true;
    ret->scope = FREEZE_GROUP;
    ret->group_id = c->group.id;
    if (c->param_count < 2) return true;
    if (!call_network(c, 1, &ret->network)) return false;
    ret->scope = FREEZE_NETWORK;
    ret->network_id = ret->network.id;
    return true;
}

static void answer_one(struct call *c, const struct target *t)
{
    struct freeze *all;
    size_t n, i = 0;
    struct error err;
    if (store_freezes(c->thread->reader, c->req->arena, &all, &n, &err) != ERR_OK) {
        call_store_problem(c, &err);
        return;
    }
    while (i < n && (strcmp(all[i].group_id, t->group_id) != 0 || strcmp(all[i].network_id, t->network_id) != 0)) i++;
    if (i == n) {
        call_problem(c, P_RESOURCE_NOT_FOUND, &PARAM_C("freeze"), 1);
        return;
    }
    struct buf body;
    struct json_writer w;
    wire_entity_begin(c, &w, &body);
    add_freeze(&w, &all[i]);
    wire_entity_end(c, &w);
    call_ok(c, &body);
}

static bool set(struct call *c, const struct target *t, bool on, struct slice why)
{
    struct error err;
    struct actor by = call_actor(c);
    const char *id = t->scope == FREEZE_NETWORK ? t->network_id : t->scope == FREEZE_GROUP ? t->group_id : NULL;
    if (core_freeze(c->api->core, &by, t->scope, id, on, why, &err) == ERR_OK) return true;
    if (err.code == ERR_NOT_FOUND) // gone since we looked
        call_problem(c, P_RESOURCE_NOT_FOUND, &PARAM_C("freeze"), 1);
    else
        call_store_problem(c, &err);
    return false;
}

void api_freeze_get(struct call *c)
{
    struct target t;
    if (read_target(c, &t)) answer_one(c, &t);
}

void api_freeze_put(struct call *c)
{
    struct target t;
    struct slice why;
    const struct body_field fields[] = {
        {"actor", BODY_READ_ONLY, false, NULL},     {"groupId", BODY_READ_ONLY, false, NULL},
        {"networkId", BODY_READ_ONLY, false, NULL}, {"scope", BODY_READ_ONLY, false, NULL},
        {"since", BODY_READ_ONLY, false, NULL},     {"why", BODY_TEXT, false, &why}};
    if (!read_target(c, &t) || !call_read_body(c, fields, ARRAY_LEN(fields))) return;
    if (why.n > WHY_MAX)
        call_bad_attribute(c, "why", "must have at most 400 bytes");
    else if (set(c, &t, true, why))
        answer_one(c, &t);
}

void api_freeze_delete(struct call *c)
{
    struct target t;
    if (read_target(c, &t) && set(c, &t, false, (struct slice){NULL, 0})) call_no_content(c);
}
