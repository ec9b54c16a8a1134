// SPDX-License-Identifier: Apache-2.0
// HTTP without sockets: a request goes to the simulated cloud, and what the script does to it happens on the way.
// Called by: the linker in place of net/httpc.c, and the script's own calls. Must never: wait in real time.
#include <stdarg.h>
#include <stdio.h>

#include "tests/sim/sim.h"
#include "tests/sim/wraps.h"

#define CALLS_OF_A_WAKE 9 // somebody who wants a scan now has each of three units tried three times

struct httpc {
    int nothing;
};

enum err __wrap_httpc_new(const struct httpc_options *opt, struct httpc **ret, struct error *err)
{
    static struct httpc one;
    (void)opt, (void)err;
    *ret = &one;
    return ERR_OK;
}

void __wrap_httpc_free(struct httpc *c)
{
    (void)c;
}

void __wrap_httpc_cancel(struct httpc *c)
{
    (void)c;
}

// Nobody verifies a signature here: whose key it is has to be said.
enum err __wrap_sigv4_authorization(const struct sigv4_input *in, const struct sigv4_key *key,
                                    const struct sigv4_scope *scope, struct wall now, struct arena *a, struct buf *out,
                                    struct error *err)
{
    (void)in, (void)now, (void)a, (void)err;
    buf_fmt(out, "AWS4-HMAC-SHA256 Credential=%.*s/20270115/%.*s/%.*s/aws4_request", SLICE_FMT(key->access_key_id),
            SLICE_FMT(scope->region), SLICE_FMT(scope->service));
    return ERR_OK;
}

// The value of a parameter as it stands; ids, accounts and blocks need no decoding but for "/" (%2F) in blocks.
struct slice form_param(struct slice body, const char *name)
{
    size_t n = strlen(name);
    struct slice part;
    for (bool more = true; more;) {
        more = slice_cut(&body, '&', &part);
        if (part.n > n && part.p[n] == '=' && memcmp(part.p, name, n) == 0) return slice_skip(part, n + 1);
    }
    return (struct slice){NULL, 0};
}

// Authorization: AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, …
static void who_asks(const struct httpc_request *q, struct slice *ret_key, char region[32])
{
    *ret_key = (struct slice){NULL, 0};
    for (unsigned i = 0; i < q->header_count; i++) {
        if (!slice_eq_nocase(q->headers[i].name, SLICE("authorization"))) continue;
        const char *at = memmem(q->headers[i].value.p, q->headers[i].value.n, "Credential=", 11);
        ASSERT(at);
        struct slice rest = slice_n(at + 11, q->headers[i].value.n - (size_t)(at + 11 - q->headers[i].value.p)), part;
        ASSERT(slice_cut(&rest, '/', ret_key) && slice_cut(&rest, '/', &part) && slice_cut(&rest, '/', &part));
        ASSERT(slice_copy(part, region, 32));
    }
}

static void count_call(struct play *p)
{
    p->calls++;
    if (!p->away_since || p->now_ns - p->away_since < MINUTE_NS || p->now_ns >= p->away_until) {
        p->window_ns = 0;
        return;
    }
    if (!p->window_ns || p->now_ns - p->window_ns >= MINUTE_NS) {
        p->window_ns = p->now_ns;
        p->calls_window = p->wakes = 0;
    }
    p->calls_window++;
    if (p->calls_window > 60 + p->wakes * CALLS_OF_A_WAKE)
        play_broke(p, "EC2 was asked %u times in a minute while it was away", p->calls_window);
}

// Others run, as on other threads, for up to so long.
static void others(struct play *p, int64_t ns)
{
    if (p->no_nest || p->depth >= NESTED_MAX || p->dead) {
        p->now_ns += ns;
        return;
    }
    p->depth++;
    play_until(p, p->now_ns + ns);
    p->depth--;
}

static enum err broken(struct error *err, bool *sent, bool was_sent)
{
    if (sent) *sent = was_sent;
    return error_set(err, ERR_UNAVAILABLE, "the connection broke");
}

static enum err give(struct play *p, struct arena *a, const struct ec2sim_answer *w, struct httpc_reply *ret,
                     struct error *err)
{
    char *date = arena_alloc(a, 30);
    *ret = (struct httpc_reply){.status = w->status};
    ret->body = arena_slice(a, w->body);
    ret->content_type = slice_of(w->content_type);
    if (!date || (w->body.n && !ret->body.p)) return error_set(err, ERR_NOMEM, "no memory for the reply");
    wall_http_date(cloud_wall(p), date);
    ret->date = slice_of(date);
    return ERR_OK;
}

static bool crashes_here(struct play *p, bool after)
{
    if (!p->crash_at_call || p->crash_after != after) return false;
    if (--p->crash_at_call > 0) return false;
    play_crash(p, after ? "after a call" : "before a call");
    return true;
}

static const char *account_of(struct slice key)
{
    if (slice_eq_cstr(key, "AKIAACCEPTERACCEPTER")) return ACCEPTER;
    return OTHER; // the one role that is assumed
}

enum err __wrap_httpc_do(struct httpc *c, const struct httpc_request *q, struct arena *a, struct httpc_reply *ret,
                         bool *ret_sent, struct error *err)
{
    struct play *p = playing;
    struct slice key, action = form_param(q->body, "Action");
    char region[32] = HERE, name[64];
    struct ec2sim_answer w;
    int status = 0;
    bool unheard = false;
    (void)c;
    if (p->dead) return broken(err, ret_sent, false);
    if (hooks_receive(p, q, &status, &unheard)) {
        p->now_ns += NS_PER_MS;
        *ret = (struct httpc_reply){.status = status};
        return unheard || !status ? broken(err, ret_sent, true) : ERR_OK;
    }
    ASSERT(slice_copy(action, name, sizeof name));
    bool ec2 = strcmp(name, "AssumeRole") != 0 && strcmp(name, "GetCallerIdentity") != 0;
    p->steps++;
    who_asks(q, &key, region);
    if (ec2) count_call(p);
    play_note(p, "call", name, p->depth);
    const char *account = account_of(key);
    if (ec2 && !check_call(p, account, name, q->body)) return broken(err, ret_sent, false);
    if (crashes_here(p, false)) return broken(err, ret_sent, false);
    if (ec2 && chance(p, 6)) others(p, (int64_t)draw(p, 3 * NS_PER_SEC));
    if (p->dead) return broken(err, ret_sent, false);
    if (p->unreachable) {
        others(p, (int64_t)draw(p, (uint64_t)q->connect_ms * NS_PER_MS));
        return broken(err, ret_sent, false);
    }
    p->now_ns += NS_PER_MS + (int64_t)draw(p, 40 * NS_PER_MS); // the way there
    struct ec2sim_call call = {.who = key, .region = region, .body = q->body, .now = cloud_wall(p)};
    ec2sim_world_call(p->world, &call, &w);
    if (w.fault) play_note(p, "fault", w.fault, w.status);
    bool lost = w.status == 0, late = w.delay_ms >= q->total_ms;
    if (ec2) check_effect(p, account, name, q->body, !lost && !late, w.status, w.body);
    enum err e = lost ? ERR_OK : give(p, a, &w, ret, err); // before others call: the body is the world's
    int64_t delay = MIN(w.delay_ms, q->total_ms) * NS_PER_MS;
    if (crashes_here(p, true)) return broken(err, ret_sent, true);
    if (delay || (ec2 && chance(p, 6))) others(p, delay ? delay : (int64_t)draw(p, 3 * NS_PER_SEC));
    if (p->dead || lost) return broken(err, ret_sent, true);
    if (ret_sent) *ret_sent = true;
    if (late) return error_set(err, ERR_TIMEOUT, "no answer in time");
    if (ec2 && e == ERR_OK) check_delivered(p, name, q->body, ret->status, ret->body);
    return e;
}

// While a role is assumed others wait for the credentials: here nobody else may run.
enum cloud_class __wrap_sts_assume_as(struct cloud *c, const struct cloud_target *as, const struct assume *q,
                                      struct creds *ret, struct cloud_failure *f)
{
    playing->no_nest++;
    enum cloud_class rc = __real_sts_assume_as(c, as, q, ret, f);
    playing->no_nest--;
    return rc;
}

// ---- calls of people and of the other side: never part of what is tested

struct ec2sim_answer cloud_call(struct play *p, const char *who, const char *region, const char *fmt, ...)
{
    char body[1024];
    struct ec2sim_answer w;
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(body, sizeof body, fmt, ap);
    va_end(ap);
    ASSERT(n > 0 && (size_t)n < sizeof body);
    struct ec2sim_call call = {.who = slice_of(who), .region = region, .body = slice_of(body), .now = cloud_wall(p)};
    ec2sim_world_call(p->world, &call, &w);
    return w;
}
