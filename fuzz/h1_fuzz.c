// SPDX-License-Identifier: Apache-2.0
// Whole pipelines through the HTTP/1.1 parser: every split reads alike, what was read and written again reads alike,
// and nothing that was let through can carry a second meaning. Run by: libFuzzer, or driver.c as a unit test.
// Must never: fix the input before the parser sees it.
#include <stdlib.h>

#include "tests/support/h1_pipeline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Small limits, so that short inputs reach them.
static const struct h1_limits limits = {.target_max = 96, .head_max = 700, .body_max = 300};
// What is written again may be a "/" longer.
static const struct h1_limits limits_again = {.target_max = 97, .head_max = 701, .body_max = 300};

#define MUST(cond) ((cond) ? (void)0 : abort())

struct state {
    struct buf text; // what was understood
    struct buf wire; // the same, written again
    uint64_t rng;    // of the splits
    size_t step;     // or every so many bytes
};

static size_t arrive_random(void *ctx, size_t left)
{
    struct state *s = ctx;
    s->rng = s->rng * 6364136223846793005u + 1442695040888963407u;
    size_t k = 1 + (s->rng >> 33) % ((s->rng >> 60) + 1) * ((s->rng >> 50) % 9 + 1);
    return MIN(k, left);
}

static size_t arrive_step(void *ctx, size_t left)
{
    return MIN(((struct state *)ctx)->step, left);
}

static bool is_token(struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!alnum && !memchr("!#$%&'*+-.^_`|~", c, 15)) return false;
    }
    return s.n > 0;
}

static bool is_line(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((uint8_t)s.p[i] == 0x7f || ((uint8_t)s.p[i] < 0x20 && s.p[i] != '\t')) return false;
    return true;
}

// What the rest of the program takes for granted.
static void check(const struct h1_seen *seen)
{
    const struct h1_head *h = seen->head;
    MUST(is_token(h->method) && h->method.n <= 64 && !slice_eq_cstr(h->method, "CONNECT"));
    MUST(h->target.n > 0 && h->target.n <= limits.target_max);
    MUST(h->target.p[0] == '/' || (slice_eq_cstr(h->target, "*") && slice_eq_cstr(h->method, "OPTIONS")));
    for (size_t i = 0; i < h->target.n; i++) MUST(h->target.p[i] > ' ' && h->target.p[i] < 0x7f);
    MUST(slice_find(h->target, '#') < 0);
    MUST(h->minor <= 1 && h->header_count <= H1_HEADERS_MAX && h->bytes <= limits.head_max);
    MUST(h->host.n > 0 || h->minor == 0);
    unsigned hosts = 0, lengths = 0, encodings = 0;
    for (unsigned i = 0; i < h->header_count; i++) {
        struct slice name = h->headers[i].name, value = h->headers[i].value;
        MUST(is_token(name) && is_line(value));
        MUST(slice_eq(value, slice_trim(value, " \t")));
        hosts += slice_eq_nocase(name, SLICE("Host"));
        lengths += slice_eq_nocase(name, SLICE("Content-Length"));
        encodings += slice_eq_nocase(name, SLICE("Transfer-Encoding"));
    }
    MUST(hosts == 1 || (hosts == 0 && h->minor == 0));
    MUST(lengths + encodings <= 1);
    MUST(encodings == (h->body == H1_BODY_CHUNKED) && lengths == (h->body == H1_BODY_LENGTH));
    MUST(seen->body.n <= limits.body_max && (encodings || seen->body.n == h->length));
}

static void write_again(struct buf *out, const struct h1_seen *seen)
{
    const struct h1_head *h = seen->head;
    buf_slice(out, h->method);
    buf_char(out, ' ');
    if (seen->absolute) {
        buf_lit(out, "http://");
        buf_slice(out, h->host);
    }
    if (!seen->absolute || !slice_eq_cstr(h->target, "*")) buf_slice(out, h->target);
    buf_fmt(out, " HTTP/1.%d\r\n", h->minor);
    for (unsigned i = 0; i < h->header_count; i++) {
        buf_slice(out, h->headers[i].name);
        buf_lit(out, ":");
        buf_slice(out, h->headers[i].value);
        buf_lit(out, "\r\n");
    }
    buf_lit(out, "\r\n");
    if (seen->chunked && seen->body.n) buf_fmt(out, "%zx\r\n", seen->body.n);
    buf_slice(out, seen->body);
    if (seen->chunked) buf_str(out, seen->body.n ? "\r\n0\r\n\r\n" : "0\r\n\r\n");
}

static void on_request(void *ctx, const struct h1_seen *seen)
{
    struct state *s = ctx;
    check(seen);
    h1_describe(&s->text, seen);
    write_again(&s->wire, seen);
}

static void understand(struct state *s, const struct h1_limits *lim, size_t (*arrive)(void *, size_t), const char *p,
                       size_t n)
{
    struct h1_pipeline t = {lim, arrive, on_request, s, true};
    struct h1_reject rej = {PROBLEM_NONE, NULL};
    buf_init(&s->text, 1 << 24);
    buf_init(&s->wire, 1 << 24);
    enum h1_pipeline_end end = h1_pipeline_run(&t, p, n, &rej);
    buf_fmt(&s->text, "E %d %d %s\n", (int)end, (int)rej.problem, rej.detail ? rej.detail : "");
    MUST(!s->text.fail && !s->wire.fail);
}

static void forget(struct state *s)
{
    buf_done(&s->text);
    buf_done(&s->wire);
}

static void must_read_alike(const struct state *whole, size_t (*arrive)(void *, size_t), uint64_t seed, size_t step,
                            const char *p, size_t n)
{
    struct state s = {.rng = seed, .step = step};
    understand(&s, &limits, arrive, p, n);
    MUST(slice_eq(buf_view(&s.text), buf_view(&whole->text)));
    forget(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *p = (const char *)data;
    struct state whole = {0}, again = {0};
    understand(&whole, &limits, NULL, p, size);

    uint64_t seed = size;
    for (size_t i = 0; i < size; i++) seed = (seed ^ data[i]) * 1099511628211u;
    must_read_alike(&whole, arrive_step, 0, 1, p, size);
    must_read_alike(&whole, arrive_step, 0, 2 + seed % 61, p, size);
    must_read_alike(&whole, arrive_random, seed, 0, p, size);

    // Written again, the requests are the same ones; only what came after the last of them is gone.
    struct slice requests = buf_view(&whole.text);
    while (requests.n > 1 && requests.p[requests.n - 2] != '\n') requests.n--;
    requests.n--;
    understand(&again, &limits_again, NULL, whole.wire.p, whole.wire.n);
    MUST(slice_starts(buf_view(&again.text), requests));
    forget(&again);
    forget(&whole);
    return 0;
}
