// SPDX-License-Identifier: Apache-2.0
// Replies that are cut short or held back on purpose: what the client sees, and that nobody else waits for it.
#include "wire.h"

#include "base/clock.h"

static int set_up(void **state)
{
    struct fixture *f = malloc(sizeof *f);
    assert_non_null(f);
    fixture_init(f);
    f->o.loops = 1; // whoever blocks it is seen by all
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture_end(*state);
    free(*state);
    return 0;
}

static int64_t now_ms(void)
{
    return clock_mono(&clock_system).ns / NS_PER_MS;
}

static void await(const _Atomic unsigned *counter, unsigned want)
{
    int64_t end = now_ms() + WIRE_WAIT_S * 1000;
    while (*counter < want && now_ms() < end) (void)poll(NULL, 0, 1);
    assert_int_equal(*counter, want);
}

// The head promises ten bytes, and after `body` the connection ends.
static void expect_cut(struct fixture *f, const char *text, const char *body)
{
    struct wire w = wire_on(wire_connect(f));
    wire_send(w.fd, text);
    while (wire_more(&w))
        ;
    char *end = w.n ? memmem(w.p, w.n, "\r\n\r\n", 4) : NULL;
    assert_non_null(end);
    size_t head = (size_t)(end - w.p) + 4;
    assert_non_null(memmem(w.p, head, "HTTP/1.1 200 OK\r\n", 17));
    assert_non_null(memmem(w.p, head, "\r\nContent-Length: 10\r\n", 22));
    assert_null(memmem(w.p, head, "\r\nConnection: ", 14)); // an accident is not announced
    assert_int_equal(w.n - head, strlen(body));
    assert_memory_equal(w.p + head, body, strlen(body));
    wire_close(&w);
}

static void a_cut_reply_keeps_its_length_and_ends_the_connection(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    expect_cut(f, "GET /cut/3 HTTP/1.1\r\nHost: x\r\n\r\n", "012");
    expect_cut(f, "GET /cut/0 HTTP/1.1\r\nHost: x\r\n\r\n", "");
    expect_cut(f, "GET /cut/9 HTTP/1.1\r\nHost: x\r\n\r\n", "012345678");
    expect_cut(f, "GET /cut/10 HTTP/1.1\r\nHost: x\r\n\r\n", "0123456789");
    expect_cut(f, "GET /cut/999 HTTP/1.1\r\nHost: x\r\n\r\n", "0123456789");
    expect_cut(f, "HEAD /cut/3 HTTP/1.1\r\nHost: x\r\n\r\n", "");
}

static void nothing_follows_a_cut_reply(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    expect_cut(f, "GET /cut/3 HTTP/1.1\r\nHost: x\r\n\r\nGET /a HTTP/1.1\r\nHost: x\r\n\r\n", "012");
    assert_int_equal(f->app.handled, 1);
}

static void a_held_reply_holds_up_nobody_else(void **state)
{
    struct fixture *f = *state;
    f->o.workers = 1;
    fixture_start(f);
    struct wire w = wire_on(wire_connect(f)), v = wire_on(wire_connect(f));
    int64_t began = now_ms();
    wire_send(w.fd, "GET /hold/300 HTTP/1.1\r\nHost: x\r\n\r\nGET /next HTTP/1.1\r\nHost: x\r\n\r\n");
    wire_send(v.fd, "GET /pool/hold/300 HTTP/1.1\r\nHost: x\r\n\r\n");
    await(&f->app.handled, 2);
    assert_int_equal(wire_once(f, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n", NULL, 0), 200);
    assert_int_equal(wire_once(f, "GET /pool/a HTTP/1.1\r\nHost: x\r\n\r\n", NULL, 0), 200);
    assert_true(wire_silent(&w, 0) && wire_silent(&v, 0)); // the held ones are still to come
    wire_reply(&w, 200);
    assert_string_equal(w.body, "held");
    assert_true(now_ms() - began >= 299);
    wire_reply(&w, 200);
    assert_string_equal(w.body, "/next");
    wire_reply(&v, 200);
    assert_string_equal(v.body, "held");
    wire_close(&w);
    wire_close(&v);
}

static void earlier_replies_do_not_wait_for_a_held_one(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    struct wire w = wire_on(wire_connect(f));
    wire_send(w.fd, "GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /size/3000000 HTTP/1.1\r\nHost: x\r\n\r\n"
                    "GET /hold/30000 HTTP/1.1\r\nHost: x\r\n\r\n");
    wire_reply(&w, 200);
    assert_string_equal(w.body, "/a");
    wire_reply(&w, 200);
    assert_int_equal(w.body_n, 3000000);
    assert_true(wire_silent(&w, 20));
    wire_close(&w);
}

static void stopping_sends_what_is_held_at_once(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    struct wire w = wire_on(wire_connect(f));
    wire_send(w.fd, "GET /hold/30000 HTTP/1.1\r\nHost: x\r\n\r\n");
    await(&f->app.handled, 1);
    int64_t began = now_ms();
    httpd_stop(&f->s, 20000);
    assert_true(now_ms() - began < 10000);
    wire_reply(&w, 200);
    assert_string_equal(w.body, "held");
    assert_true(wire_has(&w, "Connection", "close"));
    wire_close(&w);
}

static void a_held_reply_is_let_go_when_its_client_is_gone(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    struct wire w = wire_on(wire_connect(f));
    wire_send(w.fd, "GET /hold/30000 HTTP/1.1\r\nHost: x\r\n\r\n");
    await(&f->app.handled, 1);
    struct linger reset = {.l_onoff = 1};
    assert_int_equal(setsockopt(w.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
    wire_close(&w);
    await(&f->app.released, 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_cut_reply_keeps_its_length_and_ends_the_connection),
        T(nothing_follows_a_cut_reply),
        T(a_held_reply_holds_up_nobody_else),
        T(earlier_replies_do_not_wait_for_a_held_one),
        T(stopping_sends_what_is_held_at_once),
        T(a_held_reply_is_let_go_when_its_client_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
