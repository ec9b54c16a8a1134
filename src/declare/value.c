// SPDX-License-Identifier: Apache-2.0
// Values in one spelling, from a file and from the API's answers. Called by: read.c, observe.c. Must never: guess a
// type: what a scalar means is the schema's to say.
#include "declare/declare.h"

#include <stdlib.h>

#include "base/encode.h"

#define VALUE_MAX ((size_t)256 << 10)

// Takes what was written as one value. Lack of memory is the only way to fail.
static enum err taken(struct arena *a, struct buf *b, struct slice *ret, struct error *err)
{
    struct slice made = b->fail ? (struct slice){NULL, 0} : arena_slice(a, buf_view(b));
    enum buf_fail fail = b->fail;
    buf_done(b);
    if (fail == BUF_TOO_LARGE) return error_set(err, ERR_INVALID, "it is too long");
    if (!made.p) return error_set(err, ERR_NOMEM, "out of memory");
    *ret = made;
    return ERR_OK;
}

static void put_text(struct buf *b, struct slice s)
{
    buf_char(b, '"');
    json_escape(b, s);
    buf_char(b, '"');
}

static enum err text_value(struct arena *a, struct slice s, struct slice *ret, struct error *err)
{
    struct buf b;
    buf_init(&b, VALUE_MAX);
    put_text(&b, s);
    return taken(a, &b, ret, err);
}

static enum err number_value(struct arena *a, int64_t v, struct slice *ret, struct error *err)
{
    struct buf b;
    buf_init(&b, 32);
    buf_i64(&b, v);
    return taken(a, &b, ret, err);
}

static enum err time_value(struct arena *a, struct slice s, struct slice *ret, struct error *err)
{
    struct wall w;
    uint32_t day;
    char text[32] = "";
    if (date_parse_ymd(s, &day)) {
        memcpy(text, s.p, 10);
        memcpy(text + 10, "T00:00:00Z", 11);
        s = slice_of(text);
    }
    if (!wall_parse_rfc3339(s, &w))
        return error_set(err, ERR_INVALID, "give a time as 2030-01-31T08:00:00Z, or a date");
    wall_rfc3339(w, text);
    return text_value(a, slice_of(text), ret, err);
}

// ---- sets and maps ----------------------------------------------------------------------------------------

struct pair {
    struct slice key, value; // raw texts
};

static int by_key(const void *x, const void *y)
{
    return slice_cmp(((const struct pair *)x)->key, ((const struct pair *)y)->key);
}

static enum err collect(struct arena *a, struct pair *pairs, size_t n, bool map, struct slice *ret, struct error *err)
{
    struct buf b;
    if (n > 1) qsort(pairs, n, sizeof *pairs, by_key);
    for (size_t i = 1; i < n; i++)
        if (slice_eq(pairs[i].key, pairs[i - 1].key))
            return error_set(err, ERR_INVALID, "\"%.*s\" is there twice", (int)MIN(pairs[i].key.n, (size_t)60),
                             pairs[i].key.p);
    buf_init(&b, VALUE_MAX);
    buf_char(&b, map ? '{' : '[');
    for (size_t i = 0; i < n; i++) {
        if (i) buf_char(&b, ',');
        put_text(&b, pairs[i].key);
        if (map) buf_char(&b, ':');
        if (map) put_text(&b, pairs[i].value);
    }
    buf_char(&b, map ? '}' : ']');
    return taken(a, &b, ret, err);
}

bool decl_next(struct slice *rest, struct slice *ret)
{
    struct slice s = *rest;
    while (s.n && *s.p != '"') s = slice_skip(s, 1);
    if (s.n < 2) return false;
    size_t n = 1;
    while (n < s.n && s.p[n] != '"') n += s.p[n] == '\\' && n + 1 < s.n ? 2 : 1;
    *ret = slice_n(s.p, MIN(n + 1, s.n));
    *rest = slice_skip(s, n + 1);
    return true;
}

struct slice decl_text(struct arena *a, struct slice value)
{
    struct json_doc *doc;
    struct error err;
    struct slice made = {NULL, 0};
    if (value.n < 2 || value.p[0] != '"') return made;
    // A reader of whole documents: the text becomes the only element of a list.
    const char *list = arena_fmt(a, "[%.*s]", SLICE_FMT(value));
    if (!list || json_read(slice_of(list), VALUE_MAX + 2, &doc, &err) != ERR_OK) return made;
    made = arena_slice(a, json_string(json_array_at(json_root(doc), 0)));
    json_doc_free(doc);
    return made;
}

void decl_put(struct buf *out, struct slice v)
{
    while (v.n) {
        size_t n = utf8_len(v);
        unsigned char a = (unsigned char)v.p[0], b = n > 1 ? (unsigned char)v.p[1] : 0,
                      c = n > 2 ? (unsigned char)v.p[2] : 0;
        unsigned code = n == 2 ? (a & 0x1Fu) << 6 | (b & 0x3Fu) : (a & 0x0Fu) << 12 | (b & 0x3Fu) << 6 | (c & 0x3Fu);
        bool bad = (n == 1 && a == 0x7F) || (n == 2 && code < 0xA0) ||
                   (n == 3 && (code == 0x2028 || code == 0x2029 || code == 0xFEFF || code >= 0xFFFE));
        if (bad)
            buf_fmt(out, "\\u%04x", n == 1 ? a : code);
        else
            buf_add(out, v.p, n ? n : 1);
        v = slice_skip(v, n ? n : 1);
    }
}

// ---- of a file --------------------------------------------------------------------------------------------

static bool is_null_word(struct slice s)
{
    return s.n == 0 || slice_eq_cstr(s, "~") || slice_eq_nocase(s, SLICE("null"));
}

static enum err yaml_text(const struct yaml_node *n, struct slice *ret, struct error *err)
{
    if (n->kind != YAML_SCALAR) return error_set(err, ERR_INVALID, "give one text, not a list or a map");
    if (n->plain && is_null_word(n->text))
        return error_set(err, ERR_INVALID,
                         "there is no value; leave the key out to leave things alone, write \"\" for the empty text");
    *ret = n->text;
    return ERR_OK;
}

static enum err yaml_bool(struct arena *a, const struct yaml_node *n, struct slice *ret, struct error *err)
{
    if (n->kind == YAML_SCALAR && n->plain && slice_eq_cstr(n->text, "true"))
        *ret = SLICE("true");
    else if (n->kind == YAML_SCALAR && n->plain && slice_eq_cstr(n->text, "false"))
        *ret = SLICE("false");
    else
        return error_set(err, ERR_INVALID, "give true or false, without quotes");
    return ERR_OK;
}

static enum err yaml_number(struct arena *a, const struct yaml_node *n, struct slice *ret, struct error *err)
{
    int64_t v;
    bool zeros = n->text.n > 1 && n->text.p[0] == '0';
    if (n->kind != YAML_SCALAR || !n->plain || zeros || !slice_i64(n->text, 0, INT32_MAX, &v))
        return error_set(err, ERR_INVALID, "give a number, in digits and without quotes");
    return number_value(a, v, ret, err);
}

static enum err yaml_pairs(struct arena *a, const struct yaml_node *n, bool map, struct slice *ret, struct error *err)
{
    struct pair *pairs = arena_array(a, (size_t)n->count + 1, sizeof *pairs);
    size_t i = 0;
    if (!pairs) return error_set(err, ERR_NOMEM, "out of memory");
    for (const struct yaml_node *c = n->first_child; c; c = c->next, i++) {
        if (yaml_text(c, map ? &pairs[i].value : &pairs[i].key, err) != ERR_OK) return err->code;
        if (map) pairs[i].key = c->key;
    }
    return collect(a, pairs, i, map, ret, err);
}

enum err decl_value_of_yaml(struct arena *a, enum decl_type t, const struct yaml_node *n, struct slice *ret,
                            struct error *err)
{
    struct slice text;
    switch (t) {
    case DECL_BOOL:
        return yaml_bool(a, n, ret, err);
    case DECL_INT:
        return yaml_number(a, n, ret, err);
    case DECL_SET:
        if (n->kind != YAML_LIST) return error_set(err, ERR_INVALID, "give a list of texts: [a, b]");
        return yaml_pairs(a, n, false, ret, err);
    case DECL_TAGS:
        if (n->kind != YAML_MAP) return error_set(err, ERR_INVALID, "give a map of texts: {key: value}");
        return yaml_pairs(a, n, true, ret, err);
    default:
        ASSERT(t != DECL_RULES); // items of their own
        if (yaml_text(n, &text, err) != ERR_OK) return err->code;
        return t == DECL_TIME ? time_value(a, text, ret, err) : text_value(a, text, ret, err);
    }
}

// ---- of an answer -----------------------------------------------------------------------------------------

static enum err no_such(const struct decl_attr *t, struct error *err)
{
    return error_set(err, ERR_INVALID, "\"%s\" has a shape that it may not", t->name);
}

static enum err json_pairs(struct arena *a, const struct decl_attr *t, const struct json_value *v, struct slice *ret,
                           struct error *err)
{
    size_t n = json_array_len(v);
    struct pair *pairs = arena_array(a, n + 1, sizeof *pairs);
    bool map = t->type == DECL_TAGS;
    if (json_type(v) != JSON_ARRAY) return no_such(t, err);
    if (!pairs) return error_set(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < n; i++) {
        const struct json_value *one = json_array_at(v, i);
        const struct json_value *key = map ? json_get(one, "key") : one;
        if (!key || json_type(key) != JSON_STRING) return no_such(t, err);
        pairs[i] = (struct pair){json_string(key), json_string(json_get(one, "value"))};
    }
    return collect(a, pairs, n, map, ret, err);
}

enum err decl_value_of_json(struct arena *a, const struct decl_attr *t, const struct json_value *v, struct slice *ret,
                            struct error *err)
{
    enum json_type is = v ? json_type(v) : JSON_NULL;
    if (is == JSON_NULL) {
        *ret = slice_of(t->absent);
        return ERR_OK;
    }
    switch (t->type) {
    case DECL_BOOL:
        if (is != JSON_TRUE && is != JSON_FALSE) return no_such(t, err);
        *ret = is == JSON_TRUE ? SLICE("true") : SLICE("false");
        return ERR_OK;
    case DECL_INT:
        return is == JSON_INT ? number_value(a, json_integer(v), ret, err) : no_such(t, err);
    case DECL_SET:
    case DECL_TAGS:
        return json_pairs(a, t, v, ret, err);
    default:
        ASSERT(t->type != DECL_RULES);
        if (is != JSON_STRING) return no_such(t, err);
        return t->type == DECL_TIME ? time_value(a, json_string(v), ret, err) : text_value(a, json_string(v), ret, err);
    }
}
