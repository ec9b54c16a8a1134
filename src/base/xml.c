// SPDX-License-Identifier: Apache-2.0
// A small XML tree in an arena; the only file that knows expat. Called by: cloud (EC2 and STS replies), ec2sim
// (escaping). Must never: accept a DOCTYPE, so that entities cannot be declared and nothing can expand.
#include "base/xml.h"

#include <expat.h>
#include <limits.h>

#include "base/buf.h"
#include "base/encode.h"
#include "base/mem.h"

const struct xml_limits xml_limits_default = {.max_bytes = (size_t)16 << 20, .max_nodes = 1000 * 1000, .max_depth = 32};

// An element that is open.
struct level {
    struct xml_node *node, *last_child;
    size_t text_start; // its character data in reader.text; children's data above it is gone when they close
};

struct reader {
    XML_Parser parser;
    struct arena *arena;
    const struct xml_limits *lim;
    struct level *levels; // lim->max_depth of them
    unsigned depth;
    size_t nodes;
    struct buf text;
    struct xml_node *root;
    enum err code; // ERR_OK until a handler stopped the parser
    const char *why;
};

static void stop(struct reader *r, enum err code, const char *why)
{
    if (r->code == ERR_OK) {
        r->code = code;
        r->why = why;
    }
    (void)XML_StopParser(r->parser, XML_FALSE); // fails only when stopped already
}

static void on_start(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
    struct reader *r = ctx;
    if (r->code != ERR_OK) return; // expat may deliver what it has begun
    if (r->depth == r->lim->max_depth) {
        stop(r, ERR_TOO_LARGE, "it is nested too deeply");
        return;
    }
    if (r->nodes == r->lim->max_nodes) {
        stop(r, ERR_TOO_LARGE, "it has too many elements");
        return;
    }
    const char *colon = strrchr(name, ':');
    const char *local = colon ? colon + 1 : name;
    struct xml_node *n = arena_alloc(r->arena, sizeof *n);
    if (n) n->name = arena_slice(r->arena, slice_of(local));
    if (!n || (!n->name.p && *local)) {
        stop(r, ERR_NOMEM, "out of memory");
        return;
    }
    if (r->depth > 0) {
        struct level *up = &r->levels[r->depth - 1];
        if (up->last_child)
            up->last_child->next = n;
        else
            up->node->first_child = n;
        up->last_child = n;
    } else {
        r->root = n;
    }
    r->nodes++;
    r->levels[r->depth++] = (struct level){.node = n, .text_start = r->text.n};
}

static void on_end(void *ctx, const XML_Char *name)
{
    struct reader *r = ctx;
    if (r->code != ERR_OK) return;
    struct level *top = &r->levels[--r->depth];
    struct slice text = slice_trim(slice_skip(buf_view(&r->text), top->text_start), " \t\r\n");
    if (text.n) {
        top->node->text = arena_slice(r->arena, text);
        if (!top->node->text.p) stop(r, ERR_NOMEM, "out of memory");
    }
    r->text.n = top->text_start;
}

static void on_text(void *ctx, const XML_Char *p, int n)
{
    struct reader *r = ctx;
    if (r->code != ERR_OK) return;
    buf_add(&r->text, p, (size_t)n);
    if (r->text.fail != BUF_OK) stop(r, ERR_NOMEM, "out of memory");
}

static void on_doctype(void *ctx, const XML_Char *name, const XML_Char *system_id, const XML_Char *public_id,
                       int internal_subset)
{
    stop(ctx, ERR_PROTOCOL, "it has a DOCTYPE, which is refused");
}

static enum err outcome(struct reader *r, enum XML_Status status, struct error *err)
{
    if (r->code != ERR_OK) return error_set(err, r->code, "XML refused: %s", r->why);
    if (status == XML_STATUS_OK && r->root) return ERR_OK;
    enum XML_Error e = XML_GetErrorCode(r->parser);
    if (e == XML_ERROR_NO_MEMORY) return error_set(err, ERR_NOMEM, "XML refused: out of memory");
    const char *why = XML_ErrorString(e);
    return error_set(err, ERR_PROTOCOL, "XML is not well-formed: %s at line %lu", why ? why : "no root element",
                     (unsigned long)XML_GetCurrentLineNumber(r->parser));
}

static enum err parse(struct reader *r, struct slice text, struct error *err)
{
    XML_SetUserData(r->parser, r);
    XML_SetElementHandler(r->parser, on_start, on_end);
    XML_SetCharacterDataHandler(r->parser, on_text);
    XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
    // One call: expat then works on our memory and copies nothing.
    return outcome(r, XML_Parse(r->parser, text.n ? text.p : "", (int)text.n, XML_TRUE), err);
}

enum err xml_read(struct arena *a, struct slice text, const struct xml_limits *lim, struct xml_node **ret_root,
                  struct error *err)
{
    if (text.n > lim->max_bytes || text.n > INT_MAX)
        return error_set(err, ERR_TOO_LARGE, "the XML text has %zu bytes; at most %zu are allowed", text.n,
                         MIN(lim->max_bytes, (size_t)INT_MAX));
    const XML_Memory_Handling_Suite memory = {mem_alloc, mem_realloc, mem_free};
    struct reader r = {.arena = a, .lim = lim};
    enum err rc;
    buf_init(&r.text, text.n * 4); // never reached: no encoding grows so much when it becomes UTF-8
    r.levels = mem_zalloc(lim->max_depth, sizeof *r.levels);
    r.parser = XML_ParserCreate_MM(NULL, &memory, NULL);
    if (r.levels && r.parser)
        rc = parse(&r, text, err);
    else
        rc = error_set(err, ERR_NOMEM, "XML refused: out of memory");
    if (r.parser) XML_ParserFree(r.parser);
    mem_free(r.levels);
    buf_done(&r.text);
    if (rc == ERR_OK) *ret_root = r.root;
    return rc;
}

const struct xml_node *xml_child(const struct xml_node *n, const char *name)
{
    if (!n) return NULL;
    for (const struct xml_node *c = n->first_child; c; c = c->next)
        if (slice_eq_cstr(c->name, name)) return c;
    return NULL;
}

struct slice xml_text(const struct xml_node *n, const char *child)
{
    const struct xml_node *c = xml_child(n, child);
    return c ? c->text : (struct slice){NULL, 0};
}

// Recursion is bounded by the max_depth that the tree was read with.
const struct xml_node *xml_find(const struct xml_node *n, const char *name)
{
    if (!n || slice_eq_cstr(n->name, name)) return n;
    for (const struct xml_node *c = n->first_child; c; c = c->next) {
        const struct xml_node *found = xml_find(c, name);
        if (found) return found;
    }
    return NULL;
}

// ---- escaping -----------------------------------------------------------------------------

// What stands for the n bytes at p; NULL when they stand for themselves. XML 1.0 section 2.2 forbids
// most controls, U+FFFE and U+FFFF in any spelling; section 3.3.3 would turn raw line ends into spaces.
static const char *replacement(const char *p, size_t n)
{
    static const char unknown[] = "\xef\xbf\xbd";
    if (n == 3 && memcmp(p, "\xef\xbf", 2) == 0 && (unsigned char)p[2] >= 0xbe) return unknown;
    if (n > 1) return NULL;
    switch (*p) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&apos;";
    case '\t':
        return "&#9;";
    case '\n':
        return "&#10;";
    case '\r':
        return "&#13;";
    default:
        return (unsigned char)*p < 0x20 || n == 0 ? unknown : NULL;
    }
}

// Most bytes of most texts: no need to look at them as characters.
static bool is_plain(char c)
{
    return c >= ' ' && c != '&' && c != '<' && c != '>' && c != '"' && c != '\'';
}

void xml_escape(struct buf *out, struct slice s)
{
    size_t done = 0;
    for (size_t i = 0; i < s.n;) {
        while (i < s.n && is_plain(s.p[i])) i++;
        if (i == s.n) break;
        size_t n = utf8_len(slice_skip(s, i));
        const char *instead = replacement(s.p + i, n);
        size_t next = i + MAX(n, (size_t)1); // a byte that is not UTF-8 goes alone
        if (instead) {
            buf_add(out, s.p + done, i - done);
            buf_str(out, instead);
            done = next;
        }
        i = next;
    }
    if (done < s.n) buf_add(out, s.p + done, s.n - done);
}
