// SPDX-License-Identifier: Apache-2.0
// The fields of a connection as the Atlas contract has them: absent, never null; alphabetical.
// Called by: api (lists), core (what webhooks are told). Must never: show a field that the contract lacks.
#include "base/json.h"
#include "model/connection.h"

static void add_time(struct json_writer *w, const char *key, struct wall t)
{
    char text[21];
    if (t.us == 0) return;
    wall_rfc3339(t, text);
    json_kstr(w, key, text);
}

static void add_some(struct json_writer *w, const char *key, struct slice v)
{
    if (v.n) json_kslice(w, key, v);
}

void connection_json_fields(struct json_writer *w, const struct connection *c)
{
    json_kstr(w, "_id", c->id);
    json_kstr(w, "accepterAccountId", c->accepter_account);
    add_some(w, "accepterCidr", connection_shown_accepter_cidr(c));
    json_kstr(w, "accepterVpcId", c->accepter_vpc);
    json_kstr(w, "cloudStatus", c->cloud_status);
    add_time(w, "expirationTime", connection_shown_expiration(c));
    json_kstr(w, "groupId", c->group_id);
    json_kstr(w, "localStatus", local_status_name(connection_shown_status(c)));
    json_kstr(w, "name", c->name);
    add_some(w, "requesterAccountId", slice_of(c->requester_account));
    add_some(w, "requesterCidr", connection_shown_requester_cidr(c));
    add_some(w, "requesterVpcId", slice_of(c->requester_vpc));
    add_some(w, "statusMessage", connection_shown_message(c));
}
