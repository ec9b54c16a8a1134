// SPDX-License-Identifier: Apache-2.0
// Filling struct error. Called by: everything that can fail.
// Must never: log, allocate, or leave a detail that spans lines or ends inside a UTF-8 character.
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

// Bytes of s that may stay when it was cut at n: a character that lost its tail goes as a whole.
static size_t whole_characters(const char *s, size_t n)
{
    size_t i = n;
    while (i > 0 && n - i < 4 && ((unsigned char)s[i - 1] & 0xc0) == 0x80) i--;
    if (i == 0 || (unsigned char)s[i - 1] < 0xc0) return n;
    unsigned char lead = (unsigned char)s[i - 1];
    size_t want = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    return n - (i - 1) < want ? i - 1 : n;
}

// Puts head and tail into the detail: cut, one line. Both are copies, so callers may pass their own detail on.
static void fill(struct error *err, const char *head, const char *tail)
{
    size_t room = sizeof err->detail - 1;
    size_t h = strnlen(head, room), t = strnlen(tail, room - h);
    bool cut = head[h] != '\0' || tail[t] != '\0';
    memmove(err->detail + h, tail, t);
    memcpy(err->detail, head, h);
    size_t n = cut ? whole_characters(err->detail, h + t) : h + t;
    err->detail[n] = '\0';
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)err->detail[i] < 0x20 || err->detail[i] == 0x7f) err->detail[i] = ' ';
}

static void format(char *out, size_t cap, const char *fmt, va_list ap)
{
    if (vsnprintf(out, cap, fmt, ap) < 0) out[0] = '\0';
}

// One more than the detail holds, so that fill() can see that something was cut.
#define TEXT_MAX (sizeof((struct error *)0)->detail + 8)

enum err error_set(struct error *err, enum err code, const char *fmt, ...)
{
    ASSERT(err && code != ERR_OK);
    char text[TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    format(text, sizeof text, fmt, ap);
    va_end(ap);
    err->code = code;
    fill(err, text, "");
    return code;
}

enum err error_prefix(struct error *err, const char *fmt, ...)
{
    ASSERT(err);
    char text[TEXT_MAX], rest[TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    format(text, sizeof text, fmt, ap);
    va_end(ap);
    (void)snprintf(rest, sizeof rest, ": %s", err->detail);
    fill(err, text, rest);
    return err->code;
}

enum err error_errno(struct error *err, enum err code, int errno_value, const char *fmt, ...)
{
    ASSERT(err && code != ERR_OK);
    char text[TEXT_MAX], reason[96];
    va_list ap;
    va_start(ap, fmt);
    format(text, sizeof text, fmt, ap);
    va_end(ap);
    const char *known = strerrordesc_np(errno_value); // thread-safe, unlike strerror
    if (known)
        (void)snprintf(reason, sizeof reason, ": %s", known);
    else
        (void)snprintf(reason, sizeof reason, ": error %d", errno_value);
    err->code = code;
    fill(err, text, reason);
    return code;
}

const char *err_name(enum err code)
{
    static const char *const names[ERR_COUNT_] = {
        [ERR_OK] = "ok",
        [ERR_NOMEM] = "out-of-memory",
        [ERR_INVALID] = "invalid",
        [ERR_TOO_LARGE] = "too-large",
        [ERR_NOT_FOUND] = "not-found",
        [ERR_EXISTS] = "exists",
        [ERR_CONFLICT] = "conflict",
        [ERR_DENIED] = "denied",
        [ERR_BUSY] = "busy",
        [ERR_WOULD_BLOCK] = "would-block",
        [ERR_READ_ONLY] = "read-only",
        [ERR_IO] = "io",
        [ERR_TIMEOUT] = "timeout",
        [ERR_THROTTLED] = "throttled",
        [ERR_UNAVAILABLE] = "unavailable",
        [ERR_PROTOCOL] = "protocol",
        [ERR_CORRUPT] = "corrupt",
        [ERR_INTERNAL] = "internal",
    };
    return (unsigned)code < ERR_COUNT_ && names[code] ? names[code] : "unknown";
}
