// SPDX-License-Identifier: Apache-2.0
// GET /api/atlas/v2/eventTypes: spec/events.def as a list. Called by: pipeline. Must never: name a type that no event
// has.
#include "api/api.h"

#include "base/json.h"

static const struct {
    const char *name, *text;
} types[] = {
#define EVENT(id, name, text) {name, text},
#include "spec/events.def"
#undef EVENT
};

void api_event_types(struct call *c)
{
    bool count = true;
    if (!call_query_bool(c, "includeCount", &count)) return;
    if (c->principal->kind != PRINCIPAL_LOCAL &&
        c->principal->grant_count == 0) { // any role, of an organisation or a project
        call_problem(c, P_USER_UNAUTHORIZED, NULL, 0);
        return;
    }
    const struct page_span page = call_page_span(c, ARRAY_LEN(types));
    uint64_t total = count ? ARRAY_LEN(types) : 0;
    struct buf body;
    struct json_writer w;
    wire_list_begin(c, &w, &body, total);
    for (uint64_t i = page.from; i < page.to; i++) {
        json_obj(&w);
        json_kbool(&w, "alertable", false); // there are no alerts
        json_kstr(&w, "description", types[i].text);
        json_kstr(&w, "eventType", types[i].name);
        json_obj_end(&w);
    }
    wire_list_end(c, &w, total);
    call_ok(c, &body);
}
