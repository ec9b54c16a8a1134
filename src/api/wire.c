// SPDX-License-Identifier: Apache-2.0
// Shapes that several resources share: links, lists, envelopes, and the peering connection. Sources: facts recorded
// from Atlas (key order, link parameter order), the OpenAPI document (fields). Called by: handlers. Must never: write
// null for an absent field, or take a host from the request.
#include "api/api.h"

#include "base/encode.h"
#include "base/json.h"

static void add_base(struct call *c, struct buf *b)
{
    buf_str(b, c->api->public_url);
    buf_slice(b, c->req->path);
    buf_char(b, '?');
}

// The request's other parameters, as sent and in the order sent, each followed by '&'.
static void add_other_params(struct call *c, struct buf *b)
{
    struct slice rest = c->req->query;
    struct query_param q;
    while (query_next(&rest, &q)) {
        if (slice_eq_cstr(q.name, "pageNum") || slice_eq_cstr(q.name, "itemsPerPage")) continue;
        buf_slice(b, q.name);
        if (q.has_value) {
            buf_char(b, '=');
            buf_slice(b, q.value);
        }
        buf_char(b, '&');
    }
}

void wire_link(struct json_writer *w, struct slice href, const char *rel)
{
    json_obj(w);
    json_kslice(w, "href", href);
    json_kstr(w, "rel", rel);
    json_obj_end(w);
}

// self names pageNum first, next and previous name itemsPerPage first: recorded.
static void add_page_link(struct call *c, struct json_writer *w, const char *rel, uint32_t number, bool self)
{
    struct buf href;
    buf_init(&href, 64 * 1024);
    add_base(c, &href);
    add_other_params(c, &href);
    if (self)
        buf_fmt(&href, "pageNum=%u&itemsPerPage=%u", number, c->page.size);
    else
        buf_fmt(&href, "itemsPerPage=%u&pageNum=%u", c->page.size, number);
    if (href.fail)
        w->out->fail = href.fail;
    else
        wire_link(w, buf_view(&href), rel);
    buf_done(&href);
}

void wire_list_begin(struct call *c, struct json_writer *w, struct buf *body, uint64_t total)
{
    buf_init(body, WIRE_BODY_MAX);
    json_begin(w, body, c->fmt.pretty);
    json_obj(w);
    json_key(w, "links");
    json_arr(w);
    add_page_link(c, w, "self", c->page.number, true);
    if (total > (uint64_t)c->page.number * c->page.size) add_page_link(c, w, "next", c->page.number + 1, false);
    if (c->page.number > 1) add_page_link(c, w, "previous", c->page.number - 1, false);
    json_arr_end(w);
    json_key(w, "results");
    json_arr(w);
}

void wire_list_end(struct call *c, struct json_writer *w, uint64_t total)
{
    json_arr_end(w);
    if (c->fmt.envelope) json_kint(w, "status", 200);
    json_kint(w, "totalCount", (int64_t)total);
    json_obj_end(w);
}

void wire_entity_begin(struct call *c, struct json_writer *w, struct buf *body)
{
    buf_init(body, WIRE_BODY_MAX);
    json_begin(w, body, c->fmt.pretty);
    if (c->fmt.envelope) {
        json_obj(w);
        json_key(w, "content");
    }
    json_obj(w);
}

void wire_entity_end(struct call *c, struct json_writer *w)
{
    json_obj_end(w);
    if (!c->fmt.envelope) return;
    json_kint(w, "status", c->route->flags & ROUTE_CREATED ? 201 : 200);
    json_obj_end(w);
}

void wire_self_link(struct call *c, struct json_writer *w)
{
    char *href = arena_fmt(c->req->arena, "%s%.*s", c->api->public_url, SLICE_FMT(c->req->path));
    json_key(w, "links");
    json_arr(w);
    if (href) wire_link(w, slice_of(href), "self");
    json_arr_end(w);
}

void wire_time(struct json_writer *w, const char *key, struct wall t)
{
    if (t.us == 0) return;
    char text[21];
    wall_rfc3339(t, text);
    json_kstr(w, key, text);
}

void wire_resource_links(struct call *c, struct json_writer *w, const char *collection, const char *id,
                         const char *const *subs, size_t n)
{
    char *self = arena_fmt(c->req->arena, "%s/api/atlas/v2/%s/%s", c->api->public_url, collection, id);
    json_key(w, "links");
    json_arr(w);
    wire_link(w, slice_of(self), "self");
    for (size_t i = 0; i < n; i++) {
        char *href = arena_fmt(c->req->arena, "%s/%s", self ? self : "", subs[i]);
        char *rel = arena_fmt(c->req->arena, "https://cloud.mongodb.com/%s", subs[i]);
        if (href && rel) wire_link(w, slice_of(href), rel);
    }
    json_arr_end(w);
}
