// SPDX-License-Identifier: Apache-2.0
// Registry of keys, roles and sessions; the order in which AWS judges a signed request.
// Called by: server.c, sts.c, persist.c. Must never: log a secret, or read a clock.

#include "ec2sim/auth.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "net/crypto.h"
#include "net/sigv4.h"

void auth_init(struct auth *a, const struct rng *rng)
{
    *a = (struct auth){.rng = *rng};
}

static void wipe_free(void *p, size_t n)
{
    if (p) mem_wipe(p, n);
    mem_free(p);
}

void auth_done(struct auth *a)
{
    wipe_free(a->keys, a->key_count * sizeof(*a->keys));
    wipe_free(a->roles, a->role_count * sizeof(*a->roles));
    wipe_free(a->sessions, a->session_count * sizeof(*a->sessions));
    *a = (struct auth){0};
}

bool auth_account_valid(struct slice account)
{
    uint64_t digits;
    return account.n == 12 && slice_u64(account, UINT64_MAX, &digits);
}

static bool token_chars(struct slice s, size_t min, size_t max)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] >= 127) return false;
    return s.n >= min && s.n <= max;
}

// Grows by one, wiping the old copy: realloc would leave secrets behind.
static void *grown(void *old, unsigned count, size_t size)
{
    void *p = mem_zalloc(count + 1, size);
    if (p && count) memcpy(p, old, count * size);
    if (p) wipe_free(old, count * size);
    return p;
}

static const struct auth_key *key_find(const struct auth *a, struct slice id)
{
    for (unsigned i = 0; i < a->key_count; i++)
        if (slice_eq_cstr(id, a->keys[i].id)) return &a->keys[i];
    return NULL;
}

enum err auth_key_add(struct auth *a, struct slice account, struct slice id, struct slice secret, struct error *err)
{
    struct auth_key k = {0};
    if (!auth_account_valid(account) || !slice_copy(account, k.account, sizeof(k.account)))
        return error_set(err, ERR_INVALID, "accountId must be 12 digits");
    if (!token_chars(id, 16, 128) || !slice_copy(id, k.id, sizeof(k.id)))
        return error_set(err, ERR_INVALID, "accessKeyId must be 16 to 128 visible ASCII characters");
    if (!token_chars(secret, 8, 128) || !slice_copy(secret, k.secret, sizeof(k.secret)))
        return error_set(err, ERR_INVALID, "secretAccessKey must be 8 to 128 visible ASCII characters");
    const struct auth_key *there = key_find(a, id);
    if (there && strcmp(there->account, k.account) == 0 && there->secret[secret.n] == 0 &&
        crypto_equal(there->secret, k.secret, secret.n))
        return ERR_OK;
    if (there) return error_set(err, ERR_EXISTS, "access key %s is registered with another account or secret", k.id);
    if (a->key_count >= AUTH_KEYS_MAX)
        return error_set(err, ERR_TOO_LARGE, "no more than %d access keys", AUTH_KEYS_MAX);
    struct auth_key *keys = grown(a->keys, a->key_count, sizeof(*keys));
    if (!keys) return error_set(err, ERR_NOMEM, "out of memory");
    a->keys = keys;
    a->keys[a->key_count++] = k;
    return ERR_OK;
}

bool auth_role_parse(struct slice arn, struct slice *ret_partition, struct slice *ret_account, struct slice *ret_name)
{
    struct slice rest = arn, part[5];
    for (int i = 0; i < 5; i++)
        if (!slice_cut(&rest, ':', &part[i])) return false;
    if (!slice_eq_cstr(part[0], "arn") || !slice_starts(part[1], SLICE("aws")) || !slice_eq_cstr(part[2], "iam") ||
        part[3].n || !auth_account_valid(part[4]) || !slice_starts(rest, SLICE("role/")))
        return false;
    struct slice name = slice_skip(rest, 5), head;
    while (slice_cut(&name, '/', &head)) {
    }
    // After the last cut without a separator, head holds what was left.
    if (head.n == 0 || head.n > 64 || !token_chars(head, 1, 64)) return false;
    *ret_partition = part[1];
    *ret_account = part[4];
    *ret_name = head;
    return true;
}

const struct auth_role *auth_role_find(const struct auth *a, struct slice arn)
{
    for (unsigned i = 0; i < a->role_count; i++)
        if (slice_eq_cstr(arn, a->roles[i].arn)) return &a->roles[i];
    return NULL;
}

enum err auth_role_add(struct auth *a, struct slice arn, struct slice external_id, int64_t max_s, struct error *err)
{
    struct auth_role r = {.max_s = max_s ? max_s : 3600};
    struct slice partition, account, name;
    if (!auth_role_parse(arn, &partition, &account, &name) || !slice_copy(arn, r.arn, sizeof(r.arn)))
        return error_set(err, ERR_INVALID, "roleArn must be arn:aws:iam::ACCOUNT:role/NAME, at most 255 characters");
    if (external_id.n == 1 || !slice_copy(external_id, r.external_id, sizeof(r.external_id)))
        return error_set(err, ERR_INVALID, "externalId must be 2 to 1224 characters");
    if (r.max_s < 900 || r.max_s > 43200)
        return error_set(err, ERR_INVALID, "maxSessionSeconds must be from 900 to 43200");
    for (unsigned i = 0; i < a->role_count; i++) {
        if (!slice_eq_cstr(arn, a->roles[i].arn)) continue;
        a->roles[i] = r;
        return ERR_OK;
    }
    if (a->role_count >= AUTH_ROLES_MAX) return error_set(err, ERR_TOO_LARGE, "no more than %d roles", AUTH_ROLES_MAX);
    struct auth_role *roles = grown(a->roles, a->role_count, sizeof(*roles));
    if (!roles) return error_set(err, ERR_NOMEM, "out of memory");
    a->roles = roles;
    a->roles[a->role_count++] = r;
    return ERR_OK;
}

// Expired ones leave first, then the oldest.
static void make_room(struct auth *a, struct wall now)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < a->session_count; i++)
        if (a->sessions[i].expires.us > now.us - 3600 * US_PER_SEC) // an hour longer: "expired", not "unknown"
            a->sessions[kept++] = a->sessions[i];
    if (kept == AUTH_SESSIONS_MAX) memmove(&a->sessions[0], &a->sessions[1], --kept * sizeof(a->sessions[0]));
    mem_wipe(&a->sessions[kept], (a->session_count - kept) * sizeof(a->sessions[0]));
    a->session_count = kept;
}

enum err auth_session_add(struct auth *a, const struct auth_session *s, struct wall now, struct error *err)
{
    if (!a->sessions) a->sessions = mem_zalloc(AUTH_SESSIONS_MAX, sizeof(*a->sessions));
    if (!a->sessions) return error_set(err, ERR_NOMEM, "out of memory");
    if (a->session_count == AUTH_SESSIONS_MAX) make_room(a, now);
    a->sessions[a->session_count++] = *s;
    return ERR_OK;
}

// ---- the check

static bool fail_unknown_key(bool sts, struct ec2_error *e)
{
    if (sts) return ec2_fail(e, 403, "InvalidClientTokenId", "The security token included in the request is invalid.");
    return ec2_fail(e, 401, "AuthFailure", "AWS was not able to validate the provided access credentials");
}

static bool fail_signature(struct ec2_error *e)
{
    return ec2_fail(e, 403, "SignatureDoesNotMatch",
                    "The request signature we calculated does not match the signature you provided. Check your AWS "
                    "Secret Access Key and signing method. Consult the service documentation for details.");
}

static bool fail_expired(bool sts, struct ec2_error *e)
{
    if (sts) return ec2_fail(e, 403, "ExpiredToken", "The security token included in the request is expired");
    return ec2_fail(e, 400, "RequestExpired", "Request has expired.");
}

static bool date_ok(const struct request *r, const struct sigv4_credential *c, struct wall now, bool sts,
                    struct ec2_error *e)
{
    struct wall signed_at;
    struct slice text = request_header(r, "x-amz-date");
    if (!wall_parse_sigv4(text, &signed_at) || !slice_starts(text, c->date))
        return ec2_fail(e, 400, "IncompleteSignature",
                        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
    int64_t age = now.us - signed_at.us;
    if (age >= -AUTH_SKEW_US && age <= AUTH_SKEW_US) return true;
    if (!sts) return ec2_fail(e, 400, "RequestExpired", "Request has expired.");
    char at[17], server[17];
    wall_sigv4(signed_at, at);
    wall_sigv4(now, server);
    if (age > 0)
        return ec2_fail(e, 403, "SignatureDoesNotMatch", "Signature expired: %s is now earlier than %s (- 5 min.)", at,
                        server);
    return ec2_fail(e, 403, "SignatureDoesNotMatch", "Signature not yet current: %s is still later than %s (+ 5 min.)",
                    at, server);
}

// Letters and digits from the name of something, so that the same key always has the same user id.
static void stable_id(const char *prefix, const char *of, char *out, size_t cap)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    uint8_t digest[32];
    char tail[18];
    struct slice part = slice_of(of);
    crypto_sha256(&part, 1, digest);
    for (int i = 0; i < 17; i++) tail[i] = alphabet[digest[i] & 31];
    tail[17] = 0;
    snprintf(out, cap, "%s%s", prefix, tail);
}

static void be_key(const struct auth_key *k, struct auth_caller *ret)
{
    memcpy(ret->at.account, k->account, sizeof(ret->at.account));
    snprintf(ret->arn, sizeof(ret->arn), "arn:aws:iam::%s:user/ec2sim", k->account);
    stable_id("AIDA", k->id, ret->user_id, sizeof(ret->user_id));
}

static void be_session(const struct auth_session *s, struct auth_caller *ret)
{
    ret->is_session = true;
    memcpy(ret->at.account, s->account, sizeof(ret->at.account));
    memcpy(ret->arn, s->arn, sizeof(ret->arn));
    memcpy(ret->user_id, s->user_id, sizeof(ret->user_id));
}

static const struct auth_session *session_find(const struct auth *a, struct slice id)
{
    for (unsigned i = 0; i < a->session_count; i++)
        if (slice_eq_cstr(id, a->sessions[i].id)) return &a->sessions[i];
    return NULL;
}

static bool find_secret(const struct auth *a, const struct request *r, const struct sigv4_credential *c,
                        struct wall now, struct auth_caller *ret, struct slice *ret_secret, struct ec2_error *e)
{
    struct slice token = request_header(r, "x-amz-security-token");
    const struct auth_key *k = key_find(a, c->access_key_id);
    if (k) {
        if (token.n) return fail_unknown_key(ret->sts, e);
        be_key(k, ret);
        *ret_secret = slice_of(k->secret);
        return true;
    }
    const struct auth_session *s = session_find(a, c->access_key_id);
    if (!s || token.n != strlen(s->token) || !crypto_equal(token.p, s->token, token.n))
        return fail_unknown_key(ret->sts, e);
    if (s->expires.us <= now.us) return fail_expired(ret->sts, e);
    be_session(s, ret);
    *ret_secret = slice_of(s->secret);
    return true;
}

bool auth_resolve(const struct auth *a, struct slice who, struct wall now, struct auth_caller *ret, struct ec2_error *e)
{
    if (auth_account_valid(who)) {
        if (!slice_copy(who, ret->at.account, sizeof(ret->at.account))) return ec2_fail_nomem(e);
        snprintf(ret->arn, sizeof(ret->arn), "arn:aws:iam::%s:root", ret->at.account);
        memcpy(ret->user_id, ret->at.account, sizeof(ret->at.account));
        return true;
    }
    const struct auth_key *k = key_find(a, who);
    const struct auth_session *s = k ? NULL : session_find(a, who);
    if (!k && !s) return fail_unknown_key(ret->sts, e);
    if (s && s->expires.us <= now.us) return fail_expired(ret->sts, e);
    if (k)
        be_key(k, ret);
    else
        be_session(s, ret);
    return true;
}

bool sim_auth_check(const struct auth *a, const struct request *r, struct wall now, struct auth_caller *ret,
                    bool *ret_sts, struct ec2_error *e)
{
    struct slice header = request_header(r, "authorization"), secret;
    struct sigv4_credential c;
    struct auth_caller caller = {0};
    struct error why = {0};
    if (header.n == 0 || request_header_count(r, "authorization") != 1)
        return ec2_fail(e, 403, "MissingAuthenticationToken", "Request is missing Authentication Token");
    if (sigv4_parse_authorization(header, &c, &why) != ERR_OK)
        return ec2_fail(e, 400, "IncompleteSignature", "%.300s", why.detail);
    caller.sts = slice_eq_cstr(c.service, "sts");
    *ret_sts = caller.sts;
    if ((!caller.sts && !slice_eq_cstr(c.service, "ec2")) || c.region.n == 0 ||
        !slice_copy(c.region, caller.at.region, sizeof(caller.at.region)) ||
        !slice_copy(c.access_key_id, caller.id, sizeof(caller.id)))
        return ec2_fail(e, 403, "SignatureDoesNotMatch",
                        "Credential should be scoped to a valid Region and to service "
                        "ec2 or sts.");
    if (!find_secret(a, r, &c, now, &caller, &secret, e) || !date_ok(r, &c, now, caller.sts, e)) return false;
    enum err verdict = sigv4_verify(r, &c, secret, &why);
    if (verdict == ERR_DENIED) return fail_signature(e);
    if (verdict != ERR_OK)
        return verdict == ERR_NOMEM ? ec2_fail_nomem(e) : ec2_fail(e, 400, "IncompleteSignature", "%.300s", why.detail);
    *ret = caller;
    return true;
}
