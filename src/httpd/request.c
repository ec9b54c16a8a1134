// SPDX-License-Identifier: Apache-2.0
// From a parsed head and a whole body to the neutral request: parts of the target, the client behind trusted proxies,
// the request's id and time. Called by: conn.c. Must never: believe a forwarding header of an untrusted peer.
#include <string.h>

#include "httpd/server.h"

static const struct slice blanks = {" \t", 2};

void request_id_make(struct loop *l, char out[REQUEST_ID_LEN + 1])
{
    static const char digits[] = "0123456789abcdef";
    uint64_t v = rng_u64(&l->rng), w = rng_u64(&l->rng);
    for (unsigned i = 0; i < 16; i++) out[i] = digits[v >> (4 * i) & 15];
    for (unsigned i = 16; i < REQUEST_ID_LEN; i++) out[i] = digits[w >> (4 * (i - 16)) & 15];
    out[REQUEST_ID_LEN] = '\0';
}

// One element of X-Forwarded-For: an address, some proxies add a port ("192.0.2.1:80", "[2001:db8::1]:80").
static bool forwarded_ip(struct slice s, struct ip *ret)
{
    s = slice_trim(s, blanks.p);
    if (ip_parse(s, ret)) return true;
    struct slice head = s;
    if (slice_starts(s, SLICE("["))) {
        ptrdiff_t end = slice_find(s, ']');
        return end > 0 && ip_parse(slice_n(s.p + 1, (size_t)end - 1), ret);
    }
    return slice_cut(&s, ':', &head) && ip_parse(head, ret);
}

// Cuts the last element of a comma list off; false when it is the only one.
static bool cut_last(struct slice *list, struct slice *last)
{
    size_t i = list->n;
    while (i > 0 && list->p[i - 1] != ',') i--;
    *last = slice_skip(*list, i);
    bool more = i > 0;
    list->n = more ? i - 1 : 0;
    return more;
}

// The rightmost address that no trusted proxy has; each proxy appended the one it saw. Stops at what is no address.
static struct ip client_of(const struct httpd *s, const struct request *r, struct ip peer)
{
    struct ip client = peer;
    for (unsigned i = r->header_count; i-- > 0;) {
        if (!slice_eq_nocase(r->headers[i].name, SLICE("x-forwarded-for"))) continue;
        struct slice list = r->headers[i].value, last;
        bool more = list.n > 0;
        while (more) {
            struct ip ip;
            more = cut_last(&list, &last);
            if (!forwarded_ip(last, &ip)) return client;
            client = ip;
            if (!server_trusts(s, ip)) return client;
        }
    }
    return client;
}

static bool forwarded_https(const struct request *r)
{
    for (unsigned i = r->header_count; i-- > 0;) {
        if (!slice_eq_nocase(r->headers[i].name, SLICE("x-forwarded-proto"))) continue;
        struct slice list = r->headers[i].value, last;
        (void)cut_last(&list, &last); // the nearest proxy's word
        return slice_eq_nocase(slice_trim(last, blanks.p), SLICE("https"));
    }
    return false;
}

void request_fill(struct exchange *x, struct slice body)
{
    struct conn *c = x->conn;
    const struct httpd *s = c->loop->server;
    struct request *r = &x->req;
    *r = (struct request){
        .method = method_of(x->head.method),
        .method_text = x->head.method,
        .target = x->head.target,
        .query = x->head.target,
        .headers = x->head.headers,
        .header_count = x->head.header_count,
        .body = body,
        .peer = c->peer,
        .secure = c->tls != NULL,
        .arena = x->arena,
    };
    r->has_query = slice_cut(&r->query, '?', &r->path);
    if (server_trusts(s, c->peer)) {
        r->peer = client_of(s, r, c->peer);
        r->secure = r->secure || forwarded_https(r);
    }
    memcpy(r->id, x->id, sizeof r->id);
    r->received_mono = (struct mono){loop_clock(c->loop)};
    r->received = clock_wall(s->opt.clock);
    x->whole = true;
}
