// SPDX-License-Identifier: Apache-2.0
// Signature Version 4 on AWS' published vectors, both to sign and to verify, and what verification must refuse.
// Called by: meson test. Must never: pass when a canonical byte differs.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka needs the three above first
#include <cmocka.h>

#include "base/encode.h"
#include "base/mem.h"
#include "net/crypto.h"
#include "net/sigv4.h"

struct vector {
    const char *name, *method, *path, *query, *headers, *body, *token, *canonical, *hash, *authorization;
};
#define VECTOR(name, method, path, query, headers, body, token, canonical, hash, authorization)                        \
    {name, method, path, query, headers, body, token, canonical, hash, authorization},
static const struct vector vectors[] = {
#include "sigv4_vectors.inc"
};
#undef VECTOR

#define SECRET SLICE("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
static const struct sigv4_scope scope = {{"us-east-1", 9}, {"service", 7}};

// "Name:value" lines; a line that begins with white space continues the one before.
static unsigned split_headers(const char *text, struct header *out)
{
    unsigned n = 0;
    struct slice rest = slice_of(text), line;
    while (rest.n) {
        (void)slice_cut(&rest, '\n', &line);
        if (line.n && line.p[0] == ' ') {
            out[n - 1].value.n = (size_t)(line.p + line.n - out[n - 1].value.p);
            continue;
        }
        assert_true(slice_cut(&line, ':', &out[n].name));
        out[n++].value = line;
    }
    return n;
}

static struct wall vector_time(void)
{
    struct wall w;
    assert_true(wall_parse_sigv4(SLICE("20150830T123600Z"), &w));
    return w;
}

static struct sigv4_input input_of(const struct vector *v, struct header *headers)
{
    return (struct sigv4_input){.method = slice_of(v->method),
                                .path = slice_of(v->path),
                                .query = slice_of(v->query),
                                .headers = headers,
                                .header_count = split_headers(v->headers, headers),
                                .payload = slice_of(v->body),
                                .normalize_path = true};
}

static void test_published_vectors_sign_to_the_byte(void **state)
{
    (void)state;
    assert_int_equal(ARRAY_LEN(vectors), 34);
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        const struct vector *v = &vectors[i];
        struct header headers[SIGV4_HEADERS_MAX];
        struct sigv4_input in = input_of(v, headers);
        struct sigv4_key key = {SLICE("AKIDEXAMPLE"), SECRET, slice_of(v->token)};
        struct arena *a = arena_new(1 << 20);
        struct buf canonical, out;
        struct slice names;
        struct error err;
        buf_init(&canonical, 1 << 20);
        buf_init(&out, 1 << 20);
        assert_int_equal(sigv4_canonical(&in, &canonical, &names, a, &err), ERR_OK);
        buf_char(&canonical, '\0');
        assert_string_equal(canonical.p, v->canonical);
        assert_int_equal(sigv4_authorization(&in, &key, &scope, vector_time(), a, &out, &err), ERR_OK);
        buf_char(&out, '\0');
        assert_string_equal(out.p, v->authorization);
        struct slice text = slice_of(v->canonical);
        uint8_t hash[32];
        char hex[65];
        crypto_sha256(&text, 1, hash);
        hex_encode(hash, 32, hex);
        assert_string_equal(hex, v->hash);
        buf_done(&canonical);
        buf_done(&out);
        arena_free(a);
    }
}

static void test_published_vectors_verify(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        const struct vector *v = &vectors[i];
        struct header headers[SIGV4_HEADERS_MAX];
        struct sigv4_input in = input_of(v, headers);
        struct arena *a = arena_new(1 << 20);
        struct request r = {.method_text = in.method,
                            .path = in.path,
                            .query = in.query,
                            .headers = headers,
                            .header_count = in.header_count,
                            .body = in.payload,
                            .arena = a};
        struct sigv4_credential c;
        struct error err;
        assert_int_equal(sigv4_parse_authorization(slice_of(v->authorization), &c, &err), ERR_OK);
        assert_true(slice_eq(c.access_key_id, SLICE("AKIDEXAMPLE")));
        assert_true(slice_eq(c.region, SLICE("us-east-1")));
        assert_int_equal(sigv4_verify(&r, &c, SECRET, &err), ERR_OK);
        assert_int_equal(sigv4_verify(&r, &c, SLICE("wrong"), &err), ERR_DENIED);
        arena_free(a);
    }
}

struct signed_request {
    struct header headers[6];
    struct request r;
    struct sigv4_credential c;
    struct arena *a;
    struct buf auth;
};

static void make_signed(struct signed_request *s)
{
    s->a = arena_new(1 << 20);
    s->headers[0] = (struct header){SLICE("Host"), SLICE("ec2.us-east-1.amazonaws.com")};
    s->headers[1] = (struct header){SLICE("X-Amz-Date"), SLICE("20150830T123600Z")};
    s->headers[2] = (struct header){SLICE("Content-Type"), SLICE("application/x-www-form-urlencoded")};
    s->r = (struct request){.method_text = SLICE("POST"),
                            .path = SLICE("/"),
                            .query = SLICE("a=1"),
                            .headers = s->headers,
                            .header_count = 3,
                            .body = SLICE("Action=X"),
                            .arena = s->a};
    struct sigv4_input in = {.method = s->r.method_text,
                             .path = s->r.path,
                             .query = s->r.query,
                             .headers = s->headers,
                             .header_count = 3,
                             .payload = s->r.body,
                             .normalize_path = true};
    struct sigv4_key key = {SLICE("AKID"), SECRET, {NULL, 0}};
    struct error err;
    buf_init(&s->auth, 4096);
    assert_int_equal(sigv4_authorization(&in, &key, &scope, vector_time(), s->a, &s->auth, &err), ERR_OK);
    assert_int_equal(sigv4_parse_authorization(buf_view(&s->auth), &s->c, &err), ERR_OK);
    assert_int_equal(sigv4_verify(&s->r, &s->c, SECRET, &err), ERR_OK);
}

static void free_signed(struct signed_request *s)
{
    buf_done(&s->auth);
    arena_free(s->a);
}

static void expect(struct signed_request *s, enum err want)
{
    struct error err;
    assert_int_equal(sigv4_verify(&s->r, &s->c, SECRET, &err), want);
    make_signed((free_signed(s), s));
}

static void test_any_changed_part_is_refused(void **state)
{
    (void)state;
    struct signed_request s;
    make_signed(&s);
    s.r.body = SLICE("Action=Y");
    expect(&s, ERR_DENIED);
    s.r.query = SLICE("a=2");
    expect(&s, ERR_DENIED);
    s.r.path = SLICE("/x");
    expect(&s, ERR_DENIED);
    s.r.method_text = SLICE("GET");
    expect(&s, ERR_DENIED);
    s.headers[2].value = SLICE("text/plain");
    expect(&s, ERR_DENIED);
    s.headers[0].value = SLICE("elsewhere");
    expect(&s, ERR_DENIED);
    s.headers[1].value = SLICE("20150830T123601Z");
    expect(&s, ERR_DENIED);
    s.headers[1].value = SLICE("20150831T123600Z"); // another day than the credential's
    expect(&s, ERR_DENIED);
    s.c.region = SLICE("us-east-2");
    expect(&s, ERR_DENIED);
    s.c.service = SLICE("sts");
    expect(&s, ERR_DENIED);
    free_signed(&s);
}

static void test_missing_or_sloppy_signed_headers_are_invalid(void **state)
{
    (void)state;
    struct signed_request s;
    make_signed(&s);
    s.r.header_count = 2; // content-type is signed but gone
    expect(&s, ERR_INVALID);
    s.c.signed_headers = SLICE("content-type;host"); // x-amz-date not signed
    expect(&s, ERR_INVALID);
    s.c.signed_headers = SLICE("content-type;x-amz-date");
    expect(&s, ERR_INVALID);
    s.c.signed_headers = SLICE("host;content-type;x-amz-date"); // not sorted
    expect(&s, ERR_INVALID);
    s.c.signed_headers = SLICE("content-type;host;host;x-amz-date");
    expect(&s, ERR_INVALID);
    s.c.signed_headers = SLICE("Content-Type;host;x-amz-date");
    expect(&s, ERR_INVALID);
    s.headers[1].value = SLICE("2015-08-30T12:36:00Z");
    expect(&s, ERR_INVALID);
    free_signed(&s);
}

static void test_malformed_authorization_is_invalid(void **state)
{
    (void)state;
#define SIG "Signature=eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1"
    static const char *const bad[] = {
        "",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA512 Credential=A/20150830/r/s/aws4_request, SignedHeaders=host, " SIG,
        "AWS4-HMAC-SHA256 SignedHeaders=host, " SIG,
        "AWS4-HMAC-SHA256 Credential=A/20150830/r/s/aws4_request, " SIG,
        "AWS4-HMAC-SHA256 Credential=A/20150830/r/s/aws4_request, SignedHeaders=host",
        "AWS4-HMAC-SHA256 Credential=A/20150830/r/aws4_request, SignedHeaders=host, " SIG,
        "AWS4-HMAC-SHA256 Credential=A/2015083/r/s/aws4_request, SignedHeaders=host, " SIG,
        "AWS4-HMAC-SHA256 Credential=/20150830/r/s/aws4_request, SignedHeaders=host, " SIG,
        "AWS4-HMAC-SHA256 Credential=A/20150830/r/s/aws4, SignedHeaders=host, " SIG,
        "AWS4-HMAC-SHA256 Credential=A/20150830/r/s/aws4_request, SignedHeaders=host, Signature=00",
        "AWS4-HMAC-SHA256 Credential=A/20150830/r/s/aws4_request, SignedHeaders=host, " SIG ", " SIG,
        "AWS4-HMAC-SHA256 Credential=A/20150830/r/s/aws4_request, SignedHeaders=host, Other=1, " SIG,
        "AWS4-HMAC-SHA256 Credential=A/20150830/r/s/aws4_request SignedHeaders=host " SIG,
        "AWS4-HMAC-SHA256 Credential=A/20150830/r/s/aws4_request, SignedHeaders, " SIG,
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct sigv4_credential c;
        struct error err = {0};
        assert_int_equal(sigv4_parse_authorization(slice_of(bad[i]), &c, &err), ERR_INVALID);
        assert_true(err.detail[0] != '\0');
    }
    struct sigv4_credential c;
    struct error err;
    assert_int_equal(
        sigv4_parse_authorization( // no space after the commas: some clients write that
            SLICE("AWS4-HMAC-SHA256 Credential=A/20150830/r/s/aws4_request,SignedHeaders=host," SIG), &c, &err),
        ERR_OK);
}

static void test_signing_needs_host_date_and_token_headers(void **state)
{
    (void)state;
    struct header h[] = {{SLICE("host"), SLICE("x")}, {SLICE("x-amz-date"), SLICE("20150830T123600Z")}};
    struct sigv4_input in = {.method = SLICE("POST"), .headers = h, .header_count = 2, .normalize_path = true};
    struct sigv4_key key = {SLICE("A"), SLICE("s"), {NULL, 0}};
    struct arena *a = arena_new(1 << 16);
    struct buf out;
    struct error err;
    buf_init(&out, 4096);
    assert_int_equal(sigv4_authorization(&in, &key, &scope, vector_time(), a, &out, &err), ERR_OK);
    key.session_token = SLICE("tok");
    assert_int_equal(sigv4_authorization(&in, &key, &scope, vector_time(), a, &out, &err), ERR_INVALID);
    key.session_token = (struct slice){NULL, 0};
    in.header_count = 1;
    assert_int_equal(sigv4_authorization(&in, &key, &scope, vector_time(), a, &out, &err), ERR_INVALID);
    in.header_count = 2;
    h[0].name = SLICE("hose");
    assert_int_equal(sigv4_authorization(&in, &key, &scope, vector_time(), a, &out, &err), ERR_INVALID);
    h[0].name = SLICE("host");
    key.secret = (struct slice){NULL, 0};
    assert_int_equal(sigv4_authorization(&in, &key, &scope, vector_time(), a, &out, &err), ERR_INVALID);
    buf_done(&out);
    arena_free(a);
}

static void test_too_much_is_refused_and_memory_faults_are_reported(void **state)
{
    (void)state;
    struct header h[SIGV4_HEADERS_MAX + 1];
    for (size_t i = 0; i < ARRAY_LEN(h); i++) h[i] = (struct header){SLICE("host"), SLICE("x")};
    struct sigv4_input in = {.method = SLICE("GET"), .headers = h, .header_count = ARRAY_LEN(h)};
    struct arena *a = arena_new(1 << 16);
    struct buf out;
    struct slice names;
    struct error err;
    buf_init(&out, 1 << 20);
    assert_int_equal(sigv4_canonical(&in, &out, &names, a, &err), ERR_TOO_LARGE);
    buf_done(&out);
    arena_free(a);
    in.header_count = 2;
    in.query = SLICE("b=%zz&a=1");
    in.path = SLICE("/x/../y");
    in.normalize_path = true;
    bool done = false;
    for (uint64_t n = 1; !done; n++) {
        struct arena *b = arena_new(1 << 16);
        buf_init(&out, 1 << 20);
        mem_fault_set(n, false);
        enum err e = sigv4_canonical(&in, &out, &names, b, &err);
        done = !mem_fault_fired();
        mem_fault_set(0, false);
        assert_int_equal(e, done ? ERR_OK : ERR_NOMEM);
        buf_done(&out);
        arena_free(b);
        assert_true(n < 100);
    }
}

static int setup(void **state)
{
    struct error err;
    (void)state;
    return crypto_init(&err) == ERR_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_vectors_sign_to_the_byte),
        cmocka_unit_test(test_published_vectors_verify),
        cmocka_unit_test(test_any_changed_part_is_refused),
        cmocka_unit_test(test_missing_or_sloppy_signed_headers_are_invalid),
        cmocka_unit_test(test_malformed_authorization_is_invalid),
        cmocka_unit_test(test_signing_needs_host_date_and_token_headers),
        cmocka_unit_test(test_too_much_is_refused_and_memory_faults_are_reported),
    };
    return cmocka_run_group_tests_name("net/sigv4", tests, setup, NULL);
}
