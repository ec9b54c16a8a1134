// SPDX-License-Identifier: Apache-2.0
// JSON: our own writer (fixed key order, Jackson's pretty style) and a bounded reader over jansson.
// Called by: api, net/problem, auth, cli, log. Must never: be told to write invalid UTF-8 unescaped
// (bad bytes become U+FFFD), or read deeper, longer or looser than json_limits says.
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

// Jansson's library exports functions of these three names and calls them itself; were ours linked under
// the same names, the dynamic linker would hand it ours.
#define json_null    json_write_null
#define json_string  json_value_string
#define json_integer json_value_integer

// ---- writer -------------------------------------------------------------------------------
// Compact: {"a":1,"b":[]}. Pretty as Jackson's DefaultPrettyPrinter: two-space indent, ` : `, arrays
// inline `[ {` … `} ]`, empty `{ }` and `[ ]`; no newline at the end.
#define JSON_DEPTH_MAX 32
struct json_writer {
    struct buf *out;
    bool pretty;
    bool after_key; // a key was written, its value is due
    unsigned depth, objects;
    bool first[JSON_DEPTH_MAX], is_array[JSON_DEPTH_MAX];
};
void json_begin(struct json_writer *w, struct buf *out, bool pretty);
void json_obj(struct json_writer *w);
void json_obj_end(struct json_writer *w);
void json_arr(struct json_writer *w);
void json_arr_end(struct json_writer *w);
void json_key(struct json_writer *w, const char *key); // key is ours: plain ASCII, not escaped
void json_str(struct json_writer *w, struct slice s);
void json_cstr(struct json_writer *w, const char *s);
void json_int(struct json_writer *w, int64_t v);
void json_double(struct json_writer *w, double v); // finite; for what was read from JSON
void json_bool(struct json_writer *w, bool v);
void json_null(struct json_writer *w);
// Short forms: key and value at once. A NULL C string is left out altogether (absent, not null).
void json_kstr(struct json_writer *w, const char *key, const char *s);
void json_kslice(struct json_writer *w, const char *key, struct slice s);
void json_kint(struct json_writer *w, const char *key, int64_t v);
void json_kbool(struct json_writer *w, const char *key, bool v);
// json_escape: the body of a JSON string without quotes.
void json_escape(struct buf *out, struct slice s);

// ---- reader -------------------------------------------------------------------------------
enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_INT, JSON_REAL, JSON_STRING, JSON_ARRAY, JSON_OBJECT };
struct json_value;
struct json_doc;
// Refuses: depth > 32 (scanned before parsing), > max_bytes, duplicate keys, invalid UTF-8, NUL
// escapes, trailing text. ERR_INVALID / ERR_TOO_LARGE / ERR_NOMEM.
enum err json_read(struct slice text, size_t max_bytes, struct json_doc **ret, struct error *err) MUST_CHECK;
void json_doc_free(struct json_doc *d);
void json_doc_freep(struct json_doc **d);
const struct json_value *json_root(const struct json_doc *d);
enum json_type json_type(const struct json_value *v);
const struct json_value *json_get(const struct json_value *object, const char *key); // NULL when absent or no object
struct slice json_string(const struct json_value *v);                                // empty when no string
int64_t json_integer(const struct json_value *v);                                    // 0 when no integer
double json_number(const struct json_value *v);                                      // integer or real; 0 when neither
size_t json_array_len(const struct json_value *v);
const struct json_value *json_array_at(const struct json_value *v, size_t i);
// Iterates an object's members in document order: *iter starts at NULL; false at the end.
bool json_object_next(const struct json_value *object, void **iter, struct slice *ret_key,
                      const struct json_value **ret_value);
