// SPDX-License-Identifier: Apache-2.0
// One attempt at an intent, a route or a finishing touch: network, proof of the account, a durable beginning, calls,
// the outcome. Called by: reconcile/actuator, on its threads. Must never: call the cloud for an intent before core has
// recorded that an attempt begins, decide by itself (act.h does), or record a failure that is only our own stopping.
#include <stdio.h>

#include "base/log.h"
#include "base/metrics.h"
#include "reconcile/actuate.h"

#define WORK_ARENA   ((size_t)16 << 20)
#define STEPS_MAX    6 // describe, call, describe, and room for a rule that asks once more
#define MIN_RETRY_NS (100 * NS_PER_MS)
#define MIN_WAIT_NS  NS_PER_SEC
#define SLOW_WAIT_NS (300 * NS_PER_SEC)

struct work {
    struct actuator *a;
    struct task *t;
    struct store_reader *reader;
    struct arena *arena;
    struct network net;
    struct connection row;
    struct cloud_target target;
    struct cloud_failure f; // of the last question
    struct observed seen;
    bool has_seen;
};

static void count(const char *action, const char *result)
{
    char labels[64];
    snprintf(labels, sizeof labels, "action=\"%s\",result=\"%s\"", action, result);
    metric_add(M_ACTIONS, metric_series(M_ACTIONS, labels), 1);
}

static bool is_away(enum cloud_class c)
{
    return c == CLOUD_TRANSIENT || c == CLOUD_THROTTLED || c == CLOUD_CREDENTIALS;
}

static enum cloud_class note(struct work *w, enum cloud_class c)
{
    w->t->attempted = true;
    w->t->away = is_away(c);
    return c;
}

static struct wall in_ns(const struct work *w, int64_t ns)
{
    return (struct wall){clock_wall(w->a->opt.clock).us + (ns + 999) / 1000};
}

static void store_trouble(struct work *w, const char *step, const struct error *err)
{
    w->t->trouble = true;
    LOG(LOG_WARN, "action not recorded", LOG_S("step", step), LOG_S("network", w->net.id),
        LOG_S("connection", w->row.name), LOG_S("error", err->detail));
}

// ---- before -------------------------------------------------------------------------------

static enum err load(struct work *w, const char *network_id, const char *group_id, const char *connection_id,
                     struct error *err)
{
    struct slice external;
    enum err e = store_network_get(w->reader, network_id, w->arena, &w->net, err);
    if (e == ERR_OK) e = store_connection_get(w->reader, group_id, slice_of(connection_id), w->arena, &w->row, err);
    if (e == ERR_OK) e = network_external_id(w->reader, &w->net, w->arena, &external, err);
    if (e != ERR_OK) return e;
    w->target = (struct cloud_target){.identity = w->net.identity,
                                      .identity_ref = w->net.identity_ref,
                                      .external_id = external.p,
                                      .region = w->net.region};
    return ERR_OK;
}

static enum cloud_class prove_account(struct work *w)
{
    char account[ACCOUNT_ID], arn[256];
    enum cloud_class c = cloud_identity(w->a->opt.cloud, &w->target, account, arn, &w->f);
    if (c != CLOUD_OK) return note(w, c);
    if (strcmp(account, w->net.account_id) == 0) return c; // mostly remembered: no sign of life
    w->f = (struct cloud_failure){.class = CLOUD_DENIED};
    snprintf(w->f.message, sizeof w->f.message,
             "the network's credentials belong to account %s, but the network names account %s", account,
             w->net.account_id);
    return CLOUD_DENIED;
}

// ---- calls --------------------------------------------------------------------------------

// Says the cloud of the network's own VPC?
static bool is_ours(const struct work *w, const struct observed *o)
{
    return (!o->accepter_vpc[0] || strcmp(o->accepter_vpc, w->net.vpc_id) == 0) &&
           (!o->accepter_account[0] || strcmp(o->accepter_account, w->net.account_id) == 0);
}

static enum cloud_class describe(struct work *w)
{
    struct observed o;
    enum cloud_class c = note(w, cloud_describe_one(w->a->opt.cloud, &w->target, w->row.name, w->arena, &o, &w->f));
    if (c != CLOUD_OK) return c;
    if (!is_ours(w, &o)) {
        w->f = (struct cloud_failure){.class = CLOUD_PERMANENT};
        snprintf(w->f.message, sizeof w->f.message, "EC2 says that %s is for %s of account %s, not for this network",
                 w->row.name, o.accepter_vpc, o.accepter_account);
        return CLOUD_PERMANENT;
    }
    w->seen = o;
    w->has_seen = true;
    return CLOUD_OK;
}

static enum cloud_class call(struct work *w)
{
    struct cloud *cloud = w->a->opt.cloud;
    struct observed o;
    enum cloud_class c;
    switch (w->t->intent.action) {
    case ACTION_ACCEPT:
        c = cloud_accept(cloud, &w->target, w->row.name, w->arena, &o, &w->f);
        w->has_seen = c == CLOUD_OK && o.name[0] && is_ours(w, &o);
        if (w->has_seen) w->seen = o;
        break;
    case ACTION_REJECT:
        c = cloud_reject(cloud, &w->target, w->row.name, &w->f);
        w->has_seen = false;
        break;
    default:
        c = cloud_delete(cloud, &w->target, w->row.name, &w->f);
        w->has_seen = false;
    }
    return note(w, c);
}

// ---- intents ------------------------------------------------------------------------------

static void log_outcome(const struct work *w, const struct act_decision *d)
{
    const struct intent *i = &w->t->intent;
    const char *what = d->step == ACT_DONE ? "done" : d->step == ACT_FAIL ? "failed" : "delayed";
    LOG(d->step == ACT_DONE ? LOG_INFO : LOG_WARN, "action", LOG_S("outcome", what),
        LOG_S("action", action_name(i->action)), LOG_S("name", w->row.name), LOG_S("group", i->group_id),
        LOG_S("network", i->network_id), LOG_I("attempts", i->attempts),
        LOG_S("cloudStatus", w->has_seen ? w->seen.cloud_status : NULL),
        LOG_S("reason", d->reason[0] ? d->reason : NULL),
        LOG_S("requestId", w->f.request_id[0] ? w->f.request_id : NULL));
}

static bool worth_a_line(const struct work *w, const struct act_decision *d)
{
    uint32_t n = w->t->intent.attempts; // a delay on its first attempt and on every doubling
    return d->step != ACT_RETRY || (n & (n - 1)) == 0;
}

static void conclude(struct work *w, const struct act_decision *d)
{
    struct error err;
    struct task *t = w->t;
    uint32_t attempts = MAX(t->intent.attempts, t->unit_failures + 1);
    struct intent_result r = {.outcome = d->step == ACT_DONE   ? OUTCOME_DONE
                                         : d->step == ACT_FAIL ? OUTCOME_FAILED
                                                               : OUTCOME_RETRY,
                              .uncertain = d->uncertain,
                              .reason = slice_of(d->reason),
                              .seen = w->has_seen ? &w->seen : NULL};
    if (r.outcome == OUTCOME_RETRY) r.not_before = in_ns(w, MAX(act_backoff(attempts, w->a->opt.rng), MIN_RETRY_NS));
    if (worth_a_line(w, d)) log_outcome(w, d);
    enum err e = core_intent_outcome(w->a->opt.core, &t->intent, &r, &err);
    if (e != ERR_OK && e != ERR_CONFLICT && e != ERR_NOT_FOUND) {
        store_trouble(w, "outcome", &err);
        return;
    }
    t->done = r.outcome == OUTCOME_DONE;
    t->count = t->done ? COUNT_DONE : r.outcome == OUTCOME_FAILED ? COUNT_FAILED : COUNT_RETRIED;
    count(action_name(t->intent.action), t->done ? "done" : r.outcome == OUTCOME_FAILED ? "failed" : "retry");
}

static void not_proved(struct work *w, enum cloud_class c)
{
    struct act_decision d = {.step = is_away(c) ? ACT_RETRY : ACT_FAIL, .uncertain = w->t->intent.uncertain};
    snprintf(d.reason, sizeof d.reason, "%s; %s.", w->f.message,
             is_away(c) ? "nothing was asked of EC2, and it is tried again"
                        : "correct the network's identity (`peerage network check` proves it), then ask again");
    conclude(w, &d);
}

// True when the decision is an outcome; false when we are stopping and what happened is not known.
static bool attempt(struct work *w, struct act_decision *d)
{
    struct cloud_failure refused;
    struct act_input in = {.intent = &w->t->intent, .name = w->row.name, .asked = ACT_ASKED_NOTHING};
    for (int n = 0; n < STEPS_MAX; n++) {
        in.now = clock_wall(w->a->opt.clock);
        act_decide(&in, d);
        if (d->step != ACT_CALL && d->step != ACT_DESCRIBE) return true;
        if (w->a->stopping) return false;
        if (d->step == ACT_DESCRIBE && in.asked == ACT_ASKED_CALL) {
            refused = w->f;
            in.refused = &refused;
        }
        in.asked = d->step == ACT_CALL ? ACT_ASKED_CALL : ACT_ASKED_DESCRIBE;
        in.class = d->step == ACT_CALL ? call(w) : describe(w);
        in.failure = &w->f;
        in.seen = &w->seen;
        if (in.class != CLOUD_OK && w->a->stopping) return false;
    }
    *d = (struct act_decision){.step = ACT_RETRY, .uncertain = true, .reason = "EC2 contradicts itself."};
    return true;
}

static void perform_intent(struct work *w)
{
    struct error err;
    struct act_decision d;
    struct intent *i = &w->t->intent;
    enum err e = load(w, i->network_id, i->group_id, i->connection_id, &err);
    if (e != ERR_OK) { // also when the network was removed meanwhile: then it is not due any more
        store_trouble(w, "load", &err);
        return;
    }
    enum cloud_class c = prove_account(w);
    if (c != CLOUD_OK && w->a->stopping) return;
    if (c != CLOUD_OK) {
        not_proved(w, c);
        return;
    }
    e = core_intent_begin(w->a->opt.core, i, &err);
    if (e == ERR_CONFLICT) return; // ended, held or frozen since it was due
    if (e != ERR_OK)
        store_trouble(w, "begin", &err);
    else if (attempt(w, &d))
        conclude(w, &d);
}

// ---- routes -------------------------------------------------------------------------------

static const char *route_kind_name(int kind)
{
    switch (kind) {
    case ROUTE_RESULT_MADE:
        return "made";
    case ROUTE_RESULT_FOUND:
        return "found";
    case ROUTE_RESULT_GONE:
        return "gone";
    case ROUTE_RESULT_CONFLICT:
        return "conflict";
    default:
        return "retry";
    }
}

// Longer the longer it has not worked, while the cloud answers; else as the cloud's absence says.
static int64_t route_wait(const struct work *w)
{
    int64_t ns = act_backoff(w->t->unit_failures + 1, w->a->opt.rng);
    int64_t age = (clock_wall(w->a->opt.clock).us - w->t->route.changed.us) * 1000;
    if (!w->t->away) ns = MAX(ns, MIN(age / 2, SLOW_WAIT_NS));
    return MAX(ns, MIN_WAIT_NS);
}

static void conclude_route(struct work *w, const struct act_route_decision *d)
{
    struct error err;
    struct task *t = w->t;
    struct route_result r = d->result;
    bool removing = t->route.state == PEER_ROUTE_REMOVING;
    r.reason = slice_of(d->text);
    if (r.kind == ROUTE_RESULT_RETRY) r.not_before = in_ns(w, d->wait_ns ? d->wait_ns : route_wait(w));
    if (r.kind == ROUTE_RESULT_CONFLICT && d->wait_ns) r.not_before = in_ns(w, d->wait_ns);
    LOG(LOG_INFO, "route", LOG_S("outcome", route_kind_name(r.kind)), LOG_S("name", w->row.name),
        LOG_S("network", t->route.network_id), LOG_S("table", t->route.table_id), LOG_S("block", t->route.cidr),
        LOG_S("reason", d->text[0] ? d->text : NULL));
    enum err e = core_route_outcome(w->a->opt.core, &t->route, &r, &err);
    if (e != ERR_OK && e != ERR_NOT_FOUND && e != ERR_CONFLICT) {
        store_trouble(w, "route", &err);
        return;
    }
    t->count = r.kind == ROUTE_RESULT_RETRY ? COUNT_NOTHING : COUNT_ROUTE;
    count(removing ? "remove-route" : "add-route", route_kind_name(r.kind));
}

// One question to the cloud; false when core does not want the route any more, or is in trouble.
static bool ask_route(struct work *w, enum act_route_asked what, struct cloud_route *there, enum cloud_class *ret)
{
    struct peer_route *r = &w->t->route;
    struct cloud *cloud = w->a->opt.cloud;
    struct slice block = slice_of(r->cidr);
    struct error err;
    enum err e = what == ACT_ROUTE_FOUND ? ERR_OK : core_route_begin(w->a->opt.core, r, &err);
    if (e != ERR_OK && e != ERR_CONFLICT) store_trouble(w, "route", &err);
    if (e != ERR_OK) return false;
    if (what == ACT_ROUTE_FOUND)
        *ret = cloud_route_find(cloud, &w->target, r->table_id, block, there, &w->f);
    else if (what == ACT_ROUTE_CREATED)
        *ret = cloud_route_create(cloud, &w->target, r->table_id, block, w->row.name, &w->f);
    else
        *ret = cloud_route_delete(cloud, &w->target, r->table_id, block, &w->f);
    (void)note(w, *ret);
    return *ret == CLOUD_OK || !w->a->stopping;
}

// We are stopping. What happened is looked up after the next start; but a call that surely made nothing must not stay
// marked as tried until then.
static bool leave_route(struct work *w, const struct act_route_input *in)
{
    struct error err;
    const struct route_result r = {.kind = ROUTE_RESULT_RETRY, .not_before = in_ns(w, 0), .made_nothing = true};
    bool refused = in->again || (in->asked == ACT_ROUTE_CREATED && in->class != CLOUD_OK && !w->f.uncertain);
    enum err e = refused ? core_route_outcome(w->a->opt.core, &w->t->route, &r, &err) : ERR_OK;
    if (e != ERR_OK && e != ERR_NOT_FOUND) store_trouble(w, "route", &err);
    return false;
}

// From the proof of the account to a result; false when there is none to record.
static bool attempt_route(struct work *w, enum cloud_class proof, struct act_route_decision *d)
{
    struct cloud_route there = {.found = false};
    struct network_options o = {.dns = false};
    struct error err;
    if (store_network_options(w->reader, w->net.id, w->arena, &o, &err) != ERR_OK) {
        store_trouble(w, "load", &err);
        return false;
    }
    struct act_route_input in = {.row = &w->t->route,
                                 .name = w->row.name,
                                 .vpc_id = w->net.vpc_id,
                                 .asked = ACT_ROUTE_FOUND,
                                 .class = proof,
                                 .failure = &w->f,
                                 .there = &there,
                                 .limit = o.route_limit};
    if (proof == CLOUD_OK && !ask_route(w, ACT_ROUTE_FOUND, &there, &in.class)) return false;
    for (int n = 0; n < STEPS_MAX; n++) {
        in.now = clock_wall(w->a->opt.clock);
        act_route_decide(&in, d);
        if (d->step == ACT_ROUTE_RESULT && !d->look) {
            d->result.used = there.counted + 1;
            d->result.limit = in.asked == ACT_ROUTE_CREATED ? o.route_limit ? o.route_limit : ROUTE_QUOTA : 0;
            return true;
        }
        if (w->a->stopping) return leave_route(w, &in);
        in.again = d->look;
        in.asked = d->look ? ACT_ROUTE_FOUND : d->step == ACT_ROUTE_CREATE ? ACT_ROUTE_CREATED : ACT_ROUTE_DELETED;
        if (!ask_route(w, in.asked, &there, &in.class)) return leave_route(w, &in);
    }
    // Each of the calls was refused, else the loop had ended.
    *d = (struct act_route_decision){.result = {.kind = ROUTE_RESULT_RETRY, .made_nothing = true},
                                     .text = "EC2 contradicts itself."};
    return true;
}

static void perform_route(struct work *w)
{
    struct error err;
    struct act_route_decision d;
    const struct peer_route *r = &w->t->route;
    enum err e = load(w, r->network_id, r->group_id, r->connection_id, &err);
    if (e != ERR_OK) {
        store_trouble(w, "load", &err);
        return;
    }
    enum cloud_class c = prove_account(w);
    if (c != CLOUD_OK && w->a->stopping) return;
    if (attempt_route(w, c, &d)) conclude_route(w, &d);
}

// ---- finishing ----------------------------------------------------------------------------

static const char *finish_kind_result(int kind)
{
    switch (kind) {
    case FINISH_RESULT_SET:
        return "set";
    case FINISH_RESULT_KEPT:
        return "kept";
    case FINISH_RESULT_FAILED:
        return "failed";
    default:
        return "retry";
    }
}

static void conclude_finish(struct work *w, const struct act_finish_decision *d)
{
    struct error err;
    struct task *t = w->t;
    struct finish_result r = d->result;
    int64_t age = (clock_wall(w->a->opt.clock).us - t->finish.since.us) * 1000;
    int64_t by_age = MIN(MAX(act_backoff(t->unit_failures + 1, w->a->opt.rng), age / 2), SLOW_WAIT_NS);
    r.reason = slice_of(d->text);
    r.not_before = in_ns(w, MAX(d->wait_ns ? d->wait_ns : by_age, MIN_WAIT_NS));
    LOG(LOG_INFO, "finish", LOG_S("outcome", finish_kind_result(r.kind)),
        LOG_S("what", finish_kind_name(t->finish.kind)), LOG_S("name", w->row.name),
        LOG_S("network", t->finish.network_id), LOG_S("reason", d->text[0] ? d->text : NULL));
    enum err e = core_finish_outcome(w->a->opt.core, &t->finish, &r, &err);
    if (e != ERR_OK && e != ERR_NOT_FOUND) {
        store_trouble(w, "finish", &err);
        return;
    }
    bool ends = r.kind == FINISH_RESULT_SET || r.kind == FINISH_RESULT_KEPT;
    t->count = ends ? COUNT_FINISH : COUNT_NOTHING;
    count(t->finish.kind == FINISH_DNS ? "set-dns" : "set-name", finish_kind_result(r.kind));
}

static enum cloud_class ask_finish(struct work *w, enum act_finish_step step, char tag[CLOUD_TAG])
{
    struct cloud *cloud = w->a->opt.cloud;
    struct finish *f = &w->t->finish;
    if (step == ACT_FINISH_LOOK) return note(w, cloud_name_tag_find(cloud, &w->target, w->row.name, tag, &w->f));
    if (f->kind == FINISH_NAME) return note(w, cloud_name_tag(cloud, &w->target, w->row.name, f->value, &w->f));
    return note(w, cloud_dns_option(cloud, &w->target, w->row.name, true, &w->f));
}

// False when we are stopping; nothing is lost then, all of it may be asked again.
static bool attempt_finish(struct work *w, enum cloud_class proof, struct act_finish_decision *d)
{
    char tag[CLOUD_TAG] = "";
    struct act_finish_input in = {
        .row = &w->t->finish, .asked = ACT_ASKED_NOTHING, .class = proof, .failure = &w->f, .tag = tag};
    for (int n = 0; n < STEPS_MAX; n++) {
        in.now = clock_wall(w->a->opt.clock);
        act_finish_decide(&in, d);
        if (d->step == ACT_FINISH_RESULT) return true;
        if (w->a->stopping) return false;
        in.asked = d->step == ACT_FINISH_LOOK ? ACT_ASKED_DESCRIBE : ACT_ASKED_CALL;
        in.class = ask_finish(w, d->step, tag);
        if (in.class != CLOUD_OK && w->a->stopping) return false;
    }
    return false;
}

static void perform_finish(struct work *w)
{
    struct error err;
    struct act_finish_decision d;
    const struct finish *f = &w->t->finish;
    bool allowed = false;
    enum err e = load(w, f->network_id, f->group_id, f->connection_id, &err);
    if (e == ERR_OK) e = store_writes_allowed(w->reader, f->group_id, f->network_id, &allowed, &err);
    if (e != ERR_OK) store_trouble(w, "load", &err);
    if (e != ERR_OK || !allowed) return; // frozen since it was due
    enum cloud_class c = prove_account(w);
    if (c != CLOUD_OK && w->a->stopping) return;
    if (attempt_finish(w, c, &d)) conclude_finish(w, &d);
}

void perform(struct task *t, struct store_reader *reader)
{
    struct work w = {.a = t->actuator, .t = t, .reader = reader};
    struct error err;
    if (t->actuator->stopping) return;
    w.arena = reader ? arena_new(WORK_ARENA) : NULL;
    if (!w.arena) {
        error_set(&err, ERR_NOMEM, "no memory or no store for an action");
        store_trouble(&w, "begin", &err);
        return;
    }
    if (t->kind == TASK_INTENT)
        perform_intent(&w);
    else if (t->kind == TASK_ROUTE)
        perform_route(&w);
    else
        perform_finish(&w);
    arena_free(w.arena);
}
