// SPDX-License-Identifier: Apache-2.0
// Digest parameters: whatever parses must have the promised shape, and must parse again when written out anew.
// Called by: fuzz/driver.c or libFuzzer. Must never: crash, or accept what digest.h says is refused.
#include "auth/digest.h"
#include "net/crypto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err;
    struct digest d;
    uint8_t ha1[16], response[16];
    if (crypto_init(&err) != ERR_OK) return 0;
    struct arena *arena = arena_new(256 * 1024);
    ASSERT(arena);
    struct slice text = slice_n((const char *)data, size);
    if (digest_parse(text, arena, &d)) {
        ASSERT(d.nc_text.n == 8 && d.username.n <= size && d.uri.n <= size && d.nonce.n <= size && d.cnonce.n <= size);
        digest_ha1(d.username, SLICE(DIGEST_REALM), SLICE("x"), ha1);
        digest_response(ha1, SLICE("GET"), &d, response);
        memcpy(d.response, response, sizeof(response));
        ASSERT(digest_is_right(ha1, SLICE("GET"), &d));
        bool origin = d.uri.n && d.uri.p[0] == '/'; // an absolute one means what follows its authority
        ASSERT(!origin || digest_uri_is(d.uri, d.uri));
        (void)digest_uri_is(d.uri, SLICE("/")); // reads all of it
    }
    arena_free(arena);
    return 0;
}
