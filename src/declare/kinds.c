// SPDX-License-Identifier: Apache-2.0
// The tables of kinds and attributes, and items. Called by: all of declare, cli. Must never: know what a kind is for.
#include "declare/declare.h"

static const char *const nouns[] = {
#define DECL_KIND(id, noun) [DECL_##id] = (noun),
#define DECL_UNDER(parent, key, child, flags)
#define DECL_ATTR(kind, name, type, flags, absent)
#include "spec/declare.def"
#undef DECL_KIND
#undef DECL_UNDER
#undef DECL_ATTR
};

static const struct decl_under unders[] = {
#define DECL_KIND(id, noun)
#define DECL_UNDER(parent, key, child, flags) {DECL_##parent, key, DECL_##child, flags},
#define DECL_ATTR(kind, name, type, flags, absent)
#include "spec/declare.def"
#undef DECL_KIND
#undef DECL_UNDER
#undef DECL_ATTR
};

static const enum decl_kind attr_kinds[] = {
#define DECL_KIND(id, noun)
#define DECL_UNDER(parent, key, child, flags)
#define DECL_ATTR(kind, name, type, flags, absent) DECL_##kind,
#include "spec/declare.def"
#undef DECL_KIND
#undef DECL_UNDER
#undef DECL_ATTR
};

// The rows of one kind stand together, so a table by kind is a part of the whole one.
static const struct decl_attr attrs[] = {
#define DECL_KIND(id, noun)
#define DECL_UNDER(parent, key, child, flags)
#define DECL_ATTR(kind, name, type, flags, absent) {name, DECL_##type, flags, absent},
#include "spec/declare.def"
#undef DECL_KIND
#undef DECL_UNDER
#undef DECL_ATTR
};

const char *decl_noun(enum decl_kind k)
{
    ASSERT((unsigned)k < DECL_KIND_COUNT_);
    return nouns[k];
}

const struct decl_attr *decl_attrs(enum decl_kind k, unsigned *ret_n)
{
    unsigned from = 0, n = 0;
    while (from < ARRAY_LEN(attr_kinds) && attr_kinds[from] != k) from++;
    while (from + n < ARRAY_LEN(attr_kinds) && attr_kinds[from + n] == k) n++;
    ASSERT(n <= DECL_ATTRS_MAX);
    *ret_n = n;
    return n ? &attrs[from] : attrs;
}

const struct decl_under *decl_unders(enum decl_kind parent, unsigned *ret_n)
{
    unsigned from = 0, n = 0;
    while (from < ARRAY_LEN(unders) && unders[from].parent != parent) from++;
    while (from + n < ARRAY_LEN(unders) && unders[from + n].parent == parent) n++;
    *ret_n = n;
    return n ? &unders[from] : unders;
}

int decl_attr_index(enum decl_kind k, struct slice name)
{
    unsigned n;
    const struct decl_attr *t = decl_attrs(k, &n);
    for (unsigned i = 0; i < n; i++)
        if (slice_eq_cstr(name, t[i].name)) return (int)i;
    return -1;
}

struct decl_item *decl_item_new(struct arena *a, const struct decl_under *under, struct decl_item *parent)
{
    struct decl_item *i = arena_alloc(a, sizeof *i);
    if (!i) return NULL;
    *i = (struct decl_item){.kind = under ? under->child : DECL_ROOT, .under = under, .parent = parent};
    if (!parent || (under->flags & DECL_INSIDE)) return i;
    if (parent->last)
        parent->last->next = i;
    else
        parent->first = i;
    parent->last = i;
    return i;
}

struct slice decl_value(const struct decl_item *i, const char *attr)
{
    int at = decl_attr_index(i->kind, slice_of(attr));
    return at < 0 ? (struct slice){NULL, 0} : i->v[at];
}

// The attribute that people know one by; else its id.
static const char *const names[DECL_KIND_COUNT_] = {
    [DECL_ORG] = "name",    [DECL_PROJECT] = "name", [DECL_NETWORK] = "vpcId", [DECL_EXPECTED] = "requesterAccountId",
    [DECL_WEBHOOK] = "url", [DECL_RULE] = "name"};

static struct slice name_of(struct arena *a, const struct decl_item *i)
{
    struct slice name = {NULL, 0};
    if (names[i->kind]) name = decl_text(a, decl_value(i, names[i->kind]));
    if (!name.n && i->match) return name_of(a, i->match); // by its id: as it is called now
    return name.n ? name : i->id;
}

const char *decl_label(struct arena *a, const struct decl_item *i)
{
    const char *above = i->parent && i->parent->kind != DECL_ROOT ? decl_label(a, i->parent) : NULL;
    if (i->under && (i->under->flags & DECL_ONE)) return above ? above : "";
    struct slice name = name_of(a, i);
    const char *made =
        above ? arena_fmt(a, "%s/%.*s", above, SLICE_FMT(name)) : arena_strndup(a, name.n ? name.p : "", name.n);
    return made ? made : "";
}

const struct decl_item *decl_above(const struct decl_item *i, enum decl_kind k)
{
    while (i && i->kind != k) i = i->parent;
    return i;
}
