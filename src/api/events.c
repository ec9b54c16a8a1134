// SPDX-License-Identifier: Apache-2.0
// GET …/groups/{groupId}/events and …/orgs/{orgId}/events, lists and single ones: the audit log in the shape of the
// Atlas Events resource. Key order, links and the uncounted list are as recorded. Called by: pipeline.
// Must never: show an event of another group or organisation, or one of a group to who is only in its organisation.
#include "api/api.h"

#include "base/json.h"

static bool has_prefix(const char *type, const char *prefix)
{
    return slice_starts(slice_of(type), slice_of(prefix));
}

// The self link of what belongs to no group says "null" where the group would be: recorded.
static void add_link(struct call *c, struct json_writer *w, const struct event_row *e)
{
    char *href = arena_fmt(c->req->arena, "%s/api/atlas/v2/groups/%s/events/%s", c->api->public_url,
                           e->group_id[0] ? e->group_id : "null", e->id);
    json_key(w, "links");
    json_arr(w);
    if (href) wire_link(w, slice_of(href), "self");
    json_arr_end(w);
}

static bool is_of_key(const struct event_row *e)
{
    return has_prefix(e->type, "API_KEY_") || has_prefix(e->type, "PEERAGE_API_KEY_");
}

// The block of an access list's event, out of its detail.
static void add_access_entry(struct json_writer *w, const struct event_row *e)
{
    const struct slice before = SLICE("{\"cidrBlock\":\"");
    struct slice rest = slice_skip(e->detail, before.n), block;
    if (is_of_key(e) && slice_starts(e->detail, before) && slice_cut(&rest, '"', &block))
        json_kslice(w, "whitelistEntry", block);
}

// What the event is about. Atlas names no resource for what is made in the scope itself.
static void add_subject(struct json_writer *w, const struct event_row *e)
{
    const char *kind = NULL;
    if (e->resource.n == 0) return;
    if (is_of_key(e)) {
        json_kslice(w, "targetPublicKey", e->resource);
        return;
    }
    if (has_prefix(e->type, "SERVICE_ACCOUNT_"))
        kind = "serviceAccount";
    else if (has_prefix(e->type, "PEERAGE_"))
        kind = has_prefix(e->type, "PEERAGE_WEBHOOK_")    ? "webhook"
               : slice_starts(e->resource, SLICE("pcx-")) ? "vpcPeeringConnection"
               : slice_eq_cstr(e->resource, e->group_id)  ? "project"
               : slice_eq_cstr(e->resource, e->org_id)    ? "organization"
                                                          : "network";
    if (kind) json_kslice(w, "resourceId", e->resource);
    json_kstr(w, "resourceType", kind);
}

static void add_event(struct call *c, struct json_writer *w, const struct event_row *e, bool of_org)
{
    bool named = e->actor_kind == PRINCIPAL_LOCAL || e->actor_kind == PRINCIPAL_PERSON;
    json_kstr(w, "apiKeyId", e->actor_id[0] ? e->actor_id : NULL);
    wire_time(w, "created", e->created);
    json_kstr(w, "eventTypeName", e->type);
    json_kstr(w, "groupId", e->group_id[0] ? e->group_id : NULL);
    json_kstr(w, "id", e->id);
    json_kbool(w, "isGlobalAdmin", false);
    add_link(c, w, e);
    json_kstr(w, "orgId", of_org ? e->org_id : NULL);
    json_kstr(w, "publicKey", named ? NULL : e->actor);
    json_kstr(w, "remoteAddress", e->remote[0] ? e->remote : NULL);
    add_subject(w, e);
    json_kstr(w, "username", named ? e->actor : NULL);
    add_access_entry(w, e);
}

static bool read_time(struct call *c, const char *name, struct wall *ret)
{
    bool found;
    struct slice v;
    if (!call_query(c, name, &found, &v)) return false;
    if (!found || wall_parse_rfc3339(v, ret)) return true;
    call_problem(c, P_INVALID_QUERY_PARAMETER, &PARAM_C(name), 1);
    return false;
}

// No event concerns a cluster.
static bool read_clusters(struct call *c, struct event_filter *f)
{
    struct slice names = {NULL, 0};
    if (!call_query_values(c, "clusterNames", &names)) return false;
    if (names.p) f->types = SLICE("[]");
    return true;
}

static bool read_filter(struct call *c, struct event_filter *f)
{
    bool raw = false, count = true;
    if (!call_query_values(c, "eventType", &f->types)) return false;
    if (f->group_id && !call_query_values(c, "excludedEventType", &f->not_types)) return false;
    if (f->group_id && !read_clusters(c, f)) return false;
    if (!call_query_bool(c, "includeRaw", &raw) || !call_query_bool(c, "includeCount", &count)) return false;
    if (!read_time(c, "minDate", &f->since) || !read_time(c, "maxDate", &f->until)) return false;
    f->uncounted = !count;
    f->page = c->page;
    return true;
}

static void answer_list(struct call *c, struct event_filter *f)
{
    struct event_row *rows;
    size_t n;
    uint64_t total;
    struct error err;
    if (!read_filter(c, f)) return;
    if (store_events_find(c->thread->reader, f, c->req->arena, &rows, &n, &total, &err) != ERR_OK) {
        call_store_problem(c, &err);
        return;
    }
    struct buf body;
    struct json_writer w;
    wire_list_begin(c, &w, &body, total);
    for (size_t i = 0; i < n; i++) {
        json_obj(&w);
        add_event(c, &w, &rows[i], f->org_id != NULL);
        json_obj_end(&w);
    }
    wire_list_end(c, &w, total);
    call_ok(c, &body);
}

static void answer_one(struct call *c, const struct event_filter *f, enum problem absent)
{
    struct oid id;
    struct event_row row;
    struct error err;
    bool raw = false;
    if (!oid_parse(c->params[1], &id)) {
        call_problem(c, P_PATH_PARAM_PARSE_ERROR, &PARAM_S(c->req->path), 1);
        return;
    }
    if (!call_query_bool(c, "includeRaw", &raw)) return;
    char hex[OID_HEX + 1];
    oid_hex(id, hex);
    enum err code = store_event_get(c->thread->reader, f, hex, c->req->arena, &row, &err);
    if (code == ERR_NOT_FOUND) {
        struct problem_param params[] = {PARAM_S(c->params[1]), PARAM_C(f->group_id ? f->group_id : f->org_id)};
        call_problem(c, absent, params, 2);
        return;
    }
    if (code != ERR_OK) {
        call_store_problem(c, &err);
        return;
    }
    struct buf body;
    struct json_writer w;
    wire_entity_begin(c, &w, &body);
    add_event(c, &w, &row, f->org_id != NULL);
    wire_entity_end(c, &w);
    call_ok(c, &body);
}

void api_group_events(struct call *c)
{
    answer_list(c, &(struct event_filter){.group_id = c->group.id});
}

void api_group_event(struct call *c)
{
    answer_one(c, &(struct event_filter){.group_id = c->group.id}, P_EVENT_NOT_FOUND);
}

void api_org_events(struct call *c)
{
    answer_list(c, &(struct event_filter){.org_id = c->org.id});
}

void api_org_event(struct call *c)
{
    answer_one(c, &(struct event_filter){.org_id = c->org.id}, P_ORG_EVENT_NOT_FOUND);
}
