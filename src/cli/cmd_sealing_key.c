// SPDX-License-Identifier: Apache-2.0
// `peerage sealing-key`: the keys of the key file, which seal the secrets in the store. Called by: cli.c, the admin
// socket. Must never: show key material.
#include "cli/cmd.h"

static int list(struct cmd_ctx *c)
{
    static const struct column columns[] = {{"id", "ID"},           {"state", "STATE"},
                                            {"created", "CREATED"}, {"retired", "RETIRED"},
                                            {"rows", "ROWS"},       {"unusedSince", "UNUSED SINCE"}};
    struct sealing_key_info *all;
    size_t n;
    struct error err;
    struct table t;
    if (auth_sealing_keys(c->sv->keys, c->sv->reader, c->arena, &all, &n, &err) != ERR_OK) return cmd_fail(c, &err);
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < n; i++) {
        table_str(&t, all[i].id);
        table_str(&t, all[i].current ? "CURRENT" : all[i].rows ? "RESEALING" : "RETIRED");
        table_time(&t, all[i].created);
        table_time(&t, all[i].retired);
        table_int(&t, (int64_t)all[i].rows);
        table_time(&t, all[i].unused);
    }
    return table_end(&t);
}

static int rotate(struct cmd_ctx *c)
{
    const struct actor by = {.kind = PRINCIPAL_LOCAL, .name = c->sv->actor};
    struct error err;
    if (auth_sealing_rotate(c->sv->auth, &by, &err) != ERR_OK) return cmd_fail(c, &err);
    int code = list(c);
    if (code == EX_OK && !c->json)
        buf_fmt(c->out,
                "Back up the key file %s now. A running daemon seals everything anew; backups of the store that\n"
                "are older than its end need the retired key, which stays in the file until you forget it.\n",
                c->sv->config->key_file);
    return code;
}

static int forget(struct cmd_ctx *c)
{
    const struct actor by = {.kind = PRINCIPAL_LOCAL, .name = c->sv->actor};
    struct error err;
    if (auth_sealing_forget(c->sv->auth, &by, c->args->operands[0], &err) != ERR_OK) return cmd_fail(c, &err);
    return list(c);
}

#define TRAITS (CMD_CONFIG | CMD_JSON | CMD_SERVICE)
const struct cmd cmd_sealing_key_list = {.name = "sealing-key list",
                                         .summary = "list the keys of the key file and how many rows each seals",
                                         .traits = TRAITS,
                                         .run = list};
const struct cmd cmd_sealing_key_rotate = {
    .name = "sealing-key rotate",
    .summary = "put a new key into the key file and seal all secrets of the store anew",
    .detail =
        "The new key is durable before it is used. A running daemon seals everything anew in the background, in small\n"
        "batches, and goes on after a crash; `peerage sealing-key list` shows what is left. The former key stays in\n"
        "the file: backups of the store made before the end of that need it. Back up the new key file at once.",
    .traits = TRAITS,
    .run = rotate};
const struct cmd cmd_sealing_key_forget = {
    .name = "sealing-key forget",
    .operands = "KEYID",
    .min = 1,
    .max = 1,
    .summary = "take a retired key out of the key file",
    .detail = "Refused while a row needs it and in the ten minutes after its retirement. Backups of the store that are "
              "older\n"
              "than the time UNUSED SINCE of `peerage sealing-key list` cannot be opened any more with this key file:\n"
              "keep a copy of the old one for as long as you keep them.",
    .traits = TRAITS,
    .run = forget};
