// SPDX-License-Identifier: Apache-2.0
// Access log and HTTP metrics. Series are found by table index, so that counting takes no lock and no hashing.
// Called by: pipeline.c. Must never: label by anything but route templates and status codes.
#include "pipeline/observe.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"

#define ROUTES     (ROUTE_COUNT_ + 1) // the last: no route
#define STATUS_MIN 100
#define STATUS_MAX 599

struct observe {
    _Atomic bool access_log;
    const struct clock *clock;
    unsigned duration[ROUTES];
    unsigned limited[LIMIT_SET_COUNT_];
    _Atomic unsigned requests[ROUTES][STATUS_MAX - STATUS_MIN + 1]; // series + 1; 0 = not looked up yet
};

static const char *template_of(unsigned i)
{
    return i < ROUTE_COUNT_ ? route_row((enum route)i)->template : "other";
}

struct observe *observe_new(bool access_log, const struct clock *clock)
{
    struct observe *o = mem_zalloc(1, sizeof *o);
    if (!o) return NULL;
    o->access_log = access_log;
    o->clock = clock;
    char labels[256];
    for (unsigned i = 0; i < ROUTES; i++) {
        struct buf b = {.p = labels, .cap = sizeof labels, .max = sizeof labels - 1};
        buf_fmt(&b, "route=\"%s\"", template_of(i));
        labels[b.n] = '\0';
        o->duration[i] = metric_series(M_HTTP_DURATION, labels);
    }
    for (unsigned i = 0; i < LIMIT_SET_COUNT_; i++) {
        struct buf b = {.p = labels, .cap = sizeof labels, .max = sizeof labels - 1};
        buf_fmt(&b, "set=\"%s\"", limit_row((enum limit_set)i)->set_id);
        labels[b.n] = '\0';
        o->limited[i] = metric_series(M_RATE_LIMITED, labels);
    }
    return o;
}

void observe_free(struct observe *o)
{
    mem_free(o);
}

void observe_access_log(struct observe *o, bool on)
{
    o->access_log = on;
}

void observe_limited(struct observe *o, enum limit_set set)
{
    metric_add(M_RATE_LIMITED, o->limited[set], 1);
}

static unsigned route_index(const char *template)
{
    for (unsigned i = 0; template && i < ROUTE_COUNT_; i++)
        if (route_row((enum route)i)->template == template) return i;
    return ROUTE_COUNT_;
}

static unsigned request_series(struct observe *o, unsigned route, int status)
{
    if (status < STATUS_MIN || status > STATUS_MAX) status = STATUS_MAX;
    _Atomic unsigned *slot = &o->requests[route][status - STATUS_MIN];
    if (*slot == 0) {
        char labels[256];
        struct buf b = {.p = labels, .cap = sizeof labels, .max = sizeof labels - 1};
        buf_fmt(&b, "route=\"%s\",status=\"%d\"", template_of(route), status);
        labels[b.n] = '\0';
        *slot = metric_series(M_HTTP_REQUESTS, labels) + 1;
    }
    return *slot - 1;
}

static void write_line(struct observe *o, struct buf *out, const struct request *req, const struct reply *rep,
                       struct ip peer, const char *request_id, int64_t ns)
{
    char address[IP_STR];
    ip_format(peer, address);
    log_line_begin(out, LOG_INFO, clock_wall(o->clock), "request");
    log_line_field(out, &LOG_S("requestId", request_id));
    log_line_field(out, &LOG_S("remote", address));
    log_line_field(out, &LOG_S("method", req ? method_name(req->method) : NULL));
    log_line_field(out, &LOG_S("route", rep->route ? rep->route : "other"));
    log_line_field(out, &LOG_I("status", rep->status));
    log_line_field(out, &LOG_S("errorCode", rep->error_code));
    log_line_field(out, &LOG_S("actor", rep->actor));
    log_line_field(out, &LOG_S("groupId", rep->group_id));
    log_line_field(out, &LOG_I("bytes", rep->body.n));
    log_line_field(out, &LOG_I("us", ns / 1000));
    log_line_end(out);
}

void observe_reply(struct observe *o, struct api_thread *t, const struct request *req, const struct reply *rep,
                   struct ip peer, const char *request_id, int64_t ns)
{
    unsigned route = route_index(rep->route);
    metric_add(M_HTTP_REQUESTS, request_series(o, route, rep->status), 1);
    metric_observe(M_HTTP_DURATION, o->duration[route], ns);
    if (!o->access_log || !log_enabled(LOG_INFO)) return;
    if (t->log.n > t->log.max - 4096) { // a long round: do not let it fill
        log_flush_lines(buf_view(&t->log));
        buf_clear(&t->log);
    }
    write_line(o, &t->log, req, rep, peer, request_id, ns);
}
