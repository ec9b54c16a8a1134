// SPDX-License-Identifier: Apache-2.0
// …/groups/{groupId}/expectedRequests: requests that are known to come, and that a project's policy accepts once.
// Called by: pipeline. Must never: expect more than was said.
#include "api/policy.h"

#include "base/json.h"

// ---- the answer -------------------------------------------------------------------------------------------

static const char *state_of(const struct expected *e, struct wall now)
{
    return e->used.us ? "used" : e->valid_until.us <= now.us ? "past" : "open";
}

static void add_link(struct call *c, struct json_writer *w, const struct expected *e)
{
    char *href = arena_fmt(c->req->arena, "%s/api/peerage/v1/groups/%s/expectedRequests/%s", c->api->public_url,
                           e->group_id, e->id);
    json_key(w, "links");
    json_arr(w);
    if (href) wire_link(w, slice_of(href), "self");
    json_arr_end(w);
}

static void add_members(struct call *c, struct json_writer *w, const struct expected *e)
{
    json_kstr(w, "actor", e->actor);
    json_kbool(w, "allowSharedSpace", e->allow_shared);
    wire_texts(w, "cidrBlocks", e->cidrs);
    wire_time(w, "created", e->created);
    json_kstr(w, "groupId", e->group_id);
    json_kstr(w, "id", e->id);
    add_link(c, w, e);
    json_kslice(w, "owner", e->owner);
    json_kstr(w, "requesterAccountId", e->account);
    json_kstr(w, "requesterVpcId", e->vpc[0] ? e->vpc : NULL);
    json_kstr(w, "state", state_of(e, c->req->received));
    if (e->ticket.n) json_kslice(w, "ticket", e->ticket);
    wire_time(w, "used", e->used);
    json_kstr(w, "usedBy", e->used_by[0] ? e->used_by : NULL);
    wire_time(w, "validUntil", e->valid_until);
}

static void answer(struct call *c, const struct expected *e)
{
    struct buf body;
    struct json_writer w;
    wire_entity_begin(c, &w, &body);
    add_members(c, &w, e);
    wire_entity_end(c, &w);
    call_ok(c, &body);
}

static void refuse(struct call *c, const struct error *err)
{
    if (err->code != ERR_NOT_FOUND) {
        call_store_problem(c, err);
        return;
    }
    char *what = arena_fmt(c->req->arena, "expected request with id %.*s", SLICE_FMT(c->params[1]));
    call_problem(c, P_RESOURCE_NOT_FOUND, &PARAM_C(what ? what : ""), 1);
}

static const char *id_of(struct call *c)
{
    const char *id = arena_strndup(c->req->arena, c->params[1].n ? c->params[1].p : "", c->params[1].n);
    return id ? id : "";
}

// ---- operations -------------------------------------------------------------------------------------------

void api_expected_list(struct call *c)
{
    struct expected *rows;
    size_t n;
    uint64_t total;
    bool all = false;
    struct error err;
    if (!call_query_bool(c, "all", &all)) return;
    if (store_expected_page(c->thread->reader, c->group.id, all ? (struct wall){0} : c->req->received, c->page,
                            c->req->arena, &rows, &n, &total, &err) != ERR_OK) {
        call_store_problem(c, &err);
        return;
    }
    struct buf body;
    struct json_writer w;
    wire_list_begin(c, &w, &body, total);
    for (size_t i = 0; i < n; i++) {
        json_obj(&w);
        add_members(c, &w, &rows[i]);
        json_obj_end(&w);
    }
    wire_list_end(c, &w, total);
    call_ok(c, &body);
}

void api_expected_get(struct call *c)
{
    struct expected e;
    struct error err;
    if (store_expected_get(c->thread->reader, c->group.id, id_of(c), c->req->arena, &e, &err) == ERR_OK)
        answer(c, &e);
    else
        refuse(c, &err);
}

struct form {
    struct slice account, vpc, owner, ticket, until;
    struct body_texts blocks;
    struct body_bool shared;
};

static bool read_form(struct call *c, struct form *f)
{
    const struct body_field fields[] = {{"actor", BODY_READ_ONLY, false, NULL},
                                        {"allowSharedSpace", BODY_BOOL, false, &f->shared},
                                        {"cidrBlocks", BODY_TEXTS, false, &f->blocks},
                                        {"created", BODY_READ_ONLY, false, NULL},
                                        {"groupId", BODY_READ_ONLY, false, NULL},
                                        {"id", BODY_READ_ONLY, false, NULL},
                                        {"links", BODY_IGNORED, false, NULL},
                                        {"owner", BODY_TEXT, true, &f->owner},
                                        {"requesterAccountId", BODY_TEXT, true, &f->account},
                                        {"requesterVpcId", BODY_TEXT, false, &f->vpc},
                                        {"state", BODY_READ_ONLY, false, NULL},
                                        {"ticket", BODY_TEXT, false, &f->ticket},
                                        {"used", BODY_READ_ONLY, false, NULL},
                                        {"usedBy", BODY_READ_ONLY, false, NULL},
                                        {"validUntil", BODY_TEXT, true, &f->until}};
    return call_read_body(c, fields, ARRAY_LEN(fields));
}

// Each field by itself, so that the answer names it; core checks them again together.
static bool take_form(struct call *c, const struct form *f, struct expected_new *n)
{
    *n = (struct expected_new){.group_id = c->group.id,
                               .account = f->account,
                               .vpc = f->vpc.p ? f->vpc : SLICE(""),
                               .allow_shared = f->shared.v,
                               .owner = f->owner,
                               .ticket = f->ticket.p ? f->ticket : SLICE("")};
    if (!account_id_valid(n->account)) return call_bad_attribute(c, "requesterAccountId", "must be 12 digits");
    if (n->vpc.n && !vpc_id_valid(n->vpc))
        return call_bad_attribute(c, "requesterVpcId", "must be vpc- and 8 or 17 hexadecimal digits in lower case");
    if (!read_moment(f->until, &n->valid_until) || n->valid_until.us <= c->req->received.us)
        return call_bad_attribute(c, "validUntil", "must be a time in the future, as 2030-01-31T08:00:00Z");
    return call_read_blocks(c, "cidrBlocks", &f->blocks, &n->cidrs);
}

void api_expected_create(struct call *c)
{
    const struct actor by = call_actor(c);
    struct form f;
    struct expected_new n;
    struct expected e;
    struct error err;
    if (!read_form(c, &f) || !take_form(c, &f, &n)) return;
    if (core_expected_add(c->api->core, &by, &n, &e, &err) == ERR_OK)
        answer(c, &e);
    else
        call_policy_problem(c, "owner", &err);
}

void api_expected_delete(struct call *c)
{
    const struct actor by = call_actor(c);
    struct error err;
    if (core_expected_remove(c->api->core, &by, c->group.id, id_of(c), &err) == ERR_OK)
        call_no_content(c);
    else
        refuse(c, &err);
}
