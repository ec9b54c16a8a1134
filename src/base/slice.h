// SPDX-License-Identifier: Apache-2.0
// Pointer-and-length strings that own nothing, and checked number parsing.
// Called by: all parsers. Must never: need or write a terminating NUL.
#pragma once

#include <string.h>

#include "base/defs.h"

struct slice {
    const char *p; // may be NULL only when n is 0
    size_t n;
};

#define SLICE(lit)   ((struct slice){"" lit, sizeof(lit) - 1})
#define SLICE_FMT(s) (int)(s).n, (s).n ? (s).p : "" // for printf's %.*s

// The small ones are inline: request handling calls them by the dozen.
static inline struct slice slice_of(const char *cstr) // NULL gives the empty slice
{
    return cstr ? (struct slice){cstr, strlen(cstr)} : (struct slice){NULL, 0};
}
static inline struct slice slice_n(const char *p, size_t n)
{
    return (struct slice){p, n};
}
static inline bool slice_eq(struct slice a, struct slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}
static inline bool slice_eq_cstr(struct slice a, const char *b) // NULL equals the empty slice
{
    return slice_eq(a, slice_of(b));
}
bool slice_eq_nocase(struct slice a, struct slice b); // ASCII only
int slice_cmp(struct slice a, struct slice b);        // bytes, like memcmp then length
bool slice_starts(struct slice s, struct slice prefix);
bool slice_ends(struct slice s, struct slice suffix);
struct slice slice_skip(struct slice s, size_t n);        // n larger than s gives empty
struct slice slice_trim(struct slice s, const char *set); // both ends
// slice_cut: splits at the first `sep`; head gets what is before, s what is after. False (head = all
// of s, s empty) when sep is absent.
bool slice_cut(struct slice *s, char sep, struct slice *head);
ptrdiff_t slice_find(struct slice s, char c); // index or -1
// Digits only, no sign, no space, at least one digit, at most max. False leaves *ret untouched.
bool slice_u64(struct slice s, uint64_t max, uint64_t *ret) MUST_CHECK;
// Optional '-', digits; within [min, max].
bool slice_i64(struct slice s, int64_t min, int64_t max, int64_t *ret) MUST_CHECK;
// slice_copy: copies into dst[cap] with a NUL; false when it does not fit (dst then is "").
bool slice_copy(struct slice s, char *dst, size_t cap) MUST_CHECK;
// cstr_set: same for a C string.
bool cstr_set(char *dst, size_t cap, const char *src) MUST_CHECK;
