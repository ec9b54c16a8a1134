// SPDX-License-Identifier: Apache-2.0
// The server over TLS: bodies both ways, versions, ALPN, renewal, and clients that speak something else.
#include "wire.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/file.h"
#include "net/tls.h"

#define ASK "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"

struct tls_fixture {
    struct fixture f;
    char dir[64], cert[96], key[96];
    SSL_CTX *client;
};

static void make_certificate(struct tls_fixture *t, const char *host)
{
    struct error err = {0};
    if (tls_self_signed(t->cert, t->key, host, 30, clock_wall(&clock_system), &err)) fail_msg("%s", err.detail);
}

static int set_up(void **state)
{
    struct tls_fixture *t = calloc(1, sizeof *t);
    assert_non_null(t);
    fixture_init(&t->f);
    (void)snprintf(t->dir, sizeof t->dir, "/tmp/peerage-tls-XXXXXX");
    assert_non_null(mkdtemp(t->dir));
    (void)snprintf(t->cert, sizeof t->cert, "%s/cert.pem", t->dir);
    (void)snprintf(t->key, sizeof t->key, "%s/key.pem", t->dir);
    make_certificate(t, "localhost");
    t->f.o.tls_cert = t->cert;
    t->f.o.tls_key = t->key;
    t->f.o.workers = 1;
    t->client = SSL_CTX_new(TLS_client_method());
    assert_non_null(t->client);
    *state = t;
    return 0;
}

static int tear_down(void **state)
{
    struct tls_fixture *t = *state;
    fixture_end(&t->f);
    SSL_CTX_free(t->client);
    (void)unlink(t->cert);
    (void)unlink(t->key);
    assert_int_equal(rmdir(t->dir), 0);
    free(t);
    return 0;
}

static SSL *tls_connect(struct tls_fixture *t)
{
    SSL *ssl = SSL_new(t->client);
    assert_non_null(ssl);
    assert_int_equal(SSL_set_fd(ssl, wire_connect(&t->f)), 1);
    return ssl;
}

static void tls_end(SSL *ssl)
{
    int fd = SSL_get_fd(ssl);
    SSL_free(ssl);
    assert_int_equal(close(fd), 0);
}

static void tls_send(SSL *ssl, const char *p, size_t n)
{
    size_t done = 0;
    assert_int_equal(SSL_write_ex(ssl, p, n, &done), 1);
    assert_int_equal(done, n);
}

// Reads one reply; body gets at most cap bytes. Gives the status.
static int tls_reply(SSL *ssl, char *body, size_t cap, size_t *ret_n)
{
    static char head[8192];
    size_t n = 0, got;
    char *end = NULL;
    while (!end) {
        assert_true(n + 1 < sizeof head && SSL_read_ex(ssl, head + n, 1, &got) == 1);
        head[++n] = '\0';
        end = strstr(head, "\r\n\r\n");
    }
    char *length = strstr(head, "Content-Length: ");
    size_t want = length ? strtoul(length + 16, NULL, 10) : 0;
    assert_true(want <= cap);
    for (*ret_n = 0; *ret_n < want; *ret_n += got)
        assert_int_equal(SSL_read_ex(ssl, body + *ret_n, want - *ret_n, &got), 1);
    return (int)strtol(head + 9, NULL, 10);
}

static int common_name_is(SSL *ssl, const char *host)
{
    X509 *cert = SSL_get1_peer_certificate(ssl);
    assert_non_null(cert);
    int same = X509_check_host(cert, host, 0, 0, NULL);
    X509_free(cert);
    return same;
}

static void requests_are_answered_over_both_versions(void **state)
{
    struct tls_fixture *t = *state;
    fixture_start(&t->f);
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    char body[64];
    size_t n;
    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        assert_int_equal(SSL_CTX_set_max_proto_version(t->client, versions[i]), 1);
        SSL *ssl = tls_connect(t);
        assert_int_equal(SSL_connect(ssl), 1);
        assert_int_equal(SSL_version(ssl), versions[i]);
        assert_int_equal(common_name_is(ssl, "localhost"), 1);
        static const char three[] = ASK "GET /pool/who HTTP/1.1\r\nHost: x\r\n\r\n" ASK;
        tls_send(ssl, three, sizeof three - 1);
        assert_int_equal(tls_reply(ssl, body, sizeof body, &n), 200);
        assert_memory_equal(body, "/a", n);
        assert_int_equal(tls_reply(ssl, body, sizeof body, &n), 200);
        assert_memory_equal(body, "127.0.0.1 secure", n);
        assert_int_equal(tls_reply(ssl, body, sizeof body, &n), 200);
        tls_end(ssl);
    }
}

static void old_versions_are_refused(void **state)
{
    struct tls_fixture *t = *state;
    fixture_start(&t->f);
    int64_t before = rejected("tls");
    SSL_CTX_set_security_level(t->client, 0);
    assert_int_equal(SSL_CTX_set_max_proto_version(t->client, TLS1_1_VERSION), 1);
    SSL *ssl = tls_connect(t);
    assert_int_not_equal(SSL_connect(ssl), 1);
    tls_end(ssl);
    for (int i = 0; i < WIRE_WAIT_S * 200 && rejected("tls") == before; i++) assert_int_equal(usleep(5000), 0);
    assert_int_equal(rejected("tls") - before, 1);
}

static void large_bodies_pass_both_ways(void **state)
{
    struct tls_fixture *t = *state;
    fixture_start(&t->f);
    size_t size = 1048576, n;
    char *body = malloc(WIRE_BODY_MAX), head[128];
    assert_non_null(body);
    SSL *ssl = tls_connect(t);
    assert_int_equal(SSL_connect(ssl), 1);
    for (int i = 0; i < 3; i++) {
        (void)snprintf(head, sizeof head, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", size);
        tls_send(ssl, head, strlen(head));
        tls_send(ssl, t->f.app.big + i, size);
        assert_int_equal(tls_reply(ssl, body, WIRE_BODY_MAX, &n), 200);
        assert_int_equal(n, size);
        assert_memory_equal(body, t->f.app.big + i, n);
    }
    static const char large[] = "GET /size/6000000 HTTP/1.1\r\nHost: x\r\n\r\n" ASK;
    tls_send(ssl, large, sizeof large - 1);
    assert_int_equal(usleep(20000), 0); // it fills the socket before we read
    assert_int_equal(tls_reply(ssl, body, WIRE_BODY_MAX, &n), 200);
    assert_int_equal(n, 6000000);
    assert_memory_equal(body, t->f.app.big, n);
    assert_int_equal(tls_reply(ssl, body, WIRE_BODY_MAX, &n), 200);
    tls_end(ssl);
    free(body);
}

static void closing_says_goodbye(void **state)
{
    struct tls_fixture *t = *state;
    fixture_start(&t->f);
    char body[64];
    size_t n;
    SSL *ssl = tls_connect(t);
    assert_int_equal(SSL_connect(ssl), 1);
    static const char last[] = "GET /close HTTP/1.1\r\nHost: x\r\n\r\n";
    tls_send(ssl, last, sizeof last - 1);
    assert_int_equal(tls_reply(ssl, body, sizeof body, &n), 200);
    int r = SSL_read(ssl, body, sizeof body);
    assert_int_equal(SSL_get_error(ssl, r), SSL_ERROR_ZERO_RETURN); // close_notify, so nobody cut the reply
    tls_end(ssl);
}

static void alpn_offers_http_1_1_only(void **state)
{
    struct tls_fixture *t = *state;
    fixture_start(&t->f);
    static const unsigned char both[] = "\x02h2\x08http/1.1", only_h2[] = "\x02h2";
    const unsigned char *chosen;
    unsigned n;
    assert_int_equal(SSL_CTX_set_alpn_protos(t->client, both, sizeof both - 1), 0);
    SSL *ssl = tls_connect(t);
    assert_int_equal(SSL_connect(ssl), 1);
    SSL_get0_alpn_selected(ssl, &chosen, &n);
    assert_int_equal(n, 8);
    assert_memory_equal(chosen, "http/1.1", 8);
    tls_end(ssl);
    assert_int_equal(SSL_CTX_set_alpn_protos(t->client, only_h2, sizeof only_h2 - 1), 0);
    ssl = tls_connect(t);
    assert_int_not_equal(SSL_connect(ssl), 1);
    tls_end(ssl);
}

static void renewal_serves_new_connections_and_keeps_old_ones(void **state)
{
    struct tls_fixture *t = *state;
    fixture_start(&t->f);
    struct error err = {0};
    char body[64];
    size_t n;
    SSL *before = tls_connect(t);
    assert_int_equal(SSL_connect(before), 1);
    make_certificate(t, "renewed.example");
    assert_int_equal(httpd_reload_tls(t->f.s, &err), ERR_OK);
    SSL *after = tls_connect(t);
    assert_int_equal(SSL_connect(after), 1);
    assert_int_equal(common_name_is(after, "renewed.example"), 1);
    assert_int_equal(common_name_is(before, "localhost"), 1);
    tls_send(before, ASK, sizeof ASK - 1);
    assert_int_equal(tls_reply(before, body, sizeof body, &n), 200);
    tls_end(before);
    tls_end(after);
    // a broken file changes nothing
    assert_int_equal(file_write(t->key, SLICE("no key"), 0600, &err), ERR_OK);
    assert_int_equal(httpd_reload_tls(t->f.s, &err), ERR_INVALID);
    assert_non_null(strstr(err.detail, t->key));
    after = tls_connect(t);
    assert_int_equal(SSL_connect(after), 1);
    assert_int_equal(common_name_is(after, "renewed.example"), 1);
    tls_end(after);
}

static void wrong_files_are_named(void **state)
{
    struct tls_fixture *t = *state;
    struct error err = {0};
    struct tls_server *s = NULL;
    char other[96];
    (void)snprintf(other, sizeof other, "%s/other.pem", t->dir);
    assert_int_equal(tls_server_new("/nowhere/cert.pem", t->key, &s, &err), ERR_INVALID);
    assert_non_null(strstr(err.detail, "/nowhere/cert.pem"));
    assert_int_equal(tls_server_new(t->key, t->key, &s, &err), ERR_INVALID); // a key is no certificate
    assert_non_null(strstr(err.detail, t->key));
    struct tls_fixture second = *t;
    memcpy(second.cert, other, sizeof other);
    make_certificate(&second, "127.0.0.1"); // writes a new key beside the old certificate
    assert_int_equal(tls_server_new(t->cert, t->key, &s, &err), ERR_INVALID);
    assert_non_null(strstr(err.detail, "does not belong"));
    assert_int_equal(file_write(t->key,
                                SLICE("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n"
                                      "-----END ENCRYPTED PRIVATE KEY-----\n"),
                                0600, &err),
                     ERR_OK);
    assert_int_equal(tls_server_new(other, t->key, &s, &err), ERR_INVALID); // and does not prompt
    assert_non_null(strstr(err.detail, "passphrase"));
    assert_null(s);
    assert_int_equal(unlink(other), 0);
}

static void the_key_of_its_own_certificate_is_private(void **state)
{
    struct tls_fixture *t = *state;
    struct stat st;
    assert_int_equal(stat(t->key, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    make_certificate(t, "127.0.0.1");
    fixture_start(&t->f);
    SSL *ssl = tls_connect(t);
    assert_int_equal(SSL_CTX_load_verify_locations(t->client, t->cert, NULL), 1);
    SSL_free(ssl);
    ssl = tls_connect(t);
    SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
    assert_int_equal(X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), "127.0.0.1"), 1);
    assert_int_equal(SSL_connect(ssl), 1);
    tls_end(ssl);
}

static void plain_http_on_the_tls_port_is_told(void **state)
{
    struct tls_fixture *t = *state;
    fixture_start(&t->f);
    struct wire w = wire_on(wire_connect(&t->f));
    wire_send(w.fd, ASK);
    wire_reply(&w, 400);
    assert_non_null(strstr(w.body, "https"));
    wire_expect_end(&w);
    wire_close(&w);
}

static void noise_and_silence_end_without_harm(void **state)
{
    struct tls_fixture *t = *state;
    t->f.o.header_ms = 100;
    fixture_start(&t->f);
    struct wire noise = wire_on(wire_connect(&t->f)), silence = wire_on(wire_connect(&t->f));
    wire_send(noise.fd, "\x16\x03\x01\xff\xff\xff\xff\xff noise that is no handshake at all");
    while (wire_more(&noise)) // an alert may come
        ;
    wire_expect_end(&silence);
    wire_close(&noise);
    wire_close(&silence);
    for (int i = 0; i < 5; i++) { // clients that vanish inside a reply
        SSL *ssl = tls_connect(t);
        assert_int_equal(SSL_connect(ssl), 1);
        static const char large[] = "GET /size/6000000 HTTP/1.1\r\nHost: x\r\n\r\n";
        tls_send(ssl, large, sizeof large - 1);
        tls_end(ssl);
    }
    SSL *ssl = tls_connect(t);
    assert_int_equal(SSL_connect(ssl), 1);
    tls_end(ssl);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(requests_are_answered_over_both_versions),
        T(old_versions_are_refused),
        T(large_bodies_pass_both_ways),
        T(closing_says_goodbye),
        T(alpn_offers_http_1_1_only),
        T(renewal_serves_new_connections_and_keeps_old_ones),
        T(wrong_files_are_named),
        T(the_key_of_its_own_certificate_is_private),
        T(plain_http_on_the_tls_port_is_told),
        T(noise_and_silence_end_without_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
