// SPDX-License-Identifier: Apache-2.0
// Behaviour of a failed ASSERT: one JSON line on stderr and SIGABRT, seen from a child process.
// Called by: meson test. Must never: abort in the parent.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"

static void holding_assertions_do_nothing(void **state)
{
    ASSERT(1 + 1 == 2);
}

static void a_failed_one_prints_a_json_line_and_aborts(void **state)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        const struct rlimit none = {0, 0};
        (void)setrlimit(RLIMIT_CORE, &none);
        (void)signal(SIGABRT, SIG_DFL);
        (void)dup2(fds[1], STDERR_FILENO);
        ASSERT(strcmp("a\\b", "\"") == 0);
        _exit(0);
    }
    close(fds[1]);
    char text[2048];
    size_t n = 0;
    for (ssize_t got; n < sizeof text && (got = read(fds[0], text + n, sizeof text - n)) > 0;) n += (size_t)got;
    close(fds[0]);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    struct slice rest = slice_n(text, n), line;
    assert_true(slice_cut(&rest, '\n', &line));
    assert_int_equal(rest.n, 0);
    struct json_doc *d;
    struct error e;
    assert_int_equal(json_read(line, 4096, &d, &e), ERR_OK);
    const struct json_value *v = json_root(d);
    struct wall when;
    assert_true(wall_parse_rfc3339(json_string(json_get(v, "ts")), &when));
    assert_true(slice_eq_cstr(json_string(json_get(v, "level")), "error"));
    assert_true(slice_eq_cstr(json_string(json_get(v, "msg")), "assertion failed"));
    assert_true(slice_ends(json_string(json_get(v, "file")), SLICE("test_assert.c")));
    assert_true(json_integer(json_get(v, "line")) > 1);
    assert_true(slice_starts(json_string(json_get(v, "expr")), SLICE("strcmp(")));
    json_doc_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holding_assertions_do_nothing),
        cmocka_unit_test(a_failed_one_prints_a_json_line_and_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
