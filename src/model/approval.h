// SPDX-License-Identifier: Apache-2.0
// Four eyes: how many different callers must ask for an action before it is taken up. Called by: core, store, cli.
// Must never: count one caller twice.
#pragma once

#include "model/action.h"
#include "model/principal.h"

#define APPROVALS_MAX      5
#define APPROVAL_ACCEPT_US (INT64_C(7) * 86400 * US_PER_SEC) // as long as AWS keeps a request
#define APPROVAL_DELETE_US (INT64_C(1) * 86400 * US_PER_SEC)

struct approval_rule { // of a group
    unsigned accepts;  // 1 (as if there were no rule) to APPROVALS_MAX
    unsigned deletes;  // of protected connections: 0 (nobody can, as if there were no rule) or 2 to APPROVALS_MAX
};
struct action_approval {
    char group_id[OID_HEX + 1], connection_id[OID_HEX + 1];
    enum action action; // accept or delete
    enum principal_kind actor_kind;
    char actor[PRINCIPAL_NAME];
    struct slice blocks; // the requester's CIDR blocks then: it counts for these only
    struct wall given;
};
