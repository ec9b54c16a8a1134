// SPDX-License-Identifier: Apache-2.0
// `peerage org create|list`: with the external id that the trust policies of roles name, which Atlas has no attribute
// for. Called by: cli.c, the admin socket.
// Must never: write a row itself (core does).
#include "cli/cmd.h"

static const struct column org_columns[] = {{"id", "ID"},
                                            {"name", "NAME"},
                                            {"externalId", "EXTERNAL ID"},
                                            {"apiAccessListRequired", "ACCESS LIST REQUIRED"},
                                            {"created", "CREATED"}};
static void org_row(struct table *t, const struct org *o)
{
    table_str(t, o->id);
    table_str(t, o->name);
    table_str(t, o->external_id);
    table_bool(t, o->api_access_list_required);
    table_time(t, o->created);
}

static struct actor actor_of(const struct cmd_ctx *c)
{
    return (struct actor){.kind = PRINCIPAL_LOCAL, .name = c->sv->actor};
}

static int org_create(struct cmd_ctx *c)
{
    struct org org;
    struct error err;
    struct table t;
    struct actor by = actor_of(c);
    if (core_org_create(c->sv->core, &by, slice_of(c->args->operands[0]), &org, &err) != ERR_OK)
        return cmd_fail(c, &err);
    table_begin(&t, c, org_columns, ARRAY_LEN(org_columns));
    org_row(&t, &org);
    return table_end_single(&t);
}

static int org_list(struct cmd_ctx *c)
{
    struct org *all;
    size_t n;
    struct error err;
    struct table t;
    if (store_orgs(c->sv->reader, c->arena, &all, &n, &err) != ERR_OK) return cmd_fail(c, &err);
    table_begin(&t, c, org_columns, ARRAY_LEN(org_columns));
    for (size_t i = 0; i < n; i++) org_row(&t, &all[i]);
    return table_end(&t);
}

#define TRAITS (CMD_CONFIG | CMD_JSON | CMD_SERVICE)
const struct cmd cmd_org_create = {.name = "org create",
                                   .operands = "NAME",
                                   .min = 1,
                                   .max = 1,
                                   .summary = "make an organisation",
                                   .traits = TRAITS,
                                   .run = org_create};
const struct cmd cmd_org_list = {
    .name = "org list", .summary = "list organisations", .traits = TRAITS, .run = org_list};
