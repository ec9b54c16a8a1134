// SPDX-License-Identifier: Apache-2.0
// The cloud layer as a command, for system tests against other people's EC2 servers: one question, one JSON object.
// Called by: tests/system. Must never: be installed, or print a secret.
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "cloud/cloud.h"
#include "net/crypto.h"

struct probe {
    struct cloud *c;
    struct cloud_target t;
    const char *what, *account, *subject;
    unsigned repeat;
    bool dry_run;
    struct arena *a;
    struct json_writer w;
};

static void show_observed(struct json_writer *w, const struct observed *o)
{
    char when[25] = "";
    json_obj(w);
    json_kstr(w, "name", o->name);
    json_kstr(w, "requesterAccount", o->requester_account);
    json_kstr(w, "requesterVpc", o->requester_vpc);
    json_kstr(w, "requesterRegion", o->requester_region);
    json_kslice(w, "requesterCidrs", o->requester_cidrs);
    json_kstr(w, "accepterAccount", o->accepter_account);
    json_kstr(w, "accepterVpc", o->accepter_vpc);
    json_kstr(w, "accepterRegion", o->accepter_region);
    json_kslice(w, "accepterCidrs", o->accepter_cidrs);
    json_kstr(w, "status", o->cloud_status);
    json_kslice(w, "message", o->cloud_message);
    if (o->expiration.us) wall_rfc3339_ms(o->expiration, when);
    json_kstr(w, "expiration", when);
    json_obj_end(w);
}

static enum cloud_class ask_list(struct probe *p, struct cloud_failure *f)
{
    struct described d;
    unsigned foreign;
    enum cloud_class rc = cloud_describe_incoming(p->c, &p->t, p->account, p->a, &d, &foreign, f);
    if (rc != CLOUD_OK) return rc;
    json_kint(&p->w, "pages", d.pages);
    json_kint(&p->w, "foreign", foreign);
    json_key(&p->w, "items");
    json_arr(&p->w);
    for (size_t i = 0; i < d.n; i++) show_observed(&p->w, &d.items[i]);
    json_arr_end(&p->w);
    return rc;
}

static enum cloud_class ask_identity(struct probe *p, struct cloud_failure *f)
{
    char account[ACCOUNT_ID], arn[256];
    enum cloud_class rc = cloud_identity(p->c, &p->t, account, arn, f);
    if (rc != CLOUD_OK) return rc;
    json_kstr(&p->w, "account", account);
    json_kstr(&p->w, "arn", arn);
    return rc;
}

static enum cloud_class ask_one(struct probe *p, struct cloud_failure *f)
{
    struct observed o;
    enum cloud_class rc = cloud_describe_one(p->c, &p->t, p->subject, p->a, &o, f);
    if (rc != CLOUD_OK) return rc;
    json_key(&p->w, "item");
    show_observed(&p->w, &o);
    return rc;
}

static enum cloud_class ask_vpc(struct probe *p, struct cloud_failure *f)
{
    struct slice cidrs;
    char owner[ACCOUNT_ID];
    enum cloud_class rc = cloud_vpc(p->c, &p->t, p->subject, p->a, &cidrs, owner, f);
    if (rc != CLOUD_OK) return rc;
    json_kslice(&p->w, "cidrs", cidrs);
    json_kstr(&p->w, "owner", owner);
    return rc;
}

static enum cloud_class ask_check(struct probe *p, struct cloud_failure *f)
{
    struct permission_check rows[PERMISSION_CHECKS];
    unsigned n;
    enum cloud_class rc = cloud_check(p->c, &p->t, p->account, p->subject, p->dry_run, rows, &n, f);
    json_key(&p->w, "checks");
    json_arr(&p->w);
    for (unsigned i = 0; i < n; i++) {
        json_obj(&p->w);
        json_kstr(&p->w, "action", rows[i].action);
        json_kbool(&p->w, "known", rows[i].known);
        json_kbool(&p->w, "allowed", rows[i].allowed);
        json_kstr(&p->w, "note", rows[i].note);
        json_obj_end(&p->w);
    }
    json_arr_end(&p->w);
    return rc;
}

static void ask(struct probe *p)
{
    static const struct {
        const char *what;
        enum cloud_class (*fn)(struct probe *, struct cloud_failure *);
    } table[] = {
        {"identity", ask_identity}, {"list", ask_list}, {"one", ask_one}, {"vpc", ask_vpc}, {"check", ask_check}};
    struct cloud_failure f = {.class = CLOUD_OK};
    struct buf out;
    buf_init(&out, 64 << 20);
    json_begin(&p->w, &out, false);
    json_obj(&p->w);
    enum cloud_class rc = CLOUD_PERMANENT;
    for (unsigned i = 0; i < ARRAY_LEN(table); i++)
        if (strcmp(p->what, table[i].what) == 0) rc = table[i].fn(p, &f);
    json_kstr(&p->w, "class", cloud_class_name(rc));
    if (rc != CLOUD_OK) {
        json_kstr(&p->w, "code", f.code);
        json_kstr(&p->w, "message", f.message);
        json_kint(&p->w, "httpStatus", f.http_status);
        json_kstr(&p->w, "requestId", f.request_id);
    }
    json_kint(&p->w, "skew", cloud_clock_skew(p->c));
    json_obj_end(&p->w);
    printf("%.*s\n", SLICE_FMT(buf_view(&out)));
    fflush(stdout);
    buf_done(&out);
    arena_reset(p->a);
}

static int fail(const struct error *err)
{
    fprintf(stderr, "cloud_probe: %s\n", err->detail);
    return 2;
}

// Options are pairs: --name value.
static bool set_option(struct probe *p, struct cloud_options *o, const char *name, const char *value)
{
    struct {
        const char *name;
        const char **to;
    } strings[] = {{"--ask", &p->what},
                   {"--account", &p->account},
                   {"--subject", &p->subject},
                   {"--region", &p->t.region},
                   {"--external-id", &p->t.external_id},
                   {"--role", &p->t.identity_ref},
                   {"--profile", &p->t.identity_ref}};
    for (unsigned i = 0; i < ARRAY_LEN(strings); i++) {
        if (strcmp(name, strings[i].name) != 0) continue;
        *strings[i].to = value;
        if (i == 5) p->t.identity = IDENTITY_ROLE;
        if (i == 6) p->t.identity = IDENTITY_PROFILE;
        return true;
    }
    unsigned n = (unsigned)strtoul(value, NULL, 10);
    if (strcmp(name, "--call-ms") == 0) return (o->call_ms = n) > 0;
    if (strcmp(name, "--attempts") == 0) return (o->attempts = n) > 0;
    if (strcmp(name, "--max-pages") == 0) return (o->max_pages = n) > 0;
    if (strcmp(name, "--page-size") == 0) return (o->page_size = n) > 0;
    if (strcmp(name, "--repeat") == 0) return (p->repeat = n) > 0;
    if (strcmp(name, "--dry-run") == 0) return p->dry_run = n, true;
    return false;
}

int main(int argc, char **argv)
{
    struct probe p = {.what = "identity", .account = "", .subject = "", .repeat = 1};
    struct cloud_options o;
    struct error err;
    p.t = (struct cloud_target){.identity_ref = "", .external_id = "", .region = "us-east-1"};
    cloud_options_default(&o);
    for (int i = 1; i + 1 < argc; i += 2)
        if (!set_option(&p, &o, argv[i], argv[i + 1])) {
            fprintf(stderr, "cloud_probe: bad option %s %s\n", argv[i], argv[i + 1]);
            return 2;
        }
    p.a = arena_new((size_t)256 << 20);
    if (!p.a || crypto_init(&err) != ERR_OK || cloud_env_from_process(p.a, &o.env, &err) != ERR_OK ||
        cloud_new(&o, &p.c, &err) != ERR_OK)
        return fail(&err);
    arena_reset(p.a);
    for (unsigned i = 0; i < p.repeat; i++) ask(&p);
    cloud_free(p.c);
    arena_free(p.a);
    return 0;
}
