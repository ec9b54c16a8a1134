// SPDX-License-Identifier: Apache-2.0
// The header fields that decide how a request is framed and routed: Host, Content-Length, Transfer-Encoding,
// Connection, Expect. Called by: httpd/h1.c, once a line. Must never: pick one of two contradicting statements.
#include "httpd/h1_char.h"

#include <string.h>

// clang-format off
const uint8_t h1_classes[256] = {
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x10, 0x17, 0x10, 0x11, 0x17, 0x11, 0x17, 0x17, 0x16, 0x16, 0x17, 0x17, 0x16, 0x17, 0x17, 0x12,
    0x5f, 0x5f, 0x5f, 0x5f, 0x5f, 0x5f, 0x5f, 0x5f, 0x5f, 0x5f, 0x12, 0x16, 0x10, 0x16, 0x10, 0x12,
    0x12, 0x9f, 0x9f, 0x9f, 0x9f, 0x9f, 0x9f, 0x97, 0x97, 0x97, 0x97, 0x97, 0x97, 0x97, 0x97, 0x97,
    0x97, 0x97, 0x97, 0x97, 0x97, 0x97, 0x97, 0x97, 0x97, 0x97, 0x97, 0x30, 0x10, 0x30, 0x11, 0x17,
    0x11, 0x9f, 0x9f, 0x9f, 0x9f, 0x9f, 0x9f, 0x97, 0x97, 0x97, 0x97, 0x97, 0x97, 0x97, 0x97, 0x97,
    0x97, 0x97, 0x97, 0x97, 0x97, 0x97, 0x97, 0x97, 0x97, 0x97, 0x97, 0x10, 0x11, 0x10, 0x17, 0x00,
    0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,
    0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,
    0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,
    0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,
    0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,
    0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,
    0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,
    0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,
};
// clang-format on

static bool refuse(struct h1_reject *rej, enum problem problem, const char *detail)
{
    *rej = (struct h1_reject){problem, detail};
    return false;
}

// name is a token, want is lower case: setting bit 5 maps no other tchar onto a letter or '-'.
static bool name_is(struct slice name, const char *want)
{
    for (size_t i = 0; i < name.n; i++)
        if ((name.p[i] | 0x20) != want[i]) return false;
    return true;
}

static size_t class_run(struct slice s, unsigned classes)
{
    size_t i = 0;
    while (i < s.n && h1_is(s.p[i], classes)) i++;
    return i;
}

static bool is_escape(struct slice s)
{
    return s.n >= 3 && s.p[0] == '%' && h1_is(s.p[1], CH_HEX) && h1_is(s.p[2], CH_HEX);
}

static size_t reg_name_len(struct slice s)
{
    size_t at = 0;
    for (;;) {
        at += class_run(slice_skip(s, at), CH_REG_NAME);
        if (!is_escape(slice_skip(s, at))) return at;
        at += 3;
    }
}

static size_t ip_literal_len(struct slice s)
{
    ptrdiff_t end = slice_find(s, ']');
    if (end < 0) return 0;
    struct slice inner = slice_n(s.p + 1, (size_t)end - 1);
    struct ip ip;
    if (slice_find(inner, ':') < 0 || !ip_parse(inner, &ip)) return 0;
    return (size_t)end + 1;
}

bool h1_host_valid(struct slice s)
{
    if (!s.n) return false;
    size_t host = s.p[0] == '[' ? ip_literal_len(s) : reg_name_len(s);
    if (!host) return false;
    struct slice port = slice_skip(s, host);
    if (!port.n) return true;
    if (port.p[0] != ':') return false;
    port = slice_skip(port, 1);
    uint64_t number = 0;
    return !port.n || slice_u64(port, 65535, &number);
}

static bool on_host(struct h1_parser *h, struct h1_head *head, struct slice value, struct h1_reject *rej)
{
    if (h->flags & F_HOST) return refuse(rej, P_BAD_REQUEST, "there is more than one Host");
    if (!h1_host_valid(value)) return refuse(rej, P_BAD_REQUEST, "Host is not a host with an optional port");
    h->flags |= F_HOST;
    // RFC 9112 3.2.2: the authority of an absolute-form target replaces Host.
    if (!(h->flags & F_ABSOLUTE)) head->host = value;
    return true;
}

static bool on_content_length(struct h1_parser *h, struct slice value, struct h1_reject *rej)
{
    if (h->flags & F_CHUNKED) return refuse(rej, P_BAD_REQUEST, "Content-Length and Transfer-Encoding are both there");
    if (h->flags & F_LENGTH) return refuse(rej, P_BAD_REQUEST, "there is more than one Content-Length");
    if (!value.n || class_run(value, CH_DIGIT) != value.n)
        return refuse(rej, P_BAD_REQUEST, "Content-Length is not one decimal number");
    h->flags |= F_LENGTH;
    // A number that does not fit is past every limit: h1.c answers 413.
    if (!slice_u64(value, UINT64_MAX, &h->length)) h->length = UINT64_MAX;
    return true;
}

// RFC 9112 6.3: without a final chunked the length cannot be known (400); with codings before it, it could be, but we
// know none of them (501).
static bool on_transfer_encoding(struct h1_parser *h, struct slice value, struct h1_reject *rej)
{
    if (h->minor == 0) return refuse(rej, P_BAD_REQUEST, "Transfer-Encoding is not part of HTTP/1.0");
    if (h->flags & F_LENGTH) return refuse(rej, P_BAD_REQUEST, "Content-Length and Transfer-Encoding are both there");
    if (h->flags & F_CHUNKED) return refuse(rej, P_BAD_REQUEST, "there is more than one Transfer-Encoding");
    h->flags |= F_CHUNKED;
    if (slice_eq_nocase(value, SLICE("chunked"))) return true;

    struct slice coding = {NULL, 0};
    while (slice_cut(&value, ',', &coding)) {
        coding = slice_trim(coding, " \t");
        if (!class_run(coding, CH_TOKEN) || slice_eq_nocase(coding, SLICE("chunked")))
            return refuse(rej, P_BAD_REQUEST, "Transfer-Encoding is not a list of codings that chunked ends once");
    }
    if (!slice_eq_nocase(slice_trim(coding, " \t"), SLICE("chunked")))
        return refuse(rej, P_BAD_REQUEST, "Transfer-Encoding does not end in chunked");
    return refuse(rej, P_TRANSFER_CODING_UNKNOWN, "before chunked");
}

static bool on_connection(struct h1_parser *h, struct slice value, struct h1_reject *rej)
{
    bool more = true;
    while (more) {
        struct slice option;
        more = slice_cut(&value, ',', &option);
        option = slice_trim(option, " \t");
        if (class_run(option, CH_TOKEN) != option.n)
            return refuse(rej, P_BAD_REQUEST, "Connection is not a list of tokens");
        if (slice_eq_nocase(option, SLICE("close"))) h->flags |= F_CLOSE;
        if (slice_eq_nocase(option, SLICE("keep-alive"))) h->flags |= F_KEEP_ALIVE;
    }
    return true;
}

static bool on_expect(struct h1_parser *h, struct slice value, struct h1_reject *rej)
{
    if (!slice_eq_nocase(value, SLICE("100-continue")))
        return refuse(rej, P_EXPECTATION_FAILED, "that is not 100-continue");
    h->flags |= F_EXPECT;
    return true;
}

bool h1_field(struct h1_parser *h, struct h1_head *head, struct slice name, struct slice value, struct h1_reject *rej)
{
    switch (name.n) {
    case 4:
        return name_is(name, "host") ? on_host(h, head, value, rej) : true;
    case 6:
        return name_is(name, "expect") ? on_expect(h, value, rej) : true;
    case 10:
        return name_is(name, "connection") ? on_connection(h, value, rej) : true;
    case 14:
        return name_is(name, "content-length") ? on_content_length(h, value, rej) : true;
    case 17:
        return name_is(name, "transfer-encoding") ? on_transfer_encoding(h, value, rej) : true;
    default:
        return true;
    }
}
