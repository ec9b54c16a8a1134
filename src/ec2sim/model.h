// SPDX-License-Identifier: Apache-2.0
// The simulated cloud: VPCs, route tables, peerings and tags of all accounts and Regions, and the rules of their lives.
// Called by: ec2sim/ec2*.c (Query API), server.c, inproc.c, persist.c.
// Must never: read a clock, draw randomness of its own, do I/O, or lock (the caller serialises).
//
// Time: every call takes `now` of the simulated clock, which never runs backwards. A peering keeps the instants of its
// events only; the state is computed from them on each read, so nothing has to fire when a week passes.
// Sources: "Amazon VPC peering guide" (lifecycle, windows, quotas), EC2 API reference; test_facts.c says how sure.
#pragma once

#include "base/buf.h"
#include "base/cidr.h"
#include "base/clock.h"
#include "base/map.h"
#include "base/rand.h"
#include "ec2sim/settings.h"

#define SIM_ACCOUNT_STR 13 // 12 digits
#define SIM_REGION_STR  32
#define SIM_ID_STR      24 // "pcx-" + 17 hex digits, and room
#define SIM_ASSOC_STR   40 // "vpc-cidr-assoc-" + 17 hex digits

// What EC2 answers when it refuses. Every operation below returns false with this filled, or true with it untouched.
struct ec2_error {
    int status;
    char code[72];
    char message[400];
};
bool ec2_fail(struct ec2_error *e, int status, const char *code, const char *fmt, ...) PRINTF_LIKE(4, 5);
bool ec2_fail_nomem(struct ec2_error *e); // 500 InternalError; both always return false

struct sim_caller {
    char account[SIM_ACCOUNT_STR], region[SIM_REGION_STR];
};

struct sim_tag {
    char *key, *value;
};
struct sim_tags {
    struct sim_tag *v;
    unsigned n;
};
#define SIM_TAGS_MAX 50

struct sim_block {
    struct cidr cidr;
    char assoc[SIM_ASSOC_STR];
};
#define SIM_BLOCKS_MAX 10

// A route to a peering. The local routes are not stored: they are the VPC's blocks, at every moment.
struct sim_route {
    struct cidr to;
    char pcx[SIM_ID_STR];
    struct wall created, deleted; // deleted: 0, or kept for readers that see an older state
};
struct sim_table {
    uint64_t seq;
    char id[SIM_ID_STR], vpc_id[SIM_ID_STR];
    struct sim_caller owner;
    bool is_main;
    char assoc[SIM_ASSOC_STR]; // of the main table; "" = none (subnets are not modelled)
    struct wall created;
    struct sim_route *routes; // in the order of creation
    unsigned route_count, route_cap;
    struct sim_tags tags;
};
#define SIM_STALE_MAX_S 86400 // no reader sees a state that is older
#define SIM_GHOSTS_MAX  64    // deleted routes that one table keeps for them

struct sim_vpc {
    uint64_t seq; // order of creation: the order of pages
    char id[SIM_ID_STR];
    struct sim_caller owner;
    struct sim_block *blocks; // the first IPv4 one is the primary
    unsigned block_count;
    struct wall created;
    struct sim_table *main; // owned by the list of tables
    struct sim_tags tags;
};

struct sim_side {
    struct sim_caller at;
    char vpc_id[SIM_ID_STR];
    bool dns; // AllowDnsResolutionFromRemoteVpc
};
struct sim_peering {
    uint64_t seq;
    char id[SIM_ID_STR];
    struct sim_side requester, accepter;
    struct sim_tags requester_tags, accepter_tags; // per account and Region; one set (requester's) when both are equal
    bool doomed;                                   // will fail: overlap, or wrong VPC, account or Region
    bool deleted_by_requester;
    // Instants, 0 = not (yet). Those with a delay are fixed when the event happens, so later settings do not move them.
    struct wall created, decided /* leaves initiating-request */, expires, accepted, active, rejected, deleted, gone;
};

enum sim_state {
    SIM_INITIATING,
    SIM_FAILED,
    SIM_PENDING,
    SIM_EXPIRED,
    SIM_REJECTED,
    SIM_PROVISIONING,
    SIM_ACTIVE,
    SIM_DELETING,
    SIM_DELETED,
    SIM_STATE_COUNT_
};
const char *sim_state_code(enum sim_state s); // "initiating-request"…

struct sim {
    struct sim_peering **peerings; // by seq
    size_t peering_count, peering_cap;
    struct sim_vpc **vpcs; // by seq
    size_t vpc_count, vpc_cap;
    struct sim_table **tables; // by seq
    size_t table_count, table_cap;
    struct map *peering_by_id, *vpc_by_id, *table_by_id;
    uint64_t next_seq;
    size_t purge_at; // peering_count that starts the next sweep
    struct ec2sim_settings settings;
    struct rng rng;
};
bool sim_init(struct sim *m, const struct rng *rng, const struct ec2sim_settings *set) MUST_CHECK; // false: no memory
void sim_done(struct sim *m);

// ---- reading (lifecycle.c)
enum sim_state sim_state_at(const struct sim_peering *p, struct wall now);
enum sim_state sim_state_seen(const struct sim *m, const struct sim_peering *p, struct wall now); // by a stale reader
enum sim_role { SIM_NOBODY, SIM_REQUESTER, SIM_ACCEPTER, SIM_BOTH }; // of an account and Region towards a peering
enum sim_role sim_role_of(const struct sim_peering *p, const struct sim_caller *who);
// What one caller sees of one peering at one time.
struct sim_view {
    const struct sim_peering *p;
    enum sim_state state;
    char message[96];      // "" = no message
    struct wall expires;   // 0 = not shown
    bool requester_blocks; // CIDR blocks and options of that side are shown
    bool accepter_blocks;
    const struct sim_vpc *requester_vpc, *accepter_vpc; // NULL when gone
    const struct sim_tags *tags;                        // the caller's own
};
// False when this caller does not see it (not a side, not propagated yet, window over).
bool sim_view(const struct sim *m, const struct sim_peering *p, const struct sim_caller *who, struct wall now,
              struct sim_view *ret);
// A view of the record as a reply to Create or Accept shows it: the given state, whatever the delays.
void sim_view_as(const struct sim *m, const struct sim_peering *p, const struct sim_caller *who, enum sim_state state,
                 struct sim_view *ret);
// First peering with seq > after that the caller sees, or NULL.
const struct sim_peering *sim_peering_next(const struct sim *m, const struct sim_caller *who, struct wall now,
                                           uint64_t after, struct sim_view *ret);
const struct sim_vpc *sim_vpc_next(const struct sim *m, const struct sim_caller *who, uint64_t after);
// By id, as the caller sees it. On false the error is …Malformed or ….NotFound.
bool sim_peering_get(const struct sim *m, const struct sim_caller *who, struct wall now, struct slice id,
                     struct sim_view *ret, struct ec2_error *e) MUST_CHECK;
bool sim_vpc_get(const struct sim *m, const struct sim_caller *who, struct slice id, const struct sim_vpc **ret,
                 struct ec2_error *e) MUST_CHECK;
bool sim_id_valid(struct slice id, const char *prefix); // prefix, then 8 or 17 lower-case hex digits

// ---- changing VPCs (model.c)
struct sim_vpc_spec {
    struct cidr blocks[SIM_BLOCKS_MAX];
    unsigned block_count;
    struct slice id; // empty = made up
};
bool sim_vpc_create(struct sim *m, const struct sim_caller *who, struct wall now, const struct sim_vpc_spec *spec,
                    struct sim_vpc **ret, struct ec2_error *e) MUST_CHECK;
bool sim_vpc_associate(struct sim *m, const struct sim_caller *who, struct wall now, struct slice id, struct cidr block,
                       const struct sim_block **ret, struct ec2_error *e) MUST_CHECK;
bool sim_vpc_delete(struct sim *m, const struct sim_caller *who, struct wall now, struct slice id, bool dry_run,
                    struct ec2_error *e) MUST_CHECK;
bool sim_ipv6_block(struct sim *m, struct cidr *ret); // an Amazon-provided /56

// ---- changing peerings (peering.c). dry_run: all checks, no effect, true when it would have worked.
struct sim_peering_spec {
    struct slice vpc_id, peer_vpc_id, peer_account, peer_region; // the last two may be empty: the caller's own
};
bool sim_peering_create(struct sim *m, const struct sim_caller *who, struct wall now,
                        const struct sim_peering_spec *spec, bool dry_run, struct sim_peering **ret,
                        struct ec2_error *e) MUST_CHECK;
bool sim_peering_accept(struct sim *m, const struct sim_caller *who, struct wall now, struct slice id, bool dry_run,
                        struct sim_peering **ret, struct ec2_error *e) MUST_CHECK;
bool sim_peering_reject(struct sim *m, const struct sim_caller *who, struct wall now, struct slice id, bool dry_run,
                        struct ec2_error *e) MUST_CHECK;
bool sim_peering_delete(struct sim *m, const struct sim_caller *who, struct wall now, struct slice id, bool dry_run,
                        struct ec2_error *e) MUST_CHECK;
// -1 = leave alone, 0 = false, 1 = true.
bool sim_peering_options(struct sim *m, const struct sim_caller *who, struct wall now, struct slice id,
                         int requester_dns, int accepter_dns, bool dry_run, struct sim_peering **ret,
                         struct ec2_error *e) MUST_CHECK;
// n pending or active peerings towards a VPC, past quotas, each from a VPC of its own. False: no memory or no such VPC.
bool sim_bulk(struct sim *m, const struct sim_caller *requester, const struct sim_caller *accepter, struct wall now,
              struct slice accepter_vpc, uint32_t n, bool active, struct ec2_error *e) MUST_CHECK;
// Frees peerings that nobody can see any more. Called by itself when the count has doubled.
void sim_purge(struct sim *m, struct wall now);

// ---- route tables (routes.c). DescribeRouteTables shows routes and their states as old as staleSeconds says.
struct sim_table_view {
    const struct sim *m;
    const struct sim_table *t;
    const struct sim_vpc *vpc;
    struct wall now;
};
struct sim_route_view {
    struct cidr to;
    const char *pcx; // NULL = local
    bool active;     // else blackhole
};
struct sim_table_view sim_table_view(const struct sim *m, const struct sim_table *t, struct wall now);
// Walks the local routes, then the others; *at begins as 0. False past the end.
bool sim_route_next(const struct sim_table_view *v, unsigned *at, struct sim_route_view *ret);
// By id, as the caller sees it. On false the error is …Malformed or ….NotFound.
bool sim_table_get(const struct sim *m, const struct sim_caller *who, struct slice id, struct sim_table **ret,
                   struct ec2_error *e) MUST_CHECK;
const struct sim_table *sim_table_next(const struct sim *m, const struct sim_caller *who, uint64_t after);
bool sim_table_create(struct sim *m, const struct sim_caller *who, struct wall now, struct slice vpc_id, bool dry_run,
                      struct sim_table **ret, struct ec2_error *e) MUST_CHECK;
bool sim_table_delete(struct sim *m, const struct sim_caller *who, struct slice id, bool dry_run,
                      struct ec2_error *e) MUST_CHECK;
struct sim_route_spec {
    struct slice table_id, pcx_id;
    struct cidr to;
};
bool sim_route_create(struct sim *m, const struct sim_caller *who, struct wall now, const struct sim_route_spec *spec,
                      bool dry_run, struct ec2_error *e) MUST_CHECK;
bool sim_route_replace(struct sim *m, const struct sim_caller *who, struct wall now, const struct sim_route_spec *spec,
                       bool dry_run, struct ec2_error *e) MUST_CHECK;
bool sim_route_delete(struct sim *m, const struct sim_caller *who, struct wall now, const struct sim_route_spec *spec,
                      bool dry_run, struct ec2_error *e) MUST_CHECK; // without pcx_id
// For model.c: the main table of a new VPC, unstored; NULL = no memory.
struct sim_table *sim_table_new(struct sim *m, const struct sim_vpc *v, struct wall now, bool is_main);
void sim_table_drop(struct sim *m, struct sim_table *t); // out of the list, and freed
bool sim_vpc_has_other_tables(const struct sim *m, const struct sim_vpc *v);
// A route of one of the VPC's tables lies in the block, so that the block cannot become the VPC's own.
bool sim_block_hits_route(const struct sim *m, const struct sim_vpc *v, struct cidr block);

// ---- tags (tags.c)
struct sim_tag_arg {
    struct slice key, value;
    bool has_value; // DeleteTags: without one any value fits
};
bool sim_tags_check(const struct sim_tags *now_there, const struct sim_tag_arg *args, unsigned n,
                    struct ec2_error *e) MUST_CHECK;
bool sim_tags_put(struct sim_tags *t, struct slice key, struct slice value) MUST_CHECK; // false: no memory
void sim_tags_drop(struct sim_tags *t, const struct sim_tag_arg *args, unsigned n);     // n = 0 drops all
void sim_tags_free(struct sim_tags *t);
const char *sim_tag_find(const struct sim_tags *t, struct slice key); // value or NULL
// The caller's tag set of a resource, by id. NotFound as the resource's own; InvalidID for other prefixes.
bool sim_tags_of(struct sim *m, const struct sim_caller *who, struct wall now, struct slice id, struct sim_tags **ret,
                 struct ec2_error *e) MUST_CHECK;

// ---- for persist.c: put back a record as it was. Takes ownership on true.
bool sim_restore_vpc(struct sim *m, struct sim_vpc *v) MUST_CHECK;
bool sim_restore_peering(struct sim *m, struct sim_peering *p) MUST_CHECK;
bool sim_restore_table(struct sim *m, struct sim_table *t) MUST_CHECK; // after its VPC
// A VPC of a state file that has no route tables yet gets its main one. False: no memory.
bool sim_restore_main(struct sim *m, struct sim_vpc *v) MUST_CHECK;
bool sim_route_put(struct sim_table *t, const struct sim_route *r) MUST_CHECK; // without checks; false: no memory
void sim_table_free(struct sim_table *t);
void sim_vpc_free(struct sim_vpc *v);
void sim_peering_free(struct sim_peering *p);
struct sim_peering *sim_peering_find(const struct sim *m, struct slice id); // whoever asks; NULL
struct sim_vpc *sim_vpc_find(const struct sim *m, struct slice id);
struct sim_table *sim_table_find(const struct sim *m, struct slice id);
// A fresh id: prefix and 17 hex digits, not in use.
void sim_new_id(struct sim *m, const char *prefix, char *out, size_t cap);
