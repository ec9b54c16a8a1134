// SPDX-License-Identifier: Apache-2.0
// The page about the simulator lists the actions, settings and faults that there are.
// Must never: know a name of its own.

#include "ec2sim/fault.h"
#include "support/ec2sim_page.h"

static void put_actions(struct buf *out)
{
    const char *name;
    buf_lit(out, "```\n");
    for (unsigned i = 0; (name = ec2_action_at(i)) != NULL; i++) buf_fmt(out, "%s\n", name);
    buf_lit(out, "```\n");
}

static void put_settings(struct buf *out)
{
    buf_lit(out, "| setting | default | from | to | meaning |\n|---|---|---|---|---|\n");
#define X(field, wire, dflt, min, max, meaning)                                                                        \
    buf_fmt(out, "| `%s` | %lld | %lld | %lld | %s |\n", wire, (long long)(dflt), (long long)(min), (long long)(max),  \
            meaning);
    EC2SIM_SETTINGS(X)
#undef X
}

static void put_faults(struct buf *out)
{
    buf_lit(out, "| kind | what happens |\n|---|---|\n");
#define X(kind, name, meaning) buf_fmt(out, "| `%s` | %s |\n", name, meaning);
    FAULT_KINDS(X)
#undef X
}

static void actions_are_told(void **state)
{
    (void)state;
    assert_page_holds(put_actions);
}

static void settings_are_told(void **state)
{
    (void)state;
    assert_page_holds(put_settings);
}

static void faults_are_told(void **state)
{
    (void)state;
    assert_page_holds(put_faults);
}

// With the argument "print" it writes the tables for the page.
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(actions_are_told),
        cmocka_unit_test(settings_are_told),
        cmocka_unit_test(faults_are_told),
    };
    if (argc > 1 && strcmp(argv[1], "print") == 0)
        return page_print(put_actions) | page_print(put_settings) | page_print(put_faults);
    return cmocka_run_group_tests_name("ec2sim page", tests, NULL, NULL);
}
