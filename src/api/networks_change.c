// SPDX-License-Identifier: Apache-2.0
// POST, PATCH and DELETE of …/groups/{groupId}/networks, and :check: which VPCs Peerage looks after, and what is set on
// them. Called by: pipeline. Must never: let a caller who is not the operator use the server's own credentials or bind
// a VPC of an account that has not agreed, or tell him whose a VPC is.
#include "api/peerage.h"
#include "api/tenants.h"

#include "base/json.h"

#define WHAT "network"

// ---- what can be set --------------------------------------------------------------------------------------

struct form {
    struct slice account, region, vpc, role, profile, mode, name_tag;
    struct body_bool prefer, guarded, dns;
    struct body_int peering_limit, route_limit;
    struct body_texts tables;
};

#define SETTINGS(f)                                                                                                    \
    {"default", BODY_BOOL, false, &(f)->prefer}, {"deletionProtection", BODY_BOOL, false, &(f)->guarded},              \
        {"dns", BODY_BOOL, false, &(f)->dns}, {"mode", BODY_TEXT, false, &(f)->mode},                                  \
        {"nameTag", BODY_TEXT, false, &(f)->name_tag}, {"peeringLimit", BODY_INT, false, &(f)->peering_limit},         \
        {"routeLimit", BODY_INT, false, &(f)->route_limit},                                                            \
    {                                                                                                                  \
        "routeTableIds", BODY_TEXTS, false, &(f)->tables                                                               \
    }
#define SHOWN(name)                                                                                                    \
    {                                                                                                                  \
        name, BODY_READ_ONLY, false, NULL                                                                              \
    }
#define SHOWN_ALWAYS                                                                                                   \
    SHOWN("cidrBlocks"), SHOWN("created"), SHOWN("failed"), SHOWN("failure"), SHOWN("groupId"), SHOWN("id"),           \
        SHOWN("identity"), SHOWN("lastSuccess"),                                                                       \
    {                                                                                                                  \
        "links", BODY_IGNORED, false, NULL                                                                             \
    }

static bool take_limit(struct call *c, const char *field, struct body_int v, bool *ret_set, uint32_t *ret)
{
    *ret_set = v.found;
    if (!v.found) return true;
    if (v.v < 0 || v.v > INT32_MAX)
        return call_bad_attribute(c, field, "must be 0 for the default of AWS, or a quota that AWS gave");
    *ret = (uint32_t)v.v;
    return true;
}

static bool take_tables(struct call *c, const struct body_texts *t, struct network_edit *e)
{
    const char **ids = arena_array(c->req->arena, t->n + 1, sizeof *ids);
    for (size_t i = 0; ids && i < t->n; i++) {
        if (!route_table_id_valid(t->v[i]))
            return call_bad_attribute(c, "routeTableIds", "must be rtb- and 8 or 17 hexadecimal digits in lower case");
        ids[i] = arena_strndup(c->req->arena, t->v[i].p, t->v[i].n);
        if (!ids[i]) ids = NULL;
    }
    if (!ids) {
        call_problem(c, P_UNEXPECTED_ERROR, NULL, 0);
        return false;
    }
    e->set_tables = t->found;
    e->tables = ids;
    e->n_tables = (unsigned)t->n;
    return true;
}

static bool take_mode(struct call *c, struct slice text, enum network_mode *ret)
{
    if (slice_eq_cstr(text, "manage"))
        *ret = NETWORK_MANAGE;
    else if (slice_eq_cstr(text, "observe"))
        *ret = NETWORK_OBSERVE;
    else
        return call_bad_attribute(c, "mode", "must be observe or manage");
    return true;
}

static bool take_edit(struct call *c, const struct form *f, struct network_edit *e)
{
    *e = (struct network_edit){.set_mode = f->mode.p,
                               .make_default = f->prefer.found && f->prefer.v,
                               .set_protected = f->guarded.found,
                               .is_protected = f->guarded.v,
                               .set_dns = f->dns.found,
                               .dns = f->dns.v,
                               .set_name_tag = f->name_tag.p,
                               .name_tag = f->name_tag};
    if (f->prefer.found && !f->prefer.v && c->route->method == METHOD_PATCH)
        return call_bad_attribute(c, "default", "can only be true: make another network of the region the default");
    return (!f->mode.p || take_mode(c, f->mode, &e->mode)) &&
           take_limit(c, "peeringLimit", f->peering_limit, &e->set_peering_limit, &e->peering_limit) &&
           take_limit(c, "routeLimit", f->route_limit, &e->set_route_limit, &e->route_limit) &&
           take_tables(c, &f->tables, e);
}

// Of what core finds wrong: a template, a limit, or a setting that an observed network cannot have.
static const char *field_at_fault(const struct network_edit *e)
{
    if (e->set_name_tag && e->name_tag.n) return "nameTag";
    if (e->set_peering_limit) return "peeringLimit";
    if (e->set_route_limit) return "routeLimit";
    if (e->set_tables) return "routeTableIds";
    return e->set_dns ? "dns" : "mode";
}

static void refuse(struct call *c, const struct network_edit *e, const struct error *err)
{
    const char *detail = arena_strndup(c->req->arena, err->detail, strlen(err->detail));
    if (err->code == ERR_INVALID)
        call_bad_attribute(c, field_at_fault(e), detail ? detail : "is wrong");
    else if (err->code == ERR_DENIED)
        call_problem(c, P_OPERATOR_NEEDED, &PARAM_C(detail ? detail : ""), 1);
    else
        call_core_problem(c, err, WHAT, 1);
}

void api_network_update(struct call *c)
{
    struct form f;
    struct network n;
    struct network_edit e;
    struct error err;
    const struct actor by = call_actor(c);
    const struct body_field fields[] = {SETTINGS(&f),    SHOWN_ALWAYS,     SHOWN("accountId"), SHOWN("profile"),
                                        SHOWN("region"), SHOWN("roleArn"), SHOWN("vpcId")};
    if (!call_network(c, 1, &n) || !call_read_body(c, fields, ARRAY_LEN(fields)) || !take_edit(c, &f, &e)) return;
    if (core_network_edit(c->api->core, &by, n.id, &e, &err) == ERR_OK)
        api_answer_network(c, n.id);
    else
        refuse(c, &e, &err);
}

// ---- making -----------------------------------------------------------------------------------------------

static struct cloud_target target_of(const struct call *c, const struct network *n, struct org *org)
{
    return (struct cloud_target){.identity = n->identity,
                                 .identity_ref = n->identity_ref,
                                 .external_id = n->identity == IDENTITY_ROLE ? org->external_id : "",
                                 .region = n->region};
}

static void try_later(struct call *c, const struct cloud_failure *f)
{
    struct error err;
    (void)error_set(&err, ERR_BUSY, "AWS cannot be asked: %.300s", f->message);
    call_store_problem(c, &err);
}

// Whoever names a role of an account must be let in by it, under the external id of his own organisation.
static bool prove(struct call *c, const struct network_new *n)
{
    struct network net = {.identity = IDENTITY_ROLE};
    struct org org;
    struct cloud_failure f = {.message = "this process does not speak to AWS"};
    struct error err;
    char account[ACCOUNT_ID] = "", arn[256] = "";
    const struct api_cloud *cloud = &c->api->cloud;
    if (store_org_get(c->thread->reader, c->group.org_id, &org, &err) != ERR_OK) {
        call_store_problem(c, &err);
        return false;
    }
    if (!slice_copy(n->identity_ref, net.identity_ref, sizeof net.identity_ref) ||
        !slice_copy(n->region, net.region, sizeof net.region))
        return call_bad_attribute(c, "roleArn", "is too long");
    const struct cloud_target t = target_of(c, &net, &org);
    enum cloud_class class = cloud->identity ? cloud->identity(cloud->ctx, &t, account, arn, &f) : CLOUD_TRANSIENT;
    if (class == CLOUD_THROTTLED || class == CLOUD_TRANSIENT) {
        try_later(c, &f);
        return false;
    }
    const char *why = arena_fmt(c->req->arena, "cannot be assumed with the external id %s: %.200s", org.external_id,
                                class == CLOUD_OK ? "it is of another account" : f.message);
    if (class != CLOUD_OK || !slice_eq_cstr(n->account_id, account))
        return call_bad_attribute(c, "roleArn", why ? why : "cannot be assumed");
    return true;
}

// Each field by itself, so that the answer names it; core checks them again together.
static bool take_new(struct call *c, const struct form *f, const struct network_edit *e, struct network_new *n)
{
    struct error err;
    char account[ACCOUNT_ID];
    bool is_operator = principal_permits(c->principal, NEED_OPERATOR, NULL, NULL);
    *n = (struct network_new){.group_id = c->group.id,
                              .account_id = f->account,
                              .region = f->region,
                              .vpc_id = f->vpc,
                              .cidrs = SLICE(""),
                              .identity = f->role.n      ? IDENTITY_ROLE
                                          : f->profile.n ? IDENTITY_PROFILE
                                                         : IDENTITY_AMBIENT,
                              .identity_ref = f->role.n      ? f->role
                                              : f->profile.n ? f->profile
                                                             : SLICE(""),
                              .mode = e->set_mode ? e->mode : NETWORK_OBSERVE,
                              .make_default = e->make_default,
                              .edit = e};
    if (f->role.n && f->profile.n) return call_bad_attribute(c, "profile", "excludes roleArn");
    if (!account_id_valid(n->account_id)) return call_bad_attribute(c, "accountId", "must be 12 digits");
    if (!region_valid(n->region)) return call_bad_attribute(c, "region", "must be an AWS name like us-east-1");
    if (!vpc_id_valid(n->vpc_id))
        return call_bad_attribute(c, "vpcId", "must be vpc- and 8 or 17 hexadecimal digits in lower case");
    if (f->role.n && role_arn_parse(f->role, account, &err) != ERR_OK)
        return call_bad_attribute(c, "roleArn", "is no ARN of a role");
    if (f->role.n && !slice_eq_cstr(f->account, account))
        return call_bad_attribute(c, "roleArn", "must be a role of the VPC's own account");
    if (is_operator) return true;
    if (n->identity != IDENTITY_ROLE)
        return call_bad_attribute(c, "roleArn",
                                  "must be given: the server's own credentials are its operator's to lend");
    return prove(c, n);
}

void api_network_create(struct call *c)
{
    struct form f;
    struct network_edit e;
    struct network_new n;
    struct network made;
    struct error err;
    const struct actor by = call_actor(c);
    const struct body_field fields[] = {SETTINGS(&f),
                                        SHOWN_ALWAYS,
                                        {"accountId", BODY_TEXT, true, &f.account},
                                        {"profile", BODY_TEXT, false, &f.profile},
                                        {"region", BODY_TEXT, true, &f.region},
                                        {"roleArn", BODY_TEXT, false, &f.role},
                                        {"vpcId", BODY_TEXT, true, &f.vpc}};
    if (!call_read_body(c, fields, ARRAY_LEN(fields)) || !take_edit(c, &f, &e) || !take_new(c, &f, &e, &n)) return;
    enum err code = core_network_add(c->api->core, &by, &n, c->req->arena, &made, &err);
    if (code == ERR_OK)
        api_answer_network(c, made.id);
    else if (code == ERR_EXISTS)
        call_problem(c, P_NETWORK_ALREADY_EXISTS, &PARAM_S(f.vpc), 1);
    else if (code == ERR_NOT_FOUND)
        call_group_problem(c, &err);
    else
        refuse(c, &e, &err);
}

void api_network_delete(struct call *c)
{
    struct network n;
    struct error err;
    const struct actor by = call_actor(c);
    if (!call_network(c, 1, &n)) return;
    if (core_network_remove(c->api->core, &by, n.id, &err) == ERR_OK)
        call_no_content(c);
    else if (err.code == ERR_DENIED)
        call_problem(c, P_APPROVALS_NEEDED, &PARAM_C(err.detail), 1);
    else
        call_core_problem(c, &err, WHAT, 1);
}

// ---- checking ---------------------------------------------------------------------------------------------

struct checked {
    enum cloud_class class;
    struct cloud_failure f;
    char account[ACCOUNT_ID], arn[256];
    struct permission_check rows[PERMISSION_CHECKS];
    unsigned n;
};

// tell_arn: whose the server's own credentials are is its operator's to know.
static void answer_check(struct call *c, const struct checked *k, bool proved, bool tell_arn)
{
    struct buf body;
    struct json_writer w;
    wire_entity_begin(c, &w, &body);
    json_kstr(&w, "accountId", *k->account ? k->account : NULL);
    json_kstr(&w, "arn", *k->arn && tell_arn ? k->arn : NULL);
    json_kstr(&w, "failure", k->class != CLOUD_OK ? k->f.message : NULL);
    json_key(&w, "permissions");
    json_arr(&w);
    for (unsigned i = 0; i < k->n; i++) {
        json_obj(&w);
        json_kstr(&w, "action", k->rows[i].action);
        json_kstr(&w, "note", *k->rows[i].note ? k->rows[i].note : NULL);
        json_kstr(&w, "result", !k->rows[i].known ? "not asked" : k->rows[i].allowed ? "allowed" : "denied");
        json_obj_end(&w);
    }
    json_arr_end(&w);
    json_kbool(&w, "proved", proved);
    wire_entity_end(c, &w);
    call_ok(c, &body);
}

void api_network_check(struct call *c)
{
    struct network n;
    struct org org;
    struct error err;
    const struct api_cloud *cloud = &c->api->cloud;
    struct checked *k = arena_alloc(c->req->arena, sizeof *k);
    if (!call_network(c, 1, &n)) return;
    if (!k || store_org_get(c->thread->reader, c->group.org_id, &org, &err) != ERR_OK) {
        if (k)
            call_store_problem(c, &err);
        else
            call_problem(c, P_UNEXPECTED_ERROR, NULL, 0);
        return;
    }
    *k = (struct checked){.class = CLOUD_TRANSIENT, .f = {.message = "this process does not speak to AWS"}};
    const struct cloud_target t = target_of(c, &n, &org);
    if (cloud->identity) k->class = cloud->identity(cloud->ctx, &t, k->account, k->arn, &k->f);
    bool proved = k->class == CLOUD_OK && strcmp(k->account, n.account_id) == 0;
    if (proved) k->class = cloud->check(cloud->ctx, &t, n.account_id, n.vpc_id, k->rows, &k->n, &k->f);
    if (k->class == CLOUD_THROTTLED || k->class == CLOUD_TRANSIENT)
        try_later(c, &k->f);
    else
        answer_check(c, k, proved,
                     n.identity == IDENTITY_ROLE || principal_permits(c->principal, NEED_OPERATOR, NULL, NULL));
}
