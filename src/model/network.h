// SPDX-License-Identifier: Apache-2.0
// Records of networks, and AWS region names. Pure. Called by: store, core, api, reconcile,
// cli. Must never: do I/O.
#pragma once

#include "base/cidr.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/id.h"
#include "model/tenant.h"

#define ACCOUNT_ID  13 // 12 digits and NUL
#define AWS_RES_ID  26 // "vpc-" or "pcx-" and 8 or 17 hex, and NUL
#define REGION_NAME 32 // "us-east-1"

enum identity_kind { IDENTITY_AMBIENT, IDENTITY_PROFILE, IDENTITY_ROLE };
enum network_mode { NETWORK_OBSERVE, NETWORK_MANAGE };
struct network {
    char id[OID_HEX + 1], group_id[OID_HEX + 1];
    char account_id[ACCOUNT_ID], region[REGION_NAME], vpc_id[AWS_RES_ID];
    struct slice cidrs; // "10.0.0.0/16 10.1.0.0/16": blocks from DescribeVpcs, first = primary; may be empty
    enum identity_kind identity;
    char identity_ref[256]; // role ARN or profile name; "" for ambient
    enum network_mode mode;
    bool is_default;   // answers accountDetails for its region
    bool is_protected; // neither it nor its connections may be deleted
    struct wall created;
    // scan state, written by the scanner only
    struct wall last_attempt, last_success;
    uint32_t failures;    // in a row
    bool failed;          // SCAN_FAILED overlay: three failures in a row, or one denial (design §7)
    struct slice failure; // why and what to do; empty when none
};

// "12 digits"; "vpc-" + 8 or 17 lower hex; "pcx-" likewise.
bool account_id_valid(struct slice s);
bool vpc_id_valid(struct slice s);
bool pcx_id_valid(struct slice s);
bool route_table_id_valid(struct slice s); // "rtb-" likewise
// role ARN -> account id and partition. ERR_INVALID says what is wrong.
enum err role_arn_parse(struct slice arn, char ret_account[ACCOUNT_ID], struct error *err) MUST_CHECK;

// Regions: a table of the AWS regions that Atlas names (facts §1.8): "us-east-1" <-> "US_EAST_1".
bool region_from_atlas(struct slice atlas,
                       char ret_aws[REGION_NAME]) MUST_CHECK; // case-sensitive; false = INVALID_REGION
void region_to_atlas(const char *aws, char ret_atlas[REGION_NAME]);
bool region_valid(struct slice aws); // shape of an AWS region of any partition
