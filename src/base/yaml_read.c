// SPDX-License-Identifier: Apache-2.0
// A small YAML tree in an arena; the only file that knows libyaml. Called by: declare (files of plan and apply).
// Must never: hand on an event that the strict subset lacks.
#include "base/yaml_read.h"

#include <yaml.h>

const struct yaml_limits yaml_limits_default = {
    .max_bytes = (size_t)1 << 20, .max_nodes = 100 * 1000, .max_depth = 16, .max_keys = 64};

#define DEPTH_MAX 64

// A map or list that is open.
struct level {
    struct yaml_node *node, *last;
    struct yaml_node *pending; // of a map: its key was read, its value is due
};

struct reader {
    struct arena *arena;
    const struct yaml_limits *lim;
    struct level levels[DEPTH_MAX];
    unsigned depth;
    size_t nodes;
    struct yaml_node *root;
    unsigned documents;
    struct error *err;
};

static enum err refuse(struct reader *r, const yaml_mark_t *at, enum err code, const char *why)
{
    return error_set(r->err, code, "line %zu, column %zu: %s", at->line + 1, at->column + 1, why);
}

static struct yaml_node *new_node(struct reader *r, const yaml_mark_t *at, enum yaml_kind kind)
{
    if (r->nodes == r->lim->max_nodes) {
        (void)refuse(r, at, ERR_TOO_LARGE, "the file has too many values");
        return NULL;
    }
    struct yaml_node *n = arena_alloc(r->arena, sizeof *n);
    if (!n) {
        (void)error_set(r->err, ERR_NOMEM, "no memory to read the file");
        return NULL;
    }
    r->nodes++;
    *n = (struct yaml_node){.kind = kind, .line = (unsigned)at->line + 1, .column = (unsigned)at->column + 1};
    return n;
}

static enum err take_text(struct reader *r, const yaml_event_t *e, struct slice *ret)
{
    const char *p = (const char *)e->data.scalar.value;
    size_t n = e->data.scalar.length;
    if (n && memchr(p, 0, n)) return refuse(r, &e->start_mark, ERR_INVALID, "a text must not hold NUL");
    const char *copy = arena_strndup(r->arena, n ? p : "", n);
    if (!copy) return error_set(r->err, ERR_NOMEM, "no memory to read the file");
    *ret = slice_n(copy, n);
    return ERR_OK;
}

// ---- maps -------------------------------------------------------------------------------------------------

static bool is_twice(const struct yaml_node *map, struct slice key)
{
    for (const struct yaml_node *c = map->first_child; c; c = c->next)
        if (slice_eq(c->key, key)) return true;
    return false;
}

static enum err read_key(struct reader *r, struct level *top, const yaml_event_t *e)
{
    struct slice key;
    if (e->type != YAML_SCALAR_EVENT)
        return refuse(r, &e->start_mark, ERR_INVALID, "a key must be a text, not a list or a map");
    if (e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && e->data.scalar.length == 2 &&
        memcmp(e->data.scalar.value, "<<", 2) == 0)
        return refuse(r, &e->start_mark, ERR_INVALID, "merge keys (<<) are not taken: write it out");
    if (take_text(r, e, &key) != ERR_OK) return r->err->code;
    if (is_twice(top->node, key))
        return error_set(r->err, ERR_INVALID, "line %zu, column %zu: the key \"%.*s\" is there twice",
                         e->start_mark.line + 1, e->start_mark.column + 1, (int)MIN(key.n, (size_t)60), key.p);
    if (top->node->count == r->lim->max_keys)
        return refuse(r, &e->start_mark, ERR_TOO_LARGE, "the map has too many keys");
    struct yaml_node *n = new_node(r, &e->start_mark, YAML_SCALAR);
    if (!n) return r->err->code;
    n->key = key;
    n->key_line = n->line;
    n->key_column = n->column;
    top->pending = n;
    return ERR_OK;
}

// ---- values -----------------------------------------------------------------------------------------------

static enum err check_event(struct reader *r, const yaml_event_t *e, bool *ret_plain, enum yaml_kind *ret_kind)
{
    const yaml_char_t *anchor, *tag;
    *ret_plain = false;
    if (e->type == YAML_SCALAR_EVENT) {
        anchor = e->data.scalar.anchor;
        tag = e->data.scalar.tag;
        *ret_plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        *ret_kind = YAML_SCALAR;
    } else if (e->type == YAML_SEQUENCE_START_EVENT) {
        anchor = e->data.sequence_start.anchor;
        tag = e->data.sequence_start.tag;
        *ret_kind = YAML_LIST;
    } else {
        anchor = e->data.mapping_start.anchor;
        tag = e->data.mapping_start.tag;
        *ret_kind = YAML_MAP;
    }
    if (anchor) return refuse(r, &e->start_mark, ERR_INVALID, "anchors (&) are not taken: write it out");
    if (tag) return refuse(r, &e->start_mark, ERR_INVALID, "tags (!) are not taken");
    return ERR_OK;
}

static void append(struct level *top, struct yaml_node *n)
{
    if (top->last)
        top->last->next = n;
    else
        top->node->first_child = n;
    top->last = n;
    top->node->count++;
}

static enum err place(struct reader *r, const yaml_event_t *e, bool plain, enum yaml_kind kind, struct yaml_node **ret)
{
    struct level *top = r->depth ? &r->levels[r->depth - 1] : NULL;
    struct yaml_node *n;
    if (top && top->node->kind == YAML_MAP) {
        n = top->pending;
        top->pending = NULL;
        n->kind = kind;
        n->line = (unsigned)e->start_mark.line + 1;
        n->column = (unsigned)e->start_mark.column + 1;
    } else {
        n = new_node(r, &e->start_mark, kind);
        if (!n) return r->err->code;
    }
    n->plain = plain;
    if (top)
        append(top, n);
    else
        r->root = n;
    *ret = n;
    return ERR_OK;
}

static enum err on_value(struct reader *r, const yaml_event_t *e)
{
    struct level *top = r->depth ? &r->levels[r->depth - 1] : NULL;
    struct yaml_node *n = NULL;
    enum yaml_kind kind;
    bool plain;
    if (check_event(r, e, &plain, &kind) != ERR_OK) return r->err->code;
    if (top && top->node->kind == YAML_MAP && !top->pending) return read_key(r, top, e);
    if (kind != YAML_SCALAR && r->depth == MIN(r->lim->max_depth, (unsigned)DEPTH_MAX))
        return refuse(r, &e->start_mark, ERR_TOO_LARGE, "it is nested too deeply");
    if (place(r, e, plain, kind, &n) != ERR_OK) return r->err->code;
    if (kind == YAML_SCALAR) return take_text(r, e, &n->text);
    r->levels[r->depth++] = (struct level){.node = n};
    return ERR_OK;
}

// ---- the document -----------------------------------------------------------------------------------------

static enum err on_document(struct reader *r, const yaml_event_t *e)
{
    if (e->data.document_start.version_directive ||
        e->data.document_start.tag_directives.start != e->data.document_start.tag_directives.end)
        return refuse(r, &e->start_mark, ERR_INVALID, "directives (%) are not taken");
    if (r->documents++) return refuse(r, &e->start_mark, ERR_INVALID, "a second document begins; give one file each");
    return ERR_OK;
}

static enum err on_event(struct reader *r, const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT:
        return on_document(r, e);
    case YAML_ALIAS_EVENT:
        return refuse(r, &e->start_mark, ERR_INVALID, "aliases (*) are not taken: write it out, or quote the text");
    case YAML_SCALAR_EVENT:
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        return on_value(r, e);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        r->depth--;
        return ERR_OK;
    default:
        return ERR_OK;
    }
}

static enum err broken(struct reader *r, const yaml_parser_t *p)
{
    const char *problem = p->problem ? p->problem : "it is no YAML";
    if (p->error == YAML_MEMORY_ERROR) return error_set(r->err, ERR_NOMEM, "no memory to read the file");
    if (p->error == YAML_READER_ERROR)
        return error_set(r->err, ERR_INVALID, "byte %zu: %s", p->problem_offset + 1, problem);
    return refuse(r, &p->problem_mark, ERR_INVALID, problem);
}

static enum err parse(struct reader *r, yaml_parser_t *p)
{
    for (;;) {
        yaml_event_t e;
        if (!yaml_parser_parse(p, &e)) return broken(r, p);
        bool end = e.type == YAML_STREAM_END_EVENT;
        enum err code = on_event(r, &e);
        yaml_event_delete(&e);
        if (code != ERR_OK) return code;
        if (end) return r->root ? ERR_OK : error_set(r->err, ERR_INVALID, "line 1, column 1: the file is empty");
    }
}

enum err yaml_read(struct arena *a, struct slice text, const struct yaml_limits *lim, struct yaml_node **ret_root,
                   struct error *err)
{
    struct reader r = {.arena = a, .lim = lim, .err = err};
    yaml_parser_t p;
    if (text.n > lim->max_bytes)
        return error_set(err, ERR_TOO_LARGE, "the file has %zu bytes; at most %zu are allowed", text.n, lim->max_bytes);
    if (!yaml_parser_initialize(&p)) return error_set(err, ERR_NOMEM, "no memory to read the file");
    yaml_parser_set_encoding(&p, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&p, (const unsigned char *)(text.n ? text.p : ""), text.n);
    enum err code = parse(&r, &p);
    yaml_parser_delete(&p);
    if (code == ERR_OK) *ret_root = r.root;
    return code;
}

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
    if (!map || map->kind != YAML_MAP) return NULL;
    for (const struct yaml_node *c = map->first_child; c; c = c->next)
        if (slice_eq_cstr(c->key, key)) return c;
    return NULL;
}
