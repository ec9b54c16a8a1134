// SPDX-License-Identifier: Apache-2.0
// The cloud as the rest of Peerage sees it: typed calls, typed errors, one retry layer below. Called by: reconcile, cli
// (network check), app. Must never: retry a change blindly, trust what comes back unchecked, or run without a deadline.
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/rand.h"
#include "model/connection.h"

enum cloud_class { // what the caller does about a failure
    CLOUD_OK = 0,
    CLOUD_THROTTLED,     // slow down; retried below already
    CLOUD_TRANSIENT,     // network, 5xx, unreadable answers; retried below already
    CLOUD_CREDENTIALS,   // none found, expired, signature refused
    CLOUD_DENIED,        // IAM says no
    CLOUD_NOT_FOUND_YET, // …NotFound: maybe not propagated
    CLOUD_CONFLICT,      // InvalidStateTransition, OperationNotPermitted, quotas
    CLOUD_PERMANENT,     // a defect or an answer that may not be
};
const char *cloud_class_name(enum cloud_class c);
struct cloud_failure {
    enum cloud_class class;
    int http_status; // 0 when there was no reply
    char code[64];   // AWS error code, "" when none
    char request_id[64];
    char message[400]; // AWS' message or ours, and what to do
    bool uncertain;    // of a change: it may have taken effect all the same; describe before asking again
};

// Everything from the environment, read once by cloud_env_from_process and handed in (tests hand in their own).
struct cloud_env {
    const char *access_key_id, *secret_access_key, *session_token;
    const char *profile, *config_file, *credentials_file; // files resolved (HOME applied)
    const char *web_identity_token_file, *role_arn, *role_session_name;
    const char *container_relative_uri, *container_full_uri, *container_token, *container_token_file;
    bool imds_disabled;
    const char *imds_endpoint;                              // NULL = http://169.254.169.254
    const char *endpoint_ec2, *endpoint_sts, *endpoint_all; // AWS_ENDPOINT_URL_EC2, _STS, AWS_ENDPOINT_URL
    bool ignore_endpoints;
    bool use_fips, use_dualstack;
    const char *ca_bundle, *https_proxy, *no_proxy;
};
enum err cloud_env_from_process(struct arena *a, struct cloud_env *ret, struct error *err) MUST_CHECK;

struct cloud;
struct cloud_options {
    struct cloud_env env;
    const struct clock *clock;
    const struct rng *rng;
    int64_t call_ms;          // one attempt: 30000
    int64_t connect_ms;       // 3000
    unsigned attempts;        // 3
    size_t max_reply;         // 16 MiB
    unsigned page_size;       // 1000
    unsigned max_pages;       // 1000
    const char *session_name; // RoleSessionName: "peerage"
};
void cloud_options_default(struct cloud_options *o);
enum err cloud_new(const struct cloud_options *o, struct cloud **ret, struct error *err) MUST_CHECK; // thread-safe
void cloud_free(struct cloud *c);
void cloud_cancel(struct cloud *c); // running calls end soon with CLOUD_TRANSIENT; for shutdown

// Who acts: one network's identity, in one region.
struct cloud_target {
    enum identity_kind identity;
    const char *identity_ref; // role ARN or profile
    const char *external_id;  // for roles; "" = none
    const char *region;
};
// GetCallerIdentity: the account that these credentials belong to. Cached with the credentials.
enum cloud_class cloud_identity(struct cloud *c, const struct cloud_target *t, char ret_account[ACCOUNT_ID],
                                char ret_arn[256], struct cloud_failure *f) MUST_CHECK;

struct described {
    struct observed *items;
    size_t n;
    unsigned pages;
};
// All pages of DescribeVpcPeeringConnections with filter accepter-vpc-info.owner-id = account; deduplicated by id;
// items whose accepter account, region or id are not what was asked are dropped and counted (*ret_foreign), since no
// server-side filter is trusted. Fails whole: a page that cannot be read makes the scan incomplete, never shorter.
enum cloud_class cloud_describe_incoming(struct cloud *c, const struct cloud_target *t, const char *account,
                                         struct arena *a, struct described *ret, unsigned *ret_foreign,
                                         struct cloud_failure *f) MUST_CHECK;
// By ids (no MaxResults with ids). NotFound for any id is CLOUD_NOT_FOUND_YET; an empty set (moto) is the same for one
// id.
enum cloud_class cloud_describe_one(struct cloud *c, const struct cloud_target *t, const char *name, struct arena *a,
                                    struct observed *ret, struct cloud_failure *f) MUST_CHECK;
// The VPC's CIDR blocks, associated ones only, primary first, and its owner. CLOUD_NOT_FOUND_YET when absent.
enum cloud_class cloud_vpc(struct cloud *c, const struct cloud_target *t, const char *vpc_id, struct arena *a,
                           struct slice *ret_cidrs, char ret_owner[ACCOUNT_ID], struct cloud_failure *f) MUST_CHECK;

// ---- changes. Throttled ones are retried below, since they did nothing; what may have reached EC2 is never sent
// twice: then the class is mostly CLOUD_TRANSIENT, and f->uncertain tells that it may have happened. *ret: the record
// of the reply (VpcPeeringConnection), its name "" when the reply had none that is ours.
enum cloud_class cloud_accept(struct cloud *c, const struct cloud_target *t, const char *name, struct arena *a,
                              struct observed *ret, struct cloud_failure *f) MUST_CHECK;
enum cloud_class cloud_reject(struct cloud *c, const struct cloud_target *t, const char *name,
                              struct cloud_failure *f) MUST_CHECK;
enum cloud_class cloud_delete(struct cloud *c, const struct cloud_target *t, const char *name,
                              struct cloud_failure *f) MUST_CHECK;
// The tag Name of our side, and whether the requester's VPC resolves our public names to private addresses (refused by
// EC2 unless the connection is active). Both may be asked again without harm.
enum cloud_class cloud_name_tag(struct cloud *c, const struct cloud_target *t, const char *name, struct slice value,
                                struct cloud_failure *f) MUST_CHECK;
// What our side's tag Name is now; "" = none. A longer value than a tag can have is cut. CLOUD_NOT_FOUND_YET as
// cloud_describe_one.
#define CLOUD_TAG 1025
enum cloud_class cloud_name_tag_find(struct cloud *c, const struct cloud_target *t, const char *name,
                                     char ret[CLOUD_TAG], struct cloud_failure *f) MUST_CHECK;
enum cloud_class cloud_dns_option(struct cloud *c, const struct cloud_target *t, const char *name, bool on,
                                  struct cloud_failure *f) MUST_CHECK;

// ---- routes. cidr: IPv4 or IPv6. create: CLOUD_CONFLICT when there is a route for that block (RouteAlreadyExists) or
// no room (RouteLimitExceeded). delete: CLOUD_NOT_FOUND_YET when there is no such route or table (f->code tells).
enum cloud_class cloud_route_create(struct cloud *c, const struct cloud_target *t, const char *table_id,
                                    struct slice cidr, const char *pcx, struct cloud_failure *f) MUST_CHECK;
enum cloud_class cloud_route_delete(struct cloud *c, const struct cloud_target *t, const char *table_id,
                                    struct slice cidr, struct cloud_failure *f) MUST_CHECK;
struct cloud_route {
    char vpc_id[AWS_RES_ID]; // of the table; "" = not said
    unsigned routes;         // in the table, of any kind
    unsigned counted;        // of those, what AWS' quota counts: the block's family, neither local nor propagated
    bool found;              // there is one for that very block; the rest is of it
    bool propagated;         // by a gateway: a route that is made by hand takes precedence
    bool blackhole;          // its target is gone
    char target[128];        // "pcx-…", or what else it leads to ("local", "tgw-…"); "" = not said
};
// CLOUD_NOT_FOUND_YET: there is no such table.
enum cloud_class cloud_route_find(struct cloud *c, const struct cloud_target *t, const char *table_id,
                                  struct slice cidr, struct cloud_route *ret, struct cloud_failure *f) MUST_CHECK;

// ---- what `network check` prints: one row a permission.
struct permission_check {
    const char *action; // "ec2:AcceptVpcPeeringConnection"
    bool known, allowed;
    char note[200];
};
#define PERMISSION_CHECKS 8
// Reads are tried; writes are asked with DryRun only when `dry_run` (never against moto: it ignores DryRun and acts).
enum cloud_class cloud_check(struct cloud *c, const struct cloud_target *t, const char *account, const char *vpc_id,
                             bool dry_run, struct permission_check ret[PERMISSION_CHECKS], unsigned *ret_n,
                             struct cloud_failure *f) MUST_CHECK;

// `peerage aws-policy`: least IAM policy (observe or manage) and the role's trust policy, as JSON.
void cloud_policy_permissions(struct buf *out, const char *partition, enum network_mode mode);
void cloud_policy_trust(struct buf *out, const char *principal_arn, const char *external_id);
// Difference of our clock and the last reply's Date, in seconds; 0 when unknown. For doctor.
int64_t cloud_clock_skew(struct cloud *c);
