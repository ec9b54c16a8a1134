// SPDX-License-Identifier: Apache-2.0
// The log: JSON lines to one descriptor, whole lines or none, and never a wait for a slow reader.
// Called by: app, api, httpd, reconcile, core; below core at debug only.
// Must never: block a request on a full pipe, tear a line, or allocate while the lock is held.
//
// The descriptor is shared with whoever started us, so O_NONBLOCK must not be set on it. Pipes and terminals
// are asked first (poll) and get at most PIPE_BUF bytes at a time: Linux then has a free page and takes
// them whole at once. Sockets are sent to with MSG_DONTWAIT. The rest of a line that was cut in the middle
// is kept and goes out before anything else; whole lines that find no room are dropped and counted.

#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/lock.h"

#define LINE_MAX_BYTES  16384U // of log_write; a longer line loses its fields
#define VALUE_MAX_BYTES 1024U  // a longer message or value is cut
#define STEP_MAX        65536U // bytes per write where no smaller bound holds; a longer line is dropped

enum sink { SINK_PIPE, SINK_SOCKET, SINK_FILE };

static struct {
    _Atomic int level;
    _Atomic(const struct clock *) clock;
    _Atomic uint64_t dropped;
    struct lock lock;
    int fd; // the rest under lock
    enum sink sink;
    size_t tail_n; // what is left of a line that was cut in the middle
    char tail[STEP_MAX];
} g_log = {.level = LOG_INFO,
           .clock = &clock_system,
           .lock = {.mutex = PTHREAD_MUTEX_INITIALIZER, .name = "log"},
           .fd = STDERR_FILENO,
           .sink = SINK_PIPE};

static const char *const level_names[] = {"debug", "info", "warn", "error"};

static enum sink sink_of(int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0) return SINK_PIPE;
    if (S_ISSOCK(st.st_mode)) return SINK_SOCKET;
    return S_ISREG(st.st_mode) ? SINK_FILE : SINK_PIPE;
}

void log_open(enum log_level min, int fd, const struct clock *clock)
{
    enum sink sink = sink_of(fd);
    lock_take(&g_log.lock);
    if (g_log.tail_n > 0) g_log.dropped++; // its beginning went to the old descriptor
    g_log.tail_n = 0;
    g_log.fd = fd;
    g_log.sink = sink;
    lock_drop(&g_log.lock);
    g_log.clock = clock;
    log_set_level(min);
}

void log_set_level(enum log_level min)
{
    g_log.level = (int)min;
}

bool log_parse_level(struct slice s, enum log_level *ret)
{
    for (size_t i = 0; i < ARRAY_LEN(level_names); i++) {
        if (slice_eq_cstr(s, level_names[i])) {
            *ret = (enum log_level)i;
            return true;
        }
    }
    return false;
}

bool log_enabled(enum log_level level)
{
    return (int)level >= atomic_load_explicit(&g_log.level, memory_order_relaxed);
}

uint64_t log_dropped(void)
{
    return g_log.dropped;
}

// ---- building lines -----------------------------------------------------------------------

// Cuts before a character, not inside one.
static struct slice cut_value(struct slice s)
{
    if (s.n <= VALUE_MAX_BYTES) return s;
    size_t n = VALUE_MAX_BYTES;
    for (int back = 0; back < 3 && ((unsigned char)s.p[n] & 0xc0) == 0x80; back++) n--;
    return slice_n(s.p, n);
}

static void put_string(struct buf *out, struct slice s)
{
    struct slice shown = cut_value(s);
    buf_char(out, '"');
    json_escape(out, shown);
    if (shown.n < s.n) buf_lit(out, "...");
    buf_char(out, '"');
}

void log_line_begin(struct buf *out, enum log_level level, struct wall now, const char *msg)
{
    char ts[25];
    wall_rfc3339_ms(now, ts);
    buf_lit(out, "{\"ts\":\"");
    buf_str(out, ts);
    buf_lit(out, "\",\"level\":\"");
    buf_str(out, level_names[level]);
    buf_lit(out, "\",\"msg\":");
    put_string(out, slice_of(msg));
}

static void put_key(struct buf *out, const char *key)
{
    buf_lit(out, ",\"");
    buf_str(out, key);
    buf_lit(out, "\":");
}

void log_line_field(struct buf *out, const struct log_field *f)
{
    if (f->kind == LOG_END || (f->kind == LOG_KIND_STR && f->s == NULL)) return;
    put_key(out, f->key);
    switch (f->kind) {
    case LOG_KIND_STR:
        put_string(out, slice_of(f->s));
        break;
    case LOG_KIND_SLICE:
        put_string(out, f->sl);
        break;
    case LOG_KIND_INT:
        buf_i64(out, f->i);
        break;
    case LOG_KIND_BOOL:
        buf_str(out, f->i ? "true" : "false");
        break;
    case LOG_END:
        break;
    }
}

void log_line_end(struct buf *out)
{
    buf_lit(out, "}\n");
}

void log_write(enum log_level level, const char *msg, const struct log_field *fields)
{
    struct buf line;
    const struct clock *clock = g_log.clock;
    struct wall now = clock_wall(clock);
    buf_init(&line, LINE_MAX_BYTES);
    log_line_begin(&line, level, now, msg);
    for (const struct log_field *f = fields; f && f->kind != LOG_END; f++) log_line_field(&line, f);
    log_line_end(&line);
    if (line.fail == BUF_TOO_LARGE) {
        // The message without its fields is better than nothing.
        buf_clear(&line);
        log_line_begin(&line, level, now, msg);
        log_line_field(&line, &LOG_B("fields_cut", true));
        log_line_end(&line);
    }
    if (line.fail == BUF_OK)
        log_flush_lines(buf_view(&line));
    else
        g_log.dropped++;
    buf_done(&line);
}

// ---- writing ------------------------------------------------------------------------------

static bool can_take(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    return poll(&p, 1, 0) == 1 && p.revents == POLLOUT; // POLLERR: the reader is gone, and a write would raise SIGPIPE
}

static ssize_t write_once(const char *p, size_t n)
{
    if (g_log.sink == SINK_SOCKET) return send(g_log.fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (g_log.sink == SINK_PIPE && !can_take(g_log.fd)) return 0;
    return write(g_log.fd, p, n);
}

// How much of p was taken without waiting.
static size_t write_some(const char *p, size_t n)
{
    size_t step = g_log.sink == SINK_PIPE ? PIPE_BUF : STEP_MAX, done = 0;
    while (done < n) {
        ssize_t put = write_once(p + done, MIN(n - done, step));
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) break;
        done += (size_t)put;
    }
    return done;
}

static bool flush_tail(void)
{
    if (g_log.tail_n == 0) return true;
    size_t done = write_some(g_log.tail, g_log.tail_n);
    g_log.tail_n -= done;
    memmove(g_log.tail, g_log.tail + done, g_log.tail_n);
    return g_log.tail_n == 0;
}

static uint64_t count_lines(struct slice s)
{
    uint64_t n = 0;
    struct slice line;
    while (s.n > 0) {
        (void)slice_cut(&s, '\n', &line);
        n++;
    }
    return n;
}

static size_t line_length(struct slice s)
{
    ptrdiff_t end = slice_find(s, '\n');
    return end < 0 ? s.n : (size_t)end + 1;
}

// As many whole lines as one write may carry, or one longer line.
static size_t batch_length(struct slice s)
{
    size_t max = g_log.sink == SINK_PIPE ? PIPE_BUF : STEP_MAX;
    if (s.n <= max) return s.n;
    const char *last = memrchr(s.p, '\n', max);
    return last ? (size_t)(last - s.p) + 1 : line_length(s);
}

// `done` bytes of `batch` went out. Keeps the rest of a line that was cut, and returns what of it is lost.
static struct slice keep_tail(struct slice batch, size_t done)
{
    struct slice rest = slice_skip(batch, done);
    if (done == 0 || batch.p[done - 1] == '\n') return rest;
    g_log.tail_n = line_length(rest);
    ASSERT(g_log.tail_n <= sizeof(g_log.tail));
    memcpy(g_log.tail, rest.p, g_log.tail_n);
    return slice_skip(rest, g_log.tail_n);
}

void log_flush_lines(struct slice lines)
{
    if (lines.n == 0) return;
    lock_take(&g_log.lock);
    while (lines.n > 0 && flush_tail()) {
        size_t n = batch_length(lines);
        struct slice batch = slice_n(lines.p, n);
        lines = slice_skip(lines, n);
        if (n > STEP_MAX) {
            g_log.dropped++;
            continue;
        }
        size_t done = write_some(batch.p, batch.n);
        if (done < n) g_log.dropped += count_lines(keep_tail(batch, done));
        if (done == 0) break;
    }
    if (lines.n > 0) g_log.dropped += count_lines(lines);
    lock_drop(&g_log.lock);
}
