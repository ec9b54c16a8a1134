// SPDX-License-Identifier: Apache-2.0
// One request from socket to socket: read, authenticate, count, fault, run, save, answer. Start and stop.
// Called by: httpd's workers; app and tests for start and stop. Must never: do I/O or sleep under the state lock.

#include "ec2sim/server.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "ec2sim/ec2.h"
#include "ec2sim/state.h"
#include "ec2sim/sts.h"
#include "ec2sim/turn.h"

#define REPLY_MAX  ((size_t)512 << 20)
#define DRAIN_MS   2000
#define WORKERS    16
#define QUEUE_MAX  4096
#define CLIENT_MAX 4096

// ---- state

struct wall state_now(struct ec2sim *s)
{
    lock_assert_held(&s->lock);
    return (struct wall){clock_wall(s->clock).us + s->offset_us};
}

void state_changed(struct ec2sim *s)
{
    lock_assert_held(&s->lock);
    s->generation++;
}

// ---- replies

static void free_body(void *ctx)
{
    struct buf *b = ctx;
    buf_done(b);
    mem_free(b);
}

void state_reply(struct reply *rep, int status, const char *content_type, struct buf *body)
{
    struct buf *kept = mem_alloc(sizeof(*kept));
    if (!kept || body->fail) {
        mem_free(kept);
        buf_done(body);
        rep->status = 500;
        return;
    }
    *kept = *body;
    *body = (struct buf){0};
    rep->status = status;
    rep->body = buf_view(kept);
    rep->release = free_body;
    rep->release_ctx = kept;
    reply_header_cstr(rep, "Content-Type", content_type);
}

// ---- one request (the steps that need no socket are in turn.c)

struct turn {
    struct ec2sim *s;
    const struct request *req;
    struct form form;
    struct auth_caller who;
    bool is_signed, sts;
    struct slice action;
    const char *known_action; // static, or NULL
    struct fault_rule fault;  // kind NONE = none
    struct buf body;
    struct ec2_error e;
    char request_id[TURN_ID_STR];
    bool changed;
};

static void count_call(struct ec2sim *s, const char *action)
{
    for (int i = 0; i < CALL_NAMES_MAX; i++) {
        if (!s->calls[i].action) s->calls[i].action = action;
        if (s->calls[i].action == action) {
            s->calls[i].n++;
            return;
        }
    }
}

// Under the lock. False: t->e says why.
static bool identify(struct turn *t)
{
    struct ec2sim *s = t->s;
    t->action = form_get(&t->form, "Action");
    bool no_header = !request_header(t->req, "authorization").p;
    if (no_header && sts_is_unsigned(t->action)) {
        t->sts = true;
        return true;
    }
    if (no_header) t->sts = sts_action_name(t->action) != NULL;
    t->is_signed = true;
    return sim_auth_check(&s->auth, t->req, clock_wall(s->clock), &t->who, &t->sts, &t->e);
}

static bool run_sts(struct turn *t)
{
    struct sts_call c = {.auth = &t->s->auth,
                         .who = t->is_signed ? &t->who : NULL,
                         .real_now = clock_wall(t->s->clock),
                         .form = &t->form,
                         .request_id = t->request_id,
                         .out = &t->body,
                         .e = &t->e};
    bool ok = sts_run(&c);
    t->changed = c.changed;
    return ok;
}

static bool run_ec2(struct turn *t)
{
    struct ec2_call c = {.m = &t->s->model,
                         .who = &t->who.at,
                         .now = state_now(t->s),
                         .form = &t->form,
                         .request_id = t->request_id,
                         .out = &t->body,
                         .e = &t->e};
    c.quirks = turn_quirks(&t->fault);
    bool ok = ec2_run(&c);
    t->changed = c.changed;
    return ok;
}

// Under the lock, all of it. False: t->e is the answer.
static bool take_turn(struct turn *t)
{
    struct ec2sim *s = t->s;
    bool ok;
    if (!identify(t)) return false;
    t->known_action = t->sts ? sts_action_name(t->action) : ec2_action_name(t->action);
    if (t->known_action) {
        count_call(s, t->known_action);
        struct turn_gate gate = {.faults = &s->faults,
                                 .throttle = s->model.settings.throttling && !t->sts ? &s->throttle : NULL,
                                 .action = t->known_action,
                                 .who = &t->who.at,
                                 .now = state_now(s),
                                 .mono = clock_mono(s->clock)};
        enum turn_step step = turn_before(&gate, &t->fault, &t->e);
        if (step != TURN_RUN) return step == TURN_SKIP;
    }
    ok = t->sts ? run_sts(t) : run_ec2(t);
    if (t->changed) state_changed(s);
    return ok && turn_after(&t->fault, &t->e);
}

// A slow answer waits here, without the lock, and no longer than the simulator lives.
static void wait_if_slow(struct turn *t)
{
    struct ec2sim *s = t->s;
    if (t->fault.kind != FAULT_SLOW) return;
    int64_t until = clock_mono(&clock_system).ns + t->fault.ms * NS_PER_MS, left;
    lock_take(&s->lock);
    while (!s->stopping && (left = until - clock_mono(&clock_system).ns) > 0) cond_wait_for(&s->stop, &s->lock, left);
    lock_drop(&s->lock);
}

static void answer_error(struct turn *t, struct reply *rep)
{
    buf_clear(&t->body);
    if (t->sts)
        sts_error_xml(&t->body, &t->e, t->request_id);
    else
        ec2_error_xml(&t->body, &t->e, t->request_id);
    rep->error_code = NULL;
    state_reply(rep, t->e.status, TURN_XML, &t->body);
}

static void answer(struct turn *t, bool ok, struct reply *rep)
{
    reply_header_cstr(rep, t->sts ? "x-amzn-RequestId" : "x-amzn-requestid", t->request_id);
    if (turn_drops(&t->fault)) {
        rep->drop = rep->close = true;
        rep->status = 500;
        return;
    }
    struct turn_shape shape = {.status = 200, .content_type = TURN_XML};
    if (!turn_bend(&t->fault, ok, &t->body, &shape) && !ok)
        answer_error(t, rep);
    else
        state_reply(rep, shape.status, shape.content_type, &t->body);
}

static bool read_form(struct turn *t)
{
    const struct request *r = t->req;
    return form_read(r->arena, r->method == METHOD_GET ? r->query : r->body, &t->form, &t->e);
}

static void serve(struct ec2sim *s, const struct request *req, struct reply *rep)
{
    struct turn t = {.s = s, .req = req};
    struct error err = {0};
    turn_request_id(&rng_system, t.request_id);
    buf_init(&t.body, REPLY_MAX);
    bool ok = read_form(&t);
    if (ok) {
        lock_take(&s->lock);
        ok = take_turn(&t);
        lock_drop(&s->lock);
    }
    if (t.changed && state_save(s, &err) != ERR_OK)
        ok = ec2_fail(&t.e, 500, "InternalError", "The change was made but not saved: %.300s", err.detail);
    wait_if_slow(&t);
    answer(&t, ok, rep);
    buf_done(&t.body);
}

static void plain(struct reply *rep, int status, struct slice text)
{
    rep->status = status;
    rep->body = text;
    reply_header_cstr(rep, "Content-Type", "text/plain");
}

static enum http_outcome handle(void *ctx, void *thread, struct request *req, struct reply *rep, bool may_block)
{
    struct ec2sim *s = ctx;
    if (!may_block) return HTTP_NEEDS_WORKER;
    if (slice_starts(req->path, SLICE("/_ec2sim/")) && s->management_token) {
        manage_handle(s, req, rep);
        return HTTP_DONE;
    }
    if (!slice_eq_cstr(req->path, "/")) {
        plain(rep, 404, SLICE("The simulator answers at / only.\n"));
        return HTTP_DONE;
    }
    if (req->method != METHOD_POST && req->method != METHOD_GET) {
        reply_header_cstr(rep, "Allow", "GET, POST");
        plain(rep, 405, SLICE("Use POST.\n"));
        return HTTP_DONE;
    }
    serve(s, req, rep);
    return HTTP_DONE;
}

// ---- start and stop

void ec2sim_options_default(struct ec2sim_options *o)
{
    *o = (struct ec2sim_options){.listen = "127.0.0.1:0", .clock = &clock_system, .open_roles = true};
    ec2sim_settings_default(&o->settings);
}

// The parts that a damaged state file may leave half filled.
static enum err make_world(struct ec2sim *s, const struct ec2sim_options *o, struct error *err)
{
    auth_init(&s->auth, &rng_system); // credentials are never made from the seed
    s->auth.open_roles = o->open_roles;
    s->auth.web_identity = o->web_identity;
    faults_init(&s->faults, &s->rng);
    if (!sim_init(&s->model, &s->rng, &o->settings)) return error_set(err, ERR_NOMEM, "out of memory");
    return ERR_OK;
}

static enum err open_data_dir(struct ec2sim *s, const char *dir, struct error *err)
{
    size_t n = strlen(dir) + sizeof("/ec2sim.json");
    enum err rc = dir_make(dir, 0700, err);
    if (rc != ERR_OK) return rc;
    s->state_path = mem_alloc(n);
    if (!s->state_path) return error_set(err, ERR_NOMEM, "out of memory");
    snprintf(s->state_path, n, "%s/ec2sim.json", dir);
    return persist_load(s, err);
}

static enum err listen_at(struct ec2sim *s, const struct ec2sim_options *o, struct error *err)
{
    struct httpd_options h;
    struct http_app app = {.ctx = s, .handle = handle};
    httpd_options_default(&h);
    h.listen = o->listen;
    h.name = "ec2sim";
    h.loops = 1;
    h.workers = WORKERS; // most of them wait: for a disk, or as scripted
    h.queue_max = QUEUE_MAX;
    h.max_connections = CLIENT_MAX;
    h.max_per_address = 0;
    h.clock = s->clock;
    enum err rc = httpd_start(&h, &app, &s->httpd, err);
    if (rc == ERR_OK) snprintf(s->url, sizeof(s->url), "http://%s", httpd_address(s->httpd));
    return rc;
}

static enum err start(struct ec2sim *s, const struct ec2sim_options *o, struct error *err)
{
    enum err rc = make_world(s, o, err);
    if (rc == ERR_OK && o->management_token) {
        size_t n = strlen(o->management_token);
        if (n < 8) return error_set(err, ERR_INVALID, "the management token must have at least 8 characters");
        s->management_token = mem_strndup(o->management_token, n);
        if (!s->management_token) return error_set(err, ERR_NOMEM, "out of memory");
    }
    if (rc == ERR_OK && o->data_dir) rc = open_data_dir(s, o->data_dir, err);
    if (rc == ERR_OK && o->data_dir) rc = persist_start(s, err);
    return rc == ERR_OK ? listen_at(s, o, err) : rc;
}

enum err ec2sim_start(const struct ec2sim_options *o, struct ec2sim **ret, struct error *err)
{
    struct ec2sim *s = mem_zalloc(1, sizeof(*s));
    if (!s) return error_set(err, ERR_NOMEM, "out of memory");
    s->clock = o->clock ? o->clock : &clock_system;
    s->rng = o->seed ? rng_seeded(&s->seeded, o->seed) : rng_system;
    s->generation = 1;
    lock_init(&s->lock, "ec2sim");
    lock_init(&s->save_lock, "ec2sim-save");
    cond_init(&s->stop);
    cond_init(&s->saved);
    enum err rc = start(s, o, err);
    if (rc == ERR_OK) {
        *ret = s;
        return ERR_OK;
    }
    if (!s->saver) { // nothing of ours is on disk: a damaged file stays as it is
        mem_free(s->state_path);
        s->state_path = NULL;
    }
    ec2sim_stop(&s);
    return rc;
}

void ec2sim_stop(struct ec2sim **ps)
{
    struct ec2sim *s = *ps;
    if (!s) return;
    lock_take(&s->lock);
    s->stopping = true;
    cond_wake_all(&s->stop);
    lock_drop(&s->lock);
    httpd_stop(&s->httpd, DRAIN_MS);
    persist_stop(s);
    sim_done(&s->model);
    auth_done(&s->auth);
    if (s->management_token) mem_wipe(s->management_token, strlen(s->management_token));
    mem_free(s->management_token);
    mem_free(s->state_path);
    cond_done(&s->stop);
    cond_done(&s->saved);
    lock_done(&s->lock);
    lock_done(&s->save_lock);
    mem_free(s);
    *ps = NULL;
}

const char *ec2sim_url(const struct ec2sim *s)
{
    return s->url;
}

bool ec2sim_was_loaded(const struct ec2sim *s)
{
    return s->was_loaded;
}
