// SPDX-License-Identifier: Apache-2.0
// What is there, asked of the API, as far as a file speaks of it. Called by: cmd_plan.c. Must never: change anything.
#include "cli/look.h"

#define PAGE_ROWS 500
#define PAGES_MAX 1000
#define SCRATCH   ((size_t)80 << 20)

struct looker {
    struct cmd_ctx *c;
    struct api_client *x;
    struct arena *scratch; // of one answer
    struct error *err;
};

static enum err no_memory(struct looker *l)
{
    return error_set(l->err, ERR_NOMEM, "no memory for what is there");
}

static enum err ask(struct looker *l, const char *target, struct json_doc **ret)
{
    arena_reset(l->scratch);
    if (api_call(l->x, "GET", target, (struct slice){NULL, 0}, l->scratch, ret, l->err) != ERR_OK)
        return error_prefix(l->err, "GET %s", target);
    return *ret ? ERR_OK : error_set(l->err, ERR_PROTOCOL, "GET %s: an empty answer", target);
}

static enum err take(struct looker *l, struct decl_item *have, const struct decl_under *u,
                     const struct json_value *object)
{
    struct decl_item *i = decl_item_new(l->c->arena, u, have);
    return i ? decl_observe(l->c->arena, i, object, l->err) : no_memory(l);
}

// Webhooks are listed by organisation; those of a project name it.
static bool belongs(const struct decl_item *have, const struct decl_under *u, const struct json_value *object)
{
    if (u->child != DECL_WEBHOOK) return true;
    struct slice group = json_string(json_get(object, "groupId"));
    return have->kind == DECL_PROJECT ? slice_eq(group, have->id) : group.n == 0;
}

static enum err list_page(struct looker *l, struct decl_item *have, const struct decl_under *u, const char *target,
                          size_t *ret_n)
{
    struct json_doc *doc;
    if (ask(l, target, &doc) != ERR_OK) return l->err->code;
    const struct json_value *all = json_get(json_root(doc), "results");
    enum err code = ERR_OK;
    *ret_n = json_array_len(all);
    if (!all || json_type(all) != JSON_ARRAY)
        code = error_set(l->err, ERR_PROTOCOL, "GET %s: the answer is no list", target);
    for (size_t k = 0; k < *ret_n && code == ERR_OK; k++) {
        const struct json_value *one = json_array_at(all, k);
        if (belongs(have, u, one)) code = take(l, have, u, one);
    }
    json_doc_free(doc);
    return code;
}

static enum err list(struct looker *l, struct decl_item *have, const struct decl_under *u)
{
    size_t n = PAGE_ROWS;
    const char *base = decl_target(l->c->arena, u->child, have);
    for (unsigned page = 1; n >= PAGE_ROWS; page++) {
        const char *target = base ? arena_fmt(l->c->arena, "%s?itemsPerPage=%d&pageNum=%u&includeCount=false%s", base,
                                              PAGE_ROWS, page, u->child == DECL_EXPECTED ? "&all=true" : "")
                                  : NULL;
        if (!target) return no_memory(l);
        if (page > PAGES_MAX) return error_set(l->err, ERR_TOO_LARGE, "%s has more than can be planned with", base);
        if (list_page(l, have, u, target, &n) != ERR_OK) return l->err->code;
    }
    return ERR_OK;
}

static enum err one(struct looker *l, struct decl_item *have, const struct decl_under *u)
{
    struct json_doc *doc;
    const char *target = decl_target(l->c->arena, u->child, have);
    if (!target) return no_memory(l);
    if (ask(l, target, &doc) != ERR_OK) return l->err->code;
    enum err code = take(l, have, u, json_root(doc));
    json_doc_free(doc);
    return code;
}

static bool speaks_of(const struct decl_item *want, const struct decl_under *u)
{
    for (const struct decl_item *c = want ? want->first : NULL; c; c = c->next)
        if (c->under == u) return true;
    return false;
}

// What no file asks for is looked at as far as the caller may: an export has the rest, and the API itself keeps what
// must not be deleted.
static bool may_miss(struct looker *l, const struct decl_item *have, const struct decl_under *u)
{
    if (have->kind == DECL_ROOT || (l->err->code != ERR_DENIED && l->err->code != ERR_NOT_FOUND)) return false;
    buf_fmt(l->c->err, "peerage: left out: \"%s\" of %s %s: %s\n", u->key, decl_noun(have->kind),
            decl_label(l->c->arena, have), l->err->detail);
    return true;
}

// What the file speaks of; of what is to be deleted, what would keep it too; for an export all.
static enum err look_for(struct looker *l, struct decl_item *have, const struct decl_item *want,
                         const struct decl_under *u, bool all)
{
    bool asked = speaks_of(want, u);
    bool extra = all || (want && want->remove && (u->flags & DECL_HOLDS));
    if ((u->flags & DECL_INSIDE) || !(asked || extra)) return ERR_OK;
    enum err code = u->flags & DECL_ONE ? one(l, have, u) : list(l, have, u);
    if (code == ERR_OK) have->looked |= 1u << u->child;
    return code == ERR_OK || (!asked && may_miss(l, have, u)) ? ERR_OK : code;
}

static const struct decl_item *counterpart(const struct decl_item *want, const struct decl_item *have)
{
    for (const struct decl_item *c = want ? want->first : NULL; c; c = c->next)
        if (decl_means(c, have)) return c;
    return NULL;
}

static enum err look_below(struct looker *l, struct decl_item *have, const struct decl_item *want, bool all)
{
    unsigned n;
    const struct decl_under *u = decl_unders(have->kind, &n);
    for (unsigned k = 0; k < n; k++)
        if (look_for(l, have, want, &u[k], all) != ERR_OK) return l->err->code;
    for (struct decl_item *c = have->first; c; c = c->next) {
        const struct decl_item *same = counterpart(want, c);
        if ((all || same) && look_below(l, c, same, all) != ERR_OK) return l->err->code;
    }
    return ERR_OK;
}

enum err look(struct cmd_ctx *c, struct api_client *x, const struct decl_item *want, struct decl_item **ret,
              struct error *err)
{
    struct looker l = {c, x, arena_new(SCRATCH), err};
    struct decl_item *root = decl_item_new(c->arena, NULL, NULL);
    enum err code = l.scratch && root ? look_below(&l, root, want, !want) : no_memory(&l);
    arena_free(l.scratch);
    if (code == ERR_OK) *ret = root;
    return code;
}
