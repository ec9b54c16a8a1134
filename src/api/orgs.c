// SPDX-License-Identifier: Apache-2.0
// /api/atlas/v2/orgs and /orgs/{orgId}: organisations. Key order and links are as recorded. Called by: pipeline.
// Must never: show an organisation that the caller has no role on.
#include "api/tenants.h"

#include "base/json.h"

static const char *const sub_resources[] = {"groups", "teams", "users"};

void wire_org(struct call *c, struct json_writer *w, const struct org *o, bool single)
{
    json_kstr(w, "id", o->id);
    json_kbool(w, "isDeleted", false);
    wire_resource_links(c, w, "orgs", o->id, sub_resources, single ? ARRAY_LEN(sub_resources) : 0);
    json_kstr(w, "name", o->name);
    json_kbool(w, "skipDefaultAlertsSettings", org_flag(o->flags, ORG_FLAG_SKIP_DEFAULT_ALERTS));
}

static void answer_org(struct call *c, const struct org *o)
{
    struct buf body;
    struct json_writer w;
    wire_entity_begin(c, &w, &body);
    wire_org(c, &w, o, true);
    wire_entity_end(c, &w);
    call_ok(c, &body);
}

void call_org_problem(struct call *c, const struct error *err)
{
    if (err->code == ERR_NOT_FOUND) // deleted since the pipeline looked
        call_problem(c, P_ORG_NOT_FOUND, &PARAM_C(c->org.id), 1);
    else
        call_store_problem(c, err);
}

// A credential belongs to one organisation, so its list has one element or none; the local administrator sees all.
static enum err visible(struct call *c, struct org **ret, size_t *ret_n, struct error *err)
{
    *ret = &c->org;
    *ret_n = 0;
    if (c->principal->kind == PRINCIPAL_LOCAL) return store_orgs(c->thread->reader, c->req->arena, ret, ret_n, err);
    enum err code = store_org_get(c->thread->reader, c->principal->org_id, &c->org, err);
    if (code == ERR_OK) *ret_n = principal_permits(c->principal, NEED_ORG_MEMBER, c->org.id, NULL);
    return code == ERR_NOT_FOUND ? ERR_OK : code;
}

static bool has_prefix(const struct org *o, struct slice prefix)
{
    struct slice name = slice_of(o->name);
    return slice_eq_nocase(slice_n(name.p, MIN(prefix.n, name.n)), prefix);
}

void api_orgs_list(struct call *c)
{
    struct slice prefix = {NULL, 0};
    struct org *all;
    size_t n, matching = 0;
    struct error err;
    bool found, count = true;
    if (!call_query(c, "name", &found, &prefix) || !call_query_bool(c, "includeCount", &count)) return;
    if (visible(c, &all, &n, &err) != ERR_OK) {
        call_store_problem(c, &err);
        return;
    }
    for (size_t i = 0; i < n; i++)
        if (has_prefix(&all[i], prefix)) all[matching++] = all[i];
    const struct page_span page = call_page_span(c, matching);
    uint64_t total = count ? matching : 0;
    struct buf body;
    struct json_writer w;
    wire_list_begin(c, &w, &body, total);
    for (uint64_t i = page.from; i < page.to; i++) {
        json_obj(&w);
        wire_org(c, &w, &all[i], false);
        json_obj_end(&w);
    }
    wire_list_end(c, &w, total);
    call_ok(c, &body);
}

void api_org_get(struct call *c)
{
    answer_org(c, &c->org);
}

void api_org_update(struct call *c)
{
    struct org_edit q = {.change = 0};
    struct body_bool skip;
    struct org o;
    struct error err;
    const struct body_field fields[] = {{"id", BODY_READ_ONLY, false, NULL},
                                        {"isDeleted", BODY_READ_ONLY, false, NULL},
                                        {"links", BODY_IGNORED, false, NULL},
                                        {"name", BODY_TEXT, true, &q.name},
                                        {"skipDefaultAlertsSettings", BODY_BOOL, false, &skip}};
    if (!call_read_body(c, fields, ARRAY_LEN(fields))) return;
    if (skip.found) q.change = 1u << ORG_FLAG_SKIP_DEFAULT_ALERTS;
    q.on = skip.v ? q.change : 0;
    struct actor by = call_actor(c);
    if (core_org_edit(c->api->core, &by, c->org.id, &q, &o, &err) == ERR_OK)
        answer_org(c, &o);
    else if (err.code == ERR_EXISTS)
        call_problem(c, P_ORG_ALREADY_EXISTS, &PARAM_S(q.name), 1);
    else if (err.code == ERR_INVALID)
        call_bad_attribute(c, "name", BAD_NAME);
    else
        call_org_problem(c, &err);
}

void api_org_delete(struct call *c)
{
    struct error err;
    struct actor by = call_actor(c);
    if (core_org_delete(c->api->core, &by, c->org.id, &err) == ERR_OK)
        call_no_content(c);
    else if (err.code == ERR_CONFLICT)
        call_problem(c, P_ORG_NOT_EMPTY, NULL, 0);
    else
        call_org_problem(c, &err);
}
