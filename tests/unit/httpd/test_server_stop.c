// SPDX-License-Identifier: Apache-2.0
// Starting and stopping: addresses, busy ports, socket files, draining under load and with workers at work.
#include "wire.h"

#include <sys/stat.h>

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

static void wrong_start(struct fixture *f, enum err want, const char *part)
{
    struct error err = {0};
    struct httpd *untouched = (struct httpd *)(void *)f;
    assert_int_equal(httpd_start(&f->o, &f->http, &untouched, &err), want);
    assert_ptr_equal(untouched, f);
    if (!strstr(err.detail, part)) fail_msg("\"%s\" lacks \"%s\"", err.detail, part);
}

static bool has_ipv6(void)
{
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && bind(fd, (struct sockaddr *)&in6, sizeof in6) == 0;
    if (fd >= 0) assert_int_equal(close(fd), 0);
    return ok;
}

static void addresses_are_bound_as_written(void **state)
{
    struct fixture *f = *state;
    static const char *const cases[][2] = {{"127.0.0.1:0", "127.0.0.1:"},
                                           {"[::1]:0", "[::1]:"},
                                           {"localhost:0", "127.0.0.1:"},
                                           {":0", "[::]:"},
                                           {"*:0", "[::]:"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        f->o.listen = cases[i][0];
        if (cases[i][1][0] == '[' && !has_ipv6()) continue;
        fixture_start(f);
        assert_memory_equal(httpd_address(f->s), cases[i][1], strlen(cases[i][1]));
        assert_null(strstr(httpd_address(f->s), ":0"));
        httpd_stop(&f->s, 0);
    }
}

static void every_address_is_both_families_and_peers_stay_ipv4(void **state)
{
    struct fixture *f = *state;
    f->o.listen = ":0";
    fixture_start(f);
    char address[64], body[64];
    (void)snprintf(address, sizeof address, "127.0.0.1:%s", strrchr(httpd_address(f->s), ':') + 1);
    struct wire w = wire_on(wire_connect_to(address));
    wire_send(w.fd, "GET /who HTTP/1.1\r\nHost: x\r\n\r\n");
    wire_reply(&w, 200);
    (void)snprintf(body, sizeof body, "%s", w.body);
    assert_string_equal(body, "127.0.0.1 plain");
    wire_close(&w);
}

static void wrong_options_say_what_is_wrong(void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = {
        "",       "8080",  "127.0.0.1", "127.0.0.1:",     "127.0.0.1:x",  "127.0.0.1:65536",
        "::1:80", "[::1]", "[::1",      "[127.0.0.1]:80", "127.0.0.1:-1", "a:b:1"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        f->o.listen = bad[i];
        wrong_start(f, ERR_INVALID, "HOST:PORT");
    }
    f->o.listen = "192.0.2.1:0";
    wrong_start(f, ERR_INVALID, "no address 192.0.2.1:0");
    f->o.listen = "unix:relative";
    wrong_start(f, ERR_INVALID, "not absolute");
    f->o.listen = "127.0.0.1:0";
    f->o.tls_key = "/nowhere";
    wrong_start(f, ERR_INVALID, "both a certificate and a key");
    f->o.tls_key = NULL;
    f->o.idle_ms = 0;
    wrong_start(f, ERR_INVALID, "limit");
    f->o.idle_ms = 75000;
    f->o.body_max = UINT64_MAX;
    wrong_start(f, ERR_INVALID, "body_max");
}

static void *no_thread(void *ctx, bool is_loop)
{
    (void)ctx;
    return is_loop ? NULL : ctx;
}

static void a_thread_that_cannot_begin_fails_the_start(void **state)
{
    struct fixture *f = *state;
    f->http.thread_begin = no_thread;
    f->http.thread_end = NULL;
    f->o.workers = 1;
    wrong_start(f, ERR_UNAVAILABLE, "could not get what it needs");
}

static void a_busy_port_is_named_with_the_way_out(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    struct httpd_options first = f->o;
    char address[64];
    (void)snprintf(address, sizeof address, "%s", httpd_address(f->s));
    f->o.listen = address;
    wrong_start(f, ERR_EXISTS, address);
    wrong_start(f, ERR_EXISTS, "--listen");
    f->o = first;
    assert_int_equal(wire_once(f, ASK, NULL, 0), 200); // the one that has it is not disturbed
}

static void a_port_is_free_again_at_once(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    char address[64];
    (void)snprintf(address, sizeof address, "%s", httpd_address(f->s));
    struct wire w = wire_on(wire_connect(f));
    wire_send(w.fd, ASK);
    wire_reply(&w, 200);
    httpd_stop(&f->s, 0);
    wire_expect_end(&w);
    wire_close(&w);
    f->o.listen = address;
    fixture_start(f);
    assert_int_equal(wire_once(f, ASK, NULL, 0), 200);
}

static void a_socket_file_is_private_and_replaced_only_when_dead(void **state)
{
    struct fixture *f = *state;
    char dir[] = "/tmp/peerage-test-XXXXXX", path[64], listen_on[80], body[64];
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/s", dir);
    (void)snprintf(listen_on, sizeof listen_on, "unix:%s", path);
    f->o.listen = listen_on;
    fixture_start(f);
    struct stat st;
    assert_int_equal(lstat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_string_equal(httpd_address(f->s), path);
    assert_int_equal(wire_once(f, "GET /who HTTP/1.1\r\nHost: x\r\n\r\n", body, sizeof body), 200);
    assert_string_equal(body, "unix plain");
    wrong_start(f, ERR_EXISTS, "another process serves");
    httpd_stop(&f->s, 0);
    assert_int_equal(lstat(path, &st), -1); // removed
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    assert_true(cstr_set(un.sun_path, sizeof un.sun_path, path));
    int fd = wire_socket(AF_UNIX);
    assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof un), 0);
    assert_int_equal(close(fd), 0); // as a crash leaves it
    fixture_start(f);
    assert_int_equal(wire_once(f, ASK, NULL, 0), 200);
    httpd_stop(&f->s, 0);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    wrong_start(f, ERR_EXISTS, "no socket");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
}

static void stopping_closes_idle_connections_soon(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    struct wire used = wire_on(wire_connect(f)), fresh = wire_on(wire_connect(f));
    wire_send(used.fd, ASK);
    wire_reply(&used, 200);
    int64_t start = now_ms();
    httpd_stop(&f->s, 10000);
    assert_true(now_ms() - start < 5000);
    wire_expect_end(&used);
    wire_expect_end(&fresh);
    wire_close(&used);
    wire_close(&fresh);
}

struct stopping {
    struct fixture *f;
    int64_t drain_ms;
    pthread_t thread;
};

static void *stop_main(void *arg)
{
    struct stopping *s = arg;
    httpd_stop(&s->f->s, s->drain_ms);
    return NULL;
}

static void stop_begin(struct stopping *s)
{
    assert_int_equal(pthread_create(&s->thread, NULL, stop_main, s), 0);
}

static void stopping_waits_for_what_a_worker_and_a_client_have_begun(void **state)
{
    struct fixture *f = *state;
    f->o.workers = 1;
    fixture_start(f);
    gate_set(&f->app.gate, false);
    struct wire work = wire_on(wire_connect(f)), half = wire_on(wire_connect(f));
    wire_send(work.fd, "GET /gate HTTP/1.1\r\nHost: x\r\n\r\n");
    wire_send(half.fd, "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    wire_reply(&half, 100);
    gate_await(&f->app.gate, 1);
    struct stopping s = {f, 20000};
    stop_begin(&s);
    assert_true(wire_silent(&work, 300) && wire_silent(&half, 1));
    wire_send(half.fd, "abc");
    wire_reply(&half, 200);
    assert_string_equal(half.body, "abc");
    assert_true(wire_has(&half, "Connection", "close"));
    wire_close(&half);
    gate_set(&f->app.gate, true);
    wire_reply(&work, 200);
    assert_true(wire_has(&work, "Connection", "close"));
    wire_expect_end(&work);
    wire_close(&work);
    assert_int_equal(pthread_join(s.thread, NULL), 0);
}

static void stopping_cuts_what_is_left_at_its_deadline(void **state)
{
    struct fixture *f = *state;
    f->o.workers = 1;
    fixture_start(f);
    gate_set(&f->app.gate, false);
    struct wire work = wire_on(wire_connect(f)), half = wire_on(wire_connect(f));
    wire_send(work.fd, "GET /gate HTTP/1.1\r\nHost: x\r\n\r\n");
    wire_send(half.fd, "GET /a HTTP/1.1\r\nHo");
    gate_await(&f->app.gate, 1);
    struct stopping s = {f, 60};
    stop_begin(&s);
    wire_expect_end(&work);
    wire_expect_end(&half);
    wire_close(&work);
    wire_close(&half);
    gate_set(&f->app.gate, true); // the handler runs to its end all the same
    assert_int_equal(pthread_join(s.thread, NULL), 0);
    assert_int_equal(f->app.handled, 1);
}

struct hammer {
    struct fixture *f;
    pthread_t thread;
    const char *ask;
    unsigned answered, failed;
};

// Asks until the server says goodbye. A request that was sent and got no whole reply is a failure.
static void *hammer_main(void *arg)
{
    struct hammer *h = arg;
    struct wire w = wire_on(wire_connect(h->f));
    bool more = true;
    while (more) {
        bool ok = wire_try_send(w.fd, h->ask, strlen(h->ask)) && wire_try_reply(&w, false) && w.status == 200;
        if (ok)
            h->answered++;
        else
            h->failed++;
        more = ok && !wire_has(&w, "Connection", "close");
    }
    wire_close(&w);
    return NULL;
}

static void draining_under_load_fails_no_request(void **state)
{
    struct fixture *f = *state;
    f->o.workers = 2;
    static const char *const asks[] = {ASK, "GET /pool/b HTTP/1.1\r\nHost: x\r\n\r\n",
                                       "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
                                       "GET /size/70000 HTTP/1.1\r\nHost: x\r\n\r\n"};
    for (int round = 0; round < 3; round++) {
        fixture_start(f);
        struct hammer h[8];
        for (size_t i = 0; i < ARRAY_LEN(h); i++) {
            h[i] = (struct hammer){.f = f, .ask = asks[i % ARRAY_LEN(asks)]};
            assert_int_equal(pthread_create(&h[i].thread, NULL, hammer_main, &h[i]), 0);
        }
        unsigned before = f->app.handled;
        while (f->app.handled < before + 400) assert_int_equal(usleep(1000), 0);
        struct httpd *s = f->s;
        httpd_stop(&s, 10000);
        unsigned answered = 0;
        for (size_t i = 0; i < ARRAY_LEN(h); i++) {
            assert_int_equal(pthread_join(h[i].thread, NULL), 0);
            assert_int_equal(h[i].failed, 0);
            answered += h[i].answered;
        }
        assert_true(answered >= 400);
    }
    f->s = NULL;
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(addresses_are_bound_as_written),
        T(every_address_is_both_families_and_peers_stay_ipv4),
        T(wrong_options_say_what_is_wrong),
        T(a_thread_that_cannot_begin_fails_the_start),
        T(a_busy_port_is_named_with_the_way_out),
        T(a_port_is_free_again_at_once),
        T(a_socket_file_is_private_and_replaced_only_when_dead),
        T(stopping_closes_idle_connections_soon),
        T(stopping_waits_for_what_a_worker_and_a_client_have_begun),
        T(stopping_cuts_what_is_left_at_its_deadline),
        T(draining_under_load_fails_no_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
