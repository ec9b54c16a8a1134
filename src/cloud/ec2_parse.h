// SPDX-License-Identifier: Apache-2.0
// Reads what EC2 and STS answer. Pure, over bytes: every reply is hostile until it went through here.
// Called by: cloud/ec2_call, describe, sts, check; tests and fuzzers. Must never: trust a length, an id or an owner.
// Source of the shapes: EC2 API reference 2016-11-15, STS API reference 2011-06-15.
#pragma once

#include "base/xml.h"
#include "cloud/cloud.h"

struct ec2_error {
    char code[64], message[400], request_id[64];
};
// EC2's <Response><Errors><Error>, STS' <ErrorResponse><Error>, and the mixture that some servers send: the first
// Error. False when the body is none of them (HTML, empty, cut).
bool ec2_parse_error(struct slice body, struct arena *a, struct ec2_error *ret) MUST_CHECK;

// The tree of a successful reply, whose root must be <{action}Response>. CLOUD_TRANSIENT: not XML, cut, or HTML (a
// proxy or load balancer spoke). CLOUD_PERMANENT: a DOCTYPE, too large, or the answer to another action.
enum cloud_class ec2_parse_reply(struct slice body, const char *action, const struct xml_limits *lim, struct arena *a,
                                 const struct xml_node **ret_root, struct error *err) MUST_CHECK;

struct peering_page {
    struct observed *items; // strings in the arena that was given
    size_t n;
    unsigned dropped;        // items with a wrong owner, region or a malformed field
    struct slice next_token; // empty at the end
};
#define NEXT_TOKEN_MAX 4096
// account NULL = any accepter; region: fills in for an absent one, any other is dropped.
enum cloud_class ec2_parse_peerings(const struct xml_node *root, const char *account, const char *region,
                                    struct arena *a, struct peering_page *ret, struct error *err) MUST_CHECK;

// The one record of an AcceptVpcPeeringConnection reply. CLOUD_PERMANENT: none, or it is malformed.
enum cloud_class ec2_parse_peering(const struct xml_node *root, const char *region, struct arena *a,
                                   struct observed *ret, struct error *err) MUST_CHECK;

// The value of a tag of one connection; "" = it has none. CLOUD_NOT_FOUND_YET when the connection is not in the reply.
enum cloud_class ec2_parse_tag(const struct xml_node *root, const char *name, const char *key, char ret[CLOUD_TAG],
                               struct error *err) MUST_CHECK;

// The route of a table for that very block; one made by hand comes before a propagated one. CLOUD_NOT_FOUND_YET when
// the table is not in the reply.
enum cloud_class ec2_parse_route(const struct xml_node *root, const char *table_id, const struct cidr *block,
                                 struct cloud_route *ret, struct error *err) MUST_CHECK;

struct vpc_info {
    struct slice cidrs; // primary first, then other associated ones, IPv6 last
    char owner[ACCOUNT_ID];
};
// CLOUD_NOT_FOUND_YET when the VPC is not in the reply.
enum cloud_class ec2_parse_vpc(const struct xml_node *root, const char *vpc_id, struct arena *a, struct vpc_info *ret,
                               struct error *err) MUST_CHECK;

// ---- STS
enum cloud_class ec2_parse_caller(const struct xml_node *root, char ret_account[ACCOUNT_ID], char ret_arn[256],
                                  struct error *err) MUST_CHECK;
#define ACCESS_KEY_ID_MAX 128
#define SECRET_KEY_MAX    256
#define TOKEN_MAX         16384
struct raw_creds { // slices into whatever was parsed
    struct slice access_key_id, secret, token, expiration;
};
// ERR_INVALID names the field. token and expiration may be empty.
enum err creds_check(const struct raw_creds *c, struct wall *ret_expires, struct error *err) MUST_CHECK;
// Credentials below any node: AccessKeyId, SecretAccessKey, SessionToken, Expiration.
enum cloud_class ec2_parse_creds(const struct xml_node *root, struct raw_creds *ret, struct error *err) MUST_CHECK;
