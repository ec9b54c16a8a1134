// SPDX-License-Identifier: Apache-2.0
// What happens when an ASSERT does not hold: one JSON line on stderr, then abort.
// Called by: the ASSERT macro only. Must never: allocate, take a lock or return, for the heap
// and the locks may be what is broken.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

// Source text holds quotes and backslashes, nothing else that JSON minds.
static void escape_source(const char *s, char *out, size_t cap)
{
    size_t n = 0;
    for (; *s && n + 3 <= cap; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\') out[n++] = '\\';
        out[n++] = c < 0x20 || c >= 0x7f ? '?' : (char)c;
    }
    out[n] = '\0';
}

void assert_failed(const char *file, int line, const char *expr)
{
    char f[160], e[400], ts[25] = "", out[800];
    escape_source(file, f, sizeof f);
    escape_source(expr, e, sizeof e);
    // A clock that cannot be read asserts too; it must not be asked again.
    if (!strstr(file, "clock.c")) wall_rfc3339_ms(clock_wall(&clock_system), ts);
    int n = snprintf(out, sizeof out,
                     "{\"ts\":\"%s\",\"level\":\"error\",\"msg\":\"assertion failed\",\"file\":\"%s\","
                     "\"line\":%d,\"expr\":\"%s\"}\n",
                     ts, f, line, e);
    if (n > 0) {
        ssize_t written = write(STDERR_FILENO, out, MIN((size_t)n, sizeof out - 1));
        (void)written; // nobody is left to be told
    }
    abort();
}
