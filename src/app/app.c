// SPDX-License-Identifier: Apache-2.0
// Builds the parts in order and stops them in reverse. Called by: cli. Must never: start a part before what it uses, or
// free one that a thread may still use.
#include "app/app.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/inside.h"
#include "auth/oidc.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "core/limits.h"
#include "net/crypto.h"
#include "pipeline/coverage.h"
#include "pipeline/fault.h"

#define BODY_CACHE_BYTES     ((size_t)16 << 20)
#define FAILURES_PER_MINUTE  60
#define COMMAND_ARENA        ((size_t)64 << 20)
#define SOCKET_PATH_MAX      100 // of 108, with room for what a temporary name adds
#define MAINTENANCE_DRAIN_MS 200
#define ACT_THREADS          4
#define NOTICE_THREADS       8
#define NOTICE_TOTAL_MS      15000

// ---- opening ----------------------------------------------------------------------------------

static enum err open_keys(struct app *a, struct error *err)
{
    const char *path = a->config->key_file;
    if (a->opt.create && !file_exists(path)) {
        char dir[APP_PATH];
        const char *slash = strrchr(path, '/');
        if (slash && slash != path && slice_copy(slice_n(path, (size_t)(slash - path)), dir, sizeof dir) &&
            dir_make(dir, 0700, err) != ERR_OK)
            return error_prefix(err, "directory of key_file");
        if (keyring_create(path, a->opt.rng, err) != ERR_OK) return error_prefix(err, "key_file");
    }
    if (keyring_load(path, &a->keys, err) == ERR_OK) return ERR_OK;
    if (err->code == ERR_NOT_FOUND)
        return error_set(err, ERR_NOT_FOUND,
                         "the key file %s is missing: put it back from its own backup, or run `peerage init` for a new "
                         "store",
                         path);
    return error_prefix(err, "key_file");
}

static enum err open_store(struct app *a, struct error *err)
{
    char path[APP_PATH];
    const char *dir = a->config->data_dir;
    if (a->opt.create && dir_make(dir, 0700, err) != ERR_OK) return error_prefix(err, "data_dir");
    snprintf(path, sizeof path, "%s/" APP_STORE_FILE, dir);
    struct store_options o;
    store_options_default(&o);
    o.path = path;
    o.create = a->opt.create;
    o.migrate = a->opt.migrate;
    o.exclusive = true;
    o.outbox_max = (unsigned)a->config->webhook_outbox_max;
    o.clock = a->opt.clock;
    if (store_open(&o, &a->store, err) == ERR_OK) return ERR_OK;
    if (err->code == ERR_NOT_FOUND)
        return error_set(err, ERR_NOT_FOUND,
                         "there is no store in %s: run `peerage init` first, or name another "
                         "data_dir",
                         dir);
    return error_prefix(err, "store");
}

// Commands check no tokens: only the daemon asks a provider.
static enum err open_oidc(struct app *a, struct error *err)
{
    const struct config *c = a->config;
    struct org org;
    struct store_reader *reader;
    const struct oidc_options o = {.issuer = c->oidc_issuer,
                                   .audience = c->oidc_audience,
                                   .jwks_url = c->oidc_jwks_url,
                                   .name_claim = c->oidc_name_claim,
                                   .groups_claim = c->oidc_groups_claim,
                                   .ca_file = c->oidc_ca_file,
                                   .clock = a->opt.clock};
    if (!a->opt.daemon || !*c->oidc_issuer) return ERR_OK;
    if (store_reader_open(a->store, &reader, err) != ERR_OK) return err->code;
    enum err code = store_org_get(reader, c->oidc_org, &org, err);
    store_reader_close(&reader);
    if (code == ERR_NOT_FOUND)
        return error_set(err, ERR_INVALID,
                         "oidc_org = \"%s\": there is no such organisation; `peerage org list` shows "
                         "their ids",
                         c->oidc_org);
    return code == ERR_OK ? oidc_new(&o, &a->oidc, err) : code;
}

// A command mints no token and its links lead nowhere: only the daemon must know its address.
static const char *public_url_of(const struct app *a)
{
    return a->opt.daemon || *a->config->public_url ? a->config->public_url : "http://localhost";
}

static const char *actor_of(const struct app *a)
{
    return a->opt.daemon ? "admin" : "cli";
}

static enum err open_auth(struct app *a, struct error *err)
{
    if (open_oidc(a, err) != ERR_OK) return err->code;
    struct auth_options o = {.clock = a->opt.clock,
                             .rng = a->opt.rng,
                             .keys = a->keys,
                             .store = a->store,
                             .issuer = public_url_of(a),
                             .oidc = a->oidc,
                             .oidc_org = a->config->oidc_org,
                             .failures_per_minute = FAILURES_PER_MINUTE};
    return auth_new(&o, &a->auth, err);
}

static enum err open_parts(struct app *a, struct error *err)
{
    if (crypto_init(err) != ERR_OK) return err->code;
    if (a->opt.client_faults && !(a->faults = client_faults_new()))
        return error_set(err, ERR_NOMEM, "no memory for the fault rules");
    if (a->opt.coverage && !(a->coverage = coverage_new()))
        return error_set(err, ERR_NOMEM, "no memory for the list of what was asked for");
    if (a->opt.daemon && management_start(a, err) != ERR_OK) return err->code;
    if (open_keys(a, err) != ERR_OK || open_store(a, err) != ERR_OK) return err->code;
    if (core_open(a->store, a->opt.clock, a->opt.rng, &a->core, err) != ERR_OK) return err->code;
    return open_auth(a, err);
}

enum err app_open(const struct app_options *o, struct app **ret, struct error *err)
{
    struct app *a = mem_zalloc(1, sizeof *a);
    if (!a) return error_set(err, ERR_NOMEM, "no memory to start");
    a->opt = *o;
    a->config = o->config;
    a->started = clock_wall(o->clock);
    a->data_fd = -1;
    lock_init(&a->lock, "app");
    enum log_level level = LOG_WARN; // a command's own words go to stdout and stderr
    if (o->daemon && !log_parse_level(slice_of(o->config->log_level), &level)) level = LOG_INFO; // config checked it
    log_open(level, STDERR_FILENO, o->clock);
    if (open_parts(a, err) != ERR_OK) {
        app_stop(&a, 0);
        return err->code;
    }
    *ret = a;
    return ERR_OK;
}

// ---- services ---------------------------------------------------------------------------------

enum err app_make_cloud(struct app *a, struct error *err)
{
    struct cloud_options o;
    cloud_options_default(&o);
    struct arena *arena = arena_new(1 << 16); // cloud_new copies what it keeps
    if (!arena) return error_set(err, ERR_NOMEM, "no memory for the cloud");
    enum err rc = ERR_OK;
    if (a->opt.cloud_env)
        o.env = *a->opt.cloud_env;
    else
        rc = cloud_env_from_process(arena, &o.env, err);
    if (rc == ERR_OK) {
        const char *endpoint = a->config->ec2_endpoint;
        if (*endpoint) o.env.endpoint_ec2 = o.env.endpoint_sts = endpoint;
        if (*endpoint) o.env.ignore_endpoints = false;
        o.clock = a->opt.clock;
        o.rng = a->opt.rng;
        o.session_name = a->config->session_name;
        rc = cloud_new(&o, &a->cloud, err);
    }
    arena_free(arena);
    return rc;
}

enum err app_services(struct app *a, struct services *ret, struct error *err)
{
    struct services sv = {.config = a->config,
                          .store = a->store,
                          .core = a->core,
                          .auth = a->auth,
                          .keys = a->keys,
                          .clock = a->opt.clock,
                          .rng = a->opt.rng,
                          .coverage = a->coverage,
                          .actor = actor_of(a)};
    lock_take(&a->lock);
    enum err rc = a->cloud ? ERR_OK : app_make_cloud(a, err);
    sv.cloud = a->cloud;
    sv.scanner = a->scanner;
    lock_drop(&a->lock);
    if (rc == ERR_OK) rc = store_reader_open(a->store, &sv.reader, err);
    if (rc == ERR_OK) *ret = sv;
    return rc;
}

void app_services_done(struct services *sv)
{
    store_reader_close(&sv->reader);
}

// ---- running ----------------------------------------------------------------------------------

// What the operator has set while a server ran.
static enum err apply_limits(struct app *a, struct error *err)
{
    struct store_reader *reader;
    if (store_reader_open(a->store, &reader, err) != ERR_OK) return err->code;
    enum err rc = core_limits_apply(a->core, reader, a->limits, err);
    store_reader_close(&reader);
    return rc;
}

static enum err make_limits(struct app *a, struct error *err)
{
    const struct config *c = a->config;
    struct limit_override *list = mem_zalloc(c->override_count + 1, sizeof *list);
    if (!list) return error_set(err, ERR_NOMEM, "no memory for the rate limits");
    enum err rc = ERR_OK;
    for (unsigned i = 0; i < c->override_count && rc == ERR_OK; i++) {
        const struct config_override *o = &c->overrides[i];
        list[i].scope = o->scope;
        list[i].rule = (struct bucket_rule){o->capacity, o->refill, o->seconds};
        if (!limit_set_parse(slice_of(o->set_id), &list[i].set))
            rc = error_set(err, ERR_INVALID,
                           "%s:%u: there is no limit set \"%s\"; see docs/configuration.md for their "
                           "names",
                           c->file, o->line, o->set_id);
    }
    if (rc == ERR_OK) {
        a->limits = limits_new(c->rate_limit, list, c->override_count, (uint32_t)c->rate_limit_scopes, a->opt.rng);
        if (!a->limits)
            rc = error_set(err, ERR_NOMEM, "no memory for rate_limit_scopes = %lld", (long long)c->rate_limit_scopes);
    }
    mem_free(list);
    return rc == ERR_OK ? apply_limits(a, err) : rc;
}

static enum err make_pipeline(struct app *a, struct error *err)
{
    a->cache = body_cache_new(BODY_CACHE_BYTES, a->opt.rng);
    if (!a->cache) return error_set(err, ERR_NOMEM, "no memory for the cache of bodies");
    struct pipeline_options o = {.access_log = a->config->access_log, .faults = a->faults, .coverage = a->coverage};
    o.api = (struct api){.store = a->store,
                         .auth = a->auth,
                         .limits = a->limits,
                         .cache = a->cache,
                         .clock = a->opt.clock,
                         .core = a->core,
                         .cloud = app_probe(a),
                         .public_url = public_url_of(a),
                         .keys = a->keys,
                         .rng = a->opt.rng,
                         .webhook_allow = a->config->webhook_blocks,
                         .webhook_allow_count = a->config->webhook_block_count};
    o.local_name = actor_of(a);
    return pipeline_new(&o, &a->pipeline, err);
}

static enum err start_api(struct app *a, struct error *err)
{
    const struct config *c = a->config;
    struct httpd_options o;
    httpd_options_default(&o);
    o.listen = c->listen;
    o.name = "api";
    o.loops = (unsigned)c->loops;
    o.workers = (unsigned)c->workers;
    o.queue_max = (unsigned)c->queue_max;
    o.max_connections = (unsigned)c->max_connections;
    o.max_per_address = (unsigned)c->max_connections_per_address;
    o.header_ms = c->header_timeout * 1000;
    o.body_ms = c->body_timeout * 1000;
    o.idle_ms = c->idle_timeout * 1000;
    o.tls_cert = *c->tls_cert ? c->tls_cert : NULL;
    o.tls_key = *c->tls_key ? c->tls_key : NULL;
    o.trusted_proxies = c->proxies;
    o.trusted_proxy_count = c->proxy_count;
    o.clock = a->opt.clock;
    struct http_app app = pipeline_app(a->pipeline);
    return httpd_start(&o, &app, &a->api, err);
}

static void on_change(void *ctx, const struct core_change *change)
{
    struct app *a = ctx;
    bool scan = change->kind == CORE_NETWORKS_CHANGED;
    bool act = change->kind == CORE_INTENTS_CHANGED || change->kind == CORE_CONNECTIONS_CHANGED;
    bool notice = change->kind == CORE_WEBHOOKS_CHANGED || change->kind == CORE_CONNECTIONS_CHANGED || scan;
    if (!scan && !act && !notice) return;
    lock_take(&a->lock);
    if (scan && a->scanner) scanner_wake(a->scanner);
    if (act && a->actuator) actuator_wake(a->actuator);
    if (notice && a->notifier) notifier_wake(a->notifier);
    lock_drop(&a->lock);
}

static enum err start_actuator(struct app *a, struct error *err)
{
    struct actuator_options o = {.store = a->store,
                                 .core = a->core,
                                 .cloud = a->cloud,
                                 .clock = a->opt.clock,
                                 .rng = a->opt.rng,
                                 .scanner = a->scanner,
                                 .threads = ACT_THREADS};
    struct actuator *act;
    if (actuator_start(&o, &act, err) != ERR_OK) return err->code;
    lock_take(&a->lock);
    a->actuator = act;
    lock_drop(&a->lock);
    return ERR_OK;
}

static enum err start_notifier(struct app *a, struct error *err)
{
    struct notifier_options o = {.store = a->store,
                                 .core = a->core,
                                 .keys = a->keys,
                                 .clock = a->opt.clock,
                                 .rng = a->opt.rng,
                                 .allow = a->config->webhook_blocks,
                                 .allow_count = a->config->webhook_block_count,
                                 .keep_us = a->config->webhook_keep_days * 86400 * US_PER_SEC,
                                 .threads = NOTICE_THREADS,
                                 .total_ms = NOTICE_TOTAL_MS};
    struct notifier *n;
    if (notifier_start(&o, &n, err) != ERR_OK) return err->code;
    lock_take(&a->lock);
    a->notifier = n;
    lock_drop(&a->lock);
    return ERR_OK;
}

static enum err start_scanner(struct app *a, struct error *err)
{
    char host[64] = "", owner[128];
    (void)gethostname(host, sizeof host - 1); // only a name for people; the random part makes it unique
    snprintf(owner, sizeof owner, "%s:%d:%016llx", host, (int)getpid(), (unsigned long long)rng_u64(a->opt.rng));
    int64_t interval = a->opt.scan_interval_ms ? a->opt.scan_interval_ms : a->config->scan_interval * 1000;
    struct scanner_options o = {.store = a->store,
                                .core = a->core,
                                .cloud = a->cloud,
                                .clock = a->opt.clock,
                                .rng = a->opt.rng,
                                .interval_ms = interval,
                                .threads = (unsigned)a->config->scan_threads,
                                .owner = owner};
    struct scanner *s;
    if (scanner_start(&o, &s, err) != ERR_OK) return err->code;
    lock_take(&a->lock);
    a->scanner = s;
    lock_drop(&a->lock);
    return ERR_OK;
}

static enum err find_socket_path(struct app *a, struct error *err)
{
    char path[APP_PATH];
    int n = snprintf(path, sizeof path, "%s/" APP_SOCKET_FILE, a->config->data_dir);
    if (n <= SOCKET_PATH_MAX && cstr_set(a->socket_path, sizeof a->socket_path, path)) return ERR_OK;
    // A socket's path has 108 bytes at most; the same directory has a short name below /proc.
    a->data_fd = open(a->config->data_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (a->data_fd < 0) return error_set(err, ERR_IO, "cannot open data_dir %s", a->config->data_dir);
    snprintf(a->socket_path, sizeof a->socket_path, "/proc/self/fd/%d/" APP_SOCKET_FILE, a->data_fd);
    return ERR_OK;
}

static void log_ready(struct app *a)
{
    char api[300], management[300] = "";
    listen_url(app_api_address(a), *a->config->tls_cert != '\0', api, sizeof api);
    if (a->management) listen_url(app_management_address(a), false, management, sizeof management);
    int64_t ms = (clock_wall(a->opt.clock).us - a->started.us) / 1000;
    LOG(LOG_INFO, "ready", LOG_S("version", PEERAGE_VERSION), LOG_S("api", api), LOG_S("management", management),
        LOG_S("publicUrl", a->config->public_url), LOG_I("pid", getpid()), LOG_I("startMs", ms));
}

enum err app_pipeline(struct app *a, struct error *err)
{
    if (a->pipeline) return ERR_OK;
    return make_limits(a, err) == ERR_OK ? make_pipeline(a, err) : err->code;
}

enum err app_run(struct app *a, struct error *err)
{
    if (app_pipeline(a, err) != ERR_OK) return err->code;
    core_on_change(a->core, on_change, a);
    if (!a->cloud && app_make_cloud(a, err) != ERR_OK) return err->code;
    if (start_api(a, err) != ERR_OK) return err->code;
    if (find_socket_path(a, err) != ERR_OK || admin_start(a, err) != ERR_OK) return error_prefix(err, "admin socket");
    if (start_scanner(a, err) != ERR_OK) return error_prefix(err, "scanner");
    if (start_actuator(a, err) != ERR_OK) return error_prefix(err, "actuator");
    if (start_notifier(a, err) != ERR_OK) return error_prefix(err, "notifier");
    if (housekeeping_start(a, err) != ERR_OK) return err->code;
    lock_take(&a->lock);
    a->shown = a->store;
    lock_drop(&a->lock);
    a->state = APP_READY;
    metric_set(M_BUILD_INFO, metric_series(M_BUILD_INFO, "version=\"" PEERAGE_VERSION "\""), 1);
    log_ready(a);
    notify_send("READY=1\nSTATUS=serving");
    return ERR_OK;
}

bool app_wait_scanned(struct app *a, int64_t ms)
{
    struct lock lock;
    struct cond never; // nobody wakes it: a bounded poll at start only
    struct scanner_status status;
    struct mono end = {clock_mono(a->opt.clock).ns + ms * NS_PER_MS};
    lock_init(&lock, "wait-scanned");
    cond_init(&never);
    lock_take(&lock);
    for (scanner_status(a->scanner, &status); status.scans == 0 || status.scans < status.units;
         scanner_status(a->scanner, &status)) {
        if (clock_mono(a->opt.clock).ns >= end.ns) break;
        (void)!cond_wait_for(&never, &lock, 2 * NS_PER_MS);
    }
    lock_drop(&lock);
    cond_done(&never);
    lock_done(&lock);
    return status.scans > 0 && status.scans >= status.units;
}

const char *app_api_address(const struct app *a)
{
    return httpd_address(a->api);
}

const char *app_management_address(const struct app *a)
{
    return httpd_address(a->management);
}

void app_reload(struct app *a, const struct config *fresh)
{
    struct error err;
    struct buf keys;
    enum log_level level;
    buf_init(&keys, 4096);
    config_restart_keys(a->config, fresh, &keys);
    buf_char(&keys, '\0');
    if (log_parse_level(slice_of(fresh->log_level), &level)) log_set_level(level);
    pipeline_access_log(a->pipeline, fresh->access_log);
    bool same_files =
        strcmp(a->config->tls_cert, fresh->tls_cert) == 0 && strcmp(a->config->tls_key, fresh->tls_key) == 0;
    if (*fresh->tls_cert && same_files && httpd_reload_tls(a->api, &err) != ERR_OK)
        LOG(LOG_ERROR, "the certificate was not reloaded; the old one stays", LOG_S("detail", err.detail));
    if (!same_files) LOG(LOG_WARN, "other TLS file names need a restart; the old files stay in use");
    LOG(LOG_INFO, "configuration reloaded", LOG_S("needRestart", !keys.fail && keys.n > 1 ? keys.p : NULL));
    buf_done(&keys);
}

// ---- stopping ---------------------------------------------------------------------------------

void app_drain_begin(struct app *a)
{
    a->state = APP_DRAINING;
    LOG(LOG_INFO, "draining");
    notify_send("STOPPING=1\nSTATUS=draining");
}

void app_hurry(struct app *a)
{
    lock_take(&a->lock);
    a->hurried = true;
    if (a->drained) httpd_hurry(a->drained);
    lock_drop(&a->lock);
}

static void set_drained(struct app *a, struct httpd *s)
{
    lock_take(&a->lock);
    a->drained = s;
    if (s && a->hurried) httpd_hurry(s);
    lock_drop(&a->lock);
}

static void stop_actuator(struct app *a)
{
    lock_take(&a->lock);
    struct actuator *act = a->actuator;
    a->actuator = NULL; // nobody wakes it any more
    lock_drop(&a->lock);
    actuator_stop(&act);
}

static void stop_notifier(struct app *a)
{
    lock_take(&a->lock);
    struct notifier *n = a->notifier;
    a->notifier = NULL; // nobody wakes it any more
    lock_drop(&a->lock);
    notifier_stop(&n);
}

static void stop_scanner(struct app *a)
{
    lock_take(&a->lock);
    struct scanner *s = a->scanner;
    a->scanner = NULL; // nobody wakes it any more
    lock_drop(&a->lock);
    scanner_stop(&s);
}

static void stop_listeners(struct app *a, int64_t drain_ms)
{
    housekeeping_stop(a);
    lock_take(&a->lock);
    if (a->cloud) cloud_cancel(a->cloud); // scans and `network check` end soon
    lock_drop(&a->lock);
    httpd_stop(&a->admin, MAINTENANCE_DRAIN_MS); // its commands may hold the scanner
    stop_actuator(a);                            // it wakes the scanner
    stop_scanner(a);
    stop_notifier(a);
    if (a->api) {
        set_drained(a, a->api);
        httpd_drain(a->api, drain_ms);
        set_drained(a, NULL);
    }
    httpd_stop(&a->api, 0);
}

void app_stop(struct app **ap, int64_t drain_ms)
{
    struct app *a = *ap;
    if (!a) return;
    *ap = NULL;
    bool ran = a->api != NULL;
    stop_listeners(a, drain_ms);
    lock_take(&a->lock);
    a->shown = NULL;
    lock_drop(&a->lock);
    if (a->auth) auth_tick(a->auth); // the last batch of last-used times
    cloud_free(a->cloud);
    pipeline_free(a->pipeline);
    body_cache_free(a->cache);
    limits_free(a->limits);
    auth_free(a->auth);
    oidc_free(a->oidc);
    core_close(&a->core);
    store_close(&a->store);
    keyring_free(a->keys);
    httpd_stop(&a->management, MAINTENANCE_DRAIN_MS);
    client_faults_free(a->faults);
    coverage_free(a->coverage);
    if (a->data_fd >= 0) close(a->data_fd);
    if (ran) LOG(LOG_INFO, "stopped");
    lock_done(&a->lock);
    mem_free(a);
}
