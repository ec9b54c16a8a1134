// SPDX-License-Identifier: Apache-2.0
// EC2's and STS' replies: whatever comes, what is taken over is well-formed and about the account that was asked.
// Called by: fuzz/driver.c or libFuzzer. Must never: accept a record of a foreign account.
#include <string.h>

#include "cloud/ec2_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ACCOUNT "123456789012"

static void check_peerings(const struct xml_node *root, struct arena *a)
{
    struct peering_page page;
    struct error err;
    if (ec2_parse_peerings(root, ACCOUNT, "us-east-1", a, &page, &err) != CLOUD_OK) return;
    ASSERT(page.next_token.n <= NEXT_TOKEN_MAX);
    for (size_t i = 0; i < page.n; i++) {
        const struct observed *o = &page.items[i];
        ASSERT(pcx_id_valid(slice_of(o->name)));
        ASSERT(strcmp(o->accepter_account, ACCOUNT) == 0);
        ASSERT(strcmp(o->accepter_region, "us-east-1") == 0);
        ASSERT(strlen(o->cloud_status) < CLOUD_STATUS);
        struct slice rest = o->requester_cidrs, block;
        struct cidr parsed;
        while (cidr_list_next(&rest, &block)) ASSERT(cidr_parse(block, false, &parsed));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const actions[] = {"DescribeVpcPeeringConnections", "DescribeVpcs", "GetCallerIdentity",
                                          "AssumeRole"};
    struct slice body = slice_n((const char *)data, size);
    struct arena *a = arena_new(8 << 20);
    ASSERT(a != NULL);
    struct error err;
    struct ec2_error said;
    if (ec2_parse_error(body, a, &said))
        ASSERT(strlen(said.code) < sizeof said.code && strlen(said.message) < sizeof said.message);
    for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
        const struct xml_node *root;
        struct vpc_info vpc;
        struct raw_creds creds;
        struct wall expires;
        char account[ACCOUNT_ID], arn[256];
        if (ec2_parse_reply(body, actions[i], &xml_limits_default, a, &root, &err) != CLOUD_OK) continue;
        check_peerings(root, a);
        if (ec2_parse_vpc(root, "vpc-0123456789abcdef0", a, &vpc, &err) == CLOUD_OK)
            ASSERT(vpc.owner[0] == 0 || account_id_valid(slice_of(vpc.owner))); // an owner may be left unsaid
        if (ec2_parse_caller(root, account, arn, &err) == CLOUD_OK) ASSERT(account_id_valid(slice_of(account)));
        if (ec2_parse_creds(root, &creds, &err) == CLOUD_OK && creds_check(&creds, &expires, &err) == ERR_OK)
            ASSERT(creds.access_key_id.n <= ACCESS_KEY_ID_MAX && creds.secret.n <= SECRET_KEY_MAX);
    }
    arena_free(a);
    return 0;
}
