// SPDX-License-Identifier: Apache-2.0
// What all operations on credentials share: finding, judging, auditing; and changing and removing keys and accounts.
// Called by: api, cli, auth. Must never: write an event outside the transaction of its change.
#include "auth/cred_inside.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/encode.h"
#include "model/name.h"

#define BIT(role) ((role_set)1 << ROLE_##role)

// ---- events -----------------------------------------------------------------------------------------------

enum {
#define EVENT(id, name, text) EVENT_##id,
#include "spec/events.def"
#undef EVENT
};
static const char *const event_names[] = {
#define EVENT(id, name, text) [EVENT_##id] = name,
#include "spec/events.def"
#undef EVENT
};
static const int events[CRED_EVENT_COUNT_][2] = {
    [CRED_CREATED] = {EVENT_API_KEY_CREATED, EVENT_SERVICE_ACCOUNT_CREATED},
    [CRED_DELETED] = {EVENT_API_KEY_DELETED, EVENT_SERVICE_ACCOUNT_DELETED},
    [CRED_DETAILS_CHANGED] = {EVENT_API_KEY_DESCRIPTION_CHANGED, EVENT_SERVICE_ACCOUNT_DETAILS_CHANGED},
    [CRED_ROLES_CHANGED] = {EVENT_API_KEY_ROLES_CHANGED, EVENT_SERVICE_ACCOUNT_ROLES_CHANGED},
    [CRED_ADDED_TO_GROUP] = {EVENT_API_KEY_ADDED_TO_GROUP, EVENT_SERVICE_ACCOUNT_ADDED_TO_GROUP},
    [CRED_REMOVED_FROM_GROUP] = {EVENT_API_KEY_REMOVED_FROM_GROUP, EVENT_SERVICE_ACCOUNT_REMOVED_FROM_GROUP},
    [CRED_ACCESS_ADDED] = {EVENT_API_KEY_ACCESS_ADDED, EVENT_SERVICE_ACCOUNT_ACCESS_ADDED},
    [CRED_ACCESS_DELETED] = {EVENT_API_KEY_ACCESS_DELETED, EVENT_SERVICE_ACCOUNT_ACCESS_DELETED},
    [CRED_SECRET_ADDED] = {-1, EVENT_SERVICE_ACCOUNT_SECRET_ADDED},
    [CRED_SECRET_DELETED] = {-1, EVENT_SERVICE_ACCOUNT_SECRET_DELETED},
    [CRED_KEY_RESET] = {EVENT_API_KEY_RESET, -1},
};

enum err cred_event(struct store_tx *tx, const struct cred_work *w, enum cred_event type, const char *group_id,
                    struct slice detail, struct error *err)
{
    const struct actor *by = w->op->by;
    int row = events[type][w->kind == PRINCIPAL_SERVICE_ACCOUNT];
    ASSERT(row >= 0);
    struct event_row e = {.created = w->now, .actor_kind = by->kind, .resource = slice_of(w->name), .detail = detail};
    oid_hex(oid_new(w->a->o.rng, w->now), e.id);
    bool fits = cstr_set(e.org_id, sizeof(e.org_id), w->target.principal.org_id) &&
                cstr_set(e.group_id, sizeof(e.group_id), group_id ? group_id : "") &&
                cstr_set(e.type, sizeof(e.type), event_names[row]);
    ASSERT(fits);
    if (!cstr_set(e.actor, sizeof(e.actor), by->name) ||
        !cstr_set(e.remote, sizeof(e.remote), by->remote ? by->remote : ""))
        return error_set(err, ERR_INVALID, "the name or address of the caller is too long for the audit log");
    return store_tx_event(tx, &e, err);
}

// ---- refusals ---------------------------------------------------------------------------------------------

enum err cred_refuse(struct cred_work *w, enum cred_result result, struct error *err)
{
    w->op->result = result;
    return error_set(err, ERR_CONFLICT, "refused");
}

enum err cred_refuse_field(struct cred_work *w, const char *field, struct error *err, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(w->op->why, sizeof(w->op->why), fmt, args); // a cut text still says it
    va_end(args);
    w->op->field = field;
    return cred_refuse(w, CRED_BAD_FIELD, err);
}

enum err cred_run(struct cred_work *w, store_fn fn, struct error *err)
{
    w->op->result = CRED_DONE;
    if (w->op->tx) return fn(w->op->tx, w, err);
    enum err code = store_write(w->a->o.store, fn, w, err);
    return w->op->result == CRED_DONE ? code : ERR_OK;
}

enum err cred_error(const struct cred_op *op, const char *name, struct error *err)
{
    switch (op->result) {
    case CRED_DONE:
        return ERR_OK;
    case CRED_BAD_FIELD:
        return error_set(err, ERR_INVALID, "%s %s", op->field, op->why);
    case CRED_NO_CREDENTIAL:
        return error_set(err, ERR_NOT_FOUND, "there is no credential %s", name);
    case CRED_NO_SECRET:
        return error_set(err, ERR_NOT_FOUND, "%s has no such secret", name);
    case CRED_NO_ENTRY:
        return error_set(err, ERR_NOT_FOUND, "the access list of %s has no such entry", name);
    case CRED_NO_ROLES:
        return error_set(err, ERR_INVALID, "%s needs at least one role", name);
    case CRED_GROUP_ROLE:
    case CRED_ORG_ROLE:
        return error_set(err, ERR_INVALID, "a role is of the wrong scope");
    case CRED_SECRETS_FULL:
        return error_set(err, ERR_CONFLICT, "%s has %d secrets already; delete one first", name, CRED_SECRETS);
    case CRED_LIST_FULL:
        return error_set(err, ERR_CONFLICT, "the access list of %s would have more than %d entries", name,
                         CRED_ACCESS_MAX);
    case CRED_ENTRY_EXISTS:
        return error_set(err, ERR_EXISTS, "%s is on the access list already", op->why);
    case CRED_NOT_ALLOWED:
    case CRED_LAST_OWNER:
    case CRED_OWN_ADDRESS:
        break; // for callers only
    }
    return error_set(err, ERR_DENIED, "that is not allowed");
}

// ---- judging ----------------------------------------------------------------------------------------------

role_set cred_roles_on(const struct principal *p, const char *scope_id)
{
    for (unsigned i = 0; i < p->grant_count; i++)
        if (strcmp(p->grants[i].scope_id, scope_id) == 0) return p->grants[i].roles;
    return 0;
}

bool cred_caller_has(const struct cred_work *w, enum need need)
{
    const struct cred_op *op = w->op;
    return op->caller == NULL || principal_permits(op->caller, need, w->target.principal.org_id, op->group_id);
}

enum err cred_find(struct store_tx *tx, struct cred_work *w, struct error *err)
{
    struct store_reader *r = store_tx_reader(tx);
    const struct cred_op *op = w->op;
    struct slice name = slice_of(w->name);
    enum err code = w->kind == PRINCIPAL_API_KEY ? store_api_key_find(r, name, op->arena, &w->target, err)
                                                 : store_account_find(r, name, op->arena, &w->target, err);
    if (code == ERR_NOT_FOUND) return cred_refuse(w, CRED_NO_CREDENTIAL, err);
    if (code != ERR_OK) return code;
    const struct principal *p = &w->target.principal;
    bool here = op->org_id == NULL || strcmp(p->org_id, op->org_id) == 0;
    bool member = op->group_id == NULL || w->join || cred_roles_on(p, op->group_id) != 0;
    return here && member ? ERR_OK : cred_refuse(w, CRED_NO_CREDENTIAL, err);
}

enum err cred_check_reach(struct cred_work *w, struct error *err)
{
    const struct principal *p = &w->target.principal;
    if (w->op->group_id == NULL || cred_caller_has(w, NEED_ORG_OWNER)) return ERR_OK;
    for (unsigned i = 0; i < p->grant_count; i++) {
        const struct grant *g = &p->grants[i];
        if (strcmp(g->scope_id, w->op->group_id) == 0) continue;
        bool plain = strcmp(g->scope_id, p->org_id) == 0 && (g->roles & ~BIT(ORG_MEMBER)) == 0;
        if (!plain) return cred_refuse(w, CRED_NOT_ALLOWED, err);
    }
    return ERR_OK;
}

enum err cred_check_owner(struct store_tx *tx, struct cred_work *w, struct error *err)
{
    const struct principal *p = &w->target.principal;
    bool owned = true;
    if (w->op->caller == NULL || !(cred_roles_on(p, p->org_id) & BIT(ORG_OWNER))) return ERR_OK;
    enum err code = store_tx_org_has_owner(tx, p->org_id, w->now, &owned, err);
    if (code != ERR_OK) return code;
    return owned ? ERR_OK : cred_refuse(w, CRED_LAST_OWNER, err);
}

static bool is_text(struct slice s, size_t max_chars)
{
    size_t chars = 0;
    while (s.n) {
        size_t n = utf8_len(s);
        if (n == 0 || ++chars > max_chars) return false;
        s = slice_skip(s, n);
    }
    return chars > 0;
}

enum err cred_check_texts(struct cred_work *w, struct error *err)
{
    const struct cred_form *f = w->form;
    bool key = w->kind == PRINCIPAL_API_KEY;
    if (f->name.p && !name_valid(f->name, CRED_NAME_CHARS, NAME_PUNCT_ACCOUNT))
        return cred_refuse_field(w, "name", err, "must be 1 to %d letters, digits or any of %s", CRED_NAME_CHARS,
                                 NAME_PUNCT_ACCOUNT);
    if (f->description.p && key && !is_text(f->description, CRED_DESCRIPTION_CHARS))
        return cred_refuse_field(w, "desc", err, "must have 1 to %d characters", CRED_DESCRIPTION_CHARS);
    if (f->description.p && !key && !name_valid(f->description, CRED_DESCRIPTION_CHARS, NAME_PUNCT_ACCOUNT))
        return cred_refuse_field(w, "description", err, "must be 1 to %d letters, digits or any of %s",
                                 CRED_DESCRIPTION_CHARS, NAME_PUNCT_ACCOUNT);
    return ERR_OK;
}

enum err cred_check_hours(struct store_tx *tx, struct cred_work *w, int64_t hours, struct error *err)
{
    struct org org;
    enum err code = store_org_get(store_tx_reader(tx), w->target.principal.org_id, &org, err);
    if (code != ERR_OK) return code;
    if (hours >= CRED_SECRET_HOURS_MIN && hours <= org_secret_hours(&org)) return ERR_OK;
    return cred_refuse_field(w, "secretExpiresAfterHours", err, "must be %d to %u", CRED_SECRET_HOURS_MIN,
                             org_secret_hours(&org));
}

static bool bad_roles(struct cred_op *op, enum cred_result result)
{
    op->field = "roles";
    op->result = result;
    return false;
}

// Only on this machine, and only to keys. Not "no caller": who makes an organisation is none for its first credential.
static bool may_name_operator(const struct cred_op *op, enum principal_kind kind)
{
    return kind == PRINCIPAL_API_KEY && op->by && op->by->kind == PRINCIPAL_LOCAL;
}

bool cred_read_roles(struct cred_op *op, enum principal_kind kind, const struct slice *names, size_t n,
                     struct cred_form *f)
{
    role_set all = 0;
    for (size_t i = 0; i < n; i++) {
        enum role role;
        if (!role_parse(names[i], &role) || (role == ROLE_GLOBAL_OWNER && !may_name_operator(op, kind))) {
            (void)snprintf(op->why, sizeof(op->why), "%.*s is no role", (int)MIN(names[i].n, (size_t)60), names[i].p);
            return bad_roles(op, CRED_BAD_FIELD);
        }
        all |= (role_set)1 << role;
    }
    f->roles = true;
    f->org_roles = roles_of_org(all) | (all & ROLES_OPERATOR);
    if (f->org_roles == ROLES_OPERATOR) f->org_roles |= (role_set)1 << ROLE_ORG_MEMBER; // of some organisation it is
    f->group_roles = all & ~f->org_roles;
    if (op->group_id == NULL) {
        if (f->group_roles) return bad_roles(op, CRED_GROUP_ROLE);
        return f->org_roles || bad_roles(op, CRED_NO_ROLES);
    }
    if (f->org_roles && kind != PRINCIPAL_API_KEY) return bad_roles(op, CRED_ORG_ROLE);
    return f->group_roles || bad_roles(op, CRED_NO_ROLES);
}

// ---- changing ---------------------------------------------------------------------------------------------

static enum err set_roles(struct store_tx *tx, struct cred_work *w, const char *scope, role_set roles,
                          struct error *err)
{
    bool org = strcmp(scope, w->target.principal.org_id) == 0;
    role_set before = cred_roles_on(&w->target.principal, scope);
    if (org) roles |= before & ROLES_OPERATOR; // neither given nor taken with the others
    if (before == roles) return ERR_OK;
    enum err code = store_tx_grant(tx, w->name, scope, roles, err);
    enum cred_event type = org || (before && roles) ? CRED_ROLES_CHANGED
                           : roles                  ? CRED_ADDED_TO_GROUP
                                                    : CRED_REMOVED_FROM_GROUP;
    return code == ERR_OK ? cred_event(tx, w, type, org ? NULL : scope, (struct slice){0}, err) : code;
}

// Who is no owner of the project neither makes nor touches one.
static enum err check_group_roles(struct cred_work *w, role_set roles, struct error *err)
{
    role_set touched = roles | cred_roles_on(&w->target.principal, w->op->group_id);
    bool ok = !(touched & BIT(GROUP_OWNER)) || cred_caller_has(w, NEED_GROUP_OWNER);
    return ok ? ERR_OK : cred_refuse(w, CRED_NOT_ALLOWED, err);
}

static enum err change_roles(struct store_tx *tx, struct cred_work *w, struct error *err)
{
    const struct cred_form *f = w->form;
    const char *group = w->op->group_id;
    enum err code = ERR_OK;
    if (!f->roles) return ERR_OK;
    if (f->org_roles & ROLES_OPERATOR) return cred_refuse(w, CRED_NOT_ALLOWED, err);
    if (group) code = check_group_roles(w, f->group_roles, err);
    if (code == ERR_OK && group) code = set_roles(tx, w, group, f->group_roles, err);
    if (code != ERR_OK || !f->org_roles) return code;
    if (!cred_caller_has(w, NEED_ORG_OWNER)) // a member it is anyway
        return f->org_roles == BIT(ORG_MEMBER) ? ERR_OK : cred_refuse(w, CRED_NOT_ALLOWED, err);
    code = set_roles(tx, w, w->target.principal.org_id, f->org_roles, err);
    return code == ERR_OK ? cred_check_owner(tx, w, err) : code;
}

static enum err change_texts(struct store_tx *tx, struct cred_work *w, struct error *err)
{
    const struct cred_form *f = w->form;
    bool key = w->kind == PRINCIPAL_API_KEY;
    const char *old = key ? w->target.key.description : w->target.account.description;
    bool describe = f->description.p && !slice_eq_cstr(f->description, old);
    bool rename = !key && f->name.p && !slice_eq_cstr(f->name, w->target.account.name);
    enum err code = ERR_OK;
    if (!describe && !rename) return ERR_OK;
    if (!key) code = cred_check_reach(w, err);
    if (code == ERR_OK && describe) code = store_tx_principal_describe(tx, w->name, f->description.p, err);
    if (code == ERR_OK && rename) code = store_tx_account_rename(tx, w->name, f->name.p, err);
    return code == ERR_OK ? cred_event(tx, w, CRED_DETAILS_CHANGED, w->op->group_id, (struct slice){0}, err) : code;
}

static enum err change(struct store_tx *tx, void *ctx, struct error *err)
{
    struct cred_work *w = ctx;
    enum err code = cred_check_texts(w, err);
    if (code == ERR_OK) code = cred_find(tx, w, err);
    if (code == ERR_OK) code = change_texts(tx, w, err);
    if (code == ERR_OK) code = change_roles(tx, w, err);
    w->join = true; // read what it has become, whatever is left of it
    return code == ERR_OK ? cred_find(tx, w, err) : code;
}

enum err cred_change(struct auth *a, struct cred_op *op, enum principal_kind kind, const char *name,
                     const struct cred_form *f, bool join, struct credential *ret, struct error *err)
{
    struct cred_form own = *f;
    struct cred_work w = {
        .a = a, .op = op, .kind = kind, .name = name, .form = &own, .join = join, .now = clock_wall(a->o.clock)};
    // The store takes C strings.
    if (f->name.p) own.name.p = arena_strndup(op->arena, f->name.p, f->name.n);
    if (f->description.p) own.description.p = arena_strndup(op->arena, f->description.p, f->description.n);
    if ((f->name.p && !own.name.p) || (f->description.p && !own.description.p))
        return error_set(err, ERR_NOMEM, "no memory for the change");
    enum err code = cred_run(&w, change, err);
    if (code == ERR_OK && op->result == CRED_DONE) *ret = w.target;
    return code;
}

// ---- removing ---------------------------------------------------------------------------------------------

static enum err remove_it(struct store_tx *tx, void *ctx, struct error *err)
{
    struct cred_work *w = ctx;
    enum err code = cred_find(tx, w, err);
    if (code == ERR_OK && w->op->group_id) {
        code = check_group_roles(w, 0, err);
        return code == ERR_OK ? set_roles(tx, w, w->op->group_id, 0, err) : code;
    }
    if (code == ERR_OK)
        code = w->kind == PRINCIPAL_API_KEY ? store_tx_api_key_delete(tx, w->name, err)
                                            : store_tx_account_delete(tx, w->name, err);
    if (code == ERR_OK) code = cred_check_owner(tx, w, err);
    return code == ERR_OK ? cred_event(tx, w, CRED_DELETED, NULL, (struct slice){0}, err) : code;
}

enum err cred_remove(struct auth *a, struct cred_op *op, enum principal_kind kind, const char *name, struct error *err)
{
    struct cred_work w = {.a = a, .op = op, .kind = kind, .name = name, .now = clock_wall(a->o.clock)};
    return cred_run(&w, remove_it, err);
}
