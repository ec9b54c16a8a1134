// SPDX-License-Identifier: Apache-2.0
// Names: Unicode letters and numbers by a table of ranges. Called by: core, auth. Must never: depend on the locale.
#include "model/name.h"

#include "base/encode.h"

static const struct {
    uint32_t first, last;
} letters[] = {
#define LETTERS(first, last) {first, last},
#include "spec/letters.def"
#undef LETTERS
};

static bool is_letter_or_number(uint32_t c)
{
    size_t lo = 0, hi = ARRAY_LEN(letters);
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (c > letters[mid].last)
            lo = mid + 1;
        else if (c < letters[mid].first)
            hi = mid;
        else
            return true;
    }
    return false;
}

// The code point of a well-formed sequence of n bytes.
static uint32_t decode(const char *p, size_t n)
{
    uint32_t c = (unsigned char)p[0];
    if (n > 1) c &= 0x7Fu >> n;
    for (size_t i = 1; i < n; i++) c = c << 6 | ((unsigned char)p[i] & 0x3Fu);
    return c;
}

bool name_valid(struct slice s, size_t max_chars, const char *punct)
{
    size_t chars = 0;
    while (s.n) {
        size_t n = utf8_len(s);
        if (n == 0 || ++chars > max_chars) return false;
        uint32_t c = decode(s.p, n);
        if (!is_letter_or_number(c) && !(c && c < 0x80 && strchr(punct, (int)c))) return false;
        s = slice_skip(s, n);
    }
    return chars > 0;
}
