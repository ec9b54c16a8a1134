// SPDX-License-Identifier: Apache-2.0
// `peerage connection history` and `peerage event export`: what happened to one connection, and the whole audit log as
// JSON lines with a cursor. Called by: cli.c, the admin socket. Must never: change the log, or skip an event.
#include "base/json.h"
#include "cli/cmd.h"

static const char *actor_kind(enum principal_kind k)
{
    static const char *const names[] = {[PRINCIPAL_API_KEY] = "api key",
                                        [PRINCIPAL_SERVICE_ACCOUNT] = "service account",
                                        [PRINCIPAL_LOCAL] = "local",
                                        [PRINCIPAL_PERSON] = "person"};
    return names[k];
}

// ---- connection history -------------------------------------------------------------------------------------

static void add_change(struct table *t, const struct event_row *e)
{
    table_time(t, e->created);
    table_str(t, e->type);
    table_str(t, e->actor);
    table_str(t, actor_kind(e->actor_kind));
    table_str(t, e->remote);
    table_str(t, e->group_id);
    table_str(t, e->id);
    table_slice(t, e->detail);
}

static int history(struct cmd_ctx *c)
{
    static const struct column columns[] = {
        {"created", "TIME"},          {"type", "TYPE"},       {"actor", "ACTOR"}, {"actorKind", "KIND"},
        {"remoteAddress", "ADDRESS"}, {"groupId", "PROJECT"}, {"id", "ID"},       {"detail", "CHANGE"}};
    const char *name = c->args->operands[0];
    struct event_filter f = {.group_id = arg(c->args, "project"), .resource = slice_of(name), .oldest_first = true};
    struct event_row *all;
    size_t n;
    uint64_t total;
    struct error err;
    struct table t;
    if (!slice_starts(f.resource, SLICE("pcx-")))
        return cmd_usage(c, "%.80s: give the name of a connection, pcx-… (`peerage connection list --history`)", name);
    if (pick_page(c, &f.page, &err) != ERR_OK ||
        store_events_find(c->sv->reader, &f, c->arena, &all, &n, &total, &err) != ERR_OK)
        return cmd_fail(c, &err);
    if (total == 0) {
        error_set(&err, ERR_NOT_FOUND, "nothing is known of a connection %.80s; `peerage connection list --history`",
                  name);
        return cmd_fail(c, &err);
    }
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < n; i++) add_change(&t, &all[i]);
    int code = table_end(&t);
    if (code == EX_OK && !c->json && total > n)
        buf_fmt(c->out, "%zu of %llu; --page-num and --items-per-page show more\n", n, (unsigned long long)total);
    return code;
}

// ---- event export -------------------------------------------------------------------------------------------

#define EXPORT_MAX     10000
#define EXPORT_BYTES   ((size_t)2 << 20) // then the call ends early, which its reader need not know
#define EXPORT_DEFAULT 1000

// The detail is a JSON object of our own making: it goes in as it is.
static void add_line(struct buf *out, const struct event_row *e)
{
    struct json_writer w;
    char created[25];
    wall_rfc3339_ms(e->created, created);
    json_begin(&w, out, false);
    json_obj(&w);
    json_kstr(&w, "actor", e->actor);
    json_kstr(&w, "actorKind", actor_kind(e->actor_kind));
    json_kstr(&w, "created", created);
    json_kint(&w, "cursor", e->seq);
    if (e->detail.n) {
        json_key(&w, "detail");
        buf_slice(out, e->detail);
        w.after_key = false;
    }
    json_kstr(&w, "groupId", e->group_id[0] ? e->group_id : NULL);
    json_kstr(&w, "id", e->id);
    json_kstr(&w, "orgId", e->org_id[0] ? e->org_id : NULL);
    json_kstr(&w, "remoteAddress", e->remote[0] ? e->remote : NULL);
    if (e->resource.n) json_kslice(&w, "resource", e->resource);
    json_kstr(&w, "type", e->type);
    json_obj_end(&w);
    buf_char(out, '\n');
}

static int export(struct cmd_ctx *c)
{
    int64_t after, limit, last;
    struct event_row *all;
    size_t n;
    struct error err;
    if (arg_number(c->args, "after", 0, INT64_MAX, 0, &after, &err) != ERR_OK ||
        arg_number(c->args, "limit", 1, EXPORT_MAX, EXPORT_DEFAULT, &limit, &err) != ERR_OK)
        return cmd_usage(c, "%s", err.detail);
    if (store_events_after(c->sv->reader, after, (size_t)limit, c->arena, &all, &n, &last, &err) != ERR_OK)
        return cmd_fail(c, &err);
    if (after > last) {
        error_set(&err, ERR_INVALID, "--after %lld: the log ends at %lld; was the store restored from an older backup?",
                  (long long)after, (long long)last);
        return cmd_fail(c, &err);
    }
    for (size_t i = 0; i < n && c->out->n < EXPORT_BYTES; i++) add_line(c->out, &all[i]);
    return EX_OK;
}

static const struct cmd_flag history_flags[] = {
    {"project", "ID", "only this project's", false, false}, PAGE_FLAGS, {NULL}};
static const struct cmd_flag export_flags[] = {{"after", "CURSOR", "go on after this line's cursor (0)", false, false},
                                               {"limit", "N", "lines at most, up to 10000 (1000)", false, false},
                                               {NULL}};
const struct cmd cmd_connection_history = {.name = "connection history",
                                           .operands = "NAME",
                                           .min = 1,
                                           .max = 1,
                                           .summary = "show all that happened to a connection, oldest first",
                                           .flags = history_flags,
                                           .traits = CMD_CONFIG | CMD_JSON | CMD_SERVICE,
                                           .run = history};
const struct cmd cmd_event_export = {
    .name = "event export",
    .summary = "print the audit log as JSON lines, in order of commit",
    .detail = "Each line has a cursor. Run it again with --after and the cursor of the last line that you kept, until\n"
              "it prints nothing: no event is skipped or comes twice, whatever was written meanwhile.",
    .flags = export_flags,
    .traits = CMD_CONFIG | CMD_SERVICE,
    .run = export};
