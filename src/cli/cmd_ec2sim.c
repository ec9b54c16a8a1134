// SPDX-License-Identifier: Apache-2.0
// `peerage ec2sim`: the EC2-compatible simulator alone, for other people's Terraform and scripts. Called by: cli.c.
// Must never: listen beyond loopback unless told, or run its management API without a token.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "cli/cmd.h"
#include "ec2sim/server.h"
#include "net/crypto.h"

static enum err add_keys(struct cmd_ctx *c, struct ec2sim *s, struct error *err)
{
    unsigned pos = 0;
    for (const char *text; (text = arg_next(c->args, "account", &pos)) != NULL;) {
        struct slice rest = slice_of(text), id, key;
        (void)slice_cut(&rest, ':', &id);
        (void)slice_cut(&rest, ':', &key);
        const char *account = arena_strndup(c->arena, id.p, id.n),
                   *k = arena_strndup(c->arena, key.p ? key.p : "", key.n);
        if (!account || !k) return error_set(err, ERR_NOMEM, "no memory for the accounts");
        if (key.n == 0 || rest.n == 0)
            return error_set(err, ERR_INVALID, "--account: give ACCOUNT:ACCESS_KEY_ID:SECRET_ACCESS_KEY");
        if (ec2sim_account_add(s, account, k, rest.p, err) != ERR_OK) return error_prefix(err, "--account");
    }
    return ERR_OK;
}

// "name=value" of ec2sim/settings.h; a list of them when one is wrong.
static enum err apply_settings(struct cmd_ctx *c, struct ec2sim_settings *set, struct error *err)
{
    unsigned pos = 0;
    for (const char *text; (text = arg_next(c->args, "set", &pos)) != NULL;) {
        struct slice value = slice_of(text), name;
        int64_t v;
        if (!slice_cut(&value, '=', &name) || !slice_i64(value, 0, INT64_MAX, &v))
            return error_set(err, ERR_INVALID, "--set %.60s: give NAME=NUMBER, e.g. provisioningSeconds=5", text);
        if (ec2sim_settings_set(set, name, v, err) != ERR_OK) return error_prefix(err, "--set");
    }
    return ERR_OK;
}

static void wait_for_signal(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    int got;
    while (sigwait(&set, &got) != 0) {
    }
}

static int run(struct cmd_ctx *c)
{
    struct ec2sim_options o;
    struct ec2sim *s;
    struct error err;
    signals_block();
    ec2sim_options_default(&o);
    if (arg(c->args, "listen")) o.listen = arg(c->args, "listen");
    o.data_dir = arg(c->args, "data");
    if (o.data_dir && dir_make(o.data_dir, 0700, &err) != ERR_OK) return cmd_fail(c, &err);
    o.management_token = getenv("PEERAGE_EC2SIM_TOKEN"); // not a flag: other users see those
    int64_t seed = 0;
    if (arg_number(c->args, "seed", 0, INT64_MAX, 0, &seed, &err) != ERR_OK ||
        apply_settings(c, &o.settings, &err) != ERR_OK || crypto_init(&err) != ERR_OK ||
        ec2sim_start(&o, &s, &err) != ERR_OK)
        return cmd_fail(c, &err);
    if (add_keys(c, s, &err) != ERR_OK) {
        ec2sim_stop(&s);
        return cmd_fail(c, &err);
    }
    char text[400];
    int n = snprintf(text, sizeof text, "export AWS_ENDPOINT_URL_EC2='%s'\nexport AWS_ENDPOINT_URL_STS='%s'\n",
                     ec2sim_url(s), ec2sim_url(s));
    (void)!write(STDOUT_FILENO, text, (size_t)n); // nobody may read it
    LOG(LOG_INFO, "ready", LOG_S("ec2", ec2sim_url(s)));
    wait_for_signal();
    ec2sim_stop(&s);
    return EX_OK;
}

static const struct cmd_flag flags[] = {
    {"listen", "HOST:PORT", "address (127.0.0.1:0, a free port)", false, false},
    {"data", "DIR", "keep the state in DIR/ec2sim.json", false, false},
    {"account", "ID:KEY:SECRET", "an access key of an account", false, true},
    {"seed", "N", "make ids and faults repeatable", false, false},
    {"set", "NAME=N", "a setting, e.g. provisioningSeconds=5", false, true},
    {NULL},
};
const struct cmd cmd_ec2sim = {
    .name = "ec2sim",
    .summary = "run only the EC2-compatible simulator",
    .detail = "With PEERAGE_EC2SIM_TOKEN in the environment it offers its management API below /_ec2sim/ to requests\n"
              "that carry the token as X-Ec2sim-Token.",
    .flags = flags,
    .run = run,
};
