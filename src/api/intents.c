// SPDX-License-Identifier: Apache-2.0
// …/groups/{groupId}/intents and /intents:release: what is asked of AWS and not done yet, as `peerage intents` shows
// it. Called by: pipeline. Must never: touch an intent of another project.
#include "api/peerage.h"

#include "base/json.h"

static const char *state_of(const struct intent *i)
{
    if (i->end != INTENT_LIVE) return intent_end_name(i->end);
    return i->held ? "held" : i->attempts ? "trying" : "waiting";
}

static void add_intent(struct json_writer *w, const struct intent *i)
{
    json_obj(w);
    json_kstr(w, "action", action_name(i->action));
    json_kstr(w, "actor", i->actor);
    json_kint(w, "attempts", i->attempts);
    json_kstr(w, "connectionId", i->connection_id);
    wire_time(w, "ended", i->ended);
    json_kstr(w, "groupId", i->group_id);
    json_kstr(w, "id", i->id);
    json_kstr(w, "networkId", i->network_id);
    if (i->end == INTENT_LIVE) wire_time(w, "notBefore", i->not_before);
    if (i->reason.n) json_kslice(w, "reason", i->reason);
    wire_time(w, "requested", i->requested);
    if (i->rule.n) json_kslice(w, "rule", i->rule);
    json_kstr(w, "state", state_of(i));
    json_obj_end(w);
}

void api_intents_list(struct call *c)
{
    struct intent *all;
    size_t n;
    uint64_t total;
    struct error err;
    bool ended = false;
    struct store_reader *r = c->thread->reader;
    if (!call_query_bool(c, "ended", &ended)) return;
    if (store_intents(r, c->group.id, ended, c->page, c->req->arena, &all, &n, &err) != ERR_OK ||
        store_intents_count(r, c->group.id, ended, &total, &err) != ERR_OK) {
        call_store_problem(c, &err);
        return;
    }
    struct buf body;
    struct json_writer w;
    wire_list_begin(c, &w, &body, total);
    for (size_t i = 0; i < n; i++) add_intent(&w, &all[i]);
    wire_list_end(c, &w, total);
    call_ok(c, &body);
}

void api_intent_cancel(struct call *c)
{
    struct oid id;
    struct intent i;
    struct error err;
    char hex[OID_HEX + 1];
    if (!oid_parse(c->params[1], &id)) {
        call_problem(c, P_PATH_PARAM_PARSE_ERROR, &PARAM_S(c->req->path), 1);
        return;
    }
    oid_hex(id, hex);
    struct actor by = call_actor(c);
    enum err code = store_intent_get(c->thread->reader, hex, c->req->arena, &i, &err);
    if (code == ERR_OK && strcmp(i.group_id, c->group.id) != 0)
        code = error_set(&err, ERR_NOT_FOUND, "an intent of another project");
    if (code == ERR_OK) code = core_intent_cancel(c->api->core, &by, hex, &err);
    if (code == ERR_OK)
        call_no_content(c);
    else
        call_core_problem(c, &err, "intent", 1);
}

// ---- after a restore --------------------------------------------------------------------------------------

static bool read_scope(struct call *c, const char **ret_group)
{
    struct slice group;
    struct body_bool all;
    struct oid id;
    char hex[OID_HEX + 1];
    const struct body_field fields[] = {{"all", BODY_BOOL, false, &all}, {"groupId", BODY_TEXT, false, &group}};
    if (!call_read_body(c, fields, ARRAY_LEN(fields))) return false;
    *ret_group = NULL;
    if (all.v == (group.p != NULL)) {
        const struct problem_param both[] = {PARAM_C("all"), PARAM_C("groupId")};
        if (all.v)
            call_bad_attribute(c, "all", "all and groupId exclude each other");
        else
            call_problem(c, P_MISSING_ONE_OF_ATTRIBUTES, both, 2);
        return false;
    }
    if (all.v) return true;
    if (!oid_parse(group, &id)) {
        call_bad_attribute(c, "groupId", "must be 24 lower-case hexadecimal digits");
        return false;
    }
    oid_hex(id, hex);
    *ret_group = arena_strndup(c->req->arena, hex, OID_HEX);
    if (*ret_group) return true;
    call_problem(c, P_UNEXPECTED_ERROR, NULL, 0); // no group would mean all of them
    return false;
}

void api_intents_release(struct call *c)
{
    const char *group;
    uint64_t n;
    struct error err;
    if (!read_scope(c, &group)) return;
    struct actor by = call_actor(c);
    if (core_intents_release(c->api->core, &by, group, &n, &err) != ERR_OK) {
        if (err.code == ERR_NOT_FOUND && group)
            call_problem(c, P_GROUP_NOT_FOUND, &PARAM_C(group), 1);
        else
            call_store_problem(c, &err);
        return;
    }
    struct buf body;
    struct json_writer w;
    wire_entity_begin(c, &w, &body);
    json_kint(&w, "released", (int64_t)n);
    wire_entity_end(c, &w);
    call_ok(c, &body);
}
