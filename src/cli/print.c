// SPDX-License-Identifier: Apache-2.0
// What commands print: tables for people, JSON for programs, and errors with their exit code (sysexits.h).
// Called by: every cmd_*.c. Must never: print half a table.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "cli/cmd.h"

#define CELLS_MAX ((size_t)16 << 20)

int exit_of(enum err e)
{
    switch (e) {
    case ERR_OK:
        return EX_OK;
    case ERR_INVALID:
    case ERR_TOO_LARGE:
        return EX_DATAERR;
    case ERR_NOT_FOUND:
        return EX_NOINPUT;
    case ERR_EXISTS:
    case ERR_READ_ONLY:
        return EX_CANTCREAT;
    case ERR_CONFLICT:
    case ERR_CORRUPT:
        return EX_CONFIG;
    case ERR_DENIED:
        return EX_NOPERM;
    case ERR_BUSY:
    case ERR_TIMEOUT:
    case ERR_THROTTLED:
    case ERR_WOULD_BLOCK:
        return EX_TEMPFAIL;
    case ERR_UNAVAILABLE:
        return EX_UNAVAILABLE;
    case ERR_PROTOCOL:
        return EX_PROTOCOL;
    case ERR_IO:
        return EX_IOERR;
    case ERR_NOMEM:
        return EX_OSERR;
    default:
        return EX_SOFTWARE;
    }
}

int cmd_fail(struct cmd_ctx *c, const struct error *err)
{
    buf_fmt(c->err, "peerage: %s\n", err->detail);
    return exit_of(err->code);
}

int cmd_usage(struct cmd_ctx *c, const char *fmt, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    buf_fmt(c->err, "peerage: %s\n", text);
    return EX_USAGE;
}

// ---- tables -------------------------------------------------------------------------------------

void table_begin(struct table *t, struct cmd_ctx *c, const struct column *columns, unsigned n)
{
    ASSERT(n <= TABLE_COLUMNS);
    *t = (struct table){.c = c, .columns = columns, .n = n};
    buf_init(&t->cells, CELLS_MAX);
    buf_init(&t->kinds, CELLS_MAX);
}

static void cell(struct table *t, struct slice s, char kind)
{
    for (size_t i = 0; i < s.n; i++) buf_char(&t->cells, s.p[i] ? s.p[i] : '?');
    buf_char(&t->cells, '\0');
    buf_char(&t->kinds, kind);
}

void table_slice(struct table *t, struct slice s)
{
    cell(t, s, 's');
}

void table_str(struct table *t, const char *s)
{
    cell(t, slice_of(s), 's');
}

void table_int(struct table *t, int64_t v)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)v);
    cell(t, slice_of(text), 'i');
}

void table_bool(struct table *t, bool v)
{
    cell(t, v ? SLICE("yes") : SLICE("no"), 'b');
}

void table_time(struct table *t, struct wall w)
{
    char text[21] = "";
    if (w.us) wall_rfc3339(w, text);
    cell(t, slice_of(text), 's');
}

static void json_cell(struct json_writer *w, const char *key, char kind, const char *text)
{
    int64_t v;
    if (kind == 'i' && slice_i64(slice_of(text), INT64_MIN, INT64_MAX, &v))
        json_kint(w, key, v);
    else if (kind == 'b')
        json_kbool(w, key, strcmp(text, "yes") == 0);
    else if (*text)
        json_kstr(w, key, text);
}

static void json_rows(struct table *t, struct json_writer *w)
{
    const char *p = t->cells.p;
    for (size_t i = 0; i < t->kinds.n; i++) {
        if (i % t->n == 0) json_obj(w);
        json_cell(w, t->columns[i % t->n].key, t->kinds.p[i], p);
        p += strlen(p) + 1;
        if (i % t->n == t->n - 1) json_obj_end(w);
    }
}

// Characters, not bytes, so that names with accents line up.
static size_t width_of(const char *s)
{
    size_t n = 0;
    for (; *s; s++) n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

static void put_padded(struct buf *out, const char *s, size_t width, bool last)
{
    if (*s == '\0') s = "-";
    buf_str(out, s);
    if (last) return;
    for (size_t i = width_of(s); i < width + 2; i++) buf_char(out, ' ');
}

static void text_rows(struct table *t)
{
    size_t width[TABLE_COLUMNS];
    for (unsigned k = 0; k < t->n; k++) width[k] = width_of(t->columns[k].heading);
    const char *p = t->cells.p;
    for (size_t i = 0; i < t->kinds.n; i++, p += strlen(p) + 1) width[i % t->n] = MAX(width[i % t->n], width_of(p));
    for (unsigned k = 0; k < t->n; k++) put_padded(t->c->out, t->columns[k].heading, width[k], k == t->n - 1);
    buf_char(t->c->out, '\n');
    p = t->cells.p;
    for (size_t i = 0; i < t->kinds.n; i++, p += strlen(p) + 1) {
        bool last = i % t->n == t->n - 1;
        put_padded(t->c->out, p, width[i % t->n], last);
        if (last) buf_char(t->c->out, '\n');
    }
}

void table_drop(struct table *t)
{
    if (t->cells.p) mem_wipe(t->cells.p, t->cells.cap); // a fresh key may have been in it
    buf_done(&t->cells);
    buf_done(&t->kinds);
}

static int table_done(struct table *t)
{
    bool failed = t->cells.fail || t->kinds.fail || t->c->out->fail;
    if (failed) {
        buf_clear(t->c->out);
        buf_lit(t->c->err, "peerage: the output is larger than it may be; ask for fewer rows\n");
    }
    table_drop(t);
    return failed ? EX_SOFTWARE : EX_OK;
}

int table_end(struct table *t)
{
    if (!t->cells.fail && !t->kinds.fail) {
        ASSERT(t->kinds.n % t->n == 0);
        if (t->c->json) {
            struct json_writer w;
            json_begin(&w, t->c->out, true);
            json_obj(&w);
            json_key(&w, "results");
            json_arr(&w);
            json_rows(t, &w);
            json_arr_end(&w);
            json_obj_end(&w);
            buf_char(t->c->out, '\n');
        } else {
            text_rows(t);
        }
    }
    return table_done(t);
}

int table_end_single(struct table *t)
{
    if (!t->cells.fail && !t->kinds.fail) {
        ASSERT(t->kinds.n == t->n);
        if (t->c->json) {
            struct json_writer w;
            json_begin(&w, t->c->out, true);
            json_rows(t, &w);
            buf_char(t->c->out, '\n');
        } else {
            const char *p = t->cells.p;
            size_t width = 0;
            for (unsigned k = 0; k < t->n; k++) width = MAX(width, width_of(t->columns[k].heading));
            for (unsigned k = 0; k < t->n; k++, p += strlen(p) + 1) {
                if (*p == '\0') continue;
                put_padded(t->c->out, t->columns[k].heading, width, false);
                buf_fmt(t->c->out, "%s\n", p);
            }
        }
    }
    return table_done(t);
}
