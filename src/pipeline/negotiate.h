// SPDX-License-Identifier: Apache-2.0
// Accept: which version of a resource the client wants (facts §2). Pure. Called by: pipeline.c.
// Must never: guess a version for a client that named none.
#pragma once

#include "api/api.h"

// True when some media range application/vnd.atlas.YYYY-MM-DD+json with q > 0 names a date from the operation's oldest
// version up to today; *ret_version is the newest operation version <= that date of the best range (highest q, then
// first). Rows without versions accept no Accept, */*, application/* and application/json; *ret_version is 0.
bool negotiate(const struct request *r, const struct route_row *row, uint32_t today, uint32_t *ret_version) MUST_CHECK;
