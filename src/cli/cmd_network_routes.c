// SPDX-License-Identifier: Apache-2.0
// `peerage network protect|unprotect|set-tables|routes`: deletion protection, route tables and what stands in them.
// Called by: cli.c, the admin socket. Must never: write to AWS itself.
#include "cli/cmd.h"
#include "core/action.h"

static int protect(struct cmd_ctx *c, bool on)
{
    static const struct column columns[] = {{"id", "Network"}, {"protected", "Protected"}};
    struct error err;
    struct table t;
    const struct actor by = {.kind = PRINCIPAL_LOCAL, .name = c->sv->actor};
    if (core_network_protect(c->sv->core, &by, c->args->operands[0], on, &err) != ERR_OK) return cmd_fail(c, &err);
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    table_str(&t, c->args->operands[0]);
    table_bool(&t, on);
    return table_end_single(&t);
}

static int protect_one(struct cmd_ctx *c)
{
    return protect(c, true);
}

static int unprotect_one(struct cmd_ctx *c)
{
    return protect(c, false);
}

static int set_tables(struct cmd_ctx *c)
{
    static const struct column columns[] = {{"routeTableId", "ROUTE TABLE"}};
    const char *id = c->args->operands[0];
    const struct actor by = {.kind = PRINCIPAL_LOCAL, .name = c->sv->actor};
    struct slice *tables;
    size_t n;
    struct error err;
    struct table t;
    if (core_network_tables(c->sv->core, &by, id, c->args->operands + 1, c->args->operand_count - 1, &err) != ERR_OK ||
        store_network_tables(c->sv->reader, id, c->arena, &tables, &n, &err) != ERR_OK)
        return cmd_fail(c, &err);
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < n; i++) table_slice(&t, tables[i]);
    return table_end(&t);
}

static int routes(struct cmd_ctx *c)
{
    static const struct column columns[] = {
        {"routeTableId", "ROUTE TABLE"}, {"cidrBlock", "BLOCK"}, {"state", "STATE"},  {"ours", "MADE BY US"},
        {"connectionId", "CONNECTION"},  {"changed", "SINCE"},   {"reason", "REASON"}};
    struct peer_route *all;
    size_t n;
    struct error err;
    struct table t;
    if (store_routes(c->sv->reader, c->args->operands[0], NULL, c->arena, &all, &n, &err) != ERR_OK)
        return cmd_fail(c, &err);
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < n; i++) {
        table_str(&t, all[i].table_id);
        table_str(&t, all[i].cidr);
        table_str(&t, peer_route_state_name(all[i].state));
        table_bool(&t, all[i].ours);
        table_str(&t, all[i].connection_id);
        table_time(&t, all[i].changed);
        table_slice(&t, all[i].reason);
    }
    return table_end(&t);
}

#define TRAITS (CMD_CONFIG | CMD_JSON | CMD_SERVICE)
const struct cmd cmd_network_protect = {.name = "network protect",
                                        .operands = "ID",
                                        .min = 1,
                                        .max = 1,
                                        .summary = "refuse to remove a VPC or to delete its connections",
                                        .traits = TRAITS,
                                        .run = protect_one};
const struct cmd cmd_network_unprotect = {.name = "network unprotect",
                                          .operands = "ID",
                                          .min = 1,
                                          .max = 1,
                                          .summary = "allow that again",
                                          .traits = TRAITS,
                                          .run = unprotect_one};
const struct cmd cmd_network_set_tables = {
    .name = "network set-tables",
    .operands = "ID [RTB…]",
    .min = 1,
    .max = 1 + NETWORK_TABLES_MAX,
    .summary = "name the route tables that get routes to active peers",
    .detail =
        "The list replaces the one before; without tables there are none. Routes in a table that leaves the list\n"
        "are removed, but only those that Peerage made.",
    .traits = TRAITS,
    .run = set_tables};
const struct cmd cmd_network_routes = {.name = "network routes",
                                       .operands = "ID",
                                       .min = 1,
                                       .max = 1,
                                       .summary = "list the routes to a VPC's peers and how they stand",
                                       .traits = TRAITS,
                                       .run = routes};
