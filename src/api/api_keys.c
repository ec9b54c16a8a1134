// SPDX-License-Identifier: Apache-2.0
// …/orgs/{orgId}/apiKeys and …/groups/{groupId}/apiKeys: keys of an organisation, and their roles on a project. Key
// order, masking and links as recorded. Called by: pipeline. Must never: show a private key twice.
#include "api/credentials.h"

#include "base/json.h"
#include "base/mem.h"

// ---- bodies -----------------------------------------------------------------------------------------------

static void add_roles(struct json_writer *w, const struct principal *p, bool of_org, role_set hidden)
{
    for (unsigned i = 0; i < p->grant_count; i++) {
        const struct grant *g = &p->grants[i];
        bool org = strcmp(g->scope_id, p->org_id) == 0;
        for (unsigned r = 0; org == of_org && r < ROLE_COUNT_; r++) {
            if (!(g->roles & ~hidden & (role_set)1 << r)) continue;
            json_obj(w);
            if (r != ROLE_GLOBAL_OWNER) json_kstr(w, org ? "orgId" : "groupId", g->scope_id);
            json_kstr(w, "roleName", role_name((enum role)r));
            json_obj_end(w);
        }
    }
}

// The link leads to the organisation's resource, from a project's too: recorded.
void creds_add_key(struct call *c, struct json_writer *w, const struct api_key_row *k, const struct principal *p,
                   const char *private_key)
{
    char *href = arena_fmt(c->req->arena, "%s/api/atlas/v2/orgs/%s/apiKeys/%s", c->api->public_url, p->org_id, k->id);
    // Clients send back what they read, and may not send this.
    role_set hidden = c->principal->kind == PRINCIPAL_LOCAL ? 0 : ROLES_OPERATOR;
    char masked[64];
    struct buf b = {.p = masked, .cap = sizeof masked, .max = sizeof masked - 1};
    buf_fmt(&b, "********-****-****-%s", k->private_tail);
    json_kstr(w, "desc", k->description);
    json_kstr(w, "id", k->id);
    json_key(w, "links");
    json_arr(w);
    if (href) wire_link(w, slice_of(href), "self");
    json_arr_end(w);
    if (private_key)
        json_kstr(w, "privateKey", private_key);
    else
        json_kslice(w, "privateKey", buf_view(&b));
    json_kstr(w, "publicKey", k->public_key);
    json_key(w, "roles");
    json_arr(w);
    add_roles(w, p, true, hidden);
    add_roles(w, p, false, hidden);
    json_arr_end(w);
}

static void answer_key(struct call *c, const struct api_key_row *k, const struct principal *p, const char *private_key)
{
    struct buf body;
    struct json_writer w;
    wire_entity_begin(c, &w, &body);
    creds_add_key(c, &w, k, p, private_key);
    wire_entity_end(c, &w);
    call_ok(c, &body);
}

struct key_body {
    struct slice desc;
    struct body_texts roles;
};

static bool read_key_body(struct call *c, bool required, struct key_body *b)
{
    const struct body_field fields[] = {
        {"desc", BODY_TEXT, required, &b->desc},    {"id", BODY_READ_ONLY, false, NULL},
        {"links", BODY_IGNORED, false, NULL},       {"privateKey", BODY_READ_ONLY, false, NULL},
        {"publicKey", BODY_READ_ONLY, false, NULL}, {"roles", BODY_TEXTS, required, &b->roles}};
    if (!call_read_body(c, fields, ARRAY_LEN(fields))) return false;
    if (!b->desc.p || b->desc.n) return true;
    call_problem(c, P_API_KEY_REQUIRES_DESCRIPTION, NULL, 0);
    return false;
}

// ---- operations -------------------------------------------------------------------------------------------

void api_keys_list(struct call *c)
{
    struct credential_filter f = {.org_id = creds_org(c), .kind = PRINCIPAL_API_KEY, .page = c->page};
    struct credential *rows;
    size_t n;
    uint64_t total;
    bool count;
    struct error err;
    if (c->route->flags & ROUTE_GROUP) f.group_id = c->group.id;
    if (!creds_include_count(c, &count)) return;
    if (store_credentials_page(c->thread->reader, &f, c->req->arena, &rows, &n, &total, &err) != ERR_OK) {
        call_store_problem(c, &err);
        return;
    }
    struct buf body;
    struct json_writer w;
    if (!count) total = 0;
    wire_list_begin(c, &w, &body, total);
    for (size_t i = 0; i < n; i++) {
        json_obj(&w);
        creds_add_key(c, &w, &rows[i].key, &rows[i].principal, NULL);
        json_obj_end(&w);
    }
    wire_list_end(c, &w, total);
    call_ok(c, &body);
}

void api_key_get(struct call *c)
{
    struct cred_call cc;
    struct credential k;
    creds_begin(c, PRINCIPAL_API_KEY, &cc);
    if (creds_find(c, &cc, false, &k)) answer_key(c, &k.key, &k.principal, NULL);
}

void api_key_create(struct call *c)
{
    struct cred_call cc;
    struct key_body b;
    struct new_api_key made;
    struct error err;
    creds_begin(c, PRINCIPAL_API_KEY, &cc);
    if (!read_key_body(c, true, &b)) return;
    struct cred_form f = {.description = b.desc};
    if (!creds_roles(c, &cc, &b.roles, &f)) return;
    enum err code = cred_key_create(c->api->auth, &cc.op, &f, &made, &err);
    if (!creds_done(c, &cc, code, &err)) return;
    struct grant grants[2];
    struct principal p;
    creds_grants(&cc, &f, grants, &p);
    answer_key(c, &made.row, &p, made.private_key);
    mem_wipe(&made, sizeof made);
}

static void change(struct call *c, struct cred_call *cc, const struct cred_form *f, bool answer)
{
    struct credential k;
    struct error err;
    enum err code = cred_change(c->api->auth, &cc->op, PRINCIPAL_API_KEY, cc->name, f, true, &k, &err);
    if (!creds_done(c, cc, code, &err)) return;
    if (answer)
        answer_key(c, &k.key, &k.principal, NULL);
    else
        call_no_content(c);
}

// As a project's resource it assigns a key that was not: the `atlas` CLI's "apiKeys assign" sends nothing else.
void api_key_update(struct call *c)
{
    struct cred_call cc;
    struct credential k;
    struct key_body b;
    creds_begin(c, PRINCIPAL_API_KEY, &cc);
    if (!read_key_body(c, false, &b)) return;
    if (!b.desc.p && !b.roles.found) {
        struct problem_param params[] = {PARAM_C("desc"), PARAM_C("roles")};
        call_problem(c, P_MISSING_ONE_OF_ATTRIBUTES, params, 2);
        return;
    }
    struct cred_form f = {.description = b.desc};
    if (creds_find(c, &cc, b.roles.found, &k) && creds_roles(c, &cc, &b.roles, &f)) change(c, &cc, &f, true);
}

// An array of {"roles": […]}, whose roles add up.
static bool read_assignments(struct call *c, struct cred_call *cc, struct cred_form *f)
{
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    struct body_texts all = {.found = true}, roles;
    const struct body_field fields[] = {{"roles", BODY_TEXTS, false, &roles}, {"userId", BODY_READ_ONLY, false, NULL}};
    if (!call_read_json(c, &doc) || !call_read_list(c, json_root(doc), BODY_TEXTS_MAX)) return false;
    size_t n = json_array_len(json_root(doc));
    struct slice texts[BODY_TEXTS_MAX];
    all.v = texts;
    for (size_t i = 0; i < n; i++) {
        if (!call_read_object(c, json_array_at(json_root(doc), i), fields, ARRAY_LEN(fields))) return false;
        for (size_t k = 0; k < roles.n && all.n < BODY_TEXTS_MAX; k++) texts[all.n++] = roles.v[k];
    }
    return creds_roles(c, cc, &all, f);
}

void api_key_assign(struct call *c)
{
    struct cred_call cc;
    struct credential k;
    struct cred_form f = {.roles = false};
    creds_begin(c, PRINCIPAL_API_KEY, &cc);
    if (read_assignments(c, &cc, &f) && creds_find(c, &cc, true, &k)) change(c, &cc, &f, false);
}

void api_key_remove(struct call *c)
{
    struct cred_call cc;
    struct credential k;
    struct error err;
    creds_begin(c, PRINCIPAL_API_KEY, &cc);
    if (!creds_find(c, &cc, false, &k)) return;
    enum err code = cred_remove(c->api->auth, &cc.op, PRINCIPAL_API_KEY, cc.name, &err);
    if (creds_done(c, &cc, code, &err)) call_no_content(c);
}
