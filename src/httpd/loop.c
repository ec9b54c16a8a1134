// SPDX-License-Identifier: Apache-2.0
// One thread with its epoll: accepts, drives its connections, takes back what workers finished, keeps deadlines,
// carries out the phases of stopping. Called by: server.c (thread), work.c (loop_post).
// Must never: block, spin when descriptors run out, or touch a connection of another loop.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "httpd/server.h"

#define EVENTS      256
#define ACCEPTS     64 // of one round
#define BACKLOG     4096
#define FILES_PAUSE (100 * NS_PER_MS)
#define WAIT_MAX_MS 60000
#define OUT_KEEP    ((size_t)64 * 1024)
#define OUT_MAX     ((size_t)1024 * 1024)
#if defined(__SANITIZE_ADDRESS__)
#define FREE_MAX 0U // so that the sanitizer sees a use after the end
#else
#define FREE_MAX 64U
#endif

int64_t loop_clock(struct loop *l)
{
    l->now = clock_mono(l->server->opt.clock).ns;
    return l->now;
}

// ---- what requests need, recycled
struct exchange *exchange_get(struct loop *l)
{
    struct exchange *x = l->free_exchanges;
    if (x) {
        l->free_exchanges = x->next;
        l->free_exchange_count--;
        x->next = NULL;
        return x;
    }
    x = mem_alloc(sizeof *x); // not zeroed: the head is large
    if (!x) return NULL;
    x->next = NULL;
    x->conn = NULL;
    x->loop = l;
    x->whole = false;
    x->id[0] = '\0';
    reply_init(&x->rep);
    x->arena = arena_new(l->server->opt.arena_max);
    if (x->arena) return x;
    mem_free(x);
    return NULL;
}

static void exchange_free(struct exchange *x)
{
    reply_done(&x->rep);
    arena_free(x->arena);
    mem_free(x);
}

void exchange_put(struct loop *l, struct exchange *x)
{
    if (l->free_exchange_count + 1 > FREE_MAX) {
        exchange_free(x);
        return;
    }
    if (x->whole || x->rep.status) { // used
        void (*release)(void *) = x->rep.release;
        x->rep.release = NULL;
        if (release) release(x->rep.release_ctx);
        struct buf head = x->rep.head;
        buf_clear(&head); // its memory serves the next reply
        reply_init(&x->rep);
        x->rep.head = head;
        arena_reset(x->arena);
        x->whole = false;
    }
    x->conn = NULL;
    x->next = l->free_exchanges;
    l->free_exchanges = x;
    l->free_exchange_count++;
}

char *input_get(struct loop *l)
{
    void *p = l->free_inputs;
    if (!p) return mem_alloc(INPUT_CHUNK);
    memcpy(&l->free_inputs, p, sizeof(void *));
    l->free_input_count--;
    return p;
}

void input_put(struct loop *l, char *p)
{
    if (l->free_input_count + 1 > FREE_MAX) {
        mem_free(p);
        return;
    }
    memcpy(p, &l->free_inputs, sizeof(void *));
    l->free_inputs = p;
    l->free_input_count++;
}

// ---- accepting
static void listen_on(struct loop *l, bool on)
{
    if (l->listening == on) return;
    // Exclusive: a connection wakes one loop, not all.
    struct epoll_event ev = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = &l->listening};
    int fd = l->server->listener.fd;
    if (epoll_ctl(l->epoll, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, fd, &ev) == 0)
        l->listening = on;
    else if (on)
        l->accept_at = l->now + FILES_PAUSE; // tried again
}

static int take_spare(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

// Descriptors or memory ran out. The spare one lets us turn a client away instead of leaving it hanging; then a pause,
// for the listener would wake us at once again.
static void out_of_files(struct loop *l, int e)
{
    struct httpd *s = l->server;
    if (l->spare >= 0) {
        (void)close(l->spare);
        int fd = accept4(s->listener.fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0) (void)close(fd);
        l->spare = take_spare();
    }
    server_reject_count(s, REASON_FILES);
    LOG(LOG_WARN, "cannot accept connections for now; raise the limit of open files or lower max_connections",
        LOG_S("listener", s->name), LOG_S("reason", strerrordesc_np(e)));
    listen_on(l, false);
    l->accept_at = l->now + FILES_PAUSE;
}

static void accept_some(struct loop *l, int most)
{
    while (most-- > 0) {
        struct sockaddr_storage sa;
        socklen_t n = sizeof sa;
        struct sockaddr *p = (struct sockaddr *)(void *)&sa;
        int fd = accept4(l->server->listener.fd, p, &n, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            conn_open(l, fd, l->server->listener.is_unix ? (struct ip){0} : ip_from_sockaddr(p));
            continue;
        }
        int e = errno;
        if (e == EAGAIN || e == EINVAL) return;
        if (e != EMFILE && e != ENFILE && e != ENOBUFS && e != ENOMEM) continue; // that client is gone already
        out_of_files(l, e);
        return;
    }
}

// ---- work that comes back
void loop_wake(struct loop *l)
{
    uint64_t one = 1;
    ssize_t n = write(l->wake, &one, sizeof one); // edge-triggered: never read, and far from overflowing
    ASSERT(n == (ssize_t)sizeof one);
}

void loop_post(struct loop *l, struct exchange *x)
{
    struct exchange *top = atomic_load_explicit(&l->posted, memory_order_relaxed);
    do x->next = top;
    while (!atomic_compare_exchange_weak_explicit(&l->posted, &top, x, memory_order_release, memory_order_relaxed));
    // Only the first wakes; the wake-up of a later one is that first one's, still to come or not yet acted on.
    if (!top) loop_wake(l);
}

static void take_posted(struct loop *l)
{
    struct exchange *x = atomic_exchange_explicit(&l->posted, NULL, memory_order_acquire), *in_order = NULL;
    while (x) {
        struct exchange *next = x->next;
        x->next = in_order;
        in_order = x;
        x = next;
    }
    while (in_order) {
        struct exchange *next = in_order->next;
        in_order->next = NULL;
        conn_posted(in_order);
        in_order = next;
    }
}

// ---- rounds
void loop_defer(struct loop *l, struct conn *c)
{
    if (link_alone(&c->deferred)) link_append(&l->deferred, &c->deferred);
}

static void run_deferred(struct loop *l)
{
    struct link turn; // those of the round before; who defers again waits for the next
    link_init(&turn);
    if (link_alone(&l->deferred)) return;
    turn = l->deferred;
    turn.next->prev = turn.prev->next = &turn;
    link_init(&l->deferred);
    while (!link_alone(&turn)) {
        struct link *first = turn.next;
        link_remove(first);
        conn_drive(container_of(first, struct conn, deferred));
    }
}

static void run_timers(struct loop *l)
{
    struct timer *t;
    while ((t = timers_due(&l->timers, l->now))) conn_timeout(container_of(t, struct conn, timer));
    if (l->accept_at && l->accept_at <= l->now) {
        l->accept_at = 0;
        if (l->spare < 0) l->spare = take_spare();
        if (l->phase == PHASE_RUN) listen_on(l, true);
    }
}

static void free_dead(struct loop *l)
{
    while (!link_alone(&l->dead)) {
        struct link *first = l->dead.next;
        link_remove(first);
        mem_free(container_of(first, struct conn, link));
    }
}

static void each_conn(struct loop *l, void (*fn)(struct conn *c))
{
    struct link todo;
    link_init(&todo);
    if (link_alone(&l->conns)) return;
    todo = l->conns;
    todo.next->prev = todo.prev->next = &todo;
    link_init(&l->conns);
    while (!link_alone(&todo)) {
        struct link *first = todo.next;
        link_remove(first);
        link_append(&l->conns, first);
        fn(container_of(first, struct conn, link));
    }
}

static void tell_stopper(struct httpd *s, unsigned *counter)
{
    lock_take(&s->lock);
    (*counter)++;
    cond_wake_all(&s->changed);
    lock_drop(&s->lock);
}

static void change_phase(struct loop *l)
{
    struct httpd *s = l->server;
    unsigned want = atomic_load(&s->phase);
    if (want > l->phase) {
        bool first = l->phase == PHASE_RUN;
        l->phase = (uint8_t)want;
        if (first) {
            accept_some(l, BACKLOG); // whoever the kernel has connected already is in flight
            l->accept_at = 0;
            listen_on(l, false);
            tell_stopper(s, &s->loops_deaf);
        }
        each_conn(l, want == PHASE_DRAIN ? conn_drain : conn_close);
        if (want == PHASE_CUT) tell_stopper(s, &s->loops_cut); // from here on nothing is handed to a worker
    }
    if (l->phase == PHASE_RUN || l->gone || l->conn_count) return;
    l->gone = true;
    tell_stopper(s, &s->loops_empty);
}

static void on_event(struct loop *l, const struct epoll_event *ev)
{
    if (ev->data.ptr == &l->listening) {
        accept_some(l, ACCEPTS);
        return;
    }
    if (ev->data.ptr == &l->wake) return;
    struct conn *c = ev->data.ptr;
    ASSERT(c->magic == CONN_MAGIC);
    if (c->fd < 0) return; // closed earlier in this round
    bool broken = ev->events & (EPOLLERR | EPOLLHUP), any = broken || c->tls;
    if (broken && (c->state == CONN_WORKER || c->state == CONN_HOLD)) { // neither reads, so neither would notice
        conn_close(c);
        return;
    }
    if (ev->events & EPOLLRDHUP || broken) c->finishing = true;
    if (any || ev->events & (EPOLLIN | EPOLLRDHUP)) c->readable = true;
    if (any || ev->events & EPOLLOUT) c->writable = true;
    conn_drive(c);
}

static int wait_ms(struct loop *l)
{
    if (!link_alone(&l->deferred)) return 0;
    int64_t next = timers_next(&l->timers);
    if (l->accept_at) next = MIN(next, l->accept_at);
    if (next == TIMER_NEVER) return -1;
    int64_t left = next - loop_clock(l);
    if (left <= 0) return 0;
    return (int)MIN((left + NS_PER_MS - 1) / NS_PER_MS, WAIT_MAX_MS);
}

static void run(struct loop *l)
{
    const struct http_app *app = &l->server->app;
    struct epoll_event events[EVENTS];
    bool more = true;
    while (more) {
        int n = epoll_wait(l->epoll, events, EVENTS, wait_ms(l));
        ASSERT(n >= 0 || errno == EINTR);
        (void)loop_clock(l);
        for (int i = 0; i < n; i++) on_event(l, &events[i]);
        take_posted(l);
        run_deferred(l);
        run_timers(l);
        change_phase(l);
        free_dead(l);
        if (app->batch_end) app->batch_end(app->ctx, l->thread);
        more = l->phase != PHASE_EXIT || l->conn_count > 0;
    }
}

void *loop_main(void *arg)
{
    struct loop *l = arg;
    struct httpd *s = l->server;
    (void)prctl(PR_SET_NAME, s->name, 0, 0, 0); // for people who look with top -H
    if (s->app.thread_begin) l->thread = s->app.thread_begin(s->app.ctx, true);
    bool ok = l->thread || !s->app.thread_begin;
    lock_take(&s->lock);
    if (ok)
        s->loops_up++;
    else
        s->loops_failed++;
    cond_wake_all(&s->changed);
    lock_drop(&s->lock);
    if (!ok) return NULL;
    (void)loop_clock(l);
    listen_on(l, true);
    run(l);
    if (s->app.thread_end) s->app.thread_end(s->app.ctx, l->thread);
    return NULL;
}

// ---- making and unmaking
bool loop_init(struct loop *l, struct httpd *s, struct error *err)
{
    l->server = s;
    link_init(&l->conns);
    link_init(&l->deferred);
    link_init(&l->dead);
    buf_init(&l->out, OUT_MAX);
    l->date_sec = -1;
    l->rng = rng_seeded(&l->seed, rng_u64(&rng_system));
    rng_system.fill(NULL, l->seed.s, sizeof l->seed.s);
    l->spare = take_spare();
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event ev = {.events = EPOLLIN | EPOLLET, .data.ptr = &l->wake};
    if (l->spare < 0 || l->epoll < 0 || l->wake < 0 || epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->wake, &ev) < 0) {
        (void)error_errno(err, ERR_IO, errno, "cannot make an event loop");
        return false;
    }
    if (buf_reserve(&l->out, OUT_KEEP)) return true;
    (void)error_set(err, ERR_NOMEM, "out of memory while making an event loop");
    return false;
}

void loop_done(struct loop *l)
{
    ASSERT(l->conn_count == 0);
    while (l->free_exchanges) {
        struct exchange *x = l->free_exchanges;
        l->free_exchanges = x->next;
        exchange_free(x);
    }
    while (l->free_inputs) {
        void *p = l->free_inputs;
        memcpy(&l->free_inputs, p, sizeof(void *));
        mem_free(p);
    }
    timers_done(&l->timers);
    buf_done(&l->out);
    if (l->epoll >= 0) (void)close(l->epoll);
    if (l->wake >= 0) (void)close(l->wake);
    if (l->spare >= 0) (void)close(l->spare);
}
