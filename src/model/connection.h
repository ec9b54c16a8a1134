// SPDX-License-Identifier: Apache-2.0
// One VPC peering connection as Peerage knows it, and its local status. Pure. Called by: store, core, api, reconcile,
// cli. Must never: do I/O, or assign a stored localStatus (core/transition.c alone does).
#pragma once

#include "model/network.h"

enum local_status {
    LOCAL_NONE,
    LOCAL_SCAN_FAILED, // never stored: an overlay at read time
    LOCAL_UPDATE_FAILED,
    LOCAL_REQUEST_ACCEPT,
    LOCAL_ACCEPT_REQUESTED,
    LOCAL_REQUEST_REJECT,
    LOCAL_REJECT_REQUESTED,
    LOCAL_REQUEST_DELETE,
    LOCAL_DELETE_REQUESTED,
    LOCAL_ACTIVE,
    LOCAL_COUNT_
};
const char *local_status_name(enum local_status s); // "NONE" …, the contract's spelling
bool local_status_parse(struct slice s, enum local_status *ret) MUST_CHECK;

// AWS status codes, verbatim; an unknown code is kept as text.
enum cloud_status {
    CLOUD_UNKNOWN,
    CLOUD_INITIATING,
    CLOUD_PENDING,
    CLOUD_PROVISIONING,
    CLOUD_ACTIVE,
    CLOUD_DELETING,
    CLOUD_DELETED,
    CLOUD_REJECTED,
    CLOUD_FAILED,
    CLOUD_EXPIRED
};
enum cloud_status cloud_status_of(struct slice code); // "pending-acceptance" …
bool cloud_status_is_terminal(enum cloud_status s);
// How long a terminal connection stays listed after it was first seen so (facts §1.5, AWS' accepter-side windows):
// rejected, deleted and failed 2 h, expired 2 days; 0 when not terminal.
int64_t cloud_status_window_us(enum cloud_status s);
// What the other side deleted AWS shows us for two days (facts §1.1). Nothing says who deleted; AWS does by showing it.
#define DELETED_BY_OTHERS_US (INT64_C(48) * 3600 * US_PER_SEC)
#define CLOUD_STATUS         40

struct connection {
    char id[OID_HEX + 1], group_id[OID_HEX + 1], network_id[OID_HEX + 1];
    char name[AWS_RES_ID]; // pcx-…
    char requester_account[ACCOUNT_ID], requester_vpc[AWS_RES_ID], requester_region[REGION_NAME];
    char accepter_account[ACCOUNT_ID], accepter_vpc[AWS_RES_ID], accepter_region[REGION_NAME];
    struct slice requester_cidrs, accepter_cidrs; // space-separated, first = shown; IPv6 after IPv4; may be empty
    char cloud_status[CLOUD_STATUS];
    struct slice cloud_message; // AWS' status.message, verbatim
    enum local_status local_status;
    struct slice status_message; // ours: why an action failed; empty otherwise
    struct wall expiration;      // 0 = AWS gave none
    struct wall first_seen, changed;
    struct wall missing_since;  // absent from complete scans since; 0 = present
    struct wall terminal_since; // when cloudStatus became terminal; 0 = not
    bool listed;                // false: kept as history only
    bool is_protected;          // may not be deleted
    // from the network's scan state, filled by the store's reads
    bool scan_failed;
    struct slice scan_failure;
};

// What the cloud said of one connection, after cloud/ec2 parsed it. Everything optional but the id.
struct observed {
    char name[AWS_RES_ID];
    char requester_account[ACCOUNT_ID], requester_vpc[AWS_RES_ID], requester_region[REGION_NAME];
    char accepter_account[ACCOUNT_ID], accepter_vpc[AWS_RES_ID], accepter_region[REGION_NAME];
    struct slice requester_cidrs, accepter_cidrs; // empty = not said: never overwrites
    char cloud_status[CLOUD_STATUS];
    struct slice cloud_message;
    struct wall expiration;
};

// Takes over what the cloud said into *row (slices are borrowed from `seen`) and tells whether anything that is stored
// differs afterwards. Nothing unsaid overwrites: empty texts, absent CIDRs and an absent expiration leave the row as it
// is; a status message goes with its status. The same blocks with the same first one in another order are no change.
// The message is cut at CLOUD_MESSAGE_MAX bytes. Never touches local_status, the marks or the times.
#define CLOUD_MESSAGE_MAX 1024
bool connection_merge(struct connection *row, const struct observed *seen);

// Fields of the contract, computed in one place (design §3 "optional fields").
enum local_status connection_shown_status(const struct connection *c); // with the SCAN_FAILED overlay
struct slice
connection_shown_accepter_cidr(const struct connection *c); // empty while pending, first block from provisioning on
struct slice connection_shown_requester_cidr(const struct connection *c); // first block
struct wall connection_shown_expiration(const struct connection *c);      // only while pending or expired
struct slice
connection_shown_message(const struct connection *c); // failure, or AWS' words when more than pending or active
struct json_writer;
// The members of its JSON object, for an object that is open.
void connection_json_fields(struct json_writer *w, const struct connection *c);
struct slice cidr_list_first(struct slice list);
bool cidr_list_next(struct slice *rest, struct slice *ret_block);
