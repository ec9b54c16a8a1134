// SPDX-License-Identifier: Apache-2.0
// POST …/vpcPeeringConnections/{id}:accept, POST …:reject, DELETE …/{id}: 202 once core has made the request durable.
// Called by: pipeline. Must never: answer 202 before core did, or tell who the requester is when a challenge fails.
#include "api/api.h"

static void answer_not_found(struct call *c)
{
    char *what = arena_fmt(c->req->arena, "VPC peering connection with id %.*s", SLICE_FMT(c->params[1]));
    if (what)
        call_problem(c, P_RESOURCE_NOT_FOUND, &PARAM_C(what), 1);
    else
        call_problem(c, P_UNEXPECTED_ERROR, NULL, 0);
}

#define MISMATCH "does not match the requester of this connection"

static void answer(struct call *c, enum action_answer a, struct slice why)
{
    switch (a) {
    case ANSWER_TAKEN:
    case ANSWER_APPROVED:
    case ANSWER_ALREADY:
        call_accepted(c);
        return;
    case ANSWER_NOT_FOUND:
        answer_not_found(c);
        return;
    case ANSWER_ACCOUNT:
        call_bad_attribute(c, "requesterAccountId", MISMATCH);
        return;
    case ANSWER_VPC:
        call_bad_attribute(c, "requesterVpcId", MISMATCH);
        return;
    case ANSWER_STATE:
    case ANSWER_OBSERVE:
    case ANSWER_PROTECTED:
        call_problem(c, P_PEER_INVALID_STATE, &PARAM_S(why), 1);
        return;
    }
    ASSERT(!"core has no other answers");
}

static void act(struct call *c, enum action action, struct slice account, struct slice vpc)
{
    const struct actor by = call_actor(c);
    const struct action_request q = {.by = &by,
                                     .group_id = c->group.id,
                                     .name_or_id = c->params[1],
                                     .action = action,
                                     .requester_account = account,
                                     .requester_vpc = vpc};
    enum action_answer ret;
    struct slice why;
    struct error err;
    if (core_action_request(c->api->core, &q, c->req->arena, &ret, &why, &err) == ERR_OK)
        answer(c, ret, why);
    else
        call_store_problem(c, &err);
}

void api_peering_accept(struct call *c)
{
    struct slice account, vpc;
    const struct body_field fields[] = {{"links", BODY_IGNORED, false, NULL},
                                        {"requesterAccountId", BODY_TEXT, true, &account},
                                        {"requesterVpcId", BODY_TEXT, true, &vpc}};
    if (!call_read_body(c, fields, ARRAY_LEN(fields))) return;
    act(c, ACTION_ACCEPT, account, vpc);
}

static const struct slice unasked = {NULL, 0};

void api_peering_reject(struct call *c)
{
    act(c, ACTION_REJECT, unasked, unasked);
}

void api_peering_delete(struct call *c)
{
    act(c, ACTION_DELETE, unasked, unasked);
}
