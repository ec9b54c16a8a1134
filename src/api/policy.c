// SPDX-License-Identifier: Apache-2.0
// …/groups/{groupId}/policy: the rules of a project's policy, whether they decide, and how many must ask for an action.
// Called by: pipeline. Must never: take a rule that it does not understand whole, or let one caller alone lower what
// several must agree to (core sees to it).
#include "api/policy.h"

#include "base/json.h"

// ---- shared -----------------------------------------------------------------------------------------------

void wire_texts(struct json_writer *w, const char *key, struct slice list)
{
    struct slice one;
    json_key(w, key);
    json_arr(w);
    while (cidr_list_next(&list, &one)) json_str(w, one);
    json_arr_end(w);
}

bool call_read_blocks(struct call *c, const char *field, const struct body_texts *t, struct slice *ret)
{
    struct buf b;
    struct cidr block;
    size_t i = 0;
    buf_init(&b, 16384);
    *ret = SLICE("");
    for (; i < t->n && cidr_parse(t->v[i], false, &block); i++) {
        if (i) buf_char(&b, ' ');
        buf_slice(&b, t->v[i]);
    }
    bool good = i == t->n;
    if (good && t->n) *ret = b.fail ? (struct slice){NULL, 0} : arena_slice(c->req->arena, buf_view(&b));
    buf_done(&b);
    if (!good) call_bad_attribute(c, field, "must be CIDR blocks without host bits, as 10.0.0.0/16");
    if (good && !ret->p) call_problem(c, P_UNEXPECTED_ERROR, NULL, 0);
    return good && ret->p;
}

bool read_moment(struct slice text, struct wall *ret)
{
    uint32_t date;
    char whole[21];
    if (!date_parse_ymd(text, &date)) return wall_parse_rfc3339(text, ret);
    memcpy(whole, text.p, 10);
    memcpy(whole + 10, "T00:00:00Z", 11);
    return wall_parse_rfc3339(slice_of(whole), ret);
}

void call_policy_problem(struct call *c, const char *field, const struct error *err)
{
    const char *detail = arena_strndup(c->req->arena, err->detail, strlen(err->detail));
    switch (err->code) {
    case ERR_INVALID:
        call_bad_attribute(c, field, detail ? detail : "is wrong");
        return;
    case ERR_DENIED:
        call_problem(c, P_APPROVALS_NEEDED, &PARAM_C(detail ? detail : ""), 1);
        return;
    case ERR_CONFLICT:
        call_problem(c, P_POLICY_CONFLICT, &PARAM_C(detail ? detail : ""), 1);
        return;
    default:
        call_group_problem(c, err);
    }
}

bool call_read_rules(struct call *c, const struct json_value *list, const struct policy_rule **ret, size_t *ret_n)
{
    struct policy_rule *rules;
    struct policy p;
    struct error err;
    enum err code;
    if (list) {
        code = policy_rules_read(list, c->req->arena, &rules, ret_n, &err);
        if (code == ERR_OK) *ret = rules;
    } else {
        code = store_policy_get(c->thread->reader, c->group.id, c->req->arena, &p, &err);
        if (code == ERR_OK) *ret = p.rules, *ret_n = p.rule_count;
    }
    if (code != ERR_OK) call_policy_problem(c, "rules", &err);
    return code == ERR_OK;
}

// ---- the answer -------------------------------------------------------------------------------------------

static void add_rule(struct json_writer *w, const struct policy_rule *r)
{
    json_obj(w);
    if (r->accounts.n) wire_texts(w, "accounts", r->accounts);
    json_kstr(w, "action", policy_action_name(r->action));
    if (r->allow_shared) json_kbool(w, "allowSharedSpace", true);
    if (r->cidrs.n) wire_texts(w, "cidrs", r->cidrs);
    json_kstr(w, "name", r->name);
    if (r->target[0]) json_kstr(w, "project", r->target);
    if (r->vpcs.n) wire_texts(w, "vpcs", r->vpcs);
    json_obj_end(w);
}

static void answer(struct call *c)
{
    struct policy p;
    struct approval_rule approvals;
    struct error err;
    if (store_policy_get(c->thread->reader, c->group.id, c->req->arena, &p, &err) != ERR_OK ||
        store_approval_rule(c->thread->reader, c->group.id, &approvals, &err) != ERR_OK) {
        call_store_problem(c, &err);
        return;
    }
    struct buf body;
    struct json_writer w;
    wire_entity_begin(c, &w, &body);
    json_kstr(&w, "actor", p.actor[0] ? p.actor : NULL);
    json_key(&w, "approvals");
    json_obj(&w);
    json_kint(&w, "accepts", approvals.accepts);
    json_kint(&w, "deletes", approvals.deletes);
    json_obj_end(&w);
    wire_time(&w, "changed", p.changed);
    json_kbool(&w, "enabled", p.enabled);
    json_kstr(&w, "groupId", p.group_id);
    wire_self_link(c, &w);
    json_key(&w, "rules");
    json_arr(&w);
    for (size_t i = 0; i < p.rule_count; i++) add_rule(&w, &p.rules[i]);
    json_arr_end(&w);
    json_kint(&w, "version", (int64_t)p.version);
    wire_entity_end(c, &w);
    call_ok(c, &body);
}

void api_policy_get(struct call *c)
{
    answer(c);
}

// ---- replacing the rules ----------------------------------------------------------------------------------

static bool read_if_version(struct call *c, int64_t *ret)
{
    bool found;
    struct slice v;
    uint64_t n;
    *ret = -1;
    if (!call_query(c, "ifVersion", &found, &v)) return false;
    if (!found) return true;
    if (slice_u64(v, INT64_MAX, &n)) return *ret = (int64_t)n, true;
    call_problem(c, P_INVALID_QUERY_PARAMETER, &PARAM_C("ifVersion"), 1);
    return false;
}

void api_policy_set(struct call *c)
{
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    const struct json_value *list;
    const struct policy_rule *rules;
    const struct actor by = call_actor(c);
    size_t n;
    int64_t version;
    bool changed;
    struct error err;
    const struct body_field fields[] = {
        {"actor", BODY_READ_ONLY, false, NULL},   {"approvals", BODY_READ_ONLY, false, NULL},
        {"changed", BODY_READ_ONLY, false, NULL}, {"enabled", BODY_READ_ONLY, false, NULL},
        {"groupId", BODY_READ_ONLY, false, NULL}, {"links", BODY_IGNORED, false, NULL},
        {"rules", BODY_VALUE, true, &list},       {"version", BODY_READ_ONLY, false, NULL}};
    if (!read_if_version(c, &version) || !call_read_json_max(c, POLICY_TEXT_MAX, &doc) ||
        !call_read_object(c, json_root(doc), fields, ARRAY_LEN(fields)) || !call_read_rules(c, list, &rules, &n))
        return;
    if (core_policy_set(c->api->core, &by, c->group.id, rules, n, version, &changed, &err) == ERR_OK)
        answer(c);
    else
        call_policy_problem(c, "rules", &err);
}

// ---- switch, and how many must ask ------------------------------------------------------------------------

static bool take_number(struct call *c, struct body_int v, bool *ret_set, unsigned *ret)
{
    *ret_set = v.found;
    if (!v.found) return true;
    if (v.v < 0 || v.v > APPROVALS_MAX) {
        call_bad_attribute(c, "approvals", "must be numbers from 0 to 5");
        return false;
    }
    *ret = (unsigned)v.v;
    return true;
}

static bool read_edit(struct call *c, struct policy_edit *q)
{
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    const struct json_value *approvals;
    struct body_bool enabled;
    struct body_int accepts, deletes;
    const struct body_field fields[] = {
        {"actor", BODY_READ_ONLY, false, NULL},   {"approvals", BODY_VALUE, false, &approvals},
        {"changed", BODY_READ_ONLY, false, NULL}, {"enabled", BODY_BOOL, false, &enabled},
        {"groupId", BODY_READ_ONLY, false, NULL}, {"links", BODY_IGNORED, false, NULL},
        {"rules", BODY_READ_ONLY, false, NULL},   {"version", BODY_READ_ONLY, false, NULL}};
    const struct body_field numbers[] = {{"accepts", BODY_INT, false, &accepts},
                                         {"deletes", BODY_INT, false, &deletes}};
    *q = (struct policy_edit){.set_enabled = false};
    if (!call_read_json(c, &doc) || !call_read_object(c, json_root(doc), fields, ARRAY_LEN(fields))) return false;
    q->set_enabled = enabled.found;
    q->enabled = enabled.v;
    if (!approvals) return true;
    return call_read_object(c, approvals, numbers, ARRAY_LEN(numbers)) &&
           take_number(c, accepts, &q->set_accepts, &q->accepts) &&
           take_number(c, deletes, &q->set_deletes, &q->deletes);
}

void api_policy_edit(struct call *c)
{
    const struct actor by = call_actor(c);
    struct policy_edit q;
    struct error err;
    if (!read_edit(c, &q)) return;
    if (core_policy_edit(c->api->core, &by, c->group.id, &q, &err) == ERR_OK)
        answer(c);
    else
        call_policy_problem(c, "approvals", &err);
}
