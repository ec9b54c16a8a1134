// SPDX-License-Identifier: Apache-2.0
// The management API below /_ec2sim/: JSON mouths of the C calls of server.h, for tests and `peerage dev`.
// Called by: server.c. Must never: answer without the token, or show a secret.
//
//   POST /_ec2sim/clock     {"advanceSeconds": 604800}
//   POST /_ec2sim/accounts  {"accountId": "…", "accessKeyId": "…", "secretAccessKey": "…"}
//   POST /_ec2sim/roles     {"roleArn": "…", "externalId"?: "…", "maxSessionSeconds"?: 3600}
//   POST /_ec2sim/vpcs      {"accountId": "…", "region": "…", "cidrBlocks": ["10.0.0.0/16"], "name"?: "…", "vpcId"?:
//   "…"} POST /_ec2sim/bulk      {"peerings": 1205, "requesterAccountId": "…", "requesterRegion": "…",
//                            "accepterAccountId": "…", "accepterRegion": "…", "accepterVpcId": "…", "active"?: true}
//   POST /_ec2sim/settings  {"provisioningSeconds": 5, …}   names of settings.h
//   POST /_ec2sim/faults    one rule of fault.h;  GET lists them, DELETE clears them
//   GET  /_ec2sim/state     clock, settings, counts of records by status, calls by action
// Answers 200 with JSON, or 400, 401, 404, 405, 409, 500 with {"error": "…"}.

#include <stdio.h>
#include <string.h>

#include "ec2sim/state.h"
#include "net/crypto.h"

#define BODY_MAX ((size_t)1 << 20)

struct manage {
    struct ec2sim *s;
    const struct json_value *in; // NULL for GET and DELETE
    struct json_writer *out;     // inside of the answer's object
    struct error *err;
};

// A C string from a JSON one; NULL when absent. Members are bounded by the callee.
static enum err text(struct manage *m, const char *key, bool needed, char *room, size_t cap, const char **ret)
{
    const struct json_value *v = json_get(m->in, key);
    *ret = NULL;
    if (!v && !needed) return ERR_OK;
    if (!is_json(v, JSON_STRING) || json_string(v).n == 0 || !slice_copy(json_string(v), room, cap))
        return error_set(m->err, ERR_INVALID, "%s must be a string of 1 to %zu characters", key, cap - 1);
    *ret = room;
    return ERR_OK;
}

static enum err number(struct manage *m, const char *key, bool needed, int64_t *ret)
{
    const struct json_value *v = json_get(m->in, key);
    if (!v && !needed) return ERR_OK;
    if (!is_json(v, JSON_INT)) return error_set(m->err, ERR_INVALID, "%s must be a whole number", key);
    *ret = json_integer(v);
    return ERR_OK;
}

static enum err post_clock(struct manage *m)
{
    int64_t seconds = 0;
    char now[25];
    enum err rc = number(m, "advanceSeconds", true, &seconds);
    if (rc == ERR_OK) rc = ec2sim_clock_advance(m->s, seconds, m->err);
    wall_rfc3339_ms(ec2sim_now(m->s), now);
    json_kstr(m->out, "now", now);
    return rc;
}

static enum err post_accounts(struct manage *m)
{
    char a[32], b[160], c[160];
    const char *account, *id, *secret;
    enum err rc = text(m, "accountId", true, a, sizeof(a), &account);
    if (rc == ERR_OK) rc = text(m, "accessKeyId", true, b, sizeof(b), &id);
    if (rc == ERR_OK) rc = text(m, "secretAccessKey", true, c, sizeof(c), &secret);
    return rc == ERR_OK ? ec2sim_account_add(m->s, account, id, secret, m->err) : rc;
}

static enum err post_roles(struct manage *m)
{
    char a[300], b[1300];
    const char *arn, *external_id;
    int64_t max_s = 0;
    enum err rc = text(m, "roleArn", true, a, sizeof(a), &arn);
    if (rc == ERR_OK) rc = text(m, "externalId", false, b, sizeof(b), &external_id);
    if (rc == ERR_OK) rc = number(m, "maxSessionSeconds", false, &max_s);
    return rc == ERR_OK ? ec2sim_role_add(m->s, arn, external_id, max_s, m->err) : rc;
}

static enum err post_vpcs(struct manage *m)
{
    char account[32], region[64], name[260], id[32], made[EC2SIM_ID_STR], blocks[SIM_BLOCKS_MAX][CIDR_STR];
    const char *cidrs[SIM_BLOCKS_MAX];
    struct ec2sim_vpc v = {.cidrs = cidrs};
    const struct json_value *list = json_get(m->in, "cidrBlocks");
    enum err rc = text(m, "accountId", true, account, sizeof(account), &v.account_id);
    if (rc == ERR_OK) rc = text(m, "region", true, region, sizeof(region), &v.region);
    if (rc == ERR_OK) rc = text(m, "name", false, name, sizeof(name), &v.name);
    if (rc == ERR_OK) rc = text(m, "vpcId", false, id, sizeof(id), &v.vpc_id);
    if (rc == ERR_OK && (!is_json(list, JSON_ARRAY) || json_array_len(list) > SIM_BLOCKS_MAX))
        rc = error_set(m->err, ERR_INVALID, "cidrBlocks must be an array of 1 to %d strings", SIM_BLOCKS_MAX);
    for (size_t i = 0; rc == ERR_OK && i < json_array_len(list); i++) {
        if (!slice_copy(json_string(json_array_at(list, i)), blocks[i], CIDR_STR))
            rc = error_set(m->err, ERR_INVALID, "cidrBlocks[%zu] is not a CIDR block", i);
        cidrs[v.cidr_count++] = blocks[i];
    }
    if (rc == ERR_OK) rc = ec2sim_vpc_add(m->s, &v, made, m->err);
    if (rc == ERR_OK) json_kstr(m->out, "vpcId", made);
    return rc;
}

static enum err post_bulk(struct manage *m)
{
    struct ec2sim_bulk b = {0};
    char room[5][64];
    int64_t n = 0;
    const struct {
        const char *key;
        const char **to;
    } texts[] = {{"requesterAccountId", &b.requester_account_id},
                 {"requesterRegion", &b.requester_region},
                 {"accepterAccountId", &b.accepter_account_id},
                 {"accepterRegion", &b.accepter_region},
                 {"accepterVpcId", &b.accepter_vpc_id}};
    enum err rc = number(m, "peerings", true, &n);
    for (size_t i = 0; rc == ERR_OK && i < ARRAY_LEN(texts); i++)
        rc = text(m, texts[i].key, true, room[i], sizeof(room[i]), texts[i].to);
    if (rc == ERR_OK && (n < 1 || n > 1000000))
        rc = error_set(m->err, ERR_INVALID, "peerings must be from 1 to 1000000");
    b.peerings = (uint32_t)n;
    b.active = is_json(json_get(m->in, "active"), JSON_TRUE);
    if (rc == ERR_OK) rc = ec2sim_bulk_add(m->s, &b, m->err);
    if (rc == ERR_OK) json_kint(m->out, "created", n);
    return rc;
}

// All or none: a wrong name or value leaves every setting as it was.
static enum err post_settings(struct manage *m)
{
    struct ec2sim *s = m->s;
    void *iter = NULL;
    struct slice key;
    const struct json_value *v;
    enum err rc = ERR_OK;
    lock_take(&s->lock);
    struct ec2sim_settings next = s->model.settings;
    while (rc == ERR_OK && json_object_next(m->in, &iter, &key, &v)) {
        if (is_json(v, JSON_INT))
            rc = ec2sim_settings_set(&next, key, json_integer(v), m->err);
        else
            rc = error_set(m->err, ERR_INVALID, "setting %.*s must be a whole number", (int)MIN(key.n, (size_t)60),
                           key.p);
    }
    if (rc == ERR_OK) {
        s->model.settings = next;
        state_changed(s);
    }
    lock_drop(&s->lock);
    return rc == ERR_OK ? state_save(s, m->err) : rc;
}

static enum err post_faults(struct manage *m)
{
    uint64_t id = 0;
    lock_take(&m->s->lock);
    enum err rc = faults_add(&m->s->faults, m->in, state_now(m->s), &id, m->err);
    lock_drop(&m->s->lock);
    if (rc == ERR_OK) json_kint(m->out, "id", (int64_t)id);
    return rc;
}

static enum err get_faults(struct manage *m)
{
    lock_take(&m->s->lock);
    json_key(m->out, "faults");
    faults_json(&m->s->faults, m->out);
    lock_drop(&m->s->lock);
    return ERR_OK;
}

static enum err delete_faults(struct manage *m)
{
    ec2sim_faults_clear(m->s);
    return ERR_OK;
}

static void state_counts(struct ec2sim *s, struct json_writer *w, struct wall now)
{
    int64_t n[SIM_STATE_COUNT_] = {0};
    for (size_t i = 0; i < s->model.peering_count; i++) n[sim_state_at(s->model.peerings[i], now)]++;
    json_key(w, "peerings");
    json_obj(w);
    for (int i = 0; i < SIM_STATE_COUNT_; i++) json_kint(w, sim_state_code((enum sim_state)i), n[i]);
    json_obj_end(w);
}

static enum err get_state(struct manage *m)
{
    struct ec2sim *s = m->s;
    struct json_writer *w = m->out;
    const char *name;
    char now[25];
    int64_t value;
    lock_take(&s->lock);
    wall_rfc3339_ms(state_now(s), now);
    json_kstr(w, "now", now);
    json_kint(w, "offsetSeconds", s->offset_us / US_PER_SEC);
    json_key(w, "settings");
    json_obj(w);
    for (unsigned i = 0; ec2sim_settings_at(&s->model.settings, i, &name, &value); i++) json_kint(w, name, value);
    json_obj_end(w);
    json_kint(w, "accessKeys", s->auth.key_count);
    json_kint(w, "roles", s->auth.role_count);
    json_kint(w, "sessions", s->auth.session_count);
    json_kint(w, "vpcs", (int64_t)s->model.vpc_count);
    json_kint(w, "routeTables", (int64_t)s->model.table_count);
    state_counts(s, w, state_now(s));
    json_key(w, "calls");
    json_obj(w);
    for (int i = 0; i < CALL_NAMES_MAX && s->calls[i].action; i++)
        json_kint(w, s->calls[i].action, (int64_t)s->calls[i].n);
    json_obj_end(w);
    lock_drop(&s->lock);
    return ERR_OK;
}

// ---- routing

static const struct {
    enum method method;
    const char *path;
    enum err (*run)(struct manage *m);
} routes[] = {
    {METHOD_POST, "/_ec2sim/accounts", post_accounts}, {METHOD_POST, "/_ec2sim/bulk", post_bulk},
    {METHOD_POST, "/_ec2sim/clock", post_clock},       {METHOD_DELETE, "/_ec2sim/faults", delete_faults},
    {METHOD_GET, "/_ec2sim/faults", get_faults},       {METHOD_POST, "/_ec2sim/faults", post_faults},
    {METHOD_POST, "/_ec2sim/roles", post_roles},       {METHOD_POST, "/_ec2sim/settings", post_settings},
    {METHOD_GET, "/_ec2sim/state", get_state},         {METHOD_POST, "/_ec2sim/vpcs", post_vpcs},
};

static int status_of(enum err rc)
{
    switch (rc) {
    case ERR_OK:
        return 200;
    case ERR_INVALID:
    case ERR_TOO_LARGE:
        return 400;
    case ERR_DENIED:
        return 401;
    case ERR_NOT_FOUND:
        return 404;
    case ERR_EXISTS:
        return 409;
    default:
        return 500;
    }
}

static void answer_error(struct reply *rep, int status, const char *detail)
{
    struct buf body;
    struct json_writer w;
    buf_init(&body, 4096);
    json_begin(&w, &body, false);
    json_obj(&w);
    json_kstr(&w, "error", detail);
    json_obj_end(&w);
    state_reply(rep, status, "application/json", &body);
}

static bool token_fits(const struct ec2sim *s, const struct request *req)
{
    struct slice given = request_header(req, "x-ec2sim-token");
    size_t n = strlen(s->management_token);
    return given.n == n && crypto_equal(given.p, s->management_token, n);
}

static void run_route(struct ec2sim *s, enum err (*run)(struct manage *), const struct request *req, struct reply *rep)
{
    struct buf body;
    struct json_writer w;
    struct json_doc *doc = NULL;
    struct error err = {0};
    enum err rc = ERR_OK;
    if (req->method == METHOD_POST) rc = json_read(req->body, BODY_MAX, &doc, &err);
    if (rc == ERR_OK && doc && !is_json(json_root(doc), JSON_OBJECT))
        rc = error_set(&err, ERR_INVALID, "the body must be a JSON object");
    buf_init(&body, BODY_MAX);
    json_begin(&w, &body, false);
    json_obj(&w);
    struct manage m = {.s = s, .in = doc ? json_root(doc) : NULL, .out = &w, .err = &err};
    if (rc == ERR_OK) rc = run(&m);
    json_obj_end(&w);
    json_doc_free(doc);
    if (rc == ERR_OK)
        state_reply(rep, 200, "application/json", &body);
    else
        answer_error(rep, status_of(rc), err.detail);
    buf_done(&body);
}

void manage_handle(struct ec2sim *s, const struct request *req, struct reply *rep)
{
    bool path_known = false;
    if (!token_fits(s, req)) {
        answer_error(rep, 401, "the header X-Ec2sim-Token is missing or wrong");
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
        if (!slice_eq_cstr(req->path, routes[i].path)) continue;
        path_known = true;
        if (req->method == routes[i].method) {
            run_route(s, routes[i].run, req, rep);
            return;
        }
    }
    answer_error(rep, path_known ? 405 : 404, path_known ? "this path has other methods" : "there is no such path");
}
