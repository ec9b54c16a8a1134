// SPDX-License-Identifier: Apache-2.0
// The blocks that are not of the public Internet. Sources: IANA IPv4 and IPv6 Special-Purpose Address Registries,
// RFC 6890 and its updates. Called by: notice/send.c, api. Must never: let IPv6 through that carries an IPv4 address.
#include "net/target.h"

#include "base/url.h"
#include "model/webhook.h"

#define V4(a, b, c, d, bits)                                                                                           \
    {                                                                                                                  \
        {4, {a, b, c, d}}, bits                                                                                        \
    }
static const struct cidr special[] = {
    V4(0, 0, 0, 0, 8),                   // this network
    V4(10, 0, 0, 0, 8),                  // private
    V4(100, 64, 0, 0, 10),               // shared, carrier-grade NAT
    V4(127, 0, 0, 0, 8),                 // loopback
    V4(169, 254, 0, 0, 16),              // link-local, with the metadata services
    V4(172, 16, 0, 0, 12),               // private
    V4(192, 0, 0, 0, 24),                // protocol assignments
    V4(192, 0, 2, 0, 24),                // documentation
    V4(192, 88, 99, 0, 24),              // 6to4 relays
    V4(192, 168, 0, 0, 16),              // private
    V4(198, 18, 0, 0, 15),               // benchmarking
    V4(198, 51, 100, 0, 24),             // documentation
    V4(203, 0, 113, 0, 24),              // documentation
    V4(224, 0, 0, 0, 3),                 // multicast, reserved, broadcast
    {{6, {0x20, 0x01}}, 23},             // protocol assignments, Teredo
    {{6, {0x20, 0x01, 0x0d, 0xb8}}, 32}, // documentation
    {{6, {0x20, 0x02}}, 16},             // 6to4
    {{6, {0x3f, 0xff}}, 20},             // documentation
};
static const struct cidr global_v6 = {{6, {0x20}}, 3}; // all other IPv6 is local, mapped, translated or not given out

bool target_is_public(struct ip ip)
{
    if (ip.family != 4 && !(ip.family == 6 && cidr_contains(global_v6, ip))) return false;
    for (size_t i = 0; i < ARRAY_LEN(special); i++)
        if (cidr_contains(special[i], ip)) return false;
    return true;
}

bool target_allowed(const struct target_policy *p, struct ip ip)
{
    for (unsigned i = 0; i < p->allow_count; i++)
        if (cidr_contains(p->allow[i], ip)) return true;
    return p->tls && target_is_public(ip);
}

bool target_url_check(struct target_policy *p, struct slice url, const char **ret_why)
{
    struct url u;
    struct ip ip;
    if (!webhook_url_check(url, &p->tls, ret_why)) return false;
    *ret_why = "plain http reaches only what the operator allows by webhook_allow; write https://";
    if (!p->tls && p->allow_count == 0) return false;
    *ret_why = "the address is not of the public Internet, and the operator does not allow it by webhook_allow";
    if (url_split(url, &u) != URL_OK) return false; // it has the shape already
    struct slice host = u.host;
    if (host.n > 2 && host.p[0] == '[') host = slice_n(host.p + 1, host.n - 2);
    return !ip_parse(host, &ip) || target_allowed(p, ip);
}
