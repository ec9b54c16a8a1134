// SPDX-License-Identifier: Apache-2.0
// Endpoint names and the order of overrides, as tables. Run by: meson test. Must never: read the environment.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka needs the three above first
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "cloud/endpoint.h"

static void test_names_by_partition(void **state)
{
    (void)state;
    static const struct {
        const char *service, *region;
        bool fips, dual;
        const char *url; // NULL = refused
    } rows[] = {
        {"ec2", "us-east-1", false, false, "https://ec2.us-east-1.amazonaws.com/"},
        {"sts", "eu-central-2", false, false, "https://sts.eu-central-2.amazonaws.com/"},
        {"ec2", "us-east-1", true, false, "https://ec2-fips.us-east-1.amazonaws.com/"},
        {"ec2", "us-east-1", false, true, "https://ec2.us-east-1.api.aws/"},
        {"ec2", "us-east-1", true, true, "https://ec2-fips.us-east-1.api.aws/"},
        {"ec2", "cn-north-1", false, false, "https://ec2.cn-north-1.amazonaws.com.cn/"},
        {"ec2", "cn-northwest-1", false, true, "https://ec2.cn-northwest-1.api.amazonwebservices.com.cn/"},
        {"ec2", "us-gov-west-1", false, false, "https://ec2.us-gov-west-1.amazonaws.com/"},
        {"ec2", "us-gov-west-1", true, false, "https://ec2.us-gov-west-1.amazonaws.com/"},
        {"ec2", "us-gov-west-1", true, true, "https://ec2-fips.us-gov-west-1.api.aws/"},
        {"ec2", "eusc-de-east-1", false, false, "https://ec2.eusc-de-east-1.amazonaws.eu/"},
        {"ec2", "us-iso-east-1", false, false, "https://ec2.us-iso-east-1.c2s.ic.gov/"},
        {"ec2", "us-isob-east-1", false, false, "https://ec2.us-isob-east-1.sc2s.sgov.gov/"},
        {"ec2", "us-iso-east-1", false, true, NULL},
        {"ec2", "xx-east-1", false, false, NULL},
        {"ec2", "us-east", false, false, NULL},
        {"ec2", "us-east-1.evil.example", false, false, NULL},
        {"ec2", "", false, false, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct cloud_env env = {.use_fips = rows[i].fips, .use_dualstack = rows[i].dual};
        struct endpoint e;
        struct error err = {0};
        enum err code = endpoint_resolve(&env, NULL, rows[i].service, rows[i].region, &e, &err);
        assert_int_equal(code, rows[i].url ? ERR_OK : ERR_INVALID);
        if (rows[i].url) {
            assert_string_equal(e.url, rows[i].url);
            assert_string_equal(e.path, "/");
            assert_memory_equal(e.host, e.url + 8, strlen(e.host));
        } else {
            assert_true(err.detail[0]);
        }
    }
    assert_string_equal(partition_of_region("cn-north-1"), "aws-cn");
    assert_null(partition_of_region("mars-1"));
}

static void test_overrides_have_an_order(void **state)
{
    (void)state;
    struct cloud_env env = {.endpoint_ec2 = "http://a:1", .endpoint_all = "http://b:1"};
    struct endpoint_overrides o = {.ec2 = "http://c:1", .all = "http://d:1"};
    struct endpoint e;
    struct error err;
    static const char *const want[] = {"a:1", "b:1", "c:1", "d:1", "ec2.us-east-1.amazonaws.com"};
    for (int i = 0; i < 5; i++) {
        assert_int_equal(endpoint_resolve(&env, &o, "ec2", "us-east-1", &e, &err), ERR_OK);
        assert_string_equal(e.host, want[i]);
        if (i == 0) env.endpoint_ec2 = "";
        if (i == 1) env.endpoint_all = NULL;
        if (i == 2) o.ec2[0] = '\0';
        if (i == 3) o.all[0] = '\0';
    }
    env = (struct cloud_env){.endpoint_ec2 = "http://a:1", .endpoint_sts = "http://s:2"};
    assert_int_equal(endpoint_resolve(&env, NULL, "sts", "us-east-1", &e, &err), ERR_OK);
    assert_string_equal(e.host, "s:2");
    env.ignore_endpoints = true;
    snprintf(o.all, sizeof o.all, "http://d:1");
    assert_int_equal(endpoint_resolve(&env, &o, "ec2", "us-east-1", &e, &err), ERR_OK);
    assert_string_equal(e.host, "ec2.us-east-1.amazonaws.com");
    env = (struct cloud_env){.endpoint_all = "http://a:1", .use_fips = true};
    assert_int_equal(endpoint_resolve(&env, NULL, "ec2", "us-east-1", &e, &err), ERR_INVALID);
    env = (struct cloud_env){.endpoint_all = "http://a:1", .use_dualstack = true};
    assert_int_equal(endpoint_resolve(&env, NULL, "ec2", "us-east-1", &e, &err), ERR_INVALID);
}

static void test_override_urls_are_taken_apart(void **state)
{
    (void)state;
    static const struct {
        const char *in, *url, *host, *path;
    } rows[] = {
        {"http://127.0.0.1:5000", "http://127.0.0.1:5000/", "127.0.0.1:5000", "/"},
        {"http://127.0.0.1:80/", "http://127.0.0.1:80/", "127.0.0.1", "/"},
        {"https://ec2.internal:443/aws/ec2", "https://ec2.internal:443/aws/ec2", "ec2.internal", "/aws/ec2"},
        {"http://[::1]:8080/x/", "http://[::1]:8080/x/", "[::1]:8080", "/x/"},
        {"https://h:80", "https://h:80/", "h:80", "/"},
        {"ftp://h", NULL, NULL, NULL},
        {"h:80", NULL, NULL, NULL},
        {"http://", NULL, NULL, NULL},
        {"http:///x", NULL, NULL, NULL},
        {"http://:80/", NULL, NULL, NULL},
        {"http://user:secret@h/", NULL, NULL, NULL},
        {"http://h/?a=b", NULL, NULL, NULL},
        {"http://h/#f", NULL, NULL, NULL},
        {"http://h/a b", NULL, NULL, NULL},
        {"http://h\r\nX: y/", NULL, NULL, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct cloud_env env = {.endpoint_ec2 = rows[i].in};
        struct endpoint e;
        struct error err;
        enum err code = endpoint_resolve(&env, NULL, "ec2", "us-east-1", &e, &err);
        assert_int_equal(code, rows[i].url ? ERR_OK : ERR_INVALID);
        if (!rows[i].url) continue;
        assert_string_equal(e.url, rows[i].url);
        assert_string_equal(e.host, rows[i].host);
        assert_string_equal(e.path, rows[i].path);
    }
    char *big = malloc(2000);
    memset(big, 'a', 1999);
    memcpy(big, "http://h/", 9);
    big[1999] = '\0';
    struct cloud_env env = {.endpoint_ec2 = big};
    struct endpoint e;
    struct error err;
    assert_int_equal(endpoint_resolve(&env, NULL, "ec2", "us-east-1", &e, &err), ERR_INVALID);
    free(big);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_by_partition),
        cmocka_unit_test(test_overrides_have_an_order),
        cmocka_unit_test(test_override_urls_are_taken_apart),
    };
    return cmocka_run_group_tests_name("cloud/endpoint", tests, NULL, NULL);
}
