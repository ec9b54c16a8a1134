// SPDX-License-Identifier: Apache-2.0
// The least IAM policy that Peerage needs, and the trust policy of a role that it assumes, as JSON to paste.
// Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon EC2"; IAM user guide,
// "Access to AWS accounts owned by third parties" (external id). Called by: cli. Must never: grant more than is used.
#include <stdio.h>

#include "base/json.h"
#include "cloud/cloud.h"

static void strings(struct json_writer *w, const char *key, const char *const *list, unsigned n)
{
    json_key(w, key);
    json_arr(w);
    for (unsigned i = 0; i < n; i++) json_cstr(w, list[i]);
    json_arr_end(w);
}

static void statement(struct json_writer *w, const char *sid, const char *const *actions, unsigned n_actions,
                      const char *const *resources, unsigned n_resources)
{
    json_obj(w);
    json_kstr(w, "Sid", sid);
    json_kstr(w, "Effect", "Allow");
    strings(w, "Action", actions, n_actions);
    strings(w, "Resource", resources, n_resources);
    json_obj_end(w);
}

void cloud_policy_permissions(struct buf *out, const char *partition, enum network_mode mode)
{
    static const char *const reads[] = {"ec2:DescribeVpcPeeringConnections", "ec2:DescribeVpcs"};
    static const char *const accept[] = {"ec2:AcceptVpcPeeringConnection"};
    static const char *const end[] = {"ec2:RejectVpcPeeringConnection", "ec2:DeleteVpcPeeringConnection"};
    static const char *const tables[] = {"ec2:DescribeRouteTables"};
    static const char *const routes[] = {"ec2:CreateRoute", "ec2:DeleteRoute"};
    static const char *const finish[] = {"ec2:CreateTags", "ec2:ModifyVpcPeeringConnectionOptions"};
    static const char *const all[] = {"*"}; // Describe knows no resource-level permission
    char vpc[80], pcx[80], rtb[80];
    snprintf(vpc, sizeof vpc, "arn:%.32s:ec2:*:*:vpc/*", partition);
    snprintf(pcx, sizeof pcx, "arn:%.32s:ec2:*:*:vpc-peering-connection/*", partition);
    snprintf(rtb, sizeof rtb, "arn:%.32s:ec2:*:*:route-table/*", partition);
    const char *const both[] = {vpc, pcx}; // accepting is authorised on the VPC and on the connection
    const char *const one[] = {pcx};
    const char *const table[] = {rtb};
    struct json_writer w;
    json_begin(&w, out, true);
    json_obj(&w);
    json_kstr(&w, "Version", "2012-10-17");
    json_key(&w, "Statement");
    json_arr(&w);
    statement(&w, "PeerageObserve", reads, ARRAY_LEN(reads), all, ARRAY_LEN(all));
    if (mode == NETWORK_MANAGE) {
        statement(&w, "PeerageAccept", accept, ARRAY_LEN(accept), both, ARRAY_LEN(both));
        statement(&w, "PeerageEnd", end, ARRAY_LEN(end), one, ARRAY_LEN(one));
        statement(&w, "PeerageFinish", finish, ARRAY_LEN(finish), one, ARRAY_LEN(one));
        statement(&w, "PeerageRouteTables", tables, ARRAY_LEN(tables), all, ARRAY_LEN(all));
        statement(&w, "PeerageRoutes", routes, ARRAY_LEN(routes), table, ARRAY_LEN(table));
    }
    json_arr_end(&w);
    json_obj_end(&w);
}

void cloud_policy_trust(struct buf *out, const char *principal_arn, const char *external_id)
{
    struct json_writer w;
    json_begin(&w, out, true);
    json_obj(&w);
    json_kstr(&w, "Version", "2012-10-17");
    json_key(&w, "Statement");
    json_arr(&w);
    json_obj(&w);
    json_kstr(&w, "Effect", "Allow");
    json_key(&w, "Principal");
    json_obj(&w);
    json_kstr(&w, "AWS", principal_arn);
    json_obj_end(&w);
    json_kstr(&w, "Action", "sts:AssumeRole");
    if (external_id && *external_id) {
        json_key(&w, "Condition");
        json_obj(&w);
        json_key(&w, "StringEquals");
        json_obj(&w);
        json_kstr(&w, "sts:ExternalId", external_id);
        json_obj_end(&w);
        json_obj_end(&w);
    }
    json_obj_end(&w);
    json_arr_end(&w);
    json_obj_end(&w);
}
