// SPDX-License-Identifier: Apache-2.0
// What the files of core share. Called by: core only. Must never: be included from another folder.
#pragma once

#include "core/transition.h"

struct core {
    struct store *store; // all immutable after start
    const struct clock *clock;
    const struct rng *rng;
    core_listener listener;
    void *listener_ctx;
};

void core_tell(struct core *c, enum core_change_kind kind, const char *group_id, const char *network_id);
enum err core_nomem(struct error *err);
