// SPDX-License-Identifier: Apache-2.0
// `peerage person-group`: what the groups of the OpenID Connect provider (oidc_issuer) may do. Called by: cli.c, the
// admin socket. Must never: name a person: who is in which group is the provider's to say.
#include "cli/cmd.h"

static int print_all(struct cmd_ctx *c, const char *org_id)
{
    static const struct column columns[] = {{"group", "GROUP"}, {"roles", "ROLES"}};
    struct person_grant *all;
    size_t n;
    struct error err;
    struct table t;
    if (store_person_grants(c->sv->reader, org_id, c->arena, &all, &n, &err) != ERR_OK) return cmd_fail(c, &err);
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < n; i++) {
        const struct principal p = {.grants = &all[i].grant, .grant_count = 1};
        table_slice(&t, all[i].claim_group);
        table_slice(&t, grants_text(c->arena, &p));
    }
    return table_end(&t);
}

static int list(struct cmd_ctx *c)
{
    struct org org;
    struct error err;
    if (pick_org(c, &org, &err) != ERR_OK) return cmd_fail(c, &err);
    return print_all(c, org.id);
}

static int grant(struct cmd_ctx *c)
{
    struct org org;
    struct error err;
    struct grant grants[2];
    unsigned n;
    const struct actor by = {.kind = PRINCIPAL_LOCAL, .name = c->sv->actor};
    struct slice group = slice_of(c->args->operands[0]);
    if (pick_org(c, &org, &err) != ERR_OK || pick_grants(c, org.id, grants, &n, &err) != ERR_OK)
        return cmd_fail(c, &err);
    for (unsigned i = 0; i < n; i++)
        if (core_person_grant(c->sv->core, &by, org.id, group, &grants[i], &err) != ERR_OK) return cmd_fail(c, &err);
    return print_all(c, org.id);
}

static int revoke(struct cmd_ctx *c)
{
    struct org org;
    struct error err;
    struct person_grant *all;
    size_t n;
    unsigned found = 0;
    const struct actor by = {.kind = PRINCIPAL_LOCAL, .name = c->sv->actor};
    struct slice group = slice_of(c->args->operands[0]);
    if (pick_org(c, &org, &err) != ERR_OK ||
        store_person_grants(c->sv->reader, org.id, c->arena, &all, &n, &err) != ERR_OK)
        return cmd_fail(c, &err);
    for (size_t i = 0; i < n; i++) {
        if (!slice_eq(all[i].claim_group, group)) continue;
        all[i].grant.roles = 0;
        found++;
        if (core_person_grant(c->sv->core, &by, org.id, group, &all[i].grant, &err) != ERR_OK) return cmd_fail(c, &err);
    }
    if (found) return print_all(c, org.id);
    buf_fmt(c->err, "peerage: group \"%.80s\" has no roles; `peerage person-group list` shows those that have\n",
            c->args->operands[0]);
    return EX_NOINPUT;
}

#define ORG_FLAG                                                                                                       \
    {                                                                                                                  \
        "org", "ID", "its organisation (the only one)", false, false                                                   \
    }
static const struct cmd_flag org_flags[] = {ORG_FLAG, {NULL}};
static const struct cmd_flag grant_flags[] = {
    {"role", "ROLE", "e.g. GROUP_READ_ONLY, GROUP_OWNER or ORG_OWNER", true, true},
    {"project", "ID", "project of the GROUP_ roles (the only one)", false, false},
    ORG_FLAG,
    {NULL},
};
const struct cmd cmd_person_grant = {
    .name = "person-group grant",
    .operands = "GROUP",
    .min = 1,
    .max = 1,
    .summary = "give roles to a group of the OpenID Connect provider",
    .detail =
        "GROUP is what tokens hold in the claim oidc_groups_claim. The roles replace those that the group had in\n"
        "that project and organisation.",
    .flags = grant_flags,
    .traits = CMD_CONFIG | CMD_JSON | CMD_SERVICE,
    .run = grant};
const struct cmd cmd_person_list = {.name = "person-group list",
                                    .summary = "list groups of the OpenID Connect provider and their roles",
                                    .flags = org_flags,
                                    .traits = CMD_CONFIG | CMD_JSON | CMD_SERVICE,
                                    .run = list};
const struct cmd cmd_person_revoke = {.name = "person-group revoke",
                                      .operands = "GROUP",
                                      .min = 1,
                                      .max = 1,
                                      .summary = "take all roles away from a group",
                                      .flags = org_flags,
                                      .traits = CMD_CONFIG | CMD_JSON | CMD_SERVICE,
                                      .run = revoke};
