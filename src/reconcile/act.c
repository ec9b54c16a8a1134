// SPDX-License-Identifier: Apache-2.0
// The rules of act.h as tables and short functions. Called by: reconcile/actuator. Must never: have an effect.
#include "reconcile/act.h"

#include <stdarg.h>
#include <stdio.h>

// ---- texts --------------------------------------------------------------------------------

static const struct {
    const char *call, *participle;
} words[ACTION_COUNT_] = {[ACTION_ACCEPT] = {"AcceptVpcPeeringConnection", "accepted"},
                          [ACTION_REJECT] = {"RejectVpcPeeringConnection", "rejected"},
                          [ACTION_DELETE] = {"DeleteVpcPeeringConnection", "deleted"}};

static void say(struct act_decision *d, enum act_step step, const char *fmt, ...) PRINTF_LIKE(3, 4);
static void say(struct act_decision *d, enum act_step step, const char *fmt, ...)
{
    va_list ap;
    *d = (struct act_decision){.step = step};
    va_start(ap, fmt);
    (void)vsnprintf(d->reason, sizeof d->reason, fmt, ap); // a long one is cut
    va_end(ap);
}

static void step(struct act_decision *d, enum act_step s)
{
    *d = (struct act_decision){.step = s};
}

static void later(struct act_decision *d, const struct act_input *in, bool uncertain, const char *why)
{
    say(d, ACT_RETRY, "%s; %s is tried again.", why, words[in->intent->action].call);
    d->uncertain = uncertain;
}

static bool settling(const struct act_input *in)
{
    return in->now.us - in->intent->requested.us < ACT_SETTLE_US || // also when the clock went back
           in->intent->attempts < ACT_SETTLE_ATTEMPTS;
}

// ---- by state -----------------------------------------------------------------------------

enum rule { WAIT, CALL, DONE, OVER /* it ended, nothing is left to do */, MUST_WAIT /* not allowed in this state */ };

static const unsigned char rules[ACTION_COUNT_][CLOUD_EXPIRED + 1] = {
    [ACTION_ACCEPT] = {[CLOUD_UNKNOWN] = WAIT,
                       [CLOUD_INITIATING] = WAIT,
                       [CLOUD_PENDING] = CALL,
                       [CLOUD_PROVISIONING] = DONE,
                       [CLOUD_ACTIVE] = DONE,
                       [CLOUD_DELETING] = OVER,
                       [CLOUD_DELETED] = OVER,
                       [CLOUD_REJECTED] = OVER,
                       [CLOUD_FAILED] = OVER,
                       [CLOUD_EXPIRED] = OVER},
    [ACTION_REJECT] = {[CLOUD_UNKNOWN] = WAIT,
                       [CLOUD_INITIATING] = WAIT,
                       [CLOUD_PENDING] = CALL,
                       [CLOUD_PROVISIONING] = MUST_WAIT,
                       [CLOUD_ACTIVE] = MUST_WAIT,
                       [CLOUD_DELETING] = OVER,
                       [CLOUD_DELETED] = OVER,
                       [CLOUD_REJECTED] = DONE,
                       [CLOUD_FAILED] = OVER,
                       [CLOUD_EXPIRED] = OVER},
    [ACTION_DELETE] = {[CLOUD_UNKNOWN] = WAIT,
                       [CLOUD_INITIATING] = MUST_WAIT,
                       [CLOUD_PENDING] = MUST_WAIT,
                       [CLOUD_PROVISIONING] = MUST_WAIT,
                       [CLOUD_ACTIVE] = CALL,
                       [CLOUD_DELETING] = DONE,
                       [CLOUD_DELETED] = DONE,
                       [CLOUD_REJECTED] = DONE,
                       [CLOUD_FAILED] = DONE,
                       [CLOUD_EXPIRED] = DONE},
};

static bool is_state_refusal(const struct cloud_failure *f)
{
    return strcmp(f->code, "InvalidStateTransition") == 0 || strcmp(f->code, "IncorrectState") == 0 ||
           f->class == CLOUD_NOT_FOUND_YET;
}

// The state allows the call, but this attempt has made it already and was refused.
static void after_refusal(const struct act_input *in, struct act_decision *d)
{
    if (is_state_refusal(in->refused) && settling(in))
        later(d, in, false, in->refused->message);
    else
        say(d, ACT_FAIL, "%s. Mend what it names, then ask again.", in->refused->message);
}

static void by_state(const struct act_input *in, struct act_decision *d)
{
    enum action action = in->intent->action;
    const char *status = in->seen->cloud_status[0] ? in->seen->cloud_status : "unknown";
    switch ((enum rule)rules[action][cloud_status_of(slice_of(in->seen->cloud_status))]) {
    case CALL:
        if (in->refused)
            after_refusal(in, d);
        else
            step(d, ACT_CALL);
        break;
    case DONE:
        step(d, ACT_DONE);
        break;
    case OVER:
        say(d, ACT_FAIL, "EC2 shows %s as %s, so it cannot be %s any more; the requester can make a new request.",
            in->name, status, words[action].participle);
        break;
    case MUST_WAIT:
        say(d, ACT_FAIL, "EC2 shows %s as %s, and in that state it cannot be %s.", in->name, status,
            words[action].participle);
        break;
    default:
        say(d, ACT_RETRY, "EC2 shows %s as %s; %s waits for a state in which it can be %s.", in->name, status,
            words[action].call, words[action].participle);
        d->uncertain = true; // look again first
    }
}

// ---- by failure ---------------------------------------------------------------------------

static void denied(const struct act_input *in, struct act_decision *d)
{
    say(d, ACT_FAIL,
        "%s. Grant the network's identity what `peerage aws-policy --mode manage` prints (`peerage network check` "
        "proves it), then ask again.",
        in->failure->message);
}

static void after_call(const struct act_input *in, struct act_decision *d)
{
    switch (in->class) {
    case CLOUD_OK:
        step(d, ACT_DONE);
        break;
    case CLOUD_CONFLICT:
    case CLOUD_NOT_FOUND_YET:
        step(d, ACT_DESCRIBE);
        break;
    case CLOUD_PERMANENT:
        if (in->failure->uncertain)
            step(d, ACT_DESCRIBE);
        else
            say(d, ACT_FAIL, "%s.", in->failure->message);
        break;
    case CLOUD_DENIED:
        denied(in, d);
        break;
    default:
        later(d, in, in->failure->uncertain, in->failure->message);
    }
}

static void not_found(const struct act_input *in, struct act_decision *d)
{
    if (settling(in)) // not even a delete is done by it: EC2 may just not show yet what is there
        later(d, in, in->intent->uncertain || (in->refused && in->refused->uncertain),
              "EC2 does not know the connection");
    else if (in->intent->action == ACTION_DELETE)
        step(d, ACT_DONE);
    else
        say(d, ACT_FAIL, "EC2 does not know %s any more; the requester can make a new request.", in->name);
}

static void after_describe(const struct act_input *in, struct act_decision *d)
{
    switch (in->class) {
    case CLOUD_OK:
        by_state(in, d);
        break;
    case CLOUD_NOT_FOUND_YET:
        not_found(in, d);
        break;
    case CLOUD_DENIED:
        denied(in, d);
        break;
    case CLOUD_PERMANENT:
        say(d, ACT_FAIL, "%s.", in->failure->message);
        break;
    default:
        later(d, in, true, in->failure->message);
    }
}

void act_decide(const struct act_input *in, struct act_decision *ret)
{
    if (in->asked == ACT_ASKED_NOTHING)
        step(ret, in->intent->uncertain ? ACT_DESCRIBE : ACT_CALL);
    else if (in->asked == ACT_ASKED_CALL)
        after_call(in, ret);
    else
        after_describe(in, ret);
}

int64_t act_backoff(uint32_t attempts, const struct rng *rng)
{
    int64_t top = NS_PER_SEC;
    for (uint32_t i = 1; i < attempts && top < ACT_BACKOFF_CAP_NS; i++) top *= 2;
    return (int64_t)rng_below(rng, (uint64_t)MIN(top, ACT_BACKOFF_CAP_NS) + 1);
}

// ---- routes -------------------------------------------------------------------------------

static void result(struct act_route_decision *d, int kind, int64_t wait_ns, const char *fmt, ...) PRINTF_LIKE(4, 5);
static void result(struct act_route_decision *d, int kind, int64_t wait_ns, const char *fmt, ...)
{
    va_list ap;
    d->step = ACT_ROUTE_RESULT;
    d->look = false;
    d->wait_ns = wait_ns;
    va_start(ap, fmt);
    (void)vsnprintf(d->text, sizeof d->text, fmt, ap);
    va_end(ap);
    d->result = (struct route_result){.kind = kind, .reason = slice_of(d->text)};
}

static bool is_removing(const struct act_route_input *in)
{
    return in->row->state == PEER_ROUTE_REMOVING;
}

// What no waiting mends is a conflict, which forgets that a call was tried; what may have happened must not be that.
static void route_failed(const struct act_route_input *in, struct act_route_decision *d)
{
    const struct cloud_failure *f = in->failure;
    bool away = in->class == CLOUD_TRANSIENT || in->class == CLOUD_THROTTLED || in->class == CLOUD_CREDENTIALS;
    if (away || f->uncertain)
        result(d, ROUTE_RESULT_RETRY, 0, "%s.", f->message);
    else if (is_removing(in))
        result(d, ROUTE_RESULT_RETRY, ACT_LOOK_AGAIN_NS, "%s. The route is still there.", f->message);
    else if (in->class == CLOUD_DENIED)
        result(d, ROUTE_RESULT_CONFLICT, ACT_LOOK_AGAIN_NS,
               "%s. Grant the network's identity what `peerage aws-policy --mode manage` prints.", f->message);
    else
        result(d, ROUTE_RESULT_CONFLICT, ACT_LOOK_AGAIN_NS, "%s.", f->message);
}

static void route_is_there(const struct act_route_input *in, struct act_route_decision *d)
{
    const struct peer_route *r = in->row;
    const struct cloud_route *t = in->there;
    bool same = strcmp(t->target, in->name) == 0 && !t->propagated, ours = r->ours || r->tried.us != 0;
    if (!same)
        result(d, ROUTE_RESULT_CONFLICT, ACT_LOOK_AGAIN_NS,
               "%s in %s leads to %s, not to %s. Peerage overwrites no route: remove it, or leave it so.", r->cidr,
               r->table_id, t->target[0] ? t->target : "something else", in->name);
    else if (is_removing(in) && ours)
        d->step = ACT_ROUTE_DELETE;
    else
        result(d, ours && !is_removing(in) ? ROUTE_RESULT_MADE : ROUTE_RESULT_FOUND, 0, "%s", "");
}

// A call to make it was begun so lately that the answer may be from before it.
static bool may_come(const struct act_route_input *in)
{
    int64_t tried = in->row->tried.us;
    return tried && in->now.us >= tried && in->now.us - tried < ACT_SETTLE_US;
}

static void route_is_not_there(const struct act_route_input *in, struct act_route_decision *d)
{
    if (is_removing(in) && may_come(in))
        result(d, ROUTE_RESULT_RETRY, ACT_SETTLE_LOOK_NS,
               "%s in %s was asked for a moment ago and is not to be seen yet.", in->row->cidr, in->row->table_id);
    else if (is_removing(in))
        result(d, ROUTE_RESULT_GONE, 0, "%s", "");
    else if (in->again) // there was one a moment ago
        result(d, ROUTE_RESULT_RETRY, 0, "The routes of %s are changing.", in->row->table_id);
    else if (in->limit && in->there->counted >= in->limit)
        result(d, ROUTE_RESULT_CONFLICT, ACT_LOOK_AGAIN_NS,
               "The quota of %u routes in %s is used up. Remove some, or have AWS raise it and say so with `peerage "
               "network set-limits`.",
               in->limit, in->row->table_id);
    else
        d->step = ACT_ROUTE_CREATE;
}

static void after_find(const struct act_route_input *in, struct act_route_decision *d)
{
    const struct peer_route *r = in->row;
    if (in->class == CLOUD_NOT_FOUND_YET && is_removing(in))
        result(d, ROUTE_RESULT_GONE, 0, "%s", "");
    else if (in->class != CLOUD_OK)
        route_failed(in, d);
    else if (in->there->vpc_id[0] && strcmp(in->there->vpc_id, in->vpc_id) != 0 && !is_removing(in))
        result(d, ROUTE_RESULT_CONFLICT, ACT_LOOK_AGAIN_NS,
               "%s belongs to %s, not to %s. Name a route table of the network's VPC.", r->table_id, in->there->vpc_id,
               in->vpc_id);
    else if (in->there->found)
        route_is_there(in, d);
    else
        route_is_not_there(in, d);
}

static void after_create(const struct act_route_input *in, struct act_route_decision *d)
{
    if (in->class == CLOUD_OK)
        result(d, ROUTE_RESULT_MADE, 0, "%s", "");
    else if (in->class == CLOUD_CONFLICT && strcmp(in->failure->code, "RouteAlreadyExists") == 0)
        d->look = true;
    else if (in->class == CLOUD_NOT_FOUND_YET) // the connection may not have reached every back end
        result(d, ROUTE_RESULT_RETRY, 0, "%s.", in->failure->message);
    else
        route_failed(in, d);
}

static void after_delete(const struct act_route_input *in, struct act_route_decision *d)
{
    if (in->class == CLOUD_OK || in->class == CLOUD_NOT_FOUND_YET)
        result(d, ROUTE_RESULT_GONE, 0, "%s", "");
    else
        route_failed(in, d);
}

// A find that follows a call follows its refusal, and a call in doubt ends the attempt: only that may have made it.
static bool may_have_made_it(const struct act_route_input *in)
{
    return in->asked == ACT_ROUTE_CREATED && (in->class == CLOUD_OK || in->failure->uncertain);
}

void act_route_decide(const struct act_route_input *in, struct act_route_decision *ret)
{
    *ret = (struct act_route_decision){.step = ACT_ROUTE_RESULT};
    if (in->asked == ACT_ROUTE_FOUND)
        after_find(in, ret);
    else if (in->asked == ACT_ROUTE_CREATED)
        after_create(in, ret);
    else
        after_delete(in, ret);
    ret->result.made_nothing = ret->result.kind == ROUTE_RESULT_RETRY && !may_have_made_it(in);
}

// ---- finishing ----------------------------------------------------------------------------

static const char *what_of(const struct finish *f)
{
    return f->kind == FINISH_DNS ? "DNS option" : "tag Name";
}

static void finished(struct act_finish_decision *d, int kind, int64_t wait_ns, const char *fmt, ...) PRINTF_LIKE(4, 5);
static void finished(struct act_finish_decision *d, int kind, int64_t wait_ns, const char *fmt, ...)
{
    va_list ap;
    d->step = ACT_FINISH_RESULT;
    d->wait_ns = wait_ns;
    va_start(ap, fmt);
    (void)vsnprintf(d->text, sizeof d->text, fmt, ap);
    va_end(ap);
    d->result = (struct finish_result){.kind = kind, .reason = slice_of(d->text)};
}

// One that EC2 has just shown as active may not be so on every back end.
static bool may_settle(const struct act_finish_input *in)
{
    bool known = in->class == CLOUD_NOT_FOUND_YET || in->class == CLOUD_CONFLICT;
    return known && in->now.us - in->row->since.us < ACT_SETTLE_US;
}

static void finish_failed(const struct act_finish_input *in, struct act_finish_decision *d)
{
    const struct cloud_failure *f = in->failure;
    bool away = in->class == CLOUD_TRANSIENT || in->class == CLOUD_THROTTLED || in->class == CLOUD_CREDENTIALS;
    if (away || f->uncertain || may_settle(in))
        finished(d, FINISH_RESULT_RETRY, 0, "%s.", f->message);
    else if (in->class == CLOUD_DENIED)
        finished(d, FINISH_RESULT_FAILED, ACT_LOOK_AGAIN_NS,
                 "The %s is not set: %s. Grant the network's identity what `peerage aws-policy --mode manage` prints.",
                 what_of(in->row), f->message);
    else
        finished(d, FINISH_RESULT_FAILED, ACT_LOOK_AGAIN_NS, "The %s is not set: %s.", what_of(in->row), f->message);
}

static void after_tag(const struct act_finish_input *in, struct act_finish_decision *d)
{
    if (!in->tag[0])
        d->step = ACT_FINISH_SET;
    else if (slice_eq_cstr(in->row->value, in->tag))
        finished(d, FINISH_RESULT_SET, 0, "%s", "");
    else
        finished(d, FINISH_RESULT_KEPT, 0, "%s", in->tag);
}

void act_finish_decide(const struct act_finish_input *in, struct act_finish_decision *ret)
{
    *ret = (struct act_finish_decision){.step = ACT_FINISH_LOOK};
    if (in->class != CLOUD_OK)
        finish_failed(in, ret);
    else if (in->asked == ACT_ASKED_NOTHING)
        ret->step = in->row->kind == FINISH_NAME ? ACT_FINISH_LOOK : ACT_FINISH_SET;
    else if (in->asked == ACT_ASKED_DESCRIBE)
        after_tag(in, ret);
    else
        finished(ret, FINISH_RESULT_SET, 0, "%s", "");
}
