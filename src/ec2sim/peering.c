// SPDX-License-Identifier: Apache-2.0
// What may be done to a peering connection, by whom, and with which of EC2's errors it is refused.
// Called by: ec2.c, server.c. Must never: judge by anything but the record, the settings and `now`.

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "ec2sim/model.h"

static bool same_account(const struct sim_side *s, const struct sim_caller *who)
{
    return strcmp(s->at.account, who->account) == 0;
}

static bool same_region(const struct sim_side *s, const struct sim_caller *who)
{
    return strcmp(s->at.region, who->region) == 0;
}

static struct wall after(struct wall now, int64_t seconds)
{
    return (struct wall){now.us + seconds * US_PER_SEC};
}

static bool is_live(enum sim_state s)
{
    return s == SIM_PENDING || s == SIM_PROVISIONING || s == SIM_ACTIVE || s == SIM_INITIATING;
}

static bool fail_not_found(const char *id, struct ec2_error *e)
{
    return ec2_fail(e, 400, "InvalidVpcPeeringConnectionID.NotFound", "The vpcPeeringConnection ID '%s' does not exist",
                    id);
}

static bool fail_transition(const struct sim_peering *p, enum sim_state from, const char *to, struct ec2_error *e)
{
    return ec2_fail(e, 400, "InvalidStateTransition",
                    "Invalid state transition for %s, attempted to transition from %s to %s", p->id,
                    sim_state_code(from), to);
}

// ---- create

static bool blocks_overlap(const struct sim_vpc *a, const struct sim_vpc *b)
{
    for (unsigned i = 0; i < a->block_count; i++)
        for (unsigned j = 0; j < b->block_count; j++)
            if (cidr_overlaps(a->blocks[i].cidr, b->blocks[j].cidr)) return true;
    return false;
}

// AWS takes the request and lets it fail: wrong VPC, account or Region, or any overlap (also of secondary blocks).
static bool will_fail(const struct sim *m, const struct sim_vpc *own, const struct sim_side *peer)
{
    const struct sim_vpc *v = sim_vpc_find(m, slice_of(peer->vpc_id));
    if (!v || !same_account(peer, &v->owner) || !same_region(peer, &v->owner)) return true;
    return v == own || blocks_overlap(own, v);
}

static bool side_is(const struct sim_side *a, const struct sim_side *b)
{
    return strcmp(a->vpc_id, b->vpc_id) == 0 && same_account(a, &b->at) && same_region(a, &b->at);
}

// A live, not doomed peering from one VPC to the other, other than `but`.
static struct sim_peering *live_pair(const struct sim *m, const struct sim_side *requester,
                                     const struct sim_side *accepter, struct wall now, const struct sim_peering *but)
{
    for (size_t i = 0; i < m->peering_count; i++) {
        struct sim_peering *p = m->peerings[i];
        // The state first: most of a long list has ended, and names are dear to compare.
        if (p != but && !p->doomed && is_live(sim_state_at(p, now)) && side_is(&p->requester, requester) &&
            side_is(&p->accepter, accepter))
            return p;
    }
    return NULL;
}

static int64_t outstanding(const struct sim *m, const struct sim_caller *who, struct wall now)
{
    int64_t n = 0;
    for (size_t i = 0; i < m->peering_count; i++) {
        const struct sim_peering *p = m->peerings[i];
        enum sim_state s = sim_state_at(p, now);
        n += (s == SIM_PENDING || s == SIM_INITIATING) && same_account(&p->requester, who) &&
             same_region(&p->requester, who);
    }
    return n;
}

static bool peer_of(const struct sim_caller *who, const struct sim_peering_spec *spec, struct sim_side *ret,
                    struct ec2_error *e)
{
    struct sim_side peer = {.at = *who};
    if (!slice_copy(spec->peer_vpc_id, peer.vpc_id, sizeof(peer.vpc_id)) || !sim_id_valid(spec->peer_vpc_id, "vpc-"))
        return ec2_fail(e, 400, "InvalidVpcId.Malformed", "Invalid id: \"%.*s\" (expecting \"vpc-...\")",
                        (int)MIN(spec->peer_vpc_id.n, (size_t)64), spec->peer_vpc_id.n ? spec->peer_vpc_id.p : "");
    uint64_t digits;
    if (spec->peer_account.n && (spec->peer_account.n != 12 || !slice_u64(spec->peer_account, UINT64_MAX, &digits) ||
                                 !slice_copy(spec->peer_account, peer.at.account, sizeof(peer.at.account))))
        return ec2_fail(e, 400, "InvalidParameterValue", "Value (%.*s) for parameter peerOwnerId is invalid.",
                        (int)MIN(spec->peer_account.n, (size_t)64), spec->peer_account.p);
    if (spec->peer_region.n && !slice_copy(spec->peer_region, peer.at.region, sizeof(peer.at.region)))
        return ec2_fail(e, 400, "InvalidParameterValue", "Value (%.*s) for parameter peerRegion is invalid.",
                        (int)MIN(spec->peer_region.n, (size_t)64), spec->peer_region.p);
    *ret = peer;
    return true;
}

static struct sim_peering *peering_add(struct sim *m, const struct sim_side *requester, const struct sim_side *accepter,
                                       struct wall now)
{
    struct sim_peering *p = mem_zalloc(1, sizeof(*p));
    if (!p) return NULL;
    p->seq = m->next_seq;
    sim_new_id(m, "pcx-", p->id, sizeof(p->id));
    p->requester = *requester;
    p->accepter = *accepter;
    p->created = now;
    p->decided = after(now, m->settings.initiating_s);
    p->expires = after(now, m->settings.expiry_s);
    if (sim_restore_peering(m, p)) return p;
    sim_peering_free(p);
    return NULL;
}

bool sim_peering_create(struct sim *m, const struct sim_caller *who, struct wall now,
                        const struct sim_peering_spec *spec, bool dry_run, struct sim_peering **ret,
                        struct ec2_error *e)
{
    const struct sim_vpc *own;
    struct sim_side peer, self = {.at = *who};
    if (!sim_vpc_get(m, who, spec->vpc_id, &own, e) || !peer_of(who, spec, &peer, e)) return false;
    memcpy(self.vpc_id, own->id, sizeof(self.vpc_id));
    // Seen at AWS: the same request again returns the first one; the reverse one is made and refused at Accept.
    // EC2's list of error codes promises a refusal; refuse_duplicates gives that.
    struct sim_peering *twin = live_pair(m, &self, &peer, now, NULL);
    struct sim_peering *reverse = live_pair(m, &peer, &self, now, NULL);
    if (m->settings.refuse_duplicates && (twin || reverse))
        return ec2_fail(e, 400, "VpcPeeringConnectionAlreadyExists",
                        "The vpc peering connection identified by %s already exists.", (twin ? twin : reverse)->id);
    if (!twin && outstanding(m, who, now) >= m->settings.outstanding_quota)
        return ec2_fail(e, 400, "OutstandingVpcPeeringConnectionLimitExceeded",
                        "You have reached the limit of %lld outstanding VPC peering connection requests.",
                        (long long)m->settings.outstanding_quota);
    if (dry_run) return true;
    if (m->peering_count >= m->purge_at) sim_purge(m, now);
    struct sim_peering *p = twin ? twin : peering_add(m, &self, &peer, now);
    if (!p) return ec2_fail_nomem(e);
    if (!twin) p->doomed = will_fail(m, own, &peer);
    *ret = p;
    return true;
}

// ---- accept, reject

// Finds what the accepter may act on. `verb`: "accept" or "reject".
static bool find_for_accepter(const struct sim *m, const struct sim_caller *who, struct wall now, struct slice id,
                              const char *verb, struct sim_peering **ret, enum sim_state *ret_state,
                              struct ec2_error *e)
{
    struct sim_view v;
    struct sim_peering *p = sim_id_valid(id, "pcx-") ? sim_peering_find(m, id) : NULL;
    if (!p) return sim_peering_get(m, who, now, id, &v, e); // its errors
    enum sim_role role = sim_role_of(p, who);
    bool accepter_account = same_account(&p->accepter, who);
    if (accepter_account && !same_region(&p->accepter, who) && same_region(&p->requester, who))
        return ec2_fail(e, 400, "OperationNotPermitted",
                        "Incorrect region (%s) specified for this request. VPC peering connection %s must be %sed in "
                        "region %s",
                        who->region, p->id, verb, p->accepter.at.region);
    if (role == SIM_REQUESTER && !accepter_account) {
        if (!sim_view(m, p, who, now, &v)) return fail_not_found(p->id, e);
        return ec2_fail(e, 400, "OperationNotPermitted", "User %s cannot %s peering %s", who->account, verb, p->id);
    }
    // Actions and Describe are answered by different back ends: each has its own delay.
    if (role == SIM_NOBODY ||
        (role == SIM_ACCEPTER && now.us - p->created.us < m->settings.action_visibility_s * US_PER_SEC) ||
        !sim_view(m, p, who, now, &v))
        return fail_not_found(p->id, e);
    *ret = p;
    *ret_state = sim_state_at(p, now);
    return true;
}

static int64_t active_of(const struct sim *m, const char *vpc_id, struct wall now)
{
    int64_t n = 0;
    for (size_t i = 0; i < m->peering_count; i++) {
        const struct sim_peering *p = m->peerings[i];
        enum sim_state s = sim_state_at(p, now);
        n += (s == SIM_ACTIVE || s == SIM_PROVISIONING) &&
             (strcmp(p->requester.vpc_id, vpc_id) == 0 || strcmp(p->accepter.vpc_id, vpc_id) == 0);
    }
    return n;
}

bool sim_peering_accept(struct sim *m, const struct sim_caller *who, struct wall now, struct slice id, bool dry_run,
                        struct sim_peering **ret, struct ec2_error *e)
{
    struct sim_peering *p;
    enum sim_state s;
    if (!find_for_accepter(m, who, now, id, "accept", &p, &s, e)) return false;
    if (s != SIM_PENDING) return fail_transition(p, s, "provisioning", e);
    for (int dir = 0; dir < 2; dir++) {
        const struct sim_side *a = dir ? &p->accepter : &p->requester;
        const struct sim_side *b = dir ? &p->requester : &p->accepter;
        const struct sim_peering *other = live_pair(m, a, b, now, p);
        if (other && other->accepted.us)
            return ec2_fail(e, 400, "VpcPeeringConnectionAlreadyExists",
                            "The vpc peering connection identified by %s already exists.", p->id);
    }
    if (active_of(m, p->requester.vpc_id, now) >= m->settings.active_quota ||
        active_of(m, p->accepter.vpc_id, now) >= m->settings.active_quota)
        return ec2_fail(e, 400, "ActiveVpcPeeringConnectionPerVpcLimitExceeded",
                        "You have reached the limit of %lld active VPC peering connections for a VPC.",
                        (long long)m->settings.active_quota);
    if (dry_run) return true;
    p->accepted = now;
    p->active = after(now, m->settings.provisioning_s);
    *ret = p;
    return true;
}

bool sim_peering_reject(struct sim *m, const struct sim_caller *who, struct wall now, struct slice id, bool dry_run,
                        struct ec2_error *e)
{
    struct sim_peering *p;
    enum sim_state s;
    if (!find_for_accepter(m, who, now, id, "reject", &p, &s, e)) return false;
    if (s != SIM_PENDING) return fail_transition(p, s, "rejected", e);
    if (!dry_run) p->rejected = now;
    return true;
}

// ---- delete, options

bool sim_peering_delete(struct sim *m, const struct sim_caller *who, struct wall now, struct slice id, bool dry_run,
                        struct ec2_error *e)
{
    struct sim_view v;
    if (!sim_peering_get(m, who, now, id, &v, e)) return false;
    struct sim_peering *p = sim_peering_find(m, id);
    enum sim_state s = sim_state_at(p, now);
    bool requester = sim_role_of(p, who) != SIM_ACCEPTER;
    if (s != SIM_ACTIVE && !(s == SIM_PENDING && requester)) return fail_transition(p, s, "deleting", e);
    if (dry_run) return true;
    bool across = strcmp(p->requester.at.region, p->accepter.at.region) != 0 && s == SIM_ACTIVE;
    p->deleted = now;
    p->gone = across ? after(now, m->settings.deleting_s) : now;
    p->deleted_by_requester = requester;
    return true;
}

bool sim_peering_options(struct sim *m, const struct sim_caller *who, struct wall now, struct slice id,
                         int requester_dns, int accepter_dns, bool dry_run, struct sim_peering **ret,
                         struct ec2_error *e)
{
    struct sim_view v;
    if (!sim_peering_get(m, who, now, id, &v, e)) return false;
    struct sim_peering *p = sim_peering_find(m, id);
    if (sim_state_at(p, now) != SIM_ACTIVE)
        return ec2_fail(e, 400, "OperationNotPermitted",
                        "Peering %s is not active. Peering options can be added only "
                        "to active peerings.",
                        p->id);
    enum sim_role role = sim_role_of(p, who);
    const char *wrong = role == SIM_REQUESTER && accepter_dns >= 0   ? "accepter"
                        : role == SIM_ACCEPTER && requester_dns >= 0 ? "requester"
                                                                     : NULL;
    if (wrong)
        return ec2_fail(e, 400, "OperationNotPermitted",
                        "User %s does not have permission to modify the %s side peering options", who->account, wrong);
    *ret = p;
    if (dry_run) return true;
    if (requester_dns >= 0) p->requester.dns = requester_dns;
    if (accepter_dns >= 0) p->accepter.dns = accepter_dns;
    return true;
}

// ---- many at once

bool sim_bulk(struct sim *m, const struct sim_caller *requester, const struct sim_caller *accepter, struct wall now,
              struct slice accepter_vpc, uint32_t n, bool active, struct ec2_error *e)
{
    const struct sim_vpc *target;
    if (!sim_vpc_get(m, accepter, accepter_vpc, &target, e)) return false;
    struct sim_side acc = {.at = *accepter};
    memcpy(acc.vpc_id, target->id, sizeof(acc.vpc_id));
    for (uint32_t i = 0; i < n; i++) {
        // 100.64.0.0/10 in /24s, round and round: nothing checks overlap between requesters.
        struct sim_vpc_spec spec = {.block_count = 1};
        spec.blocks[0] = (struct cidr){
            .ip = {.family = 4, .b = {100, (uint8_t)(64 + ((i >> 8) & 63)), (uint8_t)(i & 255), 0}}, .prefix = 24};
        struct sim_vpc *v;
        if (!sim_vpc_create(m, requester, now, &spec, &v, e)) return false;
        struct sim_side req = {.at = *requester};
        memcpy(req.vpc_id, v->id, sizeof(req.vpc_id));
        struct sim_peering *p = peering_add(m, &req, &acc, now);
        if (!p) return ec2_fail_nomem(e);
        p->decided = now;
        if (active) p->accepted = p->active = now;
    }
    return true;
}
