// SPDX-License-Identifier: Apache-2.0
// /api/atlas/v2/groups, /groups/{groupId}, /groups/byName/{groupName} and /orgs/{orgId}/groups: projects, as clients
// look them up, make, change and delete them. Key order, links and statuses are as recorded. Called by: pipeline.
// Must never: show a group that the caller has no role on, or answer a change before core made it durable.
#include "api/tenants.h"

#include "base/json.h"

// Sub-resources that Atlas links from a single project, in the recorded order.
static const char *const sub_resources[] = {"containers", "clusters",  "databaseUsers",
                                            "peers",      "processes", "whitelist"};

static void add_group(struct call *c, struct json_writer *w, const struct group *g, bool single)
{
    json_kint(w, "clusterCount", 0);
    wire_time(w, "created", g->created);
    json_kstr(w, "id", g->id);
    wire_resource_links(c, w, "groups", g->id, sub_resources, single ? ARRAY_LEN(sub_resources) : 0);
    json_kstr(w, "name", g->name);
    json_kstr(w, "orgId", g->org_id);
    wire_tags(w, g->tags);
    json_kbool(w, "withDefaultAlertsSettings", group_flag(g->flags, GROUP_FLAG_DEFAULT_ALERTS));
}

static void answer_group(struct call *c, const struct group *g)
{
    struct buf body;
    struct json_writer w;
    wire_entity_begin(c, &w, &body);
    add_group(c, &w, g, true);
    wire_entity_end(c, &w);
    call_ok(c, &body);
}

// ---- lists ------------------------------------------------------------------------------------------------

static void answer_list(struct call *c, struct group_search *f)
{
    struct group *rows;
    size_t n;
    uint64_t total;
    struct error err;
    bool count = true;
    if (!call_query_bool(c, "includeCount", &count)) return;
    if (!f->principal) f->principal = c->principal;
    f->page = c->page;
    f->uncounted = !count;
    if (store_groups_find(c->thread->reader, f, c->req->arena, &rows, &n, &total, &err) != ERR_OK) {
        call_store_problem(c, &err);
        return;
    }
    struct buf body;
    struct json_writer w;
    wire_list_begin(c, &w, &body, total);
    for (size_t i = 0; i < n; i++) {
        json_obj(&w);
        add_group(c, &w, &rows[i], false);
        json_obj_end(&w);
    }
    wire_list_end(c, &w, total);
    call_ok(c, &body);
}

void api_groups_list(struct call *c)
{
    answer_list(c, &(struct group_search){.prefix = {NULL, 0}});
}

// A credential belongs to one organisation: whoever may ask has no groups in another. The local administrator has, and
// asks as a reader of this one.
void api_org_groups(struct call *c)
{
    struct group_search f = {.prefix = {NULL, 0}};
    struct grant grant = {.roles = (role_set)1 << ROLE_ORG_READ_ONLY};
    struct principal reader = {.kind = PRINCIPAL_API_KEY, .grants = &grant, .grant_count = 1};
    memcpy(grant.scope_id, c->org.id, sizeof grant.scope_id);
    memcpy(reader.org_id, c->org.id, sizeof reader.org_id);
    bool found;
    if (c->principal->kind == PRINCIPAL_LOCAL) f.principal = &reader;
    if (call_query(c, "name", &found, &f.prefix)) answer_list(c, &f);
}

// ---- one group --------------------------------------------------------------------------------------------

void api_group_get(struct call *c)
{
    struct error err;
    if (store_group_tags(c->thread->reader, c->group.id, c->req->arena, &c->group.tags, &err) == ERR_OK)
        answer_group(c, &c->group);
    else
        call_group_problem(c, &err);
}

// In the caller's organisation; for the local administrator in the first that has one of that name.
static enum err find_by_name(struct call *c, struct group *ret, struct error *err)
{
    struct store_reader *r = c->thread->reader;
    struct arena *a = c->req->arena;
    struct org *all;
    size_t n;
    if (c->principal->kind != PRINCIPAL_LOCAL)
        return store_group_by_name(r, c->principal->org_id, c->params[0], a, ret, err);
    enum err code = store_orgs(r, a, &all, &n, err);
    if (code != ERR_OK) return code;
    code = error_set(err, ERR_NOT_FOUND, "no project of that name");
    for (size_t i = 0; i < n && code == ERR_NOT_FOUND; i++)
        code = store_group_by_name(r, all[i].id, c->params[0], a, ret, err);
    return code;
}

void api_group_by_name(struct call *c)
{
    struct group g;
    struct error err;
    const struct principal *p = c->principal;
    switch (find_by_name(c, &g, &err)) {
    case ERR_OK:
        if (principal_permits(p, NEED_GROUP_READ, g.org_id, g.id))
            answer_group(c, &g);
        else
            call_problem(c, P_NOT_IN_GROUP, NULL, 0);
        return;
    case ERR_NOT_FOUND:
        call_problem(c, P_GROUP_NAME_NOT_FOUND, &PARAM_S(c->params[0]), 1);
        return;
    default:
        call_store_problem(c, &err);
    }
}

// ---- changes ----------------------------------------------------------------------------------------------

void call_group_problem(struct call *c, const struct error *err)
{
    if (err->code == ERR_NOT_FOUND) // deleted since the pipeline looked
        call_problem(c, P_GROUP_NOT_FOUND, &PARAM_C(c->group.id), 1);
    else
        call_store_problem(c, err);
}

static void answer_name_problem(struct call *c, struct slice name, const struct error *err)
{
    if (err->code == ERR_EXISTS)
        call_problem(c, P_GROUP_ALREADY_EXISTS, &PARAM_S(name), 1);
    else if (err->code == ERR_INVALID)
        call_bad_attribute(c, "name", BAD_NAME);
    else
        call_group_problem(c, err);
}

struct create {
    struct slice name, org_id, tags;
    struct body_bool alerts;
};

static bool read_new(struct call *c, struct create *ret)
{
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    const struct json_value *tags;
    const struct body_field fields[] = {{"clusterCount", BODY_IGNORED, false,
                                         NULL}, // clients of the Go SDK send the read-only ones that are no pointers
                                        {"created", BODY_IGNORED, false, NULL},
                                        {"id", BODY_READ_ONLY, false, NULL},
                                        {"links", BODY_IGNORED, false, NULL},
                                        {"name", BODY_TEXT, true, &ret->name},
                                        {"orgId", BODY_TEXT, true, &ret->org_id},
                                        {"tags", BODY_VALUE, false, &tags},
                                        {"withDefaultAlertsSettings", BODY_BOOL, false, &ret->alerts}};
    return call_read_json(c, &doc) && call_read_object(c, json_root(doc), fields, ARRAY_LEN(fields)) &&
           call_read_tags(c, tags, &ret->tags);
}

// The owner is a person, of whom there are none here: checked, and without effect.
static bool check_owner(struct call *c)
{
    bool found;
    struct slice v;
    struct oid id;
    if (!call_query(c, "projectOwnerId", &found, &v)) return false;
    if (!found || v.n == 0 || oid_parse(v, &id)) return true; // the atlas command sends it empty
    call_problem(c, P_INVALID_QUERY_PARAMETER, &PARAM_C("projectOwnerId"), 1);
    return false;
}

// Well-formed (400), exists (404), a role to make projects there (401).
static bool check_new_org(struct call *c, struct slice org_id, struct org *ret)
{
    struct oid id;
    struct error err;
    char hex[OID_HEX + 1];
    if (!oid_parse(org_id, &id)) {
        call_bad_attribute(c, "orgId", "must be 24 lower-case hexadecimal digits");
        return false;
    }
    oid_hex(id, hex);
    switch (store_org_get(c->thread->reader, hex, ret, &err)) {
    case ERR_OK:
        if (principal_permits(c->principal, NEED_ORG_GROUP_CREATOR, ret->id, NULL)) return true;
        call_problem(c, P_NOT_ORG_GROUP_CREATOR, &PARAM_S(org_id), 1);
        return false;
    case ERR_NOT_FOUND:
        call_problem(c, P_ORG_NOT_FOUND, &PARAM_S(org_id), 1);
        return false;
    default:
        call_store_problem(c, &err);
        return false;
    }
}

void api_group_create(struct call *c)
{
    struct create body;
    struct org org;
    struct group g;
    struct error err;
    if (!check_owner(c) || !read_new(c, &body) || !check_new_org(c, body.org_id, &org)) return;
    struct group_new q = {.org_id = org.id, .name = body.name, .tags = body.tags, .creator = c->principal};
    if (body.alerts.found) q.flags = group_flag_with(0, GROUP_FLAG_DEFAULT_ALERTS, body.alerts.v);
    struct actor by = call_actor(c);
    if (core_group_make(c->api->core, &by, &q, &g, &err) == ERR_OK)
        answer_group(c, &g);
    else if (err.code == ERR_NOT_FOUND)
        call_problem(c, P_ORG_NOT_FOUND, &PARAM_S(body.org_id), 1);
    else
        answer_name_problem(c, body.name, &err);
}

void api_group_update(struct call *c)
{
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    const struct json_value *tags;
    struct body_bool alerts;
    struct group_edit q = {.change = 0};
    struct group g;
    struct error err;
    const struct body_field fields[] = {{"name", BODY_TEXT, false, &q.name},
                                        {"tags", BODY_VALUE, false, &tags},
                                        {"withDefaultAlertsSettings", BODY_BOOL, false, &alerts}};
    if (!call_read_json(c, &doc) || !call_read_object(c, json_root(doc), fields, ARRAY_LEN(fields))) return;
    if (tags && !call_read_tags(c, tags, &q.tags)) return;
    if (alerts.found) q.change = 1u << GROUP_FLAG_DEFAULT_ALERTS;
    q.on = alerts.v ? q.change : 0;
    struct actor by = call_actor(c);
    if (core_group_edit(c->api->core, &by, c->group.id, &q, c->req->arena, &g, &err) == ERR_OK)
        answer_group(c, &g);
    else
        answer_name_problem(c, q.name, &err);
}

void api_group_delete(struct call *c)
{
    struct group_use use;
    struct error err;
    struct actor by = call_actor(c);
    if (core_group_delete(c->api->core, &by, c->group.id, &use, &err) == ERR_OK)
        call_accepted(c);
    else if (err.code == ERR_CONFLICT && use.peerings)
        call_problem(c, P_ACTIVE_PEERING_CONNECTIONS, NULL, 0);
    else if (err.code == ERR_CONFLICT)
        call_problem(c, P_CONTAINERS_IN_USE, &PARAM_C("The project still has networks"), 1);
    else
        call_group_problem(c, &err);
}
