// SPDX-License-Identifier: Apache-2.0
// The JSON writer: compact, or pretty to the byte like Jackson's DefaultPrettyPrinter, which real Atlas
// answers with. Called by: api, net/problem, auth, cli, log.
// Must never: allocate beside its buf, or emit text that is not valid JSON in valid UTF-8.
#include "base/json.h"

#include <endian.h>

#include "base/encode.h"

void json_begin(struct json_writer *w, struct buf *out, bool pretty)
{
    w->out = out;
    w->pretty = pretty;
    w->after_key = false;
    w->depth = w->objects = 0; // first[] and is_array[] are set when a level opens
}

static void new_line(struct json_writer *w)
{
    static const char spaces[2 * JSON_DEPTH_MAX + 1] =
        "                                                                ";
    buf_char(w->out, '\n');
    buf_add(w->out, spaces, (size_t)w->objects * 2);
}

// What stands before a value: nothing after a key or at the root, else the array's separator.
static void before_value(struct json_writer *w)
{
    if (w->after_key) {
        w->after_key = false;
        return;
    }
    if (w->depth == 0) return;
    unsigned top = w->depth - 1;
    ASSERT(w->is_array[top]);
    if (!w->first[top]) buf_char(w->out, ',');
    if (w->pretty) buf_char(w->out, ' ');
    w->first[top] = false;
}

static void open_level(struct json_writer *w, bool array)
{
    before_value(w);
    ASSERT(w->depth < JSON_DEPTH_MAX);
    w->first[w->depth] = true;
    w->is_array[w->depth] = array;
    w->depth++;
    w->objects += !array;
    buf_char(w->out, array ? '[' : '{');
}

static void close_level(struct json_writer *w, bool array)
{
    ASSERT(w->depth > 0 && w->is_array[w->depth - 1] == array && !w->after_key);
    w->depth--;
    w->objects -= !array;
    if (w->pretty) {
        if (array || w->first[w->depth])
            buf_char(w->out, ' ');
        else
            new_line(w);
    }
    buf_char(w->out, array ? ']' : '}');
}

void json_obj(struct json_writer *w)
{
    open_level(w, false);
}

void json_obj_end(struct json_writer *w)
{
    close_level(w, false);
}

void json_arr(struct json_writer *w)
{
    open_level(w, true);
}

void json_arr_end(struct json_writer *w)
{
    close_level(w, true);
}

void json_key(struct json_writer *w, const char *key)
{
    ASSERT(w->depth > 0 && !w->is_array[w->depth - 1] && !w->after_key);
    bool *first = &w->first[w->depth - 1];
    if (!*first) buf_char(w->out, ',');
    *first = false;
    if (w->pretty) new_line(w);
    w->after_key = true;
    size_t n = strlen(key);
    if (!buf_reserve(w->out, n + 5)) return; // once for all of `"key" : `
    char *p = w->out->p + w->out->n;
    *p++ = '"';
    memcpy(p, key, n);
    p += n;
    *p++ = '"';
    if (w->pretty) *p++ = ' ';
    *p++ = ':';
    if (w->pretty) *p++ = ' ';
    w->out->n = (size_t)(p - w->out->p);
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

// High bit set in the first byte (from the low end) of x that needs care: control, quote, backslash,
// non-ASCII. Bytes above that one may be marked wrongly (borrows), bytes below never.
static uint64_t special_bytes(uint64_t x)
{
    uint64_t quote = x ^ EACH('"'), slash = x ^ EACH('\\');
    uint64_t low = (x - EACH(0x20)) & ~x, q = (quote - EACH(1)) & ~quote, s = (slash - EACH(1)) & ~slash;
    return (x | low | q | s) & EACH(0x80);
}

// Copies bytes from p to `to`, which has room for n, until one needs care; returns how many were copied.
static size_t copy_plain(char *to, const char *p, size_t n)
{
    uint64_t x, mark;
    size_t i = 0;
    if (n < 8) {
        for (; i < n; i++) {
            unsigned char c = (unsigned char)p[i];
            if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\') break;
            to[i] = (char)c;
        }
        return i;
    }
    for (;;) {
        memcpy(&x, p + i, 8);
        memcpy(to + i, &x, 8);
        mark = special_bytes(le64toh(x));
        if (mark) return i + (size_t)__builtin_ctzll(mark) / 8;
        if (i == n - 8) return n;
        i = MIN(i + 8, n - 8); // the last word overlaps bytes that were found plain
    }
}

static void escape_byte(struct buf *out, unsigned char c)
{
    static const char shorts[256] = {
        ['"'] = '"', ['\\'] = '\\', ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    static const char digits[] = "0123456789ABCDEF"; // upper case as Jackson's
    if (shorts[c])
        buf_add(out, (const char[]){'\\', shorts[c]}, 2);
    else if (c < 0x20)
        buf_add(out, (const char[]){'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]}, 6);
    else
        buf_lit(out, "\xef\xbf\xbd"); // a byte that is not UTF-8
}

void json_escape(struct buf *out, struct slice s)
{
    // Escaped text is never shorter, so a failed reserve here is a true one.
    while (s.n && buf_reserve(out, s.n)) {
        size_t n = copy_plain(out->p + out->n, s.p, s.n);
        out->n += n;
        if (n == s.n) return;
        s = slice_n(s.p + n, s.n - n);
        n = (unsigned char)s.p[0] >= 0x80 ? utf8_len(s) : 0;
        if (n) {
            buf_add(out, s.p, n);
        } else {
            escape_byte(out, (unsigned char)s.p[0]);
            n = 1;
        }
        s = slice_n(s.p + n, s.n - n);
    }
}

static void quoted(struct json_writer *w, struct slice s)
{
    buf_char(w->out, '"');
    json_escape(w->out, s);
    buf_char(w->out, '"');
}

void json_str(struct json_writer *w, struct slice s)
{
    before_value(w);
    quoted(w, s);
}

void json_cstr(struct json_writer *w, const char *s)
{
    if (s)
        json_str(w, slice_of(s));
    else
        json_null(w);
}

void json_int(struct json_writer *w, int64_t v)
{
    before_value(w);
    buf_i64(w->out, v);
}

void json_double(struct json_writer *w, double v)
{
    before_value(w);
    buf_fmt(w->out, "%.17g", v);
}

void json_bool(struct json_writer *w, bool v)
{
    before_value(w);
    if (v)
        buf_lit(w->out, "true");
    else
        buf_lit(w->out, "false");
}

void json_null(struct json_writer *w)
{
    before_value(w);
    buf_lit(w->out, "null");
}

void json_kstr(struct json_writer *w, const char *key, const char *s)
{
    if (s) json_kslice(w, key, slice_of(s));
}

void json_kslice(struct json_writer *w, const char *key, struct slice s)
{
    json_key(w, key);
    json_str(w, s);
}

void json_kint(struct json_writer *w, const char *key, int64_t v)
{
    json_key(w, key);
    json_int(w, v);
}

void json_kbool(struct json_writer *w, const char *key, bool v)
{
    json_key(w, key);
    json_bool(w, v);
}
