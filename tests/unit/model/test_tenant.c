// SPDX-License-Identifier: Apache-2.0
// Flags that are stored as what differs from the default, and tags in one text.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "model/tenant.h"

static void flags_are_stored_as_what_differs(void **state)
{
    assert_true(group_flag(0, GROUP_FLAG_DATA_EXPLORER) && org_flag(0, ORG_FLAG_GEN_AI));
    assert_false(group_flag(0, GROUP_FLAG_EXTENDED_STORAGE) || org_flag(0, ORG_FLAG_MULTI_FACTOR));
    for (unsigned f = 0; f < GROUP_FLAG_COUNT_; f++)
        for (int on = 0; on < 2; on++) {
            flag_set set = group_flag_with(0, (enum group_flag)f, on);
            assert_int_equal(group_flag(set, (enum group_flag)f), on);
            assert_int_equal(set & ~(1u << f), 0);
            assert_int_equal(group_flag_with(set, (enum group_flag)f, group_flag(0, (enum group_flag)f)), 0);
        }
    for (unsigned f = 0; f < ORG_FLAG_COUNT_; f++)
        for (int on = 0; on < 2; on++)
            assert_int_equal(org_flag(org_flag_with(0xFFFFFFFF, (enum org_flag)f, on), (enum org_flag)f), on);
}

// Their bits are in stores: a flag that moves would change what was set.
static void flags_keep_their_bits(void **state)
{
    assert_int_equal(ORG_FLAG_GEN_AI, 0);
    assert_int_equal(ORG_FLAG_SKIP_DEFAULT_ALERTS, 4);
    assert_int_equal(GROUP_FLAG_CLUSTER_AI, 0);
    assert_int_equal(GROUP_FLAG_DATA_EXPLORER, 2);
    assert_int_equal(GROUP_FLAG_SCHEMA_ADVISOR, 10);
    assert_int_equal(GROUP_FLAG_DEFAULT_ALERTS, 11);
    assert_string_equal(group_flag_name(GROUP_FLAG_NATIVE_RERANKING), "isNativeRerankingEnabled");
    assert_string_equal(org_flag_name(ORG_FLAG_RESTRICT_EMPLOYEES), "restrictEmployeeAccess");
}

static void an_organisation_without_a_limit_has_the_longest(void **state)
{
    assert_int_equal(org_secret_hours(&(struct org){.secret_hours = 0}), 8760);
    assert_int_equal(org_secret_hours(&(struct org){.secret_hours = 8}), 8);
}

static void tags_are_read_one_by_one(void **state)
{
    struct slice text = SLICE("env\x1fprod\x1ewho\x1f\xC3\xBC=:/\x1e");
    struct tag t;
    assert_true(tag_next(&text, &t));
    assert_true(slice_eq_cstr(t.key, "env") && slice_eq_cstr(t.value, "prod"));
    assert_true(tag_next(&text, &t));
    assert_true(slice_eq_cstr(t.key, "who") && slice_eq_cstr(t.value, "\xC3\xBC=:/"));
    assert_false(tag_next(&text, &t));
}

static void texts_of_tags_are_bounded_and_plain(void **state)
{
    char text[513];
    memset(text, 'k', sizeof text);
    assert_true(tag_text_valid(slice_n(text, 1)) && tag_text_valid(slice_n(text, 255)));
    assert_false(tag_text_valid(slice_n(text, 256)) || tag_text_valid(SLICE("")));
    for (size_t i = 0; i + 1 < sizeof text; i += 2) memcpy(text + i, "\xC3\xBC", 2);
    assert_true(tag_text_valid(slice_n(text, 510)));
    assert_false(tag_text_valid(slice_n(text, 512)));
    assert_false(tag_text_valid(SLICE("a\x1f")) || tag_text_valid(SLICE("a\x1e")) || tag_text_valid(SLICE("\x7f")));
    assert_false(tag_text_valid(SLICE("\xff")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags_are_stored_as_what_differs),
        cmocka_unit_test(flags_keep_their_bits),
        cmocka_unit_test(an_organisation_without_a_limit_has_the_longest),
        cmocka_unit_test(tags_are_read_one_by_one),
        cmocka_unit_test(texts_of_tags_are_bounded_and_plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
