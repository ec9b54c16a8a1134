// SPDX-License-Identifier: Apache-2.0
// The error body of the Atlas API, from spec/errors.def. Called by: httpd (parse errors), pipeline, api, auth.
// Must never: invent a code that the table lacks.
#pragma once

#include "net/message.h"

enum problem {
    PROBLEM_NONE = 0,
#define PROBLEM(id, status, code, detail, source) P_##id,
#include "spec/errors.def"
#undef PROBLEM
    PROBLEM_COUNT_
};
enum problem_source { SOURCE_RECORDED, SOURCE_FIELD, SOURCE_DOCUMENTED, SOURCE_DECIDED };
struct problem_row {
    int status;
    const char *code, *detail;
    enum problem_source source;
};
const struct problem_row *problem_row(enum problem p);

struct problem_param {
    bool is_number;
    int64_t number;
    struct slice text;
};
#define PARAM_S(s) ((struct problem_param){.text = (s)})
#define PARAM_C(c) ((struct problem_param){.text = slice_of(c)})
#define PARAM_N(v) ((struct problem_param){.is_number = true, .number = (v)})

struct problem_field { // badRequestDetail.fields[]
    const char *description, *field;
};
struct problem_format {
    bool pretty, envelope;
};
// Makes the whole reply: status, Content-Type: application/json, X-Error-Code, the security headers of message.h's
// reply_security_headers, and the body {"badRequestDetail"?,"detail","error","errorCode","parameters","reason"} (facts
// §5.1), keys alphabetical. Envelope: {"content":{…},"status":N}; the HTTP status stays true. Body memory from `arena`.
void problem_reply(struct reply *rep, struct arena *arena, struct problem_format fmt, enum problem p,
                   const struct problem_param *params, unsigned n_params, const struct problem_field *field);
// Referrer-Policy, X-Content-Type-Options, X-Frame-Options, X-Permitted-Cross-Domain-Policies, and with `secure`
// Strict-Transport-Security, as recorded (facts §7). A header that is there already is not added again, so that
// (rep, secure) may follow problem_reply, which does not know of TLS and leaves Strict-Transport-Security out.
void reply_security_headers(struct reply *rep, bool secure);
