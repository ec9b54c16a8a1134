// SPDX-License-Identifier: Apache-2.0
// http and https URLs: what is taken apart how, what is refused and why, and what is this machine.
// Called by: meson test. Must never: resolve a name.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/url.h"

static void parts(void **state)
{
    static const struct {
        const char *text, *authority, *host, *rest;
        bool tls;
    } rows[] = {
        {"http://a", "a", "a", "", false},
        {"https://a.example:8443/x?y#z", "a.example:8443", "a.example", "/x?y#z", true},
        {"https://x_y-z?q", "x_y-z", "x_y-z", "?q", true},
        {"http://h#f", "h", "h", "#f", false},
        {"http://[2001:db8::1]:1/", "[2001:db8::1]:1", "[2001:db8::1]", "/", false},
        {"http://[::ffff:127.0.0.1]", "[::ffff:127.0.0.1]", "[::ffff:127.0.0.1]", "", false},
        {"http://10.0.0.1:65535/@:", "10.0.0.1:65535", "10.0.0.1", "/@:", false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct url u;
        if (url_split(slice_of(rows[i].text), &u) != URL_OK) fail_msg("%s", rows[i].text);
        assert_true(slice_eq_cstr(u.authority, rows[i].authority) && slice_eq_cstr(u.host, rows[i].host));
        assert_true(slice_eq_cstr(u.rest, rows[i].rest));
        assert_int_equal(u.tls, rows[i].tls);
    }
}

static void faults(void **state)
{
    static const struct {
        const char *text;
        enum url_fault fault;
    } rows[] = {
        {"", URL_SCHEME},
        {"example.com", URL_SCHEME},
        {"HTTP://a", URL_SCHEME},
        {"http:/a", URL_SCHEME},
        {"ftp://a", URL_SCHEME},
        {"http://a b", URL_CHARACTER},
        {"http://a/\n", URL_CHARACTER},
        {"http://a/\x7f", URL_CHARACTER},
        {"http://\xc3\xa9/", URL_CHARACTER},
        {"http://a/<b>", URL_CHARACTER},
        {"http://a\\@b/", URL_CHARACTER},
        {"http://u:p@h/", URL_USER},
        {"http://localhost:x@evil.example/", URL_USER},
        {"http://", URL_HOST},
        {"http:///x", URL_HOST},
        {"http://:80/", URL_HOST},
        {"http://?x", URL_HOST},
        {"http://a%2eb/", URL_HOST},
        {"http://[]/", URL_HOST},
        {"http://[::1", URL_HOST},
        {"http://[127.0.0.1]/", URL_HOST},
        {"http://[fe80::1%25eth0]/", URL_HOST},
        {"http://a]/", URL_HOST},
        {"http://[::1]x/", URL_PORT},
        {"http://[::1]:/", URL_PORT},
        {"http://a:/", URL_PORT},
        {"http://a:0/", URL_PORT},
        {"http://a:65536/", URL_PORT},
        {"http://a:8x/", URL_PORT},
        {"http://1:2:3/", URL_PORT},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct url u = {.host = SLICE("as it was")};
        if (url_split(slice_of(rows[i].text), &u) != rows[i].fault) fail_msg("%s", rows[i].text);
        assert_true(slice_eq_cstr(u.host, "as it was"));
    }
}

static void what_is_this_machine(void **state)
{
    static const char *const here[] = {"http://localhost", "http://LOCALHOST:1/", "http://127.0.0.1",
                                       "http://127.9.9.9:80", "http://[::1]:8080/x"};
    static const char *const elsewhere[] = {"http://127.0.0.1.evil.example",
                                            "http://127.evil.example/",
                                            "http://localhost.evil.example",
                                            "http://128.0.0.1",
                                            "http://evil.example/127.0.0.1",
                                            "http://127.1",
                                            "http://[::2]",
                                            "http://0.0.0.0"};
    struct url u;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(here); i++)
        if (url_split(slice_of(here[i]), &u) != URL_OK || !url_is_loopback(&u)) fail_msg("%s", here[i]);
    for (size_t i = 0; i < ARRAY_LEN(elsewhere); i++)
        if (url_split(slice_of(elsewhere[i]), &u) != URL_OK || url_is_loopback(&u)) fail_msg("%s", elsewhere[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts),
        cmocka_unit_test(faults),
        cmocka_unit_test(what_is_this_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
