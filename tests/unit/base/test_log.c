// SPDX-License-Identifier: Apache-2.0
// The log: shape and escaping of lines, levels, and that a slow, full or dead reader neither blocks the writer
// nor tears a line. Run under TSan too.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

static struct manual_clock hands;
static struct clock frozen;
static int pipe_fd[2];

static int open_pipe(void **state)
{
    hands.wall_us = INT64_C(1734549637123000);
    frozen = clock_manual(&hands);
    if (pipe2(pipe_fd, O_CLOEXEC) != 0) return -1;
    log_open(LOG_INFO, pipe_fd[1], &frozen);
    return 0;
}

static int close_pipe(void **state)
{
    log_open(LOG_INFO, STDERR_FILENO, &clock_system);
    close(pipe_fd[0]);
    close(pipe_fd[1]);
    return 0;
}

// What the reader finds now, without waiting for more.
static size_t read_now(int fd, char *out, size_t cap)
{
    size_t n = 0;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    while (n + 1 < cap && poll(&p, 1, 0) == 1 && (p.revents & POLLIN)) {
        ssize_t got = read(fd, out + n, cap - 1 - n);
        if (got <= 0) break;
        n += (size_t)got;
    }
    out[n] = '\0';
    return n;
}

static void expect_line(const char *want)
{
    char got[8192];
    read_now(pipe_fd[0], got, sizeof(got));
    assert_string_equal(got, want);
}

static void lines_have_a_fixed_shape(void **state)
{
    LOG(LOG_INFO, "started");
    expect_line("{\"ts\":\"2024-12-18T19:20:37.123Z\",\"level\":\"info\",\"msg\":\"started\"}\n");
    LOG(LOG_ERROR, "all kinds", LOG_S("s", "v"), LOG_SL("sl", slice_n("abcd", 2)), LOG_I("i", INT64_MIN),
        LOG_B("b", true), LOG_B("c", false), LOG_S("left_out", NULL), LOG_SL("empty", slice_n(NULL, 0)));
    expect_line(
        "{\"ts\":\"2024-12-18T19:20:37.123Z\",\"level\":\"error\",\"msg\":\"all kinds\",\"s\":\"v\",\"sl\":\"ab\","
        "\"i\":-9223372036854775808,\"b\":true,\"c\":false,\"empty\":\"\"}\n");
}

static void values_cannot_break_the_line(void **state)
{
    char got[1024];
    LOG(LOG_WARN, "a\n\"b", LOG_S("v", "x\r\n{\"ts\":1}\x01\xff\\"));
    size_t n = read_now(pipe_fd[0], got, sizeof(got));
    assert_ptr_equal(strchr(got, '\n'), got + n - 1);
    assert_non_null(strstr(got, "\"msg\":\"a\\n\\\"b\""));
    assert_non_null(strstr(got, "\"v\":\"x\\r\\n{\\\"ts\\\":1}\\u0001"));
    assert_null(strchr(got, '\r'));
}

static void long_values_are_cut_between_characters(void **state)
{
    char text[2000], got[4096];
    memset(text, 'a', sizeof(text));
    memcpy(text + 1022, "\xe2\x82\xac", 3); // a three-byte character across the limit
    text[sizeof(text) - 1] = '\0';
    LOG(LOG_INFO, "m", LOG_S("v", text));
    read_now(pipe_fd[0], got, sizeof(got));
    char *v = strstr(got, "\"v\":\"");
    assert_non_null(v);
    assert_int_equal(strspn(v + 5, "a"), 1022);
    assert_string_equal(v + 5 + 1022, "...\"}\n");
}

static void a_line_too_long_keeps_its_message(void **state)
{
    char text[1001];
    memset(text, 1, sizeof(text) - 1); // each becomes six bytes
    text[sizeof(text) - 1] = '\0';
    LOG(LOG_INFO, "big", LOG_S("a", text), LOG_S("b", text), LOG_S("c", text));
    expect_line("{\"ts\":\"2024-12-18T19:20:37.123Z\",\"level\":\"info\",\"msg\":\"big\",\"fields_cut\":true}\n");
}

static void levels_filter(void **state)
{
    enum log_level level = LOG_ERROR;
    assert_true(log_parse_level(SLICE("debug"), &level));
    assert_int_equal(level, LOG_DEBUG);
    assert_true(log_parse_level(SLICE("warn"), &level));
    assert_int_equal(level, LOG_WARN);
    assert_false(log_parse_level(SLICE("WARN"), &level));
    assert_false(log_parse_level(SLICE(""), &level));
    assert_false(log_parse_level(SLICE("warning"), &level));
    assert_int_equal(level, LOG_WARN);
    assert_false(log_enabled(LOG_DEBUG));
    LOG(LOG_DEBUG, "hidden");
    expect_line("");
    log_set_level(LOG_ERROR);
    LOG(LOG_WARN, "hidden");
    expect_line("");
    log_set_level(LOG_DEBUG);
    assert_true(log_enabled(LOG_DEBUG));
}

static void out_of_memory_counts_the_line_as_lost(void **state)
{
    uint64_t before = log_dropped();
    mem_fault_set(1, true);
    LOG(LOG_INFO, "lost");
    mem_fault_set(0, false);
    assert_int_equal(log_dropped(), before + 1);
    expect_line("");
}

// ---- readers that are slow ----------------------------------------------------------------

// Checks that text is nothing but whole lines "<digits>:<x…>\n" and returns how many.
static unsigned count_whole_lines(const char *text, size_t n)
{
    unsigned lines = 0;
    const char *end = text + n;
    while (text < end) {
        const char *eol = memchr(text, '\n', (size_t)(end - text));
        if (eol == NULL) fail_msg("the last line is torn");
        char *after;
        unsigned long want = strtoul(text, &after, 10);
        if (*after != ':' || strspn(after + 1, "x") != want || after + 1 + want != eol)
            fail_msg("torn line: %.*s", (int)(eol - text), text);
        lines++;
        text = eol + 1;
    }
    return lines;
}

// One line "<len>:xxx…\n" with len times x.
static void add_line(struct buf *b, unsigned len)
{
    buf_u64(b, len);
    buf_char(b, ':');
    for (unsigned i = 0; i < len; i++) buf_char(b, 'x');
    buf_char(b, '\n');
}

#define BIG (4U << 20)

// Flushes batches of `per_flush` lines of changing length until lines are lost; reads now and then.
static void flood(int write_fd, int read_fd, unsigned per_flush, unsigned longest)
{
    struct buf batch;
    uint64_t lost_before = log_dropped();
    unsigned sent = 0, got = 0;
    size_t n = 0;
    char *all = mem_alloc(BIG);
    assert_non_null(all);
    buf_init(&batch, 1U << 20);
    log_open(LOG_INFO, write_fd, &frozen);
    for (unsigned round = 0; round < 400; round++) {
        buf_clear(&batch);
        for (unsigned i = 0; i < per_flush; i++) add_line(&batch, (round * 131 + i * 37) % longest);
        assert_int_equal(batch.fail, BUF_OK);
        sent += per_flush;
        log_flush_lines(buf_view(&batch));
        if (round % 150 == 149) n += read_now(read_fd, all + n, (BIG - n) / 4);
    }
    // The last torn line, if any, completes as soon as there is room.
    n += read_now(read_fd, all + n, BIG - n);
    buf_clear(&batch);
    add_line(&batch, 3);
    sent++;
    log_flush_lines(buf_view(&batch));
    n += read_now(read_fd, all + n, BIG - n);
    got = count_whole_lines(all, n);
    assert_true(log_dropped() > lost_before);
    assert_int_equal(got + (log_dropped() - lost_before), sent);
    assert_memory_equal(all + n - 6, "3:xxx\n", 6);
    buf_done(&batch);
    mem_free(all);
}

static void a_slow_pipe_gets_whole_lines_and_never_blocks(void **state)
{
    flood(pipe_fd[1], pipe_fd[0], 1, 2000);
    flood(pipe_fd[1], pipe_fd[0], 40, 300);
    flood(pipe_fd[1], pipe_fd[0], 10, 9000); // lines above PIPE_BUF too
}

static void a_small_pipe_is_no_different(void **state)
{
    assert_true(fcntl(pipe_fd[1], F_SETPIPE_SZ, 4096) > 0);
    flood(pipe_fd[1], pipe_fd[0], 3, 6000);
}

static void a_slow_stream_socket_gets_whole_lines(void **state)
{
    int sv[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
    flood(sv[0], sv[1], 40, 300);
    flood(sv[0], sv[1], 10, 9000);
    log_open(LOG_INFO, pipe_fd[1], &frozen);
    close(sv[0]);
    close(sv[1]);
}

static void a_slow_reader_of_a_nonblocking_pipe_is_no_different(void **state)
{
    assert_int_equal(fcntl(pipe_fd[1], F_SETFL, O_NONBLOCK), 0);
    flood(pipe_fd[1], pipe_fd[0], 10, 9000);
}

static void a_reader_that_left_raises_no_signal(void **state)
{
    int p[2];
    uint64_t before = log_dropped();
    assert_int_equal(pipe2(p, O_CLOEXEC), 0);
    log_open(LOG_INFO, p[1], &frozen);
    close(p[0]);
    LOG(LOG_INFO, "into the void"); // SIGPIPE would end the test
    assert_int_equal(log_dropped(), before + 1);
    int sv[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
    log_open(LOG_INFO, sv[0], &frozen);
    close(sv[1]);
    LOG(LOG_INFO, "into the void");
    assert_int_equal(log_dropped(), before + 2);
    log_open(LOG_INFO, pipe_fd[1], &frozen);
    close(sv[0]);
    close(p[1]);
}

static void a_closed_descriptor_only_loses_lines(void **state)
{
    int fd = dup(pipe_fd[1]);
    uint64_t before = log_dropped();
    close(fd);
    log_open(LOG_INFO, fd, &frozen);
    LOG(LOG_INFO, "nowhere");
    assert_int_equal(log_dropped(), before + 1);
}

static void a_file_takes_everything_in_order(void **state)
{
    char name[] = "/tmp/peerage-test-log-XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    uint64_t before = log_dropped();
    struct buf b;
    buf_init(&b, BIG);
    for (unsigned i = 0; i < 400; i++) add_line(&b, i * 7 % 3000);
    add_line(&b, 65529); // the longest that is allowed, with its newline
    assert_int_equal(b.fail, BUF_OK);
    log_open(LOG_INFO, fd, &frozen);
    log_flush_lines(buf_view(&b));
    struct buf too_long;
    buf_init(&too_long, BIG);
    add_line(&too_long, 65530);
    log_flush_lines(buf_view(&too_long));
    assert_int_equal(log_dropped(), before + 1);
    char *text = mem_alloc(BIG);
    assert_int_equal(pread(fd, text, BIG, 0), (ssize_t)b.n);
    assert_memory_equal(text, b.p, b.n);
    log_open(LOG_INFO, pipe_fd[1], &frozen);
    mem_free(text);
    buf_done(&b);
    buf_done(&too_long);
    close(fd);
    unlink(name);
}

// ---- threads ------------------------------------------------------------------------------

static void *chat(void *arg)
{
    const char *name = arg;
    for (int i = 0; i < 200; i++) LOG(LOG_INFO, "from a thread", LOG_S("name", name), LOG_I("i", i));
    return NULL;
}

static void *gather(void *arg)
{
    unsigned *lines = arg;
    char c[4096];
    for (ssize_t n; (n = read(pipe_fd[0], c, sizeof(c))) > 0;)
        for (ssize_t i = 0; i < n; i++) *lines += c[i] == '\n';
    return NULL;
}

static void threads_do_not_mix_their_lines(void **state)
{
    unsigned lines = 0;
    uint64_t before = log_dropped();
    pthread_t t[4], reader;
    static char names[4][2] = {"a", "b", "c", "d"};
    assert_int_equal(pthread_create(&reader, NULL, gather, &lines), 0);
    for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&t[i], NULL, chat, names[i]), 0);
    for (int i = 0; i < 50; i++) log_set_level(LOG_INFO); // changes while others ask
    for (int i = 0; i < 4; i++) assert_int_equal(pthread_join(t[i], NULL), 0);
    log_open(LOG_INFO, STDERR_FILENO, &clock_system);
    close(pipe_fd[1]);
    assert_int_equal(pthread_join(reader, NULL), 0);
    assert_int_equal(lines + (log_dropped() - before), 800);
    pipe_fd[1] = dup(pipe_fd[0]); // for the tear-down to close
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, open_pipe, close_pipe)
    const struct CMUnitTest tests[] = {
        T(lines_have_a_fixed_shape),
        T(values_cannot_break_the_line),
        T(long_values_are_cut_between_characters),
        T(a_line_too_long_keeps_its_message),
        T(levels_filter),
        T(out_of_memory_counts_the_line_as_lost),
        T(a_slow_pipe_gets_whole_lines_and_never_blocks),
        T(a_small_pipe_is_no_different),
        T(a_slow_stream_socket_gets_whole_lines),
        T(a_slow_reader_of_a_nonblocking_pipe_is_no_different),
        T(a_reader_that_left_raises_no_signal),
        T(a_closed_descriptor_only_loses_lines),
        T(a_file_takes_everything_in_order),
        T(threads_do_not_mix_their_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
