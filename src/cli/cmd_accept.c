// SPDX-License-Identifier: Apache-2.0
// `peerage connection accept NAME`: asks for the challenge when it is not given by flags: the account and VPC that the
// requester has told. Called by: cli.c. Must never: fill them in from what the server knows, or show them before they
// were typed: they prove that the person knows whose request it is.
#include <string.h>

#include "base/json.h"
#include "cli/resource.h"

#define TYPED_MAX 64

extern const struct resource resource_accept;

// What helps to recognise the request, without what is asked for.
static enum err show_request(struct cmd_ctx *c, struct api_client *x, struct error *err)
{
    static const struct column shown[] = {
        {"name", "Connection"},       {"cloudStatus", "Status"},          {"accepterVpcId", "Our VPC"},
        {"accepterRegion", "Region"}, {"requesterCidrs", "Their blocks"}, {"expirationTime", "Expires"},
        {"firstSeen", "First seen"}};
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    const char *project;
    if (api_project(c, x, &project, err) != ERR_OK) return err->code;
    const char *target = arena_fmt(c->arena, "/api/peerage/v1/connections?groupId=%s&itemsPerPage=500", project);
    if (!target) return error_set(err, ERR_NOMEM, "out of memory");
    if (api_call(x, "GET", target, (struct slice){NULL, 0}, c->arena, &doc, err) != ERR_OK) return err->code;
    const struct json_value *all = json_get(json_root(doc), "results");
    for (size_t i = 0; i < json_array_len(all); i++) {
        const struct json_value *v = json_array_at(all, i);
        const char *name = c->args->operands[0];
        if (!slice_eq_cstr(json_string(json_get(v, "name")), name) &&
            !slice_eq_cstr(json_string(json_get(v, "id")), name))
            continue;
        for (size_t k = 0; k < ARRAY_LEN(shown); k++) {
            struct slice text = show_value(c->arena, v, shown[k].key);
            if (text.n) prompt_say(arena_fmt(c->arena, "%-14s%.*s\n", shown[k].heading, SLICE_FMT(text)));
        }
        return ERR_OK;
    }
    return error_set(err, ERR_NOT_FOUND, "there is no connection %.60s; `peerage connection list` shows them",
                     c->args->operands[0]);
}

static enum err ask_for(struct cmd_ctx *c, struct args *args, const char *flag, const char *question, struct error *err)
{
    char typed[TYPED_MAX];
    if (arg(args, flag)) return ERR_OK;
    if (prompt_line(question, false, typed, sizeof typed, err) != ERR_OK) return err->code;
    const char *text = arena_strndup(c->arena, typed, strlen(typed));
    if (!text || args->flag_count == ARGS_MAX) return error_set(err, ERR_NOMEM, "out of memory");
    args->names[args->flag_count] = flag;
    args->is_key[args->flag_count] = false;
    args->values[args->flag_count++] = text;
    return ERR_OK;
}

static int ask(struct cmd_ctx *c, struct api_client *x)
{
    struct args args = *c->args;
    struct error err;
    bool whole = arg(&args, "requester-account") && arg(&args, "requester-vpc");
    if (!whole &&
        (show_request(c, x, &err) != ERR_OK ||
         ask_for(c, &args, "requester-account", "The requester's AWS account, as they told you: ", &err) != ERR_OK ||
         ask_for(c, &args, "requester-vpc", "The requester's VPC (vpc-…): ", &err) != ERR_OK))
        return cmd_fail(c, &err);
    c->args = &args;
    return resource_ask(c, &resource_accept, x);
}

static int run(struct cmd_ctx *c)
{
    struct api_client *x;
    struct error err;
    bool whole = arg(c->args, "requester-account") && arg(c->args, "requester-vpc");
    if (!whole && !prompt_possible())
        return cmd_usage(c,
                         "--requester-account and --requester-vpc are needed: nobody sits at a terminal to be asked");
    if (api_open(c, &x, &err) != ERR_OK) return cmd_fail(c, &err);
    int code = ask(c, x);
    api_close(&x);
    return code;
}

static const struct cmd_flag flags[] = {
    {"requester-account", "ID", "the account that requested it, as its owner told you", false, false},
    {"requester-vpc", "ID", "the VPC that it was requested for", false, false},
    PROJECT_FLAG,
    {NULL},
};
const struct cmd cmd_connection_accept = {
    .name = "connection accept",
    .operands = "NAME",
    .min = 1,
    .max = 1,
    .summary = "accept a pending request",
    .detail = "The requester's account and VPC are the challenge: whoever accepts must know them from the requester.\n"
              "At a terminal they are asked for when the flags are not given. Nothing changes when they do not match.",
    .flags = flags,
    .traits = RESOURCE_TRAITS,
    .run = run,
    .api = &resource_accept};
