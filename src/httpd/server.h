// SPDX-License-Identifier: Apache-2.0
// The server's inside: what its files share. A connection and its exchanges belong to one loop and its thread; only an
// exchange that a worker holds leaves it, and comes back by loop_post.
// Called by: src/httpd only. Must never: be included from elsewhere.
#pragma once

#include <stdatomic.h>

#include "base/lock.h"
#include "base/map.h"
#include "base/metrics.h"
#include "base/rand.h"
#include "base/worker.h"
#include "httpd/h1.h"
#include "httpd/httpd.h"
#include "httpd/listener.h"
#include "httpd/timeout.h"
#include "net/tls.h"

// ---- intrusive lists
struct link {
    struct link *prev, *next;
};
static inline void link_init(struct link *l)
{
    l->prev = l->next = l;
}
static inline bool link_alone(const struct link *l) // an empty list, or an item on no list
{
    return l->next == l;
}
static inline void link_remove(struct link *l)
{
    l->prev->next = l->next;
    l->next->prev = l->prev;
    link_init(l);
}
static inline void link_append(struct link *list, struct link *l)
{
    l->prev = list->prev;
    l->next = list;
    list->prev->next = l;
    list->prev = l;
}

// ---- one request and its reply
struct exchange {
    struct exchange *next; // free list of the loop, or its list of finished work
    struct conn *conn;     // owned by the loop, not to be touched by a worker
    struct loop *loop;
    struct arena *arena;
    struct request req; // the worker's while it has it
    struct reply rep;
    bool whole;                  // req is a request; false for a rejected one
    char id[REQUEST_ID_LEN + 1]; // X-Request-Id
    struct h1_head head;
};

enum conn_state {
    CONN_HANDSHAKE, // TLS
    CONN_HEAD,      // idle, or a head is coming in
    CONN_BODY,
    CONN_WORKER, // a worker makes the reply; we neither read nor parse
    CONN_HOLD,   // the reply is made and waits for its time; we neither read nor parse
    CONN_WRITE,  // something is left to send; we neither read nor parse
    CONN_LINGER, // our side is shut; what the client still sends is thrown away, so that it can read our reply
};

struct input { // received bytes p[from..n)
    char *p;
    size_t from, n, cap;
    bool pooled; // p is one of the loop's INPUT_CHUNK blocks
};
#define INPUT_CHUNK ((size_t)16 * 1024)

#define CONN_MAGIC UINT32_C(0x636f6e6e)
struct conn {
    uint32_t magic;
    int fd;                  // -1: closed
    uint8_t state, resume;   // enum conn_state; resume: what follows CONN_WRITE
    bool readable, writable; // since the last EAGAIN (edge-triggered)
    bool finishing;          // the client's FIN was announced: read until it is seen
    bool eof;                // and seen
    bool keep_alive;         // of the request in hand
    bool close_after, linger;
    bool counted;             // in the map of addresses
    uint8_t minor, body_kind; // enum h1_body
    uint8_t refuse;           // enum reject_reason + 1: the first request is answered 503
    int budget;               // requests and reads left in this turn
    struct loop *loop;
    struct tls_conn *tls; // NULL: plain
    struct ip peer;       // family 0 for a unix socket
    struct link link, deferred;
    struct timer timer;
    struct input in;
    struct h1_parser parser;
    struct h1_chunked chunked;
    size_t head_bytes, body_have; // body_have: decoded bytes of a chunked body behind the head
    uint64_t body_length;
    struct exchange *x;  // in hand
    struct buf out;      // unsent bytes that did not fit the socket; else loop->out is used
    size_t out_from;     // sent bytes at the front of `out` or loop->out
    struct slice body;   // of the reply, what is left to send behind `out`
    int64_t since;       // when the head, body, handshake or lingering began (ns); 0 in CONN_HEAD: no byte yet
    uint64_t received;   // bytes since then
    int64_t write_since; // when the unsent output began to wait
    uint64_t sent;       // bytes since then
    int64_t hold_until;  // in CONN_HOLD: when the reply may go
    int64_t active;      // when it last did something useful
    uint32_t requests;
};

enum step { STEP_AGAIN, STEP_WAIT, STEP_CLOSE };

enum reject_reason {
    REASON_MALFORMED,
    REASON_TOO_LARGE,
    REASON_TIMEOUT,
    REASON_CONNECTIONS,
    REASON_ADDRESS,
    REASON_QUEUE,
    REASON_TLS,
    REASON_FILES,
    REASON_COUNT_
};

// ---- one thread
struct loop {
    struct httpd *server;
    void *thread; // what thread_begin gave
    pthread_t id;
    int epoll, wake, spare; // wake: eventfd; spare: given up for a moment when descriptors run out
    bool listening, gone;   // gone: told httpd_stop that no connection is left
    int64_t accept_at;      // when to listen again after descriptors ran out; 0 = not paused
    uint8_t phase;          // the phase that this loop has carried out
    int64_t now;            // of this round, refreshed at each request
    struct timers timers;
    struct link conns, deferred, dead;
    unsigned conn_count;
    _Atomic(struct exchange *) posted; // finished by workers, newest first
    struct exchange *free_exchanges;
    unsigned free_exchange_count;
    void *free_inputs; // INPUT_CHUNK blocks, linked through their first word
    unsigned free_input_count;
    struct buf out; // replies of the connection at work; empty between connections
    struct seeded_rng seed;
    struct rng rng;
    int64_t date_sec;
    char date[30];
};

enum phase { PHASE_RUN, PHASE_DRAIN, PHASE_CUT, PHASE_EXIT };

struct httpd { // immutable after start, but for what is marked
    struct httpd_options opt;
    struct http_app app;
    struct h1_limits limits;
    struct listener listener;
    struct tls_server *tls; // locks for itself
    struct loop *loops;
    unsigned loop_count, started;
    struct pool *pool;
    unsigned series_connections, series_rejected[REASON_COUNT_];
    char *listen, *name, *tls_cert, *tls_key;
    struct cidr *proxies;
    _Atomic unsigned phase;       // enum phase, set by httpd_start and httpd_stop
    _Atomic unsigned connections; // all, refused ones included
    struct lock lock;
    struct cond changed;
    unsigned loops_up, loops_failed, loops_empty, loops_cut, loops_deaf; // under lock
    bool hurry;                                                          // under lock: drain no longer
    struct map *addresses;                                               // under lock: address -> count
};

// ---- server.c
void server_reject_count(struct httpd *s, enum reject_reason why);
bool server_trusts(const struct httpd *s, struct ip peer);
// Counts the connection in. 0: welcome; else reject_reason + 1 to answer 503 with. False: no room even for that.
bool server_admit(struct httpd *s, struct ip peer, uint8_t *ret_refuse, bool *ret_counted);
void server_release(struct httpd *s, struct ip peer, bool counted);

// ---- loop.c
void *loop_main(void *arg);
bool loop_init(struct loop *l, struct httpd *s, struct error *err) MUST_CHECK;
void loop_done(struct loop *l);
void loop_wake(struct loop *l);                        // any thread
void loop_post(struct loop *l, struct exchange *x);    // any thread
void loop_defer(struct loop *l, struct conn *c);       // runs again in the next round
int64_t loop_clock(struct loop *l);                    // refreshes and gives now
struct exchange *exchange_get(struct loop *l);         // NULL when out of memory
void exchange_put(struct loop *l, struct exchange *x); // releases the reply
char *input_get(struct loop *l);                       // INPUT_CHUNK bytes, or NULL
void input_put(struct loop *l, char *p);

// ---- conn.c
void conn_open(struct loop *l, int fd, struct ip peer); // takes fd
void conn_drive(struct conn *c);                        // goes on as far as it can; may close it
void conn_timeout(struct conn *c);
void conn_posted(struct exchange *x); // the worker's reply is there
void conn_close(struct conn *c);      // keeps the memory until the worker is done and the round is over
void conn_drain(struct conn *c);      // the server stops: closes it when idle

// ---- io.c
enum io { IO_OK, IO_AGAIN, IO_EOF, IO_FAILED };
enum io io_fill(struct conn *c);  // one read into c->in
enum io io_flush(struct conn *c); // sends all that is queued
enum io io_discard(struct conn *c, size_t *ret_n);
struct buf *io_out(struct conn *c); // where the next bytes go
bool io_pending(struct conn *c);
bool io_keep(struct conn *c); // moves unsent bytes of loop->out to the connection; false: out of memory
void io_input_free(struct conn *c);
bool io_input_shrink(struct conn *c); // the loop's block goes back, the rest is kept in as little as needed

// ---- request.c
void request_fill(struct exchange *x, struct slice body);
void request_id_make(struct loop *l, char out[REQUEST_ID_LEN + 1]);

// ---- respond.c
enum step respond(struct conn *c); // c->x->rep is made: queues and, unless more requests wait, sends it
enum step respond_reject(struct conn *c, enum problem p, const char *detail, enum reject_reason why);
void respond_problem(struct exchange *x, enum problem p, const char *detail); // makes x->rep, and nothing else
enum step respond_held(struct conn *c); // CONN_HOLD: sends the reply once its time has come or the server stops
bool respond_continue(struct conn *c);
enum step respond_finished(struct conn *c); // all was sent

// ---- work.c
enum step work_dispatch(struct conn *c);
enum err work_start(struct httpd *s, struct error *err) MUST_CHECK;
