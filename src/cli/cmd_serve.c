// SPDX-License-Identifier: Apache-2.0
// `peerage serve`: the daemon. Called by: cli.c. Must never: start without public_url, or make a store of its own.
#include "base/log.h"
#include "base/mem.h"
#include "cli/cmd.h"

struct serving {
    const struct args *args;
    struct arena *arena; // of the newest reload
};

static void reload(void *ctx, struct app *app)
{
    struct serving *s = ctx;
    struct config fresh;
    struct error err;
    struct arena *a = arena_new(1 << 20);
    if (a && cli_config(s->args, a, &fresh, &err) == ERR_OK && config_check_serve(&fresh, &err) == ERR_OK)
        app_reload(app, &fresh);
    else
        LOG(LOG_ERROR, "the configuration was not reloaded; the old one stays",
            LOG_S("detail", a ? err.detail : "out of memory"));
    arena_free(a);
}

static int run(struct cmd_ctx *c)
{
    struct config config;
    struct error err;
    struct app *app;
    signals_block();
    if (cli_config(c->args, c->arena, &config, &err) != ERR_OK || config_check_serve(&config, &err) != ERR_OK) {
        (void)cmd_fail(c, &err);
        return EX_CONFIG;
    }
    struct app_options o = {.config = &config,
                            .clock = &clock_system,
                            .rng = &rng_system,
                            .migrate = true,
                            .daemon = true,
                            .command = cli_service_command};
    if (app_open(&o, &app, &err) != ERR_OK) return cmd_fail(c, &err);
    if (app_run(app, &err) != ERR_OK) {
        int code = cmd_fail(c, &err);
        app_stop(&app, 0);
        return code;
    }
    struct serving s = {.args = c->args};
    return app_run_until_signal(&app, reload, &s);
}

const struct cmd cmd_serve = {
    .name = "serve",
    .summary = "run the daemon",
    .detail = "Needs public_url and a store made by `peerage init`. SIGTERM or SIGINT: readiness off, requests in\n"
              "flight finished, exit 0; a second one does not wait. SIGHUP: log level, access log, TLS files.",
    .traits = CMD_CONFIG | CMD_KEYS,
    .run = run,
};
