// SPDX-License-Identifier: Apache-2.0
// The notifier on the calling thread against a real store and a receiver on loopback: delivery, retry on a manual
// clock, order, a receiver that is away, 410, refused addresses, secrets that do not open, and a record that fails. Run
// by: meson test. Must never: wait for a clock; the hands are moved by the test.
#include "tests/unit/store/fixture.h"

#include "auth/keyring.h"
#include "base/log.h"
#include "base/metrics.h"
#include "net/target.h"
#include "notice/notice.h"
#include "tests/support/fake_http.h"

struct scene {
    struct fixture f;
    struct fake_http server;
    struct core *core;
    struct keyring *keys;
    struct seeded_rng seed;
    struct rng rng;
    struct notifier *notifier;
    struct cidr allow;
    char url[64], hook[OID_HEX + 1], secret[WEBHOOK_SECRET_TEXT];
    _Atomic(const char *) status, headers; // of the receiver's answers; status NULL = close without one
};

static const struct actor somebody = {PRINCIPAL_API_KEY, "abcdefgh", "10.1.2.3"};

static void answer(void *ctx, int fd, const char *request, unsigned n)
{
    struct scene *s = ctx;
    const char *status = s->status, *headers = s->headers;
    (void)request, (void)n;
    if (status) fake_reply(fd, status, headers ? headers : "", "");
}

static void start(struct scene *s)
{
    struct notifier_options o = {.store = s->f.store,
                                 .core = s->core,
                                 .keys = s->keys,
                                 .clock = &s->f.clock,
                                 .rng = &s->rng,
                                 .allow = &s->allow,
                                 .allow_count = 1,
                                 .keep_us = 7 * 86400 * US_PER_SEC,
                                 .total_ms = 5000};
    assert_ok(&s->f, notifier_start(&o, &s->notifier, &s->f.err));
}

static void add(struct scene *s, const char *url, char id[OID_HEX + 1])
{
    const struct hook_maker m = {
        .core = s->core, .keys = s->keys, .clock = &s->f.clock, .rng = &s->rng, .by = &somebody};
    struct webhook w = {.org_id = ORG_ID, .group_id = GROUP_ID, .notices = NOTICE_ALL};
    assert_true(cstr_set(w.url, sizeof w.url, url));
    assert_ok(&s->f, hook_add(&m, &w, s->secret, &s->f.err));
    memcpy(id, w.id, sizeof w.id);
}

static int set_up(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    assert_non_null(s);
    struct slice text = SLICE("0011223344556677 = 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n");
    fixture_dir(&s->f);
    fixture_open(&s->f);
    assert_ok(&s->f, store_write(s->f.store, seed_fn, NULL, &s->f.err));
    s->rng = rng_seeded(&s->seed, 7);
    assert_ok(&s->f, crypto_init(&s->f.err));
    assert_ok(&s->f, keyring_parse(text, &s->keys, &s->f.err));
    assert_ok(&s->f, core_open(s->f.store, &s->f.clock, &s->rng, &s->core, &s->f.err));
    assert_true(cidr_parse(SLICE("127.0.0.1"), true, &s->allow));
    s->status = "200 OK";
    fake_start(&s->server, answer, s);
    snprintf(s->url, sizeof s->url, "http://127.0.0.1:%d/hook", s->server.port);
    add(s, s->url, s->hook);
    start(s);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;
    notifier_stop(&s->notifier);
    fake_stop(&s->server);
    core_close(&s->core);
    keyring_free(s->keys);
    fixture_done(&s->f);
    free(s);
    return 0;
}

static void test_message(struct scene *s)
{
    assert_ok(&s->f, core_webhook_test(s->core, &somebody, s->hook, &s->f.err));
}

static void advance(struct scene *s, int64_t seconds)
{
    manual_clock_advance(&s->f.hands, seconds * NS_PER_SEC);
}

static struct delivery newest(struct scene *s)
{
    struct delivery_filter f = {.webhook_id = s->hook, .state = -1, .page = {1, 1}};
    struct delivery *rows;
    size_t n;
    assert_ok(&s->f, store_deliveries(s->f.reader, &f, s->f.arena, &rows, &n, &s->f.err));
    assert_int_equal(n, 1);
    return rows[0];
}

// The value of a header of the i-th request, in the fixture's arena.
static const char *header(struct scene *s, unsigned i, const char *name)
{
    const char *p = strcasestr(fake_request(&s->server, i), name);
    if (!p) fail_msg("request %u has no %s", i, name);
    p += strlen(name) + 2;
    return arena_strndup(s->f.arena, p, strcspn(p, "\r"));
}

static void a_message_is_delivered_and_signed(void **state)
{
    struct scene *s = *state;
    test_message(s);
    assert_int_equal(notifier_run_once(s->notifier), 1);
    assert_int_equal(newest(s).state, DELIVERY_DONE);
    assert_int_equal(newest(s).status, 200);
    const char *request = fake_request(&s->server, 0), *body = strstr(request, "\r\n\r\n") + 4;
    assert_true(slice_starts(slice_of(request), SLICE("POST /hook HTTP/1.1\r\n")));
    assert_string_equal(header(s, 0, "webhook-id"), newest(s).id);
    assert_string_equal(header(s, 0, "webhook-timestamp"), "1733944840");
    assert_string_equal(header(s, 0, "Content-Type"), "application/json");
    uint8_t secret[WEBHOOK_SECRET];
    struct webhook w;
    char expected[SIGN_TEXT];
    assert_ok(&s->f, store_webhook_get(s->f.reader, s->hook, s->f.arena, &w, &s->f.err));
    assert_ok(&s->f, keyring_open_webhook(s->keys, s->hook, &w.secrets[0], secret, &s->f.err));
    sign_message(secret, slice_of(newest(s).id), NOW_SEC, slice_of(body), expected);
    assert_string_equal(header(s, 0, "webhook-signature"), expected);
    assert_int_equal(notifier_run_once(s->notifier), 0);
}

static void a_former_secret_signs_until_its_time_is_over(void **state)
{
    struct scene *s = *state;
    const struct hook_maker m = {
        .core = s->core, .keys = s->keys, .clock = &s->f.clock, .rng = &s->rng, .by = &somebody};
    char secret[WEBHOOK_SECRET_TEXT];
    struct wall until;
    assert_ok(&s->f, hook_rotate(&m, s->hook, 60 * US_PER_SEC, secret, &until, &s->f.err));
    assert_string_not_equal(secret, s->secret);
    assert_int_equal(wall_sec(until), NOW_SEC + 60);
    test_message(s);
    assert_int_equal(notifier_run_once(s->notifier), 1);
    const char *both = header(s, 0, "webhook-signature");
    assert_int_equal(strlen(both), 2 * (SIGN_TEXT - 1) + 1);
    assert_int_equal(both[SIGN_TEXT - 1], ' ');
    advance(s, 60);
    test_message(s);
    assert_int_equal(notifier_run_once(s->notifier), 1);
    assert_int_equal(strlen(header(s, 1, "webhook-signature")), SIGN_TEXT - 1);
}

static void what_failed_goes_as_soon_as_the_receiver_answers(void **state)
{
    struct scene *s = *state;
    s->status = "503 Service Unavailable";
    s->headers = "Retry-After: 7200\r\n";
    test_message(s);
    assert_int_equal(notifier_run_once(s->notifier), 1); // due in two hours
    // Another subject: a message of a connection, which is tried once the gate has opened.
    struct network n;
    struct observed o = {.name = "pcx-0123456789abcdef0", .cloud_status = "pending-acceptance"};
    const struct change seen = {CHANGE_SEEN_NEW, NULL, &o};
    struct slice none = {NULL, 0};
    assert_ok(&s->f, store_network_get(s->f.reader, NETWORK_ID, s->f.arena, &n, &s->f.err));
    assert_ok(&s->f, core_scan_applied(s->core, &n, CORE_AS_OF_NOW, &seen, 1, none, &s->f.err));
    s->status = "200 OK";
    advance(s, 61);
    assert_int_equal(notifier_run_once(s->notifier), 2); // and with it the one that was due in two hours
}

static void a_failure_is_tried_again_with_the_same_id_until_it_works(void **state)
{
    struct scene *s = *state;
    s->status = "500 Internal Server Error";
    test_message(s);
    assert_int_equal(notifier_run_once(s->notifier), 1);
    assert_int_equal(notifier_run_once(s->notifier), 0); // not yet
    assert_int_equal(newest(s).state, DELIVERY_PENDING);
    assert_slice(newest(s).reason, "the receiver answered 500");
    advance(s, 5);
    assert_int_equal(notifier_run_once(s->notifier), 1);
    s->status = "202 Accepted";
    advance(s, 20);
    assert_int_equal(notifier_run_once(s->notifier), 1);
    assert_int_equal(newest(s).state, DELIVERY_DONE);
    assert_int_equal(newest(s).attempts, 3);
    assert_string_equal(header(s, 0, "webhook-id"), header(s, 2, "webhook-id"));
    assert_string_equal(header(s, 2, "webhook-timestamp"), "1733944865"); // of the attempt
    assert_string_not_equal(header(s, 0, "webhook-signature"), header(s, 2, "webhook-signature"));
    struct notifier_status st;
    notifier_status(s->notifier, &st);
    assert_int_equal(st.delivered, 1);
    assert_int_equal(st.failed, 2);
    assert_int_equal(st.pending, 0);
}

static void one_that_never_works_dies_after_28_hours_and_is_seen(void **state)
{
    struct scene *s = *state;
    unsigned attempts = 0;
    s->status = "500 Internal Server Error";
    test_message(s);
    for (int i = 0; i < 28 * 60 + 1; i++) {
        attempts += notifier_run_once(s->notifier);
        advance(s, 60);
    }
    attempts += notifier_run_once(s->notifier);
    assert_int_equal(newest(s).state, DELIVERY_DEAD);
    assert_int_equal(newest(s).attempts, attempts);
    assert_in_range(attempts, 9, 60);
    struct event_row *e;
    size_t n;
    assert_ok(&s->f, store_events(s->f.reader, GROUP_ID, (struct page){1, 1}, s->f.arena, &e, &n, &s->f.err));
    assert_string_equal(e->type, "PEERAGE_WEBHOOK_DELIVERY_DEAD");
    assert_slice(e->resource, s->hook);
    assert_true(metric_value(M_WEBHOOK_DELIVERIES, metric_series(M_WEBHOOK_DELIVERIES, "result=\"dead\"")) >= 1);
}

static void a_receiver_that_is_away_gets_everything_when_it_is_back(void **state)
{
    struct scene *s = *state;
    struct notifier_status st;
    s->status = NULL;
    test_message(s);
    assert_int_equal(notifier_run_once(s->notifier), 1);
    notifier_status(s->notifier, &st);
    assert_int_equal(st.away, 1);
    for (int i = 0; i < 180; i++) { // three hours
        advance(s, 60);
        (void)notifier_run_once(s->notifier);
    }
    assert_int_equal(newest(s).state, DELIVERY_PENDING);
    notifier_status(s->notifier, &st);
    assert_int_equal(st.pending, 1);
    assert_in_range(st.oldest_seconds, 10800, 10860);
    test_message(s); // waits behind the first
    s->status = "200 OK";
    for (int i = 0; i < 300 && newest(s).state != DELIVERY_DONE; i++) {
        advance(s, 60);
        (void)notifier_run_once(s->notifier);
    }
    assert_int_equal(newest(s).state, DELIVERY_DONE);
    notifier_status(s->notifier, &st);
    assert_int_equal(st.delivered, 2);
    assert_int_equal(st.away, 0);
}

static void the_receivers_retry_after_is_kept(void **state)
{
    struct scene *s = *state;
    s->status = "429 Too Many Requests";
    s->headers = "Retry-After: 3600\r\n";
    test_message(s);
    assert_int_equal(notifier_run_once(s->notifier), 1);
    advance(s, 3599);
    assert_int_equal(notifier_run_once(s->notifier), 0);
    advance(s, 1);
    assert_int_equal(notifier_run_once(s->notifier), 1);
}

static void gone_disables_the_hook(void **state)
{
    struct scene *s = *state;
    struct webhook w;
    s->status = "410 Gone";
    test_message(s);
    test_message(s);
    assert_int_equal(notifier_run_once(s->notifier), 1);
    assert_ok(&s->f, store_webhook_get(s->f.reader, s->hook, s->f.arena, &w, &s->f.err));
    assert_false(w.enabled);
    assert_int_equal(newest(s).state, DELIVERY_PENDING); // what waits stays
    advance(s, 3600);
    assert_int_equal(notifier_run_once(s->notifier), 0);
    s->status = "200 OK";
    assert_ok(&s->f, core_webhook_enable(s->core, &somebody, s->hook, true, (struct slice){NULL, 0}, &s->f.err));
    assert_int_equal(notifier_run_once(s->notifier), 1);
}

static void addresses_that_are_not_allowed_are_not_reached(void **state)
{
    struct scene *s = *state;
    assert_true(cidr_parse(SLICE("127.0.0.2"), true, &s->allow));
    test_message(s);
    assert_int_equal(notifier_run_once(s->notifier), 1);
    assert_int_equal(fake_count(&s->server), 0);
    assert_slice(newest(s).reason,
                 "connections to the address of this host are not allowed; the operator can allow it by webhook_allow");
}

static void one_hook_in_trouble_holds_up_no_other(void **state)
{
    struct scene *s = *state;
    char bad[OID_HEX + 1];
    add(s, "http://127.0.0.3:1/", bad); // refused at once
    for (int i = 0; i < 20; i++) {
        assert_ok(&s->f, core_webhook_test(s->core, &somebody, bad, &s->f.err));
        test_message(s);
    }
    assert_int_equal(notifier_run_once(s->notifier), 21);
    assert_int_equal(newest(s).state, DELIVERY_DONE);
    assert_int_equal(fake_count(&s->server), 20);
}

static void a_secret_that_does_not_open_sends_nothing(void **state)
{
    struct scene *s = *state;
    struct slice other = SLICE("8899aabbccddeeff = f00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n");
    notifier_stop(&s->notifier);
    keyring_free(s->keys);
    assert_ok(&s->f, keyring_parse(other, &s->keys, &s->f.err));
    start(s);
    test_message(s);
    assert_int_equal(notifier_run_once(s->notifier), 1);
    assert_int_equal(fake_count(&s->server), 0);
    assert_int_equal(newest(s).state, DELIVERY_PENDING);
    assert_non_null(memmem(newest(s).reason.p, newest(s).reason.n, "0011223344556677", 16));
}

// The process ends between the receiver's answer and the record: what is left is what was there before.
static void what_was_sent_and_not_recorded_comes_again(void **state)
{
    struct scene *s = *state;
    char copy[128];
    test_message(s);
    (void)snprintf(copy, sizeof copy, "%s/before.db", s->f.dir);
    assert_ok(&s->f, store_backup(s->f.store, copy, &s->f.err)); // as it is on the disk while the message is under way
    assert_int_equal(notifier_run_once(s->notifier), 1);
    notifier_stop(&s->notifier);
    core_close(&s->core);
    fixture_close(&s->f);
    (void)snprintf(s->f.path, sizeof s->f.path, "%s/before.db", s->f.dir);
    fixture_open(&s->f);
    assert_ok(&s->f, core_open(s->f.store, &s->f.clock, &s->rng, &s->core, &s->f.err));
    start(s);
    assert_int_equal(notifier_run_once(s->notifier), 1);
    assert_string_equal(header(s, 0, "webhook-id"), header(s, 1, "webhook-id"));
    assert_string_equal(strstr(fake_request(&s->server, 0), "\r\n\r\n"),
                        strstr(fake_request(&s->server, 1), "\r\n\r\n"));
}

static void old_ones_are_pruned_and_pending_ones_never(void **state)
{
    struct scene *s = *state;
    test_message(s);
    assert_int_equal(notifier_run_once(s->notifier), 1);
    advance(s, 7 * 86400 - 60);
    (void)notifier_run_once(s->notifier);
    assert_int_equal(newest(s).state, DELIVERY_DONE);
    advance(s, 120);
    (void)notifier_run_once(s->notifier);
    struct delivery_filter f = {.state = -1, .page = {1, 10}};
    struct delivery *rows;
    size_t n;
    assert_ok(&s->f, store_deliveries(s->f.reader, &f, s->f.arena, &rows, &n, &s->f.err));
    assert_int_equal(n, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_message_is_delivered_and_signed),
        TEST(a_former_secret_signs_until_its_time_is_over),
        TEST(what_failed_goes_as_soon_as_the_receiver_answers),
        TEST(a_failure_is_tried_again_with_the_same_id_until_it_works),
        TEST(one_that_never_works_dies_after_28_hours_and_is_seen),
        TEST(a_receiver_that_is_away_gets_everything_when_it_is_back),
        TEST(the_receivers_retry_after_is_kept),
        TEST(gone_disables_the_hook),
        TEST(addresses_that_are_not_allowed_are_not_reached),
        TEST(one_hook_in_trouble_holds_up_no_other),
        TEST(a_secret_that_does_not_open_sends_nothing),
        TEST(what_was_sent_and_not_recorded_comes_again),
        TEST(old_ones_are_pruned_and_pending_ones_never),
    };
    log_open(LOG_ERROR, STDERR_FILENO, &clock_system);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
