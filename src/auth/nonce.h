// SPDX-License-Identifier: Apache-2.0
// Digest nonces that any replica with the same key file can check, and the window that keeps reads from being replayed.
// Called by: auth/check.c, auth/reply.c. Must never: need a table to know that a nonce is ours.
// 24 bytes: key hint 2, seconds 4, random 6, MAC 12; in base64 the 32 characters that Atlas sends (facts 3.1).
#pragma once

#include "auth/keyring.h"

#define NONCE_TEXT         32
#define NONCE_LIFE_SECONDS 300
#define NONCE_SKEW_SECONDS 60 // how far another replica's clock may be ahead

struct nonce {
    uint32_t issued; // seconds since 1970
    uint8_t mac[12]; // what tells it from all others
};
enum nonce_state {
    NONCE_FRESH,
    NONCE_OLD,    // ours, but past its time
    NONCE_FOREIGN // not made with one of our keys
};
void nonce_make(const struct keyring *k, const struct rng *rng, struct wall now, char out[NONCE_TEXT + 1]);
enum nonce_state nonce_check(const struct keyring *k, struct slice text, struct wall now, struct nonce *ret);

// The read window: which counts of which nonces were used in this process. Bounded; when it overflows, it forgets the
// oldest nonces and from then on refuses all that were issued as early as those (the client asks for a new one). For
// the same reason it refuses what was issued in a second before `started`: a process that died knew of those.
struct window;
// Remembers at least max_nonces. NULL: out of memory.
struct window *window_new(uint32_t max_nonces, struct wall started) MUST_CHECK;
void window_free(struct window *w);
enum window_answer {
    WINDOW_REFUSED, // used before, 64 or more behind the highest, or of a nonce that was forgotten
    WINDOW_TAKEN,
    WINDOW_NOMEM, // nothing was spent
};
// Spends (nonce, nc). Thread-safe.
enum window_answer window_use(struct window *w, const struct nonce *n, uint32_t nc, struct wall now) MUST_CHECK;
size_t window_bytes(struct window *w);
