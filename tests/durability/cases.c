// SPDX-License-Identifier: Apache-2.0
// The cases of every_nth.c: connections, tokens and events, and the work behind the API.
// Called by: every_nth.c, through nth_tables. Must never: have an effect outside its world.
#include "cases.h"

// ---- work ---------------------------------------------------------------------------------------------------------

static enum err op_scan(struct nth_world *w, struct error *err)
{
    return nth_scan(w, "active", err);
}

static enum err op_discover(struct nth_world *w, struct error *err)
{
    struct fix *x = w->flow->fix;
    struct network net;
    struct observed o = nth_seen_as("pending-acceptance");
    memcpy(o.name, "pcx-0123456789abcdef1", 22);
    struct change change = {CHANGE_SEEN_NEW, NULL, &o};
    enum err e = store_network_get(x->reader, NETWORK, x->arena, &net, err);
    if (e != ERR_OK) return e;
    return core_scan_applied(w->flow->core, &net, CORE_AS_OF_NOW, &change, 1, (struct slice){NULL, 0}, err);
}

static enum err op_scan_failed(struct nth_world *w, struct error *err)
{
    struct fix *x = w->flow->fix;
    struct network net;
    enum err e = store_network_get(x->reader, NETWORK, x->arena, &net, err);
    return e == ERR_OK ? core_scan_failed(w->flow->core, &net, true, SLICE("AWS said no"), err) : e;
}

static enum err op_due(struct nth_world *w, struct error *err)
{
    struct fix *x = w->flow->fix;
    struct intent *due;
    struct wall next;
    size_t n;
    return core_intents_due(x->reader, clock_wall(&x->clock), 8, x->arena, &due, &n, &next, err);
}

static enum err op_begin(struct nth_world *w, struct error *err)
{
    struct intent i = w->intent;
    return core_intent_begin(w->flow->core, &i, err);
}

static enum err outcome_as(struct nth_world *w, enum outcome kind, struct error *err)
{
    const struct observed o = nth_seen_as("active");
    const struct intent_result r = {.outcome = kind,
                                    .reason = kind == OUTCOME_DONE ? (struct slice){NULL, 0} : SLICE("AWS said no"),
                                    .seen = kind == OUTCOME_DONE ? &o : NULL};
    return core_intent_outcome(w->flow->core, &w->intent, &r, err);
}

static enum err op_done(struct nth_world *w, struct error *err)
{
    return outcome_as(w, OUTCOME_DONE, err);
}

static enum err op_retry(struct nth_world *w, struct error *err)
{
    return outcome_as(w, OUTCOME_RETRY, err);
}

static enum err op_failed(struct nth_world *w, struct error *err)
{
    return outcome_as(w, OUTCOME_FAILED, err);
}

static enum err op_route_begin(struct nth_world *w, struct error *err)
{
    struct peer_route row = w->route;
    return core_route_begin(w->flow->core, &row, err);
}

static enum err op_route_made(struct nth_world *w, struct error *err)
{
    const struct route_result r = {.kind = ROUTE_RESULT_MADE};
    return core_route_outcome(w->flow->core, &w->route, &r, err);
}

static enum err op_approve(struct nth_world *w, struct error *err)
{
    return core_cidrs_approve(w->flow->core, &nth_somebody, FIX_GROUP, SLICE(NAME), err);
}

static enum err op_protect(struct nth_world *w, struct error *err)
{
    return core_connection_protect(w->flow->core, &nth_somebody, FIX_GROUP, SLICE(NAME), true, err);
}

static enum err op_freeze(struct nth_world *w, struct error *err)
{
    return core_freeze(w->flow->core, &nth_somebody, FREEZE_ALL, NULL, true, SLICE("why"), err);
}

static enum err op_remove(struct nth_world *w, struct error *err)
{
    return core_network_remove(w->flow->core, &nth_somebody, NETWORK, err);
}

static enum err op_group(struct nth_world *w, struct error *err)
{
    struct group g;
    return core_group_create(w->flow->core, &nth_somebody, FIX_ORG, SLICE("Another"), &g, err);
}

static const struct grant member = {FIX_ORG, 1u << ROLE_ORG_MEMBER};

static enum err op_key(struct nth_world *w, struct error *err)
{
    struct new_api_key key;
    return auth_api_key_create(w->flow->fix->auth, FIX_ORG, "a key", &member, 1, &key, err);
}

static enum err op_account(struct nth_world *w, struct error *err)
{
    struct new_account account;
    return auth_account_create(w->flow->fix->auth, FIX_ORG, "machine", "of a test", &member, 1, 8760, &account, err);
}

static enum err op_signing_rotate(struct nth_world *w, struct error *err)
{
    struct signing_key_info made;
    return auth_signing_rotate(w->flow->fix->auth, &nth_somebody, &made, err);
}

// ---- the cases ----------------------------------------------------------------------------------------------------

const struct nth_case nth_connections[] = {
    {.name = "status", GET_OF("/api/atlas/v2", V2023), .status = 200},
    {.name = "status, Digest", GET_OF("/api/atlas/v2", V2023), .auth = NTH_DIGEST, .status = 200},
    {.name = "groups", GET_OF("/api/atlas/v2/groups", V2023), .status = 200},
    {.name = "group", GET_OF(GROUP, V2023), .status = 200},
    {.name = "group, unknown", GET_OF("/api/atlas/v2/groups/" OTHER_GROUP, V2023), .status = 404},
    {.name = "group, no role", GET_OF("/api/atlas/v2/groups/" LOST_GROUP, V2023), .status = 401},
    {.name = "list", GET_OF(PEERS "?requesterAccountId=111122223333", V2023), .status = 200},
    {.name = "list, Digest",
     GET_OF(PEERS "?requesterAccountId=111122223333&pretty=true&envelope=true", V2023),
     .auth = NTH_DIGEST,
     .status = 200},
    {.name = "list, no account", GET_OF(PEERS, V2023), .status = 400},
    {.name = "list, version", GET_OF(PEERS, "*/*"), .status = 406},
    {.name = "active list",
     GET_OF(GROUP "/streams/activeVpcPeeringConnections", V2024),
     .status = 200,
     .prep = prep_active},
    {.name = "details",
     GET_OF(GROUP "/streams/accountDetails?cloudProvider=aws&regionName=US_EAST_1", V2024),
     .status = 200},
    {.name = "details, no network",
     GET_OF(GROUP "/streams/accountDetails?cloudProvider=aws&regionName=EU_WEST_1", V2024),
     .status = 404},
    {.name = "accept", POST_TO(PEERS "/" NAME ":accept"), .type = JSON, .body = PROOF, .status = 202, .writes = true},
    {.name = "accept, Digest",
     POST_TO(PEERS "/" NAME ":accept"),
     .auth = NTH_DIGEST,
     .type = JSON,
     .body = PROOF,
     .status = 202,
     .writes = true},
    {.name = "accept again",
     POST_TO(PEERS "/" NAME ":accept"),
     .type = JSON,
     .body = PROOF,
     .status = 202,
     .prep = prep_accepting},
    {.name = "accept, wrong challenge",
     POST_TO(PEERS "/" NAME ":accept"),
     .type = JSON,
     .body = "{\"requesterAccountId\":\"111122223333\",\"requesterVpcId\":\"vpc-1\"}",
     .status = 400},
    {.name = "accept, no JSON", POST_TO(PEERS "/" NAME ":accept"), .type = JSON, .body = "{", .status = 400},
    {.name = "accept, media type", POST_TO(PEERS "/" NAME ":accept"), .type = "text/plain", .body = "{", .status = 415},
    {.name = "accept, unknown", POST_TO(PEERS "/pcx-9:accept"), .type = JSON, .body = PROOF, .status = 404},
    {.name = "reject", POST_TO(PEERS "/" ROW ":reject"), .status = 202, .writes = true},
    {.name = "reject while accepting", POST_TO(PEERS "/" NAME ":reject"), .status = 409, .prep = prep_accepting},
    {.name = "delete",
     .method = METHOD_DELETE,
     .target = PEERS "/" NAME,
     .accept = V2023,
     .status = 202,
     .writes = true,
     .prep = prep_active},
    {.name = "delete, Digest",
     .method = METHOD_DELETE,
     .target = PEERS "/" NAME,
     .auth = NTH_DIGEST,
     .accept = V2023,
     .status = 202,
     .writes = true,
     .prep = prep_active},
    {.name = "delete, pending", .method = METHOD_DELETE, .target = PEERS "/" NAME, .accept = V2023, .status = 409},
    {.name = "delete, protected",
     .method = METHOD_DELETE,
     .target = PEERS "/" NAME,
     .accept = V2023,
     .status = 409,
     .prep = prep_protected},
    {.name = "events of a group",
     GET_OF(GROUP "/events?eventType=PEERAGE_CONNECTION_ACCEPTED", V2023),
     .status = 200,
     .prep = prep_active},
    {.name = "event of a group, unknown", GET_OF(GROUP "/events/" ROW, V2023), .status = 404},
    {.name = "events of an organization", GET_OF(ORG "/events", V2023), .status = 200},
    {.name = "event of an organization, unknown", GET_OF(ORG "/events/" ROW, V2023), .status = 404},
    {.name = "teams of a group", GET_OF(GROUP "/teams", V2023), .status = 200},
    {.name = "limits of a group", GET_OF(GROUP "/limits", V2023), .status = 200},
    {.name = "addresses of a group", GET_OF(GROUP "/ipAddresses", V2023), .status = 200},
    {.name = "threshold of a group", GET_OF(GROUP "/managedSlowMs", V2023), .status = 200},
    {.name = "no threshold of a group",
     .method = METHOD_DELETE,
     .target = GROUP "/managedSlowMs/disable",
     .accept = V2023,
     .status = 204,
     .prep = prep_owner},
    {.name = "containers", GET_OF(GROUP "/containers", V2023), .status = 200},
    {.name = "containers, all", GET_OF(GROUP "/containers/all", V2023), .status = 200},
    {.name = "container", GET_OF(GROUP "/containers/" NETWORK, V2023), .status = 200},
    {.name = "container, unknown", GET_OF(GROUP "/containers/" ROW, V2023), .status = 404},
    {.name = "inbox", GET_OF("/api/peerage/v1/connections", NULL), .loose = true, .status = 200},
    {.name = "token",
     .method = METHOD_POST,
     .target = "/api/oauth/token",
     .auth = NTH_BASIC,
     .type = FORM,
     .body = TOKEN_FORM,
     .status = 200,
     .writes = true,
     .oauth = true,
     .loose = true},
    {.name = "token, body",
     .method = METHOD_POST,
     .target = "/api/oauth/token",
     .auth = NTH_NOBODY,
     .type = FORM,
     .body = TOKEN_FORM "&client_id=mdb_sa_id_0123456789abcdef01234567&client_secret=x",
     .status = 401,
     .oauth = true},
    {.name = "token, grant",
     .method = METHOD_POST,
     .target = "/api/oauth/token",
     .auth = NTH_BASIC,
     .type = FORM,
     .body = "grant_type=password",
     .status = 400,
     .oauth = true},
    {.name = "revoke",
     .method = METHOD_POST,
     .target = "/api/oauth/revoke",
     .auth = NTH_BASIC,
     .type = FORM,
     .body = "",
     .status = 200,
     .writes = true,
     .oauth = true},
    {.name = "no credential", GET_OF("/api/atlas/v2/groups", V2023), .auth = NTH_NOBODY, .status = 401},
    {.name = "no such path", GET_OF("/api/atlas/v2/nothing", V2023), .status = 404},
    {.name = "not offered", GET_OF(GROUP "/clusters", V2023), .status = 501},
    {OP("scan, changed", op_scan, true, NULL)},
    {OP("scan, new", op_discover, true, NULL)},
    {OP("scan, failed", op_scan_failed, true, NULL)},
    {OP("what is due", op_due, false, prep_accepting)},
    {OP("attempt", op_begin, true, prep_due)},
    {OP("outcome, done", op_done, true, prep_begun)},
    {OP("outcome, retry", op_retry, true, prep_begun)},
    {OP("outcome, failed", op_failed, true, prep_begun)},
    {OP("route, begun", op_route_begin, true, prep_route)},
    {OP("route, made", op_route_made, true, prep_route)},
    {OP("approve blocks", op_approve, true, NULL)},
    {OP("protect", op_protect, true, NULL)},
    {OP("freeze", op_freeze, true, NULL)},
    {OP("remove a network", op_remove, true, prep_accepting)},
    {OP("create a group", op_group, true, NULL)},
    {OP("create an API key", op_key, true, NULL)},
    {OP("create an account", op_account, true, NULL)},
    {OP("rotate the signing key", op_signing_rotate, true, NULL)},
    {0},
};
