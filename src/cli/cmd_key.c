// SPDX-License-Identifier: Apache-2.0
// `peerage key reset`: a new private key, which the API does not give: what it makes, it shows once. Called by: cli.c,
// the admin socket. Must never: show a private key a second time.
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

static enum err find(struct cmd_ctx *c, struct credential *ret, struct error *err)
{
    const char *name = c->args->operands[0];
    enum err code = store_api_key_find(c->sv->reader, slice_of(name), c->arena, ret, err);
    if (code != ERR_NOT_FOUND) return code;
    return error_set(err, ERR_NOT_FOUND, "there is no API key \"%.60s\"; `peerage key list` shows them", name);
}

static int reset(struct cmd_ctx *c)
{
    struct new_api_key key;
    struct credential found; // for an error that names it
    struct error err;
    if (find(c, &found, &err) != ERR_OK || auth_api_key_reset(c->sv->auth, c->args->operands[0], &key, &err) != ERR_OK)
        return cmd_fail(c, &err);
    key.row.description = found.key.description;
    return print_new(c, &key);
}

const struct cmd cmd_key_reset = {.name = "key reset",
                                  .operands = "PUBLIC_KEY",
                                  .min = 1,
                                  .max = 1,
                                  .summary = "give an API key a new private key, printed once",
                                  .traits = CMD_CONFIG | CMD_JSON | CMD_SERVICE,
                                  .run = reset};
