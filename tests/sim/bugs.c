// SPDX-License-Identifier: Apache-2.0
// The planted bugs (bugs.def), and what the checks watch at the same seams.
// Called by: the linker in place of the functions of wraps.h. Must never: change anything without --bug.
#include <stdio.h>

#include "tests/sim/sim.h"
#include "tests/sim/wraps.h"

enum bug {
    BUG_NONE,
#define BUG(id, name, text) BUG_##id,
#include "tests/sim/bugs.def"
#undef BUG
    BUG_COUNT_
};
static const char *const names[] = {
    NULL,
#define BUG(id, name, text) name,
#include "tests/sim/bugs.def"
#undef BUG
};

unsigned bug_find(const char *name)
{
    for (unsigned i = 1; i < BUG_COUNT_; i++)
        if (strcmp(names[i], name) == 0) return i;
    return 0;
}

const char *bug_name(unsigned i)
{
    return i < BUG_COUNT_ ? names[i] : NULL;
}

static bool planted(enum bug b)
{
    return playing->bug == b;
}

static struct net *net_of(const char *network_id)
{
    for (unsigned i = 0; i < playing->net_count; i++)
        if (strcmp(playing->nets[i].id, network_id) == 0) return &playing->nets[i];
    return NULL;
}

// ---- actions. A freeze lets end what had begun, a call that waits for its retry too: it is asked about at the
// beginning.

// The name of an intent's connection is in its event; the checks know it by its network and request.
static struct peer *peer_of_intent(const struct intent *i)
{
    struct error err;
    struct connection row;
    struct arena *a = arena_new(1 << 20);
    struct peer *r = NULL;
    if (a && store_connection_get(playing->reader, i->group_id, slice_of(i->connection_id), a, &row, &err) == ERR_OK)
        r = peer_of(playing, slice_of(row.name), false);
    arena_free(a);
    return r;
}

enum err __wrap_core_intent_begin(struct core *c, struct intent *i, struct error *err)
{
    enum err e = planted(BUG_BEGIN) ? ERR_OK : __real_core_intent_begin(c, i, err);
    if (e != ERR_OK || playing->dead) return e;
    struct net *n = net_of(i->network_id);
    struct peer *r = peer_of_intent(i);
    if (n && net_is_frozen(playing, n)) play_broke(playing, "an attempt begins for %s, which is frozen", n->vpc_id);
    if (r) r->act[i->action].begun = true;
    return e;
}

enum err __wrap_core_intent_outcome(struct core *c, const struct intent *i, const struct intent_result *r,
                                    struct error *err)
{
    struct intent_result bent = *r;
    if (planted(BUG_CERTAIN)) bent.uncertain = false;
    struct peer *peer = peer_of_intent(i);
    enum err e = __real_core_intent_outcome(c, i, &bent, err);
    if (peer && e == ERR_OK) peer->act[i->action].begun = false;
    return e;
}

enum err __wrap_core_action_request(struct core *c, const struct action_request *q, struct arena *a,
                                    enum action_answer *ret, struct slice *ret_why, struct error *err)
{
    struct action_request bent = *q;
    if (planted(BUG_CHALLENGE)) bent.requester_account = bent.requester_vpc = (struct slice){NULL, 0};
    if (planted(BUG_ACK) && chance(playing, 20)) {
        *ret = ANSWER_TAKEN;
        *ret_why = (struct slice){NULL, 0};
        return ERR_OK;
    }
    return __real_core_action_request(c, &bent, a, ret, ret_why, err);
}

enum verdict __wrap_action_judge(enum action a, enum local_status local, enum cloud_status cloud, const char **ret_why)
{
    if (planted(BUG_JUDGE) && a == ACTION_DELETE && local == LOCAL_NONE && cloud == CLOUD_PENDING) return VERDICT_TAKE;
    return __real_action_judge(a, local, cloud, ret_why);
}

void __wrap_act_decide(const struct act_input *in, struct act_decision *ret)
{
    __real_act_decide(in, ret);
    if (planted(BUG_BLIND) && in->asked == ACT_ASKED_NOTHING) ret->step = ACT_CALL;
    if (planted(BUG_GIVE_UP) && ret->step == ACT_RETRY && in->class == CLOUD_TRANSIENT) ret->step = ACT_FAIL;
    bool absent = in->class == CLOUD_NOT_FOUND_YET || (in->refused && in->refused->class == CLOUD_NOT_FOUND_YET);
    if (planted(BUG_SETTLE) && ret->step == ACT_RETRY && absent) ret->step = ACT_FAIL;
}

enum err __wrap_store_writes_allowed(struct store_reader *r, const char *group_id, const char *network_id, bool *ret,
                                     struct error *err)
{
    enum err e = __real_store_writes_allowed(r, group_id, network_id, ret, err);
    if (planted(BUG_FROZEN)) *ret = true;
    return e;
}

enum err __wrap_store_network_get(struct store_reader *r, const char *network_id, struct arena *a, struct network *ret,
                                  struct error *err)
{
    enum err e = __real_store_network_get(r, network_id, a, ret, err);
    if (e == ERR_OK && planted(BUG_OBSERVE)) ret->mode = NETWORK_MANAGE;
    return e;
}

enum err __wrap_store_tx_connection_protect(struct store_tx *tx, const char *id, bool on, bool *ret_changed,
                                            struct error *err)
{
    if (!planted(BUG_PROTECT)) return __real_store_tx_connection_protect(tx, id, on, ret_changed, err);
    *ret_changed = on;
    return ERR_OK;
}

// ---- rows and events

enum err __wrap_audit_write_about(struct store_tx *tx, const struct audit *a, enum audit_type type,
                                  struct slice resource, struct slice detail, const struct audit_subject *about,
                                  struct error *err)
{
    if (planted(BUG_AUDIT) && type == AUDIT_CONNECTION_STATUS_CHANGED) return ERR_OK;
    return __real_audit_write_about(tx, a, type, resource, detail, about, err);
}

enum err __wrap_store_tx_connection_update(struct store_tx *tx, const struct connection *c, struct error *err)
{
    struct connection bent = *c;
    if (planted(BUG_GUESS) && c->local_status == LOCAL_ACCEPT_REQUESTED)
        ASSERT(cstr_set(bent.cloud_status, sizeof bent.cloud_status, "active"));
    if (planted(BUG_LIFE) && c->local_status == LOCAL_ACCEPT_REQUESTED && chance(playing, 4))
        bent.local_status = LOCAL_NONE;
    return __real_store_tx_connection_update(tx, &bent, err);
}

enum err __wrap_store_tx_intent_end(struct store_tx *tx, const char *connection_id, enum intent_end end,
                                    struct slice reason, struct wall now, struct error *err)
{
    if (planted(BUG_INTENT) && end == INTENT_FAILED) return ERR_OK;
    return __real_store_tx_intent_end(tx, connection_id, end, reason, now, err);
}

int64_t __wrap_cloud_status_window_us(enum cloud_status s)
{
    int64_t us = __real_cloud_status_window_us(s);
    return planted(BUG_WINDOW) && us ? US_PER_SEC * 60 : us;
}

bool __wrap_connection_merge(struct connection *row, const struct observed *seen)
{
    struct connection before = *row;
    bool differs = __real_connection_merge(row, seen);
    if (!planted(BUG_ENDS) || !cloud_status_is_terminal(cloud_status_of(slice_of(seen->cloud_status)))) return differs;
    *row = before;
    return false;
}

// ---- routes

void __wrap_act_route_decide(const struct act_route_input *in, struct act_route_decision *ret)
{
    __real_act_route_decide(in, ret);
    bool in_the_way = ret->step == ACT_ROUTE_RESULT && ret->result.kind == ROUTE_RESULT_CONFLICT && in->there->found;
    if (planted(BUG_OVERWRITE) && in_the_way && in->class == CLOUD_OK) ret->step = ACT_ROUTE_DELETE;
}

// From here on a call may be under way, whatever is heard of it: should people make the same route, it is as well ours.
static void may_be_ours(const struct peer_route *row)
{
    struct play *p = playing;
    struct error err;
    struct connection c;
    struct arena *a = arena_new(1 << 20);
    bool known = row->state == PEER_ROUTE_REMOVING || made_of(p, slice_of(row->table_id), row->cidr);
    if (a && !known &&
        store_connection_get(p->reader, row->group_id, slice_of(row->connection_id), a, &c, &err) == ERR_OK) {
        made_add(&p->made, &p->made_n, &p->made_cap, row->table_id, row->cidr, c.name);
        p->made[p->made_n - 1].unclear = true;
    }
    arena_free(a);
}

enum err __wrap_core_route_begin(struct core *c, struct peer_route *row, struct error *err)
{
    struct net *n = net_of(row->network_id);
    enum err e = __real_core_route_begin(c, row, err);
    if (e == ERR_OK || playing->dead) may_be_ours(row);
    if (e == ERR_OK && !playing->dead && n && net_is_frozen(playing, n))
        play_broke(playing, "a route is begun for %s, which is frozen", n->vpc_id);
    return e;
}

enum err __wrap_core_route_outcome(struct core *c, const struct peer_route *row, const struct route_result *r,
                                   struct error *err)
{
    struct route_result bent = *r;
    if (planted(BUG_FOREIGN) && r->kind == ROUTE_RESULT_FOUND) bent.kind = ROUTE_RESULT_MADE;
    return __real_core_route_outcome(c, row, &bent, err);
}

enum err __wrap_store_tx_routes_follow(struct store_tx *tx, const char *network_id, const char *connection_id,
                                       struct wall now, uint64_t *ret_n, struct error *err)
{
    struct error ignored;
    struct connection row;
    struct arena *a = planted(BUG_LEFT) && connection_id ? arena_new(1 << 20) : NULL;
    bool ends = a && store_tx_connection_get(tx, connection_id, a, &row, &ignored) == ERR_OK &&
                strcmp(row.cloud_status, "active") != 0;
    arena_free(a);
    *ret_n = 0;
    return ends ? ERR_OK : __real_store_tx_routes_follow(tx, network_id, connection_id, now, ret_n, err);
}

enum err __wrap_store_tx_peer_cidr(struct store_tx *tx, const struct connection *c, struct slice cidr, bool approved,
                                   struct wall now, struct error *err)
{
    return __real_store_tx_peer_cidr(tx, c, cidr, approved || planted(BUG_APPROVE), now, err);
}

// ---- scans

enum err __wrap_plan_network(const struct plan_input *in, struct arena *a, struct change **ret, size_t *ret_n,
                             struct error *err)
{
    enum err e = __real_plan_network(in, a, ret, ret_n, err);
    for (size_t i = 0; e == ERR_OK && planted(BUG_VANISH) && i < *ret_n; i++)
        if ((*ret)[i].kind == CHANGE_MISSING) (*ret)[i].kind = CHANGE_VANISHED;
    return e;
}

enum cloud_class __wrap_cloud_describe_incoming(struct cloud *c, const struct cloud_target *t, const char *account,
                                                struct arena *a, struct described *ret, unsigned *ret_foreign,
                                                struct cloud_failure *f)
{
    enum cloud_class rc = __real_cloud_describe_incoming(c, t, account, a, ret, ret_foreign, f);
    if (planted(BUG_VANISH) && rc == CLOUD_OK && chance(playing, 20)) ret->n /= 2;
    if (!planted(BUG_PARTIAL) || rc != CLOUD_TRANSIENT) return rc;
    *ret = (struct described){.items = NULL};
    return CLOUD_OK;
}

enum err __wrap_core_scan_applied(struct core *c, const struct network *net, int64_t as_of,
                                  const struct change *changes, size_t n, struct slice vpc_cidrs, struct error *err)
{
    return __real_core_scan_applied(c, net, planted(BUG_STALE) ? CORE_AS_OF_NOW : as_of, changes, n, vpc_cidrs, err);
}

int64_t __wrap_backoff_failed(int64_t interval_ns, unsigned failures, unsigned failing, const struct rng *rng)
{
    int64_t ns = __real_backoff_failed(interval_ns, failures, failing, rng);
    return planted(BUG_HOT) ? 100 * NS_PER_MS : ns;
}

enum cloud_class __wrap_cloud_identity(struct cloud *c, const struct cloud_target *t, char ret_account[ACCOUNT_ID],
                                       char ret_arn[256], struct cloud_failure *f)
{
    enum cloud_class rc = __real_cloud_identity(c, t, ret_account, ret_arn, f);
    bool wrong = planted(BUG_IDENTITY) && rc == CLOUD_OK && t->identity == IDENTITY_AMBIENT && chance(playing, 20);
    if (wrong) ASSERT(cstr_set(ret_account, ACCOUNT_ID, REQUESTER));
    return rc;
}

enum err __wrap_store_tx_lease_reset(struct store_tx *tx, struct error *err)
{
    uint64_t n;
    for (unsigned i = 0; planted(BUG_RESTART) && i < playing->net_count; i++) {
        enum err e = store_tx_intents_drop(tx, playing->nets[i].id, SLICE("restart"), play_wall(playing), &n, err);
        if (e != ERR_OK) return e;
    }
    return __real_store_tx_lease_reset(tx, err);
}

void __wrap_held_done(struct held *h)
{
    if (planted(BUG_LEAK)) h->creds.token = NULL;
    __real_held_done(h);
}

// ---- policies and approvals

enum err __wrap_store_policy_get(struct store_reader *r, const char *group_id, struct arena *a, struct policy *ret,
                                 struct error *err)
{
    enum err e = __real_store_policy_get(r, group_id, a, ret, err);
    if (planted(BUG_POLICY_OFF) && e == ERR_OK && ret->version) ret->enabled = true;
    return e;
}

void __wrap_policy_decide(const struct policy_facts *f, struct policy_decision *ret)
{
    struct policy_facts bent = *f;
    if (planted(BUG_EXPECTED_LATE)) bent.now.us -= 3600 * US_PER_SEC;
    __real_policy_decide(&bent, ret);
    if (!planted(BUG_RULES_OLD) || ret->action != POLICY_HOLD || !f->rule_count || ret->expected) return;
    ret->action = POLICY_ACCEPT;
    ret->rule = &f->rules[0];
    ASSERT(cstr_set(ret->rule_name, sizeof ret->rule_name, f->rules[0].name));
}

enum err __wrap_store_expected(struct store_reader *r, const char *group_id, struct wall open_at, struct arena *a,
                               struct expected **ret, size_t *ret_n, struct error *err)
{
    if (planted(BUG_EXPECTED_LATE) && open_at.us) open_at.us -= 3600 * US_PER_SEC;
    return __real_store_expected(r, group_id, open_at, a, ret, ret_n, err);
}

enum err __wrap_store_tx_expected_use(struct store_tx *tx, const char *id, const char *name, struct wall now,
                                      struct error *err)
{
    return planted(BUG_EXPECTED_TWICE) ? ERR_OK : __real_store_tx_expected_use(tx, id, name, now, err);
}

enum err __wrap_store_approval_rule(struct store_reader *r, const char *group_id, struct approval_rule *ret,
                                    struct error *err)
{
    enum err e = __real_store_approval_rule(r, group_id, ret, err);
    if (planted(BUG_ONE_APPROVAL)) ret->accepts = 1;
    return e;
}

enum err __wrap_store_tx_approve(struct store_tx *tx, const struct action_approval *given, struct error *err)
{
    struct action_approval bent = *given;
    if (planted(BUG_SAME_PERSON)) (void)snprintf(bent.actor, sizeof bent.actor, "x%lld", (long long)given->given.us);
    return __real_store_tx_approve(tx, &bent, err);
}

// ---- webhooks

enum err __wrap_store_tx_outbox_add(struct store_tx *tx, const struct delivery *d, const char *only_webhook,
                                    uint64_t *ret_n, uint64_t *ret_dropped, struct error *err)
{
    struct delivery bent = *d;
    if (planted(BUG_HOOK_ORDER)) bent.subject = slice_of(d->id);
    for (unsigned i = 0; planted(BUG_HOOK_FOREIGN) && i < playing->hook_n; i++)
        if (playing->hooks[i].elsewhere) only_webhook = playing->hooks[i].id;
    if (planted(BUG_HOOK_FILTER) && playing->hook_n > 1) only_webhook = playing->hooks[2].id;
    return __real_store_tx_outbox_add(tx, &bent, only_webhook, ret_n, ret_dropped, err);
}

enum err __wrap_core_delivery_outcome(struct core *c, const struct delivery_outcome *o, struct error *err)
{
    struct delivery row = *o->row;
    struct delivery_outcome bent = *o;
    bent.row = &row;
    if (planted(BUG_HOOK_LOST)) row.state = DELIVERY_DONE;
    if (planted(BUG_HOOK_LOST)) row.finished = row.last_attempt;
    return __real_core_delivery_outcome(c, &bent, err);
}

enum err __wrap_keyring_open_webhook(const struct keyring *k, const char *webhook_id, const struct webhook_secret *s,
                                     uint8_t ret[WEBHOOK_SECRET], struct error *err)
{
    enum err e = __real_keyring_open_webhook(k, webhook_id, s, ret, err);
    if (planted(BUG_HOOK_KEY)) ret[0] ^= 1;
    return e;
}

// ---- networks

enum err __wrap_store_tx_intents_drop(struct store_tx *tx, const char *network_id, struct slice reason, struct wall now,
                                      uint64_t *ret_n, struct error *err)
{
    *ret_n = 0;
    return planted(BUG_NETWORK_LEFT) ? ERR_OK : __real_store_tx_intents_drop(tx, network_id, reason, now, ret_n, err);
}

enum err __wrap_core_finish_due(struct store_reader *r, struct wall now, size_t max, struct arena *a,
                                struct finish **ret, size_t *ret_n, struct wall *ret_next, struct error *err)
{
    struct finish_result set = {.kind = FINISH_RESULT_SET};
    enum err e = __real_core_finish_due(r, now, max, a, ret, ret_n, ret_next, err);
    for (size_t i = 0; planted(BUG_FINISH) && e == ERR_OK && i < *ret_n; i++)
        if (core_finish_outcome(playing->core, &(*ret)[i], &set, err) != ERR_OK) break;
    if (planted(BUG_FINISH)) *ret_n = 0;
    return e;
}
