// SPDX-License-Identifier: Apache-2.0
// STS: who we are, and other roles. Source: STS API reference 2011-06-15. Called by: cloud's chain, credentials and
// cloud_identity. Must never: sign AssumeRoleWithWebIdentity, or send a field that STS would refuse.
#include <stdio.h>

#include "base/file.h"
#include "base/mem.h"
#include "cloud/internal.h"

#define STS_ARENA     (1024 * 1024)
#define WEB_TOKEN_MAX 20000
#define PARAMS_MAX    (64 * 1024)

static bool is_session_name(const char *s)
{
    size_t n = strlen(s);
    for (size_t i = 0; i < n; i++) {
        bool alnum = (s[i] >= '0' && s[i] <= '9') || (s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z');
        if (!alnum && !strchr("_+=,.@-", s[i])) return false;
    }
    return n >= 2 && n <= 64;
}

// The fields that both kinds of AssumeRole share.
static enum cloud_class add_common(const struct cloud *c, const struct assume *q, struct buf *params,
                                   struct cloud_failure *f)
{
    const char *name = q->session_name && *q->session_name ? q->session_name : c->opt.session_name;
    size_t arn = strlen(q->role_arn);
    uint64_t seconds;
    if (arn < 20 || arn > 2048)
        return cloud_fail(f, CLOUD_CREDENTIALS, "role ARN '%.100s' must have 20 to 2048 characters", q->role_arn);
    if (!is_session_name(name))
        return cloud_fail(f, CLOUD_CREDENTIALS, "role session name '%.70s' must be 2 to 64 of A-Z a-z 0-9 _+=,.@-",
                          name);
    param_add(params, "RoleArn", slice_of(q->role_arn));
    param_add(params, "RoleSessionName", slice_of(name));
    if (!q->duration_seconds || !*q->duration_seconds) return CLOUD_OK;
    if (!slice_u64(slice_of(q->duration_seconds), 43200, &seconds) || seconds < 900)
        return cloud_fail(f, CLOUD_CREDENTIALS, "duration_seconds must be 900 to 43200");
    param_add(params, "DurationSeconds", slice_of(q->duration_seconds));
    return CLOUD_OK;
}

static enum cloud_class add_assume(const struct cloud *c, const struct assume *q, struct buf *params,
                                   struct cloud_failure *f)
{
    enum cloud_class rc = add_common(c, q, params, f);
    if (rc != CLOUD_OK || !q->external_id || !*q->external_id) return rc;
    size_t n = strlen(q->external_id);
    if (n < 2 || n > 1224) return cloud_fail(f, CLOUD_CREDENTIALS, "the external id must have 2 to 1224 characters");
    param_add(params, "ExternalId", slice_of(q->external_id));
    return CLOUD_OK;
}

static enum cloud_class take_creds(const struct xml_node *root, struct creds *ret, struct cloud_failure *f)
{
    struct raw_creds raw;
    struct error err;
    enum cloud_class rc = ec2_parse_creds(root, &raw, &err);
    if (rc == CLOUD_OK && creds_set(ret, &raw, &err) != ERR_OK) rc = CLOUD_TRANSIENT; // checked: memory only
    return rc == CLOUD_OK ? rc : cloud_fail(f, rc, "%s", err.detail);
}

static struct aws_call call_of(const char *action, const struct buf *params)
{
    return (struct aws_call){
        .service = "sts", .action = action, .version = STS_VERSION, .params = params ? buf_view(params) : SLICE("")};
}

static enum cloud_class no_memory(struct cloud_failure *f)
{
    return cloud_fail(f, CLOUD_TRANSIENT, "no memory to ask STS");
}

enum cloud_class sts_assume_as(struct cloud *c, const struct cloud_target *as, const struct assume *q,
                               struct creds *ret, struct cloud_failure *f)
{
    struct buf params;
    struct arena *a = arena_new(STS_ARENA + c->opt.max_reply);
    const struct xml_node *root;
    if (!a) return no_memory(f);
    buf_init(&params, PARAMS_MAX);
    enum cloud_class rc = add_assume(c, q, &params, f);
    struct aws_call call = call_of("AssumeRole", &params);
    if (rc == CLOUD_OK) rc = aws_call_as(c, &call, as, a, &root, NULL, f);
    if (rc == CLOUD_OK) rc = take_creds(root, ret, f);
    buf_done(&params);
    arena_free(a);
    return rc;
}

// base NULL: unsigned.
static enum cloud_class ask(struct cloud *c, const char *action, const struct buf *params, const char *region,
                            const struct endpoint_overrides *o, const struct creds *base, struct creds *ret,
                            struct cloud_failure *f)
{
    struct arena *a = arena_new(STS_ARENA + c->opt.max_reply);
    const struct xml_node *root;
    if (!a) return no_memory(f);
    struct aws_call call = call_of(action, params);
    enum cloud_class rc = aws_call_with(c, &call, region, o, base, "", a, &root, f);
    if (rc == CLOUD_OK) rc = take_creds(root, ret, f);
    arena_free(a);
    return rc;
}

enum cloud_class sts_assume_with(struct cloud *c, const struct creds *base, const struct endpoint_overrides *o,
                                 const char *region, const struct assume *q, struct creds *ret, struct cloud_failure *f)
{
    struct buf params;
    buf_init(&params, PARAMS_MAX);
    enum cloud_class rc = add_assume(c, q, &params, f);
    if (rc == CLOUD_OK) rc = ask(c, "AssumeRole", &params, region, o, base, ret, f);
    buf_done(&params);
    return rc;
}

enum cloud_class sts_web_identity(struct cloud *c, const struct endpoint_overrides *o, const char *region,
                                  const struct assume *q, const char *token_file, struct creds *ret,
                                  struct cloud_failure *f)
{
    struct buf token, params;
    struct error err;
    // Read anew each time: the platform rotates it.
    if (file_read(token_file, WEB_TOKEN_MAX, &token, &err) != ERR_OK)
        return cloud_fail(f, CLOUD_CREDENTIALS, "the web identity token cannot be read: %s", err.detail);
    buf_init(&params, PARAMS_MAX);
    enum cloud_class rc = add_common(c, q, &params, f);
    param_add(&params, "WebIdentityToken", slice_trim(buf_view(&token), " \t\r\n"));
    if (rc == CLOUD_OK) rc = ask(c, "AssumeRoleWithWebIdentity", &params, region, o, NULL, ret, f);
    if (token.p) mem_wipe(token.p, token.cap);
    if (params.p) mem_wipe(params.p, params.cap);
    buf_done(&token);
    buf_done(&params);
    return rc;
}

// ---- identity -----------------------------------------------------------------------------

static bool known_identity(struct cloud *c, const struct held *h, char ret_account[ACCOUNT_ID], char ret_arn[256])
{
    lock_take(&c->lock);
    const struct identity *id = h->identity;
    bool known = id->proved == h->generation && id->account[0];
    if (known) {
        memcpy(ret_account, id->account, ACCOUNT_ID);
        memcpy(ret_arn, id->arn, 256);
    }
    lock_drop(&c->lock);
    return known;
}

// generation: of the credentials that STS was asked with; newer ones may belong to somebody else.
static void remember_identity(struct cloud *c, struct identity *id, uint64_t generation, const char *account,
                              const char *arn)
{
    lock_take(&c->lock);
    id->proved = generation;
    snprintf(id->account, sizeof id->account, "%s", account);
    snprintf(id->arn, sizeof id->arn, "%s", arn);
    lock_drop(&c->lock);
}

enum cloud_class cloud_identity(struct cloud *c, const struct cloud_target *t, char ret_account[ACCOUNT_ID],
                                char ret_arn[256], struct cloud_failure *f)
{
    struct held h;
    struct error err;
    const struct xml_node *root;
    enum cloud_class rc = creds_get(c, t, &h, f);
    if (rc != CLOUD_OK) return rc;
    bool known = known_identity(c, &h, ret_account, ret_arn);
    held_done(&h);
    if (known) return CLOUD_OK;
    struct arena *a = arena_new(STS_ARENA + c->opt.max_reply);
    if (!a) return no_memory(f);
    struct aws_call call = call_of("GetCallerIdentity", NULL);
    uint64_t generation = 0;
    rc = aws_call_as(c, &call, t, a, &root, &generation, f);
    if (rc == CLOUD_OK) {
        rc = ec2_parse_caller(root, ret_account, ret_arn, &err);
        if (rc != CLOUD_OK) cloud_fail(f, rc, "%s", err.detail);
    }
    if (rc == CLOUD_OK) remember_identity(c, h.identity, generation, ret_account, ret_arn);
    arena_free(a);
    return rc;
}
