// SPDX-License-Identifier: Apache-2.0
// A file that says what was observed, and whose plan is empty. Called by: cli (export). Must never: write what the
// reader would not take, or what only repeats an absent value.
#include "declare/declare.h"

static void indent(struct buf *out, unsigned depth)
{
    for (unsigned i = 0; i < depth; i++) buf_str(out, "  ");
}

static void put_rules(struct buf *out, const struct decl_item *policy, unsigned depth)
{
    unsigned n;
    const struct decl_attr *t = decl_attrs(DECL_RULE, &n);
    for (const struct decl_item *r = policy->rules; r; r = r->next) {
        bool first = true;
        indent(out, depth);
        buf_str(out, "- {");
        for (unsigned k = 0; k < n; k++) {
            if (!r->v[k].p || slice_eq_cstr(r->v[k], t[k].absent)) continue;
            buf_fmt(out, "%s%s: ", first ? "" : ", ", t[k].name);
            decl_put(out, r->v[k]);
            first = false;
        }
        buf_str(out, "}\n");
    }
}

static bool worth_saying(const struct decl_item *i, const struct decl_attr *t, struct slice v)
{
    if (t->type == DECL_RULES) return i->rules != NULL;
    if (!v.p) return false;
    return !slice_eq_cstr(v, t->absent) || (t->flags & DECL_NEW);
}

// The first line of a list's element begins with "- ", the others stand below it.
struct lines {
    struct buf *out;
    unsigned depth;
    bool dash;
};

static void begin_line(struct lines *l)
{
    indent(l->out, l->depth - (l->dash ? 1 : 0));
    if (l->dash) buf_str(l->out, "- ");
    l->dash = false;
}

static void put_attrs(struct lines *l, const struct decl_item *i)
{
    unsigned n;
    const struct decl_attr *t = decl_attrs(i->kind, &n);
    struct slice inside = SLICE("");
    for (unsigned k = 0; k < n; k++) {
        struct slice name = slice_of(t[k].name), head;
        bool deeper = slice_cut(&name, '.', &head);
        if (!worth_saying(i, &t[k], i->v[k])) continue;
        if (deeper && !slice_eq(inside, head)) {
            begin_line(l);
            buf_fmt(l->out, "%.*s:\n", SLICE_FMT(head));
            inside = head;
        }
        begin_line(l);
        if (deeper) indent(l->out, 1);
        if (t[k].type == DECL_RULES) {
            buf_fmt(l->out, "%s:\n", t[k].name);
            put_rules(l->out, i, l->depth + 1);
        } else {
            buf_fmt(l->out, "%.*s: ", SLICE_FMT(deeper ? name : head));
            decl_put(l->out, i->v[k]);
            buf_char(l->out, '\n');
        }
    }
}

static bool says_anything(const struct decl_item *i)
{
    unsigned n;
    const struct decl_attr *t = decl_attrs(i->kind, &n);
    for (unsigned k = 0; k < n; k++)
        if (worth_saying(i, &t[k], i->v[k])) return true;
    return i->first != NULL;
}

// Depth of the tree is that of the tables.
static void put_children(struct buf *out, const struct decl_item *i, unsigned depth)
{
    unsigned n;
    const struct decl_under *u = decl_unders(i->kind, &n);
    for (unsigned k = 0; k < n; k++) {
        bool begun = false;
        for (const struct decl_item *c = i->first; c; c = c->next) {
            if (c->under != &u[k] || !says_anything(c)) continue;
            bool one = u[k].flags & DECL_ONE;
            struct lines l = {out, depth + (one ? 1 : 2), !one};
            if (!begun) {
                indent(out, depth);
                buf_fmt(out, "%s:\n", u[k].key);
                begun = true;
            }
            put_attrs(&l, c);
            put_children(out, c, l.depth);
        }
    }
}

void decl_write(struct buf *out, struct arena *a, const struct decl_item *root)
{
    if (root->first)
        put_children(out, root, 0);
    else
        buf_str(out, "orgs: []\n");
}
