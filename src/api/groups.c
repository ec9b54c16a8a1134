// SPDX-License-Identifier: Apache-2.0
// GET /api/atlas/v2/groups and /groups/{groupId}: projects, as the clients look them up. Called by: pipeline.
// Must never: show a group that the caller has no role on.
#include "api/api.h"

#include "base/json.h"

// Sub-resources that Atlas links from a single project, in the recorded order.
static const char *const sub_resources[] = {"containers", "clusters",  "databaseUsers",
                                            "peers",      "processes", "whitelist"};

static void add_links(struct call *c, struct json_writer *w, const struct group *g, bool single)
{
    char *self = arena_fmt(c->req->arena, "%s/api/atlas/v2/groups/%s", c->api->public_url, g->id);
    json_key(w, "links");
    json_arr(w);
    wire_link(w, slice_of(self), "self");
    for (size_t i = 0; single && i < ARRAY_LEN(sub_resources); i++) {
        char *href = arena_fmt(c->req->arena, "%s/%s", self ? self : "", sub_resources[i]);
        char *rel = arena_fmt(c->req->arena, "https://cloud.mongodb.com/%s", sub_resources[i]);
        if (href && rel) wire_link(w, slice_of(href), rel);
    }
    json_arr_end(w);
}

static void add_group(struct call *c, struct json_writer *w, const struct group *g, bool single)
{
    json_kint(w, "clusterCount", 0);
    wire_time(w, "created", g->created);
    json_kstr(w, "id", g->id);
    add_links(c, w, g, single);
    json_kstr(w, "name", g->name);
    json_kstr(w, "orgId", g->org_id);
    json_key(w, "tags");
    json_arr(w);
    json_arr_end(w);
    json_kbool(w, "withDefaultAlertsSettings", true);
}

void api_groups_list(struct call *c)
{
    struct group *rows;
    size_t n;
    uint64_t total;
    struct error err;
    if (store_groups(c->thread->reader, c->principal, false, c->page, c->req->arena, &rows, &n, &total, &err) !=
        ERR_OK) {
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

void api_group_get(struct call *c)
{
    struct buf body;
    struct json_writer w;
    wire_entity_begin(c, &w, &body);
    add_group(c, &w, &c->group, true);
    wire_entity_end(c, &w);
    call_ok(c, &body);
}
