// SPDX-License-Identifier: Apache-2.0
// One call through the same steps as a request at the server, on memory that is kept from call to call.
// Called by: tests. Must never: read a clock, lock or do I/O.

#include "ec2sim/inproc.h"

#include <string.h>

#include "base/mem.h"
#include "ec2sim/auth.h"
#include "ec2sim/digest.h"
#include "ec2sim/sts.h"
#include "ec2sim/turn.h"

#define CALL_BYTES_MAX  ((size_t)16 << 20)
#define REPLY_BYTES_MAX ((size_t)512 << 20)
#define FAULT_BYTES_MAX 65536

struct ec2sim_world {
    struct sim model;
    struct auth auth;
    struct faults faults;
    struct throttle throttle;
    struct seeded_rng seeded; // of the model, the faults, sessions and request ids
    struct rng rng;
    struct wall now; // of the last call
    struct arena *arena;
    struct buf out;
};

enum err ec2sim_world_new(uint64_t seed, const struct ec2sim_settings *set, struct ec2sim_world **ret,
                          struct error *err)
{
    struct ec2sim_settings dflt;
    struct ec2sim_world *w = mem_zalloc(1, sizeof(*w));
    if (!w) return error_set(err, ERR_NOMEM, "out of memory");
    ec2sim_settings_default(&dflt);
    w->rng = rng_seeded(&w->seeded, seed);
    faults_init(&w->faults, &w->rng);
    auth_init(&w->auth, &w->rng);
    w->auth.open_roles = true;
    buf_init(&w->out, REPLY_BYTES_MAX);
    w->arena = arena_new(CALL_BYTES_MAX);
    if (!sim_init(&w->model, &w->rng, set ? set : &dflt) || !w->arena) {
        ec2sim_world_free(&w);
        return error_set(err, ERR_NOMEM, "out of memory");
    }
    *ret = w;
    return ERR_OK;
}

void ec2sim_world_free(struct ec2sim_world **pw)
{
    struct ec2sim_world *w = *pw;
    if (!w) return;
    sim_done(&w->model);
    auth_done(&w->auth);
    arena_free(w->arena);
    buf_done(&w->out);
    mem_free(w);
    *pw = NULL;
}

// ---- one call

struct step {
    struct ec2sim_world *w;
    struct form form;
    struct auth_caller who;
    struct fault_rule fault;
    struct ec2_error e;
    char request_id[TURN_ID_STR];
};

static bool identify(struct step *s, const struct ec2sim_call *q, struct ec2sim_answer *ret)
{
    struct slice action = form_get(&s->form, "Action");
    s->who.sts = sts_action_name(action) != NULL;
    ret->action = s->who.sts ? sts_action_name(action) : ec2_action_name(action);
    if (!cstr_set(s->who.at.region, sizeof(s->who.at.region), q->region))
        return ec2_fail(&s->e, 403, "SignatureDoesNotMatch", "Credential should be scoped to a valid Region.");
    return auth_resolve(&s->w->auth, q->who, s->w->now, &s->who, &s->e);
}

static bool run(struct step *s, struct ec2sim_answer *ret)
{
    struct ec2sim_world *w = s->w;
    bool ok;
    if (s->who.sts) {
        struct sts_call c = {.auth = &w->auth,
                             .who = &s->who,
                             .real_now = w->now,
                             .form = &s->form,
                             .request_id = s->request_id,
                             .out = &w->out,
                             .e = &s->e};
        ok = sts_run(&c);
        ret->changed = c.changed;
    } else {
        struct ec2_call c = {.m = &w->model,
                             .who = &s->who.at,
                             .now = w->now,
                             .form = &s->form,
                             .quirks = turn_quirks(&s->fault),
                             .request_id = s->request_id,
                             .out = &w->out,
                             .e = &s->e};
        ok = ec2_run(&c);
        ret->changed = c.changed;
    }
    return ok && turn_after(&s->fault, &s->e);
}

// False: s->e is the answer.
static bool take(struct step *s, const struct ec2sim_call *q, struct ec2sim_answer *ret)
{
    struct ec2sim_world *w = s->w;
    if (!form_read(w->arena, q->body, &s->form, &s->e) || !identify(s, q, ret)) return false;
    if (ret->action) {
        struct turn_gate gate = {.faults = &w->faults,
                                 .throttle = w->model.settings.throttling && !s->who.sts ? &w->throttle : NULL,
                                 .action = ret->action,
                                 .who = &s->who.at,
                                 .now = w->now,
                                 .mono = {w->now.us * (NS_PER_SEC / US_PER_SEC)}};
        enum turn_step step = turn_before(&gate, &s->fault, &s->e);
        if (step != TURN_RUN) return step == TURN_SKIP;
    }
    return run(s, ret);
}

void ec2sim_world_call(struct ec2sim_world *w, const struct ec2sim_call *q, struct ec2sim_answer *ret)
{
    struct step s = {.w = w};
    struct turn_shape shape = {.status = 200, .content_type = TURN_XML};
    *ret = (struct ec2sim_answer){0};
    w->now.us = MAX(w->now.us, q->now.us);
    arena_reset(w->arena);
    buf_clear(&w->out);
    turn_request_id(&w->rng, s.request_id);
    bool ok = take(&s, q, ret);
    if (s.fault.kind != FAULT_NONE) ret->fault = fault_kind_name(s.fault.kind);
    if (s.fault.kind == FAULT_SLOW) ret->delay_ms = s.fault.ms;
    if (turn_drops(&s.fault)) return;
    if (!turn_bend(&s.fault, ok, &w->out, &shape) && !ok) {
        buf_clear(&w->out);
        shape.status = s.e.status;
        if (s.who.sts)
            sts_error_xml(&w->out, &s.e, s.request_id);
        else
            ec2_error_xml(&w->out, &s.e, s.request_id);
    }
    ret->status = w->out.fail ? 500 : shape.status;
    ret->content_type = shape.content_type;
    if (!w->out.fail) ret->body = buf_view(&w->out);
}

// ---- settings, faults, keys

enum err ec2sim_world_setting(struct ec2sim_world *w, const char *name, int64_t value, struct error *err)
{
    return ec2sim_settings_set(&w->model.settings, slice_of(name), value, err);
}

enum err ec2sim_world_fault(struct ec2sim_world *w, struct slice json, struct wall now, struct error *err)
{
    struct json_doc *doc;
    uint64_t id;
    enum err rc = json_read(json, FAULT_BYTES_MAX, &doc, err);
    if (rc != ERR_OK) return rc;
    w->now.us = MAX(w->now.us, now.us);
    rc = faults_add(&w->faults, json_root(doc), w->now, &id, err);
    json_doc_free(doc);
    return rc;
}

void ec2sim_world_faults_clear(struct ec2sim_world *w)
{
    w->faults.count = 0;
}

enum err ec2sim_world_key(struct ec2sim_world *w, const char *account_id, const char *access_key_id, struct error *err)
{
    return auth_key_add(&w->auth, slice_of(account_id), slice_of(access_key_id), SLICE("not-used-without-signatures"),
                        err);
}

// ---- the digest

static void fold_rule(struct fold *f, const struct fault_rule *r)
{
    const int64_t v[] = {
        r->kind,     (int64_t)r->id, r->after,      r->times, r->seconds, r->percent,       r->status,
        r->ms,       r->bytes,       r->per_second, r->burst, r->age_s,   (int64_t)r->seen, (int64_t)r->fired,
        r->added.us, r->refilled.us, r->milli};
    for (size_t i = 0; i < ARRAY_LEN(v); i++) fold_int(f, v[i]);
    fold_str(f, r->action);
    fold_str(f, r->account);
    fold_str(f, r->region);
    fold_str(f, r->code);
    fold_str(f, r->message);
}

static void fold_auth(struct fold *f, const struct auth *a)
{
    fold_int(f, a->key_count);
    for (unsigned i = 0; i < a->key_count; i++) {
        fold_str(f, a->keys[i].account);
        fold_str(f, a->keys[i].id);
    }
    fold_int(f, a->session_count);
    for (unsigned i = 0; i < a->session_count; i++) {
        fold_str(f, a->sessions[i].id);
        fold_int(f, a->sessions[i].expires.us);
    }
}

uint64_t ec2sim_world_digest(const struct ec2sim_world *w)
{
    struct fold f = {0};
    sim_fold(&f, &w->model);
    fold_auth(&f, &w->auth);
    fold_int(&f, w->faults.count);
    for (unsigned i = 0; i < w->faults.count; i++) fold_rule(&f, &w->faults.rules[i]);
    for (size_t i = 0; w->model.settings.throttling && i < THROTTLE_BUCKETS_MAX; i++) {
        fold_int(&f, (int64_t)w->throttle.buckets[i].key);
        fold_int(&f, w->throttle.buckets[i].at.ns);
        fold_int(&f, w->throttle.buckets[i].milli);
    }
    fold_int(&f, w->now.us);
    for (size_t i = 0; i < ARRAY_LEN(w->seeded.s); i++) fold_int(&f, (int64_t)w->seeded.s[i]);
    return fold_end(&f);
}

const struct sim *ec2sim_world_model(const struct ec2sim_world *w)
{
    return &w->model;
}
