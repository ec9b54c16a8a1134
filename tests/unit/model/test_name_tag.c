// SPDX-License-Identifier: Apache-2.0
// Name tag templates: what AWS would refuse is refused before, and words become what they stand for.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
// cmocka needs those above first
#include <cmocka.h>

#include "model/name_tag.h"

static const struct connection peer = {.name = "pcx-0a0a0a0a",
                                       .requester_account = "222222222222",
                                       .requester_vpc = "vpc-0b0b0b0b",
                                       .requester_region = "eu-west-1",
                                       .accepter_vpc = "vpc-0c0c0c0c"};

static void test_words_become_what_they_stand_for(void **state)
{
    static const struct {
        const char *template, *value;
    } rows[] = {{"{requesterAccountId}-{requesterVpcId}", "222222222222-vpc-0b0b0b0b"},
                {"peer of {accepterVpcId}", "peer of vpc-0c0c0c0c"},
                {"{requesterRegion}/{connectionId}", "eu-west-1/pcx-0a0a0a0a"},
                {"kafka", "kafka"},
                {"Zürich = 1 + 1 @ a:b_c.d", "Zürich = 1 + 1 @ a:b_c.d"}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct error err;
        char value[NAME_TAG_BYTES];
        if (name_tag_check(slice_of(rows[i].template), &err) != ERR_OK)
            fail_msg("%s: %s", rows[i].template, err.detail);
        name_tag_expand(slice_of(rows[i].template), &peer, value);
        assert_string_equal(value, rows[i].value);
    }
}

static void test_what_aws_would_refuse_is_refused(void **state)
{
    static char long_one[NAME_TAG_CHARS + 2], huge[NAME_TAG_BYTES + 2];
    memset(long_one, 'x', NAME_TAG_CHARS + 1);
    memset(huge, 'x', NAME_TAG_BYTES + 1);
    const char *bad[] = {
        "",         "{requester}", "{requesterVpcId", "requesterVpcId}", "{}",   "{{name}}", " edge",  "edge ",
        "aws:mine", "AWS:mine",    "semi;kolon",      "new\nline",       "\xff", "a<b",      long_one, huge};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct error err = {ERR_OK, ""};
        if (name_tag_check(slice_of(bad[i]), &err) != ERR_INVALID) fail_msg("taken: %.40s", bad[i]);
        assert_true(err.detail[0] != '\0');
    }
    // 256 characters are allowed, with the longest words in; bytes do not count.
    struct error err;
    long_one[NAME_TAG_CHARS] = '\0';
    assert_int_equal(name_tag_check(slice_of(long_one), &err), ERR_OK);
    memcpy(long_one, "{connectionId}", 14);
    assert_int_equal(name_tag_check(slice_of(long_one), &err), ERR_INVALID);
    assert_int_equal(name_tag_check(slice_skip(slice_of(long_one), 0), &err), ERR_INVALID);
    long_one[NAME_TAG_CHARS - 7] = '\0'; // 21 characters instead of 14
    assert_int_equal(name_tag_check(slice_of(long_one), &err), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_become_what_they_stand_for),
        cmocka_unit_test(test_what_aws_would_refuse_is_refused),
    };
    return cmocka_run_group_tests_name("model/name_tag", tests, NULL, NULL);
}
