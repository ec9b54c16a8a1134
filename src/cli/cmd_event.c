// SPDX-License-Identifier: Apache-2.0
// `peerage event list`: the audit log, newest first. Called by: cli.c, the admin socket. Must never: change it.
#include "cli/cmd.h"

static const char *actor_kind(enum principal_kind k)
{
    static const char *const names[] = {[PRINCIPAL_API_KEY] = "api key",
                                        [PRINCIPAL_SERVICE_ACCOUNT] = "service account",
                                        [PRINCIPAL_LOCAL] = "local",
                                        [PRINCIPAL_PERSON] = "person"};
    return names[k];
}

static int list(struct cmd_ctx *c)
{
    static const struct column columns[] = {
        {"created", "TIME"},    {"type", "TYPE"},          {"resource", "RESOURCE"},
        {"actor", "ACTOR"},     {"actorKind", "KIND"},     {"remoteAddress", "ADDRESS"},
        {"groupId", "PROJECT"}, {"orgId", "ORGANISATION"}, {"id", "ID"},
        {"detail", "DETAIL"}};
    struct event_row *all;
    size_t n;
    struct page page;
    struct error err;
    struct table t;
    if (pick_page(c, &page, &err) != ERR_OK ||
        store_events(c->sv->reader, arg(c->args, "project"), page, c->arena, &all, &n, &err) != ERR_OK)
        return cmd_fail(c, &err);
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < n; i++) {
        table_time(&t, all[i].created);
        table_str(&t, all[i].type);
        table_slice(&t, all[i].resource);
        table_str(&t, all[i].actor);
        table_str(&t, actor_kind(all[i].actor_kind));
        table_str(&t, all[i].remote);
        table_str(&t, all[i].group_id);
        table_str(&t, all[i].org_id);
        table_str(&t, all[i].id);
        table_slice(&t, all[i].detail);
    }
    return table_end(&t);
}

static const struct cmd_flag flags[] = {{"project", "ID", "only this project's", false, false}, PAGE_FLAGS, {NULL}};
const struct cmd cmd_event_list = {.name = "event list",
                                   .summary = "list what happened, newest first",
                                   .flags = flags,
                                   .traits = CMD_CONFIG | CMD_JSON | CMD_SERVICE,
                                   .run = list};
