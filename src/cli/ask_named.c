// SPDX-License-Identifier: Apache-2.0
// Which organisation, project or credential a command line means, asked of the API itself. Called by: resource.c and
// commands that build their own requests. Must never: choose among several.
#include <string.h>

#include "base/json.h"
#include "cli/ask.h"

#define KEY_PAGE  500
#define KEY_PAGES 4000
#define PAGE_MAX  ((size_t)16 << 20)

// ---- which organisation, which project --------------------------------------------------------------------

static enum err only_one(struct cmd_ctx *c, struct api_client *x, const char *target, const char *what,
                         const char *flag, const char **ret, struct error *err)
{
    struct json_doc *doc;
    if (api_call(x, "GET", target, (struct slice){NULL, 0}, c->arena, &doc, err) != ERR_OK) return err->code;
    const struct json_value *all = json_get(json_root(doc), "results");
    size_t n = json_array_len(all);
    struct slice id = json_string(json_get(json_array_at(all, 0), "id"));
    *ret = n == 1 ? arena_strndup(c->arena, id.p ? id.p : "", id.n) : NULL;
    json_doc_free(doc);
    if (n == 1) return *ret ? ERR_OK : error_set(err, ERR_NOMEM, "out of memory");
    if (n == 0)
        return error_set(err, ERR_INVALID, "there is no %s that you may see; name one with --%s ID", what, flag);
    return error_set(err, ERR_INVALID, "there are several %ss; name one with --%s ID (`peerage %s list`)", what, flag,
                     flag);
}

static enum err the_id(struct cmd_ctx *c, struct api_client *x, const char *target, const char *member,
                       const char **ret, struct error *err)
{
    struct json_doc *doc;
    if (!target) return error_set(err, ERR_NOMEM, "out of memory");
    if (api_call(x, "GET", target, (struct slice){NULL, 0}, c->arena, &doc, err) != ERR_OK) return err->code;
    struct slice id = json_string(json_get(json_root(doc), member));
    *ret = arena_strndup(c->arena, id.p ? id.p : "", id.n);
    json_doc_free(doc);
    return *ret ? ERR_OK : error_set(err, ERR_NOMEM, "out of memory");
}

enum err api_project_named(struct cmd_ctx *c, struct api_client *x, const char *name, const char **ret,
                           struct error *err)
{
    struct oid id;
    *ret = name;
    if (oid_parse(slice_of(name), &id)) return ERR_OK;
    return the_id(c, x, api_segment(c->arena, "/api/atlas/v2/groups/byName/", name, ""), "id", ret, err);
}

enum err api_org(struct cmd_ctx *c, struct api_client *x, const char **ret, struct error *err)
{
    const char *id = arg(c->args, "org");
    if (!id) id = api_server(x)->org;
    *ret = id;
    return id ? ERR_OK
              : only_one(c, x, "/api/atlas/v2/orgs?itemsPerPage=2&includeCount=false", "organisation", "org", ret, err);
}

enum err api_project(struct cmd_ctx *c, struct api_client *x, const char **ret, struct error *err)
{
    const char *id = arg(c->args, "project");
    if (!id) id = api_server(x)->project;
    if (id) return api_project_named(c, x, id, ret, err);
    return only_one(c, x, "/api/atlas/v2/groups?itemsPerPage=2&includeCount=false", "project", "project", ret, err);
}

// ---- credentials by the names that people know ------------------------------------------------------------

// True: it was on this page.
static bool find_key(struct cmd_ctx *c, const struct json_value *page, const char *public_key, const char **ret)
{
    for (size_t i = 0; i < json_array_len(page); i++) {
        const struct json_value *k = json_array_at(page, i);
        struct slice id = json_string(json_get(k, "id"));
        if (!slice_eq_cstr(json_string(json_get(k, "publicKey")), public_key)) continue;
        *ret = arena_strndup(c->arena, id.p ? id.p : "", id.n);
        return *ret != NULL;
    }
    return false;
}

// ERR_NOT_FOUND: it has no such key.
static enum err key_of_org(struct cmd_ctx *c, struct api_client *x, const char *org, const char *public_key,
                           const char **ret, struct error *err)
{
    bool found = false;
    for (unsigned page = 1; page <= KEY_PAGES && !found; page++) {
        struct json_doc *doc;
        struct arena *a CLEANUP(arena_freep) = arena_new(PAGE_MAX);
        const char *target =
            a ? arena_fmt(a, "/api/atlas/v2/orgs/%s/apiKeys?itemsPerPage=%d&pageNum=%u", org, KEY_PAGE, page) : NULL;
        if (!target) return error_set(err, ERR_NOMEM, "out of memory");
        if (api_call(x, "GET", target, (struct slice){NULL, 0}, a, &doc, err) != ERR_OK) return err->code;
        const struct json_value *rows = json_get(json_root(doc), "results");
        found = find_key(c, rows, public_key, ret);
        bool last = json_array_len(rows) < KEY_PAGE;
        json_doc_free(doc);
        if (last) break;
    }
    return found ? ERR_OK : error_set(err, ERR_NOT_FOUND, "no such key");
}

static enum err account_of_org(struct cmd_ctx *c, struct api_client *x, const char *org, const char *client_id,
                               const char **ret, struct error *err)
{
    const char *before = arena_fmt(c->arena, "/api/atlas/v2/orgs/%s/serviceAccounts/", org);
    const char *target = before ? api_segment(c->arena, before, client_id, "") : NULL;
    return the_id(c, x, target, "clientId", ret, err);
}

static enum err in_one(struct cmd_ctx *c, struct api_client *x, const char *org, const char *name, const char **ret,
                       struct error *err)
{
    bool account = slice_starts(slice_of(name), SLICE("mdb_sa_id_"));
    return account ? account_of_org(c, x, org, name, ret, err) : key_of_org(c, x, org, name, ret, err);
}

static enum err in_any(struct cmd_ctx *c, struct api_client *x, const char *name, const char **ret_org,
                       const char **ret, struct error *err)
{
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    if (api_call(x, "GET", "/api/atlas/v2/orgs?itemsPerPage=500", (struct slice){NULL, 0}, c->arena, &doc, err) !=
        ERR_OK)
        return err->code;
    const struct json_value *orgs = json_get(json_root(doc), "results");
    enum err code = error_set(err, ERR_NOT_FOUND, "there is no organisation");
    for (size_t i = 0; i < json_array_len(orgs) && code == ERR_NOT_FOUND; i++) {
        struct slice id = json_string(json_get(json_array_at(orgs, i), "id"));
        *ret_org = arena_strndup(c->arena, id.p ? id.p : "", id.n);
        if (!*ret_org) return error_set(err, ERR_NOMEM, "out of memory");
        code = in_one(c, x, *ret_org, name, ret, err);
    }
    return code;
}

enum err api_credential(struct cmd_ctx *c, struct api_client *x, const char *name, const char **ret_org,
                        const char **ret_id, struct error *err)
{
    const char *org = arg(c->args, "org");
    if (!org) org = api_server(x)->org;
    enum err code = org ? in_one(c, x, org, name, ret_id, err) : in_any(c, x, name, ret_org, ret_id, err);
    if (org) *ret_org = org;
    if (code != ERR_NOT_FOUND) return code;
    return error_set(err, ERR_NOT_FOUND,
                     "there is no API key or service account %.60s there; `peerage key list` and `peerage "
                     "service-account list` show them",
                     name);
}
