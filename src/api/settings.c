// SPDX-License-Identifier: Apache-2.0
// /orgs/{orgId}/settings and /groups/{groupId}/settings. All are kept and shown; apiAccessListRequired and
// maxServiceAccountSecretValidityInHours are what has an effect here. Called by: pipeline. Must never: change one of
// several when another is wrong.
#include "api/tenants.h"

#include "base/encode.h"
#include "base/json.h"

// ---- projects ---------------------------------------------------------------------------------------------

// The flags of a project up to this one are its settings; what follows is shown with the project itself.
#define GROUP_SETTINGS GROUP_FLAG_DEFAULT_ALERTS

static void answer_group_settings(struct call *c, const struct group *g)
{
    struct buf body;
    struct json_writer w;
    wire_entity_begin(c, &w, &body);
    for (unsigned i = 0; i < GROUP_SETTINGS; i++)
        json_kbool(&w, group_flag_name((enum group_flag)i), group_flag(g->flags, (enum group_flag)i));
    wire_entity_end(c, &w);
    call_ok(c, &body);
}

void api_group_settings_get(struct call *c)
{
    answer_group_settings(c, &c->group);
}

void api_group_settings_update(struct call *c)
{
    struct body_field fields[GROUP_SETTINGS];
    struct body_bool sent[GROUP_SETTINGS];
    struct group_edit q = {.change = 0};
    struct group g;
    struct error err;
    for (unsigned i = 0; i < GROUP_SETTINGS; i++)
        fields[i] = (struct body_field){group_flag_name((enum group_flag)i), BODY_BOOL, false, &sent[i]};
    if (!call_read_body(c, fields, GROUP_SETTINGS)) return;
    for (unsigned i = 0; i < GROUP_SETTINGS; i++) {
        q.change |= (flag_set)sent[i].found << i;
        q.on |= (flag_set)sent[i].v << i;
    }
    struct actor by = call_actor(c);
    if (core_group_edit(c->api->core, &by, c->group.id, &q, c->req->arena, &g, &err) == ERR_OK)
        answer_group_settings(c, &g);
    else
        call_group_problem(c, &err);
}

// ---- organisations ----------------------------------------------------------------------------------------

static void add_timeouts(struct json_writer *w, const struct org *o)
{
    if (!o->session_absolute_s && !o->session_idle_s) return;
    json_key(w, "customSessionTimeouts");
    json_obj(w);
    if (o->session_absolute_s) json_kint(w, "absoluteSessionTimeoutInSeconds", o->session_absolute_s);
    if (o->session_idle_s) json_kint(w, "idleSessionTimeoutInSeconds", o->session_idle_s);
    json_obj_end(w);
}

static void add_flag(struct json_writer *w, const struct org *o, enum org_flag f)
{
    json_kbool(w, org_flag_name(f), org_flag(o->flags, f));
}

static void answer_org_settings(struct call *c, const struct org *o)
{
    struct buf body;
    struct json_writer w;
    wire_entity_begin(c, &w, &body);
    json_kbool(&w, "apiAccessListRequired", o->api_access_list_required);
    add_timeouts(&w, o);
    add_flag(&w, o, ORG_FLAG_GEN_AI);
    json_kint(&w, "maxServiceAccountSecretValidityInHours", org_secret_hours(o));
    add_flag(&w, o, ORG_FLAG_MULTI_FACTOR);
    json_kstr(&w, "operationsContact", o->operations_contact[0] ? o->operations_contact : NULL);
    add_flag(&w, o, ORG_FLAG_RESTRICT_EMPLOYEES);
    json_kstr(&w, "securityContact", o->security_contact[0] ? o->security_contact : NULL);
    add_flag(&w, o, ORG_FLAG_STREAMS_CROSS_GROUP);
    wire_entity_end(c, &w);
    call_ok(c, &body);
}

void api_org_settings_get(struct call *c)
{
    answer_org_settings(c, &c->org);
}

static bool is_null(const struct json_value *object, const char *key)
{
    const struct json_value *v = json_get(object, key);
    return v && json_type(v) == JSON_NULL;
}

#define ABSOLUTE "absoluteSessionTimeoutInSeconds"
#define IDLE     "idleSessionTimeoutInSeconds"
#define DAY_HALF 43200 // longest absolute time, and the one that holds when none is set

// null takes a value back; so does null for the whole.
static bool read_timeouts(struct call *c, const struct json_value *root, const struct json_value *v, struct org_edit *q)
{
    struct body_int absolute, idle;
    const struct body_field fields[] = {{ABSOLUTE, BODY_INT, false, &absolute}, {IDLE, BODY_INT, false, &idle}};
    q->set_absolute = q->set_idle = is_null(root, "customSessionTimeouts");
    if (!v) return true;
    if (!call_read_object(c, v, fields, ARRAY_LEN(fields))) return false;
    if (absolute.found && (absolute.v < 3600 || absolute.v > DAY_HALF))
        return call_bad_attribute(c, ABSOLUTE, "must be 3600 to 43200");
    q->set_absolute = absolute.found || is_null(v, ABSOLUTE);
    q->session_absolute_s = absolute.found ? (uint32_t)absolute.v : 0;
    q->set_idle = idle.found || is_null(v, IDLE);
    q->session_idle_s = idle.found ? (uint32_t)MIN(MAX(idle.v, 1), UINT32_MAX) : 0;
    uint32_t longest = q->set_absolute ? q->session_absolute_s : c->org.session_absolute_s;
    uint32_t held = q->set_idle ? q->session_idle_s : c->org.session_idle_s;
    if (held && (held < 300 || held > (longest ? longest : DAY_HALF)))
        return call_bad_attribute(c, IDLE, "must be 300 to the absolute time");
    return true;
}

// One address: something, @, something, and no blanks. What is behind it is not ours to judge.
static bool is_address(struct slice s)
{
    ptrdiff_t at = slice_find(s, '@');
    if (at < 1 || (size_t)at + 1 >= s.n || s.n >= CONTACT_MAX || !utf8_valid(s)) return false;
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= 0x20 || s.p[i] == 0x7F || s.p[i] == ',') return false;
    return true;
}

static bool check_contacts(struct call *c, const struct json_value *root, struct org_edit *q)
{
    const char *operations = "operationsContact", *security = "securityContact";
    if (is_null(root, operations))
        q->operations_contact = SLICE("");
    else if (q->operations_contact.p && !is_address(q->operations_contact))
        return call_bad_attribute(c, operations, "must be an address of e-mail, or null");
    if (q->security_contact.n && !is_address(q->security_contact))
        return call_bad_attribute(c, security, "must be an address of e-mail, or empty");
    return true;
}

static bool check_hours(struct call *c, const struct body_int *hours, struct org_edit *q)
{
    if (!hours->found) return true;
    if (hours->v < SECRET_HOURS_MIN || hours->v > SECRET_HOURS_MAX)
        return call_bad_attribute(c, "maxServiceAccountSecretValidityInHours", "must be 8 to 8760");
    q->set_hours = true;
    q->secret_hours = (uint32_t)hours->v;
    return true;
}

static void take_flag(const struct body_bool *sent, enum org_flag f, struct org_edit *q)
{
    if (!sent->found) return;
    q->change |= 1u << f;
    if (sent->v) q->on |= 1u << f;
}

static bool read_org_settings(struct call *c, struct org_edit *q)
{
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    struct body_bool access, gen_ai, factor, employees, streams;
    struct body_int hours;
    const struct json_value *timeouts;
    const struct body_field fields[] = {{"apiAccessListRequired", BODY_BOOL, false, &access},
                                        {"customSessionTimeouts", BODY_VALUE, false, &timeouts},
                                        {org_flag_name(ORG_FLAG_GEN_AI), BODY_BOOL, false, &gen_ai},
                                        {"maxServiceAccountSecretValidityInHours", BODY_INT, false, &hours},
                                        {org_flag_name(ORG_FLAG_MULTI_FACTOR), BODY_BOOL, false, &factor},
                                        {"operationsContact", BODY_TEXT, false, &q->operations_contact},
                                        {org_flag_name(ORG_FLAG_RESTRICT_EMPLOYEES), BODY_BOOL, false, &employees},
                                        {"securityContact", BODY_TEXT, false, &q->security_contact},
                                        {org_flag_name(ORG_FLAG_STREAMS_CROSS_GROUP), BODY_BOOL, false, &streams}};
    if (!call_read_json(c, &doc) || !call_read_object(c, json_root(doc), fields, ARRAY_LEN(fields))) return false;
    q->set_access = access.found;
    q->access = access.v;
    take_flag(&gen_ai, ORG_FLAG_GEN_AI, q);
    take_flag(&factor, ORG_FLAG_MULTI_FACTOR, q);
    take_flag(&employees, ORG_FLAG_RESTRICT_EMPLOYEES, q);
    take_flag(&streams, ORG_FLAG_STREAMS_CROSS_GROUP, q);
    return check_hours(c, &hours, q) && read_timeouts(c, json_root(doc), timeouts, q) &&
           check_contacts(c, json_root(doc), q);
}

void api_org_settings_update(struct call *c)
{
    struct org_edit q = {.change = 0};
    struct org o;
    struct error err;
    if (!read_org_settings(c, &q)) return;
    struct actor by = call_actor(c);
    if (core_org_edit(c->api->core, &by, c->org.id, &q, &o, &err) == ERR_OK)
        answer_org_settings(c, &o);
    else
        call_org_problem(c, &err);
}
