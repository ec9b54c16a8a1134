// SPDX-License-Identifier: Apache-2.0
// Rows of the table of resource commands: incoming connections and events. Called by: cmds.c, cmd_accept.c.
// Must never: do anything; resource.c does it.
#include "cli/resource.h"

// ---- connections ------------------------------------------------------------------------------------------

static const struct column connection_columns[] = {{"name", "NAME"},
                                                   {"cloudStatus", "CLOUD STATUS"},
                                                   {"localStatus", "LOCAL STATUS"},
                                                   {"requesterAccountId", "REQUESTER"},
                                                   {"requesterVpcId", "REQUESTER VPC"},
                                                   {"requesterCidrs", "BLOCKS"},
                                                   {"accepterAccountId", "ACCEPTER"},
                                                   {"accepterVpcId", "VPC"},
                                                   {"expirationTime", "EXPIRES"},
                                                   {"groupId", "PROJECT"},
                                                   {"id", "ID"},
                                                   {"statusMessage", "MESSAGE"}};
static const struct cmd_flag connection_flags[] = {
    {"project", "ID|NAME", "only this project's", false, false},
    {"network", "ID", "only this network's", false, false},
    {"requester-account", "ID", "only from this account", false, false},
    {"cloud-status", "STATUS", "AWS' word, e.g. pending-acceptance", false, false},
    {"local-status", "STATUS", "ours, e.g. UPDATE_FAILED", false, false},
    {"history", NULL, "those that left the list, too", false, false},
    {"sort", "id|expiry", "order (id)", false, false},
    LIST_FLAGS,
    {NULL},
};
static const struct bind connection_filters[] = {
    {"project", 0, TO_QUERY, AS_PROJECT, "groupId", NULL},
    {"network", 0, TO_QUERY, AS_TEXT, "networkId", NULL},
    {"requester-account", 0, TO_QUERY, AS_TEXT, "requesterAccountId", NULL},
    {"cloud-status", 0, TO_QUERY, AS_TEXT, "cloudStatus", NULL},
    {"local-status", 0, TO_QUERY, AS_TEXT, "localStatus", NULL},
    {"history", 0, TO_QUERY, AS_SWITCH, "history", NULL},
    {"sort", 0, TO_QUERY, AS_TEXT, "sort", "id"},
    {.name = NULL}};
static const struct resource connection_list = {
    .route = ROUTE_INBOX, .shape = SHAPE_LIST, .binds = connection_filters, COLUMNS(connection_columns)};
ROW(cmd_connection_list, "connection list", "list incoming peering connections", connection_flags, connection_list);

static const struct bind challenge[] = {{"requester-account", 0, TO_BODY, AS_TEXT, "requesterAccountId", NULL},
                                        {"requester-vpc", 0, TO_BODY, AS_TEXT, "requesterVpcId", NULL},
                                        {.name = NULL}};
const struct resource resource_accept = {.route = ROUTE_PEERING_ACCEPT,
                                         .shape = SHAPE_DONE,
                                         .binds = challenge,
                                         .done = "asked to accept; `peerage connection watch` follows"};
static const struct resource connection_reject = {
    .route = ROUTE_PEERING_REJECT, .shape = SHAPE_DONE, .done = "asked to reject; `peerage connection watch` follows"};
static const struct resource connection_delete = {
    .route = ROUTE_PEERING_DELETE, .shape = SHAPE_DONE, .done = "asked to delete; `peerage connection watch` follows"};
static const struct cmd_flag project_flags[] = {PROJECT_FLAG, {NULL}};
ROW_OF(cmd_connection_reject, "connection reject", "NAME", 1, "reject a pending request", project_flags,
       connection_reject);
ROW_OF(cmd_connection_delete, "connection delete", "NAME", 1, "delete an active connection", project_flags,
       connection_delete);

// ---- events -----------------------------------------------------------------------------------------------

static const struct column event_columns[] = {{"created", "TIME"},
                                              {"eventTypeName", "TYPE"},
                                              {"resourceId|targetPublicKey", "RESOURCE"},
                                              {"publicKey|username", "ACTOR"},
                                              {"remoteAddress", "ADDRESS"},
                                              {"groupId", "PROJECT"},
                                              {"id", "ID"}};
static const struct column type_columns[] = {{"eventType", "TYPE"}, {"description", "DESCRIPTION"}};
static const struct cmd_flag event_flags[] = {
    ORG_FLAG,
    {"project", "ID|NAME", "only this project's", false, false},
    {"type", "TYPE", "only events of this type", false, true},
    {"since", "TIME", "only from this time on, RFC 3339", false, false},
    {"until", "TIME", "only up to this time", false, false},
    LIST_FLAGS,
    {NULL},
};
static const struct bind event_filters[] = {{"type", 0, TO_QUERY, AS_TEXTS, "eventType", NULL},
                                            {"since", 0, TO_QUERY, AS_TEXT, "minDate", NULL},
                                            {"until", 0, TO_QUERY, AS_TEXT, "maxDate", NULL},
                                            {.name = NULL}};
static const struct cmd_flag event_scope_flags[] = {
    ORG_FLAG, {"project", "ID|NAME", "it is one of this project", false, false}, {NULL}};
static const struct cmd_flag type_flags[] = {LIST_FLAGS, {NULL}};
static const struct resource event_list = {.route = ROUTE_ORG_EVENTS,
                                           .project_route = ROUTE_GROUP_EVENTS,
                                           .shape = SHAPE_LIST,
                                           .binds = event_filters,
                                           COLUMNS(event_columns)};
static const struct resource event_get = {
    .route = ROUTE_ORG_EVENT, .project_route = ROUTE_GROUP_EVENT, COLUMNS(event_columns)};
static const struct resource event_types = {.route = ROUTE_EVENT_TYPES, .shape = SHAPE_LIST, COLUMNS(type_columns)};
ROW(cmd_event_list, "event list", "list what happened in an organisation or project, newest first", event_flags,
    event_list);
ROW_OF(cmd_event_get, "event get", "ID", 1, "show one event", event_scope_flags, event_get);
ROW(cmd_event_types, "event types", "list the types of events", type_flags, event_types);
