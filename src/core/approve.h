// SPDX-License-Identifier: Apache-2.0
// Four eyes: a project may ask that several callers accept a request, or delete what is protected, before it is done.
// Called by: cli, api. Must never: be passed by one caller with one name, whatever it does.
//
// A request that is not the last one needed is answered 202, as any, and its connection stays as it is with a
// statusMessage of how many have asked; clients that wait for a status go on waiting. Rules of a policy act alone: who
// wrote them has approved them. Approvals are of the requester's CIDR blocks at that time, and lapse
// (model/approval.h).
#pragma once

#include "core/core.h"
#include "model/approval.h"

// ERR_INVALID: out of the bounds of model/approval.h. ERR_NOT_FOUND: no such group. ERR_DENIED: a number would become
// smaller, and the caller is one of the API: one alone would undo what several must agree to; the operator
// may. The same again is no event. What was approved before counts towards the new numbers at the next request.
enum err core_approvals_set(struct core *c, const struct actor *by, const char *group_id,
                            const struct approval_rule *rule, struct error *err) MUST_CHECK;
