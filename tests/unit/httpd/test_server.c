// SPDX-License-Identifier: Apache-2.0
// What a client sees of the server when nothing is wrong: framing, order, persistence, bodies, workers, proxies.
#include "wire.h"

#include "base/clock.h"

static int set_up(void **state)
{
    struct fixture *f = malloc(sizeof *f);
    assert_non_null(f);
    fixture_init(f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture_end(*state);
    free(*state);
    return 0;
}

static struct fixture *started(void **state, unsigned workers)
{
    struct fixture *f = *state;
    f->o.workers = workers;
    fixture_start(f);
    return f;
}

static void a_reply_has_the_servers_fields_and_the_connection_stays(void **state)
{
    struct fixture *f = started(state, 0);
    struct wire w = wire_on(wire_connect(f));
    char first[64], second[64], date[64];
    wire_send(w.fd, "GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n");
    wire_reply(&w, 200);
    assert_string_equal(w.body, "/a?b=c");
    assert_true(wire_has(&w, "Server", "peerage"));
    assert_true(wire_has(&w, "Content-Length", "6"));
    assert_false(wire_has(&w, "Connection", NULL));
    struct wall when;
    assert_true(wall_parse_http_date(slice_of(wire_header(&w, "Date", date, sizeof date)), &when));
    assert_int_equal(strlen(wire_header(&w, "X-Request-Id", first, sizeof first)), REQUEST_ID_LEN);
    assert_int_equal(strspn(first, "0123456789abcdef"), REQUEST_ID_LEN);
    wire_send(w.fd, "GET /d HTTP/1.1\r\nHost: x\r\n\r\n");
    wire_reply(&w, 200);
    assert_string_equal(w.body, "/d");
    assert_string_not_equal(wire_header(&w, "X-Request-Id", second, sizeof second), first);
    wire_close(&w);
}

static void hundred_requests_in_one_write_are_answered_in_order(void **state)
{
    struct fixture *f = started(state, 0);
    char text[8192], want[16];
    size_t n = 0;
    for (int i = 0; i < 100; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "GET /n/%d HTTP/1.1\r\nHost: x\r\n\r\n", i);
    struct wire w = wire_on(wire_connect(f));
    wire_send(w.fd, text);
    for (int i = 0; i < 100; i++) {
        wire_reply(&w, 200);
        (void)snprintf(want, sizeof want, "/n/%d", i);
        assert_string_equal(w.body, want);
    }
    assert_true(wire_silent(&w, 20));
    wire_close(&w);
}

static void order_holds_when_workers_large_replies_and_bodies_mix(void **state)
{
    struct fixture *f = started(state, 2);
    struct wire w = wire_on(wire_connect(f));
    for (int round = 0; round < 20; round++)
        wire_send(
            w.fd,
            "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n"
            "GET /pool/2 HTTP/1.1\r\nHost: x\r\n\r\n"
            "GET /size/100000 HTTP/1.1\r\nHost: x\r\n\r\n"
            "POST /pool/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"
            "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    for (int round = 0; round < 20; round++) {
        wire_reply(&w, 200);
        assert_string_equal(w.body, "/1");
        wire_reply(&w, 200);
        assert_string_equal(w.body, "/2");
        wire_reply(&w, 200);
        assert_int_equal(w.body_n, 100000);
        assert_memory_equal(w.body, f->app.big, 100000);
        wire_reply(&w, 200);
        assert_string_equal(w.body, "body");
        wire_reply(&w, 200);
        assert_string_equal(w.body, "abcde");
    }
    wire_close(&w);
}

static void bytes_may_come_one_at_a_time(void **state)
{
    struct fixture *f = started(state, 1);
    struct wire w = wire_on(wire_connect(f));
    static const char text[] = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
                               "POST /pool/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                               "4\r\nwxyz\r\n1;a=b\r\n!\r\n0\r\nT: v\r\n\r\n";
    int on = 1;
    assert_int_equal(setsockopt(w.fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, sizeof on), 0);
    for (size_t i = 0; i + 1 < sizeof text; i++) {
        assert_true(wire_try_send(w.fd, text + i, 1));
        if (i % 8 == 0) assert_int_equal(usleep(200), 0); // let some arrive alone
    }
    wire_reply(&w, 200);
    assert_string_equal(w.body, "abc");
    wire_reply(&w, 200);
    assert_string_equal(w.body, "wxyz!");
    wire_close(&w);
}

// Sends `n` bytes as a body in pieces while nobody reads the reply yet: the echo is as large, so only whole requests
// may be answered.
static void send_body(int fd, const char *p, size_t n, bool chunked)
{
    char line[160];
    (void)snprintf(line, sizeof line, "POST /echo HTTP/1.1\r\nHost: x\r\n");
    wire_send(fd, line);
    if (chunked)
        (void)snprintf(line, sizeof line, "Transfer-Encoding: chunked\r\n\r\n");
    else
        (void)snprintf(line, sizeof line, "Content-Length: %zu\r\n\r\n", n);
    wire_send(fd, line);
    for (size_t at = 0, step = 1; at < n; at += step, step = step * 3 + 1) {
        size_t part = MIN(step, n - at);
        (void)snprintf(line, sizeof line, "%zx\r\n", part);
        if (chunked) wire_send(fd, line);
        assert_true(wire_try_send(fd, p + at, part));
        if (chunked) wire_send(fd, "\r\n");
    }
    if (chunked) wire_send(fd, "0\r\n\r\n");
}

static void bodies_up_to_the_cap_come_back_whole(void **state)
{
    struct fixture *f = started(state, 0);
    struct wire w = wire_on(wire_connect(f));
    const size_t sizes[] = {0, 1, 16000, 16384, 70000, 1048575, 1048576};
    for (size_t i = 0; i < ARRAY_LEN(sizes) * 2; i++) {
        size_t n = sizes[i / 2];
        send_body(w.fd, f->app.big + i, n, i % 2);
        wire_reply(&w, 200);
        assert_int_equal(w.body_n, n);
        assert_memory_equal(w.body, f->app.big + i, n);
    }
    wire_close(&w);
}

static void head_204_and_304_have_no_body(void **state)
{
    struct fixture *f = started(state, 0);
    struct wire w = wire_on(wire_connect(f));
    wire_send(w.fd, "HEAD /size/100 HTTP/1.1\r\nHost: x\r\n\r\nGET /status/204 HTTP/1.1\r\nHost: x\r\n\r\n"
                    "GET /status/304 HTTP/1.1\r\nHost: x\r\n\r\nGET /end HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(wire_try_reply(&w, true));
    assert_int_equal(w.status, 200);
    assert_true(wire_has(&w, "Content-Length", "100"));
    wire_reply(&w, 204);
    assert_false(wire_has(&w, "Content-Length", NULL));
    wire_reply(&w, 304);
    assert_false(wire_has(&w, "Content-Length", NULL));
    wire_reply(&w, 200);
    assert_string_equal(w.body, "/end");
    wire_close(&w);
}

static void http_1_0_closes_unless_asked_to_stay(void **state)
{
    struct fixture *f = started(state, 0);
    struct wire w = wire_on(wire_connect(f));
    wire_send(w.fd, "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    wire_reply(&w, 200);
    assert_true(wire_has(&w, "Connection", "keep-alive"));
    wire_send(w.fd, "GET /b HTTP/1.0\r\n\r\n");
    wire_reply(&w, 200);
    assert_true(wire_has(&w, "Connection", "close"));
    wire_expect_end(&w);
    wire_close(&w);
}

static void close_is_honoured_from_both_sides(void **state)
{
    struct fixture *f = *state;
    f->o.requests_per_connection = 3;
    fixture_start(f);
    static const char *const asks[] = {"GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                                       "GET /close HTTP/1.1\r\nHost: x\r\n\r\n",
                                       // what follows a request that closes is thrown away, not answered
                                       "GET /close HTTP/1.1\r\nHost: x\r\n\r\nGET /lost HTTP/1.1\r\nHost: x\r\n\r\n"};
    for (size_t i = 0; i < ARRAY_LEN(asks); i++) {
        struct wire w = wire_on(wire_connect(f));
        wire_send(w.fd, asks[i]);
        wire_reply(&w, 200);
        assert_true(wire_has(&w, "Connection", "close"));
        wire_expect_end(&w);
        wire_close(&w);
    }
    struct wire w = wire_on(wire_connect(f));
    for (int i = 0; i < 3; i++) {
        wire_send(w.fd, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
        wire_reply(&w, 200);
        assert_true(wire_has(&w, "Connection", "close") == (i == 2));
    }
    wire_expect_end(&w);
    wire_close(&w);
}

static void a_half_closed_client_gets_every_reply(void **state)
{
    struct fixture *f = started(state, 1);
    struct wire w = wire_on(wire_connect(f));
    wire_send(w.fd, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /pool/2 HTTP/1.1\r\nHost: x\r\n\r\n"
                    "GET /size/300000 HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(shutdown(w.fd, SHUT_WR), 0);
    wire_reply(&w, 200);
    assert_string_equal(w.body, "/1");
    wire_reply(&w, 200);
    assert_string_equal(w.body, "/2");
    wire_reply(&w, 200);
    assert_int_equal(w.body_n, 300000);
    wire_expect_end(&w);
    wire_close(&w);
}

static void a_half_closed_client_learns_that_its_request_is_cut(void **state)
{
    struct fixture *f = started(state, 0);
    static const char *const cut[] = {"GET /1 HTTP/1.1\r\nHo",
                                      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n1"};
    for (size_t i = 0; i < ARRAY_LEN(cut); i++) {
        struct wire w = wire_on(wire_connect(f));
        wire_send(w.fd, cut[i]);
        assert_int_equal(shutdown(w.fd, SHUT_WR), 0);
        wire_reply(&w, 400);
        assert_non_null(strstr(w.body, "\"errorCode\":\"BAD_REQUEST\""));
        wire_expect_end(&w);
        wire_close(&w);
    }
    assert_int_equal(f->app.done_rejected, 2);
    assert_int_equal(f->app.handled, 0);
}

static void continue_is_sent_only_when_the_body_is_awaited(void **state)
{
    struct fixture *f = started(state, 0);
    struct wire w = wire_on(wire_connect(f));
    wire_send(w.fd, "GET /before HTTP/1.1\r\nHost: x\r\n\r\n"
                    "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    wire_reply(&w, 200); // the earlier reply first
    wire_reply(&w, 100);
    assert_true(wire_silent(&w, 20));
    wire_send(w.fd, "ok");
    wire_reply(&w, 200);
    assert_string_equal(w.body, "ok");
    // the body is there, or begins to be, or is empty: no 100
    wire_send(w.fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nok");
    wire_reply(&w, 200);
    wire_send(w.fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\no");
    assert_true(wire_silent(&w, 20));
    wire_send(w.fd, "k");
    wire_reply(&w, 200);
    wire_send(w.fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n");
    wire_reply(&w, 200);
    // a body that we would not take is not asked for
    wire_send(w.fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\nExpect: 100-continue\r\n\r\n");
    wire_reply(&w, 413);
    wire_expect_end(&w);
    wire_close(&w);
}

static void an_unusable_reply_becomes_500(void **state)
{
    struct fixture *f = started(state, 1);
    assert_int_equal(wire_once(f, "GET /status/0 HTTP/1.1\r\nHost: x\r\n\r\n", NULL, 0), 500);
    assert_int_equal(wire_once(f, "GET /status/101 HTTP/1.1\r\nHost: x\r\n\r\n", NULL, 0), 500);
    char body[512];
    assert_int_equal(wire_once(f, "GET /pool/status/999 HTTP/1.1\r\nHost: x\r\n\r\n", body, sizeof body), 500);
    assert_non_null(strstr(body, "UNEXPECTED_ERROR"));
}

static void a_large_reply_waits_for_a_slow_reader(void **state)
{
    struct fixture *f = started(state, 0);
    struct wire w = wire_on(wire_connect(f));
    wire_send(w.fd, "GET /size/6000000 HTTP/1.1\r\nHost: x\r\n\r\nGET /after HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(wire_once(f, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n", NULL, 0), 200); // others are served meanwhile
    wire_reply(&w, 200);
    assert_int_equal(w.body_n, 6000000);
    assert_memory_equal(w.body, f->app.big, w.body_n);
    wire_reply(&w, 200);
    assert_string_equal(w.body, "/after");
    wire_close(&w);
}

static void a_client_that_leaves_while_a_worker_answers_harms_nobody(void **state)
{
    struct fixture *f = started(state, 4);
    gate_set(&f->app.gate, false);
    int fds[4];
    for (int i = 0; i < 4; i++) {
        fds[i] = wire_connect(f);
        wire_send(fds[i], "GET /gate HTTP/1.1\r\nHost: x\r\n\r\nGET /next HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    gate_await(&f->app.gate, 4);
    for (int i = 0; i < 4; i++) {
        struct linger reset = {.l_onoff = 1, .l_linger = 0};
        if (i % 2) assert_int_equal(setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
        assert_int_equal(close(fds[i]), 0);
    }
    assert_int_equal(wire_once(f, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n", NULL, 0), 200);
    gate_set(&f->app.gate, true);
    assert_int_equal(wire_once(f, "GET /pool/b HTTP/1.1\r\nHost: x\r\n\r\n", NULL, 0), 200);
}

static void forwarding_fields_count_from_trusted_proxies_only(void **state)
{
    struct fixture *f = *state;
    struct cidr trusted[2];
    char body[128];
    assert_true(cidr_parse(SLICE("127.0.0.0/8"), false, &trusted[0]));
    assert_true(cidr_parse(SLICE("10.0.0.0/8"), false, &trusted[1]));
    f->o.trusted_proxies = trusted;
    f->o.trusted_proxy_count = 2;
    fixture_start(f);
    static const char *const cases[][2] = {
        {"", "127.0.0.1 plain"},
        {"X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n", "192.0.2.7 secure"},
        {"X-Forwarded-For: 203.0.113.9, 192.0.2.7, 10.1.2.3\r\n", "192.0.2.7 plain"}, // the left one is hearsay
        {"X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 10.0.0.1\r\n", "203.0.113.9 plain"},
        {"X-Forwarded-For: 10.0.0.2, 10.0.0.1\r\n", "10.0.0.2 plain"},
        {"X-Forwarded-For: 192.0.2.7, unknown, 10.0.0.1\r\n", "10.0.0.1 plain"},
        {"X-Forwarded-For: [2001:db8::1]:99\r\n", "2001:db8::1 plain"},
        {"X-Forwarded-For: 192.0.2.7:1234\r\nX-Forwarded-Proto: http, HTTPS\r\n", "192.0.2.7 secure"},
        {"X-Forwarded-Proto: https, http\r\n", "127.0.0.1 plain"},
        {"X-Forwarded-For: \r\n", "127.0.0.1 plain"},
        {"X-Forwarded-For: ,\r\n", "127.0.0.1 plain"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[256];
        (void)snprintf(text, sizeof text, "GET /who HTTP/1.1\r\nHost: x\r\n%s\r\n", cases[i][0]);
        assert_int_equal(wire_once(f, text, body, sizeof body), 200);
        assert_string_equal(body, cases[i][1]);
    }
}

static void forwarding_fields_of_strangers_are_ignored(void **state)
{
    struct fixture *f = started(state, 0);
    char body[128];
    assert_int_equal(wire_once(f,
                               "GET /who HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.7\r\n"
                               "X-Forwarded-Proto: https\r\n\r\n",
                               body, sizeof body),
                     200);
    assert_string_equal(body, "127.0.0.1 plain");
}

static void every_reply_is_told_and_every_round_ends(void **state)
{
    struct fixture *f = started(state, 1);
    (void)wire_once(f, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n", NULL, 0);
    (void)wire_once(f, "GET /pool/b HTTP/1.1\r\nHost: x\r\n\r\n", NULL, 0);
    (void)wire_once(f, "nonsense\r\n\r\n", NULL, 0);
    httpd_stop(&f->s, 1000);
    assert_int_equal(f->app.done, 2);
    assert_int_equal(f->app.done_rejected, 1);
    assert_int_equal(f->app.rejected_status, 400);
    assert_int_equal(f->app.threads_begun, 3);
    assert_true(f->app.batches > 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_reply_has_the_servers_fields_and_the_connection_stays),
        T(hundred_requests_in_one_write_are_answered_in_order),
        T(order_holds_when_workers_large_replies_and_bodies_mix),
        T(bytes_may_come_one_at_a_time),
        T(bodies_up_to_the_cap_come_back_whole),
        T(head_204_and_304_have_no_body),
        T(http_1_0_closes_unless_asked_to_stay),
        T(close_is_honoured_from_both_sides),
        T(a_half_closed_client_gets_every_reply),
        T(a_half_closed_client_learns_that_its_request_is_cut),
        T(continue_is_sent_only_when_the_body_is_awaited),
        T(an_unusable_reply_becomes_500),
        T(a_large_reply_waits_for_a_slow_reader),
        T(a_client_that_leaves_while_a_worker_answers_harms_nobody),
        T(forwarding_fields_count_from_trusted_proxies_only),
        T(forwarding_fields_of_strangers_are_ignored),
        T(every_reply_is_told_and_every_round_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
