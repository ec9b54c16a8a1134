// SPDX-License-Identifier: Apache-2.0
// What is told of each reply: one access-log line and the HTTP metrics. Called by: pipeline.c.
// Must never: write a query string, a header value or a body (secrets travel there), or make labels from client text.
#pragma once

#include "api/api.h"

struct observe;
struct observe *observe_new(bool access_log, const struct clock *clock) MUST_CHECK;
void observe_free(struct observe *o);
void observe_access_log(struct observe *o, bool on);
// req NULL: the request never became one.
void observe_reply(struct observe *o, struct api_thread *t, const struct request *req, const struct reply *rep,
                   struct ip peer, const char *request_id, int64_t ns);
void observe_limited(struct observe *o, enum limit_set set);
