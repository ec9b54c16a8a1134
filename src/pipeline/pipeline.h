// SPDX-License-Identifier: Apache-2.0
// The way of a request through the API: one synchronous function of one screen. Called by: httpd (through http_app),
// tests. Must never: block on a loop, take a token twice for one request, or do work before the checks above it passed.
#pragma once

#include "api/api.h"

struct pipeline;
struct client_faults;
struct coverage;
struct pipeline_options {
    struct api api;
    bool access_log;
    const char *local_name;       // who the local administrator is in event rows: "cli" or "admin"
    struct client_faults *faults; // of `peerage dev`, outlives the pipeline; NULL: there are none, as in serve
    struct coverage *coverage;    // likewise
};
enum err pipeline_new(const struct pipeline_options *o, struct pipeline **ret, struct error *err) MUST_CHECK;
void pipeline_free(struct pipeline *p);                // after the httpd that used it has stopped
void pipeline_access_log(struct pipeline *p, bool on); // any thread, any time
// The callbacks to hand to httpd_start; ctx is the pipeline.
struct http_app pipeline_app(struct pipeline *p);
// The same for requests of the local administrator: the same checks but for those that ask who is calling and how
// often. Nobody is authenticated, every role is his, no token is spent, no fault rule of `dev` hits him, and nothing is
// written to the access log. Only for what nobody else reaches: the admin socket, and the process of a command.
struct http_app pipeline_local_app(struct pipeline *p);
