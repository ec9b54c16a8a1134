// SPDX-License-Identifier: Apache-2.0
// The world of every_nth.c, and its cases.
#include "cases.h"

#define NETWORK "0123456789abcdef0000000a"
#define ROW     "0123456789abcdef0000000b"
#define NAME    "pcx-0123456789abcdef0"
#define GROUP   "/api/atlas/v2/groups/" FIX_GROUP
#define ORG     "/api/atlas/v2/orgs/" FIX_ORG
#define PEERS   GROUP "/streams/vpcPeeringConnections"
#define V2023   "application/vnd.atlas.2023-02-01+json"
#define V2024   "application/vnd.atlas.2024-11-13+json"
#define JSON    "application/json"
#define FORM    "application/x-www-form-urlencoded"
#define PROOF   "{\"requesterAccountId\":\"111122223333\",\"requesterVpcId\":\"vpc-0aaaaaaaaaaaaaaaa\"}"

static const struct actor somebody = {PRINCIPAL_LOCAL, "cli", ""};

static void good(enum err code, const struct error *err)
{
    if (code != ERR_OK) fail_msg("%s: %s", err_name(code), err->detail);
}

// ---- the world ----------------------------------------------------------------------------------------------------

static enum err fill(struct store_tx *tx, void *ctx, struct error *err)
{
    struct fix *x = ctx;
    const char *const names[] = {x->account.row.client_id, x->key.row.public_key};
    enum err e = insert_row(tx, NULL, err);
    for (size_t i = 0; i < ARRAY_LEN(names) && e == ERR_OK; i++)
        e = store_tx_grant(tx, names[i], FIX_GROUP, 1u << ROLE_GROUP_OWNER, err);
    return e;
}

static void set_auth(struct nth_world *w, enum nth_auth auth)
{
    struct fix *x = w->flow->fix;
    if (auth == NTH_BEARER) fix_header(x, "Authorization", arena_fmt(x->arena, "Bearer %s", w->flow->token));
    if (auth == NTH_DIGEST) fix_digest(x, (struct fix_digest){0});
    if (auth == NTH_BASIC) fix_basic(x, NULL);
}

// The worker's connection knows the schema, and the credential of the case is not in memory.
static void warm(struct nth_world *w, enum nth_auth other)
{
    fix_request(w->flow->fix, METHOD_GET, "/api/atlas/v2/groups");
    fix_header(w->flow->fix, "Accept", ACCEPT);
    set_auth(w, other);
    answer(w->flow);
    expect(w->flow, 200, NULL);
}

struct nth_world *world_new(const struct nth_case *c)
{
    static const char *const tables[] = {"rtb-0000000a"};
    struct error err = {0};
    void *flow;
    struct nth_world *w = mem_zalloc(1, sizeof(*w));
    shim_random(1);
    assert_int_equal(set_up(&flow), 0);
    w->flow = flow;
    fix_advance(w->flow->fix, 8750 * 3600.0); // all versions are out, and the secret has not lapsed yet
    mem_free(w->flow->token);
    w->flow->token = fix_token(w->flow->fix);
    buf_init(&w->rows, DUMP_MAX);
    good(store_write(w->flow->fix->store, fill, w->flow->fix, &err), &err);
    good(core_network_tables(w->flow->core, &somebody, NETWORK, tables, 1, &err), &err);
    if (c->prep) c->prep(w);
    warm(w, c->auth == NTH_BEARER ? NTH_DIGEST : NTH_BEARER);
    return w;
}

void world_free(struct nth_world *w)
{
    void *flow = w->flow;
    tear_down(&flow);
    buf_done(&w->rows);
    mem_free(w);
}

void world_prepare(struct nth_world *w, const struct nth_case *c)
{
    struct fix *x = w->flow->fix;
    if (c->op) {
        arena_reset(x->arena);
        return;
    }
    fix_advance(x, 61); // the bucket is full again
    fix_request(x, c->method, c->target);
    if (c->accept) fix_header(x, "Accept", c->accept);
    if (c->type) fix_header(x, "Content-Type", c->type);
    x->r.body = slice_of(c->body ? c->body : "");
    if (c->body && !c->body[0]) x->r.body = slice_of(arena_fmt(x->arena, "token=%s", w->flow->token));
    set_auth(w, c->auth);
}

enum err world_run(struct nth_world *w, const struct nth_case *c)
{
    struct error err = {0};
    if (c->op) return c->op(w, &err);
    answer(w->flow);
    return ERR_OK;
}

// Made ids begin with the time and end in a count of the process, which goes on from world to world.
static void hide_counts(char *p, size_t n)
{
    size_t run = 0;
    for (size_t i = 0; i <= n; i++) {
        if (i < n && ((p[i] >= '0' && p[i] <= '9') || (p[i] >= 'a' && p[i] <= 'f'))) {
            run++;
            continue;
        }
        if (run == OID_HEX && p[i - OID_HEX] == '6') memset(p + i - 6, '.', 6);
        run = 0;
    }
}

static int route_of(const struct reply *rep, enum method m)
{
    for (int i = 0; i < ROUTE_COUNT_ && rep->route; i++)
        if (route_row((enum route)i)->template == rep->route && route_row((enum route)i)->method == m) return i;
    return -1;
}

void world_answer(struct nth_world *w, const struct nth_case *c, enum err code, struct nth_answer *ret)
{
    struct reply *rep = &w->flow->fix->rep;
    *ret = (struct nth_answer){.op = c->op != NULL, .code = code, .route = -1};
    if (c->op) return;
    ret->status = rep->status;
    ret->head_failed = rep->head.fail != BUF_OK;
    ret->retry_after = rep->head.n && memmem(rep->head.p, rep->head.n, "Retry-After: ", 13) != NULL;
    ret->route = route_of(rep, c->method);
    char *copy = mem_strndup(rep->body.n ? rep->body.p : "", rep->body.n);
    assert_non_null(copy);
    hide_counts(copy, rep->body.n);
    ret->body = slice_n(copy, rep->body.n);
}

void answer_done(struct nth_answer *o)
{
    mem_free((void *)(uintptr_t)o->body.p);
    o->body = (struct slice){NULL, 0};
}

struct slice world_rows(struct nth_world *w)
{
    buf_clear(&w->rows);
    assert_true(dump_all(w->flow->fix->path, "nonce_use", &w->rows));
    hide_counts(w->rows.p, w->rows.n);
    return buf_view(&w->rows);
}

// ---- states to begin with -----------------------------------------------------------------------------------------

static struct observed seen_as(const char *status)
{
    struct observed o = {.name = NAME,
                         .requester_account = "111122223333",
                         .requester_vpc = "vpc-0aaaaaaaaaaaaaaaa",
                         .requester_region = "us-east-1",
                         .accepter_account = "444455556666",
                         .accepter_vpc = "vpc-0123456789abcdef0",
                         .accepter_region = "us-east-1",
                         .requester_cidrs = SLICE("10.0.0.0/16 10.1.0.0/16")};
    assert_true(cstr_set(o.cloud_status, sizeof(o.cloud_status), status));
    return o;
}

static enum err scan(struct nth_world *w, const char *status, struct error *err)
{
    struct fix *x = w->flow->fix;
    struct network net;
    struct connection c;
    struct observed o = seen_as(status);
    enum err e = store_network_get(x->reader, NETWORK, x->arena, &net, err);
    if (e == ERR_OK) e = store_connection_get(x->reader, FIX_GROUP, SLICE(NAME), x->arena, &c, err);
    if (e != ERR_OK) return e;
    struct change change = {CHANGE_SEEN_CHANGED, &c, &o};
    return core_scan_applied(w->flow->core, &net, CORE_AS_OF_NOW, &change, 1, SLICE("192.168.0.0/21"), err);
}

static enum err request(struct nth_world *w, enum action action, struct error *err)
{
    const struct action_request q = {
        .by = &somebody, .group_id = FIX_GROUP, .name_or_id = SLICE(NAME), .action = action};
    enum action_answer answer;
    struct slice why;
    return core_action_request(w->flow->core, &q, w->flow->fix->arena, &answer, &why, err);
}

static enum err give_organization(struct store_tx *tx, void *ctx, struct error *err)
{
    return store_tx_grant(tx, ctx, FIX_ORG, 1u << ROLE_ORG_OWNER, err);
}

static void prep_owner(struct nth_world *w)
{
    struct error err = {0};
    struct fix *x = w->flow->fix;
    good(store_write(x->store, give_organization, x->account.row.client_id, &err), &err);
}

static void prep_accepting(struct nth_world *w)
{
    struct error err = {0};
    good(request(w, ACTION_ACCEPT, &err), &err);
}

static void find_intent(struct nth_world *w)
{
    struct fix *x = w->flow->fix;
    struct error err = {0};
    struct intent *due;
    struct wall next;
    size_t n;
    good(core_intents_due(x->reader, clock_wall(&x->clock), 8, x->arena, &due, &n, &next, &err), &err);
    assert_int_equal(n, 1);
    w->intent = due[0];
    w->intent.reason = w->intent.rule = (struct slice){NULL, 0};
}

static void prep_due(struct nth_world *w)
{
    prep_accepting(w);
    find_intent(w);
}

static void prep_begun(struct nth_world *w)
{
    struct error err = {0};
    prep_due(w);
    good(core_intent_begin(w->flow->core, &w->intent, &err), &err);
}

static void prep_active(struct nth_world *w)
{
    struct error err = {0};
    const struct observed o = seen_as("active");
    const struct intent_result r = {.outcome = OUTCOME_DONE, .seen = &o};
    prep_begun(w);
    good(core_intent_outcome(w->flow->core, &w->intent, &r, &err), &err);
}

static void prep_protected(struct nth_world *w)
{
    struct error err = {0};
    prep_active(w);
    good(core_connection_protect(w->flow->core, &somebody, FIX_GROUP, SLICE(NAME), true, &err), &err);
}

static void prep_route(struct nth_world *w)
{
    struct fix *x = w->flow->fix;
    struct error err = {0};
    struct peer_route *due;
    struct wall next;
    size_t n;
    prep_active(w);
    good(core_routes_due(x->reader, clock_wall(&x->clock), 8, x->arena, &due, &n, &next, &err), &err);
    assert_true(n > 0);
    w->route = due[0];
    w->route.reason = (struct slice){NULL, 0};
}

// ---- work ---------------------------------------------------------------------------------------------------------

static enum err op_scan(struct nth_world *w, struct error *err)
{
    return scan(w, "active", err);
}

static enum err op_discover(struct nth_world *w, struct error *err)
{
    struct fix *x = w->flow->fix;
    struct network net;
    struct observed o = seen_as("pending-acceptance");
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
    const struct observed o = seen_as("active");
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
    return core_cidrs_approve(w->flow->core, &somebody, FIX_GROUP, SLICE(NAME), err);
}

static enum err op_protect(struct nth_world *w, struct error *err)
{
    return core_connection_protect(w->flow->core, &somebody, FIX_GROUP, SLICE(NAME), true, err);
}

static enum err op_freeze(struct nth_world *w, struct error *err)
{
    return core_freeze(w->flow->core, &somebody, FREEZE_ALL, NULL, true, SLICE("why"), err);
}

static enum err op_remove(struct nth_world *w, struct error *err)
{
    return core_network_remove(w->flow->core, &somebody, NETWORK, err);
}

static enum err op_group(struct nth_world *w, struct error *err)
{
    struct group g;
    return core_group_create(w->flow->core, &somebody, FIX_ORG, SLICE("Another"), &g, err);
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
    return auth_signing_rotate(w->flow->fix->auth, &somebody, &made, err);
}

// ---- the cases ----------------------------------------------------------------------------------------------------

#define OP(n, fn, w, p) .name = n, .op = fn, .writes = w, .prep = p
#define GET_OF(t, v)    .method = METHOD_GET, .target = t, .accept = v
#define POST_TO(t)      .method = METHOD_POST, .target = t, .accept = V2023
#define TOKEN_FORM      "grant_type=client_credentials"

const struct nth_case nth_cases[] = {
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
    {.name = "make a group",
     POST_TO("/api/atlas/v2/groups"),
     .type = JSON,
     .body = "{\"name\":\"Another\",\"orgId\":\"" FIX_ORG "\"}",
     .loose = true,
     .status = 201,
     .writes = true,
     .prep = prep_owner},
    {.name = "make a group, name taken",
     POST_TO("/api/atlas/v2/groups"),
     .type = JSON,
     .body = "{\"name\":\"Streams\",\"orgId\":\"" FIX_ORG "\"}",
     .status = 409,
     .prep = prep_owner},
    {.name = "group by name", GET_OF("/api/atlas/v2/groups/byName/Streams", V2023), .status = 200},
    {.name = "change a group",
     .method = METHOD_PATCH,
     .target = GROUP,
     .accept = V2023,
     .type = JSON,
     .body = "{\"name\":\"Rivers\",\"tags\":[{\"key\":\"a\",\"value\":\"b\"}]}",
     .status = 200,
     .writes = true,
     .prep = prep_owner},
    {.name = "delete a group",
     .method = METHOD_DELETE,
     .target = "/api/atlas/v2/groups/" LOST_GROUP,
     .accept = V2023,
     .status = 202,
     .writes = true,
     .prep = prep_owner},
    {.name = "delete a group in use",
     .method = METHOD_DELETE,
     .target = GROUP,
     .accept = V2023,
     .status = 409,
     .prep = prep_owner},
    {.name = "settings of a group", GET_OF(GROUP "/settings", V2023), .status = 200},
    {.name = "change settings of a group",
     .method = METHOD_PATCH,
     .target = GROUP "/settings",
     .accept = V2023,
     .type = JSON,
     .body = "{\"isSchemaAdvisorEnabled\":false}",
     .status = 200,
     .writes = true,
     .prep = prep_owner},
    {.name = "organizations", GET_OF("/api/atlas/v2/orgs", V2023), .status = 200},
    {.name = "organization", GET_OF(ORG, V2023), .status = 200},
    {.name = "change an organization",
     .method = METHOD_PATCH,
     .target = ORG,
     .accept = V2023,
     .type = JSON,
     .body = "{\"name\":\"Emca\"}",
     .status = 200,
     .writes = true,
     .prep = prep_owner},
    {.name = "delete an organization in use",
     .method = METHOD_DELETE,
     .target = ORG,
     .accept = V2023,
     .status = 409,
     .prep = prep_owner},
    {.name = "groups of an organization", GET_OF(ORG "/groups?name=Str", V2023), .status = 200},
    {.name = "settings of an organization", GET_OF(ORG "/settings", V2023), .status = 200, .prep = prep_owner},
    {.name = "change settings of an organization",
     .method = METHOD_PATCH,
     .target = ORG "/settings",
     .accept = V2023,
     .type = JSON,
     .body = "{\"multiFactorAuthRequired\":true}",
     .status = 200,
     .writes = true,
     .prep = prep_owner},
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
