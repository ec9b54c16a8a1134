// SPDX-License-Identifier: Apache-2.0
// `peerage signing-key`: the keys that sign access tokens. Called by: cli.c, the admin socket.
// Must never: show key material.
#include "cli/cmd.h"

static const struct column columns[] = {
    {"id", "ID"}, {"state", "STATE"}, {"created", "CREATED"}, {"retired", "RETIRED"}, {"validUntil", "VALID UNTIL"}};

static void put(struct table *t, const struct signing_key_info *k)
{
    table_str(t, k->id);
    table_str(t, k->retired.us ? "RETIRED" : "CURRENT");
    table_time(t, k->created);
    table_time(t, k->retired);
    table_time(t, k->until);
}

static int list(struct cmd_ctx *c)
{
    struct signing_key_info *all;
    size_t n;
    struct error err;
    struct table t;
    if (auth_signing_keys(c->sv->reader, clock_wall(c->sv->clock), c->arena, &all, &n, &err) != ERR_OK)
        return cmd_fail(c, &err);
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < n; i++) put(&t, &all[i]);
    return table_end(&t);
}

static int rotate(struct cmd_ctx *c)
{
    const struct actor by = {.kind = PRINCIPAL_LOCAL, .name = c->sv->actor};
    struct signing_key_info made;
    struct error err;
    struct table t;
    if (auth_signing_rotate(c->sv->auth, &by, &made, &err) != ERR_OK) return cmd_fail(c, &err);
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    put(&t, &made);
    return table_end_single(&t);
}

#define TRAITS (CMD_CONFIG | CMD_JSON | CMD_SERVICE)
const struct cmd cmd_signing_key_list = {.name = "signing-key list",
                                         .summary = "list the keys that sign and verify access tokens",
                                         .traits = TRAITS,
                                         .run = list};
const struct cmd cmd_signing_key_rotate = {
    .name = "signing-key rotate",
    .summary = "sign access tokens with a new key from now on",
    .detail = "What the former key signed stays good until it expires or is revoked; then that key goes by itself. A\n"
              "running daemon follows at once. It makes a new key every 30 days without being asked.",
    .traits = TRAITS,
    .run = rotate};
