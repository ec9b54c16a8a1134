// SPDX-License-Identifier: Apache-2.0
// /api/peerage/v1/signingKeys: the keys that sign access tokens, for the operator. Called by: pipeline.
// Must never: show key material.
#include "api/api.h"

#include "base/json.h"

static void add_members(struct json_writer *w, const struct signing_key_info *k)
{
    wire_time(w, "created", k->created);
    json_kstr(w, "id", k->id);
    wire_time(w, "retired", k->retired);
    json_kstr(w, "state", k->retired.us ? "RETIRED" : "CURRENT");
    wire_time(w, "validUntil", k->until);
}

void api_signing_keys(struct call *c)
{
    struct signing_key_info *all;
    size_t n;
    struct error err;
    if (auth_signing_keys(c->thread->reader, c->req->received, c->req->arena, &all, &n, &err) != ERR_OK) {
        call_store_problem(c, &err);
        return;
    }
    const struct page_span page = call_page_span(c, n);
    struct buf body;
    struct json_writer w;
    wire_list_begin(c, &w, &body, n);
    for (uint64_t i = page.from; i < page.to; i++) {
        json_obj(&w);
        add_members(&w, &all[i]);
        json_obj_end(&w);
    }
    wire_list_end(c, &w, n);
    call_ok(c, &body);
}

void api_signing_key_rotate(struct call *c)
{
    const struct actor by = call_actor(c);
    struct signing_key_info made;
    struct error err;
    enum err code = auth_signing_rotate(c->api->auth, &by, &made, &err);
    if (code == ERR_CONFLICT) {
        call_problem(c, P_SIGNING_KEYS_IN_USE, &PARAM_C(err.detail), 1);
        return;
    }
    if (code != ERR_OK) {
        call_store_problem(c, &err);
        return;
    }
    struct buf body;
    struct json_writer w;
    wire_entity_begin(c, &w, &body);
    add_members(&w, &made);
    wire_entity_end(c, &w);
    call_ok(c, &body);
}
