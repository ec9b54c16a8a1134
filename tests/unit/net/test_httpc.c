// SPDX-License-Identifier: Apache-2.0
// The HTTP client against raw answers: what goes out to the byte, every bound, and every way a server can be wrong.
// Called by: meson test. Must never: leave loopback.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka needs the three above first
#include <cmocka.h>
#include <sys/un.h>

#include "base/clock.h"
#include "net/httpc.h"
#include "tests/support/fake_http.h"

struct fixture {
    struct fake_http server;
    struct httpc *c;
    struct arena *a;
    char url[128];
    const char *raw; // sent as it is
    int hold[2];     // when not 0: the answer waits until this pipe closes
    struct httpc_reply reply;
    bool sent;
    struct error err;
};

static void answer_raw(void *ctx, int fd, const char *request, unsigned n)
{
    struct fixture *f = ctx;
    char c;
    (void)request, (void)n;
    fake_send(fd, f->raw);
    if (f->hold[0]) (void)!read(f->hold[0], &c, 1);
}

static void begin(struct fixture *f, const char *raw)
{
    struct httpc_options opt = {.user_agent = "peerage/test"};
    memset(f, 0, sizeof *f);
    f->raw = raw;
    fake_start(&f->server, answer_raw, f);
    snprintf(f->url, sizeof f->url, "http://127.0.0.1:%d/p?q=1", f->server.port);
    assert_int_equal(httpc_new(&opt, &f->c, &f->err), ERR_OK);
    f->a = arena_new(1 << 20);
}

static void end(struct fixture *f)
{
    if (f->hold[1]) close(f->hold[1]);
    fake_stop(&f->server);
    if (f->hold[0]) close(f->hold[0]);
    httpc_free(f->c);
    arena_free(f->a);
}

static struct httpc_request get(struct fixture *f)
{
    return (struct httpc_request){
        .method = "GET", .url = f->url, .connect_ms = 2000, .total_ms = 5000, .max_body = 1000};
}

static enum err run(struct fixture *f, const struct httpc_request *q)
{
    return httpc_do(f->c, q, f->a, &f->reply, &f->sent, &f->err);
}

static void test_post_sends_what_was_given_and_nothing_invented(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "HTTP/1.1 503 Slow Down\r\nContent-Type: text/xml\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\n"
              "X-Amzn-RequestId: abc\r\nRetry-After: 3\r\nx-amz-retry-after: 1500\r\nContent-Length: 4\r\n\r\n<x/>");
    struct header h[] = {{SLICE("Host"), SLICE("ec2.example:77")},
                         {SLICE("Content-Type"), SLICE("application/x-www-form-urlencoded; charset=utf-8")},
                         {SLICE("X-Empty"), {NULL, 0}}};
    struct httpc_request q = get(&f);
    q.method = "POST";
    q.headers = h;
    q.header_count = 3;
    q.body = SLICE("Action=X&Y=%20");
    assert_int_equal(run(&f, &q), ERR_OK);
    assert_int_equal(f.reply.status, 503);
    assert_true(f.sent);
    assert_true(slice_eq(f.reply.body, SLICE("<x/>")));
    assert_true(slice_eq(f.reply.content_type, SLICE("text/xml")));
    assert_true(slice_eq(f.reply.request_id, SLICE("abc")));
    assert_true(slice_eq(f.reply.retry_after, SLICE("3")));
    assert_true(slice_eq(f.reply.amz_retry_after, SLICE("1500")));
    assert_true(slice_eq(f.reply.date, SLICE("Mon, 01 Jan 2024 00:00:00 GMT")));
    assert_string_equal(fake_request(&f.server, 0),
                        "POST /p?q=1 HTTP/1.1\r\nHost: ec2.example:77\r\nUser-Agent: peerage/test\r\nAccept: */*\r\n"
                        "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\nX-Empty:\r\n"
                        "Content-Length: 14\r\n\r\nAction=X&Y=%20");
    end(&f);
}

static void test_put_without_body_has_no_content_type(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    struct httpc_request q = get(&f);
    q.method = "PUT";
    assert_int_equal(run(&f, &q), ERR_OK);
    assert_non_null(strstr(fake_request(&f.server, 0), "PUT /p?q=1 HTTP/1.1\r\n"));
    assert_non_null(strstr(fake_request(&f.server, 0), "Content-Length: 0\r\n"));
    assert_null(strcasestr(fake_request(&f.server, 0), "Content-Type"));
    assert_null(strcasestr(fake_request(&f.server, 0), "Expect"));
    end(&f);
}

static void test_redirects_are_answers(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
    struct httpc_request q = get(&f);
    assert_int_equal(run(&f, &q), ERR_OK);
    assert_int_equal(f.reply.status, 302);
    assert_int_equal(fake_count(&f.server), 1);
    end(&f);
}

static void test_interim_heads_are_forgotten(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "HTTP/1.1 100 Continue\r\nRetry-After: 9\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    struct httpc_request q = get(&f);
    assert_int_equal(run(&f, &q), ERR_OK);
    assert_int_equal(f.reply.status, 200);
    assert_null(f.reply.retry_after.p);
    end(&f);
}

static void expect_raw(const char *raw, enum err want, const char *why)
{
    struct fixture f;
    begin(&f, raw);
    struct httpc_request q = get(&f);
    assert_int_equal(run(&f, &q), want);
    if (want != ERR_OK) assert_non_null(strstr(f.err.detail, why));
    end(&f);
}

static void test_bad_answers_have_codes_and_reasons(void **state)
{
    (void)state;
    char *big = malloc(200 * 1024);
    expect_raw("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", ERR_TOO_LARGE, "larger than 1000 bytes");
    memset(big, 'a', 2000);
    big[2000] = '\0';
    char *chunked = malloc(8192);
    snprintf(chunked, 8192, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n%s\r\n0\r\n\r\n", big);
    expect_raw(chunked, ERR_TOO_LARGE, "larger than 1000 bytes");
    snprintf(chunked, 8192, "HTTP/1.1 200 OK\r\n\r\n%s", big); // ends with the connection
    expect_raw(chunked, ERR_TOO_LARGE, "larger than 1000 bytes");
    expect_raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", ERR_UNAVAILABLE, "7 bytes");
    expect_raw("", ERR_UNAVAILABLE, "Empty reply");
    expect_raw("<html>hello</html>", ERR_PROTOCOL, "HTTP/0.9");
    expect_raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", ERR_UNAVAILABLE, "");
    expect_raw("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more", ERR_OK, "");
    snprintf(big, 200 * 1024, "HTTP/1.1 200 OK\r\n");
    for (size_t n = strlen(big); n < 190 * 1024; n += 1008) {
        memcpy(big + n, "X: ", 3);
        memset(big + n + 3, 'b', 1003);
        memcpy(big + n + 1006, "\r\n", 3);
    }
    expect_raw(big, ERR_PROTOCOL, "bytes of headers");
    free(big);
    free(chunked);
}

static void test_bad_requests_are_not_sent(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    struct httpc_request q = get(&f);
    static const char *const urls[] = {"file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "http://"};
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        q.url = urls[i];
        assert_int_equal(run(&f, &q), ERR_INVALID);
        assert_false(f.sent);
    }
    struct header bad[] = {{SLICE("X"), SLICE("a\r\nY: b")},
                           {SLICE("X:"), SLICE("a")},
                           {SLICE("X y"), SLICE("a")},
                           {SLICE(""), SLICE("a")},
                           {SLICE("X"), slice_n("a\0b", 3)}};
    q.url = f.url;
    q.header_count = 1;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        q.headers = &bad[i];
        assert_int_equal(run(&f, &q), ERR_INVALID);
    }
    assert_int_equal(fake_count(&f.server), 0);
    end(&f);
}

static void test_refused_connection_was_not_sent(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "");
    int s = socket(AF_INET, SOCK_STREAM, 0); // bound but not listening: refuses, and nobody else can take the port
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    assert_int_equal(bind(s, (struct sockaddr *)&a, sizeof a), 0);
    getsockname(s, (struct sockaddr *)&a, &len);
    snprintf(f.url, sizeof f.url, "http://127.0.0.1:%d/", ntohs(a.sin_port));
    struct httpc_request q = get(&f);
    assert_int_equal(run(&f, &q), ERR_UNAVAILABLE);
    assert_false(f.sent);
    close(s);
    end(&f);
}

static void test_a_silent_server_times_out(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab");
    assert_int_equal(pipe(f.hold), 0);
    struct httpc_request q = get(&f);
    q.total_ms = 150;
    assert_int_equal(run(&f, &q), ERR_TIMEOUT);
    assert_true(f.sent);
    end(&f);
}

static void *cancel_main(void *ctx)
{
    struct fixture *f = ctx;
    while (fake_count(&f->server) == 0) usleep(1000);
    httpc_cancel(f->c);
    return NULL;
}

static void test_cancel_ends_the_transfer_and_later_ones(void **state)
{
    (void)state;
    struct fixture f;
    pthread_t t;
    begin(&f, "");
    assert_int_equal(pipe(f.hold), 0);
    struct httpc_request q = get(&f);
    q.total_ms = 20000;
    struct mono t0 = clock_mono(&clock_system);
    pthread_create(&t, NULL, cancel_main, &f);
    assert_int_equal(run(&f, &q), ERR_UNAVAILABLE);
    assert_non_null(strstr(f.err.detail, "cancelled"));
    assert_true(clock_mono(&clock_system).ns - t0.ns < 5 * NS_PER_SEC);
    pthread_join(t, NULL);
    assert_int_equal(run(&f, &q), ERR_UNAVAILABLE);
    assert_int_equal(fake_count(&f.server), 1);
    end(&f);
}

static void test_environment_proxies_are_not_read(void **state)
{
    (void)state;
    struct fixture f;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    begin(&f, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    struct httpc_request q = get(&f);
    assert_int_equal(run(&f, &q), ERR_OK);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
    end(&f);
}

static void test_https_goes_through_the_proxy_unless_told(void **state)
{
    (void)state;
    struct fixture f;
    char proxy[64];
    begin(&f, "HTTP/1.1 403 no\r\nContent-Length: 0\r\n\r\n");
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", f.server.port);
    struct httpc_options opt = {.https_proxy = proxy, .no_proxy = "skipped.invalid"};
    httpc_free(f.c);
    assert_int_equal(httpc_new(&opt, &f.c, &f.err), ERR_OK);
    struct httpc_request q = get(&f);
    q.url = "https://ec2.invalid/";
    assert_int_equal(run(&f, &q), ERR_UNAVAILABLE);
    assert_non_null(strstr(fake_request(&f.server, 0), "CONNECT ec2.invalid:443 HTTP/1.1"));
    q.url = "https://skipped.invalid/";
    assert_int_equal(run(&f, &q), ERR_UNAVAILABLE);
    q.url = "https://ec2.invalid/";
    q.no_proxy = true;
    assert_int_equal(run(&f, &q), ERR_UNAVAILABLE);
    assert_int_equal(fake_count(&f.server), 1);
    end(&f);
}

static void test_unix_sockets_are_spoken_to(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    fake_stop(&f.server);
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(a.sun_path, sizeof a.sun_path, "/tmp/peerage-httpc-%d.sock", (int)getpid());
    unlink(a.sun_path);
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(s, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(s, 4), 0);
    fake_serve(&f.server, s, answer_raw, &f);
    struct httpc_request q = get(&f);
    q.unix_socket = a.sun_path;
    q.url = "http://localhost/admin";
    assert_int_equal(run(&f, &q), ERR_OK);
    assert_true(slice_eq(f.reply.body, SLICE("ok")));
    unlink(a.sun_path);
    end(&f);
}

struct asked {
    unsigned times;
    bool allow;
    char last[IP_STR];
};

static bool may_connect(void *ctx, struct ip to)
{
    struct asked *k = ctx;
    k->times++;
    ip_format(to, k->last);
    return k->allow;
}

static void test_addresses_are_asked_for_before_a_connection_is_made(void **state)
{
    (void)state;
    struct fixture f;
    struct asked k = {.allow = false};
    begin(&f, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    struct httpc_request q = get(&f);
    q.may_connect = may_connect;
    q.may_ctx = &k;
    assert_int_equal(run(&f, &q), ERR_DENIED);
    assert_non_null(strstr(f.err.detail, "127.0.0.1"));
    assert_false(f.sent);
    assert_int_equal(fake_count(&f.server), 0);
    char url[64];
    snprintf(url, sizeof url, "http://localhost:%d/", f.server.port); // a name: asked after it was resolved
    q.url = url;
    assert_int_equal(run(&f, &q), ERR_DENIED);
    assert_int_equal(fake_count(&f.server), 0);
    snprintf(url, sizeof url, "http://[::ffff:127.0.0.1]:%d/", f.server.port);
    assert_int_equal(run(&f, &q), ERR_DENIED);
    assert_string_equal(k.last, "127.0.0.1");
    k.allow = true;
    q.url = f.url;
    assert_int_equal(run(&f, &q), ERR_OK);
    assert_int_equal(fake_count(&f.server), 1);
    assert_true(k.times >= 4);
    q.may_connect = NULL; // another request of the handle asks nobody
    assert_int_equal(run(&f, &q), ERR_OK);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_post_sends_what_was_given_and_nothing_invented),
        cmocka_unit_test(test_put_without_body_has_no_content_type),
        cmocka_unit_test(test_redirects_are_answers),
        cmocka_unit_test(test_addresses_are_asked_for_before_a_connection_is_made),
        cmocka_unit_test(test_interim_heads_are_forgotten),
        cmocka_unit_test(test_bad_answers_have_codes_and_reasons),
        cmocka_unit_test(test_bad_requests_are_not_sent),
        cmocka_unit_test(test_refused_connection_was_not_sent),
        cmocka_unit_test(test_a_silent_server_times_out),
        cmocka_unit_test(test_cancel_ends_the_transfer_and_later_ones),
        cmocka_unit_test(test_environment_proxies_are_not_read),
        cmocka_unit_test(test_https_goes_through_the_proxy_unless_told),
        cmocka_unit_test(test_unix_sockets_are_spoken_to),
    };
    return cmocka_run_group_tests_name("net/httpc", tests, NULL, NULL);
}
