// SPDX-License-Identifier: Apache-2.0
// Behaviour of the configuration: precedence, every spelling, bounds, and errors that name key, value, place and fix.
// Called by: meson test. Must never: read the real environment.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "config/config.h"

static struct arena *arena;
static char path[64];

static int setup(void **state)
{
    (void)state;
    arena = arena_new(1 << 20);
    snprintf(path, sizeof path, "/tmp/peerage-config-test-%d.conf", (int)getpid());
    return arena ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    unlink(path);
    return 0;
}

static enum err load(const char *text, char *const *env, char *const *flags, struct config *c, struct error *err)
{
    if (text) assert_int_equal(file_write(path, slice_of(text), 0600, err), ERR_OK);
    struct config_source src = {.file = text ? path : NULL, .env = env, .flags = flags};
    return config_load(&src, arena, c, err);
}

static struct config loads(const char *text, char *const *env, char *const *flags)
{
    struct config c;
    struct error err = {.detail = ""};
    enum err rc = load(text, env, flags, &c, &err);
    if (rc != ERR_OK) fail_msg("%s", err.detail);
    return c;
}

// The error must hold each of the words (up to a NULL).
static void refused(const char *text, char *const *env, char *const *flags, const char *const *words)
{
    struct config c = {.workers = 77};
    struct error err = {.detail = ""};
    assert_int_equal(load(text, env, flags, &c, &err), ERR_INVALID);
    for (; *words; words++)
        if (!strstr(err.detail, *words)) fail_msg("\"%s\" lacks \"%s\"", err.detail, *words);
    assert_int_equal(c.workers, 77); // untouched on failure
}
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define LIST(...)  ((char *const *)(uintptr_t)((const char *const[]){__VA_ARGS__, NULL}))

static void defaults_hold(void **state)
{
    (void)state;
    struct config c = loads(NULL, NULL, NULL);
    assert_string_equal(c.listen, "127.0.0.1:8080");
    assert_string_equal(c.public_url, "");
    assert_int_equal(c.idle_timeout, 75);
    assert_true(c.rate_limit);
    assert_null(c.file);
    assert_int_equal(c.proxy_count, 0);
}

static void later_sources_win(void **state)
{
    (void)state;
    const char *file = "workers = 5\nloops = 5\nlisten = 127.0.0.1:5\n";
    struct config c = loads(file, LIST("PEERAGE_CFG_LOOPS=6", "PEERAGE_CFG_LISTEN=127.0.0.1:6", "OTHER=1"),
                            LIST("--listen=127.0.0.1:7"));
    assert_int_equal(c.workers, 5);
    assert_int_equal(c.loops, 6);
    assert_string_equal(c.listen, "127.0.0.1:7");
    assert_string_equal(c.file, path);
}

static void every_spelling_of_values(void **state)
{
    (void)state;
    struct config c = loads("# a comment\n; another\naccess_log = off\nidle_timeout = 5m\nheader_timeout=90s\n"
                            "scan_interval = 2h\nlog_level = debug\n",
                            NULL, LIST("--rate-limit=no", "--max-connections=1"));
    assert_false(c.access_log);
    assert_int_equal(c.idle_timeout, 300);
    assert_int_equal(c.header_timeout, 90);
    assert_int_equal(c.scan_interval, 7200);
    assert_false(c.rate_limit);
    assert_int_equal(c.max_connections, 1);
    c = loads("access_log = off\n", NULL, LIST("--access-log"));
    assert_true(c.access_log);
    c = loads("public_url = https://a.example/\n", NULL, NULL);
    assert_string_equal(c.public_url, "https://a.example");
}

static void unknown_keys_name_the_nearest(void **state)
{
    (void)state;
    refused("\nlisten_adress = x\n", NULL, NULL, WORDS(path, ":2", "listen_adress", "\"listen\""));
    refused("public_ulr = x\n", NULL, NULL, WORDS("public_ulr", "\"public_url\""));
    refused(NULL, LIST("PEERAGE_CFG_WORKRES=1"), NULL, WORDS("PEERAGE_CFG_WORKRES", "environment", "\"workers\""));
    refused(NULL, NULL, LIST("--idel-timeout=1"), WORDS("--idel-timeout", "command line", "\"idle_timeout\""));
    refused("max-connections = 1\n", NULL, NULL, WORDS("max-connections", "_"));
}

static void bad_values_name_key_value_place_and_range(void **state)
{
    (void)state;
    refused("workers = 65\n", NULL, NULL, WORDS(path, ":1", "workers", "\"65\"", "1 to 64"));
    refused("workers = 0\n", NULL, NULL, WORDS("\"0\""));
    refused("workers = four\n", NULL, NULL, WORDS("\"four\""));
    refused("workers =\n", NULL, NULL, WORDS("\"\""));
    refused("header_timeout = 6h\n", NULL, NULL, WORDS("header_timeout", "\"6h\"", "1 to 300"));
    refused("header_timeout = s\n", NULL, NULL, WORDS("\"s\""));
    refused("access_log = maybe\n", NULL, NULL, WORDS("\"maybe\"", "true or false"));
    refused(NULL, LIST("PEERAGE_CFG_DATA_DIR="), NULL, WORDS("PEERAGE_CFG_DATA_DIR", "1 to 4096"));
    refused(NULL, LIST("PEERAGE_CFG_DATA_DIR=a\x01"), NULL, WORDS("printable"));
    refused(NULL, NULL, LIST("--workers"), WORDS("--workers", "needs a value"));
    refused(NULL, NULL, LIST("workers=1"), WORDS("workers", "--key=value"));
    refused("log_level = loud\n", NULL, NULL, WORDS(path, "loud", "debug, info, warn or error"));
    refused("workers = 1\nworkers = 2\n", NULL, NULL, WORDS(":2", "line 1"));
    refused("workers\n", NULL, NULL, WORDS(path, "line 1"));
}

static void proxies_are_parsed(void **state)
{
    (void)state;
    struct config c = loads("trusted_proxies = 10.0.0.0/8, fd00::/8,192.0.2.7,\n", NULL, NULL);
    assert_int_equal(c.proxy_count, 3);
    assert_int_equal(c.proxies[1].ip.family, 6);
    assert_int_equal(c.proxies[2].prefix, 32);
    refused("trusted_proxies = 10.0.0.1/8\n", NULL, NULL, WORDS(path, "10.0.0.1/8", "host bits"));
    assert_int_equal(c.webhook_block_count, 0);
    c = loads("webhook_allow = 10.0.0.0/8,::1\n", NULL, NULL);
    assert_int_equal(c.webhook_block_count, 2);
    assert_int_equal(c.webhook_blocks[1].prefix, 128);
    refused("webhook_allow = example.com\n", NULL, NULL, WORDS(path, "webhook_allow", "example.com"));
}

static void limit_sections(void **state)
{
    (void)state;
    struct config c = loads("[limit streams_group]\ncapacity = 10\nrefill=5\nseconds = 1\n"
                            "[limit streams_group 32b6e34b3d91647abb20e7b8]\ncapacity = 1\nrefill=1\nseconds=60\n",
                            NULL, NULL);
    assert_int_equal(c.override_count, 2);
    assert_string_equal(c.overrides[0].set_id, "streams_group");
    assert_string_equal(c.overrides[0].scope, "");
    assert_int_equal(c.overrides[0].refill, 5);
    assert_string_equal(c.overrides[1].scope, "32b6e34b3d91647abb20e7b8");
    assert_int_equal(c.overrides[1].line, 5);
    refused("[limit a]\ncapacity = 1\nrefill = 1\n", NULL, NULL, WORDS(path, ":1", "lacks seconds"));
    refused("[limit a]\n[limit b]\ncapacity = 1\nrefill = 1\nseconds = 1\n", NULL, NULL, WORDS("lacks capacity"));
    refused("[limit a]\ncapacity = 0\n", NULL, NULL, WORDS(":2", "\"0\""));
    refused("[limit a]\ncapacity = 1\ncapacity = 1\n", NULL, NULL, WORDS(":3", "twice"));
    refused("[limit a]\ncapcity = 1\n", NULL, NULL, WORDS(":2", "capcity", "\"capacity\""));
    refused("[limits a]\n", NULL, NULL, WORDS("[limits a]", "[limit SET [SCOPE]]"));
    refused("[limit]\n", NULL, NULL, WORDS("[limit]"));
    refused("[limit a b c]\n", NULL, NULL, WORDS("[limit a b c]"));
}

static void serve_needs_a_public_url(void **state)
{
    (void)state;
    static const struct {
        const char *url, *word; // word NULL: fine
    } rows[] = {
        {"", "not set"},
        {"https://peerage.example.com", NULL},
        {"https://peerage.example.com/", NULL},
        {"http://[::1]:8080", NULL},
        {"peerage.example.com", "begin with"},
        {"ftp://x", "begin with"},
        {"https://", "host"},
        {"https://x/api", "path"},
        {"https://x?a", "query"},
        {"https://x//", "path"},
        {"https://u:p@x", "password"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char flag[128];
        snprintf(flag, sizeof flag, "--public-url=%s", rows[i].url);
        struct config c = loads(NULL, NULL, LIST(flag));
        struct error err = {.detail = ""};
        enum err rc = config_check_serve(&c, &err);
        assert_int_equal(rc, rows[i].word ? ERR_INVALID : ERR_OK);
        if (rows[i].word && !strstr(err.detail, rows[i].word)) fail_msg("%s: %s", rows[i].url, err.detail);
    }
}

static void tls_needs_both_files(void **state)
{
    (void)state;
    struct error err = {.detail = ""};
    struct config c = loads(NULL, NULL, LIST("--public-url=https://x", "--tls-cert=/c"));
    assert_int_equal(config_check_serve(&c, &err), ERR_INVALID);
    assert_non_null(strstr(err.detail, "tls_key is not"));
    c = loads(NULL, NULL, LIST("--public-url=https://x", "--tls-cert=/c", "--tls-key=/k"));
    assert_int_equal(config_check_serve(&c, &err), ERR_OK);
}

static void print_shows_value_and_source(void **state)
{
    (void)state;
    struct config c = loads("workers = 9\n[limit streams_group]\ncapacity=1\nrefill=2\nseconds=3\n",
                            LIST("PEERAGE_CFG_LOOPS=2"), LIST("--rate-limit=off"));
    struct buf out;
    buf_init(&out, 1 << 16);
    config_print(&c, &out);
    buf_char(&out, '\0');
    assert_non_null(strstr(out.p, "loops = 2  # PEERAGE_CFG_LOOPS\n"));
    assert_non_null(strstr(out.p, "rate_limit = false  # --rate-limit\n"));
    assert_non_null(strstr(out.p, "listen = 127.0.0.1:8080  # default\n"));
    assert_non_null(strstr(out.p, "workers = 9  # /tmp/"));
    assert_non_null(strstr(out.p, "[limit streams_group]"));
    buf_clear(&out);
    config_describe(&out);
    buf_char(&out, '\0');
    for (unsigned i = 0; config_key(i); i++) assert_non_null(strstr(out.p, config_key(i)));
    buf_done(&out);
}

static void restart_keys_leave_out_what_reload_applies(void **state)
{
    (void)state;
    struct config a = loads(NULL, NULL, NULL);
    struct config b =
        loads(NULL, NULL, LIST("--log-level=debug", "--workers=9", "--listen=127.0.0.1:1", "--access-log=0"));
    struct buf out;
    buf_init(&out, 4096);
    config_restart_keys(&a, &b, &out);
    assert_true(slice_eq_cstr(buf_view(&out), "listen, workers"));
    buf_done(&out);
}

static void a_missing_file_is_named(void **state)
{
    (void)state;
    struct config c;
    struct error err = {.detail = ""};
    struct config_source src = {.file = "/nonexistent/peerage.conf"};
    assert_int_not_equal(config_load(&src, arena, &c, &err), ERR_OK);
    assert_non_null(strstr(err.detail, "/nonexistent/peerage.conf"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(defaults_hold, setup, teardown),
        cmocka_unit_test_setup_teardown(later_sources_win, setup, teardown),
        cmocka_unit_test_setup_teardown(every_spelling_of_values, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_keys_name_the_nearest, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_values_name_key_value_place_and_range, setup, teardown),
        cmocka_unit_test_setup_teardown(proxies_are_parsed, setup, teardown),
        cmocka_unit_test_setup_teardown(limit_sections, setup, teardown),
        cmocka_unit_test_setup_teardown(serve_needs_a_public_url, setup, teardown),
        cmocka_unit_test_setup_teardown(tls_needs_both_files, setup, teardown),
        cmocka_unit_test_setup_teardown(print_shows_value_and_source, setup, teardown),
        cmocka_unit_test_setup_teardown(restart_keys_leave_out_what_reload_applies, setup, teardown),
        cmocka_unit_test_setup_teardown(a_missing_file_is_named, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
