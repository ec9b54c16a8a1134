// SPDX-License-Identifier: Apache-2.0
// Request bodies: media type, and JSON objects of named and typed fields, strict on both. Called by: pipeline (media
// type), handlers. Must never: accept a field that nobody reads, or echo a body.
#include "api/api.h"

#include "base/clock.h"
#include "base/json.h"

#define OWS             " \t"
#define BODY_JSON_BYTES (64 * 1024)

// ---- media type -------------------------------------------------------------------------------------------

// "application/vnd.atlas.2024-11-13+json": what the SDK and the CLI send. Any date: the Accept header names the
// version.
static bool is_versioned(struct slice type)
{
    const struct slice head = SLICE("application/vnd.atlas."), tail = SLICE("+json");
    uint32_t date;
    return type.n == head.n + 10 + tail.n && slice_eq_nocase(slice_n(type.p, head.n), head) &&
           slice_eq_nocase(slice_skip(type, head.n + 10), tail) && date_parse_ymd(slice_n(type.p + head.n, 10), &date);
}

// JSON is UTF-8 (RFC 8259 8.1): another charset would be read as something that was not meant.
static bool charset_fits(struct slice params)
{
    struct slice one;
    while (params.n) {
        slice_cut(&params, ';', &one);
        struct slice name, value = slice_trim(one, OWS);
        if (!slice_cut(&value, '=', &name) || !slice_eq_nocase(name, SLICE("charset"))) continue;
        if (!slice_eq_nocase(slice_trim(value, "\""), SLICE("utf-8"))) return false;
    }
    return true;
}

bool call_check_media_type(struct call *c)
{
    struct slice sent = request_header(c->req, "Content-Type"), rest = sent, type;
    if (!sent.p && c->req->body.n == 0) return true;
    slice_cut(&rest, ';', &type);
    type = slice_trim(type, OWS);
    bool json = slice_eq_nocase(type, SLICE("application/json")) || is_versioned(type);
    if (json && charset_fits(rest) && request_header_count(c->req, "Content-Type") == 1) return true;
    call_problem(c, P_UNSUPPORTED_MEDIA_TYPE, &PARAM_S(sent), 1);
    return false;
}

// ---- fields -----------------------------------------------------------------------------------------------

static bool refuse(struct call *c, enum problem p)
{
    call_problem(c, p, NULL, 0);
    return false;
}

static bool refuse_field(struct call *c, enum problem p, struct slice name, const char *description)
{
    char *field = arena_strndup(c->req->arena, name.p, name.n);
    if (!field) return refuse(c, P_UNEXPECTED_ERROR);
    const struct problem_field detail = {.description = description, .field = field};
    problem_reply(c->rep, c->req->arena, c->fmt, p, &PARAM_C(field), 1, &detail);
    return false;
}

bool call_bad_attribute(struct call *c, const char *field, const char *description)
{
    return refuse_field(c, P_INVALID_ATTRIBUTE, slice_of(field), description);
}

static const struct body_field *find(const struct body_field *fields, unsigned n, struct slice name)
{
    for (unsigned i = 0; i < n; i++)
        if (slice_eq_cstr(name, fields[i].name)) return &fields[i];
    return NULL;
}

static bool wrong_shape(struct call *c, const struct body_field *f, const char *description)
{
    return refuse_field(c, P_INVALID_JSON_ATTRIBUTE, slice_of(f->name), description);
}

static bool copy_text(struct call *c, const struct json_value *v, struct slice *ret)
{
    struct slice text = json_string(v);
    ret->p = arena_strndup(c->req->arena, text.n ? text.p : "", text.n);
    ret->n = text.n;
    return ret->p || refuse(c, P_UNEXPECTED_ERROR);
}

static bool take_texts(struct call *c, const struct body_field *f, const struct json_value *v)
{
    struct body_texts *ret = f->ret;
    size_t n = json_array_len(v);
    if (json_type(v) != JSON_ARRAY) return wrong_shape(c, f, "must be an array of strings");
    if (n > BODY_TEXTS_MAX) return wrong_shape(c, f, "has too many elements");
    ret->v = arena_alloc(c->req->arena, (n + 1) * sizeof(*ret->v));
    if (!ret->v) return refuse(c, P_UNEXPECTED_ERROR);
    for (size_t i = 0; i < n; i++) {
        const struct json_value *one = json_array_at(v, i);
        if (json_type(one) != JSON_STRING) return wrong_shape(c, f, "must be an array of strings");
        if (!copy_text(c, one, &ret->v[i])) return false;
    }
    ret->n = n;
    ret->found = true;
    return true;
}

static bool take_typed(struct call *c, const struct body_field *f, const struct json_value *v)
{
    switch (f->kind) {
    case BODY_TEXT:
        return json_type(v) == JSON_STRING ? copy_text(c, v, f->ret) : wrong_shape(c, f, "must be a string");
    case BODY_TEXTS:
        return take_texts(c, f, v);
    case BODY_INT:
        if (json_type(v) != JSON_INT) return wrong_shape(c, f, "must be an integer");
        *(struct body_int *)f->ret = (struct body_int){json_integer(v), true};
        return true;
    case BODY_BOOL:
        if (json_type(v) != JSON_TRUE && json_type(v) != JSON_FALSE) return wrong_shape(c, f, "must be a boolean");
        *(struct body_bool *)f->ret = (struct body_bool){json_type(v) == JSON_TRUE, true};
        return true;
    case BODY_VALUE:
        *(const struct json_value **)f->ret = v;
        return true;
    case BODY_READ_ONLY:
        return refuse_field(c, P_ATTRIBUTE_READ_ONLY, slice_of(f->name), "is read-only");
    case BODY_IGNORED:
        return true;
    }
    ASSERT(!"there are no other kinds");
}

static void clear(const struct body_field *f)
{
    switch (f->kind) {
    case BODY_TEXT:
        *(struct slice *)f->ret = (struct slice){NULL, 0};
        break;
    case BODY_TEXTS:
        *(struct body_texts *)f->ret = (struct body_texts){.found = false};
        break;
    case BODY_INT:
        *(struct body_int *)f->ret = (struct body_int){.found = false};
        break;
    case BODY_BOOL:
        *(struct body_bool *)f->ret = (struct body_bool){.found = false};
        break;
    case BODY_VALUE:
        *(const struct json_value **)f->ret = NULL;
        break;
    case BODY_READ_ONLY:
    case BODY_IGNORED:
        break;
    }
}

bool call_read_object(struct call *c, const struct json_value *v, const struct body_field *fields, unsigned n)
{
    void *iter = NULL;
    struct slice name;
    const struct json_value *member;
    uint64_t seen = 0;
    ASSERT(n <= 64);
    for (unsigned i = 0; i < n; i++) clear(&fields[i]);
    if (json_type(v) != JSON_OBJECT) return refuse(c, P_INVALID_JSON);
    while (json_object_next(v, &iter, &name, &member)) {
        const struct body_field *f = find(fields, n, name);
        if (!f) return refuse_field(c, P_INVALID_ATTRIBUTE, name, "is not an attribute of this resource");
        // null is as good as absent: clients write it for what they do not set.
        if (json_type(member) == JSON_NULL) continue;
        if (!take_typed(c, f, member)) return false;
        seen |= UINT64_C(1) << (f - fields);
    }
    for (unsigned i = 0; i < n; i++)
        if (fields[i].required && !(seen & UINT64_C(1) << i))
            return refuse_field(c, P_MISSING_ATTRIBUTE, slice_of(fields[i].name), "is required");
    return true;
}

bool call_read_list(struct call *c, const struct json_value *v, size_t max)
{
    return (json_type(v) == JSON_ARRAY && json_array_len(v) <= max) || refuse(c, P_INVALID_JSON);
}

bool call_read_json(struct call *c, struct json_doc **ret)
{
    return call_read_json_max(c, BODY_JSON_BYTES, ret);
}

bool call_read_json_max(struct call *c, size_t max, struct json_doc **ret)
{
    struct error err;
    switch (json_read(c->req->body, max, ret, &err)) {
    case ERR_OK:
        return true;
    case ERR_NOMEM:
        return refuse(c, P_UNEXPECTED_ERROR);
    default:
        return refuse(c, P_MALFORMED_JSON);
    }
}

bool call_read_body(struct call *c, const struct body_field *fields, unsigned n)
{
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    return call_read_json(c, &doc) && call_read_object(c, json_root(doc), fields, n);
}
