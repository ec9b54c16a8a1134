// SPDX-License-Identifier: Apache-2.0
// The knobs of the simulated cloud, once, as a table: options, management API, state file and tests all read it.
// Called by: ec2sim, app (options of `peerage dev` and `peerage ec2sim`). Must never: hold state.
#pragma once

#include "base/error.h"
#include "base/slice.h"

// X(field, wire name, default, min, max, meaning). Times are whole seconds of the simulated clock.
// Defaults with a source: quotas, the 7 days and the windows are the VPC peering guide's; the delays are ours.
#define EC2SIM_SETTINGS(X)                                                                                             \
    X(initiating_s, "initiatingSeconds", 0, 0, 86400, "initiating-request lasts this long after Create")               \
    X(visibility_s, "visibilitySeconds", 0, 0, 86400, "a new peering is invisible to the accepter's Describe")         \
    X(action_visibility_s, "actionVisibilitySeconds", 0, 0, 86400, "Accept and Reject answer NotFound this long")      \
    X(stale_s, "staleSeconds", 0, 0, 86400, "Describe shows a state that is this old")                                 \
    X(provisioning_s, "provisioningSeconds", 2, 0, 86400, "from Accept to active")                                     \
    X(deleting_s, "deletingSeconds", 2, 0, 86400, "deleting, inter-Region only")                                       \
    X(expiry_s, "expirySeconds", 604800, 1, 31536000, "a request lapses")                                              \
    X(failed_visible_s, "failedVisibleSeconds", 7200, 0, 31536000, "failed, requester only")                           \
    X(expired_visible_s, "expiredVisibleSeconds", 172800, 0, 31536000, "expired, both sides")                          \
    X(actor_visible_s, "actorVisibleSeconds", 7200, 0, 31536000, "rejected or deleted, the side that did it")          \
    X(other_visible_s, "otherVisibleSeconds", 172800, 0, 31536000, "rejected or deleted, the other side")              \
    X(active_quota, "activeQuota", 50, 1, 1000000, "active peerings per VPC")                                          \
    X(outstanding_quota, "outstandingQuota", 25, 1, 1000000, "outstanding requests per account and Region")            \
    X(route_quota, "routeQuota", 50, 1, 1000000, "routes per table; IPv4 and IPv6 apart, local ones not counted")      \
    X(table_quota, "routeTableQuota", 200, 1, 1000000, "route tables per VPC")                                         \
    X(repeat_route_ok, "repeatRouteOk", 0, 0, 1, "1: CreateRoute of what is there answers true")                       \
    X(refuse_duplicates, "refuseDuplicates", 0, 0, 1, "1: Create refuses a duplicate instead of returning it")         \
    X(throttling, "throttling", 0, 0, 1, "1: EC2's documented token buckets per account, Region and action")           \
    X(default_page, "defaultPage", 1000, 1, 1000000, "items of one page when MaxResults is absent")

struct ec2sim_settings {
#define X(field, wire, dflt, min, max, meaning) int64_t field;
    EC2SIM_SETTINGS(X)
#undef X
};

void ec2sim_settings_default(struct ec2sim_settings *s);
// Sets one by its wire name. ERR_NOT_FOUND (no such setting), ERR_INVALID (out of range; the detail names the range).
enum err ec2sim_settings_set(struct ec2sim_settings *s, struct slice name, int64_t value, struct error *err) MUST_CHECK;
// Walks the table: false past the end.
bool ec2sim_settings_at(const struct ec2sim_settings *s, unsigned i, const char **ret_name, int64_t *ret_value);
