// SPDX-License-Identifier: Apache-2.0
// The JSON reader: what it lets through is bounded, valid UTF-8, and reads the same once written again.
// Called by: fuzz/driver.c or libFuzzer. Must never: trust the reader's own idea of what is valid.
#include "base/encode.h"
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXT_MAX 4096

// Objects become arrays of key, value, key, value: the writer takes only our own keys as keys. depth: of the arrays and
// objects around v; the 32nd may still hold plain values.
static void write_value(struct json_writer *w, const struct json_value *v, unsigned depth)
{
    ASSERT(depth < 32 || (depth == 32 && json_type(v) != JSON_ARRAY && json_type(v) != JSON_OBJECT));
    switch (json_type(v)) {
    case JSON_NULL:
    case JSON_REAL: // the reader tells that it is one, and no more
        json_null(w);
        return;
    case JSON_FALSE:
    case JSON_TRUE:
        json_bool(w, json_type(v) == JSON_TRUE);
        return;
    case JSON_INT:
        json_int(w, json_integer(v));
        return;
    case JSON_STRING:
        ASSERT(utf8_valid(json_string(v)) && slice_find(json_string(v), '\0') < 0);
        json_str(w, json_string(v));
        return;
    case JSON_ARRAY:
        json_arr(w);
        for (size_t i = 0; i < json_array_len(v); i++) write_value(w, json_array_at(v, i), depth + 1);
        ASSERT(!json_array_at(v, json_array_len(v)));
        json_arr_end(w);
        return;
    case JSON_OBJECT:
        break;
    }
    void *iter = NULL;
    struct slice key;
    const struct json_value *member;
    json_arr(w);
    while (json_object_next(v, &iter, &key, &member)) {
        ASSERT(utf8_valid(key) && slice_find(key, '\0') < 0);
        json_str(w, key);
        write_value(w, member, depth + 1);
    }
    json_arr_end(w);
}

static bool read_and_write(struct slice text, size_t max, bool pretty, struct buf *out)
{
    struct json_doc *doc = NULL;
    struct error err;
    enum err e = json_read(text, max, &doc, &err);
    ASSERT(e == ERR_OK || e == ERR_INVALID || e == ERR_TOO_LARGE);
    ASSERT((e == ERR_OK) == (doc != NULL));
    if (!doc) return false;
    struct json_writer w;
    json_begin(&w, out, pretty);
    write_value(&w, json_root(doc), 0);
    ASSERT(!out->fail);
    json_doc_free(doc);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf first, second;
    buf_init(&first, 1 << 24);
    buf_init(&second, 1 << 24);
    if (read_and_write(slice_n((const char *)data, size), TEXT_MAX, size & 1, &first)) {
        ASSERT(size <= TEXT_MAX);
        bool again = read_and_write(buf_view(&first), 1 << 24, size & 1, &second);
        ASSERT(again && slice_eq(buf_view(&first), buf_view(&second)));
    }
    buf_done(&first);
    buf_done(&second);
    return 0;
}
