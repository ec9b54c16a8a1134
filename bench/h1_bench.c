// SPDX-License-Identifier: Apache-2.0
// Time of one head through the parser, for heads as real clients send them. Prints one line a head.
// Run by hand and by the baseline check. Must never: be read as a promise for another machine.
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "httpd/h1.h"

#define ROUNDS 2000000u

static const char *const heads[] = {
    "GET /api/atlas/v2/groups HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAccept: */*\r\nUser-Agent: c/1\r\n\r\n",
    "GET /api/atlas/v2/groups/6500000000000000000000aa/streams/vpcPeeringConnections?requesterAccountId=111111111111 "
    "HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: atlas-go/1.0.0\r\nAccept: "
    "application/vnd.atlas.2024-08-05+json\r\nAccept-Encoding: gzip\r\n\r\n",
    "GET /api/atlas/v2/groups/6500000000000000000000aa/streams/vpcPeeringConnections?requesterAccountId=111111111111 "
    "HTTP/1.1\r\nHost: peerage.example.com\r\nUser-Agent: curl/7.88.1\r\nAccept: "
    "application/vnd.atlas.2024-08-05+json\r\nAuthorization: Digest username=\"ABCDEFGH\", realm=\"MMS Public API\", "
    "nonce=\"abcdefghijklmnopqrstuvwxyzabcdef\", uri=\"/api/atlas/v2/groups/6500000000000000000000aa/streams/"
    "vpcPeeringConnections?requesterAccountId=111111111111\", algorithm=MD5, qop=auth, nc=00000001, "
    "cnonce=\"YWJjZGVmZ2hpamtsbW5vcA==\", response=\"0123456789abcdef0123456789abcdef\"\r\n\r\n",
};

static double once(const char *head, size_t n, unsigned *ret_headers)
{
    struct h1_head out;
    struct h1_reject rej;
    struct mono from = clock_mono(&clock_system);
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct h1_parser h;
        h1_parser_init(&h);
        if (h1_head(&h, head, n, &h1_limits_default, &out, &rej) != H1_READY) return -1;
        __asm__ volatile("" : : "r"(&out) : "memory");
    }
    *ret_headers = out.header_count;
    return (double)(clock_mono(&clock_system).ns - from.ns) / ROUNDS;
}

int main(void)
{
    for (unsigned i = 0; i < ARRAY_LEN(heads); i++) {
        size_t n = strlen(heads[i]);
        unsigned headers = 0;
        double best = once(heads[i], n, &headers);
        for (int k = 0; k < 4; k++) {
            double ns = once(heads[i], n, &headers);
            if (ns < best) best = ns;
        }
        if (best < 0) return 1;
        printf("%4zu bytes %2u headers %7.1f ns %6.2f GB/s\n", n, headers, best, (double)n / best);
    }
    return 0;
}
