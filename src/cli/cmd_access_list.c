// SPDX-License-Identifier: Apache-2.0
// `peerage access-list`: from which addresses a credential may be used. Called by: cli.c, the admin socket.
// Must never: take a block with host bits for the block around it.
#include "app/credentials.h"
#include "cli/cmd.h"

static int change(struct cmd_ctx *c, enum credential_change what)
{
    static const struct column columns[] = {{"credential", "CREDENTIAL"}, {"cidrBlock", "ADDRESSES"}};
    struct cidr block;
    struct error err;
    struct arena *a = c->arena;
    struct credential now;
    struct table t;
    const char *name = c->args->operands[0], *text = c->args->operands[1];
    if (!cidr_parse(slice_of(text), true, &block))
        return cmd_usage(c,
                         "\"%.60s\" is no address or CIDR block; write 192.0.2.7, 10.0.0.0/8 or fd00::/8, without "
                         "host bits",
                         text);
    if (credential_change(c->sv, what, name, block, &err) != ERR_OK ||
        credential_find(c->sv, name, a, &now, &err) != ERR_OK)
        return cmd_fail(c, &err);
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    for (unsigned i = 0; i < now.access_count; i++) {
        char shown[CIDR_STR];
        cidr_format(now.access_list[i], shown);
        table_str(&t, name);
        table_str(&t, shown);
    }
    return table_end(&t);
}

static int add(struct cmd_ctx *c)
{
    return change(c, CREDENTIAL_ACCESS_ADD);
}

static int drop(struct cmd_ctx *c)
{
    return change(c, CREDENTIAL_ACCESS_REMOVE);
}

const struct cmd cmd_access_add = {.name = "access-list add",
                                   .operands = "CREDENTIAL ADDRESSES",
                                   .min = 2,
                                   .max = 2,
                                   .summary = "let a credential be used from an address or block",
                                   .detail =
                                       "CREDENTIAL is a public key or a client id. Without entries it may be used "
                                       "from everywhere,\nunless its organisation asks for a list.",
                                   .traits = CMD_CONFIG | CMD_JSON | CMD_SERVICE,
                                   .run = add};
const struct cmd cmd_access_remove = {.name = "access-list remove",
                                      .operands = "CREDENTIAL ADDRESSES",
                                      .min = 2,
                                      .max = 2,
                                      .summary = "take an address or block away again",
                                      .traits = CMD_CONFIG | CMD_JSON | CMD_SERVICE,
                                      .run = drop};
