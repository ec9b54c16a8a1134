// SPDX-License-Identifier: Apache-2.0
// Tags of projects, in bodies of requests and answers. Called by: groups.c. Must never: keep a key twice.
#include "api/tenants.h"

#include "base/json.h"

void wire_tags(struct json_writer *w, struct slice tags)
{
    struct tag t;
    json_key(w, "tags");
    json_arr(w);
    while (tag_next(&tags, &t)) {
        json_obj(w);
        json_kslice(w, "key", t.key);
        json_kslice(w, "value", t.value);
        json_obj_end(w);
    }
    json_arr_end(w);
}

static bool bad(struct call *c, const char *why)
{
    call_bad_attribute(c, "tags", why);
    return false;
}

static bool has_key(struct slice tags, struct slice key)
{
    struct tag t;
    while (tag_next(&tags, &t))
        if (slice_eq(t.key, key)) return true;
    return false;
}

static bool add_tag(struct call *c, const struct json_value *v, struct buf *out)
{
    struct tag t;
    const struct body_field fields[] = {{"key", BODY_TEXT, true, &t.key}, {"value", BODY_TEXT, true, &t.value}};
    if (!call_read_object(c, v, fields, ARRAY_LEN(fields))) return false;
    if (!tag_text_valid(t.key) || !tag_text_valid(t.value))
        return bad(c, "keys and values must have 1 to 255 characters, without control characters");
    if (has_key(buf_view(out), t.key)) return bad(c, "must not have a key twice");
    buf_slice(out, t.key);
    buf_char(out, TAG_KEY_END);
    buf_slice(out, t.value);
    buf_char(out, TAG_PAIR_END);
    return true;
}

bool call_read_tags(struct call *c, const struct json_value *v, struct slice *ret)
{
    *ret = SLICE("");
    if (!v) return true;
    if (json_type(v) != JSON_ARRAY) {
        call_problem(c, P_INVALID_JSON_ATTRIBUTE, &PARAM_C("tags"), 1);
        return false;
    }
    size_t n = json_array_len(v);
    if (n > TAGS_MAX) return bad(c, "must have at most 50 elements");
    struct buf text;
    buf_init(&text, TAGS_MAX * 2 * (TAG_CHARS * 4 + 1));
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) ok = add_tag(c, json_array_at(v, i), &text);
    if (ok && text.n) *ret = text.fail ? (struct slice){NULL, 0} : arena_slice(c->req->arena, buf_view(&text));
    buf_done(&text);
    if (ok && !ret->p) {
        call_problem(c, P_UNEXPECTED_ERROR, NULL, 0);
        return false;
    }
    return ok;
}
