// SPDX-License-Identifier: Apache-2.0
// Calls the application: on the loop, and when it would block, on a worker that posts the exchange back.
// Called by: conn.c, server.c. Must never: run a request twice to an end, or touch an exchange that a worker has.
#include "base/mem.h"
#include "httpd/server.h"

struct worker {
    struct httpd *server;
    void *thread;
};

static void *worker_begin(void *arg)
{
    struct httpd *s = arg;
    struct worker *w = mem_zalloc(1, sizeof *w);
    if (!w) return NULL;
    w->server = s;
    if (!s->app.thread_begin) return w;
    w->thread = s->app.thread_begin(s->app.ctx, false);
    if (w->thread) return w;
    mem_free(w);
    return NULL;
}

static void worker_end(void *ctx)
{
    struct worker *w = ctx;
    if (w->server->app.thread_end) w->server->app.thread_end(w->server->app.ctx, w->thread);
    mem_free(w);
}

static void worker_run(void *item, void *ctx)
{
    struct exchange *x = item;
    struct worker *w = ctx;
    const struct http_app *app = &w->server->app;
    if (app->handle(app->ctx, w->thread, &x->req, &x->rep, true) != HTTP_DONE) x->rep.status = 0; // answered 500
    loop_post(x->loop, x);
}

enum err work_start(struct httpd *s, struct error *err)
{
    if (!s->opt.workers) return ERR_OK;
    return pool_start(s->name, s->opt.workers, s->opt.queue_max, worker_begin, worker_end, s, &s->pool, err);
}

static enum step hand_over(struct conn *c)
{
    // Replies of earlier requests may not wait for this one.
    if (io_pending(c) && io_flush(c) == IO_FAILED) return STEP_CLOSE;
    c->state = CONN_WORKER;
    if (pool_submit(c->loop->server->pool, worker_run, c->x)) return STEP_WAIT;
    server_reject_count(c->loop->server, REASON_QUEUE);
    respond_problem(c->x, P_SERVICE_UNAVAILABLE, "too many requests are waiting");
    reply_header_cstr(&c->x->rep, "Retry-After", "1");
    return respond(c);
}

enum step work_dispatch(struct conn *c)
{
    struct exchange *x = c->x;
    struct httpd *s = c->loop->server;
    bool may_block = s->pool == NULL;
    enum http_outcome o = s->app.handle(s->app.ctx, c->loop->thread, &x->req, &x->rep, may_block);
    if (o == HTTP_NEEDS_WORKER && !may_block) return hand_over(c);
    if (o != HTTP_DONE) x->rep.status = 0; // answered 500
    return respond(c);
}
