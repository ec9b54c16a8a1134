// SPDX-License-Identifier: Apache-2.0
// Strings that own nothing; the trivial functions are inline in the header. Called by: all parsers.
// Must never: read past n, or pass a NULL pointer to the mem* functions.
#include "base/slice.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool slice_eq_nocase(struct slice a, struct slice b)
{
    if (a.n != b.n) return false;
    for (size_t i = 0; i < a.n; i++)
        if (lower(a.p[i]) != lower(b.p[i])) return false;
    return true;
}

int slice_cmp(struct slice a, struct slice b)
{
    size_t n = MIN(a.n, b.n);
    int c = n ? memcmp(a.p, b.p, n) : 0;
    if (c) return c < 0 ? -1 : 1;
    return (a.n > b.n) - (a.n < b.n);
}

bool slice_starts(struct slice s, struct slice prefix)
{
    return s.n >= prefix.n && slice_eq(slice_n(s.p, prefix.n), prefix);
}

bool slice_ends(struct slice s, struct slice suffix)
{
    return s.n >= suffix.n && slice_eq(slice_skip(s, s.n - suffix.n), suffix);
}

struct slice slice_skip(struct slice s, size_t n)
{
    if (n == 0) return s; // NULL + 0 stays out of pointer arithmetic
    n = MIN(n, s.n);
    return n ? (struct slice){s.p + n, s.n - n} : s;
}

struct slice slice_trim(struct slice s, const char *set)
{
    size_t len = strlen(set);
    while (s.n && memchr(set, s.p[0], len)) s.p++, s.n--;
    while (s.n && memchr(set, s.p[s.n - 1], len)) s.n--;
    return s;
}

bool slice_cut(struct slice *s, char sep, struct slice *head)
{
    ptrdiff_t at = slice_find(*s, sep);
    struct slice all = *s;
    if (at < 0) {
        *s = slice_skip(all, all.n);
        *head = all;
        return false;
    }
    *s = slice_skip(all, (size_t)at + 1);
    *head = slice_n(all.p, (size_t)at);
    return true;
}

ptrdiff_t slice_find(struct slice s, char c)
{
    const char *at = s.n ? memchr(s.p, c, s.n) : NULL;
    return at ? at - s.p : -1;
}

bool slice_u64(struct slice s, uint64_t max, uint64_t *ret)
{
    uint64_t v = 0;
    if (s.n == 0) return false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned digit = (unsigned)(unsigned char)s.p[i] - '0';
        if (digit > 9 || mul_overflows(v, UINT64_C(10), &v) || add_overflows(v, (uint64_t)digit, &v) || v > max)
            return false;
    }
    *ret = v;
    return true;
}

bool slice_i64(struct slice s, int64_t min, int64_t max, int64_t *ret)
{
    bool negative = s.n && s.p[0] == '-';
    uint64_t v;
    if (!slice_u64(slice_skip(s, negative), (uint64_t)INT64_MAX + negative, &v)) return false;
    int64_t r = (int64_t)(negative ? UINT64_C(0) - v : v); // -(2^63) has no positive twin
    if (r < min || r > max) return false;
    *ret = r;
    return true;
}

bool slice_copy(struct slice s, char *dst, size_t cap)
{
    ASSERT(cap > 0);
    bool fits = s.n < cap;
    if (!fits) s.n = 0;
    if (s.n) memcpy(dst, s.p, s.n);
    dst[s.n] = '\0';
    return fits;
}

bool cstr_set(char *dst, size_t cap, const char *src)
{
    return slice_copy(slice_of(src), dst, cap);
}
