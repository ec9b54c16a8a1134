// SPDX-License-Identifier: Apache-2.0
// IP addresses and CIDR blocks. Called by: model, auth, httpd, cloud, ec2sim.
// Must never: accept host bits, leading zeros in IPv4 numbers, zones or ports.
#include "base/cidr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

static unsigned bits_of(uint8_t family)
{
    return family == 4 ? 32 : family == 6 ? 128 : 0;
}

static bool parse_v4(struct slice s, uint8_t out[4])
{
    uint8_t b[4];
    for (int i = 0; i < 4; i++) {
        struct slice part;
        uint64_t v;
        if (slice_cut(&s, '.', &part) != (i < 3)) return false; // a dot after each but the last
        if (part.n > 1 && part.p[0] == '0') return false;       // octal to some readers
        if (!slice_u64(part, 255, &v)) return false;
        b[i] = (uint8_t)v;
    }
    memcpy(out, b, 4);
    return true;
}

static struct ip fold(const uint8_t v6[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    struct ip ip = {.family = 6};
    if (memcmp(v6, mapped, sizeof mapped) == 0) {
        ip.family = 4;
        memcpy(ip.b, v6 + 12, 4);
    } else {
        memcpy(ip.b, v6, 16);
    }
    return ip;
}

bool ip_parse(struct slice s, struct ip *ret)
{
    if (slice_find(s, ':') < 0) {
        struct ip ip = {.family = 4};
        if (!parse_v4(s, ip.b)) return false;
        *ret = ip;
        return true;
    }
    char text[IP_STR];
    uint8_t v6[16];
    if (slice_find(s, '\0') >= 0 || !slice_copy(s, text, sizeof text)) return false;
    if (inet_pton(AF_INET6, text, v6) != 1) return false;
    *ret = fold(v6);
    return true;
}

// 0 to 255; what printf would do, which is most of the time of writing long lists of blocks.
static char *put_byte(char *p, unsigned n)
{
    if (n >= 100) *p++ = (char)('0' + n / 100);
    if (n >= 10) *p++ = (char)('0' + n / 10 % 10);
    *p++ = (char)('0' + n % 10);
    *p = '\0';
    return p;
}

void ip_format(struct ip ip, char out[IP_STR])
{
    char *p = out;
    out[0] = '\0';
    for (int i = 0; i < 4 && ip.family == 4; i++) {
        if (i) *p++ = '.';
        p = put_byte(p, ip.b[i]);
    }
    if (ip.family == 6) (void)inet_ntop(AF_INET6, ip.b, out, IP_STR); // IP_STR holds the longest
}

bool ip_eq(struct ip a, struct ip b)
{
    return a.family == b.family && memcmp(a.b, b.b, bits_of(a.family) / 8) == 0;
}

struct ip ip_from_sockaddr(const struct sockaddr *sa)
{
    struct ip ip = {.family = 0};
    if (sa->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, sa, sizeof in); // sa need not be aligned for its real type
        ip.family = 4;
        memcpy(ip.b, &in.sin_addr, 4);
    } else if (sa->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, sa, sizeof in6);
        ip = fold(in6.sin6_addr.s6_addr);
    }
    return ip;
}

static bool same_prefix(struct ip a, struct ip b, unsigned prefix)
{
    unsigned whole = prefix / 8, rest = prefix % 8;
    if (memcmp(a.b, b.b, whole) != 0) return false;
    return rest == 0 || (a.b[whole] ^ b.b[whole]) >> (8 - rest) == 0;
}

static bool host_bits(struct cidr c)
{
    unsigned whole = c.prefix / 8, rest = c.prefix % 8, end = bits_of(c.ip.family) / 8;
    if (rest && (c.ip.b[whole] & (0xff >> rest))) return true;
    for (unsigned i = whole + (rest != 0); i < end; i++)
        if (c.ip.b[i]) return true;
    return false;
}

bool cidr_parse(struct slice s, bool allow_bare, struct cidr *ret)
{
    struct slice address;
    struct cidr c = {.prefix = 0};
    bool has_prefix = slice_cut(&s, '/', &address);
    if ((!has_prefix && !allow_bare) || !ip_parse(address, &c.ip)) return false;
    unsigned bits = bits_of(c.ip.family);
    if (has_prefix) {
        // A mapped address was folded: its prefix counts the 96 bits in front too.
        unsigned front = c.ip.family == 4 && slice_find(address, ':') >= 0 ? 96 : 0;
        uint64_t v;
        if (s.n > 1 && s.p[0] == '0') return false;
        if (!slice_u64(s, front + bits, &v) || v < front) return false;
        bits = (unsigned)v - front;
    }
    c.prefix = (uint8_t)bits;
    if (host_bits(c)) return false;
    *ret = c;
    return true;
}

void cidr_format(struct cidr c, char out[CIDR_STR])
{
    ip_format(c.ip, out);
    size_t n = strlen(out);
    if (!n) return;
    out[n] = '/';
    (void)put_byte(out + n + 1, c.prefix);
}

bool cidr_contains(struct cidr c, struct ip ip)
{
    unsigned bits = bits_of(c.ip.family);
    return bits && c.ip.family == ip.family && c.prefix <= bits && same_prefix(c.ip, ip, c.prefix);
}

bool cidr_within(struct cidr outer, struct cidr inner)
{
    return inner.prefix >= outer.prefix && cidr_contains(outer, inner.ip);
}

bool cidr_overlaps(struct cidr a, struct cidr b)
{
    return cidr_within(a, b) || cidr_within(b, a);
}

bool cidr_is_rfc1918(struct cidr c)
{
    static const struct cidr private_blocks[] = {{{4, {10}}, 8}, {{4, {172, 16}}, 12}, {{4, {192, 168}}, 16}};
    for (size_t i = 0; i < ARRAY_LEN(private_blocks); i++)
        if (cidr_within(private_blocks[i], c)) return true;
    return false;
}
