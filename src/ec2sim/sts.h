// SPDX-License-Identifier: Apache-2.0
// STS actions of the simulator: GetCallerIdentity, AssumeRole, AssumeRoleWithWebIdentity.
// Called by: server.c. Must never: hand out credentials past the role's rules, or read a clock.
#pragma once

#include "ec2sim/auth.h"
#include "ec2sim/query.h"

struct sts_call {
    struct auth *auth;
    const struct auth_caller *who; // NULL: the request is not signed
    struct wall real_now;          // expiry of credentials is real time
    struct form *form;
    const char *request_id;
    struct buf *out;
    struct ec2_error *e;
    const char *action; // filled by sts_run
    bool changed;
};
#define STS_VERSION "2011-06-15"
bool sts_run(struct sts_call *c) MUST_CHECK;
const char *sts_action_name(struct slice action); // static, NULL when unknown
bool sts_is_unsigned(struct slice action);        // AssumeRoleWithWebIdentity needs no signature
