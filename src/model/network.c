// SPDX-License-Identifier: Apache-2.0
// Shapes of AWS identifiers, role ARNs and region names. Called by: core, cloud, api, cli, config.
// Must never: accept more than AWS writes (these strings go into requests, keys and file names).
#include "model/network.h"

static bool all_in(struct slice s, bool (*in)(char))
{
    for (size_t i = 0; i < s.n; i++)
        if (!in(s.p[i])) return false;
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f');
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

bool account_id_valid(struct slice s)
{
    return s.n == ACCOUNT_ID - 1 && all_in(s, is_digit);
}

// AWS resource ids have 8 hex digits (before 2018) or 17.
static bool resource_id_valid(struct slice s, struct slice prefix)
{
    if (!slice_starts(s, prefix)) return false;
    struct slice hex = slice_skip(s, prefix.n);
    return (hex.n == 8 || hex.n == 17) && all_in(hex, is_hex);
}

bool vpc_id_valid(struct slice s)
{
    return resource_id_valid(s, SLICE("vpc-"));
}

bool pcx_id_valid(struct slice s)
{
    return resource_id_valid(s, SLICE("pcx-"));
}

bool route_table_id_valid(struct slice s)
{
    return resource_id_valid(s, SLICE("rtb-"));
}

// IAM role names and paths: RoleName [\w+=,.@-]{1,64}, Path starts and ends with '/' (IAM API reference, CreateRole).
static bool is_role_char(char c)
{
    return is_digit(c) || is_lower(c) || (c >= 'A' && c <= 'Z') || (c && strchr("_+=,.@-/", c));
}

static bool role_path_valid(struct slice s)
{
    size_t slash = s.n;
    while (slash > 0 && s.p[slash - 1] != '/') slash--;
    size_t name = s.n - slash;
    return name >= 1 && name <= 64 && s.n <= 512 && s.p[0] != '/' && all_in(s, is_role_char);
}

enum err role_arn_parse(struct slice arn, char ret_account[ACCOUNT_ID], struct error *err)
{
    struct slice rest = arn, part[5];
    for (size_t i = 0; i < ARRAY_LEN(part); i++)
        if (!slice_cut(&rest, ':', &part[i]))
            return error_set(err, ERR_INVALID, "a role ARN looks like arn:aws:iam::123456789012:role/NAME");
    if (!slice_eq_cstr(part[0], "arn") || !slice_eq_cstr(part[2], "iam") || part[3].n)
        return error_set(err, ERR_INVALID, "this is no IAM ARN: expected arn:aws:iam::123456789012:role/NAME");
    if (!slice_eq_cstr(part[1], "aws") && !slice_eq_cstr(part[1], "aws-cn") && !slice_eq_cstr(part[1], "aws-us-gov"))
        return error_set(err, ERR_INVALID, "unknown partition in the role ARN: aws, aws-cn and aws-us-gov are known");
    if (!account_id_valid(part[4])) return error_set(err, ERR_INVALID, "the account in the role ARN must be 12 digits");
    if (!slice_starts(rest, SLICE("role/")) || !role_path_valid(slice_skip(rest, 5)))
        return error_set(err, ERR_INVALID, "the ARN must end in role/NAME (not user, group or policy)");
    memcpy(ret_account, part[4].p, ACCOUNT_ID - 1);
    ret_account[ACCOUNT_ID - 1] = '\0';
    return ERR_OK;
}

static const struct {
    const char *atlas, *aws;
} regions[] = {
#define REGION(atlas, aws) {atlas, aws},
#include "spec/regions.def"
#undef REGION
};

bool region_from_atlas(struct slice atlas, char ret_aws[REGION_NAME])
{
    for (size_t i = 0; i < ARRAY_LEN(regions); i++)
        if (slice_eq_cstr(atlas, regions[i].atlas)) return cstr_set(ret_aws, REGION_NAME, regions[i].aws);
    return false;
}

void region_to_atlas(const char *aws, char ret_atlas[REGION_NAME])
{
    // Every row of the table follows this rule (a test proves it), and a region newer than the table gets it too.
    size_t i = 0;
    for (; aws[i] && i + 1 < REGION_NAME; i++)
        ret_atlas[i] = aws[i] == '-' ? '_' : is_lower(aws[i]) ? (char)(aws[i] - 'a' + 'A') : aws[i];
    ret_atlas[i] = '\0';
}

// "us-east-1", "us-gov-west-1", "cn-northwest-1", "us-iso-east-1", "eusc-de-east-1": two to four words of lower-case
// letters, the last part one or two digits.
bool region_valid(struct slice aws)
{
    if (aws.n >= REGION_NAME) return false;
    struct slice rest = aws, part;
    unsigned words = 0;
    while (slice_cut(&rest, '-', &part)) {
        if (part.n < 2 || !all_in(part, is_lower)) return false;
        words++;
    }
    return words >= 2 && words <= 4 && part.n >= 1 && part.n <= 2 && all_in(part, is_digit) && part.p[0] != '0';
}
