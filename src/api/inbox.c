// SPDX-License-Identifier: Apache-2.0
// GET /api/peerage/v1/connections: the inbox that the Atlas contract lacks. All groups that the caller may read, any
// requester; filters, expiry order, every CIDR block, age and network. Called by: pipeline.
// Must never: show a connection of a group that the caller may not read.
#include "api/peerage.h"

#include <string.h>

#include "base/json.h"

static bool invalid(struct call *c, const char *name)
{
    call_problem(c, P_INVALID_QUERY_PARAMETER, &PARAM_C(name), 1);
    return false;
}

static bool read_group(struct call *c, struct connection_filter *f)
{
    bool found;
    if (!call_query_group(c, &found)) return false;
    if (found) f->group_id = c->group.id;
    return true;
}

static bool read_status(struct call *c, struct connection_filter *f)
{
    bool found;
    struct slice v;
    if (!call_query(c, "cloudStatus", &found, &v)) return false;
    if (found && v.n == 0) return invalid(c, "cloudStatus");
    if (found) f->cloud_status = v;
    if (!call_query(c, "localStatus", &found, &v)) return false;
    enum local_status s;
    if (found && !local_status_parse(v, &s)) return invalid(c, "localStatus");
    f->local_status = found ? (int)s : -1;
    return true;
}

static bool read_rest(struct call *c, struct connection_filter *f)
{
    bool found;
    struct slice v;
    struct oid id;
    if (!call_query(c, "requesterAccountId", &found, &v)) return false;
    if (found && v.n == 0) return invalid(c, "requesterAccountId");
    if (found) f->requester_account = v;
    if (!call_query(c, "networkId", &found, &v)) return false;
    if (found && !oid_parse(v, &id)) return invalid(c, "networkId");
    if (found) f->network_id = arena_strndup(c->req->arena, v.p, v.n);
    if (!call_query(c, "sort", &found, &v)) return false;
    if (found && !slice_eq_cstr(v, "id") && !slice_eq_cstr(v, "expiry")) return invalid(c, "sort");
    f->sort = found && slice_eq_cstr(v, "id") ? SORT_ID : SORT_EXPIRY;
    if (!call_query(c, "history", &found, &v)) return false;
    if (found && !slice_eq_cstr(v, "true") && !slice_eq_cstr(v, "false")) return invalid(c, "history");
    f->include_unlisted = found && slice_eq_cstr(v, "true");
    return true;
}

static void add_blocks(struct json_writer *w, const char *key, struct slice list)
{
    struct slice block;
    json_key(w, key);
    json_arr(w);
    while (cidr_list_next(&list, &block)) json_str(w, block);
    json_arr_end(w);
}

void wire_connection(struct call *c, struct json_writer *w, const struct connection *k, bool single)
{
    json_kstr(w, "accepterAccountId", k->accepter_account);
    add_blocks(w, "accepterCidrs", k->accepter_cidrs);
    json_kstr(w, "accepterRegion", k->accepter_region);
    json_kstr(w, "accepterVpcId", k->accepter_vpc);
    json_kint(w, "ageSeconds", MAX(0, wall_sec(c->req->received) - wall_sec(k->first_seen)));
    json_kstr(w, "cloudStatus", k->cloud_status);
    if (single) json_kbool(w, "deletionProtection", k->is_protected);
    wire_time(w, "expirationTime", connection_shown_expiration(k));
    wire_time(w, "firstSeen", k->first_seen);
    json_kstr(w, "groupId", k->group_id);
    json_kstr(w, "id", k->id);
    json_kbool(w, "listed", k->listed);
    json_kstr(w, "localStatus", local_status_name(connection_shown_status(k)));
    json_kstr(w, "name", k->name);
    json_kstr(w, "networkId", k->network_id);
    json_kstr(w, "requesterAccountId", k->requester_account);
    add_blocks(w, "requesterCidrs", k->requester_cidrs);
    if (k->requester_region[0]) json_kstr(w, "requesterRegion", k->requester_region);
    json_kstr(w, "requesterVpcId", k->requester_vpc);
    struct slice message = connection_shown_message(k);
    if (message.n) json_kslice(w, "statusMessage", message);
}

void api_inbox(struct call *c)
{
    struct connection_filter f = {.principal = c->principal, .page = c->page};
    if (!read_group(c, &f) || !read_status(c, &f) || !read_rest(c, &f)) return;
    struct connection *rows;
    size_t n;
    uint64_t total;
    struct error err;
    if (store_connections(c->thread->reader, &f, c->req->arena, &rows, &n, &total, &err) != ERR_OK) {
        call_store_problem(c, &err);
        return;
    }
    struct buf body;
    struct json_writer w;
    wire_list_begin(c, &w, &body, total);
    for (size_t i = 0; i < n; i++) {
        json_obj(&w);
        wire_connection(c, &w, &rows[i], false);
        json_obj_end(&w);
    }
    wire_list_end(c, &w, total);
    call_ok(c, &body);
}
