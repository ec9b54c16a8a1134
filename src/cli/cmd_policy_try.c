// SPDX-License-Identifier: Apache-2.0
// `peerage policy test|dry-run`: what a policy decides on a request that nobody has made, and what it would have done
// with those that were. Called by: cli.c, the admin socket. Must never: change anything.
#include "cli/cmd.h"
#include "core/policy.h"

// The rules of the file, or those that are stored.
static enum err rules_of(struct cmd_ctx *c, const char *group_id, const struct policy_rule **ret, size_t *ret_n,
                         struct error *err)
{
    struct policy p;
    struct policy_rule *rules;
    if (c->args->operand_count) {
        enum err code = policy_text_read(slice_of(c->args->operands[0]), c->arena, &rules, ret_n, err);
        if (code == ERR_OK) *ret = rules;
        return code;
    }
    enum err code = store_policy_get(c->sv->reader, group_id, c->arena, &p, err);
    if (code != ERR_OK) return code;
    *ret = p.rules;
    *ret_n = p.rule_count;
    return ERR_OK;
}

// ---- test -------------------------------------------------------------------------------------------------

static const char *const checked[POLICY_CHECK_COUNT_] = {
    [POLICY_CHECK_MANAGED] = "Peerage may write to the network",
    [POLICY_CHECK_KNOWN] = "the requester's blocks are known",
    [POLICY_CHECK_PRIVATE] = "each lies within RFC 1918, or where the rule allows it in 100.64.0.0/10",
    [POLICY_CHECK_NETWORK] = "none overlaps the network's own VPC",
    [POLICY_CHECK_PEERS] = "none overlaps another live peering of the network",
};
static void print_json(struct cmd_ctx *c, const struct policy_trial *t)
{
    const struct policy_facts *f = &t->facts;
    const struct policy_decision *d = &t->decision;
    struct json_writer w;
    const char *why;
    json_begin(&w, c->out, true);
    json_obj(&w);
    json_key(&w, "checks");
    json_arr(&w);
    for (int i = 0; i < POLICY_CHECK_COUNT_; i++) {
        json_obj(&w);
        json_kstr(&w, "check", policy_check_name((enum policy_check)i));
        json_kstr(&w, "result", policy_result_name(d->checks[i]));
        json_obj_end(&w);
    }
    json_arr_end(&w);
    json_kstr(&w, "decision", policy_action_name(d->action));
    json_kbool(&w, "frozen", t->frozen);
    json_kstr(&w, "project", d->rule && d->action == POLICY_HAND_OVER ? d->rule->target : NULL);
    json_kstr(&w, "reason", d->reason);
    json_kstr(&w, "rule", d->rule_name[0] ? d->rule_name : NULL);
    json_key(&w, "rules");
    json_arr(&w);
    for (size_t i = 0; i < policy_looked_at(t); i++) {
        (void)policy_rule_match(&f->rules[i], f, &why); // the words say it
        json_obj(&w);
        json_kstr(&w, "result", why);
        json_kstr(&w, "rule", f->rules[i].name);
        json_obj_end(&w);
    }
    json_arr_end(&w);
    json_obj_end(&w);
    buf_char(c->out, '\n');
}

static int print_rules(struct cmd_ctx *c, const struct policy_facts *f, size_t n)
{
    static const struct column columns[] = {{"rule", "RULE"}, {"result", "RESULT"}};
    struct table t;
    const char *why;
    if (n == 0) return EX_OK;
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < n; i++) {
        (void)policy_rule_match(&f->rules[i], f, &why); // the words say it
        table_str(&t, f->rules[i].name);
        table_str(&t, why);
    }
    int code = table_end(&t);
    buf_char(c->out, '\n');
    return code;
}

static int print_text(struct cmd_ctx *c, const struct policy_trial *trial)
{
    const struct policy_decision *d = &trial->decision;
    static const struct column columns[] = {{"check", "CHECK"}, {"result", "RESULT"}, {"text", "WHAT IT ASKS"}};
    struct table t;
    buf_fmt(c->out, "decision  %s%s%s\nrule      %s\nreason    %s\n", policy_action_name(d->action),
            d->action == POLICY_HAND_OVER ? " to project " : "", d->action == POLICY_HAND_OVER ? d->rule->target : "",
            d->rule_name[0] ? d->rule_name : "-", d->reason);
    if (trial->frozen) buf_lit(c->out, "frozen    writes to the network are frozen: an accept or reject would wait\n");
    buf_char(c->out, '\n');
    int code = print_rules(c, &trial->facts, policy_looked_at(trial));
    if (code != EX_OK) return code;
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    for (int i = 0; i < POLICY_CHECK_COUNT_; i++) {
        table_str(&t, policy_check_name((enum policy_check)i));
        table_str(&t, policy_result_name(d->checks[i]));
        table_str(&t, checked[i]);
    }
    return table_end(&t);
}

static enum err read_request(struct cmd_ctx *c, struct policy_facts *f, struct error *err)
{
    f->account = slice_of(arg(c->args, "account"));
    f->vpc = slice_of(arg(c->args, "vpc"));
    f->cidrs = pick_list(c, "cidr");
    if (!account_id_valid(f->account)) return error_set(err, ERR_INVALID, "--account must be 12 digits");
    if (f->vpc.n && !vpc_id_valid(f->vpc))
        return error_set(err, ERR_INVALID, "--vpc must be vpc- and 8 or 17 hexadecimal digits in lower case");
    return ERR_OK;
}

static int test(struct cmd_ctx *c)
{
    struct policy_trial t = {.facts = {.now = clock_wall(c->sv->clock)}};
    struct group group;
    struct network net;
    struct error err;
    if (read_request(c, &t.facts, &err) != ERR_OK) return cmd_usage(c, "%s", err.detail);
    if (pick_project(c, &group, &err) != ERR_OK ||
        rules_of(c, group.id, &t.facts.rules, &t.facts.rule_count, &err) != ERR_OK ||
        pick_network(c, group.id, &net, &err) != ERR_OK ||
        core_policy_try(c->sv->reader, group.id, &net, c->arena, &t, &err) != ERR_OK)
        return cmd_fail(c, &err);
    if (!c->json) return print_text(c, &t);
    print_json(c, &t);
    return EX_OK;
}

// ---- dry-run ----------------------------------------------------------------------------------------------

// NULL: the policy, or people, left it open.
static const char *as_people(const struct policy_replay *r)
{
    int same = policy_replay_same(r);
    return same < 0 ? NULL : same ? "yes" : "no";
}

static void add_row(struct table *t, const struct policy_replay *r)
{
    table_time(t, r->seen);
    table_str(t, r->name);
    table_str(t, r->account);
    table_str(t, r->vpc);
    table_slice(t, r->cidrs);
    table_str(t, policy_action_name(r->decision.action));
    table_str(t, r->decision.rule_name);
    table_str(t, policy_outcome_name(r->outcome));
    table_str(t, r->by);
    table_str(t, as_people(r));
    table_str(t, r->decision.reason);
}

static void summarise(struct cmd_ctx *c, const struct policy_replay *r, size_t n)
{
    size_t same = 0, other = 0, held = 0;
    for (size_t i = 0; i < n; i++) {
        const char *as = as_people(&r[i]);
        same += as && *as == 'y';
        other += as && *as == 'n';
        held += r[i].decision.action == POLICY_HOLD;
    }
    buf_fmt(c->out, "%zu requests: %zu as people did, %zu otherwise, %zu held\n", n, same, other, held);
}

static int dry_run(struct cmd_ctx *c)
{
    static const struct column columns[] = {{"firstSeen", "FIRST SEEN"},
                                            {"name", "NAME"},
                                            {"requesterAccountId", "REQUESTER"},
                                            {"requesterVpcId", "VPC"},
                                            {"requesterCidrs", "BLOCKS"},
                                            {"policy", "POLICY"},
                                            {"rule", "RULE"},
                                            {"people", "PEOPLE"},
                                            {"by", "BY"},
                                            {"same", "SAME"},
                                            {"reason", "REASON"}};
    const char *since = arg(c->args, "since");
    const struct policy_rule *rules;
    struct policy_replay *r;
    struct wall from = {0};
    struct group group;
    struct error err;
    struct table t;
    size_t rule_count, n;
    if (since && !pick_time(since, &from))
        return cmd_usage(c, "--since %.40s: give 2024-12-18 or 2024-12-18T19:20:37Z", since);
    if (pick_project(c, &group, &err) != ERR_OK || rules_of(c, group.id, &rules, &rule_count, &err) != ERR_OK ||
        core_policy_replay(c->sv->reader, group.id, rules, rule_count, from, c->arena, &r, &n, &err) != ERR_OK)
        return cmd_fail(c, &err);
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < n; i++) add_row(&t, &r[i]);
    int code = table_end(&t);
    if (code == EX_OK && !c->json) summarise(c, r, n);
    return code;
}

#define TRAITS (CMD_CONFIG | CMD_JSON | CMD_SERVICE | CMD_TEXT)
static const struct cmd_flag test_flags[] = {
    {"account", "ID", "the requester's account", true, false},
    {"vpc", "ID", "the requester's VPC", false, false},
    {"cidr", "BLOCK", "a block of the requester", false, true},
    {"network", "ID", "the network that it asks for (the only one)", false, false},
    {"project", "ID", "whose policy (the only project)", false, false},
    {NULL}};
static const struct cmd_flag dry_run_flags[] = {{"since", "TIME", "requests first seen since then", false, false},
                                                {"project", "ID", "whose history (the only project)", false, false},
                                                {NULL}};
const struct cmd cmd_policy_test = {
    .name = "policy test",
    .operands = "FILE",
    .max = 1,
    .summary = "say what a policy would decide on a request, and why",
    .detail = "The rules are those of FILE (as `policy set` reads it), else the stored ones, enabled or not. Expected\n"
              "requests and live peerings are the stored ones. Nothing is changed.",
    .flags = test_flags,
    .traits = TRAITS,
    .run = test};
const struct cmd cmd_policy_dry_run = {
    .name = "policy dry-run",
    .operands = "FILE",
    .max = 1,
    .summary = "set what a policy would have done beside what people did",
    .detail =
        "Each connection of the stored history is decided as of the time it was first seen, with the peerings that\n"
        "lived then, by the rules of FILE (as `policy set` reads it), else the stored ones. Nothing is changed.",
    .flags = dry_run_flags,
    .traits = TRAITS,
    .run = dry_run};
