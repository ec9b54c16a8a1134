// SPDX-License-Identifier: Apache-2.0
// Behaviour of the JSON reader: what it refuses, what it tells of it, and access without surprises.
// Called by: meson test. Must never: leave a fault set behind.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>

#include "base/json.h"
#include "base/mem.h"

static struct json_doc *must_read(struct slice text)
{
    struct json_doc *d = NULL;
    struct error e = {.detail = ""};
    assert_int_equal(json_read(text, 1 << 20, &d, &e), ERR_OK);
    assert_non_null(d);
    return d;
}

static void refused(struct slice text, enum err want)
{
    struct json_doc *d = NULL;
    struct error e = {.code = ERR_OK};
    assert_int_equal(json_read(text, 1 << 20, &d, &e), want);
    assert_int_equal(e.code, want);
    assert_true(e.detail[0] != '\0');
    assert_null(d);
}

static void types_and_values(void **state)
{
    struct json_doc *d = must_read(SLICE("{\"n\":null,\"f\":false,\"t\":true,\"i\":-42,\"r\":1.5,\"s\":\"x\\u00e4\","
                                         "\"a\":[1,2],\"o\":{\"k\":1}}"));
    static const enum json_type want[] = {JSON_NULL, JSON_FALSE,  JSON_TRUE,  JSON_INT,
                                          JSON_REAL, JSON_STRING, JSON_ARRAY, JSON_OBJECT};
    static const char *const keys[] = {"n", "f", "t", "i", "r", "s", "a", "o"};
    const struct json_value *root = json_root(d);
    assert_int_equal(json_type(root), JSON_OBJECT);
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) assert_int_equal(json_type(json_get(root, keys[i])), want[i]);
    assert_int_equal(json_integer(json_get(root, "i")), -42);
    assert_true(slice_eq(json_string(json_get(root, "s")), SLICE("x\xc3\xa4")));
    const struct json_value *a = json_get(root, "a");
    assert_int_equal(json_array_len(a), 2);
    assert_int_equal(json_integer(json_array_at(a, 1)), 2);
    assert_null(json_array_at(a, 2));
    json_doc_freep(&d);
    assert_null(d);
    json_doc_free(NULL);
}

static void wrong_types_give_empty_answers(void **state)
{
    struct json_doc *d = must_read(SLICE("[1, \"s\", 1.5]"));
    const struct json_value *root = json_root(d), *v;
    void *iter = NULL;
    struct slice key;
    assert_null(json_get(root, "x"));
    assert_null(json_get(NULL, "x"));
    assert_int_equal(json_string(json_array_at(root, 0)).n, 0);
    assert_int_equal(json_string(NULL).n, 0);
    assert_int_equal(json_integer(json_array_at(root, 1)), 0);
    assert_int_equal(json_integer(json_array_at(root, 2)), 0);
    assert_int_equal(json_integer(NULL), 0);
    assert_int_equal(json_array_len(NULL), 0);
    assert_null(json_array_at(json_array_at(root, 0), 0));
    assert_false(json_object_next(root, &iter, &key, &v));
    assert_false(json_object_next(NULL, &iter, &key, &v));
    json_doc_free(d);
}

static void members_come_in_document_order(void **state)
{
    struct json_doc *d = must_read(SLICE("{\"z\":1,\"a\":2,\"m\":3,\"\":4}"));
    static const char *const keys[] = {"z", "a", "m", ""};
    void *iter = NULL;
    struct slice key;
    const struct json_value *v;
    for (int i = 0; i < 4; i++) {
        assert_true(json_object_next(json_root(d), &iter, &key, &v));
        assert_true(slice_eq_cstr(key, keys[i]));
        assert_int_equal(json_integer(v), i + 1);
    }
    assert_false(json_object_next(json_root(d), &iter, &key, &v));
    json_doc_free(d);
    d = must_read(SLICE("{}"));
    iter = NULL;
    assert_false(json_object_next(json_root(d), &iter, &key, &v));
    json_doc_free(d);
}

static void malformed_text_is_refused(void **state)
{
    const char *bad[] = {"",
                         " ",
                         "{",
                         "}",
                         "[1,]",
                         "{\"a\":1,}",
                         "{a:1}",
                         "{'a':1}",
                         "[1 2]",
                         "\"",
                         "\"\\x\"",
                         "nul",
                         "01",
                         "1.",
                         ".5",
                         "+1",
                         "NaN",
                         "Infinity",
                         "-",
                         "1e",
                         "[1]]",
                         "{} {}",
                         "1 2",
                         "// c\n1",
                         "\"a\nb\"",
                         "\xef\xbb\xbf{}",
                         "{\"a\" 1}",
                         "\"\\ud800\"",
                         "\"\\udc00\"",
                         "]"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) refused(slice_of(bad[i]), ERR_INVALID);
    refused((struct slice){NULL, 0}, ERR_INVALID);
    refused(SLICE("{}\0"), ERR_INVALID);
    refused(SLICE("\"a\0b\""), ERR_INVALID);
}

static void strictness_beyond_the_grammar(void **state)
{
    refused(SLICE("{\"a\":1,\"a\":2}"), ERR_INVALID);
    refused(SLICE("{\"a\":1,\"\\u0061\":2}"), ERR_INVALID);
    refused(SLICE("[\"a\\u0000b\"]"), ERR_INVALID);
    refused(SLICE("{\"a\\u0000\":1}"), ERR_INVALID);
    refused(SLICE("[\"\xff\"]"), ERR_INVALID);
    refused(SLICE("[\"\xc0\x80\"]"), ERR_INVALID);
    refused(SLICE("[\"\xed\xa0\x80\"]"), ERR_INVALID);
    refused(SLICE("9223372036854775808"), ERR_INVALID);
    refused(SLICE("1e999"), ERR_INVALID);
}

static void depth_is_bounded_before_parsing(void **state)
{
    char text[200];
    for (unsigned depth = 31; depth <= 33; depth++) {
        for (unsigned i = 0; i < depth; i++) {
            text[i] = '[';
            text[2 * depth - 1 - i] = ']';
        }
        if (depth <= 32)
            json_doc_free(must_read(slice_n(text, (size_t)depth * 2)));
        else
            refused(slice_n(text, (size_t)depth * 2), ERR_TOO_LARGE);
    }
    // Brackets inside strings, behind escaped quotes too, and side by side do not count.
    json_doc_free(must_read(SLICE("\"[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"")));
    json_doc_free(
        must_read(SLICE("[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],"
                        "[],[],[],[],[],[],[],[]]")));
    refused(SLICE("[\"\\\\\",[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["), ERR_TOO_LARGE);
    refused(SLICE("]]]]]]]]]]]]]]]]]"), ERR_INVALID);
}

static void length_is_bounded(void **state)
{
    struct json_doc *d = NULL;
    struct error e;
    assert_int_equal(json_read(SLICE("[1]"), 2, &d, &e), ERR_TOO_LARGE);
    assert_null(d);
    assert_int_equal(json_read(SLICE("[1]"), 3, &d, &e), ERR_OK);
    json_doc_free(d);
}

static void errors_name_the_place_but_not_the_text(void **state)
{
    struct json_doc *d = NULL;
    struct error e;
    assert_int_equal(json_read(SLICE("{\n \"secretAccessKey\": hunter2"), 100, &d, &e), ERR_INVALID);
    assert_non_null(strstr(e.detail, "line 2"));
    assert_null(strstr(e.detail, "hunter2"));
    assert_null(strstr(e.detail, "secret"));
    assert_int_equal(json_read(SLICE("{\"hunter2\":1,\"hunter2\":1}"), 100, &d, &e), ERR_INVALID);
    assert_non_null(strstr(e.detail, "twice"));
    assert_null(strstr(e.detail, "hunter2"));
}

static void scalars_may_be_the_root(void **state)
{
    struct json_doc *d = must_read(SLICE(" \"x\" "));
    assert_int_equal(json_type(json_root(d)), JSON_STRING);
    json_doc_free(d);
}

static void every_failed_allocation_is_survived(void **state)
{
    struct slice text = SLICE("{\"a\":[1,2.5,\"three\",{\"b\":null}],\"c\":\"\\u00e4\"}");
    bool fired = true;
    for (uint64_t n = 1; fired && n < 1000; n++) {
        struct json_doc *d = NULL;
        struct error e;
        mem_fault_set(n, false);
        enum err rc = json_read(text, 1000, &d, &e);
        fired = mem_fault_fired();
        mem_fault_set(0, false);
        if (fired) {
            assert_int_not_equal(rc, ERR_OK);
            assert_null(d);
        } else {
            assert_int_equal(rc, ERR_OK);
            json_doc_free(d);
        }
    }
    assert_false(fired);
}

// Jansson drops a byte when the string that it reads cannot grow: it aborts when that is the one after a backslash, and
// runs past its buffer when it is the closing quote.
static void strings_are_survived_without_memory(void **state)
{
    char text[400] = "{\"a\":\"";
    size_t at = strlen(text);
    (void)state;
    for (size_t lead = 0; lead < 40; lead++) { // one of them ends where the string must grow
        size_t end = at;
        memset(text + end, 'x', lead);
        end += lead;
        for (unsigned k = 0; lead < 4 && end < 300; k++) {
            const char *escape = k % 3 ? "\\n" : "\\u00e4";
            memcpy(text + end, escape, strlen(escape));
            end += strlen(escape);
        }
        static const char tail[] = "\",\"b\":[[],{\"c\":\"\\\"\"}]}";
        memcpy(text + end, tail, sizeof tail);
        end += sizeof tail - 1;
        for (int forever = 0; forever < 2; forever++) {
            bool fired = true;
            for (uint64_t n = 1; fired && n < 1000; n++) {
                struct json_doc *d = NULL;
                struct error e;
                mem_fault_set(n, forever);
                enum err rc = json_read(slice_n(text, end), 1000, &d, &e);
                fired = mem_fault_fired();
                mem_fault_set(0, false);
                if (!fired && rc != ERR_OK) fail_msg("%s: %.400s", e.detail, text);
                if (fired) assert_int_equal(rc, ERR_NOMEM);
                json_doc_free(d);
            }
            assert_false(fired);
        }
    }
}

static void *read_often(void *arg)
{
    int *good = arg;
    for (int i = 0; i < 200; i++) {
        struct json_doc *d = NULL;
        struct error e;
        if (json_read(SLICE("{\"a\":{\"b\":[1,2,3]}}"), 100, &d, &e) == ERR_OK) ++*good;
        json_doc_free(d);
    }
    return NULL;
}

static void threads_may_read_at_once(void **state)
{
    pthread_t t[4];
    int good[4] = {0};
    for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&t[i], NULL, read_often, &good[i]), 0);
    for (int i = 0; i < 4; i++) assert_int_equal(pthread_join(t[i], NULL), 0);
    for (int i = 0; i < 4; i++) assert_int_equal(good[i], 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_may_read_at_once), // first, so that the first use is the shared one
        cmocka_unit_test(types_and_values),
        cmocka_unit_test(wrong_types_give_empty_answers),
        cmocka_unit_test(members_come_in_document_order),
        cmocka_unit_test(malformed_text_is_refused),
        cmocka_unit_test(strictness_beyond_the_grammar),
        cmocka_unit_test(depth_is_bounded_before_parsing),
        cmocka_unit_test(length_is_bounded),
        cmocka_unit_test(errors_name_the_place_but_not_the_text),
        cmocka_unit_test(scalars_may_be_the_root),
        cmocka_unit_test(every_failed_allocation_is_survived),
        cmocka_unit_test(strings_are_survived_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
