// SPDX-License-Identifier: Apache-2.0
// Behaviour of the command line's parser and its table: every spelling, every refusal, and rows that are whole.
// Called by: meson test. Must never: run a command.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/cmd.h"

static const struct cmd_flag flags[] = {{"name", "NAME", "a name", true, false},
                                        {"role", "ROLE", "a role", false, true},
                                        {"fast", NULL, "fast", false, false},
                                        {NULL}};
static const struct cmd sample = {.name = "thing add",
                                  .operands = "FILE",
                                  .min = 1,
                                  .max = 2,
                                  .summary = "add a thing",
                                  .flags = flags,
                                  .traits = CMD_CONFIG | CMD_KEYS | CMD_JSON};

#define ARGV(...) ((const char *const[]){__VA_ARGS__, NULL})

static enum err parse(const char *const *list, struct args *out, struct error *err)
{
    int n = 0;
    while (list[n]) n++;
    return args_parse(&sample, n, (char **)(uintptr_t)list, out, err);
}

static struct args parses(const char *const *list)
{
    struct args a;
    struct error err = {.detail = ""};
    if (parse(list, &a, &err) != ERR_OK) fail_msg("%s", err.detail);
    return a;
}

static void refused(const char *const *list, const char *word)
{
    struct args a = {.operand_count = 77};
    struct error err = {.detail = ""};
    assert_int_equal(parse(list, &a, &err), ERR_INVALID);
    if (!strstr(err.detail, word)) fail_msg("\"%s\" lacks \"%s\"", err.detail, word);
    assert_int_equal(a.operand_count, 77);
}

static void both_spellings_and_any_order(void **state)
{
    (void)state;
    struct args a = parses(ARGV("f", "--name", "x", "--role=A", "--json", "--role", "B", "g"));
    assert_string_equal(arg(&a, "name"), "x");
    assert_int_equal(a.operand_count, 2);
    assert_string_equal(a.operands[1], "g");
    unsigned pos = 0;
    assert_string_equal(arg_next(&a, "role", &pos), "A");
    assert_string_equal(arg_next(&a, "role", &pos), "B");
    assert_null(arg_next(&a, "role", &pos));
    assert_true(arg_on(&a, "json"));
    assert_false(arg_on(&a, "fast"));
    assert_false(a.help);
    a = parses(ARGV("--name=", "f"));
    assert_string_equal(arg(&a, "name"), "");
}

static void after_two_dashes_all_is_an_operand(void **state)
{
    (void)state;
    struct args a = parses(ARGV("--name=x", "--", "--role", "-"));
    assert_string_equal(a.operands[0], "--role");
    assert_string_equal(a.operands[1], "-");
}

static void keys_of_the_configuration_are_flags(void **state)
{
    (void)state;
    struct args a = parses(ARGV("f", "--name=x", "--log-level", "debug", "--access-log"));
    assert_string_equal(a.names[1], "log_level");
    assert_true(a.is_key[1]);
    assert_string_equal(a.values[2], "true");
    assert_null(arg(&a, "log_level")); // a key is no flag of the command
    refused(ARGV("f", "--name=x", "--log_level=debug"), "--log-level");
}

static void help_needs_nothing_else(void **state)
{
    (void)state;
    assert_true(parses(ARGV("--help")).help);
    assert_true(parses(ARGV("-h")).help);
}

static void refusals_name_the_flag(void **state)
{
    (void)state;
    refused(ARGV("f", "--nmae=x"), "--name");
    refused(ARGV("f", "--name"), "needs a value");
    refused(ARGV("f", "--name=x", "--name=y"), "twice");
    refused(ARGV("f", "--name=x", "--fast=1"), "takes no value");
    refused(ARGV("f"), "--name");
    refused(ARGV("--name=x"), "FILE is missing");
    refused(ARGV("--name=x", "a", "b", "c"), "\"c\"");
    refused(ARGV("--name=x", "-z"), "-z");
    refused(ARGV("--name=x", "f", "--workres=1"), "--workers");
}

static void numbers_have_bounds(void **state)
{
    (void)state;
    struct error err = {.detail = ""};
    int64_t v = -1;
    struct args a = parses(ARGV("f", "--name=7"));
    assert_int_equal(arg_number(&a, "name", 1, 9, 5, &v, &err), ERR_OK);
    assert_int_equal(v, 7);
    assert_int_equal(arg_number(&a, "role", 1, 9, 5, &v, &err), ERR_OK);
    assert_int_equal(v, 5);
    assert_int_equal(arg_number(&a, "name", 1, 6, 5, &v, &err), ERR_INVALID);
    assert_non_null(strstr(err.detail, "1 to 6"));
    a = parses(ARGV("f", "--name=7x"));
    assert_int_equal(arg_number(&a, "name", 1, 9, 5, &v, &err), ERR_INVALID);
    assert_int_equal(v, 5);
}

static void too_many_are_refused(void **state)
{
    (void)state;
    const char *list[ARGS_MAX + 4];
    size_t n = 0;
    while (n < ARGS_MAX + 2) list[n++] = "--role=x";
    list[n] = NULL;
    refused(list, "more than");
    for (size_t i = 0; i < n; i++) list[i] = "x";
    refused(list, "more than");
}

static void every_row_of_the_table_is_whole(void **state)
{
    (void)state;
    for (unsigned i = 0; i < cmd_count; i++) {
        const struct cmd *c = cmds[i];
        assert_non_null(c->run);
        assert_true(c->summary && *c->summary && c->summary[strlen(c->summary) - 1] != '.');
        assert_true(c->min <= c->max);
        assert_true((c->max == 0) == (c->operands == NULL));
        assert_true(!(c->traits & CMD_SERVICE) || (c->traits & CMD_CONFIG)); // it must be known which store
        assert_false((c->traits & CMD_SERVICE) && (c->traits & CMD_KEYS));   // a daemon has its own
        for (const struct cmd_flag *f = c->flags; f && f->name; f++) {
            assert_true(f->help && *f->help);
            assert_true(!f->many || f->value);
        }
        for (unsigned k = 0; k < i; k++) assert_string_not_equal(c->name, cmds[k]->name);
        struct buf out;
        buf_init(&out, 1 << 16);
        help_cmd(c, &out);
        assert_int_equal(out.fail, BUF_OK);
        assert_true(out.n > 0);
        buf_done(&out);
    }
}

static void suggestions(void **state)
{
    (void)state;
    static const struct {
        const char *argv[3], *want;
    } rows[] = {
        {{"serv"}, "\"serve\""},           {{"netwrok", "list"}, "\"network list\""},
        {{"key"}, "peerage key create"},   {{"key", "delte"}, "peerage key delete"},
        {{"doctor-store2"}, "\"doctor\""}, // never a hidden one
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out;
        buf_init(&out, 4096);
        cmd_suggest(rows[i].argv[1] ? 2 : 1, (char **)(uintptr_t)rows[i].argv, &out);
        buf_char(&out, '\0');
        if (!strstr(out.p, rows[i].want)) fail_msg("%s lacks %s", out.p, rows[i].want);
        buf_done(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_spellings_and_any_order),
        cmocka_unit_test(after_two_dashes_all_is_an_operand),
        cmocka_unit_test(keys_of_the_configuration_are_flags),
        cmocka_unit_test(help_needs_nothing_else),
        cmocka_unit_test(refusals_name_the_flag),
        cmocka_unit_test(numbers_have_bounds),
        cmocka_unit_test(too_many_are_refused),
        cmocka_unit_test(every_row_of_the_table_is_whole),
        cmocka_unit_test(suggestions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
