// SPDX-License-Identifier: Apache-2.0
// `peerage limit`: rate limits of one project, organisation, caller or address, through the API. Called by: cli.c.
// Must never: choose a scope that was not named.
#include "base/json.h"
#include "cli/ask.h"
#include "limit/limit.h"

#define LIMITS "/api/peerage/v1/limits"

static const struct column columns[] = {{"endpointSetId", "ENDPOINT SET"},
                                        {"scope", "SCOPE"},
                                        {"scopeId", "OF"},
                                        {"capacity", "CAPACITY"},
                                        {"refillRate", "REFILL"},
                                        {"refillDurationSeconds", "EVERY SECONDS"},
                                        {"changed", "CHANGED"}};

static void put(struct table *t, const struct json_value *row)
{
    for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
        const struct json_value *v = json_get(row, columns[i].key);
        if (i >= 3 && i <= 5)
            table_int(t, json_integer(v));
        else
            table_slice(t, json_string(v));
    }
}

// One request; *ret_doc is the caller's.
static enum err ask(struct cmd_ctx *c, const char *method, const char *target, struct slice body,
                    struct json_doc **ret_doc, struct error *err)
{
    struct api_client *x;
    if (target == NULL) return error_set(err, ERR_NOMEM, "no memory for the request");
    if (api_open(c, &x, err) != ERR_OK) return err->code;
    enum err code = api_call(x, method, target, body, c->arena, ret_doc, err);
    api_close(&x);
    return code;
}

static const char *target_of(struct cmd_ctx *c)
{
    const char *set = api_segment(c->arena, LIMITS "/", c->args->operands[0], "/");
    return set ? api_segment(c->arena, set, c->args->operands[1], "") : NULL;
}

static int list(struct cmd_ctx *c)
{
    struct json_doc *doc = NULL;
    struct table t;
    struct error err;
    if (ask(c, "GET", LIMITS "?itemsPerPage=500", (struct slice){NULL, 0}, &doc, &err) != ERR_OK)
        return cmd_fail(c, &err);
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    const struct json_value *rows = json_get(json_root(doc), "results");
    for (size_t i = 0; i < json_array_len(rows); i++) put(&t, json_array_at(rows, i));
    json_doc_free(doc);
    return table_end(&t);
}

static int set(struct cmd_ctx *c)
{
    struct json_doc *doc = NULL;
    struct table t;
    struct error err;
    int64_t capacity, refill, seconds;
    if (arg_number(c->args, "capacity", 1, LIMIT_TOKENS_MAX, 0, &capacity, &err) != ERR_OK ||
        arg_number(c->args, "refill", 1, LIMIT_TOKENS_MAX, 0, &refill, &err) != ERR_OK ||
        arg_number(c->args, "seconds", 1, LIMIT_SECONDS_MAX, 60, &seconds, &err) != ERR_OK)
        return cmd_usage(c, "%s", err.detail);
    char *body = arena_fmt(c->arena, "{\"capacity\":%lld,\"refillDurationSeconds\":%lld,\"refillRate\":%lld}",
                           (long long)capacity, (long long)seconds, (long long)refill);
    if (ask(c, "PUT", body ? target_of(c) : NULL, slice_of(body ? body : ""), &doc, &err) != ERR_OK)
        return cmd_fail(c, &err);
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    put(&t, json_root(doc));
    json_doc_free(doc);
    return table_end_single(&t);
}

static int remove_limit(struct cmd_ctx *c)
{
    static const struct column removed[] = {{"removed", "removed"}};
    struct json_doc *doc = NULL;
    struct table t;
    struct error err;
    if (ask(c, "DELETE", target_of(c), (struct slice){NULL, 0}, &doc, &err) != ERR_OK) return cmd_fail(c, &err);
    json_doc_free(doc);
    table_begin(&t, c, removed, 1);
    table_str(&t, c->args->operands[1]);
    return table_end_single(&t);
}

#define TRAITS (CMD_CONFIG | CMD_JSON | CMD_REMOTE)
static const struct cmd_flag set_flags[] = {
    {"capacity", "N", "tokens of a full bucket, up to 1000000", true, false},
    {"refill", "N", "tokens that come back each time", true, false},
    {"seconds", "N", "how often they come back, up to 86400 (60)", false, false},
    {NULL},
};
const struct cmd cmd_limit_list = {
    .name = "limit list", .summary = "list the rate limits that were set for one scope", .traits = TRAITS, .run = list};
const struct cmd cmd_limit_set = {
    .name = "limit set",
    .operands = "ENDPOINT_SET SCOPE",
    .min = 2,
    .max = 2,
    .summary = "set a rate limit of one project, organisation, caller or address",
    .detail =
        "ENDPOINT_SET as `peerage api GET /api/atlas/v2/rateLimits` names it, e.g. streams_group; SCOPE the id of the\n"
        "project or organisation, a public key or client id, or an address. It holds at once and gives no token back.",
    .flags = set_flags,
    .traits = TRAITS,
    .run = set};
const struct cmd cmd_limit_remove = {.name = "limit remove",
                                     .operands = "ENDPOINT_SET SCOPE",
                                     .min = 2,
                                     .max = 2,
                                     .summary = "let the configured rate limit hold again",
                                     .traits = TRAITS,
                                     .run = remove_limit};
