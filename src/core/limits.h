// SPDX-License-Identifier: Apache-2.0
// Rate limits of one scope that the operator sets: stored, audited, and put into the live buckets. Called by: api, app.
// Must never: set a limit for what does not exist.
#pragma once

#include "core/core.h"
#include "limit/limit.h"
#include "store/store.h"

// Whether the operator may set limits of this set: those of one project, organisation, caller or address.
bool core_limit_set_is_open(enum limit_set s);
// scope: a group's, an organisation's id, a public key or client id, an address; *ret has it as it is kept.
// ERR_NOT_FOUND: there is no such scope. ERR_TOO_LARGE: LIMIT_OVERRIDES_MAX are set. The caller has looked at the
// bounds of the rule (LIMIT_TOKENS_MAX, LIMIT_SECONDS_MAX).
enum err core_limit_put(struct core *c, const struct actor *by, enum limit_set set, struct slice scope,
                        const struct bucket_rule *rule, struct limit_change *ret, struct error *err) MUST_CHECK;
enum err core_limit_lift(struct core *c, const struct actor *by, enum limit_set set, struct slice scope,
                         struct error *err) MUST_CHECK; // ERR_NOT_FOUND: none is set
// Makes what is stored hold in l, at once: at the start, and after each change.
enum err core_limits_apply(struct core *c, struct store_reader *r, struct limits *l, struct error *err) MUST_CHECK;
