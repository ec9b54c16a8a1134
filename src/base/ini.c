// SPDX-License-Identifier: Apache-2.0
// INI text, strict; with `aws`, the nested form of AWS' shared configuration files. Called by: config, cloud.
// Must never: guess, copy, or repeat a value in an error (credentials are read here).
#include "base/ini.h"

#define BLANKS " \t"

struct state {
    ini_fn on_line;
    void *ctx;
    bool aws;
    unsigned line;
    struct slice section;
    // The last setting that was not nested, since the section's header.
    bool has_outer, outer_is_parent; // outer_is_parent: its value is empty
    struct slice outer;
    size_t outer_indent;
};

static enum err wrong(const struct state *st, struct error *err, const char *what)
{
    return error_set(err, ERR_INVALID, "line %u: %s", st->line, what);
}

static bool comment(struct slice s)
{
    return s.n && (s.p[0] == '#' || s.p[0] == ';');
}

static enum err header(struct state *st, struct slice s, struct error *err)
{
    struct slice name, rest = slice_skip(s, 1);
    if (!slice_cut(&rest, ']', &name)) return wrong(st, err, "a section header needs its closing ]");
    rest = slice_trim(rest, BLANKS);
    if (rest.n && !(st->aws && comment(rest))) return wrong(st, err, "nothing may follow the ] of a section header");
    name = slice_trim(name, BLANKS);
    if (name.n == 0) return wrong(st, err, "the section's name is empty");
    st->section = name;
    st->has_outer = false;
    struct ini_line l = {.line = st->line, .section = name};
    return st->on_line(st->ctx, &l, err);
}

static enum err setting(struct state *st, struct slice s, size_t indent, struct error *err)
{
    // Deeper than the setting above: below it, as AWS' own readers see it.
    bool nested = st->aws && st->has_outer && indent > st->outer_indent;
    if (indent && !st->aws) return wrong(st, err, "the line is indented; begin it in the first column");
    if (nested && !st->outer_is_parent)
        return wrong(st, err, "an indented line may stand only below a key without a value (`key =`)");
    struct slice key, value = s;
    if (!slice_cut(&value, '=', &key))
        return wrong(st, err, "this is neither [section], key = value, nor a comment that begins with # or ;");
    struct ini_line l = {.line = st->line,
                         .section = st->section,
                         .key = slice_trim(key, BLANKS),
                         .value = slice_trim(value, BLANKS),
                         .nested = nested};
    if (l.key.n == 0) return wrong(st, err, "the key before = is missing");
    if (nested) {
        l.parent = st->outer;
    } else {
        st->has_outer = true;
        st->outer_is_parent = l.value.n == 0;
        st->outer = l.key;
        st->outer_indent = indent;
    }
    return st->on_line(st->ctx, &l, err);
}

static enum err one_line(struct state *st, struct slice s, struct error *err)
{
    if (slice_ends(s, SLICE("\r"))) s.n--;
    struct slice text = slice_trim(s, BLANKS);
    if (text.n == 0) return ERR_OK;
    size_t indent = (size_t)(text.p - s.p);
    if (comment(text) && (indent == 0 || st->aws)) return ERR_OK;
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] < 0x20 && text.p[i] != '\t')
            return wrong(st, err, "control characters are not allowed");
    if (text.p[0] == '[' && indent == 0) return header(st, text, err);
    return setting(st, text, indent, err);
}

enum err ini_read(struct slice text, bool aws, ini_fn on_line, void *ctx, struct error *err)
{
    struct state st = {.on_line = on_line, .ctx = ctx, .aws = aws};
    while (text.n) {
        struct slice line;
        (void)slice_cut(&text, '\n', &line);
        st.line++;
        enum err rc = one_line(&st, line, err);
        if (rc != ERR_OK) return rc;
    }
    return ERR_OK;
}
