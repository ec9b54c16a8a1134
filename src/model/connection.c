// SPDX-License-Identifier: Apache-2.0
// Names of states and the fields that lists show, computed in one place (sources: atlas-documented samples of the
// stream VPC peering resource; VpcPeeringConnectionStateReason of the EC2 API reference).
// Called by: store, core, api, reconcile, cli. Must never: do I/O, or branch on AWS' free status text.
#include "model/connection.h"

static const char *const local_names[LOCAL_COUNT_] = {
    [LOCAL_NONE] = "NONE",
    [LOCAL_SCAN_FAILED] = "SCAN_FAILED",
    [LOCAL_UPDATE_FAILED] = "UPDATE_FAILED",
    [LOCAL_REQUEST_ACCEPT] = "REQUEST_ACCEPT",
    [LOCAL_ACCEPT_REQUESTED] = "ACCEPT_REQUESTED",
    [LOCAL_REQUEST_REJECT] = "REQUEST_REJECT",
    [LOCAL_REJECT_REQUESTED] = "REJECT_REQUESTED",
    [LOCAL_REQUEST_DELETE] = "REQUEST_DELETE",
    [LOCAL_DELETE_REQUESTED] = "DELETE_REQUESTED",
    [LOCAL_ACTIVE] = "ACTIVE",
};

const char *local_status_name(enum local_status s)
{
    ASSERT((unsigned)s < LOCAL_COUNT_);
    return local_names[s];
}

bool local_status_parse(struct slice s, enum local_status *ret)
{
    for (unsigned i = 0; i < LOCAL_COUNT_; i++) {
        if (!slice_eq_cstr(s, local_names[i])) continue;
        *ret = (enum local_status)i;
        return true;
    }
    return false;
}

#define HOUR_US (3600 * US_PER_SEC)
static const struct {
    const char *code;
    enum cloud_status status;
    bool terminal;
    int64_t window_us;
} cloud[] = {
    {"initiating-request", CLOUD_INITIATING, false, 0},
    {"pending-acceptance", CLOUD_PENDING, false, 0},
    {"provisioning", CLOUD_PROVISIONING, false, 0},
    {"active", CLOUD_ACTIVE, false, 0},
    {"deleting", CLOUD_DELETING, false, 0},
    {"deleted", CLOUD_DELETED, true, 2 * HOUR_US},
    {"rejected", CLOUD_REJECTED, true, 2 * HOUR_US},
    {"failed", CLOUD_FAILED, true, 2 * HOUR_US},
    {"expired", CLOUD_EXPIRED, true, 48 * HOUR_US},
};

enum cloud_status cloud_status_of(struct slice code)
{
    for (size_t i = 0; i < ARRAY_LEN(cloud); i++)
        if (slice_eq_cstr(code, cloud[i].code)) return cloud[i].status;
    return CLOUD_UNKNOWN;
}

bool cloud_status_is_terminal(enum cloud_status s)
{
    for (size_t i = 0; i < ARRAY_LEN(cloud); i++)
        if (cloud[i].status == s) return cloud[i].terminal;
    return false;
}

int64_t cloud_status_window_us(enum cloud_status s)
{
    for (size_t i = 0; i < ARRAY_LEN(cloud); i++)
        if (cloud[i].status == s) return cloud[i].window_us;
    return 0;
}

enum local_status connection_shown_status(const struct connection *c)
{
    return c->scan_failed ? LOCAL_SCAN_FAILED : c->local_status;
}

static enum cloud_status status_of(const struct connection *c)
{
    return cloud_status_of(slice_of(c->cloud_status));
}

struct slice connection_shown_accepter_cidr(const struct connection *c)
{
    enum cloud_status s = status_of(c);
    if (s == CLOUD_INITIATING || s == CLOUD_PENDING) return (struct slice){NULL, 0};
    return cidr_list_first(c->accepter_cidrs);
}

struct slice connection_shown_requester_cidr(const struct connection *c)
{
    return cidr_list_first(c->requester_cidrs);
}

struct wall connection_shown_expiration(const struct connection *c)
{
    enum cloud_status s = status_of(c);
    bool shown = s == CLOUD_INITIATING || s == CLOUD_PENDING || s == CLOUD_EXPIRED;
    return shown ? c->expiration : (struct wall){0};
}

struct slice connection_shown_message(const struct connection *c)
{
    if (c->scan_failed) return c->scan_failure;
    if (c->status_message.n) return c->status_message;
    enum cloud_status s = status_of(c);
    // AWS' texts for these two say no more than the status does ("Pending Acceptance by 123456789012", "Active").
    bool plain = s == CLOUD_PENDING || s == CLOUD_ACTIVE;
    return plain ? (struct slice){NULL, 0} : c->cloud_message;
}

struct slice cidr_list_first(struct slice list)
{
    struct slice block = {NULL, 0};
    (void)cidr_list_next(&list, &block);
    return block;
}

bool cidr_list_next(struct slice *rest, struct slice *ret_block)
{
    while (rest->n) {
        struct slice block;
        (void)slice_cut(rest, ' ', &block);
        if (!block.n) continue;
        *ret_block = block;
        return true;
    }
    return false;
}
