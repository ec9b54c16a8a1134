// SPDX-License-Identifier: Apache-2.0
// The cloud object: options copied, a bounded pool of HTTP handles, cancellation, names of the classes.
// Called by: app and cli through cloud.h. Must never: hold its lock over a transfer.
#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "cloud/internal.h"

static const char *const class_names[] = {
    [CLOUD_OK] = "ok",
    [CLOUD_THROTTLED] = "throttled",
    [CLOUD_TRANSIENT] = "transient",
    [CLOUD_CREDENTIALS] = "credentials",
    [CLOUD_DENIED] = "denied",
    [CLOUD_NOT_FOUND_YET] = "not-found-yet",
    [CLOUD_CONFLICT] = "conflict",
    [CLOUD_PERMANENT] = "permanent",
};

const char *cloud_class_name(enum cloud_class c)
{
    ASSERT((size_t)c < ARRAY_LEN(class_names));
    return class_names[c];
}

enum cloud_class cloud_fail(struct cloud_failure *f, enum cloud_class class, const char *fmt, ...)
{
    va_list ap;
    *f = (struct cloud_failure){.class = class};
    va_start(ap, fmt);
    (void)vsnprintf(f->message, sizeof f->message, fmt, ap); // a long one is cut
    va_end(ap);
    return class;
}

static void wait_or_cancel(struct cloud *c, int64_t ns)
{
    int64_t end = clock_mono(&clock_system).ns + ns;
    lock_take(&c->lock);
    for (int64_t left = ns; left > 0 && !c->cancelled; left = end - clock_mono(&clock_system).ns)
        (void)cond_wait_for(&c->wake, &c->lock, left); // woken for others: look at the clock again
    lock_drop(&c->lock);
}

static bool copy(struct arena *a, const char **s)
{
    if (*s) *s = arena_strndup(a, *s, strlen(*s));
    return !arena_failed(a);
}

static bool copy_options(struct cloud *c, const struct cloud_options *o)
{
    c->opt = *o;
    struct cloud_env *e = &c->opt.env;
    const char **all[] = {&e->access_key_id,
                          &e->secret_access_key,
                          &e->session_token,
                          &e->profile,
                          &e->config_file,
                          &e->credentials_file,
                          &e->web_identity_token_file,
                          &e->role_arn,
                          &e->role_session_name,
                          &e->container_relative_uri,
                          &e->container_full_uri,
                          &e->container_token,
                          &e->container_token_file,
                          &e->imds_endpoint,
                          &e->endpoint_ec2,
                          &e->endpoint_sts,
                          &e->endpoint_all,
                          &e->ca_bundle,
                          &e->https_proxy,
                          &e->no_proxy,
                          &c->opt.session_name};
    for (unsigned i = 0; i < ARRAY_LEN(all); i++)
        if (!copy(c->strings, all[i])) return false;
    return true;
}

enum err cloud_new(const struct cloud_options *o, struct cloud **ret, struct error *err)
{
    ASSERT(o->clock && o->rng && o->call_ms > 0 && o->connect_ms > 0 && o->attempts > 0);
    struct cloud *c = mem_zalloc(1, sizeof *c);
    if (!c) return error_set(err, ERR_NOMEM, "no memory for the cloud client");
    lock_init(&c->lock, "cloud");
    cond_init(&c->wake);
    retry_budget_init(&c->budget);
    c->sleep = wait_or_cancel;
    c->strings = arena_new(256 * 1024);
    c->identities = map_new(o->rng);
    enum err e = pace_table_init(&c->pace, o->rng, err);
    if (e == ERR_OK) e = away_table_init(&c->away, o->rng, err);
    if (e == ERR_OK && (!c->strings || !c->identities || !copy_options(c, o)))
        e = error_set(err, ERR_NOMEM, "no memory for the cloud client");
    if (e != ERR_OK) {
        cloud_free(c);
        return e;
    }
    *ret = c;
    return ERR_OK;
}

void cloud_free(struct cloud *c)
{
    if (!c) return;
    for (unsigned i = 0; i < CLOUD_HANDLES; i++) {
        ASSERT(!c->busy[i]);
        httpc_free(c->handles[i]);
    }
    for (unsigned i = 0; i < c->identity_count; i++) {
        creds_wipe(&c->identity_list[i]->cur);
        mem_free(c->identity_list[i]);
    }
    map_free(c->identities);
    pace_table_done(&c->pace);
    away_table_done(&c->away);
    cond_done(&c->wake);
    lock_done(&c->lock);
    arena_free(c->strings); // holds keys of the environment; they stand in the process' environment anyway
    mem_free(c);
}

void cloud_cancel(struct cloud *c)
{
    lock_take(&c->lock);
    c->cancelled = true;
    for (unsigned i = 0; i < CLOUD_HANDLES; i++)
        if (c->handles[i]) httpc_cancel(c->handles[i]);
    cond_wake_all(&c->wake);
    lock_drop(&c->lock);
}

int64_t cloud_clock_skew(struct cloud *c)
{
    return c->skew_us / US_PER_SEC;
}

// ---- handles ------------------------------------------------------------------------------

static enum err new_handle(struct cloud *c, struct httpc **ret, struct error *err)
{
    struct httpc_options o = {.ca_bundle = c->opt.env.ca_bundle,
                              .https_proxy = c->opt.env.https_proxy,
                              .no_proxy = c->opt.env.no_proxy,
                              .user_agent = "peerage/" PEERAGE_VERSION};
    return httpc_new(&o, ret, err);
}

// An idle handle, or the slot for a new one; -1 when all are busy.
static int idle_slot(const struct cloud *c)
{
    int empty = -1;
    for (int i = 0; i < CLOUD_HANDLES; i++) {
        if (c->busy[i]) continue;
        if (c->handles[i]) return i; // it may have a warm connection
        if (empty < 0) empty = i;
    }
    return empty;
}

enum err cloud_http_take(struct cloud *c, struct httpc **ret, struct error *err)
{
    int64_t left = c->opt.call_ms * NS_PER_MS, end = clock_mono(&clock_system).ns + left;
    enum err e = ERR_OK;
    lock_take(&c->lock);
    int slot = idle_slot(c);
    while (slot < 0 && !c->cancelled && left > 0) {
        (void)cond_wait_for(&c->wake, &c->lock, left);
        slot = idle_slot(c);
        left = end - clock_mono(&clock_system).ns;
    }
    if (c->cancelled)
        e = error_set(err, ERR_UNAVAILABLE, "the cloud client is being stopped");
    else if (slot < 0)
        e = error_set(err, ERR_TIMEOUT, "all %d cloud connections are busy", CLOUD_HANDLES);
    else if (!c->handles[slot])
        e = new_handle(c, &c->handles[slot], err);
    if (e == ERR_OK) {
        c->busy[slot] = true;
        *ret = c->handles[slot];
    }
    lock_drop(&c->lock);
    return e;
}

void cloud_http_give(struct cloud *c, struct httpc *h)
{
    lock_take(&c->lock);
    for (unsigned i = 0; i < CLOUD_HANDLES; i++)
        if (c->handles[i] == h) c->busy[i] = false;
    cond_wake_all(&c->wake); // sleepers of other kinds share the condition
    lock_drop(&c->lock);
}
