// SPDX-License-Identifier: Apache-2.0
// Behaviour of the YAML reader: the tree, where things stand, everything that is refused and where, limits, memory.
// Called by: meson test. Must never: leave a fault set behind.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/yaml_read.h"

static void refused_with(const char *text, size_t n, const struct yaml_limits *lim, enum err want, const char *where)
{
    struct arena *a = arena_new(8 << 20);
    struct yaml_node *root = NULL;
    struct error e = {.code = ERR_OK};
    assert_int_equal(yaml_read(a, slice_n(text, n), lim, &root, &e), want);
    assert_int_equal(e.code, want);
    assert_null(root);
    if (!strstr(e.detail, where)) fail_msg("\"%s\" does not say \"%s\"", e.detail, where);
    arena_free(a);
}

static void refused(const char *text, const char *where)
{
    refused_with(text, strlen(text), &yaml_limits_default, ERR_INVALID, where);
}

static void text_is(const struct yaml_node *n, const char *want, bool plain)
{
    assert_non_null(n);
    assert_int_equal(n->kind, YAML_SCALAR);
    assert_true(slice_eq_cstr(n->text, want));
    assert_int_equal(n->plain, plain);
}

static void a_file_becomes_a_tree(void **state)
{
    struct arena *a = arena_new(1 << 20);
    struct yaml_node *root;
    struct error e;
    const char *text =
        "# who\norgs:\n  - name: no\n    code: 0123\n    quoted: \"no\"\n    block: |\n      a\n      b\n"
        "    list: [x, 'y', {}]\n  -   name: b\nnone:\n";
    assert_int_equal(yaml_read(a, slice_of(text), &yaml_limits_default, &root, &e), ERR_OK);
    assert_int_equal(root->kind, YAML_MAP);
    assert_int_equal(root->count, 2);
    const struct yaml_node *orgs = yaml_get(root, "orgs"), *one = orgs->first_child;
    assert_int_equal(orgs->kind, YAML_LIST);
    assert_int_equal(orgs->count, 2);
    assert_int_equal(orgs->key_line, 2);
    text_is(yaml_get(one, "name"), "no", true);
    text_is(yaml_get(one, "code"), "0123", true);
    text_is(yaml_get(one, "quoted"), "no", false);
    text_is(yaml_get(one, "block"), "a\nb\n", false);
    text_is(yaml_get(root, "none"), "", true);
    const struct yaml_node *list = yaml_get(one, "list");
    text_is(list->first_child->next, "y", false);
    assert_int_equal(list->first_child->next->next->kind, YAML_MAP);
    assert_int_equal(list->first_child->next->next->count, 0);
    assert_int_equal(list->line, 9);
    assert_int_equal(list->column, 11);
    assert_int_equal(list->key_column, 5);
    text_is(yaml_get(one->next, "name"), "b", true);
    assert_int_equal(one->next->line, 10);
    assert_null(one->next->next);
    assert_null(yaml_get(one, "nam"));
    assert_null(yaml_get(orgs, "name"));
    assert_null(yaml_get(NULL, "name"));
    arena_free(a);
}

static void json_is_read_too(void **state)
{
    struct arena *a = arena_new(1 << 20);
    struct yaml_node *root;
    struct error e;
    const char *text = "{\"a\": [\"x\\u00e4\\n\\/\", true, 12, {}], \"b\": {\"c\": \"\"}}";
    assert_int_equal(yaml_read(a, slice_of(text), &yaml_limits_default, &root, &e), ERR_OK);
    text_is(yaml_get(root, "a")->first_child, "x\xc3\xa4\n/", false);
    text_is(yaml_get(root, "a")->first_child->next, "true", true);
    text_is(yaml_get(yaml_get(root, "b"), "c"), "", false);
    arena_free(a);
}

static void what_could_surprise_is_refused(void **state)
{
    refused("a: 1\nb:\n  c: 1\n  c: 2\n", "line 4, column 3: the key \"c\" is there twice");
    refused("{\"a\": 1, \"\\u0061\": 2}", "twice");
    refused("a: &x 1\n", "line 1, column 4: anchors");
    refused("a: &x [1]\n", "anchors");
    refused("&x a: 1\n", "anchors");
    refused("a: *x\n", "line 1, column 4: aliases");
    refused("a: !!int 1\n", "tags");
    refused("a: ! 1\n", "tags");
    refused("a: !mine {b: 1}\n", "tags");
    refused("a: !!omap [b: 1]\n", "tags");
    refused("a:\n  <<: {b: 1}\n", "line 2, column 3: merge keys");
    refused("? [a, b]\n: c\n", "a key must be a text");
    refused("? {a: b}\n: c\n", "a key must be a text");
    refused("---\na: 1\n---\nb: 2\n", "line 3, column 1: a second document");
    refused("%YAML 1.1\n---\na: 1\n", "directives");
    refused("%TAG ! tag:example,2000:\n---\na: 1\n", "directives");
    refused("a: \"\\0\"\n", "NUL");
    refused("a: [1, 2\n", "line");
    refused("a: b: c\n", "line 1, column 5");
    refused("a:\n\t- b\n", "line 2");
    refused("a: 'b\n", "line");
    refused("", "empty");
    refused("# nothing\n", "empty");
    refused_with("a: \xff\n", 5, &yaml_limits_default, ERR_INVALID, "byte 4");
    refused_with("a: b\0c\n", 7, &yaml_limits_default, ERR_INVALID, "byte 5");
    refused_with("\xff\xfe"
                 "a\0:\0",
                 6, &yaml_limits_default, ERR_INVALID, "byte 1");
}

static void a_quoted_merge_sign_is_a_key(void **state)
{
    struct arena *a = arena_new(1 << 20);
    struct yaml_node *root;
    struct error e;
    assert_int_equal(yaml_read(a, SLICE("\"<<\": 1\n"), &yaml_limits_default, &root, &e), ERR_OK);
    text_is(yaml_get(root, "<<"), "1", true);
    arena_free(a);
}

static void limits_hold(void **state)
{
    const struct yaml_limits small = {.max_bytes = 30, .max_nodes = 6, .max_depth = 3, .max_keys = 2};
    struct arena *a = arena_new(1 << 20);
    struct yaml_node *root;
    struct error e;
    assert_int_equal(yaml_read(a, SLICE("[[[1]], 2, 3]"), &small, &root, &e), ERR_OK);
    arena_free(a);
    refused_with("[[[[1]]]]", 9, &small, ERR_TOO_LARGE, "line 1, column 4: it is nested too deeply");
    refused_with("[1,2,3,4,5,6]", 13, &small, ERR_TOO_LARGE, "column 12: the file has too many");
    refused_with("{a: 1, b: 2, c: 3}", 18, &small, ERR_TOO_LARGE, "column 14: the map has too many");
    refused_with("# 3456789012345678901234567890\n", 31, &small, ERR_TOO_LARGE, "31 bytes");
    struct buf deep;
    buf_init(&deep, 1 << 20);
    for (int i = 0; i < 200000; i++) buf_char(&deep, '[');
    refused_with(deep.p, deep.n, &yaml_limits_default, ERR_TOO_LARGE, "too deeply");
    buf_done(&deep);
}

static void an_arena_that_is_full_is_an_error(void **state)
{
    for (size_t max = 16; max <= 1024; max += 16) {
        struct arena *a = arena_new(max);
        struct yaml_node *root = NULL;
        struct error e = {.code = ERR_OK};
        enum err code = yaml_read(a, SLICE("a: [b, {c: d}]\n"), &yaml_limits_default, &root, &e);
        assert_true(code == ERR_OK || code == ERR_NOMEM);
        assert_int_equal(code == ERR_OK, root != NULL);
        arena_free(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_becomes_a_tree),
        cmocka_unit_test(json_is_read_too),
        cmocka_unit_test(what_could_surprise_is_refused),
        cmocka_unit_test(a_quoted_merge_sign_is_a_key),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(an_arena_that_is_full_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
