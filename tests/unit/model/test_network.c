// SPDX-License-Identifier: Apache-2.0
// AWS identifiers, ARNs, region names, and the character rule of names.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "model/name.h"
#include "model/network.h"

static void identifiers_have_one_shape(void **state)
{
    assert_true(account_id_valid(SLICE("000000000000")));
    const char *accounts[] = {"", "12345678901", "1234567890123", "12345678901a", "12345678901 ", "-12345678901"};
    for (size_t i = 0; i < ARRAY_LEN(accounts); i++) assert_false(account_id_valid(slice_of(accounts[i])));
    assert_true(vpc_id_valid(SLICE("vpc-0123abcd")) && vpc_id_valid(SLICE("vpc-0123456789abcdef0")));
    assert_true(pcx_id_valid(SLICE("pcx-0123abcd")) && pcx_id_valid(SLICE("pcx-0123456789abcdef0")));
    const char *vpcs[] = {"",
                          "vpc-",
                          "vpc-0123abc",
                          "vpc-0123abcde",
                          "vpc-0123ABCD",
                          "VPC-0123abcd",
                          "pcx-0123abcd",
                          "vpc_0123abcd",
                          "vpc-0123abcg",
                          "vpc-0123456789abcdef01",
                          " vpc-0123abcd"};
    for (size_t i = 0; i < ARRAY_LEN(vpcs); i++) assert_false(vpc_id_valid(slice_of(vpcs[i])));
    assert_false(pcx_id_valid(SLICE("vpc-0123abcd")));
    assert_false(account_id_valid(slice_n("12345678901\0", 12)));
}

static void role_arns_give_their_account(void **state)
{
    const char *good[] = {"arn:aws:iam::123456789012:role/a", "arn:aws-cn:iam::123456789012:role/path/to/Name_+=,.@-1",
                          "arn:aws-us-gov:iam::123456789012:role/x"};
    char account[ACCOUNT_ID];
    struct error err;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_int_equal(role_arn_parse(slice_of(good[i]), account, &err), ERR_OK);
        assert_string_equal(account, "123456789012");
    }
    const char *bad[] = {"",
                         "role/a",
                         "arn:aws:iam::123456789012",
                         "arn:aws:iam::123456789012:user/a",
                         "arn:aws:iam::123456789012:role/",
                         "arn:aws:iam::123456789012:role//",
                         "arn:aws:iam::123456789012:role/a/",
                         "arn:aws:iam::123456789012:role/a b",
                         "arn:aws:iam::123456789012:role/a:b",
                         "arn:aws:iam::12345678901:role/a",
                         "arn:aws:iam:us-east-1:123456789012:role/a",
                         "arn:aws:sts::123456789012:assumed-role/a/b",
                         "arn:nope:iam::123456789012:role/a",
                         "ARN:aws:iam::123456789012:role/a"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_true(cstr_set(account, sizeof(account), "unchanged"));
        if (role_arn_parse(slice_of(bad[i]), account, &err) != ERR_INVALID) fail_msg("%s", bad[i]);
        assert_string_equal(account, "unchanged");
        assert_true(err.detail[0]);
    }
    char longname[600] = "arn:aws:iam::123456789012:role/";
    memset(longname + 31, 'a', 65);
    assert_int_equal(role_arn_parse(slice_n(longname, 31 + 64), account, &err), ERR_OK);
    assert_int_equal(role_arn_parse(slice_n(longname, 31 + 65), account, &err), ERR_INVALID);
}

static void every_region_of_atlas_is_there_and_follows_the_rule(void **state)
{
    static const struct {
        const char *atlas, *aws;
    } regions[] = {
#define REGION(atlas, aws) {atlas, aws},
#include "spec/regions.def"
#undef REGION
    };
    assert_int_equal(ARRAY_LEN(regions), 38); // 39 of the enum less GLOBAL
    for (size_t i = 0; i < ARRAY_LEN(regions); i++) {
        char aws[REGION_NAME], atlas[REGION_NAME];
        assert_true(region_from_atlas(slice_of(regions[i].atlas), aws));
        assert_string_equal(aws, regions[i].aws);
        region_to_atlas(regions[i].aws, atlas);
        assert_string_equal(atlas, regions[i].atlas);
        assert_true(region_valid(slice_of(regions[i].aws)));
    }
    char aws[REGION_NAME] = "unchanged";
    const char *bad[] = {"", "us-east-1", "us_east_1", "US_EAST_9", "GLOBAL", "US_EAST_1 ", "VIRGINIA_USA"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) assert_false(region_from_atlas(slice_of(bad[i]), aws));
    assert_string_equal(aws, "unchanged");
}

static void regions_of_all_partitions_have_a_shape(void **state)
{
    const char *good[] = {"us-east-1",      "us-gov-west-1",  "cn-northwest-1", "us-iso-east-1",
                          "us-isob-east-1", "eusc-de-east-1", "ap-southeast-12"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) assert_true(region_valid(slice_of(good[i])));
    const char *bad[] = {"",           "us",          "us-east",
                         "us-east-",   "us-east-0",   "us-east-123",
                         "US-EAST-1",  "us_east_1",   "u-east-1",
                         "us--east-1", "us-east-1a",  "us-east-1.evil.example",
                         "a/../b-c-1", "us-east-1\n", "aaaaaaaaaaaaaaaaaaaa-bbbbbbbbbbb-1"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (region_valid(slice_of(bad[i]))) fail_msg("%s", bad[i]);
}

static void names_are_letters_numbers_and_the_listed_marks(void **state)
{
    const char *good[] = {"a", "Project-0_1.(2),:&@+'", "Zürich", "東京", "Ελλάδα", "٣", "½"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) assert_true(name_valid(slice_of(good[i]), 64, NAME_PUNCT_GROUP));
    const char *bad[] = {"",     " ",     "a b",          "a/b", "a\tb",    "a\x7f",
                         "\xc3", "a\xff", "\xed\xa0\x80", "€",   "emoji 😀", "a\u0301"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (name_valid(slice_of(bad[i]), 64, NAME_PUNCT_GROUP)) fail_msg("%s", bad[i]);
    assert_true(name_valid(SLICE("a b"), 64, NAME_PUNCT_ACCOUNT));
    assert_true(name_valid(SLICE("ééé"), 3, ""));
    assert_false(name_valid(SLICE("éééé"), 3, ""));
    assert_false(name_valid(slice_n("a\0b", 3), 64, NAME_PUNCT_GROUP));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identifiers_have_one_shape),
        cmocka_unit_test(role_arns_give_their_account),
        cmocka_unit_test(every_region_of_atlas_is_there_and_follows_the_rule),
        cmocka_unit_test(regions_of_all_partitions_have_a_shape),
        cmocka_unit_test(names_are_letters_numbers_and_the_listed_marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
