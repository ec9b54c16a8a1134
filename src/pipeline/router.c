// SPDX-License-Identifier: Apache-2.0
// A trie over path segments: literals first, then parameters with a suffix (`{id}:accept`, `{name}.gz`), then plain
// ones. Called by: pipeline.c. Must never: be changed after router_new.
#include "pipeline/router.h"

#include <string.h>

#include "base/encode.h"
#include "base/mem.h"

#define SEGMENTS_MAX 24
#define METHODS      (METHOD_DELETE + 1)

struct leaf {
    int16_t route;         // -1: not ours
    const char *operation; // NULL: nothing here for this method
};
struct node {
    struct slice text; // literal, or the suffix of a parameter
    bool is_param;
    struct node *next, *children; // children: literals, then suffixed parameters (longest first), then the plain one
    struct leaf leaves[METHODS];
    bool has_leaf;
};
struct router {
    struct node root;
};

static void free_node(struct node *n)
{
    while (n) {
        struct node *next = n->next;
        free_node(n->children);
        mem_free(n);
        n = next;
    }
}

void router_free(struct router *r)
{
    if (!r) return;
    free_node(r->root.children);
    mem_free(r);
}

// Order among siblings: what is more specific is tried first.
static int rank(const struct node *n)
{
    return !n->is_param ? 0 : n->text.n ? 1 : 2;
}

static struct node *child_for(struct node *parent, struct slice segment)
{
    ptrdiff_t close = segment.n && segment.p[0] == '{' ? slice_find(segment, '}') : -1;
    struct slice text = close < 0 ? segment : slice_skip(segment, (size_t)close + 1);
    for (struct node *n = parent->children; n; n = n->next)
        if (n->is_param == (close >= 0) && slice_eq(n->text, text)) return n;
    struct node *made = mem_zalloc(1, sizeof *made);
    if (!made) return NULL;
    made->text = text;
    made->is_param = close >= 0;
    for (size_t i = 0; i < METHODS; i++) made->leaves[i].route = -1;
    struct node **at = &parent->children;
    while (*at && rank(*at) <= rank(made)) at = &(*at)->next;
    made->next = *at;
    *at = made;
    return made;
}

static bool add(struct router *r, enum method m, const char *template, int route, const char *operation)
{
    struct slice rest = slice_skip(slice_of(template), 1), segment;
    struct node *n = &r->root;
    while (rest.n) {
        slice_cut(&rest, '/', &segment);
        n = child_for(n, segment);
        if (!n) return false;
    }
    n->has_leaf = true;
    n->leaves[m] = (struct leaf){.route = (int16_t)route, .operation = operation};
    return true;
}

static const struct {
    enum method method;
    const char *template, *operation;
} operations[] = {
#define OPERATION(method, template, operation) {METHOD_##method, template, operation},
#include "spec/atlas_operations.def"
#undef OPERATION
};

struct router *router_new(void)
{
    struct router *r = mem_zalloc(1, sizeof *r);
    bool ok = r != NULL;
    for (size_t i = 0; ok && i < ARRAY_LEN(operations); i++)
        ok = add(r, operations[i].method, operations[i].template, -1, operations[i].operation);
    // Ours come last: they take the place of the Atlas operation of the same method and template.
    for (int i = 0; ok && i < ROUTE_COUNT_; i++) {
        const struct route_row *row = route_row((enum route)i);
        ok = add(r, row->method, row->template, i, row->operation);
    }
    if (ok) return r;
    router_free(r);
    return NULL;
}

struct match {
    struct slice segments[SEGMENTS_MAX];
    unsigned segment_count;
    struct slice params[PATH_PARAMS_MAX];
    unsigned param_count;
};

static const struct node *match_from(const struct node *n, struct match *m, unsigned at);

static const struct node *match_child(const struct node *n, struct match *m, unsigned at)
{
    struct slice s = m->segments[at];
    if (!n->is_param) return slice_eq(n->text, s) ? match_from(n, m, at + 1) : NULL;
    if (s.n <= n->text.n || !slice_ends(s, n->text) || m->param_count == PATH_PARAMS_MAX) return NULL;
    m->params[m->param_count++] = slice_n(s.p, s.n - n->text.n);
    const struct node *found = match_from(n, m, at + 1);
    if (!found) m->param_count--;
    return found;
}

static const struct node *match_from(const struct node *n, struct match *m, unsigned at)
{
    if (at == m->segment_count) return n->has_leaf ? n : NULL;
    for (const struct node *c = n->children; c; c = c->next) {
        const struct node *found = match_child(c, m, at);
        if (found) return found;
    }
    return NULL;
}

static bool split(struct slice path, struct arena *a, struct match *m)
{
    struct slice rest = slice_skip(path, 1), segment;
    do {
        bool more = slice_cut(&rest, '/', &segment);
        if (segment.n == 0 || m->segment_count == SEGMENTS_MAX) return false;
        char *out = arena_alloc(a, segment.n);
        size_t n;
        if (!out || !percent_decode(segment, out, segment.n, &n)) return false;
        m->segments[m->segment_count++] = slice_n(out, n);
        if (more && rest.n == 0) return false; // trailing slash
    } while (rest.n);
    return true;
}

static void list_allowed(const struct node *n, struct router_answer *ret)
{
    struct buf b = {.p = ret->allow, .cap = sizeof ret->allow - 1, .max = sizeof ret->allow - 1};
    for (int m = 0; m < METHODS; m++) {
        bool offered = m == METHOD_HEAD ? n->leaves[METHOD_GET].route >= 0 : n->leaves[m].route >= 0;
        if (!offered) continue;
        if (b.n) buf_lit(&b, ", ");
        buf_str(&b, method_name((enum method)m));
    }
    ret->allow[b.n] = '\0';
}

void router_find(const struct router *r, enum method method, struct slice path, struct arena *a,
                 struct router_answer *ret)
{
    struct match m = {.segment_count = 0};
    *ret = (struct router_answer){.result = ROUTER_UNKNOWN};
    const struct node *n = split(path, a, &m) ? match_from(&r->root, &m, 0) : NULL;
    if (!n) return;
    memcpy(ret->params, m.params, sizeof ret->params);
    ret->param_count = m.param_count;
    if (method == METHOD_HEAD) method = METHOD_GET;
    const struct leaf *leaf = method < METHODS ? &n->leaves[method] : NULL;
    if (!leaf || !leaf->operation) {
        ret->result = ROUTER_BAD_METHOD;
        list_allowed(n, ret);
        return;
    }
    ret->operation = leaf->operation;
    ret->result = leaf->route < 0 ? ROUTER_NOT_OFFERED : ROUTER_FOUND;
    ret->route = (enum route)MAX(leaf->route, 0);
}
