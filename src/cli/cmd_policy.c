// SPDX-License-Identifier: Apache-2.0
// `peerage policy show|set|enable|disable`: the rules of a project and whether they decide. Called by: cli.c, the admin
// socket. Must never: take a file that it does not understand whole.
#include "cli/cmd.h"
#include "core/policy.h"

static void put_rules(struct json_writer *w, const struct policy *p)
{
    json_key(w, "rules");
    json_arr(w);
    for (size_t i = 0; i < p->rule_count; i++) policy_rule_write(w, &p->rules[i]);
    json_arr_end(w);
}

static void show_json(struct cmd_ctx *c, const struct policy *p)
{
    struct json_writer w;
    char changed[21];
    json_begin(&w, c->out, true);
    json_obj(&w);
    json_kstr(&w, "actor", p->actor[0] ? p->actor : NULL);
    wall_rfc3339(p->changed, changed);
    json_kstr(&w, "changed", p->changed.us ? changed : NULL);
    json_kbool(&w, "enabled", p->enabled);
    json_kstr(&w, "groupId", p->group_id);
    put_rules(&w, p);
    json_kint(&w, "version", (int64_t)p->version);
    json_obj_end(&w);
    buf_char(c->out, '\n');
}

static int show_file(struct cmd_ctx *c, const struct policy *p)
{
    struct json_writer w;
    json_begin(&w, c->out, true);
    json_obj(&w);
    put_rules(&w, p);
    json_obj_end(&w);
    buf_char(c->out, '\n');
    return EX_OK;
}

static int show_text(struct cmd_ctx *c, const struct policy *p)
{
    static const struct column columns[] = {{"number", "#"},          {"name", "RULE"}, {"action", "ACTION"},
                                            {"accounts", "ACCOUNT"},  {"vpcs", "VPC"},  {"cidrs", "BLOCKS WITHIN"},
                                            {"project", "TO PROJECT"}};
    struct table t;
    char changed[21] = "never";
    if (p->changed.us) wall_rfc3339(p->changed, changed);
    buf_fmt(c->out, "project %s: policy %s, version %llu, changed %s%s%s\n", p->group_id,
            p->enabled ? "enabled" : "not enabled", (unsigned long long)p->version, changed, p->actor[0] ? " by " : "",
            p->actor);
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < p->rule_count; i++) {
        const struct policy_rule *r = &p->rules[i];
        table_int(&t, (int64_t)i + 1);
        table_str(&t, r->name);
        table_str(&t, policy_action_name(r->action));
        table_slice(&t, r->accounts);
        table_slice(&t, r->vpcs);
        table_slice(&t, r->cidrs);
        table_str(&t, r->target);
    }
    int code = table_end(&t);
    if (code == EX_OK) buf_lit(c->out, "what no rule matches is held for people\n");
    return code;
}

static int show_group(struct cmd_ctx *c, const char *group_id)
{
    struct policy p;
    struct error err;
    if (store_policy_get(c->sv->reader, group_id, c->arena, &p, &err) != ERR_OK) return cmd_fail(c, &err);
    if (arg_on(c->args, "rules")) return show_file(c, &p);
    if (!c->json) return show_text(c, &p);
    show_json(c, &p);
    return EX_OK;
}

static int show(struct cmd_ctx *c)
{
    struct group group;
    struct error err;
    return pick_project(c, &group, &err) == ERR_OK ? show_group(c, group.id) : cmd_fail(c, &err);
}

static int set(struct cmd_ctx *c)
{
    const struct actor by = {.kind = PRINCIPAL_LOCAL, .name = c->sv->actor};
    struct group group;
    struct policy_rule *rules;
    struct error err;
    size_t n;
    int64_t version;
    bool changed;
    if (arg_number(c->args, "if-version", 0, INT64_MAX, -1, &version, &err) != ERR_OK)
        return cmd_usage(c, "%s", err.detail);
    if (pick_project(c, &group, &err) != ERR_OK ||
        policy_text_read(slice_of(c->args->operands[0]), c->arena, &rules, &n, &err) != ERR_OK ||
        core_policy_set(c->sv->core, &by, group.id, rules, n, version, &changed, &err) != ERR_OK)
        return cmd_fail(c, &err);
    return show_group(c, group.id);
}

static int turn(struct cmd_ctx *c, bool on)
{
    const struct actor by = {.kind = PRINCIPAL_LOCAL, .name = c->sv->actor};
    struct group group;
    struct error err;
    if (pick_project(c, &group, &err) != ERR_OK || core_policy_enable(c->sv->core, &by, group.id, on, &err) != ERR_OK)
        return cmd_fail(c, &err);
    return show_group(c, group.id);
}

static int enable(struct cmd_ctx *c)
{
    return turn(c, true);
}

static int disable(struct cmd_ctx *c)
{
    return turn(c, false);
}

#define TRAITS (CMD_CONFIG | CMD_JSON | CMD_SERVICE)
#define PROJECT                                                                                                        \
    {                                                                                                                  \
        "project", "ID", "whose policy (the only project)", false, false                                               \
    }
static const struct cmd_flag project_flags[] = {PROJECT, {NULL}};
static const struct cmd_flag show_flags[] = {
    PROJECT, {"rules", NULL, "only the rules, as `policy set` reads them", false, false}, {NULL}};
static const struct cmd_flag set_flags[] = {
    PROJECT, {"if-version", "N", "only if the stored policy has this version", false, false}, {NULL}};
const struct cmd cmd_policy_show = {
    .name = "policy show", .summary = "show a project's policy", .flags = show_flags, .traits = TRAITS, .run = show};
const struct cmd cmd_policy_set = {
    .name = "policy set",
    .operands = "FILE",
    .min = 1,
    .max = 1,
    .summary = "replace all rules of a project's policy (- reads standard input)",
    .detail =
        "FILE is JSON: {\"rules\": [{\"name\": \"lab\", \"action\": \"accept\", \"accounts\": [\"123456789012\"],\n"
        "\"vpcs\": [\"vpc-…\"], \"cidrs\": [\"10.20.0.0/14\"]}, …]}. The first rule that matches decides: accept,\n"
        "reject, hold or hand-over (with \"project\"). Unknown keys are errors. While the policy is enabled, what\n"
        "waits is decided anew at once.",
    .flags = set_flags,
    .traits = TRAITS | CMD_TEXT,
    .run = set};
const struct cmd cmd_policy_enable = {.name = "policy enable",
                                      .summary = "let a project's policy decide, on what waits now and what comes",
                                      .flags = project_flags,
                                      .traits = TRAITS,
                                      .run = enable};
const struct cmd cmd_policy_disable = {.name = "policy disable",
                                       .summary = "leave all requests of a project to people",
                                       .flags = project_flags,
                                       .traits = TRAITS,
                                       .run = disable};
