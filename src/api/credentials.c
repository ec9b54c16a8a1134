// SPDX-License-Identifier: Apache-2.0
// Finding the credential that a path names, and answering what becomes of a change. Called by: api_keys.c,
// service_accounts.c, access_lists.c. Must never: tell a credential of another organisation from one that does not
// exist.
#include "api/credentials.h"

#include "base/json.h"

const char *creds_org(const struct call *c)
{
    return c->route->flags & ROUTE_GROUP ? c->group.org_id : c->org.id;
}

const char *creds_scope(const struct call *c)
{
    return c->route->flags & ROUTE_GROUP ? c->group.id : c->org.id;
}

void creds_begin(struct call *c, enum principal_kind kind, struct cred_call *ret)
{
    *ret = (struct cred_call){.kind = kind};
    ip_format(c->req->peer, ret->remote);
    ret->by = (struct actor){c->principal->kind, c->principal->name, ret->remote};
    ret->op = (struct cred_op){.by = &ret->by,
                               .caller = c->principal->kind == PRINCIPAL_LOCAL ? NULL : c->principal,
                               .org_id = creds_org(c),
                               .group_id = c->route->flags & ROUTE_GROUP ? c->group.id : NULL,
                               .peer = c->req->peer,
                               .arena = c->req->arena};
}

// ---- finding ----------------------------------------------------------------------------------------------

static bool malformed(struct call *c)
{
    call_problem(c, P_PATH_PARAM_PARSE_ERROR, &PARAM_S(c->req->path), 1);
    return false;
}

static bool not_found(struct call *c, const struct cred_call *cc)
{
    bool key = cc->kind == PRINCIPAL_API_KEY;
    call_problem(c, key ? P_API_KEY_NOT_FOUND : P_SERVICE_ACCOUNT_NOT_FOUND, &PARAM_C(cc->id), 1);
    return false;
}

// ^mdb_sa_id_[a-fA-F\d]{24}$
static bool is_client_id(struct slice s)
{
    const struct slice prefix = SLICE("mdb_sa_id_");
    if (!slice_starts(s, prefix) || s.n != prefix.n + OID_HEX) return false;
    for (size_t i = prefix.n; i < s.n; i++)
        if (!strchr("0123456789abcdefABCDEF", s.p[i])) return false;
    return true;
}

static bool has_role_on(const struct principal *p, const char *scope)
{
    for (unsigned i = 0; i < p->grant_count; i++)
        if (strcmp(p->grants[i].scope_id, scope) == 0) return true;
    return false;
}

bool creds_find(struct call *c, struct cred_call *cc, bool join, struct credential *ret)
{
    struct slice id = c->params[1];
    struct oid oid;
    struct error err;
    bool key = cc->kind == PRINCIPAL_API_KEY;
    if (key ? !oid_parse(id, &oid) : !is_client_id(id)) return malformed(c);
    cc->id = arena_strndup(c->req->arena, id.p, id.n);
    if (!cc->id) {
        call_problem(c, P_UNEXPECTED_ERROR, NULL, 0);
        return false;
    }
    enum err code = key ? store_api_key_by_id(c->thread->reader, cc->id, c->req->arena, ret, &err)
                        : store_account_find(c->thread->reader, id, c->req->arena, ret, &err);
    if (code == ERR_NOT_FOUND) return not_found(c, cc);
    if (code != ERR_OK) {
        call_store_problem(c, &err);
        return false;
    }
    bool here = strcmp(ret->principal.org_id, cc->op.org_id) == 0;
    bool member = !cc->op.group_id || join || has_role_on(&ret->principal, cc->op.group_id);
    if (!here || !member) return not_found(c, cc);
    cc->name = ret->principal.name;
    return true;
}

// ---- answering --------------------------------------------------------------------------------------------

static void refuse(struct call *c, const struct cred_call *cc)
{
    const struct cred_op *op = &cc->op;
    bool key = cc->kind == PRINCIPAL_API_KEY;
    switch (op->result) {
    case CRED_BAD_FIELD:
        call_bad_attribute(c, op->field, op->why);
        return;
    case CRED_NO_CREDENTIAL:
        (void)not_found(c, cc);
        return;
    case CRED_NO_SECRET: {
        struct problem_param params[] = {PARAM_S(c->params[2]), PARAM_C(cc->id)};
        call_problem(c, P_SERVICE_ACCOUNT_SECRET_NOT_FOUND, params, 2);
        return;
    }
    case CRED_NO_ENTRY:
        call_problem(c, key ? P_API_KEY_ACCESS_LIST_NOT_FOUND : P_SERVICE_ACCOUNT_ACCESS_LIST_NOT_FOUND, NULL, 0);
        return;
    case CRED_NO_ROLES:
        if (key)
            call_problem(c, P_MISSING_API_KEY_ROLES, NULL, 0);
        else
            call_bad_attribute(c, "roles", "needs at least one role");
        return;
    case CRED_GROUP_ROLE:
        call_problem(c, P_CANNOT_ADD_GROUP_ROLE, NULL, 0);
        return;
    case CRED_ORG_ROLE:
        call_problem(c, P_CANNOT_ADD_ORG_ROLE, NULL, 0);
        return;
    case CRED_NOT_ALLOWED:
        call_problem(c, P_USER_UNAUTHORIZED, NULL, 0);
        return;
    case CRED_LAST_OWNER:
        call_problem(c, P_LAST_ORG_OWNER, &PARAM_C(op->org_id), 1);
        return;
    case CRED_SECRETS_FULL:
        call_problem(c, P_MAX_SECRETS_EXCEEDED, &PARAM_N(CRED_SECRETS), 1);
        return;
    case CRED_LIST_FULL:
        call_problem(c, P_MAX_ACCESS_LIST_ENTRIES_EXCEEDED, &PARAM_N(CRED_ACCESS_MAX), 1);
        return;
    case CRED_ENTRY_EXISTS:
        call_problem(c, P_ADDRESS_ALREADY_IN_ACCESS_LIST, &PARAM_C(op->why), 1);
        return;
    case CRED_OWN_ADDRESS:
        call_problem(c, P_CANNOT_REMOVE_CALLER_FROM_ACCESS_LIST, &PARAM_C(op->why), 1);
        return;
    case CRED_DONE:
        break;
    }
    ASSERT(!"an operation that was done is not refused");
}

bool creds_done(struct call *c, const struct cred_call *cc, enum err code, const struct error *err)
{
    if (code == ERR_OK && cc->op.result == CRED_DONE) return true;
    if (code == ERR_OK)
        refuse(c, cc);
    else
        call_store_problem(c, err);
    return false;
}

bool creds_roles(struct call *c, struct cred_call *cc, const struct body_texts *roles, struct cred_form *f)
{
    if (!roles->found || cred_read_roles(&cc->op, cc->kind, roles->v, roles->n, f)) return true;
    refuse(c, cc);
    return false;
}

static void give(struct grant *g, const char *scope, role_set roles)
{
    bool fits = cstr_set(g->scope_id, sizeof(g->scope_id), scope);
    ASSERT(fits); // ids of rows
    g->roles = roles;
}

void creds_grants(const struct cred_call *cc, const struct cred_form *f, struct grant grants[2], struct principal *ret)
{
    unsigned n = 0;
    give(&grants[n++], cc->op.org_id, f->org_roles ? f->org_roles : (role_set)1 << ROLE_ORG_MEMBER);
    if (cc->op.group_id) give(&grants[n++], cc->op.group_id, f->group_roles);
    *ret = (struct principal){.kind = cc->kind, .grants = grants, .grant_count = n};
    memcpy(ret->org_id, grants[0].scope_id, sizeof(ret->org_id));
}

bool creds_include_count(struct call *c, bool *ret)
{
    *ret = true;
    return call_query_bool(c, "includeCount", ret);
}

void creds_add_role_names(struct json_writer *w, const char *key, role_set roles)
{
    json_key(w, key);
    json_arr(w);
    for (unsigned i = 0; i < ROLE_COUNT_; i++)
        if (roles & (role_set)1 << i) json_cstr(w, role_name((enum role)i));
    json_arr_end(w);
}
