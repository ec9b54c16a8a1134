// SPDX-License-Identifier: Apache-2.0
// Shows an answer of the API: columns that a row names for people, all of it for programs. Called by: resource.c,
// cmd_watch.c. Must never: leave out for programs what the API said.
#include <string.h>

#include "base/json.h"
#include "cli/resource.h"

#define TEXT_MAX ((size_t)1 << 20)

static void put_scalar(struct buf *b, const struct json_value *v)
{
    switch (json_type(v)) {
    case JSON_STRING:
        buf_slice(b, json_string(v));
        break;
    case JSON_INT:
        buf_i64(b, json_integer(v));
        break;
    case JSON_REAL:
        buf_fmt(b, "%.15g", json_number(v));
        break;
    case JSON_TRUE:
        buf_lit(b, "yes");
        break;
    case JSON_FALSE:
        buf_lit(b, "no");
        break;
    default:
        break;
    }
}

// Paths have few steps and arrays hold no arrays here, but an answer is data: the depth of a document is bounded.
static void put_path(struct buf *b, const struct json_value *v, struct slice path)
{
    struct slice step;
    if (json_type(v) == JSON_ARRAY) {
        for (size_t i = 0; i < json_array_len(v); i++) {
            if (b->n) buf_char(b, ' ');
            put_path(b, json_array_at(v, i), path);
        }
        return;
    }
    if (path.n == 0) {
        put_scalar(b, v);
        return;
    }
    char key[64];
    (void)slice_cut(&path, '.', &step);
    const struct json_value *member = slice_copy(step, key, sizeof key) ? json_get(v, key) : NULL;
    if (member) put_path(b, member, path);
}

struct slice show_value(struct arena *a, const struct json_value *v, const char *path)
{
    struct buf b;
    struct slice rest = slice_of(path), one;
    buf_init(&b, TEXT_MAX);
    while (b.n == 0 && rest.n) {
        (void)slice_cut(&rest, '|', &one);
        put_path(&b, v, one);
    }
    struct slice made = arena_slice(a, slice_trim(buf_view(&b), " "));
    buf_done(&b);
    return made;
}

static void put_key(struct json_writer *w, struct slice key)
{
    struct buf b;
    buf_init(&b, TEXT_MAX);
    json_escape(&b, key);
    buf_char(&b, '\0');
    json_key(w, b.fail ? "" : b.p);
    if (b.fail && !w->out->fail) w->out->fail = b.fail;
    buf_done(&b);
}

void show_json(struct json_writer *w, const struct json_value *v)
{
    void *at = NULL;
    struct slice key;
    const struct json_value *member;
    switch (json_type(v)) {
    case JSON_OBJECT:
        json_obj(w);
        while (json_object_next(v, &at, &key, &member)) {
            put_key(w, key);
            show_json(w, member);
        }
        json_obj_end(w);
        break;
    case JSON_ARRAY:
        json_arr(w);
        for (size_t i = 0; i < json_array_len(v); i++) show_json(w, json_array_at(v, i));
        json_arr_end(w);
        break;
    case JSON_STRING:
        json_str(w, json_string(v));
        break;
    case JSON_INT:
        json_int(w, json_integer(v));
        break;
    case JSON_REAL:
        json_double(w, json_number(v));
        break;
    case JSON_NULL:
        json_null(w);
        break;
    default:
        json_bool(w, json_type(v) == JSON_TRUE);
    }
}

int show_one(struct cmd_ctx *c, const struct resource *r, const struct json_value *v)
{
    struct table t;
    struct json_writer w;
    if (c->json) {
        json_begin(&w, c->out, true);
        show_json(&w, v);
        buf_char(c->out, '\n');
        return c->out->fail ? EX_SOFTWARE : EX_OK;
    }
    if (r->inside && json_get(v, r->inside)) v = json_get(v, r->inside);
    table_begin(&t, c, r->columns, r->n_columns);
    for (unsigned i = 0; i < r->n_columns; i++) table_slice(&t, show_value(c->arena, v, r->columns[i].key));
    return table_end_single(&t);
}
