// SPDX-License-Identifier: Apache-2.0
// The app's inside: what its files share. Called by: src/app only. Must never: be included from elsewhere.
#pragma once

#include <stdatomic.h>

#include "app/app.h"
#include "base/lock.h"
#include "base/worker.h"
#include "httpd/httpd.h"
#include "notice/notice.h"
#include "pipeline/pipeline.h"
#include "reconcile/actuator.h"

enum app_state { APP_STARTING, APP_READY, APP_DRAINING };

struct app {
    struct app_options opt;      // immutable after app_open
    const struct config *config; // that of the start
    struct keyring *keys;
    struct store *store;
    struct core *core;
    struct oidc *oidc; // NULL: no provider
    struct auth *auth;
    struct limits *limits;
    struct body_cache *cache;
    struct pipeline *pipeline;
    struct coverage *coverage;    // likewise
    struct client_faults *faults; // NULL unless asked for; immutable after app_open
    struct httpd *management, *api, *admin;
    struct job *housekeeping;
    struct housekeeping *housekeeping_state;
    int data_fd; // the data directory, when its path is too long for a socket's
    char socket_path[108];
    struct wall started;
    _Atomic int state; // enum app_state

    struct lock lock;          // guards what follows
    struct cloud *cloud;       // made when first asked for
    unsigned probes;           // of the cloud by callers of the API, under way
    struct scanner *scanner;   // NULL before it runs and once it is to stop
    struct actuator *actuator; // likewise
    struct notifier *notifier; // likewise
    struct store *shown;       // what /readyz may look at
    struct httpd *drained;     // what app_hurry may hurry
    bool hurried;              // a second signal came, maybe before there was anything to hurry
};

// ---- app.c: limits, cache of bodies and pipeline, unless they are there
enum err app_pipeline(struct app *a, struct error *err) MUST_CHECK;
// a->cloud. With the lock held, or before threads exist.
enum err app_make_cloud(struct app *a, struct error *err) MUST_CHECK;

// ---- probe.c
struct api_cloud app_probe(struct app *a);

// ---- management.c: /healthz, /readyz, /metrics, in dev /dev/faults, and nothing else
enum err management_start(struct app *a, struct error *err) MUST_CHECK;

// ---- dev_faults.c: answers POST, DELETE, GET and HEAD in out; gives the status
int dev_faults(struct client_faults *f, const struct request *req, struct buf *out);

// ---- admin.c: POST /admin/v1/command, and the API as local administrator, on DATA/admin.sock
enum err admin_start(struct app *a, struct error *err) MUST_CHECK;

// ---- housekeeping.c: once a second: last-used times, gauges, the watchdog; sealing anew after a rotation
enum err housekeeping_start(struct app *a, struct error *err) MUST_CHECK;
void housekeeping_stop(struct app *a);

// ---- notify.c: sd_notify(3)'s protocol. Without NOTIFY_SOCKET it does nothing.
void notify_send(const char *state); // "READY=1"
bool notify_watchdog(void);          // the manager waits for WATCHDOG=1
