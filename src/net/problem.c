// SPDX-License-Identifier: Apache-2.0
// Builds the error body of the Atlas API (facts 5.1) from the table in spec/errors.def.
// Called by: httpd, pipeline, api, auth. Must never: fail; when memory is out a constant body is sent instead.
#include "net/problem.h"

#include <string.h>

#include "base/json.h"

#define PROBLEM_BODY_MAX (512 * 1024)

static const struct problem_row rows[PROBLEM_COUNT_] = {
    [PROBLEM_NONE] = {500, "UNEXPECTED_ERROR", "Unexpected error.", SOURCE_DOCUMENTED},
#define PROBLEM(id, status, code, detail, source) [P_##id] = {status, code, detail, SOURCE_##source},
#include "spec/errors.def"
#undef PROBLEM
};

const struct problem_row *problem_row(enum problem p)
{
    ASSERT((size_t)p < ARRAY_LEN(rows));
    return &rows[p];
}

// Each %s of the template takes the next parameter; one that is missing leaves nothing behind.
static void add_detail(struct buf *out, const char *template, const struct problem_param *params, unsigned n_params)
{
    unsigned next = 0;
    for (const char *p = template; *p; p++) {
        if (p[0] != '%' || p[1] != 's') {
            buf_char(out, *p);
            continue;
        }
        p++;
        if (next == n_params) continue;
        const struct problem_param *param = &params[next++];
        if (param->is_number)
            buf_i64(out, param->number);
        else
            buf_slice(out, param->text);
    }
}

static void add_field(struct json_writer *w, const struct problem_field *field)
{
    json_key(w, "badRequestDetail");
    json_obj(w);
    json_key(w, "fields");
    json_arr(w);
    json_obj(w);
    json_kstr(w, "description", field->description);
    json_kstr(w, "field", field->field);
    json_obj_end(w);
    json_arr_end(w);
    json_obj_end(w);
}

static void add_error(struct json_writer *w, const struct problem_row *row, struct slice detail,
                      const struct problem_param *params, unsigned n_params, const struct problem_field *field)
{
    json_obj(w);
    if (field) add_field(w, field);
    json_kslice(w, "detail", detail);
    json_kint(w, "error", row->status);
    json_kstr(w, "errorCode", row->code);
    json_key(w, "parameters");
    json_arr(w);
    for (unsigned i = 0; i < n_params; i++) {
        if (params[i].is_number)
            json_int(w, params[i].number);
        else
            json_str(w, params[i].text);
    }
    json_arr_end(w);
    json_kstr(w, "reason", status_reason(row->status));
    json_obj_end(w);
}

static struct slice make_body(struct arena *arena, struct problem_format fmt, const struct problem_row *row,
                              const struct problem_param *params, unsigned n_params, const struct problem_field *field)
{
    struct buf detail, body;
    buf_init(&detail, PROBLEM_BODY_MAX);
    buf_init(&body, PROBLEM_BODY_MAX);
    add_detail(&detail, row->detail, params, n_params);

    struct json_writer w;
    json_begin(&w, &body, fmt.pretty);
    if (fmt.envelope) {
        json_obj(&w);
        json_key(&w, "content");
    }
    add_error(&w, row, buf_view(&detail), params, n_params, field);
    if (fmt.envelope) {
        json_kint(&w, "status", row->status);
        json_obj_end(&w);
    }
    struct slice made = {NULL, 0};
    if (!detail.fail && !body.fail) made = arena_slice(arena, buf_view(&body));
    buf_done(&detail);
    buf_done(&body);
    return made;
}

void problem_reply(struct reply *rep, struct arena *arena, struct problem_format fmt, enum problem p,
                   const struct problem_param *params, unsigned n_params, const struct problem_field *field)
{
    const struct problem_row *row = problem_row(p);
    struct slice body = make_body(arena, fmt, row, params, n_params, field);
    if (!body.p) {
        // No memory for the true answer: say so in one that needs none.
        row = problem_row(P_UNEXPECTED_ERROR);
        body = SLICE("{\"detail\":\"Unexpected error.\",\"error\":500,\"errorCode\":\"UNEXPECTED_ERROR\","
                     "\"parameters\":[],\"reason\":\"Internal Server Error\"}");
    }
    rep->status = row->status;
    rep->body = body;
    rep->no_content_length = false;
    rep->error_code = row->code;
    reply_header_cstr(rep, "Content-Type", "application/json");
    reply_header_cstr(rep, "X-Error-Code", row->code);
    reply_security_headers(rep, false);
}

// Adds the line unless the head has one of that name: error paths and the pipeline may both ask for these.
static void add_once(struct reply *rep, const char *name, const char *value)
{
    struct slice rest = buf_view(&rep->head), line, want = slice_of(name);
    while (slice_cut(&rest, '\n', &line))
        if (line.n > want.n && line.p[want.n] == ':' && slice_starts(line, want)) return;
    reply_header_cstr(rep, name, value);
}

#define ALWAYS_FIRST "Referrer-Policy: "

void reply_security_headers(struct reply *rep, bool secure)
{
    // All four in one go: every reply passes here, and a head that has the first has all of them.
    if (!rep->head.n || !memmem(rep->head.p, rep->head.n, ALWAYS_FIRST, sizeof ALWAYS_FIRST - 1))
        buf_lit(&rep->head, ALWAYS_FIRST "strict-origin-when-cross-origin\r\n"
                                         "X-Content-Type-Options: nosniff\r\n"
                                         "X-Frame-Options: DENY\r\n"
                                         "X-Permitted-Cross-Domain-Policies: none\r\n");
    if (secure) add_once(rep, "Strict-Transport-Security", "max-age=31536000; includeSubdomains;");
}
