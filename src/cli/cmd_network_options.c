// SPDX-License-Identifier: Apache-2.0
// `peerage network options|set-dns|set-name-tag`: what is set on the connections that are accepted for a VPC.
// Called by: cli.c, the admin socket. Must never: write to AWS itself, or touch connections that are active already.
#include "cli/cmd.h"
#include "core/action.h"
#include "model/name_tag.h"

static int print_options(struct cmd_ctx *c, const struct network_options *o)
{
    static const struct column columns[] = {{"id", "Network"}, {"dns", "DNS"}, {"nameTag", "Name tag"}};
    struct table t;
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    table_str(&t, c->args->operands[0]);
    table_bool(&t, o->dns);
    table_slice(&t, o->name_tag);
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
