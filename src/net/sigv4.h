// SPDX-License-Identifier: Apache-2.0
// AWS Signature Version 4 (header form), both to sign (cloud) and to verify (ec2sim).
// Source: AWS General Reference, "Signature Version 4 signing process"; proved on AWS' published vectors.
// Called by: cloud, ec2sim, tests. Must never: log a key, or read a clock.
#pragma once

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "net/message.h"

struct sigv4_key {
    struct slice access_key_id, secret, session_token; // session_token may be empty
};
struct sigv4_scope {
    struct slice region, service;
};
// What is signed. Headers must include host; x-amz-date is added by sigv4_sign.
struct sigv4_input {
    struct slice method; // "POST"
    struct slice path;   // absolute path as sent, "" counts as "/"
    struct slice query;  // raw query without '?', sorted and encoded by us
    const struct header *headers;
    unsigned header_count;
    struct slice payload;
    bool normalize_path; // true for all services but S3
};
#define SIGV4_HEADERS_MAX 64
// canonical request and string to sign, exposed for the vectors.
enum err sigv4_canonical(const struct sigv4_input *in, struct buf *out, struct slice *ret_signed_headers,
                         struct arena *a, struct error *err) MUST_CHECK;
// Writes the Authorization header's value. in->headers must hold every header to be signed, x-amz-date (given by
// `when`) and, with a session token, x-amz-security-token included.
enum err sigv4_authorization(const struct sigv4_input *in, const struct sigv4_key *key, const struct sigv4_scope *scope,
                             struct wall when, struct arena *a, struct buf *out, struct error *err) MUST_CHECK;

// ---- verification
struct sigv4_credential { // parsed Authorization header
    struct slice access_key_id, date, region, service, signed_headers, signature;
};
enum err sigv4_parse_authorization(struct slice value, struct sigv4_credential *ret,
                                   struct error *err) MUST_CHECK; // ERR_INVALID
// ERR_DENIED when the signature does not fit; ERR_INVALID when a signed header is missing or host/x-amz-date is not
// signed. The age of x-amz-date is the caller's to judge.
enum err sigv4_verify(const struct request *r, const struct sigv4_credential *c, struct slice secret,
                      struct error *err) MUST_CHECK;
