// SPDX-License-Identifier: Apache-2.0
// The one place that reads AWS' environment variables, and the defaults of struct cloud_options.
// Called by: app and cli, once, before there are threads. Must never: be read later, or log what it holds.
#include <stdlib.h>

#include "cloud/cloud.h"

// The first of the names that is set and not empty, copied.
static const char *get(struct arena *a, const char *name, const char *second)
{
    const char *v = getenv(name);
    if ((!v || !*v) && second) v = getenv(second);
    return v && *v ? arena_strndup(a, v, strlen(v)) : NULL;
}

static enum err get_bool(const char *name, bool *ret, struct error *err)
{
    struct slice v = slice_of(getenv(name));
    if (v.n == 0 || slice_eq_nocase(v, SLICE("false")))
        *ret = false;
    else if (slice_eq_nocase(v, SLICE("true")))
        *ret = true;
    else
        return error_set(err, ERR_INVALID, "environment variable %s must be true or false", name);
    return ERR_OK;
}

static const char *home_file(struct arena *a, const char *name)
{
    const char *home = getenv("HOME");
    return home && *home ? arena_fmt(a, "%s/.aws/%s", home, name) : NULL;
}

static void get_files(struct arena *a, struct cloud_env *e)
{
    e->profile = get(a, "AWS_PROFILE", "AWS_DEFAULT_PROFILE");
    e->config_file = get(a, "AWS_CONFIG_FILE", NULL);
    if (!e->config_file) e->config_file = home_file(a, "config");
    e->credentials_file = get(a, "AWS_SHARED_CREDENTIALS_FILE", NULL);
    if (!e->credentials_file) e->credentials_file = home_file(a, "credentials");
}

static void get_credentials(struct arena *a, struct cloud_env *e)
{
    e->access_key_id = get(a, "AWS_ACCESS_KEY_ID", NULL);
    e->secret_access_key = get(a, "AWS_SECRET_ACCESS_KEY", NULL);
    e->session_token = get(a, "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN");
    e->web_identity_token_file = get(a, "AWS_WEB_IDENTITY_TOKEN_FILE", NULL);
    e->role_arn = get(a, "AWS_ROLE_ARN", NULL);
    e->role_session_name = get(a, "AWS_ROLE_SESSION_NAME", NULL);
    e->container_relative_uri = get(a, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", NULL);
    e->container_full_uri = get(a, "AWS_CONTAINER_CREDENTIALS_FULL_URI", NULL);
    e->container_token = get(a, "AWS_CONTAINER_AUTHORIZATION_TOKEN", NULL);
    e->container_token_file = get(a, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", NULL);
}

static void get_network(struct arena *a, struct cloud_env *e)
{
    e->imds_endpoint = get(a, "AWS_EC2_METADATA_SERVICE_ENDPOINT", NULL);
    struct slice mode = slice_of(getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"));
    if (!e->imds_endpoint && slice_eq_nocase(mode, SLICE("ipv6"))) e->imds_endpoint = "http://[fd00:ec2::254]";
    e->endpoint_ec2 = get(a, "AWS_ENDPOINT_URL_EC2", NULL);
    e->endpoint_sts = get(a, "AWS_ENDPOINT_URL_STS", NULL);
    e->endpoint_all = get(a, "AWS_ENDPOINT_URL", NULL);
    e->ca_bundle = get(a, "AWS_CA_BUNDLE", NULL);
    e->https_proxy = get(a, "https_proxy", "HTTPS_PROXY");
    e->no_proxy = get(a, "no_proxy", "NO_PROXY");
}

enum err cloud_env_from_process(struct arena *a, struct cloud_env *ret, struct error *err)
{
    struct cloud_env e = {0};
    get_files(a, &e);
    get_credentials(a, &e);
    get_network(a, &e);
    enum err rc = get_bool("AWS_EC2_METADATA_DISABLED", &e.imds_disabled, err);
    if (rc == ERR_OK) rc = get_bool("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", &e.ignore_endpoints, err);
    if (rc == ERR_OK) rc = get_bool("AWS_USE_FIPS_ENDPOINT", &e.use_fips, err);
    if (rc == ERR_OK) rc = get_bool("AWS_USE_DUALSTACK_ENDPOINT", &e.use_dualstack, err);
    if (rc == ERR_OK && arena_failed(a)) rc = error_set(err, ERR_NOMEM, "no memory for the environment");
    if (rc == ERR_OK) *ret = e;
    return rc;
}

void cloud_options_default(struct cloud_options *o)
{
    *o = (struct cloud_options){
        .clock = &clock_system,
        .rng = &rng_system,
        .call_ms = 30000,
        .connect_ms = 3000,
        .attempts = 3,
        .max_reply = (size_t)16 << 20,
        .page_size = 1000,
        .max_pages = 1000,
        .session_name = "peerage",
    };
}
