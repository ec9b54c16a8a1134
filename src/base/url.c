// SPDX-License-Identifier: Apache-2.0
// http and https URLs taken apart. Called by: config, model, auth, cloud, cli.
// Must never: accept an authority that curl would read otherwise.
#include "base/url.h"

#include "base/cidr.h"

static bool is_clean(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] >= 0x7f || strchr("\"\\<>", s.p[i])) return false;
    return true;
}

static bool is_name(struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!alnum && c != '-' && c != '.' && c != '_') return false;
    }
    return s.n > 0;
}

static bool is_bracketed(struct slice s)
{
    struct ip ip;
    // An address mapped from IPv4 is folded by ip_parse, so its family says nothing here: the colon does.
    return s.n > 2 && s.p[s.n - 1] == ']' && slice_find(s, ':') >= 0 && ip_parse(slice_n(s.p + 1, s.n - 2), &ip);
}

static struct slice host_of(struct slice authority)
{
    ptrdiff_t end = authority.n && authority.p[0] == '[' ? slice_find(authority, ']') : -1;
    if (end >= 0) return slice_n(authority.p, (size_t)end + 1);
    end = slice_find(authority, ':');
    return end >= 0 ? slice_n(authority.p, (size_t)end) : authority;
}

enum url_fault url_split(struct slice text, struct url *ret)
{
    bool tls = slice_starts(text, SLICE("https://"));
    if (!tls && !slice_starts(text, SLICE("http://"))) return URL_SCHEME;
    if (!is_clean(text)) return URL_CHARACTER;
    struct slice all = slice_skip(text, tls ? 8 : 7);
    size_t n = 0;
    while (n < all.n && !strchr("/?#", all.p[n])) n++;
    struct slice authority = slice_n(all.p, n);
    if (slice_find(authority, '@') >= 0) return URL_USER;
    struct slice host = host_of(authority), after = slice_skip(authority, host.n);
    if (!(host.n && host.p[0] == '[' ? is_bracketed(host) : is_name(host))) return URL_HOST;
    uint64_t port = 1;
    if (after.n && (after.p[0] != ':' || !slice_u64(slice_skip(after, 1), 65535, &port) || port == 0)) return URL_PORT;
    *ret = (struct url){.tls = tls, .authority = authority, .host = host, .rest = slice_skip(all, n)};
    return URL_OK;
}

bool url_is_loopback(const struct url *u)
{
    struct ip ip;
    if (slice_eq_nocase(u->host, SLICE("localhost")) || slice_eq(u->host, SLICE("[::1]"))) return true;
    return ip_parse(u->host, &ip) && ip.family == 4 && ip.b[0] == 127;
}
