// SPDX-License-Identifier: Apache-2.0
// POST …/policy:test, GET and POST …/policy:dryRun: what a policy decides on a request that nobody has made, and what
// it would have done with those that were. Called by: pipeline. Must never: change anything, or tell of a network that
// the caller may not read.
#include "api/policy.h"

#include "base/json.h"

// ---- test -------------------------------------------------------------------------------------------------

struct question {
    struct slice account, vpc, network;
    struct body_texts blocks;
    const struct json_value *rules;
};

static bool take_request(struct call *c, const struct question *q, struct policy_facts *f)
{
    f->account = q->account;
    f->vpc = q->vpc.p ? q->vpc : SLICE("");
    if (!account_id_valid(f->account)) return call_bad_attribute(c, "requesterAccountId", "must be 12 digits");
    if (f->vpc.n && !vpc_id_valid(f->vpc))
        return call_bad_attribute(c, "requesterVpcId", "must be vpc- and 8 or 17 hexadecimal digits in lower case");
    return call_read_blocks(c, "requesterCidrs", &q->blocks, &f->cidrs);
}

static bool no_network(struct call *c)
{
    return call_bad_attribute(c, "networkId", "is no network that you may read");
}

static bool only_network(struct call *c, struct network *ret)
{
    struct network *all;
    size_t n;
    struct error err;
    if (store_networks(c->thread->reader, c->group.id, c->req->arena, &all, &n, &err) != ERR_OK) {
        call_store_problem(c, &err);
        return false;
    }
    if (n != 1)
        return call_bad_attribute(c, "networkId", "must name a network of the project, unless it has exactly one");
    *ret = all[0];
    return true;
}

// Its own group's, or of another group that the caller may read: a connection may have been handed over.
static bool may_read(struct call *c, const struct network *net, bool *ret, struct error *err)
{
    struct group g;
    *ret = strcmp(net->group_id, c->group.id) == 0;
    if (*ret) return true;
    if (store_group_get(c->thread->reader, net->group_id, &g, err) != ERR_OK) return false;
    *ret = strcmp(g.org_id, c->group.org_id) == 0 && principal_permits(c->principal, NEED_GROUP_READ, g.org_id, g.id);
    return true;
}

static bool find_network(struct call *c, struct slice id, struct network *ret)
{
    struct oid oid;
    struct error err;
    bool mine;
    if (!id.p) return only_network(c, ret);
    if (!oid_parse(id, &oid)) return no_network(c);
    enum err code = store_network_get(c->thread->reader, id.p, c->req->arena, ret, &err);
    if (code == ERR_NOT_FOUND) return no_network(c);
    if (code != ERR_OK || !may_read(c, ret, &mine, &err)) {
        call_store_problem(c, &err);
        return false;
    }
    return mine || no_network(c);
}

static void add_checks(struct json_writer *w, const struct policy_decision *d)
{
    json_key(w, "checks");
    json_arr(w);
    for (int i = 0; i < POLICY_CHECK_COUNT_; i++) {
        json_obj(w);
        json_kstr(w, "check", policy_check_name((enum policy_check)i));
        json_kstr(w, "result", policy_result_name(d->checks[i]));
        json_obj_end(w);
    }
    json_arr_end(w);
}

static void add_rules(struct json_writer *w, const struct policy_trial *t)
{
    const char *why;
    json_key(w, "rules");
    json_arr(w);
    for (size_t i = 0; i < policy_looked_at(t); i++) {
        (void)policy_rule_match(&t->facts.rules[i], &t->facts, &why); // the words say it
        json_obj(w);
        json_kstr(w, "result", why);
        json_kstr(w, "rule", t->facts.rules[i].name);
        json_obj_end(w);
    }
    json_arr_end(w);
}

static void answer_trial(struct call *c, const struct policy_trial *t)
{
    const struct policy_decision *d = &t->decision;
    struct buf body;
    struct json_writer w;
    wire_entity_begin(c, &w, &body);
    add_checks(&w, d);
    json_kstr(&w, "decision", policy_action_name(d->action));
    json_kbool(&w, "frozen", t->frozen);
    json_kstr(&w, "project", d->rule && d->action == POLICY_HAND_OVER ? d->rule->target : NULL);
    json_kstr(&w, "reason", d->reason);
    json_kstr(&w, "rule", d->rule_name[0] ? d->rule_name : NULL);
    add_rules(&w, t);
    wire_entity_end(c, &w);
    call_ok(c, &body);
}

void api_policy_test(struct call *c)
{
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    struct policy_trial t = {.facts = {.now = c->req->received}};
    struct question q;
    struct network net;
    struct error err;
    const struct body_field fields[] = {{"networkId", BODY_TEXT, false, &q.network},
                                        {"requesterAccountId", BODY_TEXT, true, &q.account},
                                        {"requesterCidrs", BODY_TEXTS, false, &q.blocks},
                                        {"requesterVpcId", BODY_TEXT, false, &q.vpc},
                                        {"rules", BODY_VALUE, false, &q.rules}};
    if (!call_read_json_max(c, POLICY_TEXT_MAX, &doc) ||
        !call_read_object(c, json_root(doc), fields, ARRAY_LEN(fields)) || !take_request(c, &q, &t.facts) ||
        !call_read_rules(c, q.rules, &t.facts.rules, &t.facts.rule_count) || !find_network(c, q.network, &net))
        return;
    if (core_policy_try(c->thread->reader, c->group.id, &net, c->req->arena, &t, &err) == ERR_OK)
        answer_trial(c, &t);
    else
        call_store_problem(c, &err);
}

// ---- dry run ----------------------------------------------------------------------------------------------

#define REPLAY_ARENA ((size_t)64 << 20) // of POLICY_REPLAY_MAX rows

static void add_replay(struct json_writer *w, const struct policy_replay *r)
{
    int same = policy_replay_same(r);
    json_obj(w);
    json_kstr(w, "by", r->by[0] ? r->by : NULL);
    wire_time(w, "firstSeen", r->seen);
    json_kstr(w, "name", r->name);
    json_kstr(w, "people", policy_outcome_name(r->outcome));
    json_kstr(w, "policy", policy_action_name(r->decision.action));
    json_kstr(w, "reason", r->decision.reason);
    json_kstr(w, "requesterAccountId", r->account);
    wire_texts(w, "requesterCidrs", r->cidrs);
    json_kstr(w, "requesterVpcId", r->vpc);
    json_kstr(w, "rule", r->decision.rule_name[0] ? r->decision.rule_name : NULL);
    if (same >= 0) json_kbool(w, "same", same);
    json_obj_end(w);
}

static void answer_replay(struct call *c, const struct policy_replay *r, size_t n)
{
    const struct page_span page = call_page_span(c, n);
    struct buf body;
    struct json_writer w;
    wire_list_begin(c, &w, &body, n);
    for (uint64_t i = page.from; i < page.to; i++) add_replay(&w, &r[i]);
    wire_list_end(c, &w, n);
    call_ok(c, &body);
}

static bool read_since(struct call *c, struct wall *ret)
{
    bool found;
    struct slice v;
    *ret = (struct wall){0};
    if (!call_query(c, "since", &found, &v)) return false;
    if (!found || read_moment(v, ret)) return true;
    call_problem(c, P_INVALID_QUERY_PARAMETER, &PARAM_C("since"), 1);
    return false;
}

static void replay(struct call *c, const struct policy_rule *rules, size_t rule_count)
{
    struct arena *a CLEANUP(arena_freep) = arena_new(REPLAY_ARENA);
    struct policy_replay *r;
    struct wall since;
    struct error err;
    size_t n;
    if (!read_since(c, &since)) return;
    if (!a) {
        call_problem(c, P_UNEXPECTED_ERROR, NULL, 0);
        return;
    }
    enum err code = core_policy_replay(c->thread->reader, c->group.id, rules, rule_count, since, a, &r, &n, &err);
    if (code == ERR_OK)
        answer_replay(c, r, n);
    else if (code == ERR_TOO_LARGE)
        call_problem(c, P_POLICY_HISTORY_TOO_LONG, &PARAM_N(POLICY_REPLAY_MAX), 1);
    else
        call_store_problem(c, &err);
}

void api_policy_dry_run(struct call *c)
{
    const struct policy_rule *rules;
    size_t n;
    if (call_read_rules(c, NULL, &rules, &n)) replay(c, rules, n);
}

void api_policy_dry_run_rules(struct call *c)
{
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    const struct json_value *list;
    const struct policy_rule *rules;
    size_t n;
    const struct body_field fields[] = {{"rules", BODY_VALUE, true, &list}};
    if (call_read_json_max(c, POLICY_TEXT_MAX, &doc) &&
        call_read_object(c, json_root(doc), fields, ARRAY_LEN(fields)) && call_read_rules(c, list, &rules, &n))
        replay(c, rules, n);
}
