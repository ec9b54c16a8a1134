// SPDX-License-Identifier: Apache-2.0
// `peerage service-account`: OAuth clients. Called by: cli.c, the admin socket.
// Must never: show a client secret but in the answer to create.
#include "app/credentials.h"
#include "base/mem.h"
#include "cli/cmd.h"

#define SECRET_HOURS 2160 // 90 days

static int create(struct cmd_ctx *c)
{
    static const struct column columns[] = {{"clientId", "client id"},
                                            {"clientSecret", "client secret"},
                                            {"orgId", "organisation"},
                                            {"name", "name"},
                                            {"secretExpires", "secret expires"}};
    struct org org;
    struct grant grants[2];
    unsigned n;
    int64_t hours;
    struct new_account made;
    struct error err;
    struct table t;
    const char *name = c->args->operands[0], *text = arg(c->args, "description");
    if (arg_number(c->args, "secret-hours", 8, 8760, SECRET_HOURS, &hours, &err) != ERR_OK ||
        pick_org(c, &org, &err) != ERR_OK || pick_grants(c, org.id, grants, &n, &err) != ERR_OK ||
        auth_account_create(c->sv->auth, org.id, name, text ? text : name, grants, n, hours, &made, &err) != ERR_OK)
        return cmd_fail(c, &err);
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    table_str(&t, made.row.client_id);
    table_str(&t, made.client_secret);
    table_str(&t, made.row.org_id);
    table_str(&t, made.row.name);
    table_time(&t, made.secret.expires);
    mem_wipe(&made, sizeof made);
    int code = table_end_single(&t);
    if (code == EX_OK && !c->json) buf_lit(c->out, "The client secret is shown this once.\n");
    return code;
}

static int list(struct cmd_ctx *c)
{
    static const struct column columns[] = {{"clientId", "CLIENT ID"},   {"name", "NAME"},
                                            {"orgId", "ORGANISATION"},   {"roles", "ROLES"},
                                            {"secrets", "SECRETS"},      {"secretExpires", "NEWEST EXPIRES"},
                                            {"accessList", "ADDRESSES"}, {"created", "CREATED"}};
    struct credential *all;
    size_t n;
    struct error err;
    struct table t;
    if (store_credentials(c->sv->reader, arg(c->args, "org"), c->arena, &all, &n, &err) != ERR_OK)
        return cmd_fail(c, &err);
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < n; i++) {
        const struct credential *k = &all[i];
        struct wall expires = {0};
        if (k->kind != PRINCIPAL_SERVICE_ACCOUNT) continue;
        for (unsigned s = 0; s < k->secret_count; s++) expires.us = MAX(expires.us, k->secrets[s].expires.us);
        table_str(&t, k->account.client_id);
        table_str(&t, k->account.name);
        table_str(&t, k->account.org_id);
        table_slice(&t, grants_text(c->arena, &k->principal));
        table_int(&t, k->secret_count);
        table_time(&t, expires);
        table_int(&t, k->access_count);
        table_time(&t, k->account.created);
    }
    return table_end(&t);
}

static int delete (struct cmd_ctx *c)
{
    static const struct column columns[] = {{"deleted", "deleted"}};
    struct error err;
    struct table t;
    if (credential_change(c->sv, CREDENTIAL_ACCOUNT_DELETE, c->args->operands[0], (struct cidr){.prefix = 0}, &err) !=
        ERR_OK)
        return cmd_fail(c, &err);
    table_begin(&t, c, columns, 1);
    table_str(&t, c->args->operands[0]);
    return table_end_single(&t);
}

#define TRAITS (CMD_CONFIG | CMD_JSON | CMD_SERVICE)
static const struct cmd_flag create_flags[] = {
    {"role", "ROLE", "e.g. ORG_OWNER, GROUP_READ_ONLY, GROUP_STREAM_PROCESSING_OWNER", true, true},
    {"org", "ID", "its organisation (the only one)", false, false},
    {"project", "ID", "where GROUP_… roles count (the only one)", false, false},
    {"description", "TEXT", "what it is for", false, false},
    {"secret-hours", "N", "how long its secret lives, 8 to 8760 (2160)", false, false},
    {NULL},
};
static const struct cmd_flag list_flags[] = {{"org", "ID", "only this organisation's", false, false}, {NULL}};
const struct cmd cmd_account_create = {.name = "service-account create",
                                       .operands = "NAME",
                                       .min = 1,
                                       .max = 1,
                                       .summary = "make a service account; its secret is printed once",
                                       .flags = create_flags,
                                       .traits = TRAITS,
                                       .run = create};
const struct cmd cmd_account_list = {.name = "service-account list",
                                     .summary = "list service accounts",
                                     .flags = list_flags,
                                     .traits = TRAITS,
                                     .run = list};
const struct cmd cmd_account_delete = {.name = "service-account delete",
                                       .operands = "CLIENT_ID",
                                       .min = 1,
                                       .max = 1,
                                       .summary = "delete a service account and its tokens",
                                       .traits = TRAITS,
                                       .run = delete};
