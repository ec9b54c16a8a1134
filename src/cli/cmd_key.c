// SPDX-License-Identifier: Apache-2.0
// `peerage key`: API keys for Digest authentication. Called by: cli.c, the admin socket.
// Must never: show a private key but in the answer to create and reset.
#include "app/credentials.h"
#include "base/mem.h"
#include "cli/cmd.h"

static int print_new(struct cmd_ctx *c, struct new_api_key *key)
{
    static const struct column columns[] = {{"id", "id"},
                                            {"orgId", "organisation"},
                                            {"description", "description"},
                                            {"publicKey", "public key"},
                                            {"privateKey", "private key"}};
    struct table t;
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    table_str(&t, key->row.id);
    table_str(&t, key->row.org_id);
    table_str(&t, key->row.description);
    table_str(&t, key->row.public_key);
    table_str(&t, key->private_key);
    mem_wipe(key, sizeof *key);
    int code = table_end_single(&t);
    if (code == EX_OK && !c->json) buf_lit(c->out, "The private key is shown this once.\n");
    return code;
}

static int create(struct cmd_ctx *c)
{
    struct org org;
    struct grant grants[2];
    unsigned n;
    struct new_api_key key;
    struct error err;
    const char *text = arg(c->args, "description");
    if (pick_org(c, &org, &err) != ERR_OK || pick_grants(c, org.id, grants, &n, &err) != ERR_OK ||
        auth_api_key_create(c->sv->auth, org.id, text ? text : "made by peerage key create", grants, n, &key, &err) !=
            ERR_OK)
        return cmd_fail(c, &err);
    return print_new(c, &key);
}

static int reset(struct cmd_ctx *c)
{
    struct new_api_key key;
    struct credential found; // for an error that names it
    struct error err;
    if (credential_find(c->sv, c->args->operands[0], c->arena, &found, &err) != ERR_OK ||
        auth_api_key_reset(c->sv->auth, c->args->operands[0], &key, &err) != ERR_OK)
        return cmd_fail(c, &err);
    key.row.description = found.key.description;
    return print_new(c, &key);
}

static int list(struct cmd_ctx *c)
{
    static const struct column columns[] = {
        {"publicKey", "PUBLIC KEY"}, {"privateKey", "PRIVATE KEY"}, {"orgId", "ORGANISATION"},     {"roles", "ROLES"},
        {"accessList", "ADDRESSES"}, {"created", "CREATED"},        {"description", "DESCRIPTION"}};
    struct credential *all;
    size_t n;
    struct error err;
    struct table t;
    if (store_credentials(c->sv->reader, arg(c->args, "org"), c->arena, &all, &n, &err) != ERR_OK)
        return cmd_fail(c, &err);
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < n; i++) {
        const struct credential *k = &all[i];
        if (k->kind != PRINCIPAL_API_KEY) continue;
        table_str(&t, k->key.public_key);
        table_str(&t, arena_fmt(c->arena, "********-****-****-%.4s", k->key.private_tail)); // as Atlas masks it
        table_str(&t, k->key.org_id);
        table_slice(&t, grants_text(c->arena, &k->principal));
        table_int(&t, k->access_count);
        table_time(&t, k->key.created);
        table_str(&t, k->key.description);
    }
    return table_end(&t);
}

static int delete (struct cmd_ctx *c)
{
    static const struct column columns[] = {{"deleted", "deleted"}};
    struct error err;
    struct table t;
    if (credential_change(c->sv, CREDENTIAL_KEY_DELETE, c->args->operands[0], (struct cidr){.prefix = 0}, &err) !=
        ERR_OK)
        return cmd_fail(c, &err);
    table_begin(&t, c, columns, 1);
    table_str(&t, c->args->operands[0]);
    return table_end_single(&t);
}

#define TRAITS (CMD_CONFIG | CMD_JSON | CMD_SERVICE)
static const struct cmd_flag create_flags[] = {
    {"role", "ROLE", "e.g. ORG_OWNER, GROUP_READ_ONLY, GLOBAL_OWNER (operator)", true, true},
    {"org", "ID", "its organisation (the only one)", false, false},
    {"project", "ID", "where GROUP_… roles count (the only one)", false, false},
    {"description", "TEXT", "what it is for", false, false},
    {NULL},
};
static const struct cmd_flag list_flags[] = {{"org", "ID", "only this organisation's", false, false}, {NULL}};
const struct cmd cmd_key_create = {.name = "key create",
                                   .summary = "make an API key; its private key is printed once",
                                   .flags = create_flags,
                                   .traits = TRAITS,
                                   .run = create};
const struct cmd cmd_key_list = {
    .name = "key list", .summary = "list API keys", .flags = list_flags, .traits = TRAITS, .run = list};
const struct cmd cmd_key_reset = {.name = "key reset",
                                  .operands = "PUBLIC_KEY",
                                  .min = 1,
                                  .max = 1,
                                  .summary = "give an API key a new private key, printed once",
                                  .traits = TRAITS,
                                  .run = reset};
const struct cmd cmd_key_delete = {.name = "key delete",
                                   .operands = "PUBLIC_KEY",
                                   .min = 1,
                                   .max = 1,
                                   .summary = "delete an API key",
                                   .traits = TRAITS,
                                   .run = delete};
