// SPDX-License-Identifier: Apache-2.0
// Credentials from where the process runs: the container endpoint (ECS, EKS Pod Identity) and instance metadata
// (IMDSv2). Source: AWS SDKs and Tools reference, "Container credential provider"; EC2 user guide, "Use IMDSv2". Called
// by: cloud/chain. Must never: go through a proxy, fall back to IMDSv1, or send a token to an unknown host.
#include <stdio.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/url.h"
#include "cloud/internal.h"

#define CONTAINER_BASE  "http://169.254.170.2"
#define IMDS_BASE       "http://169.254.169.254"
#define IMDS_ROLES      "/latest/meta-data/iam/security-credentials/"
#define REPLY_MAX       (64 * 1024)
#define CONTAINER_TRIES 3
#define CONTAINER_MS    2000
#define IMDS_MS         1000

// One GET or PUT; *ret lives in a.
static enum err ask(struct cloud *c, const char *method, const char *url, const struct header *h, unsigned n,
                    int64_t ms, struct arena *a, struct httpc_reply *ret, struct error *err)
{
    struct httpc *http;
    struct httpc_request q = {.method = method,
                              .url = url,
                              .headers = h,
                              .header_count = n,
                              .connect_ms = ms,
                              .total_ms = ms,
                              .max_body = REPLY_MAX,
                              .no_proxy = true};
    enum err e = cloud_http_take(c, &http, err);
    if (e != ERR_OK) return e;
    e = httpc_do(http, &q, a, ret, NULL, err);
    cloud_http_give(c, http);
    return e;
}

static enum cloud_class read_json(struct slice body, const char *from, struct creds *ret, struct cloud_failure *f)
{
    CLEANUP(json_doc_freep) struct json_doc *doc = NULL;
    struct error err;
    if (json_read(body, REPLY_MAX, &doc, &err) != ERR_OK)
        return cloud_fail(f, CLOUD_TRANSIENT, "%s did not answer in JSON: %s", from, err.detail);
    const struct json_value *o = json_root(doc);
    struct slice code = json_string(json_get(o, "Code"));
    if (code.n && !slice_eq(code, SLICE("Success")))
        return cloud_fail(f, CLOUD_CREDENTIALS, "%s refused: %.*s", from, (int)MIN(code.n, (size_t)60), code.p);
    struct raw_creds raw = {json_string(json_get(o, "AccessKeyId")), json_string(json_get(o, "SecretAccessKey")),
                            json_string(json_get(o, "Token")), json_string(json_get(o, "Expiration"))};
    if (creds_set(ret, &raw, &err) != ERR_OK)
        return cloud_fail(f, err.code == ERR_NOMEM ? CLOUD_TRANSIENT : CLOUD_CREDENTIALS, "%s: %s", from, err.detail);
    return CLOUD_OK;
}

// ---- container ----------------------------------------------------------------------------

// Plain http only to this machine and to the addresses that AWS itself uses.
static bool host_is_allowed(const char *text)
{
    static const char *const exact[] = {"169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"};
    struct url u;
    if (url_split(slice_of(text), &u) != URL_OK) return false;
    bool known = u.tls || url_is_loopback(&u);
    for (unsigned i = 0; i < ARRAY_LEN(exact); i++) known = known || slice_eq_cstr(u.host, exact[i]);
    return known;
}

static enum cloud_class container_url(const struct cloud_env *e, char *url, size_t cap, struct cloud_failure *f)
{
    int n = e->container_relative_uri ? snprintf(url, cap, CONTAINER_BASE "%s", e->container_relative_uri)
                                      : snprintf(url, cap, "%s", e->container_full_uri);
    bool relative_ok = !e->container_relative_uri || e->container_relative_uri[0] == '/';
    if (n < 0 || (size_t)n >= cap || !relative_ok || !host_is_allowed(url))
        return cloud_fail(f, CLOUD_CREDENTIALS, "AWS_CONTAINER_CREDENTIALS_%s_URI must be %s",
                          e->container_relative_uri ? "RELATIVE" : "FULL",
                          e->container_relative_uri ? "a path"
                                                    : "https, or http to loopback or one of AWS' container addresses");
    return CLOUD_OK;
}

// The authorization value; a file is read anew each time and wins. *ret is inited.
static enum cloud_class container_token(const struct cloud_env *e, struct buf *ret, struct cloud_failure *f)
{
    struct error err;
    if (e->container_token_file) {
        if (file_read(e->container_token_file, TOKEN_MAX, ret, &err) != ERR_OK)
            return cloud_fail(f, CLOUD_CREDENTIALS, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: %s", err.detail);
        return CLOUD_OK;
    }
    buf_init(ret, TOKEN_MAX);
    if (e->container_token) buf_str(ret, e->container_token);
    if (ret->fail == BUF_OK) return CLOUD_OK;
    buf_done(ret);
    return cloud_fail(f, CLOUD_CREDENTIALS, "AWS_CONTAINER_AUTHORIZATION_TOKEN has more than %d bytes", TOKEN_MAX);
}

static enum cloud_class container_try(struct cloud *c, const char *url, struct slice token, struct creds *ret,
                                      struct cloud_failure *f)
{
    struct header h[] = {{SLICE("accept"), SLICE("application/json")}, {SLICE("authorization"), token}};
    struct httpc_reply r;
    struct error err;
    struct arena *a = arena_new(2 * REPLY_MAX);
    enum cloud_class rc;
    if (!a) return cloud_fail(f, CLOUD_TRANSIENT, "no memory for the container endpoint");
    enum err e = ask(c, "GET", url, h, token.n ? 2 : 1, CONTAINER_MS, a, &r, &err);
    if (e == ERR_INVALID)
        rc = cloud_fail(f, CLOUD_CREDENTIALS, "the container endpoint cannot be asked: %s", err.detail);
    else if (e != ERR_OK)
        rc = cloud_fail(f, CLOUD_TRANSIENT, "the container endpoint does not answer (%s)", err_name(e));
    else if (r.status != 200)
        rc = cloud_fail(f, r.status >= 500 ? CLOUD_TRANSIENT : CLOUD_CREDENTIALS,
                        "the container endpoint answered HTTP %d", r.status);
    else
        rc = read_json(r.body, "the container endpoint", ret, f);
    arena_free(a);
    return rc;
}

enum cloud_class metadata_container(struct cloud *c, struct creds *ret, struct cloud_failure *f)
{
    char url[1024];
    struct buf token;
    const struct cloud_env *e = &c->opt.env;
    if (!e->container_relative_uri && !e->container_full_uri)
        return cloud_fail(f, CLOUD_CREDENTIALS, "credential_source is EcsContainer but no container endpoint is set");
    enum cloud_class rc = container_url(e, url, sizeof url, f);
    if (rc == CLOUD_OK) rc = container_token(e, &token, f);
    if (rc != CLOUD_OK) return rc;
    struct slice value = slice_trim(buf_view(&token), " \t\r\n"); // what is left of CR and LF httpc refuses
    for (unsigned tries = 1;; tries++) {
        rc = container_try(c, url, value, ret, f);
        if (rc != CLOUD_TRANSIENT || tries == CONTAINER_TRIES || c->cancelled) break;
        c->sleep(c, NS_PER_SEC);
    }
    if (token.p) mem_wipe(token.p, token.cap);
    buf_done(&token);
    return rc;
}

// ---- instance -----------------------------------------------------------------------------

static enum cloud_class imds_get(struct cloud *c, const char *base, const char *path, struct slice token,
                                 struct arena *a, struct slice *ret, struct cloud_failure *f)
{
    char url[1024];
    struct header h[] = {{SLICE("x-aws-ec2-metadata-token"), token}};
    struct httpc_reply r;
    struct error err;
    int n = snprintf(url, sizeof url, "%s%s", base, path);
    if (n < 0 || (size_t)n >= sizeof url) return cloud_fail(f, CLOUD_CREDENTIALS, "the metadata URL is too long");
    enum err e = ask(c, "GET", url, h, 1, IMDS_MS, a, &r, &err);
    if (e != ERR_OK) return cloud_fail(f, CLOUD_TRANSIENT, "instance metadata does not answer (%s)", err_name(e));
    if (r.status == 404) return cloud_fail(f, CLOUD_CREDENTIALS, "this instance has no role attached");
    if (r.status != 200) return cloud_fail(f, CLOUD_TRANSIENT, "instance metadata answered HTTP %d", r.status);
    *ret = r.body;
    return CLOUD_OK;
}

// CLOUD_NOT_FOUND_YET: nobody answers, so this is no instance.
static enum cloud_class imds_token(struct cloud *c, const char *base, struct arena *a, struct slice *ret,
                                   struct cloud_failure *f)
{
    char url[1024];
    struct header h[] = {{SLICE("x-aws-ec2-metadata-token-ttl-seconds"), SLICE("21600")}};
    struct httpc_reply r;
    struct error err;
    int n = snprintf(url, sizeof url, "%s/latest/api/token", base);
    if (n < 0 || (size_t)n >= sizeof url) return cloud_fail(f, CLOUD_CREDENTIALS, "the metadata URL is too long");
    enum err e = ask(c, "PUT", url, h, 1, IMDS_MS, a, &r, &err);
    if (e != ERR_OK) return cloud_fail(f, CLOUD_NOT_FOUND_YET, "instance metadata does not answer (%s)", err_name(e));
    if (r.status != 200)
        return cloud_fail(f, CLOUD_CREDENTIALS, "instance metadata answered HTTP %d to the token request of IMDSv2",
                          r.status);
    *ret = slice_trim(r.body, " \t\r\n");
    return CLOUD_OK;
}

// A role name becomes part of a URL.
static bool role_name_is_clean(struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        char ch = s.p[i];
        bool alnum = (ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z');
        if (!alnum && !strchr("+=,.@-_", ch)) return false;
    }
    return s.n > 0 && s.n <= 64;
}

static enum cloud_class imds_fetch(struct cloud *c, const char *base, struct arena *a, struct creds *ret,
                                   struct cloud_failure *f)
{
    struct slice token, role, body;
    char path[160];
    enum cloud_class rc = imds_token(c, base, a, &token, f);
    if (rc == CLOUD_OK) rc = imds_get(c, base, IMDS_ROLES, token, a, &role, f);
    if (rc != CLOUD_OK) return rc;
    struct slice rest = role;
    (void)slice_cut(&rest, '\n', &role);
    role = slice_trim(role, " \t\r\n");
    if (!role_name_is_clean(role)) return cloud_fail(f, CLOUD_CREDENTIALS, "instance metadata names no valid role");
    snprintf(path, sizeof path, IMDS_ROLES "%.*s", SLICE_FMT(role));
    rc = imds_get(c, base, path, token, a, &body, f);
    return rc == CLOUD_OK ? read_json(body, "instance metadata", ret, f) : rc;
}

enum cloud_class metadata_instance(struct cloud *c, struct creds *ret, struct cloud_failure *f)
{
    const char *base = c->opt.env.imds_endpoint ? c->opt.env.imds_endpoint : IMDS_BASE;
    size_t n = strlen(base);
    char trimmed[512];
    while (n && base[n - 1] == '/') n--;
    if (!slice_copy(slice_n(base, n), trimmed, sizeof trimmed))
        return cloud_fail(f, CLOUD_CREDENTIALS, "AWS_EC2_METADATA_SERVICE_ENDPOINT is too long");
    struct arena *a = arena_new(8 * REPLY_MAX);
    if (!a) return cloud_fail(f, CLOUD_TRANSIENT, "no memory for instance metadata");
    enum cloud_class rc = imds_fetch(c, trimmed, a, ret, f);
    arena_free(a);
    return rc;
}
