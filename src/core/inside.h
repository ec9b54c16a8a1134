// SPDX-License-Identifier: Apache-2.0
// What the files of core share. Called by: core only. Must never: be included from another folder.
#pragma once

#include "core/action.h"
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

// Who, when, organisation and group of what is done to a group's resource. ERR_NOT_FOUND: no such group.
enum err core_audit_group(struct store_tx *tx, const struct core *c, const struct actor *by, const char *group_id,
                          struct audit *ret, struct error *err) MUST_CHECK;
struct slice core_clip(struct slice reason); // at most 400 bytes, not inside a character

// What the cloud said of one row, as a scan and an outcome merge it: row, event, lifecycle. *ret_changed tells whether
// anything was written; *row is the row afterwards.
struct seen_merge {
    const struct audit *audit;
    const struct connection *before;
    const struct observed *seen;
    struct connection row; // out
    bool changed, work;    // out
};
enum err merge_seen(struct store_tx *tx, struct seen_merge *m, struct error *err) MUST_CHECK;

// Called by transition_apply after the row is written. Approvals are made when the connection turns active, new blocks
// wait, ended connections lose theirs; routes follow.
enum err routes_follow(struct store_tx *tx, const struct transition *t, struct error *err) MUST_CHECK;
enum err routes_approve(struct store_tx *tx, const struct audit *audit, const struct connection *row,
                        struct error *err) MUST_CHECK;
