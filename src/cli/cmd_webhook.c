// SPDX-License-Identifier: Apache-2.0
// `peerage webhook`: who is told of what happens, and what was delivered. Called by: cli.c, the admin socket.
// Must never: show a secret but in the answer to add and rotate.
#include <string.h>

#include "base/mem.h"
#include "cli/cmd.h"
#include "notice/notice.h"

#define OVERLAP_HOURS     24
#define OVERLAP_HOURS_MAX 720
#define HOUR_US           (3600 * US_PER_SEC)

static struct actor actor_of(const struct cmd_ctx *c)
{
    return (struct actor){.kind = PRINCIPAL_LOCAL, .name = c->sv->actor};
}

static struct hook_maker maker_of(const struct cmd_ctx *c, const struct actor *by)
{
    return (struct hook_maker){
        .core = c->sv->core, .keys = c->sv->keys, .clock = c->sv->clock, .rng = c->sv->rng, .by = by};
}

// ---- add --------------------------------------------------------------------------------------------------

static enum err pick_notices(struct cmd_ctx *c, notice_set *ret, struct error *err)
{
    unsigned pos = 0;
    *ret = 0;
    for (const char *text; (text = arg_next(c->args, "event", &pos)) != NULL;) {
        enum notice n;
        if (!notice_parse(slice_of(text), &n))
            return error_set(err, ERR_INVALID,
                             "--event: there is no %.60s; `peerage webhook add --help` lists what there is", text);
        *ret |= (notice_set)1 << n;
    }
    if (*ret == 0) *ret = NOTICE_ALL;
    return ERR_OK;
}

static enum err pick_scope(struct cmd_ctx *c, struct webhook *w, struct error *err)
{
    struct org org;
    struct group group;
    bool fits;
    if (arg(c->args, "org")) {
        if (arg(c->args, "project"))
            return error_set(err, ERR_INVALID, "--org and --project exclude each other: the former means all projects");
        if (pick_org(c, &org, err) != ERR_OK) return err->code;
        fits = cstr_set(w->org_id, sizeof w->org_id, org.id);
    } else {
        if (pick_project(c, &group, err) != ERR_OK) return err->code;
        fits =
            cstr_set(w->org_id, sizeof w->org_id, group.org_id) && cstr_set(w->group_id, sizeof w->group_id, group.id);
    }
    ASSERT(fits); // ids of rows
    return ERR_OK;
}

static enum err pick_url(struct cmd_ctx *c, struct webhook *w, struct error *err)
{
    const char *text = arg(c->args, "description"), *why;
    struct slice url = slice_of(c->args->operands[0]);
    bool tls;
    if (!webhook_url_check(url, &tls, &why)) return error_set(err, ERR_INVALID, "URL: %s", why);
    if (!tls && c->sv->config->webhook_block_count == 0)
        return error_set(err, ERR_INVALID,
                         "URL: plain http reaches only what the option webhook_allow names; write "
                         "https://");
    if (!cstr_set(w->description, sizeof w->description, text ? text : ""))
        return error_set(err, ERR_INVALID, "--description is longer than %zu bytes", sizeof w->description - 1);
    return slice_copy(url, w->url, sizeof w->url) ? ERR_OK : error_set(err, ERR_INVALID, "URL: it is too long");
}

static int print_secret(struct cmd_ctx *c, struct table *t, char secret[WEBHOOK_SECRET_TEXT], const char *more)
{
    table_str(t, secret);
    mem_wipe(secret, WEBHOOK_SECRET_TEXT);
    int code = table_end_single(t);
    if (code == EX_OK && !c->json) buf_str(c->out, more);
    return code;
}

static int add(struct cmd_ctx *c)
{
    static const struct column columns[] = {
        {"id", "id"}, {"orgId", "organisation"}, {"groupId", "project"}, {"url", "url"}, {"secret", "secret"}};
    const struct actor by = actor_of(c);
    const struct hook_maker maker = maker_of(c, &by);
    struct webhook w = {.enabled = true};
    char secret[WEBHOOK_SECRET_TEXT];
    struct error err;
    struct table t;
    if (pick_url(c, &w, &err) != ERR_OK || pick_scope(c, &w, &err) != ERR_OK ||
        pick_notices(c, &w.notices, &err) != ERR_OK || hook_add(&maker, &w, secret, &err) != ERR_OK)
        return cmd_fail(c, &err);
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    table_str(&t, w.id);
    table_str(&t, w.org_id);
    table_str(&t, w.group_id);
    table_str(&t, w.url);
    return print_secret(c, &t, secret, "The secret is shown this once.\n");
}

// ---- list -------------------------------------------------------------------------------------------------

static struct slice notices_text(struct arena *a, notice_set set)
{
    struct buf b;
    if ((set & NOTICE_ALL) == NOTICE_ALL) return SLICE("all");
    buf_init(&b, 4096);
    for (unsigned i = 0; i < NOTICE_COUNT_; i++)
        if (set & ((notice_set)1 << i)) buf_fmt(&b, "%s%s", b.n ? " " : "", notice_type((enum notice)i));
    struct slice made = arena_slice(a, buf_view(&b));
    buf_done(&b);
    return made;
}

static int list(struct cmd_ctx *c)
{
    static const struct column columns[] = {
        {"id", "ID"},           {"url", "URL"},         {"groupId", "PROJECT"},         {"orgId", "ORGANISATION"},
        {"enabled", "ENABLED"}, {"events", "EVENTS"},   {"secrets", "SECRETS"},         {"pending", "PENDING"},
        {"dead", "DEAD"},       {"created", "CREATED"}, {"description", "DESCRIPTION"}, {"reason", "DISABLED BECAUSE"}};
    struct webhook *all;
    size_t n;
    struct error err;
    struct table t;
    struct outbox_stats s;
    if (store_webhooks(c->sv->reader, arg(c->args, "org"), c->arena, &all, &n, &err) != ERR_OK)
        return cmd_fail(c, &err);
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    struct wall now = clock_wall(c->sv->clock);
    for (size_t i = 0; i < n; i++) {
        unsigned live = 0;
        if (store_outbox_stats(c->sv->reader, all[i].id, &s, &err) != ERR_OK) s = (struct outbox_stats){.pending = 0};
        for (unsigned k = 0; k < all[i].secret_count; k++)
            live += all[i].secrets[k].until.us == 0 || all[i].secrets[k].until.us > now.us;
        table_str(&t, all[i].id);
        table_str(&t, all[i].url);
        table_str(&t, all[i].group_id);
        table_str(&t, all[i].org_id);
        table_bool(&t, all[i].enabled);
        table_slice(&t, notices_text(c->arena, all[i].notices));
        table_int(&t, live);
        table_int(&t, (int64_t)s.pending);
        table_int(&t, (int64_t)s.dead);
        table_time(&t, all[i].created);
        table_str(&t, all[i].description);
        table_slice(&t, all[i].reason);
    }
    return table_end(&t);
}

// ---- change -----------------------------------------------------------------------------------------------

// One word and the hook's id.
static int print_done(struct cmd_ctx *c, const char *key, const struct error *err)
{
    const struct column columns[] = {{key, key}};
    struct table t;
    if (err->code != ERR_OK) return cmd_fail(c, err);
    table_begin(&t, c, columns, 1);
    table_str(&t, c->args->operands[0]);
    return table_end_single(&t);
}

static int enable(struct cmd_ctx *c)
{
    const struct actor by = actor_of(c);
    struct error err = {.code = ERR_OK};
    err.code = core_webhook_enable(c->sv->core, &by, c->args->operands[0], true, (struct slice){NULL, 0}, &err);
    return print_done(c, "enabled", &err);
}

static int disable(struct cmd_ctx *c)
{
    const struct actor by = actor_of(c);
    const char *why = arg(c->args, "why");
    struct error err = {.code = ERR_OK};
    err.code = core_webhook_enable(c->sv->core, &by, c->args->operands[0], false,
                                   slice_of(why ? why : "disabled by an operator"), &err);
    return print_done(c, "disabled", &err);
}

static int remove_hook(struct cmd_ctx *c)
{
    const struct actor by = actor_of(c);
    struct error err = {.code = ERR_OK};
    err.code = core_webhook_remove(c->sv->core, &by, c->args->operands[0], &err);
    return print_done(c, "removed", &err);
}

static int test(struct cmd_ctx *c)
{
    const struct actor by = actor_of(c);
    struct error err = {.code = ERR_OK};
    err.code = core_webhook_test(c->sv->core, &by, c->args->operands[0], &err);
    return print_done(c, "tested", &err);
}

static int rotate(struct cmd_ctx *c)
{
    static const struct column columns[] = {
        {"id", "id"}, {"formerValidUntil", "former one valid until"}, {"secret", "secret"}};
    const struct actor by = actor_of(c);
    const struct hook_maker maker = maker_of(c, &by);
    const char *id = c->args->operands[0];
    char secret[WEBHOOK_SECRET_TEXT];
    int64_t hours;
    struct wall until;
    struct error err;
    struct table t;
    if (arg_number(c->args, "overlap-hours", 0, OVERLAP_HOURS_MAX, OVERLAP_HOURS, &hours, &err) != ERR_OK)
        return cmd_usage(c, "%s", err.detail);
    if (hook_rotate(&maker, id, hours * HOUR_US, secret, &until, &err) != ERR_OK) return cmd_fail(c, &err);
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    table_str(&t, id);
    table_time(&t, until);
    return print_secret(c, &t, secret, "The secret is shown this once.\n");
}

// ---- deliveries -------------------------------------------------------------------------------------------

static enum err pick_state(struct cmd_ctx *c, int *ret, struct error *err)
{
    const char *text = arg(c->args, "state");
    enum delivery_state s;
    *ret = -1;
    if (!text) return ERR_OK;
    if (!delivery_state_parse(slice_of(text), &s))
        return error_set(err, ERR_INVALID, "--state: give pending, waiting, delivered or dead");
    *ret = (int)s;
    return ERR_OK;
}

static int deliveries(struct cmd_ctx *c)
{
    static const struct column columns[] = {{"id", "ID"},
                                            {"webhookId", "WEBHOOK"},
                                            {"type", "TYPE"},
                                            {"subject", "SUBJECT"},
                                            {"created", "CREATED"},
                                            {"state", "STATE"},
                                            {"attempts", "ATTEMPTS"},
                                            {"status", "STATUS"},
                                            {"lastAttempt", "LAST ATTEMPT"},
                                            {"notBefore", "NEXT"},
                                            {"groupId", "PROJECT"},
                                            {"reason", "REASON"}};
    struct delivery_filter f = {.webhook_id = c->args->operand_count ? c->args->operands[0] : NULL,
                                .id = arg(c->args, "delivery")};
    struct delivery *all;
    size_t n;
    struct error err;
    struct table t;
    if (pick_state(c, &f.state, &err) != ERR_OK || pick_page(c, &f.page, &err) != ERR_OK)
        return cmd_usage(c, "%s", err.detail);
    if (store_deliveries(c->sv->reader, &f, c->arena, &all, &n, &err) != ERR_OK) return cmd_fail(c, &err);
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < n; i++) {
        const struct delivery *d = &all[i];
        table_str(&t, d->id);
        table_str(&t, d->webhook_id);
        table_str(&t, notice_type(d->notice));
        table_slice(&t, d->subject);
        table_time(&t, d->created);
        table_str(&t, delivery_state_name(d->state));
        table_int(&t, d->attempts);
        table_int(&t, d->status);
        table_time(&t, d->last_attempt);
        table_time(&t, d->state == DELIVERY_PENDING ? d->not_before : (struct wall){0});
        table_str(&t, d->group_id);
        table_slice(&t, d->reason);
    }
    return table_end(&t);
}

static int replay(struct cmd_ctx *c)
{
    static const struct column columns[] = {{"id", "id"}, {"deliveries", "deliveries"}};
    const struct actor by = actor_of(c);
    const char *delivery = arg(c->args, "delivery"), *since = arg(c->args, "since");
    struct wall from = {0};
    uint64_t n;
    struct error err;
    struct table t;
    if (!delivery == !since) return cmd_usage(c, "give either --delivery ID or --since TIME");
    if (since && !wall_parse_rfc3339(slice_of(since), &from))
        return cmd_usage(c, "--since: give a time such as 2026-11-24T08:00:00Z");
    if (core_webhook_replay(c->sv->core, &by, c->args->operands[0], delivery, from, &n, &err) != ERR_OK)
        return cmd_fail(c, &err);
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    table_str(&t, c->args->operands[0]);
    table_int(&t, (int64_t)n);
    return table_end_single(&t);
}

// ---- the rows ---------------------------------------------------------------------------------------------

#define TRAITS (CMD_CONFIG | CMD_JSON | CMD_SERVICE)
#define ONE_ID .operands = "ID", .min = 1, .max = 1, .traits = TRAITS
static const struct cmd_flag add_flags[] = {
    {"event", "TYPE", "what it is told, e.g. connection.requested (everything)", false, true},
    {"project", "ID", "of this project only (the only one)", false, false},
    {"org", "ID", "of all projects of this organisation", false, false},
    {"description", "TEXT", "what it is for", false, false},
    {NULL},
};
static const struct cmd_flag list_flags[] = {{"org", "ID", "only this organisation's", false, false}, {NULL}};
static const struct cmd_flag disable_flags[] = {{"why", "TEXT", "for the list and the audit log", false, false},
                                                {NULL}};
static const struct cmd_flag rotate_flags[] = {
    {"overlap-hours", "N", "how long the former secret signs as well, up to 720 (24)", false, false}, {NULL}};
static const struct cmd_flag deliveries_flags[] = {
    {"state", "STATE", "only pending, waiting, delivered or dead ones", false, false},
    {"delivery", "ID", "only this one", false, false},
    PAGE_FLAGS,
    {NULL}};
static const struct cmd_flag replay_flags[] = {
    {"delivery", "ID", "this one", false, false},
    {"since", "TIME", "all of events at this time or later, e.g. 2026-11-24T08:00:00Z", false, false},
    {NULL}};
const struct cmd cmd_webhook_add = {.name = "webhook add",
                                    .operands = "URL",
                                    .min = 1,
                                    .max = 1,
                                    .summary = "send signed messages of what happens to a URL; prints the secret once",
                                    .detail = "What there is to be told, by type:\n"
#define NOTICE(id, type, text) "  " type ": " text "\n"
#include "spec/notices.def"
#undef NOTICE
                                              "docs/webhooks.md shows the messages and how to check their signature.",
                                    .flags = add_flags,
                                    .traits = TRAITS,
                                    .run = add};
const struct cmd cmd_webhook_list = {.name = "webhook list",
                                     .summary = "list webhooks and how much waits for them",
                                     .flags = list_flags,
                                     .traits = TRAITS,
                                     .run = list};
const struct cmd cmd_webhook_enable = {
    .name = "webhook enable", ONE_ID, .summary = "enable a webhook; what waits goes on", .run = enable};
const struct cmd cmd_webhook_disable = {.name = "webhook disable",
                                        ONE_ID,
                                        .summary = "send a webhook nothing more; what waits stays",
                                        .flags = disable_flags,
                                        .run = disable};
const struct cmd cmd_webhook_rotate = {.name = "webhook rotate",
                                       ONE_ID,
                                       .summary = "give a webhook a new secret, printed once",
                                       .flags = rotate_flags,
                                       .run = rotate};
const struct cmd cmd_webhook_test = {
    .name = "webhook test", ONE_ID, .summary = "send a webhook a message of type webhook.test", .run = test};
const struct cmd cmd_webhook_deliveries = {.name = "webhook deliveries",
                                           .operands = "[ID]",
                                           .min = 0,
                                           .max = 1,
                                           .summary = "list messages to webhooks and how they stand, newest first",
                                           .flags = deliveries_flags,
                                           .traits = TRAITS,
                                           .run = deliveries};
const struct cmd cmd_webhook_replay = {.name = "webhook replay",
                                       ONE_ID,
                                       .summary = "deliver again what was delivered or given up",
                                       .detail = "A message keeps its webhook-id, by which a receiver that has it "
                                                 "already knows it.",
                                       .flags = replay_flags,
                                       .run = replay};
const struct cmd cmd_webhook_remove = {
    .name = "webhook remove", ONE_ID, .summary = "remove a webhook and what waits for it", .run = remove_hook};
