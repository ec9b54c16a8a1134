// SPDX-License-Identifier: Apache-2.0
// A file as a tree of wanted items, by the tables of spec/declare.def. Called by: cli. Must never: pass over a key that
// it does not know.
#include "declare/declare.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/id.h"

struct reader {
    struct arena *arena;
    struct error *err;
};

static enum err wrong(struct reader *r, unsigned line, unsigned column, const char *fmt, ...) PRINTF_LIKE(4, 5);
static enum err wrong(struct reader *r, unsigned line, unsigned column, const char *fmt, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return error_set(r->err, ERR_INVALID, "line %u, column %u: %s", line, column, text);
}

static enum err no_memory(struct reader *r)
{
    return error_set(r->err, ERR_NOMEM, "no memory to read the file");
}

#define SHOWN(s) (int)MIN((s).n, (size_t)60), (s).n ? (s).p : ""

// ---- members ----------------------------------------------------------------------------------------------

static enum err read_map(struct reader *r, struct decl_item *i, const struct yaml_node *n);

static enum err read_list(struct reader *r, struct decl_item *parent, const struct decl_under *u,
                          const struct yaml_node *n)
{
    struct decl_item *before = NULL;
    if (n->kind != YAML_LIST)
        return wrong(r, n->line, n->column, "\"%s\" must be a list: each begins with \"- \"", u->key);
    for (const struct yaml_node *c = n->first_child; c; c = c->next) {
        struct decl_item *i = decl_item_new(r->arena, u, parent);
        if (!i) return no_memory(r);
        if (read_map(r, i, c) != ERR_OK) return r->err->code;
        if (!(u->flags & DECL_INSIDE)) continue;
        if (before)
            before->next = i;
        else
            parent->rules = i;
        before = i;
    }
    return ERR_OK;
}

static enum err read_under(struct reader *r, struct decl_item *i, const struct decl_under *u, const struct yaml_node *n)
{
    if (!(u->flags & DECL_ONE)) return read_list(r, i, u, n);
    struct decl_item *one = decl_item_new(r->arena, u, i);
    return one ? read_map(r, one, n) : no_memory(r);
}

static enum err read_value(struct reader *r, struct decl_item *i, int at, const struct yaml_node *n)
{
    unsigned count;
    const struct decl_attr *t = &decl_attrs(i->kind, &count)[at];
    struct error e;
    if (t->type == DECL_RULES) {
        i->v[at] = SLICE("[]"); // said; their text is made when all names are known
        unsigned m;
        return read_list(r, i, decl_unders(i->kind, &m), n);
    }
    enum err code = decl_value_of_yaml(r->arena, t->type, n, &i->v[at], &e);
    if (code == ERR_NOMEM) return no_memory(r);
    if (code != ERR_OK) return wrong(r, n->line, n->column, "\"%s\": %s", t->name, e.detail);
    if ((t->flags & DECL_ONLY_TRUE) && slice_eq_cstr(i->v[at], "false"))
        return wrong(r, n->line, n->column, "\"%s\": say true of the one that shall be it; the other then is no more",
                     t->name);
    return ERR_OK;
}

// "approvals": {"accepts": 1} is the attribute "approvals.accepts".
static enum err read_deeper(struct reader *r, struct decl_item *i, const struct yaml_node *n, bool *ret_known)
{
    unsigned count;
    const struct decl_attr *all = decl_attrs(i->kind, &count);
    *ret_known = false;
    for (unsigned k = 0; k < count; k++)
        *ret_known |= slice_starts(slice_of(all[k].name), n->key) && all[k].name[n->key.n] == '.';
    if (!*ret_known || n->key.n == 0) return *ret_known = false, ERR_OK;
    if (n->kind != YAML_MAP) return wrong(r, n->line, n->column, "\"%.*s\" must be a map", SHOWN(n->key));
    for (const struct yaml_node *c = n->first_child; c; c = c->next) {
        const char *name = arena_fmt(r->arena, "%.*s.%.*s", SHOWN(n->key), SHOWN(c->key));
        if (!name) return no_memory(r);
        int at = decl_attr_index(i->kind, slice_of(name));
        if (at < 0)
            return wrong(r, c->key_line, c->key_column, "there is no key \"%.*s\" in \"%.*s\"", SHOWN(c->key),
                         SHOWN(n->key));
        if (read_value(r, i, at, c) != ERR_OK) return r->err->code;
    }
    return ERR_OK;
}

static enum err read_id(struct reader *r, struct decl_item *i, const struct yaml_node *n)
{
    struct oid id;
    if (n->kind != YAML_SCALAR || !oid_parse(n->text, &id))
        return wrong(r, n->line, n->column, "\"id\" must be 24 lower-case hexadecimal digits");
    i->id = n->text;
    return ERR_OK;
}

static enum err read_remove(struct reader *r, struct decl_item *i, const struct yaml_node *n)
{
    if (n->kind != YAML_SCALAR || !n->plain || !slice_eq_cstr(n->text, "true"))
        return wrong(r, n->line, n->column, "\"delete\" can only be true; leave it out to keep things");
    i->remove = true;
    return ERR_OK;
}

static enum err unknown_key(struct reader *r, const struct decl_item *i, const struct yaml_node *n)
{
    struct buf b;
    unsigned count;
    buf_init(&b, 1024);
    const struct decl_under *u = decl_unders(i->kind, &count);
    for (unsigned k = 0; k < count; k++)
        if (!(u[k].flags & DECL_INSIDE)) buf_fmt(&b, "%s%s", b.n ? ", " : "", u[k].key);
    const struct decl_attr *t = decl_attrs(i->kind, &count);
    for (unsigned k = 0; k < count; k++)
        buf_fmt(&b, "%s%.*s", b.n ? ", " : "", (int)strcspn(t[k].name, "."), t[k].name);
    (void)wrong(r, n->key_line, n->key_column, "there is no key \"%.*s\" here; there are: %.*s", SHOWN(n->key),
                SLICE_FMT(buf_view(&b)));
    buf_done(&b);
    return r->err->code;
}

static enum err read_member(struct reader *r, struct decl_item *i, const struct yaml_node *n)
{
    unsigned count;
    bool known;
    int at = decl_attr_index(i->kind, n->key);
    bool listed = i->under && !(i->under->flags & (DECL_ONE | DECL_INSIDE));
    if (at >= 0 && !memchr(n->key.p, '.', n->key.n)) return read_value(r, i, at, n);
    if (listed && slice_eq_cstr(n->key, "id")) return read_id(r, i, n);
    if (listed && slice_eq_cstr(n->key, "delete")) return read_remove(r, i, n);
    const struct decl_under *u = decl_unders(i->kind, &count);
    for (unsigned k = 0; k < count; k++)
        if (slice_eq_cstr(n->key, u[k].key)) return read_under(r, i, &u[k], n);
    if (read_deeper(r, i, n, &known) != ERR_OK) return r->err->code;
    return known ? ERR_OK : unknown_key(r, i, n);
}

// ---- one item ---------------------------------------------------------------------------------------------

// Which one is meant: an id, or all that a new one needs and by which it is known.
static enum err check_named(struct reader *r, const struct decl_item *i)
{
    unsigned n;
    const struct decl_attr *t = decl_attrs(i->kind, &n);
    for (unsigned k = 0; k < n && !i->id.n; k++)
        if ((t[k].flags & DECL_NEW) && !i->v[k].p)
            return wrong(r, i->line, i->column, "this %s needs \"%s\"%s", decl_noun(i->kind), t[k].name,
                         i->kind == DECL_RULE ? "" : ", or an \"id\"");
    return ERR_OK;
}

static enum err check_removed(struct reader *r, const struct decl_item *i)
{
    unsigned n;
    const struct decl_attr *t = decl_attrs(i->kind, &n);
    for (unsigned k = 0; k < n && i->remove; k++)
        if (i->v[k].p && !(t[k].flags & DECL_KEY))
            return wrong(r, i->line, i->column, "this %s is to be deleted: \"%s\" says nothing then",
                         decl_noun(i->kind), t[k].name);
    for (const struct decl_item *c = i->first; c && i->remove; c = c->next)
        if (!c->remove)
            return wrong(r, c->line, c->column,
                         "what it belongs to is to be deleted; say \"delete: true\" of this %s too, or leave it out",
                         decl_noun(c->kind));
    return ERR_OK;
}

static enum err read_map(struct reader *r, struct decl_item *i, const struct yaml_node *n)
{
    i->line = n->line;
    i->column = n->column;
    if (n->kind != YAML_MAP)
        return wrong(r, n->line, n->column, "%s: give a map of keys and values", decl_noun(i->kind));
    for (const struct yaml_node *c = n->first_child; c; c = c->next)
        if (read_member(r, i, c) != ERR_OK) return r->err->code;
    if (i->kind != DECL_ROOT && check_named(r, i) != ERR_OK) return r->err->code;
    return check_removed(r, i);
}

enum err decl_read(struct arena *a, struct slice text, struct decl_item **ret, struct error *err)
{
    struct reader r = {a, err};
    struct yaml_limits limits = yaml_limits_default;
    struct yaml_node *root;
    limits.max_bytes = DECL_FILE_MAX;
    if (yaml_read(a, text, &limits, &root, err) != ERR_OK) return err->code;
    struct decl_item *top = decl_item_new(a, NULL, NULL);
    if (!top) return no_memory(&r);
    if (read_map(&r, top, root) != ERR_OK) return err->code;
    *ret = top;
    return ERR_OK;
}
