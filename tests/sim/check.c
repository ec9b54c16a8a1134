// SPDX-License-Identifier: Apache-2.0
// What must hold at every step, judged by the audit log, the rows, and what the cloud has said and done.
// Called by: play.c, transport.c, script.c. Must never: believe the code that is tested where it can know better.
#include <stdio.h>

#include "ec2sim/model.h"
#include "tests/sim/sim.h"

#define FULL_EVERY 48 // checks between two looks at everything

// ---- the tables, read here once more

enum ev {
    SEEN_PENDING,
    SEEN_PROVISIONING,
    SEEN_ACTIVE,
    SEEN_DELETING,
    SEEN_REJECTED,
    SEEN_DELETED,
    SEEN_EXPIRED,
    SEEN_FAILED,
    SEEN_UNKNOWN,
    MISSING,
    REAPPEARED,
    VANISHED,
    WINDOW_PASSED,
    REQUESTED_ACCEPT,
    REQUESTED_REJECT,
    REQUESTED_DELETE,
    CANCELLED,
    CALL_DONE,
    CALL_FAILED,
    CALL_RETRIED,
    FINISHING,
    APPROVED,
    EVENTS
};
static const struct {
    bool there, on_change;
    enum local_status next;
} moves[LOCAL_COUNT_][EVENTS] = {
#define ALWAYS                                         false
#define STATUS_CHANGED                                 true
#define TRANSITION(from, event, to, guard, actor, why) [LOCAL_##from][event] = {true, guard, LOCAL_##to},
#include "spec/lifecycle.def"
#undef TRANSITION
};

enum cell {
    TAKE,
    THERE_,
#define WHY(id, text) NO_##id,
#include "spec/actions.def"
#undef WHY
};
#define THERE_CELL THERE_
static const unsigned char allowed[ACTION_COUNT_][LOCAL_COUNT_][CLOUD_EXPIRED + 1] = {
#undef THERE
#define THERE THERE_CELL
#define JUDGE(action, local, initiating, pending, provisioning, active, deleting, deleted, rejected, failed, expired,  \
              unknown)                                                                                                 \
    [ACTION_##action][LOCAL_##local] = {[CLOUD_UNKNOWN] = unknown, [CLOUD_INITIATING] = initiating,                    \
                                        [CLOUD_PENDING] = pending, [CLOUD_PROVISIONING] = provisioning,                \
                                        [CLOUD_ACTIVE] = active,   [CLOUD_DELETING] = deleting,                        \
                                        [CLOUD_DELETED] = deleted, [CLOUD_REJECTED] = rejected,                        \
                                        [CLOUD_FAILED] = failed,   [CLOUD_EXPIRED] = expired},
#include "spec/actions.def"
#undef JUDGE
};

static enum ev seen_as(enum cloud_status s)
{
    static const enum ev of[] = {[CLOUD_UNKNOWN] = SEEN_UNKNOWN, [CLOUD_INITIATING] = SEEN_PENDING,
                                 [CLOUD_PENDING] = SEEN_PENDING, [CLOUD_PROVISIONING] = SEEN_PROVISIONING,
                                 [CLOUD_ACTIVE] = SEEN_ACTIVE,   [CLOUD_DELETING] = SEEN_DELETING,
                                 [CLOUD_DELETED] = SEEN_DELETED, [CLOUD_REJECTED] = SEEN_REJECTED,
                                 [CLOUD_FAILED] = SEEN_FAILED,   [CLOUD_EXPIRED] = SEEN_EXPIRED};
    return of[s];
}

static const char *cloud_name(enum cloud_status s)
{
    static const char *const names[] = {[CLOUD_UNKNOWN] = "unknown",
                                        [CLOUD_INITIATING] = "initiating-request",
                                        [CLOUD_PENDING] = "pending-acceptance",
                                        [CLOUD_PROVISIONING] = "provisioning",
                                        [CLOUD_ACTIVE] = "active",
                                        [CLOUD_DELETING] = "deleting",
                                        [CLOUD_DELETED] = "deleted",
                                        [CLOUD_REJECTED] = "rejected",
                                        [CLOUD_FAILED] = "failed",
                                        [CLOUD_EXPIRED] = "expired"};
    return names[s];
}

static bool is_request(enum local_status s, enum action *ret)
{
    *ret = s == LOCAL_REQUEST_ACCEPT ? ACTION_ACCEPT : s == LOCAL_REQUEST_REJECT ? ACTION_REJECT : ACTION_DELETE;
    return s == LOCAL_REQUEST_ACCEPT || s == LOCAL_REQUEST_REJECT || s == LOCAL_REQUEST_DELETE;
}

// ---- peers and networks

struct peer *peer_of(struct play *p, struct slice name, bool make)
{
    struct peer *r = map_get(p->peer_by_name, name);
    if (r || !make || p->peer_count == ARRAY_LEN(p->peers)) return r;
    r = mem_zalloc(1, sizeof *r);
    ASSERT(r && slice_copy(name, r->name, sizeof r->name) && map_put(p->peer_by_name, name, r, NULL));
    p->peers[p->peer_count++] = r;
    return r;
}

static struct net *net_by_id(struct play *p, struct slice id)
{
    for (unsigned i = 0; i < p->net_count; i++)
        if (slice_eq_cstr(id, p->nets[i].id)) return &p->nets[i];
    return NULL;
}

bool net_is_frozen(const struct play *p, const struct net *n)
{
    return p->freeze_all || n->frozen || p->freeze_group[strcmp(n->group_id, p->groups[1]) == 0];
}

static const struct sim_peering *in_cloud(const struct play *p, const char *name)
{
    return sim_peering_find(ec2sim_world_model(p->world), slice_of(name));
}

static enum sim_state state_of(const struct play *p, const struct sim_peering *v)
{
    return sim_state_at(v, cloud_wall(p));
}

// ---- the audit log

bool detail_text(struct slice detail, const char *key, struct slice *ret)
{
    char open[64];
    int n = snprintf(open, sizeof open, "\"%s\":\"", key);
    const char *at = memmem(detail.p, detail.n, open, (size_t)n);
    if (!at) return false;
    struct slice rest = slice_n(at + n, (size_t)(detail.p + detail.n - at - n));
    return slice_cut(&rest, '"', ret);
}

static bool is(const struct event_row *e, const char *type)
{
    return strcmp(e->type, type) == 0;
}

static void approve_blocks(struct play *p, struct peer *r, const struct connection *row)
{
    struct slice rest = row->requester_cidrs, block;
    while (cidr_list_next(&rest, &block)) {
        bool known = false;
        for (unsigned i = 0; i < r->approved_n; i++) known |= slice_eq_cstr(block, r->approved[i]);
        if (known) continue;
        ASSERT(r->approved_n < BLOCKS_MAX && slice_copy(block, r->approved[r->approved_n], CIDR_STR));
        r->approved_n++;
    }
    (void)p;
}

static bool read_row(struct play *p, const struct peer *r, struct connection *ret)
{
    struct error err;
    enum err e = store_connection_of_network(p->reader, r->net->id, slice_of(r->name), p->arena, ret, &err);
    if (e != ERR_OK) play_broke(p, "the row of %s cannot be read: %s", r->name, err.detail);
    return e == ERR_OK;
}

static void requested(struct play *p, struct peer *r, enum action a, enum local_status before)
{
    static const enum sim_state from[] = {SIM_PENDING, SIM_PENDING, SIM_ACTIVE};
    const struct sim_peering *v = in_cloud(p, r->name);
    if (!r->net->manage) play_broke(p, "%s of %s was taken though its network is observed", action_name(a), r->name);
    if (allowed[a][before][r->cloud] != TAKE)
        play_broke(p, "%s of %s was taken in %s, %s", action_name(a), r->name, local_status_name(before),
                   cloud_name(r->cloud));
    if (a == ACTION_DELETE && (r->is_protected || r->net->is_protected))
        play_broke(p, "the delete of %s was taken though it is protected", r->name);
    unsigned effects = r->act[a].effects;
    r->act[a] = (typeof(r->act[a])){.owed = true, .effects = effects};
    r->act[a].could = v && state_of(p, v) == from[a];
    r->requested_ns = p->now_ns;
}

static void done(struct play *p, struct peer *r, enum action a)
{
    const struct sim_peering *v = in_cloud(p, r->name);
    if (!v) return; // long gone
    bool happened = a == ACTION_ACCEPT   ? v->accepted.us != 0
                    : a == ACTION_REJECT ? v->rejected.us != 0
                                         : state_of(p, v) != SIM_ACTIVE && state_of(p, v) != SIM_PENDING;
    if (!happened) play_broke(p, "%s of %s is said to be done, and EC2 knows nothing of it", action_name(a), r->name);
}

static void failed(struct play *p, struct peer *r, enum action a)
{
    static const enum sim_state from[] = {SIM_PENDING, SIM_PENDING, SIM_ACTIVE};
    const struct sim_peering *v = in_cloud(p, r->name);
    if (!v || !r->act[a].could || r->act[a].refused) return;
    if (state_of(p, v) == from[a] && !ec2sim_world_model(p->world)->settings.stale_s)
        play_broke(p, "%s of %s failed for good though EC2 never refused it and would do it", action_name(a), r->name);
}

// The lifecycle event behind an audit event; false when it is not of the lifecycle.
static bool lifecycle_of(const struct event_row *e, enum cloud_status cloud, enum ev *ret)
{
    static const struct {
        const char *type;
        enum ev ev;
    } map[] = {{"PEERAGE_CONNECTION_MISSING", MISSING},
               {"PEERAGE_CONNECTION_VANISHED", VANISHED},
               {"PEERAGE_CONNECTION_UNLISTED", WINDOW_PASSED},
               {"PEERAGE_CONNECTION_ACCEPT_REQUESTED", REQUESTED_ACCEPT},
               {"PEERAGE_CONNECTION_REJECT_REQUESTED", REQUESTED_REJECT},
               {"PEERAGE_CONNECTION_DELETE_REQUESTED", REQUESTED_DELETE},
               {"PEERAGE_CONNECTION_ACCEPTED", CALL_DONE},
               {"PEERAGE_CONNECTION_REJECTED", CALL_DONE},
               {"PEERAGE_CONNECTION_DELETED", CALL_DONE},
               {"PEERAGE_CONNECTION_ACTION_FAILED", CALL_FAILED},
               {"PEERAGE_CONNECTION_ACTION_DELAYED", CALL_RETRIED},
               {"PEERAGE_CONNECTION_ACTION_CANCELLED", CANCELLED}};
    for (size_t i = 0; i < ARRAY_LEN(map); i++)
        if (is(e, map[i].type)) return *ret = map[i].ev, true;
    *ret = seen_as(cloud);
    return is(e, "PEERAGE_CONNECTION_DISCOVERED") || is(e, "PEERAGE_CONNECTION_STATUS_CHANGED") ||
           is(e, "PEERAGE_CONNECTION_CHANGED") || is(e, "PEERAGE_CONNECTION_REAPPEARED");
}

static bool may_move(enum local_status from, enum ev ev, bool changed, enum local_status to)
{
    if (!moves[from][ev].there) return false;
    return to == (!moves[from][ev].on_change || changed ? moves[from][ev].next : from);
}

static bool shown(const struct play *p, const struct peer *r, struct wall when)
{
    struct sim_caller who = {""};
    struct sim_view v;
    const struct sim_peering *c = in_cloud(p, r->name);
    ASSERT(cstr_set(who.account, sizeof who.account, r->net->account) &&
           cstr_set(who.region, sizeof who.region, r->net->region));
    return c && sim_view(ec2sim_world_model(p->world), c, &who, when, &v);
}

static bool is_terminal(enum cloud_status s)
{
    return s == CLOUD_DELETED || s == CLOUD_REJECTED || s == CLOUD_FAILED || s == CLOUD_EXPIRED;
}

// Absence from a list means something only if AWS' list really lacked it.
static void absent(struct play *p, struct peer *r, enum ev ev, struct wall when)
{
    struct wall now = cloud_wall(p), before = {now.us - 600 * US_PER_SEC};
    int64_t window_us = (r->cloud == CLOUD_EXPIRED ? 48 : 2) * 3600 * US_PER_SEC;
    if (ev != WINDOW_PASSED && shown(p, r, now) && shown(p, r, before))
        play_broke(p, "%s is taken for %s, and AWS shows it", r->name, ev == MISSING ? "missing" : "gone");
    if (ev == WINDOW_PASSED && (!is_terminal(r->cloud) || when.us - r->ended.us < window_us))
        play_broke(p, "%s left the list too early", r->name);
}

static void after_move(struct play *p, struct peer *r, enum ev ev, enum local_status before, bool turned)
{
    struct connection row;
    enum action a;
    if (is_request(before, &a) && r->local != before) r->act[a].owed = false;
    if (ev == CALL_DONE && is_request(before, &a)) done(p, r, a);
    r->ours |= ev == CALL_DONE && before == LOCAL_REQUEST_ACCEPT;
    r->finishes |= r->ours && turned && r->cloud == CLOUD_ACTIVE && r->local == LOCAL_ACTIVE;
    if (ev == CALL_FAILED && is_request(before, &a)) failed(p, r, a);
    if (ev >= REQUESTED_ACCEPT && ev <= REQUESTED_DELETE) requested(p, r, (enum action)(ev - REQUESTED_ACCEPT), before);
    if (ev == CANCELLED && before == LOCAL_REQUEST_ACCEPT) r->approved_n = 0; // they are asked about anew
    bool turns_active = turned && r->cloud == CLOUD_ACTIVE && r->local == LOCAL_ACTIVE;
    bool wanted = ev == REQUESTED_ACCEPT || turns_active || r->local == LOCAL_UPDATE_FAILED;
    if (!wanted || p->broken[0] || !read_row(p, r, &row)) return;
    if (ev == REQUESTED_ACCEPT || (turns_active && !r->approved_n)) approve_blocks(p, r, &row);
    if (row.local_status == LOCAL_UPDATE_FAILED && !row.status_message.n)
        play_broke(p, "%s is UPDATE_FAILED without a reason", r->name);
}

// AWS takes nothing back: only an old answer does, or the core's taking one for new.
static bool goes_back(const struct play *p, enum cloud_status was, enum cloud_status is)
{
    static const unsigned char order[] = {[CLOUD_INITIATING] = 1, [CLOUD_PENDING] = 2,  [CLOUD_PROVISIONING] = 3,
                                          [CLOUD_ACTIVE] = 4,     [CLOUD_DELETING] = 5, [CLOUD_DELETED] = 6,
                                          [CLOUD_REJECTED] = 6,   [CLOUD_FAILED] = 6,   [CLOUD_EXPIRED] = 6};
    return p->now_ns > p->stale_until && order[is] < order[was] && order[is];
}

static void connection_event(struct play *p, const struct event_row *e)
{
    struct slice cloud, local, text;
    enum local_status next, before;
    enum ev ev;
    if (!detail_text(e->detail, "cloudStatus", &cloud) || !detail_text(e->detail, "localStatus", &local)) return;
    struct peer *r = peer_of(p, e->resource, true);
    enum cloud_status status = cloud_status_of(cloud);
    ASSERT(local_status_parse(local, &next));
    if (!r->net && detail_text(e->detail, "networkId", &text)) r->net = net_by_id(p, text);
    bool status_changed = !r->known || status != r->cloud, entered = !r->known || !r->listed;
    before = r->known ? r->local : LOCAL_NONE;
    if (!detail_text(e->detail, "localStatusBefore", &text)) text = local;
    if (r->known && !slice_eq_cstr(text, local_status_name(r->local)))
        play_broke(p, "an event says that %s was %.*s, but the last one left it %s", r->name, SLICE_FMT(text),
                   local_status_name(r->local));
    if (!lifecycle_of(e, status, &ev)) return;
    bool legal = may_move(before, ev, status_changed || entered, next);
    if (is(e, "PEERAGE_CONNECTION_REAPPEARED")) legal |= may_move(before, REAPPEARED, status_changed, next);
    if (!legal)
        play_broke(p, "%s went from %s to %s on %s with cloudStatus %.*s", r->name, local_status_name(before),
                   local_status_name(next), e->type, SLICE_FMT(cloud));
    if (r->known && goes_back(p, r->cloud, status))
        play_broke(p, "%s goes back from %s to %.*s", r->name, cloud_name(r->cloud), SLICE_FMT(cloud));
    if (status_changed && !(r->said & (1U << status)))
        play_broke(p, "%s has cloudStatus %.*s, which AWS never said", r->name, SLICE_FMT(cloud));
    if (!r->known) r->discovered_ns = p->now_ns;
    if (is_terminal(status) && (status_changed || entered)) r->ended = e->created;
    if (r->net && (ev == MISSING || ev == VANISHED || ev == WINDOW_PASSED)) absent(p, r, ev, e->created);
    r->known = true;
    r->listed = ev != VANISHED && ev != WINDOW_PASSED;
    r->local = next;
    r->cloud = status;
    if (r->net) after_move(p, r, ev, before, status_changed && !entered);
}

static void freeze_event(struct play *p, const struct event_row *e, bool on)
{
    struct net *n = net_by_id(p, e->resource);
    if (!e->resource.n)
        p->freeze_all = on;
    else if (n)
        n->frozen = on;
    else
        p->freeze_group[slice_eq_cstr(e->resource, p->groups[1])] = on;
}

static void tables_event(struct play *p, const struct event_row *e)
{
    struct net *n = net_by_id(p, e->resource);
    if (!n) return;
    n->named = 0;
    for (unsigned i = 0; i < n->table_count; i++)
        if (memmem(e->detail.p, e->detail.n, n->tables[i], strlen(n->tables[i]))) n->named |= 1U << i;
}

static void one_event(struct play *p, const struct event_row *e)
{
    struct net *n;
    struct connection row;
    struct peer *r = peer_of(p, e->resource, false);
    const enum cloud_status was = r && r->known ? r->cloud : CLOUD_UNKNOWN;
    const enum local_status local = r && r->known ? r->local : LOCAL_NONE;
    rules_event(p, e);
    if (r) rules_requested(p, e, r);
    if (r && r->net && !r->net->there && strncmp(e->type, "PEERAGE_CONNECTION_", 19) == 0)
        play_broke(p, "%s of %s, whose network was removed", e->type, r->name);
    if (is(e, "PEERAGE_WRITES_FROZEN") || is(e, "PEERAGE_WRITES_RESUMED"))
        freeze_event(p, e, is(e, "PEERAGE_WRITES_FROZEN"));
    else if ((is(e, "PEERAGE_NETWORK_PROTECTED") || is(e, "PEERAGE_NETWORK_UNPROTECTED")) &&
             (n = net_by_id(p, e->resource)))
        n->is_protected = is(e, "PEERAGE_NETWORK_PROTECTED");
    else if (r && (is(e, "PEERAGE_CONNECTION_PROTECTED") || is(e, "PEERAGE_CONNECTION_UNPROTECTED")))
        r->is_protected = is(e, "PEERAGE_CONNECTION_PROTECTED");
    else if (is(e, "PEERAGE_NETWORK_TABLES_CHANGED"))
        tables_event(p, e);
    else if (r && is(e, "PEERAGE_CIDRS_APPROVED")) {
        if (read_row(p, r, &row)) approve_blocks(p, r, &row);
    } else
        connection_event(p, e);
    if (r && !r->listed) r->approved_n = 0;
    hooks_event(p, e, r ? r : peer_of(p, e->resource, false), was, local);
}

void check_step(struct play *p)
{
    struct error err;
    struct event_row *rows;
    size_t n;
    int64_t last;
    if (!p->alive || p->dead || p->broken[0] || memvfs_writes() == p->checked_writes) return;
    p->checked_writes = memvfs_writes();
    do {
        arena_reset(p->arena);
        if (store_events_after(p->reader, p->seen_seq, 200, p->arena, &rows, &n, &last, &err) != ERR_OK) {
            play_broke(p, "the events cannot be read: %s", err.detail);
            return;
        }
        if (last < p->seen_seq) play_broke(p, "events were lost");
        for (size_t i = 0; i < n && !p->broken[0]; i++) {
            p->seen_seq = rows[i].seq;
            play_note(p, "event", rows[i].type, rows[i].seq);
            one_event(p, &rows[i]);
        }
    } while (n == 200 && !p->broken[0]);
    if (!p->broken[0] && ++p->full_checks % FULL_EVERY == 0) check_full(p);
}

// What was acknowledged before a crash is there after it.
void check_restart(struct play *p)
{
    p->checked_writes = UINT64_MAX;
    check_step(p);
    if (!p->broken[0]) check_full(p);
}

void check_taken(struct play *p, const char *name, enum action a)
{
    check_step(p);
    struct peer *r = peer_of(p, slice_of(name), false);
    if (!p->broken[0] && (!r || !r->act[a].owed))
        play_broke(p, "%s of %s was acknowledged and is not recorded", action_name(a), name);
}

// ---- everything

static bool intent_fits(const struct intent *i, const struct connection *rows, size_t n)
{
    enum action a;
    for (size_t k = 0; k < n; k++)
        if (strcmp(rows[k].id, i->connection_id) == 0) return is_request(rows[k].local_status, &a) && a == i->action;
    return false;
}

static void full_net(struct play *p, struct net *net, const struct intent *intents, size_t intent_n, size_t *requests)
{
    struct error err;
    struct connection *rows;
    size_t n, listed = 0;
    enum action a;
    if (store_connections_of_network(p->reader, net->id, p->arena, &rows, &n, &err) != ERR_OK) {
        play_broke(p, "the rows cannot be read: %s", err.detail);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const struct peer *r = peer_of(p, slice_of(rows[i].name), false);
        if (!r || !r->listed || r->local != rows[i].local_status ||
            r->cloud != cloud_status_of(slice_of(rows[i].cloud_status)))
            play_broke(p, "the row of %s is %s, %s, which is not what its events say", rows[i].name,
                       local_status_name(rows[i].local_status), rows[i].cloud_status);
        *requests += is_request(rows[i].local_status, &a);
    }
    for (unsigned i = 0; i < p->peer_count; i++) listed += p->peers[i]->net == net && p->peers[i]->listed;
    if (listed != n) play_broke(p, "%zu connections of %s are listed, and by the events %zu", n, net->vpc_id, listed);
    for (size_t i = 0; i < intent_n; i++)
        if (strcmp(intents[i].network_id, net->id) == 0 && !intent_fits(&intents[i], rows, n))
            play_broke(p, "an intent to %s lives, and its connection %s does not wait for it",
                       action_name(intents[i].action), intents[i].connection_id);
}

void check_full(struct play *p)
{
    struct error err;
    struct intent *intents;
    size_t n, requests = 0;
    arena_reset(p->arena);
    struct page page = {1, 500};
    if (store_intents(p->reader, NULL, false, page, p->arena, &intents, &n, &err) != ERR_OK) {
        play_broke(p, "the intents cannot be read: %s", err.detail);
        return;
    }
    for (unsigned i = 0; i < p->net_count && !p->broken[0]; i++) full_net(p, &p->nets[i], intents, n, &requests);
    if (!p->broken[0] && requests != n) play_broke(p, "%zu intents live for %zu open requests", n, requests);
}
