// SPDX-License-Identifier: Apache-2.0
// Webhooks, what they are told and their deliveries. Pure. Called by: store, core, auth, notice, cli.
// Must never: do I/O, or hold a secret in clear (secrets are sealed rows).
#pragma once

#include "base/id.h"
#include "base/slice.h"

enum notice {
#define NOTICE(id, type, text) NOTICE_##id,
#include "spec/notices.def"
#undef NOTICE
    NOTICE_COUNT_
};
const char *notice_type(enum notice n); // "connection.requested" …
const char *notice_text(enum notice n); // one sentence
bool notice_parse(struct slice s, enum notice *ret) MUST_CHECK;
typedef uint32_t notice_set; // bits by enum notice
#define NOTICE_ALL ((notice_set)((UINT32_C(1) << NOTICE_COUNT_) - 1))

#define EXPIRING_FIRST_HOURS 72 // the largest threshold of spec/notices.def
// The threshold that so much time left falls under (4, 24 or 72 hours), 0 = none yet.
unsigned expiring_threshold(int64_t left_us);

#define WEBHOOK_URL         2049 // with NUL
#define WEBHOOK_DESCRIPTION 251
#define WEBHOOK_SECRET      32 // bytes
#define WEBHOOK_SECRETS     2  // live ones: the current and, for a while, the one before
// As a receiver is told it: "whsec_", 44 of base64, NUL.
#define WEBHOOK_SECRET_TEXT 51
void webhook_secret_text(const uint8_t secret[WEBHOOK_SECRET], char out[WEBHOOK_SECRET_TEXT]);
struct webhook_secret {
    struct wall created, until;                     // until 0 = current
    char key_id[17];                                // which key of the key file sealed it
    uint8_t nonce[12], sealed[WEBHOOK_SECRET + 16]; // AES-256-GCM, AAD = the hook's id
};
struct webhook {
    char id[OID_HEX + 1], org_id[OID_HEX + 1];
    char group_id[OID_HEX + 1]; // "" = all groups of the organisation
    char url[WEBHOOK_URL], description[WEBHOOK_DESCRIPTION];
    notice_set notices;
    bool enabled;
    struct slice reason; // why it is disabled, or empty
    struct wall created;
    struct webhook_secret secrets[WEBHOOK_SECRETS]; // newest first
    unsigned secret_count;
};
// http or https, a host, no user, no fragment, nothing but printable ASCII. *ret_tls: https. False: *ret_why says why
// and what to write.
bool webhook_url_check(struct slice url, bool *ret_tls, const char **ret_why) MUST_CHECK;

enum delivery_state {
    DELIVERY_PENDING, // due at not_before
    DELIVERY_WAITING, // another of the same webhook and subject goes first
    DELIVERY_DONE,
    DELIVERY_DEAD, // given up
    DELIVERY_STATE_COUNT_
};
const char *delivery_state_name(enum delivery_state s); // "pending", "waiting", "delivered", "dead"
bool delivery_state_parse(struct slice s, enum delivery_state *ret) MUST_CHECK;
struct delivery {
    int64_t seq;          // order
    char id[OID_HEX + 1]; // webhook-id on the wire; one message has the same at all hooks and attempts
    char webhook_id[OID_HEX + 1], org_id[OID_HEX + 1], group_id[OID_HEX + 1];
    enum notice notice;
    struct slice subject; // pcx-…, network id …: order is kept among those of one
    struct wall created;  // of the event
    struct wall queued;   // created, or the last replay
    enum delivery_state state;
    struct wall not_before, last_attempt, finished;
    uint32_t attempts; // since queued
    uint32_t status;   // HTTP status of the last attempt, 0 = none
    struct slice reason;
    struct slice body; // empty where a read does not promise it
};
