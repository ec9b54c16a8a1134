// SPDX-License-Identifier: Apache-2.0
// What a project of Atlas has and a project here never has: teams, limits of its own, addresses of clusters, an
// advisor's threshold. Clients that manage projects read all four and stop at a 501, so they are told what is so: none.
// Called by: pipeline. Must never: pretend that one of them can be made; those operations are not offered.
#include "api/api.h"

#include "base/json.h"

// A body that is no object: what `add` writes, alone or as the envelope's content.
static void answer_bare(struct call *c, void (*add)(struct json_writer *w))
{
    struct buf body;
    struct json_writer w;
    buf_init(&body, WIRE_BODY_MAX);
    json_begin(&w, &body, c->fmt.pretty);
    if (c->fmt.envelope) {
        json_obj(&w);
        json_key(&w, "content");
    }
    add(&w);
    if (c->fmt.envelope) {
        json_kint(&w, "status", 200);
        json_obj_end(&w);
    }
    call_ok(c, &body);
}

static void add_no_limits(struct json_writer *w)
{
    json_arr(w);
    json_arr_end(w);
}

static void add_false(struct json_writer *w)
{
    json_bool(w, false);
}

void api_group_teams(struct call *c)
{
    struct buf body;
    struct json_writer w;
    bool count = true;
    if (!call_query_bool(c, "includeCount", &count)) return;
    wire_list_begin(c, &w, &body, 0);
    wire_list_end(c, &w, 0);
    call_ok(c, &body);
}

void api_group_limits(struct call *c)
{
    answer_bare(c, add_no_limits);
}

void api_group_addresses(struct call *c)
{
    struct buf body;
    struct json_writer w;
    wire_entity_begin(c, &w, &body);
    json_kstr(&w, "groupId", c->group.id);
    json_key(&w, "services");
    json_obj(&w);
    json_key(&w, "clusters");
    json_arr(&w);
    json_arr_end(&w);
    json_obj_end(&w);
    wire_entity_end(c, &w);
    call_ok(c, &body);
}

void api_group_slow_ms(struct call *c)
{
    answer_bare(c, add_false);
}

// Off it is already: clients say so whenever they change a project.
void api_group_slow_ms_off(struct call *c)
{
    call_no_content(c);
}
