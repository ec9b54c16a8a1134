// SPDX-License-Identifier: Apache-2.0
// Names, thresholds and URLs of webhooks. Run by: meson test.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka needs the three above first
#include <cmocka.h>

#include "model/webhook.h"

static void names_go_both_ways(void **state)
{
    enum notice n;
    enum delivery_state s;
    (void)state;
    for (unsigned i = 0; i < NOTICE_COUNT_; i++) {
        assert_true(notice_parse(slice_of(notice_type((enum notice)i)), &n));
        assert_int_equal(n, i);
        assert_true(notice_text((enum notice)i)[0]);
        assert_true(slice_find(slice_of(notice_type((enum notice)i)), ' ') < 0); // rows hold them space-separated
    }
    for (unsigned i = 0; i < DELIVERY_STATE_COUNT_; i++) {
        assert_true(delivery_state_parse(slice_of(delivery_state_name((enum delivery_state)i)), &s));
        assert_int_equal(s, i);
    }
    assert_false(notice_parse(SLICE("connection"), &n));
    assert_false(delivery_state_parse(SLICE(""), &s));
}

static void thresholds(void **state)
{
    const int64_t hour = 3600 * US_PER_SEC;
    (void)state;
    assert_int_equal(expiring_threshold(72 * hour + 1), 0);
    assert_int_equal(expiring_threshold(72 * hour), 72);
    assert_int_equal(expiring_threshold(24 * hour + 1), 72);
    assert_int_equal(expiring_threshold(24 * hour), 24);
    assert_int_equal(expiring_threshold(4 * hour + 1), 24);
    assert_int_equal(expiring_threshold(4 * hour), 4);
    assert_int_equal(expiring_threshold(1), 4);
    assert_int_equal(expiring_threshold(0), 0);
    assert_int_equal(expiring_threshold(-hour), 0);
}

static void good_urls(void **state)
{
    static const char *const good[] = {"https://example.com",
                                       "https://example.com/",
                                       "https://a.example:8443/x?y=z&t=%20",
                                       "https://[2001:db8::1]/x",
                                       "https://[2001:db8::1]:443",
                                       "http://10.0.0.1:65535/",
                                       "https://x?y"};
    bool tls;
    const char *why;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        if (!webhook_url_check(slice_of(good[i]), &tls, &why)) fail_msg("%s: %s", good[i], why);
        assert_int_equal(tls, good[i][4] == 's');
    }
}

static void bad_urls_say_why(void **state)
{
    static const char *const bad[] = {"",
                                      "example.com",
                                      "ftp://example.com/",
                                      "HTTPS://example.com",
                                      "https://",
                                      "https:///x",
                                      "https://?x",
                                      "https://:443/",
                                      "https://u:p@example.com/",
                                      "https://u@example.com",
                                      "https://example.com/#x",
                                      "https://example.com:0/",
                                      "https://example.com:65536/",
                                      "https://example.com:/",
                                      "https://example.com:x/",
                                      "https://[::1",
                                      "https://[]/",
                                      "https://[::1]x/",
                                      "https://[::1]:/",
                                      "https://a b/",
                                      "https://a\n/",
                                      "https://a\x7f/",
                                      "https://\xc3\xa9/",
                                      "https://a\\b/",
                                      "https://1:2:3/"};
    bool tls;
    const char *why;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (webhook_url_check(slice_of(bad[i]), &tls, &why)) fail_msg("%s", bad[i]);
        assert_true(why[0]);
    }
    char longest[WEBHOOK_URL + 1];
    memset(longest, 'x', sizeof longest);
    memcpy(longest, "https://a/", 10);
    assert_true(webhook_url_check(slice_n(longest, WEBHOOK_URL - 1), &tls, &why));
    assert_false(webhook_url_check(slice_n(longest, WEBHOOK_URL), &tls, &why));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_go_both_ways),
        cmocka_unit_test(thresholds),
        cmocka_unit_test(good_urls),
        cmocka_unit_test(bad_urls_say_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
