// SPDX-License-Identifier: Apache-2.0
// The world of every_nth.c, and the states that its cases begin with. Called by: every_nth.c, the tables of cases.
// Must never: differ from run to run.
#include "cases.h"

const struct actor nth_somebody = {PRINCIPAL_LOCAL, "cli", ""};

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
    w->names = arena_new(4096);
    buf_init(&w->rows, DUMP_MAX);
    good(store_write(w->flow->fix->store, fill, w->flow->fix, &err), &err);
    good(core_network_tables(w->flow->core, &nth_somebody, NETWORK, tables, 1, &err), &err);
    if (c->prep) c->prep(w);
    warm(w, c->auth == NTH_BEARER ? NTH_DIGEST : NTH_BEARER);
    return w;
}

void world_free(struct nth_world *w)
{
    void *flow = w->flow;
    tear_down(&flow);
    buf_done(&w->rows);
    arena_free(w->names);
    mem_free(w);
}

// The target with what the world has made in the place of {key}, {account} and {secret}.
static const char *with_names(struct nth_world *w, const char *target)
{
    const struct {
        const char *name, *value;
    } names[] = {{"{key}", w->key.row.id}, {"{account}", w->account.row.client_id}, {"{secret}", w->account.secret.id}};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const char *at = strstr(target, names[i].name);
        if (at)
            target =
                arena_fmt(w->names, "%.*s%s%s", (int)(at - target), target, names[i].value, at + strlen(names[i].name));
        assert_non_null(target);
    }
    return target;
}

void world_prepare(struct nth_world *w, const struct nth_case *c)
{
    struct fix *x = w->flow->fix;
    if (c->op) {
        arena_reset(x->arena);
        return;
    }
    fix_advance(x, 61); // the bucket is full again
    arena_reset(w->names);
    fix_request(x, c->method, with_names(w, c->target));
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

// The seal of a secret is over the id of its row too, which has such a count: its last 16 of 48 bytes differ with it.
static void hide_seals(struct buf *rows)
{
    for (size_t i = 0; i + 99 <= rows->n; i++)
        if (memcmp(rows->p + i, "X'", 2) == 0 && rows->p[i + 98] == '\'' && !memchr(rows->p + i + 2, '\'', 96))
            memset(rows->p + i + 66, '.', 32);
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
    hide_seals(&w->rows);
    return buf_view(&w->rows);
}

// ---- states to begin with -----------------------------------------------------------------------------------------

struct observed nth_seen_as(const char *status)
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

enum err nth_scan(struct nth_world *w, const char *status, struct error *err)
{
    struct fix *x = w->flow->fix;
    struct network net;
    struct connection c;
    struct observed o = nth_seen_as(status);
    enum err e = store_network_get(x->reader, NETWORK, x->arena, &net, err);
    if (e == ERR_OK) e = store_connection_get(x->reader, FIX_GROUP, SLICE(NAME), x->arena, &c, err);
    if (e != ERR_OK) return e;
    struct change change = {CHANGE_SEEN_CHANGED, &c, &o};
    return core_scan_applied(w->flow->core, &net, CORE_AS_OF_NOW, &change, 1, SLICE("192.168.0.0/21"), err);
}

static enum err request(struct nth_world *w, enum action action, struct error *err)
{
    const struct action_request q = {
        .by = &nth_somebody, .group_id = FIX_GROUP, .name_or_id = SLICE(NAME), .action = action};
    enum action_answer answer;
    struct slice why;
    return core_action_request(w->flow->core, &q, w->flow->fix->arena, &answer, &why, err);
}

static enum err give_organization(struct store_tx *tx, void *ctx, struct error *err)
{
    return store_tx_grant(tx, ctx, FIX_ORG, 1u << ROLE_ORG_OWNER, err);
}

void prep_owner(struct nth_world *w)
{
    struct error err = {0};
    struct fix *x = w->flow->fix;
    good(store_write(x->store, give_organization, x->account.row.client_id, &err), &err);
}

void prep_accepting(struct nth_world *w)
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

void prep_due(struct nth_world *w)
{
    prep_accepting(w);
    find_intent(w);
}

void prep_begun(struct nth_world *w)
{
    struct error err = {0};
    prep_due(w);
    good(core_intent_begin(w->flow->core, &w->intent, &err), &err);
}

void prep_active(struct nth_world *w)
{
    struct error err = {0};
    const struct observed o = nth_seen_as("active");
    const struct intent_result r = {.outcome = OUTCOME_DONE, .seen = &o};
    prep_begun(w);
    good(core_intent_outcome(w->flow->core, &w->intent, &r, &err), &err);
}

void prep_protected(struct nth_world *w)
{
    struct error err = {0};
    prep_active(w);
    good(core_connection_protect(w->flow->core, &nth_somebody, FIX_GROUP, SLICE(NAME), true, &err), &err);
}

void prep_route(struct nth_world *w)
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

static const struct grant machine[] = {{FIX_ORG, 1u << ROLE_ORG_MEMBER}, {FIX_GROUP, 1u << ROLE_GROUP_READ_ONLY}};

static struct cred_op operator_in(struct nth_world *w)
{
    return (struct cred_op){.by = &nth_somebody, .org_id = FIX_ORG, .arena = w->flow->fix->arena};
}

void prep_key(struct nth_world *w)
{
    struct error err = {0};
    struct auth *auth = w->flow->fix->auth;
    struct cred_op op = operator_in(w);
    struct cidr block;
    prep_owner(w);
    good(auth_api_key_create(auth, FIX_ORG, "a machine's", machine, 2, &w->key, &err), &err);
    assert_true(cidr_parse(SLICE("198.51.100.7"), true, &block));
    good(cred_access_add(auth, &op, PRINCIPAL_API_KEY, w->key.row.public_key, &block, 1, &err), &err);
    assert_int_equal(op.result, CRED_DONE);
}

void prep_account(struct nth_world *w)
{
    struct error err = {0};
    struct auth *auth = w->flow->fix->auth;
    struct cred_op op = operator_in(w);
    struct cidr block;
    prep_owner(w);
    good(auth_account_create(auth, FIX_ORG, "machine", "of a case", machine, 2, 8760, &w->account, &err), &err);
    assert_true(cidr_parse(SLICE("198.51.100.7"), true, &block));
    good(cred_access_add(auth, &op, PRINCIPAL_SERVICE_ACCOUNT, w->account.row.client_id, &block, 1, &err), &err);
    assert_int_equal(op.result, CRED_DONE);
}

static enum err give_member(struct store_tx *tx, void *ctx, struct error *err)
{
    const struct nth_world *w = ctx;
    enum err e = store_tx_grant(tx, w->key.row.public_key, FIX_GROUP, 0, err);
    return e == ERR_OK ? store_tx_grant(tx, w->account.row.client_id, FIX_GROUP, 0, err) : e;
}

void prep_outside(struct nth_world *w)
{
    struct error err = {0};
    prep_key(w);
    prep_account(w);
    good(store_write(w->flow->fix->store, give_member, w, &err), &err);
}
