// SPDX-License-Identifier: Apache-2.0
// Behaviour of the XML reader: EC2-shaped replies, refusal of DOCTYPE, limits, failed allocations, escaping.
// Called by: meson test. Must never: leave a fault set behind.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/xml.h"

static enum err read_with(struct arena *a, const char *text, const struct xml_limits *lim, struct xml_node **root)
{
    struct error e = {.code = ERR_OK};
    enum err rc = xml_read(a, slice_of(text), lim, root, &e);
    assert_int_equal(e.code, rc);
    if (rc != ERR_OK) assert_true(e.detail[0] != '\0');
    return rc;
}

static void refused(const char *text, enum err want)
{
    struct arena *a = arena_new(1 << 20);
    struct xml_node *root = NULL;
    assert_int_equal(read_with(a, text, &xml_limits_default, &root), want);
    assert_null(root);
    arena_free(a);
}

static void a_reply_becomes_a_tree(void **state)
{
    struct arena *a = arena_new(1 << 20);
    struct xml_node *root;
    const char *text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                       "<D xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\n"
                       "  <requestId> abc </requestId>\n"
                       "  <set>\n    <item><id>pcx-1</id><empty/></item>\n    <item><id>pcx-2</id></item>\n  </set>\n"
                       "  <x:other>a &lt;b&gt; &amp;&#228;<![CDATA[<raw>]]></x:other>\n</D>";
    assert_int_equal(read_with(a, text, &xml_limits_default, &root), ERR_OK);
    assert_true(slice_eq_cstr(root->name, "D"));
    assert_int_equal(root->text.n, 0);
    assert_true(slice_eq_cstr(xml_text(root, "requestId"), "abc"));
    assert_true(slice_eq_cstr(xml_text(root, "other"), "a <b> &\xc3\xa4<raw>"));
    const struct xml_node *set = xml_child(root, "set");
    const struct xml_node *one = set->first_child, *two = one->next;
    assert_true(slice_eq_cstr(xml_text(one, "id"), "pcx-1"));
    assert_non_null(xml_child(one, "empty"));
    assert_int_equal(xml_text(one, "empty").n, 0);
    assert_true(slice_eq_cstr(xml_text(two, "id"), "pcx-2"));
    assert_null(two->next);
    assert_ptr_equal(xml_find(root, "id"), xml_child(one, "id"));
    assert_ptr_equal(xml_find(root, "D"), root);
    assert_null(xml_find(two, "empty"));
    assert_null(xml_find(one, "other"));
    arena_free(a);
}

static void absent_things_are_empty(void **state)
{
    assert_null(xml_child(NULL, "x"));
    assert_null(xml_find(NULL, "x"));
    assert_int_equal(xml_text(NULL, "x").n, 0);
}

static void text_around_children_is_joined(void **state)
{
    struct arena *a = arena_new(1 << 20);
    struct xml_node *root;
    assert_int_equal(read_with(a, "<a> one<b>inner</b>two </a>", &xml_limits_default, &root), ERR_OK);
    assert_true(slice_eq_cstr(root->text, "onetwo"));
    assert_true(slice_eq_cstr(xml_text(root, "b"), "inner"));
    arena_free(a);
}

static void malformed_text_is_refused(void **state)
{
    const char *bad[] = {"",
                         "   ",
                         "<a>",
                         "<a></b>",
                         "<a/><b/>",
                         "text",
                         "<a>&undefined;</a>",
                         "<a b=c/>",
                         "<a>\x01</a>",
                         "<a>\xff</a>",
                         "<?xml version=\"1.0\"?>",
                         "<a/>x",
                         "<a><!-- -- --></a>",
                         "{}"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) refused(bad[i], ERR_PROTOCOL);
}

static void doctypes_are_refused(void **state)
{
    refused("<!DOCTYPE a><a/>", ERR_PROTOCOL);
    refused("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>", ERR_PROTOCOL);
    refused("<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", ERR_PROTOCOL);
    refused("<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>", ERR_PROTOCOL);
}

static void limits_are_exact(void **state)
{
    struct arena *a = arena_new(1 << 20);
    struct xml_node *root = NULL;
    struct xml_limits lim = {.max_bytes = 100, .max_nodes = 3, .max_depth = 2};
    assert_int_equal(read_with(a, "<a><b/><b/></a>", &lim, &root), ERR_OK);
    root = NULL;
    assert_int_equal(read_with(a, "<a><b/><b/><b/></a>", &lim, &root), ERR_TOO_LARGE);
    assert_int_equal(read_with(a, "<a><b><c/></b></a>", &lim, &root), ERR_TOO_LARGE);
    lim = (struct xml_limits){.max_bytes = 3, .max_nodes = 3, .max_depth = 2};
    assert_int_equal(read_with(a, "<aa/>", &lim, &root), ERR_TOO_LARGE);
    lim = (struct xml_limits){.max_bytes = 4, .max_nodes = 0, .max_depth = 2};
    assert_int_equal(read_with(a, "<a/>", &lim, &root), ERR_TOO_LARGE);
    lim = (struct xml_limits){.max_bytes = 4, .max_nodes = 1, .max_depth = 0};
    assert_int_equal(read_with(a, "<a/>", &lim, &root), ERR_TOO_LARGE);
    assert_null(root);
    arena_free(a);
}

static void a_full_arena_is_out_of_memory(void **state)
{
    struct arena *a = arena_new(200);
    struct xml_node *root = NULL;
    assert_int_equal(read_with(a, "<a><b>1</b><b>2</b><b>3</b><b>4</b></a>", &xml_limits_default, &root), ERR_NOMEM);
    assert_null(root);
    arena_free(a);
}

static void every_failed_allocation_is_survived(void **state)
{
    bool fired = true;
    for (uint64_t n = 1; fired && n < 1000; n++) {
        struct arena *a = arena_new(1 << 16);
        struct xml_node *root = NULL;
        struct error e;
        mem_fault_set(n, false);
        enum err rc =
            xml_read(a, SLICE("<a x='1'><b>text</b><c><d>more &amp; more</d></c></a>"), &xml_limits_default, &root, &e);
        fired = mem_fault_fired();
        mem_fault_set(0, false);
        assert_int_equal(rc, fired ? ERR_NOMEM : ERR_OK);
        assert_int_equal(root == NULL, fired);
        arena_free(a);
    }
    assert_false(fired);
}

static void escapes(const char *in, size_t n, const char *want)
{
    struct buf b;
    buf_init(&b, 256);
    xml_escape(&b, slice_n(in, n));
    assert_true(slice_eq_cstr(buf_view(&b), want));
    buf_done(&b);
}

static void escaping(void **state)
{
    escapes("a<b>&\"'", 7, "a&lt;b&gt;&amp;&quot;&apos;");
    escapes("\t\r\n", 3, "&#9;&#13;&#10;");
    escapes("\0\x1f", 2, "\xef\xbf\xbd\xef\xbf\xbd");
    escapes("\xff"
            "a\xc3",
            3,
            "\xef\xbf\xbd"
            "a\xef\xbf\xbd");
    escapes("\xef\xbf\xbe\xef\xbf\xbf", 6, "\xef\xbf\xbd\xef\xbf\xbd");
    escapes("\xc3\xa4\xe2\x82\xac", 5, "\xc3\xa4\xe2\x82\xac");
    escapes("", 0, "");
}

static void escaped_text_reads_back(void **state)
{
    struct slice in = SLICE("x<&>\"'\t\r\n]]> \xe2\x82\xac\x7fx");
    struct buf b;
    buf_init(&b, 256);
    buf_lit(&b, "<a>");
    xml_escape(&b, in);
    buf_lit(&b, "</a>");
    struct arena *a = arena_new(1 << 16);
    struct xml_node *root;
    struct error e;
    assert_int_equal(xml_read(a, buf_view(&b), &xml_limits_default, &root, &e), ERR_OK);
    assert_true(slice_eq(root->text, in));
    arena_free(a);
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_becomes_a_tree),
        cmocka_unit_test(absent_things_are_empty),
        cmocka_unit_test(text_around_children_is_joined),
        cmocka_unit_test(malformed_text_is_refused),
        cmocka_unit_test(doctypes_are_refused),
        cmocka_unit_test(limits_are_exact),
        cmocka_unit_test(a_full_arena_is_out_of_memory),
        cmocka_unit_test(every_failed_allocation_is_survived),
        cmocka_unit_test(escaping),
        cmocka_unit_test(escaped_text_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
