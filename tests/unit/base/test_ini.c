// SPDX-License-Identifier: Apache-2.0
// Behaviour of the INI reader: our strict form, AWS' nested form, and line numbers in errors.
// Called by: meson test. Must never: let a value appear in an error.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/ini.h"

// Writes each line as `line[section]parent/key=value|`.
static enum err record(void *ctx, const struct ini_line *l, struct error *err)
{
    struct buf *b = ctx;
    if (slice_eq_cstr(l->key, "stop")) return error_set(err, ERR_DENIED, "stopped");
    buf_fmt(b, "%u[%.*s]", l->line, SLICE_FMT(l->section));
    if (l->nested) buf_fmt(b, "%.*s/", SLICE_FMT(l->parent));
    if (l->key.n) buf_fmt(b, "%.*s=%.*s", SLICE_FMT(l->key), SLICE_FMT(l->value));
    buf_char(b, '|');
    return ERR_OK;
}

static void reads(struct slice text, bool aws, const char *want)
{
    struct buf b;
    struct error e = {.detail = ""};
    buf_init(&b, 4096);
    assert_int_equal(ini_read(text, aws, record, &b, &e), ERR_OK);
    buf_char(&b, '\0');
    assert_string_equal(b.p, want);
    buf_done(&b);
}

static void refused(struct slice text, bool aws, const char *line)
{
    struct buf b;
    struct error e = {.detail = ""};
    buf_init(&b, 4096);
    assert_int_equal(ini_read(text, aws, record, &b, &e), ERR_INVALID);
    assert_non_null(strstr(e.detail, line));
    assert_null(strstr(e.detail, "hunter2"));
    buf_done(&b);
}

static void settings_and_sections(void **state)
{
    reads(SLICE(""), false, "");
    reads((struct slice){NULL, 0}, false, "");
    reads(SLICE("a=1\n"), false, "1[]a=1|");
    reads(SLICE("# c\n; c\n\n[ profile  x ]\nkey = some value # kept\nb=\nc = d=e"), false,
          "4[profile  x]|5[profile  x]key=some value # kept|6[profile  x]b=|7[profile  x]c=d=e|");
    reads(SLICE("[a]\r\nk = v\r\n\r\n[b]\r\n"), false, "1[a]|2[a]k=v|4[b]|");
    reads(SLICE("k\t=\tv\t\n \t\n"), false, "1[]k=v|");
}

static void wrong_lines_are_named(void **state)
{
    refused(SLICE("a=1\n\nhunter2\n"), false, "line 3:");
    refused(SLICE("[a\nb=hunter2"), false, "line 1:");
    refused(SLICE("[]\n"), false, "line 1:");
    refused(SLICE("[ ]\n"), false, "line 1:");
    refused(SLICE("[a] b\n"), false, "line 1:");
    refused(SLICE("[a] # c\n"), false, "line 1:");
    refused(SLICE("= hunter2\n"), false, "line 1:");
    refused(SLICE("a=1\n  b=hunter2\n"), false, "line 2:");
    refused(SLICE("a=1\n  # c\n"), false, "line 2:");
    refused(SLICE(" [a]\n"), false, "line 1:");
    refused(SLICE("a=hunter2\0b\n"), false, "line 1:");
    refused(SLICE("a=b\rc=hunter2\n"), false, "line 1:");
}

static void aws_files_may_nest(void **state)
{
    reads(SLICE("[default]\ns3 =\n  max = 5\n\n  # c\n  min=1\nregion = eu-west-1\n[profile b] ; c\n"), true,
          "1[default]|2[default]s3=|3[default]s3/max=5|6[default]s3/min=1|7[default]region=eu-west-1|8[profile b]|");
    // A whole section that is indented alike does not nest.
    reads(SLICE("[a]\n  id = x\n  key = y\n"), true, "1[a]|2[a]id=x|3[a]key=y|");
    refused(SLICE("[a]\nid = x\n  key = hunter2\n"), true, "line 3:");
    refused(SLICE("[a]\ns3 =\n  hunter2\n"), true, "line 3:");
    refused(SLICE("[a]\ns3 =\n  = hunter2\n"), true, "line 3:");
    // The parent ends with its section.
    reads(SLICE("s3 =\n[b]\n k = v\n"), true, "1[]s3=|2[b]|3[b]k=v|");
}

static void a_callback_can_stop(void **state)
{
    struct buf b;
    struct error e;
    buf_init(&b, 4096);
    assert_int_equal(ini_read(SLICE("a=1\nstop=1\nb=2\nbroken"), false, record, &b, &e), ERR_DENIED);
    assert_string_equal(e.detail, "stopped");
    assert_true(slice_eq_cstr(buf_view(&b), "1[]a=1|"));
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_and_sections),
        cmocka_unit_test(wrong_lines_are_named),
        cmocka_unit_test(aws_files_may_nest),
        cmocka_unit_test(a_callback_can_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
