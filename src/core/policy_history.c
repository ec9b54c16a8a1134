// SPDX-License-Identifier: Apache-2.0
// What a policy would have done: the stored connections of a group, decided as of the time each was first seen, beside
// what people did. Called by: cli, api (dry-run, test). Must never: write anything.
#include <stdlib.h>

#include "core/inside.h"

static const char *const outcomes[POLICY_OUTCOME_COUNT_] = {[POLICY_WAITING] = "waiting",
                                                            [POLICY_ACCEPTED] = "accepted",
                                                            [POLICY_REJECTED] = "rejected",
                                                            [POLICY_EXPIRED] = "expired",
                                                            [POLICY_WITHDRAWN] = "withdrawn"};

const char *policy_outcome_name(enum policy_outcome o)
{
    ASSERT((unsigned)o < POLICY_OUTCOME_COUNT_);
    return outcomes[o];
}

static enum err read_facts(struct store_reader *r, const char *group_id, const struct network *net, struct arena *a,
                           struct policy_facts *f, struct error *err)
{
    struct expected *expected;
    struct policy_peer *peers;
    enum err code = store_live_peers(r, net->id, a, &peers, &f->peer_count, err);
    if (code == ERR_OK) code = store_expected(r, group_id, f->now, a, &expected, &f->expected_count, err);
    if (code != ERR_OK) return code;
    f->mode = net->mode;
    f->network_cidrs = net->cidrs;
    f->peers = peers;
    f->expected = expected;
    f->handed_over = strcmp(net->group_id, group_id) != 0;
    return ERR_OK;
}

enum err core_policy_try(struct store_reader *r, const char *group_id, const struct network *net, struct arena *a,
                         struct policy_trial *t, struct error *err)
{
    bool allowed = true;
    enum err code = read_facts(r, group_id, net, a, &t->facts, err);
    if (code == ERR_OK) code = store_writes_allowed(r, group_id, net->id, &allowed, err);
    if (code != ERR_OK) return code;
    policy_decide(&t->facts, &t->decision);
    t->frozen = net->mode == NETWORK_MANAGE && !allowed;
    return ERR_OK;
}

size_t policy_looked_at(const struct policy_trial *t)
{
    const struct policy_decision *d = &t->decision;
    return d->expected ? 0 : d->rule ? (size_t)(d->rule - t->facts.rules) + 1 : t->facts.rule_count;
}

int policy_replay_same(const struct policy_replay *r)
{
    bool answered = r->outcome == POLICY_ACCEPTED || r->outcome == POLICY_REJECTED || r->outcome == POLICY_EXPIRED;
    if (!answered || (r->decision.action != POLICY_ACCEPT && r->decision.action != POLICY_REJECT)) return -1;
    return r->decision.action == POLICY_ACCEPT ? r->outcome == POLICY_ACCEPTED : r->outcome == POLICY_REJECTED;
}

// ---- the connections --------------------------------------------------------------------------------------

#define PAGE 500

struct item {
    struct policy_replay out;
    char network_id[OID_HEX + 1];
    struct slice network_cidrs; // as the connection tells them
    enum cloud_status status;
    bool listed;
    struct wall accepted, ended; // 0 = not
};

struct replay {
    struct store_reader *reader;
    const char *group_id;
    const struct policy_rule *rules;
    size_t rule_count;
    struct arena *arena, *page;
    struct item *items; // oldest first
    size_t n, room;
    struct item **by_name; // by network and name
    struct network *networks;
    size_t network_count;
    struct expected *expected, *then; // as stored; as of the request that is decided
    size_t expected_count;
    struct policy_peer *peers;
};

static bool take(struct replay *p, const struct connection *c)
{
    struct item *i = &p->items[p->n++];
    memcpy(i->out.name, c->name, sizeof(i->out.name));
    memcpy(i->out.account, c->requester_account, sizeof(i->out.account));
    memcpy(i->out.vpc, c->requester_vpc, sizeof(i->out.vpc));
    memcpy(i->network_id, c->network_id, sizeof(i->network_id));
    i->out.cidrs = arena_slice(p->arena, c->requester_cidrs);
    i->network_cidrs = arena_slice(p->arena, c->accepter_cidrs);
    i->out.seen = c->first_seen;
    i->status = cloud_status_of(slice_of(c->cloud_status));
    i->listed = c->listed;
    i->ended = c->terminal_since.us ? c->terminal_since : c->listed ? (struct wall){0} : c->changed;
    return !arena_failed(p->arena);
}

static enum err load_connections(struct replay *p, struct error *err)
{
    struct connection_filter f = {
        .group_id = p->group_id, .local_status = -1, .include_unlisted = true, .page = {1, PAGE}};
    uint64_t total = 0;
    for (;; f.page.number++) {
        struct connection *rows;
        size_t n;
        arena_reset(p->page);
        enum err code = store_connections(p->reader, &f, p->page, &rows, &n, &total, err);
        if (code != ERR_OK) return code;
        if (total > POLICY_REPLAY_MAX)
            return error_set(err, ERR_TOO_LARGE, "the project has seen %llu connections; a dry run reads at most %d",
                             (unsigned long long)total, POLICY_REPLAY_MAX);
        if (!p->items) p->room = total + PAGE; // some may come while we read
        if (!p->items) p->items = arena_array(p->arena, p->room, sizeof(*p->items));
        if (!p->items) return core_nomem(err);
        for (size_t i = 0; i < n && p->n < p->room; i++)
            if (!take(p, &rows[i])) return core_nomem(err);
        if (n < PAGE) return ERR_OK;
    }
}

static int compare(const struct item *a, const char *network_id, const char *name)
{
    int c = strcmp(a->network_id, network_id);
    return c ? c : strcmp(a->out.name, name);
}

static int by_name(const void *a, const void *b)
{
    const struct item *const *x = a, *const *y = b;
    return compare(*x, (*y)->network_id, (*y)->out.name);
}

static enum err index_names(struct replay *p, struct error *err)
{
    p->by_name = arena_array(p->arena, p->n + 1, sizeof(struct item *));
    if (!p->by_name) return core_nomem(err);
    for (size_t i = 0; i < p->n; i++) p->by_name[i] = &p->items[i];
    if (p->n) qsort(p->by_name, p->n, sizeof(struct item *), by_name);
    return ERR_OK;
}

static struct item *find(const struct replay *p, const char *network_id, const char *name)
{
    size_t lo = 0, hi = p->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = compare(p->by_name[mid], network_id, name);
        if (c == 0) return p->by_name[mid];
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

// ---- what was done ----------------------------------------------------------------------------------------

static const char elsewhere[] = "AWS"; // outside Peerage

static void answered(struct item *i, const struct event_row *e, enum policy_outcome o)
{
    i->out.outcome = o;
    memcpy(i->out.by, e->actor, sizeof(i->out.by));
    if (o == POLICY_ACCEPTED && !i->accepted.us) i->accepted = e->created;
}

static void seen_as(struct item *i, const struct event_row *e, struct slice cloud_status)
{
    enum cloud_status s = cloud_status_of(cloud_status);
    if (s != CLOUD_PROVISIONING && s != CLOUD_ACTIVE) return;
    if (!i->accepted.us) i->accepted = e->created;
    if (i->out.outcome != POLICY_WAITING) return;
    i->out.outcome = POLICY_ACCEPTED;
    memcpy(i->out.by, elsewhere, sizeof(elsewhere));
}

static void note(struct replay *p, const struct event_row *e)
{
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    struct error none;
    char network_id[OID_HEX + 1], name[AWS_RES_ID];
    if (!slice_copy(e->resource, name, sizeof(name)) || json_read(e->detail, 65536, &doc, &none) != ERR_OK) return;
    const struct json_value *root = json_root(doc);
    if (!slice_copy(json_string(json_get(root, "networkId")), network_id, sizeof(network_id))) return;
    struct item *i = find(p, network_id, name);
    if (!i) return;
    if (strcmp(e->type, audit_type_name(AUDIT_ACCEPT_REQUESTED)) == 0)
        answered(i, e, POLICY_ACCEPTED);
    else if (strcmp(e->type, audit_type_name(AUDIT_REJECT_REQUESTED)) == 0)
        answered(i, e, POLICY_REJECTED);
    else
        seen_as(i, e, json_string(json_get(root, "cloudStatus")));
}

static enum err load_events(struct replay *p, struct error *err)
{
    int64_t after = 0;
    for (;;) {
        struct event_row *e;
        size_t n;
        arena_reset(p->page);
        enum err code = store_events_of_group(p->reader, p->group_id, after, PAGE, p->page, &e, &n, err);
        if (code != ERR_OK) return code;
        for (size_t i = 0; i < n; i++)
            if (slice_starts(e[i].resource, SLICE("pcx-")) && e[i].detail.n) note(p, &e[i]);
        if (n == 0) return ERR_OK;
        after = e[n - 1].seq;
    }
}

// What no answer of ours explains, the last status does.
static void conclude(struct item *i)
{
    struct policy_replay *out = &i->out;
    if (out->outcome != POLICY_WAITING) return;
    if (i->status == CLOUD_REJECTED) {
        out->outcome = POLICY_REJECTED;
        memcpy(out->by, elsewhere, sizeof(elsewhere));
    } else if (i->status == CLOUD_EXPIRED) {
        out->outcome = POLICY_EXPIRED;
    } else if (!i->listed || cloud_status_is_terminal(i->status) || i->status == CLOUD_DELETING) {
        out->outcome = POLICY_WITHDRAWN;
    }
}

// ---- deciding ---------------------------------------------------------------------------------------------

static size_t peers_of(const struct replay *p, const struct item *i)
{
    size_t n = 0;
    int64_t then = i->out.seen.us;
    for (const struct item *j = p->items; j < p->items + p->n; j++) {
        bool lived = j != i && j->accepted.us && j->accepted.us <= then && (!j->ended.us || j->ended.us > then);
        if (!lived || strcmp(j->network_id, i->network_id) != 0) continue;
        memcpy(p->peers[n].name, j->out.name, sizeof(p->peers[n].name));
        p->peers[n++].cidrs = j->out.cidrs;
    }
    return n;
}

// Those that were there and not used by another; `used` of the stored rows becomes 1 once the replay has used one.
static size_t expected_then(const struct replay *p, const struct item *i)
{
    size_t n = 0;
    for (size_t k = 0; k < p->expected_count; k++) {
        const struct expected *e = &p->expected[k];
        bool mine = strcmp(e->used_by, i->out.name) == 0;
        if (e->created.us > i->out.seen.us || (e->used.us && !mine && e->used.us <= i->out.seen.us)) continue;
        p->then[n] = *e;
        p->then[n++].used = (struct wall){0};
    }
    return n;
}

static void use(struct replay *p, const struct policy_decision *d)
{
    if (d->action != POLICY_ACCEPT || !d->expected) return;
    for (size_t k = 0; k < p->expected_count; k++) {
        if (strcmp(p->expected[k].id, d->expected->id) != 0) continue;
        p->expected[k].used = (struct wall){1};
        p->expected[k].used_by[0] = '\0';
    }
}

static void decide(struct replay *p, struct item *i)
{
    const struct network *net = NULL;
    for (size_t k = 0; k < p->network_count; k++)
        if (strcmp(p->networks[k].id, i->network_id) == 0) net = &p->networks[k];
    const struct policy_facts f = {.rules = p->rules,
                                   .rule_count = p->rule_count,
                                   .expected = p->then,
                                   .expected_count = expected_then(p, i),
                                   .account = slice_of(i->out.account),
                                   .vpc = slice_of(i->out.vpc),
                                   .cidrs = i->out.cidrs,
                                   .mode = net ? net->mode : NETWORK_MANAGE,
                                   .network_cidrs = net ? net->cidrs : i->network_cidrs,
                                   .peers = p->peers,
                                   .peer_count = peers_of(p, i),
                                   .now = i->out.seen};
    policy_decide(&f, &i->out.decision);
    use(p, &i->out.decision);
    i->out.decision.expected = NULL; // `then` is another's the next moment
}

static enum err load(struct replay *p, struct error *err)
{
    enum err code = load_connections(p, err);
    if (code == ERR_OK) code = index_names(p, err);
    if (code == ERR_OK) code = load_events(p, err);
    if (code == ERR_OK) code = store_networks(p->reader, NULL, p->arena, &p->networks, &p->network_count, err);
    if (code == ERR_OK)
        code =
            store_expected(p->reader, p->group_id, (struct wall){0}, p->arena, &p->expected, &p->expected_count, err);
    if (code != ERR_OK) return code;
    p->then = arena_array(p->arena, p->expected_count + 1, sizeof(*p->then));
    p->peers = arena_array(p->arena, p->n + 1, sizeof(*p->peers));
    return p->then && p->peers ? ERR_OK : core_nomem(err);
}

enum err core_policy_replay(struct store_reader *r, const char *group_id, const struct policy_rule *rules, size_t n,
                            struct wall since, struct arena *a, struct policy_replay **ret, size_t *ret_n,
                            struct error *err)
{
    struct arena *page CLEANUP(arena_freep) = arena_new(32 << 20);
    struct replay p = {.reader = r, .group_id = group_id, .rules = rules, .rule_count = n, .arena = a, .page = page};
    if (!page) return core_nomem(err);
    enum err code = load(&p, err);
    if (code != ERR_OK) return code;
    struct policy_replay *out = arena_array(a, p.n + 1, sizeof(*out));
    size_t count = 0;
    if (!out) return core_nomem(err);
    for (size_t i = 0; i < p.n; i++) {
        conclude(&p.items[i]);
        decide(&p, &p.items[i]);
        if (p.items[i].out.seen.us >= since.us) out[count++] = p.items[i].out;
    }
    *ret = out;
    *ret_n = count;
    return ERR_OK;
}
