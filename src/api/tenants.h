// SPDX-License-Identifier: Apache-2.0
// What the resources of organisations and projects share. Called by: groups.c, orgs.c, settings.c, tags.c.
// Must never: be included from another folder.
#pragma once

#include "api/api.h"
#include "core/tenants.h"

#define BAD_NAME "must be 1 to 64 letters, digits or any of -_.(),:&@+'"

// "tags":[{"key":…,"value":…},…]
void wire_tags(struct json_writer *w, struct slice tags);
// An array of at most TAGS_MAX pairs with distinct keys; NULL is an empty one. *ret (in the request's arena, p never
// NULL) is as model/tenant.h says. False: the 400 is made.
bool call_read_tags(struct call *c, const struct json_value *v, struct slice *ret) MUST_CHECK;
// Members of an organisation, without the braces.
void wire_org(struct call *c, struct json_writer *w, const struct org *o, bool single);
// 404 when the group of the path has gone meanwhile, else as call_store_problem; likewise of the organisation.
void call_group_problem(struct call *c, const struct error *err);
void call_org_problem(struct call *c, const struct error *err);
