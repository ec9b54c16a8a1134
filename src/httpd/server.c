// SPDX-License-Identifier: Apache-2.0
// Puts listener, loops, workers and TLS together, counts connections, and takes all of it down in order.
// Called by: app, ec2sim, tests through httpd.h. Must never: return from httpd_stop with a thread or socket left.
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "httpd/server.h"

#define REFUSED_EXTRA 64U // connections past the cap that still get a 503, beside a sixteenth of the cap
#define LOOPS_MAX     256U
#define HEAD_LIMIT    (1U << 20)
#define BODY_LIMIT    (UINT64_C(1) << 30)

static const char *const reason_names[REASON_COUNT_] = {
    [REASON_MALFORMED] = "malformed",
    [REASON_TOO_LARGE] = "too_large",
    [REASON_TIMEOUT] = "timeout",
    [REASON_QUEUE] = "queue",
    [REASON_CONNECTIONS] = "connections",
    [REASON_ADDRESS] = "address",
    [REASON_TLS] = "tls",
    [REASON_FILES] = "files",
};

void httpd_options_default(struct httpd_options *o)
{
    *o = (struct httpd_options){
        .listen = "127.0.0.1:8080",
        .name = "http",
        .queue_max = 1024,
        .max_connections = 10000,
        .max_per_address = 1024,
        .header_ms = 10000,
        .body_ms = 30000,
        .idle_ms = 75000,
        .write_ms = 30000,
        .body_min_rate = 500,
        .target_max = h1_limits_default.target_max,
        .head_max = h1_limits_default.head_max,
        .body_max = h1_limits_default.body_max,
        .arena_max = (size_t)8 * 1024 * 1024,
        .clock = &clock_system,
    };
}

void server_reject_count(struct httpd *s, enum reject_reason why)
{
    metric_add(M_HTTP_REJECTED, s->series_rejected[why], 1);
}

bool server_trusts(const struct httpd *s, struct ip peer)
{
    for (unsigned i = 0; i < s->opt.trusted_proxy_count; i++)
        if (cidr_contains(s->proxies[i], peer)) return true;
    return false;
}

// ---- caps
// One IPv6 customer has a /64 at least, so that is what counts as an address.
static struct slice address_key(const struct ip *ip)
{
    return slice_n((const char *)ip, 1 + (ip->family == 4 ? 4U : 8U)); // family first, see struct ip
}

static bool count_address(struct httpd *s, struct ip peer, bool *ret_full)
{
    struct slice key = address_key(&peer);
    lock_take(&s->lock);
    uintptr_t n = (uintptr_t)map_get(s->addresses, key);
    bool ok = map_put(s->addresses, key, (void *)(n + 1), NULL); // a number in a pointer's place
    lock_drop(&s->lock);
    *ret_full = n >= s->opt.max_per_address;
    return ok;
}

bool server_admit(struct httpd *s, struct ip peer, uint8_t *ret_refuse, bool *ret_counted)
{
    unsigned max = s->opt.max_connections, n = atomic_fetch_add(&s->connections, 1);
    metric_add(M_HTTP_CONNECTIONS, s->series_connections, 1);
    if (n >= max) *ret_refuse = REASON_CONNECTIONS + 1;
    if (n >= max + max / 16 + REFUSED_EXTRA) {
        server_reject_count(s, REASON_CONNECTIONS);
        server_release(s, peer, false);
        return false;
    }
    if (!s->addresses || peer.family == 0 || server_trusts(s, peer)) return true;
    bool full = false;
    *ret_counted = count_address(s, peer, &full);
    if (full) *ret_refuse = REASON_ADDRESS + 1;
    return true;
}

void server_release(struct httpd *s, struct ip peer, bool counted)
{
    atomic_fetch_sub(&s->connections, 1);
    metric_add(M_HTTP_CONNECTIONS, s->series_connections, -1);
    if (!counted) return;
    struct slice key = address_key(&peer);
    lock_take(&s->lock);
    uintptr_t n = (uintptr_t)map_get(s->addresses, key);
    if (n > 1)
        ASSERT(map_put(s->addresses, key, (void *)(n - 1), NULL)); // replaces: allocates nothing
    else
        (void)map_remove(s->addresses, key);
    lock_drop(&s->lock);
}

// ---- start
static bool copy_text(const char *from, char **to)
{
    *to = from ? mem_strndup(from, strlen(from)) : NULL;
    return *to || !from;
}

static enum err check_options(const struct httpd_options *o, struct error *err)
{
    if (!o->listen || !o->name) return error_set(err, ERR_INVALID, "a listener needs an address and a name");
    if (!o->tls_cert != !o->tls_key)
        return error_set(err, ERR_INVALID, "TLS needs both a certificate and a key file; only one is given");
    if (!o->max_connections || o->header_ms <= 0 || o->body_ms <= 0 || o->idle_ms <= 0 || o->write_ms <= 0 ||
        !o->head_max || !o->target_max || !o->arena_max || (o->workers && !o->queue_max))
        return error_set(err, ERR_INVALID, "a limit of the listener %s is zero", o->name);
    if (o->head_max > HEAD_LIMIT || o->body_max > BODY_LIMIT)
        return error_set(err, ERR_INVALID, "head_max or body_max of the listener %s is too large to be held in memory",
                         o->name);
    if (o->loops > LOOPS_MAX) return error_set(err, ERR_INVALID, "more than %u loops make no sense", LOOPS_MAX);
    return ERR_OK;
}

static bool copy_options(struct httpd *s, const struct httpd_options *o)
{
    s->opt = *o;
    if (!s->opt.clock) s->opt.clock = &clock_system;
    s->limits = (struct h1_limits){o->target_max, o->head_max, o->body_max};
    s->loop_count = o->loops;
    if (!s->loop_count) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        s->loop_count = cores < 1 ? 1 : (unsigned)MIN(cores, (long)LOOPS_MAX);
    }
    s->loops = mem_zalloc(s->loop_count, sizeof *s->loops);
    s->proxies = mem_zalloc(o->trusted_proxy_count, sizeof *s->proxies);
    if (o->max_per_address) s->addresses = map_new(&rng_system);
    if (!s->loops || !s->proxies || (o->max_per_address && !s->addresses)) return false;
    if (o->trusted_proxy_count) memcpy(s->proxies, o->trusted_proxies, o->trusted_proxy_count * sizeof *s->proxies);
    for (unsigned i = 0; i < s->loop_count; i++) s->loops[i].epoll = s->loops[i].wake = s->loops[i].spare = -1;
    return copy_text(o->listen, &s->listen) && copy_text(o->name, &s->name) && copy_text(o->tls_cert, &s->tls_cert) &&
           copy_text(o->tls_key, &s->tls_key);
}

static void find_series(struct httpd *s)
{
    char labels[160];
    for (int i = -1; i < REASON_COUNT_; i++) {
        struct buf b;
        buf_init(&b, sizeof labels - 1);
        buf_fmt(&b, i < 0 ? "listener=\"%s\"" : "listener=\"%s\",reason=\"%s\"", s->name, i < 0 ? "" : reason_names[i]);
        if (!slice_copy(buf_view(&b), labels, sizeof labels)) labels[0] = '\0'; // out of memory: no label
        buf_done(&b);
        if (i < 0)
            s->series_connections = metric_series(M_HTTP_CONNECTIONS, labels);
        else
            s->series_rejected[i] = metric_series(M_HTTP_REJECTED, labels);
    }
}

static void server_free(struct httpd *s)
{
    for (unsigned i = 0; s->loops && i < s->loop_count; i++)
        if (s->loops[i].server) loop_done(&s->loops[i]);
    listener_close(&s->listener);
    tls_server_free(&s->tls);
    map_free(s->addresses);
    cond_done(&s->changed);
    lock_done(&s->lock);
    mem_free(s->loops);
    mem_free(s->proxies);
    mem_free(s->listen);
    mem_free(s->name);
    mem_free(s->tls_cert);
    mem_free(s->tls_key);
    mem_free(s);
}

// Signals are for the main thread; SIGPIPE, which TLS writes could raise, is for nobody.
static enum err start_threads(struct httpd *s, struct error *err)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    ASSERT(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    enum err e = work_start(s, err);
    for (unsigned i = 0; !e && i < s->loop_count; i++) {
        int failed = pthread_create(&s->loops[i].id, NULL, loop_main, &s->loops[i]);
        if (failed) e = error_errno(err, ERR_IO, failed, "cannot start a thread of the listener %s", s->name);
        if (!e) s->started++;
    }
    ASSERT(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    lock_take(&s->lock);
    while (s->loops_up + s->loops_failed < s->started) cond_wait(&s->changed, &s->lock);
    if (!e && s->loops_failed)
        e = error_set(err, ERR_UNAVAILABLE, "a thread of the listener %s could not get what it needs to work", s->name);
    lock_drop(&s->lock);
    return e;
}

static enum err start(struct httpd *s, struct error *err)
{
    enum err e = ERR_OK;
    if (s->tls_cert) e = tls_server_new(s->tls_cert, s->tls_key, &s->tls, err);
    if (!e) e = listener_open(s->listen, &s->listener, err);
    for (unsigned i = 0; !e && i < s->loop_count; i++)
        if (!loop_init(&s->loops[i], s, err)) e = err->code;
    return e ? e : start_threads(s, err);
}

enum err httpd_start(const struct httpd_options *o, const struct http_app *app, struct httpd **ret, struct error *err)
{
    enum err e = check_options(o, err);
    if (e) return e;
    struct httpd *s = mem_zalloc(1, sizeof *s);
    if (!s) return error_set(err, ERR_NOMEM, "out of memory while starting the listener %s", o->name);
    s->listener.fd = -1;
    s->app = *app;
    lock_init(&s->lock, "httpd");
    cond_init(&s->changed);
    if (copy_options(s, o)) {
        find_series(s);
        e = start(s, err);
    } else {
        e = error_set(err, ERR_NOMEM, "out of memory while starting the listener %s", o->name);
    }
    if (e)
        httpd_stop(&s, 0);
    else
        *ret = s;
    return e;
}

const char *httpd_address(const struct httpd *s)
{
    return s->listener.address;
}

enum err httpd_reload_tls(struct httpd *s, struct error *err)
{
    if (!s->tls) return error_set(err, ERR_INVALID, "the listener %s has no TLS", s->name);
    return tls_server_reload(s->tls, err);
}

// ---- stop
static void enter(struct httpd *s, enum phase phase)
{
    atomic_store(&s->phase, (unsigned)phase);
    for (unsigned i = 0; i < s->started; i++) loop_wake(&s->loops[i]);
}

static void wait_empty(struct httpd *s, int64_t ms)
{
    int64_t end = clock_mono(&clock_system).ns + ms * NS_PER_MS; // real time, like the wait itself
    lock_take(&s->lock);
    while (s->loops_empty < s->loops_up && !s->hurry) {
        int64_t left = end - clock_mono(&clock_system).ns;
        if (left <= 0 || !cond_wait_for(&s->changed, &s->lock, left)) break;
    }
    lock_drop(&s->lock);
}

// Once every loop has taken what the kernel had connected, new clients are refused at once: left open, the socket
// would still let them connect, only to be cut at the end.
static void refuse_more(struct httpd *s)
{
    lock_take(&s->lock);
    while (s->loops_deaf < s->loops_up) cond_wait(&s->changed, &s->lock);
    lock_drop(&s->lock);
    (void)shutdown(s->listener.fd, SHUT_RD); // on a listening socket Linux ends listening; a second time it is an error
}

void httpd_drain(struct httpd *s, int64_t drain_ms)
{
    enter(s, PHASE_DRAIN);
    refuse_more(s);
    wait_empty(s, drain_ms);
}

void httpd_hurry(struct httpd *s)
{
    lock_take(&s->lock);
    s->hurry = true;
    cond_wake_all(&s->changed);
    lock_drop(&s->lock);
}

static void wait_cut(struct httpd *s)
{
    lock_take(&s->lock);
    while (s->loops_cut < s->loops_up) cond_wait(&s->changed, &s->lock);
    lock_drop(&s->lock);
}

void httpd_stop(struct httpd **sp, int64_t drain_ms)
{
    struct httpd *s = *sp;
    if (!s) return;
    *sp = NULL;
    httpd_drain(s, drain_ms);
    enter(s, PHASE_CUT);
    wait_cut(s);
    pool_stop(&s->pool); // what workers have ends here, and is posted to loops that still run
    enter(s, PHASE_EXIT);
    for (unsigned i = 0; i < s->started; i++) ASSERT(pthread_join(s->loops[i].id, NULL) == 0);
    server_free(s);
}
