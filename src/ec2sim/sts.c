// SPDX-License-Identifier: Apache-2.0
// STS actions: checks of the parameters as documented, sessions made at random, replies in the query protocol's shape.
// Called by: server.c. Must never: log a token.

#include "ec2sim/sts.h"

#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "base/mem.h"
#include "net/crypto.h"

static void reply_begin(struct sts_call *c)
{
    buf_fmt(c->out, "<%sResponse xmlns=\"https://sts.amazonaws.com/doc/" STS_VERSION "/\">\n  <%sResult>\n", c->action,
            c->action);
}

static void reply_end(struct sts_call *c)
{
    buf_fmt(c->out, "  </%sResult>\n  <ResponseMetadata>\n    ", c->action);
    xml_str(c->out, "RequestId", c->request_id);
    buf_fmt(c->out, "\n  </ResponseMetadata>\n</%sResponse>\n", c->action);
}

static bool get_caller_identity(struct sts_call *c)
{
    reply_begin(c);
    xml_str(c->out, "Arn", c->who->arn);
    xml_str(c->out, "UserId", c->who->user_id);
    xml_str(c->out, "Account", c->who->at.account);
    reply_end(c);
    return true;
}

// ---- AssumeRole and its sibling

struct wish {
    struct slice role_arn, session_name;
    struct slice partition, account, name; // parts of role_arn
    int64_t seconds;
};

static bool fail_value(struct ec2_error *e, const char *name, const char *rule)
{
    return ec2_fail(e, 400, "ValidationError",
                    "1 validation error detected: Value at '%s' failed to satisfy "
                    "constraint: %s",
                    name, rule);
}

static bool session_name_ok(struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!word && !(c && strchr("_+=,.@-", c))) return false;
    }
    return s.n >= 2 && s.n <= 64;
}

static bool read_wish(struct sts_call *c, struct wish *w)
{
    struct slice seconds = form_get(c->form, "DurationSeconds");
    uint64_t n;
    if (!form_need(c->form, "RoleArn", &w->role_arn, c->e) ||
        !form_need(c->form, "RoleSessionName", &w->session_name, c->e))
        return false;
    if (w->role_arn.n < 20 || w->role_arn.n > 2048)
        return fail_value(c->e, "roleArn", "Member must have length from 20 to 2048");
    if (!auth_role_parse(w->role_arn, &w->partition, &w->account, &w->name) || w->role_arn.n > 255)
        return ec2_fail(c->e, 400, "ValidationError", "The role ARN is invalid");
    if (!session_name_ok(w->session_name))
        return fail_value(c->e, "roleSessionName",
                          "Member must satisfy regular expression pattern: [\\w+=,.@-]*, "
                          "length from 2 to 64");
    w->seconds = 3600;
    if (seconds.p) {
        if (!slice_u64(seconds, INT32_MAX, &n) || n < 900 || n > 43200)
            return fail_value(c->e, "durationSeconds", "Member must have value from 900 to 43200");
        w->seconds = (int64_t)n;
    }
    return true;
}

static bool fail_denied(struct sts_call *c, const struct wish *w, const char *what)
{
    return ec2_fail(c->e, 403, "AccessDenied", "User: %.150s is not authorized to perform: sts:%s on resource: %.*s",
                    c->who ? c->who->arn : "anonymous", what, (int)MIN(w->role_arn.n, (size_t)200), w->role_arn.p);
}

static bool same_secret(struct slice given, const char *want)
{
    size_t n = strlen(want);
    return given.n == n && crypto_equal(given.p, want, n);
}

// Letters and digits: 20 characters as of a real key id.
static void random_id(struct auth *a, const char *prefix, char *out, size_t cap)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    uint8_t raw[16];
    char tail[17];
    rng_fill(&a->rng, raw, sizeof(raw));
    for (int i = 0; i < 16; i++) tail[i] = alphabet[raw[i] & 31];
    tail[16] = 0;
    snprintf(out, cap, "%s%s", prefix, tail);
}

static bool grant(struct sts_call *c, const struct wish *w, struct auth_session *s)
{
    uint8_t raw[96];
    char role_id[32];
    struct error err = {0};
    struct slice arn = w->role_arn;
    uint8_t digest[32];
    *s = (struct auth_session){.expires = {(wall_sec(c->real_now) + w->seconds) * US_PER_SEC}};
    if (!slice_copy(w->account, s->account, sizeof(s->account))) return ec2_fail_nomem(c->e);
    random_id(c->auth, "ASIA", s->id, sizeof(s->id));
    rng_fill(&c->auth->rng, raw, sizeof(raw));
    base64_encode(raw, 30, s->secret);
    rng_fill(&c->auth->rng, raw, sizeof(raw));
    base64_encode(raw, sizeof(raw), s->token);
    crypto_sha256(&arn, 1, digest);
    hex_encode(digest, 9, role_id);
    for (char *p = role_id; *p; p++) *p = (char)(*p >= 'a' ? *p - 'a' + 'A' : *p);
    snprintf(s->arn, sizeof(s->arn), "arn:%.*s:sts::%s:assumed-role/%.*s/%.*s", SLICE_FMT(w->partition), s->account,
             SLICE_FMT(w->name), SLICE_FMT(w->session_name));
    snprintf(s->user_id, sizeof(s->user_id), "AROA%.17s:%.*s", role_id, SLICE_FMT(w->session_name));
    if (auth_session_add(c->auth, s, c->real_now, &err) != ERR_OK) return ec2_fail_nomem(c->e);
    c->changed = true;
    return true;
}

static void credentials_xml(struct sts_call *c, const struct auth_session *s)
{
    char when[21];
    wall_rfc3339(s->expires, when);
    xml_open(c->out, "AssumedRoleUser");
    xml_str(c->out, "AssumedRoleId", s->user_id);
    xml_str(c->out, "Arn", s->arn);
    xml_close(c->out, "AssumedRoleUser");
    xml_open(c->out, "Credentials");
    xml_str(c->out, "AccessKeyId", s->id);
    xml_str(c->out, "SecretAccessKey", s->secret);
    xml_str(c->out, "SessionToken", s->token);
    xml_str(c->out, "Expiration", when);
    xml_close(c->out, "Credentials");
}

static bool assume_role(struct sts_call *c)
{
    struct wish w = {0};
    struct auth_session s;
    struct slice external_id = form_get(c->form, "ExternalId"), source = form_get(c->form, "SourceIdentity");
    if (!read_wish(c, &w)) return false;
    if (external_id.p && (external_id.n < 2 || external_id.n > 1224))
        return fail_value(c->e, "externalId", "Member must have length from 2 to 1224");
    const struct auth_role *role = auth_role_find(c->auth, w.role_arn);
    if (!role && !c->auth->open_roles) return fail_denied(c, &w, "AssumeRole");
    if (role && role->external_id[0] && !same_secret(external_id, role->external_id))
        return fail_denied(c, &w, "AssumeRole");
    if (c->who->is_session && w.seconds > 3600)
        return ec2_fail(c->e, 400, "ValidationError",
                        "The requested DurationSeconds exceeds the 1 hour session limit "
                        "for roles assumed by role chaining.");
    if (w.seconds > (role ? role->max_s : 43200))
        return ec2_fail(c->e, 400, "ValidationError",
                        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
    if (!grant(c, &w, &s)) return false;
    reply_begin(c);
    credentials_xml(c, &s);
    if (source.n) xml_slice(c->out, "SourceIdentity", source);
    reply_end(c);
    mem_wipe(&s, sizeof(s));
    return true;
}

static bool assume_role_with_web_identity(struct sts_call *c)
{
    struct wish w = {0};
    struct auth_session s;
    struct slice token;
    if (!read_wish(c, &w) || !form_need(c->form, "WebIdentityToken", &token, c->e)) return false;
    if (token.n < 4 || token.n > 20000)
        return fail_value(c->e, "webIdentityToken", "Member must have length from 4 to 20000");
    const struct auth_role *role = auth_role_find(c->auth, w.role_arn);
    if (!c->auth->web_identity || (!role && !c->auth->open_roles))
        return ec2_fail(c->e, 403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity");
    if (w.seconds > (role ? role->max_s : 43200))
        return ec2_fail(c->e, 400, "ValidationError",
                        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
    if (!grant(c, &w, &s)) return false;
    reply_begin(c);
    credentials_xml(c, &s);
    xml_str(c->out, "SubjectFromWebIdentityToken", "ec2sim");
    xml_str(c->out, "Audience", "sts.amazonaws.com");
    xml_str(c->out, "Provider", "ec2sim.invalid");
    reply_end(c);
    mem_wipe(&s, sizeof(s));
    return true;
}

// ---- the table

static const struct {
    const char *name;
    bool (*run)(struct sts_call *c);
    bool is_unsigned;
} actions[] = {
    {"AssumeRole", assume_role, false},
    {"AssumeRoleWithWebIdentity", assume_role_with_web_identity, true},
    {"GetCallerIdentity", get_caller_identity, false},
};

const char *sts_action_name(struct slice action)
{
    for (size_t i = 0; i < ARRAY_LEN(actions); i++)
        if (slice_eq_cstr(action, actions[i].name)) return actions[i].name;
    return NULL;
}

bool sts_is_unsigned(struct slice action)
{
    for (size_t i = 0; i < ARRAY_LEN(actions); i++)
        if (slice_eq_cstr(action, actions[i].name)) return actions[i].is_unsigned;
    return false;
}

bool sts_run(struct sts_call *c)
{
    struct slice action, version;
    if (!form_need(c->form, "Action", &action, c->e) || !form_need(c->form, "Version", &version, c->e)) return false;
    c->action = sts_action_name(action);
    if (!c->action || !slice_eq_cstr(version, STS_VERSION))
        return ec2_fail(c->e, 400, "InvalidAction", "Could not find operation %.*s for version %.*s",
                        (int)MIN(action.n, (size_t)80), action.p, (int)MIN(version.n, (size_t)32), version.p);
    for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
        if (actions[i].name != c->action) continue;
        if (!c->who && !actions[i].is_unsigned)
            return ec2_fail(c->e, 403, "MissingAuthenticationToken", "Request is missing Authentication Token");
        if (!actions[i].run(c)) return false;
        return c->out->fail ? ec2_fail_nomem(c->e) : true;
    }
    return false;
}
