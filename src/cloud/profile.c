// SPDX-License-Identifier: Apache-2.0
// One profile out of AWS' shared config and credentials files. Source: AWS SDKs and Tools reference, "Shared config and
// credentials files". Called by: cloud/chain. Must never: keep what it read; the files may change between calls.
#include <stdio.h>

#include "base/file.h"
#include "base/ini.h"
#include "base/mem.h"
#include "cloud/internal.h"

#define FILE_MAX (1024 * 1024)

struct reading {
    const char *name; // the profile, or with `services` set the services section
    bool services, is_credentials;
    struct arena *a;
    struct profile *p;
    bool sso, process;
};

static struct slice unquoted(struct slice s)
{
    s = slice_trim(s, " \t");
    if (s.n >= 2 && (s.p[0] == '"' || s.p[0] == '\'') && s.p[s.n - 1] == s.p[0]) return slice_n(s.p + 1, s.n - 2);
    return s;
}

// "[profile x]" and "[default]" in config, "[x]" in credentials, "[services x]" in config.
static bool section_is(const struct reading *r, struct slice section)
{
    if (r->is_credentials) return slice_eq_cstr(unquoted(section), r->name);
    const char *word = r->services ? "services" : "profile";
    if (!r->services && slice_eq(section, SLICE("default"))) return strcmp(r->name, "default") == 0;
    struct slice head = slice_of(word);
    if (!slice_starts(section, head) || section.n == head.n) return false;
    struct slice rest = slice_skip(section, head.n);
    if (rest.p[0] != ' ' && rest.p[0] != '\t') return false;
    return slice_eq_cstr(unquoted(rest), r->name);
}

static enum err keep(const struct reading *r, const char **to, struct slice value, struct error *err)
{
    if (value.n == 0) return ERR_OK;
    *to = arena_strndup(r->a, value.p, value.n);
    return *to ? ERR_OK : error_set(err, ERR_NOMEM, "no memory for a profile");
}

static enum err keep_url(char to[ENDPOINT_URL], struct slice value, struct error *err)
{
    if (!slice_copy(value, to, ENDPOINT_URL))
        return error_set(err, ERR_INVALID, "endpoint_url has more than %d bytes", ENDPOINT_URL - 1);
    return ERR_OK;
}

static enum err on_profile_key(struct reading *r, const struct ini_line *l, struct error *err)
{
    struct profile *p = r->p;
    struct {
        const char *key;
        const char **to;
    } keys[] = {
        {"aws_access_key_id", &p->access_key_id},
        {"aws_secret_access_key", &p->secret},
        {"aws_session_token", &p->token},
        {"role_arn", &p->role_arn},
        {"source_profile", &p->source_profile},
        {"credential_source", &p->credential_source},
        {"external_id", &p->external_id},
        {"role_session_name", &p->role_session_name},
        {"duration_seconds", &p->duration_seconds},
        {"web_identity_token_file", &p->web_identity_token_file},
        {"mfa_serial", &p->mfa_serial},
        {"services", &p->services},
    };
    for (unsigned i = 0; i < ARRAY_LEN(keys); i++)
        if (slice_eq_cstr(l->key, keys[i].key)) return keep(r, keys[i].to, l->value, err);
    if (slice_starts(l->key, SLICE("sso_"))) r->sso = true;
    if (slice_eq(l->key, SLICE("credential_process"))) r->process = true;
    if (slice_eq(l->key, SLICE("endpoint_url"))) return keep_url(p->overrides.all, l->value, err);
    return ERR_OK;
}

static enum err on_line(void *ctx, const struct ini_line *l, struct error *err)
{
    struct reading *r = ctx;
    if (!section_is(r, l->section)) return ERR_OK;
    if (!r->services) {
        r->p->found = true;
        return l->nested ? ERR_OK : on_profile_key(r, l, err);
    }
    if (!l->nested || !slice_eq(l->key, SLICE("endpoint_url"))) return ERR_OK;
    if (slice_eq(l->parent, SLICE("ec2"))) return keep_url(r->p->overrides.ec2, l->value, err);
    if (slice_eq(l->parent, SLICE("sts"))) return keep_url(r->p->overrides.sts, l->value, err);
    return ERR_OK;
}

static enum err read_ini(struct reading *r, const char *path, struct error *err)
{
    struct buf text;
    if (!path || !file_exists(path)) return ERR_OK;
    enum err e = file_read(path, FILE_MAX, &text, err);
    if (e != ERR_OK) return e;
    e = ini_read(buf_view(&text), true, on_line, r, err);
    if (e != ERR_OK) error_prefix(err, "%s", path);
    if (text.p) mem_wipe(text.p, text.cap);
    buf_done(&text);
    return e;
}

enum err profile_load(const struct cloud_env *env, const char *name, struct arena *a, struct profile *ret,
                      struct error *err)
{
    struct profile p = {.found = false};
    struct reading r = {.name = name, .a = a, .p = &p};
    enum err e = read_ini(&r, env->config_file, err);
    if (e == ERR_OK && p.services) {
        struct reading s = {.name = p.services, .services = true, .a = a, .p = &p};
        e = read_ini(&s, env->config_file, err);
    }
    // Keys of the credentials file win over those of the config file; a pair is never mixed from both.
    struct profile cfg = p;
    if (e == ERR_OK) {
        p.access_key_id = p.secret = p.token = NULL;
        r.is_credentials = true;
        e = read_ini(&r, env->credentials_file, err);
    }
    if (e != ERR_OK) return e;
    if (!p.access_key_id && !p.secret) {
        p.access_key_id = cfg.access_key_id;
        p.secret = cfg.secret;
        p.token = cfg.token;
    }
    p.unsupported = r.sso ? "sso" : r.process ? "credential_process" : NULL;
    *ret = p;
    return ERR_OK;
}
