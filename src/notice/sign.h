// SPDX-License-Identifier: Apache-2.0
// Signatures of webhooks as the Standard Webhooks specification (standardwebhooks.com, 1.0) has them. Pure.
// Called by: src/notice, tests. Must never: compare or keep a secret.
#pragma once

#include "model/webhook.h"

#define SIGN_TEXT 48 // "v1,", 44 of base64, NUL
// HMAC-SHA-256 by the secret's bytes of "id.timestamp.body"; timestamp in seconds, decimal.
void sign_message(const uint8_t secret[WEBHOOK_SECRET], struct slice id, int64_t timestamp, struct slice body,
                  char out[SIGN_TEXT]);
