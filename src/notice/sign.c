// SPDX-License-Identifier: Apache-2.0
// The webhook-signature header. Called by: send.c. Must never: leave a secret in memory of its own.
#include "notice/sign.h"

#include <stdio.h>

#include "base/encode.h"
#include "net/crypto.h"

void sign_message(const uint8_t secret[WEBHOOK_SECRET], struct slice id, int64_t timestamp, struct slice body,
                  char out[SIGN_TEXT])
{
    char seconds[24];
    uint8_t mac[32];
    int n = snprintf(seconds, sizeof seconds, ".%lld.", (long long)timestamp);
    const struct slice parts[] = {id, slice_n(seconds, (size_t)n), body};
    crypto_hmac_sha256(slice_n((const char *)secret, WEBHOOK_SECRET), parts, ARRAY_LEN(parts), mac);
    memcpy(out, "v1,", 3);
    base64_encode(mac, sizeof mac, out + 3);
}
