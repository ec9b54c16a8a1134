// SPDX-License-Identifier: Apache-2.0
// Request bodies: media type, and JSON objects of named string fields, strict on both. Called by: pipeline (media
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

void call_bad_attribute(struct call *c, const char *field, const char *description)
{
    (void)refuse_field(c, P_INVALID_ATTRIBUTE, slice_of(field), description);
}

static const struct body_field *find(const struct body_field *fields, unsigned n, struct slice name)
{
    for (unsigned i = 0; i < n; i++)
        if (slice_eq_cstr(name, fields[i].name)) return &fields[i];
    return NULL;
}

// null is as good as absent: clients write it for what they do not set.
static bool take_field(struct call *c, const struct body_field *f, const struct json_value *v)
{
    if (!f->ret || json_type(v) == JSON_NULL) return true;
    if (json_type(v) != JSON_STRING)
        return refuse_field(c, P_INVALID_JSON_ATTRIBUTE, slice_of(f->name), "must be a string");
    struct slice text = json_string(v);
    f->ret->p = arena_strndup(c->req->arena, text.n ? text.p : "", text.n);
    f->ret->n = text.n;
    return f->ret->p || refuse(c, P_UNEXPECTED_ERROR);
}

static bool take_all(struct call *c, const struct json_value *root, const struct body_field *fields, unsigned n)
{
    void *iter = NULL;
    struct slice name;
    const struct json_value *v;
    if (json_type(root) != JSON_OBJECT) return refuse(c, P_INVALID_JSON);
    while (json_object_next(root, &iter, &name, &v)) {
        const struct body_field *f = find(fields, n, name);
        if (!f) return refuse_field(c, P_INVALID_ATTRIBUTE, name, "is not an attribute of this resource");
        if (!take_field(c, f, v)) return false;
    }
    for (unsigned i = 0; i < n; i++)
        if (fields[i].ret && !fields[i].ret->p)
            return refuse_field(c, P_MISSING_ATTRIBUTE, slice_of(fields[i].name), "is required");
    return true;
}

bool call_read_body(struct call *c, const struct body_field *fields, unsigned n)
{
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    struct error err;
    for (unsigned i = 0; i < n; i++)
        if (fields[i].ret) *fields[i].ret = (struct slice){NULL, 0};
    switch (json_read(c->req->body, BODY_JSON_BYTES, &doc, &err)) {
    case ERR_OK:
        return take_all(c, json_root(doc), fields, n);
    case ERR_NOMEM:
        return refuse(c, P_UNEXPECTED_ERROR);
    default:
        return refuse(c, P_MALFORMED_JSON);
    }
}
