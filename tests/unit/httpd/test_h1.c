// SPDX-License-Identifier: Apache-2.0
// The request head by table: each case whole, byte by byte, and cut at every point, always with the same outcome.
// Run by: meson test. Must never: test a head in one piece only.
#include "httpd/h1_char.h"

#include <setjmp.h>
#include <stdarg.h>

#include "base/mem.h"

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define V11  " HTTP/1.1\r\n"
#define HOST "Host: a\r\n"
#define END  "\r\n"

struct outcome {
    enum h1_status status;
    size_t fed; // bytes given when the parser decided
    struct h1_reject rej;
    struct h1_head head;
    char text[4096]; // every slice of the head, so that two outcomes can be compared
};

static void describe(struct outcome *o)
{
    const struct h1_head *h = &o->head;
    int n = snprintf(o->text, sizeof o->text, "%.*s|%.*s|%.*s|%d|%d|%d|%d|%llu|", SLICE_FMT(h->method),
                     SLICE_FMT(h->target), SLICE_FMT(h->host), h->minor, h->keep_alive, h->expect_continue, h->body,
                     (unsigned long long)h->length);
    for (unsigned i = 0; i < h->header_count && n < (int)sizeof o->text - 1; i++)
        n += snprintf(o->text + n, sizeof o->text - (size_t)n, "%.*s=%.*s;", SLICE_FMT(h->headers[i].name),
                      SLICE_FMT(h->headers[i].value));
}

// Feeds prefixes of length first, first + step, …; each prefix in memory of exactly its size, moved every time.
static void feed(struct slice in, size_t first, size_t step, const struct h1_limits *lim, struct outcome *o)
{
    struct h1_parser h;
    h1_parser_init(&h);
    memset(o, 0, sizeof *o);
    memset(&o->head, 0x5a, sizeof o->head);
    for (size_t n = first;; n = MIN(n + step, in.n)) {
        char *copy = mem_alloc(n ? n : 1);
        assert_non_null(copy);
        memcpy(copy, in.p, n);
        o->status = h1_head(&h, copy, n, lim, &o->head, &o->rej);
        o->fed = n;
        if (o->status == H1_READY) describe(o);
        mem_free(copy);
        if (o->status != H1_MORE || n == in.n) return;
        assert_true(h.seen <= n);
    }
}

static void assert_same(struct slice in, const struct outcome *a, const struct outcome *b, size_t cut)
{
    bool same = a->status == b->status;
    if (same && a->status == H1_REJECT) same = a->rej.problem == b->rej.problem && a->rej.detail == b->rej.detail;
    if (same && a->status == H1_READY) same = a->head.bytes == b->head.bytes && strcmp(a->text, b->text) == 0;
    if (!same)
        fail_msg("cut at %zu: %d/%d/%s became %d/%d/%s for:\n%.*s", cut, a->status, a->rej.problem, a->rej.detail,
                 b->status, b->rej.problem, b->rej.detail, SLICE_FMT(in));
}

// The outcome of `in`, the same for every way to split it. fed is that of byte by byte: the earliest moment.
static void parse(struct slice in, const struct h1_limits *lim, struct outcome *o)
{
    static struct outcome whole, cut;
    feed(in, in.n, 1, lim, &whole);
    for (size_t k = 0; k < in.n && k < 600; k++) {
        feed(in, k, in.n, lim, &cut);
        assert_same(in, &whole, &cut, k);
    }
    feed(in, 0, 1, lim, o);
    assert_same(in, &whole, o, in.n);
}

struct accept_case {
    const char *name;
    struct slice in;
    const char *want; // method|target|host|minor|keep|expect|body|length|headers, see describe()
};
#define A(name, in, want)                                                                                              \
    {                                                                                                                  \
        name, {in, sizeof(in) - 1}, want                                                                               \
    }
#define AG(name, fields, want) A(name, "GET /" V11 HOST fields END, want)
static const struct accept_case accepted[] = {
    A("plain", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET|/|a|1|1|0|0|0|Host=a;"),
    A("one leading CRLF", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET|/|a|1|1|0|0|0|Host=a;"),
    A("1.0 without Host", "GET / HTTP/1.0\r\n\r\n", "GET|/||0|0|0|0|0|"),
    A("1.0 with Host", "GET / HTTP/1.0\r\nHost: a\r\n\r\n", "GET|/|a|0|0|0|0|0|Host=a;"),
    A("1.0 keep-alive", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "GET|/||0|1|0|0|0|Connection=Keep-Alive;"),
    A("1.0 keep-alive and close", "GET / HTTP/1.0\r\nConnection: close, keep-alive\r\n\r\n",
      "GET|/||0|0|0|0|0|Connection=close, keep-alive;"),
    A("1.0 Expect is ignored", "PUT / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n",
      "PUT|/||0|0|0|1|1|Expect=100-continue;Content-Length=1;"),
    A("follower is left alone", "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /2", "GET|/|a|1|1|0|0|0|Host=a;"),
    A("any token is a method", "!#$%&'*+-.^_`|~09azAZ / HTTP/1.1\r\nHost: a\r\n\r\n",
      "!#$%&'*+-.^_`|~09azAZ|/|a|1|1|0|0|0|Host=a;"),
    A("all target characters", "GET /aZ09-._~!$&'()*+,;=:@/%20%aF?/?:@%00&x=1 HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET|/aZ09-._~!$&'()*+,;=:@/%20%aF?/?:@%00&x=1|a|1|1|0|0|0|Host=a;"),
    A("empty segments", "GET //a//b HTTP/1.1\r\nHost: a\r\n\r\n", "GET|//a//b|a|1|1|0|0|0|Host=a;"),
    A("asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS|*|a|1|1|0|0|0|Host=a;"),
    A("absolute", "GET http://b:80/c?d HTTP/1.1\r\nHost: a\r\n\r\n", "GET|/c?d|b:80|1|1|0|0|0|Host=a;"),
    A("absolute, https, upper case", "GET HTTPS://B/c HTTP/1.1\r\nHost: a\r\n\r\n", "GET|/c|B|1|1|0|0|0|Host=a;"),
    A("absolute without path", "GET http://b HTTP/1.1\r\nHost: a\r\n\r\n", "GET|/|b|1|1|0|0|0|Host=a;"),
    A("absolute, OPTIONS without path", "OPTIONS http://b HTTP/1.1\r\nHost: a\r\n\r\n",
      "OPTIONS|*|b|1|1|0|0|0|Host=a;"),
    A("absolute, IPv6", "GET http://[::1]:8/c HTTP/1.1\r\nHost: a\r\n\r\n", "GET|/c|[::1]:8|1|1|0|0|0|Host=a;"),
    A("absolute, 1.0, no Host", "GET http://b/ HTTP/1.0\r\n\r\n", "GET|/|b|0|0|0|0|0|"),
    AG("header order, repetition, case", "X-a:1\r\nx-A:2\r\nX-b:\r\n", "GET|/|a|1|1|0|0|0|Host=a;X-a=1;x-A=2;X-b=;"),
    AG("white space around values", "X: \t a b\t\t c \t \r\nY:\t \r\nZ:z\r\n",
       "GET|/|a|1|1|0|0|0|Host=a;X=a b\t\t c;Y=;Z=z;"),
    AG("obs-text and all VCHAR", "X: \x80\xff\xa0!\"#%&'()*+,-./:;<=>?@[\\]^_`{|}~ 12345678\r\n",
       "GET|/|a|1|1|0|0|0|Host=a;X=\x80\xff\xa0!\"#%&'()*+,-./:;<=>?@[\\]^_`{|}~ 12345678;"),
    AG("token names", "!#$%&'*+-.^_`|~09aZ: x\r\n", "GET|/|a|1|1|0|0|0|Host=a;!#$%&'*+-.^_`|~09aZ=x;"),
    AG("names of the same length",
       "Hosu: 1\r\nExpecu: 2\r\nConnectioo: 3\r\nContent-Lengti: x\r\n"
       "Transfer-Encodinh: x\r\n",
       "GET|/|a|1|1|0|0|0|Host=a;Hosu=1;Expecu=2;Connectioo=3;Content-Lengti=x;"
       "Transfer-Encodinh=x;"),
    AG("length", "content-LENGTH: 0012\r\n", "GET|/|a|1|1|0|1|12|Host=a;content-LENGTH=0012;"),
    AG("length 0", "Content-Length: 0\r\n", "GET|/|a|1|1|0|1|0|Host=a;Content-Length=0;"),
    AG("length at the limit", "Content-Length: 1048576\r\n", "GET|/|a|1|1|0|1|1048576|Host=a;Content-Length=1048576;"),
    AG("chunked", "Transfer-Encoding: CHUNked\r\n", "GET|/|a|1|1|0|2|0|Host=a;Transfer-Encoding=CHUNked;"),
    AG("expect with length", "Content-Length: 1\r\nExpect: 100-Continue\r\n",
       "GET|/|a|1|1|1|1|1|Host=a;Content-Length=1;Expect=100-Continue;"),
    AG("expect with chunked", "Expect:100-continue\r\nTransfer-Encoding:chunked\r\n",
       "GET|/|a|1|1|1|2|0|Host=a;Expect=100-continue;Transfer-Encoding=chunked;"),
    AG("expect without content", "Expect: 100-continue\r\n", "GET|/|a|1|1|0|0|0|Host=a;Expect=100-continue;"),
    AG("close", "Connection: CLOSE\r\n", "GET|/|a|1|0|0|0|0|Host=a;Connection=CLOSE;"),
    AG("close in a list", "Connection: te,, x ,close,\r\n", "GET|/|a|1|0|0|0|0|Host=a;Connection=te,, x ,close,;"),
    AG("empty Connection", "Connection:\r\nConnection: closed\r\n",
       "GET|/|a|1|1|0|0|0|Host=a;Connection=;Connection=closed;"),
    A("Host with name and port", "GET / HTTP/1.1\r\nhOST:\t ex-a.Mple_1~:65535 \r\n\r\n",
      "GET|/|ex-a.Mple_1~:65535|1|1|0|0|0|hOST=ex-a.Mple_1~:65535;"),
    A("Host with escape", "GET / HTTP/1.1\r\nHost: %41b%c3\r\n\r\n", "GET|/|%41b%c3|1|1|0|0|0|Host=%41b%c3;"),
    A("Host with empty port", "GET / HTTP/1.1\r\nHost: a:\r\n\r\n", "GET|/|a:|1|1|0|0|0|Host=a:;"),
    A("Host as IPv6", "GET / HTTP/1.1\r\nHost: [::ffff:1.2.3.4]\r\n\r\n",
      "GET|/|[::ffff:1.2.3.4]|1|1|0|0|0|Host=[::ffff:1.2.3.4];"),
};

static void accepts(void **state)
{
    (void)state;
    static struct outcome o;
    for (size_t i = 0; i < ARRAY_LEN(accepted); i++) {
        const struct accept_case *c = &accepted[i];
        parse(c->in, &h1_limits_default, &o);
        if (o.status != H1_READY) fail_msg("%s: status %d, %s", c->name, o.status, o.rej.detail);
        if (strcmp(o.text, c->want) != 0) fail_msg("%s:\ngot  %s\nwant %s", c->name, o.text, c->want);
        const char *end = memmem(c->in.p, c->in.n, END END, 4);
        assert_int_equal(o.head.bytes, end + 4 - c->in.p);
        assert_int_equal(o.fed, o.head.bytes);
    }
}

struct reject_case {
    const char *name;
    struct slice in;
    size_t at; // the refusal comes with this many bytes, no later
    enum problem problem;
    const char *detail; // part of it
};
// `bad` ends with the byte that decides; `rest` would have gone on.
#define R(name, bad, rest, problem, detail)                                                                            \
    {                                                                                                                  \
        name, {bad rest, sizeof(bad rest) - 1}, sizeof(bad) - 1, problem, detail                                       \
    }
#define LINE "GET / HTTP/1.1\r\n"
#define REST "\r\nHost: a\r\n\r\n"
static const struct reject_case rejected[] = {
    // before and in the method
    R("TLS ClientHello", "\x16", "\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", P_BAD_REQUEST, "method"),
    R("two leading CRLF", "\r\n\r", "\n" LINE HOST END, P_BAD_REQUEST, "method"),
    R("leading CR alone", "\rG", "ET / HTTP/1.1\r\n", P_BAD_REQUEST, "CR is not"),
    R("leading LF", "\n", LINE HOST END, P_BAD_REQUEST, "method"),
    R("leading SP", " ", LINE HOST END, P_BAD_REQUEST, "method"),
    R("NUL in method", "G\0", "ET / HTTP/1.1\r\n", P_BAD_REQUEST, "method"),
    R("HTAB after method", "GET\t", "/ HTTP/1.1\r\n", P_BAD_REQUEST, "method"),
    R("delimiter in method", "G(", "T / HTTP/1.1\r\n", P_BAD_REQUEST, "method"),
    R("obs-text in method", "G\xc3", "T / HTTP/1.1\r\n", P_BAD_REQUEST, "method"),
    R("line without target", "GET\r", "\n\r\n", P_BAD_REQUEST, "method"),
    R("method of 65", "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLM", " / HTTP/1.1\r\n",
      P_METHOD_UNKNOWN, "length"),
    R("CONNECT", "CONNECT ", "a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", P_METHOD_UNKNOWN, "CONNECT"),
    // target
    R("two spaces", "GET  ", "/ HTTP/1.1\r\n", P_BAD_REQUEST, "path or"),
    R("relative path with dot", "GET .", "/ HTTP/1.1\r\n", P_BAD_REQUEST, "path or"),
    R("query only", "GET ?", "a HTTP/1.1\r\n", P_BAD_REQUEST, "path or"),
    R("fragment only", "GET #", "a HTTP/1.1\r\n", P_BAD_REQUEST, "path or"),
    R("control as target", "GET \x01", " HTTP/1.1\r\n", P_BAD_REQUEST, "path or"),
    R("fragment", "GET /#", "a HTTP/1.1\r\n", P_BAD_REQUEST, "percent-encoded"),
    R("HTTP/0.9", "GET /\r", "\n", P_BAD_REQUEST, "percent-encoded"),
    R("HTTP/0.9 with LF", "GET /\n", "", P_BAD_REQUEST, "percent-encoded"),
    R("NUL in target", "GET /\0", "HTTP/1.1\r\n", P_BAD_REQUEST, "percent-encoded"),
    R("HTAB in target", "GET /\t", "HTTP/1.1\r\n", P_BAD_REQUEST, "percent-encoded"),
    R("DEL in target", "GET /\x7f", " HTTP/1.1\r\n", P_BAD_REQUEST, "percent-encoded"),
    R("UTF-8 in target", "GET /\xc3", "\xa9 HTTP/1.1\r\n", P_BAD_REQUEST, "percent-encoded"),
    R("quote in target", "GET /\"", " HTTP/1.1\r\n", P_BAD_REQUEST, "percent-encoded"),
    R("backslash in target", "GET /\\", " HTTP/1.1\r\n", P_BAD_REQUEST, "percent-encoded"),
    R("bracket in path", "GET /a[", "] HTTP/1.1\r\n", P_BAD_REQUEST, "percent-encoded"),
    R("closing bracket in query", "GET /a?]", " HTTP/1.1\r\n", P_BAD_REQUEST, "percent-encoded"),
    R("brace in path", "GET /{", "} HTTP/1.1\r\n", P_BAD_REQUEST, "percent-encoded"),
    R("escape with bad first digit", "GET /%g", "0 HTTP/1.1\r\n", P_BAD_REQUEST, "percent-encoded"),
    R("escape with bad second digit", "GET /%0g", " HTTP/1.1\r\n", P_BAD_REQUEST, "percent-encoded"),
    R("escape cut short", "GET /% ", "HTTP/1.1\r\n", P_BAD_REQUEST, "percent-encoded"),
    R("asterisk for GET", "GET * ", "HTTP/1.1\r\n", P_BAD_REQUEST, "OPTIONS alone"),
    R("asterisk and more", "OPTIONS *a ", "HTTP/1.1\r\n", P_BAD_REQUEST, "OPTIONS alone"),
    R("authority-form", "GET a:443 ", "HTTP/1.1\r\n", P_BAD_REQUEST, "path or"),
    R("other scheme", "GET ftp://a/ ", "HTTP/1.1\r\n", P_BAD_REQUEST, "path or"),
    R("short scheme", "GET http: ", "HTTP/1.1\r\n", P_BAD_REQUEST, "path or"),
    R("absolute without host", "GET http:///a ", "HTTP/1.1\r\n", P_BAD_REQUEST, "path or"),
    R("absolute, nothing after //", "GET http:// ", "HTTP/1.1\r\n", P_BAD_REQUEST, "path or"),
    R("absolute, host is a query", "GET http://?a ", "HTTP/1.1\r\n", P_BAD_REQUEST, "path or"),
    R("absolute with userinfo", "GET http://u@a/ ", "HTTP/1.1\r\n", P_BAD_REQUEST, "path or"),
    R("absolute with bad port", "GET http://a:b/ ", "HTTP/1.1\r\n", P_BAD_REQUEST, "path or"),
    R("absolute, bad character in host", "GET http://a<", "/ HTTP/1.1\r\n", P_BAD_REQUEST, "percent-encoded"),
    R("absolute, query without path", "GET http://a?b ", "HTTP/1.1\r\n", P_BAD_REQUEST, "no path"),
    R("absolute, opening bracket in path", "GET http://a/[ ", "HTTP/1.1\r\n", P_BAD_REQUEST, "percent-encoded"),
    R("absolute, closing bracket in query", "GET http://a/?] ", "HTTP/1.1\r\n", P_BAD_REQUEST, "percent-encoded"),
    R("absolute, fragment", "GET http://a/#", " HTTP/1.1\r\n", P_BAD_REQUEST, "percent-encoded"),
    // version
    R("two spaces before version", "GET /  ", "HTTP/1.1\r\n", P_BAD_REQUEST, "request line"),
    R("lower case version", "GET / h", "ttp/1.1\r\n", P_BAD_REQUEST, "request line"),
    R("no name", "GET / /", "1.1\r\n", P_BAD_REQUEST, "request line"),
    R("no minor version", "GET / HTTP/1\r", "\n", P_BAD_REQUEST, "request line"),
    R("comma", "GET / HTTP/1,", "1\r\n", P_BAD_REQUEST, "request line"),
    R("letter", "GET / HTTP/1.x", "\r\n", P_BAD_REQUEST, "request line"),
    R("two digits", "GET / HTTP/1.10", "\r\n", P_BAD_REQUEST, "request line"),
    R("two major digits", "GET / HTTP/11", ".1\r\n", P_BAD_REQUEST, "request line"),
    R("space after version", "GET / HTTP/1.1 ", "\r\n", P_BAD_REQUEST, "request line"),
    R("bare LF after version", "GET / HTTP/1.1\n", "Host: a\n\n", P_BAD_REQUEST, "request line"),
    R("bare CR after version", "GET / HTTP/1.1\rH", "ost: a\r\n", P_BAD_REQUEST, "request line"),
    R("1.2", "GET / HTTP/1.2\r\n", HOST END, P_HTTP_VERSION_NOT_SUPPORTED, NULL),
    R("0.9 named", "GET / HTTP/0.9\r\n", HOST END, P_HTTP_VERSION_NOT_SUPPORTED, NULL),
    R("2.0", "GET / HTTP/2.0\r\n", HOST END, P_HTTP_VERSION_NOT_SUPPORTED, NULL),
    R("HTTP/2 preface", "PRI * ", "HTTP/2.0\r\n\r\nSM\r\n\r\n", P_BAD_REQUEST, "OPTIONS alone"),
    // header lines
    R("space before the first header", LINE " ", HOST END, P_BAD_REQUEST, "name and a colon"),
    R("obs-fold", LINE HOST "X: 1\r\n ", "2\r\n\r\n", P_BAD_REQUEST, "name and a colon"),
    R("obs-fold with HTAB", LINE HOST "X: 1\r\n\t", "2\r\n\r\n", P_BAD_REQUEST, "name and a colon"),
    R("empty name", LINE ":", " a\r\n" HOST END, P_BAD_REQUEST, "name and a colon"),
    R("space before colon", LINE "Host ", ": a\r\n\r\n", P_BAD_REQUEST, "name and a colon"),
    R("HTAB before colon", LINE "Host\t", ": a\r\n\r\n", P_BAD_REQUEST, "name and a colon"),
    R("no colon", LINE "Host\r", "\n\r\n", P_BAD_REQUEST, "name and a colon"),
    R("LF as name", LINE "\n", "", P_BAD_REQUEST, "name and a colon"),
    R("NUL in name", LINE "Ho\0", "st: a\r\n\r\n", P_BAD_REQUEST, "name and a colon"),
    R("obs-text in name", LINE "Ho\xe9", "st: a\r\n\r\n", P_BAD_REQUEST, "name and a colon"),
    R("bare LF ends value", LINE "Host: a\n", "\r\n", P_BAD_REQUEST, "bare LF"),
    R("bare CR in value", LINE "X: a\rb", "\r\n" HOST END, P_BAD_REQUEST, "CR is not"),
    R("CR CR LF", LINE "X: a\r\r", "\n" HOST END, P_BAD_REQUEST, "CR is not"),
    R("NUL in value", LINE "X: a\0", "b\r\n" HOST END, P_BAD_REQUEST, "control"),
    R("control in value", LINE "X: 123456789\x01", "\r\n" HOST END, P_BAD_REQUEST, "control"),
    R("VT in value", LINE "X: 12345678\x0b", "23456789\r\n" HOST END, P_BAD_REQUEST, "control"),
    R("DEL in value", LINE "X: 1234567\x7f", "9012345678\r\n" HOST END, P_BAD_REQUEST, "control"),
    R("bare CR at the end", LINE HOST "\rX", "", P_BAD_REQUEST, "CR is not"),
    R("bare LF at the end", LINE HOST "\n", "", P_BAD_REQUEST, "name and a colon"),
    // Host
    R("no Host", LINE "X: 1\r\n\r\n", "", P_BAD_REQUEST, "needs a Host"),
    R("no Host though absolute", "GET http://a/ HTTP/1.1\r\n\r\n", "", P_BAD_REQUEST, "needs a Host"),
    R("two Hosts", LINE HOST "host: a\r\n", END, P_BAD_REQUEST, "more than one Host"),
    R("two Hosts in 1.0", "GET / HTTP/1.0\r\n" HOST "host: b\r\n", END, P_BAD_REQUEST, "more than one Host"),
    R("Host list", LINE "Host: a, b\r\n", END, P_BAD_REQUEST, "Host is not"),
    R("empty Host", LINE "Host:\r\n", END, P_BAD_REQUEST, "Host is not"),
    R("blank Host", LINE "Host: \t\r\n", END, P_BAD_REQUEST, "Host is not"),
    R("Host is a port", LINE "Host: :80\r\n", END, P_BAD_REQUEST, "Host is not"),
    R("Host with path", LINE "Host: a/b\r\n", END, P_BAD_REQUEST, "Host is not"),
    R("Host with userinfo", LINE "Host: u@a\r\n", END, P_BAD_REQUEST, "Host is not"),
    R("Host with space", LINE "Host: a b\r\n", END, P_BAD_REQUEST, "Host is not"),
    R("Host as URI", LINE "Host: http://a\r\n", END, P_BAD_REQUEST, "Host is not"),
    R("Host with two ports", LINE "Host: a:1:2\r\n", END, P_BAD_REQUEST, "Host is not"),
    R("Host with port name", LINE "Host: a:http\r\n", END, P_BAD_REQUEST, "Host is not"),
    R("Host with signed port", LINE "Host: a:+80\r\n", END, P_BAD_REQUEST, "Host is not"),
    R("Host with port 65536", LINE "Host: a:65536\r\n", END, P_BAD_REQUEST, "Host is not"),
    R("Host with obs-text", LINE "Host: \xc3\xa9\r\n", END, P_BAD_REQUEST, "Host is not"),
    R("Host with cut escape", LINE "Host: a%4\r\n", END, P_BAD_REQUEST, "Host is not"),
    R("Host with bad escape", LINE "Host: a%4g\r\n", END, P_BAD_REQUEST, "Host is not"),
    R("Host with bad escape, first", LINE "Host: a%g4\r\n", END, P_BAD_REQUEST, "Host is not"),
    R("Host, bare IPv6", LINE "Host: ::1\r\n", END, P_BAD_REQUEST, "Host is not"),
    R("Host, unclosed IPv6", LINE "Host: [::1\r\n", END, P_BAD_REQUEST, "Host is not"),
    R("Host, bad IPv6", LINE "Host: [:::1]\r\n", END, P_BAD_REQUEST, "Host is not"),
    R("Host, empty brackets", LINE "Host: []\r\n", END, P_BAD_REQUEST, "Host is not"),
    R("Host, IPv4 in brackets", LINE "Host: [1.2.3.4]\r\n", END, P_BAD_REQUEST, "Host is not"),
    R("Host, IPv6 and junk", LINE "Host: [::1]x\r\n", END, P_BAD_REQUEST, "Host is not"),
    R("Host, IPvFuture", LINE "Host: [v1.a:b]\r\n", END, P_BAD_REQUEST, "Host is not"),
    R("Host bad though absolute", "GET http://a/ HTTP/1.1\r\nHost: a/\r\n", END, P_BAD_REQUEST, "Host is not"),
    // Content-Length
    R("length empty", LINE HOST "Content-Length:\r\n", END, P_BAD_REQUEST, "decimal"),
    R("length signed", LINE HOST "Content-Length: +1\r\n", END, P_BAD_REQUEST, "decimal"),
    R("length negative", LINE HOST "Content-Length: -1\r\n", END, P_BAD_REQUEST, "decimal"),
    R("length hexadecimal", LINE HOST "Content-Length: 0x1\r\n", END, P_BAD_REQUEST, "decimal"),
    R("length with space", LINE HOST "Content-Length: 1 0\r\n", END, P_BAD_REQUEST, "decimal"),
    R("length with fraction", LINE HOST "Content-Length: 1.0\r\n", END, P_BAD_REQUEST, "decimal"),
    R("length list", LINE HOST "Content-Length: 1, 1\r\n", END, P_BAD_REQUEST, "decimal"),
    R("length list, 1,1", LINE HOST "Content-Length: 1,1\r\n", END, P_BAD_REQUEST, "decimal"),
    R("length twice, same", LINE HOST "Content-Length: 1\r\nContent-length: 1\r\n", END, P_BAD_REQUEST,
      "more than one Content-Length"),
    R("length twice, other", LINE HOST "Content-Length: 1\r\nContent-Length: 2\r\n", END, P_BAD_REQUEST,
      "more than one Content-Length"),
    R("length past the limit", LINE HOST "Content-Length: 1048577\r\n\r\n", "", P_PAYLOAD_TOO_LARGE, NULL),
    R("length of 2^64 - 1", LINE HOST "Content-Length: 18446744073709551615\r\n\r\n", "", P_PAYLOAD_TOO_LARGE, NULL),
    R("length of 2^64", LINE HOST "Content-Length: 18446744073709551616\r\n\r\n", "", P_PAYLOAD_TOO_LARGE, NULL),
    R("length of 2^64 + 1", LINE HOST "Content-Length: 18446744073709551617\r\n\r\n", "", P_PAYLOAD_TOO_LARGE, NULL),
    // Transfer-Encoding
    R("chunked with length", LINE HOST "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", END, P_BAD_REQUEST,
      "both there"),
    R("length with chunked", LINE HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", END, P_BAD_REQUEST,
      "both there"),
    R("chunked twice", LINE HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", END, P_BAD_REQUEST,
      "more than one Transfer-Encoding"),
    R("chunked, chunked", LINE HOST "Transfer-Encoding: chunked, chunked\r\n", END, P_BAD_REQUEST, "ends once"),
    R("chunked not last", LINE HOST "Transfer-Encoding: chunked, gzip\r\n", END, P_BAD_REQUEST, "ends once"),
    R("empty coding", LINE HOST "Transfer-Encoding:\r\n", END, P_BAD_REQUEST, "does not end"),
    R("empty element", LINE HOST "Transfer-Encoding: , chunked\r\n", END, P_BAD_REQUEST, "ends once"),
    R("element after", LINE HOST "Transfer-Encoding: gzip,\r\n", END, P_BAD_REQUEST, "does not end"),
    R("only gzip", LINE HOST "Transfer-Encoding: gzip\r\n", END, P_BAD_REQUEST, "does not end"),
    R("identity", LINE HOST "Transfer-Encoding: identity\r\n", END, P_BAD_REQUEST, "does not end"),
    R("xchunked", LINE HOST "Transfer-Encoding: xchunked\r\n", END, P_BAD_REQUEST, "does not end"),
    R("quoted chunked", LINE HOST "Transfer-Encoding: \"chunked\"\r\n", END, P_BAD_REQUEST, "does not end"),
    R("chunked with parameter", LINE HOST "Transfer-Encoding: chunked;a=b\r\n", END, P_BAD_REQUEST, "does not end"),
    R("chunked and VT", LINE HOST "Transfer-Encoding: \x0b", "chunked\r\n\r\n", P_BAD_REQUEST, "control"),
    R("gzip, chunked", LINE HOST "Transfer-Encoding: gzip , Chunked\r\n", END, P_TRANSFER_CODING_UNKNOWN, "before"),
    R("chunked in 1.0", "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n", END, P_BAD_REQUEST, "HTTP/1.0"),
    // Expect and Connection
    R("other expectation", LINE HOST "Expect: 200-ok\r\n", END, P_EXPECTATION_FAILED, "not 100"),
    R("empty expectation", LINE HOST "Expect:\r\n", END, P_EXPECTATION_FAILED, "not 100"),
    R("list of expectations", LINE HOST "Expect: 100-continue, x\r\n", END, P_EXPECTATION_FAILED, "not 100"),
    R("Connection no token", LINE HOST "Connection: close \"\r\n", END, P_BAD_REQUEST, "tokens"),
    R("Connection of two words", LINE HOST "Connection: x, a b\r\n", END, P_BAD_REQUEST, "tokens"),
};

static void rejects_at_once(void **state)
{
    (void)state;
    static struct outcome o;
    for (size_t i = 0; i < ARRAY_LEN(rejected); i++) {
        const struct reject_case *c = &rejected[i];
        parse(c->in, &h1_limits_default, &o);
        if (o.status != H1_REJECT) fail_msg("%s: status %d", c->name, o.status);
        if (o.rej.problem != c->problem) fail_msg("%s: problem %d, %s", c->name, o.rej.problem, o.rej.detail);
        if (o.fed != c->at) fail_msg("%s: refused with %zu bytes, not %zu", c->name, o.fed, c->at);
        if (!c->detail) {
            assert_null(o.rej.detail);
        } else if (!o.rej.detail || !strstr(o.rej.detail, c->detail)) {
            fail_msg("%s: detail %s", c->name, o.rej.detail);
        }
    }
}

// Every proper prefix of an acceptable head asks for more.
static void prefixes_ask_for_more(void **state)
{
    (void)state;
    static struct outcome o;
    for (size_t i = 0; i < ARRAY_LEN(accepted); i++) {
        feed(accepted[i].in, accepted[i].in.n, 1, &h1_limits_default, &o);
        size_t bytes = o.head.bytes;
        for (size_t n = 0; n < bytes; n++) {
            feed(slice_n(accepted[i].in.p, n), n, 1, &h1_limits_default, &o);
            assert_int_equal(o.status, H1_MORE);
        }
    }
}

static void any_tells_idle_from_begun(void **state)
{
    (void)state;
    struct h1_parser h;
    struct h1_head head;
    struct h1_reject rej;
    h1_parser_init(&h);
    assert_int_equal(h1_head(&h, "", 0, &h1_limits_default, &head, &rej), H1_MORE);
    assert_int_equal(h1_head(&h, "\r", 1, &h1_limits_default, &head, &rej), H1_MORE);
    assert_int_equal(h1_head(&h, "\r\n", 2, &h1_limits_default, &head, &rej), H1_MORE);
    assert_false(h.any);
    assert_int_equal(h1_head(&h, "\r\nG", 3, &h1_limits_default, &head, &rej), H1_MORE);
    assert_true(h.any);
    assert_int_equal(h.line, 0);
}

static struct slice built(char *room, size_t cap, const char *before, char fill, size_t n, const char *after)
{
    size_t a = strlen(before), b = strlen(after);
    assert_true(a + n + b <= cap);
    memcpy(room, before, a);
    memset(room + a, fill, n);
    memcpy(room + a + n, after, b);
    return slice_n(room, a + n + b);
}

static void target_limit(void **state)
{
    (void)state;
    static struct outcome o;
    char room[256];
    struct h1_limits lim = {.target_max = 16, .head_max = 200, .body_max = 10};
    parse(built(room, sizeof room, "GET /", 'a', 15, V11 HOST END), &lim, &o);
    assert_int_equal(o.status, H1_READY);
    assert_int_equal(o.head.target.n, 16);
    parse(built(room, sizeof room, "GET /", 'a', 16, V11 HOST END), &lim, &o);
    assert_int_equal(o.status, H1_REJECT);
    assert_int_equal(o.rej.problem, P_URI_TOO_LONG);
    assert_null(o.rej.detail);
    assert_int_equal(o.fed, 4 + 17);
    // An escape that begins within the limit and ends at it, one past it, and two past it.
    parse(built(room, sizeof room, "GET /", 'a', 12, "%41" V11 HOST END), &lim, &o);
    assert_int_equal(o.status, H1_READY);
    parse(built(room, sizeof room, "GET /", 'a', 13, "%41" V11 HOST END), &lim, &o);
    assert_int_equal(o.rej.problem, P_URI_TOO_LONG);
    parse(built(room, sizeof room, "GET /", 'a', 14, "%41" V11 HOST END), &lim, &o);
    assert_int_equal(o.rej.problem, P_URI_TOO_LONG);
    parse(built(room, sizeof room, "GET /", 'a', 14, "%41"), &lim, &o);
    assert_int_equal(o.status, H1_MORE);
    parse(built(room, sizeof room, "GET /", 'a', 15, "%41 "), &lim, &o);
    assert_int_equal(o.rej.problem, P_URI_TOO_LONG);
}

static void head_limit(void **state)
{
    (void)state;
    static struct outcome o;
    char room[512];
    struct h1_limits lim = {.target_max = 64, .head_max = 128, .body_max = 10};
    const size_t frame = sizeof("GET /" V11 HOST "X: " END END) - 1;
    parse(built(room, sizeof room, "GET /" V11 HOST "X: ", 'x', 128 - frame, END END), &lim, &o);
    assert_int_equal(o.status, H1_READY);
    assert_int_equal(o.head.bytes, 128);
    parse(built(room, sizeof room, "GET /" V11 HOST "X: ", 'x', 129 - frame, END END), &lim, &o);
    assert_int_equal(o.status, H1_REJECT);
    assert_int_equal(o.rej.problem, P_HEADER_FIELDS_TOO_LARGE);
    assert_int_equal(o.fed, 128);
    // A name, and a method, that never end.
    parse(built(room, sizeof room, "GET /" V11, 'x', 300, ""), &lim, &o);
    assert_int_equal(o.rej.problem, P_HEADER_FIELDS_TOO_LARGE);
    parse(built(room, sizeof room, "", 'x', 300, ""), &lim, &o);
    assert_int_equal(o.rej.problem, P_METHOD_UNKNOWN);
    // What follows the head does not count.
    parse(built(room, sizeof room, "GET /" V11 HOST END, 'x', 300, ""), &lim, &o);
    assert_int_equal(o.status, H1_READY);
}

static void count_limit(void **state)
{
    (void)state;
    static struct outcome o;
    char room[2048];
    for (unsigned extra = H1_HEADERS_MAX - 1; extra <= H1_HEADERS_MAX; extra++) {
        struct slice in = built(room, sizeof room, "GET /" V11 HOST, ' ', 0, "");
        for (unsigned i = 0; i < extra; i++) {
            memcpy(room + in.n, "a:b\r\n", 5);
            in.n += 5;
        }
        memcpy(room + in.n, "\r\n", 2);
        in.n += 2;
        parse(in, &h1_limits_default, &o);
        if (extra < H1_HEADERS_MAX) {
            assert_int_equal(o.status, H1_READY);
            assert_int_equal(o.head.header_count, H1_HEADERS_MAX);
            continue;
        }
        assert_int_equal(o.rej.problem, P_HEADER_FIELDS_TOO_LARGE);
        assert_string_equal(o.rej.detail, "100 fields");
    }
}

static void details_name_the_limits(void **state)
{
    (void)state;
    char room[32];
    const struct h1_limits *lim = &h1_limits_default;
    struct h1_reject rej = {P_BAD_REQUEST, "x"};
    assert_string_equal(h1_reject_detail(&rej, lim, room), "x");
    rej = (struct h1_reject){P_URI_TOO_LONG, NULL};
    assert_string_equal(h1_reject_detail(&rej, lim, room), "8192");
    rej.problem = P_PAYLOAD_TOO_LARGE;
    assert_string_equal(h1_reject_detail(&rej, lim, room), "1048576");
    rej.problem = P_HEADER_FIELDS_TOO_LARGE;
    assert_string_equal(h1_reject_detail(&rej, lim, room), "32768 bytes");
    rej.problem = P_HTTP_VERSION_NOT_SUPPORTED;
    assert_null(h1_reject_detail(&rej, lim, room));
}

// The class table against the grammar, spelt another way.
static void classes_follow_the_grammar(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        bool alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'), digit = c >= '0' && c <= '9';
        bool hex = digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        bool token = alpha || digit || (c && strchr("!#$%&'*+-.^_`|~", c));
        bool reg = alpha || digit || (c && strchr("-._~!$&'()*+,;=", c));
        bool uri = reg || (c && strchr(":@/?", c));
        bool field = c == '\t' || (c >= 0x20 && c != 0x7f);
        unsigned want = (token ? CH_TOKEN : 0u) | (uri ? CH_URI : 0u) | (reg ? CH_REG_NAME : 0u) | (hex ? CH_HEX : 0u) |
                        (field ? CH_FIELD : 0u) | (c == '[' || c == ']' ? CH_BRACKET : 0u) | (digit ? CH_DIGIT : 0u) |
                        (alpha ? CH_ALPHA : 0u);
        assert_int_equal(h1_classes[c], want);
    }
}

// The eight-at-a-time scan stops where the plain one does, for every byte at every place.
static void field_run_stops_where_it_must(void **state)
{
    (void)state;
    char text[24];
    for (int c = 0; c < 256; c++) {
        for (size_t at = 0; at < sizeof text; at++) {
            memset(text, '\xff', sizeof text);
            text[at] = (char)c;
            size_t want = h1_is((char)c, CH_FIELD) ? sizeof text : at;
            assert_int_equal(h1_field_run(text, 0, sizeof text), want);
        }
    }
    // A tab sends the scan to its slow lane, which must not forget to look.
    memset(text, 'x', sizeof text);
    text[2] = '\t';
    text[20] = 0x7f;
    assert_int_equal(h1_field_run(text, 0, sizeof text), 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts),
        cmocka_unit_test(rejects_at_once),
        cmocka_unit_test(prefixes_ask_for_more),
        cmocka_unit_test(any_tells_idle_from_begun),
        cmocka_unit_test(target_limit),
        cmocka_unit_test(head_limit),
        cmocka_unit_test(count_limit),
        cmocka_unit_test(details_name_the_limits),
        cmocka_unit_test(classes_follow_the_grammar),
        cmocka_unit_test(field_run_stops_where_it_must),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
