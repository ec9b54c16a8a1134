// SPDX-License-Identifier: Apache-2.0
// Addresses and blocks: what is read is written in one form, and that form reads as the same thing.
// Called by: fuzz/driver.c or libFuzzer. Must never: compare texts where it means addresses.
#include <string.h>

#include "base/cidr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_n((const char *)data, size), other = {NULL, 0};
    struct ip ip, ip2;
    struct cidr a, b, c;
    char shown[CIDR_STR], shown_ip[IP_STR];
    (void)slice_cut(&text, '\n', &other); // a second block may follow on the next line
    struct slice first = other;
    if (ip_parse(first, &ip)) {
        ip_format(ip, shown_ip);
        ASSERT(ip_parse(slice_of(shown_ip), &ip2) && ip_eq(ip, ip2));
        ASSERT(cidr_parse(first, true, &a) && cidr_contains(a, ip) && !cidr_parse(first, false, &c));
    }
    if (!cidr_parse(first, true, &a)) return 0;
    ASSERT((a.ip.family == 4 && a.prefix <= 32) || (a.ip.family == 6 && a.prefix <= 128));
    cidr_format(a, shown);
    ASSERT(strlen(shown) < CIDR_STR && cidr_parse(slice_of(shown), false, &b));
    ASSERT(b.prefix == a.prefix && ip_eq(a.ip, b.ip));
    ASSERT(cidr_contains(a, a.ip) && cidr_within(a, a) && cidr_overlaps(a, a));
    if (!cidr_parse(text, true, &b)) return 0;
    bool within = cidr_within(a, b), around = cidr_within(b, a);
    ASSERT(cidr_overlaps(a, b) == cidr_overlaps(b, a));
    ASSERT(cidr_overlaps(a, b) == (within || around));
    ASSERT(!within || cidr_contains(a, b.ip));
    return 0;
}
