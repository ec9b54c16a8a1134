// SPDX-License-Identifier: Apache-2.0
// Methods, header look-up and header lines of the neutral request and reply.
// Run by: meson test. Must never: depend on the server.
#include "net/message.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>

static void methods_are_case_sensitive(void **state)
{
    (void)state;
    for (int m = 0; m < METHOD_OTHER; m++) {
        const char *name = method_name((enum method)m);
        assert_int_equal(method_of(slice_of(name)), m);
    }
    assert_int_equal(method_of(SLICE("get")), METHOD_OTHER);
    assert_int_equal(method_of(SLICE("GE")), METHOD_OTHER);
    assert_int_equal(method_of(SLICE("GETS")), METHOD_OTHER);
    assert_int_equal(method_of(SLICE("OTHER")), METHOD_OTHER);
    assert_int_equal(method_of(SLICE("")), METHOD_OTHER);
}

static void header_look_up(void **state)
{
    (void)state;
    const struct header headers[] = {
        {SLICE("Accept"), SLICE("a")}, {SLICE("X-Empty"), {NULL, 0}}, {SLICE("accept"), SLICE("b")}};
    struct request r = {.headers = headers, .header_count = 3};
    assert_true(slice_eq_cstr(request_header(&r, "ACCEPT"), "a"));
    assert_int_equal(request_header_count(&r, "ACCEPT"), 2);
    assert_null(request_header(&r, "Accep").p);
    assert_int_equal(request_header_count(&r, "Accep"), 0);
    assert_non_null(request_header(&r, "x-empty").p);
    assert_int_equal(request_header(&r, "x-empty").n, 0);
}

static void header_value_cannot_end_its_line(void **state)
{
    (void)state;
    struct reply r;
    reply_init(&r);
    reply_header(&r, "X-A", SLICE("1\r\nX-B: 2\0"));
    reply_header_cstr(&r, "X-C", "");
    assert_true(slice_eq(buf_view(&r.head), SLICE("X-A: 1??X-B: 2?\r\nX-C: \r\n")));
    reply_done(&r);
}

static int released;
static void count_release(void *ctx)
{
    released += *(int *)ctx;
}

static void release_runs_once(void **state)
{
    (void)state;
    int step = 1;
    struct reply r;
    reply_init(&r);
    r.body = SLICE("x");
    r.release = count_release;
    r.release_ctx = &step;
    reply_done(&r);
    reply_done(&r);
    assert_int_equal(released, 1);
    assert_int_equal(r.body.n, 0);
}

static void reasons(void **state)
{
    (void)state;
    assert_string_equal(status_reason(200), "OK");
    assert_string_equal(status_reason(413), "Content Too Large");
    assert_string_equal(status_reason(431), "Request Header Fields Too Large");
    assert_string_equal(status_reason(505), "HTTP Version Not Supported");
    assert_string_equal(status_reason(299), "Unknown");
    assert_string_equal(status_reason(0), "Unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(methods_are_case_sensitive),
        cmocka_unit_test(header_look_up),
        cmocka_unit_test(header_value_cannot_end_its_line),
        cmocka_unit_test(release_runs_once),
        cmocka_unit_test(reasons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
