// SPDX-License-Identifier: Apache-2.0
// `peerage network`: the VPCs whose incoming requests Peerage looks after. Called by: cli.c, the admin socket.
// Must never: write to AWS (check asks with DryRun, and only when told to).
#include <string.h>

#include "base/log.h"
#include "cli/cmd.h"

static const char *const identity_names[] = {
    [IDENTITY_AMBIENT] = "ambient", [IDENTITY_PROFILE] = "profile", [IDENTITY_ROLE] = "role"};
static const char *const mode_names[] = {[NETWORK_OBSERVE] = "observe", [NETWORK_MANAGE] = "manage"};
static const struct column columns[] = {
    {"id", "ID"},           {"groupId", "PROJECT"},       {"accountId", "ACCOUNT"}, {"region", "REGION"},
    {"vpcId", "VPC"},       {"cidrBlocks", "BLOCKS"},     {"identity", "IDENTITY"}, {"mode", "MODE"},
    {"default", "DEFAULT"}, {"lastSuccess", "LAST SCAN"}, {"failed", "FAILED"},     {"failure", "FAILURE"}};

static void row(struct cmd_ctx *c, struct table *t, const struct network *n)
{
    table_str(t, n->id);
    table_str(t, n->group_id);
    table_str(t, n->account_id);
    table_str(t, n->region);
    table_str(t, n->vpc_id);
    table_slice(t, n->cidrs);
    table_str(t, *n->identity_ref ? arena_fmt(c->arena, "%s %s", identity_names[n->identity], n->identity_ref)
                                  : identity_names[n->identity]);
    table_str(t, mode_names[n->mode]);
    table_bool(t, n->is_default);
    table_time(t, n->last_success);
    table_bool(t, n->failed);
    table_slice(t, n->failure);
}

static int list(struct cmd_ctx *c)
{
    struct network *all;
    size_t n;
    struct error err;
    struct table t;
    if (store_networks(c->sv->reader, arg(c->args, "project"), c->arena, &all, &n, &err) != ERR_OK)
        return cmd_fail(c, &err);
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < n; i++) row(c, &t, &all[i]);
    return table_end(&t);
}

static enum err read_new(struct cmd_ctx *c, struct network_new *n, struct error *err)
{
    const char *role = arg(c->args, "role-arn"), *profile = arg(c->args, "profile"), *mode = arg(c->args, "mode");
    if (role && profile) return error_set(err, ERR_INVALID, "--role-arn and --profile exclude each other");
    if (mode && strcmp(mode, "observe") != 0 && strcmp(mode, "manage") != 0)
        return error_set(err, ERR_INVALID, "--mode %.40s: give observe or manage", mode);
    n->account_id = slice_of(arg(c->args, "account"));
    n->region = slice_of(arg(c->args, "region"));
    n->vpc_id = slice_of(arg(c->args, "vpc"));
    n->identity = role ? IDENTITY_ROLE : profile ? IDENTITY_PROFILE : IDENTITY_AMBIENT;
    n->identity_ref = slice_of(role ? role : profile);
    n->mode = mode && strcmp(mode, "manage") == 0 ? NETWORK_MANAGE : NETWORK_OBSERVE;
    n->make_default = arg_on(c->args, "default");
    return ERR_OK;
}

static int add(struct cmd_ctx *c)
{
    struct group group;
    struct network made;
    struct network_new n = {.make_default = false};
    struct error err;
    struct table t;
    struct actor by = {.kind = PRINCIPAL_LOCAL, .name = c->sv->actor};
    if (read_new(c, &n, &err) != ERR_OK) return cmd_usage(c, "%s", err.detail);
    if (pick_project(c, &group, &err) != ERR_OK) return cmd_fail(c, &err);
    n.group_id = group.id;
    if (core_network_add(c->sv->core, &by, &n, c->arena, &made, &err) != ERR_OK) return cmd_fail(c, &err);
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    row(c, &t, &made);
    int code = table_end_single(&t);
    if (code == EX_OK && !c->json)
        buf_fmt(c->out, "Next: `peerage network check %s` proves identity and permissions.\n", made.id);
    return code;
}

static int drop(struct cmd_ctx *c)
{
    static const struct column removed[] = {{"removed", "removed"}};
    struct error err;
    struct table t;
    struct actor by = {.kind = PRINCIPAL_LOCAL, .name = c->sv->actor};
    if (core_network_remove(c->sv->core, &by, c->args->operands[0], &err) != ERR_OK) return cmd_fail(c, &err);
    table_begin(&t, c, removed, 1);
    table_str(&t, c->args->operands[0]);
    return table_end_single(&t);
}

// ---- check ----------------------------------------------------------------------------------------

static int check_exit(enum cloud_class class)
{
    switch (class) {
    case CLOUD_OK:
        return EX_OK;
    case CLOUD_CREDENTIALS:
    case CLOUD_DENIED:
        return EX_NOPERM;
    case CLOUD_NOT_FOUND_YET:
        return EX_NOINPUT;
    case CLOUD_THROTTLED:
        return EX_TEMPFAIL;
    case CLOUD_TRANSIENT:
        return EX_UNAVAILABLE;
    default:
        return EX_PROTOCOL;
    }
}

static int print_checks(struct cmd_ctx *c, const struct permission_check *p, unsigned n)
{
    static const struct column heads[] = {{"action", "ACTION"}, {"result", "RESULT"}, {"note", "NOTE"}};
    struct table t;
    bool denied = false;
    table_begin(&t, c, heads, ARRAY_LEN(heads));
    for (unsigned i = 0; i < n; i++) {
        denied |= p[i].known && !p[i].allowed;
        table_str(&t, p[i].action);
        table_str(&t, !p[i].known ? "not asked" : p[i].allowed ? "allowed" : "denied");
        table_str(&t, p[i].note);
    }
    int code = table_end(&t);
    return code == EX_OK && denied ? EX_NOPERM : code;
}

static int check(struct cmd_ctx *c)
{
    struct network n;
    struct group group;
    struct org org;
    struct error err;
    struct cloud_failure f = {.http_status = 0};
    struct permission_check checks[PERMISSION_CHECKS];
    unsigned count = 0;
    char account[ACCOUNT_ID] = "", arn[256] = "";
    if (store_network_get(c->sv->reader, c->args->operands[0], c->arena, &n, &err) != ERR_OK ||
        store_group_get(c->sv->reader, n.group_id, &group, &err) != ERR_OK ||
        store_org_get(c->sv->reader, group.org_id, &org, &err) != ERR_OK)
        return cmd_fail(c, &err);
    struct cloud_target t = {.identity = n.identity,
                             .identity_ref = n.identity_ref,
                             .external_id = n.identity == IDENTITY_ROLE ? org.external_id : "",
                             .region = n.region};
    enum cloud_class class = cloud_identity(c->sv->cloud, &t, account, arn, &f);
    if (class == CLOUD_OK && strcmp(account, n.account_id) != 0) {
        buf_fmt(c->err,
                "peerage: the identity belongs to account %s, the network to %s; give it --role-arn of a role "
                "there\n",
                account, n.account_id);
        return EX_NOPERM;
    }
    if (class == CLOUD_OK)
        class = cloud_check(c->sv->cloud, &t, n.account_id, n.vpc_id, arg_on(c->args, "dry-run"), checks, &count, &f);
    if (class != CLOUD_OK) {
        buf_fmt(c->err, "peerage: %s: %s%s%s\n", cloud_class_name(class), f.message, *f.code ? " " : "", f.code);
        return check_exit(class);
    }
    if (arg_on(c->args, "scan") && c->sv->scanner) scanner_wake(c->sv->scanner);
    return print_checks(c, checks, count);
}

#define TRAITS (CMD_CONFIG | CMD_JSON | CMD_SERVICE)
static const struct cmd_flag add_flags[] = {
    {"account", "ID", "AWS account of the VPC", true, false},
    {"region", "NAME", "its region, e.g. us-east-1", true, false},
    {"vpc", "ID", "vpc-…", true, false},
    {"project", "ID", "project that it belongs to (the only one)", false, false},
    {"role-arn", "ARN", "role to assume there", false, false},
    {"profile", "NAME", "profile of the shared AWS files", false, false},
    {"mode", "observe|manage", "whether Peerage may ever write to AWS (observe)", false, false},
    {"default", NULL, "the one that accountDetails names for its region", false, false},
    {NULL},
};
static const struct cmd_flag list_flags[] = {{"project", "ID", "only this project's", false, false}, {NULL}};
static const struct cmd_flag check_flags[] = {
    {"dry-run", NULL, "ask for write permissions with DryRun too (never of a simulator that ignores it)", false, false},
    {"scan", NULL, "scan right away, too", false, false},
    {NULL},
};
const struct cmd cmd_network_add = {.name = "network add",
                                    .summary = "watch a VPC for incoming requests",
                                    .flags = add_flags,
                                    .traits = TRAITS,
                                    .run = add};
const struct cmd cmd_network_list = {.name = "network list",
                                     .summary = "list the VPCs that are watched",
                                     .flags = list_flags,
                                     .traits = TRAITS,
                                     .run = list};
const struct cmd cmd_network_remove = {.name = "network remove",
                                       .operands = "ID",
                                       .min = 1,
                                       .max = 1,
                                       .summary = "stop watching a VPC; its connections stay as history",
                                       .traits = TRAITS,
                                       .run = drop};
const struct cmd cmd_network_check = {.name = "network check",
                                      .operands = "ID",
                                      .min = 1,
                                      .max = 1,
                                      .summary = "prove identity and permissions for a VPC",
                                      .flags = check_flags,
                                      .traits = TRAITS,
                                      .run = check};
