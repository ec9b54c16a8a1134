// SPDX-License-Identifier: Apache-2.0
// …/orgs/{orgId}/serviceAccounts and …/groups/{groupId}/serviceAccounts: accounts, their secrets, and the projects that
// they are in. Called by: pipeline. Must never: show a secret but in the answer that made it.
#include "api/credentials.h"

#include "base/json.h"
#include "base/mem.h"

// ---- bodies -----------------------------------------------------------------------------------------------

static void add_secret(struct json_writer *w, const struct sa_secret_row *s, const char *secret)
{
    wire_time(w, "createdAt", s->created);
    wire_time(w, "expiresAt", s->expires);
    json_kstr(w, "id", s->id);
    wire_time(w, "lastUsedAt", s->last_used);
    json_kstr(w, "maskedSecretValue", s->masked);
    json_kstr(w, "secret", secret); // absent when NULL
}

void creds_add_account(struct json_writer *w, const struct account_view *v)
{
    json_kstr(w, "clientId", v->row->client_id);
    wire_time(w, "createdAt", v->row->created);
    json_kstr(w, "description", v->row->description);
    json_kstr(w, "name", v->row->name);
    creds_add_role_names(w, "roles", v->roles);
    json_key(w, "secrets");
    json_arr(w);
    for (unsigned i = 0; i < v->n_secrets; i++) {
        json_obj(w);
        add_secret(w, &v->secrets[i], v->secret);
        json_obj_end(w);
    }
    json_arr_end(w);
}

static role_set roles_on(const struct principal *p, const char *scope)
{
    for (unsigned i = 0; i < p->grant_count; i++)
        if (strcmp(p->grants[i].scope_id, scope) == 0) return p->grants[i].roles;
    return 0;
}

static struct account_view view_of(const struct call *c, const struct credential *a)
{
    return (struct account_view){.row = &a->account,
                                 .secrets = a->secrets,
                                 .n_secrets = a->secret_count,
                                 .roles = roles_on(&a->principal, creds_scope(c))};
}

static void answer_account(struct call *c, const struct account_view *v)
{
    struct buf body;
    struct json_writer w;
    wire_entity_begin(c, &w, &body);
    creds_add_account(&w, v);
    wire_entity_end(c, &w);
    call_ok(c, &body);
}

struct account_body {
    struct slice name, description;
    struct body_texts roles;
    struct body_int hours;
};

static bool read_account_body(struct call *c, bool create, struct account_body *b)
{
    const struct body_field fields[] = {{"clientId", BODY_READ_ONLY, false, NULL},
                                        {"createdAt", BODY_READ_ONLY, false, NULL},
                                        {"description", BODY_TEXT, create, &b->description},
                                        {"name", BODY_TEXT, create, &b->name},
                                        {"roles", BODY_TEXTS, create, &b->roles},
                                        {"secrets", BODY_READ_ONLY, false, NULL},
                                        {"secretExpiresAfterHours", BODY_INT, true, &b->hours}};
    b->hours = (struct body_int){.found = false};
    return call_read_body(c, fields, create ? ARRAY_LEN(fields) : ARRAY_LEN(fields) - 1);
}

// ---- accounts ---------------------------------------------------------------------------------------------

void api_accounts_list(struct call *c)
{
    struct credential_filter f = {.org_id = creds_org(c), .kind = PRINCIPAL_SERVICE_ACCOUNT, .page = c->page};
    struct credential *rows;
    size_t n;
    uint64_t total;
    bool managed = false; // of the provider itself: there are none
    struct error err;
    if (c->route->flags & ROUTE_GROUP) f.group_id = c->group.id;
    if (!call_query_bool(c, "includeSystemManaged", &managed)) return;
    if (store_credentials_page(c->thread->reader, &f, c->req->arena, &rows, &n, &total, &err) != ERR_OK) {
        call_store_problem(c, &err);
        return;
    }
    struct buf body;
    struct json_writer w;
    wire_list_begin(c, &w, &body, total);
    for (size_t i = 0; i < n; i++) {
        const struct account_view v = view_of(c, &rows[i]);
        json_obj(&w);
        creds_add_account(&w, &v);
        json_obj_end(&w);
    }
    wire_list_end(c, &w, total);
    call_ok(c, &body);
}

void api_account_get(struct call *c)
{
    struct cred_call cc;
    struct credential a;
    creds_begin(c, PRINCIPAL_SERVICE_ACCOUNT, &cc);
    if (!creds_find(c, &cc, false, &a)) return;
    const struct account_view v = view_of(c, &a);
    answer_account(c, &v);
}

void api_account_create(struct call *c)
{
    struct cred_call cc;
    struct account_body b;
    struct new_account made;
    struct error err;
    creds_begin(c, PRINCIPAL_SERVICE_ACCOUNT, &cc);
    if (!read_account_body(c, true, &b)) return;
    struct cred_form f = {.name = b.name, .description = b.description, .secret_hours = b.hours.v};
    if (!creds_roles(c, &cc, &b.roles, &f)) return;
    enum err code = cred_account_create(c->api->auth, &cc.op, &f, &made, &err);
    if (!creds_done(c, &cc, code, &err)) return;
    const struct account_view v = {.row = &made.row,
                                   .secrets = &made.secret,
                                   .n_secrets = 1,
                                   .secret = made.client_secret,
                                   .roles = cc.op.group_id ? f.group_roles : f.org_roles};
    answer_account(c, &v);
    mem_wipe(&made, sizeof made);
}

static void change(struct call *c, struct cred_call *cc, const struct cred_form *f, bool join)
{
    struct credential a;
    struct error err;
    enum err code = cred_change(c->api->auth, &cc->op, PRINCIPAL_SERVICE_ACCOUNT, cc->name, f, join, &a, &err);
    if (!creds_done(c, cc, code, &err)) return;
    const struct account_view v = view_of(c, &a);
    answer_account(c, &v);
}

void api_account_update(struct call *c)
{
    struct cred_call cc;
    struct account_body b;
    struct credential a;
    creds_begin(c, PRINCIPAL_SERVICE_ACCOUNT, &cc);
    if (!read_account_body(c, false, &b)) return;
    struct cred_form f = {.name = b.name, .description = b.description};
    if (creds_find(c, &cc, false, &a) && creds_roles(c, &cc, &b.roles, &f)) change(c, &cc, &f, false);
}

// :invite. One that is in the project already has these roles from now on.
void api_account_invite(struct call *c)
{
    struct cred_call cc;
    struct credential a;
    struct body_texts roles;
    struct cred_form f = {.roles = false};
    const struct body_field fields[] = {{"roles", BODY_TEXTS, true, &roles}};
    creds_begin(c, PRINCIPAL_SERVICE_ACCOUNT, &cc);
    if (!call_read_body(c, fields, ARRAY_LEN(fields))) return;
    if (creds_find(c, &cc, true, &a) && creds_roles(c, &cc, &roles, &f)) change(c, &cc, &f, true);
}

void api_account_remove(struct call *c)
{
    struct cred_call cc;
    struct credential a;
    struct error err;
    creds_begin(c, PRINCIPAL_SERVICE_ACCOUNT, &cc);
    if (!creds_find(c, &cc, false, &a)) return;
    enum err code = cred_remove(c->api->auth, &cc.op, PRINCIPAL_SERVICE_ACCOUNT, cc.name, &err);
    if (creds_done(c, &cc, code, &err)) call_no_content(c);
}

// The grants are in memory with the account; only the page's are written.
void api_account_groups(struct call *c)
{
    struct cred_call cc;
    struct credential a;
    creds_begin(c, PRINCIPAL_SERVICE_ACCOUNT, &cc);
    if (!creds_find(c, &cc, false, &a)) return;
    const struct principal *p = &a.principal;
    uint64_t total = 0, at = 0;
    for (unsigned i = 0; i < p->grant_count; i++) total += strcmp(p->grants[i].scope_id, p->org_id) != 0;
    const struct page_span page = call_page_span(c, total);
    struct buf body;
    struct json_writer w;
    wire_list_begin(c, &w, &body, total);
    for (unsigned i = 0; i < p->grant_count; i++) {
        if (strcmp(p->grants[i].scope_id, p->org_id) == 0) continue;
        bool shown = at >= page.from && at < page.to;
        at++;
        if (!shown) continue;
        json_obj(&w);
        json_kstr(&w, "groupId", p->grants[i].scope_id);
        creds_add_role_names(&w, "roles", p->grants[i].roles);
        json_obj_end(&w);
    }
    wire_list_end(c, &w, total);
    call_ok(c, &body);
}

// ---- secrets ----------------------------------------------------------------------------------------------

void api_secret_create(struct call *c)
{
    struct cred_call cc;
    struct credential a;
    struct body_int hours;
    struct new_secret made;
    struct error err;
    const struct body_field fields[] = {{"createdAt", BODY_READ_ONLY, false, NULL},
                                        {"expiresAt", BODY_READ_ONLY, false, NULL},
                                        {"id", BODY_READ_ONLY, false, NULL},
                                        {"lastUsedAt", BODY_READ_ONLY, false, NULL},
                                        {"maskedSecretValue", BODY_READ_ONLY, false, NULL},
                                        {"secret", BODY_READ_ONLY, false, NULL},
                                        {"secretExpiresAfterHours", BODY_INT, true, &hours}};
    creds_begin(c, PRINCIPAL_SERVICE_ACCOUNT, &cc);
    if (!call_read_body(c, fields, ARRAY_LEN(fields)) || !creds_find(c, &cc, false, &a)) return;
    enum err code = cred_secret_create(c->api->auth, &cc.op, cc.name, hours.v, &made, &err);
    if (!creds_done(c, &cc, code, &err)) return;
    struct buf body;
    struct json_writer w;
    wire_entity_begin(c, &w, &body);
    add_secret(&w, &made.row, made.client_secret);
    wire_entity_end(c, &w);
    call_ok(c, &body);
    mem_wipe(&made, sizeof made);
}

void api_secret_delete(struct call *c)
{
    struct cred_call cc;
    struct credential a;
    struct error err;
    creds_begin(c, PRINCIPAL_SERVICE_ACCOUNT, &cc);
    if (!creds_find(c, &cc, false, &a)) return;
    const char *id = arena_strndup(c->req->arena, c->params[2].p, c->params[2].n);
    if (!id) {
        call_problem(c, P_UNEXPECTED_ERROR, NULL, 0);
        return;
    }
    enum err code = cred_secret_delete(c->api->auth, &cc.op, cc.name, id, &err);
    if (creds_done(c, &cc, code, &err)) call_no_content(c);
}
