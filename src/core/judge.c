// SPDX-License-Identifier: Apache-2.0
// What an action means in a state: the table of spec/actions.def. Pure. Called by: action.c.
// Must never: depend on anything but the action and the two statuses.
#include "core/action.h"

enum cell {
    TAKE,
    THERE,
#define WHY(id, text) NO_##id,
#include "spec/actions.def"
#undef WHY
};

static const char *const whys[] = {
#define WHY(id, text) [NO_##id] = text,
#include "spec/actions.def"
#undef WHY
};

static const unsigned char table[ACTION_COUNT_][LOCAL_COUNT_][CLOUD_EXPIRED + 1] = {
#define JUDGE(action, local, initiating, pending, provisioning, active, deleting, deleted, rejected, failed, expired,  \
              unknown)                                                                                                 \
    [ACTION_##action][LOCAL_##local] = {                                                                               \
        [CLOUD_UNKNOWN] = unknown,           [CLOUD_INITIATING] = initiating, [CLOUD_PENDING] = pending,               \
        [CLOUD_PROVISIONING] = provisioning, [CLOUD_ACTIVE] = active,         [CLOUD_DELETING] = deleting,             \
        [CLOUD_DELETED] = deleted,           [CLOUD_REJECTED] = rejected,     [CLOUD_FAILED] = failed,                 \
        [CLOUD_EXPIRED] = expired,                                                                                     \
    },
#include "spec/actions.def"
#undef JUDGE
};

enum verdict action_judge(enum action a, enum local_status local, enum cloud_status cloud, const char **ret_why)
{
    ASSERT((unsigned)a < ACTION_COUNT_ && (unsigned)cloud <= CLOUD_EXPIRED);
    ASSERT((unsigned)local < LOCAL_COUNT_ && local != LOCAL_SCAN_FAILED); // the overlay is never stored
    enum cell cell = table[a][local][cloud];
    if (cell == TAKE) return VERDICT_TAKE;
    if (cell == THERE) return VERDICT_ALREADY;
    *ret_why = whys[cell];
    return VERDICT_FORBID;
}
