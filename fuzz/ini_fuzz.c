// SPDX-License-Identifier: Apache-2.0
// Configuration files in both dialects: every part that is handed over is a trimmed piece of the text, in order.
// Called by: fuzz/driver.c or libFuzzer. Must never: hand over a line twice.
#include "base/ini.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    struct slice text;
    unsigned lines, last;
};

static bool inside(struct slice part, struct slice text)
{
    return part.n == 0 || (part.p >= text.p && part.p + part.n <= text.p + text.n);
}

static bool trimmed(struct slice s)
{
    return slice_eq(s, slice_trim(s, " \t\r"));
}

static enum err on_line(void *ctx, const struct ini_line *l, struct error *err)
{
    struct seen *s = ctx;
    ASSERT(l->line > s->last);
    s->last = l->line;
    s->lines++;
    ASSERT(inside(l->key, s->text) && inside(l->value, s->text) && inside(l->section, s->text));
    // A section's header comes with its name alone.
    ASSERT(l->key.n > 0 || (l->section.n > 0 && l->value.n == 0 && !l->nested));
    ASSERT(trimmed(l->key) && trimmed(l->value));
    ASSERT(slice_find(l->key, '\n') < 0 && slice_find(l->value, '\n') < 0 && slice_find(l->section, '\n') < 0);
    ASSERT(!l->nested || l->parent.n > 0);
    // The caller may stop: its error comes back as it is.
    return s->lines == 40 ? error_set(err, ERR_CONFLICT, "enough") : ERR_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int aws = 0; aws < 2; aws++) {
        struct seen s = {.text = slice_n((const char *)data, size)};
        struct error err;
        enum err e = ini_read(s.text, aws, on_line, &s, &err);
        ASSERT(e == ERR_OK || e == ERR_INVALID || e == ERR_TOO_LARGE || (e == ERR_CONFLICT && s.lines == 40));
    }
    return 0;
}
