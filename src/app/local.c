// SPDX-License-Identifier: Apache-2.0
// The API without a listener: a command that found no daemon asks the same pipeline in its own process, as the local
// administrator. Called by: cli. Must never: run beside a daemon (the store's lock keeps it out).
#include "app/inside.h"

static bool split_target(struct request *req, struct slice target)
{
    req->target = req->query = target;
    req->has_query = slice_find(target, '?') >= 0;
    if (!slice_cut(&req->query, '?', &req->path)) req->query = (struct slice){NULL, 0};
    return slice_starts(req->path, SLICE("/api/"));
}

enum err app_ask(struct app *a, enum method m, struct slice target, struct slice accept, struct slice body,
                 struct arena *arena, int *ret_status, struct slice *ret_body, struct error *err)
{
    const struct header headers[] = {{SLICE("Accept"), accept}, {SLICE("Content-Type"), SLICE("application/json")}};
    struct request req = {.method = m,
                          .method_text = slice_of(method_name(m)),
                          .headers = headers,
                          .header_count = body.n ? 2 : 1,
                          .body = body,
                          .received_mono = clock_mono(a->opt.clock),
                          .received = clock_wall(a->opt.clock),
                          .arena = arena};
    struct reply rep;
    if (!split_target(&req, target)) return error_set(err, ERR_INVALID, "the target must begin with /api/");
    if (app_pipeline(a, err) != ERR_OK) return err->code;
    struct http_app api = pipeline_local_app(a->pipeline);
    void *thread = api.thread_begin(api.ctx, false);
    if (!thread) return error_set(err, ERR_UNAVAILABLE, "the store cannot be read");
    reply_init(&rep);
    (void)api.handle(api.ctx, thread, &req, &rep, true); // it may block, so it is done
    *ret_status = rep.status;
    *ret_body = arena_slice(arena, rep.body);
    bool failed = rep.body.n && !ret_body->p;
    reply_done(&rep);
    api.thread_end(api.ctx, thread);
    return failed ? error_set(err, ERR_NOMEM, "no memory for the answer") : ERR_OK;
}
