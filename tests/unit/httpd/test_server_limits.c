// SPDX-License-Identifier: Apache-2.0
// What the server does at its bounds: deadlines, caps, full queues, no descriptors, no memory.
#include "wire.h"

#include <sys/resource.h>

#include "base/mem.h"

#define ASK "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"

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

static int64_t now_ms(void)
{
    return clock_mono(&clock_system).ns / NS_PER_MS;
}

static void expect_problem(struct wire *w, int status, const char *code)
{
    char text[80];
    wire_reply(w, status);
    assert_true(wire_has(w, "Content-Type", "application/json"));
    assert_true(wire_has(w, "X-Error-Code", code));
    (void)snprintf(text, sizeof text, "\"errorCode\":\"%s\"", code);
    assert_non_null(strstr(w->body, text));
}

static void a_slow_head_is_answered_408_at_an_absolute_deadline(void **state)
{
    struct fixture *f = *state;
    f->o.header_ms = 150;
    fixture_start(f);
    int64_t before = rejected("timeout"), start = now_ms();
    struct wire w = wire_on(wire_connect(f));
    wire_send(w.fd, "GET /a HTTP/1.1\r\nHost: x\r\n");
    while (wire_silent(&w, 20)) { // bytes that keep coming buy no time
        assert_true(now_ms() - start < 5000);
        (void)wire_try_send(w.fd, "X", 1);
    }
    assert_true(now_ms() - start >= 140);
    expect_problem(&w, 408, "REQUEST_TIMEOUT");
    assert_true(wire_has(&w, "Connection", "close"));
    wire_expect_end(&w);
    wire_close(&w);
    assert_int_equal(rejected("timeout") - before, 1);
    assert_int_equal(f->app.handled, 0);
}

static void an_idle_connection_is_closed_without_a_word(void **state)
{
    struct fixture *f = *state;
    f->o.idle_ms = 80;
    fixture_start(f);
    struct wire fresh = wire_on(wire_connect(f)), used = wire_on(wire_connect(f)), blank = wire_on(wire_connect(f));
    wire_send(used.fd, ASK);
    wire_reply(&used, 200);
    wire_send(blank.fd, "\r\n"); // the empty line that is tolerated before a request begins none
    wire_expect_end(&fresh);
    wire_expect_end(&used);
    wire_expect_end(&blank);
    wire_close(&fresh);
    wire_close(&used);
    wire_close(&blank);
}

static void a_used_connection_outlives_the_idle_deadline(void **state)
{
    struct fixture *f = *state;
    f->o.idle_ms = 200;
    fixture_start(f);
    struct wire w = wire_on(wire_connect(f));
    for (int64_t start = now_ms(); now_ms() - start < 500;) {
        wire_send(w.fd, ASK);
        wire_reply(&w, 200);
        assert_int_equal(usleep(20000), 0);
    }
    wire_close(&w);
}

static void a_body_has_a_deadline(void **state)
{
    struct fixture *f = *state;
    f->o.body_ms = 100;
    fixture_start(f);
    struct wire w = wire_on(wire_connect(f));
    wire_send(w.fd, "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab");
    expect_problem(&w, 408, "REQUEST_TIMEOUT");
    wire_expect_end(&w);
    wire_close(&w);
}

static void a_body_has_a_least_rate(void **state)
{
    struct fixture *f = *state;
    f->o.body_min_rate = 100000;
    fixture_start(f);
    struct wire w = wire_on(wire_connect(f));
    int64_t start = now_ms();
    wire_send(w.fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\n");
    assert_true(wire_try_send(w.fd, f->app.big, 50000)); // half a second's worth: the first second is free
    expect_problem(&w, 408, "REQUEST_TIMEOUT");
    assert_in_range(now_ms() - start, 950, 8000);
    wire_close(&w);
}

static void a_client_that_reads_nothing_is_cut_in_time(void **state)
{
    struct fixture *f = *state;
    f->o.write_ms = 100;
    f->o.body_min_rate = 0; // no time for what the socket's buffers took
    fixture_start(f);
    int64_t before = rejected("timeout");
    struct wire w = wire_on(wire_connect(f));
    wire_send(w.fd, "GET /size/6000000 HTTP/1.1\r\nHost: x\r\n\r\n");
    for (int64_t start = now_ms(); rejected("timeout") == before; assert_int_equal(usleep(5000), 0))
        assert_true(now_ms() - start < WIRE_WAIT_S * 1000);
    while (wire_more(&w))
        ;
    assert_true(w.n < 6000000);
    wire_close(&w);
}

static void a_body_past_the_cap_is_413_and_the_reply_arrives(void **state)
{
    struct fixture *f = *state;
    f->o.body_max = 1000;
    fixture_start(f);
    static const char *const heads[] = {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n",
                                        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n"};
    for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
        struct wire w = wire_on(wire_connect(f));
        wire_send(w.fd, heads[i]);
        // most clients send the whole body before they look: a closed socket would cost them the answer
        for (int j = 0; j < 300; j++) assert_true(wire_try_send(w.fd, f->app.big, 10000));
        expect_problem(&w, 413, "PAYLOAD_TOO_LARGE");
        assert_true(wire_has(&w, "Connection", "close"));
        wire_expect_end(&w);
        wire_close(&w);
    }
    assert_int_equal(f->app.handled, 0);
}

static void heads_past_their_caps_are_414_and_431(void **state)
{
    struct fixture *f = *state;
    f->o.target_max = 100;
    f->o.head_max = 1000;
    fixture_start(f);
    char text[4096];
    struct wire w = wire_on(wire_connect(f));
    (void)snprintf(text, sizeof text, "GET /%.100s HTTP/1.1\r\nHost: x\r\n\r\n", f->app.big);
    wire_send(w.fd, text);
    expect_problem(&w, 414, "URI_TOO_LONG");
    wire_close(&w);
    w = wire_on(wire_connect(f));
    (void)snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: x\r\nA: %.1000s", f->app.big);
    wire_send(w.fd, text);
    expect_problem(&w, 431, "REQUEST_HEADER_FIELDS_TOO_LARGE");
    wire_close(&w);
}

static void a_client_that_floods_after_an_error_is_cut(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    struct wire w = wire_on(wire_connect(f));
    wire_send(w.fd, "bad\r\n\r\n");
    size_t sent = 0;
    while (sent < 64U << 20 && wire_try_send(w.fd, f->app.big, 100000)) sent += 100000;
    assert_true(sent < 64U << 20);
    wire_close(&w);
}

static void a_full_queue_is_503_with_retry_after(void **state)
{
    struct fixture *f = *state;
    f->o.workers = 1;
    f->o.queue_max = 1;
    fixture_start(f);
    gate_set(&f->app.gate, false);
    struct wire busy = wire_on(wire_connect(f)), queued = wire_on(wire_connect(f)), w = wire_on(wire_connect(f));
    wire_send(busy.fd, "GET /gate HTTP/1.1\r\nHost: x\r\n\r\n");
    gate_await(&f->app.gate, 1);
    // The one place in the queue: whichever of these comes first has it.
    wire_send(queued.fd, "GET /pool/1 HTTP/1.1\r\nHost: x\r\n\r\n");
    int status = 0;
    for (int i = 0; i < 200 && status != 503; i++) {
        struct wire *probe = wire_silent(&queued, 10) ? &w : &queued;
        if (probe == &w) wire_send(w.fd, "GET /pool/2 HTTP/1.1\r\nHost: x\r\n\r\n");
        wire_reply(probe, 503);
        status = probe->status;
        assert_true(wire_has(probe, "Retry-After", "1"));
        assert_true(wire_has(probe, "X-Error-Code", "SERVICE_UNAVAILABLE"));
        wire_send(probe->fd, ASK); // it may stay, and what needs no worker is served
        wire_reply(probe, 200);
    }
    gate_set(&f->app.gate, true);
    wire_reply(&busy, 200);
    wire_close(&busy);
    wire_close(&queued);
    wire_close(&w);
}

static void connections_past_the_caps_are_503(void **state)
{
    struct fixture *f = *state;
    bool by_address = f->o.max_per_address == 2;
    if (!by_address) f->o.max_connections = 2;
    fixture_start(f);
    struct wire a = wire_on(wire_connect(f));
    wire_send(a.fd, ASK);
    wire_reply(&a, 200); // so that it is counted before the next comes: loops accept in any order
    struct wire b = wire_on(wire_connect(f));
    wire_send(b.fd, ASK);
    wire_reply(&b, 200);
    struct wire c = wire_on(wire_connect(f));
    wire_send(c.fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc" ASK);
    expect_problem(&c, 503, "SERVICE_UNAVAILABLE");
    assert_true(wire_has(&c, "Connection", "close"));
    wire_expect_end(&c);
    wire_close(&c);
    assert_true(rejected(by_address ? "address" : "connections") > 0);
    wire_close(&a); // makes room, once the server has seen it
    int status = 0;
    for (int i = 0; i < 1000 && status != 200; i++) status = wire_once(f, ASK, NULL, 0);
    assert_int_equal(status, 200);
    wire_close(&b);
}

static void connections_of_one_address_have_a_cap(void **state)
{
    struct fixture *f = *state;
    f->o.max_per_address = 2;
    connections_past_the_caps_are_503(state);
}

static void a_trusted_proxy_has_no_cap_of_its_own(void **state)
{
    struct fixture *f = *state;
    struct cidr loopback;
    assert_true(cidr_parse(SLICE("127.0.0.1/32"), false, &loopback));
    f->o.max_per_address = 1;
    f->o.trusted_proxies = &loopback;
    f->o.trusted_proxy_count = 1;
    fixture_start(f);
    struct wire a = wire_on(wire_connect(f));
    wire_send(a.fd, ASK);
    wire_reply(&a, 200);
    assert_int_equal(wire_once(f, ASK, NULL, 0), 200);
    wire_close(&a);
}

static void far_too_many_connections_are_just_closed(void **state)
{
    struct fixture *f = *state;
    f->o.max_connections = 1;
    fixture_start(f);
    struct wire w[100];
    for (size_t i = 0; i < ARRAY_LEN(w); i++) w[i] = wire_on(wire_connect(f));
    wire_expect_end(&w[99]); // 1 and 64 more are kept to be told
    for (size_t i = 0; i < ARRAY_LEN(w); i++) wire_close(&w[i]);
}

static rlim_t files_in_use(void)
{
    int fd = dup(0);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    return (rlim_t)fd;
}

static void running_out_of_descriptors_neither_spins_nor_ends_it(void **state)
{
    struct fixture *f = *state;
    f->o.loops = 1;
    fixture_start(f);
    int64_t before = rejected("files");
    struct wire w[6];
    struct rlimit was, low;
    assert_int_equal(wire_once(f, ASK, NULL, 0), 200);
    for (size_t i = 0; i < ARRAY_LEN(w); i++) w[i] = wire_on(wire_socket(AF_INET)); // ours, made while there are some
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
    low = was;
    low.rlim_cur = files_in_use();
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    struct slice port = slice_of(httpd_address(f->s)), host;
    uint64_t number = 0;
    assert_true(slice_cut(&port, ':', &host) && slice_u64(port, 65535, &number));
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)number)};
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (size_t i = 0; i < ARRAY_LEN(w); i++) assert_int_equal(connect(w[i].fd, (struct sockaddr *)&in, sizeof in), 0);
    int64_t start = now_ms();
    while (rejected("files") == before) assert_true(now_ms() - start < WIRE_WAIT_S * 1000);
    assert_int_equal(usleep(250000), 0);
    int64_t times = rejected("files") - before, most = (now_ms() - start) / 100 + 2;
    assert_in_range(times, 1, most); // one try a pause, each turning one client away
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
    assert_int_equal(wire_once(f, ASK, NULL, 0), 200);
    for (size_t i = 0; i < ARRAY_LEN(w); i++) wire_close(&w[i]);
}

// Each allocation fails once: the connection may be lost, the server may not.
static void no_single_allocation_can_break_it(void **state)
{
    struct fixture *f = *state;
    f->o.loops = 1;
    f->o.workers = 1;
    fixture_start(f);
    static const char head[] = "POST /pool/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 40000\r\n\r\n";
    static const char tail[] = ASK "bad\r\n\r\n";
    bool fired = true;
    for (uint64_t n = 1; fired && n < 200; n++) {
        mem_fault_set(n, false);
        struct wire w = wire_on(wire_connect(f));
        bool sent = wire_try_send(w.fd, head, strlen(head)) && wire_try_send(w.fd, f->app.big, 40000) &&
                    wire_try_send(w.fd, tail, strlen(tail));
        while (sent && wire_more(&w))
            ;
        wire_close(&w);
        fired = mem_fault_fired();
        mem_fault_set(0, false);
        assert_int_equal(wire_once(f, ASK, NULL, 0), 200);
    }
    assert_false(fired);
}

static void starting_survives_any_failed_allocation(void **state)
{
    struct fixture *f = *state;
    f->o.workers = 2;
    bool fired = true;
    for (uint64_t n = 1; fired && n < 200; n++) {
        struct error err = {0};
        mem_fault_set(n, false);
        enum err e = httpd_start(&f->o, &f->http, &f->s, &err);
        fired = mem_fault_fired();
        mem_fault_set(0, false);
        if (e) assert_true(fired && err.detail[0] && !f->s);
        httpd_stop(&f->s, 0);
    }
    assert_false(fired);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_slow_head_is_answered_408_at_an_absolute_deadline),
        T(an_idle_connection_is_closed_without_a_word),
        T(a_used_connection_outlives_the_idle_deadline),
        T(a_body_has_a_deadline),
        T(a_body_has_a_least_rate),
        T(a_client_that_reads_nothing_is_cut_in_time),
        T(a_body_past_the_cap_is_413_and_the_reply_arrives),
        T(heads_past_their_caps_are_414_and_431),
        T(a_client_that_floods_after_an_error_is_cut),
        T(a_full_queue_is_503_with_retry_after),
        T(connections_past_the_caps_are_503),
        T(connections_of_one_address_have_a_cap),
        T(a_trusted_proxy_has_no_cap_of_its_own),
        T(far_too_many_connections_are_just_closed),
        T(running_out_of_descriptors_neither_spins_nor_ends_it),
        T(no_single_allocation_can_break_it),
        T(starting_survives_any_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
