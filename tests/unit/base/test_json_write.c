// SPDX-License-Identifier: Apache-2.0
// Behaviour of the JSON writer: compact and Jackson-pretty to the byte, escaping at every word border.
// Called by: meson test. Must never: accept output that the reader refuses.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/encode.h"
#include "base/json.h"

static void sample(struct json_writer *w)
{
    json_obj(w);
    json_kint(w, "error", 401);
    json_kstr(w, "reason", "Unauthorized");
    json_kstr(w, "absent", NULL);
    json_key(w, "links");
    json_arr(w);
    json_obj(w);
    json_kslice(w, "rel", SLICE("self"));
    json_obj_end(w);
    json_obj(w);
    json_kbool(w, "ok", true);
    json_key(w, "deep");
    json_obj(w);
    json_kbool(w, "no", false);
    json_obj_end(w);
    json_obj_end(w);
    json_arr_end(w);
    json_key(w, "none");
    json_arr(w);
    json_arr_end(w);
    json_key(w, "empty");
    json_obj(w);
    json_obj_end(w);
    json_key(w, "numbers");
    json_arr(w);
    json_int(w, -1);
    json_null(w);
    json_cstr(w, NULL);
    json_bool(w, true);
    json_arr(w);
    json_arr_end(w);
    json_arr_end(w);
    json_obj_end(w);
}

static void compact_has_no_spaces(void **state)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, 4096);
    json_begin(&w, &b, false);
    sample(&w);
    assert_true(slice_eq(
        buf_view(&b), SLICE("{\"error\":401,\"reason\":\"Unauthorized\",\"links\":[{\"rel\":\"self\"},{\"ok\":true,"
                            "\"deep\":{\"no\":false}}],\"none\":[],\"empty\":{},\"numbers\":[-1,null,null,true,[]]}")));
    buf_done(&b);
}

static void pretty_is_jacksons(void **state)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, 4096);
    json_begin(&w, &b, true);
    sample(&w);
    static const char want[] = "{\n"
                               "  \"error\" : 401,\n"
                               "  \"reason\" : \"Unauthorized\",\n"
                               "  \"links\" : [ {\n"
                               "    \"rel\" : \"self\"\n"
                               "  }, {\n"
                               "    \"ok\" : true,\n"
                               "    \"deep\" : {\n"
                               "      \"no\" : false\n"
                               "    }\n"
                               "  } ],\n"
                               "  \"none\" : [ ],\n"
                               "  \"empty\" : { },\n"
                               "  \"numbers\" : [ -1, null, null, true, [ ] ]\n"
                               "}";
    assert_true(slice_eq(buf_view(&b), slice_of(want)));
    buf_done(&b);
}

static void values_may_stand_alone(void **state)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, 64);
    json_begin(&w, &b, true);
    json_cstr(&w, "x");
    assert_true(slice_eq(buf_view(&b), SLICE("\"x\"")));
    buf_clear(&b);
    json_begin(&w, &b, false);
    json_str(&w, (struct slice){NULL, 0});
    assert_true(slice_eq(buf_view(&b), SLICE("\"\"")));
    buf_done(&b);
}

static void escapes(const char *in, size_t n, const char *want)
{
    struct buf b;
    buf_init(&b, 4096);
    json_escape(&b, slice_n(in, n));
    assert_true(slice_eq_cstr(buf_view(&b), want));
    buf_done(&b);
}

static void escapes_what_jackson_escapes(void **state)
{
    escapes("\"\\/\b\t\n\f\r", 8, "\\\"\\\\/\\b\\t\\n\\f\\r");
    escapes("\0\x01\x1f\x7f", 4, "\\u0000\\u0001\\u001F\x7f");
    escapes("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9, "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
    escapes("", 0, "");
}

static void bad_bytes_become_replacement_characters(void **state)
{
#define BAD "\xef\xbf\xbd"
    escapes("a\x80z", 3, "a" BAD "z");
    escapes("\xc3", 1, BAD);
    escapes("\xed\xa0\x80", 3, BAD BAD BAD);
    escapes("\xe2\x82", 2, BAD BAD);
    escapes("\xff\"", 2, BAD "\\\"");
#undef BAD
}

static void every_byte_at_every_place_of_a_word(void **state)
{
    for (size_t len = 1; len <= 24; len++) {
        for (size_t at = 0; at < len; at++) {
            for (int c = 0; c < 256; c++) {
                char in[24], *block = memset(in, 'a', sizeof in);
                block[at] = (char)c;
                struct buf b;
                buf_init(&b, 256);
                json_escape(&b, slice_n(in, len));
                bool plain = c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
                assert_int_equal(slice_eq(buf_view(&b), slice_n(in, len)), plain);
                assert_true(utf8_valid(buf_view(&b)));
                assert_memory_equal(b.p, in, at);
                assert_memory_equal(b.p + b.n - (len - at - 1), in + at + 1, len - at - 1);
                buf_done(&b);
            }
        }
    }
}

static void what_is_written_reads_back(void **state)
{
    char all[256];
    for (int i = 0; i < 128; i++) all[i] = (char)(i + 1); // no NUL: the reader refuses it
    struct slice text = slice_n(all, 127);
    for (int pretty = 0; pretty < 2; pretty++) {
        struct buf b;
        struct json_writer w;
        buf_init(&b, 4096);
        json_begin(&w, &b, pretty);
        json_obj(&w);
        json_kslice(&w, "all", text);
        json_kint(&w, "min", INT64_MIN);
        json_obj_end(&w);
        struct json_doc *d;
        struct error e;
        assert_int_equal(json_read(buf_view(&b), 4096, &d, &e), ERR_OK);
        assert_true(slice_eq(json_string(json_get(json_root(d), "all")), text));
        assert_true(json_integer(json_get(json_root(d), "min")) == INT64_MIN);
        json_doc_free(d);
        buf_done(&b);
    }
}

static void the_deepest_level_is_written(void **state)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, 8192);
    json_begin(&w, &b, true);
    json_obj(&w);
    for (int i = 1; i < JSON_DEPTH_MAX; i++) {
        json_key(&w, "k");
        json_obj(&w);
    }
    json_kint(&w, "x", 1);
    for (int i = 0; i < JSON_DEPTH_MAX; i++) json_obj_end(&w);
    struct json_doc *d;
    struct error e;
    assert_int_equal(json_read(buf_view(&b), 8192, &d, &e), ERR_OK);
    json_doc_free(d);
    buf_done(&b);
}

static void a_full_buffer_is_seen_at_the_end(void **state)
{
    for (size_t max = 0; max < 40; max++) {
        struct buf b;
        struct json_writer w;
        buf_init(&b, max);
        json_begin(&w, &b, true);
        sample(&w);
        assert_int_equal(b.fail, BUF_TOO_LARGE);
        assert_true(b.n <= max);
        buf_done(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compact_has_no_spaces),
        cmocka_unit_test(pretty_is_jacksons),
        cmocka_unit_test(values_may_stand_alone),
        cmocka_unit_test(escapes_what_jackson_escapes),
        cmocka_unit_test(bad_bytes_become_replacement_characters),
        cmocka_unit_test(every_byte_at_every_place_of_a_word),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(the_deepest_level_is_written),
        cmocka_unit_test(a_full_buffer_is_seen_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
