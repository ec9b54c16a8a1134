// SPDX-License-Identifier: Apache-2.0
// Domain operations: the only caller of domain writes (organisations, groups, networks, connections, their events).
// Called by: reconcile (scan results), app and cli (administration), later api (actions). Must never: know HTTP, EC2 or
// SQL, do I/O besides the store's, or let a stored localStatus be assigned outside core/transition.c.
//
// Every operation is one store transaction: the rows and their audit events are committed together or not at all.
// Thread-safe unless said otherwise; each call blocks until its commit. Errors of every write: those of store_write.
#pragma once

#include "base/rand.h"
#include "store/store.h"

struct core;

// store, clock and rng must outlive the core. rng is used on the store's writer thread only.
enum err core_open(struct store *s, const struct clock *clock, const struct rng *rng, struct core **ret,
                   struct error *err) MUST_CHECK;
void core_close(struct core **c); // NULL-safe; no call may be running

// ---- listener: app connects it to the scanner's wake-up and to caches -------------------------------------
enum core_change_kind {
    CORE_NETWORKS_CHANGED,
    CORE_CONNECTIONS_CHANGED,
    CORE_GROUPS_CHANGED,
    CORE_INTENTS_CHANGED,  // an intent or a route may be due now: reconcile wakes at once
    CORE_WEBHOOKS_CHANGED, // a delivery may be due now. Changes of connections and networks may have made some too
};
struct core_change {
    enum core_change_kind kind;
    const char *group_id;   // "" = none (an organisation)
    const char *network_id; // "" = none
};
// Called after the commit, on the thread that ran the operation, without a lock held; never for an operation that
// changed nothing. It must return soon and may not call core. One listener; set it before other threads use core.
typedef void (*core_listener)(void *ctx, const struct core_change *change);
void core_on_change(struct core *c, core_listener fn, void *ctx);

// ---- organisations and groups (their changes and ends: core/tenants.h) -------------------------------------
// Names: 1..64 of Unicode letters, digits and -_.(),:&@+' (the pattern of the OpenAPI document's Group.name, which has
// no space). ERR_INVALID says what is wrong; ERR_EXISTS: name taken.
enum err core_org_create(struct core *c, const struct actor *by, struct slice name, struct org *ret,
                         struct error *err) MUST_CHECK;
enum err core_group_create(struct core *c, const struct actor *by, const char *org_id, struct slice name,
                           struct group *ret, struct error *err) MUST_CHECK; // ERR_NOT_FOUND: no such organisation

// ---- persons -----------------------------------------------------------------------------------------------
// What those in a group of the OpenID Connect provider may do in a scope, the organisation or one of its groups:
// replaces what they could there; no roles: nothing any more. claim_group: 1 to 255 bytes of UTF-8 without control
// characters. ERR_INVALID: it is not, or a role is of the other kind of scope. ERR_NOT_FOUND: no such organisation, or
// scope in it.
enum err core_person_grant(struct core *c, const struct actor *by, const char *org_id, struct slice claim_group,
                           const struct grant *g, struct error *err) MUST_CHECK;

// ---- networks ----------------------------------------------------------------------------------------------
struct network_edit { // what is not set stays
    bool set_mode, set_protected, set_dns, set_name_tag, set_peering_limit, set_route_limit, set_tables;
    bool make_default; // the only way: another one of the region is made the default instead
    enum network_mode mode;
    bool is_protected, dns;
    struct slice name_tag;               // template; empty = none
    uint32_t peering_limit, route_limit; // 0 = AWS' default
    const char *const *tables;           // "rtb-…"
    unsigned n_tables;
};
struct network_new {
    const char *group_id;
    struct slice account_id, region, vpc_id; // "123456789012", "us-east-1", "vpc-…"
    struct slice cidrs;                      // space-separated, may be empty (the first scan fills it)
    enum identity_kind identity;
    struct slice identity_ref; // role ARN of the same account, profile name, or empty for ambient
    enum network_mode mode;
    bool make_default; // take over accountDetails for its group and region; the first in a region is default anyway
    const struct network_edit *edit; // settings to make with it, or NULL
};
// ERR_INVALID: a field is wrong (named). ERR_NOT_FOUND: no such group. ERR_EXISTS: the VPC is bound already (the
// detail names the group). *ret lives in `a`.
enum err core_network_add(struct core *c, const struct actor *by, const struct network_new *n, struct arena *a,
                          struct network *ret, struct error *err) MUST_CHECK;
// All of it in one transaction, with its events. ERR_INVALID: a wrong value, or one that writes to AWS for a network
// that is observed. ERR_CONFLICT: to be observed while something is left to be written, or protection that several must
// lift. ERR_DENIED: to be managed with the server's own credentials, and `by` is neither local nor the operator.
// ERR_NOT_FOUND.
enum err core_network_edit(struct core *c, const struct actor *by, const char *network_id, const struct network_edit *e,
                           struct error *err) MUST_CHECK;
// Its connections leave the lists and stay as history; the oldest other network of the region becomes default.
// Its live intents are dropped and the routes that were made stay in AWS (the event counts both).
// ERR_NOT_FOUND. ERR_CONFLICT: it is protected. ERR_DENIED: several must ask in its group, and `by` is neither local
// nor the operator. Listing is a plain read: store_networks.
enum err core_network_remove(struct core *c, const struct actor *by, const char *network_id,
                             struct error *err) MUST_CHECK;

// ---- scan results ------------------------------------------------------------------------------------------
// Made by the pure plan(stored, observed, complete, now) of reconcile and applied here.
enum change_kind {
    CHANGE_SEEN_NEW,     // stored NULL: no row of that name in the network
    CHANGE_SEEN_CHANGED, // row and observation differ in anything that is stored
    CHANGE_REAPPEARED,   // was missing or unlisted and is seen again; the observation is recorded too
    CHANGE_MISSING,      // absent from a complete scan for the first time: the mark is set
    CHANGE_LOST,         // absent from two complete scans at least VANISH_AFTER_US apart. A question, not a result: the
                         // scanner asks the cloud by id and makes it VANISHED (NotFound) or REAPPEARED; core skips it
    CHANGE_VANISHED,     // LOST, and NotFound by id: leaves the list
    CHANGE_UNLIST,       // terminal for as long as cloud_status_window_us says: leaves the list
    CHANGE_KIND_COUNT_
};
#define VANISH_AFTER_US (60 * US_PER_SEC)
// Both pointers must stay valid until core_scan_applied returns. `stored` is what plan compared; core reads the row
// again in its transaction, so that an API action between the two is not overwritten.
struct change {
    enum change_kind kind;
    const struct connection *stored; // NULL for SEEN_NEW
    const struct observed *seen;     // NULL for MISSING, LOST, VANISHED, UNLIST
};

// Where the record stands: the seq of the last event. The scanner takes it before its Describe begins. What the cloud
// said may be older than what was recorded after that moment, so core_scan_applied leaves alone the rows that have an
// event since; the next scan sees them again. No clock is asked, so that a stepped one does not matter.
enum err core_scan_begin(struct store_reader *r, int64_t *ret_as_of, struct error *err) MUST_CHECK;
#define CORE_AS_OF_NOW INT64_MAX // nothing can have been recorded since

// One successful scan of one network: all its changes, the scan state and the events in one transaction. `net` is the
// row as the scanner read it before the scan. vpc_cidrs: the VPC's blocks from DescribeVpcs, empty = not said.
// Absent CIDRs never overwrite stored ones. A scan that changes nothing writes no connection row, does not raise
// store_generation, and writes the scan state at most once per SCAN_STATE_QUIET_US.
// ERR_NOT_FOUND: the network was removed meanwhile (nothing is recorded).
#define SCAN_STATE_QUIET_US (60 * US_PER_SEC)
enum err core_scan_applied(struct core *c, const struct network *net, int64_t as_of, const struct change *changes,
                           size_t n, struct slice vpc_cidrs, struct error *err) MUST_CHECK;
// One failed scan. denied: the cloud refused our identity or permissions (SCAN_FAILED at once); otherwise after
// SCAN_FAILURES_MAX in a row. reason: one sentence that says why and what to do, the same for the same cause (no
// request ids or times: a new text is a new event and a new list generation); cut at 400 bytes.
#define SCAN_FAILURES_MAX 3
enum err core_scan_failed(struct core *c, const struct network *net, bool denied, struct slice reason,
                          struct error *err) MUST_CHECK;
