// SPDX-License-Identifier: Apache-2.0
// TLS for listeners, over non-blocking sockets: OpenSSL's ssl.h lives behind it. TLS 1.2 and 1.3, ALPN http/1.1.
// Called by: httpd; app for its own certificate in dev. Must never: block, prompt for a passphrase, or log a key.
#pragma once

#include "base/clock.h"
#include "base/error.h"

struct tls_server; // certificate and key; thread-safe
struct tls_conn;   // one connection; of one thread at a time

// cert: PEM with the chain, leaf first; key: PEM without passphrase. ERR_INVALID names the file and how to mend it.
enum err tls_server_new(const char *cert, const char *key, struct tls_server **ret, struct error *err) MUST_CHECK;
void tls_server_free(struct tls_server **s); // NULL-safe; connections made from it live on
// Reads the same paths again. Connections that are open keep what they began with; on failure nothing changes.
enum err tls_server_reload(struct tls_server *s, struct error *err) MUST_CHECK;

enum tls_io {
    TLS_OK,
    TLS_WANT_READ,  // again when the socket is readable
    TLS_WANT_WRITE, // again when the socket is writable; after tls_write with the same bytes (they may have moved)
    TLS_EOF,        // the other side ended, with or without a close_notify
    TLS_FAILED,     // tls_conn_free and close
    TLS_PLAIN_HTTP  // tls_handshake only: the client speaks plain HTTP; its bytes are gone, a plain reply may be sent
};
struct tls_conn *tls_conn_new(struct tls_server *s,
                              int fd) MUST_CHECK; // NULL when out of memory; fd stays the caller's
void tls_conn_free(struct tls_conn **c);
enum tls_io tls_handshake(struct tls_conn *c) MUST_CHECK;
enum tls_io tls_read(struct tls_conn *c, void *p, size_t n, size_t *ret_n) MUST_CHECK;
// Writes some of it. The thread must have SIGPIPE blocked or ignored.
enum tls_io tls_write(struct tls_conn *c, const void *p, size_t n, size_t *ret_n) MUST_CHECK;
void tls_close_notify(struct tls_conn *c); // says goodbye once, as far as the socket takes it

// Writes a fresh P-256 key (mode 0600) and a certificate for `host` (a name or an IP address) that it signed itself,
// good for `days` from `now`. For dev and tests.
enum err tls_self_signed(const char *cert_path, const char *key_path, const char *host, unsigned days, struct wall now,
                         struct error *err) MUST_CHECK;
