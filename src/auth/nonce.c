// SPDX-License-Identifier: Apache-2.0
// Makes and checks nonces (RFC 7616 3.3: time and a keyed hash). Called by: auth/check.c, auth/reply.c.
// Must never: accept a second spelling of a nonce, or one that has no valid MAC.
#include "auth/nonce.h"

#include "base/encode.h"

enum { AT_TIME = 2, AT_RANDOM = 6, AT_MAC = 12, RAW = 24 };

static void mac_of(const struct ring_key *key, const uint8_t raw[RAW], uint8_t out[32])
{
    struct slice signed_part = slice_n((const char *)raw, AT_MAC);
    crypto_hmac_sha256(slice_n((const char *)key->derived[KEY_NONCE], 32), &signed_part, 1, out);
}

static void key_hint(const struct ring_key *key, uint8_t out[2])
{
    bool ok = hex_decode(slice_n(key->id, 4), out, 2);
    ASSERT(ok);
}

void nonce_make(const struct keyring *k, const struct rng *rng, struct wall now, char out[NONCE_TEXT + 1])
{
    uint8_t raw[RAW], mac[32];
    uint32_t seconds = (uint32_t)wall_sec(now);
    const struct ring_key *key = &keyring_ring(k)->keys[0];
    key_hint(key, raw);
    for (int i = 0; i < 4; i++) raw[AT_TIME + i] = (uint8_t)(seconds >> (24 - 8 * i));
    rng_fill(rng, raw + AT_RANDOM, AT_MAC - AT_RANDOM);
    mac_of(key, raw, mac);
    memcpy(raw + AT_MAC, mac, RAW - AT_MAC);
    base64_encode(raw, RAW, out);
}

static bool is_ours(const struct ring *k, const uint8_t raw[RAW])
{
    for (unsigned i = 0; i < k->n; i++) {
        uint8_t hint[2], mac[32];
        key_hint(&k->keys[i], hint);
        if (memcmp(hint, raw, sizeof(hint)) != 0) continue;
        mac_of(&k->keys[i], raw, mac);
        if (crypto_equal(mac, raw + AT_MAC, RAW - AT_MAC)) return true;
    }
    return false;
}

enum nonce_state nonce_check(const struct keyring *k, struct slice text, struct wall now, struct nonce *ret)
{
    uint8_t raw[RAW];
    size_t n;
    if (text.n != NONCE_TEXT || !base64_decode(text, raw, sizeof(raw), &n) || n != RAW) return NONCE_FOREIGN;
    if (!is_ours(keyring_ring(k), raw)) return NONCE_FOREIGN;
    ret->issued = 0;
    for (int i = 0; i < 4; i++) ret->issued = ret->issued << 8 | raw[AT_TIME + i];
    memcpy(ret->mac, raw + AT_MAC, sizeof(ret->mac));
    int64_t age = wall_sec(now) - (int64_t)ret->issued;
    return age >= -NONCE_SKEW_SECONDS && age < NONCE_LIFE_SECONDS ? NONCE_FRESH : NONCE_OLD;
}
