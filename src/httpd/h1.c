// SPDX-License-Identifier: Apache-2.0
// The head of a request, byte for byte: a machine of eleven states that stops at the first byte it may not accept.
// Called by: httpd/conn.c, fuzzers, tests. Must never: look at a byte twice to decide, so that splits cannot matter.
//
// One run over a whole head fills the result as it goes. When the head came in pieces, the machine that saw the last
// piece holds offsets only, so the now complete head is run once more from its start: twice linear at worst.
#include "httpd/h1_char.h"

#include <stdio.h>
#include <string.h>

#define METHOD_MAX 64

const struct h1_limits h1_limits_default = {.target_max = 8192, .head_max = 32768, .body_max = 1048576};

enum state {
    S_BEGIN,    // before anything, one CRLF is tolerated (RFC 9112 2.2)
    S_BEGIN_LF, //
    S_METHOD,   //
    S_TARGET,   // mark: its first byte
    S_VERSION,  // mark: its first byte
    S_LINE,     // at the start of a header line or of the empty line
    S_NAME,     //
    S_VALUE,    // mark: the colon
    S_VALUE_LF, //
    S_END_LF,   //
};
enum step { STEP_ON, STEP_MORE, STEP_READY, STEP_REJECT };

struct run {
    struct h1_parser *h;
    const char *p;
    size_t i, n; // next byte; end
    const struct h1_limits *lim;
    struct h1_head *ret;
    struct h1_reject *rej;
};

static enum step refuse(struct run *r, enum problem problem, const char *detail)
{
    *r->rej = (struct h1_reject){problem, detail};
    return STEP_REJECT;
}

static enum step go(struct run *r, enum state next)
{
    r->h->state = (uint8_t)next;
    return STEP_ON;
}

// CR alone never ends a line and LF alone neither (RFC 9112 2.2 allows the latter; two readings begin there).
static enum step expect_lf(struct run *r, enum state next)
{
    if (r->p[r->i] != '\n') return refuse(r, P_BAD_REQUEST, "a CR is not followed by LF");
    r->i++;
    return go(r, next);
}

static enum step step_begin(struct run *r)
{
    r->h->line_start = (uint32_t)r->i;
    if (r->p[r->i] != '\r') return go(r, S_METHOD);
    r->i++;
    return go(r, S_BEGIN_LF);
}

static enum step step_begin_lf(struct run *r)
{
    r->h->line_start = (uint32_t)r->i + 1;
    return expect_lf(r, S_METHOD);
}

static struct slice method_text(const struct run *r)
{
    return slice_n(r->p + r->h->line_start, r->h->mark - 1 - r->h->line_start);
}

static enum step step_method(struct run *r)
{
    size_t start = r->h->line_start, end = MIN(r->n, start + METHOD_MAX + 1), i = r->i;
    r->h->any = true;
    while (i < end && h1_is(r->p[i], CH_TOKEN)) i++;
    r->i = i;
    if (i - start > METHOD_MAX) return refuse(r, P_METHOD_UNKNOWN, "of that length");
    if (i == r->n) return STEP_MORE;
    if (r->p[i] != ' ' || i == start) return refuse(r, P_BAD_REQUEST, "it does not begin with a method and a space");
    r->i = r->h->mark = (uint32_t)i + 1;
    r->ret->method = method_text(r);
    // Its target is an authority, which this server never has a use for.
    if (slice_eq(r->ret->method, SLICE("CONNECT"))) return refuse(r, P_METHOD_UNKNOWN, "CONNECT");
    return go(r, S_TARGET);
}

// absolute-form (RFC 9112 3.2.2), for http and https, without userinfo (RFC 9110 4.2.4).
static enum step absolute_target(struct run *r, struct slice target)
{
    const struct slice schemes[] = {SLICE("http://"), SLICE("https://")};
    struct slice rest = {NULL, 0};
    for (unsigned k = 0; k < ARRAY_LEN(schemes); k++)
        if (slice_eq_nocase(slice_n(target.p, MIN(target.n, schemes[k].n)), schemes[k]))
            rest = slice_skip(target, schemes[k].n);
    size_t host = 0;
    while (host < rest.n && rest.p[host] != '/' && rest.p[host] != '?') host++;
    struct slice authority = slice_n(rest.p, host);
    if (!h1_host_valid(authority)) return refuse(r, P_BAD_REQUEST, "the target is not a path or an http URI");
    rest = slice_skip(rest, host);
    if (slice_starts(rest, SLICE("?")))
        return refuse(r, P_BAD_REQUEST, "the target has a query but no path; write / before the ?");
    if (slice_find(rest, '[') >= 0 || slice_find(rest, ']') >= 0)
        return refuse(r, P_BAD_REQUEST, "the target has a character that must be percent-encoded");
    r->h->flags |= F_ABSOLUTE;
    r->ret->host = authority;
    r->ret->target = rest;
    // RFC 9112 3.2.4 for OPTIONS; RFC 9110 4.2.3 for all others.
    if (!rest.n) r->ret->target = slice_eq_cstr(method_text(r), "OPTIONS") ? SLICE("*") : SLICE("/");
    return STEP_ON;
}

static enum step target_whole(struct run *r)
{
    struct slice target = slice_n(r->p + r->h->mark, r->i - r->h->mark);
    enum step step = STEP_ON;
    if (target.p[0] == '/') {
        r->ret->target = target;
    } else if (target.p[0] == '*') {
        if (target.n != 1 || !slice_eq_cstr(method_text(r), "OPTIONS"))
            return refuse(r, P_BAD_REQUEST, "the target * is for OPTIONS alone");
        r->ret->target = target;
    } else {
        step = absolute_target(r, target);
    }
    r->i++;
    r->h->mark = (uint32_t)r->i;
    r->h->state = S_VERSION;
    return step;
}

static enum step step_target(struct run *r)
{
    const char *p = r->p;
    size_t start = r->h->mark, end = MIN(r->n, start + r->lim->target_max), i = r->i;
    if (p[start] != '/' && p[start] != '*' && !h1_is(p[start], CH_ALPHA))
        return refuse(r, P_BAD_REQUEST, "the target is not a path or an http URI");
    unsigned classes = p[start] == '/' ? CH_URI : CH_URI | CH_BRACKET;
    for (;;) {
        while (i < end && h1_is(p[i], classes)) i++;
        if (i >= end || p[i] != '%') break;
        // An escape counts once it is whole; until then only its bad second byte can be told.
        if (i + 1 < r->n && !h1_is(p[i + 1], CH_HEX)) break;
        if (i + 2 >= r->n) {
            r->i = i;
            return STEP_MORE;
        }
        if (!h1_is(p[i + 2], CH_HEX)) break;
        i += 3;
    }
    r->i = i;
    if (i >= r->n) return STEP_MORE;
    if (i - start > r->lim->target_max || (i == end && p[i] != ' ')) return refuse(r, P_URI_TOO_LONG, NULL);
    if (p[i] != ' ') return refuse(r, P_BAD_REQUEST, "the target has a character that must be percent-encoded");
    return target_whole(r);
}

static enum step step_version(struct run *r)
{
    static const char shape[] = "HTTP/#.#\r\n";
    const char *version = r->p + r->h->mark;
    size_t k = r->i - r->h->mark, have = MIN(r->n - r->h->mark, sizeof shape - 1);
    for (; k < have; k++) {
        bool ok = shape[k] == '#' ? h1_is(version[k], CH_DIGIT) : version[k] == shape[k];
        if (!ok) return refuse(r, P_BAD_REQUEST, "the request line does not end in HTTP/1.1 and CRLF");
    }
    r->i = r->h->mark + k;
    if (k < sizeof shape - 1) return STEP_MORE;
    if (version[5] != '1' || version[7] > '1') return refuse(r, P_HTTP_VERSION_NOT_SUPPORTED, NULL);
    r->h->minor = (uint8_t)(version[7] - '0');
    return go(r, S_LINE);
}

static enum step step_line(struct run *r)
{
    r->h->line++;
    r->h->line_start = (uint32_t)r->i;
    if (r->p[r->i] == '\r') {
        r->i++;
        return go(r, S_END_LF);
    }
    if (r->h->count == H1_HEADERS_MAX) return refuse(r, P_HEADER_FIELDS_TOO_LARGE, "100 fields");
    return go(r, S_NAME);
}

static enum step step_name(struct run *r)
{
    const char *p = r->p;
    size_t i = r->i, n = r->n;
    while (i < n && h1_is(p[i], CH_TOKEN)) i++;
    r->i = i;
    if (i == n) return STEP_MORE;
    if (p[i] != ':' || i == r->h->line_start)
        return refuse(r, P_BAD_REQUEST, "a header line does not begin with a name and a colon");
    r->h->mark = (uint32_t)i;
    r->i++;
    return go(r, S_VALUE);
}

// Whether w has a byte below 0x20 or equal to 0x7f; HTAB is told apart later.
static bool has_control(uint64_t w)
{
    const uint64_t ones = UINT64_MAX / 255, high = ones * 0x80;
    uint64_t del = w ^ (ones * 0x7f);
    return (((w - ones * 0x20) & ~w) | ((del - ones) & ~del)) & high;
}

size_t h1_field_run(const char *p, size_t i, size_t n)
{
    for (; i + 8 <= n; i += 8) {
        uint64_t w;
        memcpy(&w, p + i, 8);
        if (has_control(w)) break;
    }
    while (i < n && h1_is(p[i], CH_FIELD)) i++;
    return i;
}

static enum step step_value(struct run *r)
{
    r->i = h1_field_run(r->p, r->i, r->n);
    if (r->i == r->n) return STEP_MORE;
    if (r->p[r->i] != '\r') return refuse(r, P_BAD_REQUEST, "a header value has a control character or a bare LF");
    r->i++;
    return go(r, S_VALUE_LF);
}

static enum step step_value_lf(struct run *r)
{
    const char *from = r->p + r->h->mark + 1, *to = r->p + r->i - 1;
    if (expect_lf(r, S_LINE) == STEP_REJECT) return STEP_REJECT;
    while (from < to && (*from == ' ' || *from == '\t')) from++;
    while (from < to && (to[-1] == ' ' || to[-1] == '\t')) to--;
    struct header *header = &r->ret->headers[r->h->count++];
    header->name = slice_n(r->p + r->h->line_start, r->h->mark - r->h->line_start);
    header->value = slice_n(from, (size_t)(to - from));
    return h1_field(r->h, r->ret, header->name, header->value, r->rej) ? STEP_ON : STEP_REJECT;
}

static enum step step_end_lf(struct run *r)
{
    const struct h1_parser *h = r->h;
    struct h1_head *ret = r->ret;
    if (expect_lf(r, S_END_LF) == STEP_REJECT) return STEP_REJECT;
    if (h->minor == 1 && !(h->flags & F_HOST)) return refuse(r, P_BAD_REQUEST, "HTTP/1.1 needs a Host");
    if (h->length > r->lim->body_max) return refuse(r, P_PAYLOAD_TOO_LARGE, NULL);
    if (!(h->flags & (F_HOST | F_ABSOLUTE))) ret->host = slice_n(NULL, 0);
    ret->minor = h->minor;
    ret->keep_alive = !(h->flags & F_CLOSE) && (h->minor == 1 || (h->flags & F_KEEP_ALIVE));
    ret->body = H1_BODY_NONE;
    if (h->flags & F_LENGTH) ret->body = H1_BODY_LENGTH;
    if (h->flags & F_CHUNKED) ret->body = H1_BODY_CHUNKED;
    ret->length = h->length;
    // RFC 9110 10.1.1: HTTP/1.0 knows no 100, and without content there is nothing to wait for.
    bool content = ret->body == H1_BODY_CHUNKED || h->length > 0;
    ret->expect_continue = (h->flags & F_EXPECT) && h->minor == 1 && content;
    ret->header_count = h->count;
    ret->bytes = r->i;
    return STEP_READY;
}

static enum step step(struct run *r)
{
    switch ((enum state)r->h->state) {
    case S_BEGIN:
        return step_begin(r);
    case S_BEGIN_LF:
        return step_begin_lf(r);
    case S_METHOD:
        return step_method(r);
    case S_TARGET:
        return step_target(r);
    case S_VERSION:
        return step_version(r);
    case S_LINE:
        return step_line(r);
    case S_NAME:
        return step_name(r);
    case S_VALUE:
        return step_value(r);
    case S_VALUE_LF:
        return step_value_lf(r);
    default:
        return step_end_lf(r);
    }
}

static enum step run(struct run *r)
{
    enum step s = STEP_ON;
    r->i = r->h->seen;
    while (s == STEP_ON && r->i < r->n) s = step(r);
    r->h->seen = r->i;
    return s;
}

void h1_parser_init(struct h1_parser *h)
{
    *h = (struct h1_parser){0};
}

enum h1_status h1_head(struct h1_parser *h, const char *p, size_t n, const struct h1_limits *lim, struct h1_head *ret,
                       struct h1_reject *rej)
{
    struct run r = {.h = h, .p = p, .n = MIN(n, lim->head_max), .lim = lim, .ret = ret, .rej = rej};
    enum step s = run(&r);
    if (s == STEP_READY && (h->flags & F_RESUMED)) {
        h1_parser_init(h);
        s = run(&r);
        ASSERT(s == STEP_READY);
    }
    if (s == STEP_READY) return H1_READY;
    if (s == STEP_REJECT) return H1_REJECT;
    h->flags |= F_RESUMED;
    if (n < lim->head_max) return H1_MORE;
    *rej = (struct h1_reject){P_HEADER_FIELDS_TOO_LARGE, NULL};
    return H1_REJECT;
}

const char *h1_reject_detail(const struct h1_reject *rej, const struct h1_limits *lim, char room[32])
{
    if (rej->detail) return rej->detail;
    switch (rej->problem) {
    case P_URI_TOO_LONG:
        (void)snprintf(room, 32, "%u", (unsigned)lim->target_max);
        return room;
    case P_PAYLOAD_TOO_LARGE:
        (void)snprintf(room, 32, "%llu", (unsigned long long)lim->body_max);
        return room;
    case P_HEADER_FIELDS_TOO_LARGE:
        (void)snprintf(room, 32, "%u bytes", (unsigned)lim->head_max);
        return room;
    default:
        return NULL;
    }
}
