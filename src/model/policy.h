// SPDX-License-Identifier: Apache-2.0
// Policy of a group: ordered rules and expected requests, and the one pure function that decides what becomes of a
// pending request. Called by: core (applies it), store (rows), cli (test and dry-run).
// Must never: do I/O, read a clock, or accept what a check has not passed.
//
// Order: an expected request that matches accepts; else the first rule that matches acts; else the request is held.
// An accept, by whichever, needs every check passed; one that fails holds. What cannot be known yet holds too: a rule
// that asks for CIDR blocks is never skipped because a request has not told its own.
#pragma once

#include "model/action.h"

enum policy_action { POLICY_HOLD, POLICY_ACCEPT, POLICY_REJECT, POLICY_HAND_OVER, POLICY_ACTION_COUNT_ };
const char *policy_action_name(enum policy_action a); // "hold", "accept", "reject", "hand-over"
bool policy_action_parse(struct slice s, enum policy_action *ret) MUST_CHECK;

#define POLICY_NAME       64          // of a rule, with NUL: 1 to 63 of A-Z a-z 0-9 . _ -
#define POLICY_RULES_MAX  200         // of a group
#define POLICY_LIST_MAX   100         // accounts, VPCs or blocks of a rule
#define EXPECTED_OPEN_MAX 1000        // of a group: neither used nor past
#define EXPECTED_TEXT_MAX 200         // bytes of owner and ticket
#define EXPECTED_RULE     "expected:" // and the id: what events call the rule when an expected request accepts
#define POLICY_RULE_TEXT  64          // room for either

// A rule matches when each condition that it has does. Lists are separated by spaces; empty = no condition.
struct policy_rule {
    char name[POLICY_NAME];
    enum policy_action action;
    struct slice accounts;    // the requester's is one of them; "*" = any
    struct slice vpcs;        // likewise
    struct slice cidrs;       // every block of the requester lies within one of these
    bool allow_shared;        // an accept may have blocks of 100.64.0.0/10
    char target[OID_HEX + 1]; // hand-over: the group
};

struct policy {
    char group_id[OID_HEX + 1];
    bool enabled;
    uint64_t version; // rises with each change of the rules; 0 = none were ever set
    struct wall changed;
    char actor[PRINCIPAL_NAME];
    const struct policy_rule *rules;
    size_t rule_count;
};

// A request that is known to come. Accepts one request, once, before valid_until (not at it).
struct expected {
    char id[OID_HEX + 1], group_id[OID_HEX + 1];
    char account[ACCOUNT_ID];
    char vpc[AWS_RES_ID]; // "" = any
    struct slice cidrs;   // as of a rule
    bool allow_shared;
    struct slice owner, ticket;
    struct wall created, valid_until;
    char actor[PRINCIPAL_NAME];
    struct wall used; // 0 = not yet
    char used_by[AWS_RES_ID];
};

// Another connection of the same network that lives: accepted, or about to be.
struct policy_peer {
    char name[AWS_RES_ID];
    struct slice cidrs;
};

struct policy_facts {
    const struct policy_rule *rules; // in order
    size_t rule_count;
    const struct expected *expected; // of the group; those used or past do not match
    size_t expected_count;
    struct slice account, vpc, cidrs; // the requester's; cidrs empty = not known
    enum network_mode mode;
    struct slice network_cidrs; // empty = not known
    const struct policy_peer *peers;
    size_t peer_count;
    bool handed_over; // once already, so never again
    struct wall now;
};

// What must pass before an accept; the first also before a reject.
enum policy_check {
    POLICY_CHECK_MANAGED, // Peerage may write to the network
    POLICY_CHECK_KNOWN,   // the requester's blocks are known, each is a CIDR block
    POLICY_CHECK_PRIVATE, // each within RFC 1918, or in 100.64.0.0/10 where that is allowed
    POLICY_CHECK_NETWORK, // none overlaps the network's VPC
    POLICY_CHECK_PEERS,   // none overlaps another live peering of the network
    POLICY_CHECK_COUNT_
};
const char *policy_check_name(enum policy_check c); // "managed" …
enum policy_result { POLICY_NOT_ASKED, POLICY_PASSED, POLICY_FAILED };
const char *policy_result_name(enum policy_result r); // "not asked", "passed", "failed"

struct policy_decision {
    enum policy_action action;
    const struct policy_rule *rule;   // of facts; NULL: none
    const struct expected *expected;  // of facts; NULL: none
    char rule_name[POLICY_RULE_TEXT]; // the rule's name, "expected:ID", or ""
    char reason[320];                 // one clause for people, never empty
    enum policy_result checks[POLICY_CHECK_COUNT_];
};
// Whether a rule matches, and in a few words why or why not. UNKNOWN: its blocks decide, and they are not known yet.
enum policy_match { POLICY_NO, POLICY_YES, POLICY_UNKNOWN };
enum policy_match policy_rule_match(const struct policy_rule *r, const struct policy_facts *f, const char **ret_why);
// Total and deterministic: any facts give a decision, the same facts the same one.
void policy_decide(const struct policy_facts *f, struct policy_decision *ret);

// Names of rules, for whoever takes them in.
bool policy_name_valid(struct slice s);
