// SPDX-License-Identifier: Apache-2.0
// JSON lines on stderr: {"ts":…,"level":…,"msg":…,fields…}. Called by: app, api, httpd, reconcile; below core at debug
// only. Must never: block a request for long, write a secret, or let a value break the line (all are escaped).
#pragma once

#include "base/buf.h"
#include "base/clock.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_kind { LOG_END = 0, LOG_KIND_STR, LOG_KIND_SLICE, LOG_KIND_INT, LOG_KIND_BOOL };
struct log_field {
    const char *key;
    enum log_kind kind;
    const char *s;
    struct slice sl;
    int64_t i;
};
#define LOG_S(k, v)  ((struct log_field){.key = (k), .kind = LOG_KIND_STR, .s = (v)}) // NULL is left out
#define LOG_SL(k, v) ((struct log_field){.key = (k), .kind = LOG_KIND_SLICE, .sl = (v)})
#define LOG_I(k, v)  ((struct log_field){.key = (k), .kind = LOG_KIND_INT, .i = (int64_t)(v)})
#define LOG_B(k, v)  ((struct log_field){.key = (k), .kind = LOG_KIND_BOOL, .i = (v)})

void log_open(enum log_level min, int fd, const struct clock *clock); // fd 2 by default; may be called again
void log_set_level(enum log_level min);
bool log_parse_level(struct slice s, enum log_level *ret) MUST_CHECK;
bool log_enabled(enum log_level level);
void log_write(enum log_level level, const char *msg, const struct log_field *fields); // ends with kind LOG_END
#define LOG(level, msg, ...)                                                                                           \
    do {                                                                                                               \
        if (log_enabled(level))                                                                                        \
            log_write((level), (msg), (const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ){.kind = LOG_END}});        \
    } while (0)
// For hot paths: several finished lines at once (each ending in \n). One write(2) when the pipe takes it.
void log_line_begin(struct buf *out, enum log_level level, struct wall now,
                    const char *msg); // {"ts":…,"level":…,"msg":…
void log_line_field(struct buf *out, const struct log_field *f);
void log_line_end(struct buf *out); // }\n
void log_flush_lines(struct slice lines);
uint64_t log_dropped(void); // lines lost because the pipe was full
