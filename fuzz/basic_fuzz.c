// SPDX-License-Identifier: Apache-2.0
// Authorization values: the scheme, and Basic credentials in both readings. Called by: fuzz/driver.c or libFuzzer.
// Must never: crash, or give an id or secret with a control byte as sent.
#include "auth/basic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(64 * 1024);
    struct slice scheme, rest, text = slice_n((const char *)data, size);
    struct basic b;
    ASSERT(arena);
    if (auth_scheme(text, &scheme, &rest)) {
        ASSERT(scheme.n > 0 && scheme.n + rest.n <= size);
        if (basic_parse(rest, arena, &b)) {
            ASSERT(b.id.n > 0 && b.id.n + b.secret.n < BASIC_MAX);
            ASSERT(b.decoded_id.n <= b.id.n && b.decoded_secret.n <= b.secret.n);
            for (size_t i = 0; i < b.id.n; i++) ASSERT((unsigned char)b.id.p[i] >= ' ' && b.id.p[i] != ':');
        }
    }
    arena_free(arena);
    return 0;
}
