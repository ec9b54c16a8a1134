// SPDX-License-Identifier: Apache-2.0
// Deterministic simulation: one seed is one play of scanner, actuator, core and store against the simulated cloud, on a
// fake clock and on one thread. What the files of this program share.
// Called by: tests/sim only. Must never: read a real clock, draw from anything but the seed, or be linked into peerage.
//
// How it works: src/ is linked as it is, but for functions that the linker replaces (--wrap, see wraps.h): HTTP goes to
// ec2sim/inproc.h, jobs and pools to a scheduler that picks among what is ready, SQLite to a file system in memory.
// While a call to the cloud is under way, others may run (nested), as other threads would. A crash freezes the files
// and refuses everything until the stack has unwound; what callers hear meanwhile is discarded.
#pragma once

#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/rand.h"
#include "cloud/cloud.h"
#include "core/action.h"
#include "ec2sim/inproc.h"
#include "model/policy.h"
#include "model/webhook.h"
#include "net/httpc.h"
#include "notice/notice.h"
#include "reconcile/actuator.h"
#include "reconcile/reconcile.h"

#define ACCEPTER   "111111111111"
#define OTHER      "222222222222" // requester, and accepter of the observed network
#define REQUESTER  "333333333333"
#define HERE       "us-east-1"
#define THERE      "eu-west-1"
#define MINUTE_NS  (60 * NS_PER_SEC)
#define HOUR_NS    (60 * MINUTE_NS)
#define NESTED_MAX 3
#define STORE_PATH "/simulation/db"

// ---- what is known of one network and one peering, apart from the store --------------------------------------------
#define NETS_MAX   5
#define TABLES_MAX 2
struct net {
    char id[OID_HEX + 1], group_id[OID_HEX + 1], vpc_id[AWS_RES_ID];
    const char *account, *region;
    bool manage, there; // there: bound now; it can be removed, and does not come back
    int64_t removed_ns;
    bool dns, tag;      // what it asks of the connections that are accepted for it, from the beginning
    bool wrong_account; // its credentials are another account's: nothing may ever be done
    bool is_protected, frozen;
    char tables[TABLES_MAX][ROUTE_TABLE_ID];
    unsigned table_count;      // of the VPC
    unsigned named;            // bits: tables that the network names now
    int64_t tables_unclear_ns; // an answer about its tables was lost then
};

#define BLOCKS_MAX 12
struct peer { // by pcx-…
    char name[AWS_RES_ID];
    struct net *net;
    uint32_t said; // bits of enum cloud_status that a reply has carried
    // as the audit log tells it
    bool known, listed;
    enum local_status local;
    enum cloud_status cloud;
    bool is_protected;
    char approved[BLOCKS_MAX][CIDR_STR];
    unsigned approved_n;
    // of each action
    struct {
        bool sent;    // a call may have reached EC2 and nobody has looked since
        bool refused; // EC2 said no for good since the request
        bool begun;   // core recorded an attempt of this life
        bool owed;    // answered with 202 and not ended
        bool could;   // EC2 would have done it when it was asked for
        unsigned effects;
    } act[ACTION_COUNT_];
    bool ours, finishes; // AWS accepted it for us; and it has turned active then
    unsigned approvers;  // bits of persons (tenants.c) who have asked to accept it
    int64_t discovered_ns, requested_ns;
    struct wall ended; // by our clock
    bool held_over;    // a restore-like hold has touched its intent
};

struct made { // a route of ours, by the replies and effects in the cloud
    char table[ROUTE_TABLE_ID], cidr[CIDR_STR], pcx[AWS_RES_ID];
    bool unclear; // people have made the same since: it may stay or go
};

// ---- what is known of projects, expected requests and webhooks, by what the audit log says
#define RULES_MAX    8
#define PERSONS      4
#define AWAITED_MAX  256
#define HOOKS_MAX    4
#define MESSAGES_MAX 8192
struct project {
    bool policy;    // enabled
    unsigned rules; // bits: of the catalogue of tenants.c, in force
    unsigned accepts;
};
struct awaited {
    char id[OID_HEX + 1], account[ACCOUNT_ID];
    unsigned project;
    struct wall until;
    bool gone;
};
struct hook {
    char id[OID_HEX + 1], url[64], secret[WEBHOOK_SECRET_TEXT];
    int project;    // -1: all
    bool elsewhere; // of the other organisation, which has no connections
    notice_set notices;
    bool on;
};
struct message { // that a hook has to be sent
    char event[OID_HEX + 1], subject[OID_HEX + 1];
    unsigned hook;
    enum notice notice;
    bool taken; // the receiver said so
};

struct knobs {
    uint64_t seed, steps; // steps 0 = 24 hours
    unsigned ops, hours;
    unsigned outage; // hours without EC2 instead of a day; 0 = a day
    const char *bug; // NULL = none
    bool trace;
    bool warming; // memory is not compared
};

enum phase { PHASE_RUN, PHASE_QUIET };

struct play {
    struct knobs knobs;
    unsigned bug; // index into bugs.def, 0 = none
    enum phase phase;
    struct seeded_rng seeded, process_seeded;
    struct rng rng;         // of the script
    struct rng process_rng; // of what is tested
    struct clock clock;
    int64_t now_ns, wall_off_us; // fake monotonic time; what our wall clock is wrong by
    uint64_t steps;
    uint64_t digest;
    int depth, no_nest;

    // the cloud
    struct ec2sim_world *world;
    struct net nets[NETS_MAX];
    unsigned net_count;
    struct net *wrong; // of nets, or NULL
    char org_id[OID_HEX + 1], groups[2][OID_HEX + 1];
    struct project projects[2]; // of groups
    struct awaited awaited[AWAITED_MAX];
    unsigned awaited_n;
    struct hook hooks[HOOKS_MAX];
    unsigned hook_n;
    struct message *messages;
    unsigned message_n, message_open; // all before message_open are taken
    bool receiver_well, some_dead;    // dead: given up, or dropped
    struct keyring *keys;
    struct peer *peers[65536];
    unsigned peer_count;
    struct map *peer_by_name;
    struct made *made;
    unsigned made_n, made_cap;
    struct made *undone; // routes that people deleted by hand: theirs to decide, and not made again
    unsigned undone_n, undone_cap;
    char requesters[8][AWS_RES_ID]; // VPCs
    unsigned requester_count;
    unsigned blocks_added;
    char hand_pcx[AWS_RES_ID]; // somebody who accepted it at the console makes its route there as well

    // the process
    bool alive, dead; // dead: it has crashed and its stack unwinds
    unsigned life;
    struct store *store;
    struct store_reader *reader; // ours, for checks and for what clients read
    struct core *core;
    struct cloud *cloud;
    struct scanner *scanner;
    struct actuator *actuator;
    struct notifier *notifier;
    int64_t crash_at_call; // counts down at calls to the cloud; 0 = off
    bool crash_after;      // the call that it falls on still takes effect
    bool freeze_all, freeze_group[2];
    bool was_restored;

    // the script
    int64_t next_client, next_cloud, next_fault, next_crash, next_wake, next_hand, store_well_at, away_until,
        away_since, stale_until;
    unsigned client_ops, faults, crashes, cloud_ops, fault_kinds;
    bool unreachable, freeze_soon, accept_new;

    // the checks
    int64_t seen_seq;
    uint64_t checked_writes, full_checks;
    struct arena *arena;
    unsigned calls_window;
    int64_t window_ns;
    unsigned wakes; // in that minute: scans that people asked for
    uint64_t calls;
    uint64_t outage_calls;
    unsigned outage_waiting; // actions, at most
    char broken[600];        // what broke; "" = nothing
    uint64_t broken_step;
};
extern struct play *playing; // link-time replacements have no context of their own

// ---- play.c: the scheduler and the life of the process
bool play_run(const struct knobs *k, struct play *ret); // false: something broke
void play_broke(struct play *p, const char *fmt, ...) PRINTF_LIKE(2, 3);
void play_note(struct play *p, const char *what, const char *detail, int64_t n); // into the digest and the trace
void play_until(struct play *p, int64_t ns);                                     // runs what is ready until then
void play_crash(struct play *p, const char *where);
uint64_t draw(struct play *p, uint64_t n); // [0, n)
bool chance(struct play *p, unsigned one_in);
struct wall play_wall(const struct play *p);  // ours
struct wall cloud_wall(const struct play *p); // AWS'
struct mono fake_mono(void *ctx);
struct wall fake_wall(void *ctx);

// ---- threads.c
bool threads_ready(void);
void threads_run_one(struct play *p); // something ready, picked by the seed
int64_t threads_next(void);           // when a job is due; INT64_MAX = none
void threads_check_gone(void);

// ---- process.c
void process_start(struct play *p);
void process_stop(struct play *p); // also after a crash
void process_set_up(struct play *p);

// ---- memvfs.c
void memvfs_register(void);
void memvfs_reset(void);              // all files gone
void memvfs_keep_template(void);      // the files as they are now …
bool memvfs_from_template(void);      // … and again; false: none was kept
void memvfs_freeze(bool on);          // writes fail from now on and change nothing: the process has crashed
void memvfs_crash_at(int64_t writes); // play_crash in so many writes; 0 = off
void memvfs_full(bool on);            // no room
void memvfs_reopen(void);             // after a crash: locks and shared memory are gone
uint64_t memvfs_writes(void);
void memvfs_small_pages(void);            // before anything is in the store
void memvfs_hold_intents(int64_t now_us); // as a restore does

// ---- heap.c
void *heap_take(size_t n);
void *heap_again(void *p, size_t n);
void heap_give(void *p);
size_t heap_size(void *p);
size_t heap_live(void); // bytes

// ---- script.c: clients, people at the console, faults
void script_set_up(struct play *p);
void script_world(struct play *p); // before the process: VPCs and tables
int64_t script_next(const struct play *p);
void script_run_due(struct play *p);
void script_calm(struct play *p); // the faults end
void client_op(struct play *p);
void cloud_op(struct play *p);
void fault_op(struct play *p);

// ---- tenants.c: what tenants do with policies, approvals, expected requests, webhooks, networks
extern const struct actor persons[PERSONS];
struct rule_kind {
    const char *name;
    enum policy_action action;
    const char *account; // "*" = any
};
extern const struct rule_kind rule_kinds[RULES_MAX];
void tenants_set_up(struct play *p);
void tenants_op(struct play *p);
bool tenants_start(struct play *p, struct error *err); // with the process

// ---- rules.c: what must hold of that
void rules_event(struct play *p, const struct event_row *e);                     // any
void rules_requested(struct play *p, const struct event_row *e, struct peer *r); // somebody has asked, or a rule
void rules_final(struct play *p);

// ---- hooks.c: their messages, and the receiver
void hooks_event(struct play *p, const struct event_row *e, const struct peer *r, enum cloud_status was,
                 enum local_status local); // r NULL: not about a connection; was and local: before it
bool hooks_receive(struct play *p, const struct httpc_request *q, int *ret_status, bool *ret_lost); // false: not for us
void hooks_final(struct play *p);

// ---- transport.c
struct slice form_param(struct slice body, const char *name);
struct ec2sim_answer cloud_call(struct play *p, const char *who, const char *region, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

// ---- check.c, final.c
struct peer *peer_of(struct play *p, struct slice name, bool make);
void check_step(struct play *p);  // what was written since the last time
void check_full(struct play *p);  // everything
void check_final(struct play *p); // after the faults have ended
bool check_call(struct play *p, const char *account, const char *action, struct slice body);
void check_effect(struct play *p, const char *account, const char *action, struct slice body, bool delivered,
                  int status, struct slice reply);
void check_delivered(struct play *p, const char *action, struct slice asked, int status, struct slice reply);
void check_taken(struct play *p, const char *name, enum action a);
bool net_is_frozen(const struct play *p, const struct net *n);
// What the live route to that very block leads to; NULL = there is none.
const char *route_target(const struct play *p, const char *table, const char *cidr);
struct made *made_of(struct play *p, struct slice table, const char *cidr);
void made_add(struct made **list, unsigned *n, unsigned *cap, const char *table, const char *cidr, const char *pcx);
void check_restart(struct play *p);

bool detail_text(struct slice detail, const char *key, struct slice *ret); // a member's string

// ---- outage.c
void outage_run(struct play *p);

// ---- bugs.c
unsigned bug_find(const char *name);
const char *bug_name(unsigned i); // NULL past the end; from 1
