// SPDX-License-Identifier: Apache-2.0
// Records of what people ask Peerage to do in the cloud: intents, freezes, routes. Pure. Called by: store, core, api,
// reconcile, cli. Must never: do I/O, or decide what an action may do (core/judge.c does).
#pragma once

#include "model/network.h"
#include "model/principal.h"

enum action { ACTION_ACCEPT, ACTION_REJECT, ACTION_DELETE, ACTION_COUNT_ };
const char *action_name(enum action a); // "accept" …
bool action_parse(struct slice s, enum action *ret) MUST_CHECK;

// How an intent ended; the last is for what ended it from outside (its network was removed, a person cancelled it).
enum intent_end { INTENT_LIVE, INTENT_DONE, INTENT_FAILED, INTENT_DROPPED, INTENT_END_COUNT_ };
const char *intent_end_name(enum intent_end e); // "live", "done" …
bool intent_end_parse(struct slice s, enum intent_end *ret) MUST_CHECK;

struct intent {
    char id[OID_HEX + 1], connection_id[OID_HEX + 1], group_id[OID_HEX + 1], network_id[OID_HEX + 1];
    enum action action;
    struct wall requested, not_before, last_attempt;
    uint32_t attempts; // begun
    bool uncertain;    // an attempt was begun whose outcome is not known: describe first
    bool held;         // waits for a person: made before a restore, see core_intents_release
    uint64_t epoch;    // fencing: rises with each core_intent_begin
    enum intent_end end;
    struct wall ended;   // 0 = live
    struct slice reason; // of the last retry, or of the end
    enum principal_kind actor_kind;
    char actor[PRINCIPAL_NAME];
    struct slice rule; // the policy rule that asked, or empty
};

// No cloud writes: for everything (both ids ""), a group (network_id ""), or a network.
struct freeze {
    char group_id[OID_HEX + 1], network_id[OID_HEX + 1];
    struct wall since;
    struct slice why;
    char actor[PRINCIPAL_NAME];
};

enum peer_route_state {
    PEER_ROUTE_WANTED,
    PEER_ROUTE_MADE,
    PEER_ROUTE_REMOVING,
    PEER_ROUTE_CONFLICT,
    PEER_ROUTE_STATE_COUNT_
};
const char *peer_route_state_name(enum peer_route_state s); // "wanted" …
bool peer_route_state_parse(struct slice s, enum peer_route_state *ret) MUST_CHECK;
#define ROUTE_TABLE_ID AWS_RES_ID
struct peer_route {
    char connection_id[OID_HEX + 1], network_id[OID_HEX + 1], group_id[OID_HEX + 1];
    char table_id[ROUTE_TABLE_ID], cidr[CIDR_STR];
    enum peer_route_state state;
    bool ours;         // a call of ours made it
    struct wall tried; // a call to make it was begun (core_route_begin), whatever came of it; 0 = never
    struct wall changed, not_before;
    struct slice reason; // CONFLICT or last failure
};

// What is to be set once on a connection that we accepted and that turned active; a row lives until it is set.
enum finish_kind { FINISH_DNS, FINISH_NAME, FINISH_KIND_COUNT_ };
const char *finish_kind_name(enum finish_kind k); // "dns", "name"
bool finish_kind_parse(struct slice s, enum finish_kind *ret) MUST_CHECK;
struct finish {
    char connection_id[OID_HEX + 1], network_id[OID_HEX + 1], group_id[OID_HEX + 1];
    enum finish_kind kind;
    struct slice value; // of the tag Name
    struct wall since, not_before;
    struct slice reason; // of the last failure that was told
};
// AWS' quotas when nobody has had them raised (aws: VPC user guide, "Quotas").
#define PEERING_QUOTA 50 // active peerings of a VPC
#define ROUTE_QUOTA   50 // routes of a family in a table
// What a network asks of the connections that are accepted for it.
struct network_options {
    bool dns;                            // the requester's VPC resolves our public names to private addresses
    struct slice name_tag;               // template (model/name_tag.h); empty = none
    uint32_t peering_limit, route_limit; // AWS' quotas of this account; 0 = AWS' default
};

// One block of a requester, and whether routes to it may be made.
struct peer_cidr {
    char cidr[CIDR_STR];
    bool approved;
    struct wall since;
};
