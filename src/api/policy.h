// SPDX-License-Identifier: Apache-2.0
// What the resources of a project's policy share. Called by: policy.c, policy_try.c, expected.c. Must never: be
// included from another folder.
#pragma once

#include "api/tenants.h"
#include "core/approve.h"
#include "core/policy.h"

// "10.0.0.0/16 10.1.0.0/16" as an array of texts.
void wire_texts(struct json_writer *w, const char *key, struct slice list);
// An array of CIDR blocks without host bits, as one text with spaces between; absent is empty. False: the 400 is made.
bool call_read_blocks(struct call *c, const char *field, const struct body_texts *t, struct slice *ret) MUST_CHECK;
// RFC 3339, or a date, which is its first moment.
bool read_moment(struct slice text, struct wall *ret) MUST_CHECK;
// The array "rules" of a body, `field` absent: NULL, the stored ones. In the request's arena. False: it is answered.
bool call_read_rules(struct call *c, const struct json_value *list, const struct policy_rule **ret,
                     size_t *ret_n) MUST_CHECK;
// What core or the store refused. field: of what ERR_INVALID is about.
void call_policy_problem(struct call *c, const char *field, const struct error *err);
