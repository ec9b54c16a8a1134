// SPDX-License-Identifier: Apache-2.0
// Behaviour of the whole as one piece: it starts and stops in any phase without a leak, answers on its three
// listeners, and every error on the way names the part. Called by: meson test. Must never: use a fixed port.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/app.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/httpc.h"

static char dir[64];
static struct arena *arena;
static struct config config;
static const struct cloud_env no_cloud = {.imds_disabled = true};

static void load(const char *const *more)
{
    const char *flags[16];
    size_t n = 0;
    flags[n++] = arena_fmt(arena, "--data-dir=%s/data", dir);
    flags[n++] = arena_fmt(arena, "--key-file=%s/keys", dir);
    flags[n++] = "--listen=127.0.0.1:0";
    flags[n++] = "--management-listen=127.0.0.1:0";
    flags[n++] = "--public-url=http://peerage.test";
    flags[n++] = "--loops=1";
    flags[n++] = "--workers=1";
    flags[n++] = "--log-level=error";
    while (more && *more) flags[n++] = *more++;
    flags[n] = NULL;
    struct error err = {.detail = ""};
    struct config_source src = {.flags = (char *const *)(uintptr_t)flags};
    if (config_load(&src, arena, &config, &err) != ERR_OK) fail_msg("%s", err.detail);
}

static int setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/peerage-app-test-XXXXXX");
    if (!mkdtemp(dir)) return -1;
    arena = arena_new(1 << 20);
    load(NULL);
    return arena ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    static const char *const names[] = {"data/peerage.db",
                                        "data/peerage.db-wal",
                                        "data/peerage.db-shm",
                                        "data/peerage.db.lock",
                                        "data/admin.sock",
                                        "data",
                                        "keys",
                                        ""};
    char path[128];
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        (void)remove(path);
    }
    arena_free(arena);
    return 0;
}

static int echo(void *ctx, struct services *sv, int argc, char **argv, struct buf *out, struct buf *errout)
{
    assert_non_null(sv->reader);
    for (int i = 0; i < argc; i++) buf_fmt(out, "%s|", argv[i]);
    buf_str(errout, "quiet");
    return 42;
}

static struct app_options options(bool daemon)
{
    return (struct app_options){.config = &config,
                                .clock = &clock_system,
                                .rng = &rng_system,
                                .create = true,
                                .migrate = true,
                                .daemon = daemon,
                                .cloud_env = &no_cloud,
                                .command = echo};
}

static struct app *open_app(bool daemon)
{
    struct app_options o = options(daemon);
    struct app *a;
    struct error err = {.detail = ""};
    if (app_open(&o, &a, &err) != ERR_OK) fail_msg("%s", err.detail);
    return a;
}

// The status; the body in the arena.
static int get(const char *method, const char *url, const char *unix_socket, struct slice body, struct slice *ret)
{
    struct httpc *client;
    struct httpc_reply reply;
    struct error err = {.detail = ""};
    struct httpc_options opt = {.user_agent = "test"};
    struct httpc_request q = {.method = method,
                              .url = url,
                              .unix_socket = unix_socket,
                              .body = body,
                              .connect_ms = 5000,
                              .total_ms = 20000,
                              .max_body = 1 << 19,
                              .no_proxy = true};
    assert_int_equal(httpc_new(&opt, &client, &err), ERR_OK);
    enum err rc = httpc_do(client, &q, arena, &reply, NULL, &err);
    httpc_free(client);
    if (rc != ERR_OK) return -1;
    if (ret) *ret = reply.body;
    return reply.status;
}

static int management(struct app *a, const char *path)
{
    return get("GET", arena_fmt(arena, "http://%s%s", app_management_address(a), path), NULL, SLICE(""), NULL);
}

static void starts_answers_and_stops(void **state)
{
    (void)state;
    struct error err = {.detail = ""};
    struct app *a = open_app(true);
    assert_int_equal(management(a, "/healthz"), 200);
    assert_int_equal(management(a, "/readyz"), 503); // starting
    if (app_run(a, &err) != ERR_OK) fail_msg("%s", err.detail);
    assert_int_equal(management(a, "/readyz"), 200);
    assert_int_equal(management(a, "/metrics"), 200);
    assert_int_equal(management(a, "/"), 404);
    const char *url = arena_fmt(arena, "http://%s/api/atlas/v2", app_api_address(a));
    assert_int_equal(get("GET", url, NULL, SLICE(""), NULL), 401);
    app_drain_begin(a);
    assert_int_equal(management(a, "/readyz"), 503);
    assert_int_equal(management(a, "/healthz"), 200);
    assert_int_equal(get("GET", url, NULL, SLICE(""), NULL), 401); // still served
    app_stop(&a, 0);
    assert_null(a);
    assert_int_equal(get("GET", url, NULL, SLICE(""), NULL), -1);
}

static void commands_come_through_the_socket(void **state)
{
    (void)state;
    struct error err = {.detail = ""};
    struct app *a = open_app(true);
    struct slice body;
    assert_int_equal(app_run(a, &err), ERR_OK);
    const char *path = arena_fmt(arena, "%s/data/admin.sock", dir);
    assert_int_equal(get("POST", "http://x/admin/v1/command", path, SLICE("{\"argv\":[\"a\",\"b \\\"c\"]}"), &body),
                     200);
    assert_true(slice_eq_cstr(body, "{\"exit\":42,\"stderr\":\"quiet\",\"stdout\":\"a|b \\\"c|\"}"));
    assert_int_equal(get("POST", "http://x/admin/v1/command", path, SLICE("[]"), NULL), 400);
    assert_int_equal(get("GET", "http://x/admin/v1/command", path, SLICE(""), NULL), 405);
    assert_int_equal(get("GET", "http://x/", path, SLICE(""), NULL), 404);
    app_stop(&a, 0);
    assert_false(file_exists(path));
}

static void stops_in_every_phase(void **state)
{
    (void)state;
    struct app *a = NULL;
    app_stop(&a, 0); // nothing is fine
    a = open_app(false);
    app_stop(&a, 0);
    a = open_app(true);
    app_stop(&a, 0);
    struct services sv;
    struct error err = {.detail = ""};
    a = open_app(false);
    assert_int_equal(app_services(a, &sv, &err), ERR_OK);
    assert_string_equal(sv.actor, "cli");
    assert_null(sv.scanner);
    app_services_done(&sv);
    app_hurry(a); // nothing to hurry
    app_stop(&a, 0);
}

static void a_second_one_on_the_same_store_is_refused(void **state)
{
    (void)state;
    struct app *first = open_app(false), *second = NULL;
    struct app_options o = options(false);
    struct error err = {.detail = ""};
    assert_int_equal(app_open(&o, &second, &err), ERR_BUSY);
    assert_non_null(strstr(err.detail, arena_fmt(arena, "%d", (int)getpid())));
    assert_null(second);
    app_stop(&first, 0);
}

static void without_create_the_error_says_init(void **state)
{
    (void)state;
    struct app_options o = options(false);
    struct app *a = NULL;
    struct error err = {.detail = ""};
    o.create = false;
    assert_int_equal(app_open(&o, &a, &err), ERR_NOT_FOUND);
    assert_non_null(strstr(err.detail, "peerage init"));
    assert_null(a);
}

static void a_wrong_limit_set_is_named(void **state)
{
    (void)state;
    struct config_override wrong = {
        .set_id = "streams", .scope = "", .capacity = 1, .refill = 1, .seconds = 1, .line = 9};
    struct error err = {.detail = ""};
    config.overrides = &wrong;
    config.override_count = 1;
    config.file = "peerage.conf";
    struct app *a = open_app(false);
    assert_int_equal(app_run(a, &err), ERR_INVALID);
    assert_non_null(strstr(err.detail, "peerage.conf:9"));
    assert_non_null(strstr(err.detail, "\"streams\""));
    app_stop(&a, 0);
}

static void a_busy_port_is_named_and_nothing_is_left(void **state)
{
    (void)state;
    struct error err = {.detail = ""};
    struct app *a = open_app(true);
    const char *taken = arena_fmt(arena, "--listen=%s", app_management_address(a));
    load((const char *const[]){taken, NULL});
    assert_int_equal(app_run(a, &err), ERR_EXISTS);
    assert_non_null(strstr(err.detail, app_management_address(a)));
    app_stop(&a, 0);
}

// Any allocation of the start may fail: an error, never a crash or a leak, and the next start works.
static void out_of_memory_at_every_step(void **state)
{
    (void)state;
    bool fired = true;
    struct app *a = open_app(false);
    app_stop(&a, 0); // the files are there from here on
    struct app_options o = options(false);
    o.create = false;
    for (uint64_t n = 1; fired; n++) {
        struct error err = {.detail = ""};
        struct app *b = NULL;
        mem_fault_set(n, false);
        enum err rc = app_open(&o, &b, &err);
        fired = mem_fault_fired();
        mem_fault_set(0, false);
        if (rc == ERR_OK)
            app_stop(&b, 0);
        else
            assert_true(fired && err.detail[0]);
        assert_true(n < 100000);
    }
}

static void listen_addresses(void **state)
{
    (void)state;
    char text[64];
    struct error err = {.detail = ""};
    assert_int_equal(listen_resolve("127.0.0.1:8080", text, sizeof text, &err), ERR_OK);
    assert_string_equal(text, "127.0.0.1:8080");
    assert_int_equal(listen_resolve("127.0.0.1:0", text, sizeof text, &err), ERR_OK);
    assert_true(strncmp(text, "127.0.0.1:", 10) == 0 && strlen(text) > 11);
    assert_int_equal(listen_resolve("8080", text, sizeof text, &err), ERR_INVALID);
    assert_int_equal(listen_resolve("127.0.0.1:8080", text, 5, &err), ERR_INVALID);
    listen_url("0.0.0.0:1", false, text, sizeof text);
    assert_string_equal(text, "http://127.0.0.1:1");
    listen_url("[::]:1", true, text, sizeof text);
    assert_string_equal(text, "https://[::1]:1");
    listen_url("[2001:db8::1]:443", true, text, sizeof text);
    assert_string_equal(text, "https://[2001:db8::1]:443");
}

int main(void)
{
    signals_block();
    log_set_level(LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(starts_answers_and_stops, setup, teardown),
        cmocka_unit_test_setup_teardown(commands_come_through_the_socket, setup, teardown),
        cmocka_unit_test_setup_teardown(stops_in_every_phase, setup, teardown),
        cmocka_unit_test_setup_teardown(a_second_one_on_the_same_store_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(without_create_the_error_says_init, setup, teardown),
        cmocka_unit_test_setup_teardown(a_wrong_limit_set_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(a_busy_port_is_named_and_nothing_is_left, setup, teardown),
        cmocka_unit_test_setup_teardown(out_of_memory_at_every_step, setup, teardown),
        cmocka_unit_test(listen_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
