// SPDX-License-Identifier: Apache-2.0
// `peerage network options|set-dns|set-name-tag|set-limits`: what is set on connections that are accepted for a VPC,
// and the quotas that AWS has given it. Called by: cli.c, the admin socket. Must never: write to AWS itself, or touch
// connections that are active already.
#include "cli/cmd.h"
#include "core/action.h"
#include "model/name_tag.h"

static int print_options(struct cmd_ctx *c, const struct network_options *o)
{
    static const struct column columns[] = {{"id", "Network"},
                                            {"dns", "DNS"},
                                            {"nameTag", "Name tag"},
                                            {"peeringLimit", "Active peerings"},
                                            {"routeLimit", "Routes in a table"}};
    struct table t;
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    table_str(&t, c->args->operands[0]);
    table_bool(&t, o->dns);
    table_slice(&t, o->name_tag);
    table_int(&t, o->peering_limit ? o->peering_limit : PEERING_QUOTA);
    table_int(&t, o->route_limit ? o->route_limit : ROUTE_QUOTA);
    return table_end_single(&t);
}

static int show(struct cmd_ctx *c)
{
    const char *id = c->args->operands[0];
    struct network net;
    struct network_options o;
    struct error err;
    if (store_network_get(c->sv->reader, id, c->arena, &net, &err) != ERR_OK ||
        store_network_options(c->sv->reader, id, c->arena, &o, &err) != ERR_OK)
        return cmd_fail(c, &err);
    return print_options(c, &o);
}

static int set(struct cmd_ctx *c, enum network_option option, const struct network_option_value *v)
{
    const struct actor by = {.kind = PRINCIPAL_LOCAL, .name = c->sv->actor};
    struct network_options o;
    struct error err;
    if (core_network_option(c->sv->core, &by, c->args->operands[0], option, v, c->arena, &o, &err) != ERR_OK)
        return cmd_fail(c, &err);
    return print_options(c, &o);
}

static int set_dns(struct cmd_ctx *c)
{
    const char *word = c->args->operands[1];
    bool on = strcmp(word, "on") == 0;
    if (!on && strcmp(word, "off") != 0) return cmd_usage(c, "%.40s: give on or off", word);
    return set(c, OPTION_DNS, &(struct network_option_value){.on = on});
}

static int set_name_tag(struct cmd_ctx *c)
{
    return set(c, OPTION_NAME_TAG, &(struct network_option_value){.text = slice_of(c->args->operands[1])});
}

// Each flag is its own change; the last prints all.
static int set_limits(struct cmd_ctx *c)
{
    int64_t peerings, routes;
    struct network_options o;
    struct error err;
    const struct actor by = {.kind = PRINCIPAL_LOCAL, .name = c->sv->actor};
    if (arg_number(c->args, "peerings", 0, UINT32_MAX, -1, &peerings, &err) != ERR_OK ||
        arg_number(c->args, "routes", 0, UINT32_MAX, -1, &routes, &err) != ERR_OK)
        return cmd_usage(c, "%s", err.detail);
    if (peerings < 0 && routes < 0) return cmd_usage(c, "say which: --peerings N, --routes N, or both");
    const struct network_option_value limits[] = {{.number = (uint32_t)peerings}, {.number = (uint32_t)routes}};
    if (peerings >= 0 && core_network_option(c->sv->core, &by, c->args->operands[0], OPTION_PEERING_LIMIT, &limits[0],
                                             c->arena, &o, &err) != ERR_OK)
        return cmd_fail(c, &err);
    if (routes >= 0 && core_network_option(c->sv->core, &by, c->args->operands[0], OPTION_ROUTE_LIMIT, &limits[1],
                                           c->arena, &o, &err) != ERR_OK)
        return cmd_fail(c, &err);
    return print_options(c, &o);
}

#define TRAITS (CMD_CONFIG | CMD_JSON | CMD_SERVICE)
const struct cmd cmd_network_options = {.name = "network options",
                                        .operands = "ID",
                                        .min = 1,
                                        .max = 1,
                                        .summary = "show what is set on the connections accepted for a VPC",
                                        .traits = TRAITS,
                                        .run = show};
const struct cmd cmd_network_set_dns = {
    .name = "network set-dns",
    .operands = "ID on|off",
    .min = 2,
    .max = 2,
    .summary = "let requesters resolve our host names to private addresses",
    .detail =
        "On: once a connection that Peerage accepted turns active, the accepter's DNS option of the peering is set.\n"
        "Connections that are active already keep what they have; off takes nothing back.",
    .traits = TRAITS,
    .run = set_dns};
const struct cmd cmd_network_set_name_tag = {
    .name = "network set-name-tag",
    .operands = "ID TEMPLATE",
    .min = 2,
    .max = 2,
    .summary = "name the connections that are accepted for a VPC in AWS",
    .detail =
        "The template is text with words in braces: " NAME_TAG_WORDS ".\n"
        "It becomes the tag Name of a connection that Peerage accepted, once it is active, if it has none; a Name\n"
        "that a person gave is never changed. An empty template, '', turns it off.",
    .traits = TRAITS,
    .run = set_name_tag};
static const struct cmd_flag limit_flags[] = {{"peerings", "N", "active peerings of the VPC, up to 125", false, false},
                                              {"routes", "N", "routes in a table, up to 1000", false, false},
                                              {NULL}};
const struct cmd cmd_network_set_limits = {
    .name = "network set-limits",
    .operands = "ID",
    .min = 1,
    .max = 1,
    .summary = "say which quotas AWS has given a VPC",
    .detail =
        "An accept that would exceed a limit that was set is refused (409), and a route is not tried. Without one\n"
        "(0) Peerage only warns near AWS' default, since AWS alone knows whether it has raised it.",
    .flags = limit_flags,
    .traits = TRAITS,
    .run = set_limits};
