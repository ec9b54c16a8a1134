// SPDX-License-Identifier: Apache-2.0
// `peerage connection get`: all of one incoming peering connection. Called by: cli.c, the admin socket, cmd_watch.c.
// Must never: change it.
#include "cli/cmd.h"

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

static const struct cmd_flag get_flags[] = {{"project", "ID", "its project (the only one)", false, false}, {NULL}};
const struct cmd cmd_connection_get = {.name = "connection get",
                                       .operands = "NAME",
                                       .min = 1,
                                       .max = 1,
                                       .summary = "show all of one connection",
                                       .flags = get_flags,
                                       .traits = CMD_CONFIG | CMD_JSON | CMD_SERVICE,
                                       .run = get};
