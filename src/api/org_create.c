// SPDX-License-Identifier: Apache-2.0
// POST /api/atlas/v2/orgs: an organisation together with its first credential, in one transaction. Called by: pipeline.
// Must never: leave an organisation whose credential could not be made, or show its secret twice.
#include "api/credentials.h"
#include "api/tenants.h"

#include "base/json.h"
#include "base/mem.h"

// An owner of one organisation may make more, as with Atlas, but not without end; the command line has no bound.
#define ORGS_MAX 10000

struct form {
    struct slice name, owner;
    struct body_bool skip;
    bool key, account; // which credential is asked for, if any
    struct slice text, account_name;
    struct body_texts roles;
    struct body_int hours;
};

static bool read_key(struct call *c, const struct json_value *v, struct form *f)
{
    const struct body_field fields[] = {{"desc", BODY_TEXT, true, &f->text}, {"roles", BODY_TEXTS, true, &f->roles}};
    f->key = v != NULL;
    return !v || call_read_object(c, v, fields, ARRAY_LEN(fields));
}

static bool read_account(struct call *c, const struct json_value *v, struct form *f)
{
    const struct body_field fields[] = {{"description", BODY_TEXT, true, &f->text},
                                        {"name", BODY_TEXT, true, &f->account_name},
                                        {"roles", BODY_TEXTS, true, &f->roles},
                                        {"secretExpiresAfterHours", BODY_INT, true, &f->hours}};
    f->account = v != NULL;
    if (v && f->key) return call_bad_attribute(c, "serviceAccount", "cannot be given together with apiKey");
    return !v || call_read_object(c, v, fields, ARRAY_LEN(fields));
}

static bool read_form(struct call *c, struct form *f)
{
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    const struct json_value *key, *account;
    struct oid id;
    const struct body_field fields[] = {{"apiKey", BODY_VALUE, false, &key},
                                        {"name", BODY_TEXT, true, &f->name},
                                        {"orgOwnerId", BODY_TEXT, false, &f->owner},
                                        {"serviceAccount", BODY_VALUE, false, &account},
                                        {"skipDefaultAlertsSettings", BODY_BOOL, false, &f->skip}};
    *f = (struct form){.key = false};
    if (!call_read_json(c, &doc) || !call_read_object(c, json_root(doc), fields, ARRAY_LEN(fields))) return false;
    if (f->owner.p && !oid_parse(f->owner, &id))
        return call_bad_attribute(c, "orgOwnerId", "must be 24 lower-case hexadecimal digits");
    return read_key(c, key, f) && read_account(c, account, f);
}

// The credential on its way: made inside the transaction of its organisation.
struct first {
    struct call *call;
    const struct form *form;
    struct cred_call cc;
    struct cred_form cred;
    struct new_api_key key;
    struct new_account account;
};

// The organisation has no owner yet who could allow it: who may make the organisation may give its first roles.
static enum err make_first(struct store_tx *tx, const struct org *org, void *ctx, struct error *err)
{
    struct first *f = ctx;
    struct auth *auth = f->call->api->auth;
    f->cc.op.tx = tx;
    f->cc.op.org_id = org->id;
    if (f->form->key) return cred_key_create(auth, &f->cc.op, &f->cred, &f->key, err);
    return cred_account_create(auth, &f->cc.op, &f->cred, &f->account, err);
}

static void add_first(struct call *c, struct json_writer *w, const struct org *o, struct first *f)
{
    struct grant grants[2];
    struct principal p;
    f->cc.op.org_id = o->id;
    creds_grants(&f->cc, &f->cred, grants, &p);
    json_key(w, f->form->key ? "apiKey" : "serviceAccount");
    json_obj(w);
    if (f->form->key)
        creds_add_key(c, w, &f->key.row, &p, f->key.private_key);
    else
        creds_add_account(w, &(struct account_view){.row = &f->account.row,
                                                    .secrets = &f->account.secret,
                                                    .n_secrets = 1,
                                                    .secret = f->account.client_secret,
                                                    .roles = p.grants[0].roles});
    json_obj_end(w);
}

static void answer(struct call *c, const struct org *o, struct first *f)
{
    struct buf body;
    struct json_writer w;
    wire_entity_begin(c, &w, &body);
    if (f->form->key) add_first(c, &w, o, f);
    if (f->form->owner.p) json_kslice(&w, "orgOwnerId", f->form->owner);
    json_key(&w, "organization");
    json_obj(&w);
    wire_org(c, &w, o, true);
    json_obj_end(&w);
    if (f->form->account) add_first(c, &w, o, f);
    json_kbool(&w, "skipDefaultAlertsSettings", org_flag(o->flags, ORG_FLAG_SKIP_DEFAULT_ALERTS));
    wire_entity_end(c, &w);
    call_ok(c, &body);
}

static void refuse(struct call *c, const struct first *f, enum err code, const struct error *err)
{
    if (f->cc.op.result != CRED_DONE)
        (void)!creds_done(c, &f->cc, ERR_OK, err); // answers the refusal
    else if (code == ERR_EXISTS)
        call_problem(c, P_ORG_ALREADY_EXISTS, &PARAM_S(f->form->name), 1);
    else if (code == ERR_TOO_LARGE)
        call_problem(c, P_MAX_ORGS_EXCEEDED, &PARAM_N(ORGS_MAX), 1);
    else if (code == ERR_INVALID)
        call_bad_attribute(c, "name", BAD_NAME);
    else
        call_store_problem(c, err);
}

void api_org_create(struct call *c)
{
    struct form form;
    struct org o;
    struct error err;
    if (!principal_permits(c->principal, NEED_ORG_OWNER, c->principal->org_id, NULL)) {
        call_problem(c, P_USER_UNAUTHORIZED, NULL, 0);
        return;
    }
    if (!read_form(c, &form)) return;
    bool with = form.key || form.account;
    struct first f = {.call = c, .form = &form, .cred = {.name = form.account_name, .description = form.text}};
    f.cred.secret_hours = form.hours.v;
    creds_begin(c, form.key ? PRINCIPAL_API_KEY : PRINCIPAL_SERVICE_ACCOUNT, &f.cc);
    f.cc.op.caller = NULL;
    if (with && !creds_roles(c, &f.cc, &form.roles, &f.cred)) return;
    struct org_new q = {.name = form.name, .most = ORGS_MAX, .also = with ? make_first : NULL, .ctx = &f};
    if (form.skip.found) q.flags = org_flag_with(0, ORG_FLAG_SKIP_DEFAULT_ALERTS, form.skip.v);
    enum err code = core_org_make(c->api->core, &f.cc.by, &q, &o, &err);
    if (code == ERR_OK)
        answer(c, &o, &f);
    else
        refuse(c, &f, code, &err);
    mem_wipe(&f.key, sizeof f.key);
    mem_wipe(&f.account, sizeof f.account);
}
