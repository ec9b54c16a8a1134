// SPDX-License-Identifier: Apache-2.0
// The one place that assigns a stored localStatus: the table of spec/lifecycle.def, and the row and its audit event in
// one transaction. Called by: the other files of core. Must never: invent a transition that the table does not have.
#include "core/inside.h"

enum guard { ALWAYS, STATUS_CHANGED };
enum actor_kind { SCANNER, CLIENT, ACTUATOR };

static const struct {
    bool defined;
    enum local_status next;
    enum guard guard;
    enum actor_kind actor;
    const char *why;
} table[LOCAL_COUNT_][LIFECYCLE_EVENT_COUNT_] = {
#define TRANSITION(from, event, next, guard, actor, why)                                                               \
    [LOCAL_##from][LIFECYCLE_##event] = {true, LOCAL_##next, guard, actor, why},
#include "spec/lifecycle.def"
#undef TRANSITION
};

bool lifecycle_next(enum local_status from, enum lifecycle_event event, bool status_changed,
                    enum local_status *ret_next, const char **ret_why)
{
    ASSERT((unsigned)from < LOCAL_COUNT_ && (unsigned)event < LIFECYCLE_EVENT_COUNT_);
    if (!table[from][event].defined) return false;
    bool moves = table[from][event].guard == ALWAYS || status_changed;
    *ret_next = moves ? table[from][event].next : from;
    *ret_why = moves ? table[from][event].why : "";
    return true;
}

enum lifecycle_event lifecycle_seen(enum cloud_status s)
{
    switch (s) {
    case CLOUD_INITIATING:
    case CLOUD_PENDING:
        return LIFECYCLE_SEEN_PENDING;
    case CLOUD_PROVISIONING:
        return LIFECYCLE_SEEN_PROVISIONING;
    case CLOUD_ACTIVE:
        return LIFECYCLE_SEEN_ACTIVE;
    case CLOUD_DELETING:
        return LIFECYCLE_SEEN_DELETING;
    case CLOUD_DELETED:
        return LIFECYCLE_SEEN_DELETED;
    case CLOUD_REJECTED:
        return LIFECYCLE_SEEN_REJECTED;
    case CLOUD_FAILED:
        return LIFECYCLE_SEEN_FAILED;
    case CLOUD_EXPIRED:
        return LIFECYCLE_SEEN_EXPIRED;
    default:
        return LIFECYCLE_SEEN_UNKNOWN;
    }
}

static void set_terminal_since(struct connection *row, bool status_changed, struct wall now)
{
    if (!cloud_status_is_terminal(cloud_status_of(slice_of(row->cloud_status))))
        row->terminal_since = (struct wall){0};
    else if (status_changed || !row->terminal_since.us)
        row->terminal_since = now;
}

// Before and after, as far as they differ; CIDRs and messages are in the row.
static void detail_of(const struct transition *t, struct buf *out)
{
    const struct connection *was = t->before, *is = t->row;
    struct json_writer w;
    json_begin(&w, out, false);
    json_obj(&w);
    if (t->intent) json_kstr(&w, "action", action_name(t->intent->action));
    json_kstr(&w, "cloudStatus", is->cloud_status);
    if (was && strcmp(was->cloud_status, is->cloud_status) != 0) json_kstr(&w, "cloudStatusBefore", was->cloud_status);
    if (t->intent) json_kstr(&w, "intentId", t->intent->id);
    json_kstr(&w, "localStatus", local_status_name(is->local_status));
    if (was && was->local_status != is->local_status)
        json_kstr(&w, "localStatusBefore", local_status_name(was->local_status));
    json_kstr(&w, "networkId", is->network_id);
    if (t->reason.n) json_kslice(&w, "reason", t->reason);
    json_kstr(&w, "requesterAccountId", is->requester_account);
    json_kstr(&w, "requesterVpcId", is->requester_vpc);
    if (t->intent && t->intent->rule.n) json_kslice(&w, "rule", t->intent->rule);
    if (t->value.n) json_kslice(&w, "value", t->value);
    json_obj_end(&w);
}

static enum err write_both(struct store_tx *tx, const struct transition *t, struct error *err)
{
    enum err code =
        t->before ? store_tx_connection_update(tx, t->row, err) : store_tx_connection_insert(tx, t->row, err);
    if (code != ERR_OK) return code;
    struct buf detail;
    buf_init(&detail, 4096);
    detail_of(t, &detail);
    const struct audit_subject about = {t->before, t->row};
    code = detail.fail == BUF_OK
               ? audit_write_about(tx, t->audit, t->type, slice_of(t->row->name), buf_view(&detail), &about, err)
               : error_set(err, ERR_NOMEM, "out of memory while writing the audit log");
    buf_done(&detail);
    return code;
}

static bool requested(enum local_status s)
{
    return s == LOCAL_REQUEST_ACCEPT || s == LOCAL_REQUEST_REJECT || s == LOCAL_REQUEST_DELETE;
}

// An intent lives exactly as long as its request is open, whoever ends it: an outcome, or what a scan saw.
static enum err end_intent(struct store_tx *tx, const struct transition *t, enum local_status from, struct error *err)
{
    enum local_status next = t->row->local_status;
    if (!requested(from) || next == from) return ERR_OK;
    enum intent_end end = next == LOCAL_UPDATE_FAILED ? INTENT_FAILED : INTENT_DONE;
    struct slice reason = t->row->status_message;
    if (t->event == LIFECYCLE_CANCELLED) {
        end = INTENT_DROPPED;
        reason = SLICE("cancelled");
    }
    return store_tx_intent_end(tx, t->row->id, end, reason, t->audit->now, err);
}

// A failure stays told until another action; how many have approved is of no meaning once AWS says something else.
static void set_message(const struct transition *t, enum local_status from, bool status_changed, const char *why)
{
    struct connection *row = t->row;
    if (t->reason.n)
        row->status_message = t->reason;
    else if (row->local_status != from || (status_changed && row->local_status != LOCAL_UPDATE_FAILED))
        row->status_message = slice_of(why);
}

// The events of a connection that was handed over are its own group's, whatever network the scan was of.
static struct audit own_audit(const struct transition *t)
{
    struct audit own = *t->audit;
    memcpy(own.group_id, t->row->group_id, sizeof(own.group_id));
    return own;
}

enum err transition_apply(struct store_tx *tx, const struct transition *asked, struct error *err)
{
    const struct audit audit = own_audit(asked);
    struct transition mine = *asked;
    mine.audit = &audit;
    const struct transition *t = &mine;
    struct connection *row = t->row;
    enum local_status from = t->before ? t->before->local_status : LOCAL_NONE, next;
    bool status_changed = !t->before || strcmp(t->before->cloud_status, row->cloud_status) != 0;
    bool entered = !t->before || (row->listed && !t->before->listed); // seen as if for the first time
    const char *why;
    if (!lifecycle_next(from, t->event, status_changed || entered, &next, &why))
        return error_set(err, ERR_INTERNAL, "the lifecycle has no event %d in state %s", t->event,
                         local_status_name(from));
    row->local_status = next;
    set_message(t, from, status_changed, why);
    row->changed = t->audit->now;
    set_terminal_since(row, status_changed, t->audit->now);
    enum err code = write_both(tx, t, err);
    if (code == ERR_OK) code = end_intent(tx, t, from, err);
    if (code == ERR_OK) code = finish_follow(tx, t, err);
    return code == ERR_OK ? routes_follow(tx, t, err) : code;
}
