// SPDX-License-Identifier: Apache-2.0
// Server contexts that can be replaced while connections live, and non-blocking handshake, read and write.
// Called by: httpd, app. Must never: accept less than TLS 1.2, prompt, or leave OpenSSL's error queue filled.
#include "net/tls.h"

#include <errno.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/buf.h"
#include "base/cidr.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/mem.h"
#include "base/rand.h"

#define PEM_MAX  ((size_t)1024 * 1024)
#define TEXT_MAX ((size_t)64 * 1024)

struct tls_server {
    char *cert, *key; // paths, immutable
    struct lock lock;
    SSL_CTX *ctx; // under lock; counted by OpenSSL, so connections keep the one they began with
};

struct tls_conn {
    SSL *ssl;
    bool failed; // after a fatal error OpenSSL forbids SSL_shutdown
};

// ---- the context
static int no_passphrase(char *out, int cap, int writing, void *arg)
{
    (void)out, (void)cap, (void)writing, (void)arg;
    return -1; // a daemon cannot be asked; the default would prompt on the terminal
}

static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n, const unsigned char *in,
                       unsigned in_n, void *arg)
{
    (void)ssl, (void)arg;
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *pick;
    if (SSL_select_next_proto(&pick, out_n, ours, sizeof ours - 1, in, in_n) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL; // RFC 7301 3.2
    *out = pick;
    return SSL_TLSEXT_ERR_OK;
}

static const char *reason(void)
{
    unsigned long e = ERR_peek_last_error();
    const char *text = e ? ERR_reason_error_string(e) : NULL;
    return text ? text : "unknown reason";
}

// Reads it first ourselves, for a message that says whether the file or its contents are wrong.
static enum err check_file(const char *path, const char *what, struct error *err)
{
    struct buf text;
    struct error why;
    enum err e = file_read(path, PEM_MAX, &text, &why);
    if (e) return error_set(err, ERR_INVALID, "cannot read the TLS %s %s: %s", what, path, why.detail);
    bool pem = memmem(text.p, text.n, "-----BEGIN ", 11) != NULL;
    if (text.n) mem_wipe(text.p, text.n);
    buf_done(&text);
    if (pem) return ERR_OK;
    return error_set(err, ERR_INVALID, "the TLS %s %s is not a PEM file (it has no -----BEGIN line)", what, path);
}

static void restrict_protocol(SSL_CTX *ctx)
{
    (void)SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    // For TLS 1.2 only forward-secret AEAD suites; those of 1.3 are all such.
    (void)SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20");
    (void)SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    (void)SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                    SSL_MODE_RELEASE_BUFFERS);     // idle connections hold no buffers
    (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF); // tickets resume without memory of ours
    (void)SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"peerage", 7);
    (void)SSL_CTX_set_num_tickets(ctx, 1);
    SSL_CTX_set_read_ahead(ctx, 1); // fewer system calls
    SSL_CTX_set_alpn_select_cb(ctx, choose_alpn, NULL);
    SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
}

static enum err load(SSL_CTX *ctx, const char *cert, const char *key, struct error *err)
{
    if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
        return error_set(err, ERR_INVALID, "the TLS certificate %s is unusable: %s", cert, reason());
    if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1) {
        if (ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH)
            return error_set(err, ERR_INVALID, "the TLS key %s does not belong to the certificate %s", key, cert);
        return error_set(err, ERR_INVALID, "the TLS key %s is unusable: %s (a passphrase must be removed first)", key,
                         reason());
    }
    if (SSL_CTX_check_private_key(ctx) != 1)
        return error_set(err, ERR_INVALID, "the TLS key %s does not belong to the certificate %s", key, cert);
    return ERR_OK;
}

static enum err make_context(const char *cert, const char *key, SSL_CTX **ret, struct error *err)
{
    enum err e = check_file(cert, "certificate", err);
    if (!e) e = check_file(key, "key", err);
    if (e) return e;
    ERR_clear_error();
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (!ctx) return error_set(err, ERR_NOMEM, "OpenSSL has no memory for a TLS context");
    restrict_protocol(ctx);
    e = load(ctx, cert, key, err);
    ERR_clear_error();
    if (e)
        SSL_CTX_free(ctx);
    else
        *ret = ctx;
    return e;
}

// ---- servers
enum err tls_server_new(const char *cert, const char *key, struct tls_server **ret, struct error *err)
{
    struct tls_server *s = mem_zalloc(1, sizeof *s);
    if (!s) return error_set(err, ERR_NOMEM, "out of memory for TLS");
    lock_init(&s->lock, "tls");
    s->cert = mem_strndup(cert, strlen(cert));
    s->key = mem_strndup(key, strlen(key));
    enum err e =
        s->cert && s->key ? make_context(cert, key, &s->ctx, err) : error_set(err, ERR_NOMEM, "out of memory for TLS");
    if (e)
        tls_server_free(&s);
    else
        *ret = s;
    return e;
}

void tls_server_free(struct tls_server **sp)
{
    struct tls_server *s = *sp;
    if (!s) return;
    *sp = NULL;
    SSL_CTX_free(s->ctx);
    lock_done(&s->lock);
    mem_free(s->cert);
    mem_free(s->key);
    mem_free(s);
}

enum err tls_server_reload(struct tls_server *s, struct error *err)
{
    SSL_CTX *fresh = NULL;
    enum err e = make_context(s->cert, s->key, &fresh, err);
    if (e) return e;
    lock_take(&s->lock);
    SSL_CTX *old = s->ctx;
    s->ctx = fresh;
    lock_drop(&s->lock);
    SSL_CTX_free(old);
    return ERR_OK;
}

// ---- connections
struct tls_conn *tls_conn_new(struct tls_server *s, int fd)
{
    struct tls_conn *c = mem_zalloc(1, sizeof *c);
    if (!c) return NULL;
    lock_take(&s->lock);
    c->ssl = SSL_new(s->ctx);
    lock_drop(&s->lock);
    if (c->ssl && SSL_set_fd(c->ssl, fd) == 1) {
        SSL_set_accept_state(c->ssl);
        return c;
    }
    tls_conn_free(&c);
    ERR_clear_error();
    return NULL;
}

void tls_conn_free(struct tls_conn **cp)
{
    struct tls_conn *c = *cp;
    if (!c) return;
    *cp = NULL;
    SSL_free(c->ssl);
    mem_free(c);
}

// The queue is per thread and must be empty before each call, or SSL_get_error would see another connection's error.
static enum tls_io outcome(struct tls_conn *c, int result)
{
    int code = SSL_get_error(c->ssl, result);
    enum tls_io io = TLS_FAILED;
    if (code == SSL_ERROR_WANT_READ) io = TLS_WANT_READ;
    if (code == SSL_ERROR_WANT_WRITE) io = TLS_WANT_WRITE;
    if (code == SSL_ERROR_ZERO_RETURN) io = TLS_EOF;
    if (code == SSL_ERROR_SSL && ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST) io = TLS_PLAIN_HTTP;
    if (io == TLS_FAILED || io == TLS_PLAIN_HTTP) c->failed = true;
    ERR_clear_error();
    return io;
}

enum tls_io tls_handshake(struct tls_conn *c)
{
    int r = SSL_do_handshake(c->ssl);
    return r == 1 ? TLS_OK : outcome(c, r);
}

enum tls_io tls_read(struct tls_conn *c, void *p, size_t n, size_t *ret_n)
{
    if (c->failed) return TLS_FAILED;
    int r = SSL_read_ex(c->ssl, p, n, ret_n);
    if (r == 1) return TLS_OK;
    enum tls_io io = outcome(c, r);
    return io == TLS_PLAIN_HTTP ? TLS_FAILED : io;
}

enum tls_io tls_write(struct tls_conn *c, const void *p, size_t n, size_t *ret_n)
{
    if (c->failed) return TLS_FAILED;
    int r = SSL_write_ex(c->ssl, p, n, ret_n);
    if (r == 1) return TLS_OK;
    enum tls_io io = outcome(c, r);
    return io == TLS_PLAIN_HTTP ? TLS_FAILED : io;
}

void tls_close_notify(struct tls_conn *c)
{
    if (c->failed || !SSL_is_init_finished(c->ssl)) return;
    (void)SSL_shutdown(c->ssl); // one try; the FIN behind it says the same
    ERR_clear_error();
}

// ---- self-signed
static bool add_extension(X509 *cert, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    bool ok = ext && X509_add_ext(cert, ext, -1) == 1;
    X509_EXTENSION_free(ext);
    return ok;
}

static bool fill_certificate(X509 *cert, EVP_PKEY *key, const char *host, unsigned days, struct wall now)
{
    char alt[300];
    struct buf b;
    struct ip ip;
    buf_init(&b, sizeof alt - 1);
    buf_fmt(&b, ip_parse(slice_of(host), &ip) ? "IP:%s" : "DNS:%s", host);
    bool ok = b.fail == BUF_OK && slice_copy(buf_view(&b), alt, sizeof alt);
    buf_done(&b);
    if (!ok) return false;
    X509_NAME *name = X509_get_subject_name(cert);
    time_t from = (time_t)wall_sec(now) - 3600; // clocks of clients may be slow
    uint64_t serial = rng_u64(&rng_system) >> 1;
    return X509_set_version(cert, X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial) == 1 &&
           ASN1_TIME_set(X509_getm_notBefore(cert), from) &&
           ASN1_TIME_set(X509_getm_notAfter(cert), from + (time_t)days * 86400) &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)host, -1, -1, 0) == 1 &&
           X509_set_issuer_name(cert, name) == 1 && X509_set_pubkey(cert, key) == 1 &&
           add_extension(cert, NID_basic_constraints, "critical,CA:TRUE") &&
           add_extension(cert, NID_subject_alt_name, alt) && X509_sign(cert, key, EVP_sha256()) > 0;
}

static enum err write_bio(BIO *bio, const char *path, unsigned mode, struct error *err)
{
    char *p = NULL;
    long n = BIO_get_mem_data(bio, &p);
    return file_write(path, slice_n(p, n > 0 ? (size_t)n : 0), mode, err);
}

enum err tls_self_signed(const char *cert_path, const char *key_path, const char *host, unsigned days, struct wall now,
                         struct error *err)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    BIO *key_text = BIO_new(BIO_s_secmem()), *cert_text = BIO_new(BIO_s_mem());
    enum err e = ERR_INTERNAL;
    if (key && cert && key_text && cert_text && fill_certificate(cert, key, host, days, now) &&
        PEM_write_bio_PrivateKey(key_text, key, NULL, NULL, 0, NULL, NULL) == 1 &&
        PEM_write_bio_X509(cert_text, cert) == 1) {
        e = write_bio(key_text, key_path, 0600, err);
        if (!e) e = write_bio(cert_text, cert_path, 0644, err);
    } else {
        (void)error_set(err, e, "cannot make a certificate for %s: %s", host, reason());
    }
    ERR_clear_error();
    BIO_free(key_text);
    BIO_free(cert_text);
    X509_free(cert);
    EVP_PKEY_free(key);
    return e;
}
