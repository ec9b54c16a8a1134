// SPDX-License-Identifier: Apache-2.0
// What state a peering is in, who sees it, and how it looks to them: functions of the record, the settings and `now`.
// Called by: model.c, peering.c, ec2.c. Must never: change a record.

#include <stdio.h>
#include <string.h>

#include "ec2sim/model.h"

const char *sim_state_code(enum sim_state s)
{
    static const char *const codes[SIM_STATE_COUNT_] = {[SIM_INITIATING] = "initiating-request",
                                                        [SIM_FAILED] = "failed",
                                                        [SIM_PENDING] = "pending-acceptance",
                                                        [SIM_EXPIRED] = "expired",
                                                        [SIM_REJECTED] = "rejected",
                                                        [SIM_PROVISIONING] = "provisioning",
                                                        [SIM_ACTIVE] = "active",
                                                        [SIM_DELETING] = "deleting",
                                                        [SIM_DELETED] = "deleted"};
    ASSERT((unsigned)s < SIM_STATE_COUNT_);
    return codes[s];
}

static bool happened(struct wall event, struct wall now)
{
    return event.us && event.us <= now.us;
}

enum sim_state sim_state_at(const struct sim_peering *p, struct wall now)
{
    if (happened(p->deleted, now)) return happened(p->gone, now) ? SIM_DELETED : SIM_DELETING;
    if (happened(p->rejected, now)) return SIM_REJECTED;
    if (happened(p->accepted, now)) return happened(p->active, now) ? SIM_ACTIVE : SIM_PROVISIONING;
    if (!happened(p->decided, now)) return SIM_INITIATING;
    if (p->doomed) return SIM_FAILED;
    return happened(p->expires, now) ? SIM_EXPIRED : SIM_PENDING;
}

static bool is_at(const struct sim_side *s, const struct sim_caller *who)
{
    return strcmp(s->at.account, who->account) == 0 && strcmp(s->at.region, who->region) == 0;
}

enum sim_role sim_role_of(const struct sim_peering *p, const struct sim_caller *who)
{
    bool req = is_at(&p->requester, who), acc = is_at(&p->accepter, who);
    return req && acc ? SIM_BOTH : req ? SIM_REQUESTER : acc ? SIM_ACCEPTER : SIM_NOBODY;
}

static bool within(struct wall from, int64_t seconds, struct wall now)
{
    return now.us - from.us < seconds * US_PER_SEC;
}

// The guide's windows. `mine`: this side rejected or deleted it, or one account owns both sides.
static bool in_window(const struct ec2sim_settings *set, const struct sim_peering *p, enum sim_state s, bool mine,
                      struct wall now)
{
    switch (s) {
    case SIM_FAILED:
        return within(p->decided, set->failed_visible_s, now);
    case SIM_EXPIRED:
        return within(p->expires, set->expired_visible_s, now);
    case SIM_REJECTED:
        return within(p->rejected, mine ? set->actor_visible_s : set->other_visible_s, now);
    case SIM_DELETED:
        return within(p->gone, mine ? set->actor_visible_s : set->other_visible_s, now);
    default:
        return true;
    }
}

static bool visible(const struct sim *m, const struct sim_peering *p, enum sim_role role, enum sim_state s,
                    struct wall now)
{
    if (role == SIM_NOBODY) return false;
    bool acts_as_requester = role != SIM_ACCEPTER;
    bool same_account = strcmp(p->requester.at.account, p->accepter.at.account) == 0;
    if (!acts_as_requester) {
        if (s == SIM_INITIATING || s == SIM_FAILED) return false;
        if (within(p->created, m->settings.visibility_s, now)) return false;
    }
    bool mine = same_account || (s == SIM_REJECTED && !acts_as_requester) ||
                (s == SIM_DELETED && p->deleted_by_requester == acts_as_requester);
    return in_window(&m->settings, p, s, mine, now);
}

static void message_of(const struct sim_peering *p, enum sim_state s, char *out, size_t cap)
{
    const char *accepter = p->accepter.at.account;
    const char *deleter = p->deleted_by_requester ? p->requester.at.account : accepter;
    switch (s) {
    case SIM_INITIATING:
        snprintf(out, cap, "Initiating Request to %s", accepter);
        break;
    case SIM_FAILED:
        snprintf(out, cap, "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range");
        break;
    case SIM_PENDING:
        snprintf(out, cap, "Pending Acceptance by %s", accepter);
        break;
    case SIM_EXPIRED:
        snprintf(out, cap, "Expired");
        break;
    case SIM_REJECTED:
        snprintf(out, cap, "Rejected by %s", accepter);
        break;
    case SIM_PROVISIONING:
        snprintf(out, cap, "Provisioning");
        break;
    case SIM_ACTIVE:
        snprintf(out, cap, "Active");
        break;
    case SIM_DELETED:
        snprintf(out, cap, "Deleted by %s", deleter);
        break;
    default: // deleting: no text was ever seen, and the field is optional
        *out = 0;
    }
}

void sim_view_as(const struct sim *m, const struct sim_peering *p, const struct sim_caller *who, enum sim_state state,
                 struct sim_view *ret)
{
    enum sim_role role = sim_role_of(p, who);
    bool waiting = state == SIM_INITIATING || state == SIM_PENDING || state == SIM_EXPIRED;
    bool up = state == SIM_PROVISIONING || state == SIM_ACTIVE || state == SIM_DELETING;
    *ret = (struct sim_view){.p = p, .state = state, .requester_blocks = waiting || up, .accepter_blocks = up};
    if (waiting) ret->expires = p->expires;
    message_of(p, state, ret->message, sizeof(ret->message));
    ret->requester_vpc = sim_vpc_find(m, slice_of(p->requester.vpc_id));
    ret->accepter_vpc = sim_vpc_find(m, slice_of(p->accepter.vpc_id));
    ret->tags = role == SIM_ACCEPTER ? &p->accepter_tags : &p->requester_tags;
}

// An older state, but never one from before the record was there.
enum sim_state sim_state_seen(const struct sim *m, const struct sim_peering *p, struct wall now)
{
    struct wall seen = {MAX(now.us - m->settings.stale_s * US_PER_SEC, MIN(p->decided.us, now.us))};
    return sim_state_at(p, seen);
}

bool sim_view(const struct sim *m, const struct sim_peering *p, const struct sim_caller *who, struct wall now,
              struct sim_view *ret)
{
    enum sim_role role = sim_role_of(p, who);
    if (role == SIM_NOBODY) return false;
    enum sim_state s = sim_state_seen(m, p, now);
    if (!visible(m, p, role, s, now)) return false;
    sim_view_as(m, p, who, s, ret);
    return true;
}

const struct sim_peering *sim_peering_next(const struct sim *m, const struct sim_caller *who, struct wall now,
                                           uint64_t after, struct sim_view *ret)
{
    size_t lo = 0, hi = m->peering_count;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (m->peerings[mid]->seq <= after)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (; lo < m->peering_count; lo++)
        if (sim_view(m, m->peerings[lo], who, now, ret)) return m->peerings[lo];
    return NULL;
}

bool sim_peering_get(const struct sim *m, const struct sim_caller *who, struct wall now, struct slice id,
                     struct sim_view *ret, struct ec2_error *e)
{
    int n = (int)MIN(id.n, (size_t)64);
    if (!sim_id_valid(id, "pcx-"))
        return ec2_fail(e, 400, "InvalidVpcPeeringConnectionId.Malformed",
                        "Invalid id: \"%.*s\" (expecting \"pcx-...\")", n, n ? id.p : "");
    const struct sim_peering *p = sim_peering_find(m, id);
    if (!p || !sim_view(m, p, who, now, ret))
        return ec2_fail(e, 400, "InvalidVpcPeeringConnectionID.NotFound",
                        "The vpcPeeringConnection ID '%.*s' does not exist", n, id.p);
    return true;
}
