// SPDX-License-Identifier: Apache-2.0
// The bounded JSON reader; the only file that knows jansson. Called by: api, auth, cloud, cli.
// Must never: parse before the bounds are checked, or repeat the input in an error (bodies hold secrets).
#include <pthread.h>

// Jansson and base/json.h share the name of a type and of its values; jansson's are renamed while its header is
// read. Its json_is_… macros are therefore of no use below: compare json_typeof with the J_ names.
#define json_type    jansson_type
#define JSON_OBJECT  J_OBJECT
#define JSON_ARRAY   J_ARRAY
#define JSON_STRING  J_STRING
#define JSON_INTEGER J_INTEGER
#define JSON_REAL    J_REAL
#define JSON_TRUE    J_TRUE
#define JSON_FALSE   J_FALSE
#define JSON_NULL    J_NULL
#include <jansson.h>
#undef json_type
#undef JSON_OBJECT
#undef JSON_ARRAY
#undef JSON_STRING
#undef JSON_INTEGER
#undef JSON_REAL
#undef JSON_TRUE
#undef JSON_FALSE
#undef JSON_NULL

#include "base/json.h"
#include "base/mem.h"

#define READ_DEPTH_MAX 32

struct json_doc {
    json_t *root;
};

// Jansson forgets that an allocation failed: it drops a byte of the string that it reads, or names no error at all. So
// the one allocator that it has keeps the news for the thread that reads.
static _Thread_local bool starved;

// And when the byte that it drops ends a string, jansson (2.14, lex_scan_string) runs past its buffer; when it follows
// a backslash, jansson aborts the program. So a text is read with memory set aside, from which what fails is still
// served until the text ends early.
#define SPARE_FOR_NODES ((size_t)16 << 10) // more than the FEED bytes that are still read can need
#define FEED            ((size_t)256)
static _Thread_local struct {
    char *p;
    size_t n, used;
} spare;

static void *note_alloc(size_t n)
{
    void *p = mem_alloc(n);
    if (p) return p;
    starved = true;
    size_t left = spare.n - spare.used;
    if (n > left || left - n < 16) return NULL;
    p = spare.p + spare.used;
    spare.used += (n + 15) / 16 * 16;
    return p;
}

static void note_free(void *p)
{
    bool spared = spare.p && (uintptr_t)p - (uintptr_t)spare.p < spare.n;
    if (!spared) mem_free(p); // the spare memory goes as a whole
}

// struct json_value is never defined: it is jansson's node under a name of ours.
static const json_t *node(const struct json_value *v)
{
    return (const json_t *)(const void *)v;
}

static const struct json_value *value(const json_t *j)
{
    return (const struct json_value *)(const void *)j;
}

// Jansson's hash seed and allocator are process-wide and must be set before its first object is made.
static void prepare_jansson(void)
{
    json_set_alloc_funcs(note_alloc, note_free);
    json_object_seed(0); // from the system's random source
}

// Brackets outside strings; whether they match is the parser's business.
static bool too_deep(struct slice s)
{
    unsigned depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > READ_DEPTH_MAX) return true;
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return false;
}

static const char *what_is_wrong(enum json_error_code code)
{
    switch (code) {
    case json_error_premature_end_of_input:
        return "the text ends too early";
    case json_error_end_of_input_expected:
        return "there is text after the end of the value";
    case json_error_invalid_utf8:
        return "a byte sequence is not UTF-8";
    case json_error_duplicate_key:
        return "a key occurs twice in one object";
    case json_error_numeric_overflow:
        return "a number is out of range";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "\\u0000 is not allowed in a string";
    default:
        return "the syntax is wrong";
    }
}

static enum err parse_error(const json_error_t *e, struct error *err)
{
    enum json_error_code code = json_error_code(e);
    return error_set(err, ERR_INVALID, "invalid JSON at line %d, column %d: %s", MAX(e->line, 1), MAX(e->column, 0),
                     what_is_wrong(code));
}

static size_t feed(void *out, size_t cap, void *ctx)
{
    struct slice *rest = ctx;
    size_t n = starved ? 0 : MIN(MIN(rest->n, cap), FEED); // what has failed need not be read to its end
    if (n) memcpy(out, rest->p, n);
    *rest = slice_skip(*rest, n);
    return n;
}

// Growing twofold, the string that is read is never more than four times its text altogether.
static json_t *load_with_spare(struct slice text, json_error_t *e)
{
    spare.n = 4 * text.n + SPARE_FOR_NODES;
    spare.used = 0;
    spare.p = mem_alloc(spare.n);
    if (!spare.p) spare.n = 0;
    starved = spare.p == NULL;
    json_t *root = starved ? NULL : json_load_callback(feed, &text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, e);
    if (starved) {
        json_decref(root); // while it is known what of it is spare
        root = NULL;
    }
    mem_free(spare.p);
    spare.p = NULL;
    spare.n = spare.used = 0;
    return root;
}

enum err json_read(struct slice text, size_t max_bytes, struct json_doc **ret, struct error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (text.n > max_bytes)
        return error_set(err, ERR_TOO_LARGE, "the JSON text has %zu bytes; at most %zu are allowed", text.n, max_bytes);
    if (too_deep(text))
        return error_set(err, ERR_TOO_LARGE, "the JSON text is nested deeper than %d levels", READ_DEPTH_MAX);
    (void)pthread_once(&once, prepare_jansson);
    struct json_doc *d = mem_alloc(sizeof *d);
    if (!d) return error_set(err, ERR_NOMEM, "out of memory while reading JSON");
    json_error_t e = {.line = 0};
    d->root = load_with_spare(text, &e);
    if (!d->root || starved) {
        json_decref(d->root);
        mem_free(d);
        return starved ? error_set(err, ERR_NOMEM, "out of memory while reading JSON") : parse_error(&e, err);
    }
    *ret = d;
    return ERR_OK;
}

void json_doc_free(struct json_doc *d)
{
    if (!d) return;
    json_decref(d->root);
    mem_free(d);
}

void json_doc_freep(struct json_doc **d)
{
    json_doc_free(*d);
    *d = NULL;
}

const struct json_value *json_root(const struct json_doc *d)
{
    return value(d->root);
}

enum json_type json_type(const struct json_value *v)
{
    if (v == NULL) return JSON_NULL; // an absent member reads like null
    switch (json_typeof(node(v))) {
    case J_OBJECT:
        return JSON_OBJECT;
    case J_ARRAY:
        return JSON_ARRAY;
    case J_STRING:
        return JSON_STRING;
    case J_INTEGER:
        return JSON_INT;
    case J_REAL:
        return JSON_REAL;
    case J_TRUE:
        return JSON_TRUE;
    case J_FALSE:
        return JSON_FALSE;
    case J_NULL:
        break;
    }
    return JSON_NULL;
}

static bool is(const struct json_value *v, jansson_type type)
{
    return v && json_typeof(node(v)) == type;
}

const struct json_value *json_get(const struct json_value *object, const char *key)
{
    return is(object, J_OBJECT) ? value(json_object_get(node(object), key)) : NULL;
}

struct slice json_string(const struct json_value *v)
{
    if (!is(v, J_STRING)) return (struct slice){NULL, 0};
    return slice_n(json_string_value(node(v)), json_string_length(node(v)));
}

int64_t json_integer(const struct json_value *v)
{
    return is(v, J_INTEGER) ? json_integer_value(node(v)) : 0;
}

double json_number(const struct json_value *v)
{
    return is(v, J_INTEGER) || is(v, J_REAL) ? json_number_value(node(v)) : 0;
}

size_t json_array_len(const struct json_value *v)
{
    return is(v, J_ARRAY) ? json_array_size(node(v)) : 0;
}

const struct json_value *json_array_at(const struct json_value *v, size_t i)
{
    return is(v, J_ARRAY) ? value(json_array_get(node(v), i)) : NULL;
}

bool json_object_next(const struct json_value *object, void **iter, struct slice *ret_key,
                      const struct json_value **ret_value)
{
    if (!is(object, J_OBJECT)) return false;
    json_t *j = (json_t *)(uintptr_t)node(object); // iteration changes nothing, jansson's types do not say so
    *iter = *iter ? json_object_iter_next(j, *iter) : json_object_iter(j);
    if (!*iter) return false;
    *ret_key = slice_n(json_object_iter_key(*iter), json_object_iter_key_len(*iter));
    *ret_value = value(json_object_iter_value(*iter));
    return true;
}
