// SPDX-License-Identifier: Apache-2.0
// ~/.config/peerage/profiles: servers and credentials by name, as INI. Called by: server.c, cmd_profile.c,
// completion.c. Must never: use a file of secrets that others may read, or repeat a secret in an error.
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/ini.h"
#include "base/mem.h"
#include "cli/ask.h"

#define FILE_MAX ((size_t)256 << 10)

static const struct {
    const char *key;
    size_t at;
    bool secret;
} keys[] = {
#define KEY(name, secret)                                                                                              \
    {                                                                                                                  \
#name, offsetof(struct server, name), secret                                                                   \
    }
    KEY(url, false),       KEY(public_key, false),   KEY(private_key, true),         KEY(private_key_file, false),
    KEY(client_id, false), KEY(client_secret, true), KEY(client_secret_file, false), KEY(ca_file, false),
    KEY(org, false),       KEY(project, false),
#undef KEY
};

static const char **field(const struct server *s, size_t k)
{
    return (const char **)(void *)((char *)(uintptr_t)s + keys[k].at);
}

enum err profiles_path(struct arena *a, const char **ret, struct error *err)
{
    const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (base && *base == '/')
        *ret = arena_fmt(a, "%s/peerage/profiles", base);
    else if (home && *home == '/')
        *ret = arena_fmt(a, "%s/.config/peerage/profiles", home);
    else
        return error_set(err, ERR_INVALID, "HOME is not set: there is no place for profiles");
    return *ret ? ERR_OK : error_set(err, ERR_NOMEM, "out of memory");
}

struct server *profiles_find(struct profiles *p, const char *name)
{
    for (unsigned i = 0; i < p->n; i++)
        if (strcmp(p->list[i].profile, name) == 0) return &p->list[i];
    return NULL;
}

// ---- reading ----------------------------------------------------------------------------------------------

struct reading {
    struct arena *arena;
    struct profiles *p;
    const char *path;
    bool secrets;
};

static enum err begin(struct reading *r, const struct ini_line *line, struct error *err)
{
    const char *name = arena_strndup(r->arena, line->section.p, line->section.n);
    if (!name) return error_set(err, ERR_NOMEM, "out of memory");
    if (!*name || profiles_find(r->p, name))
        return error_set(err, ERR_INVALID, "%s:%u: the profile has no name, or one that was there before", r->path,
                         line->line);
    if (r->p->n == PROFILES_MAX)
        return error_set(err, ERR_INVALID, "%s:%u: more than %d profiles", r->path, line->line, PROFILES_MAX);
    r->p->list[r->p->n++] = (struct server){.profile = name};
    return ERR_OK;
}

static enum err on_line(void *ctx, const struct ini_line *line, struct error *err)
{
    struct reading *r = ctx;
    if (line->key.n == 0) return begin(r, line, err);
    if (r->p->n == 0) return error_set(err, ERR_INVALID, "%s:%u: a [name] must come first", r->path, line->line);
    struct server *s = &r->p->list[r->p->n - 1];
    for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
        if (!slice_eq_cstr(line->key, keys[k].key)) continue;
        if (*field(s, k))
            return error_set(err, ERR_INVALID, "%s:%u: %s a second time", r->path, line->line, keys[k].key);
        if (line->value.n) *field(s, k) = arena_strndup(r->arena, line->value.p, line->value.n);
        r->secrets |= keys[k].secret && line->value.n;
        return ERR_OK;
    }
    return error_set(err, ERR_INVALID, "%s:%u: there is no key \"%.*s\"", r->path, line->line,
                     SLICE_FMT(slice_n(line->key.p, MIN(line->key.n, (size_t)40))));
}

enum err profiles_read(struct arena *a, struct profiles *ret, struct error *err)
{
    struct reading r = {.arena = a, .p = ret};
    struct buf text;
    ret->n = 0;
    if (profiles_path(a, &r.path, err) != ERR_OK) return err->code;
    if (!file_exists(r.path)) return ERR_OK;
    if (file_read(r.path, FILE_MAX, &text, err) != ERR_OK) return err->code;
    enum err code = ini_read(buf_view(&text), false, on_line, &r, err);
    if (text.p) mem_wipe(text.p, text.cap);
    buf_done(&text);
    if (code == ERR_OK && r.secrets) code = file_check_private(r.path, err);
    if (code == ERR_OK && arena_failed(a)) code = error_set(err, ERR_NOMEM, "out of memory");
    return code;
}

// ---- writing ----------------------------------------------------------------------------------------------

static void put_profile(struct buf *b, const struct server *s)
{
    buf_fmt(b, "%s[%s]\n", b->n ? "\n" : "", s->profile);
    for (size_t k = 0; k < ARRAY_LEN(keys); k++)
        if (*field(s, k)) buf_fmt(b, "%s = %s\n", keys[k].key, *field(s, k));
}

enum err profiles_write(struct arena *a, const struct profiles *p, struct error *err)
{
    const char *path;
    struct buf b;
    if (profiles_path(a, &path, err) != ERR_OK) return err->code;
    const char *dir = arena_strndup(a, path, (size_t)(strrchr(path, '/') - path));
    if (!dir) return error_set(err, ERR_NOMEM, "out of memory");
    if (dir_make(dir, 0700, err) != ERR_OK) return err->code;
    buf_init(&b, FILE_MAX);
    for (unsigned i = 0; i < p->n; i++) put_profile(&b, &p->list[i]);
    enum err code = b.fail ? error_set(err, ERR_TOO_LARGE, "too many or too long profiles")
                           : file_write(path, buf_view(&b), 0600, err);
    if (b.p) mem_wipe(b.p, b.cap);
    buf_done(&b);
    return code;
}
