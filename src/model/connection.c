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

// ---- taking over an observation ---------------------------------------------------------------------------

static bool list_has(struct slice list, struct slice block)
{
    struct slice b;
    while (cidr_list_next(&list, &b))
        if (slice_eq(b, block)) return true;
    return false;
}

static bool list_within(struct slice list, struct slice other)
{
    struct slice b;
    while (cidr_list_next(&list, &b))
        if (!list_has(other, b)) return false;
    return true;
}

static bool same_blocks(struct slice a, struct slice b)
{
    return slice_eq(cidr_list_first(a), cidr_list_first(b)) && list_within(a, b) && list_within(b, a);
}

static bool merge_blocks(struct slice *stored, struct slice seen)
{
    if (!seen.n || same_blocks(*stored, seen)) return false;
    *stored = seen;
    return true;
}

static bool merge_text(char *stored, size_t cap, const char *seen)
{
    if (!seen[0] || strcmp(stored, seen) == 0) return false;
    bool fits = cstr_set(stored, cap, seen);
    ASSERT(fits); // both sides have the same size
    return true;
}

// At most CLOUD_MESSAGE_MAX bytes, not cut inside a character.
static struct slice clip(struct slice s)
{
    if (s.n <= CLOUD_MESSAGE_MAX) return s;
    size_t n = CLOUD_MESSAGE_MAX;
    while (n && ((unsigned char)s.p[n] & 0xC0) == 0x80) n--;
    return slice_n(s.p, n);
}

static bool merge_status(struct connection *row, const struct observed *seen)
{
    bool changed = merge_text(row->cloud_status, sizeof(row->cloud_status), seen->cloud_status);
    struct slice message = clip(seen->cloud_message);
    // A new status without words must not keep the old status' words.
    if (slice_eq(message, row->cloud_message) || (!message.n && !changed)) return changed;
    row->cloud_message = message;
    return true;
}

bool connection_merge(struct connection *row, const struct observed *seen)
{
    bool changed = merge_status(row, seen);
    changed |= merge_text(row->requester_account, sizeof(row->requester_account), seen->requester_account);
    changed |= merge_text(row->requester_vpc, sizeof(row->requester_vpc), seen->requester_vpc);
    changed |= merge_text(row->requester_region, sizeof(row->requester_region), seen->requester_region);
    changed |= merge_text(row->accepter_account, sizeof(row->accepter_account), seen->accepter_account);
    changed |= merge_text(row->accepter_vpc, sizeof(row->accepter_vpc), seen->accepter_vpc);
    changed |= merge_text(row->accepter_region, sizeof(row->accepter_region), seen->accepter_region);
    changed |= merge_blocks(&row->requester_cidrs, seen->requester_cidrs);
    changed |= merge_blocks(&row->accepter_cidrs, seen->accepter_cidrs);
    if (seen->expiration.us && seen->expiration.us != row->expiration.us) {
        row->expiration = seen->expiration;
        changed = true;
    }
    return changed;
}
