// SPDX-License-Identifier: Apache-2.0
// The Authorization header of AWS requests: what is parsed is in the text, and nothing made up ever verifies.
// Called by: fuzz/driver.c or libFuzzer. Must never: hold the secret that would make a guess succeed.
#include "net/crypto.h"
#include "net/sigv4.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool inside(struct slice part, struct slice text)
{
    return part.n > 0 && part.p >= text.p && part.p + part.n <= text.p + text.n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_n((const char *)data, size);
    struct sigv4_credential c;
    struct error err;
    static bool ready;
    if (!ready) ready = crypto_init(&err) == ERR_OK;
    ASSERT(ready);
    enum err e = sigv4_parse_authorization(text, &c, &err);
    ASSERT(e == ERR_OK || e == ERR_INVALID);
    if (e != ERR_OK) return 0;
    ASSERT(inside(c.access_key_id, text) && inside(c.date, text) && inside(c.region, text));
    ASSERT(inside(c.service, text) && inside(c.signed_headers, text) && inside(c.signature, text));
    ASSERT(c.date.n == 8 && c.signature.n == 64);

    const struct header headers[] = {{SLICE("Host"), SLICE("localhost")},
                                     {SLICE("X-Amz-Date"), SLICE("20240102T030405Z")},
                                     {SLICE("Content-Type"), SLICE("application/x-www-form-urlencoded")},
                                     {SLICE("Authorization"), text}};
    struct arena *arena = arena_new(1 << 20);
    ASSERT(arena);
    struct request r = {.method = METHOD_POST,
                        .method_text = SLICE("POST"),
                        .target = SLICE("/"),
                        .path = SLICE("/"),
                        .headers = headers,
                        .header_count = 4,
                        .body = SLICE("Action=DescribeVpcPeeringConnections"),
                        .arena = arena};
    e = sigv4_verify(&r, &c, SLICE("0123456789abcdef0123456789abcdef"), &err);
    ASSERT(e == ERR_DENIED || e == ERR_INVALID);
    arena_free(arena);
    return 0;
}
