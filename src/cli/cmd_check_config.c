// SPDX-License-Identifier: Apache-2.0
// `peerage check-config`: reads the configuration as serve would and shows what is in force and from where.
// Called by: cli.c. Must never: open the store or a socket.
#include "base/json.h"
#include "cli/cmd.h"
#include "limit/limit.h"

static enum err check_sets(const struct config *config, struct error *err)
{
    enum limit_set set;
    for (unsigned i = 0; i < config->override_count; i++)
        if (!limit_set_parse(slice_of(config->overrides[i].set_id), &set))
            return error_set(err, ERR_INVALID, "%s:%u: there is no limit set \"%s\"", config->file,
                             config->overrides[i].line, config->overrides[i].set_id);
    return ERR_OK;
}

// config_print's lines `key = value  # source`, as JSON.
static void print_json(struct cmd_ctx *c, struct slice text)
{
    struct json_writer w;
    struct slice line, value, source;
    json_begin(&w, c->out, true);
    json_obj(&w);
    json_kbool(&w, "ok", true);
    json_key(&w, "settings");
    json_arr(&w);
    for (unsigned i = 0; config_key(i) && slice_cut(&text, '\n', &line); i++) {
        value = slice_skip(line, strlen(config_key(i)) + 3);
        size_t cut = value.n;
        while (cut > 0 && !slice_starts(slice_skip(value, cut), SLICE("  # "))) cut--; // the last one is ours
        source = slice_skip(value, cut + 4);
        json_obj(&w);
        json_kstr(&w, "key", config_key(i));
        json_kslice(&w, "source", source);
        json_kslice(&w, "value", slice_n(value.p, cut));
        json_obj_end(&w);
    }
    json_arr_end(&w);
    json_obj_end(&w);
    buf_char(c->out, '\n');
}

static int run(struct cmd_ctx *c)
{
    struct config config;
    struct error err;
    if (arg_on(c->args, "help-keys")) {
        config_describe(c->out);
        return EX_OK;
    }
    if (cli_config(c->args, c->arena, &config, &err) != ERR_OK || check_sets(&config, &err) != ERR_OK ||
        config_check_serve(&config, &err) != ERR_OK) {
        (void)cmd_fail(c, &err);
        return EX_CONFIG;
    }
    if (!c->json) {
        config_print(&config, c->out);
        return EX_OK;
    }
    struct buf text;
    buf_init(&text, 1 << 20);
    config_print(&config, &text);
    print_json(c, buf_view(&text));
    buf_done(&text);
    return EX_OK;
}

static const struct cmd_flag flags[] = {
    {"help-keys", NULL, "list every key with its range and default", false, false},
    {NULL},
};
const struct cmd cmd_check_config = {
    .name = "check-config",
    .summary = "read the configuration as serve would, and show it",
    .flags = flags,
    .traits = CMD_CONFIG | CMD_KEYS | CMD_JSON,
    .run = run,
};
