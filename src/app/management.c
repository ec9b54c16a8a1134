// SPDX-License-Identifier: Apache-2.0
// The management listener: /healthz (the process answers), /readyz (it may be sent requests), /metrics, in dev
// /dev/faults. No credentials: it belongs on a loopback or private address. Called by: app.c.
// Must never: ask EC2, block, show a tenant's data, or answer anything else.
#include <string.h>

#include "app/inside.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/metrics.h"

#define TEXT_MAX        ((size_t)4 << 20)
#define MAX_CONNECTIONS 256

static const char *const state_names[] = {
    [APP_STARTING] = "starting", [APP_READY] = "ready", [APP_DRAINING] = "draining"};

struct snapshot {
    bool open, writable;
    bool scanning;
    struct scanner_status scanner;
    bool acting;
    struct actuator_status actuator;
    bool notifying;
    struct notifier_status notifier;
};

// All that readiness shows is in memory; the parts cannot go away while the lock is held.
static struct snapshot look(struct app *a)
{
    struct snapshot s = {.open = false};
    lock_take(&a->lock);
    if (a->shown) {
        s.open = true;
        s.writable = store_writable(a->shown);
    }
    if (a->scanner) {
        s.scanning = true;
        scanner_status(a->scanner, &s.scanner);
    }
    if (a->actuator) {
        s.acting = true;
        actuator_status(a->actuator, &s.actuator);
    }
    if (a->notifier) {
        s.notifying = true;
        notifier_status(a->notifier, &s.notifier);
    }
    lock_drop(&a->lock);
    return s;
}

static void put_scanner(struct json_writer *w, const struct snapshot *s)
{
    char when[21];
    json_key(w, "scanner");
    json_obj(w);
    json_kbool(w, "running", s->scanning);
    if (s->scanning) {
        json_kint(w, "units", s->scanner.units);
        json_kint(w, "scans", (int64_t)s->scanner.scans);
        json_kint(w, "failures", (int64_t)s->scanner.failures);
    }
    if (s->scanner.last_success.us) {
        wall_rfc3339(s->scanner.last_success, when);
        json_kstr(w, "lastSuccess", when);
    }
    json_obj_end(w);
}

static void put_actuator(struct json_writer *w, const struct snapshot *s)
{
    json_key(w, "actuator");
    json_obj(w);
    json_kbool(w, "running", s->acting);
    if (s->acting) {
        json_kint(w, "done", (int64_t)s->actuator.done);
        json_kint(w, "failed", (int64_t)s->actuator.failed);
        json_kint(w, "retried", (int64_t)s->actuator.retried);
        json_kint(w, "routes", (int64_t)s->actuator.routes);
        json_kint(w, "underWay", s->actuator.running);
        json_kint(w, "unitsAway", s->actuator.away);
    }
    json_obj_end(w);
}

static void put_notifier(struct json_writer *w, const struct snapshot *s)
{
    json_key(w, "notifier");
    json_obj(w);
    json_kbool(w, "running", s->notifying);
    if (s->notifying) {
        json_kint(w, "delivered", (int64_t)s->notifier.delivered);
        json_kint(w, "failed", (int64_t)s->notifier.failed);
        json_kint(w, "dead", (int64_t)s->notifier.dead);
        json_kint(w, "pending", (int64_t)s->notifier.pending);
        json_kint(w, "oldestSeconds", s->notifier.oldest_seconds);
        json_kint(w, "underWay", s->notifier.running);
        json_kint(w, "receiversAway", s->notifier.away);
    }
    json_obj_end(w);
}

static void put_ready(struct app *a, struct buf *out, int *ret_status)
{
    struct json_writer w;
    struct snapshot s = look(a);
    enum app_state state = (enum app_state)atomic_load(&a->state);
    bool ready = state == APP_READY && s.open;
    json_begin(&w, out, false);
    json_obj(&w);
    json_kstr(&w, "status", state_names[state]);
    json_key(&w, "checks");
    json_obj(&w);
    json_kstr(&w, "listeners", state == APP_STARTING ? "starting" : ready ? "ok" : "draining");
    json_kstr(&w, "migrations", s.open ? "ok" : "unknown"); // a store is shown only once they are applied
    json_kstr(&w, "store", s.open ? "ok" : "not open");
    json_obj_end(&w);
    json_key(&w, "detail");
    json_obj(&w);
    put_scanner(&w, &s);
    put_actuator(&w, &s);
    put_notifier(&w, &s);
    if (s.open) json_kbool(&w, "storeWritable", s.writable);
    json_obj_end(&w);
    json_obj_end(&w);
    *ret_status = ready ? 200 : 503;
}

static void answer(struct request *req, struct reply *rep, int status, const char *type, struct buf *text)
{
    struct slice body = arena_slice(req->arena, buf_view(text));
    if (text->fail || !body.p) {
        problem_reply(rep, req->arena, (struct problem_format){0}, P_UNEXPECTED_ERROR, NULL, 0, NULL);
    } else {
        rep->status = status;
        rep->body = body;
        reply_header_cstr(rep, "Content-Type", type);
        reply_header_cstr(rep, "Cache-Control", "no-store");
        reply_security_headers(rep, false);
    }
    buf_done(text);
}

enum resource { R_HEALTHZ, R_READYZ, R_METRICS, R_FAULTS, R_NONE };

static enum resource resource_of(const struct app *a, struct slice path)
{
    static const char *const paths[R_NONE] = {
        [R_HEALTHZ] = "/healthz", [R_READYZ] = "/readyz", [R_METRICS] = "/metrics", [R_FAULTS] = "/dev/faults"};
    for (int i = 0; i < R_NONE; i++)
        if (slice_eq_cstr(path, paths[i]) && (i != R_FAULTS || a->faults)) return (enum resource)i;
    return R_NONE;
}

static bool method_fits(const struct request *req, struct reply *rep, enum resource r)
{
    enum method m = req->method;
    bool writes = r == R_FAULTS && (m == METHOD_POST || m == METHOD_DELETE);
    if (m == METHOD_GET || m == METHOD_HEAD || writes) return true;
    problem_reply(rep, req->arena, (struct problem_format){0}, P_METHOD_NOT_ALLOWED, &PARAM_S(req->method_text), 1,
                  NULL);
    reply_header_cstr(rep, "Allow", r == R_FAULTS ? "GET, HEAD, POST, DELETE" : "GET, HEAD");
    return false;
}

static enum http_outcome handle(void *ctx, void *thread, struct request *req, struct reply *rep, bool may_block)
{
    struct app *a = ctx;
    struct buf text;
    int status = 200;
    const char *type = "application/json";
    enum resource r = resource_of(a, req->path);
    if (r == R_NONE) {
        problem_reply(rep, req->arena, (struct problem_format){0}, P_RESOURCE_NOT_FOUND, &PARAM_S(req->path), 1, NULL);
        return HTTP_DONE;
    }
    if (!method_fits(req, rep, r)) return HTTP_DONE;
    buf_init(&text, TEXT_MAX);
    if (r == R_HEALTHZ) {
        buf_lit(&text, "{\"status\":\"ok\"}");
    } else if (r == R_READYZ) {
        put_ready(a, &text, &status);
    } else if (r == R_METRICS) {
        metrics_text(&text);
        type = "text/plain; version=0.0.4; charset=utf-8";
    } else {
        status = dev_faults(a->faults, req, &text);
    }
    answer(req, rep, status, type, &text);
    return HTTP_DONE;
}

enum err management_start(struct app *a, struct error *err)
{
    struct httpd_options o;
    httpd_options_default(&o);
    o.listen = a->config->management_listen;
    o.name = "management";
    o.loops = 1;
    o.max_connections = MAX_CONNECTIONS;
    o.max_per_address = 0;
    o.body_max = 1024;
    o.clock = a->opt.clock;
    struct http_app app = {.ctx = a, .handle = handle};
    if (httpd_start(&o, &app, &a->management, err) == ERR_OK) return ERR_OK;
    return error_prefix(err, "management_listen");
}
