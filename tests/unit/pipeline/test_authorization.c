// SPDX-License-Identifier: Apache-2.0
// Who may do what: every route of spec/routes.def by every caller, credentials by Digest and by token. What a need
// permits is written down here and not read from the code; routes that any caller may ask have rows of their own below,
// and a route without cells fails. Run by: meson test. Prints the number of cells, of wrong allows and wrong refusals.
#include "flow.h"

#include <stdlib.h>

#define OTHER_ORG   "0123456789abcdef000000f1"
#define OTHER_INBOX "0123456789abcdef000000f2" // a group of it
#define CONNECTION  "0123456789abcdef0000000b" // of flow.h, in the fixture's group
#define ELSEWHERE   "192.0.2.99"               // every request of the fixture comes from 192.0.2.7

// x-rolesRequirements of the operations (facts §9.3b), where a role "or above" is meant, and what Peerage adds.
enum rule {
    ANYBODY, // who is authenticated
    NOBODY,
    MEMBER,
    ORG_READ,
    ORG_OWNER,
    GROUP_CREATOR,
    OWNER_ANYWHERE, // ORG_OWNER in whichever organisation
    GROUP_READ,
    GROUP_ACCESS,
    STREAM_OWNER,
    GROUP_OWNER,
    OPERATOR // GLOBAL_OWNER, whatever the organization, and never a service account
};

static enum rule rule_of(const struct route_row *row)
{
    switch (row->need) {
    case NEED_ANY:
        return ANYBODY;
    case NEED_GROUP_READ:
        return GROUP_READ;
    case NEED_STREAM_OWNER:
        return STREAM_OWNER;
    case NEED_GROUP_OWNER:
        return GROUP_OWNER;
    case NEED_GROUP_ACCESS:
        return GROUP_ACCESS;
    case NEED_ORG_MEMBER:
        return MEMBER;
    case NEED_ORG_READ:
        return ORG_READ;
    case NEED_ORG_OWNER:
        return ORG_OWNER;
    case NEED_ORG_GROUP_CREATOR:
        return GROUP_CREATOR;
    case NEED_OPERATOR:
        return OPERATOR;
    case NEED_COUNT_:
        break;
    }
    fail_msg("%s has a need that no rule of this test is for: its cells would say nothing", row->operation);
    return NOBODY;
}

// The need of these, written down a second time.
static const struct {
    enum route route;
    enum rule rule;
} written[] = {
    {ROUTE_ORG_KEYS_LIST, MEMBER},
    {ROUTE_ORG_KEY_CREATE, ORG_OWNER},
    {ROUTE_ORG_KEY_GET, MEMBER},
    {ROUTE_ORG_KEY_UPDATE, ORG_OWNER},
    {ROUTE_ORG_KEY_DELETE, ORG_OWNER},
    {ROUTE_KEY_ACCESS_LIST, MEMBER},
    {ROUTE_KEY_ACCESS_ADD, MEMBER},
    {ROUTE_KEY_ACCESS_GET, MEMBER},
    {ROUTE_KEY_ACCESS_REMOVE, MEMBER},
    {ROUTE_GROUP_KEYS_LIST, GROUP_READ},
    {ROUTE_GROUP_KEY_CREATE, GROUP_ACCESS},
    {ROUTE_GROUP_KEY_ADD, GROUP_OWNER},
    {ROUTE_GROUP_KEY_UPDATE, GROUP_ACCESS},
    {ROUTE_GROUP_KEY_REMOVE, GROUP_ACCESS},
    {ROUTE_ORG_ACCOUNTS_LIST, ORG_READ},
    {ROUTE_ORG_ACCOUNT_CREATE, ORG_OWNER},
    {ROUTE_ORG_ACCOUNT_GET, ORG_READ},
    {ROUTE_ORG_ACCOUNT_UPDATE, ORG_OWNER},
    {ROUTE_ORG_ACCOUNT_REMOVE, ORG_OWNER},
    {ROUTE_ORG_SECRET_CREATE, ORG_OWNER},
    {ROUTE_ORG_SECRET_DELETE, ORG_OWNER},
    {ROUTE_ORG_ACCOUNT_ACCESS_LIST, ORG_READ},
    {ROUTE_ORG_ACCOUNT_ACCESS_ADD, ORG_OWNER},
    {ROUTE_ORG_ACCOUNT_ACCESS_REMOVE, ORG_OWNER},
    {ROUTE_ORG_ACCOUNT_GROUPS, ORG_READ},
    {ROUTE_GROUP_ACCOUNTS_LIST, GROUP_READ},
    {ROUTE_GROUP_ACCOUNT_CREATE, GROUP_OWNER},
    {ROUTE_GROUP_ACCOUNT_GET, GROUP_READ},
    {ROUTE_GROUP_ACCOUNT_UPDATE, GROUP_OWNER},
    {ROUTE_GROUP_ACCOUNT_REMOVE, GROUP_OWNER},
    {ROUTE_GROUP_SECRET_CREATE, GROUP_OWNER},
    {ROUTE_GROUP_SECRET_DELETE, GROUP_OWNER},
    {ROUTE_GROUP_ACCOUNT_ACCESS_LIST, GROUP_READ},
    {ROUTE_GROUP_ACCOUNT_ACCESS_ADD, GROUP_ACCESS},
    {ROUTE_GROUP_ACCOUNT_ACCESS_REMOVE, GROUP_ACCESS},
    {ROUTE_GROUP_ACCOUNT_INVITE, ORG_OWNER},
    {ROUTE_POLICY, GROUP_READ},
    {ROUTE_POLICY_SET, GROUP_OWNER},
    {ROUTE_POLICY_EDIT, GROUP_OWNER},
    {ROUTE_POLICY_TEST, GROUP_READ},
    {ROUTE_POLICY_DRY_RUN, GROUP_READ},
    {ROUTE_POLICY_DRY_RUN_RULES, GROUP_READ},
    {ROUTE_WEBHOOKS_LIST, ORG_OWNER}, // URLs of receivers are secrets often enough
    {ROUTE_WEBHOOK_CREATE, ORG_OWNER},
    {ROUTE_WEBHOOK_GET, ORG_OWNER},
    {ROUTE_WEBHOOK_UPDATE, ORG_OWNER},
    {ROUTE_WEBHOOK_DELETE, ORG_OWNER},
    {ROUTE_WEBHOOK_ROTATE, ORG_OWNER},
    {ROUTE_WEBHOOK_TEST, ORG_OWNER},
    {ROUTE_WEBHOOK_REPLAY, ORG_OWNER},
    {ROUTE_WEBHOOK_DELIVERIES, ORG_OWNER},
    {ROUTE_EXPECTED_LIST, GROUP_READ},
    {ROUTE_EXPECTED_CREATE, STREAM_OWNER}, // who may accept
    {ROUTE_EXPECTED_GET, GROUP_READ},
    {ROUTE_EXPECTED_DELETE, STREAM_OWNER},
    {ROUTE_SIGNING_KEYS, OPERATOR},
    {ROUTE_LIMITS, OPERATOR},
    {ROUTE_LIMIT_GET, OPERATOR},
    {ROUTE_LIMIT_SET, OPERATOR},
    {ROUTE_LIMIT_LIFT, OPERATOR},
    {ROUTE_SIGNING_KEY_ROTATE, OPERATOR},
    {ROUTE_FREEZES, OPERATOR},
    {ROUTE_FREEZE_ALL_GET, OPERATOR},
    {ROUTE_FREEZE_ALL_SET, OPERATOR},
    {ROUTE_FREEZE_ALL_LIFT, OPERATOR},
    {ROUTE_GROUP_FREEZE_GET, GROUP_READ},
    {ROUTE_GROUP_FREEZE_SET, STREAM_OWNER},
    {ROUTE_GROUP_FREEZE_LIFT, STREAM_OWNER},
    {ROUTE_NETWORK_FREEZE_GET, GROUP_READ},
    {ROUTE_NETWORK_FREEZE_SET, STREAM_OWNER},
    {ROUTE_NETWORK_FREEZE_LIFT, STREAM_OWNER},
    {ROUTE_INTENTS_LIST, GROUP_READ},
    {ROUTE_INTENT_CANCEL, STREAM_OWNER},
    {ROUTE_INTENTS_RELEASE, OPERATOR},
    {ROUTE_CONNECTION_HISTORY, GROUP_READ},
    {ROUTE_CONNECTION_UPDATE, GROUP_OWNER},
    {ROUTE_CONNECTION_APPROVE, STREAM_OWNER},
    {ROUTE_NETWORKS_LIST, GROUP_READ},
    {ROUTE_NETWORK_GET, GROUP_READ},
    {ROUTE_NETWORK_ROUTES, GROUP_READ},
};

// Requests of routes whose handlers decide (NEED_ANY: each must have one), and of routes that look closer than their
// need says. Without `shows`, a caller is refused by 401 or 403. With it, all get 200, and only who may sees that id.
static const struct sample {
    enum route route;
    enum rule rule;
    const char *query, *body, *shows;
    bool victim; // {apiUserId} is another's key
    bool hidden; // a 404 is a refusal too
} samples[] = {
    {ROUTE_SYSTEM_STATUS, ANYBODY},
    {ROUTE_EVENT_TYPES, ANYBODY},
    {ROUTE_GROUPS_LIST, GROUP_READ, .shows = FIX_GROUP},
    {ROUTE_ORGS_LIST, MEMBER, .shows = FIX_ORG},
    {ROUTE_INBOX, GROUP_READ, .shows = CONNECTION},
    {ROUTE_INBOX, GROUP_READ, .query = "?groupId=" FIX_GROUP},
    {ROUTE_GROUP_CREATE, GROUP_CREATOR, .body = "{\"name\":\"no good\",\"orgId\":\"" FIX_ORG "\"}"},
    {ROUTE_GROUP_BY_NAME, GROUP_READ, .hidden = true},
    {ROUTE_ORG_CREATE, OWNER_ANYWHERE, .body = "{\"name\":\"no good\"}"},
    {ROUTE_RATE_LIMITS, ANYBODY},
    {ROUTE_RATE_LIMITS, GROUP_READ, .query = "?groupId=" FIX_GROUP},
    {ROUTE_RATE_LIMITS, ORG_READ, .query = "?orgId=" FIX_ORG},
    {ROUTE_RATE_LIMITS, NOBODY, .query = "?userId=somebody"},
    {ROUTE_RATE_LIMITS, NOBODY, .query = "?ipAddress=" ELSEWHERE},
    {ROUTE_RATE_LIMIT, ANYBODY},
    {ROUTE_RATE_LIMIT, GROUP_READ, .query = "?groupId=" FIX_GROUP},
    {ROUTE_RATE_LIMIT, ORG_READ, .query = "?orgId=" FIX_ORG},
    {ROUTE_RATE_LIMIT, NOBODY, .query = "?userId=somebody"},
    {ROUTE_RATE_LIMIT, NOBODY, .query = "?ipAddress=" ELSEWHERE},
    {ROUTE_KEY_ACCESS_ADD, ORG_OWNER, .body = "[{\"ipAddress\":\"192.0.2.1\"}]", .victim = true},
    {ROUTE_KEY_ACCESS_REMOVE, ORG_OWNER, .victim = true},
};

// ---- callers ----------------------------------------------------------------------------------------------

enum place { STRANGER, HERE, NEIGHBOUR /* of another project of the organisation */, FOREIGN };
struct caller {
    char who[64];
    enum place place;
    enum role role;
    const struct new_api_key *key; // or
    const char *password, *token;  // with key: another password
    int wanted;                    // of a stranger
};

struct scene {
    struct flow *f;
    struct new_api_key keys[ROLE_COUNT_], neighbour, foreign[4], deleted, unlisted, victim;
    char *tokens[ROLE_COUNT_], *expired, *revoked;
    struct caller callers[2 * ROLE_COUNT_ + 16];
    size_t n;
    bool quiet;
    unsigned cells, allows, refusals; // of them wrong
};

static struct new_api_key key_with(struct flow *f, const char *org, const char *group, enum role role)
{
    struct new_api_key k;
    struct error err = {0};
    struct grant grants[2] = {{.roles = 1u << (group ? ROLE_ORG_MEMBER : role)}, {.roles = 1u << role}};
    memcpy(grants[0].scope_id, org, sizeof(grants[0].scope_id));
    if (group) memcpy(grants[1].scope_id, group, sizeof(grants[1].scope_id));
    if (auth_api_key_create(f->fix->auth, org, "of a table", grants, group ? 2 : 1, &k, &err) != ERR_OK)
        fail_msg("%s", err.detail);
    return k;
}

static enum err grant_as_operator(struct store_tx *tx, void *ctx, struct error *err)
{
    return store_tx_grant(tx, ctx, FIX_ORG, ROLES_OPERATOR, err);
}

// Nothing makes a service account the operator; a row that says so is written past auth, and must be worth nothing.
static char *token_with(struct flow *f, const char *group, enum role role, struct new_account *ret)
{
    struct error err = {0};
    enum role of_org = group || role == ROLE_GLOBAL_OWNER ? ROLE_ORG_MEMBER : role;
    struct grant grants[2] = {{.scope_id = FIX_ORG, .roles = 1u << of_org}, {.roles = 1u << role}};
    if (group) memcpy(grants[1].scope_id, group, sizeof(grants[1].scope_id));
    if (auth_account_create(f->fix->auth, FIX_ORG, "robot", "of a table", grants, group ? 2 : 1, 8760, ret, &err) !=
        ERR_OK)
        fail_msg("%s", err.detail);
    if (role == ROLE_GLOBAL_OWNER && store_write(f->fix->store, grant_as_operator, ret->row.client_id, &err) != ERR_OK)
        fail_msg("%s", err.detail);
    struct new_account had = f->fix->account;
    f->fix->account = *ret;
    char *token = fix_token(f->fix);
    f->fix->account = had;
    return token;
}

struct ending {
    const char *key, *client, *secret, *listed;
};

static enum err other_org_row(struct store_tx *tx, void *ctx, struct error *err)
{
    struct org o = {.id = OTHER_ORG, .name = "Other"};
    memcpy(o.external_id, "00000000-0000-4000-8000-0000000000f1", sizeof(o.external_id));
    struct group g = {.id = OTHER_INBOX, .org_id = OTHER_ORG, .name = "Other"};
    enum err code = store_tx_org_insert(tx, &o, err);
    return code == ERR_OK ? store_tx_group_insert(tx, &g, err) : code;
}

static enum err end_them(struct store_tx *tx, void *ctx, struct error *err)
{
    const struct ending *e = ctx;
    struct cidr block;
    bool ok = cidr_parse(SLICE(ELSEWHERE), true, &block);
    assert_true(ok);
    enum err code = store_tx_api_key_delete(tx, e->key, err);
    if (code == ERR_OK) code = store_tx_secret_delete(tx, e->client, e->secret, err);
    return code == ERR_OK ? store_tx_access_add(tx, e->listed, block, wall_from_sec(FIX_NOW), err) : code;
}

static struct caller *add_caller(struct scene *s, const char *how, enum role role)
{
    assert_true(s->n < ARRAY_LEN(s->callers));
    struct caller *c = &s->callers[s->n++];
    *c = (struct caller){.role = role};
    (void)snprintf(c->who, sizeof(c->who), "%s%s", how, how[0] && how[strlen(how) - 1] == ' ' ? role_name(role) : "");
    return c;
}

static void add_strangers(struct scene *s)
{
    const struct new_api_key *owner = &s->keys[ROLE_ORG_OWNER];
    const struct {
        const char *who;
        const struct new_api_key *key;
        const char *password, *token;
        int wanted;
    } all[] = {{"nobody", NULL, NULL, NULL, 401},
               {"a wrong secret", owner, "00000000-0000-4000-8000-000000000000", NULL, 401},
               {"a deleted key", &s->deleted, NULL, NULL, 401},
               {"a key from elsewhere", &s->unlisted, NULL, NULL, 403},
               {"an expired token", NULL, NULL, s->expired, 401},
               {"a revoked token", NULL, NULL, s->revoked, 401},
               {"a token of nobody's", NULL, NULL, "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl", 401}};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct caller *c = add_caller(s, all[i].who, ROLE_ORG_OWNER);
        c->key = all[i].key;
        c->password = all[i].password;
        c->token = all[i].token;
        c->wanted = all[i].wanted;
    }
}

static void add_others(struct scene *s)
{
    static const enum role foreign[] = {ROLE_ORG_OWNER, ROLE_ORG_READ_ONLY, ROLE_GROUP_OWNER, ROLE_GLOBAL_OWNER};
    s->neighbour = key_with(s->f, FIX_ORG, LOST_GROUP, ROLE_GROUP_OWNER);
    struct caller *c = add_caller(s, "another project's ", ROLE_GROUP_OWNER);
    c->place = NEIGHBOUR;
    c->key = &s->neighbour;
    for (size_t i = 0; i < ARRAY_LEN(foreign); i++) {
        s->foreign[i] = key_with(s->f, OTHER_ORG, role_is_org(foreign[i]) ? NULL : OTHER_INBOX, foreign[i]);
        c = add_caller(s, "another organization's ", foreign[i]);
        c->place = FOREIGN;
        c->key = &s->foreign[i];
    }
}

static void add_roles(struct scene *s)
{
    struct new_account account;
    for (unsigned r = 0; r < ROLE_COUNT_; r++) {
        const char *group = role_is_org((enum role)r) ? NULL : FIX_GROUP;
        s->tokens[r] = token_with(s->f, group, (enum role)r, &account);
        struct caller *c = add_caller(s, "key as ", (enum role)r);
        c->place = HERE;
        c->key = &s->keys[r];
        c = add_caller(s, "account as ", (enum role)r);
        c->place = HERE;
        c->token = s->tokens[r];
    }
}

static void make_scene(struct flow *f, struct scene *s)
{
    struct new_account account, lapsing;
    struct error err = {0};
    *s = (struct scene){.f = f};
    fix_advance(f->fix, 2 * 365 * 86400.0); // past the date of every version
    write_rows(f, other_org_row);
    write_rows(f, insert_row); // so that the group cannot be deleted
    for (unsigned r = 0; r < ROLE_COUNT_; r++)
        s->keys[r] = key_with(f, FIX_ORG, role_is_org((enum role)r) ? NULL : FIX_GROUP, (enum role)r);
    s->deleted = key_with(f, FIX_ORG, NULL, ROLE_ORG_OWNER);
    s->unlisted = key_with(f, FIX_ORG, NULL, ROLE_ORG_OWNER);
    s->victim = key_with(f, FIX_ORG, NULL, ROLE_ORG_READ_ONLY);
    s->expired = token_with(f, NULL, ROLE_ORG_OWNER, &lapsing);
    fix_advance(f->fix, 3601);
    s->revoked = token_with(f, NULL, ROLE_ORG_OWNER, &account);
    struct ending e = {s->deleted.row.public_key, account.row.client_id, account.secret.id, s->unlisted.row.public_key};
    if (store_write(f->fix->store, end_them, &e, &err) != ERR_OK) fail_msg("%s", err.detail);
    add_strangers(s);
    add_others(s);
    add_roles(s);
}

static void end_scene(struct scene *s)
{
    for (unsigned r = 0; r < ROLE_COUNT_; r++) mem_free(s->tokens[r]);
    mem_free(s->expired);
    mem_free(s->revoked);
}

static bool permits(enum rule rule, enum role role)
{
    bool reaches = role == ROLE_ORG_OWNER || role == ROLE_ORG_READ_ONLY || role == ROLE_ORG_STREAM_PROCESSING_ADMIN;
    bool owns = role == ROLE_ORG_OWNER || role == ROLE_GROUP_OWNER;
    switch (rule) {
    case ANYBODY:
        return true;
    case MEMBER: // whoever has any role but the operator's, which implies nothing
        return role != ROLE_GLOBAL_OWNER;
    case NOBODY:
        return false;
    case ORG_READ:
        return reaches;
    case ORG_OWNER:
    case OWNER_ANYWHERE:
        return role == ROLE_ORG_OWNER;
    case GROUP_CREATOR:
        return role == ROLE_ORG_OWNER || role == ROLE_ORG_GROUP_CREATOR;
    case GROUP_READ:
        return reaches || strncmp(role_name(role), "GROUP_", 6) == 0;
    case GROUP_ACCESS:
        return owns || role == ROLE_GROUP_ACCESS_MANAGER;
    case STREAM_OWNER:
        return owns || role == ROLE_ORG_STREAM_PROCESSING_ADMIN || role == ROLE_GROUP_STREAM_PROCESSING_OWNER;
    case GROUP_OWNER:
        return owns;
    case OPERATOR:
        return role == ROLE_GLOBAL_OWNER;
    }
    return false;
}

static bool allowed(enum rule rule, const struct caller *c)
{
    if (rule == OPERATOR && (c->place == HERE || c->place == FOREIGN)) return c->key && permits(rule, c->role);
    switch (c->place) {
    case STRANGER:
        return false;
    case HERE:
        return permits(rule, c->role);
    case NEIGHBOUR:
        return rule == ANYBODY || rule == MEMBER;
    case FOREIGN:
        return rule == ANYBODY || (rule == OWNER_ANYWHERE && c->role == ROLE_ORG_OWNER);
    }
    return false;
}

// ---- requests ---------------------------------------------------------------------------------------------

// The template with the fixture's ids, and ids of nothing for the rest: who may comes to a 404, or a 4xx of the body.
static void target_of(struct scene *s, const struct route_row *row, const struct sample *sample, struct buf *out)
{
    const struct {
        const char *name, *value;
    } values[] = {{"groupId", FIX_GROUP},
                  {"orgId", FIX_ORG},
                  {"groupName", "Streams"},
                  {"endpointSetId", limit_row(LIMIT_STREAMS_GROUP)->set_id},
                  {"apiUserId", sample && sample->victim ? s->victim.row.id : "0123456789abcdef000000aa"},
                  {"clientId", "mdb_sa_id_0123456789abcdef000000aa"},
                  {"ipAddress", "192.0.2.1"}};
    struct slice rest = slice_of(row->template), part, name;
    for (;;) {
        bool more = slice_cut(&rest, '{', &part);
        buf_slice(out, part);
        if (!more) break;
        slice_cut(&rest, '}', &name);
        size_t i = 0;
        while (i < ARRAY_LEN(values) && !slice_eq_cstr(name, values[i].name)) i++;
        buf_str(out, i < ARRAY_LEN(values) ? values[i].value : "0123456789abcdef000000bb");
    }
    if (sample && sample->query) buf_str(out, sample->query);
}

static struct reply *send(struct scene *s, const struct route_row *row, const struct sample *sample,
                          const struct caller *c)
{
    static char target[512]; // fix_request resets the arena
    struct fix *x = s->f->fix;
    struct buf b;
    buf_init(&b, 1024);
    target_of(s, row, sample, &b);
    bool fits = slice_copy(buf_view(&b), target, sizeof(target));
    buf_done(&b);
    assert_true(fits);
    fix_request(x, row->method, target);
    fix_header(x, "Accept", "application/vnd.atlas.2025-03-12+json");
    if (sample && sample->body) {
        x->r.body = slice_of(sample->body);
        fix_header(x, "Content-Type", "application/json");
    }
    if (c->token)
        fix_header(x, "Authorization", arena_fmt(x->arena, "Bearer %s", c->token));
    else if (c->key)
        fix_digest(x, (struct fix_digest){.user = c->key->row.public_key,
                                          .password = c->password ? c->password : c->key->private_key});
    return answer(s->f);
}

static bool holds(struct slice body, const char *id)
{
    size_t n = strlen(id);
    for (size_t i = 0; i + n <= body.n; i++)
        if (memcmp(body.p + i, id, n) == 0) return true;
    return false;
}

// What came of it: let in (200 and the thing itself, or anything behind the check of roles), refused, or neither.
enum fate { LET_IN, REFUSED, BROKEN };
static enum fate outcome_of(const struct reply *rep, const struct sample *sample, const struct caller *c)
{
    if (rep->status >= 500) return BROKEN;
    if (c->place == STRANGER) return rep->status == c->wanted ? REFUSED : LET_IN;
    if (sample && sample->shows) {
        if (rep->status != 200) return BROKEN;
        return holds(rep->body, sample->shows) ? LET_IN : REFUSED;
    }
    return rep->status == 401 || rep->status == 403 || (sample && sample->hidden && rep->status == 404) ? REFUSED
                                                                                                        : LET_IN;
}

static void judge(struct scene *s, const struct route_row *row, enum rule rule, const struct sample *sample)
{
    fix_advance(s->f->fix, 10); // buckets fill again, above all that of failures
    for (size_t i = 0; i < s->n; i++, s->cells++) {
        const struct caller *c = &s->callers[i];
        const struct reply *rep = send(s, row, sample, c);
        enum fate got = outcome_of(rep, sample, c), want = allowed(rule, c) ? LET_IN : REFUSED;
        if (got == want) continue;
        if (want == REFUSED)
            s->allows++;
        else
            s->refusals++;
        if (!s->quiet)
            print_error("%s %s%s by %s: %d %s\n", method_name(row->method), row->template,
                        sample && sample->query ? sample->query : "", c->who, rep->status,
                        rep->error_code ? rep->error_code : "");
    }
}

// Routes that need no credential: what they give away is nothing, whoever asks.
static void judge_open(struct scene *s, const struct route_row *row)
{
    fix_advance(s->f->fix, 10);
    for (size_t i = 0; i < s->n; i++, s->cells++) {
        const struct reply *rep = send(s, row, NULL, &s->callers[i]);
        bool mute = !holds(rep->body, FIX_ORG) && !holds(rep->body, FIX_GROUP) && !holds(rep->body, "access_token");
        if (mute && rep->status < 500) continue;
        s->allows++;
        print_error("%s by %s: %d\n", row->template, s->callers[i].who, rep->status);
    }
}

static void judge_route(struct scene *s, const struct route_row *row, enum route route)
{
    unsigned before = s->cells;
    if (row->flags & ROUTE_OPEN)
        judge_open(s, row);
    else if (row->need != NEED_ANY)
        judge(s, row, rule_of(row), NULL);
    for (size_t i = 0; i < ARRAY_LEN(samples); i++)
        if (samples[i].route == route) judge(s, row, samples[i].rule, &samples[i]);
    if (s->cells == before) fail_msg("%s has no cells: give it a row in `samples`", row->operation);
}

static void every_route_by_every_caller(void **state)
{
    struct scene *s = mem_zalloc(1, sizeof(*s));
    assert_non_null(s);
    make_scene(*state, s);
    for (int i = 0; i < ROUTE_COUNT_; i++) judge_route(s, route_row((enum route)i), (enum route)i);
    print_message("authorization: %d routes x %zu callers: %u cells, %u wrong allows, %u wrong refusals\n",
                  ROUTE_COUNT_, s->n, s->cells, s->allows, s->refusals);
    assert_int_equal(s->allows, 0);
    assert_int_equal(s->refusals, 0);
    end_scene(s);
    mem_free(s);
}

static void needs_are_those_written_here(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(written); i++)
        if (rule_of(route_row(written[i].route)) != written[i].rule)
            fail_msg("spec/routes.def asks something else for %s", route_row(written[i].route)->operation);
}

// A table that calls everything right would be worth nothing: a rule turned round finds every caller that it is about.
static void a_wrong_rule_is_found(void **state)
{
    struct scene *s = mem_zalloc(1, sizeof(*s));
    assert_non_null(s);
    make_scene(*state, s);
    s->quiet = true;
    judge(s, route_row(ROUTE_GROUP_GET), NOBODY, NULL);
    assert_true(s->allows >= 2 * 15);
    assert_int_equal(s->refusals, 0);
    s->allows = 0;
    judge(s, route_row(ROUTE_ORG_UPDATE), MEMBER, NULL);
    assert_int_equal(s->allows, 0);
    // All here but the owners and the operators, and the neighbour.
    assert_int_equal(s->refusals, 2 * (ROLE_COUNT_ - 2) + 1);
    end_scene(s);
    mem_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FLOW_TEST(every_route_by_every_caller),
        cmocka_unit_test(needs_are_those_written_here),
        FLOW_TEST(a_wrong_rule_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
