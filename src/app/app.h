// SPDX-License-Identifier: Apache-2.0
// Puts the parts together: builds them in order, stops them in reverse. The one place that knows them all.
// Called by: cli. Must never: hold rules of its own (they are core's, auth's, the pipeline's), or leave a thread or a
// socket behind.
#pragma once

#include "app/services.h"
#include "base/buf.h"

struct app;

// A command from the admin socket, run on one of its workers. argv[0] is the command's first word. Gives the exit
// code; what it prints goes to out and errout.
typedef int (*app_command_fn)(void *ctx, struct services *sv, int argc, char **argv, struct buf *out,
                              struct buf *errout);

struct app_options {
    const struct config *config; // outlives the app, as do clock and rng
    const struct clock *clock;
    const struct rng *rng;
    bool create;                       // make data_dir, key file and store when they are absent
    bool migrate;                      // apply missing migrations
    bool client_faults;                // dev: the management listener takes rules of pipeline/fault.h
    bool coverage;                     // dev: what is asked for and not there is kept, for `peerage dev coverage`
    bool daemon;                       // listen on management_listen from the very start
    const struct cloud_env *cloud_env; // NULL = the process's own, with config's ec2_endpoint
    int64_t scan_interval_ms;          // 0 = config's
    app_command_fn command;            // may be NULL
    void *command_ctx;
};

#define APP_STORE_FILE  "peerage.db" // in data_dir
#define APP_SOCKET_FILE "admin.sock"
#define APP_PATH        4200

// log, crypto, management listener (daemon only: /readyz says 503), key file, store, core, auth. Errors name the part
// and the fix; nothing is left open after one.
enum err app_open(const struct app_options *o, struct app **ret, struct error *err) MUST_CHECK;
// limits, body cache, pipeline, cloud, API and admin listeners, scanner, housekeeping; then /readyz says 200. On an
// error app_stop is still due.
enum err app_run(struct app *a, struct error *err) MUST_CHECK;
// Waits until each account and region was scanned once, at most `ms`. False: not yet. For `dev`, so that the first list
// a person asks for is not empty.
bool app_wait_scanned(struct app *a, int64_t ms);
// What is there after app_open, with a reader of its own that app_services_done closes. The cloud is made when first
// asked for.
enum err app_services(struct app *a, struct services *ret, struct error *err) MUST_CHECK;
void app_services_done(struct services *sv);
// One request of the local administrator, answered by the same pipeline as the daemon's, in this process. Between
// app_open and app_stop, without app_run, on one thread. `target` as on the wire ("/api/atlas/v2/groups?pageNum=2");
// `accept` may be empty; a body is JSON. *ret_body lives in the arena. Any status is ERR_OK. ERR_NOMEM,
// ERR_UNAVAILABLE.
enum err app_ask(struct app *a, enum method m, struct slice target, struct slice accept, struct slice body,
                 struct arena *arena, int *ret_status, struct slice *ret_body, struct error *err) MUST_CHECK;
const char *app_api_address(const struct app *a);        // after app_run: "127.0.0.1:8080"
const char *app_management_address(const struct app *a); // after app_open with daemon
// SIGHUP: log level, access log, TLS files. What only a restart applies is logged. `fresh` is not kept.
void app_reload(struct app *a, const struct config *fresh);
// /readyz says 503 from now on; requests are still served.
void app_drain_begin(struct app *a);
// Everything in reverse order; requests in flight have drain_ms. NULL-safe.
void app_stop(struct app **a, int64_t drain_ms);
// Any thread while app_stop runs: do not wait for requests in flight.
void app_hurry(struct app *a);

// Waits for SIGTERM or SIGINT (then drains and stops the app: 0) while SIGHUP calls reload. A second SIGTERM or SIGINT
// shortens the drain, a third ends the process at once with 75. signals_block must have been called before any thread.
void signals_block(void);
int app_run_until_signal(struct app **a, void (*reload)(void *ctx, struct app *a), void *ctx);

// A listen address with port 0 becomes one with a port that was free just now, for links that must be known before the
// listener is there. Others are copied. ERR_INVALID, ERR_IO.
enum err listen_resolve(const char *listen, char *ret, size_t cap, struct error *err) MUST_CHECK;
// "http://HOST:PORT" that reaches a listener: 0.0.0.0 and :: become the loopback address.
void listen_url(const char *address, bool tls, char *ret, size_t cap);
