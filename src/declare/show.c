// SPDX-License-Identifier: Apache-2.0
// A plan for people and for programs. Called by: cli. Must never: put a control character of the file or of an answer
// on a terminal: values are JSON texts, and labels are escaped likewise.
#include "declare/declare.h"

static const char *const ops[] = {[DECL_CREATE] = "create", [DECL_UPDATE] = "update", [DECL_DELETE] = "delete"};
static const char *const signs[] = {[DECL_CREATE] = "+", [DECL_UPDATE] = "~", [DECL_DELETE] = "-"};

const char *decl_op_name(enum decl_op op)
{
    return ops[op];
}

static void put_escaped(struct buf *out, const char *text)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    json_escape(&b, slice_of(text));
    if (b.fail) out->fail = b.fail;
    decl_put(out, buf_view(&b));
    buf_done(&b);
}

void decl_show_step(struct buf *out, struct arena *a, const struct decl_step *s)
{
    const struct decl_item *i = s->want;
    bool by_id = s->have && i->id.n;
    buf_fmt(out, "%s %s ", signs[s->op], decl_noun(i->kind));
    put_escaped(out, decl_label(a, s->op == DECL_UPDATE && s->have ? s->have : i));
    if (by_id) buf_fmt(out, " (%.*s)", SLICE_FMT(i->id));
    buf_char(out, '\n');
}

// ---- rules, one a line ------------------------------------------------------------------------------------

// The next object of a list of objects, as text.
static bool next_rule(struct slice *rest, struct slice *ret)
{
    struct slice s = *rest;
    unsigned depth = 0;
    bool quoted = false;
    while (s.n && *s.p != '{') s = slice_skip(s, 1);
    for (size_t n = 0; n < s.n; n++) {
        char c = s.p[n];
        if (quoted && c == '\\') {
            n++;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (!quoted && c == '{') {
            depth++;
        } else if (!quoted && c == '}' && --depth == 0) {
            *ret = slice_n(s.p, n + 1);
            *rest = slice_skip(s, n + 1);
            return true;
        }
    }
    return false;
}

static bool has_rule(struct slice list, struct slice rule)
{
    struct slice one;
    while (next_rule(&list, &one))
        if (slice_eq(one, rule)) return true;
    return false;
}

static bool put_missing(struct buf *out, struct slice from, struct slice to, char sign)
{
    struct slice one;
    bool any = false;
    while (next_rule(&from, &one)) {
        if (has_rule(to, one)) continue;
        buf_fmt(out, "        %c ", sign);
        decl_put(out, one);
        buf_char(out, '\n');
        any = true;
    }
    return any;
}

static void put_rules(struct buf *out, const struct decl_change *c)
{
    struct slice one, rest = c->to;
    buf_fmt(out, "    %s\n", c->attr->name);
    bool taken = put_missing(out, c->from, c->to, '-'), added = put_missing(out, c->to, c->from, '+');
    if (taken || !c->from.p || !next_rule(&(struct slice){c->from.p, c->from.n}, &one)) return;
    buf_str(out, added ? "      in this order\n" : "      the same in another order\n");
    while (next_rule(&rest, &one)) {
        buf_str(out, "          ");
        decl_put(out, one);
        buf_char(out, '\n');
    }
}

// ---- plans ------------------------------------------------------------------------------------------------

static void put_change(struct buf *out, const struct decl_step *s, const struct decl_change *c)
{
    if (c->attr->type == DECL_RULES) {
        put_rules(out, c);
        return;
    }
    buf_fmt(out, "    %s: ", c->attr->name);
    if (c->from.p) {
        decl_put(out, c->from);
        buf_str(out, " -> ");
    }
    decl_put(out, c->to);
    buf_char(out, '\n');
}

void decl_show_text(struct buf *out, struct arena *a, const struct decl_plan *p)
{
    unsigned counts[3] = {0};
    for (size_t i = 0; i < p->n; i++) {
        const struct decl_step *s = &p->steps[i];
        counts[s->op]++;
        decl_show_step(out, a, s);
        for (unsigned k = 0; k < s->n; k++) put_change(out, s, &s->changes[k]);
    }
    for (size_t i = 0; i < p->note_count; i++) {
        buf_str(out, "note: ");
        put_escaped(out, p->notes[i]);
        buf_char(out, '\n');
    }
    if (p->n)
        buf_fmt(out, "%u to create, %u to change, %u to delete\n", counts[DECL_CREATE], counts[DECL_UPDATE],
                counts[DECL_DELETE]);
    else
        buf_str(out, "nothing to do: all is as the file says\n");
}

static void json_step(struct buf *out, struct arena *a, const struct decl_step *s)
{
    buf_str(out, "{\"changes\":[");
    for (unsigned k = 0; k < s->n; k++) {
        const struct decl_change *c = &s->changes[k];
        buf_fmt(out, "%s{\"attribute\":\"%s\"", k ? "," : "", c->attr->name);
        if (c->from.p) buf_fmt(out, ",\"from\":%.*s", SLICE_FMT(c->from));
        buf_fmt(out, ",\"to\":%.*s}", SLICE_FMT(c->to));
    }
    buf_char(out, ']');
    if (s->have && s->want->id.n) buf_fmt(out, ",\"id\":\"%.*s\"", SLICE_FMT(s->want->id));
    buf_fmt(out, ",\"kind\":\"%s\",\"name\":\"", decl_noun(s->want->kind));
    put_escaped(out, decl_label(a, s->op == DECL_UPDATE && s->have ? s->have : s->want));
    buf_fmt(out, "\",\"op\":\"%s\"}", ops[s->op]);
}

void decl_show_json(struct buf *out, struct arena *a, const struct decl_plan *p)
{
    buf_str(out, "\"notes\":[");
    for (size_t i = 0; i < p->note_count; i++) {
        buf_str(out, i ? ",\"" : "\"");
        put_escaped(out, p->notes[i]);
        buf_char(out, '"');
    }
    buf_str(out, "],\"steps\":[");
    for (size_t i = 0; i < p->n; i++) {
        if (i) buf_char(out, ',');
        json_step(out, a, &p->steps[i]);
    }
    buf_char(out, ']');
}
