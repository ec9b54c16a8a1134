// SPDX-License-Identifier: Apache-2.0
// What the resources of Peerage's own API share. Called by: src/api. Must never: be included elsewhere.
#pragma once

#include "api/api.h"

// The network that path parameter `param` names, of c->group. False: malformed 400, unknown or another project's 404.
bool call_network(struct call *c, unsigned param, struct network *ret) MUST_CHECK;
// 404 RESOURCE_NOT_FOUND: "Cannot find resource {what} with id {path parameter}."
void call_no_resource(struct call *c, const char *what, unsigned param);
// What core refused for the state that it found: 409 PEER_INVALID_STATE with its words; 404 as above; else the store's.
void call_core_problem(struct call *c, const struct error *err, const char *what, unsigned param);
// A network by id, as it is now: after a change.
void api_answer_network(struct call *c, const char *id);
// One connection as the inbox shows it, without the braces; single: with what lists leave out.
void wire_connection(struct call *c, struct json_writer *w, const struct connection *k, bool single);
