// SPDX-License-Identifier: Apache-2.0
// `peerage connection list|get`: incoming peering connections, of all projects and one. Called by: cli.c, the admin
// socket, cmd_watch.c. Must never: change one.
#include <string.h>

#include "cli/cmd.h"
#include "config/nearest.h"

static enum err read_filter(struct cmd_ctx *c, struct connection_filter *f, struct error *err)
{
    const char *names[LOCAL_COUNT_], *text = arg(c->args, "local-status"), *sort = arg(c->args, "sort");
    enum local_status status;
    f->group_id = arg(c->args, "project");
    f->network_id = arg(c->args, "network");
    f->requester_account = slice_of(arg(c->args, "requester-account"));
    f->cloud_status = slice_of(arg(c->args, "cloud-status"));
    f->local_status = -1;
    f->include_unlisted = arg_on(c->args, "history");
    if (sort && strcmp(sort, "id") != 0 && strcmp(sort, "expiry") != 0)
        return error_set(err, ERR_INVALID, "--sort %.40s: give id or expiry", sort);
    f->sort = sort && strcmp(sort, "expiry") == 0 ? SORT_EXPIRY : SORT_ID;
    if (text && !local_status_parse(slice_of(text), &status)) {
        for (int i = 0; i < LOCAL_COUNT_; i++) names[i] = local_status_name((enum local_status)i);
        return error_set(err, ERR_INVALID, "--local-status %.40s: the closest one is %s", text,
                         nearest(slice_of(text), names, LOCAL_COUNT_));
    }
    if (text) f->local_status = (int)status;
    return pick_page(c, &f->page, err);
}

static void put_time(struct table *t, struct wall w)
{
    if (w.us)
        table_time(t, w);
    else
        table_str(t, "");
}

static int get(struct cmd_ctx *c)
{
    static const struct column columns[] = {{"name", "Name"},
                                            {"id", "Id"},
                                            {"groupId", "Project"},
                                            {"networkId", "Network"},
                                            {"cloudStatus", "Cloud status"},
                                            {"localStatus", "Local status"},
                                            {"statusMessage", "Message"},
                                            {"requesterAccountId", "Requester"},
                                            {"requesterVpcId", "Requester VPC"},
                                            {"requesterCidrs", "Requester blocks"},
                                            {"accepterAccountId", "Accepter"},
                                            {"vpcId", "VPC"},
                                            {"expirationTime", "Expires"},
                                            {"firstSeen", "First seen"},
                                            {"protected", "Protected from deletion"},
                                            {"listed", "In the lists"}};
    struct group group;
    struct connection x;
    struct error err;
    struct table t;
    if (pick_project(c, &group, &err) != ERR_OK ||
        store_connection_get(c->sv->reader, group.id, slice_of(c->args->operands[0]), c->arena, &x, &err) != ERR_OK)
        return cmd_fail(c, &err);
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    table_str(&t, x.name);
    table_str(&t, x.id);
    table_str(&t, x.group_id);
    table_str(&t, x.network_id);
    table_str(&t, x.cloud_status);
    table_str(&t, local_status_name(connection_shown_status(&x)));
    table_slice(&t, connection_shown_message(&x));
    table_str(&t, x.requester_account);
    table_str(&t, x.requester_vpc);
    table_slice(&t, x.requester_cidrs);
    table_str(&t, x.accepter_account);
    table_str(&t, x.accepter_vpc);
    put_time(&t, connection_shown_expiration(&x));
    table_time(&t, x.first_seen);
    table_bool(&t, x.is_protected);
    table_bool(&t, x.listed);
    return table_end_single(&t);
}

static int list(struct cmd_ctx *c)
{
    static const struct column columns[] = {{"name", "NAME"},
                                            {"cloudStatus", "CLOUD STATUS"},
                                            {"localStatus", "LOCAL STATUS"},
                                            {"requesterAccountId", "REQUESTER"},
                                            {"requesterVpcId", "REQUESTER VPC"},
                                            {"requesterCidr", "BLOCK"},
                                            {"accepterAccountId", "ACCEPTER"},
                                            {"vpcId", "VPC"},
                                            {"expirationTime", "EXPIRES"},
                                            {"groupId", "PROJECT"},
                                            {"id", "ID"},
                                            {"statusMessage", "MESSAGE"}};
    struct connection_filter f = {.group_id = NULL};
    struct connection *all;
    size_t n;
    uint64_t total;
    struct error err;
    struct table t;
    if (read_filter(c, &f, &err) != ERR_OK) return cmd_usage(c, "%s", err.detail);
    if (store_connections(c->sv->reader, &f, c->arena, &all, &n, &total, &err) != ERR_OK) return cmd_fail(c, &err);
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < n; i++) {
        const struct connection *x = &all[i];
        table_str(&t, x->name);
        table_str(&t, x->cloud_status);
        table_str(&t, local_status_name(connection_shown_status(x)));
        table_str(&t, x->requester_account);
        table_str(&t, x->requester_vpc);
        table_slice(&t, connection_shown_requester_cidr(x));
        table_str(&t, x->accepter_account);
        table_str(&t, x->accepter_vpc);
        table_time(&t, connection_shown_expiration(x));
        table_str(&t, x->group_id);
        table_str(&t, x->id);
        table_slice(&t, connection_shown_message(x));
    }
    int code = table_end(&t);
    if (code == EX_OK && !c->json && total > n)
        buf_fmt(c->out, "%zu of %llu; --page-num and --items-per-page show more\n", n, (unsigned long long)total);
    return code;
}

static const struct cmd_flag flags[] = {
    {"project", "ID", "only this project's", false, false},
    {"network", "ID", "only this network's", false, false},
    {"requester-account", "ID", "only from this account", false, false},
    {"cloud-status", "STATUS", "AWS' word, e.g. pending-acceptance", false, false},
    {"local-status", "STATUS", "ours, e.g. UPDATE_FAILED", false, false},
    {"history", NULL, "those that left the list, too", false, false},
    {"sort", "id|expiry", "order (id)", false, false},
    PAGE_FLAGS,
    {NULL},
};
const struct cmd cmd_connection_list = {.name = "connection list",
                                        .summary = "list incoming peering connections",
                                        .flags = flags,
                                        .traits = CMD_CONFIG | CMD_JSON | CMD_SERVICE,
                                        .run = list};

static const struct cmd_flag get_flags[] = {{"project", "ID", "its project (the only one)", false, false}, {NULL}};
const struct cmd cmd_connection_get = {.name = "connection get",
                                       .operands = "NAME",
                                       .min = 1,
                                       .max = 1,
                                       .summary = "show all of one connection",
                                       .flags = get_flags,
                                       .traits = CMD_CONFIG | CMD_JSON | CMD_SERVICE,
                                       .run = get};
