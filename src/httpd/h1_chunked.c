// SPDX-License-Identifier: Apache-2.0
// The chunked transfer coding (RFC 9112 7.1), decoded in place as bytes arrive; extensions and trailers are checked
// and dropped. Called by: httpd/conn.c, fuzzers, tests. Must never: keep a pointer into the caller's bytes.
#include "httpd/h1_char.h"

#include <string.h>

#define SIZE_DIGITS_MAX 16

enum state {
    C_SIZE,
    C_EXT_BEFORE,     // BWS was seen: only ";" may follow
    C_EXT_NAME_FIRST, // after ";"
    C_EXT_NAME,
    C_EXT_NAME_AFTER, // BWS after a name
    C_EXT_VALUE_FIRST,
    C_EXT_VALUE,
    C_EXT_QUOTED,
    C_EXT_ESCAPED,
    C_EXT_QUOTED_END,
    C_SIZE_LF,
    C_DATA,
    C_DATA_CR,
    C_DATA_LF,
    C_TRAILER, // at the start of a trailer line or of the last empty line
    C_TRAILER_NAME,
    C_TRAILER_VALUE,
    C_TRAILER_LF,
    C_END_LF,
    C_END,
};

struct run {
    struct h1_chunked *c;
    char *p;
    size_t i, n, out;
    const struct h1_limits *lim;
    struct h1_reject *rej;
};

static bool refuse(struct run *r, enum problem problem, const char *detail)
{
    *r->rej = (struct h1_reject){problem, detail};
    return false;
}

static bool go(struct run *r, enum state next)
{
    r->c->state = (uint8_t)next;
    return true;
}

// One byte that does not reach the application: extensions and trailers together may be as long as a head.
static bool pay(struct run *r)
{
    if (++r->c->overhead > r->lim->head_max) return refuse(r, P_HEADER_FIELDS_TOO_LARGE, NULL);
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static unsigned hex_value(char c)
{
    return h1_is(c, CH_DIGIT) ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
}

// What may follow a whole size, extension name or extension value.
static bool after_part(struct run *r, char c)
{
    if (c == '\r') return go(r, C_SIZE_LF);
    if (c == ';') return go(r, C_EXT_NAME_FIRST);
    if (is_blank(c)) return go(r, r->c->state == C_EXT_NAME ? C_EXT_NAME_AFTER : C_EXT_BEFORE);
    return refuse(r, P_BAD_REQUEST, "a chunk line is neither a size nor an extension, or lacks CRLF");
}

static bool on_size(struct run *r, char c)
{
    struct h1_chunked *h = r->c;
    if (h1_is(c, CH_HEX)) {
        if (h->digits == SIZE_DIGITS_MAX) return refuse(r, P_BAD_REQUEST, "a chunk size has more than 16 digits");
        h->digits++;
        h->left = h->left << 4 | hex_value(c);
        return true;
    }
    if (!h->digits) return refuse(r, P_BAD_REQUEST, "a chunk does not begin with its size");
    return after_part(r, c);
}

static bool on_quoted(struct run *r, char c)
{
    if (!h1_is(c, CH_FIELD)) return refuse(r, P_BAD_REQUEST, "a quoted chunk extension has a control character");
    if (r->c->state == C_EXT_ESCAPED) return go(r, C_EXT_QUOTED);
    if (c == '"') return go(r, C_EXT_QUOTED_END);
    if (c == '\\') return go(r, C_EXT_ESCAPED);
    return true;
}

// RFC 9112 7.1.1: *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )
static bool on_extension(struct run *r, char c)
{
    enum state s = (enum state)r->c->state;
    if (!pay(r)) return false;
    if (s == C_EXT_QUOTED || s == C_EXT_ESCAPED) return on_quoted(r, c);
    bool token = h1_is(c, CH_TOKEN);
    bool waits = s == C_EXT_BEFORE || s == C_EXT_NAME_FIRST || s == C_EXT_NAME_AFTER || s == C_EXT_VALUE_FIRST;
    if (waits && is_blank(c)) return true;
    if (token && s == C_EXT_NAME_FIRST) return go(r, C_EXT_NAME);
    if (token && s == C_EXT_VALUE_FIRST) return go(r, C_EXT_VALUE);
    if (token && (s == C_EXT_NAME || s == C_EXT_VALUE)) return true;
    if (c == '"' && s == C_EXT_VALUE_FIRST) return go(r, C_EXT_QUOTED);
    if (c == '=' && (s == C_EXT_NAME || s == C_EXT_NAME_AFTER)) return go(r, C_EXT_VALUE_FIRST);
    if (c == ';' && (s == C_EXT_BEFORE || s == C_EXT_NAME_AFTER)) return go(r, C_EXT_NAME_FIRST);
    if (waits) return refuse(r, P_BAD_REQUEST, "a chunk extension is malformed");
    return after_part(r, c);
}

static bool on_size_lf(struct run *r, char c)
{
    struct h1_chunked *h = r->c;
    if (c != '\n') return refuse(r, P_BAD_REQUEST, "a CR is not followed by LF");
    h->digits = 0;
    // total is at most body_max, so this cannot wrap.
    if (h->left > r->lim->body_max - h->total) return refuse(r, P_PAYLOAD_TOO_LARGE, NULL);
    h->total += h->left;
    return go(r, h->left ? C_DATA : C_TRAILER);
}

static void take_data(struct run *r)
{
    size_t take = (size_t)MIN((uint64_t)(r->n - r->i), r->c->left);
    memmove(r->p + r->out, r->p + r->i, take);
    r->i += take;
    r->out += take;
    r->c->left -= take;
    if (!r->c->left) r->c->state = C_DATA_CR;
}

static bool on_data_end(struct run *r, char c)
{
    bool cr = r->c->state == C_DATA_CR;
    if (c != (cr ? '\r' : '\n')) return refuse(r, P_BAD_REQUEST, "chunk data is not followed by CRLF");
    return go(r, cr ? C_DATA_LF : C_SIZE);
}

// Fields that frame or route a message may not come after it (RFC 9110 6.5.1).
static bool trailer_name_allowed(const struct h1_chunked *c)
{
    static const struct slice banned[] = {{"host", 4}, {"content-length", 14}, {"transfer-encoding", 17}};
    for (unsigned k = 0; k < ARRAY_LEN(banned); k++)
        if (c->name_len == banned[k].n && memcmp(c->name, banned[k].p, banned[k].n) == 0) return false;
    return true;
}

static bool on_trailer_name(struct run *r, char c)
{
    struct h1_chunked *h = r->c;
    if (h1_is(c, CH_TOKEN)) {
        if (h->name_len < sizeof h->name) h->name[h->name_len] = (char)(c | 0x20);
        if (h->name_len <= sizeof h->name) h->name_len++;
        return true;
    }
    if (c != ':' || !h->name_len) return refuse(r, P_BAD_REQUEST, "a trailer does not begin with a name and a colon");
    if (!trailer_name_allowed(h)) return refuse(r, P_BAD_REQUEST, "a trailer may not say how the request is framed");
    return go(r, C_TRAILER_VALUE);
}

static bool on_trailer(struct run *r, char c)
{
    if (c == '\r' && r->c->state == C_TRAILER) return go(r, C_END_LF);
    if (!pay(r)) return false;
    switch ((enum state)r->c->state) {
    case C_TRAILER:
        r->c->name_len = 0;
        r->c->state = C_TRAILER_NAME;
        return on_trailer_name(r, c);
    case C_TRAILER_NAME:
        return on_trailer_name(r, c);
    case C_TRAILER_VALUE:
        if (c == '\r') return go(r, C_TRAILER_LF);
        if (h1_is(c, CH_FIELD)) return true;
        return refuse(r, P_BAD_REQUEST, "a trailer has a control character or a bare LF");
    default:
        return c == '\n' ? go(r, C_TRAILER) : refuse(r, P_BAD_REQUEST, "a CR is not followed by LF");
    }
}

static bool on_byte(struct run *r, char c)
{
    switch ((enum state)r->c->state) {
    case C_SIZE:
        return on_size(r, c);
    case C_SIZE_LF:
        return on_size_lf(r, c);
    case C_DATA_CR:
    case C_DATA_LF:
        return on_data_end(r, c);
    case C_TRAILER:
    case C_TRAILER_NAME:
    case C_TRAILER_VALUE:
    case C_TRAILER_LF:
        return on_trailer(r, c);
    case C_END_LF:
        return c == '\n' ? go(r, C_END) : refuse(r, P_BAD_REQUEST, "a CR is not followed by LF");
    default:
        return on_extension(r, c);
    }
}

void h1_chunked_init(struct h1_chunked *c)
{
    *c = (struct h1_chunked){.state = C_SIZE};
}

enum h1_status h1_chunked(struct h1_chunked *c, char *p, size_t n, const struct h1_limits *lim, size_t *ret_used,
                          size_t *ret_out, struct h1_reject *rej)
{
    struct run r = {.c = c, .p = p, .n = n, .lim = lim, .rej = rej};
    while (r.i < n && c->state != C_END) {
        if (c->state == C_DATA)
            take_data(&r);
        else if (!on_byte(&r, p[r.i++]))
            return H1_REJECT;
    }
    *ret_used = r.i;
    *ret_out = r.out;
    return c->state == C_END ? H1_READY : H1_MORE;
}
