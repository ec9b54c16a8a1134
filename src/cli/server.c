// SPDX-License-Identifier: Apache-2.0
// Which server a command asks, and as whom: --profile, --data and --config, PEERAGE_PROFILE, PEERAGE_URL, in that
// order. Called by: ask.c, cmd_profile.c. Must never: mix a profile with the environment, or take a secret from the
// command line.
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/url.h"
#include "cli/ask.h"

#define SECRET_MAX 4096

static const char *env(const char *name)
{
    const char *v = getenv(name);
    return v && *v ? v : NULL;
}

const char *server_url(struct arena *a, const char *url)
{
    size_t n = url ? strlen(url) : 0;
    while (n > 0 && url[n - 1] == '/') n--;
    return url ? arena_strndup(a, url, n) : NULL;
}

// A secret's file: its text without white space around it.
static enum err read_secret(struct arena *a, const char *path, const char **ret, struct error *err)
{
    struct buf text;
    if (!path || *ret) return ERR_OK;
    if (file_check_private(path, err) != ERR_OK || file_read(path, SECRET_MAX, &text, err) != ERR_OK) return err->code;
    struct slice s = slice_trim(buf_view(&text), " \t\r\n");
    *ret = s.n ? arena_strndup(a, s.p, s.n) : NULL;
    if (text.p) mem_wipe(text.p, text.cap);
    buf_done(&text);
    return *ret ? ERR_OK : error_set(err, ERR_INVALID, "%s holds no secret", path);
}

// One credential: the key when both are there, as `peerage dev` exports both.
static enum err choose(struct arena *a, struct server *s, struct error *err)
{
    if (read_secret(a, s->private_key_file, &s->private_key, err) != ERR_OK) return err->code;
    if (s->public_key && s->private_key) {
        s->client_id = s->client_secret = NULL;
        return ERR_OK;
    }
    if (read_secret(a, s->client_secret_file, &s->client_secret, err) != ERR_OK) return err->code;
    if (s->client_id && s->client_secret) s->public_key = s->private_key = NULL;
    return ERR_OK;
}

static enum err of_profile(struct arena *a, const char *name, struct server *ret, struct error *err)
{
    struct profiles *all = arena_alloc(a, sizeof *all);
    if (!all) return error_set(err, ERR_NOMEM, "out of memory");
    if (profiles_read(a, all, err) != ERR_OK) return err->code;
    const struct server *found = profiles_find(all, name);
    if (!found)
        return error_set(err, ERR_NOT_FOUND, "there is no profile \"%.60s\"; `peerage profile list` shows them", name);
    *ret = *found;
    ret->url = server_url(a, ret->url);
    return choose(a, ret, err);
}

static enum err of_environment(struct arena *a, struct server *ret, struct error *err)
{
    *ret = (struct server){.url = server_url(a, env("PEERAGE_URL")),
                           .public_key = env("PEERAGE_PUBLIC_KEY"),
                           .private_key = env("PEERAGE_PRIVATE_KEY"),
                           .private_key_file = env("PEERAGE_PRIVATE_KEY_FILE"),
                           .client_id = env("PEERAGE_CLIENT_ID"),
                           .client_secret = env("PEERAGE_CLIENT_SECRET"),
                           .client_secret_file = env("PEERAGE_CLIENT_SECRET_FILE"),
                           .ca_file = env("PEERAGE_CA_FILE"),
                           .org = env("PEERAGE_ORG_ID"),
                           .project = env("PEERAGE_GROUP_ID")};
    return choose(a, ret, err);
}

enum err server_pick(struct cmd_ctx *c, struct server *ret, bool *ret_remote, struct error *err)
{
    const char *profile = arg(c->args, "profile");
    bool here = arg(c->args, "data") || arg(c->args, "config");
    *ret = (struct server){.url = NULL};
    *ret_remote = true;
    if (profile && here)
        return error_set(err, ERR_INVALID,
                         "--profile names a server, --data and --config a store of this machine: give one of them");
    if (profile) return of_profile(c->arena, profile, ret, err);
    if (!here && env("PEERAGE_PROFILE")) return of_profile(c->arena, env("PEERAGE_PROFILE"), ret, err);
    if (!here && env("PEERAGE_URL")) return of_environment(c->arena, ret, err);
    *ret_remote = false;
    return ERR_OK;
}

enum err server_check(const struct server *s, struct error *err)
{
    const char *where = s->profile ? "the profile" : "the environment";
    if (!s->url) return error_set(err, ERR_INVALID, "%s names no URL", where);
    struct url u;
    if (url_split(slice_of(s->url), &u) != URL_OK || u.rest.n)
        return error_set(err, ERR_INVALID, "the URL \"%.100s\" must be http(s)://HOST[:PORT] and no more", s->url);
    if (s->public_key && s->private_key) return ERR_OK;
    if (!s->client_id || !s->client_secret)
        return error_set(err, ERR_INVALID,
                         s->profile ? "profile %s has no whole credential: `peerage profile set` takes --public-key or "
                                      "--client-id and reads the secret"
                                    : "PEERAGE_URL names a server, %sbut no credential is set: PEERAGE_PUBLIC_KEY and "
                                      "PEERAGE_PRIVATE_KEY, or PEERAGE_CLIENT_ID and PEERAGE_CLIENT_SECRET",
                         s->profile ? s->profile : "");
    if (u.tls || url_is_loopback(&u)) return ERR_OK;
    return error_set(err, ERR_INVALID,
                     "a service account's secret must not go over %s in the clear: use https://, or an API key",
                     s->url);
}
