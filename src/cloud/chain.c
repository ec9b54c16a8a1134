// SPDX-License-Identifier: Apache-2.0
// The order in which credentials are looked for: environment, profile with a role, web identity, shared files,
// container endpoint, instance metadata. The first that claims wins, and its failure is final.
// Source: AWS SDKs and Tools reference, "Standardized credential providers". Called by: cloud/creds.
// Must never: fall through to another identity because one that was configured does not work.
#include <stdio.h>

#include "cloud/internal.h"

#define PROFILE_CHAIN 5 // source_profile links followed
#define FILES_ARENA   (256 * 1024)

struct search {
    struct cloud *c;
    const char *region;
    struct arena *a;
    struct fetched *out;
    struct cloud_failure *f;
    const char *seen[PROFILE_CHAIN];
    unsigned depth;
};

static enum cloud_class fail_error(struct search *s, const struct error *err)
{
    return cloud_fail(s->f, err->code == ERR_NOMEM ? CLOUD_TRANSIENT : CLOUD_CREDENTIALS, "%s", err->detail);
}

static enum cloud_class take_static(struct search *s, const char *from, const char *id, const char *secret,
                                    const char *token, struct creds *ret)
{
    struct error err;
    if (!id || !secret)
        return cloud_fail(s->f, CLOUD_CREDENTIALS, "%s sets %s without its other half; set both", from,
                          id ? "an access key id" : "a secret access key");
    struct raw_creds raw = {slice_of(id), slice_of(secret), slice_of(token), {NULL, 0}};
    if (creds_set(ret, &raw, &err) != ERR_OK) {
        error_prefix(&err, "%s", from);
        return fail_error(s, &err);
    }
    return CLOUD_OK;
}

static enum cloud_class from_environment(struct search *s, struct creds *ret)
{
    const struct cloud_env *e = &s->c->opt.env;
    return take_static(s, "the environment", e->access_key_id, e->secret_access_key, e->session_token, ret);
}

static enum cloud_class load(struct search *s, const char *name, bool must_exist, struct profile *ret)
{
    struct error err;
    if (profile_load(&s->c->opt.env, name, s->a, ret, &err) != ERR_OK) return fail_error(s, &err);
    if (!ret->found && must_exist)
        return cloud_fail(s->f, CLOUD_CREDENTIALS,
                          "profile '%.100s' is neither in the config nor in the credentials file", name);
    return CLOUD_OK;
}

static enum cloud_class from_profile(struct search *s, const char *name, const struct profile *p, struct creds *ret,
                                     bool *claimed);

// The credentials that a role of a profile starts from.
static enum cloud_class base_of(struct search *s, const char *name, const struct profile *p, struct creds *ret)
{
    if (p->source_profile && p->credential_source)
        return cloud_fail(s->f, CLOUD_CREDENTIALS,
                          "profile '%.100s' has both source_profile and credential_source; keep one", name);
    if (p->credential_source) {
        struct slice from = slice_of(p->credential_source);
        if (slice_eq(from, SLICE("Environment"))) return from_environment(s, ret);
        if (slice_eq(from, SLICE("Ec2InstanceMetadata"))) return metadata_instance(s->c, ret, s->f);
        if (slice_eq(from, SLICE("EcsContainer"))) return metadata_container(s->c, ret, s->f);
        return cloud_fail(s->f, CLOUD_CREDENTIALS,
                          "credential_source of profile '%.100s' must be Environment, Ec2InstanceMetadata or "
                          "EcsContainer",
                          name);
    }
    if (!p->source_profile)
        return cloud_fail(s->f, CLOUD_CREDENTIALS,
                          "profile '%.100s' has role_arn but neither source_profile nor credential_source", name);
    // A profile may be its own source: its static keys then assume its role.
    if (strcmp(p->source_profile, name) == 0)
        return take_static(s, "the profile", p->access_key_id, p->secret, p->token, ret);
    struct profile source;
    bool claimed = false;
    enum cloud_class c = load(s, p->source_profile, true, &source);
    if (c == CLOUD_OK) c = from_profile(s, p->source_profile, &source, ret, &claimed);
    if (c == CLOUD_OK && !claimed)
        return cloud_fail(s->f, CLOUD_CREDENTIALS, "source_profile '%.100s' holds no credentials", p->source_profile);
    return c;
}

static enum cloud_class from_role(struct search *s, const char *name, const struct profile *p, struct creds *ret)
{
    struct creds base = {.id = ""};
    if (p->mfa_serial)
        return cloud_fail(s->f, CLOUD_CREDENTIALS,
                          "profile '%.100s' asks for MFA (mfa_serial), which a service cannot answer", name);
    enum cloud_class c = base_of(s, name, p, &base);
    if (c != CLOUD_OK) return c;
    struct assume q = {p->role_arn, p->external_id, p->role_session_name, p->duration_seconds};
    c = sts_assume_with(s->c, &base, &s->out->overrides, s->region, &q, ret, s->f);
    creds_wipe(&base);
    return c;
}

static enum cloud_class from_profile(struct search *s, const char *name, const struct profile *p, struct creds *ret,
                                     bool *claimed)
{
    for (unsigned i = 0; i < s->depth; i++)
        if (strcmp(s->seen[i], name) == 0)
            return cloud_fail(s->f, CLOUD_CREDENTIALS, "source_profile of '%.100s' leads back to itself", name);
    if (s->depth == PROFILE_CHAIN)
        return cloud_fail(s->f, CLOUD_CREDENTIALS, "more than %d profiles are linked by source_profile", PROFILE_CHAIN);
    s->seen[s->depth++] = name;
    *claimed = true;
    if (p->role_arn && p->web_identity_token_file) {
        struct assume q = {p->role_arn, NULL, p->role_session_name, NULL};
        return sts_web_identity(s->c, &s->out->overrides, s->region, &q, p->web_identity_token_file, ret, s->f);
    }
    if (p->role_arn) return from_role(s, name, p, ret);
    if (p->access_key_id || p->secret) {
        char from[140];
        snprintf(from, sizeof from, "profile '%.100s'", name);
        return take_static(s, from, p->access_key_id, p->secret, p->token, ret);
    }
    if (p->unsupported)
        return cloud_fail(s->f, CLOUD_CREDENTIALS,
                          "profile '%.100s' uses %s, which is not supported; use keys, a role or web identity", name,
                          p->unsupported);
    *claimed = false;
    return CLOUD_OK;
}

static enum cloud_class web_identity(struct search *s)
{
    const struct cloud_env *e = &s->c->opt.env;
    if (!e->role_arn)
        return cloud_fail(s->f, CLOUD_CREDENTIALS, "AWS_WEB_IDENTITY_TOKEN_FILE is set but AWS_ROLE_ARN is not");
    struct assume q = {e->role_arn, NULL, e->role_session_name, NULL};
    return sts_web_identity(s->c, &s->out->overrides, s->region, &q, e->web_identity_token_file, &s->out->creds, s->f);
}

static enum cloud_class nothing_found(struct search *s)
{
    return cloud_fail(
        s->f, CLOUD_CREDENTIALS,
        "no AWS credentials found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run "
        "where a role is attached");
}

static enum cloud_class ambient(struct search *s)
{
    const struct cloud_env *e = &s->c->opt.env;
    const char *name = e->profile ? e->profile : "default";
    bool has_keys = e->access_key_id || e->secret_access_key;
    struct profile p;
    enum cloud_class c = load(s, name, e->profile && !has_keys, &p); // its endpoints count with any credentials
    if (c != CLOUD_OK) return c;
    s->out->overrides = p.overrides;
    if (has_keys) return from_environment(s, &s->out->creds);
    bool claimed = false;
    // A profile's role comes before web identity of the environment, its other keys after.
    bool role_first = p.role_arn && !p.web_identity_token_file;
    if (!role_first && e->web_identity_token_file) return web_identity(s);
    c = from_profile(s, name, &p, &s->out->creds, &claimed);
    if (c != CLOUD_OK || claimed) return c;
    if (e->container_relative_uri || e->container_full_uri) return metadata_container(s->c, &s->out->creds, s->f);
    if (e->imds_disabled) return nothing_found(s);
    c = metadata_instance(s->c, &s->out->creds, s->f);
    return c == CLOUD_NOT_FOUND_YET ? nothing_found(s) : c;
}

static enum cloud_class run(struct search *s, enum cloud_class (*search)(struct search *))
{
    *s->out = (struct fetched){.creds = {.id = ""}};
    s->a = arena_new(FILES_ARENA);
    if (!s->a) return cloud_fail(s->f, CLOUD_TRANSIENT, "no memory to look for credentials");
    enum cloud_class c = search(s);
    if (c != CLOUD_OK) creds_wipe(&s->out->creds);
    arena_free(s->a);
    return c;
}

enum cloud_class chain_ambient(struct cloud *c, const char *region, struct fetched *ret, struct cloud_failure *f)
{
    struct search s = {.c = c, .region = region, .out = ret, .f = f};
    return run(&s, ambient);
}

static enum cloud_class named(struct search *s)
{
    const char *name = s->seen[0];
    struct profile p;
    bool claimed = false;
    enum cloud_class c = load(s, name, true, &p);
    if (c != CLOUD_OK) return c;
    s->out->overrides = p.overrides;
    c = from_profile(s, name, &p, &s->out->creds, &claimed);
    if (c == CLOUD_OK && !claimed)
        return cloud_fail(s->f, CLOUD_CREDENTIALS, "profile '%.100s' holds no credentials", name);
    return c;
}

enum cloud_class chain_profile(struct cloud *c, const char *name, const char *region, struct fetched *ret,
                               struct cloud_failure *f)
{
    struct search s = {.c = c, .region = region, .out = ret, .f = f, .seen = {name}};
    return run(&s, named);
}
