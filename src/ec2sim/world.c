// SPDX-License-Identifier: Apache-2.0
// The simulator's management as C calls: what `peerage dev` seeds with, and what the management API is made of.
// Called by: app, tests, manage.c. Must never: return before the change is saved, unless it says so.

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "ec2sim/state.h"

// Drops the lock, then saves when rc is fine.
static enum err finish(struct ec2sim *s, enum err rc, struct error *err)
{
    if (rc == ERR_OK) state_changed(s);
    lock_drop(&s->lock);
    return rc == ERR_OK ? state_save(s, err) : rc;
}

// EC2's refusal as ours.
static enum err as_err(const struct ec2_error *e, struct error *err)
{
    struct slice code = slice_of(e->code);
    enum err rc = e->status >= 500                                                                    ? ERR_NOMEM
                  : slice_ends(code, SLICE(".NotFound"))                                              ? ERR_NOT_FOUND
                  : slice_ends(code, SLICE("LimitExceeded"))                                          ? ERR_TOO_LARGE
                  : slice_ends(code, SLICE("AlreadyExists")) || slice_ends(code, SLICE(".Duplicate")) ? ERR_EXISTS
                                                                                                      : ERR_INVALID;
    return error_set(err, rc, "%s: %s", e->code, e->message);
}

static enum err caller_of(const char *account, const char *region, struct sim_caller *ret, struct error *err)
{
    struct sim_caller c = {0};
    if (!account || !auth_account_valid(slice_of(account)) || !cstr_set(c.account, sizeof(c.account), account))
        return error_set(err, ERR_INVALID, "an account id must be 12 digits");
    if (!region || !*region || !cstr_set(c.region, sizeof(c.region), region))
        return error_set(err, ERR_INVALID, "a region must have 1 to %d characters", SIM_REGION_STR - 1);
    *ret = c;
    return ERR_OK;
}

enum err ec2sim_account_add(struct ec2sim *s, const char *account_id, const char *access_key_id,
                            const char *secret_access_key, struct error *err)
{
    lock_take(&s->lock);
    return finish(
        s, auth_key_add(&s->auth, slice_of(account_id), slice_of(access_key_id), slice_of(secret_access_key), err),
        err);
}

enum err ec2sim_account_key(struct ec2sim *s, const char *account_id, char ret_access_key_id[EC2SIM_KEY_STR],
                            char ret_secret[EC2SIM_SECRET_STR], struct error *err)
{
    bool found = false;
    lock_take(&s->lock);
    for (unsigned i = 0; i < s->auth.key_count && !found; i++) {
        const struct auth_key *k = &s->auth.keys[i];
        found = strcmp(k->account, account_id) == 0 && cstr_set(ret_access_key_id, EC2SIM_KEY_STR, k->id) &&
                cstr_set(ret_secret, EC2SIM_SECRET_STR, k->secret);
    }
    lock_drop(&s->lock);
    return found ? ERR_OK : error_set(err, ERR_NOT_FOUND, "account %.20s has no access key", account_id);
}

enum err ec2sim_role_add(struct ec2sim *s, const char *role_arn, const char *external_id, int64_t max_s,
                         struct error *err)
{
    lock_take(&s->lock);
    return finish(s, auth_role_add(&s->auth, slice_of(role_arn), slice_of(external_id), max_s, err), err);
}

static enum err vpc_spec(const struct ec2sim_vpc *v, struct sim_vpc_spec *spec, struct error *err)
{
    *spec = (struct sim_vpc_spec){.id = slice_of(v->vpc_id)};
    if (v->vpc_id && !sim_id_valid(spec->id, "vpc-"))
        return error_set(err, ERR_INVALID, "a VPC id must be \"vpc-\" and 8 or 17 hex digits in lower case");
    if (v->cidr_count < 1 || v->cidr_count > SIM_BLOCKS_MAX)
        return error_set(err, ERR_INVALID, "a VPC must have 1 to %d CIDR blocks", SIM_BLOCKS_MAX);
    bool any4 = false;
    for (unsigned i = 0; i < v->cidr_count; i++) {
        if (!cidr_parse(slice_of(v->cidrs[i]), false, &spec->blocks[i]))
            return error_set(err, ERR_INVALID, "\"%.60s\" is not a CIDR block", v->cidrs[i] ? v->cidrs[i] : "");
        any4 |= spec->blocks[i].ip.family == 4;
    }
    spec->block_count = v->cidr_count;
    return any4 ? ERR_OK : error_set(err, ERR_INVALID, "a VPC needs an IPv4 block");
}

static enum err put_name(struct sim_tags *t, const char *name, struct error *err)
{
    if (name && !sim_tags_put(t, SLICE("Name"), slice_of(name))) return error_set(err, ERR_NOMEM, "out of memory");
    return ERR_OK;
}

enum err ec2sim_vpc_add(struct ec2sim *s, const struct ec2sim_vpc *v, char ret_vpc_id[EC2SIM_ID_STR], struct error *err)
{
    struct sim_caller who;
    struct sim_vpc_spec spec;
    struct sim_vpc *made;
    struct ec2_error e;
    enum err rc = caller_of(v->account_id, v->region, &who, err);
    if (rc == ERR_OK) rc = vpc_spec(v, &spec, err);
    if (rc == ERR_OK && v->name && strlen(v->name) > 256)
        rc = error_set(err, ERR_INVALID, "a name must have at most 256 characters");
    if (rc != ERR_OK) return rc;
    lock_take(&s->lock);
    if (!sim_vpc_create(&s->model, &who, state_now(s), &spec, &made, &e)) return finish(s, as_err(&e, err), err);
    rc = put_name(&made->tags, v->name, err);
    snprintf(ret_vpc_id, EC2SIM_ID_STR, "%s", made->id);
    return finish(s, rc, err);
}

enum err ec2sim_peering_request(struct ec2sim *s, const struct ec2sim_request *q, char ret_id[EC2SIM_ID_STR],
                                struct error *err)
{
    struct sim_caller who, peer;
    struct sim_peering *p;
    struct ec2_error e;
    enum err rc = caller_of(q->requester_account_id, q->requester_region, &who, err);
    if (rc == ERR_OK) rc = caller_of(q->accepter_account_id, q->accepter_region, &peer, err);
    if (rc != ERR_OK) return rc;
    struct sim_peering_spec spec = {.vpc_id = slice_of(q->requester_vpc_id),
                                    .peer_vpc_id = slice_of(q->accepter_vpc_id),
                                    .peer_account = slice_of(peer.account),
                                    .peer_region = slice_of(peer.region)};
    lock_take(&s->lock);
    if (!sim_peering_create(&s->model, &who, state_now(s), &spec, false, &p, &e))
        return finish(s, as_err(&e, err), err);
    rc = put_name(&p->requester_tags, q->name, err);
    snprintf(ret_id, EC2SIM_ID_STR, "%s", p->id);
    return finish(s, rc, err);
}

enum err ec2sim_peering_status(struct ec2sim *s, const char *account_id, const char *region, const char *id,
                               char ret_code[24], struct error *err)
{
    struct sim_caller who;
    struct sim_view v;
    struct ec2_error e;
    enum err rc = caller_of(account_id, region, &who, err);
    if (rc != ERR_OK) return rc;
    lock_take(&s->lock);
    if (sim_peering_get(&s->model, &who, state_now(s), slice_of(id), &v, &e))
        snprintf(ret_code, 24, "%s", sim_state_code(v.state));
    else
        rc = as_err(&e, err);
    lock_drop(&s->lock);
    return rc;
}

enum err ec2sim_bulk_add(struct ec2sim *s, const struct ec2sim_bulk *b, struct error *err)
{
    struct sim_caller requester, accepter;
    struct ec2_error e;
    enum err rc = caller_of(b->requester_account_id, b->requester_region, &requester, err);
    if (rc == ERR_OK) rc = caller_of(b->accepter_account_id, b->accepter_region, &accepter, err);
    if (rc == ERR_OK && (b->peerings < 1 || b->peerings > 1000000))
        rc = error_set(err, ERR_INVALID, "peerings must be from 1 to 1000000");
    if (rc != ERR_OK) return rc;
    lock_take(&s->lock);
    if (!sim_bulk(&s->model, &requester, &accepter, state_now(s), slice_of(b->accepter_vpc_id), b->peerings, b->active,
                  &e))
        rc = as_err(&e, err);
    return finish(s, rc, err);
}

struct wall ec2sim_now(struct ec2sim *s)
{
    lock_take(&s->lock);
    struct wall now = state_now(s);
    lock_drop(&s->lock);
    return now;
}

enum err ec2sim_clock_advance(struct ec2sim *s, int64_t seconds, struct error *err)
{
    enum err rc = ERR_OK;
    lock_take(&s->lock);
    // A hundred years in all: dates stay within the four digits of a year.
    if (seconds < 0 || seconds > 3155760000 || s->offset_us / US_PER_SEC + seconds > 3155760000)
        rc = error_set(err, ERR_INVALID, "the clock goes forward only, and by at most 3155760000 seconds in all");
    else
        s->offset_us += seconds * US_PER_SEC;
    return finish(s, rc, err);
}

enum err ec2sim_setting(struct ec2sim *s, const char *name, int64_t value, struct error *err)
{
    lock_take(&s->lock);
    return finish(s, ec2sim_settings_set(&s->model.settings, slice_of(name), value, err), err);
}

enum err ec2sim_fault_add(struct ec2sim *s, struct slice json, struct error *err)
{
    struct json_doc *doc;
    uint64_t id;
    enum err rc = json_read(json, 65536, &doc, err);
    if (rc != ERR_OK) return rc;
    lock_take(&s->lock);
    rc = faults_add(&s->faults, json_root(doc), state_now(s), &id, err);
    lock_drop(&s->lock);
    json_doc_free(doc);
    return rc;
}

void ec2sim_faults_clear(struct ec2sim *s)
{
    lock_take(&s->lock);
    s->faults.count = 0;
    lock_drop(&s->lock);
}

uint64_t ec2sim_calls(struct ec2sim *s, const char *action)
{
    uint64_t n = 0;
    lock_take(&s->lock);
    for (int i = 0; i < CALL_NAMES_MAX; i++)
        if (s->calls[i].action && strcmp(s->calls[i].action, action) == 0) n = s->calls[i].n;
    lock_drop(&s->lock);
    return n;
}
