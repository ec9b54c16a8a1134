// SPDX-License-Identifier: Apache-2.0
// Endpoint rules: AWS_ENDPOINT_URL_<SERVICE> > AWS_ENDPOINT_URL > [services] of the profile > endpoint_url of the
// profile > the partition's names. Source: AWS SDKs and Tools reference, "Service-specific endpoints".
// Called by: cloud/ec2_call. Must never: mix an override with FIPS or dual-stack.
#include "cloud/endpoint.h"

#include <stdio.h>

#include "base/url.h"

struct partition {
    const char *name, *prefix, *dns, *dualstack;
};
static const struct partition partitions[] = {
#define PARTITION(name, prefix, dns, dualstack) {name, prefix, dns, dualstack},
#include "spec/partitions.def"
#undef PARTITION
};

static bool is_word(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < 'a' || s.p[i] > 'z') return false;
    return s.n > 0;
}

static bool in_partition(struct slice region, struct slice prefix)
{
    if (!slice_starts(region, prefix)) return false;
    struct slice rest = slice_skip(region, prefix.n), part;
    uint64_t number;
    if (!slice_cut(&rest, '-', &part) || part.n) return false;
    return slice_cut(&rest, '-', &part) && is_word(part) && slice_u64(rest, 99, &number);
}

static const struct partition *find_partition(const char *region)
{
    for (unsigned i = 0; i < ARRAY_LEN(partitions); i++)
        if (in_partition(slice_of(region), slice_of(partitions[i].prefix))) return &partitions[i];
    return NULL;
}

const char *partition_of_region(const char *region)
{
    const struct partition *p = find_partition(region);
    return p ? p->name : NULL;
}

static const char *set(const char *s)
{
    return s && *s ? s : NULL;
}

static const char *find_override(const struct cloud_env *env, const struct endpoint_overrides *o, bool is_ec2)
{
    if (env->ignore_endpoints) return NULL;
    const char *ranked[] = {set(is_ec2 ? env->endpoint_ec2 : env->endpoint_sts), set(env->endpoint_all),
                            o ? set(is_ec2 ? o->ec2 : o->sts) : NULL, o ? set(o->all) : NULL};
    for (unsigned i = 0; i < ARRAY_LEN(ranked); i++)
        if (ranked[i]) return ranked[i];
    return NULL;
}

static enum err bad_url(const char *url, struct error *err)
{
    return error_set(err, ERR_INVALID,
                     "endpoint URL '%.200s' must be http:// or https:// with a host, optionally a port and a path, "
                     "and nothing else; check AWS_ENDPOINT_URL*",
                     url);
}

static enum err from_url(const char *text, struct endpoint *ret, struct error *err)
{
    struct url u;
    bool clean = strlen(text) < ENDPOINT_URL && url_split(slice_of(text), &u) == URL_OK;
    if (!clean || slice_find(u.rest, '?') >= 0 || slice_find(u.rest, '#') >= 0) return bad_url(text, err);
    struct slice shown = u.authority, own_port = u.tls ? SLICE(":443") : SLICE(":80");
    if (slice_ends(shown, own_port)) shown.n -= own_port.n;
    struct endpoint e;
    if (!slice_copy(shown, e.host, sizeof e.host)) return bad_url(text, err);
    snprintf(e.path, sizeof e.path, "%s%.*s", u.rest.n ? "" : "/", SLICE_FMT(u.rest));
    snprintf(e.url, sizeof e.url, "%s%s", text, u.rest.n ? "" : "/");
    *ret = e;
    return ERR_OK;
}

static enum err from_partition(const struct cloud_env *env, const char *service, const char *region,
                               struct endpoint *ret, struct error *err)
{
    const struct partition *p = find_partition(region);
    if (!p)
        return error_set(err, ERR_INVALID,
                         "region '%.40s' belongs to no AWS partition that is known; set AWS_ENDPOINT_URL_%s", region,
                         strcmp(service, "ec2") == 0 ? "EC2" : "STS");
    if (env->use_dualstack && !*p->dualstack)
        return error_set(err, ERR_INVALID, "partition %s has no dual-stack endpoints; unset AWS_USE_DUALSTACK_ENDPOINT",
                         p->name);
    // GovCloud's ordinary names are FIPS endpoints already.
    bool fips = env->use_fips && (env->use_dualstack || strcmp(p->name, "aws-us-gov") != 0);
    char url[ENDPOINT_URL];
    snprintf(url, sizeof url, "https://%s%s.%s.%s/", service, fips ? "-fips" : "", region,
             env->use_dualstack ? p->dualstack : p->dns);
    return from_url(url, ret, err);
}

enum err endpoint_resolve(const struct cloud_env *env, const struct endpoint_overrides *o, const char *service,
                          const char *region, struct endpoint *ret, struct error *err)
{
    const char *override = find_override(env, o, strcmp(service, "ec2") == 0);
    if (!override) return from_partition(env, service, region, ret, err);
    if (env->use_fips || env->use_dualstack)
        return error_set(err, ERR_INVALID,
                         "a custom endpoint URL cannot be combined with FIPS or dual-stack; unset AWS_ENDPOINT_URL* or "
                         "AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT");
    return from_url(override, ret, err);
}
