// SPDX-License-Identifier: Apache-2.0
// The sealing keys and what is derived from them. Called by: the files of auth. Must never: leave auth (auth.h has the
// public part), or use one key for two purposes: each purpose has its own key, HMAC-SHA-256(file key, purpose).
#pragma once

#include <stdatomic.h>

#include "auth/auth.h"
#include "net/crypto.h"

#define KEYRING_MAX 16
enum key_purpose { KEY_HA1, KEY_SIGNING, KEY_NONCE, KEY_WEBHOOK, KEY_PURPOSE_COUNT_ };
struct ring_key {
    char id[17];
    struct wall created, retired; // as the file says, 0 = it does not
    uint8_t derived[KEY_PURPOSE_COUNT_][32];
};
struct ring {                          // immutable
    struct ring_key keys[KEYRING_MAX]; // the first is current
    unsigned n;
    struct ring *older; // what it took the place of: somebody may still look at it
};
struct keyring {
    struct ring *_Atomic ring;
    char *path; // NULL: of no file (tests)
};
// What holds now; it stays readable until keyring_free, also when another takes its place.
const struct ring *keyring_ring(const struct keyring *k);
// For tests and fuzzing: the text of a key file. ERR_INVALID names the line.
enum err keyring_parse(struct slice text, struct keyring **ret, struct error *err) MUST_CHECK;
// ---- keyfile.c: changing the file. Atomic and durable before it takes effect here; one at a time (the store's
// writer). A new key becomes the first, the former first is marked retired. ERR_CONFLICT: KEYRING_MAX keys, or the file
// is not the one that was loaded.
enum err keyring_rotate(struct keyring *k, const struct rng *rng, struct wall now, struct error *err) MUST_CHECK;
// Takes one out. ERR_NOT_FOUND; ERR_CONFLICT: it is current.
enum err keyring_forget(struct keyring *k, const char *id, struct error *err) MUST_CHECK;
// One line of a key file, trimmed. ERR_INVALID says what is wrong with it.
struct key_line {
    struct slice id, key;         // hexadecimal
    struct wall created, retired; // 0: not said
};
enum err key_line_read(struct slice line, unsigned number, struct key_line *ret, struct error *err) MUST_CHECK;

// Seals with the current key and a fresh nonce; key_id gets that key's id. sealed has text.n + 16 bytes.
enum err keyring_seal(const struct keyring *k, enum key_purpose p, struct slice aad, struct slice text,
                      const struct rng *rng, char key_id[17], uint8_t nonce[AEAD_NONCE], uint8_t *sealed,
                      struct error *err) MUST_CHECK;
// ERR_NOT_FOUND: the key file lacks key_id. ERR_CORRUPT: it does not open.
enum err keyring_open(const struct keyring *k, enum key_purpose p, const char *key_id, const uint8_t nonce[AEAD_NONCE],
                      struct slice aad, struct slice sealed, uint8_t *out, struct error *err) MUST_CHECK;
