// SPDX-License-Identifier: Apache-2.0
// `peerage dev`: the whole service in one process on this machine, with a simulated cloud and a demo to try it on.
// Called by: cli.c. Must never: print a secret (they are in demo.env), or create anything in a real cloud.
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/demo.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/cmd.h"
#include "net/crypto.h"

#define FIRST_SCAN_MS 5000
#define SCAN_MS       1000

struct dev {
    struct cmd_ctx *c;
    struct demo demo;
    struct config config;
    struct app *app;
    char dir[APP_PATH - 64];
    char listen[300], url[320], management_url[320];
    bool ephemeral;
};

// ---- the directory --------------------------------------------------------------------------------

static enum err make_dir(struct dev *d, struct error *err)
{
    const char *data = arg(d->c->args, "data");
    d->ephemeral = arg_on(d->c->args, "ephemeral");
    if (!d->ephemeral) {
        const char *path = cli_path_absolute(d->c->arena, data ? data : ".peerage");
        if (!cstr_set(d->dir, sizeof d->dir, path)) return error_set(err, ERR_INVALID, "--data: the path is too long");
        return dir_make(d->dir, 0700, err);
    }
    if (data) return error_set(err, ERR_INVALID, "--data and --ephemeral exclude each other: the latter keeps nothing");
    const char *tmp = getenv("TMPDIR");
    int n = snprintf(d->dir, sizeof d->dir, "%s/peerage-dev-XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp");
    if (n < 0 || (size_t)n >= sizeof d->dir || !mkdtemp(d->dir))
        return error_errno(err, ERR_IO, errno, "cannot make a temporary directory in %s", tmp ? tmp : "/tmp");
    return ERR_OK;
}

// Files only: the directory is ours and nothing makes another in it.
static void remove_dir(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *e;
    if (!dir) return;
    while ((e = readdir(dir)) != NULL)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) (void)unlinkat(dirfd(dir), e->d_name, 0);
    closedir(dir);
    (void)rmdir(path);
}

// ---- starting -------------------------------------------------------------------------------------

static enum err add_flag(struct dev *d, const char **list, unsigned *n, const char *key, const char *value,
                         struct error *err)
{
    const char *text = arena_fmt(d->c->arena, "--%s=%s", key, value);
    if (!text) return error_set(err, ERR_NOMEM, "no memory for the command line");
    list[(*n)++] = text;
    list[*n] = NULL;
    return ERR_OK;
}

static enum err load_config(struct dev *d, struct error *err)
{
    const char *listen = arg(d->c->args, "listen"), *limit = arg(d->c->args, "rate-limit");
    const char *endpoint = arg(d->c->args, "ec2-endpoint"), *allow = arg(d->c->args, "webhook-allow"), *list[11], *keys;
    unsigned n = 0;
    if (listen_resolve(listen ? listen : "127.0.0.1:8080", d->listen, sizeof d->listen, err) != ERR_OK)
        return error_prefix(err, "--listen");
    listen_url(d->listen, false, d->url, sizeof d->url);
    keys = arena_fmt(d->c->arena, "%s/keys", d->dir);
    if (!keys) return error_set(err, ERR_NOMEM, "no memory for the command line");
    const char *pairs[][2] = {{"listen", d->listen},
                              {"management-listen", "127.0.0.1:0"},
                              {"data-dir", d->dir},
                              {"key-file", keys},
                              {"public-url", d->url},
                              {"scan-interval", "1"},
                              {"rate-limit", limit ? limit : "on"},
                              {"webhook-allow", allow ? allow : "127.0.0.0/8,::1"},
                              {"ec2-endpoint", endpoint ? endpoint : ""}};
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
        if (add_flag(d, list, &n, pairs[i][0], pairs[i][1], err) != ERR_OK) return err->code;
    return cli_config_with(d->c->args, list, false, d->c->arena, &d->config, err);
}

static enum err start_cloud(struct dev *d, struct error *err)
{
    const char *endpoint = arg(d->c->args, "ec2-endpoint"), *listen = arg(d->c->args, "ec2-listen");
    if (!endpoint) return demo_sim_start(&d->demo, listen ? listen : "127.0.0.1:0", &rng_system, err);
    if (!cstr_set(d->demo.ec2_url, sizeof d->demo.ec2_url, endpoint))
        return error_set(err, ERR_INVALID, "--ec2-endpoint: the URL is too long");
    if (demo_endpoint_is_local(endpoint)) demo_remote_seed(&d->demo, endpoint, &clock_system);
    return ERR_OK;
}

static enum err seed(struct dev *d, struct error *err)
{
    struct services sv;
    if (app_services(d->app, &sv, err) != ERR_OK) return err->code;
    sv.actor = "dev";
    enum err rc = demo_seed(&d->demo, &sv, err);
    app_services_done(&sv);
    return rc;
}

// The store's lock comes first: a second `peerage dev` on the same directory must find everything as it was.
static enum err start(struct dev *d, struct error *err)
{
    if (make_dir(d, err) != ERR_OK || load_config(d, err) != ERR_OK || crypto_init(err) != ERR_OK) return err->code;
    bool sim = !arg_on(d->c->args, "ec2-endpoint");
    struct app_options o = {.config = &d->config,
                            .clock = &clock_system,
                            .rng = &rng_system,
                            .create = true,
                            .migrate = true,
                            .client_faults = true,
                            .coverage = true,
                            .daemon = true,
                            .cloud_env = sim ? &d->demo.env : NULL,
                            .scan_interval_ms = SCAN_MS,
                            .command = cli_service_command};
    if (app_open(&o, &d->app, err) != ERR_OK) return err->code;
    demo_remove_env(d->dir);
    if (demo_load(&d->demo, d->dir, err) != ERR_OK || start_cloud(d, err) != ERR_OK || seed(d, err) != ERR_OK)
        return err->code;
    if (app_run(d->app, err) != ERR_OK) return err->code;
    // Ready means that the first list a person asks for shows the demo's request.
    if (*d->demo.accepter_vpc && !app_wait_scanned(d->app, FIRST_SCAN_MS))
        LOG(LOG_WARN, "the first scan takes long; the list may be empty at first");
    listen_url(app_management_address(d->app), false, d->management_url, sizeof d->management_url);
    return demo_write_env(&d->demo, d->url, d->management_url, err);
}

// ---- what it prints -------------------------------------------------------------------------------

// The braces before `:accept` are for zsh, which would take `:a` for a modifier.
static void print_accept(struct buf *out, const char *dir)
{
    buf_fmt(
        out,
        "Accept it: the body restates who asked. Then see it become active:\n"
        "  curl --silent --digest --user \"$PEERAGE_PUBLIC_KEY:$PEERAGE_PRIVATE_KEY\" \\\n"
        "    --header 'Accept: application/vnd.atlas.2023-02-01+json' --header 'Content-Type: application/json' \\\n"
        "    --data \"{\\\"requesterAccountId\\\":\\\"$PEERAGE_REQUESTER_ACCOUNT_ID\\\",\\\"requesterVpcId\\\":"
        "\\\"$PEERAGE_REQUESTER_VPC_ID\\\"}\" \\\n"
        "    \"$PEERAGE_URL/api/atlas/v2/groups/$PEERAGE_GROUP_ID/streams/vpcPeeringConnections/"
        "${PEERAGE_PEERING_NAME}:accept\"\n"
        "  peerage connection watch \"$PEERAGE_PEERING_NAME\" --data %s\n\n",
        dir);
}

static void print_clients(struct buf *out, const char *list)
{
    buf_fmt(out,
            "curl, API key (HTTP Digest):\n"
            "  curl --silent --digest --user \"$PEERAGE_PUBLIC_KEY:$PEERAGE_PRIVATE_KEY\" \\\n"
            "    --header 'Accept: application/vnd.atlas.2023-02-01+json' \\\n    \"%s&pretty=true\"\n\n"
            "curl, service account (bearer token):\n"
            "  TOKEN=$(curl --silent --user \"$PEERAGE_CLIENT_ID:$PEERAGE_CLIENT_SECRET\" \\\n"
            "    --data grant_type=client_credentials \"$PEERAGE_URL/api/oauth/token\" |\n"
            "    sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')\n"
            "  curl --silent --header \"Authorization: Bearer $TOKEN\" \\\n"
            "    --header 'Accept: application/vnd.atlas.2023-02-01+json' \\\n    \"%s&pretty=true\"\n\n",
            list, list);
    buf_lit(out,
            "atlas CLI (reads the MONGODB_ATLAS_… variables of demo.env):\n"
            "  DO_NOT_TRACK=1 MONGODB_ATLAS_SKIP_UPDATE_CHECK=yes atlas api streams listVpcPeeringConnections \\\n"
            "    --groupId \"$PEERAGE_GROUP_ID\" --requesterAccountId \"$PEERAGE_REQUESTER_ACCOUNT_ID\" \\\n"
            "    --version 2023-02-01\n\n"
            "Atlas Go SDK:\n"
            "  client, err := admin.NewClient(admin.UseBaseURL(os.Getenv(\"PEERAGE_URL\")),\n"
            "      admin.UseDigestAuth(os.Getenv(\"PEERAGE_PUBLIC_KEY\"), os.Getenv(\"PEERAGE_PRIVATE_KEY\")))\n"
            "  list, _, err := client.StreamsAPI.ListVpcPeeringConnections(ctx, os.Getenv(\"PEERAGE_GROUP_ID\")).\n"
            "      RequesterAccountId(os.Getenv(\"PEERAGE_REQUESTER_ACCOUNT_ID\")).Execute()\n\n");
}

static void print_ready(struct dev *d)
{
    struct buf *out = d->c->out;
    const struct demo *m = &d->demo;
    buf_fmt(out,
            "Peerage %s is ready.\n\n  API         %s\n  management  %s/readyz, /metrics, /dev/faults\n  EC2         "
            "%s%s\n",
            PEERAGE_VERSION, d->url, d->management_url, m->ec2_url, m->sim ? " (simulated)" : "");
    buf_fmt(out, "  data        %s%s\n", d->dir, d->ephemeral ? " (removed at the end)" : "");
    if (*m->peering)
        buf_fmt(out, "  request     %s from account %s to %s (account %s)\n", m->peering, m->requester_account,
                m->accepter_vpc, m->accepter_account);
    if (*m->remote_note) buf_fmt(out, "\n%s\n", m->remote_note);
    if (!*m->accepter_vpc)
        buf_fmt(out,
                "\nNo network is watched yet. Add a VPC that receives requests:\n"
                "  peerage network add --data %s --account ACCOUNT --region %s --vpc vpc-ID\n",
                d->dir, DEMO_REGION);
    buf_fmt(out, "\nLoad the credentials of the demo into a shell, then paste:\n  . %s/demo.env\n\n", d->dir);
    print_clients(out, "$PEERAGE_URL/api/atlas/v2/groups/$PEERAGE_GROUP_ID/streams/"
                       "vpcPeeringConnections?requesterAccountId=$PEERAGE_REQUESTER_ACCOUNT_ID");
    if (*m->peering) print_accept(out, d->dir);
    buf_lit(out, "Control-C ends it; started again on the same directory it goes on.\n");
    for (size_t at = 0; at < out->n;) {
        ssize_t n = write(STDOUT_FILENO, out->p + at, out->n - at);
        if (n <= 0) break; // nobody reads: the service goes on
        at += (size_t)n;
    }
    buf_clear(out);
}

static int run(struct cmd_ctx *c)
{
    struct dev d = {.c = c};
    struct error err;
    int code;
    signals_block();
    if (start(&d, &err) == ERR_OK) {
        print_ready(&d);
        code = app_run_until_signal(&d.app, NULL, NULL);
    } else {
        code = cmd_fail(c, &err);
        app_stop(&d.app, 0);
    }
    demo_stop(&d.demo);
    if (d.ephemeral && *d.dir) remove_dir(d.dir);
    return code;
}

static const struct cmd_flag flags[] = {
    {"listen", "HOST:PORT", "address of the API (127.0.0.1:8080)", false, false},
    {"data", "DIR", "where everything is kept (.peerage)", false, false},
    {"ephemeral", NULL, "keep nothing", false, false},
    {"ec2-endpoint", "URL", "an EC2 endpoint instead of the simulator", false, false},
    {"ec2-listen", "HOST:PORT", "address of the simulator (a free port)", false, false},
    {"rate-limit", "on|off", "token buckets as Atlas has them (on)", false, false},
    {"webhook-allow", "CIDRS", "where webhooks may go besides the Internet (127.0.0.0/8,::1)", false, false},
    {NULL},
};
const struct cmd cmd_dev = {
    .name = "dev",
    .summary = "run everything on this machine, with a simulated EC2 and a demo",
    .detail =
        "Makes an organisation, a project, an API key, a service account, a network and a pending peering request\n"
        "from another account, writes DIR/demo.env (mode 0600) once it is ready, and scans every second. With\n"
        "--ec2-endpoint nothing is created in a cloud that is not on this machine.",
    .flags = flags,
    .run = run,
};
